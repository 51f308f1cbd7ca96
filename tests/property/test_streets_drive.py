"""Driving times against networkx, on networks that were never contracted."""

from __future__ import annotations

import random
from array import array
from pathlib import Path

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.streets.drive_model import DriveStreets, read_drive_folder, write_drive
from pipeline.streets.drive_profile import ROAD_CLASSES, blocks_driving, find_rule
from pipeline.streets.drive_times import (
    build_drive_graph,
    compute_drive_matrix,
    compute_nearest_by_car,
    round_to_seconds,
    snap_to_roads,
)
from pipeline.streets.model import compute_segment_cm
from pipeline.streets.read_drive import build_drive_streets, read_drive_streets
from pipeline.streets.read_osm import NodeColumns, WayColumns
from tests.support.osm import OsmNode, OsmWay, build_grid, write_osm

SPEEDS = dict(zip(ROAD_CLASSES, (36.0, 18.0, 12.0, 9.0, 6.0, 4.0), strict=True))
"""At these speeds a centimetre takes whole milliseconds, so that sums are exact however roads are cut."""
TAGS = (
    {"highway": "primary"},
    {"highway": "residential"},
    {"highway": "residential", "oneway": "yes"},
    {"highway": "residential", "oneway": "-1"},
    {"highway": "tertiary", "junction": "roundabout"},
    {"highway": "motorway"},
    {"highway": "service"},
)


def _make_world(seed: int) -> tuple[list[OsmNode], list[OsmWay]]:
    draw = random.Random(seed)
    n = draw.randint(2, 14)
    nodes = [
        OsmNode(
            3 * i + 1,
            draw.randint(0, 60) * 1e-4,
            draw.randint(0, 60) * 1e-4,
            {"barrier": "bollard"} if draw.random() < 0.08 else {},
        )
        for i in range(n)
    ]
    ids = [node.id for node in nodes]
    ways = [
        OsmWay(10 + w, [draw.choice(ids) for _ in range(draw.randint(2, 5))], draw.choice(TAGS))
        for w in range(draw.randint(1, 9))
    ]
    return nodes, ways


def _build(nodes: list[OsmNode], ways: list[OsmWay]) -> DriveStreets:
    columns, rules = WayColumns(), (array("q"), array("q"))
    for way in ways:
        rule = find_rule(way.tags)
        assert rule is not None
        columns.add(way.id, way.version, list(way.nodes), dict(way.tags))
        rules[0].append(ROAD_CLASSES.index(rule.road_class))
        rules[1].append(rule.direction)
    ordered = sorted(nodes, key=lambda node: node.id)
    located = NodeColumns(
        np.array([node.id for node in ordered]),
        np.array([node.lon for node in ordered]),
        np.array([node.lat for node in ordered]),
        np.array([blocks_driving(node.tags) for node in ordered]),
    )
    return build_drive_streets(
        columns, (np.array(rules[0]), np.array(rules[1])), located, Notices(), file=Path("made.osm")
    )


def _build_oracle(nodes: list[OsmNode], ways: list[OsmWay]) -> nx.DiGraph:
    """Every segment an arc; at a blocked node every segment has an end of its own."""
    place = {node.id: node for node in nodes}
    graph = nx.DiGraph()
    graph.add_nodes_from(place)
    for way in ways:
        rule = find_rule(way.tags)
        for step, (a, b) in enumerate(zip(way.nodes, way.nodes[1:], strict=False)):
            if a == b:
                continue
            one, other = (np.array([v]) for v in ((place[a].lon, place[a].lat), (place[b].lon, place[b].lat)))
            cm = int(compute_segment_cm(one[:, 0], one[:, 1], other[:, 0], other[:, 1])[0])
            ms = round(cm * 36 / SPEEDS[rule.road_class])
            ends = [(k, way.id, step) if blocks_driving(place[k].tags) else k for k in (a, b)]
            for tail, head, is_open in ((*ends, rule.direction >= 0), (*ends[::-1], rule.direction <= 0)):
                if is_open and ms < graph.get_edge_data(tail, head, {"ms": 10**9})["ms"]:
                    graph.add_edge(tail, head, ms=ms)
    return graph


