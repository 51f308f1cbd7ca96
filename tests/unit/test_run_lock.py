"""One run at a time for each area, without a lock that a dead process holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.base.errors import AreaBusyError, GateError
from pipeline.base.run_lock import LOCK_FILE, TOKENS, hold_area

HOLD = """
import sys, time
from pathlib import Path
from pipeline.base.run_lock import hold_area
with hold_area(Path(sys.argv[1]), what=sys.argv[2]):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""
HOLD_AND_START = """
import subprocess, sys
from pathlib import Path
from pipeline.base.run_lock import hold_area
with hold_area(Path(sys.argv[1]), what="refresh"):
    subprocess.run([sys.executable, "-c", sys.argv[2], sys.argv[1], "a stage of it", sys.argv[3]], check=True)
"""


def start(root: Path, *arguments: str, token: str | None = None) -> subprocess.Popen[str]:
    """Start a process that prints ``held`` once it holds the area."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop(TOKENS, None)
    if token is not None:
        environment[TOKENS] = token
    return subprocess.Popen(
        [sys.executable, "-c", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_held(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n", process.communicate()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def read_lock(outputs: Path) -> dict[str, str]:
    content: dict[str, str] = json.loads((outputs / LOCK_FILE).read_text(encoding="utf-8"))
    return content


def test_a_second_run_is_refused_at_once_with_who_holds_the_area_since_when_and_the_cure(
    tmp_path: Path, root: Path
) -> None:
    first = start(root, HOLD, str(tmp_path), "make all", "60")
    wait_until_held(first)
    before = time.monotonic()
    with pytest.raises(AreaBusyError) as refused, hold_area(tmp_path, what="make times"):
        pytest.fail("two runs at once")
    assert time.monotonic() - before < 1
    message = str(refused.value)
    assert f"Another run holds this area: make all, process {first.pid}, since 20" in message
    assert str(tmp_path / LOCK_FILE) in message
    assert "cure:" in message
    assert refused.value.exit_code == GateError.exit_code == 6
    end(first)


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, root: Path) -> None:
    first = start(root, HOLD, str(tmp_path), "make all", "60")
    wait_until_held(first)
    end(first)
    with hold_area(tmp_path, what="make all") as held:
        assert held.was_broken


def test_a_run_that_ends_well_leaves_an_empty_lock_and_the_next_need_not_sweep(tmp_path: Path) -> None:
    with hold_area(tmp_path, what="make all"):
        assert read_lock(tmp_path)["command"] == "make all"
        assert read_lock(tmp_path)["pid"] == os.getpid()
    assert (tmp_path / LOCK_FILE).read_bytes() == b""
    with hold_area(tmp_path, what="make all") as held:
        assert not held.was_broken


def test_a_run_that_fails_tells_the_next_to_sweep(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_area(tmp_path, what="make all"):
        raise KeyError("anything")
    with hold_area(tmp_path, what="make all") as held:
        assert held.was_broken


def test_the_same_run_holds_the_area_twice_and_the_inner_end_leaves_it_held(tmp_path: Path, root: Path) -> None:
    with hold_area(tmp_path, what="refresh"):
        with hold_area(tmp_path, what="make all") as inner:
            assert inner.is_nested
        other = start(root, HOLD, str(tmp_path), "another", "0")
        assert "holds this area: refresh, process" in other.communicate()[1]
        assert other.returncode
    assert TOKENS not in os.environ


def test_a_child_of_the_run_keeps_the_area_after_its_parent_is_killed(tmp_path: Path, root: Path) -> None:
    parent = start(root, HOLD_AND_START, str(tmp_path), HOLD, "3")
    wait_until_held(parent)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for stream in (parent.stdout, parent.stderr):
        assert stream is not None
        stream.close()
    with pytest.raises(AreaBusyError, match="it has been killed, and a stage that it started is still at work"):
        hold_area(tmp_path, what="make all").__enter__()
    deadline = time.monotonic() + 30
    while True:
        try:
            with hold_area(tmp_path, what="make all") as held:
                assert held.was_broken
            break
        except AreaBusyError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_token_left_over_from_a_run_that_has_ended_opens_nothing(tmp_path: Path, root: Path) -> None:
    first = start(root, HOLD, str(tmp_path), "make all", "60")
    wait_until_held(first)
    stale = read_lock(tmp_path)["token"]
    end(first)
    one = start(root, HOLD, str(tmp_path), "one", "60", token=stale)
    wait_until_held(one)
    assert read_lock(tmp_path)["token"] != stale
    other = start(root, HOLD, str(tmp_path), "other", "0", token=stale)
    assert "holds this area: one, process" in other.communicate()[1]
    end(one)


def test_areas_do_not_hinder_one_another_and_a_run_may_hold_two(tmp_path: Path) -> None:
    with hold_area(tmp_path / "one", what="a"), hold_area(tmp_path / "other", what="b") as second:
        assert not second.is_nested
        with hold_area(tmp_path / "one", what="a") as again:
            assert again.is_nested


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": "x"}', "\x00\xff"])
def test_a_damaged_text_of_the_lock_hinders_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / LOCK_FILE).write_text(text, encoding="utf-8")
    with hold_area(tmp_path, what="make all") as held:
        assert held.was_broken == bool(text)
