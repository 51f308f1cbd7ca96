"""``connectivity accept-run``: let exactly the run that is held pass the gates, with a reason that is published."""

from __future__ import annotations

import datetime as dt

from pipeline.base.errors import UsageError
from pipeline.base.load import Project
from pipeline.base.registered import build_accept_command, read_registered
from pipeline.change.run_sound import SCHEMA
from pipeline.stages.accepted_runs import add_accepted_run, build_accept_run_command, name_area
from pipeline.stages.run_gates import find_held


def accept_run(project: Project, *, reason: str, by: str, date: dt.date, run: str | None = None) -> str:
    """Write into the reviewed file that a held run is accepted.

    Parameters
    ----------
    project
        The area with its settings.
    reason, by, date
        Why, by whom and when; published with the run.
    run
        Hash of the run meant; None: the one that is held.

    Returns
    -------
    str
        What to tell: the file, what was accepted, what to do next.

    Raises
    ------
    UsageError
        If no run is held, another one is, it cannot be accepted, or reason or name are empty.
    """
    plain = {"--reason": " ".join(reason.split()), "--by": " ".join(by.split())}
    for option, text in plain.items():
        if not text:
            raise UsageError("A run is accepted by somebody, for a reason.", field=option, cure="Say who and why.")
    held = find_held(project)
    if held is None:
        raise UsageError(
            f"No run of '{project.area.name}' is held.", field="AREA", cure="Run 'make all'; a held run says so."
        )
    if run is not None and run != held["run"]:
        raise UsageError(f"The run that is held is {held['run']}, not {run}.", field="--run", cure="Look at it first.")
    if any(each["gate"] == SCHEMA for each in held["reasons"]):
        raise UsageError(
            "Tables that do not fit their declarations cannot be accepted.", field="AREA", cure="Report the defect."
        )
    path = add_accepted_run(
        project, held["run"], held["reasons"], reason=plain["--reason"], by=plain["--by"], date=str(date)
    )
    lines = [f"Accepted for run {held['run']}, in {path}:"]
    lines += [f"  {each['gate']}: {each['text']}" for each in held["reasons"]]
    lines.append(f"Review and commit the file; then: make all AREA={name_area(project)}")
    return "\n".join(lines)


def describe_held(project: Project) -> str:
    """Say that a run or a registered snapshot is held, and why.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str
        Lines for ``status``; empty where nothing is held.
    """
    return "\n".join([*_describe_snapshot(project), *_describe_run(project)])


def _describe_snapshot(project: Project) -> list[str]:
    held = None
    if project.area.refresh is not None:
        held = read_registered(project.area_file, area=project.area.name).find("held")
    if held is None:
        return []
    return [
        f"The registered timetable {held.id} is held; what is published is the last good one. Why: {held.note}.",
        f"To accept it: {build_accept_command(project.area_file, held.id)}",
    ]


def _describe_run(project: Project) -> list[str]:
    held = find_held(project)
    if held is None:
        return []
    lines = [f"The run {held['run']} is held; tables, report and what is published are the last good ones. Why:"]
    lines += [f"  {e['gate']}: {e['text']}; found {e['value']:g}, limit {e['limit']:g}" for e in held["reasons"]]
    return [*lines, f"To accept it: {build_accept_run_command(project)}"]
