"""Contraction changes no distance, and nothing depends on how a file lists or splits its ways."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.streets.graph import build_walk_graph
from pipeline.streets.model import compute_segment_cm
from pipeline.streets.read_osm import NodeColumns, WayColumns, build_streets_from_columns
from pipeline.streets.shortest_paths import compute_distance_matrix

Ways = list[list[int]]
N_NODES = 12
SETTINGS = settings(suppress_health_check=[HealthCheck.too_slow])


def locate(seed: int, blocked: set[int]) -> NodeColumns:
    rng = np.random.default_rng(seed)
    osmid = np.arange(10, 10 + N_NODES, dtype=np.int64)
    return NodeColumns(
        osmid,
        np.round(rng.uniform(-3.0, -2.99, N_NODES), 7),
        np.round(rng.uniform(51.5, 51.51, N_NODES), 7),
        np.isin(osmid, sorted(blocked)),
    )


def build(ways: Ways, nodes: NodeColumns, *, ids: list[int] | None = None) -> object:
    columns = WayColumns()
    for osmid, refs in zip(ids or range(1, len(ways) + 1), ways, strict=True):
        columns.add(osmid, 1, refs, {"highway": "steps" if osmid % 3 == 0 else "path", "name": f"Way {osmid}"})
    return build_streets_from_columns(columns, nodes, Notices(), file=Path("made.osm"))


ways_strategy = st.lists(st.lists(st.integers(10, 9 + N_NODES), min_size=2, max_size=6), min_size=1, max_size=8).filter(
    lambda ways: any(a != b for way in ways for a, b in pairwise(way))
)


def build_oracle(ways: Ways, nodes: NodeColumns) -> nx.Graph:
    graph = nx.Graph()
    for way in ways:
        for a, b in pairwise(way):
            if a != b:
                i, j = a - 10, b - 10
                cm = compute_segment_cm(nodes.x[[i]], nodes.y[[i]], nodes.x[[j]], nodes.y[[j]])
                graph.add_edge(a, b, weight=int(cm[0]))
    return graph


@SETTINGS
@given(ways_strategy, st.integers(0, 1000))
def test_distances_between_kept_nodes_are_unchanged(ways: Ways, seed: int) -> None:
    nodes = locate(seed, set())
    streets = build(ways, nodes)
    oracle = build_oracle(ways, nodes)
    osmid = streets.nodes["osmid"].to_list()
    degree = dict(oracle.degree())
    lowest_of_cycles = {
        min(part) for part in nx.connected_components(oracle) if all(degree[node] == 2 for node in part)
    }
    assert set(osmid) == {node for node in oracle if degree[node] != 2} | lowest_of_cycles
    assert osmid == sorted(osmid)
    graph, _ = build_walk_graph(streets, [])
    every = np.arange(len(osmid), dtype=np.int32)
    zero = np.zeros(len(osmid), dtype=np.int32)
    matrix = compute_distance_matrix(graph, every, zero, every, zero, limit_cm=2**31 - 2)
    for i, a in enumerate(osmid):
        lengths = nx.single_source_dijkstra_path_length(oracle, a)
        assert [lengths.get(b, -1) for b in osmid] == matrix[i].tolist()
    total = sum(weight for *_, weight in oracle.edges(data="weight"))
    assert int(streets.edges["length_cm"].sum()) == total
    assert int(streets.components["n_raw_nodes"].sum()) == len(oracle)
    assert streets.components["n_raw_nodes"].to_list() == sorted(map(len, nx.connected_components(oracle)))[::-1]
    u, v = streets.edges["u"].to_numpy(), streets.edges["v"].to_numpy()
    assert (u <= v).all()
    assert streets.geometry.along_cm[streets.geometry.indptr[1:] - 1].tolist() == streets.edges["length_cm"].to_list()


@SETTINGS
@given(ways_strategy, st.integers(0, 1000), st.randoms(use_true_random=False), st.sets(st.integers(10, 21), max_size=3))
def test_order_direction_and_splitting_change_nothing(ways: Ways, seed: int, random: object, blocked: set[int]) -> None:
    nodes = locate(seed, blocked)
    expected = build(ways, nodes)
    ids = list(range(1, len(ways) + 1))
    random.shuffle(ids)
    shuffled = build([ways[i - 1][:: random.choice([1, -1])] for i in ids], nodes, ids=ids)
    for table in ("nodes", "edges", "components"):
        assert getattr(shuffled, table).equals(getattr(expected, table))

    pieces = [way[i : i + 2] for way in ways for i in range(len(way) - 1)]
    split = build(pieces, nodes)
    assert split.nodes.equals(expected.nodes)
    assert split.components.equals(expected.components)
    columns = ["u", "v", "length_cm", "xs", "ys"]
    assert sorted(split.edges.select(columns).rows()) == sorted(expected.edges.select(columns).rows())


@SETTINGS
@given(ways_strategy, st.integers(0, 1000), st.sets(st.integers(10, 21), min_size=1, max_size=4))
def test_nobody_passes_a_barrier(ways: Ways, seed: int, blocked: set[int]) -> None:
    nodes = locate(seed, blocked)
    streets = build(ways, nodes)
    oracle = build_oracle(ways, nodes)
    open_part = oracle.subgraph(set(oracle) - blocked)
    component = dict(zip(streets.nodes["osmid"].to_list(), streets.nodes["component"].to_list(), strict=True))
    kept = [node for node in component if node > 0 and node not in blocked]
    for a in kept:
        reached = nx.node_connected_component(open_part, a)
        assert {b for b in kept if component[b] == component[a]} == reached & set(kept)
    assert int(streets.edges["length_cm"].sum()) == sum(weight for *_, weight in oracle.edges(data="weight"))


def test_overlong_pieces_are_dropped_and_noted() -> None:
    columns = WayColumns()
    columns.add(1, 1, [1, 2, 3, 4], {"highway": "path"})
    nodes = NodeColumns(
        np.array([1, 2, 3, 4]), np.array([0.0, 170.0, -20.0, -19.99]), np.zeros(4), np.zeros(4, dtype=bool)
    )
    notices = Notices()
    streets = build_streets_from_columns(columns, nodes, notices, file=Path("made.osm"))
    assert streets.edges.height == 1
    assert notices.counts()["streets_segment_too_long"] == 2
