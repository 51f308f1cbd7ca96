"""``connectivity config init`` at a real terminal: questions, answers, Enter, Ctrl-C and the end of input."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.pipeline import ProjectFolder, build_environment

CTRL_C, CTRL_D = "\x03", "\x04"
LIMIT_S = 90


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """A project that has not been run."""
    return ProjectFolder.create(tmp_path / "project")


def ask(project: ProjectFolder, *answers: str) -> tuple[int, str]:
    """Answer each question that the command asks at a terminal; Enter where no answer is left."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project.path)
        os.execve(sys.executable, [sys.executable, "-m", "pipeline", "config", "init"], build_environment())
    shown, n_answered, left = "", 0, list(answers)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                shown += os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # the terminal closes with the program
                break
        elif len(shown) > n_answered and shown.endswith(": "):
            answer = left.pop(0) if left else ""
            n_answered = len(shown) + len(answer)
            os.write(terminal, answer.encode() if answer in {CTRL_C, CTRL_D} else f"{answer}\n".encode())
    else:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.replace("\r", "")


def test_answers_make_an_area_file_and_enter_takes_what_was_proposed(project: ProjectFolder) -> None:
    code, shown = ask(project, "nowhere", "data/sample", "my_town", "My Town")
    assert code == 0, shown
    assert "There is no folder nowhere." in shown
    assert "Name of the area (letters, digits, - and _) [sample]" in shown
    assert "Use hospitals.csv as destinations 'hospitals'? [Y/n]" in shown
    assert "next:    make all AREA=my_town" in shown
    area = yaml.safe_load((project.path / "config/areas/my_town.yaml").read_text("utf-8"))
    assert (area["name"], area["title"], area["data"]) == ("my_town", "My Town", "data/sample")


@pytest.mark.parametrize("end", [CTRL_C, CTRL_D])
def test_ctrl_c_or_the_end_of_input_at_a_question_writes_nothing(project: ProjectFolder, end: str) -> None:
    """Polars' own handler of Ctrl-C once made the question wait on for a line."""
    before = set((project.path / "config/areas").iterdir())
    code, shown = ask(project, "data/sample", end)
    assert code == 130, shown
    assert "stopped: " in shown
    assert "Traceback" not in shown
    assert set((project.path / "config/areas").iterdir()) == before
