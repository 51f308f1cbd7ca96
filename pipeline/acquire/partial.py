"""A download under way: its bytes so far, and what tells that the rest belongs to them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.acquire.headers import find_tag
from pipeline.base.errors import FetchError
from pipeline.base.io import write_text


def find_validator(headers: Mapping[str, str]) -> str | None:
    """Return what tells one version of a file from another, if the server gives it.

    Parameters
    ----------
    headers
        Of an answer.

    Returns
    -------
    str or None
        A strong ETag, or else the time of the last change; None where there is neither.
    """
    etag = find_tag(headers, "ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return None if etag else find_tag(headers, "Last-Modified")


@dataclass(frozen=True)
class Partial:
    """Files of one download under way."""

    path: Path

    @property
    def notes(self) -> Path:
        """What is known of the bytes so far."""
        return self.path.with_suffix(".json")

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def read_state(self) -> tuple[int, str | None]:
        """Return the number of bytes at hand and the validator they belong to.

        Returns
        -------
        tuple
            ``(0, None)`` if nothing can be resumed.
        """
        if not self.path.is_file() or not self.notes.is_file():
            return 0, None
        try:
            validator = json.loads(self.notes.read_text(encoding="utf-8"))["validator"]
        except (ValueError, KeyError, TypeError):
            return 0, None
        return (self.path.stat().st_size, str(validator)) if validator else (0, None)

    def begin(self, validator: str | None) -> None:
        """Start from nothing.

        Parameters
        ----------
        validator
            Of the answer that begins.
        """
        self._make_folder()
        self.path.write_bytes(b"")
        content: dict[str, Any] = {"validator": validator}
        write_text(json.dumps(content), self.notes)

    def clear(self) -> None:
        """Forget the bytes so far."""
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    @contextmanager
    def gathering(self) -> Iterator[Path]:
        """Give the path for a file that is put together from pages; it is removed if the block raises.

        Yields
        ------
        pathlib.Path
            Where to write.
        """
        self._make_folder()
        try:
            yield self.path
        except BaseException:
            self.clear()
            raise

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing the same download; a dead process holds nothing.

        Raises
        ------
        FetchError
            If another process downloads the same.
        """
        self._make_folder()
        lock = self.path.with_suffix(".lock")
        busy = FetchError("Another process is fetching the same.", file=self.path, cure="Wait until it has finished.")
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise busy from None
            if not lock.exists() or lock.stat().st_ino != os.fstat(handle.fileno()).st_ino:
                raise busy  # the holder removed its lock between our opening and locking it
            try:
                yield
            finally:
                lock.unlink()
