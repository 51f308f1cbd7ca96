"""One journey, leg by leg: an earliest-arrival search, ride by ride, that remembers how each stop was reached.

Each round adds one ride to what the rounds before it reached (Delling, Pajor and Werneck 2012), so that a limit on
changes is exact; a round is one pass over the connections of the time in question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline.routing.kernels import I32, INF, U8, kernel
from pipeline.routing.profile_scan import NearestWalk, StopSeeds
from pipeline.transit.packed import PackedNetwork


@dataclass(frozen=True)
class Leg:
    """A part of a journey.

    Attributes
    ----------
    kind
        ``walk`` (to the first or from the last stop, or all the way), ``wait``, ``ride`` or ``change`` (at a stop or to
        another one, interchange included).
    start_s, end_s
        Seconds of the network's day.
    from_stop, to_stop
        Stop indices; -1 for the ends of the journey.
    trip
        Trip of the network for a ride, else -1.
    """

    kind: Literal["walk", "wait", "ride", "change"]
    start_s: int
    end_s: int
    from_stop: int
    to_stop: int
    trip: int = -1


@dataclass(frozen=True)
class Journey:
    """The quickest journey for one departure.

    Attributes
    ----------
    leave_s, arrive_s
        Seconds of the network's day.
    destination
        Which of the seeds' destinations it goes to, or comes from.
    legs
        Without gaps, from `leave_s` to `arrive_s`; legs without duration are left out, but for rides.
    """

    leave_s: int
    arrive_s: int
    destination: int
    legs: tuple[Leg, ...]

    @property
    def travel_time_s(self) -> int:
        """Seconds from leaving to arriving."""
        return self.arrive_s - self.leave_s


@dataclass(frozen=True)
class _Round:
    """What is known with at most so many rides, int32[n_stops] each.

    Attributes
    ----------
    arrival
        Earliest arrival by vehicle, `INF` for none.
    ride_begin, ride_end
        Connections where that ride begins and ends, -1 for none.
    ride_round
        With how many rides that arrival was found first.
    ready
        Earliest time at which one may board, walks and interchange included.
    changed_at, change_round
        Stop from which one changed to be ready then, -1: one walked there from the start; and with how many rides
        one had arrived at that stop.
    """

    arrival: I32
    ride_begin: I32
    ride_end: I32
    ride_round: I32
    ready: I32
    changed_at: I32
    change_round: I32


@kernel
def _ride_once(
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_dep_s: I32,
    con_arr_s: I32,
    con_trip: I32,
    con_call: I32,
    con_can_board: U8,
    con_can_alight: U8,
    n_trips: int,
    ready: I32,
    number: int,
    arrival: I32,
    ride_begin: I32,
    ride_end: I32,
    ride_round: I32,
) -> int:
    """Take one ride from stops that are `ready` at given times; returns at how many stops one arrives earlier."""
    boarded = np.full(n_trips, -1, np.int32)
    n_improved = 0
    for i in range(con_dep_s.shape[0]):
        trip = con_trip[i]
        is_aboard = boarded[trip] >= 0 and con_call[boarded[trip]] <= con_call[i]
        if not is_aboard and con_can_board[i] and ready[con_dep_stop[i]] <= con_dep_s[i]:
            boarded[trip] = i
            is_aboard = True
        v = con_arr_stop[i]
        if is_aboard and con_can_alight[i] and con_arr_s[i] < arrival[v]:
            n_improved += ride_round[v] != number
            arrival[v] = con_arr_s[i]
            ride_begin[v] = boarded[trip]
            ride_end[v] = i
            ride_round[v] = number
    return n_improved


@kernel
def _change_once(
    arrival: I32,
    ride_round: I32,
    number: int,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    ready: I32,
    changed_at: I32,
    change_round: I32,
) -> None:
    """Change at, or walk from, every stop at which ride `number` arrived earlier than any before it."""
    for v in range(arrival.shape[0]):
        if ride_round[v] != number:
            continue
        for leg in range(foot_indptr[v] - 1, foot_indptr[v + 1]):
            if leg < foot_indptr[v]:
                w = v
                time = arrival[v] + stop_change_s[v]
            else:
                w = foot_stop[leg]
                time = arrival[v] + foot_s[leg]
            if time < ready[w]:
                ready[w] = time
                changed_at[w] = v
                change_round[w] = number


def explain_journey(
    network: PackedNetwork,
    origin: int,
    seeds: StopSeeds,
    leave_s: int,
    *,
    cap_s: int,
    walk: NearestWalk | None = None,
    max_changes: int | None = None,
    is_return: bool = False,
) -> Journey | None:
    """Find the quickest journey from an origin to the nearest destination, or home from it, for one departure.

    Parameters
    ----------
    network
        The network.
    origin
        Index of the origin.
    seeds
        The nearest destination of every stop.
    leave_s
        Departure.
    cap_s
        Longest journey that counts.
    walk
        Walking all the way; it is preferred when it is as quick.
    max_changes
        Most changes of vehicle, None for no limit.
    is_return
        From the destination to the origin.

    Returns
    -------
    Journey or None
        Its travel time equals that of the scan, or with a limit on changes that of range RAPTOR, for the same minute;
        of journeys as quick it is one with fewest changes. None if there is none within the cap.
    """
    legs = slice(int(network.access_indptr[origin]), int(network.access_indptr[origin + 1]))
    near = np.full(network.n_stops, INF, np.int32)
    near[network.access_stop[legs]] = network.access_s[legs]
    start, end = (seeds.seconds, near) if is_return else (near, seeds.seconds)
    walked = _walk_all_the_way(walk, origin, leave_s)
    rounds = _search(network, start, leave_s, cap_s, max_changes=max_changes)
    ridden = _follow_back(network, rounds, end, seeds.destination, leave_s, is_return=is_return)
    found = [journey for journey in (walked, ridden) if journey is not None and journey.travel_time_s <= cap_s]
    return min(found, key=lambda journey: journey.arrive_s) if found else None


def _walk_all_the_way(walk: NearestWalk | None, origin: int, leave_s: int) -> Journey | None:
    if walk is None or walk.seconds[origin] < 0:
        return None
    arrive_s = leave_s + int(walk.seconds[origin])
    return Journey(leave_s, arrive_s, int(walk.destination[origin]), (Leg("walk", leave_s, arrive_s, -1, -1),))


def _search(
    network: PackedNetwork, start: I32, leave_s: int, cap_s: int, *, max_changes: int | None
) -> tuple[int, list[_Round]]:
    """Search forwards ride by ride until nothing improves; returns the first connection and what each ride gave."""
    first = int(np.searchsorted(network.con_dep_s, leave_s, side="left"))
    last = int(np.searchsorted(network.con_dep_s, leave_s + cap_s, side="right"))
    connections: list[Any] = [
        getattr(network, f"con_{name}")[first:last]
        for name in ("dep_stop", "arr_stop", "dep_s", "arr_s", "trip", "call", "can_board", "can_alight")
    ]
    n_stops = network.n_stops
    unknown = np.full(n_stops, -1, np.int32)
    ready = np.where(start < INF, leave_s + start, INF).astype(np.int32)
    rounds = [_Round(np.full(n_stops, INF, np.int32), unknown, unknown, unknown, ready, unknown, unknown)]
    while max_changes is None or len(rounds) <= max_changes + 1:
        before, number = rounds[-1], len(rounds)
        now = _Round(*(array.copy() for array in vars(before).values()))
        rides = [now.arrival, now.ride_begin, now.ride_end, now.ride_round]
        if not _ride_once(*[*connections, network.n_trips, before.ready, number, *rides]):
            break
        foot = (network.foot_indptr, network.foot_stop, network.foot_s, network.stop_change_s)
        _change_once(now.arrival, now.ride_round, number, *foot, now.ready, now.changed_at, now.change_round)
        rounds.append(now)
    return first, rounds


def _follow_back(
    network: PackedNetwork,
    found: tuple[int, list[_Round]],
    end: I32,
    destination: I32,
    leave_s: int,
    *,
    is_return: bool,
) -> Journey | None:
    """Follow the quickest journey back from where it ends."""
    first, rounds = found
    arrival = rounds[-1].arrival
    there = np.where((arrival < INF) & (end < INF), arrival.astype(np.int64) + end, INF)
    if int(there.min(initial=INF)) >= INF:
        return None
    stop = int(np.lexsort((destination, rounds[-1].ride_round, there))[0])
    arrive_s, last_stop, number = int(there[stop]), stop, len(rounds) - 1
    legs = [Leg("walk", int(arrival[stop]), arrive_s, stop, -1)]
    while True:
        number = int(rounds[number].ride_round[stop])
        begin, finish = first + int(rounds[number].ride_begin[stop]), first + int(rounds[number].ride_end[stop])
        board, board_s = int(network.con_dep_stop[begin]), int(network.con_dep_s[begin])
        legs.append(Leg("ride", board_s, int(network.con_arr_s[finish]), board, stop, int(network.con_trip[begin])))
        before = rounds[number - 1]
        ready_s = int(before.ready[board])
        legs.append(Leg("wait", ready_s, board_s, board, board))
        stop, number = int(before.changed_at[board]), int(before.change_round[board])
        if stop < 0:
            legs.append(Leg("walk", leave_s, ready_s, -1, board))
            break
        legs.append(Leg("change", int(rounds[number].arrival[stop]), ready_s, stop, board))
    kept = tuple(leg for leg in reversed(legs) if leg.kind == "ride" or leg.end_s > leg.start_s)
    chosen = int(destination[board if is_return else last_stop])
    return Journey(leave_s, arrive_s, chosen, kept)
