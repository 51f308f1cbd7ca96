"""The whole departure window as a picture: time to the nearest against the minute of departure, and in words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report.drawing import Anchor, Drawing
from pipeline.report.profile_figure import Figure
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    compute_minutes,
    format_count_of,
    format_pct,
    format_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.report.context import CategoryInfo, ReportContext, WindowInfo
    from pipeline.report.data import Place

    Scale = Callable[[float], float]

WIDTH, HEIGHT = 360.0, 176.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 10.0, 26.0, 24.0
STEP_MIN, FINE_STEP_MIN = 30, 15
STEP_S = 60
HOUR_S = 3600
WHOLE_PCT = 99.95
DIRECTIONS = ("outward", "return", "arrive_by")
Row = dict[str, object]


@dataclass(frozen=True)
class Minute:
    """One minute of a window: when, how long in all (None: no journey), how long of that before the journey sets out.

    The wait is None where the journey sets out after the window (for deadlines: arrives before it), since it is not
    known when.
    """

    at_s: int
    total_s: int | None
    wait_s: int | None
    is_walk: bool

    @property
    def kind(self) -> str:
        """What is drawn: none, foot, late (the wait is not known) or told."""
        if self.total_s is None:
            return "none"
        return "foot" if self.is_walk else "late" if self.wait_s is None else "told"


@dataclass(frozen=True)
class WindowView:
    """A window of one direction from the small area that stands for a neighbourhood, minute by minute."""

    label: str
    window: str
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

    @property
    def is_walk_only(self) -> bool:
        """Whether walking all the way is as quick at every minute: a picture would say no more than a number."""
        return all(minute.kind == "foot" for minute in self.minutes)


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
    edge = start if is_deadline else start + 60 * (n - 1)
    minutes = []
    for at in range(start, start + 60 * n, 60):
        found = _choose(journeys, at, is_deadline=is_deadline)
        if walk is not None and (found is None or walk <= found[1] - found[0] + found[2]):
            minutes.append(
                Minute(at, int(walk), 0, is_walk=True) if walk <= cap else Minute(at, None, 0, is_walk=False)
            )
        elif found is None or found[1] - found[0] + found[2] > cap:
            minutes.append(Minute(at, None, 0, is_walk=False))
        else:
            is_edge = (found[1] if is_deadline else found[0]) == edge
            wait = None if is_edge else found[2]
            minutes.append(Minute(at, found[1] - found[0] + found[2], wait, is_walk=False))
    return tuple(minutes)


def _choose(journeys: Sequence[Sequence[int]], at: int, *, is_deadline: bool) -> tuple[int, int, int] | None:
    """Return departure, arrival and wait of the journey one takes at a minute, None without one."""
    if is_deadline:
        fitting = [journey for journey in journeys if journey[1] <= at]
        return (fitting[-1][0], fitting[-1][1], at - fitting[-1][1]) if fitting else None
    later = next((journey for journey in journeys if journey[0] >= at), None)
    return None if later is None else (later[0], later[1], later[0] - at)


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
                    window.key,
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
    """Return the departures, or for deadlines the arrivals, that one waits for; not one beyond the window."""
    if row["direction"] == "arrive_by":
        return tuple(sorted({minute.at_s - (minute.wait_s or 0) for minute in minutes if minute.kind == "told"}))
    return tuple(sorted({minute.at_s + (minute.wait_s or 0) for minute in minutes if minute.kind == "told"}))


def build_window_figure(category: CategoryInfo, views: Sequence[WindowView], place: Place, row: Row) -> Figure | None:
    """Return the picture of the windows of a category; None where there is none to draw.

    A window in which walking all the way is as quick at every minute is told in the note (and in the table of
    departures), not drawn; its minutes are in the data.

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
    drawn = [view for view in views if not view.is_walk_only]
    if not drawn:
        return None
    top = _find_top(drawn)
    share = as_float(row["people_pct"]) or 0.0
    code = as_text(row["small_area_code"])
    where = "" if share >= WHOLE_PCT else f", from small area {code}, where {format_pct(share)} of the people live"
    return Figure(
        key=f"windows-{category.key}",
        headline=describe_views(category, drawn),
        title=f"Minutes to the nearest by minute of departure, {place.name}{where}",
        panels=tuple(_draw(view, top) for view in drawn),
        labels=tuple(f"{view.label}: {describe_view(view)}" for view in drawn),
        data=_build_data(views),
        legend=(
            ("d-wait", "waiting to set out"),
            ("d-travel", "on the way: walking, waiting at stops, riding"),
            ("d-late", "both: it sets out after the window"),
            ("d-foot", "walking all the way"),
            ("d-none", "no journey"),
            ("d-median", "published median of the whole neighbourhood"),
        ),
        note=_describe_walks([view for view in views if view.is_walk_only]),
    )


def _describe_walks(views: Sequence[WindowView]) -> str:
    """Say which windows are not drawn, since walking all the way is as quick throughout; empty without any."""
    if not views:
        return ""
    walk = compute_minutes(max(views[0].known))
    labels = "; ".join(view.label for view in views)
    return f"Not drawn, since walking all the way ({walk} min) is as quick at every minute: {labels}."


def describe_views(category: CategoryInfo, views: Sequence[WindowView]) -> str:
    """Say what the first window shows, as a headline."""
    view, what = views[0], capitalise(category.phrase)
    when = view.label.split(",")[0].lower()
    if not view.known:
        return f"{what} cannot be reached at any minute: {when}"
    low, high = compute_minutes(min(view.known)), compute_minutes(max(view.known))
    if low == high:
        span = f"{what} is {low} minutes away whenever one leaves"
    else:
        span = f"{what} is {low} to {high} minutes away, depending on the minute one leaves"
    if view.n_without:
        span += f", and cannot be reached in {view.n_without} of {len(view.minutes)} minutes"
    return f"{span}: {when}"


