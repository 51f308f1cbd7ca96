"""Tables of what lies within reach and of the k nearest: neighbourhoods as means over their small areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.scoring.travel_time import Membership, choose_reasons, compute_weighted_mean

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]
REACH_PERCENTILES = (25, 50, 75)


def build_reach(
    values: F64, limits_min: Sequence[int], name: str, *, is_linked: Flags, membership: Membership
) -> pd.DataFrame:
    """Average what lies within reach, one row a neighbourhood and limit.

    Parameters
    ----------
    values
        float64[n, n_limits, 3]; weight within each limit at `REACH_PERCENTILES` of the minutes.
    limits_min
        Limits.
    name
        Beginning of the columns, such as ``jobs``.
    is_linked
        bool[n]; small areas that are joined to the streets; the others have no value.
    membership
        Which small area belongs where, and its weight.

    Returns
    -------
    pandas.DataFrame
        ``neighbourhood_code``, ``limit_min``, a column for each percentile, ``people_without_pct``, ``reason``.
    """
    values = np.where(is_linked[:, None, None], values, np.nan)
    reason = np.array([None if linked else "no_street" for linked in is_linked], dtype=object)
    parts = []
    for number, limit in enumerate(limits_min):
        columns: dict[str, F64] = {}
        for at, p in enumerate(REACH_PERCENTILES):
            columns[f"{name}_p{p}"], without = compute_weighted_mean(values[:, number, at], membership)
        table = pd.DataFrame({"neighbourhood_code": membership.neighbourhood_codes, "limit_min": limit, **columns})
        table["people_without_pct"] = without
        table["reason"] = choose_reasons(columns[f"{name}_p50"], reason, membership)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def build_ranks(percentile_s: F64, reason: NDArray[np.object_], membership: Membership) -> pd.DataFrame:
    """Average the times to the k nearest, one row a neighbourhood and rank.

    Parameters
    ----------
    percentile_s
        float64[n, k, 3]; at `REACH_PERCENTILES`, NaN for null.
    reason
        object[n, k]; why the median is null.
    membership
        Which small area belongs where, and its weight.

    Returns
    -------
    pandas.DataFrame
        Columns of ``out_neighbourhood__nearest_rank`` without its other keys.
    """
    parts = []
    for number in range(percentile_s.shape[1]):
        columns, lacking = {}, {}
        for at, p in enumerate(REACH_PERCENTILES):
            name = f"travel_time_p{p}_s"
            columns[name], lacking[p] = compute_weighted_mean(percentile_s[:, number, at], membership)
        table = pd.DataFrame({"neighbourhood_code": membership.neighbourhood_codes, "rank": number + 1, **columns})
        table["people_without_pct"] = lacking[50]
        table["reason"] = choose_reasons(columns["travel_time_p50_s"], reason[:, number], membership)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
