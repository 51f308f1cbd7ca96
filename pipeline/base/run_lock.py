"""One run at a time for each area: a lock that the kernel releases when the last process of a run has ended.

The holder has the file ``<outputs>/.lock`` locked (``flock``), shared: what belongs to the same run shares it, every
other run asks for it alone and is refused. A process belongs to the run if the environment carries the token that the
lock's text carries *and* somebody holds the lock: a token left over from a run that has ended opens nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.base.errors import AreaBusyError, DiskError

LOCK_FILE = ".lock"
TOKENS = "CONNECTIVITY_RUN"
"""Environment variable with the tokens of the runs that a process belongs to, separated by spaces."""


@dataclass(frozen=True)
class Held:
    """A lock that is held.

    Attributes
    ----------
    file
        The lock's file.
    is_nested
        Whether an outer part of the same run holds it too.
    was_broken
        Whether the run before was killed or failed, so that it may have left temporary files; never if nested.
    descriptor
        The open file; a child that inherits it keeps the lock while it lives.
    """

    file: Path
    is_nested: bool
    was_broken: bool
    descriptor: int


@contextmanager
def hold_area(outputs: Path, *, what: str, is_alone: bool = False) -> Iterator[Held]:
    """Keep other runs from an area's outputs while the block runs.

    Processes started within the block belong to the same run, whether they inherit the descriptor or only the
    environment: they may hold the area too, and keep it held while they live, even if this process is killed.

    Parameters
    ----------
    outputs
        The area's output folder; made if need be.
    what
        The command, for whoever is refused meanwhile.
    is_alone
        Nothing that this run starts needs the lock, so that it may go on where a full disk cannot take its text.

    Yields
    ------
    Held
        The lock. Its text is emptied when the block ends well; after a block that raises, or a killed process, it
        stays, and tells the next run to look for what was left.

    Raises
    ------
    AreaBusyError
        At once, if another run holds it.
    DiskError
        If the folder cannot be written.
    """
    path = outputs / LOCK_FILE
    with _open(path) as handle:
        known = os.environ.get(TOKENS)
        token = _join(handle, path, known)
        if token is not None:
            yield Held(path, is_nested=True, was_broken=False, descriptor=handle.fileno())
            return
        token = secrets.token_hex(16)
        was_broken = _take(handle, path, what, token, is_alone=is_alone)
        os.environ[TOKENS] = " ".join([*(known or "").split(), token])
        try:
            yield Held(path, is_nested=False, was_broken=was_broken, descriptor=handle.fileno())
        finally:
            if known is None:
                os.environ.pop(TOKENS, None)
            else:
                os.environ[TOKENS] = known
        _give_back(handle)


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("r+b" if path.exists() else "a+b", buffering=0)
    except OSError as error:
        raise DiskError(
            f"The outputs cannot be written: {error.strerror or error}.",
            file=path.parent,
            cure="Check its rights, whether the disk is mounted read-only, and whether it is full.",
        ) from None


def _lock(handle: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(handle: BinaryIO) -> dict[str, Any]:
    handle.seek(0)
    try:
        content: dict[str, Any] = json.loads(handle.read().decode("utf-8", errors="replace") or "{}")
    except ValueError:  # written only in part when the disk was full, or being written just now
        return {}
    return content if isinstance(content, dict) else {}


def _join(handle: BinaryIO, path: Path, known: str | None) -> str | None:
    """Share the lock of the run that this process belongs to; return its token, None if there is no such run."""
    tokens = (known or "").split()
    if _read(handle).get("token") not in tokens:
        return None
    if _lock(handle, fcntl.LOCK_EX):  # nobody holds it: the token is of a run that has ended
        fcntl.flock(handle, fcntl.LOCK_UN)
        return None
    if not _lock(handle, fcntl.LOCK_SH):
        raise _describe(handle, path)
    token = _read(handle).get("token")
    if token in tokens:
        return str(token)
    fcntl.flock(handle, fcntl.LOCK_UN)  # the run ended and another began between the two looks
    return None


def _take(handle: BinaryIO, path: Path, what: str, token: str, *, is_alone: bool) -> bool:
    """Lock the file and write who holds it; return whether the text of a run that did not end well was there."""
    if not _lock(handle, fcntl.LOCK_EX):
        raise _describe(handle, path)
    was_broken = os.fstat(handle.fileno()).st_size > 0
    started = datetime.now(UTC).replace(microsecond=0).isoformat()
    content = {"pid": os.getpid(), "command": what, "start": started, "token": token}
    try:
        handle.truncate(0)
        handle.seek(0)
        handle.write((json.dumps(content, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        if not is_alone:
            raise DiskError(
                f"The lock of the area cannot be written: {error.strerror or error}.",
                file=path,
                cure="Make room on this disk; 'make clean-old' deletes what of old runs is not needed.",
            ) from None
    if not _lock(handle, fcntl.LOCK_SH):  # another run came in between: giving up one kind of lock for another
        raise _describe(handle, path)
    return was_broken


def _give_back(handle: BinaryIO) -> None:
    """Empty the lock's text if no other process of this run is left; closing the file then releases it."""
    if _lock(handle, fcntl.LOCK_EX):
        with contextlib.suppress(OSError):  # the text is for people; what counts is the lock
            handle.truncate(0)


def _describe(handle: BinaryIO, path: Path) -> AreaBusyError:
    content = _read(handle)
    pid, command, start = (content.get(key) for key in ("pid", "command", "start"))
    who = f"{command}, process {pid}, since {start}" if pid else "it has not yet said which"
    cure = "Wait until it has finished and run the same command again; this run has changed nothing."
    if isinstance(pid, int) and not _is_alive(pid):
        who += "; it has been killed, and a stage that it started is still at work"
    return AreaBusyError(f"Another run holds this area: {who}.", file=path, cure=cure)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
