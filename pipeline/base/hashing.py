"""Hashes of files and of settings."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files and their relative names.

    Parameters
    ----------
    path
        A file or a folder.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(file.relative_to(path).as_posix().encode())
            digest.update(bytes.fromhex(hash_file(file)))
        return digest.hexdigest()
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_value(value: object) -> str:
    """Return the SHA-256 of a value made of dicts, lists, strings and numbers.

    Parameters
    ----------
    value
        Anything that JSON can hold; dates and paths by their text.

    Returns
    -------
    str
        64 hexadecimal digits, independent of the order of keys.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
