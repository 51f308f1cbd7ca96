"""The 28 days over which service is counted, and what can be judged from a feed in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.change.inputs import DAY_TYPES

N_DAYS: Final = 28
MIN_SERVICES_OF_A_CLIP: Final = 10
_WEEKDAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WINDOW_MOVED = declare_notice(
    "service_window_moved",
    "info",
    "The 28 days begin on another Monday than that of the snapshot's own week, because a feed is not valid in it.",
    "Choose a snapshot date inside the validity of every feed.",
)
WINDOW_SHORT = declare_notice(
    "service_window_short",
    "warning",
    "The feeds are not valid together for 28 days from a Monday; service is a mean over fewer days.",
    "Use feeds whose validities overlap for four weeks.",
)
FEED_CLIPPED = declare_notice(
    "feed_clipped_to_weekday",
    "warning",
    "Every service of the feed runs on one day of the week and none runs at weekends only: the feed was cut down to "
    "the trips of that day, and other days, weekends above all, cannot be judged from it.",
    "Use the publisher's whole feed.",
)


@dataclass(frozen=True)
class ServiceWindow:
    """The dates over which a snapshot's service is counted.

    Attributes
    ----------
    first_date, last_date
        First and last day considered, both included.
    days
        One row per day of the window: date, bit (i64, a distinct power of two), day_type, is_used, reason (why the
        day is not used, else empty).
    clipped_feeds
        Feed to the day of the week (0 = Monday) to whose trips it was cut down.
    """

    first_date: date
    last_date: date
    days: pl.DataFrame
    clipped_feeds: Mapping[str, int]

    def count_days(self) -> dict[str, int]:
        """Count the days used of each day type."""
        used = self.days.filter(pl.col("is_used"))
        return {day_type: used.filter(pl.col("day_type") == day_type).height for day_type in DAY_TYPES}

    def is_judged(self, feed: str, day_type: str) -> bool:
        """Tell whether a feed says anything reliable about a day type."""
        if self.count_days()[day_type] == 0:
            return False
        return feed not in self.clipped_feeds or day_type_of(self.clipped_feeds[feed]) == day_type

    def list_unjudged(self, feeds: Collection[str]) -> pl.DataFrame:
        """List the feed and day_type pairs about which nothing reliable is known."""
        rows = [
            {"feed": feed, "day_type": day_type}
            for feed in sorted(feeds)
            for day_type in DAY_TYPES
            if not self.is_judged(feed, day_type)
        ]
        return pl.DataFrame(rows, schema={"feed": pl.String, "day_type": pl.String})


def day_type_of(weekday: int) -> str:
    """Give the day type of a day of the week (0 = Monday)."""
    return {5: "saturday", 6: "sunday"}.get(weekday, "weekday")


def find_clipped_weekday(services: pl.DataFrame) -> int | None:
    """Find the day of the week to whose trips a feed was cut down.

    A feed is taken to be cut down to one day when each of at least ten services runs on that day of the week, no
    other day has all of them, and services run on other weekdays as well. A publisher's whole feed has services for
    Saturdays alone, or, where nothing runs at weekends, several days that have all services.

    Parameters
    ----------
    services
        service_index and date of the services that have trips in one feed, inside the window.

    Returns
    -------
    int or None
        0 for Monday to 6 for Sunday; None when the feed looks whole.
    """
    days = services.select("service_index", weekday=pl.col("date").dt.weekday() - 1).unique()
    n_services = days["service_index"].n_unique()
    if n_services < MIN_SERVICES_OF_A_CLIP:
        return None
    counts = {int(day): int(n) for day, n in days.group_by("weekday").len().iter_rows()}
    complete = [day for day, n in counts.items() if n == n_services]
    has_other_weekday = any(day < 5 for day in counts if day not in complete)
    if len(complete) == 1 and has_other_weekday:
        return complete[0]
    return None


def _choose_monday(snapshot_date: date, first: date, last: date) -> tuple[date, int]:
    """Choose the Monday nearest the snapshot's week with most days of a 28-day window in [first, last]."""
    own = snapshot_date - timedelta(days=snapshot_date.weekday())
    best: tuple[int, int, int, date] | None = None
    monday = min(own, first - timedelta(days=first.weekday()))
    stop = max(own, last)
    while monday <= stop:
        end = monday + timedelta(days=N_DAYS - 1)
        n_valid = max(0, (min(end, last) - max(monday, first)).days + 1)
        distance = abs((monday - own).days)
        key = (-n_valid, distance, int(monday < own), monday)
        if best is None or key < best:
            best = key
        monday += timedelta(days=7)
    if best is None:
        return own, 0
    return best[3], -best[0]


