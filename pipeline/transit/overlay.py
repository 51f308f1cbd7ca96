"""Runs of an earlier timetable laid over a later one: one set of stops and patterns, trips of both side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pipeline.base.geo import EARTH_RADIUS_M
from pipeline.timetables.model import Timetable
from pipeline.transit.patterns import Patterns

I32 = NDArray[np.int32]
F64 = NDArray[np.float64]

SAME_POLE_M: Final = 5.0
"""A stop of the earlier timetable is one of the later if it stood no farther from it."""


@dataclass(frozen=True)
class Overlay:
    """Stops of two timetables together.

    Attributes
    ----------
    stops
        Those of the later timetable as they are, then those of the earlier that stood elsewhere;
        ``stop_index`` counts through both.
    transfers
        Rules of the later timetable, and those of the earlier that concern a stop which is only there.
    stop_of_earlier
        int32[n]; index in ``stops`` of every stop of the earlier timetable.
    """

    stops: pl.DataFrame
    transfers: pl.DataFrame
    stop_of_earlier: I32


def overlay_stops(later: Timetable, earlier: Timetable) -> Overlay:
    """Find the stops of an earlier timetable among those of a later one, by place, and add those that are not there.

    A stop is the same if it stood within 5 m; of several, the one with the same identifier, else the nearest, else the
    first. Stops without a position are the same if the identifier is.

    Parameters
    ----------
    later, earlier
        Two timetables.

    Returns
    -------
    Overlay
        Stops and rules of both.
    """
    found = match_stops_by_place(later.stops, earlier.stops)
    n_later = later.stops.height
    is_new = found < 0
    found[is_new] = n_later + np.arange(int(is_new.sum()), dtype=np.int32)
    added = earlier.stops.sort("stop_index").filter(pl.Series(is_new))
    added = added.with_columns(pl.Series("stop_index", found[is_new], dtype=pl.Int32))
    rules = earlier.transfers.with_columns(
        pl.Series(name, found[earlier.transfers[name].to_numpy()], dtype=pl.Int32)
        for name in ("from_stop_index", "to_stop_index")
    )
    is_only_there = (pl.col("from_stop_index") >= n_later) | (pl.col("to_stop_index") >= n_later)
    return Overlay(
        stops=pl.concat([later.stops.sort("stop_index"), added]),
        transfers=pl.concat([later.transfers, rules.filter(is_only_there)]),
        stop_of_earlier=found,
    )


def match_stops_by_place(later: pl.DataFrame, earlier: pl.DataFrame) -> I32:
    """Find the stop of a later timetable that stands where each stop of an earlier one stood.

    Parameters
    ----------
    later, earlier
        ``core_timetable__stops`` of two timetables.

    Returns
    -------
    int32[n_earlier]
        Index in the later timetable, -1 for none; in order of ``stop_index``.
    """
    sides = [side.sort("stop_index") for side in (later, earlier)]
    ids = [side["stop_id"].to_list() for side in sides]
    located = [np.flatnonzero(_is_located(side)) for side in sides]
    result = np.full(earlier.height, -1, dtype=np.int32)
    index_of = {stop_id: index for index, stop_id in enumerate(ids[0])}
    for index in np.flatnonzero(~_is_located(sides[1])).tolist():
        result[index] = index_of.get(ids[1][index], -1)
    if not (located[0].size and located[1].size):
        return result
    trees = [cKDTree(_to_sphere(side)[rows]) for side, rows in zip(sides, located, strict=True)]
    near = trees[1].query_ball_tree(trees[0], SAME_POLE_M)
    points = [_to_sphere(side)[rows] for side, rows in zip(sides, located, strict=True)]
    for row, candidates in enumerate(near):
        index = int(located[1][row])
        if candidates:
            metres = np.linalg.norm(points[0][candidates] - points[1][row], axis=1).round(3)
            options = [
                (ids[0][int(located[0][c])] != ids[1][index], float(m), int(located[0][c]))
                for c, m in zip(candidates, metres, strict=True)
            ]
            result[index] = min(options)[2]
    return result


def _is_located(stops: pl.DataFrame) -> NDArray[np.bool_]:
    return (stops["is_located"] & stops["lon"].is_not_null() & stops["lat"].is_not_null()).to_numpy()


def _to_sphere(stops: pl.DataFrame) -> F64:
    lon, lat = (np.radians(stops[name].fill_null(float("nan")).to_numpy()) for name in ("lon", "lat"))
    unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.asarray(EARTH_RADIUS_M * unit)


def join_patterns(later: Patterns, earlier: Patterns, overlay: Overlay, *, n_trips: int, n_routes: int) -> Patterns:
    """Put the patterns and trips of two timetables side by side, for one clock.

    Parameters
    ----------
    later, earlier
        Built from each timetable for its own service day.
    overlay
        Where the earlier timetable's stops are.
    n_trips, n_routes
        Trips and routes of the later timetable; those of the earlier are numbered from there on in ``trip_source`` and
        ``trip_route``.

    Returns
    -------
    Patterns
        Those of the later timetable first.
    """
    shift = {
        "pattern_indptr": int(later.pattern_indptr[-1]),
        "pattern_trip_indptr": int(later.pattern_trip_indptr[-1]),
        "trip_time_indptr": int(later.trip_time_indptr[-1]),
        "trip_pattern": later.pattern_indptr.shape[0] - 1,
        "trip_source": n_trips,
        "trip_route": n_routes,
    }
    arrays = {}
    for name, first in vars(later).items():
        second = getattr(earlier, name)
        if name == "pattern_stop":
            second = overlay.stop_of_earlier[second]
        if name.endswith("indptr"):
            second = second[1:]
        arrays[name] = np.concatenate([first, (second + shift.get(name, 0)).astype(first.dtype)])
    return Patterns(**arrays)


def sign_trips(patterns: Patterns) -> NDArray[np.int64]:
    """Give trips numbers so that those with the same calls at the same times have the same number.

    Parameters
    ----------
    patterns
        Patterns and trips.

    Returns
    -------
    int64[n_trips]
        Equal for equal trips.
    """
    code = (patterns.pattern_stop.astype(np.int64) * 2 + patterns.pattern_can_board) * 2 + patterns.pattern_can_alight
    calls = [
        code[start:end].tobytes()
        for start, end in zip(patterns.pattern_indptr[:-1], patterns.pattern_indptr[1:], strict=True)
    ]
    known: dict[tuple[bytes, bytes, bytes, int], int] = {}
    signature = np.empty(patterns.trip_pattern.shape[0], dtype=np.int64)
    starts = patterns.trip_time_indptr.tolist()
    for trip, pattern in enumerate(patterns.trip_pattern.tolist()):
        span = slice(starts[trip], starts[trip + 1])
        key = (
            calls[pattern],
            patterns.trip_arr_s[span].tobytes(),
            patterns.trip_dep_s[span].tobytes(),
            int(patterns.trip_mode[trip]),
        )
        signature[trip] = known.setdefault(key, len(known))
    return signature
