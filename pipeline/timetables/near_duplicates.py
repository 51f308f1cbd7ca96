"""The same bus filed twice, a minute or two apart, under two operators or in two feeds; and the list of duplicates."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.base.area_timetables import Duplicates
from pipeline.base.clock import format_time
from pipeline.base.notices import Notices, declare_notice
from pipeline.timetables.codes import DUPLICATE_TRIPS
from pipeline.timetables.duplicates import (
    BETTER,
    DUPLICATES_OVERLAP,
    build_trip_records,
    count_shared_dates,
    drop_trips,
    match_equal_trips,
    note_duplicates,
)
from pipeline.timetables.identity import build_route_keys, hash_sequences, hash_texts, mix
from pipeline.timetables.model import Timetable
from pipeline.timetables.stop_places import compute_stop_places

NEAR_DUPLICATES = declare_notice(
    "timetable_near_duplicates",
    "warning",
    "Journeys under the same number, at the same stops and on the same dates, some minutes apart, are filed by two "
    "operators or in two feeds: probably one bus that is filed twice.",
    "Look at core_timetable__duplicates of the snapshot; if they are one bus, set duplicates.near.remove.",
)
LISTED: Final[dict[str, type[pl.DataType]]] = {
    "kind": pl.String,
    "dropped_trip_id": pl.String,
    "kept_trip_id": pl.String,
    "dropped_feed": pl.String,
    "kept_feed": pl.String,
    "dropped_operator": pl.String,
    "kept_operator": pl.String,
    "start_s": pl.Int32,
    "gap_start_s": pl.Int32,
    "gap_end_s": pl.Int32,
    "n_dates_shared": pl.Int32,
    "is_removed": pl.Boolean,
}
_KEY: Final = ["sequence_1", "sequence_2", "number"]
_NEAR: Final[dict[str, type[pl.DataType]]] = {
    "trip_index": pl.Int32,
    "stays_trip_index": pl.Int32,
    "n_dates_shared": pl.Int64,
    "gap_start_s": pl.Int32,
    "gap_end_s": pl.Int32,
    "is_within": pl.Boolean,
}


def _describe(timetable: Timetable, policy: Duplicates) -> pl.DataFrame:
    """Return the trips whose places and number more than one source has, the better record first."""
    places = compute_stop_places(
        timetable.stops.select(
            "stop_id",
            "public_code",
            "stop_name",
            *[pl.when("is_located").then(name).alias(name) for name in ("lon", "lat")],
        )
    )
    sequences = hash_sequences(timetable, mix(places.astype(np.uint64)))
    route = timetable.trips["route_index"].to_numpy()
    bare = build_route_keys(timetable).str.splitn("\x1f", 2).struct.field("field_1").fill_null("")
    sources = timetable.routes.select(pl.struct("feed", "operator_id").rank("dense").cast(pl.Int64).alias("source"))[
        "source"
    ]
    ends = timetable.stop_times.group_by("trip_index").agg(
        pl.col("departure_s").first().alias("start_s"), pl.col("arrival_s").last().alias("end_s")
    )
    trips = build_trip_records(timetable, policy.precedence).with_columns(
        pl.Series("sequence_1", sequences[:, 0]),
        pl.Series("sequence_2", sequences[:, 1]),
        pl.Series("number", hash_texts(bare)[route]),
        sources.gather(timetable.trips["route_index"]).alias("source"),
    )
    trips = trips.filter(pl.col("source").n_unique().over(_KEY) > 1).join(ends, on="trip_index")
    order = ["source_rank", "n_dates", *[name for name in BETTER if name != "source_rank"]]
    return (
        trips.sort(order, descending=[name == "n_dates" for name in order])
        .with_row_index("rank")
        .select(*_KEY, "trip_index", "rank", "source", "start_s", "end_s", "set_service", "n_dates")
    )


def _pair(trips: pl.DataFrame, limit_s: int) -> pl.DataFrame:
    """Pair each trip (the worse record) with those of other sources that begin and end about when it does."""
    width = max(limit_s, 1)
    worse = trips.with_columns((pl.col("start_s") // width).alias("slot"))
    steps = pl.DataFrame({"step": [-1, 0, 1]}, schema={"step": pl.Int32})
    better = worse.join(steps, how="cross").with_columns((pl.col("slot") + pl.col("step")).alias("slot")).drop("step")
    return (
        worse.join(better, on=[*_KEY, "slot"], suffix="_other")
        .filter(
            (pl.col("rank") > pl.col("rank_other"))
            & (pl.col("source") != pl.col("source_other"))
            & ((pl.col("start_s") - pl.col("start_s_other")).abs() <= limit_s)
            & ((pl.col("end_s") - pl.col("end_s_other")).abs() <= limit_s)
        )
        .with_columns(
            (pl.col("start_s") - pl.col("start_s_other")).alias("gap_start_s"),
            (pl.col("end_s") - pl.col("end_s_other")).alias("gap_end_s"),
        )
    )


def _match_one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each trip at most one partner in each other source: the nearest pairs first, whole rounds at a time."""
    n_sources = pl.max_horizontal(pl.col("source").max(), pl.col("source_other").max()) + 1
    left = (
        pairs.with_columns(
            (pl.col("gap_start_s").abs() + pl.col("gap_end_s").abs()).alias("gap"),
            # A trip's place for a partner of another source, whichever of the two is the better record.
            (pl.col("rank").cast(pl.Int64) * n_sources + pl.col("source_other")).alias("place"),
            (pl.col("rank_other").cast(pl.Int64) * n_sources + pl.col("source")).alias("place_other"),
        )
        .sort("gap", "rank_other", "rank")
        .with_row_index("order")
    )
    kept = [left.clear()]
    while not left.is_empty():
        taken = pl.concat([left.select("order", "place"), left.select("order", place="place_other")])
        first = taken.group_by("place").agg(pl.col("order").min().alias("first"))
        chosen = (
            left.join(first, on="place")
            .join(first, left_on="place_other", right_on="place", suffix="_other")
            .filter((pl.col("order") == pl.col("first")) & (pl.col("order") == pl.col("first_other")))
            .select(left.columns)
        )
        kept.append(chosen)
        used = pl.concat([chosen["place"], chosen["place_other"]]).implode()
        left = left.filter(~pl.col("place").is_in(used) & ~pl.col("place_other").is_in(used))
    return pl.concat(kept)


