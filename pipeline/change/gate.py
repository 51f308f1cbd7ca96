"""Hold a snapshot that lost too much against the one before, until somebody accepts it; how far its feeds reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import polars as pl

from pipeline.base.area import AcceptedSnapshot
from pipeline.base.config import Gates
from pipeline.base.errors import GateError
from pipeline.change.compare import list_comparisons
from pipeline.change.coverage import DeclaredCoverage, classify_operator_days, classify_operators
from pipeline.change.inputs import ALL_DAY, ALL_MODES, DAY_TYPES, ServiceFrames
from pipeline.change.levels import ServiceLevels
from pipeline.change.patterns import build_trip_patterns
from pipeline.change.window28 import ServiceWindow

DAYS_A_WEEK: Final = {"weekday": 5, "saturday": 1, "sunday": 1}
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def build_feed_validity(frames: ServiceFrames, window: ServiceWindow) -> pl.DataFrame:
    """Say for every feed of a snapshot how far it reaches and which kinds of day it can tell.

    Parameters
    ----------
    frames
        The snapshot.
    window
        The 28 days.

    Returns
    -------
    polars.DataFrame
        ``out_feed__validity``: snapshot, feed, first_date, last_date (of all its services), window_first_date,
        window_last_date, n_days_valid (days of the window within them), n_operators, n_services, n_trips (that run in
        the window), clipped_to (day of the week to which it was cut down; empty if whole), day_types_judged.
    """
    trips = build_trip_patterns(frames, window).trips
    counts = trips.group_by("feed").agg(
        pl.col("operator_key").n_unique().alias("n_operators"),
        pl.struct("operator_key", "number").n_unique().alias("n_services"),
        pl.len().alias("n_trips"),
    )
    spans = (
        frames.trips.select("feed", "service_index")
        .unique()
        .join(frames.service_dates.select("service_index", "date"), on="service_index")
        .group_by("feed")
        .agg(pl.col("date").min().alias("first_date"), pl.col("date").max().alias("last_date"))
        .join(counts, on="feed", how="left")
        .sort("feed")
    )
    days = window.days["date"]
    first, last = days.min(), days.max()
    rows = []
    for row in spans.iter_rows(named=True):
        feed = str(row["feed"])
        clipped = window.clipped_feeds.get(feed)
        rows.append(
            {
                "snapshot": frames.snapshot,
                "feed": feed,
                "first_date": str(row["first_date"]),
                "last_date": str(row["last_date"]),
                "window_first_date": str(first),
                "window_last_date": str(last),
                "n_days_valid": int(days.is_between(row["first_date"], row["last_date"]).sum()),
                **{name: int(row[name] or 0) for name in ("n_operators", "n_services", "n_trips")},
                "clipped_to": "" if clipped is None else _WEEKDAYS[clipped],
                "day_types_judged": ",".join(day for day in DAY_TYPES if window.is_judged(feed, day)),
            }
        )
    return pl.DataFrame(rows)


def compute_operator_coverage(
    levels: Sequence[ServiceLevels], presence: pl.DataFrame, *, declared: Sequence[DeclaredCoverage] = ()
) -> pl.DataFrame:
    """Class every operator and kind of day in every pair of snapshots that is compared.

    Parameters
    ----------
    levels
        All snapshots, earliest first.
    presence
        As :func:`pipeline.change.coverage.compute_operator_presence` gives it.
    declared
        What the configuration says about pairs.

    Returns
    -------
    polars.DataFrame
        ``out_operator__coverage``: snapshot_from, snapshot_to, operator_key, operator_name, day_type, coverage_class,
        coverage_reason.
    """
    columns = ["snapshot_from", "snapshot_to", "operator_key", "operator_name", "day_type"]
    columns += ["coverage_class", "coverage_reason"]
    parts = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String))]
    for earlier, later in sorted({pair[:2] for pair in list_comparisons(len(levels))}):
        before, after = levels[earlier], levels[later]
        operators = classify_operators(presence, before.snapshot, after.snapshot, declared=declared)
        days = classify_operator_days(before, after, operators, declared=declared)
        parts.append(
            days.join(operators.select("operator_key", "operator_name"), on="operator_key", maintain_order="left")
            .with_columns(
                pl.lit(before.snapshot).alias("snapshot_from"),
                pl.lit(after.snapshot).alias("snapshot_to"),
                pl.col("operator_class").alias("coverage_class"),
                pl.col("reason").fill_null("").alias("coverage_reason"),
            )
            .select(columns)
        )
    return pl.concat(parts)


def compute_snapshot_gates(
    presence: pl.DataFrame,
    totals: pl.DataFrame,
    levels: Sequence[ServiceLevels],
    *,
    gates: Gates,
    accepted: Sequence[AcceptedSnapshot],
) -> pl.DataFrame:
    """Compare what each snapshot holds with the one before.

    Runs a week are five weekdays, a Saturday and a Sunday, each counted from trips, and only for kinds of day that
    every feed of both snapshots can tell.

    Parameters
    ----------
    presence
        As :func:`pipeline.change.coverage.compute_operator_presence` gives it.
    totals
        As :func:`pipeline.change.levels.compute_system_totals` gives it, for all snapshots.
    levels
        All snapshots, earliest first: their names, and what they cannot tell.
    gates
        Limits.
    accepted
        What somebody has accepted.

    Returns
    -------
    polars.DataFrame
        ``out_snapshot__gate``: snapshot, snapshot_before, n_operators_before, n_operators_lost, operators_lost,
        operators_lost_pct, runs_per_week_before, runs_per_week_after, trips_lost_pct, is_held, is_accepted,
        accepted_reason, accepted_by, accepted_date. Percentages are at least 0. The first snapshot has no row.
    """
    snapshots = [side.snapshot for side in levels]
    unjudged = {side.snapshot: set(side.unjudged["day_type"]) for side in levels}
    present = {
        name: set(presence.filter((pl.col("snapshot") == name) & pl.col("is_present"))["operator_key"])
        for name in snapshots
    }
    names = dict(presence.select("operator_key", "operator_name").unique("operator_key", keep="first").iter_rows())
    runs = _sum_runs(totals)
    known = {item.snapshot: item for item in accepted}
    rows = []
    for before, after in pairwise(snapshots):
        lost = sorted(present[before] - present[after])
        unknown = unjudged[before] | unjudged[after]
        days = [d for d in DAYS_A_WEEK if d not in unknown and (before, d) in runs and (after, d) in runs]
        old, new = (sum(DAYS_A_WEEK[d] * runs[name, d] for d in days) for name in (before, after))
        operators_pct = 100.0 * len(lost) / len(present[before]) if present[before] else 0.0
        trips_pct = 100.0 * max(old - new, 0.0) / old if old else 0.0
        one = known.get(after)
        rows.append(
            {
                "snapshot": after,
                "snapshot_before": before,
                "n_operators_before": len(present[before]),
                "n_operators_lost": len(lost),
                "operators_lost": ", ".join(str(names[key]) for key in lost),
                "operators_lost_pct": operators_pct,
                "runs_per_week_before": float(old),
                "runs_per_week_after": float(new),
                "trips_lost_pct": trips_pct,
                "is_held": operators_pct > gates.max_operators_lost_pct or trips_pct > gates.max_trips_lost_pct,
                "is_accepted": one is not None,
                "accepted_reason": one.reason if one else "",
                "accepted_by": one.by if one else "",
                "accepted_date": str(one.date) if one else "",
            }
        )
    text = ["snapshot", "snapshot_before", "operators_lost", "accepted_reason", "accepted_by", "accepted_date"]
    numbers = ["operators_lost_pct", "runs_per_week_before", "runs_per_week_after", "trips_lost_pct"]
    schema = {
        **dict.fromkeys(text, pl.String()),
        **dict.fromkeys(["n_operators_before", "n_operators_lost"], pl.Int32()),
        **dict.fromkeys(numbers, pl.Float64()),
        **dict.fromkeys(["is_held", "is_accepted"], pl.Boolean()),
    }
    return pl.DataFrame(rows, schema=schema)


def _sum_runs(totals: pl.DataFrame) -> dict[tuple[str, str], float]:
    whole = totals.filter(pl.col("band") == ALL_DAY).group_by("snapshot", "day_type").agg(pl.col("runs_per_day").sum())
    return {(str(s), str(d)): float(r) for s, d, r in whole.select("snapshot", "day_type", "runs_per_day").iter_rows()}


def check_snapshot_gates(
    found: pl.DataFrame, *, gates: Gates, area_file: str, commands: Mapping[str, str] | None = None
) -> None:
    """Stop where a snapshot is held and nobody has accepted it.

    Parameters
    ----------
    found
        From :func:`compute_snapshot_gates`.
    gates
        Limits, for the message.
    area_file
        The file in which it is accepted.
    commands
        Snapshots that are accepted by a command instead, those that a refresh registered, and that command.

    Raises
    ------
    GateError
        Naming the snapshot, what it lost, and how to accept it.
    """
    held = found.filter(pl.col("is_held") & ~pl.col("is_accepted"))
    if held.is_empty():
        return
    row = held.row(0, named=True)
    operators = f" ({row['operators_lost']})" if row["operators_lost"] else ""
    how = f'it in the area file: accepted: [{{snapshot: "{row["snapshot"]}", reason: <why>, by: <who>, date: <when>}}]'
    if commands and row["snapshot"] in commands:
        how = f"it: {commands[row['snapshot']]}"
    more = f" So are {held.height - 1} more snapshots." if held.height > 1 else ""
    raise GateError(
        f"The snapshot '{row['snapshot']}' is held: against '{row['snapshot_before']}' it lost "
        f"{row['n_operators_lost']} of {row['n_operators_before']} operators{operators} and "
        f"{row['trips_lost_pct']:.0f} % of the runs of a week; "
        f"{gates.max_operators_lost_pct:g} % and {gates.max_trips_lost_pct:g} % are allowed.{more}",
        file=area_file,
        field="accepted",
        cure=f"Find out whether timetables are missing. If it is right so, or known, accept {how}",
    )


def list_system_totals(totals: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Join the totals of all snapshots, and add those of all modes together.

    Parameters
    ----------
    totals
        As :func:`pipeline.change.levels.compute_system_totals` gives them.

    Returns
    -------
    polars.DataFrame
        ``out_system__total``: snapshot, operator_key, mode (and ``all``), day_type, band, runs_per_day.
    """
    each = pl.concat(totals)
    keys = ["snapshot", "operator_key", "mode", "day_type", "band"]
    every = each.with_columns(pl.lit(ALL_MODES).alias("mode")).group_by(keys).agg(pl.col("runs_per_day").sum().round(9))
    return pl.concat([each.select(*keys, "runs_per_day"), every.select(*keys, "runs_per_day")]).sort(keys)
