"""The table of car times beside those by public transport: neighbourhoods as means over their small areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.scoring.travel_time import Membership, choose_reasons, compute_weighted_mean, describe_nearest

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class CarTimes:
    """Driving from every small area to the nearest destination of a category.

    Attributes
    ----------
    seconds
        int32[n]; -1 beyond the limit or without a way.
    destination
        int32[n]; which one, negative for none.
    reason
        object[n]; None where there is a time, else ``no_street`` (no road near), ``no_route`` or ``over_limit``.
    destination_ids, destination_names
        Of the category, in the order of the numbers.
    """

    seconds: I32
    destination: I32
    reason: NDArray[np.object_]
    destination_ids: list[str]
    destination_names: list[str]


def find_car_reasons(seconds: I32, *, is_joined: Flags, has_way: Flags, has_destination: bool) -> NDArray[np.object_]:
    """Say why there is no car time.

    Parameters
    ----------
    seconds
        int32[n]; -1 for null.
    is_joined, has_way
        bool[n]; whether a small area joins a road, and whether one can drive from it to a destination at all.
    has_destination
        Whether any destination joins a road.

    Returns
    -------
    object[n]
        None where there is a time.
    """
    reason = np.full(seconds.shape[0], None, dtype=object)
    is_null = seconds < 0
    reason[is_null] = "over_limit"
    reason[is_null & ~has_way] = "no_route"
    reason[is_null & (~is_joined | (not has_destination))] = "no_street"
    return reason


def build_neighbourhood_car(
    car: CarTimes, transit_p50_s: F64, transit_reason: NDArray[np.object_], membership: Membership
) -> pd.DataFrame:
    """Set car times beside the medians by public transport.

    Parameters
    ----------
    car
        Driving from every small area.
    transit_p50_s
        float64[n]; median by public transport or on foot of every small area, NaN for null.
    transit_reason
        object[n]; why it is null.
    membership
        Which small area belongs where, and its weight.

    Returns
    -------
    pandas.DataFrame
        Columns of ``out_neighbourhood__car_time`` without its keys. The ratio is that of the two means over the small
        areas that have both times, so that one small area next to a destination does not decide it.
    """
    taken_s = np.where(car.seconds < 0, np.nan, car.seconds.astype(np.float64))
    both = np.isfinite(taken_s) & np.isfinite(transit_p50_s)
    driven, without = compute_weighted_mean(taken_s, membership)
    driven_both, without_ratio = compute_weighted_mean(np.where(both, taken_s, np.nan), membership)
    transit_both, _ = compute_weighted_mean(np.where(both, transit_p50_s, np.nan), membership)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(driven_both > 0, transit_both / driven_both, np.nan)
    n = len(membership.neighbourhood_codes)
    inside = membership.member >= 0
    shares = np.zeros((n, len(car.destination_ids)))
    driving = inside & (car.destination >= 0)
    np.add.at(shares, (membership.member[driving], car.destination[driving]), membership.weight[driving])
    why_not = np.where(np.isnan(transit_p50_s), transit_reason, car.reason)
    frame = pd.DataFrame(
        {
            "neighbourhood_code": membership.neighbourhood_codes,
            "car_time_min": driven / 60,
            "people_without_car_time_pct": without,
            "public_transport_time_min": transit_both / 60,
            "public_transport_to_car_ratio": ratio,
            "people_without_ratio_pct": without_ratio,
            "n_small_areas": np.bincount(membership.member[inside], minlength=n),
        }
    )
    frame = frame.join(
        describe_nearest(shares, car.destination_ids, car.destination_names).drop(columns="destinations_nearest")
    )
    frame["reason"] = choose_reasons(driven, car.reason, membership)
    frame["ratio_reason"] = choose_reasons(ratio, why_not, membership)
    return frame