def match_near_duplicates(timetable: Timetable, policy: Duplicates) -> pl.DataFrame:
    """Find journeys that are probably one bus filed twice.

    Two trips are near duplicates when they serve the same places (see
    :func:`pipeline.timetables.stop_places.compute_stop_places`) in the same order under the same public number and
    mode, depart from the first and arrive at the last within some minutes of one another, belong to different
    operators or feeds, and the dates of one are all dates of the other. Each trip has at most one partner in each
    other source, the nearest.

    Parameters
    ----------
    timetable
        The timetable, free of equal trips.
    policy
        Precedence of feeds and the minutes.

    Returns
    -------
    polars.DataFrame
        ``trip_index`` (the worse record: of the feed with less precedence, else with fewer dates),
        ``stays_trip_index``, ``n_dates_shared``, ``gap_start_s`` and ``gap_end_s`` (how much later the worse record
        is), ``is_within`` (every date of the worse is a date of the better); sorted by trips.
    """
    pairs = _pair(_describe(timetable, policy), 60 * policy.near.minutes)
    if pairs.is_empty():
        return pl.DataFrame(schema=_NEAR)
    pairs = pairs.with_columns(count_shared_dates(pairs, timetable).alias("n_dates_shared"))
    pairs = pairs.filter(pl.col("n_dates_shared") == pl.min_horizontal("n_dates", "n_dates_other"))
    return (
        _match_one_to_one(pairs)
        .with_columns(
            pl.col("trip_index_other").alias("stays_trip_index"),
            (pl.col("n_dates_shared") == pl.col("n_dates")).alias("is_within"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _NEAR.items())
        .sort("trip_index", "stays_trip_index")
    )


def _choose_removals(near: pl.DataFrame) -> pl.DataFrame:
    """Choose which near duplicates go: those whose better record stays itself."""
    left, gone = near.filter("is_within"), []
    while not left.is_empty():
        roots = left.filter(~pl.col("stays_trip_index").is_in(left["trip_index"].implode()))
        going = roots.unique("trip_index", keep="first", maintain_order=True)
        gone.append(going)
        left = left.filter(
            ~pl.col("trip_index").is_in(going["trip_index"].implode())
            & ~pl.col("stays_trip_index").is_in(going["trip_index"].implode())
        )
    return pl.concat([near.clear(), *gone]).sort("trip_index")


def _list(timetable: Timetable, pairs: pl.DataFrame, kind: str, gone: pl.DataFrame) -> pl.DataFrame:
    """Name the trips of pairs for the list of duplicates."""
    first = timetable.stop_times.filter(pl.col("position") == 0).select("trip_index", pl.col("departure_s"))
    named = (
        timetable.trips.join(timetable.routes.select("route_index", "operator_name"), on="route_index")
        .join(first, on="trip_index", how="left")
        .select("trip_index", "trip_id", "feed", "operator_name", start_s="departure_s")
    )
    gaps = [pl.lit(0).alias(name) for name in ("gap_start_s", "gap_end_s") if name not in pairs.columns]
    both = pairs.with_columns(gaps).join(named, on="trip_index")
    both = both.join(named, left_on="stays_trip_index", right_on="trip_index", suffix="_kept")
    return both.select(
        kind=pl.lit(kind),
        dropped_trip_id="trip_id",
        kept_trip_id="trip_id_kept",
        dropped_feed="feed",
        kept_feed="feed_kept",
        dropped_operator="operator_name",
        kept_operator="operator_name_kept",
        start_s="start_s",
        gap_start_s="gap_start_s",
        gap_end_s="gap_end_s",
        n_dates_shared="n_dates_shared",
        is_removed=pl.col("trip_index").is_in(gone["trip_index"].implode()),
    ).select(pl.col(name).cast(dtype) for name, dtype in LISTED.items())


def _note_near(listed: pl.DataFrame, policy: Duplicates, notices: Notices) -> None:
    sides = ["dropped_feed", "dropped_operator", "kept_feed", "kept_operator"]
    ordered = listed.sort("dropped_trip_id", "kept_trip_id")
    for row in ordered.group_by(sides, maintain_order=True).agg(pl.len(), pl.all().first()).sort(sides).to_dicts():
        start, gap = format_time(row["start_s"]), row["gap_start_s"]
        done = "were removed where their dates allow" if policy.near.remove else "were kept"
        notices.add(
            NEAR_DUPLICATES,
            value=row["dropped_feed"],
            count=row["len"],
            detail=f"{row['len']} trips of {row['dropped_operator']} (feed {row['dropped_feed']}) run within "
            f"{policy.near.minutes} minutes of trips of {row['kept_operator']} (feed {row['kept_feed']}) and {done}; "
            f"for instance {row['dropped_trip_id']} at {start}, {gap} s after {row['kept_trip_id']}",
        )


def settle_duplicates(timetable: Timetable, policy: Duplicates, notices: Notices) -> tuple[Timetable, pl.DataFrame]:
    """Let every journey count once, and list every pair of trips that are, or may be, one journey.

    Parameters
    ----------
    timetable
        The timetable, usually of several feeds.
    policy
        Which feed's record stays, and what is done about near duplicates.
    notices
        Collector.

    Returns
    -------
    tuple of Timetable and polars.DataFrame
        The timetable without the trips that go; ``core_timetable__duplicates``: ``kind`` (``same``: removed;
        ``overlap``: equal, but each has dates of its own, both kept; ``near``), the two trips, their feeds and
        operators, first departure, how much later the dropped one is at its start and end, dates shared, and
        ``is_removed``.
    """
    matches = match_equal_trips(timetable, policy.precedence)
    note_duplicates(timetable, matches.gone, DUPLICATE_TRIPS, notices)
    note_duplicates(timetable, matches.overlapping, DUPLICATES_OVERLAP, notices)
    listed = [
        _list(timetable, matches.gone, "same", matches.gone),
        _list(timetable, matches.overlapping, "overlap", matches.gone),
    ]
    timetable = drop_trips(timetable, matches.gone)
    if policy.near.report:
        near = match_near_duplicates(timetable, policy)
        going = _choose_removals(near) if policy.near.remove else near.clear()
        listed.append(_list(timetable, near, "near", going))
        _note_near(listed[-1], policy, notices)
        timetable = drop_trips(timetable, going)
    return timetable, pl.concat(listed).sort("kind", "dropped_trip_id", "kept_trip_id")
