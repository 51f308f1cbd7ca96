"""Journeys that are listed more than once, within a feed and between feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import NoticeCode, Notices, declare_notice
from pipeline.timetables.codes import DUPLICATE_TRIPS
from pipeline.timetables.identity import build_route_keys, hash_date_sets, hash_texts, hash_trips, mix
from pipeline.timetables.model import Timetable
from pipeline.timetables.select import select_trips

DUPLICATES_OVERLAP = declare_notice(
    "timetable_duplicates_overlap",
    "info",
    "Two trips are equal but for their dates, of which they share some and each has some of its own; both were kept, "
    "so that the journey counts twice on the dates shared.",
    "Give only one of the two sources for the dates shared.",
)
SAME_STOP_M = 100.0
"""Stops of two feeds with the same identifier as filed are one if they lie within this distance."""
PAIRS_AT_ONCE = 200_000
KEY = ["calls_1", "calls_2", "route_key"]
BETTER = ["source_rank", "is_frequency_inexact", "n_guessed", "access_rank", "headsign", "feed", "trip_id"]
"""Of two records of one journey the one that comes first in this order is the better."""


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


def build_trip_records(timetable: Timetable, precedence: Mapping[str, Sequence[str]] | None = None) -> pl.DataFrame:
    """Describe each trip by its content and by what makes it the better record of a journey.

    Parameters
    ----------
    timetable
        The timetable.
    precedence
        Operator (name or code as filed, whatever its capitals and spaces; ``*`` for all others) to feeds, the best
        first. Feeds that are not named come after those that are.

    Returns
    -------
    polars.DataFrame
        ``core_timetable__trips`` with ``calls_1``, ``calls_2``, ``route_key`` (hashes), ``set`` and ``set_service``
        (the set of dates, and one service that has it), ``n_dates``, ``source_rank`` (0: the best feed), ``n_guessed``
        and ``access_rank``.
    """
    classes = compute_stop_classes(timetable).astype(np.uint64)
    calls = hash_trips(timetable, mix(classes))
    routes = hash_texts(build_route_keys(timetable))
    set_of_service, first, sizes = _number_sets(hash_date_sets(timetable), timetable)
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
        _rank_sources(timetable, precedence or {}).alias("source_rank"),
        pl.col("wheelchair_accessible").replace_strict({1: 0, 0: 1, 2: 2}, default=1).alias("access_rank"),
    )


def _rank_sources(timetable: Timetable, precedence: Mapping[str, Sequence[str]]) -> pl.Series:
    """Rank the feed of every trip among those that its operator's journeys may come from."""
    wanted = {_fold(operator): list(feeds) for operator, feeds in precedence.items()}
    ranks = []
    for feed, code, name in timetable.routes.select("feed", "operator_id", "operator_name").iter_rows():
        feeds = next((wanted[key] for key in (_fold(name), _fold(code), "*") if key in wanted), [])
        ranks.append(feeds.index(feed) if feed in feeds else len(feeds))
    return pl.Series(ranks, dtype=pl.Int32).gather(timetable.trips["route_index"])


