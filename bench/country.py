"""A seeded network like Britain's: dense capital, towns, countryside, buses and trains of one weekday.

Every part is random but for the centroids of neighbourhoods, which are England's and Wales's where their file is given
and a synthetic country's where not. A fraction of the country is a sector seen from the capital, so that a quarter of
it has a quarter of the capital as well and the density of stops does not depend on the fraction.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bench.lines import Lines, build_lines
from pipeline.transit.connections import build_connections
from pipeline.transit.packed import PackedNetwork, build_row_starts
from pipeline.transit.patterns import Patterns

I32 = NDArray[np.int32]
F64 = NDArray[np.float64]

N_STOPS, N_NEIGHBOURHOODS, N_STOP_TIMES, N_DESTINATIONS = 300_000, 33_755, 14_000_000, 1_200
FOOTPATHS_PER_STOP = 35
DETOUR, WALK_MPS, INTERCHANGE_S = 1.25, 4.8 / 3.6, 120
MAX_WALK_M = 2000.0
CAPITAL_LON, CAPITAL_LAT = -0.12, 51.51


@dataclass(frozen=True)
class Country:
    """A generated country.

    Attributes
    ----------
    network
        Its network.
    facts
        Numbers that describe it.
    """

    network: PackedNetwork
    facts: dict[str, float]


def read_centroids(path: Path) -> F64:
    """Read centroids of neighbourhoods.

    Parameters
    ----------
    path
        CSV with ``X`` and ``Y`` in degrees.

    Returns
    -------
    float64[n, 2]
        Metres east and north of the capital.
    """
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = [(float(row["X"]), float(row["Y"])) for row in csv.DictReader(handle)]
    lon, lat = np.array(rows).T
    return np.column_stack([(lon - CAPITAL_LON) * 111_320 * math.cos(math.radians(53)), (lat - CAPITAL_LAT) * 111_200])


def draw_centroids(rng: np.random.Generator) -> F64:
    """Draw the neighbourhoods of a country of which a seventh lives in the capital and most others in towns.

    Parameters
    ----------
    rng
        Random numbers.

    Returns
    -------
    float64[n, 2]
        Metres east and north of the capital.
    """
    n_capital, n_rural = N_NEIGHBOURHOODS // 7, N_NEIGHBOURHOODS // 8
    n_towns = 700
    centre = rng.uniform((-350_000, -150_000), (150_000, 450_000), (n_towns, 2))
    size = rng.pareto(1.1, n_towns) + 0.2
    town = rng.choice(n_towns, N_NEIGHBOURHOODS - n_capital - n_rural, p=size / size.sum())
    spread_m = 700 * np.sqrt(np.bincount(town, minlength=n_towns) / 6 + 1)
    return np.concatenate(
        [
            rng.normal(0, 13_000, (n_capital, 2)),
            centre[town] + rng.normal(0, 1, (town.shape[0], 2)) * spread_m[town, None] * 0.6,
            rng.uniform((-350_000, -150_000), (150_000, 450_000), (n_rural, 2)),
        ]
    )


def build_country(*, scale: float = 1.0, seed: int = 1, centroids: F64 | None = None) -> Country:
    """Generate a country, or a sector of it.

    Parameters
    ----------
    scale
        Share of the neighbourhoods, stops and stop times.
    seed
        Of the random numbers; the same arguments give the same arrays.
    centroids
        Metres east and north of the capital; drawn if there are none.

    Returns
    -------
    Country
        The network and its numbers.
    """
    rng = np.random.default_rng(seed)
    homes = draw_centroids(rng) if centroids is None else centroids
    homes = homes[np.sort(rng.permutation(len(homes))[: min(len(homes), N_NEIGHBOURHOODS)])]
    bearing = np.arctan2(homes[:, 1], homes[:, 0])
    homes = homes[np.sort(np.argsort(bearing, kind="stable")[: max(round(len(homes) * scale), 50)])]
    pairs = _draw_stop_pairs(rng, homes, round(N_STOPS * scale / 2))
    lines = build_lines(rng, pairs, n_stop_times=round(N_STOP_TIMES * scale), n_hubs=max(4, round(900 * scale)))
    places = np.empty((2 * len(pairs), 2))
    places[0::2], places[1::2] = pairs, pairs + rng.normal(0, 15, pairs.shape)
    patterns = _schedule(lines)
    foot, reach_m = _build_foot(places)
    stops = cKDTree(places)
    access = _build_legs(homes, stops, places)
    wanted = homes[rng.choice(len(homes), max(2, round(N_DESTINATIONS * scale)), replace=False)]
    egress = _transpose(_build_legs(wanted + rng.normal(0, 200, wanted.shape), stops, places), len(places))
    arrays = {
        **build_connections(patterns),
        **{name: getattr(patterns, name) for name in Patterns.__dataclass_fields__},
        **dict(zip(("foot_indptr", "foot_stop", "foot_s"), foot, strict=True)),
        **dict(zip(("foot_t_indptr", "foot_t_stop", "foot_t_s"), foot, strict=True)),
        "stop_change_s": np.full(len(places), INTERCHANGE_S, np.int32),
        **dict(zip(("access_indptr", "access_stop", "access_s"), access, strict=True)),
        **dict(zip(("egress_indptr", "egress_dest", "egress_s"), egress, strict=True)),
    }
    network = PackedNetwork(**arrays)
    served = np.unique(network.pattern_stop).shape[0]
    degree = np.diff(network.foot_indptr)
    facts = {
        "stops": network.n_stops,
        "stops_served_pct": round(100 * served / network.n_stops, 1),
        "neighbourhoods": network.n_origins,
        "destinations": len(wanted),
        "patterns": network.n_patterns,
        "trips": network.n_trips,
        "stop_times": int(network.trip_arr_s.shape[0]),
        "footpaths_per_stop": round(float(degree.mean()), 1),
        "footpaths_per_stop_p95": int(np.percentile(degree, 95)),
        "footpath_reach_m": round(reach_m),
        "access_legs_per_neighbourhood": round(network.access_stop.shape[0] / network.n_origins, 1),
    }
    return Country(network, facts)


def _draw_stop_pairs(rng: np.random.Generator, homes: F64, n_pairs: int) -> F64:
    """Scatter pairs of stops (one a side of the street) about the neighbourhoods, wider where these are sparse.

    They are numbered as codes in a national register are: by district, and within a district without any order.
    """
    spacing, _ = cKDTree(homes).query(homes, k=4)
    weight = rng.lognormal(0, 0.5, len(homes))
    home = rng.choice(len(homes), n_pairs, p=weight / weight.sum())
    spread_m = 0.5 * np.clip(spacing[home, 3], 150, 4000)
    # every fifth pair stands in a centre: high streets, stations
    centres = rng.choice(len(homes), max(4, len(homes) // 40), replace=False)
    _, centre_of = cKDTree(homes[centres]).query(homes)
    is_central = rng.random(n_pairs) < 0.2
    home[is_central] = centres[centre_of[home[is_central]]]
    spread_m[is_central] = 250
    places: F64 = homes[home] + rng.normal(0, 1, (n_pairs, 2)) * spread_m[:, None]
    district = np.floor(places / 12_000).astype(np.int64)
    return places[np.lexsort((rng.random(n_pairs), district[:, 1], district[:, 0]))]


def _schedule(lines: Lines) -> Patterns:
    """Turn lines into patterns whose trips never overtake: all trips of a line take equally long."""
    n_calls, n_trips = np.diff(lines.indptr), np.diff(lines.trip_indptr)
    trip_pattern = np.repeat(np.arange(n_calls.shape[0]), n_trips)
    trip_indptr = np.concatenate([[0], np.cumsum(n_calls[trip_pattern])])
    call = np.arange(trip_indptr[-1]) - np.repeat(trip_indptr[:-1] - lines.indptr[trip_pattern], n_calls[trip_pattern])
    time_s = np.repeat(lines.start_s, n_calls[trip_pattern]) + lines.offset_s[call]
    ones = np.ones(lines.indptr[-1], np.uint8)
    zero = np.zeros(trip_pattern.shape[0], np.int32)
    return Patterns(
        pattern_indptr=lines.indptr.astype(np.int32),
        pattern_stop=lines.stop.astype(np.int32),
        pattern_can_board=ones,
        pattern_can_alight=ones.copy(),
        pattern_trip_indptr=lines.trip_indptr.astype(np.int32),
        trip_pattern=trip_pattern.astype(np.int32),
        trip_source=np.arange(trip_pattern.shape[0], dtype=np.int32),
        trip_day_offset=zero,
        trip_route=trip_pattern.astype(np.int32),
        trip_mode=lines.mode[trip_pattern].astype(np.uint8),
        trip_wheelchair=zero.astype(np.uint8),
        trip_time_indptr=trip_indptr.astype(np.int32),
        trip_arr_s=time_s.astype(np.int32),
        trip_dep_s=time_s.astype(np.int32),
    )


def _build_foot(places: F64) -> tuple[tuple[I32, I32, I32], float]:
    """Build changes on foot that reach as far as gives the wanted number a stop; return that distance as well."""
    tree = cKDTree(places)
    sample = places[:: max(1, len(places) // 5000)]
    low, high = 50.0, 3000.0
    for _ in range(20):
        middle = (low + high) / 2
        mean = tree.query_ball_point(sample, middle, return_length=True).mean() - 1
        low, high = (middle, high) if mean < FOOTPATHS_PER_STOP else (low, middle)
    pair = tree.query_pairs(high, output_type="ndarray")
    start, end = np.concatenate([pair, pair[:, ::-1]]).T
    return _pack_legs(start, end, places, places, INTERCHANGE_S), high * DETOUR


def _build_legs(points: F64, stops: cKDTree, places: F64) -> tuple[I32, I32, I32]:
    near = stops.query_ball_point(points, MAX_WALK_M / DETOUR)
    length = [len(row) for row in near]
    end = np.fromiter((s for row in near for s in row), np.int64, sum(length))
    return _pack_legs(np.repeat(np.arange(len(points)), length), end, points, places, 0)


def _pack_legs(start: NDArray[np.int64], end: NDArray[np.int64], a: F64, b: F64, more_s: int) -> tuple[I32, I32, I32]:
    order = np.argsort(start * len(b) + end)
    start, end = start[order], end[order]
    seconds = np.ceil(np.hypot(*(a[start] - b[end]).T) * DETOUR / WALK_MPS).astype(np.int32) + np.int32(more_s)
    return build_row_starts(start, len(a)), end.astype(np.int32), seconds


def _transpose(legs: tuple[I32, I32, I32], n_columns: int) -> tuple[I32, I32, I32]:
    indptr, target, seconds = legs
    row = np.repeat(np.arange(indptr.shape[0] - 1), np.diff(indptr))
    order = np.argsort(target, kind="stable")
    return build_row_starts(target, n_columns), row[order].astype(np.int32), seconds[order]
