"""Rank intervals, influence and changes against what the definitions say."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.indicators import compute_indicators
from pipeline.scoring.influence import compute_influence, compute_score_change
from pipeline.scoring.ranked import compute_mean_score, compute_rank, round_for_ranking
from pipeline.scoring.scores import compute_scores
from pipeline.scoring.spec import Uncertainty
from pipeline.scoring.uncertainty import compute_decile, compute_rank_interval, compute_ranks_without
from tests.support.scoring_worlds import build_neighbourhoods, build_tables, build_test_spec, score

laws = settings(max_examples=15, deadline=None, derandomize=True)


def draw_values(seed: int, n: int = 40, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((n, k)) < 0.1, np.nan, rng.integers(0, 50, (n, k)).astype(float))
    weights = rng.dirichlet(np.ones(k))
    return values, weights, ~np.isnan(values).all(axis=1)


@laws
@given(st.integers(0, 10_000), st.integers(1, 300))
def test_the_interval_is_that_of_all_draws_kept_in_memory(seed, n_draws):
    values, weights, has_score = draw_values(seed)
    uncertainty = Uncertainty(n_draws=n_draws, seed=seed)
    found = compute_rank_interval(values, weights, has_score, uncertainty)
    draws = np.maximum(np.random.default_rng(seed).dirichlet(30.0 * weights, size=n_draws), 1e-12)
    scored = values[has_score]
    ranks = np.array([compute_rank(round_for_ranking(compute_mean_score(scored, draw))) for draw in draws])
    low, high = np.percentile(ranks, [5, 95], axis=0, method="inverted_cdf")
    assert np.array_equal(found.low[has_score], low)
    assert np.array_equal(found.high[has_score], high)
    stated = compute_decile(compute_rank(round_for_ranking(compute_mean_score(scored, weights))), len(scored))
    share = 100.0 * (compute_decile(ranks, len(scored)) == stated).mean(axis=0)
    assert found.decile_share_pct[has_score] == pytest.approx(share)
    assert np.isnan(found.low[~has_score]).all()


def test_reruns_with_other_parameters_widen_the_intervals_of_those_whom_they_move():
    values = np.arange(100.0)[:, None].repeat(2, axis=1)
    weights, everybody = np.array([0.5, 0.5]), np.ones(100, dtype=bool)
    moved = values.copy()
    moved[0] = 1000.0
    alone = compute_rank_interval(values, weights, everybody, Uncertainty(n_draws=400))
    both = compute_rank_interval(values, weights, everybody, Uncertainty(n_draws=400), alternatives=[moved])
    assert alone.low[0] == alone.high[0] == 100
    assert (both.low[0], both.high[0]) == (1, 100)
    assert both.decile_share_pct[0] == pytest.approx(50, abs=8)
    assert (both.high - both.low)[1:].max() == 1


def test_doubtful_coverage_widens_the_interval_of_that_place_only():
    rng = np.random.default_rng(3)
    values = np.c_[np.arange(50.0), np.arange(50.0)[::-1]]
    weights, everybody = np.array([0.6, 0.4]), np.ones(50, dtype=bool)
    is_partial = np.zeros((50, 2), dtype=bool)
    is_partial[25, 0] = True
    settings_ = Uncertainty(n_draws=500, concentration=1e9, seed=int(rng.integers(100)))
    sure = compute_rank_interval(values, weights, everybody, settings_)
    doubtful = compute_rank_interval(values, weights, everybody, settings_, is_partial=is_partial)
    assert sure.high[25] - sure.low[25] == 0
    assert doubtful.high[25] - doubtful.low[25] >= 1
    assert np.delete(doubtful.high - doubtful.low, 25).max() <= 1


def test_a_place_that_would_lose_all_its_indicators_keeps_them():
    values, everybody = np.arange(20.0)[:, None], np.ones(20, dtype=bool)
    found = compute_rank_interval(
        values,
        np.ones(1),
        everybody,
        Uncertainty(n_draws=50, partial_left_out=1.0),
        is_partial=np.ones((20, 1), dtype=bool),
    )
    assert np.array_equal(found.low, np.arange(20, 0, -1))


@laws
@given(st.integers(0, 10_000))
def test_ranks_without_an_indicator_are_those_of_a_score_that_never_had_it(seed):
    values, weights, has_score = draw_values(seed)
    without = compute_ranks_without(values, weights, has_score)
    for left_out in range(values.shape[1]):
        others = np.arange(values.shape[1]) != left_out
        mean = compute_mean_score(values[:, others], weights[others] / weights[others].sum())
        assert np.array_equal(without[:, left_out], compute_rank(round_for_ranking(mean)), equal_nan=True)


def test_an_indicator_that_all_others_agree_with_has_no_influence_and_an_only_one_has_no_comparison():
    spec, tables = build_test_spec(weights=(1.0, 1.0, 0.0), n_draws=0), build_tables(4)
    times = tables["out_neighbourhood__travel_time"].sort("category", "neighbourhood_code")
    one = times.filter(pl.col("category") == "hospitals")
    same = pl.concat([one, one.with_columns(pl.lit("jobs").alias("category"))])
    indicators, _ = score(spec, tables | {"out_neighbourhood__travel_time": same})
    influence = compute_influence(spec, indicators, build_neighbourhoods(30))
    assert influence["rank_correlation"].to_list() == pytest.approx([1.0, 1.0])
    assert influence["rank_change_p95"].to_list() == [0.0, 0.0]
    assert influence["decile_changed_pct"].to_list() == [0.0, 0.0]
    alone = build_test_spec(weights=(1.0, 0.0, 0.0), n_draws=0)
    indicators, _ = score(alone, tables)
    influence = compute_influence(alone, indicators, build_neighbourhoods(30))
    assert influence["rank_correlation"].to_list() == [None]


@laws
@given(st.integers(0, 10_000))
def test_the_parts_of_a_change_add_up_to_the_change_of_score_and_index(seed):
    spec = build_test_spec(n_draws=0)
    first, last = build_tables(seed), build_tables(seed + 1)
    both = {name: pl.concat([first[name], last[name].with_columns(pl.lit("s2").alias("snapshot"))]) for name in first}
    places = build_neighbourhoods(30)
    codes = places["neighbourhood_code"].to_list()
    indicators = compute_indicators(spec, both, neighbourhood_codes=codes, snapshots=["s1", "s2"])
    scores = compute_scores(spec, indicators, places)
    change = compute_score_change(spec, indicators, places, snapshots=["s1", "s2"])
    total = change.group_by("neighbourhood_code").agg(
        pl.col("change_score_points").sum(),
        pl.col("change_index_points").sum(),
        pl.col("change_score_points").null_count().alias("n_null"),
    )
    before, after = (
        scores.filter(pl.col("snapshot") == s).select("neighbourhood_code", "score", "absolute_index")
        for s in ("s1", "s2")
    )
    joined = total.join(before, on="neighbourhood_code").join(after, on="neighbourhood_code", suffix="_after")
    for row in joined.iter_rows(named=True):
        if row["score"] is None or row["score_after"] is None:
            assert row["n_null"] == 4
        else:
            assert row["change_score_points"] == pytest.approx(row["score_after"] - row["score"], abs=1e-9)
            assert row["change_index_points"] == pytest.approx(
                row["absolute_index_after"] - row["absolute_index"], abs=1e-9
            )


def test_an_indicator_that_did_not_change_has_no_part_in_a_change():
    spec, tables = build_test_spec(n_draws=0), build_tables(11)
    levels = tables["out_neighbourhood__service_level"]
    fewer = levels.with_columns(pl.lit("s2").alias("snapshot"), (pl.col("runs_per_day") / 2).alias("runs_per_day"))
    times = tables["out_neighbourhood__travel_time"]
    both = {
        "out_neighbourhood__service_level": pl.concat([levels, fewer]),
        "out_neighbourhood__travel_time": pl.concat([times, times.with_columns(pl.lit("s2").alias("snapshot"))]),
    }
    places = build_neighbourhoods(30)
    codes = places["neighbourhood_code"].to_list()
    indicators = compute_indicators(spec, both, neighbourhood_codes=codes, snapshots=["s1", "s2"])
    change = compute_score_change(spec, indicators, places, snapshots=["s1", "s2"])
    others = change.filter(pl.col("indicator").is_in(["time_hospitals", "time_jobs", "missing_data"]))
    assert others["change_index_points"].drop_nulls().abs().max() == 0.0
    fell = change.filter((pl.col("indicator") == "runs") & (pl.col("coverage_class") != "missing"))
    assert (fell["change_index_points"].drop_nulls() <= 0).all()
    assert fell["change_index_points"].drop_nulls().min() < 0
