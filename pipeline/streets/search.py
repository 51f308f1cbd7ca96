"""Compiled searches behind `shortest_paths`: Dijkstra's algorithm with a four-ary heap of packed keys.

A key holds the distance in its high 32 bits and the vertex in its low 32 bits; outdated keys are skipped when they come
up (lazy deletion). Sums are taken in 64 bits and compared with a limit that fits 31 bits: nothing can overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

INT32_MAX = 2**31 - 1
LOW_HALF = 2**32 - 1

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Function = TypeVar("Function", bound=Callable[..., Any])


def _kernel(function: Function) -> Function:
    """Compile without the interpreter lock and keep the machine code on disk."""
    return cast("Function", numba.njit(cache=True, nogil=True)(function))


@_kernel
def _heap_push(heap: I64, size: int, key: int | np.int64) -> None:
    """Add `key` to the heap of `size` keys; the caller counts."""
    child = size
    while child > 0:
        parent = (child - 1) >> 2
        if heap[parent] <= key:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = key


@_kernel
def _heap_pop(heap: I64, size: int) -> int:
    """Remove and return the smallest of `size` keys; the caller counts."""
    smallest = heap[0]
    size -= 1
    key = heap[size]
    hole = 0
    while True:
        child = 4 * hole + 1
        if child >= size:
            break
        best = child
        best_key = heap[child]
        for other in range(child + 1, min(child + 4, size)):
            if heap[other] < best_key:
                best = other
                best_key = heap[other]
        if best_key >= key:
            break
        heap[hole] = best_key
        hole = best
    heap[hole] = key
    return smallest  # type: ignore[no-any-return]


@_kernel
def _search(
    indptr: I64,
    indices: I32,
    lengths: I32,
    source: int,
    offset: int,
    limit: int,
    distance: I32,
    touched: I32,
    heap: I64,
) -> int:
    """Label every vertex within `limit` of one source; returns how many, listed in `touched`.

    `distance` must hold INT32_MAX everywhere; the caller resets the touched entries.
    """
    if source < 0 or offset > limit:
        return 0
    distance[source] = offset
    touched[0] = source
    n_touched = 1
    heap[0] = (np.int64(offset) << 32) | np.int64(source)
    size = 1
    while size > 0:
        key = _heap_pop(heap, size)
        size -= 1
        vertex = key & LOW_HALF
        here = key >> 32
        if here > distance[vertex]:
            continue
        for arc in range(indptr[vertex], indptr[vertex + 1]):
            there = here + np.int64(lengths[arc])
            neighbour = indices[arc]
            if there > limit or there >= distance[neighbour]:
                continue
            if distance[neighbour] == INT32_MAX:
                touched[n_touched] = neighbour
                n_touched += 1
            distance[neighbour] = there
            _heap_push(heap, size, (there << 32) | np.int64(neighbour))
            size += 1
    return n_touched


@_kernel
def search_bounded_block(
    indptr: I64,
    indices: I32,
    lengths: I32,
    sources: I32,
    source_offset: I32,
    target_indptr: I64,
    target_order: I32,
    target_offset: I32,
    limit: int,
    reach: int,
) -> tuple[I64, I64]:
    """Rows of one block of sources: counts, and keys (target in the high half, distance in the low half)."""
    n_vertices = indptr.shape[0] - 1
    distance = np.full(n_vertices, INT32_MAX, np.int32)
    touched = np.empty(n_vertices, np.int32)
    heap = np.empty(indices.shape[0] + 1, np.int64)
    counts = np.zeros(sources.shape[0], np.int64)
    keys = np.empty(1024, np.int64)
    used = 0
    for i in range(sources.shape[0]):
        start = used
        n_touched = _search(indptr, indices, lengths, sources[i], source_offset[i], reach, distance, touched, heap)
        for j in range(n_touched):
            vertex = touched[j]
            here = np.int64(distance[vertex])
            distance[vertex] = INT32_MAX
            for k in range(target_indptr[vertex], target_indptr[vertex + 1]):
                target = target_order[k]
                total = here + np.int64(target_offset[target])
                if total > limit:
                    continue
                if used == keys.shape[0]:
                    grown = np.empty(2 * used, np.int64)
                    grown[:used] = keys
                    keys = grown
                keys[used] = (np.int64(target) << 32) | total
                used += 1
        keys[start:used].sort()
        counts[i] = used - start
    return counts, keys[:used].copy()


@_kernel
def search_matrix_block(
    indptr: I64,
    indices: I32,
    lengths: I32,
    sources: I32,
    source_offset: I32,
    targets: I32,
    target_offset: I32,
    limit: int,
    reach: int,
) -> I32:
    """Dense rows of one block of sources, -1 beyond the limit."""
    n_vertices = indptr.shape[0] - 1
    distance = np.full(n_vertices, INT32_MAX, np.int32)
    touched = np.empty(n_vertices, np.int32)
    heap = np.empty(indices.shape[0] + 1, np.int64)
    matrix = np.full((sources.shape[0], targets.shape[0]), -1, np.int32)
    for i in range(sources.shape[0]):
        n_touched = _search(indptr, indices, lengths, sources[i], source_offset[i], reach, distance, touched, heap)
        for j in range(targets.shape[0]):
            if targets[j] >= 0 and distance[targets[j]] != INT32_MAX:
                total = np.int64(distance[targets[j]]) + np.int64(target_offset[j])
                if total <= limit:
                    matrix[i, j] = total
        for j in range(n_touched):
            distance[touched[j]] = INT32_MAX
    return matrix


@_kernel
def search_nearest(
    indptr: I64, indices: I32, lengths: I32, sources: I32, source_offset: I32, limit: int
) -> tuple[I32, I32]:
    """Multi-source Dijkstra; ties to the lowest source, also across edges of length zero."""
    n_vertices = indptr.shape[0] - 1
    distance = np.full(n_vertices, INT32_MAX, np.int32)
    nearest = np.full(n_vertices, -1, np.int32)
    heap = np.empty(2 * (indices.shape[0] + sources.shape[0]) + 1, np.int64)
    size = 0
    for i in range(sources.shape[0]):
        start = sources[i]
        offset = source_offset[i]
        if start >= 0 and offset <= limit and offset < distance[start]:
            distance[start] = offset
            nearest[start] = i
            _heap_push(heap, size, (np.int64(offset) << 32) | np.int64(start))
            size += 1
    while size > 0:
        key = _heap_pop(heap, size)
        size -= 1
        vertex = key & LOW_HALF
        here = key >> 32
        if here > distance[vertex]:
            continue
        for arc in range(indptr[vertex], indptr[vertex + 1]):
            there = here + np.int64(lengths[arc])
            neighbour = indices[arc]
            if there > limit or there > distance[neighbour]:
                continue
            is_shorter = there < distance[neighbour]
            if not is_shorter and nearest[vertex] >= nearest[neighbour]:
                continue
            distance[neighbour] = there
            nearest[neighbour] = nearest[vertex]
            # A tie can only reach a vertex that was settled before across a zero length: it has to spread again.
            if is_shorter or lengths[arc] == 0:
                if size == heap.shape[0]:
                    grown = np.empty(2 * size, np.int64)
                    grown[:size] = heap
                    heap = grown
                _heap_push(heap, size, (there << 32) | np.int64(neighbour))
                size += 1
    for vertex in range(n_vertices):
        if nearest[vertex] < 0:
            distance[vertex] = -1
    return distance, nearest
