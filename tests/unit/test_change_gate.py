"""A snapshot that lost operators or runs is held until somebody accepts it."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from pipeline.base.area import AcceptedSnapshot
from pipeline.base.config import Gates
from pipeline.base.errors import GateError
from pipeline.change.coverage import build_operators, compute_operator_presence
from pipeline.change.daytime import compute_daytime_means
from pipeline.change.gate import (
    build_feed_validity,
    check_snapshot_gates,
    compute_operator_coverage,
    compute_snapshot_gates,
    list_system_totals,
)
from pipeline.change.levels import compute_service_levels, compute_system_totals
from pipeline.change.school import find_school_services
from tests.support.change_worlds import build_random_world, build_random_zones, frame_zones

WORLD = build_random_world(7)
ZONES = build_random_zones(7)


def measure(*worlds, accepted=(), **limits):
    """Compare worlds as snapshots s1, s2, ..."""
    named = [replace(world, snapshot=f"s{i + 1}") for i, world in enumerate(worlds)]
    pairs = [(world.frames(), world.window()) for world in named]
    presence = compute_operator_presence([build_operators(f, w) for f, w in pairs], [f.snapshot for f, _ in pairs])
    levels = [
        compute_service_levels(f, w, frame_zones(ZONES), neighbourhood_codes=list(ZONES), modes=["bus", "rail"])
        for f, w in pairs
    ]
    totals = [compute_system_totals(f, w) for f, w in pairs]
    gates = Gates(**limits)
    found = compute_snapshot_gates(presence, pl.concat(totals), levels, gates=gates, accepted=accepted)
    return found, gates, (presence, levels, totals)


def test_a_snapshot_that_is_the_same_is_not_held():
    found, gates, _ = measure(WORLD, WORLD)
    assert found.row(0, named=True)["is_held"] is False
    assert found["trips_lost_pct"].to_list() == [0.0]
    check_snapshot_gates(found, gates=gates, area_file="area.yaml")


def test_a_lost_operator_holds_the_snapshot_and_the_message_says_how_to_accept_it():
    found, gates, _ = measure(WORLD, WORLD.without("Operator B"))
    row = found.row(0, named=True)
    assert (row["n_operators_lost"], row["operators_lost"], row["is_held"]) == (1, "Operator B", True)
    with pytest.raises(
        GateError, match=r"'s2' is held: against 's1' it lost 1 of 3 operators \(Operator B\)"
    ) as caught:
        check_snapshot_gates(found, gates=gates, area_file="area.yaml")
    assert caught.value.exit_code == 6
    assert 'accepted: [{snapshot: "s2", reason: <why>, by: <who>, date: <when>}]' in str(caught.value.cure)


def test_an_accepted_snapshot_passes_and_keeps_the_reason():
    known = AcceptedSnapshot(snapshot="s2", reason="not handed in", by="A. N.", date=date(2024, 3, 6))
    found, gates, _ = measure(WORLD, WORLD.without("Operator B"), accepted=[known])
    check_snapshot_gates(found, gates=gates, area_file="area.yaml")
    row = found.row(0, named=True)
    assert (row["is_held"], row["is_accepted"], row["accepted_reason"]) == (True, True, "not handed in")


def test_lost_runs_alone_hold_a_snapshot():
    fewer = replace(WORLD, trips=WORLD.trips[: len(WORLD.trips) // 2])
    found, _, _ = measure(WORLD, fewer, max_operators_lost_pct=100)
    assert found["is_held"].to_list() == [True]
    assert found["trips_lost_pct"][0] > 10
    loose, _, _ = measure(WORLD, fewer, max_operators_lost_pct=100, max_trips_lost_pct=100)
    assert loose["is_held"].to_list() == [False]


def test_more_runs_are_no_loss():
    more = replace(WORLD, trips=WORLD.trips + build_random_world(8).trips)
    found, _, _ = measure(WORLD, more)
    assert found["trips_lost_pct"].to_list() == [0.0]


def test_an_operator_that_is_gone_is_missing_in_the_published_classes():
    _, _, (presence, levels, _) = measure(WORLD, WORLD.without("Operator B"))
    found = compute_operator_coverage(levels, presence)
    gone = found.filter(pl.col("operator_name") == "Operator B")
    assert set(gone["coverage_class"]) == {"missing"}
    assert set(found.filter(pl.col("operator_name") != "Operator B")["coverage_class"]) == {"comparable"}


def test_totals_of_all_modes_are_the_sum_of_the_modes_and_come_from_trips():
    _, _, (_, _, totals) = measure(WORLD)
    listed = list_system_totals(totals)
    by_mode = listed.group_by((pl.col("mode") == "all").alias("is_all")).agg(pl.col("runs_per_day").sum())
    assert by_mode["runs_per_day"].to_list() == pytest.approx([by_mode["runs_per_day"][0]] * 2)


def test_the_validity_of_a_feed_counts_its_days_trips_and_operators():
    validity = build_feed_validity(WORLD.frames(), WORLD.window())
    assert set(validity["feed"]) == {"feeda", "feedb", "feedc"}
    assert validity["n_trips"].sum() == len(WORLD.trips)
    assert set(validity["n_operators"]) == {1}
    assert set(validity["day_types_judged"]) == {"weekday,saturday,sunday"}


def test_only_what_runs_in_term_alone_twice_a_day_is_a_school_service():
    days = [date(2024, 9, 2) + timedelta(days=n) for n in range(70)]
    term = [d for d in days if d.weekday() < 5 and not date(2024, 10, 21) <= d <= date(2024, 10, 25)]
    dates = {
        0: term,
        1: [d for d in term if d.weekday() == 3],
        2: [d for d in days if d.weekday() < 5],
        3: term,
        4: days,
    }
    frames = replace(
        WORLD.frames(),
        service_dates=pl.DataFrame(
            [{"service_index": i, "date": d} for i, found in dates.items() for d in found],
            schema={"service_index": pl.Int32, "date": pl.Date},
        ),
        routes=pl.DataFrame(
            {
                "route_index": pl.Series(range(5), dtype=pl.Int32),
                "route_id": [f"bus:{i}" for i in range(5)],
                "feed": ["bus"] * 5,
                "operator_name": ["Operator"] * 5,
                "route_short_name": ["S1", "M1", "7", "8", "9"],
                "route_long_name": ["", "", "", "", "Hill School"],
                "route_type": pl.Series([3] * 5, dtype=pl.Int32),
                "mode": ["bus"] * 5,
            }
        ),
        trips=pl.DataFrame(
            {
                "trip_index": pl.Series(range(8), dtype=pl.Int32),
                "feed": ["bus"] * 8,
                "route_index": pl.Series([0, 0, 1, 2, 3, 3, 3, 4], dtype=pl.Int32),
                "service_index": pl.Series([0, 0, 1, 2, 3, 3, 3, 4], dtype=pl.Int32),
            }
        ),
    )
    found = find_school_services(frames)
    rules = dict(zip(found["route_name"], found["rule"], strict=True))
    assert rules == {"S1": "term_only", "9": "filed"}  # not market days, not all weekdays, not three runs a day


def test_the_daytime_mean_is_that_of_a_worked_case():
    """AM 2, midday 1, PM 3, evening 0.5 runs an hour on weekdays, 1 all Saturday, none on Sunday."""
    bands = {"06_10": 4, "10_15": 5, "15_18": 3, "18_22": 4}
    rates = {"weekday": (2.0, 1.0, 3.0, 0.5), "saturday": (1.0,) * 4, "sunday": (0.0,) * 4}
    rows = [
        {"snapshot": "s", "neighbourhood_code": "A", "mode": "bus", "day_type": day, "band": band}
        | {"runs_per_hour": rate, "coverage_class": "comparable"}
        for day, values in rates.items()
        for band, rate in zip((*bands, "22_06"), (*values, 99.0), strict=True)
    ]
    found = compute_daytime_means(pl.DataFrame(rows))
    assert found["daytime_runs_per_hour"].to_list() == pytest.approx([(5 * (8 + 5 + 9 + 2) + 16 + 0) / (7 * 16)])
    worse = [row | {"coverage_class": "missing"} if row["day_type"] == "sunday" else row for row in rows]
    missing = compute_daytime_means(pl.DataFrame(worse))
    assert missing["daytime_runs_per_hour"].to_list() == [None]
    assert missing["coverage_class"].to_list() == ["missing"]
