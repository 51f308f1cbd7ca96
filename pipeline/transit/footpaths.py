"""Changes between stops on foot, and walks between points and stops, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.geo import compute_haversine_m
from pipeline.streets.shortest_paths import WalkGraph, compute_bounded_distances, compute_walk_s
from pipeline.transit.packed import NEVER_S, build_row_starts

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Arrays = dict[str, I32]


@dataclass(frozen=True)
class WalkSettings:
    """How people walk and change.

    Attributes
    ----------
    walk_kmh
        Walking speed.
    max_walk_m
        Longest walk between a point and a stop, both links to the streets included.
    max_transfer_m
        Longest walk between two stops, both links included.
    interchange_s
        Time to change vehicles, beside any walk.
    n_threads
        Threads for the street searches; results do not depend on it.
    """

    walk_kmh: float = 4.8
    max_walk_m: float = 2000.0
    max_transfer_m: float = 600.0
    interchange_s: int = 120
    n_threads: int = 1


@dataclass(frozen=True)
class LinkedPoints:
    """Where points join the walking graph.

    Attributes
    ----------
    vertex
        int32[n]; vertex of the walking graph, -1 for points that are not joined.
    link_cm
        int32[n]; centimetres between the point and its vertex (ignored where not joined).
    """

    vertex: I32
    link_cm: I32

    def __len__(self) -> int:
        """Return the number of points."""
        return int(self.vertex.shape[0])


def build_legs(graph: WalkGraph, points: LinkedPoints, stops: LinkedPoints, settings: WalkSettings) -> Arrays:
    """Compute the walks from points to stops; walking back takes as long.

    Parameters
    ----------
    graph
        The walking graph.
    points, stops
        Both sides.
    settings
        Speed and longest walk.

    Returns
    -------
    dict of arrays
        ``indptr`` int32[n_points + 1], ``target`` int32 (stop, ascending in a row) and ``seconds`` int32.
    """
    found = compute_bounded_distances(
        graph,
        points.vertex,
        points.link_cm,
        stops.vertex,
        stops.link_cm,
        limit_cm=_to_cm(settings.max_walk_m),
        n_threads=settings.n_threads,
    )
    return {
        "indptr": found.indptr.astype(np.int32),
        "target": found.target,
        "seconds": compute_walk_s(found.distance_cm, settings.walk_kmh),
    }


def transpose_legs(legs: Arrays, n_columns: int) -> Arrays:
    """Turn legs by row into legs by column.

    Parameters
    ----------
    legs
        ``indptr``, ``target`` and ``seconds``.
    n_columns
        Number of possible targets.

    Returns
    -------
    dict of arrays
        The same three of the transposed matrix, ascending within rows.
    """
    row = np.repeat(np.arange(legs["indptr"].shape[0] - 1), np.diff(legs["indptr"]))
    order = np.argsort(legs["target"], kind="stable")
    return {
        "indptr": build_row_starts(legs["target"], n_columns),
        "target": row[order].astype(np.int32),
        "seconds": legs["seconds"][order],
    }


def build_footpaths(
    graph: WalkGraph,
    stops: LinkedPoints,
    timetable_stops: pl.DataFrame,
    transfers: pl.DataFrame,
    settings: WalkSettings,
) -> Arrays:
    """Compute the changes between stops, interchange included, and apply the feed's transfer rules.

    A change to another stop is a walk along the streets of at most ``max_transfer_m`` plus the interchange time. Rules
    of the feed: *forbidden* removes the change, *minimum* takes exactly the time that the feed gives, whether or not
    there is a street, *timed* takes the walk alone (as the crow flies where there is no street within the limit). Where
    rules contradict one another the stricter one holds, in the order just given; of two minimum times the shorter.

    Parameters
    ----------
    graph
        The walking graph.
    stops
        Where the stops join it, in order of stop index.
    timetable_stops
        ``stop_index``, ``lon``, ``lat``.
    transfers
        ``from_stop_index``, ``to_stop_index``, ``kind``, ``min_transfer_s``.
    settings
        Speed, longest walk, interchange.

    Returns
    -------
    dict of arrays
        ``foot_*``, ``foot_t_*`` and ``stop_change_s`` of `PackedNetwork`.
    """
    n_stops = len(stops)
    found = compute_bounded_distances(
        graph,
        stops.vertex,
        stops.link_cm,
        stops.vertex,
        stops.link_cm,
        limit_cm=_to_cm(settings.max_transfer_m),
        n_threads=settings.n_threads,
    )
    row = np.repeat(np.arange(n_stops, dtype=np.int64), np.diff(found.indptr))
    target = found.target.astype(np.int64)
    walk_s = compute_walk_s(found.distance_cm, settings.walk_kmh).astype(np.int64)
    is_other = row != target
    pair = row[is_other] * n_stops + target[is_other]
    rule_pair, rule_s = _list_rules(transfers, pair, walk_s[is_other], timetable_stops, settings)
    keep = ~np.isin(pair, rule_pair)
    all_pairs = np.concatenate([pair[keep], rule_pair])
    seconds = np.concatenate([walk_s[is_other][keep] + settings.interchange_s, rule_s])
    same = all_pairs // max(n_stops, 1) == all_pairs % max(n_stops, 1)
    stop_change_s = np.full(n_stops, settings.interchange_s, dtype=np.int32)
    stop_change_s[all_pairs[same] % max(n_stops, 1)] = seconds[same]
    usable = ~same & (seconds < NEVER_S)
    order = np.argsort(all_pairs[usable])
    all_pairs, seconds = all_pairs[usable][order], seconds[usable][order]
    forward = {
        "indptr": build_row_starts(all_pairs // max(n_stops, 1), n_stops),
        "target": (all_pairs % max(n_stops, 1)).astype(np.int32),
        "seconds": seconds.astype(np.int32),
    }
    backward = transpose_legs(forward, n_stops)
    return {
        "foot_indptr": forward["indptr"],
        "foot_stop": forward["target"],
        "foot_s": forward["seconds"],
        "foot_t_indptr": backward["indptr"],
        "foot_t_stop": backward["target"],
        "foot_t_s": backward["seconds"],
        "stop_change_s": stop_change_s,
    }


def _list_rules(
    transfers: pl.DataFrame, pair: I64, walk_s: I64, timetable_stops: pl.DataFrame, settings: WalkSettings
) -> tuple[I64, I64]:
    """One rule for each pair of stops that the feed names: the pair, and the seconds that the change takes."""
    n_stops = timetable_stops.height
    rank = {"forbidden": 0, "minimum": 1, "timed": 2}
    rules = (
        transfers.filter(
            pl.col("kind").is_in(list(rank)) & ((pl.col("kind") != "minimum") | pl.col("min_transfer_s").is_not_null())
        )
        .with_columns(
            pl.col("kind").replace_strict(rank, return_dtype=pl.Int8).alias("rank"),
            (pl.col("from_stop_index").cast(pl.Int64) * n_stops + pl.col("to_stop_index")).alias("pair"),
        )
        .sort("pair", "rank", "min_transfer_s")
        .unique("pair", keep="first", maintain_order=True)
    )
    rule_pair = rules["pair"].to_numpy().astype(np.int64)
    kind = rules["rank"].to_numpy()
    seconds = rules["min_transfer_s"].fill_null(0).to_numpy().astype(np.int64)
    seconds = np.where(kind == 0, NEVER_S, seconds)
    timed = np.flatnonzero(kind == 2)
    if timed.size:
        by_pair = dict(zip(pair.tolist(), walk_s.tolist(), strict=True))
        ordered = timetable_stops.sort("stop_index")
        lon, lat = ordered["lon"].to_numpy(), ordered["lat"].to_numpy()
        start, end = rule_pair[timed] // n_stops, rule_pair[timed] % n_stops
        metres = np.nan_to_num(compute_haversine_m(lon[start], lat[start], lon[end], lat[end]))
        straight_s = compute_walk_s(np.round(metres * 100).astype(np.int64), settings.walk_kmh)
        seconds[timed] = [by_pair.get(p, int(s)) for p, s in zip(rule_pair[timed].tolist(), straight_s, strict=True)]
    return rule_pair, seconds


def _to_cm(metres: float) -> int:
    return round(metres * 100)
