"""The register of sources, ``config/sources.csv``, and references to them: ``raw:<source>?<parameters>``."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from pipeline.acquire.kinds import CHECKS
from pipeline.base.errors import ConfigError, UsageError
from pipeline.base.live import LIVE

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("file", "arcgis", "nomis", "bods_datasets", "url", "folder", "derived")
_VALUE = re.compile(r"[A-Za-z0-9_,./ *:'=+%()<>-]*")
_OPEN_VALUE = {"address", "path"}


@dataclass(frozen=True)
class Source:
    """One row of ``config/sources.csv``.

    Attributes
    ----------
    name, publisher, licence, attribution, vintage, changes, docs, note
        As stated there.
    kind
        How it is fetched, one of ``KINDS``.
    address
        Template; ``{region}`` stands for a parameter.
    parameters
        Name to the values allowed, the first of which is the default; no values: anything, empty by default.
    expected_type, min_bytes, max_bytes
        What must come.
    key_variable, key_parameter, is_key_needed
        Environment variable and query parameter of the key; empty where there is none.
    reader
        What reads the file afterwards.
    file_name
        Template of the name in the archive.
    checksum
        Template of the address of an MD5 file; empty where there is none.
    hosts
        Hosts that may be asked: the address's own and those it redirects to.
    made_of
        For a derived table: references to the sources it is made of.
    """

    name: str
    publisher: str
    kind: str
    address: str
    parameters: Mapping[str, tuple[str, ...]]
    licence: str
    attribution: str
    vintage: str
    expected_type: str
    min_bytes: int
    max_bytes: int
    key_variable: str
    key_parameter: str
    is_key_needed: bool
    reader: str
    file_name: str
    checksum: str
    hosts: frozenset[str]
    made_of: tuple[str, ...]
    changes: str
    docs: str
    note: str


@dataclass(frozen=True)
class Reference:
    """A source with the values of its parameters."""

    source: Source
    values: Mapping[str, str]

    @property
    def text(self) -> str:
        """Such as ``raw:bods_gtfs?region=wales``; parameters that have their default are left out."""
        given = [(n, v) for n, v in sorted(self.values.items()) if v != get_default(self.source, n)]
        query = urlencode(given, safe="/:,*'=")
        return f"{LIVE}{self.source.name}" + (f"?{query}" if query else "")

    def fill(self, template: str) -> str:
        """Put the values into a template of an address.

        Parameters
        ----------
        template
            With ``{name}`` for parameters.

        Returns
        -------
        str
            The address. Each value is quoted, except an address that is a parameter itself.
        """
        return template.format(**{n: v if n in _OPEN_VALUE else quote(v, safe="/,*'") for n, v in self.values.items()})

    @property
    def file_name(self) -> str:
        """A name for the archive, free of folders."""
        if self.source.kind == "url":
            name = Path(urlsplit(self.values["address"]).path).name
        else:
            name = self.source.file_name.format(**self.values)
        safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")
        return safe or self.source.name


def get_default(source: Source, parameter: str) -> str:
    """Return the value that a parameter has where none is given.

    Parameters
    ----------
    source, parameter
        Of the register.

    Returns
    -------
    str
        The first value allowed, or empty.
    """
    allowed = source.parameters[parameter]
    return allowed[0] if allowed else ""


def find_sources_file() -> Path:
    """Return the register: that of the working folder, or else the project's own.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = Path("config/sources.csv")
    return path if path.is_file() else ROOT / path


def read_sources(path: Path | None = None) -> dict[str, Source]:
    """Read the register of sources.

    Parameters
    ----------
    path
        The file; the one found if absent.

    Returns
    -------
    dict
        Name to source, in the order of the file.

    Raises
    ------
    ConfigError
        For a row that cannot be used, with its row and field.
    """
    path = path or find_sources_file()
    sources: dict[str, Source] = {}
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        for record in reader:
            source = _read_row(record, path, reader.line_num)
            if source.name in sources:
                raise ConfigError(
                    "This source stands twice.",
                    file=path,
                    row=reader.line_num,
                    field="name",
                    cure="Take one of the rows out, or rename it.",
                )
            sources[source.name] = source
    return sources


