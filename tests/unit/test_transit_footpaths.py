"""Walks between stops and points on a street of known lengths."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipeline.streets.shortest_paths import WalkGraph
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import LinkedPoints, WalkSettings, build_footpaths, build_legs, transpose_legs
from pipeline.transit.packed import NEVER_S
from tests.support.routing_worlds import DAY, World, make_timetable

# a street of five vertices, 100 m apart; 4.8 km/h is 4/3 m/s: 75 s for 100 m
STREET = WalkGraph(
    np.array([0, 1, 3, 5, 7, 8], dtype=np.int64),
    np.array([1, 0, 2, 1, 3, 2, 4, 3], dtype=np.int32),
    np.full(8, 10_000, dtype=np.int32),
)
NO_RULES = pl.DataFrame(
    schema={"from_stop_index": pl.Int32, "to_stop_index": pl.Int32, "kind": pl.String, "min_transfer_s": pl.Int32}
)


def _points(vertices, links=None):
    return LinkedPoints(np.array(vertices, dtype=np.int32), np.array(links or [0] * len(vertices), dtype=np.int32))


def _stops(n):
    return pl.DataFrame({"stop_index": range(n), "lon": [0.001 * i for i in range(n)], "lat": [0.0] * n})


def _changes(vertices, links=None, rules=NO_RULES, **settings):
    n = len(vertices)
    arrays = build_footpaths(STREET, _points(vertices, links), _stops(n), rules, WalkSettings(**settings))
    forward = {
        (a, int(b)): int(s)
        for a in range(n)
        for b, s in zip(
            arrays["foot_stop"][arrays["foot_indptr"][a] : arrays["foot_indptr"][a + 1]],
            arrays["foot_s"][arrays["foot_indptr"][a] : arrays["foot_indptr"][a + 1]],
            strict=True,
        )
    }
    backward = {
        (int(a), b): int(s)
        for b in range(n)
        for a, s in zip(
            arrays["foot_t_stop"][arrays["foot_t_indptr"][b] : arrays["foot_t_indptr"][b + 1]],
            arrays["foot_t_s"][arrays["foot_t_indptr"][b] : arrays["foot_t_indptr"][b + 1]],
            strict=True,
        )
    }
    assert forward == backward
    return forward, arrays["stop_change_s"].tolist()


def _rules(*rows):
    return pl.DataFrame(rows, schema=NO_RULES.schema, orient="row")


def test_walk_and_interchange_within_the_limit():
    changes, same = _changes([0, 2, 4], max_transfer_m=200)
    assert changes == {(0, 1): 270, (1, 0): 270, (1, 2): 270, (2, 1): 270}
    assert same == [120, 120, 120]


def test_links_count_towards_the_limit():
    assert _changes([0, 2], [1, 0], max_transfer_m=200)[0] == {}
    assert _changes([0, 2], [1, 0], max_transfer_m=200.01)[0] == {(0, 1): 270, (1, 0): 270}


def test_stops_at_one_vertex_and_stops_off_the_streets():
    changes, _ = _changes([1, 1, -1], [1000, 2000, 0], interchange_s=0)
    assert changes == {(0, 1): 23, (1, 0): 23}  # 30 m take 22.5 s


def test_rules_of_the_feed():
    changes, same = _changes(
        [0, 1, 4],
        rules=_rules(
            (0, 1, "forbidden", None),
            (1, 0, "minimum", 30),
            (1, 0, "minimum", 40),
            (0, 2, "minimum", 900),
            (0, 2, "timed", None),
            (2, 1, "timed", None),
            (0, 0, "minimum", 300),
            (1, 1, "forbidden", None),
            (2, 2, "timed", None),
            (1, 2, "minimum", None),
        ),
        max_transfer_m=300,
    )
    assert changes == {(1, 0): 30, (0, 2): 900, (2, 1): 225, (1, 2): 345}
    assert same == [300, NEVER_S, 0]


def test_timed_transfer_without_a_street_is_as_the_crow_flies():
    changes, _ = _changes([0, -1], rules=_rules((0, 1, "timed", None)))
    assert changes == {(0, 1): 83}  # 0.001 degrees at the equator are 111.2 m


def test_legs_and_their_transpose():
    settings = WalkSettings(max_walk_m=250)
    legs = build_legs(STREET, _points([1, -1, 4], [500, 0, 0]), _points([0, 2, 4]), settings)
    assert legs["indptr"].tolist() == [0, 2, 2, 4]
    assert legs["target"].tolist() == [0, 1, 1, 2]
    assert legs["seconds"].tolist() == [79, 79, 150, 0]  # 105 m take 78.75 s
    back = transpose_legs(legs, 3)
    assert back["indptr"].tolist() == [0, 1, 3, 4]
    assert back["target"].tolist() == [0, 0, 2, 2]


def test_network_of_streets_and_timetable():
    world = World(3, trips=[(0, "bus", [(0, 0, 0, True, True), (1, 60, 60, True, True), (2, 120, 120, True, True)])])
    parts = {"stops": _points([0, -1, 4]), "origins": _points([1]), "destinations": _points([3, -1])}
    network = build_network(make_timetable(world), DAY, STREET, **parts)
    assert network.access_stop.tolist() == [0, 2]
    assert network.egress_indptr.tolist() == [0, 1, 1, 2]
    assert network.egress_s.tolist() == [225, 75]
    assert network.con_dep_stop.tolist() == [0, 1]
    with pytest.raises(ValueError, match="2 linked stops"):
        build_network(make_timetable(world), DAY, STREET, **{**parts, "stops": _points([0, 4])})
