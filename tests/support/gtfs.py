"""Tiny GTFS feeds for tests, from tables written as dicts or as CSV text."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, object]
Content = str | bytes | Sequence[Row]

AGENCY: list[Row] = [
    {
        "agency_id": "OP1",
        "agency_name": "Coast Buses",
        "agency_url": "https://example.org",
        "agency_timezone": "Europe/London",
    }
]
ROUTES: list[Row] = [
    {"route_id": "R1", "agency_id": "OP1", "route_short_name": "1", "route_long_name": "", "route_type": 3}
]
CALENDAR: list[Row] = [
    {
        "service_id": "WK",
        "monday": 1,
        "tuesday": 1,
        "wednesday": 1,
        "thursday": 1,
        "friday": 1,
        "saturday": 0,
        "sunday": 0,
        "start_date": "20240101",
        "end_date": "20240331",
    }
]
STOPS: list[Row] = [
    {"stop_id": f"S{n}", "stop_name": f"Stop {n}", "stop_lat": f"{51.5 + n / 100:.3f}", "stop_lon": "-3.000"}
    for n in range(1, 6)
]
TRIPS: list[Row] = [{"route_id": "R1", "service_id": "WK", "trip_id": "T1"}]


def make_calls(trip_id: str, calls: Sequence[tuple[str, str]], **more: object) -> list[Row]:
    """Return rows of stop_times.txt for ``(stop_id, time)`` pairs; a blank time stays blank."""
    return [
        {"trip_id": trip_id, "arrival_time": time, "departure_time": time, "stop_id": stop, "stop_sequence": at, **more}
        for at, (stop, time) in enumerate(calls, start=1)
    ]


STOP_TIMES: list[Row] = make_calls("T1", [("S1", "08:00:00"), ("S2", "08:10:00"), ("S3", "08:20:00")])
DEFAULTS: dict[str, Content] = {
    "agency": AGENCY,
    "routes": ROUTES,
    "calendar": CALENDAR,
    "stops": STOPS,
    "trips": TRIPS,
    "stop_times": STOP_TIMES,
}


def to_csv(rows: Sequence[Row]) -> str:
    """Write dicts as CSV; the columns are those of all rows in the order in which they first appear."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def to_bytes(content: Content) -> bytes:
    """Return the bytes of a file given as bytes, text or rows."""
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else to_csv(content)).encode("utf-8")


def build_gtfs(
    folder: Path, *, name: str = "feed.zip", prefix: str = "", use_defaults: bool = True, **files: Content | None
) -> Path:
    """Write a feed and return its path.

    ``files`` are named by the file's stem (``stop_times=...``): CSV text, bytes, or rows as dicts; None leaves a
    default file out. What is not given is taken from a one-trip feed (stops S1 to S5 northward along longitude -3,
    trip T1 of route 1 on weekdays of January to March 2024). A name that does not end in ``.zip`` makes a folder.
    """
    contents = {**(DEFAULTS if use_defaults else {}), **files}
    path = folder / name
    parts = {f"{prefix}{stem}.txt": to_bytes(content) for stem, content in contents.items() if content is not None}
    if path.suffix == ".zip":
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in parts.items():
                archive.writestr(zipfile.ZipInfo(member, date_time=(2024, 1, 1, 0, 0, 0)), data)
        return path
    for member, data in parts.items():
        (path / member).parent.mkdir(parents=True, exist_ok=True)
        (path / member).write_bytes(data)
    return path
