"""Run what depends on a new snapshot, by the same rules as make, and count what came of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pipeline.base.errors import (
    ConfigError,
    FetchError,
    GateError,
    InputError,
    PipelineError,
    StoppedError,
    UsageError,
)
from pipeline.base.load import ROOT, Project
from pipeline.base.manifest import MANIFEST
from pipeline.base.registered import CANDIDATE, TRIAL, HeldRun
from pipeline.report.change import ChangeReport, compute_moves, is_index_comparable
from pipeline.stages.forecast import check_room
from pipeline.stages.plan import build_plan, write_rules
from pipeline.stages.publish import find_before, read_history
from pipeline.stages.published_change import read_tables
from pipeline.stages.report import build_context
from pipeline.stages.run_gates import find_held
from pipeline.stages.targets import build_targets

CHECKED: Final = ("scores",)
"""Stages after which nothing can be held any more; all that they need runs before them."""
REST: Final = ("fetch", "report", "publish")
_FAILED = re.compile(r"^make(?:\[\d+\])?: \*\*\* \[[^\]]*\] \D*?(\d+)\s*$")
_ERRORS: Final = {
    one.exit_code: one for one in (UsageError, ConfigError, InputError, FetchError, GateError, StoppedError)
}


@dataclass(frozen=True)
class Means:
    """How stages are called: options that name the area, those of stages that work in shards; how many run at once."""

    options: tuple[str, ...]
    sharded: str = ""
    jobs: int = 2


@dataclass(frozen=True)
class MakeResult:
    """How make ended: the exit code of the stage that failed (0: none did), and its message."""

    exit_code: int
    message: str

    def check(self) -> None:
        """Raise the error of the stage that failed, with its exit code."""
        if self.exit_code:
            kind = _ERRORS.get(self.exit_code, PipelineError)
            raise kind(
                self.message or f"A stage ended with {self.exit_code}.",
                cure="The stage's own message stands above. What is done is kept; the next refresh goes on from there.",
            )


@contextmanager
def trying(snapshot: str, *, is_on_trial: bool = False) -> Iterator[None]:
    """Let this process and those that it starts take in a registered snapshot that is not accepted yet.

    Parameters
    ----------
    snapshot
        Its id.
    is_on_trial
        Go on past the gate on the snapshot, to learn what the gates on its run say; nothing is published then.
    """
    os.environ[CANDIDATE] = snapshot
    if is_on_trial:
        os.environ[TRIAL] = "1"
    try:
        yield
    finally:
        del os.environ[CANDIDATE]
        os.environ.pop(TRIAL, None)


def run_make(project: Project, stages: tuple[str, ...], means: Means) -> MakeResult:
    """Bring stages of an area up to date through make; what they say goes to standard error.

    Parameters
    ----------
    project
        The area with its settings.
    stages
        Names of stages that work on all snapshots.
    means
        How they are called.

    Returns
    -------
    MakeResult
        How it ended.
    """
    check_room(project, [step.name for step in build_plan(project)], n_jobs=means.jobs)
    command = f"{shlex.quote(sys.executable)} -m pipeline"
    rules = write_rules(project, command=command, options=shlex.join(means.options), means=means.sharded)
    targets = build_targets(project)
    setpriv = shutil.which("setpriv")  # make ends with this process, so that a killed refresh leaves no stage at work
    call = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    call += ["make", "--no-print-directory", "--no-builtin-rules", f"-j{means.jobs}", "-f", str(rules)]
    dropped = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment |= {"PYTHONPATH": os.pathsep.join(paths)}
    lines = []
    with subprocess.Popen(  # noqa: S603 (the command is our own)
        [*call, *(str(targets[stage].manifest) for stage in stages)],
        env=environment,
        stdout=sys.stderr.fileno() if _has_descriptor() else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stderr or ():
            sys.stderr.write(line)
            lines.append(line.rstrip("\n"))
    status = process.returncode
    codes = [int(found.group(1)) for line in lines if (found := _FAILED.match(line))]
    if not status:
        return MakeResult(0, "")
    code = next((code for code in codes if code != GateError.exit_code), codes[0] if codes else 1)
    return MakeResult(code, _find_message(lines))


def _has_descriptor() -> bool:
    """Tell whether standard error is a file that a process can be given; in some tests it is not."""
    try:
        return sys.stderr.fileno() >= 0
    except (OSError, ValueError):
        return False


def _find_message(lines: list[str]) -> str:
    """Return what the stage that failed said went wrong, without place and cure."""
    for line in lines:
        if line.startswith(("error: ", "stopped: ")):
            return line.split(": ", 1)[1]
    return ""


def find_held_run(project: Project, message: str) -> HeldRun | None:
    """Return the run that the gates on whole runs have just held, None if it was not they.

    Parameters
    ----------
    project
        The area with its settings.
    message
        Of the stage that failed.

    Returns
    -------
    HeldRun or None
        With every reason. The note of a run that was held earlier does not count.
    """
    held = find_held(project)
    if held is None or not message.startswith(f"The run {held['run']} is held "):
        return None
    return HeldRun(run=held["run"], reasons=held["reasons"])


def find_published(project: Project) -> str | None:
    """Return the version of an area that was published last, None if none was.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    str or None
        Name of its folder.
    """
    folder = project.outputs / "publish"
    if not (folder / MANIFEST).is_file():
        return None
    history = read_history(folder)
    return history[-1]["version"] if history else None


@dataclass(frozen=True)
class Effect:
    """What the version published last says of the change: services withdrawn, neighbourhoods moved (None: no pair).

    Nor are neighbourhoods counted where the index has other indicators than before: ``is_comparable`` is False then.
    """

    n_withdrawn: int | None
    n_moved: int | None
    is_comparable: bool = True


def count_effect(project: Project) -> Effect:
    """Count what changed with the version published last.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    Effect
        Services withdrawn between the last two snapshots, and neighbourhoods whose index moved between the last two
        versions by at least ``publish.min_move_points``.
    """
    folder = project.outputs / "publish"
    history = read_history(folder)
    after = read_tables(folder / history[-1]["version"] / "tables")
    ids = [one.id for one in project.area.snapshots]
    changes = after.get("out_service__change")
    n_withdrawn = None
    if changes is not None and len(ids) > 1:
        pair = changes[(changes["snapshot_from"] == ids[-2]) & (changes["snapshot_to"] == ids[-1])]
        n_withdrawn = int((pair["status"] == "withdrawn").sum())
    before = find_before(history[:-1], folder, history[-1]["tables"])
    if before is None:
        return Effect(n_withdrawn, None)
    report = ChangeReport(
        read_tables(before / "tables"), after, build_context(project), project.settings.publish.min_move_points
    )
    if not is_index_comparable(report):
        return Effect(n_withdrawn, None, is_comparable=False)
    return Effect(n_withdrawn, len(compute_moves(report)))
