"""The record of one stage run, written last: it is what make looks at."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pipeline
from pipeline.base.errors import InputError
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.io import remove_leftovers, write_text
from pipeline.base.live import find_cure
from pipeline.base.notices import Notices

MANIFEST = "manifest.json"
SHARDS = "shards"
"""Folder of a stage in which finished pieces of work wait to be put together; no part of its results."""
HASH_DIGITS = 12


@dataclass
class StageRun:
    """What a running stage notes for its manifest.

    Attributes
    ----------
    stage, snapshot
        Which stage runs; snapshot is None where it works for all.
    folder
        Where the stage writes.
    notices
        Collector of data problems.
    inputs
        Role, path as configured, SHA-256 and size of every raw input.
    row_counts
        Rows of every table written.
    facts
        Small numbers worth keeping, such as the share of places joined to the streets.
    other_folders
        Folders beside its own that the stage writes.
    marks
        Files that say what the result was made from, and their texts: gone while the stage runs, there once its
        manifest is.
    """

    stage: str
    snapshot: str | None
    folder: Path
    notices: Notices
    config: dict[str, Any] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    upstream: dict[str, str] = field(default_factory=dict)
    row_counts: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    other_folders: list[Path] = field(default_factory=list)
    marks: dict[Path, str] = field(default_factory=dict)

    def add_input(self, role: str, path: str, full: Path, **about: str) -> None:
        """Note a raw input with its hash.

        Parameters
        ----------
        role
            What it is used for, such as ``timetable bus``.
        path
            The path as configured.
        full
            Where it lies.
        **about
            licence, attribution and vintage.

        Raises
        ------
        InputError
            If it does not exist.
        """
        if not full.exists():
            raise InputError("This input does not exist.", file=full, cure=find_cure(str(full)))
        size = full.stat().st_size if full.is_file() else sum(p.stat().st_size for p in full.rglob("*") if p.is_file())
        self.inputs.append({"role": role, "path": path, "sha256": hash_file(full), "bytes": size, **about})

    def add_upstream(self, name: str, manifest: Path) -> dict[str, Any]:
        """Note another stage's result that this one reads.

        Parameters
        ----------
        name
            Such as ``network/2024``.
        manifest
            Its manifest.

        Returns
        -------
        dict
            That manifest.
        """
        content = read_manifest(manifest)
        self.upstream[name] = content["result_hash"]
        return content

    @property
    def result_hash(self) -> str:
        """Hash of everything that the result depends on, shortened for use in table columns."""
        inputs = [(i["role"], i["sha256"]) for i in self.inputs]
        parts = {"stage": self.stage, "snapshot": self.snapshot, "inputs": inputs, "upstream": self.upstream}
        return hash_value({**parts, "config": self.config})[:HASH_DIGITS]


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    InputError
        If the stage has not been run, or its manifest is damaged.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            "An earlier stage has not been run.", file=path, cure="Run 'make all AREA=...', which runs what is missing."
        ) from None
    except json.JSONDecodeError:
        raise InputError("This manifest is damaged.", file=path, cure="Delete it and run make again.") from None
    return content


@contextmanager
def _without_marks(run: StageRun) -> Iterator[None]:
    """Take the marks of the earlier result away; put them back if the block raises before it has written anything."""
    folders = (run.folder, *run.other_folders)
    before = {mark: mark.read_text(encoding="utf-8") for mark in run.marks if mark.is_file()}
    state = _look(folders) if before else {}
    for mark in run.marks:
        mark.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        if before and _look(folders) == state:
            with suppress(OSError):  # a full disk: the stage then runs once more than it need
                for mark, text in before.items():
                    write_text(text, mark)
        raise


def _look(folders: Iterable[Path]) -> dict[Path, tuple[int, int, int]]:
    """Return identity, time and size of every result of a stage."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        if not path.is_dir() and SHARDS not in path.parts:
            stat = path.lstat()
            found[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found


@contextmanager
def record_stage(run: StageRun) -> Iterator[StageRun]:
    """Run a block as a stage: clear leftovers before, write notices and the manifest after.

    Parameters
    ----------
    run
        The stage; its manifest is removed only once the block has succeeded, so that a failed run leaves
        the earlier result in place.

    Yields
    ------
    StageRun
        The same object, to be filled.
    """
    manifest = run.folder / MANIFEST
    for folder in (run.folder, *run.other_folders):
        remove_leftovers(folder)
    started = time.monotonic()
    with _without_marks(run):
        yield run
    notices = run.notices.to_frame()
    write_text(notices.to_json(orient="records", indent=1), run.folder / "notices.json")
    outputs = {
        Path(os.path.relpath(p, run.folder)).as_posix(): hash_file(p)
        for folder in (run.folder, *run.other_folders)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.is_symlink() and p != manifest and MANIFEST not in p.name and p.parent.name != SHARDS
    }
    content = {
        "stage": run.stage,
        "snapshot": run.snapshot,
        "version": pipeline.__version__,
        "result_hash": run.result_hash,
        "inputs": run.inputs,
        "upstream": run.upstream,
        "config": run.config,
        "code": run.code,
        "outputs": outputs,
        "row_counts": run.row_counts,
        "facts": run.facts,
        "notices": run.notices.counts(),
        "notices_by_severity": run.notices.counts_by_severity(),
        "seconds": round(time.monotonic() - started, 2),
        "peak_memory_mb": get_peak_memory_mb(),
    }
    write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", manifest)
    for mark, text in run.marks.items():
        write_text(text, mark)


def get_peak_memory_mb() -> int:
    """Return the largest memory this process has used.

    Returns
    -------
    int
        Megabytes (10^6 bytes).
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)
