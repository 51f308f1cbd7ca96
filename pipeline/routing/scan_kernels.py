"""Kernels of the backward profile scan: profiles of stops, connections from the latest to the earliest.

A label is a pair (arrival, destination); of two labels the earlier arrival is better, then the lower destination. An
entry of a profile is a time and a label: whoever is ready at the stop by that time can have that label. The entries of
a stop are kept from the latest to the earliest, each with a better label than the one before.

*Boarding* profiles say what boarding a vehicle at the stop is worth; entries come in the order of the scan. *Transfer*
profiles say what alighting at the stop and changing is worth, walk and interchange subtracted; as walks differ, their
entries do not come in order of time. The two are never mixed: a walk leads to a vehicle and never to a second walk.
"""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, U8, kernel

_FIRST_SIZE = 4
# columns of the heads of transfer profiles: place in the pool, entries, room, and a copy of the earliest entry
_BEGIN, _LENGTH, _SIZE, _TIME, _ARRIVAL, _DESTINATION, _N_COLUMNS = 0, 1, 2, 3, 4, 5, 8


@kernel
def _is_better(arrival: int, destination: int, other_arrival: int, other_destination: int) -> bool:
    """Tell whether the first label is better than the second."""
    return arrival < other_arrival or (arrival == other_arrival and destination < other_destination)


@kernel
def _move_entries(pool: I32, begin: int, end: int, shift: int) -> None:
    """Move entries `begin..end-1` by `shift` places within the pool."""
    if shift > 0:
        for k in range(end - 1, begin - 1, -1):
            for column in range(3):
                pool[k + shift, column] = pool[k, column]
    elif shift < 0:
        for k in range(begin, end):
            for column in range(3):
                pool[k + shift, column] = pool[k, column]


@kernel
def insert_entry(pool: I32, heads: I32, stop: int, time: int, arrival: int, destination: int) -> int:
    """Insert an entry into a transfer profile: 0 if it is no improvement, 1 if done, 2 if there is no room."""
    n = heads[stop, _LENGTH]
    if (
        n > 0
        and time <= heads[stop, _TIME]
        and not _is_better(arrival, destination, heads[stop, _ARRIVAL], heads[stop, _DESTINATION])
    ):
        return 0
    begin = heads[stop, _BEGIN]
    at = begin + n
    while at > begin and pool[at - 1, 0] < time:
        at -= 1
    if at > begin:
        if not _is_better(arrival, destination, pool[at - 1, 1], pool[at - 1, 2]):
            return 0
        if pool[at - 1, 0] == time:
            at -= 1
    end = at
    while end < begin + n and not _is_better(pool[end, 1], pool[end, 2], arrival, destination):
        end += 1
    if end == at and n == heads[stop, _SIZE]:
        return 2
    _move_entries(pool, end, begin + n, at + 1 - end)
    n += at + 1 - end
    heads[stop, _LENGTH] = n
    pool[at, 0] = time
    pool[at, 1] = arrival
    pool[at, 2] = destination
    if at == begin + n - 1:
        heads[stop, _TIME] = time
        heads[stop, _ARRIVAL] = arrival
        heads[stop, _DESTINATION] = destination
    return 1


@kernel
def grow_profile(pool: I32, used: I32, free: I32, heads: I32, stop: int) -> I32:
    """Move a full profile to a place of twice the size; places given up are used again. Returns the pool."""
    size_class = 0
    wanted = _FIRST_SIZE
    while wanted < 2 * heads[stop, _SIZE]:
        wanted *= 2
        size_class += 1
    place = free[size_class]
    if place >= 0:
        free[size_class] = pool[place, 0]
    else:
        place = used[0]
        if place + wanted > pool.shape[0]:
            bigger = np.empty((2 * pool.shape[0] + wanted, 3), np.int32)
            bigger[:place] = pool[:place]
            pool = bigger
        used[0] = place + wanted
    base = heads[stop, _BEGIN]
    n = heads[stop, _LENGTH]
    pool[place : place + n] = pool[base : base + n]
    if heads[stop, _SIZE] > 0:
        pool[base, 0] = free[size_class - 1]
        free[size_class - 1] = base
    heads[stop, _BEGIN] = place
    heads[stop, _SIZE] = wanted
    return pool


