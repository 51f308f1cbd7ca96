"""Reads the walkable network out of OpenStreetMap files.

Two streaming passes with pyosmium: ways first, then nodes. Only ways that may be walkable and nodes with a barrier ever
reach Python one by one; locations are kept in libosmium's own index.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import polars as pl
from numpy.typing import NDArray

from pipeline.base.errors import InputError
from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import Notices, declare_notice
from pipeline.base.progress import measure, track
from pipeline.streets.model import Streets
from pipeline.streets.osm_files import check_osm_file
from pipeline.streets.profile import DEFAULT, WalkingProfile, blocks_walking, is_walkable
from pipeline.streets.simplify import RawNetwork, build_streets, sort_unique

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_SEGMENT_M = 100_000.0
"""Longest straight piece of a way that is believed; longer ones lead to a node at 0,0 or with a digit wrong."""
_DEGREES_PER_UNIT = 1e7
_ONEWAY_FOOT_KEYS = ("oneway:foot", "foot:oneway")

WAY_INCOMPLETE = declare_notice(
    "streets_way_incomplete",
    "info",
    "A walkable way refers to nodes that the extract does not hold; the parts that are there are kept.",
    "Usual at the edge of an extract. If it matters there, cut the extract with complete ways.",
)
WAY_REPEATED = declare_notice(
    "streets_way_repeated",
    "warning",
    "The same way stands more than once in the file; its highest version is used.",
    "Merge extracts with a tool that removes repetitions, such as osmium merge.",
)
SEGMENT_TOO_LONG = declare_notice(
    "streets_segment_too_long",
    "warning",
    "Two neighbouring nodes of a walkable way lie more than 100 km apart; the way is cut there.",
    "One of the two nodes is misplaced, often at 0,0: correct it in OpenStreetMap.",
)
BARRIER_CUT = declare_notice(
    "streets_barrier_cut",
    "info",
    "A barrier that people may not pass lies on a walkable way; the way is cut there.",
    "If people do pass, correct the tags in OpenStreetMap (foot=yes).",
)
ONEWAY_FOOT = declare_notice(
    "streets_oneway_foot",
    "info",
    "A way is tagged as one-way for people on foot; it is walked in both directions all the same.",
    "Nothing to do unless the one-way rule matters to journeys there.",
)


@dataclass
class WayColumns:
    """Walkable ways collected one by one."""

    osmid: array[int] = field(default_factory=lambda: array("q"))
    version: array[int] = field(default_factory=lambda: array("q"))
    n_refs: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))
    highway: list[str | None] = field(default_factory=list)
    name: list[str | None] = field(default_factory=list)

    def add(self, osmid: int, version: int, refs: list[int], tags: dict[str, str]) -> None:
        """Take in one way."""
        self.osmid.append(osmid)
        self.version.append(version)
        self.n_refs.append(len(refs))
        self.refs.extend(refs)
        self.highway.append(tags.get("highway") or "platform")
        self.name.append(tags.get("name"))


@dataclass(frozen=True)
class NodeColumns:
    """Located nodes: osmid strictly ascending, degrees, whether a barrier stops people there."""

    osmid: I64
    x: F64
    y: F64
    is_blocked: Flags


def read_streets(path: Path, notices: Notices, *, profile: WalkingProfile = DEFAULT) -> Streets:
    """Read the walkable streets of an OpenStreetMap extract.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``; the order of objects in it does not matter.
    notices
        Takes note of incomplete and repeated ways, barriers and one-way rules for walking.
    profile
        What counts as walkable.

    Returns
    -------
    Streets
        The contracted network.

    Raises
    ------
    InputError
        If the file is missing, broken, not OpenStreetMap data, a history file, or holds no walkable way.
    """
    if not path.is_file():
        raise InputError("the street file does not exist", file=path, cure="check the path, or run `make fetch`")
    check_osm_file(path)
    with explain_broken_file(path):
        ways = _read_ways(path, notices, profile)
        if not ways.osmid:
            raise _explain_nothing_walkable(path)
        needed = sort_unique(np.frombuffer(ways.refs, dtype=np.int64))
        with measure(f"reading nodes of {path.name}"):
            nodes = read_nodes(path, needed, lambda tags: blocks_walking(tags, profile))
    with measure("contracting the streets"):
        return build_streets_from_columns(ways, nodes, notices, file=path)


def build_streets_from_columns(ways: WayColumns, nodes: NodeColumns, notices: Notices, *, file: Path) -> Streets:
    """Join ways and nodes into segments and contract them.

    Parameters
    ----------
    ways, nodes
        What was read; ways may refer to nodes that are not there.
    notices
        Takes note of what was incomplete, repeated or cut.
    file
        Named in notices and errors.

    Raises
    ------
    InputError
        If no segment of a walkable way has both its ends.
    """
    order = get_way_order(ways, notices, file)
    segments, cut = list_segments(ways, nodes, order)
    _note_incomplete(ways, order, cut, notices, file)
    a, b, segment_way = keep_believable(segments, ways, order, nodes, notices, file)
    if not bool(np.any(a != b)):
        raise _explain_nothing_walkable(file)
    used = sort_unique(np.concatenate([a, b]))
    for osmid in nodes.osmid[used[nodes.is_blocked[used]]].tolist():
        notices.add(BARRIER_CUT, file=file, field="node", value=osmid)
    highway = pl.Series("highway", ways.highway, dtype=pl.String).gather(order)
    return build_streets(
        RawNetwork(
            node_osmid=nodes.osmid[used],
            node_x=nodes.x[used],
            node_y=nodes.y[used],
            is_blocked=nodes.is_blocked[used],
            segment_a=np.searchsorted(used, a),
            segment_b=np.searchsorted(used, b),
            segment_way=segment_way,
            way_osmid=np.asarray(ways.osmid, dtype=np.int64)[order],
            way_highway=highway,
            way_name=pl.Series("name", ways.name, dtype=pl.String).gather(order),
            way_is_steps=(highway == "steps").to_numpy(),
        )
    )


def list_segments(ways: WayColumns, nodes: NodeColumns, order: I64) -> tuple[tuple[I64, I64, I64], I64]:
    """Take ways apart into segments between consecutive nodes.

    Parameters
    ----------
    ways, nodes
        What was read.
    order
        Positions of the ways to take, in their order.

    Returns
    -------
    segments : tuple of int64 arrays
        Index of the first node, of the second, and position of the way in `order`; as the way is drawn.
    cut : int64 array
        For every reference to a node that is not there the position of its way in `order`.
    """
    sizes = np.asarray(ways.n_refs, dtype=np.int64)
    starts = (np.cumsum(sizes) - sizes)[order]
    sizes = sizes[order]
    way = np.repeat(np.arange(order.shape[0], dtype=np.int64), sizes)
    within = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    refs = np.frombuffer(ways.refs, dtype=np.int64)[np.repeat(starts, sizes) + within] if ways.refs else way
    index = np.searchsorted(nodes.osmid, refs)
    is_there = index < nodes.osmid.shape[0]
    is_there[is_there] = nodes.osmid[index[is_there]] == refs[is_there]
    is_segment = (way[1:] == way[:-1]) & is_there[1:] & is_there[:-1]
    return (index[:-1][is_segment], index[1:][is_segment], way[:-1][is_segment]), way[~is_there]


def _read_ways(path: Path, notices: Notices, profile: WalkingProfile) -> WayColumns:
    processor = osmium.FileProcessor(path, osmium.osm.WAY)
    if processor.header.has_multiple_object_versions:
        raise InputError(
            "the street file holds the history of OpenStreetMap, not one state of it",
            file=path,
            cure="make an extract of one date from it (osmium time-filter)",
        )
    ways = WayColumns()
    way: Any
    for way in track(
        processor.with_filter(osmium.filter.KeyFilter(*profile.way_keys)), description=f"reading ways of {path.name}"
    ):
        tags = {tag.k: tag.v for tag in way.tags}
        if not way.visible or not is_walkable(tags, profile):
            continue
        ways.add(way.id, way.version, [node.ref for node in way.nodes], tags)
        if any(tags.get(key, "no") != "no" for key in _ONEWAY_FOOT_KEYS):
            notices.add(ONEWAY_FOOT, file=path, field="way", value=way.id)
    return ways


def read_nodes(path: Path, needed: I64, blocks: Callable[[dict[str, str]], bool]) -> NodeColumns:
    """Locate the needed nodes (ascending, distinct) and find those that a barrier `blocks` among all nodes."""
    processor = osmium.FileProcessor(path, osmium.osm.NODE)
    # The fast index wants ascending ids; files that do not promise them get the one that takes any order.
    is_sorted = processor.header.get("sorting", "") == "Type_then_ID"
    processor = processor.with_locations("sparse_mem_array" if is_sorted else "sparse_mem_map")
    blocked = array("q")
    for node in processor.with_filter(osmium.filter.KeyFilter("barrier")):
        if blocks({tag.k: tag.v for tag in node.tags}):
            blocked.append(node.id)
    x = np.zeros(needed.shape[0], dtype=np.int64)
    y = np.zeros(needed.shape[0], dtype=np.int64)
    is_there = np.zeros(needed.shape[0], dtype=bool)
    locations: Any = processor.node_location_storage
    with measure("locating nodes", total=needed.shape[0]) as meter:
        for i, osmid in enumerate(needed.tolist()):
            location = _find_location(locations, osmid)
            if location is not None:
                x[i], y[i], is_there[i] = location.x, location.y, True
            if i % 10_000 == 9_999:
                meter.advance(10_000)
    needed = needed[is_there]
    is_blocked = np.isin(needed, np.asarray(blocked, dtype=np.int64))
    return NodeColumns(needed, x[is_there] / _DEGREES_PER_UNIT, y[is_there] / _DEGREES_PER_UNIT, is_blocked)


def _find_location(locations: Any, osmid: int) -> Any | None:
    """Location of a node, None where the file has none (negative ids are an editor's unsaved work)."""
    if osmid < 0:
        return None
    try:
        location = locations.get(osmid)
    except KeyError:
        return None
    return location if location.valid() else None


def get_way_order(ways: WayColumns, notices: Notices, file: Path) -> I64:
    """Positions of the ways in ascending order of osmid, the highest version of each only."""
    osmid = np.asarray(ways.osmid, dtype=np.int64)
    order = np.lexsort((np.asarray(ways.version, dtype=np.int64), osmid))
    is_last = np.ones(order.shape[0], dtype=bool)
    is_last[:-1] = osmid[order][1:] != osmid[order][:-1]
    for repeated in np.unique(osmid[order[~is_last]]).tolist():
        notices.add(WAY_REPEATED, file=file, field="way", value=repeated)
    return np.asarray(order[is_last], dtype=np.int64)


def _note_incomplete(ways: WayColumns, order: I64, way: I64, notices: Notices, file: Path) -> None:
    positions, counts = np.unique(way, return_counts=True)
    for position, count in zip(order[positions].tolist(), counts.tolist(), strict=True):
        notices.add(
            WAY_INCOMPLETE,
            file=file,
            field="way",
            value=ways.osmid[position],
            detail=f"{count} of {ways.n_refs[position]} nodes are missing",
        )


def keep_believable(
    segments: tuple[I64, I64, I64], ways: WayColumns, order: I64, nodes: NodeColumns, notices: Notices, file: Path
) -> tuple[I64, I64, I64]:
    """Drop segments that are impossibly long, and note them.

    Parameters
    ----------
    segments
        From :func:`list_segments`.
    ways, order, nodes
        What it was called with.
    notices
        Collector.
    file
        Named in notices.

    Returns
    -------
    tuple of int64 arrays
        The segments kept.
    """
    a, b, way = segments
    is_good = compute_haversine_m(nodes.x[a], nodes.y[a], nodes.x[b], nodes.y[b]) <= MAX_SEGMENT_M
    for position in order[way[~is_good]].tolist():
        notices.add(SEGMENT_TOO_LONG, file=file, field="way", value=ways.osmid[position])
    return a[is_good], b[is_good], way[is_good]


def _explain_nothing_walkable(path: Path) -> InputError:
    return InputError(
        "no walkable way was found in the street file",
        file=path,
        field="highway",
        cure="check that the file is an OpenStreetMap extract of the area with its roads and paths",
    )


@contextmanager
def explain_broken_file(path: Path) -> Iterator[None]:
    """Turn what the reader raises for a broken file into an error that says the cure."""
    try:
        yield
    except (RuntimeError, ValueError, OverflowError, osmium.InvalidLocationError) as error:
        raise InputError(
            f"the street file cannot be read: {str(error).strip()}",
            file=path,
            cure="it is empty, cut short or no OpenStreetMap data (.osm.pbf, .osm, .osm.gz or .osm.bz2): get it again",
        ) from error
