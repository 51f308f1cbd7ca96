"""Compare a run with the last accepted one: rows, places, nulls, operators, and how far scores and times moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.base.config import Gates
from pipeline.change.run_record import DAYS_A_WEEK, PAIR, WHOLE, RunRecord

TIMETABLE_SUBJECTS: Final = ("service", "operator", "stop", "point", "feed", "system")
VOLATILE: Final = ("out_neighbourhood__attribution", "out_neighbourhood__school_runs")
"""Tables of neighbourhoods whose rows follow the list of services."""
ALL: Final = "all"
SETTINGS_CHANGED: Final = "settings or area file changed"
FIRST_CHANGED: Final = "another snapshot is the first, with which others are compared"


@dataclass(frozen=True)
class Judged:
    """One thing that was compared with a limit.

    Attributes
    ----------
    gate, subject
        What was judged.
    value, limit
        What was found, and the most (of ``stops_per_trip_low`` the least) that passes.
    is_held
        Whether it lies beyond the limit.
    text
        A sentence that says what was found.
    explanation
        Why a value beyond its limit does not hold the run; empty if it does or is within.
    """

    gate: str
    subject: str
    value: float
    limit: float
    is_held: bool
    text: str
    explanation: str = ""


@dataclass(frozen=True)
class _Comparison:
    """Two runs, and how strictly each snapshot is judged."""

    before: RunRecord
    after: RunRecord
    gates: Gates

    @property
    def common(self) -> list[str]:
        """Snapshots (or the year of a series) that both have."""
        return sorted(set(self.before.index) & set(self.after.index))

    @property
    def is_explained(self) -> bool:
        """Whether somebody changed settings, so that anything may have changed on purpose."""
        return self.before.origin.settings != self.after.origin.settings

    @property
    def is_all_same(self) -> bool:
        """Whether neither settings nor any input changed: whatever differs comes of the program."""
        return self.before.origin == self.after.origin

    def is_same(self, snapshot: str) -> bool:
        """Whether a snapshot and what it shares with others did not change."""
        old, new = self.before.origin, self.after.origin
        same = old.inputs.get(snapshot) == new.inputs.get(snapshot)
        return same and old.shared == new.shared and old.snapshots.get(snapshot) == new.snapshots.get(snapshot)

    def is_redefined(self, snapshot: str) -> bool:
        """Whether the area file says something else of a snapshot."""
        return self.before.origin.snapshots.get(snapshot) != self.after.origin.snapshots.get(snapshot)

    @property
    def has_same_snapshots(self) -> bool:
        """Whether both runs have the same snapshots."""
        return set(self.before.index) == set(self.after.index)

    @property
    def has_same_first(self) -> bool:
        """Whether change since the first snapshot, which enters scores, is since the same one."""
        return self.before.origin.order[:1] == self.after.origin.order[:1]

    def judge(self, gate: str, subject: str, snapshots: list[str], value: float, limit: float, text: str) -> Judged:
        """Hold a value to its limit, unless somebody changed what it depends on."""
        is_beyond = value > limit + 1e-9
        explanation = ""
        if is_beyond and (self.is_explained or any(self.is_redefined(s) for s in snapshots)):
            explanation = SETTINGS_CHANGED
        elif is_beyond and gate.startswith("index") and not self.has_same_first:
            explanation = FIRST_CHANGED
        return Judged(gate, subject, round(value, 4), limit, is_beyond and not explanation, text, explanation)


def compare_runs(before: RunRecord | None, after: RunRecord, gates: Gates) -> list[Judged]:
    """Judge a run against the last accepted one.

    Where no input and no setting changed, whatever differs comes of the program and is held beyond
    ``max_unexplained_pct``; where inputs changed, beyond the wider limits. Changes of settings, and of what the area
    file says of a snapshot, explain themselves: they are listed, and not held. Snapshots that only one of the two has
    are left out; the gate on snapshots judges a new one. Then only losses of rows are judged, and no pairs.

    Parameters
    ----------
    before
        The last accepted run; None if there is none.
    after
        This run.
    gates
        Limits.

    Returns
    -------
    list of Judged
        Everything that was compared, in a fixed order; empty without an earlier run, and for the same results.
    """
    if before is None or before.run == after.run:
        return []
    comparison = _Comparison(before, after, gates)
    return [
        *_judge_rows(comparison),
        *_judge_links(comparison),
        *_judge_nulls(comparison),
        *_judge_operators(comparison),
        *_judge_runs(comparison),
        *_judge_index(comparison),
        *_judge_times(comparison),
    ]


def _judge_rows(c: _Comparison) -> Iterator[Judged]:
    limits, common = c.gates.run, set(c.common)
    for table in sorted(c.before.rows):
        if table not in c.after.rows:
            n = sum(c.before.rows[table].values())
            yield c.judge("rows", table, [], 100.0, 0.0, f"{table} is gone ({n:,} rows)")
            continue
        old, new = c.before.rows[table], c.after.rows[table]
        for key in sorted(set(old) | set(new)):
            snapshots = key.split(PAIR) if key != WHOLE else []
            if not set(snapshots) <= common or old.get(key, 0) == new.get(key, 0):
                continue
            n_old, n_new = old.get(key, 0), new.get(key, 0)
            # another snapshot changes which pairs are compared, and may bring modes and operators for all
            if not c.has_same_snapshots and (len(snapshots) != 1 or n_new > n_old):
                continue
            value = 100.0 * abs(n_new - n_old) / n_old if n_old else 100.0
            of = f" of {key.replace(PAIR, ' to ')}" if key else ""
            text = f"{table}{of} has {n_new:,} rows instead of {n_old:,}"
            limit = limits.max_unexplained_pct if c.is_all_same else _find_row_limit(table, c)
            yield c.judge("rows", f"{table} {key}".strip(), snapshots, value, limit, text)


def _find_row_limit(table: str, c: _Comparison) -> float:
    subject = table.removeprefix("out_").split("__")[0]
    if table in VOLATILE or subject in TIMETABLE_SUBJECTS:
        return c.gates.run.max_timetable_rows_changed_pct
    return c.gates.run.max_rows_changed_pct


def _judge_links(c: _Comparison) -> Iterator[Judged]:
    for snapshot in c.common:
        old, new = c.before.linked.get(snapshot, {}), c.after.linked.get(snapshot, {})
        for kind in sorted(set(old) & set(new)):
            text = (
                f"{kind}: {new[kind]:.1f} % of the points of {snapshot} join the streets instead of {old[kind]:.1f} %"
            )
            value, limit = max(old[kind] - new[kind], 0.0), c.gates.run.max_linked_lost_pct
            yield c.judge("places_linked", f"{kind} {snapshot}", [snapshot], value, limit, text)


def _judge_nulls(c: _Comparison) -> Iterator[Judged]:
    for snapshot in c.common:
        old, new = c.before.nulls.get(snapshot, {}), c.after.nulls.get(snapshot, {})
        for category in sorted(set(old) & set(new)):
            for reason in sorted(set(old[category]) | set(new[category])):
                was, now = old[category].get(reason, 0.0), new[category].get(reason, 0.0)
                text = (
                    f"{now:.1f} % of the times to {category} of {snapshot} are null ({reason}) instead of {was:.1f} %"
                )
                subject = f"{category} {reason} {snapshot}"
                limit = c.gates.run.max_nulls_risen_pct
                yield c.judge("nulls", subject, [snapshot], max(now - was, 0.0), limit, text)


def _judge_operators(c: _Comparison) -> Iterator[Judged]:
    for snapshot in c.common:
        old, new = c.before.operators.get(snapshot, []), c.after.operators.get(snapshot, [])
        if not old:
            continue
        lost = sorted(set(old) - set(new))
        text = f"{len(lost)} of {len(old)} operators of {snapshot} are gone ({', '.join(lost)})"
        value = 100.0 * len(lost) / len(old)
        yield c.judge("operators", snapshot, [snapshot], value, c.gates.max_operators_lost_pct, text)


def _judge_runs(c: _Comparison) -> Iterator[Judged]:
    for snapshot in c.common:
        old, new = (side.runs.get(snapshot, {}) for side in (c.before, c.after))
        days = [day for day in DAYS_A_WEEK if day in old and day in new]
        was, now = (sum(DAYS_A_WEEK[day] * side[day] for day in days) for side in (old, new))
        if was <= 0:
            continue
        value = 100.0 * max(was - now, 0.0) / was
        text = f"{now:,.0f} runs of a week of {snapshot} instead of {was:,.0f}"
        yield c.judge("runs", snapshot, [snapshot], value, c.gates.max_trips_lost_pct, text)


def _judge_index(c: _Comparison) -> Iterator[Judged]:
    limits = c.gates.run
    for snapshot in c.common:
        old, new = _pair_up(c, c.before.index[snapshot], c.after.index[snapshot])
        moved_limit = limits.max_unexplained_pct if c.is_all_same else limits.max_moved_pct
        about = f"the absolute index of {snapshot}"
        yield from _judge_values(
            c, "index", (snapshot, snapshot), (old, new), (limits.moved_index_points, "points", moved_limit), about
        )


def _judge_times(c: _Comparison) -> Iterator[Judged]:
    limits = c.gates.run
    for snapshot in c.common:
        before, after = c.before.minutes.get(snapshot, {}), c.after.minutes.get(snapshot, {})
        moved_limit = limits.max_unexplained_pct if c.is_same(snapshot) else limits.max_moved_pct
        for category in sorted(set(before) & set(after)):
            old, new = _pair_up(c, before[category], after[category])
            about = f"the median travel time to {category} of {snapshot}"
            step = (limits.moved_time_min, "minutes", moved_limit)
            yield from _judge_values(c, "time", (f"{category} {snapshot}", snapshot), (old, new), step, about)


def _pair_up(
    c: _Comparison, old: list[float | None], new: list[float | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring two lists to the same places; what is null becomes infinite."""
    before, after = dict(zip(c.before.places, old, strict=True)), dict(zip(c.after.places, new, strict=True))
    both = [code for code in c.before.places if code in after]
    sides = [np.array([np.nan if side[code] is None else side[code] for code in both]) for side in (before, after)]
    first, second = (np.where(np.isnan(side.astype(np.float64)), np.inf, side) for side in sides)
    return np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)


