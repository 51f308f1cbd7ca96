"""Each gate on a whole run, with one thing wrong at a time; and what explains a change."""

import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from pipeline.base.config import Gates
from pipeline.base.run_gates import COMPARED, MEANINGS, RunGates
from pipeline.change.run_gate import SETTINGS_CHANGED, compare_runs, compute_spread
from pipeline.change.run_record import build_record, count_rows, parse_record
from pipeline.change.run_sound import TripCounts, find_unknown_keys, judge_reasons, judge_schema, judge_trips
from pipeline.report.run_gates import LABELS, build_compared_table
from tests.support.run_worlds import CODES, ORIGIN, build_run_tables, record

BEFORE = record(build_run_tables(), run="before")
OTHER_INPUTS = replace(ORIGIN, inputs={"s1": "t1", "s2": "another"})


def hold(tables, *, origin=ORIGIN, **limits):
    """Gate and subject of everything that holds a run with these tables."""
    judged = compare_runs(BEFORE, record(tables, origin=origin), Gates(**limits))
    return {(each.gate, each.subject): each for each in judged if each.is_held}


def in_s2(frame):
    return frame["snapshot"] == "s2"


def test_a_run_that_holds_the_same_passes():
    assert hold(build_run_tables()) == {}


def test_the_first_run_has_nothing_to_be_compared_with():
    assert compare_runs(None, BEFORE, Gates()) == []


def test_a_rerun_of_the_same_results_is_not_compared_with_itself():
    assert compare_runs(BEFORE, replace(BEFORE, rows={}), Gates()) == []


def test_rows_that_are_gone_hold_the_run_and_the_message_says_how_many():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    tables["out_neighbourhood__travel_time"] = frame[~(in_s2(frame) & (frame["neighbourhood_code"] == "N007"))]
    (each,) = (one for key, one in hold(tables).items() if key[0] == "rows")
    assert each.subject == "out_neighbourhood__travel_time s2"
    assert each.text == "out_neighbourhood__travel_time of s2 has 78 rows instead of 80"
    assert (each.value, each.limit) == (2.5, 1.0)


def test_rows_may_change_a_little_where_the_inputs_of_a_snapshot_changed_but_not_much():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    tables["out_neighbourhood__travel_time"] = frame[~(in_s2(frame) & (frame["neighbourhood_code"] == "N007"))]
    assert hold(tables, origin=OTHER_INPUTS) == {}
    tables["out_neighbourhood__travel_time"] = frame[~(in_s2(frame) & (frame["neighbourhood_code"] < "N009"))]
    assert ("rows", "out_neighbourhood__travel_time s2") in hold(tables, origin=OTHER_INPUTS)


def test_more_rows_hold_a_run_as_fewer_do():
    tables = build_run_tables()
    frame = tables["out_point__link"]
    tables["out_point__link"] = pd.concat([frame, frame[in_s2(frame)]])
    assert hold(tables, origin=OTHER_INPUTS)["rows", "out_point__link s2"].value == 100.0


def test_a_table_that_is_gone_holds_the_run():
    tables = build_run_tables()
    del tables["out_operator__presence"]
    assert hold(tables)["rows", "out_operator__presence"].text == "out_operator__presence is gone (6 rows)"


def test_places_that_no_longer_join_the_streets_hold_the_run():
    tables = build_run_tables()
    frame = tables["out_point__link"]
    lost = in_s2(frame) & (frame["kind"] == "stop") & (frame.groupby(["snapshot", "kind"]).cumcount() < 6)
    tables["out_point__link"] = frame.assign(is_linked=frame["is_linked"] & ~lost)
    held = hold(tables, origin=OTHER_INPUTS)
    assert set(held) == {("places_linked", "stop s2")}
    assert held["places_linked", "stop s2"].value == 10.0


