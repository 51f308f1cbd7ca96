"""The walking graph that routing runs on: street edges split at every point that joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.streets.model import Streets
from pipeline.streets.shortest_paths import WalkGraph
from pipeline.streets.snap import SnappedPoints

__all__ = ["WalkGraph", "build_walk_graph"]

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class EdgeParts:
    """Street edges cut at points.

    Attributes
    ----------
    n_vertices
        Street nodes first, then the points at which edges are cut.
    tail, head
        int64[m]; vertices at the ends of each part.
    edge
        int64[m]; the edge that it is a part of.
    start_cm, end_cm
        int64[m]; where on the edge it begins and ends.
    """

    n_vertices: int
    tail: I64
    head: I64
    edge: I64
    start_cm: I64
    end_cm: I64


def build_walk_graph(streets: Streets, points: Sequence[SnappedPoints]) -> tuple[WalkGraph, list[I32]]:
    """Build the graph of all streets, every edge split at each snapped point.

    Parameters
    ----------
    streets
        The street network.
    points
        Any number of sets of snapped points (stops, origins, destinations).

    Returns
    -------
    graph : WalkGraph
        Vertices ``0..n_nodes - 1`` are the street nodes; the others are points, ordered by edge and position, so that
        the order in which points are listed does not matter. Coincident points share a vertex; a point at the end of
        an edge is the node there. The parts of an edge add up to its length. Of parallel edges the shortest is kept.
    vertices : list of int32 arrays
        For each set the vertex of each point, -1 where it is not snapped.

    Raises
    ------
    ValueError
        If a point names an edge that does not exist or a position outside its edge.
    """
    parts, vertices = split_edges(streets, points)
    graph = _build_symmetric_csr(parts.tail, parts.head, parts.end_cm - parts.start_cm, parts.n_vertices)
    return graph, vertices


def split_edges(streets: Streets, points: Sequence[SnappedPoints]) -> tuple[EdgeParts, list[I32]]:
    """Cut every edge at the points that join it.

    Parameters
    ----------
    streets, points
        As of :func:`build_walk_graph`.

    Returns
    -------
    parts : EdgeParts
        All parts of all edges, those of an edge in order from its u.
    vertices : list of int32 arrays
        For each set the vertex of each point, -1 where it is not snapped.

    Raises
    ------
    ValueError
        If a point names an edge that does not exist or a position outside its edge.
    """
    u = streets.edges["u"].to_numpy().astype(np.int64)
    v = streets.edges["v"].to_numpy().astype(np.int64)
    length = streets.edges["length_cm"].to_numpy().astype(np.int64)
    n_nodes = streets.nodes.height
    edge = np.concatenate([np.empty(0, np.int64), *(p.edge_index.astype(np.int64) for p in points)])
    position = np.concatenate([np.empty(0, np.int64), *(p.position_cm.astype(np.int64) for p in points)])
    is_snapped = edge >= 0
    _check_positions(edge[is_snapped], position[is_snapped], length)

    vertex = np.full(edge.shape[0], -1, dtype=np.int64)
    at_start = is_snapped & (position == 0)
    at_end = is_snapped & ~at_start
    at_end[at_end] = position[at_end] == length[edge[at_end]]
    vertex[at_start] = u[edge[at_start]]
    vertex[at_end] = v[edge[at_end]]
    inside = is_snapped & ~at_start & ~at_end
    split, inverse = np.unique((edge[inside] << 32) | position[inside], return_inverse=True)
    vertex[inside] = n_nodes + inverse
    split_edge = split >> 32
    split_position = split & (2**32 - 1)

    parts = _cut(u, v, length, split_edge, split_position, n_nodes)
    ends = np.cumsum([0, *(p.edge_index.shape[0] for p in points)])
    return parts, [vertex[start:end].astype(np.int32) for start, end in pairwise(ends.tolist())]


def _check_positions(edge: I64, position: I64, length: I64) -> None:
    if not edge.size:
        return
    if int(edge.max()) >= length.shape[0]:
        raise ValueError(f"a point lies on edge {int(edge.max())}, but there are {length.shape[0]} edges")
    if bool(np.any((position < 0) | (position > length[edge]))):
        raise ValueError("a point lies outside its edge")


def _cut(u: I64, v: I64, length: I64, split_edge: I64, split_position: I64, n_nodes: int) -> EdgeParts:
    """Cut the edges at the split positions (sorted, distinct, strictly inside)."""
    n_edges = u.shape[0]
    n_splits = split_edge.shape[0]
    every_edge = np.arange(n_edges, dtype=np.int64)
    # Each edge contributes its start, its splits in order and its end; neighbours in this list are the sub-edges.
    on_edge = np.concatenate([every_edge, split_edge, every_edge])
    at = np.concatenate([np.full(n_edges, -1, dtype=np.int64), split_position, length + 1])
    vertex = np.concatenate([u, n_nodes + np.arange(n_splits, dtype=np.int64), v])
    centimetres = np.concatenate([np.zeros(n_edges, dtype=np.int64), split_position, length])
    order = np.lexsort((at, on_edge))
    is_pair = on_edge[order][1:] == on_edge[order][:-1]
    return EdgeParts(
        n_vertices=n_nodes + n_splits,
        tail=vertex[order][:-1][is_pair],
        head=vertex[order][1:][is_pair],
        edge=on_edge[order][:-1][is_pair],
        start_cm=centimetres[order][:-1][is_pair],
        end_cm=centimetres[order][1:][is_pair],
    )


def _build_symmetric_csr(tail: I64, head: I64, cost: I64, n_vertices: int) -> WalkGraph:
    is_arc = tail != head
    row = np.concatenate([tail[is_arc], head[is_arc]])
    column = np.concatenate([head[is_arc], tail[is_arc]])
    both = np.concatenate([cost[is_arc], cost[is_arc]])
    return WalkGraph(*build_csr(row, column, both, n_vertices))


def build_csr(row: I64, column: I64, cost: I64, n_vertices: int) -> tuple[I64, I32, I32]:
    """Build a graph in compressed sparse rows; of parallel arcs the cheapest is kept.

    Parameters
    ----------
    row, column, cost
        int64[m]; where each arc begins and ends, and its cost.
    n_vertices
        Number of vertices.

    Returns
    -------
    indptr : int64[n_vertices + 1]
    indices, costs : int32[arcs]
    """
    order = np.lexsort((cost, column, row))
    row, column, cost = row[order], column[order], cost[order]
    is_first = np.ones(row.shape[0], dtype=bool)
    is_first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    row, column, cost = row[is_first], column[is_first], cost[is_first]
    indptr = np.zeros(n_vertices + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=n_vertices), out=indptr[1:])
    return indptr, column.astype(np.int32), cost.astype(np.int32)
