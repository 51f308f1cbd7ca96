"""Coordinates written in another way than degrees are repaired by stated rules only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from pipeline.base.notices import Notices
from pipeline.timetables.coordinates import GRID_DM, GRID_M, SCALED, SWAPPED, repair_coordinates
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import AGENCY, STOPS, Row, build_gtfs, make_calls

TO_GRID = Transformer.from_crs("EPSG:4326", "EPSG:27700", always_xy=True)
NEWPORT = [(-2.99, 51.58), (-2.98, 51.59), (-3.01, 51.57), (-3.0, 51.6), (-2.97, 51.61)]
PORTO_ALEGRE = [(-51.2, -30.0), (-51.18, -30.05), (-51.25, -30.1), (-51.1, -30.02)]


def repair(
    wrong: tuple[float, float], others: list[tuple[float, float]] = NEWPORT, *, is_british: bool = True
) -> tuple[int, tuple[float, float]]:
    lon, lat = (np.array([pair[at] for pair in (*others, wrong)], dtype=float) for at in (0, 1))
    found = repair_coordinates(lon, lat, is_british=is_british)
    assert found.rule[:-1].tolist() == [0] * len(others)
    np.testing.assert_array_equal(found.lon[:-1], lon[:-1])
    return int(found.rule[-1]), (float(found.lon[-1]), float(found.lat[-1]))


@pytest.mark.parametrize("unit", [1, 10])
def test_easting_and_northing_are_converted_in_british_feeds(unit: int) -> None:
    east, north = TO_GRID.transform(-2.995, 51.585)
    rule, place = repair((round(east * unit), round(north * unit)))
    assert rule == (GRID_M if unit == 1 else GRID_DM)
    assert place == pytest.approx((-2.995, 51.585), abs=1e-4)


def test_eight_digit_values_get_their_decimal_point_where_the_other_stops_lie() -> None:
    rule, place = repair((-2995123, 51582345))
    assert rule == SCALED
    assert place == pytest.approx((-2.995123, 51.582345))
    rule, place = repair((-512345, -300123), PORTO_ALEGRE, is_british=False)
    assert rule == SCALED
    assert place == pytest.approx((-51.2345, -30.0123))


def test_swapped_coordinates_are_swapped_back_only_where_that_is_certain() -> None:
    assert repair((51.58, -2.99)) == (SWAPPED, (-2.99, 51.58))
    assert repair((-30.0, -51.2), PORTO_ALEGRE, is_british=False) == (SWAPPED, (-51.2, -30.0))
    assert repair((51.58, 20.0)) == (0, (51.58, 20.0))  # swapped it would lie amid nothing
    diagonal = [(31.2, 30.0), (31.3, 30.1), (31.0, 30.2), (31.1, 30.4)]
    assert repair((30.3, 31.2), diagonal) == (0, (30.3, 31.2))  # may well be right as it is


def test_coaches_far_away_stay_where_they_are() -> None:
    assert repair((-7.3, 55.0)) == (0, (-7.3, 55.0))
    assert repair((1.75, 52.6)) == (0, (1.75, 52.6))


@pytest.mark.parametrize("zero", [(0.0, 0.0), (0.01, -0.01), (0.002, 0.009)])
def test_zero_zero_is_never_a_place_and_never_repaired(zero: tuple[float, float]) -> None:
    rule, place = repair(zero)
    assert rule == 0
    assert np.isnan(place).all()


def test_numbers_that_no_rule_explains_have_no_place() -> None:
    for wrong in ((331234.0, 188123.0), (-2995123.0, 51582345.0)):
        rule, place = repair(wrong, PORTO_ALEGRE, is_british=False)
        assert rule == 0
        assert np.isnan(place).all()
    rule, place = repair((9e9, 9e9))
    assert rule == 0
    assert np.isnan(place).all()


def test_a_feed_of_eastings_throughout_is_read_if_it_is_british() -> None:
    east, north = (np.round(values) for values in TO_GRID.transform(*np.array(NEWPORT).T))
    british = repair_coordinates(east, north, is_british=True)
    assert british.rule.tolist() == [GRID_M] * 5
    np.testing.assert_allclose(british.lon, [lon for lon, _ in NEWPORT], atol=1e-4)
    other = repair_coordinates(east, north, is_british=False)
    assert np.isnan(other.lon).all()


@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.floats(-180, 180), st.floats(-90, 90)), st.tuples(st.floats(), st.floats())),
        max_size=12,
    ),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_given_the_result_is_a_place_on_earth_or_none(
    pairs: list[tuple[float, float] | None], is_british: bool
) -> None:
    given_lon, given_lat = (
        np.array([np.nan if pair is None else pair[at] for pair in pairs], dtype=float) for at in (0, 1)
    )
    found = repair_coordinates(given_lon, given_lat, is_british=is_british)
    is_placed = np.isfinite(found.lon)
    assert (is_placed == np.isfinite(found.lat)).all()
    assert (np.abs(found.lon[is_placed]) <= 180).all()
    assert (np.abs(found.lat[is_placed]) <= 90).all()
    assert not ((np.abs(found.lon[is_placed]) <= 0.01) & (np.abs(found.lat[is_placed]) <= 0.01)).any()
    kept = found.rule == 0
    np.testing.assert_array_equal(found.lon[kept & is_placed], given_lon[kept & is_placed])
    order = np.arange(len(pairs))[::-1]
    back = repair_coordinates(given_lon[order], given_lat[order], is_british=is_british)
    np.testing.assert_array_equal(back.rule, found.rule[order])


@given(
    lon=st.floats(-3.3, -2.7).map(lambda value: round(value, 6)),
    lat=st.floats(51.4, 51.8).map(lambda value: round(value, 6)),
    power=st.integers(3, 6),
)
@settings(max_examples=100, deadline=None)
def test_a_lost_decimal_point_is_found_again(lon: float, lat: float, power: int) -> None:
    rule, place = repair((lon * 10**power, lat * 10**power))
    assert rule == SCALED
    assert place == pytest.approx((lon, lat), abs=1e-9)


def test_each_repair_has_its_notice_with_the_numbers_as_filed(tmp_path: Path) -> None:
    east, north = (round(value) for value in TO_GRID.transform(-3.0, 51.55))
    wrong: list[Row] = [
        {"stop_id": "G", "stop_name": "Grid", "stop_lat": north, "stop_lon": east},
        {"stop_id": "D", "stop_name": "Digits", "stop_lat": "51532000", "stop_lon": "-3000000"},
        {"stop_id": "W", "stop_name": "Swapped", "stop_lat": "-3.000", "stop_lon": "51.525"},
        {"stop_id": "Z", "stop_name": "Zero", "stop_lat": "0.005", "stop_lon": "0"},
    ]
    names = ["S1", "S2", "S3", "S4", "S5", "G", "D", "W", "Z"]
    calls = make_calls("T1", [(name, f"08:{5 * at:02d}:00") for at, name in enumerate(names)])
    notices = Notices()
    path = build_gtfs(tmp_path, stops=[*STOPS, *wrong], stop_times=calls)
    timetable = read_gtfs(path, feed="bus", notices=notices)
    assert notices.counts() == {
        "stop_coordinates_on_grid": 1,
        "stop_coordinates_scaled": 1,
        "stop_coordinates_swapped": 1,
        "stop_not_located": 1,
    }
    placed = dict(timetable.stops.select("stop_name", "lat").iter_rows())
    assert placed["Grid"] == pytest.approx(51.55, abs=1e-5)
    assert placed["Digits"] == pytest.approx(51.532)
    assert placed["Swapped"] == pytest.approx(51.525)
    assert placed["Zero"] is None
    frame = notices.to_frame().set_index("code")
    assert f"lat {north}, lon {east}" in str(frame.loc["stop_coordinates_on_grid", "value"])
    abroad = build_gtfs(
        tmp_path,
        name="abroad.zip",
        stops=[*STOPS, wrong[0]],
        agency=[{**AGENCY[0], "agency_timezone": "Europe/Paris"}],
        stop_times=make_calls("T1", [("S1", "08:00:00"), ("G", "08:10:00")]),
    )
    notices = Notices()
    assert read_gtfs(abroad, feed="bus", notices=notices).stops["is_located"].to_list() == [False, True]
    assert notices.counts() == {"stop_not_located": 1, "gtfs_stop_unused": 4}
