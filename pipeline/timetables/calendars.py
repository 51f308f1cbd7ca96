"""Which service runs on which date: calendar.txt, calendar_dates.txt, and questions about a day.

Whatever the format, a calendar is resolved into pairs of service and date by these rules (``compute_service_dates``):

1. A service runs on the dates of its regular days inside its range, both ends included, and on dates added to it.
2. It does not run on a date removed from it: where a date is both added and removed, non-operation wins, in whatever
   order the two are written.
3. A removal of a date on which the service does not run subtracts nothing, from this service or any other.
4. A service that exists only in additions runs on these dates; one that runs on no date takes its trips with it.
5. Ranges without an end, or beyond 1970 to 2100, end at that bound; never at today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import (
    CALENDAR_CLIPPED,
    CALENDAR_CONTRADICTION,
    CALENDAR_ROW_UNREADABLE,
    FEED_IDLE,
    ROW_REPEATED,
    add_rows,
)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import check_unique, read_table
from pipeline.timetables.gtfs_times import parse_dates
from pipeline.timetables.model import Timetable

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FIRST_DATE = date(1970, 1, 1)
LAST_DATE = date(2100, 12, 31)
N_NEAREST = 4


def _read_calendar(container: GtfsContainer, notices: Notices) -> tuple[pl.DataFrame, pl.Series]:
    """Return service x date of calendar.txt, and every service id that it names."""
    name = "calendar.txt"
    table = read_table(container, name, required=["service_id", *WEEKDAYS, "start_date", "end_date"], notices=notices)
    table = check_unique(table, "service_id", container, name, notices)
    parsed = table.with_columns(parse_dates("start_date"), parse_dates("end_date"))
    bad = pl.any_horizontal(
        pl.col("start_date").is_null(),
        pl.col("end_date").is_null(),
        pl.col("end_date") < pl.col("start_date"),
        *[~pl.col(day).is_in(["0", "1"]).fill_null(value=False) for day in WEEKDAYS],
    ).fill_null(value=True)
    add_rows(notices, CALENDAR_ROW_UNREADABLE, parsed.filter(bad), file=name, value="service_id")
    good = parsed.filter(~bad)
    outside = (pl.col("start_date") < FIRST_DATE) | (pl.col("end_date") > LAST_DATE)
    add_rows(notices, CALENDAR_CLIPPED, good.filter(outside), file=name, value="service_id")
    good = good.with_columns(
        pl.max_horizontal("start_date", pl.lit(FIRST_DATE)).alias("start_date"),
        pl.min_horizontal("end_date", pl.lit(LAST_DATE)).alias("end_date"),
    ).filter(pl.col("start_date") <= pl.col("end_date"))
    return _explode_weeks(good), table["service_id"]


def compute_service_dates(weekly: pl.DataFrame, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Combine regular dates with exceptions; where both an addition and a removal stand, the removal wins.

    Parameters
    ----------
    weekly
        ``service_id`` and ``date`` of regular service.
    exceptions
        ``service_id``, ``date`` and ``exception_type`` (text, 1 added or 2 removed).

    Returns
    -------
    polars.DataFrame
        ``service_id`` and ``date``, each pair once, sorted.
    """
    added = exceptions.filter(pl.col("exception_type") == "1").select("service_id", "date")
    removed = exceptions.filter(pl.col("exception_type") == "2").select("service_id", "date")
    dates = pl.concat([weekly.select("service_id", "date"), added])
    return dates.join(removed, on=["service_id", "date"], how="anti").unique().sort("service_id", "date")


def _explode_weeks(calendar: pl.DataFrame) -> pl.DataFrame:
    """Explode each weekday of each service into its dates, without making those that do not run."""
    parts = [pl.DataFrame(schema={"service_id": pl.String, "date": pl.Date})]
    for number, day in enumerate(WEEKDAYS, start=1):
        runs = calendar.filter(pl.col(day) == "1")
        shift = (number - pl.col("start_date").dt.weekday().cast(pl.Int32)) % 7
        first = runs.with_columns((pl.col("start_date") + pl.duration(days=shift)).alias("first"))
        first = first.filter(pl.col("first") <= pl.col("end_date"))
        parts.append(
            first.select("service_id", pl.date_ranges("first", "end_date", interval="7d").alias("date")).explode(
                "date", empty_as_null=True, keep_nulls=True
            )
        )
    return pl.concat(parts)


def _read_exceptions(container: GtfsContainer, notices: Notices) -> pl.DataFrame:
    """Return service, date and exception type of calendar_dates.txt, contradictions settled."""
    name = "calendar_dates.txt"
    table = read_table(container, name, required=["service_id", "date", "exception_type"], notices=notices)
    parsed = table.with_columns(parse_dates("date"))
    bad = (
        pl.col("service_id").is_null()
        | pl.col("date").is_null()
        | ~pl.col("exception_type").is_in(["1", "2"]).fill_null(value=False)
    )
    bad_rows = table.filter(table["row"].is_in(parsed.filter(bad)["row"].implode()))
    add_rows(notices, CALENDAR_ROW_UNREADABLE, bad_rows, file=name, field="date")
    good = parsed.filter(~bad)
    unique = good.unique(["service_id", "date", "exception_type"], keep="first", maintain_order=True)
    again = good.join(unique.select("row"), on="row", how="anti")
    add_rows(notices, ROW_REPEATED, again, file=name, field="service_id")
    clash = unique.filter(pl.struct("service_id", "date").is_duplicated() & (pl.col("exception_type") == "1"))
    add_rows(notices, CALENDAR_CONTRADICTION, clash, file=name, field="service_id")
    return unique.join(clash.select("row"), on="row", how="anti")


