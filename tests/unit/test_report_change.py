"""The change report: what is new, who moved by how much and why, what was held; hand-worked on three places."""

from __future__ import annotations

import pandas as pd
import pytest

from pipeline.report import data as d
from pipeline.report.change import (
    ATTRIBUTION,
    SCORE_CHANGE,
    ChangeReport,
    build_change_page,
    build_inputs_change,
    compute_moves,
    describe_news,
    explain_by_indicators,
    explain_by_services,
    is_index_comparable,
)
from pipeline.report.gates import GATES
from tests.support.report_tables import HOSTILE_NAME, build_context, build_tables

CODES = ("W0001", "W0002", "W0003")


def build_version(indexes: dict[str, tuple[float | None, ...]], sha256: str = "a") -> dict[str, pd.DataFrame]:
    """Published tables of three places with stated absolute indices by snapshot."""
    full = build_tables()
    geography = full[d.GEOGRAPHY].iloc[:3].assign(neighbourhood_name=["Quayside", HOSTILE_NAME, "Saltmarsh"])
    scores = full[d.SCORE]
    rows = []
    for snapshot, values in indexes.items():
        for code, value in zip(CODES, values, strict=True):
            row = scores.iloc[0].to_dict()
            rows.append({**row, "snapshot": snapshot, "neighbourhood_code": code, "absolute_index": value})
    files = {"role": ["timetable bus", "stage"], "path": ["bus.zip", "times/2024"], "sha256": [sha256, sha256 * 2]}
    inputs = pd.DataFrame(files).assign(stage="x", snapshot=None, licence="", attribution="", vintage="", bytes=1)
    return {d.GEOGRAPHY: geography, d.SCORE: pd.DataFrame(rows), d.INPUTS: inputs}


def compare(before: dict[str, pd.DataFrame] | None, after: dict[str, pd.DataFrame], least: float = 1.0) -> ChangeReport:
    return ChangeReport(before, after, build_context(), least)


def add_reasons(after: dict[str, pd.DataFrame]) -> None:
    """Parts of the change from 2019 to 2024: W0002 lost 6 points by hospitals and gained 1 by evenings."""
    parts = [("W0002", "hospital_am", -6.0), ("W0002", "runs_weekday", 1.0), ("W0003", "hospital_am", 0.0)]
    frame = pd.DataFrame(parts, columns=["neighbourhood_code", "indicator", "change_index_points"])
    after[SCORE_CHANGE] = frame.assign(snapshot_from="2019", snapshot_to="2024")
    services = {"service_number": [4, 7], "route": ["26", "X"], "operator_name": ["Coastal <b>", "Y"]}
    others = dict.fromkeys(d.COLUMNS[d.SERVICE_ATTRIBUTION], None) | {"snapshot_from": "2019", "snapshot_to": "2024"}
    others |= {"is_counted": True, "lost_person_min": 1.0, "category": "hospitals", "window": "sunday"}
    after[d.SERVICE_ATTRIBUTION] = pd.DataFrame(services).assign(
        **{name: value for name, value in others.items() if name not in services}
    )
    rows = [("W0002", "service", 4, 50.0), ("W0002", "service", 4, 25.0), ("W0002", "service", 7, 60.0)]
    rows += [("W0002", "whole", None, 900.0), ("W0003", "service", 7, 0.0)]
    shares = pd.DataFrame(rows, columns=["neighbourhood_code", "part", "service_number", "lost_person_min"])
    after[ATTRIBUTION] = shares.assign(
        snapshot_from="2019", snapshot_to="2024", category="hospitals", window="sunday", people_cut_off=0.0
    ).assign(people_slower=0.0, loss_min=0.0)


def test_a_move_is_what_came_through_timetables_and_what_came_through_revision() -> None:
    before = build_version({"2019": (50.0, 40.0, 30.0)})
    after = build_version({"2019": (50.0, 42.0, 30.5), "2024": (50.2, 37.0, 30.5)})
    (move,) = compute_moves(compare(before, after))
    assert (move.code, move.before, move.after) == ("W0002", 40.0, 37.0)
    assert move.timetable == pytest.approx(-5.0)
    assert move.revision == pytest.approx(2.0)
    assert move.timetable + move.revision == pytest.approx(move.points)


def test_the_least_move_is_a_setting_and_the_greatest_fall_comes_first() -> None:
    before = build_version({"2024": (50.0, 40.0, 30.0)})
    after = build_version({"2024": (50.5, 37.0, 35.0)})
    assert [move.code for move in compute_moves(compare(before, after, 0.0))] == ["W0002", "W0001", "W0003"]
    assert [move.code for move in compute_moves(compare(before, after, 4.0))] == ["W0003"]
    assert compute_moves(compare(before, before, 0.0)) == []


def test_a_place_without_an_index_in_one_version_is_not_said_to_have_moved() -> None:
    before = build_version({"2024": (None, 40.0, 30.0)})
    after = build_version({"2024": (50.0, None, 30.0)})
    assert compute_moves(compare(before, after, 0.0)) == []


def test_an_earlier_snapshot_that_is_gone_leaves_the_parts_unknown() -> None:
    before, after = build_version({"2019": (50.0, 40.0, 30.0)}), build_version({"2024": (10.0, 40.0, 30.0)})
    (move,) = compute_moves(compare(before, after))
    assert (move.timetable, move.revision) == (None, None)


