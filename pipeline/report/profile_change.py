"""What changed for a neighbourhood since the earliest timetables, and which services did it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.profile_columns import ATTRIBUTION
from pipeline.report.tables import STATUS_LABELS, Cell, Column, Table, build_text_cell, build_time_cell
from pipeline.report.text import (
    BAND_LABELS,
    COVERAGE_LABELS,
    DASH,
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_number,
    format_rate,
    format_signed,
    format_signed_pct,
    uncapitalise,
)

if TYPE_CHECKING:
    from pipeline.report.profile_subject import Row, Subject

MAX_SERVICES = 5
MIN_LOSS_MIN = 0.5
BANDS = (("weekday", "all_day"), ("weekday", "18_22"), ("saturday", "all_day"), ("sunday", "all_day"))
HALF_A_MINUTE_S = 30
PARTS = {
    "lost_together": "Services lost or cut, all together",
    "missing_data": "Services that may be missing data",
    "rest": "Services added, retimed or extended",
    "whole": "Whole change",
}


def build_time_change(subject: Subject) -> Table | None:
    """Return median times at the earliest and the latest snapshot; None with one snapshot or without times.

    Medians that did not change are counted in the note instead; if none changed, all are shown.
    """
    context = subject.context
    if len(context.snapshots) < 2:
        return None
    first, last = context.snapshots[0], context.snapshots[-1]
    rows: list[tuple[Cell, ...]] = []
    alike: list[tuple[Cell, ...]] = []
    for category, window in product(context.categories, context.windows):
        found = [subject.times.get((category.key, s.key, window.key, "outward", "all")) for s in (first, last)]
        if any(row is None for row in found):
            continue
        cells = [build_time_cell(row["travel_time_p50_s"], row["reason"], context) for row in found if row]
        before, after = (as_float(row["travel_time_p50_s"]) for row in found if row)
        (alike if _is_alike(before, after) else rows).append(
            (
                build_text_cell(capitalise(category.label)),
                build_text_cell(window.label),
                *cells,
                Cell(_describe_time_change(before, after)),
            )
        )
    if not rows and not alike:
        return None
    left_out = (
        f"Left out: {len(alike)} of {len(rows) + len(alike)} medians, which changed by less than half a minute or are "
        "of journeys that were possible at neither date; they stand under travel times. "
    )
    return Table(
        "time-change",
        f"Median travel time by timetables of {context.name_snapshot(first)} and of {context.name_snapshot(last)}",
        (
            Column("To the nearest of", is_number=False),
            Column("Leaving", is_number=False),
            Column(context.name_snapshot(first)),
            Column(context.name_snapshot(last)),
            Column("Change"),
        ),
        tuple(rows or alike),
        (left_out if rows and alike else "")
        + "Same streets and places at both dates, so that only timetables differ; changes are computed before "
        "rounding. "
        "Where timetables are incomplete, a longer time may be missing data.",
    )


def _is_alike(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return abs(after - before) < HALF_A_MINUTE_S


def _describe_time_change(before: float | None, after: float | None) -> str:
    if before is None and after is None:
        return DASH
    if before is None:
        return "possible now"
    if after is None:
        return "no longer possible"
    return f"{format_signed((after - before) / 60.0)} min"


def build_service_change(subject: Subject) -> Table | None:
    """Return the change of runs since the first snapshot with its coverage class; None where none was published."""
    rows = subject.report.get_rows(d.SERVICE_CHANGE, subject.place.code)
    latest, known = subject.context.latest.key, {snapshot.key for snapshot in subject.context.snapshots}
    found = {
        (as_text(row["day_type"]), as_text(row["band"])): row
        for row in rows
        if (row["comparison"], row["snapshot_to"], row["mode"]) == ("since_first", latest, "all")
        and row["snapshot_from"] in known
    }
    lines = []
    for day_type, band in BANDS:
        row = found.get((day_type, band))
        if row is None:
            continue
        kind = as_text(row["coverage_class"])
        is_known = kind != "missing"
        reason = subject.context.put_words(as_text(row["coverage_reason"]))
        data = COVERAGE_LABELS.get(kind, kind) + (f": {reason}" if reason else "")
        lines.append(
            (
                build_text_cell(f"{DAY_TYPE_LABELS[day_type]}, {uncapitalise(BAND_LABELS[band])}"),
                *(
                    Cell(
                        format_rate(as_float(row[name])) if is_known else "missing data", look="" if is_known else kind
                    )
                    for name in ("runs_per_day_before", "runs_per_day_after")
                ),
                Cell(format_signed_pct(as_float(row["change_pct"])) if is_known else DASH),
                build_text_cell(data, look="words"),
            )
        )
    if not lines:
        return None
    context = subject.context
    first = context.name_snapshot(context.get_snapshot(as_text(next(iter(found.values()))["snapshot_from"])))
    return Table(
        "service-change",
        f"Vehicle runs a day: {first} and {context.name_snapshot(context.latest)}",
        (
            Column("When", is_number=False),
            Column("Before"),
            Column("After"),
            Column("Change"),
            Column("Data", is_number=False),
        ),
        tuple(lines),
        "With partial data only operators found at both dates are compared.",
    )


def build_attribution(subject: Subject) -> list[Table]:
    """Return for each pair of snapshots the services whose loss lengthened journeys, and the whole of the change."""
    rows = subject.report.get_rows(ATTRIBUTION, subject.place.code)
    pairs = dict.fromkeys((as_text(row["snapshot_from"]), as_text(row["snapshot_to"])) for row in rows)
    known = {snapshot.key for snapshot in subject.context.snapshots}
    tables = []
    for pair in pairs:
        if known.issuperset(pair):
            mine = [row for row in rows if (row["snapshot_from"], row["snapshot_to"]) == pair]
            tables.append(_build_pair(subject, pair, mine))
    return tables


def _build_pair(subject: Subject, pair: tuple[str, str], rows: list[Row]) -> Table:
    context = subject.context
    services = _index_services(subject, pair)
    lines: list[tuple[Cell, ...]] = []
    for category in context.categories:
        for window in context.windows:
            mine = [row for row in rows if (row["category"], row["window"]) == (category.key, window.key)]
            where = (build_text_cell(capitalise(category.label)), build_text_cell(window.label))
            lines += [(*where, *cells) for cells in _list_case(services, mine)]
    if not lines:
        words = build_text_cell("no part of any change reaches half a minute")
        lines = [(build_text_cell("All"), build_text_cell("All windows"), words, Cell(DASH), Cell(DASH))]
    start, end = (context.name_snapshot(context.get_snapshot(key)) for key in pair)
    return Table(
        f"attribution-{pair[0]}-{pair[1]}",
        f"Which services lengthened journeys between {start} and {end}",
        (
            Column("Journeys to", is_number=False),
            Column("Leaving", is_number=False),
            Column("What", is_number=False),
            Column("Minutes longer, mean over people and departures"),
            Column("People cut off"),
        ),
        tuple(lines),
        "Each service is put back alone, as it ran, and every journey computed anew; effects of services alone do not "
        "add up to that of all together. A minus means shorter. Changes of less than half a minute are left out.",
    )


def _list_case(services: dict[str, Row], rows: list[Row]) -> list[tuple[Cell, ...]]:
    """List the services and parts of one category and window; nothing where nothing changed."""
    parts = {as_text(row["part"]): row for row in rows}
    changed = [part for part in PARTS if part in parts and abs(_get_loss(parts[part])) >= MIN_LOSS_MIN]
    if "whole" not in parts or not changed:
        return []
    losses = [row for row in rows if row["part"] == "service" and _get_loss(row) >= MIN_LOSS_MIN]
    losses.sort(key=lambda row: (-_get_loss(row), as_text(row["service_number"])))
    lines: list[tuple[Cell, ...]] = [
        (build_text_cell(_name_service(services, row), look="words"), *_build_numbers(row))
        for row in losses[:MAX_SERVICES]
    ]
    if len(losses) > MAX_SERVICES:
        words = f"{len(losses) - MAX_SERVICES} more services, each with less"
        lines.append((build_text_cell(words), Cell(DASH), Cell(DASH)))
    shown = [part for part in PARTS if part in changed or part == "whole"]
    return lines + [(build_text_cell(PARTS[part]), *_build_numbers(parts[part])) for part in shown]


@dataclass(frozen=True)
class Loss:
    """A service withdrawn or changed between two snapshots, and the journeys that this lengthened most."""

    pair: tuple[str, str]
    number: str
    service: str
    category: str
    window: str
    minutes: float
    people_cut_off: float | None
    n_cases: int


def list_losses(subject: Subject) -> list[Loss]:
    """Return services by the journeys that the loss of each lengthened most, half a minute or more, greatest first."""
    context = subject.context
    cases = [(category.key, window.key) for category in context.categories for window in context.windows]
    order = {case: number for number, case in enumerate(cases)}
    known = {snapshot.key for snapshot in context.snapshots}
    rows: dict[tuple[str, str, str], list[Row]] = {}
    for row in subject.report.get_rows(ATTRIBUTION, subject.place.code):
        start, end, number = (as_text(row[name]) for name in ("snapshot_from", "snapshot_to", "service_number"))
        is_case = _name_case(row) in order
        if row["part"] == "service" and is_case and known.issuperset((start, end)) and _get_loss(row) >= MIN_LOSS_MIN:
            rows.setdefault((start, end, number), []).append(row)
    found = []
    for (start, end, number), mine in rows.items():
        most = min(mine, key=lambda row: (-_get_loss(row), order[_name_case(row)]))
        name = _name_service(_index_services(subject, (start, end)), most, "route {route} of {operator} ({status})")
        found.append(
            Loss(
                (start, end),
                number,
                name,
                *_name_case(most),
                _get_loss(most),
                as_float(most["people_cut_off"]),
                len(mine),
            )
        )
    return sorted(found, key=lambda loss: (-loss.minutes, loss.pair, loss.number))


def build_loss_table(subject: Subject) -> Table | None:
    """Return the withdrawn or changed services that count most, one line each; None where none lengthened journeys."""
    context, losses = subject.context, list_losses(subject)
    if not losses:
        return None
    labels = {category.key: category.phrase for category in context.categories}
    windows = {window.key: uncapitalise(window.label) for window in context.windows}
    lines = []
    for loss in losses[:MAX_SERVICES]:
        start, end = (context.name_snapshot(context.get_snapshot(key)) for key in loss.pair)
        cut = Cell(format_integer(loss.people_cut_off) if loss.people_cut_off is not None else DASH)
        lines.append(
            (
                build_text_cell(capitalise(loss.service)),
                build_text_cell(f"{start} and {end}"),
                build_text_cell(f"to {labels[loss.category]}, {windows[loss.window]}"),
                Cell(format_signed(loss.minutes, 1)),
                cut,
                Cell(str(loss.n_cases)),
            )
        )
    more = len(losses) - len(lines)
    left_out = f"{more} more {'services count' if more > 1 else 'service counts'} less. " if more else ""
    return Table(
        "losses",
        "Services withdrawn or changed that lengthened journeys most",
        (
            Column("Service", is_number=False),
            Column("Between", is_number=False),
            Column("Journeys hit most", is_number=False),
            Column("Minutes longer, mean over people and departures"),
            Column("People cut off"),
            Column("Kinds of journey lengthened"),
        ),
        tuple(lines),
        f"{left_out}Each service is put back alone, as it ran, and every journey computed anew; a kind of journey is a "
        "destination and a time of the week. Effects of services alone do not add up.",
    )


def _name_case(row: Row) -> tuple[str, str]:
    return as_text(row["category"]), as_text(row["window"])


def _get_loss(row: Row) -> float:
    return as_float(row["loss_min"]) or 0.0


def _index_services(subject: Subject, pair: tuple[str, str]) -> dict[str, Row]:
    frame = subject.report[d.SERVICE_ATTRIBUTION]
    if "service_number" not in frame.columns:
        return {}
    mine = frame[(frame["snapshot_from"] == pair[0]) & (frame["snapshot_to"] == pair[1])]
    records = mine.drop_duplicates("service_number").to_dict("records")
    return {as_text(row["service_number"]): {str(key): value for key, value in row.items()} for row in records}


def _name_service(services: dict[str, Row], row: Row, words: str = "{route} ({operator}): {status}") -> str:
    number = as_text(row["service_number"])
    service = services.get(number)
    if service is None:
        return f"service {number}"
    status = as_text(service["status"])
    return words.format(
        route=as_text(service["route"]),
        operator=as_text(service["operator_name"]),
        status=STATUS_LABELS.get(status, status).lower(),
    )


def _build_numbers(row: Row) -> tuple[Cell, Cell]:
    loss, cut = as_float(row["loss_min"]), as_float(row["people_cut_off"])
    return (
        Cell(format_signed(loss, 1) if loss is not None else DASH),
        Cell(format_integer(cut) if cut is not None else format_number(None)),
    )
