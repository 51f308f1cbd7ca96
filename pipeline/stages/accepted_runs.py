"""The reviewed file of runs that were held and that somebody accepted; it lies beside the area file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.base.errors import ConfigError
from pipeline.base.io import write_text
from pipeline.base.load import Project
from pipeline.base.run_gates import MEANINGS
from pipeline.change.run_sound import SCHEMA

ACCEPTED_SUFFIX: Final = ".accepted_runs.csv"
COLUMNS: Final = ("run", "gate", "subject", "value", "limit", "reason", "by", "date")


@dataclass(frozen=True)
class AcceptedRun:
    """One reason for which a run was held, and that somebody accepted for exactly its results."""

    run: str
    gate: str
    subject: str
    value: float
    limit: float
    reason: str
    by: str
    date: str


def name_area(project: Project) -> str:
    """Return what names an area at the command line: its name, or the path of a file that lies elsewhere.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str
        Such as ``sample``.
    """
    path = project.area_file
    is_listed = path.parent.name == "areas" and path.parent.parent.name == "config"
    return path.stem if is_listed else str(path)


def get_accepted_file(project: Project) -> Path:
    """Return the reviewed file of accepted runs; it lies beside the area file and need not exist.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    Path
        Such as ``config/areas/sample.accepted_runs.csv``.
    """
    return project.area_file.with_name(project.area_file.stem + ACCEPTED_SUFFIX)


def read_accepted_runs(project: Project) -> list[AcceptedRun]:
    """Read which runs somebody accepted.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of AcceptedRun
        In the order of the file; empty without one.

    Raises
    ------
    ConfigError
        If a column, a gate or a number is wrong, or a reason or a name is missing.
    """
    path = get_accepted_file(project)
    if not path.is_file():
        return []
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    cure = f"Columns: {','.join(COLUMNS)}; 'connectivity accept-run' writes them."
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise ConfigError("This list of accepted runs has other columns than it should.", file=path, row=1, cure=cure)
    return [_parse(row, path, number, cure) for number, row in enumerate(reader, start=2)]


def _parse(row: dict[str, str], path: Path, number: int, cure: str) -> AcceptedRun:
    lacking = next((name for name in COLUMNS if not (row[name] or "").strip()), None)
    if lacking is not None or None in row:
        raise ConfigError(
            "This row of accepted runs is not whole.", file=path, row=number, field=lacking or COLUMNS[-1], cure=cure
        )
    if row["gate"] not in MEANINGS or row["gate"] == SCHEMA:
        raise ConfigError(
            f"'{row['gate']}' is no gate that can be accepted.", file=path, row=number, field="gate", cure=cure
        )
    numbers: dict[str, float] = {}
    for name in ("value", "limit"):
        try:
            numbers[name] = float(row[name])
        except ValueError:
            raise ConfigError(f"'{row[name]}' is not a number.", file=path, row=number, field=name, cure=cure) from None
    text = {name: row[name] for name in ("run", "gate", "subject", "reason", "by", "date")}
    return AcceptedRun(value=numbers["value"], limit=numbers["limit"], **text)


def write_accepted_runs(project: Project, accepted: Sequence[AcceptedRun]) -> Path:
    """Write the reviewed file of accepted runs.

    Parameters
    ----------
    project
        The area with its settings.
    accepted
        All of them, the earlier ones first.

    Returns
    -------
    Path
        The file.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([[f"{v:g}" if isinstance(v, float) else v for v in asdict(one).values()] for one in accepted])
    path = get_accepted_file(project)
    write_text(buffer.getvalue(), path)
    return path


def add_accepted_run(
    project: Project, run: str, reasons: Sequence[Mapping[str, Any]], *, reason: str, by: str, date: str
) -> Path:
    """Write into the reviewed file that a run which was held is accepted.

    Parameters
    ----------
    project
        The area with its settings.
    run
        Hash of its tables.
    reasons
        What it was held for: ``gate``, ``subject``, ``value``, ``limit``.
    reason, by, date
        Why, by whom and when.

    Returns
    -------
    Path
        The file.
    """
    own = [
        AcceptedRun(run, each["gate"], each["subject"], float(each["value"]), float(each["limit"]), reason, by, date)
        for each in reasons
    ]
    named = {(one.run, one.gate, one.subject) for one in own}
    earlier = [one for one in read_accepted_runs(project) if (one.run, one.gate, one.subject) not in named]
    return write_accepted_runs(project, [*earlier, *own])


def build_accept_run_command(project: Project) -> str:
    """Return the command that accepts the run that is held.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str
        To be completed with a reason and a name.
    """
    return f"connectivity accept-run {name_area(project)} --reason <why> --by <who>"
