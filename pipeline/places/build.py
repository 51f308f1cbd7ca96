"""Put an area's places together from its sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Transformer

from pipeline.base.area import Area, Boundaries, TableSource
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.attributes import find_deprivation_ranks, find_rurality
from pipeline.places.boundaries import read_boundaries
from pipeline.places.destinations import build_destinations
from pipeline.places.groups import find_groups
from pipeline.places.model import Places
from pipeline.places.read_points import get_crs, read_points
from pipeline.places.read_table import ROW, get_column, read_table, to_text

Resolve = Callable[[str], Path]

NO_NEIGHBOURHOOD = declare_notice(
    "small_area_without_neighbourhood",
    "warning",
    "A small area belongs to no neighbourhood; it is left out of the neighbourhood figures.",
    "Add it to the lookup, or check its coordinate against the boundaries.",
)
VINTAGES_DIFFER = declare_notice(
    "vintages_differ",
    "info",
    "Small areas and neighbourhoods come from different vintages of geography and were joined by point in polygon.",
    "Nothing need be done; a small area near a boundary may be counted with its neighbour.",
)
POPULATION_SPREAD = declare_notice(
    "population_spread_evenly",
    "info",
    "Population is known for the neighbourhood only and was shared equally among its small areas.",
    "Give populations of small areas if they are published.",
)
POPULATION_MISSING = declare_notice(
    "population_missing",
    "warning",
    "A place has no population; it counts as if nobody lived there in weighted means.",
    "Give its population.",
)
EMPTY_NEIGHBOURHOOD = declare_notice(
    "neighbourhood_without_small_area",
    "warning",
    "A neighbourhood contains no small area and has no travel times.",
    "Check the lookup and the boundaries.",
)


def build_places(area: Area, resolve: Resolve, *, notices: Notices) -> Places:
    """Read and join small areas, neighbourhoods, destinations and groups.

    Parameters
    ----------
    area
        The area's configuration.
    resolve
        Turns a configured path into a full one.
    notices
        Takes doubtful rows.

    Returns
    -------
    Places
        Complete tables.

    Raises
    ------
    InputError
        For files that cannot be used.
    """
    small = read_points(
        area.small_areas, resolve(area.small_areas.path), area_crs=area.crs, notices=notices
    ).sort_values("code", ignore_index=True)
    boundaries = _read_boundaries(area, resolve, notices)
    small["neighbourhood_code"] = _find_neighbourhoods(area, small, boundaries, resolve, notices)
    small["population"] = _read_population(area, small, resolve, notices)
    boundaries = _merge_boundaries(area, small, boundaries)
    neighbourhoods = _build_neighbourhoods(area, small, boundaries, resolve, notices)
    columns = ["small_area_code", "neighbourhood_code", "lon", "lat", "population", "is_located", "file_row"]
    return Places(
        small_areas=small.rename(columns={"code": "small_area_code", ROW: "file_row"})[columns],
        neighbourhoods=neighbourhoods,
        destinations=build_destinations(area, resolve, notices=notices),
        boundaries=boundaries,
    )


def _read_boundaries(area: Area, resolve: Resolve, notices: Notices) -> gpd.GeoDataFrame:
    source = area.neighbourhoods.boundaries
    if source is None:
        return gpd.GeoDataFrame({"code": [], "name": []}, geometry=[], crs="EPSG:4326")
    return read_boundaries(source, resolve(source.path), area_crs=area.crs, notices=notices)


def _find_neighbourhoods(
    area: Area, small: pd.DataFrame, boundaries: gpd.GeoDataFrame, resolve: Resolve, notices: Notices
) -> pd.Series:
    lookup, polygons = area.small_areas.lookup, area.neighbourhoods.boundaries
    path = resolve(area.small_areas.path)
    if lookup is not None:
        table_path = resolve(lookup.path)
        table = read_table(lookup, table_path)
        keys = to_text(get_column(table, lookup.small_area, table_path))
        values = to_text(get_column(table, lookup.neighbourhood, table_path))
        _check_unique(keys, values, table[ROW], table_path, lookup.small_area)
        pairs = dict(zip(keys, values, strict=True))
        found = small["code"].map(pairs)
    elif polygons is not None and polygons.level == "neighbourhood":
        points = gpd.GeoDataFrame(
            small[["code"]], geometry=gpd.points_from_xy(small["lon"], small["lat"]), crs="EPSG:4326"
        )
        joined = points.sjoin(boundaries[["code", "geometry"]], predicate="intersects", how="left", rsuffix="zone")
        found = joined.groupby("code_left", sort=False)["code_zone"].min().reindex(small["code"]).reset_index(drop=True)
        vintages = (area.small_areas.vintage, polygons.vintage)
        if vintages[0] != vintages[1]:
            detail = f"small areas: {vintages[0] or 'not stated'}; neighbourhoods: {vintages[1] or 'not stated'}"
            notices.add(VINTAGES_DIFFER, file=path, detail=detail, count=len(small))
    else:
        return small["code"].copy()
    for index in np.flatnonzero(found.isna().to_numpy()):
        notices.add(NO_NEIGHBOURHOOD, file=path, row=int(small[ROW].iloc[index]), value=small["code"].iloc[index])
    if found.isna().all():
        raise InputError(
            "No small area belongs to any neighbourhood.",
            file=path,
            cure="The codes are of another vintage than the lookup's, or the boundaries lie elsewhere.",
        )
    return found.astype(object).where(found.notna(), None)


def _check_unique(keys: pd.Series, values: pd.Series, rows: pd.Series, path: Path, field: str) -> None:
    frame = (
        pd.DataFrame({"key": keys, "value": values, "row": rows}).dropna(subset="key").drop_duplicates(["key", "value"])
    )
    twice = frame["key"].duplicated()
    if twice.any():
        first = frame[twice].iloc[0]
        raise InputError(
            f"The code '{first['key']}' has two different entries.",
            file=path,
            row=int(first["row"]),
            field=field,
            cure="Keep one of them.",
        )


def _read_numbers(source: TableSource, code: str, column: str, path: Path) -> dict[str, float]:
    table = read_table(source, path)
    keys = to_text(get_column(table, code, path))
    text = get_column(table, column, path)
    values = pd.to_numeric(text, errors="coerce")
    bad = (values.isna() & text.notna()) | (values < 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"'{text.iloc[first]}' is not a number of people.",
            file=path,
            row=int(table[ROW].iloc[first]),
            field=column,
            cure="Correct it, or leave it blank.",
        )
    _check_unique(keys, values.astype(str), table[ROW], path, code)
    return dict(zip(keys, values, strict=True))


def _read_population(area: Area, small: pd.DataFrame, resolve: Resolve, notices: Notices) -> pd.Series:
    source, column = area.small_areas.population, area.small_areas.population_column
    path = resolve(area.small_areas.path)
    if column is not None:
        population = pd.Series(small["code"].map(_read_numbers(area.small_areas, area.small_areas.code, column, path)))
    elif source is None:
        population = pd.Series(np.nan, index=small.index)
    else:
        numbers = _read_numbers(source, source.code, source.column, resolve(source.path))
        if source.level == "small_area":
            population = small["code"].map(numbers)
        else:
            members = small.groupby("neighbourhood_code")["code"].transform("size")
            population = small["neighbourhood_code"].map(numbers) / members
            notices.add(POPULATION_SPREAD, file=resolve(source.path), field=source.column, count=len(small))
    for index in np.flatnonzero(population.isna().to_numpy()):
        notices.add(POPULATION_MISSING, file=path, row=int(small[ROW].iloc[index]), value=small["code"].iloc[index])
    return population.astype(float)


def _merge_boundaries(area: Area, small: pd.DataFrame, boundaries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    source: Boundaries | None = area.neighbourhoods.boundaries
    if source is not None and source.level == "small_area":
        pairs = dict(zip(small["code"], small["neighbourhood_code"], strict=True))
        merged = boundaries.assign(code=boundaries["code"].map(pairs)).dropna(subset="code")
        boundaries = merged.dissolve("code", as_index=False)[["code", "name", "geometry"]]
        boundaries["name"] = None
    return boundaries.rename(columns={"code": "neighbourhood_code"})


def _build_neighbourhoods(
    area: Area, small: pd.DataFrame, boundaries: gpd.GeoDataFrame, resolve: Resolve, notices: Notices
) -> pd.DataFrame:
    used = small.dropna(subset="neighbourhood_code")
    codes = sorted(set(used["neighbourhood_code"]) | set(boundaries["neighbourhood_code"]))
    frame = pd.DataFrame({"neighbourhood_code": codes})
    names = dict(boundaries.dropna(subset="name")[["neighbourhood_code", "name"]].itertuples(index=False))
    authorities: dict[str, str] = {}
    if area.neighbourhoods.names is not None:
        source = area.neighbourhoods.names
        path = resolve(source.path)
        table = read_table(source, path)
        keys = to_text(get_column(table, source.code, path))
        names |= dict(zip(keys, to_text(get_column(table, source.name, path)), strict=True))
        if source.authority:
            authorities = dict(zip(keys, to_text(get_column(table, source.authority, path)), strict=True))
    frame["neighbourhood_name"] = [names.get(code) or code for code in codes]
    frame["area_group"] = find_groups(area.neighbourhoods.groups, codes, used, resolve, notices=notices)
    frame["authority_code"] = [authorities.get(code) for code in codes]
    about = area.neighbourhoods
    frame["deprivation_rank"] = find_deprivation_ranks(about.deprivation, codes, used, resolve, notices=notices)
    frame["rurality"] = find_rurality(about.rurality, codes, used, resolve, notices=notices)
    centres = _compute_centres(used, area.crs)
    frame = frame.merge(centres, on="neighbourhood_code", how="left")
    for code in frame.loc[frame["n_small_areas"].isna(), "neighbourhood_code"]:
        notices.add(EMPTY_NEIGHBOURHOOD, value=code)
    return frame.drop(columns="n_small_areas")


def _compute_centres(small: pd.DataFrame, crs: str) -> pd.DataFrame:
    """Return the population-weighted mean position of the located small areas of each neighbourhood."""
    forward = Transformer.from_crs("EPSG:4326", get_crs(crs), always_xy=True)
    frame = small[["neighbourhood_code", "lon", "lat", "population", "is_located"]].copy()
    totals = frame.groupby("neighbourhood_code").agg(
        population=("population", lambda p: p.sum(min_count=1)), n_small_areas=("population", "size")
    )
    located = frame[frame["is_located"]].copy()
    located["x"], located["y"] = forward.transform(located["lon"].to_numpy(), located["lat"].to_numpy())
    weight = located["population"].fillna(0.0)
    empty = weight.groupby(located["neighbourhood_code"]).transform("sum") <= 0
    located["w"] = weight.where(~empty, 1.0)
    sums = (
        located.assign(x=located["x"] * located["w"], y=located["y"] * located["w"])
        .groupby("neighbourhood_code")[["x", "y", "w"]]
        .sum()
    )
    lon, lat = forward.transform(
        (sums["x"] / sums["w"]).to_numpy(), (sums["y"] / sums["w"]).to_numpy(), direction="INVERSE"
    )
    centres = pd.DataFrame({"lon": lon, "lat": lat}, index=sums.index)
    return totals.join(centres, how="left").reset_index()
