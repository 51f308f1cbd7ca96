"""What changed since the version that was published before: a page beside the report of the new version."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pipeline.base.load import Project
from pipeline.base.tables import TABLES
from pipeline.report.change import CHANGE_PAGE, ChangeReport, build_change_page
from pipeline.report.series_change_report import build_series_change_page
from pipeline.stages.report import build_context, build_series_context
from pipeline.stages.run_gates import find_compared

MARK = "<!-- change report -->"
"""Where the navigation of a page takes in the change report, which is written when a version is published."""


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
    is_series = project.area.series is not None
    report = ChangeReport(
        before=None if before is None else read_tables(before / "tables"),
        after=read_tables(version / "tables"),
        context=build_series_context(project) if is_series else build_context(project),
        min_move_points=project.settings.publish.min_move_points,
        compared=find_compared(project),
    )
    folder = version / "report"
    path = folder / CHANGE_PAGE[0]
    for page in sorted(folder.rglob("*.html")):
        link_change_report(page, "../" * (len(page.relative_to(folder).parts) - 1))
    path.write_text(build_series_change_page(report) if is_series else build_change_page(report), encoding="utf-8")
    return path


def link_change_report(page: Path, root: str) -> None:
    """Put the change report into the navigation of a published page.

    Parameters
    ----------
    page
        A page of the report; one without a place for it stays as it is.
    root
        Way from the page to the report's folder.
    """
    text = page.read_text(encoding="utf-8")
    link = f'<li><a href="{root}{CHANGE_PAGE[0]}">{CHANGE_PAGE[1]}</a></li>'
    if MARK in text:
        page.write_text(text.replace(MARK, link, 1), encoding="utf-8")


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
