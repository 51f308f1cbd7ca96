"""Times of calls between timing points, for all trips at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.base.geo import compute_haversine_m

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Interpolated:
    """Result of :func:`interpolate_times`.

    Attributes
    ----------
    arrival_s, departure_s
        Whole seconds, never decreasing within a trip.
    is_interpolated
        Which calls had no time of their own.
    n_by_shape, n_by_line, n_evenly
        How many calls were placed by ``shape_dist_traveled``, by straight lines, and evenly.
    """

    arrival_s: Ints
    departure_s: Ints
    is_interpolated: Bools
    n_by_shape: int
    n_by_line: int
    n_evenly: int


def _find_previous(marked: Bools) -> Ints:
    """Return for every place the last marked place at or before it (-1 if none)."""
    return np.maximum.accumulate(np.where(marked, np.arange(marked.size), -1))


def _find_next(marked: Bools) -> Ints:
    """Return for every place the first marked place at or after it (size if none)."""
    size = marked.size
    places = np.where(marked, np.arange(size), size)
    return np.minimum.accumulate(places[::-1])[::-1]


def _find_shape_trips(trip: Ints, shape_dist: Floats) -> Bools:
    """Mark rows of trips whose ``shape_dist_traveled`` is complete and never decreases."""
    good = np.isfinite(shape_dist)
    same = np.zeros(trip.size, dtype=np.bool_)
    same[1:] = trip[1:] == trip[:-1]
    good[1:] &= ~same[1:] | ~(shape_dist[1:] < shape_dist[:-1])
    starts = np.flatnonzero(~same)
    whole = np.logical_and.reduceat(good, starts)
    return np.asarray(np.repeat(whole, np.diff(np.append(starts, trip.size))))


def _compute_line_dist(trip: Ints, lon: Floats, lat: Floats) -> Floats:
    """Return metres along straight lines from located stop to located stop; unlocated ones lie evenly between.

    Places before the first or after the last located stop of a trip are NaN.
    """
    located = np.isfinite(lon) & np.isfinite(lat)
    at = np.flatnonzero(located)
    if at.size == 0:
        return np.full(trip.size, np.nan)
    leg = np.zeros(at.size)
    leg[1:] = compute_haversine_m(lon[at[:-1]], lat[at[:-1]], lon[at[1:]], lat[at[1:]])
    first = np.ones(at.size, dtype=np.bool_)
    first[1:] = trip[at[1:]] != trip[at[:-1]]
    leg[first] = 0.0
    # Sums start anew in every trip, so that no trip's distances depend on the trips sorted before it.
    millimetres = np.rint(leg * 1000.0).astype(np.int64)
    total = np.cumsum(millimetres)
    base = np.repeat(total[first], np.diff(np.append(np.flatnonzero(first), at.size)))
    along = np.full(trip.size, np.nan)
    along[at] = (total - base) / 1000.0
    before, after = _find_previous(located), _find_next(located)
    places = np.flatnonzero(~located)
    b, a = before[places], after[places]
    ok = (b >= 0) & (a < trip.size)
    places, b, a = places[ok], b[ok], a[ok]
    ok = (trip[b] == trip[places]) & (trip[a] == trip[places])
    places, b, a = places[ok], b[ok], a[ok]
    along[places] = along[b] + (along[a] - along[b]) * (places - b) / (a - b)
    return along


def interpolate_times(
    trip: Ints, arrival_s: Ints, departure_s: Ints, shape_dist: Floats, lon: Floats, lat: Floats
) -> Interpolated:
    """Give every call without a time one between its timed neighbours.

    By ``shape_dist_traveled`` where it is complete and never decreases within the trip; else by straight lines
    between located stops; else evenly. Rounded half up to whole seconds.

    Parameters
    ----------
    trip
        Number of the trip of each call; calls sorted by trip and sequence.
    arrival_s, departure_s
        Seconds, -1 where blank (both together); the first and last call of each trip must have times, and times
        must not go backward.
    shape_dist
        ``shape_dist_traveled`` in any unit, NaN where blank.
    lon, lat
        Degrees, NaN where the stop is not located.

    Returns
    -------
    Interpolated
        Times of all calls.
    """
    known = arrival_s >= 0
    blank = np.flatnonzero(~known)
    arrival, departure = arrival_s.copy(), departure_s.copy()
    if blank.size == 0:
        return Interpolated(arrival, departure, ~known, 0, 0, 0)
    b, a = _find_previous(known)[blank], _find_next(known)[blank]
    use_shape = _find_shape_trips(trip, shape_dist)[blank]
    share = (blank - b) / (a - b)
    method = np.zeros(blank.size, dtype=np.int8)

    def place(code: int, along: Floats, allowed: Bools) -> None:
        span = along[a] - along[b]
        use = allowed & np.isfinite(along[blank]) & np.isfinite(span) & (span > 0)
        share[use] = (along[blank[use]] - along[b[use]]) / span[use]
        method[use] = code

    place(1, shape_dist, use_shape)
    if not method.all():
        place(2, _compute_line_dist(trip, lon, lat), method == 0)
    span_s = arrival[a] - departure[b]
    time = departure[b] + np.floor(span_s * np.clip(share, 0.0, 1.0) + 0.5).astype(np.int64)
    arrival[blank] = time
    departure[blank] = time
    counts = np.bincount(method, minlength=3)
    return Interpolated(arrival, departure, ~known, int(counts[1]), int(counts[2]), int(counts[0]))
