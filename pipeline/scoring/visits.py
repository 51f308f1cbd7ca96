"""The table of out-and-back journeys: neighbourhoods as means over their small areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.routing.visits import OutAndBack
from pipeline.routing.window import compute_shares
from pipeline.scoring.travel_time import Membership, choose_reasons, compute_weighted_mean, describe_nearest

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class VisitResult:
    """What routing found for one visit and set of modes.

    Attributes
    ----------
    visits
        One row a small area.
    is_linked, has_route
        bool[n]; whether each small area is joined to the streets, and whether any journey there and any home exists,
        however long.
    has_destination
        Whether any destination of the category is joined to the streets.
    destination_ids, destination_names
        Of the category, in the order of the numbers in `visits`.
    """

    visits: OutAndBack
    is_linked: Flags
    has_route: Flags
    has_destination: bool
    destination_ids: list[str]
    destination_names: list[str]


def build_neighbourhood_visits(result: VisitResult, membership: Membership) -> pd.DataFrame:
    """Average the visits of small areas into neighbourhoods.

    Parameters
    ----------
    result
        What routing found.
    membership
        Which small area belongs where, and its weight.

    Returns
    -------
    pandas.DataFrame
        Columns of ``out_neighbourhood__visit`` without its keys and what they stand for.
    """
    visits = result.visits
    usable = np.where(result.is_linked, visits.usable_pct, np.nan)
    median, least = (
        np.where(values < 0, np.nan, values.astype(np.float64))
        for values in (visits.compute_percentile(50), visits.compute_percentile(0))
    )
    columns: dict[str, NDArray[np.float64]] = {}
    columns["usable_pct"], _ = compute_weighted_mean(usable, membership)
    columns["time_away_p50_s"], columns["people_without_pct"] = compute_weighted_mean(median, membership)
    columns["time_away_least_s"], columns["people_without_any_pct"] = compute_weighted_mean(least, membership)
    frame = pd.DataFrame({"neighbourhood_code": membership.neighbourhood_codes, **columns})
    n, inside = len(frame), membership.member >= 0
    member = membership.member[inside]
    frame["n_small_areas"] = np.bincount(member, minlength=n)
    shares = compute_shares(visits.destination, len(result.destination_ids))
    weighted = np.zeros((n, shares.shape[1]))
    np.add.at(weighted, member, shares[inside] * membership.weight[inside, None])
    frame = frame.join(describe_nearest(weighted, result.destination_ids, result.destination_names))
    reasons = np.full(len(median), None, dtype=object)
    is_null = np.isnan(median)
    reasons[is_null] = "over_limit"
    reasons[is_null & ~result.has_route] = "no_route"
    reasons[is_null & (~result.is_linked | (not result.has_destination))] = "no_street"
    frame["reason"] = choose_reasons(frame["time_away_p50_s"].to_numpy(), reasons, membership)
    return frame
