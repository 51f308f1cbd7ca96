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
LOCATOR_POINTS = 400
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


def draw_locator(report: ReportData, place: Place) -> Drawing | None:
    """Draw where a neighbourhood lies in its area; None where it has neither an outline nor a centre.

    Parameters
    ----------
    report
        The tables.
    place
        The neighbourhood.

    Returns
    -------
    Drawing or None
        All outlines, or the centres of all where there are many.
    """
    geometries = get_geometries(report)
    has = np.array([geometry is not None and not geometry.is_empty for geometry in geometries])
    if not has[place.index]:
        return None
    west, south, east, north = shapely.total_bounds(geometries[has])
    frame = choose_frame([(west, south), (east, north)], LOCATOR_WIDTH, most=380.0)
    drawing = Drawing(frame.width, frame.height)
    if has.sum() <= LOCATOR_POINTS:
        add_land(drawing, report, frame, place.index)
    else:
        lonlat = report.geography[["lon", "lat"]].dropna().to_numpy(dtype=np.float64)
        dots = sorted({tuple(round(v) for v in frame.place(*point)) for point in lonlat})
        drawing.add_lines("d-axis", [((x, y), (x + 1.5, y)) for x, y in dots])
    centre = geometries[place.index].representative_point()
    x, y = frame.place(centre.x, centre.y)
    west, south, east, north = geometries[place.index].bounds
    if (east - west) * frame.km_per_lon * frame.scale < 12:
        drawing.add_circle("d-place", x, y, 5)
    return drawing
