"""Changes that cannot matter: order of rows, identifiers, how calendars and frequencies are written."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.fingerprint import compute_fingerprint
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import AGENCY, Row, build_gtfs

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
START = date(2024, 1, 1)
Feed = dict[str, list[Row]]


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """Draw a feed of a few trips with blanks, dwells, loops, exceptions and frequencies."""
    stops: list[Row] = [
        {"stop_id": f"S{n}", "stop_name": f"Stop {n}", "stop_lat": 51.5 + n * n / 500, "stop_lon": -3 + n / 300}
        for n in range(6)
    ]
    stops[2] = {**stops[2], "stop_lat": "", "stop_lon": ""}
    services = [
        {
            "service_id": f"C{n}",
            **{day: draw(st.integers(0, 1)) for day in DAYS},
            "monday": 1,
            "start_date": "20240101",
            "end_date": f"202401{draw(st.integers(1, 20)):02d}",
        }
        for n in range(2)
    ]
    exceptions: list[Row] = [
        {
            "service_id": f"C{draw(st.integers(0, 1))}",
            "date": f"202401{day:02d}",
            "exception_type": draw(st.integers(1, 2)),
        }
        for day in draw(st.lists(st.integers(2, 28), max_size=4, unique=True))
    ]
    routes: list[Row] = [
        {"route_id": f"R{n}", "agency_id": "OP1", "route_short_name": f"{n}", "route_type": 3} for n in range(2)
    ]
    trips, calls, frequencies = [], [], []
    for n in range(draw(st.integers(1, 4))):
        trips.append(
            {"trip_id": f"T{n}", "route_id": f"R{draw(st.integers(0, 1))}", "service_id": f"C{draw(st.integers(0, 1))}"}
        )
        now = draw(st.sampled_from([25000, 25000, 86000]))
        size = draw(st.integers(2, 5))
        for at in range(size):
            now += draw(st.sampled_from([0, 60, 300]))
            dwell = draw(st.sampled_from([0, 0, 30]))
            blank = 0 < at < size - 1 and draw(st.booleans())
            calls.append(
                {
                    "trip_id": f"T{n}",
                    "stop_id": f"S{draw(st.integers(0, 5))}",
                    "stop_sequence": at * 3,
                    "arrival_time": "" if blank else clock(now),
                    "departure_time": "" if blank else clock(now + dwell),
                    "pickup_type": draw(st.integers(0, 1)),
                }
            )
            now += dwell
        if draw(st.integers(0, 3)) == 0:
            frequencies.append(
                {
                    "trip_id": f"T{n}",
                    "start_time": "6:00:00",
                    "end_time": "6:31:00",
                    "headway_secs": 900,
                    "exact_times": 1,
                }
            )
    return {
        "agency": AGENCY,
        "stops": stops,
        "routes": routes,
        "calendar": services,
        "calendar_dates": exceptions or [{"service_id": "C0", "date": "20240601", "exception_type": 2}],
        "trips": trips,
        "stop_times": calls,
        "frequencies": frequencies
        or [{"trip_id": "none", "start_time": "", "end_time": "", "headway_secs": "", "exact_times": ""}],
    }


def read(feed: Feed) -> Timetable:
    with tempfile.TemporaryDirectory() as folder:
        path = build_gtfs(Path(folder), use_defaults=False, **feed)
        return read_gtfs(path, feed="bus", notices=Notices())


def describe(timetable: Timetable) -> Counter[tuple[object, ...]]:
    """Return the multiset of trips without any identifier."""
    stops = timetable.stops["stop_name"].to_list()
    routes = timetable.routes["route_short_name"].to_list()
    dates: dict[int, list[date]] = {}
    for index, day in timetable.service_dates.select("service_index", "date").iter_rows():
        dates.setdefault(index, []).append(day)
    calls: dict[int, list[tuple[object, ...]]] = {}
    for trip, _, stop, *rest in timetable.stop_times.iter_rows():
        calls.setdefault(trip, []).append((stops[stop], *rest))
    return Counter(
        (routes[route], tuple(sorted(dates[service])), tuple(calls[trip]))
        for trip, route, service in timetable.trips.select("trip_index", "route_index", "service_index").iter_rows()
    )


def check_same(one: Feed, other: Feed) -> None:
    a, b = read(one), read(other)
    assert describe(a) == describe(b)
    assert compute_fingerprint(a) == compute_fingerprint(b)
    a, b = remove_duplicate_trips(a, Notices()), remove_duplicate_trips(b, Notices())
    assert describe(a) == describe(b)
    assert compute_fingerprint(a) == compute_fingerprint(b)


def rename(feed: Feed, seed: int) -> Feed:
    """Give every stop, route, service and trip another identifier, in another order."""
    maps: dict[str, dict[object, str]] = {}
    for column, table in (
        ("stop_id", "stops"),
        ("route_id", "routes"),
        ("service_id", "calendar"),
        ("trip_id", "trips"),
    ):
        ids = [row[column] for row in feed[table]]
        new = [f"{n:03d}" for n in range(len(ids))]
        random.Random(seed).shuffle(new)
        maps[column] = dict(zip(ids, new, strict=True))
    return {
        name: [{key: maps.get(key, {}).get(value, value) for key, value in row.items()} for row in rows]
        for name, rows in feed.items()
    }


@given(feeds(), st.integers(0, 99))
@settings(max_examples=15)
def test_order_of_rows_does_not_matter(feed: Feed, seed: int) -> None:
    shuffled = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in feed.items()}
    one, other = read(feed), read(shuffled)
    for name in one.counts():
        assert getattr(one, name).equals(getattr(other, name))


@given(feeds(), st.integers(0, 99))
@settings(max_examples=15)
def test_identifiers_do_not_matter(feed: Feed, seed: int) -> None:
    check_same(feed, rename(feed, seed))


@given(feeds())
@settings(max_examples=15)
def test_calendars_may_be_written_as_dates(feed: Feed) -> None:
    removed = {(row["service_id"], row["date"]) for row in feed["calendar_dates"] if row["exception_type"] == 2}
    days = {(row["service_id"], row["date"]) for row in feed["calendar_dates"] if row["exception_type"] == 1}
    for row in feed["calendar"]:
        day = START
        while f"{day:%Y%m%d}" <= str(row["end_date"]):
            if row[DAYS[day.weekday()]]:
                days.add((row["service_id"], f"{day:%Y%m%d}"))
            day += timedelta(days=1)
    dates: list[Row] = [
        {"service_id": service, "date": day, "exception_type": 1} for service, day in sorted(days - removed, key=str)
    ]
    if not dates:
        return
    kept = {row["service_id"] for row in dates}
    if not any(trip["service_id"] in kept for trip in feed["trips"]):
        return
    check_same(feed, {**{name: rows for name, rows in feed.items() if name != "calendar"}, "calendar_dates": dates})


@given(feeds())
@settings(max_examples=15)
def test_exact_frequencies_may_be_written_out(feed: Feed) -> None:
    repeated = {row["trip_id"] for row in feed["frequencies"]}
    trips = [row for row in feed["trips"] if row["trip_id"] not in repeated]
    calls = [row for row in feed["stop_times"] if row["trip_id"] not in repeated]
    for trip in (row for row in feed["trips"] if row["trip_id"] in repeated):
        own = [row for row in feed["stop_times"] if row["trip_id"] == trip["trip_id"]]
        base = seconds(str(own[0]["departure_time"]))
        for start in (21600, 22500, 23400):
            name = f"{trip['trip_id']} at {start}"
            trips.append({**trip, "trip_id": name})
            for row in own:
                moved = {
                    key: clock(seconds(str(row[key])) + start - base)
                    if row[key] and seconds(str(row[key])) + start - base >= 0
                    else row[key]
                    for key in ("arrival_time", "departure_time")
                }
                calls.append({**row, "trip_id": name, **moved})
    check_same(
        feed,
        {**{name: rows for name, rows in feed.items() if name != "frequencies"}, "trips": trips, "stop_times": calls},
    )


def seconds(text: str) -> int:
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)
