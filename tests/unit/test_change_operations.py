"""Every operation of a scenario on a timetable of two trips, worked by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipeline.base.scenario import Scenario, ScenarioError, TimetableOperation
from pipeline.change.scenarios import DatedTables, Sources, apply_operation, find_stop, find_trips
from pipeline.timetables.named import Named, name_tables, number_tables
from tests.support.routing_worlds import DAY, World, make_timetable

BUS = {"route": "bus"}


def _make_base(*starts_s: int) -> DatedTables:
    """Trips from stop 0 by 1 to 2 and, of the mode tram, one from 2 to 0; all on one day, of which is the feed's."""
    world = World(n_stops=4)
    world.trips = [
        (0, "bus", [(0, s, s, True, True), (1, s + 600, s + 660, True, True), (2, s + 1200, s + 1200, True, True)])
        for s in starts_s
    ]
    world.trips.append((0, "tram", [(2, 30_000, 30_000, True, True), (0, 31_000, 31_000, True, True)]))
    named = name_tables(make_timetable(world))
    routes = named.routes.with_columns(pl.format("Operator {}", "mode").alias("operator_name"))
    feeds = {"t": {}}
    return DatedTables(
        Named(**{**vars(named), "routes": routes, "feeds": feeds}), {"weekday": DAY, "saturday": DAY, "sunday": DAY}
    )


def _refuse(_: str) -> DatedTables:
    raise AssertionError("no other snapshot is asked for")


def _apply(base: DatedTables, sources: Sources | None = None, **content: object) -> Named:
    scenario = Scenario.model_validate({"name": "s", "title": "S", "operations": [content]})
    operation: TimetableOperation = scenario.operations[0]  # type: ignore[assignment]
    edited = apply_operation(base, operation, sources or Sources(_refuse, lambda _a, _b: {}))
    number_tables(edited)  # whatever was done, the tables fit together
    return edited


def _starts(named: Named, route: str = "bus") -> list[int]:
    trips = named.trips.filter(pl.col("route_id").str.contains(route))["trip_id"].to_list()
    calls = named.stop_times.filter(pl.col("trip_id").is_in(trips) & (pl.col("position") == 0))
    return sorted(calls["departure_s"].to_list())


def test_a_withdrawn_service_is_gone_and_another_stays() -> None:
    edited = _apply(_make_base(36_000, 39_600), do="remove", service=BUS)
    assert _starts(edited) == []
    assert _starts(edited, "tram") == [30_000]


def test_a_service_that_runs_later_does_so_at_every_stop() -> None:
    edited = _apply(_make_base(36_000), do="retime", service=BUS, shift_min=5)
    calls = edited.stop_times.filter(pl.col("trip_id") == "t:0000").sort("position")
    assert calls["arrival_s"].to_list() == [36_300, 36_900, 37_500]
    assert calls["departure_s"].to_list() == [36_300, 36_960, 37_500]


def test_a_service_at_equal_intervals_runs_from_its_first_to_its_last_departure() -> None:
    edited = _apply(_make_base(36_000, 37_000, 39_600), do="frequency", service=BUS, every_min=20, days=["weekday"])
    assert _starts(edited) == [36_000, 37_200, 38_400, 39_600]
    edited = _apply(
        _make_base(36_000), do="frequency", service=BUS, every_min=30, days=["weekday"], first="09:00", last="10:05"
    )
    assert _starts(edited) == [32_400, 34_200, 36_000]


def test_a_service_that_runs_on_other_days_has_their_dates_only() -> None:
    base = _make_base(36_000)
    more = pl.DataFrame({"service_id": ["t:0"] * 2, "date": [date(DAY.year, DAY.month, DAY.day), DAY]}).unique()
    week = pl.concat([more, more.with_columns(pl.col("date") + pl.duration(days=13), service_id=pl.lit("t:z"))])
    base = DatedTables(Named(**{**vars(base.named), "services": week}), base.days)
    edited = _apply(base, do="days", service=BUS, days=["sunday"], like="weekday")
    service = edited.trips.filter(pl.col("route_id") == "bus")["service_id"].unique().to_list()
    dates = edited.services.filter(pl.col("service_id").is_in(service))["date"].to_list()
    assert dates
    assert all(day.weekday() == 6 for day in dates)


def test_a_new_service_has_the_times_given_there_and_back() -> None:
    stops, new = ["0", "t:1", "3"], {"route": "X1", "operator": "Operator bus"}
    edited = _apply(
        _make_base(36_000),
        do="add",
        service=new,
        stops=stops,
        run_min=[0, 5, 15],
        departures={"first": "08:00", "last": "09:00", "every_min": 60},
        both_ways=True,
    )
    assert _starts(edited, "X1") == [28_800, 28_800, 32_400, 32_400]
    trips = edited.trips.filter(pl.col("route_id").str.contains("X1"))["trip_id"].sort()
    back = edited.stop_times.filter(pl.col("trip_id") == trips[2]).sort("position")
    assert back["stop_id"].to_list() == ["t:3", "t:1", "t:0"]
    assert back["arrival_s"].to_list() == [28_800, 29_400, 29_700]
    listed = _apply(_make_base(36_000), do="add", service=new, stops=["0", "1"], times=[["08:00", "08:10"]])
    assert _starts(listed, "X1") == [28_800]


