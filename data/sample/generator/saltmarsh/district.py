"""The map of the district: settlements, roads, the river and its bridge, the island, and what cannot be walked."""

from __future__ import annotations

import math
import random

from saltmarsh.grid import Point
from saltmarsh.street_map import GridSpec, StreetMap

SEED = 20_101_012
RIVER_HALF_WIDTH_KM = 0.06
RIVER_X_KM = (-6.6, 2.0)
BRIDGE_X_KM = -1.0

SETTLEMENTS = (
    GridSpec("Wrackham", (-1.6, 0.25), 17, 15, (0.20, 0.15), main_column=3),
    GridSpec("Fernhithe", (-1.4, -1.3), 15, 7, (0.20, 0.165), main_column=2),
    GridSpec("Samphire Estate", (2.6, 2.7), 6, 5, (0.14, 0.14)),
    GridSpec("Brackwater", (-3.5, 0.70), 5, 5, (0.15, 0.14)),
    GridSpec("Marsh Lane Business Park", (-2.5, 1.75), 3, 3, (0.15, 0.15), special_share=0.0),
    GridSpec("Sedgeby", (-4.95, 5.5), 5, 6, (0.18, 0.17), 0.03, 0.10),
    GridSpec("Cawsby", (1.25, 6.15), 4, 5, (0.18, 0.16), 0.03, 0.12),
    GridSpec("Fennick", (-5.3, 0.80), 4, 4, (0.18, 0.18), 0.03, 0.12),
    GridSpec("Dunmarle", (-3.85, -4.35), 5, 4, (0.18, 0.17), 0.03, 0.12),
    GridSpec("Teasel End", (1.4, -5.85), 4, 5, (0.18, 0.16), 0.03, 0.12),
    GridSpec("High Carr", (-1.75, 4.25), 4, 4, (0.18, 0.18), 0.03, 0.12),
    GridSpec("Gannet Holm", (5.65, -1.2), 9, 8, (0.20, 0.20), 0.02, 0.08),
    GridSpec("Port Merrow", (-3.5, 14.6), 7, 6, (0.17, 0.16)),
)

COAST_NORTH: tuple[Point, ...] = (
    (2.2, 0.06), (2.1, 0.8), (2.5, 1.8), (3.7, 2.6), (3.9, 3.2), (3.6, 4.5), (2.9, 6.5), (2.6, 8.0),
)  # fmt: skip
COAST_SOUTH: tuple[Point, ...] = ((2.0, -0.06), (1.9, -1.5), (2.1, -3.0), (2.8, -5.0), (2.7, -7.0))
ISLAND: tuple[Point, ...] = (
    (5.4, -0.9), (6.0, -1.45), (6.9, -1.45), (7.5, -1.0), (7.6, -0.2), (7.1, 0.4), (6.2, 0.45), (5.5, 0.0),
)  # fmt: skip
PIER_TOWN: Point = (1.6, 0.25)
PIER_ISLAND: Point = (5.65, -0.4)

ROADS: tuple[tuple[str, str, Point, tuple[Point, ...], Point], ...] = (
    ("primary", "Merrow Road", (-0.6, 2.35), ((-1.3, 3.3),), (-1.39, 4.25)),
    ("primary", "Merrow Road", (-1.75, 4.79), ((-2.6, 5.4),), (-4.23, 5.84)),
    ("primary", "Merrow Road", (-4.23, 6.35), ((-3.6, 8.0), (-3.9, 11.0), (-3.2, 13.4)), (-3.16, 14.6)),
    ("secondary", "Coast Road", (1.2, 2.35), ((2.0, 2.55),), (2.6, 2.7)),
    ("secondary", "Coast Road", (2.74, 3.26), ((2.5, 4.8),), (1.79, 6.15)),
    ("secondary", "Cawsby Road", (0.4, 2.35), ((0.8, 4.2),), (1.25, 6.15)),
    ("secondary", "West Road", (-1.6, 0.85), ((-2.3, 0.75),), (-2.9, 0.98)),
    ("secondary", "West Road", (-3.5, 0.98), ((-4.1, 1.1),), (-4.76, 0.98)),
    ("tertiary", "Marsh Lane", (-1.6, 1.75), (), (-2.2, 1.9)),
    ("secondary", "Dunmarle Road", (-1.4, -0.97), ((-2.3, -2.4),), (-3.31, -3.84)),
    ("secondary", "Shore Road", (1.0, -1.3), ((1.3, -3.0),), (1.58, -5.21)),
    ("unclassified", "Drain Bank", (-3.13, -4.35), ((-1.0, -4.9),), (1.4, -5.53)),
    ("unclassified", "Carr Lane", (-1.21, 4.79), ((0.0, 5.6),), (1.25, 6.31)),
)


def compute_river_y(x: float) -> float:
    """Return the northing (local kilometres) of the river's middle at a given easting."""
    return 0.05 * math.sin(1.1 * x) * min(1.0, (2.0 - x) / 0.5)


def build_district() -> StreetMap:
    """Build the whole map; the same seed gives the same map."""
    street_map = StreetMap(random.Random(SEED))
    crossings = {spec.name: street_map.add_grid(spec) for spec in SETTLEMENTS}
    for spec in SETTLEMENTS:
        kind = {"Wrackham": "town", "Port Merrow": "town", "Fernhithe": "suburb"}.get(spec.name, "village")
        x = spec.corner[0] + spec.spacing[0] * (spec.n_columns - 1) / 2
        y = spec.corner[1] + spec.spacing[1] * (spec.n_rows - 1) / 2
        street_map.add_node(x, y, place=kind, name=spec.name)
    for kind, name, start, via, end in ROADS:
        first, last = street_map.get_nearest_road_node(*start), street_map.get_nearest_road_node(*end)
        street_map.add_link(first, list(via), last, highway=kind, name=name)
    north = min(crossings["Wrackham"].values(), key=lambda ref: _gap(street_map, ref, (BRIDGE_X_KM, 0.25)))
    south = min(crossings["Fernhithe"].values(), key=lambda ref: _gap(street_map, ref, (BRIDGE_X_KM, -0.31)))
    street_map.add_way(
        [north, south], highway="secondary", name="Wrack Bridge", bridge="yes", layer="1", sidewalk="both"
    )
    _add_paths(street_map)
    _add_promenade(street_map)
    _add_unwalkable(street_map)
    _add_water_and_rail(street_map)
    return street_map


