"""What a file is, by its first bytes, and whether it is whole as far as its format can tell."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from pipeline.base.errors import FetchError

HEAD_BYTES = 4096
_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_BOM = b"\xef\xbb\xbf"


def _is_text_table(head: bytes) -> bool:
    first = head.removeprefix(_BOM).lstrip()
    return bool(first) and b"\0" not in head and not first.startswith((b"<", b"{", b"%PDF"))


def _is_zip(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04")


CHECKS: dict[str, Callable[[bytes], bool]] = {
    "zip": _is_zip,
    "gtfs": _is_zip,
    "xlsx": _is_zip,
    "pbf": lambda head: b"OSMHeader" in head[4:32],
    "gz": lambda head: head.startswith(b"\x1f\x8b"),
    "json": lambda head: head.removeprefix(_BOM).lstrip().startswith((b"{", b"[")),
    "geojson": lambda head: head.removeprefix(_BOM).lstrip().startswith(b"{"),
    "xml": lambda head: head.removeprefix(_BOM).lstrip().startswith(b"<"),
    "csv": _is_text_table,
    "gpkg": lambda head: head.startswith(b"SQLite format 3\0"),
    "parquet": lambda head: head.startswith(b"PAR1"),
    "md5": lambda head: re.match(rb"^\s*[0-9a-fA-F]{32}\b", head) is not None,
    "txc": lambda head: _is_zip(head) or head.removeprefix(_BOM).lstrip().startswith(b"<"),
    "any": bool,
}
ZIPPED = {"zip", "gtfs", "xlsx"}


def check_head(head: bytes, kind: str, *, shown: str) -> None:
    """Refuse content that is not what its source should give.

    Parameters
    ----------
    head
        The first bytes.
    kind
        Expected type, a key of ``CHECKS``.
    shown
        The address without secrets, for the message.

    Raises
    ------
    FetchError
        If it is something else, such as a page that says why there is no file.
    """
    if _HTML.match(head[:HEAD_BYTES].removeprefix(_BOM)):
        expected = "a file" if kind == "any" else f"a file of the kind '{kind}'"
        raise FetchError(
            f"The server sent a web page where {expected} was expected.",
            file=shown,
            cure="Open the address in a browser to see what it says; the publisher may have moved the file.",
        )
    if not CHECKS[kind](head):
        raise FetchError(
            f"What the server sent is not a file of the kind '{kind}': it begins with {head[:4]!r}.",
            file=shown,
            cure="Check the address and the expected type in config/sources.csv.",
        )


def is_whole(path: Path, kind: str) -> bool:
    """Say whether a file is complete, for formats that tell.

    Parameters
    ----------
    path
        The file.
    kind
        Expected type.

    Returns
    -------
    bool
        False for a zip without its directory and for JSON that ends early or cannot be read; True where the format
        cannot tell.
    """
    with path.open("rb") as handle:
        begins_as_zip = _is_zip(handle.read(4))
    if kind in ZIPPED or (kind == "txc" and begins_as_zip):
        return zipfile.is_zipfile(path)
    if kind in {"json", "geojson"}:
        try:
            json.loads(path.read_bytes())
        except (ValueError, RecursionError):  # cut short, or brackets within brackets without end
            return False
    return True


def find_kind_by_name(name: str) -> str:
    """Tell from the ending of a file's name what must come.

    Parameters
    ----------
    name
        Of the file, such as that of an address.

    Returns
    -------
    str
        A key of ``CHECKS``; ``any`` where the ending says nothing.
    """
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    ending = {"pq": "parquet"}.get(ending, ending)
    return ending if ending in CHECKS and ending not in {"gtfs", "md5", "txc"} else "any"
