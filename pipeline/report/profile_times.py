"""Travel times of a profile: by window and date, who is nearest, other ways, jobs, and visits out and back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.profile_columns import VISIT
from pipeline.report.profile_departures import build_departure_table, describe_walk_only
from pipeline.report.profile_overview import build_overview_figure
from pipeline.report.profile_views import build_views
from pipeline.report.profile_windows import build_window_figure
from pipeline.report.tables import (
    Cell,
    Column,
    Table,
    build_clock_cell,
    build_spread_text,
    build_text_cell,
    build_time_cell,
)
from pipeline.report.text import (
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_pct,
    format_quantity,
    format_reason,
    format_window,
    uncapitalise,
)

if TYPE_CHECKING:
    from pipeline.report.context import CategoryInfo, WindowInfo
    from pipeline.report.profile_figure import Figure
    from pipeline.report.profile_subject import Row, Subject
    from pipeline.report.profile_views import WindowView

MAX_NEAREST = 4


@dataclass(frozen=True)
class TimeRow:
    """Travel times of one window: medians by snapshot and the whole of the latest one."""

    window: str
    medians: tuple[Cell, ...]
    spread: str
    reachable: str
    first: str
    last: str
    gap: str
    walk: str


@dataclass(frozen=True)
class TimeBlock:
    """Travel times to one category: rows by window, every minute, or a sentence where there is no data.

    ``same_as`` names an earlier category to which every minute, and who is nearest, is the same: it is not drawn again.
    """

    category: CategoryInfo
    views: tuple[WindowView, ...]
    absence: str
    rows: tuple[TimeRow, ...]
    nearest: dict[tuple[str, str], str]
    figure: Figure | None = None
    undrawn: str = ""
    departures: Table | None = None
    same_as: str = ""

    @property
    def title(self) -> str:
        """Where to."""
        return f"To {self.category.phrase}"

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"time-{self.category.key}"

    def describe_nearest(self, window: str) -> str:
        """Say who is nearest in a window, on the way there; empty where nobody is."""
        return self.nearest.get((window, "outward"), "")

    def is_like(self, other: TimeBlock) -> bool:
        """Tell whether every minute of every window, the medians and who is nearest are those of another category."""
        return bool(self.views) and self.views == other.views and self.nearest == other.nearest


def build_time_blocks(subject: Subject) -> tuple[Figure | None, tuple[TimeBlock, ...]]:
    """Return the first window to every category side by side, and travel times to each category.

    What is the same to two categories is drawn once, and each key of the pictures is told once.

    Parameters
    ----------
    subject
        The neighbourhood.

    Returns
    -------
    overview
        None with fewer than two categories.
    blocks
        In the order of the categories.
    """
    context, blocks = subject.context, list[TimeBlock]()
    read = [read_time_block(subject, category) for category in context.categories]
    pairs = [(block.category, block.views) for block in read]
    overview = build_overview_figure(pairs, subject.place, next(iter(subject.useful.values()), {}), context)
    told = frozenset() if overview is None else overview.list_looks()
    for block in read:
        same = next((other for other in blocks if not other.same_as and block.is_like(other)), None)
        if same is not None:
            blocks.append(replace(block, same_as=same.category.phrase))
            continue
        category = block.category
        about = next((row for (key, *_), row in subject.useful.items() if key == category.key), {})
        figure = build_window_figure(category, block.views, subject.place, about)
        if figure is not None:
            figure = replace(figure, explained=told)
            told |= figure.list_looks()
        departures = build_departure_table(category, block.views, block.nearest, context)
        undrawn = describe_walk_only(category, block.views)
        blocks.append(replace(block, figure=figure, undrawn=undrawn, departures=departures))
    return overview, tuple(blocks)


def read_time_block(subject: Subject, category: CategoryInfo) -> TimeBlock:
    """Return travel times to a category, without pictures."""
    context, times = subject.context, subject.times
    found = {
        window.key: [times.get((category.key, s.key, window.key, "outward", "all")) for s in context.snapshots]
        for window in context.windows
    }
    found = {key: cells for key, cells in found.items() if any(row is not None for row in cells)}
    rows = [_build_time_row(subject, window, found[window.key]) for window in context.windows if window.key in found]
    absence = "" if rows else category.absence_text
    if not rows and subject.report.has_jobs(category):
        absence = f"How many {category.count_label} are within reach stands in a table below."
    views = build_views(category, subject.useful, times, context)
    return TimeBlock(category, tuple(views), absence, tuple(rows), _describe_nearest(subject, category))


def _build_time_row(subject: Subject, window: WindowInfo, found: list[Row | None]) -> TimeRow:
    limit = subject.context.method.max_time_min
    row = found[-1] or {}
    reason = as_text(row.get("reason"))
    gap, walk = as_float(row.get("longest_gap_s")), as_float(row.get("walk_time_s"))
    return TimeRow(
        window=f"{window.label}, {format_window(window.start_s, window.end_s)}",
        medians=tuple(
            build_time_cell(item and item["travel_time_p50_s"], item and item["reason"], subject.context)
            for item in found
        ),
        spread=build_spread_text(row),
        reachable=format_pct(as_float(row.get("reachable_pct"))),
        first=build_clock_cell(row.get("first_departure_s")).text,
        last=build_clock_cell(row.get("last_departure_s")).text,
        gap=format_quantity(gap, "s") if gap is None or gap > 0 else "none",
        walk=format_quantity(walk, "s") if walk is not None else ("" if reason == "no_street" else f"over {limit} min"),
    )


def _describe_nearest(subject: Subject, category: CategoryInfo) -> dict[tuple[str, str], str]:
    """Say which destinations are nearest and for what share of the minutes, by window and direction."""
    latest = subject.context.latest.key
    words = {}
    for (key, snapshot, window, direction, mode_set), row in subject.times.items():
        if (key, snapshot, mode_set) == (category.key, latest, "all"):
            found = read_nearest(as_text(row["destinations_nearest"]))
            named = [f"{name} ({format_pct(share)})" for name, share in found[:MAX_NEAREST]]
            if len(found) > MAX_NEAREST:
                named.append(f"{len(found) - MAX_NEAREST} more")
            words[window, direction] = "; ".join(named)
    return words


def build_other_times(subject: Subject) -> Table:
    """Return median times by bus only, and home again."""
    context, times = subject.context, subject.times
    rows = []
    for category in context.categories:
        for window in context.windows:
            cells = []
            for direction, mode in (("outward", "bus"), ("return", "all"), ("return", "bus")):
                row = times.get((category.key, context.latest.key, window.key, direction, mode))
                cells.append(
                    Cell("not calculated", look="reason")
                    if row is None
                    else build_time_cell(row["travel_time_p50_s"], row["reason"], context)
                )
            if any(cell.text != "not calculated" for cell in cells):
                rows.append((build_text_cell(capitalise(category.label)), build_text_cell(window.label), *cells))
    return Table(
        "other-times",
        f"Median travel time by bus only, and home again, timetables of {context.name_snapshot(context.latest)}",
        (
            Column("Destination", is_number=False),
            Column("Time of the week", is_number=False),
            Column("There, bus only"),
            Column("Home, all modes"),
            Column("Home, bus only"),
        ),
        tuple(rows),
    )


def build_jobs(subject: Subject) -> Table | None:
    """Return what can be reached within limits; None where it was not counted."""
    context = subject.context
    found = {
        (as_text(r["category"]), as_text(r["snapshot"]), as_text(r["window"]), as_float(r["limit_min"])): r
        for r in subject.report.get_rows(d.JOBS, subject.place.code)
        if r["mode_set"] == "all"
    }
    limits = sorted({key[3] for key in found if key[3] is not None})
    rows = []
    for category, window, limit in product(context.categories, context.windows, limits):
        records = [found.get((category.key, s.key, window.key, limit)) for s in context.snapshots]
        if any(record is not None for record in records):
            cells = [_build_jobs_cell(subject, record) for record in records]
            what = build_text_cell(capitalise(category.count_label))
            rows.append((what, build_text_cell(window.label), Cell(f"{limit:.0f} min"), *cells))
    if not rows:
        return None
    return Table(
        "jobs",
        "Within reach by public transport (median over departure minutes)",
        (
            Column("What", is_number=False),
            Column("Leaving", is_number=False),
            Column("Within"),
            *(Column(context.name_snapshot(snapshot)) for snapshot in context.snapshots),
        ),
        tuple(rows),
    )


def _build_jobs_cell(subject: Subject, row: Row | None) -> Cell:
    if row is None:
        return Cell("not calculated", look="reason")
    jobs = as_float(row["jobs_p50"])
    if jobs is None:
        method = subject.context.method
        return Cell(format_reason(as_text(row["reason"]), method.max_time_min, method.max_link_m), look="reason")
    return Cell(format_integer(jobs), sort=jobs)


def build_visits(subject: Subject) -> Table | None:
    """Return whether one can go, stay and be home the same day, by snapshot; None where no visit was computed."""
    context = subject.context
    rows = subject.report.get_rows(VISIT, subject.place.code)
    order = {mode.key: number for number, mode in enumerate(context.modes)}
    labels = {mode.key: mode.label for mode in context.modes}
    phrases = {category.key: category.phrase for category in context.categories}
    keys = sorted(
        {tuple(as_text(row[name]) for name in ("visit", "begins", "mode_set")) for row in rows},
        key=lambda key: (key[0], key[1], order.get(key[2], len(order)), key[2]),
    )
    found = {tuple(as_text(row[name]) for name in ("visit", "begins", "mode_set", "snapshot")): row for row in rows}
    lines = []
    for key in keys:
        records = [found.get((*key, snapshot.key)) for snapshot in context.snapshots]
        about = next(record for record in records if record is not None)
        phrase = phrases.get(as_text(about["category"]), as_text(about["category"]))
        day = uncapitalise(DAY_TYPE_LABELS.get(as_text(about["day_type"]), ""))
        stay = format_integer(as_float(about["stay_min"]) or 0.0)
        what = f"{stay} minutes at {phrase} on a {day}, stay begins {key[1].replace('-', ' to ')}"
        latest: Row = records[-1] or {}
        least = as_float(latest.get("time_away_least_s"))
        lines.append(
            (
                build_text_cell(what),
                build_text_cell(labels.get(key[2], key[2])),
                *(_build_visit_cell(subject, record) for record in records),
                Cell(_describe_away(latest)),
                Cell(format_quantity(least, "s")),
            )
        )
    if not lines:
        return None
    return Table(
        "visits",
        "Out and back on one day: share of the minutes at which the stay could begin for which one gets there and home",
        (
            Column("What", is_number=False),
            Column("Modes", is_number=False),
            *(Column(context.name_snapshot(snapshot)) for snapshot in context.snapshots),
            Column("Away from home, median"),
            Column("At best"),
        ),
        tuple(lines),
        f"Time away holds the stay and all waiting; {subject.when}.",
    )


def _describe_away(row: Row) -> str:
    """Tell the median of the time away; a dash where no share is known, since then nothing is known of half of it."""
    away = as_float(row.get("time_away_p50_s"))
    if away is None and as_float(row.get("usable_pct")) is not None:
        return "not at half of the minutes"
    return format_quantity(away, "s")


def _build_visit_cell(subject: Subject, row: Row | None) -> Cell:
    if row is None:
        return Cell("not calculated", look="reason")
    share = as_float(row["usable_pct"])
    if share is None:
        method = subject.context.method
        return Cell(format_reason(as_text(row["reason"]), method.max_time_min, method.max_link_m), look="reason")
    return Cell(format_pct(share))


def read_nearest(text: str) -> list[tuple[str, float]]:
    """Return name and share in per cent of the destinations that are nearest, from the JSON text of the table.

    Raises
    ------
    ValueError
        If the text is neither empty nor a JSON list of objects.
    """
    if not text:
        return []
    found = json.loads(text)
    return [
        (as_text(item.get("name")) or as_text(item.get("id")), as_float(item.get("share_pct")) or 0.0) for item in found
    ]
