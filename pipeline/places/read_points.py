"""Read points, find out their coordinate system, and say which rows cannot be placed."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from pipeline.base.area import PointSource
from pipeline.base.errors import ConfigError, InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.read_table import ROW, get_column, note_doubts, read_table, to_text

X_NAMES = ("lon", "longitude", "long", "x", "easting", "eastings", "bng_e", "stop_lon")
Y_NAMES = ("lat", "latitude", "y", "northing", "northings", "bng_n", "stop_lat")

BLANKS = ("nan", "na", "n/a", "null", "none", "-")
"""Texts that people write where there is no coordinate."""

NOT_LOCATED = declare_notice(
    "place_not_located",
    "warning",
    "A place has no usable coordinate (blank, not a number, or 0,0) and gets no result.",
    "Give its coordinate in the file named.",
)
OUTSIDE = declare_notice(
    "place_outside_crs_area",
    "warning",
    "A place lies outside the part of the world that the area's coordinate system is made for; it gets no result.",
    "Check its coordinate; a digit or a sign may be wrong.",
)
DUPLICATE = declare_notice(
    "place_duplicate_row",
    "info",
    "A row repeats an earlier row with the same code and place; it is used once.",
    "Nothing need be done; remove the repeated row if it was not meant.",
)
BLANK_CODE = declare_notice(
    "place_blank_code",
    "warning",
    "A row has no code and is left out.",
    "Give the row its code.",
)


def get_crs(text: str, *, file: str | Path | None = None) -> CRS:
    """Return a coordinate system by its name.

    Parameters
    ----------
    text
        Such as ``EPSG:27700``.
    file
        Where the name stood, for the message.

    Returns
    -------
    pyproj.CRS
        The system.

    Raises
    ------
    ConfigError
        If there is no such system.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError:
        raise ConfigError(
            f"The coordinate system '{text}' is unknown.",
            file=file,
            field="crs",
            cure="Use an EPSG code, e.g. EPSG:27700.",
        ) from None


def read_points(source: PointSource, path: Path, *, area_crs: str, notices: Notices) -> pd.DataFrame:
    """Read points in any usual format and coordinate system.

    Parameters
    ----------
    source
        Columns, filter, encoding and (where stated) coordinate system.
    path
        The file.
    area_crs
        The area's projected system: assumed for coordinates that are no degrees, and whose area of use the points
        must lie in.
    notices
        Takes rows that cannot be placed.

    Returns
    -------
    pandas.DataFrame
        The file's columns plus ``code`` and ``name`` (text), ``lon`` and ``lat`` (degrees; null where not located),
        ``is_located`` and ``__row``, one row for each code.

    Raises
    ------
    InputError
        For missing columns, a wrong coordinate system, or one code at two places.
    """
    raw = read_table(source, path)
    note_doubts(raw, path, notices)
    raw = _filter_rows(raw, source, path)
    frame = pd.DataFrame(raw.drop(columns="geometry", errors="ignore"))
    frame["code"] = to_text(get_column(raw, source.code, path))
    for column in source.code_with:
        frame["code"] += " " + to_text(get_column(raw, column, path))
    names = to_text(get_column(raw, source.name, path)) if source.name else frame["code"]
    frame["name"] = names.where(names.notna(), frame["code"])
    x, y, crs = _get_coordinates(raw, source, path, area_crs)
    frame["lon"], frame["lat"] = to_lonlat(x, y, crs)
    _check_area_of_use(frame, x, y, crs, area_crs, path, notices)
    for row in frame.loc[frame["code"].isna(), ROW]:
        notices.add(BLANK_CODE, file=path, row=int(row), field=source.code)
    frame = frame[frame["code"].notna()]
    return _drop_duplicates(frame, source, path, notices)


