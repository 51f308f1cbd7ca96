"""Charts as files to paste: titles and source drawn in, a text alternative, axes from zero, their data beside them."""

from __future__ import annotations

import io
from datetime import date
from xml.etree import ElementTree as ET

import matplotlib.image
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipeline.report.chart_files import ChartText, build_chart_data, build_chart_files
from pipeline.report.chart_words import NEUTRAL_SERVICE, describe_service, describe_times
from pipeline.report.charts import Line, Panel, Point, clean_svg, fill_figure
from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from pipeline.report.series_charts import label_years
from tests.support.report_tables import build_context, build_tables

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [(date(2010, 10, 12), "2010"), (date(2016, 10, 11), "2016"), (date(2024, 10, 8), "2024")]
TEXT = ChartText("Fares of $5 & $6 <fell>", "Runs a day", "Source: timetables.", "Line chart.")


def build_panel(title: str = "Weekday", label: str = "=Left $5$ behind") -> Panel:
    points = (Point(DAYS[0][0], 30.0), Point(DAYS[1][0], None, "missing"), Point(DAYS[2][0], 18.2, "partial"))
    return Panel(title, "runs a day", (Line(label, "#b3261e", "o", points), Line("Other", "#2c7fb8", "^", points)))


def test_three_files_with_the_same_figures() -> None:
    files = build_chart_files("service", [build_panel()], DAYS, TEXT)
    assert list(files) == ["service.svg", "service.png", "service.csv"]
    data = pd.read_csv(io.BytesIO(files["service.csv"]), encoding="utf-8-sig")
    assert list(data["value"].fillna(-1)) == [30.0, -1, 18.2] * 2
    assert list(data["status"][:3]) == ["comparable", "missing", "partial"]
    assert set(data["line"]) == {"'=Left $5$ behind", "Other"}
    assert set(data["unit"]) == {"runs a day"}


def test_the_picture_carries_title_and_description_for_screen_readers() -> None:
    root = ET.fromstring(build_chart_files("service", [build_panel()], DAYS, TEXT)["service.svg"])
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == TEXT.headline
    assert description.text == "Runs a day. Line chart. Source: timetables."
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_the_bitmap_is_sharp_enough_to_print_and_words_stay_within_it() -> None:
    long = ChartText("Weekday service in left behind wards fell by 40% between 2010 and 2024 (median)", "T", "S", "A")
    png = build_chart_files("service", [build_panel(), build_panel("Sunday")], DAYS, long)["service.png"]
    pixels = matplotlib.image.imread(io.BytesIO(png))
    assert pixels.shape[1] >= 1400
    assert (pixels[:, -4:, :3] == 1.0).all()
    assert (pixels[:4, :, :3] == 1.0).all()


def test_axes_begin_at_zero_and_lines_differ_in_their_marks() -> None:
    figure = Figure(layout="constrained")
    fill_figure(figure, [build_panel(), build_panel("Sunday")], DAYS)
    assert all(axis.get_ylim()[0] == 0 for axis in figure.axes)
    handles = figure.legends[0].legend_handles
    assert len({handle.get_marker() for handle in handles if handle is not None}) == 2  # type: ignore[attr-defined]


def test_years_without_figures_side_by_side_are_one_band_with_one_label() -> None:
    days = [(date(year, 1, 1), str(year)) for year in range(2004, 2024)]
    values = [None if day.year in (2006, 2007, 2008, 2012) else 5.0 for day, _ in days]
    points = tuple(Point(day, value) for (day, _), value in zip(days, values, strict=True))
    figure = Figure(layout="constrained")
    fill_figure(figure, [Panel("A", "runs a day", (Line("L", "#b3261e", "o", points),))], days)
    assert [text.get_text() for text in figure.axes[0].texts] == ["no comparable data"] * 2


def test_the_same_chart_gives_the_same_bytes() -> None:
    panels = [build_panel(), build_panel("Sunday"), build_panel("Evening")]
    assert build_chart_files("a", panels, DAYS, TEXT) == build_chart_files("a", panels, DAYS, TEXT)


def test_ids_are_numbered_in_order_so_that_rounding_cannot_show() -> None:
    first = '<svg><a id="p0123456789"/><b clip-path="url(#p0123456789)"/><use xlink:href="#mabcdefabcd"/></svg>'
    other = first.replace("0123456789", "9876543210").replace("abcdefabcd", "abcdefabce")
    assert clean_svg(f"<?xml?>{first}") == clean_svg(other)
    assert clean_svg(first) == '<svg><a id="p0"/><b clip-path="url(#p0)"/><use xlink:href="#m1"/></svg>'


def test_headlines_say_what_is_seen_and_only_what_can_be_compared() -> None:
    report = ReportData(build_tables(), build_context())
    facts = Facts(report)
    assert describe_times(report, facts).startswith("A hospital is ")
    sentence = describe_service(report, facts)
    pairs = [facts.find_change(pair, "left_behind", "weekday", "all_day") for pair in facts.get_pairs()]
    sure = [change for change in pairs if change is not None and change.n_comparable >= 0.9 * change.n]
    assert bool(sure) == (sentence != NEUTRAL_SERVICE)
    tables = build_tables()
    tables["out_neighbourhood__service_change"]["coverage_class"] = "missing"
    report = ReportData(tables, build_context())
    assert describe_service(report, Facts(report)) == NEUTRAL_SERVICE


@pytest.mark.parametrize(("years", "labels"), [((2020, 2023), 3), ((2004, 2023), 4), ((2014, 2023), 5)])
def test_many_years_have_few_labels_and_the_last_has_one(years: tuple[int, int], labels: int) -> None:
    ticks = label_years(range(years[0], years[1]))
    assert sum(bool(text) for _, text in ticks) == labels
    assert ticks[-1][1] == str(years[1] - 1)


def test_data_of_a_chart_without_lines_is_empty() -> None:
    assert build_chart_data([Panel("A", "km", ())], DAYS).empty
