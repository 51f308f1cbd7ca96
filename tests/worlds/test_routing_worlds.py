"""Worlds whose travel times are known in theory."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.raptor import (
    RangeQuery,
    compute_all_times,
    compute_cumulative,
    compute_nearest_by_pairs,
    compute_percentiles,
)
from pipeline.routing.window import DepartureWindow, compute_statistics
from tests.support.routing_worlds import World, make_network

ONE = np.array([0], dtype=np.int32)


def _line(headway_min, ride_min, *, offset_s=0, hours=10):
    """Stop 0 to stop 1, every so many minutes; origin 200 s from the first, destination 100 s from the last."""
    trips = [
        (0, "bus", [(0, t, t, True, True), (1, t + 60 * ride_min, t + 60 * ride_min, True, True)])
        for t in range(offset_s, 3600 * hours, 60 * headway_min)
    ]
    return World(2, trips=trips, change={0: 120, 1: 120}, access=[{0: 200}], egress=[{1: 100}], walk=[[-1]])


@pytest.mark.parametrize(("headway_min", "ride_min"), [(10, 15), (30, 20), (60, 7), (1, 30)])
def test_one_line_gives_a_uniform_distribution(headway_min, ride_min):
    network = make_network(_line(headway_min, ride_min, offset_s=20))
    window = DepartureWindow(3600, 60, 7200)
    times = compute_nearest(network, build_seeds(network, ONE), window).travel_time_s
    least = 200 + 60 * ride_min + 100
    # ready 200 s after a full minute, buses 20 s after one: every wait of 0, 60, ... up to the headway, equally often
    waits = sorted(60 * (i % headway_min) for i in range(60))
    assert sorted(times[0].tolist()) == [least + w for w in waits]
    statistics = compute_statistics(times, window)
    assert statistics.mean_s[0] == pytest.approx(least + 30 * (headway_min - 1))
    assert statistics.longest_gap_s[0] <= 60 * headway_min
    np.testing.assert_array_equal(compute_all_times(RangeQuery(network, window))[:, 0], times)


def test_the_cap_is_inclusive():
    network = make_network(_line(60, 20, offset_s=20))
    for cap_s, count in ((1500, 1), (1499, 0), (1560, 2)):
        window = DepartureWindow(3600, 60, cap_s)
        times = compute_nearest(network, build_seeds(network, ONE), window).travel_time_s
        assert int((times >= 0).sum()) == count
        np.testing.assert_array_equal(compute_all_times(RangeQuery(network, window))[:, 0], times)


def test_last_bus_and_the_night():
    network = make_network(_line(60, 20, hours=2))
    window = DepartureWindow(3600, 60, 7200)
    assert bool(np.all(compute_nearest(network, build_seeds(network, ONE), window).travel_time_s == -1))
    assert compute_percentiles(RangeQuery(network, window)).tolist() == [[[-1]]]


def test_return_runs_the_other_way():
    world = _line(30, 20)
    network = make_network(world)
    window = DepartureWindow(0, 60, 7200)
    assert bool(np.all(compute_nearest_return(network, build_seeds(network, ONE), window).travel_time_s == -1))
    back = World(**{**vars(world), "access": [{1: 100}], "egress": [{0: 200}]})
    there = compute_nearest(network, build_seeds(network, ONE), window).travel_time_s
    home = make_network(back)
    np.testing.assert_array_equal(compute_nearest_return(home, build_seeds(home, ONE), window).travel_time_s, there)


def test_two_walks_are_never_chained():
    # stop 0 to 1 by bus; 1 to 2 on foot; destination beside 2 only: alighting, walking and walking again is no journey
    world = _line(10, 10)
    world = World(
        3,
        trips=world.trips,
        change=dict.fromkeys(range(3), 0),
        foot={(1, 2): 60, (0, 2): 60},
        access=[{0: 60}],
        egress=[{2: 10}],
        walk=[[-1]],
    )
    network = make_network(world)
    window = DepartureWindow(0, 30, 7200)
    for found in (
        compute_nearest(network, build_seeds(network, ONE), window),
        compute_nearest_return(network, build_seeds(network, ONE), window),
        compute_nearest_by_pairs(RangeQuery(network, window)),
    ):
        assert bool(np.all(found.travel_time_s == -1))
        assert bool(np.all(found.destination == -2))


def test_walking_all_the_way_is_limited_by_the_cap_only():
    world = _line(30, 20)
    world.walk = [[1200]]
    network = make_network(world)
    walk = build_nearest_walk(np.array(world.walk, dtype=np.int32))
    times = compute_nearest(network, build_seeds(network, ONE), DepartureWindow(0, 60, 1200), walk=walk)
    assert bool(np.all(times.travel_time_s == 1200))
    times = compute_nearest(network, build_seeds(network, ONE), DepartureWindow(0, 60, 1199), walk=walk)
    assert bool(np.all(times.travel_time_s == -1))


def _grid(size, headway_s, link_s):
    """A bus along every street of a grid, both ways; all leave the edges at the same times."""

    def stop(x, y):
        return x * size + y

    lines = [[stop(x, y) for y in range(size)] for x in range(size)]
    lines += [[stop(x, y) for x in range(size)] for y in range(size)]
    lines += [line[::-1] for line in lines]
    trips = [
        (0, "bus", [(s, t + link_s * i, t + link_s * i, True, True) for i, s in enumerate(line)])
        for line in lines
        for t in range(0, 6 * 3600, headway_s)
    ]
    n = size * size
    return World(
        n,
        trips=trips,
        change=dict.fromkeys(range(n), 60),
        access=[{s: 0} for s in range(n)],
        egress=[{s: 0} for s in range(n)],
    )


def test_grid_city():
    size, headway_s, link_s = 5, 300, 60
    world = _grid(size, headway_s, link_s)
    network = make_network(world)
    window = DepartureWindow(3600, 5, 7200)
    times = compute_all_times(RangeQuery(network, window, max_changes=1))
    unlimited = compute_all_times(RangeQuery(network, window))
    for a in range(size * size):
        for b in range(size * size):
            dx, dy = abs(a // size - b // size), abs(a % size - b % size)
            if a == b:
                continue
            ride = link_s * (dx + dy)
            direct = dx == 0 or dy == 0
            # a headway of five minutes: the waits at the first stop are 0, 60, ..., 240, once each
            if direct:
                assert sorted(times[a, b].tolist()) == [ride + w for w in range(0, 300, 60)]
            else:
                assert bool(np.all(times[a, b] >= ride + 60))
                assert bool(np.all(times[a, b] < ride + 60 + 2 * headway_s))
    assert bool(np.all(unlimited <= times))
    direct_only = compute_all_times(RangeQuery(network, window, max_changes=0))
    for a in range(size * size):
        same_street = [b for b in range(size * size) if a != b and (a // size == b // size or a % size == b % size)]
        assert sorted(np.flatnonzero(direct_only[a, :, 0] >= 0).tolist()) == same_street


def test_jobs_within_reach():
    world = _line(30, 20)
    world.egress = [{1: 100}, {1: 700}, {}]
    world.walk = [[-1, -1, 600]]
    network = make_network(world)
    query = RangeQuery(network, DepartureWindow(3600, 60, 7200), walk_s=np.array(world.walk, dtype=np.int32))
    weight = np.array([10.0, 100.0, 1000.0])
    times = compute_all_times(query)[0]
    limits = (300, 900, 1500, 2700, 4500)
    counts = [
        [sum(w for w, t in zip(weight, row, strict=True) if 0 <= t <= limit) for row in times.T] for limit in limits
    ]
    for percentile, rank in ((50, 29), (25, 14), (100, 59)):
        found = compute_cumulative(query, weight, limits, (percentile,))
        assert found[:, :, 0].tolist() == [[sorted(count)[rank] for count in counts]]
    assert compute_cumulative(query, weight, limits)[:, :, 0].tolist() == [[0.0, 1000.0, 1000.0, 1010.0, 1110.0]]
