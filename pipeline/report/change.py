"""The change report: what is new since the version published before, which neighbourhoods moved and why, what was held.

A move of a neighbourhood is the difference of its absolute index at the latest snapshot of both versions. It has two
parts that add up to it: what comes of another timetable (both snapshots as the new version computes them), which is
shared out among the indicators, and what comes of a revision (the earlier snapshot as both versions compute it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.report import data as d
from pipeline.report.change_causes import explain_by_versions
from pipeline.report.data import ReportData
from pipeline.report.gates import GATES, build_gate_table
from pipeline.report.headline import choose
from pipeline.report.pages import Pages, list_pages
from pipeline.report.run_gates import build_compared_table
from pipeline.report.site import build_environment
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import as_float, as_text, capitalise, format_integer, format_signed, join_words

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.report.context import ReportContext
    from pipeline.report.data import Place

SCORE_CHANGE = "out_neighbourhood__score_change"
ATTRIBUTION = "out_neighbourhood__attribution"
CHANGE_PAGE = ("change.html", "What changed")
MAX_NAMED = 3
MAX_FILES = 200
Row = dict[str, object]


@dataclass(frozen=True)
class ChangeReport:
    """What is compared: published tables of two versions (before is None for the first), words, and the least move.

    ``compared`` is what the gates found against the last accepted run; None if unknown.
    """

    before: Mapping[str, pd.DataFrame] | None
    after: Mapping[str, pd.DataFrame]
    context: ReportContext
    min_move_points: float
    compared: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Move:
    """A neighbourhood whose index moved: before, after, and the two parts of the move in points.

    ``timetable`` and ``revision`` are None where the new version no longer has the earlier snapshot.
    """

    code: str
    before: float
    after: float
    timetable: float | None
    revision: float | None

    @property
    def points(self) -> float:
        """After minus before."""
        return self.after - self.before


def find_latest(tables: Mapping[str, pd.DataFrame], context: ReportContext) -> str | None:
    """Return the latest snapshot that a version has scores of, None if it has none.

    Parameters
    ----------
    tables
        Published tables of the version.
    context
        The snapshots in order of date; those it does not know come before all others, by name.

    Returns
    -------
    str or None
        Key of the snapshot.
    """
    frame = tables.get(d.SCORE)
    if frame is None or frame.empty:
        return None
    order = {snapshot.key: number for number, snapshot in enumerate(context.snapshots)}
    return max((str(key) for key in frame["snapshot"].unique()), key=lambda key: (order.get(key, -1), key))


def _index_scores(tables: Mapping[str, pd.DataFrame], snapshot: str) -> dict[str, float]:
    frame = choose(tables[d.SCORE], snapshot=snapshot)
    pairs = zip(frame["neighbourhood_code"], frame["absolute_index"], strict=True)
    return {str(code): value for code, raw in pairs if (value := as_float(raw)) is not None}


def _find_weights(tables: Mapping[str, pd.DataFrame], snapshot: str) -> str | None:
    """Return the hash of the indicators and weights of a snapshot's index; None if the version has no such snapshot."""
    frame = choose(tables[d.SCORE], snapshot=snapshot)
    return None if frame.empty or "weights_hash" not in frame else as_text(frame["weights_hash"].iloc[0])


def is_index_comparable(report: ChangeReport) -> bool:
    """Tell whether the index of the latest snapshot has the same indicators in both versions.

    The first snapshot of an area has no indicator of change, the second has one: the step between them says nothing of
    services. Other weights in the settings are no such step, where the earlier snapshot was computed anew with them.

    Parameters
    ----------
    report
        Two versions.

    Returns
    -------
    bool
        True too where there is nothing to compare.
    """
    if report.before is None:
        return True
    start, end = find_latest(report.before, report.context), find_latest(report.after, report.context)
    if start is None or end is None:
        return True
    return _find_weights(report.after, end) in {
        _find_weights(report.before, start),
        _find_weights(report.after, start),
    }


