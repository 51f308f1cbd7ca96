"""NaPTAN: codes however spelt, coordinates from degrees or from the grid, and never 0,0."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.naptan import Gazetteer, read_naptan

HEADER = "ATCOCode,NaptanCode,CommonName,Longitude,Latitude,Easting,Northing,GridType,Status\n"


def _read(tmp_path: Path, text: str | bytes) -> tuple[Gazetteer, Notices]:
    file = tmp_path / "stops.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    notices = Notices()
    return read_naptan(file, notices=notices), notices


def test_case_spaces_and_lost_leading_zeros_do_not_matter(tmp_path: Path) -> None:
    gazetteer, _ = _read(tmp_path, HEADER + "0500HSTIV014,camgjdt,Bus Station,-0.07,52.32,,,,active\n")
    for code in ("0500HSTIV014", "0500hstiv014", " 0500 HSTIV 014", "500HSTIV014", "camgjdt", "CAMGJDT"):
        stop = gazetteer.find(code)
        assert stop is not None, code
        assert (stop.atco_code, stop.stop_name, stop.lon, stop.lat) == ("0500HSTIV014", "Bus Station", -0.07, 52.32)
    assert gazetteer.find("0500HSTIV015") is None
    assert gazetteer.find("") is None


def test_a_spelling_that_fits_two_stops_fits_neither(tmp_path: Path) -> None:
    gazetteer, _ = _read(tmp_path, HEADER + "0123,aaa,North,1,52,,,,\n00123,aab,South,1,53,,,,\n")
    assert gazetteer.find("123") is None
    exact = gazetteer.find("0123")
    assert exact is not None
    assert exact.stop_name == "North"


def test_an_atco_code_goes_before_a_naptan_code(tmp_path: Path) -> None:
    gazetteer, _ = _read(tmp_path, HEADER + "12345,99,By ATCO,1,52,,,,\n99999,12345,By NaPTAN,1,53,,,,\n")
    stop = gazetteer.find("12345")
    assert stop is not None
    assert stop.stop_name == "By ATCO"


def test_blank_and_zero_coordinates_come_from_the_grid(tmp_path: Path) -> None:
    # The grid point of the worked example in Ordnance Survey's guide to coordinate systems (Caister water tower):
    # E 651409.903, N 313177.270 is 52 degrees 39' 28.72" N, 1 degree 42' 57.79" E (ETRS89).
    rows = (
        "a,,Blank,,,651409.903,313177.270,UKOS,\nb,,Zero,0,0,651410,313177,,\nc,,Nowhere,0.0,0.0,0,0,,\nd,,Void,,,,,,\n"
    )
    gazetteer, notices = _read(tmp_path, HEADER + rows)
    for code in ("a", "b"):
        stop = gazetteer.find(code)
        assert stop is not None
        assert stop.lon == pytest.approx(1 + 42 / 60 + 57.79 / 3600, abs=1e-4)
        assert stop.lat == pytest.approx(52 + 39 / 60 + 28.72 / 3600, abs=1e-4)
    for code in ("c", "d"):
        stop = gazetteer.find(code)
        assert stop is not None
        assert stop.lon is None
        assert stop.lat is None
    assert notices.counts() == {"naptan_from_grid": 2, "naptan_not_located": 2}


def test_of_two_rows_of_one_code_the_active_and_located_one_counts(tmp_path: Path) -> None:
    rows = "a,,Old,1,52,,,,inactive\na,,New,2,53,,,,active\na,,Lost,,,,,,active\n,,No code,1,52,,,,\n"
    gazetteer, notices = _read(tmp_path, HEADER + rows)
    assert gazetteer.stops.select("stop_name", "lon").rows() == [("New", 2.0)]
    assert notices.counts() == {"naptan_code_repeated": 2, "naptan_not_located": 1, "naptan_without_code": 1}


def test_columns_in_another_order_and_case_and_another_encoding_are_read(tmp_path: Path) -> None:
    text = "latitude,LONGITUDE,commonname,AtcoCode,surplus\n52.5,-3.5,Caf\xe9,a1,x\n".encode("cp1252")
    gazetteer, notices = _read(tmp_path, text)
    assert gazetteer.stops.row(0) == ("a1", None, "Caf\xe9", -3.5, 52.5, True)
    assert notices.counts() == {"naptan_not_utf8": 1}


def test_the_table_may_lie_in_a_zip_archive(tmp_path: Path) -> None:
    file = tmp_path / "naptan.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("NaPTANcsv/Stops.csv", HEADER + "a,,A,1,52,,,,\n")
        archive.writestr("NaPTANcsv/AreaHierarchy.csv", "x\n")
    assert read_naptan(file, notices=Notices()).stops.height == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"stop_id,stop_lat\n1,52\n", "names no stop by its ATCO code"),
        (b"PK\x03\x04broken", "not a readable zip"),
    ],
)
def test_what_is_no_naptan_table_is_refused_with_a_cure(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        _read(tmp_path, content)
    assert caught.value.cure


def test_the_real_tables_are_read(shared_data: Path) -> None:
    for name, rows in (("transxchange/naptan-stops.csv", 1401), ("newport/naptan-531-stops.csv", 959)):
        notices = Notices()
        gazetteer = read_naptan(shared_data / name, notices=notices)
        assert gazetteer.stops.height + notices.counts().get("naptan_code_repeated", 0) == rows
        grid = gazetteer.stops.filter(gazetteer.stops["lon"].is_not_null())
        assert grid["lat"].is_between(49, 61).all()
        assert grid["lon"].is_between(-9, 2).all()
