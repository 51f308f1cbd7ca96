"""Precedence of feeds, journeys filed twice some minutes apart, and the list of duplicates."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.base.area_timetables import Duplicates
from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.near_duplicates import LISTED, settle_duplicates
from pipeline.timetables.read_any import read_timetable
from tests.support.gtfs import AGENCY, CALENDAR, ROUTES, STOPS, TRIPS, Content, Row, build_gtfs, make_calls

Trips = list[tuple[str, str, str]]
LONG = {**CALENDAR[0], "service_id": "LONG", "end_date": "20240630"}
LATE = {**CALENDAR[0], "service_id": "LATE", "start_date": "20240301", "end_date": "20240930"}


def build(folder: Path, name: str, trips: Trips, *, operator: str = "OP1", stops: list[Row] = STOPS) -> Path:
    """Write a feed of trips (name, service, first departure) over three stops ten minutes apart."""
    calls = []
    for trip, _, start in trips:
        hour, minute = (int(part) for part in start.split(":"))
        times = [f"{hour:02d}:{minute + 10 * n:02d}:00" for n in range(3)]
        calls += make_calls(trip, [(str(stops[n]["stop_id"]), time) for n, time in enumerate(times)])
    files: dict[str, Content] = {
        "agency": [{**AGENCY[0], "agency_id": operator, "agency_name": f"Company {operator}"}],
        "routes": [{**ROUTES[0], "agency_id": operator}],
        "calendar": [CALENDAR[0], LONG, LATE],
        "stops": stops,
        "trips": [{**TRIPS[0], "trip_id": trip, "service_id": service} for trip, service, _ in trips],
        "stop_times": calls,
    }
    return build_gtfs(folder, name=f"{name}.zip", **files)


def settle(feeds: dict[str, Path], policy: dict[str, object] | None = None) -> tuple[Timetable, pl.DataFrame, Notices]:
    notices = Notices()
    timetable = read_timetable(feeds, notices=Notices())
    settled, listed = settle_duplicates(timetable, Duplicates.model_validate(policy or {}), notices)
    assert listed.schema == pl.Schema(LISTED)
    return settled, listed, notices


def pairs(listed: pl.DataFrame) -> list[tuple[str, str, str]]:
    return listed.select("kind", "dropped_trip_id", "kept_trip_id").rows()


RENAMED: list[Row] = [{**row, "stop_id": f"other{n}"} for n, row in enumerate(STOPS)]


def test_the_feed_with_precedence_keeps_its_record_of_equal_trips(tmp_path: Path) -> None:
    feeds = {name: build(tmp_path, name, [("T", "WK", "08:00")]) for name in ("a", "b", "c")}
    assert settle(feeds)[0].trips["trip_id"].to_list() == ["a:T"]
    for operator in ("OP1", "company  op1", "*"):
        settled, listed, _ = settle(feeds, {"precedence": {operator: ["b", "a"]}})
        assert settled.trips["trip_id"].to_list() == ["b:T"]
        assert pairs(listed) == [("same", "a:T", "b:T"), ("same", "c:T", "b:T")]
    other = settle(feeds, {"precedence": {"OP2": ["b"], "*": ["c"]}})[0]
    assert other.trips["trip_id"].to_list() == ["c:T"]


def test_no_precedence_takes_dates_away(tmp_path: Path) -> None:
    feeds = {"a": build(tmp_path, "a", [("T", "WK", "08:00")]), "b": build(tmp_path, "b", [("T", "LONG", "08:00")])}
    settled, listed, _ = settle(feeds, {"precedence": {"*": ["a", "b"]}})
    assert settled.trips["trip_id"].to_list() == ["b:T"]
    assert listed["n_dates_shared"].to_list() == [65]


def test_overlapping_dates_are_listed_and_both_trips_stay(tmp_path: Path) -> None:
    settled, listed, notices = settle({"a": build(tmp_path, "a", [("T", "LONG", "08:00"), ("U", "LATE", "08:00")])})
    assert settled.trips.height == 2
    assert listed.select("kind", "is_removed", "n_dates_shared").rows() == [("overlap", False, 86)]
    assert notices.counts() == {"timetable_duplicates_overlap": 1}


def test_a_bus_filed_twice_a_minute_apart_by_two_operators_is_reported_and_stays(tmp_path: Path) -> None:
    feeds = {
        "a": build(tmp_path, "a", [("T", "WK", "08:00")]),
        "b": build(tmp_path, "b", [("U", "WK", "08:01")], operator="OP2", stops=RENAMED),
    }
    settled, listed, notices = settle(feeds)
    assert settled.trips.height == 2
    row = listed.row(0, named=True)
    assert (row["kind"], row["dropped_trip_id"], row["kept_trip_id"]) == ("near", "b:U", "a:T")
    assert (row["start_s"], row["gap_start_s"], row["gap_end_s"], row["n_dates_shared"]) == (8 * 3600 + 60, 60, 60, 65)
    assert row["is_removed"] is False
    assert notices.counts() == {"timetable_near_duplicates": 1}
    text = notices.to_frame()["detail"][0]
    for part in ("Company OP2", "Company OP1", "b:U at 08:01, 60 s after a:T", "were kept"):
        assert part in text


def test_removal_keeps_the_feed_with_precedence_and_counts_what_went(tmp_path: Path) -> None:
    feeds = {
        "a": build(tmp_path, "a", [("T", "WK", "08:00")]),
        "b": build(tmp_path, "b", [("U", "WK", "08:01")], operator="OP2"),
    }
    settled, listed, _ = settle(feeds, {"precedence": {"*": ["b", "a"]}, "near": {"remove": True}})
    assert settled.trips.select("trip_id", "n_duplicates").rows() == [("b:U", 1)]
    assert listed.select("dropped_trip_id", "is_removed").rows() == [("a:T", True)]


def test_a_near_duplicate_with_dates_of_its_own_is_never_removed(tmp_path: Path) -> None:
    feeds = {
        "a": build(tmp_path, "a", [("T", "WK", "08:00")]),
        "b": build(tmp_path, "b", [("U", "LONG", "08:01")], operator="OP2"),
    }
    policy: dict[str, object] = {"near": {"remove": True}}
    assert settle(feeds, policy)[0].trips["trip_id"].to_list() == ["b:U"]
    settled, listed, _ = settle(feeds, {**policy, "precedence": {"*": ["a"]}})
    assert settled.trips.height == 2
    assert listed.select("dropped_trip_id", "is_removed").rows() == [("b:U", False)]


@pytest.mark.parametrize(
    ("start", "operator", "service"),
    [("08:03", "OP2", "WK"), ("08:01", "OP2", "LATE")],
    ids=["three minutes apart", "other dates"],
)
def test_what_is_not_near_is_not_listed(tmp_path: Path, start: str, operator: str, service: str) -> None:
    feeds = {
        "a": build(tmp_path, "a", [("T", "LONG", "08:00")]),
        "b": build(tmp_path, "b", [("U", service, start)], operator=operator),
    }
    assert settle(feeds)[1].is_empty()


def test_buses_a_minute_apart_by_one_operator_in_one_feed_are_two_buses(tmp_path: Path) -> None:
    settled, listed, _ = settle({"a": build(tmp_path, "a", [("T", "WK", "08:00"), ("U", "WK", "08:01")])})
    assert settled.trips.height == 2
    assert listed.is_empty()


def test_each_bus_has_one_partner_in_each_other_source_the_nearest(tmp_path: Path) -> None:
    one = [("T1", "WK", "08:00"), ("T2", "WK", "08:02")]
    two = [("U1", "WK", "08:01"), ("U2", "WK", "08:03")]
    feeds = {
        "a": build(tmp_path, "a", one),
        "b": build(tmp_path, "b", two, operator="OP2"),
        "c": build(tmp_path, "c", [("V", "WK", "08:00")], operator="OP3"),
    }
    settled, listed, _ = settle(feeds, {"near": {"remove": True}})
    assert pairs(listed) == [
        ("near", "b:U1", "a:T1"),
        ("near", "b:U2", "a:T2"),
        ("near", "c:V", "a:T1"),
        ("near", "c:V", "b:U1"),
    ]
    assert settled.trips.select("trip_id", "n_duplicates").rows() == [("a:T1", 2), ("a:T2", 1)]


def test_reporting_can_be_switched_off_but_not_under_removal(tmp_path: Path) -> None:
    feeds = {
        "a": build(tmp_path, "a", [("T", "WK", "08:00")]),
        "b": build(tmp_path, "b", [("U", "WK", "08:01")], operator="OP2"),
    }
    assert settle(feeds, {"near": {"report": False}})[1].is_empty()
    with pytest.raises(ValueError, match="only if they are reported"):
        Duplicates.model_validate({"near": {"report": False, "remove": True}})
