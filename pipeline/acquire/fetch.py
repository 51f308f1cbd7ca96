"""Fetch a source into the archive: one file, a set of pages, a set of files, or what is made of other sources."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pipeline.acquire.archive import archive_file, move_into_archive, share_archive
from pipeline.acquire.download import Answer, Ask, Downloader
from pipeline.acquire.kinds import find_kind_by_name
from pipeline.acquire.ledger import append_entry, find_latest, read_ledger
from pipeline.acquire.partial import Partial
from pipeline.acquire.redact import SECRET_NAMES, strip_secrets
from pipeline.acquire.sources import Reference, Source, parse_reference
from pipeline.acquire.validity import read_validity
from pipeline.base.errors import ConfigError, FetchError, InputError, UsageError
from pipeline.base.hashing import hash_file

WORK = ".partial"


@dataclass(frozen=True)
class Fetched:
    """What stands for a reference now.

    Attributes
    ----------
    reference
        As a text.
    file
        In the archive (a folder for a set of files).
    sha256, n_bytes
        Of it.
    is_new
        Whether its content is another than when this reference was last fetched.
    entry
        The ledger's line.
    """

    reference: str
    file: Path
    sha256: str
    n_bytes: int
    is_new: bool
    entry: Mapping[str, Any]


@dataclass
class Fetcher:
    """Fetches sources.

    Attributes
    ----------
    sources
        The register.
    archive
        Root of the archive.
    downloader
        With its policy and patience.
    environment
        Where keys are found.
    """

    sources: Mapping[str, Source]
    archive: Path
    downloader: Downloader
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def fetch(self, text: str) -> Fetched:
        """Fetch what a reference stands for, if it is new.

        Parameters
        ----------
        text
            Such as ``raw:bods_gtfs?region=wales``.

        Returns
        -------
        Fetched
            The archived file; a line was added to the ledger.

        Raises
        ------
        FetchError
            If it cannot be fetched, or is not what it should be.
        ConfigError
            If its key is missing.
        UsageError
            If the reference is wrong.
        """
        from pipeline.acquire.derive import derive  # noqa: PLC0415 (it fetches what it is made of)
        from pipeline.acquire.paged import fetch_arcgis, fetch_datasets, fetch_nomis  # noqa: PLC0415

        reference = parse_reference(text, self.sources)
        kinds = {
            "file": fetch_one,
            "url": fetch_one,
            "folder": fetch_folder,
            "arcgis": fetch_arcgis,
            "nomis": fetch_nomis,
            "bods_datasets": fetch_datasets,
            "derived": derive,
        }
        with share_archive(self.archive):
            return kinds[reference.source.kind](self, reference)

    def check_keys(self, references: Iterable[str]) -> None:
        """Refuse before anything is fetched what could not be fetched later: unknown sources, keys that are missing.

        Parameters
        ----------
        references
            All that will be fetched.

        Raises
        ------
        ConfigError
            If a key is needed and not in the environment.
        UsageError
            If a reference is wrong.
        """
        for text in references:
            reference = parse_reference(text, self.sources)
            self.get_key(reference)
            self.check_keys(reference.source.made_of)

    def get_key(self, reference: Reference) -> tuple[str, str]:
        """Return the name of the query parameter of a source's key, and the key.

        Parameters
        ----------
        reference
            A source that has or has not a key.

        Returns
        -------
        tuple of str
            Empty texts where there is none.

        Raises
        ------
        ConfigError
            If the key is needed and not in the environment.
        """
        source, values = reference.source, reference.values
        parameter = values.get("key_parameter") or source.key_parameter
        variable = values.get("key_variable") or source.key_variable
        if variable and not parameter:
            raise UsageError(
                f"The source '{source.name}' does not say in which parameter its key goes.",
                field="key_parameter",
                cure="Name it: key_variable=MY_KEY&key_parameter=token.",
            )
        key = self.environment.get(variable, "").strip() if variable else ""
        if variable and not key and (source.is_key_needed or "key_variable" in values):
            raise ConfigError(
                f"The source '{source.name}' needs a key, and the environment has no {variable}.",
                field=variable,
                cure=f"export {variable}=<your key>; {source.docs or 'docs/sources/README.md'} says how to get one.",
            )
        return (parameter, key) if key else ("", "")

    def ask_for(self, reference: Reference, address: str, *, kind: str | None = None, min_bytes: int = 0) -> Ask:
        """Describe one request of a source, with its key.

        Parameters
        ----------
        reference
            The source.
        address
            Without the key.
        kind
            Expected type of this answer; the source's own if absent.
        min_bytes
            Its smallest size.

        Returns
        -------
        Ask
            To be handed to the downloader.
        """
        parameter, key = self.get_key(reference)
        if key:
            parts = urlsplit(address)
            query = "&".join(filter(None, (parts.query, urlencode({parameter: key}))))
            address = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        source = reference.source
        variable = reference.values.get("key_variable") or source.key_variable
        keys = (key,) if key else ()
        return Ask(address, kind or get_kind(reference), min_bytes, source.max_bytes, keys, variable)

    def open_partial(self, reference: Reference, part: str = "") -> Partial:
        """Return where the bytes of a download gather.

        Parameters
        ----------
        reference
            The source with its values.
        part
            Which page of it.

        Returns
        -------
        Partial
            Below the archive, so that it can be moved into place.
        """
        digest = hashlib.sha256(f"{reference.text} {part}".encode()).hexdigest()[:16]
        return Partial(self.archive / WORK / f"{reference.source.name}-{digest}.bytes")

    def keep(
        self, reference: Reference, path: Path, *, address: str, answer: Answer | None = None, name: str | None = None
    ) -> Fetched:
        """Move a whole file into the archive and note it.

        Parameters
        ----------
        reference
            What it stands for.
        path
            The file; it is gone afterwards.
        address
            Where it came from.
        answer
            What the server said of it.
        name
            File name in the archive; the reference's own if absent.

        Returns
        -------
        Fetched
            What was kept.
        """
        kind, shown = reference.source.expected_type, strip_secrets(address)
        validity = read_validity(path, shown=shown) if kind == "gtfs" else (None, None)
        sha256 = hash_file(path)
        file, _ = move_into_archive(
            path, sha256, source=reference.source.name, name=name or reference.file_name, archive=self.archive
        )
        return self.note(reference, file, sha256, address=address, answer=answer, validity=validity)

    def note(
        self,
        reference: Reference,
        file: Path,
        sha256: str,
        *,
        address: str,
        answer: Answer | None = None,
        validity: tuple[str | None, str | None] = (None, None),
    ) -> Fetched:
        """Write a line into the ledger.

        Parameters
        ----------
        reference
            What was fetched.
        file, sha256
            Where it lies in the archive, and its hash.
        address
            Where it came from.
        answer
            What the server said of it.
        validity
            First and last day, where known.

        Returns
        -------
        Fetched
            The same, for the caller.
        """
        before = find_latest(read_ledger(self.archive), reference.text)
        source = reference.source
        n_bytes = sum(p.stat().st_size for p in (file.rglob("*") if file.is_dir() else [file]) if p.is_file())
        entry = {
            "time": self.downloader.now().replace(microsecond=0).isoformat(),
            "reference": reference.text,
            "source": source.name,
            "address": strip_secrets(address),
            "final_address": answer.final_address if answer else "",
            "file": file.relative_to(self.archive).as_posix(),
            "bytes": n_bytes,
            "sha256": sha256,
            "etag": answer.etag if answer else None,
            "last_modified": answer.last_modified if answer else None,
            "licence": source.licence,
            "attribution": source.attribution,
            "vintage": source.vintage,
            "valid_from": validity[0],
            "valid_to": validity[1],
        }
        append_entry(self.archive, entry)
        is_new = before is None or before["sha256"] != sha256
        return Fetched(reference.text, file, sha256, n_bytes, is_new, entry)

    def find_archived(self, reference: Reference) -> dict[str, Any] | None:
        """Return the newest ledger entry of a reference whose archived file is there and undamaged.

        Parameters
        ----------
        reference
            The source with its values.

        Returns
        -------
        dict or None
            The entry.
        """
        entry = find_latest(read_ledger(self.archive), reference.text)
        if entry is None:
            return None
        path = self.archive / entry["file"]
        is_there = path.exists() and hash_file(path) == entry["sha256"]
        return entry if is_there else None


def get_kind(reference: Reference) -> str:
    """Return which kind of file must come: that of the register, or by the ending of an address that anybody may name.

    Parameters
    ----------
    reference
        The source with its values.

    Returns
    -------
    str
        A key of :data:`pipeline.acquire.kinds.CHECKS`.
    """
    source = reference.source
    is_open = source.kind == "url" and source.expected_type == "any"
    return find_kind_by_name(reference.file_name) if is_open else source.expected_type


def fetch_one(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Fetch a source that is one file.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        What to fetch.

    Returns
    -------
    Fetched
        The archived file.

    Raises
    ------
    FetchError
        Also if the publisher's checksum differs.
    """
    address = _find_address(reference)
    ask = fetcher.ask_for(reference, address, min_bytes=reference.source.min_bytes)
    known = fetcher.find_archived(reference)
    if known is not None:
        ask = Ask(**{**ask.__dict__, "etag": known["etag"], "last_modified": known["last_modified"]})
    partial = fetcher.open_partial(reference)
    answer = fetcher.downloader.download(ask, partial)
    if answer.path is None and known is not None:
        file = fetcher.archive / known["file"]
        answer = Answer(None, etag=known["etag"], last_modified=known["last_modified"], final_address=ask.shown)
        validity = (known["valid_from"], known["valid_to"])
        return fetcher.note(reference, file, known["sha256"], address=address, answer=answer, validity=validity)
    if answer.path is None:
        raise FetchError(
            "The server says that nothing is new, but nothing is at hand.",
            file=ask.shown,
            cure="Try again later; if it stays so, tell the publisher.",
        )
    try:
        if reference.source.checksum:
            _compare_checksum(fetcher, reference, answer.path)
        return fetcher.keep(reference, answer.path, address=address, answer=answer)
    except FetchError:
        partial.clear()  # whole, and not what it should be
        raise


