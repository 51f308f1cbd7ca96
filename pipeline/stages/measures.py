"""Stage ``measures``: further measures that planners ask for, each only where the settings ask for it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.places.model import Places
from pipeline.scoring.ptal import FIRST_S, LAST_S, classify_ptal, compute_access_index
from pipeline.scoring.travel_time import Membership, build_membership, choose_reasons, compute_weighted_mean
from pipeline.stages.common import begin, get_folder, read_places, remove_tables, write_tables
from pipeline.stages.measures_reach import build_floating_catchments, build_transport_performance, check_reach
from pipeline.transit.packed import MODES, PackedNetwork, read_packed


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Compute the measures that the settings ask for, for every snapshot.

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
    UsageError
        If the settings ask for none, or no window lies on a weekday.
    ConfigError
        If journeys that a measure needs cannot be computed.
    """
    measures = project.settings.measures
    if not measures.tables:
        raise UsageError(
            "The settings ask for no further measure.", cure="Set 'measures: {ptal: true}' in the settings."
        )
    if measures.ptal and all(window.day_type != "weekday" for window in project.settings.windows.values()):
        raise UsageError(
            "Access levels are of a weekday, and no window lies on one.",
            field="measures.ptal",
            cure="Add a window on a weekday, or take the measure out.",
        )
    check_reach(project)
    with record_stage(begin(project, "measures", snapshot)) as stage:
        places = read_places(project)
        membership = build_membership(places.small_areas, places.neighbourhoods["neighbourhood_code"].tolist())
        for name in measures.tables:
            parts = [BUILDERS[name](project, one.id, places, membership) for one in project.area.snapshots]
            write_tables(stage, {name: pd.concat(parts, ignore_index=True)})
        remove_tables(stage, BUILDERS)
    return stage


def build_ptal(project: Project, snapshot: str, places: Places, membership: Membership) -> pd.DataFrame:  # noqa: ARG001
    """Compute access indices of small areas and average them over neighbourhoods, by people.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Id of the snapshot.
    places, membership
        Small areas, destinations, and the neighbourhood to which each small area belongs.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__ptal``.
    """
    folder = get_folder(project, "network", snapshot)
    network = read_packed(folder / "weekday")
    is_linked = pd.read_parquet(folder / "core_network__origin.parquet")["vertex"].to_numpy() >= 0
    walks = _list_walks(network, project.settings.walking.speed_kmh)
    index = compute_access_index(_list_departures(network), walks, len(is_linked))
    index = np.where(is_linked, index, np.nan)
    mean, without = compute_weighted_mean(index, membership)
    reason = np.array([None if linked else "no_street" for linked in is_linked], dtype=object)
    return pd.DataFrame(
        {
            "snapshot": snapshot,
            "neighbourhood_code": membership.neighbourhood_codes,
            "access_index": mean,
            "ptal": classify_ptal(mean),
            "people_without_pct": without,
            "reason": choose_reasons(mean, reason, membership),
        }
    )


def _list_departures(network: PackedNetwork) -> pl.DataFrame:
    departs = np.asarray(network.con_dep_s)
    chosen = np.flatnonzero((departs >= FIRST_S) & (departs < LAST_S) & (np.asarray(network.con_can_board) > 0))
    trip = np.asarray(network.con_trip)[chosen]
    modes = np.array(MODES, dtype=object)[np.asarray(network.trip_mode)[trip]]
    return pl.DataFrame(
        {
            "stop": np.asarray(network.con_dep_stop)[chosen],
            "route": np.asarray(network.trip_route)[trip],
            "towards": np.asarray(network.con_arr_stop)[chosen],
            "mode": pl.Series(modes.tolist(), dtype=pl.String),
        }
    )


def _list_walks(network: PackedNetwork, walk_kmh: float) -> pl.DataFrame:
    indptr = np.asarray(network.access_indptr)
    return pl.DataFrame(
        {
            "origin": np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)),
            "stop": np.asarray(network.access_stop),
            "metres": np.asarray(network.access_s) * walk_kmh / 3.6,
        }
    )


BUILDERS: Final = {
    "out_neighbourhood__ptal": build_ptal,
    "out_neighbourhood__transport_performance": build_transport_performance,
    "out_neighbourhood__floating_catchment": build_floating_catchments,
}
