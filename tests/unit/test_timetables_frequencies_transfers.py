"""frequencies.txt, transfers.txt and route types."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.modes import MODES, find_mode
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import STOPS, TRIPS, Content, build_gtfs, make_calls

HEAD = "trip_id,start_time,end_time,headway_secs,exact_times\n"


def read(tmp_path: Path, **files: Content | None) -> tuple[Timetable, Notices]:
    notices = Notices()
    return read_gtfs(build_gtfs(tmp_path, **files), feed="bus", notices=notices), notices


def test_departures_up_to_but_not_at_the_end(tmp_path: Path) -> None:
    timetable, notices = read(tmp_path, frequencies=HEAD + "T1,6:00:00,6:30:00,600,1\n")
    assert timetable.trips["trip_id"].to_list() == ["bus:T1#f21600", "bus:T1#f22200", "bus:T1#f22800"]
    assert timetable.stop_times["departure_s"].to_list() == [
        start + ride for start in (21600, 22200, 22800) for ride in (0, 600, 1200)
    ]
    assert timetable.trips["is_frequency_inexact"].to_list() == [False] * 3
    assert "gtfs_frequency_inexact" not in notices.counts()


def test_inexact_ones_are_flagged_and_periods_follow_one_another(tmp_path: Path) -> None:
    timetable, notices = read(tmp_path, frequencies=HEAD + "T1,6:00:00,6:10:00,600,\nT1,6:10:00,6:20:01,600,0\n")
    assert timetable.trips["trip_id"].to_list() == ["bus:T1#f21600", "bus:T1#f22200", "bus:T1#f22800"]
    assert timetable.trips["is_frequency_inexact"].all()
    assert notices.counts()["gtfs_frequency_inexact"] == 2


def test_overlapping_periods_depart_once(tmp_path: Path) -> None:
    timetable, notices = read(tmp_path, frequencies=HEAD + "T1,6:00:00,6:20:00,600,0\nT1,6:10:00,6:20:00,600,1\n")
    assert timetable.trips.height == 2
    assert timetable.trips["is_frequency_inexact"].to_list() == [True, False]
    assert notices.counts()["gtfs_frequency_overlap"] == 1


@pytest.mark.parametrize(
    "row", ["6:00:00,6:00:00,600", "6:00:00,7:00:00,0", "x,7:00:00,600", "6:00:00,,600", "6:00:00,7:00:00,-5"]
)
def test_an_unusable_row_is_skipped(tmp_path: Path, row: str) -> None:
    trips = [*TRIPS, {**TRIPS[0], "trip_id": "T2"}]
    calls = [
        *make_calls("T1", [("S1", "8:00:00"), ("S2", "8:05:00")]),
        *make_calls("T2", [("S1", "8:00:00"), ("S2", "8:05:00")]),
    ]
    text = HEAD + f"T1,{row},1\nT9,6:00:00,7:00:00,600,1\n"
    timetable, notices = read(tmp_path, trips=trips, stop_times=calls, frequencies=text)
    assert timetable.trips["trip_id"].to_list() == ["bus:T2"]
    assert notices.counts()["gtfs_frequency_row_unreadable"] == 1
    assert notices.counts()["gtfs_unknown_reference"] == 1


def test_absurd_headways_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"T1,{hour}:00:00,{hour + 200}:00:00,1,1\n" for hour in range(10))
    with pytest.raises(InputError, match="would make 7,200,000 trips"):
        read(tmp_path, frequencies=HEAD + rows)


PLACES = [
    {**STOPS[0], "stop_id": "A", "location_type": 1},
    {**STOPS[0], "stop_id": "A1", "parent_station": "A"},
    {**STOPS[0], "stop_id": "A2", "parent_station": "A"},
    {**STOPS[1], "stop_id": "B"},
    {**STOPS[2], "stop_id": "C"},
]
CALLS = make_calls("T1", [("A1", "8:00:00"), ("B", "8:10:00"), ("A2", "8:20:00")])


def rules(timetable: Timetable) -> set[tuple[str, str, str, int | None]]:
    names = [name.removeprefix("bus:") for name in timetable.stops["stop_id"]]
    return {(names[a], names[b], kind, least) for a, b, kind, least in timetable.transfers.iter_rows()}


def test_stations_expand_and_the_particular_wins(tmp_path: Path) -> None:
    text = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nA,A,2,300\nA1,A2,1,99\nA,B,3,\nB,A2,2,60\nB,A2,2,90\n"
        "B,B,0,\nB,B,,\nC,B,2,30\n"
    )
    timetable, notices = read(tmp_path, stops=PLACES, stop_times=CALLS, transfers=text)
    assert rules(timetable) == {
        ("A1", "A1", "minimum", 300),
        ("A2", "A1", "minimum", 300),
        ("A2", "A2", "minimum", 300),
        ("A1", "A2", "timed", None),
        ("A1", "B", "forbidden", None),
        ("A2", "B", "forbidden", None),
        ("B", "A2", "minimum", 90),
    }
    assert notices.counts()["gtfs_transfer_contradiction"] == 2
    assert timetable.transfers["from_stop_index"].is_sorted()


def test_rows_that_are_not_used(tmp_path: Path) -> None:
    text = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_route_id,from_trip_id\n"
        "B,B,2,10,R1,\nB,B,2,10,,T1\n,,4,,,T1\nB,A1,5,,,\nB,A1,9,,,\nB,A1,2,,,\nB,A1,2,x,,\nB,nowhere,2,10,,\n"
    )
    timetable, notices = read(tmp_path, stops=PLACES, stop_times=CALLS, transfers=text)
    assert timetable.transfers.is_empty()
    counts = notices.counts()
    assert (counts["gtfs_transfer_not_used"], counts["gtfs_transfer_unreadable"]) == (4, 3)
    assert counts["gtfs_unknown_reference"] == 1


@pytest.mark.parametrize(
    ("route_type", "mode"),
    [
        *[(0, "tram"), (1, "metro"), (2, "rail"), (3, "bus"), (4, "ferry"), (5, "tram"), (6, "other"), (7, "other")],
        *[(11, "bus"), (12, "rail"), (100, "rail"), (117, "rail"), (200, "coach"), (209, "coach"), (401, "metro")],
        *[(700, "bus"), (702, "bus"), (716, "bus"), (800, "bus"), (900, "tram"), (1000, "ferry"), (1200, "ferry")],
        *[(1300, "other"), (1501, "other"), (8, None), (13, None), (-1, None), (210, None), (9999, None)],
    ],
)
def test_route_types(route_type: int, mode: str | None) -> None:
    assert find_mode(route_type) == mode
    assert mode is None or mode in MODES
