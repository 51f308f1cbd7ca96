"""Publish a project again and again, dying at every step at which a file changes; run as a program of its own.

``python -m tests.support.crash PROJECT SEED N KIND`` prints one line of JSON for each step tried. All is imported
once, and each attempt is a copy (fork) of this process, so that an attempt takes a fraction of a second.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from pathlib import Path

from pipeline.base.load import load_project
from pipeline.stages import publish
from pipeline.stages.run_safely import hold_project
from tests.support.pipeline import TINY, ProjectFolder
from tests.support.survival import check_published, find_leftovers, hash_published

CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.link", "ctypes.dlsym", "os.truncate"}
KILLED = 9


class _Blow:
    """Counts the steps at which a file changes, and dies at one of them, as if killed: nothing is cleaned up."""

    def __init__(self, deadly: int | None) -> None:
        self.deadly, self.n = deadly, 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        is_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in CHANGES or is_write:
            self.n += 1
            if self.n == self.deadly:
                os._exit(KILLED)


def run_publish(deadly: int | None, count_to: int | None = None) -> None:
    """Publish in this process; the number of steps is written to a descriptor if given."""
    blow = _Blow(deadly)
    sys.addaudithook(blow)
    project = load_project(TINY)
    with hold_project(project, what="run publish"):
        publish.run(project)
    if count_to is not None:
        os.write(count_to, str(blow.n).encode())
    os._exit(0)


def fork(deadly: int | None) -> tuple[int, int]:
    """Publish in a copy of this process; return its exit code and the number of steps it counted (0 if it died)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            run_publish(deadly, writing)
        finally:
            os._exit(1)
    os.close(writing)
    text = os.read(reading, 100)
    os.close(reading)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(text or 0)


def main(path: str, seed: str, n_steps: str, kind: str) -> None:
    """Try steps drawn at random, the last ones always among them: they are the delicate ones."""
    project = ProjectFolder(Path(path))
    os.chdir(project.path)
    folder = project.outputs() / "publish"
    if kind == "another version":
        version = (folder / "latest").readlink().name
        (folder / version).rename(folder / "older")
        (folder / "latest").unlink()
        (folder / "latest").symlink_to("older")
        history = [{"version": "older", "tables": "others"}]
        (folder / "history.json").write_text(json.dumps(history), encoding="utf-8")
    saved = project.path / "saved"
    shutil.copytree(folder, saved, symlinks=True)
    code, n = fork(None)
    assert code == 0
    assert n > 100, n
    whole = hash_published(project)
    steps = set(random.Random(seed).sample(range(1, n + 1), min(int(n_steps), n))) | set(range(n - 24, n + 1))
    for step in sorted(steps):
        shutil.rmtree(folder)
        shutil.copytree(saved, folder, symlinks=True)
        code, _ = fork(step)
        result: dict[str, object] = {"step": step, "of": n, "code": code}
        try:
            check_published(project)
            after, _ = fork(None)
            result |= {"after": after, "is_same": hash_published(project) == whole, "left": find_leftovers(project)}
            check_published(project)
        except AssertionError as error:
            result["broken"] = str(error)[:500]
        print(json.dumps(result), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
