"""Both algorithms against one another on real feeds, in full matrices."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest

from pipeline.routing.explain import explain_journey
from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.raptor import RangeQuery, compute_all_times, compute_nearest_by_pairs, compute_percentiles
from pipeline.routing.window import build_window, compute_statistics
from pipeline.timetables.read_any import FeedSource
from pipeline.transit.footpaths import WalkSettings
from tests.support.routing_data import CAP_S, build_town
from tests.support.routing_oracle import compute_arrivals
from tests.support.routing_worlds import World


@pytest.fixture(scope="module")
def newport(shared_data):
    folder = shared_data / "newport"
    points = gpd.read_parquet(folder / "oa21-population-weighted-centroids.parquet").to_crs("EPSG:4326").geometry
    lon, lat = points.x.to_numpy(), points.y.to_numpy()
    return build_town(
        {"bus": folder / "bus-2024-03-05.gtfs.zip", "rail": folder / "rail-2024-03-05.gtfs.zip"},
        folder / "newport-2023-06-13.osm.pbf",
        date(2024, 3, 5),
        (lon, lat),
        (lon[::40], lat[::40]),
        WalkSettings(interchange_s=0),
    )


@pytest.fixture(scope="module")
def porto_alegre(shared_data):
    folder = shared_data / "porto_alegre"
    points = pd.read_csv(folder / "poa_hexgrid.csv")
    lon, lat = points["lon"].to_numpy(), points["lat"].to_numpy()
    chosen = np.flatnonzero(points["healthcare"].to_numpy() > 0)[::4]
    return build_town(
        {"eptc": folder / "poa_eptc.zip", "rail": folder / "poa_trensurb.zip"},
        folder / "poa_osm.pbf",
        date(2019, 5, 13),
        (lon, lat),
        (lon[chosen], lat[chosen]),
    )


SAMPLE_DAYS = {
    "2010": date(2010, 10, 12),
    "2016": date(2016, 10, 16),  # a Sunday
    "2019": date(2019, 10, 12),  # a Saturday
    "2024": date(2024, 10, 8),
}


@pytest.fixture(scope="module", params=SAMPLE_DAYS)
def sample(request, root):
    folder = root / "data" / "sample"
    small = pd.read_csv(folder / "small_areas.csv")
    points = gpd.GeoSeries(gpd.points_from_xy(small["easting"], small["northing"]), crs="EPSG:27700").to_crs(
        "EPSG:4326"
    )
    places = pd.concat([pd.read_csv(folder / f"{n}.csv") for n in ("hospitals", "jobs_centres", "rail_stations")])
    feeds = sorted((folder / "timetables" / request.param).glob("*.zip"))
    return request.param, build_town(
        {path.stem: FeedSource(path, naptan=folder / "naptan.csv") for path in feeds},
        folder / "saltmarsh.osm.pbf",
        SAMPLE_DAYS[request.param],
        (points.x.to_numpy(), points.y.to_numpy()),
        (places["lon"].to_numpy(), places["lat"].to_numpy()),
    )


def _make_world(town, day):
    """The town's timetable in plain Python, straight from its tables, with the network's walks."""
    network, timetable = town.network, town.timetable
    world = World(network.n_stops, change=dict(enumerate(network.stop_change_s.tolist())))
    calls = timetable.stop_times.group_by("trip_index", maintain_order=True).agg(
        pl.struct("stop_index", "arrival_s", "departure_s", "is_pickup", "is_dropoff").alias("calls")
    )
    for shift in (-1, 0):
        runs = timetable.service_dates.filter(pl.col("date") == day + timedelta(days=shift)).select("service_index")
        trips = timetable.trips.join(runs, on="service_index", how="semi").join(calls, on="trip_index")
        for row in trips["calls"].to_list():
            moved = [
                (
                    c["stop_index"],
                    c["arrival_s"] + 86_400 * shift,
                    c["departure_s"] + 86_400 * shift,
                    c["is_pickup"],
                    c["is_dropoff"],
                )
                for c in row
            ]
            if moved[-1][1] >= 0:
                world.trips.append((0, "bus", moved))
    world.foot = dict(_list_items(network.foot_indptr, network.foot_stop, network.foot_s))
    return world


def _list_items(indptr, target, seconds):
    row = np.repeat(np.arange(indptr.shape[0] - 1), np.diff(indptr)).tolist()
    return list(zip(zip(row, target.tolist(), strict=True), seconds.tolist(), strict=True))


def _check_by_definition(town, day, departures):
    network = town.network
    world = _make_world(town, day)
    ends = [{} for _ in range(town.walk_s.shape[1])]
    for (stop, end), seconds in _list_items(network.egress_indptr, network.egress_dest, network.egress_s):
        ends[end][stop] = seconds
    legs = _list_items(network.access_indptr, network.access_stop, network.access_s)
    reached = 0
    for leave_s in departures:
        window = build_window(leave_s, leave_s + 60, cap_s=CAP_S)
        found = compute_all_times(RangeQuery(network, window))[:, :, 0]
        for origin in range(5, network.n_origins, network.n_origins // 3):
            starts = {stop: seconds for (row, stop), seconds in legs if row == origin}
            wanted = [
                -1 if arrival is None or arrival - leave_s > CAP_S else arrival - leave_s
                for arrival in compute_arrivals(world, starts, ends, leave_s)
            ]
            assert found[origin].tolist() == wanted
            reached += sum(taken > 0 for taken in wanted)
    assert reached > 0


def _compare(town, start_s, end_s):
    network, window = town.network, build_window(start_s, end_s, cap_s=CAP_S)
    destinations = np.arange(town.walk_s.shape[1], dtype=np.int32)
    seeds, walk = build_seeds(network, destinations), build_nearest_walk(town.walk_s)
    query = RangeQuery(network, window, destinations=destinations, walk_s=town.walk_s, n_threads=2)
    out = compute_nearest(network, seeds, window, walk=walk, n_threads=2)
    pairs = compute_nearest_by_pairs(query)
    for question in (query, replace(query, is_return=True)):
        by_rounds = compute_all_times(replace(question, is_by_rounds=True))
        np.testing.assert_array_equal(compute_all_times(question), by_rounds)
        alone = replace(question, window=build_window(start_s, start_s + 60, cap_s=CAP_S), n_threads=1)
        np.testing.assert_array_equal(compute_all_times(alone), by_rounds[:, :, :1])
    np.testing.assert_array_equal(out.travel_time_s, pairs.travel_time_s)
    np.testing.assert_array_equal(out.destination, pairs.destination)
    back = compute_nearest_return(network, seeds, window, walk=walk)
    homeward = compute_nearest_by_pairs(replace(query, is_return=True))
    np.testing.assert_array_equal(back.travel_time_s, homeward.travel_time_s)
    assert (out.travel_time_s >= 0).any()
    for search, plain in ((compute_nearest, out), (compute_nearest_return, back)):
        for slices_from in (0, 10**9):
            other = search(network, seeds, window, walk=walk, n_threads=2, slices_from=slices_from)
            np.testing.assert_array_equal(other.travel_time_s, plain.travel_time_s)
            np.testing.assert_array_equal(other.destination, plain.destination)

    for origin in range(0, network.n_origins, 97):
        journey = explain_journey(network, origin, seeds, start_s + 600, cap_s=CAP_S, walk=walk)
        assert (journey.travel_time_s if journey else -1) == out.travel_time_s[origin, 10]
    return out, window


def test_sample(sample):
    _, town = sample
    for start_s in (600, 7 * 3600, 12 * 3600, 22 * 3600 + 1800):
        _compare(town, start_s, start_s + 3600)


def test_sample_by_definition(sample):
    snapshot, town = sample
    _check_by_definition(town, SAMPLE_DAYS[snapshot], [900, 8 * 3600 + 17, 19 * 3600])


def test_newport(newport):
    _compare(newport, 7 * 3600, 7 * 3600 + 1800)
    out, window = _compare(newport, 22 * 3600 + 1800, 22 * 3600 + 2520)
    destinations = np.arange(newport.walk_s.shape[1], dtype=np.int32)
    query = RangeQuery(newport.network, window, destinations=destinations, walk_s=newport.walk_s)
    few_changes = compute_nearest_by_pairs(replace(query, max_changes=8))
    np.testing.assert_array_equal(few_changes.travel_time_s, out.travel_time_s)


def test_newport_by_definition(newport):
    _check_by_definition(newport, date(2024, 3, 5), [900, 8 * 3600 + 17])


def test_porto_alegre_by_definition(porto_alegre):
    _check_by_definition(porto_alegre, date(2019, 5, 13), [13 * 3600])


def test_porto_alegre(porto_alegre):
    out, window = _compare(porto_alegre, 13 * 3600, 13 * 3600 + 1200)
    medians = compute_statistics(out.travel_time_s, window).percentile_s[:, 2]
    assert 300 < np.median(medians[medians >= 0]) < 3600


def test_one_backward_scan_for_each_destination(porto_alegre):
    network, window = porto_alegre.network, build_window(13 * 3600, 13 * 3600 + 600, cap_s=3600)
    few = np.arange(6, dtype=np.int32)
    matrix = compute_percentiles(RangeQuery(network, window, destinations=few, n_threads=2), (25, 50, 75))
    for one in few:
        alone = compute_nearest(network, build_seeds(network, few[one : one + 1]), window)
        statistics = compute_statistics(alone.travel_time_s, window, percentiles=(25, 50, 75))
        np.testing.assert_array_equal(matrix[:, one], statistics.percentile_s)
