"""transfers.txt: rules for changing between two stops."""

from __future__ import annotations

import polars as pl

from pipeline.base.notices import Notices
from pipeline.timetables.codes import (
    TRANSFER_CONTRADICTION,
    TRANSFER_NOT_USED,
    TRANSFER_UNREADABLE,
    UNKNOWN_REFERENCE,
    add_rows,
)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import read_table
from pipeline.timetables.gtfs_times import parse_integers

FILE = "transfers.txt"
KINDS = {1: "timed", 2: "minimum", 3: "forbidden"}
STRICTNESS = {"timed": 0, "minimum": 1, "forbidden": 2}
PARTICULAR = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
EMPTY = pl.DataFrame(
    schema={"from_stop_id": pl.String, "to_stop_id": pl.String, "kind": pl.String, "min_transfer_s": pl.Int32}
)


def _read_rules(container: GtfsContainer, stops: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    """Return the rows that hold for all routes and say something, with their ``kind``."""
    optional = ["from_stop_id", "to_stop_id", "transfer_type", "min_transfer_time", *PARTICULAR]
    table = read_table(container, FILE, required=[], optional=optional, notices=notices)
    number = parse_integers("transfer_type", pl.Int8)
    table = table.with_columns(
        pl.when(pl.col("transfer_type").is_null()).then(0).otherwise(number).alias("type"),
        parse_integers("min_transfer_time").alias("min_transfer_s"),
    )
    special = pl.col("type").is_in([4, 5]) | pl.any_horizontal(pl.col(column).is_not_null() for column in PARTICULAR)
    special = special.fill_null(value=False)
    add_rows(notices, TRANSFER_NOT_USED, table.filter(special), file=FILE, field="transfer_type")
    table = table.filter(~special)
    for field in ("from_stop_id", "to_stop_id"):
        known = pl.col(field).is_in(stops["stop_id"].implode()).fill_null(value=False)
        add_rows(notices, UNKNOWN_REFERENCE, table.filter(~known), file=FILE, field=field)
        table = table.filter(known)
    bad = (
        pl.col("type").is_null()
        | ~pl.col("type").is_between(0, 5)
        | ((pl.col("type") == 2) & (pl.col("min_transfer_s").is_null() | (pl.col("min_transfer_s") < 0)))
    ).fill_null(value=True)
    add_rows(notices, TRANSFER_UNREADABLE, table.filter(bad), file=FILE, field="transfer_type")
    return table.filter(~bad & (pl.col("type") > 0)).with_columns(
        pl.col("type").replace_strict(KINDS, default=None, return_dtype=pl.String).alias("kind"),
        pl.when(pl.col("type") == 2).then("min_transfer_s").alias("min_transfer_s"),
    )


def _build_members(stops: pl.DataFrame, called: pl.DataFrame) -> pl.DataFrame:
    """Return place x called stop: a stop itself, and a station with every called stop below it."""
    own = called.select(pl.col("stop_id").alias("place"), "stop_id", pl.lit(0).alias("depth"))
    parts, level = [own], own
    parents = stops.filter(pl.col("parent_station").is_not_null()).select(
        pl.col("stop_id").alias("place"), pl.col("parent_station").alias("above")
    )
    for depth in (1, 2):
        level = level.join(parents, on="place").select(
            pl.col("above").alias("place"), "stop_id", pl.lit(depth).alias("depth")
        )
        parts.append(level)
    return pl.concat(parts).unique(["place", "stop_id"], keep="first", maintain_order=True)


def read_transfers(
    container: GtfsContainer, stops: pl.DataFrame, called: pl.DataFrame, notices: Notices
) -> pl.DataFrame:
    """Read transfers.txt.

    Rows for stations hold for every pair of their called stops, unless a row names those stops themselves (or
    one of them). Of several rows equally particular the strictest holds.

    Parameters
    ----------
    container
        The open feed.
    stops
        All stops with ``stop_id`` and ``parent_station``.
    called
        The stops that trips call at.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        ``from_stop_id``, ``to_stop_id``, ``kind`` (timed, minimum, forbidden), ``min_transfer_s`` (null unless
        minimum), each pair once, sorted.
    """
    if not container.has(FILE):
        return EMPTY
    rules = _read_rules(container, stops, notices)
    members = _build_members(stops, called)
    start = members.rename({"place": "from_stop_id", "stop_id": "from_called", "depth": "from_depth"})
    end = members.rename({"place": "to_stop_id", "stop_id": "to_called", "depth": "to_depth"})
    pairs = rules.join(start, on="from_stop_id").join(end, on="to_stop_id")
    pairs = pairs.with_columns(
        (pl.col("from_depth") + pl.col("to_depth")).alias("depth"),
        pl.col("kind").replace_strict(STRICTNESS, return_dtype=pl.Int8).alias("strictness"),
    )
    key = ["from_called", "to_called"]
    pairs = pairs.filter(pl.col("depth") == pl.col("depth").min().over(key))
    said = pairs.select("row", *key, "strictness", "min_transfer_s", "kind").unique(
        [*key, "strictness", "min_transfer_s"], keep="any"
    )
    clash = said.filter(pl.struct(key).is_duplicated())
    add_rows(notices, TRANSFER_CONTRADICTION, clash.unique("row"), file=FILE, field="transfer_type", value="kind")
    ranked = pairs.sort(
        [*key, "strictness", "min_transfer_s"], descending=[False, False, True, True], nulls_last=True
    ).unique(key, keep="first", maintain_order=True)
    return ranked.select(
        pl.col("from_called").alias("from_stop_id"), pl.col("to_called").alias("to_stop_id"), "kind", "min_transfer_s"
    )
