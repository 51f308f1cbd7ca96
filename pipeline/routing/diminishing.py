"""Diminishing returns: of the opportunities within reach the second nearest counts less than the nearest."""

from __future__ import annotations

import math

import numpy as np

from pipeline.routing.kernels import F64, I32, kernel


def build_discount(alpha: float, n: int) -> F64:
    """Tabulate how much the k-th nearest opportunity counts.

    Parameters
    ----------
    alpha
        The k-th nearest counts k^-alpha: 0 for no diminishing, 1 for a harmonic series.
    n
        Number of opportunities.

    Returns
    -------
    float64[n]
        From 1 down; never rising.

    Raises
    ------
    ValueError
        If `alpha` is negative or no number.
    """
    if not (math.isfinite(alpha) and alpha >= 0):
        raise ValueError(f"alpha must be at least 0, not {alpha}")
    discount: F64 = np.arange(1, n + 1, dtype=np.float64) ** -alpha
    return discount


def rank_by_weight(weight: F64) -> I32:
    """Rank destinations from the heaviest down, of equal ones the first first: how ties of time are broken."""
    rank = np.empty(weight.shape[0], np.int32)
    rank[np.lexsort((np.arange(weight.shape[0]), -weight))] = np.arange(weight.shape[0], dtype=np.int32)
    return rank


@kernel
def add_diminishing(times: I32, weight: F64, factor: F64, discount: F64, by_weight: I32, out: F64) -> None:
    """Add weight x decay x discount of the destinations, in the order of their times, to `out` [home, limit, minute].

    `times` is [home, destination, minute], -1 for none; `factor` [limit, seconds]; of equal times the one with the
    lower number in `by_weight` comes first.
    """
    n_homes, n_destinations, n_minutes = times.shape
    destination_of = np.empty(n_destinations, np.int32)
    for d in range(n_destinations):
        destination_of[by_weight[d]] = d
    keys = np.empty(n_destinations, np.int64)
    for o in range(n_homes):
        for m in range(n_minutes):
            n_near = 0
            for d in range(n_destinations):
                taken = times[o, d, m]
                if taken >= 0 and weight[d] > 0:
                    keys[n_near] = np.int64(taken) * n_destinations + by_weight[d]
                    n_near += 1
            keys[:n_near].sort()
            for k in range(n_near):
                taken = keys[k] // n_destinations
                worth = weight[destination_of[keys[k] % n_destinations]] * discount[k]
                for limit in range(factor.shape[0]):
                    out[o, limit, m] += worth * factor[limit, taken]
