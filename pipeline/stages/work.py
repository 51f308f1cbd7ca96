"""What a snapshot's travel times are computed from, case by case: networks, links, walks."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.config import Span, list_modes
from pipeline.base.load import Project
from pipeline.places.model import Places
from pipeline.routing.blocks import cut_query
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
from pipeline.transit.linking import compute_walk_matrix, compute_walk_rows
from pipeline.transit.mirror import mirror_network
from pipeline.transit.packed import PackedNetwork, read_packed
from pipeline.transit.subset import compute_mode_mask, filter_network
from pipeline.transit.walks import SparseWalks

I32 = NDArray[np.int32]
FARTHEST_CM = 2_000_000_000
N_THREADS = 2
MOST_PAIRS = 32_000_000
"""Pairs of small area and destination up to which walking is kept as a table: 128 MB."""


@dataclass(frozen=True)
class Walks:
    """Walking all the way from every small area to a category.

    Attributes
    ----------
    nearest
        The nearest on foot within the cap.
    has_path
        bool[n]; whether there is a path of any length.
    pairs_s
        int32[n, k]; seconds to each destination, -1 beyond the cap, or rows of those within it where there are many
        pairs; None unless needed.
    """

    nearest: NearestWalk
    has_path: NDArray[np.bool_]
    pairs_s: I32 | SparseWalks | None


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


def compute_walks(
    links: Links, destinations: I32, *, walk_kmh: float, cap_s: int, needs_matrix: bool, n_threads: int = N_THREADS
) -> Walks:
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
    n_threads
        Threads; results do not depend on it.

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
    pairs_s: I32 | SparseWalks | None = None
    if needs_matrix:
        is_large = len(vertex) * len(links.origin_vertex) > MOST_PAIRS
        compute = compute_walk_rows if is_large else compute_walk_matrix
        pairs_s = compute(
            links.graph,
            LinkedPoints(links.origin_vertex, links.origin_link_cm),
            LinkedPoints(vertex, link),
            walk_kmh=walk_kmh,
            cap_s=cap_s,
            n_threads=n_threads,
        )
    return Walks(nearest, has_path, pairs_s)


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
    n_threads
        Threads of the kernels; results do not depend on it.
    links
        Where small areas and destinations join the streets; None to read it from the folder.
    """

    def __init__(
        self,
        project: Project,
        places: Places,
        folder: Path,
        *,
        n_threads: int = N_THREADS,
        links: Links | None = None,
    ) -> None:
        self.project, self.places, self.folder, self.n_threads = project, places, folder, n_threads
        self.links = links or read_links(folder)
        self.settings = project.settings
        self.cap_s = 60 * self.settings.transit.max_time_min
        self.membership: Membership = build_membership(
            places.small_areas, places.neighbourhoods["neighbourhood_code"].tolist()
        )
        self._walks: dict[str, Walks] = {}
        self._networks: dict[tuple[str, str], PackedNetwork] = {}
        self._mirrored: dict[tuple[str, str], PackedNetwork] = {}
        self._lock = threading.RLock()  # a worker of a cluster may answer several shards at a time

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
        with self._lock:
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
                    n_threads=self.n_threads,
                )
            return self._walks[category]

    def has_path_to(self, destinations: I32) -> NDArray[np.bool_]:
        """Tell from which small areas there is a path, of any length, to one of some destinations."""
        speed = self.settings.walking.speed_kmh
        walks = compute_walks(self.links, destinations, walk_kmh=speed, cap_s=self.cap_s, needs_matrix=False)
        return walks.has_path

    def get_network(self, day_type: str, mode_set: str) -> PackedNetwork:
        """Return the network of a kind of day, with the trips of a set of modes."""
        with self._lock:
            if (day_type, mode_set) not in self._networks:
                network = read_packed(self.folder / day_type)
                modes = list_modes(self.settings.mode_sets[mode_set])
                if modes is not None:
                    network = filter_network(network, mode_mask=compute_mode_mask(modes))
                self._networks[day_type, mode_set] = network
            return self._networks[day_type, mode_set]

    def get_case_network(self, case: Case) -> PackedNetwork:
        """Return the network of a case; for deadlines time runs backwards in it."""
        if case.direction != "arrive_by":
            return self.get_network(case.day_type, case.mode_set)
        with self._lock:
            if (case.day_type, case.mode_set) not in self._mirrored:
                self._mirrored[case.day_type, case.mode_set] = mirror_network(
                    self.get_network(case.day_type, case.mode_set)
                )
            return self._mirrored[case.day_type, case.mode_set]

    def get_query(self, case: Case) -> RangeQuery:
        """Return the question for the algorithm that looks at every pair."""
        return RangeQuery(
            self.get_case_network(case),
            self.get_asked_window(case),
            destinations=self.get_destinations(case.category),
            walk_s=self.get_walks(case.category).pairs_s,
            max_changes=self.settings.transit.max_changes,
            is_return=case.is_back,
            n_threads=self.n_threads,
        )

    def get_window(self, case: Case) -> DepartureWindow:
        """Return the departure window of a case."""
        return build_window(case.span.start_s, case.span.end_s, cap_s=self.cap_s)

    def get_asked_window(self, case: Case) -> DepartureWindow:
        """Return the departures that are looked for in the network of a case; deadlines become departures."""
        window = self.get_window(case)
        return mirror_window(window) if case.direction == "arrive_by" else window

    def compute(self, case: Case) -> NearestResult:
        """Compute the times to, or from, the nearest destination."""
        return self.describe(case, self.compute_times(case))

    def compute_times(self, case: Case, first: int = 0, end: int | None = None) -> NearestTimes:
        """Compute the times minute by minute.

        With a limit on changes those of the small areas from `first` to `end` (excluded) can be asked for, if the
        direction is outward; the backward scan answers for all at once.
        """
        walks = self.get_walks(case.category)
        if self.settings.transit.max_changes is not None:
            query = self.get_query(case)
            if not case.is_back:
                query = cut_query(query, first, query.network.n_origins if end is None else end)
            return compute_nearest_by_pairs(query)
        network = self.get_case_network(case)
        seeds = build_seeds(network, self.get_destinations(case.category))
        search = compute_nearest_return if case.is_back else compute_nearest
        return search(network, seeds, self.get_asked_window(case), walk=walks.nearest, n_threads=self.n_threads)

    def describe(self, case: Case, times: NearestTimes) -> NearestResult:
        """Add to the times what tells apart why some are null, and names."""
        network, window = self.get_case_network(case), self.get_window(case)
        destinations, walks = self.get_destinations(case.category), self.get_walks(case.category)
        has_route = walks.has_path
        if ((times.travel_time_s < 0).any(axis=1) & ~has_route).any():
            seeds = build_seeds(network, destinations)
            start_s = self.get_asked_window(case).start_s
            has_route = has_route | compute_has_route(network, seeds, start_s, is_return=case.is_back)
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

    def get_weight(self, category: str) -> NDArray[np.float64]:
        """Return the weight of each destination of a category."""
        return self.places.destinations["weight"].to_numpy(dtype=np.float64)[self.get_destinations(category)]

    def compute_reach(self, case: Case, first: int, end: int) -> NDArray[np.float64]:
        """Compute the weight within reach of each limit, for the small areas from `first` to `end` (excluded)."""
        limits_s = [60 * limit for limit in self.settings.opportunity_limits_min]
        query = cut_query(self.get_query(case), first, end)
        return compute_cumulative(query, self.get_weight(case.category), limits_s, REACH_PERCENTILES)

    def build_reach(self, values: NDArray[np.float64], name: str) -> pd.DataFrame:
        """Average the weight within reach into neighbourhoods, one row a neighbourhood and limit.

        `name` begins the columns, such as ``jobs``.
        """
        limits, is_linked = self.settings.opportunity_limits_min, self.links.origin_vertex >= 0
        return build_reach(values, limits, name, is_linked=is_linked, membership=self.membership)
