"""A kernel that takes half as long again is found, as a ratio to a reference of the same run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.track import (
    HISTORY,
    build_kernels,
    find_slowdowns,
    measure_ratios,
    read_history,
    run_reference,
)

VALUES = np.random.default_rng(2).integers(0, 1 << 30, 200_000)


def _sort_once() -> object:
    return np.sort(VALUES)


def _sort_twice() -> object:
    return np.sort(VALUES), np.sort(VALUES[::-1].copy())


def test_half_as_long_again_is_too_slow_and_a_little_less_is_not() -> None:
    history = {"scan": [1.0, 2.0, 2.0, 2.0, 2.0, 2.1], "sort": [0.1]}
    assert find_slowdowns({"scan": 2.99, "sort": 0.1, "new": 9.0}, history) == {}
    assert find_slowdowns({"scan": 3.0, "sort": 0.1}, history) == {"scan": 1.5}


def test_work_that_is_done_twice_is_measured_and_found() -> None:
    usual = measure_ratios({"sort": _sort_once})
    slower = measure_ratios({"sort": _sort_twice})
    assert find_slowdowns(slower, {"sort": [usual["sort"]]}).keys() == {"sort"}
    again = measure_ratios({"sort": _sort_once})
    assert find_slowdowns(again, {"sort": [usual["sort"]]}) == {}


def test_a_slower_machine_slows_kernel_and_reference_alike() -> None:
    def run_reference_twice() -> object:
        return run_reference(), run_reference()

    fast = measure_ratios({"sort": _sort_once})["sort"]
    slow = measure_ratios({"sort": _sort_twice}, reference=run_reference_twice)["sort"]
    assert 0.67 < slow / fast < 1.5


def test_the_history_has_lines_for_every_kernel_and_can_be_read(tmp_path: Path) -> None:
    assert read_history(tmp_path / "none.csv") == {}
    history = read_history()
    assert HISTORY.is_file()
    assert set(history) >= {"nearest", "pairs", "walking", "statistics", "scores", "duplicates"}
    assert all(ratio > 0 for ratios in history.values() for ratio in ratios)


@pytest.mark.slow
def test_no_kernel_is_half_as_slow_again_as_it_used_to_be() -> None:
    history, kernels = read_history(), build_kernels()
    slow = find_slowdowns(measure_ratios(kernels), history)
    if slow:  # measured again by itself, so that a disturbance of one moment does not count
        slow = find_slowdowns(measure_ratios({name: kernels[name] for name in slow}), history)
    assert slow == {}
