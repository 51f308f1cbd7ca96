"""From the timetable model to a GTFS archive that others can use and that reads back to the same trips."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from pipeline.base.clock import DAY_S
from pipeline.base.hashing import hash_value
from pipeline.base.io import staged_file
from pipeline.timetables.gtfs_calendar import build_calendar
from pipeline.timetables.model import Timetable
from pipeline.timetables.stops import LOCATED_FLAG

NOWHERE_LON, NOWHERE_LAT = -30.0, 30.0
"""GTFS demands coordinates of every stop: those without any are put here, in the mid Atlantic, and say so."""
NOWHERE_TEXT = "Place unknown: the coordinates stand for no place"
PUBLISHER = "The connectivity pipeline"
UNKNOWN_URL = "https://example.org/"
"""GTFS demands addresses of operators and of the publisher, which the other formats do not hold."""
NO_OPERATOR = "unknown"
OTHER_ROUTE_TYPE = 1700
ROWS_AT_ONCE = 500_000
TRANSFER_TYPES = {"timed": 1, "minimum": 2, "forbidden": 3}
STAMP = (1980, 1, 1, 0, 0, 0)


def write_gtfs(timetable: Timetable, path: Path) -> None:
    """Write a timetable as a GTFS archive; the same timetable gives the same bytes.

    Identifiers lose the name of their feed if there is just one. Trips with a time before the service day's zero,
    which GTFS cannot say, belong to the service day before, 24 hours later on its clock. Stops without a place get
    coordinates in the mid Atlantic, a description that says so, and 0 in the additional column ``is_located``, by which
    :func:`pipeline.timetables.read_gtfs.read_gtfs` knows them again. Places that trips call at are written as
    platforms; a parent that is called at itself is no parent in GTFS and is left out as such. That a trip stands for an
    inexact frequency, and how many duplicates it replaced, GTFS cannot say.

    Parameters
    ----------
    timetable
        Any timetable.
    path
        The archive; replaced if it exists.
    """
    trips, dates, times = _move_early_trips(timetable)
    prefix = f"{next(iter(timetable.feeds))}:" if len(timetable.feeds) == 1 else ""
    tables = {
        "agency": _build_agencies(timetable),
        "stops": _build_stops(timetable, prefix),
        "routes": _build_routes(timetable, prefix),
        "trips": _build_trips(timetable, trips, prefix),
        "calendar": pl.DataFrame(),
        "calendar_dates": pl.DataFrame(),
        "transfers": _build_transfers(timetable, prefix),
        "feed_info": _build_feed_info(timetable, dates),
    }
    tables["calendar"], tables["calendar_dates"] = build_calendar(dates.select(_bare("service_id", prefix), "date"))
    with staged_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name, table in tables.items():
            if table.height:
                _write_member(out, name, [table])
            if name == "trips":
                _write_member(out, "stop_times", _iter_stop_times(timetable, times, prefix))


def _write_member(archive: zipfile.ZipFile, name: str, parts: Iterable[pl.DataFrame]) -> None:
    info = zipfile.ZipInfo(f"{name}.txt", date_time=STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as handle:
        for number, part in enumerate(parts):
            handle.write(_tidy(part).write_csv(include_header=number == 0).encode())


def _clean(column: str) -> pl.Expr:
    """Keep line breaks and runs of blanks out of a text, and leave nothing where there is nothing."""
    text = pl.col(column).str.replace_all(r"[\s\x00]+", " ").str.strip_chars(" ")
    return pl.when(text != "").then(text).alias(column)


def _tidy(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(_clean(name) for name, dtype in table.schema.items() if dtype == pl.String)


def _bare(column: str, prefix: str, alias: str | None = None) -> pl.Expr:
    return (
        pl.col(column).str.strip_prefix(prefix).alias(alias or column)
        if prefix
        else pl.col(column).alias(alias or column)
    )


def _move_early_trips(timetable: Timetable) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Give trips that begin before zero to the days before: trips and dates with ``service_id``, and times moved."""
    services = timetable.service_dates.select("service_index", "service_id").unique()
    trips = timetable.trips.join(services, on="service_index", how="left", maintain_order="left")
    dates, times = timetable.service_dates, timetable.stop_times
    first = times.group_by("trip_index").agg(pl.min_horizontal(pl.col("arrival_s").min(), pl.col("departure_s").min()))
    early = first.filter(pl.col("arrival_s") < 0).select(
        "trip_index", ((-pl.col("arrival_s") + DAY_S - 1) // DAY_S).alias("n_days")
    )
    if early.is_empty():
        return trips, dates, times
    trips = trips.join(early, on="trip_index", how="left", maintain_order="left")
    moved = pl.format("{}-{}d", "service_id", "n_days")
    pairs = trips.drop_nulls("n_days").select("service_id", "n_days", moved.alias("moved_id")).unique()
    more = pairs.join(dates.select("service_id", "date"), on="service_id").select(
        pl.col("moved_id").alias("service_id"), (pl.col("date") - pl.duration(days=pl.col("n_days"))).alias("date")
    )
    kept = trips.filter(pl.col("n_days").is_null())["service_id"].unique()
    dates = pl.concat(
        [dates.filter(pl.col("service_id").is_in(kept.implode())).select("service_id", "date"), more]
    ).sort("service_id", "date")
    trips = trips.with_columns(
        pl.when(pl.col("n_days").is_null()).then("service_id").otherwise(moved).alias("service_id")
    )
    shift = (pl.col("n_days").fill_null(0) * DAY_S).cast(pl.Int32)
    times = times.join(early, on="trip_index", how="left", maintain_order="left").with_columns(
        (pl.col("arrival_s") + shift).alias("arrival_s"), (pl.col("departure_s") + shift).alias("departure_s")
    )
    return trips, dates, times


def _agency_id(timetable: Timetable) -> pl.Expr:
    """Return the identifier of an operator; with several feeds it carries the feed's name."""
    own = pl.when(pl.col("operator_id").fill_null("") == "").then(pl.lit(NO_OPERATOR)).otherwise("operator_id")
    return own if len(timetable.feeds) == 1 else pl.format("{}:{}", "feed", own)


def _build_agencies(timetable: Timetable) -> pl.DataFrame:
    """Return the operators that routes name, also those that no operator's row explains."""
    routes = timetable.routes.select(
        _agency_id(timetable).alias("agency_id"),
        pl.coalesce(_clean("operator_name"), _clean("operator_id")).alias("agency_name"),
    )
    return (
        routes.group_by("agency_id")
        .agg(pl.col("agency_name").drop_nulls().sort().first())
        .sort("agency_id")
        .select(
            "agency_id",
            pl.coalesce("agency_name", "agency_id").alias("agency_name"),
            pl.lit(UNKNOWN_URL).alias("agency_url"),
            pl.lit(timetable.timezone).alias("agency_timezone"),
        )
    )


def _build_stops(timetable: Timetable, prefix: str) -> pl.DataFrame:
    stops = timetable.stops
    called = timetable.stop_times["stop_index"].unique()
    is_called = pl.col("stop_index").is_in(called.implode())
    parents = stops.filter(~is_called)["stop_id"]
    good = pl.col("is_located") & pl.col("lon").is_not_null() & pl.col("lat").is_not_null()
    has_parent = is_called & pl.col("parent_stop_id").is_in(parents.implode())
    return stops.select(
        _bare("stop_id", prefix),
        pl.coalesce(_clean("stop_name"), _bare("stop_id", prefix)).alias("stop_name"),
        pl.when(~good).then(pl.lit(NOWHERE_TEXT)).otherwise(pl.lit(None, dtype=pl.String)).alias("stop_desc"),
        pl.when(good).then("lat").otherwise(NOWHERE_LAT).alias("stop_lat"),
        pl.when(good).then("lon").otherwise(NOWHERE_LON).alias("stop_lon"),
        pl.when(is_called).then(0).otherwise(1).alias("location_type"),
        pl.when(has_parent).then(_bare("parent_stop_id", prefix)).alias("parent_station"),
        pl.when(is_called).then("platform_code").alias("platform_code"),
        pl.col("wheelchair_boarding").fill_null(0),
        good.cast(pl.Int8).alias(LOCATED_FLAG),
    )


def _build_routes(timetable: Timetable, prefix: str) -> pl.DataFrame:
    return timetable.routes.select(
        _bare("route_id", prefix),
        _agency_id(timetable).alias("agency_id"),
        "route_short_name",
        pl.when(_clean("route_short_name").is_null())
        .then(pl.coalesce(_clean("route_long_name"), _bare("route_id", prefix)))
        .otherwise("route_long_name")
        .alias("route_long_name"),
        pl.col("route_type").fill_null(OTHER_ROUTE_TYPE),
    )


def _build_trips(timetable: Timetable, trips: pl.DataFrame, prefix: str) -> pl.DataFrame:
    routes = timetable.routes.select("route_index", "route_id")
    return trips.join(routes, on="route_index", how="left", maintain_order="left").select(
        _bare("route_id", prefix),
        _bare("service_id", prefix),
        _bare("trip_id", prefix),
        pl.col("headsign").alias("trip_headsign"),
        "direction_id",
        pl.col("wheelchair_accessible").fill_null(0),
    )


def _clock(column: str) -> pl.Expr:
    """Write seconds as HH:MM:SS, past 24:00:00 if need be."""
    seconds = pl.col(column)
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    parts = [part.cast(pl.String).str.zfill(2) for part in (hours, minutes, rest)]
    return pl.concat_str(parts, separator=":")


def _iter_stop_times(timetable: Timetable, times: pl.DataFrame, prefix: str) -> Iterator[pl.DataFrame]:
    trip_ids = timetable.trips.select(_bare("trip_id", prefix))["trip_id"]
    stop_ids = timetable.stops.select(_bare("stop_id", prefix))["stop_id"]
    for start in range(0, times.height, ROWS_AT_ONCE):
        part = times.slice(start, ROWS_AT_ONCE)
        yield part.select(
            trip_ids.gather(part["trip_index"]).alias("trip_id"),
            _clock("arrival_s").alias("arrival_time"),
            _clock("departure_s").alias("departure_time"),
            stop_ids.gather(part["stop_index"]).alias("stop_id"),
            pl.col("position").alias("stop_sequence"),
            pl.when("is_pickup").then(0).otherwise(1).alias("pickup_type"),
            pl.when("is_dropoff").then(0).otherwise(1).alias("drop_off_type"),
            pl.when("is_interpolated").then(0).otherwise(1).alias("timepoint"),
        )


def _build_transfers(timetable: Timetable, prefix: str) -> pl.DataFrame:
    stop_ids = timetable.stops.select(_bare("stop_id", prefix))["stop_id"]
    return timetable.transfers.select(
        stop_ids.gather(timetable.transfers["from_stop_index"]).alias("from_stop_id"),
        stop_ids.gather(timetable.transfers["to_stop_index"]).alias("to_stop_id"),
        pl.col("kind").replace_strict(TRANSFER_TYPES, return_dtype=pl.Int8).alias("transfer_type"),
        pl.col("min_transfer_s").alias("min_transfer_time"),
    )


def _build_feed_info(timetable: Timetable, dates: pl.DataFrame) -> pl.DataFrame:
    """Name the version by the date on which the sources were made, if all say so, else by their content."""
    made = [feed.get("extraction_date") for feed in timetable.feeds.values()]
    version = str(max(map(str, made))).replace("-", "") if all(made) else hash_value(timetable.feeds)[:12]
    first, last = dates.select(
        pl.col("date").min().dt.strftime("%Y%m%d").alias("first"),
        pl.col("date").max().dt.strftime("%Y%m%d").alias("last"),
    ).row(0)
    return pl.DataFrame(
        {
            "feed_publisher_name": [PUBLISHER],
            "feed_publisher_url": [UNKNOWN_URL],
            "feed_lang": ["en"],
            "feed_start_date": [first],
            "feed_end_date": [last],
            "feed_version": [version],
        }
    )
