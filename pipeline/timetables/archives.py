"""Files of a timetable that may lie alone, in a folder, in a zip archive, or in zip archives inside one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import InputError
from pipeline.base.zip_files import (
    IGNORED_FOLDERS,
    READ_ERRORS,
    is_plausible,
    list_members,
    open_archive,
    open_inner,
    open_member,
    too_large,
    unreadable,
)

MAX_FILE_BYTES = 2 * 1024**3
"""Largest uncompressed size of one file that is read as a whole."""
HEAD_BYTES = 4096
ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"


@dataclass(frozen=True)
class FoundFile:
    """One file as found.

    Attributes
    ----------
    name
        What notices call it: the file's own name, or ``archive.zip:folder/file``.
    data
        Its bytes, or the first of them.
    """

    name: str
    data: bytes


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, limit: int | None) -> bytes:
    """Read a member, or its first bytes; refuse what is encrypted, damaged or beyond belief."""
    if not is_plausible(info, MAX_FILE_BYTES):
        raise too_large(info.filename, path, MAX_FILE_BYTES)
    try:
        with open_member(archive, info) as handle:
            data = handle.read(MAX_FILE_BYTES + 1 if limit is None else limit)
    except READ_ERRORS as error:
        raise unreadable(info.filename, path, error) from error
    if len(data) > MAX_FILE_BYTES:
        raise too_large(info.filename, path, MAX_FILE_BYTES)
    return data


def _iter_archive(
    archive: zipfile.ZipFile, path: Path, name: str, limit: int | None, *, is_nested: bool
) -> Iterator[FoundFile]:
    with archive:
        for info in list_members(archive, path if not is_nested else Path(name)):
            member = f"{name}:{info.filename}"
            if info.filename.lower().endswith(".zip") and not is_nested:
                yield from _iter_archive(open_inner(archive, info, path), path, member, limit, is_nested=True)
            else:
                yield FoundFile(member, _read_member(archive, info, path, limit))


def _read_file(path: Path, limit: int | None) -> bytes:
    try:
        if limit is None and path.stat().st_size > MAX_FILE_BYTES:
            raise too_large(path.name, path, MAX_FILE_BYTES)
        with path.open("rb") as handle:
            return handle.read() if limit is None else handle.read(limit)
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened: {error}", file=path, cure="Check its permissions.") from error


def is_zip(path: Path) -> bool:
    """Say whether a file begins as zip archives do."""
    return _read_file(path, 4) in {ZIP_MAGIC, EMPTY_ZIP_MAGIC}


def iter_files(path: Path, *, head_bytes: int | None = None) -> Iterator[FoundFile]:
    """Yield the files of a timetable in the order of their names.

    Parameters
    ----------
    path
        A file, a zip archive (archives inside it are opened one level deep), or a folder of either.
    head_bytes
        Read only so many bytes of each; all where absent.

    Yields
    ------
    FoundFile
        Names and bytes; hidden files are left out.

    Raises
    ------
    InputError
        If there is no such file, or an archive is encrypted, damaged or beyond belief in size.
    """
    if not path.exists():
        raise InputError(
            f"there is no timetable {path.name}", file=path, cure="Check the path, or fetch the timetable first."
        )
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
        parts = [p for p in parts if not any(name.startswith(".") for name in p.relative_to(path).parts)]
        parts = [p for p in parts if not IGNORED_FOLDERS & set(p.relative_to(path).parts)]
    else:
        parts = [path]
    for part in parts:
        name = part.relative_to(path).as_posix() if path.is_dir() else path.name
        if is_zip(part):
            yield from _iter_archive(open_archive(part), path, name, head_bytes, is_nested=False)
        else:
            yield FoundFile(name, _read_file(part, head_bytes))
