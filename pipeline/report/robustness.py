"""How sure the ranks are: other weights, an indicator left out, other parameters where they were computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.report import data as d
from pipeline.report.data import compute_median
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import (
    add_article,
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_number,
    format_pct,
    format_quantity,
    format_rank,
    format_signed,
)
from pipeline.scoring.uncertainty import compute_decile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.data import Place, ReportData

INFLUENCE = "out_indicator__influence"
RUNS = "out_run__sensitivity"
VARIED = "out_neighbourhood__sensitivity"
MAX_ROWS = 60
PARAMETERS = {
    "walking.speed_kmh": "walking speed, km/h",
    "walking.max_access_m": "longest walk to or from a stop, m",
    "walking.max_transfer_m": "longest walk between stops, m",
    "walking.max_link_m": "longest link to the streets, m",
    "transit.interchange_s": "time for a change of vehicle, seconds",
    "transit.max_time_min": "longest journey, minutes",
    "transit.max_changes": "most changes of vehicle",
}
ENDS = {"start": "begins", "end": "ends"}
Row = dict[str, object]


def build_robustness(report: ReportData, tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, str, list[Table]]]:
    """Return the sections of the page that says how sure the ranks are.

    Parameters
    ----------
    report
        The published tables as the report uses them.
    tables
        All published tables by name.

    Returns
    -------
    list of tuple
        Heading, sentence and tables; sections whose figures were not computed are not there.
    """
    sections = [
        _describe_draws(report),
        _describe_influence(report, tables.get(INFLUENCE)),
        _describe_reruns(report, tables.get(RUNS), tables.get(VARIED)),
    ]
    return [section for section in sections if section is not None]


def _list(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _link(place: Place) -> Cell:
    return build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html")


class Move(NamedTuple):
    """Rank of a place as stated and under a variant, and whether it comes into another tenth."""

    stated: float
    varied: float
    is_elsewhere: bool

    @property
    def places(self) -> float:
        """Places by which it moves."""
        return abs(self.varied - self.stated)


def _describe_draws(report: ReportData) -> tuple[str, str, list[Table]] | None:
    """Say whose decile is not stable under other weights, parameters and coverage, at the latest date."""
    context, scores = report.context, report[d.SCORE]
    if scores.empty or "is_decile_stable" not in scores.columns:
        return None
    latest = scores[(scores["snapshot"] == context.latest.key) & scores["rank_low"].notna()]
    rows = [row for row in _list(latest) if as_text(row["neighbourhood_code"]) in report.position]
    if not rows:
        return None
    shaky = [row for row in rows if not row["is_decile_stable"]]
    shaky.sort(key=lambda row: (as_float(row["rank"]) or 0.0, as_text(row["neighbourhood_code"])))
    cells = []
    for row in shaky[:MAX_ROWS]:
        place = report.places[report.position[as_text(row["neighbourhood_code"])]]
        low, high = (as_float(row[f"decile_{end}"]) for end in ("low", "high"))
        cells.append(
            (
                _link(place),
                Cell(format_rank(*(as_float(row[name]) for name in ("rank", "rank_low", "rank_high")))),
                Cell(format_number(as_float(row["decile"]))),
                Cell(f"{format_number(low)} to {format_number(high)}"),
                Cell(format_pct(as_float(row["decile_share_pct"]))),
            )
        )
    text = (
        f"In the timetables of {context.name_snapshot(context.latest)} the tenth in which {add_article(context.noun)} "
        f"lies is stable for {format_integer(len(rows) - len(shaky))} of {format_integer(len(rows))} "
        f"{context.noun_plural}; for {format_integer(len(shaky))} it changes within the interval of nine in ten "
        "draws of weights, parameters and coverage."
    )
    hidden = len(shaky) - len(cells)
    table = Table(
        "unstable",
        f"{capitalise(context.noun_plural)} whose tenth is not stable, timetables of "
        f"{context.name_snapshot(context.latest)}",
        (
            Column(capitalise(context.noun), is_number=False),
            Column("Rank, 1 = worst (interval)"),
            Column("Tenth, 1 = worst"),
            Column("Tenths of the interval"),
            Column("Draws in its own tenth"),
        ),
        tuple(cells),
        f"{format_integer(hidden)} more stand in the downloads." if hidden > 0 else "",
    )
    return "Under other weights", text, [table] if cells else []


def _say_moved(row: Row) -> str:
    moved = as_float(row["rank_change_p50"]) or 0.0
    return f"move by no more than {format_number(moved)} places" if moved else "do not move"


def _describe_influence(report: ReportData, frame: pd.DataFrame | None) -> tuple[str, str, list[Table]] | None:
    """Say how far ranks move when one indicator is left out, at the latest date."""
    context = report.context
    if frame is None:
        return None
    labels = {item.key: item.label for item in context.indicators}
    rows = _list(frame[frame["snapshot"] == context.latest.key])
    rows = [row for row in rows if as_float(row["rank_change_p50"]) is not None]
    if not rows:
        return None
    rows.sort(key=lambda row: (-(as_float(row["rank_change_p95"]) or 0.0), as_text(row["indicator"])))
    cells = [
        (
            build_text_cell(capitalise(labels.get(as_text(row["indicator"]), as_text(row["indicator"])))),
            Cell(format_pct(100.0 * (as_float(row["weight"]) or 0.0))),
            Cell(format_number(as_float(row["rank_correlation"]), 3)),
            Cell(format_number(as_float(row["rank_change_p50"]), 1)),
            Cell(format_number(as_float(row["rank_change_p95"]), 1)),
            Cell(format_pct(as_float(row["decile_changed_pct"]))),
        )
        for row in rows
    ]
    name = labels.get(as_text(rows[0]["indicator"]), as_text(rows[0]["indicator"]))
    text = (
        f"Ranks move most when “{name}” is left out: half of the {context.noun_plural} {_say_moved(rows[0])}, "
        "19 of 20 by no more than "
        f"{format_number(as_float(rows[0]['rank_change_p95']))}, and "
        f"{format_pct(as_float(rows[0]['decile_changed_pct']))} come into another tenth."
    )
    table = Table(
        "influence",
        f"What leaving one indicator out does to the ranks, timetables of {context.name_snapshot(context.latest)}",
        (
            Column("Left out", is_number=False),
            Column("Its weight"),
            Column("Correlation of ranks"),
            Column("Places moved, median"),
            Column("Places moved, by 19 of 20 at most"),
            Column("Come into another tenth"),
        ),
        tuple(cells),
    )
    return "With one indicator left out", text, [table]


def _describe_reruns(
    report: ReportData, runs: pd.DataFrame | None, varied: pd.DataFrame | None
) -> tuple[str, str, list[Table]] | None:
    """Say what every travel time computed again under other parameters did, at the latest date."""
    context = report.context
    if runs is None or varied is None:
        return None
    mine = varied[(varied["snapshot"] == context.latest.key) & varied["neighbourhood_code"].isin(report.position)]
    variants = sorted({str(name) for name in mine["variant"]})
    if not variants:
        return None
    names = {variant: _name_variant(runs[runs["variant"] == variant], report) for variant in variants}
    scores = mine[mine["measure"] == "score"]
    moved = {variant: _index_moves(scores[scores["variant"] == variant]) for variant in variants}
    shaky = _find_shaky(moved)
    n = len({code for moves in moved.values() for code in moves})
    text = (
        f"All travel times were computed again under {format_count_of(len(variants), 'variant', 'variants')} of the "
        f"parameters. {format_integer(n - len(shaky))} of {format_integer(n)} {context.noun_plural} stay in their "
        f"tenth under every one of them; {format_integer(len(shaky))} do not."
    )
    tables = [_build_variant_table(report, names, moved), _build_indicator_table(report, names, mine)]
    if shaky:
        tables.append(_build_shaky_table(report, names, moved, shaky))
    return "Under other parameters", text, tables


def _name_variant(rows: pd.DataFrame, report: ReportData) -> str:
    """Return a variant in words: what differs, from what to what."""
    windows = {window.key: window.label for window in report.context.windows}
    parts = []
    for row in _list(rows):
        key = as_text(row["parameter"])
        pieces = key.split(".")
        words = PARAMETERS.get(key)
        if words is None and pieces[0] == "windows" and len(pieces) > 1:
            words = f"{windows.get(pieces[1], pieces[1])} {ENDS.get(pieces[-1], pieces[-1].replace('_', ' '))}"
        words = words or key.replace(".", ", ").replace("_", " ")
        parts.append(f"{words}: {as_text(row['varied'])} in place of {as_text(row['stated'])}")
    return capitalise("; ".join(parts)) or "No difference"


def _index_moves(rows: pd.DataFrame) -> dict[str, Move]:
    """Return moves by code, where both ranks are known; tenths are those of all that are ranked on either side."""
    ranks = [rows[f"rank_{side}"].to_numpy(dtype=np.float64, na_value=np.nan) for side in ("stated", "varied")]
    tenths = [compute_decile(side, int(np.isfinite(side).sum())) for side in ranks]
    found = {}
    for at, code in enumerate(rows["neighbourhood_code"]):
        stated, varied = (float(side[at]) for side in ranks)
        if np.isfinite(stated) and np.isfinite(varied):
            found[as_text(code)] = Move(stated, varied, bool(tenths[0][at] != tenths[1][at]))
    return found


def _find_shaky(moved: Mapping[str, Mapping[str, Move]]) -> list[str]:
    """Return the codes that change their tenth under a variant, by their stated rank."""
    found = {code: move.stated for moves in moved.values() for code, move in moves.items() if move.is_elsewhere}
    return sorted(found, key=lambda code: (found[code], code))


def _build_variant_table(
    report: ReportData, names: Mapping[str, str], moved: Mapping[str, Mapping[str, Move]]
) -> Table:
    rows = []
    for variant, name in names.items():
        moves = moved[variant]
        n = len(moves)
        sizes = [move.places for move in moves.values()]
        changed = sum(move.is_elsewhere for move in moves.values())
        most = max(moves, key=lambda code: (moves[code].places, code), default=None)
        furthest = "" if most is None else report.places[report.position[most]].name
        step = (
            "" if most is None else f" ({format_integer(moves[most].stated)} to {format_integer(moves[most].varied)})"
        )
        rows.append(
            (
                build_text_cell(name, look="words"),
                Cell(format_number(compute_median(sizes), 1)),
                Cell(format_number(max(sizes, default=None), 1)),
                Cell(f"{format_integer(changed)} of {format_integer(n)}"),
                Cell(_format_correlation(moves)),
                build_text_cell(f"{furthest}{step}" if sizes and max(sizes) > 0 else "none moved"),
            )
        )
    columns = (
        Column("Variant", is_number=False),
        Column("Places moved, median"),
        Column("Places moved, most"),
        Column("Come into another tenth"),
        Column("Correlation of ranks"),
        Column("Moved most (rank from, to)", is_number=False),
    )
    caption = f"How ranks of the score move, timetables of {report.context.name_snapshot(report.context.latest)}"
    return Table("variants", caption, columns, tuple(rows))


def _format_correlation(moves: Mapping[str, Move]) -> str:
    stated, varied = (np.array([move[side] for move in moves.values()], dtype=np.float64) for side in (0, 1))
    if len(np.unique(stated)) < 2 or len(np.unique(varied)) < 2:
        return format_number(None)
    return format_number(float(np.corrcoef(stated, varied)[0, 1]), 3)


def _build_indicator_table(report: ReportData, names: Mapping[str, str], mine: pd.DataFrame) -> Table:
    items = {item.key: item for item in report.context.indicators}
    rows = []
    for variant, name in names.items():
        part = mine[(mine["variant"] == variant) & (mine["measure"] != "score")]
        for measure, values in part.groupby("measure", sort=True):
            item = items.get(str(measure))
            unit, label = (item.unit, item.label) if item else ("", str(measure))
            stated, other = ([as_float(v) for v in values[column]] for column in ("value_stated", "value_varied"))
            pairs = [(a, b) for a, b in zip(stated, other, strict=True) if a is not None and b is not None]
            medians = [compute_median([pair[end] for pair in pairs]) for end in (0, 1)]
            lost = sum(a is not None and b is None for a, b in zip(stated, other, strict=True))
            gained = sum(a is None and b is not None for a, b in zip(stated, other, strict=True))
            if not pairs and not lost and not gained:
                continue
            rows.append(
                (
                    build_text_cell(name, look="words"),
                    build_text_cell(capitalise(label)),
                    Cell(format_quantity(medians[0], unit)),
                    Cell(format_quantity(medians[1], unit)),
                    Cell(f"{format_integer(lost)} / {format_integer(gained)}"),
                )
            )
    columns = (
        Column("Variant", is_number=False),
        Column("Indicator", is_number=False),
        Column("Median as stated"),
        Column("Median under the variant"),
        Column("Lost / gained a value"),
    )
    note = f"Medians over the {report.context.noun_plural} that have both values."
    return Table("variant-indicators", "What the variants do to the indicators", columns, tuple(rows), note)


def _build_shaky_table(
    report: ReportData,
    names: Mapping[str, str],
    moved: Mapping[str, Mapping[str, Move]],
    shaky: list[str],
) -> Table:
    rows = []
    for code in shaky[:MAX_ROWS]:
        stated = next(moves[code][0] for moves in moved.values() if code in moves)
        cells = [_link(report.places[report.position[code]]), Cell(format_number(stated, 0))]
        for moves in moved.values():
            pair = moves.get(code)
            text = "no rank" if pair is None else f"{format_integer(pair[1])} ({format_signed(pair[1] - pair[0])})"
            cells.append(Cell(text, look="" if pair else "reason"))
        rows.append(tuple(cells))
    columns = (
        Column(capitalise(report.context.noun), is_number=False),
        Column("Rank as stated"),
        *(Column(name) for name in names.values()),
    )
    caption = (
        f"{capitalise(report.context.noun_plural)} that come into another tenth under a variant: rank (places moved)"
    )
    return Table("variant-places", caption, columns, tuple(rows))
