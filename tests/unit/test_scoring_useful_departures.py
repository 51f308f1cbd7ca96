"""A window in short: useful departures give back every minute, whatever the timetable."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.routing.profile_scan import NearestTimes, NearestWalk
from pipeline.routing.window import build_window
from pipeline.scoring.travel_time import NearestResult, build_membership
from pipeline.scoring.useful_departures import (
    build_useful_departures,
    choose_representatives,
    find_useful_departures,
    rebuild_minutes,
)
from tests.support.profile_worlds import build_small_areas

CAP_S = 3600
WINDOW = build_window(25_200, 27_000, cap_s=CAP_S)
RUNS = st.lists(st.tuples(st.integers(25_000, 30_000), st.integers(0, 5_000)), max_size=12)


def compute_slowly(runs: list[tuple[int, int]], walk_s: int) -> np.ndarray:
    """Travel time of every minute by trying every run: the slow oracle."""
    times = []
    for minute in range(WINDOW.start_s, WINDOW.last_s + 1, 60):
        found = [leave + ride - minute for leave, ride in runs if leave >= minute]
        found += [walk_s] if walk_s >= 0 else []
        best = min(found, default=-1)
        times.append(best if best <= CAP_S else -1)
    return np.array(times, dtype=np.int32)


@given(RUNS, st.one_of(st.just(-1), st.integers(0, CAP_S)))
def test_every_minute_comes_back(runs: list[tuple[int, int]], walk_s: int) -> None:
    times = compute_slowly(runs, walk_s)
    journeys = find_useful_departures(times, walk_s, WINDOW)
    assert rebuild_minutes(journeys, walk_s, WINDOW).tolist() == times.tolist()
    assert (np.diff(journeys, axis=0) > 0).all()


@given(RUNS, st.one_of(st.just(-1), st.integers(0, CAP_S)))
def test_every_deadline_comes_back(runs: list[tuple[int, int]], walk_s: int) -> None:
    backwards = compute_slowly(runs, walk_s)
    journeys = find_useful_departures(backwards, walk_s, WINDOW, is_mirrored=True)
    given_back = rebuild_minutes(journeys, walk_s, WINDOW, is_deadline=True)
    assert given_back.tolist() == backwards[::-1].tolist()


def test_two_buses_are_two_departures_and_the_walk_is_none() -> None:
    """Buses at 07:05 and 07:20 take ten minutes; the walk takes twenty, so that it is quicker from 07:06 to 07:09."""
    runs = [(WINDOW.start_s + 300, 600), (WINDOW.start_s + 1200, 600)]
    times = compute_slowly(runs, 1200)
    journeys = find_useful_departures(times, 1200, WINDOW)
    assert (journeys - WINDOW.start_s).tolist() == [[300, 900], [1200, 1800]]
    assert times[[0, 5, 6, 10, 11, 20, 21]].tolist() == [900, 600, 1200, 1200, 1140, 600, 1200]


def test_the_most_populous_linked_small_area_stands_for_a_neighbourhood() -> None:
    membership = build_membership(build_small_areas([("A", 50), ("A", 900), ("A", 50), ("B", 10)]), ["A", "B", "C"])
    linked = np.array([True, False, True, False])
    assert choose_representatives(membership, linked).tolist() == [0, 3, -1]


def test_rows_say_who_stands_for_whom_and_who_is_off_the_streets() -> None:
    areas = build_small_areas([("A", 100), ("A", 300), ("B", 10)])
    membership = build_membership(areas, ["A", "B", "C"])
    times = np.full((3, WINDOW.n_minutes), -1, np.int32)
    times[0] = compute_slowly([(WINDOW.start_s + 600, 900)], -1)
    none = np.full(3, -1, np.int32)
    result = NearestResult(
        NearestTimes(times, np.zeros_like(times)),
        NearestWalk(none, none),
        WINDOW,
        is_linked=np.array([True, False, False]),
        has_route=np.array([True, False, False]),
        has_destination=True,
        destination_ids=["H"],
        destination_names=["Hospital"],
    )
    table = build_useful_departures(result, membership, areas["small_area_code"].tolist())
    assert table["neighbourhood_code"].tolist() == ["A", "B"]
    assert table["small_area_code"].tolist() == ["s0", "s2"]
    assert table["people_pct"].tolist() == [25.0, 100.0]
    assert table["people_unlinked_pct"].tolist() == [75.0, 100.0]
    assert table["minutes_with_journey"].tolist() == [11, 0]
    assert table["journeys"].tolist() == [f"[[{WINDOW.start_s + 600},{WINDOW.start_s + 1500}]]", "[]"]
