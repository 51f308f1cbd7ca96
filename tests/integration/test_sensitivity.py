"""Variants of the settings on the tiny area: times computed again, published, and part of the rank intervals."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.support.pipeline import TINY, ProjectFolder, check_error

VARIANTS = """
  sensitivity:
    slow_walk: {walking: {speed_kmh: 3.6}}
    short_cap: {transit: {max_time_min: 45}}
    half_past: {windows: {weekday_am: {outward: {start: "07:15", end: "07:30"}}}}
"""


@pytest.fixture(scope="module")
def varied(tiny: ProjectFolder, tmp_path_factory) -> ProjectFolder:
    project = tiny.copy(tmp_path_factory.mktemp("varied") / "project")
    path = project.path / TINY
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + VARIANTS, encoding="utf-8")
    assert project.plan() == {
        "sensitivity": "has not been run",
        "scores": "its settings changed",
        "report": "its settings changed",
        "publish": "it needs report, which is new",
    }
    project.make_all()
    return project


def read(
    project: ProjectFolder, variant: str | None = None, snapshot: str = "2024", grain: str = "neighbourhood"
) -> pd.Series:
    """Median times to hospital on a weekday morning with all modes."""
    folder = project.outputs() / ("" if variant is None else f"sensitivity/{variant}") / "times" / snapshot
    table = pd.read_parquet(folder / f"out_{grain}__travel_time.parquet")
    chosen = table.query("category == 'hospitals' and window == 'weekday_am' and direction == 'outward'")
    return chosen[chosen["mode_set"] == "all"].set_index(f"{grain}_code")["travel_time_p50_s"]


def test_only_variants_scores_and_report_are_made_anew_and_all_is_then_up_to_date(varied):
    assert varied.plan() == {}
    assert varied.dry_run() == []


def test_slower_walking_never_shortens_a_journey_and_a_shorter_cap_only_takes_journeys_away(varied):
    stated, slow, short = (read(varied, name, grain="small_area") for name in (None, "slow_walk", "short_cap"))
    both = stated.notna() & slow.notna()
    assert (slow[both] >= stated[both]).all()
    assert (slow[both] > stated[both]).any()
    assert stated[short.notna()].equals(short.dropna())
    assert short.isna().sum() > stated.isna().sum()


def test_a_variant_is_what_an_area_with_these_settings_would_give(varied, tmp_path):
    """The same area, with the variant's speed as its own, run by hand; a variant follows no typical journeys."""
    project = varied.copy(tmp_path / "project")
    project.edit(TINY, VARIANTS.strip("\n"), "  walking: {speed_kmh: 3.6}\n  typical_journeys: 0")
    for stage in ("network", "times"):
        done = project.call("run", stage, "--area", TINY, "--snapshot", "2024")
        assert done.returncode == 0, done.stderr
    name = "out_neighbourhood__travel_time.parquet"
    mine = pd.read_parquet(project.outputs() / "times/2024" / name)
    other = pd.read_parquet(varied.outputs() / "sensitivity/slow_walk/times/2024" / name)
    pd.testing.assert_frame_equal(mine, other)


def test_the_variants_and_their_effect_are_published(varied):
    runs = varied.read_table("out_run__sensitivity").set_index("variant")
    assert runs.loc["slow_walk"].tolist() == ["walking.speed_kmh", "4.8", "3.6"]
    assert runs.loc["short_cap"].tolist() == ["transit.max_time_min", "120", "45"]
    assert runs.loc["half_past"].tolist() == ["windows.weekday_am.outward.start", "07:00", "07:15"]
    effect = varied.read_table("out_neighbourhood__sensitivity")
    for variant in runs.index:
        rows = effect.query("variant == @variant and measure == 'hospital_time' and snapshot == '2024'")
        rows = rows.set_index("neighbourhood_code")
        pd.testing.assert_series_equal(rows["value_stated"], read(varied), check_names=False)
        pd.testing.assert_series_equal(rows["value_varied"], read(varied, variant), check_names=False)
    assert "weekday_runs" not in set(effect["measure"]), "bus runs do not depend on walking"
    scores = varied.read_table("out_neighbourhood__score").query("snapshot == '2024'")
    stated = effect.query("measure == 'score' and variant == 'slow_walk' and snapshot == '2024'")
    assert stated["value_stated"].tolist() == pytest.approx(scores["score"].tolist())


def test_the_stated_scores_stay_and_the_rank_intervals_take_the_variants_in(tiny, varied):
    before, after = (p.read_table("out_neighbourhood__score") for p in (tiny, varied))
    pd.testing.assert_series_equal(before["score"], after["score"])
    pd.testing.assert_series_equal(before["rank"], after["rank"])
    intervals = ["rank_low", "rank_high", "decile_share_pct"]
    assert not before[intervals].equals(after[intervals])
    trace = varied.call("explain", TINY, "--score", before["neighbourhood_code"].iloc[0], "--format", "json")
    stages = {stage["stage"] for stage in json.loads(trace.stdout)["inputs"]}
    assert "sensitivity" in stages


def test_a_variant_that_is_taken_out_goes_from_tables_and_folders(varied, tmp_path):
    project = varied.copy(tmp_path / "project")
    project.edit(TINY, "    short_cap: {transit: {max_time_min: 45}}\n", "")
    project.make_all()
    assert set(project.read_table("out_run__sensitivity")["variant"]) == {"half_past", "slow_walk"}
    assert sorted(p.name for p in (project.outputs() / "sensitivity").iterdir() if p.is_dir()) == [
        "half_past",
        "slow_walk",
    ]
    project.edit(TINY, VARIANTS.replace("    short_cap: {transit: {max_time_min: 45}}\n", "").strip("\n"), "")
    assert "sensitivity" not in project.plan()
    project.make_all()
    assert not (project.outputs() / "tables/out_run__sensitivity.parquet").exists()


@pytest.mark.parametrize(
    ("variant", "word"),
    [
        ("{walking: {speed: 3.6}}", "walking.speed"),
        ("{walking: {speed_kmh: -1}}", "walking.speed_kmh"),
        ('{windows: {saturday: {outward: {start: "09:00", end: "10:00"}}}}', "saturday"),
        ("{scoring: other.yaml}", "scoring"),
    ],
)
def test_a_variant_of_something_that_does_not_exist_is_refused(tiny, tmp_path, variant, word):
    project = tiny.copy(tmp_path / "project")
    path = project.path / TINY
    text = f"{path.read_text(encoding='utf-8')}  sensitivity:\n    one: {variant}\n"
    path.write_text(text, encoding="utf-8")
    check_error(project.call("plan", "--area", TINY), 3, where="tiny.yaml", words=(word,))


def test_the_stage_says_that_an_area_names_no_variant(tiny):
    check_error(tiny.call("run", "sensitivity", "--area", TINY), 2, where=None, words=("sensitivity:",))
