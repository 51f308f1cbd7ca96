"""Out-and-back journeys of a snapshot: one scan there and one home for each destination."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.clock import parse_time_s
from pipeline.base.config import Visit
from pipeline.base.load import list_visits
from pipeline.base.notices import Notices, declare_notice
from pipeline.routing.profile_scan import build_seeds, compute_has_route, compute_nearest, compute_nearest_return
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs
from pipeline.routing.visits import VisitPlan, compute_out_and_back
from pipeline.scoring.visits import VisitResult, build_neighbourhood_visits
from pipeline.stages.work import SnapshotWork, Walks, compute_walks
from pipeline.transit.packed import PackedNetwork

I32 = NDArray[np.int32]

LEFT_OUT = declare_notice(
    "visit_left_out",
    "info",
    "A visit (out and back on one day) is not computed, since its category has many destinations and each takes two "
    "searches of the whole day.",
    "Raise max_destinations of the visit if it is wanted, or name a category with fewer destinations.",
)


def list_visit_cases(work: SnapshotWork, notices: Notices) -> list[tuple[str, str, str]]:
    """List what is computed of the visits of a snapshot, each on its own.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    notices
        Takes visits that are left out.

    Returns
    -------
    list of tuple
        Name of the visit, set of modes, and what is told apart within the visit, as `Visit.list_begins` names it.
    """
    visits = {}
    for name, visit in list_visits(work.project.area, work.settings).items():
        n_destinations = int((work.links.destination_vertex[work.get_destinations(visit.category)] >= 0).sum())
        if n_destinations <= visit.max_destinations:
            visits[name] = visit
        else:
            notices.add(
                LEFT_OUT, field=f"visits.{name}", value=visit.category, detail=f"{n_destinations} on the streets"
            )
    return [
        (name, mode_set, text)
        for name, visit in visits.items()
        for mode_set in work.settings.mode_sets
        for text, _ in visit.list_begins()
    ]


def compute_visit_table(
    work: SnapshotWork, name: str, mode_set: str, begins: str, *, walks: list[Walks] | None = None
) -> pd.DataFrame:
    """Compute one visit with one set of modes, a row for each neighbourhood.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    name, mode_set, begins
        From `list_visit_cases`.
    walks
        From `compute_visit_walks`; found out if absent.

    Returns
    -------
    pandas.DataFrame
        Part of ``out_neighbourhood__visit`` without snapshot and hash.
    """
    visit = work.settings.visits[name]
    begins_s = dict(visit.list_begins())[begins]
    walks = compute_visit_walks(work, visit.category) if walks is None else walks
    result = compute_visit(work, visit, mode_set, begins_s, walks=walks)
    table = build_neighbourhood_visits(result, work.membership).assign(visit=name, begins=begins, mode_set=mode_set)
    return table.assign(category=visit.category, day_type=visit.day_type, stay_min=visit.stay_min)


def compute_visit(
    work: SnapshotWork, visit: Visit, mode_set: str, begins_s: list[int], *, walks: list[Walks]
) -> VisitResult:
    """Compute one visit with one set of modes.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    visit
        Category, stay and limits of the day.
    mode_set
        Name of the set.
    begins_s
        Minutes at which the stay may begin.
    walks
        Walking all the way to each destination.

    Returns
    -------
    VisitResult
        One row a small area.
    """
    plan = VisitPlan(
        np.array(begins_s, dtype=np.int32),
        60 * visit.stay_min,
        parse_time_s(visit.leave_after),
        parse_time_s(visit.home_by),
        work.cap_s,
    )
    destinations = work.get_destinations(visit.category)
    network = work.get_network(visit.day_type, mode_set)
    journeys = (
        _compute_journeys(work, network, plan, destination, walk)
        for destination, walk in zip(destinations.tolist(), walks, strict=True)
    )
    visits = compute_out_and_back(journeys, plan, n_origins=network.n_origins)
    has_route = work.get_walks(visit.category).has_path
    if ((visits.usable_pct < 100) & ~has_route).any():
        seeds = build_seeds(network, destinations)
        there = compute_has_route(network, seeds, plan.outward.start_s)
        home = compute_has_route(network, seeds, plan.back.start_s, is_return=True)
        has_route = has_route | (there & home)
    named = work.places.destinations.iloc[destinations]
    return VisitResult(
        visits,
        is_linked=work.links.origin_vertex >= 0,
        has_route=has_route,
        has_destination=bool((work.links.destination_vertex[destinations] >= 0).any()),
        destination_ids=named["destination_id"].tolist(),
        destination_names=named["name"].tolist(),
    )


def compute_visit_walks(work: SnapshotWork, category: str) -> list[Walks]:
    """Walk to each destination of a category on its own.

    Parameters
    ----------
    work
        Streets and places of the snapshot.
    category
        The category.

    Returns
    -------
    list of Walks
        In the order of the destinations.
    """
    return [
        compute_walks(
            work.links,
            np.array([destination], dtype=np.int32),
            walk_kmh=work.settings.walking.speed_kmh,
            cap_s=work.cap_s,
            needs_matrix=work.settings.transit.max_changes is not None,
            n_threads=work.n_threads,
        )
        for destination in work.get_destinations(category).tolist()
    ]


def _compute_journeys(
    work: SnapshotWork, network: PackedNetwork, plan: VisitPlan, destination: int, walks: Walks
) -> tuple[I32, I32]:
    """Compute the travel times of all small areas to one destination, and home from it."""
    if work.links.destination_vertex[destination] < 0:
        shapes = [(network.n_origins, window.n_minutes) for window in (plan.outward, plan.back)]
        return np.full(shapes[0], -1, np.int32), np.full(shapes[1], -1, np.int32)
    one = np.array([destination], dtype=np.int32)
    changes = work.settings.transit.max_changes
    found = []
    for is_return, window in ((False, plan.outward), (True, plan.back)):
        if changes is None:
            search = compute_nearest_return if is_return else compute_nearest
            times = search(network, build_seeds(network, one), window, walk=walks.nearest, n_threads=work.n_threads)
        else:
            query = RangeQuery(
                network,
                window,
                destinations=one,
                walk_s=walks.pairs_s,
                max_changes=changes,
                is_return=is_return,
                n_threads=work.n_threads,
            )
            times = compute_nearest_by_pairs(query)
        found.append(times.travel_time_s)
    return found[0], found[1]
