"""Kernels of out-and-back journeys."""

from __future__ import annotations

import numpy as np

from pipeline.routing.kernels import I32, INF, kernel


@kernel
def _find_latest(taken_s: I32, start_s: int, begins_s: I32, latest: I32) -> None:
    """Latest departure that arrives by each beginning, -1 for none."""
    latest[:] = -1
    for m in range(taken_s.shape[0]):
        leave = start_s + 60 * m
        if taken_s[m] >= 0:
            slot = np.searchsorted(begins_s, leave + taken_s[m])
            if slot < latest.shape[0]:
                latest[slot] = max(latest[slot], leave)
    for j in range(1, latest.shape[0]):
        latest[j] = max(latest[j], latest[j - 1])


@kernel
def _find_earliest(taken_s: I32, start_s: int, begins_s: I32, stay_s: int, home_by_s: int, earliest: I32) -> None:
    """Earliest arrival at home, in time, of departures after the end of each stay, `INF` for none."""
    earliest[:] = INF
    for m in range(taken_s.shape[0]):
        leave = start_s + 60 * m
        if taken_s[m] >= 0 and leave + taken_s[m] <= home_by_s:
            slot = np.searchsorted(begins_s, leave - stay_s + 1) - 1
            if slot >= 0:
                earliest[slot] = min(earliest[slot], leave + taken_s[m])
    for j in range(earliest.shape[0] - 2, -1, -1):
        earliest[j] = min(earliest[j], earliest[j + 1])


@kernel
def improve_visits(
    outward_s: I32,
    outward_start_s: int,
    back_s: I32,
    back_start_s: int,
    begins_s: I32,
    stay_s: int,
    home_by_s: int,
    number: int,
    leave_s: I32,
    home_s: I32,
    destination: I32,
) -> None:
    """Enter one destination into the best visits so far, [origin, begin]; -1 in `leave_s` where there is none.

    The latest departure that arrives before the stay begins, and the earliest arrival at home of those that leave after
    it ends. A destination replaces another one if the time away is less.
    """
    n_origins, n_begins = leave_s.shape
    latest = np.empty(n_begins, np.int32)
    earliest = np.empty(n_begins, np.int32)
    for o in range(n_origins):
        _find_latest(outward_s[o], outward_start_s, begins_s, latest)
        _find_earliest(back_s[o], back_start_s, begins_s, stay_s, home_by_s, earliest)
        for j in range(n_begins):
            if latest[j] < 0 or earliest[j] >= INF:
                continue
            if leave_s[o, j] < 0 or earliest[j] - latest[j] < home_s[o, j] - leave_s[o, j]:
                leave_s[o, j] = latest[j]
                home_s[o, j] = earliest[j]
                destination[o, j] = number
