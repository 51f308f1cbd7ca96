"""The change report of a published series: what is new, which neighbourhoods moved and why, which are doubtful now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.change import (
    ChangeReport,
    render_change_page,
)
from pipeline.report.data import ReportData
from pipeline.report.pages import list_series_pages
from pipeline.report.series_data import LEFT_BEHIND, PLACE_CHANGE
from pipeline.report.tables import Column, Table, build_text_cell
from pipeline.report.text import as_text, capitalise, format_count_of, format_integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

MAX_PLACES = 200
WORDS = {"comparable": "without a known fault", "partial": "doubtful", "missing": "no figure"}


def build_series_change_page(report: ChangeReport) -> str:
    """Return the change report of an area with a published series as a page beside the others.

    Parameters
    ----------
    report
        Two versions.

    Returns
    -------
    str
        HTML; every name is escaped.
    """
    data = ReportData(report.after, report.context)
    return render_change_page(
        report,
        data,
        list_series_pages(report.context),
        linked=_list_places_with_a_page(report.after),
        doubt=None if report.before is None else build_doubt_change_table(data, report.before, report.after),
        doubt_text=describe_doubt(report),
        is_series=True,
    )


def _list_places_with_a_page(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    frame = tables[PLACE_CHANGE]
    return {str(code) for code in frame.loc[frame["area_group"] == LEFT_BEHIND, "neighbourhood_code"]}


def _index_classes(tables: Mapping[str, pd.DataFrame]) -> dict[str, tuple[str, str]]:
    """Return coverage class and reason by code, of the whole of a weekday, or else the first measure."""
    frame = tables[PLACE_CHANGE]
    whole = frame[(frame["day_type"] == "weekday") & (frame["band"] == "all_day")]
    if whole.empty:
        first = frame.iloc[0]
        whole = frame[(frame["day_type"] == first["day_type"]) & (frame["band"] == first["band"])]
    columns = (whole["neighbourhood_code"], whole["coverage_class"], whole["coverage_reason"])
    return {as_text(code): (as_text(kind), as_text(why)) for code, kind, why in zip(*columns, strict=True)}


def describe_doubt(report: ChangeReport) -> str:
    """Say how many neighbourhoods are held for doubtful now, and how many were before.

    Parameters
    ----------
    report
        Two versions.
    """
    classes = _index_classes(report.after)
    n_now = sum(kind != "comparable" for kind, _ in classes.values())
    nouns = format_count_of(len(classes), report.context.noun, report.context.noun_plural)
    text = f"The data of {format_integer(n_now)} of {nouns} is doubtful or missing; their changes are shown apart."
    if report.before is None:
        return text
    before = _index_classes(report.before)
    n_before = sum(kind != "comparable" for kind, _ in before.values())
    moved = sum(code in before and before[code][0] != kind for code, (kind, _) in classes.items())
    return f"{text} In the version before it was {format_integer(n_before)}; {format_integer(moved)} changed sides."


def build_doubt_change_table(
    data: ReportData, before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]
) -> Table | None:
    """Return the neighbourhoods whose data became doubtful, or no longer is; None where none changed.

    Parameters
    ----------
    data
        The new version.
    before, after
        Published tables of two versions.
    """
    old, new = _index_classes(before), _index_classes(after)
    rows = []
    for place in data.places:
        if place.code in old and place.code in new and old[place.code][0] != new[place.code][0]:
            kind, why = new[place.code]
            rows.append(
                (
                    build_text_cell(place.name),
                    build_text_cell(WORDS[old[place.code][0]]),
                    build_text_cell(WORDS[kind], look=kind if kind != "comparable" else ""),
                    build_text_cell(why, look="words"),
                )
            )
    if not rows:
        return None
    note = f"{format_integer(len(rows) - MAX_PLACES)} more are not shown." if len(rows) > MAX_PLACES else ""
    labels = (capitalise(data.context.noun), "Before", "Now", "Why")
    columns = tuple(Column(label, is_number=False) for label in labels)
    return Table("doubt", "Whose data became doubtful, or no longer is", columns, tuple(rows[:MAX_PLACES]), note)
