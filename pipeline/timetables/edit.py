"""Edits of a timetable's tables: trips removed, shifted, copied, added. Every function returns new tables.

Tables are edited with identifiers in place of indices (see `pipeline.timetables.named`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from pipeline.base.scenario import ScenarioError

MARK = "@"


@dataclass(frozen=True)
class Named:
    """A timetable whose tables refer to one another by identifiers.

    Attributes
    ----------
    stops, routes, agencies
        As in the timetable, without index.
    services
        service_id, date.
    trips
        As in the timetable, with route_id and service_id in place of indices.
    stop_times
        With trip_id and stop_id in place of indices.
    transfers
        With from_stop_id and to_stop_id.
    """

    stops: pl.DataFrame
    routes: pl.DataFrame
    agencies: pl.DataFrame
    services: pl.DataFrame
    trips: pl.DataFrame
    stop_times: pl.DataFrame
    transfers: pl.DataFrame
    feeds: dict[str, dict[str, object]]
    timezone: str


def remove_trips(named: Named, trip_ids: Collection[str]) -> Named:
    """Remove trips; their stops, routes and services stay, without service.

    Parameters
    ----------
    named
        The timetable.
    trip_ids
        Which trips.

    Returns
    -------
    Named
        Without them.
    """
    gone = pl.col("trip_id").is_in(sorted(trip_ids))
    return replace(named, trips=named.trips.filter(~gone), stop_times=named.stop_times.filter(~gone))


def shift_trips(named: Named, trip_ids: Collection[str], shift_s: int) -> Named:
    """Let trips run earlier or later.

    Parameters
    ----------
    named
        The timetable.
    trip_ids
        Which trips.
    shift_s
        Seconds later; negative: earlier.

    Returns
    -------
    Named
        With other times.

    Raises
    ------
    ScenarioError
        If a trip would begin before its service day does.
    """
    is_moved = pl.col("trip_id").is_in(sorted(trip_ids))
    moved = named.stop_times.with_columns(
        pl.when(is_moved).then(pl.col(name) + shift_s).otherwise(pl.col(name)).cast(pl.Int32).alias(name)
        for name in ("arrival_s", "departure_s")
    )
    if (moved["arrival_s"] < 0).any():
        raise ScenarioError("a trip would begin before its service day does")
    return replace(named, stop_times=moved)


def restrict_trips(named: Named, trip_ids: Collection[str], kept: Collection[date], label: str) -> Named:
    """Let trips run on some of their dates only.

    Parameters
    ----------
    named
        The timetable.
    trip_ids
        Which trips.
    kept
        Dates on which they still run; trips without any are removed.
    label
        Part of the identifiers of the new services.

    Returns
    -------
    Named
        With services of their own for these trips.
    """
    chosen = pl.col("trip_id").is_in(sorted(trip_ids))
    services = named.trips.filter(chosen)["service_id"].unique().sort()
    own = named.services.filter(pl.col("service_id").is_in(services.implode()) & pl.col("date").is_in(sorted(kept)))
    living = own["service_id"].unique()
    gone = named.trips.filter(chosen & ~pl.col("service_id").is_in(living.implode()))["trip_id"].to_list()
    named = remove_trips(named, gone)
    renamed = pl.col("service_id") + f"{MARK}{label}"
    return replace(
        named,
        services=pl.concat([named.services, own.with_columns(renamed.alias("service_id"))]).unique(maintain_order=True),
        trips=named.trips.with_columns(
            pl.when(chosen).then(renamed).otherwise(pl.col("service_id")).alias("service_id")
        ),
    )


def add_service(named: Named, service_id: str, dates: Sequence[date]) -> Named:
    """Add a service with its dates, if it is not there.

    Parameters
    ----------
    named
        The timetable.
    service_id
        Its identifier.
    dates
        When it runs.

    Returns
    -------
    Named
        With the service.
    """
    if service_id in set(named.services["service_id"].to_list()):
        return named
    added = pl.DataFrame(
        {"service_id": [service_id] * len(dates), "date": list(dates)}, schema=dict(named.services.schema)
    )
    return replace(named, services=pl.concat([named.services, added]))


def add_trips(named: Named, trips: pl.DataFrame, stop_times: pl.DataFrame) -> Named:
    """Add trips to routes, services and stops that are there.

    Parameters
    ----------
    named
        The timetable.
    trips, stop_times
        In the form of ``Named``.

    Returns
    -------
    Named
        With the trips.

    Raises
    ------
    ScenarioError
        If one of the identifiers is taken.
    """
    taken = set(named.trips["trip_id"].to_list()) & set(trips["trip_id"].to_list())
    if taken:
        raise ScenarioError(f"there is a trip {min(taken)} already")
    return replace(
        named,
        trips=pl.concat([named.trips, trips.select(named.trips.columns).cast(named.trips.schema)]),
        stop_times=pl.concat(
            [named.stop_times, stop_times.select(named.stop_times.columns).cast(named.stop_times.schema)]
        ),
    )


def copy_trip(
    named: Named, trip_id: str, starts: Sequence[int], *, service_id: str, label: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Copy a trip to other starting times.

    Parameters
    ----------
    named
        The timetable.
    trip_id
        The trip to be copied.
    starts
        Seconds of the departures from its first stop.
    service_id
        When the copies run.
    label
        Part of their identifiers.

    Returns
    -------
    trips, stop_times : polars.DataFrame
        In the form of ``Named``.
    """
    trip = named.trips.filter(pl.col("trip_id") == trip_id)
    calls = named.stop_times.filter(pl.col("trip_id") == trip_id).sort("position")
    first = int(calls["departure_s"][0])
    trips, times = [], []
    for start in starts:
        new = f"{trip_id}{MARK}{label}-{start}"
        trips.append(trip.with_columns(pl.lit(new).alias("trip_id"), pl.lit(service_id).alias("service_id")))
        times.append(
            calls.with_columns(
                pl.lit(new).alias("trip_id"),
                *((pl.col(name) + (start - first)).cast(pl.Int32).alias(name) for name in ("arrival_s", "departure_s")),
            )
        )
    if not trips:
        return trip.clear(), calls.clear()
    return pl.concat(trips), pl.concat(times)


