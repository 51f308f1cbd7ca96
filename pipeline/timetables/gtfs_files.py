"""The container of a GTFS feed, a zip archive or a folder, read without ever unpacking it to disk."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import FILE_NESTED

MAX_MEMBER_BYTES = 8 * 1024**3
"""Largest uncompressed size of one file of an archive."""
MAX_RATIO = 400
"""Largest compression ratio believed of a member above ``RATIO_FREE_BYTES``: text of timetables reaches about 30."""
RATIO_FREE_BYTES = 64 * 1024**2
IGNORED_FOLDERS = {"__MACOSX"}
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

    def iter_blocks(self, name: str, block_bytes: int) -> Iterator[bytes]:
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
                total = 0
                while block := handle.read(block_bytes):
                    total += len(block)
                    if total > self.max_member_bytes:
                        raise self._too_large(name)
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise InputError(
                f"{name} cannot be read from {self.path.name}: {error}",
                file=self.path,
                cure="The archive is damaged or encrypted: fetch it again, or pack it anew without a password.",
            ) from error

    def _too_large(self, name: str) -> InputError:
        return InputError(
            f"{name} is larger than {self.max_member_bytes:,} bytes when unpacked, or compressed beyond belief",
            file=self.path,
            cure="Check that this is a genuine timetable; if so, unpack it and give the folder.",
        )

    def _open(self, name: str) -> IO[bytes]:
        member = self.members[name]
        if self.archive is None:
            return (self.path / member).open("rb")
        info = self.archive.getinfo(member)
        if info.flag_bits & 1:
            raise RuntimeError("it is encrypted")
        if info.file_size > self.max_member_bytes:
            raise self._too_large(name)
        if info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * max(1, info.compress_size):
            raise self._too_large(name)
        return self.archive.open(info)


def _find_root(names: list[str], path: Path, notices: Notices) -> dict[str, str]:
    """Return plain name -> full name for the folder that holds the feed."""
    folders: dict[str, list[str]] = {}
    for name in names:
        pure = PurePosixPath(name)
        if pure.suffix == ".txt" and not pure.name.startswith(".") and not IGNORED_FOLDERS & set(pure.parts):
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


def _check_names(names: list[str], path: Path) -> None:
    for name in names:
        if name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise InputError(
                f"{path.name} has a member that points outside the archive",
                file=path,
                field=name[:100],
                cure="Such an archive is not to be trusted: fetch it again from its publisher.",
            )
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise InputError(
            f"{path.name} holds {repeated[0]} twice",
            file=path,
            field=repeated[0],
            cure="Pack the archive anew with one file of each name.",
        )


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        with path.open("rb") as handle:
            start = handle.read(512)
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened: {error}", file=path, cure="Check its permissions.") from error
    if not start:
        raise InputError(f"{path.name} is empty", file=path, cure="Fetch the timetable again.")
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise InputError(
            f"{path.name} is a web page or XML, not a zip archive",
            file=path,
            cure="The download probably gave an error page: open it in a text editor, then fetch the archive again.",
        )
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        cut = " (it begins like one: the download was probably cut short)" if start.startswith(b"PK") else ""
        raise InputError(
            f"{path.name} is not a readable zip archive{cut}: {error}", file=path, cure="Fetch the timetable again."
        ) from error


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
    with _open_archive(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        _check_names(names, path)
        yield GtfsContainer(path, _find_root(sorted(names), path, notices), archive, max_member_bytes)
