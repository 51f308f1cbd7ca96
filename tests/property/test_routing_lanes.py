"""Many starts at a time against rounds and against the definition, on random worlds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.lane_kernels import LONGEST
from pipeline.routing.lanes import run_lanes
from pipeline.routing.raptor import RangeQuery, _state, compute_all_times, compute_cumulative, compute_percentiles
from pipeline.routing.window import DepartureWindow
from tests.support.examples import limit_examples
from tests.support.routing_oracle import compute_times
from tests.support.routing_worlds import World, make_network, make_world

ALL = np.arange(3, dtype=np.int32)
PERCENTILES = (0, 5, 25, 50, 75, 95, 100)


@settings(max_examples=limit_examples(300))
@given(
    seed=st.integers(0, 10**6),
    interchange_s=st.sampled_from([0, 60, 120]),
    grain_s=st.sampled_from([30, 60]),
    n_minutes=st.sampled_from([1, 2, 20, LONGEST, LONGEST + 1, 2 * LONGEST + 7]),
    cap_s=st.sampled_from([0, 600, 3600, 20_000]),
    is_return=st.booleans(),
)
def test_times_percentiles_and_weights_are_those_of_rounds(seed, interchange_s, grain_s, n_minutes, cap_s, is_return):
    world = make_world(seed, interchange_s=interchange_s, grain_s=grain_s, n_stops=9, n_lines=8)
    window = DepartureWindow(-300 + seed % 900, n_minutes, cap_s)
    walk_s = np.array(world.walk, dtype=np.int32)
    query = RangeQuery(make_network(world), window, destinations=ALL, walk_s=walk_s, is_return=is_return)
    rounds = replace(query, is_by_rounds=True)
    times = compute_all_times(rounds)
    np.testing.assert_array_equal(compute_all_times(query), times)
    np.testing.assert_array_equal(compute_all_times(replace(query, n_threads=2)), times)
    found, wanted = (compute_percentiles(q, PERCENTILES) for q in (query, rounds))
    np.testing.assert_array_equal(found, wanted)
    infinite = np.sort(np.where(times < 0, 10**9, times), axis=2)
    ranks = [max(int(np.ceil(p * n_minutes / 100)) - 1, 0) for p in PERCENTILES]
    np.testing.assert_array_equal(found, np.where(infinite[:, :, ranks] == 10**9, -1, infinite[:, :, ranks]))
    weight = np.array([0.1, 0.7, 1 / 3, 1e-9])[: times.shape[1]]
    counts = [compute_cumulative(q, weight, [300, 1800]) for q in (query, rounds)]
    np.testing.assert_array_equal(counts[0], counts[1])


@settings(max_examples=limit_examples(150))
@given(seed=st.integers(0, 10**6), cap_s=st.sampled_from([900, 7200]))
def test_links_and_changes_without_duration_agree_with_the_definition(seed, cap_s):
    world = make_world(seed, interchange_s=0, grain_s=60, n_stops=5, n_lines=7)
    for trip, (shift, mode, calls) in enumerate(world.trips):
        first = calls[0][1]
        if trip % 2:  # the whole trip at one moment
            world.trips[trip] = (shift, mode, [(stop, first, first, on, off) for stop, _, _, on, off in calls])
    wanted = compute_times(world, 0, 12, cap_s, with_walk=False)
    query = RangeQuery(make_network(world), DepartureWindow(0, 12, cap_s), destinations=ALL)
    np.testing.assert_array_equal(compute_all_times(query), np.array(wanted))


def test_whoever_boards_at_a_later_call_has_not_been_at_an_earlier_one():
    """All at one moment: a trip 0-1-2 boarded at 1 must not count as having arrived at 1 by vehicle."""
    world = World(
        4, trips=[(0, "bus", [(s, 600, 600, True, True) for s in (0, 1, 2)])], change=dict.fromkeys(range(4), 0)
    )
    world.trips.append((0, "bus", [(2, 600, 600, True, True), (3, 600, 600, True, True)]))
    world.access, world.egress, world.walk = [{1: 0}], [{1: 30}, {2: 30}, {3: 30}], [[-1, -1, -1]]
    times = compute_all_times(RangeQuery(make_network(world), DepartureWindow(600, 1, 3600), destinations=ALL))
    assert times[0, :, 0].tolist() == [-1, 30, 30]


@settings(max_examples=limit_examples(60))
@given(seed=st.integers(0, 10**6))
def test_blocks_of_starts_and_parts_of_ends_change_nothing(seed):
    world = make_world(seed, n_stops=9, n_lines=8)
    world.access, world.walk = 20 * world.access, 20 * world.walk
    walk_s = np.array(world.walk, dtype=np.int32)
    query = RangeQuery(make_network(world), DepartureWindow(0, 30, 5400), destinations=ALL, walk_s=walk_s)
    times = compute_all_times(query)
    np.testing.assert_array_equal(times, np.tile(times[:4], (20, 1, 1)))
    narrow = np.full(times.shape, -9, np.int32)
    finished = []

    def keep(first, end, first_end, last_end, part):
        narrow[first:end, first_end:last_end] = part

    run_lanes(_state(query), keep, lambda *span: finished.append(span), values_a_start=2_000_000, n_threads=2)
    np.testing.assert_array_equal(narrow, times)
    assert sorted(finished) == [(first, first + 8) for first in range(0, 80, 8)]


def test_ranks_of_a_long_window_are_refused():
    world = make_world(1)
    query = RangeQuery(make_network(world), DepartureWindow(0, LONGEST + 1, 5400), destinations=ALL)
    with pytest.raises(ValueError, match="at most 120 minutes"):
        run_lanes(_state(query), lambda *_: None, ranks=np.zeros(1, np.int32))
