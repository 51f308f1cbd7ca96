"""Which timetables of a new area hold together, which follow one another, and which are editions of one."""

from __future__ import annotations

from datetime import date

from pipeline.cli.init_ask import Asker
from pipeline.cli.init_timetables import FoundSnapshot, FoundTimetable

SHARED = 0.5
"""Editions of one timetable share at least this part of their operators, and of the routes of the smaller one."""
WEEKDAYS = range(5)
LEAST_COMMON = 5
"""Weekdays on which timetables of other operators must both have service to be used together."""
HOW_TO_CHANGE = "to decide otherwise, give --timetable NAME=FILE for each file: one NAME makes one snapshot"


def is_edition(one: FoundTimetable, other: FoundTimetable) -> bool:
    """Say whether two timetables are editions of one: the same operators, for the most part with the same routes.

    Parameters
    ----------
    one, other
        Timetables as read, of any dates.

    Returns
    -------
    bool
        False where either names no operator.
    """
    operators = one.operators | other.operators
    if not operators or len(one.operators & other.operators) < SHARED * len(operators):
        return False
    smaller = min(len(one.routes), len(other.routes))
    return len(one.routes & other.routes) >= SHARED * smaller


def order_in_time(timetable: FoundTimetable) -> tuple[date, date, str, str]:
    """Give what tells which edition is earlier, most trusted first.

    The first and last day by the calendars, then what ``feed_info.txt`` says of its start and of its version. Never the
    name or the time of a file: copying and renaming change them.
    """
    return (timetable.first, timetable.last, timetable.feed_start, timetable.extracted)


def drop_twins(
    timetables: list[FoundTimetable], asker: Asker
) -> tuple[list[FoundTimetable], list[tuple[FoundTimetable, FoundTimetable]]]:
    """Leave out the smaller of two editions that nothing tells apart in time.

    Both together would count vehicles twice, and neither is a later state of the other.

    Parameters
    ----------
    timetables
        In any order.
    asker
        Asks whether one goes.

    Returns
    -------
    tuple
        The timetables that stay; pairs of one that goes and its larger twin.
    """
    kept: list[FoundTimetable] = []
    gone = []
    for one in sorted(timetables, key=lambda t: (-t.n_runs, str(t.path))):
        twin = next((k for k in kept if is_edition(one, k) and order_in_time(one) == order_in_time(k)), None)
        if twin is not None and asker.confirm(f"{_describe_twins(one, twin)}. Leave {one.path.name} out?"):
            gone.append((one, twin))
        else:
            kept.append(one)
    return sorted(kept, key=lambda t: str(t.path)), gone


def _describe_twins(one: FoundTimetable, twin: FoundTimetable) -> str:
    return (
        f"{one.path.name} ({one.n_runs:,} runs) and {twin.path.name} ({twin.n_runs:,} runs) are two editions of one "
        "timetable for the same weeks, nothing in them says which is later, and together they count vehicles twice"
    )


def explain_twins(gone: list[tuple[FoundTimetable, FoundTimetable]], snapshots: list[FoundSnapshot]) -> list[str]:
    """Say which editions were left out and why, and how to compare them instead.

    Parameters
    ----------
    gone
        As :func:`drop_twins` returns them.
    snapshots
        What the rest became.

    Returns
    -------
    list of str
        A sentence or two for each.
    """
    hints = []
    for one, twin in gone:
        others = dict.fromkeys(t.path for s in snapshots if twin in s.timetables for t in s.timetables if t is not twin)
        files = [("before", twin.path), ("after", one.path)]
        files += [(name, path) for path in others for name in ("before", "after")]
        options = " ".join(f"--timetable {name}={path}" for name, path in files)
        hints.append(
            f"{one.path.name} is left out: {_describe_twins(one, twin)}. To compare them as two snapshots, give "
            f"{options} (exchange the names if {twin.path.name} is the later one)."
        )
    return hints


def hold_together(one: FoundTimetable, other: FoundTimetable) -> bool:
    """Say whether two timetables may stand in one snapshot.

    They are no editions of one another, and their spans overlap by at least half of the shorter one.
    """
    if is_edition(one, other):
        return False
    overlap = (min(one.last, other.last) - max(one.first, other.first)).days + 1
    shorter = min((t.last - t.first).days + 1 for t in (one, other))
    return overlap >= shorter / 2


