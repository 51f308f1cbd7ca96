"""Whatever is written as GTFS is valid, and reads back to the same trips on the same dates at the same times."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.timetables.gtfs_calendar import build_calendar
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_gtfs import read_gtfs
from pipeline.timetables.write_gtfs import write_gtfs
from tests.support.timetables import find_errors, list_runs, timetables, two_feeds

EXACT = {
    "stops": ["stop_id", "lon", "lat", "is_located", "location_type", "wheelchair_boarding"],
    "service_dates": ["service_index", "service_id", "date"],
    "trips": ["trip_index", "trip_id", "route_index", "service_index", "direction_id", "wheelchair_accessible"],
    "stop_times": ["trip_index", "position", "stop_index", "arrival_s", "departure_s", "is_pickup", "is_dropoff"],
    "routes": ["route_index", "route_id", "route_type", "mode"],
}


def _write_and_read(timetable: Timetable, *, feed: str) -> tuple[Timetable, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.zip"
        write_gtfs(timetable, path)
        return read_gtfs(path, feed=feed, notices=Notices()), find_errors(path)


@given(timetables())
@settings(max_examples=25)
def test_one_feed_reads_back_to_the_same_tables(timetable: Timetable) -> None:
    again, errors = _write_and_read(timetable, feed="f")
    assert errors == []
    for name, columns in EXACT.items():
        assert getattr(again, name).select(columns).equals(getattr(timetable, name).select(columns)), name
    named = {(day, number, calls) for day, number, _, calls in list_runs(timetable)}
    assert {(day, number, calls) for day, number, _, calls in list_runs(again)} == named


@given(two_feeds())
@settings(max_examples=15)
def test_two_feeds_with_the_same_identifiers_stay_apart(timetable: Timetable) -> None:
    again, errors = _write_and_read(timetable, feed="both")
    assert errors == []
    assert again.trips["trip_id"].to_list() == [f"both:{name}" for name in timetable.trips["trip_id"].to_list()]
    # Operators without a name get that of their identifier, which carries the feed's.
    named = {(day, number, calls) for day, number, _, calls in list_runs(timetable)}
    assert {(day, number, calls) for day, number, _, calls in list_runs(again)} == named


@given(timetables(lowest_s=-100_000))
@settings(max_examples=25)
def test_trips_before_zero_belong_to_the_day_before_at_the_same_moment(timetable: Timetable) -> None:
    again, errors = _write_and_read(timetable, feed="f")
    assert errors == []
    assert int(again.stop_times["arrival_s"].min()) >= 0  # type: ignore[arg-type]
    moments = {(number, calls) for _, number, _, calls in list_runs(timetable, is_moved=True)}
    assert {(number, calls) for _, number, _, calls in list_runs(again, is_moved=True)} == moments


@given(timetables())
@settings(max_examples=10)
def test_the_same_timetable_gives_the_same_bytes(timetable: Timetable) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one.zip", "two.zip")]
        for path in paths:
            write_gtfs(timetable, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


@given(st.dictionaries(st.sampled_from("abc"), st.sets(st.integers(0, 400), min_size=1), min_size=1))
def test_a_calendar_holds_exactly_the_dates_with_no_more_rows_than_a_list(days: dict[str, set[int]]) -> None:
    base = pl.date(2020, 1, 1)
    table = pl.DataFrame(
        [(name, offset) for name, offsets in days.items() for offset in offsets],
        schema={"service_id": pl.String, "offset": pl.Int64},
        orient="row",
    ).select("service_id", (base + pl.duration(days=pl.col("offset"))).alias("date"))
    calendar, exceptions = build_calendar(table)
    assert exceptions.height + calendar.height <= table.height
    assert set(calendar["service_id"]) | set(exceptions["service_id"]) == set(days)
