"""What became of each service between two snapshots: status, figures, evidence and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.change.coverage import COMPARABLE, MISSING, PARTIAL, DeclaredCoverage, classify_operators
from pipeline.change.evidence import (
    MIN_HOURS_S,
    Calls,
    Row,
    compute_shared_calls,
    get_number,
    join_sentence,
    say_calls,
    say_coinciding,
    say_heir,
    say_runs,
)
from pipeline.change.inputs import DAY_NAMES, DAY_TYPES
from pipeline.change.matching import compute_overlaps, match_services
from pipeline.change.regrouping import DAYS_A_WEEK, Regrouping, combine_services, find_regroupings
from pipeline.change.services import ServiceSet, get_service_key

MIN_RUNS: Final = 0.5
MIN_RUNS_SHARE: Final = 0.05
MIN_STOPS_SHARE: Final = 0.1
MIN_RETIMED_SHARE: Final = 0.1

#: The first of these that applies is a matched service's status; losses come before gains, effects before names.
PRECEDENCE: Final[tuple[str, ...]] = ("cut_back", "shortened", "increased", "extended", "renamed", "retimed", "kept")

SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot_from": pl.String(),
    "snapshot_to": pl.String(),
    "operator_name_before": pl.String(),
    "operator_name_after": pl.String(),
    "route_before": pl.String(),
    "route_after": pl.String(),
    "mode": pl.String(),
    "service_number": pl.Int32(),
    "service_keys_before": pl.String(),
    "service_keys_after": pl.String(),
    "status": pl.String(),
    **{f"{day_type}_runs_{side}": pl.Float64() for day_type in DAY_TYPES for side in ("before", "after")},
    **{
        f"{day_type}_{end}_run_{side}_s": pl.Int32()
        for day_type in DAY_TYPES
        for end in ("first", "last")
        for side in ("before", "after")
    },
    **{f"weekday_calls_{side}_per_day": pl.Float64() for side in ("before", "after")},
    "days_before": pl.String(),
    "days_after": pl.String(),
    "last_run_before_s": pl.Int32(),
    "last_run_after_s": pl.Int32(),
    "stops_before": pl.Int32(),
    "stops_after": pl.Int32(),
    "stops_shared_pct": pl.Float64(),
    "changes": pl.String(),
    "evidence": pl.String(),
    "coverage_class": pl.String(),
}


@dataclass(frozen=True)
class _Match:
    share_before: float
    share_after: float
    shared: float
    shared_smaller: float
    retimed: float
    calls: Calls


def _is_larger(value: float, than: float) -> bool:
    return value - than >= MIN_RUNS and value - than >= MIN_RUNS_SHARE * max(value, than)


def _compare_runs(before: Row, after: Row) -> set[str]:
    """Compare numbers of runs, and first and last run, on day types that both snapshots tell."""
    found = set()
    for day_type in DAY_TYPES:
        old, new = get_number(before, f"{day_type}_runs"), get_number(after, f"{day_type}_runs")
        if old is None or new is None:
            continue
        if _is_larger(old, new):
            found.add("cut_back")
        if _is_larger(new, old):
            found.add("increased")
        if old > 0 and new > 0:
            found |= _compare_hours(before, after, day_type)
    return found


def _compare_hours(before: Row, after: Row, day_type: str) -> set[str]:
    first = [get_number(row, f"{day_type}_first_s") for row in (before, after)]
    last = [get_number(row, f"{day_type}_last_s") for row in (before, after)]
    found = set()
    for old, new in ((first[1], first[0]), (last[0], last[1])):  # positive: the day became shorter at this end
        if old is not None and new is not None and abs(old - new) >= MIN_HOURS_S:
            found.add("cut_back" if old > new else "increased")
    return found


def _weekly_runs(row: Row, other: Row) -> float:
    """Add up the runs of a week on the day types that both snapshots tell."""
    total = 0.0
    for day_type, days in DAYS_A_WEEK.items():
        runs, known = get_number(row, f"{day_type}_runs"), get_number(other, f"{day_type}_runs")
        if runs is not None and known is not None:
            total += days * runs
    return total


def classify_match(
    before: Row, after: Row, *, share_before: float, share_after: float, retimed: float
) -> tuple[str, list[str]]:
    """Say what changed in a matched service.

    Thresholds: numbers of runs differ by at least half a run a day and 5 %, first or last run by 30 minutes, stops by
    10 % of the calls, starting times by 10 % of the runs. The status is the first of :data:`PRECEDENCE` that applies;
    a service that was both cut and increased goes by its runs per week.

    Parameters
    ----------
    before, after
        Rows of ``ServiceSet.services``.
    share_before, share_after
        Shares of each one's calls at stops that the other serves too, 0 to 1.
    retimed
        Share of the starts that are not at the same time, 0 to 1.

    Returns
    -------
    tuple
        Status, and all that applies, in the order of precedence.
    """
    found = _compare_runs(before, after)
    if share_before < 1 - MIN_STOPS_SHARE:
        found.add("shortened")
    if share_after < 1 - MIN_STOPS_SHARE:
        found.add("extended")
    if before["number"] != after["number"]:
        found.add("renamed")
    if retimed >= MIN_RETIMED_SHARE and not found & {"cut_back", "increased"}:
        found.add("retimed")
    changes = [name for name in PRECEDENCE if name in found] or ["kept"]
    status = changes[0]
    gained = _weekly_runs(after, before) - _weekly_runs(before, after)
    if status == "cut_back" and "increased" in found and gained > 0:
        status = "increased"
    if status == "shortened" and "extended" in found and share_before > share_after:
        status = "extended"
    return status, changes


def compute_retimed_share(before: ServiceSet, after: ServiceSet, matches: pl.DataFrame) -> dict[int, float]:
    """Measure how many starts of matched services are not at the same time.

    The total variation distance between the distributions of starting times, weekly, over day types on which both
    run.

    Parameters
    ----------
    before, after
        Two snapshots' services.
    matches
        before, after.

    Returns
    -------
    dict
        Service of the earlier snapshot to share, 0 to 1.
    """
    keys = ["before", "day_type"]
    sides = []
    for side, name in ((before, "before"), (after, "after")):
        starts = side.starts.join(matches.select("before", "after"), left_on="service", right_on=name, coalesce=False)
        total = pl.col("runs").sum().over(keys)
        sides.append(starts.select(*keys, "start_s", (pl.col("runs") / total).alias("part")))
    common = sides[0].select(keys).unique().join(sides[1].select(keys).unique(), on=keys)
    both = sides[0].join(sides[1], on=[*keys, "start_s"], how="full", coalesce=True, suffix="_after")
    distance = (
        both.join(common, on=keys)
        .group_by(keys)
        .agg((pl.col("part").fill_null(0.0) - pl.col("part_after").fill_null(0.0)).abs().sum().alias("d"))
        .group_by("before")
        .agg(pl.col("d").max() / 2)
    )
    return {int(service): float(value) for service, value in distance.iter_rows()}


class _Series:
    """Matches between any two of several snapshots, found when they are asked for."""

    def __init__(self, sets: Sequence[ServiceSet]) -> None:
        self.sets = sets
        self._matches: dict[tuple[int, int], pl.DataFrame] = {}

    def match(self, earlier: int, later: int) -> pl.DataFrame:
        if (earlier, later) not in self._matches:
            self._matches[earlier, later] = match_services(self.sets[earlier], self.sets[later])
        return self._matches[earlier, later]

    def find_return(self, service: int, earlier: int, gone: int) -> str | None:
        """Name the later snapshot in which a service that is gone is there again."""
        for later in range(gone + 1, len(self.sets)):
            found = self.match(earlier, later).filter(pl.col("before") == service)
            if found.height and int(found["after"][0]) not in set(self.match(gone, later)["after"].to_list()):
                return self.sets[later].snapshot
        return None

    def find_earlier(self, service: int, later: int, gone: int) -> str | None:
        """Name the snapshot, before the one in which a service was gone, that has it."""
        for earlier in range(gone - 1, -1, -1):
            found = self.match(earlier, later).filter(pl.col("after") == service)
            if found.height and int(found["before"][0]) not in set(self.match(earlier, gone)["before"].to_list()):
                return self.sets[earlier].snapshot
        return None


def compute_service_changes(
    sets: Sequence[ServiceSet],
    presence: pl.DataFrame,
    *,
    declared: Sequence[DeclaredCoverage] = (),
) -> pl.DataFrame:
    """Say what became of every service between consecutive snapshots, and between the first and each later one.

    A service of the earlier snapshot without a match is ``withdrawn``, or ``missing`` if its operator is not in the
    later one at all or the service is there again in a snapshot after that. A service of the later snapshot without a
    match is ``new``, or ``returned`` if a snapshot before the earlier one has it.

    Parameters
    ----------
    sets
        Services of all snapshots, earliest first.
    presence
        As :func:`pipeline.change.coverage.compute_operator_presence` gives it.
    declared
        What the configuration says about pairs.

    Returns
    -------
    polars.DataFrame
        ``out_service__change``: as :data:`SCHEMA`; ``changes`` holds all that applies, separated by commas.
    """
    series = _Series(sets)
    pairs = [(later - 1, later) for later in range(1, len(sets))] + [(0, later) for later in range(2, len(sets))]
    rows: list[dict[str, object]] = []
    for earlier, later in pairs:
        names = (sets[earlier].snapshot, sets[later].snapshot)
        operators = {
            str(row["operator_key"]): row
            for row in classify_operators(presence, *names, declared=declared).iter_rows(named=True)
        }
        found = _describe_pair(series, earlier, later, operators)
        rows += [row | {"service_number": number} for number, row in enumerate(found)]
    return pl.DataFrame(rows, schema=SCHEMA)


def _describe_pair(series: _Series, earlier: int, later: int, operators: Mapping[str, Row]) -> list[dict[str, object]]:
    before, after = series.sets[earlier], series.sets[later]
    matches = series.match(earlier, later)
    retimed = compute_retimed_share(before, after, matches)
    old = {int(row["service"]): row for row in before.services.iter_rows(named=True)}
    new = {int(row["service"]): row for row in after.services.iter_rows(named=True)}
    overlaps = compute_overlaps(before, after)
    pair = {"snapshot_from": before.snapshot, "snapshot_to": after.snapshot}
    rows = []
    for group in find_regroupings(before, after, matches):
        rows.append(pair | _describe_group(before, after, group, operators))
        old = {service: row for service, row in old.items() if service not in group.before}
        new = {service: row for service, row in new.items() if service not in group.after}
    for match in matches.filter(pl.col("before").is_in(list(old)) & pl.col("after").is_in(list(new))).to_dicts():
        calls = compute_shared_calls(before, after, int(match["before"]), int(match["after"]))
        left, right = old.pop(int(match["before"])), new.pop(int(match["after"]))
        measure = _measure(match, retimed.get(int(match["before"]), 0.0), calls)
        rows.append(pair | _describe_match(left, right, measure, operators))
    for service, left in old.items():
        returns = series.find_return(service, earlier, later)
        heir = say_heir(overlaps, after.services, service, ("before", "after"))
        rows.append(pair | _describe_gone(left, returns, heir, pair, operators))
    for service, right in new.items():
        source = series.find_earlier(service, later, earlier)
        heir = say_heir(overlaps, before.services, service, ("after", "before"))
        rows.append(pair | _describe_new(right, source, heir, pair, operators))
    return rows


def _measure(match: Row, retimed: float, calls: Calls) -> _Match:
    names = ("share_before", "share_after", "shared", "shared_smaller")
    shares = {name: float(str(match[name])) for name in names}
    return _Match(**shares, retimed=retimed, calls=calls)


def _describe_group(
    before: ServiceSet, after: ServiceSet, group: Regrouping, operators: Mapping[str, Row]
) -> dict[str, object]:
    """Describe services that were merged or split as one service before and one after."""
    left, right = combine_services(before, list(group.before)), combine_services(after, list(group.after))
    overlap = compute_overlaps(left, right).row(0, named=True)
    retimed = compute_retimed_share(left, right, pl.DataFrame({"before": [0], "after": [0]})).get(0, 0.0)
    one, other = left.services.row(0, named=True), right.services.row(0, named=True)
    measure = _measure(overlap, retimed, compute_shared_calls(left, right, 0, 0))
    row = _describe_match(one, other, measure, operators, kind=group.kind)
    for side, services, members in (("before", before, group.before), ("after", after, group.after)):
        rows = services.services.filter(pl.col("service").is_in(members)).sort("service")
        row[f"service_keys_{side}"] = ",".join(_key(member) for member in rows.iter_rows(named=True))
    return row


def _describe_match(
    before: Row, after: Row, measure: _Match, operators: Mapping[str, Row], *, kind: str | None = None
) -> dict[str, object]:
    status, changes = classify_match(
        before,
        after,
        share_before=measure.share_before,
        share_after=measure.share_after,
        retimed=measure.retimed,
    )
    number = "same number" if before["number"] == after["number"] else "other number"
    if kind is not None:
        status, changes = kind, [kind, *(change for change in changes if change not in {"kept", "renamed"})]
        number = f"{before['route_name']} {'became' if kind == 'merged' else 'was split into'} {after['route_name']}"
    said = [f"{number}, {100 * measure.shared:.0f}% of the stops in common"]
    if before["operator_key"] != after["operator_key"]:
        said.append(f"operator {before['operator_name']} became {after['operator_name']}")
        changes = [*changes, "operator_changed"]
    said += say_runs(before, after)
    said += say_calls(before, after, measure.calls)
    said += say_coinciding(before, after)
    if "shortened" in changes:
        said.append(f"{100 * (1 - measure.share_before):.0f}% of its calls were at stops no longer served")
    if "extended" in changes:
        said.append(f"{100 * (1 - measure.share_after):.0f}% of its calls are at stops not served before")
    if "retimed" in changes:
        said.append(f"{100 * measure.retimed:.0f}% of the runs start at other times")
    classes = [operators[str(row["operator_key"])] for row in (before, after)]
    doubts = [row for row in classes if row["operator_class"] != COMPARABLE]
    reason = "; ".join(sorted({str(row["reason"]) for row in doubts}))
    unjudged = [d for d in DAY_TYPES if before[f"{d}_runs"] is None or after[f"{d}_runs"] is None]
    if unjudged:
        said.append(f"{' and '.join(DAY_NAMES[day] for day in unjudged)} service cannot be judged")
    if reason:
        said.append(f"comparable in part only: {reason}")
    row = _fill(before, after, shared=measure.shared_smaller)
    old_calls, new_calls = measure.calls.get("weekday", (None, None))
    if "weekday" not in unjudged:
        row |= {"weekday_calls_before_per_day": old_calls, "weekday_calls_after_per_day": new_calls}
    row |= {"status": status, "changes": ",".join(changes), "evidence": join_sentence(said)}
    return row | {"coverage_class": PARTIAL if doubts else COMPARABLE}


def _describe_gone(
    before: Row, returns: str | None, heir: str, pair: Mapping[str, str], operators: Mapping[str, Row]
) -> dict[str, object]:
    operator = operators[str(before["operator_key"])]
    coverage, reason = str(operator["operator_class"]), str(operator["reason"])
    if coverage == MISSING:
        status, said = "missing", reason
    elif returns is not None:
        status, coverage = "missing", MISSING
        said = f"not in {pair['snapshot_to']}, but there again in {returns}"
    else:
        status = "withdrawn"
        said = _say_unmatched(before, pair["snapshot_to"])
    row = _fill(before, None, shared=0.0)
    row |= {
        "status": status,
        "changes": status,
        "evidence": join_sentence([said, *([heir] if heir else []), *_doubt(operator)]),
    }
    return row | {"coverage_class": coverage}


def _describe_new(
    after: Row, source: str | None, heir: str, pair: Mapping[str, str], operators: Mapping[str, Row]
) -> dict[str, object]:
    operator = operators[str(after["operator_key"])]
    coverage, reason = str(operator["operator_class"]), str(operator["reason"])
    if source is not None:
        status, coverage = "returned", MISSING
        said = f"not in {pair['snapshot_from']}, but already in {source}"
    elif coverage == MISSING:
        status, said = "new", f"{reason}: whether it is new cannot be known"
    else:
        status = "new"
        said = _say_unmatched(after, pair["snapshot_from"])
    row = _fill(None, after, shared=0.0)
    row |= {
        "status": status,
        "changes": status,
        "evidence": join_sentence([said, *([heir] if heir else []), *_doubt(operator)]),
    }
    return row | {"coverage_class": coverage}


def _say_unmatched(service: Row, other: str) -> str:
    return f"{service['operator_name']} is in both timetables, but nothing in that of {other} matches this service"


def _doubt(operator: Row) -> list[str]:
    return [f"comparable in part only: {operator['reason']}"] if operator["operator_class"] == PARTIAL else []


def _last_run(row: Row) -> float | None:
    """Give the last start on weekdays, or on the first day type on which the service runs."""
    return next((value for d in DAY_TYPES if (value := get_number(row, f"{d}_last_s")) is not None), None)


def _key(row: Row) -> str:
    return get_service_key(row["operator_key"], row["number"], row["mode"])


def _list_days(row: Row) -> str | None:
    """List the day types on which a service runs; None if one of them cannot be judged."""
    runs = [get_number(row, f"{day_type}_runs") for day_type in DAY_TYPES]
    if None in runs:
        return None
    return ",".join(day_type for day_type, n in zip(DAY_TYPES, runs, strict=True) if n)


def _fill(before: Row | None, after: Row | None, *, shared: float) -> dict[str, object]:
    known = after if after is not None else before
    row: dict[str, object] = {"mode": known["mode"] if known is not None else None, "stops_shared_pct": 100 * shared}
    for side, service in (("before", before), ("after", after)):
        if service is None:
            continue
        last = _last_run(service)
        row |= {
            f"operator_name_{side}": service["operator_name"],
            f"route_{side}": service["route_name"],
            f"service_keys_{side}": _key(service),
            f"stops_{side}": service["n_stops"],
            f"days_{side}": _list_days(service),
            f"last_run_{side}_s": int(last) if last is not None else None,
        }
        for day_type in DAY_TYPES:
            row[f"{day_type}_runs_{side}"] = service[f"{day_type}_runs"]
            for end in ("first", "last"):
                row[f"{day_type}_{end}_run_{side}_s"] = service[f"{day_type}_{end}_s"]
    by_side = [name for name in SCHEMA if "_before" in name or "_after" in name]
    return dict.fromkeys(by_side) | row
