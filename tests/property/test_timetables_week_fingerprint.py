"""The fingerprint of a typical week, against its definition: what cannot matter leaves it, what matters changes it."""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_gtfs import read_gtfs
from pipeline.timetables.term_dates import DayKinds
from pipeline.timetables.week_fingerprint import compute_week_fingerprint, find_typical_days, list_service_days
from tests.support.gtfs import AGENCY, Row, build_gtfs

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
FIRST = date(2024, 2, 26)
N_WEEKS = 8
Feed = dict[str, list[dict[str, object]]]


def code(day: date) -> str:
    return day.strftime("%Y%m%d")


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    """Draw a feed of eight weeks: every service runs by its days of the week, one of them every second week."""
    stops = [
        {
            "stop_id": f"S{n}",
            "stop_name": f"Stop {n}",
            "stop_lat": 51.5 + n / 300,
            "stop_lon": -3.0,
            "parent_station": "",
        }
        for n in range(5)
    ]
    stops.append({"stop_id": "P", "stop_name": "Station", "stop_lat": 51.5, "stop_lon": -3.0, "parent_station": ""})
    stops[-1]["location_type"] = 1
    stops[0]["parent_station"] = "P"
    calendar = [
        {
            "service_id": f"C{n}",
            **{day: draw(st.integers(0, 1)) for day in DAYS},
            "tuesday": 1,
            "start_date": code(FIRST),
            "end_date": code(FIRST + timedelta(days=7 * N_WEEKS - 1)),
        }
        for n in range(3)
    ]
    dates = [
        {"service_id": "C2", "date": code(FIRST + timedelta(days=7 * week + day)), "exception_type": 2}
        for week in range(1, N_WEEKS, 2)
        for day in range(7)
    ]
    routes = [
        {
            "route_id": f"R{n}",
            "agency_id": "OP1",
            "route_short_name": f"{n}",
            "route_long_name": "Line",
            "route_type": 3,
        }
        for n in range(2)
    ]
    trips, calls = [], []
    for n in range(draw(st.integers(1, 4))):
        trips.append(
            {"trip_id": f"T{n}", "route_id": f"R{draw(st.integers(0, 1))}", "service_id": f"C{draw(st.integers(0, 2))}"}
        )
        now = draw(st.sampled_from([25000, 25000, 80000]))
        for at in range(draw(st.integers(2, 4))):
            now += draw(st.sampled_from([60, 300]))
            calls.append(
                {
                    "trip_id": f"T{n}",
                    "stop_id": f"S{(at + n) % 5}",
                    "stop_sequence": at,
                    "arrival_time": clock(now),
                    "departure_time": clock(now),
                    "pickup_type": draw(st.integers(0, 1)),
                }
            )
    transfers = [{"from_stop_id": "S0", "to_stop_id": "S1", "transfer_type": 2, "min_transfer_time": 240}]
    return {
        "agency": [dict(row) for row in AGENCY],
        "stops": stops,
        "routes": routes,
        "calendar": calendar,
        "calendar_dates": dates,
        "trips": trips,
        "stop_times": calls,
        "transfers": transfers,
    }


def read(feed: Feed) -> Timetable:
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, list[Row]] = {name: list(rows) for name, rows in feed.items()}
        return read_gtfs(build_gtfs(Path(folder), use_defaults=False, **files), feed="bus", notices=Notices())


def compute(feed: Feed, *, kinds: DayKinds | None = None, is_wheelchair: bool = False) -> str:
    timetable = read(feed)
    typical = find_typical_days(list_service_days(timetable), kinds=kinds or DayKinds())
    assert typical is not None
    return compute_week_fingerprint(timetable, typical.days, is_wheelchair=is_wheelchair)


def describe(feed: Feed) -> dict[object, tuple[Fraction, ...]]:
    """From the definition: of every trip apart from its identifiers, the share of Mondays, ... on which it runs."""
    timetable = read(feed)
    typical = find_typical_days(list_service_days(timetable), kinds=DayKinds())
    assert typical is not None
    counted = Counter(day.weekday() for day in typical.days)
    stops = timetable.stops.select("stop_name", "lon", "lat").rows()
    routes = timetable.routes.select("operator_name", "route_short_name", "route_long_name", "mode").rows()
    runs: dict[int, list[date]] = defaultdict(list)
    for service, day in timetable.service_dates.select("service_index", "date").iter_rows():
        runs[service].append(day)
    calls: dict[int, list[object]] = defaultdict(list)
    columns = ["trip_index", "stop_index", "arrival_s", "departure_s", "is_pickup", "is_dropoff"]
    for trip, stop, *rest in timetable.stop_times.select(columns).iter_rows():
        calls[trip].append((stops[stop], *rest))
    week: dict[object, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 7)
    for trip, route, service in timetable.trips.select("trip_index", "route_index", "service_index").iter_rows():
        for day in set(runs[service]) & set(typical.days):
            week[routes[route], tuple(calls[trip])][day.weekday()] += Fraction(1, counted[day.weekday()])
    return {key: tuple(shares) for key, shares in week.items()}


