"""The packed network: everything that routing reads, as flat arrays, one ``.npy`` file each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

NEVER_S = 2**30
"""A change that is forbidden takes this long; also 'infinite' in the kernels (two of them still fit in int32)."""

MODES = ("bus", "coach", "rail", "tram", "metro", "ferry", "other")
"""Position in this tuple is the number of a mode in ``trip_mode`` and its bit in a mode mask."""


@dataclass(frozen=True)
class PackedNetwork:
    """One service day's public transport with its walking legs; all int32 unless stated.

    Times are seconds since the day's noon minus 12 h, those of trips of other service days too.

    Attributes
    ----------
    con_dep_stop, con_arr_stop, con_dep_s, con_arr_s, con_trip
        [n_connections] rides between consecutive stops of a trip, sorted by departure and then by position in the trip,
        so that a scan from the last to the first meets the later of two connections of one trip and time first.
    con_call
        [n_connections] index of the departure call in ``trip_arr_s`` and ``trip_dep_s``.
    con_can_board, con_can_alight
        uint8[n_connections] pick-up at the departure stop, drop-off at the arrival stop.
    pattern_indptr
        [n_patterns + 1] calls of each pattern.
    pattern_stop, pattern_can_board, pattern_can_alight
        [calls] stop and (uint8) pick-up and drop-off.
    pattern_trip_indptr
        [n_patterns + 1] trips of each pattern; they are numbered in order and never overtake one another.
    trip_pattern, trip_source, trip_day_offset, trip_route
        [n_trips] pattern, ``trip_index`` of the timetable, service day relative to the network's day, route.
    trip_mode, trip_wheelchair
        uint8[n_trips] number of the mode in `MODES`, ``wheelchair_accessible`` of the feed.
    trip_time_indptr
        [n_trips + 1] calls of each trip.
    trip_arr_s, trip_dep_s
        [calls of trips] arrivals and departures, trip by trip.
    foot_indptr, foot_stop, foot_s
        [n_stops + 1], [m], [m] changes to other stops, interchange included.
    foot_t_indptr, foot_t_stop, foot_t_s
        the same by the stop where the change ends.
    stop_change_s
        [n_stops] change at the same stop; `NEVER_S` where forbidden.
    access_indptr, access_stop, access_s
        [n_origins + 1], [m], [m] walks from origins to stops.
    egress_indptr, egress_dest, egress_s
        [n_stops + 1], [m], [m] walks from stops to destinations.
    """

    con_dep_stop: I32
    con_arr_stop: I32
    con_dep_s: I32
    con_arr_s: I32
    con_trip: I32
    con_call: I32
    con_can_board: U8
    con_can_alight: U8
    pattern_indptr: I32
    pattern_stop: I32
    pattern_can_board: U8
    pattern_can_alight: U8
    pattern_trip_indptr: I32
    trip_pattern: I32
    trip_source: I32
    trip_day_offset: I32
    trip_route: I32
    trip_mode: U8
    trip_wheelchair: U8
    trip_time_indptr: I32
    trip_arr_s: I32
    trip_dep_s: I32
    foot_indptr: I32
    foot_stop: I32
    foot_s: I32
    foot_t_indptr: I32
    foot_t_stop: I32
    foot_t_s: I32
    stop_change_s: I32
    access_indptr: I32
    access_stop: I32
    access_s: I32
    egress_indptr: I32
    egress_dest: I32
    egress_s: I32

    def __post_init__(self) -> None:
        """Check types and shapes; raises ValueError."""
        for field in fields(self):
            array = getattr(self, field.name)
            wanted = np.uint8 if field.name in BYTE_FIELDS else np.int32
            if array.ndim != 1 or array.dtype != wanted:
                raise ValueError(
                    f"{field.name} must be a vector of {np.dtype(wanted)}, not {array.ndim}-d {array.dtype}"
                )
        for names in _SAME_LENGTH:
            lengths = {name: getattr(self, name).shape[0] for name in names}
            if len(set(lengths.values())) > 1:
                raise ValueError(f"arrays must be equally long: {lengths}")
        for indptr, content, rows in _SPARSE:
            ends = getattr(self, indptr)
            n_rows = getattr(self, rows).shape[0] if rows else ends.shape[0] - 1
            n_items = getattr(self, content).shape[0]
            if ends.shape[0] != n_rows + 1 or int(ends[0]) != 0 or int(ends[-1]) != n_items:
                raise ValueError(f"{indptr} does not describe {n_rows} rows of {content} ({n_items} items)")
        if self.pattern_indptr.shape != self.pattern_trip_indptr.shape:
            raise ValueError("pattern_indptr and pattern_trip_indptr must be equally long")

    @property
    def n_stops(self) -> int:
        """Number of stops, those without service or location included."""
        return int(self.stop_change_s.shape[0])

    @property
    def n_connections(self) -> int:
        """Number of rides between consecutive stops."""
        return int(self.con_dep_s.shape[0])

    @property
    def n_trips(self) -> int:
        """Number of trips; one trip on two service days counts twice."""
        return int(self.trip_pattern.shape[0])

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return int(self.pattern_indptr.shape[0]) - 1

    @property
    def n_origins(self) -> int:
        """Number of origins."""
        return int(self.access_indptr.shape[0]) - 1


BYTE_FIELDS = frozenset(
    {"con_can_board", "con_can_alight", "pattern_can_board", "pattern_can_alight", "trip_mode", "trip_wheelchair"}
)
_SAME_LENGTH = (
    (
        "con_dep_stop",
        "con_arr_stop",
        "con_dep_s",
        "con_arr_s",
        "con_trip",
        "con_call",
        "con_can_board",
        "con_can_alight",
    ),
    ("pattern_stop", "pattern_can_board", "pattern_can_alight"),
    ("trip_pattern", "trip_source", "trip_day_offset", "trip_route", "trip_mode", "trip_wheelchair"),
    ("trip_arr_s", "trip_dep_s"),
    ("foot_stop", "foot_s", "foot_t_stop", "foot_t_s"),
    ("access_stop", "access_s"),
    ("egress_dest", "egress_s"),
)
_SPARSE = (
    ("pattern_indptr", "pattern_stop", None),
    ("pattern_trip_indptr", "trip_pattern", None),
    ("trip_time_indptr", "trip_arr_s", "trip_pattern"),
    ("foot_indptr", "foot_stop", "stop_change_s"),
    ("foot_t_indptr", "foot_t_stop", "stop_change_s"),
    ("access_indptr", "access_stop", None),
    ("egress_indptr", "egress_dest", "stop_change_s"),
)


def write_packed(network: PackedNetwork, folder: Path) -> None:
    """Write one ``.npy`` file per array into a folder, which is made if need be.

    Parameters
    ----------
    network
        The network.
    folder
        Where to write; hand in a staged folder to have it appear at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(network):
        np.save(folder / f"{field.name}.npy", getattr(network, field.name), allow_pickle=False)


