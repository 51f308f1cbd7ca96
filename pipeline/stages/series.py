"""What stands in for stage ``service`` in an area with a published series: series and change of every place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.sparse import csr_array

from pipeline.base.area import NeighbourhoodNames, Series
from pipeline.base.errors import InputError
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun
from pipeline.base.notices import Notices, declare_notice
from pipeline.change.series import (
    PlaceSeries,
    build_membership,
    build_place_series,
    compute_means,
    list_series,
    mark_doubts,
)
from pipeline.change.series_change import compute_combinations, compute_series_change, find_breaks, rank_losses
from pipeline.places.distance import compute_straight_lines
from pipeline.places.model import Places
from pipeline.places.read_table import ROW, get_column, read_table, to_text

REST = "elsewhere"
ALL = "all"

NO_AUTHORITY = declare_notice(
    "neighbourhood_without_authority",
    "warning",
    "A neighbourhood has no authority, so it is in no authority's figures.",
    "Check the vintage of the table of names.",
)
BREAK = declare_notice(
    "series_break_of_authority",
    "warning",
    "The runs of a whole authority fall or rise at once by a large share and stay so; its places count as doubtful.",
    "Find out whether timetables are missing from that year on, or were counted twice before.",
)


@dataclass(frozen=True)
class SeriesPlaces:
    """Small areas with their people, and what they belong to; all in the order of the small areas.

    Attributes
    ----------
    codes
        Codes of the n small areas.
    people
        float64[n].
    neighbourhood
        int[n]; position of the neighbourhood, -1 for none.
    region
        Name of the region of each small area.
    frame
        ``core_places__neighbourhood`` with ``region``.
    authorities
        Codes of the authorities, sorted.
    authority
        int[n_neighbourhoods + 1]; position of the authority of each neighbourhood, -1 for none (and at the end).
    """

    codes: list[str]
    people: np.ndarray
    neighbourhood: np.ndarray
    region: list[str]
    frame: pd.DataFrame
    authorities: list[str]
    authority: np.ndarray


def build_series_tables(project: Project, series: Series, places: Places, stage: StageRun) -> dict[str, pd.DataFrame]:
    """Compute every table of a published series.

    Parameters
    ----------
    project
        The area with its settings.
    series
        What it says about the series.
    places
        Its places.
    stage
        Takes notices.

    Returns
    -------
    dict
        Name to table, as declared in :mod:`pipeline.base.tables_series`.

    Raises
    ------
    InputError
        If the series cannot be used.
    """
    known = _join_places(series, places, stage.notices)
    path = project.resolve(series.path)
    stage.add_input(
        "series", series.path, path, licence=series.licence, attribution=series.attribution, vintage=series.vintage
    )
    cube = build_place_series(
        read_series(series, path), known.codes, series.columns, file=path.name, notices=stage.notices
    )
    cube = mark_doubts(cube, series.doubtful, known.region)
    names = _read_authority_names(project)
    membership = build_membership(known.authority[known.neighbourhood].tolist(), len(known.authorities))
    authorities = compute_means(cube, membership, known.people, known.authorities)
    breaks = _describe_breaks(authorities, series, names, path.name, stage.notices)
    tables = _describe_neighbourhoods(cube, series, known, breaks)
    tables |= _describe_authorities(cube, series, known, names, authorities, breaks)
    tables |= _describe_groups(cube, series, known, tables["out_neighbourhood__series_change"])
    tables["out_neighbourhood__distance"] = compute_straight_lines(places, project.area.crs)
    tables["out_small_area__series_change"] = _describe_small_areas(cube, series, known, breaks)
    return tables


def _describe_breaks(
    authorities: PlaceSeries, series: Series, names: dict[str, str], file: str, notices: Notices
) -> list[list[str]]:
    """Say for every authority and measure what break its series has; a last row, all empty, stands for none."""
    last = max(year for span in series.baselines for year in span.years)
    n_measures = len(authorities.measures)
    texts = [[""] * n_measures for _ in range(len(authorities.codes) + 1)]
    found = find_breaks(authorities, after_year=last, max_step_pct=series.max_step_pct)
    for (place, measure), (before, after) in sorted(found.items()):
        code = authorities.codes[place]
        old, new = (authorities.runs[place, authorities.years.index(y), measure] for y in (before, after))
        verb, rest, cause = ("fell", "low", "missing") if new < old else ("rose", "high", "twofold")
        texts[place][measure] = (
            f"runs in all of {names.get(code, code)} {verb} from {old:,.0f} in {before} to {new:,.0f} in {after} and "
            f"stayed {rest}, which looks like {cause} data"
        )
        if measure == 0:
            notices.add(BREAK, file=file, field=series.columns[0].column, value=code, detail=texts[place][measure])
    return texts


def read_series(series: Series, path: Path) -> pd.DataFrame:
    """Read a published series.

    Parameters
    ----------
    series
        Columns, encoding and separator.
    path
        The file: Parquet or CSV.

    Returns
    -------
    pandas.DataFrame
        code (text), year (int), row, and the columns named, as numbers (NaN where blank).

    Raises
    ------
    InputError
        If a column is missing, or holds what is no number or no year.
    """
    wanted = [series.code, series.year, *(column.column for column in series.columns)]
    if path.suffix.lower() == ".parquet" and path.is_file() and set(wanted) <= set(pq.read_schema(path).names):
        table = pd.read_parquet(path, columns=wanted)
        table[ROW] = range(1, len(table) + 1)
    else:
        table = read_table(series, path)
    codes = get_column(table, series.code, path)
    distinct = to_text(pd.Series(codes.unique()))
    frame = pd.DataFrame({"code": codes.map(dict(zip(codes.unique(), distinct, strict=True))), "row": table[ROW]})
    frame["year"] = _read_numbers(table, series.year, path, must_be_whole=True).astype("int64")
    for column in series.columns:
        frame[column.column] = _read_numbers(table, column.column, path, must_be_whole=False)
    return frame


def _read_numbers(table: pd.DataFrame, column: str, path: Path, *, must_be_whole: bool) -> pd.Series:
    text = get_column(table, column, path)
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers) & text.notna()
    if must_be_whole:
        bad |= numbers.isna() | (numbers % 1 != 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"'{text.iloc[first]}' is not {'a year' if must_be_whole else 'a number of runs'}.",
            file=path,
            row=int(table[ROW].iloc[first]),
            field=column,
            cure="Correct it, or name another column in the area file.",
        )
    return numbers


def _join_places(series: Series, places: Places, notices: Notices) -> SeriesPlaces:
    frame = places.neighbourhoods.reset_index(drop=True)
    authority = frame["authority_code"].fillna("").astype(str)
    frame["region"] = REST
    for one in reversed(series.regions):
        is_inside = authority.str.startswith(one.authority_prefix)
        frame.loc[is_inside | frame["neighbourhood_code"].isin(one.neighbourhoods), "region"] = one.name
    for code in frame.loc[authority == "", "neighbourhood_code"]:
        notices.add(NO_AUTHORITY, value=code)
    position = pd.Series(frame.index, index=frame["neighbourhood_code"])
    small = places.small_areas
    at = small["neighbourhood_code"].map(position).fillna(-1).to_numpy(dtype=np.int64)
    region = np.append(frame["region"].to_numpy(dtype=object), REST)[at].tolist()
    codes = sorted(set(authority) - {""})
    number = {code: i for i, code in enumerate(codes)}
    of = np.array([*(number.get(code, -1) for code in authority), -1], dtype=np.int64)
    people = small["population"].to_numpy(dtype=float)
    return SeriesPlaces(small["small_area_code"].tolist(), people, at, region, frame, codes, of)


def _read_authority_names(project: Project) -> dict[str, str]:
    source: NeighbourhoodNames | None = project.area.neighbourhoods.names
    if source is None or source.authority is None or source.authority_name is None:
        return {}
    path = project.resolve(source.path)
    table = read_table(source, path)
    columns = (to_text(get_column(table, name, path)) for name in (source.authority, source.authority_name))
    return dict(zip(*columns, strict=True))


def _describe_neighbourhoods(
    cube: PlaceSeries, series: Series, known: SeriesPlaces, breaks: list[list[str]]
) -> dict[str, pd.DataFrame]:
    frame = known.frame
    membership = build_membership(known.neighbourhood.tolist(), len(frame))
    means = compute_means(cube, membership, known.people, frame["neighbourhood_code"].tolist())
    both = compute_combinations(cube, membership, known.people, baselines=series.baselines, ends=series.ends)
    said = [breaks[i] for i in known.authority[:-1]]
    change = compute_series_change(means, both, frame["region"].tolist(), breaks=said)
    about = frame[["neighbourhood_name", "area_group", "region", "authority_code"]]
    repeated = about.loc[about.index.repeat(len(cube.measures))].reset_index(drop=True)
    change = pd.concat([change, repeated, rank_losses(both, frame["area_group"].tolist())], axis=1)
    return {
        "out_neighbourhood__service_series": list_series(means).rename(columns={"code": "neighbourhood_code"}),
        "out_neighbourhood__series_change": change.rename(columns={"code": "neighbourhood_code"}),
    }


def _describe_authorities(
    cube: PlaceSeries,
    series: Series,
    known: SeriesPlaces,
    names: dict[str, str],
    means: PlaceSeries,
    breaks: list[list[str]],
) -> dict[str, pd.DataFrame]:
    region = dict(zip(known.frame["authority_code"], known.frame["region"], strict=True))
    membership = build_membership(known.authority[known.neighbourhood].tolist(), len(means.codes))
    both = compute_combinations(cube, membership, known.people, baselines=series.baselines, ends=series.ends)
    change = compute_series_change(means, both, [region[code] for code in means.codes], breaks=breaks[:-1])
    tables = {"out_authority__service_series": list_series(means), "out_authority__series_change": change}
    for name, table in tables.items():
        renamed = table.rename(columns={"code": "authority_code"})
        called = renamed["authority_code"].astype(object).map(lambda code: names.get(code, code))
        tables[name] = renamed.assign(authority_name=called)
    return tables


def _describe_small_areas(
    cube: PlaceSeries, series: Series, known: SeriesPlaces, breaks: list[list[str]]
) -> pd.DataFrame:
    n = len(known.codes)
    each, one = build_membership(list(range(n)), n), np.ones(n)
    both = compute_combinations(cube, each, one, baselines=series.baselines, ends=series.ends)
    said = [breaks[i] for i in known.authority[known.neighbourhood]]
    change = compute_series_change(cube, both, known.region, breaks=said).rename(columns={"code": "small_area_code"})
    wards: list[str | None] = [*known.frame["neighbourhood_code"], None]
    codes = [wards[i] for i in known.neighbourhood]
    change["neighbourhood_code"] = np.repeat(np.asarray(codes, dtype=object), len(cube.measures))
    return change


def _describe_groups(
    cube: PlaceSeries, series: Series, known: SeriesPlaces, wards: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    frame, n_measures = known.frame, len(cube.measures)
    regions = [*(one.name for one in series.regions), REST, ALL]
    sure = (wards["coverage_class"] == "comparable").to_numpy().reshape(len(frame), n_measures)
    sure = np.vstack([sure, np.zeros((1, n_measures), dtype=bool)])[known.neighbourhood]
    all_series, all_changes = [], []
    for region, group in [(r, g) for r in regions for g in (*sorted(set(frame["area_group"])), ALL)]:
        here = frame["region"].isin([region] if region != ALL else regions)
        here &= frame["area_group"].eq(group) | (group == ALL)
        if not here.any():
            continue
        inside = np.append(here.to_numpy(), np.False_)[known.neighbourhood]
        membership = build_membership(np.where(inside, 0, -1).tolist(), 1)
        means = compute_means(cube, membership, known.people, [group])
        change = _describe_group_change(cube, series, known.people, membership, means, sure)
        people = np.nan_to_num(known.people)[inside]
        doubtful = (people[:, None] * ~sure[inside]).sum(axis=0)
        change["people_doubtful_pct"] = 100.0 * doubtful / people.sum() if people.sum() else 0.0
        members = wards[wards["neighbourhood_code"].isin(frame.loc[here, "neighbourhood_code"])]
        for name in ("fell", "rose"):
            counts = members[members["change_direction"] == name].groupby(["day_type", "band"]).size()
            change[f"n_{name}"] = [int(counts.get(measure, 0)) for measure in cube.measures]
        about = {"region": region, "area_group": group, "population": people.sum(), "n_neighbourhoods": here.sum()}
        all_changes.append(change.drop(columns="code").assign(**about))
        all_series.append(_explain_doubts(list_series(means).drop(columns="code"), series, region).assign(**about))
    return {
        "out_group__service_series": pd.concat(all_series, ignore_index=True),
        "out_group__series_change": pd.concat(all_changes, ignore_index=True),
    }


def _describe_group_change(
    cube: PlaceSeries,
    series: Series,
    people: np.ndarray,
    membership: csr_array,
    means: PlaceSeries,
    sure: np.ndarray,
) -> pd.DataFrame:
    """Describe a group's change over all places, and over those that are comparable (sure: small areas x measures)."""
    spans = {"baselines": series.baselines, "ends": series.ends}
    change = compute_series_change(means, compute_combinations(cube, membership, people, **spans), [ALL])
    weight = np.where(sure, np.nan_to_num(people)[:, None], 0.0)
    only = compute_series_change(means, compute_combinations(cube, membership, weight, **spans), [ALL])
    for end in ("low", "high"):
        change[f"change_sure_{end}_pct"] = only[f"change_{end}_pct"]
    return change


def _explain_doubts(frame: pd.DataFrame, series: Series, region: str) -> pd.DataFrame:
    reasons = np.full(len(frame), "", dtype=object)
    for doubt in series.doubtful:
        if doubt.region not in {None, region} and region != ALL:
            continue
        fits = frame["year"].isin(doubt.years)
        if doubt.day_types:
            fits &= frame["day_type"].isin(doubt.day_types)
        reasons[fits] = [f"{before} {doubt.reason}".strip() for before in reasons[fits]]
    return frame.assign(doubt_reason=reasons)
