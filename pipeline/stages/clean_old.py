"""What of old runs can go: nothing that the current results, a kept version, a lock or any record still refers to."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.acquire.fetch import WORK
from pipeline.acquire.ledger import LEDGER, read_ledger
from pipeline.base.io import TEMPORARY_MARK
from pipeline.base.live import ARCHIVE
from pipeline.base.load import ROOT, Project
from pipeline.base.manifest import MANIFEST, SHARDS
from pipeline.stages.publish import LATEST, read_history, write_history

SHA256 = re.compile(rb"[0-9a-f]{64}")
RECORDS = {".json", ".yaml", ".yml", ".csv", ".jsonl"}
"""Files in which a hash counts as a reference; the ledger of the archive lists everything and counts for nothing."""
PARTIAL_DAYS = 7
CACHE_DAYS = 30
DAY_S = 86_400


@dataclass(frozen=True)
class Old:
    """Something that can go.

    Attributes
    ----------
    path
        File or folder.
    why
        What it is.
    n_bytes
        What its deletion frees; a file that has another name elsewhere frees nothing.
    """

    path: Path
    why: str
    n_bytes: int


def find_old(project: Project, *, keep: int, is_archive_free: bool = True, now_s: float | None = None) -> list[Old]:
    """List what can be deleted; the caller holds the area.

    Parameters
    ----------
    project
        The area with its settings.
    keep
        Published versions that stay, the latest included.
    is_archive_free
        Whether nobody else writes into the archive, which other areas share.
    now_s
        The time; the clock's if absent.

    Returns
    -------
    list of Old
        Each path once, sorted.
    """
    now_s = time.time() if now_s is None else now_s
    found = [
        *_find_versions(project, keep),
        *_find_leftovers(project),
        *_find_shards(project),
        *(_find_partial(now_s) if is_archive_free else ()),
        *_find_caches(now_s),
    ]
    doomed = {path for path, _ in found}
    found += _find_archived(project, doomed) if is_archive_free else []
    unique = dict(sorted(found))
    return [
        Old(path, why, _measure(path))
        for path, why in unique.items()
        if not any(parent in unique for parent in path.parents)
    ]


def _find_versions(project: Project, keep: int) -> Iterator[tuple[Path, str]]:
    folder = project.outputs / "publish"
    if not folder.is_dir():
        return
    kept = {entry["version"] for entry in read_history(folder)[-keep:]}
    latest = folder / LATEST
    if latest.is_symlink():
        kept.add(latest.readlink().name)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and path.name not in kept and TEMPORARY_MARK not in path.name:
            yield path, "an old published version"


def _find_leftovers(project: Project) -> Iterator[tuple[Path, str]]:
    places = [project.outputs, ARCHIVE / project.area.name]
    for place in places:
        for path in place.rglob(f"*{TEMPORARY_MARK}*"):
            yield path, "a temporary file of a run that was stopped"
    for folder in (project.area_file.parent, project.area_file.parent / "registered"):
        for path in folder.glob(f"{project.area_file.stem}.*{TEMPORARY_MARK}*"):
            yield path, "a temporary file of a run that was stopped"


def _find_shards(project: Project) -> Iterator[tuple[Path, str]]:
    for path in project.outputs.rglob(SHARDS):
        if path.is_dir() and (path.parent / MANIFEST).is_file():
            yield path, "pieces of work of a stage that is complete"


def _find_partial(now_s: float) -> Iterator[tuple[Path, str]]:
    """List downloads begun long ago; one that is under way is locked and young."""
    folder = ARCHIVE / WORK
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and now_s - path.stat().st_mtime > PARTIAL_DAYS * DAY_S:
            yield path, f"a download that stopped more than {PARTIAL_DAYS} days ago"


def _find_caches(now_s: float) -> Iterator[tuple[Path, str]]:
    """List compiled kernels that nothing has used for long; they are compiled anew when needed."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", ROOT / ".cache" / "numba"))
    for path in folder.rglob("*.nb[ci]") if folder.is_dir() else ():
        stat = path.stat()
        if now_s - max(stat.st_mtime, stat.st_atime) > CACHE_DAYS * DAY_S:
            yield path, f"a compiled kernel not used for {CACHE_DAYS} days"
    for path in folder.parent.glob(f"*{TEMPORARY_MARK}*"):
        if now_s - path.lstat().st_mtime > DAY_S:
            yield path, "a temporary file of a run that was stopped"


def _find_archived(project: Project, doomed: set[Path]) -> list[tuple[Path, str]]:
    """List archived inputs whose hash no record names: of any area, in settings, data, outputs and kept versions."""
    if not ARCHIVE.is_dir():
        return []
    entries = [path for path in ARCHIVE.glob("*/*") if path.is_dir() and re.fullmatch("[0-9a-f]{64}", path.name)]
    if not entries:
        return []
    used = _collect_hashes(project, doomed)
    linked = {path.stat().st_ino for entry in entries if entry.name in used for path in entry.rglob("*")}
    # files of a folder that is in use are kept under their own hashes as well: the folder was made from them
    return [
        (entry, "an archived input that nothing refers to")
        for entry in entries
        if entry.name not in used and not any(path.stat().st_ino in linked for path in entry.rglob("*"))
    ]


def _collect_hashes(project: Project, doomed: set[Path]) -> set[str]:
    newest = {entry["reference"]: entry["sha256"] for entry in read_ledger(ARCHIVE)}
    found = set(newest.values())  # the last answer of a source is asked for by its tag, and not sent again
    places = {Path("config"), Path("data"), project.outputs.parent, project.area_file.parent}
    for place in sorted(places):
        for path in _walk(place, doomed):
            if path.suffix.lower() in RECORDS and path.name != LEDGER:
                found |= {text.decode() for text in SHA256.findall(path.read_bytes())}
    return found


def _walk(folder: Path, doomed: set[Path]) -> Iterator[Path]:
    for base, names, files in os.walk(folder):
        here = Path(base)
        names[:] = [name for name in names if here / name not in doomed and here / name != ARCHIVE]
        yield from (here / name for name in files)


def _measure(path: Path) -> int:
    """Return what deleting a path frees."""
    files = [path] if path.is_symlink() or not path.is_dir() else [p for p in path.rglob("*") if not p.is_dir()]
    inside: dict[int, int] = {}
    total = 0
    for file in files:
        stat = file.lstat()
        inside[stat.st_ino] = inside.get(stat.st_ino, 0) + 1
        if inside[stat.st_ino] == stat.st_nlink:
            total += stat.st_size
    return total


def delete_old(project: Project, found: list[Old]) -> None:
    """Delete what :func:`find_old` listed; the caller holds the area.

    Parameters
    ----------
    project
        The area with its settings.
    found
        What goes. The list of published versions is cut first, so that it never names what has gone.
    """
    folder = project.outputs / "publish"
    doomed = {old.path.name for old in found if old.path.parent == folder}
    if doomed:
        write_history(folder, [entry for entry in read_history(folder) if entry["version"] not in doomed], None)
    for old in found:
        if old.path.is_dir() and not old.path.is_symlink():
            _remove_tree(old.path)
        else:
            old.path.unlink(missing_ok=True)


def _remove_tree(folder: Path) -> None:
    """Delete a folder; one of the archive under another name first, so that it is never found in part."""
    if ARCHIVE in folder.parents:
        aside = folder.with_name(f"{folder.name}{TEMPORARY_MARK}old")
        folder.rename(aside)
        folder = aside
    shutil.rmtree(folder)
