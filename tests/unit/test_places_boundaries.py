"""Boundaries: what is repaired or left out is noted, what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from pipeline.base.area import Boundaries
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.boundaries import read_boundaries

CRS = "EPSG:27700"
SQUARE = shapely.box(-3.0, 51.5, -2.99, 51.51)
BOW_TIE = shapely.Polygon([(-3, 51.5), (-2.99, 51.51), (-2.99, 51.5), (-3, 51.51)])
LINE = shapely.LineString([(-3, 51.5), (-2.99, 51.51)])


def _read(
    tmp_path: Path, codes: list[str | None], shapes: list[object], *, crs: str | None = "EPSG:4326"
) -> tuple[gpd.GeoDataFrame, Notices]:
    path = tmp_path / "zones.gpkg"
    gpd.GeoDataFrame({"id": codes}, geometry=shapes, crs=crs).to_file(path, driver="GPKG", engine="pyogrio")
    notices = Notices()
    source = Boundaries(path=path.name, code="id")
    return read_boundaries(source, path, area_crs=CRS, notices=notices), notices


def test_polygons_come_in_the_order_of_their_codes_in_degrees(tmp_path: Path) -> None:
    frame, notices = _read(tmp_path, ["b", "a"], [SQUARE, shapely.box(-3.1, 51.5, -3.09, 51.51)])
    assert frame["code"].tolist() == ["a", "b"]
    assert frame.crs == "EPSG:4326"
    assert notices.counts() == {}


def test_metres_become_degrees(tmp_path: Path) -> None:
    metres = gpd.GeoSeries([SQUARE], crs="EPSG:4326").to_crs(CRS)
    frame, _ = _read(tmp_path, ["a"], list(metres), crs=CRS)
    assert frame.geometry.iloc[0].centroid.distance(SQUARE.centroid) < 1e-6


def test_a_boundary_that_crosses_itself_is_repaired_and_one_without_an_area_or_code_left_out(tmp_path: Path) -> None:
    shapes = [BOW_TIE, shapely.Polygon(), SQUARE, SQUARE]
    frame, notices = _read(tmp_path, ["tie", "empty", None, "good"], shapes)
    assert frame["code"].tolist() == ["good", "tie"]
    assert frame.geometry.is_valid.all()
    assert notices.counts() == {"boundary_repaired": 1, "boundary_without_area": 1, "place_blank_code": 1}


def test_a_boundary_elsewhere_is_left_out_and_noted(tmp_path: Path) -> None:
    frame, notices = _read(tmp_path, ["a", "b", "c"], [SQUARE, SQUARE, shapely.box(20, 10, 20.1, 10.1)])
    assert frame["code"].tolist() == ["a", "b"]
    assert notices.counts() == {"boundary_outside_crs_area": 1}


@pytest.mark.parametrize(
    ("codes", "shapes", "crs", "words"),
    [
        (["a"], [LINE], "EPSG:4326", "no polygons"),
        (["a"], [shapely.box(300_000, 180_000, 301_000, 181_000)], "EPSG:4326", "cannot be degrees"),
        (["a"], [shapely.box(51.5, -3.0, 51.51, -2.99)], "EPSG:4326", "exchanged"),
        (["a"], [shapely.box(20, 10, 20.1, 10.1)], "EPSG:4326", "elsewhere"),
        (["a", "a"], [SQUARE, SQUARE], "EPSG:4326", "two polygons"),
    ],
)
def test_boundaries_that_cannot_be_used_are_refused_with_a_cure(
    codes: list[str | None], shapes: list[object], crs: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        _read(tmp_path, codes, shapes, crs=crs)
    assert caught.value.cure
    assert "zones.gpkg" in str(caught.value.file)
