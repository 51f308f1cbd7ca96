"""Stage ``service``: service levels of all snapshots and their change."""

from __future__ import annotations

import geopandas as gpd
import polars as pl

from pipeline.base.load import Project
from pipeline.base.manifest import MANIFEST, StageRun, read_manifest, record_stage
from pipeline.base.progress import track
from pipeline.change.compare import compute_service_change
from pipeline.change.coverage import (
    DeclaredCoverage,
    build_covered_levels,
    build_operators,
    compute_operator_presence,
)
from pipeline.change.daytime import compute_daytime_means
from pipeline.change.gate import (
    build_feed_validity,
    check_snapshot_gates,
    compute_operator_coverage,
    compute_snapshot_gates,
    list_system_totals,
)
from pipeline.change.inputs import ServiceFrames
from pipeline.change.levels import compute_service_levels, compute_system_totals
from pipeline.change.school import compute_school_runs, find_school_services
from pipeline.change.service_change import compute_service_changes
from pipeline.change.services import build_services
from pipeline.change.window28 import choose_service_window
from pipeline.change.zones import build_zones, compute_stops_in_zones
from pipeline.places.model import Places
from pipeline.stages.common import begin, get_folder, read_places, write_tables
from pipeline.stages.series import build_series_tables
from pipeline.timetables.model import Timetable


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
        codes = zones["neighbourhood_code"].tolist()
        levels, operators, services, totals, validity = [], [], [], [], []
        school, school_runs = [], []
        for one in track(area.snapshots, description="service"):
            folder = get_folder(project, "timetables", one.id)
            timetable = Timetable.read(folder / "timetable")
            frames = _get_frames(one.id, timetable)
            window = choose_service_window(
                timetable.trips.select("feed", "service_index")
                .unique()
                .join(timetable.service_dates.select("service_index", "date"), on="service_index"),
                snapshot_date=one.date,
                holidays=area.holidays,
                notices=stage.notices,
            )
            in_zones = compute_stops_in_zones(zones, timetable.stops)
            school.append(find_school_services(frames))
            school_runs.append(compute_school_runs(frames, window, in_zones, school[-1], neighbourhood_codes=codes))
            levels.append(
                compute_service_levels(
                    frames,
                    window,
                    in_zones,
                    neighbourhood_codes=codes,
                    timetable_hash=read_manifest(folder / MANIFEST)["result_hash"],
                )
            )
            operators.append(build_operators(frames, window))
            services.append(build_services(frames, window))
            totals.append(compute_system_totals(frames, window))
            validity.append(build_feed_validity(frames, window))
        declared = [
            DeclaredCoverage(
                snapshot_from=pair.earlier,
                snapshot_to=pair.later,
                is_comparable=False,
                reason=pair.reason,
                comparable_operators=tuple(pair.comparable_operators),
            )
            for pair in area.not_comparable
        ]
        snapshots = [s.id for s in area.snapshots]
        presence = compute_operator_presence(operators, snapshots)
        gates = project.settings.gates
        held = compute_snapshot_gates(presence, pl.concat(totals), levels, gates=gates, accepted=area.accepted)
        check_snapshot_gates(held, gates=gates, area_file=str(project.area_file))
        covered = build_covered_levels(levels, presence)
        write_tables(
            stage,
            {
                "core_service__zone": zones,
                "out_operator__presence": presence,
                "out_operator__coverage": compute_operator_coverage(levels, presence, declared=declared),
                "out_feed__validity": pl.concat(validity),
                "out_snapshot__gate": held,
                "out_system__total": list_system_totals(totals),
                "out_service__school": pl.concat(school),
                "out_neighbourhood__school_runs": pl.concat(school_runs),
                "out_neighbourhood__service_level": covered,
                "out_neighbourhood__service_daytime": compute_daytime_means(covered),
                "out_neighbourhood__service_change": compute_service_change(levels, presence, declared=declared),
                "out_service__change": compute_service_changes(services, presence, declared=declared),
            },
        )
    return stage


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
