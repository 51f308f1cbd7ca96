"""Both algorithms against the definition, on random worlds, in full matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.profile_scan import (
    build_nearest_walk,
    build_seeds,
    compute_has_route,
    compute_nearest,
    compute_nearest_return,
)
from pipeline.routing.raptor import RangeQuery, compute_all_times, compute_nearest_by_pairs
from pipeline.routing.window import DepartureWindow
from tests.support.examples import limit_examples
from tests.support.routing_oracle import compute_arrivals, compute_times
from tests.support.routing_worlds import World, make_network, make_world

ALL = np.arange(3, dtype=np.int32)


def _nearest(times: np.ndarray) -> np.ndarray:
    infinite = np.where(times < 0, 10**9, times).min(axis=0)
    return np.where(infinite == 10**9, -1, infinite)


@pytest.mark.parametrize("is_return", [False, True])
@settings(max_examples=limit_examples(250))
@given(
    seed=st.integers(0, 10**6),
    interchange_s=st.sampled_from([0, 120]),
    grain_s=st.sampled_from([30, 60]),
    start_s=st.sampled_from([0, 17, 1800]),
    cap_s=st.sampled_from([1500, 3600, 7200]),
)
def test_scan_and_raptor_agree_with_the_definition(is_return, seed, interchange_s, grain_s, start_s, cap_s):
    world = make_world(seed, interchange_s=interchange_s, grain_s=grain_s)
    network = make_network(world)
    window = DepartureWindow(start_s, 20, cap_s)
    walk_s = np.array(world.walk, dtype=np.int32)
    wanted = np.array(compute_times(world, start_s, 20, cap_s, is_return=is_return))
    query = RangeQuery(network, window, destinations=ALL, walk_s=walk_s, is_return=is_return)
    for is_by_rounds in (False, True):
        found = compute_all_times(replace(query, is_by_rounds=is_by_rounds))
        np.testing.assert_array_equal(found, wanted)

    by_destination = wanted if is_return else wanted.transpose(1, 0, 2)
    nearest = _nearest(by_destination)
    scan = compute_nearest_return if is_return else compute_nearest
    found = scan(network, build_seeds(network, ALL), window, walk=build_nearest_walk(walk_s))
    np.testing.assert_array_equal(found.travel_time_s, nearest)
    _check_winners(found.destination, nearest, by_destination)
    by_pairs = compute_nearest_by_pairs(query)
    np.testing.assert_array_equal(by_pairs.travel_time_s, nearest)
    lowest = np.where(nearest < 0, -2, np.argmax(by_destination == nearest, axis=0))
    np.testing.assert_array_equal(by_pairs.destination, lowest)
    if not is_return:
        assert bool(np.all(found.destination >= lowest))
    for one in range(3):
        alone = scan(network, build_seeds(network, ALL[one : one + 1]), window)
        for is_by_rounds in (False, True):
            few = RangeQuery(
                network,
                window,
                destinations=ALL[one : one + 1],
                is_return=is_return,
                is_by_rounds=is_by_rounds,
            )
            bare = compute_all_times(few)
            np.testing.assert_array_equal(alone.travel_time_s, bare[0] if is_return else bare[:, 0])


def _check_winners(winner: np.ndarray, nearest: np.ndarray, by_destination: np.ndarray) -> None:
    assert bool(np.all((winner == -2) == (nearest < 0)))
    row, minute = np.nonzero(winner >= 0)
    np.testing.assert_array_equal(by_destination[winner[row, minute], row, minute], nearest[row, minute])


@settings(max_examples=limit_examples(250))
@given(
    seed=st.integers(0, 10**6),
    interchange_s=st.sampled_from([0, 120]),
    max_changes=st.integers(0, 3),
    is_return=st.booleans(),
)
def test_limited_changes_agree_with_the_definition(seed, interchange_s, max_changes, is_return):
    world = make_world(seed, interchange_s=interchange_s, n_lines=8, n_stops=9)
    window = DepartureWindow(600, 15, 5400)
    wanted = compute_times(world, 600, 15, 5400, max_changes=max_changes, is_return=is_return, with_walk=False)
    query = RangeQuery(make_network(world), window, destinations=ALL, max_changes=max_changes, is_return=is_return)
    np.testing.assert_array_equal(compute_all_times(query), np.array(wanted))


@settings(max_examples=limit_examples(120))
@given(seed=st.integers(0, 10**6), interchange_s=st.sampled_from([0, 120]), start_s=st.sampled_from([0, 1500, 4000]))
def test_existence_of_a_route(seed, interchange_s, start_s):
    world = make_world(seed, interchange_s=interchange_s)
    network = make_network(world)
    for one in range(3):
        seeds = build_seeds(network, ALL[one : one + 1])
        wanted = [compute_arrivals(world, access, world.egress, start_s)[one] is not None for access in world.access]
        assert compute_has_route(network, seeds, start_s).tolist() == wanted
        homeward = compute_arrivals(world, world.egress[one], world.access, start_s)
        assert compute_has_route(network, seeds, start_s, is_return=True).tolist() == [a is not None for a in homeward]


@settings(max_examples=limit_examples(120))
@given(seed=st.integers(0, 10**6), interchange_s=st.sampled_from([0, 120]))
def test_more_service_is_never_slower_and_a_further_destination_never_worsens(seed, interchange_s):
    world = make_world(seed, interchange_s=interchange_s, n_lines=6)
    window = DepartureWindow(0, 30, 7200)
    less = World(**{**vars(world), "trips": world.trips[::2]})
    infinite = [
        np.where(times < 0, 10**9, times)
        for times in (compute_all_times(RangeQuery(make_network(w), window, destinations=ALL)) for w in (world, less))
    ]
    assert bool(np.all(infinite[0] <= infinite[1]))
    network = make_network(world)
    two, three = (compute_nearest(network, build_seeds(network, ALL[:k]), window).travel_time_s for k in (2, 3))
    assert bool(np.all((two < 0) | ((three >= 0) & (three <= two))))


@settings(max_examples=limit_examples(120))
@given(seed=st.integers(0, 10**6), interchange_s=st.sampled_from([0, 120]))
def test_renumbering_stops_and_trips_changes_nothing(seed, interchange_s):
    world = make_world(seed, interchange_s=interchange_s)
    n = world.n_stops
    order = np.random.default_rng(seed).permutation(n).tolist()
    renumbered = World(
        n,
        trips=[(s, m, [(order[c[0]], *c[1:]) for c in calls]) for s, m, calls in reversed(world.trips)],
        change={order[s]: c for s, c in world.change.items()},
        foot={(order[a], order[b]): s for (a, b), s in world.foot.items()},
        access=[{order[s]: v for s, v in row.items()} for row in world.access],
        egress=[{order[s]: v for s, v in row.items()} for row in world.egress],
        walk=world.walk,
    )
    window = DepartureWindow(0, 30, 5400)
    for scan in (compute_nearest, compute_nearest_return):
        found = [scan(net, build_seeds(net, ALL), window) for net in (make_network(world), make_network(renumbered))]
        np.testing.assert_array_equal(found[0].travel_time_s, found[1].travel_time_s)
        np.testing.assert_array_equal(found[0].destination, found[1].destination)
