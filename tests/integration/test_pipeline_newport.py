"""Newport, where its inputs are at hand: the whole pipeline on a real town."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pandas as pd
import pytest

from tests.support.pipeline import ProjectFolder, time_call

SNAPSHOTS = ["2023-06-13", "2024-03-05"]
MORNING = {"window": "weekday_am", "direction": "outward", "mode_set": "all"}


@pytest.fixture(scope="module")
def newport(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    if not (shared_data / "newport").is_dir():
        pytest.skip("the inputs of Newport are not in the folder of real inputs")
    project = ProjectFolder.create(tmp_path_factory.mktemp("newport") / "project")
    seconds = time_call(lambda: project.make_all(f"DATA={shared_data}", area="newport"))
    assert seconds < 180
    return project


def _read_text(report: Path) -> str:
    pages = [page.read_text(encoding="utf-8") for page in sorted(report.glob("*.html"))]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", " ".join(pages))))


def test_newport_is_reported_for_its_neighbourhoods(newport: ProjectFolder) -> None:
    times = newport.read_table("out_small_area__travel_time", "newport")
    assert times["small_area_code"].nunique() == 511
    assert times["neighbourhood_code"].nunique() == 95
    assert sorted(times["snapshot"].unique()) == SNAPSHOTS
    geography = newport.read_table("out_neighbourhood__geography", "newport")
    assert len(geography) == 95
    assert 140_000 < geography["population"].sum() < 155_000
    assert geography["geometry_wkb"].notna().all()
    assert (geography["area_group"] == "other_deprived").any()
    notices = newport.read_table("out_run__notices", "newport")
    vintages = notices[notices["code"] == "vintages_differ"]
    assert vintages["count"].tolist() == [511]
    assert "2021" in vintages["detail"].iloc[0]
    assert "2011" in vintages["detail"].iloc[0]


def test_newport_has_medians_to_hospital_and_station_for_each_snapshot(newport: ProjectFolder) -> None:
    times = newport.read_table("out_neighbourhood__travel_time", "newport")
    for key, value in MORNING.items():
        times = times[times[key] == value]
    for category in ("hospitals", "stations"):
        for snapshot in SNAPSHOTS:
            rows = times[(times["category"] == category) & (times["snapshot"] == snapshot)]
            assert len(rows) == 95
            median = rows["travel_time_p50_s"].fillna(float("inf")).median()
            assert 10 * 60 < median < 90 * 60, (category, snapshot, median)
    summary = newport.read_table("out_group__summary", "newport")
    everybody = summary[summary["area_group"] == "all"]
    for measure in ("hospital_time", "station_time"):
        rows = everybody[everybody["measure"] == measure]
        assert sorted(rows["snapshot"]) == SNAPSHOTS
        assert rows["median"].notna().all()
        for median in rows["median"]:
            assert f"{median / 60:.0f} minutes" in _read_text(newport.outputs("newport") / "report"), measure


def test_newport_is_not_compared_in_total_service(newport: ProjectFolder) -> None:
    services = newport.read_table("out_service__change", "newport")
    changes = newport.read_table("out_neighbourhood__service_change", "newport")
    comparable = services[services["coverage_class"] == "comparable"]
    names = comparable["operator_name_before"].astype(object).fillna(comparable["operator_name_after"])
    assert set(names) == {"Newport Bus"}
    assert len(comparable) < len(services) / 2
    bus = changes[changes["mode"] == "bus"]
    assert set(bus.loc[bus["day_type"] != "weekday", "coverage_class"]) == {"missing"}
    assert bus.loc[bus["coverage_class"] == "missing", "change_runs_per_day"].isna().all()
    others = bus[(bus["day_type"] == "weekday") & (bus["coverage_class"] != "comparable")]
    assert others["neighbourhood_code"].nunique() > 95 / 2
    text = _read_text(newport.outputs("newport") / "report")
    assert "The two bus timetables are not comparable in total service" in text
    assert "No jobs data exists for Newport" in text
    assert not newport.outputs("newport").joinpath("tables/out_neighbourhood__jobs.parquet").exists()
    indicators = newport.read_table("out_neighbourhood__indicator", "newport")
    assert (
        not (indicators["indicator"] == "jobs_time").any()
        or indicators.loc[indicators["indicator"] == "jobs_time", "value"].isna().all()
    )


def test_newport_nulls_have_reasons(newport: ProjectFolder) -> None:
    times = newport.read_table("out_small_area__travel_time", "newport")
    pd.testing.assert_series_equal(times["travel_time_p50_s"].isna(), times["reason"].notna(), check_names=False)
