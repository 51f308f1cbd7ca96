"""With what the shards of a run are answered: this process, several, or a cluster."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from pipeline.base.config import ADDRESS, Cluster, Settings
from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.stages.shards import Means, choose_most
from pipeline.stages.targets import SHARED_OUT

JOBS = "CONNECTIVITY_JOBS"
"""Environment variable in which make says how many stages it runs at a time."""


def choose_means(settings: Settings, *, n_snapshots: int = 1) -> Means:
    """Read the settings, and choose the most processes for what they leave open.

    Parameters
    ----------
    settings
        ``workers`` and ``cluster``.
    n_snapshots
        Snapshots of the area: as many stages may run beside one another, if make may run so many.

    Returns
    -------
    Means
        For :func:`pipeline.stages.shards.run_shards`.
    """
    text = os.environ.get(JOBS, "1")
    n_jobs = int(text) if text.isascii() and text.isdigit() else 1
    return Means(settings.workers, choose_most(min(n_jobs, n_snapshots)), settings.cluster.address)


def build_means(address: str | None, workers: int | None) -> Means:
    """Read the options of a command that has no settings.

    Parameters
    ----------
    address, workers
        As given.

    Returns
    -------
    Means
        For :func:`pipeline.stages.shards.run_shards`.
    """
    return Means(workers, choose_most(), check_address(address))


def check_address(address: str | None) -> str | None:
    """Refuse what is no address of a scheduler.

    Parameters
    ----------
    address
        As given.

    Returns
    -------
    str or None
        The same.

    Raises
    ------
    UsageError
        If it is not written as addresses are.
    """
    if address is not None and not re.fullmatch(ADDRESS, address):
        raise UsageError(
            f"'{address}' is no address of a scheduler.", field="--cluster", cure="Write it as tcp://host:8786."
        )
    return address


def replace_means(project: Project, stage: str, *, address: str | None, workers: int | None) -> Project:
    """Let options of the command line take the place of the settings.

    Parameters
    ----------
    project
        The area with its settings.
    stage
        The stage that is to run.
    address, workers
        As given; None leaves what the settings say.

    Returns
    -------
    Project
        With those settings.

    Raises
    ------
    UsageError
        If the stage does not work in shards.
    """
    given = {"--cluster": address, "--workers": workers}
    for name, value in given.items():
        if value is not None and stage not in SHARED_OUT:
            raise UsageError(
                f"The stage '{stage}' is not shared out.",
                field=name,
                cure=f"Leave {name} out; it is for: {', '.join(SHARED_OUT)}.",
            )
    changes: dict[str, object] = {}
    if address is not None:
        changes["cluster"] = Cluster(address=check_address(address))
    if workers is not None:
        changes["workers"] = workers
    return replace(project, settings=project.settings.model_copy(update=changes))
