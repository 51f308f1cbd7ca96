"""What would be otherwise: operations of a scenario applied to a timetable."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, TypeVar

import polars as pl

from pipeline.base.clock import parse_time_s
from pipeline.base.geo import compute_haversine_m
from pipeline.base.scenario import (
    Add,
    AddStop,
    Days,
    Frequency,
    Remove,
    Restore,
    Retime,
    ScenarioError,
    ServiceName,
    TimetableOperation,
)
from pipeline.change.inputs import ServiceFrames, build_service_routes, compute_operator_key, compute_route_number
from pipeline.change.window28 import day_type_of
from pipeline.timetables.edit import (
    Named,
    add_service,
    add_trips,
    copy_trip,
    insert_call,
    remove_trips,
    restrict_trips,
    shift_trips,
    take_trips,
)

ROUTE_TYPES: Final = {"bus": 3, "coach": 200, "rail": 2, "tram": 0, "metro": 1, "ferry": 4, "other": 1700}
LABEL: Final = "scenario"
T = TypeVar("T")


class UnknownServiceError(ScenarioError):
    """There is no such service."""


@dataclass(frozen=True)
class DatedTables:
    """A timetable's tables with the dates that stand for each kind of day.

    Attributes
    ----------
    named
        The tables.
    days
        weekday, saturday and sunday to dates.
    """

    named: Named
    days: Mapping[str, date]


@dataclass(frozen=True)
class Sources:
    """What operations may ask for beside the timetable that they change.

    Attributes
    ----------
    read
        Gives a snapshot as it was; raises ScenarioError where there is none of that name.
    match_stops
        For the tables of a timetable and of an earlier one: every stop of the earlier with the stop that stands where
        it stood, None where there is none.
    """

    read: Callable[[str], DatedTables]
    match_stops: Callable[[Named, Named], Mapping[str, str | None]]


def apply_operation(base: DatedTables, operation: TimetableOperation, sources: Sources) -> Named:
    """Apply one operation to a timetable.

    Parameters
    ----------
    base
        The timetable as it is so far.
    operation
        What is to be done.
    sources
        Other snapshots.

    Returns
    -------
    Named
        The edited tables.

    Raises
    ------
    ScenarioError
        If a service, stop or snapshot is unknown (with the near ones), or it cannot be done.
    """
    return _OPERATIONS[type(operation)](base, operation, sources)


def find_trips(named: Named, service: ServiceName) -> list[str]:
    """Find the trips of a service.

    Parameters
    ----------
    named
        The timetable.
    service
        Its name.

    Returns
    -------
    list of str
        Identifiers, sorted; at least one.

    Raises
    ------
    UnknownServiceError
        If there is no such service, naming the near ones.
    ScenarioError
        If several operators have its number.
    """
    numbered = named.routes.sort("route_id").with_row_index("route_index")
    empty = pl.DataFrame()
    routes = build_service_routes(ServiceFrames("", named.stops, numbered, empty, named.trips, named.stop_times))
    routes = routes.with_columns(numbered["route_id"])
    used = routes.filter(pl.col("route_id").is_in(named.trips["route_id"].unique().implode()))
    has_number = pl.col("number").is_in(
        [compute_route_number(service.route), compute_route_number(None, service.route)]
    )
    found = used.filter(has_number)
    if service.operator is not None:
        found = found.filter(pl.col("operator_key") == compute_operator_key(service.operator))
    if service.mode is not None:
        found = found.filter(pl.col("mode") == service.mode)
    if found.is_empty():
        raise UnknownServiceError(f"there is no service {_say(service)}; {_say_near(used, service)}")
    operators = found["operator_name"].unique().sort().to_list()
    if found["operator_key"].n_unique() > 1:
        raise ScenarioError(
            f"several operators have a service {service.route}: {', '.join(operators)}; name one of them"
        )
    ids = found["route_id"].implode()
    return named.trips.filter(pl.col("route_id").is_in(ids))["trip_id"].sort().to_list()


def _say(service: ServiceName) -> str:
    parts = [service.route, *([f"of {service.operator}"] if service.operator else [])]
    return " ".join([*parts, *([f"({service.mode})"] if service.mode else [])])


def _say_near(used: pl.DataFrame, service: ServiceName) -> str:
    names = {f"{row['route_name']} ({row['operator_name']})" for row in used.iter_rows(named=True)}
    by_route = {name.partition(" (")[0].casefold(): name for name in sorted(names)}
    wanted = f"{service.route} ({service.operator or ''})"
    near = [by_route[n] for n in difflib.get_close_matches(service.route.casefold(), by_route, n=3, cutoff=0.5)]
    near += [name for name in difflib.get_close_matches(wanted, sorted(names), n=5, cutoff=0.4) if name not in near]
    return f"near ones: {', '.join(near[:5] or sorted(names)[:5])}"


def find_stop(named: Named, stop: str) -> str:
    """Find a stop by its identifier, with or without the feed.

    Parameters
    ----------
    named
        The timetable.
    stop
        Identifier.

    Returns
    -------
    str
        The whole identifier.

    Raises
    ------
    ScenarioError
        If there is none, or several feeds have it.
    """
    ids = named.stops["stop_id"].to_list()
    found = [one for one in ids if stop in {one, one.partition(":")[2]}]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise ScenarioError(f"several feeds have a stop {stop}: {', '.join(found)}; write one of these")
    near = difflib.get_close_matches(stop, [one.partition(":")[2] for one in ids], n=3, cutoff=0.5)
    raise ScenarioError(f"there is no stop {stop}; near ones: {', '.join(near) or 'none'}")


def _remove(base: DatedTables, operation: Remove, _: Sources) -> Named:
    named = base.named
    return remove_trips(named, find_trips(base.named, operation.service))


def _retime(base: DatedTables, operation: Retime, _: Sources) -> Named:
    named = base.named
    return shift_trips(named, find_trips(base.named, operation.service), 60 * operation.shift_min)


def _list_dates(named: Named, day_types: Sequence[str]) -> list[date]:
    """List all dates of the timetable's period that are of these kinds."""
    first, last = named.services["date"].min(), named.services["date"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise ScenarioError("the timetable has no dates")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day_type_of(day.weekday()) in day_types]


