"""Service levels against a count from the definition, and laws that they obey."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.change import levels as levels_module
from pipeline.change.levels import compute_service_levels, compute_system_totals
from tests.support.change_worlds import Trip, build_random_world, build_random_zones, count_levels, frame_zones

KEYS = ["neighbourhood_code", "mode", "day_type", "band"]


def round_or_none(value):
    return None if value is None else round(value, 9)


def compute(world, zones, holidays=()):
    return compute_service_levels(
        world.frames(), world.window(holidays), frame_zones(zones), neighbourhood_codes=list(zones)
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from([(), (date(2024, 3, 29),), (date(2024, 3, 9), date(2024, 3, 31))]))
def test_levels_equal_a_count_from_the_definition(seed, holidays):
    world, zones = build_random_world(seed), build_random_zones(seed)
    found = compute(world, zones, holidays).levels
    expected = count_levels(world, zones, holidays)
    rows = {tuple(row[key] for key in KEYS): row for row in found.to_dicts()}
    assert len(rows) == found.height
    modes = {key[1] for key in rows}
    assert set(rows) == {key for key in expected if key[1] in modes}
    for key, row in rows.items():
        assert {name: round_or_none(row[name]) for name in expected[key]} == expected[key], key


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_more_trips_never_lower_a_level(seed):
    world, zones = build_random_world(seed), build_random_zones(seed)
    extra = build_random_world(seed + 1, n_trips=3).trips
    before = compute(world, zones).levels
    after = compute(replace(world, trips=world.trips + extra), zones).levels
    joined = before.join(after, on=KEYS, suffix="_after")
    assert joined.height == before.height
    for name in (
        "runs_per_day",
        "runs_per_hour",
        "hours_served",
        "days_served_pct",
        "stops_in_zone",
        "stops_reachable_direct",
        "services_in_zone",
    ):
        lower = joined.filter(joined[name + "_after"] < joined[name] - 1e-12)
        assert lower.is_empty(), (name, lower)


def test_blocks_do_not_matter(monkeypatch):
    world, zones = build_random_world(3, n_trips=60), build_random_zones(3)
    whole = compute(world, zones)
    monkeypatch.setattr(levels_module, "BLOCK_ROWS", 20)
    parts = compute(world, zones)
    assert whole.levels.equals(parts.levels)
    assert whole.operator_runs.equals(parts.operator_runs)


def test_no_trip_in_any_zone_gives_noughts():
    world = build_random_world(1)
    found = compute(world, {"A": [], "B": []}).levels
    assert found["runs_per_day"].sum() == 0
    assert found["runs_per_day"].null_count() == 0
    assert found["first_run_s"].null_count() == found.height


def test_a_trip_in_two_zones_counts_in_both_but_once_in_the_system():
    world = replace(
        build_random_world(1),
        trips=(Trip(0, "weekdays", ((0, 8 * 3600, True, True), (1, 8 * 3600 + 300, True, True))),),
    )
    found = compute(world, {"A": [0, 1], "B": [1]}).levels
    day = found.filter((found["band"] == "all_day") & (found["day_type"] == "weekday") & (found["mode"] == "all"))
    assert day["runs_per_day"].to_list() == [1.0, 1.0]
    totals = compute_system_totals(world.frames(), world.window())
    assert totals.filter((totals["band"] == "all_day") & (totals["day_type"] == "weekday"))["runs_per_day"].sum() == 1.0


def test_operator_runs_add_up_to_the_runs_of_the_zone():
    world, zones = build_random_world(9), build_random_zones(9)
    found = compute(world, zones)
    day = found.levels.filter(found.levels["mode"] != "all")
    keys = KEYS
    summed = found.operator_runs.group_by(keys).agg(pl.col("runs_per_day").sum())
    joined = day.join(summed, on=keys, suffix="_owners", how="left").fill_null(0.0)
    assert joined["runs_per_day"].to_list() == pytest.approx(joined["runs_per_day_owners"].to_list())