def read_service_dates(container: GtfsContainer, notices: Notices) -> tuple[pl.DataFrame, pl.Series]:
    """Read calendar.txt and calendar_dates.txt (either alone suffices).

    Parameters
    ----------
    container
        The open feed.
    notices
        Collector. A removal wins over an addition on the same date; a removal of a date not run does nothing.

    Returns
    -------
    tuple of polars.DataFrame and polars.Series
        ``service_id`` and ``date``, each pair once, sorted; and every service id that either file names, also
        those that run on no date.

    Raises
    ------
    InputError
        If neither file is there, or one cannot be read.
    """
    if not container.has("calendar.txt") and not container.has("calendar_dates.txt"):
        raise InputError(
            f"{container.path.name} has neither calendar.txt nor calendar_dates.txt",
            file=container.path,
            cure="At least one of the two must say on which dates the trips run.",
        )
    weekly = pl.DataFrame(schema={"service_id": pl.String, "date": pl.Date})
    exceptions = weekly.with_columns(pl.lit("").alias("exception_type"))
    known = pl.Series("service_id", [], dtype=pl.String)
    if container.has("calendar.txt"):
        weekly, known = _read_calendar(container, notices)
    if container.has("calendar_dates.txt"):
        exceptions = _read_exceptions(container, notices)
    services = pl.concat([known, exceptions["service_id"]]).unique()
    return compute_service_dates(weekly, exceptions), services


def list_service_days(timetable: Timetable) -> pl.DataFrame:
    """List the dates of every service that has trips.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.DataFrame
        ``feed``, ``service_index`` and ``date``.
    """
    return (
        timetable.trips.select("feed", "service_index")
        .unique()
        .join(timetable.service_dates.select("service_index", "date"), on="service_index")
    )


def find_running_services(timetable: Timetable, day: date) -> pl.Series:
    """Return the services that run on a date.

    Parameters
    ----------
    timetable
        The timetable.
    day
        The service day.

    Returns
    -------
    polars.Series
        ``service_index`` (i32, sorted); empty if none runs.
    """
    return timetable.service_dates.filter(pl.col("date") == day)["service_index"].unique().sort()


def get_trips_on(timetable: Timetable, day: date) -> pl.DataFrame:
    """Return the trips of a service day.

    Parameters
    ----------
    timetable
        The timetable.
    day
        The service day; its trips may run past midnight.

    Returns
    -------
    polars.DataFrame
        Rows of ``core_timetable__trips`` in their order; empty if none runs.
    """
    return timetable.trips.filter(pl.col("service_index").is_in(find_running_services(timetable, day).implode()))


def count_trips_by_date(timetable: Timetable) -> pl.DataFrame:
    """Return the number of trips of every date on which any runs.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.DataFrame
        ``date`` and ``n_trips``, sorted by date.
    """
    per_service = timetable.trips.group_by("service_index").len("n_trips")
    dates = timetable.service_dates.join(per_service, on="service_index")
    return dates.group_by("date").agg(pl.col("n_trips").sum().cast(pl.Int64)).sort("date")


def _describe_dates(dates: Sequence[date]) -> str:
    """Write dates as ranges, at most six of them."""
    ranges: list[tuple[date, date]] = []
    for day in dates:
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    texts = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    return ", ".join(texts if len(texts) <= 6 else [*texts[:3], "...", *texts[-2:]])


def check_has_service(timetable: Timetable, day: date) -> None:
    """Refuse a date on which no trip runs.

    Parameters
    ----------
    timetable
        The timetable.
    day
        The service day wanted.

    Raises
    ------
    InputError
        Naming the dates on which there is service: all of them as ranges, and those nearest on the same weekday.
    """
    if not find_running_services(timetable, day).is_empty():
        return
    dates = [found for found in timetable.service_dates["date"].unique().sort().to_list() if found is not None]
    files = ", ".join(str(meta.get("file", name)) for name, meta in timetable.feeds.items())
    what = f"there is no service on {day} ({day:%A})"
    if not dates:
        raise InputError(what, file=files, field="date", cure="The timetable has no service on any date.")
    alike = sorted((other for other in dates if other.weekday() == day.weekday()), key=lambda x: (abs(x - day), x))
    near = sorted(alike[:N_NEAREST])
    nearest = f"nearest {day:%A}s with service: {', '.join(map(str, near))}" if near else f"no {day:%A} has service"
    raise InputError(
        what,
        file=files,
        field="date",
        cure=f"Choose a date with service: {_describe_dates(dates)}; {nearest}.",
    )


def note_idle_feeds(timetable: Timetable, day: date, notices: Notices) -> None:
    """Note feeds that run nothing on a date on which others do.

    Parameters
    ----------
    timetable
        The timetable.
    day
        The service day wanted.
    notices
        Collector.
    """
    dates = list_service_days(timetable)
    running = set(dates.filter(pl.col("date") == day)["feed"].unique())
    for feed, meta in sorted(timetable.feeds.items()):
        if feed not in running:
            found = dates.filter(pl.col("feed") == feed)["date"].unique().sort().to_list()
            detail = f"nothing on {day} ({day:%A}); it has service on {_describe_dates(found) or 'no date'}"
            notices.add(FEED_IDLE, file=str(meta.get("file", feed)), field="date", value=day, detail=detail)
