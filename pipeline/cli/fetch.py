"""``connectivity fetch``: a live source, or all of an area, into the archive."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import typer

from pipeline.acquire.fetch import Fetched, Fetcher
from pipeline.acquire.sources import read_sources
from pipeline.base.errors import UsageError
from pipeline.base.live import ARCHIVE
from pipeline.base.load import load_project
from pipeline.stages.live import build_fetcher, fetch_area
from pipeline.stages.run_safely import hold_project


def describe_sources() -> str:
    """List the register.

    Returns
    -------
    str
        One line for each source: name, parameters, key and publisher.
    """
    lines = []
    for source in read_sources().values():
        parameters = " ".join(
            f"{name}={'|'.join(values)}" if values else f"{name}=" for name, values in source.parameters.items()
        )
        key = f" key: {source.key_variable}" if source.is_key_needed else ""
        lines.append(f"{source.name:<22} {source.publisher} ({source.changes}){key}")
        if parameters:
            lines.append(f"{'':<22} {parameters}")
    return "\n".join(lines)


def run_fetch(
    source: str | None,
    *,
    area: str | None,
    parameters: list[str],
    data: str | None = None,
    config: str | None = None,
    archive: Path = ARCHIVE,
    fetcher: Fetcher | None = None,
) -> None:
    """Fetch one source, or those of an area.

    Parameters
    ----------
    source
        Name of a source, or a whole reference.
    area
        Name of an area, in place of a source.
    parameters
        ``name=value`` for the source.
    data, config
        As for every command on an area.
    archive
        Root of the archive.
    fetcher
        Another fetcher, for tests.

    Raises
    ------
    UsageError
        Unless either a source or an area is given.
    """
    if (source is None) == (area is None):
        raise UsageError(
            "Give either a source or --area.",
            cure="fetch bods_gtfs --region wales, or fetch --area england-live; fetch --list shows the sources.",
        )
    if area is not None:
        project = load_project(area, config=config, data=data)
        with hold_project(project, what="connectivity fetch"):
            done = fetch_area(project, fetcher, tell=_tell)
        new = sum(fetched.is_new for fetched in done)
        typer.echo(f"{len(done)} live sources, {new} of them new." if done else "This area names no live source.")
        return
    pairs = [pair.partition("=")[::2] for pair in parameters]
    text = f"{source}?{urlencode(pairs)}" if pairs else str(source)
    _tell((fetcher or build_fetcher([text], archive=archive)).fetch(text))


def _tell(fetched: Fetched) -> None:
    entry = fetched.entry
    validity = f", valid {entry['valid_from']} to {entry['valid_to']}" if entry["valid_from"] else ""
    state = "new" if fetched.is_new else "unchanged"
    typer.echo(f"{fetched.reference}: {state}, {fetched.n_bytes:,} bytes{validity}\n  {fetched.file}")