@given(st.integers(0, 10**6), st.integers(1, 3))
def test_times_between_nodes_equal_networkx_on_the_roads_as_they_are_mapped(seed: int, n_threads: int) -> None:
    nodes, ways = _make_world(seed)
    try:
        drive = _build(nodes, ways)
    except InputError:  # every way leads from a node to itself
        assert all(len(set(way.nodes)) < 2 for way in ways)
        return
    kept = {int(osmid): i for i, osmid in enumerate(drive.streets.nodes["osmid"]) if osmid > 0}
    blocked = {node.id for node in nodes if blocks_driving(node.tags)}
    places = [node for node in nodes if node.id in kept and node.id not in blocked]
    # a vertex is where two roads meet: the nearest road of a point there is at no distance
    lon, lat = np.array([p.lon for p in places]), np.array([p.lat for p in places])
    snapped = snap_to_roads(drive, lon, lat, max_link_m=500, min_component_nodes=1)
    graph, (points,) = build_drive_graph(drive, [snapped], SPEEDS, link_kmh=5.0)
    assert (graph.time_ms >= 0).all()
    oracle = _build_oracle(nodes, ways)
    vertex = np.array([kept[p.id] for p in places], dtype=np.int32)
    exact = type(points)(vertex, np.zeros(vertex.size, np.int32), np.zeros(vertex.size))
    found = compute_drive_matrix(graph, exact, exact, n_threads=n_threads)
    some = slice(0, max(1, vertex.size // 2))
    few = type(points)(vertex[some], np.arange(vertex[some].size, dtype=np.int32), np.zeros(vertex[some].size))
    turned = compute_drive_matrix(graph, exact, few)
    for i, start in enumerate(places):
        wanted = nx.single_source_dijkstra_path_length(oracle, start.id, weight="ms")
        assert found[i].tolist() == [wanted.get(end.id, -1) for end in places]
        options = [(wanted[end.id] + k, k) for k, end in enumerate(places[some]) if end.id in wanted]
        time, nearest = compute_nearest_by_car(graph, exact, few)
        assert (time[i], nearest[i]) == min(options, default=(-1, -1))
        assert turned[i].tolist() == [wanted[e.id] + k if e.id in wanted else -1 for k, e in enumerate(places[some])]


@given(st.integers(0, 10**6))
def test_the_result_depends_neither_on_the_order_of_ways_nor_on_how_they_are_split(seed: int) -> None:
    nodes, ways = _make_world(seed)
    if all(len(set(way.nodes)) < 2 for way in ways):
        return
    drive = _build(nodes, ways)
    again = _build(nodes[::-1], ways[::-1])
    assert drive.streets.edges.equals(again.streets.edges)
    assert drive.streets.nodes.equals(again.streets.nodes)
    assert np.array_equal(drive.direction, again.direction)
    assert np.array_equal(drive.road_class, again.road_class)
    pieces = [
        OsmWay(1000 * way.id + step, [a, b], way.tags)
        for way in ways
        for step, (a, b) in enumerate(zip(way.nodes, way.nodes[1:], strict=False))
    ]
    split = _build(nodes, pieces)
    columns = ["u", "v", "length_cm", "xs", "ys"]
    assert drive.streets.edges.select(columns).equals(split.streets.edges.select(columns))
    assert np.array_equal(drive.direction, split.direction)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40))