def group_timetables(timetables: list[FoundTimetable]) -> list[FoundSnapshot]:
    """Put timetables of the same period into one snapshot, and others into several.

    Two belong together if they are no editions of one timetable and their spans overlap by at least half of the
    shorter one; all of a snapshot must have service on a common weekday. A timetable that outlasts two others (a rail
    timetable of half a year beside two bus timetables of a quarter) belongs to both of their snapshots. Groups without
    a common operator cannot be compared with one another: they are one snapshot if they overlap by some weekdays.

    Parameters
    ----------
    timetables
        In any order.

    Returns
    -------
    list of FoundSnapshot
        In order of time; each knows the day on which a later edition begins, if one does.
    """
    ordered = sorted(timetables, key=lambda t: (*order_in_time(t), str(t.path)))
    groups: list[list[FoundTimetable]] = []

    def fits(one: FoundTimetable, group: list[FoundTimetable]) -> bool:
        return all(hold_together(one, other) for other in group) and bool(_list_common_weekdays([one, *group]))

    for one in ordered:
        homes = [group for group in groups if fits(one, group)]
        for group in homes:
            group.append(one)
        if not homes:
            group = [one]
            for earlier in ordered[: ordered.index(one)]:
                if fits(earlier, group):
                    group.append(earlier)
            groups.append(group)
    found = [FoundSnapshot(sorted(group, key=lambda t: str(t.path))) for group in _merge_strangers(groups)]
    for snapshot in found:
        snapshot.until = _find_next_edition(snapshot, timetables)
    return found


def _list_common_weekdays(group: list[FoundTimetable]) -> list[date]:
    return [d for d in set.intersection(*(t.days for t in group)) if d.weekday() in WEEKDAYS]


def _merge_strangers(groups: list[list[FoundTimetable]]) -> list[list[FoundTimetable]]:
    """Join groups without a common operator that have some weekdays in common."""
    merged: list[list[FoundTimetable]] = []
    for group in groups:
        operators = _list_operators(group)
        home = next(
            (
                other
                for other in merged
                if not operators & _list_operators(other)
                and len(_list_common_weekdays([*other, *group])) >= LEAST_COMMON
            ),
            None,
        )
        if home is None:
            merged.append(list(group))
        else:
            home += group
    return merged


def _list_operators(group: list[FoundTimetable]) -> frozenset[str]:
    return frozenset[str]().union(*(t.operators for t in group))


def _find_next_edition(snapshot: FoundSnapshot, timetables: list[FoundTimetable]) -> date | None:
    """Find the day from which a later edition of one of the timetables holds."""
    starts = [
        later.first
        for one in snapshot.timetables
        for later in timetables
        if later is not one and later.first > one.first and is_edition(one, later)
    ]
    return min(starts, default=None)


def explain_grouping(snapshots: list[FoundSnapshot]) -> str:
    """Say in one sentence why there is one snapshot, or why there are several, and how to decide otherwise.

    Parameters
    ----------
    snapshots
        Named and in order.

    Returns
    -------
    str
        Such as ``2, one after the other: ...``.
    """
    if len(snapshots) == 1:
        names = [t.path.name for t in snapshots[0].timetables]
        if len(names) == 1:
            return f"1, with {names[0]} alone"
        shown = f"{', '.join(names[:-1])} and {names[-1]}"
        return f"1: {shown} have service in the same weeks and other operators or routes; {HOW_TO_CHANGE}"
    pairs = [
        (one, other)
        for i, earlier in enumerate(snapshots)
        for later in snapshots[i + 1 :]
        for one in earlier.timetables
        for other in later.timetables
        if one is not other and is_edition(one, other)
    ]
    if pairs:
        one, other = pairs[0]
        more = f", and {len(pairs) - 1} more pairs" if len(pairs) > 1 else ""
        why = f"{one.path.name} and {other.path.name} are an earlier and a later edition of one timetable{more}"
    else:
        why = "the dates of their timetables do not overlap, or hardly do"
    return f"{len(snapshots)}, one after the other: {why}; {snapshots[0].id} is the baseline; {HOW_TO_CHANGE}"
