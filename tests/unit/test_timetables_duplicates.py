"""Journeys listed more than once, fingerprints, and parts of timetables."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.duplicates import compute_stop_classes, match_duplicate_trips, remove_duplicate_trips
from pipeline.timetables.fingerprint import compute_fingerprint
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import read_timetable
from pipeline.timetables.read_gtfs import read_gtfs
from pipeline.timetables.select import select_trips
from tests.support.gtfs import AGENCY, CALENDAR, ROUTES, STOPS, TRIPS, Content, Row, build_gtfs, make_calls

CALLS = [("S1", "08:00:00"), ("S2", "08:10:00"), ("S3", "08:20:00")]


def service(name: str, start: str, end: str) -> Row:
    return {**CALENDAR[0], "service_id": name, "start_date": start, "end_date": end}


SERVICES = [
    service("LONG", "20240101", "20240331"),
    service("MID", "20240101", "20240229"),
    service("SHORT", "20240201", "20240229"),
    service("LATE", "20240301", "20240430"),
]


def read(
    tmp_path: Path, trips: list[tuple[str, str]], more: dict[str, Content | None] | None = None, name: str = "feed.zip"
) -> Timetable:
    rows = [{**TRIPS[0], "trip_id": trip, "service_id": service} for trip, service in trips]
    calls = [call for trip, _ in trips for call in make_calls(trip, CALLS)]
    files: dict[str, Content | None] = {"calendar": SERVICES, "trips": rows, "stop_times": calls, **(more or {})}
    return read_gtfs(build_gtfs(tmp_path, name=name, **files), feed="bus", notices=Notices())


def test_subsets_go_and_overlaps_stay(tmp_path: Path) -> None:
    timetable = read(
        tmp_path, [("a", "SHORT"), ("b", "LONG"), ("c", "LATE"), ("d", "MID"), ("e", "SHORT"), ("f", "LONG")]
    )
    gone = match_duplicate_trips(timetable)
    assert gone.rows() == [(0, 1), (3, 1), (4, 1), (5, 1)]
    notices = Notices()
    after = remove_duplicate_trips(timetable, notices)
    assert after.trips.select("trip_id", "n_duplicates").rows() == [("bus:b", 4), ("bus:c", 0)]
    assert after.trips["trip_index"].to_list() == [0, 1]
    assert after.stop_times["trip_index"].to_list() == [0, 0, 0, 1, 1, 1]
    assert set(after.service_dates["service_id"]) == {"bus:LONG", "bus:LATE"}
    assert notices.counts() == {"timetable_duplicate_trips": 4}
    assert get_trips_on(after, date(2024, 2, 1)).height == 1
    assert get_trips_on(after, date(2024, 4, 1)).height == 1
    assert remove_duplicate_trips(after, notices) is after


@pytest.mark.parametrize(
    "change",
    [
        {"stop_times": [*make_calls("a", CALLS), *make_calls("b", [*CALLS[:2], ("S3", "08:20:01")])]},
        {"stop_times": [*make_calls("a", CALLS), *make_calls("b", CALLS[:2])]},
        {"stop_times": [*make_calls("a", CALLS), *make_calls("b", CALLS, pickup_type=1)]},
        {"stop_times": [*make_calls("a", CALLS), *make_calls("b", [*CALLS[:2], ("S4", "08:20:00")])]},
    ],
)
def test_different_trips_stay(tmp_path: Path, change: dict[str, Content | None]) -> None:
    assert match_duplicate_trips(read(tmp_path, [("a", "LONG"), ("b", "LONG")], change)).is_empty()


@pytest.mark.parametrize(
    ("route", "operator", "is_one"),
    [
        ({"route_short_name": " 1 "}, {}, True),
        ({"route_short_name": "1-R2"}, {}, True),
        ({"route_short_name": "1-R3"}, {}, False),
        ({"route_short_name": "2"}, {}, False),
        ({"route_type": "200"}, {}, False),
        ({}, {"agency_name": "COAST  BUSES"}, True),
        ({}, {"agency_name": "Hill"}, False),
    ],
)
def test_route_and_operator(tmp_path: Path, route: Row, operator: Row, *, is_one: bool) -> None:
    more: dict[str, Content | None] = {
        "agency": [*AGENCY, {**AGENCY[0], "agency_id": "OP2", **operator}],
        "routes": [*ROUTES, {**ROUTES[0], "route_id": "R2", "agency_id": "OP2", **route}],
        "trips": [
            {**TRIPS[0], "service_id": "LONG"},
            {**TRIPS[0], "service_id": "LONG", "trip_id": "T2", "route_id": "R2"},
        ],
        "stop_times": [*make_calls("T1", CALLS), *make_calls("T2", CALLS)],
    }
    assert match_duplicate_trips(read(tmp_path, [], more)).height == int(is_one)


def test_two_sources_of_one_service(tmp_path: Path) -> None:
    moved = [{**row, "stop_lat": f"{float(str(row['stop_lat'])) + 0.0005:.4f}"} for row in STOPS]
    one = build_gtfs(tmp_path, name="one.zip")
    renamed = [{**row, "stop_id": f"x{row['stop_id']}"} for row in STOPS]
    calls = make_calls("U", [(f"x{stop}", time) for stop, time in CALLS])
    two = build_gtfs(tmp_path, name="two.zip", stops=renamed, trips=[{**TRIPS[0], "trip_id": "U"}], stop_times=calls)
    three = build_gtfs(tmp_path, name="three.zip", stops=moved)
    far = build_gtfs(tmp_path, name="far.zip", stops=[{**row, "stop_lon": "-4"} for row in STOPS])
    timetable = read_timetable({"a": one, "b": two, "c": three, "d": far}, notices=Notices())
    assert len(set(compute_stop_classes(timetable).tolist())) == 6
    notices = Notices()
    after = remove_duplicate_trips(timetable, notices)
    assert after.trips["trip_id"].to_list() == ["a:T1", "d:T1"]
    assert after.stops["feed"].to_list() == ["a"] * 3 + ["d"] * 3
    assert notices.counts() == {"timetable_duplicate_trips": 2}


def test_the_better_record_stays(tmp_path: Path) -> None:
    more: dict[str, Content | None] = {
        "trips": [
            {**TRIPS[0], "service_id": "LONG", "trip_id": "a", "wheelchair_accessible": 2},
            {**TRIPS[0], "service_id": "LONG", "trip_id": "b", "wheelchair_accessible": 1},
        ]
    }
    timetable = read(tmp_path, [("a", "LONG"), ("b", "LONG")], more)
    assert remove_duplicate_trips(timetable, Notices()).trips["trip_id"].to_list() == ["bus:b"]


def test_fingerprint_sees_what_matters(tmp_path: Path) -> None:
    base = compute_fingerprint(read(tmp_path, [("a", "LONG"), ("b", "LATE")]))
    assert compute_fingerprint(read(tmp_path, [("z", "LONG"), ("y", "LATE")])) == base
    assert compute_fingerprint(read(tmp_path, [("a", "LONG"), ("b", "LATE"), ("c", "LATE")])) != base
    assert compute_fingerprint(read(tmp_path, [("a", "LONG"), ("b", "SHORT")])) != base
    for change in (
        {"stops": [{**STOPS[0], "stop_lat": "51.5101"}, *STOPS[1:]]},
        {"routes": [{**ROUTES[0], "route_type": 2}]},
        {"agency": [{**AGENCY[0], "agency_timezone": "Europe/Paris"}]},
        {"transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS1,S1,2,60\n"},
        {"stop_times": [*make_calls("a", CALLS), *make_calls("b", CALLS, drop_off_type=1)]},
    ):
        assert compute_fingerprint(read(tmp_path, [("a", "LONG"), ("b", "LATE")], dict(change))) != base


def test_a_part_keeps_only_what_it_uses(tmp_path: Path) -> None:
    stops = [{**STOPS[0], "stop_id": "A", "location_type": 1}, {**STOPS[0], "parent_station": "A"}, *STOPS[1:]]
    more: dict[str, Content | None] = {
        "stops": stops,
        "stop_times": [*make_calls("a", CALLS), *make_calls("b", [("S4", "9:00:00"), ("S5", "9:10:00")])],
        "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS1,S1,2,60\nS5,S4,2,60\nS1,S4,3,\n",
    }
    timetable = read(tmp_path, [("a", "LONG"), ("b", "LATE")], more)
    part = select_trips(timetable, np.array([False, True]))
    assert part.stops["stop_id"].to_list() == ["bus:S4", "bus:S5"]
    assert part.transfers.rows() == [(1, 0, "minimum", 60)]
    assert part.trips.select("trip_index", "route_index", "service_index").rows() == [(0, 0, 0)]
    other = select_trips(timetable, np.array([True, False]))
    assert other.stops["stop_id"].to_list() == ["bus:A", "bus:S1", "bus:S2", "bus:S3"]
    assert select_trips(timetable, np.array([True, True])) is timetable
