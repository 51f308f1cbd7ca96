"""What changed since the version that was published before: a page beside the report of the new version."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pipeline.base.load import Project
from pipeline.base.tables import TABLES
from pipeline.report.change import ChangeReport, build_change_page
from pipeline.stages.report import build_context
from pipeline.stages.run_gates import find_compared

CHANGE = "change.html"


def write_change_report(project: Project, before: Path | None, version: Path) -> Path:
    """Write the change report of a version into its report.

    Parameters
    ----------
    project
        The area with its settings.
    before
        Folder of the version published before; None for the first.
    version
        Folder of the new version, its report and tables in place.

    Returns
    -------
    Path
        The page.
    """
    report = ChangeReport(
        before=None if before is None else read_tables(before / "tables"),
        after=read_tables(version / "tables"),
        context=build_context(project),
        min_move_points=project.settings.publish.min_move_points,
        compared=find_compared(project),
    )
    path = version / "report" / CHANGE
    path.write_text(build_change_page(report), encoding="utf-8")
    return path


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the published tables of a version.

    Parameters
    ----------
    folder
        With one Parquet file a table.

    Returns
    -------
    dict
        Those that this version of the program declares.
    """
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet")) if path.stem in TABLES}