def test_a_new_service_cannot_go_back_in_time_or_have_the_name_of_another() -> None:
    new = {"route": "X1", "operator": "Nobody yet"}
    with pytest.raises(ScenarioError, match="back in time"):
        _apply(_make_base(36_000), do="add", service=new, stops=["0", "1"], times=[["08:10", "08:00"]])
    once = _apply(_make_base(36_000), do="add", service=new, stops=["0", "1"], times=[["08:00", "08:10"]])
    with pytest.raises(ScenarioError, match="twice"):
        _apply(
            DatedTables(once, _make_base().days), do="add", service=new, stops=["0", "1"], times=[["09:00", "09:10"]]
        )


def test_a_service_comes_back_as_it_ran_in_place_of_what_runs_now() -> None:
    now, then = _make_base(36_000), _make_base(20_000, 21_000)
    same = {stop: stop for stop in now.named.stops["stop_id"].to_list()}
    edited = _apply(now, Sources(lambda _: then, lambda _a, _b: same), do="restore", service=BUS, as_in="2010")
    assert _starts(edited) == [20_000, 21_000]
    gone = DatedTables(_apply(now, do="remove", service=BUS), now.days)
    edited = _apply(gone, Sources(lambda _: then, lambda _a, _b: same), do="restore", service=BUS, as_in="2010")
    assert _starts(edited) == [20_000, 21_000]


def test_a_new_stop_lies_on_the_way_of_the_services_that_call_there() -> None:
    edited = _apply(
        _make_base(36_000),
        do="add_stop",
        id="new",
        name="New",
        lon=0.005,
        lat=0.0,
        served_by=[{"service": BUS, "after": "0", "extra_s": 60}],
    )
    calls = edited.stop_times.filter(pl.col("trip_id") == "t:0000").sort("position")
    assert calls["stop_id"].to_list() == ["t:0", "t:new", "t:1", "t:2"]
    assert calls["arrival_s"].to_list() == [36_000, 36_300, 36_660, 37_260]


def test_a_stop_cannot_be_added_twice_or_where_no_trip_goes_on() -> None:
    new = {"do": "add_stop", "name": "New", "lon": 0.005, "lat": 0.0}
    with pytest.raises(ScenarioError, match="already"):
        _apply(_make_base(36_000), **new, id="0")
    with pytest.raises(ScenarioError, match="goes on from"):
        _apply(_make_base(36_000), **new, id="new", served_by=[{"service": BUS, "after": "2"}])


def test_what_is_not_there_is_refused_with_what_is_near() -> None:
    base = _make_base(36_000)
    with pytest.raises(ScenarioError, match=r"no service buss.*bus \(Operator bus\)"):
        _apply(base, do="remove", service={"route": "buss"})
    with pytest.raises(ScenarioError, match="no service bus of Nobody"):
        _apply(base, do="remove", service={"route": "bus", "operator": "Nobody"})
    with pytest.raises(ScenarioError, match=r"no service bus \(rail\)"):
        _apply(base, do="remove", service={"route": "bus", "mode": "rail"})
    with pytest.raises(ScenarioError, match="no stop 99"):
        find_stop(base.named, "99")
    with pytest.raises(ScenarioError, match="runs on none"):
        _apply(
            DatedTables(base.named, dict.fromkeys(base.days, date(1999, 1, 1))),
            do="frequency",
            service=BUS,
            every_min=20,
        )
    with pytest.raises(ScenarioError, match="does not run on"):
        _apply(
            DatedTables(base.named, dict.fromkeys(base.days, date(1999, 1, 1))), do="days", service=BUS, days=["sunday"]
        )


def test_a_number_of_several_operators_or_a_stop_of_several_feeds_is_not_guessed() -> None:
    base = _make_base(36_000)
    routes = base.named.routes.with_columns(pl.lit("7").alias("route_short_name"))
    tables = {**vars(base.named), "routes": routes}
    with pytest.raises(ScenarioError, match="several operators"):
        _apply(DatedTables(Named(**tables), base.days), do="remove", service={"route": "7"})
    assert len(find_trips(Named(**tables), _service("7", "Operator tram"))) == 1
    again = base.named.stops.with_columns(pl.col("stop_id").str.replace("t:", "u:"))
    both = {**vars(base.named), "stops": pl.concat([base.named.stops, again])}
    with pytest.raises(ScenarioError, match="several feeds"):
        find_stop(Named(**both), "1")


def _service(route: str, operator: str) -> object:
    content = {"do": "remove", "service": {"route": route, "operator": operator}}
    scenario = Scenario.model_validate({"name": "s", "title": "S", "operations": [content]})
    return scenario.operations[0].service  # type: ignore[union-attr]