def _judge_values(
    c: _Comparison,
    what: str,
    who: tuple[str, str],
    sides: tuple[NDArray[np.float64], NDArray[np.float64]],
    step: tuple[float, str, float],
    about: str,
) -> Iterator[Judged]:
    old, new = sides
    if not len(old):
        return
    threshold, unit, moved_limit = step
    subject, snapshot = who
    is_moved = np.isinf(old) != np.isinf(new)
    known = np.isfinite(old) & np.isfinite(new)
    is_moved[known] = np.abs(new[known] - old[known]) > threshold
    value = 100.0 * float(is_moved.mean())
    middles = [_describe_median(side) for side in sides]
    median = f"median {middles[0]} to {middles[1]}"
    text = f"{about} moved by more than {threshold:g} {unit} in {value:.0f} % of places ({median})"
    yield c.judge(f"{what}_moved", subject, [snapshot], value, moved_limit, text)
    spread = compute_spread(old, new)
    text = f"{about}: distance between the distributions {spread:.2f} ({median})"
    yield c.judge(f"{what}_spread", subject, [snapshot], spread, c.gates.run.max_spread, text)


def _describe_median(values: NDArray[np.float64]) -> str:
    middle = float(np.sort(values)[(len(values) - 1) // 2])
    return f"{middle:.1f}" if np.isfinite(middle) else "none"


def compute_spread(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the largest distance between two cumulative distributions, Kolmogorov and Smirnov's statistic.

    Parameters
    ----------
    one, other
        float64[n], float64[m]; infinite values are the largest.

    Returns
    -------
    float
        0 (alike) to 1; 0 if either is empty.
    """
    if not len(one) or not len(other):
        return 0.0
    at = np.concatenate([one, other])
    sides = [np.searchsorted(np.sort(side), at, side="right") / len(side) for side in (one, other)]
    return float(np.abs(sides[0] - sides[1]).max())
