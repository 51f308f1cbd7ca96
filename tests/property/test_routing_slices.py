"""The scan by slices of time against the plain scan: the same profiles to the last entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.routing import profile_scan
from pipeline.routing.profile_scan import build_seeds, compute_has_route, compute_nearest, compute_nearest_return
from pipeline.routing.slices import find_slice_s
from pipeline.routing.window import DepartureWindow
from tests.support.examples import limit_examples
from tests.support.routing_worlds import make_network, make_world

ALL = np.arange(3, dtype=np.int32)


@pytest.mark.parametrize("is_return", [False, True])
@settings(max_examples=limit_examples(300))
@given(
    seed=st.integers(0, 10**6),
    interchange_s=st.sampled_from([10, 30, 120, 400]),
    grain_s=st.sampled_from([30, 60]),
    start_s=st.sampled_from([0, 17, 1800]),
    cap_s=st.sampled_from([1500, 3600, 7200]),
    n_threads=st.sampled_from([1, 2]),
    has_many=st.booleans(),
)
def test_slices_give_the_same_profiles(is_return, seed, interchange_s, grain_s, start_s, cap_s, n_threads, has_many):
    size = {"n_lines": 14, "n_stops": 12} if has_many else {}
    network = make_network(make_world(seed, interchange_s=interchange_s, grain_s=grain_s, **size))
    window = DepartureWindow(start_s, 20, cap_s)
    seeds = build_seeds(network, ALL)
    search = compute_nearest_return if is_return else compute_nearest
    results = []
    for large in (10**9, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(profile_scan, "LARGE", large)
            times = search(network, seeds, window, n_threads=n_threads)
            results.append((times, compute_has_route(network, seeds, start_s, is_return=is_return)))
    (plain, plain_route), (sliced, sliced_route) = results
    np.testing.assert_array_equal(sliced.travel_time_s, plain.travel_time_s)
    np.testing.assert_array_equal(sliced.destination, plain.destination)
    np.testing.assert_array_equal(sliced_route, plain_route)


def test_changes_too_quick_for_slices_are_told():
    one = np.array([5], dtype=np.int32)
    assert find_slice_s(one, np.array([120], dtype=np.int32)) == 0
    assert find_slice_s(one * 10, np.array([2**30], dtype=np.int32)) == 50
    assert find_slice_s(one[:0], np.array([300], dtype=np.int32)) == 120
