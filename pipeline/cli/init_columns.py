"""Which column of a table is what: code, name, coordinates, population, weight, and the vintage of its codes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from pipeline.cli.init_files import FoundTable
from pipeline.places.read_points import X_NAMES, Y_NAMES
from pipeline.places.read_table import to_text

GEOGRAPHY = re.compile(
    r"^(oa|lsoa|msoa|soa|dz|datazone|sa|wd|ward|wz|lad|ltla|utla|par|ed)_?(\d{2}|\d{4})?_?(cd|code)?$"
)
"""Headers of the codes of statistical geographies, as offices of statistics write them: oa21cd, LSOA11, ward17_code."""
TITLES = {
    "oa": "census output areas",
    "lsoa": "LSOAs",
    "msoa": "MSOAs",
    "soa": "super output areas",
    "dz": "data zones",
    "datazone": "data zones",
    "sa": "small areas",
    "wd": "wards",
    "ward": "wards",
    "wz": "workplace zones",
    "lad": "local authority districts",
    "ltla": "local authorities",
    "utla": "local authorities",
    "par": "parishes",
    "ed": "electoral divisions",
}
CODES = ("geo_code", "geocode", "geography_code", "gss_code", "area_code", "code", "crscode", "crs_code", "id")
MORE_CODES = re.compile(r"(code|_cd|_id|^id|organisationid)$")
NAMES = ("name", "fullname", "full_name", "stationname", "station_name", "organisationname", "title", "label")
PREFERRED_NAMES = ("fullname", "full_name")
POPULATION = re.compile(
    r"^(population|pop|pop_?total|total_?pop(ulation)?|usual_?residents|residents|persons|people|all_?ages|"
    r"population_?(\d{4})|pop_?(\d{4}))$"
)
WEIGHTS = {
    "jobs": re.compile(r"^(jobs|n_jobs|total_?jobs|employment|employees|workers|workplace_?population)$"),
    "schools": re.compile(r"^(schools|n_schools)$"),
    "hospitals": re.compile(r"^(healthcare|hospitals|health_?facilities)$"),
}
"""Columns that say how much of something is at a place, by the category of destinations that they make."""
CONTENTS = {
    "hospitals": re.compile(r"hospital|infirmary|ysbyty", re.IGNORECASE),
    "stations": re.compile(r"\bstation\b", re.IGNORECASE),
    "schools": re.compile(r"\b(?:school|academy|college|ysgol)\b", re.IGNORECASE),
    "surgeries": re.compile(r"surgery|medical (?:centre|practice)|health centre", re.IGNORECASE),
}
HEADERS = {"hospitals": ("has_ae", "hospital"), "stations": ("crscode", "crs_code", "tiploc", "stationname")}


def _lower(column: str) -> str:
    return column.strip().lower()


def list_text(table: FoundTable, column: str) -> list[str]:
    """Return the codes of a column as trimmed text, blanks left out."""
    return [str(value) for value in to_text(table.frame[column]).dropna()]


def _is_unique(table: FoundTable, column: str) -> bool:
    values = to_text(table.frame[column])
    return bool(values.notna().all() and values.is_unique)


def list_codes(table: FoundTable) -> list[str]:
    """List the columns that look like codes, the likeliest first: geographies, other codes, identifiers."""
    geographies = [c for c in table.columns if GEOGRAPHY.match(_lower(c))]
    plain = [c for name in CODES for c in table.columns if _lower(c) == name]
    more = [c for c in table.columns if MORE_CODES.search(_lower(c))]
    return list(dict.fromkeys([*geographies, *plain, *more]))


def find_code(table: FoundTable) -> str | None:
    """Find the column that tells the rows of a table apart: a code, else a name; None if no column does."""
    names = [find_name(table, None)]
    candidates = [*list_codes(table), *(name for name in names if name)]
    return next((column for column in candidates if _is_unique(table, column)), None)


def find_name(table: FoundTable, code: str | None) -> str | None:
    """Find the column of names that belongs to a code: ``lsoa11nm`` to ``lsoa11cd``, else ``name`` and the like."""
    lowered = {_lower(c): c for c in table.columns}
    if code is not None:
        stem = re.sub(r"_?(cd|code)$", "", _lower(code))
        for name in () if not stem else (f"{stem}nm", f"{stem}_nm", f"{stem}_name", f"{stem}name"):
            if name in lowered and lowered[name] != code:
                return lowered[name]
    for name in (*PREFERRED_NAMES, *NAMES):
        if name in lowered and lowered[name] != code:
            return lowered[name]
    return None


def find_coordinates(table: FoundTable) -> tuple[str, str] | None:
    """Find the pair of columns that hold x and y, degrees before metres; None if there is none."""
    lowered = {_lower(c): c for c in table.columns}
    pairs = [("lon", "lat"), ("longitude", "latitude"), ("long", "lat"), ("lng", "lat")]
    pairs += [("easting", "northing"), ("eastings", "northings"), ("x", "y"), ("point_x", "point_y")]
    pairs += list(zip(X_NAMES, Y_NAMES, strict=False))
    return next(((lowered[x], lowered[y]) for x, y in pairs if x in lowered and y in lowered), None)


def find_population(table: FoundTable) -> str | None:
    """Find the column of the population; of several years, the latest."""
    found = []
    for column in table.columns:
        match = POPULATION.match(_lower(column))
        if match and _is_number(table.frame[column]):
            found.append((max((int(year) for year in re.findall(r"\d{4}", column)), default=9999), column))
    return max(found)[1] if found else None


def _is_number(values: pd.Series) -> bool:
    return bool(pd.to_numeric(values, errors="coerce").notna().mean() > 0.5)


def list_weights(table: FoundTable) -> dict[str, str]:
    """Return category to the column that says how much of it is at each place, such as jobs."""
    return {
        category: column
        for category, pattern in WEIGHTS.items()
        for column in table.columns
        if pattern.match(_lower(column)) and _is_number(table.frame[column])
    }


def find_category(table: FoundTable) -> str | None:
    """Find out what the places of a table are by its headers, their names or else the file's; None if none says."""
    lowered = {_lower(c) for c in table.columns}
    for category, headers in HEADERS.items():
        if lowered & set(headers):
            return category
    name = find_name(table, find_code(table))
    if name is not None:
        values = table.frame[name].dropna().astype(str)
        for category, pattern in CONTENTS.items():
            if len(values) and values.str.contains(pattern).mean() > 0.3:
                return category
    if list_weights(table):
        return None
    stem = table.path.name.lower()
    words = {"hospital": "hospitals", "station": "stations", "school": "schools", "surger": "surgeries"}
    return next((category for word, category in words.items() if word in stem), None)


