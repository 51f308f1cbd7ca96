"""The charts of the site: service and travel times by date, each with its figures and the files to paste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.report.chart_files import ChartText, build_chart_files
from pipeline.report.chart_words import NEUTRAL_SERVICE, NEUTRAL_TIMES, describe_service, describe_times
from pipeline.report.charts import Line, Panel, Point, draw_panels
from pipeline.report.downloads import Download, Offer, offer_charts
from pipeline.report.tables import Cell, Column, Table, build_text_cell
from pipeline.report.text import capitalise, format_integer, format_minutes, format_rate, format_window, join_words

if TYPE_CHECKING:
    from datetime import date

    from pipeline.report.data import ReportData
    from pipeline.report.facts import Facts, ServiceLevel

SERVICE_PANELS = (
    ("weekday", "all_day", "Weekday, whole day"),
    ("weekday", "18_22", "Weekday evening, 18:00 to 22:00"),
    ("saturday", "all_day", "Saturday, whole day"),
    ("sunday", "all_day", "Sunday, whole day"),
)
MAX_CHART_CATEGORIES = 4


@dataclass(frozen=True)
class Chart:
    """A chart on a page: file, headline, statistical title, text alternative, its figures, files to paste."""

    path: str
    headline: str
    title: str
    alternative: str
    table: Table
    files: tuple[Download, ...] = ()


@dataclass(frozen=True)
class BuiltChart:
    """A chart with its picture for the page and the files that it offers."""

    chart: Chart
    svg: str
    offers: tuple[Offer, ...]


class ChartBuilder:
    """Draws the charts of one report."""

    def __init__(self, report: ReportData, facts: Facts) -> None:
        self.report, self.context, self.facts = report, report.context, facts

    def build(self) -> list[BuiltChart]:
        """Return the charts for which there are figures: service, then travel times."""
        service = self._build_service_chart() if self.facts.has_service() else None
        return [built for built in (service, self._build_times_chart()) if built is not None]

    def _build_service_chart(self) -> BuiltChart:
        panels, rows = [], []
        for day_type, band, title in SERVICE_PANELS:
            lines = []
            for group in self.report.groups:
                levels = self.facts.find_service(group.key, day_type, band)
                points = self._build_service_points(levels, group.key, day_type, band)
                lines.append(Line(capitalise(group.label), group.colour, group.marker, points))
                cells = [_build_level_cell(level, self.context.noun_plural) for level in levels]
                rows.append((build_text_cell(title), build_text_cell(capitalise(group.label)), *cells))
            panels.append(Panel(title, "runs a day", tuple(lines)))
        title = f"Vehicle runs a day that call in the median {self.context.noun}, by date of the timetables"
        table = self._build_chart_table("service-figures", title, "Day and time", rows)
        headline = describe_service(self.report, self.facts)
        return self._build_chart("service", panels, NEUTRAL_SERVICE, headline, table)

    def _build_chart(self, name: str, panels: list[Panel], heading: str, headline: str, table: Table) -> BuiltChart:
        """Draw a chart for its page, and as files that can be pasted."""
        path, labels = f"charts/{name}.svg", self._get_labels()
        kind = f"Line chart in {len(panels)} panels" if len(panels) > 1 else "Line chart"
        text = ChartText(headline, table.caption, self._describe_source(), f"{kind}; its figures are in {name}.csv.")
        offers = offer_charts(build_chart_files(name, panels, labels, text), headline)
        alternative = f"{kind}. {table.caption}. The same figures stand in the table below."
        files = tuple(offer.describe() for offer in offers)
        chart = Chart(path, heading, table.caption, alternative, table, files)
        return BuiltChart(chart, draw_panels(panels, labels), tuple(offers))

    def _describe_source(self) -> str:
        context = self.context
        dates = join_words([context.name_snapshot(snapshot) for snapshot in context.snapshots])
        fictional = " Every place and bus is invented." if context.is_fictional else ""
        return (
            f"Source: timetables of {dates} for {context.area_title}; own computation. A hollow mark or a dotted line "
            f"rests on incomplete timetables; a gap is missing data, not a fall.{fictional}"
        )

    def _build_service_points(
        self, levels: list[ServiceLevel], group: str, day_type: str, band: str
    ) -> tuple[Point, ...]:
        """Return the points of one line; it leads from one to the next only where the change between them is known."""
        points = []
        for number, (snapshot, level) in enumerate(zip(self.context.snapshots, levels, strict=True)):
            before = levels[number - 1].snapshot if number else ""
            is_joined = self.facts.is_change_known(before, level.snapshot, group, day_type, band)
            points.append(Point(snapshot.date, level.median, level.status, is_joined))
        return tuple(points)

    def _build_times_chart(self) -> BuiltChart | None:
        context = self.context
        window = context.primary_window
        panels, rows = [], []
        statuses = {
            s.key: "partial" if self.facts.get_missing_operators(s.key) else "comparable" for s in context.snapshots
        }
        for category in context.categories[:MAX_CHART_CATEGORIES]:
            if not self.report.has_category(category.key):
                continue
            found = [self.facts.find_times(category.key, s.key, window.key) for s in context.snapshots]
            lines = []
            for group in self.report.groups:
                medians = [None if times is None else times[group.key].median_s for times in found]
                points = tuple(
                    Point(s.date, None if m is None else m / 60.0, statuses[s.key])
                    for s, m in zip(context.snapshots, medians, strict=True)
                )
                lines.append(Line(capitalise(group.label), group.colour, group.marker, points))
                cells = [
                    Cell(f"over {context.method.max_time_min} min or none", look="reason")
                    if median is None
                    else Cell(format_minutes(median))
                    for median in medians
                ]
                rows.append(
                    (build_text_cell(f"To {category.phrase}"), build_text_cell(capitalise(group.label)), *cells)
                )
            panels.append(Panel(f"To {category.phrase}", "minutes", tuple(lines)))
        if not panels:
            return None
        title = (
            f"Median travel time by public transport, {window.label} "
            f"({format_window(window.start_s, window.end_s)}), by date of the timetables"
        )
        table = self._build_chart_table("times-figures", title, "Destination", rows)
        return self._build_chart("times", panels, NEUTRAL_TIMES, describe_times(self.report, self.facts), table)

    def _get_labels(self) -> list[tuple[date, str]]:
        return [(snapshot.date, snapshot.label) for snapshot in self.context.snapshots]

    def _build_chart_table(self, anchor: str, title: str, first: str, rows: list[tuple[Cell, ...]]) -> Table:
        columns = (
            Column(first, is_number=False),
            Column("Group", is_number=False),
            *(Column(self.context.name_snapshot(snapshot)) for snapshot in self.context.snapshots),
        )
        return Table(anchor, title, columns, tuple(rows))


def _build_level_cell(level: ServiceLevel, nouns: str) -> Cell:
    if level.median is not None:
        return Cell(format_rate(level.median), sort=level.median)
    if level.n_comparable == 0:
        return Cell("missing data", look="missing")
    words = f"missing data (only {format_integer(level.n_comparable)} of {format_integer(level.n)} {nouns} covered)"
    return Cell(words, look="missing")
