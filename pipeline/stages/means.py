"""With what the shards of a run are answered: this process, several, or a cluster."""

from __future__ import annotations

import os

from pipeline.base.config import Settings
from pipeline.stages.shards import Means, choose_most

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
