"""Trips as patterns with masks of days, the form in which a national timetable can be counted quickly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.change.inputs import ServiceFrames, build_service_routes
from pipeline.change.window28 import ServiceWindow


@dataclass(frozen=True)
class TripPatterns:
    """Trips that run in the window, grouped by their sequence of calls.

    Attributes
    ----------
    trips
        trip_index, pattern, first_row (of the trip in ``departure_s``), feed, mode, operator_key, operator_name,
        number, route_name, mask (i64: the bits of the used days on which the trip runs).
    calls
        pattern, position, stop_index, is_pickup, is_dropoff.
    departure_s
        Departure of every stop time, in the order of the timetable.
    """

    trips: pl.DataFrame
    calls: pl.DataFrame
    departure_s: NDArray[np.int32]


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit keys (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def compute_service_masks(service_dates: pl.DataFrame, window: ServiceWindow) -> pl.DataFrame:
    """Give every service the mask of the used days on which it runs.

    Parameters
    ----------
    service_dates
        service_index, date.
    window
        The 28 days.

    Returns
    -------
    polars.DataFrame
        service_index, mask (i64); services that run on no used day are left out.
    """
    used = window.days.filter(pl.col("is_used")).select("date", "bit")
    return (
        service_dates.select("service_index", "date")
        .unique()
        .join(used, on="date")
        .group_by("service_index")
        .agg(pl.col("bit").sum().alias("mask"))
    )


def build_trip_patterns(frames: ServiceFrames, window: ServiceWindow) -> TripPatterns:
    """Group the trips that run in the window by the stops at which they call and the rules there.

    Parameters
    ----------
    frames
        The snapshot.
    window
        The 28 days.

    Returns
    -------
    TripPatterns
        Trips, calls of each pattern, departures.
    """
    stop_times = frames.stop_times
    trip_of_row = stop_times["trip_index"].to_numpy()
    starts = np.flatnonzero(np.r_[True, trip_of_row[1:] != trip_of_row[:-1]]) if trip_of_row.size else np.empty(0, int)
    lengths = np.diff(np.r_[starts, trip_of_row.size])
    flags = stop_times["is_pickup"].to_numpy().astype(np.uint64) * 2 + stop_times["is_dropoff"].to_numpy()
    ordinal = (np.arange(trip_of_row.size) - np.repeat(starts, lengths)).astype(np.uint64)
    stop = stop_times["stop_index"].to_numpy().astype(np.uint64)
    mixed = _mix(stop * np.uint64(4) + flags + (ordinal << np.uint64(34)))
    digest = np.add.reduceat(mixed, starts) if starts.size else np.empty(0, np.uint64)
    spans = pl.DataFrame(
        {
            "trip_index": trip_of_row[starts],
            "first_row": starts.astype(np.int64),
            "n_calls": lengths.astype(np.int64),
            "digest": digest,
        }
    ).with_columns(pl.col("trip_index").cast(frames.trips.schema["trip_index"]))
    routes = build_service_routes(frames).drop("feed")
    masks = compute_service_masks(frames.service_dates, window)
    trips = (
        frames.trips.select("trip_index", "feed", "route_index", "service_index")
        .join(masks, on="service_index")
        .join(spans, on="trip_index")
        .join(routes, on="route_index")
        .sort("trip_index")
        .with_columns(
            (pl.struct("digest", "n_calls", "mode").rank("dense") - 1).cast(pl.Int32).alias("pattern"),
        )
    )
    return TripPatterns(
        trips=trips.drop("digest", "service_index", "route_index"),
        calls=_build_calls(trips, stop_times),
        departure_s=stop_times["departure_s"].to_numpy().astype(np.int32),
    )


def _build_calls(trips: pl.DataFrame, stop_times: pl.DataFrame) -> pl.DataFrame:
    """Copy the calls of one trip of each pattern."""
    models = trips.unique("pattern", keep="first", maintain_order=True)
    first = models["first_row"].to_numpy()
    count = models["n_calls"].to_numpy()
    position = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    rows = np.repeat(first, count) + position
    return pl.DataFrame(
        {
            "pattern": np.repeat(models["pattern"].to_numpy(), count),
            "position": position.astype(np.int32),
            "stop_index": stop_times["stop_index"].to_numpy()[rows].astype(np.int32),
            "is_pickup": stop_times["is_pickup"].to_numpy()[rows],
            "is_dropoff": stop_times["is_dropoff"].to_numpy()[rows],
        }
    )
