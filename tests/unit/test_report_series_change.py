"""The change report of a published series, and why an index differs between two versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.report import data as d
from pipeline.report.change import ChangeReport, compute_moves
from pipeline.report.change_causes import explain_by_versions
from pipeline.report.series_change_report import build_series_change_page
from pipeline.stages.publish import build_index
from pipeline.stages.published_change import MARK, link_change_report
from tests.support.report_tables import HOSTILE_NAME
from tests.support.series_report import build_series_tables, build_series_words

if TYPE_CHECKING:
    from pathlib import Path


def compare(before: dict[str, pd.DataFrame] | None, after: dict[str, pd.DataFrame]) -> str:
    return build_series_change_page(ChangeReport(before, after, build_series_words(), 1.0))


def test_places_that_moved_stand_with_the_indicator_behind_it() -> None:
    before, after = build_series_tables(lost=10.0), build_series_tables(lost=12.0)
    moves = compute_moves(ChangeReport(before, after, build_series_words(), 1.0))
    # ward n moves by n / 2 points, so that the first two stay below the stated amount
    assert [(move.code, round(move.points, 6)) for move in moves[:2]] == [("E018", -8.5), ("E017", -8.0)]
    assert len(moves) == 16
    page = compare(before, after)
    assert "Buses on a weekday \N{MINUS SIGN}8.5" in page
    assert "The latest year is the same" in page
    assert "Lost services" not in page
    assert 'href="neighbourhoods/E016.html"' in page
    assert "neighbourhoods/E018.html" not in page
    assert HOSTILE_NAME not in page
    assert 'aria-current="page">What changed' in page


def test_places_that_became_doubtful_are_listed() -> None:
    before, after = build_series_tables(), build_series_tables()
    change = after["out_neighbourhood__series_change"]
    here = change["neighbourhood_code"] == "E001"
    change.loc[here, ["coverage_class", "coverage_reason"]] = ["partial", "runs vanish <i>at once</i>"]
    page = compare(before, after)
    assert "The data of 4 of 18\N{NO-BREAK SPACE}wards is doubtful" in page
    assert "it was 3; 1 changed sides" in page
    assert "runs vanish &lt;i&gt;at once&lt;/i&gt;" in page


def test_the_first_version_has_nothing_to_compare_with() -> None:
    page = compare(None, build_series_tables())
    assert "This is the first version" in page
    assert "The data of 3 of 18" in page


def test_parts_of_a_revision_add_up_to_the_move_and_missing_data_is_told_apart() -> None:
    def build(rows: list[tuple[str, float | None]], total: float) -> dict[str, pd.DataFrame]:
        indicators = pd.DataFrame(rows, columns=["indicator", "absolute_index"]).assign(
            snapshot="s", neighbourhood_code="P"
        )
        weights = pd.DataFrame({"snapshot": "s", "indicator": ["a", "b"], "weight": [0.25, 0.75]})
        score = pd.DataFrame({"snapshot": ["s"], "neighbourhood_code": ["P"], "absolute_index": [total]})
        return {d.INDICATOR: indicators, "out_indicator__influence": weights, d.SCORE: score}

    before = build([("a", 80.0), ("b", 40.0)], 50.0)
    found = explain_by_versions(before, "s", build([("a", 60.0), ("b", 44.0)], 48.0), "s")
    assert found["P"] == [("a", pytest.approx(-5.0)), ("b", pytest.approx(3.0))]
    found = explain_by_versions(before, "s", build([("a", 60.0), ("b", None)], 60.0), "s")
    assert found["P"] == [("missing_data", pytest.approx(15.0)), ("a", pytest.approx(-5.0))]
    assert explain_by_versions(before, "s", before, "s") == {}


def test_a_published_page_takes_the_change_report_into_its_navigation_once(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<ul>{MARK}</ul><p>&lt;!-- change report --&gt;</p>", encoding="utf-8")
    for _ in range(2):
        link_change_report(page, "../")
        text = page.read_text(encoding="utf-8")
        assert text.count('<li><a href="../change.html">What changed</a></li>') == 1
    assert "&lt;!-- change report --&gt;" in text


def test_the_published_folder_leads_to_report_and_change_report() -> None:
    text = build_index(HOSTILE_NAME, "abc")
    assert 'href="latest/report/index.html"' in text
    assert 'href="latest/report/change.html"' in text
    assert "<script" not in text
