"""Operating profiles against a plain day-by-day oracle, written from the rules and from dates copied by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.base.notices import Notices
from pipeline.timetables.txc_days import compute_days
from pipeline.timetables.txc_profiles import Reporter, parse_organisation, parse_profile
from tests.support.transxchange import build_organisation, build_profile

Range = tuple[date, date]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
OTHER_DAYS = {
    "MondayToFriday": WEEKDAYS[:5],
    "MondayToSaturday": WEEKDAYS[:6],
    "MondayToSunday": WEEKDAYS,
    "Weekend": WEEKDAYS[5:],
    "NotSaturday": [*WEEKDAYS[:5], "Sunday"],
    "NotTuesday": ["Monday", *WEEKDAYS[2:]],
}
# 2021, as published: the year in which Christmas Day and Boxing Day fell on Saturday and Sunday.
HOLIDAYS = {
    "england": {
        "NewYearsDay": "01-01",
        "GoodFriday": "04-02",
        "EasterMonday": "04-05",
        "MayDay": "05-03",
        "SpringBank": "05-31",
        "LateSummerBankHolidayNotScotland": "08-30",
        "ChristmasEve": "12-24",
        "ChristmasDay": "12-25",
        "BoxingDay": "12-26",
        "ChristmasDayHoliday": "12-27",
        "BoxingDayHoliday": "12-28",
        "Jan2ndScotland": "",
        "NewYearsDayHoliday": "",
        "HolidayMondays": "04-05 05-03 05-31 08-30",
        "AllHolidaysExceptChristmas": "01-01 04-02 04-05 05-03 05-31 08-30",
        "AllBankHolidays": "01-01 04-02 04-05 05-03 05-31 08-30 12-25 12-26 12-27 12-28",
    },
    "scotland": {
        "NewYearsDay": "01-01",
        "Jan2ndScotland": "01-02",
        "Jan2ndScotlandHoliday": "01-04",
        "GoodFriday": "04-02",
        "EasterMonday": "04-05",
        "AugustBankHolidayScotland": "08-02",
        "LateSummerBankHolidayNotScotland": "",
        "StAndrewsDay": "11-30",
        "HolidayMondays": "05-03 05-31 08-02",
        "Christmas": "12-25 12-26",
        "DisplacementHolidays": "01-04 12-27 12-28",
        "AllBankHolidays": "01-01 01-02 01-04 04-02 05-03 05-31 08-02 11-30 12-25 12-26 12-27 12-28",
    },
}

days = st.dates(date(2020, 12, 20), date(2022, 1, 10))
ranges = st.lists(st.tuples(days, days).map(lambda pair: (min(pair), max(pair))), max_size=3)
short_ranges = st.lists(
    st.tuples(days, st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))), max_size=3
)
codes = st.lists(st.sampled_from(["A", "B", "SUB", "VOID", "UNKNOWN"]), max_size=2)


def _has(day: date, spans: Sequence[Range]) -> bool:
    return any(first <= day <= last for first, last in spans)


def _is_named(day: date, names: Sequence[str], nation: str) -> bool:
    return any(f"{day:%m-%d}" in HOLIDAYS[nation][name].split() for name in names)


def _is_working(day: date, code: str, organisations: dict[str, tuple[Sequence[Range], Sequence[Range]]]) -> bool:
    working, holidays = organisations.get("A" if code == "SUB" else code, ((), ()))
    if working:
        return _has(day, working)
    return not _has(day, holidays)


def _is_holiday(day: date, code: str, organisations: dict[str, tuple[Sequence[Range], Sequence[Range]]]) -> bool:
    working, holidays = organisations.get("A" if code == "SUB" else code, ((), ()))
    if holidays:
        return _has(day, holidays)
    return bool(working) and not _has(day, working)


@st.composite
def _cases(draw: st.DrawFn) -> dict[str, object]:
    nation = draw(st.sampled_from(sorted(HOLIDAYS)))
    names = st.lists(st.sampled_from(sorted(HOLIDAYS[nation])), max_size=3)
    first = draw(st.dates(date(2021, 1, 1), date(2021, 12, 31)))
    return {
        "nation": nation,
        "first": first,
        "last": draw(st.dates(first, date(2021, 12, 31))),
        "organisations": {"A": (draw(ranges), draw(ranges)), "B": (draw(ranges), [])},
        "profile": {
            "days": draw(st.lists(st.sampled_from([*WEEKDAYS, *OTHER_DAYS]), min_size=1, max_size=3)),
            "holidays_only": draw(st.sampled_from([False, False, False, True])),
            "weeks": draw(st.lists(st.sampled_from(["first", "2", "third", "4", "fifth", "last"]), max_size=2)),
            "bank_on": draw(names),
            "bank_off": draw(names),
            "special_on": draw(short_ranges),
            "special_off": draw(short_ranges),
            "working_on": draw(codes),
            "holidays_on": draw(codes),
            "working_off": draw(codes),
            "holidays_off": draw(codes),
        },
    }


def _runs(day: date, case: dict, profile: dict) -> bool:  # type: ignore[type-arg]
    """Say whether a journey runs: the last of the five elements that speaks decides, non-operation within each."""
    organisations, nation = case["organisations"], case["nation"]
    wanted = {name for text in profile["days"] for name in OTHER_DAYS.get(text, [text])}
    runs = f"{day:%A}" in wanted and not profile["holidays_only"]
    if profile["weeks"]:
        number = sum(1 for earlier in range(1, day.day + 1) if (day.day - earlier) % 7 == 0)
        names = {1: {"first"}, 2: {"2"}, 3: {"third"}, 4: {"4"}, 5: {"fifth"}}[number]
        if (day + timedelta(days=7)).month != day.month:
            names = names | {"last"}
        runs = runs and bool(names & set(profile["weeks"]))
    allowed = [_is_working(day, code, organisations) for code in profile["working_on"]]
    allowed += [_is_holiday(day, code, organisations) for code in profile["holidays_on"]]
    runs = runs and (not allowed or any(allowed))
    if any(_is_working(day, code, organisations) for code in profile["working_off"]):
        runs = False
    if any(_is_holiday(day, code, organisations) for code in profile["holidays_off"]):
        runs = False
    if _is_named(day, profile["bank_on"], nation):
        runs = True
    if _is_named(day, profile["bank_off"], nation):
        runs = False
    if _has(day, profile["special_on"]):
        runs = True
    if _has(day, profile["special_off"]):
        runs = False
    return runs


@given(_cases())
def test_a_profile_runs_on_the_days_that_the_oracle_says(case: dict) -> None:  # type: ignore[type-arg]
    report = Reporter(Notices(), "x.xml")
    elements = [
        build_organisation(code, working=working, holidays=holidays)
        for code, (working, holidays) in case["organisations"].items()
    ]
    elements += [build_organisation("SUB", parent="A"), build_organisation("VOID")]
    organisations = {
        item.code: item for item in (parse_organisation(etree.fromstring(xml), report) for xml in elements)
    }
    profile = parse_profile(etree.fromstring(build_profile(**case["profile"])), report)
    assert profile is not None
    first, last = case["first"], case["last"]
    found = compute_days(profile, first, last, nation=case["nation"], organisations=organisations)
    every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    assert found.tolist() == [_runs(day, case, case["profile"]) for day in every]
    assert report.notices.counts() == {}


@given(days, st.integers(0, 40))
def test_a_cancellation_on_a_day_not_run_subtracts_nothing(first: date, length: int) -> None:
    report = Reporter(Notices(), "x.xml")
    last = first + timedelta(days=length)
    plain = parse_profile(etree.fromstring(build_profile(["Saturday"])), report)
    sundays = [(day, day) for day in (first + timedelta(days=at) for at in range(length)) if day.weekday() == 6]
    cancelled = parse_profile(etree.fromstring(build_profile(["Saturday"], special_off=sundays)), report)
    assert plain is not None
    assert cancelled is not None
    one = compute_days(plain, first, last, nation="england", organisations={})
    two = compute_days(cancelled, first, last, nation="england", organisations={})
    assert one.tolist() == two.tolist()
