"""Parts of a packed network: some modes, a span of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.transit.build import assemble_network
from pipeline.transit.packed import BYTE_FIELDS, MODES, PackedNetwork, build_row_starts
from pipeline.transit.patterns import Patterns


def compute_mode_mask(modes: Iterable[str]) -> int:
    """Return the bit mask of some modes.

    Parameters
    ----------
    modes
        Names in `pipeline.transit.packed.MODES`.

    Returns
    -------
    int
        One bit a mode.

    Raises
    ------
    ValueError
        If a mode is unknown.
    """
    mask = 0
    for mode in modes:
        if mode not in MODES:
            raise ValueError(f"{mode!r} is not a mode; there are {', '.join(MODES)}")
        mask |= 1 << MODES.index(mode)
    return mask


def filter_network(
    network: PackedNetwork, *, mode_mask: int | None = None, horizon_s: tuple[int, int] | None = None
) -> PackedNetwork:
    """Keep the trips of some modes, or those that run within a span of time.

    Parameters
    ----------
    network
        The network.
    mode_mask
        Modes to keep (`compute_mode_mask`); None for all.
    horizon_s
        Keep trips that run, at least partly, between these two times; None for all. Trips are kept or dropped whole.

    Returns
    -------
    PackedNetwork
        The smaller network: same stops, footpaths and legs, trips and patterns renumbered.
    """
    keep = np.ones(network.n_trips, dtype=bool)
    if mode_mask is not None:
        keep &= ((mode_mask >> network.trip_mode.astype(np.int64)) & 1) == 1
    if horizon_s is not None:
        first = network.trip_dep_s[network.trip_time_indptr[:-1]]
        last = network.trip_arr_s[network.trip_time_indptr[1:] - 1]
        keep &= (last >= horizon_s[0]) & (first <= horizon_s[1])
    if bool(keep.all()):
        return network
    return keep_trips(network, keep)


def keep_trips(network: PackedNetwork, keep: NDArray[np.bool_]) -> PackedNetwork:
    """Keep the trips of a mask.

    Parameters
    ----------
    network
        The network.
    keep
        bool[n_trips].

    Returns
    -------
    PackedNetwork
        The smaller network; patterns without trips go.
    """
    kept_trip = np.flatnonzero(keep)
    used, trip_pattern = np.unique(network.trip_pattern[kept_trip], return_inverse=True)
    pattern_call, pattern_indptr = _gather_rows(network.pattern_indptr, used)
    trip_call, trip_indptr = _gather_rows(network.trip_time_indptr, kept_trip)
    patterns = Patterns(
        pattern_indptr=pattern_indptr,
        pattern_stop=network.pattern_stop[pattern_call],
        pattern_can_board=network.pattern_can_board[pattern_call],
        pattern_can_alight=network.pattern_can_alight[pattern_call],
        pattern_trip_indptr=build_row_starts(trip_pattern, used.shape[0]),
        trip_pattern=trip_pattern.astype(np.int32),
        trip_source=network.trip_source[kept_trip],
        trip_day_offset=network.trip_day_offset[kept_trip],
        trip_route=network.trip_route[kept_trip],
        trip_mode=network.trip_mode[kept_trip],
        trip_wheelchair=network.trip_wheelchair[kept_trip],
        trip_time_indptr=trip_indptr,
        trip_arr_s=network.trip_arr_s[trip_call],
        trip_dep_s=network.trip_dep_s[trip_call],
    )
    return assemble_network(
        patterns,
        footpaths={
            field.name: getattr(network, field.name)
            for field in fields(network)
            if field.name.startswith("foot_") or field.name == "stop_change_s"
        },
        access={"indptr": network.access_indptr, "target": network.access_stop, "seconds": network.access_s},
        egress={"indptr": network.egress_indptr, "target": network.egress_dest, "seconds": network.egress_s},
    )


def keep_accessible(network: PackedNetwork, is_accessible: NDArray[np.bool_]) -> PackedNetwork:
    """Keep trips that the feed says take a wheelchair, and boarding and alighting at stops that it says are accessible.

    Parameters
    ----------
    network
        The network.
    is_accessible
        bool[n_stops]; unknown counts as not accessible.

    Returns
    -------
    PackedNetwork
        The smaller network: same stops, footpaths and legs; a trip passes the other stops without opening its doors.
    """
    kept = keep_trips(network, network.trip_wheelchair == 1)
    ends = [is_accessible[stop].astype(np.uint8) for stop in (kept.con_dep_stop, kept.con_arr_stop, kept.pattern_stop)]
    return replace(
        kept,
        con_can_board=kept.con_can_board * ends[0],
        con_can_alight=kept.con_can_alight * ends[1],
        pattern_can_board=kept.pattern_can_board * ends[2],
        pattern_can_alight=kept.pattern_can_alight * ends[2],
    )


def _gather_rows(indptr: NDArray[np.int32], rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Items of some rows of a sparse matrix, and the row starts of the result."""
    length = (indptr[1:] - indptr[:-1])[rows].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(length)])
    items = np.repeat(indptr[:-1][rows] - starts[:-1], length) + np.arange(starts[-1])
    return items, starts.astype(np.int32)


def build_empty_network(n_origins: int) -> PackedNetwork:
    """Build a network without any public transport, so that everybody goes all the way by themselves.

    Parameters
    ----------
    n_origins
        Number of origins.

    Returns
    -------
    PackedNetwork
        One stop that nothing and nobody reaches.
    """
    lengths = {"access_indptr": n_origins + 1}
    rows = {"pattern_indptr", "pattern_trip_indptr", "trip_time_indptr"}
    by_stop = {"foot_indptr", "foot_t_indptr", "egress_indptr"}
    lengths |= dict.fromkeys(rows, 1) | dict.fromkeys(by_stop, 2) | {"stop_change_s": 1}
    arrays: dict[str, Any] = {
        field.name: np.zeros(lengths.get(field.name, 0), np.uint8 if field.name in BYTE_FIELDS else np.int32)
        for field in fields(PackedNetwork)
    }
    return PackedNetwork(**arrays)
