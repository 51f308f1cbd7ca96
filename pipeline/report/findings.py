"""Headline findings: sentences made from the figures, each with a link to its table and its caveat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.context import ALL_GROUPS
from pipeline.report.facts import get_leading_group
from pipeline.report.text import (
    DASH,
    capitalise,
    describe_change,
    format_count_of,
    format_date,
    format_integer,
    format_minutes_long,
    format_pct,
    format_window,
    join_words,
)

if TYPE_CHECKING:
    from pipeline.report.context import CategoryInfo, GroupInfo, ReportContext, SnapshotInfo, WindowInfo
    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts, GroupTime, ServiceChange

MAX_NAMES = 6


@dataclass(frozen=True)
class Finding:
    """A sentence, where its figures stand, and what must be known before it is quoted."""

    text: str
    link: str
    link_label: str
    caveat: str = ""


@dataclass(frozen=True)
class FindingBlock:
    """Findings on one subject."""

    title: str
    findings: tuple[Finding, ...]


def build_findings(report: ReportData, facts: Facts) -> list[FindingBlock]:
    """Return the headline findings of a report, one block per category and one on service."""
    blocks = [_build_category_block(report, facts, category) for category in report.context.categories]
    blocks.append(FindingBlock("Service between the snapshots", tuple(_build_change_findings(report, facts))))
    return blocks


def _build_category_block(report: ReportData, facts: Facts, category: CategoryInfo) -> FindingBlock:
    context = report.context
    title = f"Reaching {category.phrase}"
    if not report.has_category(category.key):
        return FindingBlock(title, (Finding(category.absence_text, "method.html#categories", "Method: categories"),))
    findings = [
        _describe_times(context, category, snapshot, report.groups, times)
        for snapshot in reversed(context.snapshots)
        if (times := facts.find_times(category.key, snapshot.key, context.primary_window.key)) is not None
    ]
    findings += _describe_absences(report, facts, category)
    return FindingBlock(title, tuple(findings))


def _describe_times(
    context: ReportContext,
    category: CategoryInfo,
    snapshot: SnapshotInfo,
    groups: list[GroupInfo],
    times: dict[str, GroupTime],
) -> Finding:
    window = context.primary_window
    limit = context.method.max_time_min
    parts = []
    for group in groups:
        median = times[group.key].median_s
        if median is None:
            parts.append(f"for {group.label} it cannot be given, as at least half have no journey within {limit} minutes")
        else:
            parts.append(f"{format_minutes_long(median)} for {group.label}")
    lead = (
        f"{format_date(snapshot.date)}: the median time to {category.phrase} by public transport, leaving "
        f"{window.day_phrase} between {format_window(window.start_s, window.end_s).replace(' to ', ' and ')}, was "
    )
    if times[groups[0].key].median_s is None:
        lead = lead.removesuffix("was ") + f"{DASH} "
    return Finding(lead + join_words(parts) + ".", "#table-times", "Table 1", snapshot.note)


def _describe_absences(report: ReportData, facts: Facts, category: CategoryInfo) -> list[Finding]:
    """Say who has no journey: in the first window, and in the window in which most neighbourhoods have none."""
    context = report.context
    snapshot = context.latest
    leading = get_leading_group(report)
    counted: list[tuple[WindowInfo, dict[str, GroupTime]]] = []
    for window in context.windows:
        times = facts.find_times(category.key, snapshot.key, window.key)
        if times is not None:
            counted.append((window, times))
    if not counted:
        return []
    everything = {window.key: times[ALL_GROUPS] for window, times in counted}
    if all(times.n_without == 0 for times in everything.values()):
        text = (
            f"In the timetables of {format_date(snapshot.date)} every {context.noun} has a journey to {category.phrase} "
            f"within {context.method.max_time_min} minutes for at least half of the departure minutes of every window."
        )
        return [Finding(text, "#table-without", "Table 3")]
    worst = max(counted, key=lambda item: item[1][ALL_GROUPS].n_without)
    chosen = [counted[0]] if counted[0][0] == worst[0] else [counted[0], worst]
    return [_describe_absence(report, category, window, times, leading) for window, times in chosen]


def _describe_absence(
    report: ReportData, category: CategoryInfo, window: WindowInfo, times: dict[str, GroupTime], leading: str
) -> Finding:
    context = report.context
    total, first = times[ALL_GROUPS], times[leading]
    limit = context.method.max_time_min
    when = f"{window.day_phrase} ({window.label.lower()}, {format_window(window.start_s, window.end_s)})"
    if total.n_without == 0:
        text = f"{capitalise(when)}, every {context.noun} has a journey to {category.phrase} within {limit} minutes."
        return Finding(text, "#table-without", "Table 3")
    text = (
        f"{capitalise(when)}, {format_integer(total.n_without)} of {format_integer(total.n)} {context.noun_plural} "
        f"{'has' if total.n_without == 1 else 'have'} no journey to {category.phrase} within {limit} minutes for half "
        f"of the departure minutes or more"
    )
    share = total.people_without_pct
    if share is not None and share > 0:
        text += f"; {format_pct(share)} of people live where that is so"
    if leading != ALL_GROUPS:
        text += f". Of {format_integer(first.n)} {report.groups[0].label} it is {format_integer(first.n_without)}"
        if 0 < first.n_without <= MAX_NAMES:
            text += f" ({join_words(first.without)})"
    elif total.n_without <= MAX_NAMES:
        text += f" ({join_words(total.without)})"
    return Finding(text + ".", "#table-without", "Table 3")


def _build_change_findings(report: ReportData, facts: Facts) -> list[Finding]:
    context = report.context
    if not facts.has_service():
        return [Finding("No service levels were published for this area.", "quality.html", "Data quality")]
    pairs = facts.get_pairs()
    if not pairs:
        text = "There is one snapshot only, so no change in service can be given."
        if len(context.snapshots) > 1:
            text = "No change in service was published for these snapshots."
        return [Finding(text, "service.html", "Service over time")]
    findings = []
    for pair in pairs:
        found = _describe_pair(report, facts, pair)
        if found is not None:
            findings.append(found)
    return findings


def _describe_pair(report: ReportData, facts: Facts, pair: tuple[str, str, str]) -> Finding | None:
    context = report.context
    total = facts.find_change(pair, ALL_GROUPS, "weekday", "all_day")
    if total is None:
        return None
    start, end = context.get_snapshot(pair[1]), context.get_snapshot(pair[2])
    lead = f"Between {format_date(start.date)} and {format_date(end.date)}"
    if pair[0] == "since_first":
        lead = f"Over the whole period, {lead[0].lower()}{lead[1:]}"
    link = ("#table-change", "Table 4")
    if total.n_comparable == 0:
        text = (
            f"{lead}, no change in service can be given: in none of {format_integer(total.n)} {context.noun_plural} "
            "do both timetables cover the same services"
        )
        return Finding(text + ".", *link, _build_caveat(report, facts, pair, total))
    text = f"{lead}, {_describe_size(context, facts, pair, total)}"
    leading = get_leading_group(report)
    mine = facts.find_change(pair, leading, "weekday", "all_day")
    if leading != ALL_GROUPS and mine is not None and mine.median_change_pct is not None:
        text += f"; among {report.groups[0].label} it {describe_change(mine.median_change_pct)}"
    if total.n_comparable < total.n:
        text += (
            f". This rests on the {format_integer(total.n_comparable)} of "
            f"{format_integer(total.n)} {context.noun_plural} where both timetables are complete"
        )
    return Finding(text + ".", *link, _build_caveat(report, facts, pair, total))


def _describe_size(context: ReportContext, facts: Facts, pair: tuple[str, str, str], total: ServiceChange) -> str:
    if total.median_change_pct is None:
        return f"weekday service in the median {context.noun} cannot be compared in per cent, as there was none before"
    text = f"weekday service in the median {context.noun} {describe_change(total.median_change_pct)}"
    sunday = facts.find_change(pair, ALL_GROUPS, "sunday", "all_day")
    if sunday is not None and sunday.median_change_pct is not None:
        text += f" and Sunday service {describe_change(sunday.median_change_pct)}"
    if total.n_lost_quarter:
        text += (
            f"; {format_count_of(total.n_lost_quarter, context.noun, context.noun_plural)} lost a quarter or more of "
            "the weekday service"
        )
    return text


def _build_caveat(report: ReportData, facts: Facts, pair: tuple[str, str, str], total: ServiceChange) -> str:
    context = report.context
    sentences = list(context.service_caveats)
    for key in pair[1:]:
        missing = facts.get_missing_operators(key)
        if missing:
            shown = missing[:MAX_NAMES] + ([f"{len(missing) - MAX_NAMES} more"] if len(missing) > MAX_NAMES else [])
            sentences.append(
                f"The timetables of {format_date(context.get_snapshot(key).date)} lack the data of "
                f"{join_words(shown)}: missing data, not a cut."
            )
    if total.n_comparable < total.n:
        n_out = format_count_of(total.n - total.n_comparable, context.noun, context.noun_plural)
        reason = f" ({'; '.join(word.rstrip('.') for word in total.reasons)})" if total.reasons else ""
        is_one = total.n - total.n_comparable == 1
        sentences.append(f"{capitalise(n_out)} {'is' if is_one else 'are'} left out because data is missing{reason}.")
    return " ".join(sentences)
