"""The resolution of calendars against its rules, asked day by day."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.timetables.calendars import WEEKDAYS, compute_service_dates, read_service_dates
from pipeline.timetables.gtfs_files import open_container
from tests.support.gtfs import build_gtfs

FIRST = date(2024, 2, 20)
DAYS = [FIRST + timedelta(days=n) for n in range(40)]
SERVICES = ("A", "B", "C")
EXCEPTIONS = st.lists(st.tuples(st.sampled_from(SERVICES), st.sampled_from(DAYS), st.sampled_from("12")), max_size=20)
WEEKS = st.dictionaries(
    st.sampled_from(SERVICES[:2]),
    st.tuples(st.sets(st.sampled_from(range(7))), st.sampled_from(DAYS), st.integers(0, 30)),
)


def resolve_slowly(
    weeks: dict[str, tuple[set[int], date, int]], exceptions: list[tuple[str, date, str]]
) -> set[tuple[str, date]]:
    """Ask of every service and every day whether it runs, by the rules as they are written down."""
    running = set()
    for service in SERVICES:
        for day in (FIRST + timedelta(days=n) for n in range(80)):
            is_removed = (service, day, "2") in exceptions
            is_added = (service, day, "1") in exceptions
            weekdays, start, length = weeks.get(service, (set(), FIRST, 0))
            is_regular = day.weekday() in weekdays and start <= day <= start + timedelta(days=length)
            if (is_regular or is_added) and not is_removed:
                running.add((service, day))
    return running


@given(weeks=WEEKS, exceptions=EXCEPTIONS)
@settings(max_examples=150, deadline=None)
def test_every_day_of_every_service_is_resolved_by_the_rules(
    weeks: dict[str, tuple[set[int], date, int]], exceptions: list[tuple[str, date, str]]
) -> None:
    calendar = [
        {
            "service_id": service,
            **{name: int(at in weekdays) for at, name in enumerate(WEEKDAYS)},
            "start_date": f"{start:%Y%m%d}",
            "end_date": f"{start + timedelta(days=length):%Y%m%d}",
        }
        for service, (weekdays, start, length) in weeks.items()
    ]
    rows = "".join(f"{service},{day:%Y%m%d},{kind}\n" for service, day, kind in exceptions)
    header = ",".join(["service_id", *WEEKDAYS, "start_date", "end_date"]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        path = build_gtfs(
            Path(folder),
            calendar=calendar or header,
            calendar_dates="service_id,date,exception_type\n" + rows,
        )
        notices = Notices()
        with open_container(path, notices) as container:
            found, services = read_service_dates(container, notices)
    assert set(found.iter_rows()) == resolve_slowly(weeks, exceptions)
    assert found.height == found.unique().height
    assert set(services) == {*weeks, *(service for service, _, _ in exceptions)}
    both = {(s, d) for s, d, k in exceptions if k == "1"} & {(s, d) for s, d, k in exceptions if k == "2"}
    assert notices.counts().get("gtfs_calendar_contradiction", 0) == len(both)


@given(exceptions=EXCEPTIONS, more=EXCEPTIONS)
@settings(max_examples=60, deadline=None)
def test_a_removal_never_adds_and_reaches_no_other_service(
    exceptions: list[tuple[str, date, str]], more: list[tuple[str, date, str]]
) -> None:
    weekly = pl.DataFrame([("A", day) for day in DAYS], schema={"service_id": pl.String, "date": pl.Date}, orient="row")
    schema = {"service_id": pl.String, "date": pl.Date, "exception_type": pl.String}
    removals = [("B", day, "2") for _, day, _ in more]
    before = compute_service_dates(weekly, pl.DataFrame(exceptions, schema=schema, orient="row"))
    after = compute_service_dates(weekly, pl.DataFrame([*exceptions, *removals], schema=schema, orient="row"))
    gone = set(before.iter_rows()) - set(after.iter_rows())
    assert set(after.iter_rows()) <= set(before.iter_rows())
    assert all(service == "B" and (service, day, "2") in removals for service, day in gone)
