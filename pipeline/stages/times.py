"""Stage ``times``: travel times of one snapshot, every window, category, direction and set of modes."""

from __future__ import annotations

import pandas as pd

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.progress import track
from pipeline.scoring.travel_time import build_neighbourhood_times, build_small_area_times
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.visits import compute_visits
from pipeline.stages.work import SnapshotWork


def run(project: Project, snapshot: str | None) -> StageRun:
    """Compute the travel times of one snapshot.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id.

    Returns
    -------
    StageRun
        What was done.
    """
    with record_stage(begin(project, "times", snapshot)) as stage:
        folder = get_folder(project, "network", snapshot)
        stage.facts["network_hash"] = stage.result_hash
        places = read_places(project)
        work = SnapshotWork(project, places, folder)
        small, large, jobs = [], [], []
        for case in track(list(work.list_cases()), description=f"times {snapshot}"):
            keys = {"snapshot": snapshot, **case.keys, "network_hash": stage.result_hash}
            result = work.compute(case)
            table, shares = build_small_area_times(result)
            codes = places.small_areas[["small_area_code", "neighbourhood_code"]]
            small.append(pd.concat([codes, table], axis=1).assign(**keys))
            large.append(build_neighbourhood_times(table, shares, work.membership, result).assign(**keys))
            if case.is_cumulative:
                jobs.append(
                    work.compute_jobs(case, result).assign(**{k: v for k, v in keys.items() if k != "direction"})
                )
        tables = {
            "out_small_area__travel_time": pd.concat(small, ignore_index=True),
            "out_neighbourhood__travel_time": pd.concat(large, ignore_index=True),
        }
        if jobs:
            tables["out_neighbourhood__jobs"] = pd.concat(jobs, ignore_index=True)
        visits = compute_visits(work, stage.notices)
        if visits is not None:
            tables["out_neighbourhood__visit"] = visits.assign(snapshot=snapshot, network_hash=stage.result_hash)
        write_tables(stage, tables)
    return stage
