"""Write one year's feeds as GTFS zip files, the same bytes every time."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from saltmarsh.calendars import WEEK_PATTERNS, build_dates, get_validity
from saltmarsh.district import PIER_ISLAND, PIER_TOWN
from saltmarsh.grid import compute_lon_lat
from saltmarsh.lines import COACH, COUNCIL, FERRY, OPERATORS, RAIL, Departures, Line, build_lines, get_feeds
from saltmarsh.places import RAIL_STATIONS
from saltmarsh.stops import PLACES, STATION_CODE, Stop, build_bus_stops, get_stop_id
from saltmarsh.street_map import StreetMap

ZIP_DATE = (1980, 1, 1, 0, 0, 0)
SHAPE_UNITS_PER_MINUTE = 400
BAY_CHANGE_S = 180
TIMEZONE = "Europe/London"

HEADERS: dict[str, tuple[str, ...]] = {
    "agency": ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"),
    "stops": ("stop_id", "stop_name", "stop_lat", "stop_lon", "location_type", "parent_station", "platform_code"),
    "routes": ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
    "calendar": (
        "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        "start_date", "end_date",
    ),
    "calendar_dates": ("service_id", "date", "exception_type"),
    "trips": ("route_id", "service_id", "trip_id", "trip_headsign", "direction_id", "shape_id"),
    "stop_times": (
        "trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "pickup_type", "drop_off_type",
        "timepoint", "shape_dist_traveled",
    ),
    "frequencies": ("trip_id", "start_time", "end_time", "headway_secs", "exact_times"),
    "shapes": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence", "shape_dist_traveled"),
    "transfers": ("from_stop_id", "to_stop_id", "transfer_type", "min_transfer_time"),
    "feed_info": ("feed_publisher_name", "feed_publisher_url", "feed_lang", "feed_start_date", "feed_end_date"),
}  # fmt: skip

PUBLISHERS = {
    "bus_council": "Saltmarsh District Council",
    "bus_coastliner": "Coastliner",
    "rail": "Merrow Coast Railway",
    "ferry": "Gannet Holm Ferry Company",
}

ROUTE_PREFIXES = {"bus_council": "CN", "bus_coastliner": "CL", "rail": "RL", "ferry": "FY"}


def format_minute(minute: int) -> str:
    """Return `HH:MM:00`; hours may exceed 23."""
    return f"{minute // 60:02d}:{minute % 60:02d}:00"


def _format_date(day: date) -> str:
    return day.strftime("%Y%m%d")


@dataclass
class Feed:
    """The tables of one feed while they are being filled."""

    name: str
    year: int
    stops: dict[str, Stop]
    tables: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: {name: [] for name in HEADERS})
    _services: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    _used_stops: set[str] = field(default_factory=set)

    def add_line(self, line: Line) -> None:
        """Add a line: its route, services, trips, calls and frequencies."""
        self.lines.append(line)
        route_id = self._get_route_id(line)
        self.tables["routes"].append((route_id, line.operator_id, line.number, line.name, line.route_type))
        for direction in (0, 1):
            self._add_shape(line, direction)
        serial = 0
        for group in line.departures:
            service_id = self._add_service(line, group.day_type)
            minutes = group.build_minutes()
            for minute in minutes[:1] if line.exact_times is not None else minutes:
                serial += 1
                trip_id = self._get_trip_id(line, group, minute, serial)
                self._add_trip(line, group.direction, (route_id, service_id, trip_id), minute)
                if line.exact_times is not None:
                    end = format_minute(group.last + group.every)
                    row = (trip_id, format_minute(group.first), end, group.every * 60, line.exact_times)
                    self.tables["frequencies"].append(row)

    def _get_route_id(self, line: Line) -> str:
        if line.generation:
            return f"SL:{line.generation}:{line.number}"
        return f"{ROUTE_PREFIXES[self.name]}-{line.number}"

    def _get_trip_id(self, line: Line, group: Departures, minute: int, serial: int) -> str:
        if line.generation:
            return f"VJ{line.generation[-2:]}{line.number}{serial:04d}"
        prefix = "k" if self.name != COUNCIL and line.operator_id == "SMBS" else ""
        clock = format_minute(minute)[:5].replace(":", "")
        return f"{prefix}{line.number}-{group.day_type}{'OI'[group.direction]}{clock}"

    def _add_service(self, line: Line, day_type: str) -> str:
        service_id = f"{line.number}_{day_type}_{line.generation}" if line.generation else day_type
        if service_id in self._services:
            return service_id
        self._services.add(service_id)
        if day_type in WEEK_PATTERNS:
            first, last = get_validity(self.year)
            row = (service_id, *WEEK_PATTERNS[day_type], _format_date(first), _format_date(last))
            self.tables["calendar"].append(row)
        else:
            dates = build_dates(day_type, self.year)
            self.tables["calendar_dates"] += [(service_id, _format_date(day), 1) for day in dates]
        return service_id

    def build_calls(self, line: Line, direction: int) -> list[tuple[str, str, int]]:
        """Return (place, stop_id, minutes from the start) in the order of travel."""
        end = line.calls[-1][1]
        calls = [
            (place, self._get_stop_id(place, is_inbound=direction == 1), minute if direction == 0 else end - minute)
            for place, minute in line.calls
        ]
        return calls if direction == 0 else calls[::-1]

    def _get_stop_id(self, place: str, *, is_inbound: bool) -> str:
        if self.name in {RAIL, FERRY}:
            return next(stop.stop_id for stop in self.stops.values() if place in {stop.name, stop.stop_id[-3:]})
        return get_stop_id(PLACES[place], is_inbound=is_inbound, year=self.year)

    def _add_trip(self, line: Line, direction: int, ids: tuple[str, str, str], start: int) -> None:
        calls = self.build_calls(line, direction)
        shape_id = f"{line.number}-{'OI'[direction]}" if line.has_shape_distance else ""
        headsign = self.stops[calls[-1][1]].name
        self.tables["trips"].append((*ids, headsign, direction, shape_id))
        for sequence, (place, stop_id, minute) in enumerate(calls, start=1):
            self._used_stops.add(stop_id)
            is_blank = place in line.blank_places
            time = "" if is_blank else format_minute(start + minute)
            pickup, dropoff = _get_rules(line, place, direction)
            distance = minute * SHAPE_UNITS_PER_MINUTE if line.has_shape_distance else ""
            row = (ids[2], time, time, stop_id, sequence, pickup, dropoff, 0 if is_blank else 1, distance)
            self.tables["stop_times"].append(row)

    def _add_shape(self, line: Line, direction: int) -> None:
        if not line.has_shape_distance:
            return
        for sequence, (_, stop_id, minute) in enumerate(self.build_calls(line, direction), start=1):
            stop = self.stops[stop_id]
            distance = minute * SHAPE_UNITS_PER_MINUTE
            self.tables["shapes"].append((f"{line.number}-{'OI'[direction]}", stop.lat, stop.lon, sequence, distance))

    @property
    def used_stops(self) -> list[str]:
        """Identifiers of the stops that runs call at, sorted."""
        return sorted(self._used_stops)

    def finish(self) -> None:
        """Add operators, stops, transfers and the feed's own description."""
        operators = dict.fromkeys(row[1] for row in self.tables["routes"])
        for operator_id in operators:
            name = OPERATORS[str(operator_id)]
            url = f"https://{str(operator_id).lower()}.example"
            self.tables["agency"].append((operator_id, name, url, TIMEZONE, "en"))
        parents = {self.stops[stop_id].parent_station for stop_id in self._used_stops} - {""}
        for stop_id in sorted(self._used_stops | parents):
            stop = self.stops[stop_id]
            row = (stop_id, stop.name, stop.lat, stop.lon, stop.location_type, stop.parent_station, stop.platform_code)
            self.tables["stops"].append(row)
        if self.name == COUNCIL:
            bays = sorted(stop.stop_id for stop in self.stops.values() if stop.parent_station == STATION_CODE)
            self.tables["transfers"] = [(a, b, 2, BAY_CHANGE_S) for a in bays for b in bays if a != b]
        first, last = (_format_date(day) for day in get_validity(self.year))
        publisher = PUBLISHERS[self.name]
        self.tables["feed_info"].append(
            (publisher, f"https://{self.name.replace('_', '-')}.example", "en", first, last)
        )

    def write(self, path: Path) -> None:
        """Write the tables that have rows to a zip file with a fixed date and order."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, rows in self.tables.items():
                if not rows:
                    continue
                text = io.StringIO(newline="")
                writer = csv.writer(text, lineterminator="\n")
                writer.writerow(HEADERS[name])
                writer.writerows(rows)
                info = zipfile.ZipInfo(f"{name}.txt", ZIP_DATE)
                info.create_system, info.external_attr = 3, 0o100644 << 16
                archive.writestr(info, text.getvalue().encode(), zipfile.ZIP_DEFLATED, compresslevel=9)


def _get_rules(line: Line, place: str, direction: int) -> tuple[object, object]:
    """Return pickup_type and drop_off_type: the express sets nobody down in town on its way out, and so on."""
    if not line.town_places:
        return "", ""
    is_pickup = (place in line.town_places) == (direction == 0)
    return (0, 1) if is_pickup else (1, 0)


def _build_stops(name: str, street_map: StreetMap, year: int) -> dict[str, Stop]:
    if name == RAIL:
        rows = [(f"X9100{code}", station, *compute_lon_lat(*point)) for code, station, point in RAIL_STATIONS]
    elif name == FERRY:
        town = street_map.get_point(street_map.get_nearest_road_node(*PIER_TOWN))
        island = street_map.get_point(street_map.get_nearest_road_node(*PIER_ISLAND))
        rows = [
            ("X9300WQP", "Wrackham Quay Pier", *compute_lon_lat(*town)),
            ("X9300GHP", "Gannet Holm Pier", *compute_lon_lat(*island)),
        ]
    else:
        return build_bus_stops(street_map, year=year)
    return {stop_id: Stop(stop_id, stop_name, lon, lat) for stop_id, stop_name, lon, lat in rows}


def build_feeds(street_map: StreetMap, year: int) -> list[Feed]:
    """Build the feeds that were handed in for a year."""
    feeds = []
    for name in get_feeds(year):
        feed = Feed(name, year, _build_stops(name, street_map, year))
        for line in build_lines(year):
            if name in line.feeds:
                feed.add_line(line)
        feed.finish()
        feeds.append(feed)
    return feeds


def get_mode(line: Line) -> str:
    """Return the word for a line's kind of vehicle."""
    return {3: "bus", COACH: "coach", 2: "rail", 4: "ferry"}[line.route_type]
