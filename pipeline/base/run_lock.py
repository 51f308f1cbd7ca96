"""One run of an area at a time: a lock that the kernel gives back when its holder dies, however it dies."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base.errors import UsageError

LOCK_FILE = ".lock"


@contextmanager
def hold_area(outputs: Path, *, what: str) -> Iterator[None]:
    """Hold an area for as long as a block runs.

    Parameters
    ----------
    outputs
        The area's output folder.
    what
        The command that wants it, for the message of those who are refused.

    Raises
    ------
    UsageError
        If another process holds it, saying which and since when.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    path = outputs / LOCK_FILE
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise UsageError(
                f"Another run holds this area: {_describe(handle.read())}.",
                file=path,
                cure="Wait until it has ended; the lock goes with it, even if it is killed.",
            ) from None
        now = dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "command": what, "started": now}))
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def _describe(text: str) -> str:
    try:
        about = json.loads(text)
        return f"{about['command']}, process {about['pid']}, since {about['started']}"
    except (ValueError, KeyError, TypeError):
        return "it has not yet said which"
