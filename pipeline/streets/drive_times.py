"""Driving times in whole milliseconds on a directed graph: from every point to every other, or to the nearest of some.

The searches are those of walking (`search`), which follow arcs in their direction; to search towards a destination the
graph is turned round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.streets.drive_model import DriveStreets, select_joinable
from pipeline.streets.drive_profile import ROAD_CLASSES
from pipeline.streets.graph import build_csr, split_edges
from pipeline.streets.search import INT32_MAX, search_matrix_block, search_nearest
from pipeline.streets.shortest_paths import map_blocks
from pipeline.streets.snap import SnappedPoints, snap_points

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
UNLIMITED_MS = INT32_MAX - 1
_MS_PER_CM_AT_1_KMH = 36


@dataclass(frozen=True)
class DriveGraph:
    """Directed graph in compressed sparse rows, times in whole milliseconds.

    Attributes
    ----------
    indptr
        int64[n + 1]; the arcs that leave vertex ``i`` are ``indptr[i]:indptr[i + 1]``.
    indices
        int32[m]; where each arc leads, ascending within a row; no loops, no parallel arcs.
    time_ms
        int32[m]; time of each arc.
    """

    indptr: I64
    indices: I32
    time_ms: I32

    @property
    def n_vertices(self) -> int:
        """Number of vertices: nodes of the network first, then the points at which edges were split."""
        return int(self.indptr.shape[0]) - 1

    def turn_round(self) -> DriveGraph:
        """Return the graph with every arc the other way."""
        tail = np.repeat(np.arange(self.n_vertices), np.diff(self.indptr))
        return DriveGraph(
            *build_csr(self.indices.astype(np.int64), tail, self.time_ms.astype(np.int64), self.n_vertices)
        )


@dataclass(frozen=True)
class DrivePoints:
    """Where points join the roads.

    Attributes
    ----------
    vertex
        int32[n]; -1 where a point is not joined.
    link_ms
        int32[n]; time of the straight link, -1 where not joined.
    link_m
        float64[n]; its length, NaN where not joined.
    """

    vertex: I32
    link_ms: I32
    link_m: F64


def compute_drive_ms(cm: ArrayLike, kmh: ArrayLike) -> I64:
    """Convert centimetres into milliseconds, rounded half to even.

    Parameters
    ----------
    cm
        Lengths, whole centimetres.
    kmh
        Speeds, km/h.

    Returns
    -------
    int64 array
        Milliseconds.
    """
    exact = np.asarray(cm, dtype=np.float64) * _MS_PER_CM_AT_1_KMH / np.asarray(kmh, dtype=np.float64)
    milliseconds: I64 = np.rint(exact).astype(np.int64)
    return milliseconds


def snap_to_roads(
    drive: DriveStreets, lon: ArrayLike, lat: ArrayLike, *, max_link_m: float, min_component_nodes: int
) -> SnappedPoints:
    """Join points to the nearest point of the nearest road that is no motorway.

    Parameters
    ----------
    drive
        The driving network.
    lon, lat
        float64[n]; degrees, NaN where not located.
    max_link_m
        Longest link.
    min_component_nodes
        Roads that are cut off from the rest count from this many OSM nodes on; the largest piece always does.

    Returns
    -------
    SnappedPoints
        Edges are those of the whole network.
    """
    eligible = drive.streets.components["n_raw_nodes"].to_numpy() >= min_component_nodes
    eligible[:1] = True
    found = snap_points(select_joinable(drive), lon, lat, max_link_m=max_link_m, eligible_components=eligible)
    edge = found.edge_index.copy()
    edge[edge >= 0] = drive.joinable[edge[edge >= 0]]
    return SnappedPoints(edge, found.position_cm, found.link_cm, found.link_m_to_any)


def build_drive_graph(
    drive: DriveStreets, points: Sequence[SnappedPoints], speeds_kmh: Mapping[str, float], *, link_kmh: float
) -> tuple[DriveGraph, list[DrivePoints]]:
    """Build the graph of all roads, every edge split at each point that joins it.

    Parameters
    ----------
    drive
        The driving network.
    points
        Any number of sets of snapped points.
    speeds_kmh
        Speed of every class of road.
    link_kmh
        Speed on the straight link between a point and the road.

    Returns
    -------
    graph : DriveGraph
        The times of the parts of an edge add up to its time.
    joined : list of DrivePoints
        One for each set.

    Raises
    ------
    ValueError
        If a class has no speed above 0.
    """
    lacking = [name for name in ROAD_CLASSES if not speeds_kmh.get(name, 0) > 0]
    if lacking or not link_kmh > 0:
        raise ValueError(f"speeds must be above 0: {', '.join(lacking) or 'link'}")
    parts, vertices = split_edges(drive.streets, points)
    speed = np.array([speeds_kmh[name] for name in ROAD_CLASSES])[drive.road_class[parts.edge]]
    time_ms = compute_drive_ms(parts.end_cm, speed) - compute_drive_ms(parts.start_cm, speed)
    direction, is_road = drive.direction[parts.edge], parts.tail != parts.head
    forward, backward = is_road & (direction >= 0), is_road & (direction <= 0)
    row, column, cost = (
        np.concatenate([one[forward], other[backward]])
        for one, other in ((parts.tail, parts.head), (parts.head, parts.tail), (time_ms, time_ms))
    )
    joined = []
    for vertex, snapped in zip(vertices, points, strict=True):
        is_joined = vertex >= 0
        link_cm = np.where(is_joined, snapped.link_cm, 0)
        link_ms = np.where(is_joined, compute_drive_ms(link_cm, link_kmh), -1).astype(np.int32)
        joined.append(DrivePoints(vertex, link_ms, np.where(is_joined, link_cm / 100.0, np.nan)))
    return DriveGraph(*build_csr(row, column, cost, parts.n_vertices)), joined


def compute_drive_matrix(
    graph: DriveGraph, sources: DrivePoints, targets: DrivePoints, *, limit_ms: int = UNLIMITED_MS, n_threads: int = 1
) -> I32:
    """Compute the driving time from every source to every target.

    Parameters
    ----------
    graph
        The graph.
    sources, targets
        Points that join it.
    limit_ms
        Longest time that is kept.
    n_threads
        Threads over blocks of sources; the result does not depend on it.

    Returns
    -------
    int32[k, t]
        Milliseconds, both links included; -1 beyond the limit or without a way.
    """
    if targets.vertex.size < sources.vertex.size:
        turned = _search_matrix(graph.turn_round(), targets, sources, limit_ms, n_threads)
        return np.ascontiguousarray(turned.T)
    return _search_matrix(graph, sources, targets, limit_ms, n_threads)


def _search_matrix(graph: DriveGraph, sources: DrivePoints, targets: DrivePoints, limit_ms: int, n_threads: int) -> I32:
    n_sources, n_targets = sources.vertex.size, targets.vertex.size
    if not n_sources:
        return np.full((n_sources, n_targets), -1, dtype=np.int32)

    def work(block: slice) -> I32:
        return search_matrix_block(
            graph.indptr,
            graph.indices,
            graph.time_ms,
            sources.vertex[block],
            sources.link_ms[block],
            targets.vertex,
            targets.link_ms,
            limit_ms,
            limit_ms,
        )

    return np.concatenate(map_blocks(work, n_sources, n_threads))


def compute_nearest_by_car(
    graph: DriveGraph, origins: DrivePoints, destinations: DrivePoints, *, limit_ms: int = UNLIMITED_MS
) -> tuple[I32, I32]:
    """Compute the driving time from every origin to the nearest of several destinations, by one search back from them.

    Parameters
    ----------
    graph
        The graph.
    origins, destinations
        Points that join it.
    limit_ms
        Longest time that is kept.

    Returns
    -------
    time_ms : int32[n_origins]
        Both links included; -1 beyond the limit or without a way.
    destination : int32[n_origins]
        Which one; ties go to the lowest; -1 for none.
    """
    turned = graph.turn_round()
    arguments = (turned.indptr, turned.indices, turned.time_ms, destinations.vertex, destinations.link_ms)
    time_ms, nearest = search_nearest(*arguments, limit_ms)
    at = np.maximum(origins.vertex, 0)
    total = time_ms[at].astype(np.int64) + origins.link_ms
    is_near = (origins.vertex >= 0) & (nearest[at] >= 0) & (total <= limit_ms)
    return np.where(is_near, total, -1).astype(np.int32), np.where(is_near, nearest[at], -1).astype(np.int32)


def round_to_seconds(time_ms: I32) -> I32:
    """Round milliseconds to whole seconds, half a second up; -1 stays."""
    return np.where(time_ms < 0, -1, (time_ms.astype(np.int64) + 500) // 1000).astype(np.int32)
