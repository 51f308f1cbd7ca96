"""The format of a timetable is found by its content, and ``convert`` joins formats into one GTFS archive."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.cli.main import app
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.read_any import FeedSource, find_format, read_timetable
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.cif import A_AND_B, journey, write_cif
from tests.support.gtfs import build_gtfs
from tests.support.timetables import find_errors

XML = '<?xml version="1.0"?>\n<TransXChange xmlns="http://www.transxchange.org.uk/" SchemaVersion="2.1"/>'
AB = [("A", "0800"), ("B", "0830")]


def _zip(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def test_the_name_of_a_file_says_nothing_about_its_format(tmp_path: Path) -> None:
    cif = write_cif(tmp_path, *A_AND_B, *journey(AB), name="timetable.xml")
    txc = tmp_path / "timetable.cif"
    txc.write_text(XML)
    gtfs = build_gtfs(tmp_path, name="feed.zip")
    gtfs.rename(tmp_path / "gtfs.dat")
    assert find_format(cif) == "atco_cif"
    assert find_format(txc) == "transxchange"
    assert find_format(tmp_path / "gtfs.dat") == "gtfs"
    assert find_format(_zip(tmp_path / "c.zip", readme__txt="hello", a__dat=cif.read_bytes())) == "atco_cif"
    assert find_format(_zip(tmp_path / "t.zip", a__dat="hello", b__xml=XML)) == "transxchange"
    inner = _zip(tmp_path / "inner.zip", a__cif=cif.read_bytes())
    assert find_format(_zip(tmp_path / "outer.zip", inner__zip=inner.read_bytes())) == "atco_cif"
    folder = build_gtfs(tmp_path, name="folder")
    assert find_format(folder) == "gtfs"
    assert find_format(write_cif(tmp_path / "cifs", *A_AND_B, *journey(AB)).parent) == "atco_cif"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"\xef\xbb\xbf  <html>", "is a web page"),
        (b"<osm version='0.6'/>", "XML of another kind"),
        (b"id,lon,lat\n", "of no format that is known"),
    ],
)
def test_other_content_is_an_error_that_says_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "thing.xml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        find_format(path)
    with pytest.raises(InputError, match="there is no timetable"):
        find_format(tmp_path / "nothing.zip")


def test_feeds_of_several_formats_become_one_timetable(tmp_path: Path) -> None:
    cif = write_cif(tmp_path, *A_AND_B, *journey(AB, first="20240101", last="99999999"))
    gtfs = build_gtfs(tmp_path)
    timetable = read_timetable(
        {"old": cif, "new": FeedSource(gtfs, format="gtfs")}, notices=Notices(), as_of=date(2024, 1, 8)
    )
    assert {key: about["format"] for key, about in timetable.feeds.items()} == {"new": "gtfs", "old": "atco_cif"}
    assert get_trips_on(timetable, date(2024, 1, 9))["feed"].to_list() == ["new", "old"]
    assert timetable.feeds["old"]["last_date"] == "2025-01-07"


def test_convert_joins_inputs_counts_duplicates_once_and_lists_notices(tmp_path: Path) -> None:
    one = write_cif(tmp_path, *A_AND_B, *journey(AB, last="00000000"), name="one.cif")
    two = write_cif(tmp_path / "again", *A_AND_B, *journey(AB, last="00000000"), name="one.cif")
    out, listed = tmp_path / "out.zip", tmp_path / "notices.csv"
    command = ["convert", str(one), str(two), "--out", str(out), "--as-of", "2010-10-12", "--notices", str(listed)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert f"{one}: ATCO-CIF, 1 trips, 2 stops, 2010-10-04 to 2011-10-12" in done.output
    assert "GTFS, 1 trips, 1 duplicates left out" in done.output
    assert "cif_end_open" in listed.read_text()
    assert find_errors(out) == []
    again = read_gtfs(out, feed="x", notices=Notices())
    assert again.trips.height == 1
    first = out.read_bytes()
    assert CliRunner().invoke(app, command).exit_code == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "out.txt"], "does not end in .zip"),
        (["--out", "out.zip", "--as-of", "yesterday"], "is no date"),
        (["--out", "out.zip", "--nation", "france"], "no nation"),
        (["--out", "out.zip", "--naptan", "missing.csv"], "no NaPTAN file"),
    ],
)
def test_convert_refuses_what_it_cannot_do(tmp_path: Path, options: list[str], message: str) -> None:
    cif = write_cif(tmp_path, *A_AND_B, *journey(AB))
    done = CliRunner().invoke(app, ["convert", str(cif), *options])
    assert done.exit_code != 0
    assert message in f"{done.output}{done.exception}"


def test_validate_says_format_trips_and_dates(tmp_path: Path) -> None:
    cif = write_cif(tmp_path, *A_AND_B, *journey(AB))
    done = CliRunner().invoke(app, ["validate", str(cif)])
    assert done.exit_code == 0, done.output
    assert "timetable: ATCO-CIF, 1 trips, 2 stops, 2010-10-04 to 2010-10-29" in done.output


def test_archives_that_cannot_be_trusted_are_refused(tmp_path: Path) -> None:
    cif = write_cif(tmp_path, *A_AND_B, *journey(AB)).read_bytes()
    bad = _zip(tmp_path / "inner.zip", a__cif=cif).read_bytes()[:-30]
    _zip(tmp_path / "outer.zip", a__cif=cif, b__zip=bad)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.cif", cif + b" " * 80_000_000)
    for name, message in {"outer.zip": "cannot be read", "bomb.zip": "compressed beyond belief"}.items():
        with pytest.raises(InputError, match=message):
            read_timetable({"x": FeedSource(tmp_path / name, format="atco_cif")}, notices=Notices())
