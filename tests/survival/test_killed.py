"""``kill -9`` at random moments: the next run ends with the same bytes, and the published report is never broken."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.support import refresh_world as world
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

WEEKLY = "config/test/weekly.yaml"
REFRESH = Command("make refresh", ("make", "refresh", f"AREA={WEEKLY}"), area="weekly")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
SEED = 20261124


def test_a_refresh_killed_at_random_moments_is_ended_by_the_next_one(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each time from the same state: a first snapshot is published, and a timetable without a route has arrived."""
    before = world.build_weekly(tmp_path_factory).copy(tmp_path / "before")
    feed = world.without_routes(world.read_base(before), lambda row: row["route_short_name"] == "10")
    arriving = before.path / "data" / "sample" / world.BUSES
    (arriving / "2024-10-14.zip").write_bytes(world.build_feed(world.export_again(feed, 1)))
    calm = before.copy(tmp_path / "calm")
    started = time.monotonic()
    done = finish(calm, REFRESH)
    duration_s = time.monotonic() - started
    assert done.returncode == 0, done.stdout + done.stderr
    whole, chance, n_struck = hash_published(calm, "weekly"), random.Random(SEED), 0
    for number in range(N_KILLS):
        project = before.copy(tmp_path / "rough")
        moment_s = chance.uniform(0.1, duration_s)
        what = kill_at(project, REFRESH, moment_s, chance, is_group=chance.random() < 0.5)
        print(f"seed {SEED}, kill {number + 1} of {N_KILLS}: after {moment_s:.2f} s: {what}", flush=True)  # noqa: T201
        n_struck += not what.startswith("nothing")
        done = finish(project, REFRESH)
        assert done.returncode == 0, done.stdout + done.stderr
        assert hash_published(project, "weekly") == whole, what
        assert find_leftovers(project) == [], what
        check_published(project, "weekly")
        shutil.rmtree(project.path)
    assert n_struck >= N_KILLS // 2


@pytest.mark.parametrize(
    ("command", "n_kills"),
    [(MAKE_ALL, N_KILLS), (MAKE_PUBLISH, -(-N_KILLS // 10))],  # test_every_step.py kills a publication at each step
    ids=lambda value: getattr(value, "name", None),
)
def test_killed_at_random_moments_the_next_run_ends_with_the_same_bytes(
    tiny_copy: ProjectFolder, command: Command, n_kills: int
) -> None:
    project = tiny_copy
    whole = build_two_states(project, command)
    chance = random.Random(SEED)
    started = time.monotonic()
    switch(project, command, is_second=False)
    assert finish(project, command).returncode == 0
    duration_s = time.monotonic() - started
    assert hash_published(project) == whole[0]
    n_struck = 0
    for number in range(n_kills):
        is_second = number % 2 == 0
        switch(project, command, is_second=is_second)
        moment_s = chance.uniform(0.1, duration_s)
        what = kill_at(project, command, moment_s, chance, is_group=chance.random() < 0.5)
        print(f"seed {SEED}, kill {number + 1} of {n_kills}: after {moment_s:.2f} s: {what}", flush=True)  # noqa: T201
        n_struck += not what.startswith("nothing")
        done = finish(project, command)
        assert done.returncode == 0, done.stdout + done.stderr
        assert hash_published(project) == whole[is_second], what
        assert find_leftovers(project) == [], what
        check_published(project)
    assert n_struck >= n_kills // 2
    project.make_all()  # publishing needs no archive, and verifying does
    verified = project.run("verify", "--area", "config/test/tiny.yaml")
    assert verified.returncode == 0, verified.stdout
