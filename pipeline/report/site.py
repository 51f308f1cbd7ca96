"""The offline site: pages, data and pictures in one folder that opens from disk and asks no other host for anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from pipeline.base.io import staged_folder
from pipeline.report import data as d
from pipeline.report.attribution import build_attribution_tables
from pipeline.report.chart_files import ChartText, build_chart_files
from pipeline.report.chart_words import NEUTRAL_SERVICE, NEUTRAL_TIMES, describe_service, describe_times
from pipeline.report.charts import Line, Panel, Point, draw_panels
from pipeline.report.data import ReportData, build_csv, build_script
from pipeline.report.downloads import (
    Download,
    Offer,
    build_groups,
    build_offers,
    describe_licence,
    describe_sources,
    offer_charts,
)
from pipeline.report.facts import Facts, ServiceLevel
from pipeline.report.files import format_size, zip_file
from pipeline.report.findings import build_findings
from pipeline.report.gates import build_gate_table
from pipeline.report.headline import build_headline
from pipeline.report.maps import build_geometry_payload, build_values_payload
from pipeline.report.method import build_definitions, build_parameter_table, build_weight_table, build_window_table
from pipeline.report.profile_figure import build_profile_style
from pipeline.report.profiles import ProfileBuilder
from pipeline.report.quality import (
    build_coverage_table,
    build_examples,
    build_inputs_table,
    build_notices_table,
    collect_attributions,
)
from pipeline.report.score_tables import build_definition_table
from pipeline.report.tables import (
    Cell,
    Column,
    Table,
    build_change_table,
    build_jobs_table,
    build_league_table,
    build_operator_table,
    build_services_table,
    build_text_cell,
    build_times_table,
    build_windows_table,
    build_without_table,
)
from pipeline.report.text import (
    capitalise,
    format_date,
    format_integer,
    format_minutes,
    format_rate,
    format_weekday_date,
    format_window,
    join_words,
)
from pipeline.report.workbook_sheets import build_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from pipeline.report.context import ReportContext

HERE = Path(__file__).parent
STATIC_FILES = ("report.css", "errors.js", "shared.js", "map.js", "league.js", "locator.js")
VENDOR_FILES = ("maplibre-gl.js", "maplibre-gl.css", "maplibre-gl-LICENSE.txt")
PAGES = (
    ("index.html", "Overview"),
    ("league.html", "League table"),
    ("service.html", "Service over time"),
    ("method.html", "Method"),
    ("quality.html", "Data quality"),
    ("downloads.html", "Downloads"),
)
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


def build_report(tables: Mapping[str, pd.DataFrame], context: ReportContext, folder: Path) -> None:
    """Write the offline site of one area.

    Parameters
    ----------
    tables
        Published tables by name (``out_neighbourhood__travel_time``, ...). Only ``out_neighbourhood__geography`` must
        be there; what else is missing is said to be missing.
    context
        Names, wording, dates, parameters and caveats.
    folder
        Where the site goes; an earlier one is replaced as a whole, and stays if anything fails.

    Raises
    ------
    InputError
        If there is no neighbourhood or a table lacks a column the report reads.

    Notes
    -----
    The same tables and context give the same bytes: nothing depends on the clock, the machine or the order of rows of
    equal keys.
    """
    report = ReportData(tables, context)
    with staged_folder(folder) as target:
        _SiteWriter(report, tables, target).write()


def build_environment() -> jinja2.Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        capitalise=capitalise, date=format_date, weekday_date=format_weekday_date, integer=format_integer
    )
    environment.globals.update(format_window=format_window, pages=PAGES)
    return environment


class _SiteWriter:
    """Writes the files of one site."""

    def __init__(self, report: ReportData, tables: Mapping[str, pd.DataFrame], target: Path) -> None:
        self.report = report
        self.context = report.context
        self.tables = tables
        self.target = target
        self.facts = Facts(report)
        self.charts: list[Offer] = []
        self.environment = build_environment()
        self.environment.globals.update(context=self.context, report=report)

    def write(self) -> None:
        """Write every page, picture and download."""
        self._copy_files()
        self._write_text("data/values.js", build_script("REPORT_VALUES", build_values_payload(self.report)))
        geometry = build_geometry_payload(self.report)
        self._write_text("data/geometry.js", build_script("REPORT_GEOMETRY", geometry))
        self._write_overview()
        self._write_service()
        self._write_page("league.html", "league.html.j2", "League table", table=build_league_table(self.report))
        self._write_method()
        self._write_quality()
        self._write_downloads(geometry)
        self._write_profiles()

    def _write_text(self, path: str, text: str) -> None:
        self._write_bytes(path, text.encode("utf-8"))

    def _write_bytes(self, path: str, content: bytes) -> None:
        file = self.target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _write_page(self, path: str, template: str, title: str, **values: object) -> None:
        page = self.environment.get_template(template)
        root = "../" * path.count("/")
        self._write_text(path, page.render(title=title, root=root, path=path, **values))

    def _copy_files(self) -> None:
        for name in STATIC_FILES:
            self._write_bytes(f"static/{name}", (HERE / "static" / name).read_bytes())
        self._write_text("static/profile.css", build_profile_style())
        for name in VENDOR_FILES:
            self._write_bytes(f"vendor/{name}", (HERE / "vendor" / name).read_bytes())

    def _write_overview(self) -> None:
        tables = [
            build_times_table(self.report, self.facts),
            build_windows_table(self.report, self.facts),
            build_without_table(self.report, self.facts),
            build_change_table(self.report, self.facts),
        ]
        if not self.report[d.JOBS].empty:
            tables.append(build_jobs_table(self.report, self.facts))
        self._write_page(
            "index.html",
            "index.html.j2",
            "Overview",
            blocks=build_findings(self.report, self.facts),
            tables=tables,
        )

    def _write_service(self) -> None:
        charts = []
        if self.facts.has_service():
            charts.append(self._write_service_chart())
        times = self._write_times_chart()
        if times is not None:
            charts.append(times)
        pairs = [pair for pair in self.facts.get_pairs() if pair[0] == "consecutive"] or self.facts.get_pairs()
        services = [build_services_table(self.report, pair) for pair in pairs]
        if self.report[d.MATCHED_SERVICES].empty:
            services = []
        self._write_page(
            "service.html",
            "service.html.j2",
            "Service over time",
            charts=charts,
            coverage=build_coverage_table(self.report),
            operators=None if self.report[d.OPERATORS].empty else build_operator_table(self.report),
            services=services,
            attribution=build_attribution_tables(self.report),
        )

    def _write_service_chart(self) -> Chart:
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
        return self._write_chart("service", panels, NEUTRAL_SERVICE, headline, table)

    def _write_chart(self, name: str, panels: list[Panel], heading: str, headline: str, table: Table) -> Chart:
        """Write a chart for its page, and as files that can be pasted."""
        path, labels = f"charts/{name}.svg", self._get_labels()
        self._write_text(path, draw_panels(panels, labels))
        kind = f"Line chart in {len(panels)} panels" if len(panels) > 1 else "Line chart"
        text = ChartText(headline, table.caption, self._describe_source(), f"{kind}; its figures are in {name}.csv.")
        offers = offer_charts(build_chart_files(name, panels, labels, text), headline)
        for offer in offers:
            self._write_bytes(offer.path, offer.content)
        self.charts += offers
        alternative = f"{kind}. {table.caption}. The same figures stand in the table below."
        return Chart(path, heading, table.caption, alternative, table, tuple(offer.describe() for offer in offers))

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

    def _write_times_chart(self) -> Chart | None:
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
        return self._write_chart("times", panels, NEUTRAL_TIMES, describe_times(self.report, self.facts), table)

    def _get_labels(self) -> list[tuple[date, str]]:
        return [(snapshot.date, snapshot.label) for snapshot in self.context.snapshots]

    def _build_chart_table(self, anchor: str, title: str, first: str, rows: list[tuple[Cell, ...]]) -> Table:
        columns = (
            Column(first, is_number=False),
            Column("Group", is_number=False),
            *(Column(self.context.name_snapshot(snapshot)) for snapshot in self.context.snapshots),
        )
        return Table(anchor, title, columns, tuple(rows))

    def _write_method(self) -> None:
        self._write_page(
            "method.html",
            "method.html.j2",
            "Method",
            definitions=build_definitions(self.context),
            parameters=build_parameter_table(self.context),
            windows=build_window_table(self.context),
            weights=build_weight_table(self.context),
            indicators=build_definition_table(self.context),
        )

    def _write_quality(self) -> None:
        self._write_page(
            "quality.html",
            "quality.html.j2",
            "Data quality",
            coverage=build_coverage_table(self.report),
            gates=build_gate_table(self.tables, self.context),
            notices=build_notices_table(self.report),
            examples=build_examples(self.report),
            inputs=build_inputs_table(self.report),
            attributions=collect_attributions(self.report),
        )

    def _write_downloads(self, geometry: dict[str, object]) -> None:
        downloads = []
        for name in sorted(self.tables):
            content = build_csv(self.tables[name])
            path = f"downloads/{name}.csv"
            if len(content) > self.context.max_csv_bytes:
                content = zip_file(f"{name}.csv", content)
                path += ".zip"
            self._write_bytes(path, content)
            downloads.append(Download(path, name, format_integer(len(self.tables[name])), format_size(len(content))))
        named = self._build_geojson(geometry)
        self._write_bytes("downloads/neighbourhoods.geojson", named)
        title = f"Outlines of the {self.context.noun_plural} (GeoJSON, longitude and latitude)"
        polygons = Offer("downloads/neighbourhoods.geojson", named, title, format_integer(len(self.report.places)))
        book = build_workbook(
            self.report, self.tables.get("out_group__summary"), describe_sources(self.tables, self.context)
        )
        offers = build_offers(self.tables, self.context, build_headline(self.report), book)
        for offer in offers:
            self._write_bytes(offer.path, offer.content)
        self._write_page(
            "downloads.html",
            "downloads.html.j2",
            "Downloads",
            groups=build_groups([*offers, polygons], self.charts, downloads),
            licence=describe_licence(self.tables),
        )

    def _build_geojson(self, geometry: dict[str, object]) -> bytes:
        collection = geometry["polygons"]
        features = []
        for feature in collection["features"] if isinstance(collection, dict) else []:
            place = self.report.places[feature["properties"]["i"]]
            properties = {"neighbourhood_code": place.code, "neighbourhood_name": place.name, "area_group": place.group}
            features.append({**feature, "properties": properties})
        document = {"type": "FeatureCollection", "features": features}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def _write_profiles(self) -> None:
        builder = ProfileBuilder(self.report, self.facts)
        write = partial(self._write_page, template="profile.html.j2")
        places = self.report.places
        for place in places:
            write(
                f"neighbourhoods/{place.page}.html",
                title=place.name,
                profile=builder.build_profile(place),
                previous=places[place.index - 1] if place.index > 0 else None,
                following=places[place.index + 1] if place.index + 1 < len(places) else None,
            )


def _build_level_cell(level: ServiceLevel, nouns: str) -> Cell:
    if level.median is not None:
        return Cell(format_rate(level.median), sort=level.median)
    if level.n_comparable == 0:
        return Cell("missing data", look="missing")
    words = f"missing data (only {format_integer(level.n_comparable)} of {format_integer(level.n)} {nouns} covered)"
    return Cell(words, look="missing")
