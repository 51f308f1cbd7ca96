"""Journeys that are listed more than once, within a feed and between feeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import Notices
from pipeline.timetables.codes import DUPLICATE_TRIPS
from pipeline.timetables.identity import build_route_keys, hash_date_sets, hash_texts, hash_trips, mix
from pipeline.timetables.model import Timetable
from pipeline.timetables.select import select_trips

SAME_STOP_M = 100.0
"""Stops of two feeds with the same identifier as filed are one if they lie within this distance."""
PAIRS_AT_ONCE = 200_000
KEY = ["calls_1", "calls_2", "route_key"]


def compute_stop_classes(timetable: Timetable) -> NDArray[np.int32]:
    """Find out which stops are one and the same place under several identifiers.

    Stops are one if name and coordinates (to about a metre) are equal; or if two feeds file them under the same
    identifier and they lie within 100 m of one another (or one of them is not located).

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    numpy.ndarray
        i32 class of each stop.
    """
    stops = timetable.stops.select(
        "stop_index",
        "feed",
        "lon",
        "lat",
        pl.col("stop_id").str.splitn(":", 2).struct.field("field_1").alias("bare"),
        pl.format(
            "{}|{}|{}",
            pl.col("stop_name").str.to_uppercase(),
            (pl.col("lon") * 1e5).round().cast(pl.Int64),
            (pl.col("lat") * 1e5).round().cast(pl.Int64),
        ).alias("place"),
    )
    n = stops.height
    same_place = stops.drop_nulls(["lon", "lat"]).select(
        "stop_index", pl.col("stop_index").min().over("place").alias("other")
    )
    pairs = stops.join(stops, on="bare", suffix="_other").filter(pl.col("feed") < pl.col("feed_other"))
    distance = compute_haversine_m(
        *(pairs[name].fill_null(float("nan")).to_numpy() for name in ("lon", "lat", "lon_other", "lat_other"))
    )
    near = pairs.filter(pl.Series(~(distance > SAME_STOP_M), dtype=pl.Boolean))
    rows = np.concatenate([same_place["stop_index"].to_numpy(), near["stop_index"].to_numpy()])
    columns = np.concatenate([same_place["other"].to_numpy(), near["stop_index_other"].to_numpy()])
    graph = coo_array((np.ones(rows.size, dtype=np.int8), (rows, columns)), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int32)


def _describe_trips(timetable: Timetable) -> pl.DataFrame:
    """Return each trip with its content key, its set of dates and what makes it the better record."""
    classes = compute_stop_classes(timetable).astype(np.uint64)
    calls = hash_trips(timetable, mix(classes))
    routes = hash_texts(build_route_keys(timetable))
    sets = hash_date_sets(timetable)
    set_of_service, first, sizes = _number_sets(sets, timetable)
    service = timetable.trips["service_index"].to_numpy()
    n_guessed = timetable.stop_times.group_by("trip_index").agg(pl.col("is_interpolated").sum().alias("n_guessed"))
    trips = timetable.trips.join(n_guessed, on="trip_index", how="left", maintain_order="left")
    return trips.with_columns(
        pl.Series("calls_1", calls[:, 0]),
        pl.Series("calls_2", calls[:, 1]),
        pl.Series("route_key", routes[trips["route_index"].to_numpy()]),
        pl.Series("set", set_of_service[service]),
        pl.Series("set_service", first[set_of_service[service]]),
        pl.Series("n_dates", sizes[service]),
        pl.col("wheelchair_accessible").replace_strict({1: 0, 0: 1, 2: 2}, default=1).alias("access_rank"),
    )


def _number_sets(
    sets: NDArray[np.uint64], timetable: Timetable
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return for each service the number of its set of dates, for each set one service, for each service its days."""
    _, first, inverse = np.unique(sets, axis=0, return_index=True, return_inverse=True)
    sizes = np.bincount(timetable.service_dates["service_index"].to_numpy(), minlength=sets.shape[0])
    return inverse.reshape(-1).astype(np.int64), first.astype(np.int64), sizes.astype(np.int64)


