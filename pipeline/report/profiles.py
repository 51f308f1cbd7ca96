"""What the page of one neighbourhood shows."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.car import build_car_table
from pipeline.report.data import compute_median
from pipeline.report.findings import describe_window
from pipeline.report.score_tables import build_definition_table
from pipeline.report.sketches import draw_rank_interval, draw_spread
from pipeline.report.tables import (
    Cell,
    Column,
    Table,
    build_clock_cell,
    build_runs_cell,
    build_spread_text,
    build_text_cell,
    build_time_cell,
)
from pipeline.report.text import (
    BAND_LABELS,
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_minutes_long,
    format_number,
    format_pct,
    format_quantity,
    format_rank,
    format_reason,
    format_window,
    join_words,
)

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipeline.report.context import CategoryInfo, ReportContext, WindowInfo
    from pipeline.report.data import Place, ReportData
    from pipeline.report.facts import Facts

MAX_NEAREST = 4

Row = dict[str, object]
Levels = dict[tuple[str, str, str, str], Row]


@dataclass(frozen=True)
class TimeRow:
    """Travel times of one window: medians by snapshot and the whole of the latest one."""

    window: str
    medians: tuple[Cell, ...]
    spread: str
    picture: Markup
    reachable: str
    first: str
    last: str
    gap: str
    walk: str


@dataclass(frozen=True)
class TimeBlock:
    """Travel times to one category: rows by window, or a sentence where there is no data."""

    title: str
    anchor: str
    absence: str
    axis_min: int
    rows: tuple[TimeRow, ...]
    nearest: Table | None


@dataclass(frozen=True)
class Profile:
    """Everything on the page of one neighbourhood."""

    place: Place
    group_label: str
    facts: tuple[str, ...]
    time_blocks: tuple[TimeBlock, ...]
    other_times: Table
    jobs: Table | None
    car: Table | None
    service: Table | None
    service_facts: Table | None
    scores: Table | None
    rank_picture: Markup | None
    indicators: Table | None
    definitions: Table | None
    caveats: tuple[str, ...]


class ProfileBuilder:
    """Builds profiles; holds what is the same on every page, so that a page costs little."""

    def __init__(self, report: ReportData, facts: Facts) -> None:
        """Compute the figures of the groups once."""
        self.report = report
        self.context: ReportContext = report.context
        self.facts = facts
        self._group_medians = _compute_score_medians(report)

    def build_profile(self, place: Place) -> Profile:
        """Return the profile of one neighbourhood."""
        times = self._index_times(place)
        scores = {as_text(row["snapshot"]): row for row in self.report.get_rows(d.SCORE, place.code)}
        levels: Levels = {
            (as_text(row["snapshot"]), as_text(row["mode"]), as_text(row["day_type"]), as_text(row["band"])): row
            for row in self.report.get_rows(d.SERVICE_LEVEL, place.code)
        }
        latest = scores.get(self.context.latest.key, {})
        return Profile(
            place=place,
            group_label=self.context.get_group(place.group).label,
            facts=tuple(self._describe(times, latest, levels)),
            time_blocks=tuple(self._build_time_block(category, times) for category in self.context.categories),
            other_times=self._build_other_times(times),
            jobs=self._build_jobs(place),
            car=build_car_table(self.report, place),
            service=self._build_service(levels),
            service_facts=self._build_service_facts(levels),
            scores=self._build_scores(scores),
            rank_picture=draw_rank_interval(
                as_float(latest.get("rank")),
                as_float(latest.get("rank_low")),
                as_float(latest.get("rank_high")),
                n=len(self.report.places),
            ),
            indicators=self._build_indicators(place),
            definitions=build_definition_table(self.context),
            caveats=tuple(self._collect_caveats(levels)),
        )

    def _index_times(self, place: Place) -> dict[tuple[str, ...], Row]:
        by = ("category", "snapshot", "window", "direction", "mode_set")
        return {
            tuple(as_text(row[column]) for column in by): row for row in self.report.get_rows(d.TRAVEL_TIME, place.code)
        }

    def _describe(self, times: dict[tuple[str, ...], Row], score: Row, levels: Levels) -> list[str]:
        context = self.context
        window, snapshot = context.primary_window, context.latest
        sentences = []
        for category in context.categories:
            row = times.get((category.key, snapshot.key, window.key, "outward", "all"))
            if row is None:
                continue
            seconds = as_float(row["travel_time_p50_s"])
            lead = f"To {category.phrase}, {describe_window(window)}: "
            if seconds is None:
                reason = format_reason(as_text(row["reason"]), context.method.max_time_min, context.method.max_link_m)
                sentences.append(f"{lead}{reason}.")
                continue
            median = (self.facts.find_times(category.key, snapshot.key, window.key) or {})["all"].median_s
            beside = f" (all {context.noun_plural}: {format_minutes_long(median)})" if median is not None else ""
            sentences.append(f"{lead}{format_minutes_long(seconds)}{beside}.")
        level = levels.get((snapshot.key, "all", "weekday", "all_day"))
        if level is not None and as_text(level["coverage_class"]) != "missing":
            runs = as_float(level["runs_per_day"]) or 0.0
            sentences.append(f"{capitalise(format_count_of(round(runs), 'vehicle run', 'vehicle runs'))} on a weekday.")
        rank = as_float(score.get("rank"))
        if rank is not None:
            text = format_rank(rank, as_float(score.get("rank_low")), as_float(score.get("rank_high")))
            sentences.append(
                f"Rank {text} of {format_integer(len(self.report.places))}, where 1 is the worst connected."
            )
        return sentences

    def _build_time_block(self, category: CategoryInfo, times: dict[tuple[str, ...], Row]) -> TimeBlock:
        context = self.context
        found = {
            window.key: [times.get((category.key, s.key, window.key, "outward", "all")) for s in context.snapshots]
            for window in context.windows
        }
        found = {key: cells for key, cells in found.items() if any(row is not None for row in cells)}
        limit = self._choose_axis([cells[-1] for cells in found.values()])
        rows = [
            self._build_time_row(window, found[window.key], limit) for window in context.windows if window.key in found
        ]
        absence = "" if rows else category.absence_text
        if not rows and self.report.has_jobs(category):
            absence = f"How many {category.count_label} are within reach stands in a table below."
        nearest = self._build_nearest(category, times) if rows else None
        return TimeBlock(f"To {category.phrase}", f"time-{category.key}", absence, limit, tuple(rows), nearest)

    def _choose_axis(self, rows: list[Row | None]) -> int:
        """Return the end of the axis of the spread bars in minutes: the least multiple of 30 that holds them all."""
        longest = [as_float(row["travel_time_p95_s"]) for row in rows if row is not None]
        cap = self.context.method.max_time_min
        if not longest or any(value is None for value in longest):
            return cap
        top = max(value for value in longest if value is not None)
        return min(cap, max(30, math.ceil(top / 1800.0) * 30))

    def _build_time_row(self, window: WindowInfo, found: list[Row | None], axis_min: int) -> TimeRow:
        limit = self.context.method.max_time_min
        row = found[-1] or {}
        p5, p25, p50, p75, p95 = (
            None if (value := as_float(row.get(f"travel_time_{name}_s"))) is None else value / 60.0
            for name in ("p5", "p25", "p50", "p75", "p95")
        )
        reason = as_text(row.get("reason"))
        gap, walk = as_float(row.get("longest_gap_s")), as_float(row.get("walk_time_s"))
        return TimeRow(
            window=f"{window.label}, {format_window(window.start_s, window.end_s)}",
            medians=tuple(
                build_time_cell(item and item["travel_time_p50_s"], item and item["reason"], self.context)
                for item in found
            ),
            spread=build_spread_text(row),
            picture=draw_spread(p5, p25, p50, p75, p95, limit=float(axis_min)),
            reachable=format_pct(as_float(row.get("reachable_pct"))),
            first=build_clock_cell(row.get("first_departure_s")).text,
            last=build_clock_cell(row.get("last_departure_s")).text,
            gap=format_quantity(gap, "s") if gap is None or gap > 0 else "none",
            walk=format_quantity(walk, "s")
            if walk is not None
            else ("" if reason == "no_street" else f"over {limit} min"),
        )

    def _build_nearest(self, category: CategoryInfo, times: dict[tuple[str, ...], Row]) -> Table | None:
        context = self.context
        rows = []
        for window in context.windows:
            row = times.get((category.key, context.latest.key, window.key, "outward", "all"))
            found = read_nearest(as_text(row["destinations_nearest"])) if row is not None else []
            if found:
                words = [f"{name} ({format_pct(share)})" for name, share in found[:MAX_NEAREST]]
                if len(found) > MAX_NEAREST:
                    words.append(f"{len(found) - MAX_NEAREST} more")
                rows.append((build_text_cell(window.label), build_text_cell("; ".join(words), look="words")))
        if not rows:
            return None
        return Table(
            f"nearest-{category.key}",
            f"Reached soonest, and for what share of departure minutes ({context.name_snapshot(context.latest)})",
            (Column("Leaving", is_number=False), Column("Nearest", is_number=False)),
            tuple(rows),
        )

    def _build_other_times(self, times: dict[tuple[str, ...], Row]) -> Table:
        context = self.context
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

    def _build_jobs(self, place: Place) -> Table | None:
        context = self.context
        found = {
            (as_text(r["category"]), as_text(r["snapshot"]), as_text(r["window"]), as_float(r["limit_min"])): r
            for r in self.report.get_rows(d.JOBS, place.code)
            if r["mode_set"] == "all"
        }
        limits = sorted({key[3] for key in found if key[3] is not None})
        rows = []
        for category, window, limit in product(context.categories, context.windows, limits):
            records = [found.get((category.key, s.key, window.key, limit)) for s in context.snapshots]
            if any(record is not None for record in records):
                cells = [self._build_jobs_cell(record) for record in records]
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

    def _build_jobs_cell(self, row: Row | None) -> Cell:
        if row is None:
            return Cell("not calculated", look="reason")
        jobs = as_float(row["jobs_p50"])
        if jobs is None:
            method = self.context.method
            return Cell(format_reason(as_text(row["reason"]), method.max_time_min, method.max_link_m), look="reason")
        return Cell(format_integer(jobs), sort=jobs)

    def _build_service(self, levels: Levels) -> Table | None:
        context = self.context
        if not levels:
            return None
        rows = []
        for day_type, day_label in DAY_TYPE_LABELS.items():
            for band, band_label in BAND_LABELS.items():
                found = [levels.get((s.key, "all", day_type, band)) for s in context.snapshots]
                if any(row is not None for row in found):
                    cells = [
                        Cell("missing data", look="missing")
                        if row is None
                        else build_runs_cell(row["runs_per_day"], row["coverage_class"])
                        for row in found
                    ]
                    rows.append((build_text_cell(day_label), build_text_cell(band_label), *cells))
        return Table(
            "service",
            "Vehicle runs a day that call here, by date of the timetables",
            (
                Column("Day", is_number=False),
                Column("Time of day", is_number=False),
                *(Column(context.name_snapshot(snapshot)) for snapshot in context.snapshots),
            ),
            tuple(rows),
            "Each run is counted once however many stops it calls at. Missing data is not a cut.",
        )

    def _build_service_facts(self, levels: Levels) -> Table | None:
        context = self.context
        rows = []
        for day_type, day_label in DAY_TYPE_LABELS.items():
            row = levels.get((context.latest.key, "all", day_type, "all_day"))
            if row is None or as_text(row["coverage_class"]) == "missing":
                continue
            rows.append(
                (
                    build_text_cell(day_label),
                    build_clock_cell(row["first_run_s"]),
                    build_clock_cell(row["last_run_s"]),
                    Cell(format_number(as_float(row["hours_served"]), 1)),
                    Cell(format_pct(as_float(row["days_served_pct"]))),
                    Cell(format_number(as_float(row["stops_reachable_direct"]))),
                )
            )
        if not rows:
            return None
        return Table(
            "service-facts",
            f"First and last run, timetables of {context.name_snapshot(context.latest)}",
            (
                Column("Day", is_number=False),
                Column("First run"),
                Column("Last run"),
                Column("Hours of the day served"),
                Column("Days served"),
                Column("Stops reached without a change"),
            ),
            tuple(rows),
        )

    def _build_scores(self, scores: dict[str, Row]) -> Table | None:
        context = self.context
        rows = []
        for snapshot in context.snapshots:
            row = scores.get(snapshot.key)
            if row is None:
                continue
            medians = self._group_medians.get(snapshot.key, {})
            coverage = as_text(row["coverage_class"])
            rows.append(
                (
                    build_text_cell(context.name_snapshot(snapshot)),
                    Cell(format_number(as_float(row["score"]), 1), look="" if coverage == "comparable" else "partial"),
                    Cell(format_rank(*(as_float(row[c]) for c in ("rank", "rank_low", "rank_high")))),
                    Cell(format_number(as_float(row["decile"]))),
                    Cell(format_number(as_float(row["absolute_index"]), 1)),
                    *(Cell(format_number(medians.get(group.key), 1)) for group in self.report.groups),
                )
            )
        if not rows:
            return None
        return Table(
            "scores",
            "Connectivity score (higher is worse), rank (1 is worst) with its interval, and the medians of the groups",
            (
                Column("Timetables of", is_number=False),
                Column("Score"),
                Column("Rank (interval)"),
                Column("Tenth, 1 = worst"),
                Column("Absolute index (100 = best)"),
                *(Column(f"Median score, {group.label}") for group in self.report.groups),
            ),
            tuple(rows),
            "The interval shows how far the rank moves under other weights. Only the absolute index may be followed "
            "over time: ranks move when others move.",
        )

    def _build_indicators(self, place: Place) -> Table | None:
        context = self.context
        labels = {item.key: item for item in context.indicators}
        order = {item.key: number for number, item in enumerate(context.indicators)}
        records = [
            row for row in self.report.get_rows(d.INDICATOR, place.code) if row["snapshot"] == context.latest.key
        ]
        records.sort(key=lambda row: (order.get(as_text(row["indicator"]), len(order)), as_text(row["indicator"])))
        rows = []
        for row in records:
            key = as_text(row["indicator"])
            item = labels.get(key)
            value = as_float(row["value"])
            reason = as_text(row["reason"])
            words = format_reason(reason, context.method.max_time_min, context.method.max_link_m)
            if reason and words == format_reason("", context.method.max_time_min):
                words = reason.replace("_", " ")
            rows.append(
                (
                    build_text_cell(item.label if item else key.replace("_", " ")),
                    Cell(format_quantity(value, item.unit if item else ""))
                    if value is not None
                    else Cell(words, look="reason"),
                    Cell(format_number(as_float(row["rank"]))),
                    Cell(format_number(as_float(row["score"]), 1)),
                )
            )
        if not rows:
            return None
        return Table(
            "indicators",
            f"What the score is made of, timetables of {context.name_snapshot(context.latest)}",
            (Column("Indicator", is_number=False), Column("Value"), Column("Rank, 1 = worst"), Column("Points")),
            tuple(rows),
        )

    def _collect_caveats(self, levels: Levels) -> list[str]:
        context = self.context
        sentences = []
        for snapshot in context.snapshots:
            row = levels.get((snapshot.key, "all", "weekday", "all_day"))
            kind = as_text(row["coverage_class"]) if row is not None else ""
            if kind in {"partial", "missing"}:
                missing = self.facts.get_missing_operators(snapshot.key)
                names = f" Operators without data: {join_words(missing)}." if missing else ""
                sentences.append(
                    f"The timetables of {context.name_snapshot(snapshot)} do not cover this {context.noun} "
                    f"{'completely' if kind == 'partial' else 'at all'}: its travel times may be too long and its "
                    f"service too low at that date.{names}"
                )
        return sentences + list(context.service_caveats) + list(context.caveats)


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


def _compute_score_medians(report: ReportData) -> dict[str, dict[str, float | None]]:
    frame = report[d.SCORE]
    found: dict[str, dict[str, float | None]] = {}
    for snapshot, part in frame.groupby("snapshot", sort=True):
        values = {
            str(code): as_float(score) for code, score in zip(part["neighbourhood_code"], part["score"], strict=True)
        }
        found[str(snapshot)] = {
            group.key: compute_median(
                [v for place in report.get_members(group.key) if (v := values.get(place.code)) is not None]
            )
            for group in report.groups
        }
    return found
