"""What a published series says, in sentences computed from the tables, each with its evidence and caveat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.context import ALL_GROUPS
from pipeline.report.data import SCORE
from pipeline.report.findings import Finding, FindingBlock
from pipeline.report.profile_columns import GROUP_SUMMARY
from pipeline.report.series_data import LEFT_BEHIND, describe_span, format_span_pct, format_span_runs
from pipeline.report.text import (
    as_float,
    as_text,
    capitalise,
    format_count_of,
    format_integer,
    format_number,
    format_pct,
    format_rank,
    join_words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import Row, SeriesReport

OTHER = "other"
TEN = 10


def build_series_findings(report: SeriesReport) -> list[FindingBlock]:
    """Return the findings in the order in which they matter.

    Parameters
    ----------
    report
        The tables and the words.

    Returns
    -------
    list of FindingBlock
        Groups of sentences; each sentence links to the table it was read from.
    """
    blocks = [_describe_ten(report), _describe_groups(report), _describe_times_of_day(report)]
    return [block for block in blocks if block.findings]


def _link(anchor: str, text: str, label: str = "Table", caveat: str = "") -> Finding:
    return Finding(text=text, link=anchor, link_label=label, caveat=caveat)


def _describe_groups(report: SeriesReport) -> FindingBlock:
    head, findings = report.head, []
    for region, label in report.info.regions:
        said = []
        for group in report.groups:
            row = report.find_group_change(region, group.key, head)
            if row is not None:
                few = as_float(row["n_neighbourhoods"]) or 0
                who = f"the {format_integer(few)} {group.label}" if few < TEN else group.label
                said.append(f"in {who} they {describe_span(row)}")
        if said:
            text = f"{label}: {head.label.lower()}, bus runs a day from {report.info.span_before} to "
            findings.append(_link("#group-change", f"{text}{report.info.span_after}: {join_words(said)}."))
    region, label = report.info.regions[0]
    ours, theirs = (report.find_group_change(region, group, head) for group in (LEFT_BEHIND, OTHER))
    if ours is not None and theirs is not None:
        findings.append(_compare(label, ours, theirs))
    caveat = (
        f"Ranges over {len(report.info.baselines)} baselines and {len(report.info.ends)} ends: the series has steps "
        "that are steps of data."
    )
    return FindingBlock("Left behind places and the others", tuple(findings), caveat)


def _compare(label: str, ours: Row, theirs: Row) -> Finding:
    """Say whether left behind places lost more than the others, with and without doubtful places."""
    all_of_them = _compare_spans(ours, theirs, "change_{}_pct")
    sure = _compare_spans(ours, theirs, "change_sure_{}_pct")
    words = {
        "more": "left behind places lost a larger share than all others",
        "less": "left behind places lost a smaller share than all others",
        "alike": "it cannot be told whether left behind places lost more than all others: the ranges overlap",
        "unknown": "the two cannot be compared",
    }
    if sure == all_of_them:
        verdict = f"with and without doubtful places, {words[sure]}"
    else:
        verdict = f"over all places, {words[all_of_them]}; without the doubtful ones, {words[sure]}"
    share = format_pct(as_float(ours["people_doubtful_pct"]))
    text = (
        f"{label}: {verdict}. Without doubtful places they are {format_span_pct(ours, 'change_sure_{}_pct')} and "
        f"{format_span_pct(theirs, 'change_sure_{}_pct')}."
    )
    caveat = f"{share} of the people in left behind places live where the data is doubtful."
    return _link("#group-change", text, caveat=caveat)


def _compare_spans(ours: Mapping[str, object], theirs: Mapping[str, object], name: str) -> str:
    ends = [as_float(row[name.format(end)]) for row in (ours, theirs) for end in ("low", "high")]
    if any(value is None for value in ends):
        return "unknown"
    low, high, other_low, other_high = (float(value or 0.0) for value in ends)
    if high < other_low:
        return "more"
    return "less" if low > other_high else "alike"


def _describe_ten(report: SeriesReport) -> FindingBlock:
    head = report.head
    rows = [report.get_change(code, head) for code in report.ranked]
    known = [row for row in rows if as_float(row["loss_rank_low"]) is not None]
    first = known[:TEN]
    sound = [row for row in known if row["coverage_class"] == "comparable"][:TEN]
    always = sum(1 for row in known if as_float(row["ten_most_pct"]) == 100)
    ever = sum(1 for row in known if (as_float(row["ten_most_pct"]) or 0) > 0)
    doubtful = sum(1 for row in first if row["coverage_class"] != "comparable")
    nouns = report.context.noun_plural
    findings = [
        _link(
            "#ten",
            f"The {'ten' if len(first) == TEN else len(first)} left behind {nouns} that lost most runs on the whole of "
            f"{_lead(head)} are "
            f"{join_words([_name(report, row) for row in first])}.",
            caveat=(
                f"{format_integer(always)} of them are among the ten under every choice of baseline and end, "
                f"{format_integer(ever)} {nouns} under at least one. The data of {doubtful} of the {len(first)} is "
                "doubtful: their runs may be missing, not lost."
            ),
        ),
        _link(
            "wards.html",
            f"Among left behind {nouns} whose data has no known fault, most runs were lost in "
            f"{join_words([_name(report, row) for row in sound])}.",
            "All ranked",
        ),
        _link("wards.html", _count_directions(report, rows), "All ranked"),
    ]
    return FindingBlock(f"The left behind {nouns} that lost most", tuple(findings))


def _lead(measure: MeasureInfo) -> str:
    return {"weekday": "a weekday", "saturday": "a Saturday", "sunday": "a Sunday"}[measure.day_type]


def _name(report: SeriesReport, row: Row) -> str:
    where = report.get_authority_name(as_text(row["authority_code"]))
    runs = format_span_runs(row, "change_{}_runs_per_day")
    mark = ", doubtful" if row["coverage_class"] != "comparable" else ""
    return f"{as_text(row['neighbourhood_name'])} ({where}: {runs}{mark})"


def _count_directions(report: SeriesReport, rows: Sequence[Row]) -> str:
    counts = {name: sum(1 for row in rows if row["change_direction"] == name) for name in ("fell", "rose", "mixed")}
    rest = len(rows) - sum(counts.values())
    noun, nouns = report.context.noun, report.context.noun_plural
    return (
        f"Of the {len(rows)} left behind {nouns}, {format_integer(counts['fell'])} lost runs under every choice, "
        f"{format_count_of(counts['rose'], noun, nouns)} gained, for {format_integer(counts['mixed'])} it depends "
        f"on the choice, and for {format_integer(rest)} nothing can be said."
    )


def _describe_times_of_day(report: SeriesReport) -> FindingBlock:
    findings = []
    region, label = report.info.regions[0]
    for measure in report.info.measures[1:]:
        said = []
        for group in report.groups:
            row = report.find_group_change(region, group.key, measure)
            if row is not None:
                said.append(f"{group.label} {format_span_pct(row)}")
        if said:
            findings.append(_link(f"service.html#{measure.key}", f"{measure.label}, {label}: {'; '.join(said)}."))
    return FindingBlock("By day and time of day", tuple(findings))


def _describe_score(report: SeriesReport, code: str) -> list[str]:
    """Tell the rank of the score with its interval, beside the medians of its group and of all; empty without one."""
    row = report.find_score(code)
    rank, score = (None, None) if row is None else (as_float(row["rank"]), as_float(row["score"]))
    if row is None or rank is None or score is None:
        return []
    frame, summary = report.data[SCORE], report.data[GROUP_SUMMARY]
    n = int(frame[frame["snapshot"] == row["snapshot"]]["rank"].notna().sum())
    mine = summary[(summary["snapshot"] == row["snapshot"]) & (summary["measure"] == "score")]
    medians = {as_text(key): as_float(value) for key, value in zip(mine["area_group"], mine["median"], strict=True)}
    beside = [
        f"{format_number(medians[group.key], 1)} in {group.label}"
        for group in report.data.groups
        if medians.get(group.key) is not None and group.key in {LEFT_BEHIND, ALL_GROUPS}
    ]
    against = f", beside {'medians' if len(beside) > 1 else 'a median'} of {join_words(beside)}" if beside else ""
    text = format_rank(rank, as_float(row["rank_low"]), as_float(row["rank_high"]))
    ranked = f"rank {text} of {format_integer(n)} {report.context.noun_plural}, where 1 is the worst connected"
    return [f"Connectivity score {format_number(score, 1)} (higher is worse){against}: {ranked}."]


def describe_place(report: SeriesReport, code: str) -> list[str]:
    """Return the sentences at the head of a neighbourhood's page.

    Parameters
    ----------
    report
        The tables and the words.
    code
        A neighbourhood that has a page.

    Returns
    -------
    list of str
        Change by day, rank with its range, largest loss, and how sure all that is.
    """
    head = report.head
    row = report.get_change(code, head)
    sentences = []
    for measure in report.info.measures:
        if measure.band in {"all_day", "18_22"}:
            one = report.get_change(code, measure)
            sentences.append(
                f"{measure.label}: {format_span_runs(one, 'before_{}_runs_per_day')} bus runs a day in "
                f"{report.info.span_before}, {format_span_runs(one, 'after_{}_runs_per_day')} in "
                f"{report.info.span_after} ({format_span_pct(one)})."
            )
    if as_float(row["loss_rank_low"]) is not None:
        low, high = (format_integer(as_float(row[f"loss_rank_{end}"]) or 0) for end in ("low", "high"))
        rank = low if low == high else f"{low} to {high}"
        ranked = format_integer(as_float(row["n_ranked"]) or 0)
        sentences.append(
            f"Rank {rank} of {ranked} left behind {report.context.noun_plural} by runs lost; among the ten that lost "
            f"most under {report.describe_ten(row)} choices of baseline and end."
        )
    sentences.append(capitalise(f"{report.describe_certainty(row)}."))
    sentences += _describe_score(report, code)
    if row["is_interrupted"]:
        sentences.append(f"The series is interrupted in {as_text(row['interrupted_years'])}.")
    return sentences
