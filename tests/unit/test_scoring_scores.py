"""Scores of three places, worked by hand: ties, weights with data, reruns, coverage."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.scoring.indicators import compute_indicators
from pipeline.scoring.scores import build_score_matrix, compute_scores
from pipeline.scoring.spec import ScoringSpec, build_spec

PLACES = pl.DataFrame(
    {"neighbourhood_code": ["a", "b", "c"], "neighbourhood_name": ["A", "B", "C"], "area_group": ["other"] * 3}
)


def _build_spec(weights: dict[str, float], *, min_weight_share: float = 0.5, n_draws: int = 0) -> ScoringSpec:
    indicators = [
        {
            "name": name,
            "label": name,
            "definition": "What is measured.",
            "table": name,
            "column": "value",
            "unit": "s",
            "worse": "high",
            "domain": "d",
            "weight": weight,
            "nulls": "unreachable",
            "anchors": {"best": 0, "worst": 100},
        }
        for name, weight in weights.items()
    ]
    return build_spec(
        {
            "name": "test",
            "min_weight_share": min_weight_share,
            "uncertainty": {"n_draws": n_draws},
            "domains": {"d": {"label": "d", "weight": 1}},
            "indicators": indicators,
        }
    )


def _indicate(spec: ScoringSpec, *, snapshots: tuple[str, ...] = ("s",), **values: list[float | None]) -> pl.DataFrame:
    tables = {
        name: pl.DataFrame(
            {
                "snapshot": [snapshot for snapshot in snapshots for _ in column],
                "neighbourhood_code": ["a", "b", "c"][: len(column)] * len(snapshots),
                "value": column * len(snapshots),
                "reason": [None if v is not None else "no_street" for v in column] * len(snapshots),
            },
            schema_overrides={"value": pl.Float64, "reason": pl.String},
        )
        for name, column in values.items()
    }
    return compute_indicators(spec, tables, neighbourhood_codes=["a", "b", "c"], snapshots=list(snapshots))


def _column(scores: pl.DataFrame, name: str) -> list[object]:
    return scores.sort("snapshot", "neighbourhood_code")[name].to_list()


def test_equal_places_share_a_rank_and_each_says_how_many_others_there_are() -> None:
    spec = _build_spec({"x": 1})
    scores = compute_scores(spec, _indicate(spec, x=[10, 10, 50]), PLACES)
    assert _column(scores, "rank") == [2.5, 2.5, 1.0]
    assert _column(scores, "n_tied") == [1, 1, 0]
    assert _column(scores, "absolute_index") == [90.0, 90.0, 50.0]


def test_a_place_with_just_enough_of_the_weights_has_a_score_and_one_with_less_has_none() -> None:
    spec = _build_spec({"x": 1, "y": 1}, min_weight_share=0.5)
    indicators = _indicate(spec, x=[10, 20, None], y=[30, None, None])
    scores = compute_scores(spec, indicators, PLACES)
    assert [score is None for score in _column(scores, "score")] == [False, False, True]
    assert _column(scores, "coverage_class") == ["comparable", "partial", "missing"]
    assert _column(scores, "n_missing") == [0, 1, 2]
    more = _build_spec({"x": 1, "y": 1}, min_weight_share=0.51)
    assert [score is None for score in _column(compute_scores(more, indicators, PLACES), "score")] == [
        False,
        True,
        True,
    ]


def test_weights_are_shared_out_among_indicators_with_data() -> None:
    spec = _build_spec({"x": 1, "y": 3, "z": 4, "nought": 0})
    indicators = _indicate(spec, x=[10, 20, 30], y=[1, 2, 3], z=[None] * 3, nought=[3, 2, 1])
    matrix = build_score_matrix(spec, indicators, PLACES, "s")
    assert matrix.weights == {"x": 0.25, "y": 0.75}


def test_every_snapshot_has_its_own_scores() -> None:
    spec = _build_spec({"x": 1})
    first, second = _indicate(spec, x=[10, 20, 30]), _indicate(spec, snapshots=("t",), x=[30, 20, 10])
    scores = compute_scores(spec, pl.concat([first, second]), PLACES)
    assert _column(scores, "rank") == [3.0, 2.0, 1.0, 1.0, 2.0, 3.0]
    assert _column(scores, "snapshot") == ["s"] * 3 + ["t"] * 3


@pytest.mark.parametrize(("snapshot", "is_wider"), [("s", True), ("t", False)])
def test_a_rerun_widens_the_ranks_of_its_own_snapshot_only(snapshot: str, is_wider: bool) -> None:
    spec = _build_spec({"x": 1}, n_draws=20)
    indicators = _indicate(spec, x=[10, 20, 30])
    rerun = _indicate(spec, snapshots=(snapshot,), x=[30, 20, 10])
    alone = compute_scores(spec, indicators, PLACES)
    scores = compute_scores(spec, indicators, PLACES, reruns={"slow": rerun})
    assert _column(alone, "rank_low") == _column(alone, "rank_high")
    assert (_column(scores, "rank_low") != _column(alone, "rank_low")) == is_wider
    assert _column(scores, "rank") == _column(alone, "rank")


def test_an_indicator_on_partial_coverage_makes_a_score_partial_and_one_that_is_missing_too() -> None:
    spec = _build_spec({"x": 1, "y": 1})
    whole = _indicate(spec, x=[10, 20, 30], y=[1, 2, 3])
    is_partial = (pl.col("indicator") == "x") & (pl.col("neighbourhood_code") == "b")
    doubtful = whole.with_columns(pl.when(is_partial).then(pl.lit("partial")).alias("coverage_class"))
    scores = compute_scores(spec, doubtful, PLACES)
    assert _column(scores, "coverage_class") == ["comparable", "partial", "comparable"]
    assert build_score_matrix(spec, doubtful, PLACES, "s").is_partial.tolist() == [
        [False, False],
        [True, False],
        [False, False],
    ]


def test_what_is_missing_is_null_and_never_not_a_number() -> None:
    indicators = _indicate(_build_spec({"x": 1}), x=[10, None, 30])
    missing = indicators.filter(pl.col("neighbourhood_code") == "b")
    assert missing["is_missing"].to_list() == [True]
    for name in ("value", "rank", "relative", "score", "absolute_index"):
        assert missing[name].to_list() == [None], name
        assert indicators[name].is_nan().sum() == 0, name
