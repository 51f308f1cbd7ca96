"""Stage ``timetables``: read the timetables of one snapshot into one model."""

from __future__ import annotations

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.progress import measure
from pipeline.stages.common import begin
from pipeline.stages.targets import get_days
from pipeline.timetables.calendars import check_has_service, count_trips_by_date
from pipeline.timetables.duplicates import remove_duplicate_trips
from pipeline.timetables.fingerprint import compute_fingerprint
from pipeline.timetables.read_gtfs import read_timetable


def run(project: Project, snapshot: str | None) -> StageRun:
    """Read, check and store the timetables of one snapshot.

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
        If a timetable cannot be used or has no service on the snapshot's date.
    """
    with record_stage(begin(project, "timetables", snapshot)) as stage:
        one = next(s for s in project.area.snapshots if s.id == snapshot)
        for feed in one.feeds:
            about = {"licence": feed.licence, "attribution": feed.attribution, "vintage": feed.vintage}
            stage.add_input(f"timetable {feed.key}", feed.path, project.resolve(feed.path), **about)
        paths = {feed.key: project.resolve(feed.path) for feed in one.feeds}
        with measure(f"reading timetables {snapshot}"):
            timetable = remove_duplicate_trips(read_timetable(paths, notices=stage.notices), notices=stage.notices)
        check_has_service(timetable, get_days(one)["weekday"])
        timetable.write(stage.folder / "timetable")
        counts = count_trips_by_date(timetable)
        stage.facts["fingerprint"] = compute_fingerprint(timetable)
        stage.facts["trips_by_date"] = {str(date): int(n) for date, n in counts.iter_rows()}
        for name in ("stops", "routes", "service_dates", "trips", "stop_times", "transfers"):
            stage.row_counts[f"core_timetable__{name}"] = getattr(timetable, name).height
    return stage
