"""A timetable with identifiers in place of indices, and back.

Everything is numbered anew in the order of the identifiers, so that what is taken away and put back comes to lie where
it was.
"""

from __future__ import annotations

import polars as pl

from pipeline.timetables.edit import Named
from pipeline.timetables.model import SCHEMAS, Timetable


def name_tables(timetable: Timetable) -> Named:
    """Replace indices by identifiers.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    Named
        The same.
    """
    stops, routes = timetable.stops.sort("stop_index"), timetable.routes.sort("route_index")
    trips = timetable.trips.sort("trip_index")
    services = timetable.service_dates.select("service_index", "service_id").unique()

    def name(table: pl.DataFrame, index: str, ids: pl.Series, new: str) -> pl.DataFrame:
        return table.with_columns(ids.gather(table[index]).alias(new)).drop(index)

    transfers = name(timetable.transfers, "from_stop_index", stops["stop_id"], "from_stop_id")
    named_trips = name(trips, "route_index", routes["route_id"], "route_id")
    return Named(
        stops=stops.drop("stop_index"),
        routes=routes.drop("route_index"),
        agencies=timetable.agencies,
        services=timetable.service_dates.select("service_id", "date"),
        trips=named_trips.join(services, on="service_index", how="left", maintain_order="left").drop(
            "service_index", "trip_index"
        ),
        stop_times=name(
            name(timetable.stop_times, "trip_index", trips["trip_id"], "trip_id"),
            "stop_index",
            stops["stop_id"],
            "stop_id",
        ),
        transfers=name(transfers, "to_stop_index", stops["stop_id"], "to_stop_id"),
        feeds=timetable.feeds,
        timezone=timetable.timezone,
    )


def number_tables(named: Named) -> Timetable:
    """Give everything its index, in the order of the identifiers.

    Parameters
    ----------
    named
        Tables with identifiers.

    Returns
    -------
    Timetable
        The timetable.
    """

    def number(table: pl.DataFrame, identifier: str, index: str) -> pl.DataFrame:
        return table.sort(identifier).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias(index))

    stops = number(named.stops, "stop_id", "stop_index")
    routes = number(named.routes, "route_id", "route_index")
    services = number(named.services.select("service_id").unique(), "service_id", "service_index")
    trips = number(named.trips, "trip_id", "trip_index")

    def find(
        table: pl.DataFrame, column: str, ids: pl.DataFrame, identifier: str, index: str, new: str
    ) -> pl.DataFrame:
        keys = ids.select(pl.col(identifier).alias(column), pl.col(index).alias(new))
        return table.join(keys, on=column, how="left", maintain_order="left")

    trips = find(trips, "route_id", routes, "route_id", "route_index", "route_index")
    trips = find(trips, "service_id", services, "service_id", "service_index", "service_index")
    times = find(named.stop_times, "trip_id", trips, "trip_id", "trip_index", "trip_index")
    times = find(times, "stop_id", stops, "stop_id", "stop_index", "stop_index")
    transfers = find(named.transfers, "from_stop_id", stops, "stop_id", "stop_index", "from_stop_index")
    transfers = find(transfers, "to_stop_id", stops, "stop_id", "stop_index", "to_stop_index")
    dates = find(named.services, "service_id", services, "service_id", "service_index", "service_index")
    return Timetable.build(
        {
            "stops": stops,
            "routes": routes,
            "service_dates": dates.sort("service_index", "date"),
            "trips": trips,
            "stop_times": times.sort("trip_index", "position"),
            "transfers": transfers.sort("from_stop_index", "to_stop_index", maintain_order=True),
            "agencies": named.agencies,
        },
        feeds=named.feeds,
        timezone=named.timezone,
    )


def is_same_timetable(one: Timetable, other: Timetable) -> bool:
    """Tell whether two timetables are equal in every table.

    Parameters
    ----------
    one, other
        Timetables.

    Returns
    -------
    bool
        Whether they are.
    """
    same = all(getattr(one, name).equals(getattr(other, name)) for name in SCHEMAS)
    return same and one.feeds == other.feeds and one.timezone == other.timezone
