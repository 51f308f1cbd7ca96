"""From plain tables of any format to the timetable model: identifiers prefixed, everything numbered in their order."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.base.errors import InputError
from pipeline.timetables.model import TRANSFERS, Timetable
from pipeline.timetables.modes import find_mode

RAW_AGENCIES = {"operator_id": pl.String, "operator_name": pl.String}
RAW_ROUTES = {
    "route_id": pl.String,
    "operator_id": pl.String,
    "route_short_name": pl.String,
    "route_long_name": pl.String,
    "route_type": pl.Int32,
}
RAW_STOPS = {"stop_id": pl.String, "stop_name": pl.String, "lon": pl.Float64, "lat": pl.Float64}
RAW_DATES = {"service_id": pl.String, "date": pl.Date}
RAW_TRIPS = {
    "trip_id": pl.String,
    "route_id": pl.String,
    "service_id": pl.String,
    "headsign": pl.String,
    "direction_id": pl.Int8,
    "wheelchair_accessible": pl.Int8,
}
RAW_STOP_TIMES = {
    "trip_id": pl.String,
    "position": pl.Int32,
    "stop_id": pl.String,
    "arrival_s": pl.Int32,
    "departure_s": pl.Int32,
    "is_pickup": pl.Boolean,
    "is_dropoff": pl.Boolean,
    "is_interpolated": pl.Boolean,
}


def _number(table: pl.DataFrame, identifier: str, index: str) -> pl.DataFrame:
    return table.sort(identifier).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(index))


def _keep_usable(tables: Mapping[str, pl.DataFrame], file: str) -> tuple[pl.DataFrame, ...]:
    """Bring the tables into their types and drop trips that cannot be used, with their calls; refuse a feed of none."""
    agencies, routes, stops, dates, trips, calls = (
        tables[name].select(pl.col(column).cast(dtype) for column, dtype in schema.items())
        for name, schema in (
            ("agencies", RAW_AGENCIES),
            ("routes", RAW_ROUTES),
            ("stops", RAW_STOPS),
            ("service_dates", RAW_DATES),
            ("trips", RAW_TRIPS),
            ("stop_times", RAW_STOP_TIMES),
        )
    )
    dates = dates.unique()
    enough = calls.group_by("trip_id").len().filter(pl.col("len") >= 2)["trip_id"]
    trips = trips.filter(
        pl.col("trip_id").is_in(enough.implode()) & pl.col("service_id").is_in(dates["service_id"].unique().implode())
    )
    if trips.is_empty():
        raise InputError(
            f"{file} holds no usable trip",
            file=file,
            cure="Its notices say why each trip was left out (connectivity validate lists them).",
        )
    calls = calls.filter(pl.col("trip_id").is_in(trips["trip_id"].implode()))
    return agencies, routes, stops, dates, trips, calls


def assemble_timetable(
    tables: Mapping[str, pl.DataFrame], *, feed: str, meta: Mapping[str, object], timezone: str
) -> Timetable:
    """Put the plain tables of one feed into the timetable model.

    Trips without a date or with fewer than two calls are dropped, and with them what only they used; the reader must
    have noted why before.

    Parameters
    ----------
    tables
        ``agencies``, ``routes``, ``stops``, ``service_dates``, ``trips`` and ``stop_times`` with the columns of
        ``RAW_AGENCIES`` to ``RAW_STOP_TIMES``; identifiers without the feed, ``lon`` and ``lat`` null where unknown,
        seconds since noon minus 12 h of the service day.
    feed
        Name of the feed within its snapshot; it stands before every identifier.
    meta
        What is recorded of the feed: ``file``, ``sha256`` and anything else; the first and last date are added.
    timezone
        IANA name.

    Returns
    -------
    Timetable
        Independent of the order of rows.

    Raises
    ------
    InputError
        If no trip is left.
    """
    agencies, routes, stops, dates, trips, calls = _keep_usable(tables, str(meta.get("file", feed)))
    name = pl.lit(feed).alias("feed")

    def prefix(column: str) -> pl.Expr:
        return (pl.lit(f"{feed}:") + pl.col(column)).alias(column)

    def used(table: pl.DataFrame, key: str, by: pl.Series) -> pl.DataFrame:
        return table.filter(pl.col(key).is_in(by.unique().implode())).with_columns(prefix(key))

    modes = {kind: find_mode(kind) for kind in routes["route_type"].unique().to_list()}
    out_routes = _number(used(routes, "route_id", trips["route_id"]), "route_id", "route_index").with_columns(
        pl.col("route_type").replace_strict(modes, return_dtype=pl.String).fill_null("other").alias("mode"), name
    )
    out_routes = out_routes.join(agencies, on="operator_id", how="left", maintain_order="left")
    out_stops = _number(used(stops, "stop_id", calls["stop_id"]), "stop_id", "stop_index").with_columns(
        name,
        (pl.col("lon").is_not_null() & pl.col("lat").is_not_null()).alias("is_located"),
        pl.lit(None, dtype=pl.String).alias("parent_stop_id"),
        pl.lit(None, dtype=pl.String).alias("platform_code"),
        pl.lit(0).alias("location_type"),
        pl.lit(0).alias("wheelchair_boarding"),
    )
    out_dates = used(dates, "service_id", trips["service_id"])
    services = _number(out_dates.select("service_id").unique(), "service_id", "service_index")
    out_trips = _number(
        trips.with_columns(prefix("trip_id"), prefix("route_id"), prefix("service_id"), name), "trip_id", "trip_index"
    )
    out_trips = (
        out_trips.join(out_routes.select("route_id", "route_index"), on="route_id", maintain_order="left")
        .join(services, on="service_id", maintain_order="left")
        .with_columns(pl.lit(value=False).alias("is_frequency_inexact"), pl.lit(0).alias("n_duplicates"))
    )
    out_calls = (
        calls.with_columns(prefix("trip_id"), prefix("stop_id"))
        .join(out_trips.select("trip_id", "trip_index"), on="trip_id")
        .join(out_stops.select("stop_id", "stop_index"), on="stop_id", how="left")
        .sort("trip_index", "position")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("trip_index").alias("position"))
    )
    days = out_dates["date"]
    return Timetable.build(
        {
            "stops": out_stops,
            "routes": out_routes,
            "service_dates": out_dates.join(services, on="service_id").sort("service_index", "date"),
            "trips": out_trips.sort("trip_index"),
            "stop_times": out_calls,
            "transfers": pl.DataFrame(schema=TRANSFERS),
            "agencies": agencies.with_columns(name, pl.lit(timezone).alias("timezone")).sort("operator_id"),
        },
        feeds={feed: {"extraction_date": None, **meta, "first_date": str(days.min()), "last_date": str(days.max())}},
        timezone=timezone,
    )
