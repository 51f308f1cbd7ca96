"""The inputs of a new area: those that somebody named, and those that a folder holds."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.errors import InputError, UsageError
from pipeline.cli.init_files import FoundTable, Kind, list_files, read_found_table
from pipeline.cli.init_timetables import FoundSnapshot


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for; whatever is None or empty is found out.

    Attributes
    ----------
    name, title
        Of the area.
    data
        Folder of the inputs.
    osm, small_areas, lookup, boundaries, naptan
        Files.
    timetables
        ``FILE`` or ``SNAPSHOT=FILE``.
    destinations
        ``FILE`` or ``CATEGORY=FILE``.
    crs, timezone, nation
        Stated instead of found.
    is_sure
        Whether to say yes to everything without asking.
    accept
        Why snapshots that lost much are used all the same.
    """

    name: str | None = None
    title: str | None = None
    data: Path | None = None
    osm: Path | None = None
    timetables: tuple[str, ...] = ()
    small_areas: Path | None = None
    destinations: tuple[str, ...] = ()
    lookup: Path | None = None
    boundaries: Path | None = None
    naptan: Path | None = None
    crs: str | None = None
    timezone: str | None = None
    nation: str | None = None
    is_sure: bool = False
    accept: str | None = None


@dataclass
class Draft:
    """A new area as far as it is decided.

    Attributes
    ----------
    content
        Of the area file.
    decisions
        Part of the area to what was decided and why.
    hints
        What a person should look at.
    held
        Snapshots that a run will hold until somebody accepts them.
    """

    content: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    snapshots: list[FoundSnapshot] = field(default_factory=list)


@dataclass
class Inputs:
    """The inputs, read."""

    data: Path
    files: dict[Kind, list[Path]]
    tables: list[FoundTable] = field(default_factory=list)

    def get_table(self, path: Path) -> FoundTable:
        """Return a table, reading it if it was not read yet."""
        found = next((t for t in self.tables if t.path.resolve() == path.resolve()), None)
        if found is None:
            found = read_found_table(path)
            self.tables.append(found)
        return found


def split_assignment(text: str) -> tuple[str | None, Path]:
    """Split ``NAME=FILE``; a file whose own name holds ``=`` is taken as a whole if it exists."""
    name, sign, rest = text.partition("=")
    if not sign or Path(text).exists():
        return None, Path(text)
    return name.strip(), Path(rest)


def find_inputs(wanted: Wanted, draft: Draft) -> Inputs:
    """Look through the folder and read its tables.

    Parameters
    ----------
    wanted
        What was asked for.
    draft
        Takes hints about what is left out.

    Returns
    -------
    Inputs
        Files by kind, and tables.

    Raises
    ------
    UsageError
        If there is nothing to begin with, or a file lies elsewhere.
    InputError
        If what was named does not exist or cannot be read.
    """
    named = [p for p in (wanted.osm, wanted.small_areas, wanted.lookup, wanted.boundaries, wanted.naptan) if p]
    named += [split_assignment(text)[1] for text in (*wanted.timetables, *wanted.destinations)]
    data = _find_folder(wanted, named)
    is_complete = wanted.osm and wanted.timetables and wanted.small_areas and wanted.destinations
    inputs = Inputs(data, {} if is_complete and wanted.data is None else list_files(data))
    for path in (*inputs.files.get("places", []), *inputs.files.get("table", [])):
        try:
            inputs.tables.append(read_found_table(path))
        except InputError as error:
            if path.resolve() in {each.resolve() for each in named}:
                raise
            draft.hints.append(f"{describe_path(path, data)} is left out: {error.what}")
    draft.hints += [
        f"{describe_path(path, data)} is a spreadsheet, which is not read: save it as CSV to use it."
        for path in inputs.files.get("excel", [])
    ]
    for table in (wanted.small_areas, wanted.lookup, wanted.boundaries):
        if table is not None:
            inputs.get_table(table)
    for text in wanted.destinations:
        inputs.get_table(split_assignment(text)[1])
    return inputs


def _find_folder(wanted: Wanted, named: list[Path]) -> Path:
    """Return the folder that holds all inputs."""
    for path in named:
        if not path.exists():
            raise InputError("This input does not exist.", file=path, cure="Check the path.")
    if wanted.data is None and not named:
        raise UsageError("There is nothing to begin with.", cure="Say where the inputs lie: --data FOLDER.")
    data = wanted.data or Path(os.path.commonpath([str(p.resolve().parent) for p in named]))
    for path in named:
        if not path.resolve().is_relative_to(data.resolve()):
            raise UsageError(
                f"{path} does not lie below the folder of the inputs, {data}.",
                field="--data",
                cure="Give a folder that holds all inputs, or move the file there.",
            )
    return data


def propose_name(data: Path) -> str:
    """Return a name for an area after the folder of its inputs."""
    return re.sub(r"[^a-z0-9]+", "_", data.resolve().name.lower()).strip("_") or "my_area"


def describe_path(path: Path, data: Path) -> str:
    """Return a path as an area file names it: below the folder of the inputs."""
    return path.resolve().relative_to(data.resolve()).as_posix()


def describe_folder(data: Path) -> str:
    """Return a folder as an area file names it: below the current one where it lies there."""
    here, full = Path.cwd().resolve(), data.resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else str(full)
