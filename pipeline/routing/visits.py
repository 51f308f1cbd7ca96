"""Out and back: leave home, stay somewhere for a while, be home the same day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.routing.kernels import F64, I32, INF
from pipeline.routing.visit_kernels import improve_visits
from pipeline.routing.window import DepartureWindow, compute_ranks


@dataclass(frozen=True)
class VisitPlan:
    """When a stay may begin, how long it takes, and within which day it has to fit.

    Attributes
    ----------
    begins_s
        int32[n_begins], rising; each a possible beginning of the stay, seconds of the network's day.
    stay_s
        Length of the stay.
    leave_after_s
        First minute at which one may leave home.
    home_by_s
        Latest arrival at home.
    cap_s
        Longest journey that counts, each way; waiting before the stay begins and after it ends is not part of it.
    """

    begins_s: I32
    stay_s: int
    leave_after_s: int
    home_by_s: int
    cap_s: int

    def __post_init__(self) -> None:
        """Check the numbers; raises ValueError."""
        if self.begins_s.size == 0 or bool(np.any(np.diff(self.begins_s) <= 0)):
            raise ValueError("the beginnings of a stay must rise, and there must be one")
        if not 0 <= self.leave_after_s <= int(self.begins_s[0]):
            raise ValueError("one must be able to leave home before the first beginning, on the same day")
        if self.stay_s < 0 or int(self.begins_s[0]) + self.stay_s > self.home_by_s:
            raise ValueError("the stay does not end before one has to be home")

    @property
    def outward(self) -> DepartureWindow:
        """Departures from home: every minute up to the last beginning."""
        n_minutes = (int(self.begins_s[-1]) - self.leave_after_s) // 60 + 1
        return DepartureWindow(self.leave_after_s, n_minutes, self.cap_s)

    @property
    def back(self) -> DepartureWindow:
        """Departures from the destination: every full minute from the end of the first stay on."""
        start_s = -(-(int(self.begins_s[0]) + self.stay_s) // 60) * 60
        return DepartureWindow(start_s, max(1, (self.home_by_s - start_s) // 60 + 1), self.cap_s)


@dataclass(frozen=True)
class OutAndBack:
    """The visits that are possible: one row an origin, one column a beginning of the stay.

    Attributes
    ----------
    leave_s, home_s
        int32[n_origins, n_begins]; when one leaves home and is there again; -1 where the visit is not possible.
    destination
        int32[n_origins, n_begins]; the destination that takes least time in all, -2 for none.
    """

    leave_s: I32
    home_s: I32
    destination: I32

    @property
    def time_away_s(self) -> I32:
        """int32[n_origins, n_begins]; from leaving home to being there again, -1 where the visit is not possible."""
        return np.where(self.leave_s < 0, -1, self.home_s - self.leave_s).astype(np.int32)

    @property
    def usable_pct(self) -> F64:
        """float64[n_origins]; share of the beginnings for which the visit is possible."""
        usable: F64 = 100.0 * np.mean(self.leave_s >= 0, axis=1)
        return usable

    def compute_percentile(self, percentile: float) -> I32:
        """Return a percentile of the time away over the beginnings, impossible ones counting as infinite.

        Parameters
        ----------
        percentile
            Nearest rank; 0 for the least.

        Returns
        -------
        int32[n_origins]
            -1 where it is infinite.
        """
        away = self.time_away_s
        rank = int(compute_ranks([percentile], away.shape[1])[0])
        value = np.sort(np.where(away < 0, INF, away), axis=1)[:, rank]
        return np.where(value >= INF, -1, value).astype(np.int32)


def compute_out_and_back(journeys: Iterable[tuple[I32, I32]], plan: VisitPlan, *, n_origins: int) -> OutAndBack:
    """Find, for every beginning of a stay, the visit that takes least time away from home.

    For each destination: the latest departure from home that arrives by the beginning, and the earliest arrival at home
    of all departures at full minutes after the end; waiting at either side counts as time away. One comes home from the
    destination that one went to.

    Parameters
    ----------
    journeys
        For each destination the travel times there for the minutes of `plan.outward`, and home for those of
        `plan.back`: int32[n_origins, n_minutes], -1 for no journey within the cap.
    plan
        The stay.
    n_origins
        Number of origins.

    Returns
    -------
    OutAndBack
        Ties go to the lowest destination.

    Raises
    ------
    ValueError
        If travel times do not fit the plan.
    """
    shape = (n_origins, plan.begins_s.shape[0])
    found = OutAndBack(np.full(shape, -1, np.int32), np.full(shape, -1, np.int32), np.full(shape, -2, np.int32))
    wanted = [(n_origins, window.n_minutes) for window in (plan.outward, plan.back)]
    for number, (outward_s, back_s) in enumerate(journeys):
        if [outward_s.shape, back_s.shape] != wanted:
            raise ValueError(f"travel times of shapes {wanted} expected, not {[outward_s.shape, back_s.shape]}")
        improve_visits(
            np.ascontiguousarray(outward_s),
            plan.outward.start_s,
            np.ascontiguousarray(back_s),
            plan.back.start_s,
            plan.begins_s,
            plan.stay_s,
            plan.home_by_s,
            number,
            found.leave_s,
            found.home_s,
            found.destination,
        )
    return found
