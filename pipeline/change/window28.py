"""The 28 days over which service is counted, and what can be judged from a feed in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.change.inputs import DAY_TYPES
from pipeline.timetables.term_dates import DayKinds

N_DAYS: Final = 28
MIN_SERVICES_OF_A_CLIP: Final = 10
_WEEKDAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WINDOW_MOVED = declare_notice(
    "service_window_moved",
    "info",
    "The 28 days begin on another Monday than that of the snapshot's own week, because a feed is not valid in it, or "
    "to keep out of public and school holidays.",
    "Nothing need be done; a snapshot date inside the validity of every feed and early in a term avoids it.",
)
WINDOW_DISTURBED = declare_notice(
    "service_window_in_holidays",
    "info",
    "No 28 days from a Monday hold the snapshot's date and are free of public holidays and in term: public holidays "
    "were left out of the means, school holidays are in them.",
    "Choose a snapshot date that lies in term, or allow the days to lie elsewhere with calendar.max_shift_weeks.",
)
TERMS_APPROXIMATE = declare_notice(
    "school_terms_approximate",
    "info",
    "School terms are not published for a whole nation; the 28 days were chosen by usual ones, an approximation.",
    "List the terms of the area under calendar.terms.",
)
BEFORE_EXTRACTION = declare_notice(
    "snapshot_before_extraction",
    "warning",
    "The snapshot's date lies before the day on which a feed was extracted; a feed holds nothing reliable of days that "
    "were past by then.",
    "Choose a date from the day of extraction on, or an earlier edition of the feed.",
)
EXTRACTION_DOUBTFUL = declare_notice(
    "feed_extraction_date_doubtful",
    "warning",
    "The feed's version names a day of extraction after its last day of service; it was not heeded.",
    "Check feed_version in feed_info.txt.",
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
        day is not used, else empty), is_holiday, is_in_term (of weekdays; null where nothing is known).
    clipped_feeds
        Feed to the day of the week (0 = Monday) to whose trips it was cut down.
    monday
        The day on which the 28 days begin.
    valid
        First and last day on which all feeds can be relied on.
    explanation
        What was chosen and why, in words.
    """

    first_date: date
    last_date: date
    days: pl.DataFrame
    clipped_feeds: Mapping[str, int]
    monday: date
    valid: tuple[date, date]
    explanation: str

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


@dataclass(frozen=True)
class _Candidate:
    """28 days from a Monday, and how well they would do."""

    monday: date
    n_valid: int
    n_disturbed: int
    n_weeks_off: int
    distance: int
    is_earlier: bool

    def get_key(self, max_shift_weeks: int) -> tuple[int, int, int, int, bool, date]:
        """Order as :func:`choose_service_window` says."""
        if self.n_weeks_off == 0:
            place = 0 if self.n_disturbed == 0 else 2
        else:
            place = 1 if self.n_disturbed == 0 and self.n_weeks_off <= max_shift_weeks else 3
        disturbed = self.n_disturbed if self.n_weeks_off == 0 else 0
        return (-self.n_valid, place, disturbed, self.distance, self.is_earlier, self.monday)


