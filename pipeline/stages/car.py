"""Car times of an area: every small area to the nearest destination of each category, on the street file's roads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Car
from pipeline.scoring.car import CarTimes, build_neighbourhood_car, find_car_reasons
from pipeline.stages.links import LinkKind, describe_links
from pipeline.stages.work import Case, SnapshotWork
from pipeline.streets.drive_model import DriveStreets, read_drive_folder
from pipeline.streets.drive_times import (
    DriveGraph,
    DrivePoints,
    build_drive_graph,
    compute_nearest_by_car,
    round_to_seconds,
    snap_to_roads,
)
from pipeline.streets.snap import SnappedPoints

I32 = NDArray[np.int32]
DRIVE = "streets/drive"
"""Where the stage ``streets`` keeps the roads, below the outputs of an area."""


class CarWork:
    """Holds what the categories share: the roads with everything that joins them.

    Parameters
    ----------
    work
        Places and settings.
    car
        Speeds.
    """

    def __init__(self, work: SnapshotWork, car: Car) -> None:
        self.work = work
        drive = read_drive_folder(work.project.outputs / DRIVE)
        places = (work.places.small_areas, work.places.destinations)
        self.snapped = [self._snap(drive, frame) for frame in places]
        self.graph: DriveGraph
        self.graph, (self.origins, self.destinations) = build_drive_graph(
            drive, self.snapped, car.speeds_kmh.model_dump(), link_kmh=car.link_kmh
        )

    def _snap(self, drive: DriveStreets, frame: pd.DataFrame) -> SnappedPoints:
        walking = self.work.settings.walking
        lon, lat = (
            np.where(frame["is_located"], frame[column], np.nan).astype(np.float64) for column in ("lon", "lat")
        )
        return snap_to_roads(
            drive, lon, lat, max_link_m=walking.max_link_m, min_component_nodes=walking.min_component_nodes
        )

    def compute(self, category: str) -> pd.DataFrame:
        """Compute the times to the nearest destination of a category.

        Parameters
        ----------
        category
            The category.

        Returns
        -------
        pandas.DataFrame
            ``seconds``, ``destination`` and ``reason`` of every small area, as of `pipeline.scoring.car.CarTimes`.
        """
        chosen = self.work.get_destinations(category)
        ends = DrivePoints(*(array[chosen] for array in vars(self.destinations).values()))
        time_ms, nearest = compute_nearest_by_car(self.graph, self.origins, ends)
        seconds = round_to_seconds(time_ms)
        is_short = (seconds >= 0) & (seconds <= self.work.cap_s)
        seconds = np.where(is_short, seconds, -1).astype(np.int32)
        reason = find_car_reasons(
            seconds,
            is_joined=self.origins.vertex >= 0,
            has_way=time_ms >= 0,
            has_destination=bool((ends.vertex >= 0).any()),
        )
        destination = np.where(is_short, nearest, -2).astype(np.int32)
        return pd.DataFrame({"seconds": seconds, "destination": destination, "reason": reason})

    def list_links(self) -> pd.DataFrame:
        """List how far every small area and destination is from the roads, as ``out_point__link`` has it."""
        kinds = (
            LinkKind("small_area_by_car", "small_area_code"),
            LinkKind("destination_by_car", "destination_id", category="category"),
        )
        frames = (self.work.places.small_areas, self.work.places.destinations)
        parts = []
        for frame, about, snapped in zip(frames, kinds, self.snapped, strict=True):
            links = frame.assign(
                vertex=snapped.edge_index, link_cm=snapped.link_cm, nearest_street_m=snapped.link_m_to_any
            )
            listed = describe_links(links, about, max_link_m=self.work.settings.walking.max_link_m)
            parts.append(listed.astype({"category": object, "name": object}))
        return pd.concat(parts, ignore_index=True)


def build_car_rows(work: SnapshotWork, case: Case, car: pd.DataFrame, small_areas: pd.DataFrame) -> pd.DataFrame:
    """Build the rows of one case.

    Parameters
    ----------
    work
        Places of the snapshot.
    case
        Category, window and modes.
    car
        Driving to the category, from `CarWork.compute`.
    small_areas
        Times by public transport, from `pipeline.scoring.travel_time.build_small_area_times`.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__car_time`` without keys.
    """
    named = work.places.destinations.iloc[work.get_destinations(case.category)]
    times = CarTimes(
        car["seconds"].to_numpy(dtype=np.int32),
        car["destination"].to_numpy(dtype=np.int32),
        car["reason"].to_numpy(dtype=object),
        named["destination_id"].tolist(),
        named["name"].tolist(),
    )
    median_s = small_areas["travel_time_p50_s"].to_numpy(dtype=np.float64)
    return build_neighbourhood_car(times, median_s, small_areas["reason"].to_numpy(dtype=object), work.membership)
