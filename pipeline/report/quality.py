"""Data quality: coverage by date, notices by code with examples, inputs with their hashes and licences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report import data as d
from pipeline.report.context import Attribution
from pipeline.report.tables import MAX_EXAMPLES, Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    COVERAGE_LABELS,
    DASH,
    as_float,
    as_text,
    capitalise,
    format_integer,
)

if TYPE_CHECKING:
    from pipeline.report.data import ReportData

SEVERITY_ORDER = {"error": 0, "warning": 1, "info": 2}
HASH_SHOWN = 12


@dataclass(frozen=True)
class Examples:
    """Examples of one notice."""

    code: str
    meaning: str
    table: Table


def build_coverage_table(report: ReportData) -> Table | None:
    """Return how many neighbourhoods each date's timetables cover; None where no service level was published."""
    context = report.context
    levels = report[d.SERVICE_LEVEL]
    levels = levels[(levels["mode"] == "all") & (levels["day_type"] == "weekday") & (levels["band"] == "all_day")]
    if levels.empty:
        return None
    rows = []
    for snapshot in context.snapshots:
        found = levels.loc[levels["snapshot"] == snapshot.key, "coverage_class"].value_counts()
        counts = {kind: int(found.get(kind, 0)) for kind in COVERAGE_LABELS}
        rows.append(
            (
                build_text_cell(context.name_snapshot(snapshot)),
                *(
                    Cell(format_integer(count), look=kind if count and kind != "comparable" else "")
                    for kind, count in counts.items()
                ),
                build_text_cell(snapshot.note, look="words"),
            )
        )
    return Table(
        "coverage",
        f"{capitalise(context.noun_plural)} by coverage of the timetables",
        (
            Column("Timetables of", is_number=False),
            *(Column(label) for label in COVERAGE_LABELS.values()),
            Column("Remark", is_number=False),
        ),
        tuple(rows),
        "A gap is known where an operator, a feed or a kind of day is missing beside another date; a remark on a whole "
        "file is not counted. Partial or missing data is shown as a gap in the charts and left out of every change.",
    )


def build_notices_table(report: ReportData) -> Table | None:
    """Return notices by code, the most severe first; None where there is none."""
    frame = report[d.NOTICES]
    if frame.empty:
        return None
    rows = []
    for (severity, code), part in _group_notices(frame):
        first = part.iloc[0]
        count = int(pd.to_numeric(part["count"]).sum())
        rows.append(
            (
                build_text_cell(code, href=f"#notice-{code}"),
                build_text_cell(severity, look="missing" if severity == "error" else ""),
                Cell(format_integer(count), sort=float(count)),
                build_text_cell(", ".join(sorted({as_text(stage) for stage in part["stage"]}))),
                build_text_cell(as_text(first["meaning"]), look="words"),
                build_text_cell(as_text(first["cure"]), look="words"),
            )
        )
    return Table(
        "notices",
        "Notices raised while reading the inputs",
        (
            Column("Code", is_number=False),
            Column("Severity", is_number=False),
            Column("Count"),
            Column("Stage", is_number=False),
            Column("Meaning", is_number=False),
            Column("Cure", is_number=False),
        ),
        tuple(rows),
    )


def _group_notices(frame: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    groups = [((str(keys[0]), str(keys[1])), part) for keys, part in frame.groupby(["severity", "code"], sort=True)]
    groups.sort(key=lambda item: (SEVERITY_ORDER.get(item[0][0], len(SEVERITY_ORDER)), item[0][1]))
    return groups


def build_examples(report: ReportData) -> list[Examples]:
    """Return the first examples of every notice."""
    found = []
    for (_severity, code), part in _group_notices(report[d.NOTICES]):
        rows = []
        for row in part.head(MAX_EXAMPLES).to_dict("records"):
            line = as_float(row["row"])
            rows.append(
                (
                    build_text_cell(as_text(row["file"])),
                    Cell(DASH if line is None else format_integer(line)),
                    build_text_cell(as_text(row["field"])),
                    build_text_cell(as_text(row["value"])),
                    Cell(format_integer(as_float(row["count"]) or 0.0)),
                    build_text_cell(as_text(row["detail"]), look="words"),
                    build_text_cell(as_text(row["snapshot"])),
                )
            )
        columns = (
            Column("File", is_number=False),
            Column("Row"),
            Column("Field", is_number=False),
            Column("Value", is_number=False),
            Column("Count"),
            Column("Detail", is_number=False),
            Column("Snapshot", is_number=False),
        )
        shown = f"{format_integer(len(rows))} of {format_integer(len(part))}"
        table = _drop_empty_columns(Table(f"notice-{code}", f"Examples of {code} ({shown})", columns, tuple(rows)))
        found.append(Examples(code, as_text(part.iloc[0]["meaning"]), table))
    return found


def _drop_empty_columns(table: Table) -> Table:
    """Leave out the columns that say nothing in any row."""
    kept = [n for n in range(len(table.columns)) if any(row[n].text != DASH for row in table.rows)]
    rows = tuple(tuple(row[n] for n in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[n] for n in kept), rows=rows)


def build_inputs_table(report: ReportData) -> Table | None:
    """Return the inputs of the run with size, hash, licence and vintage; None where none were published."""
    frame = report[d.INPUTS]
    frame = frame[frame["role"] != "stage"]  # results of earlier stages are no files that somebody handed in
    if frame.empty:
        return None
    rows = [
        (
            build_text_cell(capitalise(as_text(row["role"]))),
            build_text_cell(as_text(row["snapshot"])),
            build_text_cell(as_text(row["path"]), look="words"),
            Cell(format_integer(as_float(row["bytes"]) or 0.0)),
            build_text_cell(as_text(row["sha256"])[:HASH_SHOWN]),
            build_text_cell(as_text(row["vintage"])),
            build_text_cell(as_text(row["licence"]), look="words"),
        )
        for row in _sort_inputs(frame).to_dict("records")
    ]
    return Table(
        "inputs",
        "Inputs of this run",
        (
            Column("Role", is_number=False),
            Column("Snapshot", is_number=False),
            Column("File", is_number=False),
            Column("Bytes"),
            Column("SHA-256 begins", is_number=False),
            Column("Vintage", is_number=False),
            Column("Licence", is_number=False),
        ),
        tuple(rows),
    )


def _sort_inputs(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["role", "snapshot", "path"], kind="stable", na_position="first")


def collect_attributions(report: ReportData) -> list[Attribution]:
    """Return the sources that must be named: those of the context, then those of the inputs, each once."""
    found = list(report.context.attributions)
    seen = {item.text for item in found}
    for row in _sort_inputs(report[d.INPUTS]).to_dict("records"):
        text = as_text(row["attribution"])
        if text and text not in seen:
            seen.add(text)
            found.append(Attribution(text, as_text(row["licence"])))
    return found
