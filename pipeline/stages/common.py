"""What every stage does in the same way: begin, read earlier results, end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import polars as pl

from pipeline.base.errors import UsageError
from pipeline.base.io import write_parquet
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, read_manifest
from pipeline.base.notices import Notices
from pipeline.places.model import Places
from pipeline.stages.slices import build_slices
from pipeline.stages.targets import PER_SNAPSHOT, SERIES_STAGES, build_targets


def begin(project: Project, stage: str, snapshot: str | None) -> StageRun:
    """Prepare the record of a stage, its upstream results noted.

    Parameters
    ----------
    project
        The area with its settings.
    stage, snapshot
        The unit of work.

    Returns
    -------
    StageRun
        To be handed to :func:`pipeline.base.manifest.record_stage`.

    Raises
    ------
    UsageError
        If the snapshot is missing, unknown or superfluous.
    InputError
        If an earlier stage has not been run.
    """
    if stage not in SERIES_STAGES:
        check_has_timetables(project, f"no stage '{stage}'")
    known = [s.id for s in project.area.snapshots]
    if (stage in PER_SNAPSHOT) != (snapshot is not None) or (snapshot is not None and snapshot not in known):
        raise UsageError(
            f"The stage '{stage}' works {'on one snapshot' if stage in PER_SNAPSHOT else 'on all snapshots together'}.",
            cure=f"Use --snapshot with one of: {', '.join(known)}."
            if stage in PER_SNAPSHOT
            else "Leave --snapshot out.",
        )
    targets = build_targets(project)
    target = targets[stage if snapshot is None else f"{stage}/{snapshot}"]
    target.folder.mkdir(parents=True, exist_ok=True)
    run = StageRun(
        stage,
        snapshot,
        target.folder,
        Notices(strict=project.settings.strict),
        config=target.config,
        code=target.code,
        marks=build_slices(project, target, targets),
    )
    for name in target.upstream:
        run.add_upstream(name, targets[name].manifest)
    return run


def check_has_timetables(project: Project, lack: str) -> None:
    """Refuse what needs streets and timetables for an area that has a published series in their place.

    Parameters
    ----------
    project
        The area with its settings.
    lack
        What the area lacks, such as ``no journeys to explain``.

    Raises
    ------
    UsageError
        If the area has a series.
    """
    if project.area.series is not None:
        raise UsageError(
            f"The area '{project.area.name}' is a published series of runs a day, without streets and timetables: "
            f"it has {lack}.",
            cure=f"Its stages are {', '.join(SERIES_STAGES)}; name another area for the rest.",
        )


def get_folder(project: Project, stage: str, snapshot: str | None = None) -> Path:
    """Return the folder of a stage that has been run.

    Parameters
    ----------
    project
        The area with its settings.
    stage, snapshot
        The unit of work.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    InputError
        If it has not been run.
    """
    folder = project.outputs / stage / (snapshot or "")
    read_manifest(folder / MANIFEST)
    return folder


def write_tables(run: StageRun, tables: Mapping[str, pd.DataFrame | pl.DataFrame | gpd.GeoDataFrame]) -> None:
    """Write a stage's tables as Parquet into its folder and note their rows.

    Parameters
    ----------
    run
        The stage.
    tables
        Name to table.
    """
    for name, table in tables.items():
        write_parquet(table, run.folder / f"{name}.parquet")
        run.row_counts[name] = len(table)


def remove_tables(run: StageRun, names: Iterable[str]) -> None:
    """Delete tables of an earlier run that this one does not make, such as those of a question no longer asked.

    Parameters
    ----------
    run
        The stage.
    names
        Tables that are made only where the settings ask for them; those written by this run stay.
    """
    for name in names:
        if name not in run.row_counts:
            (run.folder / f"{name}.parquet").unlink(missing_ok=True)


def read_places(project: Project) -> Places:
    """Read what the places stage wrote.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    Places
        Its tables.
    """
    folder = get_folder(project, "places")
    return Places(
        small_areas=pd.read_parquet(folder / "core_places__small_area.parquet"),
        neighbourhoods=pd.read_parquet(folder / "core_places__neighbourhood.parquet"),
        destinations=pd.read_parquet(folder / "core_places__destination.parquet"),
        boundaries=gpd.read_parquet(folder / "core_places__boundary.parquet"),
    )
