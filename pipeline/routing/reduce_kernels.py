"""Kernels that reduce travel times over minutes or destinations.

They are in one module with what they call: a compiled kernel on disk is renewed when its own file changes, not when
another one does.
"""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import F64, I32, INF, kernel


@kernel
def select_rank(values: I32, n: int, rank: int) -> int:
    """Value of a 0-based rank among the first n values, which are reordered (Hoare's selection)."""
    low = 0
    high = n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                held = values[i]
                values[i] = values[j]
                values[j] = held
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return values[rank]  # type: ignore[no-any-return]


@kernel
def summarise(travel_time_s: I32, start_s: int, ranks: I32, mean_s: F64, percentile_s: I32, whole: I32) -> None:
    """Summarise rows of travel times; `whole` takes reachable minutes, first and last departure, longest gap."""
    n_rows, n = travel_time_s.shape
    values = np.empty(n, np.int32)
    for row in range(n_rows):
        reachable = 0
        total = 0
        first = -1
        last = -1
        gap = -1
        previous = 0
        for m in range(n):
            taken = travel_time_s[row, m]
            values[m] = taken if taken >= 0 else INF
            if taken < 0:
                continue
            reachable += 1
            total += taken
            if first < 0:
                first = m
            last = m
            # useful: whoever leaves a minute later arrives later, or not at all
            if m == n - 1 or travel_time_s[row, m + 1] < 0 or travel_time_s[row, m + 1] + 60 > taken:
                gap = max(gap, m - previous)
                previous = m
        mean_s[row] = total / reachable if reachable else np.nan
        for p in range(ranks.shape[0]):
            value = select_rank(values, n, ranks[p])
            percentile_s[row, p] = value if value < INF else -1
        whole[row, 0] = reachable
        whole[row, 1] = start_s + 60 * first if first >= 0 else -1
        whole[row, 2] = start_s + 60 * last if last >= 0 else -1
        whole[row, 3] = 60 * gap if gap >= 0 else -1


@kernel
def reduce_percentiles(times: I32, ranks: I32, out: I32) -> None:
    """Write percentiles over the minutes of `times` [origin, destination, minute] into the last axis of `out`."""
    n_origins, n_destinations, n_minutes = times.shape
    values = np.empty(n_minutes, np.int32)
    for o in range(n_origins):
        for d in range(n_destinations):
            reachable = 0
            for m in range(n_minutes):
                taken = times[o, d, m]
                reachable += taken >= 0
                values[m] = taken if taken >= 0 else INF
            for p in range(ranks.shape[0]):
                out[o, d, p] = select_rank(values, n_minutes, ranks[p]) if reachable > ranks[p] else -1


@kernel
def reduce_nearest(times: I32, travel_time_s: I32, destination: I32) -> None:
    """Least time over the destinations at every minute, and the lowest destination that attains it."""
    n_origins, n_destinations, n_minutes = times.shape
    for o in range(n_origins):
        for m in range(n_minutes):
            travel_time_s[o, m] = -1
            destination[o, m] = -2
        for d in range(n_destinations):
            for m in range(n_minutes):
                taken = times[o, d, m]
                if taken >= 0 and (travel_time_s[o, m] < 0 or taken < travel_time_s[o, m]):
                    travel_time_s[o, m] = taken
                    destination[o, m] = d


@kernel
def reduce_cumulative(times: I32, weight: F64, limit_s: I32, out: F64) -> None:
    """Add the weight within each limit at every minute to `out` [origin, limit, minute]."""
    n_origins, n_destinations, n_minutes = times.shape
    for o in range(n_origins):
        for d in range(n_destinations):
            for m in range(n_minutes):
                taken = times[o, d, m]
                for k in range(limit_s.shape[0]):
                    if 0 <= taken <= limit_s[k]:
                        out[o, k, m] += weight[d]
