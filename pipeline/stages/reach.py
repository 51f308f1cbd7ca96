"""What the settings ask beside the nearest: destinations counted by decay, and the k nearest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.errors import ConfigError
from pipeline.base.load import Project
from pipeline.routing.decay import build_decay
from pipeline.routing.profile_scan import build_seeds, compute_has_route
from pipeline.routing.questions import compute_nearest_ranks, compute_opportunities
from pipeline.routing.window import compute_statistics
from pipeline.scoring.reach import REACH_PERCENTILES, build_ranks, build_reach
from pipeline.scoring.travel_time import NearestResult
from pipeline.stages.work import Case, SnapshotWork


def check_questions(project: Project) -> None:
    """Refuse settings that would be left out without a word, since the area has nothing that they fit.

    Parameters
    ----------
    project
        The area with its settings.

    Raises
    ------
    ConfigError
        If ``nearest_k`` names an unknown category, or ``opportunities`` are asked for and no category is cumulative.
    """
    area, settings = project.area, project.settings
    unknown = [category for category in settings.nearest_k if category not in area.categories]
    if unknown:
        raise ConfigError(
            f"The area has no category '{unknown[0]}'.",
            file=project.area_file,
            field="settings.nearest_k",
            cure=f"Categories of this area: {', '.join(area.categories)}.",
        )
    if settings.opportunities and not any(source.cumulative for source in area.destinations):
        raise ConfigError(
            "No category of the area is counted within limits.",
            file=project.area_file,
            field="settings.opportunities",
            cure="Write cumulative: true to the destinations that are to be counted.",
        )


def compute_counted(work: SnapshotWork, case: Case, result: NearestResult) -> pd.DataFrame | None:
    """Count destinations within reach in every way that the settings name.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    case
        Category, window and modes.
    result
        The times to the nearest, which say what is joined to the streets.

    Returns
    -------
    pandas.DataFrame or None
        ``out_neighbourhood__opportunity`` without the other keys; None if the settings name none.
    """
    settings = work.settings
    weight = work.places.destinations["weight"].to_numpy(dtype=np.float64)[work.get_destinations(case.category)]
    limits, query = settings.opportunity_limits_min, work.get_query(case)
    parts = []
    for name, counting in settings.opportunities.items():
        factor = build_decay(
            counting.decay,
            [60 * limit for limit in limits],
            cap_s=query.window.cap_s,
            parameter_s=60 * counting.parameter_min,
        )
        values = compute_opportunities(query, weight, factor, REACH_PERCENTILES, diminishing=counting.diminishing)
        table = build_reach(values, limits, "opportunities", is_linked=result.is_linked, membership=work.membership)
        parts.append(table.assign(counting=name))
    return pd.concat(parts, ignore_index=True) if parts else None


def compute_ranked(work: SnapshotWork, case: Case, result: NearestResult, k: int) -> pd.DataFrame:
    """Compute the times to each of the k nearest.

    Parameters
    ----------
    work, case, result
        As of :func:`compute_counted`.
    k
        How many.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__nearest_rank`` without the other keys.
    """
    query, destinations = work.get_query(case), work.get_destinations(case.category)
    ranked = compute_nearest_ranks(query, k)
    n = ranked.travel_time_s.shape[0]
    flat = compute_statistics(ranked.travel_time_s.reshape(n * k, -1), query.window, percentiles=REACH_PERCENTILES)
    percentile_s = flat.percentile_s.reshape(n, k, len(REACH_PERCENTILES)).astype(np.float64)
    percentile_s[percentile_s < 0] = np.nan
    is_null = np.isnan(percentile_s[:, :, REACH_PERCENTILES.index(50)])
    n_linked = int((work.links.destination_vertex[destinations] >= 0).sum())
    n_routes = _count_routes(work, case) if is_null.any() else np.full(n, k)
    rank = np.arange(1, k + 1)
    reason = np.full((n, k), None, dtype=object)
    reason[is_null] = "over_limit"
    reason[is_null & (n_routes[:, None] < rank)] = "no_route"
    reason[is_null & (~result.is_linked[:, None] | (n_linked < rank))] = "no_street"
    return build_ranks(percentile_s, reason, work.membership)


def _count_routes(work: SnapshotWork, case: Case) -> NDArray[np.int64]:
    """Count to how many of the destinations any journey leads from every small area, however long."""
    network, window = work.get_case_network(case), work.get_window(case)
    total = np.zeros(network.n_origins, dtype=np.int64)
    for one in work.get_destinations(case.category):
        alone = np.array([one], dtype=np.int32)
        total += work.has_path_to(alone) | compute_has_route(network, build_seeds(network, alone), window.start_s)
    return total