def compute_moves(report: ChangeReport) -> list[Move]:
    """Return the neighbourhoods whose absolute index moved by at least the stated amount, the greatest fall first.

    Parameters
    ----------
    report
        Two versions.

    Returns
    -------
    list of Move
        Only neighbourhoods with an index in both versions; none where it has other indicators than before.
    """
    if report.before is None or not is_index_comparable(report):
        return []
    start, end = find_latest(report.before, report.context), find_latest(report.after, report.context)
    if start is None or end is None:
        return []
    old, new = _index_scores(report.before, start), _index_scores(report.after, end)
    is_same = _find_weights(report.after, start) == _find_weights(report.after, end)
    again = _index_scores(report.after, start) if is_same else {}
    moves = []
    for code in sorted(set(old) & set(new)):
        middle = again.get(code)
        move = Move(
            code,
            old[code],
            new[code],
            None if middle is None else new[code] - middle,
            None if middle is None else middle - old[code],
        )
        if abs(move.points) >= report.min_move_points and move.points != 0:
            moves.append(move)
    return sorted(moves, key=lambda move: (move.points, move.code))


def explain_by_indicators(report: ChangeReport, start: str, end: str) -> dict[str, list[tuple[str, float]]]:
    """Share the change of the index between two snapshots out among the indicators.

    Parameters
    ----------
    report
        Two versions; the parts are those of the new one.
    start, end
        Snapshots. Steps between them are added up.

    Returns
    -------
    dict
        Code to indicators and points, the largest share first.
    """
    frame = report.after.get(SCORE_CHANGE)
    keys = [snapshot.key for snapshot in report.context.snapshots]
    if frame is None or start not in keys or end not in keys:
        return {}
    steps = keys[keys.index(start) : keys.index(end) + 1]
    following = dict(pairwise(steps))  # the table also holds the change since the first snapshot
    chosen = frame[frame["snapshot_from"].map(following) == frame["snapshot_to"]]
    found: dict[str, dict[str, float]] = {}
    for row in chosen.to_dict("records"):
        points = as_float(row["change_index_points"])
        if points is not None:
            mine = found.setdefault(as_text(row["neighbourhood_code"]), {})
            name = as_text(row["indicator"])
            mine[name] = mine.get(name, 0.0) + points
    return {
        code: sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
        for code, parts in found.items()
        if any(parts.values())
    }


def explain_by_services(report: ChangeReport, start: str, end: str) -> dict[str, list[tuple[str, float]]]:
    """Return the lost services that cost the people of each neighbourhood most.

    Parameters
    ----------
    report
        Two versions.
    start, end
        A pair of snapshots; empty where its loss was not attributed.

    Returns
    -------
    dict
        Code to services and person-minutes, added up over categories and windows, the greatest loss first.
    """
    parts, services = report.after.get(ATTRIBUTION), report.after.get(d.SERVICE_ATTRIBUTION)
    if parts is None or services is None:
        return {}
    pair = {"snapshot_from": start, "snapshot_to": end}
    names = {
        int(row["service_number"]): f"{as_text(row['route'])} ({as_text(row['operator_name'])})"
        for row in choose(services, **pair).to_dict("records")
    }
    found: dict[str, dict[str, float]] = {}
    for row in choose(parts, part="service", **pair).to_dict("records"):
        minutes = as_float(row["lost_person_min"]) or 0.0
        if minutes > 0:
            mine = found.setdefault(as_text(row["neighbourhood_code"]), {})
            name = names[int(row["service_number"])]
            mine[name] = mine.get(name, 0.0) + minutes
    return {code: sorted(mine.items(), key=lambda item: (-item[1], item[0])) for code, mine in found.items()}


