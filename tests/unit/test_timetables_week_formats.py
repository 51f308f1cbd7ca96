"""The same timetable as TransXChange, as ATCO-CIF and converted to GTFS has one fingerprint."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.read_any import FeedSource, read_timetable
from pipeline.timetables.term_dates import DayKinds
from pipeline.timetables.week_fingerprint import compute_week_fingerprint, find_typical_days, list_service_days
from pipeline.timetables.write_gtfs import write_gtfs


def compute(source: FeedSource, as_of: date) -> str:
    timetable = read_timetable({"bus": source}, notices=Notices(), as_of=as_of, n_processes=1)
    typical = find_typical_days(list_service_days(timetable), kinds=DayKinds(nation="england"))
    assert typical is not None
    return compute_week_fingerprint(timetable, typical.days)


@pytest.mark.parametrize(("year", "as_of"), [("2010", date(2010, 10, 12)), ("2016", date(2016, 10, 11))])
def test_converting_to_gtfs_keeps_the_fingerprint(root: Path, tmp_path: Path, year: str, as_of: date) -> None:
    """2010 is ATCO-CIF, 2016 TransXChange."""
    folder = root / "data/sample"
    source = FeedSource(folder / f"timetables/{year}/bus_coastliner.zip", None, folder / "naptan.csv")
    timetable = read_timetable({"bus": source}, notices=Notices(), as_of=as_of, n_processes=1)
    write_gtfs(timetable, tmp_path / "gtfs.zip")
    assert compute(FeedSource(tmp_path / "gtfs.zip"), as_of) == compute(source, as_of)
