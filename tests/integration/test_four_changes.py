"""Four changes that people make, each in at most two files, arrive everywhere; CONTRIBUTING.md shows how.

The walking speed, a destination category and an indicator are changed in one copy of the tiny area, which is run once.
"""

from __future__ import annotations

import filecmp
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.base import notices as notices_module
from pipeline.base.notices import Notices, declare_notice
from pipeline.cli.documents import build_notice_list
from pipeline.cli.indicators import build_indicator_list
from tests.support.pipeline import TINY, ProjectFolder

AREA, SCORING, SCHOOLS = TINY, "config/scoring/connectedness.yaml", "data/sample/schools.csv"
INDICATOR = {
    "name": "school_time",
    "label": "Time to a school",
    "definition": "Median travel time to the nearest school on a weekday morning, by public transport or on foot.",
    "caveat": "Says nothing of whether the school has a place.",
    "table": "out_neighbourhood__travel_time",
    "column": "travel_time_p50_s",
    "filters": {"category": "schools", "window": "weekday_am", "direction": "outward", "mode_set": "all"},
    "unit": "s",
    "worse": "high",
    "domain": "service",
    "weight": 1,
    "nulls": "unreachable",
}


def _edit_yaml(file: Path, change: object) -> None:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content)  # type: ignore[operator]
    file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.fixture(scope="module")
def changed(tiny: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The tiny area with another walking speed, one more category of destinations and one more indicator, run again."""
    project = tiny.copy(tmp_path_factory.mktemp("changes") / "project")
    stations = pd.read_csv(project.path / "data/sample/rail_stations.csv").head(2)
    stations.assign(id=["S1", "S2"], name=["Harbour School", "Moor School"]).to_csv(project.path / SCHOOLS, index=False)

    def change_area(area: dict[str, object]) -> None:
        area["settings"]["walking"] = {"speed_kmh": 3.6}  # type: ignore[index]
        schools = {"category": "schools", "label": "school", "path": "schools.csv", "code": "id", "name": "name"}
        area["destinations"].append(schools)  # type: ignore[attr-defined]

    _edit_yaml(project.path / AREA, change_area)
    _edit_yaml(project.path / SCORING, lambda scoring: scoring["indicators"].append(INDICATOR))
    project.make_all(timeout_s=900)
    return project


def test_nothing_but_three_files_was_touched(tiny: ProjectFolder, changed: ProjectFolder) -> None:
    def list_files(project: ProjectFolder) -> set[str]:
        folders = [project.path / name for name in ("config", "data/sample")]
        return {str(p.relative_to(project.path)) for folder in folders for p in folder.rglob("*") if p.is_file()}

    before, after = list_files(tiny), list_files(changed)
    same = {name for name in before & after if filecmp.cmp(tiny.path / name, changed.path / name, shallow=False)}
    assert after - same == {AREA, SCORING, SCHOOLS}


def test_another_walking_speed_arrives_in_the_tables(tiny: ProjectFolder, changed: ProjectFolder) -> None:
    keys = ["snapshot", "small_area_code", "category", "window", "direction", "mode_set"]
    before, after = (
        project.read_table("out_small_area__travel_time").set_index(keys)["walk_time_s"] for project in (tiny, changed)
    )
    pair = pd.concat([before, after], axis=1, keys=["before", "after"], join="inner").dropna()
    pair = pair[pair["before"] > 300]
    assert len(pair) > 20
    assert ((pair["after"] / pair["before"] - 4.8 / 3.6).abs() < 0.01).all()


def test_another_walking_speed_arrives_in_the_report(changed: ProjectFolder) -> None:
    method = (changed.outputs() / "report" / "method.html").read_text(encoding="utf-8")
    assert "3.6 km/h" in method.replace("&nbsp;", " ").replace("\u00a0", " ")


def test_a_destination_category_arrives_in_tables_and_report(changed: ProjectFolder) -> None:
    times = changed.read_table("out_neighbourhood__travel_time")
    schools = times[times["category"] == "schools"]
    assert schools["travel_time_p50_s"].notna().any()
    assert set(schools["nearest_destination_name"].dropna()) == {"Harbour School", "Moor School"}
    places = changed.read_table("out_destination__location")
    assert (places["category"] == "schools").sum() == 2
    report = changed.outputs() / "report"
    pages = [page.name for page in report.glob("*.html") if "school" in page.read_text(encoding="utf-8").lower()]
    assert "index.html" in pages or "league.html" in pages, pages


def test_an_indicator_arrives_in_tables_and_report_with_definition_and_caveat(changed: ProjectFolder) -> None:
    indicators = changed.read_table("out_neighbourhood__indicator")
    own = indicators[indicators["indicator"] == "school_time"]
    times = changed.read_table("out_neighbourhood__travel_time")
    wanted = times[
        (times["category"] == "schools")
        & (times["window"] == "weekday_am")
        & (times["direction"] == "outward")
        & (times["mode_set"] == "all")
    ]
    keys = ["snapshot", "neighbourhood_code"]
    pair = own.merge(wanted, on=keys)
    assert len(pair) == len(own) > 0
    pd.testing.assert_series_equal(pair["value"], pair["travel_time_p50_s"], check_names=False)
    pages = [page.read_text(encoding="utf-8") for page in (changed.outputs() / "report").rglob("*.html")]
    wanted_texts = [str(INDICATOR[key]) for key in ("label", "definition", "caveat")]
    assert any(all(text in page for text in wanted_texts) for page in pages)


def test_an_indicator_arrives_in_the_generated_list(changed: ProjectFolder) -> None:
    text = build_indicator_list(changed.path / "config" / "scoring")
    for part in ("`school_time`", INDICATOR["definition"], f"Does not tell: {INDICATOR['caveat']}"):
        assert str(part) in text


@pytest.fixture
def fresh_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices declared in a test are forgotten after it."""
    monkeypatch.setattr(notices_module, "_DECLARED", dict(notices_module._DECLARED))


@pytest.mark.usefixtures("fresh_codes")
def test_a_notice_declared_in_one_place_arrives_in_the_generated_list_with_its_example() -> None:
    code = declare_notice(
        "school_without_pupils",
        "warning",
        "A school has no pupils.",
        "Check the register.",
        example="schools.csv, row 3, pupils: 0",
    )
    row = next(line for line in build_notice_list().splitlines() if "school_without_pupils" in line)
    assert row == (
        "| `school_without_pupils` | warning | A school has no pupils. | Check the register. "
        "| schools.csv, row 3, pupils: 0 |"
    )
    notices = Notices()
    notices.add(code, file="schools.csv", row=3, field="pupils", value=0)
    frame = notices.to_frame()
    assert frame[["code", "meaning", "cure"]].to_numpy().tolist() == [
        ["school_without_pupils", "A school has no pupils.", "Check the register."]
    ]
