"""Places and speeds that cannot be right: noted with trip and stops, never changed."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from pipeline.base.geo import EARTH_RADIUS_M, compute_haversine_m
from pipeline.base.notices import Notices, declare_notice
from pipeline.timetables.coordinates import BRITISH_TIMEZONE, GREAT_BRITAIN
from pipeline.timetables.model import Timetable

TOO_FAST = declare_notice(
    "timetable_too_fast",
    "warning",
    "A vehicle would have to go faster, in a straight line from stop to stop, than any of its kind may: a stop is at "
    "the wrong place, or a time is wrong. Nothing was changed.",
    "Correct the position of one of the two stops, or the times.",
)
OUTSIDE_BRITAIN = declare_notice(
    "stop_outside_britain",
    "info",
    "The stop lies outside Great Britain, in a feed most of whose stops lie in it.",
    "Right for coaches, ferries and trains abroad; else correct the stop's position.",
)
FAR_FROM_OTHERS = declare_notice(
    "stop_far_from_others",
    "warning",
    "The stop lies far from nearly all others of its feed.",
    "Right for long-distance services; else correct the stop's position.",
)
MPH: Final = 1609.344 / 3600
MAX_SPEEDS_MS: Final = {
    "bus": 70 * MPH,
    "coach": 70 * MPH,
    "tram": 60 * MPH,
    "metro": 80 * MPH,
    "rail": 225 * MPH,
    "ferry": 60 * MPH,
}
"""Metres a second. Bus and coach: the national limit on motorways; tram and metro: above any in Britain; rail: above
the fastest lines of Europe (200 mph); ferry: above fast catamarans. Other modes (aircraft) have none."""
NO_LIMIT_MS: Final = 1e9
ROUNDING_S: Final = 60
"""Times are given in whole minutes: up to this much more may have passed between two of them."""
ROWS_AT_ONCE: Final = 2_000_000
FAR_KM: Final = 1000.0
FAR_RATIO: Final = 5.0
MIN_STOPS: Final = 20


def check_plausibility(timetable: Timetable, notices: Notices) -> None:
    """Note trips that would be too fast and stops that are not where the others are.

    Parameters
    ----------
    timetable
        The timetable.
    notices
        Collector: for speeds one note for each pair of stops and mode, with the number of trips and one of them.
    """
    _note_speeds(timetable, notices)
    for feed in sorted(timetable.feeds):
        located = timetable.stops.filter((pl.col("feed") == feed) & pl.col("is_located"))
        if located.height >= MIN_STOPS and not (
            timetable.timezone == BRITISH_TIMEZONE and _note_outside_britain(located, notices)
        ):
            _note_far(located, notices)


def _compute_vectors(stops: pl.DataFrame) -> NDArray[np.float64]:
    """Give stops as points in space, metres; NaN where not located."""
    lon, lat = (
        np.radians(stops.select(pl.when("is_located").then(name))[:, 0].fill_null(float("nan")).to_numpy())
        for name in ("lon", "lat")
    )
    return EARTH_RADIUS_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def find_too_fast(timetable: Timetable) -> pl.DataFrame:
    """Find rides from one timed stop to the next that are faster than the mode allows.

    The straight line between the two stops, divided by the time from departure to arrival and a minute more, since
    times are rounded. Interpolated times are skipped over.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.DataFrame
        ``trip_index``, ``from_stop_index``, ``to_stop_index``, ``distance_m``, ``ride_s``, ``mode``.
    """
    modes = timetable.trips.select("trip_index", "route_index").join(
        timetable.routes.select(
            "route_index", "mode", pl.col("mode").replace_strict(MAX_SPEEDS_MS, default=None).alias("limit")
        ),
        on="route_index",
    )
    limit_of_trip = np.full(timetable.trips.height, NO_LIMIT_MS)
    limit_of_trip[modes["trip_index"].to_numpy()] = modes["limit"].fill_null(NO_LIMIT_MS).to_numpy()
    vectors = _compute_vectors(timetable.stops)
    timed = timetable.stop_times
    if timed["is_interpolated"].any():
        timed = timed.filter(~pl.col("is_interpolated"))
    trip, stop = timed["trip_index"].to_numpy(), timed["stop_index"].to_numpy()
    arrival, departure = timed["arrival_s"].to_numpy(), timed["departure_s"].to_numpy()
    found = []
    for start in range(0, max(timed.height - 1, 0), ROWS_AT_ONCE):
        here = slice(start, min(start + ROWS_AT_ONCE, timed.height - 1))
        after = slice(here.start + 1, here.stop + 1)
        distance = np.sqrt(((vectors[stop[here]] - vectors[stop[after]]) ** 2).sum(axis=1))
        ride = arrival[after] - departure[here]
        is_fast = (trip[here] == trip[after]) & (distance > limit_of_trip[trip[here]] * (ride + ROUNDING_S))
        rows = np.flatnonzero(is_fast)
        found.append(
            pl.DataFrame(
                {
                    "trip_index": trip[here][rows],
                    "from_stop_index": stop[here][rows],
                    "to_stop_index": stop[after][rows],
                    "distance_m": distance[rows],
                    "ride_s": ride[rows].astype(np.int32),
                }
            )
        )
    schema = {"trip_index": pl.Int32, "from_stop_index": pl.Int32, "to_stop_index": pl.Int32}
    empty = pl.DataFrame(schema={**schema, "distance_m": pl.Float64, "ride_s": pl.Int32})
    return pl.concat([empty, *found]).join(modes.select("trip_index", "mode"), on="trip_index")


def _note_speeds(timetable: Timetable, notices: Notices) -> None:
    fast = find_too_fast(timetable)
    if fast.is_empty():
        return
    names = timetable.stops.select("stop_index", "stop_id", "stop_name")
    pairs = (
        fast.join(timetable.trips.select("trip_index", "trip_id", "feed"), on="trip_index")
        .sort("ride_s", "trip_id")
        .group_by("feed", "mode", "from_stop_index", "to_stop_index", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("trip_id", "distance_m", "ride_s").first())
        .join(names, left_on="from_stop_index", right_on="stop_index")
        .join(names, left_on="to_stop_index", right_on="stop_index", suffix="_to")
        .sort(["n", "stop_id", "stop_id_to", "mode"], descending=[True, False, False, False])
    )
    for row in pairs.iter_rows(named=True):
        km, minutes = row["distance_m"] / 1000, row["ride_s"] / 60
        notices.add(
            TOO_FAST,
            field="stop_id",
            value=row["trip_id"],
            count=row["n"],
            detail=f"{row['n']} trips by {row['mode']}, such as {row['trip_id']}: {km:.1f} km in {minutes:.0f} min "
            f"from {row['stop_id']} ({row['stop_name']}) to {row['stop_id_to']} ({row['stop_name_to']})",
        )


def _note_stops(stops: pl.DataFrame, notices: Notices, *, is_british: bool) -> None:
    for row in stops.sort("stop_id").iter_rows(named=True):
        notices.add(
            OUTSIDE_BRITAIN if is_british else FAR_FROM_OTHERS,
            field="stop_lat",
            value=row["stop_id"],
            detail=f"{row['stop_name']} at lat {row['lat']:.5f}, lon {row['lon']:.5f}",
        )


def _note_outside_britain(located: pl.DataFrame, notices: Notices) -> bool:
    """Note stops outside Great Britain; say whether this is a feed of Great Britain at all."""
    points = shapely.points(located.select("lon", "lat").to_numpy())
    is_inside = shapely.contains(GREAT_BRITAIN, points)
    if 2 * int(is_inside.sum()) <= located.height:
        return False
    _note_stops(located.filter(pl.Series(~is_inside)), notices, is_british=True)
    return True


def _note_far(located: pl.DataFrame, notices: Notices) -> None:
    """Note stops that lie more than 1,000 km from the middle of the feed, and far beyond nine tenths of its stops."""
    lon, lat = located["lon"].to_numpy(), located["lat"].to_numpy()
    km = compute_haversine_m(lon, lat, np.median(lon), np.median(lat)) / 1000
    is_far = (km > FAR_KM) & (km > FAR_RATIO * np.quantile(km, 0.9))
    _note_stops(located.filter(pl.Series(is_far)), notices, is_british=False)
