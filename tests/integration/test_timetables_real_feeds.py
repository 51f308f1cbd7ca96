"""Counts of real feeds, found independently with pandas."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.read_any import read_timetable
from pipeline.timetables.read_gtfs import read_gtfs

FEEDS = [
    ("newport/bus-2023-06-13.gtfs.zip", date(2023, 6, 13), 1343),
    ("newport/bus-2024-03-05.gtfs.zip", date(2024, 3, 5), 5426),
    ("newport/rail-2024-03-05.gtfs.zip", date(2024, 3, 5), 939),
    ("porto_alegre/poa_old_gtfs.zip", date(2019, 5, 1), 3981),
    ("porto_alegre/poa_trensurb.zip", date(2019, 5, 13), 529),
    ("greater_manchester/gm-rail-gtfs.zip", date(2021, 3, 2), 1436),
]


def count_with_pandas(path: Path, day: date) -> tuple[int, int]:
    """Return trips of a day with two calls or more, and their calls."""
    with zipfile.ZipFile(path) as archive:
        tables = {
            name: pd.read_csv(archive.open(f"{name}.txt"), dtype=str)
            for name in ("calendar", "calendar_dates", "trips", "stop_times")
            if f"{name}.txt" in archive.namelist()
        }
    key, calendar = f"{day:%Y%m%d}", tables["calendar"]
    runs = (calendar[f"{day:%A}".lower()] == "1") & (calendar["start_date"] <= key) & (calendar["end_date"] >= key)
    services = set(calendar.loc[runs, "service_id"])
    if "calendar_dates" in tables:
        today = tables["calendar_dates"].query("date == @key")
        services |= set(today.loc[today["exception_type"] == "1", "service_id"])
        services -= set(today.loc[today["exception_type"] == "2", "service_id"])
    trips = tables["trips"].loc[tables["trips"]["service_id"].isin(services), "trip_id"]
    sizes = tables["stop_times"].groupby("trip_id").size().reindex(trips, fill_value=0)
    return int((sizes >= 2).sum()), int(sizes[sizes >= 2].sum())


@pytest.mark.parametrize(("name", "day", "n_trips"), FEEDS)
def test_trips_of_a_day(shared_data: Path, name: str, day: date, n_trips: int) -> None:
    notices = Notices()
    timetable = read_gtfs(shared_data / name, feed="x", notices=notices)
    trips = get_trips_on(timetable, day)
    calls = timetable.stop_times.filter(timetable.stop_times["trip_index"].is_in(trips["trip_index"].implode()))
    assert (trips.height, calls.height) == count_with_pandas(shared_data / name, day)
    assert trips.height == n_trips
    inside = timetable.stop_times.with_columns(
        before=timetable.stop_times["departure_s"].shift(), other=timetable.stop_times["trip_index"].shift()
    ).filter(timetable.stop_times["position"] > 0)
    assert (inside["before"] <= inside["arrival_s"]).all()
    assert (timetable.stop_times["arrival_s"] <= timetable.stop_times["departure_s"]).all()


def test_two_feeds_of_the_same_weeks(shared_data: Path) -> None:
    folder = shared_data / "porto_alegre"
    feeds = {"full": folder / "poa_old_gtfs.zip", "thin": folder / "poa_eptc.zip"}
    timetable = read_timetable(feeds, notices=Notices())
    after = remove_duplicate_trips(timetable, Notices())
    assert (timetable.trips.height, after.trips.height) == (8520 + 2374, 8520)
    assert int(after.trips["n_duplicates"].sum()) == 2374
