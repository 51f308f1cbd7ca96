"""Evidence for what became of a service, in words and in figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from pipeline.base.clock import format_time
from pipeline.change.inputs import DAY_NAMES, DAY_TYPES
from pipeline.change.matching import match_stops
from pipeline.change.services import ServiceSet

MIN_HOURS_S: Final = 1800
MIN_HEIR_SHARE: Final = 0.5
MIN_FACTOR: Final = 1.25
MAX_UNLIKE: Final = 1.1

Row = Mapping[str, object]
Calls = Mapping[str, tuple[float, float]]


def get_number(row: Row, name: str) -> float | None:
    """Return a figure of a row, None if it is null.

    Parameters
    ----------
    row, name
        Row of ``ServiceSet.services`` and column.

    Returns
    -------
    float or None
        The figure.
    """
    value = row[name]
    return float(value) if isinstance(value, (int, float)) else None


def compute_shared_calls(before: ServiceSet, after: ServiceSet, service_before: int, service_after: int) -> Calls:
    """Measure how often a service calls at a typical stop that it has in both snapshots.

    Runs may be filed in one piece or in two (there and back); calls at a stop do not depend on that.

    Parameters
    ----------
    before, after
        Two snapshots' services.
    service_before, service_after
        The service in each.

    Returns
    -------
    dict
        Day type to calls per day before and after: medians over the stops in common; empty if there is none.
    """
    sides = [
        side.stops.filter(pl.col("service") == service)
        for side, service in ((before, service_before), (after, service_after))
    ]
    columns = ["stop_index", "stop_id", "public_code", "stop_name", "lon", "lat"]
    pairs = match_stops(sides[0].select(columns), sides[1].select(columns))
    if pairs.is_empty():
        return {}
    shared = [
        side.filter(pl.col("stop_index").is_in(pairs[name].unique().implode()))
        for side, name in zip(sides, ("stop_before", "stop_after"), strict=True)
    ]
    found = {}
    for day_type in DAY_TYPES:
        medians = [side[f"{day_type}_calls"].median() for side in shared]
        found[day_type] = (float(medians[0]), float(medians[1]))  # type: ignore[arg-type]
    return found


def say_calls(before: Row, after: Row, calls: Calls) -> list[str]:
    """Say whether a change in the number of runs is one of service or of how it is filed.

    Parameters
    ----------
    before, after
        Rows of ``ServiceSet.services``.
    calls
        As :func:`compute_shared_calls` gives them.

    Returns
    -------
    list of str
        Nothing unless runs rose or fell by a quarter.
    """
    said = []
    alike: dict[str, list[str]] = {}
    for day_type, (old_calls, new_calls) in calls.items():
        old, new = get_number(before, f"{day_type}_runs"), get_number(after, f"{day_type}_runs")
        if not (old and new and old_calls and new_calls) or max(old, new) < MIN_FACTOR * min(old, new):
            continue
        factor, calls_factor = new / old, new_calls / old_calls
        is_alike = abs(math.log(factor / calls_factor)) < math.log(MAX_UNLIKE)
        verdict = "as many times as runs"
        if not any(get_number(row, f"{day_type}_coinciding") for row in (before, after)):
            verdict += ", so service changed and not the way it is filed"
        verdict = verdict if is_alike else f"times {calls_factor:.2g} where runs are times {factor:.2g}"
        figures = f"{round_text(old_calls)} to {round_text(new_calls)} on {_name_every(day_type)}"
        alike.setdefault(verdict, []).append(figures)
        rounds = [get_number(row, f"{day_type}_round_trips") or 0.0 for row in (before, after)]
        if max(rounds) > 0:
            said.append(
                f"{round_text(rounds[0])} of {round_text(old)} {DAY_NAMES[day_type]} runs ended where they began, "
                f"{round_text(rounds[1])} of {round_text(new)} do now"
            )
    calls_said = [f"calls at a typical stop of both {' and '.join(each)}, {verdict}" for verdict, each in alike.items()]
    return calls_said + said


def _name_every(day_type: str) -> str:
    return f"{DAY_NAMES[day_type]}s"


def say_coinciding(before: Row, after: Row) -> list[str]:
    """Say how many runs may be one bus filed twice, where runs rose or fell by a quarter.

    Parameters
    ----------
    before, after
        Rows of ``ServiceSet.services``.

    Returns
    -------
    list of str
        At most one sentence a day type, and one for all of those on which none may be filed twice.
    """
    said, clean = [], []
    for day_type in DAY_TYPES:
        old, new = get_number(before, f"{day_type}_runs"), get_number(after, f"{day_type}_runs")
        if not (old and new) or max(old, new) < MIN_FACTOR * min(old, new):
            continue
        twice = [get_number(row, f"{day_type}_coinciding") or 0.0 for row in (before, after)]
        if max(twice) > 0:
            said.append(
                f"{round_text(twice[0])} {DAY_NAMES[day_type]} runs before and {round_text(twice[1])} after start "
                "within two minutes of another of the same stops"
            )
        else:
            clean.append(DAY_NAMES[day_type])
    if clean:
        which = " or ".join(clean)
        said.append(f"no {which} run starts within two minutes of another of the same stops, so none looks filed twice")
    return said


def say_runs(before: Row, after: Row) -> list[str]:
    """Say how many runs a day there are, and which first and last runs moved by half an hour.

    Parameters
    ----------
    before, after
        Rows of ``ServiceSet.services``.

    Returns
    -------
    list of str
        What is known on day types that both snapshots tell.
    """
    said = []
    for day_type in DAY_TYPES:
        old, new = get_number(before, f"{day_type}_runs"), get_number(after, f"{day_type}_runs")
        if old is not None and new is not None and max(old, new) > 0:
            said.append(f"{DAY_NAMES[day_type]} runs {round_text(old)} to {round_text(new)}")
    for end in ("first", "last"):
        for day_type in DAY_TYPES:
            old, new = get_number(before, f"{day_type}_{end}_s"), get_number(after, f"{day_type}_{end}_s")
            if old is not None and new is not None and abs(old - new) >= MIN_HOURS_S:
                said.append(
                    f"{end} {DAY_NAMES[day_type]} run moved from {format_time(int(old))} to {format_time(int(new))}"
                )
    return said


def say_heir(overlaps: pl.DataFrame, others: pl.DataFrame, service: int, sides: tuple[str, str]) -> str:
    """Name the service of the other snapshot that has most of an unmatched one's calls, if any has half of them.

    Parameters
    ----------
    overlaps
        As :func:`pipeline.change.matching.compute_overlaps` gives them.
    others
        ``ServiceSet.services`` of the other snapshot.
    service
        The service without a match.
    sides
        ``before`` and ``after``, its own first.

    Returns
    -------
    str
        Empty if there is none.
    """
    share = f"share_{sides[0]}"
    found = overlaps.filter((pl.col(sides[0]) == service) & (pl.col(share) >= MIN_HEIR_SHARE)).sort(
        [share, sides[1]], descending=[True, False]
    )
    if found.is_empty():
        return ""
    other = others.row(int(found[sides[1]][0]), named=True)
    name = f"{other['route_name']} ({other['operator_name']})"
    return f"{100 * float(found[share][0]):.0f}% of its calls are at stops of route {name}"


def round_text(value: float) -> str:
    """Write a figure with at most one decimal.

    Parameters
    ----------
    value
        Not negative.

    Returns
    -------
    str
        Rounded half up.
    """
    return f"{math.floor(10 * value + 0.5) / 10:g}"


def join_sentence(parts: Sequence[str]) -> str:
    """Join what is known about a service into one sentence.

    Parameters
    ----------
    parts
        Not empty.

    Returns
    -------
    str
        With a capital and a full stop.
    """
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."
