"""Gates on the whole run: what it was held to, what somebody accepted, and how it compares with the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.base.run_gates import COMPARED
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import as_float, as_text, capitalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

RUN_GATES = "out_run__gate"
MAX_COMPARED = 30
LABELS = {
    "schema": "Tables as declared",
    "nulls_without_reason": "Missing times say why",
    "stops_per_trip_low": "Stop times of a trip, at least",
    "stops_per_trip_high": "Stop times of a trip, at most",
    "impossible_trips": "Trips that cannot be",
    "times_outside_day": "Times outside their day",
    "rows": "Rows of tables",
    "places_linked": "Points joined to the streets",
    "nulls": "Travel times that are missing",
    "operators": "Operators present",
    "runs": "Runs of a week",
    "index_moved": "Places whose index moved",
    "index_spread": "Distribution of the index",
    "time_moved": "Places whose travel time moved",
    "time_spread": "Distribution of travel times",
}


def build_run_gate_table(tables: Mapping[str, pd.DataFrame]) -> Table | None:
    """Return what the run was held to; None where it was not published.

    Parameters
    ----------
    tables
        Published tables by name.

    Returns
    -------
    Table or None
        One row for each gate and subject; exceptions that somebody accepted come first.
    """
    frame = tables.get(RUN_GATES)
    if frame is None or frame.empty:
        return None
    order = {gate: number for number, gate in enumerate(LABELS)}
    records = sorted(
        frame.to_dict("records"),
        key=lambda row: (not row["is_held"], order[as_text(row["gate"])], as_text(row["subject"])),
    )
    excepted = {as_text(row["gate"]) for row in records if row["is_held"]}
    rows = []
    for row in records:
        is_compared = as_text(row["gate"]) in COMPARED and not row["is_held"]
        accepted = f"{as_text(row['accepted_by'])}, {as_text(row['accepted_date'])}: {as_text(row['reason'])}"
        passed = (
            "within the limit, where an earlier run was there to compare with" if is_compared else "within the limit"
        )
        state = "held, then accepted" if row["is_held"] else passed
        whole = "everything else" if is_compared and as_text(row["gate"]) in excepted else "everything"
        rows.append(
            (
                build_text_cell(LABELS[as_text(row["gate"])]),
                build_text_cell(whole if row["subject"] == "all" else as_text(row["subject"]), look="words"),
                Cell("compared") if is_compared else _show(row["value"]),
                _show(row["limit"]),
                build_text_cell(state, look="partial" if row["is_held"] else ""),
                build_text_cell(accepted if row["is_accepted"] else "", look="words"),
                build_text_cell(capitalise(as_text(row["meaning"])), look="words"),
            )
        )
    columns = (
        Column("Gate", is_number=False),
        Column("Of", is_number=False),
        Column("Found"),
        Column("Limit"),
        Column("State", is_number=False),
        Column("Accepted", is_number=False),
        Column("What is measured", is_number=False),
    )
    note = (
        "Nothing is published beyond a limit unless somebody accepts exactly that run. Compared: with the last "
        "accepted run, if there was one, when these results were new; the change report of a publication shows "
        "what was found."
    )
    return Table("run-gates", "What this run was held to before it was published", columns, tuple(rows), note)


def _show(value: object) -> Cell:
    number = as_float(value)
    return Cell("") if number is None else Cell(f"{number:,.4g}", sort=number)


def build_compared_table(compared: Mapping[str, Any] | None) -> Table | None:
    """Return how a run compares with the accepted one before it; None where there was none.

    Parameters
    ----------
    compared
        ``against`` and ``judged``: gate, subject, value, limit, is_held, text, explanation.

    Returns
    -------
    Table or None
        What was beyond its limit, then what came nearest to it.
    """
    if compared is None or compared["against"] is None:
        return None

    def closeness(row: Mapping[str, Any]) -> tuple[float, str, str]:
        near = row["value"] / row["limit"] if row["limit"] else float("inf")
        return -near, str(row["gate"]), str(row["subject"])

    rows = []
    for row in sorted(compared["judged"], key=closeness)[:MAX_COMPARED]:
        state = "held, then accepted" if row["is_held"] else row["explanation"] or "within the limit"
        rows.append(
            (
                build_text_cell(LABELS[str(row["gate"])]),
                build_text_cell(capitalise(str(row["text"])), look="words"),
                _show(row["value"]),
                _show(row["limit"]),
                build_text_cell(state, look="partial" if row["is_held"] or row["explanation"] else ""),
            )
        )
    columns = (
        Column("Gate", is_number=False),
        Column("What was found", is_number=False),
        Column("Value"),
        Column("Limit"),
        Column("State", is_number=False),
    )
    note = f"{len(compared['judged'])} differences in all; those nearest to their limits are shown."
    return Table("compared", "Against the last accepted run", columns, tuple(rows), note)
