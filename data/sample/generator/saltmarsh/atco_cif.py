"""Write a bus feed as ATCO-CIF, as timetables of 2004 to 2011 were published."""

from __future__ import annotations

import zipfile
from pathlib import Path

from saltmarsh.calendars import WEEK_PATTERNS, get_validity
from saltmarsh.grid import compute_grid_metres
from saltmarsh.gtfs import ZIP_DATE, Feed
from saltmarsh.lines import COACH, OPERATORS, Line

DECIMETRES = 10
"""Grid references are written in decimetres, one of the units that such files are found in."""
VEHICLES = {3: "BUS", COACH: "COACH"}


def _write_locations(feed: Feed) -> list[str]:
    lines = []
    for stop_id in feed.used_stops:
        stop = feed.stops[stop_id]
        east, north = (round(DECIMETRES * metres) for metres in compute_grid_metres(stop.lon, stop.lat))
        lines.append(f"QLN{stop_id:<12}{stop.name:<48} B{'':<8}")
        lines.append(f"QBN{stop_id:<12}{east:<8}{north:<8}{'Saltmarsh':<24}{'':<24}")
    return lines


def _clock(minute: int) -> str:
    """Return HHMM of the clock on the wall: after midnight it begins again."""
    return f"{minute // 60 % 24:02d}{minute % 60:02d}"


def _write_line(feed: Feed, line: Line) -> list[str]:
    """Return one journey for every run: header, origin, calls between, terminus."""
    first, last = get_validity(feed.year)
    records = [f"QDN{line.operator_id:<4}{line.number:<4}{way}{line.name:<68}" for way in "OI"]
    serial = 0
    for group in line.departures:
        days = "".join(map(str, WEEK_PATTERNS[group.day_type]))
        calls = feed.build_calls(line, group.direction)
        for start in group.build_minutes():
            serial += 1
            records.append(
                f"QSN{line.operator_id:<4}{serial:06d}{first:%Y%m%d}{last:%Y%m%d}{days}  {line.number:<4}{'':<6}"
                f"{VEHICLES[line.route_type]:<8}{'':<8}{'OI'[group.direction]}"
            )
            for place, (_, stop_id, minute) in enumerate(calls):
                time = _clock(start + minute)
                if place == 0:
                    records.append(f"QO{stop_id:<12}{time}   T1F0")
                elif place == len(calls) - 1:
                    records.append(f"QT{stop_id:<12}{time}   T1F0")
                else:
                    records.append(f"QI{stop_id:<12}{time}{time}B   T1F0")
    return records


def write_atco_cif(feed: Feed, path: Path) -> None:
    """Write the feed as one file in a zip archive, the same bytes every time."""
    first, _ = get_validity(feed.year)
    records = [f"ATCO-CIF0500{'Saltmarsh District Council':<32}{'Generator':<16}{first:%Y%m%d}060000"]
    records += [
        f"QPN{operator:<4}{OPERATORS[operator]:<24}{OPERATORS[operator] + ' Ltd':<48}{'':<24}"
        for operator in dict.fromkeys(line.operator_id for line in feed.lines)
    ]
    records += [f"QVN{code:<8}{code.title():<24}" for code in dict.fromkeys(VEHICLES.values())]
    records += _write_locations(feed)
    for line in feed.lines:
        records += _write_line(feed, line)
    info = zipfile.ZipInfo(f"{feed.name}.cif", ZIP_DATE)
    info.create_system, info.external_attr = 3, 0o100644 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "\r\n".join([*records, ""]).encode("ascii"), zipfile.ZIP_DEFLATED, compresslevel=9)