def rename(feed: Feed, seed: int) -> Feed:
    """Other identifiers, another order of rows and columns, stops that nobody uses, shapes, another version."""
    chance = random.Random(seed)
    columns = {
        "stop_id": "stops",
        "route_id": "routes",
        "service_id": "calendar",
        "trip_id": "trips",
        "agency_id": "agency",
    }
    maps = {
        c: {row[c]: f"x{n}" for n, row in enumerate(chance.sample(feed[t], len(feed[t])))} for c, t in columns.items()
    }
    alias = {"parent_station": "stop_id", "from_stop_id": "stop_id", "to_stop_id": "stop_id"}
    new: Feed = {}
    for name in chance.sample(sorted(feed), len(feed)):
        rows = chance.sample(feed[name], len(feed[name]))
        order = chance.sample(sorted({key for row in rows for key in row}), len({key for row in rows for key in row}))
        new[name] = [
            {c: maps.get(alias.get(c, c), {}).get(row.get(c, ""), row.get(c, "")) for c in order} for row in rows
        ]
    new["stops"].append({"stop_id": "unused", "stop_name": "Nobody", "stop_lat": 51.6, "stop_lon": -3.1})
    new["shapes"] = [{"shape_id": "a", "shape_pt_lat": 51.5, "shape_pt_lon": -3.0, "shape_pt_sequence": 1}]
    new["feed_info"] = [
        {
            "feed_publisher_name": "P",
            "feed_publisher_url": "https://p.example",
            "feed_lang": "en",
            "feed_version": str(seed),
        }
    ]
    return new


def write_dates_out(feed: Feed) -> Feed:
    """Say the same with calendar_dates.txt alone."""
    removed = {(row["service_id"], row["date"]) for row in feed["calendar_dates"]}
    rows: list[dict[str, object]] = []
    for row in feed["calendar"]:
        for n in range(7 * N_WEEKS):
            day = FIRST + timedelta(days=n)
            if row[DAYS[day.weekday()]] and (row["service_id"], code(day)) not in removed:
                rows.append({"service_id": row["service_id"], "date": code(day), "exception_type": 1})
    return {**{k: v for k, v in feed.items() if k != "calendar"}, "calendar_dates": rows}


def move(feed: Feed, weeks: int) -> Feed:
    """Let the validity move on."""

    def later(text: object) -> str:
        day = date(int(str(text)[:4]), int(str(text)[4:6]), int(str(text)[6:]))
        return code(day + timedelta(days=7 * weeks))

    new = deepcopy(feed)
    for row in [*new["calendar"], *new["calendar_dates"]]:
        row.update({key: later(row[key]) for key in ("start_date", "end_date", "date") if key in row})
    return new


@given(feeds(), st.integers(0, 99))
@settings(max_examples=20)
def test_another_export_of_the_same_timetable_has_the_same_fingerprint(feed: Feed, seed: int) -> None:
    expected = compute(feed)
    assert compute(rename(feed, seed)) == expected
    assert compute(write_dates_out(feed)) == expected
    assert compute(rename(move(feed, 1), seed)) == expected


@given(feeds(), feeds())
@settings(max_examples=40)
def test_fingerprints_are_equal_exactly_where_the_weeks_are(one: Feed, other: Feed) -> None:
    assert (compute(one) == compute(other)) == (describe(one) == describe(other))


@given(feeds())
@settings(max_examples=15)
def test_a_trip_may_be_filed_once_for_each_part_of_its_days(feed: Feed) -> None:
    split = deepcopy(feed)
    calendar = split["calendar"][0]
    halves = [[day for day in DAYS[:3] if calendar[day]], [day for day in DAYS[3:] if calendar[day]]]
    if not all(halves):
        return
    split["calendar"].append({**calendar, "service_id": "half", **dict.fromkeys(DAYS[:3], 0)})
    calendar.update(dict.fromkeys(DAYS[3:], 0))
    for trip in [row for row in split["trips"] if row["service_id"] == "C0"]:
        split["trips"].append({**trip, "trip_id": f"{trip['trip_id']}b", "service_id": "half"})
        calls = [row for row in split["stop_times"] if row["trip_id"] == trip["trip_id"]]
        split["stop_times"] += [{**row, "trip_id": f"{trip['trip_id']}b"} for row in calls]
    assert compute(split) == compute(feed)


def _set(table: str, *, every: bool = False, **values: object) -> Callable[[Feed], None]:
    """Give columns of the first row, or of every row, other values; a function makes one of the old."""

    def change(feed: Feed) -> None:
        for row in feed[table] if every else feed[table][:1]:
            before = dict(row)
            row.update({key: value(row[key]) if callable(value) else value for key, value in values.items()})
            assert row != before

    return change


def _add_run(feed: Feed) -> None:
    feed["trips"].append({**feed["trips"][0], "trip_id": "more"})
    times = [clock(30000 + 60 * n) for n in range(3)]
    calls = [row for row in feed["stop_times"] if row["trip_id"] == "T0"]
    feed["stop_times"] += [
        {**row, "trip_id": "more", "arrival_time": time, "departure_time": time}
        for row, time in zip(calls, times, strict=True)
    ]


