"""What the loss of each service did: on the sample as its generator knows it, on Newport within its time."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.base.load import load_project
from pipeline.base.notices import Notices
from pipeline.stages.attribution import attribute_pair
from pipeline.stages.common import read_places
from pipeline.stages.variants import VariantWork
from tests.support.pipeline import ROOT, ProjectFolder

STORY = yaml.safe_load((ROOT / "data" / "sample" / "story.yaml").read_text(encoding="utf-8"))
MISSED = {(str(pair["from"]), str(pair["to"])): pair["most_missed"] for pair in STORY["pairs"]}
PAIRS = [("2010", "2016"), ("2016", "2019")]
KEYS = ["neighbourhood_code", "category", "window"]


@pytest.fixture(scope="module")
def services(sample: ProjectFolder) -> pd.DataFrame:
    return sample.read_table("out_service__attribution", "sample")


@pytest.fixture(scope="module")
def neighbourhoods(sample: ProjectFolder) -> pd.DataFrame:
    return sample.read_table("out_neighbourhood__attribution", "sample")


def _pick(frame: pd.DataFrame, pair: tuple[str, str], **wanted: object) -> pd.DataFrame:
    frame = frame[(frame["snapshot_from"] == pair[0]) & (frame["snapshot_to"] == pair[1])]
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_service_that_the_generator_knows_to_matter_most_in_the_morning_is_found(services, pair):
    rows = _pick(services, pair, window="weekday_am", category="hospitals", rank=1)
    assert rows["route"].tolist() == [MISSED[pair]["weekday_am"]]
    others = _pick(services, pair, window="weekday_am", is_counted=True)
    others = others[others["route"] != MISSED[pair]["weekday_am"]]
    assert (others["lost_person_min"] == 0).all()


def test_the_service_by_which_most_people_went_to_the_hospital_in_the_evening_is_found(services):
    rows = _pick(services, PAIRS[0], window="weekday_evening", category="hospitals_ae", rank=1)
    assert rows["route"].tolist() == [MISSED[PAIRS[0]]["weekday_evening_to_hospital"]] == ["6"]
    assert rows["people_beyond_hour"].iloc[0] > 0


def test_missing_data_is_listed_apart_and_never_ranked(services, neighbourhoods):
    apart = _pick(services, PAIRS[1], is_counted=False)
    assert set(apart["route"]) == {"50", "X51"}
    assert apart[["rank", "lost_person_min", "people_cut_off"]].isna().all(axis=None)
    parts = _pick(neighbourhoods, PAIRS[1])
    assert parts.loc[parts["part"] == "missing_data", "lost_person_min"].sum() > 0
    assert set(parts.loc[parts["part"] == "service", "service_number"]) <= set(
        _pick(services, PAIRS[1], is_counted=True)["service_number"]
    )


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_where_nothing_was_added_the_parts_explain_the_whole_difference(neighbourhoods, pair):
    parts = _pick(neighbourhoods, pair).pivot_table(index=KEYS, columns="part", values="lost_person_min")
    total = parts["lost_together"] + parts["missing_data"] + parts["rest"]
    assert (total - parts["whole"]).abs().max() < 1e-3
    assert parts["rest"].abs().max() == 0
    assert parts["whole"].sum() > 0


def test_the_base_of_attribution_is_the_published_travel_time(sample: ProjectFolder, monkeypatch):
    """Laying the earlier stops over the streets changes no journey of the later snapshot, and the other way round."""
    monkeypatch.chdir(sample.path)
    project = load_project("sample")
    work = VariantWork(project, read_places(project), "2010", "2024")
    published = sample.read_table("out_small_area__travel_time", "sample")
    cases = [case for case in work.list_attributed_cases() if case.category in {"hospitals", "jobs_5000"}]
    for snapshot in ("2024", "2010"):
        for case in cases:
            _, ledger = work.get_joined(case.day_type)
            work.use(ledger.is_later if snapshot == "2024" else ~ledger.is_later)
            times = work.compute_times(case).travel_time_s
            rows = published[(published["snapshot"] == snapshot) & (published["mode_set"] == "all")]
            for name, value in case.keys.items():
                rows = rows[rows[name] == value]
            reached = 100 * (times >= 0).mean(axis=1)
            found = pd.Series(reached, index=work.places.small_areas["small_area_code"].to_numpy())
            with np.errstate(invalid="ignore"):
                means = times.sum(axis=1, where=times >= 0) / (times >= 0).sum(axis=1)
            mean = pd.Series(means, index=found.index)
            rows = rows.set_index("small_area_code")
            linked = rows["reachable_pct"].notna()
            pd.testing.assert_series_equal(
                rows["reachable_pct"][linked], found[rows.index][linked], check_names=False, atol=1e-6
            )
            pd.testing.assert_series_equal(rows["travel_time_mean_s"], mean[rows.index], check_names=False, atol=1e-6)


def test_the_command_tells_the_same_as_the_stage(sample: ProjectFolder, services):
    done = sample.call("attribute", "sample", "2016", "2019", "--format", "json")
    assert done.returncode == 0, done.stderr
    told = pd.DataFrame(json.loads(done.stdout)["services"])
    wanted = _pick(services, PAIRS[1])
    keys = ["service_number", "category", "window"]
    both = wanted.merge(told, on=keys, suffixes=("", "_told"))
    assert len(both) == len(wanted) == len(told)
    pd.testing.assert_series_equal(
        both["lost_person_min"], both["lost_person_min_told"].astype(float), check_names=False
    )
    text = sample.call("attribute", "sample", "2016", "2019").stdout
    assert "  1. 6 (Saltmarsh Buses; shortened): " in text
    assert "Not counted, since it may be missing data:" in text


def test_the_report_shows_which_losses_mattered(sample: ProjectFolder):
    page = (sample.outputs("sample") / "report" / "service.html").read_text(encoding="utf-8")
    assert "Services whose loss between" in page
    assert "Not counted, since their absence may be missing data: 50 (Coastliner) and X51 (Coastliner)." in page


def test_a_pair_that_is_not_compared_is_refused_in_the_area_file(tiny_copy: ProjectFolder):
    path = tiny_copy.path / "config" / "test" / "tiny.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '\nattribution:\n  - {earlier: "2016", later: "1999"}\n', encoding="utf-8")
    done = tiny_copy.call("config", "check", "--area", "config/test/tiny.yaml")
    assert done.returncode == 3
    assert "name two snapshots that follow one another" in done.stderr


@pytest.fixture(scope="module")
def newport(shared_data, tmp_path_factory) -> ProjectFolder:
    """Newport up to the stage ``service``."""
    project = ProjectFolder.create(tmp_path_factory.mktemp("newport") / "project")
    done = project.make("service", "streets", f"DATA={shared_data}", area="newport")
    assert done.returncode == 0, done.stderr
    return project


def test_newport_is_attributed_in_less_than_five_minutes(newport, shared_data, monkeypatch):
    monkeypatch.chdir(newport.path)
    project = load_project("newport", data=str(shared_data))
    started = time.monotonic()
    services, neighbourhoods = attribute_pair(project, "2023-06-13", "2024-03-05", notices=Notices())
    assert time.monotonic() - started < 300
    counted = services[services["is_counted"]]
    assert set(counted["operator_name"]) == {"Newport Bus"}
    apart = services[~services["is_counted"]]
    assert "National Express" in set(apart["operator_name"])
    assert apart["lost_person_min"].isna().all()
    parts = neighbourhoods.pivot_table(index=KEYS, columns="part", values="lost_person_min")
    total = parts["lost_together"] + parts["missing_data"] + parts["rest"]
    assert (total - parts["whole"]).abs().max() < 1e-3
