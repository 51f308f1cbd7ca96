"""``connectivity profile AREA CODE``: the profile of one neighbourhood to hand over."""

from __future__ import annotations

from pathlib import Path

import typer

from pipeline.base.cells import make_printable
from pipeline.base.load import Project
from pipeline.stages.profile import write_profile


def write_files(
    project: Project, code: str, *, out: Path | None, is_pdf: bool, is_full: bool, charts: Path | None
) -> None:
    """Write a profile and say where it is.

    Parameters
    ----------
    project
        The area with its settings.
    code, out, is_pdf, is_full, charts
        As of :func:`pipeline.stages.profile.write_profile`.
    """
    for path in write_profile(project, code, out=out, is_pdf=is_pdf, is_full=is_full, charts=charts):
        typer.echo(make_printable(f"{path} is written."))
