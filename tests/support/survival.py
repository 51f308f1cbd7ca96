"""Disturb a run in every way a machine can, and look whether anybody who reads the report could notice."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.pipeline import TINY, ProjectFolder, hash_files
from tests.support.pipeline import build_environment as build_plain_environment

N_KILLS = int(os.environ.get("CONNECTIVITY_KILLS", "30"))
BUSY = "Another run holds this area:"


# --- what a reader of the report sees ---------------------------------------------------------------------------------


LINK = re.compile(r'\b(?:href|src)="([^"]+)"')
"""What a page of ours refers to: attributes are always in double quotes."""


def find_broken(folder: Path) -> list[str]:
    """Follow every link of a report from its first page; return those that lead to nothing, or to an empty file."""
    waiting, seen, broken = [folder / "index.html"], set[Path](), []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if not path.is_file() or not path.stat().st_size:
            broken.append(path.relative_to(folder).as_posix())
            continue
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            if not text.rstrip().endswith("</html>"):
                broken.append(f"{path.relative_to(folder).as_posix()} is cut short")
            for link in set(LINK.findall(text)):
                parts = urlsplit(unescape(link))
                if not parts.scheme and not parts.netloc and parts.path:
                    waiting.append(Path(os.path.normpath(path.parent / unquote(parts.path))))
    return sorted(broken)


def check_published(project: ProjectFolder, area: str = "tiny") -> None:
    """Require that the last published report, and the report of the last run, are whole."""
    outputs = project.outputs(area)
    for folder in (outputs / "publish" / "latest" / "report", outputs / "report"):
        assert find_broken(folder) == [], folder


def find_leftovers(project: ProjectFolder) -> list[str]:
    """List temporary files of ours anywhere: outputs, archive, configuration, the folder for temporary files."""
    found = [path for path in project.path.rglob("*.part-*") if ".venv" not in path.parts]
    temporary = project.path / "tmp"
    found += list(temporary.rglob("*")) if temporary.is_dir() else []
    return sorted(path.relative_to(project.path).as_posix() for path in found)


def hash_published(project: ProjectFolder, area: str = "tiny") -> dict[str, str]:
    """Return the SHA-256 of tables, report and the latest published version, and what the version is called."""
    outputs = project.outputs(area)
    latest = outputs / "publish" / "latest"
    found = hash_files(outputs / "tables", outputs / "report")
    found |= {f"latest/{name}": value for name, value in hash_files(latest / "report", latest / "tables").items()}
    return {**found, "latest": latest.readlink().name}


# --- runs -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Command:
    """A command that is disturbed, and what makes it have something to do.

    Attributes
    ----------
    name
        For messages.
    words
        The command.
    edit
        Text of the area file before and after: each round goes from one to the other, or back.
    area
        Name of its area.
    """

    name: str
    words: tuple[str, ...]
    edit: tuple[str, str] = ("", "")
    area: str = "tiny"


SCORING = ("  car: true\n", "  car: true\n  scoring: config/scoring/other.yaml\n")
PLACES = ('      outward: {start: "07:00", end: "07:30"}', '      outward: {start: "07:00", end: "07:20"}')
MAKE_ALL = Command("make all", ("make", "all", f"AREA={TINY}"), PLACES)
MAKE_PUBLISH = Command("make publish", ("make", "publish", f"AREA={TINY}"), SCORING)


def build_environment(project: ProjectFolder) -> dict[str, str]:
    """An environment whose temporary files lie within the project, so that each that is left over is seen."""
    temporary = project.path / "tmp"
    temporary.mkdir(exist_ok=True)
    return {**build_plain_environment(), "TMPDIR": str(temporary)}


def start(project: ProjectFolder, command: Command) -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        list(command.words),
        cwd=project.path,
        env=build_environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(project: ProjectFolder, command: Command, *, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        list(command.words),
        cwd=project.path,
        env=build_environment(project),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def list_session(session: int) -> list[int]:
    """List the processes of a session that are not dead."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            state, _, _, its = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[:4]
            if int(its) == session and state != "Z":
                found.append(int(entry.name))
    return sorted(found)


def kill_at(project: ProjectFolder, command: Command, moment_s: float, chance: random.Random, *, is_group: bool) -> str:
    """Start a command, kill the whole group or one of its processes at a moment; say what was killed.

    The report is looked at right after the blow, and again once what was left alive has ended.
    """
    process = start(project, command)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment_s)
    alive = list_session(process.pid)
    if not alive:
        process.communicate()
        return "nothing: it had ended"
    if is_group:
        os.killpg(process.pid, signal.SIGKILL)
        what = f"all {len(alive)}"
    else:
        victim = chance.choice(alive)
        what = _name(victim)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    check_published(project, command.area)
    process.communicate()
    deadline = time.monotonic() + 300
    while list_session(process.pid):
        assert time.monotonic() < deadline, "what was left alive does not end"
        time.sleep(0.05)
    check_published(project, command.area)
    return what


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return "a process that had just ended"
    kept = [word for word in words if word in {"hold", "run", "rules", "done"} or "make" in word or word.isalpha()]
    return " ".join(kept[:6])


def switch(project: ProjectFolder, command: Command, *, is_second: bool) -> None:
    """Bring the area file into one of its two states."""
    path = project.path / TINY
    text = path.read_text(encoding="utf-8")
    old, new = command.edit if is_second else command.edit[::-1]
    if (is_second and new not in text) or (not is_second and old in text):
        path.write_text(text.replace(old, new), encoding="utf-8")


def build_two_states(project: ProjectFolder, command: Command) -> list[dict[str, str]]:
    """Run both states undisturbed, until each has followed the other, and return what each publishes."""
    scoring = project.path / "config" / "scoring"
    text = (scoring / "connectedness.yaml").read_text(encoding="utf-8")
    (scoring / "other.yaml").write_text(text.replace("weight: 0.45", "weight: 0.25"), encoding="utf-8")
    found: list[dict[str, str]] = []
    for number in range(4):
        switch(project, command, is_second=number % 2 == 1)
        done = finish(project, command)
        assert done.returncode == 0, done.stdout + done.stderr
        found.append(hash_published(project))
    return found[2:]


# --- disks ------------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[None]:
    """Mount a disk of a few megabytes in memory; skips where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def find_message(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a failed run said, and require that it is a message and no traceback."""
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert re.search(r"^error: ", done.stderr, re.MULTILINE), done.stderr
    assert "where:" in done.stderr
    assert "cure:" in done.stderr
    return done.stderr
