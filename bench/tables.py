"""The generated country's timetable as the tables that a reader of feeds would give."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from pipeline.timetables.model import SCHEMAS, Timetable
from pipeline.transit.packed import PackedNetwork

DAY = date(2024, 3, 5)
_ROUTE_TYPES = {"bus": 3, "rail": 2}


def build_timetable(network: PackedNetwork) -> Timetable:
    """Write a packed network's trips out as tables.

    Parameters
    ----------
    network
        The network; its trips run on one day.

    Returns
    -------
    Timetable
        One feed, one service.
    """
    n_stops, n_trips = network.n_stops, network.n_trips
    length = np.diff(network.trip_time_indptr)
    trip = np.repeat(np.arange(n_trips, dtype=np.int32), length)
    position = np.arange(trip.shape[0], dtype=np.int32) - network.trip_time_indptr[trip]
    call = network.pattern_indptr[network.trip_pattern[trip]] + position
    text = pl.lit(None, pl.String)
    tables = {
        "stops": pl.DataFrame({"stop_index": np.arange(n_stops, dtype=np.int32)}).with_columns(
            pl.format("g:{}", pl.col("stop_index").cast(pl.String).str.zfill(7)).alias("stop_id"),
            pl.format("Stop {}", "stop_index").alias("stop_name"),
            pl.lit("g").alias("feed"),
            pl.lit(0.0).alias("lon"),
            pl.lit(0.0).alias("lat"),
            text.alias("parent_stop_id"),
            text.alias("platform_code"),
            pl.lit(0).alias("location_type"),
            pl.lit(0).alias("wheelchair_boarding"),
            pl.lit(value=True).alias("is_located"),
        ),
        "routes": pl.DataFrame({"route_index": [0, 1], "mode": list(_ROUTE_TYPES)}).with_columns(
            pl.format("g:{}", "mode").alias("route_id"),
            pl.lit("g").alias("feed"),
            *(text.alias(name) for name in ("operator_id", "operator_name", "route_long_name")),
            pl.col("mode").alias("route_short_name"),
            pl.col("mode").replace_strict(_ROUTE_TYPES).alias("route_type"),
        ),
        "service_dates": pl.DataFrame({"service_index": [0], "service_id": ["g:daily"], "date": [DAY]}),
        "trips": pl.DataFrame({"trip_index": np.arange(n_trips, dtype=np.int32)}).with_columns(
            pl.format("g:{}", pl.col("trip_index").cast(pl.String).str.zfill(7)).alias("trip_id"),
            pl.lit("g").alias("feed"),
            pl.Series("route_index", (network.trip_mode > 0).astype(np.int32)),
            pl.lit(0).alias("service_index"),
            text.alias("headsign"),
            pl.lit(None, pl.Int8).alias("direction_id"),
            pl.lit(0).alias("wheelchair_accessible"),
            pl.lit(value=False).alias("is_frequency_inexact"),
            pl.lit(0).alias("n_duplicates"),
        ),
        "stop_times": pl.DataFrame(
            {
                "trip_index": trip,
                "position": position,
                "stop_index": network.pattern_stop[call],
                "arrival_s": network.trip_arr_s,
                "departure_s": network.trip_dep_s,
                "is_pickup": network.pattern_can_board[call] > 0,
                "is_dropoff": network.pattern_can_alight[call] > 0,
            }
        ).with_columns(pl.lit(value=False).alias("is_interpolated")),
        "transfers": pl.DataFrame(schema=SCHEMAS["transfers"]),
        "agencies": pl.DataFrame(schema=SCHEMAS["agencies"]),
    }
    return Timetable.build(tables, feeds={"g": {}}, timezone="Europe/London")
