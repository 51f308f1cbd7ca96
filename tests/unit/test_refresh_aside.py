"""What all snapshots share is as it was, times included, after a candidate has been tried and held."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from pipeline.base.io import TEMPORARY_MARK, write_text
from pipeline.base.load import Project, load_project
from pipeline.stages import refresh_aside
from pipeline.stages.refresh_aside import keeping_shared
from pipeline.stages.slices import FOLDER
from tests.support.pipeline import TINY, ProjectFolder
from tests.support.refresh_world import stamp


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The tiny area with results of ``service`` and the marks of its last run."""
    monkeypatch.chdir(ProjectFolder.create(tmp_path / "project").path)
    project = load_project(TINY)
    write_text("old", project.outputs / "service" / "manifest.json")
    write_text("old", project.outputs / "service" / "deep" / "table.csv")
    write_text("old", project.outputs / FOLDER / "service.config.json")
    return project


def try_candidate(project: Project) -> None:
    """Do what a stage does that runs with a candidate: other files, and other marks."""
    shutil.rmtree(project.outputs / "service")
    write_text("new", project.outputs / "service" / "manifest.json")
    write_text("new", project.outputs / "service" / "other.csv")
    write_text("new", project.outputs / FOLDER / "service.config.json")
    write_text("new", project.outputs / FOLDER / "service.seen.json")


@pytest.mark.parametrize("has_links", [True, False])
def test_what_a_candidate_changed_is_put_back_with_its_times(
    project: Project, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links on this disk")

    if not has_links:
        monkeypatch.setattr("os.link", refuse)
        monkeypatch.setattr(refresh_aside, "exchange", lambda *_: False)
    before = stamp(project.outputs / "service" / "deep" / "table.csv")
    with keeping_shared(project) as put_back:
        try_candidate(project)
        put_back()
    files = {path.relative_to(project.outputs).as_posix() for path in project.outputs.rglob("*") if path.is_file()}
    assert files == {"service/manifest.json", "service/deep/table.csv", f"{FOLDER}/service.config.json"}
    assert {(project.outputs / name).read_text(encoding="utf-8") for name in files} == {"old"}
    assert stamp(project.outputs / "service" / "deep" / "table.csv") == before
    assert list(project.outputs.rglob(f"*{TEMPORARY_MARK}*")) == []


def test_what_an_accepted_candidate_changed_stays(project: Project) -> None:
    with keeping_shared(project):
        try_candidate(project)
    assert (project.outputs / "service" / "other.csv").is_file()
    assert not (project.outputs / "service" / "deep").exists()
    assert list(project.outputs.rglob(f"*{TEMPORARY_MARK}*")) == []


def test_a_stage_that_had_no_results_keeps_those_of_the_candidate_as_unfinished(project: Project) -> None:
    shutil.rmtree(project.outputs / "service")
    (project.outputs / FOLDER / "service.config.json").unlink()
    with keeping_shared(project) as put_back:
        write_text("new", project.outputs / "service" / "manifest.json")
        write_text("new", project.outputs / FOLDER / "service.config.json")
        put_back()
    assert not (project.outputs / FOLDER / "service.config.json").exists()  # it is out of date