def _filter_rows(raw: pd.DataFrame, source: PointSource, path: Path) -> pd.DataFrame:
    keep = pd.Series(data=True, index=raw.index)
    for column, wanted in source.where.items():
        values = get_column(raw, column, path)
        keep &= values.astype(str).str.strip().str.lower() == str(wanted).lower()
    if source.code_prefix:
        keep &= to_text(get_column(raw, source.code, path)).str.startswith(source.code_prefix).fillna(value=False)
    if not keep.any():
        said = f"{source.where or ''} {source.code_prefix}".strip()
        raise InputError(
            f"No row of this file fits the filter {said}.", file=path, field="where", cure="Check the filter."
        )
    return raw[keep].reset_index(drop=True)


def _get_coordinates(
    raw: pd.DataFrame, source: PointSource, path: Path, area_crs: str
) -> tuple[np.ndarray, np.ndarray, CRS]:
    """Return x, y as floats (NaN where blank) and the system they are in."""
    declared = get_crs(source.crs, file=path) if source.crs else None
    if isinstance(raw, gpd.GeoDataFrame) and source.x is None:
        shapes = raw.geometry
        points = shapes if (shapes.geom_type.dropna() == "Point").all() else shapes.representative_point()
        x, y = points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)
        found = declared or (CRS.from_user_input(raw.crs) if raw.crs else None)
    else:
        names = {str(c).lower(): str(c) for c in raw.columns}
        x_name = source.x or next((names[n] for n in X_NAMES if n in names), None)
        y_name = source.y or next((names[n] for n in Y_NAMES if n in names), None)
        if x_name is None or y_name is None:
            columns = ", ".join(c for c in raw.columns if c != ROW)
            raise InputError(
                "No columns of coordinates were found.",
                file=path,
                row=1,
                cure=f"Name them in the area file (x: and y:). Columns of this file: {columns}.",
            )
        x, y = (_to_number(get_column(raw, name, path), raw[ROW], path) for name in (x_name, y_name))
        found = declared
    looks_like_degrees = look_like_degrees(x, y)
    if found is None:
        found = CRS.from_epsg(4326) if looks_like_degrees else get_crs(area_crs)
    _check_units(found, looks_like_degrees=looks_like_degrees, path=path, area_crs=area_crs, sample=(x, y))
    return x, y, found


def _to_number(values: pd.Series, rows: pd.Series, path: Path) -> np.ndarray:
    numbers = pd.to_numeric(values, errors="coerce")
    bad = numbers.isna() & values.notna() & ~values.astype(str).str.strip().str.lower().isin(BLANKS)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"'{values.iloc[first]}' is not a number.",
            file=path,
            row=int(rows.iloc[first]),
            field=str(values.name),
            cure="Correct the coordinate, or leave it blank to have the row reported as not located.",
        )
    return np.where(np.isfinite(numbers.to_numpy(dtype=float)), numbers.to_numpy(dtype=float), np.nan)


def look_like_degrees(x: np.ndarray, y: np.ndarray) -> bool:
    """Say whether coordinates are as small as degrees are.

    Parameters
    ----------
    x, y
        float64[n]; NaN where not located.

    Returns
    -------
    bool
        True for most of them, or where there are none.
    """
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        return True
    return bool(np.mean((np.abs(x[good]) <= 180) & (np.abs(y[good]) <= 180)) > 0.5)


def _check_units(
    crs: CRS, *, looks_like_degrees: bool, path: Path, area_crs: str, sample: tuple[np.ndarray, np.ndarray]
) -> None:
    good = np.isfinite(sample[0]) & np.isfinite(sample[1])
    if crs.is_geographic == looks_like_degrees or not good.any():
        return
    example = f"{sample[0][good][0]:g}, {sample[1][good][0]:g}"
    other = "longitude and latitude (EPSG:4326)"
    if crs.is_geographic:
        area = get_crs(area_crs)
        other = "metres of a projected system, such as eastings and northings"
        other = other if area.is_geographic else f"{area.name} ({area_crs})"
    raise InputError(
        f"The coordinates (such as {example}) cannot be in {crs.name}, as which they are declared; "
        f"they look like {other}.",
        file=path,
        field="crs",
        cure="Correct crs: in the area file, the names of the columns, or the file's own coordinate system.",
    )


