"""Keep what all snapshots share while a candidate is tried, so that a hold leaves every byte as it was."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pipeline.base.io import TEMPORARY_MARK, exchange, write_text
from pipeline.base.load import Project
from pipeline.stages.slices import KINDS, get_slice
from pipeline.stages.targets import Target, build_targets

UNTOUCHED: Final = ("fetch", "places", "streets", "scores", "report", "publish")
"""Shared stages that a candidate does not change before it is accepted: the gates hold ``scores`` before it writes."""


@contextmanager
def keeping_shared(project: Project) -> Iterator[Callable[[], None]]:
    """Keep the results of shared stages, by links that cost no room.

    A process killed within the block leaves a temporary folder, which the next run removes, and results of the
    candidate, which the next run replaces as out of date.

    Parameters
    ----------
    project
        The area with its settings, without the candidate.

    Yields
    ------
    Callable
        Puts back what was there, with its times.
    """
    if not project.area.snapshots:
        yield lambda: None
        return
    shared = [one for one in build_targets(project).values() if one.snapshot is None and one.stage not in UNTOUCHED]
    aside = project.outputs / f".aside{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}"
    try:
        marks = {path: _find_text(path) for one in shared for path in _list_marks(project, one)}
        for one in shared:
            if one.folder.is_dir():
                shutil.copytree(one.folder, aside / one.stage, copy_function=_link, symlinks=True)

        def put_back() -> None:
            for one in shared:
                if (aside / one.stage).is_dir():
                    _swap(aside / one.stage, one.folder)
            for path, text in marks.items():
                if text is None:
                    path.unlink(missing_ok=True)
                elif _find_text(path) != text:
                    write_text(text, path)

        yield put_back
    finally:
        if aside.exists():
            shutil.rmtree(aside)


def _list_marks(project: Project, target: Target) -> list[Path]:
    return [get_slice(project, target, kind) for kind in KINDS]


def _find_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _link(source: str, copy: str) -> None:
    """Link a file, or copy it where the disk knows no links; results are never changed in place."""
    try:
        os.link(source, copy)
    except OSError:
        shutil.copy2(source, copy)


def _swap(kept: Path, folder: Path) -> None:
    if folder.is_dir() and exchange(kept, folder):
        return
    if folder.is_dir():
        shutil.rmtree(folder)
    kept.rename(folder)
