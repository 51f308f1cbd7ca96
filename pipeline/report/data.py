"""The published tables as the report uses them, and their way into a page: safe script data and safe CSV."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.base.cells import neutralise_frame
from pipeline.base.errors import InputError
from pipeline.report.context import ALL_GROUPS, GroupInfo
from pipeline.report.profile_columns import PROFILE_COLUMNS
from pipeline.report.text import as_float, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.context import CategoryInfo, ReportContext

TRAVEL_TIME = "out_neighbourhood__travel_time"
JOBS = "out_neighbourhood__jobs"
CAR = "out_neighbourhood__car_time"
SERVICE_LEVEL = "out_neighbourhood__service_level"
SERVICE_CHANGE = "out_neighbourhood__service_change"
MATCHED_SERVICES = "out_service__change"
SERVICE_ATTRIBUTION = "out_service__attribution"
OPERATORS = "out_operator__presence"
INDICATOR = "out_neighbourhood__indicator"
SCORE = "out_neighbourhood__score"
GEOGRAPHY = "out_neighbourhood__geography"
STOPS = "out_stop__location"
DESTINATIONS = "out_destination__location"
NOTICES = "out_run__notices"
INPUTS = "out_run__inputs"

COLUMNS: dict[str, tuple[str, ...]] = {
    TRAVEL_TIME: (
        "snapshot",
        "neighbourhood_code",
        "category",
        "window",
        "direction",
        "mode_set",
        "travel_time_p5_s",
        "travel_time_p25_s",
        "travel_time_p50_s",
        "travel_time_p75_s",
        "travel_time_p95_s",
        "reachable_pct",
        "first_departure_s",
        "last_departure_s",
        "longest_gap_s",
        "walk_time_s",
        "destinations_nearest",
        "people_without_pct",
        "reason",
    ),
    JOBS: ("snapshot", "neighbourhood_code", "category", "window", "mode_set", "limit_min", "jobs_p50", "reason"),
    CAR: (
        "snapshot",
        "neighbourhood_code",
        "category",
        "window",
        "mode_set",
        "car_time_min",
        "public_transport_time_min",
        "public_transport_to_car_ratio",
        "nearest_destination_name",
        "reason",
        "ratio_reason",
    ),
    SERVICE_LEVEL: (
        "snapshot",
        "neighbourhood_code",
        "mode",
        "day_type",
        "band",
        "runs_per_day",
        "first_run_s",
        "last_run_s",
        "hours_served",
        "days_served_pct",
        "stops_in_zone",
        "stops_reachable_direct",
        "coverage_class",
    ),
    SERVICE_CHANGE: (
        "neighbourhood_code",
        "snapshot_from",
        "snapshot_to",
        "comparison",
        "mode",
        "day_type",
        "band",
        "runs_per_day_before",
        "runs_per_day_after",
        "change_pct",
        "coverage_class",
        "coverage_reason",
    ),
    MATCHED_SERVICES: (
        "snapshot_from",
        "snapshot_to",
        "operator_name_before",
        "operator_name_after",
        "route_before",
        "route_after",
        "mode",
        "status",
        "weekday_runs_before",
        "weekday_runs_after",
        "saturday_runs_before",
        "saturday_runs_after",
        "sunday_runs_before",
        "sunday_runs_after",
        "evidence",
        "coverage_class",
    ),
    SERVICE_ATTRIBUTION: (
        "snapshot_from",
        "snapshot_to",
        "operator_name",
        "route",
        "status",
        "category",
        "window",
        "is_counted",
        "lost_person_min",
        "people_cut_off",
        "people_beyond_hour",
        "neighbourhoods_affected",
    ),
    OPERATORS: ("snapshot", "operator_key", "operator_name", "feed", "n_trips", "n_services", "presence_class"),
    INDICATOR: ("snapshot", "neighbourhood_code", "indicator", "value", "rank", "n_ranked", "score", "reason"),
    SCORE: (
        "snapshot",
        "neighbourhood_code",
        "score",
        "rank",
        "decile",
        "absolute_index",
        "rank_low",
        "rank_high",
        "n_indicators",
        "n_missing",
        "coverage_class",
    ),
    GEOGRAPHY: (
        "neighbourhood_code",
        "neighbourhood_name",
        "area_group",
        "authority_code",
        "population",
        "lon",
        "lat",
        "geometry_wkb",
    ),
    STOPS: ("snapshot", "stop_id", "lon", "lat", "mode"),
    DESTINATIONS: ("destination_id", "category", "name", "lon", "lat"),
    NOTICES: (
        "stage",
        "snapshot",
        "code",
        "severity",
        "file",
        "row",
        "field",
        "value",
        "count",
        "detail",
        "meaning",
        "cure",
    ),
    INPUTS: ("role", "snapshot", "path", "sha256", "bytes", "licence", "attribution", "vintage"),
}
"""Columns of each table that the report reads; tables may hold more."""
for _table, _columns in PROFILE_COLUMNS.items():
    COLUMNS[_table] = tuple(dict.fromkeys((*COLUMNS.get(_table, ()), *_columns)))


@dataclass(frozen=True)
class Place:
    """One neighbourhood: its position in every list of the report, its words and its page."""

    index: int
    code: str
    name: str
    group: str
    authority: str
    population: float
    page: str


class ReportData:
    """The tables of one run, checked, sorted and indexed by neighbourhood."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], context: ReportContext) -> None:
        """Check and index the tables.

        Raises
        ------
        InputError
            If there is no neighbourhood, or a table lacks a column the report reads.
        """
        self.context = context
        self.tables = {name: _check_table(name, tables.get(name)) for name in COLUMNS}
        geography = self.tables[GEOGRAPHY]
        if geography.empty:
            raise InputError(
                "the report has no neighbourhood to show", file=GEOGRAPHY, cure="run the stage 'places' for this area"
            )
        self.geography = geography.sort_values("neighbourhood_code", kind="stable").reset_index(drop=True)
        self.places = _build_places(self.geography)
        self.position = {place.code: place.index for place in self.places}
        self.groups = _find_groups(self.places, context)
        self._members: dict[str, list[Place]] = {}
        self._slices: dict[str, dict[str, list[dict[str, object]]]] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table by name; it is empty, with its columns, where the run has not published it."""
        return self.tables[name]

    def get_rows(self, name: str, code: str) -> list[dict[str, object]]:
        """Return the rows of a table that belong to one neighbourhood."""
        if name not in self._slices:
            self._slices[name] = _slice_by_code(self.tables[name])
        return self._slices[name].get(code, [])

    def get_members(self, group: str) -> list[Place]:
        """Return the neighbourhoods of a group (all of them for ``all``), by code."""
        if group not in self._members:
            self._members[group] = [place for place in self.places if group in (ALL_GROUPS, place.group)]
        return self._members[group]

    def has_jobs(self, category: CategoryInfo) -> bool:
        """Tell whether what can be reached within a limit has been counted for a category."""
        return bool((self.tables[JOBS]["category"] == category.key).any())

    def has_category(self, category: str) -> bool:
        """Tell whether there is any travel time row for a category."""
        return bool((self.tables[TRAVEL_TIME]["category"] == category).any())


def _check_table(name: str, frame: pd.DataFrame | None) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in COLUMNS[name]})
    lacking = [column for column in COLUMNS[name] if column not in frame.columns]
    if lacking:
        raise InputError(
            f"the table lacks the column {lacking[0]!r}", file=name, field=lacking[0], cure="run the stage again"
        )
    return frame


def _build_places(geography: pd.DataFrame) -> list[Place]:
    places: list[Place] = []
    pages: set[str] = set()
    for index, row in enumerate(geography.to_dict("records")):
        code = as_text(row["neighbourhood_code"])
        page = build_page_name(code, pages)
        pages.add(page.lower())
        places.append(
            Place(
                index=index,
                code=code,
                name=as_text(row["neighbourhood_name"]) or code,
                group=as_text(row["area_group"]) or "other",
                authority=as_text(row["authority_code"]),
                population=as_float(row["population"]) or 0.0,
                page=page,
            )
        )
    return places


def build_page_name(code: str, taken: set[str]) -> str:
    """Return a file name without its ending that is safe on every file system and unique without regard to case.

    A code of plain letters, digits, ``_`` and ``-`` stays as it is; any other is cleaned and followed by a part of
    its hash.
    """
    clean = re.sub(r"[^A-Za-z0-9_-]+", "_", code)[:60]
    if clean == code and clean and clean.lower() not in taken:
        return clean
    return f"{clean}-{hashlib.sha256(code.encode()).hexdigest()[:10]}"


def _find_groups(places: Sequence[Place], context: ReportContext) -> list[GroupInfo]:
    present = {place.group for place in places}
    known = [group.key for group in context.groups]
    keys = [key for key in known if key in present]
    keys += sorted(present - set(known))
    everything = context.get_group(ALL_GROUPS)
    if len(keys) < 2:
        return [everything]
    return [context.get_group(key) for key in keys] + [everything]


def _slice_by_code(frame: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    columns = [str(column) for column in frame.columns]
    lists = [frame[column].astype(object).tolist() for column in columns]
    at = columns.index("neighbourhood_code")
    for values in zip(*lists, strict=True):
        found.setdefault(str(values[at]), []).append(dict(zip(columns, values, strict=True)))
    return found


def compute_median(values: Sequence[float | None]) -> float | None:
    """Return the median where None counts as infinite; None if the median itself is infinite or there is no value.

    With an even number of values the mean of the middle two is taken; if the upper one is infinite, so is the median.
    """
    if not values:
        return None
    filled = np.sort(np.array([np.inf if value is None else value for value in values], dtype=np.float64))
    middle = len(filled) // 2
    median = filled[middle] if len(filled) % 2 else (filled[middle - 1] + filled[middle]) / 2.0
    return float(median) if np.isfinite(median) else None


def build_script(variable: str, value: object) -> str:
    """Return a script that assigns JSON to ``window.<variable>``.

    Characters that could end a script element, open a comment or break a line in an older engine are written as
    escapes, so that no name taken from a feed can leave its string.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'window["{variable}"]={text};\n'


def build_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV for spreadsheets: UTF-8 with its mark, CRLF, formulas neutralised, geometry left out."""
    kept = frame[[column for column in frame.columns if not str(column).endswith("_wkb")]]
    return b"\xef\xbb\xbf" + neutralise_frame(kept).to_csv(index=False, lineterminator="\r\n").encode("utf-8")
