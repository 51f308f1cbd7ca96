"""The offline site of an area with a published series, in the style of the other reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.io import staged_folder
from pipeline.report.chart_files import ChartText, build_chart_files
from pipeline.report.chart_words import describe_series
from pipeline.report.data import build_csv, build_script
from pipeline.report.downloads import (
    Offer,
    build_groups,
    build_offers,
    describe_licence,
    describe_sources,
    describe_table,
    offer_charts,
)
from pipeline.report.files import zip_file
from pipeline.report.headline import build_series_headline
from pipeline.report.maps import build_geometry_payload
from pipeline.report.method import build_weight_table
from pipeline.report.numbering import label_links, number_tables
from pipeline.report.pages import list_series_pages
from pipeline.report.profile_figure import build_profile_style
from pipeline.report.profile_maps import build_locator
from pipeline.report.profile_scores import describe_stability
from pipeline.report.quality import build_examples, build_inputs_table, build_notices_table, collect_attributions
from pipeline.report.run_gates import build_run_gate_table
from pipeline.report.score_tables import build_definition_table, build_league_table, build_place_score_table
from pipeline.report.series_charts import YearLine, build_group_panels, draw_legend, draw_years, label_years
from pipeline.report.series_compare import build_series_compare
from pipeline.report.series_data import SeriesReport, format_span_pct, format_span_rank, format_span_runs
from pipeline.report.series_findings import build_series_findings, describe_place
from pipeline.report.series_national import National
from pipeline.report.series_profile import build_place_figures, describe_source
from pipeline.report.series_sheets import build_series_workbook
from pipeline.report.series_tables import (
    build_authority_table,
    build_coverage_table,
    build_doubt_table,
    build_group_change_table,
    build_group_table,
    build_place_tables,
    build_ward_table,
)
from pipeline.report.site import HERE, VENDOR_FILES, build_environment
from pipeline.report.text import as_float, as_text, capitalise, format_integer, uncapitalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from markupsafe import Markup

    from pipeline.report.context import ReportContext
    from pipeline.report.series_context import MeasureInfo, SeriesInfo

STATIC_FILES = ("report.css", "series.css", "errors.js", "shared.js", "series_wards.js", "compare.js")
MAX_CSV_ROWS = 50_000
SERIES_MARKS = "A hollow mark or a dotted line is doubtful; a gap is missing data, not a fall."


@dataclass(frozen=True)
class YearChart:
    """A chart by year: headline, pictures side by side, their legend."""

    headline: str
    pictures: tuple[Markup, ...]
    legend: Markup


def build_series_report(
    tables: Mapping[str, pd.DataFrame], context: ReportContext, info: SeriesInfo, folder: Path
) -> None:
    """Write the offline site of an area with a published series.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names, wording and caveats.
    info
        What the area says about the series.
    folder
        Where the site goes; an earlier one is replaced as a whole, and stays if anything fails.

    Raises
    ------
    InputError
        If a table is missing.
    """
    report = SeriesReport(tables, context, info)
    with staged_folder(folder) as target:
        _Writer(report, target).write()


class _Writer:
    """Writes the files of one site."""

    def __init__(self, report: SeriesReport, target: Path) -> None:
        self.report, self.target = report, target
        self.environment = build_environment()
        self.environment.globals.update(
            context=report.context,
            info=report.info,
            report=report,
            pages=list_series_pages(report.context),
        )

    def write(self) -> None:
        """Write every page and download."""
        for name in STATIC_FILES:
            self._write_bytes(f"static/{name}", (HERE / "static" / name).read_bytes())
        self._write_bytes("static/profile.css", build_profile_style().encode("utf-8"))
        for name in VENDOR_FILES:
            self._write_bytes(f"vendor/{name}", (HERE / "vendor" / name).read_bytes())
        self.locator = build_locator(self.report.data)
        if self.locator is not None:
            label = f"Where the {self.report.context.noun_plural} of {self.report.context.area_title} lie"
            background = self.locator.draw_background().write_svg(label, is_alone=True)
            self._write_bytes("static/locator.svg", background.encode("utf-8"))
        self._write_overview()
        self._write_wards()
        self._write_service()
        self._write_page(
            "authorities.html",
            "series_authorities.html.j2",
            "Authorities",
            table=build_authority_table(self.report, self.report.head),
        )
        self._write_page(
            "method.html",
            "series_method.html.j2",
            "Method",
            doubts=build_doubt_table(self.report),
            weights=build_weight_table(self.report.context, self.report.tables),
            indicators=build_definition_table(self.report.context),
        )
        self._write_compare()
        self._write_quality()
        self._write_downloads()
        for code in self.report.ranked:
            self._write_place(code)

    def _write_bytes(self, path: str, content: bytes) -> None:
        file = self.target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def _write_page(self, path: str, template: str, title: str, **values: object) -> None:
        page = self.environment.get_template(template)
        text = page.render(title=title, root="../" * path.count("/"), path=path, **values)
        self._write_bytes(path, text.encode("utf-8"))

    def _write_overview(self) -> None:
        head = self.report.head
        tables = [
            build_ward_table(self.report, head, "ten", only_first=True),
            build_group_change_table(self.report, head, "group-change"),
            build_group_table(self.report, head, "group-years"),
        ]
        ten, change, groups = number_tables(tables)
        self._write_page(
            "index.html",
            "series_index.html.j2",
            "Overview",
            blocks=label_links(build_series_findings(self.report), tables),
            chart=self._draw_groups(head),
            groups=groups,
            change=change,
            ten=ten,
        )

    def _draw_groups(self, measure: MeasureInfo) -> YearChart:
        """Draw the groups of every region apart."""
        pictures: list[Markup] = []
        legend: list[YearLine] = []
        for region, label in self.report.info.regions:
            lines = []
            for group in self.report.groups:
                rows = self.report.find_group_series(region, group.key, measure)
                if rows is not None:
                    words = capitalise(group.label)
                    lines.append(self.report.build_line(rows, words, group.colour, group.marker))
            legend = legend or lines
            title = f"{label}: bus runs a day, {measure.label.lower()}"
            pictures.append(draw_years(title, self.report.years, lines))
        return YearChart(f"Bus runs a day by year, {measure.label.lower()}", tuple(pictures), draw_legend(legend))

    def _write_wards(self) -> None:
        geometry, others = self._pick(build_geometry_payload(self.report.data))
        national = National(self.report)
        values = {**self._build_values(), "national": national.build_payload(others)}
        self._write_bytes("data/values.js", build_script("SERIES_VALUES", values).encode("utf-8"))
        self._write_bytes("data/geometry.js", build_script("SERIES_GEOMETRY", geometry).encode("utf-8"))
        table = build_ward_table(self.report, self.report.head, "wards")
        title = f"{capitalise(self.report.context.noun_plural)} ranked"
        scores = build_league_table(self.report)
        fifths = national.build_table(self.report.head)
        self._write_page("wards.html", "series_wards.html.j2", title, table=table, scores=scores, fifths=fifths)

    def _pick(self, geometry: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
        """Keep the polygons of the ranked places, the centres of all others as a backdrop; and the others' codes."""
        position = {code: index for index, code in enumerate(self.report.ranked)}
        collection, centres = geometry["polygons"], geometry["centres"]
        features, points, backdrop, others = [], [None] * len(position), [], []
        for feature in collection["features"] if isinstance(collection, dict) else []:
            code = self.report.data.places[feature["properties"]["i"]].code
            if code in position:
                features.append({**feature, "properties": {"i": position[code]}})
        for place, centre in zip(self.report.data.places, centres if isinstance(centres, list) else [], strict=True):
            if place.code in position:
                points[position[place.code]] = centre
            elif centre[0] is not None:
                backdrop.append([round(centre[0], 3), round(centre[1], 3)])
                others.append(place.code)
        polygons = {"type": "FeatureCollection", "features": features}
        return {"polygons": polygons, "centres": points, "backdrop": backdrop}, others

    def _build_values(self) -> dict[str, object]:
        """Return what the ranked table and the map need: figures by measure in the order of the ranked places."""
        names = {
            f"{key}_{end}": name.format(end)
            for key, name in (
                ("change_runs_per_day", "change_{}_runs_per_day"),
                ("change_pct", "change_{}_pct"),
                ("loss_rank", "loss_rank_{}"),
                ("loss_share_rank", "loss_share_rank_{}"),
            )
            for end in ("low", "high")
        }
        measures = {}
        for measure in self.report.info.measures:
            rows = [self.report.get_change(code, measure) for code in self.report.ranked]
            figures: dict[str, object] = {
                key: [None if (v := as_float(row[name])) is None else round(v, 4) for row in rows]
                for key, name in names.items()
            }
            # what is read comes from here in words, so that no script rounds what was rounded before
            figures["change_runs_per_day"] = [format_span_runs(row, "change_{}_runs_per_day") for row in rows]
            figures["change_pct"] = [format_span_pct(row) for row in rows]
            figures["loss_rank"] = [format_span_rank(row, "loss_rank_{}") for row in rows]
            figures["loss_share_rank"] = [format_span_rank(row, "loss_share_rank_{}") for row in rows]
            figures["ten"] = [self.report.describe_ten(row) for row in rows]
            figures["data"] = [self.report.describe_certainty(row) for row in rows]
            figures["coverage"] = [as_text(row["coverage_class"]) for row in rows]
            measures[measure.key] = figures
        head = [self.report.get_change(code, self.report.head) for code in self.report.ranked]
        context = self.report.context
        return {
            "noun": context.noun,
            "nounPlural": context.noun_plural,
            "nChoices": self.report.n_choices,
            "measures": [{"key": m.key, "label": m.label} for m in self.report.info.measures],
            "code": self.report.ranked,
            "name": [as_text(row["neighbourhood_name"]) for row in head],
            "authority": [self.report.get_authority_name(as_text(row["authority_code"])) for row in head],
            "figures": measures,
            "palette": {
                "classes": list(context.palette.classes),
                "outline": context.palette.outline,
                "accent": context.palette.accent,
            },
        }

    def _write_service(self) -> None:
        blocks = [
            (
                measure,
                self._draw_groups(measure),
                build_group_change_table(self.report, measure, f"change-{measure.key}"),
                build_group_table(self.report, measure, f"years-{measure.key}"),
            )
            for measure in self.report.info.measures
        ]
        self._write_page("service.html", "series_service.html.j2", "By year and time of day", blocks=blocks)

    def _write_compare(self) -> None:
        script = build_script("REPORT_COMPARE", build_series_compare(self.report))
        self._write_bytes("data/compare.js", script.encode("utf-8"))
        title = f"Compare two {self.report.context.noun_plural}"
        self._write_page(
            "compare.html", "compare.html.j2", title, choices=(), has_authorities=True, fallback="wards.html"
        )

    def _write_quality(self) -> None:
        data = self.report.data
        self._write_page(
            "quality.html",
            "quality.html.j2",
            "Data quality",
            coverage=build_coverage_table(self.report),
            gates=None,
            run_gates=build_run_gate_table(self.report.tables),
            notices=build_notices_table(data),
            examples=build_examples(data),
            inputs=build_inputs_table(data),
            attributions=collect_attributions(data),
        )

    def _write_downloads(self) -> None:
        downloads = []
        for name in sorted(self.report.tables):
            table = self.report.tables[name]
            path = f"downloads/{name}.csv"
            if len(table) > MAX_CSV_ROWS:
                continue
            content = build_csv(table)
            if len(content) > self.report.context.max_csv_bytes:
                content, path = zip_file(f"{name}.csv", content), f"{path}.zip"
            self._write_bytes(path, content)
            downloads.append(describe_table(path, name, len(table), len(content)))
        note = f"Tables of more than {format_integer(MAX_CSV_ROWS)} rows are in the data package only, as Parquet."
        context, tables = self.report.context, self.report.tables
        book = build_series_workbook(self.report, describe_sources(tables, context))
        offers = build_offers(tables, context, build_series_headline(self.report), book)
        charts = [offer for measure in self.report.info.measures for offer in self._offer_chart(measure)]
        for offer in (*offers, *charts):
            self._write_bytes(offer.path, offer.content)
        self._write_page(
            "downloads.html",
            "downloads.html.j2",
            "Downloads",
            groups=build_groups(offers, charts, downloads),
            licence=describe_licence(tables),
            note=note,
        )

    def _offer_chart(self, measure: MeasureInfo) -> list[Offer]:
        """Draw the groups by year as files that can be pasted."""
        report = self.report
        panels, name = build_group_panels(report, measure), f"groups_{measure.key}"
        headline = describe_series(report, measure)
        what = f"in groups of {report.context.noun_plural}, {uncapitalise(measure.label)}, means over people"
        text = ChartText(
            headline,
            f"Bus runs a day by year {what}",
            f"Source: {report.info.source}; own computation. {SERIES_MARKS}",
            f"Line chart; its figures are in {name}.csv.",
        )
        files = build_chart_files(name, panels, label_years(report.years), text)
        return offer_charts(files, f"{measure.label}: {headline}")

    def _write_place(self, code: str) -> None:
        report = self.report
        row = report.get_change(code, report.head)
        place = report.data.places[report.data.position[code]]
        mark = None if self.locator is None else self.locator.draw_mark(place)
        at, score = report.ranked.index(code), report.find_score(code)
        self._write_page(
            f"{report.page_folder}{code}.html",
            "series_place.html.j2",
            as_text(row["neighbourhood_name"]),
            code=code,
            authority=report.get_authority_name(as_text(row["authority_code"])),
            population=place.population,
            locator=mark and mark.write_svg(f"Where {place.name} lies", background="../static/locator.svg"),
            facts=describe_place(report, code),
            figures=build_place_figures(report, code),
            source=describe_source(report),
            stability=describe_stability(score) if score else "",
            tables=build_place_tables(report, code),
            score=build_place_score_table(report, code),
            definitions=build_definition_table(report.context),
            previous=report.ranked[at - 1] if at else None,
            following=report.ranked[at + 1] if at + 1 < len(report.ranked) else None,
        )