def choose_service_window(
    service_dates: pl.DataFrame,
    *,
    snapshot_date: date,
    holidays: Collection[date] = (),
    validity: Mapping[str, tuple[date, date]] | None = None,
    notices: Notices | None = None,
) -> ServiceWindow:
    """Choose the 28 days over which a snapshot's service is counted, and the days that are used.

    The window begins on a Monday: that of the snapshot's own week if all feeds are valid for 28 days from it, else
    the nearest Monday from which they are (the later of two equally near); if there is none, the Monday with most
    valid days, and a notice says that the window is short. Public holidays are left out of the means. If a feed was
    cut down to the trips of one day of the week, only the days of that day of the week stand for its day type, for
    every feed, so that one set of dates counts for all.

    Parameters
    ----------
    service_dates
        feed, service_index, date: the dates of all services that have trips.
    snapshot_date
        The day for which the snapshot stands.
    holidays
        Public holidays.
    validity
        First and last valid day of each feed; where absent, the first and last date with service.
    notices
        Collector.

    Returns
    -------
    ServiceWindow
        The days, each with its day type and the reason why it is not used.

    Raises
    ------
    InputError
        No service has a date.
    """
    if service_dates.is_empty():
        raise InputError(
            "no service of the timetable runs on any date", cure="Check calendar.txt and calendar_dates.txt."
        )
    notices = notices if notices is not None else Notices()
    spans = {
        str(feed): (first, last)
        for feed, first, last in service_dates.group_by("feed")
        .agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"))
        .iter_rows()
    }
    spans.update({feed: span for feed, span in (validity or {}).items() if feed in spans})
    first = max(span[0] for span in spans.values())
    last = min(span[1] for span in spans.values())
    if first > last:  # feeds are never valid together: the days of any of them
        first, last = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
        notices.add(WINDOW_SHORT, value=f"{first} to {last}", detail="no day is inside the validity of all feeds")
    monday, n_valid = _choose_monday(snapshot_date, first, last)
    if n_valid < N_DAYS:
        notices.add(WINDOW_SHORT, value=monday.isoformat(), detail=f"{n_valid} of {N_DAYS} days are valid")
    if monday != snapshot_date - timedelta(days=snapshot_date.weekday()):
        notices.add(WINDOW_MOVED, value=monday.isoformat(), detail=f"snapshot of {snapshot_date.isoformat()}")
    end = monday + timedelta(days=N_DAYS - 1)
    clipped = _find_clipped_feeds(service_dates.filter(pl.col("date").is_between(monday, end)), notices)
    days = _build_days(monday, (first, last), frozenset(holidays), clipped)
    return ServiceWindow(first_date=max(monday, first), last_date=min(end, last), days=days, clipped_feeds=clipped)


def _find_clipped_feeds(inside: pl.DataFrame, notices: Notices) -> dict[str, int]:
    clipped: dict[str, int] = {}
    for feed in sorted(str(value) for value in inside["feed"].unique()):
        weekday = find_clipped_weekday(inside.filter(pl.col("feed") == feed))
        if weekday is not None:
            clipped[feed] = weekday
            notices.add(FEED_CLIPPED, value=feed, detail=f"all services run on {_WEEKDAY_NAMES[weekday]}s")
    return clipped


def _build_days(
    monday: date, valid: tuple[date, date], holidays: frozenset[date], clipped: Mapping[str, int]
) -> pl.DataFrame:
    kept = {day_type: {w for w in clipped.values() if day_type_of(w) == day_type} for day_type in DAY_TYPES}
    rows = []
    for number in range(N_DAYS):
        day = monday + timedelta(days=number)
        day_type = day_type_of(day.weekday())
        reason = ""
        if not valid[0] <= day <= valid[1]:
            reason = "outside the validity of the feeds"
        elif day in holidays:
            reason = "public holiday"
        elif kept[day_type] and day.weekday() not in kept[day_type]:
            reason = "a feed holds the trips of another day of the week only"
        rows.append({"date": day, "bit": 1 << number, "day_type": day_type, "is_used": not reason, "reason": reason})
    return pl.DataFrame(
        rows,
        schema={"date": pl.Date, "bit": pl.Int64, "day_type": pl.String, "is_used": pl.Boolean, "reason": pl.String},
    )