def _find_running(named: Named, trips: Sequence[str], day: date) -> list[str]:
    running = named.services.filter(pl.col("date") == day)["service_id"].implode()
    chosen = pl.col("trip_id").is_in(list(trips)) & pl.col("service_id").is_in(running)
    return named.trips.filter(chosen)["trip_id"].sort().to_list()


def _get_feed(named: Named, trip: str) -> str:
    return str(named.trips.filter(pl.col("trip_id") == trip)["feed"][0])


def _make_service(named: Named, feed: str, day_types: Sequence[str]) -> tuple[Named, str]:
    """Add a service for kinds of days."""
    service = f"{feed}:{LABEL}-{'-'.join(dict.fromkeys(day_types))}"
    return add_service(named, service, _list_dates(named, day_types)), service


def _days(base: DatedTables, operation: Days, _: Sources) -> Named:
    named = base.named
    trips = find_trips(base.named, operation.service)
    kept = _find_running(named, trips, base.days[operation.like])
    if not kept:
        raise ScenarioError(
            f"{operation.service.route} does not run on {base.days[operation.like]}, a {operation.like}"
        )
    named = remove_trips(named, set(trips) - set(kept))
    named, service = _make_service(named, _get_feed(named, kept[0]), operation.days)
    runs = pl.when(pl.col("trip_id").is_in(kept)).then(pl.lit(service)).otherwise(pl.col("service_id"))
    return replace(named, trips=named.trips.with_columns(runs.alias("service_id")))


def _frequency(base: DatedTables, operation: Frequency, _: Sources) -> Named:
    named = base.named
    trips = find_trips(base.named, operation.service)
    others = sorted(set(named.services["date"].to_list()) - set(_list_dates(named, operation.days)))
    before, done = named, restrict_trips(named, trips, others, f"{LABEL}-other-days")
    any_running = False
    for day_type in dict.fromkeys(operation.days):
        running = _find_running(before, trips, base.days[day_type])
        any_running = any_running or bool(running)
        for template, first, last in _list_directions(before, running):
            start = parse_time_s(operation.first) if operation.first else first
            end = parse_time_s(operation.last) if operation.last else last
            done, service = _make_service(done, _get_feed(before, template), [day_type])
            starts = range(start, end + 1, 60 * operation.every_min)
            copies = copy_trip(before, template, starts, service_id=service, label=f"{LABEL}-{day_type}")
            done = add_trips(done, *copies)
    if not any_running:
        raise ScenarioError(
            f"{operation.service.route} runs on none of these kinds of days, so there is no trip to copy"
        )
    return done


