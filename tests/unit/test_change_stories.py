"""What is said about services and places when a known thing happened to them."""

from dataclasses import replace

import polars as pl
import pytest

from pipeline.base.tables import check_table
from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import (
    DeclaredCoverage,
    build_covered_levels,
    build_operators,
    compute_operator_presence,
)
from pipeline.change.levels import compute_service_levels
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from tests.support.change_worlds import Route, Trip, World, frame_zones

ZONES = {"West": [0, 1, 2, 3], "East": [8, 9, 10, 11]}
A, B = "Operator A", "Operator B"


def line(route, stops, hours, days="weekdays"):
    """Trips along stops, one an hour."""
    return tuple(
        Trip(route, days, tuple((s, hour * 3600 + 120 * n, True, True) for n, s in enumerate(stops))) for hour in hours
    )


def base_world(snapshot="s1"):
    routes = (Route(A, "1", feed="fa"), Route(A, "2", feed="fa"), Route(B, "3", feed="fb"))
    trips = (
        *line(0, range(10), range(6, 23)),
        *line(0, range(10), range(9, 18), "sunday"),
        *line(1, range(4), range(7, 19)),
        *line(2, [8, 9, 10, 11], range(7, 19)),
    )
    return World(routes=routes, trips=trips, snapshot=snapshot)


def tell(*worlds, declared=()):
    names = [w.snapshot for w in worlds]
    frames = [(w.frames(), w.window()) for w in worlds]
    operators = [build_operators(f, w) for f, w in frames]
    presence = compute_operator_presence(operators, names)
    levels = [compute_service_levels(f, w, frame_zones(ZONES), neighbourhood_codes=list(ZONES)) for f, w in frames]
    services = compute_service_changes([build_services(f, w) for f, w in frames], presence, declared=declared)
    changes = compute_service_change(levels, presence, declared=declared)
    covered = build_covered_levels(levels, presence)
    check_table(services.to_pandas(), "out_service__change")
    check_table(changes.to_pandas(), "out_neighbourhood__service_change")
    check_table(covered.to_pandas(), "out_neighbourhood__service_level")
    check_table(presence.to_pandas(), "out_operator__presence")
    return services, changes, covered, presence


