"""A grid of streets whose walking distances are known: the sum of the sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.streets.graph import build_walk_graph
from pipeline.streets.model import compute_segment_cm
from pipeline.streets.shortest_paths import compute_bounded_distances, compute_distance_matrix, compute_nearest_source
from pipeline.streets.snap import snap_points
from tests.support.osm import OsmNode, OsmWay, build_grid, build_test_streets

N = 9
STEP = 0.001


@pytest.mark.parametrize("lat", [0.0, 51.5])
def test_distances_are_the_sum_of_the_sides(tmp_path: Path, lat: float) -> None:
    streets = build_test_streets(tmp_path, *build_grid(N, step=STEP, lat=lat))
    # corners have degree two and are contracted away
    assert streets.nodes.height == N * N - 4
    assert streets.edges.height == 2 * N * (N - 1) - 4
    row, column = np.divmod(np.arange(N * N), N)
    snapped = snap_points(streets, column * STEP, lat + row * STEP, max_link_m=1)
    assert snapped.link_cm.max() == 0
    graph, (vertex,) = build_walk_graph(streets, [snapped])
    assert graph.n_vertices == N * N
    zero = np.zeros(N * N, dtype=np.int32)
    matrix = compute_distance_matrix(graph, vertex, zero, vertex, zero, limit_cm=10**7, n_threads=2)

    y = lat + np.round(np.arange(N) * STEP, 7)
    north = np.concatenate([[0], np.cumsum(compute_segment_cm(y[:-1] * 0, y[:-1], y[:-1] * 0, y[1:]))])
    east = compute_segment_cm(y * 0, y, y * 0 + STEP, y)
    for a in range(N * N):
        for b in range(N * N):
            # going east is cheapest along the northernmost row on the way, or further north where that pays
            rows = range(N)
            expected = min(
                abs(north[r] - north[row[a]]) + abs(north[r] - north[row[b]]) + abs(column[a] - column[b]) * east[r]
                for r in rows
            )
            assert abs(int(matrix[a, b]) - int(expected)) <= N  # segments are rounded one by one


def test_nearest_is_the_row_minimum_and_bounds_are_kept(tmp_path: Path) -> None:
    streets = build_test_streets(tmp_path, *build_grid(N, step=STEP))
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(0, (N - 1) * STEP, (2, 40))
    points = snap_points(streets, lon, lat)
    shops = snap_points(streets, lon[:5] + 0.0002, lat[:5] + 0.0001)
    graph, (home, shop) = build_walk_graph(streets, [points, shops])
    limit = 60_000
    matrix = compute_distance_matrix(graph, shop, shops.link_cm, home, points.link_cm, limit_cm=10**7)
    distance, nearest = compute_nearest_source(graph, shop, shops.link_cm, limit_cm=10**7)
    assert np.array_equal(distance[home] + points.link_cm, matrix.min(axis=0))
    assert np.array_equal(nearest[home], matrix.argmin(axis=0))
    rows = compute_bounded_distances(graph, shop, shops.link_cm, home, points.link_cm, limit_cm=limit, n_threads=2)
    assert np.array_equal(rows.distance_cm, matrix[matrix <= limit])
    # the way there is as long as the way back
    back = compute_distance_matrix(graph, home, points.link_cm, shop, shops.link_cm, limit_cm=10**7)
    assert np.array_equal(back, matrix.T)


def test_an_island_is_out_of_reach(tmp_path: Path) -> None:
    nodes, ways = build_grid(4)
    island = [OsmNode(500, 0.1, 0.0), OsmNode(501, 0.101, 0.0)]
    streets = build_test_streets(tmp_path, [*nodes, *island], [*ways, OsmWay(50, [500, 501])])
    points = snap_points(streets, [0.0, 0.1005], [0.0, 0.0])
    graph, (vertex,) = build_walk_graph(streets, [points])
    matrix = compute_distance_matrix(graph, vertex, points.link_cm, vertex, points.link_cm, limit_cm=2**31 - 2)
    assert matrix.tolist() == [[0, -1], [-1, 0]]
