"""The story of the four snapshots in numbers, from the definition of the lines (not from the files)."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from saltmarsh.calendars import (
    DATED_PATTERNS,
    HALF_TERM_MONDAYS,
    REFERENCE_DATES,
    WEEK_PATTERNS,
    YEARS,
    build_dates,
    get_validity,
)
from saltmarsh.grid import Point, compute_distance_km
from saltmarsh.gtfs import get_mode
from saltmarsh.lines import COASTLINER, COUNCIL, OPERATORS, Line, build_lines, get_feeds, get_format
from saltmarsh.places import build_small_areas
from saltmarsh.stops import PLACES

# Statuses other than `kept`, by the year of the later snapshot and the line's number before (or after, if new).
STATUSES: dict[int, dict[str, str]] = {
    2016: {"1": "cut_back", "2": "cut_back", "4": "cut_back", "6": "cut_back", "8": "withdrawn"},
    2019: {"7": "renamed", "6": "shortened", "50": "missing", "X51": "missing"},
    2024: {"9": "retimed", "X1": "new", "50": "returned", "X51": "returned"},
}
RENAMED = {(2019, "7"): "57"}
ALL_DAY_TYPES = (*WEEK_PATTERNS, *DATED_PATTERNS)
N_DAYS = 28


def _get_day_types(day: date, year: int) -> set[str]:
    return {day_type for day_type in ALL_DAY_TYPES if day in set(build_dates(day_type, year))}


def _get_days(year: int) -> dict[str, date]:
    tuesday = REFERENCE_DATES[year]
    return {"weekday": tuesday, "saturday": tuesday + timedelta(days=4), "sunday": tuesday + timedelta(days=5)}


def _count_trips(line: Line, year: int) -> dict[str, int]:
    return {name: line.count_trips(_get_day_types(day, year)) for name, day in _get_days(year).items()}


def _compute_mean_runs(line: Line, year: int) -> dict[str, float]:
    """Return runs per weekday, Saturday and Sunday over the 28 days from the reference week's Monday."""
    monday = REFERENCE_DATES[year] - timedelta(days=1)
    totals: dict[str, list[int]] = {"weekday": [], "saturday": [], "sunday": []}
    for day in (monday + timedelta(days=offset) for offset in range(N_DAYS)):
        name = {5: "saturday", 6: "sunday"}.get(day.weekday(), "weekday")
        totals[name].append(line.count_trips(_get_day_types(day, year)))
    return {name: round(sum(counts) / len(counts), 4) for name, counts in totals.items()}


def _describe(line: Line | None, year: int) -> dict[str, object] | None:
    if line is None or not set(line.feeds) & set(get_feeds(year)):
        return None
    return {
        "route": line.number,
        "trips": _count_trips(line, year),
        "runs_per_day_28_days": _compute_mean_runs(line, year),
        "places": len(dict.fromkeys(place for place, _ in line.calls)),
    }


def _build_pair(before: int, after: int) -> dict[str, object]:
    old = {line.number: line for line in build_lines(before)}
    new = {line.number: line for line in build_lines(after)}
    services = []
    seen: set[str] = set()
    for number, line in old.items():
        number_after = RENAMED.get((after, number), number)
        seen.add(number_after)
        services.append(_build_service(line, new.get(number_after), before, after))
    services += [_build_service(None, line, before, after) for number, line in new.items() if number not in seen]
    return {"from": before, "to": after, "most_missed": _find_most_missed(old, new, after), "services": services}


# What a reader of the lines expects to matter most, without any routing.
MORNING, EVENING = (7 * 60, 10 * 60), (18 * 60, 21 * 60)
HOSPITAL = "General Hospital"
NEAR_KM = 0.7


def _get_weekday_starts(line: Line | None, span: tuple[int, int]) -> list[int]:
    groups = [group for group in line.departures if group.day_type in {"MS", "MF"}] if line else []
    return sorted(minute for group in groups for minute in group.build_minutes() if span[0] <= minute < span[1])


