"""Shortest walking paths in whole centimetres on a symmetric CSR graph.

Sources are shared out among threads in blocks; each block has its own workspace and the results are joined in the order
of the sources, so that they do not depend on the number of threads. The searches themselves are in `search`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.base.progress import measure
from pipeline.streets.search import INT32_MAX, LOW_HALF, search_bounded_block, search_matrix_block, search_nearest

# Enough blocks to keep all threads busy to the end, few enough that their workspaces do not matter.
_BLOCKS_PER_THREAD = 8
_MIN_SOURCES_PER_BLOCK = 16

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Result = TypeVar("Result")


@dataclass(frozen=True)
class WalkGraph:
    """Symmetric graph in compressed sparse rows, lengths in whole centimetres.

    Attributes
    ----------
    indptr
        int64[n + 1]; the arcs of vertex ``i`` are ``indptr[i]:indptr[i + 1]``.
    indices
        int32[m]; neighbour of each arc, ascending within a row; no loops, no parallel arcs.
    length_cm
        int32[m]; length of each arc.
    """

    indptr: I64
    indices: I32
    length_cm: I32

    @property
    def n_vertices(self) -> int:
        """Number of vertices: street nodes first, then the points at which edges were split."""
        return int(self.indptr.shape[0]) - 1


@dataclass(frozen=True)
class BoundedDistances:
    """Distances from each source to the targets within the limit, as CSR.

    Attributes
    ----------
    indptr
        int64[k + 1]; the row of source ``i`` is ``indptr[i]:indptr[i + 1]``.
    target
        int32[m]; index of the target, ascending within a row.
    distance_cm
        int32[m]; source offset + path + target offset, in centimetres.
    """

    indptr: I64
    target: I32
    distance_cm: I32


def _check_points(name: str, vertex: ArrayLike, offset_cm: ArrayLike, n_vertices: int) -> tuple[I32, I32]:
    """Contiguous int32 copies of vertices and offsets, or a ValueError that says which is out of range."""
    vertices = np.ascontiguousarray(vertex, dtype=np.int32)
    offsets = np.ascontiguousarray(offset_cm, dtype=np.int32)
    if vertices.ndim != 1 or vertices.shape != offsets.shape:
        raise ValueError(f"{name}: vertices and offsets must be one-dimensional and equally long")
    if vertices.size and int(vertices.max()) >= n_vertices:
        raise ValueError(f"{name}: vertex {int(vertices.max())} is not in a graph of {n_vertices} vertices")
    if bool(np.any(offsets[vertices >= 0] < 0)):
        raise ValueError(f"{name}: offsets must not be negative")
    return vertices, offsets


def _check_limit(limit_cm: int) -> int:
    if not 0 <= limit_cm < INT32_MAX:
        raise ValueError(f"limit_cm must be in [0, {INT32_MAX - 1}], not {limit_cm}")
    return int(limit_cm)


def _smallest(vertices: I32, offsets: I32) -> int:
    """Smallest offset of the points that have a vertex; what a search need not reach beyond."""
    used = offsets[vertices >= 0]
    return int(used.min()) if used.size else 0


def map_blocks(work: Callable[[slice], Result], n_sources: int, n_threads: int) -> list[Result]:
    """Apply `work` to blocks of sources; the results are in the order of the blocks."""
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, not {n_threads}")
    step = max(_MIN_SOURCES_PER_BLOCK, -(-n_sources // (_BLOCKS_PER_THREAD * n_threads)))
    blocks = [slice(start, min(start + step, n_sources)) for start in range(0, n_sources, step)]
    with measure("walking distances", total=n_sources) as meter:

        def count(block: slice) -> Result:
            result = work(block)
            meter.advance(block.stop - block.start)
            return result

        if n_threads == 1 or len(blocks) <= 1:
            return [count(block) for block in blocks]
        with ThreadPoolExecutor(max_workers=n_threads) as pool:
            return list(pool.map(count, blocks))


def compute_bounded_distances(
    graph: WalkGraph,
    sources: ArrayLike,
    source_offset_cm: ArrayLike,
    targets_vertex: ArrayLike,
    target_offset_cm: ArrayLike,
    *,
    limit_cm: int,
    n_threads: int = 1,
) -> BoundedDistances:
    """Compute the walking distance from every source to all targets within a limit.

    Parameters
    ----------
    graph
        The walking graph.
    sources, source_offset_cm
        int32[k]; vertex of each source (-1: not on the streets, its row is empty) and its link in centimetres.
    targets_vertex, target_offset_cm
        int32[t]; the same for the targets. Several targets may share a vertex.
    limit_cm
        Largest total distance (source link + path + target link) that is kept.
    n_threads
        Threads over blocks of sources; the result does not depend on it.

    Returns
    -------
    BoundedDistances
        CSR rows, sorted by target.

    Raises
    ------
    ValueError
        If a vertex, an offset, the limit or the number of threads is out of range.

    References
    ----------
    E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1 (1959).
    """
    limit = _check_limit(limit_cm)
    source, source_offset = _check_points("sources", sources, source_offset_cm, graph.n_vertices)
    target, target_offset = _check_points("targets", targets_vertex, target_offset_cm, graph.n_vertices)
    located = np.flatnonzero(target >= 0).astype(np.int32)
    target_order = located[np.argsort(target[located], kind="stable")]
    target_indptr = np.zeros(graph.n_vertices + 1, dtype=np.int64)
    np.cumsum(np.bincount(target[located], minlength=graph.n_vertices), out=target_indptr[1:])
    reach = limit - _smallest(target, target_offset)
    if not located.size or not source.size or reach < 0:
        return BoundedDistances(np.zeros(source.size + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))

    def work(block: slice) -> tuple[I64, I64]:
        return search_bounded_block(
            graph.indptr,
            graph.indices,
            graph.length_cm,
            source[block],
            source_offset[block],
            target_indptr,
            target_order,
            target_offset,
            limit,
            reach,
        )

    parts = map_blocks(work, source.size, n_threads)
    keys = np.concatenate([part[1] for part in parts])
    indptr = np.zeros(source.size + 1, dtype=np.int64)
    np.cumsum(np.concatenate([part[0] for part in parts]), out=indptr[1:])
    return BoundedDistances(indptr, (keys >> 32).astype(np.int32), (keys & LOW_HALF).astype(np.int32))


def compute_distance_matrix(
    graph: WalkGraph,
    sources: ArrayLike,
    source_offset_cm: ArrayLike,
    targets_vertex: ArrayLike,
    target_offset_cm: ArrayLike,
    *,
    limit_cm: int,
    n_threads: int = 1,
) -> I32:
    """Compute the walking distance from every source to every target as a dense matrix.

    The parameters and errors are those of `compute_bounded_distances`. The graph is symmetric, so the searches start
    from whichever side has fewer points.

    Returns
    -------
    int32[k, t]
        Source link + path + target link in centimetres; -1 beyond the limit or without a path.
    """
    limit = _check_limit(limit_cm)
    source, source_offset = _check_points("sources", sources, source_offset_cm, graph.n_vertices)
    target, target_offset = _check_points("targets", targets_vertex, target_offset_cm, graph.n_vertices)
    if target.size < source.size:
        swapped = compute_distance_matrix(
            graph, target, target_offset, source, source_offset, limit_cm=limit, n_threads=n_threads
        )
        return np.ascontiguousarray(swapped.T)
    reach = limit - _smallest(target, target_offset)
    if not source.size or reach < 0:
        return np.full((source.size, target.size), -1, dtype=np.int32)

    def work(block: slice) -> I32:
        return search_matrix_block(
            graph.indptr,
            graph.indices,
            graph.length_cm,
            source[block],
            source_offset[block],
            target,
            target_offset,
            limit,
            reach,
        )

    return np.concatenate(map_blocks(work, source.size, n_threads))


def compute_nearest_source(
    graph: WalkGraph, source_vertex: ArrayLike, source_offset_cm: ArrayLike, *, limit_cm: int
) -> tuple[I32, I32]:
    """Compute for every vertex the nearest of several sources, by one multi-source Dijkstra.

    Parameters
    ----------
    graph
        The walking graph.
    source_vertex, source_offset_cm
        int32[k]; vertex of each source (-1: ignored) and its link in centimetres.
    limit_cm
        Largest distance (link + path) that is kept.

    Returns
    -------
    distance_cm : int32[n_vertices]
        Distance to the nearest source, -1 beyond the limit.
    source : int32[n_vertices]
        Its index, -1 beyond the limit. Ties go to the lowest index.

    Raises
    ------
    ValueError
        If a vertex, an offset or the limit is out of range.
    """
    limit = _check_limit(limit_cm)
    source, offset = _check_points("sources", source_vertex, source_offset_cm, graph.n_vertices)
    return search_nearest(graph.indptr, graph.indices, graph.length_cm, source, offset, limit)


def compute_walk_s(cm: ArrayLike, walk_kmh: float) -> I32:
    """Convert centimetres into whole walking seconds, half a second rounded up, in integer arithmetic.

    ``(2 * cm * 3600 + d) // (2 * d)`` with ``d = round(walk_kmh * 100_000)`` centimetres an hour.

    Parameters
    ----------
    cm
        Distances in whole centimetres; negative values stand for "no path".
    walk_kmh
        Walking speed, at least 0.01 km/h.

    Returns
    -------
    int32 array of the same shape
        Seconds; -1 where `cm` is negative.

    Raises
    ------
    ValueError
        If the speed is not a number of at least 0.01 km/h.
    """
    if not math.isfinite(walk_kmh) or walk_kmh < 0.01:
        raise ValueError(f"walk_kmh must be a number of at least 0.01, not {walk_kmh}")
    cm_per_hour = round(walk_kmh * 100_000)
    distance = np.asarray(cm, dtype=np.int64)
    seconds = (2 * distance * 3600 + cm_per_hour) // (2 * cm_per_hour)
    if bool(np.any(seconds > INT32_MAX)):
        raise ValueError("a walking time exceeds 2,147,483,647 seconds")
    return np.where(distance < 0, -1, seconds).astype(np.int32)
