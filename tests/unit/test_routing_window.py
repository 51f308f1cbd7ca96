"""Statistics over a window, against plain Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from pipeline.routing.kernels import run_blocks
from pipeline.routing.reduce_kernels import reduce_percentiles
from pipeline.routing.window import (
    PERCENTILES,
    DepartureWindow,
    build_window,
    compute_ranks,
    compute_shares,
    compute_statistics,
)


def _percentile(values, p):
    """Smallest value v such that at least p % of all values are <= v."""
    for v in sorted(values):
        if sum(x <= v for x in values) * 100 >= p * len(values):
            return v
    raise AssertionError


def _gap(times):
    useful = [
        m for m, t in enumerate(times) if t >= 0 and (m + 1 == len(times) or times[m + 1] < 0 or times[m + 1] + 60 > t)
    ]
    return max((60 * (b - a) for a, b in zip([0, *useful], useful, strict=False)), default=-1)


def test_against_plain_python():
    draw = random.Random(1)
    for n in (1, 2, 7, 60, 180):
        rows = [[draw.choice([-1, 300, draw.randrange(7200)]) for _ in range(n)] for _ in range(20)]
        rows += [[-1] * n, [600] * n, [60 * (n - m) for m in range(n)]]
        window = DepartureWindow(25_200, n, 7200)
        found = compute_statistics(np.array(rows, dtype=np.int32), window, percentiles=(0, 5, 25, 50, 75, 95, 100))
        for i, row in enumerate(rows):
            reachable = [t for t in row if t >= 0]
            infinite = [t if t >= 0 else math.inf for t in row]
            for p, got in zip((5, 25, 50, 75, 95, 100), found.percentile_s[i, 1:].tolist(), strict=True):
                wanted = _percentile(infinite, p)
                assert got == (-1 if wanted == math.inf else wanted)
            assert found.reachable_pct[i] == pytest.approx(100 * len(reachable) / n)
            if reachable:
                assert found.mean_s[i] == pytest.approx(sum(reachable) / len(reachable))
            else:
                assert np.isnan(found.mean_s[i])
            minutes = [m for m, t in enumerate(row) if t >= 0]
            assert found.first_departure_s[i] == (25_200 + 60 * minutes[0] if minutes else -1)
            assert found.last_departure_s[i] == (25_200 + 60 * minutes[-1] if minutes else -1)
            assert found.longest_gap_s[i] == _gap(row)


def test_gap_between_useful_departures():
    # a bus leaves at minutes 5 and 20 and takes 10 minutes; nothing later
    waiting = [next((60 * (b - m) + 600 for b in (5, 20) if b >= m), -1) for m in range(30)]
    found = compute_statistics(np.array([waiting], dtype=np.int32), DepartureWindow(0, 30, 7200))
    assert found.longest_gap_s.tolist() == [900]
    assert found.last_departure_s.tolist() == [1200]
    walking = compute_statistics(np.full((1, 30), 1500, np.int32), DepartureWindow(0, 30, 7200))
    assert walking.longest_gap_s.tolist() == [60]


def test_windows():
    assert build_window(25_200, 36_000, cap_s=7200) == DepartureWindow(25_200, 180, 7200)
    assert build_window(0, 61, cap_s=1).n_minutes == 2
    assert DepartureWindow(600, 10, 100).latest_s == 600 + 540 + 100
    for bad in ((0, 0, 10), (0, 1, -1), (2**30, 1, 1)):
        with pytest.raises(ValueError, match="window"):
            DepartureWindow(*bad)
    with pytest.raises(ValueError, match="10 minutes expected"):
        compute_statistics(np.zeros((2, 3), np.int32), DepartureWindow(0, 10, 10))
    with pytest.raises(ValueError, match="between 0 and 100"):
        compute_ranks([101], 10)


def test_shares():
    destination = np.array([[0, 0, 2, -2], [-2, -2, -2, -2]], dtype=np.int32)
    assert compute_shares(destination, 3).tolist() == [[2, 0, 1], [0, 0, 0]]


def test_blocks_cover_everything_once_and_pass_errors_on():
    for n_threads in (1, 3):
        done = np.zeros(130, np.int32)

        def work(first, end, done=done):
            done[first:end] += 1

        run_blocks(work, 130, n_threads=n_threads)
        assert done.tolist() == [1] * 130

        def fail(first, end):
            if first:
                raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            run_blocks(fail, 130, n_threads=n_threads)
    with pytest.raises(ValueError, match="at least 1"):
        run_blocks(work, 1, n_threads=0)


def test_the_percentiles_published_are_those_that_columns_are_named_by():
    assert PERCENTILES == (5, 25, 50, 75, 95)


def test_a_minute_after_which_one_arrives_at_once_is_not_useful_if_leaving_later_is_as_early():
    # leaving at minutes 1 or 2 gains nothing over minute 3, from which one is there at once
    times = np.array([[0, 500, 120, 0]], dtype=np.int32)
    assert compute_statistics(times, DepartureWindow(0, 4, 3600)).longest_gap_s.tolist() == [180]


def test_a_percentile_of_pairs_that_is_infinite_is_minus_one():
    times = np.array([[[60, -1, -1, -1]]], dtype=np.int32)
    out = np.zeros((1, 1, 2), dtype=np.int32)
    reduce_percentiles(times, np.array([0, 1], dtype=np.int32), out)
    assert out.tolist() == [[[60, -1]]]