def to_lonlat(x: np.ndarray, y: np.ndarray, crs: CRS) -> tuple[np.ndarray, np.ndarray]:
    """Turn coordinates into longitude and latitude.

    Parameters
    ----------
    x, y
        float64[n]; NaN (or both 0) where not located.
    crs
        Their system.

    Returns
    -------
    lon, lat
        float64[n]; degrees, NaN where not located.
    """
    located = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    lon, lat = np.full(len(x), np.nan), np.full(len(y), np.nan)
    if crs.equals(CRS.from_epsg(4326)) or crs.to_authority() in {("OGC", "CRS84"), ("EPSG", "4326")}:
        lon[located], lat[located] = x[located], y[located]
    else:
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        lon[located], lat[located] = transformer.transform(x[located], y[located])
    bad = ~np.isfinite(lon) | ~np.isfinite(lat)
    lon[bad], lat[bad] = np.nan, np.nan
    return lon, lat


def _check_area_of_use(
    frame: pd.DataFrame, x: np.ndarray, y: np.ndarray, crs: CRS, area_crs: str, path: Path, notices: Notices
) -> None:
    """Note what lies outside the area of use; refuse files that lie outside as a whole."""
    lon, lat = frame["lon"].to_numpy(copy=True), frame["lat"].to_numpy(copy=True)
    located = np.isfinite(lon)
    for row, code in frame.loc[~located, [ROW, "code"]].itertuples(index=False):
        notices.add(NOT_LOCATED, file=path, row=int(row), value=code)
    use = get_crs(area_crs).area_of_use
    if use is not None and located.any():
        inside = is_inside(lon, lat, use)
        if located.sum() > 0 and (located & ~inside).sum() > 0.5 * located.sum():
            turned = to_lonlat(y, x, crs)
            swapped = is_inside(*turned, use)[located].mean() > 0.5
            first = int(np.flatnonzero(located & ~inside)[0])
            pair = "longitude and latitude" if crs.is_geographic else "easting and northing"
            guess = f"{pair} look exchanged" if swapped else f"they are not in {crs.name}, or elsewhere"
            raise InputError(
                f"Most points lie outside the area of use of {area_crs} ({use.name}): {guess}.",
                file=path,
                row=int(frame[ROW].iloc[first]),
                field="crs",
                cure="Check x:, y: and crs: of this file in the area file.",
            )
        for index in np.flatnonzero(located & ~inside):
            value = f"{lon[index]:.5f}, {lat[index]:.5f}"
            notices.add(OUTSIDE, file=path, row=int(frame[ROW].iloc[index]), value=value)
            lon[index], lat[index] = np.nan, np.nan
    frame["lon"], frame["lat"] = lon, lat
    frame["is_located"] = np.isfinite(lon)


def is_inside(lon: np.ndarray, lat: np.ndarray, use: object) -> np.ndarray:
    """Say which points lie in an area of use.

    Parameters
    ----------
    lon, lat
        Degrees.
    use
        ``area_of_use`` of a :class:`pyproj.CRS`.

    Returns
    -------
    bool[n]
        False also for what is no number.
    """
    west, south, east, north = use.west, use.south, use.east, use.north  # type: ignore[attr-defined]
    with np.errstate(invalid="ignore"):
        in_lon = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        return np.asarray(in_lon & (lat >= south) & (lat <= north))


def _drop_duplicates(frame: pd.DataFrame, source: PointSource, path: Path, notices: Notices) -> pd.DataFrame:
    repeated = frame.duplicated("code", keep="first")
    firsts = frame.drop_duplicates("code").set_index("code")
    for index in frame.index[repeated]:
        row = frame.loc[index]
        first = firsts.loc[row["code"]]
        same = (row["lon"] == first["lon"] and row["lat"] == first["lat"]) or not (
            row["is_located"] or first["is_located"]
        )
        if not same:
            raise InputError(
                f"The code '{row['code']}' stands at two places (rows {first[ROW]} and {row[ROW]}).",
                file=path,
                row=int(row[ROW]),
                field=source.code,
                cure="Keep the right row, or give the other its own code.",
            )
        notices.add(DUPLICATE, file=path, row=int(row[ROW]), field=source.code, value=row["code"])
    return frame[~repeated].reset_index(drop=True)
