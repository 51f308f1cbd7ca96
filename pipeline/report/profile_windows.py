"""The whole departure window as a picture: time to the nearest against the minute of departure, and in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report.drawing import Anchor, Drawing
from pipeline.report.profile_figure import Figure
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    compute_minutes,
    format_count_of,
    format_pct,
    format_reason,
    format_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.report.context import CategoryInfo, ReportContext, WindowInfo
    from pipeline.report.data import Place

    Scale = Callable[[float], float]

WIDTH, HEIGHT = 360.0, 176.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 10.0, 26.0, 24.0
STEP_MIN = 30
HOUR_S = 3600
MAX_TIMES = 12
WHOLE_PCT = 99.95
DIRECTIONS = ("outward", "return", "arrive_by")
Row = dict[str, object]


@dataclass(frozen=True)
class Minute:
    """One minute of a window: when, how long in all, how long of that before the journey sets out; None for none."""

    at_s: int
    total_s: int | None
    wait_s: int
    is_walk: bool


@dataclass(frozen=True)
class WindowView:
    """A window of one direction from the small area that stands for a neighbourhood, minute by minute."""

    label: str
    direction: str
    minutes: tuple[Minute, ...]
    departures: tuple[int, ...]
    median_s: float | None
    reason: str

    @property
    def known(self) -> list[int]:
        """Times of the minutes with a journey, seconds."""
        return [minute.total_s for minute in self.minutes if minute.total_s is not None]

    @property
    def n_without(self) -> int:
        """Minutes without a journey."""
        return len(self.minutes) - len(self.known)


def read_minutes(row: Row) -> tuple[Minute, ...]:
    """Return every minute of a window from a row of ``out_neighbourhood__useful_departure``, as its definition says.

    Parameters
    ----------
    row
        Of the table.

    Returns
    -------
    tuple of Minute
        In order of time. The wait is before setting out, or for deadlines after arriving.

    Raises
    ------
    ValueError
        If the journeys are not a JSON list.
    """
    journeys: list[list[int]] = json.loads(as_text(row["journeys"]))
    walk, cap = as_float(row["walk_time_s"]), as_float(row["cap_s"]) or 0.0
    start, n = int(as_float(row["window_start_s"]) or 0), int(as_float(row["window_minutes"]) or 0)
    is_deadline = row["direction"] == "arrive_by"
    minutes = []
    for at in range(start, start + 60 * n, 60):
        found = _choose(journeys, at, is_deadline=is_deadline)
        total, wait = found if found is not None else (None, 0)
        is_walk = walk is not None and (total is None or walk <= total)
        if is_walk and walk is not None:
            total, wait = int(walk), 0
        if total is not None and total > cap:
            total, wait, is_walk = None, 0, False
        minutes.append(Minute(at, total, wait, is_walk))
    return tuple(minutes)


def _choose(journeys: Sequence[Sequence[int]], at: int, *, is_deadline: bool) -> tuple[int, int] | None:
    """Return total time and wait of the journey one takes at a minute, None without one."""
    if is_deadline:
        fitting = [journey for journey in journeys if journey[1] <= at]
        return (at - fitting[-1][0], at - fitting[-1][1]) if fitting else None
    later = next((journey for journey in journeys if journey[0] >= at), None)
    return None if later is None else (later[1] - at, later[0] - at)


def build_views(
    category: CategoryInfo, rows: dict[tuple[str, ...], Row], times: dict[tuple[str, ...], Row], context: ReportContext
) -> list[WindowView]:
    """Return the windows of a category at the latest snapshot, outward before home.

    Parameters
    ----------
    category
        The category.
    rows, times
        Useful departures by category, snapshot, window and direction; travel times by those and the set of modes.
    context
        Names and windows.

    Returns
    -------
    list of WindowView
        Empty where none was published.
    """
    views = []
    for window in context.windows:
        for direction in DIRECTIONS:
            key = (category.key, context.latest.key, window.key, direction)
            row = rows.get(key)
            if row is None:
                continue
            minutes = read_minutes(row)
            published = times.get((*key, as_text(row["mode_set"])))
            views.append(
                WindowView(
                    _name(window, direction, minutes),
                    direction,
                    minutes,
                    _list_departures(row, minutes),
                    as_float(published["travel_time_p50_s"]) if published else None,
                    as_text(published["reason"]) if published else "",
                )
            )
    return views


def _name(window: WindowInfo, direction: str, minutes: Sequence[Minute]) -> str:
    start, end = (format_time(at) for at in (minutes[0].at_s, minutes[-1].at_s + 60))
    verb = {"outward": "leaving home", "return": "going home", "arrive_by": "to be there by"}[direction]
    return f"{window.label}, {verb} {start} to {end}"


def _list_departures(row: Row, minutes: Sequence[Minute]) -> tuple[int, ...]:
    """Return the departures, or for deadlines the arrivals, that give the least time of all around them."""
    column = 1 if row["direction"] == "arrive_by" else 0
    used = {minute.at_s for minute in minutes if minute.total_s is not None and not minute.is_walk}
    return tuple(
        journey[column]
        for journey in json.loads(as_text(row["journeys"]))
        if (journey[column] - minutes[0].at_s) // 60 * 60 + minutes[0].at_s in used
    )


def build_window_figure(category: CategoryInfo, views: Sequence[WindowView], place: Place, row: Row) -> Figure | None:
    """Return the picture of all windows of a category; None without views.

    Parameters
    ----------
    category
        The category.
    views
        From :func:`build_views`.
    place
        The neighbourhood.
    row
        Any of its rows, which names the small area.

    Returns
    -------
    Figure
        A panel a window and direction, all with one scale.
    """
    if not views:
        return None
    top = _find_top(views)
    share = as_float(row["people_pct"]) or 0.0
    code = as_text(row["small_area_code"])
    where = "" if share >= WHOLE_PCT else f", from small area {code}, where {format_pct(share)} of the people live"
    return Figure(
        key=f"windows-{category.key}",
        headline=describe_views(category, views),
        title=f"Minutes to the nearest by minute of departure, {place.name}{where}",
        panels=tuple(_draw(view, top) for view in views),
        labels=tuple(f"{view.label}: {describe_view(view)}" for view in views),
        data=_build_data(views),
        legend=(
            ("d-wait", "waiting to set out"),
            ("d-travel", "on the way: walking, waiting at stops, riding"),
            ("d-foot", "walking all the way"),
            ("d-none", "no journey"),
            ("d-median", "published median of the whole neighbourhood"),
        ),
    )


def describe_views(category: CategoryInfo, views: Sequence[WindowView]) -> str:
    """Say what the first window shows, as a headline."""
    view = views[0]
    what = f"{capitalise(category.phrase)}"
    if not view.known:
        return f"{what}: no journey at any minute of the {view.label.split(',')[0].lower()}"
    low, high = compute_minutes(min(view.known)), compute_minutes(max(view.known))
    span = f"{low} minutes whenever one leaves" if low == high else f"{low} to {high} minutes, by the minute one leaves"
    if view.n_without:
        span += f"; no journey in {view.n_without} of {len(view.minutes)} minutes"
    return f"{what}: {span}, on a {view.label.split(',')[0].lower()}" if view.label else f"{what}: {span}"


def describe_view(view: WindowView) -> str:
    """Say in words what a panel shows."""
    if not view.known:
        return "no journey at any minute."
    low, high = compute_minutes(min(view.known)), compute_minutes(max(view.known))
    text = f"{low} to {high} minutes" if low != high else f"{low} minutes throughout"
    if view.n_without:
        text += f"; no journey in {view.n_without} of {len(view.minutes)} minutes"
    if view.departures:
        text += f"; {format_count_of(len(view.departures), 'departure', 'departures')} worth waiting for"
    return f"{text}."


def _find_top(views: Sequence[WindowView]) -> int:
    """Return the end of the axis in minutes: the least multiple of half an hour that holds everything."""
    longest = max((max(view.known, default=0) for view in views), default=0)
    return max(STEP_MIN, -(-longest // (60 * STEP_MIN)) * STEP_MIN)


def _draw(view: WindowView, top_min: int) -> Drawing:
    drawing = Drawing(WIDTH, HEIGHT)
    first, last = view.minutes[0].at_s, view.minutes[-1].at_s + 60
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(at_s: float) -> float:
        return LEFT + across * (at_s - first) / (last - first)

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - up * min(seconds / 60.0, top_min) / top_min

    drawing.add_text("t-title", 0, 12, view.label)
    step = STEP_MIN if top_min <= 4 * STEP_MIN else 2 * STEP_MIN
    for tick in range(0, top_min + 1, step):
        drawing.add_line("d-grid", (LEFT, y(60 * tick)), (WIDTH - RIGHT, y(60 * tick)))
        drawing.add_text("t-tick", LEFT - 5, y(60 * tick) + 4, f"{tick} min" if tick == top_min else str(tick), "end")
    runs = _split_runs(view.minutes)
    for run in runs:
        if run[0].total_s is None:
            drawing.add_hatch(x(run[0].at_s), TOP, x(run[-1].at_s + 60) - x(run[0].at_s), up)
    waits = [run for run in runs if run[0].total_s is not None and not run[0].is_walk]
    drawing.add_areas("d-wait", [_outline(run, x, y) for run in waits])
    for look, is_walk in (("d-travel", False), ("d-foot", True)):
        boxes = []
        for run in runs:
            if run[0].total_s is None or run[0].is_walk != is_walk:
                continue
            travel_s = (run[0].total_s or 0) - run[0].wait_s
            left, right, height = x(run[0].at_s), x(run[-1].at_s + 60), y(travel_s)
            boxes.append(((left, y(0)), (left, height), (right, height), (right, y(0))))
        drawing.add_areas(look, boxes)
    if view.median_s is not None:
        drawing.add_line("d-median", (LEFT, y(view.median_s)), (WIDTH - RIGHT, y(view.median_s)))
    _draw_hours(drawing, first, last, x)
    if not view.known:
        drawing.add_text("t-gap", LEFT + across / 2, TOP + up / 2 + 4, "no journey at any minute", "middle")
    return drawing


def _outline(run: Sequence[Minute], x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Outline the whole time of minutes that take the same journey: it falls until the journey sets out."""
    first, last = run[0], run[-1]
    start_s, end_s = first.total_s or 0, last.total_s or 0
    left, right = x(first.at_s), x(last.at_s + 60)
    return [(left, y(0)), (left, y(start_s)), (x(last.at_s), y(end_s)), (right, y(end_s)), (right, y(0))]


