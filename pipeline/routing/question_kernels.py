"""Kernels that reduce travel times [start, end, minute] to reliability, to the k nearest, to weights within reach."""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import F64, I32, kernel


@kernel
def reduce_reliability(times: I32, out: F64) -> None:
    """Write reachable minutes, the longest gap and the mean wait if missed into `out` [start, end, 3]; NaN for none.

    The gap is that of the window's statistics. For the wait only minutes whose successor lies in the window are known
    to be useful.
    """
    n_starts, n_ends, n = times.shape
    for a in range(n_starts):
        for b in range(n_ends):
            reachable = 0
            gap = -1
            previous = 0
            first_known = -1
            last_known = -1
            n_known = 0
            for m in range(n):
                taken = times[a, b, m]
                if taken < 0:
                    continue
                reachable += 1
                if m == n - 1 or times[a, b, m + 1] < 0 or times[a, b, m + 1] + 60 > taken:
                    gap = max(gap, m - previous)
                    previous = m
                    if m < n - 1:
                        if first_known < 0:
                            first_known = m
                        last_known = m
                        n_known += 1
            out[a, b, 0] = reachable
            out[a, b, 1] = 60.0 * gap if gap >= 0 else np.nan
            out[a, b, 2] = 60.0 * (last_known - first_known) / (n_known - 1) if n_known > 1 else np.nan


@kernel
def keep_nearest(times: I32, first_destination: int, best_s: I32, best_destination: I32) -> None:
    """Keep the k least times of every home and minute; `times` is [home, destination, minute], numbered from the first.

    `best_*` [home, k, minute] are sorted by time; of equal times the one that comes first stays first.
    """
    n_homes, n_destinations, n_minutes = times.shape
    k = best_s.shape[1]
    for o in range(n_homes):
        for d in range(n_destinations):
            for m in range(n_minutes):
                taken = times[o, d, m]
                if taken < 0 or taken >= best_s[o, k - 1, m]:
                    continue
                at = k - 1
                while at > 0 and taken < best_s[o, at - 1, m]:
                    best_s[o, at, m] = best_s[o, at - 1, m]
                    best_destination[o, at, m] = best_destination[o, at - 1, m]
                    at -= 1
                best_s[o, at, m] = taken
                best_destination[o, at, m] = first_destination + d


@kernel
def add_opportunities(times: I32, weight: F64, factor: F64, out: F64) -> None:
    """Add weights times the decay `factor` [limit, seconds] to `out` [home, limit, minute]."""
    n_homes, n_destinations, n_minutes = times.shape
    for o in range(n_homes):
        for d in range(n_destinations):
            for m in range(n_minutes):
                taken = times[o, d, m]
                if taken >= 0:
                    for k in range(factor.shape[0]):
                        out[o, k, m] += weight[d] * factor[k, taken]
