"""The mirrored network: time runs backwards, so that a question about arrivals becomes one about departures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.transit.build import assemble_network
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.patterns import Patterns

I64 = NDArray[np.int64]


def mirror_network(network: PackedNetwork) -> PackedNetwork:
    """Turn time round: an arrival at `t` becomes a departure at `-t`, and every journey runs the other way.

    A journey from an origin that leaves at `a` and is at the destination at `b` is, in the mirrored network, a journey
    from the destination that leaves at `-b` and is at the origin at `-a`: the same rides, changes and walks in the
    opposite order. The *latest departure* that arrives by a deadline there is an *earliest arrival* here.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    PackedNetwork
        Same stops, origins and destinations (walks take as long both ways); trips and their calls in reverse order, the
        changes between stops transposed. Mirrored twice it is the network itself.
    """
    pattern_call = _reverse_rows(network.pattern_indptr)
    trip = _reverse_rows(network.pattern_trip_indptr)
    starts = network.trip_time_indptr.astype(np.int64)
    length = np.diff(starts)[trip]
    ends = np.concatenate([[0], np.cumsum(length)])
    call = np.repeat(starts[1:][trip] - 1 + ends[:-1], length) - np.arange(ends[-1])
    patterns = Patterns(
        pattern_indptr=network.pattern_indptr,
        pattern_stop=network.pattern_stop[pattern_call],
        pattern_can_board=network.pattern_can_alight[pattern_call],
        pattern_can_alight=network.pattern_can_board[pattern_call],
        pattern_trip_indptr=network.pattern_trip_indptr,
        trip_pattern=network.trip_pattern[trip],
        trip_source=network.trip_source[trip],
        trip_day_offset=network.trip_day_offset[trip],
        trip_route=network.trip_route[trip],
        trip_mode=network.trip_mode[trip],
        trip_wheelchair=network.trip_wheelchair[trip],
        trip_time_indptr=ends.astype(np.int32),
        trip_arr_s=-network.trip_dep_s[call],
        trip_dep_s=-network.trip_arr_s[call],
    )
    return assemble_network(
        patterns,
        footpaths={
            "foot_indptr": network.foot_t_indptr,
            "foot_stop": network.foot_t_stop,
            "foot_s": network.foot_t_s,
            "foot_t_indptr": network.foot_indptr,
            "foot_t_stop": network.foot_stop,
            "foot_t_s": network.foot_s,
            "stop_change_s": network.stop_change_s,
        },
        access={"indptr": network.access_indptr, "target": network.access_stop, "seconds": network.access_s},
        egress={"indptr": network.egress_indptr, "target": network.egress_dest, "seconds": network.egress_s},
    )


def _reverse_rows(indptr: NDArray[np.int32]) -> I64:
    """Return the indices that reverse the items of every row of a sparse matrix, the rows staying where they are."""
    starts = indptr.astype(np.int64)
    items = np.arange(starts[-1])
    row = np.repeat(np.arange(starts.shape[0] - 1), np.diff(starts))
    reversed_items: I64 = starts[row] + starts[row + 1] - 1 - items
    return reversed_items
