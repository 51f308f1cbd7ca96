"""Fetch into an anteroom of the archive, and move into the archive only what turns out to be worth keeping.

A publisher that writes its file anew every night sends other bytes that say the same. Neither archive nor ledger
should grow by that.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.acquire.fetch import WORK, Fetched, Fetcher
from pipeline.acquire.ledger import append_entry, find_latest, read_ledger
from pipeline.acquire.sources import parse_reference
from pipeline.base.errors import InputError

MAX_PARTIAL_AGE_S = 14 * 86_400


@dataclass(frozen=True)
class Incoming:
    """Fetches beside the archive.

    Attributes
    ----------
    fetcher
        What fetches into the archive.
    folder
        The anteroom, on the archive's own disk; one for each area, used by one process at a time.
    """

    fetcher: Fetcher
    folder: Path

    def fetch(self, references: Iterable[str]) -> dict[str, Fetched]:
        """Fetch what references stand for, conditionally, and change nothing outside the anteroom.

        Parameters
        ----------
        references
            Such as ``raw:bods_gtfs?region=wales``.

        Returns
        -------
        dict
            Reference to what stands for it now; ``file`` lies in the anteroom unless the archive has it.

        Raises
        ------
        FetchError
            If one cannot be fetched; what has arrived of it stays for the next attempt.
        """
        references = list(dict.fromkeys(references))
        self.fetcher.check_keys(references)
        self._sweep()
        inner = replace(self.fetcher, archive=self.folder)
        found: dict[str, Fetched] = {}
        for text in references:
            self._seed(text)
            fetched = inner.fetch(text)
            archived = self.fetcher.archive / fetched.file.relative_to(self.folder)
            found[text] = replace(fetched, file=archived if archived.exists() else fetched.file)
        return found

    def keep(self, fetched: Fetched) -> Fetched:
        """Move what was fetched into the archive and note it in the ledger.

        Parameters
        ----------
        fetched
            From :meth:`fetch`.

        Returns
        -------
        Fetched
            The same, in the archive. Doing it twice, or again after it was stopped, gives the same files.
        """
        target = fetched.file
        if target.is_relative_to(self.folder):
            target = self.fetcher.archive / target.relative_to(self.folder)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                fetched.file.rename(target)
                _sync(target.parent)
        known = find_latest(read_ledger(self.fetcher.archive), str(fetched.entry["reference"]))
        if known is None or known["sha256"] != fetched.sha256:
            append_entry(self.fetcher.archive, dict(fetched.entry))
        return replace(fetched, file=target)

    def clear(self) -> None:
        """Remove the anteroom with all that was not kept."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        if self.folder.parent.is_dir() and not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()

    def _sweep(self) -> None:
        """Remove what a stopped run left, but for downloads that may be resumed."""
        for path in self.folder.iterdir() if self.folder.is_dir() else []:
            if path.is_dir() and path.name != WORK:
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        for path in (self.folder / WORK).glob("*"):
            if time.time() - path.stat().st_mtime > MAX_PARTIAL_AGE_S:
                path.unlink()

    def _seed(self, text: str) -> None:
        """Let the anteroom know the version that the archive has, so that a server is asked conditionally."""
        reference = parse_reference(text, self.fetcher.sources).text
        entry = find_latest(read_ledger(self.fetcher.archive), reference)
        if entry is None:
            return
        archived, linked = (root / entry["file"] for root in (self.fetcher.archive, self.folder))
        if not archived.exists() or linked.exists():
            return
        for file in [archived] if archived.is_file() else sorted(p for p in archived.rglob("*") if p.is_file()):
            link = linked if archived.is_file() else linked / file.relative_to(archived)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(file, link.parent))
        append_entry(self.folder, entry)


def _sync(folder: Path) -> None:
    """Let a renamed file be there after a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_newest(folder: Path) -> Path:
    """Return the last file of a folder that receives files, by name.

    Parameters
    ----------
    folder
        Hidden files and those that end in ``.part`` or ``.tmp`` are still arriving.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    InputError
        If there is no such folder, or no file in it.
    """
    if not folder.is_dir():
        raise InputError("This folder does not exist.", file=folder, cure="Check the path of the feed under refresh.")
    files = [p for p in folder.iterdir() if not p.name.startswith(".") and p.suffix not in {".part", ".tmp"}]
    if not files:
        raise InputError("No file has arrived in this folder.", file=folder, cure="Put the first timetable there.")
    return max(files, key=lambda path: path.name)
