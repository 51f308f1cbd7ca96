"""A clock that jumps, and two runs at once."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.support.pipeline import TINY, ProjectFolder, list_ran
from tests.support.survival import (
    BUSY,
    MAKE_ALL,
    check_published,
    find_leftovers,
    finish,
    hash_published,
    start,
    switch,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
YEAR_S = 365 * 86_400
INPUT = "data/sample/hospitals.csv"


def set_times(folder: Path, choose: object) -> None:
    """Give every file below a folder the time that a function returns."""
    assert callable(choose)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            moment = choose(path)
            os.utime(path, (moment, moment))


def jump_to(project: ProjectFolder, jump: str, now: float) -> None:
    """Set the times of all results as a wrong clock would have set them: that is how a clock shows itself."""
    chance = random.Random(jump)
    choices = {
        "1970": lambda _: 0.0,
        "future": lambda _: now + YEAR_S,
        "backwards": lambda path: 2 * now - YEAR_S - path.stat().st_mtime,  # what was later is earlier
        "mixed": lambda _: chance.uniform(0, 2 * now),
    }
    set_times(project.outputs(), choices[jump])


def shorten_input(project: ProjectFolder, moment: float) -> str:
    """Take the last row from an input, give the file a time, and return what it held."""
    path = project.path / INPUT
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(text.splitlines()[:-1]) + "\n", encoding="utf-8")
    os.utime(path, (moment, moment))
    return text


@pytest.mark.parametrize("jump", ["1970", "future", "backwards", "mixed"])
def test_wherever_the_clock_jumps_exactly_what_changed_would_run(tiny_copy: ProjectFolder, jump: str) -> None:
    now = time.time()
    jump_to(tiny_copy, jump, now)
    assert tiny_copy.plan() == {}
    assert tiny_copy.make_all() == []
    shorten_input(tiny_copy, {"1970": now, "future": now, "backwards": now - 10 * YEAR_S, "mixed": 0.0}[jump])
    planned = tiny_copy.plan()
    assert "places" in planned
    assert sorted(tiny_copy.dry_run()) == sorted(planned)


def test_after_a_jump_nothing_stale_stays_and_what_is_put_back_gives_what_was(tiny_copy: ProjectFolder) -> None:
    whole, now = hash_published(tiny_copy), time.time()
    jump_to(tiny_copy, "mixed", now)
    text = shorten_input(tiny_copy, 0.0)
    planned = tiny_copy.plan()
    ran = tiny_copy.make_all()
    assert sorted(ran) == sorted(planned)
    name = "tables/out_neighbourhood__travel_time.parquet"
    assert hash_published(tiny_copy)[name] != whole[name]
    assert tiny_copy.make_all() == []
    (tiny_copy.path / INPUT).write_text(text, encoding="utf-8")
    os.utime(tiny_copy.path / INPUT, (now + YEAR_S, now + YEAR_S))
    assert set(tiny_copy.make_all()) == set(ran)
    back = hash_published(tiny_copy)
    assert {name for name in whole if name.startswith("tables/") and back[name] != whole[name]} == set()
    assert tiny_copy.make_all() == []


def test_of_two_runs_at_once_one_is_refused_and_the_bytes_are_the_same(tiny: ProjectFolder, tmp_path: Path) -> None:
    whole = hash_published(tiny)
    project = tiny.copy(tmp_path / "project")
    shutil.rmtree(project.path / "outputs")
    processes = [start(project, MAKE_ALL) for _ in range(2)]
    messages = [process.communicate(timeout=600)[1] for process in processes]
    codes = [process.returncode for process in processes]
    for code, message in zip(codes, messages, strict=True):
        if code:
            assert BUSY in message
            assert "cure:" in message
            assert "Traceback" not in message
    assert 0 in codes
    assert hash_published(project) == whole
    check_published(project)
    assert find_leftovers(project) == []


def test_while_a_run_is_at_work_what_writes_is_refused_and_what_reads_is_not(tiny_copy: ProjectFolder) -> None:
    switch(tiny_copy, MAKE_ALL, is_second=True)
    at_work = start(tiny_copy, MAKE_ALL)
    try:
        lock = tiny_copy.outputs() / ".lock"
        deadline = time.monotonic() + 60
        while not (lock.is_file() and lock.stat().st_size):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for words in (["run", "places"], ["clean-old"], ["graph"]):
            done = tiny_copy.run(*words, "--area", TINY)
            assert done.returncode == 6, (words, done.stderr)
            assert f"{BUSY} make all, process" in done.stderr
        for words in (["plan", "--area", TINY], ["status", "--area", TINY]):
            assert tiny_copy.run(*words).returncode == 0, words
        assert tiny_copy.make("-n", "all").returncode == 0
    finally:
        message = at_work.communicate(timeout=600)[1]
    assert at_work.returncode == 0, message
    assert list_ran(finish(tiny_copy, MAKE_ALL).stdout) == []
