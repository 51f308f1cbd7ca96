"""What is remembered of an accepted run: rows, places, operators, nulls and distributions, small enough to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

VERSION: Final = 1
WHOLE: Final = ""
"""Key of the rows of a table that knows no snapshots."""
PAIR: Final = ">"
NO_REASON: Final = "no reason"
SCORE: Final = "out_neighbourhood__score"
TRAVEL_TIME: Final = "out_neighbourhood__travel_time"
LINKS: Final = "out_point__link"
PRESENCE: Final = "out_operator__presence"
TOTALS: Final = "out_system__total"
MORNING: Final = "weekday_am"
DAYS_A_WEEK: Final = {"weekday": 5, "saturday": 1, "sunday": 1}


@dataclass(frozen=True)
class RunOrigin:
    """What a run was made of, as hashes.

    Attributes
    ----------
    settings
        Settings and what the area file says apart from snapshots.
    shared
        Inputs that all snapshots share: streets, places, scoring file.
    snapshots
        Snapshot to the hash of what the area file says of it.
    inputs
        Snapshot to the hash of its timetables.
    order
        Snapshots in the order of time.
    """

    settings: str
    shared: str
    snapshots: dict[str, str]
    inputs: dict[str, str]
    order: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunRecord:
    """A run as later ones are compared with it.

    Attributes
    ----------
    run
        Hash of the published tables.
    origin
        What it was made of.
    rows
        Table to snapshot (or ``earlier>later``; empty: no snapshots) to rows.
    linked
        Snapshot to kind of point to the share that is joined to the streets, %.
    nulls
        Snapshot to category to reason to the share of rows that are null, %.
    operators
        Snapshot to the names of operators present.
    runs
        Snapshot to kind of day to runs a day.
    places
        Codes of neighbourhoods.
    index
        Snapshot to absolute index of each place; None where it has none.
    minutes
        Snapshot to category to median travel time of each place; None where it has none.
    """

    run: str
    origin: RunOrigin
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    linked: dict[str, dict[str, float]] = field(default_factory=dict)
    nulls: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    operators: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[str, dict[str, float]] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    index: dict[str, list[float | None]] = field(default_factory=dict)
    minutes: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain content; :func:`read_record` is its inverse."""
        return {"version": VERSION, **asdict(self)}


def parse_record(content: Mapping[str, Any]) -> RunRecord | None:
    """Return a record from plain content.

    Parameters
    ----------
    content
        From :meth:`RunRecord.to_json`.

    Returns
    -------
    RunRecord or None
        None where it was written by another version of the program, which counts other things.
    """
    if content.get("version") != VERSION:
        return None
    plain = {name: value for name, value in content.items() if name not in {"version", "origin"}}
    return RunRecord(origin=RunOrigin(**content["origin"]), **plain)


def count_rows(frame: pd.DataFrame) -> dict[str, int]:
    """Count the rows of a table by snapshot.

    Parameters
    ----------
    frame
        A published table.

    Returns
    -------
    dict
        Snapshot, or ``earlier>later`` where a row compares two, or empty where a table knows no snapshots, to rows.
    """
    if "snapshot" in frame.columns:
        keys = frame["snapshot"].fillna(WHOLE).astype(str)
    elif {"snapshot_from", "snapshot_to"} <= set(frame.columns):
        keys = frame["snapshot_from"].astype(str) + PAIR + frame["snapshot_to"].astype(str)
    elif "snapshot_to" in frame.columns:
        keys = frame["snapshot_to"].astype(str)
    else:
        return {WHOLE: len(frame)}
    return {str(key): int(count) for key, count in keys.value_counts().sort_index().items()}


def build_record(run: str, origin: RunOrigin, tables: Mapping[str, pd.DataFrame]) -> RunRecord:
    """Gather what is remembered of a run.

    Parameters
    ----------
    run
        Hash of its tables.
    origin
        What it was made of.
    tables
        Published tables by name; those that an area does not have may be lacking.

    Returns
    -------
    RunRecord
        The same for the same tables.
    """
    score = tables[SCORE]
    places = sorted(score["neighbourhood_code"].astype(str).unique())
    rows = {name: count_rows(frame) for name, frame in sorted(tables.items()) if not name.startswith("out_run__")}
    return RunRecord(
        run,
        origin,
        rows=rows,
        linked=_measure_links(tables),
        nulls=_measure_nulls(tables),
        operators=_list_operators(tables),
        runs=_sum_runs(tables),
        places=places,
        index={snapshot: _list_values(part, "absolute_index", places, 1.0) for snapshot, part in _split(score)},
        minutes=_list_minutes(tables, places),
    )


def _split(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(snapshot), part) for snapshot, part in frame.groupby("snapshot", sort=True, observed=True)]


def _measure_links(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    if LINKS not in tables:
        return {}
    return {
        snapshot: {str(k): round(100.0 * float(s), 4) for k, s in part.groupby("kind")["is_linked"].mean().items()}
        for snapshot, part in _split(tables[LINKS])
    }


def _measure_nulls(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, dict[str, float]]]:
    if TRAVEL_TIME not in tables:
        return {}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for snapshot, part in _split(tables[TRAVEL_TIME]):
        for category, rows in part.groupby("category", sort=True, observed=True):
            reason = rows["reason"].fillna(NO_REASON)[rows["travel_time_p50_s"].isna()]
            shares = {str(r): round(100.0 * int(n) / len(rows), 4) for r, n in reason.value_counts().items()}
            found.setdefault(snapshot, {})[str(category)] = dict(sorted(shares.items()))
    return found


def _list_operators(tables: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    if PRESENCE not in tables:
        return {}
    return {
        snapshot: sorted(part.loc[part["is_present"].astype(bool), "operator_name"].astype(str).unique())
        for snapshot, part in _split(tables[PRESENCE])
    }


def _sum_runs(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    if TOTALS not in tables:
        return {}
    whole = tables[TOTALS]
    whole = whole[(whole["mode"] == "all") & (whole["band"] == "all_day")]
    return {
        snapshot: {str(day): round(float(n), 6) for day, n in part.groupby("day_type")["runs_per_day"].sum().items()}
        for snapshot, part in _split(whole)
    }


def _list_values(frame: pd.DataFrame, column: str, places: list[str], scale: float) -> list[float | None]:
    by_code = dict(zip(frame["neighbourhood_code"].astype(str), frame[column].astype(float), strict=True))
    values = [by_code.get(code, float("nan")) / scale for code in places]
    return [None if np.isnan(value) else round(value, 2) for value in values]


def _list_minutes(tables: Mapping[str, pd.DataFrame], places: list[str]) -> dict[str, dict[str, list[float | None]]]:
    """Take one window and all modes, outward: what the scores stand on."""
    if TRAVEL_TIME not in tables:
        return {}
    frame = tables[TRAVEL_TIME]
    for column, wanted in (("window", MORNING), ("direction", "outward"), ("mode_set", "all")):
        known = sorted(frame[column].astype(str).unique())
        frame = frame[frame[column] == (wanted if wanted in known else known[0])] if known else frame
    found: dict[str, dict[str, list[float | None]]] = {}
    for snapshot, part in _split(frame):
        for category, rows in part.groupby("category", sort=True, observed=True):
            found.setdefault(snapshot, {})[str(category)] = _list_values(rows, "travel_time_p50_s", places, 60.0)
    return found
