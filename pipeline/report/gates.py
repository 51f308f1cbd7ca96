"""What each snapshot lost against the one before, and who accepted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import as_float, as_text, format_integer, format_pct

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.context import ReportContext

GATES = "out_snapshot__gate"


def build_gate_table(tables: Mapping[str, pd.DataFrame], context: ReportContext) -> Table | None:
    """Return what each date lost; None where it was not published or there is one date only.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names of the snapshots.

    Returns
    -------
    Table or None
        One row for each date but the first.
    """
    frame = tables.get(GATES)
    if frame is None or frame.empty:
        return None
    names = {item.key: context.name_snapshot(item) for item in context.snapshots}
    rows = []
    for row in frame.to_dict("records"):
        lost = as_text(row["operators_lost"])
        accepted = f"{as_text(row['accepted_by'])}, {as_text(row['accepted_date'])}: {as_text(row['accepted_reason'])}"
        rows.append(
            (
                build_text_cell(names.get(as_text(row["snapshot"]), as_text(row["snapshot"]))),
                build_text_cell(names.get(as_text(row["snapshot_before"]), as_text(row["snapshot_before"]))),
                Cell(f"{format_integer(as_float(row['n_operators_lost']) or 0)}{f' ({lost})' if lost else ''}"),
                Cell(format_pct(as_float(row["trips_lost_pct"]))),
                build_text_cell("over the limit" if row["is_held"] else "within the limits"),
                build_text_cell(accepted if row["is_accepted"] else "", look="words"),
            )
        )
    columns = (
        Column("Timetables of", is_number=False),
        Column("Against", is_number=False),
        Column("Operators lost"),
        Column("Runs of a week lost"),
        Column("Gate", is_number=False),
        Column("Accepted", is_number=False),
    )
    return Table("gates", "Operators and runs that are gone from one date to the next", columns, tuple(rows))
