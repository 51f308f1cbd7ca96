"""What a run must be on its own, whatever came before: tables as declared, nulls with reasons, trips that can be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipeline.base.run_gates import RunGates
from pipeline.change.run_gate import ALL, Judged
from pipeline.change.run_record import TRAVEL_TIME

CODES: Final = ("neighbourhood_code", "peer_code")
SNAPSHOTS: Final = ("snapshot", "snapshot_from", "snapshot_to")
MAX_NAMED: Final = 3
SCHEMA: Final = "schema"


@dataclass(frozen=True)
class TripCounts:
    """What the timetables of a snapshot hold: trips, stop times, trips that cannot be, stop times outside their day."""

    snapshot: str
    n_trips: int
    n_stop_times: int
    n_impossible: int
    n_outside_day: int


def find_unknown_keys(
    name: str, frame: pd.DataFrame, *, codes: Collection[str], snapshots: Collection[str]
) -> list[str]:
    """Say which rows of a table speak of a neighbourhood or a snapshot that the area does not have.

    Parameters
    ----------
    name
        The table.
    frame
        Its rows.
    codes, snapshots
        Those that the area has.

    Returns
    -------
    list of str
        One sentence a column; empty if all are known.
    """
    found = []
    known = {**dict.fromkeys(CODES, codes), **dict.fromkeys(SNAPSHOTS, snapshots)}
    for column, allowed in known.items():
        if column not in frame.columns:
            continue
        values = frame[column].dropna().astype(str)
        strange = values[~values.isin(set(allowed))]
        if len(strange):
            shown = ", ".join(sorted(strange.unique())[:MAX_NAMED])
            found.append(f"table {name} has {len(strange):,} rows with an unknown {column}: {shown}")
    return found


def judge_schema(problems: Iterable[str]) -> Judged:
    """Judge what was wrong with the tables.

    Parameters
    ----------
    problems
        Sentences, one for each thing that is wrong.

    Returns
    -------
    Judged
        Held by any.
    """
    listed = list(problems)
    text = "; ".join(listed) or "every table fits its declaration"
    return Judged(SCHEMA, ALL, float(len(listed)), 0.0, bool(listed), text)


def judge_reasons(tables: Mapping[str, pd.DataFrame]) -> list[Judged]:
    """Judge whether every travel time that is null says why.

    Parameters
    ----------
    tables
        Published tables by name.

    Returns
    -------
    list of Judged
        One for each snapshot; empty without travel times.
    """
    if TRAVEL_TIME not in tables:
        return []
    frame = tables[TRAVEL_TIME]
    is_bare = frame["travel_time_p50_s"].isna() & frame["reason"].isna()
    counts = is_bare.groupby(frame["snapshot"].astype(str)).sum()
    return [
        Judged(
            "nulls_without_reason",
            str(snapshot),
            float(n),
            0.0,
            bool(n),
            f"{int(n):,} travel times of {snapshot} are null without a reason",
        )
        for snapshot, n in sorted(counts.items())
    ]


def judge_trips(counts: Iterable[TripCounts], limits: RunGates) -> list[Judged]:
    """Judge whether the timetables hold trips that can be.

    Parameters
    ----------
    counts
        One for each snapshot.
    limits
        Limits.

    Returns
    -------
    list of Judged
        Four for each snapshot with trips.
    """
    judged = []
    for each in counts:
        if not each.n_trips:
            continue
        mean = each.n_stop_times / each.n_trips
        impossible = 100.0 * each.n_impossible / each.n_trips
        outside = 100.0 * each.n_outside_day / max(each.n_stop_times, 1)
        text = f"a trip of {each.snapshot} has {mean:.1f} stop times on average"
        least, most = limits.min_stops_per_trip, limits.max_stops_per_trip
        judged += [
            Judged("stops_per_trip_low", each.snapshot, round(mean, 4), least, mean < least, text),
            Judged("stops_per_trip_high", each.snapshot, round(mean, 4), most, mean > most, text),
            _hold(
                "impossible_trips",
                each.snapshot,
                impossible,
                limits.max_impossible_pct,
                f"{each.n_impossible:,} of {each.n_trips:,} trips of {each.snapshot} go backward or too fast",
            ),
            _hold(
                "times_outside_day",
                each.snapshot,
                outside,
                limits.max_outside_day_pct,
                f"{each.n_outside_day:,} stop times of {each.snapshot} lie outside their service day",
            ),
        ]
    return judged


def _hold(gate: str, subject: str, value: float, limit: float, text: str) -> Judged:
    return Judged(gate, subject, round(value, 4), limit, value > limit, text)
