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
    assert "County Durham fall from 257 in 2019 to 64 in 2021" in durham["coverage_reason"]


def test_the_report_answers_which_ten_and_how_sure(england):
    page = (england.outputs / "report" / "index.html").read_text(encoding="utf-8")
    assert "The 10 left behind wards that lost most runs on the whole of a weekday are Hendon" in page
    assert re.search(r"of them are among the ten under every choice of baseline and end", page)
    size = sum(path.stat().st_size for path in (england.outputs / "report").rglob("*") if path.is_file())
    assert size < 60_000_000
    assert not re.search(r'(src|href)="https?:', page)


def test_everything_can_be_taken_away_in_moderate_size(england):
    folder = england.outputs / "report" / "downloads"
    book = openpyxl.load_workbook(folder / "england.xlsx", read_only=True)
    assert book.sheetnames[:4] == ["Cover", "Contents", "Notes", "Groups"]
    ranked = [row for row in book["Lost weekday_all_day"].iter_rows(values_only=True) if str(row[1]).startswith("E05")]
    assert len(ranked) == 225
    with zipfile.ZipFile(folder / "england-data.zip") as archive:
        names = {name.removeprefix("england-data/") for name in archive.namelist()}
    for table in ("out_small_area__series_change", "out_neighbourhood__service_series"):
        assert f"parquet/{table}.parquet" in names
        assert f"csv/{table}.csv" not in names
    assert {path.suffix for path in (folder / "charts").iterdir()} == {".svg", ".png", ".csv"}
    svg = (folder / "charts" / "groups_weekday_all_day.svg").read_text(encoding="utf-8")
    assert re.search(r"<title[^>]*>Bus runs in left behind wards, England outside London, fell by 52% to 55%", svg)
