"""Measures of the stage ``measures`` that need journeys: transport performance and floating catchments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.base.errors import ConfigError
from pipeline.base.load import Project
from pipeline.places.distance import project_points
from pipeline.places.model import Places
from pipeline.routing.blocks import cut_query
from pipeline.routing.raptor import RangeQuery, compute_cumulative, compute_percentiles
from pipeline.routing.window import DepartureWindow, build_window
from pipeline.scoring.floating_catchment import build_catchments, compute_floating_catchment
from pipeline.scoring.transport_performance import LIMIT_MIN, build_performance, count_people_nearby
from pipeline.scoring.travel_time import Membership
from pipeline.stages.common import get_folder
from pipeline.stages.work import N_THREADS, Links, compute_walks, read_links
from pipeline.transit.footpaths import LinkedPoints, transpose_legs
from pipeline.transit.linking import compute_walk_matrix
from pipeline.transit.packed import PackedNetwork, read_packed

WINDOW = "weekday_am"
N_STARTS = 1000
"""Small areas whose walks to all others are held at a time; results do not depend on it."""


def check_reach(project: Project) -> None:
    """Refuse settings for which no journeys of the measures can be computed.

    Parameters
    ----------
    project
        The area with its settings.

    Raises
    ------
    ConfigError
        Without departures from home in the morning, for an unknown category, or a catchment beyond the longest journey.
    """
    settings, measures = project.settings, project.settings.measures
    minutes = [LIMIT_MIN] * measures.transport_performance
    minutes += [measures.catchment_min] * bool(measures.floating_catchment)
    if not minutes:
        return
    file = project.area_file
    if WINDOW not in settings.windows or settings.windows[WINDOW].outward is None:
        raise ConfigError(
            f"The measures are of departures from home in the window '{WINDOW}', which the settings do not have.",
            file=file,
            field=f"settings.windows.{WINDOW}",
            cure="Add the window with 'outward', or take the measures out.",
        )
    unknown = [category for category in measures.floating_catchment if category not in project.area.categories]
    if unknown:
        raise ConfigError(
            f"The area has no category '{unknown[0]}'.",
            file=file,
            field="settings.measures.floating_catchment",
            cure=f"Categories of this area: {', '.join(project.area.categories)}.",
        )
    if max(minutes) > settings.transit.max_time_min:
        raise ConfigError(
            f"The measures need journeys of {max(minutes)} minutes, and none beyond {settings.transit.max_time_min} "
            "counts.",
            file=file,
            field="settings.transit.max_time_min",
            cure=f"Set it to {max(minutes)} at least, or ask for less.",
        )


def build_transport_performance(
    project: Project, snapshot: str, places: Places, membership: Membership
) -> pd.DataFrame:
    """Count the people whom each small area reaches, against those nearby, and average over neighbourhoods.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Id of the snapshot.
    places, membership
        Small areas, destinations, and the neighbourhood to which each small area belongs.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__transport_performance``.
    """
    links, people = read_links(get_folder(project, "network", snapshot)), _get_people(places)
    query = _build_query(project, lead_home(_read_network(project, snapshot)), LIMIT_MIN)
    reached = compute_reached(query, links, people, walk_kmh=project.settings.walking.speed_kmh)
    nearby = count_people_nearby(project_points(places.small_areas, project.area.crs), people)
    frame = build_performance(reached, nearby, links.origin_vertex >= 0, membership)
    frame.insert(0, "snapshot", snapshot)
    return frame


def build_floating_catchments(project: Project, snapshot: str, places: Places, membership: Membership) -> pd.DataFrame:
    """Compute the supply within reach, shared with all others within reach of it, for every category asked for.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Id of the snapshot.
    places, membership
        Small areas, destinations, and the neighbourhood to which each small area belongs.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__floating_catchment``.
    """
    minutes, kmh = project.settings.measures.catchment_min, project.settings.walking.speed_kmh
    links = read_links(get_folder(project, "network", snapshot))
    network, people = _read_network(project, snapshot), _get_people(places)
    parts = []
    for category in dict.fromkeys(project.settings.measures.floating_catchment):
        chosen = np.flatnonzero(places.destinations["category"] == category).astype(np.int32)
        walks = compute_walks(links, chosen, walk_kmh=kmh, cap_s=60 * minutes, needs_matrix=True)
        query = replace(_build_query(project, network, minutes), destinations=chosen, walk_s=walks.pairs_s)
        supply = places.destinations["weight"].to_numpy(dtype=np.float64)[chosen]
        ratio = compute_floating_catchment(compute_percentiles(query)[:, :, 0], people, supply, limit_s=60 * minutes)
        frame = build_catchments(ratio, links.origin_vertex >= 0, membership)
        frame.insert(0, "snapshot", snapshot)
        frame.insert(2, "category", category)
        frame.insert(3, "catchment_min", minutes)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def lead_home(network: PackedNetwork) -> PackedNetwork:
    """Let journeys end at the origins: walking from a stop takes as long as walking there.

    Parameters
    ----------
    network
        The network.

    Returns
    -------
    PackedNetwork
        The same with the origins as its destinations.
    """
    legs = {"indptr": network.access_indptr, "target": network.access_stop, "seconds": network.access_s}
    back = transpose_legs({name: np.asarray(array) for name, array in legs.items()}, network.n_stops)
    return replace(network, egress_indptr=back["indptr"], egress_dest=back["target"], egress_s=back["seconds"])


def compute_reached(
    query: RangeQuery, links: Links, people: NDArray[np.float64], *, walk_kmh: float, n_starts: int = N_STARTS
) -> NDArray[np.float64]:
    """Count the people within reach of every small area: the median over the departures of the window.

    Parameters
    ----------
    query
        Between all small areas, without walks; its cap is the limit.
    links
        Where small areas join the streets.
    people
        float64[n]; who live in each.
    walk_kmh
        Walking speed.
    n_starts
        Small areas at a time.

    Returns
    -------
    float64[n]
        People, those of the small area itself included.
    """
    n, cap_s = len(people), query.window.cap_s
    ends = LinkedPoints(links.origin_vertex, links.origin_link_cm)
    whole, reached = replace(query, destinations=np.arange(n, dtype=np.int32)), np.zeros(n)
    for first in range(0, n, n_starts):
        end = min(first + n_starts, n)
        starts = LinkedPoints(links.origin_vertex[first:end], links.origin_link_cm[first:end])
        walk_s = compute_walk_matrix(links.graph, starts, ends, walk_kmh=walk_kmh, cap_s=cap_s, n_threads=N_THREADS)
        part = replace(cut_query(whole, first, end), walk_s=walk_s)
        reached[first:end] = compute_cumulative(part, people, [cap_s])[:, 0, 0]
    return reached


def _get_people(places: Places) -> NDArray[np.float64]:
    """Return the people of each small area; where they are not known, which the places stage notes, nobody."""
    return places.small_areas["population"].fillna(0.0).to_numpy(dtype=np.float64)


def _read_network(project: Project, snapshot: str) -> PackedNetwork:
    return read_packed(get_folder(project, "network", snapshot) / project.settings.windows[WINDOW].day_type)


def _build_query(project: Project, network: PackedNetwork, cap_min: int) -> RangeQuery:
    return RangeQuery(
        network,
        _build_window(project, cap_min),
        max_changes=project.settings.transit.max_changes,
        n_threads=N_THREADS,
    )


def _build_window(project: Project, cap_min: int) -> DepartureWindow:
    span = project.settings.windows[WINDOW].outward
    if span is None:
        raise ValueError(f"the window {WINDOW} has no departures from home")
    return build_window(span.start_s, span.end_s, cap_s=60 * cap_min)
