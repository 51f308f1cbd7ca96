"""Headlines of charts: what is seen in them, as a sentence computed from the tables; neutral where nothing is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.facts import COMPARABLE_SHARE, get_leading_group
from pipeline.report.series_data import describe_span
from pipeline.report.text import capitalise, describe_change, format_minutes_long, uncapitalise

if TYPE_CHECKING:
    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts
    from pipeline.report.series_context import MeasureInfo
    from pipeline.report.series_data import SeriesReport

NEUTRAL_SERVICE = "How many buses, trains and other vehicles call"
NEUTRAL_TIMES = "How long the journey takes"


def describe_service(report: ReportData, facts: Facts) -> str:
    """Say how weekday service of the leading group changed over the longest period that can be compared.

    Parameters
    ----------
    report, facts
        The tables.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    context = report.context
    order = {snapshot.key: number for number, snapshot in enumerate(context.snapshots)}
    group = context.get_group(get_leading_group(report))
    pairs = sorted(facts.get_pairs(), key=lambda pair: (order[pair[1]] - order[pair[2]], -order[pair[2]]))
    for pair in pairs:
        change = facts.find_change(pair, group.key, "weekday", "all_day")
        if change is None or change.median_change_pct is None or change.n_comparable < COMPARABLE_SHARE * change.n:
            continue
        start, end = (context.name_snapshot(context.get_snapshot(key)) for key in pair[1:])
        return (
            f"Weekday service in {group.label} {describe_change(change.median_change_pct)} between {start} and {end} "
            "(median)"
        )
    return NEUTRAL_SERVICE


def describe_times(report: ReportData, facts: Facts) -> str:
    """Say how long the journey to the first category takes from the leading group and from everywhere.

    Parameters
    ----------
    report, facts
        The tables.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    context = report.context
    leading = get_leading_group(report)
    for category in context.categories:
        times = facts.find_times(category.key, context.latest.key, context.primary_window.key)
        if times is None:
            continue
        limit = context.method.max_time_min
        words = [
            f"{_say(times[key].median_s, limit)} from the median of {context.get_group(key).label}"
            for key in dict.fromkeys((leading, "all"))
        ]
        return f"{capitalise(category.phrase)} is {' and '.join(words)}"
    return NEUTRAL_TIMES


def _say(median_s: float | None, limit_min: int) -> str:
    return f"more than {limit_min} minutes, or no journey," if median_s is None else format_minutes_long(median_s)


def describe_series(report: SeriesReport, measure: MeasureInfo) -> str:
    """Say how runs of the leading group of the largest region changed since the baseline.

    Parameters
    ----------
    report
        The tables.
    measure
        Kind of day and hours.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    for region, label in report.info.regions:
        for group in report.groups:
            row = report.find_group_change(region, group.key, measure)
            if row is not None:
                return (
                    f"Bus runs in {group.label}, {label}, {describe_span(row)} from {report.info.span_before} to "
                    f"{report.info.span_after}"
                )
    return f"Bus runs a day by year, {uncapitalise(measure.label)}"
