"""Distributions of differences between two sides."""

from __future__ import annotations

import numpy as np

from bench.crosscheck import compare_times


def _times(*values):
    return np.array(values, dtype=np.int32)


def test_pairs_are_counted_by_who_reaches_them():
    found = compare_times(_times(100, 100, -1, -1), _times(100, -1, 50, -1))
    assert [found[name] for name in ("pairs", "both", "ours_only", "theirs_only", "neither")] == [4, 1, 1, 1, 1]


def test_times_beyond_the_cap_count_as_none():
    found = compare_times(_times(100, 900), _times(100, 300), cap_s=600)
    assert (found["both"], found["theirs_only"]) == (1, 1)


def test_shares_and_quantiles_are_of_ours_less_theirs():
    found = compare_times(_times(100, 105, 200, 400), _times(100, 100, 300, 100))
    assert found["equal_pct"] == 25
    assert found["within_10_s_pct"] == 50
    assert found["ours_quicker_pct"] == 25
    assert found["mean_s"] == 51.2
    assert found["quantiles_s"]["0.99"] == 300


def test_without_common_pairs_there_is_no_distribution():
    assert "mean_s" not in compare_times(_times(-1), _times(5))
