"""The profile of a place in the report on a published series: figures of its page, and a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.report.drawing import Drawing
from pipeline.report.profile_charts import (
    GroupBox,
    Part,
    build_parts_figure,
    build_rank_figure,
    build_score_figure,
    choose_top,
)
from pipeline.report.profile_columns import GROUP_SUMMARY, INFLUENCE
from pipeline.report.profile_figure import Figure
from pipeline.report.profile_file import ProfileFile, render_profile, unknown_place
from pipeline.report.profile_maps import draw_locator
from pipeline.report.profile_scores import describe_stability
from pipeline.report.quality import collect_attributions
from pipeline.report.score_tables import INDICATOR, SCORE, build_definition_table, build_place_score_table
from pipeline.report.series_data import LEFT_BEHIND, SeriesReport, describe_span
from pipeline.report.series_findings import describe_place
from pipeline.report.series_tables import build_place_tables
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_number,
    format_quantity,
    format_rank,
    format_rate,
    uncapitalise,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.report.context import ReportContext
    from pipeline.report.series_context import MeasureInfo, SeriesInfo

WIDTH, HEIGHT = 360.0, 176.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 16.0, 26.0, 24.0
MAX_PANELS = 4
Row = dict[str, object]


def build_place_figures(report: SeriesReport, code: str) -> list[Figure]:
    """Return the figures of a place: runs by year, and where scores were published rank, score and its parts.

    Parameters
    ----------
    report
        The tables.
    code
        Code of a place with a page.

    Returns
    -------
    list of Figure
        At least the first.
    """
    figures = [_build_years(report, code)]
    row = report.find_score(code)
    if row is not None and as_float(row["score"]) is not None:
        figures += _build_score_figures(report, code, row)
    return figures


def describe_source(report: SeriesReport) -> str:
    """Return the source line of the figures."""
    return f"Source: {report.info.source}; own computation."


def _build_years(report: SeriesReport, code: str) -> Figure:
    change = report.get_change(code, report.head)
    name, region = as_text(change["neighbourhood_name"]), as_text(change["region"])
    chosen = [m for m in report.info.measures if m.band in {"all_day", "18_22"}][:MAX_PANELS]
    panels, labels, rows = [], [], []
    beside = f"mean of left behind {report.context.noun_plural}, {dict(report.info.regions)[region]}"
    for measure in chosen:
        own = report.get_place_series(code, measure)
        group = report.find_group_series(region, LEFT_BEHIND, measure) or []
        panels.append(draw_year_panel(measure.label, report.years, own, group))
        labels.append(f"{measure.label}: {_describe_years(own)}.")
        for who, series in ((name, own), (beside, group)):
            rows += [_list_year(measure, who, row) for row in series]
    span = describe_span(change)
    return Figure(
        key="years",
        headline=f"Bus runs in {name}, {uncapitalise(report.head.label)}, {span}, "
        f"{report.info.span_before} to {report.info.span_after}",
        title=f"Bus runs a day by year in {name}, beside the {beside}",
        panels=tuple(panels),
        labels=tuple(labels),
        data=pd.DataFrame(rows),
        legend=(
            ("d-series", name),
            ("d-doubt", "doubtful year"),
            ("d-median", beside),
            ("d-none", "no figure: missing data, not a cut"),
        ),
        note="Each panel has its own scale.",
    )


def _list_year(measure: MeasureInfo, who: str, row: Row) -> Row:
    return {
        "day_and_hours": measure.label,
        "of": who,
        "year": row["year"],
        "runs_per_day": as_float(row["runs_per_day"]),
        "coverage": as_text(row["coverage_class"]),
    }


def _describe_years(rows: Sequence[Row]) -> str:
    words = []
    for row in rows:
        value = as_float(row["runs_per_day"])
        text = "no figure" if value is None else format_rate(value)
        doubt = " (doubtful)" if value is not None and as_text(row["coverage_class"]) == "partial" else ""
        words.append(f"{as_text(row['year'])} {text}{doubt}")
    return "; ".join(words)


def draw_year_panel(title: str, years: Sequence[int], own: Sequence[Row], group: Sequence[Row]) -> Drawing:
    """Draw one measure by year: a gap stays open and is hatched, a doubtful year is a hollow mark.

    Parameters
    ----------
    title
        Day and hours.
    years
        Consecutive years.
    own, group
        Rows by year of the place, and of those it stands beside.

    Returns
    -------
    Drawing
        With a scale of its own.
    """
    drawing = Drawing(WIDTH, HEIGHT)
    lines = [{int(as_float(row["year"]) or 0): as_float(row["runs_per_day"]) for row in rows} for rows in (own, group)]
    doubtful = {int(as_float(row["year"]) or 0) for row in own if as_text(row["coverage_class"]) == "partial"}
    top = choose_top([value for line in lines for value in line.values() if value is not None])
    step = (WIDTH - LEFT - RIGHT) / max(len(years) - 1, 1)

    def place(year: int, value: float) -> tuple[float, float]:
        return LEFT + step * years.index(year), HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    drawing.add_text("t-title", 0, 12, f"{title}: runs a day")
    ticks = (0.0, top / 2, top)
    drawing.add_lines("d-grid", [(place(years[0], t), (WIDTH - RIGHT, place(years[0], t)[1])) for t in ticks])
    for tick in ticks:
        words = format_number(tick, 0 if top >= 4 else 1)
        drawing.add_text("t-tick", LEFT - 5, place(years[0], tick)[1] + 4, words, "end")
    every = 1 if len(years) <= 6 else 5 if len(years) > 10 else 2
    for year in years[::-every]:
        drawing.add_text("t-tick", place(year, 0)[0], HEIGHT - BOTTOM + 16, str(year), "middle")
    for year in years:
        if lines[0].get(year) is None:
            left = max(place(year, 0)[0] - step / 2, LEFT)
            right = min(place(year, 0)[0] + step / 2, WIDTH - RIGHT)
            drawing.add_hatch(left, TOP, right - left, HEIGHT - TOP - BOTTOM)
    for look, line in (("d-median", lines[1]), ("d-series", lines[0])):
        drawing.add_lines(look, _join(years, line, place))
    for year, value in sorted(lines[0].items()):
        if value is not None:
            drawing.add_circle("d-doubt" if year in doubtful else "d-known", *place(year, value), 3.2)
    return drawing


def _join(
    years: Sequence[int], line: Mapping[int, float | None], place: Callable[[int, float], tuple[float, float]]
) -> list[list[tuple[float, float]]]:
    """Join years with figures that follow one another; a gap stays open."""
    runs: list[list[tuple[float, float]]] = []
    run: list[tuple[float, float]] = []
    for year in years:
        value = line.get(year)
        if value is not None:
            run.append(place(year, value))
            continue
        runs.append(run)
        run = []
    return [run for run in [*runs, run] if len(run) > 1]


def _build_score_figures(report: SeriesReport, code: str, row: Row) -> list[Figure]:
    name, when = as_text(row["neighbourhood_name"]), f"of {as_text(row['snapshot'])}"
    score, rank = as_float(row["score"]) or 0.0, as_float(row["rank"])
    low, high = as_float(row["rank_low"]), as_float(row["rank_high"])
    frame = report.data[SCORE]
    n = int(frame[frame["snapshot"] == row["snapshot"]]["rank"].notna().sum())
    figures: list[Figure | None] = []
    if rank is not None:
        headline = f"{name} ranks {format_rank(rank, low, high)} of {format_integer(n)}, where 1 is the worst"
        figures.append(build_rank_figure(name, rank, low, high, n=n, when=when, headline=headline))
    boxes = _list_boxes(report, as_text(row["snapshot"]))
    if boxes:
        own = next((box for box in boxes if box.is_own), boxes[0])
        middle = "no median" if own.median is None else format_number(own.median, 1)
        headline = f"Score of {name} {format_number(score, 1)}, median of {own.label} {middle}; higher is worse"
        figures.append(build_score_figure(name, score, boxes, when=when, headline=headline))
    parts = _list_parts(report, code, as_text(row["snapshot"]))
    if any(part.points is not None for part in parts):
        figures.append(build_parts_figure(name, parts, when=when))
    return [figure for figure in figures if figure is not None]


def _list_boxes(report: SeriesReport, snapshot: str) -> list[GroupBox]:
    frame = report.data[GROUP_SUMMARY]
    mine = frame[(frame["snapshot"] == snapshot) & (frame["measure"] == "score")]
    found = {as_text(row["area_group"]): row for row in mine.to_dict("records")}
    boxes = []
    for group in report.data.groups:
        row = found.get(group.key)
        if row is not None:
            p25, median, p75 = (as_float(row[name]) for name in ("p25", "median", "p75"))
            boxes.append(GroupBox(group.label, p25, median, p75, group.key == LEFT_BEHIND))
    return boxes


def _list_parts(report: SeriesReport, code: str, snapshot: str) -> list[Part]:
    frame = report.data[INFLUENCE]
    weights = {
        as_text(row["indicator"]): as_float(row["weight"]) or 0.0
        for row in frame[frame["snapshot"] == snapshot].to_dict("records")
    }
    rows = {as_text(r["indicator"]): r for r in report.data.get_rows(INDICATOR, code) if r["snapshot"] == snapshot}
    known = [key for key, row in rows.items() if as_float(row["score"]) is not None and weights.get(key)]
    total = float(np.sum([weights[key] for key in known]))
    parts = []
    for item in report.context.indicators:
        row = rows.get(item.key)
        if row is None or not weights.get(item.key) or total <= 0:
            continue
        points, weight = as_float(row["score"]), weights[item.key]
        part = None if points is None else weight * points / total
        parts.append(Part(item.label, format_quantity(as_float(row["value"]), item.unit), part, 100 * weight / total))
    return parts


def build_series_profile_file(
    tables: Mapping[str, pd.DataFrame], context: ReportContext, info: SeriesInfo, code: str
) -> ProfileFile:
    """Return the profile of a place of a published series as a file of its own.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names, wording and caveats.
    info
        What the area says about the series.
    code
        Code of a place with a page.

    Returns
    -------
    ProfileFile
        The same tables give the same bytes.

    Raises
    ------
    UsageError
        If there is no such place with a page.
    InputError
        If a table is missing.
    """
    report = SeriesReport(tables, context, info)
    if code not in report.ranked:
        raise unknown_place(code, report.ranked)
    row = report.get_change(code, report.head)
    place = report.data.places[report.data.position[code]]
    locator, score = draw_locator(report.data, place), report.find_score(code)
    figures, source = build_place_figures(report, code), describe_source(report)
    name, authority = as_text(row["neighbourhood_name"]), report.get_authority_name(as_text(row["authority_code"]))
    html = render_profile(
        context,
        name,
        code,
        f"{report.years[0]} to {report.years[-1]}",
        source,
        body="series_place_body.html.j2",
        lead=f"{capitalise(context.get_group(LEFT_BEHIND).label)} · {authority} · "
        f"{format_integer(place.population)} people · code {code}",
        vintage="",
        facts=describe_place(report, code),
        locator=locator and locator.write_svg(f"Where {name} lies in {context.area_title}"),
        definitions=build_definition_table(context),
        caveats=context.caveats,
        attributions=collect_attributions(report.data),
        figures=figures,
        tables=build_place_tables(report, code),
        score=build_place_score_table(report, code),
        stability=describe_stability(score) if score else "",
    )
    return ProfileFile(html, tuple((figure, source) for figure in figures))
