"""Join stops, origins and destinations to the streets: one walking graph, split at all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.streets.graph import build_walk_graph
from pipeline.streets.model import Streets
from pipeline.streets.shortest_paths import (
    WalkGraph,
    compute_bounded_distances,
    compute_distance_matrix,
    compute_walk_s,
)
from pipeline.streets.snap import SnappedPoints, compute_eligible_components, snap_points
from pipeline.timetables.model import Timetable
from pipeline.transit.footpaths import LinkedPoints
from pipeline.transit.walks import SparseWalks

FAR_STOP = declare_notice(
    "stop_far_from_streets",
    "info",
    "A stop lies too far from any walkable street; it can be ridden through but not walked to.",
    "Use a larger street extract if the stop matters here.",
)

F64 = NDArray[np.float64]
LonLat = tuple[F64, F64]


@dataclass(frozen=True)
class LinkedArea:
    """A walking graph with everything that joins it.

    Attributes
    ----------
    graph
        Streets, split at all points.
    stops, origins, destinations
        Vertex and link of each point, vertex -1 where it is not joined.
    stop_link_m, origin_link_m, destination_link_m
        float64[n]; metres from each point to the nearest street of any kind, however far; inf if not located.
    """

    graph: WalkGraph
    stops: LinkedPoints
    origins: LinkedPoints
    destinations: LinkedPoints
    stop_link_m: F64
    origin_link_m: F64
    destination_link_m: F64


def link_area(
    streets: Streets,
    *,
    stops: LonLat,
    origins: LonLat,
    destinations: LonLat,
    max_link_m: float,
    min_component_nodes: int,
) -> LinkedArea:
    """Join all points to the nearest street of a component with stops or many nodes.

    Parameters
    ----------
    streets
        The walking network.
    stops, origins, destinations
        Longitudes and latitudes, NaN where not located.
    max_link_m
        Farthest that a point may lie from a street.
    min_component_nodes
        Components without stops count from this many OSM nodes on.

    Returns
    -------
    LinkedArea
        The graph and where each point joins it.
    """
    eligible = compute_eligible_components(
        streets, *stops, max_link_m=max_link_m, min_component_nodes=min_component_nodes
    )

    def snap(points: LonLat) -> SnappedPoints:
        return snap_points(streets, *points, max_link_m=max_link_m, eligible_components=eligible)

    snapped = [snap(stops), snap(origins), snap(destinations)]
    graph, vertices = build_walk_graph(streets, snapped)
    linked = [LinkedPoints(vertex, points.link_cm) for vertex, points in zip(vertices, snapped, strict=True)]
    return LinkedArea(graph, linked[0], linked[1], linked[2], *(points.link_m_to_any for points in snapped))


def describe_link(link_m: float, limit_m: float) -> str:
    """Say how far the nearest street is, and whether it is an isolated piece that does not count.

    Parameters
    ----------
    link_m
        Metres to the nearest street of any kind.
    limit_m
        Farthest link that counts.

    Returns
    -------
    str
        Particulars for a notice.
    """
    if link_m <= limit_m:
        return f"the nearest street, {link_m:.0f} m away, is an isolated piece without stops"
    return f"{link_m:.0f} m from the nearest street"


def note_far_stops(linked: LinkedArea, timetable: Timetable, notices: Notices) -> None:
    """Note the stops that cannot be walked to; refuse a timetable of which that is true of every stop.

    Parameters
    ----------
    linked
        The walking graph with its links.
    timetable
        The timetable.
    notices
        Collector.

    Raises
    ------
    InputError
        If no stop at which a trip calls is joined to the streets.
    """
    used = timetable.stop_times["stop_index"].unique().sort().to_numpy()
    is_far = linked.stops.vertex[used] < 0
    if used.size and bool(is_far.all()):
        raise InputError(
            f"None of the {used.size} stops of the timetable lies near a walkable street.",
            file=", ".join(str(meta.get("file", name)) for name, meta in timetable.feeds.items()),
            field="stops.txt",
            cure="The timetable or the street extract is of another region; give those that belong together.",
        )
    ids, is_located = timetable.stops["stop_id"], timetable.stops["is_located"].to_numpy()
    for index in used[is_far & is_located[used]]:
        detail = f"{linked.stop_link_m[index]:.0f} m from the nearest street"
        notices.add(FAR_STOP, file="stops.txt", field="stop_id", value=ids[int(index)], detail=detail)


def get_stop_lonlat(timetable: Timetable) -> LonLat:
    """Return the coordinates of a timetable's stops.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    tuple of float64[n_stops]
        Longitudes and latitudes in order of stop index, NaN where a stop is not located.
    """
    stops = timetable.stops.with_columns(
        pl.when("is_located").then(c).otherwise(float("nan")).alias(c) for c in ("lon", "lat")
    )
    return stops["lon"].to_numpy(), stops["lat"].to_numpy()


def compute_walk_matrix(
    graph: WalkGraph,
    origins: LinkedPoints,
    destinations: LinkedPoints,
    *,
    walk_kmh: float,
    cap_s: int,
    n_threads: int = 1,
) -> NDArray[np.int32]:
    """Compute walking all the way between all pairs.

    Parameters
    ----------
    graph
        The walking graph.
    origins, destinations
        Where each joins it.
    walk_kmh
        Walking speed.
    cap_s
        Longest walk that counts.
    n_threads
        Threads; results do not depend on it.

    Returns
    -------
    int32[n_origins, n_destinations]
        Seconds, both links included; -1 beyond the cap or without a path.
    """
    distance_cm = compute_distance_matrix(
        graph,
        origins.vertex,
        origins.link_cm,
        destinations.vertex,
        destinations.link_cm,
        limit_cm=_reach_cm(walk_kmh, cap_s),
        n_threads=n_threads,
    )
    seconds = compute_walk_s(distance_cm, walk_kmh)
    seconds[seconds > cap_s] = -1
    return seconds


def compute_walk_rows(
    graph: WalkGraph,
    origins: LinkedPoints,
    destinations: LinkedPoints,
    *,
    walk_kmh: float,
    cap_s: int,
    n_threads: int = 1,
) -> SparseWalks:
    """Compute walking all the way, and keep the pairs within reach only.

    The parameters are those of `compute_walk_matrix`.

    Returns
    -------
    SparseWalks
        The same seconds as in the table of all pairs.
    """
    found = compute_bounded_distances(
        graph,
        origins.vertex,
        origins.link_cm,
        destinations.vertex,
        destinations.link_cm,
        limit_cm=_reach_cm(walk_kmh, cap_s),
        n_threads=n_threads,
    )
    seconds = compute_walk_s(found.distance_cm, walk_kmh)
    is_near = seconds <= cap_s
    n_near = np.concatenate(([0], np.cumsum(is_near)))
    return SparseWalks(n_near[found.indptr], found.target[is_near], seconds[is_near], len(destinations.vertex))


def _reach_cm(walk_kmh: float, cap_s: int) -> int:
    """How far one gets, and a metre more for rounding."""
    return int(cap_s * walk_kmh * 100_000 / 3600) + 100