def _list_lost(old: dict[str, Line], new: dict[str, Line], after: int, span: tuple[int, int]) -> list[str]:
    """List the lines with fewer weekday departures in a span, or fewer places; those of a missing feed did not go."""
    lost = []
    for number, line in old.items():
        if not set(line.feeds) & set(get_feeds(after)):
            continue
        now = new.get(RENAMED.get((after, number), number))
        then_places, now_places = ({place for place, _ in one.calls} if one else set() for one in (line, now))
        starts = _get_weekday_starts(line, span)
        if starts and (len(_get_weekday_starts(now, span)) < len(starts) or then_places - now_places):
            lost.append(number)
    return lost


def _get_reach(line: Line, sites: dict[str, Point]) -> float:
    """Add up people times km to the hospital over the small areas near a line."""
    stops = [sites[place] for place, _ in line.calls]
    return sum(
        area.population * compute_distance_km(area.site, sites[HOSPITAL])
        for area in build_small_areas()
        if min(compute_distance_km(area.site, stop) for stop in stops) <= NEAR_KM
    )


def _find_most_missed(old: dict[str, Line], new: dict[str, Line], after: int) -> dict[str, str]:
    """Name the one line that lost morning runs or places, and the one by which most people-km to the hospital went."""
    found = {}
    morning = _list_lost(old, new, after, MORNING)
    if len(morning) == 1:
        found["weekday_am"] = morning[0]
    sites = {name: place.point for name, place in PLACES.items()}
    evening = [
        number
        for number in _list_lost(old, new, after, EVENING)
        if HOSPITAL in {place for place, _ in old[number].calls}
    ]
    if evening:
        found["weekday_evening_to_hospital"] = max(evening, key=lambda number: _get_reach(old[number], sites))
    return found


def _build_service(old: Line | None, new: Line | None, before: int, after: int) -> dict[str, object]:
    line = old or new
    if line is None:
        message = "a service needs a line before or after"
        raise ValueError(message)
    return {
        "operator_id": line.operator_id,
        "operator": OPERATORS[line.operator_id],
        "mode": get_mode(line),
        "status": STATUSES[after].get(line.number, "kept"),
        "before": _describe(old, before),
        "after": _describe(new, after),
    }


def _build_snapshot(year: int) -> dict[str, object]:
    first, last = get_validity(year)
    feeds = get_feeds(year)
    filings = [(line, feed) for line in build_lines(year) for feed in line.feeds if feed in feeds]
    n_filed_twice = sum(_count_filed(line) for line, feed in filings if feed == COASTLINER and COUNCIL in line.feeds)
    return {
        "folder": f"timetables/{year}",
        "reference_date": REFERENCE_DATES[year],
        "first_date": first,
        "last_date": last,
        "school_holiday_from": HALF_TERM_MONDAYS[year],
        "feeds": list(feeds),
        "formats": {feed: get_format(year, feed) for feed in feeds},
        "missing_feeds": [] if COASTLINER in feeds else [COASTLINER],
        "expected_notices": {
            "duplicate_trips": n_filed_twice,
            "blank_stop_times": sum(
                _count_filed(line) * len(line.blank_places)
                for line, feed in filings
                if get_format(year, feed) == "gtfs"
            ),
            "inexact_frequency_rows": sum(len(line.departures) for line, _ in filings if line.exact_times == 0),
            "grid_references_scaled": _count_located(year, filings),
        },
    }


def _count_located(year: int, filings: list[tuple[Line, str]]) -> int:
    """Count the stops that a feed itself places, in decimetres of the national grid."""
    lines = [line for line, feed in filings if get_format(year, feed) == "atco_cif"]
    places = {place for line in lines for place, _ in line.calls}
    return sum(2 if PLACES[place].kind == "pair" else 1 for place in places)


def _count_filed(line: Line) -> int:
    """Count the rows of trips.txt of a line in one feed."""
    if line.exact_times is not None:
        return len(line.departures)
    return sum(len(group.build_minutes()) for group in line.departures)


def build_story() -> dict[str, object]:
    """Build the machine-readable story: snapshots, and services for each consecutive pair."""
    return {
        "district": "Saltmarsh",
        "snapshots": {year: _build_snapshot(year) for year in YEARS},
        "pairs": [_build_pair(before, after) for before, after in itertools.pairwise(YEARS)],
    }
