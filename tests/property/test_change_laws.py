"""Laws that comparisons of snapshots obey."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import build_operators, classify_operators, compute_operator_presence
from pipeline.change.levels import compute_service_levels
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from tests.support.change_worlds import build_random_world, build_random_zones, frame_zones

laws = settings(max_examples=12, deadline=None, derandomize=True)
NAMES = ["s1", "s2"]


def compare(first, second, zones):
    pairs = [(w.frames(), w.window()) for w in (first, second)]
    presence = compute_operator_presence([build_operators(f, w) for f, w in pairs], NAMES)
    levels = [
        compute_service_levels(f, w, frame_zones(zones), neighbourhood_codes=list(zones), modes=["bus", "rail"])
        for f, w in pairs
    ]
    services = compute_service_changes([build_services(f, w) for f, w in pairs], presence)
    return services, compute_service_change(levels, presence), presence, levels


@laws
@given(st.integers(0, 10_000))
def test_a_snapshot_compared_with_itself_changes_nothing(seed):
    world, zones = build_random_world(seed), build_random_zones(seed)
    services, changes, _, _ = compare(world, replace(world, snapshot="s2"), zones)
    assert set(services["status"]) == {"kept"}
    assert set(services["stops_shared_pct"]) == {100.0}
    assert (services["operator_name_before"] == services["operator_name_after"]).all()
    assert (services["route_before"] == services["route_after"]).all()
    assert changes["change_runs_per_day"].abs().sum() == 0
    assert changes["change_runs_per_day"].null_count() == 0
    assert set(changes["coverage_class"]) == {"comparable"}


@laws
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_renaming_all_identifiers_changes_nothing(seed, other):
    first, second = build_random_world(seed), build_random_world(other, snapshot="s2")
    zones = build_random_zones(seed)
    plain = compare(first, second, zones)
    renamed = compare(first, replace(second, prefix="other"), zones)
    assert plain[0].equals(renamed[0])
    assert plain[1].equals(renamed[1])


@laws
@given(st.integers(0, 10_000), st.sampled_from("ABC"))
def test_removing_a_whole_feed_is_missing_and_never_a_decline(seed, letter):
    world, zones = build_random_world(seed), build_random_zones(seed)
    operator = f"Operator {letter}"
    second = replace(world.without(operator), snapshot="s2")
    services, changes, presence, levels = compare(world, second, zones)
    lost = services.filter(pl.col("operator_name_before") == operator)
    assert set(lost["status"]) <= {"missing"}
    assert set(services.filter(pl.col("operator_name_before") != operator)["status"]) <= {"kept"}
    gone = presence.filter((pl.col("operator_name") == operator) & (pl.col("snapshot") == "s2"))
    assert set(gone["presence_class"]) <= {"missing"}
    assert set(changes["change_runs_per_day"].drop_nulls()) <= {0.0}
    keys = ["neighbourhood_code", "mode", "day_type"]
    own = levels[0].operator_runs.join(
        classify_operators(presence, *NAMES).filter(pl.col("operator_class") == "missing"), on="operator_key"
    )
    only = own.select(keys).unique().join(levels[1].operator_runs, on=keys, how="anti")
    assert set(changes.join(only, on=keys)["coverage_class"]) <= {"missing"}


@laws
@given(st.integers(0, 10_000))
def test_the_order_of_trips_and_routes_changes_nothing(seed):
    world, zones = build_random_world(seed), build_random_zones(seed)
    n = len(world.routes)
    turned = replace(
        world,
        routes=world.routes[::-1],
        trips=tuple(replace(t, route=n - 1 - t.route) for t in world.trips[::-1]),
        snapshot="s2",
    )
    services, _, _, levels = compare(world, turned, zones)
    assert set(services["status"]) == {"kept"}
    assert levels[0].levels.drop("snapshot").equals(levels[1].levels.drop("snapshot"))
