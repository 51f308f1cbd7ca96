"""The immutable archive of raw inputs: a file is stored once under its hash and never changed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.base.hashing import hash_file
from pipeline.base.io import TEMPORARY_MARK, remove_leftovers, staged_file, staged_folder


@contextmanager
def _opened(archive: Path) -> Iterator[int]:
    """Open the archive's folder itself, which every process that writes into it keeps locked, shared."""
    descriptor = os.open(archive, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_alone(handle: int) -> bool:
    """Lock the archive for this process alone, if nobody else writes into it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def share_archive(archive: Path) -> Iterator[None]:
    """Say, while the block runs, that this process writes into the archive, so that its temporary files stay.

    Whoever comes when nobody else writes removes what killed processes have left.

    Parameters
    ----------
    archive
        Root of the archive.
    """
    archive.mkdir(parents=True, exist_ok=True)
    with _opened(archive) as handle:
        if _is_alone(handle):
            sweep_archive(archive)
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextmanager
def share_archive_alone(archive: Path) -> Iterator[bool]:
    """Keep other processes from writing into the archive while the block runs, if none does.

    Parameters
    ----------
    archive
        Root of the archive.

    Yields
    ------
    bool
        Whether nobody else writes; if somebody does, nothing may be taken away.
    """
    if not archive.is_dir():
        yield True
        return
    with _opened(archive) as handle:
        yield _is_alone(handle)


def sweep_archive(archive: Path) -> None:
    """Remove temporary files from an archive into which nobody writes; downloads that can be resumed stay.

    Parameters
    ----------
    archive
        Root of the archive.
    """
    remove_leftovers(archive)
    for folder in archive.glob("*/*"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def find_damaged(archive: Path) -> list[str]:
    """List what lies in the archive and is not what its folder's name, the SHA-256, says.

    Parameters
    ----------
    archive
        Root of the archive.

    Returns
    -------
    list of str
        One sentence for each entry, with the cure; empty if all is well.
    """
    found = []
    for folder in sorted(archive.glob("*/*")):
        if not re.fullmatch("[0-9a-f]{64}", folder.name) or not folder.is_dir():
            continue
        found += [
            f"{path} is not what its folder's name says: bring it back from the copy of the archive, or delete the "
            f"folder and fetch again"
            for path in sorted(folder.iterdir())
            if TEMPORARY_MARK not in path.name and hash_file(path) != folder.name
        ]
    return found


def archive_file(path: Path, sha256: str, *, source: str, archive: Path) -> Path:
    """Copy a file, or the files of a folder, into the archive unless it is there already.

    Parameters
    ----------
    path
        The file or folder.
    sha256
        Its hash, from :func:`pipeline.base.hashing.hash_file`.
    source
        Name of the source, the first level of the archive.
    archive
        Root of the archive.

    Returns
    -------
    Path
        Where it lies now: ``<archive>/<source>/<sha256>/<name>``.
    """
    target = archive / source / sha256 / path.name
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        copy = target / file.relative_to(path) if path.is_dir() else target
        if file.is_file() and not (copy.is_file() and hash_file(copy) == hash_file(file)):
            with staged_file(copy) as temporary:
                shutil.copyfile(file, temporary)
                temporary.chmod(0o444)
    return target


def move_into_archive(path: Path, sha256: str, *, source: str, name: str, archive: Path) -> tuple[Path, bool]:
    """Move a freshly fetched file into the archive; the same content twice is one entry.

    Parameters
    ----------
    path
        The file, on the archive's own disk; it is gone afterwards.
    sha256
        Its hash.
    source
        Name of the source.
    name
        File name in the archive.
    archive
        Root of the archive.

    Returns
    -------
    tuple
        Where it lies now, and whether its content is new to the archive.
    """
    folder = archive / source / sha256
    known = next((p for p in sorted(folder.glob("*")) if p.is_file() and TEMPORARY_MARK not in p.name), None)
    if known is not None and hash_file(known) == sha256:
        path.unlink()
        return known, False
    target = folder / name
    with staged_file(target) as temporary:
        path.rename(temporary)
        temporary.chmod(0o444)
    return target, True


def link_folder(files: dict[str, Path], sha256: str, *, source: str, name: str, archive: Path) -> Path:
    """Make a folder of the archive from files that are in it already, without copying them.

    Parameters
    ----------
    files
        Name in the folder to archived file.
    sha256
        Hash of the folder, as :func:`pipeline.base.hashing.hash_file` would compute it.
    source, name, archive
        Where: ``<archive>/<source>/<sha256>/<name>/``.

    Returns
    -------
    Path
        The folder.
    """
    target = archive / source / sha256 / name
    if not target.is_dir():
        with staged_folder(target) as temporary:
            for file_name, file in sorted(files.items()):
                os.link(file, temporary / file_name)
    return target
