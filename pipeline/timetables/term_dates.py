"""Which days are public holidays and which lie in school terms: as configured, else a stated approximation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final, Literal

import polars as pl

from pipeline.base.area_timetables import Calendar
from pipeline.base.clock import find_second_tuesday_of_october
from pipeline.timetables.bank_holidays import get_bank_holidays

Basis = Literal["none", "configured", "approximation"]
Closure = tuple[int, int, int, int]

_BRITISH: Final[tuple[Closure, ...]] = (
    (1, 1, 1, 7),
    (2, 8, 2, 26),
    (4, 1, 4, 18),
    (5, 24, 6, 6),
    (7, 10, 9, 9),
    (10, 18, 11, 5),
    (12, 17, 12, 31),
)
CLOSURES: Final[dict[str, tuple[Closure, ...]]] = {
    "england": _BRITISH,
    "wales": _BRITISH,
    "scotland": (
        (1, 1, 1, 8),
        (2, 8, 2, 22),
        (4, 1, 4, 18),
        (6, 20, 8, 25),
        (10, 4, 10, 28),
        (12, 19, 12, 31),
    ),
    "northern_ireland": ((1, 1, 1, 7), (2, 10, 2, 22), (6, 24, 9, 5), (10, 24, 11, 4), (12, 18, 12, 31)),
}
"""Spans (month, day, month, day), both ends included, in which schools somewhere in the nation are usually closed."""
DAYS_BEFORE_EASTER, DAYS_AFTER_EASTER = 16, 15
"""Schools of all four nations are taken to be closed around Easter Sunday."""


def compute_easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar.

    The anonymous algorithm that Meeus gives in *Astronomical Algorithms* (1991), chapter 8.

    Parameters
    ----------
    year
        From 1583 on.

    Returns
    -------
    date
        Between 22 March and 25 April.
    """
    century, rest = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def _list_bank_holidays(nation: str, year: int) -> frozenset[date]:
    return frozenset(get_bank_holidays(nation, date(year, 1, 1), date(year, 12, 31)))


@cache
def list_usual_closures(nation: str, year: int) -> tuple[tuple[date, date], ...]:
    """List the spans of a year in which schools somewhere in a nation are usually closed.

    Term dates are set by local authorities and schools and are published nowhere for a whole nation. The spans are
    wide enough to hold the holidays of nearly all authorities, so that what lies between them is term nearly
    everywhere; they are an approximation, and the output says so.

    Parameters
    ----------
    nation
        A key of ``CLOSURES``.
    year
        Such as 2024.

    Returns
    -------
    tuple of tuple
        First and last day of each, sorted.
    """
    easter = compute_easter(year)
    spans = [(date(year, a, b), date(year, c, d)) for a, b, c, d in CLOSURES[nation]]
    spans.append((easter - timedelta(days=DAYS_BEFORE_EASTER), easter + timedelta(days=DAYS_AFTER_EASTER)))
    return tuple(sorted(spans))


@dataclass(frozen=True)
class DayKinds:
    """What is known of the days of an area.

    Attributes
    ----------
    nation
        Whose bank holidays and usual terms hold; None if none is configured.
    listed
        Public holidays that the area file lists.
    terms
        First and last day of the school terms that it lists.
    """

    nation: str | None = None
    listed: frozenset[date] = frozenset()
    terms: tuple[tuple[date, date], ...] = ()

    @classmethod
    def build(cls, calendar: Calendar, holidays: Collection[date]) -> DayKinds:
        """Take what an area file says.

        Parameters
        ----------
        calendar, holidays
            Its entries of these names.

        Returns
        -------
        DayKinds
            Without a nation and without lists it knows nothing.
        """
        terms = tuple(sorted((term.start, term.end) for term in calendar.terms))
        return cls(calendar.nation, frozenset(holidays), terms)

    @property
    def basis(self) -> Basis:
        """On what the school terms rest."""
        if self.terms:
            return "configured"
        return "approximation" if self.nation else "none"

    def is_holiday(self, day: date) -> bool:
        """Tell whether a day is a public holiday: listed, or a bank holiday of the nation."""
        return day in self.listed or (self.nation is not None and day in _list_bank_holidays(self.nation, day.year))

    def find_is_term(self, day: date) -> bool | None:
        """Tell whether a day lies in a school term; None where nothing is known of terms.

        Configured terms hold within the school years that they touch (September to August); for other days the
        nation's usual terms stand.
        """
        if any(_get_school_year(day) in {_get_school_year(a), _get_school_year(b)} for a, b in self.terms):
            return any(first <= day <= last for first, last in self.terms)
        if self.nation is None:
            return None
        return not any(first <= day <= last for first, last in list_usual_closures(self.nation, day.year))

    def is_disturbed(self, day: date) -> bool:
        """Tell whether a day is a public holiday, or a weekday known to lie outside the school terms."""
        return self.is_holiday(day) or (day.weekday() < 5 and self.find_is_term(day) is False)


def _get_school_year(day: date) -> int:
    return day.year - int(day.month < 9)


def find_default_date(service_dates: pl.DataFrame, *, kinds: DayKinds) -> date | None:
    """Find the weekday that a timetable stands for where the area file does not say.

    The Tuesday of the second week of October, if all feeds have service on it and it is neither a holiday nor out of
    term; else the first such Tuesday of the timetable.

    Parameters
    ----------
    service_dates
        ``feed`` and ``date`` of all service.
    kinds
        What is known of holidays and terms.

    Returns
    -------
    date or None
        None if no Tuesday will do.
    """
    n_feeds = service_dates["feed"].n_unique()
    tuesdays = (
        service_dates.filter(pl.col("date").dt.weekday() == 2)
        .group_by("date")
        .agg(pl.col("feed").n_unique().alias("n"))
        .filter(pl.col("n") == n_feeds)["date"]
        .sort()
        .to_list()
    )
    usable = [day for day in tuesdays if day is not None and not kinds.is_disturbed(day)]
    return next(iter([*_select_october(usable), *usable]), None)


def _select_october(days: list[date]) -> Iterator[date]:
    yield from (day for day in days if day == find_second_tuesday_of_october(day.year))
