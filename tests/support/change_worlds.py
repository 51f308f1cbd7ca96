"""Small random timetables, and service levels counted from the definition in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from statistics import median_low

import numpy as np
import polars as pl

from pipeline.change.inputs import BAND_HOURS, ServiceFrames
from pipeline.change.window28 import ServiceWindow, choose_service_window

MONDAY = date(2024, 3, 4)
DAY_SETS = {
    "weekdays": [0, 1, 2, 3, 4],
    "daily": [0, 1, 2, 3, 4, 5, 6],
    "saturday": [5],
    "sunday": [6],
    "tuesday": [1],
    "friday_saturday": [4, 5],
}


@dataclass(frozen=True)
class Trip:
    """A trip: its route, days and calls (stop, departure, may board, may alight)."""

    route: int
    days: str
    calls: tuple[tuple[int, int, bool, bool], ...]


@dataclass(frozen=True)
class Route:
    operator: str
    number: str
    mode: str = "bus"
    feed: str = "bus"


@dataclass(frozen=True)
class World:
    routes: tuple[Route, ...]
    trips: tuple[Trip, ...]
    n_stops: int = 12
    spacing: float = 0.004
    prefix: str = ""
    snapshot: str = "s1"
    parents: dict[int, int] = field(default_factory=dict)

    def frames(self) -> ServiceFrames:
        """Build the frames of the world."""
        stops = pl.DataFrame(
            {
                "stop_index": pl.Series(range(self.n_stops), dtype=pl.Int32),
                "stop_id": [f"bus:{self.prefix}{i:03d}" for i in range(self.n_stops)],
                "stop_name": [f"Stop {i}" for i in range(self.n_stops)],
                "lon": [-3.0 + self.spacing * i for i in range(self.n_stops)],
                "lat": [51.5] * self.n_stops,
                "parent_stop_id": pl.Series(
                    [
                        f"bus:{self.prefix}{self.parents[i]:03d}" if i in self.parents else None
                        for i in range(self.n_stops)
                    ],
                    dtype=pl.String,
                ),
                "is_located": [True] * self.n_stops,
                "public_code": pl.Series([None] * self.n_stops, dtype=pl.String),
            }
        )
        routes = pl.DataFrame(
            {
                "route_index": pl.Series(range(len(self.routes)), dtype=pl.Int32),
                "route_id": [f"{r.feed}:{self.prefix}r{i}" for i, r in enumerate(self.routes)],
                "feed": [r.feed for r in self.routes],
                "operator_name": [r.operator for r in self.routes],
                "route_short_name": [r.number for r in self.routes],
                "route_long_name": ["" for _ in self.routes],
                "mode": [r.mode for r in self.routes],
            },
            schema_overrides={"route_id": pl.String, "feed": pl.String, "mode": pl.String},
        )
        names = sorted({t.days for t in self.trips})
        dates = [
            {"service_index": names.index(name), "date": MONDAY + timedelta(days=d)}
            for name in names
            for d in range(28)
            if d % 7 in DAY_SETS[name]
        ]
        trips = pl.DataFrame(
            {
                "trip_index": pl.Series(range(len(self.trips)), dtype=pl.Int32),
                "feed": pl.Series([self.routes[t.route].feed for t in self.trips], dtype=pl.String),
                "route_index": pl.Series([t.route for t in self.trips], dtype=pl.Int32),
                "service_index": pl.Series([names.index(t.days) for t in self.trips], dtype=pl.Int32),
            }
        )
        rows = [(i, p, *call) for i, t in enumerate(self.trips) for p, call in enumerate(t.calls)]
        columns = list(zip(*rows, strict=True)) or [()] * 6
        stop_times = pl.DataFrame(
            {
                "trip_index": pl.Series(columns[0], dtype=pl.Int32),
                "position": pl.Series(columns[1], dtype=pl.Int32),
                "stop_index": pl.Series(columns[2], dtype=pl.Int32),
                "arrival_s": pl.Series(columns[3], dtype=pl.Int32),
                "departure_s": pl.Series(columns[3], dtype=pl.Int32),
                "is_pickup": pl.Series(columns[4], dtype=pl.Boolean),
                "is_dropoff": pl.Series(columns[5], dtype=pl.Boolean),
            }
        )
        service_dates = pl.DataFrame(dates, schema={"service_index": pl.Int32, "date": pl.Date})
        return ServiceFrames(self.snapshot, stops, routes, service_dates, trips, stop_times)

    def window(self, holidays: tuple[date, ...] = ()) -> ServiceWindow:
        """Choose the window as the stage does."""
        frames = self.frames()
        dates = frames.trips.join(frames.service_dates, on="service_index").select("feed", "service_index", "date")
        span = (MONDAY, MONDAY + timedelta(days=27))
        feeds = {str(feed): span for feed in dates["feed"].unique()}
        return choose_service_window(dates.unique(), snapshot_date=MONDAY, holidays=holidays, validity=feeds)

    def without(self, operator: str) -> World:
        """Drop an operator's routes and trips."""
        kept = [i for i, r in enumerate(self.routes) if r.operator != operator]
        trips = tuple(replace(t, route=kept.index(t.route)) for t in self.trips if t.route in kept)
        return replace(self, routes=tuple(self.routes[i] for i in kept), trips=trips)


