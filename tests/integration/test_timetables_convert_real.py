"""Every real TransXChange and ATCO-CIF file becomes valid GTFS that reads back to the same trips on the same dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import FeedSource, find_format, read_timetable
from pipeline.timetables.read_gtfs import read_gtfs
from pipeline.timetables.write_gtfs import write_gtfs
from tests.support.timetables import find_errors, list_runs

ROOT = Path(__file__).resolve().parents[3] / "shared" / "data"
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("transxchange", "atco_cif")
    for path in (ROOT / folder).glob("*")
    if path.suffix.lower() in {".xml", ".zip", ".cif"}
)


@pytest.mark.parametrize("name", FILES or ["none"])
def test_every_real_file_converts_without_an_error_and_reads_back_the_same(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    path = shared_data / name
    assert find_format(path) == name.split("/", maxsplit=1)[0]
    naptan = shared_data / "transxchange" / "naptan-stops.csv"
    timetable = read_timetable({"x": FeedSource(path, naptan=naptan)}, notices=Notices(), n_processes=1)
    write_gtfs(timetable, tmp_path / "out.zip")
    assert find_errors(tmp_path / "out.zip") == []
    again = read_gtfs(tmp_path / "out.zip", feed="x", notices=Notices())
    assert _name_trips(again) == _name_trips(timetable)
    assert list_runs(again, is_moved=True) == list_runs(timetable, is_moved=True)


def _name_trips(timetable: Timetable) -> list[str]:
    return timetable.trips["trip_id"].to_list()
