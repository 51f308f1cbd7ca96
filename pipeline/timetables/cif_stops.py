"""Where the stops of ATCO-CIF are: names and grid references, the unit of which is nowhere stated."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import Notices
from pipeline.timetables.cif_codes import (
    GRID_DISAGREES,
    GRID_UNREADABLE,
    SCALE_FOUND,
    STOP_UNPLACED,
)
from pipeline.timetables.cif_files import CifLines
from pipeline.timetables.cif_records import cut, note_rows
from pipeline.timetables.codes import STOP_NOT_LOCATED
from pipeline.timetables.naptan import Gazetteer, convert_grid

BRITISH, IRISH = ("EPSG:27700", 700_000.0, 1_300_000.0), ("EPSG:29903", 400_000.0, 500_000.0)
"""Coordinate system, and the greatest easting and northing of any place in it (metres)."""
POWERS = (-1, 0, 1, 2)
"""Grid references are in decimetres, metres, tens or hundreds of metres: ten to these powers of a metre."""
MAX_OFF_M = 5000.0


def find_powers(easting: pl.Series, northing: pl.Series, *, max_e: float, max_n: float) -> pl.Series:
    """Find the unit of grid references from their size.

    Every place in Britain has an easting above 70 km or a northing above 130 km and none above 700 km and 1,300 km;
    so there is just one power of ten that brings a reference into these bounds.

    Parameters
    ----------
    easting, northing
        As filed.
    max_e, max_n
        Bounds in metres.

    Returns
    -------
    polars.Series
        Power of ten of the unit in metres; null where none of :data:`POWERS` fits.
    """
    largest = np.maximum(easting.to_numpy() / max_e, northing.to_numpy() / max_n)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = -np.ceil(np.log10(largest))
    good = np.isin(power, POWERS) & (easting.to_numpy() > 0) & (northing.to_numpy() > 0)
    return pl.Series("power", np.where(good, power, np.nan)).fill_nan(None).cast(pl.Int32)


def read_locations(lines: CifLines, *, nation: str, notices: Notices) -> pl.DataFrame:
    """Read names and places of locations.

    Parameters
    ----------
    lines
        All lines.
    nation
        ``northern_ireland`` has the Irish grid, all others the British.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        ``stop_id``, ``stop_name`` (null where there is none), ``lon``, ``lat`` (degrees; null where not located); each
        location once, as given last.
    """
    table = lines.table
    named = table.filter((pl.col("kind") == "QL") & (pl.col("line").str.slice(2, 1) != "D"))
    rows = table.filter(pl.col("kind") == "ZA")
    names = pl.concat(
        [part.select("file", "row", cut(3, 12, "stop_id"), cut(15, 48, "stop_name")) for part in (rows, named)]
    ).filter(pl.col("stop_name") != "")
    names = names.unique("stop_id", keep="last", maintain_order=True).select("stop_id", "stop_name")
    placed = table.filter((pl.col("kind") == "QB") & (pl.col("line").str.slice(2, 1) != "D")).select(
        "file", "row", cut(3, 12, "stop_id"), cut(15, 8, "easting_text"), cut(23, 8, "northing_text")
    )
    placed = placed.filter((pl.col("easting_text") != "") | (pl.col("northing_text") != ""))
    placed = placed.unique("stop_id", keep="last", maintain_order=True)
    places = _convert(placed, lines.names, nation, notices)
    return names.join(places, on="stop_id", how="full", coalesce=True).sort("stop_id")


def _convert(placed: pl.DataFrame, names: list[str], nation: str, notices: Notices) -> pl.DataFrame:
    """Turn grid references into degrees, each file's in the unit that most of its own are in."""
    crs, max_e, max_n = IRISH if nation == "northern_ireland" else BRITISH
    placed = placed.with_columns(
        pl.col("easting_text").cast(pl.Float64, strict=False).alias("easting"),
        pl.col("northing_text").cast(pl.Float64, strict=False).alias("northing"),
    )
    filled = placed.with_columns(pl.col("easting", "northing").fill_null(float("nan")))
    placed = placed.with_columns(find_powers(filled["easting"], filled["northing"], max_e=max_e, max_n=max_n))
    votes = placed.drop_nulls("power").group_by("file", "power").len()
    unit = votes.sort("file", "len", "power", descending=[False, True, True]).unique("file", keep="first")
    placed = placed.join(unit.select("file", pl.col("power").alias("unit")), on="file", how="left")
    good = (pl.col("power") == pl.col("unit")).fill_null(value=False)
    note_rows(notices, GRID_UNREADABLE, placed.filter(~good), names, value="stop_id")
    placed = placed.filter(good).sort("file", "row")
    for file, power, count in placed.group_by("file", "unit").len().sort("file").iter_rows():
        if power:
            metres = 10.0**power
            notices.add(SCALE_FOUND, file=names[file], value=f"{metres:g} m", count=count)
    factor = pl.lit(10.0).pow(pl.col("unit"))
    placed = placed.with_columns((pl.col("easting") * factor).alias("x"), (pl.col("northing") * factor).alias("y"))
    lon, lat = convert_grid(placed["x"], placed["y"], crs=crs)
    return placed.select("stop_id", lon.round(7).alias("lon"), lat.round(7).alias("lat"))


