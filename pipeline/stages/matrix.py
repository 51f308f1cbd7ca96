"""``connectivity matrix``: travel times on anybody's files, without an area or a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pipeline.base.area import PointSource, TableSource
from pipeline.base.clock import DAY_S
from pipeline.base.errors import InputError, UsageError
from pipeline.base.io import staged_file
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.read_points import read_points
from pipeline.places.read_table import ROW, read_table
from pipeline.routing.profile_scan import (
    build_nearest_walk,
    build_seeds,
    compute_nearest,
    compute_nearest_return,
)
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs, compute_percentiles
from pipeline.routing.window import DepartureWindow, compute_shares, compute_statistics
from pipeline.streets.model import Streets
from pipeline.streets.read_osm import read_streets
from pipeline.streets.shortest_paths import compute_distance_matrix, compute_walk_s
from pipeline.timetables.calendars import check_has_service, note_idle_feeds
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_gtfs import read_timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import WalkSettings
from pipeline.transit.linking import LinkedArea, describe_link, link_area, note_far_stops
from pipeline.transit.packed import PackedNetwork
from pipeline.transit.subset import compute_mode_mask, filter_network

I32 = NDArray[np.int32]
N_THREADS = 2
UNLIMITED_S = 400_000_000

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


@dataclass(frozen=True)
class MatrixQuestion:
    """What is asked of :func:`compute_matrix`; times of day in seconds, lengths in the unit of the name."""

    gtfs: list[Path]
    osm: Path
    origins: Path
    destinations: Path
    day: date
    time_s: int
    window_min: int | None = None
    percentiles: tuple[float, ...] = (25, 50, 75)
    is_nearest: bool = False
    is_return: bool = False
    walk_kmh: float = 4.8
    max_walk_m: float = 2000.0
    max_transfer_m: float = 600.0
    interchange_s: int = 120
    max_changes: int | None = None
    max_time_min: int = 120
    max_link_m: float = 500.0
    min_component_nodes: int = 100
    crs: str = "EPSG:27700"
    modes: tuple[str, ...] | None = None
    notices: Notices = field(default_factory=Notices)

    @property
    def window(self) -> DepartureWindow:
        """The departure window: one minute if none was asked for."""
        return DepartureWindow(self.time_s, self.window_min or 1, 60 * self.max_time_min)


def compute_matrix(question: MatrixQuestion) -> pl.DataFrame:
    """Compute travel times between points.

    Parameters
    ----------
    question
        Files, day, departure and parameters.

    Returns
    -------
    polars.DataFrame
        ``from_id``, ``to_id`` (where the journey begins and ends), ``travel_time_s`` (with a window: the median),
        percentiles where there is a window, and ``reason`` where the time is null; a row for every pair, or for every
        origin if the nearest is asked for.

    Raises
    ------
    InputError
        For files that cannot be used, no service on the day, or streets of another region.
    """
    network, linked, origins, destinations = prepare_network(question)
    solve = _solve_nearest if question.is_nearest else _solve_pairs
    ids = origins["code"].tolist(), destinations["code"].tolist()
    return solve(question, network, linked, _walk(question, linked), *ids)


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
    _check_files(question)
    origins = _read_ids(question.origins, question.crs, notices)
    destinations = _read_ids(question.destinations, question.crs, notices)
    timetable = remove_duplicate_trips(
        read_timetable({f"gtfs{n}": path for n, path in enumerate(question.gtfs, 1)}, notices=notices), notices=notices
    )
    check_has_service(timetable, question.day)
    note_idle_feeds(timetable, question.day, notices)
    linked = _link(question, timetable, origins, destinations)
    return _pack(question, timetable, linked), linked, origins, destinations


def _check_files(question: MatrixQuestion) -> None:
    for path in (*question.gtfs, question.osm, question.origins, question.destinations):
        if not path.exists():
            raise InputError("This file does not exist.", file=path, cure="Check the path.")
        if path.is_dir() and path not in question.gtfs:
            raise InputError("This is a folder, not a file.", file=path, cure="Name the file itself.")


def _read_ids(path: Path, crs: str, notices: Notices) -> pd.DataFrame:
    names = {str(column).lower() for column in read_table(TableSource(path=path.name), path).columns}
    is_projected = {"easting", "northing"} <= names and not {"lon", "lat"} <= names
    source = PointSource(path=path.name, code="id", crs=crs if is_projected else "EPSG:4326")
    if is_projected:
        source = source.model_copy(update={"x": "easting", "y": "northing"})
    return read_points(source, path, area_crs=crs if is_projected else "EPSG:4326", notices=notices)


def _link(
    question: MatrixQuestion, timetable: Timetable, origins: pd.DataFrame, destinations: pd.DataFrame
) -> LinkedArea:
    streets = read_streets(question.osm, question.notices)
    stops = timetable.stops.with_columns(
        pl.when("is_located").then(c).otherwise(float("nan")).alias(c) for c in ("lon", "lat")
    )
    linked = link_area(
        streets,
        stops=(stops["lon"].to_numpy(), stops["lat"].to_numpy()),
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
    return linked


def _suggest_cure(streets: Streets, frame: pd.DataFrame) -> str:
    """Say whether the points would lie among the streets if longitude and latitude changed places."""
    x, y = streets.nodes["x"].to_numpy(), streets.nodes["y"].to_numpy()
    lon, lat = frame["lon"], frame["lat"]
    if (lat.between(x.min(), x.max()) & lon.between(y.min(), y.max())).mean() > 0.5:
        return "Longitude and latitude look exchanged: correct the header of the columns."
    return "The street extract is of another region, or the coordinates are wrong."


def _pack(question: MatrixQuestion, timetable: Timetable, linked: LinkedArea) -> PackedNetwork:
    settings = WalkSettings(
        walk_kmh=question.walk_kmh,
        max_walk_m=question.max_walk_m,
        max_transfer_m=question.max_transfer_m,
        interchange_s=question.interchange_s,
        n_threads=N_THREADS,
    )
    network = build_network(
        timetable,
        question.day,
        linked.graph,
        stops=linked.stops,
        origins=linked.origins,
        destinations=linked.destinations,
        settings=settings,
        horizon_s=(min(0, question.time_s), max(DAY_S, question.window.latest_s)),
    )
    if question.modes is not None:
        network = filter_network(network, mode_mask=compute_mode_mask(question.modes))
        if network.n_trips == 0:
            question.notices.add(NO_SUCH_MODE, value=",".join(question.modes))
    return network


def _walk(question: MatrixQuestion, linked: LinkedArea) -> I32:
    """Compute walking all the way, int32[n_origins, n_destinations], -1 beyond the longest journey."""
    cap_s = 60 * question.max_time_min
    cm = compute_distance_matrix(
        linked.graph,
        linked.origins.vertex,
        linked.origins.link_cm,
        linked.destinations.vertex,
        linked.destinations.link_cm,
        limit_cm=int(cap_s * question.walk_kmh * 100_000 / 3600) + 100,
        n_threads=N_THREADS,
    )
    seconds = np.where(cm >= 0, compute_walk_s(np.maximum(cm, 0), question.walk_kmh), -1).astype(np.int32)
    seconds[seconds > cap_s] = -1
    return seconds


def _find_paths(linked: LinkedArea) -> NDArray[np.bool_]:
    """Tell which pairs are joined by a path of any length."""
    graph = linked.graph
    shape = (graph.n_vertices, graph.n_vertices)
    _, label = connected_components(
        csr_array((np.ones(len(graph.indices), np.int8), graph.indices, graph.indptr), shape)
    )
    origin, destination = linked.origins.vertex, linked.destinations.vertex
    joined: NDArray[np.bool_] = label[np.maximum(origin, 0)][:, None] == label[np.maximum(destination, 0)][None, :]
    joined &= (origin >= 0)[:, None] & (destination >= 0)[None, :]
    return joined


def _find_routes(
    question: MatrixQuestion, network: PackedNetwork, linked: LinkedArea, is_null: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which pairs without a value have a journey of any length, leaving at or after the first departure."""
    exists = _find_paths(linked)
    if not (is_null & ~exists).any():
        return exists
    window = DepartureWindow(question.time_s, 1, UNLIMITED_S)
    query = RangeQuery(network, window, destinations=_all(linked), is_return=question.is_return, n_threads=N_THREADS)
    times = compute_percentiles(query, (50,))[:, :, 0]
    return exists | ((times.T if question.is_return else times) >= 0)


