"""Rows of every table and snapshot are as they were reviewed."""

from __future__ import annotations

import pytest

from tests.support.pipeline import ProjectFolder
from tests.support.row_counts import count_tables, describe_difference, get_golden, read_golden


def test_the_sample_has_the_rows_that_were_reviewed(sample: ProjectFolder) -> None:
    difference = describe_difference("sample", read_golden("sample"), count_tables(sample.outputs("sample") / "tables"))
    assert difference == "", difference


@pytest.mark.parametrize("area", ["sample", "newport"])
def test_the_reviewed_files_are_small_sorted_and_hold_no_empty_count(area: str) -> None:
    counts = read_golden(area)
    assert list(counts) == sorted(counts)
    assert get_golden(area).stat().st_size < 30_000
    assert {table for table, _ in counts} >= {"out_neighbourhood__travel_time", "out_run__gate", "out_group__summary"}


def test_an_unexplained_change_is_named_with_the_command_that_updates_the_file() -> None:
    reviewed = read_golden("sample")
    fewer = reviewed | {("out_neighbourhood__travel_time", "2024"): 7}
    message = describe_difference("sample", reviewed, fewer)
    was = reviewed["out_neighbourhood__travel_time", "2024"]
    assert f"out_neighbourhood__travel_time of 2024: {was:,} rows reviewed, 7 found" in message
    assert ".venv/bin/python -m tests.support.row_counts sample" in message
    assert describe_difference("sample", reviewed, dict(reviewed)) == ""
