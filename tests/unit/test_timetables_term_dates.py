"""Public holidays, school terms and the date that a timetable stands for."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from dateutil import easter

from pipeline.base.area_timetables import Calendar
from pipeline.base.clock import find_second_tuesday_of_october
from pipeline.timetables.term_dates import DayKinds, compute_easter, find_default_date

ENGLAND = DayKinds("england")
YEARS = range(2004, 2041)


@pytest.mark.parametrize(
    "sunday",
    [
        (1818, 3, 22),
        (1943, 4, 25),
        (2000, 4, 23),
        (2008, 3, 23),
        (2011, 4, 24),
        (2016, 3, 27),
        (2024, 3, 31),
        (2025, 4, 20),
    ],
)
def test_easter_falls_where_the_published_tables_have_it(sunday: tuple[int, int, int]) -> None:
    assert compute_easter(sunday[0]) == date(*sunday)


def test_nothing_is_assumed_without_a_nation() -> None:
    unknown = DayKinds()
    assert unknown.basis == "none"
    assert not unknown.is_holiday(date(2024, 12, 25))
    assert unknown.find_is_term(date(2024, 8, 6)) is None
    assert not unknown.is_disturbed(date(2024, 12, 25))


def test_bank_holidays_are_those_of_the_nation() -> None:
    assert ENGLAND.is_holiday(date(2024, 8, 26))
    assert not DayKinds("scotland").is_holiday(date(2024, 8, 26))
    assert DayKinds("scotland").is_holiday(date(2024, 1, 2))
    assert DayKinds("northern_ireland").is_holiday(date(2024, 7, 12))
    assert DayKinds(listed=frozenset({date(2019, 4, 21)})).is_holiday(date(2019, 4, 21))


@pytest.mark.parametrize("year", YEARS)
def test_the_default_day_lies_in_term_and_in_four_undisturbed_weeks_in_england(year: int) -> None:
    day = find_second_tuesday_of_october(year)
    assert day.weekday() == 1
    assert 8 <= day.day <= 14
    own = day - timedelta(days=1)
    windows = [[own + timedelta(days=n - 7 * back) for n in range(28)] for back in range(4)]
    is_found = any(not any(ENGLAND.is_disturbed(one) for one in window) for window in windows)
    assert is_found == (year != 2022)  # the State Funeral of 19 September 2022 was a bank holiday


@pytest.mark.parametrize(
    "holiday",
    [
        (2024, 2, 14),
        (2024, 4, 3),
        (2019, 4, 23),
        (2024, 5, 29),
        (2024, 8, 6),
        (2024, 10, 29),
        (2024, 12, 27),
        (2025, 1, 2),
    ],
)
def test_known_school_holidays_are_out_of_term(holiday: tuple[int, int, int]) -> None:
    assert ENGLAND.find_is_term(date(*holiday)) is False
    assert DayKinds("wales").find_is_term(date(*holiday)) is False


def test_configured_terms_stand_for_their_school_years_and_usual_ones_for_others() -> None:
    calendar = Calendar.model_validate(
        {
            "nation": "england",
            "terms": [{"start": "2024-09-03", "end": "2024-10-25"}, {"start": "2024-11-04", "end": "2024-12-20"}],
        }
    )
    kinds = DayKinds.build(calendar, [])
    assert kinds.basis == "configured"
    assert kinds.find_is_term(date(2024, 9, 4)) is True  # usual terms leave the first days of September out
    assert kinds.find_is_term(date(2024, 10, 29)) is False
    assert kinds.find_is_term(date(2025, 6, 17)) is False  # the same school year, and in none of its terms
    assert kinds.find_is_term(date(2023, 6, 20)) is True  # another school year: usual terms


def test_weekends_out_of_term_disturb_nothing_but_holidays_at_weekends_do() -> None:
    assert not ENGLAND.is_disturbed(date(2024, 8, 10))
    assert ENGLAND.is_disturbed(date(2024, 8, 6))
    assert DayKinds(listed=frozenset({date(2024, 3, 31)})).is_disturbed(date(2024, 3, 31))


def build_dates(first: date, last: date, feed: str = "bus") -> pl.DataFrame:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return pl.DataFrame({"feed": [feed] * len(days), "date": days})


def test_a_timetable_stands_for_the_second_tuesday_of_october_or_its_first_tuesday_in_term() -> None:
    year = build_dates(date(2024, 7, 1), date(2025, 6, 30))
    assert find_default_date(year, kinds=ENGLAND) == date(2024, 10, 8)
    spring = build_dates(date(2024, 12, 20), date(2025, 6, 30))
    assert find_default_date(spring, kinds=ENGLAND) == date(2025, 1, 14)
    assert find_default_date(spring, kinds=DayKinds()) == date(2024, 12, 24)
    both = pl.concat([spring, build_dates(date(2025, 3, 1), date(2025, 3, 9), "rail")])
    assert find_default_date(both, kinds=ENGLAND) == date(2025, 3, 4)
    assert find_default_date(build_dates(date(2024, 10, 9), date(2024, 10, 14)), kinds=ENGLAND) is None
    assert find_default_date(year, kinds=DayKinds("scotland")) == date(2024, 8, 27)


def test_easter_is_that_of_an_implementation_by_others_for_seven_centuries() -> None:
    years = range(1583, 2300)
    assert [compute_easter(year) for year in years] == [easter.easter(year) for year in years]


CLOSED = {
    "england": ["01-01 01-07", "02-08 02-26", "05-24 06-06", "07-10 09-09", "10-18 11-05", "12-17 12-31"],
    "wales": ["01-01 01-07", "02-08 02-26", "05-24 06-06", "07-10 09-09", "10-18 11-05", "12-17 12-31"],
    "scotland": ["01-01 01-08", "02-08 02-22", "06-20 08-25", "10-04 10-28", "12-19 12-31"],
    "northern_ireland": ["01-01 01-07", "02-10 02-22", "06-24 09-05", "10-24 11-04", "12-18 12-31"],
}
AROUND_EASTER = {"england": "03-15 04-18", "wales": "03-15 04-18", "scotland": "03-15 04-18"}
"""Easter Sunday 2024 is 31 March: 16 days before and 15 after it, or to 18 April where that is later."""


@pytest.mark.parametrize("nation", list(CLOSED))
def test_schools_are_closed_from_the_first_to_the_last_day_of_the_usual_spans_and_open_beside_them(nation: str) -> None:
    kinds = DayKinds(nation)
    for span in [*CLOSED[nation], AROUND_EASTER.get(nation, "03-15 04-15")]:
        first, last = (date.fromisoformat(f"2024-{day}") for day in span.split())
        assert kinds.find_is_term(first) is False, first
        assert kinds.find_is_term(last) is False, last
        assert kinds.find_is_term(first - timedelta(days=1)) is (first.month > 1 or first.day > 1), first
        assert kinds.find_is_term(last + timedelta(days=1)) is (last.month < 12 or last.day < 31), last


@pytest.mark.parametrize(("month", "day"), [(1, 1), (12, 25)])
def test_the_first_and_the_last_week_of_a_year_have_their_bank_holidays(month: int, day: int) -> None:
    assert DayKinds("england").is_holiday(date(2024, month, day))
    assert not DayKinds("england").is_holiday(date(2024, 1, 2))
    assert DayKinds("scotland").is_holiday(date(2024, 1, 2))


def test_a_september_belongs_to_the_school_year_that_begins_in_it() -> None:
    kinds = DayKinds("england", terms=((date(2023, 9, 4), date(2024, 7, 19)),))
    assert kinds.find_is_term(date(2023, 9, 5)) is True
    assert kinds.find_is_term(date(2024, 7, 22)) is False
    assert kinds.find_is_term(date(2024, 9, 10)) is True  # of another year, for which the usual terms stand
