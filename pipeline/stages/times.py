"""Stage ``times``: travel times of one snapshot, every window, category, direction and set of modes."""

from __future__ import annotations

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.stages.common import begin, get_folder, read_places, remove_tables, write_tables
from pipeline.stages.means import choose_means
from pipeline.stages.reach import check_questions
from pipeline.stages.shards import ShardStore, get_shard_folder, run_shards
from pipeline.stages.times_shards import USEFUL, build_job, build_tables, build_work, list_shards
from pipeline.stages.typical_journeys import LEGS, build_typical_journeys
from pipeline.stages.work import SnapshotWork

ON_REQUEST = (
    "out_neighbourhood__jobs",
    "out_neighbourhood__opportunity",
    "out_neighbourhood__nearest_rank",
    "out_neighbourhood__car_time",
    "out_neighbourhood__visit",
    "core_car__link",
)


def run(project: Project, snapshot: str | None) -> StageRun:
    """Compute the travel times of one snapshot, shard by shard.

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

    Raises
    ------
    ConfigError
        If the settings ask something that the area cannot answer.
    """
    check_questions(project)
    with record_stage(begin(project, "times", snapshot)) as stage:
        folder = get_folder(project, "network", snapshot)
        stage.facts["network_hash"] = stage.result_hash
        work = SnapshotWork(project, read_places(project), folder)
        job, shards = build_job(project, str(snapshot)), list_shards(work, stage.notices)
        store = ShardStore(get_shard_folder(stage.folder))
        answers = run_shards(
            job,
            shards,
            store,
            means=choose_means(project.settings, n_snapshots=len(project.area.snapshots)),
            here=build_work(work),
            description=f"times {snapshot}",
        )
        keys = {"snapshot": snapshot, "network_hash": stage.result_hash}
        tables = build_tables(work, shards, answers, keys)
        tables[LEGS] = build_typical_journeys(work, str(snapshot), tables[USEFUL], stage.notices).assign(**keys)
        write_tables(stage, tables)
        remove_tables(stage, ON_REQUEST)
    store.remove()
    return stage
