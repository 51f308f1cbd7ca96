"""Travel time to the nearest of several destinations, every minute, from all origins: one backward scan.

Multi-target profile connection scan (Dibbelt, Pajor, Strasser and Wagner, 2013 and 2018). The cost does not depend on
the number of origins, but for reading the profiles at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.routing.kernels import I32, INF, run_blocks
from pipeline.routing.scan_kernels import scan_connections
from pipeline.routing.slices import Connections, find_slice_s, scan_by_slices
from pipeline.routing.sweep_kernels import seed_stops, sweep_outward, sweep_return
from pipeline.routing.window import DepartureWindow
from pipeline.transit.packed import PackedNetwork

Flags = NDArray[np.bool_]
Sweep = Callable[..., None]

LARGE = 100_000
"""From so many connections on the scan goes by slices of time."""


@dataclass(frozen=True)
class StopSeeds:
    """The nearest destination on foot of every stop.

    Attributes
    ----------
    seconds
        int32[n_stops]; walk, `INF` where no destination is within the walking limit.
    destination
        int32[n_stops]; which destination; results speak of it by this number.
    """

    seconds: I32
    destination: I32


@dataclass(frozen=True)
class NearestTimes:
    """Travel times to (or from) the nearest destination.

    Attributes
    ----------
    travel_time_s
        int32[n_origins, n_minutes]; -1 where no journey is within the cap.
    destination
        int32[n_origins, n_minutes]; which destination that is, -2 for none.
    """

    travel_time_s: I32
    destination: I32


@dataclass(frozen=True)
class NearestWalk:
    """Walking all the way to the nearest destination.

    Attributes
    ----------
    seconds
        int32[n_origins]; -1 where there is no way.
    destination
        int32[n_origins]; which destination, -2 for none.
    """

    seconds: I32
    destination: I32


def build_seeds(network: PackedNetwork, destinations: I32) -> StopSeeds:
    """Find the nearest destination of a category for every stop, from the packed legs.

    Parameters
    ----------
    network
        The network.
    destinations
        int32[k]; the category: indices of destinations of the network. Results speak of their positions in this array.

    Returns
    -------
    StopSeeds
        Ties in whole seconds go to the lowest position.
    """
    seeds = StopSeeds(np.empty(network.n_stops, np.int32), np.empty(network.n_stops, np.int32))
    n_all = int(max(network.egress_dest.max(initial=-1), destinations.max(initial=-1))) + 1
    rank = np.full(n_all, -1, np.int32)
    rank[destinations] = np.arange(destinations.shape[0], dtype=np.int32)
    seed_stops(network.egress_indptr, network.egress_dest, network.egress_s, rank, seeds.seconds, seeds.destination)
    return seeds


def build_nearest_walk(walk_s: I32) -> NearestWalk:
    """Find the nearest destination on foot, all the way.

    Parameters
    ----------
    walk_s
        int32[n_origins, n_destinations]; walk to each destination of the category, -1 for no way.

    Returns
    -------
    NearestWalk
        Ties go to the lowest destination.
    """
    n_origins, n_destinations = walk_s.shape
    if n_destinations == 0:
        return NearestWalk(np.full(n_origins, -1, np.int32), np.full(n_origins, -2, np.int32))
    seconds = np.where(walk_s < 0, INF, walk_s)
    winner = np.argmin(seconds, axis=1)
    best = seconds[np.arange(n_origins), winner]
    is_near = best < INF
    return NearestWalk(np.where(is_near, best, -1).astype(np.int32), np.where(is_near, winner, -2).astype(np.int32))


def compute_nearest(
    network: PackedNetwork,
    seeds: StopSeeds,
    window: DepartureWindow,
    *,
    walk: NearestWalk | None = None,
    n_threads: int = 1,
    slices_from: int | None = None,
) -> NearestTimes:
    """Compute the travel time from every origin to the nearest destination for every departure minute.

    Parameters
    ----------
    network
        The network.
    seeds
        The nearest destination of every stop.
    window
        Departures from the origins.
    walk
        Walking all the way; None leaves it out.
    n_threads
        Threads; results do not depend on it.
    slices_from
        Number of connections from which the scan goes by slices of time; None for `LARGE`. Results do not depend on it.

    Returns
    -------
    NearestTimes
        Of destinations reached equally early the lowest, among those that `seeds` and `walk` name.
    """
    first = int(np.searchsorted(network.con_dep_s, window.start_s, side="left"))
    end = int(np.searchsorted(network.con_dep_s, window.latest_s, side="right"))
    connections = _slice_connections(network, first, end)
    profiles = _scan(
        network,
        connections,
        seeds,
        (network.foot_t_indptr, network.foot_t_stop, network.foot_t_s),
        (window.start_s, window.latest_s, window.cap_s),
        n_threads,
        slices_from,
    )
    return _sweep(sweep_outward, network, profiles, window, walk, n_threads)


def compute_nearest_return(
    network: PackedNetwork,
    seeds: StopSeeds,
    window: DepartureWindow,
    *,
    walk: NearestWalk | None = None,
    n_threads: int = 1,
    slices_from: int | None = None,
) -> NearestTimes:
    """Compute the travel time home from the nearest destination for every minute of departure there.

    At each minute it is the least over the destinations of the time from there to the origin. In mirrored time the
    question is the outward one, so that the same scan answers it.

    Parameters
    ----------
    network
        The network; its origins are the homes.
    seeds
        The nearest destination of every stop (walks take as long both ways).
    window
        Departures from the destinations.
    walk
        Walking all the way; None leaves it out.
    n_threads
        Threads; results do not depend on it.
    slices_from
        Number of connections from which the scan goes by slices of time; None for `LARGE`. Results do not depend on it.

    Returns
    -------
    NearestTimes
        Of destinations from which one arrives equally early the one that can be left last, then the lowest.
    """
    first = int(np.searchsorted(network.con_dep_s, window.start_s, side="left"))
    end = int(np.searchsorted(network.con_dep_s, window.latest_s, side="right"))
    connections = _mirror_connections(_slice_connections(network, first, end), window.latest_s)
    profiles = _scan(
        network,
        connections,
        seeds,
        (network.foot_indptr, network.foot_stop, network.foot_s),
        (-window.latest_s, -window.start_s, window.cap_s),
        n_threads,
        slices_from,
    )
    return _sweep(sweep_return, network, profiles, window, walk, n_threads)


def compute_has_route(network: PackedNetwork, seeds: StopSeeds, start_s: int, *, is_return: bool = False) -> Flags:
    """Tell from which origins any journey by public transport exists, however long it takes.

    Parameters
    ----------
    network
        The network; its horizon is the limit.
    seeds
        The nearest destination of every stop.
    start_s
        Journeys leave at this time or later.
    is_return
        Ask for journeys from a destination to the origin instead.

    Returns
    -------
    bool[n_origins]
        Walking all the way is not considered.
    """
    first = int(np.searchsorted(network.con_dep_s, start_s, side="left"))
    connections = _slice_connections(network, first, network.n_connections)
    if is_return:
        last_s = int(connections.arr_s.max(initial=start_s))
        foot = (network.foot_indptr, network.foot_stop, network.foot_s)
        limits = (-last_s, -start_s, INF // 2)
        begin, length, _ = _scan(network, _mirror_connections(connections, last_s), seeds, foot, limits)
        return _any_of_rows(network, length[network.access_stop] > 0)
    foot = (network.foot_t_indptr, network.foot_t_stop, network.foot_t_s)
    begin, length, board = _scan(network, connections, seeds, foot, (start_s, INF // 2, INF // 2))
    latest_s = np.full(network.n_stops, -INF, np.int32)
    latest_s[length > 0] = board[begin[:-1][length > 0], 0]
    return _any_of_rows(network, latest_s[network.access_stop] - network.access_s >= start_s)


def _any_of_rows(network: PackedNetwork, is_open: Flags) -> Flags:
    row = np.repeat(np.arange(network.n_origins), np.diff(network.access_indptr))
    return np.bincount(row[is_open], minlength=network.n_origins) > 0


def _slice_connections(network: PackedNetwork, first: int, end: int) -> Connections:
    return Connections(
        dep_stop=network.con_dep_stop[first:end],
        arr_stop=network.con_arr_stop[first:end],
        dep_s=network.con_dep_s[first:end],
        arr_s=network.con_arr_s[first:end],
        trip=network.con_trip[first:end],
        can_board=network.con_can_board[first:end],
        can_alight=network.con_can_alight[first:end],
    )


def _mirror_connections(connections: Connections, latest_s: int) -> Connections:
    """Run time backwards: arrivals become departures, negated, and are sorted anew."""
    order = np.argsort(connections.arr_s, kind="stable")
    order = order[: int(np.searchsorted(connections.arr_s[order], latest_s, side="right"))][::-1]
    return Connections(
        dep_stop=connections.arr_stop[order],
        arr_stop=connections.dep_stop[order],
        dep_s=-connections.arr_s[order],
        arr_s=-connections.dep_s[order],
        trip=connections.trip[order],
        can_board=connections.can_alight[order],
        can_alight=connections.can_board[order],
    )


def _scan(
    network: PackedNetwork,
    connections: Connections,
    seeds: StopSeeds,
    foot: tuple[I32, I32, I32],
    limits: tuple[int, int, int],
    n_threads: int = 1,
    slices_from: int | None = None,
) -> tuple[I32, I32, I32]:
    slice_s = find_slice_s(network.foot_s, network.stop_change_s)
    if slice_s and connections.dep_s.shape[0] >= (LARGE if slices_from is None else slices_from):
        return scan_by_slices(
            connections,
            n_trips=network.n_trips,
            seeds=(seeds.seconds, seeds.destination),
            stop_change_s=network.stop_change_s,
            foot=foot,
            limits=limits,
            slice_s=slice_s,
            n_threads=n_threads,
        )
    has_instant_change = int(min(network.stop_change_s.min(initial=1), network.foot_s.min(initial=1))) <= 0
    return scan_connections(
        connections.dep_stop,
        connections.arr_stop,
        connections.dep_s,
        connections.arr_s,
        connections.trip,
        connections.can_board,
        connections.can_alight,
        network.n_trips,
        seeds.seconds,
        seeds.destination,
        network.stop_change_s,
        *foot,
        *limits,
        has_instant_change,
    )


def _sweep(
    sweep: Sweep,
    network: PackedNetwork,
    profiles: tuple[I32, I32, I32],
    window: DepartureWindow,
    walk: NearestWalk | None,
    n_threads: int,
) -> NearestTimes:
    n_origins = network.n_origins
    if walk is None:
        walk = NearestWalk(np.full(n_origins, -1, np.int32), np.full(n_origins, -2, np.int32))
    times = NearestTimes(
        np.empty((n_origins, window.n_minutes), np.int32), np.empty((n_origins, window.n_minutes), np.int32)
    )

    def work(first: int, end: int) -> None:
        sweep(
            first,
            end,
            window.start_s,
            window.cap_s,
            network.access_indptr,
            network.access_stop,
            network.access_s,
            *profiles,
            walk.seconds,
            walk.destination,
            times.travel_time_s,
            times.destination,
        )

    run_blocks(work, n_origins, n_threads=n_threads)
    return times
