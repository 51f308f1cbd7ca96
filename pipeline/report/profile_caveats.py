"""What must be borne in mind about one neighbourhood: each sentence only where it applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.profile_scores import describe_stability
from pipeline.report.text import as_float, as_text, capitalise, format_integer, format_pct, join_words, uncapitalise

if TYPE_CHECKING:
    from pipeline.report.context import CategoryInfo, WindowInfo
    from pipeline.report.profile_subject import Subject

VINTAGES = ("boundaries", "names", "small areas", "population", "lookup", "streets")
FEW_PCT = 0.05


def collect_caveats(subject: Subject) -> list[str]:
    """Return what applies to this neighbourhood alone: coverage, linkage, places cut off, ranks that are not sure."""
    return [
        *_describe_coverage(subject),
        *_describe_linkage(subject),
        *_describe_cut_off(subject),
        *_describe_score(subject),
        *([] if subject.place.population > 0 else ["Its population is not known: its small areas count alike."]),
    ]


def _describe_coverage(subject: Subject) -> list[str]:
    context = subject.context
    sentences = []
    for snapshot in context.snapshots:
        row = subject.levels.get((snapshot.key, "all", "weekday", "all_day"))
        kind = as_text(row["coverage_class"]) if row is not None else ""
        if kind in {"partial", "missing"}:
            missing = subject.facts.get_missing_operators(snapshot.key)
            names = f" Operators without data: {join_words(missing)}." if missing else ""
            sentences.append(
                f"The timetables of {context.name_snapshot(snapshot)} do not cover this {context.noun} "
                f"{'completely' if kind == 'partial' else 'at all'}: its travel times may be too long and its "
                f"service too low at that date.{names}"
            )
    return sentences


def _describe_linkage(subject: Subject) -> list[str]:
    context = subject.context
    noun, limit = context.noun, format_integer(context.method.max_link_m)
    shares = [as_float(row["people_unlinked_pct"]) or 0.0 for row in subject.useful.values()]
    rows = [row for key, row in subject.times.items() if key[1] == context.latest.key]
    is_off = bool(rows) and all(as_text(row["reason"]) == "no_street" for row in rows)
    gap = "That is a gap of the map or its extract, not of the service."
    if (is_off and not shares) or (shares and min(shares) >= 100.0 - FEW_PCT):
        sentence = f"No street of the map lies within {limit} metres of where people live in this {noun}, so it has no"
        return [f"{sentence} travel time. {gap}"]
    if is_off:
        share = format_pct(max(shares))
        sentence = f"{share} of the people live over {limit} metres from any street of the map, too many for a travel"
        return [f"{sentence} time of the {noun}; pictures and journeys are of a small area with streets. {gap}"]
    if shares and max(shares) > FEW_PCT:
        share = format_pct(max(shares))
        return [f"{share} of the people live over {limit} metres from any street; they enter no travel time."]
    return []


def _describe_cut_off(subject: Subject) -> list[str]:
    """Say what cannot be reached at any minute, categories with the same windows together."""
    context = subject.context
    found: dict[tuple[str, ...], list[str]] = {}
    for category in context.categories:
        never = tuple(
            uncapitalise(window.label) for window in context.windows if _is_cut_off(subject, category, window)
        )
        if never:
            found.setdefault(never, []).append(category.phrase)
    limit = context.method.max_time_min
    return [
        f"Cut off: no journey within {limit} minutes at any minute ({join_words(never)}) to {join_words(phrases)}."
        for never, phrases in found.items()
    ]


def _is_cut_off(subject: Subject, category: CategoryInfo, window: WindowInfo) -> bool:
    row = subject.times.get((category.key, subject.context.latest.key, window.key, "outward", "all"))
    if row is None or (as_float(row["reachable_pct"]) or 0.0) > 0:
        return False
    return as_text(row["reason"]) in {"no_route", "over_limit"}


def _describe_score(subject: Subject) -> list[str]:
    row = subject.score
    sentences = []
    low, high = as_float(row.get("decile_low")), as_float(row.get("decile_high"))
    if low is not None and high is not None and low != high:
        sentences.append(describe_stability(row))
    missing = as_float(row.get("n_missing")) or 0.0
    if missing > 0:
        total = missing + (as_float(row.get("n_indicators")) or 0.0)
        sentences.append(
            f"{format_integer(missing)} of {format_integer(total)} indicators have no data here and do not enter its "
            "score."
        )
    return sentences


def describe_vintage(subject: Subject) -> str:
    """Say to which dates boundaries, people and streets belong; empty where the inputs do not say."""
    parts = []
    frame = subject.report[d.INPUTS]
    for role in VINTAGES:
        found = sorted({text for value in frame[frame["role"] == role]["vintage"] if (text := as_text(value))})
        if found:
            parts.append(f"{role}: {join_words(found)}")
    return f"{capitalise('; '.join(parts))}." if parts else ""
