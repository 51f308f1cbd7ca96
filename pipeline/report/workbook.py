"""The accessible workbook: cover, contents, notes and one table a sheet, made through gptables.

Follows the Government Analysis Function's guidance on spreadsheets: one table a sheet from its own heading, no merged
cells, no colour with a meaning, units in column headings, shorthand for what is missing, notes on a sheet of their own.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.base.cells import neutralise_cell
from pipeline.base.io import staged_file
from pipeline.report.text import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
"""The date of creation in every workbook, so that the same tables give the same bytes."""
MISSING = "[x]"
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
LEGEND = f"{MISSING} means that there is no value, [z] that none applies."
NARROW, WIDE = 24, 60
"""Widths in characters: of columns of numbers with long headings, and of columns of sentences. Excel takes 255."""
MAX_CELL = 32_000
"""Excel takes at most 32,767 characters in a cell."""


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet: heading, unit (empty: none) and the key of its note (empty: none)."""

    label: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """One table on a sheet of its own; ``rows`` hold numbers, texts and None, the first column names the row."""

    label: str
    title: str
    subtitle: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[tuple[object, ...], ...]
    legend: tuple[str, ...] = (LEGEND,)


@dataclass(frozen=True)
class Workbook:
    """What a workbook holds: title and sentences of its cover, notes by key, sheets and a line about the source."""

    title: str
    intro: tuple[str, ...]
    about: tuple[str, ...]
    notes: Mapping[str, str]
    sheets: tuple[Sheet, ...]
    source: str


def write_workbook(workbook: Workbook, path: Path) -> None:
    """Write a workbook as ``.xlsx``; the same content gives the same bytes.

    Parameters
    ----------
    workbook
        The content. Sheets without a row are left out, for an accessible table must not be empty.
    path
        The file.

    Notes
    -----
    No cell can become a formula or a link, whatever the names in a timetable say: text is never evaluated, is put
    behind an apostrophe where it begins like a formula, and the marks by which gptables knows links and notes are
    broken up.
    """
    sheets = [sheet for sheet in workbook.sheets if sheet.rows]
    used = list(dict.fromkeys(column.note for sheet in sheets for column in sheet.columns if column.note))
    notes = pd.DataFrame({"Note reference": used, "Note text": [clean_text(workbook.notes[key]) for key in used]})
    with _tolerate_gptables(), staged_file(path) as temporary:
        import gptables as gpt  # noqa: PLC0415 (slow to import, and with a warning of its own)

        book = gpt.produce_workbook(
            filename=str(temporary),
            sheets={sheet.label: _build_table(gpt, sheet, workbook.source) for sheet in sheets},
            cover=gpt.Cover(
                cover_label="Cover",
                title=clean_text(workbook.title),
                intro=[clean_text(text) for text in workbook.intro],
                about=[clean_text(text) for text in workbook.about],
            ),
            notes_table=notes if used else None,
            workbook_options=OPTIONS,
        )
        for sheet in sheets:
            _limit_widths(book.get_worksheet_by_name(sheet.label), sheet)
        if used:
            book.get_worksheet_by_name("Notes").set_column(1, 1, WIDE)
        book.set_properties({"title": workbook.title, "created": CREATED, "author": "", "comments": workbook.source})
        book.close()


def _limit_widths(worksheet: Any, sheet: Sheet) -> None:
    """Make columns that would be wide as their longest line narrow enough to read; cells wrap."""
    for at, column in enumerate(sheet.columns):
        values = [row[at] for row in sheet.rows]
        texts = [str(value) for value in values if isinstance(value, str)]
        longest = max((len(text) for text in texts), default=0)
        has_numbers = any(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        most = NARROW if has_numbers or longest < NARROW else WIDE
        needed = max(longest, len(column.label), len(column.unit) + 2)
        if needed > most:
            worksheet.set_column(at, at, most)


@contextmanager
def _tolerate_gptables() -> Iterator[None]:
    """Let pass what gptables itself causes: uses of pandas that end with pandas 4, and a file closed late at import."""
    with warnings.catch_warnings():
        for category in (DeprecationWarning, ResourceWarning):
            warnings.filterwarnings("ignore", category=category, module=r"gptables\.")
        warnings.filterwarnings("ignore", message="No note text provided", module=r"gptables\.")
        yield


def _build_table(gpt: object, sheet: Sheet, source: str) -> object:
    frame = pd.DataFrame(
        {
            clean_text(column.label): pd.Series([clean_cell(row[at]) for row in sheet.rows], dtype="object")
            for at, column in enumerate(sheet.columns)
        }
    )
    return gpt.GPTable(  # type: ignore[attr-defined]
        table=frame,
        table_name=re.sub(r"\W+", "_", f"table_{sheet.label}").lower(),
        title=clean_text(sheet.title),
        subtitles=[clean_text(sheet.subtitle)] if sheet.subtitle else [],
        instructions="This worksheet contains one table. Notes are on the worksheet Notes.",
        legend=[clean_text(text) for text in sheet.legend],
        source=clean_text(source),
        units={at: column.unit for at, column in enumerate(sheet.columns) if column.unit} or None,
        table_notes={at: f"$${column.note}$$" for at, column in enumerate(sheet.columns) if column.note} or None,
        index_columns={2: 0},
    )


def clean_text(text: str) -> str:
    """Return text that neither a spreadsheet nor gptables takes for more than text.

    Parameters
    ----------
    text
        Any text, names from feeds included.

    Returns
    -------
    str
        Without control characters; formulas behind an apostrophe; ``](`` (a link) and ``$$`` (a note) broken up.
    """
    plain = "".join(c if c.isprintable() else " " for c in text)
    return str(neutralise_cell(plain)).replace("](", "] (").replace("$$", "$ $")[:MAX_CELL]


def clean_cell(value: object) -> object:
    """Return a cell: numbers stay numbers, what is missing becomes a shorthand, text is made harmless.

    Parameters
    ----------
    value
        A number, a truth value, a text or a null.

    Returns
    -------
    object
        int, float or str.
    """
    if is_null(value):
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = clean_text(str(value)).strip()
    if not text:
        return MISSING
    # gptables refuses a cell without any letter from A to Z or digit
    return text if re.search(r"[a-zA-Z0-9]", text) else f"name {text}"


def round_value(value: object, decimals: int) -> float | int | None:
    """Return a number rounded for a table, a whole one as int; None where it is null.

    Parameters
    ----------
    value
        A number or a null.
    decimals
        Digits after the point.

    Returns
    -------
    float, int or None
        The number.
    """
    if is_null(value):
        return None
    rounded = round(float(value), decimals)  # type: ignore[arg-type]
    return int(rounded) if decimals == 0 or rounded.is_integer() else rounded


def name_sheets(labels: Sequence[str]) -> list[str]:
    """Return names that Excel takes for sheets: at most 31 characters, none of its special signs, unique.

    Parameters
    ----------
    labels
        Wished names.

    Returns
    -------
    list of str
        In the same order.
    """
    found: list[str] = []
    for label in labels:
        plain = re.sub(r"[\[\]:*?/\\']", " ", label).strip()[:28] or "Table"
        number, name = 1, plain
        while name.lower() in {other.lower() for other in found}:
            number += 1
            name = f"{plain[:26]} {number}"
        found.append(name)
    return found
