"""Charts and words of a report on a published series."""

import re

import pytest

from pipeline.report.drawing import Shape
from pipeline.report.series_charts import YearLine, draw_legend, draw_years
from pipeline.report.series_data import SeriesReport, describe_span, format_span_pct, format_span_rank, format_span_runs
from pipeline.report.series_findings import describe_place
from pipeline.report.series_profile import draw_year_panel
from pipeline.report.series_sheets import build_series_workbook
from pipeline.report.series_tables import build_place_tables
from pipeline.report.text import as_float
from tests.support.series_report import build_series_info, build_series_tables, build_series_words


def line(values, doubtful=None, label="Ward", marker="o"):
    return YearLine(label, "#b3261e", marker, tuple(values), tuple(doubtful or [False] * len(values)))


def count_segments(svg):
    return len(re.findall(r'<line [^>]*stroke="#b3261e"', svg))


def test_no_line_leads_across_a_year_without_figures_and_the_gap_is_hatched():
    svg = draw_years("Runs", [2009, 2010, 2011, 2012], [line([5.0, None, 4.0, 3.0])])
    assert count_segments(svg) == 1
    assert svg.count('class="nodata"') == 1
    assert svg.count("<circle") == 3


def test_a_doubtful_figure_is_a_hollow_mark_on_a_dotted_line():
    svg = draw_years("Runs", [2009, 2010], [line([5.0, 4.0], [False, True])])
    assert svg.count('fill="#ffffff"') == 1
    assert svg.count('stroke-dasharray="2 3"') == 1


def test_names_are_escaped_in_charts_and_legends():
    hostile = '<script>alert("x")</script>'
    for text in (draw_years(hostile, [2009], [line([1.0])]), draw_legend([line([1.0], label=hostile)])):
        assert "<script" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-55.1, -51.6, "fell by 52% to 55%"),
        (14.6, 25.0, "rose by 15% to 25%"),
        (-3.8, 3.1, "changed by \N{MINUS SIGN}4% to +3%"),
        (-20.1, -19.9, "fell by 20%"),
        (None, None, "cannot be stated"),
    ],
)
def test_a_range_of_change_in_words(low, high, words):
    assert describe_span({"change_low_pct": low, "change_high_pct": high}) == words


def test_ranges_show_both_ends_unless_they_read_alike():
    row = {"change_low_pct": -55.1, "change_high_pct": -51.6, "loss_rank_low": 1.0, "loss_rank_high": 3.0}
    row |= {"change_low_runs_per_day": -12.0, "change_high_runs_per_day": 3.0}
    assert format_span_pct(row) == "\N{MINUS SIGN}55% to \N{MINUS SIGN}52%"
    assert format_span_rank(row, "loss_rank_{}") == "1 to 3"
    assert format_span_runs(row, "change_{}_runs_per_day") == "\N{MINUS SIGN}12 to +3.0"
    assert format_span_pct({"change_low_pct": 2.1, "change_high_pct": 2.2}) == "+2%"


def test_a_profile_leaves_a_gap_open_and_marks_a_doubtful_year():
    values = {2009: (5.0, "comparable"), 2010: (None, "missing"), 2011: (4.0, "partial"), 2012: (3.0, "comparable")}
    rows = [{"year": y, "runs_per_day": v, "coverage_class": c} for y, (v, c) in values.items()]
    drawing = draw_year_panel("Weekday", list(values), rows, [])
    looks = [item.look for item in drawing.items if isinstance(item, Shape)]
    (line,) = [item for item in drawing.items if item.look == "d-series"]
    assert [len(part) for part in line.parts] == [2]
    assert (looks.count("d-none"), looks.count("d-doubt"), looks.count("d-known")) == (1, 1, 2)


@pytest.fixture(scope="module")
def report():
    return SeriesReport(build_series_tables(), build_series_words(), build_series_info())


def test_sheets_are_called_after_days_and_hours_not_after_keys(report):
    labels = [sheet.label for sheet in build_series_workbook(report, []).sheets]
    assert not any("_" in label for label in labels)
    assert "Years weekday whole day" in labels


def test_years_of_a_place_read_downwards_one_column_a_measure(report):
    code = report.ranked[0]
    years = next(table for table in build_place_tables(report, code) if table.anchor == "years")
    assert [row[0].text for row in years.rows] == [str(year) for year in report.years]
    assert [column.label for column in years.columns[1:]] == [measure.label for measure in report.info.measures]
    series = report.get_place_series(code, report.info.measures[0])
    assert [row[1].sort for row in years.rows] == [as_float(row["runs_per_day"]) for row in series]


def test_runs_of_a_place_are_told_with_their_years(report):
    first = describe_place(report, report.ranked[0])[0]
    assert re.match(rf"Weekday, whole day: [\d,. to]+ bus runs a day in {report.info.span_before}, ", first)
    assert f" in {report.info.span_after} (" in first
