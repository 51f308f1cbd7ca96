"""Two real snapshots of Newport: cut down to one Tuesday, the first to fewer operators."""

from datetime import date

import geopandas as gpd
import polars as pl
import pytest

from pipeline.base.notices import Notices
from pipeline.base.tables import check_table
from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import build_covered_levels, build_operators, compute_operator_presence
from pipeline.change.inputs import ServiceFrames
from pipeline.change.levels import compute_service_levels, compute_system_totals
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from pipeline.change.window28 import choose_service_window
from pipeline.change.zones import build_zones, compute_stops_in_zones
from pipeline.timetables.model import combine_timetables
from pipeline.timetables.read_gtfs import read_gtfs

SNAPSHOTS = {
    "2023-06-13": {"bus": "bus-2023-06-13.gtfs.zip"},
    "2024-03-05": {"bus": "bus-2024-03-05.gtfs.zip", "rail": "rail-2024-03-05.gtfs.zip"},
}


@pytest.fixture(scope="module")
def newport(shared_data):
    """Frames, windows and what is computed from them."""
    pairs, notices = {}, Notices()
    for name, files in SNAPSHOTS.items():
        feeds = [
            read_gtfs(shared_data / "newport" / file, feed=feed, notices=Notices()) for feed, file in files.items()
        ]
        table = combine_timetables(feeds)
        frames = ServiceFrames(name, table.stops, table.routes, table.service_dates, table.trips, table.stop_times)
        dates = table.trips.join(table.service_dates, on="service_index").select("feed", "service_index", "date")
        window = choose_service_window(
            dates.unique(), snapshot_date=date.fromisoformat(name), holidays=[date(2024, 3, 29)], notices=notices
        )
        pairs[name] = (frames, window)
    presence = compute_operator_presence([build_operators(f, w) for f, w in pairs.values()], list(pairs))
    services = compute_service_changes([build_services(f, w) for f, w in pairs.values()], presence)
    return pairs, presence, services, notices


def test_both_clips_are_found(newport):
    pairs, _, _, notices = newport
    assert [dict(w.clipped_feeds) for _, w in pairs.values()] == [{"bus": 1}, {"bus": 1, "rail": 1}]
    assert notices.counts() == {"feed_clipped_to_weekday": 3}
    assert [w.first_date for _, w in pairs.values()] == [date(2023, 6, 12), date(2024, 3, 4)]


def test_newport_bus_as_filed(newport):
    pairs, _, _, _ = newport
    found = []
    for frames, window in pairs.values():
        totals = compute_system_totals(frames, window)
        own = totals.filter(
            (pl.col("operator_key") == "newport-bus")
            & (pl.col("band") == "all_day")
            & (pl.col("day_type") == "weekday")
        )
        found.append(own["runs_per_day"].sum())
    assert found == [739.0, 764.0]


def test_services_are_matched_by_place_and_pattern(newport):
    _, _, services, _ = newport
    check_table(services.to_pandas(), "out_service__change")
    own = services.filter(pl.col("operator_name_before") == "Newport Bus")
    rows = {row["route_before"]: row for row in own.to_dicts()}
    assert rows["1"]["route_after"] == "1-63700"
    assert (rows["1"]["weekday_runs_before"], rows["1"]["weekday_runs_after"]) == (26.0, 17.0)
    assert rows["1"]["status"] == "cut_back"
    for route in ("16A", "16C", "19", "29A", "42", "43", "73"):
        row = rows[route]
        assert row["weekday_runs_before"] == row["weekday_runs_after"], route
        assert row["operator_name_after"] == "Newport Bus"
    assert (rows["27"]["weekday_runs_before"], rows["27"]["weekday_runs_after"]) == (23.0, 52.0)
    assert rows["27"]["route_after"] == "27-6135"
    assert (rows["2A + 2C"]["status"], rows["2A + 2C"]["route_after"]) == ("merged", "2-63708")
    assert (rows["2A + 2C"]["weekday_runs_before"], rows["2A + 2C"]["weekday_runs_after"]) == (12.0, 12.0)
    assert own["saturday_runs_before"].null_count() == own.height


def test_the_rise_of_route_27_is_one_of_service_and_not_of_filing(newport):
    """Hourly became half-hourly: one operator and route, calls at its stops rose as runs did, none is filed twice."""
    _, _, services, _ = newport
    row = services.filter(pl.col("route_before") == "27").row(0, named=True)
    assert (row["status"], row["coverage_class"]) == ("increased", "comparable")
    assert (row["weekday_calls_before_per_day"], row["weekday_calls_after_per_day"]) == (11.5, 26.0)
    assert row["stops_shared_pct"] == 100.0
    assert "so service changed and not the way it is filed" in row["evidence"]
    assert "13 of 23 weekday runs ended where they began, 0 of 52 do now" in row["evidence"]
    assert "none looks filed twice" in row["evidence"]


def test_operators_that_the_first_clip_drops_are_not_comparable(newport):
    _, presence, services, _ = newport
    absent = presence.filter((pl.col("snapshot") == "2023-06-13") & ~pl.col("is_present"))
    names = set(absent["operator_name"])
    assert {"Adventure Travel", "Harris Coaches", "Edwards Coaches"} <= names
    theirs = services.filter(pl.col("operator_name_after").is_in(sorted(names)))
    assert set(theirs["coverage_class"]) <= {"missing", "partial"}
    assert set(theirs.filter(pl.col("status") == "new")["coverage_class"]) == {"missing"}
    partial = services.filter(pl.col("operator_name_after") == "Stagecoach South Wales")
    assert set(partial["coverage_class"]) == {"partial"}


def test_levels_and_change_of_neighbourhoods(newport, shared_data):
    pairs, presence, _, _ = newport
    areas = gpd.read_file(shared_data / "newport" / "lsoa11-boundaries.geojson")
    frame = gpd.GeoDataFrame(
        {"neighbourhood_code": areas["LSOA11CD"], "lon": areas["LONG"], "lat": areas["LAT"]},
        geometry=areas.geometry,
        crs=4326,
    )
    zones = build_zones(frame, crs="EPSG:27700")
    codes = zones["neighbourhood_code"].to_list()
    levels = [
        compute_service_levels(f, w, compute_stops_in_zones(zones, f.stops), neighbourhood_codes=codes)
        for f, w in pairs.values()
    ]
    covered = build_covered_levels(levels, presence)
    check_table(covered.to_pandas(), "out_neighbourhood__service_level")
    changes = compute_service_change(levels, presence)
    check_table(changes.to_pandas(), "out_neighbourhood__service_change")
    weekend = changes.filter((pl.col("day_type") != "weekday") & (pl.col("mode") == "bus"))
    assert set(weekend["coverage_class"]) == {"missing"}
    rail = changes.filter((pl.col("mode") == "rail") & (pl.col("runs_per_day_after") > 0))
    assert set(rail["coverage_class"]) == {"missing"}
    assert rail["change_runs_per_day"].null_count() == rail.height
    weekday = changes.filter((pl.col("day_type") == "weekday") & (pl.col("mode") == "bus"))
    assert {"comparable", "partial"} <= set(weekday["coverage_class"])
    assert covered.filter(pl.col("runs_per_day") < 0).is_empty()
