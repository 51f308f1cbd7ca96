"""Numbers, times, dates and sentences as people read them. Pure functions, no state, no locale of the machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
NBSP = "\N{NO-BREAK SPACE}"
DAY_S = 86_400
MAX_FOLDED = 130

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

BAND_LABELS = {
    "06_10": "06:00 to 10:00",
    "10_15": "10:00 to 15:00",
    "15_18": "15:00 to 18:00",
    "18_22": "18:00 to 22:00",
    "22_06": "22:00 to 06:00",
    "all_day": "Whole day",
}
DAY_TYPE_LABELS = {"weekday": "Weekday", "saturday": "Saturday", "sunday": "Sunday"}
COVERAGE_LABELS = {
    "comparable": "No gap known",
    "partial": "Partial data",
    "missing": "Missing data",
}


def is_null(value: object) -> bool:
    """Tell whether a cell of a table holds nothing: None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float) and math.isnan(value)


def as_text(value: object) -> str:
    """Return a cell as text, the empty string where it is null; never ``nan``."""
    return "" if is_null(value) else str(value)


def as_float(value: object) -> float | None:
    """Return a numeric cell as float, or None where it is null or infinite."""
    if is_null(value):
        return None
    number = float(str(value))
    return number if math.isfinite(number) else None


def round_half_up(value: float) -> int:
    """Round to the nearest integer, halves away from zero (not to even, which surprises readers of tables)."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def round_shown(value: float, decimals: int = 0) -> float:
    """Round as :func:`format_number` shows it, so that a script that shows the result cannot round a second time."""
    scale = float(10**decimals)
    return round_half_up(value * scale) / scale


def round_rate(value: float) -> float:
    """Round vehicle runs as :func:`format_rate` shows them: one decimal below 10, whole numbers from there."""
    return round_shown(value, 1 if abs(value) < 9.95 else 0)


def compute_minutes(seconds: float | None) -> int | None:
    """Return whole minutes for seconds, rounded half up; None stays None."""
    return None if seconds is None else round_half_up(seconds / 60.0)


def format_minutes(seconds: float | None) -> str:
    """Return ``34 min`` for a table cell; an en dash where there is no value."""
    if seconds is None:
        return DASH
    if 0 < seconds < 30:
        return f"under{NBSP}1{NBSP}min"
    return f"{format_integer(seconds / 60.0)}{NBSP}min"


def format_minutes_long(seconds: float) -> str:
    """Return ``34 minutes`` or ``1 minute`` for a sentence."""
    if 0 < seconds < 30:
        return "less than 1 minute"
    minutes = round_half_up(seconds / 60.0)
    return f"{format_integer(minutes)}{NBSP}{'minute' if minutes == 1 else 'minutes'}"


def format_range_minutes(low_s: float | None, high_s: float | None) -> str:
    """Return ``30 to 41 min``; ``30 min or more`` where the upper end has no value; a dash where neither has."""
    low, high = compute_minutes(low_s), compute_minutes(high_s)
    if low is None:
        return DASH
    if high is None:
        return f"{low}{NBSP}min or more"
    return f"{low}{NBSP}to{NBSP}{high}{NBSP}min" if low != high else f"{low}{NBSP}min"


def format_integer(value: float) -> str:
    """Return a whole number with thousands separators and a true minus sign."""
    number = round_half_up(value)
    return f"{MINUS if number < 0 else ''}{abs(number):,}"


def format_number(value: float | None, decimals: int = 0) -> str:
    """Return a number with thousands separators and a fixed number of decimals; a dash where there is none."""
    if value is None:
        return DASH
    if decimals == 0:
        return format_integer(value)
    scaled = round_shown(value, decimals)
    return f"{MINUS if scaled < 0 else ''}{abs(scaled):,.{decimals}f}"


def format_rate(value: float | None) -> str:
    """Return vehicle runs: one decimal below 10, whole numbers from there; a dash where there is none."""
    if value is None:
        return DASH
    return format_number(value, 1) if 0 < abs(value) < 9.95 else format_integer(value)


def format_pct(value: float | None) -> str:
    """Return ``12%``; small but not zero shares read ``under 1%`` rather than ``0%``, ``over 99%`` likewise."""
    if value is None:
        return DASH
    if 0 < value < 0.5:
        return f"under{NBSP}1%"
    if 99.5 <= value < 100:
        return f"over{NBSP}99%"
    return f"{format_integer(value)}%"


def format_signed(value: float | None, decimals: int = 0) -> str:
    """Return a change with its sign: ``+3``, ``-3`` (with a true minus) or ``0``."""
    if value is None:
        return DASH
    text = format_number(value, decimals)
    is_zero = not text.strip("0.,")
    return ("" if is_zero else "+") + text if value > 0 else text


def format_signed_pct(value: float | None) -> str:
    """Return a change in per cent with its sign: ``+12%``."""
    return DASH if value is None else f"{format_signed(value)}%"


def format_time(seconds: float | None) -> str:
    """Return a time of the service day: ``07:05``; ``00:40 next day`` after midnight; a dash where there is none."""
    if seconds is None:
        return DASH
    whole = math.floor(seconds)
    day, rest = divmod(whole, DAY_S)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}"
    if day == 0:
        return clock
    if day == 1:
        return f"{clock} next{NBSP}day"
    if day == -1:
        return f"{clock} the{NBSP}day before"
    return f"{clock}, day {day:+d}"


def format_window(start_s: int, end_s: int) -> str:
    """Return a departure window, ``07:00 to 10:00``."""
    return f"{format_time(start_s)} to {'24:00' if end_s == DAY_S else format_time(end_s)}"


def format_date(day: date) -> str:
    """Return ``8 October 2024``."""
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]}{NBSP}{day.year}"


def format_weekday_date(day: date) -> str:
    """Return ``Tuesday 8 October 2024``."""
    return f"{WEEKDAYS[day.weekday()]} {format_date(day)}"


def format_count_of(count: int, singular: str, plural: str) -> str:
    """Return ``1 ward`` or ``1,227 wards``; ``no wards`` for none."""
    if count == 0:
        return f"no {plural}"
    return f"{count:,}{NBSP}{singular if count == 1 else plural}"


def join_words(words: Sequence[str]) -> str:
    """Join words as English does: ``a, b and c``."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def add_article(noun: str) -> str:
    """Return a noun behind its indefinite article: ``a ward``, ``an output area``, ``an LSOA`` (letters are spelt)."""
    first = noun.partition(" ")[0]
    is_spelt = len(first) > 1 and first.isupper()
    return f"{'an' if noun[:1].lower() in ('aefhilmnorsx' if is_spelt else 'aeiou') else 'a'} {noun}"