def build_change_page(report: ChangeReport) -> str:
    """Return the change report as a page that stands beside the other pages of the report.

    Parameters
    ----------
    report
        Two versions.

    Returns
    -------
    str
        HTML; every name is escaped.
    """
    held = report.after.get(GATES)
    data = ReportData(report.after, report.context)
    return render_change_page(
        report,
        data,
        list_pages(data, report.after),
        n_held=0 if held is None else int(held["is_held"].sum()),
        gates=build_gate_table(report.after, report.context),
        compared=build_compared_table(report.compared),
        is_series=False,
    )


def render_change_page(
    report: ChangeReport,
    data: ReportData,
    pages: Pages,
    *,
    linked: set[str] | None = None,
    **parts: object,
) -> str:
    """Fill in the page of a change report: what is new and which neighbourhoods moved, and what the kind of area adds.

    Parameters
    ----------
    report
        Two versions.
    data
        The later one.
    pages
        Pages of the report beside it.
    linked
        Codes of the neighbourhoods that have a page; None: all.
    **parts
        What else the template takes.

    Returns
    -------
    str
        HTML; every name is escaped.
    """
    context = report.context
    start = None if report.before is None else find_latest(report.before, context)
    end = find_latest(report.after, context)
    moves = compute_moves(report)
    environment = build_environment()
    environment.globals.update(context=context, pages=(*pages, CHANGE_PAGE))
    return environment.get_template("change.html.j2").render(
        title="What changed",
        root="",
        path=CHANGE_PAGE[0],
        is_first=report.before is None,
        news=[] if report.before is None else describe_news(report, start, end),
        inputs=None if report.before is None else build_inputs_change(report.before, report.after),
        moves=build_moves_table(report, data, moves, start, end, pages=linked) if start and end else None,
        is_comparable=is_index_comparable(report),
        **parts,
    )


def describe_news(report: ChangeReport, start: str | None, end: str | None) -> list[str]:
    """Say in sentences what the new version has that the earlier one has not, and the other way round.

    Parameters
    ----------
    report
        Two versions.
    start, end
        Latest snapshot of each.

    Returns
    -------
    list of str
        At least one.
    """
    context, before = report.context, report.before or {}
    names = {snapshot.key: context.name_snapshot(snapshot) for snapshot in context.snapshots}
    old, new = (_list_snapshots(tables) for tables in (before, report.after))
    sentences = []
    dates, latest = ("timetables", "timetables are") if context.snapshots else ("years", "year is")
    for label, keys in ((f"New {dates}", new - old), (f"{capitalise(dates)} no longer there", old - new)):
        if keys:
            sentences.append(f"{label}: {join_words([names.get(key, key) for key in sorted(keys)])}.")
    for label, tables in (
        ("New tables", set(report.after) - set(before)),
        ("Tables no longer there", set(before) - set(report.after)),
    ):
        if tables:
            sentences.append(f"{label}: {join_words(sorted(tables))}.")
    places = [set(tables[d.GEOGRAPHY]["neighbourhood_code"]) for tables in (before, report.after)]
    if places[0] != places[1]:
        n_new, n_gone = len(places[1] - places[0]), len(places[0] - places[1])
        sentences.append(f"{capitalise(context.noun_plural)}: {n_new} are new, {n_gone} are gone.")
    if start is not None and start == end:
        sentences.append(f"The latest {latest} the same: whatever moved comes of other data, settings or code.")
    return sentences or ["No timetable, table or place is new or gone."]


def _list_snapshots(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    frame = tables.get(d.SCORE)
    return set() if frame is None else {str(key) for key in frame["snapshot"].unique()}


def build_inputs_change(before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]) -> Table | None:
    """Return the inputs that are new, gone or have another content; None where nothing is known or nothing changed.

    Parameters
    ----------
    before, after
        Published tables of two versions.

    Returns
    -------
    Table or None
        One row a file.
    """
    if d.INPUTS not in before or d.INPUTS not in after:
        return None
    old, new = (_index_inputs(tables[d.INPUTS]) for tables in (before, after))
    rows = []
    for path in sorted(set(old) | set(new)):
        if old.get(path) == new.get(path):
            continue
        what = "new" if path not in old else "gone" if path not in new else "other content"
        rows.append((build_text_cell(path), build_text_cell(what)))
    if not rows:
        return None
    note = f"{format_integer(len(rows) - MAX_FILES)} more are not shown." if len(rows) > MAX_FILES else ""
    columns = (Column("File", is_number=False), Column("What changed", is_number=False))
    return Table("inputs-changed", "Inputs that changed", columns, tuple(rows[:MAX_FILES]), note)


