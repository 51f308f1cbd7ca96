"""Fetch the live sources of an area and write its lock, which runs read instead of the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.acquire.addresses import Policy
from pipeline.acquire.download import Downloader
from pipeline.acquire.fetch import Fetched, Fetcher
from pipeline.acquire.sources import Source, parse_reference, read_sources
from pipeline.base.io import write_text
from pipeline.base.live import ARCHIVE, LOCK, is_live, read_lock
from pipeline.base.load import Project
from pipeline.stages.targets import list_inputs

_KEPT = ("sha256", "bytes", "address", "licence", "attribution", "vintage", "valid_from", "valid_to")


def list_live_inputs(project: Project) -> list[str]:
    """List the live sources that an area names, and check that the register has them.

    Parameters
    ----------
    project
        The area with its settings.

    Returns
    -------
    list of str
        References, in the order of the area's inputs, each once.

    Raises
    ------
    UsageError
        If one of them is unknown or has a value that its source does not have.
    """
    found = list(dict.fromkeys(path for _, path, _, _ in list_inputs(project) if is_live(path)))
    sources = read_sources() if found else {}
    for text in found:
        parse_reference(text, sources)
    return found


def build_fetcher(references: Iterable[str] = (), *, archive: Path = ARCHIVE) -> Fetcher:
    """Build what fetches: the register, the archive, and a policy that allows the register's hosts.

    Parameters
    ----------
    references
        What will be fetched; the host of an address that one of them names is allowed too.
    archive
        Root of the archive.

    Returns
    -------
    Fetcher
        Ready to fetch.
    """
    sources = read_sources()
    hosts = {host for source in sources.values() for host in source.hosts}
    hosts |= {_find_host(text, sources) for text in references}
    return Fetcher(sources, archive, Downloader(Policy(frozenset(hosts - {""}))))


def _find_host(text: str, sources: dict[str, Source]) -> str:
    try:
        return (urlsplit(parse_reference(text, sources).values.get("address", "")).hostname or "").lower()
    except ValueError:  # no address: the fetcher says so
        return ""


def fetch_area(
    project: Project,
    fetcher: Fetcher | None = None,
    *,
    is_missing_only: bool = False,
    tell: Callable[[Fetched], None] = lambda _: None,
) -> list[Fetched]:
    """Fetch what an area names and write its lock.

    The lock is written only when everything has been fetched, so that it always is of one piece.

    Parameters
    ----------
    project
        The area with its settings.
    fetcher
        From :func:`build_fetcher`; built if absent.
    is_missing_only
        Leave alone what the lock has already.
    tell
        Called after each source.

    Returns
    -------
    list of Fetched
        What was fetched.
    """
    references = list_live_inputs(project)
    known = read_lock(project.outputs)
    wanted = [text for text in references if not (is_missing_only and text in known)]
    fetcher = fetcher or build_fetcher(references)
    fetcher.check_keys(wanted)
    done = []
    for text in wanted:
        fetched = fetcher.fetch(text)
        tell(fetched)
        done.append(replace(fetched, reference=text))
    lock = {text: known[text] for text in references if text in known}
    for fetched in done:
        kept = {name: fetched.entry[name] for name in _KEPT}
        lock[fetched.reference] = {"file": fetched.file.as_posix(), **kept}
    content = json.dumps({"sources": lock}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path = project.outputs / LOCK
    if references and not (path.is_file() and path.read_text(encoding="utf-8") == content):
        write_text(content, path)
    return done
