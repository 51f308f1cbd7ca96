"""The league table of change: who became worse connected, ranked only where both dates cover the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.findings import Finding, FindingBlock
from pipeline.report.tables import Cell, Column, Table, build_folded_cell, build_text_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    fold_phrases,
    format_count_of,
    format_integer,
    format_number,
    format_rank,
    format_rank_of,
    format_signed,
    join_words,
    round_shown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pipeline.report.data import ReportData

LEAGUE = "out_neighbourhood__change_league"
MEASURES = {
    "absolute_index": "Absolute index (0 to 100, higher is better connected)",
    "score": "Ranked score (higher is worse connected; moves when others do)",
}
CLASSES = ("comparable", "partial", "missing")
Row = dict[str, object]


@dataclass(frozen=True)
class Pair:
    """Two dates between which change is ranked."""

    start: str
    end: str
    label: str

    @property
    def key(self) -> str:
        """Name within the page's address."""
        return f"{self.start}|{self.end}"


class ChangeLeague:
    """The rows of the league, by pair of dates and measure.

    Parameters
    ----------
    report
        The published tables.
    frame
        ``out_neighbourhood__change_league``.
    """

    def __init__(self, report: ReportData, frame: pd.DataFrame) -> None:
        self.report = report
        self.frame = frame[frame["neighbourhood_code"].isin(report.position)]
        self.labels = {item.key: item.label for item in report.context.indicators} | {"missing_data": "missing data"}
        self.pairs = self._list_pairs()
        self.measures = [key for key in MEASURES if (self.frame["measure"] == key).any()]

    def _list_pairs(self) -> list[Pair]:
        """Return the pairs, the whole period first, then the steps, the latest first."""
        context = self.report.context
        order = {snapshot.key: number for number, snapshot in enumerate(context.snapshots)}
        found = {
            (as_text(a), as_text(b)) for a, b in self.frame[["snapshot_from", "snapshot_to"]].itertuples(index=False)
        }
        known = [pair for pair in found if pair[0] in order and pair[1] in order]
        known.sort(key=lambda pair: (order[pair[0]] - order[pair[1]], -order[pair[1]]))
        names = {snapshot.key: context.name_snapshot(snapshot) for snapshot in context.snapshots}
        return [Pair(a, b, f"{names[a]} to {names[b]}") for a, b in known]

    def list_rows(self, pair: Pair, measure: str) -> list[Row]:
        """Return the rows of a pair and measure: the ranked first, rank 1 at the head, then the others by name."""
        frame = self.frame
        frame = frame[
            (frame["snapshot_from"] == pair.start) & (frame["snapshot_to"] == pair.end) & (frame["measure"] == measure)
        ]
        rows = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]

        def order(row: Row) -> tuple[bool, float, str, str]:
            rank = as_float(row["rank"])
            code = as_text(row["neighbourhood_code"])
            return (rank is None, rank or 0.0, self.report.places[self.report.position[code]].name, code)

        return sorted(rows, key=order)

    def name_cause(self, row: Row) -> str:
        """Return the indicator that moved most and by how many points."""
        points, name = as_float(row["main_indicator_points"]), as_text(row["main_indicator"])
        return f"{capitalise(self.labels.get(name, name))}: {format_signed(points, 1)}" if name else ""

    def _describe_rank(self, row: Row, n_ranked: int) -> str:
        """Say a rank and how far it moves: ``rank 1 of 17, 1 to 3 under other weights``."""
        rank, low, high = (as_float(row[name]) for name in ("rank", "rank_low", "rank_high"))
        text = f"rank {format_rank_of(rank, n_ranked)}"
        if low is None or high is None:
            return text
        bounds = format_integer(low) if low == high else f"{format_integer(low)} to {format_integer(high)}"
        return f"{text}, {bounds} under other weights"

    def _name(self, row: Row) -> str:
        return self.report.places[self.report.position[as_text(row["neighbourhood_code"])]].name

    def describe(self, pair: Pair, measure: str) -> str:
        """Say who fell and who gained most, or why nobody can be ranked."""
        rows, context = self.list_rows(pair, measure), self.report.context
        ranked = [row for row in rows if as_float(row["rank"]) is not None]
        lead = f"From {pair.label}"
        if not ranked:
            counts = [
                f"{format_integer(n)} {'with data in part' if kind == 'partial' else 'with missing data'}"
                for kind in CLASSES[1:]
                if (n := sum(row["coverage_class"] == kind for row in rows))
            ]
            who = format_count_of(len(rows), context.noun, context.noun_plural)
            return f"{lead} none of {who} can be ranked: {join_words(counts)}."
        left = len(rows) - len(ranked)
        others = capitalise(format_count_of(left, context.noun, context.noun_plural))
        rest = f" {others} cannot be ranked." if left else ""
        lowest, highest = (format_signed(as_float(row["change_alike_points"]), 1) for row in (ranked[0], ranked[-1]))
        if len(ranked) == 1:
            only = f"only {self._name(ranked[0])} is covered by both timetables; it moved by {lowest} points"
            return f"{lead}, {only}.{rest}"
        if lowest == highest:
            all_of = f"all {format_integer(len(ranked))} {context.noun_plural} that both timetables cover"
            return f"{lead}, {all_of} moved alike, by {lowest} points.{rest}"
        parts = []
        for row, words in ((ranked[0], "lost most"), (ranked[-1], "gained most or lost least")):
            cause = self.name_cause(row)
            cause = f", chiefly {cause[0].lower()}{cause[1:]}" if cause else ""
            points = format_signed(as_float(row["change_alike_points"]), 1)
            parts.append(f"{self._name(row)} {words} ({points} points{cause}; {self._describe_rank(row, len(ranked))})")
        who = f"the {format_integer(len(ranked))} {context.noun_plural} that both timetables cover"
        return f"{lead}, among {who}, {join_words(parts)}.{rest}"


