"""Transport performance: how many of the people who live nearby can be reached.

Source: Poelman, H., Dijkstra, L. and Ackermans, L. (2020), "How many people can you reach by public transport, bicycle
or on foot in European cities?", European Commission, Regional Focus 01/2020.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.scoring.travel_time import Membership, choose_reasons, compute_weighted_mean

F64 = NDArray[np.float64]
NEARBY_M: Final = 7500.0
"""Radius of the circle whose people count as living nearby."""
LIMIT_MIN: Final = 30
"""Longest journey, door to door."""


def count_people_nearby(position_m: F64, people: F64, *, radius_m: float = NEARBY_M) -> F64:
    """Count the people who live within a circle around every place, the place itself included.

    Parameters
    ----------
    position_m
        float64[n, 2]; metres in a projected system, NaN for a place without a position.
    people
        float64[n]; who live there.
    radius_m
        Radius of the circle, which itself belongs to it.

    Returns
    -------
    float64[n]
        People; NaN for a place without a position, whose people are near nobody.
    """
    located = np.flatnonzero(np.isfinite(position_m).all(axis=1))
    nearby = np.full(len(people), np.nan)
    tree = cKDTree(position_m[located])
    for row, found in zip(
        located, tree.query_ball_point(position_m[located], radius_m, return_sorted=True), strict=True
    ):
        nearby[row] = people[located[found]].sum()
    return nearby


def build_performance(reached: F64, nearby: F64, is_linked: NDArray[np.bool_], membership: Membership) -> pd.DataFrame:
    """Set people reached against people nearby, and average both and their ratio over neighbourhoods, by people.

    Parameters
    ----------
    reached
        float64[n]; people within reach of each small area.
    nearby
        float64[n]; people nearby, from :func:`count_people_nearby`.
    is_linked
        bool[n]; whether each small area is joined to the streets.
    membership
        Which small area belongs where, and its people.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__transport_performance`` without the snapshot. The performance is the mean of the small
        areas' ratios, not the ratio of the means; null as ``no_people`` where nobody is known to live nearby.
    """
    reached, nearby = np.where(is_linked, reached, np.nan), np.where(is_linked, nearby, np.nan)
    has_people = nearby > 0
    performance = np.full(len(nearby), np.nan)
    performance[has_people] = 100.0 * reached[has_people] / nearby[has_people]
    mean, without = compute_weighted_mean(performance, membership)
    mean_reached, _ = compute_weighted_mean(reached, membership)
    reason = choose_reasons(mean, np.where(is_linked, "", "no_street").astype(object), membership)
    reason[np.isnan(mean) & np.isfinite(mean_reached)] = "no_people"
    return pd.DataFrame(
        {
            "neighbourhood_code": membership.neighbourhood_codes,
            "people_reached": mean_reached,
            "people_nearby": compute_weighted_mean(nearby, membership)[0],
            "transport_performance_pct": mean,
            "people_without_pct": without,
            "reason": reason,
        }
    )
