"""Kernels that read the times of each end from the events of a scan of lanes (`pipeline.routing.lane_kernels`)."""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, U8, kernel

_HIGH = np.int64(-0x7F7F7F7F7F7F7F80)  # the highest bit of each of eight bytes


@kernel
def read_single(
    first_end: int,
    last_end: int,
    n_lanes: int,
    start_s: int,
    cap_s: int,
    egress_indptr: I32,
    egress_stop: I32,
    egress_s: I32,
    arrival_s: I32,
    is_reached: U8,
    walk_s: I32,
    out: I32,
) -> None:
    """Write the times to ends `first_end..last_end-1` of one departure into `out` [lane, end, 1]; -1 for none.

    `arrival_s` [stop, lane] is the arrival by vehicle, `INF` for none; `walk_s` [lane, end] -1 for none.
    """
    best = np.empty(arrival_s.shape[1], np.int32)
    for end in range(first_end, last_end):
        best[:] = INF
        for leg in range(egress_indptr[end], egress_indptr[end + 1]):
            stop = egress_stop[leg]
            if is_reached[stop]:
                seconds = egress_s[leg]
                for lane in range(best.shape[0]):
                    best[lane] = min(best[lane], np.int32(arrival_s[stop, lane] + seconds))
        for lane in range(n_lanes):
            taken = best[lane] - start_s
            walk = walk_s[lane, end]
            if walk >= 0 and walk < taken:
                taken = walk
            out[lane, end - first_end, 0] = taken if taken <= cap_s else -1


@kernel
def list_arrivals(n_events: int, event_lane: U8, event_stop: I32, event_s: I32, n_stops: int) -> tuple[I32, U8]:
    """Arrivals [stop, lane] of a scan of one departure, and which stops are reached at all."""
    n_lanes = event_lane.shape[1]
    arrival_s = np.full((n_stops, n_lanes), INF, np.int32)
    is_reached = np.zeros(n_stops, np.uint8)
    for event in range(n_events):
        stop = event_stop[event]
        is_reached[stop] = 1
        for lane in range(n_lanes):
            time_s = event_s[event] if event_lane[event, lane] else INF
            arrival_s[stop, lane] = min(arrival_s[stop, lane], np.int32(time_s))
    return arrival_s, is_reached


@kernel
def _sort_events(
    end: int,
    start_s: int,
    latest: int,
    egress_indptr: I32,
    egress_stop: I32,
    egress_s: I32,
    event_indptr: I32,
    event_order: I32,
    event_s: I32,
    count: I32,
    found: I32,
) -> tuple[int, I32]:
    """List the events of an end as (seconds from the start, event) in order of time.

    They are in rows from the middle of the returned array on; its first half is for sorting.
    """
    count[:] = 0
    n = 0
    for leg in range(egress_indptr[end], egress_indptr[end + 1]):
        stop = egress_stop[leg]
        for k in range(event_indptr[stop], event_indptr[stop + 1]):
            event = event_order[k]
            time = event_s[event] + egress_s[leg] - start_s
            if time > latest:
                break
            if 2 * n == found.shape[0]:
                grown = np.empty((4 * n, 2), np.int32)
                grown[:n] = found[:n]
                found = grown
            found[n, 0] = time
            found[n, 1] = event
            count[time + 1] += 1
            n += 1
    if n == 0:
        return 0, found
    for time in range(latest + 1):
        count[time + 1] += count[time]
    half = found.shape[0] // 2
    for k in range(n):
        time = found[k, 0]
        at = half + count[time]
        count[time] += 1
        found[at, 0] = time
        found[at, 1] = found[k, 1]
    return n, found


@kernel
def _fill_minutes(n: int, found: I32, event_lane: U8, n_lanes: int, n_minutes: int, known: U8, minutes: I32) -> None:
    """Write the seconds from the start to the arrival of the latest departure of every event that matters.

    `known` is the latest departure of each lane so far.
    """
    words = event_lane.view(np.int64)
    known[:] = 0
    known_words = known.view(np.int64)
    n_words = known_words.shape[0]
    n_open = n_lanes
    half = found.shape[0] // 2
    for k in range(half, half + n):
        event = found[k, 1]
        same = _HIGH
        for word in range(n_words):
            same &= (known_words[word] | _HIGH) - words[event, word]
        if same & _HIGH == _HIGH:
            continue
        time = found[k, 0]
        for word in range(n_words):
            if ((known_words[word] | _HIGH) - words[event, word]) & _HIGH == _HIGH:
                continue
            for lane in range(8 * word, 8 * word + 8):
                minute = event_lane[event, lane]
                if minute > known[lane]:
                    known[lane] = minute
                    minutes[minute - 1, lane] = time
                    n_open -= minute == n_minutes
        if n_open == 0:
            break


