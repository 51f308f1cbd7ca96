"""The sentences say what the tables hold, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.report import data as d
from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from pipeline.report.findings import build_findings
from pipeline.report.text import NBSP
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from pipeline.report.context import ReportContext


def read_findings(tables: dict[str, pd.DataFrame], context: ReportContext | None = None) -> dict[str, list[str]]:
    report = ReportData(tables, context or build_context())
    blocks = build_findings(report, Facts(report))
    return {
        block.title: [f"{finding.text} [{finding.caveat}]".replace(NBSP, " ") for finding in block.findings]
        for block in blocks
    }


def test_medians_are_those_of_the_table() -> None:
    tables = build_tables()
    times = tables[d.TRAVEL_TIME]
    chosen = times[
        (times["snapshot"] == "2024")
        & (times["category"] == "hospitals")
        & (times["window"] == "weekday_am")
        & (times["direction"] == "outward")
        & (times["mode_set"] == "all")
    ]
    median = chosen["travel_time_p50_s"].fillna(float("inf")).median()
    first = read_findings(tables)["Reaching a hospital"][0]
    assert first.startswith("In the timetables of 8 October 2024, the median time to a hospital by public transport")
    assert f"and {int(median / 60 + 0.5)} minutes for all wards." in first
    assert "on a weekday between 07:00 and 10:00" in first


def test_every_snapshot_has_its_sentence() -> None:
    found = read_findings(build_tables())["Reaching a railway station"]
    assert "8 October 2024" in found[0]
    assert found[1].startswith("At earlier dates: ")
    assert "for all wards on 8 October 2019; " in found[1]
    assert "for all wards on 12 October 2010." in found[1]
    assert "Coastal Buses is missing" in found[1]


def test_a_category_without_data_is_said_so() -> None:
    assert read_findings(build_tables())["Reaching a jobs centre"] == ["No jobs data exists for this area. []"]


def test_jobs_within_reach_are_counted() -> None:
    found = read_findings(build_tables(has_jobs=True))["Reaching a jobs centre"]
    assert len(found) == 1
    assert found[0].startswith("Jobs within 60 minutes of the median ward, leaving on a weekday")
    assert found[0].count("for all wards") == 3


def test_a_median_beyond_the_limit_is_not_a_number() -> None:
    tables = build_tables()
    times = tables[d.TRAVEL_TIME]
    times["travel_time_p50_s"] = None
    text = read_findings(tables)["Reaching a hospital"][0]
    assert "cannot be given: at least half of left behind wards, " in text
    assert "within 120 minutes" in text
    assert "nan" not in text.lower()


def test_people_without_a_journey_are_counted() -> None:
    found = read_findings(build_tables())["Reaching a hospital"]
    assert any("wards have no journey to a hospital within 120 minutes" in text for text in found)


def test_change_rests_on_comparable_neighbourhoods_only() -> None:
    found = read_findings(build_tables())["Change in service"]
    assert "the 6 of 12 wards where both timetables are complete" in found[0]
    assert "lack the data of Coastal Buses: missing data, not a cut." in found[0]
    assert "6 wards are left out" in found[0]
    assert found[2].startswith("Over the whole period, between 12 October 2010 and 8 October 2024,")
    assert "fell by 20%" in found[2]


def test_nothing_comparable_means_no_number() -> None:
    tables = build_tables()
    changes = tables[d.SERVICE_CHANGE]
    changes["coverage_class"] = "missing"
    changes["coverage_reason"] = "the clips hold different operators"
    found = read_findings(tables)["Change in service"]
    assert (
        "no overall change in service can be given: the two timetables are comparable in none of 12 wards" in found[0]
    )
    assert "%" not in found[0]
    assert "the clips hold different operators" in found[0]


@pytest.mark.parametrize("missing", [d.SERVICE_LEVEL, d.SERVICE_CHANGE])
def test_absent_service_tables_are_said_to_be_absent(missing: str) -> None:
    tables = build_tables()
    del tables[missing]
    found = read_findings(tables)["Change in service"]
    assert len(found) == 1
    assert "published" in found[0]


def test_service_medians_mark_missing_snapshots() -> None:
    report = ReportData(build_tables(), build_context())
    levels = Facts(report).find_service("left_behind", "weekday", "all_day")
    assert [level.status for level in levels] == ["comparable", "missing", "comparable"]
    assert levels[1].median is None


def test_a_place_beyond_the_map_is_not_said_to_have_no_journey() -> None:
    tables = build_tables()
    times = tables[d.TRAVEL_TIME]
    gone = times["neighbourhood_code"] == "W0001"
    times.loc[gone, [column for column in times.columns if column.startswith("travel_time_")]] = None
    times.loc[gone, "people_without_pct"] = 100.0
    times.loc[gone, "reason"] = "no_street"
    found = read_findings(tables)["Reaching a railway station"]
    assert any("1 of 11 wards has no journey" in text for text in found)
    assert any(text.startswith("For 1 of 12 wards no time to a railway station could be computed") for text in found)
