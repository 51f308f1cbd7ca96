"""The zone of a neighbourhood: where a vehicle has to call for its people to have the use of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from pipeline.base.errors import InputError
from pipeline.timetables.stop_places import compute_stop_places

CIRCLE_RADIUS_M: Final = 500.0
BUFFER_M: Final = 100.0
_QUAD_SEGS: Final = 32


def build_zones(
    neighbourhoods: gpd.GeoDataFrame,
    *,
    crs: str,
    radius_m: float = CIRCLE_RADIUS_M,
    buffer_m: float = BUFFER_M,
) -> gpd.GeoDataFrame:
    """Build the zone of every neighbourhood.

    The zone is the polygon, joined with the circle of ``radius_m`` around the centroid where the polygon's area is
    smaller than that circle's, and then made ``buffer_m`` wider. A neighbourhood without a polygon has the circle.

    Parameters
    ----------
    neighbourhoods
        neighbourhood_code, lon, lat and a geometry in longitude and latitude (None or empty: no polygon).
    crs
        The area's projected coordinate system, in metres.
    radius_m, buffer_m
        Metres.

    Returns
    -------
    geopandas.GeoDataFrame
        neighbourhood_code, kind (``polygon``, ``polygon_and_circle``, ``circle``) and geometry in ``crs``, by code.

    Raises
    ------
    InputError
        A neighbourhood has neither a polygon nor a position.
    """
    ordered = neighbourhoods.sort_values("neighbourhood_code").reset_index(drop=True)
    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    lon, lat = ordered["lon"].to_numpy(dtype=np.float64), ordered["lat"].to_numpy(dtype=np.float64)
    x, y = transformer.transform(lon, lat)
    geometry = np.asarray(ordered.geometry.array, dtype=object)
    has_polygon = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    is_placed = np.isfinite(x) & np.isfinite(y)
    lost = ~has_polygon & ~is_placed
    if lost.any():
        code = str(ordered["neighbourhood_code"].iloc[int(np.flatnonzero(lost)[0])])
        raise InputError(
            "a neighbourhood has neither a polygon nor a position",
            field="neighbourhood_code",
            cure=f"Give {code} a centroid or a boundary.",
        )
    polygons = np.full(len(ordered), shapely.Polygon(), dtype=object)
    projected = shapely.transform(geometry[has_polygon], lambda xy: _project(transformer, xy))
    polygons[has_polygon] = shapely.make_valid(projected)
    circles = np.full(len(ordered), shapely.Polygon(), dtype=object)
    points = shapely.points(np.column_stack([x[is_placed], y[is_placed]]))
    circles[is_placed] = shapely.buffer(points, radius_m, quad_segs=_QUAD_SEGS)
    is_small = shapely.area(polygons) < math.pi * radius_m**2
    shape = np.where(is_small & is_placed, shapely.union(polygons, circles), polygons)
    kind = np.where(~has_polygon, "circle", np.where(is_small & is_placed, "polygon_and_circle", "polygon"))
    return gpd.GeoDataFrame(
        {"neighbourhood_code": ordered["neighbourhood_code"].astype(str), "kind": kind},
        geometry=shapely.buffer(shape, buffer_m, quad_segs=_QUAD_SEGS),
        crs=crs,
    )


def _project(transformer: Transformer, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))


def compute_stops_in_zones(zones: gpd.GeoDataFrame, stops: pl.DataFrame) -> pl.DataFrame:
    """List the stops in every zone, its edge included. Zones overlap: a stop may be in several.

    Parameters
    ----------
    zones
        As :func:`build_zones` gives them.
    stops
        stop_index, lon, lat, is_located; stops without a position are in no zone.

    Returns
    -------
    polars.DataFrame
        neighbourhood_index (row of ``zones``), neighbourhood_code, stop_index; by zone and stop.
    """
    placed = stops.filter(pl.col("is_located") & pl.col("lon").is_finite() & pl.col("lat").is_finite())
    transformer = Transformer.from_crs("EPSG:4326", zones.crs, always_xy=True)
    x, y = transformer.transform(placed["lon"].to_numpy(), placed["lat"].to_numpy())
    is_finite = np.isfinite(x) & np.isfinite(y)
    stop_index = placed["stop_index"].to_numpy()[is_finite]
    points = shapely.points(np.column_stack([np.asarray(x)[is_finite], np.asarray(y)[is_finite]]))
    tree = shapely.STRtree(points)
    zone_row, point_row = tree.query(np.asarray(zones.geometry.array, dtype=object), predicate="intersects")
    codes = zones["neighbourhood_code"].to_numpy(dtype=object)
    return pl.DataFrame(
        {
            "neighbourhood_index": zone_row.astype(np.int32),
            "neighbourhood_code": pl.Series([str(code) for code in codes[zone_row]], dtype=pl.String),
            "stop_index": stop_index[point_row].astype(np.int32),
        }
    ).sort("neighbourhood_index", "stop_index")


def add_moved_stops(stops_in_zones: Sequence[pl.DataFrame], stops: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Keep a stop place that moved a little in its zone, so that a new position is no change of service.

    A place (:func:`pipeline.timetables.stop_places.compute_stop_places`, over all snapshots) that lies in a zone in
    one snapshot lies in it in every snapshot: where none of its stops does, all of them are taken to.

    Parameters
    ----------
    stops_in_zones
        From :func:`compute_stops_in_zones`, one for each snapshot.
    stops
        ``core_timetable__stops`` of the same snapshots.

    Returns
    -------
    list of polars.DataFrame
        As ``stops_in_zones``, with the rows added; unchanged for a single snapshot.
    """
    columns = ["stop_id", "public_code", "stop_name"]
    where = [pl.when("is_located").then(name).alias(name) for name in ("lon", "lat")]
    places = compute_stop_places(pl.concat([side.select(*columns, *where) for side in stops]))
    ends = np.cumsum([side.height for side in stops])[:-1]
    placed = [
        side.select(pl.col("stop_index").cast(pl.Int32), pl.Series("place", part))
        for side, part in zip(stops, np.split(places, ends), strict=True)
    ]
    zone = ["neighbourhood_index", "neighbourhood_code", "place"]
    inside = [rows.join(side, on="stop_index").select(zone) for rows, side in zip(stops_in_zones, placed, strict=True)]
    ever = pl.concat(inside).unique()
    found = []
    for rows, own, side in zip(stops_in_zones, inside, placed, strict=True):
        more = ever.join(own, on=zone, how="anti").join(side, on="place")
        found.append(pl.concat([rows, more.select(rows.columns)]).sort("neighbourhood_index", "stop_index"))
    return found
