"""The part of ``connectivity doctor --area`` that looks at the inputs of an area."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.acquire.sources import parse_reference, read_sources
from pipeline.base.area import Feed, Snapshot
from pipeline.base.errors import PipelineError
from pipeline.base.live import is_live
from pipeline.base.load import Project
from pipeline.base.notices import Notices
from pipeline.cli.doctor import Check
from pipeline.places.read_points import get_crs
from pipeline.stages.targets import get_days, list_inputs
from pipeline.timetables.calendars import read_service_dates
from pipeline.timetables.gtfs_files import open_container
from pipeline.timetables.read_any import find_format


def check_inputs(project: Project) -> list[Check]:
    """Check the inputs that an area names.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of Check
        One for each problem, or one that says that all is well.
    """
    found = [*_check_files(project), *_check_keys(project), *_check_systems(project), *_check_days(project)]
    return found or [Check("inputs", "ok", f"all {len(list_inputs(project))} inputs are there and have service")]


def _check_files(project: Project) -> list[Check]:
    found = []
    for path, full in dict.fromkeys((path, full) for _, path, full, _ in list_inputs(project)):
        if is_live(path):
            if not full.exists():
                cure = f"Run: make fetch AREA={project.area.name}"
                found.append(Check(f"input {path}", "bad", f"{path} has not been fetched", cure))
        elif not full.exists():
            found.append(Check(f"input {path}", "bad", f"{full} does not exist", "Check the path and DATA=."))
        elif not os.access(full, os.R_OK):
            found.append(Check(f"input {path}", "bad", f"{full} cannot be read", "Give yourself the right to read it."))
    return found


def _check_keys(project: Project) -> list[Check]:
    live = dict.fromkeys(path for _, path, _, _ in list_inputs(project) if is_live(path))
    sources = read_sources() if live else {}
    found = []
    for text in live:
        try:
            source = parse_reference(text, sources).source
        except PipelineError as error:
            found.append(Check(f"source {text}", "bad", error.what, error.cure or "See config/sources.csv."))
            continue
        if source.is_key_needed and not os.environ.get(source.key_variable, "").strip():
            cure = f"export {source.key_variable}=<your key>; {source.docs or 'docs/sources/README.md'} says how."
            found.append(Check(f"key {source.name}", "bad", f"the source {source.name} needs a key", cure))
    return found


def _check_systems(project: Project) -> list[Check]:
    area = project.area
    systems = [area.crs, area.small_areas.crs, *(d.crs for d in area.destinations)]
    found = []
    for text in dict.fromkeys(s for s in systems if s):
        try:
            is_good = get_crs(text).is_projected or text != area.crs
        except PipelineError as error:
            found.append(Check(f"crs {text}", "bad", error.what, error.cure or "Use an EPSG code."))
            continue
        if not is_good:
            cure = "Use a projected system, such as EPSG:27700 in Great Britain."
            found.append(Check(f"crs {text}", "bad", f"the area's crs {text} is in degrees, not in metres", cure))
    return found


def _check_days(project: Project) -> list[Check]:
    found = []
    for snapshot in project.area.snapshots:
        for feed in snapshot.feeds:
            path = project.resolve(feed.path)
            if path.exists():
                found += _check_feed(snapshot, feed, path)
    return found


def _check_feed(snapshot: Snapshot, feed: Feed, path: Path) -> list[Check]:
    """Check that a GTFS feed has service on the days of its snapshot; other formats are only recognised."""
    name = f"timetable {snapshot.id} {feed.key}"
    try:
        if (find_format(path) if feed.format == "auto" else feed.format) != "gtfs":
            return []
        notices = Notices()
        with open_container(path, notices) as container:
            dates, _ = read_service_dates(container, notices)
    except PipelineError as error:
        return [Check(name, "bad", error.what, error.cure or "Fetch the timetable again.")]
    days = set(dates["date"].to_list())
    weekday = get_days(snapshot)["weekday"]
    if weekday in days:
        return []
    span = f"{min(days)} to {max(days)}" if days else "no day at all"
    text = f"{feed.path} has no service on {weekday}, the date of snapshot {snapshot.id}; it holds for {span}"
    return [Check(name, "bad", text, "Choose a date within, or another timetable.")]
