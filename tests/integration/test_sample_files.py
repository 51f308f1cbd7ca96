"""The embedded sample: reproducible, small, and true to its story when its files are read by plain csv and zipfile."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import osmium
import pyproj
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
GENERATOR = SAMPLE / "generator"
XMLNS = "{http://www.transxchange.org.uk/}"
YEARS = (2010, 2016, 2019, 2024)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# The British National Grid to degrees by the published seven parameters, whatever grid files a machine has.
TO_GRID = pyproj.Transformer.from_pipeline(
    "+proj=pipeline "
    "+step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy "
    "+step +proj=push +v_3 "
    "+step +proj=cart +ellps=airy "
    "+step +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
    "+convention=position_vector "
    "+step +inv +proj=cart +ellps=WGS84 "
    "+step +proj=pop +v_3 "
    "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
)
Service = tuple[str, str]  # operator name, public number

STORY: dict[str, Any] = yaml.safe_load((SAMPLE / "story.yaml").read_text(encoding="utf-8"))


def _list_files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "generator" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    command = [sys.executable, str(GENERATOR / "make_sample.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


def _hash_content(path: Path) -> str:
    """Hash a file; a zip by its members where another deflate than zlib's own is at work."""
    if path.suffix != ".zip" or "ng" not in zlib.ZLIB_RUNTIME_VERSION:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with zipfile.ZipFile(path) as archive:
        content = [(info.filename, info.date_time, archive.read(info)) for info in archive.infolist()]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def test_generator_reproduces_the_committed_files(regenerated: Path) -> None:
    committed, made = _list_files(SAMPLE), _list_files(regenerated)
    assert sorted(made) == sorted(committed)
    different = [name for name in made if _hash_content(made[name]) != _hash_content(committed[name])]
    assert different == []


def test_sample_is_small() -> None:
    names = [path.relative_to(SAMPLE) for path in SAMPLE.rglob("*") if path.is_file()]
    kept = [name for name in names if not any(part.startswith((".", "__pycache__")) for part in name.parts)]
    assert sum((SAMPLE / name).stat().st_size for name in kept) < 3_000_000


def test_reference_dates_are_tuesdays_of_the_second_week_of_october() -> None:
    for year in YEARS:
        snapshot = STORY["snapshots"][year]
        day: date = snapshot["reference_date"]
        assert (day.weekday(), day.month, day.year) == (1, 10, year)
        assert 8 <= day.day <= 14
        monday = day - timedelta(days=1)
        assert snapshot["first_date"] <= monday - timedelta(days=7)
        assert snapshot["last_date"] >= monday + timedelta(days=34)


# --- the feeds, read without the pipeline -----------------------------------------------------------------------------


def _read_table(path: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as archive:
        if f"{name}.txt" not in archive.namelist():
            return []
        return list(csv.DictReader(io.StringIO(archive.read(f"{name}.txt").decode())))


def _read_dates(path: Path) -> dict[str, set[date]]:
    dates: dict[str, set[date]] = defaultdict(set)
    for row in _read_table(path, "calendar"):
        day, last = date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])
        while day <= last:
            if row[WEEKDAYS[day.weekday()]] == "1":
                dates[row["service_id"]].add(day)
            day += timedelta(days=1)
    for row in _read_table(path, "calendar_dates"):
        change = dates[row["service_id"]].add if row["exception_type"] == "1" else dates[row["service_id"]].discard
        change(date.fromisoformat(row["date"]))
    return dates


