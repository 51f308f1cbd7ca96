"""What a published series says, in sentences computed from the tables, each with its evidence and caveat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.context import ALL_GROUPS
from pipeline.report.data import SCORE
from pipeline.report.findings import Finding, FindingBlock
from pipeline.report.profile_columns import GROUP_SUMMARY
from pipeline.report.series_data import LEFT_BEHIND, SOUND, describe_span, format_span_pct, format_span_runs
from pipeline.report.text import (
    as_float,
    as_text,
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
                said.append((describe_span(row), who))
        if said:
            text = f"{label}: from {report.info.span_before} to {report.info.span_after} bus runs on {_lead(head)} "
            findings.append(_link("#group-change", f"{text}{_join_spans(said)}."))
    region, label = report.info.regions[0]
    ours, theirs = (report.find_group_change(region, group, head) for group in (LEFT_BEHIND, OTHER))
    if ours is not None and theirs is not None:
        findings.append(_compare(label, ours, theirs))
    return FindingBlock("Left behind places and the others", tuple(findings), _describe_choices(report))


def _join_spans(said: Sequence[tuple[str, str]]) -> str:
    """Join changes and whose they are; a verb is not said again where the one before it holds."""
    parts, last = [], ""
    for span, who in said:
        verb, _, size = span.partition(" by ")
        parts.append(f"{size if size and verb == last else span} in {who}")
        last = verb
    return join_words(parts)


def _describe_choices(report: SeriesReport) -> str:
    return (
        f"Every change is a range over {len(report.info.baselines)} baselines and {len(report.info.ends)} ends, since "
        "some steps of the series are steps of its data and not of service."
    )


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
        f"{label}: {verdict}. Without doubtful places runs {describe_span(ours, 'change_sure_{}_pct')} in left behind "
        f"places and {describe_span(theirs, 'change_sure_{}_pct')} in all others."
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
    nouns = report.context.noun_plural
    count = _count_words(len(first))
    lead = f"On {_lead(head)} the {count} left behind {nouns} that lost most bus runs since {report.info.span_before}"
    findings = [
        _link("#ten", f"{lead} are {join_words([_name(report, row) for row in first])}."),
        _link("#ten", _describe_certainty(report, first, known)),
        _link(
            "wards.html#data=sound",
            f"Among left behind {nouns} whose data has no known fault, most runs were lost in "
            f"{join_words([_name(report, row) for row in sound])}.",
            "All of these, ranked",
        ),
        _link("wards.html", _count_directions(report, rows), "All ranked"),
    ]
    title = f"The {count} left behind {nouns} that lost most buses, and how sure that is"
    return FindingBlock(title, tuple(findings), _describe_choices(report))


def _describe_certainty(report: SeriesReport, first: Sequence[Row], known: Sequence[Row]) -> str:
    """Say how many keep their place among the ten under other choices, and whose data is doubtful."""
    nouns, count = report.context.noun_plural, _count_words(len(first))
    always = sum(1 for row in first if as_float(row["ten_most_pct"]) == 100)
    ever = sum(1 for row in known if (as_float(row["ten_most_pct"]) or 0) > 0)
    firm = [as_text(row["neighbourhood_name"]) for row in first if row["coverage_class"] == "comparable"]
    n_doubtful = len(first) - len(firm)
    text = (
        f"How sure that is: {format_integer(always)} of the {count} stay among them under all "
        f"{report.n_choices} choices of baseline and end, and {format_integer(ever)} {nouns} are among them under at "
        "least one"
    )
    if not n_doubtful:
        return f"{text}; none has data with a known fault."
    rest = f"; only {join_words(firm)} {'has' if len(firm) == 1 else 'have'} data without a known fault" if firm else ""
    return (
        f"{text}. The data of {format_integer(n_doubtful)} of the {count} is doubtful, so that "
        f"their runs may be missing rather than lost{rest}."
    )


def _count_words(count: int) -> str:
    return "ten" if count == TEN else format_integer(count)


def _lead(measure: MeasureInfo) -> str:
    return {"weekday": "a weekday", "saturday": "a Saturday", "sunday": "a Sunday"}[measure.day_type]


def _name(report: SeriesReport, row: Row) -> str:
    where = report.get_authority_name(as_text(row["authority_code"]))
    return f"{as_text(row['neighbourhood_name'])} ({where})"


def _count_directions(report: SeriesReport, rows: Sequence[Row]) -> str:
    names = {
        "fell": "lost runs under every choice",
        "rose": "gained under every choice",
        "unchanged": "did not change",
    }
    counts = {name: sum(1 for row in rows if row["change_direction"] == name) for name in (*names, "mixed")}
    rest = len(rows) - sum(counts.values())
    parts = [f"{format_integer(counts[name])} {words}" for name, words in names.items() if counts[name]]
    parts += [f"for {format_integer(counts['mixed'])} it depends on the choice"] if counts["mixed"] else []
    parts += [f"for {format_integer(rest)} nothing can be said"] if rest else []
    return f"Of the {len(rows)} left behind {report.context.noun_plural}, {join_words(parts)}."


def _describe_times_of_day(report: SeriesReport) -> FindingBlock:
    findings = []
    region, label = report.info.regions[0]
    for measure in report.info.measures[1:]:
        said = []
        for group in report.groups:
            row = report.find_group_change(region, group.key, measure)
            if row is not None:
                said.append((describe_span(row), group.label))
        if said:
            text = f"{measure.label}: runs {_join_spans(said)}."
            findings.append(_link(f"service.html#{measure.key}", text, "By year"))
    title = f"By day and time of day, {label}"
    return FindingBlock(title, tuple(findings), f"{_describe_choices(report)} Doubtful places are included.")


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
    certainty = report.describe_certainty(row)
    sentences.append("Its data has no known fault." if certainty == SOUND else f"{certainty}.")
    sentences += _describe_score(report, code)
    if row["is_interrupted"]:
        sentences.append(f"The series is interrupted in {as_text(row['interrupted_years'])}.")
    return sentences
