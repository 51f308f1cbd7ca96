"""The shards of the stage ``times``: a case, a block of small areas of a case, driving, or a visit."""

from __future__ import annotations

from collections import defaultdict
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
from pipeline.scoring.useful_departures import build_useful_departures
from pipeline.stages.car import DRIVE, CarWork, build_car_rows
from pipeline.stages.reach import build_ranked, compute_counted, compute_ranked, count_routes
from pipeline.stages.shards import Content, Job, Parts, Work
from pipeline.stages.targets import MEANS
from pipeline.stages.visits import compute_visit_table, compute_visit_walks, list_visit_cases
from pipeline.stages.work import Case, SnapshotWork

UNUSED = ("notices.json",)
KEY_LENGTH = 4
"""A case is named by category, window, direction and set of modes."""
CAR_LINKS = "links"
SMALL = "out_small_area__travel_time"
LARGE = "out_neighbourhood__travel_time"
USEFUL = "out_neighbourhood__useful_departure"
WITH_DIRECTION = (SMALL, LARGE, USEFUL)


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
        Its files are what the stages ``places`` and ``network`` wrote, and the roads where car times are asked for.
    """
    files: dict[str, str] = {}
    for folder in ("places", f"network/{snapshot}"):
        outputs = read_manifest(project.outputs / folder / MANIFEST)["outputs"]
        files |= {f"{folder}/{name}": sha256 for name, sha256 in outputs.items() if name not in UNUSED}
    if project.settings.find_car() is not None:
        streets = read_manifest(project.outputs / "streets" / MANIFEST)["outputs"]
        roads = {f"streets/{name}": sha256 for name, sha256 in streets.items()}
        files |= {name: sha256 for name, sha256 in roads.items() if name.startswith(f"{DRIVE}/")}
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
        if kind == "car":
            return _compute_car(work)
        case = cases[tuple(key[:KEY_LENGTH])]
        if kind == "nearest":
            return build_case_tables(work, case, work.compute_times(case))
        if kind == "routes":
            return {"n_routes": count_routes(work, case)}
        return _answer_block(work, case, shard)

    return answer


def _answer_block(work: SnapshotWork, case: Case, shard: Content) -> Parts:
    """Answer for some small areas of a case."""
    first, end = shard["starts"]
    match shard["kind"]:
        case "reach":
            return {"values": work.compute_reach(case, first, end)}
        case "counted":
            return {"values": compute_counted(work, case, shard["key"][KEY_LENGTH], first, end)}
        case "ranked":
            return {"percentile_s": compute_ranked(work, case, work.settings.nearest_k[case.category], first, end)}
        case "pairs":
            times = work.compute_times(case, first, end)
            return {"travel_time_s": times.travel_time_s, "destination": times.destination}
        case kind:
            raise ValueError(f"there is no shard {kind!r}")


def _compute_car(work: SnapshotWork) -> Parts:
    """Drive from all small areas to every category: one shard, since to read the roads takes longer than to drive."""
    settings = work.settings.find_car()
    if settings is None:
        raise ValueError("no car times are asked for")
    car = CarWork(work, settings)
    return {
        CAR_LINKS: car.list_links(),
        **{_name_driving(category): car.compute(category) for category in work.project.area.categories},
    }


def _name_driving(category: str) -> str:
    return f"to {category}"


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
        ``small_area`` and ``neighbourhood``, without keys; with the first set of modes ``useful`` departures too.
    """
    result = work.describe(case, times)
    table, shares = build_small_area_times(result)
    parts = {
        "small_area": table,
        "neighbourhood": build_neighbourhood_times(table, shares, work.membership, result),
    }
    if case.mode_set == next(iter(work.settings.mode_sets)):
        codes = work.places.small_areas["small_area_code"].tolist()
        parts["useful"] = build_useful_departures(result, work.membership, codes)
    return parts


