"""The backward scan in slices of time: quicker on large networks, and on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipeline.base.progress import track
from pipeline.routing.kernels import I32, INF, U8
from pipeline.routing.scan_kernels import count_boardings, enter_changes, ride_slice, sort_changes

LONGEST_S, SHORTEST_S = 120, 10
_COLUMNS = 8
_WANTED = 4096


@dataclass(frozen=True)
class Connections:
    """Connections of a scan, by departure; those of one trip and time by position."""

    dep_stop: I32
    arr_stop: I32
    dep_s: I32
    arr_s: I32
    trip: I32
    can_board: U8
    can_alight: U8


@dataclass
class _Part:
    """What one thread keeps for its stops."""

    pool: I32
    used: I32
    free: I32
    change_indptr: I32
    change: I32
    bucket_end: I32
    wanted: I32
    pending: I32
    ordered: I32
    n_pending: int = 0


def find_slice_s(foot_s: I32, stop_change_s: I32) -> int:
    """Find how long slices can be: no longer than the quickest change.

    Parameters
    ----------
    foot_s, stop_change_s
        Changes to other stops and at the same stop.

    Returns
    -------
    int
        Seconds; 0 where changes are too quick for slices to be worth while.
    """
    quickest_s = int(min(stop_change_s.min(initial=LONGEST_S), foot_s.min(initial=LONGEST_S)))
    return min(quickest_s, LONGEST_S) if quickest_s >= SHORTEST_S else 0


def scan_by_slices(
    connections: Connections,
    *,
    n_trips: int,
    seeds: tuple[I32, I32],
    stop_change_s: I32,
    foot: tuple[I32, I32, I32],
    limits: tuple[int, int, int],
    slice_s: int,
    n_threads: int = 1,
) -> tuple[I32, I32, I32]:
    """Scan connections backwards and return the boarding profiles, the same as `scan_connections` does.

    Parameters
    ----------
    connections
        The connections.
    n_trips
        Number of trips.
    seeds
        Walk from each stop to its nearest destination, and that destination.
    stop_change_s
        Change at the same stop.
    foot
        Changes by the stop where they end: row starts, stops where they begin, seconds.
    limits
        Earliest time to be ready, latest arrival, longest time from boarding.
    slice_s
        From `find_slice_s`.
    n_threads
        Stops are shared out between two threads if there are two.

    Returns
    -------
    tuple of arrays
        Where each stop's entries begin, how many there are, and the entries (time, arrival, destination).
    """
    n_stops = stop_change_s.shape[0]
    earliest_s, latest_s, cap_s = limits
    begin = count_boardings(connections.dep_stop, connections.can_board, n_stops)
    length = np.zeros(n_stops, np.int32)
    # numpy asks the system for large pages, which the arrays that are made within kernels have not
    board = np.empty((int(begin[-1]), 3), np.int32)
    heads = np.zeros((n_stops, _COLUMNS), np.int32)
    heads[:, 3] = -INF
    label = np.full((n_trips, 2), INF, np.int32)
    bounds = _cut(connections.dep_s, slice_s)
    boarded = np.empty((int(np.diff(bounds).max(initial=0)) + 1, 4), np.int32)
    split = _find_split(begin, foot[0]) if n_threads > 1 else n_stops
    spans = [(0, split), (split, n_stops)][: 2 if split < n_stops else 1]
    n_boarded = 0

    with ThreadPoolExecutor(max_workers=len(spans)) as threads:
        size = max(1024, connections.dep_s.shape[0])

        def prepare(span: tuple[int, int]) -> _Part:
            indptr, change = sort_changes(*foot, stop_change_s, min(latest_s - earliest_s, INF), *span)
            widest = int(np.diff(indptr).max(initial=0))
            return _Part(
                pool=np.empty((size, 3), np.int32),
                used=np.zeros(2, np.int32),
                free=np.full(40, -1, np.int32),
                change_indptr=indptr,
                change=change,
                bucket_end=np.empty((n_stops >> 4) + 1, np.int32),
                wanted=np.empty((max(_WANTED, widest), 4), np.int32),
                pending=np.empty((1024, 6), np.int32),
                ordered=np.empty((1024, 6), np.int32),
            )

        def enter(part: _Part) -> None:
            part.pool, part.pending, part.ordered, part.n_pending = enter_changes(
                part.pool,
                part.used,
                part.free,
                heads,
                part.pending,
                part.n_pending,
                boarded,
                n_boarded,
                part.ordered,
                part.bucket_end,
                part.change_indptr,
                part.change,
                part.wanted,
                low_s,
                earliest_s,
            )

        parts = list(threads.map(prepare, spans))
        slices = list(zip(bounds[-2::-1].tolist(), bounds[:0:-1].tolist(), strict=True))
        for first, end in track(slices, description="scanning connections"):
            low_s = int(connections.dep_s[end - 1]) - slice_s
            if len(parts) == 1:
                enter(parts[0])
            else:
                other = threads.submit(enter, parts[1])
                enter(parts[0])
                other.result()
            n_boarded = ride_slice(
                first,
                end,
                connections.dep_stop,
                connections.arr_stop,
                connections.dep_s,
                connections.arr_s,
                connections.trip,
                connections.can_board,
                connections.can_alight,
                split,
                parts[0].pool,
                parts[-1].pool,
                heads,
                label,
                *seeds,
                board,
                begin,
                length,
                latest_s,
                cap_s,
                boarded,
            )
    return begin, length, board


def _cut(dep_s: I32, slice_s: int) -> I32:
    """Where slices begin and end, from the first connection on; each is cut at its latest departure less a slice."""
    bounds = [dep_s.shape[0]]
    while bounds[-1] > 0:
        bounds.append(int(np.searchsorted(dep_s, dep_s[bounds[-1] - 1] - slice_s, side="right")))
    return np.array(bounds[::-1], dtype=np.int32)


def _find_split(begin: I32, foot_indptr: I32) -> int:
    """Share out the stops so that each side has half of the changes to be entered."""
    work = np.cumsum(np.diff(begin).astype(np.int64) * (1 + np.diff(foot_indptr)))
    return int(np.searchsorted(work, work[-1] // 2)) if work.shape[0] else 0
