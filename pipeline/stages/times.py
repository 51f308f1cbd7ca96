"""Stage ``times``: travel times of one snapshot, every window, category, direction and set of modes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pandas as pd

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.progress import track
from pipeline.scoring.travel_time import build_neighbourhood_times, build_small_area_times
from pipeline.stages.car import CarWork
from pipeline.stages.common import begin, get_folder, read_places, remove_tables, write_tables
from pipeline.stages.reach import check_questions, compute_counted, compute_ranked
from pipeline.stages.visits import compute_visits
from pipeline.stages.work import Case, SnapshotWork

WITH_DIRECTION = ("out_small_area__travel_time", "out_neighbourhood__travel_time")
ON_REQUEST = (
    "out_neighbourhood__jobs",
    "out_neighbourhood__opportunity",
    "out_neighbourhood__nearest_rank",
    "out_neighbourhood__car_time",
    "out_neighbourhood__visit",
    "core_car__link",
)


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

    Raises
    ------
    ConfigError
        If the settings ask something that the area cannot answer.
    """
    check_questions(project)
    with record_stage(begin(project, "times", snapshot)) as stage:
        folder = get_folder(project, "network", snapshot)
        stage.facts["network_hash"] = stage.result_hash
        places = read_places(project)
        work = SnapshotWork(project, places, folder)
        car_settings = project.settings.find_car()
        car = None if car_settings is None else CarWork(work, car_settings)
        parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
        for case in track(list(work.list_cases()), description=f"times {snapshot}"):
            keys = {"snapshot": snapshot, **case.keys, "network_hash": stage.result_hash}
            for name, table in _compute_case(work, car, case):
                kept = {key: value for key, value in keys.items() if key != "direction" or name in WITH_DIRECTION}
                parts[name].append(table.assign(**kept))
        tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
        if car is not None:
            tables["core_car__link"] = car.list_links()
        visits = compute_visits(work, stage.notices)
        if visits is not None:
            tables["out_neighbourhood__visit"] = visits.assign(snapshot=snapshot, network_hash=stage.result_hash)
        write_tables(stage, tables)
        remove_tables(stage, ON_REQUEST)
    return stage


def _compute_case(work: SnapshotWork, car: CarWork | None, case: Case) -> Iterator[tuple[str, pd.DataFrame]]:
    """Compute all tables of one case, without the keys that they share."""
    result = work.compute(case)
    table, shares = build_small_area_times(result)
    codes = work.places.small_areas[["small_area_code", "neighbourhood_code"]]
    yield "out_small_area__travel_time", pd.concat([codes, table], axis=1)
    yield "out_neighbourhood__travel_time", build_neighbourhood_times(table, shares, work.membership, result)
    if case.direction != "outward":
        return
    k = work.settings.nearest_k.get(case.category)
    if k is not None:
        yield "out_neighbourhood__nearest_rank", compute_ranked(work, case, result, k)
    if car is not None:
        yield "out_neighbourhood__car_time", car.build_rows(case, table)
    if case.is_cumulative:
        yield "out_neighbourhood__jobs", work.compute_jobs(case, result)
        counted = compute_counted(work, case, result)
        if counted is not None:
            yield "out_neighbourhood__opportunity", counted
