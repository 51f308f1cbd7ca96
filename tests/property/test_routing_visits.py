"""Out-and-back journeys against every combination of minutes, on random worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing.profile_scan import build_nearest_walk, build_seeds, compute_nearest, compute_nearest_return
from pipeline.routing.visits import OutAndBack, VisitPlan, compute_out_and_back
from tests.support.examples import limit_examples
from tests.support.routing_oracle import compute_times
from tests.support.routing_worlds import make_network, make_world


@settings(max_examples=limit_examples(60))
@given(
    seed=st.integers(0, 10**6),
    begins=st.lists(st.integers(1000, 4000), min_size=1, max_size=6, unique=True).map(sorted),
    stay_s=st.sampled_from([0, 61, 900]),
    home_by_s=st.sampled_from([5000, 7200]),
    cap_s=st.sampled_from([1500, 3600]),
)
def test_every_combination_of_minutes(seed, begins, stay_s, home_by_s, cap_s):
    world = make_world(seed, n_lines=8)
    plan = VisitPlan(np.array(begins, dtype=np.int32), stay_s, 120, home_by_s, cap_s)
    outward, back = plan.outward, plan.back
    there = compute_times(world, outward.start_s, outward.n_minutes, cap_s)
    home = compute_times(world, back.start_s, back.n_minutes, cap_s, is_return=True)
    network, walk_s = make_network(world), np.array(world.walk, dtype=np.int32)
    journeys = []
    for one in range(3):
        seeds, walk = build_seeds(network, np.array([one], np.int32)), build_nearest_walk(walk_s[:, one : one + 1])
        times = [
            search(network, seeds, window, walk=walk).travel_time_s
            for search, window in ((compute_nearest, outward), (compute_nearest_return, back))
        ]
        journeys.append((times[0], times[1]))
    found = compute_out_and_back(iter(journeys), plan, n_origins=4)
    for origin in range(4):
        for number, begin in enumerate(begins):
            options = []
            for one in range(3):
                leaves = [120 + 60 * m for m, taken in enumerate(there[origin][one]) if taken >= 0]
                taken = dict(zip([120 + 60 * m for m in range(outward.n_minutes)], there[origin][one], strict=True))
                leaves = [leave for leave in leaves if leave + taken[leave] <= begin]
                arrivals = [
                    back.start_s + 60 * m + taken
                    for m, taken in enumerate(home[one][origin])
                    if taken >= 0 and back.start_s + 60 * m >= begin + stay_s
                ]
                arrivals = [arrival for arrival in arrivals if arrival <= home_by_s]
                if leaves and arrivals:
                    options.append((min(arrivals) - max(leaves), one, max(leaves), min(arrivals)))
            wanted = min(options) if options else (-1, -2, -1, -1)
            got = tuple(
                int(array[origin, number])
                for array in (found.time_away_s, found.destination, found.leave_s, found.home_s)
            )
            assert got == wanted
    check_summaries(found)


def check_summaries(found: OutAndBack) -> None:
    away = found.time_away_s
    for row, usable, least, median in zip(
        away, found.usable_pct, found.compute_percentile(0), found.compute_percentile(50), strict=True
    ):
        known = sorted(row[row >= 0].tolist())
        half = -(-len(row) // 2)
        assert usable == pytest.approx(100 * len(known) / len(row))
        assert least == (known[0] if known else -1)
        assert median == (known[half - 1] if len(known) >= half else -1)


@pytest.mark.parametrize(
    ("begins", "stay_s", "leave_after_s", "word"),
    [([], 0, 0, "rise"), ([120, 60], 0, 0, "rise"), ([60], 0, 120, "leave home"), ([60], 3600, 0, "does not end")],
)
def test_plans_that_make_no_sense(begins, stay_s, leave_after_s, word):
    with pytest.raises(ValueError, match=word):
        VisitPlan(np.array(begins, dtype=np.int32), stay_s, leave_after_s, 3600, 600)


def test_times_must_fit_the_plan():
    plan = VisitPlan(np.array([600], dtype=np.int32), 60, 0, 3600, 600)
    good = np.zeros((1, plan.outward.n_minutes), np.int32), np.zeros((1, plan.back.n_minutes), np.int32)
    assert compute_out_and_back([good], plan, n_origins=1).time_away_s.tolist() == [[60]]
    with pytest.raises(ValueError, match="shapes"):
        compute_out_and_back([(good[1], good[0])], plan, n_origins=1)
