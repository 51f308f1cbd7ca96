"""Departure windows and statistics over their minutes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.routing.kernels import F64, I32, INF
from pipeline.routing.reduce_kernels import summarise

PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class DepartureWindow:
    """Every departure minute from a first one on, and the longest journey that counts.

    Attributes
    ----------
    start_s
        First departure, seconds of the network's day.
    n_minutes
        Number of departures, one a minute; 1 for a single departure.
    cap_s
        Longest journey that counts, door to door.
    """

    start_s: int
    n_minutes: int
    cap_s: int

    def __post_init__(self) -> None:
        """Check the numbers; raises ValueError."""
        if self.n_minutes < 1 or self.cap_s < 0:
            raise ValueError("a window has at least one minute and a cap of at least 0 s")
        if not abs(self.start_s) + 60 * self.n_minutes + self.cap_s < INF // 2:
            raise ValueError("the window reaches too far")

    @property
    def last_s(self) -> int:
        """Last departure."""
        return self.start_s + 60 * (self.n_minutes - 1)

    @property
    def latest_s(self) -> int:
        """Latest arrival that can count."""
        return self.last_s + self.cap_s


def build_window(start_s: int, end_s: int, *, cap_s: int) -> DepartureWindow:
    """Build the window of every minute from a start (included) to an end (excluded).

    Parameters
    ----------
    start_s, end_s
        Seconds of the network's day.
    cap_s
        Longest journey that counts.

    Returns
    -------
    DepartureWindow
        The window.
    """
    return DepartureWindow(start_s, -((start_s - end_s) // 60), cap_s)


def compute_ranks(percentiles: Sequence[float], n: int) -> I32:
    """Return the nearest ranks of percentiles.

    Parameters
    ----------
    percentiles
        In [0, 100].
    n
        Number of values, unreachable ones included.

    Returns
    -------
    int32 array
        0-based positions in the sorted values: the smallest value that at least p % of all values do not exceed.

    Raises
    ------
    ValueError
        If a percentile lies outside its range.
    """
    if any(not 0 <= p <= 100 for p in percentiles):
        raise ValueError(f"percentiles lie between 0 and 100: {list(percentiles)}")
    return np.array([max(math.ceil(p * n / 100) - 1, 0) for p in percentiles], dtype=np.int32)


@dataclass(frozen=True)
class WindowStatistics:
    """Statistics over the minutes of a window, one value a row; -1 (NaN for the mean) stands for null.

    Attributes
    ----------
    mean_s
        float64[n]; mean over the minutes with a journey.
    percentile_s
        int32[n, n_percentiles]; nearest rank, minutes without a journey counting as infinite.
    reachable_pct
        float64[n]; share of the minutes with a journey within the cap.
    first_departure_s, last_departure_s
        int32[n]; first and last minute with a journey.
    longest_gap_s
        int32[n]; longest time between successive *useful* departures, the start of the window counting as one. A minute
        is useful if leaving a minute later means arriving later, or not at all, or lies outside the window. Where
        walking all the way is quickest every minute is useful.
    """

    mean_s: F64
    percentile_s: I32
    reachable_pct: F64
    first_departure_s: I32
    last_departure_s: I32
    longest_gap_s: I32


def compute_statistics(
    travel_time_s: I32, window: DepartureWindow, *, percentiles: Sequence[float] = PERCENTILES
) -> WindowStatistics:
    """Summarise travel times over the minutes of a window.

    Parameters
    ----------
    travel_time_s
        int32[n, n_minutes]; -1 for no journey within the cap.
    window
        The window.
    percentiles
        Which percentiles.

    Returns
    -------
    WindowStatistics
        One value a row.

    Raises
    ------
    ValueError
        If the shape does not fit the window.
    """
    if travel_time_s.ndim != 2 or travel_time_s.shape[1] != window.n_minutes:
        raise ValueError(f"{window.n_minutes} minutes expected, not an array of shape {travel_time_s.shape}")
    n = travel_time_s.shape[0]
    mean_s = np.empty(n)
    percentile_s = np.empty((n, len(percentiles)), np.int32)
    whole = np.empty((n, 4), np.int32)
    ranks = compute_ranks(percentiles, window.n_minutes)
    summarise(np.ascontiguousarray(travel_time_s), window.start_s, ranks, mean_s, percentile_s, whole)
    return WindowStatistics(
        mean_s=mean_s,
        percentile_s=percentile_s,
        reachable_pct=100.0 * whole[:, 0] / window.n_minutes,
        first_departure_s=whole[:, 1].copy(),
        last_departure_s=whole[:, 2].copy(),
        longest_gap_s=whole[:, 3].copy(),
    )


def compute_shares(destination: I32, n_destinations: int) -> I32:
    """Count in how many minutes each destination is the nearest.

    Parameters
    ----------
    destination
        int32[n, n_minutes]; nearest destination, negative for none.
    n_destinations
        Number of destinations.

    Returns
    -------
    int32[n, n_destinations]
        Minutes.
    """
    n = destination.shape[0]
    row, minute = np.nonzero(destination >= 0)
    key = row.astype(np.int64) * n_destinations + destination[row, minute]
    return np.bincount(key, minlength=n * n_destinations).reshape(n, n_destinations).astype(np.int32)
