"""The ranked score of the Community Needs Index and the Indices of Deprivation."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EXPONENT: Final = 23.0
_DECIMALS: Final = 9


def compute_rank(badness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank values so that 1 is the worst.

    Parameters
    ----------
    badness
        Higher is worse; infinite values are the worst and tie with each other; NaN is not ranked.

    Returns
    -------
    numpy.ndarray
        Ranks; ties share their mean rank; NaN where there is none.
    """
    return np.asarray(pd.Series(-badness).rank(method="average"), dtype=np.float64)


def compute_relative(rank: NDArray[np.float64], n_ranked: int) -> NDArray[np.float64]:
    """Scale ranks to R = (N - rank + 1) / N, so that the worst has 1 and the best 1/N.

    Parameters
    ----------
    rank
        1 = worst.
    n_ranked
        N, how many are ranked.

    Returns
    -------
    numpy.ndarray
        R, in (0, 1].
    """
    return np.asarray((n_ranked - rank + 1.0) / max(n_ranked, 1), dtype=np.float64)


def compute_ranked_score(relative: NDArray[np.float64], *, exponent: float = EXPONENT) -> NDArray[np.float64]:
    """Transform scaled ranks to X = -23 ln(1 - R (1 - e^(-100/23))).

    The exponential transformation of the English Indices of Deprivation (technical report, appendix on exponential
    transformation): the worst place has 100, the best nearly 0, and the worst tenth lies between 50 and 100, so that
    a good score in one domain cancels little of a bad one in another.

    Parameters
    ----------
    relative
        R, 1 for the worst.
    exponent
        The constant, 23 in the Indices.

    Returns
    -------
    numpy.ndarray
        X, 0 to 100.
    """
    return np.asarray(-exponent * np.log1p(-relative * -np.expm1(-100.0 / exponent)), dtype=np.float64)


def round_for_ranking(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round so that values that differ by the order of a sum only are tied."""
    return np.asarray(np.round(values, _DECIMALS), dtype=np.float64)


def compute_mean_score(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the columns of a matrix over those that are known, indicator by indicator so that sums are repeatable.

    Parameters
    ----------
    values
        n x k, NaN where unknown.
    weights
        k.

    Returns
    -------
    numpy.ndarray
        n; NaN where nothing is known.
    """
    total = np.zeros(len(values))
    weight = np.zeros(len(values))
    for number, each in enumerate(weights):
        is_known = ~np.isnan(values[:, number])
        total += np.where(is_known, values[:, number], 0.0) * each
        weight += is_known * each
    return np.asarray(np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan), dtype=np.float64)
