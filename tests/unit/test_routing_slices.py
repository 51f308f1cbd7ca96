"""How the backward scan is cut into slices of time and shared out between two threads, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.routing.kernels import INF
from pipeline.routing.slices import Connections, _cut, _find_split, find_slice_s, scan_by_slices


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize(
    ("foot_s", "stop_change_s", "expected"),
    [
        ((90, 60), (20, 80), 20),
        ((90, 30), (60, 80), 30),
        ((500,), (700,), 120),
        ((10,), (60,), 10),
        ((60,), (9,), 0),
        ((), (45,), 45),
        ((45,), (), 45),
        ((0,), (60,), 0),
    ],
)
def test_a_slice_is_as_long_as_the_quickest_change_within_bounds(foot_s, stop_change_s, expected):
    assert find_slice_s(ints(*foot_s), ints(*stop_change_s)) == expected


def test_no_two_connections_of_a_slice_are_as_far_apart_as_a_slice_is_long():
    assert _cut(ints(0, 40, 60, 100, 100, 159, 160), 60).tolist() == [0, 2, 5, 7]
    assert _cut(ints(7), 60).tolist() == [0, 1]
    assert _cut(ints(), 60).tolist() == [0]


def test_two_threads_have_half_of_the_changes_each():
    rows, changes = ints(0, 1, 2, 3, 4), ints(0, 0, 0, 0, 0)
    assert _find_split(rows, changes) == 1
    assert _find_split(ints(0, 6, 7, 8, 9), changes) == 0
    assert _find_split(rows, ints(0, 0, 0, 0, 9)) == 3
    assert _find_split(ints(0, 1, 2, 8), ints(0, 5, 5, 5)) == 0
    assert _find_split(ints(0), ints(0)) == 0


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("wait_s", [0, -1, 300])
@pytest.mark.parametrize(("shift", "ride_s", "begin_s"), [(0, 100, 0), (20, 20, 0), (20, 100, -1_000_000)])
def test_a_chain_of_changes_is_made_whenever_there_is_time(wait_s, n_threads, shift, ride_s, begin_s):
    """Forty rides in a row, one vehicle each; only the last stop is near a destination.

    Numbers of stops begin anywhere, rides may be shorter than a slice, and mirrored times lie before zero.
    """
    n = 40
    change_s = 60
    step_s = ride_s + change_s + wait_s
    dep_s = np.int32(begin_s) + np.arange(n, dtype=np.int32) * np.int32(step_s)
    stop = ((np.arange(n + 1) + shift) % (n + 1)).astype(np.int32)
    near = stop[-1]
    connections = Connections(
        dep_stop=stop[:-1],
        arr_stop=stop[1:],
        dep_s=dep_s,
        arr_s=dep_s + np.int32(ride_s),
        trip=np.arange(n, dtype=np.int32),
        can_board=np.ones(n, np.uint8),
        can_alight=np.ones(n, np.uint8),
    )
    begin, length, board = scan_by_slices(
        connections,
        n_trips=n,
        seeds=tuple(np.where(np.arange(n + 1) == near, value, INF).astype(np.int32) for value in (30, 7)),
        stop_change_s=np.full(n + 1, change_s, np.int32),
        foot=(np.zeros(n + 2, np.int32), ints(), ints()),
        limits=(begin_s, begin_s + 500_000, 500_000),
        slice_s=change_s,
        n_threads=n_threads,
    )
    arrival_s = int(dep_s[-1]) + ride_s + 30
    first = 0 if wait_s >= 0 else n - 1
    assert np.diff(begin).tolist() == [int(place != near) for place in range(n + 1)]
    assert length[stop].tolist() == [int(first <= k < n) for k in range(n + 1)]
    assert board[begin[stop[first:-1]]].tolist() == [[int(dep_s[k]), arrival_s, 7] for k in range(first, n)]


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("earliest_s", "latest_s", "cap_s", "is_possible"),
    [(0, 999, 999, True), (330, 660, 430, True), (0, 659, 999, False), (0, 999, 429, False), (331, 999, 999, False)],
)
def test_limits_hold_to_the_second(earliest_s, latest_s, cap_s, is_possible, n_threads):
    """Ride from 230 to 330, change on foot for 70 s, ride from 400 to 500, walk for 160 s."""
    connections = Connections(
        dep_stop=ints(0, 2),
        arr_stop=ints(1, 3),
        dep_s=ints(230, 400),
        arr_s=ints(330, 500),
        trip=ints(0, 1),
        can_board=np.ones(2, np.uint8),
        can_alight=np.ones(2, np.uint8),
    )
    begin, length, board = scan_by_slices(
        connections,
        n_trips=2,
        seeds=(ints(INF, INF, INF, 160), ints(INF, INF, INF, 0)),
        stop_change_s=ints(60, 60, 60, 60),
        foot=(ints(0, 0, 0, 1, 1), ints(1), ints(70)),
        limits=(earliest_s, latest_s, cap_s),
        slice_s=60,
        n_threads=n_threads,
    )
    assert begin.tolist() == [0, 1, 1, 2, 2]
    assert length.tolist() == [int(is_possible), 0, int(latest_s >= 660), 0]
    if is_possible:
        assert board.tolist() == [[230, 660, 0], [400, 660, 0]]
