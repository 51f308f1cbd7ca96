"""``connectivity matrix``: travel times on anybody's files, without an area or a configuration."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from pipeline.base.cells import neutralise_columns
from pipeline.base.clock import DAY_S
from pipeline.base.errors import InputError, UsageError
from pipeline.base.io import staged_file, write_csv
from pipeline.base.notices import declare_notice
from pipeline.base.progress import measure
from pipeline.places.destinations import read_weights
from pipeline.places.read_table import ROW
from pipeline.routing.questions import mirror_window
from pipeline.stages.links import STATION, STOP, LinkKind, describe_links
from pipeline.stages.matrix_car import prepare_car
from pipeline.stages.matrix_points import read_ids
from pipeline.stages.matrix_question import MatrixQuestion, check_question
from pipeline.stages.matrix_shards import Asker
from pipeline.stages.matrix_tables import (
    N_THREADS,
    Problem,
    solve_nearest,
    solve_opportunities,
    solve_pairs,
    solve_ranks,
)
from pipeline.stages.wheelchair import restrict_to_accessible
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.calendars import check_has_service, note_idle_feeds
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import FeedSource, read_timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import WalkSettings
from pipeline.transit.linking import (
    LinkedArea,
    compute_walk_matrix,
    describe_link,
    get_stop_lonlat,
    link_area,
    note_far_stops,
)
from pipeline.transit.mirror import mirror_network
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.subset import compute_mode_mask, filter_network

I32 = NDArray[np.int32]

FAR_POINT = declare_notice(
    "point_far_from_streets",
    "warning",
    "A point lies too far from any walkable street; its travel times are null with the reason no_street.",
    "Check its coordinate, or use a larger street extract.",
)
NO_SUCH_MODE = declare_notice(
    "no_trips_of_modes",
    "warning",
    "The timetables have no trip of the modes asked for near the date, so everybody walks.",
    "Check --modes and the route types of the timetables.",
)


def compute_matrix(question: MatrixQuestion, *, asker: Asker | None = None) -> pl.DataFrame:
    """Compute travel times between points.

    Parameters
    ----------
    question
        Files, day, departure and parameters.
    asker
        Answers questions about all pairs, block by block where they are large; if absent, at once.

    Returns
    -------
    polars.DataFrame
        ``from_id``, ``to_id`` (where the journey begins and ends), ``travel_time_s`` (with a window: the median),
        percentiles where there is a window, and ``reason`` where the time is null; a row for every pair, or for every
        origin if the nearest is asked for (with `n_nearest`: for every origin and rank). With limits: the weight within
        reach, a row for every origin and limit.

    Raises
    ------
    UsageError
        For options that do not go together.
    InputError
        For files that cannot be used, no service on the day, or streets of another region.
    """
    check_question(question)
    if question.is_car:
        origins, destinations = _read_points(question)
        return _solve(prepare_car(question, origins, destinations), destinations)
    network, linked, origins, destinations = prepare_network(question)
    return solve_matrix(question, network, linked, origins, destinations, asker=asker)


def solve_matrix(
    question: MatrixQuestion,
    network: PackedNetwork,
    linked: LinkedArea,
    origins: pd.DataFrame,
    destinations: pd.DataFrame,
    *,
    asker: Asker | None = None,
) -> pl.DataFrame:
    """Compute travel times between points on a network that is packed already.

    Parameters
    ----------
    question
        Departure and parameters; its files are not read.
    network, linked
        From :func:`pack_network`.
    origins, destinations
        The points, with their ``code``.
    asker
        As for :func:`compute_matrix`.

    Returns
    -------
    polars.DataFrame
        As :func:`compute_matrix` gives it.
    """
    if question.is_arrive_by:
        network = mirror_network(network)
    with measure("walking between all pairs"):
        walk_s = compute_walk_matrix(
            linked.graph,
            linked.origins,
            linked.destinations,
            walk_kmh=question.walk_kmh,
            cap_s=60 * question.max_time_min,
            n_threads=N_THREADS,
        )
    problem = Problem(
        question=question,
        network=network,
        window=mirror_window(question.window) if question.is_arrive_by else question.window,
        is_back=question.is_return != question.is_arrive_by,
        linked=linked,
        walk_s=walk_s,
        origin_ids=origins["code"].tolist(),
        destination_ids=destinations["code"].tolist(),
        asker=asker or Asker(),
    )
    return _solve(problem, destinations)


def _solve(problem: Problem, destinations: pd.DataFrame) -> pl.DataFrame:
    question = problem.question
    if question.limits_min:
        return solve_opportunities(problem, destinations["weight_asked"].to_numpy())
    if question.n_nearest is not None:
        return solve_ranks(problem, question.n_nearest)
    return solve_nearest(problem) if question.is_nearest else solve_pairs(problem)


def prepare_network(question: MatrixQuestion) -> tuple[PackedNetwork, LinkedArea, pd.DataFrame, pd.DataFrame]:
    """Read all files of a question and pack them for routing.

    Parameters
    ----------
    question
        Files, day, departure and parameters.

    Returns
    -------
    network, linked, origins, destinations
        The packed network, the walking graph with its links, and the points.

    Raises
    ------
    InputError
        For files that cannot be used, no service on the day, or streets of another region.
    """
    notices = question.notices
    if question.day is None:
        raise UsageError("A service day is needed.", field="--date", cure="Give --date 2024-03-05.")
    origins, destinations = _read_points(question)
    with measure("reading timetables"):
        feeds = {f"gtfs{n}": FeedSource(path, naptan=question.naptan) for n, path in enumerate(question.gtfs, 1)}
        timetable = remove_duplicate_trips(read_timetable(feeds, notices=notices, as_of=question.day), notices=notices)
    check_has_service(timetable, question.day)
    streets = read_streets(question.osm, question.notices)
    network, linked = pack_network(question, streets, timetable, origins, destinations)
    return network, linked, origins, destinations


def pack_network(
    question: MatrixQuestion, streets: Streets, timetable: Timetable, origins: pd.DataFrame, destinations: pd.DataFrame
) -> tuple[PackedNetwork, LinkedArea]:
    """Join points and stops to the streets and pack the timetable of the day for routing.

    Parameters
    ----------
    question
        Day, departure and parameters; its files are named in messages only.
    streets, timetable
        What :func:`prepare_network` reads from them.
    origins, destinations
        ``code``, ``lon``, ``lat``, ``is_located`` and ``__row`` of the points.

    Returns
    -------
    network, linked
        The packed network, and the walking graph with its links.

    Raises
    ------
    InputError
        For no service on the day, or streets of another region.
    """
    if question.day is None:
        raise UsageError("A service day is needed.", field="--date", cure="Give --date 2024-03-05.")
    check_has_service(timetable, question.day)
    note_idle_feeds(timetable, question.day, question.notices)
    linked = _link(question, streets, timetable, origins, destinations)
    return _pack(question, timetable, linked, question.day), linked


def _read_points(question: MatrixQuestion) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read origins and destinations, the latter with the weights asked for."""
    notices = question.notices
    _check_files(question)
    origins, destinations = (
        read_ids(
            path,
            question.crs,
            notices,
            id_columns=question.id_columns,
            coordinate_columns=question.coordinate_columns,
        )
        for path in (question.origins, question.destinations)
    )
    destinations["weight_asked"] = read_weights(destinations, question.weight, question.destinations, notices)
    if question.n_nearest is not None and question.n_nearest > len(destinations):
        raise UsageError(
            f"There are only {len(destinations)} destinations.",
            field="--k",
            cure=f"Give --k {len(destinations)} at most.",
        )
    return origins, destinations


