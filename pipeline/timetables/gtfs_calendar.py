"""From the dates of services to the shortest plain calendar of GTFS: a weekly pattern and exceptions to it."""

from __future__ import annotations

import polars as pl

from pipeline.timetables.calendars import WEEKDAYS


def _mark_weekdays(dates: pl.DataFrame) -> pl.DataFrame:
    """Return for each service and weekday how often it runs and how often that weekday lies within its bounds."""
    bounds = dates.group_by("service_id").agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"))
    runs = dates.group_by("service_id", pl.col("date").dt.weekday().alias("weekday")).len("n_runs")
    every = bounds.join(pl.DataFrame({"weekday": pl.Series(range(1, 8), dtype=pl.Int8)}), how="cross")
    every = every.join(runs, on=["service_id", "weekday"], how="left").with_columns(pl.col("n_runs").fill_null(0))
    wait = (pl.col("weekday").cast(pl.Int32) - pl.col("first").dt.weekday().cast(pl.Int32)) % 7
    span = (pl.col("last") - pl.col("first")).dt.total_days()
    n_weeks = pl.when(span >= wait).then((span - wait) // 7 + 1).otherwise(0)
    return every.with_columns(n_weeks.alias("n_weeks")).with_columns(
        (2 * pl.col("n_runs") > pl.col("n_weeks")).alias("is_flagged")
    )


def build_calendar(dates: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Describe dates by days of the week and exceptions.

    A weekday belongs to the pattern of a service if it runs on more than half of those between its first and its last
    date; what is left are exceptions. A service for which a mere list of its dates is no longer gets that list.

    Parameters
    ----------
    dates
        ``service_id`` and ``date``, each pair once.

    Returns
    -------
    tuple of polars.DataFrame
        ``service_id``, ``monday`` to ``sunday`` (0 or 1), ``start_date``, ``end_date``; and ``service_id``, ``date``,
        ``exception_type`` (1 added, 2 removed); both sorted, dates as YYYYMMDD.
    """
    marked = _mark_weekdays(dates)
    missed = pl.col("n_weeks") - pl.col("n_runs")
    costs = marked.group_by("service_id").agg(
        pl.when("is_flagged").then(missed).otherwise("n_runs").sum().alias("n_exceptions"),
        pl.col("n_runs").sum().alias("n_dates"),
    )
    weekly = costs.filter(pl.col("n_exceptions") < pl.col("n_dates"))["service_id"]
    marked = marked.filter(pl.col("service_id").is_in(weekly.implode()))
    regular = _expand(marked.filter("is_flagged"))
    added = dates.select("service_id", "date").join(regular, on=["service_id", "date"], how="anti")
    removed = regular.join(dates, on=["service_id", "date"], how="anti")
    exceptions = pl.concat(
        [added.with_columns(pl.lit(1).alias("exception_type")), removed.with_columns(pl.lit(2).alias("exception_type"))]
    ).sort("service_id", "date")
    flags = marked.group_by("service_id", "first", "last").agg(
        pl.col("is_flagged").filter(pl.col("weekday") == number).first().cast(pl.Int8).alias(name)
        for number, name in enumerate(WEEKDAYS, 1)
    )
    calendar = flags.select(
        "service_id",
        *WEEKDAYS,
        pl.col("first").dt.strftime("%Y%m%d").alias("start_date"),
        pl.col("last").dt.strftime("%Y%m%d").alias("end_date"),
    )
    return calendar.sort("service_id"), exceptions.with_columns(pl.col("date").dt.strftime("%Y%m%d"))


def _expand(marked: pl.DataFrame) -> pl.DataFrame:
    """Return the dates of the weekdays marked."""
    wait = (pl.col("weekday").cast(pl.Int32) - pl.col("first").dt.weekday().cast(pl.Int32)) % 7
    spans = marked.select("service_id", (pl.col("first") + pl.duration(days=wait)).alias("from"), "last")
    spans = spans.filter(pl.col("from") <= pl.col("last"))
    return spans.select("service_id", pl.date_ranges("from", "last", interval="7d").alias("date")).explode(
        "date", empty_as_null=True, keep_nulls=True
    )
