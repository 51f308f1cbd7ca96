"""Destinations of every category, duplicates merged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.base.area import Area, Destinations
from pipeline.base.errors import InputError
from pipeline.base.geo import EARTH_RADIUS_M
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.read_points import read_points
from pipeline.places.read_table import ROW, get_column

SAME_PLACE_M = 100.0
COLUMNS = ["destination_id", "category", "name", "lon", "lat", "weight", "is_located", "file", "file_row"]

SAME_DESTINATION = declare_notice(
    "destination_same_name_nearby",
    "info",
    "Two destinations of a category have the same name and lie within 100 m; the first is used.",
    "Nothing need be done; give them different names if they are two places.",
)
WEIGHT_MISSING = declare_notice(
    "destination_without_weight",
    "warning",
    "A destination has no weight and is left out.",
    "Give its weight (0 if there is nothing there).",
)


def build_destinations(area: Area, resolve: Callable[[str], Path], *, notices: Notices) -> pd.DataFrame:
    """Read all destinations of an area.

    Parameters
    ----------
    area
        The area's configuration.
    resolve
        Turns a configured path into a full one.
    notices
        Takes doubtful rows and merged duplicates.

    Returns
    -------
    pandas.DataFrame
        ``core_places__destination``, sorted by category and id.

    Raises
    ------
    InputError
        For files that cannot be used, a category without destinations, or one id at two places.
    """
    if not area.destinations:
        text = dict.fromkeys(("destination_id", "category", "name", "file"), "str")
        numbers = dict.fromkeys(("lon", "lat", "weight"), "float64")
        return pd.DataFrame(columns=COLUMNS).astype({**text, **numbers, "is_located": bool, "file_row": "int64"})
    parts = [_read_source(source, resolve(source.path), area.crs, notices) for source in area.destinations]
    frame = pd.concat(parts, ignore_index=True)
    frame = _merge_by_code(frame)
    frame = _merge_by_name(frame, notices)
    for category in area.categories:
        if not frame.loc[frame["category"] == category, "is_located"].any():
            raise InputError(
                f"The category '{category}' has no destination with a usable coordinate.",
                field="destinations",
                cure="Check the files, filters and min_weight of that category in the area file.",
            )
    return frame.sort_values(["category", "destination_id"], ignore_index=True)[COLUMNS]


def _read_source(source: Destinations, path: Path, crs: str, notices: Notices) -> pd.DataFrame:
    frame = read_points(source, path, area_crs=crs, notices=notices)
    weight = read_weights(frame, source.weight, path, notices)
    frame = frame.assign(weight=weight)
    frame = frame[np.isfinite(weight)]
    if source.min_weight is not None:
        frame = frame[frame["weight"] >= source.min_weight]
    if source.max_weight is not None:
        frame = frame[frame["weight"] <= source.max_weight]
    frame = frame.rename(columns={"code": "destination_id"})
    frame["category"], frame["file"], frame["file_row"] = source.category, path.name, frame[ROW]
    return frame[COLUMNS]


def _merge_by_code(frame: pd.DataFrame) -> pd.DataFrame:
    repeated = frame.duplicated(["category", "destination_id"], keep="first")
    for index in frame.index[repeated]:
        row = frame.loc[index]
        same = frame[(frame["category"] == row["category"]) & (frame["destination_id"] == row["destination_id"])]
        first = same.iloc[0]
        if (row["lon"], row["lat"]) != (first["lon"], first["lat"]):
            raise InputError(
                f"The destination '{row['destination_id']}' stands at two places "
                f"({first['file']} row {first['file_row']} and {row['file']} row {row['file_row']}).",
                file=row["file"],
                row=int(row["file_row"]),
                field="code",
                cure="Keep the right one.",
            )
    return frame[~repeated].reset_index(drop=True)


def _normalise(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", str(name).lower()).strip()


def _merge_by_name(frame: pd.DataFrame, notices: Notices) -> pd.DataFrame:
    """Drop a destination that follows another of the same name and category within 100 m."""
    located = frame[frame["is_located"]]
    lon, lat = np.radians(located["lon"].to_numpy()), np.radians(located["lat"].to_numpy())
    xyz = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]) * EARTH_RADIUS_M
    names = [_normalise(name) for name in located["name"]]
    categories = located["category"].tolist()
    dropped: set[int] = set()
    for first, second in sorted(cKDTree(xyz).query_pairs(SAME_PLACE_M)):
        same = categories[first] == categories[second] and names[first] == names[second]
        if same and first not in dropped and second not in dropped:
            dropped.add(second)
            row = located.iloc[second]
            notices.add(SAME_DESTINATION, file=row["file"], row=int(row["file_row"]), field="name", value=row["name"])
    return frame.drop(index=located.index[sorted(dropped)]).reset_index(drop=True)


def read_weights(frame: pd.DataFrame, column: str | None, path: Path, notices: Notices) -> NDArray[np.float64]:
    """Read the weights of destinations.

    Parameters
    ----------
    frame
        Rows of :func:`pipeline.places.read_points.read_points`.
    column
        Column with the weight; None for 1 each.
    path
        The file, for messages.
    notices
        Takes destinations without a weight.

    Returns
    -------
    float64[n]
        NaN where there is none.

    Raises
    ------
    InputError
        For a weight that is no number, or negative.
    """
    if column is None:
        return np.ones(len(frame))
    text = get_column(frame, column, path)
    weight = pd.to_numeric(text, errors="coerce")
    bad = (weight.isna() & text.notna()) | (weight < 0) | np.isinf(weight)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"'{text.iloc[first]}' is not a weight.",
            file=path,
            row=int(frame[ROW].iloc[first]),
            field=column,
            cure="Correct it, or leave it blank to leave the destination out.",
        )
    for row in frame.loc[weight.isna(), ROW]:
        notices.add(WEIGHT_MISSING, file=path, row=int(row), field=column)
    return weight.to_numpy(dtype=np.float64)
