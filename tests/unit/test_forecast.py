"""What a run will need is said, and refused, before it starts."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipeline.base.errors import RoomError
from pipeline.base.load import Project, load_project
from pipeline.base.room import UNLIMITED, get_available_memory
from pipeline.stages import forecast
from pipeline.stages.forecast import build_room, check_room, estimate_stop_times
from pipeline.stages.refresh_candidate import Judge
from pipeline.stages.targets import build_targets

ALL = ["timetables/2024", "streets", "places", "network/2024", "times/2024", "scores", "report"]


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The sample, not run."""
    monkeypatch.chdir(root)
    return load_project("sample", outputs=tmp_path)


def write_group(root: Path, *, limit: str, used: int, cached: int = 0, path: str = "/a/b", where: str = "a/b") -> None:
    folder = root / "sys/fs/cgroup" / where
    folder.mkdir(parents=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/cgroup").write_text(f"0::{path}\n")
    (root / "proc/meminfo").write_text("MemTotal: 8000 kB\nMemAvailable:    5000 kB\n")


def test_the_limit_of_a_control_group_counts_where_it_is_less_than_the_machine_has(tmp_path: Path) -> None:
    write_group(tmp_path, limit="3000000", used=2_500_000, cached=1_000_000)
    assert get_available_memory(tmp_path) == 1_500_000


def test_the_limit_of_a_group_further_up_counts_too(tmp_path: Path) -> None:
    write_group(tmp_path, limit="2000000", used=500_000, where="a")
    assert get_available_memory(tmp_path) == 1_500_000


def test_without_a_limit_what_the_machine_has_available_counts(tmp_path: Path) -> None:
    write_group(tmp_path, limit="max", used=1)
    assert get_available_memory(tmp_path) == 5_000 * 1024
    assert 0 < get_available_memory() < UNLIMITED


def test_stop_times_are_estimated_from_sizes_alone(tmp_path: Path) -> None:
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stop_times.txt", "x" * 40_000)
        archive.writestr("trips.txt", "x" * 40_000)
    assert estimate_stop_times(path) == 1_000
    assert estimate_stop_times(tmp_path / "none.zip") == 0


def test_only_stages_that_wait_for_no_other_are_counted_together(project: Project) -> None:
    names = [name for name in ALL if name in build_targets(project)]
    alone, two = build_room(project, names, n_jobs=1), build_room(project, names, n_jobs=2)
    assert len(alone.together) == 1
    assert set(two.together) <= {"timetables/2024", "streets", "places"}
    assert len(two.together) == 2
    assert two.memory_mb > max(need.memory_mb for need in two.needs if need.name in two.together)
    assert {need.name: need.memory_mb for need in two.needs} == {need.name: need.memory_mb for need in alone.needs}


def test_a_run_that_would_not_fit_into_memory_is_refused_with_the_numbers(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "get_available_memory", lambda: 300_000_000)
    with pytest.raises(RoomError) as refused:
        check_room(project, ALL)
    assert refused.value.exit_code == 6
    assert "GB of memory" in str(refused.value)
    assert "0.3 GB are available" in str(refused.value)
    assert "is_checked: false" in str(refused.value)
    monkeypatch.setattr(forecast, "get_available_memory", lambda: 64_000_000_000)
    check_room(project, ALL)


def test_a_timetable_that_has_just_arrived_is_not_read_where_it_would_not_fit(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gtfs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stop_times.txt", "x" * 40_000_000)
    monkeypatch.setattr(forecast, "get_available_memory", lambda: 900_000_000)
    with pytest.raises(RoomError, match=r"needs up to 1\.0 GB \(0\.9 GB are available\)"):
        forecast.check_reading(project, path)
    feed = project.area.snapshots[0].feeds[0].model_copy(update={"path": str(path)})
    with pytest.raises(RoomError):
        Judge(project, date(2024, 10, 8)).read_feed(feed)
    monkeypatch.setattr(forecast, "get_available_memory", lambda: 2_000_000_000)
    forecast.check_reading(project, path)


def test_a_run_that_would_not_fit_onto_the_disk_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "get_free_bytes", lambda _: 20_000_000)
    with pytest.raises(RoomError, match=r"(?s)would not fit onto the disk.*clean-old"):
        check_room(project, ALL)


def test_the_check_can_be_switched_off_and_nothing_to_do_needs_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "get_available_memory", lambda: 1)
    check_room(project, [])
    settings = project.settings.model_copy(
        update={"resources": project.settings.resources.model_copy(update={"is_checked": False})}
    )
    check_room(replace(project, settings=settings), ALL)
