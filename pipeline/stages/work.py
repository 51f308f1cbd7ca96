"""What a snapshot's travel times are computed from, case by case: networks, links, walks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Span, list_modes
from pipeline.base.load import Project
from pipeline.places.model import Places
from pipeline.routing.profile_scan import (
    NearestTimes,
    NearestWalk,
    build_seeds,
    compute_has_route,
    compute_nearest,
    compute_nearest_return,
)
from pipeline.routing.questions import mirror_window
from pipeline.routing.raptor import RangeQuery, compute_cumulative, compute_nearest_by_pairs
from pipeline.routing.window import DepartureWindow, build_window
from pipeline.scoring.reach import REACH_PERCENTILES, build_reach
from pipeline.scoring.travel_time import Membership, NearestResult, build_membership
from pipeline.streets.shortest_paths import WalkGraph, compute_nearest_source, compute_walk_s
from pipeline.transit.footpaths import LinkedPoints
from pipeline.transit.linking import compute_walk_matrix
from pipeline.transit.mirror import mirror_network
from pipeline.transit.packed import PackedNetwork, read_packed
from pipeline.transit.subset import compute_mode_mask, filter_network

I32 = NDArray[np.int32]
FARTHEST_CM = 2_000_000_000
N_THREADS = 2


@dataclass(frozen=True)
class Walks:
    """Walking all the way from every small area to a category.

    Attributes
    ----------
    nearest
        The nearest on foot within the cap.
    has_path
        bool[n]; whether there is a path of any length.
    matrix_s
        int32[n, k]; seconds to each destination, -1 beyond the cap; None unless needed.
    """

    nearest: NearestWalk
    has_path: NDArray[np.bool_]
    matrix_s: I32 | None


@dataclass(frozen=True)
class Links:
    """Where small areas and destinations join the walking graph of a snapshot."""

    graph: WalkGraph
    origin_vertex: I32
    origin_link_cm: I32
    destination_vertex: I32
    destination_link_cm: I32


def read_links(folder: Path) -> Links:
    """Read the walking graph of a snapshot and where small areas and destinations join it.

    Parameters
    ----------
    folder
        Folder of the network stage.

    Returns
    -------
    Links
        The graph and the links.
    """
    arrays = [np.load(folder / "walk_graph" / f"{name}.npy") for name in ("indptr", "indices", "length_cm")]
    origin = pd.read_parquet(folder / "core_network__origin.parquet")
    destination = pd.read_parquet(folder / "core_network__destination.parquet")
    return Links(
        WalkGraph(*arrays),
        *(frame[c].to_numpy(dtype=np.int32) for frame in (origin, destination) for c in ("vertex", "link_cm")),
    )


def compute_walks(links: Links, destinations: I32, *, walk_kmh: float, cap_s: int, needs_matrix: bool) -> Walks:
    """Compute walking all the way from every small area to the destinations of a category.

    Parameters
    ----------
    links
        Graph and links.
    destinations
        int32[k]; indices of the category's destinations.
    walk_kmh
        Walking speed.
    cap_s
        Longest walk that counts.
    needs_matrix
        Also compute the time to each destination.

    Returns
    -------
    Walks
        One multi-source search gives the nearest, whatever the number of small areas.
    """
    vertex, link = links.destination_vertex[destinations], links.destination_link_cm[destinations]
    distance, winner = compute_nearest_source(links.graph, vertex, link, limit_cm=FARTHEST_CM)
    is_linked = links.origin_vertex >= 0
    at = np.where(is_linked, links.origin_vertex, 0)
    has_path = is_linked & (distance[at] >= 0)
    total_cm = np.where(has_path, distance[at].astype(np.int64) + links.origin_link_cm, -1)
    seconds = compute_walk_s(total_cm, walk_kmh)
    near = has_path & (seconds <= cap_s)
    nearest = NearestWalk(np.where(near, seconds, -1).astype(np.int32), np.where(near, winner[at], -2).astype(np.int32))
    matrix_s = None
    if needs_matrix:
        matrix_s = compute_walk_matrix(
            links.graph,
            LinkedPoints(links.origin_vertex, links.origin_link_cm),
            LinkedPoints(vertex, link),
            walk_kmh=walk_kmh,
            cap_s=cap_s,
            n_threads=N_THREADS,
        )
    return Walks(nearest, has_path, matrix_s)


@dataclass(frozen=True)
class Case:
    """One combination of window, direction, set of modes and category."""

    category: str
    window: str
    direction: str
    mode_set: str
    day_type: str
    span: Span
    is_cumulative: bool

    @property
    def is_back(self) -> bool:
        """Whether the search runs from the destinations: journeys home, or deadlines with time running backwards."""
        return self.direction != "outward"

    @property
    def keys(self) -> dict[str, str]:
        """Key columns of the tables."""
        return {
            "category": self.category,
            "window": self.window,
            "direction": self.direction,
            "mode_set": self.mode_set,
        }


class SnapshotWork:
    """Holds what the cases of a snapshot share: places, links, walks and networks.

    Parameters
    ----------
    project
        The area with its settings.
    places
        Its places.
    folder
        Folder of the snapshot's network stage.
    """

    def __init__(self, project: Project, places: Places, folder: Path) -> None:
        self.project, self.places, self.links, self.folder = project, places, read_links(folder), folder
        self.settings = project.settings
        self.cap_s = 60 * self.settings.transit.max_time_min
        self.membership: Membership = build_membership(
            places.small_areas, places.neighbourhoods["neighbourhood_code"].tolist()
        )
        self._walks: dict[str, Walks] = {}
        self._networks: dict[tuple[str, str], PackedNetwork] = {}
        self._mirrored: dict[tuple[str, str], PackedNetwork] = {}

    def list_cases(self) -> list[Case]:
        """List all combinations, those that share a network together."""
        cumulative = {d.category for d in self.project.area.destinations if d.cumulative}
        cases = []
        for name, window in self.settings.windows.items():
            for direction, span in window.spans:
                for mode_set in self.settings.mode_sets:
                    for category in self.project.area.categories:
                        is_cumulative = category in cumulative and direction == "outward"
                        cases.append(Case(category, name, direction, mode_set, window.day_type, span, is_cumulative))
        return cases

    def get_destinations(self, category: str) -> I32:
        """Return the indices of a category's destinations."""
        return np.flatnonzero(self.places.destinations["category"] == category).astype(np.int32)

    def get_walks(self, category: str) -> Walks:
        """Return walking all the way to a category."""
        if category not in self._walks:
            needs = (
                self.settings.transit.max_changes is not None
                or category in self.settings.nearest_k
                or any(d.cumulative for d in self.project.area.destinations if d.category == category)
            )
            self._walks[category] = compute_walks(
                self.links,
                self.get_destinations(category),
                walk_kmh=self.settings.walking.speed_kmh,
                cap_s=self.cap_s,
                needs_matrix=needs,
            )
        return self._walks[category]

    def has_path_to(self, destinations: I32) -> NDArray[np.bool_]:
        """Tell from which small areas there is a path, of any length, to one of some destinations."""
        speed = self.settings.walking.speed_kmh
        return compute_walks(self.links, destinations, walk_kmh=speed, cap_s=self.cap_s, needs_matrix=False).has_path

    def get_network(self, day_type: str, mode_set: str) -> PackedNetwork:
        """Return the network of a kind of day, with the trips of a set of modes."""
        if (day_type, mode_set) not in self._networks:
            network = read_packed(self.folder / day_type)
            modes = list_modes(self.settings.mode_sets[mode_set])
            if modes is not None:
                network = filter_network(network, mode_mask=compute_mode_mask(modes))
            self._networks[day_type, mode_set] = network
        return self._networks[day_type, mode_set]

    def get_case_network(self, case: Case) -> PackedNetwork:
        """Return the network of a case; for deadlines time runs backwards in it."""
        network = self.get_network(case.day_type, case.mode_set)
        if case.direction != "arrive_by":
            return network
        if (case.day_type, case.mode_set) not in self._mirrored:
            self._mirrored[case.day_type, case.mode_set] = mirror_network(network)
        return self._mirrored[case.day_type, case.mode_set]

    def get_query(self, case: Case) -> RangeQuery:
        """Return the question for the algorithm that looks at every pair."""
        window = self.get_window(case)
        return RangeQuery(
            self.get_case_network(case),
            mirror_window(window) if case.direction == "arrive_by" else window,
            destinations=self.get_destinations(case.category),
            walk_s=self.get_walks(case.category).matrix_s,
            max_changes=self.settings.transit.max_changes,
            is_return=case.is_back,
            n_threads=N_THREADS,
        )

    def get_window(self, case: Case) -> DepartureWindow:
        """Return the departure window of a case."""
        return build_window(case.span.start_s, case.span.end_s, cap_s=self.cap_s)

    def compute(self, case: Case) -> NearestResult:
        """Compute the times to, or from, the nearest destination."""
        network, window = self.get_case_network(case), self.get_window(case)
        destinations, walks = self.get_destinations(case.category), self.get_walks(case.category)
        seeds = build_seeds(network, destinations)
        asked = mirror_window(window) if case.direction == "arrive_by" else window
        times: NearestTimes
        if self.settings.transit.max_changes is not None:
            times = compute_nearest_by_pairs(self.get_query(case))
        else:
            search = compute_nearest_return if case.is_back else compute_nearest
            times = search(network, seeds, asked, walk=walks.nearest, n_threads=N_THREADS)
        has_route = walks.has_path
        if ((times.travel_time_s < 0).any(axis=1) & ~has_route).any():
            has_route = has_route | compute_has_route(network, seeds, asked.start_s, is_return=case.is_back)
        named = self.places.destinations.iloc[destinations]
        return NearestResult(
            times,
            walks.nearest,
            window,
            is_linked=self.links.origin_vertex >= 0,
            has_route=has_route,
            has_destination=bool((self.links.destination_vertex[destinations] >= 0).any()),
            destination_ids=named["destination_id"].tolist(),
            destination_names=named["name"].tolist(),
            is_mirrored=case.direction == "arrive_by",
        )

    def compute_jobs(self, case: Case, result: NearestResult) -> pd.DataFrame:
        """Compute the weight within reach of each limit, one row a neighbourhood and limit."""
        weight = self.places.destinations["weight"].to_numpy(dtype=np.float64)[self.get_destinations(case.category)]
        limits = self.settings.opportunity_limits_min
        values = compute_cumulative(self.get_query(case), weight, [60 * limit for limit in limits], REACH_PERCENTILES)
        return build_reach(values, limits, "jobs", is_linked=result.is_linked, membership=self.membership)
