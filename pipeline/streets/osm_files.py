"""OpenStreetMap files that are not trusted, looked at before the parser sees them."""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path
from typing import IO

from pipeline.base.errors import InputError

MAX_RATIO = 100
"""Largest compression ratio believed of packed XML above ``RATIO_FREE_BYTES``: maps reach about 20."""
RATIO_FREE_BYTES = 64 * 1024**2
BLOCK_BYTES = 4 * 1024**2
HEAD_BYTES = 64 * 1024
BAD = "get the extract again, from a publisher that you trust"


def check_osm_file(path: Path) -> None:
    """Refuse a map that is empty, a web page, declares entities, or unpacks beyond belief.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        Saying which.
    """
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    if not head:
        raise InputError("the street file is empty", file=path, cure=BAD)
    if head.startswith(b"\x1f\x8b"):
        with gzip.open(path) as packed:
            head = _read_packed(packed, path)  # type: ignore[arg-type]
    elif head.startswith(b"BZh"):
        with bz2.open(path) as packed:
            head = _read_packed(packed, path)
    text = head.replace(b"\x00", b"").lower()  # UTF-16 looks like ASCII then
    start = text.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    if start.startswith((b"<!doctype html", b"<html")):
        raise InputError(
            "the street file is a web page",
            file=path,
            cure="the download probably gave an error page: open it in a browser, then get the extract again",
        )
    if start.startswith(b"<") and b"<!doctype" in text:
        raise InputError(
            "the street file declares a document type (DTD), which is refused: it may define entities that grow "
            "without bound",
            file=path,
            row=text[: text.index(b"<!doctype")].count(b"\n") + 1,
            field="DOCTYPE",
            cure=BAD,
        )


def _read_packed(packed: IO[bytes], path: Path) -> bytes:
    """Return the beginning of packed text, having counted all of it."""
    size = path.stat().st_size
    total, head = 0, b""
    try:
        while block := packed.read(BLOCK_BYTES):
            head = head or block[:HEAD_BYTES]
            total += len(block)
            if total > max(RATIO_FREE_BYTES, MAX_RATIO * size):
                raise InputError(
                    f"the street file unpacks to more than {total:,} bytes from {size:,}, which no map does",
                    file=path,
                    cure=BAD,
                )
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(f"the street file cannot be unpacked: {error}", file=path, cure=BAD) from error
    return head
