"""Points given as geopandas tables, checked and brought into the form that the engine reads."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.read_points import NOT_LOCATED, is_inside, look_like_degrees, to_lonlat
from pipeline.places.read_table import ROW


def build_points(frame: gpd.GeoDataFrame, name: str, *, id_column: str, notices: Notices) -> pd.DataFrame:
    """Check a table of points and turn it into codes and degrees.

    Parameters
    ----------
    frame
        One row a point, in any coordinate system that it names.
    name
        What the table is, for messages.
    id_column
        Column with the identifiers.
    notices
        Takes points without a position; they get no travel time, and a reason.

    Returns
    -------
    pandas.DataFrame
        ``code`` (text), ``lon``, ``lat`` (degrees; NaN where not located), ``is_located`` and ``__row`` (counted from
        1), in the order of `frame`.

    Raises
    ------
    InputError
        If it is no table of points, its coordinate system is missing or cannot be right, or identifiers are missing or
        stand twice.
    """
    crs = check_frame(frame, name, id_column=id_column)
    shapes = frame.geometry
    kinds = sorted(set(shapes.geom_type.dropna()) - {"Point"})
    if kinds:
        raise InputError(
            f"There are geometries of the kind {kinds[0]} where points are needed.",
            file=name,
            field=str(shapes.name),
            cure="Use their centroids or, better, population-weighted centres.",
        )
    x, y = shapes.x.to_numpy(dtype=float), shapes.y.to_numpy(dtype=float)
    check_place(x, y, crs, name)
    lon, lat = to_lonlat(x, y, crs)
    rows = np.arange(1, len(frame) + 1)
    codes = frame[id_column].astype(str).to_numpy(dtype=object)
    is_located = np.isfinite(lon)
    for index in np.flatnonzero(~is_located):
        notices.add(NOT_LOCATED, file=name, row=int(rows[index]), value=codes[index])
    return pd.DataFrame({"code": codes, "lon": lon, "lat": lat, "is_located": is_located, ROW: rows})


def check_frame(frame: gpd.GeoDataFrame, name: str, *, id_column: str) -> CRS:
    """Check that a table has geometries in a known coordinate system, and identifiers that tell its rows apart.

    Parameters
    ----------
    frame
        The table.
    name
        What it is, for messages.
    id_column
        Column with the identifiers.

    Returns
    -------
    pyproj.CRS
        Its coordinate system.

    Raises
    ------
    InputError
        Naming the table, the row and the cure.
    """
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            f"This is a {type(frame).__name__}, not a GeoDataFrame.",
            file=name,
            cure="Make one with geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(x, y), crs=...).",
        )
    if frame.empty:
        raise InputError("The table has no rows.", file=name, cure="Give one row or more.")
    if frame.active_geometry_name is None or frame.crs is None:
        raise InputError(
            "The table has no geometry or does not say in which coordinate system it is.",
            file=name,
            field="crs",
            cure="Say so with set_crs, for instance set_crs('EPSG:4326') for longitude and latitude.",
        )
    if id_column not in frame.columns:
        known = ", ".join(str(column) for column in frame.columns if column != frame.active_geometry_name)
        raise InputError(
            f"There is no column '{id_column}'.",
            file=name,
            field="id_column",
            cure=f"Name the column with the identifiers: id_column=... (columns: {known}).",
        )
    ids = frame[id_column]
    for is_wrong, what, cure in (
        (ids.isna(), "has no identifier", "Give the row its identifier."),
        (ids.astype(str).duplicated(), "repeats an identifier", "Keep one row for each identifier."),
    ):
        if is_wrong.any():
            row = int(np.flatnonzero(is_wrong.to_numpy())[0])
            raise InputError(f"A row {what}: {ids.iloc[row]}.", file=name, row=row + 1, field=id_column, cure=cure)
    return CRS.from_user_input(frame.crs)


def check_place(x: np.ndarray, y: np.ndarray, crs: CRS, name: str) -> None:
    """Refuse coordinates that cannot be in the system that the table names.

    Parameters
    ----------
    x, y
        float64[n]; NaN where not located.
    crs
        The system that the table names.
    name
        What the table is, for messages.

    Raises
    ------
    InputError
        If they are degrees and the system is in metres, or most points lie outside the part of the world that the
        system is made for.
    """
    cure = "Name the right system with set_crs(..., allow_override=True), or mend x and y if they are exchanged."
    if crs.is_projected and look_like_degrees(x, y) and np.isfinite(x).any():
        raise InputError(
            f"The coordinates look like degrees and cannot be in {crs.name}.", file=name, field="crs", cure=cure
        )
    lon, lat = to_lonlat(x, y, crs)
    located = np.isfinite(lon)
    use = crs.area_of_use
    if use is not None and located.any() and is_inside(lon, lat, use)[located].mean() <= 0.5:
        raise InputError(
            f"Most positions lie outside the part of the world for which {crs.name} is made ({use.name}).",
            file=name,
            field="crs",
            cure=cure,
        )
