"""The choice of the 28 days against its definition, tried Monday by Monday."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.notices import Notices
from pipeline.change.window28 import choose_service_window
from pipeline.timetables.term_dates import DayKinds

DAYS = st.dates(date(2023, 1, 1), date(2025, 12, 31))
KINDS = {nation: DayKinds(nation) for nation in (None, "england", "scotland", "northern_ireland")}
SPANS = st.tuples(DAYS, st.integers(0, 400))


def rate(monday: date, day: date, span: tuple[date, date], kinds: DayKinds, max_shift: int) -> tuple[object, ...]:
    """Write the definition down: what makes 28 days better than others, best first, least is best."""
    days = [monday + timedelta(days=n) for n in range(28)]
    n_valid = sum(span[0] <= one <= span[1] for one in days)
    n_disturbed = sum(kinds.is_disturbed(one) for one in days)
    own = day - timedelta(days=day.weekday())
    is_holding = day in days
    is_near = any(day in {one + timedelta(days=7 * k) for one in days} for k in range(-max_shift, max_shift + 1))
    place = int(not is_holding) if n_disturbed == 0 and (is_holding or is_near) else 2 + int(not is_holding)
    return (-n_valid, place, n_disturbed if is_holding else 0, abs((monday - own).days), monday < own)


@given(
    day=DAYS,
    span=SPANS,
    nation=st.sampled_from(list(KINDS)),
    max_shift=st.sampled_from([0, 2, 10]),
    extracted=st.one_of(st.none(), st.integers(-20, 60)),
)
@settings(max_examples=60, deadline=None)
def test_the_best_monday_by_the_definition_is_chosen(
    day: date, span: tuple[date, int], nation: str | None, max_shift: int, extracted: int | None
) -> None:
    first, last = span[0], span[0] + timedelta(days=span[1])
    kinds = KINDS[nation]
    dates = pl.DataFrame(
        {"feed": ["bus"] * 2, "service_index": pl.Series([0, 0], dtype=pl.Int32), "date": [first, last]}
    )
    taken = {} if extracted is None else {"bus": first + timedelta(days=extracted)}
    notices = Notices()
    window = choose_service_window(
        dates, snapshot_date=day, kinds=kinds, extracted=taken, max_shift_weeks=max_shift, notices=notices
    )
    start = max(first, taken["bus"]) if taken and taken["bus"] <= last else first
    own = day - timedelta(days=day.weekday())
    lowest, highest = min(own, start), max(own, last)
    n_before, n_after = (own - lowest).days // 7 + 4, (highest - own).days // 7 + 1
    mondays = [own + timedelta(days=7 * k) for k in range(-n_before, n_after + 1)]
    best = min(mondays, key=lambda monday: (*rate(monday, day, (start, last), kinds, max_shift), monday))
    ratings = [rate(monday, day, (start, last), kinds, max_shift) for monday in (window.monday, best)]
    assert ratings[0] == ratings[1]
    assert window.monday.weekday() == 0
    assert window.days.height == 28
    used = window.days.filter("is_used")["date"].to_list()
    assert all(start <= one <= last and not kinds.is_holiday(one) for one in used)
    assert ("service_window_moved" in notices.counts()) == (window.monday != own)
    assert str(window.monday) in window.explanation
