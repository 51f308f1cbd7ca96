"""The daytime mean: one figure of service a week, in runs an hour."""

from __future__ import annotations

import polars as pl

from pipeline.change.coverage import COMPARABLE, MISSING, PARTIAL
from pipeline.change.gate import DAYS_A_WEEK
from pipeline.change.inputs import BAND_HOURS

DAYTIME_BANDS = ("06_10", "10_15", "15_18", "18_22")


def compute_daytime_means(levels: pl.DataFrame) -> pl.DataFrame:
    """Average runs an hour over the daytime of a week.

    [5 (4 AM + 5 midday + 3 PM + 4 evening) + the same of Saturday + the same of Sunday] / (7 x 16), where AM, midday,
    PM and evening are runs an hour between 06 and 10, 10 and 15, 15 and 18, 18 and 22 o'clock.

    Parameters
    ----------
    levels
        ``out_neighbourhood__service_level`` of all snapshots.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__service_daytime``: snapshot, neighbourhood_code, mode, daytime_runs_per_hour (null where
        a kind of day has no figure or is not covered), coverage_class (the worst of the three kinds of day).
    """
    keys = ["snapshot", "neighbourhood_code", "mode"]
    hours = sum(BAND_HOURS[band] for band in DAYTIME_BANDS)
    weight = pl.col("day_type").replace_strict(DAYS_A_WEEK, return_dtype=pl.Float64)
    length = pl.col("band").replace_strict(BAND_HOURS, return_dtype=pl.Float64)
    worst = pl.col("coverage_class")
    return (
        levels.filter(pl.col("band").is_in(DAYTIME_BANDS))
        .group_by(keys)
        .agg(
            pl.when((pl.col("runs_per_hour").null_count() == 0) & ~(worst == MISSING).any())
            .then((weight * length * pl.col("runs_per_hour")).sum() / (sum(DAYS_A_WEEK.values()) * hours))
            .alias("daytime_runs_per_hour"),
            pl.when((worst == MISSING).any())
            .then(pl.lit(MISSING))
            .when((worst == PARTIAL).any())
            .then(pl.lit(PARTIAL))
            .otherwise(pl.lit(COMPARABLE))
            .alias("coverage_class"),
        )
        .sort(keys)
    )
