"""Laws that scores obey whatever the data."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.scoring_worlds import build_tables, build_test_spec, score

laws = settings(max_examples=12, deadline=None, derandomize=True)
TIMES = "out_neighbourhood__travel_time"


@laws
@given(st.integers(0, 10_000))
def test_a_monotone_change_of_unit_leaves_ranks(seed):
    spec, tables = build_test_spec(), build_tables(seed)
    _, before = score(spec, tables)
    changed = tables[TIMES].with_columns((pl.col("travel_time_p50_s") / 60.0).pow(1.5))
    _, after = score(spec, tables | {TIMES: changed})
    columns = ["score", "rank", "decile", "rank_low", "rank_high", "n_missing"]
    assert before.select(columns).equals(after.select(columns))


@laws
@given(st.integers(0, 10_000), st.integers(0, 29), st.integers(1, 5000))
def test_a_worse_indicator_never_improves_the_score(seed, place, more):
    spec, tables = build_test_spec(), build_tables(seed)
    before = score(spec, tables)[1]
    at = (pl.col("neighbourhood_code") == f"N{place:03d}") & (pl.col("category") == "hospitals")
    time = pl.col("travel_time_p50_s")
    worse = tables[TIMES].with_columns(pl.when(at).then(time + more).otherwise(time).alias("travel_time_p50_s"))
    after = score(spec, tables | {TIMES: worse})[1]
    old, new = before["score"][place], after["score"][place]
    assert (old is None) == (new is None)
    if old is not None:
        assert new >= old - 1e-12
        assert after["rank"][place] <= before["rank"][place] + 1e-12


@laws
@given(st.integers(0, 10_000), st.integers(0, 29), st.sampled_from(["no_route", "over_limit"]))
def test_losing_the_last_journey_never_improves_a_score(seed, place, reason):
    spec, tables = build_test_spec(), build_tables(seed)
    row = tables[TIMES].filter((pl.col("neighbourhood_code") == f"N{place:03d}") & (pl.col("category") == "hospitals"))
    if row["reason"][0] == "no_street":
        return
    before = score(spec, tables)[1]
    at = (pl.col("neighbourhood_code") == f"N{place:03d}") & (pl.col("category") == "hospitals")
    lost = tables[TIMES].with_columns(
        pl.when(~at).then(pl.col("travel_time_p50_s")).alias("travel_time_p50_s"),
        pl.when(at).then(pl.lit(reason)).otherwise(pl.col("reason")).alias("reason"),
    )
    after = score(spec, tables | {TIMES: lost})[1]
    if before["score"][place] is not None:
        assert after["score"][place] >= before["score"][place] - 1e-12


@laws
@given(st.integers(0, 10_000))
def test_an_indicator_of_weight_nought_changes_nothing(seed):
    tables = build_tables(seed)
    _, with_it = score(build_test_spec(weights=(1.0, 0.0, 1.0)), tables)
    spec = build_test_spec(weights=(1.0, 0.0, 1.0))
    spec = spec.model_copy(update={"indicators": tuple(i for i in spec.indicators if i.name != "time_jobs")})
    _, without = score(spec, tables)
    assert with_it.equals(without)


@laws
@given(st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed):
    tables = build_tables(seed)
    shuffled = {name: table.sample(fraction=1.0, shuffle=True, seed=seed) for name, table in tables.items()}
    assert score(build_test_spec(), tables)[1].equals(score(build_test_spec(), shuffled)[1])


def test_nobody_is_lost_and_intervals_hold_the_rank_when_weights_hardly_move():
    spec = build_test_spec(n_draws=200)
    near = spec.model_copy(update={"uncertainty": spec.uncertainty.model_copy(update={"concentration": 1e7})})
    _, scores = score(near, build_tables(5))
    ranked = scores.filter(pl.col("rank").is_not_null())
    assert ranked["rank"].sum() == pytest.approx(ranked.height * (ranked.height + 1) / 2)
    assert (ranked["rank_low"] <= ranked["rank"] + 0.51).all()
    assert (ranked["rank_high"] >= ranked["rank"] - 0.51).all()
    assert np.isclose(sorted(ranked["decile"].unique().to_list()), range(1, 11)).all()
    assert (scores["coverage_class"] == "missing").sum() == scores["score"].null_count()
