"""England, a published series: the lines of the documentation give the published tables."""

import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from pipeline.base.load import load_project
from pipeline.stages import places, report, scores, service
from pipeline.stages.explain_score import trace_score

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def england(shared_data, tmp_path_factory):
    """The area, run once."""
    project = load_project("england", data=str(shared_data), outputs=tmp_path_factory.mktemp("england"))
    for stage in (places, service, scores, report):
        stage.run(project)
    return project


@pytest.fixture(scope="module")
def recomputed(shared_data):
    """What the lines in docs/england.md compute, run as they stand there but for the folder."""
    text = (ROOT / "docs" / "england.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert "pipeline" not in code
    names: dict[str, object] = {}
    exec(code.replace("../shared/data/", f"{shared_data}/"), names)
    return names


def read(project, name):
    return pd.read_parquet(project.outputs / "tables" / f"{name}.parquet")


def pick(frame):
    return frame[(frame["day_type"] == "weekday") & (frame["band"] == "all_day") & (frame["area_group"] != "all")]


def test_the_headline_table_agrees_with_a_few_lines_of_pandas(england, recomputed):
    published = pick(read(england, "out_group__service_series")).query("region != 'all'")
    table = published.set_index(["region", "area_group", "year"])["runs_per_day"].unstack("year")  # noqa: PD010
    mine = recomputed["headline"].rename_axis(["region", "area_group"]).reindex_like(table)
    assert table.shape == (6, 20)
    assert (table.isna() == mine.isna()).all().all()
    assert np.nanmax((table - mine).abs()) < 1e-3


def test_the_ranges_of_change_agree_with_a_few_lines_of_pandas(england, recomputed):
    published = pick(read(england, "out_group__series_change")).query("region != 'all'")
    table = published.set_index(["region", "area_group"])[["change_low_pct", "change_high_pct"]]
    mine = recomputed["change"].rename_axis(["region", "area_group"]).loc[table.index]
    assert np.allclose(table.to_numpy(), mine.to_numpy(), atol=1e-3)


def test_missing_years_are_missing_and_doubtful_ones_marked(england):
    groups = pick(read(england, "out_group__service_series"))
    missing = groups[groups["year"].isin([2012, 2013])]
    assert missing["runs_per_day"].isna().all()
    london = groups[(groups["region"] == "london") & groups["year"].between(2014, 2017)]
    assert london["runs_per_day"].isna().all()
    assert london["doubt_reason"].str.contains("London's own services").all()
    assert groups.loc[groups["year"].isin([2018, 2020]), "is_doubtful"].all()


def test_the_225_are_ranked_with_ranges_and_a_page_each(england):
    change = read(england, "out_neighbourhood__series_change")
    ranked = pick(change).query("area_group == 'left_behind'")
    assert len(ranked) == 225
    assert set(ranked["n_ranked"]) == {221}
    assert (ranked["loss_rank_low"].isna() == (ranked["coverage_class"] == "missing")).all()
    pages = {path.stem for path in (england.outputs / "report" / "neighbourhoods").iterdir()}
    assert pages == set(ranked["neighbourhood_code"])
    # issue: a whole region whose timetables are gone must not pass for ten wards that lost most
    durham = ranked[ranked["neighbourhood_name"] == "Deneside"].iloc[0]
    assert durham["has_break"]
    assert "all of County Durham fell from 257 in 2019 to 64 in 2021 and stayed low" in durham["coverage_reason"]


def test_the_report_answers_which_ten_and_how_sure(england):
    page = (england.outputs / "report" / "index.html").read_text(encoding="utf-8")
    assert (
        "On a weekday the ten left behind wards that lost most bus runs since 2007–2011 are Hendon (Sunderland)" in page
    )
    assert re.search(r"How sure that is: 7 of the ten stay among them under all 6 choices of baseline and end", page)
    assert re.search(r"The data of 7 of the ten is doubtful.*only Bloomfield, Boscombe West and St Andrew", page)
    assert "What this report cannot say" in page
    size = sum(path.stat().st_size for path in (england.outputs / "report").rglob("*") if path.is_file())
    assert size < 60_000_000
    assert not re.search(r'(src|href)="https?:', page)


def test_everything_can_be_taken_away_in_moderate_size(england):
    folder = england.outputs / "report" / "downloads"
    book = openpyxl.load_workbook(folder / "england.xlsx", read_only=True)
    assert book.sheetnames[:4] == ["Cover", "Contents", "Notes", "Groups"]
    rows = book["Lost weekday whole day"].iter_rows(values_only=True)
    ranked = [row for row in rows if str(row[1]).startswith("E05")]
    assert len(ranked) == 225
    with zipfile.ZipFile(folder / "england-data.zip") as archive:
        names = {name.removeprefix("england-data/") for name in archive.namelist()}
    for table in ("out_small_area__series_change", "out_neighbourhood__service_series"):
        assert f"parquet/{table}.parquet" in names
        assert f"csv/{table}.csv" not in names
    assert {path.suffix for path in (folder / "charts").iterdir()} == {".svg", ".png", ".csv"}
    svg = (folder / "charts" / "groups_weekday_all_day.svg").read_text(encoding="utf-8")
    assert re.search(r"<title[^>]*>Bus runs in left behind wards, England outside London, fell by 52% to 55%", svg)


def pick_level(series, day_type, band):
    rows = series[(series["day_type"] == day_type) & (series["band"] == band) & (series["year"] == 2023)]
    return rows.set_index("neighbourhood_code")


def test_scores_are_of_the_latest_year_that_nobody_doubts_and_complete(england):
    scores = read(england, "out_neighbourhood__score")
    wards = read(england, "out_neighbourhood__geography")
    assert set(scores["snapshot"]) == {"2023"}
    assert len(scores) == len(wards) == 7427
    assert scores["score"].notna().sum() == 7370
    assert (scores["coverage_class"] == "missing").sum() == 57
    ranked = scores[scores["rank"].notna()]
    assert (ranked["rank_low"] <= ranked["rank_high"]).all()
    for name, key in (("out_neighbourhood__comparison", "neighbourhood_code"), ("out_group__summary", "area_group")):
        table = read(england, name)
        assert set(table["measure"]) == {i.name for i in scores_spec(england).indicators} | {"score", "absolute_index"}
        assert set(table[key]) == (set(wards["neighbourhood_code"]) if key != "area_group" else {*GROUPS, "all"})
    peers = read(england, "out_neighbourhood__peer")
    assert (peers.groupby("neighbourhood_code").size() == 20).all()
    assert peers["neighbourhood_code"].nunique() == 7427


GROUPS = ("left_behind", "other_deprived", "other")


def scores_spec(project):
    return scores.read_spec(project)


def test_scores_follow_from_the_series_by_ranks_made_another_way(england):
    """Levels ranked by pandas, transformed and averaged by hand for the wards that have all seven indicators."""
    series, change = (
        read(england, "out_neighbourhood__service_series"),
        read(england, "out_neighbourhood__series_change"),
    )
    distance = read(england, "out_neighbourhood__distance").pivot_table(
        index="neighbourhood_code", columns="category", values="straight_line_m", observed=True
    )
    values = {
        "weekday_runs": -pick_level(series, "weekday", "all_day")["runs_per_day"],
        "evening_runs": -pick_level(series, "weekday", "18_22")["runs_per_day"],
        "saturday_runs": -pick_level(series, "saturday", "all_day")["runs_per_day"],
        "sunday_runs": -pick_level(series, "sunday", "all_day")["runs_per_day"],
        "service_change": -pick(change.assign(area_group="any")).set_index("neighbourhood_code")["change_high_pct"],
        "hospital_distance": distance["hospitals"],
        "station_distance": distance["stations"],
    }
    weights = {"weekday_runs": 0.24, "evening_runs": 0.12, "saturday_runs": 0.12, "sunday_runs": 0.12}
    weights |= {"service_change": 0.15, "hospital_distance": 0.125, "station_distance": 0.125}
    wide = pd.DataFrame(values)
    # values that agree to nine digits tie
    ranks = wide.map(lambda v: float(f"{v:.9g}")).rank(method="average", ascending=False)
    relative = (wide.notna().sum() - ranks + 1) / wide.notna().sum()
    points = -23 * np.log(1 - relative * (1 - np.exp(-100 / 23)))
    mean = (points * pd.Series(weights)).sum(axis=1)[points.notna().all(axis=1)]
    published = read(england, "out_neighbourhood__score").set_index("neighbourhood_code")["score"]
    assert len(mean) > 7000
    assert np.abs(published.loc[mean.index] - mean).max() < 0.05
    assert (published.loc[mean.index] - mean).abs().median() < 1e-9


def test_a_level_in_an_authority_whose_series_breaks_off_is_no_certain_level(england):
    change = read(england, "out_neighbourhood__series_change")
    broken = pick(change.assign(area_group="any")).query("has_break")["neighbourhood_code"]
    published = read(england, "out_neighbourhood__score").set_index("neighbourhood_code")
    assert len(broken) > 300
    assert set(published.loc[broken, "coverage_class"]) <= {"partial", "missing"}


def test_distances_are_straight_lines_to_the_nearest_hospital(england, shared_data):
    """Ward by ward from the files, on the sphere; within four in a thousand of the grid."""
    points = pd.read_csv(shared_data / "england/lsoa11-population-weighted-centroids.csv").set_index("lsoa11cd")
    people = pd.read_csv(shared_data / "england/population-lsoa11-2011-2016.csv").set_index("LSOA11")["pop2016"]
    lookup = pd.read_csv(shared_data / "england/lookup-lsoa11-ward17.csv").query("lsoa11_code.str.startswith('E')")
    hospitals = np.radians(pd.read_csv(shared_data / "england/hospitals-2022.csv")[["lon", "lat"]].to_numpy())
    table = read(england, "out_neighbourhood__distance").query("category == 'hospitals'")
    published = table.set_index("neighbourhood_code")["straight_line_m"]
    for ward, codes in list(lookup.groupby("ward17_code")["lsoa11_code"])[::150]:
        at = np.radians(points.loc[codes, ["X", "Y"]].to_numpy())
        half = (at[:, None, :] - hospitals[None, :, :]) / 2
        a = (
            np.sin(half[..., 1]) ** 2
            + np.cos(at[:, None, 1]) * np.cos(hospitals[None, :, 1]) * np.sin(half[..., 0]) ** 2
        )
        metres = (2 * 6_371_009 * np.arcsin(np.sqrt(a))).min(axis=1)
        assert published[ward] == pytest.approx(np.average(metres, weights=people.loc[codes]), rel=4e-3)


def test_a_score_can_be_traced_and_the_report_shows_it(england):
    traced = trace_score(england, "left_behind")
    assert {stage["stage"] for stage in traced["inputs"]} == {"places", "scores", "service"}
    assert [i["values"]["n_neighbourhoods"] for i in traced["indicators"]] == [225] * 7
    page = (england.outputs / "report" / "wards.html").read_text(encoding="utf-8")
    assert "Score of 2023" in page
    place = next(iter(sorted((england.outputs / "report" / "neighbourhoods").iterdir()))).read_text(encoding="utf-8")
    for words in ("Straight line to the nearest hospital", "not a travel time", "Median: peers in deprivation"):
        assert words in place
