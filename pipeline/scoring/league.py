"""League table of change: neighbourhoods ranked by how their scores moved, only where both snapshots cover them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.tables import TABLES
from pipeline.scoring.influence import MISSING_DATA, list_pairs
from pipeline.scoring.ranked import compute_mean_score, compute_rank, round_for_ranking
from pipeline.scoring.scores import ScoreMatrix, build_score_matrix
from pipeline.scoring.spec import ScoringSpec
from pipeline.scoring.uncertainty import compute_rank_interval

SERVICE_CHANGE: Final = "out_neighbourhood__service_change"
OPERATORS: Final = "out_operator__coverage"
MEASURES: Final = {"score": "values", "absolute_index": "indices"}
"""Published measures, and where the parts of each lie in a score matrix."""
POINTS: Final = {"score": "change_score_points", "absolute_index": "change_index_points"}
WEEKDAY: Final = "weekday"
MAX_NAMED: Final = 3
DECIMALS: Final = 9
NOTHING_ALIKE: Final = "no indicator of this measure has data in both snapshots"
NO_SCORE: Final = "no score at one of the two dates"
SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot_from": pl.String(),
    "snapshot_to": pl.String(),
    "measure": pl.String(),
    "neighbourhood_code": pl.String(),
    "neighbourhood_name": pl.String(),
    "area_group": pl.String(),
    "value_from": pl.Float64(),
    "value_to": pl.Float64(),
    "change_points": pl.Float64(),
    "change_alike_points": pl.Float64(),
    "rank": pl.Float64(),
    "n_tied": pl.Int32(),
    "rank_low": pl.Float64(),
    "rank_high": pl.Float64(),
    "n_ranked": pl.Int32(),
    "n_not_ranked": pl.Int32(),
    "main_indicator": pl.String(),
    "main_indicator_points": pl.Float64(),
    "coverage_class": pl.String(),
    "coverage_reason": pl.String(),
}

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class _Pair:
    """Two snapshots as they were computed, in the same order of neighbourhoods."""

    before: ScoreMatrix
    after: ScoreMatrix

    @property
    def common(self) -> list[str]:
        """Indicators with data somewhere in both."""
        return sorted(set(self.before.weights) & set(self.after.weights))

    @property
    def weight(self) -> F64:
        """f64[k]; weights of the common indicators in the later snapshot, adding up to 1."""
        weight = np.array([self.after.weights[name] for name in self.common], dtype=np.float64)
        return weight / weight.sum() if len(weight) else weight

    def compute_changes(self, attribute: str) -> F64:
        """f64[n, k]; after minus before of every common indicator, NaN where either has no data."""
        columns = []
        for matrix in (self.before, self.after):
            at = [list(matrix.weights).index(name) for name in self.common]
            columns.append(getattr(matrix, attribute)[:, at])
        return np.asarray(columns[1] - columns[0], dtype=np.float64)


def compute_change_league(
    spec: ScoringSpec,
    indicators: pl.DataFrame,
    neighbourhoods: pl.DataFrame,
    score_change: pl.DataFrame,
    *,
    snapshots: list[str],
    tables: Mapping[str, pl.DataFrame] | None = None,
    reruns: Mapping[str, pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Rank neighbourhoods by the change of their score and of their absolute index, pair by pair of snapshots.

    Ranked is the change over the indicators that have data in both snapshots, so that everybody's change is one of
    the same things; only neighbourhoods whose coverage is comparable are ranked. The others are listed with their
    reason. Coverage is ``missing`` without a score in either snapshot or where the timetables do not cover the place
    in both. It is ``partial`` where they do so in part; where an indicator has data in one snapshot only or rests on
    partial coverage; and where an indicator that is made of journeys moved although an operator is not covered in
    both, since journeys reach beyond the zone and the move may come of missing data.

    Parameters
    ----------
    spec
        The scoring file.
    indicators
        As :func:`pipeline.scoring.indicators.compute_indicators` gives them.
    neighbourhoods
        neighbourhood_code, neighbourhood_name, area_group.
    score_change
        As :func:`pipeline.scoring.influence.compute_score_change` gives it: the parts of each change.
    snapshots
        In the order of time.
    tables
        Published tables by name, of which ``out_neighbourhood__service_change`` and ``out_operator__coverage`` are
        read where they are there.
    reruns
        Name of a rerun with other parameters to its indicators; they widen the rank intervals.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__change_league``. Rank 1 became worse connected most; ties share the mean rank; rank_low
        and rank_high are the 5th and 95th percentile over draws of weights and reruns, null without draws.
    """
    present = set(indicators["snapshot"])
    known = [name for name in snapshots if name in present]
    matrices = {name: build_score_matrix(spec, indicators, neighbourhoods, name) for name in known}
    varied = [
        {
            name: build_score_matrix(spec, rerun, neighbourhoods, name)
            for name in known
            if name in set(rerun["snapshot"])
        }
        for _, rerun in sorted((reruns or {}).items())
    ]
    parts = [pl.DataFrame(schema=SCHEMA)]
    for before, after in list_pairs(known):
        pair = _Pair(matrices[before], matrices[after])
        others = [_Pair(each[before], each[after]) for each in varied if before in each and after in each]
        own = score_change.filter((pl.col("snapshot_from") == before) & (pl.col("snapshot_to") == after))
        coverage = classify_change(spec, pair.before, pair.after, own, tables or {})
        parts += [_rank_pair(spec, pair, others, own, coverage, measure) for measure in MEASURES]
    return pl.concat(parts)


