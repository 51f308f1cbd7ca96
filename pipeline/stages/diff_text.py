"""The services of two snapshots as a short table for the terminal, or with the evidence of each."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from pipeline.change.coverage import COMPARABLE

DAYS = ("weekday", "saturday", "sunday")
SHOWN = 12
"""Services of one status that the short table shows, the largest changes first."""
WIDEST = {"service": 16, "operator": 24}


def describe_services(services: pd.DataFrame, *, has_evidence: bool = False) -> list[str]:
    """Describe what became of each service.

    Parameters
    ----------
    services
        Rows of ``out_service__change`` of a pair of snapshots.
    has_evidence
        All of them, with the evidence of each below it; otherwise those that changed most, a line each.

    Returns
    -------
    list of str
        The counts, then a table.
    """
    counts = services["status"].value_counts().sort_index()
    lines = ["Services: " + ", ".join(f"{count} {_word(status)}" for status, count in counts.items())]
    changed = services[services["status"] != "kept"]
    if changed.empty:
        return lines
    rows, evidence, n_hidden = [], [], 0
    for status in [s for s in counts.index if s != "kept"]:
        group = changed[changed["status"] == status]
        if not has_evidence:
            n_hidden += max(0, len(group) - SHOWN)
            group = _pick_largest(group)
        for row in group.to_dict("records"):
            rows.append(_build_row(row))
            evidence.append(str(row["evidence"]))
    head = ["service", "operator", "became", "weekday", "Saturday", "Sunday"]
    table = align([head, *rows])
    lines += ["", "Runs a day, before -> after:", f"  {table[0]}"]
    for line, why in zip(table[1:], evidence, strict=True):
        lines += [f"  {line}", *(f"      - {part}" for part in why.rstrip(".").split("; ") if has_evidence)]
    if n_hidden:
        lines.append(f"  ... and {n_hidden} more with smaller changes")
    if any(row[2].endswith("*") for row in rows):
        lines.append("  * cannot be compared, or in part only: see operators")
    if not has_evidence:
        lines.append("  Why, and all services: --evidence, --out FILE or --json")
    return lines


def _pick_largest(group: pd.DataFrame) -> pd.DataFrame:
    """Keep the services with the largest change of weekday runs, in the order in which they were."""
    change = group["weekday_runs_after"].fillna(0.0) - group["weekday_runs_before"].fillna(0.0)
    kept = change.abs().sort_values(ascending=False, kind="stable").index[:SHOWN]
    return group.loc[group.index.isin(kept)]


def _build_row(row: dict[Hashable, Any]) -> list[str]:
    operator = row["operator_name_before"] if pd.notna(row["operator_name_before"]) else row["operator_name_after"]
    routes = (row[f"route_{side}"] for side in ("before", "after"))
    number = " -> ".join(dict.fromkeys(str(route) for route in routes if pd.notna(route)))
    status = _word(str(row["status"])) + ("" if row["coverage_class"] == COMPARABLE else " *")
    days = [f"{_number(row[f'{day}_runs_before'])} -> {_number(row[f'{day}_runs_after'])}" for day in DAYS]
    return [_cut(number, WIDEST["service"]), _cut(str(operator), WIDEST["operator"]), status, *days]


def align(rows: list[list[str]]) -> list[str]:
    """Return the lines of a table, its columns as wide as their widest cell."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _word(status: object) -> str:
    return str(status).replace("_", " ")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:g}"
