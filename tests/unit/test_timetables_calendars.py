"""Which service runs when."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.calendars import (
    check_has_service,
    count_trips_by_date,
    find_running_services,
    get_trips_on,
    note_idle_feeds,
)
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import CALENDAR, TRIPS, Content, build_gtfs, make_calls

WEEK = {**CALENDAR[0], "start_date": "20240101", "end_date": "20240107"}


def read(tmp_path: Path, **files: Content | None) -> tuple[Timetable, Notices]:
    notices = Notices()
    return read_gtfs(build_gtfs(tmp_path, **files), feed="bus", notices=notices), notices


def dates(timetable: Timetable) -> list[int]:
    return [day.day for day in timetable.service_dates["date"].to_list()]


def exceptions(*rows: tuple[str, str]) -> str:
    return "service_id,date,exception_type\n" + "".join(f"WK,{day},{kind}\n" for day, kind in rows)


def test_both_ends_belong_to_the_range(tmp_path: Path) -> None:
    assert dates(read(tmp_path, calendar=[WEEK])[0]) == [1, 2, 3, 4, 5]
    one = {**WEEK, "start_date": "20240103", "end_date": "20240103"}
    assert dates(read(tmp_path, calendar=[one])[0]) == [3]


def test_exceptions_add_and_remove(tmp_path: Path) -> None:
    text = exceptions(("20240106", "1"), ("20240102", "2"), ("20240107", "2"), ("20240103", "1"), ("20240109", "1"))
    timetable, notices = read(tmp_path, calendar=[WEEK], calendar_dates=text)
    assert dates(timetable) == [1, 3, 4, 5, 6, 9]
    assert notices.counts() == {"gtfs_stop_unused": 2}


def test_exceptions_alone_suffice(tmp_path: Path) -> None:
    text = exceptions(("20240106", "1"), ("20240107", "2"))
    assert dates(read(tmp_path, calendar=None, calendar_dates=text)[0]) == [6]
    assert dates(read(tmp_path, calendar=[{**WEEK, "service_id": "other"}], calendar_dates=text)[0]) == [6]


def test_non_operation_wins(tmp_path: Path) -> None:
    text = exceptions(("20240106", "1"), ("20240106", "2"), ("20240105", "2"), ("20240105", "2"))
    timetable, notices = read(tmp_path, calendar=[WEEK], calendar_dates=text)
    assert dates(timetable) == [1, 2, 3, 4]
    assert notices.counts()["gtfs_calendar_contradiction"] == 1
    assert notices.counts()["gtfs_row_repeated"] == 1


@pytest.mark.parametrize(
    "change",
    [{"monday": ""}, {"monday": "2"}, {"start_date": "2024-01-01"}, {"end_date": "20240231"}, {"end_date": "20231231"}],
)
def test_an_unreadable_row_is_skipped(tmp_path: Path, change: dict[str, str]) -> None:
    good = {**WEEK, "service_id": "GOOD"}
    trips = [*TRIPS, {**TRIPS[0], "trip_id": "T2", "service_id": "GOOD"}]
    calls = [
        *make_calls("T1", [("S1", "8:00:00"), ("S2", "8:05:00")]),
        *make_calls("T2", [("S1", "8:00:00"), ("S2", "8:05:00")]),
    ]
    timetable, notices = read(tmp_path, calendar=[{**WEEK, **change}, good], trips=trips, stop_times=calls)
    assert timetable.trips["trip_id"].to_list() == ["bus:T2"]
    frame = notices.to_frame()
    assert frame[frame["code"] == "gtfs_calendar_row_unreadable"]["row"].tolist() == [2]
    assert notices.counts()["gtfs_service_without_dates"] == 1


def test_an_unreadable_exception_is_skipped(tmp_path: Path) -> None:
    text = exceptions(("2024010", "1"), ("20240106", "3"), ("20240107", "1"))
    timetable, notices = read(tmp_path, calendar=[WEEK], calendar_dates=text)
    assert dates(timetable) == [1, 2, 3, 4, 5, 7]
    frame = notices.to_frame()
    assert frame[frame["code"] == "gtfs_calendar_row_unreadable"]["row"].tolist() == [2, 3]


def test_endless_calendars_are_clipped(tmp_path: Path) -> None:
    endless = {**WEEK, "start_date": "00010101", "end_date": "99991231"}
    timetable, notices = read(tmp_path, calendar=[endless])
    assert notices.counts()["gtfs_calendar_clipped"] == 1
    assert timetable.service_dates["date"].min() == date(1970, 1, 1)
    assert timetable.service_dates["date"].max() == date(2100, 12, 31)


def test_neither_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither calendar.txt nor calendar_dates.txt"):
        read(tmp_path, calendar=None)


def test_questions_about_a_day(tmp_path: Path) -> None:
    timetable, _ = read(tmp_path)
    assert find_running_services(timetable, date(2024, 1, 2)).to_list() == [0]
    assert find_running_services(timetable, date(2024, 1, 6)).is_empty()
    assert get_trips_on(timetable, date(2024, 1, 2))["trip_id"].to_list() == ["bus:T1"]
    assert count_trips_by_date(timetable)["n_trips"].unique().to_list() == [1]
    check_has_service(timetable, date(2024, 1, 2))


def test_a_day_without_service_names_days_with_it(tmp_path: Path) -> None:
    timetable, _ = read(tmp_path, calendar=[{**WEEK, "end_date": "20240114"}])
    with pytest.raises(InputError) as caught:
        check_has_service(timetable, date(2024, 2, 6))
    text = str(caught.value)
    for part in (
        "2024-02-06 (Tuesday)",
        "2024-01-01 to 2024-01-05, 2024-01-08 to 2024-01-12",
        "2024-01-02, 2024-01-09",
        "feed.zip",
    ):
        assert part in text
    with pytest.raises(InputError, match="no Sunday has service"):
        check_has_service(timetable, date(2024, 2, 4))
    empty = Timetable.build(
        {name: getattr(timetable, name).clear() for name in timetable.counts()}, feeds={}, timezone="Europe/London"
    )
    with pytest.raises(InputError, match="no service on any date"):
        check_has_service(empty, date(2024, 2, 4))
    assert isinstance(get_trips_on(empty, date(2024, 2, 4)), pl.DataFrame)


def test_an_exception_without_a_type_is_skipped_and_noted(tmp_path: Path) -> None:
    text = exceptions(("20240106", ""), ("20240107", "1"))
    timetable, notices = read(tmp_path, calendar=[WEEK], calendar_dates=text)
    assert dates(timetable) == [1, 2, 3, 4, 5, 7]
    assert notices.counts()["gtfs_calendar_row_unreadable"] == 1


def test_of_two_equal_exceptions_the_later_row_is_noted(tmp_path: Path) -> None:
    text = exceptions(*[("20240106", "1")] * 3, *[("20240107", "1")] * 2)
    _, notices = read(tmp_path, calendar=[WEEK], calendar_dates=text)
    frame = notices.to_frame()
    assert frame[frame["code"] == "gtfs_row_repeated"]["row"].tolist() == [3, 4, 6]


def test_many_dates_are_told_by_the_first_and_last_ranges_and_the_nearest_alike(tmp_path: Path) -> None:
    tuesdays = [date(2024, 1, 2) + timedelta(days=7 * n) for n in range(7)]
    text = exceptions(*((f"{day:%Y%m%d}", "1") for day in tuesdays))
    timetable, _ = read(tmp_path, calendar=None, calendar_dates=text)
    with pytest.raises(InputError) as caught:
        check_has_service(timetable, date(2024, 1, 30) + timedelta(days=28))
    assert caught.value.cure == (
        "Choose a date with service: 2024-01-02, 2024-01-09, 2024-01-16, ..., 2024-02-06, 2024-02-13; "
        "nearest Tuesdays with service: 2024-01-23, 2024-01-30, 2024-02-06, 2024-02-13."
    )
    fewer, _ = read(tmp_path, calendar=None, calendar_dates=exceptions(*((f"{d:%Y%m%d}", "1") for d in tuesdays[:6])))
    with pytest.raises(InputError, match=r"2024-01-16, 2024-01-23, 2024-01-30, 2024-02-06; nearest"):
        check_has_service(fewer, date(2024, 2, 27))


def test_feeds_that_run_nothing_on_a_day_are_noted_with_the_days_on_which_they_do(tmp_path: Path) -> None:
    timetable, _ = read(tmp_path, calendar=[WEEK])
    notices = Notices()
    note_idle_feeds(timetable, date(2024, 1, 3), notices)
    assert notices.counts() == {}
    note_idle_feeds(timetable, date(2024, 1, 6), notices)
    frame = notices.to_frame()
    assert frame["code"].tolist() == ["feed_without_service_on_date"]
    assert frame["detail"].tolist() == ["nothing on 2024-01-06 (Saturday); it has service on 2024-01-01 to 2024-01-05"]
