"""Who is in each snapshot, and which places can therefore be compared between two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.change.inputs import ALL_DAY, ALL_MODES, DAY_NAMES, DAY_TYPES, ServiceFrames, compute_operator_key
from pipeline.change.levels import ServiceLevels
from pipeline.change.patterns import build_trip_patterns
from pipeline.change.window28 import ServiceWindow

COMPARABLE: Final = "comparable"
PARTIAL: Final = "partial"
MISSING: Final = "missing"
MIN_PARTIAL_SHARE: Final = 0.5
MAX_VOLUME_RATIO: Final = 2.0
MIN_SERVICES_DIFFERENCE: Final = 3
_TOLERANCE: Final = 1e-9
_ZONE_KEYS: Final = ["neighbourhood_code", "mode", "day_type"]


@dataclass(frozen=True)
class DeclaredCoverage:
    """What the area's configuration says about the comparability of two snapshots.

    Attributes
    ----------
    snapshot_from, snapshot_to
        The pair, earlier first.
    is_comparable
        False: nothing between the two is better than ``partial``.
    reason
        Said wherever a class follows from it.
    comparable_operators
        Operators (names) that are comparable all the same.
    day_types
        Day types of which this is said.
    """

    snapshot_from: str
    snapshot_to: str
    is_comparable: bool
    reason: str
    comparable_operators: tuple[str, ...] = ()
    day_types: tuple[str, ...] = DAY_TYPES


def build_operators(frames: ServiceFrames, window: ServiceWindow) -> pl.DataFrame:
    """List the operators of a snapshot with what they run in the 28 days.

    Parameters
    ----------
    frames
        The snapshot.
    window
        The 28 days.

    Returns
    -------
    polars.DataFrame
        snapshot, operator_key, operator_name, feed (several joined by commas), n_trips and n_services (that run in
        the 28 days), first_date, last_date (of all its services).
    """
    trips = build_trip_patterns(frames, window).trips
    services = frames.service_dates.group_by("service_index").agg(
        pl.col("date").min().alias("first_date"), pl.col("date").max().alias("last_date")
    )
    spans = (
        trips.select("trip_index", "operator_key")
        .join(frames.trips.select("trip_index", "service_index"), on="trip_index")
        .join(services, on="service_index")
        .group_by("operator_key")
        .agg(pl.col("first_date").min(), pl.col("last_date").max())
    )
    return (
        trips.group_by("operator_key")
        .agg(
            pl.col("operator_name").min(),
            pl.col("feed").unique().sort().str.join(","),
            pl.len().cast(pl.Int32).alias("n_trips"),
            pl.col("number").n_unique().cast(pl.Int32).alias("n_services"),
        )
        .join(spans, on="operator_key")
        .select(pl.lit(frames.snapshot).alias("snapshot"), pl.all())
        .sort("operator_key")
    )


def compute_operator_presence(operators: Sequence[pl.DataFrame], snapshots: Sequence[str]) -> pl.DataFrame:
    """Tell for every operator and snapshot whether it is there, and if not, what that may mean.

    ``missing``: it was there before and is there again later, or it went together with every feed it was in; until
    shown otherwise the data is missing and not the buses. ``absent``: it was there before, its feed still is, and it
    does not come back. ``not_yet``: no earlier snapshot has it.

    Parameters
    ----------
    operators
        As :func:`build_operators` gives them, one frame for each snapshot, in the order of ``snapshots``.
    snapshots
        Names, earliest first.

    Returns
    -------
    polars.DataFrame
        ``out_operator__presence``: snapshot, operator_key, operator_name, feed, n_trips, n_services, first_date,
        last_date, is_present, presence_class. An operator that is not there carries its last (or next) feed.
    """
    rows: dict[tuple[str, int], Mapping[str, object]] = {}
    feeds = [set[str]() for _ in snapshots]
    for number, frame in enumerate(operators):
        for row in frame.iter_rows(named=True):
            rows[str(row["operator_key"]), number] = row
            feeds[number].update(str(row["feed"]).split(","))
    result = []
    for key in sorted({key for key, _ in rows}):
        present = [number for number in range(len(snapshots)) if (key, number) in rows]
        for number, snapshot in enumerate(snapshots):
            known = rows.get((key, number))
            nearest = max((p for p in present if p <= number), default=present[0])
            base = rows[key, nearest]
            is_feed_there = bool(set(str(base["feed"]).split(",")) & feeds[number])
            result.append(
                {
                    "snapshot": snapshot,
                    "operator_key": key,
                    "operator_name": base["operator_name"],
                    "feed": base["feed"],
                    "n_trips": known["n_trips"] if known else 0,
                    "n_services": known["n_services"] if known else 0,
                    "first_date": str(known["first_date"]) if known else None,
                    "last_date": str(known["last_date"]) if known else None,
                    "is_present": known is not None,
                    "presence_class": _classify_presence(number, present, is_feed_there=is_feed_there),
                }
            )
    schema = {
        "snapshot": pl.String(),
        "operator_key": pl.String(),
        "operator_name": pl.String(),
        "feed": pl.String(),
        "n_trips": pl.Int32(),
        "n_services": pl.Int32(),
        "first_date": pl.String(),
        "last_date": pl.String(),
        "is_present": pl.Boolean(),
        "presence_class": pl.String(),
    }
    return pl.DataFrame(result, schema=schema)


def _classify_presence(number: int, present: Sequence[int], *, is_feed_there: bool) -> str:
    if number in present:
        return "present"
    if number < present[0]:
        return "not_yet"
    if number < present[-1] or not is_feed_there:
        return "missing"
    return "absent"


def _find_declared(
    declared: Sequence[DeclaredCoverage], snapshot_from: str, snapshot_to: str
) -> DeclaredCoverage | None:
    pair = (snapshot_from, snapshot_to)
    return next((item for item in declared if (item.snapshot_from, item.snapshot_to) == pair), None)


def classify_operators(
    presence: pl.DataFrame,
    snapshot_from: str,
    snapshot_to: str,
    *,
    declared: Sequence[DeclaredCoverage] = (),
) -> pl.DataFrame:
    """Classify every operator of either snapshot by whether its service can be compared.

    ``missing``: it is in one of the two only; a service that vanishes, or appears, together with its operator is
    missing data until shown otherwise. ``partial``: it is in both, but its trips differ by more than a factor of two
    and its services by three or more, so that one of the two is likely to be a part of the operator's timetable; or
    the configuration declares the pair not comparable on any day type. Else ``comparable``.

    Parameters
    ----------
    presence
        As :func:`compute_operator_presence` gives it.
    snapshot_from, snapshot_to
        The pair.
    declared
        What the configuration says about pairs.

    Returns
    -------
    polars.DataFrame
        operator_key, operator_name, operator_class, reason (empty if comparable).
    """
    pair = _find_declared(declared, snapshot_from, snapshot_to)
    trusted = {compute_operator_key(name) for name in pair.comparable_operators} if pair else set()
    sides = {
        name: {str(row["operator_key"]): row for row in presence.filter(pl.col("snapshot") == name).to_dicts()}
        for name in (snapshot_from, snapshot_to)
    }
    result = []
    for key, before in sorted(sides[snapshot_from].items()):
        after = sides[snapshot_to][key]
        if not (before["is_present"] or after["is_present"]):
            continue
        name = str(after["operator_name"] if after["is_present"] else before["operator_name"])
        if not after["is_present"]:
            operator_class, reason = MISSING, f"{name} is not in the timetables of {snapshot_to}: {_say(after)}"
        elif not before["is_present"]:
            operator_class, reason = MISSING, f"{name} is not in the timetables of {snapshot_from}: {_say(before)}"
        elif key in trusted:
            operator_class, reason = COMPARABLE, ""
        elif _is_of_another_size(before, after):
            operator_class = PARTIAL
            reason = (
                f"{name} has {before['n_trips']:,} trips of {_count_services(before)} in the timetables of "
                f"{snapshot_from} and "
                f"{after['n_trips']:,} of {_count_services(after)} in those of {snapshot_to}: one may be only a part"
            )
        elif pair and not pair.is_comparable and set(pair.day_types) == set(DAY_TYPES):
            operator_class, reason = PARTIAL, pair.reason
        else:
            operator_class, reason = COMPARABLE, ""
        result.append((key, name, operator_class, reason))
    schema = dict.fromkeys(["operator_key", "operator_name", "operator_class", "reason"], pl.String)
    return pl.DataFrame(result, schema=schema, orient="row")


def _say(row: Mapping[str, object]) -> str:
    return {
        "not_yet": "no earlier timetable has it",
        "missing": "it comes back later, or its whole feed is gone",
        "absent": "its feed is there without it",
    }[str(row["presence_class"])]


def _count_services(row: Mapping[str, object]) -> str:
    count = int(str(row["n_services"]))
    return f"{count:,} {'service' if count == 1 else 'services'}"


def _is_of_another_size(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    trips = sorted([int(str(before["n_trips"])), int(str(after["n_trips"]))])
    services = abs(int(str(before["n_services"])) - int(str(after["n_services"])))
    return trips[1] > MAX_VOLUME_RATIO * trips[0] and services >= MIN_SERVICES_DIFFERENCE


def classify_operator_days(
    before: ServiceLevels,
    after: ServiceLevels,
    operators: pl.DataFrame,
    *,
    declared: Sequence[DeclaredCoverage] = (),
) -> pl.DataFrame:
    """Classify every operator and day type.

    As the operator; but missing where either feed cannot tell the day type, and at best partial where the
    configuration declares the pair not comparable on the day type.

    Parameters
    ----------
    before, after
        Two snapshots.
    operators
        As :func:`classify_operators` gives them.
    declared
        What the configuration says about pairs.

    Returns
    -------
    polars.DataFrame
        operator_key, day_type, operator_class, reason.
    """
    pair = _find_declared(declared, before.snapshot, after.snapshot)
    trusted = [compute_operator_key(name) for name in pair.comparable_operators] if pair else []
    broken = list(pair.day_types) if pair and not pair.is_comparable else []
    is_broken = (
        pl.col("day_type").is_in(broken)
        & ~pl.col("operator_key").is_in(trusted)
        & (pl.col("operator_class") == COMPARABLE)
    )
    keys = ["operator_key", "day_type"]
    doubts = pl.concat(
        [
            side.operator_runs.select("operator_key", "feed").unique().join(side.unjudged, on="feed")
            for side in (before, after)
        ]
    ).with_columns(
        pl.format("{} service cannot be judged from the feed “{}”", _name_days(), pl.col("feed")).alias("doubt")
    )
    days = pl.DataFrame({"day_type": list(DAY_TYPES)})
    return (
        operators.join(days, how="cross")
        .join(doubts.group_by(keys).agg(pl.col("doubt").unique().sort().str.join("; ")), on=keys, how="left")
        .select(
            *keys,
            pl.when(pl.col("doubt").is_not_null())
            .then(pl.lit(MISSING))
            .when(is_broken)
            .then(pl.lit(PARTIAL))
            .otherwise(pl.col("operator_class"))
            .alias("operator_class"),
            pl.when(is_broken & pl.col("doubt").is_null())
            .then(pl.lit(pair.reason if pair else ""))
            .otherwise(pl.coalesce("doubt", "reason"))
            .alias("reason"),
        )
        .sort(keys)
    )


def classify_zones(before: ServiceLevels, after: ServiceLevels, operator_days: pl.DataFrame) -> pl.DataFrame:
    """Classify every neighbourhood, mode and day type by the operators whose runs it has in either snapshot.

    ``comparable`` if all runs are by comparable operators, ``partial`` if at least half are by comparable or partial
    ones, else ``missing``. A place without runs in both is comparable, unless a feed that carries the mode cannot tell
    the day type.

    Parameters
    ----------
    before, after
        Two snapshots.
    operator_days
        As :func:`classify_operator_days` gives them.

    Returns
    -------
    polars.DataFrame
        neighbourhood_code, mode, day_type, coverage_class, coverage_reason; only places with runs in either, or
        whose day type cannot be judged.
    """
    runs = pl.concat([_all_day(side) for side in (before, after)]).join(
        operator_days, on=["operator_key", "day_type"], how="left"
    )
    runs = pl.concat([runs, runs.with_columns(pl.lit(ALL_MODES).alias("mode"))])

    def weigh(name: str) -> pl.Expr:
        return pl.col("runs_per_day").filter(pl.col("operator_class") == name).sum()

    shares = runs.group_by(_ZONE_KEYS).agg(
        (weigh(COMPARABLE) / pl.col("runs_per_day").sum()).alias("sure"),
        (weigh(PARTIAL) / pl.col("runs_per_day").sum()).alias("doubtful"),
        pl.col("reason").filter(pl.col("operator_class") != COMPARABLE).unique().sort().str.join("; ").alias("reason"),
    )
    classes = shares.select(
        *_ZONE_KEYS,
        pl.when(pl.col("sure") >= 1 - _TOLERANCE)
        .then(pl.lit(COMPARABLE))
        .when(pl.col("sure") + pl.col("doubtful") >= MIN_PARTIAL_SHARE - _TOLERANCE)
        .then(pl.lit(PARTIAL))
        .otherwise(pl.lit(MISSING))
        .alias("coverage_class"),
        pl.col("reason").alias("coverage_reason"),
    )
    return pl.concat([classes, _list_empty_unjudged(before, after, classes)]).sort(_ZONE_KEYS)


def _name_days() -> pl.Expr:
    """Name the kind of day as a sentence that begins with it does."""
    return pl.col("day_type").replace_strict({key: f"{name[0].upper()}{name[1:]}" for key, name in DAY_NAMES.items()})


def _all_day(side: ServiceLevels) -> pl.DataFrame:
    return side.operator_runs.filter(pl.col("band") == ALL_DAY)


def _flag(unjudged: pl.DataFrame) -> pl.DataFrame:
    return unjudged.with_columns(pl.lit(value=True).alias("is_unjudged"))


def _list_empty_unjudged(before: ServiceLevels, after: ServiceLevels, classes: pl.DataFrame) -> pl.DataFrame:
    """List places without runs on a day type that cannot be judged."""
    unjudged = pl.concat([before.unjudged, after.unjudged]).unique()
    carried = pl.concat([side.operator_runs.select("mode", "feed") for side in (before, after)]).unique()
    doubtful = unjudged.join(carried, on="feed").select("mode", "day_type")
    doubtful = pl.concat([doubtful, doubtful.with_columns(pl.lit(ALL_MODES).alias("mode"))]).unique()
    codes = pl.concat([side.levels.select("neighbourhood_code") for side in (before, after)]).unique()
    return (
        codes.join(doubtful, how="cross")
        .join(classes, on=_ZONE_KEYS, how="anti")
        .select(
            *_ZONE_KEYS,
            pl.lit(MISSING).alias("coverage_class"),
            pl.format("{} service cannot be judged from the timetables", _name_days()).alias("coverage_reason"),
        )
    )


def build_covered_levels(levels: Sequence[ServiceLevels], presence: pl.DataFrame) -> pl.DataFrame:
    """Join the levels of all snapshots and say how completely each place is covered in each.

    A day type that no feed of the mode can tell is ``missing``. Where operators that are ``missing`` from a snapshot
    had runs in the latest earlier snapshot that has them, the place is ``partial``, or ``missing`` if these were more
    than half of the runs.

    Parameters
    ----------
    levels
        All snapshots, earliest first.
    presence
        As :func:`compute_operator_presence` gives it.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__service_level``: the levels with coverage_class before timetable_hash.
    """
    parts = []
    for number, side in enumerate(levels):
        lost = _find_lost_runs(levels[:number], presence.filter(pl.col("snapshot") == side.snapshot))
        own = (
            _all_day(side)
            .join(_flag(side.unjudged), on=["feed", "day_type"], how="left")
            .with_columns(pl.col("is_unjudged").fill_null(value=False))
        )
        both = pl.concat(
            [
                own.select(*_ZONE_KEYS, "runs_per_day", is_doubtful=pl.col("is_unjudged")),
                lost.select(*_ZONE_KEYS, "runs_per_day", is_doubtful=pl.lit(value=True)),
            ]
        )
        both = pl.concat([both, both.with_columns(pl.lit(ALL_MODES).alias("mode"))])
        share = both.group_by(_ZONE_KEYS).agg(
            (pl.col("runs_per_day").filter(pl.col("is_doubtful")).sum() / pl.col("runs_per_day").sum()).alias("share")
        )
        classes = share.select(
            *_ZONE_KEYS,
            pl.when(pl.col("share") <= _TOLERANCE)
            .then(pl.lit(COMPARABLE))
            .when(pl.col("share") <= MIN_PARTIAL_SHARE)
            .then(pl.lit(PARTIAL))
            .otherwise(pl.lit(MISSING))
            .alias("coverage_class"),
        )
        empty = _list_empty_unjudged(side, side, classes.with_columns(pl.lit("").alias("coverage_reason")))
        classes = pl.concat([classes, empty.drop("coverage_reason")])
        parts.append(
            side.levels.join(classes, on=_ZONE_KEYS, how="left", maintain_order="left")
            .with_columns(pl.col("coverage_class").fill_null(COMPARABLE))
            .select(pl.exclude("timetable_hash"), "timetable_hash")
        )
    return pl.concat(parts)


def _find_lost_runs(earlier: Sequence[ServiceLevels], presence: pl.DataFrame) -> pl.DataFrame:
    """Find the runs of operators that are missing now, in the latest earlier snapshot that has them."""
    keys = set(presence.filter(pl.col("presence_class") == MISSING)["operator_key"].to_list())
    schema = {**dict.fromkeys([*_ZONE_KEYS, "operator_key"], pl.String), "runs_per_day": pl.Float64}
    parts = [pl.DataFrame(schema=schema)]
    for side in reversed(earlier):
        found = _all_day(side).filter(pl.col("operator_key").is_in(sorted(keys))).select(list(schema))
        keys -= set(found["operator_key"].to_list())
        parts.append(found)
    return pl.concat(parts)
