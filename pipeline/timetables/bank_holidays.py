"""Bank holidays of each nation by TransXChange's names, from a library that is kept up to date.

The names and their groups are those of the TransXChange schema (``NaPT_dayTypes``). A name means its day wherever a
service runs, except where it carries a nation: ``Jan2ndScotland``, ``StAndrewsDay``, ``AugustBankHolidayScotland``
and their substitutes fall in Scotland only, ``LateSummerBankHolidayNotScotland`` everywhere else. The groups are those
of the nation: Easter Monday is no bank holiday in Scotland, and so is in none of its groups.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import holidays as public_holidays

from pipeline.base.errors import UsageError

NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern_ireland": "NIR"}
OBSERVED = " (observed)"
TITLES = {
    "New Year's Day": "NewYearsDay",
    "New Year Holiday": "Jan2ndScotland",
    "Good Friday": "GoodFriday",
    "Easter Monday": "EasterMonday",
    "May Day": "MayDay",
    "Spring Bank Holiday": "SpringBank",
    "Late Summer Bank Holiday": "LateSummerBankHolidayNotScotland",
    "Summer Bank Holiday": "AugustBankHolidayScotland",
    "Saint Andrew's Day": "StAndrewsDay",
    "Christmas Day": "ChristmasDay",
    "Boxing Day": "BoxingDay",
}
"""The library's titles; whatever has another title is a holiday of one year or of one nation without a name."""
SUBSTITUTES = {
    "ChristmasDayHoliday": "ChristmasDay",
    "BoxingDayHoliday": "BoxingDay",
    "NewYearsDayHoliday": "NewYearsDay",
    "Jan2ndScotlandHoliday": "Jan2ndScotland",
    "StAndrewsDayHoliday": "StAndrewsDay",
}
FIRST_ST_ANDREWS = 2007
"""St Andrew's Day Bank Holiday (Scotland) Act 2007; the library begins a year early."""
EVES = {"ChristmasEve": (12, 24), "NewYearsEve": (12, 31)}
MONDAYS = ("EasterMonday", "MayDay", "SpringBank", "LateSummerBankHolidayNotScotland", "AugustBankHolidayScotland")
NAMED = ("NewYearsDay", "Jan2ndScotland", "GoodFriday", "StAndrewsDay")
CHRISTMAS = ("ChristmasDay", "BoxingDay")
UNNAMED = "OtherHolidays"
"""Our own name for bank holidays that the schema has no name for: royal occasions, St Patrick's Day, the Boyne."""
GROUPS: dict[str, tuple[str, ...]] = {
    "Christmas": CHRISTMAS,
    "HolidayMondays": MONDAYS,
    "Holidays": (*NAMED, UNNAMED),
    "AllHolidaysExceptChristmas": (*NAMED, UNNAMED, *MONDAYS),
    "DisplacementHolidays": tuple(SUBSTITUTES),
    "AllBankHolidays": (*NAMED, UNNAMED, *MONDAYS, *CHRISTMAS, *SUBSTITUTES),
    "EarlyRunOff": tuple(EVES),
    "EarlyRunOffDays": tuple(EVES),
}
SINGLE = (*NAMED, *MONDAYS, *CHRISTMAS, *SUBSTITUTES, *EVES)
ALL_NAMES = frozenset((*SINGLE, *GROUPS))


def check_nation(nation: str) -> str:
    """Return the nation's name as used here.

    Parameters
    ----------
    nation
        ``england``, ``wales``, ``scotland`` or ``northern_ireland``; case, spaces and dashes do not matter.

    Returns
    -------
    str
        A key of :data:`NATIONS`.

    Raises
    ------
    UsageError
        For any other.
    """
    name = nation.strip().lower().replace(" ", "_").replace("-", "_")
    if name not in NATIONS:
        raise UsageError(
            f"there is no nation '{nation}'", field="nation", cure=f"Choose one of {', '.join(sorted(NATIONS))}."
        )
    return name


@cache
def _read_year(nation: str, year: int) -> tuple[tuple[str, date], ...]:
    """Return the pairs of name and date that the library gives for a year."""
    found = public_holidays.country_holidays("GB", subdiv=NATIONS[nation], years=year, language="en_GB")
    pairs = []
    for day in sorted(found):
        for title in found.get_list(day):
            name = TITLES.get(title.removesuffix(OBSERVED), UNNAMED)
            if title.endswith(OBSERVED) and name != UNNAMED:
                name += "Holiday"
            if name != "StAndrewsDay" or year >= FIRST_ST_ANDREWS:
                pairs.append((name, day))
    return tuple(pairs)


def get_bank_holidays(nation: str, first: date, last: date) -> dict[date, tuple[str, ...]]:
    """Return the bank holidays of a nation, substitute days and those of a single year included.

    Parameters
    ----------
    nation
        See :func:`check_nation`.
    first, last
        Both included.

    Returns
    -------
    dict
        Date to TransXChange's names of that day, in order of date; ``OtherHolidays`` where the schema has none. A
        holiday that falls on a weekend stands at its own date and again, as substitute, at the weekday that replaces
        it. Christmas Eve and New Year's Eve are no bank holidays and are not listed.

    Raises
    ------
    UsageError
        If there is no such nation.
    """
    name = check_nation(nation)
    found: dict[date, tuple[str, ...]] = {}
    for year in range(first.year, last.year + 1):
        for title, day in _read_year(name, year):
            if first <= day <= last:
                found[day] = (*found.get(day, ()), title)
    return found


def find_named_days(name: str, nation: str, first: date, last: date) -> frozenset[date] | None:
    """Return the dates that a name of TransXChange's BankHolidayOperation stands for.

    Parameters
    ----------
    name
        Name of an element, such as ``SpringBank`` or ``AllBankHolidays``.
    nation
        See :func:`check_nation`.
    first, last
        Both included.

    Returns
    -------
    frozenset of datetime.date or None
        None if the schema has no such name; empty if it has no date there, such as ``Jan2ndScotland`` in Wales or
        ``BoxingDayHoliday`` in a year without one.

    Raises
    ------
    UsageError
        If there is no such nation.
    """
    if name not in ALL_NAMES:
        return None
    if name in EVES:
        month, day = EVES[name]
        dates = (date(year, month, day) for year in range(first.year, last.year + 1))
        return frozenset(eve for eve in dates if first <= eve <= last)
    if name in ("EarlyRunOff", "EarlyRunOffDays"):
        return frozenset(day for eve in EVES for day in find_named_days(eve, nation, first, last) or ())
    if name == "EasterMonday":  # a day that services may name in Scotland too, where it is no bank holiday
        nation = "england"
    wanted = set(GROUPS.get(name, (name,)))
    days = get_bank_holidays(nation, first, last)
    return frozenset(day for day, titles in days.items() if wanted.intersection(titles))
