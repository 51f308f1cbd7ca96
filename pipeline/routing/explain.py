"""One journey, leg by leg: an earliest-arrival search that remembers how each stop was reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


@kernel
def _search(
    con_dep_stop: I32,
    con_arr_stop: I32,
    con_dep_s: I32,
    con_arr_s: I32,
    con_trip: I32,
    con_call: I32,
    con_can_board: U8,
    con_can_alight: U8,
    n_trips: int,
    foot_indptr: I32,
    foot_stop: I32,
    foot_s: I32,
    stop_change_s: I32,
    ready: I32,
) -> tuple[I32, I32, I32, I32]:
    """Scan connections forwards from stops that are `ready` at given times.

    Returns for every stop the earliest arrival by vehicle, the connections where that ride begins and ends, and the
    stop from which one changed to become ready there (-1: not by a change). Connections of one departure time are
    scanned until nothing improves.
    """
    n_stops = ready.shape[0]
    arrival = np.full(n_stops, INF, np.int32)
    ride_begin = np.full(n_stops, -1, np.int32)
    ride_end = np.full(n_stops, -1, np.int32)
    changed_at = np.full(n_stops, -1, np.int32)
    boarded = np.full(n_trips, -1, np.int32)
    group = 0
    improved = False
    i = 0
    while i < con_dep_s.shape[0]:
        trip = con_trip[i]
        is_aboard = boarded[trip] >= 0 and con_call[boarded[trip]] <= con_call[i]
        if not is_aboard and con_can_board[i] and ready[con_dep_stop[i]] <= con_dep_s[i]:
            boarded[trip] = i
            is_aboard = True
            improved = True
        v = con_arr_stop[i]
        if is_aboard and con_can_alight[i] and con_arr_s[i] < arrival[v]:
            improved = True
            arrival[v] = con_arr_s[i]
            ride_begin[v] = boarded[trip]
            ride_end[v] = i
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
        i += 1
        if i == con_dep_s.shape[0] or con_dep_s[i] != con_dep_s[group]:
            i, group = (group, group) if improved else (i, i)
            improved = False
    return arrival, ride_begin, ride_end, changed_at


def explain_journey(
    network: PackedNetwork,
    origin: int,
    seeds: StopSeeds,
    leave_s: int,
    *,
    cap_s: int,
    walk: NearestWalk | None = None,
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
    is_return
        From the destination to the origin.

    Returns
    -------
    Journey or None
        Its travel time equals that of the scan for the same minute; None if there is none within the cap.
    """
    legs = slice(int(network.access_indptr[origin]), int(network.access_indptr[origin + 1]))
    near = np.full(network.n_stops, INF, np.int32)
    near[network.access_stop[legs]] = network.access_s[legs]
    start, end = (seeds.seconds, near) if is_return else (near, seeds.seconds)
    walked = _walk_all_the_way(walk, origin, leave_s)
    ridden = _ride(network, start, end, seeds.destination, leave_s, cap_s, is_return=is_return)
    found = [journey for journey in (walked, ridden) if journey is not None and journey.travel_time_s <= cap_s]
    return min(found, key=lambda journey: journey.arrive_s) if found else None


def _walk_all_the_way(walk: NearestWalk | None, origin: int, leave_s: int) -> Journey | None:
    if walk is None or walk.seconds[origin] < 0:
        return None
    arrive_s = leave_s + int(walk.seconds[origin])
    return Journey(leave_s, arrive_s, int(walk.destination[origin]), (Leg("walk", leave_s, arrive_s, -1, -1),))


def _ride(
    network: PackedNetwork, start: I32, end: I32, destination: I32, leave_s: int, cap_s: int, *, is_return: bool
) -> Journey | None:
    first = int(np.searchsorted(network.con_dep_s, leave_s, side="left"))
    last = int(np.searchsorted(network.con_dep_s, leave_s + cap_s, side="right"))
    ready = np.where(start < INF, leave_s + start, INF).astype(np.int32)
    arrival, ride_begin, ride_end, changed_at = _search(
        network.con_dep_stop[first:last],
        network.con_arr_stop[first:last],
        network.con_dep_s[first:last],
        network.con_arr_s[first:last],
        network.con_trip[first:last],
        network.con_call[first:last],
        network.con_can_board[first:last],
        network.con_can_alight[first:last],
        network.n_trips,
        network.foot_indptr,
        network.foot_stop,
        network.foot_s,
        network.stop_change_s,
        ready,
    )
    there = np.where((arrival < INF) & (end < INF), arrival.astype(np.int64) + end, INF)
    if int(there.min(initial=INF)) >= INF:
        return None
    stop = int(np.lexsort((destination, there))[0])
    arrive_s = int(there[stop])
    last_stop = stop
    legs = [Leg("walk", int(arrival[stop]), arrive_s, stop, -1)]
    while True:
        begin, finish = first + int(ride_begin[stop]), first + int(ride_end[stop])
        board, board_s = int(network.con_dep_stop[begin]), int(network.con_dep_s[begin])
        legs.append(Leg("ride", board_s, int(network.con_arr_s[finish]), board, stop, int(network.con_trip[begin])))
        legs.append(Leg("wait", int(ready[board]), board_s, board, board))
        if changed_at[board] < 0:
            legs.append(Leg("walk", leave_s, int(ready[board]), -1, board))
            break
        stop = int(changed_at[board])
        legs.append(Leg("change", int(arrival[stop]), int(ready[board]), stop, board))
    kept = tuple(leg for leg in reversed(legs) if leg.kind == "ride" or leg.end_s > leg.start_s)
    chosen = int(destination[board if is_return else last_stop])
    return Journey(leave_s, arrive_s, chosen, kept)
