"""``connectivity scenario``: the tables of a snapshot as they would be, and a comparison with the base."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

import pandas as pd

import pipeline
from pipeline.base.errors import ConfigError, UsageError
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.io import staged_folder, write_csv, write_parquet, write_text
from pipeline.base.load import ROOT, Project
from pipeline.base.manifest import HASH_DIGITS, MANIFEST, read_manifest
from pipeline.base.scenario import (
    CloseDestination,
    MoveDestination,
    OpenDestination,
    PlaceOperation,
    Scenario,
    ScenarioError,
    find_operation_row,
    read_scenario,
)
from pipeline.base.tables import check_table
from pipeline.change.scenarios import DatedTables, Sources, apply_operation
from pipeline.places.edit import close_destination, move_destination, open_destination
from pipeline.places.model import Places
from pipeline.stages import network, service, times
from pipeline.stages.common import get_folder, read_places
from pipeline.stages.targets import get_days
from pipeline.timetables.edit import Named
from pipeline.timetables.model import Timetable
from pipeline.timetables.named import is_same_timetable, name_tables, number_tables
from pipeline.transit.overlay import match_stops_by_place

SCENARIO_FOLDER = ROOT / "config" / "scenarios"
RECORD = "scenario.json"
TIME_KEYS = ["neighbourhood_code", "category", "window", "direction", "mode_set"]
LEVEL_KEYS = ["neighbourhood_code", "mode", "day_type", "band"]


@dataclass(frozen=True)
class ScenarioResult:
    """What a scenario came to.

    Attributes
    ----------
    folder
        Where the tables are.
    record
        What ``scenario.json`` holds.
    times, levels
        ``out_scenario__travel_time`` and ``out_scenario__service_level``.
    """

    folder: Path
    record: dict[str, Any]
    times: pd.DataFrame
    levels: pd.DataFrame


def find_scenario_file(name: str) -> Path:
    """Find a scenario file by its path, or by its name in ``config/scenarios``.

    Parameters
    ----------
    name
        Path or name.

    Returns
    -------
    Path
        The file (which may not exist).
    """
    if Path(name).suffix:
        return Path(name)
    here = Path("config") / "scenarios" / f"{name}.yaml"
    return here if here.is_file() else SCENARIO_FOLDER / f"{name}.yaml"


def run_scenario(
    project: Project, file: Path, *, snapshot: str | None = None, out: Path | None = None
) -> ScenarioResult:
    """Compute the tables of a snapshot under a scenario.

    The base must have been run; of its streets, timetables and places what the scenario leaves alone is used as it
    is, and the stages network, times and service run on the rest.

    Parameters
    ----------
    project
        The area with its settings.
    file
        The scenario file.
    snapshot
        Id of the snapshot; that of the file, or the last, if absent.
    out
        Folder of the results; ``outputs/<area>/scenarios/<name>`` if absent. It is replaced as a whole.

    Returns
    -------
    ScenarioResult
        Where the tables are, and the comparison.

    Raises
    ------
    ConfigError
        If the scenario file is wrong, or names something that does not exist.
    UsageError
        If the snapshot is unknown.
    InputError
        If the area has not been run.
    """
    scenario = read_scenario(file)
    chosen = _choose_snapshot(project, scenario, snapshot)
    base = _Inputs(
        Timetable.read(get_folder(project, "timetables", chosen) / "timetable"),
        read_places(project),
    )
    edited = _edit(project, chosen, scenario, base, file)
    folder = out or project.outputs / "scenarios" / scenario.name
    with staged_folder(folder) as stage:
        work = stage / "work"
        inner = replace(project, outputs=work)
        _lay_out(project, inner, chosen, scenario, base, edited)
        network.run(inner, chosen)
        times.run(inner, chosen)
        service.run(inner)
        tables, same = _collect(project, inner, chosen)
        comparison = {
            "out_scenario__travel_time": _compare_times(project, inner, chosen),
            "out_scenario__service_level": _compare_levels(project, inner, chosen),
        }
        for name, frame in {**tables, **comparison}.items():
            checked = check_table(frame.assign(scenario=scenario.name) if name in comparison else frame, name)
            write_parquet(checked, stage / "tables" / f"{name}.parquet")
            write_csv(checked, stage / "tables" / f"{name}.csv")
        record = _describe_run(project, inner, chosen, scenario, file, same)
        shutil.rmtree(work)
        record["outputs"] = {
            path.relative_to(stage).as_posix(): hash_file(path) for path in sorted((stage / "tables").iterdir())
        }
        write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", stage / RECORD)
    return ScenarioResult(folder, record, *comparison.values())


@dataclass(frozen=True)
class _Inputs:
    timetable: Timetable
    places: Places


def _choose_snapshot(project: Project, scenario: Scenario, snapshot: str | None) -> str:
    ids = [s.id for s in project.area.snapshots]
    chosen = snapshot or scenario.snapshot or ids[-1]
    if chosen not in ids:
        raise UsageError(f"There is no snapshot '{chosen}'.", cure=f"Snapshots: {', '.join(ids)}.")
    return chosen


def _edit(project: Project, snapshot: str, scenario: Scenario, base: _Inputs, file: Path) -> _Inputs:
    """Apply the operations one after the other."""
    days = {s.id: get_days(s) for s in project.area.snapshots}

    def read(one: str) -> DatedTables:
        if one not in days:
            raise ScenarioError(f"there is no snapshot {one}; there are {', '.join(days)}")
        timetable = Timetable.read(get_folder(project, "timetables", one) / "timetable")
        return DatedTables(name_tables(timetable), days[one])

    sources = Sources(read, _match_stops)
    named, places = name_tables(base.timetable), base.places
    for number, operation in enumerate(scenario.operations):
        try:
            if isinstance(operation, CloseDestination | OpenDestination | MoveDestination):
                places = _edit_places(places, operation, file)
            else:
                named = apply_operation(DatedTables(named, days[snapshot]), operation, sources)
        except ScenarioError as error:
            raise ConfigError(
                f"The operation '{operation.do}' cannot be done: {error}.",
                file=file,
                row=find_operation_row(file, number),
                field=f"operations.{number}",
                cure="Correct the names or values of this operation; docs/scenarios.md explains each.",
            ) from error
    return _Inputs(number_tables(named), places)


def _match_stops(here: Named, there: Named) -> dict[str, str | None]:
    """Find the stop here that stands where each of the other timetable's stops stood."""
    sides = [side.stops.sort("stop_id").with_row_index("stop_index") for side in (here, there)]
    found, ids = match_stops_by_place(*sides), sides[0]["stop_id"].to_list()
    return {
        stop: ids[index] if index >= 0 else None
        for stop, index in zip(sides[1]["stop_id"].to_list(), found.tolist(), strict=True)
    }


