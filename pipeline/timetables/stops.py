"""stops.txt: places, their parents and what is doubtful about them."""

from __future__ import annotations

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.timetables.codes import (
    CALL_AT_STATION,
    STOP_NOT_LOCATED,
    STOP_TAKES_PARENT_LOCATION,
    STOP_UNUSED,
    UNKNOWN_PARENT,
    add_rows,
)
from pipeline.timetables.coordinates import GRID_DM, GRID_M, RULES, SCALED, SWAPPED, repair_coordinates
from pipeline.timetables.coordinates import NEAR_ZERO_DEG as NEAR_ZERO_DEG  # noqa: PLC0414 (naptan.py takes it from here)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import check_unique, read_table
from pipeline.timetables.gtfs_times import parse_integers, parse_numbers

STOP_ON_GRID = declare_notice(
    "stop_coordinates_on_grid",
    "warning",
    "The stop's longitude and latitude are easting and northing of the National Grid of Great Britain; they were "
    "converted.",
    "Give longitude and latitude in degrees (WGS 84).",
)
STOP_SCALED = declare_notice(
    "stop_coordinates_scaled",
    "warning",
    "The stop's longitude and latitude lack their decimal point; it was put where the feed's other stops lie.",
    "Write degrees with a decimal point.",
)
STOP_SWAPPED = declare_notice(
    "stop_coordinates_swapped",
    "warning",
    "The stop's longitude and latitude are swapped: as given it lies 500 km or more from the feed's other stops, "
    "swapped amid them. They were swapped back.",
    "Swap stop_lat and stop_lon.",
)
REPAIRS = {GRID_M: STOP_ON_GRID, GRID_DM: STOP_ON_GRID, SCALED: STOP_SCALED, SWAPPED: STOP_SWAPPED}
FILE = "stops.txt"
LOCATED_FLAG = "is_located"
"""Column, beyond GTFS, that is 0 where coordinates stand for no place; ``convert`` writes it."""
MAX_LEVELS = 3
"""A boarding area may lie in a platform, which lies in a station."""


def _add_location(stops: pl.DataFrame, *, is_british: bool) -> pl.DataFrame:
    """Take the coordinates given, unless flagged as standing for no place, repaired where a rule allows."""
    is_flagged = (pl.col(LOCATED_FLAG).fill_null("1") == "0").fill_null(value=False)
    stops = stops.with_columns(
        pl.when(~is_flagged).then(pl.col("own_lon")).alias("own_lon"),
        pl.when(~is_flagged).then(pl.col("own_lat")).alias("own_lat"),
    )
    own = [stops[name].fill_null(float("nan")).to_numpy() for name in ("own_lon", "own_lat")]
    repaired = repair_coordinates(*own, is_british=is_british)
    lon, lat = (pl.Series(values).fill_nan(None) for values in (repaired.lon, repaired.lat))
    return stops.with_columns(
        lon.alias("lon"),
        lat.alias("lat"),
        pl.Series("repair", repaired.rule),
        lon.is_not_null().alias("is_located"),
        (pl.col("stop_lat").is_null() & pl.col("stop_lon").is_null()).alias("is_blank"),
        pl.lit(value=False).alias("is_from_parent"),
    )


def _inherit(stops: pl.DataFrame) -> pl.DataFrame:
    """Fill blank coordinates and unknown wheelchair access from the parent."""
    for _ in range(MAX_LEVELS - 1):
        parent = stops.select(
            pl.col("stop_id").alias("parent_station"),
            pl.col("lon").alias("p_lon"),
            pl.col("lat").alias("p_lat"),
            pl.col("is_located").alias("p_located"),
            pl.col("wheelchair_boarding").alias("p_wheelchair"),
        )
        stops = stops.join(parent, on="parent_station", how="left", maintain_order="left")
        take = pl.col("is_blank") & ~pl.col("is_located") & pl.col("p_located").fill_null(value=False)
        unknown = pl.col("wheelchair_boarding") == 0
        stops = stops.with_columns(
            pl.when(take).then("p_lon").otherwise("lon").alias("lon"),
            pl.when(take).then("p_lat").otherwise("lat").alias("lat"),
            (pl.col("is_located") | take).alias("is_located"),
            (pl.col("is_from_parent") | take).alias("is_from_parent"),
            pl.when(unknown)
            .then(pl.col("p_wheelchair").fill_null(0))
            .otherwise("wheelchair_boarding")
            .alias("wheelchair_boarding"),
        ).drop("p_lon", "p_lat", "p_located", "p_wheelchair")
    return stops


