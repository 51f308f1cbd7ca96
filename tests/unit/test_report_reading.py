"""What a reader would stumble on: numbers of tables, ranks, figures rounded twice, long reasons, missing as none."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.report import build_report
from pipeline.report import data as d
from pipeline.report.change_league import build_changes_payload, build_unranked_table, find_change_league
from pipeline.report.compare import build_compare_payload
from pipeline.report.data import ReportData
from pipeline.report.downloads import describe_table
from pipeline.report.facts import Facts
from pipeline.report.findings import build_findings
from pipeline.report.maps import build_values_payload
from pipeline.report.numbering import label_links, number_tables
from pipeline.report.profile_scores import build_indicators
from pipeline.report.profile_subject import Subject
from pipeline.report.quality import build_examples, build_inputs_table
from pipeline.report.series_compare import build_series_compare
from pipeline.report.series_data import SeriesReport
from pipeline.report.series_findings import build_series_findings
from pipeline.report.series_site import build_series_report
from pipeline.report.service_tables import build_evidence_cell, build_services_table
from pipeline.report.text import MINUS, NBSP, add_article, fold_phrases, format_rank_of, round_rate, round_shown
from pipeline.report.workbook_sheets import build_workbook
from tests.support.report_extras import add_extras
from tests.support.report_tables import build_context, build_tables
from tests.support.series_report import build_series_info, build_series_tables, build_series_words

if TYPE_CHECKING:
    from pathlib import Path

ARROW = "\N{RIGHTWARDS ARROW}"


def read_numbers(page: Path) -> list[int]:
    """Return the numbers of the tables of a page in its order."""
    return [
        int(number) for number in re.findall(r"<caption><span[^>]*>Table (\d+)\.", page.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("has_jobs", [True, False])
def test_tables_of_the_overview_are_numbered_without_a_gap_in_the_order_of_the_page(
    tmp_path: Path, *, has_jobs: bool
) -> None:
    build_report(add_extras(build_tables(has_jobs=has_jobs)), build_context(), tmp_path / "site")
    page = tmp_path / "site" / "index.html"
    numbers = read_numbers(page)
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == (7 if has_jobs else 6)
    text = page.read_text(encoding="utf-8")
    captions = dict(re.findall(r'<caption><span id="([\w-]+)-caption">(Table \d+)\.', text))
    named = re.findall(r'<a class="evidence" href="#([\w-]+)">([^<]+)</a>', text)
    assert {anchor for anchor, _ in named} <= set(captions)
    assert all(label == captions[anchor] for anchor, label in named)


def test_tables_of_a_series_are_numbered_too_and_links_name_them(tmp_path: Path) -> None:
    build_series_report(build_series_tables(), build_series_words(), build_series_info(), tmp_path / "site")
    page = tmp_path / "site" / "index.html"
    assert read_numbers(page) == [1, 2, 3]
    assert '<a class="evidence" href="#group-change">Table 2</a>' in page.read_text(encoding="utf-8")


def test_a_finding_that_rests_on_no_table_of_its_page_is_an_error() -> None:
    report = ReportData(build_tables(), build_context())
    blocks = build_findings(report, Facts(report))
    with pytest.raises(KeyError, match="table-times"):
        label_links(blocks, number_tables([]))


def test_every_block_of_findings_states_a_caveat_or_each_of_its_sentences_does() -> None:
    report = ReportData(build_tables(has_jobs=True), build_context())
    series = SeriesReport(build_series_tables(), build_series_words(), build_series_info())
    for block in (*build_findings(report, Facts(report)), *build_series_findings(series)):
        assert block.caveat or all(finding.caveat for finding in block.findings), block.title
        assert all(finding.link for finding in block.findings)


def test_an_indicator_has_its_rank_beside_how_many_have_that_indicator_not_how_many_have_a_score() -> None:
    tables = build_tables()
    indicator = tables[d.INDICATOR]
    place = indicator["neighbourhood_code"] == indicator["neighbourhood_code"].iloc[0]
    indicator.loc[place, "rank"] = 88.5
    indicator["n_ranked"] = 95
    report = ReportData(tables, build_context())
    table = build_indicators(Subject(report, Facts(report), report.places[0]))
    assert table is not None
    assert {row[2].text for row in table.rows} == {"88.5 of 95"}
    for row in pd.DataFrame(indicator).to_dict("records"):
        assert float(row["rank"]) <= float(row["n_ranked"])


@pytest.mark.parametrize(
    ("rank", "n_ranked", "shown"), [(None, 5, "–"), (3.0, 5, "3 of 5"), (88.5, 95, "88.5 of 95"), (2.0, None, "2")]
)
def test_a_rank_of_so_many(rank: float | None, n_ranked: float | None, shown: str) -> None:
    assert format_rank_of(rank, n_ranked) == shown


@pytest.mark.parametrize(
    ("noun", "shown"),
    [
        ("ward", "a ward"),
        ("LSOA", "an LSOA"),
        ("output area", "an output area"),
        ("MSOA", "an MSOA"),
        ("UTLA", "a UTLA"),
    ],
)
def test_a_noun_has_the_article_that_it_is_read_with(noun: str, shown: str) -> None:
    assert add_article(noun) == shown


def test_an_acronym_keeps_its_capitals_in_a_heading() -> None:
    context = build_context(noun="LSOA", noun_plural="LSOAs")
    report = ReportData(add_extras(build_tables()), context)
    league = find_change_league(report, add_extras(build_tables()))
    assert league is not None
    assert build_unranked_table(league).columns[0].label == "LSOA"


# 89.46 is 89; rounded to 89.5 on the way to the page and again on it, it was 90
@pytest.mark.parametrize(("value", "decimals", "shown"), [(89.46, 0, 89.0), (-89.46, 0, -89.0), (-13.35, 1, -13.4)])
def test_a_figure_is_rounded_once(value: float, decimals: int, shown: float) -> None:
    assert round_shown(value, decimals) == shown


def test_runs_on_map_and_in_comparison_are_rounded_once() -> None:
    assert [round_rate(value) for value in (12.46, 9.949, 9.96)] == [12.0, 9.9, 10.0]
    tables = build_tables()
    tables[d.SERVICE_LEVEL]["runs_per_day"] = 12.46
    report = ReportData(tables, build_context())
    shown = build_values_payload(report)["series"]["runs:weekday_all_day|2024"]["v"]  # type: ignore[index]
    assert {value for value in shown if value is not None} == {12.0}
    medians = build_compare_payload(report, Facts(report))["medians"]["runs:weekday_all_day|2024"]  # type: ignore[index]
    assert {value for value in medians if value is not None} == {12.0}


def test_the_ranked_table_of_a_series_says_the_same_with_and_without_scripts(tmp_path: Path) -> None:
    tables = build_series_tables()
    change = tables["out_neighbourhood__series_change"]
    change["change_low_pct"], change["change_high_pct"] = -91.44, -89.46
    change["change_low_runs_per_day"], change["change_high_runs_per_day"] = -932.47, -7.94
    build_series_report(tables, build_series_words(), build_series_info(), tmp_path / "site")
    script = (tmp_path / "site" / "data" / "values.js").read_text(encoding="utf-8")
    page = (tmp_path / "site" / "wards.html").read_text(encoding="utf-8")
    for text in (f"{MINUS}91% to {MINUS}89%", f"{MINUS}932 to {MINUS}7.9"):
        assert text in page
        assert text in script


def test_medians_of_a_series_are_taken_before_rounding() -> None:
    tables = build_series_tables()
    change = tables["out_neighbourhood__series_change"]
    order = {code: n for n, code in enumerate(sorted(change["neighbourhood_code"].unique()))}
    # half of the wards at 10.4, half at 11.4: the median is 10.9; of rounded figures (10 and 11) it was 10.5
    change["after_low_runs_per_day"] = change["neighbourhood_code"].map(lambda code: 10.4 + order[code] % 2)
    change["after_high_runs_per_day"] = change["after_low_runs_per_day"] + 0.05
    report = SeriesReport(tables, build_series_words(), build_series_info())
    medians = build_series_compare(report)["medians"]["after:weekday_all_day"]  # type: ignore[index]
    assert medians[-1] == [11, 11]


def test_a_kind_of_day_that_cannot_be_judged_is_not_said_to_have_no_runs() -> None:
    tables = build_tables()
    services = tables[d.MATCHED_SERVICES]
    services["saturday_runs_before"] = None
    services["saturday_runs_after"] = None
    report = ReportData(tables, build_context())
    table = build_services_table(report, ("consecutive", "2010", "2019"))
    cells = {row[2].text: [cell.text for cell in row[3:5]] for row in table.rows}
    assert cells["Withdrawn"] == [f"12 {ARROW} none", "not known"]
    assert cells["Renamed"] == [f"12 {ARROW} 9.5", "not known"]
    assert cells["New"] == [f"none {ARROW} 9.5", "not known"]
    assert cells["Missing data"] == [f"12 {ARROW} no data", "not known"]


def test_a_service_cut_by_its_hours_alone_is_not_said_to_have_fewer_runs() -> None:
    tables = build_tables()
    services = tables[d.MATCHED_SERVICES]
    services.loc[services["status"] == "renamed", "status"] = "cut_back"
    table = build_services_table(ReportData(tables, build_context()), ("consecutive", "2010", "2019"))
    assert "Cut back" in {row[2].text for row in table.rows}
    assert "first or last run that moved by half an hour or more" in table.note


PHRASES = (
    "Same number, 100% of the stops in common",
    "weekday runs 134 to 102",
    "Sunday runs 58 to 0",
    "last weekday run moved from 23:20 to 19:20",
    "last Saturday run moved from 23:20 to 19:20",
    "calls at a typical stop of both 67 to 51 on weekdays, as many times as runs",
    "no weekday run starts within two minutes of another of the same stops, so none looks filed twice.",
)
EVIDENCE = "; ".join(PHRASES)


def test_evidence_is_a_short_sentence_with_all_of_it_on_demand() -> None:
    cell = build_evidence_cell(EVIDENCE)
    assert cell.text == (
        "Same number, 100% of the stops in common. Last weekday run moved from 23:20 to 19:20. "
        "Last Saturday run moved from 23:20 to 19:20."
    )
    assert len(cell.more) == 7
    assert "; ".join(cell.more).lower() == EVIDENCE.rstrip(".").lower()
    short = build_evidence_cell("Half of the stops are shared.")
    assert (short.text, short.more) == ("Half of the stops are shared.", ())
    assert build_evidence_cell("").text == "–"


def test_reasons_are_folded_to_a_reasonable_length() -> None:
    assert fold_phrases("no figure") == ("No figure.", ())
    shown, every = fold_phrases("; ".join(["no figure in 2019", "x" * 200, "rest."]))
    assert shown == "No figure in 2019."
    assert every == ("No figure in 2019", "X" + "x" * 199, "Rest")
    assert fold_phrases("") == ("", ())


def test_why_a_place_is_not_ranked_is_a_sentence_with_the_rest_behind_it() -> None:
    tables = add_extras(build_tables())
    league = tables["out_neighbourhood__change_league"]
    league["coverage_class"], league["rank"] = "missing", None
    league["coverage_reason"] = f"no score at one of the two dates; {'one feed is partial, ' * 9}and more"
    report = ReportData(tables, build_context())
    found = find_change_league(report, tables)
    assert found is not None
    why = build_unranked_table(found).rows[0][-1]
    assert why.text == "No score at one of the two dates."
    assert len(why.more) == 2
    reasons = build_changes_payload(found)["reasons"]
    assert isinstance(reasons, list)
    assert {"text": why.text, "more": why.more} in reasons


def test_results_of_earlier_stages_are_not_listed_among_the_inputs() -> None:
    tables = build_tables()
    inputs = tables[d.INPUTS]
    stage = {**inputs.iloc[0].to_dict(), "role": "stage", "path": "places", "bytes": 0}
    tables[d.INPUTS] = pd.concat([inputs, pd.DataFrame([stage])], ignore_index=True)
    table = build_inputs_table(ReportData(tables, build_context()))
    assert table is not None
    assert len(table.rows) == len(inputs)
    assert "Stage" not in {row[0].text for row in table.rows}


def test_examples_of_a_notice_leave_out_columns_that_say_nothing() -> None:
    tables = build_tables()
    tables[d.NOTICES]["field"] = None
    for example in build_examples(ReportData(tables, build_context())):
        assert "Field" not in {column.label for column in example.table.columns}
        for number in range(len(example.table.columns)):
            assert {row[number].text for row in example.table.rows} != {"–"}


def test_a_table_to_download_is_named_in_words() -> None:
    title = describe_table("downloads/out_group__summary.csv", "out_group__summary", 3, 2_000).title
    assert title == "Comparison groups (out_group__summary)"
    assert describe_table("downloads/x.csv", "x", 3, 2_000).title == "x"


def test_left_behind_wards_that_did_not_change_are_not_among_those_of_which_nothing_can_be_said() -> None:
    tables = build_series_tables()
    change = tables["out_neighbourhood__series_change"]
    change["change_direction"] = "unchanged"
    report = SeriesReport(tables, build_series_words(), build_series_info())
    said = build_series_findings(report)[0].findings[-1].text
    assert "6 did not change" in said
    assert "nothing can be said" not in said


def test_the_overview_of_a_series_says_how_sure_the_ten_are_and_whose_data_is_sound() -> None:
    report = SeriesReport(build_series_tables(), build_series_words(), build_series_info())
    block = build_series_findings(report)[0]
    assert "how sure that is" in block.title
    assert "choices of baseline and end" in block.findings[1].text
    n_doubtful = int(re.findall(r"The data of (\d+) of", block.findings[1].text)[0])
    rows = [report.get_change(code, report.head) for code in report.ranked[:10]]
    known = [row for row in rows if row["loss_rank_low"] is not None]
    assert n_doubtful == sum(row["coverage_class"] != "comparable" for row in known)


def test_the_overview_of_a_series_says_what_it_does_not_hold_by_design(tmp_path: Path) -> None:
    build_series_report(build_series_tables(), build_series_words(), build_series_info(), tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "What this report cannot say" in text
    for absent in ("No services responsible for a loss", "No travel times", "No map of a single year"):
        assert absent in text


def test_a_verb_is_said_once_where_all_groups_fell() -> None:
    report = SeriesReport(build_series_tables(), build_series_words(), build_series_info())
    text = build_series_findings(report)[1].findings[0].text.replace(NBSP, " ")
    assert text.count("fell by") == 1


def test_other_destinations_stand_below_the_map(tmp_path: Path) -> None:
    context = build_context()
    assert len(context.categories) > 1
    build_report(build_tables(has_jobs=True), replace(context), tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert text.index('id="findings"') < text.index('id="map-heading"') < text.index('id="more-findings"')
    first = context.categories[0].phrase
    assert text.index(f"Reaching {first}") < text.index('id="map-heading"')
    assert text.index(f"Reaching {context.categories[1].phrase}") > text.index('id="map-heading"')


def test_the_workbook_does_not_say_none_of_a_day_that_could_not_be_judged() -> None:
    tables = build_tables()
    tables[d.MATCHED_SERVICES]["saturday_runs_before"] = None
    book = build_workbook(ReportData(tables, build_context()), None, [])
    sheet = next(sheet for sheet in book.sheets if sheet.label == "Lost services")
    row = next(row for row in sheet.rows if row[2] == "Withdrawn")
    weekday_after, saturday_after = row[4], row[6]
    assert weekday_after == "[none]"
    assert saturday_after != "[none]"
