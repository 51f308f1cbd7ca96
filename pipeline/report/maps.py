"""What the map shows: polygons and points with short coordinates, values by selector, classes with stated breaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from pipeline.report import data as d
from pipeline.report.text import (
    DAY_TYPE_LABELS,
    as_float,
    as_text,
    capitalise,
    format_reason,
    join_words,
    round_half_up,
    round_rate,
    round_shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.report.context import ReportContext, SnapshotInfo
    from pipeline.report.data import ReportData

N_CLASSES = 5
MAX_OPERATORS = 6
SIMPLIFY_DEGREES = 0.00003
COORDINATE_DECIMALS = 5
SERVICE_MEASURES = (
    ("weekday", "all_day", "Vehicle runs on a weekday"),
    ("weekday", "18_22", "Vehicle runs on a weekday evening, 18:00 to 22:00"),
    ("saturday", "all_day", "Vehicle runs on a Saturday"),
    ("sunday", "all_day", "Vehicle runs on a Sunday"),
)
REASON_CODES = ("", "no_street", "no_route", "over_limit", "partial", "missing")
DIRECTION_LABELS = {"outward": "Outward", "return": "Return (home)"}


def compute_breaks(values: Sequence[float], step: float) -> list[float]:
    """Return the upper limits of at most five classes with equal numbers of neighbourhoods (quintiles).

    Parameters
    ----------
    values
        Displayed values, that is already rounded to ``step``.
    step
        Distance between two neighbouring displayed values: limits are multiples of it, so that a legend of the form
        "from a to b" leaves no value out and none in two classes.

    Returns
    -------
    list of float
        Ascending upper limits, the last of which is the largest value; shorter where ties make classes coincide;
        empty without values.
    """
    if not values:
        return []
    quantiles = np.quantile(np.asarray(values, dtype=np.float64), np.arange(1, N_CLASSES + 1) / N_CLASSES)
    limits = [round(round_half_up(float(value) / step) * step, 6) for value in quantiles]
    return sorted(set(limits))


def build_geometry_payload(report: ReportData) -> dict[str, object]:
    """Return polygons (GeoJSON, property ``i`` = position of the neighbourhood), area outline, stops, destinations.

    Raises
    ------
    InputError
        If a geometry cannot be read as WKB.
    """
    geometries = shapely.from_wkb(report.geography["geometry_wkb"].to_numpy(dtype=object), on_invalid="ignore")
    features = []
    for place, geometry in zip(report.places, geometries, strict=True):
        if geometry is None or geometry.is_empty:
            continue
        simple = shapely.simplify(geometry, SIMPLIFY_DEGREES, preserve_topology=True)
        features.append({"type": "Feature", "properties": {"i": place.index}, "geometry": _shorten(simple)})
    centres = [
        [_round_coordinate(lon), _round_coordinate(lat)]
        for lon, lat in zip(report.geography["lon"], report.geography["lat"], strict=True)
    ]
    return {
        "polygons": {"type": "FeatureCollection", "features": features},
        "centres": centres,
        "stops": _build_stops(report),
        "destinations": _build_destinations(report),
    }


def _round_coordinate(value: object) -> float | None:
    number = as_float(value)
    return None if number is None else round(number, COORDINATE_DECIMALS)


def _shorten(geometry: shapely.Geometry) -> dict[str, object]:
    document: dict[str, object] = json.loads(shapely.to_geojson(geometry))

    def shorten(part: object) -> object:
        if isinstance(part, float | int):
            return round(float(part), COORDINATE_DECIMALS)
        return [shorten(item) for item in part] if isinstance(part, list) else part

    document["coordinates"] = shorten(document["coordinates"])
    return document


def _build_stops(report: ReportData) -> dict[str, list[list[float]]]:
    stops = report[d.STOPS]
    stops = stops[stops["lon"].notna() & stops["lat"].notna()]
    found: dict[str, list[list[float]]] = {}
    for snapshot, part in stops.groupby("snapshot", sort=True):
        lon = part["lon"].to_numpy(dtype=np.float64).round(COORDINATE_DECIMALS)
        lat = part["lat"].to_numpy(dtype=np.float64).round(COORDINATE_DECIMALS)
        points = sorted({(float(x), float(y)) for x, y in zip(lon, lat, strict=True)})
        found[str(snapshot)] = [[x, y] for x, y in points]
    return found


def _build_destinations(report: ReportData) -> list[list[object]]:
    found = report[d.DESTINATIONS]
    margin = 0.1  # degrees: those far outside the area are not drawn
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(report.geography["geometry_wkb"].to_numpy(object)))
    rows: list[list[object]] = []
    for row in found.sort_values(["category", "destination_id"], kind="stable").to_dict("records"):
        lon, lat = _round_coordinate(row["lon"]), _round_coordinate(row["lat"])
        if lon is None or lat is None:
            continue
        if west - margin <= lon <= east + margin and south - margin <= lat <= north + margin:
            rows.append([lon, lat, as_text(row["category"]), as_text(row["name"])])
    return rows


def build_values_payload(report: ReportData) -> dict[str, object]:
    """Return everything the selectors of map and league table need.

    ``series`` maps ``measure|dimension|...`` to parallel lists in the order of the neighbourhoods: ``v`` the displayed
    value, ``lo`` and ``hi`` its spread or interval, ``c`` the position of a reason in ``reasons``. ``breaks`` maps the
    same key without the snapshot to upper class limits over all snapshots together, so that colours can be compared
    between dates.
    """
    context = report.context
    series: dict[str, dict[str, list[float | int | None]]] = {}
    measures: list[dict[str, object]] = []
    _add_travel_times(report, series, measures)
    _add_jobs(report, series, measures)
    _add_service(report, series, measures)
    _add_score(report, series, measures)
    return {
        "title": context.area_title,
        "noun": context.noun,
        "nounPlural": context.noun_plural,
        "limitMin": context.method.max_time_min,
        "snapshots": [
            {"key": item.key, "label": context.name_snapshot(item), "caveat": _describe_caveat(report, item)}
            for item in context.snapshots
        ],
        "windows": [{"key": item.key, "label": item.label} for item in context.windows],
        "modes": [{"key": item.key, "label": item.label} for item in context.modes],
        "directions": [{"key": key, "label": label} for key, label in DIRECTION_LABELS.items()],
        "groups": [{"key": item.key, "label": capitalise(item.label)} for item in report.groups],
        "categories": [{"key": item.key, "label": item.label} for item in context.categories],
        "reasons": _build_reasons(context),
        "places": {
            "code": [place.code for place in report.places],
            "name": [place.name for place in report.places],
            "group": [place.group for place in report.places],
            "groupLabel": {key: context.get_group(key).label for key in sorted({p.group for p in report.places})},
            "population": [round_half_up(place.population) for place in report.places],
            "page": [place.page for place in report.places],
        },
        "measures": measures,
        "series": series,
        "breaks": _build_breaks(measures, series),
        "palette": {
            "classes": list(context.palette.classes),
            "missing": context.palette.missing,
            "outline": context.palette.outline,
            "accent": context.palette.accent,
        },
    }


def _build_reasons(context: ReportContext) -> list[str]:
    limit, link = context.method.max_time_min, context.method.max_link_m
    words = [format_reason(code, limit, link) for code in REASON_CODES[:4]]
    return [*words, "timetables partly missing", "timetables missing"]


def _add_travel_times(
    report: ReportData, series: dict[str, dict[str, list[float | int | None]]], measures: list[dict[str, object]]
) -> None:
    times = report[d.TRAVEL_TIME]
    by = ["category", "snapshot", "window", "direction", "mode_set"]
    for keys, part in times.groupby(by, sort=True):
        where = part["neighbourhood_code"].map(report.position)
        known = part[where.notna()]
        at = where[where.notna()].to_numpy(dtype=np.int64)
        n = len(report.places)
        codes = [REASON_CODES.index(r) if r in REASON_CODES else 0 for r in known["reason"].map(as_text)]
        series["|".join(["time:" + str(keys[0]), *map(str, keys[1:])])] = {
            "v": _spread_minutes(known["travel_time_p50_s"], at, n),
            "lo": _spread_minutes(known["travel_time_p25_s"], at, n),
            "hi": _spread_minutes(known["travel_time_p75_s"], at, n),
            "c": _spread(codes, at, n, fill=0),
        }
    measures += [
        {
            "key": f"time:{category.key}",
            "label": f"Travel time to {category.phrase}",
            "kind": "time",
            "category": category.key,
            "dims": ["snapshot", "window", "direction", "mode"],
            "worse": "high",
            "unit": "minutes",
            "step": 1,
        }
        for category in report.context.categories
        if report.has_category(category.key)
    ]


def _spread(values: Iterable[float | int | None], at: np.ndarray, n: int, fill: int | None) -> list[float | int | None]:
    found: list[float | int | None] = [fill] * n
    for position, value in zip(at.tolist(), values, strict=True):
        found[position] = value
    return found


def _spread_minutes(seconds: pd.Series, at: np.ndarray, n: int) -> list[float | int | None]:
    minutes = np.floor(seconds.to_numpy(dtype=np.float64, na_value=np.nan) / 60.0 + 0.5)
    return _spread([None if np.isnan(value) else int(value) for value in minutes], at, n, fill=None)


def _spread_number(values: pd.Series, at: np.ndarray, n: int, decimals: int | None) -> list[float | int | None]:
    """Round numbers as they are shown, and vehicle runs (no ``decimals``) by the rule for those."""
    numbers = [as_float(value) for value in values]
    shown = [None if v is None else round_rate(v) if decimals is None else round_shown(v, decimals) for v in numbers]
    return _spread(shown, at, n, fill=None)


def _add_jobs(
    report: ReportData, series: dict[str, dict[str, list[float | int | None]]], measures: list[dict[str, object]]
) -> None:
    jobs = report[d.JOBS]
    for keys, part in jobs.groupby(["category", "limit_min", "snapshot", "window", "mode_set"], sort=True):
        known = part[part["neighbourhood_code"].isin(report.position)]
        at = known["neighbourhood_code"].map(report.position).to_numpy(dtype=np.int64)
        codes = [REASON_CODES.index(r) if r in REASON_CODES else 0 for r in known["reason"].map(as_text)]
        n = len(report.places)
        series["|".join([f"jobs:{keys[0]}:{round_half_up(float(str(keys[1])))}", *map(str, keys[2:])])] = {
            "v": _spread_number(known["jobs_p50"], at, n, 0),
            "c": _spread(codes, at, n, fill=0),
        }
    measures += [
        {
            "key": f"jobs:{category.key}:{limit}",
            "label": f"{capitalise(category.count_label)} within {limit} minutes",
            "kind": "count",
            "dims": ["snapshot", "window", "mode"],
            "worse": "low",
            "unit": category.count_label,
            "step": 1,
        }
        for category in report.context.categories
        for limit in _list_limits(jobs[jobs["category"] == category.key])
    ]


def _describe_caveat(report: ReportData, snapshot: SnapshotInfo) -> str:
    """Return what must stand beside every map and table of a snapshot."""
    operators = report[d.OPERATORS]
    chosen = operators[(operators["snapshot"] == snapshot.key) & (operators["presence_class"] == "missing")]
    names = sorted({as_text(name) for name in chosen["operator_name"]} - {""})
    sentences = [snapshot.note] if snapshot.note else []
    if len(chosen):
        who = f"{len(chosen)} operators" if len(names) > MAX_OPERATORS or not names else join_words(names)
        sentences.append(f"The data of {who} is missing at this date: times may be too long.")
    return " ".join(sentences)


def _list_limits(jobs: pd.DataFrame) -> list[int]:
    return sorted({round_half_up(float(value)) for value in jobs["limit_min"].dropna()})


def _add_service(
    report: ReportData, series: dict[str, dict[str, list[float | int | None]]], measures: list[dict[str, object]]
) -> None:
    levels = report[d.SERVICE_LEVEL]
    levels = levels[(levels["mode"] == "all") & levels["neighbourhood_code"].isin(report.position)]
    n = len(report.places)
    for day_type, band, label in SERVICE_MEASURES:
        key = f"runs:{day_type}_{band}"
        chosen = levels[(levels["day_type"] == day_type) & (levels["band"] == band)]
        if chosen.empty:
            continue
        for snapshot, part in chosen.groupby("snapshot", sort=True):
            at = part["neighbourhood_code"].map(report.position).to_numpy(dtype=np.int64)
            classes = [as_text(value) for value in part["coverage_class"]]
            codes = [REASON_CODES.index(c) if c in {"partial", "missing"} else 0 for c in classes]
            runs = part["runs_per_day"].where(part["coverage_class"] != "missing")
            series[f"{key}|{snapshot}"] = {
                "v": _spread_number(runs, at, n, None),
                "c": _spread(codes, at, n, fill=0),
            }
        measures.append(
            {
                "key": key,
                "label": label,
                "short": DAY_TYPE_LABELS[day_type],
                "kind": "rate",
                "dims": ["snapshot"],
                "worse": "low",
                "unit": "runs",
                "step": 0.1,
            }
        )


def _add_score(
    report: ReportData, series: dict[str, dict[str, list[float | int | None]]], measures: list[dict[str, object]]
) -> None:
    scores = report[d.SCORE]
    scores = scores[scores["neighbourhood_code"].isin(report.position)]
    if scores.empty:
        return
    n = len(report.places)
    for snapshot, part in scores.groupby("snapshot", sort=True):
        at = part["neighbourhood_code"].map(report.position).to_numpy(dtype=np.int64)
        classes = [as_text(value) for value in part["coverage_class"]]
        series[f"score|{snapshot}"] = {
            "v": _spread_number(part["score"], at, n, 1),
            "rank": _spread_number(part["rank"], at, n, 1),
            "lo": _spread_number(part["rank_low"], at, n, 0),
            "hi": _spread_number(part["rank_high"], at, n, 0),
            "c": _spread([REASON_CODES.index(c) if c in {"partial", "missing"} else 0 for c in classes], at, n, 0),
        }
    measures.append(
        {
            "key": "score",
            "label": "Connectivity score (higher is worse)",
            "kind": "score",
            "dims": ["snapshot"],
            "worse": "high",
            "unit": "points",
            "step": 0.1,
        }
    )


def _build_breaks(
    measures: Sequence[Mapping[str, object]], series: Mapping[str, Mapping[str, Sequence[float | int | None]]]
) -> dict[str, list[float]]:
    steps = {str(measure["key"]): float(str(measure["step"])) for measure in measures}
    pooled: dict[str, list[float]] = {}
    for key, lists in series.items():
        measure, _snapshot, *rest = key.split("|")
        values = pooled.setdefault("|".join([measure, *rest]), [])
        values.extend(float(value) for value in lists["v"] if value is not None)
    return {
        key: compute_breaks(values, steps[key.split("|")[0]])
        for key, values in sorted(pooled.items())
        if key.split("|")[0] in steps
    }
