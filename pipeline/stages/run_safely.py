"""A run that holds its area: what killed runs left is removed before, and no temporary file lies elsewhere."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base.disk import find_disk_error
from pipeline.base.io import TEMPORARY_MARK, remove_leftovers
from pipeline.base.live import ARCHIVE
from pipeline.base.load import Project
from pipeline.base.run_lock import Held, hold_area


@contextmanager
def hold_project(project: Project, *, what: str) -> Iterator[Held]:
    """Hold an area for a command that writes into its outputs.

    Parameters
    ----------
    project
        The area with its settings.
    what
        The command.

    Yields
    ------
    Held
        The lock.

    Raises
    ------
    AreaBusyError
        If another run holds the area.
    DiskError
        If the disk is full or read-only, whatever library met that.
    """
    try:
        with hold_area(project.outputs, what=what) as held:
            if held.was_broken:
                sweep(project)
            yield held
    except Exception as error:
        known = find_disk_error(error, project.outputs, what=what)
        if known is None or isinstance(error, type(known)):
            raise
        raise known from None


@contextmanager
def temporary_files_in(outputs: Path) -> Iterator[None]:
    """Keep temporary files of libraries below the outputs, where the next run finds what a killed one left.

    Parameters
    ----------
    outputs
        The area's output folder.
    """
    folder = outputs / f".tmp{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    before = tempfile.tempdir
    tempfile.tempdir = str(folder.resolve())
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def sweep(project: Project) -> int:
    """Remove the temporary files that a killed run of this area has left; the caller holds the area.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    int
        How many there were.
    """
    removed = remove_leftovers(project.outputs) + remove_leftovers(ARCHIVE / project.area.name)
    for folder in (project.area_file.parent, project.area_file.parent / "registered"):
        for path in folder.glob(f"{project.area_file.stem}.*{TEMPORARY_MARK}*"):
            path.unlink(missing_ok=True)
            removed += 1
    return removed
