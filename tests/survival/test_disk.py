"""A disk that is full, limited or read-only: a message with its cure, whole results, and the same bytes afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.pipeline import TINY, ProjectFolder, hash_everything
from tests.support.survival import (
    MAKE_ALL,
    build_environment,
    check_published,
    find_leftovers,
    find_message,
    finish,
    hash_published,
    small_disk,
    switch,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
UNCHECKED = "resources: {is_checked: false}\n"
SIZE_MB = 256
"""The reserve that a run wants free (100 MB), and what a run writes, twice."""


@pytest.fixture(scope="module")
def expected(tiny: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the second state of the area publishes undisturbed."""
    project = tiny.copy(tmp_path_factory.mktemp("undisturbed") / "project")
    switch(project, MAKE_ALL, is_second=True)
    assert finish(project, MAKE_ALL).returncode == 0
    return hash_published(project)


def fill(folder: Path, free_kb: int) -> Path:
    """Fill a disk but for some kilobytes."""
    filler = folder / "filler"
    with filler.open("wb") as handle:
        os.posix_fallocate(handle.fileno(), 0, max(1, shutil.disk_usage(folder).free - 1024 * free_kb))
    return filler


def test_a_full_disk_is_told_with_its_cure_and_the_next_run_ends_with_the_same_bytes(
    tiny: ProjectFolder, tmp_path: Path, expected: dict[str, str]
) -> None:
    project = tiny.copy(tmp_path / "project")
    aside = project.path / "outputs-before"
    (project.path / "outputs").rename(aside)
    (project.path / "mine.yaml").write_text(UNCHECKED, encoding="utf-8")
    with small_disk(project.path / "outputs", SIZE_MB):
        shutil.copytree(aside, project.path / "outputs", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(aside)
        switch(project, MAKE_ALL, is_second=True)
        for free_kb in (0, 40, 400, 3000):
            filler = fill(project.path / "outputs", free_kb)
            done = project.make("all", "CONFIG=mine.yaml")
            message = find_message(done)
            assert "full" in message or "No space left" in message, message
            check_published(project)
            filler.unlink()
        done = finish(project, MAKE_ALL)
        assert done.returncode == 0, done.stderr
        assert hash_published(project) == expected
        assert find_leftovers(project) == []


def test_a_run_that_would_fill_the_disk_is_refused_before_it_starts(tiny: ProjectFolder, tmp_path: Path) -> None:
    project = tiny.copy(tmp_path / "project")
    shutil.rmtree(project.path / "outputs")
    with small_disk(project.path / "outputs", 20):
        done = project.make("all")
        assert "would not fit onto the disk" in find_message(done)
        assert ": done" not in done.stdout
        assert [path.name for path in (project.path / "outputs" / "tiny").rglob("manifest.json")] == []


def test_a_limit_on_the_size_of_files_is_told_with_its_cure(tiny_copy: ProjectFolder, expected: dict[str, str]) -> None:
    """The same without root: what can be written is limited for the processes of the run."""
    switch(tiny_copy, MAKE_ALL, is_second=True)
    for blocks in (1, 30, 600):
        done = subprocess.run(
            ["sh", "-c", f"ulimit -f {blocks}; exec make all AREA={TINY}"],
            cwd=tiny_copy.path,
            env=build_environment(tiny_copy),
            capture_output=True,
            text=True,
            check=False,
        )
        assert "larger than this system allows" in find_message(done)
        check_published(tiny_copy)
    assert finish(tiny_copy, MAKE_ALL).returncode == 0
    assert hash_published(tiny_copy) == expected
    assert find_leftovers(tiny_copy) == []


def test_read_only_outputs_are_told_and_can_be_looked_at(
    tiny: ProjectFolder, tmp_path: Path, expected: dict[str, str]
) -> None:
    project = tiny.copy(tmp_path / "project")
    aside = project.path / "outputs-before"
    (project.path / "outputs").rename(aside)
    with small_disk(project.path / "outputs", SIZE_MB):
        outputs = project.path / "outputs"
        shutil.copytree(aside, outputs, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(aside)
        before = hash_everything(project)
        switch(project, MAKE_ALL, is_second=True)
        subprocess.run(["mount", "-o", "remount,ro", str(outputs)], check=True)
        try:
            done = project.make("all")
            assert "read-only" in find_message(done).lower()
            assert "network/2016" in project.plan() or "times/2016" in project.plan()
            assert hash_everything(project) == before
            check_published(project)
        finally:
            subprocess.run(["mount", "-o", f"remount,rw,size={SIZE_MB}m", str(outputs)], check=True)
        assert finish(project, MAKE_ALL).returncode == 0
        assert hash_published(project) == expected
        assert find_leftovers(project) == []
