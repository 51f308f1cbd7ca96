"""Two-step floating catchments: supply within reach, shared with everybody else within reach of it.

Source: Luo, W. and Wang, F. (2003), "Measures of spatial accessibility to health care in a GIS environment",
Environment and Planning B 30(6); computed by PySAL's ``access``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.scoring.travel_time import Membership, choose_reasons, compute_weighted_mean

F64 = NDArray[np.float64]


def compute_floating_catchment(travel_time_s: NDArray[np.int32], people: F64, supply: F64, *, limit_s: int) -> F64:
    """Compute the supply a person in two steps.

    First the supply of every destination is divided by the people within its catchment, then every place adds up the
    ratios of the destinations within its own.

    Parameters
    ----------
    travel_time_s
        int32[n, k]; from every place to every destination, -1 for none.
    people
        float64[n]; who live in each place.
    supply
        float64[k]; of each destination, such as its beds.
    limit_s
        Longest time that lies within a catchment, itself included.

    Returns
    -------
    float64[n]
        Supply a person; 0 with no destination in the catchment, NaN where one of them serves nobody that is counted, so
        that its ratio does not exist.
    """
    from access.fca import two_stage_fca  # noqa: PLC0415 (slow to import, and wanted by few areas)

    is_near = (travel_time_s >= 0) & (travel_time_s <= limit_s)
    serves_nobody = (people @ is_near) <= 0
    origin, destination = np.nonzero(is_near & ~serves_nobody)
    ratio = np.zeros(len(people))
    if len(origin):
        found = two_stage_fca(
            pd.DataFrame({"people": people}),
            pd.DataFrame({"supply": supply}),
            pd.DataFrame({"origin": origin, "dest": destination, "cost": travel_time_s[origin, destination]}),
            max_cost=limit_s,
            demand_index=True,
            demand_name="people",
            supply_name="supply",
        )
        ratio[found.index.to_numpy()] = found.to_numpy()
    ratio[is_near[:, serves_nobody].any(axis=1)] = np.nan
    return ratio


def build_catchments(ratio: F64, is_linked: NDArray[np.bool_], membership: Membership) -> pd.DataFrame:
    """Average the supply a person over neighbourhoods, by people.

    Parameters
    ----------
    ratio
        float64[n]; of each small area, from :func:`compute_floating_catchment`.
    is_linked
        bool[n]; whether each small area is joined to the streets.
    membership
        Which small area belongs where, and its people.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__floating_catchment`` without snapshot, category and catchment; null as ``no_people`` where
        nobody is known to live within reach of what can be reached.
    """
    mean, without = compute_weighted_mean(np.where(is_linked, 1000.0 * ratio, np.nan), membership)
    linked_mean, _ = compute_weighted_mean(np.where(is_linked, 1.0, np.nan), membership)
    reason = choose_reasons(mean, np.where(is_linked, "", "no_street").astype(object), membership)
    reason[np.isnan(mean) & np.isfinite(linked_mean)] = "no_people"
    return pd.DataFrame(
        {
            "neighbourhood_code": membership.neighbourhood_codes,
            "supply_per_1000_people": mean,
            "people_without_pct": without,
            "reason": reason,
        }
    )
