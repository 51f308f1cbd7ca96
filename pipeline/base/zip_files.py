"""Zip archives that are not trusted: opened, checked and read block by block, never unpacked to disk."""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from pipeline.base.errors import InputError

MAX_MEMBER_BYTES = 8 * 1024**3
"""Largest uncompressed size of one file of an archive."""
MAX_RATIO = 400
"""Largest compression ratio believed of a member above ``RATIO_FREE_BYTES``: text of timetables reaches about 30."""
RATIO_FREE_BYTES = 64 * 1024**2
MAX_MEMBERS = 200_000
MAX_TOTAL_BYTES = 64 * 1024**3
"""Largest sum of the declared sizes of all files of an archive."""
MAX_INNER_ARCHIVE_BYTES = 512 * 1024**2
"""Largest archive inside an archive; it is held in memory while its members are read."""
IGNORED_FOLDERS = {"__MACOSX"}
UNIX = 3
"""Value of ``create_system`` for which an entry carries the rights and kind of a Unix file."""
READ_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""What reading a damaged, encrypted or unusually packed member raises."""


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a zip archive.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    zipfile.ZipFile
        To be closed by the caller.

    Raises
    ------
    InputError
        If it is empty, a web page, or not a readable archive.
    """
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
    except READ_ERRORS as error:
        cut = " (it begins like one: the download was probably cut short)" if start.startswith(b"PK") else ""
        raise InputError(
            f"{path.name} is not a readable zip archive{cut}: {error}", file=path, cure="Fetch the timetable again."
        ) from error


def check_names(names: Sequence[str], path: Path) -> None:
    """Refuse members that point outside the archive, and two members of one name.

    Parameters
    ----------
    names
        Names of the members.
    path
        The archive, for the message.

    Raises
    ------
    InputError
        Naming the member.
    """
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise InputError(
                f"{path.name} has a member that points outside the archive",
                file=path,
                field=name[:100],
                cure="Such an archive is not to be trusted: fetch it again from its publisher.",
            )
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InputError(
            f"{path.name} holds {repeated[0]} twice",
            file=path,
            field=repeated[0],
            cure="Pack the archive anew with one file of each name.",
        )


def is_ignored(name: str) -> bool:
    """Say whether a file is hidden or lies in a folder that a packer added."""
    parts = name.split("/")
    return parts[-1].startswith(".") or not IGNORED_FOLDERS.isdisjoint(parts)


def list_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """List the files of an archive that may be read, after all checks that need only its directory.

    Parameters
    ----------
    archive
        Open.
    path
        Its name, for messages.

    Returns
    -------
    list of zipfile.ZipInfo
        In order of their names; folders, hidden files and those of :data:`IGNORED_FOLDERS` are left out.

    Raises
    ------
    InputError
        For too many members or bytes, names that point outside or stand twice, and links.
    """
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
        raise InputError(
            f"{path.name} holds more than {MAX_MEMBERS:,} files or {MAX_TOTAL_BYTES:,} bytes",
            file=path,
            cure="Check that this is a genuine timetable; if so, split the archive.",
        )
    check_names([info.filename for info in infos], path)
    for info in infos:
        if info.create_system == UNIX and stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(
                f"{path.name} has a member that is a link to another file",
                file=path,
                field=info.filename[:100],
                cure="Pack the archive anew with the file itself.",
            )
    return sorted((info for info in infos if not is_ignored(info.filename)), key=lambda info: info.filename)


def open_inner(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> zipfile.ZipFile:
    """Open an archive inside an archive, in memory.

    Parameters
    ----------
    archive, info
        The outer archive and the entry.
    path
        The outer archive, for messages.

    Returns
    -------
    zipfile.ZipFile
        Independent of the outer one.

    Raises
    ------
    InputError
        If it is too large, encrypted, damaged or no archive.
    """
    if not is_plausible(info, MAX_INNER_ARCHIVE_BYTES):
        raise too_large(info.filename, path, MAX_INNER_ARCHIVE_BYTES)
    try:
        with open_member(archive, info) as handle:
            data = b"".join(read_blocks(handle, 1024**2, MAX_INNER_ARCHIVE_BYTES))
        return zipfile.ZipFile(io.BytesIO(data))
    except OverflowError as error:
        raise too_large(info.filename, path, MAX_INNER_ARCHIVE_BYTES) from error
    except READ_ERRORS as error:
        raise unreadable(info.filename, path, error) from error


def is_plausible(info: zipfile.ZipInfo, max_member_bytes: int) -> bool:
    """Say whether a member's declared sizes can be believed and handled.

    Parameters
    ----------
    info
        Entry of the archive's directory.
    max_member_bytes
        Largest uncompressed size.

    Returns
    -------
    bool
        False if it is too large or compressed beyond belief.
    """
    if info.file_size > max_member_bytes:
        return False
    return info.file_size <= RATIO_FREE_BYTES or info.file_size <= MAX_RATIO * max(1, info.compress_size)


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    """Open a member for reading.

    Parameters
    ----------
    archive, info
        The open archive and the entry.

    Returns
    -------
    IO[bytes]
        To be closed by the caller; reading may raise any of :data:`READ_ERRORS`.

    Raises
    ------
    RuntimeError
        If it is encrypted.
    """
    if info.flag_bits & 1:
        raise RuntimeError("it is encrypted")
    return archive.open(info)


def too_large(name: str, path: Path, max_bytes: int) -> InputError:
    """Return the error for a file that is too large to be read.

    Parameters
    ----------
    name
        The file or member.
    path
        The file or archive that holds it.
    max_bytes
        The limit.

    Returns
    -------
    InputError
        To be raised.
    """
    return InputError(
        f"{name} is larger than {max_bytes:,} bytes when unpacked, or compressed beyond belief",
        file=path,
        cure="Check that this is a genuine timetable; if so, unpack it and give the folder.",
    )


def unreadable(name: str, path: Path, error: Exception) -> InputError:
    """Return the error for a member that cannot be read.

    Parameters
    ----------
    name
        The file or member.
    path
        The file or archive that holds it.
    error
        One of :data:`READ_ERRORS`.

    Returns
    -------
    InputError
        To be raised from ``error``.
    """
    return InputError(
        f"{name} cannot be read from {path.name}: {error}",
        file=path,
        cure="The archive is damaged or encrypted: fetch it again, or pack it anew without a password.",
    )


def read_blocks(handle: IO[bytes], block_bytes: int, max_bytes: int) -> Iterator[bytes]:
    """Yield the bytes of an open file block by block.

    Parameters
    ----------
    handle
        Open for reading.
    block_bytes
        Size of a block.
    max_bytes
        Limit on the sum of all blocks, whatever a directory declared.

    Yields
    ------
    bytes
        Non-empty blocks.

    Raises
    ------
    OverflowError
        If there are more bytes than the limit.
    """
    total = 0
    while block := handle.read(block_bytes):
        total += len(block)
        if total > max_bytes:
            raise OverflowError(total)
        yield block
