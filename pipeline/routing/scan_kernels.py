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
_BUCKET_BITS = 4
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
def count_boardings(con_dep_stop: I32, con_can_board: U8, n_stops: int) -> I32:
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
    board_begin = count_boardings(con_dep_stop, con_can_board, n_stops)
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


# --- the same in slices of time, for large networks ------------------------------------------------------------------
# Within a slice shorter than any change, what is boarded cannot be changed to. A boarding is therefore kept as
# *pending* (departure, label, next and last change, stop), and its changes are entered slice by slice, as late as
# possible: profiles then grow at their end. Pending boardings are gone through place by place and data is read ahead
# in bulk, because waiting for memory is what takes time. Stops may be shared out: each part has its own pending
# boardings, its own pool and only the changes that begin at its stops.


@kernel
def sort_changes(
    foot_indptr: I32, foot_stop: I32, foot_s: I32, stop_change_s: I32, limit_s: int, first: int, end: int
) -> tuple[I32, I32]:
    """Row starts and changes (seconds, stop) to each stop that begin at stops `first..end-1`, quickest first.

    The change at the stop itself is included; those that take longer than `limit_s` are left out.
    """
    n_stops = stop_change_s.shape[0]
    indptr = np.zeros(n_stops + 1, np.int32)
    change = np.empty((foot_stop.shape[0] + n_stops, 2), np.int32)
    n = 0
    for s in range(n_stops):
        begin = n
        for leg in range(foot_indptr[s] - 1, foot_indptr[s + 1]):
            is_here = leg < foot_indptr[s]
            seconds = stop_change_s[s] if is_here else foot_s[leg]
            place = s if is_here else foot_stop[leg]
            if seconds > limit_s or place < first or place >= end:
                continue
            at = n
            while at > begin and change[at - 1, 0] > seconds:
                change[at, 0] = change[at - 1, 0]
                change[at, 1] = change[at - 1, 1]
                at -= 1
            change[at, 0] = seconds
            change[at, 1] = place
            n += 1
        indptr[s + 1] = n
    return indptr, change


@kernel
def _order_pending(
    pending: I32, n_pending: int, boarded: I32, n_boarded: int, change_indptr: I32, ordered: I32, bucket_end: I32
) -> int:
    """Merge what was just boarded with what is pending, in order of place; returns how many there are."""
    bucket_end[:] = 0
    for p in range(n_pending):
        bucket_end[pending[p, 5] >> _BUCKET_BITS] += 1
    for b in range(n_boarded):
        bucket_end[boarded[b, 3] >> _BUCKET_BITS] += 1
    total = 0
    for bucket in range(bucket_end.shape[0]):
        n = bucket_end[bucket]
        bucket_end[bucket] = total
        total += n
    for p in range(n_pending):
        bucket = pending[p, 5] >> _BUCKET_BITS
        at = bucket_end[bucket]
        bucket_end[bucket] = at + 1
        for column in range(6):
            ordered[at, column] = pending[p, column]
    for b in range(n_boarded):
        stop = boarded[b, 3]
        at = bucket_end[stop >> _BUCKET_BITS]
        bucket_end[stop >> _BUCKET_BITS] = at + 1
        for column in range(3):
            ordered[at, column] = boarded[b, column]
        ordered[at, 3] = change_indptr[stop]
        ordered[at, 4] = change_indptr[stop + 1]
        ordered[at, 5] = stop
    return total


@kernel
def _collect_changes(
    heads: I32, pending: I32, change: I32, low_s: int, earliest_s: int, wanted: I32, progress: I32
) -> int:
    """List changes that begin after `low_s` and may improve a profile; keep boardings that have others."""
    p, kept, n_pending = progress
    n = 0
    while p < n_pending:
        dep = pending[p, 0]
        arrival = pending[p, 1]
        destination = pending[p, 2]
        leg = pending[p, 3]
        end = pending[p, 4]
        stop = pending[p, 5]
        if end - leg > wanted.shape[0] - n:
            break
        p += 1
        while leg < end:
            ready = dep - change[leg, 0]
            if ready <= low_s or ready < earliest_s:
                break
            place = change[leg, 1]
            leg += 1
            if ready <= heads[place, _TIME] and not _is_better(
                arrival, destination, heads[place, _ARRIVAL], heads[place, _DESTINATION]
            ):
                continue
            wanted[n, 0] = place
            wanted[n, 1] = ready
            wanted[n, 2] = arrival
            wanted[n, 3] = destination
            n += 1
        if leg < end and dep - change[leg, 0] >= earliest_s:
            pending[kept, 0] = dep
            pending[kept, 1] = arrival
            pending[kept, 2] = destination
            pending[kept, 3] = leg
            pending[kept, 4] = end
            pending[kept, 5] = stop
            kept += 1
    progress[0] = p
    progress[1] = kept
    return n


