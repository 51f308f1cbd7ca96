"""Timetables as ``config init`` finds them, made up from their dates, operators and routes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.cli.init_timetables import FoundTimetable


def hold(
    name: str,
    first: date,
    last: date,
    *,
    operators: tuple[str, ...] = ("A",),
    routes: tuple[str, ...] = ("1", "2"),
    n: int = 10,
    **about: Any,
) -> FoundTimetable:
    """Make a timetable with service on every day of a span.

    Parameters
    ----------
    name
        Of the file.
    first, last
        Days with service, both included.
    operators, routes
        Names, and numbers of bus routes.
    n
        Runs a day.
    **about
        ``feed_start`` and ``extracted`` of ``feed_info.txt``.

    Returns
    -------
    FoundTimetable
        With one stop.
    """
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    runs = pl.DataFrame({"date": days, "n_trips": [n] * len(days)})
    stops = pl.DataFrame({"lon": [0.0], "lat": [52.0]})
    numbers = frozenset(("bus", route) for route in routes)
    return FoundTimetable(
        Path(name), "gtfs", None, runs, "Europe/London", frozenset(operators), stops, 0, numbers, **about
    )
