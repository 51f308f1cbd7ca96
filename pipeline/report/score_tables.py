"""Tables about scores: what indicators mean, and scores in the report on a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_number,
    format_quantity,
    format_rank,
    format_rank_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.context import ReportContext
    from pipeline.report.series_data import SeriesReport

SCORE = "out_neighbourhood__score"
INDICATOR = "out_neighbourhood__indicator"
COMPARISON = "out_neighbourhood__comparison"
DATA_WORDS = {"comparable": "no known fault", "partial": "doubtful", "missing": "missing"}
SETS = (
    ("group", "Its group"),
    ("authority", "Its authority"),
    ("rurality", "Same rural or urban class"),
    ("peers", "Peers in deprivation"),
)


def build_definition_table(context: ReportContext) -> Table | None:
    """Return what every indicator measures, what it does not tell and where it comes from; None without indicators."""
    described = [item for item in context.indicators if item.definition]
    if not described:
        return None
    columns = tuple(Column(label, is_number=False) for label in ("Indicator", "What it is", "What it does not tell"))
    rows = tuple(
        (
            build_text_cell(capitalise(item.label)),
            build_text_cell(f"{item.definition} {item.source}".strip(), look="words"),
            build_text_cell(item.caveat, look="words"),
        )
        for item in described
    )
    return Table("indicator-definitions", "What the indicators mean", columns, rows)


def build_league_table(report: SeriesReport) -> Table | None:
    """Return the scores of the places that have a page, the worst first; None where no scores were published."""
    scores = report.tables.get(SCORE)
    if scores is None or scores["score"].isna().all():
        return None
    latest = scores[scores["snapshot"] == scores["snapshot"].max()]
    n_ranked = int(latest["rank"].notna().sum())
    noun = report.context.noun
    mine = latest[latest["neighbourhood_code"].isin(report.ranked)]
    rows = [_build_league_row(report, row) for row in _list(mine.sort_values(["rank", "neighbourhood_code"]))]
    columns = (
        Column(capitalise(noun), is_number=False),
        Column("Authority", is_number=False),
        Column(f"Rank of {format_number(float(n_ranked))}, with its interval"),
        Column("Decile"),
        Column("Score"),
        Column("Absolute index"),
        Column("Data", is_number=False),
    )
    caption = f"Score of {latest['snapshot'].max()}: bus service, its change and distances, the worst first"
    note = (
        f"Rank and decile are among all {report.context.noun_plural}; 1 is the worst. The interval holds nine of ten "
        "ranks under other weights and coverage; a decile with a question mark is not stable under them. The absolute "
        "index runs from 0 to 100 (best) between fixed anchors. Distances are straight lines: no travel time exists."
    )
    return Table("scores", caption, columns, tuple(rows), note)


def _build_league_row(report: SeriesReport, row: Mapping[str, object]) -> tuple[Cell, ...]:
    code = as_text(row["neighbourhood_code"])
    change = report.get_change(code, report.head)
    decile = format_number(as_float(row["decile"]))
    is_shaky = as_float(row["decile"]) is not None and not row["is_decile_stable"]
    coverage = as_text(row["coverage_class"])
    return (
        build_text_cell(as_text(row["neighbourhood_name"]), href=f"{report.page_folder}{code}.html"),
        build_text_cell(report.get_authority_name(as_text(change["authority_code"]))),
        Cell(format_rank(*(as_float(row[name]) for name in ("rank", "rank_low", "rank_high")))),
        Cell(f"{decile} ?" if is_shaky else decile),
        Cell(format_number(as_float(row["score"]), 1)),
        Cell(format_number(as_float(row["absolute_index"]), 1)),
        build_text_cell(DATA_WORDS.get(coverage, coverage), look=coverage if coverage != "comparable" else ""),
    )


def build_place_score_table(report: SeriesReport, code: str) -> Table | None:
    """Return a place's indicators beside the medians of those with whom it is fairly compared; None without scores."""
    indicators, comparisons = report.tables.get(INDICATOR), report.tables.get(COMPARISON)
    if indicators is None or comparisons is None:
        return None
    own = indicators[indicators["neighbourhood_code"] == code]
    beside = {as_text(row["measure"]): row for row in _list(comparisons[comparisons["neighbourhood_code"] == code])}
    found = {as_text(row["indicator"]): row for row in _list(own)}
    rows = []
    for item in report.context.indicators:
        row, medians = found.get(item.key), beside.get(item.key)
        if row is None:
            continue
        reason = as_text(row["reason"]).replace("_", " ")
        value = as_float(row["value"])
        rows.append(
            (
                build_text_cell(capitalise(item.label)),
                Cell(reason, look="reason") if value is None else Cell(format_quantity(value, item.unit)),
                Cell(format_rank_of(as_float(row["rank"]), as_float(row["n_ranked"])), sort=as_float(row["rank"])),
                Cell(format_number(as_float(row["score"]), 1)),
                *(
                    Cell(format_quantity(as_float(medians[f"median_{name}"]) if medians else None, item.unit))
                    for name, _ in SETS
                ),
            )
        )
    if not rows:
        return None
    columns = (
        Column("Indicator", is_number=False),
        Column("Value"),
        Column("Rank of those with a value, 1 = worst"),
        Column("Points"),
        *(Column(f"Median: {label[0].lower()}{label[1:]}") for _, label in SETS),
    )
    return Table("place-score", "What the score is made of, beside fair comparisons", columns, tuple(rows))


def _list(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