def find_change_league(report: ReportData, tables: Mapping[str, pd.DataFrame]) -> ChangeLeague | None:
    """Return the league of change, None where none was published or it holds no pair of dates of this report."""
    frame = tables.get(LEAGUE)
    if frame is None or frame.empty:
        return None
    league = ChangeLeague(report, frame)
    return league if league.pairs and league.measures else None


def build_change_blocks(league: ChangeLeague | None) -> list[FindingBlock]:
    """Return what the overview says about the league of change; nothing where there is none."""
    if league is None:
        return []
    text = league.describe(league.pairs[0], league.measures[0])
    caveat = (
        "Points of the absolute index over the indicators that have data at both dates; the interval holds nine of ten "
        "ranks under other weights and parameters."
    )
    return [
        FindingBlock("Who became worse connected", (Finding(text, "changes.html", "League table of change", caveat),))
    ]


def build_ranked_table(league: ChangeLeague) -> Table:
    """Return the ranked places of the first pair and measure; the page's script shows the others."""
    rows = league.list_rows(league.pairs[0], league.measures[0])
    ranked = tuple(_build_row(league, row) for row in rows if as_float(row["rank"]) is not None)
    context = league.report.context
    columns = (
        Column(capitalise(context.noun), is_number=False),
        Column("Group", is_number=False),
        Column("Rank, 1 = lost most (interval)"),
        Column("Change, points"),
        Column("Before"),
        Column("After"),
        Column("Indicator that moved most, points", is_number=False),
    )
    return Table("changes", f"Ranked: {league.pairs[0].label}", columns, ranked)


def _build_row(league: ChangeLeague, row: Row) -> tuple[Cell, ...]:
    report = league.report
    place = report.places[report.position[as_text(row["neighbourhood_code"])]]
    return (
        build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
        build_text_cell(capitalise(report.context.get_group(place.group).label)),
        Cell(format_rank(*(as_float(row[name]) for name in ("rank", "rank_low", "rank_high")))),
        Cell(format_signed(as_float(row["change_alike_points"]), 1)),
        Cell(format_number(as_float(row["value_from"]), 1)),
        Cell(format_number(as_float(row["value_to"]), 1)),
        build_text_cell(league.name_cause(row)),
    )


def build_unranked_table(league: ChangeLeague) -> Table:
    """Return the places of the first pair that are not ranked, with the reason."""
    rows = [row for row in league.list_rows(league.pairs[0], league.measures[0]) if as_float(row["rank"]) is None]
    report = league.report
    cells = []
    for row in rows:
        place = report.places[report.position[as_text(row["neighbourhood_code"])]]
        cells.append(
            (
                build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
                build_text_cell(capitalise(report.context.get_group(place.group).label)),
                build_folded_cell(
                    report.context.put_words(as_text(row["coverage_reason"])), look=f"words {row['coverage_class']}"
                ),
            )
        )
    columns = tuple(Column(label, is_number=False) for label in (capitalise(report.context.noun), "Group", "Why not"))
    return Table("unranked", f"Not ranked: {league.pairs[0].label}", columns, tuple(cells))


def build_changes_payload(league: ChangeLeague) -> dict[str, object]:
    """Return every pair and measure for the page's selectors, as parallel lists in the order shown."""
    reasons: dict[str, int] = {"": 0}
    causes: dict[str, int] = {"": 0}
    figures: dict[str, object] = {}
    put_words = league.report.context.put_words
    for pair in league.pairs:
        for measure in league.measures:
            rows = league.list_rows(pair, measure)
            figures[f"{pair.key}|{measure}"] = {
                "text": league.describe(pair, measure),
                "i": [league.report.position[as_text(row["neighbourhood_code"])] for row in rows],
                **{
                    name: _list_numbers(rows, column)
                    for name, column in (
                        ("rank", "rank"),
                        ("lo", "rank_low"),
                        ("hi", "rank_high"),
                        ("change", "change_alike_points"),
                        ("from", "value_from"),
                        ("to", "value_to"),
                    )
                },
                "cause": [causes.setdefault(league.name_cause(row), len(causes)) for row in rows],
                "c": [CLASSES.index(as_text(row["coverage_class"])) for row in rows],
                "why": [reasons.setdefault(put_words(as_text(row["coverage_reason"])), len(reasons)) for row in rows],
            }
    return {
        "pairs": [{"key": pair.key, "label": pair.label} for pair in league.pairs],
        "measures": [{"key": key, "label": MEASURES[key]} for key in league.measures],
        "classes": CLASSES,
        "figures": figures,
        "reasons": [dict(zip(("text", "more"), fold_phrases(reason), strict=True)) for reason in reasons],
        "causes": list(causes),
    }


def _list_numbers(rows: Sequence[Row], column: str) -> list[float | None]:
    return [None if (value := as_float(row[column])) is None else round_shown(value, 1) for row in rows]
