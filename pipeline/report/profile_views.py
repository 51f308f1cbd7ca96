"""A departure window minute by minute, read from the published journeys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.text import as_float, as_text, format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.context import CategoryInfo, ReportContext, WindowInfo

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
