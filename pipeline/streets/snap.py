"""Points joined to the nearest walkable edge.

Candidates come from a spatial index in Mercator coordinates, which are conformal: around any point distances are true
up to one factor, everywhere in a country. The link itself is then computed exactly, in local equirectangular metres
around the point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from pipeline.base.geo import EARTH_RADIUS_M
from pipeline.streets.model import EdgeGeometry, Streets

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MAX_LATITUDE = 89.0
# Mercator distances near a point differ from true ones by the change of scale over the link, less than this share.
_CANDIDATE_SLACK = 2e-3
# Two edges are equally near if they agree to the micrometre: at a junction the lowest edge index decides.
_TIE_PER_M = 1e6
_POINTS_PER_BATCH = 20_000


@dataclass(frozen=True)
class SnappedPoints:
    """Where points join the streets.

    Attributes
    ----------
    edge_index
        int32[n]; edge that the point joins, -1 if there is none within the limit.
    position_cm
        int32[n]; centimetres along the edge from its u, 0..length_cm; -1 if not joined.
    link_cm
        int32[n]; straight distance from the point to the edge, rounded; -1 if not joined.
    link_m_to_any
        float64[n]; metres to the nearest edge of any component, however far; inf if there is none or no location.
    """

    edge_index: I32
    position_cm: I32
    link_cm: I32
    link_m_to_any: F64


@dataclass(frozen=True)
class _Nearest:
    """Nearest edge of each point: edge (-1 = none), position in centimetres, distance in metres (inf = none)."""

    edge: I64
    position_cm: I64
    distance_m: F64


class _EdgeIndex:
    """Spatial index over some of the edges."""

    def __init__(self, geometry: EdgeGeometry, edges: I64) -> None:
        self._geometry = geometry
        self._edges = edges
        sizes = np.diff(geometry.indptr)[edges]
        points = _expand(geometry.indptr[edges], sizes)
        x, y = _to_mercator(geometry.x[points], geometry.y[points])
        lines = shapely.linestrings(np.column_stack((x, y)), indices=np.repeat(np.arange(edges.shape[0]), sizes))
        self._tree = shapely.STRtree(lines)
        self._vertices = KDTree(np.column_stack((x, y)))

    def find_nearest(self, lon: F64, lat: F64, *, exact_within_m: float) -> _Nearest:
        """Nearest edge of each located point; links up to `exact_within_m` are exact and ties broken by index."""
        n_points = lon.shape[0]
        edge = np.full(n_points, -1, dtype=np.int64)
        position = np.full(n_points, -1, dtype=np.int64)
        distance = np.full(n_points, np.inf)
        if self._edges.size:
            for start in range(0, n_points, _POINTS_PER_BATCH):
                batch = slice(start, start + _POINTS_PER_BATCH)
                found = self._find_batch(lon[batch], lat[batch], exact_within_m)
                edge[batch], position[batch], distance[batch] = found.edge, found.position_cm, found.distance_m
        return _Nearest(edge, position, distance)

    def _find_batch(self, lon: F64, lat: F64, exact_within_m: float) -> _Nearest:
        x, y = _to_mercator(lon, lat)
        points = shapely.points(x, y)
        # No edge that is farther than the nearest vertex of any edge can be the nearest.
        to_vertex, _ = self._vertices.query(np.column_stack((x, y)))
        limit = exact_within_m * (1 + _CANDIDATE_SLACK) / (EARTH_RADIUS_M * np.cos(np.radians(lat)))
        # A micrometre more than nothing, so that a point at a node finds all edges that meet there.
        radius = np.minimum(to_vertex, limit) * (1 + _CANDIDATE_SLACK) + 1e-6 / EARTH_RADIUS_M
        near, candidate = self._tree.query(points, predicate="dwithin", distance=radius)
        is_far = np.ones(lon.shape[0], dtype=bool)
        is_far[near] = False
        far = np.flatnonzero(is_far)
        _, first = self._tree.query_nearest(points[far], all_matches=False)
        point = np.concatenate([near, far])
        edge = self._edges[np.concatenate([candidate, first])]
        position, distance = _measure_links(self._geometry, edge, lon[point], lat[point])
        order = np.lexsort((edge, np.rint(distance * _TIE_PER_M), point))
        best = order[np.unique(point[order], return_index=True)[1]]
        return _Nearest(edge[best], position[best], distance[best])


def _to_mercator(lon: F64, lat: F64) -> tuple[F64, F64]:
    """Spherical Mercator in radians."""
    clipped = np.clip(lat, -_MAX_LATITUDE, _MAX_LATITUDE)
    return np.radians(lon), np.arctanh(np.sin(np.radians(clipped)))


def _expand(starts: I64, sizes: I64) -> I64:
    """Concatenate the ranges ``start .. start + size - 1``."""
    offsets = np.cumsum(sizes) - sizes
    return np.repeat(starts - offsets, sizes) + np.arange(int(sizes.sum()), dtype=np.int64)


def _measure_links(geometry: EdgeGeometry, edge: I64, lon: F64, lat: F64) -> tuple[I64, F64]:
    """Measure the link of each (point, edge) pair: position along the edge in centimetres, distance in metres."""
    n_segments = np.diff(geometry.indptr)[edge] - 1
    start = _expand(geometry.indptr[edge], n_segments)
    pair = np.repeat(np.arange(edge.shape[0], dtype=np.int64), n_segments)
    scale_y = np.radians(EARTH_RADIUS_M)
    scale_x = (scale_y * np.cos(np.radians(lat)))[pair]
    ax = _wrap_degrees(geometry.x[start] - lon[pair]) * scale_x
    ay = (geometry.y[start] - lat[pair]) * scale_y
    bx = _wrap_degrees(geometry.x[start + 1] - lon[pair]) * scale_x
    by = (geometry.y[start + 1] - lat[pair]) * scale_y
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    share = np.clip(-(ax * dx + ay * dy) / np.where(squared > 0, squared, 1.0), 0.0, 1.0)
    # The ends are taken as they are, so that edges which meet at a node give the same distance to it.
    px = np.where(share == 1.0, bx, ax + share * dx)
    py = np.where(share == 1.0, by, ay + share * dy)
    distance = np.hypot(px, py)
    along = geometry.along_cm[start]
    position = along + np.rint(share * (geometry.along_cm[start + 1] - along)).astype(np.int64)
    order = np.lexsort((position, np.rint(distance * _TIE_PER_M), pair))
    best = order[np.unique(pair[order], return_index=True)[1]]
    return position[best], distance[best]


def _wrap_degrees(difference: F64) -> F64:
    return (difference + 180.0) % 360.0 - 180.0 if bool(np.any(np.abs(difference) > 180.0)) else difference


def _is_located(lon: F64, lat: F64) -> Flags:
    return np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)


def snap_points(
    streets: Streets,
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    max_link_m: float = 500.0,
    eligible_components: Flags | None = None,
) -> SnappedPoints:
    """Join points to the nearest point of the nearest edge.

    Parameters
    ----------
    streets
        The street network.
    lon, lat
        float64[n]; degrees. NaN, infinite or out-of-range values are not joined.
    max_link_m
        Longest link in metres (compared in whole centimetres).
    eligible_components
        bool[n_components]; only edges of these components are joined; None: all.

    Returns
    -------
    SnappedPoints
        Between edges that are equally near (to the micrometre) the lowest edge index is taken.

    Raises
    ------
    ValueError
        If the arrays do not fit one another or `max_link_m` is negative or not a number.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if lon.ndim != 1 or lon.shape != lat.shape:
        raise ValueError("lon and lat must be one-dimensional and equally long")
    if not 0 <= max_link_m < 20_000_000:
        raise ValueError(f"max_link_m must be a distance in metres, not {max_link_m}")
    is_eligible = _get_eligible_edges(streets, eligible_components)
    geometry = streets.geometry
    located = np.flatnonzero(_is_located(lon, lat))
    x, y = lon[located], lat[located]

    every_edge = np.arange(is_eligible.shape[0], dtype=np.int64)
    nearest = _EdgeIndex(geometry, every_edge).find_nearest(x, y, exact_within_m=max_link_m)
    edge, position, distance = nearest.edge.copy(), nearest.position_cm.copy(), nearest.distance_m.copy()
    is_open = edge >= 0
    is_open[is_open] = ~is_eligible[edge[is_open]]
    again = np.flatnonzero(is_open)
    if again.size:
        other = _EdgeIndex(geometry, every_edge[is_eligible]).find_nearest(
            x[again], y[again], exact_within_m=max_link_m
        )
        edge[again], position[again], distance[again] = other.edge, other.position_cm, other.distance_m

    result = SnappedPoints(
        np.full(lon.shape[0], -1, dtype=np.int32),
        np.full(lon.shape[0], -1, dtype=np.int32),
        np.full(lon.shape[0], -1, dtype=np.int32),
        np.full(lon.shape[0], np.inf),
    )
    result.link_m_to_any[located] = nearest.distance_m
    link_cm = np.rint(np.where(np.isfinite(distance), distance, 4e7) * 100.0)
    is_joined = (edge >= 0) & (link_cm <= round(max_link_m * 100.0))
    joined = located[is_joined]
    result.edge_index[joined] = edge[is_joined]
    result.position_cm[joined] = position[is_joined]
    result.link_cm[joined] = link_cm[is_joined]
    return result


