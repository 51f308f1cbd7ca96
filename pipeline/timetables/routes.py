"""agency.txt, routes.txt and trips.txt: who runs what."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import (
    ROUTE_TYPE_UNKNOWN,
    SERVICE_WITHOUT_DATES,
    TIMEZONES_DIFFER,
    UNKNOWN_OPERATOR,
    UNKNOWN_REFERENCE,
    add_rows,
)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import check_unique, read_table
from pipeline.timetables.gtfs_times import parse_integers
from pipeline.timetables.modes import build_mode_table


def _check_rows(table: pl.DataFrame, container: GtfsContainer, name: str) -> None:
    if table.is_empty():
        raise InputError(f"{name} has no rows", file=f"{container.path.name}:{name}", cure="Fetch the timetable again.")


def read_agencies(container: GtfsContainer, notices: Notices) -> tuple[pl.DataFrame, str]:
    """Read agency.txt.

    Parameters
    ----------
    container
        The open feed.
    notices
        Collector.

    Returns
    -------
    tuple of polars.DataFrame and str
        ``operator_id`` (blank text for a single operator without one), ``operator_name``, ``timezone``; and the
        time zone of the feed.

    Raises
    ------
    InputError
        If the file is missing or broken, an identifier is used twice, or a time zone is blank or unknown.
    """
    name = "agency.txt"
    table = read_table(
        container, name, required=["agency_name", "agency_timezone"], optional=["agency_id"], notices=notices
    )
    _check_rows(table, container, name)
    table = check_unique(table, "agency_id", container, name, notices, is_key_needed=False)
    for record in table.iter_rows(named=True):
        try:
            ZoneInfo(record["agency_timezone"] or "")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(
                f"{name} gives no known time zone: '{record['agency_timezone'] or ''}'",
                file=f"{container.path.name}:{name}",
                row=record["row"],
                field="agency_timezone",
                cure="Give an IANA name such as Europe/London.",
            ) from error
    zones = table.group_by("agency_timezone").len().sort(["len", "agency_timezone"], descending=[True, False])
    zone = str(zones["agency_timezone"][0])
    if zones.height > 1:
        notices.add(TIMEZONES_DIFFER, file=name, field="agency_timezone", value=zone)
    agencies = table.select(
        pl.col("agency_id").fill_null("").alias("operator_id"),
        pl.coalesce("agency_name", "agency_id", pl.lit("")).alias("operator_name"),
        pl.col("agency_timezone").alias("timezone"),
    )
    return agencies.sort("operator_id"), zone


def read_routes(container: GtfsContainer, agencies: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    """Read routes.txt.

    Parameters
    ----------
    container
        The open feed.
    agencies
        From :func:`read_agencies`; a route without operator belongs to the only one there is.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        ``row``, ``route_id``, operator, names, ``route_type`` (-1 if unreadable) and ``mode``.

    Raises
    ------
    InputError
        If the file is missing or broken, or gives one ``route_id`` to two different routes.
    """
    name = "routes.txt"
    optional = ["agency_id", "route_short_name", "route_long_name"]
    table = read_table(container, name, required=["route_id", "route_type"], optional=optional, notices=notices)
    table = check_unique(table, "route_id", container, name, notices)
    _check_rows(table, container, name)
    routes = table.with_columns(
        parse_integers("route_type"),
        pl.col("route_type").alias("route_type_text"),
        pl.col("agency_id").fill_null(agencies["operator_id"][0] if agencies.height == 1 else "").alias("operator_id"),
        pl.col("route_short_name").fill_null(""),
        pl.col("route_long_name").fill_null(""),
    )
    routes = routes.join(build_mode_table(routes["route_type"]), on="route_type", how="left", maintain_order="left")
    unknown = routes.filter(pl.col("mode").is_null())
    add_rows(notices, ROUTE_TYPE_UNKNOWN, unknown, file=name, field="route_type", value="route_type_text")
    names = agencies.select("operator_id", "operator_name")
    routes = routes.join(names, on="operator_id", how="left", maintain_order="left")
    lost = routes.filter(pl.col("operator_name").is_null())
    add_rows(notices, UNKNOWN_OPERATOR, lost, file=name, field="agency_id")
    return routes.with_columns(
        pl.col("mode").fill_null("other"),
        pl.col("route_type").fill_null(-1),
        pl.coalesce("operator_name", "operator_id").alias("operator_name"),
    )


def read_trips(
    container: GtfsContainer, routes: pl.DataFrame, dates: pl.DataFrame, services: pl.Series, notices: Notices
) -> pl.DataFrame:
    """Read trips.txt.

    Parameters
    ----------
    container
        The open feed.
    routes
        From :func:`read_routes`.
    dates
        ``service_id`` and ``date`` of the services that run.
    services
        Every service id that the calendar files name.
    notices
        Collector.

    Returns
    -------
    polars.DataFrame
        All trips sorted by ``trip_id`` with ``trip_code`` (0..n-1) and ``is_kept``: whether route and service
        are known and the service runs on some date.

    Raises
    ------
    InputError
        If the file is missing or broken, or gives one ``trip_id`` to two different trips.
    """
    name = "trips.txt"
    optional = ["trip_headsign", "direction_id", "wheelchair_accessible"]
    table = read_table(
        container, name, required=["route_id", "service_id", "trip_id"], optional=optional, notices=notices
    )
    table = check_unique(table, "trip_id", container, name, notices)
    _check_rows(table, container, name)
    has_route = pl.col("route_id").is_in(routes["route_id"].implode()).fill_null(value=False)
    has_service = pl.col("service_id").is_in(services.implode()).fill_null(value=False)
    runs = pl.col("service_id").is_in(dates["service_id"].unique().implode()).fill_null(value=False)
    direction, wheelchair = parse_integers("direction_id", pl.Int8), parse_integers("wheelchair_accessible", pl.Int8)
    trips = table.with_columns(
        has_route.alias("has_route"),
        has_service.alias("has_service"),
        (has_route & runs).alias("is_kept"),
        pl.when(direction.is_in([0, 1])).then(direction).alias("direction_id"),
        pl.when(wheelchair.is_in([0, 1, 2])).then(wheelchair).otherwise(0).alias("wheelchair_accessible"),
        pl.col("trip_headsign").fill_null(""),
    )
    add_rows(notices, UNKNOWN_REFERENCE, trips.filter(~pl.col("has_route")), file=name, field="route_id")
    add_rows(notices, UNKNOWN_REFERENCE, trips.filter(~pl.col("has_service")), file=name, field="service_id")
    n_lost = int((~trips["has_service"]).sum())
    if 2 * n_lost > trips.height:
        raise InputError(
            f"{n_lost} of {trips.height} trips belong to services that no calendar has",
            file=f"{container.path.name}:{name}",
            field="service_id",
            cure="calendar.txt or calendar_dates.txt is missing or incomplete: fetch the timetable again.",
        )
    idle = trips.filter(pl.col("has_service") & ~runs)
    for service, count in idle.group_by("service_id").len().sort("service_id").iter_rows():
        notices.add(SERVICE_WITHOUT_DATES, file=name, field="service_id", value=service, detail=f"{count} trips")
    trips = trips.sort("trip_id").with_row_index("trip_code")
    return trips.with_columns(pl.col("trip_code").cast(pl.Int32)).drop("has_route", "has_service")
