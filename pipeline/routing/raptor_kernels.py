"""Kernels of range RAPTOR: rounds of riding and changing, departures from the latest to the earliest.

Labels are kept from minute to minute: what can be reached by leaving later can be reached by leaving earlier. A *layer*
holds the labels of journeys with a given number of changes; without a limit on changes there is one layer for all.

- ``ready[layer, stop]``: earliest time at which a vehicle can be boarded there. All departures of the stop from that
  time on have been offered; ``offered[layer, stop]`` points to the first of them.
- ``ridden[layer, trip]``: earliest position at which the trip, or one of its pattern that is nowhere later, has been
  boarded. Only the calls between a new position and that one can be improved (Witt, 2015).
- ``arrival[layer, stop]``: earliest arrival by vehicle, with the layer's number of changes or fewer.
"""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, U8, kernel


@kernel
def list_departures(
    con_dep_stop: I32,
    con_dep_s: I32,
    con_trip: I32,
    con_call: I32,
    con_can_board: U8,
    trip_time_indptr: I32,
    n_stops: int,
) -> tuple[I32, I32, I32, I32]:
    """Sort connections that can be boarded by stop, then time: row starts, times, trips, positions."""
    indptr = np.zeros(n_stops + 1, np.int32)
    for i in range(con_dep_s.shape[0]):
        if con_can_board[i]:
            indptr[con_dep_stop[i] + 1] += 1
    for s in range(n_stops):
        indptr[s + 1] += indptr[s]
    fill = indptr[:-1].copy()
    time = np.empty(indptr[n_stops], np.int32)
    trip = np.empty(indptr[n_stops], np.int32)
    position = np.empty(indptr[n_stops], np.int32)
    for i in range(con_dep_s.shape[0]):
        if con_can_board[i]:
            at = fill[con_dep_stop[i]]
            fill[con_dep_stop[i]] += 1
            time[at] = con_dep_s[i]
            trip[at] = con_trip[i]
            position[at] = con_call[i] - trip_time_indptr[con_trip[i]]
    return indptr, time, trip, position


@kernel
def _board(
    ready_list: I32,
    n_ready: int,
    is_listed: U8,
    ready: I32,
    offered: I32,
    ridden: I32,
    dep_indptr: I32,
    dep_s: I32,
    dep_trip: I32,
    dep_position: I32,
    pattern_trip_indptr: I32,
    trip_pattern: I32,
    limit_s: int,
    queue: I32,
) -> int:
    """Offer the departures that have newly come within reach; returns how many trips are to be ridden."""
    n = 0
    for r in range(n_ready):
        stop = ready_list[r]
        is_listed[stop] = 0
        old = offered[stop]
        new = old
        while new > dep_indptr[stop] and dep_s[new - 1] >= ready[stop]:
            new -= 1
        offered[stop] = new
        for d in range(new, old):
            if dep_s[d] > limit_s:
                break
            trip = dep_trip[d]
            position = dep_position[d]
            if ridden[trip] <= position:
                continue
            queue[n, 0] = trip
            queue[n, 1] = position
            queue[n, 2] = ridden[trip]
            n += 1
            for later in range(trip, pattern_trip_indptr[trip_pattern[trip] + 1]):
                if ridden[later] <= position:
                    break
                ridden[later] = position
    return n


@kernel
def _ride(
    queue: I32,
    n_rides: int,
    layer: int,
    arrival: I32,
    pattern_indptr: I32,
    pattern_stop: I32,
    pattern_can_alight: U8,
    trip_pattern: I32,
    trip_time_indptr: I32,
    trip_arr_s: I32,
    limit_s: int,
    is_reached: U8,
    reached_list: I32,
) -> int:
    """Ride the queued trips; returns how many stops are reached earlier than before."""
    n = 0
    n_layers = arrival.shape[0]
    for q in range(n_rides):
        trip = queue[q, 0]
        call = pattern_indptr[trip_pattern[trip]]
        base = trip_time_indptr[trip]
        for position in range(queue[q, 1] + 1, queue[q, 2] + 1):
            arr = trip_arr_s[base + position]
            if arr > limit_s:
                break
            if not pattern_can_alight[call + position]:
                continue
            stop = pattern_stop[call + position]
            if arr >= arrival[layer, stop]:
                continue
            for above in range(layer, n_layers):
                arrival[above, stop] = min(arrival[above, stop], arr)
            if not is_reached[stop]:
                is_reached[stop] = 1
                reached_list[n] = stop
                n += 1
    return n


@kernel
def _change(
    reached_list: I32,
    n_reached: int,
    is_reached: U8,
    arrival: I32,
    ready: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    limit_s: int,
    is_listed: U8,
    ready_list: I32,
) -> int:
    """Change at, or walk from, the stops reached; returns how many stops can now be boarded at earlier."""
    n = 0
    for r in range(n_reached):
        stop = reached_list[r]
        is_reached[stop] = 0
        for leg in range(foot_indptr[stop] - 1, foot_indptr[stop + 1]):
            if leg < foot_indptr[stop]:
                to = stop
                time = arrival[stop] + stop_change_s[stop]
            else:
                to = foot_stop[leg]
                time = arrival[stop] + foot_s[leg]
            if time >= ready[to] or time > limit_s:
                continue
            ready[to] = time
            if not is_listed[to]:
                is_listed[to] = 1
                ready_list[n] = to
                n += 1
    return n


