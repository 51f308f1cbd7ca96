"""The offline site: pages, data and pictures in one folder that opens from disk and asks no other host for anything."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from pipeline.base.io import staged_folder
from pipeline.report import data as d
from pipeline.report.answers import build_answers
from pipeline.report.attribution import build_attribution_tables
from pipeline.report.change_league import (
    build_change_blocks,
    build_changes_payload,
    build_ranked_table,
    build_unranked_table,
    find_change_league,
)
from pipeline.report.compare import build_compare_payload
from pipeline.report.data import ReportData, build_csv, build_script
from pipeline.report.downloads import (
    Offer,
    build_groups,
    build_offers,
    describe_licence,
    describe_sources,
    describe_table,
)
from pipeline.report.facts import Facts
from pipeline.report.files import zip_file
from pipeline.report.findings import build_findings
from pipeline.report.further import build_further_measures
from pipeline.report.gates import build_gate_table
from pipeline.report.headline import build_headline
from pipeline.report.league import build_league_table
from pipeline.report.maps import build_geometry_payload, build_values_payload
from pipeline.report.method import build_definitions, build_parameter_table, build_weight_table, build_window_table
from pipeline.report.numbering import label_links, number_tables
from pipeline.report.overview_tables import (
    build_change_table,
    build_jobs_table,
    build_times_table,
    build_windows_table,
    build_without_table,
)
from pipeline.report.pages import list_pages
from pipeline.report.profile_figure import build_profile_style
from pipeline.report.profiles import ProfileBuilder
from pipeline.report.quality import (
    build_coverage_table,
    build_examples,
    build_inputs_table,
    build_notices_table,
    collect_attributions,
)
from pipeline.report.robustness import build_robustness
from pipeline.report.run_gates import build_run_gate_table
from pipeline.report.score_tables import build_definition_table
from pipeline.report.service_tables import build_operator_table, build_services_table
from pipeline.report.site_charts import ChartBuilder
from pipeline.report.text import (
    add_article,
    capitalise,
    format_date,
    format_integer,
    format_weekday_date,
    format_window,
    uncapitalise,
)
from pipeline.report.workbook_sheets import build_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.report.context import ReportContext

HERE = Path(__file__).parent
STATIC_FILES = (
    "report.css",
    "errors.js",
    "shared.js",
    "map.js",
    "league.js",
    "locator.js",
    "compare.js",
    "changes.js",
)
VENDOR_FILES = ("maplibre-gl.js", "maplibre-gl.css", "maplibre-gl-LICENSE.txt")


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
        article=add_article,
        capitalise=capitalise,
        date=format_date,
        weekday_date=format_weekday_date,
        integer=format_integer,
    )
    environment.filters["uncapitalise"] = uncapitalise
    environment.globals.update(format_window=format_window)
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
        self.environment.globals.update(context=self.context, report=report, pages=list_pages(report, tables))

    def write(self) -> None:
        """Write every page, picture and download."""
        self._copy_files()
        self._write_text("data/values.js", build_script("REPORT_VALUES", build_values_payload(self.report)))
        geometry = build_geometry_payload(self.report)
        self._write_text("data/geometry.js", build_script("REPORT_GEOMETRY", geometry))
        self._write_overview()
        self._write_service()
        self._write_page("league.html", "league.html.j2", "League table", table=build_league_table(self.report))
        self._write_compare()
        self._write_changes()
        self._write_robustness()
        self._write_measures()
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
        answers, evidence = build_answers(self.report, self.facts, self.tables.get("out_neighbourhood__attribution"))
        moved = build_change_blocks(find_change_league(self.report, self.tables))
        blocks = label_links(answers + build_findings(self.report, self.facts), tables + evidence)
        # above the map what was asked first, the first destination, service and who moved; the rest is below it
        n_first = len(answers) + 2
        self._write_page(
            "index.html",
            "index.html.j2",
            "Overview",
            blocks=blocks[:n_first] + moved,
            more=blocks[n_first:],
            tables=number_tables(tables + evidence),
        )

    def _write_service(self) -> None:
        built = ChartBuilder(self.report, self.facts).build()
        for one in built:
            self._write_text(one.chart.path, one.svg)
            for offer in one.offers:
                self._write_bytes(offer.path, offer.content)
            self.charts += one.offers
        pairs = [pair for pair in self.facts.get_pairs() if pair[0] == "consecutive"] or self.facts.get_pairs()
        services = [build_services_table(self.report, pair) for pair in pairs]
        if self.report[d.MATCHED_SERVICES].empty:
            services = []
        self._write_page(
            "service.html",
            "service.html.j2",
            "Service over time",
            charts=[one.chart for one in built],
            coverage=build_coverage_table(self.report),
            operators=None if self.report[d.OPERATORS].empty else build_operator_table(self.report),
            services=services,
            attribution=build_attribution_tables(self.report),
        )

    def _write_compare(self) -> None:
        payload = build_compare_payload(self.report, self.facts)
        self._write_text("data/compare.js", build_script("REPORT_COMPARE", payload))
        labels = {"snapshot": "Timetables of", "direction": "Direction", "mode": "Mode"}
        self._write_page(
            "compare.html",
            "compare.html.j2",
            f"Compare two {self.context.noun_plural}",
            choices=tuple(labels.items()),
            has_authorities=False,
            fallback="league.html",
        )

    def _write_changes(self) -> None:
        league = find_change_league(self.report, self.tables)
        if league is None:
            return
        self._write_text("data/changes.js", build_script("REPORT_CHANGES", build_changes_payload(league)))
        self._write_page(
            "changes.html",
            "changes.html.j2",
            "League table of change",
            verdict=league.describe(league.pairs[0], league.measures[0]),
            ranked=build_ranked_table(league),
            unranked=build_unranked_table(league),
        )

    def _write_robustness(self) -> None:
        sections = build_robustness(self.report, self.tables)
        if sections:
            self._write_page("robustness.html", "robustness.html.j2", "How sure the ranks are", sections=sections)

    def _write_measures(self) -> None:
        measures = build_further_measures(self.report, self.tables)
        if measures:
            self._write_page("measures.html", "measures.html.j2", "Further measures", measures=measures)

    def _write_method(self) -> None:
        self._write_page(
            "method.html",
            "method.html.j2",
            "Method",
            definitions=build_definitions(self.context),
            parameters=build_parameter_table(self.context),
            windows=build_window_table(self.context),
            weights=build_weight_table(self.context, self.tables),
            indicators=build_definition_table(self.context),
        )

    def _write_quality(self) -> None:
        self._write_page(
            "quality.html",
            "quality.html.j2",
            "Data quality",
            coverage=build_coverage_table(self.report),
            gates=build_gate_table(self.tables, self.context),
            run_gates=build_run_gate_table(self.tables),
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
            downloads.append(describe_table(path, name, len(self.tables[name]), len(content)))
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
