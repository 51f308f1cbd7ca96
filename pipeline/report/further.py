"""Further measures, shown where they were computed: access levels, transport performance, floating catchments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.base.tables import TABLES
from pipeline.report.data import compute_median
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_number,
    format_pct,
    format_reason,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.data import ReportData

PTAL = "out_neighbourhood__ptal"
PERFORMANCE = "out_neighbourhood__transport_performance"
CATCHMENT = "out_neighbourhood__floating_catchment"
BANDS = ("0", "1a", "1b", "2", "3", "4", "5", "6a", "6b")
Row = dict[str, object]


@dataclass(frozen=True)
class Measure:
    """A further measure: heading, what it is, tables."""

    anchor: str
    title: str
    text: str
    tables: tuple[Table, ...]


def build_further_measures(report: ReportData, tables: Mapping[str, pd.DataFrame]) -> list[Measure]:
    """Return the further measures that were computed, in a fixed order; empty where none was.

    Parameters
    ----------
    report
        The published tables as the report uses them.
    tables
        All published tables by name.
    """
    found = []
    for name, build in ((PTAL, _build_ptal), (PERFORMANCE, _build_performance), (CATCHMENT, _build_catchments)):
        frame = tables.get(name)
        if frame is not None:
            frame = frame[frame["neighbourhood_code"].isin(report.position)]
            if not frame.empty:
                found.append(build(report, frame))
    return found


def _list(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _list_latest(report: ReportData, frame: pd.DataFrame) -> dict[str, Row]:
    rows = _list(frame[frame["snapshot"] == report.context.latest.key])
    return {as_text(row["neighbourhood_code"]): row for row in rows}


def _explain(report: ReportData, reason: object) -> str:
    if as_text(reason) == "no_people":
        return "no people known nearby"
    return format_reason(as_text(reason), report.context.method.max_time_min, report.context.method.max_link_m)


def _build_place_table(
    report: ReportData, anchor: str, caption: str, columns: list[Column], cells: Mapping[str, tuple[Cell, ...]]
) -> Table:
    context = report.context
    head = [Column(capitalise(context.noun), is_number=False), Column("Group", is_number=False), *columns]
    rows = tuple(
        (
            build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
            build_text_cell(capitalise(context.get_group(place.group).label)),
            *cells[place.code],
        )
        for place in sorted(report.places, key=lambda place: (place.name, place.code))
        if place.code in cells
    )
    return Table(anchor, f"{caption}, timetables of {context.name_snapshot(context.latest)}", tuple(head), rows)


def _build_median_table(
    report: ReportData, anchor: str, caption: str, frame: pd.DataFrame, column: str, decimals: int, unit: str
) -> Table:
    """Return medians of groups by date over the places that have a value, with how many those are."""
    rows = []
    for snapshot in report.context.snapshots:
        part = frame[frame["snapshot"] == snapshot.key]
        values = dict(zip(part["neighbourhood_code"].astype(str), part[column], strict=True))
        cells = [build_text_cell(report.context.name_snapshot(snapshot))]
        for group in report.groups:
            members = report.get_members(group.key)
            known = [value for place in members if (value := as_float(values.get(place.code))) is not None]
            median = compute_median(known) if known else None
            count = f"{format_integer(len(known))} of {format_integer(len(members))}"
            text = f"{format_number(median, decimals)}{unit} ({count})"
            cells.append(Cell("no value" if median is None else text, look="reason" if median is None else ""))
        rows.append(tuple(cells))
    columns = (Column("Timetables of", is_number=False), *(Column(capitalise(g.label)) for g in report.groups))
    note = f"In brackets: {report.context.noun_plural} that have a value."
    return Table(anchor, caption, columns, tuple(rows), note)


def _build_ptal(report: ReportData, frame: pd.DataFrame) -> Measure:
    context = report.context
    rows = []
    for snapshot in context.snapshots:
        part = frame[frame["snapshot"] == snapshot.key]
        bands = dict(zip(part["neighbourhood_code"].astype(str), map(as_text, part["ptal"]), strict=True))
        for group in report.groups:
            members = report.get_members(group.key)
            counts = [sum(bands.get(place.code) == band for place in members) for band in BANDS]
            none = len(members) - sum(counts)
            cells = [Cell(format_integer(count)) for count in (*counts, none)]
            first = build_text_cell(context.name_snapshot(snapshot))
            rows.append((first, build_text_cell(capitalise(group.label)), *cells))
    columns = [Column("Timetables of", is_number=False), Column("Group", is_number=False)]
    columns += [*(Column(f"Band {band}") for band in BANDS), Column("No value")]
    by_band = Table("ptal-bands", f"{capitalise(context.noun_plural)} by access level", tuple(columns), tuple(rows))
    latest = {}
    for code, row in _list_latest(report, frame).items():
        index = as_float(row["access_index"])
        latest[code] = (
            Cell(as_text(row["ptal"]) or _explain(report, row["reason"]), look="reason" if index is None else ""),
            Cell(format_number(index, 1)),
            Cell(format_pct(as_float(row["people_without_pct"]))),
        )
    places = _build_place_table(
        report,
        "ptal-places",
        "Access level and index",
        [Column("Band"), Column("Access index"), Column("People without a value")],
        latest,
    )
    text = (
        f"{TABLES[PTAL].title}. Bands run from 0 (worst) to 6b (best), after London's rules: stops within 640 m "
        "for buses and 960 m for rail on foot, the best route of a mode in full and the others by half."
    )
    return Measure("ptal", "Access levels (PTAL)", text, (by_band, places))


def _build_performance(report: ReportData, frame: pd.DataFrame) -> Measure:
    medians = _build_median_table(
        report,
        "performance-groups",
        "Transport performance, median by group and date",
        frame,
        "transport_performance_pct",
        1,
        "%",
    )
    latest = {}
    for code, row in _list_latest(report, frame).items():
        share = as_float(row["transport_performance_pct"])
        reason = Cell(_explain(report, row["reason"]), look="reason")
        latest[code] = (
            reason if share is None else Cell(f"{format_number(share, 1)}%"),
            *(Cell(format_number(as_float(row[name]))) for name in ("people_reached", "people_nearby")),
        )
    places = _build_place_table(
        report,
        "performance-places",
        "Transport performance",
        [Column("Performance"), Column("People reached"), Column("People nearby")],
        latest,
    )
    text = (
        f"{TABLES[PERFORMANCE].title}, in per cent. People beyond the area are neither reached nor near, so that "
        "figures at its edge are less sure."
    )
    return Measure("performance", "Transport performance", text, (medians, places))


def _build_catchments(report: ReportData, frame: pd.DataFrame) -> Measure:
    labels = {category.key: category.label for category in report.context.categories}
    categories = sorted({str(name) for name in frame["category"]})
    tables = []
    cells: dict[str, list[Cell]] = {}
    columns = []
    for category in categories:
        part = frame[frame["category"] == category]
        label = capitalise(labels.get(category, category.replace("_", " ")))
        limit = format_number(as_float(part["catchment_min"].iloc[0]))
        caption = f"{label} for every 1,000 people within {limit} minutes, median by group and date"
        name = "supply_per_1000_people"
        tables.append(_build_median_table(report, f"catchment-{category}", caption, part, name, 3, ""))
        columns.append(Column(f"{label} within {limit} min, for every 1,000 people"))
        rows = _list_latest(report, part)
        for place in report.places:
            row = rows.get(place.code, {})
            value = as_float(row.get(name))
            words = _explain(report, row.get("reason"))
            cell = Cell(words, look="reason") if value is None else Cell(format_number(value, 3))
            cells.setdefault(place.code, []).append(cell)
    places = _build_place_table(
        report, "catchment-places", "Supply within reach", columns, {code: tuple(mine) for code, mine in cells.items()}
    )
    text = (
        f"{TABLES[CATCHMENT].title}: what a destination offers is divided by the people who reach it in time, "
        f"and a {report.context.noun} gets the sum of what it reaches. A place that is shared by many counts less."
    )
    return Measure("catchment", "Floating catchments", text, (*tables, places))
