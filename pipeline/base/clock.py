"""Times of a service day: seconds since noon minus 12 hours, never modulo 24 hours."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
DAY_S = 86_400


def parse_time_s(text: str) -> int:
    """Read a GTFS time of day.

    Parameters
    ----------
    text
        ``H:MM:SS``, ``HH:MM:SS`` or ``HH:MM``; hours may exceed 23.

    Returns
    -------
    int
        Seconds since the service day's noon minus 12 h.

    Raises
    ------
    ValueError
        If the text is no such time.
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a time such as 07:30 or 25:10:00")
    hours, minutes, seconds = match.group(1), match.group(2), match.group(3) or "0"
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def format_time(seconds: int) -> str:
    """Write seconds of a service day as ``HH:MM``, past 24:00 if need be.

    Parameters
    ----------
    seconds
        Seconds since the service day's noon minus 12 h.

    Returns
    -------
    str
        For example ``25:10`` for 90,600.
    """
    sign = "-" if seconds < 0 else ""
    minutes = abs(int(seconds)) // 60
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _day_zero(day: date, zone: ZoneInfo) -> datetime:
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return noon.astimezone(ZoneInfo("UTC")) - timedelta(hours=12)


def service_day_offset_s(day: date, other: date, timezone: str) -> int:
    """Return how many seconds the zero of another service day lies after the zero of this one.

    Parameters
    ----------
    day
        The day whose clock is used.
    other
        The day whose times are to be moved onto that clock (usually the day before).
    timezone
        IANA name; on a change to or from summer time the offset is not a multiple of 24 h.

    Returns
    -------
    int
        Seconds to add to the other day's times; negative for an earlier day.
    """
    zone = ZoneInfo(timezone)
    return int((_day_zero(other, zone) - _day_zero(day, zone)).total_seconds())


def find_second_tuesday_of_october(year: int) -> date:
    """Return the day for which a timetable stands where nothing else is said.

    Parameters
    ----------
    year
        Such as 2024.

    Returns
    -------
    date
        Between the 8th and the 14th.
    """
    eighth = date(year, 10, 8)
    return eighth + timedelta(days=(1 - eighth.weekday()) % 7)
