"""Car times of an area: every small area to the nearest destination of each category, on the street file's roads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Car
from pipeline.scoring.car import CarTimes, build_neighbourhood_car, find_car_reasons
from pipeline.stages.common import get_folder
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
        drive = read_drive_folder(get_folder(work.project, "streets") / "drive")
        places = (work.places.small_areas, work.places.destinations)
        self.snapped = [self._snap(drive, frame) for frame in places]
        self.graph: DriveGraph
        self.graph, (self.origins, self.destinations) = build_drive_graph(
            drive, self.snapped, car.speeds_kmh.model_dump(), link_kmh=car.link_kmh
        )
        self._known: dict[str, CarTimes] = {}

    def _snap(self, drive: DriveStreets, frame: pd.DataFrame) -> SnappedPoints:
        walking = self.work.settings.walking
        lon, lat = (
            np.where(frame["is_located"], frame[column], np.nan).astype(np.float64) for column in ("lon", "lat")
        )
        return snap_to_roads(
            drive, lon, lat, max_link_m=walking.max_link_m, min_component_nodes=walking.min_component_nodes
        )

    def compute(self, category: str) -> CarTimes:
        """Compute the times to the nearest destination of a category."""
        if category not in self._known:
            self._known[category] = self._compute(category)
        return self._known[category]

    def _compute(self, category: str) -> CarTimes:
        chosen = self.work.get_destinations(category)
        ends = DrivePoints(*(array[chosen] for array in vars(self.destinations).values()))
        time_ms, nearest = compute_nearest_by_car(self.graph, self.origins, ends)
        seconds = round_to_seconds(time_ms)
        is_short = (seconds >= 0) & (seconds <= self.work.cap_s)
        named = self.work.places.destinations.iloc[chosen]
        seconds = np.where(is_short, seconds, -1).astype(np.int32)
        return CarTimes(
            seconds,
            np.where(is_short, nearest, -2).astype(np.int32),
            find_car_reasons(
                seconds,
                is_joined=self.origins.vertex >= 0,
                has_way=time_ms >= 0,
                has_destination=bool((ends.vertex >= 0).any()),
            ),
            named["destination_id"].tolist(),
            named["name"].tolist(),
        )

    def build_rows(self, case: Case, small_areas: pd.DataFrame) -> pd.DataFrame:
        """Build the rows of one case.

        Parameters
        ----------
        case
            Category, window and modes.
        small_areas
            Times by public transport, from `pipeline.scoring.travel_time.build_small_area_times`.

        Returns
        -------
        pandas.DataFrame
            ``out_neighbourhood__car_time`` without keys.
        """
        median_s = small_areas["travel_time_p50_s"].to_numpy(dtype=np.float64)
        reason = small_areas["reason"].to_numpy(dtype=object)
        return build_neighbourhood_car(self.compute(case.category), median_s, reason, self.work.membership)

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
