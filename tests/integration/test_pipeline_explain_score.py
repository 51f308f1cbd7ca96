"""``connectivity explain AREA --score CODE`` on the sample: every published figure can be followed to its inputs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.tables import TABLES
from tests.support.pipeline import ProjectFolder, check_error

PLACE = "X05000016"


def trace(sample: ProjectFolder, code: str, *options: str) -> dict:
    done = sample.call("explain", "sample", "--score", code, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def compute_mean(traced: dict, column: str) -> float:
    """The formula that the trace states, worked out from what the trace shows."""
    pairs = [(i["weight"], i["values"].get(column)) for i in traced["indicators"]]
    known = [(weight, value) for weight, value in pairs if weight and value is not None]
    return sum(w * v for w, v in known) / sum(w for w, _ in known)


@pytest.mark.parametrize("snapshot", ["2010", "2019", "2024"])
def test_every_figure_of_a_score_is_in_the_trace_and_follows_from_it(sample, snapshot):
    traced = trace(sample, PLACE, "--snapshot", snapshot)
    table = sample.read_table("out_neighbourhood__score", area="sample")
    row = table[(table["snapshot"] == snapshot) & (table["neighbourhood_code"] == PLACE)].iloc[0]
    (figures,) = traced["figures"]
    assert set(figures) == set(table.columns) - {"snapshot"}
    for name, value in figures.items():
        expected = row[name]
        assert value is None if pd.isna(expected) else value == pytest.approx(expected), name
    assert traced["columns"] == {c.name: c.description for c in TABLES["out_neighbourhood__score"].columns}
    assert compute_mean(traced, "score") == pytest.approx(figures["score"])
    assert compute_mean(traced, "absolute_index") == pytest.approx(figures["absolute_index"])
    scores = table[table["snapshot"] == snapshot]["score"]
    assert figures["rank"] == pytest.approx(scores.rank(ascending=False)[row.name])
    used = [i for i in traced["indicators"] if i["values"] and not i["values"]["is_missing"]]
    assert len(used) == figures["n_indicators"]
    assert sum(1 for i in traced["indicators"] if i["weight"]) - len(used) == figures["n_missing"]


def test_the_hash_of_the_weights_is_that_of_the_weights_in_the_trace(sample):
    traced = trace(sample, PLACE)
    weights = {i["name"]: i["weight"] for i in traced["indicators"] if i["weight"]}
    scoring = traced["scoring"]
    used = {"weights": weights, "exponent": scoring["exponent"], "uncertainty": scoring["uncertainty"]}
    assert hash_value(used) == traced["figures"][0]["weights_hash"]
    assert sum(weights.values()) == pytest.approx(1)


def test_each_value_stands_in_the_table_and_row_that_the_trace_names(sample):
    checked = 0
    for indicator in trace(sample, PLACE)["indicators"]:
        rows = sample.read_table(indicator["table"], area="sample")
        snapshot = "snapshot" if "snapshot" in rows else "snapshot_to"
        rows = rows[(rows[snapshot] == "2024") & (rows["neighbourhood_code"] == PLACE)]
        for name, value in indicator["filters"].items():
            rows = rows[rows[name] == value]
        value = indicator["values"].get("value")
        if value is not None:
            assert value == pytest.approx(rows[indicator["column"]].iloc[0])
            checked += 1
        assert indicator["definition"]
        assert indicator["unit"]
    assert checked >= 10


def test_every_figure_of_a_group_follows_from_its_members_in_the_trace(sample):
    traced = trace(sample, "left_behind")
    table = sample.read_table("out_group__summary", area="sample")
    table = table[(table["snapshot"] == "2024") & (table["area_group"] == "left_behind")]
    assert [f["measure"] for f in traced["figures"]] == table["measure"].tolist()
    assert set(traced["figures"][0]) == set(table.columns) - {"snapshot"}
    everybody = {i["name"]: i["members"] for i in trace(sample, "all")["indicators"]}
    for indicator in traced["indicators"]:
        figures, members = indicator["values"], pd.DataFrame(indicator["members"])
        assert len(members) == figures["n_neighbourhoods"]
        assert members["population"].sum() == pytest.approx(figures["population"])
        known = members[members["value"].notna()]
        assert len(known) == figures["n_with_value"]
        if known.empty:
            continue
        mean = np.average(known["value"], weights=known["population"])
        assert mean == pytest.approx(figures["mean_weighted"])
        if len(known) == len(members):
            assert known["value"].median() == pytest.approx(figures["median"])
            all_places = pd.DataFrame(everybody[indicator["name"]])
            sign = 1 if indicator["worse"] == "high" else -1
            is_worse = sign * known["value"] > sign * all_places["value"].median()
            share = 100 * known.loc[is_worse, "population"].sum() / known["population"].sum()
            if all_places["value"].notna().all():
                assert share == pytest.approx(figures["worse_than_all_median_pct"])


def test_inputs_carry_the_hashes_of_the_files_and_the_parameters_of_the_stages(sample):
    inputs = {stage["stage"]: stage for stage in trace(sample, PLACE)["inputs"]}
    assert {"scores", "service", "times/2024", "network/2024", "timetables/2024", "streets", "places"} <= set(inputs)
    data = sample.path / "data" / "sample"
    (streets,) = inputs["streets"]["files"]
    assert streets["sha256"] == hash_file(data / "saltmarsh.osm.pbf")
    feeds = {f["path"]: f["sha256"] for f in inputs["timetables/2024"]["files"]}
    assert feeds["timetables/2024/rail.zip"] == hash_file(data / "timetables" / "2024" / "rail.zip")
    assert inputs["times/2024"]["parameters"]["walk_kmh"] == 4.8
    for stage in inputs.values():
        for name, result_hash in stage["upstream"].items():
            if name in inputs:
                assert inputs[name]["result_hash"] == result_hash


@pytest.mark.parametrize(("code", "words"), [(PLACE, "Gannet Holm"), ("all", "17 neighbourhoods")])
def test_the_text_says_score_definition_caveat_and_files(sample, code, words):
    done = sample.call("explain", "sample", "--score", code)
    assert done.returncode == 0, done.stderr
    for expected in (words, "What it is made of:", "hospital_time", "The nearest hospital need not be", "rail.zip"):
        assert expected in done.stdout


def test_the_json_can_be_written_to_a_file(sample, tmp_path):
    out = tmp_path / "trace.json"
    done = sample.call("explain", "sample", "--score", PLACE, "--format", "json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text(encoding="utf-8")) == trace(sample, PLACE)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--score", "X99"], "left_behind"),
        (["--score", PLACE, "--snapshot", "1999"], "2010, 2016, 2019, 2024"),
        (["--score", PLACE, "--format", "svg"], "text or json"),
        (["--score", PLACE, "--fastest"], "--fastest"),
        ([PLACE, "hospitals", "--score", PLACE], "at once"),
        ([PLACE], "CATEGORY"),
        ([], "CODE and CATEGORY"),
    ],
)
def test_a_wrong_question_is_a_usage_error_with_its_cure(sample, arguments, word):
    done = sample.call("explain", "sample", *arguments)
    check_error(done, 2, where=None, words=(word,))


def test_a_trace_with_another_scoring_file_than_that_of_the_scores_is_refused(sample, tmp_path):
    copy = sample.copy(tmp_path / "project")
    spec = (copy.path / "config/scoring/connectedness.yaml").read_text(encoding="utf-8")
    (copy.path / "config/scoring/connectedness.yaml").write_text(spec + "# edited\n", encoding="utf-8")
    check_error(copy.call("explain", "sample", "--score", PLACE), 4, where="connectedness.yaml", words=("make all",))


def test_deprivation_tenths_of_the_wards_give_ranks_peers_and_concentration(sample):
    """A tenth is a coarse rank: wards of the same tenth share their mean rank."""
    places = sample.read_table("out_neighbourhood__geography", area="sample").set_index("neighbourhood_code")
    wards = pd.read_csv(sample.path / "data/sample/wards.csv").set_index("wd21cd")
    expected = wards["deprivation_decile"].rank(method="average")
    assert places["deprivation_rank"].to_dict() == expected.to_dict()
    peers = sample.read_table("out_neighbourhood__peer", area="sample")
    assert (peers.groupby("neighbourhood_code").size() == 16).all()
    spread = sample.read_table("out_area__inequality", area="sample")
    spread = spread[(spread["statistic"] == "concentration") & (spread["snapshot"] == "2024")].set_index("measure")
    assert spread.loc["hospital_time", "value"] < 0, "long journeys to hospital are concentrated among the deprived"
