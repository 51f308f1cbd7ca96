"""The tutorial is run as it stands: files written, commands typed, outputs compared. So are the README's questions."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.support.documents import list_blocks
from tests.support.pipeline import ROOT, ProjectFolder

PAGE = ROOT / "docs" / "tutorial" / "first-area.md"
ADDED = ", added at its end"


def _add_command(project: ProjectFolder) -> None:
    """Give the project the command that ``make setup`` makes."""
    command = project.path / ".venv" / "bin" / "connectivity"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n', encoding="utf-8")
    command.chmod(0o755)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_step_of_the_tutorial_does_what_it_shows(sample: ProjectFolder, tmp_path: Path) -> None:
    project = sample.copy(tmp_path / "project")
    _add_command(project)
    said, n_commands, n_compared = "", 0, 0
    for block in list_blocks(PAGE.read_text(encoding="utf-8")):
        if block.language == "sh":
            said = ""
            for line in block.text.splitlines():
                done = project.execute(shlex.split(line), timeout_s=400)
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                said += done.stdout
                n_commands += 1
        elif block.language == "text":
            for line in block.text.splitlines():
                assert line in said.splitlines(), (line, said)
                n_compared += 1
        elif block.language == "yaml":
            file = project.path / block.title.removesuffix(ADDED)
            before = file.read_text(encoding="utf-8") if block.title.endswith(ADDED) else ""
            file.write_text(before + block.text, encoding="utf-8")
    assert n_commands >= 9
    assert n_compared >= 12
    assert (project.outputs("first") / "report" / "index.html").is_file()


def test_the_questions_of_the_readme_have_answers(sample: ProjectFolder) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    questions = re.findall(r"`((?:explain|diff|attribute) sample [^`]+)`", readme)
    assert len(questions) >= 4
    for question in questions:
        done = sample.call(*shlex.split(question))
        assert done.returncode == 0, (question, done.stderr)
        assert len(done.stdout.splitlines()) > 3, question