@kernel
def _read_arrivals(
    start_s: int,
    cap_s: int,
    egress_indptr: I32,
    egress_stop: I32,
    egress_s: I32,
    by_minute: I32,
    is_touched: U8,
    walk_s: I32,
    out: I32,
) -> None:
    """Turn arrivals at stops, `by_minute` [stop, minute], into travel times to destinations, and clear them.

    What can be reached when leaving at a minute can be reached when leaving earlier.
    """
    n_stops, n_minutes = by_minute.shape
    for stop in range(n_stops):
        if is_touched[stop]:
            for m in range(n_minutes - 2, -1, -1):
                by_minute[stop, m] = min(by_minute[stop, m], by_minute[stop, m + 1])
    best = np.empty(n_minutes, np.int32)
    for d in range(out.shape[0]):
        for m in range(n_minutes):
            best[m] = start_s + 60 * m + walk_s[d] if walk_s[d] >= 0 else INF
        for leg in range(egress_indptr[d], egress_indptr[d + 1]):
            if is_touched[egress_stop[leg]]:
                row = by_minute[egress_stop[leg]]
                seconds = egress_s[leg]
                for m in range(n_minutes):
                    best[m] = min(best[m], np.int32(row[m] + seconds))
        for m in range(n_minutes):
            taken = best[m] - start_s - 60 * m
            out[d, m] = taken if taken <= cap_s else -1
    for stop in range(n_stops):
        if is_touched[stop]:
            is_touched[stop] = 0
            by_minute[stop] = INF


@kernel
def range_block(
    first: int,
    end: int,
    start_s: int,
    cap_s: int,
    n_layers: int,
    is_limited: bool,  # noqa: FBT001
    access_indptr: I32,
    access_stop: I32,
    access_s: I32,
    egress_indptr: I32,
    egress_stop: I32,
    egress_s: I32,
    dep_indptr: I32,
    dep_s: I32,
    dep_trip: I32,
    dep_position: I32,
    pattern_indptr: I32,
    pattern_stop: I32,
    pattern_can_alight: U8,
    pattern_trip_indptr: I32,
    trip_pattern: I32,
    trip_time_indptr: I32,
    trip_arr_s: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    walk_s: I32,
    out: I32,
) -> None:
    """Write travel times from origins `first..end-1` at every minute into `out` [origin, destination, minute].

    -1 where no journey is within the cap. `egress_*` are the legs by destination. `walk_s` [origin of the block,
    destination] is walking all the way, -1 for none.
    """
    n_stops = stop_change_s.shape[0]
    n_trips = trip_pattern.shape[0]
    n_minutes = out.shape[2]
    ready = np.empty((n_layers, n_stops), np.int32)
    arrival = np.empty((n_layers, n_stops), np.int32)
    offered = np.empty((n_layers, n_stops), np.int32)
    ridden = np.empty((n_layers, n_trips), np.int32)
    by_minute = np.full((n_stops, n_minutes), INF, np.int32)
    is_touched = np.zeros(n_stops, np.uint8)
    ready_list = np.empty(n_stops, np.int32)
    reached_list = np.empty(n_stops, np.int32)
    is_listed = np.zeros(n_stops, np.uint8)
    is_reached = np.zeros(n_stops, np.uint8)
    queue = np.empty((dep_s.shape[0], 3), np.int32)
    for o in range(first, end):
        ready[:] = INF
        arrival[:] = INF
        for layer in range(n_layers):
            offered[layer] = dep_indptr[1:]
            for trip in range(n_trips):
                ridden[layer, trip] = trip_time_indptr[trip + 1] - trip_time_indptr[trip] - 1
        for m in range(n_minutes - 1, -1, -1):
            leave = start_s + 60 * m
            limit_s = leave + cap_s
            n_ready = 0
            for leg in range(access_indptr[o], access_indptr[o + 1]):
                stop = access_stop[leg]
                if leave + access_s[leg] < ready[0, stop]:
                    ready[0, stop] = leave + access_s[leg]
                    is_listed[stop] = 1
                    ready_list[n_ready] = stop
                    n_ready += 1
            layer = 0
            while n_ready > 0:
                n_rides = _board(
                    ready_list,
                    n_ready,
                    is_listed,
                    ready[layer],
                    offered[layer],
                    ridden[layer],
                    dep_indptr,
                    dep_s,
                    dep_trip,
                    dep_position,
                    pattern_trip_indptr,
                    trip_pattern,
                    limit_s,
                    queue,
                )
                n_reached = _ride(
                    queue,
                    n_rides,
                    layer,
                    arrival,
                    pattern_indptr,
                    pattern_stop,
                    pattern_can_alight,
                    trip_pattern,
                    trip_time_indptr,
                    trip_arr_s,
                    limit_s,
                    is_reached,
                    reached_list,
                )
                for r in range(n_reached):
                    stop = reached_list[r]
                    by_minute[stop, m] = min(by_minute[stop, m], arrival[layer, stop])
                    is_touched[stop] = 1
                if is_limited and layer == n_layers - 1:
                    for r in range(n_reached):
                        is_reached[reached_list[r]] = 0
                    break
                following = layer + 1 if is_limited else layer
                n_ready = _change(
                    reached_list,
                    n_reached,
                    is_reached,
                    arrival[layer],
                    ready[following],
                    foot_indptr,
                    foot_stop,
                    foot_s,
                    stop_change_s,
                    limit_s,
                    is_listed,
                    ready_list,
                )
                layer = following
        _read_arrivals(
            start_s,
            cap_s,
            egress_indptr,
            egress_stop,
            egress_s,
            by_minute,
            is_touched,
            walk_s[o - first],
            out[o - first],
        )
