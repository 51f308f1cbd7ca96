"""Refresh an area: fetch, decide whether anything that matters is new, register, run, check, publish."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from pipeline.acquire.fetch import Fetcher
from pipeline.acquire.incoming import Incoming
from pipeline.base.errors import GateError, UsageError
from pipeline.base.hashing import hash_value
from pipeline.base.live import is_live
from pipeline.base.load import Project
from pipeline.base.registered import (
    CANDIDATE,
    TRIAL,
    Acceptance,
    HeldRun,
    Registered,
    RegisteredSnapshot,
    get_registered_path,
    read_registered,
)
from pipeline.change.run_sound import SCHEMA
from pipeline.stages.accepted_runs import add_accepted_run, build_accept_run_command
from pipeline.stages.live import build_fetcher, fetch_area
from pipeline.stages.plan import build_plan
from pipeline.stages.refresh_aside import keeping_shared
from pipeline.stages.refresh_candidate import (
    Arrival,
    Judge,
    build_snapshot,
    decide,
    fetch_arrivals,
    get_refresh,
    list_references,
)
from pipeline.stages.refresh_run import (
    CHECKED,
    REST,
    MakeResult,
    Means,
    count_effect,
    find_held_run,
    find_published,
    run_make,
    trying,
)
from pipeline.stages.registered import write_registered
from pipeline.stages.run_gates import forget_held
from pipeline.stages.run_safely import hold_project

_log = logging.getLogger("pipeline")
Ending = Literal["nothing", "published", "done", "held"]


@dataclass(frozen=True)
class Outcome:
    """What a refresh did.

    Attributes
    ----------
    area
        Its name.
    outcome
        ``nothing`` new; ``published``; ``done``: results were brought up to date without another version to publish;
        ``held``.
    snapshot
        The registered snapshot concerned; None for one of the area file.
    n_checked
        Sources that were asked.
    n_withdrawn, n_moved
        What was published: services withdrawn since the snapshot before; neighbourhoods that moved since the last
        version, None where there is none to compare with.
    is_comparable
        Whether the index has the same indicators as in the version before; if not, nobody can say who moved.
    report, change_report
        Pages of the version published last; None where there is none.
    note
        Why it is held, or what else is to be said.
    """

    area: str
    outcome: Ending
    snapshot: str | None = None
    n_checked: int = 0
    n_withdrawn: int | None = None
    n_moved: int | None = None
    report: str | None = None
    change_report: str | None = None
    note: str = ""
    is_comparable: bool = True

    @property
    def exit_code(self) -> int:
        """For the scheduler."""
        return GateError.exit_code if self.outcome == "held" else 0

    def summarise(self) -> str:
        """Say it in one line.

        Returns
        -------
        str
            Such as ``refresh newport: nothing new (checked 2 sources)``.
        """
        start = f"refresh {self.area}: "
        if self.outcome == "nothing":
            note = f"; {self.note}" if self.note else ""
            return f"{start}nothing new (checked {self.n_checked} source{'s' * (self.n_checked != 1)}{note})"
        if self.outcome == "held":
            return f"{start}held: {self.snapshot}: {self.note}"
        if self.outcome == "done":
            return f"{start}brought up to date, nothing new to publish; report {self.report}"
        parts = []
        if self.n_withdrawn is not None:
            parts.append(f"{self.n_withdrawn} service{'s' * (self.n_withdrawn != 1)} withdrawn")
        if self.n_moved is not None:
            parts.append(f"{self.n_moved} neighbourhood{'s' * (self.n_moved != 1)} moved")
        elif not self.is_comparable:
            parts.append("index of other indicators than before")
        told = f" ({', '.join(parts)})" if parts else ""
        return f"{start}published {self.snapshot or 'anew'}{told}; report {self.report}"

    def to_plain(self) -> dict[str, object]:
        """Return it for JSON, with the summary and the exit code."""
        return {**asdict(self), "exit_code": self.exit_code, "summary": self.summarise()}


@dataclass(frozen=True)
class Request:
    """What a refresh is asked to do.

    Attributes
    ----------
    load
        Reads the area anew, as registered snapshots come and go.
    means
        How stages are called.
    fetcher
        Fetches; None: the register's sources, into ``data/raw``.
    now
        The time.
    """

    load: Callable[[], Project]
    means: Means
    fetcher: Fetcher | None = None
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


def refresh_area(request: Request) -> Outcome:
    """Refresh an area, whatever state an earlier refresh left it in.

    Parameters
    ----------
    request
        What to do.

    Returns
    -------
    Outcome
        What was done.

    Raises
    ------
    FetchError
        If a source cannot be fetched; nothing has been changed then.
    InputError
        If what has arrived cannot be read, or is older than what is in use.
    AreaBusyError
        If another run holds the area.
    """
    os.environ.pop(CANDIDATE, None)
    os.environ.pop(TRIAL, None)
    project = request.load()
    get_refresh(project)
    with hold_project(project, what=f"refresh {project.area.name}"):
        references = [text for pair in list_references(project).values() for text in pair if text]
        fetcher = request.fetcher or build_fetcher(text for text in references if is_live(text))
        archive = fetcher.archive
        incoming = Incoming(fetcher, archive.parent / "incoming" / project.area.name)
        arrivals = fetch_arrivals(project, incoming)  # if it fails, what has arrived stays to be resumed
        try:
            return _act(request, project, arrivals, incoming)
        finally:
            incoming.clear()


def _act(request: Request, project: Project, arrivals: list[Arrival], incoming: Incoming) -> Outcome:
    """Do what what has arrived asks for."""
    found = read_registered(project.area_file, area=project.area.name)
    now = request.now()
    judge = Judge(project, now.astimezone(ZoneInfo(project.area.timezone)).date())
    kind, known = decide(arrivals, found, judge)
    n_checked = len(
        {one.fetched.reference for one in arrivals} | {one.naptan.reference for one in arrivals if one.naptan}
    )
    if kind == "held" and known is not None and known.limits not in {"", hash_limits(project)}:
        kind = "resume"  # somebody changed the limits since
    if kind == "held" and known is not None:
        return _tell_held(project, known, n_checked)
    if kind == "nothing":
        return _go_on(request, found, known, n_checked)
    if kind == "resume" and known is not None:
        candidate = known
    else:
        candidate = build_snapshot(arrivals, found, judge, now=now)  # refuses what cannot be one before it is kept
        _warn_of_the_past(candidate, judge.today)
        for arrival in arrivals:
            incoming.keep(arrival.fetched)
            if arrival.naptan is not None:
                incoming.keep(arrival.naptan)
        found = found.supersede(candidate.id, "candidate", "held").replace(candidate)
        write_registered(found, project.area_file)
    return _try(request, project, found, candidate, n_checked)


def _warn_of_the_past(candidate: RegisteredSnapshot, today: dt.date) -> None:
    """Say where a timetable that has arrived is valid no longer: it stands for a day in the past."""
    for feed in candidate.feeds:
        if feed.valid_to < today:
            _log.warning(
                "The timetable '%s' that has arrived ended on %s: %s stands for a day in the past. The publisher may "
                "have put an old file there.",
                feed.key,
                feed.valid_to,
                candidate.id,
            )


def _try(
    request: Request, project: Project, found: Registered, candidate: RegisteredSnapshot, n_checked: int
) -> Outcome:
    """Run a candidate as far as anything can hold it; accept or hold it; publish."""
    fetch_area(project, request.fetcher, is_missing_only=True)  # streets and tables that were never fetched
    held = None
    with keeping_shared(project) as put_back:
        with trying(candidate.id):
            result = run_make(request.load(), CHECKED, request.means)
        if result.exit_code == GateError.exit_code:
            held = _describe_hold(request, project, candidate, result)
        if result.exit_code:
            put_back()
            forget_held(project)  # of the run with the candidate: it is accepted with its snapshot, and not by itself
    if held is not None:
        write_registered(found.replace(held), project.area_file)
        if project.area.snapshots and build_plan(project):  # something was out of date before
            run_make(project, (*CHECKED, *REST), request.means).check()
        return _tell_held(project, held, n_checked)
    result.check()
    note = "held at first, and accepted under other limits" if candidate.state == "held" else candidate.note
    cleared = {"note": note, "losses": "", "held_run": None, "limits": ""}
    accepted = candidate.model_copy(update={"state": "accepted", **cleared})
    write_registered(found.replace(accepted), project.area_file)
    return _publish(request, accepted.id, n_checked)


def _describe_hold(
    request: Request, project: Project, candidate: RegisteredSnapshot, result: MakeResult
) -> RegisteredSnapshot:
    """Describe why a candidate is held, by every gate at once, so that it can be accepted by one command.

    Where its own gate holds it, the gates on whole runs have not been asked yet: it is run on, and not published.
    """
    start = f"The snapshot '{candidate.id}' is held: "
    held_run, losses, parts = find_held_run(project, result.message), "", []
    if result.message.startswith(start):
        losses = result.message.removeprefix(start).rstrip(".")
        parts.append(losses)
        with trying(candidate.id, is_on_trial=True):
            trial = run_make(request.load(), CHECKED, request.means)
        held_run = find_held_run(project, trial.message)
        if trial.exit_code != GateError.exit_code:
            parts.append(f"besides, its run fails with exit code {trial.exit_code}: {trial.message.rstrip('.')}")
    elif held_run is None:
        parts.append(result.message.rstrip("."))
    if held_run is not None:
        reasons = "; ".join(f"{one.gate}: {one.text}" for one in held_run.reasons)
        parts.append(f"its run {held_run.run}: {reasons}")
    update = {"note": "; ".join(parts), "losses": losses, "held_run": held_run, "limits": hash_limits(project)}
    return candidate.model_copy(update={"state": "held", **update})


def hash_limits(project: Project) -> str:
    """Hash the limits of all gates, shortened.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str
        Another one where somebody changed a limit.
    """
    return hash_value(project.settings.gates.model_dump(mode="json"))[:12]


def _go_on(request: Request, found: Registered, known: RegisteredSnapshot | None, n_checked: int) -> Outcome:
    """Nothing new has arrived: finish what an earlier run left unfinished, if anything."""
    project = request.load()
    cleaned = found.supersede("the timetable in use, which arrived again", "candidate", "held")
    note = ""
    if cleaned != found:
        write_registered(cleaned, project.area_file)
        note = "what was held is superseded"
    if not build_plan(project):
        snapshot, report = known.id if known else None, _find_report(project)
        return Outcome(project.area.name, "nothing", snapshot, n_checked, report=report, note=note)
    return _publish(request, known.id if known else None, n_checked)


def _publish(request: Request, snapshot: str | None, n_checked: int) -> Outcome:
    """Bring everything up to date and say what was published."""
    project = request.load()
    fetch_area(project, request.fetcher, is_missing_only=True)
    before = find_published(project)
    result = run_make(project, (*CHECKED, *REST), request.means)
    if find_held_run(project, result.message) is not None:
        raise GateError(
            result.message,
            cure="The report published last stays as it is. Find out why; the reasons stand above and in 'connectivity "
            f"status'. If it is right so: {build_accept_run_command(project)} and then refresh again.",
        )
    result.check()
    latest = project.outputs / "publish" / "latest" / "report"
    name, report = project.area.name, (latest / "index.html").as_posix()
    if find_published(project) == before:
        return Outcome(name, "done", snapshot, n_checked, report=report)
    effect = count_effect(project)
    return Outcome(
        name,
        "published",
        snapshot,
        n_checked,
        effect.n_withdrawn,
        effect.n_moved,
        report,
        change_report=(latest / "change.html").as_posix(),
        is_comparable=effect.is_comparable,
    )


def _tell_held(project: Project, held: RegisteredSnapshot, n_checked: int) -> Outcome:
    return Outcome(project.area.name, "held", held.id, n_checked, report=_find_report(project), note=held.note)


def _find_report(project: Project) -> str | None:
    """Return the report that was published last, None where there is none."""
    latest = project.outputs / "publish" / "latest" / "report" / "index.html"
    return latest.as_posix() if latest.is_file() else None


def accept_snapshot(project: Project, snapshot: str, *, reason: str, by: str, date: dt.date) -> RegisteredSnapshot:
    """Accept a snapshot that is held: the next run uses it.

    Where the gates on whole runs held it, exactly the run that was held is accepted with it, for every reason that was
    found.

    Parameters
    ----------
    project
        The area with its settings.
    snapshot
        Its id.
    reason, by, date
        Published beside what the check found.

    Returns
    -------
    RegisteredSnapshot
        As it stands now.

    Raises
    ------
    UsageError
        If it is not held, its tables do not fit their declarations, or reason or name are empty.
    """
    reason, by = " ".join(reason.split()), " ".join(by.split())
    for option, text in (("--reason", reason), ("--by", by)):
        if not text:
            raise UsageError("Something is accepted by somebody, for a reason.", field=option, cure="Say who and why.")
    with hold_project(project, what=f"accept {project.area.name} {snapshot}"):
        found = read_registered(project.area_file, area=project.area.name)
        known = next((one for one in found.snapshots if one.id == snapshot), None)
        if known is None or known.state != "held":
            held = [one.id for one in found.snapshots if one.state == "held"]
            what = f"is {known.state}" if known else "is not registered"
            raise UsageError(
                f"The snapshot '{snapshot}' cannot be accepted: it {what}.",
                file=get_registered_path(project.area_file),
                cure=f"Held: {', '.join(held)}."
                if held
                else "No registered snapshot is held; one of the area file is accepted there, under accepted:.",
            )
        taken = Acceptance(reason=reason, by=by, date=date)
        new = known.model_copy(update={"state": "accepted"})
        if known.held_run is not None:
            _accept_run(project, known.held_run, reason=reason, by=by, date=date)
        if known.losses or known.held_run is None:
            new = new.model_copy(update={"accepted": taken})
        write_registered(found.replace(new), project.area_file)
    return new


def _accept_run(project: Project, held: HeldRun, *, reason: str, by: str, date: dt.date) -> None:
    """Write down that the held run is accepted, before the snapshot is: stopped between the two, it is still held."""
    if any(one.gate == SCHEMA for one in held.reasons):
        raise UsageError(
            "Tables that do not fit their declarations cannot be accepted.",
            file=get_registered_path(project.area_file),
            field="held_run",
            cure="This is a defect of the program, not of the timetable; please report it.",
        )
    reasons = [one.model_dump() for one in held.reasons]
    add_accepted_run(project, held.run, reasons, reason=reason, by=by, date=str(date))
