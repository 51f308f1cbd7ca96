"""The library's functions say what is wrong with a table, and their documented examples hold."""

from __future__ import annotations

import doctest
import importlib
import logging
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.library import (
    build_streets,
    compute_indicators,
    compute_scores,
    compute_service_levels,
    compute_travel_times,
    read_timetable,
)
from pipeline.library.inputs import get_day
from pipeline.streets.model import Streets
from pipeline.timetables.model import Timetable

MODULES = ("", ".inputs", ".travel", ".service", ".scores")
DAY = "2024-10-08"


@pytest.fixture(scope="module")
def streets(root: Path) -> Streets:
    return build_streets(root / "data/sample/saltmarsh.osm.pbf", notices=Notices())


@pytest.fixture(scope="module")
def timetable(root: Path) -> Timetable:
    return read_timetable(root / "data/sample/timetables/2024/rail.zip", date=DAY, notices=Notices())


@pytest.fixture
def points() -> gpd.GeoDataFrame:
    where = gpd.points_from_xy([0.83025, 0.773684], [53.209435, 53.24961], crs="EPSG:4326")
    return gpd.GeoDataFrame({"id": ["XWR", "XSE"]}, geometry=where)


def _ask(streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame, **options: object) -> pd.DataFrame:
    asked = {"date": DAY, "departures": "08:00", "notices": Notices(), **options}
    return compute_travel_times(streets, timetable, points, points, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", MODULES)
def test_the_documented_examples_give_what_they_show(module: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    found = doctest.testmod(importlib.import_module(f"pipeline.library{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_a_point_is_where_it_is_in_whatever_coordinate_system_it_comes(
    streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame
) -> None:
    in_degrees = _ask(streets, timetable, points)
    in_metres = _ask(streets, timetable, points.to_crs("EPSG:27700"))
    assert in_degrees["travel_time_s"].notna().all()
    pd.testing.assert_frame_equal(in_degrees, in_metres)


def test_a_point_without_a_position_has_no_time_and_a_reason_and_is_noted(
    streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame
) -> None:
    points.loc[1, "geometry"] = None
    notices = Notices()
    times = _ask(streets, timetable, points, notices=notices)
    lost = times[(times["from_id"] == "XSE") | (times["to_id"] == "XSE")]
    assert len(lost) == 3
    assert lost["travel_time_s"].isna().all()
    assert set(lost["reason"]) == {"no_street"}
    assert notices.counts()["place_not_located"] == 1


def test_without_a_collector_notices_go_to_the_log(
    streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    points.loc[1, "geometry"] = None
    monkey = logging.getLogger("pipeline")
    before = monkey.propagate
    monkey.propagate = True
    try:
        with caplog.at_level(logging.INFO, logger="pipeline.library"):
            _ask(streets, timetable, points, notices=None)
    finally:
        monkey.propagate = before
    assert "place_not_located (1 times)" in caplog.text


@pytest.mark.parametrize(
    ("damage", "what", "cure"),
    [
        (pd.DataFrame, "not a GeoDataFrame", "points_from_xy"),
        (lambda p: p.iloc[:0], "no rows", "one row"),
        (lambda p: p.set_crs(None, allow_override=True), "coordinate system", "set_crs"),
        (lambda p: p.rename(columns={"id": "code"}), "no column 'id'", "columns: code"),
        (lambda p: p.assign(id=["a", None]), "has no identifier", "identifier"),
        (lambda p: p.assign(id=["a", "a"]), "repeats an identifier", "one row"),
        (lambda p: p.set_crs("EPSG:27700", allow_override=True), "look like degrees", "set_crs"),
        (lambda p: p.to_crs("EPSG:27700").set_crs("EPSG:4326", allow_override=True), "outside", "set_crs"),
        (lambda p: p.to_crs("EPSG:27700").set_crs("EPSG:2154", allow_override=True), "outside", "exchanged"),
        (lambda p: p.set_geometry(_make_polygons(p)), "Polygon", "centroids"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_name_and_a_cure(
    damage: object, what: str, cure: str, streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame
) -> None:
    broken = damage(points)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        compute_travel_times(streets, timetable, points, broken, date=DAY, departures="08:00", notices=Notices())
    assert what in caught.value.what
    assert caught.value.file == "destinations"
    assert cure in (caught.value.cure or "")


def _make_polygons(points: gpd.GeoDataFrame) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.box(p.x, p.y, p.x + 0.01, p.y + 0.01) for p in points.geometry], crs=points.crs)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"departures": "8 o'clock"}, "departures"),
        ({"departures": ("08:00", "07:00")}, "departures"),
        ({"departures": ("08:00", "08:00:30")}, "departures"),
        ({"date": "8 October"}, "date"),
        ({"direction": "up"}, "direction"),
        ({"modes": ["rocket"]}, "modes"),
        ({"percentiles": [101]}, "percentiles"),
        ({"walk_kmh": 0}, "walk_kmh"),
        ({"max_walk_m": -1.0}, "max_walk_m"),
        ({"max_time_min": 0}, "max_time_min"),
        ({"max_changes": -1}, "max_changes"),
        ({"interchange_s": -1}, "interchange_s"),
    ],
)
def test_an_option_that_cannot_be_understood_is_named(
    options: dict[str, object], field: str, streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame
) -> None:
    with pytest.raises(UsageError) as caught:
        _ask(streets, timetable, points, **options)
    assert caught.value.field == field
    assert caught.value.cure


def test_a_window_has_the_minutes_from_its_first_to_before_its_end(
    streets: Streets, timetable: Timetable, points: gpd.GeoDataFrame
) -> None:
    def at(departure: str) -> int:
        times = _ask(streets, timetable, points, departures=departure)
        return int(times.set_index(["from_id", "to_id"]).loc[("XWR", "XSE"), "travel_time_s"])

    window = _ask(streets, timetable, points, departures=("08:00", "08:03"), percentiles=[0, 100])
    row = window.set_index(["from_id", "to_id"]).loc[("XWR", "XSE")]
    minutes = [at(f"08:0{n}") for n in range(3)]
    assert row["travel_time_p0_s"] == min(minutes)
    assert row["travel_time_p100_s"] == max(minutes)


def test_files_that_do_not_exist_and_no_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        build_streets(tmp_path / "none.osm.pbf")
    with pytest.raises(InputError, match="does not exist"):
        read_timetable(tmp_path / "none.zip", date=DAY)
    with pytest.raises(UsageError, match="no timetable"):
        read_timetable([], date=DAY)


def test_a_date_may_be_a_date() -> None:
    assert get_day(date(2024, 10, 8)) == get_day("2024-10-08")


def test_a_zone_of_a_point_is_the_circle_made_wider(timetable: Timetable, points: gpd.GeoDataFrame) -> None:
    circle = points.to_crs("EPSG:27700")
    circle["geometry"] = circle.buffer(500, quad_segs=32)
    of_points = compute_service_levels(timetable, points, date=DAY, crs="EPSG:27700", notices=Notices())
    of_circles = compute_service_levels(timetable, circle, date=DAY, circle_radius_m=1.0, notices=Notices())
    assert of_points["runs_per_day"].max() > 0
    pd.testing.assert_frame_equal(of_points, of_circles)


def test_zones_need_metres_and_polygons_or_points(timetable: Timetable, points: gpd.GeoDataFrame) -> None:
    with pytest.raises(UsageError, match="not the metre"):
        compute_service_levels(timetable, points, date=DAY, crs="EPSG:2277", notices=Notices())
    lines = points.set_geometry([shapely.LineString([(p.x, p.y), (p.x, p.y + 0.01)]) for p in points.geometry])
    with pytest.raises(InputError, match="LineString"):
        compute_service_levels(timetable, lines, date=DAY, notices=Notices())


def _declare(*names: str) -> dict[str, object]:
    rest = {"label": "L", "definition": "D.", "table": "-", "column": "-", "unit": "s", "worse": "high"}
    indicators = [{"name": name, **rest, "domain": "d", "nulls": "unreachable"} for name in names]
    return {"name": "s", "domains": {"d": {"label": "D", "weight": 1}}, "indicators": indicators}


def test_an_unreachable_place_of_a_wide_table_is_the_worst_and_a_missing_one_is_not_ranked() -> None:
    table = pd.DataFrame(
        {
            "neighbourhood_code": ["a", "b", "c"],
            "time": [60.0, None, None],
            "time_reason": [None, "no_route", "no_street"],
        }
    )
    scores = compute_scores(table, scoring=_declare("time")).set_index("neighbourhood_code")
    assert scores["rank"].fillna(0).to_dict() == {"a": 2.0, "b": 1.0, "c": 0.0}
    assert scores["coverage_class"].to_dict() == {"a": "comparable", "b": "comparable", "c": "missing"}


def test_snapshots_of_a_wide_table_are_ranked_apart() -> None:
    table = pd.DataFrame({"id": ["a", "b"] * 2, "snapshot": [1, 1, 2, 2], "time": [1.0, 2.0, 2.0, 1.0]})
    indicators = compute_indicators(table, scoring=_declare("time"), id_column="id")
    ranks = indicators.set_index(["snapshot", "neighbourhood_code"])["rank"].to_dict()
    assert ranks == {("1", "a"): 2.0, ("1", "b"): 1.0, ("2", "a"): 1.0, ("2", "b"): 2.0}


def test_a_wide_table_without_a_column_or_with_a_place_twice_is_refused() -> None:
    table = pd.DataFrame({"neighbourhood_code": ["a", "a"], "time": [1.0, 2.0]})
    with pytest.raises(InputError) as caught:
        compute_scores(table, scoring=_declare("time"))
    assert (caught.value.row, caught.value.field) == (2, "neighbourhood_code")
    with pytest.raises(InputError, match="no column 'cost'"):
        compute_scores(table, scoring=_declare("time", "cost"))
    with pytest.raises(InputError, match="None of the tables"):
        compute_scores({"other": table}, scoring=_declare("time"))
