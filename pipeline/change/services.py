"""Services: all trips of one operator under one public number, with where and when they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.change.inputs import DAY_TYPES, ServiceFrames
from pipeline.change.patterns import TripPatterns, build_trip_patterns
from pipeline.change.window28 import ServiceWindow

COINCIDING_S: Final = 120
_IDENTITY: Final = ["operator_key", "number", "mode"]


@dataclass(frozen=True)
class ServiceSet:
    """The services of one snapshot.

    Attributes
    ----------
    snapshot
        Its name.
    services
        service (i32, in the order of operator_key, number, mode), operator_key, operator_name, number, route_name (as
        filed, the one with most trips), mode, feed (several joined by commas), n_stops, and for every day type
        ``<day_type>_runs`` (per day), ``<day_type>_first_s`` and ``<day_type>_last_s`` (medians over days of the first
        and last start), ``<day_type>_round_trips`` (runs per day that end at the stop where they begin) and
        ``<day_type>_coinciding`` (runs per day that start at most two minutes after another of the same calls: two
        filings of one bus, or two buses); null if the day type cannot be judged.
    stops
        service, stop_index, stop_id (without the feed), public_code, stop_name, lon, lat (null if unknown), weight
        (trips times days), ``<day_type>_calls`` (per day).
    starts
        service, day_type, start_s, runs: departures from the first stop, per day.
    """

    snapshot: str
    services: pl.DataFrame
    stops: pl.DataFrame
    starts: pl.DataFrame


def build_services(frames: ServiceFrames, window: ServiceWindow) -> ServiceSet:
    """Gather trips into services by operator, public number and mode, never by identifiers.

    Parameters
    ----------
    frames
        The snapshot.
    window
        The 28 days.

    Returns
    -------
    ServiceSet
        Services with stops and starts.
    """
    patterns = build_trip_patterns(frames, window)
    start = patterns.departure_s[patterns.trips["first_row"].to_numpy()]
    trips = (
        patterns.trips.with_columns(pl.Series("start_s", start))
        .with_columns((pl.struct(_IDENTITY).rank("dense") - 1).cast(pl.Int32).alias("service"))
        .with_columns(pl.col("mask").bitwise_count_ones().cast(pl.Int64).alias("n_days"))
    )
    names = (
        trips.group_by("service", "route_name", "operator_name")
        .agg(pl.col("n_days").sum())
        .sort(["service", "n_days", "route_name", "operator_name"], descending=[False, True, False, False])
        .unique("service", keep="first", maintain_order=True)
        .drop("n_days")
    )
    stops = _build_service_stops(patterns, trips, frames.stops, window)
    services = (
        trips.group_by("service", *_IDENTITY)
        .agg(pl.col("feed").unique().sort().str.join(","))
        .join(names, on="service")
        .join(stops.group_by("service").agg(pl.len().cast(pl.Int32).alias("n_stops")), on="service", how="left")
        .with_columns(pl.col("n_stops").fill_null(0))
        .sort("service")
    )
    starts = _count_starts(trips, window)
    trips = trips.join(_find_round_patterns(patterns), on="pattern")
    for day_type in DAY_TYPES:
        services = _add_day_type(services, trips, window, day_type)
    return ServiceSet(frames.snapshot, services, stops, starts)


def get_service_key(operator_key: object, number: object, mode: object) -> str:
    """Give what stands for a service in tables: operator, comparable number and mode.

    Parameters
    ----------
    operator_key, number, mode
        As in ``ServiceSet.services``.

    Returns
    -------
    str
        Such as ``newport-bus/16a/bus``.
    """
    return f"{operator_key}/{number}/{mode}"


def _find_round_patterns(patterns: TripPatterns) -> pl.DataFrame:
    """Tell which patterns end at the stop where they begin."""
    ends = patterns.calls.group_by("pattern").agg(
        pl.col("stop_index").sort_by("position").first().alias("start"),
        pl.col("stop_index").sort_by("position").last().alias("end"),
    )
    return ends.select("pattern", (pl.col("start") == pl.col("end")).alias("is_round"))


def _build_service_stops(
    patterns: TripPatterns, trips: pl.DataFrame, stops: pl.DataFrame, window: ServiceWindow
) -> pl.DataFrame:
    where = stops.select(
        "stop_index",
        pl.col("stop_id").str.replace(r"^[^:]*:", "").alias("stop_id"),
        "public_code",
        "stop_name",
        pl.when(pl.col("is_located")).then(pl.col("lon")).alias("lon"),
        pl.when(pl.col("is_located")).then(pl.col("lat")).alias("lat"),
    )
    calls = [f"{day_type}_calls" for day_type in DAY_TYPES]
    return (
        trips.group_by("service", "pattern")
        .agg(
            pl.col("n_days").sum().alias("weight"),
            *(_count_per_day(window, day_type).sum().alias(f"{day_type}_calls") for day_type in DAY_TYPES),
        )
        .join(patterns.calls.filter(pl.col("is_pickup") | pl.col("is_dropoff")), on="pattern")
        .group_by("service", "stop_index")
        .agg(pl.col("weight", *calls).sum())
        .join(where, on="stop_index")
        .select("service", "stop_index", "stop_id", "public_code", "stop_name", "lon", "lat", "weight", *calls)
        .sort("service", "stop_index")
    )


def _day_bits(window: ServiceWindow, day_type: str) -> pl.DataFrame:
    return window.days.filter(pl.col("is_used") & (pl.col("day_type") == day_type)).select("bit")


def _count_per_day(window: ServiceWindow, day_type: str) -> pl.Expr:
    """Count the runs per day of each trip on one day type."""
    bits = _day_bits(window, day_type)["bit"]
    on = (pl.col("mask") & int(bits.sum())).bitwise_count_ones().cast(pl.Float64)
    return on / max(len(bits), 1)


def _count_coinciding(trips: pl.DataFrame, bits: pl.DataFrame, masks: pl.DataFrame) -> pl.DataFrame:
    """Count runs per day that start at most two minutes after another one with the same calls."""
    keys = ["service", "pattern", "bit"]
    starts = trips.group_by("service", "pattern", "start_s", "mask").len("n").join(masks, on="mask")
    per_day = starts.group_by([*keys, "start_s"]).agg(pl.col("n").sum()).sort([*keys, "start_s"])
    is_close = (pl.col("start_s").diff().over(keys) <= COINCIDING_S).fill_null(value=False)
    return (
        per_day.with_columns((pl.col("n") - 1 + is_close.cast(pl.Int64)).alias("n"))
        .group_by("service")
        .agg((pl.col("n").sum() / max(bits.height, 1)).alias("coinciding"))
    )


def _count_starts(trips: pl.DataFrame, window: ServiceWindow) -> pl.DataFrame:
    parts = [pl.DataFrame(schema={"service": pl.Int32, "day_type": pl.String, "start_s": pl.Int32, "runs": pl.Float64})]
    for day_type in DAY_TYPES:
        bits = _day_bits(window, day_type)["bit"]
        if bits.is_empty():
            continue
        n = (pl.col("mask") & int(bits.sum())).bitwise_count_ones().cast(pl.Int64)
        parts.append(
            trips.with_columns(n.alias("n"))
            .filter(pl.col("n") > 0)
            .group_by("service", "start_s")
            .agg((pl.col("n").sum() / len(bits)).alias("runs"))
            .select("service", pl.lit(day_type).alias("day_type"), pl.col("start_s").cast(pl.Int32), "runs")
        )
    return pl.concat(parts).sort("service", "day_type", "start_s")


def _add_day_type(services: pl.DataFrame, trips: pl.DataFrame, window: ServiceWindow, day_type: str) -> pl.DataFrame:
    """Add runs per day, and medians of the first and last start, of one day type."""
    bits = _day_bits(window, day_type)
    masks = trips.select("mask").unique().join(bits, how="cross").filter((pl.col("mask") & pl.col("bit")) != 0)
    per_day = (
        trips.group_by("service", "mask")
        .agg(pl.col("start_s").min().alias("first"), pl.col("start_s").max().alias("last"), pl.len().alias("n"))
        .join(masks, on="mask")
        .group_by("service", "bit")
        .agg(pl.col("first").min(), pl.col("last").max(), pl.col("n").sum())
    )
    found = per_day.group_by("service").agg(
        (pl.col("n").sum() / max(bits.height, 1)).alias(f"{day_type}_runs"),
        pl.col("first").quantile(0.5, interpolation="lower").cast(pl.Int32).alias(f"{day_type}_first_s"),
        pl.col("last").quantile(0.5, interpolation="lower").cast(pl.Int32).alias(f"{day_type}_last_s"),
    )
    found = found.join(
        trips.filter(pl.col("is_round"))
        .group_by("service")
        .agg(_count_per_day(window, day_type).sum().alias(f"{day_type}_round_trips")),
        on="service",
        how="left",
    ).join(
        _count_coinciding(trips, bits, masks).rename({"coinciding": f"{day_type}_coinciding"}), on="service", how="left"
    )
    counts = [f"{day_type}_{name}" for name in ("runs", "round_trips", "coinciding")]
    judged = [all(window.is_judged(feed, day_type) for feed in str(feeds).split(",")) for feeds in services["feed"]]
    is_judged = pl.Series(judged, dtype=pl.Boolean)
    return (
        services.join(found, on="service", how="left", maintain_order="left")
        .with_columns(pl.col(counts).fill_null(0.0))
        .with_columns(
            pl.when(is_judged).then(pl.col(f"{day_type}_{name}")).alias(f"{day_type}_{name}")
            for name in ("runs", "first_s", "last_s", "round_trips", "coinciding")
        )
    )
