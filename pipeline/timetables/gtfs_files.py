"""The container of a GTFS feed, a zip archive or a folder, read without ever unpacking it to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.base.zip_files import (
    MAX_MEMBER_BYTES,
    READ_ERRORS,
    is_ignored,
    is_plausible,
    list_members,
    open_archive,
    open_member,
    read_blocks,
    too_large,
    unreadable,
)
from pipeline.timetables.codes import FILE_NESTED

REQUIRED_FILES = {"agency.txt", "routes.txt", "trips.txt", "stop_times.txt"}


@dataclass(frozen=True)
class GtfsContainer:
    """Names of a feed's files and how to open them.

    Attributes
    ----------
    path
        The zip archive or folder.
    members
        From the file's plain name (``stops.txt``) to its name inside the archive or folder.
    archive
        The open archive; None for a folder.
    """

    path: Path
    members: dict[str, str]
    archive: zipfile.ZipFile | None
    max_member_bytes: int = MAX_MEMBER_BYTES

    def has(self, name: str) -> bool:
        """Say whether the feed has a file of this name."""
        return name in self.members

    def iter_blocks(self, name: str, block_bytes: int) -> Generator[bytes]:
        """Yield a file's bytes block by block.

        Parameters
        ----------
        name
            Plain name, such as ``stops.txt``.
        block_bytes
            Size of a block.

        Yields
        ------
        bytes
            Non-empty blocks.

        Raises
        ------
        InputError
            If the file cannot be read, is encrypted or damaged, or is larger than the limits allow.
        """
        try:
            with self._open(name) as handle:
                yield from read_blocks(handle, block_bytes, self.max_member_bytes)
        except OverflowError as error:
            raise too_large(name, self.path, self.max_member_bytes) from error
        except READ_ERRORS as error:
            raise unreadable(name, self.path, error) from error

    def _open(self, name: str) -> IO[bytes]:
        member = self.members[name]
        if self.archive is None:
            return (self.path / member).open("rb")
        info = self.archive.getinfo(member)
        if not is_plausible(info, self.max_member_bytes):
            raise too_large(name, self.path, self.max_member_bytes)
        return open_member(self.archive, info)


def _find_root(names: list[str], path: Path, notices: Notices) -> dict[str, str]:
    """Return plain name -> full name for the folder that holds the feed."""
    folders: dict[str, list[str]] = {}
    for name in names:
        pure = PurePosixPath(name)
        if pure.suffix == ".txt" and not is_ignored(name):
            folders.setdefault(str(pure.parent), []).append(name)
    top = folders.get(".", [])
    if "stops.txt" in top:
        return {name: name for name in top}
    holding = sorted(folder for folder, files in folders.items() if f"{folder}/stops.txt" in files)
    if len(holding) > 1:
        raise InputError(
            f"{path.name} holds several timetables, in the folders {', '.join(holding)}",
            file=path,
            cure="Give each of them as a feed of its own.",
        )
    if not holding and REQUIRED_FILES & set(top):
        return {name: name for name in top}
    if not holding:
        inner = [name for name in names if name.lower().endswith(".zip")]
        hint = f" but it holds {inner[0]}: give that archive instead." if inner else "."
        raise InputError(
            f"{path.name} holds no GTFS files",
            file=path,
            field="stops.txt",
            cure="A GTFS feed has stops.txt, routes.txt, trips.txt and stop_times.txt" + hint,
        )
    notices.add(FILE_NESTED, value=holding[0])
    return {PurePosixPath(name).name: name for name in folders[holding[0]]}


@contextmanager
def open_container(
    path: Path, notices: Notices, *, max_member_bytes: int = MAX_MEMBER_BYTES
) -> Iterator[GtfsContainer]:
    """Open a GTFS feed.

    Parameters
    ----------
    path
        A zip archive or a folder; the files may lie in one inner folder.
    notices
        Collector.
    max_member_bytes
        Largest uncompressed size of one file.

    Yields
    ------
    GtfsContainer
        Open until the block ends.

    Raises
    ------
    InputError
        If there is no such file, it is no archive, or it holds no feed.
    """
    if not path.exists():
        raise InputError(
            f"there is no timetable {path.name}", file=path, cure="Check the path, or fetch the timetable first."
        )
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*.txt") if file.is_file())
        yield GtfsContainer(path, _find_root(names, path, notices), None, max_member_bytes)
        return
    with open_archive(path) as archive:
        names = [info.filename for info in list_members(archive, path)]
        yield GtfsContainer(path, _find_root(sorted(names), path, notices), archive, max_member_bytes)
