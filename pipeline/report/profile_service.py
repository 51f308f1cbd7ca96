"""Service of a profile: over the years as a picture and a table, first and last run, hours and days served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.profile_charts import Bar, BarPanel, build_service_figure
from pipeline.report.tables import Cell, Column, Table, build_clock_cell, build_runs_cell, build_text_cell
from pipeline.report.text import (
    BAND_LABELS,
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    format_number,
    format_pct,
    format_rate,
)

if TYPE_CHECKING:
    from pipeline.report.profile_figure import Figure
    from pipeline.report.profile_subject import Subject

PANELS = (
    ("weekday", "all_day", "Weekday, whole day"),
    ("weekday", "18_22", "Weekday, 18:00 to 22:00"),
    ("saturday", "all_day", "Saturday, whole day"),
    ("sunday", "all_day", "Sunday, whole day"),
)


def build_service_chart(subject: Subject) -> Figure | None:
    """Return service by date of the timetables; None where none was published."""
    context = subject.context
    panels = []
    for day_type, band, title in PANELS:
        found = [subject.levels.get((snapshot.key, "all", day_type, band)) for snapshot in context.snapshots]
        if all(row is None for row in found):
            continue
        medians = subject.facts.find_service("all", day_type, band)
        bars = []
        for snapshot, row, level in zip(context.snapshots, found, medians, strict=True):
            status = "missing" if row is None else as_text(row["coverage_class"])
            value = None if row is None or status == "missing" else as_float(row["runs_per_day"])
            bars.append(Bar(_label(subject, snapshot.key), value, status, level.median))
        panels.append(BarPanel(title, tuple(bars)))
    if not panels:
        return None
    return build_service_figure(subject.place.name, context.noun_plural, panels, _headline(subject, panels[0]))


def _label(subject: Subject, key: str) -> str:
    """Return the year of a snapshot; its key where two have one year."""
    snapshot = subject.context.get_snapshot(key)
    years = [other.date.year for other in subject.context.snapshots]
    return str(snapshot.date.year) if years.count(snapshot.date.year) == 1 else snapshot.key


def _headline(subject: Subject, panel: BarPanel) -> str:
    """Say how service went from the first complete date to the last; neutral where none can be compared."""
    complete = [bar for bar in panel.bars if bar.value is not None and bar.status == "comparable"]
    what = f"{panel.title.split(',')[0]} service in {subject.place.name}"
    if len(complete) > 1 and _is_comparable(subject):
        first, last = complete[0], complete[-1]
        return f"{what}: {format_rate(first.value)} runs in {first.label}, {format_rate(last.value)} in {last.label}"
    if complete:
        return f"{what}: {format_rate(complete[-1].value)} runs in {complete[-1].label}"
    return f"{what}: no date with complete timetables"


def _is_comparable(subject: Subject) -> bool:
    return not subject.context.service_caveats


def build_service(subject: Subject) -> Table | None:
    """Return runs a day by day, hours and date of the timetables; None where none were published."""
    context, levels = subject.context, subject.levels
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


def build_service_facts(subject: Subject) -> Table | None:
    """Return first and last run, hours and days served at the latest snapshot; None without data."""
    context, levels = subject.context, subject.levels
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
