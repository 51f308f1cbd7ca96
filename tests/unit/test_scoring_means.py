"""Means over small areas, worked by hand: what lies within reach, ranks, car times, visits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.scoring.car import CarTimes, build_neighbourhood_car, find_car_reasons
from pipeline.scoring.reach import build_ranks, build_reach
from pipeline.scoring.travel_time import Membership, build_membership


@pytest.fixture
def membership() -> Membership:
    """Neighbourhood A has small areas of 100 and 300 people, B one of 50, C none."""
    areas = pd.DataFrame({"neighbourhood_code": ["A", "A", "B"], "population": [100.0, 300.0, 50.0]})
    return build_membership(areas, ["A", "B", "C"])


def test_weight_within_reach_is_a_mean_by_people_and_null_off_the_streets(membership: Membership) -> None:
    values = np.array([[[10, 20, 30], [40, 60, 80]], [[0, 4, 8], [8, 12, 16]], [[1, 1, 1], [2, 2, 2]]], dtype=float)
    is_linked = np.array([True, True, False])
    table = build_reach(values, [15, 30], "jobs", is_linked=is_linked, membership=membership)
    rows = table.set_index(["neighbourhood_code", "limit_min"])
    assert rows.loc[("A", 15), ["jobs_p25", "jobs_p50", "jobs_p75"]].tolist() == [2.5, 8.0, 13.5]
    assert rows.loc[("A", 30), "jobs_p50"] == 24.0
    assert rows["people_without_pct"].to_dict()[("B", 15)] == 100.0
    assert rows["reason"].fillna("").to_dict() == {
        ("A", 15): "",
        ("B", 15): "no_street",
        ("C", 15): "no_street",
        ("A", 30): "",
        ("B", 30): "no_street",
        ("C", 30): "no_street",
    }


def test_ranks_of_the_nearest_have_a_row_each_and_the_reason_of_most_people(membership: Membership) -> None:
    first = [[600.0, 700.0, 800.0], [1000.0, 1100.0, 1200.0], [60.0, 60.0, 60.0]]
    second = [[900.0, 950.0, 990.0], [np.nan] * 3, [np.nan] * 3]
    percentile_s = np.stack([np.array(first), np.array(second)], axis=1)
    reason = np.array([[None, None], [None, "over_limit"], [None, "no_route"]], dtype=object)
    table = build_ranks(percentile_s, reason, membership).set_index(["neighbourhood_code", "rank"])
    assert table.loc[("A", 1), "travel_time_p50_s"] == 1000.0
    assert np.isnan(table.loc[("A", 2), "travel_time_p50_s"])  # 3 of 4 people have none
    assert table.loc[("A", 2), "people_without_pct"] == 75.0
    assert table.loc[("A", 2), "reason"] == "over_limit"
    assert table.loc[("B", 2), "reason"] == "no_route"


def test_why_there_is_no_car_time() -> None:
    seconds = np.array([60, -1, -1, -1], dtype=np.int32)
    is_joined = np.array([True, True, True, False])
    has_way = np.array([True, True, False, False])
    found = find_car_reasons(seconds, is_joined=is_joined, has_way=has_way, has_destination=True)
    assert found.tolist() == [None, "over_limit", "no_route", "no_street"]
    nowhere = find_car_reasons(seconds, is_joined=is_joined, has_way=has_way, has_destination=False)
    assert nowhere.tolist() == [None, "no_street", "no_street", "no_street"]


def test_the_ratio_is_that_of_the_means_over_those_who_have_both_times(membership: Membership) -> None:
    car = CarTimes(
        np.array([600, 1200, 300], dtype=np.int32),
        np.array([0, 1, 0], dtype=np.int32),
        np.array([None, None, None], dtype=object),
        ["H1", "H2"],
        ["One", "Two"],
    )
    transit = np.array([1800.0, 2400.0, np.nan])
    reason = np.array([None, None, "no_route"], dtype=object)
    table = build_neighbourhood_car(car, transit, reason, membership).set_index("neighbourhood_code")
    a, b = table.loc["A"], table.loc["B"]
    assert a["car_time_min"] == (600 * 100 + 1200 * 300) / 400 / 60
    assert a["public_transport_time_min"] == (1800 * 100 + 2400 * 300) / 400 / 60
    assert a["public_transport_to_car_ratio"] == 2250 / 1050
    assert (a["nearest_destination_id"], a["nearest_share_pct"], a["n_small_areas"]) == ("H2", 75.0, 2)
    assert b["car_time_min"] == 5.0
    assert np.isnan(b["public_transport_to_car_ratio"])
    assert (b["ratio_reason"], b["people_without_ratio_pct"]) == ("no_route", 100.0)
    assert pd.isna(b["reason"])
    assert table.loc["C", "reason"] == "no_street"
