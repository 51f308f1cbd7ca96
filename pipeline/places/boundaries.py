"""Boundaries of places: polygons that are whole, in a known coordinate system, and where they are said to be."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from pipeline.base.area import Boundaries
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.read_points import BLANK_CODE, get_crs, is_inside
from pipeline.places.read_table import ROW, get_column, note_doubts, read_table, to_text

REPAIRED = declare_notice(
    "boundary_repaired",
    "warning",
    "A boundary crosses or touches itself; it was repaired, so that its area may differ a little.",
    "Use a published boundary file; if it is your own, repair it in a geographic information system.",
)
WITHOUT_AREA = declare_notice(
    "boundary_without_area",
    "warning",
    "A boundary is empty, no polygon, or has no area; it is left out.",
    "Give the place a polygon.",
)
OUTSIDE = declare_notice(
    "boundary_outside_crs_area",
    "warning",
    "A boundary lies outside the part of the world that the area's coordinate system is made for; it is left out.",
    "Check its coordinates.",
)


def read_boundaries(source: Boundaries, path: Path, *, area_crs: str, notices: Notices) -> gpd.GeoDataFrame:
    """Read boundaries.

    Parameters
    ----------
    source
        Columns.
    path
        GeoJSON, GeoPackage, or any file of polygons that :func:`pipeline.places.read_table.read_table` reads.
    area_crs
        The area's projected system, in whose area of use the polygons must lie.
    notices
        Takes polygons that were repaired or left out.

    Returns
    -------
    geopandas.GeoDataFrame
        ``code``, ``name`` and ``geometry`` in degrees, sorted by code; each code once.

    Raises
    ------
    InputError
        If there are no polygons, most lie elsewhere, their coordinates are not in the file's system, or a code stands
        twice.
    """
    frame = read_table(source, path)
    note_doubts(frame, path, notices)
    if not isinstance(frame, gpd.GeoDataFrame) or not frame.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        raise InputError("This file holds no polygons.", file=path, cure="Give boundaries as GeoJSON or GeoPackage.")
    result = gpd.GeoDataFrame(
        {
            "code": to_text(get_column(frame, source.code, path)),
            "name": to_text(get_column(frame, source.name, path)) if source.name else None,
            ROW: frame[ROW],
        },
        geometry=_make_whole(frame, source, path, notices),
        crs=frame.crs or "EPSG:4326",
    )
    for row in result.loc[result["code"].isna(), ROW]:
        notices.add(BLANK_CODE, file=path, row=int(row), field=source.code)
    result = result[result.geometry.notna() & result["code"].notna()]
    _check_degrees(result, path)
    result = _keep_inside(result.to_crs("EPSG:4326"), path, area_crs, notices)
    repeated = result["code"].duplicated().to_numpy()
    if repeated.any():
        index = int(np.flatnonzero(repeated)[0])
        raise InputError(
            f"The code '{result['code'].iloc[index]}' has two polygons.",
            file=path,
            row=int(result[ROW].iloc[index]),
            field=source.code,
            cure="Merge the parts into one multi-polygon, or correct the code.",
        )
    return result.drop(columns=ROW).sort_values("code", ignore_index=True)


def _make_whole(frame: gpd.GeoDataFrame, source: Boundaries, path: Path, notices: Notices) -> list[object]:
    """Return valid polygons; None where there is none."""
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    whole: list[object] = []
    codes = to_text(get_column(frame, source.code, path))
    for shape, row, code in zip(shapes, frame[ROW], codes, strict=True):
        kept = shape
        if shape is not None and np.isfinite(shapely.get_coordinates(shape)).all():
            if not shape.is_valid:
                notices.add(REPAIRED, file=path, row=int(row), field=source.code, value=code)
                kept = shapely.make_valid(shape)
        else:
            kept = None
        if kept is None or kept.is_empty or kept.area == 0:
            notices.add(WITHOUT_AREA, file=path, row=int(row), field=source.code, value=code)
            kept = None
        whole.append(kept)
    return whole


def _check_degrees(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Refuse metres in a file that says that it holds degrees."""
    if frame.empty:
        raise InputError("This file holds no polygon with an area.", file=path, cure="Export it again.")
    bounds = frame.total_bounds
    if frame.crs.is_geographic and np.abs(bounds).max() > 360:
        raise InputError(
            f"The coordinates (such as {bounds[0]:g}, {bounds[1]:g}) cannot be degrees, as which they are declared.",
            file=path,
            field="crs",
            cure="Export the file with its coordinate system, or as GeoJSON in longitude and latitude.",
        )


def _keep_inside(frame: gpd.GeoDataFrame, path: Path, area_crs: str, notices: Notices) -> gpd.GeoDataFrame:
    """Leave out polygons outside the area of use; refuse files that lie outside as a whole."""
    use = get_crs(area_crs).area_of_use
    if use is None:
        return frame
    bounds = frame.bounds
    lon = ((bounds["minx"] + bounds["maxx"]) / 2).to_numpy()
    lat = ((bounds["miny"] + bounds["maxy"]) / 2).to_numpy()
    inside = pd.Series(is_inside(lon, lat, use), index=frame.index)
    if (~inside).mean() > 0.5:
        swapped = is_inside(lat, lon, use).mean() > 0.5
        guess = "longitude and latitude look exchanged" if swapped else "they are in another system, or elsewhere"
        raise InputError(
            f"Most polygons lie outside the area of use of {area_crs} ({use.name}): {guess}.",
            file=path,
            row=int(frame.loc[~inside, ROW].iloc[0]),
            field="crs",
            cure="Export the file again with its coordinate system; GeoJSON has longitude first.",
        )
    for row, code in frame.loc[~inside, [ROW, "code"]].itertuples(index=False):
        notices.add(OUTSIDE, file=path, row=int(row), value=code)
    return frame[inside]
