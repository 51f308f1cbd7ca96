"""One row a neighbourhood with the figures that lead: for maps made elsewhere, with the words that explain them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.base.tables import COVERAGE, REASONS, Column, Kind, Table
from pipeline.report import data as d
from pipeline.report.text import uncapitalise

if TYPE_CHECKING:
    from pipeline.report.data import ReportData
    from pipeline.report.series_data import SeriesReport

HEADLINE = "neighbourhoods"
RUNS = (
    ("runs_weekday_per_day", "weekday", "all_day", "on a weekday"),
    ("runs_weekday_18_22_per_day", "weekday", "18_22", "on a weekday from 18:00 to 22:00"),
    ("runs_saturday_per_day", "saturday", "all_day", "on a Saturday"),
    ("runs_sunday_per_day", "sunday", "all_day", "on a Sunday"),
)


@dataclass(frozen=True)
class Headline:
    """The headline figures: a table with one row a neighbourhood, without geometry, and its declaration."""

    frame: pd.DataFrame
    table: Table


class _Builder:
    """Collects columns with their declarations; every one is joined by the code of the neighbourhood."""

    def __init__(self, geography: pd.DataFrame) -> None:
        self.codes = geography["neighbourhood_code"].astype(str).tolist()
        self.values: dict[str, list[object]] = {}
        self.columns: list[Column] = []

    def add(
        self,
        name: str,
        kind: Kind,
        description: str,
        frame: pd.DataFrame,
        column: str,
        *,
        allowed: tuple[str, ...] | None = None,
    ) -> None:
        values = dict(zip(frame["neighbourhood_code"].astype(str), frame[column].astype(object), strict=True))
        found = [values.get(code) for code in self.codes]
        self.values[name] = [None if value is None or pd.isna(value) else value for value in found]
        self.columns.append(Column(name, kind, name != "neighbourhood_code", description, allowed))

    def build(self, title: str) -> Headline:
        kinds: dict[str, Any] = {"text": "str", "float": "float64", "int": "Int64"}
        frame = pd.DataFrame(
            {c.name: pd.Series(self.values[c.name], dtype="object").astype(kinds[c.kind]) for c in self.columns}
        )
        return Headline(frame, Table(HEADLINE, title, ("neighbourhood_code",), tuple(self.columns)))


def choose(frame: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """Return the rows of a table in which columns have these values.

    Parameters
    ----------
    frame
        Any table.
    **wanted
        Column to value.

    Returns
    -------
    pandas.DataFrame
        Those rows.
    """
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


def _add_places(builder: _Builder, geography: pd.DataFrame) -> None:
    for name, kind, text in (
        ("neighbourhood_code", "text", "Code of the neighbourhood."),
        ("neighbourhood_name", "text", "Name."),
        ("area_group", "text", "Comparison group."),
        ("authority_code", "text", "Authority."),
        ("population", "float", "People."),
        ("lon", "float", "Longitude of the population-weighted centre, degrees."),
        ("lat", "float", "Latitude of it, degrees."),
    ):
        builder.add(name, kind, text, geography, name)  # type: ignore[arg-type]


def build_headline(report: ReportData) -> Headline:
    """Return the headline figures at the latest snapshot.

    Parameters
    ----------
    report
        The published tables.

    Returns
    -------
    Headline
        Score, runs a day, median travel time (all modes, outward) by category and window with its reason.
    """
    context = report.context
    builder = _Builder(report.geography)
    _add_places(builder, report.geography)
    latest = context.latest.key
    scores = choose(report[d.SCORE], snapshot=latest)
    for name, kind, text in (
        ("score", "float", "Weighted mean of the indicators' scores; higher is worse connected."),
        ("rank", "float", "1 = worst connected."),
        ("rank_low", "float", "5th percentile of the rank under other weights, parameters and coverage."),
        ("rank_high", "float", "95th percentile of it."),
        ("decile", "int", "1 = worst connected tenth."),
        ("absolute_index", "float", "0 to 100 between fixed anchors; higher is better connected."),
    ):
        builder.add(name, kind, text, scores, name)  # type: ignore[arg-type]
    for name, day_type, band, words in RUNS:
        rows = choose(report[d.SERVICE_LEVEL], snapshot=latest, mode="all", day_type=day_type, band=band)
        rows = rows[rows["coverage_class"] != "missing"]
        text = (
            f"Vehicle runs that call in the zone {words}, all modes; null where the timetable does not cover the day."
        )
        builder.add(name, "float", text, rows, "runs_per_day")
    rows = choose(report[d.SERVICE_LEVEL], snapshot=latest, mode="all", day_type="weekday", band="all_day")
    text = "Whether the timetable covers the place on a weekday."
    builder.add("coverage_class", "text", text, rows, "coverage_class", allowed=COVERAGE)
    for category in context.categories:
        for window in context.windows:
            rows = find_times(report, category.key, window.key, latest)
            if rows.empty:
                continue
            name = f"{category.key}_{window.key}"
            text = f"Median travel time to the nearest of {category.label}, {window.label}, all modes, seconds."
            builder.add(f"{name}_travel_time_p50_s", "float", text, rows, "travel_time_p50_s")
            text = f"Why the travel time to {category.label}, {window.label}, is null."
            builder.add(f"{name}_reason", "text", text, rows, "reason", allowed=REASONS)
    return builder.build(f"Headline figures of neighbourhoods, timetables of {context.name_snapshot(context.latest)}")


def find_times(report: ReportData, category: str, window: str, snapshot: str) -> pd.DataFrame:
    """Return the travel times from home with all modes to one category in one window, one row a neighbourhood.

    Parameters
    ----------
    report
        The published tables.
    category, window, snapshot
        Keys.

    Returns
    -------
    pandas.DataFrame
        Empty where none were published.
    """
    return choose(
        report[d.TRAVEL_TIME], snapshot=snapshot, category=category, window=window, direction="outward", mode_set="all"
    )


SERIES_COLUMNS: tuple[tuple[str, Kind, str], ...] = (
    ("before_low_runs_per_day", "float", "Runs a day before, least over all choices of years"),
    ("before_high_runs_per_day", "float", "Runs a day before, greatest"),
    ("after_low_runs_per_day", "float", "Runs a day after, least"),
    ("after_high_runs_per_day", "float", "Runs a day after, greatest"),
    ("change_low_runs_per_day", "float", "Change in runs a day, least"),
    ("change_high_runs_per_day", "float", "Change in runs a day, greatest"),
    ("change_low_pct", "float", "Change in % of before, least"),
    ("change_high_pct", "float", "Change in % of before, greatest"),
    ("change_direction", "text", "Whether all choices agree on a fall or a rise"),
    ("coverage_class", "text", "How far the change can be trusted"),
)


def build_series_headline(report: SeriesReport) -> Headline:
    """Return the headline figures of an area with a published series: the change in the measure that leads.

    Parameters
    ----------
    report
        The published tables.

    Returns
    -------
    Headline
        Runs a day before and after and their change, as ranges.
    """
    builder = _Builder(report.data.geography)
    _add_places(builder, report.data.geography)
    head = report.head
    rows = choose(report.tables["out_neighbourhood__series_change"], day_type=head.day_type, band=head.band)
    for name, kind, text in SERIES_COLUMNS:
        builder.add(name, kind, f"{text}; {uncapitalise(head.label)}.", rows, name)
    return builder.build(f"Change of bus runs a day since the baseline, {uncapitalise(head.label)}")
