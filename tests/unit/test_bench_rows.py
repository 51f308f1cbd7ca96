"""Rows of the comparison: which runs count, what is derived from them, how they are shown."""

from __future__ import annotations

import sys
import time

import pytest

from bench.rows import ROWS, build_row, count_wanted, render_table, select_runs
from bench.worker import Worker


def _runs(*wall_s, factor=2.0):
    return [{"wall_s": s, "cpu_s": factor * s, "peak_mb": 100.4 + s} for s in wall_s]


def test_five_runs_count_after_one_that_warms_up():
    assert count_wanted(0.5) == 6
    assert [run["wall_s"] for run in select_runs(_runs(9, 1, 2, 3, 4, 5))] == [1, 2, 3, 4, 5]


def test_three_long_runs_count_with_the_first():
    assert count_wanted(20.1) == 3
    assert [run["wall_s"] for run in select_runs(_runs(30, 31, 32))] == [30, 31, 32]


def test_a_row_holds_medians_of_elapsed_and_processor_time():
    row = build_row("pairs_one", _runs(7, 1, 2, 3, 4, 5), _runs(9, 6, 6, 9, 12, 12, factor=1.0), load=1.5)
    assert (row["ours_s"], row["peer_s"], row["ratio"]) == (3, 9, 3.0)
    assert (row["ours_cpu_s"], row["peer_cpu_s"], row["cpu_ratio"]) == (6, 9, 1.5)
    assert (row["runs"], row["peer_runs"], row["peak_mb"]) == (5, 5, 107)
    assert row["ok"] is True
    assert {"name", "ours_s", "peer", "peer_s", "ratio", "target", "peak_mb", "ok"} <= set(row)


def test_a_ratio_below_the_target_is_not_ok_and_said():
    row = build_row("pairs_one", _runs(1, 2), _runs(1, 3), load=0.0)
    assert row["ratio"] == 1.5
    assert row["ok"] is False
    assert "| 2, not met |" in render_table([row])


def test_nothing_is_derived_from_a_peer_that_did_not_finish():
    row = build_row("nearest", _runs(1, 2), [], load=0.0, trouble="the peer: time is up")
    assert row["peer_s"] is None
    assert row["ratio"] is None
    assert row["ok"] is False
    assert "| - | - | 50, not met | 1, 0 |" in render_table([row])


def test_a_row_without_a_target_is_ok_once_measured():
    row = build_row("walk_1600_networkx", _runs(1, 2), _runs(1, 3), load=0.0)
    assert row["ok"] is True
    assert "| 1.5 | 1.5 | - |" in render_table([row])


@pytest.mark.parametrize("key", ROWS)
def test_every_row_names_its_work(key):
    spec = ROWS[key]
    assert spec.work in {"pairs_one", "pairs_window", "nearest", "nearest_loaded", "walk_all", "walk_1600"}
    assert spec.peer in {"cafein", "ferrobus", "networkit", "scipy", "pandana", "networkx"}


SERVE = "from bench.worker import serve; import time; serve(lambda: time.sleep({}))"


def test_a_worker_runs_when_asked_and_reports_its_seconds(root, monkeypatch):
    monkeypatch.chdir(root)
    worker = Worker([sys.executable, "-c", SERVE.format(0.05)], time.monotonic() + 60)
    try:
        assert worker.wait() == {"ready": True}
        run = worker.run()
        assert run["wall_s"] >= 0.05
        assert run["cpu_s"] < run["wall_s"]
        assert run["peak_mb"] > 1
    finally:
        worker.close()


def test_a_worker_that_takes_too_long_is_given_up_and_ended(root, monkeypatch):
    monkeypatch.chdir(root)
    worker = Worker([sys.executable, "-c", SERVE.format(600)], time.monotonic() + 5)
    worker.wait()
    with pytest.raises(TimeoutError):
        worker.run()
    worker.close()
    with pytest.raises(RuntimeError, match="exit code"):
        worker.run()


def test_a_worker_that_fails_says_so(root, monkeypatch):
    monkeypatch.chdir(root)
    worker = Worker([sys.executable, "-c", "raise SystemExit(3)"], time.monotonic() + 60)
    with pytest.raises(RuntimeError, match="exit code 3"):
        worker.wait()
    worker.close()