def _edit_places(places: Places, operation: PlaceOperation, file: Path) -> Places:
    category, code = operation.category, operation.id
    match operation:
        case CloseDestination():
            return close_destination(places, category, code)
        case OpenDestination(name=name, lon=lon, lat=lat, weight=weight):
            about: dict[str, Any] = {"name": name, "lon": lon, "lat": lat, "weight": weight}
            return open_destination(places, category, code, **about, file=file.name)
        case MoveDestination(lon=lon, lat=lat):
            return move_destination(places, category, code, lon=lon, lat=lat)
        case _:
            assert_never(operation)


def _lay_out(
    project: Project, inner: Project, snapshot: str, scenario: Scenario, base: _Inputs, edited: _Inputs
) -> None:
    """Give the stages what they read: the base's results where nothing changed, the edited ones elsewhere."""
    inner.outputs.mkdir(parents=True)
    operations = [operation.model_dump(mode="json") for operation in scenario.operations]
    _link(project.outputs / "streets", inner.outputs / "streets")
    for one in project.area.snapshots:
        if one.id != snapshot or is_same_timetable(base.timetable, edited.timetable):
            _link(project.outputs / "timetables" / one.id, inner.outputs / "timetables" / one.id)
            continue
        folder = inner.outputs / "timetables" / one.id
        edited.timetable.write(folder / "timetable")
        _derive_manifest(project.outputs / "timetables" / one.id, folder, operations)
    if _is_same_places(base.places, edited.places):
        _link(project.outputs / "places", inner.outputs / "places")
        return
    folder = inner.outputs / "places"
    shutil.copytree(project.outputs / "places", folder)
    write_parquet(edited.places.destinations, folder / "core_places__destination.parquet")
    _derive_manifest(project.outputs / "places", folder, operations)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(os.path.relpath(source.resolve(), target.parent.resolve()), target_is_directory=True)


def _derive_manifest(source: Path, folder: Path, operations: list[dict[str, Any]]) -> None:
    """Write the manifest of an edited result: the hash says what it was made from."""
    content = read_manifest(source / MANIFEST)
    content["result_hash"] = hash_value({"base": content["result_hash"], "operations": operations})[:HASH_DIGITS]
    write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", folder / MANIFEST)


def _is_same_places(one: Places, other: Places) -> bool:
    return one.destinations.equals(other.destinations)


def _collect(project: Project, inner: Project, snapshot: str) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Read the tables of times and service, and say which files are the base's to the byte."""
    tables, same = {}, []
    for stage, one in (("times", snapshot), ("service", None)):
        folder, base = (get_folder(side, stage, one) for side in (inner, project))
        for path in sorted(folder.glob("out_*.parquet")):
            tables[path.stem] = pd.read_parquet(path)
            known = base / path.name
            if known.is_file() and hash_file(known) == hash_file(path):
                same.append(path.stem)
    return tables, same


