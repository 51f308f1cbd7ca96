"""``make bench``: both algorithms on an area's own network, side by side in one process."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.base.io import write_text
from pipeline.base.load import Project
from pipeline.base.manifest import get_peak_memory_mb
from pipeline.routing.profile_scan import build_seeds, compute_nearest
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs
from pipeline.stages.common import check_has_timetables, get_folder, read_places
from pipeline.stages.work import SnapshotWork

RUNS = 5
RESULTS = Path("outputs/bench/results.json")


def run_bench(project: Project) -> str:
    """Time the backward scan against range RAPTOR on the first window and category of an area.

    Parameters
    ----------
    project
        The area with its settings; its networks must have been built.

    Returns
    -------
    str
        A table for the terminal; the same is written to ``outputs/bench/results.json``.

    Raises
    ------
    InputError
        If the networks have not been built.
    """
    check_has_timetables(project, "no travel times to measure")
    snapshot = project.area.snapshots[-1].id
    work = SnapshotWork(project, read_places(project), get_folder(project, "network", snapshot))
    case = next(case for case in work.list_cases() if case.direction == "outward")
    network, window = work.get_network(case.day_type, case.mode_set), work.get_window(case)
    destinations, walks = work.get_destinations(case.category), work.get_walks(case.category)
    query = RangeQuery(network, window, destinations=destinations, n_threads=1)

    def scan() -> object:
        return compute_nearest(network, build_seeds(network, destinations), window, walk=walks.nearest)

    def pairs() -> object:
        return compute_nearest_by_pairs(query)

    ours_s, other_s = _time(scan), _time(pairs)
    row = {
        "name": f"{project.area.name} {snapshot}: nearest {case.category}, {window.n_minutes} minutes, all origins",
        "ours_s": round(ours_s, 4),
        "peer": "own range RAPTOR over all pairs",
        "peer_s": round(other_s, 4),
        "ratio": round(other_s / ours_s, 2),
        "peak_mb": get_peak_memory_mb(),
    }
    write_text(json.dumps([row], indent=1) + "\n", RESULTS)
    return (
        f"{row['name']}\n  backward scan is {row['ratio']} x as fast as the {row['peer']} (median of {RUNS}; {RESULTS})"
    )


def _time(work: Callable[[], object]) -> float:
    work()
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
