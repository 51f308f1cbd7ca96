"""Changes of the files that cannot matter must not change a second; more service is never slower."""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.clock import format_time, parse_time_s
from pipeline.stages.matrix import MatrixQuestion, compute_matrix

Tables = dict[str, list[dict[str, str]]]
DAY = date(2024, 10, 8)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FEEDS = ("bus_council", "bus_coastliner", "rail", "ferry")


@pytest.fixture(scope="module")
def feeds(root: Path) -> dict[str, Tables]:
    found: dict[str, Tables] = {}
    for name in FEEDS:
        with zipfile.ZipFile(root / f"data/sample/timetables/2024/{name}.zip") as archive:
            found[name] = {
                member: list(csv.DictReader(io.TextIOWrapper(archive.open(member), "utf-8-sig")))
                for member in archive.namelist()
            }
    return found


@pytest.fixture(scope="module")
def ask(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Tables]], pl.DataFrame]:
    """Travel times from every third small area to the hospitals and stations, 20 minutes, on changed feeds."""
    folder = tmp_path_factory.mktemp("metamorphic")
    with (root / "data/sample/small_areas.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))[::3]
    origins = folder / "origins.csv"
    origins.write_text(
        "id,easting,northing\n" + "".join(f"{r['sa21cd']},{r['easting']},{r['northing']}\n" for r in rows), "utf-8"
    )
    points = []
    for name in ("hospitals", "rail_stations"):
        with (root / f"data/sample/{name}.csv").open(encoding="utf-8") as handle:
            points += [f"{r['id']},{r['lon']},{r['lat']}\n" for r in csv.DictReader(handle)]
    destinations = folder / "destinations.csv"
    destinations.write_text("id,lon,lat\n" + "".join(points), "utf-8")
    number = iter(range(1000))

    def compute(
        changed: dict[str, Tables], *, is_nearest: bool = False, n_destinations: int | None = None
    ) -> pl.DataFrame:
        place = folder / str(next(number))
        place.mkdir()
        some = place / "destinations.csv"
        some.write_text("id,lon,lat\n" + "".join(points[:n_destinations]), "utf-8")
        for name, tables in changed.items():
            write_feed(tables, place / f"{name}.zip")
        return compute_matrix(
            MatrixQuestion(
                gtfs=[place / f"{name}.zip" for name in changed],
                osm=root / "data/sample/saltmarsh.osm.pbf",
                origins=origins,
                destinations=some,
                day=DAY,
                time_s=7 * 3600 + 40 * 60,
                window_min=20,
                percentiles=(5, 95),
                is_nearest=is_nearest,
            )
        )

    return compute


@pytest.fixture(scope="module")
def base(feeds: dict[str, Tables], ask: Callable[[dict[str, Tables]], pl.DataFrame]) -> pl.DataFrame:
    frame = ask(feeds)
    assert frame["travel_time_s"].is_not_null().mean() > 0.7
    return frame


def write_feed(tables: Tables, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for member, rows in tables.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), restval="")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(member, text.getvalue())


def copy(feeds: dict[str, Tables]) -> dict[str, Tables]:
    return {f: {m: [dict(row) for row in rows] for m, rows in tables.items()} for f, tables in feeds.items()}


def shuffle_rows(feeds: dict[str, Tables]) -> dict[str, Tables]:
    changed = copy(feeds)
    for tables in changed.values():
        for rows in tables.values():
            random.Random(7).shuffle(rows)
    return changed


def rename_identifiers(feeds: dict[str, Tables]) -> dict[str, Tables]:
    """Give every identifier a new name whose order has nothing to do with the old one."""
    changed = copy(feeds)
    columns = {
        "stop": ("stop_id", "parent_station", "from_stop_id", "to_stop_id"),
        "trip": ("trip_id",),
        "route": ("route_id",),
        "service": ("service_id",),
    }
    for kind, names in columns.items():
        for feed, tables in changed.items():
            for row in (row for rows in tables.values() for row in rows):
                for name in names:
                    if row.get(name):
                        digest = random.Random(f"{kind}{row[name]}").randrange(10**9)
                        row[name] = f"{digest}-{kind}-{row[name] if feed == 'rail' else row[name][::-1]}"
    return changed


