"""Equal and near-equal journeys against their definitions, trip by trip."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.area_timetables import Duplicates
from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.near_duplicates import match_near_duplicates, settle_duplicates
from pipeline.timetables.read_any import read_timetable
from tests.support.gtfs import AGENCY, ROUTES, STOPS, Content, Row, build_gtfs, make_calls

DATES = ["20240304", "20240305", "20240306"]
SETS = {"A": DATES[:1], "B": DATES[:2], "C": DATES[1:], "D": DATES}
TRIP = st.tuples(
    st.sampled_from(["R1", "R2"]), st.sampled_from(sorted(SETS)), st.integers(0, 6), st.integers(0, 1), st.booleans()
)
FEEDS = st.lists(st.lists(TRIP, min_size=1, max_size=7), min_size=1, max_size=3)
Trip = tuple[str, str, int, int, bool]


def build(folder: Path, name: str, trips: list[Trip]) -> Path:
    rows: list[Row] = []
    calls: list[Row] = []
    for number, (route, service, start, longer, is_short) in enumerate(trips):
        stops = ["S1", "S2"] if is_short else ["S1", "S2", "S3"]
        rows.append({"route_id": route, "service_id": service, "trip_id": f"T{number}"})
        times = [f"08:{start + 10 * n + (longer if n else 0):02d}:00" for n in range(len(stops))]
        calls += make_calls(f"T{number}", list(zip(stops, times, strict=True)))
    exceptions = "".join(f"{s},{day},1\n" for s, days in SETS.items() for day in days)
    files: dict[str, Content | None] = {
        "agency": [*AGENCY, {**AGENCY[0], "agency_id": "OP2", "agency_name": "Hill Buses"}],
        "routes": [*ROUTES, {**ROUTES[0], "route_id": "R2", "agency_id": "OP2"}],
        "calendar": None,
        "calendar_dates": "service_id,date,exception_type\n" + exceptions,
        "stops": STOPS,
        "trips": rows,
        "stop_times": calls,
    }
    return build_gtfs(folder, name=f"{name}.zip", **files)


def read(feeds: list[list[Trip]]) -> Timetable:
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: build(Path(folder), name, trips) for name, trips in zip("abc", feeds, strict=False)}
        return read_timetable(paths, notices=Notices())


def describe(timetable: Timetable) -> dict[str, tuple[object, ...]]:
    """Give each trip as source, operator, stops, times and dates."""
    calls = timetable.stop_times.join(timetable.stops.select("stop_index", "stop_name"), on="stop_index")
    listed = calls.sort("trip_index", "position").group_by("trip_index").agg("stop_name", "arrival_s")
    routes = timetable.routes.select("route_index", "operator_id")
    dates = timetable.service_dates.group_by("service_index").agg("date")
    rows = timetable.trips.join(listed, on="trip_index").join(routes, on="route_index").join(dates, on="service_index")
    return {
        row["trip_id"]: (
            (row["feed"], row["operator_id"]),
            row["operator_id"],
            tuple(row["stop_name"]),
            tuple(row["arrival_s"]),
            frozenset(row["date"]),
        )
        for row in rows.to_dicts()
    }


def list_runs(timetable: Timetable) -> set[tuple[object, ...]]:
    """List what a passenger sees: operator, stops, times and date."""
    return {(*trip[1:4], day) for trip in describe(timetable).values() for day in set(trip[4])}  # type: ignore[call-overload]


@given(feeds=FEEDS)
@settings(max_examples=60, deadline=None)
def test_removing_equal_trips_loses_no_journey_and_leaves_none_within_another(feeds: list[list[Trip]]) -> None:
    timetable = read(feeds)
    settled, listed = settle_duplicates(timetable, Duplicates(), Notices())
    assert list_runs(settled) == list_runs(timetable)
    left = list(describe(settled).values())
    for at, one in enumerate(left):
        for other in left[at + 1 :]:
            is_same = one[1:4] == other[1:4]
            assert not (is_same and (one[4] <= other[4] or other[4] <= one[4]))  # type: ignore[operator]
    gone = listed.filter("is_removed")
    assert gone.height == timetable.trips.height - settled.trips.height
    assert int(settled.trips["n_duplicates"].sum()) == gone.height
    assert set(gone["kept_trip_id"]) <= set(settled.trips["trip_id"])
    again, nothing = settle_duplicates(settled, Duplicates(), Notices())
    assert again.trips.equals(settled.trips)
    assert nothing.filter("is_removed").is_empty()


@given(feeds=FEEDS, minutes=st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_near_duplicates_are_those_of_the_definition_each_with_its_nearest_partner(
    feeds: list[list[Trip]], minutes: int
) -> None:
    policy = Duplicates.model_validate({"near": {"minutes": minutes}})
    timetable, _ = settle_duplicates(read(feeds), Duplicates.model_validate({"near": {"report": False}}), Notices())
    trips = describe(timetable)
    near = match_near_duplicates(timetable, policy)
    ids = timetable.trips["trip_id"]
    found = {frozenset((ids[a], ids[b])) for a, b in near.select("trip_index", "stays_trip_index").iter_rows()}

    def is_near(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
        times = [side[3] for side in (one, other)]
        gaps = [abs(times[0][end] - times[1][end]) for end in (0, -1)] if one[2] == other[2] else [99999]  # type: ignore[index]
        is_within = one[4] <= other[4] or other[4] <= one[4]  # type: ignore[operator]
        return one[0] != other[0] and one[2] == other[2] and max(gaps) <= 60 * minutes and is_within

    names = sorted(trips)
    possible = {frozenset((a, b)) for at, a in enumerate(names) for b in names[at + 1 :] if is_near(trips[a], trips[b])}
    assert found <= possible
    partners = [(trip, trips[other][0]) for pair in found for trip, other in (sorted(pair), sorted(pair)[::-1])]
    assert len(partners) == len(set(partners))
    for pair in possible - found:  # left out only because one of the two has another partner there
        a, b = sorted(pair)
        assert (a, trips[b][0]) in partners or (b, trips[a][0]) in partners


@given(feeds=FEEDS, best=st.permutations(["a", "b", "c"]))
@settings(max_examples=40, deadline=None)
def test_removing_near_duplicates_leaves_each_with_a_record_that_stays_and_covers_its_dates(
    feeds: list[list[Trip]], best: list[str]
) -> None:
    timetable = read(feeds)
    before = describe(timetable)
    policy = Duplicates.model_validate({"precedence": {"*": best}, "near": {"remove": True}})
    settled, listed = settle_duplicates(timetable, policy, Notices())
    left = set(settled.trips["trip_id"])
    near = listed.filter((pl.col("kind") == "near") & pl.col("is_removed"))
    for trip in near["dropped_trip_id"].unique().to_list():
        kept = near.filter(pl.col("dropped_trip_id") == trip)["kept_trip_id"].to_list()
        stays = [other for other in kept if other in left]
        assert stays
        assert any(before[trip][4] <= before[other][4] for other in stays)  # type: ignore[operator]
        assert trip not in left
    assert {day for trip in describe(settled).values() for day in set(trip[4])} == {  # type: ignore[call-overload]
        day
        for trip in before.values()
        for day in set(trip[4])  # type: ignore[call-overload]
    }
    assert all(isinstance(day, date) for day in settled.service_dates["date"])
