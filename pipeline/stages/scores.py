"""Stage ``scores``: indicators, scores and groups; publishes all tables, checked against their declarations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import polars as pl

from pipeline.base.errors import PipelineError
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.io import staged_folder, write_csv, write_parquet
from pipeline.base.load import Project
from pipeline.base.manifest import HASH_DIGITS, MANIFEST, StageRun, read_manifest, record_stage
from pipeline.base.tables import TABLES, check_table
from pipeline.base.tables_series import build_series_tables
from pipeline.base.yaml_files import read_yaml
from pipeline.change.run_sound import find_unknown_keys
from pipeline.places.model import Places
from pipeline.scoring.publish import build_score_tables
from pipeline.scoring.spec import ScoringSpec, build_spec
from pipeline.stages.common import begin, get_folder, read_places
from pipeline.stages.links import STATION, list_links
from pipeline.stages.reruns import list_variations, read_reruns
from pipeline.stages.run_gates import GATE_TABLE, forget_held, judge_run, keep_verdict
from pipeline.stages.series_scores import build_series_score_tables
from pipeline.stages.targets import build_targets, find_scoring_file

FROM_TIMES = (
    "out_neighbourhood__travel_time",
    "out_small_area__travel_time",
    "out_neighbourhood__jobs",
    "out_neighbourhood__opportunity",
    "out_neighbourhood__nearest_rank",
    "out_neighbourhood__car_time",
    "out_neighbourhood__visit",
    "out_neighbourhood__useful_departure",
    "out_neighbourhood__journey_leg",
)
FROM_SERVICE = (
    "out_neighbourhood__service_level",
    "out_neighbourhood__service_change",
    "out_group__service_change",
    "out_service__change",
    "out_operator__presence",
    "out_run__service_window",
    "out_operator__coverage",
    "out_feed__validity",
    "out_snapshot__gate",
    "out_system__total",
    "out_service__school",
    "out_neighbourhood__school_runs",
    "out_neighbourhood__service_daytime",
)
FROM_ATTRIBUTION = ("out_service__attribution", "out_neighbourhood__attribution")
FROM_MEASURES = (
    "out_neighbourhood__ptal",
    "out_neighbourhood__transport_performance",
    "out_neighbourhood__floating_catchment",
)
CIRCLE_M = 500.0
ACCEPTANCE = ("is_accepted", "accepted_reason", "accepted_by", "accepted_date")
"""Columns of ``out_snapshot__gate`` that say who let a snapshot pass."""


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Compute scores and publish the tables of the area.

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

    Raises
    ------
    ConfigError
        If the scoring file is wrong.
    GateError
        If the run is held; the tables published before stay as they are.
    """
    stage = begin(project, "scores", snapshot)
    folder = project.outputs / "tables"
    stage.other_folders.append(folder)
    with record_stage(stage):
        spec = read_spec(project)
        stage.add_input("scoring", project.settings.scoring, find_scoring_file(project))
        places = read_places(project)
        if project.area.series is not None:
            tables = _collect_series(project, places)
            neighbourhoods = places.neighbourhoods
            tables |= build_series_score_tables(
                spec, project.area.series, tables, neighbourhoods, notices=stage.notices
            )
            _publish(project, stage, folder, tables)
            return stage
        tables = _collect(project)
        known = {name: pl.from_pandas(frame) for name, frame in tables.items()}
        made = build_score_tables(
            spec,
            known,
            pl.from_pandas(places.neighbourhoods),
            snapshots=[s.id for s in project.area.snapshots],
            reruns={
                variant: {name: pl.from_pandas(frame) for name, frame in rerun.items()}
                for variant, rerun in read_reruns(project).items()
            },
            notices=stage.notices,
        )
        if project.settings.sensitivity:
            tables["out_run__sensitivity"] = list_variations(project)
        tables |= {name: table.to_pandas() for name, table in made.items()}
        tables["out_neighbourhood__geography"] = build_geography(places, project.area.crs)
        tables |= _describe_network(project, places)
        _publish(project, stage, folder, tables)
    return stage


