"""``connectivity matrix --mode car``: the same questions on the roads of the street file, without timetables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Car
from pipeline.base.errors import InputError
from pipeline.base.io import write_csv
from pipeline.base.notices import declare_notice
from pipeline.places.read_table import ROW
from pipeline.stages.links import LinkKind, describe_links
from pipeline.stages.matrix_question import MatrixQuestion
from pipeline.stages.matrix_tables import N_THREADS, Problem
from pipeline.streets.drive_times import (
    DrivePoints,
    build_drive_graph,
    compute_drive_matrix,
    round_to_seconds,
    snap_to_roads,
)
from pipeline.streets.read_drive import read_drive_streets
from pipeline.streets.shortest_paths import WalkGraph
from pipeline.streets.snap import SnappedPoints
from pipeline.transit.footpaths import LinkedPoints
from pipeline.transit.linking import LinkedArea, describe_link
from pipeline.transit.subset import build_empty_network

FAR_FROM_ROADS = declare_notice(
    "point_far_from_roads",
    "warning",
    "A point lies too far from any road for cars; its travel times are null with the reason no_street.",
    "Check its coordinate, or use a larger street extract.",
)


def prepare_car(question: MatrixQuestion, origins: pd.DataFrame, destinations: pd.DataFrame) -> Problem:
    """Compute all driving times and put them where the tables of a matrix look for walks all the way.

    Parameters
    ----------
    question
        The question; it has one departure, since car times do not depend on it.
    origins, destinations
        The points.

    Returns
    -------
    Problem
        A question on a network without any public transport.

    Raises
    ------
    InputError
        If the roads cannot be read, or none of the points joins them.
    """
    drive = read_drive_streets(question.osm, question.notices)
    snapped = []
    for path, frame in ((question.origins, origins), (question.destinations, destinations)):
        points = snap_to_roads(
            drive,
            frame["lon"].to_numpy(dtype=float),
            frame["lat"].to_numpy(dtype=float),
            max_link_m=question.max_link_m,
            min_component_nodes=question.min_component_nodes,
        )
        if not (points.edge_index >= 0).any():
            raise InputError(
                f"None of the {len(frame)} points lies within {question.max_link_m:g} m of a road for cars of "
                f"{question.osm.name}.",
                file=path,
                row=int(frame[ROW].iloc[0]),
                cure="The street extract is of another region, or the coordinates are wrong.",
            )
        snapped.append(points)
    _note_far(question, origins, destinations, snapped)
    car = Car()
    graph, (starts, ends) = build_drive_graph(drive, snapped, car.speeds_kmh.model_dump(), link_kmh=car.link_kmh)
    if question.is_return:
        time_ms = compute_drive_matrix(graph, ends, starts, n_threads=N_THREADS).T
    else:
        time_ms = compute_drive_matrix(graph, starts, ends, n_threads=N_THREADS)
    seconds = round_to_seconds(time_ms)
    linked = [LinkedPoints(points.vertex, _link_cm(points)) for points in (starts, ends)]
    nothing = LinkedPoints(np.empty(0, np.int32), np.empty(0, np.int32))
    no_walks = WalkGraph(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32))
    return Problem(
        question=question,
        network=build_empty_network(len(origins)),
        window=question.window,
        is_back=question.is_return,
        linked=LinkedArea(
            no_walks, nothing, linked[0], linked[1], np.empty(0), snapped[0].link_m_to_any, snapped[1].link_m_to_any
        ),
        walk_s=np.ascontiguousarray(np.where(seconds <= question.window.cap_s, seconds, -1).astype(np.int32)),
        origin_ids=origins["code"].tolist(),
        destination_ids=destinations["code"].tolist(),
        exists=seconds >= 0,
    )


def _link_cm(points: DrivePoints) -> NDArray[np.int32]:
    return np.where(points.vertex >= 0, np.nan_to_num(points.link_m) * 100, -1).round().astype(np.int32)


def _note_far(
    question: MatrixQuestion, origins: pd.DataFrame, destinations: pd.DataFrame, snapped: list[SnappedPoints]
) -> None:
    sides = [
        (question.origins, origins, snapped[0], "origin"),
        (question.destinations, destinations, snapped[1], "destination"),
    ]
    listed = []
    for path, frame, points, kind in sides:
        links = frame.assign(vertex=points.edge_index, link_cm=points.link_cm, nearest_street_m=points.link_m_to_any)
        listed.append(describe_links(links, LinkKind(kind, "code"), max_link_m=question.max_link_m))
        is_repeated = kind == "destination" and question.destinations == question.origins
        for index in np.flatnonzero((points.edge_index < 0) & frame["is_located"].to_numpy() & (not is_repeated)):
            row = frame.iloc[index]
            detail = describe_link(points.link_m_to_any[index], question.max_link_m)
            question.notices.add(FAR_FROM_ROADS, file=path, row=int(row[ROW]), value=row["code"], detail=detail)
    if question.links is not None:
        table = pd.concat([part.astype({"name": object}) for part in listed], ignore_index=True)
        write_csv(table.drop(columns=["category", "name"]), question.links)
