"""The stage ``measures`` on the tiny area: published, usable as an indicator, traced."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pipeline.base.load import load_project
from pipeline.routing.raptor import RangeQuery
from pipeline.routing.window import build_window
from pipeline.stages.common import read_places
from pipeline.stages.measures_reach import compute_reached, lead_home
from pipeline.stages.work import read_links
from pipeline.transit.packed import read_packed
from tests.support.pipeline import TINY, ProjectFolder, check_error

INDICATOR = """  - name: access_level
    label: Public transport access level
    definition: Access index of Transport for London, mean over small areas by people.
    table: out_neighbourhood__ptal
    column: access_index
    unit: index points
    worse: low
    domain: service
    weight: 1
    nulls: missing
    anchors: {best: 25, worst: 0}
"""


def test_access_levels_are_published_and_can_be_an_indicator(tiny_copy: ProjectFolder):
    area = tiny_copy.path / TINY
    area.write_text(area.read_text(encoding="utf-8") + "  measures: {ptal: true}\n", encoding="utf-8")
    scoring = tiny_copy.path / "config/scoring/connectedness.yaml"
    scoring.write_text(scoring.read_text(encoding="utf-8") + INDICATOR, encoding="utf-8")
    assert set(tiny_copy.plan()) == {"measures", "scores", "report", "publish"}
    tiny_copy.make_all()
    table = tiny_copy.read_table("out_neighbourhood__ptal").query("snapshot == '2024'").set_index("neighbourhood_code")
    assert (table["access_index"] > 0).any()
    assert table["ptal"].isna().equals(table["access_index"].isna())
    assert set(table.loc[table["access_index"] == 0, "ptal"]) <= {"0"}
    used = tiny_copy.read_table("out_neighbourhood__indicator").query(
        "indicator == 'access_level' and snapshot == '2024'"
    )
    assert used["value"].tolist() == table["access_index"].tolist()
    code = str(used["neighbourhood_code"].iloc[0])
    done = tiny_copy.call("explain", TINY, "--score", code, "--format", "json")
    assert "measures" in {stage["stage"] for stage in json.loads(done.stdout)["inputs"]}


def test_the_stage_says_that_no_measure_is_asked_for(tiny: ProjectFolder):
    check_error(tiny.call("run", "measures", "--area", TINY), 2, where=None, words=("ptal: true",))


AS_DESTINATIONS = (
    "  - {category: people, label: people, path: small_areas.csv, code: sa21cd, name: sa21cd, x: easting,\n"
    '     y: northing, crs: "EPSG:27700", weight: population, cumulative: true}\nsnapshots:\n'
)
REACHED = "  measures: {transport_performance: true, floating_catchment: [hospitals], catchment_min: 40}\n"


def test_people_reached_are_those_of_small_areas_given_as_destinations(tiny_copy: ProjectFolder):
    area = tiny_copy.path / TINY
    text = area.read_text(encoding="utf-8").replace("snapshots:\n", AS_DESTINATIONS, 1)
    area.write_text(text + REACHED, encoding="utf-8")
    tiny_copy.make_all()
    keys = ["snapshot", "neighbourhood_code"]
    found = tiny_copy.read_table("out_neighbourhood__transport_performance").set_index(keys)
    asked = tiny_copy.read_table("out_neighbourhood__jobs").query(
        "category == 'people' and window == 'weekday_am' and mode_set == 'all' and limit_min == 30"
    )
    expected = asked.set_index(keys)["jobs_p50"].reindex(found.index)
    assert expected.notna().any()
    pd.testing.assert_series_equal(found["people_reached"], expected, check_names=False)
    assert (found["people_reached"] < found["people_nearby"]).any()
    catchments = tiny_copy.read_table("out_neighbourhood__floating_catchment")
    assert (catchments["supply_per_1000_people"] > 0).any()
    assert set(catchments["catchment_min"]) == {40}
    assert not tiny_copy.outputs().joinpath("measures/out_neighbourhood__ptal.parquet").exists()


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("measures: {floating_catchment: [nothing]}", "nothing"),
        ("measures: {floating_catchment: [hospitals], catchment_min: 500}", "500"),
    ],
)
def test_measures_that_cannot_be_computed_are_refused(tiny_copy: ProjectFolder, setting: str, word: str):
    area = tiny_copy.path / TINY
    area.write_text(area.read_text(encoding="utf-8") + f"  {setting}\n", encoding="utf-8")
    check_error(tiny_copy.call("run", "measures", "--area", TINY), 3, where=TINY, words=(word,))


def test_people_reached_do_not_depend_on_how_many_small_areas_are_taken_at_a_time(
    tiny: ProjectFolder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tiny.path)
    project, places = load_project(TINY), read_places(load_project(TINY))
    folder = project.outputs / "network" / "2024"
    query = RangeQuery(lead_home(read_packed(folder / "weekday")), build_window(25_200, 27_000, cap_s=1800))
    people = places.small_areas["population"].to_numpy(dtype=float)
    whole, parts = (
        compute_reached(query, read_links(folder), people, walk_kmh=4.8, n_starts=n) for n in (len(people), 7)
    )
    assert len(people) > 7
    assert whole.tolist() == parts.tolist()
    assert (whole >= people).all()
