"""From when to when a timetable is valid, read from a GTFS zip without unpacking it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.base.errors import FetchError

MAX_TABLE_BYTES = 2_000_000_000
REQUIRED = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
_DATE = re.compile(r"\d{8}")


def read_validity(path: Path, *, shown: str) -> tuple[str | None, str | None]:
    """Return the first and last day of a GTFS feed.

    Parameters
    ----------
    path
        The zip.
    shown
        Where it came from, for messages.

    Returns
    -------
    tuple
        ISO dates, by ``calendar.txt`` and the added days of ``calendar_dates.txt``; ``feed_info.txt`` narrows them
        where it names dates. ``(None, None)`` where nothing says.

    Raises
    ------
    FetchError
        If a table that every feed must have is absent.
    """
    with zipfile.ZipFile(path) as feed:
        names = {Path(name).name: name for name in feed.namelist()}
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise FetchError(
                f"The zip is no GTFS timetable: {', '.join(missing)} is not in it.",
                file=shown,
                cure="Check the address and its parameters.",
            )
        first = last = ""
        for row in _read_rows(feed, names.get("calendar.txt")):
            first = _earlier(first, row.get("start_date", ""))
            last = _later(last, row.get("end_date", ""))
        for row in _read_rows(feed, names.get("calendar_dates.txt")):
            if row.get("exception_type", "").strip() == "1":
                first, last = _earlier(first, row.get("date", "")), _later(last, row.get("date", ""))
        for row in _read_rows(feed, names.get("feed_info.txt")):
            first = _later(first, row.get("feed_start_date", ""))
            last = _earlier(last, row.get("feed_end_date", ""))
    return _format(first), _format(last)


def _earlier(known: str, text: str) -> str:
    return min(filter(_DATE.fullmatch, (known, text.strip())), default="")


def _later(known: str, text: str) -> str:
    return max(filter(_DATE.fullmatch, (known, text.strip())), default="")


def _format(text: str) -> str | None:
    if not text:
        return None
    try:
        return dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date().isoformat()
    except ValueError:
        return None


def _read_rows(feed: zipfile.ZipFile, name: str | None) -> Iterator[dict[str, str]]:
    """Give the rows of a table; one that unpacks to more than can be true is left alone."""
    if name is None or feed.getinfo(name).file_size > MAX_TABLE_BYTES:
        return
    with feed.open(name) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text:
        for row in csv.DictReader(text, skipinitialspace=True):
            yield {(key or "").strip(): value for key, value in row.items() if isinstance(value, str)}
