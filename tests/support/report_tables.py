"""Plausible published tables for the report: a fictional coast with nulls, a missing operator and hostile names."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import shapely

from pipeline.report import (
    Attribution,
    CategoryInfo,
    GroupInfo,
    IndicatorInfo,
    ReportContext,
    SnapshotInfo,
    WindowInfo,
)

SNAPSHOTS = ("2010", "2019", "2024")
WINDOWS = ("weekday_am", "weekday_evening", "saturday", "sunday")
BANDS = ("06_10", "10_15", "15_18", "18_22", "22_06", "all_day")
HOSTILE_NAME = "</script><script>document.title='owned'</script>\u2028 & \"Sons\""
FORMULA_NAME = '=HYPERLINK("http://example.invalid","x")'
NAMES = (
    "Quayside",
    "Harbour View",
    "Saltmarsh",
    "Lighthouse",
    "Northcliff",
    "Mill Lane",
    "Old Town",
    "St Brannock",
    "Farther Sands",
    "Ferry Island",
)


def build_context(**changes: object) -> ReportContext:
    """Return a context of a fictional district; keyword arguments replace fields."""
    values: dict[str, object] = {
        "area_title": "Morwen Bay",
        "noun": "ward",
        "noun_plural": "wards",
        "snapshots": (
            SnapshotInfo("2010", "October 2010", date(2010, 10, 12)),
            SnapshotInfo("2019", "October 2019", date(2019, 10, 8), "One operator's file is missing."),
            SnapshotInfo("2024", "October 2024", date(2024, 10, 8)),
        ),
        "windows": (
            WindowInfo("weekday_am", "Weekday morning", 25_200, 36_000, "on a weekday", 50_400, 72_000),
            WindowInfo("weekday_evening", "Weekday evening", 64_800, 79_200, "on a weekday evening"),
            WindowInfo("saturday", "Saturday", 32_400, 43_200, "on a Saturday"),
            WindowInfo("sunday", "Sunday", 32_400, 43_200, "on a Sunday", day_type="sunday"),
        ),
        "categories": (
            CategoryInfo("hospitals", "hospitals", "a hospital"),
            CategoryInfo("stations", "railway stations", "a railway station"),
            CategoryInfo("jobs", "jobs", "a jobs centre"),
        ),
        "groups": (
            GroupInfo("left_behind", "left behind wards", "#b3261e", "o"),
            GroupInfo("other_deprived", "other deprived wards", "#8a5a00", "s"),
            GroupInfo("other", "other wards", "#2c7fb8", "^"),
            GroupInfo("all", "all wards", "#1d1d1d", "D"),
        ),
        "indicators": (
            IndicatorInfo("hospital_am", "Time to a hospital, weekday morning", "s", 0.5),
            IndicatorInfo("runs_weekday", "Vehicle runs on a weekday", "per_day", 0.5),
        ),
        "caveats": ("Wards are of 2011; populations of 2016.",),
        "service_caveats": ("The three timetables come from different archives.",),
        "attributions": (Attribution("Contains invented data", "No licence needed"),),
        "is_fictional": True,
        "version": "0.1.0",
    }
    values.update(changes)
    return ReportContext(**values)  # type: ignore[arg-type]


def build_tables(n: int = 12, *, seed: int = 7, has_jobs: bool = False) -> dict[str, pd.DataFrame]:
    """Return published tables for ``n`` neighbourhoods on a grid, three snapshots, four windows."""
    rng = np.random.default_rng(seed)
    geography = _build_geography(n, rng)
    codes = geography["neighbourhood_code"].tolist()
    base = rng.uniform(900, 6000, n)
    tables = {
        "out_neighbourhood__geography": geography,
        "out_neighbourhood__travel_time": _build_times(codes, base, rng),
        "out_neighbourhood__service_level": _build_levels(codes, base),
        "out_neighbourhood__score": _build_scores(geography, base),
        "out_neighbourhood__indicator": _build_indicators(codes, base),
        "out_service__change": _build_services(),
        "out_operator__presence": _build_operators(),
        "out_stop__location": _build_stops(geography),
        "out_destination__location": _build_destinations(),
        "out_run__notices": _build_notices(),
        "out_run__inputs": _build_inputs(),
    }
    tables["out_neighbourhood__service_change"] = _build_changes(tables["out_neighbourhood__service_level"], codes)
    if has_jobs:
        tables["out_neighbourhood__jobs"] = _build_jobs(codes, base)
    return tables


def _build_geography(n: int, rng: np.random.Generator) -> pd.DataFrame:
    width = max(int(np.ceil(np.sqrt(n))), 1)
    rows = []
    for index in range(n):
        x, y = -4.2 + 0.02 * (index % width), 51.0 + 0.013 * (index // width)
        name = NAMES[index] if index < len(NAMES) else f"Hexagon {index}"
        name = {n - 1: HOSTILE_NAME, n - 2: FORMULA_NAME}.get(index, name)
        rows.append(
            {
                "neighbourhood_code": f"W{index + 1:04d}",
                "neighbourhood_name": name,
                "area_group": ("left_behind", "other_deprived", "other", "other")[index % 4],
                "authority_code": "Morwen",
                "deprivation_rank": None,
                "rurality": None,
                "population": float(rng.integers(3_000, 14_000)),
                "lon": x + 0.01,
                "lat": y + 0.0065,
                "geometry_wkb": shapely.to_wkb(shapely.box(x, y, x + 0.02, y + 0.013)),
            }
        )
    return pd.DataFrame(rows)


def _build_times(codes: list[str], base: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for s, snapshot in enumerate(SNAPSHOTS):
        for c, category in enumerate(("hospitals", "stations")):
            for w, window in enumerate(WINDOWS):
                for direction in ("outward", "return"):
                    for m, mode_set in enumerate(("all", "bus")):
                        for i, code in enumerate(codes):
                            middle = base[i] * (1 + 0.08 * s + 0.2 * w + 0.15 * m) / (1 + 0.5 * c) + rng.uniform(0, 200)
                            rows.append(
                                _build_time_row(snapshot, code, category, window, direction, mode_set, middle, i)
                            )
    return pd.DataFrame(rows)


def _build_time_row(
    snapshot: str, code: str, category: str, window: str, direction: str, mode_set: str, middle: float, index: int
) -> dict[str, object]:
    over = middle > 7200 or (index == 9 and window == "sunday")
    reason = "no_street" if index == 9 and mode_set == "bus" else "no_route" if index == 9 and over else "over_limit"
    has_value = not over and reason != "no_street"
    spread = (0.7, 0.85, 1.0, 1.2, 1.5)
    percentiles = {
        f"travel_time_{name}_s": middle * factor if has_value and middle * factor <= 7200 else None
        for name, factor in zip(("p5", "p25", "p50", "p75", "p95"), spread, strict=True)
    }
    nearest = [
        {"id": "h1", "name": HOSTILE_NAME, "share_pct": 71.0},
        {"id": "h2", "name": "Cottage Hospital", "share_pct": 29.0},
    ]
    return {
        "snapshot": snapshot,
        "neighbourhood_code": code,
        "category": category,
        "window": window,
        "direction": direction,
        "mode_set": mode_set,
        "travel_time_mean_s": middle if has_value else None,
        **percentiles,
        "reachable_pct": 96.0 if has_value else 0.0,
        "first_departure_s": 25_500.0 if has_value else None,
        "last_departure_s": 87_000.0 if has_value else None,
        "longest_gap_s": 1_800.0,
        "walk_time_s": middle * 3 if middle * 3 < 7200 else None,
        "nearest_destination_id": "h1" if has_value else None,
        "nearest_destination_name": HOSTILE_NAME if has_value else None,
        "nearest_share_pct": 71.0 if has_value else None,
        "destinations_nearest": json.dumps(nearest if has_value else []),
        "people_without_pct": 8.0 if has_value else 100.0,
        "n_small_areas": 4,
        "reason": None if has_value else reason,
        "network_hash": "0" * 64,
    }


def _get_coverage(snapshot: str, index: int) -> str:
    if snapshot != "2019":
        return "comparable"
    return ("missing", "partial", "comparable", "comparable")[index % 4]


def _build_levels(codes: list[str], base: np.ndarray) -> pd.DataFrame:
    rows = []
    for s, snapshot in enumerate(SNAPSHOTS):
        for day, share in (("weekday", 1.0), ("saturday", 0.7), ("sunday", 0.3 if s == 0 else 0.05)):
            for b, band in enumerate(BANDS):
                for i, code in enumerate(codes):
                    part = (0.25, 0.35, 0.2, 0.15 if s == 0 else 0.05, 0.02, 1.0)[b]
                    runs = 300_000 / base[i] * share * part * (1 - 0.1 * s)
                    rows.append(
                        {
                            "snapshot": snapshot,
                            "neighbourhood_code": code,
                            "mode": "all",
                            "day_type": day,
                            "band": band,
                            "runs_per_day": runs,
                            "runs_per_hour": runs / 16,
                            "first_run_s": 20_700.0 if band == "all_day" else None,
                            "last_run_s": 88_200.0 if band == "all_day" else None,
                            "hours_served": 15.5,
                            "days_served_pct": 100.0,
                            "stops_in_zone": 12,
                            "stops_reachable_direct": 1_204,
                            "services_in_zone": 4,
                            "coverage_class": _get_coverage(snapshot, i),
                            "timetable_hash": "0" * 64,
                        }
                    )
    return pd.DataFrame(rows)


def _build_changes(levels: pd.DataFrame, codes: list[str]) -> pd.DataFrame:
    runs = levels.set_index(["snapshot", "neighbourhood_code", "day_type", "band"])["runs_per_day"].to_dict()
    rows = []
    for start, end, comparison in (
        ("2010", "2019", "consecutive"),
        ("2019", "2024", "consecutive"),
        ("2010", "2024", "since_first"),
    ):
        for day in ("weekday", "saturday", "sunday"):
            for band in BANDS:
                for i, code in enumerate(codes):
                    before, after = runs[(start, code, day, band)], runs[(end, code, day, band)]
                    kinds = {_get_coverage(start, i), _get_coverage(end, i)}
                    kind = "missing" if "missing" in kinds else "partial" if "partial" in kinds else "comparable"
                    rows.append(
                        {
                            "neighbourhood_code": code,
                            "snapshot_from": start,
                            "snapshot_to": end,
                            "comparison": comparison,
                            "mode": "all",
                            "day_type": day,
                            "band": band,
                            "runs_per_day_before": before,
                            "runs_per_day_after": after,
                            "change_runs_per_day": after - before,
                            "change_pct": 100 * (after - before) / before,
                            "coverage_class": kind,
                            "coverage_reason": ""
                            if kind == "comparable"
                            else "Coastal Buses has no data in October 2019",
                        }
                    )
    return pd.DataFrame(rows)


def _build_scores(geography: pd.DataFrame, base: np.ndarray) -> pd.DataFrame:
    n = len(base)
    rank = np.argsort(np.argsort(-base)) + 1.0
    rows = []
    for snapshot in SNAPSHOTS:
        for i, place in enumerate(geography.to_dict("records")):
            rows.append(
                {
                    "snapshot": snapshot,
                    "neighbourhood_code": place["neighbourhood_code"],
                    "neighbourhood_name": place["neighbourhood_name"],
                    "area_group": place["area_group"],
                    "score": 100.0 * (1 - (rank[i] - 1) / n),
                    "rank": rank[i],
                    "decile": int((rank[i] - 1) * 10 // n) + 1,
                    "absolute_index": 100.0 - base[i] / 70,
                    "rank_low": max(rank[i] - 1, 1.0),
                    "rank_high": min(rank[i] + 2, float(n)),
                    "n_indicators": 2,
                    "n_missing": 0,
                    "weights_hash": "0" * 64,
                    "coverage_class": _get_coverage(snapshot, i),
                }
            )
    return pd.DataFrame(rows)


def _build_indicators(codes: list[str], base: np.ndarray) -> pd.DataFrame:
    rows = []
    for snapshot in SNAPSHOTS:
        for i, code in enumerate(codes):
            for indicator, value in (("hospital_am", base[i]), ("runs_weekday", 300_000 / base[i])):
                is_missing = i == 9
                rows.append(
                    {
                        "snapshot": snapshot,
                        "neighbourhood_code": code,
                        "indicator": indicator,
                        "value": None if is_missing else value,
                        "rank": float(i + 1),
                        "n_ranked": len(codes),
                        "relative": 0.5,
                        "score": 42.0,
                        "absolute_index": 50.0,
                        "is_missing": is_missing,
                        "reason": "no_route" if is_missing else None,
                    }
                )
    return pd.DataFrame(rows)


def _build_jobs(codes: list[str], base: np.ndarray) -> pd.DataFrame:
    rows = [
        {
            "snapshot": snapshot,
            "neighbourhood_code": code,
            "category": "jobs",
            "window": "weekday_am",
            "mode_set": "all",
            "limit_min": limit,
            "jobs_p50": 1e7 / base[i] * limit / 60,
            "people_without_pct": 0.0,
            "reason": None,
        }
        for snapshot in SNAPSHOTS
        for limit in (30, 60)
        for i, code in enumerate(codes)
    ]
    return pd.DataFrame(rows)


def _build_services() -> pd.DataFrame:
    rows = []
    for status, before, after in (
        ("withdrawn", "7", None),
        ("renamed", "X1", "100"),
        ("new", None, "X9"),
        ("missing", "22", None),
    ):
        row: dict[str, object] = {
            "snapshot_from": "2010",
            "snapshot_to": "2019",
            "operator_name_before": "Coastal <b>Buses</b>" if before else None,
            "operator_name_after": "Coastal <b>Buses</b>" if after else None,
            "route_before": before,
            "route_after": after,
            "mode": "bus",
            "status": status,
            "last_run_before_s": 80_000.0,
            "last_run_after_s": None,
            "stops_before": 20.0,
            "stops_after": 10.0,
            "stops_shared_pct": 50.0,
            "evidence": "Half of the stops are shared.",
            "coverage_class": "comparable",
        }
        for day in ("weekday", "saturday", "sunday"):
            row[f"{day}_runs_before"] = 12.0 if before else None
            row[f"{day}_runs_after"] = 9.5 if after else None
        rows.append(row)
    return pd.DataFrame(rows)


def _build_operators() -> pd.DataFrame:
    rows = [
        {
            "snapshot": snapshot,
            "operator_key": key,
            "operator_name": name,
            "feed": "bus",
            "n_trips": 0 if kind == "missing" else 1_450,
            "n_services": 12,
            "first_date": date(int(snapshot), 10, 1),
            "last_date": date(int(snapshot), 10, 31),
            "is_present": kind == "present",
            "presence_class": kind,
        }
        for snapshot in SNAPSHOTS
        for key, name, kind in (
            ("coastal", "Coastal Buses", "missing" if snapshot == "2019" else "present"),
            ("valley", "Valley Coaches", "present"),
        )
    ]
    return pd.DataFrame(rows)


def _build_stops(geography: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            "snapshot": snapshot,
            "stop_id": f"bus:{place['neighbourhood_code']}{k}",
            "stop_name": "Stop",
            "lon": place["lon"] + 0.002 * k,
            "lat": place["lat"],
            "mode": "bus",
            "runs_weekday": 30.0,
        }
        for snapshot in SNAPSHOTS
        for place in geography.to_dict("records")
        for k in range(3)
    ]
    return pd.DataFrame(rows)


def _build_destinations() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "destination_id": ["h1", "s1"],
            "category": ["hospitals", "stations"],
            "name": [HOSTILE_NAME, "Morwen Central"],
            "lon": [-4.17, -4.15],
            "lat": [51.02, 51.01],
        }
    )


def _build_notices() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": ["timetables", "timetables", "places"],
            "snapshot": ["2010", "2019", None],
            "code": ["time_interpolated", "time_interpolated", "point_at_sea"],
            "severity": ["info", "info", "warning"],
            "file": ["bus.zip/stop_times.txt", "bus.zip/stop_times.txt", "centroids.csv"],
            "row": [12.0, None, 7.0],
            "field": ["arrival_time", "arrival_time", "lon"],
            "value": ["", "", "=1+1"],
            "count": [1, 4_310, 1],
            "detail": ["", "", "<img src=x onerror=alert(1)>"],
            "meaning": ["A blank time was interpolated", "A blank time was interpolated", "A centroid lies in the sea"],
            "cure": ["None needed", "None needed", "Correct the centroid"],
        }
    )


def _build_inputs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "role": ["timetable", "streets"],
            "snapshot": ["2010", None],
            "path": ["gtfs/bus.zip", "streets.osm.pbf"],
            "sha256": ["ab" * 32, "cd" * 32],
            "bytes": [123_456, 7_890_123],
            "licence": ["Open licence", "ODbL 1.0"],
            "attribution": ["Invented transport authority", "Invented map contributors"],
            "vintage": ["2010", None],
        }
    )
