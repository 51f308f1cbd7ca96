"""Small random worlds: timetables, changes and walks, as plain Python and as a packed network."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipeline.timetables.model import Timetable
from pipeline.transit.build import assemble_network
from pipeline.transit.footpaths import transpose_legs
from pipeline.transit.packed import NEVER_S, PackedNetwork
from pipeline.transit.patterns import build_patterns

DAY = date(2024, 3, 5)
Call = tuple[int, int, int, bool, bool]  # stop, arrival, departure, pick-up, drop-off


@dataclass
class World:
    """Trips as (shift of the service day, mode, calls); changes and walks in seconds."""

    n_stops: int
    trips: list[tuple[int, str, list[Call]]] = field(default_factory=list)
    change: dict[int, int] = field(default_factory=dict)  # missing: forbidden
    foot: dict[tuple[int, int], int] = field(default_factory=dict)
    access: list[dict[int, int]] = field(default_factory=list)
    egress: list[dict[int, int]] = field(default_factory=list)  # by destination: stop -> seconds
    walk: list[list[int]] = field(default_factory=list)


def make_timetable(world: World, timezone: str = "Europe/London") -> Timetable:
    """The trips as a timetable; times of other service days count from their own day's zero."""
    shifts = sorted({shift for shift, _, _ in world.trips} | {0})
    modes = sorted({mode for _, mode, _ in world.trips} | {"bus"})
    n = world.n_stops
    calls = [
        (trip, position, stop, arr - 86400 * shift, dep - 86400 * shift, on, off, False)
        for trip, (shift, _, calls) in enumerate(world.trips)
        for position, (stop, arr, dep, on, off) in enumerate(calls)
    ]
    names = [
        "trip_index",
        "position",
        "stop_index",
        "arrival_s",
        "departure_s",
        "is_pickup",
        "is_dropoff",
        "is_interpolated",
    ]
    integers = dict.fromkeys(names[:5], pl.Int32) | dict.fromkeys(names[5:], pl.Boolean)
    none = pl.lit(None)
    return Timetable.build(
        {
            "stops": pl.DataFrame({"stop_index": list(range(n))}).with_columns(
                pl.format("t:{}", "stop_index").alias("stop_id"),
                pl.format("Stop {}", "stop_index").alias("stop_name"),
                pl.lit("t").alias("feed"),
                (pl.col("stop_index") * 0.01).alias("lon"),
                pl.lit(0.0).alias("lat"),
                *(none.alias(name) for name in ("parent_stop_id", "platform_code")),
                *(pl.lit(0).alias(name) for name in ("location_type", "wheelchair_boarding")),
                pl.lit(value=True).alias("is_located"),
            ),
            "routes": pl.DataFrame({"route_index": list(range(len(modes))), "mode": modes}).with_columns(
                pl.col("mode").alias("route_id"),
                pl.lit("t").alias("feed"),
                *(none.alias(c) for c in ("operator_id", "operator_name", "route_long_name")),
                pl.col("mode").alias("route_short_name"),
                pl.lit(3).alias("route_type"),
            ),
            "service_dates": pl.DataFrame(
                {
                    "service_index": list(range(len(shifts))),
                    "service_id": [f"t:{s}" for s in shifts],
                    "date": [DAY + timedelta(days=s) for s in shifts],
                }
            ),
            "trips": pl.DataFrame(
                {
                    "trip_index": list(range(len(world.trips))),
                    "trip_id": [f"t:{i:04d}" for i in range(len(world.trips))],
                    "route_index": [modes.index(mode) for _, mode, _ in world.trips],
                    "service_index": [shifts.index(shift) for shift, _, _ in world.trips],
                },
                schema_overrides={"trip_id": pl.String},
            ).with_columns(
                pl.lit("t").alias("feed"),
                *(none.alias(c) for c in ("headsign", "direction_id")),
                *(pl.lit(0).alias(c) for c in ("wheelchair_accessible", "n_duplicates")),
                pl.lit(value=False).alias("is_frequency_inexact"),
            ),
            "stop_times": pl.DataFrame(calls, schema=integers, orient="row"),
            "transfers": pl.DataFrame(
                schema={
                    "from_stop_index": pl.Int32,
                    "to_stop_index": pl.Int32,
                    "kind": pl.String,
                    "min_transfer_s": pl.Int32,
                }
            ),
            "agencies": pl.DataFrame(
                schema=dict.fromkeys(("feed", "operator_id", "operator_name", "timezone"), pl.String)
            ),
        },
        feeds={},
        timezone=timezone,
    )