def fold_phrases(text: str) -> tuple[str, tuple[str, ...]]:
    """Return phrases joined by semicolons as sentences of reasonable length, and all of them where some are left out.

    Parameters
    ----------
    text
        Such as ``no bus in 2019; one of two feeds is partial``.

    Returns
    -------
    tuple
        The first phrase with a capital and a full stop, and further ones as long as there is room; then every phrase,
        empty where all are shown.
    """
    phrases = tuple(capitalise(phrase.rstrip(".")) for phrase in text.split("; ") if phrase)
    shown = phrases[:1]
    for phrase in phrases[1:]:
        if len(". ".join([*shown, phrase])) > MAX_FOLDED:
            break
        shown = (*shown, phrase)
    return "".join(f"{phrase}. " for phrase in shown).rstrip(), phrases if len(phrases) > len(shown) else ()


def uncapitalise(text: str) -> str:
    """Return a label as it stands within a sentence: its first letter small, but for the name of a day."""
    return text if text.startswith(WEEKDAYS) else text[:1].lower() + text[1:]


def capitalise(text: str) -> str:
    """Return the text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def format_reason(reason: str, limit_min: int, max_link_m: float = 500.0) -> str:
    """Say why a travel time is missing.

    Parameters
    ----------
    reason
        ``no_street``, ``no_route`` or ``over_limit``; anything else reads "not calculated".
    limit_min
        Cap on the travel time in minutes.
    max_link_m
        Longest link from a point to the streets in metres.
    """
    if reason == "over_limit":
        return f"no journey within {limit_min} minutes"
    if reason == "no_route":
        return "no journey at all"
    if reason == "no_street":
        return f"no street within {format_integer(max_link_m)} metres"
    return "not calculated"


def format_rank(rank: float | None, low: float | None, high: float | None) -> str:
    """Return a rank and its interval, ``3 (2 to 5)``."""
    if rank is None:
        return DASH
    if low is None or high is None:
        return format_integer(rank)
    return f"{format_integer(rank)} ({format_integer(low)} to {format_integer(high)})"


def format_rank_of(rank: float | None, n_ranked: float | None) -> str:
    """Return a rank beside how many were ranked with it, ``88.5 of 95``; the mean of tied ranks keeps its half."""
    if rank is None:
        return DASH
    shown = format_number(rank, 0 if rank == math.floor(rank) else 1)
    return shown if n_ranked is None else f"{shown} of {format_integer(n_ranked)}"


def format_quantity(value: float | None, unit: str) -> str:
    """Return a value with its unit: ``s`` (as minutes), ``min``, ``clock_s``, ``pct``, ``per_hour``, ``per_day``."""
    if value is None:
        return DASH
    if unit == "s":
        return format_minutes(value)
    if unit == "min":
        return format_minutes(value * 60.0)
    if unit == "clock_s":
        return format_time(value)
    if unit in {"pct", "%"}:
        return format_pct(value)
    if unit in {"per_hour", "per_day"}:
        return f"{format_rate(value)} {'an hour' if unit == 'per_hour' else 'a day'}"
    text = format_number(value, 0 if abs(value) >= 100 or value == round(value) else 1)
    return f"{text} {unit}".strip()


def describe_change(change_pct: float) -> str:
    """Say a change of service in words: "fell by 12%", "rose by 8%", "was unchanged"."""
    size = round_half_up(abs(change_pct))
    if size == 0:
        return "was unchanged" if change_pct == 0 else "changed by less than 1%"
    return f"{'fell' if change_pct < 0 else 'rose'} by {size:,}%"
