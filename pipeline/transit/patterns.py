"""Trips of the service days that matter, in patterns within which no trip overtakes another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.clock import DAY_S, service_day_offset_s
from pipeline.timetables.model import Timetable
from pipeline.transit.packed import MODES, build_row_starts

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

_MAX_DAYS = 12


@dataclass(frozen=True)
class Patterns:
    """The pattern and trip arrays of a `PackedNetwork`, under the same names."""

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


@dataclass(frozen=True)
class _Runs:
    """Trips as they run: one row a trip and service day, calls trip by trip."""

    source: I64
    day_offset: I64
    call_indptr: I64
    stop: I64
    can_board: NDArray[np.bool_]
    can_alight: NDArray[np.bool_]
    arr_s: I64
    dep_s: I64


def build_patterns(timetable: Timetable, day: date, *, horizon_s: tuple[int, int] = (0, DAY_S)) -> Patterns:
    """Collect the trips that run within a horizon and group them into patterns.

    Trips of the day itself, of the days before that still run in the horizon, and of the days after that begin within
    it. Trips of one pattern have the same stops, pick-up and drop-off rules, and none overtakes another: they are
    sorted and both their arrivals and their departures ascend at every stop. Where trips do overtake, the sequence is
    split greedily into several patterns.

    Parameters
    ----------
    timetable
        The timetable.
    day
        The service day whose clock is used.
    horizon_s
        First and last second that matter, on the day's clock; may exceed 24 h.

    Returns
    -------
    Patterns
        Patterns in order of their first trip.

    Raises
    ------
    ValueError
        If a trip goes back in time.
    """
    runs = _collect_runs(timetable, day, horizon_s)
    groups = _group_by_pattern(runs)
    chains = [chain for members in groups for chain in _split_overtaking(runs, members)]
    return _pack(runs, chains, timetable)


def _collect_runs(timetable: Timetable, day: date, horizon_s: tuple[int, int]) -> _Runs:
    times = timetable.stop_times
    trip = times["trip_index"].to_numpy().astype(np.int64)
    arr = times["arrival_s"].to_numpy().astype(np.int64)
    dep = times["departure_s"].to_numpy().astype(np.int64)
    n_trips = timetable.trips.height
    start = build_row_starts(trip, n_trips).astype(np.int64)
    first, last = start[:-1], start[1:] - 1
    is_long = last > first
    _check_times(trip, arr, dep)

    begin = np.where(is_long, dep[np.minimum(first, dep.size - 1)] if dep.size else 0, 0)
    end = np.where(is_long, arr[np.maximum(last, 0)] if arr.size else 0, 0)
    service = timetable.trips.sort("trip_index")["service_index"].to_numpy()
    latest = int(end.max(initial=0))
    chosen, offsets, days = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for shift, offset_s in _list_days(timetable, day, horizon_s, latest):
        running = timetable.service_dates.filter(pl.col("date") == day + timedelta(days=shift))["service_index"]
        runs = is_long & np.isin(service, running.to_numpy())
        runs &= (end + offset_s >= horizon_s[0]) & (begin + offset_s <= horizon_s[1])
        found = np.flatnonzero(runs)
        chosen.append(found)
        offsets.append(np.full(found.size, offset_s))
        days.append(np.full(found.size, shift))
    source = np.concatenate(chosen).astype(np.int64)
    length = start[source + 1] - start[source]
    indptr = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    call = np.repeat(start[source] - indptr[:-1], length) + np.arange(indptr[-1])
    moved = np.repeat(np.concatenate(offsets), length)
    return _Runs(
        source=source,
        day_offset=np.concatenate(days).astype(np.int64),
        call_indptr=indptr,
        stop=times["stop_index"].to_numpy()[call].astype(np.int64),
        can_board=times["is_pickup"].to_numpy()[call],
        can_alight=times["is_dropoff"].to_numpy()[call],
        arr_s=arr[call] + moved,
        dep_s=dep[call] + moved,
    )


def _list_days(timetable: Timetable, day: date, horizon_s: tuple[int, int], latest_s: int) -> Iterator[tuple[int, int]]:
    """Service days (relative to the day) whose trips can touch the horizon, with their offsets in seconds."""
    for shift in range(-_MAX_DAYS, _MAX_DAYS + 1):
        offset_s = service_day_offset_s(day, day + timedelta(days=shift), timetable.timezone)
        if offset_s <= horizon_s[1] and offset_s + latest_s >= horizon_s[0]:
            yield shift, offset_s


def _check_times(trip: I64, arr: I64, dep: I64) -> None:
    goes_back = np.flatnonzero((trip[1:] == trip[:-1]) & (arr[1:] < dep[:-1]))
    stands_back = np.flatnonzero(dep < arr)
    if goes_back.size or stands_back.size:
        row = int(goes_back[0]) + 1 if goes_back.size else int(stands_back[0])
        raise ValueError(f"trip {int(trip[row])} goes back in time at call {row} of the stop times")


def _group_by_pattern(runs: _Runs) -> list[I64]:
    """Put runs with the same stops and rules together, in order of the first of each."""
    code = (runs.stop * 2 + runs.can_board) * 2 + runs.can_alight
    found: dict[bytes, list[int]] = {}
    ends = runs.call_indptr.tolist()
    for run in range(runs.source.shape[0]):
        found.setdefault(code[ends[run] : ends[run + 1]].tobytes(), []).append(run)
    return [np.asarray(members, dtype=np.int64) for members in found.values()]


def _split_overtaking(runs: _Runs, members: I64) -> list[I64]:
    """Split the runs of one pattern into chains in which both arrivals and departures ascend everywhere."""
    start = runs.call_indptr[members]
    call = start[:, None] + np.arange(runs.call_indptr[members[0] + 1] - start[0])
    times = np.concatenate([runs.arr_s[call], runs.dep_s[call]], axis=1)
    # If one run is nowhere later than another its sum is no larger: the order by sums suits every chain.
    order = np.lexsort((runs.day_offset[members], runs.source[members], times.sum(axis=1)))
    times, members = times[order], members[order]
    if bool(np.all(times[1:] >= times[:-1])):
        return [members]
    chains: list[list[int]] = []
    for row in range(members.shape[0]):
        for chain in chains:
            if bool(np.all(times[row] >= times[chain[-1]])):
                chain.append(row)
                break
        else:
            chains.append([row])
    return [members[chain] for chain in chains]


def _pack(runs: _Runs, chains: list[I64], timetable: Timetable) -> Patterns:
    order = np.concatenate([np.empty(0, np.int64), *chains])
    sizes = np.array([chain.shape[0] for chain in chains], dtype=np.int64)
    length = (runs.call_indptr[1:] - runs.call_indptr[:-1])[order]
    trip_time = np.concatenate([[0], np.cumsum(length)])
    call = np.repeat(runs.call_indptr[order] - trip_time[:-1], length) + np.arange(trip_time[-1])
    leader = np.array([chain[0] for chain in chains], dtype=np.int64)
    pattern_length = (runs.call_indptr[1:] - runs.call_indptr[:-1])[leader]
    pattern = np.concatenate([[0], np.cumsum(pattern_length)])
    pattern_call = np.repeat(runs.call_indptr[leader] - pattern[:-1], pattern_length) + np.arange(pattern[-1])
    trips = timetable.trips.sort("trip_index")
    source = runs.source[order]
    route = trips["route_index"].to_numpy().astype(np.int64)[source]
    routes = timetable.routes.sort("route_index")
    mode = np.array([MODES.index(name) for name in routes["mode"].to_list()], dtype=np.uint8)
    return Patterns(
        pattern_indptr=pattern.astype(np.int32),
        pattern_stop=runs.stop[pattern_call].astype(np.int32),
        pattern_can_board=runs.can_board[pattern_call].astype(np.uint8),
        pattern_can_alight=runs.can_alight[pattern_call].astype(np.uint8),
        pattern_trip_indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        trip_pattern=np.repeat(np.arange(len(chains)), sizes).astype(np.int32),
        trip_source=source.astype(np.int32),
        trip_day_offset=runs.day_offset[order].astype(np.int32),
        trip_route=route.astype(np.int32),
        trip_mode=mode[route],
        trip_wheelchair=trips["wheelchair_accessible"].fill_null(0).to_numpy().astype(np.uint8)[source],
        trip_time_indptr=trip_time.astype(np.int32),
        trip_arr_s=runs.arr_s[call].astype(np.int32),
        trip_dep_s=runs.dep_s[call].astype(np.int32),
    )
