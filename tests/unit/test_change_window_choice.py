"""Which 28 days are chosen, and what is said about it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.base.notices import Notices
from pipeline.base.tables import check_table
from pipeline.change.window28 import ServiceWindow, choose_service_window
from pipeline.change.window_table import ChosenWindow, build_window_table, note_analysis_dates
from pipeline.timetables.term_dates import DayKinds

ENGLAND = DayKinds("england")
OCTOBER = date(2024, 10, 8)


def build_dates(first: date, last: date, feed: str = "bus") -> pl.DataFrame:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return pl.DataFrame(
        {"feed": [feed] * len(days), "service_index": pl.Series([0] * len(days), dtype=pl.Int32), "date": days}
    )


YEAR = build_dates(date(2024, 7, 1), date(2025, 6, 30))


def choose(
    dates: pl.DataFrame = YEAR, day: date = OCTOBER, kinds: DayKinds = ENGLAND, **more: object
) -> tuple[ServiceWindow, dict[str, int]]:
    notices = Notices()
    window = choose_service_window(dates, snapshot_date=day, kinds=kinds, notices=notices, **more)  # type: ignore[arg-type]
    return window, notices.counts()


def test_without_a_nation_the_window_begins_in_the_snapshots_own_week() -> None:
    window, counts = choose(kinds=DayKinds())
    assert window.monday == date(2024, 10, 7)
    assert counts == {}
    assert window.days["is_in_term"].null_count() == 28
    assert "nothing is known of school terms" in window.explanation


def test_in_england_it_keeps_out_of_half_term_and_still_holds_the_date() -> None:
    window, counts = choose()
    assert (window.first_date, window.last_date) == (date(2024, 9, 16), date(2024, 10, 13))
    assert window.count_days() == {"weekday": 20, "saturday": 4, "sunday": 4}
    assert counts == {"service_window_moved": 1, "school_terms_approximate": 1}
    assert "an approximation" in window.explanation
    assert "(2024-10-07) would have given 11 public holidays and weekdays out of term" in window.explanation


def test_configured_terms_are_not_called_an_approximation() -> None:
    kinds = DayKinds("england", terms=((date(2024, 9, 3), date(2024, 10, 25)), (date(2024, 11, 4), date(2024, 12, 20))))
    window, counts = choose(kinds=kinds)
    assert window.monday == date(2024, 9, 30)
    assert counts == {"service_window_moved": 1}
    assert "approximation" not in window.explanation


def test_where_no_window_with_the_date_is_undisturbed_the_least_disturbed_is_taken_and_said() -> None:
    window, counts = choose(day=date(2025, 4, 15))
    days = window.days.filter(pl.col("is_holiday"))
    assert OCTOBER not in window.days["date"]
    assert date(2025, 4, 15) in window.days["date"]
    assert counts["service_window_in_holidays"] == 1
    assert set(days["reason"]) == {"public holiday"}
    out = window.days.filter(pl.col("is_in_term") == False, ~pl.col("is_holiday"))  # noqa: E712
    assert out["is_used"].all()


def test_a_window_off_the_date_is_taken_only_where_it_is_allowed() -> None:
    away, counts = choose(day=date(2025, 4, 15), max_shift_weeks=26)
    assert away.days.select((pl.col("is_in_term") == False).any()).item() is False  # noqa: E712
    assert not away.days["is_holiday"].any()
    assert "service_window_in_holidays" not in counts
    near, counts = choose(day=date(2025, 4, 15), max_shift_weeks=1)
    assert date(2025, 4, 15) in near.days["date"]


def test_nothing_before_the_extraction_of_a_feed_is_relied_on() -> None:
    window, counts = choose(extracted={"bus": date(2024, 10, 7)})
    assert window.first_date == date(2024, 10, 7)
    assert window.valid == (date(2024, 10, 7), date(2025, 6, 30))
    assert "the extraction of feed bus on 2024-10-07" in window.explanation
    assert counts == {"service_window_in_holidays": 1, "school_terms_approximate": 1}
    wednesday, _ = choose(extracted={"bus": date(2024, 10, 9)}, kinds=DayKinds())
    assert wednesday.first_date == date(2024, 10, 14)


def test_a_snapshot_before_the_extraction_is_noted() -> None:
    window, counts = choose(extracted={"bus": date(2024, 11, 4)}, kinds=DayKinds())
    assert window.first_date == date(2024, 11, 4)
    assert counts == {"snapshot_before_extraction": 1, "service_window_moved": 1}


def test_an_extraction_after_the_last_service_is_doubtful_and_not_heeded() -> None:
    window, counts = choose(extracted={"bus": date(2026, 1, 1)}, kinds=DayKinds())
    assert window.first_date == date(2024, 10, 7)
    assert counts == {"feed_extraction_date_doubtful": 1}


def test_valid_days_come_before_terms() -> None:
    window, counts = choose(build_dates(date(2024, 10, 7), date(2024, 11, 3)))
    assert window.monday == date(2024, 10, 7)
    assert counts["service_window_in_holidays"] == 1


def test_the_published_row_says_what_was_chosen_and_why() -> None:
    window, _ = choose()
    table = build_window_table([ChosenWindow("2024", OCTOBER, window, OCTOBER)], ENGLAND)
    checked = check_table(table.to_pandas(), "out_run__service_window")
    row = checked.iloc[0]
    assert (row["begins_date"], row["n_weekdays"], row["n_out_of_term"]) == ("2024-09-16", 20, 0)
    assert row["terms_basis"] == "approximation"
    assert row["explanation"] == window.explanation
    unknown, _ = choose(kinds=DayKinds())
    table = build_window_table([ChosenWindow("2024", OCTOBER, unknown, None)], DayKinds())
    assert check_table(table.to_pandas(), "out_run__service_window")["n_out_of_term"].isna().all()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 8, 26), {"analysis_date_on_holiday": 1}),
        (date(2024, 8, 27), {"analysis_date_out_of_term": 1}),
        (OCTOBER, {}),
    ],
)
def test_days_of_analysis_on_holidays_and_out_of_term_are_noted(day: date, expected: dict[str, int]) -> None:
    notices = Notices()
    note_analysis_dates("s", {"weekday": day, "saturday": date(2024, 8, 24)}, ENGLAND, notices)
    assert notices.counts() == expected
    quiet = Notices()
    note_analysis_dates("s", {"weekday": day}, DayKinds(), quiet)
    assert quiet.counts() == {}
