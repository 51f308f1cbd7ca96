"""The timetable that every reader produces and every later stage reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.io import staged_folder, write_parquet, write_text

STOPS = {
    "stop_index": pl.Int32,
    "stop_id": pl.String,
    "feed": pl.String,
    "stop_name": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "parent_stop_id": pl.String,
    "location_type": pl.Int8,
    "platform_code": pl.String,
    "public_code": pl.String,
    "wheelchair_boarding": pl.Int8,
    "is_located": pl.Boolean,
}
ROUTES = {
    "route_index": pl.Int32,
    "route_id": pl.String,
    "feed": pl.String,
    "operator_id": pl.String,
    "operator_name": pl.String,
    "route_short_name": pl.String,
    "route_long_name": pl.String,
    "route_type": pl.Int32,
    "mode": pl.String,
}
SERVICE_DATES = {"service_index": pl.Int32, "service_id": pl.String, "date": pl.Date}
TRIPS = {
    "trip_index": pl.Int32,
    "trip_id": pl.String,
    "feed": pl.String,
    "route_index": pl.Int32,
    "service_index": pl.Int32,
    "headsign": pl.String,
    "direction_id": pl.Int8,
    "wheelchair_accessible": pl.Int8,
    "is_frequency_inexact": pl.Boolean,
    "n_duplicates": pl.Int32,
}
STOP_TIMES = {
    "trip_index": pl.Int32,
    "position": pl.Int32,
    "stop_index": pl.Int32,
    "arrival_s": pl.Int32,
    "departure_s": pl.Int32,
    "is_pickup": pl.Boolean,
    "is_dropoff": pl.Boolean,
    "is_interpolated": pl.Boolean,
}
TRANSFERS = {"from_stop_index": pl.Int32, "to_stop_index": pl.Int32, "kind": pl.String, "min_transfer_s": pl.Int32}
AGENCIES = {"feed": pl.String, "operator_id": pl.String, "operator_name": pl.String, "timezone": pl.String}
SCHEMAS: dict[str, Mapping[str, type[pl.DataType]]] = {
    "stops": STOPS,
    "routes": ROUTES,
    "service_dates": SERVICE_DATES,
    "trips": TRIPS,
    "stop_times": STOP_TIMES,
    "transfers": TRANSFERS,
    "agencies": AGENCIES,
}
OPTIONAL = {"stops": ("public_code",)}
"""Columns that are null throughout where the format knows no such thing."""
META_FILE = "timetable.json"


@dataclass(frozen=True)
class Timetable:
    """One snapshot's timetable, from one feed or several, with calendars resolved into dates.

    Every identifier is ``<feed>:<id as filed>``; every index counts from 0 in the order of the identifiers, so that
    neither the order of rows nor that of feeds matters.

    Attributes
    ----------
    stops
        ``core_timetable__stops``: stops that trips call at, and their parent stations; degrees (WGS 84). Their
        ``public_code`` is the code shown to passengers, in Britain the NaPTAN code; null where none is filed.
    routes, trips, service_dates, transfers, agencies
        The tables of the same names; ``service_dates`` holds every date of every service that trips use.
    stop_times
        ``core_timetable__stop_times``, sorted by ``trip_index`` and ``position``; seconds since the service day's
        noon minus 12 h.
    feeds
        For each feed: ``file``, ``sha256``, ``first_date``, ``last_date`` and what feed_info.txt says.
    timezone
        IANA name in which all times are meant.
    """

    stops: pl.DataFrame
    routes: pl.DataFrame
    service_dates: pl.DataFrame
    trips: pl.DataFrame
    stop_times: pl.DataFrame
    transfers: pl.DataFrame
    agencies: pl.DataFrame
    feeds: dict[str, dict[str, object]]
    timezone: str

    def write(self, folder: Path) -> None:
        """Write the tables as Parquet files and ``timetable.json`` into a folder, atomically.

        Parameters
        ----------
        folder
            Replaced as a whole if it exists.
        """
        with staged_folder(folder) as stage:
            for name in SCHEMAS:
                write_parquet(getattr(self, name), stage / f"core_timetable__{name}.parquet")
            meta = {"feeds": self.feeds, "timezone": self.timezone}
            write_text(json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False) + "\n", stage / META_FILE)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what :meth:`write` wrote.

        Parameters
        ----------
        folder
            Folder of Parquet files.

        Returns
        -------
        Timetable
            Equal to the one written.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        try:
            meta = json.loads((folder / META_FILE).read_text(encoding="utf-8"))
            tables = {name: pl.read_parquet(folder / f"core_timetable__{name}.parquet") for name in SCHEMAS}
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"no timetable can be read from {folder.name}: {error}",
                file=folder,
                cure="Run the stage 'timetables' again.",
            ) from error
        return cls(**tables, feeds=meta["feeds"], timezone=meta["timezone"])

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        return {field.name: getattr(self, field.name).height for field in fields(self) if field.name in SCHEMAS}

    @classmethod
    def build(cls, tables: dict[str, pl.DataFrame], *, feeds: dict[str, dict[str, object]], timezone: str) -> Self:
        """Put tables into the declared columns, types and order of columns.

        Parameters
        ----------
        tables
            One for each name of :data:`SCHEMAS`; already sorted and indexed. Columns of :data:`OPTIONAL` may be absent.
        feeds, timezone
            See the class.

        Returns
        -------
        Timetable
            The checked timetable.
        """
        cast = {}
        for name, schema in SCHEMAS.items():
            absent = [column for column in OPTIONAL.get(name, ()) if column not in tables[name].columns]
            table = tables[name].with_columns(pl.lit(None).alias(column) for column in absent)
            cast[name] = table.select(pl.col(column).cast(dtype) for column, dtype in schema.items()).rechunk()
        return cls(**cast, feeds=feeds, timezone=timezone)


def _renumber(tables: list[pl.DataFrame], index: str, identifier: str) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Stack tables, number them anew by identifier and return the maps old -> new of each."""
    stacked = pl.concat([table.with_columns(pl.lit(at).alias("_at")) for at, table in enumerate(tables)])
    stacked = stacked.sort(identifier).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("_new"))
    maps = [stacked.filter(pl.col("_at") == at).select(pl.col(index), "_new").sort(index) for at in range(len(tables))]
    return stacked.with_columns(pl.col("_new").alias(index)).drop("_at", "_new"), maps


