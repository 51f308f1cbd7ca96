"""The national benchmark's parts, at a tiny size: tables, packing, streets, judging and the chart."""

from __future__ import annotations

import numpy as np
import pytest

from bench.country import build_country
from bench.national import draw, judge
from bench.streets import extrapolate, write_grid
from bench.tables import DAY, build_timetable
from pipeline.base.notices import Notices
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.model import Timetable
from pipeline.transit.patterns import build_patterns


def test_a_generated_timetable_packs_into_the_trips_it_came_from(tmp_path):
    network = build_country(scale=0.002).network
    build_timetable(network).write(tmp_path / "timetable")
    patterns = build_patterns(Timetable.read(tmp_path / "timetable"), DAY, horizon_s=(0, 2 * 86_400))
    assert patterns.trip_pattern.shape == network.trip_pattern.shape
    for name in ("trip_arr_s", "trip_dep_s"):
        np.testing.assert_array_equal(np.sort(getattr(patterns, name)), np.sort(getattr(network, name)))
    calls = [
        np.bincount(side.pattern_stop, np.repeat(np.diff(side.pattern_trip_indptr), np.diff(side.pattern_indptr)))
        for side in (patterns, network)
    ]
    np.testing.assert_array_equal(*calls)


def test_generated_streets_contract_to_their_junctions(tmp_path):
    side = 12
    n_nodes = write_grid(tmp_path / "grid.osm.pbf", side * side)
    streets = read_streets(tmp_path / "grid.osm.pbf", Notices())
    n_edges = 2 * side * (side - 1)
    assert n_nodes == side * side + n_edges * 3 // 2
    # the four corners join two streets each and vanish
    assert streets.nodes.height == side * side - 4
    assert streets.edges.height == n_edges - 4


def test_generated_streets_are_the_same_every_time(tmp_path):
    for name in ("a", "b"):
        write_grid(tmp_path / f"{name}.osm.pbf", 100)
    found = [read_streets(tmp_path / f"{name}.osm.pbf", Notices()) for name in ("a", "b")]
    assert found[0].edges.equals(found[1].edges)


def test_memory_is_extended_in_a_straight_line():
    rows = [{"junctions": n, "peak_mb": 100 + n / 10} for n in (1000, 3000, 2000)]
    assert extrapolate(rows, 6000) == pytest.approx(700)


def test_only_the_whole_country_is_judged():
    row = {"what": "scan", "scale": 1, "ours_s": 4.9, "peak_mb": 1999, "load_s": 1.0}
    assert judge(row)["ok"] is True
    assert judge({**row, "peak_mb": 2001})["ok"] is False
    assert judge({**row, "ours_s": 5.1})["ok"] is False
    assert "ok" not in judge({**row, "scale": 0.5})
    assert judge({"what": "jobs", "scale": 1, "ours_s": 1201.0, "peak_mb": 9000})["ok"] is False


def test_the_chart_is_the_same_every_time(tmp_path):
    rows = [{"what": "scan", "scale": s, "cpu_s": 10 * s, "peak_mb": 500 * s} for s in (0.5, 1.0)]
    for name in ("a", "b"):
        draw(rows, tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
