"""Tables as the pages show them: a model with captions, headers and cells, and the tables of the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.text import (
    DASH,
    as_float,
    as_text,
    compute_minutes,
    fold_phrases,
    format_minutes,
    format_range_minutes,
    format_rate,
    format_reason,
    format_time,
)

if TYPE_CHECKING:
    from pipeline.report.context import ReportContext

MAX_SERVICES = 200
MAX_EXAMPLES = 10
STATUS_ORDER = (
    "withdrawn",
    "cut_back",
    "shortened",
    "merged",
    "split",
    "missing",
    "new",
    "returned",
    "increased",
    "extended",
    "retimed",
    "renamed",
    "kept",
)
STATUS_LABELS = {
    "withdrawn": "Withdrawn",
    "cut_back": "Cut back",
    "shortened": "Shortened",
    "merged": "Merged",
    "split": "Split",
    "missing": "Missing data",
    "new": "New",
    "returned": "Back in the data",
    "increased": "More runs",
    "extended": "Extended",
    "retimed": "Retimed",
    "renamed": "Renamed",
    "kept": "Unchanged",
}


@dataclass(frozen=True)
class Cell:
    """One cell: text, what it sorts by (a number; None sorts last), a class for its look, a link, and details.

    ``more`` are phrases that stand behind the text, folded away until a reader asks for them.
    """

    text: str
    sort: float | None = None
    look: str = ""
    href: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column: its header, whether it holds numbers, and whether one may sort by it."""

    label: str
    is_number: bool = True
    is_sortable: bool = False


@dataclass(frozen=True)
class Table:
    """A table: anchor, caption, columns, rows (the first cell of each is its header) and a note below."""

    anchor: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def build_text_cell(text: str, href: str = "", look: str = "") -> Cell:
    """Return a cell of words; an empty one shows a dash."""
    return Cell(text or DASH, href=href, look=look)


def build_folded_cell(text: str, look: str = "words") -> Cell:
    """Return a cell of reasons: the first of them as a sentence, all of them folded away behind it."""
    shown, more = fold_phrases(text)
    return Cell(shown or DASH, look=look, more=more)


def build_time_cell(value: object, reason: object, context: ReportContext) -> Cell:
    """Return a travel time, or in its place the reason in words."""
    seconds = as_float(value)
    if seconds is None:
        words = format_reason(as_text(reason), context.method.max_time_min, context.method.max_link_m)
        return Cell(words, look="reason")
    return Cell(format_minutes(seconds), sort=float(compute_minutes(seconds) or 0))


def build_clock_cell(value: object) -> Cell:
    """Return a time of day."""
    seconds = as_float(value)
    return Cell(format_time(seconds), sort=seconds)


def build_runs_cell(value: object, coverage: object) -> Cell:
    """Return vehicle runs; missing data reads "missing data", partial data is marked in words."""
    kind = as_text(coverage)
    if kind == "missing":
        return Cell("missing data", look="missing")
    runs = as_float(value)
    if kind == "partial":
        return Cell(f"{format_rate(runs)} (partial data)", sort=runs, look="partial")
    return Cell(format_rate(runs), sort=runs)


def build_spread_text(row: dict[str, object]) -> str:
    """Return the spread over departure minutes in words: ``30 to 41 min`` (p25 to p75)."""
    return format_range_minutes(as_float(row.get("travel_time_p25_s")), as_float(row.get("travel_time_p75_s")))
