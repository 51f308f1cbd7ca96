"""Kernels that scan the connections once for many starts at a time, and read the times of each end.

The connections are scanned forwards, by departure. What is kept of a stop, a trip or an arrival is a row of bytes, one
*lane* a start: the latest departure of the window from which it can be reached, counted from 1; 0 for none. Boarding is
then the greater of two rows, and an arrival matters only where its trip carries a later departure than had arrived.
Each arrival that matters is an *event* (stop, time, row). Changes wait at the stop where they end until a departure is
scanned there. Bytes stay below 128, so that eight lanes can be compared at once in a 64-bit word.
"""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, U8, kernel

LONGEST = 120
"""Most minutes of a scan."""


@kernel
def _arrive(
    time_s: int,
    stop: int,
    trip: int,
    least: int,
    n_events: int,
    trip_lane: U8,
    stop_lane: U8,
    event_lane: U8,
    event_stop: I32,
    event_s: I32,
) -> int:
    """List the arrival if in any lane it is from a later departure than arrived before; returns how many there are.

    Departures up to `least` are too early for the journey to be short enough.
    """
    floor = np.uint8(least)
    some = np.uint8(0)
    for lane in range(trip_lane.shape[1]):
        minute = trip_lane[trip, lane]
        minute = minute if (minute > stop_lane[stop, lane] and minute > floor) else np.uint8(0)
        event_lane[n_events, lane] = minute
        some |= minute
    if some == 0:
        return n_events
    for lane in range(trip_lane.shape[1]):
        stop_lane[stop, lane] = max(stop_lane[stop, lane], event_lane[n_events, lane])
    event_stop[n_events] = stop
    event_s[n_events] = time_s
    return n_events + 1


@kernel
def _change(
    event: int,
    event_stop: I32,
    event_s: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    last_dep_s: I32,
    waiting: I32,
    pool: I32,
    used: I32,
) -> I32:
    """Have an event wait (time, event, next) at every stop that can be changed to and is left later."""
    stop = event_stop[event]
    for leg in range(foot_indptr[stop] - 1, foot_indptr[stop + 1]):
        is_here = leg < foot_indptr[stop]
        to = stop if is_here else foot_stop[leg]
        ready_s = event_s[event] + (stop_change_s[stop] if is_here else foot_s[leg])
        if ready_s > last_dep_s[to]:
            continue
        at = used[1]
        if at >= 0:
            used[1] = pool[at, 2]
        else:
            at = used[0]
            used[0] += 1
            if at == pool.shape[0]:
                grown = np.empty((2 * at, 3), np.int32)
                grown[:at] = pool
                pool = grown
        pool[at, 0] = ready_s
        pool[at, 1] = event
        pool[at, 2] = waiting[to]
        waiting[to] = at
    return pool


