"""Questions beyond the nearest: how reliable, the k nearest, how much within reach, arriving by a deadline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.routing.diminishing import add_diminishing, build_discount, rank_by_weight
from pipeline.routing.kernels import F64, I32, INF
from pipeline.routing.question_kernels import add_opportunities, keep_nearest, reduce_reliability
from pipeline.routing.raptor import RangeQuery, compute_all_times, get_shape, stream_parts, stream_times
from pipeline.routing.window import DepartureWindow, compute_ranks


@dataclass(frozen=True)
class Reliability:
    """How well a journey can be relied on, one value a row; NaN for null.

    Attributes
    ----------
    reachable_pct
        Share of the minutes with a journey within the cap.
    longest_gap_s
        Longest time between successive useful departures, as in `pipeline.routing.window.WindowStatistics`.
    wait_if_missed_s
        Mean, over the useful departures that are followed by another one, of the time from one to the next. The last
        minute of the window does not count as useful here, since what follows it is not known. Null where the window
        holds fewer than two.
    """

    reachable_pct: F64
    longest_gap_s: F64
    wait_if_missed_s: F64


def summarise_reliability(travel_time_s: I32) -> Reliability:
    """Summarise rows of travel times.

    Parameters
    ----------
    travel_time_s
        int32[n, n_minutes]; -1 for no journey within the cap.

    Returns
    -------
    Reliability
        float64[n] each.
    """
    out = np.empty((travel_time_s.shape[0], 1, 3))
    reduce_reliability(np.ascontiguousarray(travel_time_s)[:, None, :], out)
    return _name(out[:, 0], travel_time_s.shape[1])


def compute_reliability(query: RangeQuery) -> Reliability:
    """Compute the reliability of every pair.

    Parameters
    ----------
    query
        The question.

    Returns
    -------
    Reliability
        float64[n_starts, n_ends] each.
    """
    out = np.empty((*get_shape(query), 3))

    def reduce(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        found = np.empty((*times.shape[:2], 3))
        reduce_reliability(times, found)
        out[first:end, first_end:last_end] = found

    stream_parts(query, reduce)
    return _name(out, query.window.n_minutes)


def _name(out: F64, n_minutes: int) -> Reliability:
    return Reliability(100.0 * out[..., 0] / n_minutes, out[..., 1].copy(), out[..., 2].copy())


@dataclass(frozen=True)
class RankedTimes:
    """Travel times to (or from) the k nearest destinations.

    Attributes
    ----------
    travel_time_s
        int32[n_homes, k, n_minutes]; the least, second least, ... time at every minute; -1 where there are fewer.
    destination
        int32[n_homes, k, n_minutes]; which destination that is, -2 for none.
    """

    travel_time_s: I32
    destination: I32


def compute_nearest_ranks(query: RangeQuery, k: int) -> RankedTimes:
    """Compute the times to the k nearest destinations, minute by minute.

    Parameters
    ----------
    query
        The question; for a return the times are those from the destinations home.
    k
        How many.

    Returns
    -------
    RankedTimes
        One row a home. Of equal times the lower destination comes first.

    Raises
    ------
    ValueError
        If `k` is not positive.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    n_starts, n_ends = get_shape(query)
    shape = (n_ends if query.is_return else n_starts, k, query.window.n_minutes)
    best, winner = np.full(shape, INF, np.int32), np.full(shape, -2, np.int32)

    def keep(first: int, end: int, times: I32) -> None:
        if query.is_return:
            keep_nearest(np.ascontiguousarray(times.transpose(1, 0, 2)), first, best, winner)
        else:
            keep_nearest(times, 0, best[first:end], winner[first:end])

    stream_times(_in_order(query), keep)
    best[winner < 0] = -1
    return RankedTimes(best, winner)


def compute_opportunities(
    query: RangeQuery, weight: F64, factor: F64, percentiles: Sequence[float] = (50,), *, diminishing: float = 0.0
) -> F64:
    """Compute the weight within reach, as percentiles over the minutes of the window.

    Parameters
    ----------
    query
        The question; for a return, the weight of the destinations from which home can be reached.
    weight
        float64[n_destinations]; of each destination.
    factor
        float64[n_limits, cap_s + 1]; from `pipeline.routing.decay.build_decay`.
    percentiles
        Nearest rank: the least value that at least p % of the minutes do not exceed.
    diminishing
        Alpha: the k-th nearest destination of a minute counts k^-alpha as much, of equal times the heavier first; 0:
        all count alike.

    Returns
    -------
    float64[n_homes, n_limits, n_percentiles]
        Weight, each destination counted by its decay factor; one beyond the cap counts nothing.
    """
    n_starts, n_ends = get_shape(query)
    n_homes, n_minutes = n_ends if query.is_return else n_starts, query.window.n_minutes
    ranks = compute_ranks(percentiles, n_minutes)
    if diminishing:
        return _compute_diminishing(query, weight, factor, ranks, diminishing)
    if query.is_return:
        total = np.zeros((n_homes, factor.shape[0], n_minutes))

        def add(first: int, end: int, times: I32) -> None:
            add_opportunities(np.ascontiguousarray(times.transpose(1, 0, 2)), weight[first:end], factor, total)

        stream_times(_in_order(query), add)
        return np.sort(total, axis=2)[:, :, ranks]
    out = np.empty((n_homes, factor.shape[0], ranks.shape[0]))

    blocks: dict[int, F64] = {}

    def count(first: int, end: int, first_end: int, last_end: int, times: I32) -> None:
        if first_end == 0:
            blocks[first] = np.zeros((end - first, factor.shape[0], n_minutes))
        add_opportunities(times, weight[first_end:last_end], factor, blocks[first])

    def finish(first: int, end: int) -> None:
        out[first:end] = np.sort(blocks.pop(first), axis=2)[:, :, ranks]

    stream_parts(query, count, finish, values_a_start=factor.shape[0] * n_minutes)
    return out


def _compute_diminishing(query: RangeQuery, weight: F64, factor: F64, ranks: I32, alpha: float) -> F64:
    """Sort the destinations of every minute by their times; a return needs all of them at once."""
    n_starts, n_ends = get_shape(query)
    n_homes, n_minutes = n_ends if query.is_return else n_starts, query.window.n_minutes
    discount, by_weight = build_discount(alpha, weight.shape[0]), rank_by_weight(weight)
    out = np.empty((n_homes, factor.shape[0], ranks.shape[0]))

    def reduce(first: int, end: int, times: I32) -> None:
        block = np.zeros((end - first, factor.shape[0], n_minutes))
        add_diminishing(times, weight, factor, discount, by_weight, block)
        out[first:end] = np.sort(block, axis=2)[:, :, ranks]

    if query.is_return:
        reduce(0, n_homes, np.ascontiguousarray(compute_all_times(query).transpose(1, 0, 2)))
    else:
        stream_times(query, reduce)
    return out


def _in_order(query: RangeQuery) -> RangeQuery:
    """Take the blocks of a return one after the other: they are put together, so that ties and sums stay fixed."""
    return replace(query, n_threads=1) if query.is_return else query


def mirror_window(window: DepartureWindow) -> DepartureWindow:
    """Turn a window of deadlines into one of departures in mirrored time.

    Parameters
    ----------
    window
        Deadlines, one a minute; its cap is the longest time from leaving to the deadline.

    Returns
    -------
    DepartureWindow
        Its first minute is the last deadline.
    """
    return DepartureWindow(-window.last_s, window.n_minutes, window.cap_s)
