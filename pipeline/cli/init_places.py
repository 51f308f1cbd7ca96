"""Which tables of a new area are small areas, destinations, lookups, boundaries, names and deprivation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from pipeline.base.errors import InputError
from pipeline.cli.init_columns import (
    describe_vintage,
    find_category,
    find_code,
    find_matching_column,
    find_name,
    find_population,
    has_geography,
    list_codes,
    list_text,
    list_weights,
)
from pipeline.cli.init_crs import Located
from pipeline.cli.init_files import FoundTable
from pipeline.cli.init_inputs import describe_path
from pipeline.places.read_table import to_text

DEPRIVATION = re.compile(r"^((imd|wimd|simd|nimdm|imd\d{2,4}|deprivation)_?\d{0,4}_?(rank|decile|score))$")
LEFT_BEHIND = re.compile(r"^(is_)?left_?behind$")
AUTHORITY = re.compile(r"^(lad|ltla|utla|la|district|authority)_?\d{0,4}_?(cd|code)$")
SMALL_SHARE = 0.9
TRUE = frozenset({"true", "1", "yes", "y"})


@dataclass
class Candidate:
    """A table whose rows have a place on the map and a code.

    Attributes
    ----------
    table, located, code
        The table, where its rows are, and the column that tells them apart.
    population
        Column of the population, if any.
    code_with
        Further columns that tell rows apart where none does alone.
    """

    table: FoundTable
    located: Located
    code: str
    population: str | None = None
    code_with: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """How much it looks like small areas."""
        n_inside = int(self.located.inside.sum())
        if n_inside == 0 or self.code_with:
            return 0
        return 4 * (self.population is not None) + 3 * has_geography(self.code) - self.table.is_polygons


@dataclass
class Membership:
    """How small areas make up neighbourhoods.

    Attributes
    ----------
    lookup, boundaries, names
        Parts of the area file; empty where there are none.
    of
        Small area to neighbourhood, as far as it is known.
    codes
        Of the neighbourhoods.
    why
        Sentences for the plan.
    """

    lookup: dict[str, Any] = field(default_factory=dict)
    boundaries: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    why: list[str] = field(default_factory=list)


def build_candidate(table: FoundTable, located: Located) -> Candidate | None:
    """Build a candidate from a table whose rows can be told apart.

    By a code, or by a name without repeats, or by name and place together; None if they cannot be.
    """
    if (code := find_code(table)) is not None:
        return Candidate(table, located, code, find_population(table))
    name = find_name(table, None)
    if name is None or located.x is None or located.y is None or to_text(table.frame[name]).isna().any():
        return None
    return Candidate(table, located, name, code_with=(located.x, located.y))


def describe_source(table: FoundTable, data: Path, code: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Return what an area file says of a source: path, how to read it, columns (None is left out), licence, vintage."""
    about: dict[str, Any] = {"path": describe_path(table.path, data)}
    if table.encoding != "utf-8-sig":
        about["encoding"] = table.encoding
    if table.separator != ",":
        about["separator"] = table.separator
    about |= {key: value for key, value in columns.items() if value is not None}
    return {**about, "licence": "", "attribution": "", "vintage": describe_vintage(code)}


def describe_points(candidate: Candidate, data: Path) -> dict[str, Any]:
    """Return a source of points: its columns and coordinate system."""
    located = candidate.located
    columns = {
        "code": candidate.code,
        "code_with": list(candidate.code_with) or None,
        "name": candidate.code if candidate.code_with else find_name(candidate.table, candidate.code),
        "x": located.x,
        "y": located.y,
        "crs": located.crs,
    }
    return describe_source(candidate.table, data, candidate.code, columns)


def list_destinations(candidate: Candidate, data: Path, *, category: str | None = None) -> list[dict[str, Any]]:
    """List the categories that a table makes: one for its name, or one for each column of weights.

    Parameters
    ----------
    candidate
        The table.
    data
        Folder of the inputs.
    category
        As somebody named it; absent: found from headers, names and weights, else the file's name.

    Returns
    -------
    list of dict
        Entries of ``destinations:``.
    """
    weights = list_weights(candidate.table)
    found = find_category(candidate.table)
    if category is not None:
        kinds = [(category, weights.get(category) or weights.get(category.split("_")[0]))]
    elif found is not None:
        kinds = [(found, None)]
    elif weights:
        kinds = list(weights.items())
    else:
        stem = re.sub(r"[^a-z0-9]+", "_", candidate.table.path.name.lower().split(".")[0]).strip("_")
        kinds = [(stem or "places", None)]
    entries = []
    for name, weight in kinds:
        label = _describe_category(name, weight)
        entry: dict[str, Any] = {"category": name, **label, **describe_points(candidate, data)}
        if weight is not None:
            entry |= {"weight": weight, "min_weight": 1, "cumulative": True}
        entries.append(entry)
    return entries


