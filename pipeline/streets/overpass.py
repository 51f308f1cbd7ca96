"""Streets of a small area downloaded through OSMnx from an Overpass server.

The same profile and the same contraction as for files; OSMnx asks, retries and clips.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import networkx as nx
import numpy as np
import osmnx
import polars as pl
import requests
from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError
from shapely import MultiPolygon, Polygon

from pipeline.base.errors import FetchError, InputError
from pipeline.base.notices import Notices
from pipeline.streets.model import Streets
from pipeline.streets.profile import DEFAULT, WalkingProfile, blocks_walking, is_walkable
from pipeline.streets.read_osm import BARRIER_CUT
from pipeline.streets.simplify import RawNetwork, build_streets

DEFAULT_OVERPASS_URL = "https://overpass-api.de/api"
_BARRIER_TAGS = ["barrier", "foot", "access", "locked"]
# OSMnx's settings are global; one download at a time may change them.
_SETTINGS_LOCK = threading.Lock()


def download_streets(
    polygon: Polygon | MultiPolygon,
    notices: Notices,
    *,
    profile: WalkingProfile = DEFAULT,
    overpass_url: str = DEFAULT_OVERPASS_URL,
    timeout_s: int = 180,
    is_polite: bool = True,
) -> Streets:
    """Download the walkable streets of an area.

    Parameters
    ----------
    polygon
        The area in lon/lat. Ways that cross its edge are kept up to the first node outside.
    notices
        Takes note of barriers.
    profile
        What counts as walkable.
    overpass_url
        Address of the Overpass interface, without ``/interpreter``.
    timeout_s
        Longest wait for each answer.
    is_polite
        Ask the server for a free slot before each request, as public servers expect.

    Returns
    -------
    Streets
        The contracted network.

    Raises
    ------
    FetchError
        If the server cannot be reached or does not answer properly.
    InputError
        If the area is no valid polygon or holds no walkable way.
    """
    if polygon.is_empty or not polygon.is_valid:
        raise InputError(
            "the area to download is no valid polygon",
            field="streets.overpass",
            cure="give a polygon that does not cross itself",
        )
    try:
        with _osmnx_settings(
            overpass_url=overpass_url,
            overpass_rate_limit=is_polite,
            requests_timeout=timeout_s,
            useful_tags_way=[*profile.tag_keys, "name"],
            useful_tags_node=_BARRIER_TAGS,
            use_cache=False,
            doh_url_template=None,
        ):
            graph = osmnx.graph_from_polygon(
                polygon,
                simplify=False,
                retain_all=True,
                truncate_by_edge=True,
                custom_filter=['["highway"]', *(f'["{key}"="platform"]' for key in profile.platform_keys)],
            )
    except InsufficientResponseError as error:
        raise _explain_nothing_walkable() from error
    except (requests.RequestException, ResponseStatusCodeError, OSError) as error:
        raise FetchError(
            f"the streets could not be downloaded from {overpass_url}: {error}",
            cure="check the connection and the address, try again later, or use a downloaded .osm.pbf extract",
        ) from error
    except ValueError as error:
        if "no graph nodes" not in str(error):
            raise
        raise _explain_nothing_walkable() from error
    return _build_from_graph(graph, notices, profile, source=overpass_url)


def _build_from_graph(graph: nx.MultiDiGraph, notices: Notices, profile: WalkingProfile, *, source: str) -> Streets:
    """Contract an unsimplified OSMnx graph; every edge is one segment of a way."""
    ways: dict[int, tuple[str, str | None]] = {}
    segments: list[tuple[int, int, int]] = []
    for a, b, tags in graph.edges(data=True):
        way = int(tags["osmid"])
        if way not in ways:
            if not is_walkable(tags, profile):
                continue
            ways[way] = (tags.get("highway") or "platform", tags.get("name"))
        segments.append((a, b, way))
    if not segments:
        raise _explain_nothing_walkable()
    table = np.asarray(segments, dtype=np.int64)
    osmid = np.unique(table[:, :2])
    way_osmid = np.unique(table[:, 2])
    nodes = [graph.nodes[node] for node in osmid.tolist()]
    is_blocked = np.asarray([blocks_walking(tags, profile) for tags in nodes], dtype=bool)
    for node in osmid[is_blocked].tolist():
        notices.add(BARRIER_CUT, file=source, field="node", value=node)
    highway = pl.Series("highway", [ways[way][0] for way in way_osmid.tolist()], dtype=pl.String)
    return build_streets(
        RawNetwork(
            node_osmid=osmid,
            node_x=np.asarray([tags["x"] for tags in nodes], dtype=np.float64),
            node_y=np.asarray([tags["y"] for tags in nodes], dtype=np.float64),
            is_blocked=is_blocked,
            segment_a=np.searchsorted(osmid, table[:, 0]),
            segment_b=np.searchsorted(osmid, table[:, 1]),
            segment_way=np.searchsorted(way_osmid, table[:, 2]),
            way_osmid=way_osmid,
            way_highway=highway,
            way_name=pl.Series("name", [ways[way][1] for way in way_osmid.tolist()], dtype=pl.String),
            way_is_steps=(highway == "steps").to_numpy(),
        )
    )


def _explain_nothing_walkable() -> InputError:
    return InputError(
        "OpenStreetMap has no walkable way in the area",
        field="streets.overpass",
        cure="check the polygon: longitude first, then latitude",
    )


@contextmanager
def _osmnx_settings(**wanted: Any) -> Iterator[None]:
    """Change OSMnx's settings for a while; the name resolver that OSMnx replaces is put back too."""
    with _SETTINGS_LOCK:
        before = {name: getattr(osmnx.settings, name) for name in wanted}
        resolver = socket.getaddrinfo
        try:
            for name, value in wanted.items():
                setattr(osmnx.settings, name, value)
            yield
        finally:
            socket.getaddrinfo = resolver
            for name, value in before.items():
                setattr(osmnx.settings, name, value)
