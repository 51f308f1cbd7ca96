"""Scores: the weighted mean of the indicators' ranked scores, and how much it depends on choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.hashing import hash_value
from pipeline.scoring.ranked import compute_mean_score, compute_rank, round_for_ranking
from pipeline.scoring.spec import ScoringSpec
from pipeline.scoring.uncertainty import compute_decile, compute_rank_interval

SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "neighbourhood_name": pl.String(),
    "area_group": pl.String(),
    "score": pl.Float64(),
    "rank": pl.Float64(),
    "n_tied": pl.Int32(),
    "decile": pl.Int32(),
    "absolute_index": pl.Float64(),
    "rank_low": pl.Float64(),
    "rank_high": pl.Float64(),
    "decile_low": pl.Int32(),
    "decile_high": pl.Int32(),
    "decile_share_pct": pl.Float64(),
    "is_decile_stable": pl.Boolean(),
    "n_indicators": pl.Int32(),
    "n_missing": pl.Int32(),
    "weights_hash": pl.String(),
    "coverage_class": pl.String(),
}


@dataclass(frozen=True)
class ScoreMatrix:
    """What one snapshot's scores are made of: n neighbourhoods by k indicators that count.

    Attributes
    ----------
    snapshot
        Its name.
    names
        neighbourhood_code, neighbourhood_name, area_group; n rows, sorted by code.
    weights
        Name of each indicator to its weight; adding up to 1.
    values, indices
        f64[n, k]; ranked score and absolute index, NaN where missing (or, of an index, without anchors).
    is_partial
        bool[n, k]; indicators that rest on partial coverage.
    has_score
        bool[n]; whether enough of the weights has data.
    """

    snapshot: str
    names: pl.DataFrame
    weights: dict[str, float]
    values: NDArray[np.float64]
    indices: NDArray[np.float64]
    is_partial: NDArray[np.bool_]
    has_score: NDArray[np.bool_]

    @property
    def weight(self) -> NDArray[np.float64]:
        """f64[k]; weights in the order of the columns."""
        return np.array(list(self.weights.values()), dtype=np.float64)

    @property
    def score(self) -> NDArray[np.float64]:
        """f64[n]; weighted mean of the ranked scores, NaN without."""
        mean = np.where(self.has_score, compute_mean_score(self.values, self.weight), np.nan)
        return np.asarray(np.clip(mean, 0.0, None), dtype=np.float64)

    @property
    def absolute_index(self) -> NDArray[np.float64]:
        """f64[n]; weighted mean of the absolute indices, NaN without."""
        mean = np.where(self.has_score, compute_mean_score(self.indices, self.weight), np.nan)
        # the mean of several 100s may exceed 100 by rounding
        return np.asarray(np.clip(mean, 0.0, 100.0), dtype=np.float64)


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


def _pivot(indicators: pl.DataFrame, names: pl.DataFrame, column: str, columns: list[str]) -> NDArray[np.float64]:
    codes = names.select("neighbourhood_code")
    matrix = np.full((codes.height, len(columns)), np.nan)
    for number, name in enumerate(columns):
        rows = indicators.filter(pl.col("indicator") == name).select("neighbourhood_code", column)
        joined = codes.join(rows, on="neighbourhood_code", how="left", maintain_order="left")
        matrix[:, number] = joined[column].cast(pl.Float64).to_numpy()
    return matrix


def build_score_matrix(
    spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame, snapshot: str
) -> ScoreMatrix:
    """Gather the indicators of one snapshot that count, with their weights.

    Parameters
    ----------
    spec
        The scoring file.
    indicators
        As :func:`pipeline.scoring.indicators.compute_indicators` gives them.
    neighbourhoods
        neighbourhood_code, neighbourhood_name, area_group.
    snapshot
        Its name.

    Returns
    -------
    ScoreMatrix
        One row a neighbourhood, one column an indicator with data.
    """
    names = neighbourhoods.select("neighbourhood_code", "neighbourhood_name", "area_group").sort("neighbourhood_code")
    own = indicators.filter(pl.col("snapshot") == snapshot)
    available = frozenset(str(name) for name in own.filter(~pl.col("is_missing"))["indicator"].unique())
    stated = compute_weights(spec, available)
    columns, weights = list(stated), np.array(list(stated.values()), dtype=np.float64)
    values = _pivot(own, names, "score", columns)
    known_weight = (~np.isnan(values)).astype(np.float64) @ weights if columns else np.zeros(names.height)
    partial = own.with_columns((pl.col("coverage_class") == "partial").fill_null(value=False).alias("is_partial"))
    return ScoreMatrix(
        snapshot,
        names,
        stated,
        values,
        _pivot(own, names, "absolute_index", columns),
        (_pivot(partial, names, "is_partial", columns) == 1.0) & ~np.isnan(values),
        known_weight >= max(spec.min_weight_share - 1e-9, 1e-9),
    )


def compute_scores(
    spec: ScoringSpec,
    indicators: pl.DataFrame,
    neighbourhoods: pl.DataFrame,
    *,
    reruns: Mapping[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:
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
    reruns
        Name of a rerun with other parameters to its indicators; they widen the rank intervals.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__score``. coverage_class is ``missing`` without a score, ``partial`` if an indicator is
        missing or rests on partial coverage; a decile is stable where both ends of the rank interval lie in it.
    """
    parts = [pl.DataFrame(schema=SCHEMA)]
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        matrix = build_score_matrix(spec, indicators, neighbourhoods, str(snapshot))
        others = [
            _pivot(reruns[name].filter(pl.col("snapshot") == snapshot), matrix.names, "score", list(matrix.weights))
            for name in sorted(reruns or {})
            if reruns is not None and snapshot in set(reruns[name]["snapshot"])
        ]
        parts.append(_score_snapshot(spec, matrix, others))
    return pl.concat(parts)


