"""Travel times from each origin to each destination, every minute: range RAPTOR, with any limit on changes.

Delling, Pajor and Werneck (2012), with labels kept over the departures of a window, from the latest to the earliest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.routing.kernels import F64, I32, run_blocks
from pipeline.routing.profile_scan import NearestTimes
from pipeline.routing.raptor_kernels import list_departures, range_block
from pipeline.routing.reduce_kernels import reduce_cumulative, reduce_nearest, reduce_percentiles
from pipeline.routing.window import DepartureWindow, compute_ranks
from pipeline.transit.packed import PackedNetwork, build_row_starts

_BLOCK_VALUES = 4_000_000


@dataclass(frozen=True)
class _Legs:
    indptr: I32
    target: I32
    seconds: I32


@dataclass(frozen=True)
class RangeQuery:
    """What is asked: a network, a window, and on which side one begins.

    Attributes
    ----------
    network
        The network.
    window
        Departures.
    destinations
        int32[k]; which destinations of the network, None for all. Results speak of their positions in this array.
    walk_s
        int32[n_origins, k]; walking all the way, -1 for no way; None leaves walking out.
    max_changes
        Most changes of vehicle, None for no limit.
    is_return
        Journeys go from the destinations to the origins (the homes).
    n_threads
        Threads; results do not depend on it.
    on_done
        Told after each block how many starts were done, from any thread; for progress.
    """

    network: PackedNetwork
    window: DepartureWindow
    destinations: I32 | None = None
    walk_s: I32 | None = None
    max_changes: int | None = None
    is_return: bool = False
    n_threads: int = 1
    on_done: Callable[[int], None] | None = None


def compute_all_times(query: RangeQuery) -> I32:
    """Compute the travel time of every pair at every minute.

    Parameters
    ----------
    query
        The question.

    Returns
    -------
    int32[n_starts, n_ends, n_minutes]
        -1 where no journey is within the cap. Starts are the origins, or the destinations if the journey is a return.
    """
    n_starts, n_ends = _shape(query)
    out = np.empty((n_starts, n_ends, query.window.n_minutes), np.int32)

    def keep(first: int, end: int, times: I32) -> None:
        out[first:end] = times

    _run(query, keep)
    return out


def compute_percentiles(query: RangeQuery, percentiles: Sequence[float] = (50,)) -> I32:
    """Compute percentiles of the travel time of every pair over the minutes of the window.

    Parameters
    ----------
    query
        The question; with a window of one minute every percentile is that minute's travel time.
    percentiles
        Which percentiles: nearest rank, minutes without a journey counting as infinite.

    Returns
    -------
    int32[n_starts, n_ends, n_percentiles]
        -1 where the percentile is infinite.
    """
    n_starts, n_ends = _shape(query)
    ranks = compute_ranks(percentiles, query.window.n_minutes)
    out = np.empty((n_starts, n_ends, ranks.shape[0]), np.int32)

    def reduce(first: int, end: int, times: I32) -> None:
        reduce_percentiles(times, ranks, out[first:end])

    _run(query, reduce)
    return out


def compute_nearest_by_pairs(query: RangeQuery) -> NearestTimes:
    """Compute the travel time to the nearest destination at every minute, from the times of all pairs.

    Exact with a limit on changes, which the backward scan does not know.

    Parameters
    ----------
    query
        The question; for a return the times are those from the nearest destination home.

    Returns
    -------
    NearestTimes
        Ties go to the lowest destination.
    """
    n_starts, n_ends = _shape(query)
    shape = (n_ends if query.is_return else n_starts, query.window.n_minutes)
    if not query.is_return:
        times = NearestTimes(np.empty(shape, np.int32), np.empty(shape, np.int32))

        def reduce(first: int, end: int, block: I32) -> None:
            reduce_nearest(block, times.travel_time_s[first:end], times.destination[first:end])

        _run(query, reduce)
        return times
    best = np.full(shape, np.iinfo(np.int32).max, np.int32)
    winner = np.full(shape, -2, np.int32)

    def improve(first: int, end: int, block: I32) -> None:
        for start in range(first, end):
            taken = block[start - first]
            is_better = (taken >= 0) & (taken < best)
            best[is_better] = taken[is_better]
            winner[is_better] = start

    _run(replace(query, n_threads=1), improve)
    return NearestTimes(np.where(winner < 0, -1, best).astype(np.int32), winner)


def compute_cumulative(
    query: RangeQuery, weight: F64, limits_s: Sequence[int], percentiles: Sequence[float] = (50,)
) -> F64:
    """Compute the weight (jobs, say) within reach, as percentiles over the minutes of the window.

    Parameters
    ----------
    query
        The question.
    weight
        float64[n_ends]; of each destination.
    limits_s
        Travel times.
    percentiles
        Nearest rank; 50 for the median: the value that is not exceeded in at least half of the minutes.

    Returns
    -------
    float64[n_starts, n_limits, n_percentiles]
        Weight that can be reached within each limit. A limit beyond the window's cap counts up to the cap.
    """
    n_starts, _ = _shape(query)
    limits = np.asarray(limits_s, dtype=np.int32)
    ranks = compute_ranks(percentiles, query.window.n_minutes)
    out = np.empty((n_starts, limits.shape[0], ranks.shape[0]))

    def reduce(first: int, end: int, times: I32) -> None:
        counts = np.empty((end - first, limits.shape[0], query.window.n_minutes))
        reduce_cumulative(times, weight, limits, counts)
        out[first:end] = np.partition(counts, ranks, axis=2)[:, :, ranks]

    _run(query, reduce)
    return out


def get_shape(query: RangeQuery) -> tuple[int, int]:
    """Return the numbers of starts and ends of a question.

    Parameters
    ----------
    query
        The question.

    Returns
    -------
    tuple of int
        Starts are the origins, or the destinations if the journey is a return.
    """
    return _shape(query)


def stream_times(query: RangeQuery, consume: Callable[[int, int, I32], None]) -> None:
    """Compute the travel times of every pair and minute, and hand them on block by block.

    Parameters
    ----------
    query
        The question.
    consume
        Takes the first start, the last plus one, and int32[starts, n_ends, n_minutes]; called from several threads if
        the question allows more than one.
    """
    _run(query, consume)


def _shape(query: RangeQuery) -> tuple[int, int]:
    """Return the numbers of starts and ends."""
    n_origins = query.network.n_origins
    if query.destinations is not None:
        n_destinations = query.destinations.shape[0]
    elif query.walk_s is not None:
        n_destinations = query.walk_s.shape[1]
    else:
        n_destinations = int(query.network.egress_dest.max(initial=-1)) + 1
    if query.walk_s is not None and query.walk_s.shape != (n_origins, n_destinations):
        raise ValueError(f"walk_s must be of shape {(n_origins, n_destinations)}, not {query.walk_s.shape}")
    return (n_destinations, n_origins) if query.is_return else (n_origins, n_destinations)


def _run(query: RangeQuery, consume: Callable[[int, int, I32], None]) -> None:
    network, window = query.network, query.window
    n_starts, n_ends = _shape(query)
    if query.is_return:
        access = _legs_by_destination(query)
        egress = _Legs(network.access_indptr, network.access_stop, network.access_s)
        walk_s = None if query.walk_s is None else query.walk_s.T
    else:
        access = _Legs(network.access_indptr, network.access_stop, network.access_s)
        egress, walk_s = _legs_by_destination(query), query.walk_s
    walk = np.full((n_starts, n_ends), -1, np.int32) if walk_s is None else np.ascontiguousarray(walk_s, dtype=np.int32)
    first_con = int(np.searchsorted(network.con_dep_s, window.start_s, side="left"))
    end_con = int(np.searchsorted(network.con_dep_s, window.latest_s, side="right"))
    departures = list_departures(
        network.con_dep_stop[first_con:end_con],
        network.con_dep_s[first_con:end_con],
        network.con_trip[first_con:end_con],
        network.con_call[first_con:end_con],
        network.con_can_board[first_con:end_con],
        network.trip_time_indptr,
        network.n_stops,
    )

    def work(first: int, end: int) -> None:
        times = np.empty((end - first, n_ends, window.n_minutes), np.int32)
        range_block(
            first,
            end,
            window.start_s,
            window.cap_s,
            1 if query.max_changes is None else query.max_changes + 1,
            query.max_changes is not None,
            access.indptr,
            access.target,
            access.seconds,
            egress.indptr,
            egress.target,
            egress.seconds,
            *departures,
            network.pattern_indptr,
            network.pattern_stop,
            network.pattern_can_alight,
            network.pattern_trip_indptr,
            network.trip_pattern,
            network.trip_time_indptr,
            network.trip_arr_s,
            network.foot_indptr,
            network.foot_stop,
            network.foot_s,
            network.stop_change_s,
            walk,
            times,
        )
        consume(first, end, times)
        if query.on_done is not None:
            query.on_done(end - first)

    block = max(1, min(64, _BLOCK_VALUES // max(1, n_ends * window.n_minutes)))
    run_blocks(work, n_starts, n_threads=query.n_threads, block=block)


def _legs_by_destination(query: RangeQuery) -> _Legs:
    """Legs between stops and the destinations asked for, renumbered, by destination."""
    network = query.network
    n_destinations = _shape(query)[0 if query.is_return else 1]
    stop = np.repeat(np.arange(network.n_stops), np.diff(network.egress_indptr))
    target, seconds = network.egress_dest, network.egress_s
    if query.destinations is not None:
        n_all = int(max(target.max(initial=-1), query.destinations.max(initial=-1))) + 1
        rank = np.full(n_all, -1, np.int32)
        rank[query.destinations] = np.arange(n_destinations, dtype=np.int32)
        keep = rank[target] >= 0
        stop, target, seconds = stop[keep], rank[target[keep]], seconds[keep]
    order = np.argsort(target, kind="stable")
    return _Legs(build_row_starts(target, n_destinations), stop[order].astype(np.int32), seconds[order])
