"""Services that became one, or one that became several, between two snapshots."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.change.inputs import DAY_TYPES
from pipeline.change.matching import ROAD_MODES, compute_overlaps
from pipeline.change.services import ServiceSet

MIN_SHARE_SAME_STEM: Final = 0.5
MIN_SHARE_OF_PART: Final = 0.8
MIN_RUNS_TAKEN_UP: Final = 0.5
DAYS_A_WEEK: Final = {"weekday": 5, "saturday": 1, "sunday": 1}

_STEM = re.compile(r"^[a-z]*\d+")
Row = Mapping[str, object]


@dataclass(frozen=True)
class Regrouping:
    """Several services of one snapshot that are one of the other.

    Attributes
    ----------
    kind
        ``merged`` (several before, one after) or ``split`` (one before, several after).
    before, after
        Service numbers, ascending.
    """

    kind: str
    before: tuple[int, ...]
    after: tuple[int, ...]


def find_regroupings(before: ServiceSet, after: ServiceSet, matches: pl.DataFrame) -> list[Regrouping]:
    """Find services that were merged into one, or split from one, among those without a match of their own.

    Without a match, a service counts as a part of a service of the other snapshot (the whole) if operator and mode
    are the same and there is evidence that it went on in the whole: the numbers have the same stem (``2a`` and
    ``2``), the whole serves the stops of at least half of its calls and does not simply keep the number of its own
    match; or the whole serves the stops of 80 % of its calls and has at least half of the parts' weekly runs more
    than its own match. A whole without a match needs two parts or more that together have the stops of 80 % of its
    calls. Else the service was withdrawn, or is new, however many stops another one shares with it.

    Parameters
    ----------
    before, after
        Two snapshots' services.
    matches
        As :func:`pipeline.change.matching.match_services` gives them.

    Returns
    -------
    list of Regrouping
        In the order of their services; a service belongs to one at most.
    """
    pairs = {(int(left), int(right)) for left, right in matches.select("before", "after").iter_rows()}
    overlaps = compute_overlaps(before, after)
    merged = _find_parts(before, after, overlaps, pairs, ("before", "after"))
    split = _find_parts(
        after,
        before,
        overlaps,
        {(right, left) for left, right in pairs},
        ("after", "before"),
    )
    found = [Regrouping("merged", tuple(sorted(parts)), (whole,)) for whole, parts in merged.items()]
    taken_before = {service for group in found for service in group.before}
    taken_after = {service for group in found for service in group.after}
    found += [
        Regrouping("split", (whole,), tuple(sorted(parts)))
        for whole, parts in split.items()
        if whole not in taken_before and not taken_after & parts
    ]
    return sorted(found, key=lambda group: (group.before, group.after))


def _find_parts(
    parts: ServiceSet,
    wholes: ServiceSet,
    overlaps: pl.DataFrame,
    pairs: Collection[tuple[int, int]],
    sides: tuple[str, str],
) -> dict[int, set[int]]:
    """Give each whole its parts, its own match included."""
    part_of = {whole: part for part, whole in pairs}
    taken = {part for part, _ in pairs}
    rows = {int(row["service"]): row for row in parts.services.iter_rows(named=True)}
    others = {int(row["service"]): row for row in wholes.services.iter_rows(named=True)}
    share, share_of_whole = f"share_{sides[0]}", f"share_{sides[1]}"
    near = overlaps.filter((pl.col(share) >= MIN_SHARE_SAME_STEM) & ~pl.col(sides[0]).is_in(sorted(taken)))
    candidates: dict[int, dict[int, float]] = {}
    ordered = near.sort([share, share_of_whole, sides[0], sides[1]], descending=[True, True, False, False])
    for part, whole, of_part in ordered.select(*sides, share).iter_rows():
        if _is_alike(rows[part], others[whole]):
            candidates.setdefault(int(whole), {})[int(part)] = float(of_part)
    found: dict[int, set[int]] = {}
    used: set[int] = set()
    for whole in sorted(candidates, key=lambda w: (-len(candidates[w]), w)):
        free = {part: of_part for part, of_part in candidates[whole].items() if part not in used}
        own = part_of.get(whole)
        chosen = _choose_parts(free, own, rows, others[whole])
        members = {*chosen, *([own] if own is not None else [])}
        if not chosen or len(members) < 2:
            continue
        if own is None and _cover(parts, wholes, members, whole, sides) < MIN_SHARE_OF_PART:
            continue
        found[whole] = members
        used |= set(chosen)
    return found


def _is_alike(part: Row, whole: Row) -> bool:
    is_road = part["mode"] in ROAD_MODES and whole["mode"] in ROAD_MODES
    return part["operator_key"] == whole["operator_key"] and (part["mode"] == whole["mode"] or is_road)


def _choose_parts(free: Mapping[int, float], own: int | None, rows: Mapping[int, Row], whole: Row) -> list[int]:
    """Choose the parts for which there is evidence that they went on in the whole."""
    keeps_number = own is not None and rows[own]["number"] == whole["number"]
    stem = find_stem(str(whole["number"]))
    related = [part for part in free if stem and find_stem(str(rows[part]["number"])) == stem]
    if related and not keeps_number:
        return related
    inside = [part for part, of_part in free.items() if of_part >= MIN_SHARE_OF_PART]
    gained = weekly_runs(whole) - (weekly_runs(rows[own]) if own is not None else 0.0)
    lost = sum(weekly_runs(rows[part]) for part in inside)
    return inside if lost > 0 and gained >= MIN_RUNS_TAKEN_UP * lost else []


def find_stem(number: str) -> str | None:
    """Find the part of a public number that its variants share.

    Parameters
    ----------
    number
        Comparable number, such as ``2a``.

    Returns
    -------
    str or None
        Such as ``2``; None where a route goes by a name.
    """
    found = _STEM.match(number)
    return found.group() if found else None


def weekly_runs(row: Row) -> float:
    """Add up the runs of a week on the day types that can be judged.

    Parameters
    ----------
    row
        Of ``ServiceSet.services``.

    Returns
    -------
    float
        Runs a week.
    """
    total = 0.0
    for day_type, days in DAYS_A_WEEK.items():
        runs = row[f"{day_type}_runs"]
        total += days * float(runs) if isinstance(runs, (int, float)) else 0.0
    return total


def _cover(parts: ServiceSet, wholes: ServiceSet, members: set[int], whole: int, sides: tuple[str, str]) -> float:
    """Share of the calls of the whole that are at stops of its parts together."""
    together, alone = combine_services(parts, sorted(members)), combine_services(wholes, [whole])
    first, second = (together, alone) if sides[0] == "before" else (alone, together)
    found = compute_overlaps(first, second)
    return float(found[f"share_{sides[1]}"][0]) if found.height else 0.0


def combine_services(services: ServiceSet, members: list[int]) -> ServiceSet:
    """Treat several services of a snapshot as one.

    Parameters
    ----------
    services
        The snapshot's services.
    members
        Which of them.

    Returns
    -------
    ServiceSet
        One service, numbered 0: runs added up, first start the earliest, last the latest, names joined by ``+``.
    """
    rows = services.services.filter(pl.col("service").is_in(members)).sort("service")
    stops = (
        services.stops.filter(pl.col("service").is_in(members))
        .group_by("stop_index")
        .agg(
            pl.col("stop_id", "public_code", "stop_name", "lon", "lat").first(),
            pl.col("weight", *(f"{day_type}_calls" for day_type in DAY_TYPES)).sum(),
        )
        .sort("stop_index")
        .select(pl.lit(0, dtype=pl.Int32).alias("service"), pl.all())
    )
    starts = (
        services.starts.filter(pl.col("service").is_in(members))
        .group_by("day_type", "start_s")
        .agg(pl.col("runs").sum())
        .sort("day_type", "start_s")
        .select(pl.lit(0, dtype=pl.Int32).alias("service"), "day_type", "start_s", "runs")
    )
    sums = [f"{day_type}_{name}" for day_type in DAY_TYPES for name in ("runs", "round_trips", "coinciding")]
    one = rows.select(
        pl.lit(0, dtype=pl.Int32).alias("service"),
        pl.col("operator_key", "operator_name", "mode", "feed").first(),
        pl.col("number", "route_name").str.join(" + "),
        pl.lit(stops.height, dtype=pl.Int32).alias("n_stops"),
        # a day type that one of them cannot tell cannot be told of all
        *(pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name) for name in sums),
        *(pl.col(f"{day_type}_first_s").min() for day_type in DAY_TYPES),
        *(pl.col(f"{day_type}_last_s").max() for day_type in DAY_TYPES),
    )
    return ServiceSet(services.snapshot, one, stops, starts)
