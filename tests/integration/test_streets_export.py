from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pyogrio
import pytest

from pipeline.streets.export import build_geodataframes, build_networkx, write_geopackage, write_graphml
from pipeline.streets.graph import build_walk_graph
from pipeline.streets.model import Streets
from pipeline.streets.shortest_paths import compute_distance_matrix
from tests.support.osm import OsmNode, OsmWay, build_grid, build_test_streets


@pytest.fixture
def streets(tmp_path: Path) -> Streets:
    nodes, ways = build_grid(4, lon=-3.0, lat=51.5)
    nodes += [OsmNode(80, -3.001, 51.5), OsmNode(81, -3.001, 51.501)]
    loop = OsmWay(90, [1, 80, 81, 1], {"highway": "footway", "name": "Loop & Co"})
    return build_test_streets(tmp_path, nodes, [*ways, loop])


def test_osmnx_accepts_the_graph(streets: Streets) -> None:
    graph = build_networkx(streets)
    osmnx.convert.validate_graph(graph)
    assert graph.number_of_edges() == 2 * streets.edges.height
    nodes, edges = osmnx.convert.graph_to_gdfs(graph)
    assert len(nodes) == streets.nodes.height
    assert edges["length"].sum() == pytest.approx(2 * streets.edges["length_cm"].sum() / 100)
    again = osmnx.convert.graph_from_gdfs(nodes, edges, graph_attrs=graph.graph)
    assert set(again) == set(graph)
    lengths = osmnx.distance.add_edge_lengths(graph.copy())
    for u, v, key, line in graph.edges(keys=True, data="geometry"):
        assert line.coords[0] == (graph.nodes[u]["x"], graph.nodes[u]["y"])
        assert line.coords[-1] == (graph.nodes[v]["x"], graph.nodes[v]["y"])
        if len(line.coords) == 2:
            assert lengths.edges[u, v, key]["length"] == pytest.approx(graph.edges[u, v, key]["length"], abs=0.006)
    projected = osmnx.projection.project_graph(graph)
    x, y = projected.nodes[6]["x"], projected.nodes[6]["y"]
    assert osmnx.distance.nearest_nodes(projected, [x], [y]) == [6]
    assert osmnx.routing.shortest_path(graph, 6, 11, weight="length")[0] == 6


def test_networkx_finds_the_same_distances(streets: Streets) -> None:
    graph = build_networkx(streets)
    walk, _ = build_walk_graph(streets, [])
    every = np.arange(streets.nodes.height)
    matrix = compute_distance_matrix(walk, every, every * 0, every, every * 0, limit_cm=10**8)
    osmid = streets.nodes["osmid"].to_list()
    for i, a in enumerate(osmid):
        lengths = nx.single_source_dijkstra_path_length(graph, a, weight="length")
        assert [round(lengths[b] * 100) for b in osmid] == matrix[i].tolist()


def test_files_are_read_back_and_have_the_same_bytes(streets: Streets, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_graphml(streets, tmp_path / f"{name}.graphml")
        write_geopackage(streets, tmp_path / f"{name}.gpkg")
    assert (tmp_path / "one.graphml").read_bytes() == (tmp_path / "two.graphml").read_bytes()
    assert (tmp_path / "one.gpkg").read_bytes() == (tmp_path / "two.gpkg").read_bytes()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix in {".graphml", ".gpkg"}) == [
        "one.gpkg",
        "one.graphml",
        "two.gpkg",
        "two.graphml",
    ]
    graph = osmnx.load_graphml(tmp_path / "one.graphml")
    assert graph.number_of_edges() == 2 * streets.edges.height
    assert {data["name"] for *_, data in graph.edges(data=True) if "name" in data} == {"Loop & Co"}
    nodes, edges = build_geodataframes(streets)
    read = gpd.read_file(tmp_path / "one.gpkg", layer="edges")
    assert read["length"].tolist() == edges["length"].tolist()
    assert read.geometry.geom_equals(edges.geometry).all()
    assert len(gpd.read_file(tmp_path / "one.gpkg", layer="nodes")) == len(nodes)
