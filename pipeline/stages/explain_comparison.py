"""The comparison of two journeys in words and as a table."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipeline.stages.explain_compare import Part, compare_legs
from pipeline.stages.explain_journeys import Explanation, FoundJourney

SCHEMA: dict[str, type[pl.DataType]] = {
    "snapshot_from": pl.String,
    "snapshot_to": pl.String,
    "choice": pl.String,
    "part": pl.Int32,
    "kind": pl.String,
    "before": pl.String,
    "after": pl.String,
    "before_s": pl.Int32,
    "after_s": pl.Int32,
    "change_s": pl.Int32,
    "verdict": pl.String,
    "detail": pl.String,
}
"""Columns of the table of parts; ``before_s`` and ``after_s`` are null where one journey has no such part."""

ONE_SIDED = {"added": "new", "dropped": "no longer"}


def format_minutes(seconds: int) -> str:
    """Write a duration, such as ``12 min 05 s``.

    Parameters
    ----------
    seconds
        Not negative.

    Returns
    -------
    str
        Minutes and seconds.
    """
    return f"{seconds // 60} min {seconds % 60:02d} s"


def describe_comparison(earlier: FoundJourney, later: FoundJourney) -> list[str]:
    """Say what changed between two snapshots for the same departure, leg by leg.

    Parameters
    ----------
    earlier, later
        The two journeys.

    Returns
    -------
    list of str
        A sentence about the whole, a line for each part that is not the same, and the medians of the window.
    """
    lines = [_describe_whole(earlier, later)]
    lines += [
        f"  {describe_part(part)}" for part in compare_legs(earlier, later) if part.verdict != "same" or part.detail
    ]
    return [*lines, f"  {_describe_medians(earlier, later)}"]


def _describe_whole(earlier: FoundJourney, later: FoundJourney) -> str:
    pair = f"Between {earlier.snapshot} and {later.snapshot}"
    if earlier.journey is None or later.journey is None:
        if earlier.journey is None and later.journey is None:
            return f"{pair} nothing changed: there is no journey in either."
        return f"{pair} the journey {'became possible' if earlier.journey is None else 'was lost'}:"
    change = later.journey.travel_time_s - earlier.journey.travel_time_s
    ends = [found.result.destination_names[found.journey.destination] for found in (earlier, later) if found.journey]
    where = "" if ends[0] == ends[1] else f", to {ends[1]} instead of {ends[0]}"
    if change == 0:
        return f"{pair} the time is the same{where}:"
    return f"{pair} it became {format_minutes(abs(change))} {'longer' if change > 0 else 'shorter'}{where}:"


def _describe_medians(earlier: FoundJourney, later: FoundJourney) -> str:
    words = []
    for found in (earlier, later):
        row = found.result.times.travel_time_s[found.origin]
        ordered = np.sort(np.where(row < 0, np.iinfo(np.int32).max, row))
        median = int(ordered[(ordered.size + 1) // 2 - 1])
        words.append("none" if median == np.iinfo(np.int32).max else format_minutes(median))
    return f"median over all minutes: {words[0]}, then {words[1]}"


def describe_part(part: Part) -> str:
    """Put one part of a comparison into words.

    Parameters
    ----------
    part
        From :func:`pipeline.stages.explain_compare.compare_legs`.

    Returns
    -------
    str
        One line.
    """
    subject = _name_part(part)
    detail = f"; {part.detail}" if part.detail else ""
    is_wait_for_both = part.kind == "wait" and part.earlier_name and part.later_name
    if (part.earlier is None or part.later is None) and not is_wait_for_both:
        taken = format_minutes(part.later_s if part.earlier is None else part.earlier_s)
        return f"{subject}: {ONE_SIDED['added' if part.earlier is None else 'dropped']} ({taken}){detail}"
    both = f"{format_minutes(part.earlier_s)}, then {format_minutes(part.later_s)}"
    if part.change_s == 0:
        return f"{subject}: as long as before ({both}){detail}"
    word = "longer" if part.change_s > 0 else "shorter"
    word = part.verdict if part.verdict in {"slower", "quicker"} else word
    return f"{subject}: {format_minutes(abs(part.change_s))} {word} ({both}){detail}"


def _name_part(part: Part) -> str:
    names = list(dict.fromkeys(name for name in (part.earlier_name, part.later_name) if name))
    if len(names) > 1 and part.is_same_route:
        names = [f"{names[0]} (now {names[1]})"]
    if part.kind == "ride":
        return " replaced by ".join(names)
    lead = {"wait": "wait for ", "change": "change to "}.get(part.kind)
    return part.kind if lead is None else lead + ", then ".join(names)


def build_part_table(explanation: Explanation) -> pl.DataFrame:
    """List the parts of all pairs of journeys.

    Parameters
    ----------
    explanation
        The journeys.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`; without journeys in either snapshot a pair has no row.
    """
    rows = []
    for later, earlier in explanation.pairs:
        if earlier is None:
            continue
        keys = (earlier.snapshot, later.snapshot, later.choice)
        for number, part in enumerate(compare_legs(earlier, later), 1):
            seconds = (None if part.earlier is None else part.earlier_s, None if part.later is None else part.later_s)
            names = (part.earlier_name or None, part.later_name or None)
            rows.append((*keys, number, part.kind, *names, *seconds, part.change_s, part.verdict, part.detail))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
