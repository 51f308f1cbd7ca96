"""The points of ``connectivity matrix``: which columns tell them apart and say where they are."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd

from pipeline.base.area import PointSource, TableSource
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.read_points import X_NAMES, Y_NAMES, look_like_degrees, read_points
from pipeline.places.read_table import ROW, read_table

DEGREES = "EPSG:4326"
METRES = ("easting", "northing")
UNDECIDED = frozenset({"x", "y"})
CODE = re.compile(r"(cd|code|id|ref)$", re.IGNORECASE)


def read_ids(
    path: Path,
    crs: str,
    notices: Notices,
    *,
    id_columns: tuple[str, ...] = (),
    coordinate_columns: tuple[tuple[str, str], ...] = (),
) -> pd.DataFrame:
    """Read points with a column that tells them apart, called ``id`` unless another is named.

    Parameters
    ----------
    path
        CSV, Parquet, GeoPackage or GeoJSON.
    crs
        Coordinate system of metres.
    notices
        Takes rows that cannot be placed.
    id_columns
        Names of the column; of several, the first that the file has.
    coordinate_columns
        Pairs of names of x and y; of several, the first that the file has. Degrees or metres by their values.

    Returns
    -------
    pandas.DataFrame
        As :func:`pipeline.places.read_points.read_points` returns it.

    Raises
    ------
    InputError
        If the file has none of the columns; the message lists those it has.
    """
    table = read_table(TableSource(path=path.name), path)
    columns = [str(column) for column in table.columns if column not in {ROW, "geometry"}]
    code = _find_id(table, columns, path, id_columns)
    pair = _find_pair(table, columns, path, coordinate_columns)
    if pair is None:  # shapes say where they are, and in which system
        return read_points(PointSource(path=path.name, code=code, crs=DEGREES), path, area_crs=DEGREES, notices=notices)
    is_metres = _is_metres(table, pair, is_named=bool(coordinate_columns))
    source = PointSource(path=path.name, code=code, x=pair[0], y=pair[1], crs=crs if is_metres else DEGREES)
    return read_points(source, path, area_crs=crs if is_metres else DEGREES, notices=notices)


def _find_name(columns: list[str], name: str) -> str | None:
    """Find a column by its name; case is tolerated where that is unambiguous."""
    if name in columns:
        return name
    same = [column for column in columns if column.lower() == name.lower()]
    return same[0] if len(same) == 1 else None


def _find_id(table: pd.DataFrame, columns: list[str], path: Path, wanted: tuple[str, ...]) -> str:
    names = wanted or ("id",)
    found = next((column for name in names if (column := _find_name(columns, name)) is not None), None)
    if found is not None:
        return found
    usable = [column for column in columns if table[column].notna().all() and table[column].is_unique]
    likely = next(iter(sorted(usable, key=lambda column: CODE.search(column) is None)), None)
    example = f"--id-column {likely}" if likely else "--id-column NAME"
    raise InputError(
        f"There is no column {' or '.join(names)} that tells the points apart. Columns found: {', '.join(columns)}.",
        file=path,
        row=1,
        field="id",
        cure=f"Say which column does: {example} (once for each name, where origins and destinations differ).",
    )


def _find_pair(
    table: pd.DataFrame, columns: list[str], path: Path, wanted: tuple[tuple[str, str], ...]
) -> tuple[str, str] | None:
    """Find the columns of x and y; None where shapes say it."""
    usual = [("lon", "lat"), METRES, ("longitude", "latitude"), ("long", "lat"), ("eastings", "northings"), ("x", "y")]
    usual += [(x, y) for x in X_NAMES for y in Y_NAMES]
    for x_name, y_name in wanted or usual:
        x, y = _find_name(columns, x_name), _find_name(columns, y_name)
        if x is not None and y is not None:
            return x, y
    if isinstance(table, gpd.GeoDataFrame) and not wanted:
        return None
    names = " or ".join(f"{x}, {y}" for x, y in wanted) if wanted else "lon, lat (or easting, northing)"
    raise InputError(
        f"There are no columns {names} that say where the points are. Columns found: {', '.join(columns)}.",
        file=path,
        row=1,
        field="lon",
        cure="Say which columns do: --coordinates X,Y, as in --coordinates centroid_lon,centroid_lat.",
    )


def _is_metres(table: pd.DataFrame, pair: tuple[str, str], *, is_named: bool) -> bool:
    """Say whether coordinates are metres: by the usual names, and by the values where names do not tell."""
    lowered = tuple(name.lower() for name in pair)
    if not is_named and not UNDECIDED & set(lowered):
        return lowered[0] in {"easting", "eastings", "bng_e"}
    x, y = (pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float) for name in pair)
    return not look_like_degrees(x, y)
