"""Random timetables, and what two timetables must agree on to be the same."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import gtfs_guru
import polars as pl
from hypothesis import strategies as st

from pipeline.timetables.assemble import assemble_timetable
from pipeline.timetables.model import Timetable, combine_timetables

FIRST_DAY = date(2019, 3, 25)
NAMES = st.text(alphabet="abcÄé,\"' -", max_size=12)
Moments = set[tuple[date, str, str, tuple[tuple[str, int, int, bool, bool], ...]]]


def find_errors(path: Path) -> list[str]:
    """Return what gtfs-guru calls an error in a feed."""
    return [
        f"{n.code} {n.file}:{n.row} {n.field}" for n in gtfs_guru.validate(str(path)).notices if n.severity == "ERROR"
    ]


def list_runs(timetable: Timetable, *, is_moved: bool = False) -> Moments:
    """Return every run of a timetable on every date: route number, operator, and calls with times and rules.

    With `is_moved`, times count from the first day of the service dates, so that a run at -00:10 of one day is that at
    23:50 of the day before.
    """
    stop_ids = timetable.stops["stop_id"].str.split(":").list.last().to_list()
    calls: dict[int, list[tuple[str, int, int, bool, bool]]] = {}
    columns = ["trip_index", "stop_index", "arrival_s", "departure_s", "is_pickup", "is_dropoff"]
    for trip, stop, *rest in timetable.stop_times.sort("trip_index", "position").select(columns).iter_rows():
        calls.setdefault(trip, []).append((stop_ids[stop], *rest))
    dates: dict[int, list[date]] = {}
    for service, day in timetable.service_dates.select("service_index", "date").iter_rows():
        dates.setdefault(service, []).append(day)
    trips = timetable.trips.join(timetable.routes, on="route_index").select(
        "trip_index", "service_index", "route_short_name", "operator_name"
    )
    runs: Moments = set()
    for trip, service, number, operator in trips.iter_rows():
        for day in dates[service]:
            at, base = ((day - FIRST_DAY).days * 86_400, FIRST_DAY) if is_moved else (0, day)
            moved = tuple((stop, a + at, d + at, up, down) for stop, a, d, up, down in calls[trip])
            runs.add((base, " ".join((number or "").split()), " ".join((operator or "").split()), moved))
    return runs


@st.composite
def _calls(draw: st.DrawFn, trip: str, n_stops: int, lowest_s: int) -> list[dict[str, Any]]:
    clock = draw(st.integers(lowest_s, 95_000))
    rows = []
    for position in range(draw(st.integers(2, 5))):
        arrival = clock + draw(st.integers(0, 4_000))
        clock = arrival + draw(st.sampled_from([0, 0, 0, 45, 600]))
        rows.append(
            {
                "trip_id": trip,
                "position": position,
                "stop_id": f"S{draw(st.integers(0, n_stops - 1))}",
                "arrival_s": arrival,
                "departure_s": clock,
                "is_pickup": draw(st.booleans()),
                "is_dropoff": draw(st.booleans()),
                "is_interpolated": draw(st.booleans()),
            }
        )
    return rows


@st.composite
def timetables(draw: st.DrawFn, *, lowest_s: int = 0, feed: str = "f") -> Timetable:
    """Draw a small timetable of one feed with odd names, dates without a pattern and stops without a place."""
    n_stops, n_services, n_routes = draw(st.integers(2, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    places = st.one_of(st.none(), st.tuples(st.floats(-6, 2), st.floats(50, 58)))
    stops = [draw(places) for _ in range(n_stops)]
    days = st.sets(st.integers(0, 70), min_size=1, max_size=40)
    trips = [f"T{n}" for n in range(draw(st.integers(1, 4)))]
    return assemble_timetable(
        {
            "agencies": pl.DataFrame({"operator_id": ["O1"], "operator_name": [draw(NAMES)]}),
            "routes": pl.DataFrame(
                {
                    "route_id": [f"R{n}" for n in range(n_routes)],
                    "operator_id": ["O1"] * n_routes,
                    "route_short_name": [draw(NAMES) for _ in range(n_routes)],
                    "route_long_name": [draw(NAMES) for _ in range(n_routes)],
                    "route_type": [draw(st.sampled_from([0, 1, 2, 3, 4, 200])) for _ in range(n_routes)],
                }
            ),
            "stops": pl.DataFrame(
                {
                    "stop_id": [f"S{n}" for n in range(n_stops)],
                    "stop_name": [draw(NAMES) for _ in range(n_stops)],
                    "lon": [None if place is None else place[0] for place in stops],
                    "lat": [None if place is None else place[1] for place in stops],
                },
                schema_overrides={"lon": pl.Float64, "lat": pl.Float64},
            ),
            "service_dates": pl.DataFrame(
                [(f"D{n}", FIRST_DAY + timedelta(days=at)) for n in range(n_services) for at in draw(days)],
                schema={"service_id": pl.String, "date": pl.Date},
                orient="row",
            ),
            "trips": pl.DataFrame(
                {
                    "trip_id": trips,
                    "route_id": [f"R{draw(st.integers(0, n_routes - 1))}" for _ in trips],
                    "service_id": [f"D{draw(st.integers(0, n_services - 1))}" for _ in trips],
                    "headsign": [draw(NAMES) for _ in trips],
                    "direction_id": [draw(st.sampled_from([None, 0, 1])) for _ in trips],
                    "wheelchair_accessible": [draw(st.sampled_from([0, 1, 2])) for _ in trips],
                },
                schema_overrides={"direction_id": pl.Int8},
            ),
            "stop_times": pl.DataFrame([row for trip in trips for row in draw(_calls(trip, n_stops, lowest_s))]),
        },
        feed=feed,
        meta={"file": "random", "sha256": "0" * 64},
        timezone="Europe/London",
    )


def two_feeds(lowest_s: int = 0) -> st.SearchStrategy[Timetable]:
    """Draw two feeds with the same identifiers, put together."""
    pairs = st.tuples(timetables(lowest_s=lowest_s, feed="a"), timetables(lowest_s=lowest_s, feed="b"))
    return pairs.map(combine_timetables)