def describe_view(view: WindowView) -> str:
    """Say in words what a panel shows."""
    if not view.known:
        return "no journey at any minute."
    low, high = compute_minutes(min(view.known)), compute_minutes(max(view.known))
    text = f"{low} to {high} minutes" if low != high else f"{low} minutes throughout"
    if view.n_without:
        text += f"; no journey in {view.n_without} of {len(view.minutes)} minutes"
    if view.departures:
        text += f"; {format_count_of(len(view.departures), 'departure', 'departures')} to wait for"
    return f"{text}."


def _find_top(views: Sequence[WindowView]) -> int:
    """Return the end of the axis in minutes: a multiple of half an hour, below an hour of a quarter, that holds all."""
    longest = max((max(view.known, default=0) for view in views), default=0)
    step = FINE_STEP_MIN if longest <= HOUR_S else STEP_MIN
    return max(STEP_MIN, -(-longest // (60 * step)) * step)


def _draw(view: WindowView, top_min: int) -> Drawing:
    drawing = Drawing(WIDTH, HEIGHT)
    first, last = view.minutes[0].at_s, view.minutes[-1].at_s + 60
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(at_s: float) -> float:
        return LEFT + across * (at_s - first) / (last - first)

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - up * min(seconds / 60.0, top_min) / top_min

    drawing.add_text("t-title", 0, 12, view.label)
    step = FINE_STEP_MIN if top_min <= 2 * STEP_MIN else STEP_MIN if top_min <= 4 * STEP_MIN else 2 * STEP_MIN
    ticks = range(0, top_min + 1, step)
    drawing.add_lines("d-grid", [((LEFT, y(60 * tick)), (WIDTH - RIGHT, y(60 * tick))) for tick in ticks])
    for tick in ticks:
        drawing.add_text("t-tick", LEFT - 5, y(60 * tick) + 4, f"{tick} min" if tick == top_min else str(tick), "end")
    runs = _split_runs(view.minutes)
    for run in runs:
        if run[0].kind == "none":
            drawing.add_hatch(x(run[0].at_s), TOP, x(run[-1].at_s + 60) - x(run[0].at_s), up)
    for look, kind in (("d-wait", "told"), ("d-travel", "told"), ("d-late", "late"), ("d-foot", "foot")):
        is_level = look == "d-travel"
        spans = [list(span) for key, span in groupby(runs, key=lambda run: run[0].kind) if key == kind]
        drawing.add_areas(look, [_outline(span, x, y, is_level=is_level) for span in spans])
    if view.median_s is not None:
        drawing.add_line("d-median", (LEFT, y(view.median_s)), (WIDTH - RIGHT, y(view.median_s)))
    _draw_hours(drawing, first, last, x)
    if not view.known:
        drawing.add_text("t-gap", LEFT + across / 2, TOP + up / 2 + 4, "no journey at any minute", "middle")
    return drawing


def _outline(runs: Sequence[Sequence[Minute]], x: Scale, y: Scale, *, is_level: bool) -> list[tuple[float, float]]:
    """Outline runs that follow one another: the whole time, which falls until a journey sets out, or the journey."""
    points = [(x(runs[0][0].at_s), y(0))]
    for run in runs:
        first, last = run[0], run[-1]
        start_s, end_s = (minute.total_s or 0 for minute in (first, last))
        if is_level:
            start_s = end_s = start_s - (first.wait_s or 0)
        points += [(x(first.at_s), y(start_s)), (x(last.at_s), y(end_s)), (x(last.at_s + 60), y(end_s))]
    points.append((x(runs[-1][-1].at_s + 60), y(0)))
    return points


def _draw_hours(drawing: Drawing, first: int, last: int, x: Scale) -> None:
    drawing.add_line("d-axis", (LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM))
    span_h = (last - first) / HOUR_S
    step = HOUR_S if span_h <= 6 else 2 * HOUR_S if span_h <= 12 else 4 * HOUR_S
    if span_h < 1:
        step = HOUR_S // 4
    marks = range(-(-first // step) * step, last + 1, step)
    drawing.add_lines("d-axis", [((x(at), HEIGHT - BOTTOM), (x(at), HEIGHT - BOTTOM + 4)) for at in marks])
    for at in marks:
        words = "24:00" if at == 24 * HOUR_S else format_time(at)[:5]
        anchor: Anchor = "end" if x(at) > WIDTH - RIGHT - 12 else "middle"
        drawing.add_text("t-tick", x(at), HEIGHT - BOTTOM + 16, words, anchor)


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
    if before.kind != here.kind:
        return False
    if before.kind != "told":
        return True
    travel = [(minute.total_s or 0) - (minute.wait_s or 0) for minute in (before, here)]
    return travel[0] == travel[1] and abs((before.wait_s or 0) - (here.wait_s or 0)) == STEP_S


def _build_data(views: Sequence[WindowView]) -> pd.DataFrame:
    rows = [
        {
            "window": view.label,
            "direction": view.direction,
            "minute": format_time(minute.at_s),
            "travel_time_s": minute.total_s,
            "wait_s": minute.wait_s if minute.kind == "told" else None,
            "way": "none" if minute.total_s is None else "on foot" if minute.is_walk else "by public transport",
        }
        for view in views
        for minute in view.minutes
    ]
    return pd.DataFrame(rows).astype({"travel_time_s": "Int64", "wait_s": "Int64"})
