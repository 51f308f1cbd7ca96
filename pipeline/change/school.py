"""Services that run for schools only, told apart from those that anybody may count on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from pipeline.change.inputs import ALL_MODES, ServiceFrames, build_service_routes
from pipeline.change.levels import compute_service_levels
from pipeline.change.window28 import ServiceWindow

SCHOOL_ROUTE_TYPE: Final = 712
MAX_RUNS_A_DAY: Final = 2
MIN_WEEKDAYS: Final = 4
"""A term-only service runs on at least so many days of the week: a market-day service does not."""
MIN_PAUSE_DAYS: Final = 9
"""Days from the last date before a pause to the first after it, if a whole week of school is left out: Friday to Sunday
week."""
_KEYS: Final = ["operator_key", "number"]


def find_school_services(frames: ServiceFrames) -> pl.DataFrame:
    """Find the services that run for schools only, by what is filed or by the dates on which they run.

    ``filed``: every route of the service has the type 712 (school bus), or its name has the word school. ``term_only``:
    over all its dates it runs on weekdays only, on at least four of them, at most twice on any day, and pauses for
    at least a whole week in which another service of its feed runs on at least three weekdays. Anything less sure is
    not called a school service.

    Parameters
    ----------
    frames
        The snapshot; ``routes`` may hold ``route_type``.

    Returns
    -------
    polars.DataFrame
        ``out_service__school``: snapshot, operator_key, operator_name, number, route_name, rule, n_trips, n_dates.
    """
    routes = build_service_routes(frames).join(_list_filed(frames), on="route_index")
    trips = frames.trips.select("trip_index", "feed", "route_index", "service_index").join(
        routes.drop("feed"), on="route_index"
    )
    runs = (
        trips.join(frames.service_dates.select("service_index", "date"), on="service_index")
        .group_by(*_KEYS, "feed", "date")
        .agg(pl.len().alias("n"))
    )
    about = trips.group_by(_KEYS).agg(
        pl.col("operator_name").min(),
        pl.col("route_name").min(),
        pl.col("is_filed").all(),
        pl.len().cast(pl.Int32).alias("n_trips"),
    )
    found = (
        about.join(_find_term_only(runs), on=_KEYS, how="left")
        .with_columns(pl.col("is_term_only").fill_null(value=False), pl.col("n_dates").fill_null(0))
        .filter(pl.col("is_filed") | pl.col("is_term_only"))
    )
    return found.select(
        pl.lit(frames.snapshot).alias("snapshot"),
        *_KEYS,
        "operator_name",
        "route_name",
        pl.when(pl.col("is_filed")).then(pl.lit("filed")).otherwise(pl.lit("term_only")).alias("rule"),
        "n_trips",
        "n_dates",
    ).sort(_KEYS)


def _list_filed(frames: ServiceFrames) -> pl.DataFrame:
    names = pl.concat_str(
        pl.col("route_short_name").fill_null(""), pl.lit(" "), pl.col("route_long_name").fill_null("")
    ).str.to_lowercase()
    is_filed = names.str.contains(r"\bschools?\b")
    if "route_type" in frames.routes.columns:
        is_filed |= (pl.col("route_type") == SCHOOL_ROUTE_TYPE).fill_null(value=False)
    return frames.routes.select("route_index", is_filed.alias("is_filed"))


def _find_term_only(runs: pl.DataFrame) -> pl.DataFrame:
    weekday = pl.col("date").dt.weekday()
    dates = runs.group_by(*_KEYS, "date").agg(pl.col("n").sum()).sort(*_KEYS, "date")
    summary = dates.group_by(_KEYS).agg(
        (weekday <= 5).all().alias("only_weekdays"),
        weekday.n_unique().alias("n_weekdays"),
        pl.col("n").max().alias("most"),
        pl.len().cast(pl.Int32).alias("n_dates"),
    )
    pauses = (
        dates.with_columns(pl.col("date").shift(-1).over(_KEYS).alias("next"))
        .filter((pl.col("next") - pl.col("date")).dt.total_days() >= MIN_PAUSE_DAYS)
        .select(*_KEYS, "date", "next")
        .join(runs.select(*_KEYS, "feed").unique(), on=_KEYS)
    )
    others = runs.filter(weekday <= 5).select("feed", pl.col("date").alias("other")).unique()
    held = (
        pauses.join(others, on="feed")
        .filter((pl.col("other") > pl.col("date")) & (pl.col("other") < pl.col("next")))
        .group_by(*_KEYS, "date")
        .agg(pl.len().alias("n_others"))
        .filter(pl.col("n_others") >= 3)
        .select(_KEYS)
        .unique()
        .with_columns(pl.lit(value=True).alias("has_pause"))
    )
    return summary.join(held, on=_KEYS, how="left").select(
        *_KEYS,
        (
            pl.col("only_weekdays")
            & (pl.col("n_weekdays") >= MIN_WEEKDAYS)
            & (pl.col("most") <= MAX_RUNS_A_DAY)
            & pl.col("has_pause").fill_null(value=False)
        ).alias("is_term_only"),
        "n_dates",
    )


def compute_school_runs(
    frames: ServiceFrames,
    window: ServiceWindow,
    stops_in_zones: pl.DataFrame,
    school: pl.DataFrame,
    *,
    neighbourhood_codes: Sequence[str],
) -> pl.DataFrame:
    """Count the runs of school-only services in the zone of every neighbourhood, which its level includes.

    Parameters
    ----------
    frames, window, stops_in_zones, neighbourhood_codes
        As of :func:`pipeline.change.levels.compute_service_levels`.
    school
        From :func:`find_school_services`.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__school_runs``: snapshot, neighbourhood_code, day_type, band, school_runs_per_day; only
        neighbourhoods, kinds of day and bands with any.
    """
    routes = build_service_routes(frames).join(school.select(_KEYS), on=_KEYS).select("route_index")
    trips = frames.trips.join(routes, on="route_index", how="semi")
    times = frames.stop_times.join(trips.select("trip_index"), on="trip_index", how="semi", maintain_order="left")
    only = replace(frames, trips=trips, stop_times=times)
    levels = compute_service_levels(only, window, stops_in_zones, neighbourhood_codes=neighbourhood_codes).levels
    return levels.filter((pl.col("mode") == ALL_MODES) & (pl.col("runs_per_day") > 0)).select(
        "snapshot",
        "neighbourhood_code",
        "day_type",
        "band",
        pl.col("runs_per_day").alias("school_runs_per_day"),
    )
