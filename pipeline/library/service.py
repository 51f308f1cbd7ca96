"""Service levels in the zones of a table of places."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 (the parameter is called date)

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.change.levels import compute_service_levels as count_runs
from pipeline.change.zones import build_zones, compute_stops_in_zones
from pipeline.library.inputs import collect, get_day
from pipeline.library.points import check_frame, check_place
from pipeline.places.read_points import to_lonlat
from pipeline.stages.service import choose_window_of, get_frames
from pipeline.timetables.model import Timetable
from pipeline.timetables.term_dates import DayKinds

DEGREES = "EPSG:4326"


def compute_service_levels(
    timetable: Timetable,
    zones: gpd.GeoDataFrame,
    *,
    date: str | Date,
    crs: str | None = None,
    circle_radius_m: float = 500.0,
    margin_m: float = 100.0,
    id_column: str = "id",
    days: DayKinds | None = None,
    notices: Notices | None = None,
) -> pd.DataFrame:
    """Count the vehicle runs that call in the zone of every place; the same as the stage ``service``.

    Parameters
    ----------
    timetable
        From :func:`pipeline.library.read_timetable`.
    zones
        Polygons of the places, or points. A polygon smaller than the circle of `circle_radius_m` is joined with that
        circle around its centre (columns ``lon`` and ``lat`` in degrees where it has them, else its centroid), a point
        has the circle; all are then made `margin_m` wider.
    date
        A day of the 28 over which service is counted, as ``2024-10-08``.
    crs
        System in metres in which circles and margins are drawn; if absent, that of `zones`, or the UTM zone.
    circle_radius_m, margin_m
        Metres.
    id_column
        Column of `zones` with the identifiers.
    days
        Public holidays and school terms; nothing is known of them if absent.
    notices
        Takes what is doubtful; if absent, it goes to the log of this package.

    Returns
    -------
    pandas.DataFrame
        ``neighbourhood_code`` (the identifier), ``mode``, ``day_type``, ``band`` and the measures of the published
        table ``out_neighbourhood__service_level``. Zones overlap: figures must not be added up.

    Raises
    ------
    InputError
        For a table that cannot be used, or a timetable that is not valid on the day.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from pipeline.library import read_timetable
    >>> timetable = read_timetable("data/sample/timetables/2024/bus_council.zip", date="2024-10-08")
    >>> places = gpd.read_file("data/sample/small_area_boundaries.geojson")
    >>> levels = compute_service_levels(timetable, places, date="2024-10-08", id_column="sa21cd", crs="EPSG:27700")
    >>> is_whole_day = (levels["mode"] == "all") & (levels["band"] == "all_day") & (levels["day_type"] == "weekday")
    >>> levels[is_whole_day].set_index("neighbourhood_code")["runs_per_day"].head(2).to_dict()
    {'X01000001': 88.0, 'X01000002': 0.0}
    """
    metres = _choose_metres(zones, check_frame(zones, "zones", id_column=id_column), crs)
    with collect(notices) as collector:
        built = build_zones(_place_zones(zones, id_column), crs=metres, radius_m=circle_radius_m, buffer_m=margin_m)
        window = choose_window_of(timetable, get_day(date), kinds=days or DayKinds(), notices=collector)
        found = count_runs(
            get_frames("", timetable),
            window,
            compute_stops_in_zones(built, timetable.stops),
            neighbourhood_codes=built["neighbourhood_code"].tolist(),
        )
        return found.levels.drop("snapshot", "timetable_hash").to_pandas()


def _choose_metres(zones: gpd.GeoDataFrame, own: CRS, asked: str | None) -> str:
    """Choose the system in which circles and margins are drawn."""
    crs = CRS.from_user_input(asked) if asked is not None else own
    if asked is None and not crs.is_projected:
        crs = zones.estimate_utm_crs()
    unit = crs.axis_info[0].unit_name if crs.axis_info else ""
    if not crs.is_projected or unit not in {"metre", "meter"}:
        raise UsageError(
            f"Circles and margins cannot be drawn in {crs.name}: its unit is not the metre.",
            field="crs",
            cure="Give a projected system in metres, such as crs='EPSG:27700'.",
        )
    return str(crs.to_string())


def _place_zones(zones: gpd.GeoDataFrame, id_column: str) -> gpd.GeoDataFrame:
    """Return neighbourhood_code, lon, lat and the polygon in degrees, if there is one."""
    shapes = zones.geometry.to_crs(DEGREES)
    kinds = sorted(set(shapes.geom_type.dropna()) - {"Point", "Polygon", "MultiPolygon"})
    if kinds:
        raise InputError(
            f"There are geometries of the kind {kinds[0]} where polygons or points are needed.",
            file="zones",
            field=str(zones.geometry.name),
            cure="Give polygons, or the centre of each place as a point.",
        )
    own = CRS.from_user_input(zones.crs)
    centre = shapely.centroid(zones.geometry.to_numpy())
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    check_place(x, y, own, "zones")
    lon, lat = to_lonlat(x, y, own)
    if {"lon", "lat"} <= set(zones.columns):
        lon, lat = (zones[name].to_numpy(dtype=float) for name in ("lon", "lat"))
    is_point = (shapes.geom_type == "Point").to_numpy()
    return gpd.GeoDataFrame(
        {"neighbourhood_code": zones[id_column].astype(str).to_numpy(), "lon": lon, "lat": lat},
        geometry=np.where(is_point, None, shapes.to_numpy()),
        crs=DEGREES,
    )