def list_shards(work: SnapshotWork, notices: Notices) -> list[Content]:
    """List the shards of a snapshot, those that share a network together.

    The backward scan answers all small areas at once and is one shard a case. What works small area by small area
    (weight within reach, the k nearest; the nearest with a limit on changes, outward) is cut into blocks of them.
    Driving is one shard, since it does not depend on the minute.

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

    def add_blocks(kind: str, key: list[str], n_minutes: int, n_values: int = 1) -> None:
        blocks = list_blocks(n_starts, n_minutes=n_minutes, n_values=n_values)
        shards.extend({"kind": kind, "key": key, "starts": list(block)} for block in blocks)

    for case in work.list_cases():
        key, n_minutes = list(case.keys.values()), work.get_window(case).n_minutes
        if has_limit and not case.is_back:
            add_blocks("pairs", key, n_minutes, 2 * n_minutes)
        else:
            shards.append({"kind": "nearest", "key": key})
        k = None if case.is_back else work.settings.nearest_k.get(case.category)
        if k is not None:
            shards.append({"kind": "routes", "key": key})
            add_blocks("ranked", key, n_minutes, 2 * k * n_minutes)
        if case.is_cumulative:
            add_blocks("reach", key, n_minutes)
            for name in work.settings.opportunities:
                add_blocks("counted", [*key, name], n_minutes)
    if work.settings.find_car() is not None:
        shards.append({"kind": "car", "key": []})
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
    stacks: dict[str, list[tuple[Case, pd.DataFrame]]] = defaultdict(list)
    tables: dict[str, pd.DataFrame] = {}
    visits = []
    for kind, case, name, parts in _name_answers(work, shards, answers):
        if kind == "visit":
            visits.append(parts["visit"])
        elif kind == "car":
            tables["core_car__link"] = parts[CAR_LINKS]
            for one, small in stacks[SMALL]:
                if not one.is_back:
                    rows = build_car_rows(work, one, parts[_name_driving(one.category)], small)
                    stacks["out_neighbourhood__car_time"].append((one, rows))
        elif case is not None:
            for table, rows in _build_rows(work, kind, case, name, parts):
                stacks[table].append((case, rows))
    codes = work.places.small_areas[["small_area_code", "neighbourhood_code"]]
    codes = codes.iloc[np.tile(np.arange(len(codes)), len(stacks[SMALL]))].reset_index(drop=True)
    for table, parts_of_cases in stacks.items():
        stacked = _stack(parts_of_cases, keys)
        tables[table] = stacked if table in WITH_DIRECTION else stacked.drop(columns="direction")
    tables[SMALL] = pd.concat([codes, tables[SMALL]], axis=1)
    if visits:
        tables["out_neighbourhood__visit"] = pd.concat(visits, ignore_index=True).assign(**keys)
    return tables


def _name_answers(
    work: SnapshotWork, shards: Iterable[Content], answers: Iterator[Parts]
) -> Iterator[tuple[str, Case | None, str, Parts]]:
    """Hand out what was answered, about which case, the way of counting, and the answer with all that belongs to it."""
    cases = {tuple(case.keys.values()): case for case in work.list_cases()}
    routes: Parts = {}
    for (kind, *key), parts in _join_blocks(shards, answers):
        if kind == "routes":
            routes = parts  # those of the ranks that come next
            continue
        case = None if kind in {"visit", "car"} else cases[tuple(key[:KEY_LENGTH])]
        yield kind, case, "".join(key[KEY_LENGTH:]), {**parts, **routes} if kind == "ranked" else parts


def _build_rows(
    work: SnapshotWork, kind: str, case: Case, name: str, parts: Parts
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Build the rows of a case in the tables that an answer is about, without keys."""
    if kind in {"nearest", "pairs"}:
        built = parts if kind == "nearest" else build_case_tables(work, case, NearestTimes(**parts))
        yield SMALL, built["small_area"]
        yield LARGE, built["neighbourhood"]
        if "useful" in built:
            yield USEFUL, built["useful"]
    elif kind == "reach":
        yield "out_neighbourhood__jobs", work.build_reach(parts["values"], "jobs")
    elif kind == "counted":
        rows = work.build_reach(parts["values"], "opportunities").assign(counting=name)
        yield "out_neighbourhood__opportunity", rows
    elif kind == "ranked":
        yield "out_neighbourhood__nearest_rank", build_ranked(work, case, parts["percentile_s"], parts["n_routes"])


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
