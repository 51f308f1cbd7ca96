"""A mutable map of nodes and ways in local kilometres, and its writer to OpenStreetMap PBF."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass, field
from pathlib import Path

import osmium
import osmium.io
import osmium.osm.mutable

from saltmarsh.grid import Point, compute_distance_km, compute_lon_lat

ROAD_KINDS = frozenset({"primary", "secondary", "tertiary", "unclassified", "residential"})
FIRST_NODE_ID = 1_000_001
FIRST_WAY_ID = 5_001

_NAME_HEADS = (
    "Alder", "Anchor", "Avocet", "Barley", "Beacon", "Bittern", "Brine", "Bulrush", "Causeway", "Chandler", "Cinder",
    "Cockle", "Cooper", "Cord", "Curlew", "Dabchick", "Driftwood", "Dunlin", "Eider", "Fathom", "Fisher", "Flint",
    "Gorse", "Harrier", "Heron", "Kelp", "Keel", "Kittiwake", "Ladle", "Lantern", "Linnet", "Lobster", "Lugger",
    "Mallow", "Marl", "Marram", "Mizzen", "Mussel", "Netmaker", "Orache", "Osier", "Oystercatcher", "Pantile",
    "Peewit", "Pilot", "Plover", "Purslane", "Redshank", "Reed", "Rigger", "Sailmaker", "Saltpan", "Samphire",
    "Sandpiper", "Sedge", "Shingle", "Skipper", "Spar", "Sprat", "Tern", "Thrift", "Tiller", "Turnstone", "Wader",
    "Whelk", "Whimbrel", "Widgeon", "Windpump", "Withy",
)  # fmt: skip
_NAME_TAILS = ("Street", "Road", "Lane", "Avenue", "Close", "Row", "Way", "Walk", "Terrace", "Drive")


@dataclass(frozen=True)
class Node:
    """A node: identifier, position in local kilometres, tags."""

    node_id: int
    point: Point
    tags: dict[str, str]


@dataclass(frozen=True)
class Way:
    """A way: identifier, node identifiers in order, tags."""

    way_id: int
    refs: tuple[int, ...]
    tags: dict[str, str]


@dataclass(frozen=True)
class GridSpec:
    """A settlement's street grid: its south-west corner, number of streets each way, spacing, irregularity.

    The outer streets and the main column, if there is one, have no gaps.
    """

    name: str
    corner: Point
    n_columns: int
    n_rows: int
    spacing: Point
    jitter_km: float = 0.015
    dropped_share: float = 0.07
    special_share: float = 0.12
    main_column: int | None = None


@dataclass
class StreetMap:
    """Nodes and ways, numbered in the order in which they are added."""

    rng: random.Random
    nodes: list[Node] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    road_refs: dict[int, None] = field(default_factory=dict)
    _used_names: set[str] = field(default_factory=set)

    def add_node(self, x: float, y: float, **tags: str) -> int:
        """Add a node and return its identifier."""
        node_id = FIRST_NODE_ID + len(self.nodes)
        self.nodes.append(Node(node_id, (x, y), tags))
        return node_id

    def get_point(self, ref: int) -> Point:
        """Return the position of a node in local kilometres."""
        return self.nodes[ref - FIRST_NODE_ID].point

    def add_way(self, refs: list[int], **tags: str) -> None:
        """Add a way; a trailing underscore in a tag's key is dropped, two underscores become a colon."""
        clean = {key.rstrip("_").replace("__", ":"): value for key, value in tags.items()}
        self.ways.append(Way(FIRST_WAY_ID + len(self.ways), tuple(refs), clean))
        if clean.get("highway") in ROAD_KINDS:
            self.road_refs.update(dict.fromkeys(refs))

    def get_nearest_road_node(self, x: float, y: float) -> int:
        """Return the node of a public road that is nearest to a point."""
        return min(self.road_refs, key=lambda ref: (compute_distance_km(self.get_point(ref), (x, y)), ref))

    def pick_name(self, *, tails: tuple[str, ...] = _NAME_TAILS) -> str:
        """Return a street name that is not used yet (or one with a number, when all are)."""
        for _ in range(50):
            name = f"{self.rng.choice(_NAME_HEADS)} {self.rng.choice(tails)}"
            if name not in self._used_names:
                self._used_names.add(name)
                return name
        message = "the list of street names is exhausted"
        raise RuntimeError(message)

    def add_line(self, points: list[Point], *, spacing_km: float = 0.25, wobble_km: float = 0.012) -> list[int]:
        """Add nodes along a broken line, its corners included, and return their identifiers."""
        refs = [self.add_node(*points[0])]
        for start, end in itertools.pairwise(points):
            refs += self._add_between(start, end, spacing_km, wobble_km)
            refs.append(self.add_node(*end))
        return refs

    def add_link(self, start: int, via: list[Point], end: int, **tags: str) -> list[int]:
        """Add a way from one existing node to another by way of corners, and return its nodes."""
        points = [self.get_point(start), *via, self.get_point(end)]
        refs = [start]
        for index, (a, b) in enumerate(itertools.pairwise(points)):
            refs += self._add_between(a, b, 0.25, 0.012)
            refs.append(end if index == len(points) - 2 else self.add_node(*b))
        self.add_way(refs, **tags)
        return refs

    def _add_between(self, start: Point, end: Point, spacing_km: float, wobble_km: float) -> list[int]:
        length = compute_distance_km(start, end)
        n_parts = max(1, math.ceil(length / spacing_km))
        refs = []
        for part in range(1, n_parts):
            share = part / n_parts
            off = self.rng.uniform(-wobble_km, wobble_km)
            x = start[0] + share * (end[0] - start[0]) - off * (end[1] - start[1]) / length
            y = start[1] + share * (end[1] - start[1]) + off * (end[0] - start[0]) / length
            refs.append(self.add_node(x, y))
        return refs

    def add_grid(self, spec: GridSpec) -> dict[tuple[int, int], int]:
        """Add a settlement's streets and return its crossings by column and row."""
        crossings: dict[tuple[int, int], int] = {}
        for row in range(spec.n_rows):
            for column in range(spec.n_columns):
                x = spec.corner[0] + column * spec.spacing[0] + self.rng.uniform(-spec.jitter_km, spec.jitter_km)
                y = spec.corner[1] + row * spec.spacing[1] + self.rng.uniform(-spec.jitter_km, spec.jitter_km)
                crossings[column, row] = self.add_node(x, y)
        for row in range(spec.n_rows):
            edge = row in (0, spec.n_rows - 1)
            self._add_street([crossings[column, row] for column in range(spec.n_columns)], spec, is_edge=edge)
        for column in range(spec.n_columns):
            edge = column in (0, spec.n_columns - 1, spec.main_column)
            self._add_street([crossings[column, row] for row in range(spec.n_rows)], spec, is_edge=edge)
        return crossings

    def _add_street(self, refs: list[int], spec: GridSpec, *, is_edge: bool) -> None:
        """Add one street of a grid, in parts where a block is missing or is an alley, steps or private."""
        kind, name = "tertiary" if is_edge else "residential", self.pick_name()
        is_oneway = not is_edge and self.rng.random() < 0.15
        run: list[int] = []
        for a, b in itertools.pairwise(refs):
            middle = self._add_between(self.get_point(a), self.get_point(b), 0.12, 0.010)
            lot = self.rng.random()
            if is_edge or lot >= spec.dropped_share + spec.special_share:
                run = [*(run or [a]), *middle, b]
                continue
            self._close_run(run, kind, name, is_oneway=is_oneway)
            run = []
            if lot >= spec.dropped_share:
                self._add_special([a, *middle, b], (lot - spec.dropped_share) / spec.special_share)
        self._close_run(run, kind, name, is_oneway=is_oneway)

    def _close_run(self, run: list[int], kind: str, name: str, *, is_oneway: bool) -> None:
        if run and is_oneway:
            self.add_way(run, highway=kind, name=name, oneway="yes")
        elif run:
            self.add_way(run, highway=kind, name=name)

    def _add_special(self, refs: list[int], lot: float) -> None:
        if lot < 0.45:
            self.add_way(refs, highway="footway")
        elif lot < 0.65:
            self.add_way(refs, highway="service", access="private")
        elif lot < 0.85:
            self.add_way(refs, highway="pedestrian", name=self.pick_name(tails=("Parade", "Passage", "Arcade")))
        else:
            self.add_way(refs, highway="steps", step_count="24")

    def write_pbf(self, path: Path) -> None:
        """Write the map, nodes first, in the order of their identifiers, without compression or timestamps."""
        header = osmium.io.Header()
        header.set("generator", "saltmarsh sample")
        used = {ref for way in self.ways for ref in way.refs}
        file = osmium.io.File(str(path), "pbf,pbf_compression=none,add_metadata=false")
        writer = osmium.SimpleWriter(file, header=header, overwrite=True)
        try:
            for node in self.nodes:
                if node.node_id in used or node.tags:
                    location = compute_lon_lat(*node.point, decimals=7)
                    writer.add_node(osmium.osm.mutable.Node(id=node.node_id, location=location, tags=node.tags))
            for way in self.ways:
                writer.add_way(osmium.osm.mutable.Way(id=way.way_id, nodes=list(way.refs), tags=way.tags))
        finally:
            writer.close()