def _list_candidates(snapshot_date: date, valid: tuple[date, date], kinds: DayKinds) -> list[_Candidate]:
    """List the Mondays from which 28 days may be counted, from the snapshot's weeks and the validity of the feeds."""
    own = snapshot_date - timedelta(days=snapshot_date.weekday())
    first, last = valid
    monday = min(own - timedelta(days=N_DAYS - 7), first - timedelta(days=first.weekday()))
    found = []
    disturbed: list[bool] = []  # of the days from the first Monday on
    start = monday
    while monday <= max(own, last):
        end = monday + timedelta(days=N_DAYS - 1)
        disturbed += [
            kinds.is_disturbed(start + timedelta(days=n)) for n in range(len(disturbed), (end - start).days + 1)
        ]
        if end < snapshot_date:
            n_weeks_off = (own - monday).days // 7 - N_DAYS // 7 + 1
        else:
            n_weeks_off = max(0, (monday - own).days // 7)
        found.append(
            _Candidate(
                monday,
                max(0, (min(end, last) - max(monday, first)).days + 1),
                sum(disturbed[-N_DAYS:]),
                n_weeks_off,
                abs((monday - own).days),
                monday < own,
            )
        )
        monday += timedelta(days=7)
    return found


def _find_validity(
    service_dates: pl.DataFrame,
    snapshot_date: date,
    validity: Mapping[str, tuple[date, date]],
    extracted: Mapping[str, date],
    notices: Notices,
) -> tuple[tuple[date, date], str]:
    """Find the first and last day on which all feeds can be relied on, and say what bounds them."""
    spans = {
        str(feed): (first, last)
        for feed, first, last in service_dates.group_by("feed")
        .agg(pl.col("date").min().alias("first"), pl.col("date").max().alias("last"))
        .iter_rows()
    }
    spans.update({feed: span for feed, span in validity.items() if feed in spans})
    bounds = ["the validity of the feeds"]
    for feed, day in sorted(extracted.items()):
        first, last = spans.get(feed, (day, day))
        if day > last:
            notices.add(EXTRACTION_DOUBTFUL, value=feed, detail=f"extracted on {day}, last service on {last}")
        elif day > first:
            spans[feed] = (day, last)
            bounds.append(f"the extraction of feed {feed} on {day}")
            if snapshot_date < day:
                notices.add(BEFORE_EXTRACTION, value=feed, detail=f"snapshot of {snapshot_date}, extracted on {day}")
    first = max(span[0] for span in spans.values())
    last = min(span[1] for span in spans.values())
    if first > last:  # feeds are never valid together: the days of any of them
        first, last = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
        notices.add(WINDOW_SHORT, value=f"{first} to {last}", detail="no day is inside the validity of all feeds")
        return (first, last), "no day is inside the validity of all feeds, so that the days of any of them count"
    return (first, last), f"days that can be relied on are {first} to {last} by {' and '.join(bounds)}"


def choose_service_window(
    service_dates: pl.DataFrame,
    *,
    snapshot_date: date,
    holidays: Collection[date] = (),
    kinds: DayKinds | None = None,
    validity: Mapping[str, tuple[date, date]] | None = None,
    extracted: Mapping[str, date] | None = None,
    max_shift_weeks: int = 0,
    notices: Notices | None = None,
) -> ServiceWindow:
    """Choose the 28 days over which a snapshot's service is counted, and the days that are used.

    The window begins on a Monday. Of all Mondays, by this order: most days on which all feeds are valid, none of
    them before a feed was extracted; a window that holds the snapshot's date and has no public holiday and no
    weekday out of term; such a window at most ``max_shift_weeks`` off the date; any window that holds the date, with
    the fewest such days; the nearest to the snapshot's own week (the later of two equally near). Fewer than 28 valid
    days are noted. Public holidays are left out of the means, school holidays are not. If a feed was cut down to the
    trips of one day of the week, only the days of that day of the week stand for its day type, for every feed, so
    that one set of dates counts for all.

    Parameters
    ----------
    service_dates
        feed, service_index, date: the dates of all services that have trips.
    snapshot_date
        The day for which the snapshot stands.
    holidays
        Public holidays to be left out of the means beside those of ``kinds``; the choice does not heed them.
    kinds
        What is known of public holidays and school terms; nothing where absent.
    validity
        First and last valid day of each feed; where absent, the first and last date with service.
    extracted
        Day on which a feed was extracted, where known: it holds nothing reliable of earlier days.
    max_shift_weeks
        How far a window without holidays may lie off the snapshot's date.
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
            "no service of the timetable runs on any date",
            field="service_dates",
            cure="Check calendar.txt and calendar_dates.txt.",
        )
    notices = notices if notices is not None else Notices()
    kinds = kinds or DayKinds()
    valid, bounds = _find_validity(service_dates, snapshot_date, validity or {}, extracted or {}, notices)
    candidates = _list_candidates(snapshot_date, valid, kinds)
    chosen = min(candidates, key=lambda one: one.get_key(max_shift_weeks))
    own = snapshot_date - timedelta(days=snapshot_date.weekday())
    _note_choice(chosen, snapshot_date, own, kinds, notices)
    monday, end = chosen.monday, chosen.monday + timedelta(days=N_DAYS - 1)
    clipped = _find_clipped_feeds(service_dates.filter(pl.col("date").is_between(monday, end)), notices)
    days = _build_days(monday, valid, replace(kinds, listed=kinds.listed | frozenset(holidays)), clipped)
    return ServiceWindow(
        first_date=max(monday, valid[0]),
        last_date=min(end, valid[1]),
        days=days,
        clipped_feeds=clipped,
        monday=monday,
        valid=valid,
        explanation=_explain_choice(chosen, days, next(one for one in candidates if one.monday == own), kinds, bounds),
    )


def _note_choice(chosen: _Candidate, snapshot_date: date, own: date, kinds: DayKinds, notices: Notices) -> None:
    if chosen.n_valid < N_DAYS:
        notices.add(
            WINDOW_SHORT, value=chosen.monday.isoformat(), detail=f"{chosen.n_valid} of {N_DAYS} days are valid"
        )
    if chosen.monday != own:
        notices.add(WINDOW_MOVED, value=chosen.monday.isoformat(), detail=f"snapshot of {snapshot_date.isoformat()}")
    if chosen.n_disturbed:
        notices.add(
            WINDOW_DISTURBED,
            value=chosen.monday.isoformat(),
            detail=f"{chosen.n_disturbed} public holidays and weekdays out of term; snapshot of {snapshot_date}",
        )
    if kinds.basis == "approximation":
        notices.add(TERMS_APPROXIMATE, value=kinds.nation or "", detail=f"snapshot of {snapshot_date}")


def _explain_choice(chosen: _Candidate, days: pl.DataFrame, own: _Candidate, kinds: DayKinds, bounds: str) -> str:
    """Say what was chosen and why."""
    last = chosen.monday + timedelta(days=N_DAYS - 1)
    text = [f"{chosen.monday} to {last}: {chosen.n_valid} of {N_DAYS} days can be relied on; {bounds}"]
    if chosen.monday == own.monday:
        text.append("the four weeks begin with the snapshot's own")
    elif chosen.n_valid > own.n_valid:
        text.append(f"the snapshot's own week ({own.monday}) would have given {own.n_valid} days")
    else:
        text.append(
            f"the snapshot's own week ({own.monday}) would have given {own.n_disturbed} public holidays and weekdays "
            f"out of term instead of {chosen.n_disturbed}"
        )
    out = int((days["is_in_term"] == False).sum())  # noqa: E712 (null is not false)
    known = {
        "none": "nothing is known of school terms",
        "configured": f"{out} weekdays lie outside the terms of the area file",
        "approximation": f"{out} weekdays lie outside the usual terms of {kinds.nation}, which are an approximation",
    }
    return "; ".join([*text, known[kinds.basis]]) + "."


def _find_clipped_feeds(inside: pl.DataFrame, notices: Notices) -> dict[str, int]:
    clipped: dict[str, int] = {}
    for feed in sorted(str(value) for value in inside["feed"].unique()):
        weekday = find_clipped_weekday(inside.filter(pl.col("feed") == feed))
        if weekday is not None:
            clipped[feed] = weekday
            notices.add(FEED_CLIPPED, value=feed, detail=f"all services run on {_WEEKDAY_NAMES[weekday]}s")
    return clipped


def _build_days(monday: date, valid: tuple[date, date], kinds: DayKinds, clipped: Mapping[str, int]) -> pl.DataFrame:
    kept = {day_type: {w for w in clipped.values() if day_type_of(w) == day_type} for day_type in DAY_TYPES}
    rows = []
    for number in range(N_DAYS):
        day = monday + timedelta(days=number)
        day_type = day_type_of(day.weekday())
        reason = ""
        if not valid[0] <= day <= valid[1]:
            reason = "outside the validity of the feeds"
        elif kinds.is_holiday(day):
            reason = "public holiday"
        elif kept[day_type] and day.weekday() not in kept[day_type]:
            reason = "a feed holds the trips of another day of the week only"
        is_in_term = kinds.find_is_term(day) if day_type == "weekday" else None
        rows.append((day, 1 << number, day_type, not reason, reason, kinds.is_holiday(day), is_in_term))
    schema = {"date": pl.Date, "bit": pl.Int64, "day_type": pl.String, "is_used": pl.Boolean, "reason": pl.String}
    return pl.DataFrame(rows, schema={**schema, "is_holiday": pl.Boolean, "is_in_term": pl.Boolean}, orient="row")
