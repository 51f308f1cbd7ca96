from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.errors import InputError
from pipeline.base.geo import compute_haversine_m
from pipeline.base.notices import Notices
from pipeline.streets.model import Streets, read_streets_folder, write_streets
from pipeline.streets.read_osm import read_streets
from tests.support.osm import OsmNode, OsmWay, build_grid, build_test_streets, write_osm

LINE = [OsmNode(1, 0.0, 51.0), OsmNode(2, 0.001, 51.0), OsmNode(3, 0.002, 51.0), OsmNode(4, 0.003, 51.0)]


def assert_same(one: Streets, other: Streets) -> None:
    assert one.nodes.equals(other.nodes)
    assert one.edges.equals(other.edges)
    assert one.components.equals(other.components)


def test_lengths_are_sums_of_rounded_segments(tmp_path: Path) -> None:
    streets = build_test_streets(tmp_path, LINE, [OsmWay(9, [4, 3, 2, 1], {"highway": "path", "name": "Ridge"})])
    segment = round(float(compute_haversine_m(0.0, 51.0, 0.001, 51.0)) * 100)
    assert streets.nodes["osmid"].to_list() == [1, 4]
    row = streets.edges.row(0, named=True)
    assert row["length_cm"] == 3 * segment
    assert (row["osmid"], row["highway"], row["name"], row["is_steps"]) == (9, "path", "Ridge", False)
    assert row["xs"] == [0.0, 0.001, 0.002, 0.003]
    assert row["ys"] == [51.0] * 4
    assert streets.components.row(0) == (0, 4, 2, 3 * segment / 100)


@pytest.mark.parametrize("ending", [".osm.pbf", ".osm", ".osm.gz", ".osm.bz2"])
@pytest.mark.parametrize("ways_first", [False, True])
def test_formats_and_order_do_not_matter(tmp_path: Path, ending: str, ways_first: bool) -> None:
    nodes, ways = build_grid(4)
    expected = build_test_streets(tmp_path, nodes, ways)
    path = write_osm(tmp_path / f"again{ending}", nodes[::-1], ways[::-1], ways_first=ways_first)
    assert_same(read_streets(path, Notices()), expected)


def test_sorted_files_take_the_fast_index(tmp_path: Path, shared_data: Path) -> None:
    streets = read_streets(shared_data / "porto_alegre" / "poa_osm.pbf", Notices())
    assert streets.edges.height > 20_000
    assert streets.components["n_raw_nodes"][0] > 30_000
    assert (streets.geometry.along_cm[streets.geometry.indptr[1:] - 1] == streets.edges["length_cm"].to_numpy()).all()


def test_ways_beyond_the_extract_keep_their_parts(tmp_path: Path) -> None:
    notices = Notices()
    ways = [OsmWay(7, [1, 2, 99, 3, 4, 98]), OsmWay(8, [97, 96])]
    streets = read_streets(write_osm(tmp_path / "a.osm.pbf", LINE, ways), notices)
    assert streets.nodes["osmid"].to_list() == [1, 2, 3, 4]
    assert streets.edges.height == 2
    assert notices.counts() == {"streets_way_incomplete": 2}
    assert "2 of 6 nodes" in notices.to_frame()["detail"][0]


def test_only_walkable_ways_are_read(tmp_path: Path) -> None:
    ways = [
        OsmWay(1, [1, 2], {"highway": "motorway"}),
        OsmWay(2, [2, 3], {"highway": "steps", "oneway:foot": "yes"}),
        OsmWay(3, [3, 4], {"railway": "platform"}),
        OsmWay(4, [1, 4], {"building": "yes"}),
    ]
    notices = Notices()
    streets = read_streets(write_osm(tmp_path / "a.osm.pbf", LINE, ways), notices)
    assert streets.edges.select("osmid", "highway", "is_steps").rows() == [(2, "steps", True)]
    assert notices.counts() == {"streets_oneway_foot": 1}
    assert streets.edges["length_cm"][0] > 13_000  # steps and platform joined: they meet at a node of degree two


def test_a_barrier_cuts_every_way_at_its_node(tmp_path: Path) -> None:
    nodes = [*LINE, OsmNode(5, 0.001, 51.001)]
    nodes[1] = OsmNode(2, 0.001, 51.0, {"barrier": "gate", "access": "private"})
    notices = Notices()
    ways = [OsmWay(1, [1, 2, 3, 4]), OsmWay(2, [2, 5])]
    streets = read_streets(write_osm(tmp_path / "a.osm.pbf", nodes, ways), notices)
    assert streets.components.height == 3
    assert streets.nodes["osmid"].to_list() == [-2, -1, 1, 2, 4, 5]
    assert notices.counts() == {"streets_barrier_cut": 1}
    copies = streets.nodes.filter(pl.col("osmid") < 0)
    assert copies["x"].to_list() == [0.001, 0.001]


