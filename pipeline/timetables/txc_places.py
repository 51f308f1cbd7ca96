"""Where the stops of TransXChange are: NaPTAN first, the document's own location where NaPTAN has none."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.base.notices import Notices
from pipeline.timetables.codes import STOP_NOT_LOCATED
from pipeline.timetables.naptan import Gazetteer, convert_grid
from pipeline.timetables.stops import NEAR_ZERO_DEG
from pipeline.timetables.txc_codes import STOP_ABROAD, STOP_UNKNOWN
from pipeline.timetables.txc_records import StopPlace

BRITAIN = (-9.0, 49.7, 2.0, 61.0)
"""West, south, east and north of a box around Britain, Northern Ireland and the Isle of Man."""
NEIGHBOURS = (
    (-11.0, 51.0, -5.9, 53.9),  # the Republic of Ireland but for its north
    (-11.0, 53.9, -8.2, 55.5),  # its north-west
    (1.45, 49.0, 9.0, 51.1),  # France beyond the Strait of Dover, Belgium
    (-6.0, 47.0, 9.0, 49.8),  # France, the Channel Islands
)
"""Boxes of the same kind that are not Britain."""


def is_abroad(lon: float, lat: float) -> bool:
    """Say whether a place lies outside Britain and Northern Ireland, as far as boxes can tell.

    Parameters
    ----------
    lon, lat
        Degrees.

    Returns
    -------
    bool
        True outside the box around Britain and inside those of its neighbours.
    """

    def within(box: tuple[float, float, float, float]) -> bool:
        return box[0] <= lon <= box[2] and box[1] <= lat <= box[3]

    return not within(BRITAIN) or any(within(box) for box in NEIGHBOURS)


def _is_usable(lon: float | None, lat: float | None) -> bool:
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
        return False
    return not (abs(lon) < NEAR_ZERO_DEG and abs(lat) < NEAR_ZERO_DEG)


def _locate_own(stops: Mapping[str, StopPlace]) -> dict[str, tuple[float, float]]:
    """Return the locations that the documents give themselves, degrees first, else from the grid."""
    found = {
        code: (place.lon, place.lat)
        for code, place in stops.items()
        if _is_usable(place.lon, place.lat) and place.lon is not None and place.lat is not None
    }
    rest = [(code, place) for code, place in sorted(stops.items()) if code not in found]
    lon, lat = convert_grid(
        pl.Series([place.easting for _, place in rest], dtype=pl.Float64),
        pl.Series([place.northing for _, place in rest], dtype=pl.Float64),
    )
    for (code, _), x, y in zip(rest, lon.to_list(), lat.to_list(), strict=True):
        if x is not None and y is not None:
            found[code] = (x, y)
    return found


def resolve_stops(
    stops: Mapping[str, tuple[str, StopPlace]], gazetteer: Gazetteer | None, notices: Notices
) -> tuple[dict[str, str], pl.DataFrame]:
    """Give every stop its official code, name and place.

    Parameters
    ----------
    stops
        Code as filed to the document that named it first (for notices) and what that document says of it.
    gazetteer
        NaPTAN, or None.
    notices
        Collector.

    Returns
    -------
    tuple of dict and polars.DataFrame
        Code as filed to ``stop_id``; and ``stop_id``, ``stop_name``, ``lon`` and ``lat`` (null where unknown), each
        stop once, sorted.
    """
    own = _locate_own({code: place for code, (_, place) in stops.items()})
    names: dict[str, str] = {}
    rows: dict[str, tuple[str, str, float | None, float | None]] = {}
    for code, (label, place) in sorted(stops.items()):
        known = gazetteer.find(code) if gazetteer is not None else None
        stop_id = known.atco_code if known is not None else code
        names[code] = stop_id
        if gazetteer is not None and known is None:
            notices.add(STOP_UNKNOWN, file=label, row=place.line, field="StopPointRef", value=code)
        lon, lat = own.get(code, (None, None))
        if known is not None and _is_usable(known.lon, known.lat):
            lon, lat = known.lon, known.lat
        before = rows.get(stop_id)
        if before is not None and (before[2] is not None or lon is None):
            continue
        rows[stop_id] = (stop_id, (known.stop_name if known is not None else "") or place.name, lon, lat)
        if lon is None or lat is None:
            shown = f"stop {code}"
            notices.add(STOP_NOT_LOCATED, file=label, row=place.line, field="StopPointRef", value=shown)
        elif is_abroad(lon, lat):
            shown = f"{stop_id} {rows[stop_id][1]} at lat {lat}, lon {lon}"
            notices.add(STOP_ABROAD, file=label, row=place.line, field="Location", value=shown)
    table = pl.DataFrame(
        [rows[stop_id] for stop_id in sorted(rows)],
        schema={"stop_id": pl.String, "stop_name": pl.String, "lon": pl.Float64, "lat": pl.Float64},
        orient="row",
    )
    return names, table