@kernel
def find_entry(pool: I32, heads: I32, stop: int, time: int) -> int:
    """Place in the pool of a stop's earliest entry at or after `time`, -1 if there is none."""
    n = heads[stop, _LENGTH]
    base = heads[stop, _BEGIN]
    if n == 0 or pool[base, 0] < time:
        return -1
    low = 0
    high = n
    step = 1
    while high - step > 0:
        if pool[base + high - step, 0] >= time:
            low = high - step
            break
        high -= step
        step *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if pool[base + middle, 0] >= time:
            low = middle
        else:
            high = middle
    return base + low  # type: ignore[no-any-return]


@kernel
def _count_boardings(con_dep_stop: I32, con_can_board: U8, n_stops: int) -> I32:
    """Row starts of the boarding profiles: no stop has more entries than departures."""
    begin = np.zeros(n_stops + 1, np.int32)
    for i in range(con_dep_stop.shape[0]):
        if con_can_board[i]:
            begin[con_dep_stop[i] + 1] += 1
    for s in range(n_stops):
        begin[s + 1] += begin[s]
    return begin


@kernel
def _board_here(
    board: I32, board_begin: I32, board_length: I32, stop: int, dep: int, arrival: int, destination: int
) -> bool:
    """Add an entry to a boarding profile unless a later departure is as good."""
    at = board_begin[stop] + board_length[stop]
    if board_length[stop] > 0:
        if not _is_better(arrival, destination, board[at - 1, 1], board[at - 1, 2]):
            return False
        if board[at - 1, 0] == dep:
            at -= 1
    board[at, 0] = dep
    board[at, 1] = arrival
    board[at, 2] = destination
    board_length[stop] = at + 1 - board_begin[stop]
    return True


@kernel
def _change_to(
    pool: I32,
    used: I32,
    free: I32,
    heads: I32,
    stop: int,
    dep: int,
    arrival: int,
    destination: int,
    stop_change_s: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    earliest_s: int,
) -> I32:
    """Add an entry to the transfer profiles of all stops from which one can change to here. Returns the pool."""
    for leg in range(foot_indptr[stop] - 1, foot_indptr[stop + 1]):
        is_here = leg < foot_indptr[stop]
        place = stop if is_here else foot_stop[leg]
        ready = dep - (stop_change_s[stop] if is_here else foot_s[leg])
        if ready < earliest_s:
            continue
        if insert_entry(pool, heads, place, ready, arrival, destination) == 2:
            pool = grow_profile(pool, used, free, heads, place)
            insert_entry(pool, heads, place, ready, arrival, destination)
    return pool


@kernel
def _begin_round(trip: int, this_round: int, is_repeat: bool, last_round: I32, label: I32, saved: I32) -> None:  # noqa: FBT001
    """Note a trip's label when it is first met at a departure time, and go back to it when the time is repeated."""
    if last_round[trip] == this_round:
        return
    last_round[trip] = this_round
    source, target = (saved, label) if is_repeat else (label, saved)
    target[trip, 0] = source[trip, 0]
    target[trip, 1] = source[trip, 1]


