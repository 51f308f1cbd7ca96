"""``connectivity diff``: services, service levels and travel times of two snapshots, side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl

from pipeline.base.errors import InputError, UsageError
from pipeline.base.load import Project
from pipeline.change.coverage import COMPARABLE, classify_operators
from pipeline.stages.common import check_has_timetables
from pipeline.stages.declared import list_declared
from pipeline.stages.diff_text import DAYS, align, describe_services

FORMS = ("text", "csv", "json")
CLASSES = ("comparable", "partial", "missing")


@dataclass(frozen=True)
class Difference:
    """Two snapshots side by side, from the published tables.

    Attributes
    ----------
    services
        Rows of ``out_service__change`` of the pair.
    operators
        operator_name, operator_class (comparable, partial, missing), reason; every operator of either snapshot.
    levels
        Rows of ``out_neighbourhood__service_change`` of the pair.
    times
        category, window, n_slower, n_faster (by over a minute), n_lost, n_won (a median journey at all), outward.
    """

    area: str
    earlier: str
    later: str
    services: pd.DataFrame
    operators: pd.DataFrame
    levels: pd.DataFrame
    times: pd.DataFrame


def read_difference(project: Project, earlier: str, later: str) -> Difference:
    """Read what the published tables say about two snapshots.

    Parameters
    ----------
    project
        The area with its settings.
    earlier, later
        Ids of two snapshots that follow one another, or the first and a later one.

    Returns
    -------
    Difference
        Services, operators, levels and travel times.

    Raises
    ------
    UsageError
        If a snapshot is unknown or the pair is not compared.
    InputError
        If the area has not been run.
    """
    check_pair(project, earlier, later)
    services = _select(_read(project, "out_service__change"), earlier, later)
    levels = _select(_read(project, "out_neighbourhood__service_change"), earlier, later).drop_duplicates(
        ["neighbourhood_code", "mode", "day_type", "band"]
    )
    presence = pl.from_pandas(_read(project, "out_operator__presence"))
    operators = classify_operators(presence, earlier, later, declared=list_declared(project)).to_pandas()
    times = _compute_times(_read(project, "out_neighbourhood__travel_time"), earlier, later)
    return Difference(project.area.title, earlier, later, services, operators, levels, times)


def check_pair(project: Project, earlier: str, later: str) -> None:
    """Check that two snapshots exist and are compared with one another.

    Parameters
    ----------
    project
        The area with its settings.
    earlier, later
        Ids of two snapshots.

    Raises
    ------
    UsageError
        If a snapshot is unknown or the pair is not compared.
    """
    check_has_timetables(project, "no snapshots to compare")
    ids = [s.id for s in project.area.snapshots]
    for one in (earlier, later):
        if one not in ids:
            raise UsageError(f"There is no snapshot '{one}'.", cure=f"Snapshots: {', '.join(ids)}.")
    first, second = ids.index(earlier), ids.index(later)
    if second <= first or (first != 0 and second != first + 1):
        raise UsageError(
            f"{earlier} and {later} are not compared.",
            cure="Name two snapshots that follow one another, or the first and a later one.",
        )


def describe_difference(
    project: Project, earlier: str, later: str, *, form: str = "text", has_evidence: bool = False
) -> str:
    """Compare two snapshots from the published tables.

    Parameters
    ----------
    project
        The area with its settings.
    earlier, later
        Ids of two snapshots that follow one another, or the first and a later one.
    form
        ``text`` for people; ``csv``: the services, one a row; ``json``: everything.
    has_evidence
        In a text, all services and why each is called so.

    Returns
    -------
    str
        Without a line end at its end.

    Raises
    ------
    UsageError
        If a snapshot or the form is unknown or the pair is not compared.
    InputError
        If the area has not been run.
    """
    if form not in FORMS:
        raise UsageError(f"There is no format '{form}'.", cure=f"Formats: {', '.join(FORMS)}.")
    found = read_difference(project, earlier, later)
    if form == "csv":
        return found.services.to_csv(index=False, lineterminator="\n").rstrip("\n")
    if form == "json":
        content = {
            "area": found.area,
            "snapshot_from": earlier,
            "snapshot_to": later,
            "services": json.loads(found.services.to_json(orient="records")),
            "operators": json.loads(found.operators.to_json(orient="records")),
            "service_levels": json.loads(found.levels.to_json(orient="records")),
            "travel_times": json.loads(found.times.to_json(orient="records")),
        }
        return json.dumps(content, indent=1, ensure_ascii=False)
    lines = [f"{found.area}: {earlier} to {later}", "", *describe_services(found.services, has_evidence=has_evidence)]
    lines += ["", *_describe_operators(found.operators)]
    lines += ["", *_describe_levels(found.levels), "", *_describe_times(found.times)]
    return "\n".join(lines)


def _describe_operators(operators: pd.DataFrame) -> list[str]:
    doubtful = operators[operators["operator_class"] != COMPARABLE]
    if doubtful.empty:
        return ["Operators: all of them can be compared."]
    lines = ["Operators that cannot be compared, or in part only:"]
    for row in doubtful.to_dict("records"):
        name, reason = row["operator_name"], row["reason"]
        lines.append(f"  {row['operator_class']}: {reason if name in reason else f'{name}: {reason}'}")
    return lines


def _read(project: Project, name: str) -> pd.DataFrame:
    path = project.outputs / "tables" / f"{name}.parquet"
    if not path.is_file():
        raise InputError("This table has not been published.", file=path, cure="Run make all for this area first.")
    return pd.read_parquet(path)


def _select(frame: pd.DataFrame, earlier: str, later: str) -> pd.DataFrame:
    return frame[(frame["snapshot_from"] == earlier) & (frame["snapshot_to"] == later)]


def _describe_levels(change: pd.DataFrame) -> list[str]:
    whole = change[(change["band"] == "all_day") & (change["mode"] == "bus")]
    rows = [["day", "median change", *CLASSES]]
    for day in DAYS:
        days = whole[whole["day_type"] == day]
        counts = days["coverage_class"].value_counts()
        known = days["change_pct"].dropna()
        median = f"{known.median():+.0f} %" if len(known) else "cannot be told"
        rows.append([day.capitalize(), median, *(str(counts.get(name, 0)) for name in CLASSES)])
    lines = ["Bus runs in the zones, and how many zones can be compared (zones overlap; never add them up):"]
    lines += [f"  {line}" for line in align(rows)]
    reasons = whole.loc[whole["coverage_reason"] != "", "coverage_reason"].value_counts()
    lines += [f"  {count} zones and days: {reason}" for reason, count in reasons.head(5).items()]
    return lines


def _compute_times(times: pd.DataFrame, earlier: str, later: str) -> pd.DataFrame:
    """Count the neighbourhoods that are farther or nearer, by category and window."""
    keys = ["neighbourhood_code", "category", "window", "direction", "mode_set"]
    value = "travel_time_p50_s"
    before = times.loc[times["snapshot"] == earlier, [*keys, value]]
    after = times.loc[times["snapshot"] == later, [*keys, value]]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"))
    both = (
        both[(both["direction"] == "outward") & (both["mode_set"] == both["mode_set"].iloc[0])] if len(both) else both
    )
    change = both[f"{value}_after"].fillna(np.inf) - both[f"{value}_before"].fillna(np.inf)
    change_min = change.fillna(0.0) / 60  # infinite in both: nothing changed
    is_finite = np.isfinite(change_min)
    counted = both[["category", "window"]].assign(
        n_slower=is_finite & (change_min > 1),
        n_faster=is_finite & (change_min < -1),
        n_lost=change_min == np.inf,
        n_won=change_min == -np.inf,
    )
    return counted.groupby(["category", "window"], as_index=False).sum()


def _describe_times(times: pd.DataFrame) -> list[str]:
    counts = [name for name in times.columns if name.startswith("n_")]
    moved = times[times[counts].sum(axis=1) > 0]
    lines = [
        "Median travel times, outward: neighbourhoods slower or faster by over a minute, and those that lost or won"
    ]
    lines += ["a median journey altogether:"]
    if moved.empty:
        return [*lines, "  none"]
    head = ["category", "window", *(name.removeprefix("n_") for name in counts)]
    rows = [[str(value) for value in row] for row in moved.itertuples(index=False)]
    lines += [f"  {line}" for line in align([head, *rows])]
    if len(moved) < len(times):
        lines.append(f"  none in {len(times) - len(moved)} other pairs of category and window")
    return lines
