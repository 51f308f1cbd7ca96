"""Compiled searches behind `shortest_paths`: from one source with buckets, from many with a four-ary heap.

From one source, vertices wait in buckets of some metres, each a doubly linked list; the first is emptied, again if need
be where a shorter way is found within it, before the next one is opened. Labels only ever fall, so that they end at the
shortest distances whatever the width of the buckets (Dial, 1969; Meyer and Sanders, 2003).

A key of the heap holds the distance in its high 32 bits and the vertex in its low 32 bits; outdated keys are skipped
when they come up (lazy deletion). Sums are taken in 64 bits and compared with a limit that fits 31 bits: nothing can
overflow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

INT32_MAX = 2**31 - 1
LOW_HALF = 2**32 - 1
_BUCKET_BITS = 12  # 41 m: about the length of a street between two junctions

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
def _make_buckets(lengths: I32) -> I32:
    """Empty buckets, in a ring that the longest arc cannot pass round; their number is a power of two."""
    longest = 0
    for arc in range(lengths.shape[0]):
        longest = max(longest, lengths[arc])
    n = 2
    while n < (longest >> _BUCKET_BITS) + 2:
        n *= 2
    return np.full(n, -1, np.int32)


@_kernel
def _enter(bucket: int, vertex: int, head: I32, link: I32) -> None:
    """Put a vertex first in a bucket; `link` [vertex] holds the next vertex, the one before and the bucket."""
    first = head[bucket]
    link[vertex, 0] = first
    link[vertex, 1] = -1
    link[vertex, 2] = bucket
    if first >= 0:
        link[first, 1] = vertex
    head[bucket] = vertex


@_kernel
def _leave(vertex: int, head: I32, link: I32) -> None:
    """Take a vertex out of its bucket."""
    following = link[vertex, 0]
    previous = link[vertex, 1]
    if previous >= 0:
        link[previous, 0] = following
    else:
        head[link[vertex, 2]] = following
    if following >= 0:
        link[following, 1] = previous
    link[vertex, 2] = -1


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
    head: I32,
    link: I32,
) -> int:
    """Label every vertex within `limit` of one source; returns how many, listed in `touched`.

    `distance` must hold INT32_MAX everywhere; the caller resets the touched entries. `head` and `link` are empty, and
    are left so.
    """
    if source < 0 or offset > limit:
        return 0
    ring = head.shape[0] - 1
    distance[source] = offset
    touched[0] = source
    n_touched = 1
    now = offset >> _BUCKET_BITS
    _enter(now & ring, source, head, link)
    n_waiting = 1
    while n_waiting > 0:
        while head[now & ring] < 0:
            now += 1
        vertex = head[now & ring]
        _leave(vertex, head, link)
        n_waiting -= 1
        here = np.int64(distance[vertex])
        for arc in range(indptr[vertex], indptr[vertex + 1]):
            there = here + np.int64(lengths[arc])
            neighbour = indices[arc]
            if there > limit or there >= distance[neighbour]:
                continue
            bucket = (there >> _BUCKET_BITS) & ring
            if distance[neighbour] == INT32_MAX:
                touched[n_touched] = neighbour
                n_touched += 1
            distance[neighbour] = there
            if link[neighbour, 2] == bucket:
                continue
            if link[neighbour, 2] >= 0:
                _leave(neighbour, head, link)
                n_waiting -= 1
            _enter(bucket, neighbour, head, link)
            n_waiting += 1
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
    head = _make_buckets(lengths)
    link = np.full((n_vertices, 3), -1, np.int32)
    counts = np.zeros(sources.shape[0], np.int64)
    keys = np.empty(1024, np.int64)
    used = 0
    for i in range(sources.shape[0]):
        start = used
        n_touched = _search(
            indptr, indices, lengths, sources[i], source_offset[i], reach, distance, touched, head, link
        )
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
    head = _make_buckets(lengths)
    link = np.full((n_vertices, 3), -1, np.int32)
    matrix = np.full((sources.shape[0], targets.shape[0]), -1, np.int32)
    for i in range(sources.shape[0]):
        n_touched = _search(
            indptr, indices, lengths, sources[i], source_offset[i], reach, distance, touched, head, link
        )
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
