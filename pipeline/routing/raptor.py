"""Travel times from each origin to each destination, every minute, with any limit on changes.

With a limit by range RAPTOR (Delling, Pajor and Werneck, 2012), with labels kept over the departures of a window, from
the latest to the earliest; without one by scanning the connections for many starts at once, `pipeline.routing.lanes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.routing.kernels import F64, I32, run_blocks
from pipeline.routing.lane_kernels import LONGEST
from pipeline.routing.lanes import LONGEST_CAP_S, Add, LaneProblem, Legs, run_lanes
from pipeline.routing.profile_scan import NearestTimes
from pipeline.routing.raptor_kernels import list_departures, range_block
from pipeline.routing.reduce_kernels import reduce_cumulative, reduce_nearest, reduce_percentiles
from pipeline.routing.window import DepartureWindow, compute_ranks
from pipeline.transit.packed import PackedNetwork, build_row_starts
from pipeline.transit.walks import SparseWalks, build_walk_reader

_BLOCK_VALUES = 4_000_000


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
        int32[n_origins, k]; walking all the way, -1 for no way, or rows of those within reach; None leaves walking out.
    max_changes
        Most changes of vehicle, None for no limit.
    is_return
        Journeys go from the destinations to the origins (the homes).
    n_threads
        Threads; results do not depend on it.
    on_done
        Told after each block how many starts were done, from any thread; for progress.
    is_by_rounds
        Answer by range RAPTOR even where there is no limit on changes; results do not depend on it.
    """

    network: PackedNetwork
    window: DepartureWindow
    destinations: I32 | None = None
    walk_s: I32 | SparseWalks | None = None
    max_changes: int | None = None
    is_return: bool = False
    n_threads: int = 1
    on_done: Callable[[int], None] | None = None
    is_by_rounds: bool = False


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

    def keep(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        out[first:end, first_end:last_end] = times

    stream_parts(query, keep)
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

    if _is_by_lanes(query) and query.window.n_minutes <= LONGEST:

        def keep(first: int, end: int, first_end: int, last_end: int, found: I32) -> None:
            out[first:end, first_end:last_end] = found

        run_lanes(_state(query), keep, ranks=ranks, n_threads=query.n_threads)
        return out

    def reduce(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        found = np.empty((*times.shape[:2], ranks.shape[0]), np.int32)
        reduce_percentiles(times, ranks, found)
        out[first:end, first_end:last_end] = found

    stream_parts(query, reduce)
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

    counts: dict[int, F64] = {}

    def add(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        if first_end == 0:
            counts[first] = np.zeros((end - first, limits.shape[0], query.window.n_minutes))
        reduce_cumulative(times, weight[first_end:last_end], limits, counts[first])

    def finish(first: int, end: int) -> None:
        out[first:end] = np.partition(counts.pop(first), ranks, axis=2)[:, :, ranks]

    stream_parts(query, add, finish, values_a_start=limits.shape[0] * query.window.n_minutes)
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


def stream_parts(
    query: RangeQuery, add: Add, finish: Callable[[int, int], None] | None = None, *, values_a_start: int = 0
) -> None:
    """Compute the travel times of every pair and minute, and hand them on by blocks of starts and parts of their ends.

    Parameters
    ----------
    query
        The question.
    add
        Takes the first start, the last plus one, the first end, the last plus one, and int32[starts, ends, minutes].
        Parts of one block come in order, from one thread; blocks come from several threads if there are several.
    finish
        Called with the first start and the last plus one when all parts of that block have been handed on.
    values_a_start
        How many values the consumer keeps a start until its block is finished.
    """
    if _is_by_lanes(query):

        def done(first: int, end: int) -> None:
            if finish is not None:
                finish(first, end)
            if query.on_done is not None:
                query.on_done(end - first)

        run_lanes(_state(query), add, done, values_a_start=values_a_start, n_threads=query.n_threads)
        return
    n_ends = _shape(query)[1]

    def whole(first: int, end: int, times: I32) -> None:
        add(first, end, 0, n_ends, times)
        if finish is not None:
            finish(first, end)

    _run_rounds(query, whole)


def _run(query: RangeQuery, consume: Callable[[int, int, I32], None]) -> None:
    if not _is_by_lanes(query):
        _run_rounds(query, consume)
        return
    n_ends, n_minutes = _shape(query)[1], query.window.n_minutes
    blocks: dict[int, I32] = {}

    def add(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        if first_end == 0:
            blocks[first] = np.empty((end - first, n_ends, n_minutes), np.int32)
        blocks[first][:, first_end:last_end] = times

    def finish(first: int, end: int) -> None:
        consume(first, end, blocks.pop(first))

    stream_parts(query, add, finish, values_a_start=n_ends * n_minutes)


def _is_by_lanes(query: RangeQuery) -> bool:
    """Whether many starts are scanned at a time; without ends there is nothing to share."""
    is_short = query.window.cap_s <= LONGEST_CAP_S
    return query.max_changes is None and not query.is_by_rounds and is_short and min(_shape(query)) > 0


def _state(query: RangeQuery) -> LaneProblem:
    """State the question by legs of starts and of ends."""
    network = query.network
    homes, places = Legs(network.access_indptr, network.access_stop, network.access_s), _legs_by_destination(query)
    access, egress = (places, homes) if query.is_return else (homes, places)
    shape = _shape(query)
    walks = build_walk_reader(query.walk_s, shape, is_return=query.is_return)
    return LaneProblem(network, query.window, access, egress, walks, *shape)


def _run_rounds(query: RangeQuery, consume: Callable[[int, int, I32], None]) -> None:
    network, window = query.network, query.window
    problem = _state(query)
    access, egress, n_starts, n_ends = problem.access, problem.egress, problem.n_starts, problem.n_ends
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
            *access,
            *egress,
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
            problem.read_walks(first, end),
            times,
        )
        consume(first, end, times)
        if query.on_done is not None:
            query.on_done(end - first)

    block = max(1, min(64, _BLOCK_VALUES // max(1, n_ends * window.n_minutes)))
    run_blocks(work, n_starts, n_threads=query.n_threads, block=block)


def _legs_by_destination(query: RangeQuery) -> Legs:
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
    return Legs(build_row_starts(target, n_destinations), stop[order].astype(np.int32), seconds[order])
