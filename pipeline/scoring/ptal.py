"""Public transport access levels as Transport for London defines them: how near and how frequent services are.

Source: Transport for London, "Assessing transport connectivity in London" (2015), section 2.5.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

WALK_M_PER_MIN: Final = 80.0
"""4.8 km/h."""
FIRST_S, LAST_S = 8 * 3600 + 15 * 60, 9 * 3600 + 15 * 60
"""The hour whose departures count, the first second included and the last excluded."""
MODES: Final[dict[str, tuple[str, float, float]]] = {
    "bus": ("bus", 640.0, 2.0),
    "coach": ("bus", 640.0, 2.0),
    "rail": ("rail", 960.0, 0.75),
    "metro": ("metro", 960.0, 0.75),
    "tram": ("tram", 960.0, 0.75),
}
"""Mode to the mode it counts as, its farthest stop (metres) and what unreliability adds to a wait (minutes)."""
BANDS: Final = ("0", "1a", "1b", "2", "3", "4", "5", "6a", "6b")
_UPPER: Final = np.array([0.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 40.0])


def compute_access_index(departures: pl.DataFrame, walks: pl.DataFrame, n_origins: int) -> NDArray[np.float64]:
    """Compute the access index of every origin.

    A route's total access time is the walk to the stop and half the headway there (in the direction with more
    departures) and the allowance for unreliability, at the stop where that is least; its equivalent doorstep frequency
    is 30 over it. The best route of a mode counts in full, each other one half; modes are added up.

    Parameters
    ----------
    departures
        One row a departure of the hour: stop, route, towards (the next stop), mode. Modes without an entry in
        :data:`MODES` do not count.
    walks
        origin, stop, metres.
    n_origins
        Number of origins; those without a row have 0.

    Returns
    -------
    numpy.ndarray
        f64[n_origins].
    """
    rules = pl.DataFrame(
        [(mode, *rule) for mode, rule in MODES.items()],
        schema={"mode": pl.String, "counted_as": pl.String, "max_m": pl.Float64, "unreliable_min": pl.Float64},
        orient="row",
    )
    frequency = (
        departures.join(rules, on="mode")
        .group_by("stop", "route", "towards", "counted_as", "max_m", "unreliable_min")
        .agg(pl.len().alias("per_hour"))
        .group_by("stop", "route", "counted_as", "max_m", "unreliable_min")
        .agg(pl.col("per_hour").max())
    )
    access_min = pl.col("metres") / WALK_M_PER_MIN + 30.0 / pl.col("per_hour") + pl.col("unreliable_min")
    routes = (
        walks.join(frequency, on="stop")
        .filter(pl.col("metres") <= pl.col("max_m"))
        .group_by("origin", "counted_as", "route")
        .agg((30.0 / access_min.min()).alias("edf"))
    )
    sums = (
        routes.group_by("origin", "counted_as")
        .agg((0.5 * pl.col("edf").sort().sum() + 0.5 * pl.col("edf").max()).alias("index"))
        .group_by("origin")
        .agg(pl.col("index").sort().sum())
    )
    index = np.zeros(n_origins)
    index[sums["origin"].to_numpy()] = sums["index"].to_numpy()
    return index


def classify_ptal(index: NDArray[np.float64]) -> list[str | None]:
    """Give the band of every access index.

    Parameters
    ----------
    index
        Not negative; NaN where unknown.

    Returns
    -------
    list of (str or None)
        ``0`` (no service in reach), ``1a`` (up to 2.5), ``1b`` (5), ``2`` (10), ``3`` (15), ``4`` (20), ``5`` (25),
        ``6a`` (40) and ``6b``; by the index rounded to two decimals, but never ``0`` with any service.
    """
    rounded = np.where(index > 0, np.maximum(np.round(index, 2), 0.01), index)
    places = np.searchsorted(_UPPER, rounded, side="left")
    return [None if np.isnan(value) else BANDS[place] for value, place in zip(index, places, strict=True)]