def _read_naptan() -> list[dict[str, str]]:
    with (SAMPLE / "naptan.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parse_s(text: str) -> int:
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


Run = tuple[int, tuple[tuple[str, int | None], ...]]  # first departure, then (stop_id, seconds from it or None)


class FeedFiles:
    """One year's feeds: the runs of every service and the dates on which each run runs."""

    def __init__(self, year: int) -> None:
        self.year = year
        self.paths = {path.stem: path for path in sorted((SAMPLE / "timetables" / str(year)).glob("*.zip"))}
        self.runs: dict[Service, dict[Run, set[date]]] = defaultdict(dict)
        self.route_type: dict[Service, str] = {}
        self.ids: dict[Service, set[str]] = defaultdict(set)
        self.position: dict[str, tuple[str, str, str]] = {}
        self.n_duplicates = self.n_blank = self.n_inexact = self.n_placed = 0
        readers = {"gtfs": self._read_feed, "atco_cif": self._read_cif, "transxchange": self._read_transxchange}
        for name, path in self.paths.items():
            readers[STORY["snapshots"][year]["formats"][name]](path)

    def _read_feed(self, path: Path) -> None:
        operators = {row["agency_id"]: row["agency_name"] for row in _read_table(path, "agency")}
        routes = {row["route_id"]: row for row in _read_table(path, "routes")}
        for row in _read_table(path, "stops"):
            self.position[row["stop_id"]] = (row["stop_name"], row["stop_lon"], row["stop_lat"])
        dates = _read_dates(path)
        calls: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in _read_table(path, "stop_times"):
            calls[row["trip_id"]].append(row)
            self.n_blank += row["arrival_time"] == ""
        frequencies = {row["trip_id"]: row for row in _read_table(path, "frequencies")}
        self.n_inexact += sum(row["exact_times"] == "0" for row in frequencies.values())
        for trip in _read_table(path, "trips"):
            route = routes[trip["route_id"]]
            service = (operators[route["agency_id"]], route["route_short_name"])
            self.route_type[service] = route["route_type"]
            self.ids[service] |= {trip["route_id"], trip["service_id"], trip["trip_id"]}
            rows = sorted(calls[trip["trip_id"]], key=lambda row: int(row["stop_sequence"]))
            start = _parse_s(rows[0]["departure_time"])
            shape = tuple(
                (r["stop_id"], _parse_s(r["arrival_time"]) - start if r["arrival_time"] else None) for r in rows
            )
            starts = [start]
            if frequency := frequencies.get(trip["trip_id"]):
                first, end = _parse_s(frequency["start_time"]), _parse_s(frequency["end_time"])
                starts = list(range(first, end, int(frequency["headway_secs"])))
            for departure in starts:
                self._add_run(service, departure, shape, dates[trip["service_id"]])

    def _add_run(
        self, service: Service, departure: int, shape: tuple[tuple[str, int | None], ...], dates: set[date]
    ) -> None:
        known = self.runs[service].setdefault((departure, shape), set())
        # The same run may have a time in one feed that the other leaves blank, never another time.
        self.n_duplicates += bool(known & dates)
        known |= dates

    def _read_cif(self, path: Path) -> None:
        """Read ATCO-CIF by its fixed columns."""
        operators, service, start, shape, day_set = {}, ("", ""), 0, [], set()
        with zipfile.ZipFile(path) as archive:
            lines = archive.read("bus_coastliner.cif").decode("ascii").split("\r\n")
        assert lines[0].startswith("ATCO-CIF0500")
        register = {row["ATCOCode"]: (row["CommonName"], row["Longitude"], row["Latitude"]) for row in _read_naptan()}
        for line in lines[1:]:
            kind = line[:2]
            if kind == "QP":
                operators[line[3:7]] = line[7:31].strip()
            elif kind == "QB":
                self.n_placed += 1
                stop = line[3:15].strip()
                near = TO_GRID.transform(float(register[stop][1]), float(register[stop][2]), direction="INVERSE")
                assert (int(line[15:23]) / 10, int(line[23:31]) / 10) == pytest.approx(near, abs=0.06)
                self.position.setdefault(stop, register[stop])
            elif kind == "QS":
                service = (operators[line[3:7]], line[38:42].strip())
                self.route_type[service] = {"BUS": "3", "COACH": "200"}[line[48:56].strip()]
                days = [n for n in range(7) if line[29 + n] == "1"]
                first, last = (date.fromisoformat(line[at : at + 8]) for at in (13, 21))
                day_set = {d for n in range((last - first).days + 1) if (d := first + timedelta(n)).weekday() in days}
                shape = []
            elif kind in {"QO", "QI", "QT"}:
                seconds = int(line[14:16]) * 3600 + int(line[16:18]) * 60
                start = seconds if kind == "QO" else start
                shape.append((line[2:14].strip(), (seconds - start) % 86_400))
                if kind == "QT":
                    self._add_run(service, start, tuple(shape), day_set)

    def _read_transxchange(self, path: Path) -> None:
        """Read TransXChange as far as the sample goes: timing links, run times, days of the week."""
        for row in _read_naptan():
            self.position.setdefault(row["ATCOCode"], (row["CommonName"], row["Longitude"], row["Latitude"]))
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                self._read_document(ET.fromstring(archive.read(name)))

    def _read_document(self, root: ET.Element) -> None:
        def get(element: ET.Element, path: str) -> str:
            found = element.findtext("/".join(f"{XMLNS}{part}" for part in path.split("/")))
            assert found, path
            return found

        service_node = next(root.iter(f"{XMLNS}Service"))
        service = (get(root, "Operators/Operator/OperatorShortName"), get(service_node, "Lines/Line/LineName"))
        self.route_type[service] = {"bus": "3", "coach": "200"}[get(service_node, "Mode")]
        first, last = (date.fromisoformat(get(service_node, f"OperatingPeriod/{end}Date")) for end in ("Start", "End"))
        shapes = {}
        for section in root.iter(f"{XMLNS}JourneyPatternSection"):
            links = list(section)
            shape = [(get(links[0], "From/StopPointRef"), 0)]
            for link in links:
                minutes = int(get(link, "RunTime").removeprefix("PT").removesuffix("M"))
                shape.append((get(link, "To/StopPointRef"), shape[-1][1] + 60 * minutes))
            shapes[section.attrib["id"]] = tuple(shape)
        patterns = {
            node.attrib["id"]: shapes[get(node, "JourneyPatternSectionRefs")]
            for node in root.iter(f"{XMLNS}JourneyPattern")
        }
        for journey in root.iter(f"{XMLNS}VehicleJourney"):
            days = next(iter(next(journey.iter(f"{XMLNS}DaysOfWeek")))).tag.removeprefix(XMLNS)
            runs_on = {"MondayToSaturday": range(6), "Sunday": (6,), "MondayToSunday": range(7)}[days]
            span = (first + timedelta(n) for n in range((last - first).days + 1))
            start = _parse_s(get(journey, "DepartureTime"))
            shape = patterns[get(journey, "JourneyPatternRef")]
            self._add_run(service, start, shape, {day for day in span if day.weekday() in runs_on})

    def count_runs(self, service: Service, day: date) -> int:
        return sum(day in dates for dates in self.runs[service].values())

    def get_places(self, service: Service) -> set[str]:
        """Names of the places that a service calls at, platforms apart."""
        return {self.position[stop_id][0] for _, calls in self.runs[service] for stop_id, _ in calls}

    def build_relative_dates(
        self, service: Service, *, with_positions: bool, untimed: frozenset[str] = frozenset()
    ) -> dict[object, set[int]]:
        """Runs with the days since the reference date, comparable between years; times at `untimed` stops left out."""
        reference: date = STORY["snapshots"][self.year]["reference_date"]
        result: dict[object, set[int]] = {}
        for (departure, timed), dates in self.runs[service].items():
            calls = tuple((stop, None if stop in untimed else s) for stop, s in timed)
            key = tuple((self.position[stop], s) for stop, s in calls) if with_positions else calls
            window = {(day - reference).days for day in dates}
            result[departure, key] = {offset for offset in window if -1 <= offset < 13}
        return result


@pytest.fixture(scope="module")
def feeds() -> dict[int, FeedFiles]:
    return {year: FeedFiles(year) for year in YEARS}


def _services(pair: dict[str, Any], side: str) -> dict[Service, dict[str, Any]]:
    return {(item["operator"], item[side]["route"]): item for item in pair["services"] if item[side] is not None}


def test_snapshots_hold_the_feeds_and_notices_of_the_story(feeds: dict[int, FeedFiles]) -> None:
    for year, files in feeds.items():
        snapshot = STORY["snapshots"][year]
        assert sorted(files.paths) == sorted(snapshot["feeds"])
        assert snapshot["missing_feeds"] == (["bus_coastliner"] if year == 2019 else [])
        assert snapshot["expected_notices"] == {
            "duplicate_trips": files.n_duplicates,
            "blank_stop_times": files.n_blank,
            "inexact_frequency_rows": files.n_inexact,
            "grid_references_scaled": files.n_placed,
        }
        assert sum(len(runs) for runs in files.runs.values()) < 2_000


def test_story_lists_every_service_once_with_its_trips(feeds: dict[int, FeedFiles]) -> None:
    for pair in STORY["pairs"]:
        for side, year in (("before", pair["from"]), ("after", pair["to"])):
            listed = _services(pair, side)
            assert sorted(listed) == sorted(feeds[year].runs)
            tuesday: date = STORY["snapshots"][year]["reference_date"]
            for service, item in listed.items():
                told = item[side]
                days = {"weekday": 0, "saturday": 4, "sunday": 5}
                trips = {name: feeds[year].count_runs(service, tuesday + timedelta(n)) for name, n in days.items()}
                assert told["trips"] == trips, (year, service)
                assert told["places"] == len(feeds[year].get_places(service)), (year, service)
                assert (
                    item["mode"]
                    == {"3": "bus", "200": "coach", "2": "rail", "4": "ferry"}[feeds[year].route_type[service]]
                )


def test_mean_runs_over_28_days(feeds: dict[int, FeedFiles]) -> None:
    for pair in STORY["pairs"]:
        for side, year in (("before", pair["from"]), ("after", pair["to"])):
            monday: date = STORY["snapshots"][year]["reference_date"] - timedelta(days=1)
            window = [monday + timedelta(days=offset) for offset in range(28)]
            for service, item in _services(pair, side).items():
                totals: Counter[str] = Counter()
                for day in window:
                    name = {5: "saturday", 6: "sunday"}.get(day.weekday(), "weekday")
                    totals[name] += feeds[year].count_runs(service, day)
                mean = {
                    "weekday": totals["weekday"] / 20,
                    "saturday": totals["saturday"] / 4,
                    "sunday": totals["sunday"] / 4,
                }
                assert item[side]["runs_per_day_28_days"] == pytest.approx(mean, abs=1e-4), (year, service)


def test_only_the_told_services_differ_between_snapshots(feeds: dict[int, FeedFiles]) -> None:
    for pair in STORY["pairs"]:
        old, new = feeds[pair["from"]], feeds[pair["to"]]
        for item in pair["services"]:
            before = item["before"] and (item["operator"], item["before"]["route"])
            after = item["after"] and (item["operator"], item["after"]["route"])
            status = item["status"]
            assert (before is None) == (status in {"new", "returned"})
            assert (after is None) == (status in {"withdrawn", "missing"})
            if before is None or after is None:
                continue
            runs_before = old.build_relative_dates(before, with_positions=True)
            runs_after = new.build_relative_dates(after, with_positions=True)
            if status in {"kept", "renamed"}:
                assert runs_before == runs_after, (pair["to"], before)
            if status == "kept":
                assert set(runs_before) == set(runs_after), (pair["to"], before)
                assert before == after


def _get_status(year: int, status: str) -> list[str]:
    pair = next(pair for pair in STORY["pairs"] if pair["to"] == year)
    return sorted((item["before"] or item["after"])["route"] for item in pair["services"] if item["status"] == status)


def test_the_story_is_this_and_no_other() -> None:
    assert _get_status(2016, "cut_back") == ["1", "2", "4", "6"]
    assert _get_status(2016, "withdrawn") == ["8"]
    assert _get_status(2019, "missing") == ["50", "X51"]
    assert _get_status(2019, "renamed") == ["7"]
    assert _get_status(2019, "shortened") == ["6"]
    assert _get_status(2024, "returned") == ["50", "X51"]
    assert _get_status(2024, "new") == ["X1"]
    assert _get_status(2024, "retimed") == ["9"]
    counts = {pair["to"]: Counter(item["status"] for item in pair["services"]) for pair in STORY["pairs"]}
    assert {year: count["kept"] for year, count in counts.items()} == {2016: 13, 2019: 13, 2024: 14}


def test_each_change_is_what_its_status_says(feeds: dict[int, FeedFiles]) -> None:
    smb = "Saltmarsh Buses"
    for number in ("1", "2", "4", "6"):
        old, new = feeds[2010].runs[smb, number], feeds[2016].runs[smb, number]
        assert set(new) < set(old)
        assert max(start for start, _ in new) < 20 * 3600 < 21 * 3600 < max(start for start, _ in old)
    ids_before, ids_after = feeds[2016].ids[smb, "7"], feeds[2019].ids[smb, "57"]
    assert ids_before.isdisjoint(ids_after)
    stops_before = {stop for _, calls in feeds[2016].runs[smb, "7"] for stop, _ in calls}
    stops_after = {stop for _, calls in feeds[2019].runs[smb, "57"] for stop, _ in calls}
    assert {feeds[2016].position[stop][0] for stop in stops_before - stops_after} == {"Sedgeby Mill Lane"}
    assert "General Hospital" in feeds[2016].get_places((smb, "6"))
    assert feeds[2019].get_places((smb, "6")) == feeds[2016].get_places((smb, "6")) - {
        "General Hospital",
        "Limekiln Road",
    }
    shifted = {(start + 720, calls) for start, calls in feeds[2019].runs[smb, "9"]}
    assert shifted == set(feeds[2024].runs[smb, "9"])
    for number in ("50", "X51"):
        service = ("Coastliner", number)
        untimed = frozenset(stop for _, calls in feeds[2024].runs[service] for stop, s in calls if s is None)
        assert bool(untimed) == (number == "50")
        unchanged = [
            feeds[y].build_relative_dates(service, with_positions=False, untimed=untimed) for y in (2010, 2016, 2024)
        ]
        assert unchanged[0] == unchanged[1] == unchanged[2]


def test_traps_of_the_format_are_present(feeds: dict[int, FeedFiles]) -> None:
    for files in feeds.values():
        council = files.paths["bus_council"]
        frequencies = _read_table(council, "frequencies")
        assert {row["exact_times"] for row in frequencies} == {"0", "1"}
        assert {row["min_transfer_time"] for row in _read_table(council, "transfers")} == {"180"}
        parents = Counter(row["parent_station"] for row in _read_table(council, "stops"))
        assert parents["X99000100"] == 2
        weekly = {row["service_id"] for row in _read_table(council, "calendar")}
        assert {row["service_id"] for row in _read_table(council, "calendar_dates")}.isdisjoint(weekly)
        times = _read_table(council, "stop_times")
        assert max(row["departure_time"] for row in times) == "25:31:00"
        rules = {(row["pickup_type"], row["drop_off_type"]) for row in times}
        assert {("0", "1"), ("1", "0")} <= rules
        loops = [calls for (_, number), runs in files.runs.items() for _, calls in runs if number == "3"]
        assert loops
        assert all(calls[0][0] == calls[-1][0] for calls in loops)
    blank = [row for row in _read_table(feeds[2024].paths["bus_coastliner"], "stop_times") if not row["arrival_time"]]
    assert blank
    assert all(row["shape_dist_traveled"] for row in blank)
    assert max(row["arrival_time"] for row in _read_table(feeds[2024].paths["bus_coastliner"], "stop_times")) > "24"


def test_each_era_has_its_own_format() -> None:
    formats = {year: snapshot["formats"] for year, snapshot in STORY["snapshots"].items()}
    assert formats[2010]["bus_coastliner"] == "atco_cif"
    assert formats[2016]["bus_coastliner"] == "transxchange"
    others = {name for year in YEARS for feed, name in formats[year].items() if feed != "bus_coastliner"}
    assert others | {formats[2024]["bus_coastliner"]} == {"gtfs"}


def test_the_coach_of_2010_passes_midnight_on_the_clock_of_the_wall(feeds: dict[int, FeedFiles]) -> None:
    with zipfile.ZipFile(feeds[2010].paths["bus_coastliner"]) as archive:
        lines = archive.read("bus_coastliner.cif").decode("ascii").split("\r\n")
    assert "QTX99000191A  0008   T1F0" in lines


# --- places and streets -----------------------------------------------------------------------------------------------


def _read_csv(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_places_agree_with_each_other() -> None:
    areas, lookup, wards = _read_csv("small_areas.csv"), _read_csv("lookup_small_area_ward.csv"), _read_csv("wards.csv")
    assert len(areas) == len(lookup) == 40
    assert [row["sa21cd"] for row in areas] == [row["sa21cd"] for row in lookup]
    sizes = Counter(row["wd21cd"] for row in lookup)
    assert set(sizes) == {row["wd21cd"] for row in wards}
    assert set(sizes.values()) == {2, 3}
    groups = Counter(row["area_group"] for row in wards)
    assert groups == {"left_behind": 6, "other_deprived": 4, "other": 7}
    assert all((row["is_left_behind"] == "true") == (row["area_group"] == "left_behind") for row in wards)
    features = json.loads((SAMPLE / "small_area_boundaries.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["sa21cd"] for feature in features] == [row["sa21cd"] for row in areas]
    assert [row["has_ae"] for row in _read_csv("hospitals.csv") if row["is_in_district"] == "true"] == ["true", "false"]
    jobs = sorted(int(row["jobs"]) for row in _read_csv("jobs_centres.csv"))
    assert len(jobs) == 6
    assert [jobs[0] < 500, jobs[1] >= 500, jobs[3] < 5_000, jobs[4] >= 5_000] == [True] * 4
    assert len(_read_csv("rail_stations.csv")) == 3


def test_every_polygon_holds_its_centroid_and_none_overlap() -> None:
    gpd = pytest.importorskip("geopandas")
    polygons = gpd.read_file(SAMPLE / "small_area_boundaries.geojson").to_crs(27700)
    rows = _read_csv("small_areas.csv")
    centroids = gpd.GeoSeries(
        gpd.points_from_xy([int(row["easting"]) for row in rows], [int(row["northing"]) for row in rows]), crs=27700
    )
    assert polygons.is_valid.all()
    assert polygons.contains(centroids).all()
    assert polygons.union_all().area == pytest.approx(polygons.area.sum(), rel=1e-5)


def _read_walkable() -> tuple[dict[str, set[tuple[int, int]]], set[int]]:
    """Return the segments of public ways by kind, and the nodes with a locked gate."""
    segments: dict[str, set[tuple[int, int]]] = defaultdict(set)
    locked: set[int] = set()
    for item in osmium.FileProcessor(str(SAMPLE / "saltmarsh.osm.pbf")):
        if item.is_node() and item.tags.get("locked") == "yes":
            locked.add(item.id)
        if not item.is_way() or "highway" not in item.tags:
            continue
        kind = item.tags["highway"]
        if kind in {"motorway", "construction"} or item.tags.get("access") in {"private", "no"}:
            continue
        refs = [node.ref for node in item.nodes]
        segments["bridge" if "bridge" in item.tags else kind] |= set(pairwise(refs))
    return segments, locked


def _compute_components(edges: set[tuple[int, int]]) -> list[int]:
    parent: dict[int, int] = {}

    def find(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        parent[find(a)] = find(b)
    return sorted(Counter(find(node) for node in list(parent)).values(), reverse=True)


def test_streets_have_one_bridge_an_island_and_a_scrap() -> None:
    segments, locked = _read_walkable()
    edges = {(a, b) for pairs in segments.values() for a, b in pairs if not {a, b} & locked}
    mainland, island, scrap = _compute_components(edges)
    assert mainland > 1_500
    assert island >= 120
    assert scrap == 2
    assert len(segments["bridge"]) == 1
    banks = _compute_components(edges - segments["bridge"])
    assert len(banks) == 4
    assert {"steps", "footway", "cycleway", "track", "bridleway", "path", "pedestrian"} <= set(segments)
