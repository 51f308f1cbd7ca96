"""Pages that stand only where their figures were computed: league of change, how sure, further measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.report import build_report
from pipeline.report.change_league import build_ranked_table, build_unranked_table, find_change_league
from pipeline.report.data import ReportData
from pipeline.report.further import build_further_measures
from pipeline.report.method import build_weight_table
from pipeline.report.pages import list_pages
from pipeline.report.robustness import build_robustness
from tests.support.report_extras import add_extras
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

OPTIONAL = {"changes.html", "robustness.html", "measures.html"}
NEEDS = {
    "changes.html": ("out_neighbourhood__change_league",),
    "measures.html": (
        "out_neighbourhood__ptal",
        "out_neighbourhood__transport_performance",
        "out_neighbourhood__floating_catchment",
    ),
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return add_extras(build_tables())


@pytest.fixture(scope="module")
def report(tables: dict[str, pd.DataFrame]) -> ReportData:
    return ReportData(tables, build_context())


def test_a_page_without_figures_is_neither_written_nor_linked(tmp_path: Path) -> None:
    build_report(build_tables(), build_context(), tmp_path / "site")
    assert {path.name for path in (tmp_path / "site").glob("*.html")} & OPTIONAL == set()
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert not any(page in text for page in OPTIONAL)


def test_a_page_with_figures_is_in_the_navigation(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    assert {path for path, _ in list_pages(report, tables)} >= OPTIONAL
    for page, names in NEEDS.items():
        fewer = {name: frame for name, frame in tables.items() if name not in names}
        assert page not in {path for path, _ in list_pages(report, fewer)}


def test_change_is_ranked_only_where_it_is_covered(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    league = find_change_league(report, tables)
    assert league is not None
    assert [pair.key for pair in league.pairs] == ["2010|2024", "2019|2024", "2010|2019"]
    ranked, unranked = build_ranked_table(league), build_unranked_table(league)
    assert (len(ranked.rows), len(unranked.rows)) == (10, 2)
    assert all(row[2].text for row in unranked.rows)
    said = league.describe(league.pairs[0], "absolute_index")
    assert "among the 10 wards that both timetables cover, Quayside lost most (\N{MINUS SIGN}6.0 points" in said
    assert said.endswith("2\N{NO-BREAK SPACE}wards cannot be ranked.")


def test_a_league_of_one_place_or_of_equal_changes_names_no_best_and_worst(tables: dict[str, pd.DataFrame]) -> None:
    report, frame = ReportData(tables, build_context()), tables["out_neighbourhood__change_league"]

    def say(changed: pd.DataFrame) -> str:
        league = find_change_league(report, {"out_neighbourhood__change_league": changed})
        assert league is not None
        return league.describe(league.pairs[0], "absolute_index")

    is_first = frame["rank"] == 1
    one = say(frame.assign(rank=frame["rank"].where(is_first)))
    assert "is covered by both timetables; it moved by" in one
    assert "lost most" not in one
    alike = say(frame.assign(change_alike_points=frame["change_alike_points"].where(frame["rank"].isna(), -2.0)))
    assert "moved alike, by" in alike
    assert "lost most" not in alike


def test_where_nothing_is_covered_the_league_says_so_and_ranks_nobody(tables: dict[str, pd.DataFrame]) -> None:
    report = ReportData(tables, build_context())
    frame = tables["out_neighbourhood__change_league"].assign(
        rank=None, rank_low=None, rank_high=None, change_alike_points=None, coverage_class="missing"
    )
    league = find_change_league(report, {"out_neighbourhood__change_league": frame})
    assert league is not None
    assert build_ranked_table(league).rows == ()
    assert "none of 12\N{NO-BREAK SPACE}wards can be ranked: 12 with missing data" in league.describe(
        league.pairs[0], "absolute_index"
    )


def test_reruns_say_who_comes_into_another_tenth(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    title, text, found = build_robustness(report, tables)[-1]
    assert title == "Under other parameters"
    # of 12 places rank 1 lies in the first tenth and rank 2 in the second, so that changing sides moves both
    variants = {row[0].text: [cell.text for cell in row[1:4]] for row in found[0].rows}
    slow = variants["Walking speed, km/h: 3.6 in place of 4.8"]
    assert slow == ["0.0", "1.0", "2 of 12"]
    short = variants["Weekday morning ends: 09:00 in place of 10:00"]
    assert short == ["0.0", "0.0", "0 of 12"]
    assert "10 of 12 wards stay in their tenth under every one of them; 2 do not." in text
    assert [table.anchor for table in found] == ["variants", "variant-indicators", "variant-places"]


def test_a_place_that_leaves_its_tenth_is_listed(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    varied = tables["out_neighbourhood__sensitivity"].copy()
    codes = varied["neighbourhood_code"]
    is_slow = varied["variant"] == "slow"
    varied.loc[is_slow & (codes == "W0001"), "rank_varied"] = 6.0
    varied.loc[is_slow & (codes == "W0006"), "rank_varied"] = 1.0
    varied.loc[is_slow & (codes == "W0002"), "rank_varied"] = 2.0
    found = build_robustness(report, {**tables, "out_neighbourhood__sensitivity": varied})[-1][2]
    assert [[cell.text for cell in row] for row in found[-1].rows] == [
        ["Quayside", "1", "1 (0)", "6 (+5)"],
        [report.places[5].name, "6", "6 (0)", "1 (\N{MINUS SIGN}5)"],
    ]


def test_each_further_measure_stands_by_itself(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    assert [one.anchor for one in build_further_measures(report, tables)] == ["ptal", "performance", "catchment"]
    only = {"out_neighbourhood__ptal": tables["out_neighbourhood__ptal"]}
    measure = build_further_measures(report, only)[0]
    bands = {row[1].text: [cell.text for cell in row[2:]] for row in measure.tables[0].rows[-4:]}
    assert bands["All wards"] == ["2", "0", "2", "2", "0", "2", "0", "3", "0", "1"]
    last = next(row for row in measure.tables[1].rows if row[0].href.endswith("W0012.html"))
    assert last[2].text == "no street within 500 metres"
    assert build_further_measures(report, {}) == []


def test_supply_without_people_nearby_reads_as_words(report: ReportData, tables: dict[str, pd.DataFrame]) -> None:
    catchment = build_further_measures(report, tables)[-1]
    first = next(row for row in catchment.tables[-1].rows if row[0].text == "Quayside")
    assert first[2].text == "no people known nearby"


def test_the_method_page_states_the_weights_that_were_used(tables: dict[str, pd.DataFrame]) -> None:
    frame = tables["out_indicator__influence"].query("indicator == 'hospital_am'").assign(weight=0.615)
    found = build_weight_table(build_context(), {"out_indicator__influence": frame})
    assert found is not None
    assert [row[1].text for row in found.rows] == ["61.5%", "not used"]
    stated = build_weight_table(build_context(), {})
    assert stated is not None
    assert [row[1].text for row in stated.rows] == ["0.500", "0.500"]
