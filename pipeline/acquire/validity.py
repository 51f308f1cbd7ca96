"""From when to when a timetable is valid, read from a GTFS zip without unpacking it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.base.errors import FetchError, InputError
from pipeline.base.zip_files import READ_ERRORS, is_plausible, list_members, open_archive, open_member

MAX_TABLE_BYTES = 2_000_000_000
MAX_LINE_CHARS = 1 << 20
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
        If a table that every feed must have is absent, or the zip cannot be read: damaged, with a password, pointing
        outside itself, or packed beyond belief.
    """
    try:
        return _read_validity(path, shown)
    except InputError as error:
        raise FetchError(
            f"The zip cannot be used: {error.what.replace(path.name, 'it').rstrip('.')}.",
            file=shown,
            field=error.field,
            cure="Nothing was kept. Try again later; if it stays so, tell the publisher.",
        ) from None
    except (*READ_ERRORS, csv.Error) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # this machine's disk
        raise FetchError(
            f"The zip is damaged or cannot be read: {error}.",
            file=shown,
            cure="Nothing was kept. Try again later; if it stays so, tell the publisher.",
        ) from None


def _read_validity(path: Path, shown: str) -> tuple[str | None, str | None]:
    with open_archive(path) as feed:
        names = {Path(info.filename).name: info for info in list_members(feed, path)}
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


def _read_rows(feed: zipfile.ZipFile, info: zipfile.ZipInfo | None) -> Iterator[dict[str, str]]:
    """Give the rows of a table; one that unpacks to more than can be true is refused unread."""
    if info is None:
        return
    if not is_plausible(info, MAX_TABLE_BYTES):
        raise InputError(
            f"{info.filename} unpacks to {info.file_size:,} bytes, which cannot be true",
            file=info.filename,
            cure="Tell the publisher.",
        )
    with (
        open_member(feed, info) as raw,
        io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        for row in csv.DictReader(_read_lines(text), skipinitialspace=True):
            yield {(key or "").strip(): value for key, value in row.items() if isinstance(value, str)}


def _read_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Give lines, none of them longer than memory should hold."""
    while line := text.readline(MAX_LINE_CHARS):
        if len(line) == MAX_LINE_CHARS:
            raise csv.Error("a line without end")
        yield line