def _gather(table: pl.DataFrame, column: str, mapping: pl.DataFrame) -> pl.DataFrame:
    """Replace an index 0..n-1 by its new number."""
    return table.with_columns(mapping["_new"].gather(table[column]).alias(column))


def combine_timetables(timetables: Iterable[Timetable]) -> Timetable:
    """Combine the timetables of several feeds into one.

    Parameters
    ----------
    timetables
        One or more, with different feed names; their order does not matter.

    Returns
    -------
    Timetable
        All stops, trips and so on, numbered anew in the order of their identifiers.

    Raises
    ------
    InputError
        If there is none, two have a feed of the same name, or their time zones differ.
    """
    parts = sorted(timetables, key=lambda part: sorted(part.feeds))
    if not parts:
        raise InputError("there is no timetable to combine", field="feeds", cure="Name at least one feed.")
    if len(parts) == 1:
        return parts[0]
    names = [name for part in parts for name in part.feeds]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(f"two feeds are called {repeated[0]}", field=repeated[0], cure="Name each feed differently.")
    zones = sorted({part.timezone for part in parts})
    if len(zones) > 1:
        raise InputError(
            f"the feeds of one snapshot lie in different time zones: {', '.join(zones)}",
            field="agency_timezone",
            cure="Give only feeds of one time zone together.",
        )
    stops, stop_maps = _renumber([part.stops for part in parts], "stop_index", "stop_id")
    routes, route_maps = _renumber([part.routes for part in parts], "route_index", "route_id")
    services, service_maps = _renumber(
        [part.service_dates.select("service_index", "service_id").unique(maintain_order=True) for part in parts],
        "service_index",
        "service_id",
    )
    trips, trip_maps = _renumber([part.trips for part in parts], "trip_index", "trip_id")
    del services
    tables: dict[str, list[pl.DataFrame]] = {name: [] for name in ("trips", "dates", "times", "transfers")}
    for at, part in enumerate(parts):
        own = trips.filter(pl.col("feed").is_in(list(part.feeds)))
        own = _gather(_gather(own, "route_index", route_maps[at]), "service_index", service_maps[at])
        tables["trips"].append(own)
        tables["dates"].append(_gather(part.service_dates, "service_index", service_maps[at]))
        times = _gather(_gather(part.stop_times, "trip_index", trip_maps[at]), "stop_index", stop_maps[at])
        tables["times"].append(times)
        moved = _gather(_gather(part.transfers, "from_stop_index", stop_maps[at]), "to_stop_index", stop_maps[at])
        tables["transfers"].append(moved)
    return Timetable.build(
        {
            "stops": stops,
            "routes": routes,
            "trips": pl.concat(tables["trips"]).sort("trip_index"),
            "service_dates": pl.concat(tables["dates"]).sort("service_index", "date"),
            "stop_times": pl.concat(tables["times"]).sort("trip_index", "position"),
            "transfers": pl.concat(tables["transfers"]).sort("from_stop_index", "to_stop_index"),
            "agencies": pl.concat([part.agencies for part in parts]).sort("feed", "operator_id"),
        },
        feeds={name: part.feeds[name] for part in parts for name in sorted(part.feeds)},
        timezone=zones[0],
    )
