"""Real networks for differential tests and measurements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from pipeline.base.notices import Notices
from pipeline.streets.graph import build_walk_graph
from pipeline.streets.read_osm import read_streets
from pipeline.streets.shortest_paths import compute_distance_matrix, compute_walk_s
from pipeline.streets.snap import compute_eligible_components, snap_points
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import FeedSource, read_timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import LinkedPoints, WalkSettings
from pipeline.transit.packed import PackedNetwork

CAP_S = 7200


@dataclass
class Town:
    timetable: Timetable
    network: PackedNetwork
    walk_s: np.ndarray  # [origins, destinations], -1 beyond the cap


def build_town(
    feeds: dict[str, Path | FeedSource],
    osm: Path,
    day: date,
    origins: tuple[np.ndarray, np.ndarray],
    destinations: tuple[np.ndarray, np.ndarray],
    settings: WalkSettings | None = None,
) -> Town:
    """Read, snap and pack; origins and destinations are (lon, lat)."""
    settings = settings or WalkSettings(n_threads=2)
    notices = Notices()
    timetable = read_timetable(feeds, notices=notices)
    streets = read_streets(osm, notices)
    stop_lon, stop_lat = (timetable.stops.sort("stop_index")[c].to_numpy() for c in ("lon", "lat"))
    eligible = compute_eligible_components(streets, stop_lon, stop_lat, max_link_m=500.0)
    points = [(stop_lon, stop_lat), origins, destinations]
    snapped = [snap_points(streets, lon, lat, eligible_components=eligible) for lon, lat in points]
    graph, vertices = build_walk_graph(streets, snapped)
    stops, starts, ends = (LinkedPoints(v, s.link_cm) for v, s in zip(vertices, snapped, strict=True))
    network = build_network(timetable, day, graph, stops=stops, origins=starts, destinations=ends, settings=settings)
    cm = compute_distance_matrix(
        graph,
        starts.vertex,
        starts.link_cm,
        ends.vertex,
        ends.link_cm,
        limit_cm=round(CAP_S * settings.walk_kmh * 100_000 / 3600) + 100,
        n_threads=2,
    )
    return Town(timetable, network, compute_walk_s(cm, settings.walk_kmh))
