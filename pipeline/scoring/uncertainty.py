"""How far ranks depend on weights, parameters and coverage: intervals, stability of deciles, influence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.ranked import compute_mean_score, compute_rank, round_for_ranking
from pipeline.scoring.spec import Uncertainty

LOW_PCT: Final = 5.0
HIGH_PCT: Final = 95.0
N_DECILES: Final = 10
_BLOCK_DRAWS: Final = 64
_LEAST_WEIGHT: Final = 1e-12

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class RankInterval:
    """Ranks of n neighbourhoods over all draws; NaN where a neighbourhood is not ranked.

    Attributes
    ----------
    low, high
        f64[n]; 5th and 95th percentile of the rank (nearest rank: a rank that was drawn).
    decile_share_pct
        f64[n]; share of the draws in which the neighbourhood lies in its stated decile.
    """

    low: F64
    high: F64
    decile_share_pct: F64


def compute_decile(rank: F64, n_ranked: int) -> F64:
    """Give the tenth of the ranked places in which a rank lies.

    Parameters
    ----------
    rank
        1 = worst; NaN stays NaN.
    n_ranked
        How many are ranked.

    Returns
    -------
    numpy.ndarray
        1 (worst tenth) to 10.
    """
    return np.asarray(np.clip(np.ceil(N_DECILES * rank / max(n_ranked, 1)), 1, N_DECILES), dtype=np.float64)


class _Tails:
    """Keeps the smallest and the largest ranks of each place, so that memory does not grow with the draws."""

    def __init__(self, n_draws: int) -> None:
        self.n_low = max(1, ceil(n_draws * LOW_PCT / 100.0 - 1e-9))
        self.n_high = n_draws - max(1, ceil(n_draws * HIGH_PCT / 100.0 - 1e-9)) + 1
        self.small: NDArray[np.float32] | None = None
        self.large: NDArray[np.float32] | None = None

    def add(self, ranks: NDArray[np.float32]) -> None:
        small = ranks if self.small is None else np.concatenate([self.small, ranks], axis=1)
        large = ranks if self.large is None else np.concatenate([self.large, ranks], axis=1)
        if small.shape[1] > self.n_low:
            small = np.partition(small, self.n_low - 1, axis=1)[:, : self.n_low]
        if large.shape[1] > self.n_high:
            large = np.partition(large, large.shape[1] - self.n_high, axis=1)[:, -self.n_high :]
        self.small, self.large = small.copy(), large.copy()

    def get(self) -> tuple[F64, F64]:
        if self.small is None or self.large is None:
            raise ValueError("no draw was added")
        return self.small.max(axis=1).astype(np.float64), self.large.min(axis=1).astype(np.float64)


def compute_rank_interval(
    values: F64,
    weights: F64,
    has_score: NDArray[np.bool_],
    uncertainty: Uncertainty,
    *,
    alternatives: Sequence[F64] = (),
    is_partial: NDArray[np.bool_] | None = None,
) -> RankInterval:
    """Rank again and again under other weights, parameters and coverage, and say how far ranks move.

    Each draw takes weights from a Dirichlet distribution whose mean is ``weights`` (concentration as stated); one set
    of indicators, the stated one or one computed anew with other parameters, all alike likely; and leaves out each
    indicator that rests on partial coverage with the stated probability (a place that would lose all keeps them).

    Parameters
    ----------
    values
        f64[n, k]; ranked scores of the indicators, NaN where missing.
    weights
        f64[k]; positive, adding up to 1.
    has_score
        bool[n]; which neighbourhoods are ranked.
    uncertainty
        Number of draws, concentration, probability, seed.
    alternatives
        Further f64[n, k] from reruns with other parameters; a column that a rerun does not touch equals ``values``.
    is_partial
        bool[n, k]; indicators that rest on partial coverage.

    Returns
    -------
    RankInterval
        The same for the same seed, whatever the size of the blocks.
    """
    nothing = np.full(len(values), np.nan)
    if uncertainty.n_draws == 0 or not has_score.any() or not len(weights):
        return RankInterval(nothing, nothing.copy(), nothing.copy())
    sets = [np.asarray(each[has_score]) for each in (values, *alternatives)]
    n_ranked, n_draws = len(sets[0]), uncertainty.n_draws
    stated = compute_decile(compute_rank(round_for_ranking(compute_mean_score(sets[0], weights))), n_ranked)
    generator = np.random.default_rng(uncertainty.seed)
    draws = np.maximum(generator.dirichlet(uncertainty.concentration * weights, size=n_draws), _LEAST_WEIGHT)
    chosen = generator.integers(0, len(sets), size=n_draws) if len(sets) > 1 else np.zeros(n_draws, dtype=np.int64)
    shaky = is_partial[has_score] if is_partial is not None else np.zeros(sets[0].shape, dtype=np.bool_)
    doubtful = tuple(at.astype(np.int64) for at in np.nonzero(shaky))
    tails, in_decile = _Tails(n_draws), np.zeros(n_ranked)
    for start in range(0, n_draws, _BLOCK_DRAWS):
        block = np.empty((n_ranked, min(_BLOCK_DRAWS, n_draws - start)), dtype=np.float32)
        for number in range(block.shape[1]):
            drawn = sets[chosen[start + number]]
            if len(doubtful[0]):
                drawn = _leave_out(drawn, doubtful, generator, uncertainty.partial_left_out)
            rank = compute_rank(round_for_ranking(compute_mean_score(drawn, draws[start + number])))
            in_decile += compute_decile(rank, n_ranked) == stated
            block[:, number] = rank
        tails.add(block)
    low, high, share = nothing.copy(), nothing.copy(), nothing.copy()
    low[has_score], high[has_score] = tails.get()
    share[has_score] = 100.0 * in_decile / n_draws
    return RankInterval(low, high, share)


def _leave_out(
    values: F64,
    doubtful: tuple[NDArray[np.int64], ...],
    generator: np.random.Generator,
    probability: float,
) -> F64:
    is_out = generator.random(len(doubtful[0])) < probability
    left = values.copy()
    left[doubtful[0][is_out], doubtful[1][is_out]] = np.nan
    is_empty = np.isnan(left).all(axis=1)
    left[is_empty] = values[is_empty]
    return left


def compute_ranks_without(values: F64, weights: F64, has_score: NDArray[np.bool_]) -> F64:
    """Rank without each indicator in turn, the weights of the others kept in proportion.

    Parameters
    ----------
    values, weights, has_score
        As for :func:`compute_rank_interval`.

    Returns
    -------
    numpy.ndarray
        f64[n, k]; rank among those that still have an indicator, NaN where not ranked.
    """
    ranks = np.full(values.shape, np.nan)
    scored = values[has_score]
    for left_out in range(values.shape[1]):
        others = np.arange(values.shape[1]) != left_out
        if others.any():
            mean = compute_mean_score(scored[:, others], weights[others])
            ranks[has_score, left_out] = compute_rank(round_for_ranking(mean))
    return ranks
