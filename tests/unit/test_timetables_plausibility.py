"""Speeds and places that cannot be right are named and left as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.plausibility import MAX_SPEEDS_MS, ROUNDING_S, check_plausibility, find_too_fast
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import AGENCY, ROUTES, TRIPS, Content, Row, build_gtfs, make_calls

KM_LAT = 1 / 111.195
"""Degrees of latitude in a kilometre."""


def read(folder: Path, km: list[float], times: list[str], *, route_type: int = 3, **more: Content) -> Timetable:
    """Read a trip along a meridian, stops so many kilometres from its first."""
    stops = [
        {"stop_id": f"S{n}", "stop_name": f"Stop {n}", "stop_lat": 51.5 + at * KM_LAT, "stop_lon": -3}
        for n, at in enumerate(km)
    ]
    calls = make_calls("T1", [(f"S{n}", time) for n, time in enumerate(times)])
    files: dict[str, Content] = {
        "stops": stops,
        "stop_times": calls,
        "routes": [{**ROUTES[0], "route_type": route_type}],
        **more,
    }
    return read_gtfs(build_gtfs(folder, **files), feed="bus", notices=Notices())


def check(timetable: Timetable) -> Notices:
    notices = Notices()
    check_plausibility(timetable, notices)
    return notices


@pytest.mark.parametrize(
    ("km", "route_type", "is_fast"),
    [(20.6, 3, False), (20.7, 3, True), (20.7, 2, False), (66.3, 2, False), (66.5, 2, True), (900, 1100, False)],
)
def test_ten_minutes_and_one_for_rounding_at_the_limit_of_each_mode(
    tmp_path: Path, km: float, route_type: int, *, is_fast: bool
) -> None:
    notices = check(read(tmp_path, [0, km], ["08:00:00", "08:10:00"], route_type=route_type))
    assert notices.counts() == ({"timetable_too_fast": 1} if is_fast else {})


def test_the_notice_names_trip_and_stops_and_counts_trips(tmp_path: Path) -> None:
    times = ["08:00:00", "08:10:00", "08:20:00"]
    calls = [*make_calls("T1", [(f"S{n}", time) for n, time in enumerate(times)])]
    calls += make_calls("T2", [(f"S{n}", time) for n, time in enumerate(times)])
    timetable = read(tmp_path, [0, 100, 105], times, stop_times=calls, trips=[TRIPS[0], {**TRIPS[0], "trip_id": "T2"}])
    notices = check(timetable)
    assert notices.counts() == {"timetable_too_fast": 2}
    row = notices.to_frame().iloc[0]
    assert (row["value"], row["count"]) == ("bus:T1", 2)
    assert "2 trips by bus, such as bus:T1: 100.0 km in 10 min from bus:S0 (Stop 0) to bus:S1 (Stop 1)" in row["detail"]
    assert timetable.trips.height == 2


def test_interpolated_times_are_skipped_over(tmp_path: Path) -> None:
    calls = make_calls("T1", [("S0", "08:00:00"), ("S1", ""), ("S2", "09:00:00")])
    fine = read(tmp_path, [0, 50, 60], [], stop_times=calls)
    assert fine.stop_times["is_interpolated"].any()
    assert check(fine).counts() == {}
    fast = read(tmp_path, [0, 50, 200], [], stop_times=calls)
    assert find_too_fast(fast).select("from_stop_index", "to_stop_index").rows() == [(0, 2)]


def test_every_ride_is_judged_as_by_the_definition(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    km = np.cumsum(rng.uniform(0, 12, 30)).tolist()
    seconds = np.cumsum(rng.integers(0, 600, 30)) + 28_800
    times = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in seconds.tolist()]
    timetable = read(tmp_path, km, times)
    rows = timetable.stop_times.join(timetable.stops.select("stop_index", "lat"), on="stop_index").sort("position")
    lat, at = rows["lat"].to_numpy(), rows["arrival_s"].to_numpy()
    distance = compute_haversine_m(-3, lat[:-1], -3, lat[1:])
    expected = np.flatnonzero(distance > MAX_SPEEDS_MS["bus"] * (np.diff(at) + ROUNDING_S))
    assert expected.size > 2
    stop = rows["stop_index"].to_numpy()
    assert sorted(find_too_fast(timetable)["from_stop_index"].to_list()) == sorted(stop[expected].tolist())


def build_stops(places: list[tuple[float, float]]) -> list[Row]:
    return [
        {"stop_id": f"S{n}", "stop_name": f"Stop {n}", "stop_lat": lat, "stop_lon": lon}
        for n, (lon, lat) in enumerate(places)
    ]


def read_places(folder: Path, places: list[tuple[float, float]], timezone: str) -> Timetable:
    hours = [(f"S{n}", f"{n * 9:02d}:00:00") for n in range(len(places))]
    return read_gtfs(
        build_gtfs(
            folder,
            stops=build_stops(places),
            stop_times=make_calls("T1", hours),
            agency=[{**AGENCY[0], "agency_timezone": timezone}],
            routes=[{**ROUTES[0], "route_type": 2}],
        ),
        feed="rail",
        notices=Notices(),
    )


BRITISH = [
    (-6.3, 49.92), (-5.6, 50.1), (-0.13, 51.5), (1.75, 52.6), (1.4, 51.13), (-4.65, 53.31), (-5.3, 51.9), (-3.2, 55.95),
    (-6.4, 56.0), (-7.6, 57.8), (-8.55, 57.82), (-5.8, 55.32), (-3.05, 58.64), (-2.96, 58.98), (-0.85, 60.8),
    (-1.5, 55.0), (-0.3, 53.7), (-4.5, 54.15), (-2.08, 57.15), (-1.3, 50.6),
]  # fmt: skip


def test_stops_outside_great_britain_are_listed_and_its_corners_are_not(tmp_path: Path) -> None:
    abroad = [(-6.26, 53.35), (1.85, 50.95), (-5.93, 54.6), (2.35, 48.85)]
    notices = check(read_places(tmp_path, [*BRITISH, *abroad], "Europe/London"))
    listed = notices.to_frame().query("code == 'stop_outside_britain'")
    assert listed["value"].tolist() == ["rail:S20", "rail:S21", "rail:S22", "rail:S23"]
    assert check(read_places(tmp_path, BRITISH, "Europe/London")).counts() == {}


def test_nothing_is_taken_for_british_that_is_not(tmp_path: Path) -> None:
    porto_alegre = [(-51.2 + n / 100, -30.0) for n in range(24)]
    assert check(read_places(tmp_path, porto_alegre, "America/Sao_Paulo")).counts() == {}
    belfast = [(-5.93 - n / 100, 54.6) for n in range(24)]
    assert check(read_places(tmp_path, belfast, "Europe/London")).counts() == {}


def test_a_stop_on_another_continent_is_far_from_the_others(tmp_path: Path) -> None:
    places = [(-51.2 + n / 100, -30.0) for n in range(24)]
    notices = check(read_places(tmp_path, [*places, (-3.0, 51.5)], "America/Sao_Paulo"))
    assert notices.counts() == {"stop_far_from_others": 1, "timetable_too_fast": 1}
    assert "lat 51.50000, lon -3.00000" in notices.to_frame()["detail"][0]