@kernel
def scan_connections(
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_dep_s: I32,
    con_arr_s: I32,
    con_trip: I32,
    con_can_board: U8,
    con_can_alight: U8,
    n_trips: int,
    seed_s: I32,
    seed_destination: I32,
    stop_change_s: I32,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    earliest_s: int,
    latest_s: int,
    cap_s: int,
    has_instant_change: bool,  # noqa: FBT001
) -> tuple[I32, I32, I32]:
    """Scan connections (sorted by departure) backwards and return the boarding profiles.

    `foot_*` are the changes by the stop where they end. Labels that arrive after `latest_s`, take longer than `cap_s`
    from boarding, or need to be ready before `earliest_s` are left out. Connections without duration need care: those
    of one trip come in order of position, and where a change can take no time (`has_instant_change`) those of one time
    are scanned again until nothing improves. Each time a trip begins with the label that it had before the first: what
    alighting at an earlier call is worth must not reach a later one.

    Returns where each stop's entries begin, how many there are, and the entries (time, arrival, destination).
    """
    n_stops = stop_change_s.shape[0]
    n = con_dep_s.shape[0]
    board_begin = _count_boardings(con_dep_stop, con_can_board, n_stops)
    board = np.empty((board_begin[n_stops], 3), np.int32)
    board_length = np.zeros(n_stops, np.int32)
    pool = np.empty((max(1024, n), 3), np.int32)
    used = np.zeros(1, np.int32)
    free = np.full(40, -1, np.int32)
    heads = np.zeros((n_stops, _N_COLUMNS), np.int32)
    label = np.full((n_trips, 2), INF, np.int32)
    saved = np.empty((n_trips if has_instant_change else 0, 2), np.int32)
    last_round = np.full(saved.shape[0], -1, np.int32)
    this_round = 0
    is_repeat = False
    has_instant = False
    improved = False
    group_end = n
    i = n - 1
    while i >= 0:
        dep = con_dep_s[i]
        arr = con_arr_s[i]
        trip = con_trip[i]
        if has_instant_change:
            has_instant |= arr == dep
            _begin_round(trip, this_round, is_repeat, last_round, label, saved)
        arrival = label[trip, 0]
        destination = label[trip, 1]
        v = con_arr_stop[i]
        if con_can_alight[i]:
            if _is_better(arr + seed_s[v], seed_destination[v], arrival, destination):
                arrival = arr + seed_s[v]
                destination = seed_destination[v]
            found = find_entry(pool, heads, v, arr)
            if found >= 0 and _is_better(pool[found, 1], pool[found, 2], arrival, destination):
                arrival = pool[found, 1]
                destination = pool[found, 2]
        if arrival > latest_s or arrival - dep > cap_s:
            # too late from here is too late from every earlier stop of the trip
            arrival = INF
            destination = INF
        label[trip, 0] = arrival
        label[trip, 1] = destination
        u = con_dep_stop[i]
        if (
            arrival < INF
            and con_can_board[i]
            and _board_here(board, board_begin, board_length, u, dep, arrival, destination)
        ):
            improved = True
            pool = _change_to(
                pool,
                used,
                free,
                heads,
                u,
                dep,
                arrival,
                destination,
                stop_change_s,
                foot_indptr,
                foot_stop,
                foot_s,
                earliest_s,
            )
        i -= 1
        if has_instant_change and (i < 0 or con_dep_s[i] != dep):
            is_repeat = has_instant and improved
            if is_repeat:
                i = group_end - 1
            else:
                has_instant = False
                group_end = i + 1
            improved = False
            this_round += 1
    return board_begin, board_length, board