def test_an_index_of_other_indicators_is_not_said_to_have_moved() -> None:
    """The second date of an area brings change as an indicator: every place would seem to have moved by its weight."""
    before = build_version({"2019": (50.0, 40.0, 30.0)})
    after = build_version({"2019": (50.0, 40.0, 30.0), "2024": (60.0, 50.0, 40.0)})
    frame = after[d.SCORE]
    after[d.SCORE] = frame.assign(weights_hash=frame["weights_hash"].where(frame["snapshot"] == "2019", "1" * 64))
    report = compare(before, after)
    assert not is_index_comparable(report)
    assert compute_moves(report) == []
    assert "This cannot be told: the index is now made of other indicators" in build_change_page(report)


def test_an_index_that_the_settings_gave_other_weights_is_computed_anew_and_comparable() -> None:
    before = build_version({"2019": (50.0, 40.0, 30.0)})
    after = build_version({"2019": (55.0, 40.0, 30.0), "2024": (55.0, 35.0, 30.0)})
    after[d.SCORE] = after[d.SCORE].assign(weights_hash="1" * 64)
    assert [(m.code, m.timetable, m.revision) for m in compute_moves(compare(before, after))] == [
        ("W0002", -5.0, 0.0),
        ("W0001", 0.0, 5.0),
    ]


def test_where_the_earlier_date_has_become_the_first_the_parts_of_a_move_are_unknown() -> None:
    """The index of both versions has the same indicators, and the earlier date within the new version has not."""
    before = build_version({"2019": (50.0, 40.0, 30.0)})
    after = build_version({"2019": (20.0, 20.0, 20.0), "2024": (50.0, 35.0, 30.0)})
    frame = after[d.SCORE]
    after[d.SCORE] = frame.assign(weights_hash=frame["weights_hash"].where(frame["snapshot"] == "2024", "1" * 64))
    (move,) = compute_moves(compare(before, after))
    assert (move.code, move.points, move.timetable, move.revision) == ("W0002", -5.0, None, None)


def test_indicators_and_services_stand_behind_a_move() -> None:
    before = build_version({"2019": (50.0, 42.0, 30.0)})
    after = build_version({"2019": (50.0, 42.0, 30.0), "2024": (50.0, 37.0, 30.0)})
    add_reasons(after)
    report = compare(before, after)
    assert explain_by_indicators(report, "2019", "2024") == {"W0002": [("hospital_am", -6.0), ("runs_weekday", 1.0)]}
    assert explain_by_services(report, "2019", "2024") == {"W0002": [("26 (Coastal <b>)", 75.0), ("X (Y)", 60.0)]}
    page = build_change_page(report)
    assert "Time to a hospital, weekday morning \N{MINUS SIGN}6.0; Vehicle runs on a weekday +1.0" in page
    assert "26 (Coastal &lt;b&gt;); X (Y)" in page
    assert "New timetables: 8 October 2024." in page.replace("\N{NO-BREAK SPACE}", " ")


def test_names_from_feeds_cannot_leave_the_page() -> None:
    before, after = build_version({"2024": (50.0, 40.0, 30.0)}), build_version({"2024": (50.0, 30.0, 30.0)})
    page = build_change_page(compare(before, after))
    assert "<script>document" not in page
    assert "&lt;/script&gt;" in page


def test_inputs_are_new_gone_or_of_other_content() -> None:
    old, new = build_version({"2024": (1.0, 2.0, 3.0)}), build_version({"2024": (1.0, 2.0, 3.0)}, "b")
    table = build_inputs_change(old, new)
    assert table is not None
    assert [tuple(cell.text for cell in row) for row in table.rows] == [("bus.zip", "other content")]
    assert build_inputs_change(old, old) is None
    new[d.INPUTS] = new[d.INPUTS].assign(path=["tram.zip", "times/2024"])
    table = build_inputs_change(old, new)
    assert table is not None
    assert [tuple(cell.text for cell in row) for row in table.rows] == [("bus.zip", "gone"), ("tram.zip", "new")]


def test_news_say_when_the_timetables_are_the_same() -> None:
    version = build_version({"2024": (1.0, 2.0, 3.0)})
    sentences = describe_news(compare(version, version), "2024", "2024")
    assert sentences == ["The latest timetables are the same: whatever moved comes of other data, settings or code."]


def test_the_first_version_has_nothing_to_compare_with() -> None:
    page = build_change_page(compare(None, build_version({"2024": (1.0, 2.0, 3.0)})))
    assert "first version" in page
    assert "None: no date lost more" in page


def test_held_timetables_are_listed_with_who_accepted_them() -> None:
    after = build_version({"2024": (1.0, 2.0, 3.0)})
    gate = {
        "snapshot": "2024",
        "snapshot_before": "2019",
        "n_operators_lost": 1,
        "operators_lost": "Coastal",
        "trips_lost_pct": 31.0,
        "is_held": True,
        "is_accepted": True,
        "accepted_by": "A. Person",
        "accepted_date": "2024-11-01",
        "accepted_reason": "It ceased trading.",
    }
    after[GATES] = pd.DataFrame([gate])
    page = build_change_page(compare(None, after))
    assert "1 of the dates below passed a limit and was held" in page
    assert "A. Person, 2024-11-01: It ceased trading." in page
