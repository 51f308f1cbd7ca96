"""Scores of an area with a published series: which year counts, and what its tables are worth there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd
import polars as pl

from pipeline.base.area import Series
from pipeline.base.errors import ConfigError
from pipeline.base.notices import Notices
from pipeline.scoring.publish import build_score_tables
from pipeline.scoring.spec import ScoringSpec

SERIES = "out_neighbourhood__service_series"
CHANGE = "out_neighbourhood__series_change"
READ = (SERIES, CHANGE, "out_neighbourhood__distance")
"""Tables that the indicators of such an area may read."""


def find_score_year(series: Series, years: Iterable[int]) -> int:
    """Find the year whose levels are scored: the latest that is not declared doubtful anywhere.

    Parameters
    ----------
    series
        What the area file says about the series.
    years
        Years of the series.

    Returns
    -------
    int
        The year.

    Raises
    ------
    ConfigError
        If every year is doubtful.
    """
    doubtful = {year for doubt in series.doubtful for year in doubt.years}
    sound = sorted(set(years) - doubtful)
    if not sound:
        raise ConfigError(
            "Every year of the series is declared doubtful, so no level can be scored.",
            field="series.doubtful",
            cure="Say which years can be trusted.",
        )
    return int(sound[-1])


def mark_breaks(series: pl.DataFrame, change: pl.DataFrame) -> pl.DataFrame:
    """Lower the coverage of levels in places whose series breaks off or jumps with their whole authority.

    Parameters
    ----------
    series
        ``out_neighbourhood__service_series``.
    change
        ``out_neighbourhood__series_change``.

    Returns
    -------
    polars.DataFrame
        The series, ``partial`` in place of ``comparable`` where the change of the same measure has a break: such a
        level may be lost data, and must not pass for certain.
    """
    keys = ["neighbourhood_code", "day_type", "band"]
    joined = series.join(change.select(*keys, "has_break"), on=keys, how="left", maintain_order="left")
    is_broken = pl.col("has_break").fill_null(value=False) & (pl.col("coverage_class") == "comparable")
    lowered = pl.when(is_broken).then(pl.lit("partial")).otherwise(pl.col("coverage_class")).alias("coverage_class")
    return joined.with_columns(lowered).drop("has_break")


def build_series_score_tables(
    spec: ScoringSpec,
    series: Series,
    tables: Mapping[str, pd.DataFrame],
    neighbourhoods: pd.DataFrame,
    *,
    notices: Notices,
) -> dict[str, pd.DataFrame]:
    """Compute the scores of an area with a published series; their snapshot is the year scored.

    Parameters
    ----------
    spec
        The scoring file.
    series
        What the area file says about the series.
    tables
        Tables of the series.
    neighbourhoods
        ``core_places__neighbourhood``.
    notices
        Collector.

    Returns
    -------
    dict
        Name to published table.
    """
    known = {
        name: pl.from_pandas(frame).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        for name, frame in tables.items()
        if name in READ
    }
    known[SERIES] = mark_breaks(known[SERIES], known[CHANGE])
    year = find_score_year(series, known[SERIES].filter(pl.col("runs_per_day").is_not_null())["year"].unique())
    made = build_score_tables(spec, known, pl.from_pandas(neighbourhoods), snapshots=[str(year)], notices=notices)
    return {name: table.to_pandas() for name, table in made.items()}
