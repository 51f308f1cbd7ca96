"""Local kilometres, British National Grid metres and degrees of the fictional district."""

from __future__ import annotations

import math
from functools import cache

from pyproj import Transformer

# The district's origin in EPSG:27700: open sea, far from any real place.
ORIGIN_EASTING_M = 590_000
ORIGIN_NORTHING_M = 370_000

# EPSG:27700 to WGS84 by the published seven-parameter (Helmert) transformation. It is written out so that the result
# does not depend on which grid-shift files a machine happens to have.
_PIPELINE = (
    "+proj=pipeline "
    "+step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy "
    "+step +proj=push +v_3 "
    "+step +proj=cart +ellps=airy "
    "+step +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
    "+convention=position_vector "
    "+step +inv +proj=cart +ellps=WGS84 "
    "+step +proj=pop +v_3 "
    "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
)

Point = tuple[float, float]


@cache
def _get_transformer() -> Transformer:
    return Transformer.from_pipeline(_PIPELINE)


def compute_grid_reference(x_km: float, y_km: float) -> tuple[int, int]:
    """Return easting and northing in whole metres (EPSG:27700) of a point in local kilometres."""
    return round(ORIGIN_EASTING_M + x_km * 1000), round(ORIGIN_NORTHING_M + y_km * 1000)


def compute_grid_metres(lon: float, lat: float) -> Point:
    """Return easting and northing in metres (EPSG:27700) of a point in degrees (WGS84)."""
    easting, northing = _get_transformer().transform(lon, lat, direction="INVERSE")
    return float(easting), float(northing)


def compute_lon_lat(x_km: float, y_km: float, *, decimals: int = 6) -> Point:
    """Return longitude and latitude in degrees (WGS84) of a point in local kilometres."""
    easting, northing = ORIGIN_EASTING_M + x_km * 1000, ORIGIN_NORTHING_M + y_km * 1000
    lon, lat = _get_transformer().transform(easting, northing)
    return round(float(lon), decimals), round(float(lat), decimals)


def compute_distance_km(a: Point, b: Point) -> float:
    """Return the straight-line distance between two points in local kilometres."""
    return math.hypot(a[0] - b[0], a[1] - b[1])
