"""Which tables the workbook of an area with a published series holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.report.series_data import GROUP_CHANGE, GROUP_SERIES, LEFT_BEHIND, PLACE_CHANGE, select
from pipeline.report.text import DAY_TYPE_LABELS, as_text, capitalise, uncapitalise
from pipeline.report.workbook import Sheet, SheetColumn, Workbook, name_sheets, round_value
from pipeline.report.workbook_sheets import COVERAGE_WORDS, NOTES, SOURCE, build_about, describe_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import SeriesReport

RANGES = (
    ("before_{}_runs_per_day", "Before", "runs a day"),
    ("after_{}_runs_per_day", "After", "runs a day"),
    ("change_{}_pct", "Change", "%"),
)
ENDS = (("low", "least"), ("high", "greatest"))


def build_series_workbook(report: SeriesReport, sources: list[str]) -> Workbook:
    """Return the workbook of an area with a published series.

    Parameters
    ----------
    report
        The published tables.
    sources
        Attributions with their licences.

    Returns
    -------
    Workbook
        Groups by year and their change, the ranked places by measure, all places in the measure that leads.
    """
    context, info = report.context, report.info
    sheets = [
        _build_group_changes(report),
        *(_build_group_years(report, measure) for measure in info.measures),
        *(_build_places(report, measure, only_ranked=True) for measure in info.measures),
        _build_places(report, report.head, only_ranked=False),
    ]
    names = name_sheets([sheet.label for sheet in sheets])
    return Workbook(
        title=f"{context.subject} {context.noun_plural}, {context.area_title}",
        intro=(
            f"{info.title}. Every worksheet holds one table.",
            f"Before: {info.span_before}. After: {info.span_after}.",
            "Changes are given as the least and the greatest over all choices of a baseline and an end.",
            f"Complete tables are in the data package. {context.source_note}",
        ),
        about=tuple(text for text in build_about(context, sources) if text),
        notes=NOTES,
        sheets=tuple(replace(sheet, label=name) for sheet, name in zip(sheets, names, strict=True)),
        source=SOURCE,
    )


def _list_range_columns() -> tuple[SheetColumn, ...]:
    return tuple(SheetColumn(f"{label}, {word}", unit, "range") for _, label, unit in RANGES for _, word in ENDS)


def _list_range_cells(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(round_value(row[name.format(end)], 1) for name, _, _ in RANGES for end, _ in ENDS)


def _build_group_changes(report: SeriesReport) -> Sheet:
    labels = {**dict(report.info.regions), "all": "Whole area", "elsewhere": "Elsewhere"}
    rows = []
    for measure in report.info.measures:
        for row in select(report.tables[GROUP_CHANGE], measure).to_dict("records"):
            region, group = as_text(row["region"]), report.context.get_group(as_text(row["area_group"]))
            rows.append(
                (
                    labels.get(region, region),
                    capitalise(group.label),
                    measure.label,
                    *_list_range_cells({str(key): value for key, value in row.items()}),
                    round_value(row["people_doubtful_pct"], 1),
                    round_value(row["n_neighbourhoods"], 0),
                    round_value(row["n_fell"], 0),
                    round_value(row["n_rose"], 0),
                    round_value(row["population"], 0),
                )
            )
    columns = (
        SheetColumn("Region"),
        SheetColumn("Group"),
        SheetColumn("Day and time"),
        *_list_range_columns(),
        SheetColumn("People in doubtful places", "%"),
        SheetColumn("Places"),
        SheetColumn("Places that lost runs"),
        SheetColumn("Places that gained runs"),
        SheetColumn("People"),
    )
    return Sheet("Groups", "Change of bus runs a day in comparison groups", "Means over people", columns, tuple(rows))


def _name_measure(measure: MeasureInfo) -> str:
    """Return what a sheet is called after a measure: the day and the hours, such as "Sunday 18-22"."""
    hours = "whole day" if measure.band == "all_day" else measure.band.replace("_", "-")
    return f"{uncapitalise(DAY_TYPE_LABELS.get(measure.day_type, measure.day_type))} {hours}"


def _build_group_years(report: SeriesReport, measure: MeasureInfo) -> Sheet:
    frame = select(report.tables[GROUP_SERIES], measure)
    found = {
        (as_text(row["region"]), as_text(row["area_group"]), int(row["year"])): row["runs_per_day"]
        for row in frame.to_dict("records")
    }
    rows = [
        (
            label,
            capitalise(group.label),
            *(round_value(found.get((region, group.key, year)), 1) for year in report.years),
        )
        for region, label in report.info.regions
        for group in report.groups
        if any((region, group.key, year) in found for year in report.years)
    ]
    columns = (
        SheetColumn("Region"),
        SheetColumn("Group"),
        *(SheetColumn(f"Year {year}", "runs a day") for year in report.years),
    )
    title = f"Bus runs a day by year, {uncapitalise(measure.label)}"
    return Sheet(f"Years {_name_measure(measure)}", title, "Means over people", columns, tuple(rows))


def _build_places(report: SeriesReport, measure: MeasureInfo, *, only_ranked: bool) -> Sheet:
    context = report.context
    frame = select(report.tables[PLACE_CHANGE], measure)
    if only_ranked:
        frame = frame[frame["area_group"] == LEFT_BEHIND]
    frame = frame.sort_values("neighbourhood_code", kind="stable")
    rows = []
    for raw in frame.to_dict("records"):
        row = {str(key): value for key, value in raw.items()}
        ranks = [round_value(row[f"loss_rank_{end}"], 1) for end, _ in ENDS] if only_ranked else []
        group = [] if only_ranked else [capitalise(context.get_group(as_text(row["area_group"])).label)]
        rows.append(
            (
                as_text(row["neighbourhood_name"]),
                as_text(row["neighbourhood_code"]),
                report.get_authority_name(as_text(row["authority_code"])),
                *group,
                *_list_range_cells(row),
                as_text(row["change_direction"]),
                *ranks,
                COVERAGE_WORDS.get(as_text(row["coverage_class"])),
                describe_reason(row),
            )
        )
    who = f"left behind {context.noun_plural}" if only_ranked else f"all {context.noun_plural}"
    columns = (
        SheetColumn(capitalise(context.noun)),
        SheetColumn("Code"),
        SheetColumn("Authority"),
        *(() if only_ranked else (SheetColumn("Group"),)),
        *_list_range_columns(),
        SheetColumn("Direction", "", "direction"),
        *(SheetColumn(f"Rank by runs lost, {word}", "1 lost most") for _, word in ENDS if only_ranked),
        SheetColumn("Data", "", "coverage"),
        SheetColumn("Why not complete"),
    )
    label = f"Lost {_name_measure(measure)}" if only_ranked else f"All {context.noun_plural}"
    title = f"Change of bus runs a day, {uncapitalise(measure.label)}, {who}"
    return Sheet(label, title, f"{report.info.span_before} to {report.info.span_after}", columns, tuple(rows))
