"""Laws of editing a timetable: what is taken away and put back comes to lie where it was."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.base.scenario import ScenarioError
from pipeline.timetables.edit import (
    add_service,
    add_trips,
    copy_trip,
    insert_call,
    remove_trips,
    restrict_trips,
    shift_trips,
    take_trips,
)
from pipeline.timetables.named import is_same_timetable, name_tables, number_tables
from tests.support.routing_worlds import DAY, make_timetable, make_world

laws = settings(max_examples=40)
seeds = st.integers(0, 10**6)


@laws
@given(seeds)
def test_names_and_numbers_say_the_same(seed):
    timetable = make_timetable(make_world(seed))
    assert is_same_timetable(number_tables(name_tables(timetable)), timetable)


@laws
@given(seeds, st.integers(1, 4))
def test_trips_removed_and_taken_back_leave_no_trace(seed, every):
    timetable = make_timetable(make_world(seed))
    named = name_tables(timetable)
    trips = timetable.trips["trip_id"].to_list()[::every]
    less = remove_trips(named, trips)
    assert number_tables(less).trips.height == timetable.trips.height - len(trips)
    dates: dict[str, list[date]] = {}
    for service, day in named.services.iter_rows():
        dates.setdefault(service, []).append(day)
    same_place = {stop: stop for stop in named.stops["stop_id"].to_list()}
    back = take_trips(less, named, trips, stop_of=same_place, dates_of=dates, label="x")
    assert is_same_timetable(number_tables(back), timetable)


@laws
@given(seeds, st.integers(0, 7200))
def test_a_shift_and_its_opposite_leave_no_trace(seed, shift_s):
    timetable = make_timetable(make_world(seed))
    named = name_tables(timetable)
    trips = timetable.trips["trip_id"].to_list()[::2]
    there_and_back = shift_trips(shift_trips(named, trips, shift_s), trips, -shift_s)
    assert is_same_timetable(number_tables(there_and_back), timetable)


@laws
@given(seeds)
def test_trips_taken_while_their_own_still_run_get_names_of_their_own(seed):
    timetable = make_timetable(make_world(seed))
    named = name_tables(timetable)
    trips = timetable.trips["trip_id"].to_list()
    elsewhere = dict.fromkeys(named.stops["stop_id"].to_list())
    dates = {service: [DAY] for service in named.services["service_id"].unique().to_list()}
    twice = number_tables(take_trips(named, named, trips, stop_of=elsewhere, dates_of=dates, label="2010"))
    assert twice.trips.height == 2 * timetable.trips.height
    assert twice.trips["trip_id"].n_unique() == twice.trips.height
    assert twice.stops["stop_id"].n_unique() == twice.stops.height
    used = timetable.stop_times["stop_index"].n_unique()
    assert twice.stops.height == timetable.stops.height + used
    with pytest.raises(ScenarioError, match="already"):
        add_trips(named, named.trips, named.stop_times)


# --- by hand ----------------------------------------------------------------------------------------------------------


def _small():
    """Two trips from stop 0 by 1 to 2: at 10:00 today, at 11:00 today."""
    world = make_world(0)
    world.trips = [
        (0, "bus", [(0, h, h, True, True), (1, h + 600, h + 660, True, True), (2, h + 1200, h + 1200, True, True)])
        for h in (36_000, 39_600)
    ]
    return name_tables(make_timetable(world))


def _calls(named, trip):
    rows = named.stop_times.filter(pl.col("trip_id") == trip).sort("position")
    return list(rows.select("position", "stop_id", "arrival_s", "departure_s").iter_rows())


def test_a_copy_keeps_the_minutes_between_stops():
    named = add_service(_small(), "t:extra", [DAY])
    trips, times = copy_trip(named, "t:0000", [50_000], service_id="t:extra", label="s")
    more = add_trips(named, trips, times)
    assert _calls(more, "t:0000@s-50000") == [
        (0, "t:0", 50_000, 50_000),
        (1, "t:1", 50_600, 50_660),
        (2, "t:2", 51_200, 51_200),
    ]
    assert trips["service_id"].to_list() == ["t:extra"]


def test_a_new_stop_lies_on_the_way_and_makes_the_rest_later():
    named = insert_call(_small(), ["t:0000"], after="t:0", stop_id="t:6", share=0.25, extra_s=30)
    assert _calls(named, "t:0000") == [
        (0, "t:0", 36_000, 36_000),
        (1, "t:6", 36_150, 36_150),
        (2, "t:1", 36_630, 36_690),
        (3, "t:2", 37_230, 37_230),
    ]
    assert _calls(named, "t:0001") == _calls(_small(), "t:0001")


def test_a_trip_that_ends_at_the_stop_does_not_go_on_to_the_new_one():
    named = insert_call(_small(), ["t:0000"], after="t:2", stop_id="t:6", share=0.5, extra_s=0)
    assert _calls(named, "t:0000") == _calls(_small(), "t:0000")


def test_trips_restricted_to_no_date_at_all_are_gone():
    named = restrict_trips(_small(), ["t:0000"], [], "never")
    assert named.trips["trip_id"].to_list() == ["t:0001"]
    kept = restrict_trips(_small(), ["t:0000"], [DAY], "once")
    assert kept.trips["service_id"].to_list() == ["t:0@once", "t:0"]
    assert set(kept.services["service_id"]) == {"t:0", "t:0@once"}


def test_a_trip_cannot_begin_before_its_day():
    with pytest.raises(ScenarioError, match="before its service day"):
        shift_trips(_small(), ["t:0000"], -40_000)