def make_sparse(rows: list[dict[int, int]]) -> dict[str, np.ndarray]:
    """Rows of {column: seconds} as indptr, target, seconds."""
    return {
        "indptr": np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32),
        "target": np.array([c for row in rows for c in sorted(row)], dtype=np.int32),
        "seconds": np.array([row[c] for row in rows for c in sorted(row)], dtype=np.int32),
    }


def make_network(world: World, horizon_s: tuple[int, int] = (0, 86_400)) -> PackedNetwork:
    """Pack the world, through the same patterns and connections as any network."""
    n = world.n_stops
    forward = make_sparse([{b: s for (a, b), s in world.foot.items() if a == stop} for stop in range(n)])
    backward = transpose_legs(forward, n)
    footpaths = {
        "foot_indptr": forward["indptr"],
        "foot_stop": forward["target"],
        "foot_s": forward["seconds"],
        "foot_t_indptr": backward["indptr"],
        "foot_t_stop": backward["target"],
        "foot_t_s": backward["seconds"],
        "stop_change_s": np.array([world.change.get(s, NEVER_S) for s in range(n)], dtype=np.int32),
    }
    return assemble_network(
        build_patterns(make_timetable(world), DAY, horizon_s=horizon_s),
        footpaths=footpaths,
        access=make_sparse(world.access),
        egress=transpose_legs(make_sparse(world.egress), n),
    )


def make_world(seed: int, *, interchange_s: int = 120, grain_s: int = 60, n_stops: int = 7, n_lines: int = 5) -> World:
    """Draw a world with everything that is known to break algorithms.

    Overtaking, loops, equal times, links without duration, cliques of footpaths, stops where one may only board or only
    alight, services of the day before that run past midnight, and forbidden changes. Times lie within about two hours.
    """
    draw = random.Random(seed)
    world = World(n_stops)
    for _ in range(n_lines):
        stops = [draw.randrange(n_stops) for _ in range(draw.randint(2, 6))]
        shift = draw.choice([0, 0, 0, -1])
        mode = draw.choice(["bus", "bus", "rail"])
        on = [draw.random() < 0.85 for _ in stops]
        off = [draw.random() < 0.85 for _ in stops]
        links = [grain_s * draw.choice([0, 0, 1, 2, 5, 10]) for _ in stops]
        for _ in range(draw.randint(1, 5)):
            now = grain_s * draw.randint(0, 5400 // grain_s)
            is_odd = draw.random() < 0.3
            calls = []
            for i, stop in enumerate(stops):
                arr = now
                dep = arr + grain_s * draw.choice([0, 0, 0, 1])
                calls.append((stop, arr, dep, on[i], off[i]))
                now = dep + (grain_s * draw.choice([0, 1, 3, 12]) if is_odd else links[i])
            world.trips.append((shift, mode, calls))
    _draw_changes(world, draw, interchange_s, grain_s)
    for _ in range(4):
        world.access.append(
            {draw.randrange(n_stops): draw.choice([0, 30, 60, 250, 600]) for _ in range(draw.randint(0, 3))}
        )
    for _ in range(3):
        world.egress.append(
            {draw.randrange(n_stops): draw.choice([0, 30, 60, 250, 600]) for _ in range(draw.randint(0, 3))}
        )
    world.walk = [[draw.choice([-1, -1, 900, 2500, 5000]) for _ in range(3)] for _ in range(4)]
    return world


def _draw_changes(world: World, draw: random.Random, interchange_s: int, grain_s: int) -> None:
    n_stops = world.n_stops
    for stop in range(n_stops):
        if draw.random() > 0.1:
            world.change[stop] = draw.choice([interchange_s] * 4 + [0, 300])
    clique = draw.sample(range(n_stops), draw.randint(0, min(4, n_stops)))
    for a in clique:
        for b in clique:
            if a != b and draw.random() < 0.9:
                world.foot[a, b] = interchange_s + grain_s * draw.choice([0, 0, 1, 2, 4])
    for _ in range(draw.randint(0, 3)):
        a, b = draw.randrange(n_stops), draw.randrange(n_stops)
        if a != b:
            world.foot[a, b] = draw.choice([0, 30, 200])
