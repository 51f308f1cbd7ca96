"""Maps of a profile, drawn straight: where the neighbourhood lies, and what lies around a journey."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.report.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.report.data import Place, ReportData

PADDING = 0.12
LEAST_HEIGHT = 200.0
LEAST_SPAN_KM = 0.6
KM_PER_DEGREE = 111.195
LOCATOR_WIDTH = 320.0
LOCATOR_HEIGHT = 380.0
LOCATOR_POINTS = 400
LEAST_MARK_PX = 12.0
NOWHERE = -1
TOLERANCE_PX = 1.2


@dataclass(frozen=True)
class Frame:
    """A part of the map in pixels: longitude and latitude of its corner, pixels per kilometre."""

    west: float
    north: float
    km_per_lon: float
    scale: float
    width: float
    height: float

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Return where a position lies, pixels from the upper left corner."""
        return (
            (lon - self.west) * self.km_per_lon * self.scale,
            (self.north - lat) * KM_PER_DEGREE * self.scale,
        )

    @property
    def box(self) -> shapely.Geometry:
        """What it shows, in longitude and latitude."""
        east = self.west + self.width / (self.scale * self.km_per_lon)
        south = self.north - self.height / (self.scale * KM_PER_DEGREE)
        return shapely.box(self.west, south, east, self.north)


def choose_frame(points: Iterable[Sequence[float]], width: float, *, most: float) -> Frame:
    """Choose a part of the map that holds all points with a margin.

    Parameters
    ----------
    points
        Longitude and latitude, at least one.
    width
        Pixels.
    most
        Greatest height, pixels.

    Returns
    -------
    Frame
        Its height follows the points.
    """
    lon, lat = (np.array(values, dtype=np.float64) for values in zip(*points, strict=True))
    middle = (lon.min() + lon.max()) / 2, (lat.min() + lat.max()) / 2
    km_per_lon = KM_PER_DEGREE * math.cos(math.radians(middle[1]))
    across = max((lon.max() - lon.min()) * km_per_lon, LEAST_SPAN_KM) * (1 + 2 * PADDING)
    down = max((lat.max() - lat.min()) * KM_PER_DEGREE, LEAST_SPAN_KM) * (1 + 2 * PADDING)
    scale = min(width / across, most / down)
    height = min(max(down * scale, LEAST_HEIGHT), most)
    west, north = middle[0] - width / scale / km_per_lon / 2, middle[1] + height / scale / KM_PER_DEGREE / 2
    return Frame(float(west), float(north), km_per_lon, float(scale), width, round(height, 1))


def add_land(drawing: Drawing, report: ReportData, frame: Frame, here: int) -> None:
    """Add the outlines of the neighbourhoods within a frame, one of them marked.

    Parameters
    ----------
    drawing
        Where to.
    report
        The tables.
    frame
        What is shown.
    here
        Position of the marked one.
    """
    geometries = get_geometries(report)
    box = frame.box
    tolerance = TOLERANCE_PX / (frame.scale * KM_PER_DEGREE)
    at = np.flatnonzero(shapely.intersects(geometries, box))
    clipped = shapely.intersection(shapely.simplify(geometries[at], tolerance, preserve_topology=True), box)
    for look, is_here in (("d-land", False), ("d-home", True)):
        lines = [
            [frame.place(*point) for point in ring]
            for number, geometry in zip(at, clipped, strict=True)
            if (number == here) == is_here
            for ring in _list_rings(geometry)
        ]
        drawing.add_areas(look, lines)


def get_geometries(report: ReportData) -> NDArray[np.object_]:
    """Return the outlines of all neighbourhoods, None where there is none."""
    shapes: NDArray[np.object_] = shapely.from_wkb(
        report.geography["geometry_wkb"].to_numpy(dtype=object), on_invalid="ignore"
    )
    return shapes


