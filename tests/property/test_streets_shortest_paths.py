from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.streets.graph import WalkGraph
from pipeline.streets.shortest_paths import compute_bounded_distances, compute_distance_matrix, compute_nearest_source


@st.composite
def graphs(draw: st.DrawFn) -> tuple[WalkGraph, nx.Graph]:
    """Random sparse graph, lengths from zero on, with several components."""
    n = draw(st.integers(1, 24))
    pairs = draw(
        st.dictionaries(
            st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1]),
            st.integers(0, 9) | st.integers(0, 100_000),
            max_size=50,
        )
    )
    oracle = nx.Graph()
    oracle.add_nodes_from(range(n))
    oracle.add_weighted_edges_from((a, b, w) for (a, b), w in pairs.items())
    arcs = sorted((a, b, w) for (p, q), w in pairs.items() for a, b in ((p, q), (q, p)))
    rows = np.array([a for a, _, _ in arcs], dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
    graph = WalkGraph(
        indptr, np.array([b for _, b, _ in arcs], dtype=np.int32), np.array([w for *_, w in arcs], dtype=np.int32)
    )
    return graph, oracle


def points(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random vertices, some of them -1, with offsets."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(0, 12))
    return rng.integers(-1, n, k).astype(np.int32), rng.integers(0, 12, k).astype(np.int32)


def expected_total(oracle: nx.Graph, a: int, b: int) -> int | None:
    if a < 0 or b < 0 or not nx.has_path(oracle, a, b):
        return None
    return int(nx.dijkstra_path_length(oracle, a, b))


@given(graphs(), st.integers(0, 10**6), st.sampled_from([0, 5, 40, 90_000, 2**31 - 2]), st.integers(1, 3))
def test_all_kernels_equal_networkx(both: tuple[WalkGraph, nx.Graph], seed: int, limit: int, n_threads: int) -> None:
    graph, oracle = both
    sources, source_offset = points(graph.n_vertices, seed)
    targets, target_offset = points(graph.n_vertices, seed + 1)
    expected = np.full((sources.size, targets.size), -1)
    for i, a in enumerate(sources.tolist()):
        for j, b in enumerate(targets.tolist()):
            path = expected_total(oracle, a, b)
            if path is not None and source_offset[i] + path + target_offset[j] <= limit:
                expected[i, j] = source_offset[i] + path + target_offset[j]

    arguments = (graph, sources, source_offset, targets, target_offset)
    matrix = compute_distance_matrix(*arguments, limit_cm=limit, n_threads=n_threads)
    assert np.array_equal(matrix, expected)
    rows = compute_bounded_distances(*arguments, limit_cm=limit, n_threads=n_threads)
    dense = np.full_like(expected, -1)
    dense[np.repeat(np.arange(sources.size), np.diff(rows.indptr)), rows.target] = rows.distance_cm
    assert np.array_equal(dense, expected)
    assert rows.target.size == (expected >= 0).sum()
    for i in range(sources.size):
        assert np.all(np.diff(rows.target[rows.indptr[i] : rows.indptr[i + 1]]) > 0)

    distance, nearest = compute_nearest_source(graph, sources, source_offset, limit_cm=limit)
    for vertex in range(graph.n_vertices):
        options = [
            (path + int(source_offset[i]), i)
            for i, a in enumerate(sources.tolist())
            if (path := expected_total(oracle, a, vertex)) is not None and path + int(source_offset[i]) <= limit
        ]
        assert (int(distance[vertex]), int(nearest[vertex])) == min(options, default=(-1, -1))
