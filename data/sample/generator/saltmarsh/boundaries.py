"""Polygons of the small areas: every piece of land divided by nearness to the centroids."""

from __future__ import annotations

from saltmarsh.district import COAST_NORTH, COAST_SOUTH, ISLAND, RIVER_HALF_WIDTH_KM, RIVER_X_KM, compute_river_y
from saltmarsh.grid import Point
from saltmarsh.places import SmallArea

WEST_KM, NORTH_KM, SOUTH_KM = -6.6, 8.0, -7.0


def _build_bank(side: int) -> list[Point]:
    """Return one bank of the river from west to east; `side` is +1 for the north bank, -1 for the south bank."""
    start, end = RIVER_X_KM
    eastings = [start + index * (end - start) / 15 for index in range(16)]
    return [(x, compute_river_y(x) + side * RIVER_HALF_WIDTH_KM) for x in eastings]


def build_land() -> dict[str, list[Point]]:
    """Return the district's three pieces of land as rings (not closed) in local kilometres."""
    north = [*_build_bank(+1), *COAST_NORTH, (WEST_KM, NORTH_KM)]
    south = [*_build_bank(-1), *COAST_SOUTH[1:], (WEST_KM, SOUTH_KM)]
    return {"north": north, "south": south, "island": list(ISLAND)}


def _clip_to_nearer(ring: list[Point], site: Point, other: Point) -> list[Point]:
    """Keep the part of a ring that is nearer to one site than to another (Sutherland and Hodgman, 1974)."""
    middle = ((site[0] + other[0]) / 2, (site[1] + other[1]) / 2)
    normal = (other[0] - site[0], other[1] - site[1])

    def compute_side(point: Point) -> float:
        return (point[0] - middle[0]) * normal[0] + (point[1] - middle[1]) * normal[1]

    kept: list[Point] = []
    for index, point in enumerate(ring):
        before = ring[index - 1]
        side, side_before = compute_side(point), compute_side(before)
        if (side <= 0) != (side_before <= 0):
            share = side_before / (side_before - side)
            kept.append((before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1])))
        if side <= 0:
            kept.append(point)
    return kept


def build_polygons(areas: list[SmallArea]) -> dict[str, list[Point]]:
    """Return each small area's ring (not closed, local kilometres) by its code."""
    land = build_land()
    polygons: dict[str, list[Point]] = {}
    for area in areas:
        ring = land[area.ward.land]
        for other in areas:
            if other.code != area.code and other.ward.land == area.ward.land:
                ring = _clip_to_nearer(ring, area.site, other.site)
        polygons[area.code] = ring if _compute_signed_area(ring) > 0 else ring[::-1]
    return polygons


def _compute_signed_area(ring: list[Point]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2
