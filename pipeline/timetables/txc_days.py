"""On which dates a TransXChange journey runs: operating profiles, resolved day by day into sets of dates.

An operating profile has five elements. On each day the last one that speaks decides:

1. ``RegularDayType``: days of the week, or on holidays only;
2. ``PeriodicDayType``: only in certain weeks of the month (the first Monday of a month is in its first week);
3. ``ServicedOrganisationDayType``: only on days of operation, never on days of non-operation of organisations;
4. ``BankHolidayOperation``: runs, or does not run, on named days, whatever the day of the week;
5. ``SpecialDaysOperation``: runs, or does not run, on given dates, whatever was said before.

Within one element non-operation wins. Nothing runs outside the service's operating period.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.timetables.bank_holidays import find_named_days

Days = NDArray[np.bool_]
Range = tuple[date, date]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ALL_DAYS = frozenset(range(7))
DAY_SETS: dict[str, frozenset[int]] = {
    **{name: frozenset({at}) for at, name in enumerate(WEEKDAYS)},
    **{f"Not{name}": ALL_DAYS - {at} for at, name in enumerate(WEEKDAYS)},
    "MondayToFriday": frozenset(range(5)),
    "MondayToSaturday": frozenset(range(6)),
    "MondayToSunday": ALL_DAYS,
    "Weekend": frozenset({5, 6}),
}
LAST_WEEK = -1
WEEKS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": LAST_WEEK} | {
    str(number): number for number in range(1, 6)
}


class OrganisationRule(NamedTuple):
    """Codes of organisations on whose working days or holidays a journey runs or does not run."""

    working_operation: tuple[str, ...] = ()
    holiday_operation: tuple[str, ...] = ()
    working_non_operation: tuple[str, ...] = ()
    holiday_non_operation: tuple[str, ...] = ()


class BankHolidayRule(NamedTuple):
    """Names and dates of holidays on which a journey runs or does not run."""

    operation: tuple[str, ...] = ()
    operation_dates: tuple[date, ...] = ()
    non_operation: tuple[str, ...] = ()
    non_operation_dates: tuple[date, ...] = ()


class SpecialRule(NamedTuple):
    """Ranges of dates, both ends included, on which a journey runs or does not run."""

    operation: tuple[Range, ...] = ()
    non_operation: tuple[Range, ...] = ()


class Profile(NamedTuple):
    """An operating profile; None for each element that it does not have.

    Attributes
    ----------
    weekdays
        0 for Monday to 6 for Sunday; empty for ``HolidaysOnly``.
    weeks
        Weeks of the month, 1 to 5 and -1 for the last.
    organisations, bank_holidays, special
        Rules of the elements of those names.
    """

    weekdays: frozenset[int] | None = None
    weeks: frozenset[int] | None = None
    organisations: OrganisationRule | None = None
    bank_holidays: BankHolidayRule | None = None
    special: SpecialRule | None = None


class Organisation(NamedTuple):
    """Dates of a serviced organisation; ``parent`` is where they are sought if it has none of its own."""

    code: str
    working: tuple[Range, ...] = ()
    holidays: tuple[Range, ...] = ()
    parent: str = ""


def inherit_profile(*profiles: Profile | None) -> Profile:
    """Combine the profiles of a journey, its pattern and its service, the most particular first.

    Parameters
    ----------
    *profiles
        Each may be None.

    Returns
    -------
    Profile
        Each element from the first profile that has it.
    """
    values = [
        next((value for profile in profiles if profile is not None and (value := profile[at]) is not None), None)
        for at in range(len(Profile._fields))
    ]
    return Profile(*values)  # type: ignore[arg-type]


def mark_ranges(ranges: Iterable[Range], first: date, n_days: int) -> Days:
    """Mark the days that lie in any of several ranges.

    Parameters
    ----------
    ranges
        First and last date, both included; a range that ends before it begins holds nothing.
    first, n_days
        First day of the result and its length.

    Returns
    -------
    numpy.ndarray
        bool, one for each day.
    """
    days = np.zeros(n_days, dtype=np.bool_)
    for begin, end in ranges:
        days[max(0, (begin - first).days) : max(0, (end - first).days + 1)] = True
    return days


def find_organisation(code: str, organisations: Mapping[str, Organisation]) -> Organisation | None:
    """Find an organisation with dates: itself or the nearest of its parents that has any.

    Parameters
    ----------
    code
        Code of the organisation.
    organisations
        By code.

    Returns
    -------
    Organisation or None
        None if neither it nor a parent has dates.
    """
    seen: set[str] = set()
    while code and code not in seen:
        seen.add(code)
        found = organisations.get(code)
        if found is None:
            return None
        if found.working or found.holidays:
            return found
        code = found.parent
    return None


def mark_organisation(
    code: str, organisations: Mapping[str, Organisation], first: date, n_days: int, *, is_holiday: bool
) -> Days:
    """Mark the working days or the holidays of an organisation.

    Where only the other kind has dates, all other days are meant; an organisation without any dates works every day.

    Parameters
    ----------
    code, organisations
        As for :func:`find_organisation`.
    first, n_days
        First day of the result and its length.
    is_holiday
        Mark holidays.

    Returns
    -------
    numpy.ndarray
        bool, one for each day.
    """
    found = find_organisation(code, organisations)
    if found is None:
        return np.full(n_days, not is_holiday)
    own, other = (found.holidays, found.working) if is_holiday else (found.working, found.holidays)
    return mark_ranges(own, first, n_days) if own else ~mark_ranges(other, first, n_days)


def _mark_any(codes: tuple[str, ...], orgs: Mapping[str, Organisation], first: date, n: int, *, holiday: bool) -> Days:
    days = np.zeros(n, dtype=np.bool_)
    for code in codes:
        days |= mark_organisation(code, orgs, first, n, is_holiday=holiday)
    return days


def _mark_holidays(names: tuple[str, ...], dates: tuple[date, ...], nation: str, first: date, n_days: int) -> Days:
    last = first + timedelta(days=n_days - 1)
    days = mark_ranges([(day, day) for day in dates], first, n_days)
    for name in names:
        for day in find_named_days(name, nation, first, last) or ():
            days[(day - first).days] = True
    return days


def _mark_weeks(weeks: frozenset[int], first: date, n_days: int) -> Days:
    dates = [first + timedelta(days=at) for at in range(n_days)]
    return np.array(
        [
            (day.day - 1) // 7 + 1 in weeks or (LAST_WEEK in weeks and (day + timedelta(days=7)).month != day.month)
            for day in dates
        ],
        dtype=np.bool_,
    )


def compute_days(
    profile: Profile, first: date, last: date, *, nation: str, organisations: Mapping[str, Organisation]
) -> Days:
    """Resolve an operating profile into the days of an operating period on which it runs.

    Parameters
    ----------
    profile
        With everything inherited; no days of the week means Monday to Friday.
    first, last
        Operating period, both included; ``last`` must not lie before ``first``.
    nation
        Whose bank holidays count.
    organisations
        By code.

    Returns
    -------
    numpy.ndarray
        bool, one for each day from ``first``.
    """
    n_days = (last - first).days + 1
    weekdays = DAY_SETS["MondayToFriday"] if profile.weekdays is None else profile.weekdays
    days = np.isin((np.arange(n_days) + first.weekday()) % 7, sorted(weekdays))
    if profile.weeks is not None:
        days &= _mark_weeks(profile.weeks, first, n_days)
    if profile.organisations is not None:
        rule = profile.organisations
        if rule.working_operation or rule.holiday_operation:
            days &= _mark_any(rule.working_operation, organisations, first, n_days, holiday=False) | _mark_any(
                rule.holiday_operation, organisations, first, n_days, holiday=True
            )
        days &= ~_mark_any(rule.working_non_operation, organisations, first, n_days, holiday=False)
        days &= ~_mark_any(rule.holiday_non_operation, organisations, first, n_days, holiday=True)
    if profile.bank_holidays is not None:
        bank = profile.bank_holidays
        days |= _mark_holidays(bank.operation, bank.operation_dates, nation, first, n_days)
        days &= ~_mark_holidays(bank.non_operation, bank.non_operation_dates, nation, first, n_days)
    if profile.special is not None:
        days |= mark_ranges(profile.special.operation, first, n_days)
        days &= ~mark_ranges(profile.special.non_operation, first, n_days)
    return days
