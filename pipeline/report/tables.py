"""Tables as the pages show them: a model with captions, headers and cells, and the tables of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.text import (
    DASH,
    as_float,
    as_text,
    capitalise,
    compute_minutes,
    format_count_of,
    format_integer,
    format_minutes,
    format_pct,
    format_range_minutes,
    format_rank,
    format_rate,
    format_reason,
    format_signed_pct,
    format_time,
    format_window,
)

if TYPE_CHECKING:
    from pipeline.report.context import ReportContext
    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts, GroupTime

MAX_SERVICES = 200
MAX_EXAMPLES = 10
STATUS_ORDER = (
    "withdrawn",
    "cut_back",
    "shortened",
    "merged",
    "split",
    "missing",
    "new",
    "returned",
    "increased",
    "extended",
    "retimed",
    "renamed",
    "kept",
)
STATUS_LABELS = {
    "withdrawn": "Withdrawn",
    "cut_back": "Fewer runs",
    "shortened": "Shortened",
    "merged": "Merged",
    "split": "Split",
    "missing": "Missing data",
    "new": "New",
    "returned": "Back in the data",
    "increased": "More runs",
    "extended": "Extended",
    "retimed": "Retimed",
    "renamed": "Renamed",
    "kept": "Unchanged",
}


@dataclass(frozen=True)
class Cell:
    """One cell: text, what it sorts by (a number; None sorts last), a class for its look and a link."""

    text: str
    sort: float | None = None
    look: str = ""
    href: str = ""


@dataclass(frozen=True)
class Column:
    """One column: its header, whether it holds numbers, and whether one may sort by it."""

    label: str
    is_number: bool = True
    is_sortable: bool = False


@dataclass(frozen=True)
class Table:
    """A table: anchor, caption, columns, rows (the first cell of each is its header) and a note below."""

    anchor: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def build_text_cell(text: str, href: str = "", look: str = "") -> Cell:
    """Return a cell of words; an empty one shows a dash."""
    return Cell(text or DASH, href=href, look=look)


def build_time_cell(value: object, reason: object, context: ReportContext) -> Cell:
    """Return a travel time, or in its place the reason in words."""
    seconds = as_float(value)
    if seconds is None:
        words = format_reason(as_text(reason), context.method.max_time_min, context.method.max_link_m)
        return Cell(words, look="reason")
    return Cell(format_minutes(seconds), sort=float(compute_minutes(seconds) or 0))


def build_clock_cell(value: object) -> Cell:
    """Return a time of day."""
    seconds = as_float(value)
    return Cell(format_time(seconds), sort=seconds)


def build_runs_cell(value: object, coverage: object) -> Cell:
    """Return vehicle runs; missing data reads "missing data", partial data is marked in words."""
    kind = as_text(coverage)
    if kind == "missing":
        return Cell("missing data", look="missing")
    runs = as_float(value)
    if kind == "partial":
        return Cell(f"{format_rate(runs)} (partial data)", sort=runs, look="partial")
    return Cell(format_rate(runs), sort=runs)


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
    """Return table 1: median travel time by category and snapshot in the first window."""
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
        f"Table 1. Median travel time by public transport to the nearest destination, {window.label} "
        f"({format_window(window.start_s, window.end_s)}), by date of the timetables",
        (
            Column("Destination", is_number=False),
            Column("Timetables of", is_number=False),
            *_build_group_columns(report),
        ),
        tuple(rows),
        f"Median over {context.noun_plural} of the median over departure minutes. A {context.noun} without a journey "
        "counts as longer than any other. Walking all the way is used where it is quicker.",
    )


def build_windows_table(report: ReportData, facts: Facts) -> Table:
    """Return table 2: median travel time by category and window at the latest snapshot, by mode."""
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
        f"Table 2. Median travel time by time of the week, timetables of {context.name_snapshot(context.latest)}",
        (
            Column("Destination", is_number=False),
            Column("Leaving", is_number=False),
            Column("Mode", is_number=False),
            *_build_group_columns(report),
        ),
        tuple(rows),
    )


def build_without_table(report: ReportData, facts: Facts) -> Table:
    """Return table 3: neighbourhoods and people without a journey, by category and window, at the latest snapshot."""
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
        f"Table 3. {capitalise(context.noun_plural)} without a journey within {context.method.max_time_min} minutes, "
        f"timetables of {context.name_snapshot(context.latest)}",
        (Column("Destination", is_number=False), Column("Leaving", is_number=False), *_build_group_columns(report)),
        tuple(rows),
        f"Of the {context.noun_plural} for which a time could be computed, those are counted where at least half of "
        "the departure minutes, or of the people, have no journey. The share of people is counted over "
        f"{context.small_area_noun_plural}.",
    )


def build_change_table(report: ReportData, facts: Facts) -> Table:
    """Return table 4: change in service between snapshots, with how many neighbourhoods it rests on."""
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
        f"Table 4. Vehicle runs a day that call in the median {context.noun}, and their change",
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
    """Return table 5: jobs within reach of the median neighbourhood, by window, limit and snapshot."""
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
        f"Table 5. What is within reach of the median {context.noun} by public transport",
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


def build_league_table(report: ReportData) -> Table:
    """Return the league table at the latest snapshot in the first window, worst connected first."""
    context = report.context
    categories = [category for category in context.categories if report.has_category(category.key)]
    window, snapshot = context.primary_window, context.latest
    scores = _index_rows(report, d.SCORE, snapshot=snapshot.key)
    runs = _index_rows(report, d.SERVICE_LEVEL, snapshot=snapshot.key, mode="all", day_type="weekday", band="all_day")
    times = {
        category.key: _index_rows(
            report,
            d.TRAVEL_TIME,
            snapshot=snapshot.key,
            category=category.key,
            window=window.key,
            direction="outward",
            mode_set="all",
        )
        for category in categories
    }
    rows = []
    for place in report.places:
        score, level = scores.get(place.code, {}), runs.get(place.code, {})
        cells = [
            build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
            build_text_cell(capitalise(context.get_group(place.group).label)),
            Cell(format_integer(place.population), sort=place.population),
            _build_rank_cell(score),
        ]
        for category in categories:
            row = times[category.key].get(place.code, {})
            cells.append(build_time_cell(row.get("travel_time_p50_s"), row.get("reason"), context))
        cells.append(build_runs_cell(level.get("runs_per_day"), level.get("coverage_class")))
        rows.append(tuple(cells))
    rows.sort(key=lambda cells: (cells[3].sort is None, cells[3].sort or 0.0, cells[0].text))
    return Table(
        "league",
        f"{capitalise(context.noun_plural)} by connectivity score, timetables of {context.name_snapshot(snapshot)}, "
        f"{window.label}",
        (
            Column(capitalise(context.noun), is_number=False, is_sortable=True),
            Column("Group", is_number=False, is_sortable=True),
            Column("People", is_sortable=True),
            Column("Rank, 1 = worst (interval)", is_sortable=True),
            *(Column(f"To {category.phrase}", is_sortable=True) for category in categories),
            Column("Weekday runs", is_sortable=True),
        ),
        tuple(rows),
    )


def _index_rows(report: ReportData, name: str, **wanted: str) -> dict[str, dict[str, object]]:
    frame = report[name]
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return {str(row["neighbourhood_code"]): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}


def _build_rank_cell(score: dict[str, object]) -> Cell:
    rank = as_float(score.get("rank"))
    if rank is None:
        return Cell("no score", look="reason")
    return Cell(format_rank(rank, as_float(score.get("rank_low")), as_float(score.get("rank_high"))), sort=rank)


def build_services_table(report: ReportData, pair: tuple[str, str, str]) -> Table:
    """Return the services that changed between two snapshots, losses first; unchanged ones are only counted."""
    context = report.context
    frame = report[d.MATCHED_SERVICES]
    frame = frame[(frame["snapshot_from"] == pair[1]) & (frame["snapshot_to"] == pair[2])]
    kept = int(frame["status"].isin(["kept", "retimed"]).sum())
    records = frame[~frame["status"].isin(["kept", "retimed"])].to_dict("records")
    records.sort(
        key=lambda row: (
            STATUS_ORDER.index(str(row["status"])) if row["status"] in STATUS_ORDER else len(STATUS_ORDER),
            -(as_float(row["weekday_runs_before"]) or 0.0),
            as_text(row["operator_name_before"]) or as_text(row["operator_name_after"]),
            as_text(row["route_before"]) or as_text(row["route_after"]),
        )
    )
    rows = []
    for row in records[:MAX_SERVICES]:
        cells = [
            build_text_cell(_join_change(row["route_before"], row["route_after"])),
            build_text_cell(_join_change(row["operator_name_before"], row["operator_name_after"])),
            build_text_cell(
                STATUS_LABELS.get(str(row["status"]), as_text(row["status"])),
                look="missing" if row["status"] in {"missing", "returned"} else "",
            ),
        ]
        for day in ("weekday", "saturday", "sunday"):
            before, after = as_float(row[f"{day}_runs_before"]), as_float(row[f"{day}_runs_after"])
            cells.append(Cell(_describe_runs(before, after, str(row["status"]))))
        cells.append(build_text_cell(as_text(row["evidence"]), look="words"))
        rows.append(tuple(cells))
    start, end = context.get_snapshot(pair[1]), context.get_snapshot(pair[2])
    hidden = len(records) - len(rows)
    note = f"{capitalise(format_count_of(kept, 'service is', 'services are'))} unchanged or retimed."
    if hidden > 0:
        note += f" {format_integer(hidden)} more stand in the downloads."
    return Table(
        f"services-{pair[1]}-{pair[2]}",
        f"Services changed between {context.name_snapshot(start)} and {context.name_snapshot(end)}, losses first",
        (
            Column("Route", is_number=False),
            Column("Operator", is_number=False),
            Column("What happened", is_number=False),
            Column("Weekday runs"),
            Column("Saturday runs"),
            Column("Sunday runs"),
            Column("Evidence", is_number=False),
        ),
        tuple(rows),
        note,
    )


def _describe_runs(before: float | None, after: float | None, status: str) -> str:
    """Return runs before and after; what is missing from the data is not said to be none."""
    first = format_rate(before) if before is not None else "no data" if status == "returned" else "none"
    second = format_rate(after) if after is not None else "no data" if status == "missing" else "none"
    return f"{first} \N{RIGHTWARDS ARROW} {second}"


def _join_change(before: object, after: object) -> str:
    old, new = as_text(before), as_text(after)
    if old and new and old != new:
        return f"{old} \N{RIGHTWARDS ARROW} {new}"
    return old or new


def build_operator_table(report: ReportData) -> Table:
    """Return which operator is present in which snapshot; absence with a return later is missing data."""
    words = {"present": "yes", "absent": "no", "missing": "missing data", "not_yet": "not yet"}
    context = report.context
    frame = report[d.OPERATORS]
    names = {
        as_text(key): as_text(name) or as_text(key)
        for key, name in zip(frame["operator_key"], frame["operator_name"], strict=True)
    }
    found = {(as_text(row["operator_key"]), as_text(row["snapshot"])): row for row in frame.to_dict("records")}
    rows = []
    for key, name in sorted(names.items(), key=lambda item: (item[1], item[0])):
        cells = [build_text_cell(name)]
        for snapshot in context.snapshots:
            row = found.get((key, snapshot.key))
            kind = as_text(row["presence_class"]) if row is not None else "absent"
            trips = as_float(row["n_trips"]) if row is not None else None
            text = words.get(kind, kind)
            if kind == "present" and trips is not None:
                text = f"{format_integer(trips)} trips"
            cells.append(Cell(text, look="missing" if kind == "missing" else ""))
        rows.append(tuple(cells))
    return Table(
        "operators",
        "Operators in the timetables of each date",
        (Column("Operator", is_number=False), *(Column(context.name_snapshot(s)) for s in context.snapshots)),
        tuple(rows),
        "An operator that is absent at one date and present before and after it counts as missing data, not as "
        "withdrawn service.",
    )


def build_spread_text(row: dict[str, object]) -> str:
    """Return the spread over departure minutes in words: ``30 to 41 min`` (p25 to p75)."""
    return format_range_minutes(as_float(row.get("travel_time_p25_s")), as_float(row.get("travel_time_p75_s")))
