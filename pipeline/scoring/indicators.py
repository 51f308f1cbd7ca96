"""Indicators: values read from the published tables as a scoring file declares, ranked and indexed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import ConfigError
from pipeline.base.notices import Notices, declare_notice
from pipeline.base.tables import TABLES
from pipeline.scoring.absolute import compute_absolute_index
from pipeline.scoring.ranked import compute_rank, compute_ranked_score, compute_relative, round_for_ranking
from pipeline.scoring.spec import UNREACHABLE, Indicator, ScoringSpec

NO_DATA: Final = "no_data"
NOT_COVERED: Final = "not_covered"

INDICATOR_WITHOUT_DATA = declare_notice(
    "indicator_without_data",
    "info",
    "An indicator of the scoring file has no data for any neighbourhood of the snapshot and drops out of the score.",
    "Add the destinations or timetables from which it is made, or take it out of the scoring file.",
)

SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "indicator": pl.String(),
    "value": pl.Float64(),
    "rank": pl.Float64(),
    "n_ranked": pl.Int32(),
    "relative": pl.Float64(),
    "score": pl.Float64(),
    "absolute_index": pl.Float64(),
    "is_missing": pl.Boolean(),
    "reason": pl.String(),
    "coverage_class": pl.String(),
}
_ROWS: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "value": pl.Float64(),
    "reason": pl.String(),
    "coverage_class": pl.String(),
    "is_there": pl.Boolean(),
}
#: Columns of ``out_neighbourhood__indicator``; coverage_class serves the scores only.
PUBLISHED: Final = tuple(name for name in SCHEMA if name != "coverage_class")


def compute_indicators(
    spec: ScoringSpec,
    tables: Mapping[str, pl.DataFrame],
    *,
    neighbourhood_codes: Sequence[str],
    snapshots: Sequence[str],
    notices: Notices | None = None,
) -> pl.DataFrame:
    """Read, rank and index the indicators of every neighbourhood and snapshot.

    Ranks are made within a snapshot. A null that counts as unreachable is the worst and ties with its like; a place
    without a row, with a null for another reason or whose coverage is ``missing`` is not ranked.

    Parameters
    ----------
    spec
        The scoring file.
    tables
        Published tables by name. A row belongs to its ``snapshot``, ``snapshot_to`` or ``year``; a table without any
        of them holds for every snapshot.
    neighbourhood_codes
        All neighbourhoods.
    snapshots
        All snapshots.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        As :data:`SCHEMA`; the columns :data:`PUBLISHED` are ``out_neighbourhood__indicator``. value is null where
        missing or unreachable (reason tells which); rank, relative, score and absolute_index are null where missing.

    Raises
    ------
    ConfigError
        A table or column is not there, or the filters leave several rows for one neighbourhood.
    """
    notices = notices if notices is not None else Notices()
    codes = pl.DataFrame({"neighbourhood_code": pl.Series(list(neighbourhood_codes), dtype=pl.String)})
    parts = [pl.DataFrame(schema=SCHEMA)]
    for indicator in spec.indicators:
        rows = _select_rows(indicator, tables, snapshots)
        for snapshot in snapshots:
            found = codes.join(
                rows.filter(pl.col("snapshot") == snapshot), on="neighbourhood_code", how="left", maintain_order="left"
            )
            part = _rank(indicator, snapshot, found, spec.exponent)
            if part["is_missing"].all():
                notices.add(INDICATOR_WITHOUT_DATA, value=indicator.name, detail=f"snapshot {snapshot}")
            parts.append(part)
    return pl.concat(parts).sort("snapshot", "neighbourhood_code", "indicator")


def _select_rows(indicator: Indicator, tables: Mapping[str, pl.DataFrame], snapshots: Sequence[str]) -> pl.DataFrame:
    """Select the rows meant: snapshot, neighbourhood_code, value, reason, coverage_class."""
    if indicator.table not in tables:
        if indicator.table in TABLES:
            return pl.DataFrame(schema=_ROWS)  # a table that this area has no use for: no data, which is noted
        raise ConfigError(
            f"indicator {indicator.name} reads {indicator.table}, which is not among the published tables",
            field="table",
            cure=f"Use one of {', '.join(sorted(tables))}.",
        )
    table = tables[indicator.table]
    snapshot = next((name for name in ("snapshot", "snapshot_to", "year") if name in table.columns), None)
    if snapshot is None:  # it holds whatever the snapshot
        snapshot = "snapshot"
        table = table.join(pl.DataFrame({snapshot: pl.Series(list(snapshots), dtype=pl.String)}), how="cross")
    needed = {indicator.column, *indicator.filters, snapshot, "neighbourhood_code"}
    lacking = sorted(needed - set(table.columns))
    if lacking:
        raise ConfigError(
            f"indicator {indicator.name}: {indicator.table} has no column {lacking[0]}",
            field="column",
            cure=f"Use one of {', '.join(sorted(table.columns))}.",
        )
    _check_filters(indicator)
    conditions = [pl.col(name) == value for name, value in sorted(indicator.filters.items())]
    rows = table.filter(conditions) if conditions else table
    optional = [
        pl.col(name) if name in table.columns else pl.lit(None, dtype=pl.String).alias(name)
        for name in ("reason", "coverage_class")
    ]
    rows = rows.select(
        pl.col(snapshot).cast(pl.String).alias("snapshot"),
        "neighbourhood_code",
        pl.col(indicator.column).cast(pl.Float64).alias("value"),
        *optional,
        pl.lit(value=True).alias("is_there"),
    )
    if rows.select("snapshot", "neighbourhood_code").is_duplicated().any():
        raise ConfigError(
            f"the filters of indicator {indicator.name} leave several rows of {indicator.table} for one neighbourhood",
            field="filters",
            cure="Add filters until one row remains for each neighbourhood and snapshot.",
        )
    return rows


def _check_filters(indicator: Indicator) -> None:
    """Refuse a filter by a value that its column never holds: it would pass for missing data."""
    if indicator.table not in TABLES:
        return
    allowed = {column.name: column.allowed for column in TABLES[indicator.table].columns if column.allowed}
    for name, value in sorted(indicator.filters.items()):
        if name in allowed and str(value) not in allowed[name]:
            raise ConfigError(
                f"indicator {indicator.name}: {indicator.table} never has '{value}' in {name}",
                field=f"filters.{name}",
                cure=f"Use one of {', '.join(allowed[name])}.",
            )


def _rank(indicator: Indicator, snapshot: str, found: pl.DataFrame, exponent: float) -> pl.DataFrame:
    is_null = pl.col("value").is_null() | pl.col("value").is_nan()
    is_far = pl.lit(indicator.nulls == "unreachable") & pl.col("reason").is_in(UNREACHABLE)
    reason = (
        pl.when(pl.col("is_there").is_null())
        .then(pl.lit(NO_DATA))
        .when(pl.col("coverage_class") == "missing")
        .then(pl.lit(NOT_COVERED))
        .when(is_null)
        .then(pl.col("reason").fill_null(NO_DATA))
    )
    state = found.select(
        "neighbourhood_code",
        "coverage_class",
        pl.when(reason.is_null()).then(pl.col("value")).alias("value"),
        reason.alias("reason"),
        (reason.is_not_null() & ~(is_far & (reason == pl.col("reason"))).fill_null(value=False)).alias("is_missing"),
    )
    value = to_badness(state, worse=indicator.worse)
    rank = compute_rank(round_for_ranking(value))
    n_ranked = int((~np.isnan(rank)).sum())
    relative = compute_relative(rank, n_ranked)
    index = np.full(len(value), np.nan)
    if indicator.anchors is not None:
        signed = value if indicator.worse == "high" else -value
        index = compute_absolute_index(signed, best=indicator.anchors.best, worst=indicator.anchors.worst)
    return state.with_columns(
        pl.lit(snapshot).alias("snapshot"),
        pl.lit(indicator.name).alias("indicator"),
        pl.Series("rank", rank, nan_to_null=True),
        pl.lit(n_ranked, dtype=pl.Int32).alias("n_ranked"),
        pl.Series("relative", relative, nan_to_null=True),
        pl.Series("score", _transform(indicator, relative, index, exponent), nan_to_null=True),
        pl.Series("absolute_index", index, nan_to_null=True),
    ).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _transform(
    indicator: Indicator, relative: NDArray[np.float64], index: NDArray[np.float64], exponent: float
) -> NDArray[np.float64]:
    """Put an indicator on the scale from 0 to 100 (worst) on which indicators are averaged."""
    if indicator.transformation == "anchors":
        return np.asarray(100.0 - index, dtype=np.float64)
    if indicator.transformation == "rank":
        return np.asarray(100.0 * relative, dtype=np.float64)
    return compute_ranked_score(relative, exponent=exponent)


def to_badness(state: pl.DataFrame, *, worse: str) -> NDArray[np.float64]:
    """Turn values so that higher is worse, unreachable infinite and missing NaN.

    Parameters
    ----------
    state
        value (null where missing or unreachable), is_missing.
    worse
        ``high`` or ``low``.

    Returns
    -------
    numpy.ndarray
        One number a row.
    """
    value = state["value"].to_numpy().astype(np.float64)
    badness = value if worse == "high" else -value
    is_missing = state["is_missing"].to_numpy()
    return np.asarray(np.where(is_missing, np.nan, np.where(np.isnan(badness), np.inf, badness)), dtype=np.float64)
