"""Timetables for a new area: what each is, when it holds, and which of them make one snapshot."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.base.progress import measure
from pipeline.change.inputs import compute_route_number
from pipeline.timetables.calendars import count_trips_by_date
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import TITLES, FeedSource, find_format, read_timetable
from pipeline.timetables.term_dates import DayKinds, find_default_date

BUSY_SHARE = 0.5
"""A day stands for a timetable only if it has at least this share of the runs of the busiest day of its kind."""
WEEKDAYS = range(5)
DOUBTFUL_LOSS_PCT = 7.0
"""A loss of runs from which a snapshot may be held: somewhat less than the gate itself allows."""


@dataclass(frozen=True)
class FoundTimetable:
    """One timetable as read.

    Attributes
    ----------
    path
        File, archive or folder.
    format
        Found by content.
    naptan
        Table of stops with which it was read, if any.
    runs
        ``date``, ``n_trips``.
    timezone
        IANA name.
    operators
        Names.
    stops
        ``lon``, ``lat`` of the stops that have a place, degrees.
    n_unplaced
        Stops without a place.
    routes
        Modes and public numbers, as snapshots are compared.
    feed_start, extracted
        What ``feed_info.txt`` says of its first day (YYYYMMDD) and of the day of its version (ISO); empty if nothing.
    """

    path: Path
    format: str
    naptan: Path | None
    runs: pl.DataFrame
    timezone: str
    operators: frozenset[str]
    stops: pl.DataFrame
    n_unplaced: int
    routes: frozenset[tuple[str, str]] = frozenset()
    feed_start: str = ""
    extracted: str = ""

    @property
    def n_runs(self) -> int:
        """Runs on all days together."""
        return int(self.runs["n_trips"].sum())

    @property
    def days(self) -> set[date]:
        """Days with service."""
        return set(self.runs["date"].to_list())

    @property
    def first(self) -> date:
        """First day with service."""
        return min(self.days)

    @property
    def last(self) -> date:
        """Last day with service."""
        return max(self.days)

    def describe(self) -> str:
        """Say in one line what it is and when it holds."""
        operators = f"{len(self.operators)} operator{'s' * (len(self.operators) != 1)}"
        return (
            f"{TITLES[self.format]}, {self.first} to {self.last} by its calendars, {operators}, "  # type: ignore[index]
            f"{self.stops.height + self.n_unplaced:,} stops"
        )


@dataclass
class FoundSnapshot:
    """Timetables that hold at the same time, and the day that stands for them."""

    timetables: list[FoundTimetable]
    id: str = ""
    day: date | None = None
    why: str = ""
    keys: list[str] = field(default_factory=list)
    until: date | None = None
    """Day from which a later edition of one of the timetables holds."""


def read_found_timetable(path: Path, *, naptan: Path | None, nation: str | None) -> FoundTimetable:
    """Read a timetable of any format.

    Parameters
    ----------
    path
        File, archive or folder.
    naptan
        Table of stops; used by formats that only name them.
    nation
        Whose bank holidays hold; England's where it is not known.

    Returns
    -------
    FoundTimetable
        What matters for an area file.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    found = find_format(path)
    used = naptan if found != "gtfs" else None
    source = FeedSource(path, found, used, nation or "england")
    with measure(f"reading {path.name}"):
        timetable: Timetable = read_timetable({"timetable": source}, notices=Notices())
    runs = count_trips_by_date(timetable).filter(pl.col("n_trips") > 0)
    if runs.is_empty():
        raise InputError(f"{path.name} has no service on any day.", file=path, cure="Leave it out, or fetch it again.")
    stops = timetable.stops.select("lon", "lat").drop_nulls()
    about = timetable.feeds["timetable"]
    return FoundTimetable(
        path=path,
        format=found,
        naptan=used,
        runs=runs,
        timezone=timetable.timezone,
        operators=frozenset(timetable.agencies["operator_name"].drop_nulls().to_list()),
        stops=stops,
        n_unplaced=timetable.stops.height - stops.height,
        routes=_list_routes(timetable),
        feed_start=str(about.get("feed_start_date") or ""),
        extracted=str(about.get("extraction_date") or ""),
    )


def _list_routes(timetable: Timetable) -> frozenset[tuple[str, str]]:
    """List modes and public numbers, without the suffixes that some publishers add."""
    rows = timetable.routes.select("mode", "route_short_name", "route_long_name", "route_id").iter_rows()
    return frozenset(
        (mode, compute_route_number(short, long, route_id=route_id.partition(":")[2]))
        for mode, short, long, route_id in rows
    )


