"""Change of service levels between snapshots, only where both cover the place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from pipeline.change.coverage import (
    COMPARABLE,
    MISSING,
    PARTIAL,
    DeclaredCoverage,
    classify_operator_days,
    classify_operators,
    classify_zones,
)
from pipeline.change.inputs import ALL_MODES
from pipeline.change.levels import ServiceLevels

_KEYS: Final = ["neighbourhood_code", "mode", "day_type", "band"]


def list_comparisons(n_snapshots: int) -> Iterator[tuple[int, int, str]]:
    """List the pairs of snapshots that are compared.

    Parameters
    ----------
    n_snapshots
        How many there are, earliest first.

    Yields
    ------
    tuple
        Index of the earlier, index of the later, ``consecutive`` or ``since_first``.
    """
    for later in range(1, n_snapshots):
        yield later - 1, later, "consecutive"
        yield 0, later, "since_first"


def compute_service_change(
    levels: Sequence[ServiceLevels],
    presence: pl.DataFrame,
    *,
    declared: Sequence[DeclaredCoverage] = (),
) -> pl.DataFrame:
    """Compare the service levels of consecutive snapshots, and of each with the first.

    Where coverage is partial, runs before and after are those of operators that can be compared only: an operator
    that is in one of the two snapshots makes neither a rise nor a fall. The levels of each snapshot hold all runs.
    Where coverage is missing, runs are as filed and the change is null.

    Parameters
    ----------
    levels
        All snapshots, earliest first.
    presence
        As :func:`pipeline.change.coverage.compute_operator_presence` gives it.
    declared
        What the configuration says about pairs.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__service_change``: neighbourhood_code, snapshot_from, snapshot_to, comparison, mode,
        day_type, band, runs_per_day_before, runs_per_day_after, change_runs_per_day and change_pct (both null where
        coverage is missing; the latter also where there was nothing before), coverage_class, coverage_reason (empty if
        comparable).
    """
    schema = {
        **dict.fromkeys(["neighbourhood_code", "snapshot_from", "snapshot_to", "comparison"], pl.String()),
        **dict.fromkeys(["mode", "day_type", "band"], pl.String()),
        **dict.fromkeys(
            ["runs_per_day_before", "runs_per_day_after", "change_runs_per_day", "change_pct"], pl.Float64()
        ),
        **dict.fromkeys(["coverage_class", "coverage_reason"], pl.String()),
    }
    parts = [pl.DataFrame(schema=schema)]
    compared: dict[tuple[int, int], pl.DataFrame] = {}
    for earlier, later, comparison in list_comparisons(len(levels)):
        pair = compared.get((earlier, later))
        if pair is None:
            pair = _compare_pair(levels[earlier], levels[later], presence, declared)
            compared[earlier, later] = pair
        parts.append(pair.with_columns(pl.lit(comparison).alias("comparison")).select(list(schema)))
    return pl.concat(parts)


def _compare_pair(
    before: ServiceLevels,
    after: ServiceLevels,
    presence: pl.DataFrame,
    declared: Sequence[DeclaredCoverage],
) -> pl.DataFrame:
    operators = classify_operators(presence, before.snapshot, after.snapshot, declared=declared)
    operator_days = classify_operator_days(before, after, operators, declared=declared)
    classes = classify_zones(before, after, operator_days)
    sides = {"before": before, "after": after}
    grid = pl.concat([side.levels.select(_KEYS) for side in sides.values()]).unique(maintain_order=True)
    joined = grid.join(classes, on=_KEYS[:3], how="left", maintain_order="left")
    for name, side in sides.items():
        runs = side.levels.select(*_KEYS, pl.col("runs_per_day").alias(name), pl.lit(value=True).alias("has_row"))
        covered = _sum_covered(side, operator_days).rename({"runs_per_day": "covered"})
        joined = (
            joined.join(runs, on=_KEYS, how="left", maintain_order="left")
            .join(covered, on=_KEYS, how="left", maintain_order="left")
            .with_columns(
                pl.when(pl.col("coverage_class") == PARTIAL)
                .then(pl.col("covered").fill_null(0.0))
                .when(pl.col("has_row"))
                .then(pl.col(name))
                .otherwise(0.0)
                .alias(name)
            )
            .drop("has_row", "covered")
        )
    joined = joined.with_columns(
        pl.col("coverage_class").fill_null(COMPARABLE), pl.col("coverage_reason").fill_null("")
    )
    is_known = pl.col("coverage_class") != MISSING
    change = pl.when(is_known).then(pl.col("after") - pl.col("before"))
    return joined.with_columns(
        pl.lit(before.snapshot).alias("snapshot_from"),
        pl.lit(after.snapshot).alias("snapshot_to"),
        pl.col("before").alias("runs_per_day_before"),
        pl.col("after").alias("runs_per_day_after"),
        change.alias("change_runs_per_day"),
        pl.when(pl.col("before") > 0).then(100.0 * change / pl.col("before")).alias("change_pct"),
    )


def _sum_covered(side: ServiceLevels, operator_days: pl.DataFrame) -> pl.DataFrame:
    """Add up the runs of operators that can be compared."""
    known = operator_days.filter(pl.col("operator_class") != MISSING).select("operator_key", "day_type")
    runs = side.operator_runs.join(known, on=["operator_key", "day_type"]).select(*_KEYS, "runs_per_day")
    both = pl.concat([runs, runs.with_columns(pl.lit(ALL_MODES).alias("mode"))])
    return both.group_by(_KEYS).agg(pl.col("runs_per_day").sum().round(9))
