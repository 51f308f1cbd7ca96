"""The questions asked first, answered first: who is worst connected on a Sunday, and which lost service matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.context import ALL_GROUPS
from pipeline.report.facts import NO_JOURNEY, get_leading_group
from pipeline.report.findings import Finding, FindingBlock, describe_window
from pipeline.report.tables import STATUS_LABELS, Cell, Column, Table, build_text_cell, build_time_cell
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_minutes_long,
    format_range_minutes,
    format_reason,
    join_words,
)

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.report.context import CategoryInfo, SnapshotInfo, WindowInfo
    from pipeline.report.data import Place, ReportData
    from pipeline.report.facts import Facts

MAX_NAMED = 3
MAX_PLACES, MAX_LOST = 15, 10
WORST, LOST = "table-worst", "table-lost"
SUNDAY = "sunday"
Row = dict[str, object]


@dataclass(frozen=True)
class Question:
    """What is asked: the first destination, the Sunday (else the last window), at the latest date that has times."""

    category: CategoryInfo
    window: WindowInfo
    snapshot: SnapshotInfo

    def find_row(self, report: ReportData, place: Place, window: WindowInfo | None = None) -> Row:
        """Return the row of travel times outward with all modes, empty where there is none."""
        wanted = (self.snapshot.key, self.category.key, (window or self.window).key, "outward", "all")
        names = ("snapshot", "category", "window", "direction", "mode_set")
        rows = report.get_rows(d.TRAVEL_TIME, place.code)
        return next((row for row in rows if tuple(as_text(row[name]) for name in names) == wanted), {})


@dataclass(frozen=True)
class LostService:
    """A lost service between two dates and what its loss costs on the way asked for, in person-minutes."""

    start: str
    end: str
    number: int
    route: str
    operator: str
    status: str
    leading_person_min: float
    all_person_min: float
    n_affected: int
    n_first: int
    hit: tuple[str, ...]

    @property
    def name(self) -> str:
        """Route with its operator and what happened to it."""
        return f"route {self.route} ({self.operator}, {STATUS_LABELS.get(self.status, self.status).lower()})"


def find_question(report: ReportData, facts: Facts) -> Question | None:
    """Return what the overview asks first, None where there are no travel times."""
    context = report.context
    windows = [window for window in context.windows if window.day_type == SUNDAY] or list(context.windows[-1:])
    for category in context.categories:
        for snapshot in reversed(context.snapshots):
            for window in windows:
                if facts.find_times(category.key, snapshot.key, window.key) is not None:
                    return Question(category, window, snapshot)
    return None


def rank_worst(report: ReportData, question: Question) -> list[tuple[Place, Row]]:
    """Return the places of the leading group for which a time could be computed, the worst connected first."""
    members = report.get_members(get_leading_group(report))
    pairs = [(place, question.find_row(report, place)) for place in members]
    known = [
        (place, row)
        for place, row in pairs
        if as_float(row.get("travel_time_p50_s")) is not None or as_text(row.get("reason")) in NO_JOURNEY
    ]

    def order(pair: tuple[Place, Row]) -> tuple[bool, float, str]:
        median = as_float(pair[1].get("travel_time_p50_s"))
        return (median is not None, -(median or 0.0), pair[0].name)

    return sorted(known, key=order)


def list_lost(report: ReportData, question: Question, attribution: pd.DataFrame | None) -> list[LostService]:
    """Return the lost services by what they cost the leading group on the way asked for, the costliest first.

    Parameters
    ----------
    report
        The published tables.
    question
        What is asked.
    attribution
        ``out_neighbourhood__attribution``; None where it was not published.
    """
    services = report[d.SERVICE_ATTRIBUTION]
    services = services[services["is_counted"].astype(bool)]
    if services.empty or attribution is None:
        return []
    keys = ["snapshot_from", "snapshot_to", "service_number"]
    asked = (attribution["category"] == question.category.key) & (attribution["window"] == question.window.key)
    parts = attribution[asked & (attribution["part"] == "service") & (attribution["lost_person_min"] > 0)]
    by_service = {tuple(map(str, key)): part for key, part in parts.groupby(keys, sort=True)}
    leading = {place.code for place in report.get_members(get_leading_group(report))}
    found = []
    for key, part in services.groupby(keys, sort=True):
        mine = by_service.get(tuple(map(str, key)))
        mine = parts.iloc[:0] if mine is None else mine
        ours = mine[mine["neighbourhood_code"].isin(leading)].sort_values(
            ["lost_person_min", "neighbourhood_code"], ascending=[False, True], kind="stable"
        )
        first = part.iloc[0]
        here = part[(part["category"] == question.category.key) & (part["window"] == question.window.key)]
        found.append(
            LostService(
                start=as_text(first["snapshot_from"]),
                end=as_text(first["snapshot_to"]),
                number=int(first["service_number"]),
                route=as_text(first["route"]),
                operator=as_text(first["operator_name"]),
                status=as_text(first["status"]),
                leading_person_min=float(ours["lost_person_min"].sum()),
                all_person_min=float(here["lost_person_min"].fillna(0.0).sum()),
                n_affected=int(here["neighbourhoods_affected"].fillna(0).sum()),
                n_first=int(((part["rank"] == 1) & (part["lost_person_min"] > 0)).sum()),
                hit=tuple(str(code) for code in ours["neighbourhood_code"][:MAX_NAMED]),
            )
        )
    found = [service for service in found if service.all_person_min > 0 or service.n_first > 0]
    return sorted(found, key=lambda one: (-one.leading_person_min, -one.all_person_min, one.route, one.start))


def build_answers(
    report: ReportData, facts: Facts, attribution: pd.DataFrame | None
) -> tuple[list[FindingBlock], list[Table]]:
    """Return the block that stands at the head of the overview, and the tables on which it rests.

    Parameters
    ----------
    report, facts
        The published tables and what they add up to.
    attribution
        ``out_neighbourhood__attribution``; None where it was not published.

    Returns
    -------
    tuple
        No block and no table where there are no travel times.
    """
    question = find_question(report, facts)
    if question is None:
        return [], []
    worst = rank_worst(report, question)
    if not worst:
        return [], []
    lost = list_lost(report, question, attribution)
    findings = [_say_worst(report, question, worst, facts)]
    tables = [_build_worst_table(report, question, worst, lost, attribution)]
    if any(service.leading_person_min > 0 for service in lost):
        findings.append(_say_most_missed(report, lost))
    if lost:
        findings += _say_overall(report, lost)
        tables.append(_build_lost_table(report, question, lost))
    is_sunday = question.window.day_type == SUNDAY
    when = f" {question.window.day_phrase}" if is_sunday else f", {question.window.label.lower()}"
    title = f"Worst connected to {question.category.phrase}{when}"
    end = ", and the lost service that matters most" if len(findings) > 1 else ""
    caveat = " ".join(report.context.service_caveats) if lost else ""
    return [FindingBlock(f"{title}{end}", tuple(findings), caveat)], tables


def _name_group(report: ReportData) -> str:
    leading = get_leading_group(report)
    return report.context.noun_plural if leading == ALL_GROUPS else report.groups[0].label


def _say_worst(report: ReportData, question: Question, worst: list[tuple[Place, Row]], facts: Facts) -> Finding:
    context, group = report.context, _name_group(report)
    limit, link = context.method.max_time_min, context.method.max_link_m
    parts = []
    for place, row in worst[:MAX_NAMED]:
        median = as_float(row.get("travel_time_p50_s"))
        words = format_reason(as_text(row.get("reason")), limit, link) if median is None else None
        parts.append(f"{place.name} ({words or format_minutes_long(median or 0.0)})")
    n_members = len(report.get_members(get_leading_group(report)))
    text = (
        f"{capitalise(describe_window(question.window))}, in the timetables of "
        f"{context.name_snapshot(question.snapshot)}, the {group} worst connected to {question.category.phrase} "
        f"are {join_words(parts)}."
    )
    caveats = ["Medians over the departure minutes."]
    missing = facts.get_missing_operators(question.snapshot.key)
    if missing:
        caveats.append(f"The data of {join_words(missing)} is missing, so times may be too long.")
    if len(worst) < n_members:
        caveats.append(f"For {format_integer(n_members - len(worst))} of {format_integer(n_members)} no time is known.")
    return Finding(text, f"#{WORST}", "Table", " ".join(caveats))


def _name_pair(report: ReportData, start: str, end: str) -> str:
    context = report.context
    return " and ".join(context.name_snapshot(context.get_snapshot(key)) for key in (start, end))


def _say_most_missed(report: ReportData, lost: list[LostService]) -> Finding:
    first = lost[0]
    names = [report.places[report.position[code]].name for code in first.hit]
    text = (
        f"For those journeys the lost service that matters most to {_name_group(report)} is {first.name}, lost between "
        f"{_name_pair(report, first.start, first.end)}. It costs {format_integer(first.leading_person_min)} "
        f"person-minutes if everybody there leaves once, most of them in {join_words(names)}"
    )
    others = [one for one in lost[1:MAX_NAMED] if one.leading_person_min > 0]
    if others:
        parts = [f"{one.name}, {format_integer(one.leading_person_min)}" for one in others]
        text += f". Next: {'; '.join(parts)}"
    caveat = (
        "Each service is put back alone and every journey computed anew; such effects do not add up. Services whose "
        "absence may be missing data are not counted."
    )
    return Finding(f"{text}.", f"#{LOST}", "Table", caveat)


def _say_overall(report: ReportData, lost: list[LostService]) -> list[Finding]:
    most = max(lost, key=lambda one: (one.n_first, one.leading_person_min))
    findings = []
    if most.n_first > 0:
        n_ways = len(report[d.SERVICE_ATTRIBUTION][["category", "window"]].drop_duplicates())
        text = (
            f"Over all {format_integer(n_ways)} combinations of destination and time of the week, and all people, "
            f"the loss of {most.name} costs most in {format_integer(most.n_first)}"
        )
        withdrawn = [one for one in lost if one.status == "withdrawn"]
        gone = max(withdrawn, key=lambda one: (one.n_first, one.all_person_min), default=None)
        if gone is most:
            text += ". Of the services withdrawn altogether it is the one that matters most"
        elif gone is not None:
            often = format_count_of(gone.n_first, "combination", "combinations")
            text += (
                f". Of the services withdrawn altogether route {gone.route} ({gone.operator}) matters most; it costs "
                f"most in {often}"
            )
        caveat = "Most among the services lost between the same two dates; people beyond the area are not counted."
        findings.append(Finding(f"{text}.", f"#{LOST}", "Table", caveat))
    return findings


def _build_worst_table(
    report: ReportData,
    question: Question,
    worst: list[tuple[Place, Row]],
    lost: list[LostService],
    attribution: pd.DataFrame | None,
) -> Table:
    context = report.context
    missed = _find_missed(question, lost, attribution)
    rows = []
    for place, row in worst[:MAX_PLACES]:
        cells = [
            build_text_cell(place.name, href=f"neighbourhoods/{place.page}.html"),
            build_time_cell(row.get("travel_time_p50_s"), row.get("reason"), context),
            Cell(format_range_minutes(*(as_float(row.get(f"travel_time_{p}_s")) for p in ("p25", "p75")))),
        ]
        if question.window != context.primary_window:
            first = question.find_row(report, place, context.primary_window)
            cells.append(build_time_cell(first.get("travel_time_p50_s"), first.get("reason"), context))
        cells.append(Cell(format_integer(place.population), sort=place.population))
        if lost:
            cells.append(build_text_cell(missed.get(place.code, "none found"), look="words"))
        rows.append(tuple(cells))
    columns = [Column(capitalise(context.noun), is_number=False)]
    columns += [Column(f"{question.window.label}: median"), Column("Middle half of minutes")]
    columns += [Column(f"{context.primary_window.label}: median")] * (question.window != context.primary_window)
    columns.append(Column("People"))
    if lost:
        columns.append(Column("Lost service that costs most there", is_number=False))
    hidden = len(worst) - len(rows)
    note = f"{format_integer(hidden)} more stand in the league table." if hidden > 0 else ""
    return Table(
        WORST,
        f"{capitalise(_name_group(report))} by travel time to {question.category.phrase}, "
        f"{question.window.label}, timetables of {context.name_snapshot(question.snapshot)}, the longest first",
        tuple(columns),
        tuple(rows),
        note,
    )


def _find_missed(question: Question, lost: list[LostService], attribution: pd.DataFrame | None) -> dict[str, str]:
    """Return the lost service that costs the people of each place most on the way asked for."""
    if attribution is None:
        return {}
    names = {(one.start, one.end, one.number): one.name for one in lost}
    asked = (attribution["category"] == question.category.key) & (attribution["window"] == question.window.key)
    best: dict[str, tuple[float, str]] = {}
    for row in attribution[asked & (attribution["part"] == "service")].to_dict("records"):
        name = names.get((as_text(row["snapshot_from"]), as_text(row["snapshot_to"]), int(row["service_number"])))
        loss, code = as_float(row["loss_min"]) or 0.0, as_text(row["neighbourhood_code"])
        if name is not None and loss > 0 and (code not in best or (loss, name) > best[code]):
            best[code] = (loss, name)
    return {code: f"{name}: {_say_minutes(loss)} a person" for code, (loss, name) in best.items()}


def _say_minutes(loss_min: float) -> str:
    return format_minutes_long(loss_min * 60.0)


def _build_lost_table(report: ReportData, question: Question, lost: list[LostService]) -> Table:
    context, leading = report.context, get_leading_group(report)
    rows = [
        (
            build_text_cell(one.route),
            build_text_cell(one.operator),
            build_text_cell(STATUS_LABELS.get(one.status, one.status)),
            build_text_cell(_name_pair(report, one.start, one.end)),
            *([Cell(format_integer(one.leading_person_min))] if leading != ALL_GROUPS else []),
            Cell(format_integer(one.all_person_min)),
            Cell(format_integer(one.n_affected)),
            Cell(format_integer(one.n_first)),
        )
        for one in lost[:MAX_LOST]
    ]
    columns = [Column(label, is_number=False) for label in ("Route", "Operator", "What happened", "Lost between")]
    if leading != ALL_GROUPS:
        columns.append(Column(f"Person-minutes, {report.groups[0].label}"))
    columns += [
        Column(f"Person-minutes, all {context.noun_plural}"),
        Column(f"{capitalise(context.noun_plural)} affected"),
        Column("Combinations of destination and time in which it costs most"),
    ]
    return Table(
        LOST,
        f"Lost services by what they cost on the way to {question.category.phrase}, {question.window.label}",
        tuple(columns),
        tuple(rows),
        "Minutes by which journeys are longer without the service, on average over the departures, added up over "
        "people; each service put back alone. A departure without a journey counts as the longest that is looked for.",
    )
