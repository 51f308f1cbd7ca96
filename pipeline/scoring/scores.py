"""Scores: the weighted mean of the indicators' ranked scores, and how much it depends on the weights."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.hashing import hash_value
from pipeline.scoring.ranked import compute_rank, round_for_ranking
from pipeline.scoring.spec import ScoringSpec, Uncertainty

LOW_PCT: Final = 5.0
HIGH_PCT: Final = 95.0
_BLOCK_ROWS: Final = 20_000

SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "neighbourhood_name": pl.String(),
    "area_group": pl.String(),
    "score": pl.Float64(),
    "rank": pl.Float64(),
    "decile": pl.Int32(),
    "absolute_index": pl.Float64(),
    "rank_low": pl.Float64(),
    "rank_high": pl.Float64(),
    "n_indicators": pl.Int32(),
    "n_missing": pl.Int32(),
    "weights_hash": pl.String(),
    "coverage_class": pl.String(),
}


def compute_weights(spec: ScoringSpec, available: frozenset[str]) -> dict[str, float]:
    """Give the weight of every indicator that counts, adding up to 1.

    A domain's weight is shared out among its indicators that have data somewhere; domains without any drop out, and
    so do indicators of weight 0.

    Parameters
    ----------
    spec
        The scoring file.
    available
        Names of the indicators with data.

    Returns
    -------
    dict
        Name to weight, by name.
    """
    counted = [i for i in spec.indicators if i.name in available and i.weight > 0 and spec.domains[i.domain].weight > 0]
    in_domain: dict[str, float] = {}
    for indicator in counted:
        in_domain[indicator.domain] = in_domain.get(indicator.domain, 0.0) + indicator.weight
    total = sum(spec.domains[domain].weight for domain in sorted(in_domain))
    return {
        i.name: spec.domains[i.domain].weight * i.weight / in_domain[i.domain] / total
        for i in sorted(counted, key=lambda i: i.name)
    }


def compute_weighted_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
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


def compute_rank_interval(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    has_score: NDArray[np.bool_],
    uncertainty: Uncertainty,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rank under other weights, drawn around the stated ones, and give the 5th and 95th percentile of the rank.

    Weights come from a Dirichlet distribution with mean ``weights`` and the stated concentration.

    Parameters
    ----------
    values
        n x k ranked scores, NaN where missing.
    weights
        k, positive, adding up to 1.
    has_score
        n; which neighbourhoods are ranked.
    uncertainty
        Number of draws, concentration, seed.

    Returns
    -------
    tuple of numpy.ndarray
        Low and high rank, NaN where not ranked.
    """
    low, high = np.full(len(values), np.nan), np.full(len(values), np.nan)
    scored = values[has_score]
    if uncertainty.n_draws == 0 or not len(scored) or not len(weights):
        return low, high
    generator = np.random.default_rng(uncertainty.seed)
    draws = generator.dirichlet(uncertainty.concentration * weights, size=uncertainty.n_draws)
    ranks = np.empty((len(scored), len(draws)), dtype=np.float32)
    for number, draw in enumerate(draws):
        ranks[:, number] = compute_rank(round_for_ranking(compute_weighted_mean(scored, np.maximum(draw, 1e-12))))
    spans = [
        np.percentile(ranks[start : start + _BLOCK_ROWS], [LOW_PCT, HIGH_PCT], axis=1, method="inverted_cdf")
        for start in range(0, len(ranks), _BLOCK_ROWS)
    ]
    low[has_score], high[has_score] = np.concatenate(spans, axis=1)
    return low, high


def compute_scores(spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame) -> pl.DataFrame:
    """Compute the score of every neighbourhood and snapshot.

    The score is the weighted mean of the ranked scores of the indicators that have data; with less than
    ``min_weight_share`` of the weights there is none. Rank 1 is the highest score, the worst connected; decile 1 the
    worst tenth of the places ranked. The absolute index is the same mean of the absolute indices.

    Parameters
    ----------
    spec
        The scoring file.
    indicators
        As :func:`pipeline.scoring.indicators.compute_indicators` gives them.
    neighbourhoods
        neighbourhood_code, neighbourhood_name, area_group.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__score``. coverage_class is ``missing`` without a score, ``partial`` if an indicator is
        missing or rests on partial coverage.
    """
    names = neighbourhoods.select("neighbourhood_code", "neighbourhood_name", "area_group").sort("neighbourhood_code")
    snapshots = [str(name) for name in indicators["snapshot"].unique().sort()]
    scored = [_score_snapshot(spec, indicators.filter(pl.col("snapshot") == name), names, name) for name in snapshots]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *scored])


def _pivot(indicators: pl.DataFrame, names: pl.DataFrame, column: str, columns: list[str]) -> NDArray[np.float64]:
    codes = names.select("neighbourhood_code")
    matrix = np.full((codes.height, len(columns)), np.nan)
    for number, name in enumerate(columns):
        rows = indicators.filter(pl.col("indicator") == name).select("neighbourhood_code", column)
        joined = codes.join(rows, on="neighbourhood_code", how="left", maintain_order="left")
        matrix[:, number] = joined[column].to_numpy()
    return matrix


def _score_snapshot(spec: ScoringSpec, indicators: pl.DataFrame, names: pl.DataFrame, snapshot: str) -> pl.DataFrame:
    available = frozenset(str(name) for name in indicators.filter(~pl.col("is_missing"))["indicator"].unique())
    stated = compute_weights(spec, available)
    columns, weights = list(stated), np.array(list(stated.values()), dtype=np.float64)
    values = _pivot(indicators, names, "score", columns)
    known_weight = (~np.isnan(values)).astype(np.float64) @ weights if columns else np.zeros(names.height)
    has_score = known_weight >= max(spec.min_weight_share - 1e-9, 1e-9)
    score = np.where(has_score, compute_weighted_mean(values, weights), np.nan)
    score = np.asarray(np.clip(score, 0.0, None), dtype=np.float64)
    rank = compute_rank(round_for_ranking(score))
    n_ranked = int(has_score.sum())
    low, high = compute_rank_interval(values, weights, has_score, spec.uncertainty)
    index = np.where(
        has_score, compute_weighted_mean(_pivot(indicators, names, "absolute_index", columns), weights), np.nan
    )
    n_known = (~np.isnan(values)).sum(axis=1)
    partial = indicators.filter(pl.col("indicator").is_in(columns) & (pl.col("coverage_class") == "partial"))
    is_partial = names["neighbourhood_code"].is_in(partial["neighbourhood_code"].unique().to_list()).to_numpy()
    is_partial = is_partial | (n_known < len(columns))
    coverage = np.where(~has_score, "missing", np.where(is_partial, "partial", "comparable"))
    used = {"weights": stated, "exponent": spec.exponent, "uncertainty": spec.uncertainty.model_dump()}
    frame = names.with_columns(
        pl.lit(snapshot).alias("snapshot"),
        pl.Series("score", score, nan_to_null=True),
        pl.Series("rank", rank, nan_to_null=True),
        pl.Series("decile", np.ceil(10.0 * rank / max(n_ranked, 1)), nan_to_null=True).cast(pl.Int32),
        pl.Series("absolute_index", index, nan_to_null=True),
        pl.Series("rank_low", low, nan_to_null=True),
        pl.Series("rank_high", high, nan_to_null=True),
        pl.Series("n_indicators", n_known),
        pl.Series("n_missing", len(columns) - n_known),
        pl.lit(hash_value(used)).alias("weights_hash"),
        pl.Series("coverage_class", coverage.tolist(), dtype=pl.String),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
