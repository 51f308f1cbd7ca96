"""Stage ``network``: pack timetable, streets and places of one snapshot for routing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.io import staged_folder
from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.notices import Notices, declare_notice
from pipeline.base.progress import measure
from pipeline.places.model import Places
from pipeline.scoring.travel_time import build_membership
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.links import check_gate, compute_linked
from pipeline.stages.targets import get_days, get_horizon
from pipeline.stages.wheelchair import restrict_to_accessible
from pipeline.streets.model import read_streets_folder
from pipeline.timetables.calendars import get_trips_on, note_idle_feeds
from pipeline.timetables.model import Timetable
from pipeline.transit.build import build_network
from pipeline.transit.footpaths import WalkSettings
from pipeline.transit.linking import LinkedArea, describe_link, get_stop_lonlat, link_area, note_far_stops
from pipeline.transit.packed import write_packed

FAR_PLACE = declare_notice(
    "place_far_from_streets",
    "warning",
    "A small area lies too far from any walkable street (in the sea, or outside the extract) and has no travel times.",
    "Check its coordinate, or use a larger street extract.",
)
FAR_DESTINATION = declare_notice(
    "destination_far_from_streets",
    "info",
    "A destination lies too far from any walkable street, mostly outside the street extract; it cannot be reached.",
    "Use a larger street extract if the destination matters here.",
)
NO_SERVICE_DAY = declare_notice(
    "no_service_on_day",
    "warning",
    "No trip at all runs on the date that stands for a kind of day, so everybody walks then.",
    "Right if nothing ran; if the timetable merely does not cover that date, set saturday: or sunday: of the snapshot.",
)


def run(project: Project, snapshot: str | None) -> StageRun:
    """Build the walking graph with all its links, and one packed network for each kind of day.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id.

    Returns
    -------
    StageRun
        What was done.

    Raises
    ------
    InputError
        If no small area can be joined to the streets, as with an extract of another region.
    GateError
        If fewer neighbourhoods can than the area accepts.
    """
    with record_stage(begin(project, "network", snapshot)) as stage:
        one = next(s for s in project.area.snapshots if s.id == snapshot)
        walking, transit = project.settings.walking, project.settings.transit
        timetable = Timetable.read(get_folder(project, "timetables", snapshot) / "timetable")
        streets = read_streets_folder(get_folder(project, "streets") / "streets")
        places = read_places(project)
        linked = link_area(
            streets,
            stops=get_stop_lonlat(timetable),
            origins=_lonlat(places.small_areas),
            destinations=_lonlat(places.destinations),
            max_link_m=walking.max_link_m,
            min_component_nodes=walking.min_component_nodes,
        )
        _note_links(project, linked, timetable, places, stage)
        days = {
            d: day for d, day in get_days(one).items() if d in {w.day_type for w in project.settings.windows.values()}
        }
        settings = WalkSettings(
            walk_kmh=walking.speed_kmh,
            max_walk_m=walking.max_access_m,
            max_transfer_m=walking.max_transfer_m,
            interchange_s=transit.interchange_s,
        )
        for day_type, day in days.items():
            _check_day(timetable, day, stage.notices)
            with measure(f"packing {snapshot} {day_type}"):
                network = build_network(
                    timetable,
                    day,
                    linked.graph,
                    stops=linked.stops,
                    origins=linked.origins,
                    destinations=linked.destinations,
                    settings=settings,
                    horizon_s=get_horizon(project.settings),
                )
            if transit.wheelchair:
                network = restrict_to_accessible(network, timetable, stage.notices)
            with staged_folder(stage.folder / day_type) as folder:
                write_packed(network, folder)
            stage.row_counts[f"connections_{day_type}"] = network.n_connections
            stage.row_counts[f"patterns_{day_type}"] = network.n_patterns
        with staged_folder(stage.folder / "walk_graph") as folder:
            for name in ("indptr", "indices", "length_cm"):
                np.save(folder / f"{name}.npy", getattr(linked.graph, name), allow_pickle=False)
        write_tables(stage, _build_link_tables(linked, timetable, places, days.get("weekday", one.date)))
    return stage


def _lonlat(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return frame["lon"].to_numpy(dtype=float), frame["lat"].to_numpy(dtype=float)


def _check_day(timetable: Timetable, day: date, notices: Notices) -> None:
    if get_trips_on(timetable, day).is_empty():
        notices.add(NO_SERVICE_DAY, value=day.isoformat())
    else:
        note_idle_feeds(timetable, day, notices)


def _note_links(project: Project, linked: LinkedArea, timetable: Timetable, places: Places, stage: StageRun) -> None:
    """Note what could not be joined to the streets; refuse an extract of another region."""
    located = places.small_areas["is_located"].to_numpy()
    joined = linked.origins.vertex >= 0
    stage.facts["small_areas_linked_pct"] = round(100 * float(joined.mean()), 2)
    stage.facts["stops_linked_pct"] = round(100 * float((linked.stops.vertex >= 0).mean()), 2)
    stage.facts["destinations_linked_pct"] = round(100 * float((linked.destinations.vertex >= 0).mean()), 2)
    if not joined.any():
        place = places.small_areas.iloc[0]
        raise InputError(
            f"None of the {len(joined)} small areas can be joined to the streets (for example "
            f"{place['small_area_code']} at {place['lon']:.4f}, {place['lat']:.4f} cannot).",
            file=project.area.get_streets().path,
            field="streets",
            cure="The street extract is of another region, or the coordinates are wrong; give what belongs together.",
        )
    codes = places.neighbourhoods["neighbourhood_code"].tolist()
    with_streets = compute_linked(joined, build_membership(places.small_areas, codes))
    gates, file = project.settings.gates, str(project.area_file)
    pct = check_gate(with_streets, codes, gates, stage.notices, file=file)
    stage.facts["neighbourhoods_linked_pct"] = round(pct, 2)
    for index in np.flatnonzero(located & ~joined):
        code = places.small_areas["small_area_code"].iloc[index]
        detail = describe_link(linked.origin_link_m[index], project.settings.walking.max_link_m)
        line = int(places.small_areas["file_row"].iloc[index])
        stage.notices.add(FAR_PLACE, file=project.area.small_areas.path, row=line, value=code, detail=detail)
    destinations = places.destinations
    for index in np.flatnonzero(destinations["is_located"].to_numpy() & (linked.destinations.vertex < 0)):
        row = destinations.iloc[index]
        stage.notices.add(
            FAR_DESTINATION,
            file=row["file"],
            row=int(row["file_row"]),
            field=row["category"],
            value=row["destination_id"],
            detail=row["name"],
        )
    note_far_stops(linked, timetable, stage.notices)


def _build_link_tables(
    linked: LinkedArea, timetable: Timetable, places: Places, day: date
) -> dict[str, pd.DataFrame | pl.DataFrame]:
    trips = (
        get_trips_on(timetable, day)
        .select("trip_index", "route_index")
        .join(timetable.routes.select("route_index", "mode"), on="route_index")
    )
    calls = timetable.stop_times.select("trip_index", "stop_index").unique().join(trips, on="trip_index")
    by_mode = (
        calls.group_by("stop_index", "mode").len().sort(["stop_index", "len", "mode"], descending=[False, True, False])
    )
    runs = by_mode.group_by("stop_index", maintain_order=True).agg(
        pl.col("mode").first(), pl.col("len").sum().cast(pl.Float64).alias("runs_weekday")
    )
    stops = (
        timetable.stops.with_columns(
            pl.Series("vertex", linked.stops.vertex),
            pl.Series("link_cm", linked.stops.link_cm),
            pl.Series("nearest_street_m", linked.stop_link_m),
        )
        .join(runs, on="stop_index", how="left")
        .with_columns(pl.col("mode").fill_null("other"), pl.col("runs_weekday").fill_null(0.0))
    )
    origins = places.small_areas[["small_area_code"]].assign(
        vertex=linked.origins.vertex, link_cm=linked.origins.link_cm, nearest_street_m=linked.origin_link_m
    )
    destinations = places.destinations[["category", "destination_id"]].assign(
        vertex=linked.destinations.vertex,
        link_cm=linked.destinations.link_cm,
        nearest_street_m=linked.destination_link_m,
    )
    return {"core_network__stop": stops, "core_network__origin": origins, "core_network__destination": destinations}
