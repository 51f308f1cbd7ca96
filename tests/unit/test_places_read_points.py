"""Points in every usual format and coordinate system; wrong systems are named, doubtful rows are noted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from pipeline.base.area import PointSource
from pipeline.base.errors import ConfigError, InputError
from pipeline.base.notices import Notices
from pipeline.places.read_points import read_points
from pipeline.places.read_table import read_table

LON, LAT = np.array([-2.99, -3.02]), np.array([51.58, 51.60])
CODES = ["W1", "W2"]


def frame_in(crs: str) -> gpd.GeoDataFrame:
    points = gpd.GeoDataFrame({"code": CODES}, geometry=gpd.points_from_xy(LON, LAT), crs="EPSG:4326")
    return points.to_crs(crs)


def write_csv(path, crs: str, names: tuple[str, str]) -> None:
    points = frame_in(crs)
    table = pd.DataFrame({"code": CODES, names[0]: points.geometry.x, names[1]: points.geometry.y})
    table.to_csv(path, index=False)


def read(path, *, notices=None, area_crs="EPSG:27700", **source):
    about = PointSource(path=path.name, code=source.pop("code", "code"), **source)
    return read_points(about, path, area_crs=area_crs, notices=notices or Notices())


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:27700"])
@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "parquet"])
def test_spatial_files_carry_their_system(tmp_path, crs, suffix):
    path = tmp_path / f"points.{suffix}"
    if suffix == "parquet":
        frame_in(crs).to_parquet(path)
    else:
        frame_in(crs).to_file(path)
    found = read(path)
    np.testing.assert_allclose(found["lon"], LON, atol=1e-6)
    np.testing.assert_allclose(found["lat"], LAT, atol=1e-6)


@pytest.mark.parametrize(
    ("crs", "names"),
    [
        ("EPSG:4326", ("lon", "lat")),
        ("EPSG:4326", ("X", "Y")),
        ("EPSG:27700", ("X", "Y")),
        ("EPSG:27700", ("EASTING", "NORTHING")),
    ],
)
def test_csv_systems_are_found_by_names_and_values(tmp_path, crs, names):
    path = tmp_path / "points.csv"
    write_csv(path, crs, names)
    found = read(path)
    np.testing.assert_allclose(found["lon"], LON, atol=1e-6)
    np.testing.assert_allclose(found["lat"], LAT, atol=1e-6)


def test_eastings_declared_as_degrees_are_named(tmp_path):
    path = tmp_path / "points.csv"
    write_csv(path, "EPSG:27700", ("x", "y"))
    with pytest.raises(InputError, match=r"cannot be in WGS 84.*look like OSGB36 / British National Grid") as error:
        read(path, crs="EPSG:4326")
    assert error.value.field == "crs"
    assert error.value.cure


def test_degrees_declared_as_national_grid_are_named(tmp_path):
    path = tmp_path / "points.csv"
    write_csv(path, "EPSG:4326", ("x", "y"))
    with pytest.raises(InputError, match="look like longitude and latitude"):
        read(path, crs="EPSG:27700")


def test_exchanged_longitude_and_latitude_are_named(tmp_path):
    path = tmp_path / "points.csv"
    pd.DataFrame({"code": CODES, "lon": LAT, "lat": LON}).to_csv(path, index=False)
    with pytest.raises(InputError, match="longitude and latitude look exchanged"):
        read(path)


def test_points_of_another_country_are_refused(tmp_path):
    path = tmp_path / "points.csv"
    pd.DataFrame({"code": CODES, "lon": [-51.2, -51.1], "lat": [-30.0, -30.1]}).to_csv(path, index=False)
    with pytest.raises(InputError, match="outside the area of use of EPSG:27700") as error:
        read(path)
    assert error.value.row == 2


def test_unknown_system_is_a_configuration_error(tmp_path):
    path = tmp_path / "points.csv"
    write_csv(path, "EPSG:4326", ("lon", "lat"))
    with pytest.raises(ConfigError, match="unknown"):
        read(path, crs="EPSG:999999")


def test_doubtful_rows_are_noted_with_their_row_and_others_stay(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("code,lon,lat\nA,-2.99,51.58\nB,,\nC,0,0\nD,-30,51.5\n,-2.9,51.5\nE,-3.0,51.6\n", "utf-8")
    notices = Notices()
    found = read(path, notices=notices).set_index("code")
    assert found["is_located"].to_dict() == {"A": True, "B": False, "C": False, "D": False, "E": True}
    rows = notices.to_frame()
    assert sorted(rows.loc[rows["code"] == "place_not_located", "row"]) == [3, 4]
    assert list(rows.loc[rows["code"] == "place_outside_crs_area", "row"]) == [5]
    assert list(rows.loc[rows["code"] == "place_blank_code", "row"]) == [6]


def test_codes_stay_text(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes("\ufeffcode,lon,lat\r\n0100,-2.99,51.58\r\nNA,-3.0,51.6\r\n1e5,-3.0,51.6\r\n".encode())
    assert list(read(path)["code"]) == ["0100", "NA", "1e5"]


def test_one_code_at_two_places_is_an_error_naming_both_rows(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("code,lon,lat\nA,-2.99,51.58\nB,-3,51.6\nA,-2.98,51.58\n", "utf-8")
    with pytest.raises(InputError, match=r"'A' stands at two places \(rows 2 and 4\)") as error:
        read(path)
    assert error.value.row == 4


def test_an_equal_row_twice_is_noted_and_used_once(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("code,lon,lat\nA,-2.99,51.58\nA,-2.99,51.58\n", "utf-8")
    notices = Notices()
    assert len(read(path, notices=notices)) == 1
    assert notices.counts() == {"place_duplicate_row": 1}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("code,lon,lat\n", "no rows"),
        ("id,lon,lat\nA,1,51\n", "'code' is missing"),
        ("code;lon;lat\nA;1;51\n", "'code' is missing"),
        ("code,a,b\nA,1,51\n", "No columns of coordinates"),
        ("code,lon,lat\nA,one,51\n", "'one' is not a number"),
    ],
)
def test_broken_tables_are_refused_with_a_cure(tmp_path, text, match):
    path = tmp_path / "points.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=match) as error:
        read(path)
    assert error.value.file
    assert error.value.cure


def test_other_encodings_must_be_declared(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes("code,name,lon,lat\nA,Caf\xe9,-2.99,51.58\n".encode("latin-1"))
    with pytest.raises(InputError, match="not utf-8"):
        read(path, name="name")
    assert list(read(path, name="name", encoding="latin-1")["name"]) == ["Café"]


def test_filters(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("code,kind,lon,lat\nA,big,-2.99,51.58\nB,small,-3,51.6\n", "utf-8")
    assert list(read(path, where={"kind": "big"})["code"]) == ["A"]
    with pytest.raises(InputError, match="No row"):
        read(path, where={"kind": "none"})


def test_a_column_whose_name_looks_like_a_pattern_is_a_column_like_others(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("id,*,^i.*$,lon,lat\na,1,x,-3.0,51.6\n,,,,\nb, 2 ,,-3.1,51.5\n", encoding="utf-8")
    raw = read_table(PointSource(path=path.name, code="id"), path)
    assert raw[["id", "*", "^i.*$"]].fillna("").to_numpy().tolist() == [["a", "1", "x"], ["b", "2", ""]]
    found = read_points(PointSource(path=path.name, code="id"), path, area_crs="EPSG:27700", notices=Notices())
    assert found["code"].tolist() == ["a", "b"]
