"""What the area file declares about the comparability of snapshots."""

from __future__ import annotations

from pipeline.base.load import Project
from pipeline.change.coverage import DeclaredCoverage


def list_declared(project: Project) -> list[DeclaredCoverage]:
    """List the pairs of snapshots that the area file declares not comparable.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of DeclaredCoverage
        As the functions that compare snapshots want them.
    """
    return [
        DeclaredCoverage(
            snapshot_from=pair.earlier,
            snapshot_to=pair.later,
            is_comparable=False,
            reason=pair.reason,
            comparable_operators=tuple(pair.comparable_operators),
        )
        for pair in project.area.not_comparable
    ]