def _all(linked: LinkedArea) -> I32:
    return np.arange(len(linked.destinations), dtype=np.int32)


def _solve_pairs(
    question: MatrixQuestion,
    network: PackedNetwork,
    linked: LinkedArea,
    walk_s: I32,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
) -> pl.DataFrame:
    query = RangeQuery(
        network,
        question.window,
        destinations=_all(linked),
        walk_s=walk_s,
        max_changes=question.max_changes,
        is_return=question.is_return,
        n_threads=N_THREADS,
    )
    percentiles = (50.0, *question.percentiles) if question.window_min else (50.0,)
    values = compute_percentiles(query, percentiles)
    is_null = values[:, :, 0] < 0
    by_origin = is_null.T if question.is_return else is_null
    exists = _find_routes(question, network, linked, by_origin)
    is_linked = (linked.origins.vertex >= 0)[:, None] & (linked.destinations.vertex >= 0)[None, :]
    code = np.where(~by_origin, 0, np.where(~is_linked, 1, np.where(exists, 3, 2)))
    code = code.T if question.is_return else code
    from_ids, to_ids = (destination_ids, origin_ids) if question.is_return else (origin_ids, destination_ids)
    columns = _name_pairs(from_ids, to_ids)
    columns |= {name: _null(values[:, :, n].ravel()) for n, name in _name_percentiles(percentiles)}
    return pl.DataFrame(columns).with_columns(_name_reasons(code.ravel()))


