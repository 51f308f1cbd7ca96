"""Row counts of every published table and snapshot, kept as small reviewed files.

After a change that is meant to alter them: ``make all AREA=sample``, then
``.venv/bin/python -m tests.support.row_counts sample``, and review the difference before it is committed.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pandas as pd

from pipeline.change.run_record import count_rows

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("table", "snapshot", "rows")
MAX_LISTED = 20
Counts = dict[tuple[str, str], int]


def get_golden(area: str) -> Path:
    """The reviewed file of an area."""
    return ROOT / "tests" / "golden" / f"row_counts_{area}.csv"


def count_tables(folder: Path) -> Counts:
    """Count the rows of every table in a folder, by table and snapshot (``earlier>later`` where two are compared)."""
    counts = {path.stem: count_rows(pd.read_parquet(path)) for path in sorted(folder.glob("*.parquet"))}
    return {(table, key): rows for table, found in counts.items() for key, rows in found.items()}


def read_golden(area: str) -> Counts:
    """Read the reviewed counts of an area."""
    with get_golden(area).open(encoding="utf-8", newline="") as handle:
        return {(row["table"], row["snapshot"]): int(row["rows"]) for row in csv.DictReader(handle)}


def write_golden(area: str, counts: Counts) -> Path:
    """Write the counts of an area to be reviewed."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([table, key, rows] for (table, key), rows in sorted(counts.items()))
    path = get_golden(area)
    path.parent.mkdir(exist_ok=True)
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


def describe_difference(area: str, reviewed: Counts, found: Counts) -> str:
    """Say how counts differ from the reviewed ones and how to update these; empty where they do not."""
    lines = [
        f"  {table}{f' of {key}' if key else ''}: {reviewed.get((table, key), 0):,} rows reviewed, "
        f"{found.get((table, key), 0):,} found"
        for table, key in sorted(set(reviewed) | set(found))
        if reviewed.get((table, key)) != found.get((table, key))
    ]
    if not lines:
        return ""
    more = [f"  and {len(lines) - MAX_LISTED} more"] if len(lines) > MAX_LISTED else []
    return "\n".join(
        [
            f"Rows of the tables of '{area}' differ from those reviewed in {get_golden(area).relative_to(ROOT)}:",
            *lines[:MAX_LISTED],
            *more,
            "Find out why. If the change is meant: make all AREA=" + area,
            f"then: .venv/bin/python -m tests.support.row_counts {area}",
            "and review the difference (git diff tests/golden) before you commit it.",
        ]
    )


def main(areas: list[str]) -> None:
    """Write the counts of areas that have been run in this folder."""
    for area in areas:
        folder = ROOT / "outputs" / area / "tables"
        if not folder.is_dir():
            sys.exit(f"'{area}' has not been run: make all AREA={area}")
        sys.stdout.write(f"{write_golden(area, count_tables(folder))}\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["sample", "newport"])