def _read_pair(project: Project, inner: Project, stage: str, snapshot: str | None, name: str) -> list[pd.DataFrame]:
    return [pd.read_parquet(get_folder(side, stage, snapshot) / f"{name}.parquet") for side in (project, inner)]


def _compare_times(project: Project, inner: Project, snapshot: str) -> pd.DataFrame:
    columns = ["travel_time_p50_s", "reachable_pct", "reason"]
    before, after = _read_pair(project, inner, "times", snapshot, "out_neighbourhood__travel_time")
    both = before[[*TIME_KEYS, *columns]].merge(
        after[[*TIME_KEYS, *columns]], on=TIME_KEYS, how="outer", suffixes=("_before", "_after")
    )
    sides = ("before", "after")
    units = {"travel_time_p50_s": "_s", "reachable_pct": "_pct"}
    both = both.rename(
        columns={f"{c}_{side}": f"{c.removesuffix(unit)}_{side}{unit}" for c, unit in units.items() for side in sides}
    )
    both["change_p50_s"] = both["travel_time_p50_after_s"] - both["travel_time_p50_before_s"]
    both["change_reachable_pct"] = both["reachable_after_pct"] - both["reachable_before_pct"]
    return both.assign(snapshot=snapshot)


def _compare_levels(project: Project, inner: Project, snapshot: str) -> pd.DataFrame:
    columns = ["runs_per_day", "first_run_s", "last_run_s"]
    frames = [
        frame.loc[frame["snapshot"] == snapshot, [*LEVEL_KEYS, *columns]]
        for frame in _read_pair(project, inner, "service", None, "out_neighbourhood__service_level")
    ]
    both = frames[0].merge(frames[1], on=LEVEL_KEYS, how="outer", suffixes=("_before", "_after"))
    both = both.rename(
        columns={
            f"{end}_run_s_{side}": f"{end}_run_{side}_s" for end in ("first", "last") for side in ("before", "after")
        }
    )
    for side in ("before", "after"):  # a mode without any run has no row
        both[f"runs_per_day_{side}"] = both[f"runs_per_day_{side}"].fillna(0.0)
    both["change_runs_per_day"] = (both["runs_per_day_after"] - both["runs_per_day_before"]).round(9)
    return both.assign(snapshot=snapshot)


def _describe_run(
    project: Project, inner: Project, snapshot: str, scenario: Scenario, file: Path, same: list[str]
) -> dict[str, Any]:
    units = [("streets", None), ("places", None), ("timetables", snapshot), ("network", snapshot), ("times", snapshot)]
    units.append(("service", None))

    def hashes(side: Project) -> dict[str, str]:
        return {
            stage if one is None else f"{stage}/{one}": str(
                read_manifest(get_folder(side, stage, one) / MANIFEST)["result_hash"]
            )
            for stage, one in units
        }

    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "area": project.area.name,
        "snapshot": snapshot,
        "version": pipeline.__version__,
        "file": {"name": file.name, "sha256": hash_file(file)},
        "operations": [operation.model_dump(mode="json") for operation in scenario.operations],
        "base": hashes(project),
        "result": hashes(inner),
        "tables_as_in_base": same,
    }


def describe_scenario(result: ScenarioResult) -> str:
    """Say in words what a scenario changes.

    Parameters
    ----------
    result
        As :func:`run_scenario` gives it.

    Returns
    -------
    str
        Text for the terminal.
    """
    record, frame = result.record, result.times
    lines = [f"{record['title']} ({record['area']}, {record['snapshot']})", ""]
    if not record["operations"] or len(record["tables_as_in_base"]) == len(record["outputs"]) // 2 - 2:
        lines.append("Nothing changes: every table is that of the base to the byte.")
    frame = frame[frame["direction"] == "outward"]
    frame = frame[frame["mode_set"] == frame["mode_set"].iloc[0]]
    was, now = frame["travel_time_p50_before_s"].notna(), frame["travel_time_p50_after_s"].notna()
    for (category, window), rows in frame.groupby(["category", "window"], sort=False):
        change = rows["change_p50_s"]
        lines.append(
            f"{category}, {window}: {int((change < -60).sum())} faster, {int((change > 60).sum())} slower by over a "
            f"minute; {int((now & ~was)[rows.index].sum())} won, {int((was & ~now)[rows.index].sum())} lost a median "
            "travel time"
        )
    levels = result.levels
    whole = levels[(levels["band"] == "all_day") & (levels["mode"] == "all")]
    for day, rows in whole.groupby("day_type", sort=False):
        more, less = int((rows["change_runs_per_day"] > 0).sum()), int((rows["change_runs_per_day"] < 0).sum())
        lines.append(f"runs a day, {day}: more in {more} places, fewer in {less}")
    lines.append(f"Tables: {result.folder / 'tables'}")
    return "\n".join(lines)
