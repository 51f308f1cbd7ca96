"""The shards of the stage ``times``: a case, a block of small areas of a case, or a visit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from pipeline.base.area import Area
from pipeline.base.config import Settings
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, read_manifest
from pipeline.base.notices import Notices
from pipeline.places.model import Places
from pipeline.routing.blocks import list_blocks
from pipeline.routing.profile_scan import NearestTimes
from pipeline.scoring.travel_time import build_neighbourhood_times, build_small_area_times
from pipeline.stages.shards import Content, Job, Parts, Work
from pipeline.stages.targets import MEANS
from pipeline.stages.visits import compute_visit_table, compute_visit_walks, list_visit_cases
from pipeline.stages.work import Case, SnapshotWork

UNUSED = ("notices.json",)


def build_job(project: Project, snapshot: str) -> Job:
    """Describe what the shards of a snapshot have in common.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id.

    Returns
    -------
    Job
        Its files are what the stages ``places`` and ``network`` wrote.
    """
    files: dict[str, str] = {}
    for folder in ("places", f"network/{snapshot}"):
        outputs = read_manifest(project.outputs / folder / MANIFEST)["outputs"]
        files |= {f"{folder}/{name}": sha256 for name, sha256 in outputs.items() if name not in UNUSED}
    content = {
        "area": project.area.model_dump(mode="json"),
        "settings": project.settings.model_dump(mode="json", exclude=set(MEANS)),
        "snapshot": snapshot,
    }
    return Job("times", content, project.outputs, files)


def open_work(content: Content, folder: Path, *, n_threads: int) -> Work:
    """Make ready to answer shards of a snapshot.

    Parameters
    ----------
    content, folder
        Of the job; the folder may be a copy.
    n_threads
        Threads of the kernels.

    Returns
    -------
    callable
        Answers a shard.
    """
    area, settings = Area.model_validate(content["area"]), Settings.model_validate(content["settings"])
    project = Project(area, settings, Path(f"{area.name}.yaml"), folder, folder)
    tables = {
        name: pd.read_parquet(folder / "places" / f"core_places__{name}.parquet")
        for name in ("small_area", "neighbourhood", "destination")
    }
    places = Places(tables["small_area"], tables["neighbourhood"], tables["destination"], gpd.GeoDataFrame())
    network = folder / "network" / content["snapshot"]
    return build_work(SnapshotWork(project, places, network, n_threads=n_threads))


def build_work(work: SnapshotWork) -> Work:
    """Answer shards from what a snapshot's cases share.

    Parameters
    ----------
    work
        Networks and places of the snapshot.

    Returns
    -------
    callable
        Answers a shard.
    """
    cases = {tuple(case.keys.values()): case for case in work.list_cases()}
    get_visit_walks = cache(lambda category: compute_visit_walks(work, category))

    def answer(shard: Content) -> Parts:
        kind, key = shard["kind"], shard["key"]
        if kind == "visit":
            walks = get_visit_walks(work.settings.visits[key[0]].category)
            return {"visit": compute_visit_table(work, *key, walks=walks)}
        case = cases[tuple(key)]
        if kind == "nearest":
            return build_case_tables(work, case, work.compute_times(case))
        first, end = shard["starts"]
        if kind == "reach":
            return {"reach": work.compute_reach(case, first, end)}
        times = work.compute_times(case, first, end)
        return {"travel_time_s": times.travel_time_s, "destination": times.destination}

    return answer


def build_case_tables(work: SnapshotWork, case: Case, times: NearestTimes) -> Parts:
    """Summarise the times of a case.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    case
        The case.
    times
        Of all small areas.

    Returns
    -------
    dict
        ``small_area`` and ``neighbourhood``, without keys.
    """
    result = work.describe(case, times)
    table, shares = build_small_area_times(result)
    return {
        "small_area": table,
        "neighbourhood": build_neighbourhood_times(table, shares, work.membership, result),
    }


def list_shards(work: SnapshotWork, notices: Notices) -> list[Content]:
    """List the shards of a snapshot, those that share a network together.

    The backward scan answers all small areas at once and is one shard a case. What works small area by small area
    (jobs within reach; the nearest with a limit on changes, outward) is cut into blocks of them.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    notices
        Takes visits that are left out.

    Returns
    -------
    list of dict
        Plain content.
    """
    n_starts = len(work.links.origin_vertex)
    has_limit = work.settings.transit.max_changes is not None
    shards: list[Content] = []
    for case in work.list_cases():
        key, n_minutes = list(case.keys.values()), work.get_window(case).n_minutes
        if has_limit and case.direction == "outward":
            blocks = list_blocks(n_starts, n_minutes=n_minutes, n_values=2 * n_minutes)
            shards += [{"kind": "pairs", "key": key, "starts": list(block)} for block in blocks]
        else:
            shards.append({"kind": "nearest", "key": key})
        if case.is_cumulative:
            blocks = list_blocks(n_starts, n_minutes=n_minutes)
            shards += [{"kind": "reach", "key": key, "starts": list(block)} for block in blocks]
    return shards + [{"kind": "visit", "key": list(key)} for key in list_visit_cases(work, notices)]


def build_tables(
    work: SnapshotWork, shards: Iterable[Content], answers: Iterator[Parts], keys: dict[str, Any]
) -> dict[str, pd.DataFrame]:
    """Put the tables of a snapshot together.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    shards, answers
        In the same order.
    keys
        Columns that all rows share: ``snapshot``, ``network_hash``.

    Returns
    -------
    dict
        Name to table.
    """
    cases = {tuple(case.keys.values()): case for case in work.list_cases()}
    small: list[tuple[Case, pd.DataFrame]] = []
    large: list[tuple[Case, pd.DataFrame]] = []
    jobs: list[tuple[Case, pd.DataFrame]] = []
    visits = []
    for (kind, *key), parts in _join_blocks(shards, answers):
        if kind == "visit":
            visits.append(parts["visit"])
        elif kind == "reach":
            jobs.append((cases[tuple(key)], work.build_jobs(parts["reach"])))
        else:
            case = cases[tuple(key)]
            built = parts if kind == "nearest" else build_case_tables(work, case, NearestTimes(**parts))
            small.append((case, built["small_area"]))
            large.append((case, built["neighbourhood"]))
    codes = work.places.small_areas[["small_area_code", "neighbourhood_code"]]
    codes = codes.iloc[np.tile(np.arange(len(codes)), len(small))].reset_index(drop=True)
    tables = {
        "out_small_area__travel_time": pd.concat([codes, _stack(small, keys)], axis=1),
        "out_neighbourhood__travel_time": _stack(large, keys),
    }
    if jobs:
        tables["out_neighbourhood__jobs"] = _stack(jobs, keys).drop(columns="direction")
    if visits:
        tables["out_neighbourhood__visit"] = pd.concat(visits, ignore_index=True).assign(**keys)
    return tables


def _stack(parts: list[tuple[Case, pd.DataFrame]], keys: dict[str, Any]) -> pd.DataFrame:
    """Put the tables of cases under one another and add the columns that say whose they are."""
    lengths = [len(table) for _, table in parts]
    columns = {name: np.repeat([case.keys[name] for case, _ in parts], lengths) for name in parts[0][0].keys}
    table = pd.concat([table for _, table in parts], ignore_index=True)
    return table.assign(snapshot=keys["snapshot"], **columns, network_hash=keys["network_hash"])


def _join_blocks(shards: Iterable[Content], answers: Iterator[Parts]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Hand out what and its answer, blocks of one thing put together."""
    name: tuple[str, ...] | None = None
    blocks: list[Parts] = []
    for shard, parts in zip(shards, answers, strict=True):
        mine = (shard["kind"], *shard["key"])
        if name is not None and mine != name:
            yield name, _concatenate(blocks)
            blocks = []
        name = mine
        blocks.append(parts)
    if name is not None:
        yield name, _concatenate(blocks)


def _concatenate(blocks: list[Parts]) -> Parts:
    if len(blocks) == 1:
        return blocks[0]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