def test_points_on_roads_take_the_time_of_their_parts(seed: int, first: int, second: int) -> None:
    """On one straight one-way road, the way back is the way round."""
    corner = [OsmNode(1, 0.0, 0.0), OsmNode(2, 0.01, 0.0), OsmNode(3, 0.01, 0.01)]
    direction = {"oneway": "yes"} if seed % 2 else {}
    ways = [OsmWay(1, [1, 2], {"highway": "residential", **direction}), OsmWay(2, [2, 3, 1], {"highway": "primary"})]
    drive = _build(corner, ways)
    lon = np.array([first * 2e-4, second * 2e-4])
    snapped = snap_to_roads(drive, lon, np.zeros(2), max_link_m=500, min_component_nodes=1)
    graph, (points,) = build_drive_graph(drive, [snapped], SPEEDS, link_kmh=5.0)
    times = compute_drive_matrix(graph, points, points)
    cm = np.abs(np.diff(snapped.position_cm))[0] if first != second else 0
    street = int(compute_segment_cm(np.zeros(1), np.zeros(1), np.full(1, 0.01), np.zeros(1))[0])
    sides = [int(e) for e in drive.streets.edges.filter(drive.streets.edges["highway"] == "primary")["length_cm"]]
    along = int(cm) * 36 // 6
    round_trip = (street - int(cm)) * 36 // 6 + sum(sides) * 36 // 18
    ahead = min(along, round_trip)
    back = round_trip if seed % 2 else ahead
    low_first = first <= second
    if first == second:
        assert times.tolist() == [[0, 0], [0, 0]]
    elif seed % 2:
        assert times[0, 1] == (along if low_first else back)
        assert times[1, 0] == (back if low_first else along)
    else:
        assert times[0, 1] == times[1, 0] == ahead


def test_a_grid_at_one_speed_takes_its_blocks(tmp_path: Path) -> None:
    nodes, ways = build_grid(6)
    path = write_osm(tmp_path / "grid.osm.pbf", nodes, ways)
    drive = read_drive_streets(path, Notices())
    write_drive(drive, tmp_path)
    read = read_drive_folder(tmp_path)
    assert read.streets.edges.equals(drive.streets.edges)
    lon, lat = np.array([0.0, 0.005, 0.0]), np.array([0.0, 0.005, 0.0009])
    snapped = snap_to_roads(read, lon, lat, max_link_m=500, min_component_nodes=1)
    graph, (points,) = build_drive_graph(read, [snapped], dict.fromkeys(ROAD_CLASSES, 18.3), link_kmh=15.3)
    seconds = round_to_seconds(compute_drive_matrix(graph, points, points))
    block_m = 111.19508
    assert abs(seconds[0, 1] - 10 * block_m / (18.3 / 3.6)) <= 1
    assert abs(seconds[0, 2] - 0.9 * block_m / (18.3 / 3.6)) <= 1


def test_points_do_not_join_motorways_and_barriers_cut_roads(tmp_path: Path) -> None:
    nodes = [
        OsmNode(1, 0.0, 0.0),
        OsmNode(2, 0.01, 0.0),
        OsmNode(3, 0.0, 0.002),
        OsmNode(4, 0.005, 0.002, {"barrier": "bollard"}),
        OsmNode(5, 0.01, 0.002),
    ]
    ways = [
        OsmWay(1, [1, 2], {"highway": "motorway", "oneway": "no"}),
        OsmWay(2, [3, 4, 5], {"highway": "residential"}),
        OsmWay(3, [1, 3], {"highway": "primary"}),
    ]
    notices = Notices()
    drive = read_drive_streets(write_osm(tmp_path / "m.osm.pbf", nodes, ways), notices)
    assert notices.counts() == {"roads_barrier_cut": 1}
    snapped = snap_to_roads(
        drive, np.array([0.004, 0.006]), np.array([0.0001, 0.0019]), max_link_m=500, min_component_nodes=1
    )
    assert (drive.streets.edges["highway"].gather(snapped.edge_index) == "residential").all()
    assert snapped.link_cm[0] > 20_000
    graph, (points,) = build_drive_graph(drive, [snapped], SPEEDS, link_kmh=5.0)
    assert compute_drive_matrix(graph, points, points)[0, 1] == -1