def insert_call(
    named: Named, trip_ids: Collection[str], *, after: str, stop_id: str, share: float, extra_s: int
) -> Named:
    """Let trips call at one more stop, between a stop and the next.

    Parameters
    ----------
    named
        The timetable.
    trip_ids
        Which trips; those that do not call at ``after``, or end there, stay as they are.
    after
        The stop before the new one.
    stop_id
        The new one.
    share
        How far along it lies from the stop before to the stop after, 0 to 1.
    extra_s
        Seconds by which the trip is later from the next stop on.

    Returns
    -------
    Named
        With the calls.
    """
    times = named.stop_times.sort("trip_id", "position")
    times = times.with_columns(
        pl.col("arrival_s").shift(-1).over("trip_id").alias("next_s"),
        ((pl.col("stop_id") == after) & pl.col("trip_id").is_in(sorted(trip_ids))).alias("is_before"),
    ).with_columns((pl.col("is_before") & pl.col("next_s").is_not_null()).alias("is_before"))
    earlier = pl.col("is_before").cast(pl.Int32).cum_sum().over("trip_id") - pl.col("is_before").cast(pl.Int32)
    times = times.with_columns(earlier.alias("n"))
    moved = [(pl.col(name) + extra_s * pl.col("n")).cast(pl.Int32).alias(name) for name in ("arrival_s", "departure_s")]
    at = (pl.col("departure_s") + ((pl.col("next_s") - pl.col("departure_s")) * share).round()).cast(pl.Int32)
    new = times.filter("is_before").with_columns(
        (at + extra_s * pl.col("n")).cast(pl.Int32).alias("arrival_s"),
        pl.lit(stop_id).alias("stop_id"),
        (pl.col("position") * 2 + 1).alias("position"),
        *(pl.lit(value=True).alias(name) for name in ("is_pickup", "is_dropoff", "is_interpolated")),
    )
    new = new.with_columns(pl.col("arrival_s").alias("departure_s"))
    both = pl.concat([times.with_columns((pl.col("position") * 2).alias("position"), *moved), new])
    both = both.sort("trip_id", "position").with_columns(
        pl.when(pl.col("is_before").any().over("trip_id"))
        .then(pl.int_range(pl.len()).over("trip_id"))
        .otherwise(pl.col("position") // 2)
        .cast(pl.Int32)
        .alias("position")
    )
    return replace(named, stop_times=both.select(named.stop_times.columns))


def take_trips(
    named: Named,
    other: Named,
    trip_ids: Collection[str],
    *,
    stop_of: Mapping[str, str | None],
    dates_of: Mapping[str, Sequence[date]],
    label: str,
) -> Named:
    """Add trips of another timetable, with the stops, routes and services that they need.

    What is there under the same identifier and in every respect the same is used; what differs comes in under an
    identifier with the label.

    Parameters
    ----------
    named
        The timetable.
    other
        Where the trips come from.
    trip_ids
        Which of its trips.
    stop_of
        For each of its stops the stop here that stands at the same place, None where it must be added.
    dates_of
        Dates here for each of its services.
    label
        Part of identifiers.

    Returns
    -------
    Named
        With the trips.
    """
    chosen = pl.col("trip_id").is_in(sorted(trip_ids))
    trips, times = other.trips.filter(chosen), other.stop_times.filter(chosen)
    stops = {stop: stop_of[stop] for stop in times["stop_id"].unique().sort().to_list()}
    new_stops = {stop: _free(stop, named.stops["stop_id"], label) for stop, here in stops.items() if here is None}
    added = other.stops.filter(pl.col("stop_id").is_in(sorted(new_stops))).with_columns(
        pl.col("stop_id").replace(new_stops),
        pl.lit(None, dtype=pl.String).alias("parent_stop_id"),
    )
    stop_ids = {stop: here if here is not None else new_stops[stop] for stop, here in stops.items()}
    named = replace(named, stops=pl.concat([named.stops, added]))
    named, route_ids = _take_routes(named, other, trips["route_id"].unique().sort().to_list(), label)
    service_ids = {}
    for service in trips["service_id"].unique().sort().to_list():
        wanted = sorted(dates_of[service])
        here = named.services.filter(pl.col("service_id") == service)["date"].sort().to_list()
        service_ids[service] = service if here in ([], wanted) else _free(service, named.services["service_id"], label)
        named = add_service(named, service_ids[service], wanted)
    trip_names = {trip: _free(trip, named.trips["trip_id"], label) for trip in trips["trip_id"].to_list()}

    def rename(table: pl.DataFrame, column: str, names: Mapping[str, str]) -> pl.DataFrame:
        return table.with_columns(pl.col(column).replace_strict(names, return_dtype=pl.String))

    trips = rename(rename(rename(trips, "route_id", route_ids), "service_id", service_ids), "trip_id", trip_names)
    return add_trips(named, trips, rename(rename(times, "trip_id", trip_names), "stop_id", stop_ids))


def _take_routes(named: Named, other: Named, ids: Sequence[str], label: str) -> tuple[Named, dict[str, str]]:
    names: dict[str, str] = {}
    for route in ids:
        row = other.routes.filter(pl.col("route_id") == route)
        here = named.routes.filter(pl.col("route_id") == route)
        names[route] = route if here.is_empty() or here.equals(row) else _free(route, named.routes["route_id"], label)
        if here.is_empty() or names[route] != route:
            added = row.with_columns(pl.lit(names[route]).alias("route_id"))
            named = replace(named, routes=pl.concat([named.routes, added]))
    return named, names


def _free(identifier: str, taken: pl.Series, label: str) -> str:
    """Give the identifier if it is free, else one with the label."""
    known = set(taken.to_list())
    found, number = identifier, 1
    while found in known:
        found = f"{identifier}{MARK}{label}" + (f"-{number}" if number > 1 else "")
        number += 1
    return found