def test_nulls_that_rise_hold_the_run_by_category_and_reason():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    lost = in_s2(frame) & (frame["category"] == "jobs") & frame["neighbourhood_code"].isin(CODES[2:8])
    tables["out_neighbourhood__travel_time"] = frame.assign(
        travel_time_p50_s=frame["travel_time_p50_s"].mask(lost), reason=frame["reason"].mask(lost, "over_limit")
    )
    held = hold(tables, origin=OTHER_INPUTS)
    assert set(held) == {("nulls", "jobs over_limit s2")}
    assert held["nulls", "jobs over_limit s2"].value == 15.0


def test_an_operator_that_is_gone_holds_the_run_and_is_named():
    tables = build_run_tables()
    frame = tables["out_operator__presence"]
    gone = in_s2(frame) & (frame["operator_name"] == "Operator B")
    tables["out_operator__presence"] = frame.assign(is_present=~gone)
    held = hold(tables, origin=OTHER_INPUTS)
    assert held["operators", "s2"].text == "1 of 3 operators of s2 are gone (Operator B)"


def test_runs_that_are_gone_hold_the_run():
    tables = build_run_tables()
    frame = tables["out_system__total"]
    fewer = frame["runs_per_day"].where(~in_s2(frame), 0.85 * frame["runs_per_day"])
    tables["out_system__total"] = frame.assign(runs_per_day=fewer)
    assert set(hold(tables, origin=OTHER_INPUTS)) == {("runs", "s2")}
    assert hold(tables, origin=OTHER_INPUTS, max_trips_lost_pct=20) == {}


def test_scores_that_shift_hold_the_run_by_share_and_by_distribution():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__score"]
    tables["out_neighbourhood__score"] = frame.assign(
        absolute_index=frame["absolute_index"].where(~in_s2(frame), 0.4 * frame["absolute_index"])
    )
    held = hold(tables, origin=OTHER_INPUTS)
    assert set(held) == {("index_moved", "s2"), ("index_spread", "s2")}
    assert held["index_moved", "s2"].value > 25
    assert "median" in held["index_moved", "s2"].text


def test_places_that_swap_their_scores_are_seen_though_the_distribution_is_the_same():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__score"]
    swapped = frame.copy()
    swapped.loc[in_s2(frame), "absolute_index"] = frame.loc[in_s2(frame), "absolute_index"].to_numpy()[::-1]
    tables["out_neighbourhood__score"] = swapped
    assert set(hold(tables, origin=OTHER_INPUTS)) == {("index_moved", "s2")}


def test_travel_times_that_shift_hold_the_run_by_category():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    slow = in_s2(frame) & (frame["category"] == "jobs")
    tables["out_neighbourhood__travel_time"] = frame.assign(
        travel_time_p50_s=frame["travel_time_p50_s"].where(~slow, frame["travel_time_p50_s"] + 1800)
    )
    held = hold(tables, origin=OTHER_INPUTS)
    assert set(held) == {("time_moved", "jobs s2"), ("time_spread", "jobs s2")}
    assert held["time_moved", "jobs s2"].value == 95.0  # two have no time before and after


def test_where_no_input_of_a_snapshot_changed_a_single_place_that_moves_is_too_many():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    one = (frame["snapshot"] == "s1") & (frame["category"] == "jobs") & (frame["neighbourhood_code"] == "N030")
    tables["out_neighbourhood__travel_time"] = frame.assign(
        travel_time_p50_s=frame["travel_time_p50_s"].where(~one, frame["travel_time_p50_s"] + 1800)
    )
    assert set(hold(tables, origin=OTHER_INPUTS)) == {("time_moved", "jobs s1")}


def test_a_place_that_loses_its_time_has_moved():
    tables = build_run_tables()
    frame = tables["out_neighbourhood__travel_time"]
    lost = (frame["category"] == "jobs") & in_s2(frame) & (frame["neighbourhood_code"] > "N025")
    tables["out_neighbourhood__travel_time"] = frame.assign(
        travel_time_p50_s=frame["travel_time_p50_s"].mask(lost), reason=frame["reason"].mask(lost, "no_route")
    )
    assert hold(tables, origin=OTHER_INPUTS)["time_moved", "jobs s2"].value == 35.0


