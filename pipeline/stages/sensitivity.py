"""Stage ``sensitivity``: travel times of every snapshot again, under other parameters."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, read_manifest, record_stage
from pipeline.stages import network, times
from pipeline.stages.common import begin


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Compute the travel times of every snapshot under each variant of the settings.

    A variant keeps the timetables, streets and places; its networks and times stand under
    ``sensitivity/<variant>/``.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.

    Raises
    ------
    UsageError
        If the settings name no variant.
    """
    variants = project.settings.sensitivity
    if not variants:
        raise UsageError(
            "The settings name no variant under which travel times are computed again.",
            cure="Name variants under 'settings: sensitivity:' of the area file.",
        )
    with record_stage(begin(project, "sensitivity", snapshot)) as stage:
        for old in stage.folder.iterdir():
            if old.is_dir() and old.name not in variants:
                shutil.rmtree(old)
        for name in variants:
            inner = _lay_out(project, name)
            for one in project.area.snapshots:
                for each in (network, times):
                    each.run(inner, one.id)
            stage.facts[name] = {
                one.id: read_manifest(inner.outputs / "times" / one.id / MANIFEST)["result_hash"]
                for one in project.area.snapshots
            }
    return stage


def _lay_out(project: Project, name: str) -> Project:
    """Return the variant as a project of its own, which reads the base's streets, places and timetables."""
    outputs = project.outputs / "sensitivity" / name
    settings = project.settings.vary(name).model_copy(update={"typical_journeys": 0})
    inner = replace(project, settings=settings, outputs=outputs)
    for shared in ("streets", "places", *(f"timetables/{one.id}" for one in project.area.snapshots)):
        _link(project.outputs / shared, outputs / shared)
    for stage in ("network", "times"):
        for old in (outputs / stage).glob("*"):
            if old.name not in {one.id for one in project.area.snapshots}:
                shutil.rmtree(old)
    return inner


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    target.symlink_to(os.path.relpath(source.resolve(), target.parent.resolve()), target_is_directory=True)