def _list_directions(named: Named, trips: Sequence[str]) -> list[tuple[str, int, int]]:
    """List, for each pair of first and last stop, the middle trip of the commonest pattern, first and last start."""
    calls = (
        named.stop_times.filter(pl.col("trip_id").is_in(list(trips)))
        .sort("trip_id", "position")
        .group_by("trip_id", maintain_order=True)
        .agg(pl.col("stop_id"), pl.col("departure_s").first().alias("start"))
        .with_columns(
            pl.col("stop_id").list.first().alias("from"),
            pl.col("stop_id").list.last().alias("to"),
            pl.col("stop_id").list.join(",").alias("sequence"),
        )
    )
    found = []
    for _, group in calls.sort("from", "to", "start", "trip_id").group_by("from", "to", maintain_order=True):
        common = group.group_by("sequence").len().sort(["len", "sequence"], descending=[True, False])["sequence"][0]
        main = group.filter(pl.col("sequence") == common).sort("start", "trip_id")
        span = group["start"].to_list()
        found.append((str(main["trip_id"][(main.height - 1) // 2]), min(span), max(span)))
    return found


def _add(base: DatedTables, operation: Add, _: Sources) -> Named:
    named = base.named
    stops = [find_stop(named, stop) for stop in operation.stops]
    named, route_id, feed = _add_route(named, operation)
    service = f"{feed}:{LABEL}-{'-'.join(dict.fromkeys(operation.days))}"
    named = add_service(named, service, _list_dates(named, operation.days))
    runs = [(stops, times) for times in _list_times(operation)]
    if operation.both_ways:
        runs += [(stops[::-1], _turn(times)) for _, times in list(runs)]
    trips, calls = [], []
    for number, (order, times) in enumerate(runs):
        trip = f"{route_id}-{number:04d}"
        trips.append({"trip_id": trip, "feed": feed, "route_id": route_id, "service_id": service})
        calls += [
            {"trip_id": trip, "position": position, "stop_id": stop, "arrival_s": at, "departure_s": at}
            for position, (stop, at) in enumerate(zip(order, times, strict=True))
        ]
    none = pl.lit(None)
    new_trips = pl.DataFrame(trips).with_columns(
        none.alias("headsign"),
        none.alias("direction_id"),
        pl.lit(0).alias("wheelchair_accessible"),
        pl.lit(value=False).alias("is_frequency_inexact"),
        pl.lit(0).alias("n_duplicates"),
    )
    flags = {"is_pickup": True, "is_dropoff": True, "is_interpolated": False}
    return add_trips(named, new_trips, pl.DataFrame(calls).with_columns(pl.lit(v).alias(k) for k, v in flags.items()))


def _list_times(operation: Add) -> list[list[int]]:
    if operation.times is not None:
        found = [[parse_time_s(text) for text in row] for row in operation.times]
    elif operation.departures is not None and operation.run_min is not None:
        head = operation.departures
        starts = range(parse_time_s(head.first), parse_time_s(head.last) + 1, 60 * head.every_min)
        found = [[start + round(60 * minutes) for minutes in operation.run_min] for start in starts]
    else:
        raise ScenarioError("give either 'times', or 'run_min' and 'departures'")
    if any(row != sorted(row) for row in found):
        raise ScenarioError(f"a trip of {operation.service.route} goes back in time")
    return found


def _turn(times: Sequence[int]) -> list[int]:
    """Run the other way from the same departure, with the same minutes between the stops."""
    return [times[0] + times[-1] - at for at in reversed(times)]


def _add_route(named: Named, operation: Add) -> tuple[Named, str, str]:
    """Add a route, to the feed of the operator if it has one."""
    key = compute_operator_key(operation.service.operator)
    known = named.routes.sort("route_id").filter(
        pl.col("operator_name").map_elements(compute_operator_key, return_dtype=pl.String) == key
    )
    feed = str(known["feed"][0]) if known.height else min(named.feeds)
    route_id = f"{feed}:{LABEL}-{operation.service.route}"
    if route_id in set(named.routes["route_id"].to_list()):
        raise ScenarioError(f"the scenario adds {operation.service.route} twice; give the second another name")
    row = {
        "route_id": route_id,
        "feed": feed,
        "operator_id": known["operator_id"][0] if known.height else None,
        "operator_name": known["operator_name"][0] if known.height else operation.service.operator,
        "route_short_name": operation.service.route,
        "route_long_name": None,
        "route_type": ROUTE_TYPES[operation.service.mode],
        "mode": operation.service.mode,
    }
    added = pl.DataFrame([row], schema=named.routes.schema)
    return replace(named, routes=pl.concat([named.routes, added])), route_id, feed


def _restore(base: DatedTables, operation: Restore, sources: Sources) -> Named:
    source = sources.read(operation.as_in)
    trips = find_trips(source.named, operation.service)
    try:
        current = find_trips(base.named, operation.service)
    except UnknownServiceError:
        current = []  # it does not run now: nothing is in its place
    return take_trips(
        remove_trips(base.named, current),
        source.named,
        trips,
        stop_of=sources.match_stops(base.named, source.named),
        dates_of=_move_dates(base, source),
        label=operation.as_in,
    )


def _move_dates(base: DatedTables, source: DatedTables) -> dict[str, list[date]]:
    """Move the dates of services by whole weeks, so that the snapshots' weeks meet; those beyond the period here go."""
    weeks = [side.days["weekday"] - timedelta(days=side.days["weekday"].weekday()) for side in (base, source)]
    shift = weeks[0] - weeks[1]
    first, last = base.named.services["date"].min(), base.named.services["date"].max()
    moved = source.named.services.with_columns((pl.col("date") + shift).alias("date"))
    if shift:
        moved = moved.filter(pl.col("date").is_between(first, last))
    found: dict[str, list[date]] = {service: [] for service in source.named.services["service_id"].unique().to_list()}
    for service, day in moved.sort("service_id", "date").iter_rows():
        found[service].append(day)
    return found


def _add_stop(base: DatedTables, operation: AddStop, _: Sources) -> Named:
    named = base.named
    feed = min(named.feeds)
    stop_id = f"{feed}:{operation.id}"
    if stop_id in set(named.stops["stop_id"].to_list()):
        raise ScenarioError(f"there is a stop {operation.id} already")
    row: dict[str, object] = dict.fromkeys(named.stops.columns) | {
        "stop_id": stop_id,
        "feed": feed,
        "stop_name": operation.name,
        "lon": operation.lon,
        "lat": operation.lat,
        "location_type": 0,
        "wheelchair_boarding": 0,
        "is_located": True,
    }
    named = replace(named, stops=pl.concat([named.stops, pl.DataFrame([row], schema=named.stops.schema)]))
    for serve in operation.served_by:
        after = find_stop(named, serve.after)
        trips = find_trips(base.named, serve.service)
        named = _insert(named, trips, after, stop_id, serve.extra_s, serve.service.route)
    return named


def _insert(named: Named, trips: list[str], after: str, stop_id: str, extra_s: int, route: str) -> Named:
    """Let trips call at a new stop; how far along it lies is told as the crow flies, for each next stop."""
    place = {row["stop_id"]: (row["lon"], row["lat"]) for row in named.stops.iter_rows(named=True)}
    following = (
        named.stop_times.filter(pl.col("trip_id").is_in(trips))
        .sort("trip_id", "position")
        .with_columns(pl.col("stop_id").shift(-1).over("trip_id").alias("next"))
        .filter((pl.col("stop_id") == after) & pl.col("next").is_not_null())
    )
    if following.is_empty():
        raise ScenarioError(f"no trip of {route} goes on from {after}")
    for (stop,), group in following.sort("next", "trip_id").group_by("next", maintain_order=True):
        before_m, after_m = (_measure(place[a], place[b]) for a, b in ((after, stop_id), (stop_id, str(stop))))
        share = before_m / (before_m + after_m) if before_m + after_m > 0 else 0.5
        ids = group["trip_id"].to_list()
        named = insert_call(named, ids, after=after, stop_id=stop_id, share=share, extra_s=extra_s)
    return named


def _measure(one: tuple[float | None, float | None], other: tuple[float | None, float | None]) -> float:
    if None in one or None in other:
        return 0.0
    return float(compute_haversine_m(*one, *other))  # type: ignore[arg-type]


_OPERATIONS: Final[dict[type, Callable[..., Named]]] = {
    Remove: _remove,
    Add: _add,
    Retime: _retime,
    Frequency: _frequency,
    Days: _days,
    Restore: _restore,
    AddStop: _add_stop,
}