def test_a_barrier_at_a_dead_end_needs_no_copy(tmp_path: Path) -> None:
    nodes = [OsmNode(1, 0.0, 51.0, {"barrier": "wall"}), *LINE[1:]]
    streets = build_test_streets(tmp_path, nodes, [OsmWay(1, [1, 2, 3])])
    assert streets.nodes["osmid"].to_list() == [1, 3]


def test_repeated_ways_take_the_highest_version(tmp_path: Path) -> None:
    notices = Notices()
    ways = [OsmWay(1, [1, 2, 3, 4], version=2), OsmWay(1, [1, 2], version=1)]
    streets = read_streets(write_osm(tmp_path / "a.osm", LINE, ways), notices)
    assert streets.nodes["osmid"].to_list() == [1, 4]
    assert notices.counts() == {"streets_way_repeated": 1}


def test_loops_parallel_edges_and_cycles(tmp_path: Path) -> None:
    nodes = [OsmNode(i, 0.001 * (i % 4), 51.0 + 0.001 * (i // 4)) for i in range(1, 20)]
    ways = [
        OsmWay(1, [1, 2, 3]),  # and back another way: parallel edges between 1 and 3
        OsmWay(2, [3, 4, 1]),
        OsmWay(3, [1, 5, 6, 1]),  # loop at 1
        OsmWay(4, [3, 7]),  # dead end
        OsmWay(5, [10, 12, 11, 10]),  # isolated cycle
    ]
    streets = build_test_streets(tmp_path, nodes, ways)
    osmid = streets.nodes["osmid"].to_list()
    assert osmid == [1, 3, 7, 10]
    ends = [(osmid[u], osmid[v]) for u, v in streets.edges.select("u", "v").rows()]
    assert ends == [(1, 1), (1, 3), (1, 3), (3, 7), (10, 10)]
    assert streets.components["n_raw_nodes"].to_list() == [7, 3]
    loop = streets.edges.row(4, named=True)
    assert loop["xs"] == [nodes[i - 1].lon for i in (10, 11, 12, 10)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.osm.pbf", b""),
        ("empty.osm", b""),
        ("page.osm.pbf", b"<html><body>404</body></html>"),
        ("page.osm", b"<html><body>404</body></html>"),
        ("cut.osm", b"<osm version='0.6'><node id='1' lat='1' lon='1'/>"),
        ("text.txt", b"hello"),
        ("not.osm.gz", b"hello"),
        ("cut.osm.gz", gzip.compress(b"<osm version='0.6'><node id='1' lat='1' lon='1'/></osm>" * 50, mtime=0)[:60]),
        ("cut.osm.bz2", bz2.compress(b"<osm version='0.6'><node id='1' lat='1' lon='1'/></osm>")[:40]),
        ("bare.osm", b"<osm version='0.6'></osm>"),
        ("history.osh", b"<osm version='0.6'></osm>"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_streets(path, Notices())
    assert str(path) in str(caught.value)
    assert caught.value.cure


def test_truncated_pbf(tmp_path: Path) -> None:
    nodes, ways = build_grid(60)
    path = write_osm(tmp_path / "a.osm.pbf", nodes, ways)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read_streets(path, Notices())


def test_missing_file_and_nothing_walkable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_streets(tmp_path / "none.osm.pbf", Notices())
    path = write_osm(tmp_path / "a.osm.pbf", LINE, [OsmWay(1, [1, 2], {"highway": "motorway"})])
    with pytest.raises(InputError, match="no walkable way"):
        read_streets(path, Notices())
    path = write_osm(tmp_path / "b.osm.pbf", LINE, [OsmWay(1, [1, 99])])
    with pytest.raises(InputError, match="no walkable way"):
        read_streets(path, Notices())


def test_tables_survive_the_disk(tmp_path: Path) -> None:
    nodes, ways = build_grid(3)
    streets = build_test_streets(tmp_path, nodes, ways)
    write_streets(streets, tmp_path)
    assert_same(read_streets_folder(tmp_path), streets)
    streets.edges.drop("name").write_parquet(tmp_path / "core_streets__edges.parquet")
    with pytest.raises(InputError, match="other columns"):
        read_streets_folder(tmp_path)
    (tmp_path / "core_streets__edges.parquet").unlink()
    with pytest.raises(InputError, match="missing"):
        read_streets_folder(tmp_path)
