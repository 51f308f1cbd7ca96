"""Which pages a report has: those for which something was published, in the order of the navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.change_league import find_change_league
from pipeline.report.further import build_further_measures
from pipeline.report.robustness import build_robustness

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.context import ReportContext
    from pipeline.report.data import ReportData

Pages = tuple[tuple[str, str], ...]


def list_pages(report: ReportData, tables: Mapping[str, pd.DataFrame]) -> Pages:
    """Return file and label of every page of a report on dated timetables.

    Parameters
    ----------
    report
        The published tables as the report uses them.
    tables
        All published tables by name.
    """
    pages = [
        ("index.html", "Overview", True),
        ("league.html", "League table", True),
        ("changes.html", "Change", find_change_league(report, tables) is not None),
        ("service.html", "Service over time", True),
        ("compare.html", "Compare", True),
        ("robustness.html", "How sure", bool(build_robustness(report, tables))),
        ("measures.html", "Further measures", bool(build_further_measures(report, tables))),
        ("method.html", "Method", True),
        ("quality.html", "Data quality", True),
        ("downloads.html", "Downloads", True),
    ]
    return tuple((path, label) for path, label, is_there in pages if is_there)


def list_series_pages(context: ReportContext) -> Pages:
    """Return file and label of every page of a report on a published series.

    Parameters
    ----------
    context
        Names and wording.
    """
    nouns = context.noun_plural
    return (
        ("index.html", "Overview"),
        ("wards.html", f"{nouns[:1].upper()}{nouns[1:]} ranked"),
        ("service.html", "By year and time of day"),
        ("authorities.html", "Authorities"),
        ("compare.html", "Compare"),
        ("method.html", "Method"),
        ("quality.html", "Data quality"),
        ("downloads.html", "Downloads"),
    )
