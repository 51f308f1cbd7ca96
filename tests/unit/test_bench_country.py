"""The generated country, at a tiny size: synthetic centroids, a network that holds together, the same every time."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from bench.country import N_NEIGHBOURHOODS, N_STOP_TIMES, N_STOPS, build_country, draw_centroids, read_centroids
from pipeline.routing.profile_scan import build_seeds, compute_nearest
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs
from pipeline.routing.window import DepartureWindow

pytestmark = pytest.mark.slow

SCALE = 0.002


@pytest.fixture(scope="module")
def country():
    return build_country(scale=SCALE)


def test_without_centroids_a_country_is_drawn_with_a_dense_capital():
    places = draw_centroids(np.random.default_rng(1))
    near = np.hypot(*places.T) < 20_000
    assert abs(len(places) - N_NEIGHBOURHOODS) < 10
    assert 0.1 < near.mean() < 0.2


def test_its_size_is_the_wanted_share(country):
    network, facts = country.network, country.facts
    assert network.n_stops == facts["stops"] == pytest.approx(N_STOPS * SCALE, abs=2)
    assert network.n_origins == max(round(N_NEIGHBOURHOODS * SCALE), 50)
    assert network.trip_arr_s.shape[0] == pytest.approx(N_STOP_TIMES * SCALE, rel=0.3)


def test_trips_go_forward_and_connections_are_sorted(country):
    network = country.network
    assert bool(np.all(np.diff(network.con_dep_s) >= 0))
    assert bool(np.all(network.con_arr_s >= network.con_dep_s))


def test_changes_on_foot_are_as_long_both_ways(country):
    network = country.network
    start = np.repeat(np.arange(network.n_stops), np.diff(network.foot_indptr))
    legs = set(zip(start.tolist(), network.foot_stop.tolist(), network.foot_s.tolist(), strict=True))
    assert legs == {(b, a, s) for a, b, s in legs}


def test_the_same_seed_gives_the_same_arrays_and_another_one_others(country):
    again, other = build_country(scale=SCALE), build_country(scale=SCALE, seed=2)
    for field in fields(country.network):
        np.testing.assert_array_equal(getattr(again.network, field.name), getattr(country.network, field.name))
    assert other.network.con_dep_s.tolist() != country.network.con_dep_s.tolist()


def test_both_algorithms_agree_on_it(country):
    network = country.network
    destinations = np.arange(country.facts["destinations"], dtype=np.int32)
    window = DepartureWindow(8 * 3600, 30, 3600)
    scan = compute_nearest(network, build_seeds(network, destinations), window, slices_from=0, n_threads=2)
    pairs = compute_nearest_by_pairs(RangeQuery(network, window, destinations=destinations))
    np.testing.assert_array_equal(scan.travel_time_s, pairs.travel_time_s)
    assert (scan.travel_time_s >= 0).mean() > 0.05


def test_centroids_are_read_as_metres_from_the_capital(tmp_path):
    path = tmp_path / "centroids.csv"
    path.write_text("X,Y,code\n-0.12,51.51,a\n-0.12,52.51,b\n", encoding="utf-8")
    assert read_centroids(path).tolist() == [[0.0, 0.0], [0.0, pytest.approx(111_200)]]
