"""Streets as networkx and geopandas know them have the lengths and the nodes of ours."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely

from pipeline.base.notices import Notices
from pipeline.streets.export import build_geodataframes, build_networkx, write_geopackage, write_graphml
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import read_streets


@pytest.fixture(scope="module")
def streets(root: Path) -> Streets:
    return read_streets(root / "data/sample/saltmarsh.osm.pbf", Notices())


def test_every_street_is_there_in_both_directions_with_its_length(streets: Streets) -> None:
    graph = build_networkx(streets)
    assert graph.number_of_nodes() == streets.nodes.height
    assert graph.number_of_edges() == 2 * streets.edges.height
    assert graph.graph["crs"] == streets.crs
    total_m = sum(length for _, _, length in graph.edges(data="length"))
    assert total_m == pytest.approx(2 * streets.edges["length_cm"].sum() / 100)
    u, v, key, data = next(iter(graph.edges(keys=True, data=True)))
    assert data["geometry"].coords[0] == (graph.nodes[u]["x"], graph.nodes[u]["y"])
    assert graph.has_edge(v, u)
    assert key == 0


def test_pieces_of_the_graph_are_the_components_of_the_streets(streets: Streets) -> None:
    sizes = sorted(len(piece) for piece in nx.weakly_connected_components(build_networkx(streets)))
    assert sizes == sorted(streets.nodes.group_by("component").len()["len"].to_list())


def test_tables_of_nodes_and_edges_name_their_ends(streets: Streets) -> None:
    nodes, edges = build_geodataframes(streets)
    assert (len(nodes), len(edges)) == (streets.nodes.height, streets.edges.height)
    place = nodes.set_index("osmid").geometry
    first = shapely.get_point(edges.geometry.to_numpy(), 0)
    assert np.all(shapely.equals(first, place.loc[edges["u"]].to_numpy()))
    assert edges["length"].sum() == pytest.approx(streets.edges["length_cm"].sum() / 100)


def test_the_same_streets_give_the_same_bytes(streets: Streets, tmp_path: Path) -> None:
    for write, name in ((write_graphml, "streets.graphml"), (write_geopackage, "streets.gpkg")):
        contents = []
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir(exist_ok=True)
            write(streets, tmp_path / folder / name)
            contents.append((tmp_path / folder / name).read_bytes())
        assert contents[0] == contents[1]
        assert len(contents[0]) > 10_000
