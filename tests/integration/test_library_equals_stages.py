"""The library gives the same figures as the command line and the stages, to the second."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from pipeline.base.notices import Notices
from pipeline.library import (
    build_streets,
    compute_indicators,
    compute_scores,
    compute_service_levels,
    compute_travel_times,
    read_timetable,
)
from tests.support.pipeline import ROOT, ProjectFolder

SAMPLE = ROOT / "data" / "sample"
FEEDS = [SAMPLE / "timetables" / "2024" / f"{name}.zip" for name in ("bus_council", "rail", "ferry")]
DAY = "2024-10-08"


def _read_homes() -> gpd.GeoDataFrame:
    table = pd.read_csv(SAMPLE / "small_areas.csv")
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["easting"], table["northing"]), crs="EPSG:27700")


def _read_hospitals() -> gpd.GeoDataFrame:
    table = pd.read_csv(SAMPLE / "hospitals.csv")
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4326")


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ([], {}),
        (["--nearest"], {"nearest": True}),
        (["--direction", "from"], {"direction": "from"}),
        (["--nearest", "--max-changes", "0"], {"nearest": True, "max_changes": 0}),
        (["--modes", "bus", "--walk-kmh", "3.6"], {"modes": ["bus"], "walk_kmh": 3.6}),
    ],
    ids=["pairs", "nearest", "return", "without changes", "bus and slow walking"],
)
def test_travel_times_are_those_of_the_matrix_command(
    flags: list[str], options: dict[str, object], tmp_path: Path
) -> None:
    table = pd.read_csv(SAMPLE / "small_areas.csv").rename(columns={"sa21cd": "id"})
    table[["id", "easting", "northing"]].to_csv(tmp_path / "homes.csv", index=False)
    feeds = [part for path in FEEDS for part in ("--gtfs", str(path))]
    files = ["--osm", str(SAMPLE / "saltmarsh.osm.pbf"), "--destinations", str(SAMPLE / "hospitals.csv")]
    when = ["--date", DAY, "--time", "07:00", "--window", "30", "--out", str(tmp_path / "out.parquet")]
    done = ProjectFolder(tmp_path).call(
        "matrix", *feeds, *files, "--origins", str(tmp_path / "homes.csv"), *when, *flags
    )
    assert done.returncode == 0, done.stderr
    notices = Notices()
    found = compute_travel_times(
        build_streets(SAMPLE / "saltmarsh.osm.pbf", notices=notices),
        read_timetable(FEEDS, date=DAY, notices=notices),
        _read_homes().rename(columns={"sa21cd": "id"}),
        _read_hospitals(),
        date=DAY,
        departures=("07:00", "07:30"),
        notices=notices,
        **options,  # type: ignore[arg-type]
    )
    assert found["travel_time_s"].notna().sum() > 0.5 * len(found)
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "out.parquet"))


def test_service_levels_are_those_of_the_stage(tiny: ProjectFolder) -> None:
    stage = tiny.read_table("out_neighbourhood__service_level")
    stage = stage[stage["snapshot"] == "2024"]
    geography = tiny.read_table("out_neighbourhood__geography").rename(columns={"neighbourhood_code": "id"})
    zones = gpd.GeoDataFrame(geography, geometry=gpd.points_from_xy(geography["lon"], geography["lat"]), crs=4326)
    notices = Notices()
    found = compute_service_levels(
        read_timetable(FEEDS, date=DAY, notices=notices), zones, date=DAY, crs="EPSG:27700", notices=notices
    )
    keys = ["neighbourhood_code", "mode", "day_type", "band"]
    pair = found.merge(stage, on=keys, how="outer", suffixes=("", "_of_stage"), indicator=True)
    assert (pair["_merge"] == "both").all()
    assert pair["runs_per_day"].max() > 10
    measures = [name for name in found.columns if name not in keys]
    assert len(measures) == 9
    for name in measures:
        pd.testing.assert_series_equal(
            pair[name].astype(float), pair[f"{name}_of_stage"].astype(float), check_names=False
        )


def test_scores_and_indicators_are_those_of_the_stage(tiny: ProjectFolder) -> None:
    names = [path.stem for path in (tiny.outputs() / "tables").glob("out_neighbourhood__*.parquet")]
    made_by_scores = {"out_neighbourhood__score", "out_neighbourhood__indicator", "out_neighbourhood__comparison"}
    tables = {name: tiny.read_table(name) for name in sorted(set(names) - made_by_scores)}
    scoring = tiny.path / "config" / "scoring" / "connectedness.yaml"
    notices = Notices()
    for name, compute in (
        ("out_neighbourhood__score", compute_scores),
        ("out_neighbourhood__indicator", compute_indicators),
    ):
        found = compute(tables, scoring=scoring, notices=notices)
        stage = tiny.read_table(name)
        keys = [k for k in ("snapshot", "neighbourhood_code", "indicator") if k in stage.columns]
        found = found.sort_values(keys, ignore_index=True)[list(stage.columns)]
        stage = stage.sort_values(keys, ignore_index=True)
        assert stage["score"].notna().any()
        pd.testing.assert_frame_equal(found, stage, check_dtype=False)
