"""The 28 days, zones, and names made comparable."""

import math
from datetime import date, timedelta

import geopandas as gpd
import polars as pl
import pytest
import shapely

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.change.inputs import compute_operator_key, compute_route_number
from pipeline.change.window28 import choose_service_window
from pipeline.change.zones import build_zones, compute_stops_in_zones

TUESDAY = date(2024, 3, 5)


def build_dates(first, last, services=1, weekdays=range(7), feed="bus"):
    days = [first + timedelta(days=d) for d in range((last - first).days + 1)]
    rows = [(feed, s, d) for s in range(services) for d in days if d.weekday() in weekdays]
    return pl.DataFrame(rows, schema={"feed": pl.String, "service_index": pl.Int32, "date": pl.Date}, orient="row")


def test_the_window_begins_on_the_monday_of_the_snapshot():
    window = choose_service_window(build_dates(date(2024, 1, 1), date(2024, 12, 31)), snapshot_date=TUESDAY)
    assert (window.first_date, window.last_date) == (date(2024, 3, 4), date(2024, 3, 31))
    assert window.count_days() == {"weekday": 20, "saturday": 4, "sunday": 4}


def test_it_moves_to_the_nearest_monday_inside_the_validity_of_all_feeds():
    notices = Notices()
    dates = pl.concat(
        [
            build_dates(date(2024, 1, 1), date(2024, 12, 31)),
            build_dates(date(2024, 3, 20), date(2024, 6, 1), feed="rail"),
        ]
    )
    window = choose_service_window(dates, snapshot_date=TUESDAY, notices=notices)
    assert window.first_date == date(2024, 3, 25)
    assert notices.counts() == {"service_window_moved": 1}


def test_a_short_feed_gives_the_days_it_has_and_says_so():
    notices = Notices()
    dates = build_dates(date(2024, 3, 6), date(2024, 3, 19))
    window = choose_service_window(dates, snapshot_date=TUESDAY, notices=notices)
    assert (window.first_date, window.last_date) == (date(2024, 3, 6), date(2024, 3, 19))
    assert window.count_days() == {"weekday": 10, "saturday": 2, "sunday": 2}
    assert notices.counts() == {"service_window_short": 1}


def test_holidays_are_left_out_with_their_reason():
    dates = build_dates(date(2024, 1, 1), date(2024, 12, 31))
    window = choose_service_window(dates, snapshot_date=TUESDAY, holidays=[date(2024, 3, 29), date(2024, 3, 31)])
    assert window.count_days() == {"weekday": 19, "saturday": 4, "sunday": 3}
    left_out = window.days.filter(~pl.col("is_used"))
    assert left_out["reason"].to_list() == ["public holiday"] * 2


def clip_dates():
    """Twelve services that all run on Tuesdays, some on other days as well."""
    first, last = date(2024, 3, 4), date(2024, 3, 31)
    parts = [build_dates(first, last, weekdays=days) for days in ([0, 1, 2, 3, 4], [1], list(range(7)), [1, 5])]
    return pl.concat(
        [
            p.with_columns(pl.lit(3 * i + k, dtype=pl.Int32).alias("service_index"))
            for i, p in enumerate(parts)
            for k in range(3)
        ]
    )


def test_a_feed_cut_down_to_one_day_is_found_and_weekends_cannot_be_judged():
    notices = Notices()
    window = choose_service_window(clip_dates(), snapshot_date=TUESDAY, notices=notices)
    assert window.clipped_feeds == {"bus": 1}
    assert window.count_days()["weekday"] == 4
    assert window.list_unjudged(["bus", "rail"]).rows() == [("bus", "saturday"), ("bus", "sunday")]
    assert notices.counts() == {"feed_clipped_to_weekday": 1}


def test_a_feed_with_services_of_saturdays_only_is_whole():
    dates = pl.concat(
        [
            clip_dates(),
            build_dates(date(2024, 3, 4), date(2024, 3, 31), weekdays=[5]).with_columns(
                pl.lit(99, dtype=pl.Int32).alias("service_index")
            ),
        ]
    )
    assert choose_service_window(dates, snapshot_date=TUESDAY).clipped_feeds == {}


def test_no_service_at_all_is_an_error():
    with pytest.raises(InputError, match="no service"):
        choose_service_window(build_dates(TUESDAY, TUESDAY).clear(), snapshot_date=TUESDAY)


def square(side_m, lon, lat):
    crs = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(27700)[0]
    box = shapely.box(crs.x - side_m / 2, crs.y - side_m / 2, crs.x + side_m / 2, crs.y + side_m / 2)
    return gpd.GeoSeries([box], crs=27700).to_crs(4326)[0]


@pytest.fixture
def neighbourhoods():
    return gpd.GeoDataFrame(
        {"neighbourhood_code": ["C", "A", "B"], "lon": [-3.0, -3.0, -3.1], "lat": [51.6, 51.5, 51.5]},
        geometry=[None, square(2000, -3.0, 51.5), square(200, -3.1, 51.5)],
        crs=4326,
    )


def test_zones_follow_their_definition(neighbourhoods):
    zones = build_zones(neighbourhoods, crs="EPSG:27700")
    assert zones["neighbourhood_code"].to_list() == ["A", "B", "C"]
    assert zones["kind"].to_list() == ["polygon", "polygon_and_circle", "circle"]
    area = zones.geometry.area
    assert area[0] == pytest.approx(2000**2 + 4 * 2000 * 100 + math.pi * 100**2, rel=1e-3)
    assert area[1] == pytest.approx(math.pi * 600**2, rel=3e-3)
    assert area[2] == pytest.approx(math.pi * 600**2, rel=3e-3)


def test_a_place_without_polygon_and_position_is_an_error(neighbourhoods):
    neighbourhoods.loc[0, "lon"] = float("nan")
    with pytest.raises(InputError, match="neither"):
        build_zones(neighbourhoods, crs="EPSG:27700")


def test_stops_in_zones_skip_stops_without_position(neighbourhoods):
    zones = build_zones(neighbourhoods, crs="EPSG:27700")
    stops = pl.DataFrame(
        {
            "stop_index": pl.Series([0, 1, 2, 3, 4], dtype=pl.Int32),
            "lon": [-3.0, -3.0, -3.1, None, -7.3],
            "lat": [51.5, 51.6, 51.505, None, 51.5],
            "is_located": [True, True, True, False, True],
        }
    )
    found = compute_stops_in_zones(zones, stops)
    assert found.rows() == [(0, "A", 0), (1, "B", 2), (2, "C", 1)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [("1-63700", "1"), ("01", "1"), (" 16 a", "16a"), ("X24", "x24"), ("0", "0"), ("2-29", "229"), ("SJ10", "sj10")],
)
def test_route_numbers(number, expected):
    assert compute_route_number(number) == expected


def test_route_number_drops_the_routes_own_identifier_and_falls_back_on_the_name():
    assert compute_route_number("2-29", route_id="29") == "2"
    assert compute_route_number(None, "Newport - Cardiff") == "name:newportcardiff"
    assert compute_route_number("", "") == ""


def test_operator_names():
    assert compute_operator_key("Newport Bus Ltd.") == compute_operator_key("NEWPORT BUS") == "newport-bus"
    assert compute_operator_key("Smith & Sons") == "smith-and-sons"
    assert compute_operator_key(None) == "unknown"
    assert compute_operator_key("The Company Ltd") == "the-company-ltd"
