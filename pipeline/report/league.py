"""The league table of neighbourhoods at one date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.tables import (
    Cell,
    Column,
    Table,
    build_runs_cell,
    build_text_cell,
    build_time_cell,
)
from pipeline.report.text import (
    as_float,
    capitalise,
    format_integer,
    format_rank,
)

if TYPE_CHECKING:
    from pipeline.report.data import ReportData


def build_league_table(report: ReportData) -> Table:
    """Return the league table at the latest snapshot in the first window, worst connected first."""
    context = report.context
    categories = [category for category in context.categories if report.has_category(category.key)]
    window, snapshot = context.primary_window, context.latest
    scores = _index_rows(report, d.SCORE, snapshot=snapshot.key)
    runs = _index_rows(report, d.SERVICE_LEVEL, snapshot=snapshot.key, mode="all", day_type="weekday", band="all_day")
    times = {
        category.key: _index_rows(
            report,
            d.TRAVEL_TIME,
            snapshot=snapshot.key,
            category=category.key,
            window=window.key,
            direction="outward",
            mode_set="all",
        )
        for category in categories
    }
    rows = []
    for place in report.places:
        score, level = scores.get(place.code, {}), runs.get(place.code, {})
        cells = [
            build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
            build_text_cell(capitalise(context.get_group(place.group).label)),
            Cell(format_integer(place.population), sort=place.population),
            _build_rank_cell(score),
        ]
        for category in categories:
            row = times[category.key].get(place.code, {})
            cells.append(build_time_cell(row.get("travel_time_p50_s"), row.get("reason"), context))
        cells.append(build_runs_cell(level.get("runs_per_day"), level.get("coverage_class")))
        rows.append(tuple(cells))
    rows.sort(key=lambda cells: (cells[3].sort is None, cells[3].sort or 0.0, cells[0].text))
    return Table(
        "league",
        f"{capitalise(context.noun_plural)} by connectivity score, timetables of {context.name_snapshot(snapshot)}, "
        f"{window.label}",
        (
            Column(capitalise(context.noun), is_number=False, is_sortable=True),
            Column("Group", is_number=False, is_sortable=True),
            Column("People", is_sortable=True),
            Column("Rank, 1 = worst (interval)", is_sortable=True),
            *(Column(f"To {category.phrase}", is_sortable=True) for category in categories),
            Column("Weekday runs", is_sortable=True),
        ),
        tuple(rows),
    )


def _index_rows(report: ReportData, name: str, **wanted: str) -> dict[str, dict[str, object]]:
    frame = report[name]
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return {str(row["neighbourhood_code"]): {str(k): v for k, v in row.items()} for row in frame.to_dict("records")}


def _build_rank_cell(score: dict[str, object]) -> Cell:
    rank = as_float(score.get("rank"))
    if rank is None:
        return Cell("no score", look="reason")
    return Cell(format_rank(rank, as_float(score.get("rank_low")), as_float(score.get("rank_high"))), sort=rank)
