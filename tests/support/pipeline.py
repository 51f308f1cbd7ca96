"""Run the whole pipeline in a project folder of its own, as a person would: through make and the command line."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
TINY = "config/test/tiny.yaml"
TEMPORARY = "*.part-*"


def build_environment() -> dict[str, str]:
    """An environment in which the code of this checkout is found from any folder, and make starts afresh."""
    dropped = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PYTEST_CURRENT_TEST")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


class ProjectFolder:
    """A project folder with its own data, configuration and outputs, which runs this checkout's code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> ProjectFolder:
        """Copy what a run reads: the Makefile, the configuration and the embedded sample."""
        path.mkdir(parents=True)
        shutil.copy2(ROOT / "Makefile", path / "Makefile")
        shutil.copytree(ROOT / "config", path / "config")
        shutil.copytree(
            ROOT / "data" / "sample",
            path / "data" / "sample",
            ignore=shutil.ignore_patterns("generator", "__pycache__"),
        )
        (path / "requirements.lock").touch()
        python = path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        (path / ".venv" / ".ready").write_text(hashlib.sha256(b"").hexdigest(), encoding="utf-8")  # of the empty lock
        return cls(path)

    def copy(self, path: Path) -> ProjectFolder:
        """Copy everything, times of files included, so that what was up to date still is."""
        shutil.copytree(self.path, path, symlinks=True)
        return ProjectFolder(path)

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.path,
            env=build_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def execute(self, command: list[str], *, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=build_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def make(self, *arguments: str, area: str = TINY, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Call make for an area."""
        return self.execute(["make", *arguments, f"AREA={area}"], timeout_s=timeout_s)

    def make_all(self, *arguments: str, area: str = TINY, timeout_s: float = 300) -> list[str]:
        """Call ``make all``, require that it ends well, and return the units of work that ran, in their order."""
        done = self.make("all", *arguments, area=area, timeout_s=timeout_s)
        assert done.returncode == 0, done.stdout + done.stderr
        return list_ran(done.stdout)

    def build_first(self, *, area: str = TINY) -> None:
        """Build an area from nothing and keep the list of what ran, in its order, in ``first-run.txt``."""
        ran = self.make_all(area=area)
        (self.path / "first-run.txt").write_text("\n".join(ran), encoding="utf-8")

    def run(self, *arguments: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        """Call the command line."""
        return self.execute([sys.executable, "-m", "pipeline", *arguments], timeout_s=timeout_s)

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call the command line within this process: many times quicker, and what it does not catch is raised here."""
        out, err = io.StringIO(), io.StringIO()
        code: str | int | None = 0
        before = Path.cwd(), sys.argv
        logger = logging.getLogger("pipeline")
        handlers, propagate, level = logger.handlers, logger.propagate, logger.level
        try:
            os.chdir(self.path)
            sys.argv = ["connectivity", *arguments]
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as stop:
            code = stop.code
        finally:
            os.chdir(before[0])
            sys.argv = before[1]
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        return subprocess.CompletedProcess(arguments, int(code or 0), out.getvalue(), err.getvalue())

    def plan(self, *arguments: str, area: str = TINY) -> dict[str, str]:
        """Return what ``connectivity plan`` says would run, with the reasons."""
        done = self.call("plan", "--area", area, *arguments)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        steps = dict(line.split(maxsplit=1) for line in lines[:-1])
        expected = f"{len(steps)} steps would run." if steps else "Nothing to do: everything is up to date."
        assert lines[-1] == expected
        return steps

    def dry_run(self, *arguments: str, area: str = TINY) -> list[str]:
        """Return the units of work that ``make -n all`` lists."""
        done = self.make("-n", "all", *arguments, area=area)
        assert done.returncode == 0, done.stderr
        return [_name_unit(line) for line in done.stdout.splitlines() if " run " in line]

    def kill_after(self, seconds: float) -> bool:
        """Start ``make all``, kill it with all its children after some time; tell whether it was still at work."""
        process = self.start(["make", "all", f"AREA={TINY}"])
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        assert process.returncode == 0
        return False

    def outputs(self, area: str = "tiny") -> Path:
        """Folder of an area's results."""
        return self.path / "outputs" / area

    def read_table(self, name: str, area: str = "tiny") -> pd.DataFrame:
        """Read a published table."""
        return pd.read_parquet(self.outputs(area) / "tables" / f"{name}.parquet")

    def read_manifest(self, unit: str, area: str = "tiny") -> dict[str, Any]:
        """Read the manifest of a unit of work such as ``network/2016``."""
        text = (self.outputs(area) / unit / "manifest.json").read_text(encoding="utf-8")
        content: dict[str, Any] = json.loads(text)
        return content

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that stands exactly once in a file."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old, text.count(old))
        path.write_text(text.replace(old, new), encoding="utf-8")

    def find_leftovers(self) -> list[str]:
        """List temporary files that a killed run left."""
        found = [*(self.path / "outputs").rglob(TEMPORARY), *(self.path / "data").rglob(TEMPORARY)]
        return sorted(path.relative_to(self.path).as_posix() for path in found)


def _name_unit(line: str) -> str:
    words = line.split()
    stage = words[words.index("run") + 1]
    return f"{stage}/{words[words.index('--snapshot') + 1]}" if "--snapshot" in words else stage


def list_ran(output: str) -> list[str]:
    """Return the units of work that make's output says were done, in their order."""
    lines = [line.split(":")[0].split() for line in output.splitlines() if ": done" in line]
    return ["/".join(words) for words in lines]


def hash_files(*folders: Path, skip: tuple[str, ...] = ("manifest.json",)) -> dict[str, str]:
    """Return the SHA-256 of every file below some folders, by its path."""
    return {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in skip
    }


def hash_results(project: ProjectFolder, area: str = "tiny") -> dict[str, str]:
    """Return the SHA-256 of every published table and every file of the report."""
    outputs = project.outputs(area)
    return hash_files(outputs / "tables", outputs / "report")


def hash_everything(project: ProjectFolder) -> dict[str, str]:
    """Return the SHA-256 of all outputs, manifests included, beside the slices that are compared and the lock."""
    found = hash_files(project.path / "outputs", skip=(".lock",))
    return {name: value for name, value in found.items() if "/.slices/" not in name}


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build_once(
    name: str, tmp_path_factory: pytest.TempPathFactory, build: Callable[[ProjectFolder], None]
) -> ProjectFolder:
    """Return a project folder that is built by the first worker that needs it and shared with the others."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, good = shared / name, shared / f"{name}.good"
    with _lock(shared / f"{name}.lock"):
        if not good.exists():
            if folder.exists():
                shutil.rmtree(folder)
            build(ProjectFolder.create(folder))
            good.touch()
    return ProjectFolder(folder)


def time_call(call: Callable[[], object]) -> float:
    """Return how long a call takes, in seconds."""
    started = time.monotonic()
    call()
    return time.monotonic() - started


def check_error(
    done: subprocess.CompletedProcess[str],
    exit_code: int,
    *,
    where: str | None = "",
    row: int | None = None,
    field: str | None = None,
    words: tuple[str, ...] = (),
) -> None:
    """Require one message that names the place and the cure, without a traceback.

    ``where`` is a part of the place; empty: any place; None: the message need name none.
    """
    message = done.stderr
    assert done.returncode == exit_code, (done.returncode, message)
    assert "Traceback" not in message + done.stdout
    lines = [line for line in message.splitlines() if not line.startswith(("INFO", "notice"))]
    assert [line.split(":")[0].strip() for line in lines] in (["error", "where", "cure"], ["error", "cure"]), message
    assert not lines[0].startswith("error: error")
    assert len(lines[-1].removeprefix("  cure:").strip()) > 10
    if where is not None:
        assert where in lines[1], message
        assert lines[1].startswith("  where: "), message
    if row is not None:
        assert f", row {row}" in lines[1], message
    if field is not None:
        assert lines[1].endswith(f"field {field}"), message
    for word in words:
        assert word in message, (word, message)


def rewrite_member(path: Path, member: str, edit: Callable[[str], str | None]) -> None:
    """Edit one text in a zip; it is left out if the edit returns None."""
    with zipfile.ZipFile(path) as archive:
        tables = {name: archive.read(name) for name in archive.namelist()}
    text = edit(tables.pop(member).decode())
    if text is not None:
        tables[member] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in tables.items():
            archive.writestr(name, content)
