"""The ledger of the archive: one line of JSON for every time a source was asked, never changed afterwards."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from pipeline.base.errors import InputError

LEDGER = "ledger.jsonl"


def append_entry(archive: Path, entry: dict[str, Any]) -> None:
    """Append one line, whole, on disk before this returns.

    A line that a power cut left without its end stays where it is and is closed by a line feed.

    Parameters
    ----------
    archive
        Root of the archive.
    entry
        What JSON can hold, free of secrets.
    """
    archive.mkdir(parents=True, exist_ok=True)
    line = json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n"
    with (archive / LEDGER).open("a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = handle.seek(0, os.SEEK_END)
        if size:
            handle.seek(size - 1)
            if handle.read(1) != b"\n":
                line = "\n" + line
        handle.write(line.encode())
        handle.flush()
        os.fsync(handle.fileno())


def read_ledger(archive: Path) -> list[dict[str, Any]]:
    """Read the ledger.

    Parameters
    ----------
    archive
        Root of the archive.

    Returns
    -------
    list of dict
        In order of time. A line cut short by a power cut is left out.

    Raises
    ------
    InputError
        If a line is damaged in another way.
    """
    path = archive / LEDGER
    if not path.is_file():
        return []
    entries: list[dict[str, Any]] = []
    text = path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
    lines = text.split("\n") if text else []  # not splitlines: a server's tag may hold what that takes for a line's end
    for row, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            entry["reference"]
        except (ValueError, KeyError, TypeError):
            if line.startswith("{") and not line.endswith("}"):
                continue
            raise InputError("This line of the ledger is damaged.", file=path, row=row, cure="Remove it.") from None
        entries.append(entry)
    return entries


def find_latest(entries: list[dict[str, Any]], reference: str) -> dict[str, Any] | None:
    """Return the newest entry for a reference.

    Parameters
    ----------
    entries
        From :func:`read_ledger`.
    reference
        Such as ``raw:bods_gtfs?region=wales``.

    Returns
    -------
    dict or None
        The entry.
    """
    return next((entry for entry in reversed(entries) if entry["reference"] == reference), None)
