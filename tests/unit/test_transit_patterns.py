"""Patterns, days, connections, subsets and files of the packed network."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import networkx as nx
import numpy as np
import polars as pl
import pytest

from pipeline.timetables.model import Timetable
from pipeline.transit.graph import build_transport_graph
from pipeline.transit.packed import PackedNetwork, read_packed, write_packed
from pipeline.transit.patterns import build_patterns
from pipeline.transit.subset import compute_mode_mask, filter_network
from tests.support.routing_worlds import DAY, World, make_network, make_timetable, make_world


def _trip(stops, times, *, shift=0, mode="bus", on=None, off=None):
    on, off = on or [True] * len(stops), off or [True] * len(stops)
    return shift, mode, [(s, t, t, a, b) for s, t, a, b in zip(stops, times, on, off, strict=True)]


def _world(*trips, n_stops=4):
    return World(n_stops, trips=list(trips), change=dict.fromkeys(range(n_stops), 120))


def _check_fifo(network):
    for p in range(network.n_patterns):
        first, end = network.pattern_trip_indptr[p : p + 2]
        for trip in range(first, end - 1):
            a, b, c = network.trip_time_indptr[trip : trip + 3]
            assert bool(np.all(network.trip_arr_s[a:b] <= network.trip_arr_s[b:c]))
            assert bool(np.all(network.trip_dep_s[a:b] <= network.trip_dep_s[b:c]))


def test_overtaking_trips_are_split():
    slow, fast, later = (
        _trip([0, 1, 2], [0, 600, 1200]),
        _trip([0, 1, 2], [60, 120, 180]),
        _trip([0, 1, 2], [120, 700, 1300]),
    )
    network = make_network(_world(later, slow, fast))
    assert network.n_patterns == 2
    assert sorted(np.diff(network.pattern_trip_indptr).tolist()) == [1, 2]
    _check_fifo(network)


def test_equal_trips_share_a_pattern():
    network = make_network(_world(*[_trip([0, 1], [0, 60])] * 3))
    assert network.n_patterns == 1
    assert network.trip_source.tolist() == [0, 1, 2]


def test_rules_are_part_of_the_pattern():
    both = _trip([0, 1, 2], [0, 60, 120])
    no_pickup = _trip([0, 1, 2], [0, 60, 120], on=[True, False, True])
    no_dropoff = _trip([0, 1, 2], [0, 60, 120], off=[True, False, True])
    network = make_network(_world(both, no_pickup, no_dropoff))
    assert network.n_patterns == 3
    assert network.con_can_board.tolist().count(0) == 1
    assert network.con_can_alight.tolist().count(0) == 1


@pytest.mark.parametrize("seed", range(8))
def test_random_worlds_never_overtake_and_connections_are_sorted(seed):
    network = make_network(make_world(seed, n_lines=12))
    _check_fifo(network)
    order = np.lexsort((network.con_call - network.trip_time_indptr[network.con_trip], network.con_dep_s))
    np.testing.assert_array_equal(network.con_dep_s[order], network.con_dep_s)
    np.testing.assert_array_equal(network.con_dep_s, network.trip_dep_s[network.con_call])
    np.testing.assert_array_equal(network.con_arr_s, network.trip_arr_s[network.con_call + 1])


def test_days_before_and_after():
    late = _trip([0, 1], [600, 1200], shift=-1)
    gone = _trip([0, 1], [-1200, -600], shift=-1)
    next_day = _trip([0, 1], [90_000, 90_600], shift=1)
    very_late = _trip([0, 1], [300, 400], shift=-2)
    world = _world(late, gone, next_day, very_late)
    day_only = make_network(world)
    assert sorted(zip(day_only.trip_source.tolist(), day_only.trip_day_offset.tolist(), strict=True)) == [
        (0, -1),
        (3, -2),
    ]
    assert sorted(day_only.con_dep_s.tolist()) == [300, 600]
    assert sorted(make_network(world, (0, 100_000)).con_dep_s.tolist()) == [300, 600, 90_000]


def test_day_before_a_change_of_clocks():
    # The service day of 31 March 2024 in London starts (noon less 12 h) 23 hours after that of 30 March.
    day = date(2024, 3, 31)
    timetable = make_timetable(_world(_trip([0, 1], [90_000, 90_600])))
    dates = timetable.service_dates.with_columns(pl.lit(date(2024, 3, 30)).alias("date"))
    patterns = build_patterns(replace(timetable, service_dates=dates), day)
    assert patterns.trip_dep_s.tolist()[0] == 90_000 - 23 * 3600
    assert patterns.trip_day_offset.tolist() == [-1]


def test_no_service_is_an_empty_network():
    network = make_network(_world())
    assert (network.n_trips, network.n_connections, network.n_patterns) == (0, 0, 0)


def test_trips_of_one_call_are_left_out():
    assert make_network(_world(_trip([0], [0]))).n_trips == 0


def test_going_back_in_time_is_an_error():
    with pytest.raises(ValueError, match="goes back in time"):
        make_network(_world(_trip([0, 1], [600, 0])))


def test_modes_and_horizon():
    world = _world(_trip([0, 1], [0, 60]), _trip([1, 2], [100, 160], mode="rail"), _trip([2, 3], [9000, 9060]))
    network = make_network(world)
    bus = filter_network(network, mode_mask=compute_mode_mask(["bus"]))
    assert sorted(bus.trip_source.tolist()) == [0, 2]
    assert bus.con_dep_s.tolist() == [0, 9000]
    only_bus = make_network(World(**{**vars(world), "trips": [world.trips[0], world.trips[2]]}))
    for field in fields(PackedNetwork):
        if field.name not in {"trip_source", "trip_route"}:
            np.testing.assert_array_equal(getattr(bus, field.name), getattr(only_bus, field.name), field.name)
    assert filter_network(network, horizon_s=(80, 200)).trip_source.tolist() == [1]
    assert filter_network(network, horizon_s=(0, 10**5)) is network
    with pytest.raises(ValueError, match="is not a mode"):
        compute_mode_mask(["zeppelin"])


@pytest.mark.parametrize("mmap", [False, True])
def test_files(tmp_path, mmap):
    for world in (make_world(3), _world()):
        network = make_network(world)
        write_packed(network, tmp_path / "packed")
        again = read_packed(tmp_path / "packed", mmap=mmap)
        for field in fields(PackedNetwork):
            np.testing.assert_array_equal(getattr(network, field.name), getattr(again, field.name))


def test_wrong_shapes_are_refused():
    network = make_network(make_world(3))
    with pytest.raises(ValueError, match="equally long"):
        replace(network, con_dep_s=network.con_dep_s[1:])
    with pytest.raises(ValueError, match="rows of"):
        replace(network, foot_indptr=network.foot_indptr[1:])
    with pytest.raises(ValueError, match="vector of int32"):
        replace(network, con_dep_s=network.con_dep_s.astype(np.int64))


def test_transport_graph(tmp_path):
    trips = [_trip([0, 1, 2], [0, 60, 180]), _trip([0, 1], [600, 720]), _trip([0, 1], [900, 1020], mode="rail")]
    timetable: Timetable = make_timetable(_world(*trips))
    graph = build_transport_graph(timetable, [DAY])
    assert set(graph.nodes) == {0, 1, 2}
    assert graph.nodes[1]["x"] == pytest.approx(0.01)
    assert graph.edges[0, 1, "bus"]["trips_per_day"] == 2
    assert graph.edges[0, 1, "bus"]["ride_s"] == 90
    assert graph.edges[0, 1, "rail"]["routes"] == "rail"
    nx.write_graphml(graph, tmp_path / "graph.graphml")
    with pytest.raises(ValueError, match="at least one"):
        build_transport_graph(timetable, [])
