"""The ranked score against its published anchors and an independent route; the absolute index; inequality."""

import math

import numpy as np
import pytest

from pipeline.scoring.absolute import compute_absolute_index
from pipeline.scoring.inequality import compute_gini
from pipeline.scoring.ranked import compute_rank, compute_ranked_score, compute_relative, round_for_ranking


@pytest.mark.parametrize(
    ("rank", "expected"), [(1, 100.0), (100, 83.8701), (743, 50.4622), (3717, 15.6498), (7433, 0.003054)]
)
def test_anchors_for_7433_areas(rank, expected):
    relative = compute_relative(np.array([float(rank)]), 7433)
    assert compute_ranked_score(relative)[0] == pytest.approx(expected, rel=2e-4 if rank == 7433 else 1e-6)


@pytest.mark.parametrize("n", [7433, 33_755])
def test_score_by_an_independent_route(n):
    """The cumulative distribution of the score is that of a truncated exponential: solve X for R by bisection."""
    rank = np.array([1.0, 2.0, n // 10, n // 2, n - 1, n])
    score = compute_ranked_score(compute_relative(rank, n))
    for r, x in zip(rank, score, strict=True):
        share = (n - r + 1) / n
        low, high = 0.0, 100.0
        for _ in range(200):
            middle = (low + high) / 2
            reached = (1 - math.exp(-middle / 23)) / (1 - math.exp(-100 / 23))
            low, high = (middle, high) if reached < share else (low, middle)
        assert x == pytest.approx(low, abs=1e-8)


def test_ranks_share_ties_and_leave_unknown_out():
    rank = compute_rank(np.array([5.0, np.inf, 5.0, np.nan, np.inf, 1.0]))
    assert rank.tolist()[:3] == [3.5, 1.5, 3.5]
    assert np.isnan(rank[3])
    assert rank.tolist()[4:] == [1.5, 5.0]


def test_absolute_index_is_linear_between_anchors_and_clipped():
    values = np.array([0.0, 900.0, 3150.0, 5400.0, np.inf])
    assert compute_absolute_index(values, best=900, worst=5400).tolist() == [100.0, 100.0, 50.0, 0.0, 0.0]
    assert compute_absolute_index(np.array([0.0, 60.0, 300.0]), best=120, worst=0).tolist() == [0.0, 50.0, 100.0]
    assert np.isnan(compute_absolute_index(np.array([np.nan]), best=1, worst=2)[0])
    with pytest.raises(ValueError, match="anchors"):
        compute_absolute_index(values, best=1, worst=1)


def test_gini_against_the_mean_absolute_difference():
    rng = np.random.default_rng(1)
    values, people = rng.gamma(2.0, 10.0, 40), rng.integers(1, 50, 40).astype(float)
    weight = np.outer(people, people)
    difference = np.abs(values[:, None] - values[None, :])
    mean = (values * people).sum() / people.sum()
    expected = (weight * difference).sum() / weight.sum() / (2 * mean)
    assert compute_gini(values, people) == pytest.approx(expected)
    assert compute_gini(np.full(3, 7.0), np.ones(3)) == pytest.approx(0.0)
    assert compute_gini(np.zeros(3), np.ones(3)) is None


def test_values_that_differ_beyond_the_ninth_decimal_tie() -> None:
    rank = compute_rank(round_for_ranking(np.array([1.0, 1.0 + 4e-10, 1.0 + 2e-9])))
    assert rank.tolist() == [2.5, 2.5, 1.0]
