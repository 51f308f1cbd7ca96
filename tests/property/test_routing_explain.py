"""Explained journeys: as quick as the scan says, and each leg can be followed in the world."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.explain import explain_journey
from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs
from pipeline.routing.window import DepartureWindow
from tests.support.examples import limit_examples
from tests.support.routing_worlds import make_network, make_world

ALL = np.arange(3, dtype=np.int32)


@settings(max_examples=limit_examples(120))
@given(seed=st.integers(0, 10**6), interchange_s=st.sampled_from([0, 120]), is_return=st.booleans())
def test_journeys_can_be_followed(seed, interchange_s, is_return):
    world = make_world(seed, interchange_s=interchange_s, n_lines=8)
    network = make_network(world)
    seeds, walk = build_seeds(network, ALL), build_nearest_walk(np.array(world.walk, dtype=np.int32))
    window = DepartureWindow(0, 12, 5400)
    scan = compute_nearest_return if is_return else compute_nearest
    times = scan(network, seeds, window, walk=walk).travel_time_s
    for origin, minute in np.ndindex(times.shape):
        journey = explain_journey(network, origin, seeds, 60 * minute, cap_s=5400, walk=walk, is_return=is_return)
        assert (journey.travel_time_s if journey else -1) == times[origin, minute]
        if journey is not None:
            _follow(world, network, journey, origin, is_return)


@settings(max_examples=limit_examples(120))
@given(
    seed=st.integers(0, 10**6),
    interchange_s=st.sampled_from([0, 120]),
    is_return=st.booleans(),
    max_changes=st.integers(0, 3),
)
def test_a_limit_on_changes_is_kept_and_exact(seed, interchange_s, is_return, max_changes):
    world = make_world(seed, interchange_s=interchange_s, n_lines=8)
    network, walk_s = make_network(world), np.array(world.walk, dtype=np.int32)
    seeds, walk = build_seeds(network, ALL), build_nearest_walk(walk_s)
    window = DepartureWindow(0, 12, 5400)
    query = RangeQuery(network, window, ALL, walk_s, max_changes=max_changes, is_return=is_return)
    times = compute_nearest_by_pairs(query).travel_time_s
    limits = {"cap_s": 5400, "max_changes": max_changes, "is_return": is_return}
    for origin, minute in np.ndindex(times.shape):
        journey = explain_journey(network, origin, seeds, 60 * minute, walk=walk, **limits)
        assert (journey.travel_time_s if journey else -1) == times[origin, minute]
        if journey is None:
            continue
        _follow(world, network, journey, origin, is_return)
        n_rides = sum(leg.kind == "ride" for leg in journey.legs)
        assert n_rides <= max_changes + 1
        if n_rides > 1:  # nothing with fewer changes is as quick
            fewer = explain_journey(
                network, origin, seeds, 60 * minute, walk=walk, **{**limits, "max_changes": n_rides - 2}
            )
            assert fewer is None or fewer.travel_time_s > journey.travel_time_s


def _follow(world, network, journey, origin, is_return):
    home, away = world.access[origin], world.egress[journey.destination]
    first, last = (away, home) if is_return else (home, away)
    legs = journey.legs
    if len(legs) == 1 and legs[0].kind == "walk":
        assert world.walk[origin][journey.destination] == journey.travel_time_s
        return
    assert legs[0].start_s == journey.leave_s
    assert legs[-1].end_s == journey.arrive_s
    assert all(a.end_s == b.start_s for a, b in pairwise(legs))
    rides = [leg for leg in legs if leg.kind == "ride"]
    start_walk = legs[0].end_s - legs[0].start_s if legs[0].kind == "walk" else 0
    end_walk = legs[-1].end_s - legs[-1].start_s if legs[-1].kind == "walk" else 0
    assert first[rides[0].from_stop] == start_walk
    assert last[rides[-1].to_stop] == end_walk
    for ride in rides:
        _, _, calls = world.trips[network.trip_source[ride.trip]]
        assert any(
            (a[0], a[2], b[0], b[1]) == (ride.from_stop, ride.start_s, ride.to_stop, ride.end_s) and a[3] and b[4]
            for i, a in enumerate(calls)
            for b in calls[i + 1 :]
        )
    for before, after in pairwise(rides):
        same = before.to_stop == after.from_stop
        needed = world.change.get(before.to_stop) if same else world.foot.get((before.to_stop, after.from_stop))
        assert needed is not None
        assert before.end_s + needed <= after.start_s
