"""What each indicator does to the scores: ranks without it, and its part in a change between snapshots."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipeline.scoring.ranked import compute_rank, round_for_ranking
from pipeline.scoring.scores import ScoreMatrix, build_score_matrix
from pipeline.scoring.spec import ScoringSpec
from pipeline.scoring.uncertainty import compute_decile, compute_ranks_without

INFLUENCE: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "indicator": pl.String(),
    "weight": pl.Float64(),
    "n_ranked": pl.Int32(),
    "rank_correlation": pl.Float64(),
    "rank_change_p50": pl.Float64(),
    "rank_change_p95": pl.Float64(),
    "decile_changed_pct": pl.Float64(),
}
CHANGE: Final[dict[str, pl.DataType]] = {
    "snapshot_from": pl.String(),
    "snapshot_to": pl.String(),
    "neighbourhood_code": pl.String(),
    "indicator": pl.String(),
    "value_from": pl.Float64(),
    "value_to": pl.Float64(),
    "change_value": pl.Float64(),
    "change_score_points": pl.Float64(),
    "change_index_points": pl.Float64(),
    "coverage_class": pl.String(),
}
_WORST: Final = {"comparable": 0, "partial": 1, "missing": 2}


def compute_influence(spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame) -> pl.DataFrame:
    """Say how much ranks would move if one indicator were left out, the others keeping their proportions.

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
        ``out_indicator__influence``: Spearman's correlation of the ranks with and without, the median and the 95th
        percentile of the places by which ranks move, and the share of places that change decile; null for a score
        of one indicator.
    """
    rows: list[dict[str, object]] = []
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        matrix = build_score_matrix(spec, indicators, neighbourhoods, str(snapshot))
        rank = compute_rank(round_for_ranking(matrix.score))
        without = compute_ranks_without(matrix.values, matrix.weight, matrix.has_score)
        for number, (name, weight) in enumerate(matrix.weights.items()):
            row = {"snapshot": str(snapshot), "indicator": name, "weight": weight}
            rows.append(row | _compare_ranks(rank, without[:, number]))
    return pl.DataFrame(rows, schema=INFLUENCE)


def _compare_ranks(rank: NDArray[np.float64], without: NDArray[np.float64]) -> dict[str, object]:
    is_both = ~np.isnan(rank) & ~np.isnan(without)
    n = int(is_both.sum())
    if n == 0:
        return {"n_ranked": 0}
    one, two = rankdata(rank[is_both]), rankdata(without[is_both])
    moved = np.sort(np.abs(one - two))
    changed = compute_decile(np.asarray(one), n) != compute_decile(np.asarray(two), n)
    varied = np.ptp(one) > 0 and np.ptp(two) > 0
    return {
        "n_ranked": n,
        "rank_correlation": float(np.corrcoef(one, two)[0, 1]) if varied else None,
        "rank_change_p50": float(moved[(n - 1) // 2]),
        "rank_change_p95": float(moved[int(np.ceil(0.95 * n - 1e-9)) - 1]),
        "decile_changed_pct": float(100.0 * changed.mean()),
    }


def compute_contributions(
    values: NDArray[np.float64], weights: NDArray[np.float64], has_score: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Share out a weighted mean among its columns.

    Parameters
    ----------
    values
        f64[n, k]; NaN where missing.
    weights
        f64[k].
    has_score
        bool[n].

    Returns
    -------
    numpy.ndarray
        f64[n, k]; adds up to the mean over the known columns; 0 where missing, NaN without a score.
    """
    is_known = ~np.isnan(values)
    total = is_known.astype(np.float64) @ weights
    parts = np.where(is_known, np.nan_to_num(values) * weights, 0.0) / np.where(total > 0, total, np.nan)[:, None]
    return np.asarray(np.where(has_score[:, None], parts, np.nan), dtype=np.float64)


def compute_score_change(
    spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame, *, snapshots: list[str]
) -> pl.DataFrame:
    """Share out the change of every score between successive snapshots among the indicators.

    The parts of a neighbourhood add up to the change of its score, and of its absolute index. Ranked scores say how a
    place stands to the others of its snapshot, so they may change because others did; the absolute index does not.

    Parameters
    ----------
    spec, indicators, neighbourhoods
        As for :func:`compute_influence`.
    snapshots
        In the order of time.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__score_change``; changes are null where either snapshot has no score or coverage is
        ``missing`` in either.
    """
    parts = [pl.DataFrame(schema=CHANGE)]
    present = set(indicators["snapshot"])
    known = [name for name in snapshots if name in present]
    matrices = {name: build_score_matrix(spec, indicators, neighbourhoods, name) for name in known}
    for before, after in pairwise(known):
        parts += [
            _change_of(name, matrices[before], matrices[after], indicators)
            for name in sorted({*matrices[before].weights, *matrices[after].weights})
        ]
    return pl.concat(parts).sort("snapshot_from", "snapshot_to", "neighbourhood_code", "indicator")


def _change_of(name: str, before: ScoreMatrix, after: ScoreMatrix, indicators: pl.DataFrame) -> pl.DataFrame:
    frame = before.names.select("neighbourhood_code")
    for side, matrix in (("from", before), ("to", after)):
        own = indicators.filter((pl.col("snapshot") == matrix.snapshot) & (pl.col("indicator") == name)).select(
            "neighbourhood_code",
            pl.col("value").alias(f"value_{side}"),
            (pl.col("coverage_class").fill_null("comparable")).replace_strict(_WORST).alias(f"worst_{side}"),
            pl.col("is_missing").alias(f"is_missing_{side}"),
        )
        frame = frame.join(own, on="neighbourhood_code", how="left", maintain_order="left").with_columns(
            pl.Series(f"score_{side}", _part_of(name, matrix, matrix.values)),
            pl.Series(f"index_{side}", _part_of(name, matrix, matrix.indices)),
        )
    worst = pl.max_horizontal("worst_from", "worst_to")
    is_lost = pl.col("is_missing_from").fill_null(value=True) | pl.col("is_missing_to").fill_null(value=True)
    names = {number: label for label, number in _WORST.items()}

    def change(column: str, alias: str) -> pl.Expr:
        difference = pl.col(f"{column}_to") - pl.col(f"{column}_from")
        return pl.when(difference.is_finite()).then(difference).alias(alias)

    return frame.with_columns(
        pl.lit(before.snapshot).alias("snapshot_from"),
        pl.lit(after.snapshot).alias("snapshot_to"),
        pl.lit(name).alias("indicator"),
        change("value", "change_value"),
        change("score", "change_score_points"),
        change("index", "change_index_points"),
        pl.when(is_lost).then(pl.lit("missing")).otherwise(worst.replace_strict(names)).alias("coverage_class"),
    ).select(pl.col(column).cast(dtype) for column, dtype in CHANGE.items())


def _part_of(name: str, matrix: ScoreMatrix, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if name not in matrix.weights:
        return np.where(matrix.has_score, 0.0, np.nan)
    at = list(matrix.weights).index(name)
    return compute_contributions(values, matrix.weight, matrix.has_score)[:, at]