def _check_files(question: MatrixQuestion) -> None:
    naptan = [question.naptan] if question.naptan else []
    for path in (*question.gtfs, question.osm, question.origins, question.destinations, *naptan):
        if not path.exists():
            raise InputError("This file does not exist.", file=path, cure="Check the path.")
        if path.is_dir() and path not in question.gtfs:
            raise InputError("This is a folder, not a file.", file=path, cure="Name the file itself.")


def _link(
    question: MatrixQuestion, streets: Streets, timetable: Timetable, origins: pd.DataFrame, destinations: pd.DataFrame
) -> LinkedArea:
    linked = link_area(
        streets,
        stops=get_stop_lonlat(timetable),
        origins=(origins["lon"].to_numpy(dtype=float), origins["lat"].to_numpy(dtype=float)),
        destinations=(destinations["lon"].to_numpy(dtype=float), destinations["lat"].to_numpy(dtype=float)),
        max_link_m=question.max_link_m,
        min_component_nodes=question.min_component_nodes,
    )
    sides = [(question.origins, origins, linked.origins.vertex, linked.origin_link_m)]
    if question.destinations != question.origins:
        sides.append((question.destinations, destinations, linked.destinations.vertex, linked.destination_link_m))
    for path, frame, vertex, link_m in sides:
        if not (vertex >= 0).any():
            raise InputError(
                f"None of the {len(frame)} points lies within {question.max_link_m:g} m of a walkable street of "
                f"{question.osm.name}.",
                file=path,
                row=int(frame[ROW].iloc[0]),
                cure=_suggest_cure(streets, frame),
            )
        for index in np.flatnonzero((vertex < 0) & frame["is_located"].to_numpy()):
            row = frame.iloc[index]
            question.notices.add(
                FAR_POINT,
                file=path,
                row=int(row[ROW]),
                value=row["code"],
                detail=describe_link(link_m[index], question.max_link_m),
            )
    note_far_stops(linked, timetable, question.notices)
    if question.links is not None:
        write_csv(_list_links(question, timetable, linked, origins, destinations), question.links)
    return linked


