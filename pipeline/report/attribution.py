"""Which lost services mattered most, as tables of the page about service over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.tables import STATUS_LABELS, Cell, Column, Table, build_text_cell
from pipeline.report.text import as_float, as_text, capitalise, format_integer, join_words

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.report.data import ReportData

MAX_ROWS = 10


def build_attribution_tables(report: ReportData) -> list[Table]:
    """Return a table for each pair of snapshots of which the loss was attributed to services."""
    frame = report[d.SERVICE_ATTRIBUTION]
    pairs = dict.fromkeys(zip(frame["snapshot_from"], frame["snapshot_to"], strict=True))
    return [
        _build_table(report, frame[(frame["snapshot_from"] == a) & (frame["snapshot_to"] == b)], str(a), str(b))
        for a, b in pairs
    ]


def _build_table(report: ReportData, frame: pd.DataFrame, earlier: str, later: str) -> Table:
    context = report.context
    categories = {category.key: category.label for category in context.categories}
    windows = {window.key: window.label for window in context.windows}
    is_lost = frame["is_counted"].astype(bool) & (frame["lost_person_min"].fillna(0.0) > 0)
    records = frame[is_lost].to_dict("records")
    records.sort(
        key=lambda row: (
            -(as_float(row["lost_person_min"]) or 0.0),
            as_text(row["route"]),
            as_text(row["category"]),
            as_text(row["window"]),
        )
    )
    rows = [
        (
            build_text_cell(as_text(row["route"])),
            build_text_cell(as_text(row["operator_name"])),
            build_text_cell(STATUS_LABELS.get(as_text(row["status"]), as_text(row["status"]))),
            build_text_cell(categories.get(as_text(row["category"]), as_text(row["category"]))),
            build_text_cell(windows.get(as_text(row["window"]), as_text(row["window"]))),
            *(_build_number_cell(row[name]) for name in _MEASURES),
        )
        for row in records[:MAX_ROWS]
    ]
    start, end = (context.name_snapshot(context.get_snapshot(key)) for key in (earlier, later))
    return Table(
        f"attribution-{earlier}-{later}",
        f"Services whose loss between {start} and {end} mattered most",
        (
            Column("Route", is_number=False),
            Column("Operator", is_number=False),
            Column("What happened", is_number=False),
            Column("Journeys to", is_number=False),
            Column("When", is_number=False),
            Column("Person-minutes lost"),
            Column("People cut off"),
            Column("People now over an hour away"),
            Column(f"{capitalise(context.noun_plural)} affected"),
        ),
        tuple(rows),
        _build_note(frame),
    )


_MEASURES = ("lost_person_min", "people_cut_off", "people_beyond_hour", "neighbourhoods_affected")


def _build_number_cell(value: object) -> Cell:
    number = as_float(value)
    return Cell("-", sort=None) if number is None else Cell(format_integer(number), sort=number)


def _build_note(frame: pd.DataFrame) -> str:
    note = (
        "Each service is put back alone, as it ran, and every journey is computed anew: nothing is estimated. A "
        "departure without a journey counts as the longest journey that is looked for. Effects of services put back "
        "alone do not add up to that of all together."
    )
    apart = frame[~frame["is_counted"].astype(bool)]
    names = sorted({f"{as_text(row['route'])} ({as_text(row['operator_name'])})" for row in apart.to_dict("records")})
    if names:
        note += f" Not counted, since their absence may be missing data: {join_words(names)}."
    return note
