"""Two neighbourhoods side by side: which facts are compared, and what the groups have in the middle.

The page shares the figures of the map (``data/values.js``); what the map does not show stands in a script of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.report import data as d
from pipeline.report.data import compute_median
from pipeline.report.maps import REASON_CODES, SERVICE_MEASURES
from pipeline.report.text import (
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_window,
    round_half_up,
    round_rate,
    round_shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts

Values = list[float | int | None]
Series = dict[str, Values]
LEVELS = (
    ("first", "first_run_s", "First run", "clock", "high"),
    ("last", "last_run_s", "Last run", "clock", "low"),
    ("hours", "hours_served", "Hours with a run", "hours", "low"),
    ("direct", "stops_reachable_direct", "Stops reached without a change", "count", "low"),
)
DAY_WORDS = {"weekday": "weekday", "saturday": "Saturday", "sunday": "Sunday"}
DAY_TYPES = tuple(DAY_WORDS)
SCORES = (
    ("score", "score", "Score (higher is worse)", "score", "high"),
    ("rank", "rank", "Rank, 1 = worst (interval)", "rank", "low"),
    ("index", "absolute_index", "Absolute index (0 to 100, higher is better)", "score", "low"),
)


def build_compare_payload(report: ReportData, facts: Facts) -> dict[str, object]:
    """Return what the comparison page needs beside the values of the map.

    Parameters
    ----------
    report, facts
        The published tables and what they add up to.

    Returns
    -------
    dict
        ``sections`` of rows, each with a pattern in which ``{snapshot}``, ``{direction}`` and ``{mode}`` stand for
        what is chosen; ``series`` that the map does not have, as parallel lists in the order of the neighbourhoods;
        ``medians`` by series, in the order of the groups, null where half of a group have no value; ``start``: the two
        neighbourhoods shown first.
    """
    series: dict[str, Series] = {}
    medians: dict[str, Values] = {}
    sections = [
        _build_times(report, facts, medians),
        _build_jobs(report, facts, medians),
        _build_service(report, series, facts, medians),
        *_build_changes(report, series, medians),
        _build_scores(report, series, medians),
    ]
    return {
        "sections": [section for section in sections if section["rows"]],
        "series": series,
        "medians": medians,
        "start": _find_start(report),
        "choices": ["snapshot", "direction", "mode"],
    }


def _find_start(report: ReportData) -> list[str]:
    """Return the worst of the first group and the best of the last that has a score, else the first two."""
    scores = report[d.SCORE]
    scores = scores[(scores["snapshot"] == report.context.latest.key) & scores["rank"].notna()]
    ordered = scores.sort_values(["rank", "neighbourhood_code"])["neighbourhood_code"].astype(str)
    ranked = [code for code in ordered if code in report.position]
    codes = [place.code for place in report.places]
    if not ranked:
        return codes[:2]
    leading = {place.code for place in report.get_members(report.groups[0].key)}
    first = next((code for code in ranked if code in leading), ranked[0])
    second = next((code for code in reversed(ranked) if code not in leading and code != first), None)
    return [first, second or next((code for code in codes if code != first), first)]


def _row(label: str, series: str, kind: str, worse: str, unit: str = "") -> dict[str, str]:
    return {"label": label, "series": series, "kind": kind, "worse": worse, "unit": unit}


def _section(title: str, rows: list[dict[str, str]], note: str = "") -> dict[str, object]:
    return {"title": title, "rows": rows, "note": note}


def _build_times(report: ReportData, facts: Facts, medians: dict[str, Values]) -> dict[str, object]:
    context, rows = report.context, []
    for category in context.categories:
        if not report.has_category(category.key):
            continue
        for window in context.windows:
            pattern = f"time:{category.key}|{{snapshot}}|{window.key}|{{direction}}|{{mode}}"
            when = f"{window.label}, {format_window(window.start_s, window.end_s)}"
            rows.append(_row(f"To {category.phrase}: {when}", pattern, "time", "high"))
    keys = ["category", "snapshot", "window", "direction", "mode_set"]
    for values in report[d.TRAVEL_TIME][keys].drop_duplicates().itertuples(index=False):
        name, snapshot, window_key, direction, mode = map(str, values)
        times = facts.find_times(name, snapshot, window_key, direction=direction, mode_set=mode)
        if times is not None:
            found = [times[group.key].median_s for group in report.groups]
            medians[f"time:{name}|{snapshot}|{window_key}|{direction}|{mode}"] = [
                None if value is None else round_half_up(value / 60.0) for value in found
            ]
    note = "Medians over the departure minutes, to the nearest destination; hours are those of leaving home."
    return _section("Travel time", rows, note)


def _build_jobs(report: ReportData, facts: Facts, medians: dict[str, Values]) -> dict[str, object]:
    context, rows = report.context, []
    jobs = report[d.JOBS]
    for category in context.categories:
        mine = jobs[jobs["category"] == category.key]
        for limit in facts.get_limits():
            for window in context.windows:
                part = mine[(mine["window"] == window.key) & (mine["limit_min"].astype(float).round() == limit)]
                if part.empty:
                    continue
                label = f"{capitalise(category.count_label)} within {limit} minutes: {window.label}"
                name = f"jobs:{category.key}:{limit}"
                rows.append(_row(label, f"{name}|{{snapshot}}|{window.key}|{{mode}}", "count", "low"))
                for date, mode in part[["snapshot", "mode_set"]].drop_duplicates().itertuples(index=False):
                    found = facts.find_jobs(category.key, str(date), window.key, limit, mode_set=str(mode))
                    medians[f"{name}|{date}|{window.key}|{mode}"] = [
                        None if (value := found.get(group.key)) is None else round_half_up(value)
                        for group in report.groups
                    ]
    return _section("Jobs within reach", rows)


def _build_service(
    report: ReportData, series: dict[str, Series], facts: Facts, medians: dict[str, Values]
) -> dict[str, object]:
    rows = []
    levels = report[d.SERVICE_LEVEL]
    levels = levels[(levels["mode"] == "all") & levels["neighbourhood_code"].isin(report.position)]
    for day_type, band, label in SERVICE_MEASURES:
        if ((levels["day_type"] == day_type) & (levels["band"] == band)).any():
            name = f"runs:{day_type}_{band}"
            rows.append(_row(label, f"{name}|{{snapshot}}", "rate", "low"))
            for number, one in enumerate(report.context.snapshots):
                found = [facts.find_service(group.key, day_type, band)[number].median for group in report.groups]
                medians[f"{name}|{one.key}"] = [None if v is None else round_rate(v) for v in found]
    whole = levels[levels["band"] == "all_day"]
    for day_type in DAY_TYPES:
        mine = whole[whole["day_type"] == day_type]
        for key, column, label, kind, worse in LEVELS:
            if mine[column].isna().all():
                continue
            name = f"{key}:{day_type}"
            rows.append(_row(f"{label}, {DAY_WORDS[day_type]}", f"{name}|{{snapshot}}", kind, worse))
            for snapshot, part in mine.groupby("snapshot", sort=True):
                _add(report, series, medians, f"{name}|{snapshot}", part, column, kind=kind)
    note = "Runs that call within the zone of a place; zones overlap. Group medians only where nearly all are covered."
    return _section("Service", rows, note)


def _add(
    report: ReportData,
    series: dict[str, Series],
    medians: dict[str, Values],
    key: str,
    part: pd.DataFrame,
    column: str,
    *,
    kind: str,
) -> None:
    """Add one series with its coverage, and the medians of the groups over what is comparable, rounded as shown."""
    n = len(report.places)
    at = part["neighbourhood_code"].map(report.position).to_numpy(dtype=np.int64)
    values: Values = [None] * n
    codes: Values = [0] * n
    coverage = [as_text(value) for value in part["coverage_class"]]
    for position, raw, cover in zip(at.tolist(), part[column], coverage, strict=True):
        values[position] = None if cover == "missing" else as_float(raw)
        codes[position] = REASON_CODES.index(cover) if cover in {"partial", "missing"} else 0
    series[key] = {"v": [_round(value, kind) for value in values], "c": codes}
    medians[key] = _find_medians(report, [v if not c else None for v, c in zip(values, codes, strict=True)], kind)


def _round(value: float | None, kind: str) -> float | None:
    """Round a value as the page shows that kind."""
    if value is None:
        return None
    return round_rate(value) if kind == "rate" else round_shown(value, 0 if kind in {"pct", "count"} else 1)


def _find_medians(report: ReportData, values: Values, kind: str) -> Values:
    found: Values = []
    for group in report.groups:
        mine = [values[place.index] for place in report.get_members(group.key)]
        known = [float(value) for value in mine if value is not None]
        median = compute_median(known) if 2 * len(known) >= len(mine) else None
        found.append(_round(median, kind))
    return found


def _build_changes(
    report: ReportData, series: dict[str, Series], medians: dict[str, Values]
) -> Iterable[dict[str, object]]:
    context, rows = report.context, []
    changes = report[d.SERVICE_CHANGE]
    changes = changes[(changes["mode"] == "all") & (changes["band"] == "all_day")]
    changes = changes[changes["neighbourhood_code"].isin(report.position)]
    pairs = changes[["snapshot_from", "snapshot_to"]].drop_duplicates()
    known = {snapshot.key: context.name_snapshot(snapshot) for snapshot in context.snapshots}
    order = list(known)
    for start in sorted({str(key) for key in pairs["snapshot_from"]} & set(known), key=order.index):
        for day_type in DAY_TYPES:
            part = changes[(changes["snapshot_from"] == start) & (changes["day_type"] == day_type)]
            if part.empty:
                continue
            label = f"{DAY_TYPE_LABELS[day_type]} runs since {known[start]}"
            rows.append(_row(label, f"change:{day_type}|{start}|{{snapshot}}", "pct", "low"))
            for end, mine in part.groupby("snapshot_to", sort=True):
                once = mine.drop_duplicates("neighbourhood_code")
                _add(report, series, medians, f"change:{day_type}|{start}|{end}", once, "change_pct", kind="pct")
    if rows:
        note = "Change in per cent up to the date chosen; only where the timetables of both dates cover the place."
        yield _section("Change in service", rows, note)


def _build_scores(report: ReportData, series: dict[str, Series], medians: dict[str, Values]) -> dict[str, object]:
    scores = report[d.SCORE]
    scores = scores[scores["neighbourhood_code"].isin(report.position)]
    rows = []
    for key, column, label, kind, worse in SCORES:
        if scores[column].isna().all():
            continue
        rows.append(_row(label, f"{key}_|{{snapshot}}", kind, worse))
        for snapshot, part in scores.groupby("snapshot", sort=True):
            name = f"{key}_|{snapshot}"
            _add_score(report, series, name, part, column)
            medians[name] = _find_medians(report, series[name]["v"], "score")
            if kind == "rank":
                for end, bound in (("lo", "rank_low"), ("hi", "rank_high")):
                    _add_score(report, series, "bound", part, bound)
                    series[name][end] = series.pop("bound")["v"]
    note = "Ranks among all, within one date only; places whose intervals overlap should not be told apart."
    return _section("Score", rows, note)


def _add_score(report: ReportData, series: dict[str, Series], name: str, part: pd.DataFrame, column: str) -> None:
    values: Values = [None] * len(report.places)
    codes: Values = [0] * len(report.places)
    for row in part.to_dict("records"):
        position = report.position[as_text(row["neighbourhood_code"])]
        value, kind = as_float(row[column]), as_text(row["coverage_class"])
        values[position] = None if value is None else round_shown(value, 1)
        codes[position] = REASON_CODES.index(kind) if kind in {"partial", "missing"} else 0
    series[name] = {"v": values, "c": codes}
