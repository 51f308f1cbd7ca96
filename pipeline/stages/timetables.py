"""Stage ``timetables``: read the timetables of one snapshot into one model."""

from __future__ import annotations

from pipeline.base.load import Project
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.progress import measure
from pipeline.stages.common import begin, write_tables
from pipeline.stages.targets import get_days
from pipeline.timetables.calendars import check_has_service, count_trips_by_date
from pipeline.timetables.fingerprint import compute_fingerprint
from pipeline.timetables.near_duplicates import settle_duplicates
from pipeline.timetables.plausibility import check_plausibility
from pipeline.timetables.read_any import FeedSource, read_timetable

N_PROCESSES = 2


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
            if feed.naptan is not None:
                about = {"licence": feed.naptan.licence, "attribution": feed.naptan.attribution}
                about["vintage"] = feed.naptan.vintage
                stage.add_input(f"NaPTAN {feed.key}", feed.naptan.path, project.resolve(feed.naptan.path), **about)
        feeds = {
            feed.key: FeedSource(
                project.resolve(feed.path),
                None if feed.format == "auto" else feed.format,
                project.resolve(feed.naptan.path) if feed.naptan else None,
                feed.nation,
            )
            for feed in one.feeds
        }
        with measure(f"reading timetables {snapshot}"):
            read = read_timetable(feeds, notices=stage.notices, as_of=one.date, n_processes=N_PROCESSES)
            timetable, duplicates = settle_duplicates(read, one.duplicates, stage.notices)
        check_plausibility(timetable, stage.notices)
        stage.facts["formats"] = {key: str(about["format"]) for key, about in sorted(timetable.feeds.items())}
        check_has_service(timetable, get_days(one)["weekday"])
        timetable.write(stage.folder / "timetable")
        write_tables(stage, {"core_timetable__duplicates": duplicates})
        counts = count_trips_by_date(timetable)
        stage.facts["fingerprint"] = compute_fingerprint(timetable)
        stage.facts["trips_by_date"] = {str(date): int(n) for date, n in counts.iter_rows()}
        for name in ("stops", "routes", "service_dates", "trips", "stop_times", "transfers"):
            stage.row_counts[f"core_timetable__{name}"] = getattr(timetable, name).height
    return stage
