"""The walking network as tables: nodes, contracted undirected edges, components."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import InputError
from pipeline.base.geo import compute_haversine_m
from pipeline.base.io import write_parquet

CRS = "EPSG:4326"
NODE_SCHEMA = pl.Schema(
    {"node_index": pl.Int32, "osmid": pl.Int64, "x": pl.Float64, "y": pl.Float64, "component": pl.Int32}
)
_EDGE_COLUMNS: dict[str, pl.DataType] = {
    "edge_index": pl.Int32(),
    "u": pl.Int32(),
    "v": pl.Int32(),
    "length_cm": pl.Int32(),
    "osmid": pl.Int64(),
    "highway": pl.String(),
    "name": pl.String(),
    "is_steps": pl.Boolean(),
    "xs": pl.List(pl.Float64),
    "ys": pl.List(pl.Float64),
}
EDGE_SCHEMA = pl.Schema(_EDGE_COLUMNS)
COMPONENT_SCHEMA = pl.Schema(
    {"component": pl.Int32, "n_raw_nodes": pl.Int32, "n_nodes": pl.Int32, "length_m": pl.Float64}
)
_TABLES = {
    "nodes": ("core_streets__nodes.parquet", NODE_SCHEMA),
    "edges": ("core_streets__edges.parquet", EDGE_SCHEMA),
    "components": ("core_streets__components.parquet", COMPONENT_SCHEMA),
}


@dataclass(frozen=True)
class EdgeGeometry:
    """Geometries of all edges as flat arrays.

    Attributes
    ----------
    indptr
        int64[n_edges + 1]; the points of edge ``e`` are ``indptr[e]:indptr[e + 1]`` (two at least).
    x, y
        float64[n_points]; longitude and latitude in degrees, from u to v.
    along_cm
        int64[n_points]; centimetres from u along the edge, the sum of rounded segments; the last is the edge's length.
    """

    indptr: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    along_cm: NDArray[np.int64]


@dataclass(frozen=True)
class Streets:
    """Walking network of one area.

    Attributes
    ----------
    nodes
        ``core_streets__nodes``: node_index i32, osmid i64, x f64, y f64 (lon/lat), component i32 (0 = most raw nodes).
        Sorted by osmid. Ids that the file does not have (negative) are copies of a node at which a barrier cuts a way.
    edges
        ``core_streets__edges``: edge_index i32, u i32, v i32 (node_index, osmid of u <= osmid of v), length_cm i32,
        osmid i64 (lowest way id), highway, name, is_steps bool (any part is steps), xs and ys list[f64] from u to v.
    components
        ``core_streets__components``: component i32, n_raw_nodes i32, n_nodes i32, length_m f64.
    crs
        Coordinate system of x and y.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    components: pl.DataFrame
    crs: str = CRS

    @cached_property
    def geometry(self) -> EdgeGeometry:
        """Flat coordinates of the edges, made once."""
        sizes = self.edges["xs"].list.len().to_numpy().astype(np.int64)
        indptr = np.zeros(sizes.shape[0] + 1, dtype=np.int64)
        np.cumsum(sizes, out=indptr[1:])
        x = self.edges["xs"].explode().to_numpy().astype(np.float64)
        y = self.edges["ys"].explode().to_numpy().astype(np.float64)
        return EdgeGeometry(indptr, x, y, compute_along_cm(indptr, x, y))

    @cached_property
    def edge_component(self) -> NDArray[np.int32]:
        """Component of every edge, int32[n_edges]."""
        component: NDArray[np.int32] = self.nodes["component"].to_numpy()[self.edges["u"].to_numpy()]
        return component


def compute_segment_cm(
    x1: NDArray[np.float64], y1: NDArray[np.float64], x2: NDArray[np.float64], y2: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Compute the length of straight segments between lon/lat points in whole centimetres.

    Haversine on a sphere of 6,371,009 m, rounded half to even, so that sums do not depend on their order.
    """
    return np.rint(compute_haversine_m(x1, y1, x2, y2) * 100.0).astype(np.int64)


def compute_along_cm(indptr: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Compute for each point of flat line geometries the centimetres from the start of its line."""
    if not x.size:
        return np.empty(0, dtype=np.int64)
    step = np.zeros(x.shape[0], dtype=np.int64)
    step[1:] = compute_segment_cm(x[:-1], y[:-1], x[1:], y[1:])
    step[indptr[:-1]] = 0
    total = np.cumsum(step)
    return total - np.repeat(total[indptr[:-1]], np.diff(indptr))


def write_streets(streets: Streets, folder: Path) -> None:
    """Write the three tables as Parquet files into an existing folder."""
    for attribute, (name, _) in _TABLES.items():
        write_parquet(getattr(streets, attribute), folder / name)


def read_streets_folder(folder: Path) -> Streets:
    """Read what `write_streets` wrote.

    Raises
    ------
    InputError
        If a table is missing or has other columns.
    """
    frames: dict[str, pl.DataFrame] = {}
    for attribute, (name, schema) in _TABLES.items():
        path = folder / name
        if not path.is_file():
            raise InputError("a table of the street network is missing", file=path, cure="run the streets stage again")
        frame = pl.read_parquet(path)
        if frame.schema != schema:
            raise InputError(
                "a table of the street network has other columns than this version writes",
                file=path,
                cure="run the streets stage again",
            )
        frames[attribute] = frame
    return Streets(frames["nodes"], frames["edges"], frames["components"])
