"""Help is quick, fits 80 columns and stands in groups; the shell completes what files tell quickly."""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.cli.complete import complete_code, complete_snapshot
from pipeline.cli.examples import EXAMPLES
from pipeline.cli.main import app

MOST_CPU_S = 0.4
COMMANDS = [
    *("plan", "run", "status", "verify", "done", "fetch", "graph", "explain", "diff", "attribute", "scenario"),
    *("serve", "matrix", "convert", "validate", "doctor", "warm", "docs", "bench"),
    *("refresh", "accept", "accept-run", "clean-old", "profile"),
]
ALL = [*COMMANDS, "config init", "config show", "config check", "config schema"]


def run_program(root: Path, *words: str, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "80", "NO_COLOR": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words], cwd=root, env=env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def measure_cpu_s(root: Path, *words: str) -> float:
    """Processor time of one call; the least of five, since other work on the machine only adds to it."""
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_program(root, *words)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


@pytest.mark.parametrize("words", [("--help",), ("matrix", "--help"), ("config", "init", "--help")])
def test_help_takes_less_than_four_tenths_of_a_second_of_processor_time(root, words):
    assert measure_cpu_s(root, *words) < MOST_CPU_S


def test_help_lists_every_command_in_groups_without_cutting_texts_short(root):
    text = run_program(root, "--help")
    for heading in ("Runs of an area:", "Questions about an area:", "Your own files, without an area:", "Set-up"):
        assert heading in text
    for name in (*COMMANDS, "config"):
        assert re.search(rf"^  {name} +\w", text, flags=re.MULTILINE), name
    assert "..." not in text.replace("[ARGS]...", "")
    assert not re.search(r"^  (rules|missing) ", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ALL)
def test_help_of_every_command_fits_eighty_columns_and_explains_its_options(root, monkeypatch, capsys, name):
    monkeypatch.setenv("COLUMNS", "80")
    app([*name.split(), "--help"], standalone_mode=False, prog_name="connectivity")
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert f"Usage: connectivity {name}" in text


@pytest.mark.parametrize("name", ALL)
def test_help_begins_with_one_sentence_of_purpose_and_ends_with_an_example(monkeypatch, capsys, name):
    monkeypatch.setenv("COLUMNS", "80")
    app([*name.split(), "--help"], standalone_mode=False, prog_name="connectivity")
    text = capsys.readouterr().out
    purpose = " ".join(text.split("\n\n")[1].split())
    assert re.fullmatch(r"[A-Z][^.]*(?:'[^']*')?[^.]*\.", purpose), purpose
    last = text.split("\n  Example:\n")[1].replace("\\\n", " ")
    assert shlex.split(last)[: 1 + len(name.split())] == ["connectivity", *name.split()]


def test_every_command_that_is_shown_has_an_example():
    assert set(EXAMPLES) == set(ALL)


def complete(root: Path, shell: str, *words: str) -> list[str]:
    """What the shell would offer for the last word."""
    line = " ".join(words)
    made = {"_CONNECTIVITY_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    made |= {"_TYPER_COMPLETE_ARGS": line}
    return run_program(root, **made).split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("connectivity", "plan", "--area", "new"), {"newport"}),
        (("connectivity", "diff", "sample", "20"), {"2010", "2016", "2019", "2024"}),
        (("connectivity", "explain", "newport", "W01001604", "ma"), {"major_hospitals"}),
        (("connectivity", "run", "ti"), {"timetables", "times"}),
        (("connectivity", "run", "times", "--area", "newport", "--snapshot", "2024"), {"2024-03-05"}),
        (("connectivity", "con"), {"config", "convert"}),
    ],
)
def test_bash_completes_areas_snapshots_categories_and_stages(root, words, offered):
    assert set(complete(root, "bash", *words)) == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_complete_too(root, shell):
    environment = {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    made = {"_CONNECTIVITY_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "connectivity plan --area new"}
    assert "newport" in run_program(root, **made, **environment)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_every_shell_can_be_shown(root, shell):
    text = run_program(root, "--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_CONNECTIVITY_COMPLETE" in text


def test_codes_of_neighbourhoods_come_from_the_table_of_scores(monkeypatch, tmp_path):
    (tmp_path / "config/areas").mkdir(parents=True)
    (tmp_path / "config/areas/town.yaml").write_text("name: town\n", encoding="utf-8")
    tables = tmp_path / "outputs/town/tables"
    tables.mkdir(parents=True)
    text = "snapshot,neighbourhood_code\n2016,E01\n2016,E02\n2024,E01\n2024,W01\n"
    (tables / "out_neighbourhood__score.csv").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert complete_code(SimpleNamespace(params={"area": "town"}), "E") == ["E01", "E02"]
    assert complete_code(SimpleNamespace(params={"area": "nowhere"}), "E") == []


def test_a_broken_area_file_completes_to_nothing(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("a: [1,\n", encoding="utf-8")
    assert complete_snapshot(SimpleNamespace(params={"area": str(path)}), "") == []