@kernel
def sweep_outward(
    first: int,
    end: int,
    start_s: int,
    cap_s: int,
    leg_indptr: I32,
    leg_stop: I32,
    leg_s: I32,
    board_begin: I32,
    board_length: I32,
    board: I32,
    walk_s: I32,
    walk_destination: I32,
    travel_time_s: I32,
    destination: I32,
) -> None:
    """Read the boarding profiles for origins `first..end-1`: the best label of each departure minute.

    An entry can be caught until its time less the walk to the stop; what can be caught at a minute can be caught at
    every earlier one. Writes rows of `travel_time_s` (-1: none within the cap) and `destination` (-2: none).
    """
    n_minutes = travel_time_s.shape[1]
    arrival = np.empty(n_minutes, np.int32)
    winner = np.empty(n_minutes, np.int32)
    for o in range(first, end):
        for m in range(n_minutes):
            arrival[m] = start_s + 60 * m + walk_s[o] if walk_s[o] >= 0 else INF
            winner[m] = walk_destination[o] if walk_s[o] >= 0 else INF
        for leg in range(leg_indptr[o], leg_indptr[o + 1]):
            s = leg_stop[leg]
            base = board_begin[s]
            for k in range(base, base + board_length[s]):
                slack = board[k, 0] - leg_s[leg] - start_s
                if slack < 0:
                    break
                m = min(slack // 60, n_minutes - 1)
                if board[k, 1] < arrival[m] or (board[k, 1] == arrival[m] and board[k, 2] < winner[m]):
                    arrival[m] = board[k, 1]
                    winner[m] = board[k, 2]
        for m in range(n_minutes - 1, -1, -1):
            if m + 1 < n_minutes and (
                arrival[m + 1] < arrival[m] or (arrival[m + 1] == arrival[m] and winner[m + 1] < winner[m])
            ):
                arrival[m] = arrival[m + 1]
                winner[m] = winner[m + 1]
            taken = arrival[m] - start_s - 60 * m
            is_within = taken <= cap_s
            travel_time_s[o, m] = taken if is_within else -1
            destination[o, m] = winner[m] if is_within else -2


@kernel
def sweep_return(
    first: int,
    end: int,
    start_s: int,
    cap_s: int,
    leg_indptr: I32,
    leg_stop: I32,
    leg_s: I32,
    board_begin: I32,
    board_length: I32,
    board: I32,
    walk_s: I32,
    walk_destination: I32,
    travel_time_s: I32,
    destination: I32,
) -> None:
    """Read the profiles of a scan in mirrored time: journeys from a destination to the points `first..end-1`.

    There an entry's time is the arrival at the stop and its label the departure from the destination, both negated. Of
    journeys that arrive equally early the one that can leave last is kept, then the lower destination.
    """
    n_minutes = travel_time_s.shape[1]
    arrival = np.empty(n_minutes, np.int32)
    leave = np.empty(n_minutes, np.int32)
    winner = np.empty(n_minutes, np.int32)
    for o in range(first, end):
        for m in range(n_minutes):
            leave[m] = start_s + 60 * m
            arrival[m] = leave[m] + walk_s[o] if walk_s[o] >= 0 else INF
            winner[m] = walk_destination[o] if walk_s[o] >= 0 else INF
        for leg in range(leg_indptr[o], leg_indptr[o + 1]):
            s = leg_stop[leg]
            base = board_begin[s]
            for k in range(base, base + board_length[s]):
                departure = -board[k, 1]
                if departure < start_s:
                    continue
                m = min((departure - start_s) // 60, n_minutes - 1)
                there = leg_s[leg] - board[k, 0]
                if there < arrival[m] or (
                    there == arrival[m]
                    and (departure > leave[m] or (departure == leave[m] and board[k, 2] < winner[m]))
                ):
                    arrival[m] = there
                    leave[m] = departure
                    winner[m] = board[k, 2]
        for m in range(n_minutes - 1, -1, -1):
            if m + 1 < n_minutes and arrival[m + 1] <= arrival[m]:
                arrival[m] = arrival[m + 1]
                winner[m] = winner[m + 1]
            taken = arrival[m] - start_s - 60 * m
            is_within = taken <= cap_s
            travel_time_s[o, m] = taken if is_within else -1
            destination[o, m] = winner[m] if is_within else -2


@kernel
def seed_stops(indptr: I32, item: I32, seconds: I32, rank: I32, seed_s: I32, seed_destination: I32) -> None:
    """Set the nearest item of each row (ties: the lowest rank); items of negative rank are left out."""
    for row in range(indptr.shape[0] - 1):
        seed_s[row] = INF
        seed_destination[row] = INF
        for k in range(indptr[row], indptr[row + 1]):
            r = rank[item[k]]
            if r >= 0 and (seconds[k] < seed_s[row] or (seconds[k] == seed_s[row] and r < seed_destination[row])):
                seed_s[row] = seconds[k]
                seed_destination[row] = r
