"""Where TransXChange documents lie: a file, a folder, a zip archive, or archives inside an archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.base.xml_files import BLOCK_BYTES, MAX_DOCUMENT_BYTES, find_root_name
from pipeline.base.zip_files import (
    READ_ERRORS,
    is_ignored,
    is_plausible,
    list_members,
    open_archive,
    open_inner,
    open_member,
    read_blocks,
    too_large,
    unreadable,
)
from pipeline.timetables.txc_codes import DOCUMENT_UNREADABLE, MEMBER_IGNORED

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
        return open_inner(archive, archive.getinfo(member), path)


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


def _list_inner(path: Path, member: str) -> Iterator[DocumentPlace]:
    for info in list_members(_open_inner(path, member), Path(f"{path.name}:{member}")):
        if info.filename.lower().endswith(".xml"):
            yield DocumentPlace(path, member, info.filename, info.file_size)


def _list_archive(path: Path, notices: Notices) -> Iterator[DocumentPlace]:
    with open_archive(path) as archive:
        infos = list_members(archive, path)
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
            if is_ignored(file.relative_to(path).as_posix()):
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
