"""Departure windows in words: shortest, longest, departures to wait for, who is nearest; where walking is as quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import capitalise, compute_minutes, format_reason, format_time, join_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.context import CategoryInfo, ReportContext
    from pipeline.report.profile_views import WindowView

MAX_TIMES = 12


def describe_walk_only(category: CategoryInfo, views: Sequence[WindowView]) -> str:
    """Say that no window is drawn, since walking all the way is as quick at every minute; empty where one is drawn."""
    if not views or not all(view.is_walk_only for view in views):
        return ""
    walk = compute_minutes(max(views[0].known))
    return (
        f"{capitalise(category.phrase)} is {walk} minutes away on foot; at no minute of any window is public transport "
        "quicker, so no window is drawn."
    )


def build_departure_table(
    category: CategoryInfo, views: Sequence[WindowView], nearest: Mapping[tuple[str, str], str], context: ReportContext
) -> Table | None:
    """Return the windows in words: shortest, longest, minutes without a journey, departures, who is nearest."""
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
                build_text_cell(nearest.get((view.window, view.direction), ""), look="words"),
            )
        )
    return Table(
        f"departures-{category.key}",
        f"To {category.phrase}: every window in words, and who is nearest",
        (
            Column("When", is_number=False),
            Column("Shortest to longest"),
            Column("Minutes without a journey"),
            Column("Departures one waits for", is_number=False),
            Column("Nearest, and for what share of the minutes", is_number=False),
        ),
        tuple(rows),
    )


def _list_times(view: WindowView) -> str:
    times = [format_time(at) for at in view.departures]
    is_late = any(minute.kind == "late" for minute in view.minutes)
    later = "before the window" if view.direction == "arrive_by" else "after the window"
    if len(times) > MAX_TIMES:
        times = [*times[:MAX_TIMES], f"{len(times) - MAX_TIMES} more"]
    if is_late:
        times.append(f"one {later}")
    if not times:
        return "none: walking all the way is as quick" if view.known else ""
    return join_words(times)