def describe_vintage(column: str) -> str:
    """Say which geography of which census a column's codes belong to; blank where its name does not tell."""
    match = GEOGRAPHY.match(_lower(column))
    if match is None or match.group(2) is None:
        return ""
    year = match.group(2)
    return f"{TITLES[match.group(1)]} {year if len(year) == 4 else f'20{year}'}"


def find_words(column: str) -> dict[str, str] | None:
    """Return what the places of a geography are called, one and several; None where its code's header does not tell."""
    match = GEOGRAPHY.match(_lower(column))
    if match is None:
        return None
    several = TITLES[match.group(1)].removeprefix("census ")
    one = several.replace("authorities", "authority").replace("parishes", "parish")
    return {"neighbourhood": one if one != several else several.removesuffix("s"), "neighbourhoods": several}


def has_geography(column: str) -> bool:
    """Say whether a column's name is that of the codes of a statistical geography."""
    return GEOGRAPHY.match(_lower(column)) is not None


def find_nation(codes: Iterable[str]) -> str | None:
    """Find the part of the United Kingdom to which most codes belong, by the letter that they begin with."""
    letters = {"E": "england", "W": "wales", "S": "scotland", "N": "northern_ireland"}
    known = [letters[c[0]] for c in codes if re.fullmatch(r"[EWSN]\d{8}", c)]
    return max(sorted(set(known)), key=known.count) if known else None


def find_matching_column(table: FoundTable, codes: set[str], *, least: float = 0.5) -> str | None:
    """Find the column that holds the largest share of some codes, at least ``least`` of them (0 to 1)."""
    shares = {
        column: len(codes.intersection(list_text(table, column))) / len(codes) for column in table.columns if codes
    }
    best = max(shares, key=lambda column: shares[column], default=None)
    return best if best is not None and shares[best] >= least else None
