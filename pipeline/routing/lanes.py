"""Travel times from many starts at a time: one scan of the connections for a block of them.

Exact without a limit on changes. The idea is that of the connection scan (Dibbelt et al., 2013) run for many starts in
step, so that neighbouring starts, which ride the same vehicles, share the reading of the timetable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.routing.kernels import I32, U8, run_blocks
from pipeline.routing.lane_kernels import LONGEST, scan_lanes
from pipeline.routing.lane_readers import list_arrivals, read_lanes, read_single
from pipeline.routing.window import DepartureWindow
from pipeline.transit.packed import PackedNetwork, build_row_starts

LONGEST_CAP_S = 100_000
_WIDEST, _STEP = 640, 8
_SCAN_BYTES = 400_000_000
_PART_VALUES = 2_000_000
Add = Callable[[int, int, int, int, I32], None]


class Legs(NamedTuple):
    """Legs of points in compressed sparse rows: row starts, stops, seconds."""

    indptr: I32
    target: I32
    seconds: I32


@dataclass(frozen=True)
class LaneProblem:
    """What is asked.

    Attributes
    ----------
    network
        The network.
    window
        Departures.
    access, egress
        Legs by start and by end.
    read_walks
        Takes the first start and the one after the last; gives int32[starts, n_ends], walking all the way, -1 for no
        way.
    n_starts, n_ends
        How many there are.
    """

    network: PackedNetwork
    window: DepartureWindow
    access: Legs
    egress: Legs
    read_walks: Callable[[int, int], I32]
    n_starts: int
    n_ends: int


class _Ride(NamedTuple):
    """The connections of a window, their trips renumbered, and those that take time in order of arrival."""

    window: DepartureWindow
    dep_stop: I32
    arr_stop: I32
    dep_s: I32
    arr_s: I32
    trip: I32
    can_board: U8
    can_alight: U8
    by_arrival: I32
    n_trips: int


class _Events(NamedTuple):
    lane: U8
    stop: I32
    time_s: I32
    n: int


def run_lanes(
    problem: LaneProblem,
    add: Add,
    finish: Callable[[int, int], None] | None = None,
    *,
    ranks: I32 | None = None,
    values_a_start: int = 0,
    n_threads: int = 1,
) -> None:
    """Compute travel times by blocks of starts, and hand them on by parts of the ends.

    Parameters
    ----------
    problem
        The question.
    add
        Takes the first start, the last plus one, the first end, the last plus one, and int32[starts, ends, minutes]
        travel times, -1 for none. Parts of one block come in order, from one thread; blocks come from several threads.
    finish
        Called when all parts of a block (first start, last plus one) have been handed on.
    ranks
        0-based ranks over the minutes: hand on these instead of the minutes.
    values_a_start
        How many values the consumer keeps a start until a block is finished; blocks are smaller where it is large.
    n_threads
        Threads; results do not depend on it.

    Raises
    ------
    ValueError
        If ranks are asked of a window longer than `LONGEST` minutes.
    """
    window = problem.window
    if ranks is not None and window.n_minutes > LONGEST:
        raise ValueError(f"ranks are read from windows of at most {LONGEST} minutes")
    n_starts, n_ends = problem.n_starts, problem.n_ends
    rides = [
        _select_rides(
            problem.network,
            DepartureWindow(window.start_s + 60 * first, min(LONGEST, window.n_minutes - first), window.cap_s),
        )
        for first in range(0, window.n_minutes, LONGEST)
    ]
    n_values = window.n_minutes if ranks is None else ranks.shape[0]
    width = _choose_width(problem, rides, n_threads, values_a_start)
    row = np.repeat(np.arange(n_starts, dtype=np.int32), np.diff(problem.access.indptr))

    def work(first: int, end: int) -> None:
        walk_s = problem.read_walks(first, end)
        readers = [
            _make_reader(problem, ride.window, _scan(problem, ride, first, end, row), walk_s, ranks) for ride in rides
        ]
        step = max(1, _PART_VALUES // ((end - first) * n_values))
        for first_end in range(0, n_ends, step):
            last_end = min(first_end + step, n_ends)
            times = np.empty((end - first, last_end - first_end, n_values), np.int32)
            for number, read in enumerate(readers):
                read(first_end, last_end, number * LONGEST, times)
            add(first, end, first_end, last_end, times)
        if finish is not None:
            finish(first, end)

    run_blocks(work, n_starts, n_threads=n_threads, block=width)


def _choose_width(problem: LaneProblem, rides: list[_Ride], n_threads: int, values_a_start: int) -> int:
    """Choose the starts of a block: enough to share the scan, few enough for memory and all threads."""
    # rows for stops, trips and, by experience, every fourth connection
    rows = max(2 * problem.network.n_stops + ride.n_trips + ride.dep_s.shape[0] // 4 for ride in rides)
    fits = _SCAN_BYTES // max(1, rows)
    if values_a_start:
        fits = min(fits, 16_000_000 // values_a_start)
    shared = -(-problem.n_starts // max(1, n_threads))
    width = int(max(_STEP, min(_WIDEST, fits, shared)))
    return -(-width // _STEP) * _STEP


def _select_rides(network: PackedNetwork, window: DepartureWindow) -> _Ride:
    first = int(np.searchsorted(network.con_dep_s, window.start_s, side="left"))
    end = int(np.searchsorted(network.con_dep_s, window.latest_s, side="right"))
    dep_s, arr_s, trip = network.con_dep_s[first:end], network.con_arr_s[first:end], network.con_trip[first:end]
    order = np.argsort(arr_s, kind="stable").astype(np.int32)
    is_used = np.zeros(network.n_trips, bool)
    is_used[trip] = True
    number = (np.cumsum(is_used) - 1).astype(np.int32)
    return _Ride(
        window,
        network.con_dep_stop[first:end],
        network.con_arr_stop[first:end],
        dep_s,
        arr_s,
        number[trip],
        network.con_can_board[first:end],
        network.con_can_alight[first:end],
        order[(arr_s[order] > dep_s[order]) & (arr_s[order] <= window.latest_s)],
        int(is_used.sum()),
    )


def _scan(problem: LaneProblem, ride: _Ride, first: int, end: int, row: I32) -> _Events:
    network, access, window = problem.network, problem.access, ride.window
    legs = slice(int(access.indptr[first]), int(access.indptr[end]))
    by_stop = np.argsort(access.target[legs], kind="stable")
    width = -(-(end - first) // _STEP) * _STEP
    n = ride.dep_s.shape[0]
    events = _Events(np.empty((n + 1, width), np.uint8), np.empty(n + 1, np.int32), np.empty(n + 1, np.int32), 0)
    n_events = scan_lanes(
        width,
        window.start_s,
        window.n_minutes,
        window.cap_s,
        build_row_starts(access.target[legs], network.n_stops),
        row[legs][by_stop] - np.int32(first),
        access.seconds[legs][by_stop],
        *ride[1:],
        network.foot_indptr,
        network.foot_stop,
        network.foot_s,
        network.stop_change_s,
        int(min(network.stop_change_s.min(initial=1), network.foot_s.min(initial=1))) <= 0,
        *events[:3],
    )
    return events._replace(n=n_events)


def _make_reader(
    problem: LaneProblem, window: DepartureWindow, events: _Events, walk_s: I32, ranks: I32 | None
) -> Callable[[int, int, int, I32], None]:
    n_stops = problem.network.n_stops
    n_lanes = walk_s.shape[0]
    if window.n_minutes == 1 and problem.window.n_minutes == 1:
        arrivals = list_arrivals(events.n, *events[:3], n_stops)

        def read_one(first_end: int, last_end: int, _: int, times: I32) -> None:
            read_single(
                first_end,
                last_end,
                n_lanes,
                window.start_s,
                window.cap_s,
                *problem.egress,
                *arrivals,
                walk_s,
                times,
            )
            times[:, :, 1:] = times[:, :, :1]

        return read_one
    stop = events.stop[: events.n]
    order = np.argsort(stop, kind="stable").astype(np.int32)
    indptr = build_row_starts(stop, n_stops)
    wanted = np.empty(0, np.int32) if ranks is None else ranks

    def read(first_end: int, last_end: int, first_minute: int, times: I32) -> None:
        read_lanes(
            first_end,
            last_end,
            n_lanes,
            window.start_s,
            window.n_minutes,
            window.cap_s,
            *problem.egress,
            indptr,
            order,
            events.time_s,
            events.lane,
            walk_s,
            wanted,
            first_minute,
            times,
        )

    return read
