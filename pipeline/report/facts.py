"""Figures per group of neighbourhoods, computed from the published tables; the evidence behind every sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.context import ALL_GROUPS
from pipeline.report.data import compute_median
from pipeline.report.text import as_float, as_text, round_half_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from pipeline.report.data import ReportData

COMPARABLE_SHARE = 0.9
MISSING_SHARE = 0.5
NO_JOURNEY = ("no_route", "over_limit")


@dataclass(frozen=True)
class GroupTime:
    """Travel times of one group.

    ``median_s`` is None where at least half of the neighbourhoods have no value. ``without`` names those without a
    journey; ``n_unmapped`` counts those whose value could not be computed, as no street of the map is near them: a gap
    in the data, not in the service. ``people`` and ``people_without`` leave the latter out.
    """

    n: int
    n_unmapped: int
    median_s: float | None
    people: float
    people_without: float
    without: tuple[str, ...]

    @property
    def n_without(self) -> int:
        """Neighbourhoods without a journey."""
        return len(self.without)

    @property
    def n_mapped(self) -> int:
        """Neighbourhoods for which a value could be computed."""
        return self.n - self.n_unmapped

    @property
    def people_without_pct(self) -> float | None:
        """Share of people who live where there is no journey, in per cent."""
        return 100.0 * self.people_without / self.people if self.people > 0 else None


@dataclass(frozen=True)
class TimeRow:
    """What is needed of a row of travel times."""

    median_s: float | None
    people_without_pct: float
    reason: str


@dataclass(frozen=True)
class ServiceLevel:
    """Service of one group at one snapshot.

    ``status`` is comparable, partial or missing; only a comparable one has a median, for the median of the covered part
    of a group would change with what is covered.
    """

    snapshot: str
    median: float | None
    n: int
    n_comparable: int
    status: str


@dataclass(frozen=True)
class ServiceChange:
    """Change of one group between two snapshots over the neighbourhoods whose timetables are comparable."""

    n: int
    n_comparable: int
    n_partial: int
    n_missing: int
    before: float | None
    after: float | None
    median_change_pct: float | None
    n_lost_quarter: int
    reasons: tuple[str, ...]


UNMAPPED = TimeRow(None, 100.0, "")


class Facts:
    """Looks up and sums up the tables of one report; every method is a pure function of the tables."""

    def __init__(self, report: ReportData) -> None:
        """Index the tables."""
        self.report = report
        self._times = _index_times(report)
        self._runs = _index_runs(report)
        self._changes = _index_changes(report)
        self._jobs = _index_jobs(report)
        self._group_times: dict[tuple[str, ...], dict[str, GroupTime]] = {}
        self._missing_operators = {
            snapshot.key: _collect_missing_operators(report, snapshot.key) for snapshot in report.context.snapshots
        }

    def find_times(
        self, category: str, snapshot: str, window: str, *, mode_set: str = "all", direction: str = "outward"
    ) -> dict[str, GroupTime] | None:
        """Return travel times per group key, or None where the tables hold nothing for this choice."""
        key = (category, snapshot, window, direction, mode_set)
        if key not in self._times:
            return None
        if key not in self._group_times:
            self._group_times[key] = self._sum_up_times(self._times[key])
        return self._group_times[key]

    def _sum_up_times(self, rows: dict[str, TimeRow]) -> dict[str, GroupTime]:
        found = {}
        for group in self.report.groups:
            pairs = [(place, rows.get(place.code, UNMAPPED)) for place in self.report.get_members(group.key)]
            mapped = [pair for pair in pairs if pair[1].median_s is not None or pair[1].reason in NO_JOURNEY]
            found[group.key] = GroupTime(
                n=len(pairs),
                n_unmapped=len(pairs) - len(mapped),
                median_s=compute_median([row.median_s for _, row in pairs]),
                people=sum(place.population for place, _ in mapped),
                people_without=sum(place.population * row.people_without_pct / 100.0 for place, row in mapped),
                without=tuple(place.name for place, row in mapped if row.median_s is None),
            )
        return found

    def find_service(self, group: str, day_type: str, band: str) -> list[ServiceLevel]:
        """Return the median of vehicle runs a day per snapshot, over the neighbourhoods with complete timetables."""
        members = self.report.get_members(group)
        levels = []
        for snapshot in self.report.context.snapshots:
            rows = self._runs.get((snapshot.key, day_type, band), {})
            values = [rows[p.code][0] for p in members if p.code in rows and rows[p.code][1] == "comparable"]
            share = len(values) / len(members) if members else 0.0
            status = "comparable" if share >= COMPARABLE_SHARE else "partial" if share >= MISSING_SHARE else "missing"
            median = compute_median(values) if status == "comparable" else None
            levels.append(ServiceLevel(snapshot.key, median, len(members), len(values), status))
        return levels

    def find_jobs(
        self, category: str, snapshot: str, window: str, limit_min: int, *, mode_set: str = "all"
    ) -> dict[str, float | None]:
        """Return the median of what can be reached within a limit, per group, over neighbourhoods that have a value.

        Empty where the tables hold nothing for this choice.
        """
        rows = self._jobs.get((category, snapshot, window, mode_set, limit_min))
        if rows is None:
            return {}
        found = {}
        for group in self.report.groups:
            values = [rows.get(place.code) for place in self.report.get_members(group.key)]
            found[group.key] = compute_median([value for value in values if value is not None])
        return found

    def get_limits(self) -> list[int]:
        """Return the limits in minutes within which jobs were counted, ascending."""
        return sorted({key[4] for key in self._jobs})

    def has_service(self) -> bool:
        """Tell whether any service level was published."""
        return bool(self._runs)

    def get_pairs(self) -> list[tuple[str, str, str]]:
        """Return the pairs of snapshots to report on, as (comparison, from, to): each step, then the whole period."""
        order = {snapshot.key: number for number, snapshot in enumerate(self.report.context.snapshots)}
        pairs = {key[:3] for key in self._changes}
        last = self.report.context.latest.key
        known = [
            pair
            for pair in pairs
            if pair[1] in order and pair[2] in order and (pair[0] == "consecutive" or pair[2] == last)
        ]
        known.sort(key=lambda pair: (pair[0] != "consecutive", order[pair[1]], order[pair[2]]))
        seen: set[tuple[str, str]] = set()
        unique = []
        for pair in known:
            if (pair[1], pair[2]) not in seen:
                seen.add((pair[1], pair[2]))
                unique.append(pair)
        return unique

    def is_change_known(self, start: str, end: str, group: str, day_type: str, band: str) -> bool:
        """Tell whether the change between two snapshots was published and nearly all of the group is comparable."""
        change = self.find_change(("consecutive", start, end), group, day_type, band)
        return change is not None and change.n_comparable >= COMPARABLE_SHARE * change.n

    def find_change(self, pair: tuple[str, str, str], group: str, day_type: str, band: str) -> ServiceChange | None:
        """Return the change of one group between two snapshots, or None where it was not published."""
        rows = self._changes.get((*pair, day_type, band))
        if rows is None:
            return None
        members = self.report.get_members(group)
        mine = [rows[place.code] for place in members if place.code in rows]
        good = [row for row in mine if as_text(row["coverage_class"]) == "comparable"]
        before = [as_float(row["runs_per_day_before"]) for row in good]
        after = [as_float(row["runs_per_day_after"]) for row in good]
        pct = [value for value in (as_float(row["change_pct"]) for row in good) if value is not None]
        bad = [row for row in mine if as_text(row["coverage_class"]) != "comparable"]
        n_partial = sum(as_text(row["coverage_class"]) == "partial" for row in bad)
        return ServiceChange(
            n=len(members),
            n_comparable=len(good),
            n_partial=n_partial,
            n_missing=len(members) - len(good) - n_partial,
            before=compute_median(before),
            after=compute_median(after),
            median_change_pct=compute_median(pct),
            n_lost_quarter=sum(value <= -25.0 for value in pct),
            reasons=_rank_words(as_text(row["coverage_reason"]) for row in bad),
        )

    def get_missing_operators(self, snapshot: str) -> list[str]:
        """Return the names of operators whose data is missing at a snapshot, in alphabetical order."""
        return self._missing_operators[snapshot]


def _collect_missing_operators(report: ReportData, snapshot: str) -> list[str]:
    rows = report[d.OPERATORS]
    mine = rows[(rows["snapshot"] == snapshot) & (rows["presence_class"] == "missing")]
    pairs = zip(mine["operator_name"], mine["operator_key"], strict=True)
    return sorted({as_text(name) or as_text(key) for name, key in pairs})


def _index_times(report: ReportData) -> dict[tuple[str, ...], dict[str, TimeRow]]:
    found: dict[tuple[str, ...], dict[str, TimeRow]] = {}
    frame = report[d.TRAVEL_TIME]
    columns = ("neighbourhood_code", "travel_time_p50_s", "people_without_pct", "reason")
    for keys, part in frame.groupby(["category", "snapshot", "window", "direction", "mode_set"], sort=True):
        rows = {}
        for code, median, share, reason in _iterate(part, *columns):
            value, without = as_float(median), as_float(share)
            if without is None:
                without = 100.0 if value is None else 0.0
            rows[str(code)] = TimeRow(value, without, as_text(reason))
        found[tuple(map(str, keys))] = rows
    return found


def _index_runs(report: ReportData) -> dict[tuple[str, ...], dict[str, tuple[float | None, str]]]:
    found: dict[tuple[str, ...], dict[str, tuple[float | None, str]]] = {}
    frame = report[d.SERVICE_LEVEL]
    for keys, part in frame[frame["mode"] == "all"].groupby(["snapshot", "day_type", "band"], sort=True):
        found[tuple(map(str, keys))] = {
            str(code): (as_float(runs), as_text(coverage))
            for code, runs, coverage in _iterate(part, "neighbourhood_code", "runs_per_day", "coverage_class")
        }
    return found


def _index_jobs(report: ReportData) -> dict[tuple[str, str, str, str, int], dict[str, float | None]]:
    found: dict[tuple[str, str, str, str, int], dict[str, float | None]] = {}
    columns = ("category", "snapshot", "window", "mode_set", "limit_min", "neighbourhood_code", "jobs_p50")
    for category, snapshot, window, mode_set, limit, code, jobs in _iterate(report[d.JOBS], *columns):
        key = (str(category), str(snapshot), str(window), str(mode_set), round_half_up(as_float(limit) or 0.0))
        found.setdefault(key, {})[str(code)] = as_float(jobs)
    return found


def _index_changes(report: ReportData) -> dict[tuple[str, str, str, str, str], dict[str, dict[str, object]]]:
    found: dict[tuple[str, str, str, str, str], dict[str, dict[str, object]]] = {}
    frame = report[d.SERVICE_CHANGE]
    by = ["comparison", "snapshot_from", "snapshot_to", "day_type", "band"]
    for keys, part in frame[frame["mode"] == "all"].groupby(by, sort=True):
        first, start, end, day_type, band = (str(key) for key in keys)
        found[(first, start, end, day_type, band)] = {
            str(row["neighbourhood_code"]): {str(k): v for k, v in row.items()} for row in part.to_dict("records")
        }
    return found


def _iterate(frame: pd.DataFrame, *columns: str) -> Iterable[tuple[object, ...]]:
    return zip(*(frame[column].astype(object).tolist() for column in columns), strict=True)


def _rank_words(words: Iterable[str]) -> tuple[str, ...]:
    counts = Counter(word for word in words if word)
    return tuple(word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3])


def get_leading_group(report: ReportData) -> str:
    """Return the key of the group that the findings speak of first: the first group, or ``all`` where there is one."""
    return report.groups[0].key if report.groups else ALL_GROUPS
