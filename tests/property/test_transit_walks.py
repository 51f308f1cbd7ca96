"""Rows of walks within reach answer what the table of all pairs answers, whichever way it is cut and turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.blocks import cut_query
from pipeline.routing.raptor import RangeQuery, compute_all_times, compute_percentiles
from pipeline.routing.window import DepartureWindow
from pipeline.streets.shortest_paths import WalkGraph
from pipeline.transit.footpaths import LinkedPoints
from pipeline.transit.linking import compute_walk_matrix, compute_walk_rows
from pipeline.transit.walks import SparseWalks
from tests.support.routing_worlds import make_network, make_world


def build_rows(table):
    origin, destination = np.nonzero(table >= 0)
    indptr = np.searchsorted(origin, np.arange(table.shape[0] + 1))
    return SparseWalks(
        indptr.astype(np.int64), destination.astype(np.int32), table[origin, destination], table.shape[1]
    )


tables = st.tuples(st.integers(1, 7), st.integers(1, 6), st.integers(0, 10**6)).map(
    lambda t: np.random.default_rng(t[2]).integers(-3, 4, (t[0], t[1])).clip(-1).astype(np.int32)
)


@given(table=tables, cuts=st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_rows_and_table_are_the_same_after_turning_and_cutting(table, cuts):
    rows = build_rows(table)
    np.testing.assert_array_equal(rows.to_table(), table)
    np.testing.assert_array_equal(rows.transpose().to_table(), table.T)
    first, end = sorted(min(cut, table.shape[0]) for cut in cuts)
    np.testing.assert_array_equal(rows.cut(first, end).to_table(), table[first:end])


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), is_return=st.booleans(), is_by_rounds=st.booleans())
def test_travel_times_do_not_depend_on_how_walks_are_kept(seed, is_return, is_by_rounds):
    world = make_world(seed, n_stops=9, n_lines=8)
    table = np.array(world.walk, dtype=np.int32)
    query = RangeQuery(
        make_network(world),
        DepartureWindow(0, 20, 5400),
        destinations=np.arange(table.shape[1], dtype=np.int32),
        walk_s=table,
        is_return=is_return,
        is_by_rounds=is_by_rounds,
    )
    sparse = replace(query, walk_s=build_rows(table))
    times = compute_all_times(query)
    np.testing.assert_array_equal(compute_all_times(sparse), times)
    np.testing.assert_array_equal(compute_percentiles(sparse, (50,)), compute_percentiles(query, (50,)))
    part = cut_query(sparse, 1, times.shape[0])
    np.testing.assert_array_equal(compute_all_times(part), times[1:])


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), cap_s=st.integers(0, 2000))
def test_rows_of_walks_are_the_pairs_of_the_matrix_within_the_cap(seed, cap_s):
    rng = np.random.default_rng(seed)
    n = 12
    length = rng.integers(1, 60_000, n - 1)
    ends = np.array([(i, i + 1) for i in range(n - 1)] + [(i + 1, i) for i in range(n - 1)])
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    graph = WalkGraph(
        np.searchsorted(ends[order, 0], np.arange(n + 1)).astype(np.int32),
        ends[order, 1].astype(np.int32),
        np.concatenate([length, length])[order].astype(np.int32),
    )

    def draw(k):
        return LinkedPoints(rng.integers(-1, n, k).astype(np.int32), rng.integers(0, 5000, k).astype(np.int32))

    origins, destinations = draw(5), draw(4)
    table = compute_walk_matrix(graph, origins, destinations, walk_kmh=4.8, cap_s=cap_s)
    rows = compute_walk_rows(graph, origins, destinations, walk_kmh=4.8, cap_s=cap_s)
    np.testing.assert_array_equal(rows.to_table(), table)


def test_walks_of_another_shape_are_refused():
    world = make_world(3, n_stops=9, n_lines=8)
    table = np.array(world.walk, dtype=np.int32)
    query = RangeQuery(
        make_network(world),
        DepartureWindow(0, 5, 3600),
        destinations=np.arange(table.shape[1] + 1, dtype=np.int32),
        walk_s=build_rows(table),
    )
    with pytest.raises(ValueError, match="walk_s must be of shape"):
        compute_all_times(query)
