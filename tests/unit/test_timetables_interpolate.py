"""Times between timing points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.timetables.interpolate import Interpolated, interpolate_times

NAN = float("nan")


def run(
    times: list[int], *, dist: list[float] | None = None, lat: list[float] | None = None, trip: list[int] | None = None
) -> Interpolated:
    n = len(times)
    clock = np.array(times, dtype=np.int64)
    latitudes = np.array(lat or [NAN] * n)
    return interpolate_times(
        np.array(trip or [0] * n, dtype=np.int64),
        clock,
        clock,
        np.array(dist or [NAN] * n),
        np.where(np.isnan(latitudes), NAN, 0.0),
        latitudes,
    )


def test_evenly_when_nothing_is_known() -> None:
    out = run([0, -1, -1, 100])
    assert out.arrival_s.tolist() == [0, 33, 67, 100]
    assert out.is_interpolated.tolist() == [False, True, True, False]
    assert (out.n_by_shape, out.n_by_line, out.n_evenly) == (0, 0, 2)


def test_by_shape_distance_when_complete() -> None:
    out = run([0, -1, -1, 100], dist=[5, 6, 6, 15], lat=[0, 0.5, 0.6, 1])
    assert out.arrival_s.tolist() == [0, 10, 10, 100]
    assert out.n_by_shape == 2


@pytest.mark.parametrize("dist", [[5, NAN, 6, 15], [5, 4, 6, 15], [NAN, 1, 2, 3]])
def test_by_straight_lines_when_shape_distances_fail(dist: list[float]) -> None:
    out = run([0, -1, -1, 100], dist=dist, lat=[0, 0.5, 0.6, 1])
    assert out.arrival_s.tolist() == [0, 50, 60, 100]
    assert out.n_by_line == 2


def test_unlocated_stops_lie_evenly_between_located_ones() -> None:
    assert run([0, -1, -1, 100], lat=[0, NAN, 0.5, 1]).arrival_s.tolist() == [0, 25, 50, 100]
    assert run([0, -1, -1, 100], lat=[NAN, 0.1, 0.5, 1]).arrival_s.tolist() == [0, 33, 67, 100]


def test_stops_at_one_place_are_placed_evenly() -> None:
    assert run([0, -1, 100], lat=[1, 1, 1], dist=[2, 2, 2]).arrival_s.tolist() == [0, 50, 100]


def test_dwells_count_from_departure_and_trips_are_apart() -> None:
    arrival = np.array([0, -1, 100, 200, -1, 210])
    departure = np.array([20, -1, 110, 200, -1, 210])
    nothing: NDArray[np.float64] = np.full(6, NAN)
    out = interpolate_times(np.array([0, 0, 0, 1, 1, 1]), arrival, departure, nothing, nothing, nothing)
    assert out.arrival_s.tolist() == [0, 60, 100, 200, 205, 210]
    assert out.departure_s.tolist() == [20, 60, 110, 200, 205, 210]


def test_a_trip_does_not_depend_on_the_trips_before_it() -> None:
    rng = np.random.default_rng(5)
    lat = rng.uniform(-80, 80, 400)
    times = [0, *[-1] * 18, 3600] * 20
    whole = run(times, lat=lat.tolist(), trip=np.repeat(np.arange(20), 20).tolist())
    for at in range(20):
        alone = run(times[:20], lat=lat[at * 20 : at * 20 + 20].tolist())
        assert alone.arrival_s.tolist() == whole.arrival_s[at * 20 : at * 20 + 20].tolist()
    assert (np.diff(whole.arrival_s.reshape(20, 20), axis=1) >= 0).all()


def test_nothing_to_do() -> None:
    assert run([1, 2, 3]).arrival_s.tolist() == [1, 2, 3]