@pytest.mark.parametrize(
    "origin", [replace(ORIGIN, settings="other"), replace(ORIGIN, snapshots={"s1": "d1", "s2": "another date"})]
)
def test_what_somebody_changed_in_settings_or_area_file_is_listed_and_holds_nothing(origin):
    tables = build_run_tables()
    frame = tables["out_neighbourhood__score"]
    tables["out_neighbourhood__score"] = frame.assign(
        absolute_index=frame["absolute_index"].where(~in_s2(frame), 0.4 * frame["absolute_index"])
    )
    judged = compare_runs(BEFORE, record(tables, origin=origin), Gates())
    assert [each for each in judged if each.is_held] == []
    assert {each.gate for each in judged if each.explanation == SETTINGS_CHANGED} == {"index_moved", "index_spread"}


def test_another_snapshot_explains_its_own_rows_and_only_the_common_ones_are_judged():
    more = build_run_tables(snapshots=("s1", "s2", "s3"))
    origin = replace(ORIGIN, snapshots=ORIGIN.snapshots | {"s3": "d3"}, inputs=ORIGIN.inputs | {"s3": "t3"})
    assert hold(more, origin=origin) == {}
    frame = more["out_neighbourhood__travel_time"]
    more["out_neighbourhood__travel_time"] = frame[~(in_s2(frame) & (frame["neighbourhood_code"] < "N009"))]
    assert ("rows", "out_neighbourhood__travel_time s2") in hold(more, origin=origin)


def test_a_snapshot_put_in_between_changes_which_pairs_are_compared_and_may_bring_rows_but_loses_none():
    pairs = pd.DataFrame({"snapshot_from": ["s1"] * 4, "snapshot_to": ["s2"] * 4})
    before = record(build_run_tables() | {"out_neighbourhood__service_change": pairs}, run="before")
    tables = build_run_tables(snapshots=("s1", "s15", "s2")) | {"out_neighbourhood__service_change": pairs[:2]}
    links = tables["out_point__link"]
    tables["out_point__link"] = pd.concat([links, links[in_s2(links)]])
    assert not any(each.is_held for each in compare_runs(before, record(tables), Gates()))
    tables["out_point__link"] = links[~(in_s2(links) & (links["kind"] == "small_area"))]
    held = {(each.gate, each.subject) for each in compare_runs(before, record(tables), Gates()) if each.is_held}
    assert held == {("rows", "out_point__link s2")}


def test_another_first_snapshot_explains_why_scores_of_change_moved():
    one, other = replace(ORIGIN, order=["s1", "s2"]), replace(ORIGIN, order=["s0", "s1", "s2"])
    tables = build_run_tables()
    frame = tables["out_neighbourhood__score"]
    tables["out_neighbourhood__score"] = frame.assign(absolute_index=0.4 * frame["absolute_index"])
    before = record(build_run_tables(), run="before", origin=one)
    assert any(each.is_held for each in compare_runs(before, record(tables, origin=one), Gates()))
    assert not any(each.is_held for each in compare_runs(before, record(tables, origin=other), Gates()))


def test_rows_are_counted_by_snapshot_by_pair_and_as_a_whole():
    assert count_rows(pd.DataFrame({"snapshot": ["b", "a", "b"]})) == {"a": 1, "b": 2}
    assert count_rows(pd.DataFrame({"snapshot_from": ["a", "a"], "snapshot_to": ["b", "c"]})) == {"a>b": 1, "a>c": 1}
    assert count_rows(pd.DataFrame({"snapshot_to": ["b", "b"]})) == {"b": 2}
    assert count_rows(pd.DataFrame({"code": [1, 2, 3]})) == {"": 3}


def test_a_record_survives_being_written_down_and_is_the_same_for_the_same_tables():
    text = json.dumps(BEFORE.to_json(), sort_keys=True)
    assert parse_record(json.loads(text)) == BEFORE
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in reversed(build_run_tables().items())}
    assert json.dumps(record(shuffled, run="before").to_json(), sort_keys=True) == text
    assert parse_record({**BEFORE.to_json(), "version": 0}) is None


