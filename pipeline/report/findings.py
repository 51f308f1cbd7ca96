"""Headline findings: sentences made from the figures, each with a link to its table and its caveat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.context import ALL_GROUPS
from pipeline.report.facts import MISSING_SHARE, get_leading_group
from pipeline.report.text import (
    capitalise,
    describe_change,
    format_count_of,
    format_integer,
    format_minutes_long,
    format_pct,
    format_window,
    join_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.report.context import CategoryInfo, ReportContext, SnapshotInfo, WindowInfo
    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts, GroupTime, ServiceChange

MAX_NAMES = 6
MAX_REASON = 120
RUNS_CAVEAT = "Runs are counted wherever they go: more of them need not mean better journeys."
JOBS_CAVEAT = "Jobs are counted whatever they are, and whoever else may reach them."


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
    caveat: str = ""


def build_findings(report: ReportData, facts: Facts) -> list[FindingBlock]:
    """Return the headline findings of a report, one block per category and one on service."""
    # service stands second: it is what a reader looks for next, and the list of categories may be long
    blocks = [_build_category_block(report, facts, category) for category in report.context.categories]
    changes = tuple(_build_change_findings(report, facts))
    caveats = [*report.context.service_caveats, *([RUNS_CAVEAT] if facts.has_service() else [])]
    blocks.insert(1, FindingBlock("Change in service", changes, " ".join(caveats)))
    return blocks


def _build_category_block(report: ReportData, facts: Facts, category: CategoryInfo) -> FindingBlock:
    context = report.context
    title = f"Reaching {category.phrase}"
    counts = _describe_jobs(report, facts, category) if report.has_jobs(category) else []
    if not report.has_category(category.key) and counts:
        return FindingBlock(title, tuple(counts), JOBS_CAVEAT)
    if not report.has_category(category.key):
        return FindingBlock(title, (Finding(category.absence_text, "method.html#categories", "Method: categories"),))
    found = [
        (snapshot, times)
        for snapshot in reversed(context.snapshots)
        if (times := facts.find_times(category.key, snapshot.key, context.primary_window.key)) is not None
    ]
    findings = [_describe_times(report, facts, category, *found[0])] if found else []
    if len(found) > 1:
        findings.append(_describe_earlier(report, facts, found[1:]))
    findings += _describe_absences(report, facts, category) + counts
    caveat = (
        "Times are those of the timetable, without delays. A median says nothing of how far the "
        f"{context.noun_plural} of a group differ."
    )
    return FindingBlock(title, tuple(findings), caveat)


def _describe_times(
    report: ReportData,
    facts: Facts,
    category: CategoryInfo,
    snapshot: SnapshotInfo,
    times: dict[str, GroupTime],
) -> Finding:
    """Say the medians of all groups at one snapshot."""
    context = report.context
    known = [group for group in report.groups if times[group.key].median_s is not None]
    unknown = [group.label for group in report.groups if times[group.key].median_s is None]
    parts = [f"{format_minutes_long(times[group.key].median_s or 0.0)} for {group.label}" for group in known]
    day = context.name_snapshot(snapshot)
    when = describe_window(context.primary_window)
    subject = f"the median time to {category.phrase} by public transport, leaving {when},"
    sentences = [f"In the timetables of {day}, {subject} was {join_words(parts)}."] if parts else []
    if unknown:
        lead = "" if parts else f"In the timetables of {day}, {subject} cannot be given: "
        words = f"at least half of {join_words(unknown)} have no journey within {context.method.max_time_min} minutes."
        sentences.append(lead + (words if lead else capitalise(words)))
    caveat = _describe_gaps(facts, snapshot)
    return Finding(" ".join(sentences), "#table-times", "Table", caveat)


def _describe_earlier(
    report: ReportData, facts: Facts, found: list[tuple[SnapshotInfo, dict[str, GroupTime]]]
) -> Finding:
    """Say the medians of the first group and of all at the earlier snapshots, the latest of them first."""
    context = report.context
    groups = report.groups if len(report.groups) == 1 else [report.groups[0], report.groups[-1]]
    parts, caveats = [], []
    for snapshot, times in found:
        words = []
        for group in groups:
            median = times[group.key].median_s
            value = (
                f"over {context.method.max_time_min} minutes or none" if median is None else format_minutes_long(median)
            )
            words.append(f"{value} for {group.label}")
        day = context.name_snapshot(snapshot)
        parts.append(f"{join_words(words)} on {day}")
        gaps = _describe_gaps(facts, snapshot)
        if gaps:
            caveats.append(f"{day}: {gaps}")
    return Finding(f"At earlier dates: {'; '.join(parts)}.", "#table-times", "Table", " ".join(caveats))


def _describe_gaps(facts: Facts, snapshot: SnapshotInfo) -> str:
    """Say what the timetables of a snapshot lack."""
    missing = facts.get_missing_operators(snapshot.key)
    sentences = [snapshot.note] if snapshot.note else []
    if missing:
        sentences.append(f"The data of {name_some(missing)} is missing, so times may be too long.")
    return " ".join(sentences)


def _describe_jobs(report: ReportData, facts: Facts, category: CategoryInfo) -> list[Finding]:
    """Say what can be reached within the longest limit, at every snapshot, latest first."""
    context = report.context
    limits = facts.get_limits()
    groups = report.groups if len(report.groups) == 1 else [report.groups[0], report.groups[-1]]
    parts = []
    for snapshot in reversed(context.snapshots):
        jobs = facts.find_jobs(category.key, snapshot.key, context.primary_window.key, limits[-1])
        words = [
            f"{format_integer(value)} for {group.label}"
            for group in groups
            if (value := jobs.get(group.key)) is not None
        ]
        if words:
            parts.append(f"{join_words(words)} on {context.name_snapshot(snapshot)}")
    if not parts:
        return []
    text = (
        f"{capitalise(category.count_label)} within {limits[-1]} minutes of the median {context.noun}, leaving "
        f"{describe_window(context.primary_window)}: {'; '.join(parts)}."
    )
    return [Finding(text, "#table-jobs", "Table")]


def name_some(names: Sequence[str]) -> str:
    """Return names joined as in a sentence, at most a handful of them and how many more there are."""
    shown = list(names[:MAX_NAMES])
    if len(names) > MAX_NAMES:
        shown.append(f"{len(names) - MAX_NAMES} more")
    return join_words(shown)


def describe_window(window: WindowInfo) -> str:
    """Return a window for a sentence: "on a weekday between 07:00 and 10:00"."""
    return f"{window.day_phrase} between {format_window(window.start_s, window.end_s).replace(' to ', ' and ')}"


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
    unmapped = _describe_unmapped(report, category, everything)
    if all(times.n_without == 0 for times in everything.values()):
        which = f"every {context.noun}" if not unmapped else f"every {context.noun} with a value"
        text = (
            f"In the timetables of {context.name_snapshot(snapshot)} {which} has a journey to "
            f"{category.phrase} within {context.method.max_time_min} minutes, in every window, at half of "
            "the departure minutes or more."
        )
        return [Finding(text, "#table-without", "Table"), *unmapped]
    worst = max(counted, key=lambda item: item[1][ALL_GROUPS].n_without)
    chosen = (
        [worst] if everything[counted[0][0].key].n_without == 0 or counted[0][0] == worst[0] else [counted[0], worst]
    )
    return [_describe_absence(report, category, window, times, leading) for window, times in chosen] + unmapped


def _describe_unmapped(report: ReportData, category: CategoryInfo, everything: dict[str, GroupTime]) -> list[Finding]:
    """Say for how many neighbourhoods nothing could be computed: a gap in the data, not in the service."""
    context = report.context
    most = max(everything.values(), key=lambda times: times.n_unmapped)
    if most.n_unmapped == 0:
        return []
    is_one = most.n_unmapped == 1
    text = (
        f"For {format_integer(most.n_unmapped)} of {format_integer(most.n)} {context.noun_plural} no time to "
        f"{category.phrase} could be computed, as {'it lies' if is_one else 'they lie'} beyond the streets of the map "
        f"or {'has' if is_one else 'have'} no data. That is a gap in the data, not in the service; in the medians "
        f"{'it counts' if is_one else 'they count'} as longer than any other."
    )
    return [Finding(text, "#table-without", "Table")]


def _describe_absence(
    report: ReportData, category: CategoryInfo, window: WindowInfo, times: dict[str, GroupTime], leading: str
) -> Finding:
    context = report.context
    total, first = times[ALL_GROUPS], times[leading]
    limit = context.method.max_time_min
    when = capitalise(describe_window(window))
    text = (
        f"{when}, {format_integer(total.n_without)} of {format_integer(total.n_mapped)} {context.noun_plural} "
        f"{'has' if total.n_without == 1 else 'have'} no journey to {category.phrase} within {limit} minutes at more "
        "than half of the departure minutes"
    )
    share = total.people_without_pct
    if share is not None and share > 0:
        text += f"; {format_pct(share)} of people live where that is so"
    if leading != ALL_GROUPS:
        among = "none" if first.n_without == 0 else format_integer(first.n_without)
        text += f". Among {report.groups[0].label} it is {among} of {format_integer(first.n_mapped)}"
    named = total.without if leading == ALL_GROUPS else first.without
    if 0 < len(named) <= MAX_NAMES:
        text += f" ({join_words(named)})"
    return Finding(text + ".", "#table-without", "Table")


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
    lead = f"Between {context.name_snapshot(start)} and {context.name_snapshot(end)}"
    if pair[0] == "since_first":
        lead = f"Over the whole period, {lead[0].lower()}{lead[1:]}"
    link = ("#table-change", "Table")
    if total.n_comparable < MISSING_SHARE * total.n:
        count = "none" if total.n_comparable == 0 else f"only {format_integer(total.n_comparable)}"
        text = (
            f"{lead}, no overall change in service can be given: the two timetables are comparable in {count} of "
            f"{format_integer(total.n)} {context.noun_plural}"
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
    sentences = []
    for key in pair[1:]:
        missing = facts.get_missing_operators(key)
        if missing:
            sentences.append(
                f"The timetables of {context.name_snapshot(context.get_snapshot(key))} lack the data of "
                f"{name_some(missing)}: missing data, not a cut."
            )
    if total.n_comparable < total.n:
        n_out = format_count_of(total.n - total.n_comparable, context.noun, context.noun_plural)
        reason = context.put_words(total.reasons[0]).rstrip(".") if total.reasons else ""
        reason = f" ({reason})" if 0 < len(reason) <= MAX_REASON else ""
        is_one = total.n - total.n_comparable == 1
        sentences.append(f"{capitalise(n_out)} {'is' if is_one else 'are'} left out because data is missing{reason}.")
    return " ".join(sentences)
