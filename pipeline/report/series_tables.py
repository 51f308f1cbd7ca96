"""Tables of a report on a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.series_data import (
    AUTHORITY_CHANGE,
    format_span_pct,
    format_span_rank,
    format_span_runs,
    select,
)
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    NBSP,
    as_float,
    as_text,
    capitalise,
    format_integer,
    format_pct,
    format_rate,
    uncapitalise,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import Row, SeriesReport

TEN = 10
CERTAIN = {"comparable": "", "partial": "partial", "missing": "missing"}


def build_group_table(report: SeriesReport, measure: MeasureInfo, anchor: str) -> Table:
    """Return runs a day of every group and region by year; doubtful years are marked with a question mark."""
    columns = [Column("Where", is_number=False), Column("Group", is_number=False)]
    columns += [Column(str(year)) for year in report.years]
    rows = []
    for region, label in report.info.regions:
        for group in report.groups:
            series = report.find_group_series(region, group.key, measure)
            if series is not None:
                cells = [build_year_cell(row) for row in series]
                rows.append((build_text_cell(label), build_text_cell(capitalise(group.label)), *cells))
    caption = f"{measure.label}: bus runs a day by year, mean over small areas weighted by people"
    note = (
        "A question mark stands behind doubtful figures: a doubtful year, or more than 5% of the people without a "
        "figure. Empty years have no figures; nothing is filled in."
    )
    return Table(anchor, caption, tuple(columns), tuple(rows), note)


def build_year_cell(row: Mapping[str, object]) -> Cell:
    """Return runs a day of one year, marked where doubtful, empty where there is none."""
    runs = as_float(row["runs_per_day"])
    if runs is None:
        return Cell("none", look="missing")
    is_partial = as_text(row["coverage_class"]) == "partial"
    text = format_rate(runs)
    return Cell(f"{text}{NBSP}?", runs, "partial") if is_partial else Cell(text, runs)


def build_group_change_table(report: SeriesReport, measure: MeasureInfo, anchor: str) -> Table:
    """Return the change of every group and region as ranges, with and without doubtful places."""
    columns = (
        Column("Where", is_number=False),
        Column("Group", is_number=False),
        Column(f"{capitalise(report.context.noun_plural)}"),
        Column(f"Runs a day, {report.info.span_before}"),
        Column(f"Runs a day, {report.info.span_after}"),
        Column("Change"),
        Column("Change without doubtful places"),
        Column("People in doubtful places"),
        Column("Fell / rose under every choice"),
        Column("Largest loss between", is_number=False),
    )
    rows = []
    for region, label in report.info.regions:
        for group in report.groups:
            row = report.find_group_change(region, group.key, measure)
            if row is None:
                continue
            rows.append(
                (
                    build_text_cell(label),
                    build_text_cell(capitalise(group.label)),
                    Cell(format_integer(as_float(row["n_neighbourhoods"]) or 0)),
                    Cell(format_span_runs(row, "before_{}_runs_per_day")),
                    Cell(format_span_runs(row, "after_{}_runs_per_day")),
                    Cell(format_span_pct(row), look=CERTAIN[as_text(row["coverage_class"])]),
                    Cell(format_span_pct(row, "change_sure_{}_pct")),
                    Cell(format_pct(as_float(row["people_doubtful_pct"]))),
                    Cell(" / ".join(format_integer(as_float(row[name]) or 0) for name in ("n_fell", "n_rose"))),
                    build_text_cell(format_largest_loss(row)),
                )
            )
    caption = f"{measure.label}: change of bus runs a day, least and greatest over all choices of baseline and end"
    note = (
        f"Baselines: {', '.join(report.info.baselines)}. Ends: {', '.join(report.info.ends)}. A change compares the "
        "same small areas at both ends: those with a figure in every year that is used."
    )
    return Table(anchor, caption, columns, tuple(rows), note)


def format_largest_loss(row: Mapping[str, object]) -> str:
    """Return the two years between which most was lost and how much, ``2019 and 2021 (-112)``."""
    change = as_float(row["largest_loss_change_runs_per_day"])
    if change is None:
        return "none"
    years = [format(int(as_float(row[f"largest_loss_{end}_year"]) or 0)) for end in ("from", "to")]
    return f"{years[0]} and {years[1]} ({format_rate(change)})"


def build_ward_table(report: SeriesReport, measure: MeasureInfo, anchor: str, *, only_first: bool = False) -> Table:
    """Return left behind neighbourhoods ranked by the runs that they lost, with how sure that is."""
    columns = (
        Column(capitalise(report.context.noun), is_number=False),
        Column("Authority", is_number=False),
        Column("Rank by runs lost", is_sortable=True),
        Column("Change in runs a day", is_sortable=True),
        Column("Change in %", is_sortable=True),
        Column("Rank by share lost", is_sortable=True),
        Column(f"Among the ten that lost most, of {report.n_choices} choices"),
        Column("Data", is_number=False),
    )
    codes = report.ranked[:TEN] if only_first else report.ranked
    rows = tuple(_build_ward_row(report, code, measure) for code in codes)
    caption = (
        f"{measure.label}: the {'ten of the ' if only_first else ''}{len(report.ranked)} left behind "
        f"{report.context.noun_plural} that lost most runs, ranges over baselines and ends"
    )
    note = (
        "Rank 1 lost most; both ends of a rank or change are the least and the greatest over all choices of baseline "
        f"and end. Order: middle of the rank by runs lost, {uncapitalise(report.head.label)}."
    )
    return Table(anchor, caption, columns, rows, note)


def _build_ward_row(report: SeriesReport, code: str, measure: MeasureInfo) -> tuple[Cell, ...]:
    row = report.get_change(code, measure)
    look = CERTAIN[as_text(row["coverage_class"])]
    return (
        build_text_cell(as_text(row["neighbourhood_name"]), href=f"{report.page_folder}{code}.html"),
        build_text_cell(report.get_authority_name(as_text(row["authority_code"]))),
        Cell(format_span_rank(row, "loss_rank_{}")),
        Cell(format_span_runs(row, "change_{}_runs_per_day"), look=look),
        Cell(format_span_pct(row), look=look),
        Cell(format_span_rank(row, "loss_share_rank_{}")),
        Cell(report.describe_ten(row)),
        build_text_cell(report.describe_certainty(row), look=f"words {look}".strip()),
    )


def build_authority_table(report: SeriesReport, measure: MeasureInfo) -> Table:
    """Return the change of every authority, the largest losses first."""
    frame = select(report.tables[AUTHORITY_CHANGE], measure)
    frame = frame.assign(middle=(frame["change_low_pct"] + frame["change_high_pct"]) / 2)
    columns = (
        Column("Authority", is_number=False),
        Column(f"Runs a day, {report.info.span_before}"),
        Column(f"Runs a day, {report.info.span_after}"),
        Column("Change"),
        Column("Largest loss between", is_number=False),
        Column("Data", is_number=False),
    )
    rows = []
    for row in frame.sort_values(["middle", "authority_code"], kind="stable").to_dict("records"):
        known: Row = {str(key): value for key, value in row.items()}
        look = CERTAIN[as_text(known["coverage_class"])]
        rows.append(
            (
                build_text_cell(as_text(known["authority_name"])),
                Cell(format_span_runs(known, "before_{}_runs_per_day")),
                Cell(format_span_runs(known, "after_{}_runs_per_day")),
                Cell(format_span_pct(known), look=look),
                build_text_cell(format_largest_loss(known)),
                build_text_cell(report.describe_certainty(known), look=f"words {look}".strip()),
            )
        )
    caption = f"{measure.label}: change of bus runs a day by authority, largest loss first"
    return Table("authorities", caption, columns, tuple(rows))


def build_coverage_table(report: SeriesReport) -> Table:
    """Return the share of people without a figure by year, region and group in the measure that leads."""
    columns = [Column("Where", is_number=False), Column("Group", is_number=False)]
    columns += [Column(str(year)) for year in report.years]
    rows = []
    for region, label in report.info.regions:
        for group in report.groups:
            series = report.find_group_series(region, group.key, report.head)
            if series is None:
                continue
            cells = [
                Cell(
                    format_pct(as_float(row["people_without_pct"])).replace(f"under{NBSP}", "<"),
                    look=CERTAIN[as_text(row["coverage_class"])],
                )
                for row in series
            ]
            rows.append((build_text_cell(label), build_text_cell(capitalise(group.label)), *cells))
    caption = f"{report.head.label}: share of people in small areas without a figure"
    return Table("coverage", caption, tuple(columns), tuple(rows))


def build_doubt_table(report: SeriesReport) -> Table:
    """Return the years that are declared doubtful or missing, and why."""
    columns = tuple(Column(label, is_number=False) for label in ("Years", "Where and when", "Treated as", "Why"))
    rows = tuple(
        (
            build_text_cell(doubt.years),
            build_text_cell(doubt.scope),
            build_text_cell("missing" if doubt.is_missing else "doubtful"),
            build_text_cell(doubt.reason, look="words"),
        )
        for doubt in report.info.doubts
    )
    return Table("doubts", "Years that are not to be trusted", columns, rows)


def build_place_tables(report: SeriesReport, code: str) -> list[Table]:
    """Return the tables of a neighbourhood's page: change by measure, runs by year, its small areas."""
    change_columns = (
        Column("Day and hours", is_number=False),
        Column(f"Runs a day, {report.info.span_before}"),
        Column(f"Runs a day, {report.info.span_after}"),
        Column("Change in runs"),
        Column("Change in %"),
        Column("Rank by runs lost"),
        Column("Rank by share lost"),
        Column("Largest loss between", is_number=False),
    )
    changes = []
    for measure in report.info.measures:
        row = report.get_change(code, measure)
        look = CERTAIN[as_text(row["coverage_class"])]
        changes.append(
            (
                build_text_cell(measure.label),
                Cell(format_span_runs(row, "before_{}_runs_per_day")),
                Cell(format_span_runs(row, "after_{}_runs_per_day")),
                Cell(format_span_runs(row, "change_{}_runs_per_day"), look=look),
                Cell(format_span_pct(row), look=look),
                Cell(format_span_rank(row, "loss_rank_{}")),
                Cell(format_span_rank(row, "loss_share_rank_{}")),
                build_text_cell(format_largest_loss(row)),
            )
        )
    ranked = int(as_float(report.get_change(code, report.head)["n_ranked"]) or 0)
    change = Table(
        "change",
        f"Change as ranges over baselines and ends; ranks among {ranked} left behind {report.context.noun_plural}",
        change_columns,
        tuple(changes),
    )
    lines = [[build_year_cell(row) for row in report.get_place_series(code, m)] for m in report.info.measures]
    by_year = Table(
        "years",
        "Bus runs a day by year; a question mark stands behind doubtful figures, none where there is no figure",
        (Column("Year", is_number=False), *(Column(measure.label) for measure in report.info.measures)),
        tuple((build_text_cell(str(year)), *cells) for year, *cells in zip(report.years, *lines, strict=True)),
    )
    return [change, by_year, _build_small_area_table(report, code)]


def _build_small_area_table(report: SeriesReport, code: str) -> Table:
    columns = (
        Column("Small area", is_number=False),
        Column(f"Runs a day, {report.info.span_before}"),
        Column(f"Runs a day, {report.info.span_after}"),
        Column("Change in runs"),
        Column("Change in %"),
        Column("Data", is_number=False),
    )
    rows = []
    for row in sorted(report.get_small_areas(code), key=lambda r: as_text(r["small_area_code"])):
        look = CERTAIN[as_text(row["coverage_class"])]
        rows.append(
            (
                build_text_cell(as_text(row["small_area_code"])),
                Cell(format_span_runs(row, "before_{}_runs_per_day")),
                Cell(format_span_runs(row, "after_{}_runs_per_day")),
                Cell(format_span_runs(row, "change_{}_runs_per_day"), look=look),
                Cell(format_span_pct(row), look=look),
                build_text_cell(report.describe_certainty(row), look=f"words {look}".strip()),
            )
        )
    return Table("small-areas", f"Its small areas: {uncapitalise(report.head.label)}", columns, tuple(rows))
