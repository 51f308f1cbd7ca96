"""``connectivity hold``: what ``make`` calls to run a target while no other run is at work on the area."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from types import FrameType

import typer

from pipeline.base.errors import StoppedError
from pipeline.base.load import Project
from pipeline.stages.forecast import check_room
from pipeline.stages.plan import build_plan, write_rules
from pipeline.stages.run_safely import hold_project

HELD = "CONNECTIVITY_HELD"
"""Set for what a held run starts: whoever holds the area says how to go on after Ctrl-C, once for all stages."""
LONG_RUN = 3
"""With more steps than so many, make says beforehand what is to be done."""


def run_held(
    project: Project,
    command_line: Sequence[str],
    *,
    what: str,
    command: str,
    options: str,
    means: str,
    is_told: bool,
    again: str = "",
) -> None:
    """Hold an area, write its rules, and call make with them.

    Parameters
    ----------
    project
        The area with its settings.
    command_line
        The call of make; ``HELD_RULES=`` is added to it.
    what
        The command as given by the user.
    command, options, means
        For :func:`pipeline.stages.plan.write_rules`.
    is_told
        Say beforehand what a long run will do.
    again
        The command that goes on after Ctrl-C; `what` if empty.

    Raises
    ------
    StoppedError
        If somebody pressed Ctrl-C.
    AreaBusyError
        If another run holds the area.
    RoomError
        If what is out of date would not fit into memory or onto the disk.
    typer.Exit
        With make's exit code, unless it is 0.
    """
    with hold_project(project, what=what) as held:
        steps = [step.name for step in build_plan(project)]
        check_room(project, steps)
        if is_told and len(steps) > LONG_RUN:
            stages = ", ".join(dict.fromkeys(name.split("/")[0] for name in steps))
            typer.echo(f"{project.area.title}: {len(steps)} steps to do ({stages})", err=True)
        rules = write_rules(project, command=command, options=options, means=means)
        code, is_stopped = _call([*command_line, f"HELD_RULES={rules}"], held.descriptor)
        if code and is_stopped:
            raise StoppedError(
                "Finished work is kept, and nothing half-done.",
                cure=f"Run the same command again ({again or what}): it goes on where it stopped.",
            )
        if code:
            raise typer.Exit(code)


def _call(command_line: Sequence[str], descriptor: int) -> tuple[int, bool]:
    """Run a command in the foreground: Ctrl-C reaches it by itself, other requests to end are handed on.

    Returns the command's exit code, and whether Ctrl-C was pressed meanwhile.
    """
    descriptors = [descriptor, *_find_job_server(os.environ.get("MAKEFLAGS", ""))]
    environment = {**os.environ, HELD: "1"}
    process = subprocess.Popen(  # noqa: S603 (the call comes from the Makefile)
        command_line, pass_fds=descriptors, env=environment
    )
    stops: list[int] = []

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, _: stops.append(number))
    try:
        return process.wait(), bool(stops)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _find_job_server(flags: str) -> list[int]:
    """Return the descriptors by which the makes of one call share their jobs."""
    for word in flags.split():
        name, _, value = word.partition("=")
        if name in {"--jobserver-auth", "--jobserver-fds"} and value.replace(",", "").isdigit():
            return [int(number) for number in value.split(",")]
    return []
