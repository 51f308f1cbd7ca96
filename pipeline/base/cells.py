"""Text from strangers made harmless where it goes: cells that a spreadsheet opens, lines that a terminal shows."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings that a spreadsheet takes for a formula; the last four are the wide forms of the first."""
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def neutralise_cell(value: object) -> object:
    """Return a text cell that a spreadsheet will not take for a formula; anything but text stays as it is.

    A cell is put behind an apostrophe if it begins with ``=``, ``+``, ``-``, ``@`` (or one of their wide forms), a tab
    or a carriage return, blanks before those included. A plain number such as ``-3.5`` stays.

    Parameters
    ----------
    value
        Any cell.

    Returns
    -------
    object
        The cell, the same object where it is harmless.
    """
    if not isinstance(value, str) or not (
        value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
    ):
        return value
    return value if NUMBER.fullmatch(value) else f"'{value}"


def neutralise_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text and column names no spreadsheet takes for formulas.

    Parameters
    ----------
    frame
        Any table; it is left as it is.

    Returns
    -------
    pandas.DataFrame
        A copy, numbers untouched.
    """
    import pandas as pd  # noqa: PLC0415 (keeps commands that make no table quick)

    kept = frame.copy()
    for column in kept.columns:
        if pd.api.types.is_numeric_dtype(kept[column]):
            continue
        values = [value for value in kept[column].unique() if isinstance(value, str)]
        unsafe = {value: neutralise_cell(value) for value in values if neutralise_cell(value) is not value}
        if unsafe:
            kept[column] = kept[column].astype(object).replace(unsafe)
    kept.columns = pd.Index([str(neutralise_cell(str(column))) for column in kept.columns])
    return kept


def neutralise_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a polars table whose text no spreadsheet takes for formulas.

    Parameters
    ----------
    frame
        Any table.

    Returns
    -------
    polars.DataFrame
        The same with an apostrophe before what looks like a formula and is no plain number.
    """
    import polars as pl  # noqa: PLC0415 (keeps commands that make no table quick)

    starts = "".join(re.escape(start) for start in FORMULA_STARTS)
    looks = pl.selectors.string()
    is_formula = looks.str.contains(f"^\\s*[{starts}]") & ~looks.str.contains(f"^(?:{NUMBER.pattern})$")
    return frame.with_columns(pl.when(is_formula).then("'" + looks).otherwise(looks).name.keep())


def make_printable(text: str, *, keep: str = "") -> str:
    r"""Return text that a terminal shows and does not obey.

    Control characters, escape sequences and marks that turn the direction of writing are written as ``\x1b`` and the
    like.

    Parameters
    ----------
    text
        From anywhere.
    keep
        Control characters that may stay, such as a line feed.

    Returns
    -------
    str
        The same where every character is printable.
    """
    if text.isprintable():
        return text
    fine = {c for c in set(text) if c.isprintable() or c in keep or unicodedata.category(c) == "Zs"}
    return "".join(c if c in fine else c.encode("unicode_escape").decode("ascii") for c in text)
