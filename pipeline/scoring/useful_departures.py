"""A whole departure window in a few numbers: the journeys worth leaving for, from which every minute follows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.routing.window import DepartureWindow
from pipeline.scoring.travel_time import Membership, NearestResult

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


def choose_representatives(membership: Membership, is_linked: NDArray[np.bool_]) -> I64:
    """Choose the small area that stands for each neighbourhood: of those joined to the streets the most populous.

    Parameters
    ----------
    membership
        Which small area belongs where, and its people.
    is_linked
        bool[n]; whether each small area is joined to the streets.

    Returns
    -------
    int64[n_neighbourhoods]
        Row of the small area, the first of equals; the most populous of all where none is joined; -1 where there is
        none.
    """
    chosen = np.full(len(membership.neighbourhood_codes), -1, dtype=np.int64)
    inside = np.flatnonzero(membership.member >= 0)
    order = np.lexsort((inside, -membership.weight[inside], ~is_linked[inside]))
    for row in inside[order][::-1]:
        chosen[membership.member[row]] = row
    return chosen


def find_useful_departures(times_s: I32, walk_s: int, window: DepartureWindow, *, is_mirrored: bool = False) -> I64:
    """Find the journeys of a window that are worth leaving for.

    A minute is useful if leaving a minute later means arriving later, or not at all, and walking all the way takes
    longer; the last minute of the window is too if it has such a journey, though that journey may leave later still.

    Parameters
    ----------
    times_s
        int32[n_minutes]; travel time for every departure minute, -1 for none.
    walk_s
        Walking all the way, -1 beyond the cap.
    window
        The window; of deadlines where `is_mirrored`, whose minutes then run backwards in `times_s`.
    is_mirrored
        Whether the minutes are deadlines.

    Returns
    -------
    int64[k, 2]
        Departure and arrival, seconds of the service day, in order of time. :func:`rebuild_minutes` gives the minutes
        back.
    """
    minute = 60 * np.arange(len(times_s), dtype=np.int64)
    has = (times_s >= 0) & ((walk_s < 0) | (times_s < walk_s))
    arrival = np.where(times_s >= 0, minute + times_s, np.iinfo(np.int64).max)
    is_last = np.append(arrival[1:] > arrival[:-1], [True])
    at = np.flatnonzero(has & is_last)
    if not is_mirrored:
        return np.column_stack([window.start_s + minute[at], window.start_s + arrival[at]])
    return np.column_stack([window.last_s - arrival[at], window.last_s - minute[at]])[::-1]


def rebuild_minutes(
    journeys: I64, walk_s: int, window: DepartureWindow, *, is_deadline: bool = False
) -> NDArray[np.int64]:
    """Give back the travel time of every minute of a window.

    Parameters
    ----------
    journeys
        int64[k, 2]; from :func:`find_useful_departures`.
    walk_s
        Walking all the way, -1 beyond the cap.
    window
        The window, with the longest journey that counts.
    is_deadline
        Whether the minutes are deadlines: the latest journey that arrives by then counts, the wait at its end included.

    Returns
    -------
    int64[n_minutes]
        Seconds, in order of time; -1 for no journey within the cap.
    """
    minute = window.start_s + 60 * np.arange(window.n_minutes, dtype=np.int64)
    none = np.iinfo(np.int64).max
    times = np.full(window.n_minutes, none)
    if len(journeys):
        if is_deadline:
            at = np.searchsorted(journeys[:, 1], minute, side="right") - 1
            found = minute - journeys[np.maximum(at, 0), 0]
            times = np.where(at >= 0, found, none)
        else:
            at = np.searchsorted(journeys[:, 0], minute, side="left")
            found = journeys[np.minimum(at, len(journeys) - 1), 1] - minute
            times = np.where(at < len(journeys), found, none)
    if walk_s >= 0:
        times = np.minimum(times, walk_s)
    return np.where(times <= window.cap_s, times, -1)


def build_useful_departures(result: NearestResult, membership: Membership, small_area_codes: list[str]) -> pd.DataFrame:
    """Build the rows of a case, one a neighbourhood.

    Parameters
    ----------
    result
        What routing found.
    membership
        Which small area belongs where.
    small_area_codes
        Of all small areas.

    Returns
    -------
    pandas.DataFrame
        Columns of ``out_neighbourhood__useful_departure`` without its keys; neighbourhoods without any small area are
        left out.
    """
    window, walk = result.window, result.walk.seconds
    chosen = choose_representatives(membership, result.is_linked)
    inside = membership.member >= 0
    member, weight = membership.member[inside], membership.weight[inside]
    totals = np.bincount(member, weights=weight, minlength=len(chosen))
    unlinked = np.bincount(member, weights=weight * ~result.is_linked[inside], minlength=len(chosen))
    rows = []
    for number, at in enumerate(chosen.tolist()):
        if at < 0:
            continue
        times = result.times.travel_time_s[at]
        journeys = find_useful_departures(times, int(walk[at]), window, is_mirrored=result.is_mirrored)
        rows.append(
            {
                "neighbourhood_code": membership.neighbourhood_codes[number],
                "small_area_code": small_area_codes[at],
                "people_pct": round(float(100.0 * membership.weight[at] / totals[number]), 6),
                "people_unlinked_pct": round(float(100.0 * unlinked[number] / totals[number]), 6),
                "window_start_s": window.start_s,
                "window_minutes": window.n_minutes,
                "cap_s": window.cap_s,
                "minutes_with_journey": int((times >= 0).sum()),
                "walk_time_s": float(walk[at]) if walk[at] >= 0 else np.nan,
                "journeys": json.dumps(journeys.tolist(), separators=(",", ":")),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = (
    "neighbourhood_code",
    "small_area_code",
    "people_pct",
    "people_unlinked_pct",
    "window_start_s",
    "window_minutes",
    "cap_s",
    "minutes_with_journey",
    "walk_time_s",
    "journeys",
)
