"""Transport performance and floating catchments: cases worked by hand, and plain second implementations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.floating_catchment import build_catchments, compute_floating_catchment
from pipeline.scoring.transport_performance import build_performance, count_people_nearby
from pipeline.scoring.travel_time import build_membership
from pipeline.stages.measures_reach import lead_home
from tests.support.routing_worlds import make_network, make_world

AREAS = pd.DataFrame(
    {"neighbourhood_code": ["N1", "N1", "N2", "N3"], "population": [100.0, 300.0, 100.0, 0.0]},
)
MEMBERS = build_membership(AREAS, ["N1", "N2", "N3"])
PEOPLE = AREAS["population"].to_numpy()
ALL = np.ones(4, dtype=bool)


def test_people_on_the_circle_are_near_and_those_beyond_are_not():
    position = np.array([[0.0, 0.0], [7500.0, 0.0], [0.0, -7500.1], [np.inf, np.inf]])
    nearby = count_people_nearby(position, np.array([1.0, 10.0, 100.0, 1000.0]))
    np.testing.assert_array_equal(nearby, [11.0, 11.0, 100.0, np.nan])


@given(points=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 500)), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_people_nearby_are_those_of_a_loop_over_all_pairs(points):
    x, y, people = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    found = count_people_nearby(1000 * np.column_stack([x, y]), people)
    for here in range(len(points)):
        near = (x - x[here]) ** 2 + (y - y[here]) ** 2 <= 7.5**2
        assert found[here] == people[near].sum()


def test_the_performance_of_a_neighbourhood_is_the_mean_of_ratios_by_people():
    """N1: 100 people at 200 of 400 and 300 at 450 of 300: (100 x 50 + 300 x 150) / 400 = 125."""
    frame = build_performance(
        np.array([200.0, 450.0, 100.0, 0.0]), np.array([400.0, 300.0, 400.0, 0.0]), ALL, MEMBERS
    ).set_index("neighbourhood_code")
    assert frame["transport_performance_pct"].tolist()[:2] == [125.0, 25.0]
    assert frame.loc["N1", ["people_reached", "people_nearby"]].tolist() == [387.5, 325.0]
    assert frame["reason"].fillna("").tolist() == ["", "", "no_people"]


def test_small_areas_off_the_streets_have_no_performance():
    is_linked = np.array([True, False, False, True])
    frame = build_performance(np.full(4, 50.0), np.full(4, 100.0), is_linked, MEMBERS).set_index("neighbourhood_code")
    assert frame["reason"].fillna("").tolist() == ["no_street", "no_street", ""]
    assert frame["people_without_pct"].tolist() == [75.0, 100.0, 0.0]


@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_leads_home_is_one_whose_destinations_are_the_origins(seed):
    world = make_world(seed)
    homes = [{} for _ in range(world.n_stops)]
    for origin, legs in enumerate(world.access):
        for stop, seconds in legs.items():
            homes[stop][origin] = seconds
    found, network = lead_home(make_network(world)), make_network(world)
    for stop, expected in enumerate(homes):
        row = slice(found.egress_indptr[stop], found.egress_indptr[stop + 1])
        assert dict(zip(found.egress_dest[row].tolist(), found.egress_s[row].tolist(), strict=True)) == expected
    same = {name: getattr(network, name) for name in ("egress_indptr", "egress_dest", "egress_s")}
    back = replace(found, **same)
    assert all(np.array_equal(value, getattr(back, name)) for name, value in vars(network).items())


def test_two_steps_worked_by_hand():
    """Hospital A (4 beds) is near 500 people: 4 / 500; B (2 beds) near 100: 2 / 100. The third place has both."""
    times = np.array([[0, -1], [100, 1801], [1800, 5], [-1, -1]], dtype=np.int32)
    ratio = compute_floating_catchment(times, PEOPLE, np.array([4.0, 2.0]), limit_s=1800)
    np.testing.assert_allclose(ratio, [0.008, 0.008, 0.028, 0.0])
    frame = build_catchments(ratio, ALL, MEMBERS)
    np.testing.assert_allclose(frame["supply_per_1000_people"], [8.0, 28.0, 0.0])
    assert frame["reason"].isna().all()


def test_a_hospital_near_nobody_has_no_ratio():
    times = np.array([[-1], [-1], [-1], [60]], dtype=np.int32)
    ratio = compute_floating_catchment(times, PEOPLE, np.array([1.0]), limit_s=1800)
    np.testing.assert_array_equal(ratio, [0.0, 0.0, 0.0, np.nan])
    assert build_catchments(ratio, ALL, MEMBERS)["reason"].fillna("").tolist() == ["", "", "no_people"]
    assert build_catchments(ratio, ~ALL, MEMBERS)["reason"].tolist() == ["no_street"] * 3


@given(
    times=st.lists(st.lists(st.integers(-1, 4), min_size=3, max_size=3), min_size=1, max_size=8),
    supply=st.tuples(*[st.integers(0, 9)] * 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_floating_catchments_are_those_of_loops_and_share_out_all_supply_that_is_reached(times, supply, seed):
    people = np.random.default_rng(seed).integers(1, 50, len(times)).astype(float)
    found = compute_floating_catchment(
        np.array(times, dtype=np.int32), people, np.array(supply, dtype=float), limit_s=2
    )
    near = [[0 <= t <= 2 for t in row] for row in times]
    shared = [sum(p for p, row in zip(people, near, strict=True) if row[k]) for k in range(3)]
    for row, value in zip(near, found, strict=True):
        assert value == pytest.approx(sum(supply[k] / shared[k] for k in range(3) if row[k]))
    assert people @ found == pytest.approx(sum(s for s, total in zip(supply, shared, strict=True) if total))