def _score_snapshot(
    spec: ScoringSpec, matrix: ScoreMatrix, alternatives: Sequence[NDArray[np.float64]]
) -> pl.DataFrame:
    score, n_ranked = matrix.score, int(matrix.has_score.sum())
    rounded = round_for_ranking(score)
    rank = compute_rank(rounded)
    interval = compute_rank_interval(
        matrix.values,
        matrix.weight,
        matrix.has_score,
        spec.uncertainty,
        alternatives=alternatives,
        is_partial=matrix.is_partial,
    )
    low, high = compute_decile(interval.low, n_ranked), compute_decile(interval.high, n_ranked)
    n_columns = len(matrix.weights)
    n_known = (~np.isnan(matrix.values)).sum(axis=1)
    is_partial = matrix.is_partial.any(axis=1) | (n_known < n_columns)
    coverage = np.where(~matrix.has_score, "missing", np.where(is_partial, "partial", "comparable"))
    used = {"weights": matrix.weights, "exponent": spec.exponent, "uncertainty": spec.uncertainty.model_dump()}
    is_drawn = ~np.isnan(low)
    frame = matrix.names.with_columns(
        pl.lit(matrix.snapshot).alias("snapshot"),
        pl.Series("score", score, nan_to_null=True),
        pl.Series("rank", rank, nan_to_null=True),
        pl.Series("n_tied", _count_alike(rounded), nan_to_null=True).cast(pl.Int32),
        pl.Series("decile", compute_decile(rank, n_ranked), nan_to_null=True).cast(pl.Int32),
        pl.Series("absolute_index", matrix.absolute_index, nan_to_null=True),
        pl.Series("rank_low", interval.low, nan_to_null=True),
        pl.Series("rank_high", interval.high, nan_to_null=True),
        pl.Series("decile_low", low, nan_to_null=True).cast(pl.Int32),
        pl.Series("decile_high", high, nan_to_null=True).cast(pl.Int32),
        pl.Series("decile_share_pct", interval.decile_share_pct, nan_to_null=True),
        pl.Series(
            "is_decile_stable", [bool(a == b) if d else None for a, b, d in zip(low, high, is_drawn, strict=True)]
        ),
        pl.Series("n_indicators", n_known),
        pl.Series("n_missing", n_columns - n_known),
        pl.lit(hash_value(used)).alias("weights_hash"),
        pl.Series("coverage_class", coverage.tolist(), dtype=pl.String),
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _count_alike(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count for each value how many others are equal; NaN stays NaN."""
    alike = np.full(len(values), np.nan)
    is_known = ~np.isnan(values)
    _, inverse, counts = np.unique(values[is_known], return_inverse=True, return_counts=True)
    alike[is_known] = counts[inverse] - 1
    return alike