def build_random_world(seed: int, *, n_trips: int = 30, snapshot: str = "s1") -> World:
    """Draw a world: lines along a row of stops, some trips past midnight, some calls without boarding."""
    rng = np.random.default_rng(seed)
    routes = tuple(
        Route(
            operator=f"Operator {'ABC'[i % 3]}",
            number=str(i + 1),
            mode="rail" if i == 4 else "bus",
            feed=f"feed{'abc'[i % 3]}",
        )
        for i in range(5)
    )
    trips = []
    for _ in range(n_trips):
        length = int(rng.integers(2, 7))
        route = int(rng.integers(0, len(routes)))
        first = (route * 2 + int(rng.integers(0, 2))) % 12
        step = 1 if rng.random() < 0.5 else -1
        time = int(rng.integers(0, 26 * 60)) * 60
        calls = []
        for number in range(length):
            calls.append(((first + step * number) % 12, time, bool(rng.random() < 0.9), bool(rng.random() < 0.9)))
            time += int(rng.integers(0, 20)) * 60
        trips.append(Trip(route, str(rng.choice(list(DAY_SETS))), tuple(calls)))
    return World(routes=routes, trips=tuple(trips), snapshot=snapshot, parents={3: 2})


def build_random_zones(seed: int, *, n_zones: int = 5, n_stops: int = 12) -> dict[str, list[int]]:
    """Draw overlapping zones; the last has no stop."""
    rng = np.random.default_rng(seed + 1000)
    zones = {
        f"N{i}": sorted(rng.choice(n_stops, int(rng.integers(1, 6)), replace=False).tolist()) for i in range(n_zones)
    }
    zones[f"N{n_zones}"] = []
    return zones


def frame_zones(zones: dict[str, list[int]]) -> pl.DataFrame:
    """Give zones as :func:`compute_stops_in_zones` does."""
    rows = [(i, code, stop) for i, (code, stops) in enumerate(zones.items()) for stop in stops]
    return pl.DataFrame(
        rows,
        schema={"neighbourhood_index": pl.Int32, "neighbourhood_code": pl.String, "stop_index": pl.Int32},
        orient="row",
    )


def band_of_second(time_s: int) -> str:
    """Name the band of a time, from the definition."""
    hour = time_s / 3600
    for low, high in ((6, 10), (10, 15), (15, 18), (18, 22)):
        if low <= hour < high:
            return f"{low:02d}_{high:02d}"
    return "22_06"


def _count_one(trips: list[Trip], days: list[date], stops: list[int], place: dict[int, int]) -> dict[str, dict]:
    """Count the bands of one zone, mode and day type."""
    on = {trip: [d for d in days if d.weekday() in DAY_SETS[trip.days]] for trip in trips}
    on = {trip: dates for trip, dates in on.items() if dates}
    first = {trip: [t for s, t, up, down in trip.calls if s in stops and (up or down)] for trip in on}
    runs = [(d, first[trip][0]) for trip in trips if first.get(trip) for d in on[trip]]
    used = {s for trip in on for s, _, up, down in trip.calls if s in stops and (up or down)}
    reached = {
        place[z]
        for trip in on
        for i, (s, _, up, _) in enumerate(trip.calls)
        for z, _, _, down in trip.calls[i + 1 :]
        if s in stops and up and down
    } - {place[s] for s in stops}
    services = {trip.route for trip in on if first[trip]}  # every route of these worlds has a number of its own
    stop_counts = {"stops_in_zone": len(used), "stops_reachable_direct": len(reached)}
    stop_counts["services_in_zone"] = len(services)
    empty = dict.fromkeys(["first_run_s", "last_run_s", "hours_served", "days_served_pct"])
    rows = {}
    for band, hours in BAND_HOURS.items():
        per_day = sum(band in ("all_day", band_of_second(t)) for _, t in runs) / len(days)
        rows[band] = {"runs_per_day": round(per_day, 9), "runs_per_hour": round(per_day / hours, 9)}
        rows[band] |= empty | stop_counts
    by_day = {d: [t for day, t in runs if day == d] for d in {day for day, _ in runs}}
    if by_day:
        rows["all_day"]["first_run_s"] = median_low([min(times) for times in by_day.values()])
        rows["all_day"]["last_run_s"] = median_low([max(times) for times in by_day.values()])
    n_hours = sum(len({t // 3600 % 24 for t in times}) for times in by_day.values())
    rows["all_day"]["hours_served"] = round(n_hours / len(days), 9)
    rows["all_day"]["days_served_pct"] = round(100 * len(by_day) / len(days), 9)
    return rows


def count_levels(world: World, zones: dict[str, list[int]], holidays: tuple[date, ...] = ()) -> dict[tuple, dict]:
    """Count service levels from the definition; keys (code, mode, day type, band)."""
    dates: dict[str, list[date]] = {"weekday": [], "saturday": [], "sunday": []}
    for number in range(28):
        day = MONDAY + timedelta(days=number)
        if day not in holidays:
            dates[{5: "saturday", 6: "sunday"}.get(day.weekday(), "weekday")].append(day)
    place = {s: world.parents.get(s, s) for s in range(world.n_stops)}
    result = {}
    for mode in [*sorted({r.mode for r in world.routes}), "all"]:
        trips = [t for t in world.trips if mode in ("all", world.routes[t.route].mode)]
        for code, stops in zones.items():
            for day_type, days in dates.items():
                for band, row in _count_one(trips, days, stops, place).items():
                    result[code, mode, day_type, band] = row
    return result