def _publish(project: Project, stage: StageRun, folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Check all tables against their declarations, hold the run or write them, as Parquet and CSV."""
    tables["out_run__inputs"] = _list_run_inputs(project, stage)
    tables["out_run__notices"] = _list_run_notices(project, stage)
    problems: list[str] = []
    hashes: dict[str, str] = {}
    known = {
        "codes": set(tables["out_neighbourhood__geography"]["neighbourhood_code"].astype(str)),
        "snapshots": {s.id for s in project.area.snapshots} or set(tables["out_neighbourhood__score"]["snapshot"]),
    }
    with staged_folder(folder) as temporary:
        for name, frame in tables.items():
            try:
                checked = check_table(frame, name)
            except PipelineError as error:
                problems.append(error.what)
                continue
            problems += find_unknown_keys(name, checked, **known)
            _write(stage, checked, name, temporary)
            if not name.startswith("out_run__"):
                hashes[name] = _hash_results(name, checked, temporary / f"{name}.parquet")
        stage.facts["run"] = hash_value(hashes)[:HASH_DIGITS]
        verdict = judge_run(project, tables, run=stage.facts["run"], problems=problems)
        _write(stage, check_table(verdict.table, GATE_TABLE), GATE_TABLE, temporary)
        keep_verdict(project, verdict)
    forget_held(project)


def _hash_results(name: str, checked: pd.DataFrame, path: Path) -> str:
    """Hash a table for the identity of a run, to which it does not matter who accepted a snapshot, and when and why."""
    if name != "out_snapshot__gate":
        return hash_file(path)
    return hash_value(checked.drop(columns=list(ACCEPTANCE)).to_dict("list"))


def _write(stage: StageRun, checked: pd.DataFrame, name: str, folder: Path) -> None:
    stage.row_counts[name] = len(checked)
    write_parquet(checked, folder / f"{name}.parquet")
    as_text = checked.drop(columns=[c.name for c in TABLES[name].columns if c.kind == "bytes"])
    write_csv(as_text, folder / f"{name}.csv")


def _collect_series(project: Project, places: Places) -> dict[str, pd.DataFrame]:
    """Take over the tables of an area with a published series, and where its neighbourhoods are."""
    folder = get_folder(project, "service")
    tables = {table.name: pd.read_parquet(folder / f"{table.name}.parquet") for table in build_series_tables()}
    return tables | {"out_neighbourhood__geography": build_geography(places, project.area.crs)}


def read_spec(project: Project) -> ScoringSpec:
    """Read the scoring file of an area.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    ScoringSpec
        Indicators and weights.

    Raises
    ------
    ConfigError
        If it is missing or wrong.
    """
    path = find_scoring_file(project)
    return build_spec(read_yaml(path), file=str(path))


def _collect(project: Project) -> dict[str, pd.DataFrame]:
    """Join the tables of the stages before, all snapshots together."""
    tables: dict[str, pd.DataFrame] = {}
    for name in FROM_TIMES:
        paths = [get_folder(project, "times", s.id) / f"{name}.parquet" for s in project.area.snapshots]
        parts = [pd.read_parquet(path) for path in paths if path.is_file()]
        if parts:
            tables[name] = pd.concat(parts, ignore_index=True)
    service = get_folder(project, "service")
    tables |= {name: pd.read_parquet(service / f"{name}.parquet") for name in FROM_SERVICE}
    for name in project.settings.measures.tables:
        tables[name] = pd.read_parquet(get_folder(project, "measures") / f"{name}.parquet")
    if project.area.attribution:
        folder = get_folder(project, "attribution")
        tables |= {name: pd.read_parquet(folder / f"{name}.parquet") for name in FROM_ATTRIBUTION}
    return tables


def build_geography(places: Places, crs: str) -> pd.DataFrame:
    """Build the table of neighbourhoods with a shape for the map.

    Parameters
    ----------
    places
        The area's places.
    crs
        Projected system for circles, where there is no polygon.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__geography``.
    """
    frame = places.neighbourhoods.copy()
    centres = gpd.GeoSeries(gpd.points_from_xy(frame["lon"], frame["lat"]), crs="EPSG:4326")
    circles = centres.to_crs(crs).buffer(CIRCLE_M, quad_segs=8).to_crs("EPSG:4326")
    shapes = dict(zip(places.boundaries["neighbourhood_code"], places.boundaries.geometry, strict=True))
    frame["geometry_wkb"] = [
        shapes[code].wkb if code in shapes else (circle.wkb if pd.notna(lon) else None)
        for code, circle, lon in zip(frame["neighbourhood_code"], circles, frame["lon"], strict=True)
    ]
    return frame


def _describe_network(project: Project, places: Places) -> dict[str, pd.DataFrame]:
    stops, points = [], []
    for one in project.area.snapshots:
        folder = get_folder(project, "network", one.id)
        frame, origins, links = (
            pd.read_parquet(folder / f"core_network__{name}.parquet") for name in ("stop", "origin", "destination")
        )
        listed = list_links(frame, origins, links, max_link_m=project.settings.walking.max_link_m)
        by_car = get_folder(project, "times", one.id) / "core_car__link.parquet"
        if project.settings.find_car() is not None:
            listed = pd.concat([listed, pd.read_parquet(by_car).astype(listed.dtypes)], ignore_index=True)
        points.append(listed.assign(snapshot=one.id))
        frame["is_linked"] = frame["vertex"] >= 0
        columns = ["stop_id", "stop_name", "lon", "lat", "mode", "runs_weekday", "is_linked"]
        stops.append(frame.loc[frame["location_type"] != STATION, columns].assign(snapshot=one.id))
    destinations = places.destinations.drop(columns=["is_located", "file", "file_row"]).assign(
        is_linked=links["vertex"] >= 0
    )
    return {
        "out_stop__location": pd.concat(stops, ignore_index=True),
        "out_destination__location": destinations,
        "out_point__link": pd.concat(points, ignore_index=True),
    }


def _list_manifests(project: Project) -> list[dict[str, Any]]:
    before = [t for t in build_targets(project).values() if t.stage not in {"fetch", "scores", "report", "publish"}]
    return [read_manifest(target.folder / MANIFEST) for target in before]


def _list_run_inputs(project: Project, stage: StageRun) -> pd.DataFrame:
    rows = []
    own: dict[str, Any] = {
        "stage": stage.stage,
        "snapshot": None,
        "result_hash": stage.result_hash,
        "inputs": stage.inputs,
        "upstream": stage.upstream,
    }
    for manifest in [*_list_manifests(project), own]:
        keys = {key: manifest[key] for key in ("stage", "snapshot", "result_hash")}
        empty = {"licence": "", "attribution": "", "vintage": ""}
        rows += [{**keys, **empty, **item} for item in manifest["inputs"]]
        rows += [
            {**keys, **empty, "role": "stage", "path": name, "sha256": result_hash, "bytes": None}
            for name, result_hash in manifest["upstream"].items()
        ]
    frame = pd.DataFrame(rows).drop_duplicates(["stage", "snapshot", "role", "path"], ignore_index=True)
    frame["bytes"] = frame["bytes"].astype("Int64")
    return frame


def _list_run_notices(project: Project, stage: StageRun) -> pd.DataFrame:
    frames = [stage.notices.to_frame().assign(stage=stage.stage, snapshot=None)]
    for manifest in _list_manifests(project):
        folder = project.outputs / str(manifest["stage"]) / str(manifest["snapshot"] or "")
        rows = json.loads((folder / "notices.json").read_text(encoding="utf-8"))
        if rows:
            frames.append(pd.DataFrame(rows).assign(stage=manifest["stage"], snapshot=manifest["snapshot"]))
    frames = [frame.astype({"row": "Int64", "snapshot": object}) for frame in frames if len(frame)]
    if not frames:
        return stage.notices.to_frame().assign(stage="", snapshot=None)
    return pd.concat(frames, ignore_index=True)