def read_packed(folder: Path, *, mmap: bool = True) -> PackedNetwork:
    """Read a network that `write_packed` wrote.

    Parameters
    ----------
    folder
        The folder.
    mmap
        Map the files into memory, copy on write: processes share the pages and the files never change.

    Returns
    -------
    PackedNetwork
        The network.

    Raises
    ------
    FileNotFoundError
        If an array is missing.
    ValueError
        If the arrays do not fit one another.
    """
    arrays = {}
    for field in fields(PackedNetwork):
        path = folder / f"{field.name}.npy"
        # copy on write keeps the arrays writeable: the one kind for which the kernels are compiled
        loaded = np.load(path, mmap_mode="c" if mmap else None, allow_pickle=False)
        arrays[field.name] = np.asarray(loaded).view(np.ndarray)
    return PackedNetwork(**arrays)


def build_row_starts(rows: NDArray[np.integer], n_rows: int) -> I32:
    """Count sorted row numbers into the row starts of a sparse matrix.

    Parameters
    ----------
    rows
        Row of each item, 0..n_rows - 1.
    n_rows
        Number of rows.

    Returns
    -------
    int32[n_rows + 1]
        Where each row begins.
    """
    indptr = np.zeros(n_rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n_rows), out=indptr[1:])
    return indptr.astype(np.int32)
