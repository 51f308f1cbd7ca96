"""From whatever goes wrong to one message with its cure, and an exit code; no traceback reaches the terminal."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.base.errors import InputError, PipelineError, StoppedError, UsageError

if TYPE_CHECKING:
    from types import TracebackType

DEBUG = "CONNECTIVITY_DEBUG"
UNEXPECTED = 1
"""Exit code of a fault of the program itself."""
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def is_debugging() -> bool:
    """Say whether tracebacks are wanted: ``--debug``, or CONNECTIVITY_DEBUG=1 in the environment."""
    return os.environ.get(DEBUG, "") not in {"", "0"}


def describe_failure(error: BaseException) -> tuple[PipelineError, str]:
    """Turn whatever was raised into an error with a cure.

    Parameters
    ----------
    error
        Anything.

    Returns
    -------
    tuple
        The error to show, with its exit code, and the word before it: ``error`` or ``stopped``.
    """
    if isinstance(error, StoppedError):
        return error, "stopped"
    if isinstance(error, PipelineError):
        return error, "error"
    if isinstance(error, KeyboardInterrupt | typer.Abort):  # Abort: Ctrl-C, or no more input, at a question
        return StoppedError("Finished work is kept.", cure="Run the same command to go on."), "stopped"
    if isinstance(error, MemoryError):
        return _describe_memory(), "error"
    if isinstance(error, OSError):
        return _describe_os_error(error), "error"
    if hasattr(error, "format_message"):  # what typer raises for a command that it does not understand
        return _describe_usage(error), "error"
    return _describe_fault(error), "error"


def _describe_memory() -> PipelineError:
    return InputError(
        "The memory of this machine was not enough; finished work is kept.",
        cure="Close other programs, use fewer processes (WORKERS=1 or --workers 1) or a smaller area, then run the "
        "same command again.",
    )


def _describe_os_error(error: OSError) -> PipelineError:
    """Say what the machine refused: space, rights, a file."""
    where = error.filename if isinstance(error.filename, str) else None
    if error.errno in _DISK_FULL:
        return InputError(
            "The disk is full; nothing half-written was left behind.",
            file=where,
            cure="Free some space (connectivity doctor says how much is left), then run the same command again.",
        )
    if error.errno in _DENIED:
        return InputError(
            f"{error.strerror}.",
            file=where,
            cure="Give yourself the right to read and write there, or choose another folder.",
        )
    if error.errno == errno.EMFILE:
        return InputError(
            "Too many files are open.", file=where, cure="Raise the limit (ulimit -n 4096), or use fewer processes."
        )
    if error.errno == errno.ENOENT:
        return InputError(f"{error.strerror}.", file=where, cure="Check the path.")
    return InputError(f"{error.strerror or error}.", file=where, cure="Check the path, its rights and the disk.")


def _describe_usage(error: BaseException) -> UsageError:
    """Add to a message of the option parser what was meant, or where the help is."""
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "connectivity"
    what = str(error.format_message()).strip()  # type: ignore[attr-defined]
    what = what.split(" (Possible option", maxsplit=1)[0].split(" Did you mean", maxsplit=1)[0].strip()
    likely = find_likely(error)
    hint = f"Did you mean {likely}? " if likely else ""
    return UsageError(
        what if what.endswith((".", "?")) else f"{what}.", cure=f"{hint}{command} --help lists what it takes."
    )


def find_likely(error: BaseException) -> str | None:
    """Find what somebody probably meant by an unknown option or command; None if nothing is like it.

    Parameters
    ----------
    error
        As the option parser raised it.

    Returns
    -------
    str or None
        Such as ``--area``.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (only where something went wrong)

    context: Any = getattr(error, "ctx", None)
    if context is None:
        return None
    asked = getattr(error, "option_name", None)
    if asked:
        names = [name for option in context.command.params for name in option.opts if name.startswith("--")]
        names += ["--help"]
    else:
        text = str(error.format_message())  # type: ignore[attr-defined]
        if not text.startswith("No such command"):
            return None
        asked = text.split("'")[1]
        names = [name for name, command in getattr(context.command, "commands", {}).items() if not command.hidden]
    return next(iter(get_close_matches(str(asked), names, n=1, cutoff=0.5)), None)


def _describe_fault(error: BaseException) -> PipelineError:
    """Describe a fault of the program itself, with the place in its code."""
    place = _find_place(error.__traceback__)
    return PipelineError(
        f"Something happened that should not: {type(error).__name__}: {error}.",
        file=place,
        cure="This is a fault of the program. Run the same command with --debug before the command's name "
        f"(or {DEBUG}=1) and report what it prints.",
    )


def _find_place(trace: TracebackType | None) -> str | None:
    """Return the innermost line of this project in a traceback."""
    frames = [f for f in traceback.extract_tb(trace) if "pipeline" in Path(f.filename).parts]
    return f"{'/'.join(Path(frames[-1].filename).parts[-3:])}, line {frames[-1].lineno}" if frames else None


def end_quietly() -> None:
    """Point standard output elsewhere after its reader went away, so that nothing is said of it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
