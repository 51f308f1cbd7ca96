"""A part of a timetable: some trips, and only what they use."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.timetables.model import Timetable


def _renumber_kept(table: pl.DataFrame, index: str, kept: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the rows of these index values and number them anew; return also old -> new."""
    rows = table.filter(pl.col(index).is_in(kept.implode())).sort(index)
    ids = (
        rows.select(index)
        .unique(maintain_order=True)
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("_new"))
    )
    rows = rows.join(ids, on=index, maintain_order="left").with_columns(pl.col("_new").alias(index)).drop("_new")
    return rows, ids


def _move(table: pl.DataFrame, column: str, index: str, ids: pl.DataFrame) -> pl.DataFrame:
    moved = table.join(ids.rename({index: column}), on=column, maintain_order="left")
    return moved.with_columns(pl.col("_new").alias(column)).drop("_new")


def _find_stops(timetable: Timetable, called: pl.Series) -> pl.Series:
    """Return the called stops and their ancestors."""
    keep = called
    for _ in range(2):
        parents = timetable.stops.filter(pl.col("stop_index").is_in(keep.implode()))["parent_stop_id"].drop_nulls()
        more = timetable.stops.filter(pl.col("stop_id").is_in(parents.implode()))["stop_index"]
        keep = pl.concat([keep, more]).unique()
    return keep


def select_trips(timetable: Timetable, is_kept: NDArray[np.bool_]) -> Timetable:
    """Keep some trips, and the stops, routes, services and transfer rules that they use.

    Parameters
    ----------
    timetable
        The timetable.
    is_kept
        One flag for each trip.

    Returns
    -------
    Timetable
        Numbered anew, in the same order.
    """
    if bool(is_kept.all()):
        return timetable
    kept = timetable.trips.filter(pl.Series(is_kept))
    trips, trip_ids = _renumber_kept(timetable.trips, "trip_index", kept["trip_index"])
    times = _move(timetable.stop_times, "trip_index", "trip_index", trip_ids)
    stops, stop_ids = _renumber_kept(
        timetable.stops, "stop_index", _find_stops(timetable, times["stop_index"].unique())
    )
    routes, route_ids = _renumber_kept(timetable.routes, "route_index", kept["route_index"].unique())
    dates, service_ids = _renumber_kept(timetable.service_dates, "service_index", kept["service_index"].unique())
    trips = _move(_move(trips, "route_index", "route_index", route_ids), "service_index", "service_index", service_ids)
    transfers = _move(timetable.transfers, "from_stop_index", "stop_index", stop_ids)
    transfers = _move(transfers, "to_stop_index", "stop_index", stop_ids)
    return Timetable.build(
        {
            "stops": stops,
            "routes": routes,
            "service_dates": dates.sort("service_index", "date"),
            "trips": trips,
            "stop_times": _move(times, "stop_index", "stop_index", stop_ids),
            "transfers": transfers.sort("from_stop_index", "to_stop_index"),
            "agencies": timetable.agencies,
        },
        feeds=timetable.feeds,
        timezone=timetable.timezone,
    )