@kernel
def enter_changes(
    pool: I32,
    used: I32,
    free: I32,
    heads: I32,
    pending: I32,
    n_pending: int,
    boarded: I32,
    n_boarded: int,
    ordered: I32,
    bucket_end: I32,
    change_indptr: I32,
    change: I32,
    wanted: I32,
    low_s: int,
    earliest_s: int,
) -> tuple[I32, I32, I32, int]:
    """Enter the changes that begin after `low_s` into the transfer profiles.

    Returns the pool, pending boardings, as much room for the next ones, and how many of them have changes left.
    """
    if n_pending + n_boarded > ordered.shape[0]:
        ordered = np.empty((2 * (n_pending + n_boarded), 6), np.int32)
    n = _order_pending(pending, n_pending, boarded, n_boarded, change_indptr, ordered, bucket_end)
    progress = np.zeros(3, np.int32)
    progress[2] = n
    while progress[0] < n:
        n_wanted = _collect_changes(heads, ordered, change, low_s, earliest_s, wanted, progress)
        ahead = 0
        for k in range(n_wanted):  # many reads at once do not wait for one another
            stop = wanted[k, 0]
            ahead += pool[max(heads[stop, _BEGIN] + heads[stop, _LENGTH] - 1, 0), 0]
        used[1] = ahead & 1
        for k in range(n_wanted):
            stop = wanted[k, 0]
            if insert_entry(pool, heads, stop, wanted[k, 1], wanted[k, 2], wanted[k, 3]) == 2:
                pool = grow_profile(pool, used, free, heads, stop)
                insert_entry(pool, heads, stop, wanted[k, 1], wanted[k, 2], wanted[k, 3])
    return pool, ordered, pending, progress[1]


@kernel
def _read_ahead(
    first: int,
    end: int,
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_trip: I32,
    split: int,
    pool: I32,
    other_pool: I32,
    heads: I32,
    label: I32,
    seed_s: I32,
    board: I32,
    board_begin: I32,
    board_length: I32,
) -> int:
    """Read what connections `first..end-1` are about to need: many reads at once do not wait for one another."""
    total = 0
    for i in range(first, end):
        u = con_dep_stop[i]
        v = con_arr_stop[i]
        total += label[con_trip[i], 0] + seed_s[v] + heads[v, _BEGIN] + board_begin[u] + board_length[u]
    for i in range(first, end):
        u = con_dep_stop[i]
        v = con_arr_stop[i]
        at = max(heads[v, _BEGIN] + heads[v, _LENGTH] - 2, 0)
        total += pool[at, 0] if v < split else other_pool[at, 0]
        total += board[max(board_begin[u] + board_length[u] - 1, 0), 0]
    return total


@kernel
def ride_slice(
    first: int,
    end: int,
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_dep_s: I32,
    con_arr_s: I32,
    con_trip: I32,
    con_can_board: U8,
    con_can_alight: U8,
    split: int,
    pool: I32,
    other_pool: I32,
    heads: I32,
    label: I32,
    seed_s: I32,
    seed_destination: I32,
    board: I32,
    board_begin: I32,
    board_length: I32,
    latest_s: int,
    cap_s: int,
    boarded: I32,
) -> int:
    """Scan connections `first..end-1` of one slice backwards and list what was boarded; returns how many.

    Profiles of stops from `split` on are in the other pool.
    """
    n = 0
    ahead = 0
    for i in range(end - 1, first - 1, -1):
        if (end - 1 - i) % 32 == 0:
            ahead += _read_ahead(
                max(i - 31, first),
                i + 1,
                con_dep_stop,
                con_arr_stop,
                con_trip,
                split,
                pool,
                other_pool,
                heads,
                label,
                seed_s,
                board,
                board_begin,
                board_length,
            )
        dep = con_dep_s[i]
        arr = con_arr_s[i]
        trip = con_trip[i]
        arrival = label[trip, 0]
        destination = label[trip, 1]
        v = con_arr_stop[i]
        if con_can_alight[i]:
            if _is_better(arr + seed_s[v], seed_destination[v], arrival, destination):
                arrival = arr + seed_s[v]
                destination = seed_destination[v]
            source = pool if v < split else other_pool
            found = find_entry(source, heads, v, arr)
            if found >= 0 and _is_better(source[found, 1], source[found, 2], arrival, destination):
                arrival = source[found, 1]
                destination = source[found, 2]
        if arrival > latest_s or arrival - dep > cap_s:
            # too late from here is too late from every earlier stop of the trip
            arrival = INF
            destination = INF
        label[trip, 0] = arrival
        label[trip, 1] = destination
        if (
            arrival < INF
            and con_can_board[i]
            and _board_here(board, board_begin, board_length, con_dep_stop[i], dep, arrival, destination)
        ):
            boarded[n, 0] = dep
            boarded[n, 1] = arrival
            boarded[n, 2] = destination
            boarded[n, 3] = con_dep_stop[i]
            n += 1
    boarded[n, 0] = ahead & 1  # so that reading ahead is not left out as useless
    return n