def _get_eligible_edges(streets: Streets, eligible_components: Flags | None) -> Flags:
    if eligible_components is None:
        return np.ones(streets.edges.height, dtype=bool)
    if eligible_components.shape != (streets.components.height,):
        raise ValueError(
            f"eligible_components has {eligible_components.shape[0]} entries for {streets.components.height} components"
        )
    return np.asarray(eligible_components[streets.edge_component], dtype=bool)


def compute_eligible_components(
    streets: Streets,
    stop_lon: ArrayLike,
    stop_lat: ArrayLike,
    *,
    max_link_m: float = 500.0,
    min_component_nodes: int = 100,
) -> Flags:
    """Compute which components points may join.

    The largest component, every component of at least `min_component_nodes` OSM nodes, and every component that a
    stop depends on: a stop with no edge of those components within `max_link_m` makes the component of its nearest
    edge (within `max_link_m`) eligible. A stop beside an isolated scrap of path thus still joins the proper network.

    Returns
    -------
    bool[n_components]
    """
    sizes = streets.components["n_raw_nodes"].to_numpy()
    eligible: Flags = sizes >= min_component_nodes
    if eligible.size:
        eligible[0] = True
    lon, lat = np.asarray(stop_lon, dtype=np.float64), np.asarray(stop_lat, dtype=np.float64)
    proper = snap_points(streets, lon, lat, max_link_m=max_link_m, eligible_components=eligible)
    alone = proper.edge_index < 0
    nearest = snap_points(streets, lon[alone], lat[alone], max_link_m=max_link_m).edge_index
    eligible[streets.edge_component[nearest[nearest >= 0]]] = True
    return eligible
