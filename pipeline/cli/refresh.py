"""``connectivity refresh`` and ``connectivity accept``."""

from __future__ import annotations

import datetime as dt
import json
import os
import shlex
from pathlib import Path

import typer

from pipeline.acquire.fetch import Fetcher
from pipeline.base.cells import make_printable
from pipeline.base.errors import GateError, PipelineError
from pipeline.base.load import find_area_file, load_project
from pipeline.base.registered import build_accept_command
from pipeline.cli.failures import describe_failure
from pipeline.stages.refresh import Outcome, Request, accept_snapshot, refresh_area
from pipeline.stages.refresh_run import Means


def run_refresh(
    area: str,
    *,
    data: str | None = None,
    config: str | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    is_json: bool = False,
    fetcher: Fetcher | None = None,
    now: dt.datetime | None = None,
) -> None:
    """Refresh an area and print one line for the scheduler, whatever happens.

    Parameters
    ----------
    area, data, config
        As for every command on an area.
    workers, cluster
        With what the stages that work in shards do so.
    is_json
        Print one JSON object instead.
    fetcher, now
        Another fetcher and another time, for tests.

    Raises
    ------
    PipelineError
        What went wrong; a :class:`GateError` where the new snapshot is held.
    """
    pairs = (("--area", area), ("--data", data), ("--config", config))
    options = tuple(part for name, value in pairs if value for part in (name, value))
    shared = (("--cluster", cluster), ("--workers", workers))
    sharded = shlex.join(part for name, value in shared if value for part in (name, str(value)))
    jobs = os.environ.get("CONNECTIVITY_JOBS", "")
    request = Request(
        load=lambda: load_project(area, config=config, data=data),
        means=Means(options, sharded, jobs=int(jobs) if jobs.isdigit() and int(jobs) else 2),
        fetcher=fetcher,
        now=(lambda: now) if now else lambda: dt.datetime.now(dt.UTC),
    )
    try:
        done = refresh_area(request)
    except (Exception, KeyboardInterrupt) as error:
        shown = error if isinstance(error, PipelineError) else describe_failure(error)[0]
        _print(_describe_failure(area, shown.what, shown.exit_code), is_json=is_json)
        raise
    _print(done.to_plain(), is_json=is_json)
    if done.outcome == "held":
        raise _explain_hold(area, done)


def _print(content: dict[str, object], *, is_json: bool) -> None:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True) if is_json else str(content["summary"])
    typer.echo(make_printable(text))


def _describe_failure(area: str, what: str, exit_code: int) -> dict[str, object]:
    area = Path(area).stem if area.endswith((".yaml", ".yml")) else area
    summary = f"refresh {area}: failed with exit code {exit_code}: {' '.join(what.split())}"
    return {"area": area, "outcome": "failed", "exit_code": exit_code, "summary": summary}


def _explain_hold(area: str, done: Outcome) -> GateError:
    command = build_accept_command(find_area_file(area), str(done.snapshot))
    kept = "The report published last stays as it is. " if done.report else ""
    return GateError(
        f"The snapshot '{done.snapshot}' is held: {done.note}.",
        cure=f"{kept}Find out whether timetables are missing; a later good timetable takes its place by itself. "
        f"If it is right so, or known: {command} and then refresh again.",
    )


def run_accept(
    area: str, snapshot: str, *, reason: str, by: str, data: str | None = None, config: str | None = None
) -> str:
    """Accept a held snapshot.

    Parameters
    ----------
    area, data, config
        As for every command on an area.
    snapshot
        Its id.
    reason, by
        Why, and who says so.

    Returns
    -------
    str
        What to do next.
    """
    project = load_project(area, config=config, data=data)
    today = dt.datetime.now(dt.UTC).date()
    done = accept_snapshot(project, snapshot, reason=reason, by=by, date=today)
    return (
        f"Accepted: {done.id} of {project.area.name}. The next run uses it: make refresh AREA={area} (or wait for the "
        f"schedule)."
    )
