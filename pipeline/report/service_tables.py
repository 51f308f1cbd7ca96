"""Which services changed and which operators are in the timetables of each date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.tables import (
    MAX_SERVICES,
    STATUS_LABELS,
    STATUS_ORDER,
    Cell,
    Column,
    Table,
    build_text_cell,
)
from pipeline.report.text import (
    DASH,
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_rate,
)

if TYPE_CHECKING:
    from pipeline.report.data import ReportData

MAX_EVIDENCE = 130
_CHECKS = re.compile(
    r"(Weekday|Saturday|Sunday) runs |Calls at a typical stop|No .* run starts within|\d.* runs (ended|before)"
)


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
        cells.append(build_evidence_cell(context.put_words(as_text(row["evidence"]))))
        rows.append(tuple(cells))
    start, end = context.get_snapshot(pair[1]), context.get_snapshot(pair[2])
    hidden = len(records) - len(rows)
    note = (
        "Cut back: fewer runs, or a first or last run that moved by half an hour or more. "
        f"{capitalise(format_count_of(kept, 'service is', 'services are'))} unchanged or retimed."
    )
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


def build_evidence_cell(evidence: str) -> Cell:
    """Return why a service counts as what it is: a sentence, and all that is known folded away behind it.

    Parameters
    ----------
    evidence
        Phrases joined by semicolons. What the columns of runs or only a specialist's check say is left to the details.
    """
    phrases = [capitalise(phrase) for phrase in evidence.rstrip(".").split("; ")]
    rest = [phrase for phrase in phrases[1:] if not _CHECKS.match(phrase)]
    shown = phrases[:1]
    for phrase in rest:
        if len(". ".join([*shown, phrase])) > MAX_EVIDENCE:
            break
        shown.append(phrase)
    text = f"{'. '.join(shown)}." if evidence else ""
    return Cell(text or DASH, look="words", more=tuple(phrases) if len(phrases) > len(shown) else ())


def _describe_runs(before: float | None, after: float | None, status: str) -> str:
    """Return runs before and after.

    What is missing from the data is not said to be none, and a kind of day of which a timetable does not tell is not
    said to have no runs: only a service that is gone, or was not there before, has none.
    """
    is_absent = (status in {"new", "returned"}, status in {"withdrawn", "missing"})
    if (before is None and not is_absent[0]) or (after is None and not is_absent[1]):
        return "not known"
    first = _format_runs(before) if before is not None else "no data" if status == "returned" else "none"
    second = _format_runs(after) if after is not None else "no data" if status == "missing" else "none"
    return f"{first} \N{RIGHTWARDS ARROW} {second}"


def _format_runs(runs: float) -> str:
    """Return runs of one service, a whole number where it is one."""
    return format_integer(runs) if runs == int(runs) else format_rate(runs)


def _join_change(before: object, after: object) -> str:
    old, new = as_text(before), as_text(after)
    if old and new and old != new:
        return f"{old} \N{RIGHTWARDS ARROW} {new}"
    return old or new


def build_operator_table(report: ReportData) -> Table:
    """Return which operator is present in which snapshot; absence with a return later is missing data."""
    words = {"present": "yes", "absent": "not in the data", "missing": "missing data", "not_yet": "not in the data"}
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
