"""What each indicator does to the scores: ranks without it, and its part in a change between snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.scoring.ranked import compute_mean_score, compute_rank, round_for_ranking
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
MISSING_DATA: Final = "missing_data"
ROUNDING: Final = 1e-9
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
    one, two = compute_rank(-rank[is_both]), compute_rank(-without[is_both])
    moved = np.sort(np.abs(one - two))
    changed = compute_decile(one, n) != compute_decile(two, n)
    varied = np.ptp(one) > 0 and np.ptp(two) > 0
    return {
        "n_ranked": n,
        "rank_correlation": float(np.corrcoef(one, two)[0, 1]) if varied else None,
        "rank_change_p50": float(moved[(n - 1) // 2]),
        "rank_change_p95": float(moved[int(np.ceil(0.95 * n - 1e-9)) - 1]),
        "decile_changed_pct": float(100.0 * changed.mean()),
    }


def list_pairs(snapshots: Sequence[str]) -> list[tuple[str, str]]:
    """List the pairs of snapshots whose scores are compared: each with the one before, and with the first.

    Parameters
    ----------
    snapshots
        In the order of time.

    Returns
    -------
    list of tuple
        Earlier and later; each pair once.
    """
    pairs = [*pairwise(snapshots), *((snapshots[0], later) for later in snapshots[1:])]
    return list(dict.fromkeys(pairs))


def compute_score_change(
    spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame, *, snapshots: list[str]
) -> pl.DataFrame:
    """Share out the change of every score since the snapshot before, and since the first, among the indicators.

    The parts of a neighbourhood add up to the change of its score, and of its absolute index. An indicator's part is
    its own change by its weight among the indicators that have data in both snapshots; what comes of indicators that
    have data in one only is set apart as ``missing_data``. Ranked scores say how a place stands to the others of its
    snapshot, so they may change because others did; the absolute index does not.

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
    for before, after in list_pairs(known):
        names = sorted({*matrices[before].weights, *matrices[after].weights})
        score = _share_out(matrices[before], matrices[after], "values", names)
        index = _share_out(matrices[before], matrices[after], "indices", names)
        for number, name in enumerate([*names, MISSING_DATA]):
            parts.append(
                _describe_change(
                    name, matrices[before], matrices[after], indicators, score[:, number], index[:, number]
                )
            )
    return pl.concat(parts).sort("snapshot_from", "snapshot_to", "neighbourhood_code", "indicator")


def _share_out(before: ScoreMatrix, after: ScoreMatrix, attribute: str, names: list[str]) -> NDArray[np.float64]:
    """Give each indicator its part in the change, and the last column what missing data does."""
    has_both = before.has_score & after.has_score
    sides = []
    for matrix in (before, after):
        wide = np.full((len(has_both), len(names)), np.nan)
        for number, name in enumerate(matrix.weights):
            wide[:, names.index(name)] = getattr(matrix, attribute)[:, number]
        sides.append(wide)
    # weights differ between snapshots only because indicators drop out: those of the later one stand for both
    weight = np.array([after.weights.get(name, before.weights.get(name, 0.0)) for name in names])
    change = sides[1] - sides[0]
    total = (~np.isnan(change)).astype(np.float64) @ weight
    parts = np.where(np.isnan(change), 0.0, change) * weight / np.where(total > 0, total, 1.0)[:, None]
    means = [compute_mean_score(getattr(m, attribute), m.weight) for m in (before, after)]
    rest = means[1] - means[0] - parts.sum(axis=1)
    return np.where(has_both[:, None], np.c_[parts, np.where(np.abs(rest) < ROUNDING, 0.0, rest)], np.nan)


def _describe_change(
    name: str,
    before: ScoreMatrix,
    after: ScoreMatrix,
    indicators: pl.DataFrame,
    score: NDArray[np.float64],
    index: NDArray[np.float64],
) -> pl.DataFrame:
    frame = before.names.select("neighbourhood_code")
    for side, matrix in (("from", before), ("to", after)):
        own = indicators.filter((pl.col("snapshot") == matrix.snapshot) & (pl.col("indicator") == name)).select(
            "neighbourhood_code",
            pl.col("value").alias(f"value_{side}"),
            (pl.col("coverage_class").fill_null("comparable")).replace_strict(_WORST).alias(f"worst_{side}"),
            pl.col("is_missing").alias(f"is_missing_{side}"),
        )
        frame = frame.join(own, on="neighbourhood_code", how="left", maintain_order="left")
    worst = pl.max_horizontal("worst_from", "worst_to")
    is_lost = pl.col("is_missing_from").fill_null(value=True) | pl.col("is_missing_to").fill_null(value=True)
    names = {number: label for label, number in _WORST.items()}
    return frame.with_columns(
        pl.lit(before.snapshot).alias("snapshot_from"),
        pl.lit(after.snapshot).alias("snapshot_to"),
        pl.lit(name).alias("indicator"),
        (pl.col("value_to") - pl.col("value_from")).alias("change_value"),
        pl.Series("change_score_points", score, nan_to_null=True),
        pl.Series("change_index_points", index, nan_to_null=True),
        pl.when(is_lost).then(pl.lit("missing")).otherwise(worst.replace_strict(names)).alias("coverage_class"),
    ).select(pl.col(column).cast(dtype) for column, dtype in CHANGE.items())