def read_stops(container: GtfsContainer, notices: Notices, *, is_british: bool = False) -> pl.DataFrame:
    """Read stops.txt.

    Parameters
    ----------
    container
        The open feed.
    notices
        Collector; what is doubtful about locations is noted by :func:`select_used_stops`, for used stops only.
    is_british
        Whether coordinates out of range may be those of the National Grid of Great Britain.

    Returns
    -------
    polars.DataFrame
        Sorted by ``stop_id``, with ``stop_code`` (0..n-1), ``row``, ``lon`` and ``lat`` (null if not usable),
        ``is_located``, ``location_type`` and the rest.

    Raises
    ------
    InputError
        If the file is missing or broken, or gives one ``stop_id`` to two different places.
    """
    optional = [
        "stop_name",
        "location_type",
        "parent_station",
        "platform_code",
        "wheelchair_boarding",
        LOCATED_FLAG,
        "stop_code",
    ]
    table = read_table(
        container, FILE, required=["stop_id", "stop_lat", "stop_lon"], optional=optional, notices=notices
    )
    codes = table.select("row", pl.col("stop_code").alias("public_code"))
    table = check_unique(table.drop("stop_code"), "stop_id", container, FILE, notices)
    table = table.join(codes, on="row", how="left", maintain_order="left")
    if table.is_empty():
        raise InputError(f"{FILE} has no rows", file=f"{container.path.name}:{FILE}", cure="Fetch the timetable again.")
    stops = table.with_columns(
        parse_numbers("stop_lon").alias("own_lon"),
        parse_numbers("stop_lat").alias("own_lat"),
        parse_integers("location_type", pl.Int8).fill_null(0),
        parse_integers("wheelchair_boarding", pl.Int8).fill_null(0),
        pl.col("stop_name").fill_null(""),
    )
    return (
        _inherit(_add_location(stops, is_british=is_british))
        .sort("stop_id")
        .with_row_index("stop_code")
        .with_columns(pl.col("stop_code").cast(pl.Int32))
    )


def _add_ancestors(stops: pl.DataFrame, used: pl.Series) -> pl.Series:
    keep = used
    for _ in range(MAX_LEVELS - 1):
        parents = stops.filter(pl.col("stop_code").is_in(keep.implode()))["parent_station"].drop_nulls()
        more = stops.filter(pl.col("stop_id").is_in(parents.implode()))["stop_code"]
        keep = pl.concat([keep, more]).unique()
    return keep


def select_used_stops(stops: pl.DataFrame, used: pl.Series, notices: Notices) -> pl.DataFrame:
    """Keep the stops that trips call at and their parents, and note what is doubtful about them.

    Parameters
    ----------
    stops
        From :func:`read_stops`.
    used
        ``stop_code`` of every stop of which some trip makes use.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        The rows kept, sorted by ``stop_id``.
    """
    called = stops.filter(pl.col("stop_code").is_in(used.implode()))
    kept = stops.filter(pl.col("stop_code").is_in(_add_ancestors(stops, used).implode()))
    orphan = pl.col("parent_station").is_not_null() & ~pl.col("parent_station").is_in(stops["stop_id"].implode())
    add_rows(notices, UNKNOWN_PARENT, kept.filter(orphan), file=FILE, field="parent_station")
    shown = pl.format(
        "stop {} at lat {}, lon {}",
        "stop_id",
        pl.col("stop_lat").fill_null("blank"),
        pl.col("stop_lon").fill_null("blank"),
    )
    lost = called.filter(~pl.col("is_located")).with_columns(shown.alias("shown"))
    add_rows(notices, STOP_NOT_LOCATED, lost, file=FILE, field="stop_lat", value="shown")
    _note_repairs(called.with_columns(shown.alias("shown")), notices)
    add_rows(
        notices,
        STOP_TAKES_PARENT_LOCATION,
        called.filter("is_from_parent"),
        file=FILE,
        field="stop_lat",
        value="stop_id",
    )
    add_rows(
        notices,
        CALL_AT_STATION,
        called.filter(pl.col("location_type") != 0),
        file=FILE,
        field="location_type",
        value="stop_id",
    )
    unused = stops.height - kept.height
    if unused:
        notices.add(STOP_UNUSED, file=FILE, count=unused)
    return kept.with_columns(pl.when(~orphan).then("parent_station").alias("parent_station"))


def _note_repairs(called: pl.DataFrame, notices: Notices) -> None:
    """Note every stop whose coordinates were read in another way than as degrees."""
    for rule, reading in RULES.items():
        place = pl.format("{}: lat {}, lon {}", pl.lit(reading), pl.col("lat").round(6), pl.col("lon").round(6))
        rows = called.filter(pl.col("repair") == rule).with_columns(place.alias("place"))
        add_rows(notices, REPAIRS[rule], rows, file=FILE, field="stop_lat", value="shown", detail="place")