def choose_day(snapshot: FoundSnapshot, *, nation: str | None) -> tuple[date, str]:
    """Choose the weekday that stands for a snapshot, and say why.

    By the calendars; where they leave a choice, before a later edition begins, and not before a feed was extracted.

    Parameters
    ----------
    snapshot
        Its timetables.
    nation
        Whose holidays and terms are known; None: none are.

    Returns
    -------
    tuple
        The day and the reason.

    Raises
    ------
    InputError
        If its timetables have no weekday in common.
    """
    parts = [t.runs.with_columns(pl.lit(i).alias("feed")) for i, t in enumerate(snapshot.timetables)]
    runs = pl.concat(parts)
    names = ", ".join(t.path.name for t in snapshot.timetables)
    n = len(parts)
    total = runs.group_by("date").agg(pl.col("n_trips").sum(), pl.col("feed").n_unique().alias("n"))
    weekdays = total.filter((pl.col("n") == n) & (pl.col("date").dt.weekday() <= 5))
    weekdays = _prefer(weekdays, pl.col("date") < snapshot.until if snapshot.until else None)
    extracted = max((t.extracted for t in snapshot.timetables), default="")
    weekdays = _prefer(weekdays, pl.col("date") >= date.fromisoformat(extracted) if extracted else None)
    if weekdays.is_empty():
        raise InputError(
            f"The timetables {names} have no weekday in common.",
            file=snapshot.timetables[0].path,
            cure="Put them into snapshots of their own: --timetable NAME=FILE, with a name for each snapshot.",
        )
    busiest = int(weekdays["n_trips"].max())  # type: ignore[arg-type]
    usual = weekdays.filter(pl.col("n_trips") >= BUSY_SHARE * busiest)
    kinds = DayKinds(nation)
    day = find_default_date(runs.filter(pl.col("date").is_in(usual["date"].implode())), kinds=kinds)
    if day is not None:
        if day.month == 10 and 8 <= day.day <= 14:
            return day, "the Tuesday of the second week of October"
        term = "no bank holiday, in term by the nation's usual dates" if nation else "terms and holidays are not known"
        return day, f"the first Tuesday with the usual service of all feeds ({term})"
    other = usual.sort("n_trips", "date", descending=[True, False])["date"].to_list()
    return other[0], "no Tuesday will do; the weekday with most runs"


def _prefer(days: pl.DataFrame, condition: pl.Expr | None) -> pl.DataFrame:
    """Keep the days that fulfil a condition, or all if none does."""
    if condition is None:
        return days
    preferred = days.filter(condition)
    return days if preferred.is_empty() else preferred


def name_snapshots(snapshots: list[FoundSnapshot]) -> None:
    """Give snapshots their order, names and feeds' keys; names that were given stay, and so does the order in a day."""
    snapshots.sort(key=lambda s: s.day or date.min)
    taken: set[str] = {s.id for s in snapshots if s.id}
    for snapshot in snapshots:
        if not snapshot.id:
            base = str(snapshot.day)
            tries = [base, *(f"{base}-{n}" for n in range(2, 100))]
            snapshot.id = next(name for name in tries if name not in taken)
            taken.add(snapshot.id)
        snapshot.keys = []
        for timetable in snapshot.timetables:
            stem = re.sub(r"\.(gtfs|zip|xml|cif|txt)", "", timetable.path.name.lower())
            stem = re.sub(r"[-_. ]*(gtfs|\d{4}-?\d{2}-?\d{2})", "", stem)
            key = re.sub(r"[^a-z0-9]+", "_", stem).strip("_") or "timetable"
            unique = [key, *(f"{key}_{n}" for n in range(2, 1000))]
            snapshot.keys.append(next(name for name in unique if name not in snapshot.keys))


def list_timetable_hints(snapshots: list[FoundSnapshot]) -> list[str]:
    """List what a person should know about timetables before a run.

    Parameters
    ----------
    snapshots
        Named and in order.

    Returns
    -------
    list of str
        Sentences.
    """
    hints = []
    for snapshot in snapshots:
        pairs = [(a, b) for i, a in enumerate(snapshot.timetables) for b in snapshot.timetables[i + 1 :]]
        hints += [
            f"{a.path.name} and {b.path.name} list the same operators in the same weeks: if they are two editions of "
            "one timetable, leave one out, or name their snapshots (--timetable NAME=FILE)."
            for a, b in pairs
            if a.operators & b.operators == min(a.operators, b.operators, key=len)
        ]
        for timetable in snapshot.timetables:
            if timetable.n_unplaced:
                n = timetable.stops.height + timetable.n_unplaced
                hints.append(
                    f"{timetable.path.name}: {timetable.n_unplaced:,} of {n:,} stops have no place; NaPTAN's table of "
                    "stops among the inputs (or --naptan FILE) gives it to them."
                )
    return hints


def list_losses(snapshots: list[FoundSnapshot]) -> dict[str, str]:
    """List the snapshots that a run would hold since they lost operators or runs against the one before.

    An estimate, on the careful side, of what :func:`pipeline.change.gate.compute_snapshot_gates` computes.

    Parameters
    ----------
    snapshots
        Named and in order.

    Returns
    -------
    dict
        Snapshot to what it lost.
    """
    found = {}
    for earlier, later in itertools.pairwise(snapshots):
        before, after = (frozenset().union(*(t.operators for t in s.timetables)) for s in (earlier, later))
        parts = []
        if gone := sorted(before - after):
            shown = ", ".join(gone[:3]) + (", ..." if len(gone) > 3 else "")
            parts.append(f"{len(gone)} of {len(before)} operators ({shown})")
        lost = 100 * (1 - _count_week(later) / max(1, _count_week(earlier)))
        if lost > DOUBTFUL_LOSS_PCT:
            parts.append(f"{lost:.0f} % of the runs of a week")
        if parts:
            found[later.id] = f"{' and '.join(parts)} of {earlier.id}"
    return found


def _count_week(snapshot: FoundSnapshot) -> int:
    """Count the runs of the week in which the snapshot's day lies."""
    assert snapshot.day is not None  # noqa: S101 (chosen before)
    monday = snapshot.day - timedelta(days=snapshot.day.weekday())
    week = pl.col("date").is_between(monday, monday + timedelta(days=6))
    return sum(int(t.runs.filter(week)["n_trips"].sum()) for t in snapshot.timetables)


def has_service(snapshots: list[FoundSnapshot], weekday: int) -> bool:
    """Say whether any snapshot has service on a kind of day (5: Saturday, 6: Sunday)."""
    return any(d.weekday() == weekday for s in snapshots for t in s.timetables for d in t.days)
