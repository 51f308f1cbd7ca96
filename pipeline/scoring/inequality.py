"""How unequally a measure is spread over people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def compute_gini(values: NDArray[np.float64], population: NDArray[np.float64]) -> float | None:
    """Compute the Gini coefficient of a measure over people.

    Twice the area between the Lorenz curve and the diagonal, everybody in a neighbourhood having its value.

    Parameters
    ----------
    values
        Not negative and finite; NaN and infinite values are left out.
    population
        People.

    Returns
    -------
    float or None
        0 (all alike) to 1; None without people or when all values are 0.
    """
    is_known = np.isfinite(values) & (population > 0)
    order = np.argsort(values[is_known], kind="stable")
    value, people = values[is_known][order], population[is_known][order]
    total = float(np.sum(value * people))
    if total <= 0.0:
        return None
    share = people / people.sum()
    lorenz = np.cumsum(value * people) / total
    return float(1.0 - np.sum(share * (lorenz + np.r_[0.0, lorenz[:-1]])))


def compute_share_beyond(values: NDArray[np.float64], population: NDArray[np.float64], *, limit: float) -> float | None:
    """Compute the share of people whose value lies beyond a limit.

    Parameters
    ----------
    values
        Infinite values (no journey) are beyond any limit; NaN (no data) is left out.
    population
        People.
    limit
        In the unit of the values, for instance 3600 s.

    Returns
    -------
    float or None
        Per cent of the people with a value; None without any.
    """
    is_known = ~np.isnan(values) & (population > 0)
    total = float(population[is_known].sum())
    if total <= 0.0:
        return None
    return float(100.0 * population[is_known & (values > limit)].sum() / total)
