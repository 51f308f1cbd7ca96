"""``kill -9`` at random moments: the next run ends with the same bytes, and the published report is never broken."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.support.pipeline import ProjectFolder
from tests.support.survival import (
    MAKE_ALL,
    MAKE_PUBLISH,
    N_KILLS,
    Command,
    build_two_states,
    check_published,
    find_leftovers,
    finish,
    hash_published,
    kill_at,
    switch,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
SEED = 20261124


@pytest.mark.parametrize("command", [MAKE_ALL, MAKE_PUBLISH], ids=lambda command: command.name)
def test_killed_at_random_moments_the_next_run_ends_with_the_same_bytes(tmp_path: Path, command: Command) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    whole = build_two_states(project, command)
    chance = random.Random(SEED)
    started = time.monotonic()
    switch(project, command, is_second=False)
    assert finish(project, command).returncode == 0
    duration_s = time.monotonic() - started
    assert hash_published(project) == whole[0]
    n_struck = 0
    for number in range(N_KILLS):
        is_second = number % 2 == 0
        switch(project, command, is_second=is_second)
        moment_s = chance.uniform(0.1, duration_s)
        what = kill_at(project, command, moment_s, chance, is_group=chance.random() < 0.5)
        print(f"seed {SEED}, kill {number + 1} of {N_KILLS}: after {moment_s:.2f} s: {what}", flush=True)  # noqa: T201
        n_struck += not what.startswith("nothing")
        done = finish(project, command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert hash_published(project) == whole[is_second], what
        assert find_leftovers(project) == [], what
        check_published(project)
    assert n_struck >= N_KILLS // 2
    verified = project.run("verify", "--area", "config/test/tiny.yaml")
    assert verified.returncode == 0, verified.stdout
