"""Reads the driving network out of OpenStreetMap files and contracts it.

A node of degree two goes if the two segments that meet there are of one class of road and of one direction, so that
every edge has one speed. The result does not depend on the order of the file nor on how ways are split.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.streets.drive_model import DriveStreets
from pipeline.streets.drive_profile import ROAD_CLASSES, blocks_driving, find_rule
from pipeline.streets.model import EDGE_SCHEMA, NODE_SCHEMA, Streets, compute_segment_cm
from pipeline.streets.read_osm import (
    NodeColumns,
    WayColumns,
    explain_broken_file,
    get_way_order,
    keep_believable,
    list_segments,
    read_nodes,
)
from pipeline.streets.simplify import (
    Chains,
    build_adjacency,
    build_components,
    build_geometries,
    follow_chains,
    sort_unique,
)

F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROAD_CUT = declare_notice(
    "roads_barrier_cut",
    "info",
    "A barrier that cars may not pass lies on a road; the road is cut there.",
    "If cars do pass, correct the tags in OpenStreetMap (motor_vehicle=yes).",
)


@dataclass(frozen=True)
class _Roads:
    """Distinct segments between numbered nodes, with class, direction from a to b, and way."""

    osmid: I64
    x: F64
    y: F64
    a: I64
    b: I64
    road_class: I64
    direction: I64
    way: I64


def read_drive_streets(path: Path, notices: Notices) -> DriveStreets:
    """Read the roads of an OpenStreetMap extract.

    Parameters
    ----------
    path
        The same file as the walking network's.
    notices
        Takes note of repeated ways and of barriers that cut roads.

    Returns
    -------
    DriveStreets
        The contracted network.

    Raises
    ------
    InputError
        If the file is missing, broken or holds no road for cars.
    """
    if not path.is_file():
        raise InputError("the street file does not exist", file=path, cure="check the path, or run `make fetch`")
    ways, rules = WayColumns(), (array("q"), array("q"))
    with explain_broken_file(path):
        way: Any
        for way in osmium.FileProcessor(path, osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
            tags = {tag.k: tag.v for tag in way.tags}
            rule = find_rule(tags) if way.visible else None
            if rule is not None:
                ways.add(way.id, way.version, [node.ref for node in way.nodes], tags)
                rules[0].append(ROAD_CLASSES.index(rule.road_class))
                rules[1].append(rule.direction)
        needed = sort_unique(np.frombuffer(ways.refs, dtype=np.int64)) if ways.refs else np.empty(0, np.int64)
        nodes = read_nodes(path, needed, blocks_driving)
    return build_drive_streets(ways, (np.asarray(rules[0]), np.asarray(rules[1])), nodes, notices, file=path)


def build_drive_streets(
    ways: WayColumns, rules: tuple[I64, I64], nodes: NodeColumns, notices: Notices, *, file: Path
) -> DriveStreets:
    """Join ways and nodes into segments and contract them.

    Parameters
    ----------
    ways, nodes
        What was read.
    rules
        Class of road and direction of every way.
    notices, file
        Takes note of repeated ways and of barriers in this file.

    Returns
    -------
    DriveStreets
        Edges are sorted by the nodes at their ends, length, way and geometry.

    Raises
    ------
    InputError
        If no segment of a road has both its ends.
    """
    order = get_way_order(ways, notices, file)
    segments, _ = list_segments(ways, nodes, order)
    a, b, way = keep_believable(segments, ways, order, nodes, notices, file)
    if not bool(np.any(a != b)):
        raise InputError(
            "no road for cars was found in the street file",
            file=file,
            field="highway",
            cure="check that the file is an OpenStreetMap extract with its roads, or set car: false",
        )
    used = sort_unique(np.concatenate([a, b]))
    for osmid in nodes.osmid[used[nodes.is_blocked[used]]].tolist():
        notices.add(ROAD_CUT, file=file, field="node", value=osmid)
    roads = _build_distinct(
        (np.searchsorted(used, a), np.searchsorted(used, b), way), (rules[0][order], rules[1][order]), nodes, used
    )
    roads = _cut_at_barriers(roads, nodes.is_blocked[used])
    highway, name = (
        pl.Series(column, values, dtype=pl.String).gather(order)
        for column, values in (("highway", ways.highway), ("name", ways.name))
    )
    return _contract(roads, np.asarray(ways.osmid, dtype=np.int64)[order], highway, name)


def _build_distinct(segments: tuple[I64, I64, I64], rules: tuple[I64, I64], nodes: NodeColumns, used: I64) -> _Roads:
    """Direct every segment from its lower to its higher node; drop repetitions, the lowest way stays."""
    first, second, way = segments
    a, b = np.minimum(first, second), np.maximum(first, second)
    road_class, direction = rules[0][way], np.where(first > second, -rules[1][way], rules[1][way])
    order = np.lexsort((way, direction, road_class, b, a))
    a, b, road_class, direction, way = a[order], b[order], road_class[order], direction[order], way[order]
    keep = a != b
    keep[1:] &= np.any([array[1:] != array[:-1] for array in (a, b, road_class, direction)], axis=0)
    kept = [array[keep].astype(np.int64) for array in (a, b, road_class, direction, way)]
    return _Roads(nodes.osmid[used], nodes.x[used], nodes.y[used], *kept)


def _cut_at_barriers(roads: _Roads, is_blocked: Flags) -> _Roads:
    """Give every segment end at a blocked node, after the first, a node of its own (with a negative osmid)."""
    n = roads.a.shape[0]
    node = np.concatenate([roads.a, roads.b])
    ends = np.flatnonzero(is_blocked[node])
    ends = ends[np.argsort(node[ends], kind="stable")]
    is_copy = np.zeros(ends.shape[0], dtype=bool)
    is_copy[1:] = node[ends][1:] == node[ends][:-1]
    copies = ends[is_copy]
    origin = node[copies]
    node[copies] = roads.osmid.shape[0] + np.arange(copies.shape[0])
    osmid = min(0, int(roads.osmid[0])) - 1 - np.arange(copies.shape[0], dtype=np.int64)
    return _Roads(
        np.concatenate([roads.osmid, osmid]),
        np.concatenate([roads.x, roads.x[origin]]),
        np.concatenate([roads.y, roads.y[origin]]),
        node[:n],
        node[n:],
        roads.road_class,
        roads.direction,
        roads.way,
    )


def _find_inner(roads: _Roads, indptr: I64, segment: I64) -> Flags:
    """Tell which nodes only join two segments of one class along which one drives on in the same direction."""
    inner: Flags = np.diff(indptr) == 2
    node = np.flatnonzero(inner)
    one, other = segment[indptr[node]], segment[indptr[node] + 1]
    away = [np.where(roads.a[s] == node, roads.direction[s], -roads.direction[s]) for s in (one, other)]
    inner[node] = (roads.road_class[one] == roads.road_class[other]) & (away[0] == -away[1])
    return inner


def _contract(roads: _Roads, way_osmid: I64, way_highway: pl.Series, way_name: pl.Series) -> DriveStreets:
    """Contract the roads into the tables of the network."""
    n_nodes = roads.osmid.shape[0]
    indptr, neighbour, segment = build_adjacency(roads.a, roads.b, n_nodes)
    chains = Chains(*follow_chains(indptr, neighbour, segment, _find_inner(roads, indptr, segment)))
    length = compute_segment_cm(roads.x[roads.a], roads.y[roads.a], roads.x[roads.b], roads.y[roads.b])
    starts = chains.segment_starts
    chain_length = np.add.reduceat(length[chains.segments], starts)
    way = np.minimum.reduceat(roads.way[chains.segments], starts)
    first = chains.segments[starts]
    tail, head = chains.nodes[chains.indptr[:-1]], chains.nodes[chains.indptr[1:] - 1]
    second = chains.nodes[chains.indptr[:-1] + 1]
    is_with = (roads.a[first] == tail) & (roads.b[first] == second)
    direction = np.where(is_with, roads.direction[first], -roads.direction[first])
    road_class = roads.road_class[first]
    order = np.lexsort((way, direction, road_class, second, chain_length, head, tail))
    kept = sort_unique(np.concatenate([tail, head]))
    u, v = np.searchsorted(kept, tail[order]), np.searchsorted(kept, head[order])
    n_inside = np.diff(chains.indptr)[order] - 2
    component, components = build_components(u, v, chain_length[order], n_inside, kept.shape[0])
    xs, ys = build_geometries(roads.x, roads.y, chains, order)
    edges = pl.DataFrame(
        {
            "edge_index": np.arange(order.shape[0], dtype=np.int32),
            "u": u.astype(np.int32),
            "v": v.astype(np.int32),
            "length_cm": chain_length[order].astype(np.int32),
            "osmid": way_osmid[way[order]],
            "highway": way_highway.gather(way[order]),
            "name": way_name.gather(way[order]),
            "is_steps": np.zeros(order.shape[0], dtype=bool),
            "xs": xs,
            "ys": ys,
        },
        schema=EDGE_SCHEMA,
    )
    table = {"node_index": np.arange(kept.shape[0], dtype=np.int32), "osmid": roads.osmid[kept]}
    places = {"x": roads.x[kept], "y": roads.y[kept], "component": component}
    nodes = pl.DataFrame(table | places, schema=NODE_SCHEMA)
    streets = Streets(nodes, edges, components)
    return DriveStreets(streets, road_class[order].astype(np.uint8), direction[order].astype(np.int8))
