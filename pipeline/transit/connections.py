"""Connections (rides between consecutive stops) and the stops' patterns, derived from the pattern arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.transit.patterns import Patterns

Arrays = dict[str, NDArray[np.int32] | NDArray[np.uint8]]


def build_connections(patterns: Patterns) -> Arrays:
    """Derive the connections, sorted by departure and, at equal departures, by position in the trip.

    Parameters
    ----------
    patterns
        The patterns.

    Returns
    -------
    dict of arrays
        ``con_*`` of `PackedNetwork`.
    """
    n_trips = patterns.trip_pattern.shape[0]
    start = patterns.trip_time_indptr.astype(np.int64)
    length = np.diff(start)
    trip = np.repeat(np.arange(n_trips), length)
    position = np.arange(start[-1]) - start[trip]
    is_last = position == length[trip] - 1
    trip, position = trip[~is_last], position[~is_last]
    call = start[trip] + position
    dep = patterns.trip_dep_s[call].astype(np.int64)
    order = np.lexsort((call, position, dep))
    trip, position, call = trip[order], position[order], call[order]
    pattern_call = patterns.pattern_indptr[patterns.trip_pattern[trip]] + position
    return {
        "con_dep_stop": patterns.pattern_stop[pattern_call],
        "con_arr_stop": patterns.pattern_stop[pattern_call + 1],
        "con_dep_s": patterns.trip_dep_s[call],
        "con_arr_s": patterns.trip_arr_s[call + 1],
        "con_trip": trip.astype(np.int32),
        "con_call": call.astype(np.int32),
        "con_can_board": patterns.pattern_can_board[pattern_call],
        "con_can_alight": patterns.pattern_can_alight[pattern_call + 1],
    }