def _draw_hours(drawing: Drawing, first: int, last: int, x: Scale) -> None:
    drawing.add_line("d-axis", (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM))
    span_h = (last - first) / HOUR_S
    step = HOUR_S if span_h <= 6 else 2 * HOUR_S if span_h <= 12 else 4 * HOUR_S
    if span_h < 1:
        step = HOUR_S // 4
    at = -(-first // step) * step
    while at <= last:
        drawing.add_line("d-axis", (x(at), HEIGHT - BOTTOM), (x(at), HEIGHT - BOTTOM + 4))
        words = "24:00" if at == 24 * HOUR_S else format_time(at)[:5]
        anchor: Anchor = "end" if x(at) > WIDTH - RIGHT - 12 else "middle"
        drawing.add_text("t-tick", x(at), HEIGHT - BOTTOM + 16, words, anchor)
        at += step


def _split_runs(minutes: Sequence[Minute]) -> list[list[Minute]]:
    """Split minutes into runs that take one journey (the arrival stays), walk, or have none."""
    runs: list[list[Minute]] = []
    for minute in minutes:
        if runs and _is_same(runs[-1][-1], minute):
            runs[-1].append(minute)
        else:
            runs.append([minute])
    return runs


def _is_same(before: Minute, here: Minute) -> bool:
    if before.total_s is None or here.total_s is None:
        return before.total_s is None and here.total_s is None
    if before.is_walk or here.is_walk:
        return before.is_walk and here.is_walk
    is_deadline = here.wait_s > before.wait_s
    if is_deadline:
        return here.total_s - here.wait_s == before.total_s - before.wait_s and here.wait_s == before.wait_s + 60
    return before.at_s + before.total_s == here.at_s + here.total_s


def _build_data(views: Sequence[WindowView]) -> pd.DataFrame:
    rows = [
        {
            "window": view.label,
            "direction": view.direction,
            "minute": format_time(minute.at_s),
            "travel_time_s": minute.total_s,
            "wait_s": None if minute.total_s is None else minute.wait_s,
            "way": "none" if minute.total_s is None else "on foot" if minute.is_walk else "by public transport",
        }
        for view in views
        for minute in view.minutes
    ]
    return pd.DataFrame(rows).astype({"travel_time_s": "Int64", "wait_s": "Int64"})


def build_departure_table(category: CategoryInfo, views: Sequence[WindowView], context: ReportContext) -> Table | None:
    """Return the windows in words: shortest, longest, minutes without a journey, departures worth waiting for."""
    if not views:
        return None
    rows = []
    for view in views:
        if view.known:
            low, high = (compute_minutes(value) for value in (min(view.known), max(view.known)))
            span = Cell(f"{low} to {high} min" if low != high else f"{low} min")
        else:
            words = format_reason(view.reason, context.method.max_time_min, context.method.max_link_m)
            unsaid = f"no journey within {context.method.max_time_min} minutes"
            span = Cell(words if view.reason else unsaid, look="reason")
        rows.append(
            (
                build_text_cell(view.label),
                span,
                Cell(f"{view.n_without} of {len(view.minutes)}"),
                build_text_cell(_list_times(view), look="words"),
            )
        )
    return Table(
        f"departures-{category.key}",
        f"To {category.phrase}: the picture above in words",
        (
            Column("When", is_number=False),
            Column("Shortest to longest"),
            Column("Minutes without a journey"),
            Column("Departures worth waiting for", is_number=False),
        ),
        tuple(rows),
        "Where a window ends before a journey sets out, its last minute stands for that journey.",
    )


def _list_times(view: WindowView) -> str:
    times = [format_time(at) for at in view.departures]
    if not times:
        return "none: walking all the way is as quick" if view.known else ""
    if len(times) <= MAX_TIMES:
        return ", ".join(times)
    return f"{', '.join(times[:MAX_TIMES])} and {len(times) - MAX_TIMES} more"
