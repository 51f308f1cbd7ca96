"""A typical journey from every neighbourhood, leg by leg, for the profiles."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from pipeline.base.notices import Notices, declare_notice
from pipeline.base.tables import TABLES
from pipeline.routing.explain import explain_journey
from pipeline.routing.profile_scan import NearestTimes, StopSeeds, build_seeds
from pipeline.scoring.travel_time import NearestResult
from pipeline.scoring.useful_departures import rebuild_minutes
from pipeline.stages.common import get_folder
from pipeline.stages.explain_journeys import Explanation, FoundJourney
from pipeline.stages.explain_legs import build_geojson
from pipeline.stages.work import Case, SnapshotWork
from pipeline.timetables.model import Timetable

LEGS = "out_neighbourhood__journey_leg"
DECIMALS = 5
COLUMNS = tuple(c.name for c in TABLES[LEGS].columns if c.name not in {"snapshot", "network_hash"})

LEFT_OUT = declare_notice(
    "typical_journeys_left_out",
    "info",
    "No typical journey is published leg by leg, since the area has many neighbourhoods and each takes a search of its "
    "own; profiles then show none.",
    "Raise settings.typical_journeys if they are wanted; connectivity explain shows one at any time.",
    example="snapshot 2024: 7,434 neighbourhoods",
)


def build_typical_journeys(work: SnapshotWork, snapshot: str, useful: pd.DataFrame, notices: Notices) -> pd.DataFrame:
    """Build a typical journey of every neighbourhood and category, in the first outward window.

    Parameters
    ----------
    work
        Networks and places of the snapshot.
    snapshot
        Its id.
    useful
        ``out_neighbourhood__useful_departure``, from which the minute is chosen.
    notices
        Told if there are more neighbourhoods than the settings allow.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__journey_leg`` without snapshot and hash; no rows where there is no journey.
    """
    n, most = len(work.places.neighbourhoods), work.settings.typical_journeys
    mode_set = next(iter(work.settings.mode_sets))
    cases = [case for case in work.list_cases() if case.direction == "outward" and case.mode_set == mode_set]
    cases = [case for case in cases if case.window == cases[0].window]
    if not cases or n > most:
        if cases and most:
            notices.add(LEFT_OUT, field="settings.typical_journeys", value=str(most), detail=f"{n} neighbourhoods")
        return _as_table([])
    timetable = Timetable.read(get_folder(work.project, "timetables", snapshot) / "timetable")
    rows: list[dict[str, Any]] = []
    for case in cases:
        keys = {"category": case.category, "window": case.window, "direction": case.direction}
        mine = useful[np.logical_and.reduce([useful[name] == value for name, value in keys.items()])]
        rows += _explain_case(work, snapshot, case, mine, timetable)
    return _as_table(rows)


def _explain_case(
    work: SnapshotWork, snapshot: str, case: Case, useful: pd.DataFrame, timetable: Timetable
) -> list[dict[str, Any]]:
    network = work.get_case_network(case)
    destinations = work.get_destinations(case.category)
    seeds = build_seeds(network, destinations)
    small = work.places.small_areas
    position = {code: row for row, code in enumerate(small["small_area_code"])}
    named = work.places.destinations.iloc[destinations]
    lonlat = [(float(lon), float(lat)) for lon, lat in zip(named["lon"], named["lat"], strict=True)]
    result = _describe_destinations(work, case)
    rows = []
    for row in useful.to_dict("records"):
        origin = position[row["small_area_code"]]
        found = _find(work, snapshot, case, row, origin, seeds, result, timetable)
        if found is None:
            continue
        place = small.iloc[origin]
        home = (float(place["lon"]), float(place["lat"]))
        pairs: list[tuple[FoundJourney, FoundJourney | None]] = [(found, None)]
        about = Explanation(row["small_area_code"], home, case.category, "", lonlat, is_chosen=False, pairs=pairs)
        rows += [
            {**{name: row[name] for name in ("neighbourhood_code", "category", "window", "small_area_code")}, **leg}
            for leg in _list_legs(about)
        ]
    return rows


def _find(
    work: SnapshotWork,
    snapshot: str,
    case: Case,
    row: dict[Any, Any],
    origin: int,
    seeds: StopSeeds,
    result: NearestResult,
    timetable: Timetable,
) -> FoundJourney | None:
    """Find the journey of the first minute that takes as long as the median; None where no minute has one."""
    walk_s = -1 if pd.isna(row["walk_time_s"]) else int(row["walk_time_s"])
    journeys = np.array(json.loads(row["journeys"]), dtype=np.int64).reshape(-1, 2)
    times = rebuild_minutes(journeys, walk_s, result.window)
    known = np.sort(times[times >= 0])
    if not known.size:
        return None
    typical = known[(known.size - 1) // 2]
    leave_s = result.window.start_s + 60 * int(np.flatnonzero(times == typical)[0])
    network, walk = work.get_case_network(case), result.walk
    most = work.settings.transit.max_changes
    journey = explain_journey(network, origin, seeds, leave_s, cap_s=work.cap_s, walk=walk, max_changes=most)
    if journey is None or journey.travel_time_s != typical:
        took = None if journey is None else journey.travel_time_s
        raise ValueError(f"{row['small_area_code']} at {leave_s} s: {typical} s to {case.category}, but {took} s")
    return FoundJourney(snapshot, "typical", journey, network, timetable, result, origin, leave_s)


def _describe_destinations(work: SnapshotWork, case: Case) -> NearestResult:
    """Return what the words of a journey need: walks, names of the destinations and the window, without any times."""
    named = work.places.destinations.iloc[work.get_destinations(case.category)]
    walks, none = work.get_walks(case.category), np.zeros((0, 0), dtype=np.int32)
    return NearestResult(
        NearestTimes(none, none),
        walks.nearest,
        work.get_window(case),
        is_linked=work.links.origin_vertex >= 0,
        has_route=walks.has_path,
        has_destination=True,
        destination_ids=named["destination_id"].tolist(),
        destination_names=named["name"].tolist(),
    )


def _list_legs(about: Explanation) -> list[dict[str, Any]]:
    features = json.loads(build_geojson(about))["features"]
    rows = []
    for feature in features:
        leg, geometry = feature["properties"], feature["geometry"]
        points = [] if geometry is None else geometry["coordinates"]
        points = [points] if geometry is not None and geometry["type"] == "Point" else points
        is_home = leg["leg"] == 1
        rows.append(
            {
                **{name: leg[name] for name in ("leg", "kind", "start_s", "end_s", "to_name", "mode", "route")},
                "from_name": None if is_home else leg["from_name"],
                "operator_name": leg["operator"],
                "headsign": leg["headsign"],
                "line_lonlat": json.dumps(
                    [[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat in points], separators=(",", ":")
                ),
            }
        )
    return rows


def _as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    whole, text = ("leg", "start_s", "end_s"), [name for name in COLUMNS if name not in ("leg", "start_s", "end_s")]
    return table.astype({**dict.fromkeys(whole, "int64"), **dict.fromkeys(text, "object")})
