"""Stage ``service``: service levels of all snapshots and their change."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import polars as pl

from pipeline.base.area import Snapshot
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, read_manifest, record_stage
from pipeline.base.progress import track
from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import build_covered_levels, build_operators, compute_operator_presence
from pipeline.change.inputs import ServiceFrames
from pipeline.change.levels import compute_service_levels
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from pipeline.change.window28 import choose_service_window
from pipeline.change.window_table import ChosenWindow, build_window_table, note_analysis_dates
from pipeline.change.zones import add_moved_stops, build_zones, compute_stops_in_zones
from pipeline.places.model import Places
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.declared import list_declared
from pipeline.stages.targets import get_days
from pipeline.timetables.model import Timetable
from pipeline.timetables.term_dates import DayKinds, find_default_date


def run(project: Project, snapshot: str | None = None) -> StageRun:
    """Measure service in every neighbourhood's zone, match services, and compare snapshots.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Always None.

    Returns
    -------
    StageRun
        What was done.
    """
    with record_stage(begin(project, "service", snapshot)) as stage:
        area, settings = project.area, project.settings.service
        places = read_places(project)
        zones = build_zones(
            _join_boundaries(places), crs=area.crs, radius_m=settings.zone_radius_m, buffer_m=settings.zone_margin_m
        )
        codes = zones["neighbourhood_code"].tolist()
        kinds = DayKinds.build(area.calendar, area.holidays)
        levels, operators, services, windows = [], [], [], []
        stops = [read_stops_of(project, one.id) for one in area.snapshots]
        in_zones = add_moved_stops([compute_stops_in_zones(zones, frame) for frame in stops], stops)
        for number, one in enumerate(track(area.snapshots, description="service")):
            folder = get_folder(project, "timetables", one.id)
            timetable = Timetable.read(folder / "timetable")
            frames = _get_frames(one.id, timetable)
            window = _choose_window(project, one, timetable, kinds, stage)
            windows.append(window)
            levels.append(
                compute_service_levels(
                    frames,
                    window.window,
                    in_zones[number],
                    neighbourhood_codes=codes,
                    timetable_hash=read_manifest(folder / MANIFEST)["result_hash"],
                )
            )
            operators.append(build_operators(frames, window.window))
            services.append(build_services(frames, window.window))
        declared = list_declared(project)
        presence = compute_operator_presence(operators, [s.id for s in area.snapshots])
        write_tables(
            stage,
            {
                "core_service__zone": zones,
                "out_run__service_window": build_window_table(windows, kinds),
                "out_operator__presence": presence,
                "out_neighbourhood__service_level": build_covered_levels(levels, presence),
                "out_neighbourhood__service_change": compute_service_change(levels, presence, declared=declared),
                "out_service__change": compute_service_changes(services, presence, declared=declared),
            },
        )
    return stage


def _choose_window(
    project: Project, snapshot: Snapshot, timetable: Timetable, kinds: DayKinds, stage: StageRun
) -> ChosenWindow:
    """Choose the 28 days of a snapshot and check its days of analysis."""
    dates = (
        timetable.trips.select("feed", "service_index")
        .unique()
        .join(timetable.service_dates.select("service_index", "date"), on="service_index")
    )
    extracted = {
        feed: date.fromisoformat(str(about["extraction_date"]))
        for feed, about in timetable.feeds.items()
        if about.get("extraction_date")
    }
    window = choose_service_window(
        dates,
        snapshot_date=snapshot.date,
        kinds=kinds,
        extracted=extracted,
        max_shift_weeks=project.area.calendar.max_shift_weeks,
        notices=stage.notices,
    )
    windows_of = {w.day_type for w in project.settings.windows.values()}
    days = {str(name): day for name, day in get_days(snapshot).items() if name in windows_of}
    note_analysis_dates(snapshot.id, days, kinds, stage.notices)
    default = find_default_date(dates.select("feed", "date").unique(), kinds=kinds)
    return ChosenWindow(snapshot.id, snapshot.date, window, default)


def read_stops_of(project: Project, snapshot: str) -> pl.DataFrame:
    """Read the stops of one snapshot, without the rest of its timetable.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id.

    Returns
    -------
    polars.DataFrame
        ``core_timetable__stops``.
    """
    return pl.read_parquet(get_folder(project, "timetables", snapshot) / "timetable" / "core_timetable__stops.parquet")


def _join_boundaries(places: Places) -> gpd.GeoDataFrame:
    columns = ["neighbourhood_code", "lon", "lat"]
    frame = places.neighbourhoods[columns].merge(
        places.boundaries[["neighbourhood_code", "geometry"]], on="neighbourhood_code", how="left"
    )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def _get_frames(snapshot: str, timetable: Timetable) -> ServiceFrames:
    return ServiceFrames(
        snapshot=snapshot,
        stops=timetable.stops,
        routes=timetable.routes,
        service_dates=timetable.service_dates,
        trips=timetable.trips,
        stop_times=timetable.stop_times,
    )
