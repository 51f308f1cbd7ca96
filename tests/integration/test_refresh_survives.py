"""Refresh through the command line and make: killed at any moment, two at once, offline, called wrongly."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.base.registered import get_registered_path
from pipeline.base.run_lock import TOKENS, hold_area
from tests.support.pipeline import ProjectFolder, hash_files
from tests.support.refresh_world import (
    AREA,
    BUSES,
    NAME,
    add_weekly_area,
    build_feed,
    build_weekly,
    export_again,
    read_base,
    stamp,
    without_routes,
)


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The area with its first snapshot, published; tests must leave it as it is."""
    return build_weekly(tmp_path_factory)


def put(project: ProjectFolder, name: str, *gone: str, seed: int = 1) -> None:
    """Let a timetable without some routes arrive in the folder."""
    feed = read_base(project)
    for number in gone:
        feed = without_routes(feed, lambda row, number=number: row["route_short_name"] == number)  # type: ignore[misc]
    (project.path / "data/sample" / BUSES / name).write_bytes(build_feed(export_again(feed, seed)))


def refresh(project: ProjectFolder) -> subprocess.CompletedProcess[str]:
    """Refresh to the end, in a process of its own."""
    return project.run("refresh", "--area", AREA, timeout_s=900)


def read_plain(project: ProjectFolder) -> dict[str, object]:
    """The registered snapshots without the times of their registration."""
    path = get_registered_path(project.path / AREA)
    plain: dict[str, object] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for one in plain["snapshots"]:  # type: ignore[attr-defined]
        del one["registered"]
    return plain


def hash_results(project: ProjectFolder) -> dict[str, str]:
    outputs = project.outputs(NAME)
    names = ("tables", "report", "publish", "scores", "service", "times", "network", "timetables")
    return hash_files(*(outputs / name for name in names))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_refresh_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    weekly: ProjectFolder, tmp_path: Path
) -> None:
    calm, rough = weekly.copy(tmp_path / "calm"), weekly.copy(tmp_path / "rough")
    for project in (calm, rough):
        put(project, "2024-10-14.zip", "10")
    done = refresh(calm)
    assert done.returncode == 0, done.stderr
    n_killed = 0
    for seconds in (0.8, 1.6, 2.4, 4, 7, 11):
        process = rough.start([str(rough.path / ".venv/bin/python"), "-m", "pipeline", "refresh", "--area", AREA])
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL) if n_killed % 2 else os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            n_killed += 1
    assert n_killed >= 2
    done = refresh(rough)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert hash_results(rough) == hash_results(calm)
    assert read_plain(rough) == read_plain(calm)
    assert rough.find_leftovers() == []
    assert not (rough.path / "data/incoming").exists()
    assert rough.plan(area=AREA) == calm.plan(area=AREA) == {}
    assert refresh(rough).stdout == "refresh weekly: nothing new (checked 3 sources)\n"


def test_make_refresh_finds_nothing_new_and_refuses_to_run_beside_another(
    weekly: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = weekly.copy(tmp_path / "project")
    put(project, "2024-10-14.zip")
    folders = [project.path / name for name in ("outputs", "data/raw", "config")]
    (project.outputs(NAME) / ".lock").touch()
    before = stamp(*folders)
    done = project.make("refresh", area=AREA)
    assert (done.returncode, done.stdout) == (0, "refresh weekly: nothing new (checked 3 sources)\n"), done.stderr
    assert stamp(*folders) == before
    with hold_area(project.outputs(NAME), what="make all"), monkeypatch.context() as other:
        other.delenv(TOKENS)  # with the token this process would belong to the run that holds the area
        busy = project.call("refresh", "--area", AREA)
    assert busy.returncode == 6
    assert "Another run holds this area: make all, process" in busy.stderr
    assert busy.stdout.startswith("refresh weekly: failed with exit code 6: Another run holds this area")


def test_a_file_that_cannot_be_read_changes_nothing_and_the_next_one_is_taken(
    weekly: ProjectFolder, tmp_path: Path
) -> None:
    project = weekly.copy(tmp_path / "project")
    folders = [project.path / name for name in ("outputs", "data/raw", "config")]
    empty = project.call("refresh", "--area", AREA)
    assert empty.returncode == 4
    assert "No file has arrived in this folder" in empty.stderr
    (project.path / "data/sample" / BUSES / "2024-10-14.zip").write_bytes(b"PK\x03\x04 cut short")
    before = stamp(*folders)
    done = project.call("refresh", "--area", AREA)
    assert done.returncode == 4
    assert done.stdout.startswith("refresh weekly: failed with exit code 4: ")
    assert stamp(*folders) == before
    put(project, "2024-10-15.zip")
    assert project.call("refresh", "--area", AREA).stdout == "refresh weekly: nothing new (checked 3 sources)\n"


def test_an_area_without_a_section_refresh_is_told_so(tmp_path: Path) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    done = project.call("refresh", "--area", "config/test/tiny.yaml", "--json")
    assert done.returncode == 3
    assert '"exit_code": 3' in done.stdout
    assert "does not say which timetables make new snapshots" in done.stderr
    done = project.call("accept", "config/test/tiny.yaml", "2016", "--reason", "so", "--by", "me")
    assert done.returncode == 2
    assert "No registered snapshot is held" in done.stderr


def test_an_area_that_has_no_snapshot_yet_says_how_to_get_one(tmp_path: Path) -> None:
    project = add_weekly_area(ProjectFolder.create(tmp_path / "project"))
    text = (project.path / AREA).read_text(encoding="utf-8")
    start, end = text.index("snapshots:"), text.index("caveats:")
    (project.path / AREA).write_text(text[:start] + text[end:], encoding="utf-8")
    done = project.call("plan", "--area", AREA)
    assert done.returncode == 3
    assert "Run make refresh AREA=weekly" in done.stderr