def _describe_category(name: str, weight: str | None) -> dict[str, str]:
    words = name.replace("_", " ")
    known = {
        "hospitals": ("hospital", "hospitals"),
        "stations": ("railway station", "railway stations"),
        "jobs": ("place with jobs", "places with jobs"),
        "schools": ("school", "schools"),
        "surgeries": ("surgery", "surgeries"),
    }
    if weight == "healthcare":
        return {"label": "healthcare facility", "plural": "healthcare facilities"}
    if re.search(r"\b(pois?|points? of interest)$", words):
        return {"label": "point of interest", "plural": "points of interest"}
    singular, plural = known.get(name, (find_singular(words), words))
    return {"label": singular, "plural": plural}


def find_singular(words: str) -> str:
    """Return one of several, as far as an ending tells: the first noun where the rest begins with ``of``.

    Parameters
    ----------
    words
        Such as ``places of worship``.

    Returns
    -------
    str
        Such as ``place of worship``; the words themselves where they end in no usual plural.
    """
    head, of, rest = words.partition(" of ")
    for ending, one in ((r"ies$", "y"), (r"(?<=[sx])es$|(?<=[cs]h)es$", ""), (r"(?<=[^su])s$", "")):
        found = re.sub(ending, one, head)
        if found != head:
            return f"{found}{of}{rest}"
    return words


def is_named_after_file(candidate: Candidate) -> bool:
    """Say whether nothing in a table says what its places are, so that its category goes by the file's name."""
    return find_category(candidate.table) is None and not list_weights(candidate.table)


def build_membership(
    small: Candidate,
    tables: Iterable[FoundTable],
    data: Path,
    *,
    lookup: FoundTable | None,
    boundaries: FoundTable | None,
) -> Membership:
    """Find out how small areas make up neighbourhoods: by a lookup, by polygons, or each is one.

    Parameters
    ----------
    small
        The small areas.
    tables
        All tables.
    data
        Folder of the inputs.
    lookup, boundaries
        As somebody named them; absent: the one that fits.

    Returns
    -------
    Membership
        With the reasons.
    """
    tables = list(tables)
    codes = set(list_text(small.table, small.code))
    found = Membership(codes=codes)
    for table in [lookup] if lookup is not None else tables:
        pair = find_lookup(table, codes)
        if pair is None and lookup is not None:
            raise InputError(
                f"{table.path.name} is no lookup: no column holds the codes of the small areas ({small.code}) beside "
                "the code of a larger area.",
                file=table.path,
                cure="Give a table with both codes, whose headers say what they are, such as oa21cd and lsoa21cd.",
            )
        if pair is None or len(set(pair[2].values())) < len(set(found.of.values())):
            continue
        found.of, found.codes = pair[2], set(pair[2].values())
        columns = {"small_area": pair[0], "neighbourhood": pair[1]}
        found.lookup = describe_source(table, data, pair[1], columns)
    if found.lookup:
        found.why = [f"{len(found.codes)}, by the lookup {found.lookup['path']}"]
    _add_boundaries(found, small, tables, data, given=boundaries)
    _add_names(found, tables, data)
    if not found.why:
        found.why = [f"each of the {len(codes):,} small areas is one (no lookup, no polygons)"]
    return found


def find_lookup(table: FoundTable, codes: set[str]) -> tuple[str, str, dict[str, str]] | None:
    """Find two columns of a table that say of which larger area each small area is a part.

    Parameters
    ----------
    table
        A table.
    codes
        Of small areas.

    Returns
    -------
    tuple or None
        Both columns, and small area to larger area; of several the one with the most larger areas.
    """
    small = find_matching_column(table, codes, least=SMALL_SHARE)
    if small is None:
        return None
    left = to_text(table.frame[small])
    best: tuple[str, str, dict[str, str]] | None = None
    for column in list_codes(table):
        if column == small or not has_geography(column):
            continue
        right = to_text(table.frame[column])
        pairs = {str(a): str(b) for a, b in zip(left, right, strict=True) if a in codes and b is not None}
        n = len(set(pairs.values()))
        if 1 < n < 0.7 * len(codes) and (best is None or n > len(set(best[2].values()))):
            best = (small, column, pairs)
    return best


def _add_boundaries(
    found: Membership, small: Candidate, tables: list[FoundTable], data: Path, *, given: FoundTable | None
) -> None:
    """Take the first polygons that are neighbourhoods, or small areas to be merged, or into which the points fall."""
    small_codes = set(list_text(small.table, small.code))
    for table in [given] if given is not None else tables:
        if not table.is_polygons:
            continue
        level = "neighbourhood"
        code = find_matching_column(table, found.codes)
        if code is None and found.lookup:
            code, level = find_matching_column(table, small_codes), "small_area"
        elif code is None and (code := find_code(table)) is not None:
            by_place = _find_polygons(small, table, code)
            if not by_place:
                continue
            found.of, found.codes = by_place, set(list_text(table, code))
            found.why.append(f"{len(found.codes)}, the polygons of {table.path.name} in which the small areas lie")
        if code is None:
            continue
        name = find_name(table, code) if level == "neighbourhood" else None
        found.boundaries = describe_source(table, data, code, {"code": code, "level": level, "name": name})
        return
    if given is not None:
        raise InputError(
            f"{given.path.name} holds no polygons of the neighbourhoods, of the small areas, or around them.",
            file=given.path,
            cure="Give polygons with a column of their codes, or leave the option out.",
        )