def _find_subsets(pairs: pl.DataFrame, timetable: Timetable) -> pl.DataFrame:
    """Keep pairs of sets (``set_service`` within ``set_service_other``) where the first is a subset of the second."""
    services = np.unique(np.concatenate([pairs["set_service"].to_numpy(), pairs["set_service_other"].to_numpy()]))
    dates = timetable.service_dates.filter(pl.col("service_index").is_in(services.tolist()))
    days, day = np.unique(dates["date"].to_physical().to_numpy(), return_inverse=True)
    bits = np.zeros((services.size, days.size), dtype=np.bool_)
    bits[np.searchsorted(services, dates["service_index"].to_numpy()), day.reshape(-1)] = True
    packed = np.packbits(bits, axis=1)
    small = np.searchsorted(services, pairs["set_service"].to_numpy())
    large = np.searchsorted(services, pairs["set_service_other"].to_numpy())
    inside = np.zeros(pairs.height, dtype=np.bool_)
    for start in range(0, pairs.height, PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        inside[part] = ~(packed[small[part]] & ~packed[large[part]]).any(axis=1)
    return pairs.filter(pl.Series(inside, dtype=pl.Boolean))


def match_duplicate_trips(timetable: Timetable) -> pl.DataFrame:
    """Find the trips that go, and for each the one that stays.

    Two trips are one when stops, times, pick-up rules, route (number, operator, mode) are equal and every date of
    the one that goes is a date of the one that stays.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.DataFrame
        ``trip_index`` and ``stays_trip_index``, sorted by ``trip_index``.
    """
    order = ["n_dates", "is_frequency_inexact", "n_guessed", "access_rank", "headsign", "feed", "trip_id"]
    trips = _describe_trips(timetable).filter(pl.struct(KEY).is_duplicated())
    trips = trips.sort(order, descending=[True, *[False] * (len(order) - 1)]).with_row_index("rank")
    keyed = trips.with_columns(pl.col("trip_index").first().over([*KEY, "set"], order_by="rank").alias("twin"))
    equal = keyed.filter(pl.col("twin") != pl.col("trip_index")).select("trip_index", "twin")
    heads = keyed.filter(pl.col("twin") == pl.col("trip_index"))
    heads = heads.select(*KEY, "trip_index", "rank", "set_service", "n_dates")
    pairs = heads.join(heads, on=KEY, suffix="_other").filter(pl.col("n_dates") < pl.col("n_dates_other"))
    sets = pairs.select("set_service", "set_service_other").unique(maintain_order=True)
    subsets = _find_subsets(sets, timetable)
    inside = pairs.join(subsets, on=["set_service", "set_service_other"])
    # The superset with the most dates (the first in rank) is itself within no other, so that it stays.
    absorbed = (
        inside.sort("rank_other")
        .group_by("trip_index", maintain_order=True)
        .agg(pl.col("trip_index_other").first().alias("stays"))
    )
    gone = pl.concat(
        [
            equal.join(absorbed, left_on="twin", right_on="trip_index", how="left").select(
                "trip_index", pl.coalesce("stays", "twin").alias("stays_trip_index")
            ),
            absorbed.select("trip_index", pl.col("stays").alias("stays_trip_index")),
        ]
    )
    return gone.sort("trip_index")


def remove_duplicate_trips(timetable: Timetable, notices: Notices) -> Timetable:
    """Let every journey count once, however often it is listed.

    Parameters
    ----------
    timetable
        The timetable, usually of several feeds.
    notices
        Collector: one note for each pair of feeds, with the number of trips.

    Returns
    -------
    Timetable
        Without the trips that go; those that stay carry the number of those that went in ``n_duplicates``.
    """
    gone = match_duplicate_trips(timetable)
    if gone.is_empty():
        return timetable
    feeds = timetable.trips.select("trip_index", "feed", "n_duplicates")
    named = gone.join(feeds, on="trip_index").join(
        feeds.select(pl.col("trip_index").alias("stays_trip_index"), pl.col("feed").alias("other")),
        on="stays_trip_index",
    )
    for feed, other, count in named.group_by("feed", "other").len().sort("feed", "other").iter_rows():
        text = "listed in it more than once" if feed == other else f"already in feed {other}"
        notices.add(DUPLICATE_TRIPS, value=feed, count=count, detail=f"{count} trips of feed {feed} are {text}")
    more = named.group_by("stays_trip_index").agg((pl.col("n_duplicates") + 1).sum().alias("more"))
    trips = timetable.trips.join(
        more, left_on="trip_index", right_on="stays_trip_index", how="left", maintain_order="left"
    ).with_columns((pl.col("n_duplicates") + pl.col("more").fill_null(0)).cast(pl.Int32).alias("n_duplicates"))
    counted = replace(timetable, trips=trips.drop("more"))
    is_kept = np.ones(timetable.trips.height, dtype=np.bool_)
    is_kept[gone["trip_index"].to_numpy()] = False
    return select_trips(counted, is_kept)
