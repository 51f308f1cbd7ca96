"""Stage ``publish``: report and tables into a folder of their own version, with a switch of ``latest``."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.base.io import staged_folder
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, record_stage
from pipeline.stages.common import begin, get_folder

LATEST = "latest"


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Publish the report and the tables of an area; earlier versions stay.

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
    """
    with record_stage(begin(project, "publish", snapshot)) as stage:
        version = stage.folder / stage.result_hash
        with staged_folder(version) as folder:
            ignore = shutil.ignore_patterns(MANIFEST, "notices.json")
            shutil.copytree(get_folder(project, "report"), folder / "report", ignore=ignore)
            shutil.copytree(project.outputs / "tables", folder / "tables")
        switch_latest(stage.folder, version.name)
        stage.facts["version"] = version.name
        stage.row_counts["files"] = sum(1 for path in version.rglob("*") if path.is_file())
    return stage


def switch_latest(folder: Path, version: str) -> None:
    """Let ``latest`` point to a version, at once.

    Parameters
    ----------
    folder
        Where the versions are.
    version
        Name of the version's folder.
    """
    temporary = folder / f"{LATEST}.part-{version}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version)
    temporary.replace(folder / LATEST)
