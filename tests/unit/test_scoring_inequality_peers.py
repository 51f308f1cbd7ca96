"""Inequality against textbook forms written another way; peers and comparisons against plain loops."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scoring.groups import compute_quantile
from pipeline.scoring.inequality import (
    compute_concentration,
    compute_fgt,
    compute_gini,
    compute_inequality,
    compute_palma,
)
from pipeline.scoring.peers import compute_comparisons, match_peers
from tests.support.scoring_worlds import build_neighbourhoods, build_tables, build_test_spec, score

laws = settings(max_examples=25, deadline=None, derandomize=True)


def expand(values, people):
    """Everybody on a line of their own."""
    return np.repeat(np.asarray(values, dtype=float), people)


people_and_values = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 90)), min_size=2, max_size=25)


@laws
@given(people_and_values)
def test_gini_is_half_the_mean_difference_between_two_people_over_the_mean(rows):
    people, values = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    everybody = expand(values, people)
    difference = np.abs(everybody[:, None] - everybody[None, :]).mean()
    assert compute_gini(values, people.astype(float)) == pytest.approx(difference / (2 * everybody.mean()), abs=1e-12)


@laws
@given(people_and_values)
def test_palma_counts_people_not_neighbourhoods(rows):
    people, values = np.array([r[0] for r in rows]) * 10, np.array([float(r[1]) for r in rows])
    everybody = np.sort(expand(values, people))
    n = len(everybody)
    assert n % 10 == 0
    expected = everybody[n * 9 // 10 :].sum() / everybody[: n * 4 // 10].sum()
    assert compute_palma(values, people.astype(float)) == pytest.approx(expected)


@laws
@given(people_and_values, st.integers(0, 1000))
def test_concentration_is_the_covariance_with_the_rank_of_each_person(rows, seed):
    people, values = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    standing = np.random.default_rng(seed).permutation(len(rows)).astype(float) + 1
    everybody, rank = expand(values, people), expand(standing, people)
    middle = np.array([((rank < r).sum() + (rank == r).sum() / 2) / len(rank) for r in rank])
    expected = 2 * np.mean((everybody - everybody.mean()) * (middle - middle.mean())) / everybody.mean()
    assert compute_concentration(values, people.astype(float), standing) == pytest.approx(expected, abs=1e-12)


def test_concentration_is_negative_where_the_most_deprived_wait_longest():
    values, people = np.array([90.0, 60.0, 30.0]), np.ones(3)
    assert compute_concentration(values, people, np.array([1.0, 2.0, 3.0])) < 0
    assert compute_concentration(values, people, np.array([3.0, 2.0, 1.0])) > 0
    assert compute_concentration(values, people, np.full(3, np.nan)) is None


def test_fgt_counts_people_beyond_an_hour_and_how_far():
    values, people = np.array([30.0, 90.0, 120.0, np.nan]), np.array([50.0, 30.0, 20.0, 900.0])
    assert compute_fgt(values, people, limit=60, alpha=0) == pytest.approx(0.5)
    assert compute_fgt(values, people, limit=60, alpha=1) == pytest.approx((30 * 0.5 + 20 * 1.0) / 100)
    assert compute_fgt(values, people, limit=60, alpha=2) == pytest.approx((30 * 0.25 + 20 * 1.0) / 100)
    stranded = np.array([30.0, np.inf])
    assert compute_fgt(stranded, np.ones(2), limit=60, alpha=0) == pytest.approx(0.5)
    assert compute_fgt(stranded, np.ones(2), limit=60, alpha=1) is None


def test_the_inequality_table_says_who_is_left_out():
    spec, tables = build_test_spec(n_draws=0), build_tables(2)
    indicators, _ = score(spec, tables)
    table = compute_inequality(spec, indicators, build_neighbourhoods(30))
    assert set(table["statistic"]) == {"gini", "palma", "concentration"}
    state = indicators.filter(pl.col("indicator") == "time_jobs").join(
        build_neighbourhoods(30), on="neighbourhood_code"
    )
    lost = state.filter(pl.col("value").is_null())["population"].sum() / state["population"].sum()
    row = table.filter((pl.col("measure") == "time_jobs") & (pl.col("statistic") == "gini"))
    assert row["people_without_pct"][0] == pytest.approx(100 * lost)


@laws
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 60))
def test_peers_are_the_nearest_of_all_within_the_class(seed, n_peers, n):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "neighbourhood_code": [f"N{i:03d}" for i in rng.permutation(n)],
            "deprivation_rank": [None if rng.random() < 0.1 else int(v) for v in rng.integers(1, 15, n)],
            "rurality": [str(c) for c in rng.choice(["urban", "rural"], n)],
        },
        schema_overrides={"deprivation_rank": pl.Int64},
    )
    found = match_peers(frame, n_peers=n_peers)
    rows = frame.rows(named=True)
    for row in rows:
        own = found.filter(pl.col("neighbourhood_code") == row["neighbourhood_code"])["peer_code"].to_list()
        if row["deprivation_rank"] is None:
            assert own == []
            continue
        others = [
            (abs(r["deprivation_rank"] - row["deprivation_rank"]), r["neighbourhood_code"])
            for r in rows
            if r["rurality"] == row["rurality"] and r["deprivation_rank"] is not None and r is not row
        ]
        assert own == [code for _, code in sorted(others)[:n_peers]]


def test_comparisons_are_medians_of_the_places_meant():
    spec, tables = build_test_spec(n_draws=0), build_tables(7)
    indicators, scores = score(spec, tables)
    places = build_neighbourhoods(30).with_columns(
        pl.int_range(pl.len()).alias("deprivation_rank"),
        (pl.int_range(pl.len()) % 2).cast(pl.String).alias("rurality"),
        (pl.int_range(pl.len()) % 3).cast(pl.String).alias("authority_code"),
    )
    peers = match_peers(places, n_peers=5)
    table = compute_comparisons(spec, indicators, scores, places, peers)
    state = indicators.filter(pl.col("indicator") == "runs").join(places, on="neighbourhood_code")
    row = state.filter(~pl.col("is_missing")).row(0, named=True)
    code = row["neighbourhood_code"]
    chosen = {
        "all": pl.lit(value=True),
        "authority": pl.col("authority_code") == row["authority_code"],
        "rurality": pl.col("rurality") == row["rurality"],
        "peers": pl.col("neighbourhood_code").is_in(
            peers.filter(pl.col("neighbourhood_code") == code)["peer_code"].implode()
        ),
    }
    found = table.filter((pl.col("neighbourhood_code") == code) & (pl.col("measure") == "runs")).row(0, named=True)
    for comparison, condition in chosen.items():
        values = state.filter(condition & ~pl.col("is_missing"))["value"].to_list()
        better = 100 * float(np.mean(np.array(values) < row["value"]))
        assert found[f"median_{comparison}"] == pytest.approx(float(np.median(values)))
        assert found[f"n_{comparison}"] == len(values)
        assert found[f"better_than_{comparison}_pct"] == pytest.approx(better)


def test_quartiles_count_the_unreachable_as_infinite():
    values = np.array([1.0, 2.0, 3.0, np.inf, np.nan])
    assert compute_quantile(values, 0.25) == 1.0
    assert compute_quantile(values, 0.75) == 3.0
    assert compute_quantile(np.array([1.0, np.inf]), 0.75) is None
    assert compute_quantile(np.array([np.nan]), 0.5) is None
