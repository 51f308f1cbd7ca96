"""The whole departure window as a picture: time to the nearest against the minute of departure, and in words."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report.drawing import Drawing
from pipeline.report.profile_figure import Figure
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    compute_minutes,
    format_count_of,
    format_pct,
    format_time,
    uncapitalise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.report.context import CategoryInfo
    from pipeline.report.data import Place
    from pipeline.report.profile_views import Minute, WindowView

    Scale = Callable[[float], float]

WIDTH, HEIGHT = 360.0, 176.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 18.0, 26.0, 24.0
LABEL_WIDTH = 44.0
STEP_MIN, FINE_STEP_MIN = 30, 15
STEP_S = 60
HOUR_S = 3600
HOUR_STEPS = (HOUR_S // 4, HOUR_S // 2, HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 4 * HOUR_S, 6 * HOUR_S)
WHOLE_PCT = 99.95
LEGEND = (
    ("d-wait", "waiting to set out"),
    ("d-travel", "on the way: walking, waiting at stops, riding"),
    ("d-late", "both: it sets out after the window"),
    ("d-foot", "walking all the way"),
    ("d-none", "no journey"),
    ("d-median", "published median of the whole neighbourhood"),
)
Row = dict[str, object]


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
    top = find_top(drawn)
    return Figure(
        key=f"windows-{category.key}",
        headline=describe_views(category, drawn),
        title=f"Minutes to the nearest by minute of departure, {place.name}{name_small_area(row)}",
        panels=tuple(draw_view(view, top) for view in drawn),
        labels=tuple(f"{view.label}: {describe_view(view)}" for view in drawn),
        data=build_minutes([("", view) for view in views]),
        legend=LEGEND,
        note=_describe_walks([view for view in views if view.is_walk_only]),
    )


def name_small_area(row: Row) -> str:
    """Say from which small area a picture is seen; empty where all people live in it."""
    share = as_float(row["people_pct"]) or 0.0
    if share >= WHOLE_PCT:
        return ""
    return f", from small area {as_text(row['small_area_code'])}, where {format_pct(share)} of the people live"


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
    when = uncapitalise(view.label.split(",")[0])
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


def find_top(views: Sequence[WindowView]) -> int:
    """Return the end of the axis in minutes: a multiple of half an hour, below an hour of a quarter, that holds all."""
    longest = max((max(view.known, default=0) for view in views), default=0)
    step = FINE_STEP_MIN if longest <= HOUR_S else STEP_MIN
    return max(STEP_MIN, -(-longest // (60 * step)) * step)


def draw_view(
    view: WindowView, top_min: int, *, title: str = "", width: float = WIDTH, height: float = HEIGHT
) -> Drawing:
    """Draw a window minute by minute.

    Parameters
    ----------
    view
        The window.
    top_min
        End of the axis in minutes.
    title
        What stands above; the window if empty.
    width, height
        Size in pixels.

    Returns
    -------
    Drawing
        Minutes upwards, minute of departure to the right.
    """
    drawing = Drawing(width, height)
    first, last = view.minutes[0].at_s, view.minutes[-1].at_s + 60
    across, up = width - LEFT - RIGHT, height - TOP - BOTTOM

    def x(at_s: float) -> float:
        return LEFT + across * (at_s - first) / (last - first)

    def y(seconds: float) -> float:
        return height - BOTTOM - up * min(seconds / 60.0, top_min) / top_min

    drawing.add_text("t-title", 0, 12, title or view.label)
    step = FINE_STEP_MIN if top_min <= 2 * STEP_MIN else STEP_MIN if top_min <= 4 * STEP_MIN else 2 * STEP_MIN
    ticks = range(0, top_min + 1, step)
    drawing.add_lines("d-grid", [((LEFT, y(60 * tick)), (width - RIGHT, y(60 * tick))) for tick in ticks])
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
        drawing.add_line("d-median", (LEFT, y(view.median_s)), (width - RIGHT, y(view.median_s)))
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
    right, bottom = drawing.width - RIGHT, drawing.height - BOTTOM
    drawing.add_line("d-axis", (LEFT, bottom), (right, bottom))
    widest = max(LABEL_WIDTH * (last - first) / (right - LEFT), 1.0)
    step = next((step for step in HOUR_STEPS if step >= widest), HOUR_STEPS[-1])
    marks = range(-(-first // step) * step, last + 1, step)
    drawing.add_lines("d-axis", [((x(at), bottom), (x(at), bottom + 4)) for at in marks])
    for at in marks:
        words = "24:00" if at == 24 * HOUR_S else format_time(at)[:5]
        drawing.add_text("t-tick", x(at), bottom + 16, words, "middle")


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


def build_minutes(named: Sequence[tuple[str, WindowView]]) -> pd.DataFrame:
    """Return the minutes of windows as a table.

    Parameters
    ----------
    named
        Windows with the name of the destination; empty names make no column.

    Returns
    -------
    pandas.DataFrame
        A row a minute; times in seconds, null where unknown.
    """
    rows = [
        {
            **({"destination": name} if name else {}),
            "window": view.label,
            "direction": view.direction,
            "minute": format_time(minute.at_s),
            "travel_time_s": minute.total_s,
            "wait_s": minute.wait_s if minute.kind == "told" else None,
            "way": "none" if minute.total_s is None else "on foot" if minute.is_walk else "by public transport",
        }
        for name, view in named
        for minute in view.minutes
    ]
    return pd.DataFrame(rows).astype({"travel_time_s": "Int64", "wait_s": "Int64"})
