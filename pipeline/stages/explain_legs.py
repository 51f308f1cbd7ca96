"""Journeys as a table of legs and as GeoJSON."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import polars as pl

from pipeline.base.clock import format_time
from pipeline.base.geo import compute_haversine_m
from pipeline.routing.explain import Leg
from pipeline.stages.explain_compare import Part, compare_legs
from pipeline.stages.explain_journeys import Explanation, FoundJourney

SCHEMA: dict[str, type[pl.DataType]] = {
    "snapshot": pl.String,
    "choice": pl.String,
    "leg": pl.Int32,
    "kind": pl.String,
    "start": pl.String,
    "end": pl.String,
    "start_s": pl.Int32,
    "end_s": pl.Int32,
    "duration_s": pl.Int32,
    "from_id": pl.String,
    "from_name": pl.String,
    "to_id": pl.String,
    "to_name": pl.String,
    "mode": pl.String,
    "route": pl.String,
    "operator": pl.String,
    "headsign": pl.String,
    "trip_id": pl.String,
    "from_lon": pl.Float64,
    "from_lat": pl.Float64,
    "to_lon": pl.Float64,
    "to_lat": pl.Float64,
    "from_home_km": pl.Float64,
    "to_home_km": pl.Float64,
    "verdict": pl.String,
    "change_s": pl.Int32,
}
"""Columns of the table of legs; ``*_home_km`` are straight lines from the origin, the last two say what became of the
leg where two snapshots are compared (see `pipeline.stages.explain_compare.Part`)."""


def build_leg_table(explanation: Explanation) -> pl.DataFrame:
    """List the legs of all journeys.

    Parameters
    ----------
    explanation
        The journeys.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`; a snapshot without a journey has one row of kind ``none``.
    """
    rows = [row for found, parts in _list_found(explanation) for row in _list_rows(explanation, found, parts)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def build_geojson(explanation: Explanation) -> str:
    """Write the legs of all journeys as GeoJSON.

    Parameters
    ----------
    explanation
        The journeys.

    Returns
    -------
    str
        A FeatureCollection in longitude and latitude: rides as lines from stop to stop, walks as straight lines
        (``drawn_as`` says so), waits as points; a leg whose ends have no coordinates has no geometry.
    """
    features = []
    for found, parts in _list_found(explanation):
        rows = _list_rows(explanation, found, parts)
        legs = () if found.journey is None else found.journey.legs
        for row, leg in zip(rows, legs, strict=bool(legs)):
            geometry, drawn_as = _draw(found, leg, row)
            properties = {key: value for key, value in row.items() if not key.endswith(("_lon", "_lat"))}
            features.append(
                {"type": "Feature", "properties": {**properties, "drawn_as": drawn_as}, "geometry": geometry}
            )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)


def _list_found(explanation: Explanation) -> list[tuple[FoundJourney, list[Part]]]:
    """List every journey with the parts of its comparison."""
    listed = []
    for later, earlier in explanation.pairs:
        parts = [] if earlier is None else compare_legs(earlier, later)
        listed += [(found, parts) for found in (later, earlier) if found is not None]
    return listed


def _list_rows(explanation: Explanation, found: FoundJourney, parts: list[Part]) -> list[dict[str, Any]]:
    keys = {**dict.fromkeys(SCHEMA), "snapshot": found.snapshot, "choice": found.choice}
    if found.journey is None:
        clock = format_time(found.leave_s)
        return [{**keys, "leg": 0, "kind": "none", "start": clock, "start_s": found.leave_s}]
    rows = []
    for number, leg in enumerate(found.journey.legs):
        times = {
            "start": format_time(leg.start_s),
            "end": format_time(leg.end_s),
            "start_s": leg.start_s,
            "end_s": leg.end_s,
            "duration_s": leg.end_s - leg.start_s,
        }
        ends: dict[str, Any] = {}
        for side, stop, is_home in (("from", leg.from_stop, True), ("to", leg.to_stop, False)):
            ends |= {f"{side}_{k}": v for k, v in _describe_end(explanation, found, stop, is_home=is_home).items()}
        part = next((part for part in parts if leg is part.earlier or leg is part.later), None)
        fate = {} if part is None else {"verdict": part.verdict, "change_s": part.change_s}
        ride = _describe_ride(found, leg)
        rows.append({**keys, "leg": number + 1, "kind": leg.kind, **times, **ends, **ride, **fate})
    return rows


def _describe_end(explanation: Explanation, found: FoundJourney, stop: int, *, is_home: bool) -> dict[str, Any]:
    """Return identifier, name and place of a stop, of the origin or of the destination."""
    if stop >= 0:
        row = found.timetable.stops.row(stop, named=True)
        names = {"id": row["stop_id"], "name": row["stop_name"]}
        lon, lat = (row["lon"], row["lat"]) if row["is_located"] else (None, None)
    elif is_home:
        names = {"id": explanation.origin_code, "name": explanation.origin_code}
        lon, lat = explanation.origin_lonlat
    else:
        number = found.journey.destination if found.journey is not None else 0
        result = found.result
        names = {"id": result.destination_ids[number], "name": result.destination_names[number]}
        lon, lat = explanation.destination_lonlat[number]
    if lon is None or lat is None or not math.isfinite(lon + lat):
        return {**names, "lon": None, "lat": None, "home_km": None}
    away_m = float(compute_haversine_m(*explanation.origin_lonlat, lon, lat))
    return {**names, "lon": lon, "lat": lat, "home_km": round(away_m / 1000, 3)}


def _describe_ride(found: FoundJourney, leg: Leg) -> dict[str, Any]:
    if leg.kind != "ride":
        return {}
    trip = found.timetable.trips.row(int(found.network.trip_source[leg.trip]), named=True)
    route = found.timetable.routes.row(int(trip["route_index"]), named=True)
    return {
        "mode": route["mode"],
        "route": route["route_short_name"] or route["route_long_name"] or route["route_id"],
        "operator": route["operator_name"],
        "headsign": trip["headsign"],
        "trip_id": trip["trip_id"],
    }


def _draw(found: FoundJourney, leg: Leg, row: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    ends = [[row[f"{side}_lon"], row[f"{side}_lat"]] for side in ("from", "to")]
    if leg.kind == "ride":
        line, drawn_as = _list_stops(found, leg), "straight lines from stop to stop"
    elif leg.kind == "wait" or (leg.kind == "change" and leg.from_stop == leg.to_stop):
        line, drawn_as = ends[:1], "point"
    else:
        line, drawn_as = ends, "straight line; the walk follows streets"
    line = [place for place in line if place[0] is not None]
    if drawn_as == "point" and line:
        return {"type": "Point", "coordinates": line[0]}, drawn_as
    if len(line) < 2:
        return None, "nothing; a place has no coordinates"
    return {"type": "LineString", "coordinates": line}, drawn_as


def _list_stops(found: FoundJourney, leg: Leg) -> list[list[float | None]]:
    """Places of the stops that a ride passes, its ends included."""
    network, stops = found.network, found.timetable.stops
    calls = slice(int(network.trip_time_indptr[leg.trip]), int(network.trip_time_indptr[leg.trip + 1]))
    pattern = int(network.trip_pattern[leg.trip])
    passed = network.pattern_stop[int(network.pattern_indptr[pattern]) : int(network.pattern_indptr[pattern + 1])]
    begins = np.flatnonzero((passed == leg.from_stop) & (network.trip_dep_s[calls] == leg.start_s))
    ends = np.flatnonzero((passed == leg.to_stop) & (network.trip_arr_s[calls] == leg.end_s))
    first, last = next((int(a), int(b)) for a in begins for b in ends if b > a)
    rows = [stops.row(int(stop), named=True) for stop in passed[first : last + 1]]
    return [[row["lon"], row["lat"]] if row["is_located"] else [None, None] for row in rows]
