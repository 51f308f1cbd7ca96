"""Car times beside those by public transport on the page of a neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.tables import Cell, Column, Table, build_text_cell, build_time_cell
from pipeline.report.text import as_float, as_text, capitalise, uncapitalise

if TYPE_CHECKING:
    from pipeline.report.data import Place, ReportData

NOTE = (
    "Car times are those of average speeds by class of road, the same at every hour, without looking for a place to "
    "park; the nearest by car need not be the nearest by public transport. Both times are means over the people who "
    "have both."
)


def build_car_table(report: ReportData, place: Place) -> Table | None:
    """Return car times, times by public transport and their ratio; None where no car times were published."""
    context = report.context
    window, snapshot = context.primary_window, context.latest
    wanted = {"snapshot": snapshot.key, "window": window.key, "mode_set": "all"}
    found = {
        as_text(row["category"]): row
        for row in report.get_rows(d.CAR, place.code)
        if all(row[name] == value for name, value in wanted.items())
    }
    rows = []
    for category in context.categories:
        row = found.get(category.key)
        if row is None:
            continue
        minutes = [as_float(row[name]) for name in ("car_time_min", "public_transport_time_min")]
        seconds = [None if value is None else 60 * value for value in minutes]
        ratio = as_float(row["public_transport_to_car_ratio"])
        times = (
            build_time_cell(seconds[0], row["reason"], context),
            build_time_cell(seconds[1], row["ratio_reason"], context),
        )
        ratio_text = Cell("", look="reason") if ratio is None else Cell(f"{ratio:.1f} times as long", sort=ratio)
        nearest = build_text_cell(as_text(row["nearest_destination_name"]), look="words")
        rows.append((build_text_cell(capitalise(category.label)), *times, ratio_text, nearest))
    if not rows:
        return None
    return Table(
        "car",
        f"By car and by public transport, {uncapitalise(window.label)}, "
        f"timetables of {context.name_snapshot(snapshot)}",
        (
            Column("Destination", is_number=False),
            Column("By car"),
            Column("By public transport"),
            Column("Public transport takes"),
            Column("Nearest by car", is_number=False),
        ),
        tuple(rows),
        NOTE,
    )
