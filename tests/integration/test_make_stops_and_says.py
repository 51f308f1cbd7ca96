"""Make at the terminal: Ctrl-C, names that do not exist, and an installation that is there already."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.pipeline import TINY, ProjectFolder, list_ran


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """A project that has not been run."""
    return ProjectFolder.create(tmp_path / "project")


def test_ctrl_c_says_once_how_to_go_on_leaves_nothing_half_done_and_the_same_command_goes_on(
    project: ProjectFolder,
) -> None:
    process = project.start(["make", "all", f"AREA={TINY}"])
    first = project.outputs() / "timetables" / "2016" / "manifest.json"
    deadline = time.monotonic() + 120
    while not first.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal does at Ctrl-C
    out, err = process.communicate(timeout=60)
    assert process.returncode in {-signal.SIGINT, 130}, "both are 130 for a shell"
    assert err.count("stopped: ") == 1
    assert f"(make all AREA={TINY}): it goes on where it stopped" in err
    assert "Traceback" not in out + err
    assert "Deleting file" not in out + err
    assert not list(project.outputs().rglob("*.part*"))
    kept = {path.parent.relative_to(project.outputs()) for path in project.outputs().rglob("manifest.json")}
    assert Path("timetables/2016") in kept
    done = project.make("all")
    assert done.returncode == 0, done.stderr
    assert not {path.as_posix() for path in kept} & set(list_ran(done.stdout))


def test_targets_variables_and_areas_that_do_not_exist_are_refused_with_what_was_probably_meant(
    project: ProjectFolder,
) -> None:
    for words, likely in (
        (["make", "helo"], "Did you mean help?"),
        (["make", "stat"], "Did you mean status"),
        (["make", "plan", "area=sample"], "Did you mean AREA?"),
        (["make", "plan", "AREA=newprot"], "Did you mean newport?"),
    ):
        done = project.execute(words)
        assert done.returncode == 2, words
        assert likely in done.stderr, (words, done.stderr)


def test_variables_that_look_like_none_of_the_project_are_left_to_make(project: ProjectFolder) -> None:
    done = project.execute(["make", "help", "XYZZY=1"])
    assert (done.returncode, done.stderr) == (0, "")


def _set_lock(project: ProjectFolder, text: str) -> str:
    (project.path / "requirements.lock").write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_lock_that_the_packages_satisfy_installs_nothing_and_its_hash_is_remembered(project: ProjectFolder) -> None:
    wanted = _set_lock(project, "# another text, the same packages\n")
    done = project.execute(["make", "setup"], timeout_s=280)
    assert done.returncode == 0, done.stderr
    assert "holds the packages of requirements.lock already: nothing to install" in done.stdout
    assert (project.path / ".venv/.ready").read_text(encoding="utf-8").strip() == wanted
    os.utime(project.path / "requirements.lock")
    again = project.execute(["make", "setup"])
    assert again.stdout.splitlines() == ["Ready. Try: make demo"], "times of files decide nothing"
    version = project.execute([".venv/bin/connectivity", "--version"])
    assert version.returncode == 0, version.stderr


def test_before_anything_is_installed_it_is_said_why(project: ProjectFolder) -> None:
    before = (project.path / ".venv/.ready").read_text(encoding="utf-8")
    _set_lock(project, "no-such-package-of-anybody==1.0 \\\n    --hash=sha256:00\n")
    python = project.path / ".venv/bin/python"
    text = python.read_text(encoding="utf-8")
    python.write_text(text.replace("exec", 'case "$*" in "-m pip "*) exit 1;; esac\nexec'), encoding="utf-8")
    done = project.execute(["make", "setup"])
    assert done.returncode == 2
    said = done.stdout.splitlines()
    assert said[0] == "requirements.lock is not satisfied: no-such-package-of-anybody is not installed."
    assert said[1].startswith("Installing the locked dependencies into .venv")
    assert (project.path / ".venv/.ready").read_text(encoding="utf-8") == before
