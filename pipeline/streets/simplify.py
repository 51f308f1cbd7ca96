"""Raw OSM segments contracted to a graph without nodes of degree two.

The result depends on the segments alone: neither on the order of a file, nor on how ways are split or directed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.streets.model import COMPONENT_SCHEMA, EDGE_SCHEMA, NODE_SCHEMA, Streets, compute_segment_cm

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True)
class RawNetwork:
    """Walkable ways before contraction.

    Attributes
    ----------
    node_osmid
        int64[n], strictly ascending.
    node_x, node_y
        float64[n]; degrees.
    is_blocked
        bool[n]; a barrier stops people at the node.
    segment_a, segment_b, segment_way
        int64[s]; indices of the two nodes and of the way. The order does not matter, repeated segments are one.
    way_osmid
        int64[w], strictly ascending.
    way_highway, way_name
        Series[w] of str, null where there is none.
    way_is_steps
        bool[w].
    """

    node_osmid: I64
    node_x: F64
    node_y: F64
    is_blocked: Flags
    segment_a: I64
    segment_b: I64
    segment_way: I64
    way_osmid: I64
    way_highway: pl.Series
    way_name: pl.Series
    way_is_steps: Flags


@dataclass(frozen=True)
class _Network:
    """Distinct segments (a < b, sorted) on nodes in ascending order of osmid."""

    osmid: I64
    x: F64
    y: F64
    a: I64
    b: I64
    way: I64


@dataclass(frozen=True)
class Chains:
    """Chains between kept nodes: flat node lists with `indptr`, flat segment lists (one fewer per chain)."""

    indptr: I64
    nodes: I64
    segments: I64

    @property
    def segment_starts(self) -> I64:
        """First position of each chain in `segments`."""
        return self.indptr[:-1] - np.arange(self.indptr.shape[0] - 1, dtype=np.int64)


def build_streets(raw: RawNetwork) -> Streets:
    """Contract raw segments into the tables of the street network.

    Parameters
    ----------
    raw
        Nodes, segments and ways.

    Returns
    -------
    Streets
        Nodes of degree other than two are kept, with loops, parallel edges and dead ends; of an isolated cycle its
        lowest node. At a blocked node every way that meets there ends on its own: the first (by the neighbour's osmid)
        keeps the node's osmid, the others get copies with negative ones. Nodes are sorted by osmid; edges by osmid of
        u, of v, length, way and geometry, and run from the lower to the higher osmid (loops: to the lower neighbour
        first).
    """
    network = _cut_at_barriers(_build_distinct(raw), set_of_blocked=raw.node_osmid[raw.is_blocked])
    n_nodes = network.osmid.shape[0]
    indptr, neighbour, segment = build_adjacency(network.a, network.b, n_nodes)
    chains = Chains(*follow_chains(indptr, neighbour, segment, np.diff(indptr) == 2))
    length = compute_segment_cm(network.x[network.a], network.y[network.a], network.x[network.b], network.y[network.b])
    starts = chains.segment_starts
    chain_length = np.add.reduceat(length[chains.segments], starts) if starts.size else starts
    way = np.minimum.reduceat(network.way[chains.segments], starts) if starts.size else starts
    is_steps = (
        np.logical_or.reduceat(raw.way_is_steps[network.way[chains.segments]], starts)
        if starts.size
        else np.empty(0, dtype=bool)
    )
    if chain_length.size and int(chain_length.max()) > _INT32_MAX:
        raise OverflowError("a street without junctions is longer than 21,474 km")

    tail, head = chains.nodes[chains.indptr[:-1]], chains.nodes[chains.indptr[1:] - 1]
    second = chains.nodes[chains.indptr[:-1] + 1]
    order = np.lexsort((second, way, chain_length, head, tail))
    kept = sort_unique(np.concatenate([tail, head]))
    u, v = np.searchsorted(kept, tail[order]), np.searchsorted(kept, head[order])
    n_inside = np.diff(chains.indptr)[order] - 2
    component, components = build_components(u, v, chain_length[order], n_inside, kept.shape[0])
    xs, ys = build_geometries(network.x, network.y, chains, order)
    edges = pl.DataFrame(
        {
            "edge_index": np.arange(order.shape[0], dtype=np.int32),
            "u": u.astype(np.int32),
            "v": v.astype(np.int32),
            "length_cm": chain_length[order].astype(np.int32),
            "osmid": raw.way_osmid[way[order]],
            "highway": raw.way_highway.gather(way[order]),
            "name": raw.way_name.gather(way[order]),
            "is_steps": is_steps[order],
            "xs": xs,
            "ys": ys,
        },
        schema=EDGE_SCHEMA,
    )
    nodes = pl.DataFrame(
        {
            "node_index": np.arange(kept.shape[0], dtype=np.int32),
            "osmid": network.osmid[kept],
            "x": network.x[kept],
            "y": network.y[kept],
            "component": component,
        },
        schema=NODE_SCHEMA,
    )
    return Streets(nodes, edges, components)


def _build_distinct(raw: RawNetwork) -> _Network:
    """Drop segments of no extent and repetitions (the lowest way stays)."""
    a = np.minimum(raw.segment_a, raw.segment_b)
    b = np.maximum(raw.segment_a, raw.segment_b)
    order = np.lexsort((raw.segment_way, b, a))
    a, b, way = a[order], b[order], raw.segment_way[order]
    is_kept = a != b
    is_kept[1:] &= (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return _Network(raw.node_osmid, raw.node_x, raw.node_y, a[is_kept], b[is_kept], way[is_kept])


def _cut_at_barriers(network: _Network, *, set_of_blocked: I64) -> _Network:
    """Give every segment end at a blocked node, after the first, a node of its own."""
    is_blocked = np.zeros(network.osmid.shape[0], dtype=bool)
    is_blocked[np.searchsorted(network.osmid, set_of_blocked)] = True
    n_segments = network.a.shape[0]
    node = np.concatenate([network.a, network.b])
    neighbour = np.concatenate([network.b, network.a])
    ends = np.flatnonzero(is_blocked[node])
    ends = ends[np.lexsort((neighbour[ends], node[ends]))]
    is_copy = np.zeros(ends.shape[0], dtype=bool)
    is_copy[1:] = node[ends][1:] == node[ends][:-1]
    copies = ends[is_copy]
    if not copies.size:
        return network
    origin = node[copies]
    lowest = min(0, int(network.osmid[0]))
    node[copies] = network.osmid.shape[0] + np.arange(copies.shape[0])
    osmid = np.concatenate([network.osmid, lowest - 1 - np.arange(copies.shape[0], dtype=np.int64)])
    order = np.argsort(osmid)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.shape[0])
    x = np.concatenate([network.x, network.x[origin]])[order]
    y = np.concatenate([network.y, network.y[origin]])[order]
    one, other = rank[node[:n_segments]], rank[node[n_segments:]]
    return _Network(osmid[order], x, y, np.minimum(one, other), np.maximum(one, other), network.way)


def build_adjacency(a: I64, b: I64, n_nodes: int) -> tuple[I64, I64, I64]:
    """CSR of neighbours in ascending order, with the segment of each."""
    node = np.concatenate([a, b])
    neighbour = np.concatenate([b, a])
    segment = np.tile(np.arange(a.shape[0], dtype=np.int64), 2)
    order = np.lexsort((neighbour, node))
    indptr = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(node, minlength=n_nodes), out=indptr[1:])
    return indptr, neighbour[order], segment[order]


@numba.njit(cache=True, nogil=True)
def follow_chains(indptr: I64, neighbour: I64, segment: I64, is_inner: Flags) -> tuple[I64, I64, I64]:
    """Walk every chain once, from its lower end and towards the lower neighbour.

    First the chains between nodes that are kept, then the cycles that are left. Inner nodes must have degree two.
    """
    n_nodes = indptr.shape[0] - 1
    n_segments = segment.shape[0] // 2
    is_done = np.zeros(n_segments, np.bool_)
    starts = np.zeros(n_segments + 1, np.int64)
    nodes = np.empty(2 * n_segments, np.int64)
    segments = np.empty(n_segments, np.int64)
    n_chains = 0
    n_points = 0
    n_walked = 0
    for is_cycle in (False, True):
        for start in range(n_nodes):
            if is_inner[start] != is_cycle:
                continue
            for first in range(indptr[start], indptr[start + 1]):
                if is_done[segment[first]]:
                    continue
                nodes[n_points] = start
                n_points += 1
                arc = first
                while True:
                    here = neighbour[arc]
                    is_done[segment[arc]] = True
                    segments[n_walked] = segment[arc]
                    n_walked += 1
                    nodes[n_points] = here
                    n_points += 1
                    if here == start or not is_inner[here]:
                        break
                    onward = indptr[here]
                    arc = onward + 1 if segment[onward] == segment[arc] else onward
                n_chains += 1
                starts[n_chains] = n_points
    return starts[: n_chains + 1].copy(), nodes[:n_points].copy(), segments


def build_geometries(x: F64, y: F64, chains: Chains, order: I64) -> tuple[pl.Series, pl.Series]:
    """Coordinates of the chains in an order, as lists."""
    sizes = np.diff(chains.indptr)[order]
    ends = np.cumsum(sizes)
    points = chains.nodes[
        np.repeat(chains.indptr[:-1][order] - (ends - sizes), sizes) + np.arange(int(sizes.sum()), dtype=np.int64)
    ]
    offsets = pa.array(np.concatenate([[0], ends]), type=pa.int64())
    xs, ys = (pl.Series(pa.LargeListArray.from_arrays(offsets, pa.array(values[points]))) for values in (x, y))
    return xs, ys


def sort_unique(values: I64) -> I64:
    """Sort and drop repetitions; for long arrays of integers faster than hashing as `numpy.unique` does."""
    ordered = np.sort(values)
    is_first = np.ones(ordered.shape[0], dtype=bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def build_components(u: I64, v: I64, length: I64, n_inside: I64, n_nodes: int) -> tuple[I32, pl.DataFrame]:
    """Label the components by size, most raw nodes first; ties to the one with the lowest node."""
    graph = coo_array((np.ones(u.shape[0], dtype=np.int8), (u, v)), shape=(n_nodes, n_nodes))
    n_components, label = connected_components(graph.tocsr(), directed=False)
    n_kept = np.bincount(label, minlength=n_components)
    inside = np.zeros(n_components, dtype=np.int64)
    np.add.at(inside, label[u], n_inside)
    centimetres = np.zeros(n_components, dtype=np.int64)
    np.add.at(centimetres, label[u], length)
    first = np.full(n_components, n_nodes, dtype=np.int64)
    np.minimum.at(first, label, np.arange(n_nodes))
    order = np.lexsort((first, -(n_kept + inside)))
    rank = np.empty(n_components, dtype=np.int32)
    rank[order] = np.arange(n_components)
    table = pl.DataFrame(
        {
            "component": np.arange(n_components, dtype=np.int32),
            "n_raw_nodes": (n_kept + inside)[order].astype(np.int32),
            "n_nodes": n_kept[order].astype(np.int32),
            "length_m": centimetres[order] / 100.0,
        },
        schema=COMPONENT_SCHEMA,
    )
    return rank[label], table
