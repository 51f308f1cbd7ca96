"""Coordinates of stops that were written in another way than they should be, repaired by stated rules only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from pipeline.base.geo import compute_haversine_m

F64 = NDArray[np.float64]
Test = Callable[[F64, F64], NDArray[np.bool_]]
NEAR_ZERO_DEG: Final = 0.01
"""Coordinates both within this of zero are taken for blanks that somebody filled in."""
MAX_EASTING_M, MAX_NORTHING_M = 700_000.0, 1_300_000.0
"""Extent of the National Grid of Great Britain."""
POWERS: Final = tuple(range(1, 9))
"""Degrees may have lost their decimal point: 51582345 is 51.582345."""
GOOD, GRID_M, GRID_DM, SCALED, SWAPPED = 0, 1, 2, 3, 4
RULES: Final = {
    GRID_M: "easting and northing of the National Grid, metres",
    GRID_DM: "easting and northing of the National Grid, decimetres",
    SCALED: "degrees without their decimal point",
    SWAPPED: "longitude and latitude swapped",
}
MIN_REFERENCE: Final = 3
"""A repair is judged by the places of at least so many other stops, at least half of all."""
MARGIN_DEG, MARGIN_RATIO = 0.5, 3.0
SWAP_M: Final = 500_000.0
BRITISH_TIMEZONE: Final = "Europe/London"
GREAT_BRITAIN: Final = shapely.Polygon(
    [
        (-6.7, 49.7),
        (1.2, 50.5),
        (1.55, 51.05),
        (2.0, 52.3),
        (2.0, 53.2),
        (0.3, 54.5),
        (-1.0, 57.0),
        (-0.4, 60.5),
        (-0.4, 61.0),
        (-2.5, 61.0),
        (-9.0, 58.6),
        (-9.0, 56.6),
        (-6.8, 55.5),
        (-5.7, 55.2),
        (-5.3, 54.7),
        (-5.3, 53.0),
        (-5.7, 51.5),
    ]
)
"""Great Britain with its islands, drawn by hand with a margin of sea; degrees."""


@dataclass(frozen=True)
class Repaired:
    """Coordinates as they can be used.

    Attributes
    ----------
    lon, lat
        Degrees; NaN where there are none that can be used.
    rule
        i8 for each stop: 0 as given (or not usable), else a key of :data:`RULES`.
    """

    lon: F64
    lat: F64
    rule: NDArray[np.int8]


def is_usable(lon: F64, lat: F64) -> NDArray[np.bool_]:
    """Tell which pairs of numbers can be a place on Earth: in range, and not 0,0 or within 0.01 degrees of it.

    Parameters
    ----------
    lon, lat
        Numbers, NaN where blank.

    Returns
    -------
    numpy.ndarray
        One flag for each pair.
    """
    is_zero = (np.abs(lon) <= NEAR_ZERO_DEG) & (np.abs(lat) <= NEAR_ZERO_DEG)
    return np.asarray((np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ~is_zero)


def _find_test(lon: F64, lat: F64, n_given: int, *, is_british: bool) -> Test | None:
    """Find how to tell whether a place lies amid the feed's other stops; None if it cannot be told."""
    if lon.size >= MIN_REFERENCE and 2 * lon.size >= n_given:
        spans = []
        for values in (lon, lat):
            low, high = np.quantile(values, 0.25, method="higher"), np.quantile(values, 0.75, method="lower")
            margin = max(MARGIN_DEG, MARGIN_RATIO * (high - low))
            spans.append((low - margin, high + margin))
        (west, east), (south, north) = spans
        return lambda x, y: is_usable(x, y) & (x >= west) & (x <= east) & (y >= south) & (y <= north)
    if is_british:
        return lambda x, y: is_usable(x, y) & shapely.contains_xy(GREAT_BRITAIN, x, y)
    return None


def _iterate_readings(x: F64, y: F64, *, is_british: bool) -> Iterator[tuple[int, F64, F64]]:
    """Yield what numbers that are no degrees might mean: rule, longitude, latitude; NaN where it cannot be."""
    for rule, unit in ((GRID_M, 1.0), (GRID_DM, 10.0)) if is_british else ():
        east, north = x / unit, y / unit
        is_grid = (east > 0) & (east < MAX_EASTING_M) & (north > 0) & (north < MAX_NORTHING_M)
        lon, lat = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True).transform(east, north)
        yield rule, np.where(is_grid, lon, np.nan), np.where(is_grid, lat, np.nan)
    for power in POWERS:
        yield SCALED, x / 10.0**power, y / 10.0**power


def repair_coordinates(lon: F64, lat: F64, *, is_british: bool) -> Repaired:
    """Repair coordinates, each by the first rule of which exactly one reading falls amid the feed's other stops.

    1. Numbers that are degrees in range are taken as they are, but for rule 4. Numbers at 0,0 or within 0.01 degrees
       of it are no place and are never repaired.
    2. Numbers out of range are, in a British feed, read as easting and northing of the National Grid, in metres or
       in decimetres; and
    3. in any feed as degrees without their decimal point, the same power of ten for both. Of these readings exactly
       one must fall amid the other stops, else the stop has no place.
    4. Longitude and latitude are swapped if they lie 500 km or more from the middle of the other stops and the
       swapped pair falls amid them.

    *Amid* is the box that holds the middle half of the longitudes and of the latitudes in range, widened on each side
    by three times its own size or by half a degree, whichever is more. Where fewer than three stops, or fewer than
    half of those given, are in range, the outline of Great Britain stands for it in a British feed, and in others
    nothing is repaired.

    Parameters
    ----------
    lon, lat
        Numbers of one feed as given, NaN where blank.
    is_british
        Whether eastings and northings may be those of Great Britain.

    Returns
    -------
    Repaired
        Coordinates and the rule applied to each.
    """
    is_given = np.isfinite(lon) & np.isfinite(lat)
    good = is_given & is_usable(lon, lat)
    is_zero = (np.abs(lon) <= NEAR_ZERO_DEG) & (np.abs(lat) <= NEAR_ZERO_DEG)
    rule = np.zeros(lon.size, dtype=np.int8)
    out_lon, out_lat = np.where(good, lon, np.nan), np.where(good, lat, np.nan)
    bad = np.flatnonzero(is_given & ~good & ~is_zero)
    is_amid = _find_test(lon[good], lat[good], int((is_given & ~is_zero).sum()), is_british=is_british)
    if is_amid is None:
        return Repaired(out_lon, out_lat, rule)
    n_readings = np.zeros(bad.size, dtype=np.int64)
    for number, x, y in _iterate_readings(lon[bad], lat[bad], is_british=is_british) if bad.size else ():
        fits = is_amid(x, y)
        n_readings += fits
        rule[bad[fits]] = number
        out_lon[bad[fits]], out_lat[bad[fits]] = x[fits], y[fits]
    lost = bad[n_readings != 1]
    rule[lost], out_lon[lost], out_lat[lost] = GOOD, np.nan, np.nan
    if good.sum() >= MIN_REFERENCE:
        middle = np.median(lon[good]), np.median(lat[good])
        is_far = np.asarray(compute_haversine_m(out_lon, out_lat, *middle) >= SWAP_M)
        swapped = good & is_far & ~is_amid(lon, lat) & is_amid(lat, lon)
        rule[swapped] = SWAPPED
        out_lon[swapped], out_lat[swapped] = lat[swapped], lon[swapped]
    return Repaired(out_lon, out_lat, rule)