def split_calendars(feeds: dict[str, Tables]) -> dict[str, Tables]:
    """Write every weekly calendar as single dates."""
    changed = copy(feeds)
    for tables in changed.values():
        removed = {
            (row["service_id"], row["date"])
            for row in tables.get("calendar_dates.txt", [])
            if row["exception_type"] == "2"
        }
        dates = [row for row in tables.get("calendar_dates.txt", []) if row["exception_type"] == "1"]
        for row in tables.pop("calendar.txt", []):
            first, last = (date.fromisoformat(row[f"{end}_date"]) for end in ("start", "end"))
            for n in range((last - first).days + 1):
                day = first + timedelta(days=n)
                text = day.strftime("%Y%m%d")
                if row[WEEK[day.weekday()]] == "1" and (row["service_id"], text) not in removed:
                    dates.append({"service_id": row["service_id"], "date": text, "exception_type": "1"})
        unique = {(row["service_id"], row["date"]): row for row in dates}
        tables["calendar_dates.txt"] = list(unique.values())
    return changed


def explode_frequencies(feeds: dict[str, Tables]) -> dict[str, Tables]:
    """Write exact frequencies as single trips."""
    changed = copy(feeds)
    tables = changed["bus_council"]
    exact = [row for row in tables["frequencies.txt"] if row["exact_times"] == "1"]
    tables["frequencies.txt"] = [row for row in tables["frequencies.txt"] if row["exact_times"] != "1"]
    assert exact
    for row in exact:
        (trip,) = (t for t in tables["trips.txt"] if t["trip_id"] == row["trip_id"])
        calls = [c for c in tables["stop_times.txt"] if c["trip_id"] == row["trip_id"]]
        tables["trips.txt"].remove(trip)
        tables["stop_times.txt"] = [c for c in tables["stop_times.txt"] if c["trip_id"] != row["trip_id"]]
        begin = parse_time_s(calls[0]["departure_time"])
        for start in range(parse_time_s(row["start_time"]), parse_time_s(row["end_time"]), int(row["headway_secs"])):
            name = f"{row['trip_id']}-{start}"
            tables["trips.txt"].append({**trip, "trip_id": name})
            for call in calls:
                times = {
                    key: f"{format_time(parse_time_s(call[key]) - begin + start)}:{parse_time_s(call[key]) % 60:02d}"
                    for key in ("arrival_time", "departure_time")
                    if call[key]
                }
                tables["stop_times.txt"].append({**call, "trip_id": name, **times})
    return changed


def add_unrelated_route(feeds: dict[str, Tables]) -> dict[str, Tables]:
    """Add a route between two stops in the open sea, far from everything."""
    changed = copy(feeds)
    tables = changed["ferry"]
    route, trip = tables["routes.txt"][0], tables["trips.txt"][0]
    tables["routes.txt"].append({**route, "route_id": "SEA", "route_short_name": "SEA"})
    for n, lon in enumerate(("1.9", "1.95")):
        stop = {
            "stop_id": f"SEA{n}",
            "stop_name": f"Sea {n}",
            "stop_lat": "53.4",
            "stop_lon": lon,
            "location_type": "0",
        }
        tables["stops.txt"].append(stop)
    tables["trips.txt"].append({**trip, "route_id": "SEA", "trip_id": "SEA"})
    for n, time in enumerate(("08:00:00", "08:20:00")):
        call = {"trip_id": "SEA", "arrival_time": time, "departure_time": time, "stop_id": f"SEA{n}"}
        tables["stop_times.txt"].append({**call, "stop_sequence": str(n)})
    return changed


@pytest.mark.parametrize(
    "change", [shuffle_rows, rename_identifiers, split_calendars, explode_frequencies, add_unrelated_route]
)
def test_changes_that_cannot_matter_change_nothing(change, feeds, base, ask):
    assert ask(change(feeds)).equals(base)


def thin(feeds: dict[str, Tables]) -> dict[str, Tables]:
    """Take a third of the trips away."""
    changed = copy(feeds)
    for tables in changed.values():
        in_use = {row["trip_id"] for row in tables.get("frequencies.txt", [])}
        gone = {row["trip_id"] for row in tables["trips.txt"][::3]} - in_use
        tables["trips.txt"] = [row for row in tables["trips.txt"] if row["trip_id"] not in gone]
        tables["stop_times.txt"] = [row for row in tables["stop_times.txt"] if row["trip_id"] not in gone]
    return changed


def test_more_service_is_never_slower(feeds, base, ask):
    both = base.join(ask(thin(feeds)), on=["from_id", "to_id"], suffix="_thin")
    for column in ("travel_time_s", "travel_time_p5_s", "travel_time_p95_s"):
        full, less = both[column].fill_null(10**9), both[f"{column}_thin"].fill_null(10**9)
        assert (full <= less).all()
        assert (full < less).any()


def test_a_further_destination_never_worsens_the_nearest(feeds, ask):
    few, many = (ask(feeds, is_nearest=True, n_destinations=n).sort("from_id") for n in (2, 6))
    before, after = few["travel_time_s"].fill_null(10**9), many["travel_time_s"].fill_null(10**9)
    assert (after <= before).all()
    assert (after < before).any()
