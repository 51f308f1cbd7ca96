"""Where TransXChange documents lie: a file, a folder, a zip archive, or archives inside an archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.txc_codes import DOCUMENT_UNREADABLE, MEMBER_IGNORED
from pipeline.timetables.xml_files import BLOCK_BYTES, MAX_DOCUMENT_BYTES, find_root_name
from pipeline.timetables.zip_files import (
    IGNORED_FOLDERS,
    READ_ERRORS,
    check_names,
    is_plausible,
    open_archive,
    open_member,
    read_blocks,
    too_large,
    unreadable,
)

MAX_DOCUMENTS = 200_000
MAX_INNER_ARCHIVE_BYTES = 512 * 1024**2
"""Largest archive inside an archive; it is held in memory while its members are read."""
MAX_TOTAL_BYTES = 64 * 1024**3
SNIFF_BYTES = 4096
N_SNIFFED = 5
ROOT_NAME = "TransXChange"


@dataclass(frozen=True, order=True)
class DocumentPlace:
    """One document: the file on disk, and its place inside that file if it is an archive.

    Attributes
    ----------
    path
        File on disk.
    member
        Name inside the archive; empty if the file itself is the document.
    inner
        Name inside the inner archive called ``member``; empty if there is none.
    n_bytes
        Size when unpacked.
    """

    path: Path
    member: str = ""
    inner: str = ""
    n_bytes: int = 0

    @property
    def label(self) -> str:
        """Name for messages: ``archive.zip:folder:file.xml``."""
        parts = [self.path.name, self.member, self.inner]
        return ":".join(part for part in parts if part).replace("/", ":")


@lru_cache(maxsize=1)
def _open_inner(path: Path, member: str) -> zipfile.ZipFile:
    """Open an archive inside an archive; the last one stays open, as its documents are read one after the other."""
    with open_archive(path) as archive:
        info = archive.getinfo(member)
        if not is_plausible(info, MAX_INNER_ARCHIVE_BYTES):
            raise too_large(member, path, MAX_INNER_ARCHIVE_BYTES)
        try:
            data = io.BytesIO()
            with open_member(archive, info) as handle:
                for block in read_blocks(handle, BLOCK_BYTES, MAX_INNER_ARCHIVE_BYTES):
                    data.write(block)
            return zipfile.ZipFile(data)
        except OverflowError as error:
            raise too_large(member, path, MAX_INNER_ARCHIVE_BYTES) from error
        except READ_ERRORS as error:
            raise unreadable(member, path, error) from error


@lru_cache(maxsize=1)
def _open_outer(path: Path, size: int, changed_ns: int) -> zipfile.ZipFile:
    """Open an archive once for all its documents; size and time of change tell a replaced file from the old one."""
    del size, changed_ns
    return open_archive(path)


def iter_document(place: DocumentPlace) -> Iterator[bytes]:
    """Yield the bytes of a document block by block.

    Parameters
    ----------
    place
        From :func:`list_documents`.

    Yields
    ------
    bytes
        Non-empty blocks of at most a megabyte.

    Raises
    ------
    InputError
        If it cannot be read, is encrypted, or larger than the limits allow.
    """
    try:
        if not place.member:
            with place.path.open("rb") as handle:
                yield from read_blocks(handle, BLOCK_BYTES, MAX_DOCUMENT_BYTES)
            return
        if place.inner:
            archive, name = _open_inner(place.path, place.member), place.inner
        else:
            status = place.path.stat()
            archive, name = _open_outer(place.path, status.st_size, status.st_mtime_ns), place.member
        info = archive.getinfo(name)
        if not is_plausible(info, MAX_DOCUMENT_BYTES):
            raise too_large(name, place.path, MAX_DOCUMENT_BYTES)
        with open_member(archive, info) as member:
            yield from read_blocks(member, BLOCK_BYTES, MAX_DOCUMENT_BYTES)
    except OverflowError as error:
        raise too_large(place.label, place.path, MAX_DOCUMENT_BYTES) from error
    except READ_ERRORS as error:
        raise unreadable(place.inner or place.member or place.path.name, place.path, error) from error


def _is_ignored(name: str) -> bool:
    pure = PurePosixPath(name)
    return pure.name.startswith(".") or bool(IGNORED_FOLDERS & set(pure.parts))


def _list_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MAX_DOCUMENTS or sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
        raise InputError(
            f"{path.name} holds more than {MAX_DOCUMENTS:,} files or {MAX_TOTAL_BYTES:,} bytes",
            file=path,
            cure="Check that this is a genuine timetable; if so, split the archive.",
        )
    check_names([info.filename for info in infos], path)
    return sorted((info for info in infos if not _is_ignored(info.filename)), key=lambda info: info.filename)


def _list_inner(path: Path, member: str) -> Iterator[DocumentPlace]:
    for info in _list_members(_open_inner(path, member), Path(f"{path.name}:{member}")):
        if info.filename.lower().endswith(".xml"):
            yield DocumentPlace(path, member, info.filename, info.file_size)


def _list_archive(path: Path, notices: Notices) -> Iterator[DocumentPlace]:
    with open_archive(path) as archive:
        infos = _list_members(archive, path)
    for info in infos:
        name = info.filename.lower()
        if name.endswith(".xml"):
            yield DocumentPlace(path, info.filename, "", info.file_size)
        elif name.endswith(".zip"):
            try:
                yield from _list_inner(path, info.filename)
            except InputError as error:
                label = f"{path.name}:{info.filename}".replace("/", ":")
                notices.add(DOCUMENT_UNREADABLE, file=label, detail=error.what)
        else:
            notices.add(MEMBER_IGNORED, file=path.name, value=info.filename)


def list_documents(path: Path, notices: Notices) -> list[DocumentPlace]:
    """List the XML documents of a file, folder or archive, archives inside an archive included (one level).

    Parameters
    ----------
    path
        An .xml file, a folder (searched with its subfolders), or a zip archive.
    notices
        Collector for files that are no XML.

    Returns
    -------
    list of DocumentPlace
        In order of their names.

    Raises
    ------
    InputError
        If there is no such file, it cannot be opened, breaks a limit, or holds no XML.
    """
    if not path.exists():
        raise InputError(f"there is no timetable {path.name}", file=path, cure="Check the path, or fetch it first.")
    if path.is_dir():
        places = []
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            if _is_ignored(file.relative_to(path).as_posix()):
                continue
            places += _list_file(file, notices) if file.suffix.lower() in (".xml", ".zip") else []
            if file.suffix.lower() not in (".xml", ".zip"):
                notices.add(MEMBER_IGNORED, file=path.name, value=file.name)
    else:
        places = _list_file(path, notices)
    if not places:
        raise InputError(
            f"{path.name} holds no XML document", file=path, cure="A TransXChange timetable is one or more .xml files."
        )
    return places


def _list_file(path: Path, notices: Notices) -> list[DocumentPlace]:
    with path.open("rb") as handle:
        is_zip = handle.read(2) == b"PK"
    if is_zip or path.suffix.lower() == ".zip":
        return list(_list_archive(path, notices))
    return [DocumentPlace(path, n_bytes=path.stat().st_size)]


def is_transxchange(path: Path) -> bool:
    """Say whether a file, folder or archive holds TransXChange, from the beginning of its first XML documents.

    Parameters
    ----------
    path
        Anything; only a few kilobytes are read (of an archive inside an archive, that whole archive).

    Returns
    -------
    bool
        False also if it cannot be opened.
    """
    try:
        for place in list_documents(path, Notices())[:N_SNIFFED]:
            start = next(iter_document(place), b"")[:SNIFF_BYTES]
            if find_root_name(start) == ROOT_NAME:
                return True
    except (InputError, OSError):
        return False
    return False
