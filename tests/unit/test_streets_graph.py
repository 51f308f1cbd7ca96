from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.streets.graph import build_walk_graph
from pipeline.streets.model import Streets
from pipeline.streets.shortest_paths import (
    BoundedDistances,
    WalkGraph,
    compute_bounded_distances,
    compute_distance_matrix,
    compute_nearest_source,
    compute_walk_s,
)
from pipeline.streets.snap import SnappedPoints, compute_eligible_components, snap_points
from tests.support.osm import OsmNode, OsmWay, build_grid, build_test_streets


@pytest.fixture
def streets(tmp_path: Path) -> Streets:
    nodes = [OsmNode(1, 0.0, 0.0), OsmNode(2, 0.001, 0.0), OsmNode(3, 0.001, 0.001), OsmNode(4, 0.002, 0.0)]
    # 1-2 by two ways (the second a detour), a loop at 2, dead ends to 4 and 7
    nodes += [OsmNode(5, 0.0005, 0.0005), OsmNode(6, 0.0015, 0.001), OsmNode(7, -0.001, 0.0)]
    ways = [OsmWay(1, [1, 2]), OsmWay(2, [1, 5, 2]), OsmWay(3, [2, 3, 6, 2]), OsmWay(4, [2, 4])]
    ways += [OsmWay(5, [1, 7])]
    return build_test_streets(tmp_path, nodes, ways)


def snapped(edge: list[int], position: list[int]) -> SnappedPoints:
    zero = np.zeros(len(edge))
    return SnappedPoints(np.array(edge, np.int32), np.array(position, np.int32), zero.astype(np.int32), zero)


def get_length(graph: WalkGraph, a: int, b: int) -> int | None:
    row = slice(graph.indptr[a], graph.indptr[a + 1])
    found = dict(zip(graph.indices[row].tolist(), graph.length_cm[row].tolist(), strict=True))
    return found.get(b)


def test_shortest_of_parallel_edges_and_no_loops(streets: Streets) -> None:
    graph, vertices = build_walk_graph(streets, [])
    assert vertices == []
    assert graph.n_vertices == streets.nodes.height == 4
    assert streets.edges["u"].to_list() == [0, 0, 0, 1, 1]
    direct, detour, _, _, dead_end = streets.edges["length_cm"].to_list()
    assert direct < detour
    assert get_length(graph, 0, 1) == get_length(graph, 1, 0) == direct
    assert get_length(graph, 1, 2) == dead_end
    assert get_length(graph, 1, 1) is None
    assert graph.indices.size == 6


def test_edges_are_split_at_points(streets: Streets) -> None:
    length = streets.edges["length_cm"].to_list()
    one = snapped([1, 1, -1, 1], [4000, 0, -1, length[1]])
    two = snapped([1, 3, 1, 0], [4000, 5000, 100, length[0]])
    graph, (first, second) = build_walk_graph(streets, [one, two])
    assert first.tolist() == [5, 0, -1, 1]
    assert second.tolist() == [5, 6, 4, 1]
    assert graph.n_vertices == 7
    assert get_length(graph, 0, 4) == 100
    assert get_length(graph, 4, 5) == 3900
    assert get_length(graph, 5, 1) == length[1] - 4000
    # the loop at node 1, split once, gives two parallel ways: the shorter is kept
    assert get_length(graph, 1, 6) == min(5000, length[3] - 5000)
    assert get_length(graph, 0, 1) == length[0]


def test_order_of_points_does_not_matter(streets: Streets) -> None:
    one, two = snapped([1, 2, 3], [400, 5000, 7]), snapped([0, 1], [40, 400])
    graph, (a, b) = build_walk_graph(streets, [one, two])
    other, (c, d) = build_walk_graph(streets, [snapped([1, 0], [400, 40]), snapped([3, 2, 1], [7, 5000, 400])])
    assert np.array_equal(graph.length_cm, other.length_cm)
    assert np.array_equal(graph.indices, other.indices)
    assert a.tolist() == d.tolist()[::-1]
    assert b.tolist() == c.tolist()[::-1]


def test_points_outside_their_edges_are_refused(streets: Streets) -> None:
    with pytest.raises(ValueError, match="there are 5 edges"):
        build_walk_graph(streets, [snapped([5], [0])])
    with pytest.raises(ValueError, match="outside its edge"):
        build_walk_graph(streets, [snapped([0], [10**8])])


def test_snapping_keeps_positions_and_limits(streets: Streets) -> None:
    lon = [0.0005, 0.0, 0.5, np.nan, 200.0, 0.0025]
    lat = [-0.0001, -0.001, 0.5, 0.0, 0.0, 0.0]
    result = snap_points(streets, lon, lat, max_link_m=120)
    assert result.edge_index.tolist() == [0, 0, -1, -1, -1, 4]
    assert result.position_cm.tolist() == [5560, 0, -1, -1, -1, streets.edges["length_cm"][4]]
    assert result.link_cm.tolist() == [1112, 11120, -1, -1, -1, 5560]
    assert result.link_m_to_any[2] == pytest.approx(78_400, rel=0.01)
    assert np.isinf(result.link_m_to_any[3:5]).all()
    assert result.link_m_to_any.dtype == np.float64
    exact = snap_points(streets, [0.0], [-0.001], max_link_m=111.2)
    assert exact.edge_index.tolist() == [0]
    assert snap_points(streets, [0.0], [-0.001], max_link_m=111.19).edge_index.tolist() == [-1]


