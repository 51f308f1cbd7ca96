"""What the settings ask beside the nearest: destinations counted by decay, and the k nearest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.errors import ConfigError
from pipeline.base.load import Project
from pipeline.routing.blocks import cut_query
from pipeline.routing.decay import build_decay
from pipeline.routing.profile_scan import build_seeds, compute_has_route
from pipeline.routing.questions import compute_nearest_ranks, compute_opportunities
from pipeline.routing.window import compute_statistics
from pipeline.scoring.reach import REACH_PERCENTILES, build_ranks
from pipeline.stages.work import Case, SnapshotWork

F64 = NDArray[np.float64]


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


def compute_counted(work: SnapshotWork, case: Case, name: str, first: int, end: int) -> F64:
    """Count destinations within reach in one of the ways that the settings name.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    case
        Category, window and modes.
    name
        Name of the way under ``opportunities``.
    first, end
        Small areas: the first one, and the one after the last.

    Returns
    -------
    float64[end - first, n_limits, 3]
        At `pipeline.scoring.reach.REACH_PERCENTILES`.
    """
    counting, query = work.settings.opportunities[name], cut_query(work.get_query(case), first, end)
    factor = build_decay(
        counting.decay,
        [60 * limit for limit in work.settings.opportunity_limits_min],
        cap_s=query.window.cap_s,
        parameter_s=60 * counting.parameter_min,
    )
    weight = work.get_weight(case.category)
    return compute_opportunities(query, weight, factor, REACH_PERCENTILES, diminishing=counting.diminishing)


def compute_ranked(work: SnapshotWork, case: Case, k: int, first: int, end: int) -> F64:
    """Compute the times to each of the k nearest.

    Parameters
    ----------
    work, case, first, end
        As of :func:`compute_counted`.
    k
        How many.

    Returns
    -------
    float64[end - first, k, 3]
        Seconds at `pipeline.scoring.reach.REACH_PERCENTILES`, NaN for null.
    """
    query = cut_query(work.get_query(case), first, end)
    times = compute_nearest_ranks(query, k).travel_time_s
    n = times.shape[0]
    flat = compute_statistics(times.reshape(n * k, -1), query.window, percentiles=REACH_PERCENTILES)
    percentile_s = flat.percentile_s.reshape(n, k, len(REACH_PERCENTILES)).astype(np.float64)
    percentile_s[percentile_s < 0] = np.nan
    return percentile_s


def count_routes(work: SnapshotWork, case: Case) -> NDArray[np.int64]:
    """Count to how many destinations any journey leads, however long.

    Parameters
    ----------
    work, case
        As of :func:`compute_counted`.

    Returns
    -------
    int64[n]
        Of every small area.
    """
    network, window = work.get_case_network(case), work.get_asked_window(case)
    total = np.zeros(network.n_origins, dtype=np.int64)
    for one in work.get_destinations(case.category):
        alone = np.array([one], dtype=np.int32)
        total += work.has_path_to(alone) | compute_has_route(network, build_seeds(network, alone), window.start_s)
    return total


def build_ranked(work: SnapshotWork, case: Case, percentile_s: F64, n_routes: NDArray[np.int64]) -> pd.DataFrame:
    """Average the times to each of the k nearest into neighbourhoods, and say why some are null.

    Parameters
    ----------
    work, case
        As of :func:`compute_counted`.
    percentile_s
        float64[n, k, 3]; from :func:`compute_ranked`, of all small areas.
    n_routes
        int64[n]; from :func:`count_routes`.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__nearest_rank`` without the other keys.
    """
    is_linked, destinations = work.links.origin_vertex >= 0, work.get_destinations(case.category)
    is_null = np.isnan(percentile_s[:, :, REACH_PERCENTILES.index(50)])
    n_linked = int((work.links.destination_vertex[destinations] >= 0).sum())
    rank = np.arange(1, percentile_s.shape[1] + 1)
    reason = np.full(is_null.shape, None, dtype=object)
    reason[is_null] = "over_limit"
    reason[is_null & (n_routes[:, None] < rank)] = "no_route"
    reason[is_null & (~is_linked[:, None] | (n_linked < rank))] = "no_street"
    return build_ranks(percentile_s, reason, work.membership)
