"""The numbered tables of the overview, on which its findings rest."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from pipeline.report.tables import (
    Cell,
    Column,
    Table,
    build_text_cell,
)
from pipeline.report.text import (
    add_article,
    capitalise,
    format_integer,
    format_minutes,
    format_pct,
    format_rate,
    format_signed_pct,
    format_window,
)

if TYPE_CHECKING:
    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts, GroupTime


def _build_median_cell(times: GroupTime | None, limit_min: int) -> Cell:
    if times is None:
        return Cell("not calculated", look="reason")
    if times.median_s is None:
        return Cell(f"over {limit_min}\N{NO-BREAK SPACE}min or none", look="reason")
    return Cell(format_minutes(times.median_s), sort=times.median_s)


def _build_group_columns(report: ReportData) -> tuple[Column, ...]:
    return tuple(
        Column(f"{capitalise(group.label)} ({len(report.get_members(group.key)):,})") for group in report.groups
    )


def build_times_table(report: ReportData, facts: Facts) -> Table:
    """Return the median travel time by category and snapshot in the first window."""
    context = report.context
    window = context.primary_window
    rows = []
    for category in context.categories:
        for snapshot in context.snapshots:
            times = facts.find_times(category.key, snapshot.key, window.key)
            if times is None and not report.has_category(category.key):
                continue
            cells = [_build_median_cell((times or {}).get(g.key), context.method.max_time_min) for g in report.groups]
            rows.append(
                (build_text_cell(capitalise(category.label)), build_text_cell(context.name_snapshot(snapshot)), *cells)
            )
    return Table(
        "table-times",
        f"Median travel time by public transport to the nearest destination, {window.label} "
        f"({format_window(window.start_s, window.end_s)}), by date of the timetables",
        (
            Column("Destination", is_number=False),
            Column("Timetables of", is_number=False),
            *_build_group_columns(report),
        ),
        tuple(rows),
        f"Median over {context.noun_plural} of the median over departure minutes. "
        f"{capitalise(add_article(context.noun))} without a journey counts as longer than any "
        "other. Walking all the way is used where it is quicker.",
    )


def build_windows_table(report: ReportData, facts: Facts) -> Table:
    """Return the median travel time by category and window at the latest snapshot, by mode."""
    context = report.context
    rows = []
    for category in context.categories:
        for window in context.windows:
            for mode in context.modes:
                times = facts.find_times(category.key, context.latest.key, window.key, mode_set=mode.key)
                if times is None:
                    continue
                cells = [_build_median_cell(times[g.key], context.method.max_time_min) for g in report.groups]
                rows.append(
                    (
                        build_text_cell(capitalise(category.label)),
                        build_text_cell(f"{window.label}, {format_window(window.start_s, window.end_s)}"),
                        build_text_cell(mode.label),
                        *cells,
                    )
                )
    return Table(
        "table-windows",
        f"Median travel time by time of the week, timetables of {context.name_snapshot(context.latest)}",
        (
            Column("Destination", is_number=False),
            Column("Leaving", is_number=False),
            Column("Mode", is_number=False),
            *_build_group_columns(report),
        ),
        tuple(rows),
    )


def build_without_table(report: ReportData, facts: Facts) -> Table:
    """Return neighbourhoods and people without a journey, by category and window, at the latest snapshot."""
    context = report.context
    rows = []
    for category in context.categories:
        for window in context.windows:
            times = facts.find_times(category.key, context.latest.key, window.key)
            if times is None:
                continue
            cells = [
                Cell(
                    f"{format_integer(times[g.key].n_without)} of {format_integer(times[g.key].n_mapped)}"
                    f" ({format_pct(times[g.key].people_without_pct)} of people)",
                    sort=float(times[g.key].n_without),
                )
                for g in report.groups
            ]
            leaving = build_text_cell(f"{window.label}, {format_window(window.start_s, window.end_s)}")
            rows.append((build_text_cell(capitalise(category.label)), leaving, *cells))
    return Table(
        "table-without",
        f"{capitalise(context.noun_plural)} without a journey within {context.method.max_time_min} minutes, "
        f"timetables of {context.name_snapshot(context.latest)}",
        (Column("Destination", is_number=False), Column("Leaving", is_number=False), *_build_group_columns(report)),
        tuple(rows),
        f"Of the {context.noun_plural} for which a time could be computed, those are counted where at least half of "
        "the departure minutes, or of the people, have no journey. The share of people is counted over "
        f"{context.small_area_noun_plural}.",
    )


def build_change_table(report: ReportData, facts: Facts) -> Table:
    """Return change in service between snapshots, with how many neighbourhoods it rests on."""
    context = report.context
    rows = []
    for pair in facts.get_pairs():
        start, end = context.get_snapshot(pair[1]), context.get_snapshot(pair[2])
        for day_type, band, label in (
            ("weekday", "all_day", "Weekday"),
            ("weekday", "18_22", "Weekday, 18:00 to 22:00"),
            ("saturday", "all_day", "Saturday"),
            ("sunday", "all_day", "Sunday"),
        ):
            for group in report.groups:
                change = facts.find_change(pair, group.key, day_type, band)
                if change is None:
                    continue
                has_any = change.n_comparable > 0
                rows.append(
                    (
                        build_text_cell(f"{context.name_snapshot(start)} to {context.name_snapshot(end)}"),
                        build_text_cell(label),
                        build_text_cell(capitalise(group.label)),
                        Cell(
                            format_rate(change.before) if has_any else "missing data", look="" if has_any else "missing"
                        ),
                        Cell(
                            format_rate(change.after) if has_any else "missing data", look="" if has_any else "missing"
                        ),
                        Cell(
                            format_signed_pct(change.median_change_pct) if has_any else "missing data",
                            sort=change.median_change_pct,
                            look="" if has_any else "missing",
                        ),
                        Cell(f"{format_integer(change.n_comparable)} of {format_integer(change.n)}"),
                    )
                )
    return Table(
        "table-change",
        f"Vehicle runs a day that call in the median {context.noun}, and their change",
        (
            Column("Between", is_number=False),
            Column("Day", is_number=False),
            Column("Group", is_number=False),
            Column("Runs before"),
            Column("Runs after"),
            Column("Median change"),
            Column(f"{capitalise(context.noun_plural)} compared"),
        ),
        tuple(rows),
        f"Only {context.noun_plural} where both timetables are complete are compared; the others are left out, not "
        "counted as lost service.",
    )


def build_jobs_table(report: ReportData, facts: Facts) -> Table:
    """Return jobs within reach of the median neighbourhood, by window, limit and snapshot."""
    context = report.context
    rows = []
    choices = product(context.categories, context.windows, facts.get_limits(), context.snapshots)
    for category, window, limit, snapshot in choices:
        jobs = facts.find_jobs(category.key, snapshot.key, window.key, limit)
        if jobs:
            cells = [
                Cell("not calculated", look="reason")
                if (value := jobs[group.key]) is None
                else Cell(format_integer(value), sort=value)
                for group in report.groups
            ]
            rows.append(
                (
                    build_text_cell(capitalise(category.count_label)),
                    build_text_cell(f"{window.label}, {format_window(window.start_s, window.end_s)}"),
                    Cell(f"{limit} min"),
                    build_text_cell(context.name_snapshot(snapshot)),
                    *cells,
                )
            )
    return Table(
        "table-jobs",
        f"What is within reach of the median {context.noun} by public transport",
        (
            Column("What", is_number=False),
            Column("Leaving", is_number=False),
            Column("Within"),
            Column("Timetables of", is_number=False),
            *_build_group_columns(report),
        ),
        tuple(rows),
        f"Median over {context.noun_plural} that have a value of the median over departure minutes.",
    )
