"""Durations, times, dates and children of TransXChange elements."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from pipeline.base.xml_files import Element, get_local_name

DURATION = re.compile(
    r"(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{0,99})?)S)?)?",
    re.ASCII,
)
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*|Z|[+-]\d{2}:\d{2})?", re.ASCII)
DAY_S = 86_400
MAX_HOURS = 48
MAX_LINE = 65_534
"""lxml gives no line number beyond this one."""
get_name = lru_cache(maxsize=4096)(get_local_name)


@lru_cache(maxsize=65_536)
def parse_duration_s(text: str) -> int | None:
    """Read an XML duration such as ``PT5M`` or ``PT0H5M0S``.

    Parameters
    ----------
    text
        As filed.

    Returns
    -------
    int or None
        Seconds, rounded; negative for ``-PT5M``; None if it cannot be read, counts years or months, or is longer
        than two days.
    """
    found = DURATION.fullmatch(text.strip())
    if not found or text.strip().rstrip("-PT") == "" or found.group(2) or found.group(3):
        return None
    days, hours, minutes = (int(found.group(at) or 0) for at in (4, 5, 6))
    total = days * DAY_S + hours * 3600 + minutes * 60 + round(float(found.group(7) or 0))
    if total > MAX_HOURS * 3600:
        return None
    return -total if found.group(1) else total


@lru_cache(maxsize=65_536)
def parse_time_s(text: str) -> int | None:
    """Read a time of day.

    Parameters
    ----------
    text
        ``HH:MM`` or ``HH:MM:SS``; a time zone is ignored, as all times are local.

    Returns
    -------
    int or None
        Seconds since the beginning of the service day; None if it cannot be read.
    """
    found = TIME.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = int(found.group(1)), int(found.group(2)), int(found.group(3) or 0)
    if hours >= MAX_HOURS or minutes > 59 or seconds > 59:
        return None
    return hours * 3600 + minutes * 60 + seconds


@lru_cache(maxsize=65_536)
def parse_date(text: str) -> date | None:
    """Read a date, or the date of a date and time.

    Parameters
    ----------
    text
        ``YYYY-MM-DD``, with anything that XML allows after it.

    Returns
    -------
    datetime.date or None
        None if it cannot be read.
    """
    found = DATE.fullmatch(text.strip())
    if not found:
        return None
    try:
        return date(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    except ValueError:
        return None


def parse_count(text: str) -> int | None:
    """Read a whole number of at most nine ASCII digits.

    Parameters
    ----------
    text
        As written.

    Returns
    -------
    int or None
        None for anything else: other scripts' digits, superscripts, numbers of thousands of digits.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


def get_text(element: Element | None) -> str:
    """Return an element's text without spaces around it; empty for None.

    Parameters
    ----------
    element
        Element or None.

    Returns
    -------
    str
        Possibly empty.
    """
    return "" if element is None or element.text is None else element.text.strip()


def get_children(element: Element | None) -> dict[str, Element]:
    """Return the first child of each name.

    Parameters
    ----------
    element
        Element or None.

    Returns
    -------
    dict
        Local name to element; empty for None.
    """
    found: dict[str, Element] = {}
    if element is not None:
        for child in element:
            found.setdefault(get_name(str(child.tag)), child)
    return found


def find_child(element: Element | None, *path: str) -> Element | None:
    """Find a descendant by the names on the way to it, the first of each.

    Parameters
    ----------
    element
        Where to begin, or None.
    *path
        Local names.

    Returns
    -------
    lxml.etree._Element or None
        None if any is missing.
    """
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if get_name(str(child.tag)) == name), None)
    return element


def list_children(element: Element | None, name: str) -> list[Element]:
    """List the children of one name.

    Parameters
    ----------
    element
        Element or None.
    name
        Local name.

    Returns
    -------
    list
        In document order.
    """
    return [] if element is None else [child for child in element if get_name(str(child.tag)) == name]


def find_text(element: Element | None, *path: str) -> str:
    """Return the text of a descendant; empty if there is none.

    Parameters
    ----------
    element, *path
        As for :func:`find_child`.

    Returns
    -------
    str
        Without spaces around it.
    """
    return get_text(find_child(element, *path))


def get_line(element: Element) -> int | None:
    """Return the line of the document on which an element begins.

    Parameters
    ----------
    element
        The element.

    Returns
    -------
    int or None
        None where lxml does not know it.
    """
    line = element.sourceline
    return line if isinstance(line, int) and line <= MAX_LINE else None