def _find_polygons(small: Candidate, table: FoundTable, code: str) -> dict[str, str]:
    """Return small area to the polygon it lies in; empty if fewer than half of them lie in one."""
    shapes = table.frame
    assert isinstance(shapes, gpd.GeoDataFrame)  # noqa: S101 (only tables with polygons come here)
    polygons = shapes.set_crs("EPSG:4326") if shapes.crs is None else shapes.to_crs("EPSG:4326")
    points = gpd.GeoDataFrame(
        {"small": to_text(small.table.frame[small.code])},
        geometry=gpd.points_from_xy(small.located.lon, small.located.lat),
        crs="EPSG:4326",
    )
    areas: gpd.GeoSeries[BaseGeometry] = polygons.geometry
    joined = gpd.sjoin(points, gpd.GeoDataFrame({"large": to_text(polygons[code])}, geometry=areas))
    pairs = joined.dropna(subset=["small", "large"]).drop_duplicates("small")
    if len(pairs) < len(points) / 2 or pairs["large"].nunique() < 2:
        return {}
    return dict(zip(pairs["small"].astype(str), pairs["large"].astype(str), strict=True))


def _add_names(found: Membership, tables: list[FoundTable], data: Path) -> None:
    for table in tables:
        code = find_matching_column(table, found.codes, least=SMALL_SHARE)
        if table.is_spatial or code is None or len(list_text(table, code)) != len(set(list_text(table, code))):
            continue
        name = find_name(table, code)
        if name is None or (not found.lookup and not found.boundaries):
            continue
        authority = next((c for c in table.columns if AUTHORITY.match(c.lower()) and c != code), None)
        found.names = describe_source(table, data, code, {"code": code, "name": name, "authority": authority})
        return


def find_deprivation(found: Membership, small: Candidate, tables: Iterable[FoundTable], data: Path) -> dict[str, Any]:
    """Find a column of deprivation and one of left behind places, for comparison groups.

    Returns
    -------
    dict
        ``deprivation`` and ``groups`` of ``neighbourhoods:``; empty where there are none.
    """
    small_codes = set(list_text(small.table, small.code))
    parts: dict[str, Any] = {}
    groups: list[dict[str, Any]] = []
    for table in tables:
        level = "neighbourhood"
        code = find_matching_column(table, found.codes, least=SMALL_SHARE)
        if code is None:
            code, level = find_matching_column(table, small_codes, least=SMALL_SHARE), "small_area"
        if code is None:
            continue
        flag = next((c for c in table.columns if LEFT_BEHIND.match(c.lower())), None)
        values = sorted({v for v in list_text(table, flag) if v.lower() in TRUE}) if flag else []
        if values and level == "neighbourhood":
            source = describe_source(table, data, code, {"code": code, "column": flag, "one_of": values})
            groups.insert(0, {"group": "left_behind", **source})
        columns = [c for c in table.columns if DEPRIVATION.match(c.lower())]
        columns.sort(key=lambda c: ("rank" not in c.lower(), "decile" not in c.lower()))
        if not columns or "deprivation" in parts:
            continue
        best = columns[0]
        higher = "more_deprived" if "score" in best.lower() else "less_deprived"
        columns_of = {"code": code, "column": best, "level": level, "higher_is": higher}
        parts["deprivation"] = describe_source(table, data, code, columns_of)
        if higher == "less_deprived":
            limit = {"lowest_pct": 10} if "rank" in best.lower() else {"at_most": 1}
            source = describe_source(table, data, code, {"code": code, "column": best, "level": level, **limit})
            groups.append({"group": "other_deprived", **source})
    return {**({"groups": groups} if groups else {}), **parts}


def find_population_source(
    found: Membership, small: Candidate, tables: Iterable[FoundTable], data: Path
) -> dict[str, Any] | None:
    """Find a table with the population of small areas, else of neighbourhoods; None if there is none."""
    small_codes = set(list_text(small.table, small.code))
    for level, codes in (("small_area", small_codes), ("neighbourhood", found.codes)):
        for table in tables:
            column = find_population(table)
            code = find_matching_column(table, codes, least=SMALL_SHARE) if column else None
            if column is None or code is None or not _has_once(table, code):
                continue
            return describe_source(table, data, code, {"code": code, "column": column, "level": level})
    return None


def _has_once(table: FoundTable, code: str) -> bool:
    return bool(pd.Series(list_text(table, code)).is_unique)
