"""Neighbourhood figures are weighted means over small areas; nulls have reasons and are counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.routing.profile_scan import NearestTimes, NearestWalk
from pipeline.routing.window import DepartureWindow
from pipeline.scoring.travel_time import (
    NearestResult,
    build_membership,
    build_neighbourhood_times,
    build_small_area_times,
    compute_weighted_mean,
)

NAN = float("nan")


def make_membership(people, codes=("W1", "W1", "W2", None)):
    small = pd.DataFrame({"neighbourhood_code": list(codes), "population": people})
    return build_membership(small, ["W1", "W2", "W3"])


def test_means_are_weighted_by_people():
    mean, without = compute_weighted_mean(np.array([600.0, 1200.0, 50.0, 9.0]), make_membership([100, 300, 5, 70]))
    assert mean.tolist()[:2] == [1050.0, 50.0]
    assert np.isnan(mean[2])
    assert without.tolist()[:2] == [0.0, 0.0]


def test_above_one_half_without_a_value_the_mean_is_null():
    membership = make_membership([100, 300, 5, 0])
    mean, without = compute_weighted_mean(np.array([600.0, NAN, NAN, 1.0]), membership)
    assert np.isnan(mean).all()
    assert without.tolist()[:2] == [75.0, 100.0]
    mean, without = compute_weighted_mean(np.array([NAN, 600.0, 7.0, 1.0]), membership)
    assert mean.tolist()[:2] == [600.0, 7.0]
    assert without[0] == 25.0


def test_exactly_one_half_still_has_a_mean():
    mean, without = compute_weighted_mean(np.array([NAN, 600.0, 7.0, 1.0]), make_membership([200, 200, 5, 0]))
    assert (mean[0], without[0]) == (600.0, 50.0)


def test_unknown_populations_count_alike():
    mean, _ = compute_weighted_mean(np.array([600.0, 1200.0, 7.0, 1.0]), make_membership([NAN, NAN, 0.0, NAN]))
    assert mean.tolist()[:2] == [900.0, 7.0]


@pytest.fixture
def result():
    times = np.array([[60, 120, 180, 240], [300, -1, -1, -1], [-1] * 4, [-1] * 4], dtype=np.int32)
    winner = np.array([[0, 0, 1, 0], [1, -2, -2, -2], [-2] * 4, [-2] * 4], dtype=np.int32)
    return NearestResult(
        NearestTimes(times, winner),
        NearestWalk(np.array([600, -1, -1, -1], np.int32), np.array([0, -2, -2, -2], np.int32)),
        DepartureWindow(25_200, 4, 7200),
        is_linked=np.array([True, True, True, False]),
        has_route=np.array([True, True, False, False]),
        has_destination=True,
        destination_ids=["H1", "H2"],
        destination_names=["General", "Cottage"],
    )


def test_small_areas_have_statistics_reasons_and_shares(result):
    table, shares = build_small_area_times(result)
    assert table["travel_time_p50_s"].tolist()[0] == 120.0
    assert table["travel_time_mean_s"].tolist()[:2] == [150.0, 300.0]
    assert table["reachable_pct"].tolist()[:3] == [100.0, 25.0, 0.0]
    assert table["reason"].fillna("").tolist() == ["", "over_limit", "no_route", "no_street"]
    assert shares.tolist() == [[3, 1], [0, 1], [0, 0], [0, 0]]
    assert table["nearest_destination_id"].tolist()[:2] == ["H1", "H2"]
    assert table["nearest_share_pct"].tolist()[0] == 75.0
    assert table["destinations_nearest"][0].startswith('[{"id": "H1", "name": "General", "share_pct": 75.0}')


def test_neighbourhoods_take_the_reason_of_most_people(result):
    table, shares = build_small_area_times(result)
    membership = make_membership([100, 300, 200, 900], codes=("W1", "W1", "W2", "W2"))
    frame = build_neighbourhood_times(table, shares, membership, result).set_index("neighbourhood_code")
    assert frame["reason"].to_dict() == {"W1": "over_limit", "W2": "no_street", "W3": "no_street"}
    assert frame["people_without_pct"].to_dict()["W1"] == 75.0
    assert frame["n_small_areas"].tolist() == [2, 2, 0]
    assert frame.loc["W1", "nearest_destination_id"] == "H2"
    assert np.isnan(frame.loc["W1", "travel_time_p50_s"])
    assert frame.loc["W1", "travel_time_mean_s"] == pytest.approx((100 * 150 + 300 * 300) / 400)
