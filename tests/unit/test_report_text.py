"""Numbers, times and sentences read as people write them."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from pipeline.report import text as t


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0, "0 min"),
        (20, "under 1 min"),
        (89, "1 min"),
        (90, "2 min"),
        (2_040, "34 min"),
        (7_229, "120 min"),
    ],
)
def test_minutes_in_a_cell(seconds: float | None, shown: str) -> None:
    assert t.format_minutes(seconds).replace(t.NBSP, " ") == shown


@pytest.mark.parametrize(("seconds", "shown"), [(10, "less than 1 minute"), (60, "1 minute"), (2_040, "34 minutes")])
def test_minutes_in_a_sentence(seconds: float, shown: str) -> None:
    assert t.format_minutes_long(seconds).replace(t.NBSP, " ") == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (1_800, 2_460, "30 to 41 min"),
        (1_800, 1_805, "30 min"),
        (1_800, None, "30 min or more"),
        (None, None, "–"),
    ],
)
def test_spread(low: float | None, high: float | None, shown: str) -> None:
    assert t.format_range_minutes(low, high).replace(t.NBSP, " ") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (25_500, "07:05"),
        (0, "00:00"),
        (86_399, "23:59"),
        (88_800, "00:40 next day"),
        (-600, "23:50 the day before"),
        (86_400 * 2 + 60, "00:01, day +2"),
    ],
)
def test_time_of_day(seconds: float | None, shown: str) -> None:
    assert t.format_time(seconds).replace(t.NBSP, " ") == shown


def test_window_that_ends_at_midnight() -> None:
    assert t.format_window(64_800, 86_400) == "18:00 to 24:00"


def test_dates() -> None:
    assert t.format_date(date(2024, 10, 8)).replace(t.NBSP, " ") == "8 October 2024"
    assert t.format_weekday_date(date(2024, 10, 8)).replace(t.NBSP, " ") == "Tuesday 8 October 2024"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.0, "0%"), (0.2, "under 1%"), (12.4, "12%"), (99.7, "over 99%"), (100.0, "100%")],
)
def test_shares_never_round_to_all_or_nothing(value: float | None, shown: str) -> None:
    assert t.format_pct(value).replace(t.NBSP, " ") == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (12.4, "+12%"), (-8.0, "−8%"), (0.0, "0%"), (0.3, "0%"), (-0.3, "0%")]
)
def test_signed_shares(value: float | None, shown: str) -> None:
    assert t.format_signed_pct(value) == shown


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(1_227.0, 0, "1,227"), (-1_234.5, 0, "−1,235"), (2.5, 0, "3"), (0.25, 1, "0.3"), (12_345.67, 1, "12,345.7")],
)
def test_numbers(value: float, decimals: int, shown: str) -> None:
    assert t.format_number(value, decimals) == shown


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (0.0, "0"), (4.94, "4.9"), (9.96, "10"), (1_234.4, "1,234")])
def test_rates(value: float | None, shown: str) -> None:
    assert t.format_rate(value) == shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("over_limit", "no journey within 120 minutes"),
        ("no_route", "no journey at all"),
        ("no_street", "no street within 500 metres"),
        ("", "not calculated"),
    ],
)
def test_reasons_are_words(reason: str, shown: str) -> None:
    assert t.format_reason(reason, 120) == shown


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (-12.3, "fell by 12%"),
        (8.0, "rose by 8%"),
        (0.0, "was unchanged"),
        (-0.2, "changed by less than 1%"),
        (-100.0, "fell by 100%"),
    ],
)
def test_change_in_words(change: float, shown: str) -> None:
    assert t.describe_change(change) == shown


def test_counts_and_lists() -> None:
    assert t.format_count_of(0, "ward", "wards") == "no wards"
    assert t.format_count_of(1, "ward", "wards").replace(t.NBSP, " ") == "1 ward"
    assert t.format_count_of(1_227, "hexagon", "hexagons").replace(t.NBSP, " ") == "1,227 hexagons"
    assert t.join_words([]) == ""
    assert t.join_words(["a"]) == "a"
    assert t.join_words(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize("null", [None, float("nan"), pd.NA, pd.NaT])
def test_nulls_never_show(null: object) -> None:
    assert t.is_null(null)
    assert t.as_text(null) == ""
    assert t.as_float(null) is None


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "–"),
        (2_040, "s", "34 min"),
        (34, "min", "34 min"),
        (25_500, "clock_s", "07:05"),
        (12.0, "pct", "12%"),
        (2.5, "per_hour", "2.5 an hour"),
        (25.0, "per_day", "25 a day"),
        (1_234.0, "jobs", "1,234 jobs"),
        (0.5, "", "0.5"),
    ],
)
def test_quantities(value: float | None, unit: str, shown: str) -> None:
    assert t.format_quantity(value, unit).replace(t.NBSP, " ") == shown


def test_rank_with_interval() -> None:
    assert t.format_rank(3.0, 2.0, 5.0) == "3 (2 to 5)"
    assert t.format_rank(3.0, None, None) == "3"
    assert t.format_rank(None, None, None) == "–"
