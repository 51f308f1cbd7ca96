"""Errors of the disk, whatever library met them: full, over a quota, read-only."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from pipeline.base.errors import DiskError, PipelineError

_FULL = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The quota of this disk is used up",
    errno.EFBIG: "A file would become larger than this system allows",
}
_WORDS = {
    "no space left": errno.ENOSPC,
    "disk is full": errno.ENOSPC,
    "disk full": errno.ENOSPC,
    "quota exceeded": errno.EDQUOT,
    "file too large": errno.EFBIG,
    "read-only file system": errno.EROFS,
}
_SHORT = ("requested and", "written", "could not write", "failed to write", "error writing", "write error", "disk i/o")
"""Words of libraries that say that they could write only a part, without saying why."""
SMALL_BYTES = 1 << 20


def find_disk_error(error: BaseException, folder: Path, *, what: str) -> DiskError | None:
    """Recognise an error of the disk behind an exception of any library.

    Parameters
    ----------
    error
        The exception; what caused it is looked at too.
    folder
        Where the work writes, for the message.
    what
        The command that was stopped.

    Returns
    -------
    DiskError or None
        What, where and the cure; None where the disk is not to blame.
    """
    seen: BaseException | None = error
    while seen is not None:
        code = _find_code(seen, folder)
        if code is not None:
            return _describe(code, seen, folder, what)
        seen = seen.__cause__ or seen.__context__
    return None


def _find_code(error: BaseException, folder: Path) -> int | None:
    if isinstance(error, OSError) and error.errno in {*_FULL, errno.EROFS}:
        return error.errno
    text = str(error).lower()
    found = next((code for words, code in _WORDS.items() if words in text), None)
    if found is not None or isinstance(error, PipelineError):
        return found
    is_short = any(words in text for words in _SHORT)
    return errno.ENOSPC if is_short and get_free_bytes(folder) < SMALL_BYTES else None


def _describe(code: int, error: BaseException, folder: Path, what: str) -> DiskError:
    name = getattr(error, "filename", None)
    where = Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) and name else folder
    if code == errno.EROFS:
        return DiskError(
            f"This disk is mounted read-only: '{what}' was stopped.",
            file=where,
            cure="Mount it for writing, and run the same command again.",
        )
    free_mb = get_free_bytes(folder) / 1e6
    return DiskError(
        f"{_FULL[code]} ({free_mb:,.1f} MB free): '{what}' was stopped. What was published before is as it was.",
        file=where,
        cure="Make room ('make clean-old' deletes what of old runs is not needed), and run the same command again.",
    )


def get_free_bytes(folder: Path) -> int:
    """Return how much a folder's disk can take.

    Parameters
    ----------
    folder
        Need not exist; its nearest parent that does is asked.

    Returns
    -------
    int
        Bytes free for this user.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
