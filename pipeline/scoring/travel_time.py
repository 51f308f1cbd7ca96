"""Travel-time tables: small areas from routing results, neighbourhoods as means over their small areas."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.routing.profile_scan import NearestTimes, NearestWalk
from pipeline.routing.questions import summarise_reliability
from pipeline.routing.window import (
    PERCENTILES,
    DepartureWindow,
    WindowStatistics,
    compute_shares,
    compute_statistics,
)

F64 = NDArray[np.float64]
Flags = NDArray[np.bool_]

TIME_COLUMNS = ["travel_time_mean_s", *(f"travel_time_p{p}_s" for p in PERCENTILES)]
MEAN_COLUMNS = [
    *TIME_COLUMNS,
    "reachable_pct",
    "first_departure_s",
    "last_departure_s",
    "longest_gap_s",
    "wait_if_missed_s",
    "walk_time_s",
]
WITHOUT_COLUMNS = {
    "travel_time_mean_s": "people_without_any_pct",
    "travel_time_p5_s": "people_without_p5_pct",
    "travel_time_p25_s": "people_without_p25_pct",
    "travel_time_p50_s": "people_without_pct",
    "travel_time_p75_s": "people_without_p75_pct",
    "travel_time_p95_s": "people_without_p95_pct",
    "walk_time_s": "people_without_walk_pct",
}
REASON_ORDER = ("over_limit", "no_route", "no_street")


@dataclass(frozen=True)
class NearestResult:
    """What routing found for one category, window, direction and set of modes.

    Attributes
    ----------
    times
        Travel time and winning destination of every small area and minute.
    walk
        Walking all the way within the cap.
    window
        The departure window, or that of the deadlines.
    is_linked
        bool[n]; whether each small area is joined to the streets.
    has_route
        bool[n]; whether any journey exists, however long, walking included.
    has_destination
        Whether any destination of the category is joined to the streets.
    destination_ids, destination_names
        Of the category, in the order of the numbers in `times`.
    is_mirrored
        Whether the minutes of `times` run backwards, from the last deadline to the first.
    """

    times: NearestTimes
    walk: NearestWalk
    window: DepartureWindow
    is_linked: Flags
    has_route: Flags
    has_destination: bool
    destination_ids: list[str]
    destination_names: list[str]
    is_mirrored: bool = False


def build_small_area_times(result: NearestResult) -> tuple[pd.DataFrame, NDArray[np.int32]]:
    """Summarise a routing result, one row a small area.

    Parameters
    ----------
    result
        What routing found.

    Returns
    -------
    table : pandas.DataFrame
        Columns of ``out_small_area__travel_time`` without its keys, in the order of the small areas.
    shares : int32[n, n_destinations]
        Minutes in which each destination is the nearest.
    """
    statistics = _compute_statistics(result)
    is_linked = result.is_linked
    table = pd.DataFrame({"travel_time_mean_s": statistics.mean_s})
    for number, p in enumerate(PERCENTILES):
        table[f"travel_time_p{p}_s"] = _null(statistics.percentile_s[:, number])
    table["reachable_pct"] = np.where(is_linked, statistics.reachable_pct, np.nan)
    table["first_departure_s"] = _null(statistics.first_departure_s)
    table["last_departure_s"] = _null(statistics.last_departure_s)
    table["longest_gap_s"] = _null(statistics.longest_gap_s)
    table["wait_if_missed_s"] = summarise_reliability(result.times.travel_time_s).wait_if_missed_s
    table["walk_time_s"] = _null(result.walk.seconds)
    shares = compute_shares(result.times.destination, len(result.destination_ids))
    table = table.join(describe_nearest(shares.astype(np.float64), result.destination_ids, result.destination_names))
    table["reason"] = _find_reasons(table["travel_time_p50_s"].to_numpy(), result)
    return table, shares


def _compute_statistics(result: NearestResult) -> WindowStatistics:
    """Compute the statistics of a window; of deadlines the first and last one that can be met."""
    if not result.is_mirrored:
        return compute_statistics(result.times.travel_time_s, result.window)
    # minutes are counted from the last deadline back; null stays -1
    backwards = DepartureWindow(0, result.window.n_minutes, result.window.cap_s)
    found = compute_statistics(result.times.travel_time_s, backwards)
    first, last = (
        np.where(minutes < 0, -1, result.window.last_s - minutes).astype(np.int32)
        for minutes in (found.last_departure_s, found.first_departure_s)
    )
    return replace(found, first_departure_s=first, last_departure_s=last)


def _null(values: NDArray[np.int32]) -> F64:
    return np.where(values < 0, np.nan, values.astype(np.float64))


def _find_reasons(value: F64, result: NearestResult) -> NDArray[np.object_]:
    reasons = np.full(len(value), None, dtype=object)
    is_null = np.isnan(value)
    reasons[is_null] = "over_limit"
    reasons[is_null & ~result.has_route] = "no_route"
    reasons[is_null & (~result.is_linked | (not result.has_destination))] = "no_street"
    return reasons


def describe_nearest(shares: F64, ids: list[str], names: list[str]) -> pd.DataFrame:
    """Name the nearest destinations of each row, the most frequent first.

    Parameters
    ----------
    shares
        float64[n, n_destinations]; how often each is the nearest, in any unit.
    ids, names
        Of the destinations.

    Returns
    -------
    pandas.DataFrame
        The first with its share, and all of them as JSON.
    """
    totals = shares.sum(axis=1)
    rows: list[tuple[str | None, str | None, float, str]] = []
    for row, total in zip(shares, totals, strict=True):
        found = np.flatnonzero(row > 0)
        order = sorted(found.tolist(), key=lambda d: (-row[d], ids[d]))
        listed = [{"id": ids[d], "name": names[d], "share_pct": round(100.0 * row[d] / total, 2)} for d in order]
        text = json.dumps(listed, ensure_ascii=False)
        first = listed[0] if listed else None
        if first:
            rows.append((str(first["id"]), str(first["name"]), float(first["share_pct"]), text))
        else:
            rows.append((None, None, np.nan, text))
    columns = ["nearest_destination_id", "nearest_destination_name", "nearest_share_pct", "destinations_nearest"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Membership:
    """Which small areas make up which neighbourhood, and how much each counts.

    Attributes
    ----------
    neighbourhood_codes
        All neighbourhoods, sorted.
    member
        int64[n]; index of each small area's neighbourhood, -1 for none.
    weight
        float64[n]; population; ones within neighbourhoods whose population is unknown or zero.
    """

    neighbourhood_codes: list[str]
    member: NDArray[np.int64]
    weight: F64


def build_membership(small_areas: pd.DataFrame, neighbourhood_codes: list[str]) -> Membership:
    """Work out the weights of small areas within neighbourhoods.

    Parameters
    ----------
    small_areas
        ``core_places__small_area``.
    neighbourhood_codes
        All neighbourhoods, in the order of the result.

    Returns
    -------
    Membership
        Small areas without a population weigh nothing beside others that have one.
    """
    index = {code: i for i, code in enumerate(neighbourhood_codes)}
    member = np.array([index.get(code, -1) for code in small_areas["neighbourhood_code"]], dtype=np.int64)
    weight = small_areas["population"].fillna(0.0).to_numpy(dtype=np.float64, copy=True)
    totals = np.bincount(member[member >= 0], weights=weight[member >= 0], minlength=len(neighbourhood_codes))
    is_empty = (member >= 0) & (totals[member] <= 0)
    weight[is_empty] = 1.0
    return Membership(neighbourhood_codes, member, weight)


def compute_weighted_mean(values: F64, membership: Membership) -> tuple[F64, F64]:
    """Average a column over the small areas of each neighbourhood.

    Parameters
    ----------
    values
        float64[n]; NaN for null.
    membership
        Weights.

    Returns
    -------
    mean : float64[n_neighbourhoods]
        Over the small areas with a value, weighted by people; NaN where more than half of the people have none.
    without_pct : float64[n_neighbourhoods]
        Share of people without a value, %; NaN where there is no small area.
    """
    n = len(membership.neighbourhood_codes)
    inside = membership.member >= 0
    member, weight, value = membership.member[inside], membership.weight[inside], values[inside]
    has_value = np.isfinite(value)
    total = np.bincount(member, weights=weight, minlength=n)
    known = np.bincount(member[has_value], weights=weight[has_value], minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(member[has_value], weights=(weight * value)[has_value], minlength=n) / known
        without = 100.0 * (1.0 - known / total)
    without = np.where(total > 0, np.clip(without, 0.0, 100.0), np.nan)
    # sums of shares come out as 100.00000000000001: micro-units are beyond any meaning here
    return np.where((known > 0) & (without <= 50.0), np.round(mean, 6), np.nan), np.round(without, 6)


def build_neighbourhood_times(
    table: pd.DataFrame, shares: NDArray[np.int32], membership: Membership, result: NearestResult
) -> pd.DataFrame:
    """Average small areas into neighbourhoods.

    Parameters
    ----------
    table, shares
        From :func:`build_small_area_times`.
    membership
        Which small area belongs where, and its weight.
    result
        The routing result, for names of destinations.

    Returns
    -------
    pandas.DataFrame
        Columns of ``out_neighbourhood__travel_time`` without snapshot, category, window, direction and mode set.
    """
    n = len(membership.neighbourhood_codes)
    columns: dict[str, F64] = {}
    for name in MEAN_COLUMNS:
        columns[name], without = compute_weighted_mean(table[name].to_numpy(dtype=np.float64), membership)
        if name in WITHOUT_COLUMNS:
            columns[WITHOUT_COLUMNS[name]] = without
    frame = pd.DataFrame({"neighbourhood_code": membership.neighbourhood_codes, **columns})
    inside = membership.member >= 0
    member = membership.member[inside]
    frame["n_small_areas"] = np.bincount(member, minlength=n)
    weighted = np.zeros((n, shares.shape[1]))
    np.add.at(weighted, member, shares[inside] * membership.weight[inside, None])
    frame = frame.join(describe_nearest(weighted, result.destination_ids, result.destination_names))
    frame["reason"] = choose_reasons(
        frame["travel_time_p50_s"].to_numpy(), table["reason"].to_numpy(dtype=object), membership
    )
    return frame


def choose_reasons(value: F64, reason: NDArray[np.object_], membership: Membership) -> NDArray[np.object_]:
    """Give each neighbourhood without a value the reason that holds for most of its people.

    Parameters
    ----------
    value
        float64[n_neighbourhoods]; NaN for null.
    reason
        object[n]; reason of each small area, None where it has a value.
    membership
        Weights.

    Returns
    -------
    object[n_neighbourhoods]
        None where there is a value; ``no_street`` where there is no small area at all.
    """
    n = len(value)
    people = np.zeros((n, len(REASON_ORDER)))
    for number, name in enumerate(REASON_ORDER):
        mine = (membership.member >= 0) & (reason == name)
        people[:, number] = np.bincount(membership.member[mine], weights=membership.weight[mine], minlength=n)
    chosen: NDArray[np.object_] = np.array(REASON_ORDER, dtype=object)[people.argmax(axis=1)]
    chosen[people.sum(axis=1) == 0] = "no_street"
    chosen[np.isfinite(value)] = None
    return chosen