def _list_links(
    question: MatrixQuestion,
    timetable: Timetable,
    linked: LinkedArea,
    origins: pd.DataFrame,
    destinations: pd.DataFrame,
) -> pd.DataFrame:
    """List how far every point and stop is from the streets, and why some do not join them."""
    is_called_at = (timetable.stops["location_type"] != STATION).to_numpy()
    frames = [
        (timetable.stops.select("stop_id", "stop_name").to_pandas(), STOP, linked.stops, linked.stop_link_m),
        (origins, LinkKind("origin", "code"), linked.origins, linked.origin_link_m),
        (destinations, LinkKind("destination", "code"), linked.destinations, linked.destination_link_m),
    ]
    parts = []
    for frame, about, ends, nearest_m in frames:
        joined = frame.assign(vertex=ends.vertex, link_cm=ends.link_cm, nearest_street_m=nearest_m)
        kept = joined[is_called_at] if about is STOP else joined
        parts.append(describe_links(kept, about, max_link_m=question.max_link_m).astype({"name": object}))
    return pd.concat(parts, ignore_index=True).drop(columns="category")


def _suggest_cure(streets: Streets, frame: pd.DataFrame) -> str:
    """Say whether the points would lie among the streets if longitude and latitude changed places."""
    x, y = streets.nodes["x"].to_numpy(), streets.nodes["y"].to_numpy()
    lon, lat = frame["lon"], frame["lat"]
    if (lat.between(x.min(), x.max()) & lon.between(y.min(), y.max())).mean() > 0.5:
        return "Longitude and latitude look exchanged: correct the header of the columns."
    return "The street extract is of another region, or the coordinates are wrong."


def _pack(question: MatrixQuestion, timetable: Timetable, linked: LinkedArea, day: date) -> PackedNetwork:
    settings = WalkSettings(
        walk_kmh=question.walk_kmh,
        max_walk_m=question.max_walk_m,
        max_transfer_m=question.max_transfer_m,
        interchange_s=question.interchange_s,
        n_threads=N_THREADS,
    )
    with measure("packing the network"):
        network = build_network(
            timetable,
            day,
            linked.graph,
            stops=linked.stops,
            origins=linked.origins,
            destinations=linked.destinations,
            settings=settings,
            horizon_s=(min(0, question.horizon_s[0]), max(DAY_S, question.horizon_s[1])),
        )
    if question.modes is not None:
        network = filter_network(network, mode_mask=compute_mode_mask(question.modes))
        if network.n_trips == 0 and question.modes:
            question.notices.add(NO_SUCH_MODE, value=",".join(question.modes))
    return restrict_to_accessible(network, timetable, question.notices) if question.is_wheelchair else network


def write_matrix(frame: pl.DataFrame, path: Path) -> None:
    """Write a matrix as ``.csv`` or ``.parquet``, by its ending.

    Parameters
    ----------
    frame
        From :func:`compute_matrix`.
    path
        The file.

    Raises
    ------
    UsageError
        For another ending.
    """
    check_out(path)
    with staged_file(path) as temporary:
        if path.suffix == ".csv":
            neutralise_columns(frame).write_csv(temporary)
        else:
            frame.write_parquet(temporary, compression="zstd")


def check_out(path: Path) -> None:
    """Refuse an output file of a kind that cannot be written, before any work is done.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UsageError
        If it ends in neither ``.csv`` nor ``.parquet``.
    """
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(
            f"'{path.name}' is neither .csv nor .parquet.", cure="Give --out a name with one of these endings."
        )