def _list_rings(geometry: shapely.Geometry) -> list[list[tuple[float, float]]]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [
        [(float(x), float(y)) for x, y in part.exterior.coords[:-1]]
        for part in parts
        if isinstance(part, shapely.Polygon) and not part.is_empty
    ]


def add_scale(drawing: Drawing, frame: Frame) -> None:
    """Add a scale bar in the lower left corner; north is up."""
    longest = 0.25 * frame.width / frame.scale
    unit = 10.0 ** math.floor(math.log10(longest))
    km = next(unit * step for step in (5, 2, 1) if unit * step <= longest)
    x, y = 10.0, frame.height - 10
    drawing.add_lines("d-tick", [((x, y), (x + km * frame.scale, y))])
    words = f"{km:g} km" if km >= 1 else f"{1000 * km:g} m"
    drawing.add_text("t-map", x, y - 6, words)


@dataclass(frozen=True)
class Locator:
    """Maps that show where neighbourhoods of an area lie: one frame for all.

    Attributes
    ----------
    report
        The tables.
    frame
        The whole area.
    """

    report: ReportData
    frame: Frame

    def draw_background(self) -> Drawing:
        """Draw all outlines, or the centres of all where there are many: the same for every neighbourhood."""
        drawing = Drawing(self.frame.width, self.frame.height)
        if _has_outline(self.report).sum() <= LOCATOR_POINTS:
            add_land(drawing, self.report, self.frame, NOWHERE)
            return drawing
        lonlat = self.report.geography[["lon", "lat"]].dropna().to_numpy(dtype=np.float64)
        dots = sorted({tuple(round(v) for v in self.frame.place(*point)) for point in lonlat})
        drawing.add_lines("d-axis", [((x, y), (x + 1.5, y)) for x, y in dots])
        return drawing

    def draw_mark(self, place: Place) -> Drawing | None:
        """Draw one neighbourhood, with a dot where it is small; None where it has no outline."""
        if not _has_outline(self.report)[place.index]:
            return None
        drawing, frame = Drawing(self.frame.width, self.frame.height), self.frame
        geometry = get_geometries(self.report)[place.index]
        shape = shapely.simplify(geometry, TOLERANCE_PX / (frame.scale * KM_PER_DEGREE), preserve_topology=True)
        west, south, east, north = geometry.bounds
        across = (east - west) * frame.km_per_lon * frame.scale
        down = (north - south) * KM_PER_DEGREE * frame.scale
        if max(across, down) >= LEAST_MARK_PX:
            drawing.add_areas("d-home", [[frame.place(*point) for point in ring] for ring in _list_rings(shape)])
        if across < LEAST_MARK_PX:
            centre = geometry.representative_point()
            drawing.add_circle("d-place", *frame.place(centre.x, centre.y), 5)
        return drawing


def _has_outline(report: ReportData) -> NDArray[np.bool_]:
    return np.array([shape is not None and not shape.is_empty for shape in get_geometries(report)], dtype=bool)


def build_locator(report: ReportData) -> Locator | None:
    """Return the maps that show where neighbourhoods lie; None where none has an outline."""
    has = _has_outline(report)
    if not has.any():
        return None
    west, south, east, north = shapely.total_bounds(get_geometries(report)[has])
    return Locator(report, choose_frame([(west, south), (east, north)], LOCATOR_WIDTH, most=LOCATOR_HEIGHT))


def draw_locator(report: ReportData, place: Place) -> Drawing | None:
    """Draw where a neighbourhood lies in its area; None where it has no outline.

    Parameters
    ----------
    report
        The tables.
    place
        The neighbourhood.

    Returns
    -------
    Drawing or None
        All outlines, or the centres of all where there are many, and the neighbourhood marked.
    """
    locator = build_locator(report)
    mark = None if locator is None else locator.draw_mark(place)
    if locator is None or mark is None:
        return None
    drawing = locator.draw_background()
    drawing.place(mark, 0, 0)
    return drawing
