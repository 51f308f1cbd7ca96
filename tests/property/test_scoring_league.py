"""The league table of change: who is ranked, who is not and why, and that its figures are those of the parts."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from pipeline.base.tables import check_table
from pipeline.scoring.indicators import compute_indicators
from pipeline.scoring.influence import MISSING_DATA, compute_score_change, list_pairs
from pipeline.scoring.league import NO_SCORE, POINTS, compute_change_league
from pipeline.scoring.scores import compute_scores
from tests.support.scoring_worlds import build_neighbourhoods, build_tables, build_test_spec

laws = settings(max_examples=15, deadline=None, derandomize=True)
N = 30
PAIR = {"snapshot_from": "s1", "snapshot_to": "s2"}


def build_two(seed, *, later=None):
    """Two snapshots of a random world; the later drawn anew unless given."""
    first, last = build_tables(seed), later or build_tables(seed + 1)
    return {name: pl.concat([first[name], last[name].with_columns(pl.lit("s2").alias("snapshot"))]) for name in first}


def build_service_change(seed, *, comparison="consecutive"):
    """Coverage of each zone in the pair, drawn at random."""
    classes = np.random.default_rng(seed).choice(["comparable", "partial", "missing"], N, p=[0.6, 0.2, 0.2])
    rows = [
        {
            **PAIR,
            "neighbourhood_code": f"N{i:03d}",
            "comparison": comparison,
            "mode": "all",
            "day_type": "weekday",
            "band": "all_day",
            "coverage_class": str(each),
            "coverage_reason": "" if each == "comparable" else f"why {i}",
        }
        for i, each in enumerate(classes)
    ]
    return pl.DataFrame(rows)


def build_operators(coverage_class):
    return pl.DataFrame(
        [
            {
                **PAIR,
                "operator_name": "Gone Buses",
                "day_type": "weekday",
                "coverage_class": coverage_class,
                "coverage_reason": "Gone Buses is not in s2",
            }
        ]
    )


def rank_change(tables, *, spec=None, more=None, snapshots=("s1", "s2")):
    """League, parts and scores of a world."""
    spec, places = spec or build_test_spec(n_draws=0), build_neighbourhoods(N)
    codes = places["neighbourhood_code"].to_list()
    indicators = compute_indicators(spec, tables, neighbourhood_codes=codes, snapshots=list(snapshots))
    parts = compute_score_change(spec, indicators, places, snapshots=list(snapshots))
    league = compute_change_league(spec, indicators, places, parts, snapshots=list(snapshots), tables=more)
    checked = check_table(league.to_pandas(), "out_neighbourhood__change_league")
    return pl.from_pandas(checked), parts, compute_scores(spec, indicators, places)


@laws
@given(st.integers(0, 10_000))
def test_a_place_that_is_not_covered_is_never_ranked_and_always_says_why(seed):
    zones = build_service_change(seed)
    league, _, _ = rank_change(build_two(seed), more={"out_neighbourhood__service_change": zones})
    covered = set(zones.filter(pl.col("coverage_class") == "comparable")["neighbourhood_code"])
    for row in league.iter_rows(named=True):
        assert (row["rank"] is not None) == (row["coverage_class"] == "comparable")
        assert (row["coverage_reason"] == "") == (row["coverage_class"] == "comparable")
        assert row["rank"] is None or row["neighbourhood_code"] in covered
        assert row["n_ranked"] + row["n_not_ranked"] == N
    for (_, n_ranked), rows in league.group_by("measure", "n_ranked"):
        assert rows["rank"].count() == n_ranked
    uncovered = zones.filter(pl.col("coverage_class") == "missing")["neighbourhood_code"].to_list()
    lost = league.filter(pl.col("neighbourhood_code").is_in(uncovered))
    assert set(lost["coverage_class"]) == {"missing"}
    assert lost["change_points"].null_count() == lost["change_alike_points"].null_count() == lost.height


@laws
@given(st.integers(0, 10_000))
def test_the_parts_add_up_to_the_change_and_without_missing_data_to_the_change_that_is_ranked(seed):
    league, parts, scores = rank_change(build_two(seed))
    for measure, points in POINTS.items():
        whole = parts.group_by("neighbourhood_code").agg(pl.col(points).sum().alias("all"))
        known = parts.filter(pl.col("indicator") != MISSING_DATA)
        alike = known.group_by("neighbourhood_code").agg(pl.col(points).sum().alias("alike"))
        rows = league.filter((pl.col("measure") == measure) & (pl.col("coverage_class") != "missing"))
        assert rows.height > 0
        before = scores.filter(pl.col("snapshot") == "s1").select("neighbourhood_code", pl.col(measure).alias("own"))
        for row in (
            rows.join(whole, on="neighbourhood_code")
            .join(alike, on="neighbourhood_code")
            .join(before, on="neighbourhood_code")
            .iter_rows(named=True)
        ):
            assert row["change_points"] == pytest.approx(row["all"], abs=1e-8)
            assert row["change_points"] == pytest.approx(row["value_to"] - row["value_from"], abs=1e-8)
            assert row["change_alike_points"] == pytest.approx(row["alike"], abs=1e-8)
            assert row["value_from"] == pytest.approx(row["own"])


@laws
@given(st.integers(0, 10_000))
def test_rank_one_became_worse_most_and_equal_changes_share_their_mean_rank(seed):
    league, _, _ = rank_change(build_two(seed))
    for measure, sign in (("score", -1.0), ("absolute_index", 1.0)):
        ranked = league.filter((pl.col("measure") == measure) & pl.col("rank").is_not_null())
        expected = rankdata(sign * ranked["change_alike_points"].to_numpy(), method="average")
        assert np.array_equal(ranked["rank"].to_numpy(), expected)
        for _, rows in ranked.group_by("change_alike_points"):
            assert rows["rank"].n_unique() == 1
            assert set(rows["n_tied"]) == {rows.height - 1}


@laws
@given(st.integers(0, 10_000))
def test_where_nothing_changed_all_share_one_rank_and_no_indicator_is_named(seed):
    league, _, _ = rank_change(build_two(seed, later=build_tables(seed)))
    ranked = league.filter(pl.col("rank").is_not_null())
    assert ranked["rank"].unique().to_list() == [(ranked["n_ranked"][0] + 1) / 2]
    assert set(ranked["change_points"]) == {0.0}
    assert ranked["main_indicator"].null_count() == ranked.height


@laws
@given(st.integers(0, 10_000))
def test_the_main_indicator_is_the_largest_part_in_the_direction_of_the_change(seed):
    league, parts, _ = rank_change(build_two(seed))
    for row in league.filter(pl.col("main_indicator").is_not_null()).iter_rows(named=True):
        own = parts.filter(
            (pl.col("neighbourhood_code") == row["neighbourhood_code"]) & (pl.col("indicator") != MISSING_DATA)
        )
        direction = np.sign(row["change_alike_points"])
        towards = own[POINTS[row["measure"]]].to_numpy() * direction
        assert row["main_indicator_points"] * direction == pytest.approx(np.nanmax(towards), abs=1e-8)


def test_data_in_one_snapshot_only_takes_a_place_out_of_the_ranking():
    tables = build_two(5, later=build_tables(5))
    levels = tables["out_neighbourhood__service_level"]
    code = str(levels.filter(pl.col("coverage_class") == "comparable")["neighbourhood_code"][0])
    gone = (pl.col("neighbourhood_code") == code) & (pl.col("snapshot") == "s2")
    league, _, _ = rank_change(tables | {"out_neighbourhood__service_level": levels.filter(~gone)})
    row = league.filter((pl.col("neighbourhood_code") == code) & (pl.col("measure") == "score")).row(0, named=True)
    assert (row["coverage_class"], row["rank"]) == ("partial", None)
    assert row["coverage_reason"] == "data in one snapshot only: runs"


def test_journeys_that_moved_while_an_operator_is_missing_are_not_ranked_but_those_that_did_not_are():
    tables = build_two(7, later=build_tables(7))
    times = tables["out_neighbourhood__travel_time"]
    code = str(times.filter((pl.col("category") == "hospitals") & pl.col("reason").is_null())["neighbourhood_code"][3])
    moved = (pl.col("neighbourhood_code") == code) & (pl.col("snapshot") == "s2") & (pl.col("category") == "hospitals")
    later = pl.when(moved).then(pl.col("travel_time_p50_s") + 600).otherwise(pl.col("travel_time_p50_s"))
    tables |= {"out_neighbourhood__travel_time": times.with_columns(later.alias("travel_time_p50_s"))}
    sound, _, _ = rank_change(tables, more={"out_operator__coverage": build_operators("comparable")})
    shaky, _, _ = rank_change(tables, more={"out_operator__coverage": build_operators("missing")})
    for measure in POINTS:
        both = [each.filter(pl.col("measure") == measure) for each in (sound, shaky)]
        before, after = (set(each.filter(pl.col("rank").is_not_null())["neighbourhood_code"]) for each in both)
        assert before - after == {code}
        row = both[1].filter(pl.col("neighbourhood_code") == code).row(0, named=True)
        assert row["coverage_class"] == "partial"
        assert row["coverage_reason"].endswith("cover Gone Buses: time_hospitals")


def test_a_place_without_a_score_has_no_change_and_is_counted():
    tables = build_two(3, later=build_tables(3))
    one = pl.col("neighbourhood_code") == "N000"
    tables = {name: table.filter(~(one & (pl.col("snapshot") == "s2"))) for name, table in tables.items()}
    league, _, _ = rank_change(tables)
    rows = league.filter(one)
    assert rows["coverage_class"].to_list() == ["missing", "missing"]
    assert rows["coverage_reason"].to_list() == [NO_SCORE, NO_SCORE]
    assert rows["change_points"].to_list() == [None, None]


def test_intervals_hold_the_rank_and_other_weights_widen_them():
    league, _, _ = rank_change(build_two(21), spec=build_test_spec(n_draws=300))
    ranked = league.filter(pl.col("rank").is_not_null())
    assert (ranked["rank_low"] <= ranked["rank_high"]).all()
    assert (ranked["rank_high"] - ranked["rank_low"]).max() > 0
    assert league.filter(pl.col("rank").is_null())["rank_low"].null_count() == league["rank"].null_count()


def test_each_snapshot_is_compared_with_the_one_before_and_with_the_first_and_one_alone_with_none():
    assert list_pairs(["a"]) == []
    assert list_pairs(["a", "b"]) == [("a", "b")]
    assert list_pairs(["a", "b", "c", "d"]) == [("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("a", "d")]
    league, parts, _ = rank_change(build_tables(1), snapshots=("s1",))
    assert league.height == parts.height == 0
