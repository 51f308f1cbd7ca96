"""Zip archives that are damaged, or made to harm."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile.case import Case, Noted, Rejected, Same
from tests.hostile.gtfs_cases import NORMAL
from tests.support.gtfs import build_gtfs

FILES = {f"{name}.txt": text.encode() for name, text in NORMAL.items()}
Change = Callable[[zipfile.ZipFile], None]


def _pack(*, method: int = zipfile.ZIP_DEFLATED, without: str = "", more: Change | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in FILES.items():
            if name != without:
                archive.writestr(zipfile.ZipInfo(name), data, method)
        if more:
            more(archive)
    return out.getvalue()


def _case(name: str, make: Callable[[], bytes], expected: Rejected | Noted | Same, kind: str = "timetable") -> Case:
    def build(folder: Path) -> None:
        (folder / "feed.zip").write_bytes(make())

    return Case(f"zip-{name}", build, expected, "feed.zip", kind)


def _add(name: str, data: bytes = b"x") -> Change:
    return lambda archive: archive.writestr(zipfile.ZipInfo(name), data)


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("stops.txt")
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def _encrypt() -> bytes:
    data = bytearray(_pack(method=zipfile.ZIP_STORED))
    at = data.index(b"PK\x03\x04")
    while at >= 0:
        data[at + 6] |= 1
        at = data.find(b"PK\x03\x04", at + 4)
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def _bad_crc() -> bytes:
    data = bytearray(_pack(method=zipfile.ZIP_STORED))
    at = data.index(b"08:10:00")
    data[at : at + 8] = b"08:11:00"
    return bytes(data)


def _lying_size() -> bytes:
    """A directory that says 10 bytes where there are many more."""
    data = bytearray(_pack())
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 24, 10)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def _bomb(megabytes: int) -> bytes:
    """Zeros, packed a thousandfold, as stop_times.txt; written block by block to stay small itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            if name != "stop_times.txt":
                archive.writestr(zipfile.ZipInfo(name), data)
        info = zipfile.ZipInfo("stop_times.txt")
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as member:
            for _ in range(megabytes):
                member.write(b"0" * 1024**2)
    return out.getvalue()


def _unknown_method() -> bytes:
    data = bytearray(_pack())
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        found = data.index(magic)
        while found >= 0:
            struct.pack_into("<H", data, found + at, 97)
            found = data.find(magic, found + 4)
    return bytes(data)


def _nest(levels: int) -> bytes:
    data = _pack()
    for _ in range(levels):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("inner.zip"), data)
        data = out.getvalue()
    return data


def _quine_like(archive: zipfile.ZipFile) -> None:
    for n in range(20_000):
        archive.writestr(zipfile.ZipInfo(f"f{n}"), b"")


def _twice() -> bytes:
    data = _pack(more=_add("stopz.txt", FILES["stops.txt"]))
    return data.replace(b"stopz.txt", b"stops.txt")


def _two_feeds() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for folder in ("a", "b"):
            for name, data in FILES.items():
                archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), data)
    return out.getvalue()


GOOD = _pack()
CASES = [
    _case("empty", lambda: b"", Rejected("empty")),
    _case("one-byte", lambda: b"P", Rejected("")),
    _case("html", lambda: b"<!DOCTYPE html><html><body>Not found</body></html>", Rejected("web page")),
    _case("json", lambda: b'{"error": "rate limit"}', Rejected("")),
    _case("random", lambda: bytes((n * 197 + 31) % 256 for n in range(5000)), Rejected("")),
    _case("cut-in-half", lambda: GOOD[: len(GOOD) // 2], Rejected("cut short")),
    _case("last-byte-gone", lambda: GOOD[:-1], Rejected("")),
    _case("first-bytes-gone", lambda: GOOD[40:], Rejected("")),
    _case("text-in-front", lambda: b"#!/bin/sh\n" + GOOD, Same()),
    _case("text-behind", lambda: GOOD + b"\n-- end --\n", Same()),
    _case("no-members", lambda: b"PK\x05\x06" + b"\0" * 18, Rejected("no GTFS")),
    _case("stored", lambda: _pack(method=zipfile.ZIP_STORED), Same()),
    _case("bzip2", lambda: _pack(method=zipfile.ZIP_BZIP2), Same()),
    _case("lzma", lambda: _pack(method=zipfile.ZIP_LZMA), Same()),
    _case("unknown-method", _unknown_method, Rejected("cannot be read")),
    _case("encrypted", _encrypt, Rejected("encrypted")),
    _case("wrong-checksum", _bad_crc, Rejected("CRC")),
    _case("lying-size", _lying_size, Rejected("")),
    _case(
        "absolute-path",
        lambda: _pack(more=_add("/etc/cron.d/x")),
        Rejected("outside the archive", None, "/etc/cron.d/x"),
    ),
    _case("dot-dot", lambda: _pack(more=_add("../../evil.txt")), Rejected("outside the archive", None, "evil.txt")),
    _case("dot-dot-backslash", lambda: _pack(more=_add("..\\..\\evil.txt")), Rejected("outside the archive")),
    _case("drive-letter", lambda: _pack(more=_add("C:/evil.txt")), Same()),
    _case("member-twice", _twice, Rejected("twice", None, "stops.txt")),
    _case("symlink", lambda: _pack(without="stops.txt", more=_link), Rejected("link", None, "stops.txt")),
    _case("bomb-of-a-gigabyte", lambda: _bomb(1024), Rejected("beyond belief", None, "")),
    _case("bomb-of-60-megabytes", lambda: _bomb(60), Rejected("no header")),
    _case("twenty-thousand-members", lambda: _pack(more=_quine_like), Same()),
    _case(
        "other-case",
        lambda: _pack(without="stops.txt", more=_add("Stops.TXT", FILES["stops.txt"])),
        Rejected("stops.txt"),
    ),
    _case("mac-folder", lambda: _pack(more=_add("__MACOSX/._stops.txt")), Same()),
    _case("hidden-file", lambda: _pack(more=_add(".stops.txt")), Same()),
    _case("two-feeds", _two_feeds, Rejected("several timetables")),
    _case("one-level", lambda: _nest(1), Rejected("inner.zip")),
    _case("five-levels", lambda: _nest(5), Rejected("inner.zip")),
    Case(
        "zip-inner-folder",
        lambda folder: build_gtfs(folder, prefix="feed/", **NORMAL),
        Noted("gtfs_files_nested"),
        "feed.zip",
        "timetable",
    ),
    Case("zip-not-there", lambda folder: None, Rejected("does not exist"), "feed.zip", "timetable"),
    Case("zip-is-a-folder", lambda folder: (folder / "feed.zip").mkdir(), Rejected("no GTFS"), "feed.zip", "timetable"),
]
