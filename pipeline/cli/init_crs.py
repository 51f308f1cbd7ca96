"""Where an area lies and in which coordinate systems its files are, with the reason for each decision."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.spatial import cKDTree

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.base.progress import measure
from pipeline.cli.init_columns import find_coordinates
from pipeline.cli.init_files import FoundTable
from pipeline.streets.osm_files import check_osm_file
from pipeline.streets.read_osm import read_streets
from pipeline.streets.snap import compute_eligible_components, snap_points

NEAR_M = 500.0
"""What lies farther from every point of a street is taken to lie off the extract."""
M_PER_DEGREE = 111_195.0
THIN_M = 50.0
NOT_WALKABLE = frozenset({"motorway", "motorway_link", "construction", "proposed", "raceway", "bus_guideway"})
BRITISH = "EPSG:27700"
IRISH = "EPSG:2157"
WGS84 = "EPSG:4326"
"""A coordinate system is believed if it puts at least this share of a file's points near the streets."""


@dataclass(frozen=True)
class StreetMap:
    """Where an extract has streets.

    Attributes
    ----------
    tree
        Points of streets, in metres of a plane around ``middle``.
    middle
        Latitude of that plane, degrees.
    west, south, east, north
        Degrees.
    """

    tree: cKDTree
    middle: float
    west: float
    south: float
    east: float
    north: float

    def find_inside(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say which points (degrees) lie within 500 m of a street."""
        good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90)
        inside = np.zeros(len(lon), dtype=bool)
        distance_m, _ = self.tree.query(_project(lon[good], lat[good], self.middle), distance_upper_bound=NEAR_M)
        inside[good] = np.isfinite(distance_m)
        return inside

    def describe(self) -> str:
        """Return the box in words."""
        return f"longitude {self.west:.3f} to {self.east:.3f}, latitude {self.south:.3f} to {self.north:.3f}"


def _project(lon: NDArray[np.float64], lat: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
    """Put degrees on a plane that is true around a latitude, metres."""
    return np.column_stack([lon * M_PER_DEGREE * np.cos(np.radians(middle)), lat * M_PER_DEGREE])


def read_street_map(path: Path) -> StreetMap:
    """Read where an OpenStreetMap extract has streets.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    StreetMap
        By the points of its streets, thinned out to one in 50 m.

    Raises
    ------
    InputError
        If it cannot be read or has no streets.
    """
    check_osm_file(path)
    lon, lat = array("d"), array("d")
    try:
        with measure(f"reading {path.name}"):
            ways = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
            ways = ways.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            for way in ways.with_filter(osmium.filter.KeyFilter("highway")):
                if way.tags.get("highway") in NOT_WALKABLE:
                    continue
                for node in way.nodes:  # type: ignore[union-attr]
                    if node.location.valid():
                        lon.append(node.lon)
                        lat.append(node.lat)
    except RuntimeError as error:
        raise InputError(
            f"{path.name} cannot be read as OpenStreetMap: {error}", file=path, cure="Get the extract again."
        ) from None
    if not lon:
        raise InputError(
            f"{path.name} holds no streets.", file=path, cure="Give an extract with all of OpenStreetMap's highways."
        )
    x, y = np.frombuffer(lon), np.frombuffer(lat)
    middle = float(y.min() + y.max()) / 2
    points = np.unique(np.round(_project(x, y, middle) / THIN_M), axis=0) * THIN_M
    return StreetMap(cKDTree(points), middle, float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def find_joined(
    osm: Path, points: tuple[NDArray[np.float64], NDArray[np.float64]], stops: list[pl.DataFrame]
) -> list[NDArray[np.bool_]]:
    """Find which points a run would join to the streets, by the rules of the pipeline.

    Parameters
    ----------
    osm
        The extract.
    points
        Longitudes and latitudes, degrees; NaN where blank.
    stops
        For each snapshot ``lon``, ``lat`` of its stops, which make small separate networks count.

    Returns
    -------
    list of bool[n]
        For each snapshot: true for points that are joined.
    """
    streets = read_streets(osm, Notices())
    found = []
    for places in stops:
        eligible = compute_eligible_components(streets, places["lon"].to_numpy(), places["lat"].to_numpy())
        found.append(np.asarray(snap_points(streets, *points, eligible_components=eligible).edge_index >= 0))
    return found


def find_utm(lon: float, lat: float) -> str:
    """Return the UTM zone (WGS 84) of a place: ``EPSG:326nn`` north and ``EPSG:327nn`` south of the equator."""
    zone = min(60, int((lon + 180) // 6) + 1)
    return f"EPSG:{326 if lat >= 0 else 327}{zone:02d}"


def choose_area_crs(streets: StreetMap, timezones: set[str], tables: list[FoundTable]) -> tuple[str, str]:
    """Choose the projected coordinate system of an area.

    Parameters
    ----------
    streets
        Where it lies.
    timezones
        Of its timetables.
    tables
        Files, of which some carry a system.

    Returns
    -------
    tuple
        Such as ``EPSG:27700``, and the reason.
    """
    for table in tables:
        crs = table.frame.crs if isinstance(table.frame, gpd.GeoDataFrame) else None
        if crs is not None and crs.is_projected and (code := crs.to_epsg()) is not None:
            return f"EPSG:{code}", f"{table.path.name} is in it"
    lon, lat = (streets.west + streets.east) / 2, (streets.south + streets.north) / 2
    if "Europe/Dublin" in timezones or (-8.2 < lon < -5.43 and 54.0 < lat < 55.32):
        return IRISH, "the streets lie in Ireland"
    if "Europe/London" in timezones and -9 < lon < 2 and 49.8 < lat < 61:
        return BRITISH, "British National Grid: the timetables are in British time and the streets in Great Britain"
    return find_utm(lon, lat), f"the UTM zone of longitude {lon:.2f}, latitude {lat:.2f}"


@dataclass(frozen=True)
class Located:
    """Where the rows of a table are.

    Attributes
    ----------
    x, y
        Columns; None where the table has shapes.
    crs
        Their system; None where the file carries it.
    lon, lat
        Degrees, NaN where blank.
    inside
        Which lie near a street.
    why
        How the system was found.
    """

    x: str | None
    y: str | None
    crs: str | None
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    inside: NDArray[np.bool_]
    why: str


def find_location(table: FoundTable, streets: StreetMap, area_crs: str) -> Located | None:
    """Find where the rows of a table are: by its shapes, or by the system that puts its points near the streets.

    Parameters
    ----------
    table
        The table.
    streets
        The extract.
    area_crs
        The area's system, tried before others.

    Returns
    -------
    Located or None
        None if the table has neither shapes nor columns of coordinates.

    Raises
    ------
    InputError
        If no system puts any point near the streets and it therefore cannot be told.
    """
    if isinstance(table.frame, gpd.GeoDataFrame):
        crs = table.frame.crs or CRS.from_user_input(WGS84)
        shapes = table.frame.geometry.set_crs(crs, allow_override=True)
        points = shapes if (shapes.geom_type.dropna() == "Point").all() else shapes.representative_point()
        lon, lat = _to_degrees(points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float), crs)
        why = "the file says so" if table.frame.crs else "assumed; the file does not say"
        stated = None if table.frame.crs else WGS84
        return Located(None, None, stated, lon, lat, streets.find_inside(lon, lat), f"{crs.name}: {why}")
    columns = find_coordinates(table)
    if columns is None:
        return None
    x, y = (pd.to_numeric(table.frame[c], errors="coerce").to_numpy(dtype=float) for c in columns)
    good = np.isfinite(x) & np.isfinite(y)
    is_degrees = bool(np.mean((np.abs(x[good]) <= 180) & (np.abs(y[good]) <= 90)) > 0.5) if good.any() else True
    lon0, lat0 = (streets.west + streets.east) / 2, (streets.south + streets.north) / 2
    systems = [WGS84] if is_degrees else [area_crs, BRITISH, find_utm(lon0, lat0), IRISH, "EPSG:29903", "EPSG:3857"]
    tried = list(dict.fromkeys(systems))
    best: tuple[float, Located] | None = None
    for crs_name in tried:
        crs = CRS.from_user_input(crs_name)
        for (x_name, y_name), (a, b) in ((columns, (x, y)), (columns[::-1], (y, x))):
            lon, lat = _to_degrees(a, b, crs)
            inside = streets.find_inside(lon, lat)
            share = float(inside[good].mean()) if good.any() else 0.0
            turned = " (their headers exchanged)" if x_name != columns[0] else ""
            kind = "degrees" if is_degrees else "metres"
            why = f"{crs.name}: {x_name}, {y_name} are {kind}{turned} and lie on the streets"
            if best is None or share > best[0] + 0.05:
                best = (share, Located(x_name, y_name, crs_name, lon, lat, inside, why))
    assert best is not None  # noqa: S101 (at least one system is tried)
    if best[0] == 0.0 and not is_degrees:
        raise InputError(
            f"It cannot be told in which coordinate system {columns[0]}, {columns[1]} are: none of "
            f"{', '.join(tried)} puts a point near the streets ({streets.describe()}).",
            file=table.path,
            field=f"{columns[0]}, {columns[1]}",
            cure="Say it with --crs EPSG:..., or give the street extract of the same region with --osm.",
        )
    return best[1]


def _to_degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], crs: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if crs.is_geographic:
        return x, y
    lon, lat = Transformer.from_crs(crs, WGS84, always_xy=True).transform(x, y)
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    bad = ~np.isfinite(lon) | ~np.isfinite(lat)
    return np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)
