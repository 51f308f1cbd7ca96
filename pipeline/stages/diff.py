"""``connectivity diff``: services, service levels and travel times of two snapshots, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.base.errors import InputError, UsageError
from pipeline.base.load import Project
from pipeline.stages.common import check_has_timetables

DAYS = ("weekday", "saturday", "sunday")


def describe_difference(project: Project, earlier: str, later: str) -> str:
    """Compare two snapshots from the published tables.

    Parameters
    ----------
    project
        The area with its settings.
    earlier, later
        Ids of two snapshots that follow one another, or the first and a later one.

    Returns
    -------
    str
        Text for the terminal.

    Raises
    ------
    UsageError
        If a snapshot is unknown or the pair is not compared.
    InputError
        If the area has not been run.
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
    services = _select(_read(project, "out_service__change"), earlier, later)
    change = _select(_read(project, "out_neighbourhood__service_change"), earlier, later).drop_duplicates(
        ["neighbourhood_code", "mode", "day_type", "band"]
    )
    times = _read(project, "out_neighbourhood__travel_time")
    lines = [f"{project.area.title}: {earlier} to {later}", "", *_describe_services(services)]
    lines += ["", *_describe_levels(change), "", *_describe_times(times, earlier, later)]
    return "\n".join(lines)


def _read(project: Project, name: str) -> pd.DataFrame:
    path = project.outputs / "tables" / f"{name}.parquet"
    if not path.is_file():
        raise InputError("This table has not been published.", file=path, cure="Run make all for this area first.")
    return pd.read_parquet(path)


def _select(frame: pd.DataFrame, earlier: str, later: str) -> pd.DataFrame:
    return frame[(frame["snapshot_from"] == earlier) & (frame["snapshot_to"] == later)]


def _describe_services(services: pd.DataFrame) -> list[str]:
    counts = services["status"].value_counts().sort_index()
    lines = ["Services: " + ", ".join(f"{count} {status}" for status, count in counts.items())]
    for status in [s for s in counts.index if s != "kept"]:
        lines += ["", f"{status}:"]
        rows = services[services["status"] == status]
        for row in rows.to_dict("records"):
            operator = (
                row["operator_name_before"] if pd.notna(row["operator_name_before"]) else row["operator_name_after"]
            )
            number = " -> ".join(
                dict.fromkeys(str(row[c]) for c in ("route_before", "route_after") if pd.notna(row[c]))
            )
            runs = ", ".join(
                f"{day} {_number(row[f'{day}_runs_before'])} -> {_number(row[f'{day}_runs_after'])}" for day in DAYS
            )
            lines.append(f"  {number} ({operator}; {row['mode']}; {row['coverage_class']}): {runs}")
            lines.append(f"      {row['evidence']}")
    return lines


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:g}"


def _describe_levels(change: pd.DataFrame) -> list[str]:
    whole = change[(change["band"] == "all_day") & (change["mode"] == "bus")]
    lines = ["Bus runs in the zones (zones overlap; never add them up):"]
    for day in DAYS:
        rows = whole[whole["day_type"] == day]
        classes = rows["coverage_class"].value_counts()
        known = rows["change_pct"].dropna()
        median = f"median change {known.median():+.0f} %" if len(known) else "no change can be told"
        text = ", ".join(f"{classes.get(c, 0)} {c}" for c in ("comparable", "partial", "missing"))
        lines.append(f"  {day}: {median} ({text})")
    reasons = whole.loc[whole["coverage_reason"] != "", "coverage_reason"].value_counts()
    lines += [f"  {count} zones and days: {reason}" for reason, count in reasons.head(5).items()]
    return lines


def _describe_times(times: pd.DataFrame, earlier: str, later: str) -> list[str]:
    keys = ["neighbourhood_code", "category", "window", "direction", "mode_set"]
    value = "travel_time_p50_s"
    before = times.loc[times["snapshot"] == earlier, [*keys, value]]
    after = times.loc[times["snapshot"] == later, [*keys, value]]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"))
    both = (
        both[(both["direction"] == "outward") & (both["mode_set"] == both["mode_set"].iloc[0])] if len(both) else both
    )
    change = both[f"{value}_after"].fillna(np.inf) - both[f"{value}_before"].fillna(np.inf)
    both = both.assign(change_min=change.fillna(0.0) / 60)
    lines = ["Median travel times, outward (lost or won: no median journey in one of the two):"]
    for (category, window), rows in both.groupby(["category", "window"]):
        finite = rows.loc[np.isfinite(rows["change_min"]), "change_min"]
        lost, won = int((rows["change_min"] == np.inf).sum()), int((rows["change_min"] == -np.inf).sum())
        slower, faster = int((finite > 1).sum()), int((finite < -1).sum())
        lines.append(
            f"  {category}, {window}: {slower} slower, {faster} faster by over a minute; {lost} lost, {won} won"
        )
    return lines
