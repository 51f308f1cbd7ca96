"""Stage ``fetch``: bring an area's live sources and archive its inputs with hashes, licences and attributions."""

from __future__ import annotations

import pandas as pd

from pipeline.acquire.archive import archive_file, share_archive
from pipeline.base.io import write_csv
from pipeline.base.live import ARCHIVE, is_archived, is_live
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.stages.common import begin
from pipeline.stages.live import fetch_area
from pipeline.stages.targets import list_inputs


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Fetch live sources that the lock does not have, copy every other input into the archive, write the ledger.

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
    fetch_area(project, is_missing_only=True)
    with share_archive(ARCHIVE), record_stage(begin(project, "fetch", snapshot)) as stage:
        ledger = []
        for role, path, full, about in list_inputs(project):
            stage.add_input(role, path, full, **about)
            record = stage.inputs[-1]
            place = full
            if not is_live(path) and not is_archived(path):
                place = archive_file(full, record["sha256"], source=project.area.name, archive=ARCHIVE)
            ledger.append({**record, "archived_as": place.as_posix()})
        table = pd.DataFrame(ledger).drop_duplicates(["role", "path"], ignore_index=True)
        write_csv(table, stage.folder / "ledger.csv")
        stage.row_counts["ledger"] = len(table)
    return stage
