"""The immutable archive of raw inputs: a file is stored once under its hash and never changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.base.hashing import hash_file
from pipeline.base.io import staged_file


def archive_file(path: Path, sha256: str, *, source: str, archive: Path) -> Path:
    """Copy a file, or the files of a folder, into the archive unless it is there already.

    Parameters
    ----------
    path
        The file or folder.
    sha256
        Its hash, from :func:`pipeline.base.hashing.hash_file`.
    source
        Name of the source, the first level of the archive.
    archive
        Root of the archive.

    Returns
    -------
    Path
        Where it lies now: ``<archive>/<source>/<sha256>/<name>``.
    """
    target = archive / source / sha256 / path.name
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        copy = target / file.relative_to(path) if path.is_dir() else target
        if file.is_file() and not (copy.is_file() and hash_file(copy) == hash_file(file)):
            with staged_file(copy) as temporary:
                shutil.copyfile(file, temporary)
    return target
