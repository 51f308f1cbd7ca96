"""``connectivity profile``: the profile of one neighbourhood as HTML or PDF, and its charts, from published tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pipeline.base.errors import InputError, UsageError
from pipeline.base.io import staged_folder, write_text
from pipeline.base.load import Project
from pipeline.base.tables import TABLES
from pipeline.report.profile_file import ProfileFile, build_profile_file
from pipeline.report.series_profile import build_series_profile_file
from pipeline.stages.chromium import print_pdf
from pipeline.stages.report import build_context, build_series_context
from pipeline.stages.series_report import build_series_info


def write_profile(
    project: Project,
    code: str,
    *,
    out: Path | None = None,
    is_pdf: bool = False,
    is_full: bool = False,
    charts: Path | None = None,
) -> list[Path]:
    """Write the profile of one neighbourhood.

    Parameters
    ----------
    project
        The area with its settings.
    code
        Code of the neighbourhood.
    out
        File to be written; None for charts alone.
    is_pdf
        Whether it is a PDF; else HTML without anything outside it.
    is_full
        Whether what a page folds away, and a PDF leaves out, is unfolded.
    charts
        Folder for every chart as SVG, PNG and CSV; an earlier one is replaced only if it holds nothing else.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        If neither a file nor a folder is named, or there is no such neighbourhood.
    InputError
        If the area has not been run.
    ConfigError
        If a PDF is asked for and there is no Chromium.
    """
    if out is None and charts is None:
        raise UsageError("Nothing is to be written.", field="--out", cure="Add --out FILE, --charts FOLDER or both.")
    if charts is not None:
        _check_folder(charts)
    profile = build_profile(project, code, is_full=is_full)
    written = []
    if out is not None:
        if is_pdf:
            print_pdf(profile.html, out)
        else:
            write_text(profile.html, out)
        written.append(out)
    if charts is not None:
        with staged_folder(charts) as folder:
            for name, content in profile.build_charts().items():
                (folder / name).write_bytes(content)
        written.append(charts)
    return written


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but charts, since it is replaced as a whole."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file.", field="--charts", cure="Name a folder.")
    if not folder.is_dir():
        return
    other = sorted(path.name for path in folder.iterdir() if path.suffix not in {".svg", ".png", ".csv"})
    if other:
        raise UsageError(
            f"The folder {folder} holds other things, such as {other[0]}, and would be replaced.",
            field="--charts",
            cure="Name a folder that is new, or holds charts only.",
        )


def build_profile(project: Project, code: str, *, is_full: bool = False) -> ProfileFile:
    """Build the profile of one neighbourhood from the published tables.

    Parameters
    ----------
    project
        The area with its settings.
    code
        Code of the neighbourhood.
    is_full
        Whether what a page folds away is unfolded; profiles of a published series fold nothing away.

    Returns
    -------
    ProfileFile
        Page and figures.

    Raises
    ------
    UsageError
        If there is no such neighbourhood.
    InputError
        If the area has not been run.
    """
    folder = project.outputs / "tables"
    if not (folder / "out_neighbourhood__geography.parquet").is_file():
        raise InputError(
            "The tables of this area have not been published.",
            file=str(folder),
            cure=f"Run: make all AREA={project.area.name}",
        )
    tables = {
        name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES if (folder / f"{name}.parquet").is_file()
    }
    if project.area.series is not None:
        info = build_series_info(project.area, project.area.series)
        return build_series_profile_file(tables, build_series_context(project), info, code)
    return build_profile_file(tables, build_context(project), code, is_full=is_full)
