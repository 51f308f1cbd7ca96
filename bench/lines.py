"""Lines of the generated country: buses that leave a town on one bearing, trains between towns."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_BUS, _RAIL = 0, 2
_NEIGHBOURS = 24
_CALLS = 42
# relative service from hour to hour of the day, 05:00 to 24:00
_PROFILE = np.array([2, 5, 9, 10, 9, 8, 8, 8, 8, 8, 9, 10, 10, 8, 6, 4, 4, 3, 2], dtype=np.float64)


@dataclass(frozen=True)
class Lines:
    """Lines in one direction each: calls, seconds from the first, departures.

    Attributes
    ----------
    indptr, stop, offset_s
        Calls of each line.
    trip_indptr, start_s
        Departures of each line from its first stop, ascending.
    mode
        Mode of each line.
    """

    indptr: I64
    stop: I64
    offset_s: I64
    trip_indptr: I64
    start_s: I64
    mode: I64


def build_lines(rng: np.random.Generator, pairs: F64, *, n_stop_times: int, n_hubs: int) -> Lines:
    """Lay lines over pairs of stops until they have the wanted number of stop times.

    Parameters
    ----------
    rng
        Random numbers.
    pairs
        float64[n, 2]; places, metres. Stop ``2 i`` serves one direction there and ``2 i + 1`` the other.
    n_stop_times
        Calls of a day, all lines and departures together (reached within one line).
    n_hubs
        Number of towns.

    Returns
    -------
    Lines
        Every line is followed by its opposite.
    """
    tree = cKDTree(pairs)
    distance, near = tree.query(pairs, k=min(_NEIGHBOURS, len(pairs)))
    hubs = rng.choice(len(pairs), n_hubs, replace=False)
    served = np.zeros(len(pairs), np.int64)
    routes: list[tuple[I64, F64, int]] = [(route, 22.0, _RAIL) for route in _lay_railways(rng, pairs, hubs)]
    _, hub_of = cKDTree(pairs[hubs]).query(pairs)
    mean_gap = np.median(distance[:, 4])
    parts, total = [], 0
    turn = 0
    while total < n_stop_times:
        if turn < len(routes):
            route, speed, mode = routes[turn]
        else:
            # half of the lines leave a town, the others begin where nothing has called yet and make for the nearest
            start = int(hubs[rng.integers(n_hubs)])
            bearing = rng.uniform(0, 2 * np.pi)
            if turn % 2:
                start = _find_unserved(rng, served)
                bearing = float(np.arctan2(*(pairs[hubs[hub_of[start]]] - pairs[start])[::-1])) + rng.normal(0, 0.3)
            n = int(np.clip(rng.lognormal(np.log(_CALLS), 0.45), 8, 110))
            route = _walk_line(pairs, near, served, start, bearing, n, rng.random(n))
            speed, mode = (5.5 if distance[start, 4] < mean_gap else 9.0), _BUS
        turn += 1
        if route.shape[0] < 4:
            served[route] += 1
            continue
        ride = np.hypot(*np.diff(pairs[route], axis=0).T) * 1.3 / speed + (60 if mode == _RAIL else 18)
        density = 4.0 if distance[route[0], 4] < mean_gap / 2 else 1.0
        per_day = int(np.clip(rng.lognormal(np.log(17), 0.8) * density**0.5, 4, 230))
        for is_back in (False, True):
            calls = 2 * route if not is_back else 2 * route[::-1] + 1
            offset = np.concatenate([[0], np.cumsum(np.ceil(ride if not is_back else ride[::-1]))]).astype(np.int64)
            start_s = _spread(rng, per_day)
            parts.append((calls, offset, start_s, mode))
            total += calls.shape[0] * start_s.shape[0]
    return Lines(
        indptr=np.concatenate([[0], np.cumsum([len(p[0]) for p in parts])]),
        stop=np.concatenate([p[0] for p in parts]),
        offset_s=np.concatenate([p[1] for p in parts]),
        trip_indptr=np.concatenate([[0], np.cumsum([len(p[2]) for p in parts])]),
        start_s=np.concatenate([p[2] for p in parts]),
        mode=np.array([p[3] for p in parts]),
    )


def _spread(rng: np.random.Generator, n: int) -> I64:
    """Departures over the day, on whole minutes, denser at the peaks."""
    share = (np.arange(n) + rng.random()) / n
    edge = np.concatenate([[0], np.cumsum(_PROFILE)]) / _PROFILE.sum()
    return np.unique(60 * np.interp(share, edge, np.arange(edge.shape[0]) * 60 + 300).astype(np.int64))


def _find_unserved(rng: np.random.Generator, served: I64) -> int:
    for _ in range(30):
        at = int(rng.integers(served.shape[0]))
        if served[at] == 0:
            break
    return at


def _lay_railways(rng: np.random.Generator, pairs: F64, hubs: I64) -> list[I64]:
    """Trains: from town to town, on to the town that lies best ahead."""
    place = pairs[hubs]
    _, near = cKDTree(place).query(place, k=min(12, len(hubs)))
    served = np.zeros(len(hubs), np.int64)
    routes = []
    for _ in range(max(2, len(hubs) // 3)):
        n = int(rng.integers(5, 16))
        line = _walk_line(place, near, served, int(rng.integers(len(hubs))), rng.uniform(0, 6.28), n, rng.random(n))
        routes.append(hubs[line])
    return routes


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _walk_line(places: F64, near: I64, served: I64, start: int, bearing: float, n: int, noise: F64) -> I64:
    """Go from place to place, each among the nearest of the one before and ahead; rather where few lines call."""
    route = np.empty(n, np.int64)
    route[0] = start
    length = 1
    while length < n:
        here = route[length - 1]
        best = -1
        best_cost = 1.2
        for k in range(1, near.shape[1]):
            there = near[here, k]
            dx = places[there, 0] - places[here, 0]
            dy = places[there, 1] - places[here, 1]
            off = abs((np.arctan2(dy, dx) - bearing + np.pi) % (2 * np.pi) - np.pi)
            cost = off + 0.12 * min(served[there], 5) + (0.3 if k < 4 else 0.0) + 0.1 * noise[length]
            if cost < best_cost:
                best_cost = cost
                best = there
        if best < 0:
            break
        bearing += 0.15 * (noise[length] - 0.5)
        route[length] = best
        length += 1
    served[route[:length]] += 1
    return route[:length]
