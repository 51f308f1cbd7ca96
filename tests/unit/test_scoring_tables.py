"""Indicators, scores and groups on small tables; the shipped scoring file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from pipeline.base.errors import ConfigError
from pipeline.base.notices import Notices
from pipeline.base.tables import TABLES, check_table
from pipeline.scoring.groups import compute_group_summary
from pipeline.scoring.indicators import compute_indicators
from pipeline.scoring.publish import build_score_tables
from pipeline.scoring.scores import compute_scores, compute_weights
from pipeline.scoring.spec import build_spec
from tests.support.scoring_worlds import build_neighbourhoods, build_tables, build_test_spec, score

SHIPPED = Path(__file__).parents[2] / "config" / "scoring" / "connectedness.yaml"


@pytest.mark.parametrize("file", sorted(SHIPPED.parent.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_files_read_published_columns(file):
    spec = build_spec(yaml.safe_load(file.read_text(encoding="utf-8")))
    assert spec.name == file.stem
    # a visit over opening hours has one row; a change is chosen by what it is compared with
    settled = {"year", "snapshot", "neighbourhood_code", "begins", "snapshot_from", "snapshot_to"}
    for indicator in spec.indicators:
        columns = {column.name for column in TABLES[indicator.table].columns}
        assert {indicator.column, *indicator.filters} <= columns, indicator.name
        key = set(TABLES[indicator.table].key)
        assert key - settled <= set(indicator.filters), indicator.name
        assert indicator.anchors is not None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"colour": "red"}, "colour"),
        ({"domains": {}}, "domains not declared"),
        ({"min_weight_share": 2}, "min_weight_share"),
    ],
)
def test_a_wrong_file_names_its_key(change, word):
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | change
    with pytest.raises(ConfigError, match=word) as error:
        build_spec(content, file="scoring.yaml")
    assert "scoring.yaml" in error.value.describe()


def test_anchors_must_agree_with_the_direction():
    content = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    content["indicators"][0]["anchors"] = {"best": 5400, "worst": 900}
    with pytest.raises(ConfigError, match="run against"):
        build_spec(content)


def test_published_tables_fit_their_declarations():
    places = build_neighbourhoods().with_columns(pl.int_range(pl.len()).alias("deprivation_rank"))
    found = build_score_tables(build_test_spec(), build_tables(3), places, snapshots=["s1"])
    for name, table in found.items():
        assert len(check_table(table.to_pandas(), name)) == table.height
    assert found["out_neighbourhood__comparison"].height == 5 * 30
    assert found["out_neighbourhood__peer"].height == 30 * 20


def frame(values, reasons, classes=None):
    n = len(values)
    table = {
        "snapshot": ["s1"] * n,
        "neighbourhood_code": [f"N{i:03d}" for i in range(n)],
        "category": ["hospitals"] * n,
        "travel_time_p50_s": pl.Series(values, dtype=pl.Float64),
        "reason": pl.Series(reasons, dtype=pl.String),
    }
    return pl.DataFrame(table)


def test_unreachable_is_worst_and_tied_while_missing_is_not_ranked():
    times = frame([1200.0, None, None, None, 600.0], [None, "no_route", "over_limit", "no_street", None])
    tables = build_tables(1) | {"out_neighbourhood__travel_time": times}
    codes = [f"N{i:03d}" for i in range(6)]
    found = compute_indicators(build_test_spec(), tables, neighbourhood_codes=codes, snapshots=["s1"])
    rows = found.filter(pl.col("indicator") == "time_hospitals")
    assert rows["rank"].to_list() == [3.0, 1.5, 1.5, None, 4.0, None]
    assert rows["n_ranked"].to_list() == [4] * 6
    assert rows["is_missing"].to_list() == [False, False, False, True, False, True]
    assert rows["reason"].to_list() == [None, "no_route", "over_limit", "no_street", None, "no_data"]
    assert rows["absolute_index"].to_list()[1:3] == [0.0, 0.0]


def test_an_indicator_without_data_drops_out_with_a_notice():
    tables = build_tables(1)
    times = tables["out_neighbourhood__travel_time"].filter(pl.col("category") == "hospitals")
    notices = Notices()
    codes = build_neighbourhoods()["neighbourhood_code"].to_list()
    spec = build_test_spec()
    found = compute_indicators(
        spec,
        tables | {"out_neighbourhood__travel_time": times},
        neighbourhood_codes=codes,
        snapshots=["s1"],
        notices=notices,
    )
    assert notices.counts() == {"indicator_without_data": 1}
    scores = compute_scores(spec, found, build_neighbourhoods())
    assert (scores["n_indicators"] + scores["n_missing"]).unique().to_list() == [2]
    assert compute_weights(spec, frozenset({"time_hospitals", "runs"})) == pytest.approx(
        {"time_hospitals": 0.6, "runs": 0.4}
    )


def test_wrong_tables_columns_and_filters_are_named():
    codes = build_neighbourhoods()["neighbourhood_code"].to_list()
    tables = build_tables(1)
    cases = [
        (
            tables | {"out_neighbourhood__service_level": tables["out_neighbourhood__service_level"].drop("mode")},
            "mode",
        ),
        (
            tables | {"out_neighbourhood__service_level": pl.concat([tables["out_neighbourhood__service_level"]] * 2)},
            "several rows",
        ),
    ]
    for given, word in cases:
        with pytest.raises(ConfigError, match=word):
            compute_indicators(build_test_spec(), given, neighbourhood_codes=codes, snapshots=["s1"])


def test_group_medians_treat_every_null_time_as_infinite():
    times = frame([600.0, None, 900.0, 1200.0, 1800.0, None], [None, "no_route", None, None, None, "no_street"])
    tables = build_tables(1, n=6) | {"out_neighbourhood__travel_time": times}
    people = build_neighbourhoods(6).with_columns(
        pl.Series("area_group", ["left_behind"] * 3 + ["other"] * 3), pl.Series("population", [100.0] * 5 + [500.0])
    )
    spec = build_test_spec()
    indicators, scores = score(spec, tables, n=6)
    summary = compute_group_summary(spec, indicators, scores, people)
    rows = {r["area_group"]: r for r in summary.filter(pl.col("measure") == "time_hospitals").to_dicts()}
    assert set(rows) == {"left_behind", "other", "all"}
    assert rows["all"]["median"] == 1500.0
    assert rows["left_behind"]["median"] == 900.0
    assert rows["other"]["median"] == 1800.0
    assert rows["all"]["worse_than_all_median_pct"] == pytest.approx(40.0)
    assert rows["left_behind"]["worse_than_all_median_pct"] == pytest.approx(100 / 3)
    assert rows["all"]["n_with_value"] == 4
    assert rows["all"]["mean_weighted"] == pytest.approx(1125.0)


def test_a_table_that_nobody_publishes_is_refused():
    spec = build_test_spec()
    wrong = spec.indicators[2].model_copy(update={"table": "out_neighbourhood__service_levels"})
    spec = spec.model_copy(update={"indicators": (*spec.indicators[:2], wrong)})
    with pytest.raises(ConfigError, match="not among the published tables"):
        score(spec, build_tables(1))


def test_a_filter_by_a_value_that_never_occurs_is_refused():
    spec = build_test_spec()
    wrong = spec.indicators[2].model_copy(update={"filters": {"mode": "omnibus"}})
    spec = spec.model_copy(update={"indicators": (*spec.indicators[:2], wrong)})
    with pytest.raises(ConfigError, match="never has 'omnibus' in mode"):
        score(spec, build_tables(1))


def test_a_table_that_the_area_has_no_use_for_is_no_data():
    spec, tables = build_test_spec(), build_tables(1)
    del tables["out_neighbourhood__travel_time"]
    indicators, scores = score(spec, tables)
    assert indicators.filter(pl.col("indicator") == "time_jobs")["is_missing"].all()
    assert scores["n_indicators"].max() == 1


def test_levels_follow_the_anchors_and_not_the_ranks():
    spec = build_test_spec(n_draws=0)
    content = spec.model_dump()
    for indicator in content["indicators"]:
        indicator["transformation"] = "anchors"
    levels = build_spec(content)
    _, scores = score(levels, build_tables(6))
    known = scores.filter(pl.col("score").is_not_null())
    assert (known["score"] + known["absolute_index"]).to_list() == pytest.approx([100.0] * known.height)
    del content["indicators"][0]["anchors"]
    with pytest.raises(ConfigError, match="transformed by anchors"):
        build_spec(content)


def test_a_place_at_the_best_anchor_everywhere_has_an_index_of_100_and_no_more():
    """Found on Newport: 100 weighted by 0.3, 0.3 and 0.4 of what is known may come to 100.00000000000001."""
    found = []
    for seed in range(40):
        weights = tuple(float(w) for w in np.random.default_rng(seed).uniform(0.1, 3.0, 3))
        tables = build_tables(seed)
        times = tables["out_neighbourhood__travel_time"].with_columns(
            pl.lit(600.0).alias("travel_time_p50_s"), pl.lit(None, dtype=pl.String).alias("reason")
        )
        levels = tables["out_neighbourhood__service_level"].with_columns(
            pl.lit(200.0).alias("runs_per_day"), pl.lit("comparable").alias("coverage_class")
        )
        tables = {"out_neighbourhood__travel_time": times, "out_neighbourhood__service_level": levels}
        found += score(build_test_spec(weights), tables)[1]["absolute_index"].to_list()
    assert max(found) <= 100.0
    assert min(found) == pytest.approx(100.0)
