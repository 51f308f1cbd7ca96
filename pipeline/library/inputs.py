"""Streets and timetables for the library's functions, and the checks that all of them make."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date as Date  # noqa: N812 (the parameter is called date)
from pathlib import Path

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import FeedSource
from pipeline.timetables.read_any import read_timetable as read_feeds

log = logging.getLogger(__name__)


def build_streets(osm: str | os.PathLike[str], *, notices: Notices | None = None) -> Streets:
    """Build the walking graph of an OpenStreetMap extract.

    Parameters
    ----------
    osm
        ``.osm.pbf``, ``.osm`` or what else osmium reads.
    notices
        Takes what is doubtful; if absent, it goes to the log of this package.

    Returns
    -------
    Streets
        Nodes, edges and components; its tables are polars frames, ``pipeline.streets.export`` makes a networkx graph.

    Raises
    ------
    InputError
        If the file cannot be read or holds no street that can be walked.

    Examples
    --------
    >>> build_streets("data/sample/saltmarsh.osm.pbf").nodes.height
    582
    """
    with collect(notices) as collector:
        return read_streets(get_file(osm), collector)


def read_timetable(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    date: str | Date,
    naptan: str | os.PathLike[str] | None = None,
    notices: Notices | None = None,
) -> Timetable:
    """Read timetables of any format into one, each trip once.

    Parameters
    ----------
    paths
        GTFS, TransXChange or ATCO-CIF; one path or several.
    date
        The day of interest, as ``2024-10-08``; ends that a timetable leaves open are counted from it.
    naptan
        Stops of NaPTAN, for TransXChange and ATCO-CIF.
    notices
        Takes what is doubtful; if absent, it goes to the log of this package.

    Returns
    -------
    Timetable
        Stops, routes, dates, trips and stop times as polars frames.

    Raises
    ------
    InputError
        If a file cannot be read.
    UsageError
        If `date` is no date.

    Examples
    --------
    >>> timetable = read_timetable("data/sample/timetables/2024/bus_council.zip", date="2024-10-08")
    >>> sorted(timetable.routes["mode"].unique())
    ['bus']
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not given:
        raise UsageError("There is no timetable to read.", field="paths", cure="Give one path or several.")
    stops = None if naptan is None else get_file(naptan)
    feeds = {f"gtfs{n}": FeedSource(get_file(path), naptan=stops) for n, path in enumerate(given, 1)}
    with collect(notices) as collector:
        timetable = read_feeds(feeds, notices=collector, as_of=get_day(date))
        return remove_duplicate_trips(timetable, notices=collector)


@contextmanager
def collect(notices: Notices | None) -> Iterator[Notices]:
    """Give a collector of notices; where the caller brought none, log what it took.

    Parameters
    ----------
    notices
        The caller's.

    Yields
    ------
    Notices
        The caller's, or a new one.
    """
    collector = Notices() if notices is None else notices
    yield collector
    if notices is None:
        for row in collector.to_frame().drop_duplicates("code").to_dict("records"):
            level = logging.INFO if row["severity"] == "info" else logging.WARNING
            log.log(level, "%s (%d times): %s", row["code"], collector.counts()[row["code"]], row["meaning"])


def get_file(path: str | os.PathLike[str]) -> Path:
    """Return a path that exists.

    Parameters
    ----------
    path
        As given.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    InputError
        If nothing is there.
    """
    found = Path(path)
    if not found.exists():
        raise InputError("This file does not exist.", file=found, cure="Check the path.")
    return found


def get_day(day: str | Date) -> Date:
    """Return a date.

    Parameters
    ----------
    day
        A date, or a text such as ``2024-10-08``.

    Returns
    -------
    datetime.date
        The day.

    Raises
    ------
    UsageError
        If it is no date.
    """
    if isinstance(day, Date):
        return day
    try:
        return Date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"'{day}' is no date.", field="date", cure="Write it as 2024-10-08.") from None