def build_stops(
    called: pl.Series, locations: pl.DataFrame, gazetteer: Gazetteer | None, *, file: str, notices: Notices
) -> pl.DataFrame:
    """Give every stop that journeys call at a name and, where known, a place.

    The file's own grid reference stands before NaPTAN's, since it is of the timetable's own time; where most of them
    lie more than 5 km from NaPTAN's, the file's are not used.

    Parameters
    ----------
    called
        Identifiers of the stops.
    locations
        From :func:`read_locations`.
    gazetteer
        NaPTAN, if there is one.
    file
        Name of the feed's file.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        ``stop_id``, ``stop_name``, ``lon``, ``lat`` (null where not located), sorted.
    """
    stops = pl.DataFrame({"stop_id": called.unique()}).join(locations, on="stop_id", how="left").sort("stop_id")
    found = [gazetteer.find(code) if gazetteer else None for code in stops["stop_id"].to_list()]
    stops = stops.with_columns(
        pl.Series("g_name", [one.stop_name if one else None for one in found], dtype=pl.String),
        pl.Series("g_lon", [one.lon if one else None for one in found], dtype=pl.Float64),
        pl.Series("g_lat", [one.lat if one else None for one in found], dtype=pl.Float64),
    )
    both = stops.drop_nulls(["lon", "g_lon"])
    off_m = compute_haversine_m(*(both[name].to_numpy() for name in ("lon", "lat", "g_lon", "g_lat")))
    if both.height and float(np.median(off_m)) > MAX_OFF_M:
        notices.add(GRID_DISAGREES, file=file, count=both.height, value=both["stop_id"][0])
        stops = stops.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in ("lon", "lat"))
    elsewhere = stops.filter(pl.col("lon").is_null() & pl.col("g_lon").is_not_null())
    for code in elsewhere["stop_id"].to_list():
        notices.add(STOP_UNPLACED, file=file, value=code)
    stops = stops.select(
        "stop_id",
        pl.coalesce("stop_name", pl.when(pl.col("g_name") != "").then("g_name"), "stop_id").alias("stop_name"),
        pl.when(pl.col("lon").is_null()).then("g_lon").otherwise("lon").alias("lon"),
        pl.when(pl.col("lon").is_null()).then("g_lat").otherwise("lat").alias("lat"),
    )
    for code in stops.filter(pl.col("lon").is_null())["stop_id"].to_list():
        notices.add(STOP_NOT_LOCATED, file=file, value=code)
    return stops
