"""Reliability, the k nearest, weights within reach and deadlines, against the definition on random worlds."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.decay import DECAYS, build_decay
from pipeline.routing.diminishing import build_discount
from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.questions import (
    compute_nearest_ranks,
    compute_opportunities,
    compute_reliability,
    mirror_window,
    summarise_reliability,
)
from pipeline.routing.raptor import RangeQuery, compute_all_times, compute_cumulative
from pipeline.routing.window import DepartureWindow, compute_statistics
from pipeline.transit.mirror import mirror_network
from pipeline.transit.subset import keep_accessible
from tests.support.examples import limit_examples
from tests.support.routing_oracle import compute_arrivals, compute_times
from tests.support.routing_worlds import World, make_network, make_world

ALL = np.arange(3, dtype=np.int32)
SEEDS = st.integers(0, 10**6)


def _query(seed: int, *, is_return: bool, n_minutes: int = 20, cap_s: int = 3600, **more: object) -> RangeQuery:
    world = make_world(seed, n_lines=8)
    walk_s = np.array(world.walk, dtype=np.int32)
    window = DepartureWindow(600, n_minutes, cap_s)
    return RangeQuery(make_network(world), window, destinations=ALL, walk_s=walk_s, is_return=is_return, **more)


def _mirror_query(query: RangeQuery) -> RangeQuery:
    """Turn a question about deadlines into one about departures, as the stages and the matrix command do."""
    network, window = mirror_network(query.network), mirror_window(query.window)
    return replace(query, network=network, window=window, is_return=not query.is_return)


def _mirror(world: World) -> World:
    """The same world with time running backwards, trip by trip."""
    trips = [
        (0, mode, [(stop, -dep, -arr, off, on) for stop, arr, dep, on, off in reversed(calls)])
        for _, mode, calls in world.trips
    ]
    return replace(world, trips=trips, foot={(b, a): s for (a, b), s in world.foot.items()})


def _arrives(
    world: World, origin: int, destination: int, times: tuple[int, int], max_changes: int | None, is_return: bool
) -> bool:
    ends = (world.egress, world.access) if is_return else (world.access, world.egress)
    start, end = (destination, origin) if is_return else (origin, destination)
    arrival = compute_arrivals(world, ends[0][start], [ends[1][end]], times[0], max_changes)[0]
    return arrival is not None and arrival <= times[1]


@pytest.mark.parametrize("is_return", [False, True])
@settings(max_examples=limit_examples(60))
@given(
    seed=SEEDS,
    interchange_s=st.sampled_from([0, 120]),
    cap_s=st.sampled_from([1500, 4000]),
    max_changes=st.sampled_from([None, None, 0, 1]),
)
def test_a_deadline_asks_for_the_latest_departure_that_meets_it(is_return, seed, interchange_s, cap_s, max_changes):
    world = make_world(seed, interchange_s=interchange_s)
    deadlines = DepartureWindow(3000, 8, cap_s)
    walk_s = np.array(world.walk, dtype=np.int32)
    query = RangeQuery(make_network(world), deadlines, ALL, walk_s, max_changes=max_changes, is_return=is_return)
    times = compute_all_times(_mirror_query(query))[:, :, ::-1]
    by_origin = times if is_return else times.transpose(1, 0, 2)
    wanted = np.array(compute_times(_mirror(world), -3420, 8, cap_s, max_changes=max_changes, is_return=not is_return))[
        :, :, ::-1
    ]
    np.testing.assert_array_equal(times, wanted)
    # and from the definition, without any mirror: leaving then one arrives in time, leaving a second later one does not
    for origin, destination, minute in [(0, 0, 0), (1, 2, 7), (2, 1, 4), (3, 0, 3)]:
        taken = by_origin[origin, destination, minute]
        deadline = 3000 + 60 * minute
        walk = world.walk[origin][destination]
        for candidate, meets in ((taken, True), (taken - 1, False)):
            if taken < 0 or candidate < 0:
                continue
            leave = deadline - candidate
            is_walk = 0 <= walk <= candidate
            found = is_walk or _arrives(world, origin, destination, (leave, deadline), max_changes, is_return)
            assert found == meets, (origin, destination, minute, taken)


@settings(max_examples=limit_examples(80))
@given(seed=SEEDS, is_return=st.booleans(), max_changes=st.sampled_from([None, 0, 1]))
def test_mirrored_twice_nothing_changes(seed, is_return, max_changes):
    query = _query(seed, is_return=is_return, max_changes=max_changes)
    network = query.network
    twice = mirror_network(mirror_network(network))
    for one in fields(network):
        np.testing.assert_array_equal(getattr(twice, one.name), getattr(network, one.name), err_msg=one.name)
    times = compute_all_times(query)
    np.testing.assert_array_equal(compute_all_times(_mirror_query(_mirror_query(query))), times)


@pytest.mark.parametrize("is_return", [False, True])
@settings(max_examples=limit_examples(80))
@given(seed=SEEDS)
def test_the_scan_of_a_mirrored_network_gives_the_least_of_the_pairs(is_return, seed):
    query = _mirror_query(_query(seed, is_return=is_return))
    times = compute_all_times(query)
    by_destination = times if query.is_return else times.transpose(1, 0, 2)
    infinite = np.where(by_destination < 0, 10**9, by_destination).min(axis=0)
    scan = compute_nearest_return if query.is_return else compute_nearest
    walk = build_nearest_walk(query.walk_s)
    found = scan(query.network, build_seeds(query.network, ALL), query.window, walk=walk)
    np.testing.assert_array_equal(found.travel_time_s, np.where(infinite == 10**9, -1, infinite))


@settings(max_examples=limit_examples(80))
@given(seed=SEEDS, is_return=st.booleans(), k=st.integers(1, 3), n_threads=st.sampled_from([1, 2]))
def test_ranks_are_the_sorted_pairs(seed, is_return, k, n_threads):
    query = _query(seed, is_return=is_return, n_threads=n_threads)
    times = compute_all_times(query)
    by_home = times.transpose(1, 0, 2) if is_return else times
    infinite = np.where(by_home < 0, 10**9, by_home)
    order = np.argsort(infinite, axis=1, kind="stable")[:, :k]
    wanted = np.take_along_axis(infinite, order, axis=1)
    found = compute_nearest_ranks(query, k)
    np.testing.assert_array_equal(found.travel_time_s, np.where(wanted == 10**9, -1, wanted))
    np.testing.assert_array_equal(found.destination, np.where(wanted == 10**9, -2, order))


def _summarise(row: list[int]) -> tuple[float, float, float]:
    """Reachable %, longest gap and wait if missed, minute by minute; NaN for none."""
    n = len(row)
    arrival = [60 * m + taken if taken >= 0 else math.inf for m, taken in enumerate(row)]
    useful = [m for m in range(n) if arrival[m] < math.inf and (m == n - 1 or arrival[m + 1] > arrival[m])]
    gaps = [60 * (b - a) for a, b in zip([0, *useful], useful, strict=False)]
    known = [m for m in useful if m < n - 1]
    waits = [60 * (b - a) for a, b in pairwise(known)]
    return (
        100 * sum(taken >= 0 for taken in row) / n,
        max(gaps) if gaps else math.nan,
        sum(waits) / len(waits) if waits else math.nan,
    )


@settings(max_examples=limit_examples(80))
@given(seed=SEEDS, is_return=st.booleans())
def test_reliability_minute_by_minute(seed, is_return):
    query = _query(seed, is_return=is_return, n_minutes=45, cap_s=2400)
    times = compute_all_times(query)
    wanted = np.array([[_summarise(row) for row in rows] for rows in times.tolist()])
    found = compute_reliability(query)
    rows = summarise_reliability(times.reshape(-1, 45))
    for number, one in enumerate(fields(found)):
        np.testing.assert_allclose(getattr(found, one.name), wanted[:, :, number])
        np.testing.assert_allclose(getattr(rows, one.name), wanted[:, :, number].ravel())
    known = compute_statistics(times.reshape(-1, 45), query.window).longest_gap_s
    np.testing.assert_array_equal(np.where(np.isnan(rows.longest_gap_s), -1, rows.longest_gap_s), known)


@settings(max_examples=limit_examples(60))
@given(seed=SEEDS, is_return=st.booleans(), decay=st.sampled_from(DECAYS))
def test_opportunities_minute_by_minute(seed, is_return, decay):
    query = _query(seed, is_return=is_return)
    weight, limits = np.array([5.0, 1.0, 20.5]), [600, 1500, 3600]
    factor = build_decay(decay, limits, cap_s=query.window.cap_s)
    times = compute_all_times(query)
    by_home = times.transpose(1, 0, 2) if is_return else times
    wanted = np.zeros((4, 3, 20))
    for home, destination, minute in np.ndindex(by_home.shape):
        taken = int(by_home[home, destination, minute])
        if taken >= 0:
            wanted[home, :, minute] += weight[destination] * factor[:, taken]
    ordered = np.sort(wanted, axis=2)
    found = compute_opportunities(query, weight, factor, (25, 50, 75))
    np.testing.assert_allclose(found, ordered[:, :, [4, 9, 14]])
    if decay == "step" and not is_return:
        np.testing.assert_array_equal(found[:, :, 1], compute_cumulative(query, weight, limits)[:, :, 0])


@settings(max_examples=limit_examples(60))
@given(
    seed=SEEDS,
    is_return=st.booleans(),
    decay=st.sampled_from(DECAYS),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    weight=st.lists(st.sampled_from([0.0, 1.0, 1.0, 7.5, 20.0]), min_size=3, max_size=3),
    n_threads=st.sampled_from([1, 2]),
)
def test_the_kth_nearest_opportunity_counts_less(seed, is_return, decay, alpha, weight, n_threads):
    query = _query(seed, is_return=is_return, n_threads=n_threads)
    factor = build_decay(decay, [600, 1500, 3600], cap_s=query.window.cap_s)
    times = compute_all_times(query)
    by_home = times.transpose(1, 0, 2) if is_return else times
    wanted = np.zeros((4, 3, 20))
    for home, minute in np.ndindex(4, 20):
        reached = [(int(t), -weight[d], d) for d, t in enumerate(by_home[home, :, minute]) if t >= 0 and weight[d]]
        for k, (taken, minus_weight, _) in enumerate(sorted(reached), 1):
            wanted[home, :, minute] += -minus_weight * factor[:, taken] / k**alpha
    found = compute_opportunities(query, np.array(weight), factor, (25, 50, 75), diminishing=alpha)
    np.testing.assert_allclose(found, np.sort(wanted, axis=2)[:, :, [4, 9, 14]], atol=1e-12)
    plain = compute_opportunities(query, np.array(weight), factor, (25, 50, 75))
    assert bool(np.all(found <= plain + 1e-9))


def test_diminishing_needs_a_number():
    assert build_discount(1.0, 4).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert build_discount(0.0, 3).tolist() == [1, 1, 1]
    for alpha in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="alpha"):
            build_discount(alpha, 3)


def test_decay_functions_at_points_that_are_known():
    limits, cap_s = [900, 1800], 7200
    tables = {name: build_decay(name, limits, cap_s=cap_s) for name in DECAYS}
    for name, table in tables.items():
        assert table.shape == (2, cap_s + 1)
        assert bool(np.all(np.diff(table, axis=1) <= 0)), name
        assert 0 <= float(table.min()) <= float(table.max()) <= 1
        at_limit = [table[0, 900], table[1, 1800]]
        np.testing.assert_allclose(at_limit, [1, 1] if name == "step" else [0.5, 0.5])
    assert tables["step"][0, 901] == 0
    np.testing.assert_allclose(tables["linear"][0, [600, 750, 1200]], [1, 0.75, 0])
    np.testing.assert_allclose(tables["exponential"][1, [0, 3600]], [1, 0.25])
    np.testing.assert_allclose(tables["logistic"][0, 1500], 1 / (1 + math.exp(math.pi / math.sqrt(3))))
    np.testing.assert_allclose(tables["gaussian"][0, [300, 1500]], [0.8413447, 0.1586553], atol=1e-6)
    np.testing.assert_allclose(
        build_decay("linear", [900], cap_s=1800, parameter_s=60)[0, [870, 900, 930]], [1, 0.5, 0]
    )
    for wrong in ({"name": "cubic"}, {"limits_s": [0]}, {"parameter_s": 0.0}, {"parameter_s": math.nan}):
        with pytest.raises(ValueError, match=r"decay|positive"):
            build_decay(**({"name": "linear", "limits_s": [60], "cap_s": 60} | wrong))


@settings(max_examples=limit_examples(80))
@given(seed=SEEDS, is_return=st.booleans())
def test_wheelchairs_use_only_what_is_flagged(seed, is_return):
    world = make_world(seed, n_lines=8)
    rng = np.random.default_rng(seed)
    flags = rng.integers(0, 3, len(world.trips)).astype(np.uint8)
    is_open = rng.random(world.n_stops) < 0.7
    network = make_network(world)
    network = replace(network, trip_wheelchair=flags[network.trip_source])
    kept = [
        (
            shift,
            mode,
            [(s, arr, dep, on and bool(is_open[s]), off and bool(is_open[s])) for s, arr, dep, on, off in calls],
        )
        for (shift, mode, calls), flag in zip(world.trips, flags.tolist(), strict=True)
        if flag == 1
    ]
    wanted = compute_times(replace(world, trips=kept), 0, 15, 5400, is_return=is_return)
    less = keep_accessible(network, is_open)
    window, walk_s = DepartureWindow(0, 15, 5400), np.array(world.walk, dtype=np.int32)
    query = RangeQuery(less, window, destinations=ALL, walk_s=walk_s, is_return=is_return)
    np.testing.assert_array_equal(compute_all_times(query), np.array(wanted))
    for one in range(3):
        scan = compute_nearest_return if is_return else compute_nearest
        alone = scan(less, build_seeds(less, ALL[one : one + 1]), window).travel_time_s
        bare = compute_all_times(replace(query, destinations=ALL[one : one + 1], walk_s=None))
        np.testing.assert_array_equal(alone, bare[0] if is_return else bare[:, 0])
