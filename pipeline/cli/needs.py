"""What ``connectivity plan`` says of memory and disk."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.base.load import Project
from pipeline.stages.forecast import build_room
from pipeline.stages.targets import list_inputs


def describe_needs(project: Project, names: Sequence[str], *, is_each: bool) -> list[str]:
    """Say what units of work need, and what there is.

    Parameters
    ----------
    project
        The area with its settings.
    names
        What would run.
    is_each
        A line for each of them first.

    Returns
    -------
    list of str
        Lines; none if nothing would run.
    """
    if not names:
        return []
    room = build_room(project, names)
    lines = [f"{need.name:<24} {need.memory_mb:>7,} MB memory {need.disk_mb:>7,} MB disk" for need in room.needs]
    absent = {path for _, path, full, _ in list_inputs(project) if not full.exists()}
    note = f"{len(absent)} inputs are not there yet, and these figures leave them out: plan again once they are."
    return [*(lines if is_each else []), room.describe(), *([note] if absent else [])]
