"""The lines of ATCO-CIF files, found and put into one table."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.archives import FoundFile, iter_files
from pipeline.timetables.cif_codes import FILE_SKIPPED, NOT_ASCII, VERSION_UNKNOWN

MAGIC = b"ATCO-CIF"
BOM = b"\xef\xbb\xbf"
SEPARATOR = "\x01"
COMPANIONS = (".txt", ".doc", ".docx", ".pdf", ".rtf", ".md", ".htm", ".html")
"""Endings of files that explain a timetable and need no notice."""


@dataclass(frozen=True)
class CifLines:
    """All lines of the files of one feed.

    Attributes
    ----------
    table
        ``file`` (u32, place in `names`), ``row`` (line of the file from 1), ``kind`` (first two characters), ``line``.
    names
        Names of the files.
    made_on
        Latest date of production in the headers; None if none can be read.
    """

    table: pl.DataFrame
    names: list[str]
    made_on: date | None


def is_cif(head: bytes) -> bool:
    """Say whether the first bytes of a file are those of ATCO-CIF."""
    return head.removeprefix(BOM).lstrip().startswith(MAGIC)


def parse_date(text: str) -> date | None:
    """Read YYYYMMDD; None for anything that is no date."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _split(found: FoundFile, notices: Notices) -> pl.DataFrame:
    """Return the rows of one file."""
    data = found.data.removeprefix(BOM)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        notices.add(NOT_ASCII, file=found.name)
        data = data.decode("cp1252", errors="replace").encode("utf-8")
    data = data.replace(SEPARATOR.encode(), b" ").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # A line of blanks keeps polars from dropping empty lines, so that rows count as an editor counts them.
    data = b"line\n" + data
    data = re.sub(rb"(?<=\n)(?=\n)", b" ", data) if b"\n\n" in data else data
    table = pl.read_csv(
        io.BytesIO(data),
        has_header=True,
        separator=SEPARATOR,
        quote_char=None,
        schema={"line": pl.String},
        truncate_ragged_lines=True,
    )
    return table.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("row"), pl.col("line").fill_null(""))


def _check_header(found: FoundFile, notices: Notices) -> date | None:
    """Return the date of production that the header states."""
    header = found.data.removeprefix(BOM).lstrip()[:80].split(b"\n", maxsplit=1)[0].decode("ascii", errors="replace")
    if header[8:10].strip().lstrip("0") != "5":
        notices.add(VERSION_UNKNOWN, file=found.name, row=1, value=header[8:12])
    return parse_date(header[60:68])


def read_lines(path: Path, notices: Notices) -> CifLines:
    """Read every ATCO-CIF file of a feed.

    Parameters
    ----------
    path
        A file, a zip archive or a folder.
    notices
        Collector.

    Returns
    -------
    CifLines
        Their lines in the order of the files' names.

    Raises
    ------
    InputError
        If none of the files is ATCO-CIF.
    """
    parts: list[pl.DataFrame] = []
    names: list[str] = []
    dates: list[date] = []
    for found in iter_files(path):
        if not is_cif(found.data[:200]):
            if not found.name.lower().endswith(COMPANIONS):
                notices.add(FILE_SKIPPED, file=found.name)
            continue
        made_on = _check_header(found, notices)
        dates += [made_on] if made_on else []
        parts.append(_split(found, notices).with_columns(pl.lit(len(names), dtype=pl.UInt32).alias("file")))
        names.append(found.name)
    if not parts:
        raise InputError(
            f"{path.name} holds no ATCO-CIF file",
            file=path,
            cure="Such a file begins with the letters ATCO-CIF; open it in a text editor to see what it is.",
        )
    table = pl.concat(parts).with_columns(pl.col("line").str.slice(0, 2).alias("kind"))
    return CifLines(table.select("file", "row", "kind", "line"), names, max(dates) if dates else None)
