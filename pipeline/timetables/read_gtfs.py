"""From GTFS feeds to one timetable."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.hashing import hash_file
from pipeline.base.notices import Notices
from pipeline.base.zip_files import MAX_MEMBER_BYTES
from pipeline.timetables.calendars import read_service_dates
from pipeline.timetables.codes import FeedNotices
from pipeline.timetables.coordinates import BRITISH_TIMEZONE
from pipeline.timetables.frequencies import expand_runs, read_runs
from pipeline.timetables.gtfs_files import GtfsContainer, open_container
from pipeline.timetables.gtfs_tables import read_table
from pipeline.timetables.model import Timetable
from pipeline.timetables.routes import read_agencies, read_routes, read_trips
from pipeline.timetables.stop_times import Calls, read_calls
from pipeline.timetables.stops import read_stops, select_used_stops
from pipeline.timetables.transfers import read_transfers

FEED_INFO = ("feed_publisher_name", "feed_version", "feed_start_date", "feed_end_date")
FEED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _read_feed_info(container: GtfsContainer, notices: Notices) -> dict[str, object]:
    """Return what feed_info.txt says, and the date of extraction if its version begins or ends with one."""
    if not container.has("feed_info.txt"):
        return {}
    table = read_table(container, "feed_info.txt", required=[], optional=FEED_INFO, notices=notices)
    if table.is_empty():
        return {}
    info: dict[str, object] = {
        name: value for name, value in table.row(0, named=True).items() if name in FEED_INFO and value
    }
    found = re.search(r"(?<!\d)(20\d{6})(?!\d)", str(info.get("feed_version", "")))
    if found:
        try:
            info["extraction_date"] = datetime.strptime(found.group(1), "%Y%m%d").date().isoformat()  # noqa: DTZ007
        except ValueError:
            return info
    return info


def _number(table: pl.DataFrame, identifier: str, index: str) -> pl.DataFrame:
    return table.sort(identifier).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(index))


def _build_stop_times(calls: Calls, runs: pl.DataFrame, stop_map: pl.DataFrame) -> pl.DataFrame:
    """Join runs with the calls of their trips, shifted, and number stops as published."""
    table = (
        runs.select("trip_code", "trip_index", "shift_s")
        .join(calls.calls, on="trip_code", how="inner", maintain_order="left_right")
        .sort("trip_index", maintain_order=True)
        .with_columns(
            (pl.col("arrival_s") + pl.col("shift_s")).alias("arrival_s"),
            (pl.col("departure_s") + pl.col("shift_s")).alias("departure_s"),
        )
    )
    # Positions count from the start of each trip: row number minus the row number of the trip's first call.
    other = (table["trip_index"] != table["trip_index"].shift()).fill_null(value=True)
    number = pl.int_range(pl.len(), dtype=pl.Int32)
    table = table.with_columns((number - pl.when(other).then(number).forward_fill()).alias("position"))
    return table.join(stop_map, on="stop_code", how="left", maintain_order="left")


def read_gtfs(path: Path, *, feed: str, notices: Notices, max_member_bytes: int = MAX_MEMBER_BYTES) -> Timetable:
    """Read a GTFS feed.

    Everything that the GTFS reference defines and that bears on times is heeded: calendars and exceptions,
    frequencies, times past 24:00, blank times, pick-up and drop-off rules, parent stations, transfer rules.
    Structural problems are errors; a doubtful row is a notice and costs that row or trip only.

    Parameters
    ----------
    path
        A zip archive or a folder.
    feed
        Short name of the feed within its snapshot, such as ``bus``; it stands before every identifier.
    notices
        Collector.
    max_member_bytes
        Largest uncompressed size of one file of the archive.

    Returns
    -------
    Timetable
        Independent of the order of rows in the files.

    Raises
    ------
    InputError
        If the feed is missing, damaged, lacks a required file or column, gives one identifier to two things, or
        holds no usable trip.
    """
    if not FEED_NAME.fullmatch(feed):
        raise InputError(f"'{feed}' is no name for a feed", field="feed", cure="Use letters, digits, '-' and '_'.")
    notices = FeedNotices(notices, path.name)
    with open_container(path, notices, max_member_bytes=max_member_bytes) as container:
        agencies, zone = read_agencies(container, notices)
        routes = read_routes(container, agencies, notices)
        stops = read_stops(container, notices, is_british=zone == BRITISH_TIMEZONE)
        dates, services = read_service_dates(container, notices)
        trips = read_trips(container, routes, dates, services, notices)
        calls = read_calls(container, trips, stops, notices)
        runs = read_runs(container, trips, notices)
        info = _read_feed_info(container, notices)
        alive = trips.filter(pl.col("trip_code").is_in(calls.calls["trip_code"].unique().implode()) & pl.col("is_kept"))
        expanded = expand_runs(alive, runs, calls.first_departure)
        if expanded.is_empty():
            raise InputError(
                f"{path.name} holds no usable trip",
                file=path,
                cure="Its notices say why each trip was left out (connectivity validate lists them).",
            )
        called = stops.filter(
            pl.col("stop_code").is_in(
                calls.calls.filter(pl.col("trip_code").is_in(expanded["trip_code"].implode()))["stop_code"]
                .unique()
                .implode()
            )
        )
        transfers = read_transfers(container, stops, called, notices)
        kept_stops = select_used_stops(stops, called["stop_code"], notices)
    tables = _assemble(feed, agencies, routes, kept_stops, dates, expanded, calls, transfers)
    days = tables["service_dates"]["date"]
    meta: dict[str, object] = {
        "file": path.name,
        "sha256": hash_file(path),
        "first_date": str(days.min()),
        "last_date": str(days.max()),
        "extraction_date": None,
        **info,
    }
    return Timetable.build(tables, feeds={feed: meta}, timezone=zone)


def _assemble(
    feed: str,
    agencies: pl.DataFrame,
    routes: pl.DataFrame,
    stops: pl.DataFrame,
    dates: pl.DataFrame,
    runs: pl.DataFrame,
    calls: Calls,
    transfers: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Prefix identifiers with the feed, number everything in their order and keep what trips use."""
    name = pl.lit(feed).alias("feed")

    def prefix(column: str, alias: str = "") -> pl.Expr:
        return (pl.lit(f"{feed}:") + pl.col(column)).alias(alias or column)

    out_stops = _number(
        stops.with_columns(prefix("stop_id"), prefix("parent_station", "parent_stop_id"), name), "stop_id", "stop_index"
    )
    used_routes = routes.filter(pl.col("route_id").is_in(runs["route_id"].unique().implode()))
    out_routes = _number(used_routes.with_columns(prefix("route_id"), name), "route_id", "route_index")
    used_dates = dates.filter(pl.col("service_id").is_in(runs["service_id"].unique().implode()))
    services = _number(used_dates.select("service_id").unique(), "service_id", "service_index")
    services = services.with_columns(prefix("service_id", "published"))
    out_dates = used_dates.join(services, on="service_id").with_columns(pl.col("published").alias("service_id"))
    runs = _number(runs.with_columns(prefix("trip_id"), prefix("route_id"), name), "trip_id", "trip_index")
    out_trips = (
        runs.join(out_routes.select("route_id", "route_index"), on="route_id", maintain_order="left")
        .join(services.select("service_id", "service_index"), on="service_id", maintain_order="left")
        .with_columns(pl.col("trip_headsign").alias("headsign"), pl.lit(0).alias("n_duplicates"))
    )
    at = out_stops.select("stop_id", "stop_index")
    out_transfers = (
        transfers.with_columns(prefix("from_stop_id"), prefix("to_stop_id"))
        .join(at.rename({"stop_id": "from_stop_id", "stop_index": "from_stop_index"}), on="from_stop_id")
        .join(at.rename({"stop_id": "to_stop_id", "stop_index": "to_stop_index"}), on="to_stop_id")
        .sort("from_stop_index", "to_stop_index")
    )
    return {
        "stops": out_stops,
        "routes": out_routes,
        "service_dates": out_dates.sort("service_index", "date"),
        "trips": out_trips.sort("trip_index"),
        "stop_times": _build_stop_times(calls, runs, out_stops.select("stop_code", "stop_index")),
        "transfers": out_transfers,
        "agencies": agencies.with_columns(name).sort("operator_id"),
    }
