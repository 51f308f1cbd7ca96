"""Stage ``service``: service levels of all snapshots and their change."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import geopandas as gpd
import polars as pl

from pipeline.base.area import Snapshot
from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, read_manifest, record_stage
from pipeline.base.notices import Notices
from pipeline.base.progress import track
from pipeline.base.registered import list_accept_commands
from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import build_covered_levels, build_operators, compute_operator_presence
from pipeline.change.daytime import compute_daytime_means
from pipeline.change.gate import (
    build_feed_validity,
    check_snapshot_gates,
    compute_operator_coverage,
    compute_snapshot_gates,
    list_system_totals,
)
from pipeline.change.group_change import compute_group_service_change
from pipeline.change.inputs import ServiceFrames
from pipeline.change.levels import compute_service_levels, compute_system_totals
from pipeline.change.school import compute_school_runs, find_school_services
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from pipeline.change.window28 import ServiceWindow, choose_service_window
from pipeline.change.window_table import ChosenWindow, build_window_table, note_analysis_dates
from pipeline.change.zones import add_moved_stops, build_zones, compute_stops_in_zones
from pipeline.places.model import Places
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.declared import list_declared
from pipeline.stages.series import build_series_tables
from pipeline.stages.targets import get_days
from pipeline.timetables.calendars import list_service_days
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
        if area.series is not None:
            write_tables(stage, build_series_tables(project, area.series, places, stage))
            return stage
        zones = build_zones(
            _join_boundaries(places), crs=area.crs, radius_m=settings.zone_radius_m, buffer_m=settings.zone_margin_m
        )
        kinds = DayKinds.build(area.calendar, area.holidays)
        found: dict[str, list[Any]] = defaultdict(list)
        stops = [read_stops_of(project, one.id) for one in area.snapshots]
        in_zones = add_moved_stops([compute_stops_in_zones(zones, frame) for frame in stops], stops)
        codes = zones["neighbourhood_code"].tolist()
        for number, one in enumerate(track(area.snapshots, description="service")):
            measured = _measure(project, one, in_zones[number], codes, kinds, stage)
            for name, part in measured.items():
                found[name].append(part)
        compared = _compare(project, found, kinds)
        compared["out_group__service_change"] = compute_group_service_change(
            compared["out_neighbourhood__service_level"],
            compared["out_neighbourhood__service_change"],
            pl.from_pandas(places.neighbourhoods[["neighbourhood_code", "area_group", "population"]]),
            snapshots=[s.id for s in area.snapshots],
        )
        write_tables(stage, {"core_service__zone": zones, **compared})
    return stage


def _measure(
    project: Project, one: Snapshot, in_zones: pl.DataFrame, codes: list[str], kinds: DayKinds, stage: StageRun
) -> dict[str, Any]:
    """Measure the service of one snapshot."""
    folder = get_folder(project, "timetables", one.id)
    timetable = Timetable.read(folder / "timetable")
    frames = get_frames(one.id, timetable)
    chosen = _choose_window(project, one, timetable, kinds, stage)
    window = chosen.window
    school = find_school_services(frames)
    return {
        "windows": chosen,
        "levels": compute_service_levels(
            frames,
            window,
            in_zones,
            neighbourhood_codes=codes,
            timetable_hash=read_manifest(folder / MANIFEST)["result_hash"],
        ),
        "operators": build_operators(frames, window),
        "services": build_services(frames, window),
        "totals": compute_system_totals(frames, window),
        "validity": build_feed_validity(frames, window),
        "school": school,
        "school_runs": compute_school_runs(frames, window, in_zones, school, neighbourhood_codes=codes),
    }


def _compare(project: Project, found: dict[str, list[Any]], kinds: DayKinds) -> dict[str, pl.DataFrame]:
    """Set the snapshots side by side; a snapshot that lost too much stops the run here."""
    levels, declared = found["levels"], list_declared(project)
    presence = compute_operator_presence(found["operators"], [s.id for s in project.area.snapshots])
    gates = project.settings.gates
    held = compute_snapshot_gates(
        presence, pl.concat(found["totals"]), levels, gates=gates, accepted=project.area.accepted
    )
    check_snapshot_gates(
        held,
        gates=gates,
        area_file=str(project.area_file),
        commands=list_accept_commands(project.area, project.area_file),
    )
    covered = build_covered_levels(levels, presence)
    return {
        "out_run__service_window": build_window_table(found["windows"], kinds),
        "out_operator__presence": presence,
        "out_operator__coverage": compute_operator_coverage(levels, presence, declared=declared),
        "out_feed__validity": pl.concat(found["validity"]),
        "out_snapshot__gate": held,
        "out_system__total": list_system_totals(found["totals"]),
        "out_service__school": pl.concat(found["school"]),
        "out_neighbourhood__school_runs": pl.concat(found["school_runs"]),
        "out_neighbourhood__service_level": covered,
        "out_neighbourhood__service_daytime": compute_daytime_means(covered),
        "out_neighbourhood__service_change": compute_service_change(levels, presence, declared=declared),
        "out_service__change": compute_service_changes(found["services"], presence, declared=declared),
    }


def _choose_window(
    project: Project, snapshot: Snapshot, timetable: Timetable, kinds: DayKinds, stage: StageRun
) -> ChosenWindow:
    """Choose the 28 days of a snapshot and check its days of analysis."""
    window = choose_window_of(
        timetable,
        snapshot.date,
        kinds=kinds,
        max_shift_weeks=project.area.calendar.max_shift_weeks,
        notices=stage.notices,
    )
    windows_of = {w.day_type for w in project.settings.windows.values()}
    days = {str(name): day for name, day in get_days(snapshot).items() if name in windows_of}
    note_analysis_dates(snapshot.id, days, kinds, stage.notices)
    dates = list_service_days(timetable)
    default = find_default_date(dates.select("feed", "date").unique(), kinds=kinds)
    return ChosenWindow(snapshot.id, snapshot.date, window, default)


def choose_window_of(
    timetable: Timetable, day: date, *, kinds: DayKinds, max_shift_weeks: int = 0, notices: Notices
) -> ServiceWindow:
    """Choose the 28 days over which the service of a timetable is counted.

    Parameters
    ----------
    timetable
        The timetable.
    day
        Date of the snapshot.
    kinds
        What is known of public holidays and school terms.
    max_shift_weeks
        Weeks that the days may lie off `day` to keep out of holidays.
    notices
        Collector.

    Returns
    -------
    ServiceWindow
        The days; see :func:`pipeline.change.window28.choose_service_window`.
    """
    extracted = {
        feed: date.fromisoformat(str(about["extraction_date"]))
        for feed, about in timetable.feeds.items()
        if about.get("extraction_date")
    }
    return choose_service_window(
        list_service_days(timetable),
        snapshot_date=day,
        kinds=kinds,
        extracted=extracted,
        max_shift_weeks=max_shift_weeks,
        notices=notices,
    )


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


def get_frames(snapshot: str, timetable: Timetable) -> ServiceFrames:
    """Take from a timetable what service levels are counted from.

    Parameters
    ----------
    snapshot
        Its name.
    timetable
        The timetable, free of duplicate trips.

    Returns
    -------
    ServiceFrames
        Its tables.
    """
    return ServiceFrames(
        snapshot=snapshot,
        stops=timetable.stops,
        routes=timetable.routes,
        service_dates=timetable.service_dates,
        trips=timetable.trips,
        stop_times=timetable.stop_times,
    )
