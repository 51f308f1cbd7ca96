"""Whatever goes wrong, the terminal gets one message with its cure and an exit code, and never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from pipeline.base.errors import GateError, InputError, PipelineError
from pipeline.cli import main as cli
from pipeline.cli.failures import DEBUG, describe_failure


def run_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["connectivity", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0), capsys.readouterr().err


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let ``config show`` raise."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.base.load.load_project", fail)


ASK = ("config", "show", "--area", "sample")


@pytest.mark.parametrize(
    ("words", "said", "meant"),
    [
        (("plann",), "No such command 'plann'.", "Did you mean plan?"),
        (("plan", "--aera", "sample"), "No such option: --aera.", "Did you mean --area?"),
        (("config", "shw"), "No such command 'shw'.", "Did you mean show?"),
        (("run", "times"), "Missing option '--area'", "connectivity run --help"),
        (("serve", "sample", "--port", "99999999"), "Invalid value for '--port'", "connectivity serve --help"),
        (("plan", "--area", "sample", "surplus"), "unexpected extra argument", "connectivity plan --help"),
        (("matrix", "--osm"), "--osm", "connectivity --help"),
        (("qqqqqq",), "No such command 'qqqqqq'.", "connectivity --help"),
    ],
)
def test_a_command_that_is_not_understood_ends_with_2_and_a_hint(monkeypatch, capsys, words, said, meant):
    code, text = run_command(monkeypatch, capsys, *words)
    assert code == 2
    assert said in text
    assert meant in text.split("cure:")[1]
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "run the same command"),
        (typer.Abort(), 130, "run the same command"),
        (MemoryError(), 4, "WORKERS=1"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/table.parquet"), 4, "disk is full"),
        (OSError(errno.EACCES, "Permission denied", "/x/table.parquet"), 4, "right to read and write"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), 4, "Read-only file system"),
        (OSError(errno.EMFILE, "Too many open files"), 4, "ulimit -n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/x/a"), 4, "Check the path"),
        (OSError("something odd"), 4, "something odd"),
        (GateError("Held.", file="a.yaml", cure="Accept it."), 6, "Accept it."),
        (KeyError("column"), 1, "--debug"),
        (RecursionError("too deep"), 1, "fault of the program"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_failure_has_its_exit_code_and_a_cure_but_no_traceback(monkeypatch, capsys, error, code, said):
    monkeypatch.delenv(DEBUG, raising=False)
    fail_with(monkeypatch, error)
    found, text = run_command(monkeypatch, capsys, *ASK)
    assert found == code
    assert said.lower() in text.lower()
    assert "cure:" in text
    assert "Traceback" not in text


def test_a_fault_of_the_program_names_the_place_in_its_code(monkeypatch, capsys):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("pipeline.base.load.read_yaml", fail)
    code, text = run_command(monkeypatch, capsys, *ASK)
    assert code == 1
    assert "ZeroDivisionError: division by zero" in text
    assert "where: pipeline/base/load.py, line" in text


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_traceback_is_shown_where_somebody_asks_for_it(monkeypatch, capsys, how):
    monkeypatch.setenv(DEBUG, "1" if how == "environment" else "0")
    fail_with(monkeypatch, InputError("It is broken.", file="a.csv", cure="Mend it."))
    code, text = run_command(monkeypatch, capsys, *(["--debug"] if how == "option" else []), *ASK)
    assert code == 4
    assert "Traceback" in text
    assert "cure:  Mend it." in text


def test_what_the_place_of_an_os_error_is_stands_in_the_message():
    shown, word = describe_failure(OSError(errno.ENOSPC, "No space left on device", "/x/table.parquet"))
    assert word == "error"
    assert isinstance(shown, PipelineError)
    assert shown.file == "/x/table.parquet"


def test_a_reader_that_goes_away_is_no_error(root):
    """The output is larger than a pipe holds, and nobody reads it."""
    code = "import sys; from pipeline.cli.main import main; sys.argv = ['connectivity', 'config', 'schema']; main()"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 1


def test_a_folder_that_cannot_be_written_to_is_named(monkeypatch, capsys, tmp_path, root):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    words = ("diff", "sample", "2010", "2016", "--out", str(closed / "x.txt"))
    code, text = run_command(monkeypatch, capsys, *words)
    assert code == 4
    assert str(closed) in text


def test_ctrl_c_ends_a_real_process_with_130_and_one_message(root):
    """The signal comes from outside, as at a terminal."""
    code = (
        "import time; from pipeline.cli import commands_config as c\n"
        "import pipeline.base.load as load\n"
        "def wait(*a, **k):\n    print('waiting', flush=True)\n    time.sleep(60)\n"
        "load.load_project = wait\n"
        "import sys; sys.argv = ['connectivity', 'config', 'show', '--area', 'sample']\n"
        "from pipeline.cli.main import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("stopped: ")
    assert "Traceback" not in err


def test_a_group_of_commands_alone_shows_its_help(monkeypatch, capsys):
    code, text = run_command(monkeypatch, capsys, "config")
    assert code == 2
    assert "init" in text
    assert "Traceback" not in text


def test_the_version_is_told_and_ends_well(monkeypatch, capsys):
    assert run_command(monkeypatch, capsys, "--version")[0] == 0


def test_the_code_of_this_checkout_was_tested(root):
    assert Path(cli.__file__).is_relative_to(root)
