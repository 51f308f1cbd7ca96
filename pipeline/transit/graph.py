"""The transport network as a networkx graph, to look at and to export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import networkx as nx
import polars as pl

from pipeline.timetables.model import Timetable


def build_transport_graph(timetable: Timetable, days: Sequence[date]) -> nx.MultiDiGraph:
    """Build a graph of stops and of links between consecutive stops, in OSMnx's conventions.

    Parameters
    ----------
    timetable
        The timetable.
    days
        Service days over which runs are counted.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are stop indices with ``stop_id``, ``name`` and, where located, ``x`` and ``y`` (degrees). Edges are keyed
        by mode, with ``mode``, ``routes`` (public numbers or route identifiers, sorted, joined by semicolons),
        ``trips_per_day`` (mean over the days), ``ride_s`` (median of the runs) and ``operators``. All attributes are
        text or numbers, so that the graph can be written as GraphML.

    Raises
    ------
    ValueError
        If there are no days.
    """
    if not days:
        raise ValueError("at least one service day is needed")
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    links = _list_links(timetable, days)
    used = set(links["from_stop"].to_list()) | set(links["to_stop"].to_list())
    for stop in timetable.stops.sort("stop_index").iter_rows(named=True):
        if stop["stop_index"] in used:
            place = {"x": stop["lon"], "y": stop["lat"]} if stop["is_located"] else {}
            graph.add_node(stop["stop_index"], stop_id=stop["stop_id"], name=stop["stop_name"] or "", **place)
    for link in links.iter_rows(named=True):
        graph.add_edge(
            link["from_stop"],
            link["to_stop"],
            key=link["mode"],
            mode=link["mode"],
            routes=";".join(link["routes"]),
            operators=";".join(link["operators"]),
            trips_per_day=link["n_runs"] / len(days),
            ride_s=float(link["ride_s"]),
        )
    return graph


def _list_links(timetable: Timetable, days: Sequence[date]) -> pl.DataFrame:
    """One row a pair of consecutive stops and mode: routes, operators, runs over the days, median ride."""
    runs = (
        timetable.service_dates.filter(pl.col("date").is_in(list(days)))
        .group_by("service_index")
        .agg(pl.len().cast(pl.Int64).alias("n_days"))
    )
    trips = (
        timetable.trips.join(runs, on="service_index")
        .join(timetable.routes, on="route_index")
        .select(
            "trip_index",
            "n_days",
            "mode",
            pl.coalesce("route_short_name", "route_long_name", "route_id").alias("route"),
            pl.col("operator_name").fill_null("").alias("operator"),
        )
    )
    rides = (
        timetable.stop_times.sort("trip_index", "position")
        .with_columns(
            pl.col("stop_index").shift(-1).over("trip_index").alias("to_stop"),
            (pl.col("arrival_s").shift(-1).over("trip_index") - pl.col("departure_s")).alias("ride_s"),
        )
        .drop_nulls("to_stop")
        .join(trips, on="trip_index")
        .rename({"stop_index": "from_stop"})
    )
    return (
        rides.group_by("from_stop", "to_stop", "mode")
        .agg(
            pl.col("route").unique().sort().alias("routes"),
            pl.col("operator").unique().sort().alias("operators"),
            pl.col("n_days").sum().alias("n_runs"),
            pl.col("ride_s").repeat_by("n_days").explode().median().alias("ride_s"),
        )
        .sort("from_stop", "to_stop", "mode")
    )