def _name_pairs(from_ids: Sequence[str], to_ids: Sequence[str]) -> dict[str, pl.Series]:
    n, m = len(from_ids), len(to_ids)
    first = pl.Series("from_id", from_ids, dtype=pl.String)
    second = pl.Series("to_id", to_ids, dtype=pl.String)
    return {
        "from_id": first.gather(np.repeat(np.arange(n, dtype=np.uint32), m)),
        "to_id": second.gather(np.tile(np.arange(m, dtype=np.uint32), n)),
    }


def _name_percentiles(percentiles: Sequence[float]) -> list[tuple[int, str]]:
    return [(0, "travel_time_s"), *((n, f"travel_time_p{p:g}_s") for n, p in enumerate(percentiles) if n > 0)]


def _null(values: I32) -> pl.Series:
    series = pl.Series(values, dtype=pl.Int32)
    return series.set(series < 0, None)


def _name_reasons(code: NDArray[np.integer]) -> pl.Series:
    names = pl.Series([None, "no_street", "no_route", "over_limit"], dtype=pl.String)
    return names.gather(code.astype(np.uint32)).alias("reason")


def _solve_nearest(
    question: MatrixQuestion,
    network: PackedNetwork,
    linked: LinkedArea,
    walk_s: I32,
    origin_ids: Sequence[str],
    destination_ids: Sequence[str],
) -> pl.DataFrame:
    window, destinations = question.window, _all(linked)
    if question.max_changes is None:
        search = compute_nearest_return if question.is_return else compute_nearest
        seeds, walk = build_seeds(network, destinations), build_nearest_walk(walk_s)
        times = search(network, seeds, window, walk=walk, n_threads=N_THREADS)
    else:
        times = compute_nearest_by_pairs(
            RangeQuery(
                network,
                window,
                destinations=destinations,
                walk_s=walk_s,
                max_changes=question.max_changes,
                is_return=question.is_return,
                n_threads=N_THREADS,
            )
        )
    percentiles = (50.0, *question.percentiles) if question.window_min else (50.0,)
    statistics = compute_statistics(times.travel_time_s, window, percentiles=percentiles)
    shares = compute_shares(times.destination, len(destination_ids))
    winner, total = shares.argmax(axis=1), shares.sum(axis=1)
    is_null = statistics.percentile_s[:, 0] < 0
    exists = _find_routes(question, network, linked, is_null[:, None] & np.ones((1, len(destination_ids)), bool))
    is_linked = (linked.origins.vertex >= 0) & (linked.destinations.vertex >= 0).any()
    code = np.where(~is_null, 0, np.where(~is_linked, 1, np.where(exists.any(axis=1), 3, 2)))
    nearest = [destination_ids[w] if n else None for w, n in zip(winner.tolist(), total.tolist(), strict=True)]
    ids: dict[str, Sequence[str | None]] = {"from_id": list(origin_ids), "to_id": nearest}
    if question.is_return:
        ids = {"from_id": nearest, "to_id": list(origin_ids)}
    frame = pl.DataFrame(ids, schema={"from_id": pl.String, "to_id": pl.String})
    frame = frame.with_columns(
        _null(statistics.percentile_s[:, n]).alias(name) for n, name in _name_percentiles(percentiles)
    )
    if question.window_min:
        share = np.divide(100.0 * shares.max(axis=1), total, out=np.zeros(len(total)), where=total > 0)
        frame = frame.with_columns(
            pl.Series("travel_time_mean_s", statistics.mean_s).fill_nan(None),
            pl.Series("reachable_pct", statistics.reachable_pct),
            _null(statistics.longest_gap_s).alias("longest_gap_s"),
            pl.Series("nearest_share_pct", np.where(total > 0, share, np.nan)).fill_nan(None),
        )
    return frame.with_columns(_name_reasons(code))


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
            frame.write_csv(temporary)
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
