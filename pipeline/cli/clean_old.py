"""``connectivity clean-old``: delete what of old runs is not needed, and say what that frees."""

from __future__ import annotations

import sys

import typer

from pipeline.acquire.archive import share_archive_alone
from pipeline.base.live import ARCHIVE
from pipeline.base.load import Project
from pipeline.base.run_lock import hold_area
from pipeline.stages.clean_old import Old, delete_old, find_old

KEEP = 3


def clean_old(project: Project, *, keep: int | None, is_dry: bool) -> None:
    """Delete what can go, or say what would.

    Parameters
    ----------
    project
        The area with its settings.
    keep
        Published versions that stay; as the settings say, or 3, if absent.
    is_dry
        Delete nothing.

    Raises
    ------
    AreaBusyError
        If a run is at work on the area.
    """
    n_kept = keep or project.settings.publish.keep_versions or KEEP
    with (
        hold_area(project.outputs, what="connectivity clean-old", is_alone=True),
        share_archive_alone(ARCHIVE) as alone,
    ):
        found = find_old(project, keep=n_kept, is_archive_free=alone)
        for old in found:
            typer.echo(f"{old.path}  {_format(old.n_bytes)}  {old.why}")
        if not is_dry:
            sys.stdout.flush()  # what goes is told before it goes
            delete_old(project, found)
        typer.echo(_summarise(found, is_dry=is_dry))
        if not alone:
            typer.echo("Another run writes into the archive: archived inputs and downloads were left alone.")


def _summarise(found: list[Old], *, is_dry: bool) -> str:
    total = _format(sum(old.n_bytes for old in found))
    if not found:
        return "Nothing can go."
    return f"{len(found)} {'would go' if is_dry else 'deleted'}, {total} {'would be ' if is_dry else ''}freed."


def _format(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"
