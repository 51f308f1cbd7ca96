"""One packed network from a timetable, a service day and the streets."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from pipeline.base.clock import DAY_S
from pipeline.streets.shortest_paths import WalkGraph
from pipeline.timetables.model import Timetable
from pipeline.transit.connections import build_connections
from pipeline.transit.footpaths import Arrays, LinkedPoints, WalkSettings, build_footpaths, build_legs, transpose_legs
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.patterns import Patterns, build_patterns


def build_network(
    timetable: Timetable,
    day: date,
    graph: WalkGraph,
    *,
    stops: LinkedPoints,
    origins: LinkedPoints,
    destinations: LinkedPoints,
    settings: WalkSettings | None = None,
    horizon_s: tuple[int, int] = (0, DAY_S),
) -> PackedNetwork:
    """Pack everything that routing needs for one service day.

    Parameters
    ----------
    timetable
        The timetable; stops without a location or a street still carry passengers through.
    day
        The service day.
    graph
        Walking graph, split at the stops, origins and destinations.
    stops, origins, destinations
        Where each joins the graph; ``stops`` in order of stop index. A category of destinations is an array of indices
        into ``destinations``.
    settings
        Walking and interchange.
    horizon_s
        First and last second of the day's clock that queries may touch: the end of the last window plus the cap. Beyond
        24 h the trips of the next service day are loaded too.

    Returns
    -------
    PackedNetwork
        The network.

    Raises
    ------
    ValueError
        If the stops do not fit the timetable or a trip goes back in time.
    """
    settings = settings or WalkSettings()
    if len(stops) != timetable.stops.height:
        raise ValueError(f"{len(stops)} linked stops for {timetable.stops.height} stops of the timetable")
    return assemble_network(
        build_patterns(timetable, day, horizon_s=horizon_s),
        footpaths=build_footpaths(graph, stops, timetable.stops, timetable.transfers, settings),
        access=build_legs(graph, origins, stops, settings),
        egress=transpose_legs(build_legs(graph, destinations, stops, settings), len(stops)),
    )


def assemble_network(patterns: Patterns, *, footpaths: Arrays, access: Arrays, egress: Arrays) -> PackedNetwork:
    """Put a network together from its parts.

    Parameters
    ----------
    patterns
        Patterns and trips.
    footpaths
        As `pipeline.transit.footpaths.build_footpaths` gives them.
    access, egress
        Legs from origins to stops and from stops to destinations: ``indptr``, ``target``, ``seconds``.

    Returns
    -------
    PackedNetwork
        The network.
    """
    arrays: dict[str, Any] = {
        **vars(patterns),
        **build_connections(patterns),
        **footpaths,
        "access_indptr": access["indptr"],
        "access_stop": access["target"],
        "access_s": access["seconds"],
        "egress_indptr": egress["indptr"],
        "egress_dest": egress["target"],
        "egress_s": egress["seconds"],
    }
    return PackedNetwork(**{name: np.ascontiguousarray(array) for name, array in arrays.items()})