def status_of(services, route, side="before", pair=("s1", "s2")):
    rows = services.filter(
        (pl.col(f"route_{side}") == route) & (pl.col("snapshot_from") == pair[0]) & (pl.col("snapshot_to") == pair[1])
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def day(changes, code, day_type="weekday", comparison="consecutive", pair=("s1", "s2")):
    rows = changes.filter(
        (pl.col("neighbourhood_code") == code)
        & (pl.col("mode") == "all")
        & (pl.col("band") == "all_day")
        & (pl.col("day_type") == day_type)
        & (pl.col("comparison") == comparison)
        & (pl.col("snapshot_from") == pair[0])
        & (pl.col("snapshot_to") == pair[1])
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def test_evenings_and_sundays_withdrawn():
    before = base_world()
    trips = tuple(t for t in before.trips if not (t.route == 0 and (t.days == "sunday" or t.calls[0][1] >= 19 * 3600)))
    services, changes, _, _ = tell(before, replace(before, trips=trips, snapshot="s2"))
    row = status_of(services, "1")
    assert row["status"] == "cut_back"
    assert row["sunday_runs_before"] == 9.0
    assert row["sunday_runs_after"] == 0.0
    assert "last weekday run moved from 22:00 to 18:00" in row["evidence"]
    assert status_of(services, "2")["status"] == "kept"
    assert day(changes, "West", "sunday")["change_pct"] == -100.0
    assert day(changes, "West")["change_runs_per_day"] == pytest.approx(-4.0)
    assert day(changes, "West")["coverage_class"] == "comparable"


def test_a_whole_feed_gone_and_back_is_missing_and_never_a_decline():
    first = base_world()
    gone = replace(first.without(B), snapshot="s2")
    back = replace(first, snapshot="s3")
    services, changes, covered, presence = tell(first, gone, back)
    assert status_of(services, "3")["status"] == "missing"
    assert status_of(services, "3", "after", ("s2", "s3"))["status"] == "returned"
    assert status_of(services, "3", pair=("s1", "s3"))["status"] == "kept"
    east = day(changes, "East")
    assert (east["coverage_class"], east["change_runs_per_day"], east["change_pct"]) == ("partial", 0.0, 0.0)
    assert east["runs_per_day_before"] == 17.0
    assert day(changes, "West")["coverage_class"] == "comparable"
    assert day(changes, "East", comparison="since_first", pair=("s1", "s3"))["coverage_class"] == "comparable"
    classes = presence.filter(pl.col("operator_key") == "operator-b")["presence_class"].to_list()
    assert classes == ["present", "missing", "present"]
    east_levels = covered.filter(
        (pl.col("neighbourhood_code") == "East")
        & (pl.col("band") == "all_day")
        & (pl.col("mode") == "all")
        & (pl.col("day_type") == "weekday")
    )
    assert east_levels["coverage_class"].to_list() == ["comparable", "partial", "comparable"]


def test_identifiers_renamed_and_number_changed():
    before = base_world()
    routes = (replace(before.routes[0], number="1-63700"), replace(before.routes[1], number="22"), before.routes[2])
    services, changes, _, _ = tell(before, replace(before, routes=routes, prefix="x9", snapshot="s2"))
    assert status_of(services, "1")["status"] == "kept"
    assert status_of(services, "1")["route_after"] == "1-63700"
    assert status_of(services, "2")["status"] == "renamed"
    assert status_of(services, "2")["route_after"] == "22"
    assert changes["change_runs_per_day"].abs().sum() == 0


def test_truncated_extended_retimed_new_and_withdrawn():
    before = base_world()
    routes = (*before.routes, Route(A, "X9", feed="fa"))
    trips = (
        *line(0, range(6), range(6, 23)),
        *line(0, range(6), range(9, 18), "sunday"),
        *tuple(
            replace(t, calls=tuple((s, x + 600, u, d) for s, x, u, d in t.calls)) for t in before.trips if t.route == 2
        ),
        *line(3, [0, 11], range(8, 12)),
    )
    services, _, _, _ = tell(before, replace(before, routes=routes, trips=trips, snapshot="s2"))
    assert status_of(services, "1")["status"] == "shortened"
    assert status_of(services, "3")["status"] == "retimed"
    assert status_of(services, "2")["status"] == "withdrawn"
    assert "stops of route 1" in status_of(services, "2")["evidence"]
    assert status_of(services, "X9", "after")["status"] == "new"
    back, _, _, _ = tell(replace(before, routes=routes, trips=trips), replace(before, snapshot="s2"))
    assert status_of(back, "1")["status"] == "extended"


def test_an_operator_of_another_size_is_partial_and_a_declared_pair_too():
    before = base_world()
    routes = (*before.routes, *(Route(B, str(n), feed="fb") for n in range(40, 44)))
    trips = (*before.trips, *(t for n in range(3, 7) for t in line(n, [8, 9, 10, 11], range(6, 20))))
    services, changes, _, _ = tell(before, replace(before, routes=routes, trips=trips, snapshot="s2"))
    assert status_of(services, "3")["coverage_class"] == "partial"
    assert status_of(services, "1")["coverage_class"] == "comparable"
    assert day(changes, "East")["coverage_class"] == "partial"
    assert "one may be only a part" in day(changes, "East")["coverage_reason"]
    declared = (
        DeclaredCoverage("s1", "s2", is_comparable=False, reason="a clip", comparable_operators=("Operator A",)),
    )
    services, changes, _, _ = tell(before, replace(before, snapshot="s2"), declared=declared)
    assert status_of(services, "3")["coverage_class"] == "partial"
    assert "a clip" in status_of(services, "3")["evidence"]
    assert day(changes, "West")["coverage_class"] == "comparable"
    assert day(changes, "East")["coverage_class"] == "partial"


def test_a_pair_declared_not_comparable_on_sundays():
    before = base_world()
    declared = (DeclaredCoverage("s1", "s2", is_comparable=False, reason="no Sundays", day_types=("sunday",)),)
    services, changes, _, _ = tell(before, replace(before, snapshot="s2"), declared=declared)
    assert set(services["coverage_class"]) == {"comparable"}
    assert day(changes, "West")["coverage_class"] == "comparable"
    sunday = day(changes, "West", "sunday")
    assert (sunday["coverage_class"], sunday["coverage_reason"]) == ("partial", "no Sundays")


def test_a_service_that_is_gone_once_and_back_later_is_missing():
    first = base_world()
    gone = replace(first, trips=tuple(t for t in first.trips if t.route != 1), snapshot="s2")
    services, _, _, _ = tell(first, gone, replace(first, snapshot="s3"))
    assert status_of(services, "2")["status"] == "missing"
    assert status_of(services, "2")["coverage_class"] == "missing"
    assert status_of(services, "2", "after", ("s2", "s3"))["status"] == "returned"


def test_a_takeover_is_not_a_withdrawal():
    before = base_world()
    routes = (before.routes[0], replace(before.routes[1], operator=B, feed="fb"), before.routes[2])
    services, _, _, _ = tell(before, replace(before, routes=routes, snapshot="s2"))
    row = status_of(services, "2")
    assert (row["status"], row["changes"]) == ("kept", "kept,operator_changed")
    assert row["operator_name_after"] == B
