"""Bank holidays by TransXChange's names, against the dates published for 2004 to 2025."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.base.errors import UsageError
from pipeline.timetables.bank_holidays import UNNAMED, find_named_days, get_bank_holidays

# England and Wales as published: New Year, Good Friday, Easter Monday, May Day, Spring, Summer, Christmas, Boxing Day,
# each at the day taken (a substitute where the holiday itself falls on a weekend), then holidays of that year only.
ENGLAND = {
    2004: "0101 0409 0412 0503 0531 0830 1227 1228",
    2005: "0103 0325 0328 0502 0530 0829 1227 1226",
    2006: "0102 0414 0417 0501 0529 0828 1225 1226",
    2007: "0101 0406 0409 0507 0528 0827 1225 1226",
    2008: "0101 0321 0324 0505 0526 0825 1225 1226",
    2009: "0101 0410 0413 0504 0525 0831 1225 1228",
    2010: "0101 0402 0405 0503 0531 0830 1227 1228",
    2011: "0103 0422 0425 0502 0530 0829 1227 1226 0429",  # royal wedding
    2012: "0102 0406 0409 0507 0604 0827 1225 1226 0605",  # spring holiday moved for the diamond jubilee
    2013: "0101 0329 0401 0506 0527 0826 1225 1226",
    2014: "0101 0418 0421 0505 0526 0825 1225 1226",
    2015: "0101 0403 0406 0504 0525 0831 1225 1228",
    2016: "0101 0325 0328 0502 0530 0829 1227 1226",
    2017: "0102 0414 0417 0501 0529 0828 1225 1226",
    2018: "0101 0330 0402 0507 0528 0827 1225 1226",
    2019: "0101 0419 0422 0506 0527 0826 1225 1226",
    2020: "0101 0410 0413 0508 0525 0831 1225 1228",  # May Day moved to VE day
    2021: "0101 0402 0405 0503 0531 0830 1227 1228",
    2022: "0103 0415 0418 0502 0602 0829 1227 1226 0603 0919",  # platinum jubilee, state funeral
    2023: "0102 0407 0410 0501 0529 0828 1225 1226 0508",  # coronation
    2024: "0101 0329 0401 0506 0527 0826 1225 1226",
    2025: "0101 0418 0421 0505 0526 0825 1225 1226",
}
NAMES = [
    "NewYearsDay",
    "GoodFriday",
    "EasterMonday",
    "MayDay",
    "SpringBank",
    "LateSummerBankHolidayNotScotland",
    "ChristmasDay",
    "BoxingDay",
]


def _day(year: int, text: str) -> date:
    return date(year, int(text[:2]), int(text[2:]))


def _year(name: str, nation: str, year: int) -> list[date]:
    found = find_named_days(name, nation, date(year, 1, 1), date(year, 12, 31))
    assert found is not None
    return sorted(found)


@pytest.mark.parametrize("nation", ["england", "wales"])
@pytest.mark.parametrize("year", ENGLAND)
def test_the_published_dates_of_england_and_wales(nation: str, year: int) -> None:
    days = [_day(year, text) for text in ENGLAND[year].split()]
    for name, day in zip(NAMES, days[:8], strict=True):
        has_substitutes = name in {"NewYearsDay", "ChristmasDay", "BoxingDay"}
        taken = _year(f"{name}Holiday", nation, year) if has_substitutes else []
        assert (taken or _year(name, nation, year)) == [day], name
    found = get_bank_holidays(nation, date(year, 1, 1), date(year, 12, 31))
    assert [day for day, names in found.items() if UNNAMED in names] == sorted(days[8:])
    assert [day for day in found if day.weekday() < 5] == sorted(days)
    assert [day for day in _year("AllBankHolidays", nation, year) if day.weekday() < 5] == sorted(days)


def test_a_holiday_on_a_weekend_keeps_its_date_and_has_a_substitute() -> None:
    assert _year("ChristmasDay", "england", 2021) == [date(2021, 12, 25)]
    assert _year("ChristmasDayHoliday", "england", 2021) == [date(2021, 12, 27)]
    assert _year("BoxingDayHoliday", "england", 2021) == [date(2021, 12, 28)]
    assert _year("DisplacementHolidays", "england", 2021) == [date(2021, 12, 27), date(2021, 12, 28)]
    assert _year("ChristmasDayHoliday", "england", 2023) == []
    assert _year("NewYearsDayHoliday", "england", 2022) == [date(2022, 1, 3)]


# Scotland as published for years that differ from England in every way: 2 January and its substitutes, the first
# Monday of August, St Andrew's Day (a bank holiday since the Act of 2007) and its substitutes.
SCOTLAND = {
    2005: "0103 0104 0325 0502 0530 0801 1226 1227",
    2006: "0102 0103 0414 0501 0529 0807 1225 1226",
    2007: "0101 0102 0406 0507 0528 0806 1130 1225 1226",
    2011: "0103 0104 0422 0429 0502 0530 0801 1130 1226 1227",
    2013: "0101 0102 0329 0506 0527 0805 1202 1225 1226",
    2016: "0101 0104 0325 0502 0530 0801 1130 1226 1227",
    2019: "0101 0102 0419 0506 0527 0805 1202 1225 1226",
    2022: "0103 0104 0415 0502 0602 0603 0801 0919 1130 1226 1227",
    2023: "0102 0103 0407 0501 0508 0529 0807 1130 1225 1226",
}


@pytest.mark.parametrize("year", SCOTLAND)
def test_the_published_dates_of_scotland(year: int) -> None:
    found = get_bank_holidays("scotland", date(year, 1, 1), date(year, 12, 31))
    assert [day for day in found if day.weekday() < 5] == [_day(year, text) for text in SCOTLAND[year].split()]


def test_names_that_carry_a_nation_fall_in_that_nation_only() -> None:
    for name in ("Jan2ndScotland", "Jan2ndScotlandHoliday", "StAndrewsDay", "StAndrewsDayHoliday"):
        assert _year(name, "england", 2016) == []
    assert _year("AugustBankHolidayScotland", "wales", 2019) == []
    assert _year("AugustBankHolidayScotland", "scotland", 2019) == [date(2019, 8, 5)]
    assert _year("LateSummerBankHolidayNotScotland", "scotland", 2019) == []
    assert _year("LateSummerBankHolidayNotScotland", "northern_ireland", 2019) == [date(2019, 8, 26)]
    assert _year("Jan2ndScotlandHoliday", "scotland", 2016) == [date(2016, 1, 4)]
    assert _year("StAndrewsDayHoliday", "scotland", 2019) == [date(2019, 12, 2)]


def test_easter_monday_can_be_named_in_scotland_but_is_in_no_group_there() -> None:
    assert _year("EasterMonday", "scotland", 2019) == [date(2019, 4, 22)]
    assert date(2019, 4, 22) not in _year("HolidayMondays", "scotland", 2019)
    assert _year("HolidayMondays", "scotland", 2019) == [date(2019, 5, 6), date(2019, 5, 27), date(2019, 8, 5)]
    assert _year("HolidayMondays", "england", 2019) == [_day(2019, x) for x in ("0422", "0506", "0527", "0826")]


def test_the_groups() -> None:
    assert _year("Christmas", "wales", 2021) == [date(2021, 12, 25), date(2021, 12, 26)]
    assert _year("EarlyRunOffDays", "england", 2020) == [date(2020, 12, 24), date(2020, 12, 31)]
    assert _year("ChristmasEve", "england", 2020) == [date(2020, 12, 24)]
    rest = _year("AllHolidaysExceptChristmas", "england", 2022)
    assert rest == [_day(2022, x) for x in ("0101", "0415", "0418", "0502", "0602", "0603", "0829", "0919")]
    assert _year("Holidays", "northern_ireland", 2018) == [
        _day(2018, x) for x in ("0101", "0317", "0319", "0330", "0712")
    ]


def test_only_dates_asked_for_are_given() -> None:
    assert find_named_days("AllBankHolidays", "england", date(2020, 5, 8), date(2020, 5, 8)) == {date(2020, 5, 8)}
    assert find_named_days("MayDay", "england", date(2020, 5, 9), date(2021, 5, 2)) == frozenset()


def test_unknown_names_and_nations_are_told_apart_from_empty_ones() -> None:
    assert find_named_days("PancakeDay", "england", date(2020, 1, 1), date(2020, 12, 31)) is None
    with pytest.raises(UsageError, match="no nation 'france'"):
        find_named_days("MayDay", "france", date(2020, 1, 1), date(2020, 12, 31))
