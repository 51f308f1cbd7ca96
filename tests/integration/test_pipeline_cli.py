"""The command line: quick help, and commands that say something true."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import pipeline
from tests.support.pipeline import ROOT, TINY, ProjectFolder, check_error

SAMPLE = ROOT / "data" / "sample"
COMMANDS = (
    "run",
    "plan",
    "status",
    "verify",
    "matrix",
    "validate",
    "convert",
    "explain",
    "diff",
    "attribute",
    "scenario",
    "serve",
    "config",
    "doctor",
)


def test_help_lists_the_commands(tiny: ProjectFolder) -> None:
    done = tiny.run("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, flags=re.MULTILINE), command


def test_every_make_target_is_explained(tiny: ProjectFolder) -> None:
    done = tiny.execute(["make", "help"])
    assert done.returncode == 0
    stages = "fetch timetables streets places network times service attribution scores report publish"
    for target in f"{stages} setup demo all plan status verify check test bench docs clean".split():
        assert re.search(rf"^ +{target} +\w", done.stdout, flags=re.MULTILINE), target


def test_version_and_unknown_commands(tiny: ProjectFolder) -> None:
    assert tiny.call("--version").stdout.strip() == pipeline.__version__
    for arguments in (("fly",), ("plan",), ("plan", "--area", TINY, "--fast")):
        assert tiny.call(*arguments).returncode == 2, arguments


def test_doctor_finds_this_installation_well(tiny: ProjectFolder) -> None:
    done = tiny.call("doctor")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert not any(line.startswith("BAD") for line in lines)
    assert any("Python 3." in line for line in lines)
    assert sum("numba" in line for line in lines) >= 1
    assert "config/default.yaml is current" in done.stdout


def test_config_show_and_check(tiny: ProjectFolder, tmp_path: Path) -> None:
    done = tiny.call("config", "show", "--area", TINY)
    shown = yaml.safe_load(done.stdout)
    assert shown["area"]["name"] == "tiny"
    assert set(shown["settings"]["windows"]) == {"weekday_am", "sunday"}
    assert shown["settings"]["windows"]["weekday_am"]["outward"] == {"start": "07:00", "end": "07:30"}
    assert shown["settings"]["walking"]["speed_kmh"] == 4.8
    assert tiny.call("config", "check", "--area", TINY).stdout.strip() == f"{TINY}: good, and all inputs exist."
    data = tmp_path / "data"
    shutil.copytree(tiny.path / "data/sample", data)
    (data / "hospitals.csv").unlink()
    done = tiny.call("config", "check", "--area", TINY, "--data", str(data))
    check_error(done, 4, where="hospitals.csv", words=("1 input",))
    schema = json.loads(tiny.call("config", "schema").stdout)
    assert "walking" in schema["settings"]["properties"]


def test_plan_status_and_verify_of_a_built_area(tiny_copy: ProjectFolder) -> None:
    assert tiny_copy.plan() == {}
    status = tiny_copy.call("status", "--area", TINY).stdout
    assert status.count("current") == 13
    assert "out of date" not in status
    done = tiny_copy.call("verify", "--area", TINY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "Every file is as the manifests say."
    assert "outputs/tiny/report/index.html" in tiny_copy.call("done", "--area", TINY).stdout

    table = tiny_copy.outputs() / "tables" / "out_neighbourhood__score.csv"
    table.write_text("tampered\n", encoding="utf-8")
    (tiny_copy.path / "data/sample/hospitals.csv").touch()
    (tiny_copy.outputs() / "times/2024/out_small_area__travel_time.parquet").unlink()
    done = tiny_copy.call("verify", "--area", TINY)
    assert done.returncode == 6
    assert "out_neighbourhood__score.csv differs from what scores recorded" in done.stdout
    assert "out_small_area__travel_time.parquet is missing" in done.stdout
    assert "2 files differ from the manifests." in done.stderr
    status = tiny_copy.call("status", "--area", TINY).stdout
    assert re.search(r"places .* out of date", status)
    assert re.search(r"streets .* current", status)


def test_status_of_an_area_that_was_never_run(tmp_path: Path) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    status = project.call("status", "--area", TINY)
    assert status.returncode == 0
    assert status.stdout.count("not run") == 13
    assert set(project.plan().values()) == {"has not been run"}
    assert len(project.dry_run()) == 13


def test_validate_lists_notices_by_code_file_and_row(tiny: ProjectFolder, tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("id,lon,lat\na,0.83,53.2\nb,,\n", encoding="utf-8")
    feed = SAMPLE / "timetables/2010/bus_council.zip"
    out = tmp_path / "notices.csv"
    done = tiny.call("validate", str(feed), str(SAMPLE / "saltmarsh.osm.pbf"), str(points), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "timetable: GTFS, " in done.stdout
    assert "3 separate networks" in done.stdout
    assert "2 points, by their column 'id'" in done.stdout
    assert "notice gtfs_frequency_inexact (info): 4 x " in done.stderr
    assert "notice gtfs_times_interpolated (info): 130 x " in done.stderr
    assert "points.csv, row 3" in done.stderr
    assert "place_not_located,warning,points.csv,3" in out.read_text(encoding="utf-8")
    check_error(tiny.call("validate", str(tmp_path / "none.zip")), 4, where="none.zip")
    other = tmp_path / "story.docx"
    other.touch()
    check_error(tiny.call("validate", str(other)), 4, where="story.docx")


def test_the_same_command_runs_as_a_module_from_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == pipeline.__version__


@pytest.mark.parametrize("command", ["explain", "diff"])
def test_explain_and_diff_tell_of_a_built_area(tiny: ProjectFolder, command: str) -> None:
    arguments = {"explain": ("X05000016", "hospitals"), "diff": ("2016", "2024")}[command]
    done = tiny.call(command, TINY, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    words = {"explain": ("Ferry", "ferry", "F1"), "diff": ("57", "renamed")}[command]
    assert any(word in done.stdout for word in words)
