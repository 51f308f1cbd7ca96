"""An area file that ``connectivity config init`` writes runs as it is, through make, to a report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.base.load import load_project
from tests.support.pipeline import ROOT, ProjectFolder, check_error

SHORT = """windows:
  weekday_am:
    outward: {start: "07:00", end: "07:20"}
    back: {start: "16:00", end: "16:20"}
  weekday_evening: null
  saturday: null
  sunday: null
"""


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """A project whose data folder holds the sample's inputs of two years and nothing else."""
    made = ProjectFolder.create(tmp_path / "project")
    sample, inputs = made.path / "data" / "sample", made.path / "inputs"
    inputs.mkdir()
    for name in ("saltmarsh.osm.pbf", "small_areas.csv", "lookup_small_area_ward.csv", "wards.csv", "naptan.csv"):
        shutil.move(sample / name, inputs / name)
    shutil.move(sample / "hospitals.csv", inputs / "hospitals.csv")
    for year in ("2016", "2019"):
        for name in ("bus_council.zip", "rail.zip"):
            shutil.move(sample / "timetables" / year / name, inputs / f"{year}-{name}")
    (made.path / "short.yaml").write_text(SHORT, encoding="utf-8")
    return made


def test_what_init_writes_is_good_runs_and_says_what_was_made(project: ProjectFolder) -> None:
    done = project.call("config", "init", "--data", "inputs", "--name", "my_town", "--yes")
    assert done.returncode == 0, done.stderr
    assert "make all AREA=my_town" in done.stdout
    assert project.call("config", "check", "--area", "my_town").returncode == 0
    assert project.call("doctor", "--area", "my_town").returncode == 0
    made = project.make("all", "CONFIG=short.yaml", area="my_town", timeout_s=580)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "steps to do (fetch, timetables" in made.stderr
    assert "report:  outputs/my_town/report/index.html" in made.stdout
    assert (project.outputs("my_town") / "report" / "index.html").is_file()
    times = project.read_table("out_neighbourhood__travel_time", area="my_town")
    assert set(times["category"]) == {"hospitals"}
    assert times["travel_time_p50_s"].notna().any()

    again = project.make("all", "CONFIG=short.yaml", area="my_town")
    assert "steps to do" not in again.stderr
    assert ": done" not in again.stdout
    assert len(again.stdout.splitlines()) < 10


def test_programs_read_json_of_plan_status_verify_show_and_doctor(tiny: ProjectFolder) -> None:
    area = ("--area", "config/test/tiny.yaml", "--json")
    plan = json.loads(tiny.call("plan", *area).stdout)
    assert (plan["n_steps"], plan["steps"]) == (0, [])
    stages = json.loads(tiny.call("status", *area).stdout)["stages"]
    assert {"name", "is_current", "age_s", "seconds", "peak_memory_mb", "n_rows", "n_notices"} == set(stages[0])
    assert all(stage["is_current"] for stage in stages)
    assert json.loads(tiny.call("verify", *area).stdout) == {"area": area[1], "is_good": True, "differences": []}
    assert json.loads(tiny.call("config", "show", *area).stdout)["area"]["name"] == "tiny"
    assert json.loads(tiny.call("doctor", *area).stdout)["is_good"] is True


def test_programs_read_json_of_diff_explain_and_validate(tiny: ProjectFolder) -> None:
    area = "config/test/tiny.yaml"
    difference = json.loads(tiny.call("diff", area, "2016", "2024", "--json").stdout)
    assert {"area", "snapshot_from", "snapshot_to", "services", "operators"} <= set(difference)
    code = (
        tiny.read_table("out_neighbourhood__travel_time")
        .dropna(subset="travel_time_p50_s")["neighbourhood_code"]
        .iloc[0]
    )
    journey = json.loads(tiny.call("explain", area, code, "hospitals", "--json").stdout)
    assert (journey["code"], journey["category"]) == (code, "hospitals")
    assert {"leg", "kind", "duration_s"} <= set(journey["legs"][0])
    score = json.loads(tiny.call("explain", area, "--score", code, "--json").stdout)
    assert isinstance(score, dict)
    feed = str(ROOT / "data/sample/timetables/2024/bus_council.zip")
    found = json.loads(tiny.call("validate", feed, "--json").stdout)
    assert found["inputs"][0]["path"] == feed
    assert found["n_notices"] == sum(notice["count"] for notice in found["notices"])


def test_status_fits_a_terminal_of_eighty_columns(tiny: ProjectFolder) -> None:
    lines = tiny.call("status", "--area", "config/test/tiny.yaml").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["stage", "state", "age", "rows", "notices", "seconds", "MB"]


def test_an_area_that_exists_is_not_overwritten_unasked(project: ProjectFolder) -> None:
    before = (project.path / "config/areas/newport.yaml").read_text("utf-8")
    done = project.call("config", "init", "--data", "inputs", "--name", "newport")
    check_error(done, 2, where="--out", words=("newport.yaml exists",))
    assert (project.path / "config/areas/newport.yaml").read_text("utf-8") == before


@pytest.mark.slow
def test_newport_runs_from_its_folder_alone(shared_data: Path, tmp_path: Path) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    (project.path / "short.yaml").write_text(SHORT, encoding="utf-8")
    folder = str(shared_data / "newport")
    done = project.call("config", "init", "--data", folder, "--name", "my_newport", "--yes")
    assert done.returncode == 0, done.stderr
    made = project.make("all", "CONFIG=short.yaml", area="my_newport", timeout_s=580)
    assert made.returncode == 0, made.stdout + made.stderr
    times = project.read_table("out_neighbourhood__travel_time", area="my_newport")
    assert times["neighbourhood_code"].nunique() == 95
    area = load_project(str(project.path / "config/areas/my_newport.yaml")).area
    assert set(times["snapshot"]) == {s.id for s in area.snapshots}