@kernel
def _collect(
    stop: int,
    now_s: int,
    start_s: int,
    n_minutes: int,
    access_indptr: I32,
    access_lane: I32,
    access_s: I32,
    waiting: I32,
    pool: I32,
    used: I32,
    event_lane: U8,
    ready_lane: U8,
    is_ready: U8,
) -> None:
    """Bring what can be boarded at a stop up to date: changes that have ended, and walks from the starts."""
    previous = -1
    entry = waiting[stop]
    while entry >= 0:
        following = pool[entry, 2]
        if pool[entry, 0] > now_s:
            previous = entry
            entry = following
            continue
        event = pool[entry, 1]
        for lane in range(ready_lane.shape[1]):
            ready_lane[stop, lane] = max(ready_lane[stop, lane], event_lane[event, lane])
        is_ready[stop] = 1
        if previous < 0:
            waiting[stop] = following
        else:
            pool[previous, 2] = following
        pool[entry, 2] = used[1]
        used[1] = entry
        entry = following
    for leg in range(access_indptr[stop], access_indptr[stop + 1]):
        slack = now_s - start_s - access_s[leg]
        if slack >= 0:
            minute = np.uint8(min(slack // 60 + 1, n_minutes))
            lane = access_lane[leg]
            if minute > ready_lane[stop, lane]:
                ready_lane[stop, lane] = minute
                is_ready[stop] = 1


@kernel
def _board(
    stop: int,
    trip: int,
    now_s: int,
    start_s: int,
    n_minutes: int,
    access_indptr: I32,
    access_lane: I32,
    access_s: I32,
    waiting: I32,
    pool: I32,
    used: I32,
    event_lane: U8,
    ready_lane: U8,
    is_ready: U8,
    trip_lane: U8,
    is_aboard: U8,
) -> None:
    """Board a trip at a stop with all that is ready there."""
    _collect(
        stop,
        now_s,
        start_s,
        n_minutes,
        access_indptr,
        access_lane,
        access_s,
        waiting,
        pool,
        used,
        event_lane,
        ready_lane,
        is_ready,
    )
    if is_ready[stop]:
        is_aboard[trip] = 1
        for lane in range(trip_lane.shape[1]):
            trip_lane[trip, lane] = max(trip_lane[trip, lane], ready_lane[stop, lane])


@kernel
def _find_last_departures(con_dep_stop: I32, con_dep_s: I32, con_can_board: U8, n_stops: int) -> I32:
    """Find when each stop is last left; -INF for never."""
    last_dep_s = np.full(n_stops, -INF, np.int32)
    for c in range(con_dep_s.shape[0]):
        if con_can_board[c]:
            last_dep_s[con_dep_stop[c]] = con_dep_s[c]
    return last_dep_s


@kernel
def _keep_trips(first: int, end: int, con_trip: I32, trip_lane: U8, mark: I32, saved: U8, is_first: U8) -> None:
    """Keep the trips' lanes as they are before the connections `first..end-1`, which depart at one time."""
    for c in range(first, end):
        trip = con_trip[c]
        is_first[c - first] = mark[trip] != first
        mark[trip] = first
        if is_first[c - first]:
            saved[c - first] = trip_lane[trip]


@kernel
def _land(
    c: int,
    n_events: int,
    earliest_end_s: int,
    con_arr_stop: I32,
    con_arr_s: I32,
    con_trip: I32,
    trip_lane: U8,
    stop_lane: U8,
    event_lane: U8,
    event_stop: I32,
    event_s: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    last_dep_s: I32,
    waiting: I32,
    pool: I32,
    used: I32,
) -> tuple[int, I32]:
    """Let the trip of a connection arrive; journeys of the first departure that end by `earliest_end_s` are in time."""
    least = max(0, -((earliest_end_s - con_arr_s[c]) // 60))
    before = n_events
    n_events = _arrive(
        con_arr_s[c],
        con_arr_stop[c],
        con_trip[c],
        least,
        n_events,
        trip_lane,
        stop_lane,
        event_lane,
        event_stop,
        event_s,
    )
    if n_events > before:
        pool = _change(
            before,
            event_stop,
            event_s,
            foot_indptr,
            foot_stop,
            foot_s,
            stop_change_s,
            last_dep_s,
            waiting,
            pool,
            used,
        )
    return n_events, pool


@kernel
def _find_group(first: int, con_dep_s: I32, con_arr_s: I32) -> tuple[int, bool]:
    """Return the end of the connections that depart at the time of the first, and whether one takes no time."""
    end = first
    has_instant = False
    while end < con_dep_s.shape[0] and con_dep_s[end] == con_dep_s[first]:
        has_instant |= con_arr_s[end] == con_dep_s[end]
        end += 1
    return end, has_instant


@kernel
def scan_lanes(
    n_lanes: int,
    start_s: int,
    n_minutes: int,
    cap_s: int,
    access_indptr: I32,
    access_lane: I32,
    access_s: I32,
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_dep_s: I32,
    con_arr_s: I32,
    con_trip: I32,
    con_can_board: U8,
    con_can_alight: U8,
    by_arrival: I32,
    n_trips: int,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    has_instant_change: bool,  # noqa: FBT001
    event_lane: U8,
    event_stop: I32,
    event_s: I32,
) -> int:
    """Scan the connections forwards and list the events; returns how many.

    `by_arrival` lists the connections that take time and arrive soon enough, in order of arrival: when one arrives its
    trip carries what it carried there, for the next connection of the trip departs then or later. Connections without
    duration arrive at once; where a change can take no time those of one time are scanned again until nothing improves,
    each trip beginning with what it carried before the first: what boards at a later call has not been at an earlier.
    """
    n_stops = stop_change_s.shape[0]
    n = con_dep_s.shape[0]
    ready_lane = np.zeros((n_stops, n_lanes), np.uint8)
    stop_lane = np.zeros((n_stops, n_lanes), np.uint8)
    trip_lane = np.zeros((n_trips, n_lanes), np.uint8)
    is_ready = np.zeros(n_stops, np.uint8)
    is_aboard = np.zeros(n_trips, np.uint8)
    waiting = np.full(n_stops, -1, np.int32)
    last_dep_s = _find_last_departures(con_dep_stop, con_dep_s, con_can_board, n_stops)
    pool = np.empty((65_536, 3), np.int32)
    used = np.array([0, -1], np.int32)
    mark = np.full(n_trips if has_instant_change else 0, -1, np.int32)
    saved = np.empty((0, n_lanes), np.uint8)
    is_first = np.empty(0, np.uint8)
    landing = (con_arr_stop, con_arr_s, con_trip, trip_lane, stop_lane, event_lane, event_stop, event_s)
    changes = (foot_indptr, foot_stop, foot_s, stop_change_s, last_dep_s, waiting)
    n_events = 0
    arrived = 0
    first = 0
    while first < n or arrived < by_arrival.shape[0]:
        now_s = con_dep_s[first] if first < n else INF
        while arrived < by_arrival.shape[0] and con_arr_s[by_arrival[arrived]] <= now_s:
            c = by_arrival[arrived]
            arrived += 1
            if is_aboard[con_trip[c]] and con_can_alight[c]:
                n_events, pool = _land(c, n_events, start_s + cap_s, *landing, *changes, pool, used)
        end = min(first + 1, n)
        is_repeated = False
        if has_instant_change and first < n:
            end, is_repeated = _find_group(first, con_dep_s, con_arr_s)
        if is_repeated:
            saved = np.empty((end - first, n_lanes), np.uint8)
            is_first = np.empty(end - first, np.uint8)
            _keep_trips(first, end, con_trip, trip_lane, mark, saved, is_first)
        while True:
            before = n_events
            for c in range(first, end):
                trip = con_trip[c]
                if is_repeated and is_first[c - first]:
                    trip_lane[trip] = saved[c - first]
                if con_can_board[c]:
                    _board(
                        con_dep_stop[c],
                        trip,
                        now_s,
                        start_s,
                        n_minutes,
                        access_indptr,
                        access_lane,
                        access_s,
                        waiting,
                        pool,
                        used,
                        event_lane,
                        ready_lane,
                        is_ready,
                        trip_lane,
                        is_aboard,
                    )
                if con_arr_s[c] == now_s and is_aboard[trip] and con_can_alight[c]:
                    n_events, pool = _land(c, n_events, start_s + cap_s, *landing, *changes, pool, used)
            if not is_repeated or n_events == before:
                break
        first = end
    return n_events
