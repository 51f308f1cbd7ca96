"""Change of service in groups: ranges over baselines, with and without doubtful places."""

from itertools import pairwise

import polars as pl
import pytest

from pipeline.base.tables import check_table
from pipeline.change.group_change import compute_group_service_change

SNAPSHOTS = ["2010", "2014", "2018", "2022"]
PEOPLE = pl.DataFrame(
    {
        "neighbourhood_code": ["A", "B", "C"],
        "area_group": ["left_behind", "left_behind", "other"],
        "population": [100.0, 300.0, 200.0],
    }
)


def build_levels(runs: dict[str, list[float | None]], doubtful: set[tuple[str, str]] = frozenset()) -> pl.DataFrame:
    rows = [
        {
            "snapshot": snapshot,
            "neighbourhood_code": code,
            "mode": "bus",
            "day_type": "weekday",
            "band": "all_day",
            "runs_per_day": value,
            "coverage_class": "partial" if (code, snapshot) in doubtful else "comparable",
        }
        for code, values in runs.items()
        for snapshot, value in zip(SNAPSHOTS, values, strict=True)
    ]
    return pl.DataFrame(rows, schema_overrides={"runs_per_day": pl.Float64})


def build_pairs(levels: pl.DataFrame, lost: set[tuple[str, str, str]] = frozenset()) -> pl.DataFrame:
    pairs = [("2010", later) for later in SNAPSHOTS[1:]] + list(pairwise(SNAPSHOTS))
    rows = [
        {
            "snapshot_from": earlier,
            "snapshot_to": later,
            "neighbourhood_code": code,
            "mode": "bus",
            "day_type": "weekday",
            "band": "all_day",
            "coverage_class": "missing" if (code, earlier, later) in lost else "comparable",
        }
        for earlier, later in pairs
        for code in PEOPLE["neighbourhood_code"]
    ]
    return pl.DataFrame(rows)


def find(table: pl.DataFrame, group: str, places: str, later: str = "2022") -> dict[str, object]:
    found = table.filter(
        (pl.col("area_group") == group) & (pl.col("places") == places) & (pl.col("snapshot_to") == later)
    )
    return found.row(0, named=True)


def test_the_range_runs_over_first_previous_peak_and_mean_of_three():
    levels = build_levels({"A": [100, 120, 80, 60], "B": [100, 120, 80, 60], "C": [10, 10, 10, 10]})
    table = compute_group_service_change(levels, build_pairs(levels), PEOPLE, snapshots=SNAPSHOTS)
    row = find(table, "left_behind", "comparable")
    assert (row["change_low_pct"], row["baseline_low"]) == (pytest.approx(-50), "2014")
    assert (row["change_high_pct"], row["baseline_high"]) == (pytest.approx(-25), "2018")
    assert row["n_baselines"] == 4  # 2010: -40, 2014: -50, 2018: -25, their mean: -40
    other = find(table, "other", "all")
    assert other["change_low_pct"] == other["change_high_pct"] == 0
    early = find(table, "left_behind", "all", "2014")
    assert (early["n_baselines"], early["change_low_pct"], early["change_high_pct"]) == (1, 20, 20)
    check_table(table.to_pandas(), "out_group__service_change")


def test_people_count_not_places():
    levels = build_levels({"A": [100, 100, 100, 0], "B": [100, 100, 100, 100], "C": [1, 1, 1, 1]})
    table = compute_group_service_change(levels, build_pairs(levels), PEOPLE, snapshots=SNAPSHOTS)
    assert find(table, "left_behind", "all")["change_low_pct"] == pytest.approx(-25)


def test_doubtful_places_count_in_all_and_not_in_comparable():
    levels = build_levels(
        {"A": [100, 100, 100, 100], "B": [100, 100, 100, 10], "C": [5, 5, 5, 5]}, doubtful={("B", "2022")}
    )
    table = compute_group_service_change(levels, build_pairs(levels), PEOPLE, snapshots=SNAPSHOTS)
    assert find(table, "left_behind", "all")["change_low_pct"] == pytest.approx(-67.5)
    sure = find(table, "left_behind", "comparable")
    assert (sure["change_low_pct"], sure["n_neighbourhoods"]) == (0, 1)
    assert sure["people_left_out_pct"] == pytest.approx(75)


def test_a_pair_that_cannot_be_compared_is_no_baseline():
    levels = build_levels({"A": [100, None, None, 10], "B": [100, None, None, 10], "C": [1, None, None, 1]})
    lost = {(code, "2010", "2022") for code in "ABC"}
    table = compute_group_service_change(levels, build_pairs(levels, lost), PEOPLE, snapshots=SNAPSHOTS)
    assert table.filter((pl.col("places") == "comparable") & (pl.col("snapshot_to") == "2022")).is_empty()
    assert find(table, "left_behind", "all")["change_low_pct"] == pytest.approx(-90)


def test_no_runs_before_is_no_baseline():
    levels = build_levels({"A": [0, 0, 0, 5], "B": [0, 0, 0, 5], "C": [1, 1, 1, 1]})
    table = compute_group_service_change(levels, build_pairs(levels), PEOPLE, snapshots=SNAPSHOTS)
    assert table.filter(pl.col("area_group") == "left_behind").is_empty()