def _gap(street_map: StreetMap, ref: int, point: Point) -> float:
    x, y = street_map.get_point(ref)
    return math.hypot(x - point[0], y - point[1])


def _add_paths(street_map: StreetMap) -> None:
    """Add tracks, bridleways, cycleways, paths and passable barriers between the settlements."""
    near = street_map.get_nearest_road_node
    bridleway = street_map.add_link(
        near(-1.21, 4.25), [(-0.3, 4.0)], near(0.75, 4.0), highway="bridleway", name="Old Drove"
    )
    gate = bridleway[2]
    street_map.nodes[gate - street_map.nodes[0].node_id].tags["barrier"] = "gate"
    street_map.add_link(near(-4.77, 5.5), [(-5.0, 3.6)], near(-4.94, 1.34), highway="track", tracktype="grade2")
    street_map.add_link(
        near(-3.2, 1.26),
        [(-2.9, 1.6)],
        near(-2.5, 1.9),
        highway="cycleway",
        foot="designated",
        name="Brackwater Greenway",
    )
    street_map.add_link(near(3.16, 3.26), [(3.2, 4.6), (2.4, 6.2)], near(1.79, 6.6), highway="path", name="Coast Path")
    street_map.add_link(near(1.94, -5.53), [(2.3, -5.4), (2.2, -5.0)], near(1.76, -5.2), highway="footway")
    farm = street_map.add_line([street_map.get_point(near(-2.3, -2.4)), (-1.8, -2.9)])
    street_map.add_way([near(-2.3, -2.4), *farm[1:]], highway="track", name="Long Drain Farm")


def _add_promenade(street_map: StreetMap) -> None:
    """Add the riverside promenade on the north bank with its ramps and steps up to the streets."""
    near = street_map.get_nearest_road_node
    eastings = [-1.6, -1.0, -0.6, 0.0, 0.6, 1.2, 1.6]
    refs = [street_map.add_node(x, 0.17 + compute_river_y(x) / 2) for x in eastings]
    street_map.add_way(refs, highway="cycleway", foot="designated", name="Wrack Promenade")
    for index, kind in ((0, "footway"), (2, "steps"), (4, "steps"), (6, "footway")):
        street_map.add_way([refs[index], near(eastings[index], 0.25)], highway=kind)
    bollard = refs[3]
    street_map.nodes[bollard - street_map.nodes[0].node_id].tags["barrier"] = "bollard"


def _add_unwalkable(street_map: StreetMap) -> None:
    """Add what a walking profile must leave out, and a scrap of path that joins nothing."""
    near = street_map.get_nearest_road_node
    motorway = street_map.add_line([(-6.0, -7.0), (-6.1, 0.0), (-5.9, 7.0), (-5.0, 16.0)], spacing_km=0.8)
    street_map.add_way(motorway, highway="motorway", ref="M999", oneway="yes")
    street_map.add_link(
        near(1.6, 1.9), [(2.1, 2.2)], near(2.6, 2.84), highway="construction", construction="residential"
    )
    street_map.add_link(
        near(-1.6, 2.2), [(-1.9, 2.6)], near(-1.0, 3.0), highway="service", access="private", name="Wrack Hall Drive"
    )
    locked = street_map.add_link(near(2.25, 2.58), [(2.5, 2.4), (2.9, 2.5)], near(3.02, 2.7), highway="path")
    street_map.nodes[locked[len(locked) // 2] - street_map.nodes[0].node_id].tags.update(
        barrier="gate", access="private", locked="yes"
    )
    street_map.add_link(
        near(-0.4, 1.45), [], near(0.4, 1.6), highway="footway", access="no", note="closed by the council"
    )
    x, y = street_map.get_point(near(-3.49, -4.1))
    scrap = [street_map.add_node(x + 0.007, y + 0.006), street_map.add_node(x + 0.060, y + 0.050)]
    street_map.add_way(scrap, highway="footway", name="Churchyard Path")


def _add_water_and_rail(street_map: StreetMap) -> None:
    """Add the river, the coast, the railway and the ferry line: none of them can be walked."""
    start, end = RIVER_X_KM
    river = [start + index * (end - start) / 30 for index in range(31)]
    street_map.add_way(
        [street_map.add_node(x, compute_river_y(x)) for x in river], waterway="river", name="River Wrack", width="120"
    )
    for coast in (COAST_NORTH, COAST_SOUTH, (*ISLAND, ISLAND[0])):
        street_map.add_way([street_map.add_node(*point) for point in coast], natural="coastline")
    rail = street_map.add_line([(-0.9, 1.78), (-1.9, 3.2), (-4.85, 6.1), (-4.3, 10.0), (-3.3, 15.2)], spacing_km=1.0)
    street_map.add_way(rail, railway="rail", name="Merrow Coast Line")
    near = street_map.get_nearest_road_node
    street_map.add_way([near(*PIER_TOWN), near(*PIER_ISLAND)], route="ferry", name="Gannet Holm Ferry", foot="yes")
