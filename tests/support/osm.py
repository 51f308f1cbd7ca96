"""Small OpenStreetMap files and street networks for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import osmium
from osmium.osm import mutable

from pipeline.base.notices import Notices
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import read_streets


@dataclass(frozen=True)
class OsmNode:
    """A node in lon/lat."""

    id: int
    lon: float
    lat: float
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OsmWay:
    """A way through nodes."""

    id: int
    nodes: Sequence[int]
    tags: Mapping[str, str] = field(default_factory=lambda: {"highway": "residential"})
    version: int = 1


def write_osm(path: Path, nodes: Iterable[OsmNode], ways: Iterable[OsmWay], *, ways_first: bool = False) -> Path:
    """Write nodes and ways, in the order given, in the format that the ending of the file says."""
    path.unlink(missing_ok=True)
    written_nodes = [mutable.Node(id=n.id, location=(n.lon, n.lat), tags=dict(n.tags), version=1) for n in nodes]
    written_ways = [mutable.Way(id=w.id, nodes=list(w.nodes), tags=dict(w.tags), version=w.version) for w in ways]
    with osmium.SimpleWriter(path) as writer:
        if ways_first:
            for way in written_ways:
                writer.add_way(way)
        for node in written_nodes:
            writer.add_node(node)
        if not ways_first:
            for way in written_ways:
                writer.add_way(way)
    return path


def build_test_streets(folder: Path, nodes: Iterable[OsmNode], ways: Iterable[OsmWay]) -> Streets:
    """Write a file and read it."""
    return read_streets(write_osm(folder / "streets.osm.pbf", nodes, ways), Notices())


def build_grid(
    n: int, *, step: float = 0.001, lon: float = 0.0, lat: float = 0.0
) -> tuple[list[OsmNode], list[OsmWay]]:
    """Square grid of n x n crossings, node ``1 + row * n + column``, one way per row and per column."""
    nodes = [OsmNode(1 + r * n + c, lon + c * step, lat + r * step) for r in range(n) for c in range(n)]
    rows = [OsmWay(1 + r, [1 + r * n + c for c in range(n)]) for r in range(n)]
    columns = [OsmWay(1 + n + c, [1 + r * n + c for r in range(n)]) for c in range(n)]
    return nodes, rows + columns
