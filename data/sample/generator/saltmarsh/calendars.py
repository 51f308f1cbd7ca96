"""Service days of the four snapshots: validity, school days, market days."""

from __future__ import annotations

from datetime import date, timedelta

YEARS = (2010, 2016, 2019, 2024)
REFERENCE_DATES = {
    2010: date(2010, 10, 12),
    2016: date(2016, 10, 11),
    2019: date(2019, 10, 8),
    2024: date(2024, 10, 8),
}
# Monday of the half-term week, in which the school bus does not run.
HALF_TERM_MONDAYS = {
    2010: date(2010, 10, 25),
    2016: date(2016, 10, 24),
    2019: date(2019, 10, 21),
    2024: date(2024, 10, 21),
}
N_WEEKS_BEFORE, N_WEEKS = 5, 14

# Day types of calendar.txt: running Monday to Sunday.
WEEK_PATTERNS = {
    "MF": (1, 1, 1, 1, 1, 0, 0),
    "MS": (1, 1, 1, 1, 1, 1, 0),
    "SA": (0, 0, 0, 0, 0, 1, 0),
    "SU": (0, 0, 0, 0, 0, 0, 1),
    "ALL": (1, 1, 1, 1, 1, 1, 1),
}
# Day types of calendar_dates.txt only.
DATED_PATTERNS = ("SCH", "THU")


def get_validity(year: int) -> tuple[date, date]:
    """Return the first (a Monday) and the last (a Sunday) day of a snapshot's timetables."""
    reference = REFERENCE_DATES[year]
    first = reference - timedelta(days=reference.weekday(), weeks=N_WEEKS_BEFORE)
    return first, first + timedelta(weeks=N_WEEKS, days=-1)


def build_dates(day_type: str, year: int) -> list[date]:
    """Return every date on which a day type runs within the validity of a snapshot."""
    first, last = get_validity(year)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    if day_type in WEEK_PATTERNS:
        return [day for day in days if WEEK_PATTERNS[day_type][day.weekday()]]
    if day_type == "THU":
        return [day for day in days if day.weekday() == 3]
    holiday = HALF_TERM_MONDAYS[year]
    return [day for day in days if day.weekday() < 5 and not 0 <= (day - holiday).days < 7]