def _index_inputs(frame: pd.DataFrame) -> dict[str, str]:
    rows = zip(frame["role"], frame["path"], frame["sha256"], strict=True)
    return {as_text(path): as_text(sha256) for role, path, sha256 in rows if role != "stage"}


def build_moves_table(
    report: ChangeReport, data: ReportData, moves: list[Move], start: str, end: str, *, pages: set[str] | None = None
) -> Table:
    """Return the neighbourhoods that moved, with the indicators and the services behind the move.

    Parameters
    ----------
    report
        Two versions.
    data
        The new version.
    moves
        As from :func:`compute_moves`.
    start, end
        Latest snapshot of each version.
    pages
        Codes of the neighbourhoods that have a page; None: all.

    Returns
    -------
    Table
        Greatest fall first.
    """
    context = report.context
    labels = {item.key: item.label for item in context.indicators} | {"missing_data": "Missing data"}
    known = {snapshot.key for snapshot in context.snapshots}
    if start == end or start not in known:
        indicators = explain_by_versions(report.before or {}, start, report.after, end)
    else:
        indicators = explain_by_indicators(report, start, end)
    services = explain_by_services(report, start, end)
    rows = []
    for move in moves:
        place = data.places[data.position[move.code]]
        parts = [
            f"{labels.get(name, name)} {format_signed(part, 1)}"
            for name, part in indicators.get(move.code, [])[:MAX_NAMED]
            if abs(part) >= 0.05
        ]
        lost = "; ".join(name for name, _ in services.get(move.code, [])[:MAX_NAMED])
        lost = lost if services else "not computed for these dates"
        rows.append(
            (
                build_text_cell(place.name, href=_link(place, pages)),
                build_text_cell(capitalise(context.get_group(place.group).label)),
                Cell(f"{move.before:.1f}", sort=move.before),
                Cell(f"{move.after:.1f}", sort=move.after),
                Cell(format_signed(move.points, 1), sort=move.points),
                Cell("not known" if move.timetable is None else format_signed(move.timetable, 1)),
                Cell("not known" if move.revision is None else format_signed(move.revision, 1)),
                build_text_cell("; ".join(parts), look="words"),
                *([build_text_cell(lost, look="words")] if context.snapshots else []),
            )
        )
    names = [context.name_snapshot(s) for s in context.snapshots if s.key in {start, end}] or sorted({start, end})
    least = report.min_move_points
    points = "point" if least == 1 else "points"
    columns = (
        Column(capitalise(context.noun), is_number=False),
        Column("Group", is_number=False),
        Column("Index before"),
        Column("Index now"),
        Column("Moved by"),
        Column("Through timetables" if context.snapshots else "Through another year"),
        Column("Through revision"),
        Column("Indicators behind it, points", is_number=False),
        *([Column("Lost services behind it", is_number=False)] if context.snapshots else []),
    )
    return Table(
        "moves",
        f"{capitalise(context.noun_plural)} whose absolute index moved by {least:g} {points} or more "
        f"({' to '.join(names)})",
        columns,
        tuple(rows),
        "The index runs from 0 to 100 between fixed anchors; higher is better connected. Indicators share out what "
        "came through timetables, or, where the latest "
        "date is the same, the whole move; revision is what other data, settings or code changed in the earlier "
        "figures. "
        "Services are those that cost the people there most time, put back alone.",
    )


def _link(place: Place, pages: set[str] | None) -> str:
    return f"neighbourhoods/{place.page}.html" if pages is None or place.code in pages else ""