def test_nothing_eligible_and_no_points(streets: Streets) -> None:
    none = snap_points(streets, [0.0], [0.0], eligible_components=np.array([False]))
    assert none.edge_index.tolist() == [-1]
    assert none.link_m_to_any.tolist() == [0.0]
    assert snap_points(streets, [], []).edge_index.size == 0
    assert compute_eligible_components(streets, [], []).tolist() == [True]


def test_a_stop_on_a_scrap_joins_the_proper_network(tmp_path: Path) -> None:
    nodes, ways = build_grid(12)
    far = [OsmNode(900, 0.05, 0.0), OsmNode(901, 0.051, 0.0), OsmNode(902, 0.013, 0.0), OsmNode(903, 0.0135, 0.0)]
    streets = build_test_streets(tmp_path, [*nodes, *far], [*ways, OsmWay(90, [900, 901]), OsmWay(91, [902, 903])])
    # one stop at the far street (an island), one at a scrap within reach of the grid
    eligible = compute_eligible_components(streets, [0.0505, 0.0135], [0.0, 0.0], max_link_m=500)
    assert streets.components["n_raw_nodes"].to_list() == [144, 2, 2]
    scrap = streets.nodes.filter(osmid=902)["component"][0]
    assert eligible.tolist() == [True, scrap != 1, scrap != 2]
    result = snap_points(streets, [0.0135, 0.0505], [0.0, 0.0], eligible_components=eligible)
    assert result.link_cm.tolist()[1] == 0
    assert result.link_cm[0] > 27_000
    assert result.link_m_to_any.tolist() == [0.0, 0.0]


def test_bad_arguments_are_refused(streets: Streets) -> None:
    with pytest.raises(ValueError, match="equally long"):
        snap_points(streets, [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="max_link_m"):
        snap_points(streets, [0.0], [0.0], max_link_m=float("nan"))
    with pytest.raises(ValueError, match="2 entries for 1 components"):
        snap_points(streets, [0.0], [0.0], eligible_components=np.array([True, False]))
    graph, _ = build_walk_graph(streets, [])
    with pytest.raises(ValueError, match="limit_cm"):
        compute_nearest_source(graph, [0], [0], limit_cm=2**31 - 1)
    with pytest.raises(ValueError, match="vertex 4 is not in a graph of 4"):
        compute_nearest_source(graph, [4], [0], limit_cm=1)
    with pytest.raises(ValueError, match="negative"):
        compute_distance_matrix(graph, [0], [-1], [0], [0], limit_cm=1)
    with pytest.raises(ValueError, match="equally long"):
        compute_bounded_distances(graph, [0, 1], [0], [0], [0], limit_cm=1)
    with pytest.raises(ValueError, match="n_threads"):
        compute_bounded_distances(graph, [0], [0], [0], [0], limit_cm=1, n_threads=0)


def test_sums_near_the_end_of_int32_do_not_overflow() -> None:
    big = 2**31 - 2
    graph = WalkGraph(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1], np.int32), np.full(4, big, np.int32))
    rows = compute_bounded_distances(graph, [0, 0], [0, 1], [0, 1, 2], [0, 0, 0], limit_cm=big)
    assert isinstance(rows, BoundedDistances)
    assert rows.indptr.tolist() == [0, 2, 3]
    assert rows.distance_cm.tolist() == [0, big, 1]
    distance, source = compute_nearest_source(graph, [0], [0], limit_cm=big)
    assert distance.tolist() == [0, big, -1]
    assert source.tolist() == [0, 0, -1]
    assert compute_distance_matrix(graph, [0], [0], [1], [1], limit_cm=big).tolist() == [[-1]]


def test_a_tie_across_no_distance_spreads_on() -> None:
    # Vertex 0 is settled for source 1 before source 0 reaches it from vertex 1 across a length of zero.
    graph = WalkGraph(np.array([0, 2, 3, 4]), np.array([1, 2, 0, 0], np.int32), np.array([0, 3, 0, 3], np.int32))
    distance, source = compute_nearest_source(graph, [1, 0], [5, 5], limit_cm=100)
    assert distance.tolist() == [5, 5, 8]
    assert source.tolist() == [0, 0, 0]


def test_walking_seconds_round_half_up() -> None:
    # 4.8 km/h: 400 cm take 3 s; 3.6 km/h: 100 cm take 1 s
    assert compute_walk_s([0, 400, 199, 200, 201, 66, 67, -1], 4.8).tolist() == [0, 3, 1, 2, 2, 0, 1, -1]
    assert compute_walk_s([49, 50, 149, 150, 200_000], 3.6).tolist() == [0, 1, 1, 2, 2000]
    assert compute_walk_s(2**31 - 1, 4.8).tolist() == 16_106_127
    for speed in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="walk_kmh"):
            compute_walk_s([1], speed)
    with pytest.raises(ValueError, match="exceeds"):
        compute_walk_s([2**31 - 1], 0.01)