def classify_change(
    spec: ScoringSpec,
    before: ScoreMatrix,
    after: ScoreMatrix,
    parts: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    """Say of every neighbourhood whether a pair of snapshots can be compared there.

    Parameters
    ----------
    spec
        The scoring file.
    before, after
        Both snapshots.
    parts
        Rows of ``out_neighbourhood__score_change`` for the pair.
    tables
        As for :func:`compute_change_league`.

    Returns
    -------
    polars.DataFrame
        neighbourhood_code, coverage_class, coverage_reason (empty if comparable); in the order of the matrices.
    """
    pair = _Pair(before, after)
    values = [matrix.values[:, [list(matrix.weights).index(n) for n in pair.common]] for matrix in (before, after)]
    partial = [matrix.is_partial[:, [list(matrix.weights).index(n) for n in pair.common]] for matrix in (before, after)]
    one_sided = np.isnan(values[0]) != np.isnan(values[1])
    zones = _read_zones(before, after, tables)
    shaky = _find_shaky_journeys(spec, pair, parts, tables)
    rows = []
    for number, code in enumerate(before.names["neighbourhood_code"].to_list()):
        zone_class, zone_reason = zones.get(str(code), ("comparable", ""))
        if not (before.has_score[number] and after.has_score[number]):
            rows.append((code, "missing", NO_SCORE))
            continue
        if zone_class == "missing":
            rows.append((code, "missing", zone_reason))
            continue
        reasons = [zone_reason] if zone_class != "comparable" else []
        reasons += _say("data in one snapshot only", pair.common, one_sided[number])
        reasons += _say("partial coverage", pair.common, (partial[0] | partial[1])[number])
        reasons += shaky.get(str(code), [])
        rows.append((code, "partial" if reasons else "comparable", "; ".join(reason.rstrip(".") for reason in reasons)))
    columns = ["neighbourhood_code", "coverage_class", "coverage_reason"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")


def _say(what: str, names: list[str], holds: NDArray[np.bool_]) -> list[str]:
    found = [name for name, is_so in zip(names, holds, strict=True) if is_so]
    return [f"{what}: {', '.join(found)}"] if found else []


def _read_zones(
    before: ScoreMatrix, after: ScoreMatrix, tables: Mapping[str, pl.DataFrame]
) -> dict[str, tuple[str, str]]:
    """Return the coverage of each zone on a weekday, all modes together."""
    if SERVICE_CHANGE not in tables:
        return {}
    chosen = tables[SERVICE_CHANGE].filter(
        (pl.col("snapshot_from") == before.snapshot)
        & (pl.col("snapshot_to") == after.snapshot)
        & (pl.col("mode") == "all")
        & (pl.col("day_type") == WEEKDAY)
        & (pl.col("band") == "all_day")
    )
    columns = ["neighbourhood_code", "coverage_class", "coverage_reason"]
    return {str(code): (str(name), str(why)) for code, name, why in chosen.select(columns).unique().iter_rows()}


def _find_shaky_journeys(
    spec: ScoringSpec, pair: _Pair, parts: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> dict[str, list[str]]:
    """Find where an indicator made of journeys moved although an operator is not covered in both snapshots."""
    if OPERATORS not in tables:
        return {}
    lacking = tables[OPERATORS].filter(
        (pl.col("snapshot_from") == pair.before.snapshot)
        & (pl.col("snapshot_to") == pair.after.snapshot)
        & (pl.col("day_type") == WEEKDAY)
        & (pl.col("coverage_class") != "comparable")
    )
    names = lacking["operator_name"].unique().sort().to_list()
    if not names:
        return {}
    journeys = [i.name for i in spec.indicators if i.name in pair.common and _is_made_of_journeys(i.table)]
    moved = parts.filter(
        pl.col("indicator").is_in(journeys) & pl.col("value_from").ne_missing(pl.col("value_to"))
    ).sort("neighbourhood_code", "indicator")
    shown = ", ".join(names[:MAX_NAMED]) + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")
    found: dict[str, list[str]] = {}
    for code, rows in moved.group_by("neighbourhood_code", maintain_order=True):
        listed = ", ".join(rows["indicator"].to_list())
        found[str(code[0])] = [f"journeys changed, but not both timetables cover {shown}: {listed}"]
    return found


def _is_made_of_journeys(table: str) -> bool:
    """Tell whether a table holds what timetables make of journeys: it does not say itself how far it is covered."""
    declared = TABLES.get(table)
    if declared is None:
        return False
    names = {column.name for column in declared.columns}
    return "snapshot" in names and "coverage_class" not in names


def _rank_changes(alike: NDArray[np.float64], is_ranked: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Return rank and number of equals of those that are ranked, NaN for the others."""
    rank, n_tied = np.full(len(alike), np.nan), np.full(len(alike), np.nan)
    rounded = round_for_ranking(alike[is_ranked])
    rank[is_ranked] = compute_rank(rounded)
    n_tied[is_ranked] = _count_tied(rounded)
    return rank, n_tied


def _rank_pair(
    spec: ScoringSpec,
    pair: _Pair,
    others: list[_Pair],
    parts: pl.DataFrame,
    coverage: pl.DataFrame,
    measure: str,
) -> pl.DataFrame:
    attribute, sign = MEASURES[measure], 1.0 if measure == "score" else -1.0
    classes = coverage["coverage_class"].to_numpy()
    changes = sign * pair.compute_changes(attribute)
    alike = np.where(classes == "missing", np.nan, compute_mean_score(changes, pair.weight))
    is_ranked = (classes == "comparable") & ~np.isnan(alike)
    rank, n_tied = _rank_changes(alike, is_ranked)
    known = is_ranked[:, None] & ~np.isnan(changes)
    used = known.any(axis=0)
    weight = pair.weight[used]
    alternatives = [_align(sign * other.compute_changes(attribute), other, pair, changes)[:, used] for other in others]
    interval = compute_rank_interval(
        changes[:, used],
        weight / weight.sum() if len(weight) else weight,
        is_ranked,
        spec.uncertainty,
        alternatives=alternatives,
    )
    start, end = (getattr(matrix, measure) for matrix in (pair.before, pair.after))
    n_ranked = int(is_ranked.sum())
    frame = pair.before.names.with_columns(
        pl.lit(pair.before.snapshot).alias("snapshot_from"),
        pl.lit(pair.after.snapshot).alias("snapshot_to"),
        pl.lit(measure).alias("measure"),
        pl.Series("value_from", start, nan_to_null=True),
        pl.Series("value_to", end, nan_to_null=True),
        pl.Series("change_points", _tidy(np.where(classes == "missing", np.nan, end - start)), nan_to_null=True),
        pl.Series("change_alike_points", _tidy(sign * alike), nan_to_null=True),
        pl.Series("rank", rank, nan_to_null=True),
        pl.Series("n_tied", n_tied, nan_to_null=True).cast(pl.Int32),
        pl.Series("rank_low", interval.low, nan_to_null=True),
        pl.Series("rank_high", interval.high, nan_to_null=True),
        pl.lit(n_ranked).alias("n_ranked"),
        pl.lit(len(alike) - n_ranked).alias("n_not_ranked"),
    )
    main = find_main_indicators(parts, POINTS[measure])
    frame = frame.join(coverage, on="neighbourhood_code", how="left", maintain_order="left").join(
        main, on="neighbourhood_code", how="left", maintain_order="left"
    )
    is_empty = (pl.col("coverage_class") != "missing") & pl.col("change_alike_points").is_null()
    frame = frame.with_columns(
        pl.when(is_empty).then(pl.lit("missing")).otherwise(pl.col("coverage_class")).alias("coverage_class"),
        pl.when(is_empty).then(pl.lit(NOTHING_ALIKE)).otherwise(pl.col("coverage_reason")).alias("coverage_reason"),
    )
    is_missing = pl.col("coverage_class") == "missing"
    return (
        frame.with_columns(
            pl.when(~is_missing).then(pl.col(name)).alias(name) for name in ("main_indicator", "main_indicator_points")
        )
        .sort("rank", "neighbourhood_code", nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _tidy(values: F64) -> F64:
    """Round off what only the order of a sum makes, and minus zero."""
    return round_for_ranking(values) + 0.0


def _count_tied(values: F64) -> F64:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] - 1, dtype=np.float64)


def _align(changes: F64, other: _Pair, pair: _Pair, stated: F64) -> F64:
    """Bring a rerun's changes into the columns of the stated run, which stands where the rerun has nothing."""
    aligned = stated.copy()
    for number, name in enumerate(pair.common):
        if name in other.common:
            column = changes[:, other.common.index(name)]
            aligned[:, number] = np.where(np.isnan(column) | np.isnan(stated[:, number]), stated[:, number], column)
    return aligned


def find_main_indicators(parts: pl.DataFrame, points: str) -> pl.DataFrame:
    """Find for each neighbourhood the indicator that did most towards the change that is ranked.

    Parameters
    ----------
    parts
        Rows of ``out_neighbourhood__score_change`` for one pair of snapshots.
    points
        ``change_score_points`` or ``change_index_points``.

    Returns
    -------
    polars.DataFrame
        neighbourhood_code, main_indicator, main_indicator_points: the largest part in the direction of the sum of
        parts, missing data left aside; the first by name of equal ones. Neighbourhoods that did not change have none.
    """
    known = parts.filter((pl.col("indicator") != MISSING_DATA) & pl.col(points).is_not_null()).select(
        "neighbourhood_code", "indicator", pl.col(points).round(DECIMALS).alias("points")
    )
    total = pl.col("points").sum().over("neighbourhood_code").round(DECIMALS)
    towards = known.with_columns((pl.col("points") * total.sign()).alias("towards")).filter(pl.col("towards") > 0)
    return (
        towards.sort(["neighbourhood_code", "towards", "indicator"], descending=[False, True, False])
        .unique("neighbourhood_code", keep="first", maintain_order=True)
        .select(
            "neighbourhood_code",
            pl.col("indicator").alias("main_indicator"),
            pl.col("points").alias("main_indicator_points"),
        )
    )