def _find_address(reference: Reference) -> str:
    if reference.source.kind != "url":
        return reference.fill(reference.source.address)
    address = reference.values["address"]
    if not address:
        name = reference.source.name
        raise UsageError(f"The source '{name}' needs an address.", cure=f"Write {name}?address=https://...")
    try:
        parts = urlsplit(address)
    except ValueError:
        field, cure = strip_secrets(address), "Give one such as https://host/file."
        raise UsageError("This is no address.", field=field, cure=cure) from None
    names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.username or parts.password or names & SECRET_NAMES:
        raise UsageError(
            "This address carries a key or a password, which would be written down.",
            field=strip_secrets(address),
            cure="Leave it out, and name its parameter and an environment variable: "
            "url?address=...&key_parameter=token&key_variable=MY_KEY",
        )
    return address


def _compare_checksum(fetcher: Fetcher, reference: Reference, path: Path) -> None:
    address = reference.fill(reference.source.checksum)
    ask = Ask(address, "md5", 32, 10_000)
    partial = fetcher.open_partial(reference, "checksum")
    answer = fetcher.downloader.download(ask, partial)
    if answer.path is None:
        raise FetchError(
            "The checksum could not be fetched.",
            file=ask.shown,
            cure="Try again later; if it stays so, tell the publisher.",
        )
    stated = answer.path.read_text(encoding="utf-8", errors="replace").split()[0].lower()
    partial.clear()
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != stated:
        raise FetchError(
            f"The file's MD5 is {found}, the publisher states {stated}.",
            file=ask.shown,
            cure="A new version may have been published meanwhile: fetch again.",
        )


def fetch_folder(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Take a file or folder of this machine into the archive.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        With its ``path``.

    Returns
    -------
    Fetched
        The archived copy.

    Raises
    ------
    InputError
        If it does not exist, or is being written just now.
    """
    path = Path(reference.values["path"])
    if not reference.values["path"] or not path.exists():
        raise InputError("This file or folder does not exist.", file=str(path), cure="Check the path.")
    sha256 = hash_file(path)
    copy = archive_file(path, sha256, source=reference.source.name, archive=fetcher.archive)
    if hash_file(copy) != sha256:
        shutil.rmtree(copy.parent)
        raise InputError(
            "This file or folder changed while it was copied.",
            file=str(path),
            cure="Wait until it has arrived, and fetch again; let files arrive under another name and rename them.",
        )
    return fetcher.note(reference, copy, sha256, address=path.name)
