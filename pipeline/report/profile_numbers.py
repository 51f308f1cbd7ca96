"""Key numbers of a profile with their spread or interval, beside the medians of the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.data import compute_median
from pipeline.report.findings import describe_window
from pipeline.report.profile_summary import DAYS, VISIT_KEY, Beside, find_time, find_visits, name_visit
from pipeline.report.tables import Cell, Column, Table, build_runs_cell, build_spread_text, build_text_cell
from pipeline.report.text import (
    DASH,
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_minutes,
    format_number,
    format_pct,
    format_rank,
    format_rate,
    format_reason,
    format_time,
    uncapitalise,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.profile_subject import Subject

JOBS_LIMIT_MIN = 45


def build_key_table(subject: Subject, beside: Beside) -> Table | None:
    """Return key numbers with their spread or interval, beside the medians of the groups; None without any.

    Parameters
    ----------
    subject
        The neighbourhood.
    beside
        From :func:`read_beside`.

    Returns
    -------
    Table or None
        A row a measure.
    """
    groups = subject.report.groups
    rows = [
        *_list_score(subject, beside),
        *_list_times(subject),
        *_list_jobs(subject),
        *_list_visit(subject, beside),
        *_list_runs(subject),
    ]
    if not rows:
        return None
    window = subject.context.primary_window
    return Table(
        "key-numbers",
        f"Key numbers, {subject.when}: {subject.place.name} beside the medians of the groups",
        (
            Column("Measure", is_number=False),
            Column(subject.place.name),
            Column("Spread or interval", is_number=False),
            *(Column(capitalise(group.label)) for group in groups),
        ),
        tuple(rows),
        f"Travel times: median over departure minutes, {describe_window(window)}, all public transport or on foot; the "
        "spread holds half of the minutes. The interval of a rank holds nine of ten ranks under other weights, "
        "parameters and coverage.",
    )


def _add_dashes(texts: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(Cell(text or DASH) for text in texts)


def _list_score(subject: Subject, beside: Beside) -> list[tuple[Cell, ...]]:
    row = subject.score
    score = as_float(row.get("score"))
    if score is None:
        return []
    rank = format_rank(*(as_float(row.get(name)) for name in ("rank", "rank_low", "rank_high")))
    key = subject.context.latest.key
    latest, n_ranked = beside.medians.get(key, {}), beside.n_ranked.get(key, 0)
    texts = [format_number(latest.get(group.key), 1) for group in subject.report.groups]
    interval = build_text_cell(f"rank {rank} of {format_integer(n_ranked)}")
    return [(build_text_cell("Score (higher is worse)"), Cell(format_number(score, 1)), interval, *_add_dashes(texts))]


def _list_times(subject: Subject) -> list[tuple[Cell, ...]]:
    context, window = subject.context, subject.context.primary_window
    rows = []
    for category in context.categories:
        row = find_time(subject, category, window)
        if row is None:
            continue
        times = subject.facts.find_times(category.key, context.latest.key, window.key) or {}
        seconds = as_float(row["travel_time_p50_s"])
        reason = format_reason(as_text(row["reason"]), context.method.max_time_min, context.method.max_link_m)
        own = Cell(reason, look="reason") if seconds is None else Cell(format_minutes(seconds))
        texts = [format_minutes(times[g.key].median_s) if g.key in times else "" for g in subject.report.groups]
        label = build_text_cell(f"Time to {category.phrase}")
        rows.append((label, own, build_text_cell(build_spread_text(row)), *_add_dashes(texts)))
    return rows


def _list_jobs(subject: Subject) -> list[tuple[Cell, ...]]:
    """List what can be reached within one limit, the first that is long enough."""
    context, window = subject.context, subject.context.primary_window
    limits = subject.facts.get_limits()
    limit = next((limit for limit in limits if limit >= JOBS_LIMIT_MIN), limits[-1] if limits else 0)
    rows = []
    for category in context.categories:
        beside = subject.facts.find_jobs(category.key, context.latest.key, window.key, limit)
        mine = [
            (value, as_float(row.get("jobs_p25")), as_float(row.get("jobs_p75")))
            for row in subject.report.get_rows(d.JOBS, subject.place.code)
            if (row["category"], row["snapshot"], row["window"], row["mode_set"])
            == (category.key, context.latest.key, window.key, "all")
            and as_float(row["limit_min"]) == limit
            and (value := as_float(row["jobs_p50"])) is not None
        ]
        if beside and mine:
            texts = [format_number(beside.get(group.key)) for group in subject.report.groups]
            label = build_text_cell(f"{capitalise(category.count_label)} within {limit} minutes")
            value, low, high = mine[0]
            spread = "" if low is None or high is None else f"{format_integer(low)} to {format_integer(high)}"
            rows.append((label, Cell(format_integer(value)), build_text_cell(spread), *_add_dashes(texts)))
    return rows


def _list_visit(subject: Subject, beside: Beside) -> list[tuple[Cell, ...]]:
    rows = find_visits(subject, subject.place.code)
    if not rows or as_float(rows[0]["usable_pct"]) is None:
        return []
    key = (subject.context.latest.key, *(as_text(rows[0][name]) for name in VISIT_KEY))
    shares = beside.visits.get(key, {})
    texts = []
    for group in subject.report.groups:
        values = [v for place in subject.report.get_members(group.key) if (v := shares.get(place.code)) is not None]
        texts.append(format_pct(compute_median(values)))
    away = as_float(rows[0]["time_away_least_s"])
    note = f"away for {format_minutes(away)} at best" if away is not None else ""
    label = build_text_cell(f"Minutes at which one can spend {name_visit(subject, rows[0])}, and be home")
    own = Cell(format_pct(as_float(rows[0]["usable_pct"])))
    return [(label, own, build_text_cell(note), *_add_dashes(texts))]


def _list_runs(subject: Subject) -> list[tuple[Cell, ...]]:
    rows = []
    for day in DAYS:
        row = subject.levels.get((subject.context.latest.key, "all", day, "all_day"))
        if row is None:
            continue
        first, last = as_float(row["first_run_s"]), as_float(row["last_run_s"])
        hours = f"first {format_time(first)}, last {format_time(last)}" if first is not None else ""
        levels = [subject.facts.find_service(group.key, day, "all_day") for group in subject.report.groups]
        texts = [format_rate(level[-1].median) if level[-1].median is not None else "" for level in levels]
        cell = build_runs_cell(row["runs_per_day"], row["coverage_class"])
        label = build_text_cell(f"Vehicle runs on a {uncapitalise(DAY_TYPE_LABELS[day])}")
        rows.append((label, cell, build_text_cell(hours if cell.look != "missing" else ""), *_add_dashes(texts)))
    return rows