@pytest.mark.parametrize("seed", range(8))
def test_the_distance_between_distributions_is_that_of_kolmogorov_and_smirnov(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 20, 60).astype(float), rng.integers(3, 25, 45).astype(float)
    one[:seed] = np.inf
    expected = ks_2samp(np.where(np.isinf(one), 1e9, one), other).statistic
    assert compute_spread(one, other) == pytest.approx(expected)
    assert compute_spread(one, one) == 0.0


def test_rows_of_unknown_places_and_dates_are_named():
    frame = pd.DataFrame({"snapshot": ["s1", "s9"], "neighbourhood_code": ["N000", "X"], "peer_code": ["N001", None]})
    found = find_unknown_keys("out_some__table", frame, codes=CODES, snapshots=["s1", "s2"])
    assert found == [
        "table out_some__table has 1 rows with an unknown neighbourhood_code: X",
        "table out_some__table has 1 rows with an unknown snapshot: s9",
    ]
    assert judge_schema(found).is_held
    assert not judge_schema([]).is_held


def test_times_that_are_null_without_a_reason_hold_the_run():
    tables = build_run_tables()
    assert not any(each.is_held for each in judge_reasons(tables))
    frame = tables["out_neighbourhood__travel_time"]
    tables["out_neighbourhood__travel_time"] = frame.assign(reason=frame["reason"].mask(in_s2(frame)))
    assert {each.subject: each.value for each in judge_reasons(tables) if each.is_held} == {"s2": 4.0}


@pytest.mark.parametrize(
    ("counts", "gate"),
    [
        (TripCounts("s1", 100, 150, 0, 0), "stops_per_trip_low"),
        (TripCounts("s1", 100, 15_100, 0, 0), "stops_per_trip_high"),
        (TripCounts("s1", 100, 2_000, 21, 0), "impossible_trips"),
        (TripCounts("s1", 100, 2_000, 0, 101), "times_outside_day"),
    ],
)
def test_trips_that_cannot_be_hold_the_run(counts, gate):
    assert [each.gate for each in judge_trips([counts], RunGates()) if each.is_held] == [gate]
    assert not any(each.is_held for each in judge_trips([TripCounts("s1", 100, 2_000, 20, 100)], RunGates()))


def test_every_gate_has_a_meaning_and_a_label_in_the_report():
    assert set(LABELS) == set(MEANINGS)
    assert set(COMPARED) < set(MEANINGS)


def test_the_report_lists_what_came_nearest_to_its_limit_first():
    rows = [
        {"gate": "rows", "subject": "a", "value": 1.0, "limit": 10.0, "is_held": False, "text": "a", "explanation": ""},
        {"gate": "runs", "subject": "b", "value": 9.0, "limit": 10.0, "is_held": False, "text": "b", "explanation": ""},
    ]
    table = build_compared_table({"against": "x", "judged": rows})
    assert [row[1].text for row in table.rows] == ["B", "A"]
    assert build_compared_table({"against": None, "judged": []}) is None


def test_a_country_is_judged_in_little_time():
    rng = np.random.default_rng(0)
    codes = [f"E{i:08d}" for i in range(33_755)]
    scores = pd.concat(
        pd.DataFrame({"snapshot": s, "neighbourhood_code": codes, "absolute_index": rng.uniform(0, 100, len(codes))})
        for s in ("s1", "s2")
    )
    started = time.perf_counter()
    one = build_record("one", ORIGIN, {"out_neighbourhood__score": scores})
    shifted = scores.assign(absolute_index=scores["absolute_index"] + 1)
    other = build_record("other", ORIGIN, {"out_neighbourhood__score": shifted})
    assert not any(each.is_held for each in compare_runs(one, other, Gates()))
    assert time.perf_counter() - started < 10