def _read_row(record: dict[str, str], path: Path, row: int) -> Source:
    def refuse(field: str, what: str, cure: str) -> ConfigError:
        return ConfigError(what, file=path, row=row, field=field, cure=cure)

    missing = [name for name in Source.__dataclass_fields__ if name != "hosts" and record.get(name) is None]
    if missing or record.get("redirect_hosts") is None:
        raise refuse(", ".join(missing) or "redirect_hosts", "This column is missing.", "See docs/sources/README.md.")
    if record["kind"] not in KINDS:
        raise refuse("kind", f"There is no kind '{record['kind']}'.", f"Kinds: {', '.join(KINDS)}.")
    if record["expected_type"] not in CHECKS:
        raise refuse("expected_type", f"There is no type '{record['expected_type']}'.", f"Types: {', '.join(CHECKS)}.")
    if record["address"] and record["kind"] != "url" and not record["address"].startswith("https://"):
        raise refuse("address", "Only https is used.", "Give the publisher's https address.")
    sizes = (record["min_bytes"], record["max_bytes"])
    if not all(text.isdigit() for text in sizes) or not 0 <= int(sizes[0]) <= int(sizes[1]):
        raise refuse("max_bytes", "The bounds of the size are no whole numbers in order.", "Give bytes, min <= max.")
    hosts = {(urlsplit(record["address"]).hostname or "").lower(), *record["redirect_hosts"].lower().split()}
    return Source(
        **{name: record[name] for name in _TEXTS},
        parameters=_read_parameters(record["parameters"]),
        min_bytes=int(sizes[0]),
        max_bytes=int(sizes[1]),
        is_key_needed=record["is_key_needed"].strip().lower() == "yes",
        hosts=frozenset(hosts - {""}),
        made_of=tuple(record["made_of"].split()),
    )


_TEXTS = (
    "name",
    "publisher",
    "kind",
    "address",
    "licence",
    "attribution",
    "vintage",
    "expected_type",
    "key_variable",
    "key_parameter",
    "reader",
    "file_name",
    "checksum",
    "changes",
    "docs",
    "note",
)


def _read_parameters(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``region=all|wales; area``."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, _, values = part.partition("=")
        found[name.strip()] = tuple(v.strip() for v in values.split("|")) if values else ()
    return found


def parse_reference(text: str, sources: Mapping[str, Source]) -> Reference:
    """Read a reference to a source.

    Parameters
    ----------
    text
        Such as ``raw:bods_gtfs?region=wales``, with or without ``raw:``.
    sources
        The register.

    Returns
    -------
    Reference
        With every parameter of the source.

    Raises
    ------
    UsageError
        If the source, a parameter or a value is unknown.
    """
    name, _, query = text.removeprefix(LIVE).partition("?")
    if name not in sources:
        raise UsageError(f"There is no source '{name}'.", field=text, cure=f"Sources: {', '.join(sources)}.")
    source = sources[name]
    values = {parameter: get_default(source, parameter) for parameter in source.parameters}
    for parameter, value in parse_qsl(query, keep_blank_values=True):
        if parameter not in source.parameters:
            known = ", ".join(source.parameters) or "none"
            raise UsageError(f"'{name}' has no parameter '{parameter}'.", field=text, cure=f"Parameters: {known}.")
        check_value(source, parameter, value)
        values[parameter] = value
    return Reference(source, values)


def check_value(source: Source, parameter: str, value: str) -> None:
    """Refuse a value that a source does not have or that could lead elsewhere.

    Parameters
    ----------
    source, parameter, value
        As given.

    Raises
    ------
    UsageError
        With the values allowed.
    """
    allowed = source.parameters[parameter]
    if len(allowed) > 1 and value not in allowed:
        raise UsageError(f"'{source.name}' has no {parameter} '{value}'.", cure=f"Values: {', '.join(allowed)}.")
    if parameter not in _OPEN_VALUE and (not _VALUE.fullmatch(value) or ".." in value or value.startswith("/")):
        raise UsageError(f"The value '{value}' cannot stand for {parameter}.", cure="Use letters, digits and - _ . , /")
