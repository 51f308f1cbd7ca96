"""Inputs named by a live source, ``raw:<source>?<parameters>``: which archived file stands for each.

Fetching writes the lock of an area, ``outputs/<area>/sources.lock.json``; runs read archived files by it and never
speak to the network, so that the same lock gives the same run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.base.errors import InputError
from pipeline.base.hashing import hash_value

LIVE = "raw:"
ARCHIVED = "archived:"
"""Begins a path below the archive of raw inputs, as registered snapshots have it."""
ARCHIVE = Path("data/raw")
LOCK = "sources.lock.json"
NOT_FETCHED = "not-fetched"


def _name_of(path: str) -> str:
    """Name a live source in letters that make can carry, differently for different sources."""
    return f"{re.sub('[^A-Za-z0-9._-]+', '_', path)[:60]}-{hash_value(path)[:12]}"


def is_live(path: str) -> bool:
    """Say whether a path of an area file names a live source.

    Parameters
    ----------
    path
        As configured.

    Returns
    -------
    bool
        True for ``raw:...``.
    """
    return path.startswith(LIVE)


def is_archived(path: str) -> bool:
    """Say whether a path of a snapshot names a file of the archive.

    Parameters
    ----------
    path
        As configured.

    Returns
    -------
    bool
        True for ``archived:<source>/<sha256>/<name>``.
    """
    return path.startswith(ARCHIVED)


def read_lock(outputs: Path) -> dict[str, dict[str, Any]]:
    """Read which archived file stands for each live source of an area.

    Parameters
    ----------
    outputs
        The area's output folder.

    Returns
    -------
    dict
        Reference to ``file``, ``sha256``, ``bytes`` and what is known of it; empty where nothing was fetched.

    Raises
    ------
    InputError
        If the lock is damaged.
    """
    path = outputs / LOCK
    try:
        content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["sources"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "The lock of the live sources is damaged.", file=path, cure="Delete it and run make fetch again."
        ) from None
    return content


def resolve_input(path: str, *, data: Path, outputs: Path) -> Path:
    """Return where an input lies.

    Parameters
    ----------
    path
        As configured: below the data folder, or a live source.
    data
        The area's data folder.
    outputs
        The area's output folder, with its lock.

    Returns
    -------
    pathlib.Path
        The file. A live source that was not fetched gives a path that cannot exist, below ``not-fetched``.
    """
    if is_archived(path):
        return ARCHIVE / path.removeprefix(ARCHIVED)
    if not is_live(path):
        return data / path
    entry = read_lock(outputs).get(path)
    return Path(entry["file"]) if entry else outputs / NOT_FETCHED / _name_of(path)


def describe_locked(paths: Iterable[str], outputs: Path) -> dict[str, str]:
    """Return the content that live inputs stand for, as part of what a stage depends on.

    A file's time does not tell: an older archived file may take the place of a newer one.

    Parameters
    ----------
    paths
        As configured, live or not.
    outputs
        The area's output folder.

    Returns
    -------
    dict
        Live reference to SHA-256 (``not fetched`` where there is none), sorted.
    """
    live = sorted({path for path in paths if is_live(path)})
    lock = read_lock(outputs) if live else {}
    return {path: lock.get(path, {}).get("sha256", "not fetched") for path in live}


def find_cure(path: str) -> str:
    """Say what to do about an input that does not exist.

    Parameters
    ----------
    path
        The missing file.

    Returns
    -------
    str
        The cure for an error message.
    """
    if NOT_FETCHED in Path(path).parts:
        return "It comes from a live source that has not been fetched: run make fetch AREA=... first."
    if Path(path).parts[: len(ARCHIVE.parts)] == ARCHIVE.parts:
        return "A registered snapshot needs it: bring the archive back from its copy (docs/operations.md)."
    return "Check the path in the area file, and DATA=."
