"""Kernels that begin and end a backward scan: destinations nearest to the stops, profiles read for the origins."""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, kernel


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
