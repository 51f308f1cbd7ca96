"""Two neighbourhoods of a published series side by side: every one of the area, not only those that have a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipeline.report import data as d
from pipeline.report.data import compute_median
from pipeline.report.maps import REASON_CODES
from pipeline.report.series_data import PLACE_CHANGE, select
from pipeline.report.text import as_float, as_text, capitalise, round_half_up, round_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.data import Place
    from pipeline.report.series_data import SeriesReport

DISTANCE = "out_neighbourhood__distance"
REASONS = ("", "", "", "", "doubtful data", "missing data")
SPANS = (
    ("change", "Change in %", "change_{}_pct", "%"),
    ("after", "Runs a day, {after}", "after_{}_runs_per_day", ""),
    ("before", "Runs a day, {before}", "before_{}_runs_per_day", ""),
)
LEVEL_BANDS = ("all_day", "18_22")
Values = list[float | int | None]
Spans = list[list[int] | float | None]


def build_series_compare(report: SeriesReport) -> dict[str, object]:
    """Return everything that the comparison page of a published series needs.

    Parameters
    ----------
    report
        The tables and the words.

    Returns
    -------
    dict
        As :func:`pipeline.report.compare.build_compare_payload`, with the neighbourhoods themselves and their
        authorities. Changes and levels are ranges over baselines and ends, rounded to whole runs and per cent.
    """
    places = report.data.places
    names = sorted({place.authority for place in places})
    pages = set(report.ranked)
    series: dict[str, dict[str, Values]] = {}
    medians: dict[str, Spans] = {}
    sections = [_build_measures(report, kind, series, medians) for kind in SPANS]
    sections += [section for section in (_build_scores(report, series, medians),) if section["rows"]]
    sections += [section for section in (_build_distances(report, series, medians),) if section["rows"]]
    return {
        "noun": report.context.noun,
        "reasons": REASONS,
        "partial": "doubtful",
        "what": f"bus runs a day and scores, {report.info.span_before} to {report.info.span_after}",
        "groups": [{"key": group.key, "label": capitalise(group.label)} for group in report.data.groups],
        "authorities": [report.get_authority_name(name) for name in names],
        "places": {
            "code": [place.code for place in places],
            "name": [place.name for place in places],
            "group": [place.group for place in places],
            "authority": [names.index(place.authority) for place in places],
            "page": [place.code if place.code in pages else None for place in places],
        },
        "sections": sections,
        "series": series,
        "medians": medians,
        "start": _find_start(report),
        "choices": [],
    }


def _find_start(report: SeriesReport) -> list[str]:
    """Return the neighbourhood that lost most and the next of the same authority, else the next ranked."""
    codes = report.ranked or [place.code for place in report.data.places]
    first = codes[0]
    authority = report.data.places[report.data.position[first]].authority
    near = [place.code for place in report.data.places if place.authority == authority and place.code != first]
    return [first, (near or [*codes[1:], first])[0]]


def _row(label: str, series: str, kind: str, worse: str, unit: str = "", *, signed: bool = False) -> dict[str, object]:
    return {"label": label, "series": series, "kind": kind, "worse": worse, "unit": unit, "signed": signed}


def _build_measures(
    report: SeriesReport,
    kind: tuple[str, str, str, str],
    series: dict[str, dict[str, Values]],
    medians: dict[str, Spans],
) -> dict[str, object]:
    key, title, column, unit = kind
    words = title.format(after=report.info.span_after, before=report.info.span_before)
    rows = []
    for measure in report.info.measures:
        if key != "change" and measure.band not in LEVEL_BANDS:
            continue
        name = f"{key}:{measure.key}"
        frame = select(report.tables[PLACE_CHANGE], measure).set_index("neighbourhood_code")
        frame = frame.reindex([place.code for place in report.data.places])
        exact = [[as_float(value) for value in frame[column.format(end)]] for end in ("low", "high")]
        ends = [_round(values) for values in exact]
        codes: Values = [
            REASON_CODES.index(c) if c in {"partial", "missing"} else 0 for c in map(as_text, frame["coverage_class"])
        ]
        series[name] = {"v": ends[0], "hi": ends[1]}
        if key == "change":
            series[name]["c"] = codes
        medians[name] = _find_medians(report, *exact)
        row = _row(measure.label, name, "span", "low", unit, signed=key == "change")
        rows.append({**row, "cover": f"change:{measure.key}"})
    note = (
        "The least and the greatest over all choices of baseline and end; the difference of two ranges is a range that "
        "holds it whatever the choice. Medians are over places, of both ends."
    )
    return {"title": words, "rows": rows, "note": note}


def _round(values: Values) -> Values:
    return [None if value is None else round_half_up(value) for value in values]


def _find_medians(report: SeriesReport, low: Values, high: Values) -> Spans:
    found: Spans = []
    for group in report.data.groups:
        ends = [_find_median(report.data.get_members(group.key), values) for values in (low, high)]
        found.append(None if ends[0] is None or ends[1] is None else [round_half_up(ends[0]), round_half_up(ends[1])])
    return found


def _find_median(members: Sequence[Place], values: Values) -> float | None:
    known = [float(value) for place in members if (value := values[place.index]) is not None]
    return compute_median(known) if 2 * len(known) >= len(members) else None


def _add(
    report: SeriesReport,
    series: dict[str, dict[str, Values]],
    medians: dict[str, Spans],
    name: str,
    frame: pd.DataFrame,
    column: str,
    divisor: float = 1.0,
) -> None:
    """Add a series of plain numbers with one decimal, and its medians."""
    values = dict(zip(frame["neighbourhood_code"].astype(str), frame[column], strict=True))
    numbers: Values = [
        None if (value := as_float(values.get(place.code))) is None else value / divisor for place in report.data.places
    ]
    series[name] = {"v": [None if value is None else round_shown(value, 1) for value in numbers]}
    found = [_find_median(report.data.get_members(group.key), numbers) for group in report.data.groups]
    medians[name] = [None if value is None else round_shown(value, 1) for value in found]


def _build_scores(
    report: SeriesReport, series: dict[str, dict[str, Values]], medians: dict[str, Spans]
) -> dict[str, object]:
    scores = report.data[d.SCORE]
    rows: list[dict[str, object]] = []
    if scores.empty or scores["score"].isna().all():
        return {"title": "Score", "rows": rows, "note": ""}
    latest = str(scores["snapshot"].max())
    mine = scores[scores["snapshot"] == latest]
    for name, column, label in (
        ("score", "score", "Score (higher is worse)"),
        ("rank", "rank", "Rank, 1 = worst (interval)"),
        ("index", "absolute_index", "Absolute index (0 to 100, higher is better)"),
    ):
        _add(report, series, medians, name, mine, column)
        rows.append(_row(label, name, "rank" if name == "rank" else "score", "high" if name == "score" else "low"))
    for end, column in (("lo", "rank_low"), ("hi", "rank_high")):
        _add(report, series, {}, "bound", mine, column)
        series["rank"][end] = series.pop("bound")["v"]
    note = f"Of {latest}, among all {report.context.noun_plural}; overlapping intervals should not be told apart."
    return {"title": "Score", "rows": rows, "note": note}


def _build_distances(
    report: SeriesReport, series: dict[str, dict[str, Values]], medians: dict[str, Spans]
) -> dict[str, object]:
    frame, rows = report.tables.get(DISTANCE), []
    if frame is not None:
        for category in sorted({str(name) for name in frame["category"]}):
            name = f"distance:{category}"
            _add(report, series, medians, name, frame[frame["category"] == category], "straight_line_m", 1000.0)
            rows.append(_row(f"{capitalise(category.replace('_', ' '))}, the nearest", name, "km", "high"))
    note = "Straight lines, which cross water and are no travel times."
    return {"title": "Straight-line distance", "rows": rows, "note": note}
