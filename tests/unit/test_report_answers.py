"""What the overview answers first: who is worst connected on a Sunday, which lost service matters most."""

from __future__ import annotations

import pandas as pd

from pipeline.report import data as d
from pipeline.report.answers import build_answers, find_question, list_lost, rank_worst
from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from tests.support.report_extras import add_extras
from tests.support.report_tables import build_context, build_tables

PARTS = "out_neighbourhood__attribution"


def build(tables: dict[str, pd.DataFrame]) -> tuple[ReportData, Facts]:
    report = ReportData(tables, build_context())
    return report, Facts(report)


def test_the_worst_connected_of_the_first_group_come_first_and_without_a_journey_is_worse_than_any_time() -> None:
    tables = build_tables()
    report, facts = build(tables)
    question = find_question(report, facts)
    assert question is not None
    assert (question.category.key, question.window.key, question.snapshot.key) == ("hospitals", "sunday", "2024")
    frame = tables[d.TRAVEL_TIME]
    chosen = (frame["snapshot"] == "2024") & (frame["category"] == "hospitals") & (frame["window"] == "sunday")
    chosen &= (frame["direction"] == "outward") & (frame["mode_set"] == "all")
    for code, seconds, reason in (("W0001", 1800.0, None), ("W0005", None, "no_route"), ("W0009", 5400.0, None)):
        here = chosen & (frame["neighbourhood_code"] == code)
        frame.loc[here, ["travel_time_p50_s", "reason"]] = [seconds, reason]
    report, facts = build(tables)
    assert [place.code for place, _ in rank_worst(report, question)] == ["W0005", "W0009", "W0001"]
    blocks, evidence = build_answers(report, facts, None)
    said = blocks[0].findings[0]
    assert "Northcliff (no journey at all), Farther Sands (90" in said.text
    assert said.link == f"#{evidence[0].anchor}"
    assert evidence[0].rows[0][0].text == "Northcliff"
    assert len(blocks[0].findings) == 1


def test_a_place_off_the_streets_is_not_said_to_be_badly_connected() -> None:
    tables = build_tables()
    frame = tables[d.TRAVEL_TIME]
    here = frame["neighbourhood_code"] == "W0001"
    frame.loc[here, "travel_time_p50_s"] = None
    frame.loc[here, "reason"] = "no_street"
    report, facts = build(tables)
    question = find_question(report, facts)
    assert question is not None
    assert "W0001" not in {place.code for place, _ in rank_worst(report, question)}
    blocks, _ = build_answers(report, facts, None)
    assert "For 1 of 3 no time is known." in blocks[0].findings[0].caveat


def test_lost_services_are_ranked_by_what_they_cost_the_first_group_and_missing_data_is_not_counted() -> None:
    tables = add_extras(build_tables())
    report, facts = build(tables)
    question = find_question(report, facts)
    assert question is not None
    lost = list_lost(report, question, tables[PARTS])
    assert [(one.route, one.leading_person_min, one.all_person_min) for one in lost] == [
        ("7", 300.0, 300.0),
        ("9", 40.0, 40.0),
    ]
    blocks, evidence = build_answers(report, facts, tables[PARTS])
    most = blocks[0].findings[1]
    assert "route 7 (Coastal <b>Buses</b>, withdrawn)" in most.text
    assert "300 person-minutes" in most.text
    assert most.link == f"#{evidence[1].anchor}"
    assert "costs most in 8. Of the services withdrawn altogether it is the one" in blocks[0].findings[2].text


def test_without_travel_times_nothing_is_answered() -> None:
    tables = build_tables()
    del tables[d.TRAVEL_TIME]
    report, facts = build(tables)
    assert build_answers(report, facts, None) == ([], [])