@kernel
def _finish_minutes(end: int, n_lanes: int, cap_s: int, walk_s: I32, walk: I32, minutes: I32) -> None:
    """Turn `minutes` [minute, lane] into travel times, `INF` for none: what leaves later can be left for earlier."""
    n_minutes = minutes.shape[0]
    walk[:] = INF
    for lane in range(n_lanes):
        if walk_s[lane, end] >= 0:
            walk[lane] = walk_s[lane, end]
    for m in range(n_minutes - 2, -1, -1):
        for lane in range(walk.shape[0]):
            minutes[m, lane] = min(minutes[m, lane], minutes[m + 1, lane])
    for m in range(n_minutes):
        for lane in range(walk.shape[0]):
            taken = min(np.int32(minutes[m, lane] - 60 * m), walk[lane])
            minutes[m, lane] = taken if taken <= cap_s else INF


@kernel
def _select_ranks(minutes: I32, rank: int, cap_s: int, low: I32, high: I32, count: I32) -> None:
    """Find in every lane the value of a 0-based rank by bisection, into `low`; more than `cap_s` for infinite."""
    low[:] = 0
    high[:] = cap_s + 1
    width = cap_s + 1
    while width > 0:
        count[:] = 0
        for m in range(minutes.shape[0]):
            for lane in range(low.shape[0]):
                count[lane] += minutes[m, lane] <= ((low[lane] + high[lane]) >> 1)
        for lane in range(low.shape[0]):
            middle = (low[lane] + high[lane]) >> 1
            if count[lane] > rank:
                high[lane] = middle
            else:
                low[lane] = min(middle + 1, high[lane])
        width >>= 1


@kernel
def read_lanes(
    first_end: int,
    last_end: int,
    n_lanes: int,
    start_s: int,
    n_minutes: int,
    cap_s: int,
    egress_indptr: I32,
    egress_stop: I32,
    egress_s: I32,
    event_indptr: I32,
    event_order: I32,
    event_s: I32,
    event_lane: U8,
    walk_s: I32,
    ranks: I32,
    first_minute: int,
    out: I32,
) -> None:
    """Write the times to ends `first_end..last_end-1` into `out` [lane, end, minute]; -1 for none.

    With `ranks`, those ranks over the minutes are written instead. `event_order` lists the events by stop, in order of
    time.
    """
    width = event_lane.shape[1]
    latest = 60 * (n_minutes - 1) + cap_s
    count = np.zeros(latest + 2, np.int32)
    known = np.empty(width, np.uint8)
    minutes = np.empty((n_minutes, width), np.int32)
    found = np.empty((8192, 2), np.int32)
    low = np.empty(width, np.int32)
    high = np.empty(width, np.int32)
    number = np.empty(width, np.int32)
    for end in range(first_end, last_end):
        n, found = _sort_events(
            end,
            start_s,
            latest,
            egress_indptr,
            egress_stop,
            egress_s,
            event_indptr,
            event_order,
            event_s,
            count,
            found,
        )
        if n == 0 and walk_s[:, end].max() < 0:
            out[:, end - first_end, first_minute : first_minute + (ranks.shape[0] or n_minutes)] = -1
            continue
        minutes[:] = INF
        if n > 0:
            _fill_minutes(n, found, event_lane, n_lanes, n_minutes, known, minutes)
        _finish_minutes(end, n_lanes, cap_s, walk_s, low, minutes)
        for r in range(ranks.shape[0]):
            _select_ranks(minutes, ranks[r], cap_s, low, high, number)
            for lane in range(n_lanes):
                out[lane, end - first_end, r] = low[lane] if low[lane] <= cap_s else -1
        if ranks.shape[0] == 0:
            for lane in range(n_lanes):
                for m in range(n_minutes):
                    taken = minutes[m, lane]
                    out[lane, end - first_end, first_minute + m] = taken if taken <= cap_s else -1
