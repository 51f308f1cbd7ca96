"""Streets as other tools know them: a networkx graph in OSMnx's conventions, GraphML, GeoPackage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pyogrio
import shapely

from pipeline.base.io import staged_file
from pipeline.streets.model import Streets

# A date that never changes keeps the bytes of a GeoPackage the same from run to run.
_FIXED_DATE = "2000-01-01T00:00:00.000Z"


def build_networkx(streets: Streets) -> nx.MultiDiGraph:
    """Build a MultiDiGraph in OSMnx's conventions.

    Parameters
    ----------
    streets
        The street network.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes named by osmid with ``x``, ``y`` and ``street_count``; every street in both directions with ``osmid``,
        ``highway``, ``name`` (if any), ``length`` in metres, ``oneway`` False, ``reversed``, ``is_steps``,
        ``edge_index`` and a ``geometry`` from tail to head; graph attributes ``crs`` and ``simplified``.
    """
    graph = nx.MultiDiGraph(crs=streets.crs, simplified=True)
    ends = np.concatenate([streets.edges["u"].to_numpy(), streets.edges["v"].to_numpy()])
    street_count = np.bincount(ends, minlength=streets.nodes.height).tolist()
    for row, count in zip(streets.nodes.iter_rows(named=True), street_count, strict=True):
        graph.add_node(row["osmid"], x=row["x"], y=row["y"], street_count=count, component=row["component"])
    osmid = streets.nodes["osmid"].to_list()
    lines = _build_lines(streets)
    for row, line in zip(streets.edges.drop("xs", "ys").iter_rows(named=True), lines, strict=True):
        u, v = osmid[row["u"]], osmid[row["v"]]
        shared: dict[str, Any] = {
            "osmid": row["osmid"],
            "highway": row["highway"],
            "length": row["length_cm"] / 100.0,
            "oneway": False,
            "is_steps": row["is_steps"],
            "edge_index": row["edge_index"],
        }
        if row["name"] is not None:
            shared["name"] = row["name"]
        graph.add_edge(u, v, **shared, reversed=False, geometry=line)
        graph.add_edge(v, u, **shared, reversed=True, geometry=shapely.reverse(line))
    return graph


def write_graphml(streets: Streets, path: Path) -> None:
    """Write GraphML that `osmnx.load_graphml` reads; the same streets give the same bytes."""
    with staged_file(path) as temporary:
        osmnx.io.save_graphml(build_networkx(streets), temporary)


def write_geopackage(streets: Streets, path: Path) -> None:
    """Write a GeoPackage with the layers ``nodes`` and ``edges``; the same streets give the same bytes.

    Edges are undirected (``u`` and ``v`` are osmids, ``length`` in metres).
    """
    nodes, edges = build_geodataframes(streets)
    with staged_file(path) as temporary, _fixed_date():
        # The driver wants to see the usual ending; the file takes its final name when it is complete.
        draft = temporary.with_name(f"{temporary.name}.gpkg")
        try:
            nodes.to_file(draft, layer="nodes", driver="GPKG", engine="pyogrio")
            edges.to_file(draft, layer="edges", driver="GPKG", engine="pyogrio")
            draft.replace(temporary)
        finally:
            draft.unlink(missing_ok=True)


def build_geodataframes(streets: Streets) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Build tables of nodes (points) and undirected edges (lines) in lon/lat."""
    nodes = gpd.GeoDataFrame(
        streets.nodes.to_pandas(),
        geometry=shapely.points(streets.nodes["x"].to_numpy(), streets.nodes["y"].to_numpy()),
        crs=streets.crs,
    )
    osmid = streets.nodes["osmid"].to_numpy()
    edges = streets.edges.drop("xs", "ys").to_pandas()
    edges["u"] = osmid[edges["u"].to_numpy()]
    edges["v"] = osmid[edges["v"].to_numpy()]
    edges["length"] = edges["length_cm"] / 100.0
    return nodes, gpd.GeoDataFrame(edges, geometry=_build_lines(streets), crs=streets.crs)


def _build_lines(streets: Streets) -> Any:
    geometry = streets.geometry
    edge = np.repeat(np.arange(streets.edges.height), np.diff(geometry.indptr))
    return shapely.linestrings(np.column_stack((geometry.x, geometry.y)), indices=edge)


@contextmanager
def _fixed_date() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