def _lose_run(feed: Feed) -> None:
    feed["trips"].pop()


def _lose_days(feed: Feed) -> None:
    """The first trip no longer runs on its Tuesdays, but on Wednesdays."""
    feed["calendar"].append({**feed["calendar"][0], "service_id": "new", "tuesday": 0, "wednesday": 1})
    feed["trips"][0]["service_id"] = "new"


def _repeat(feed: Feed) -> None:
    row = {"trip_id": "T0", "start_time": "6:00:00", "end_time": "7:00:00", "headway_secs": 600, "exact_times": 0}
    feed["frequencies"] = [row]


MATTERS: dict[str, Callable[[Feed], None]] = {
    "a run more": _add_run,
    "a run less": _lose_run,
    "a time": _set("stop_times", arrival_time="6:00:00", departure_time="6:00:00"),
    "another stop": _set("stop_times", stop_id="S4"),
    "a pick-up rule": _set("stop_times", pickup_type=1),
    "a set-down rule": _set("stop_times", drop_off_type=1),
    "the operator": _set("agency", agency_name="Marsh Buses"),
    "a number": _set("routes", route_short_name="1A"),
    "a name": _set("routes", route_long_name="Shore line"),
    "the mode": _set("routes", route_type=2),
    "days": _lose_days,
    "stops two metres north": _set("stops", every=True, stop_lat=lambda old: float(old) + 2e-5),
    "the name of a stop": _set("stops", stop_name="New stop"),
    "a transfer rule": _set("transfers", min_transfer_time=600),
    "the time zone": _set("agency", agency_timezone="Europe/Paris"),
    "a repeated trip": _repeat,
}


def build_fixed() -> Feed:
    """A feed in which every mutation above says something."""
    return {
        "agency": [dict(row) for row in AGENCY],
        "stops": [
            {"stop_id": f"S{n}", "stop_name": f"Stop {n}", "stop_lat": 51.5 + n / 300, "stop_lon": -3.0}
            for n in range(5)
        ],
        "routes": [
            {"route_id": "R0", "agency_id": "OP1", "route_short_name": "1", "route_long_name": "Line", "route_type": 3}
        ],
        "calendar": [
            {
                "service_id": "C0",
                **dict.fromkeys(DAYS[:5], 1),
                **dict.fromkeys(DAYS[5:], 0),
                "wednesday": 0,
                "start_date": code(FIRST),
                "end_date": code(FIRST + timedelta(days=55)),
            }
        ],
        "calendar_dates": [],
        "trips": [
            {"trip_id": f"T{n}", "route_id": "R0", "service_id": "C0", "wheelchair_accessible": 1} for n in range(2)
        ],
        "stop_times": [
            {
                "trip_id": f"T{n}",
                "stop_id": f"S{at}",
                "stop_sequence": at,
                "arrival_time": clock(28800 + 3600 * n + 300 * at),
                "departure_time": clock(28800 + 3600 * n + 300 * at),
                "pickup_type": 0,
            }
            for n in range(2)
            for at in range(3)
        ],
        "transfers": [{"from_stop_id": "S0", "to_stop_id": "S1", "transfer_type": 2, "min_transfer_time": 240}],
    }


@pytest.mark.parametrize("what", MATTERS)
def test_what_matters_changes_the_fingerprint(what: str) -> None:
    feed = build_fixed()
    feed.pop("calendar_dates")
    changed = deepcopy(feed)
    MATTERS[what](changed)
    assert compute(changed) != compute(feed)


def test_wheelchairs_count_where_the_area_asks_for_them() -> None:
    feed = build_fixed()
    feed.pop("calendar_dates")
    changed = deepcopy(feed)
    changed["trips"][0]["wheelchair_accessible"] = 2
    assert compute(changed) == compute(feed)
    assert compute(changed, is_wheelchair=True) != compute(feed, is_wheelchair=True)


def test_a_public_holiday_and_a_school_holiday_come_and_go_without_a_trace() -> None:
    """England closes from mid-April 2024 on for Easter; Good Friday is 29 March, Easter Monday 1 April."""
    kinds = DayKinds(nation="england")
    feed = build_fixed()
    feed["calendar_dates"] = [
        {"service_id": "C0", "date": day, "exception_type": 2} for day in ("20240329", "20240401")
    ]
    plain = build_fixed()
    plain.pop("calendar_dates")
    assert compute(feed, kinds=kinds) == compute(plain, kinds=kinds)
    assert compute(feed) == compute(plain)  # the 28 days from 26 February on do not reach them
    assert compute(move(feed, -2)) == compute(plain)
    moved = deepcopy(feed)
    moved["calendar"][0]["start_date"] = "20240304"
    assert compute(moved) != compute(plain)  # they do from 4 March on, and nobody has said that they are holidays
    assert compute(moved, kinds=kinds) == compute(plain, kinds=kinds)