def _fold(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _number_sets(
    sets: NDArray[np.uint64], timetable: Timetable
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return for each service the number of its set of dates, for each set one service, for each service its days."""
    _, first, inverse = np.unique(sets, axis=0, return_index=True, return_inverse=True)
    sizes = np.bincount(timetable.service_dates["service_index"].to_numpy(), minlength=sets.shape[0])
    return inverse.reshape(-1).astype(np.int64), first.astype(np.int64), sizes.astype(np.int64)


def count_shared_dates(pairs: pl.DataFrame, timetable: Timetable) -> pl.Series:
    """Count the dates that two sets of dates share.

    Parameters
    ----------
    pairs
        ``set_service`` and ``set_service_other``: services that stand for the sets.
    timetable
        The timetable.

    Returns
    -------
    polars.Series
        i64, one for each pair.
    """
    sets = pairs.select("set_service", "set_service_other").unique(maintain_order=True)
    services = np.unique(np.concatenate([sets[:, 0].to_numpy(), sets[:, 1].to_numpy()]))
    dates = timetable.service_dates.filter(pl.col("service_index").is_in(services.tolist()))
    days, day = np.unique(dates["date"].to_physical().to_numpy(), return_inverse=True)
    bits = np.zeros((services.size, days.size), dtype=np.bool_)
    bits[np.searchsorted(services, dates["service_index"].to_numpy()), day.reshape(-1)] = True
    packed = np.packbits(bits, axis=1)
    one, other = (np.searchsorted(services, sets[:, at].to_numpy()) for at in (0, 1))
    shared = np.zeros(sets.height, dtype=np.int64)
    for start in range(0, sets.height, PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        shared[part] = np.bitwise_count(packed[one[part]] & packed[other[part]]).sum(axis=1)
    keys = ["set_service", "set_service_other"]
    known = sets.with_columns(pl.Series("n_dates_shared", shared))
    return pairs.select(keys).join(known, on=keys, how="left", maintain_order="left")["n_dates_shared"]


@dataclass(frozen=True)
class Matches:
    """Journeys that are listed more than once.

    Attributes
    ----------
    gone
        ``trip_index``, ``stays_trip_index`` and ``n_dates_shared``, sorted by ``trip_index``.
    overlapping
        The same columns: trips that are equal but for dates of which each has some of its own, so that both stay.
    """

    gone: pl.DataFrame
    overlapping: pl.DataFrame


def match_equal_trips(timetable: Timetable, precedence: Mapping[str, Sequence[str]] | None = None) -> Matches:
    """Find the trips that go, for each the one that stays, and those that overlap.

    Two trips are one when stops, times, pick-up rules, route (number, operator, mode) are equal and every date of
    the one that goes is a date of the one that stays. Of trips with the same dates that of the feed with precedence
    stays, then the one that is the better record.

    Parameters
    ----------
    timetable
        The timetable.
    precedence
        As for :func:`build_trip_records`.

    Returns
    -------
    Matches
        What goes, and what overlaps.
    """
    trips = build_trip_records(timetable, precedence).filter(pl.struct(KEY).is_duplicated())
    trips = trips.sort("n_dates", *BETTER, descending=[True, *[False] * len(BETTER)]).with_row_index("rank")
    keyed = trips.with_columns(pl.col("trip_index").first().over([*KEY, "set"], order_by="rank").alias("twin"))
    equal = keyed.filter(pl.col("twin") != pl.col("trip_index")).select("trip_index", "twin", "n_dates")
    heads = keyed.filter(pl.col("twin") == pl.col("trip_index"))
    heads = heads.select(*KEY, "trip_index", "rank", "set_service", "n_dates")
    pairs = heads.join(heads, on=KEY, suffix="_other").filter(pl.col("rank") > pl.col("rank_other"))
    pairs = pairs.with_columns(count_shared_dates(pairs, timetable).alias("n_dates_shared"))
    # The superset with the most dates (the first in rank) is itself within no other, so that it stays.
    absorbed = (
        pairs.filter(pl.col("n_dates_shared") == pl.col("n_dates"))
        .sort("rank_other")
        .group_by("trip_index", maintain_order=True)
        .agg(pl.col("trip_index_other").first().alias("stays_trip_index"), pl.col("n_dates_shared").first())
    )
    stays = absorbed.select(pl.col("trip_index").alias("twin"), "stays_trip_index")
    gone = pl.concat(
        [
            equal.join(stays, on="twin", how="left").select(
                "trip_index",
                pl.coalesce("stays_trip_index", "twin").alias("stays_trip_index"),
                n_dates_shared="n_dates",
            ),
            absorbed,
        ]
    ).sort("trip_index")
    overlapping = (
        pairs.filter(pl.col("n_dates_shared") > 0)
        .join(absorbed.select("trip_index"), on="trip_index", how="anti")
        .join(absorbed.select(pl.col("trip_index").alias("trip_index_other")), on="trip_index_other", how="anti")
        .select("trip_index", pl.col("trip_index_other").alias("stays_trip_index"), "n_dates_shared")
        .sort("trip_index", "stays_trip_index")
    )
    return Matches(gone, overlapping)


def match_duplicate_trips(timetable: Timetable) -> pl.DataFrame:
    """Find the trips that go, and for each the one that stays; see :func:`match_equal_trips`.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.DataFrame
        ``trip_index`` and ``stays_trip_index``, sorted by ``trip_index``.
    """
    return match_equal_trips(timetable).gone.drop("n_dates_shared")


def note_duplicates(timetable: Timetable, pairs: pl.DataFrame, code: NoticeCode, notices: Notices) -> None:
    """Note how many trips are listed more than once, for each pair of feeds.

    Parameters
    ----------
    timetable
        The timetable with all of them.
    pairs
        ``trip_index`` and ``stays_trip_index``.
    code
        ``DUPLICATE_TRIPS`` or ``DUPLICATES_OVERLAP``.
    notices
        Collector.
    """
    feeds = timetable.trips["feed"]
    named = pairs.select(feed=feeds.gather(pairs["trip_index"]), other=feeds.gather(pairs["stays_trip_index"]))
    for feed, other, count in named.group_by("feed", "other").len().sort("feed", "other").iter_rows():
        text = "listed in it more than once" if feed == other else f"already in feed {other}"
        if code is DUPLICATES_OVERLAP:
            text += ", on dates some of which are their own"
        notices.add(code, value=feed, count=count, detail=f"{count} trips of feed {feed} are {text}")


def drop_trips(timetable: Timetable, gone: pl.DataFrame) -> Timetable:
    """Leave trips out; those that stay for them carry their number.

    Parameters
    ----------
    timetable
        The timetable.
    gone
        ``trip_index`` and ``stays_trip_index``; what stays is not itself among those that go.

    Returns
    -------
    Timetable
        Numbered anew.
    """
    if gone.is_empty():
        return timetable
    before = timetable.trips["n_duplicates"].gather(gone["trip_index"])
    more = (
        gone.with_columns((before + 1).alias("more"))
        .group_by(pl.col("stays_trip_index").alias("trip_index"))
        .agg(pl.col("more").sum())
    )
    trips = timetable.trips.join(more, on="trip_index", how="left", maintain_order="left").with_columns(
        (pl.col("n_duplicates") + pl.col("more").fill_null(0)).cast(pl.Int32).alias("n_duplicates")
    )
    is_kept = np.ones(timetable.trips.height, dtype=np.bool_)
    is_kept[gone["trip_index"].to_numpy()] = False
    return select_trips(replace(timetable, trips=trips.drop("more")), is_kept)


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
    note_duplicates(timetable, gone, DUPLICATE_TRIPS, notices)
    return drop_trips(timetable, gone)
