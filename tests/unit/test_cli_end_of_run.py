"""What the terminal says at the end of a run: what was made, where, and what to look at."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from pipeline.cli.status import describe_status
from pipeline.stages import verify
from pipeline.stages.plan import State


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An area of which nothing but a table of notices is there."""
    monkeypatch.setattr(verify, "build_targets", lambda _: {})
    (tmp_path / "tables").mkdir()
    return SimpleNamespace(outputs=tmp_path, area=SimpleNamespace(title="Our Town"))


def write_notices(project, *rows: tuple[str, str, int, str]) -> None:
    table = pl.DataFrame(list(rows), schema=["code", "severity", "count", "meaning"], orient="row")
    table.write_parquet(project.outputs / "tables" / "out_run__notices.parquet")


def test_the_most_frequent_warnings_are_named_and_notes_are_not(project):
    rows = [(f"w{n}", "warning", n, f"Doubt {n}.") for n in range(1, 6)]
    write_notices(project, *rows, ("w5", "warning", 10, "Doubt 5."), ("note", "info", 999, "A note."))
    assert verify._list_warnings(project) == ["15 x Doubt 5.", "4 x Doubt 4.", "3 x Doubt 3.", "and 2 more kinds"]


def test_long_meanings_are_cut_to_the_width_of_a_terminal(project):
    write_notices(project, ("w", "warning", 1, "word " * 60))
    (line,) = verify._list_warnings(project)
    assert len(line) <= verify.WIDTH
    assert line.endswith(" ...")


def test_the_end_of_a_run_says_where_tables_report_and_the_published_version_are(project):
    before = verify.summarise(project)
    assert f"report:  {project.outputs / 'report' / 'index.html'}" in before
    assert "to hand over" not in before
    (project.outputs / "publish" / "latest").mkdir(parents=True)
    assert f"to hand over: {project.outputs / 'publish' / 'latest'}" in verify.summarise(project)


def test_status_is_aligned_and_says_what_was_not_run():
    states = [
        State(
            "timetables/2024-03-05",
            is_current=True,
            age_s=600,
            seconds=1.25,
            peak_memory_mb=305,
            n_rows=54_914,
            n_notices=9,
        ),
        State("report", is_current=False, age_s=7200, seconds=100, peak_memory_mb=5, n_rows=1, n_notices=0),
        State("publish", is_current=False, age_s=None, seconds=None, peak_memory_mb=None, n_rows=None, n_notices=None),
    ]
    header, first, second, third = describe_status(states).splitlines()
    assert first.split() == ["timetables/2024-03-05", "current", "10", "min", "54,914", "9", "1.25", "305"]
    assert second.split()[1:6] == ["out", "of", "date", "2.0", "h"]
    assert third == "publish                not run"
    assert len(header) == len(first) == len(second) <= 80
