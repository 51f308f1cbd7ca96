"""Files that are either whole or absent: temporary file, fsync, rename."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.cells import neutralise_frame

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import polars as pl

TEMPORARY_MARK = ".part-"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its place when the block ends well.

    Parameters
    ----------
    path
        The file to be written.

    Yields
    ------
    Path
        Where to write. It is removed if the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` that takes its place when the block ends well.

    Parameters
    ----------
    path
        The folder to be written; an earlier one of that name is replaced.

    Yields
    ------
    Path
        Where to write. It is removed if the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}")
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
            elif file.is_dir():
                _sync_folder(file)
        _sync_folder(temporary)
        if not path.exists():
            temporary.rename(path)
        elif not exchange(temporary, path):
            old = path.with_name(f"{path.name}{TEMPORARY_MARK}old-{uuid.uuid4().hex[:8]}")
            path.rename(old)
            temporary.rename(path)
            shutil.rmtree(old)
        _sync_folder(path.parent)
    finally:
        if temporary.exists():  # what was to be written, or after an exchange what was there before
            shutil.rmtree(temporary)


AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders change places at once, so that nobody ever finds neither.

    Parameters
    ----------
    one, other
        On the same disk.

    Returns
    -------
    bool
        False where the system or its disk cannot do that (nothing has changed then).
    """
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = [ctypes.c_char_p(os.fsencode(path)) for path in (one, other)]
    if renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EOPNOTSUPP}:
        return False
    raise OSError(code, os.strerror(code), str(other))


def remove_leftovers(folder: Path) -> int:
    """Delete temporary files and folders that a killed run left behind.

    Parameters
    ----------
    folder
        Searched with all its sub-folders; temporary copies of the folder itself count too.

    Returns
    -------
    int
        How many were removed.
    """
    found = sorted(folder.parent.glob(f"{folder.name}{TEMPORARY_MARK}*"))
    found += sorted(folder.rglob(f"*{TEMPORARY_MARK}*")) if folder.is_dir() else []
    removed = 0
    for path in found:
        if path.is_symlink():
            path.unlink()
            removed += 1
        elif path.is_dir():
            shutil.rmtree(path)
            removed += 1
        elif path.exists():
            path.unlink()
            removed += 1
    return removed


def write_bytes(data: bytes, path: Path) -> None:
    """Write bytes atomically.

    Parameters
    ----------
    data
        The content.
    path
        The file.
    """
    with staged_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text atomically.

    Parameters
    ----------
    text
        The content.
    path
        The file.
    """
    write_bytes(text.encode("utf-8"), path)


def write_parquet(frame: pd.DataFrame | pl.DataFrame | gpd.GeoDataFrame, path: Path) -> None:
    """Write a table as Parquet atomically; the same table gives the same bytes.

    Parameters
    ----------
    frame
        pandas, polars or geopandas table.
    path
        The file.
    """
    with staged_file(path) as temporary:
        table: Any = frame
        if hasattr(table, "write_parquet"):  # polars; asked so that this module need not import it
            table.write_parquet(temporary, compression="zstd")
        else:
            table.to_parquet(temporary, index=False, compression="zstd")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV (UTF-8, comma, empty for null, line feeds) atomically.

    Text that a spreadsheet would take for a formula stands behind an apostrophe; the Parquet beside it is exact.

    Parameters
    ----------
    frame
        The table.
    path
        The file.
    """
    with staged_file(path) as temporary:
        neutralise_frame(frame).to_csv(temporary, index=False, lineterminator="\n")
