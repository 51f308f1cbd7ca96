"""The open data package: tidy CSV and Parquet, ``datapackage.json``, a data dictionary, licences and attributions.

Its description follows the Frictionless specifications (Data Package, Tabular Data Resource, Table Schema, version 1).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.base.tables import TABLES
from pipeline.report import data as d
from pipeline.report.dictionary import build_schema, list_dictionary
from pipeline.report.files import ZIP_TIME
from pipeline.report.text import as_text, is_null

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.base.tables import Table
    from pipeline.report.headline import Headline

MAX_CSV_ROWS = 50_000
"""Longer tables are in the package as Parquet only."""
LICENCES = (
    (r"\bopen government licen[cs]e\b|\bogl\b", "OGL-UK-3.0"),
    (r"\bodbl\b", "ODbL-1.0"),
    (r"\bcc0\b", "CC0-1.0"),
    (r"\bcc[ -]by[ -]?4\.0", "CC-BY-4.0"),
    (r"\bcc[ -]by[ -]?2\.0", "CC-BY-2.0"),
    (r"\bmit\b", "MIT"),
)
"""How a licence may be written, and its identifier; any other keeps its words."""
DOUBT = r"\b(believed|presumed|assumed|probably|perhaps|unclear|not)\b|\?"
"""Words by which a licence is not stated for sure; it then keeps its words instead of an identifier."""
LEVEL = 15
"""Compression of Parquet: a fifth smaller than the usual level."""
GEOMETRY_FIELD = {
    "name": "geometry",
    "type": "any",
    "description": "Outline, as GeoParquet holds it (WKB); the file names its reference system.",
}
NOT_STATED = "not stated in the area file"
OWN_ROLES = ("stage", "scoring")
"""What the run reads of its own: results of other stages, and the file of weights."""


@dataclass(frozen=True)
class PackageInfo:
    """What a package says of itself: name, title, description, version of the program and caveats."""

    name: str
    title: str
    description: str
    version: str
    caveats: tuple[str, ...]


def list_sources(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Return every raw input of the run with what must be said about it.

    Parameters
    ----------
    tables
        Published tables by name.

    Returns
    -------
    list of dict
        Path as title, roles, attribution, licence, vintage, SHA-256 and size; one for each path.
    """
    frame = tables.get(d.INPUTS)
    if frame is None:
        return []
    found: dict[str, dict[str, object]] = {}
    roles: dict[str, set[str]] = {}
    for row in frame.to_dict("records"):
        role, path = as_text(row["role"]), as_text(row["path"])
        if role in OWN_ROLES:
            continue
        roles.setdefault(path, set()).add(role)
        source = found.setdefault(path, {"title": path, "roles": []})
        for name in ("attribution", "licence", "vintage"):
            source[name] = source.get(name) or as_text(row[name])
        source["hash"] = f"sha256:{as_text(row['sha256'])}"
        if not is_null(row["bytes"]):
            source["bytes"] = int(row["bytes"])
    for path, source in found.items():
        source["roles"] = sorted(roles[path])
        source["attribution"] = source["attribution"] or NOT_STATED
        source["licence"] = source["licence"] or NOT_STATED
    return [found[path] for path in sorted(found)]


def list_licences(sources: list[dict[str, object]]) -> list[dict[str, str]]:
    """Return the licences of the inputs, each once, with identifiers where they are known.

    Parameters
    ----------
    sources
        As from :func:`list_sources`.

    Returns
    -------
    list of dict
        Name and title, as the specification wants them.
    """
    texts = sorted({str(source["licence"]) for source in sources if source["licence"] != NOT_STATED})
    found = []
    for text in texts:
        known = () if re.search(DOUBT, text, re.IGNORECASE) else LICENCES
        name = next((name for pattern, name in known if re.search(pattern, text, re.IGNORECASE)), None)
        found.append({"name": name or re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-")[:60] or "other", "title": text})
    return found


def describe_licences(sources: list[dict[str, object]]) -> str:
    """Return the licences of the inputs in a line.

    Parameters
    ----------
    sources
        As from :func:`list_sources`.

    Returns
    -------
    str
        Such as ``CC0 1.0; OGL v3``; how many inputs state none is said too.
    """
    words = [licence["title"] for licence in list_licences(sources)]
    lacking = sum(source["licence"] == NOT_STATED for source in sources)
    if lacking:
        words.append(f"{lacking} {'input states' if lacking == 1 else 'inputs state'} none")
    return "; ".join(words) or NOT_STATED


def build_package(
    tables: Mapping[str, pd.DataFrame],
    info: PackageInfo,
    headline: Headline,
    geo_files: Mapping[str, bytes],
    *,
    max_csv_rows: int = MAX_CSV_ROWS,
) -> dict[str, bytes]:
    """Return the files of the data package.

    Parameters
    ----------
    tables
        Published tables by name; those that are not declared are left out.
    info
        What the package says of itself.
    headline
        Headline figures of the neighbourhoods.
    geo_files
        GeoParquet by file name.
    max_csv_rows
        Longer tables are Parquet only.

    Returns
    -------
    dict
        Path within the package to content; the same tables give the same bytes.

    Notes
    -----
    CSV is for programs here: names stand as filed, even those that a spreadsheet would take for a formula. The files
    for spreadsheets are the workbook and the CSV files of the downloads page.
    """
    files: dict[str, bytes] = {}
    resources: list[dict[str, object]] = []
    for name in sorted(set(tables) & set(TABLES)):
        resources += _add_table(files, TABLES[name], tables[name], is_csv=len(tables[name]) <= max_csv_rows)
    resources += _add_table(files, headline.table, headline.frame, is_csv=True)
    for name, content in sorted(geo_files.items()):
        resources.append(_add_geo_file(files, name, content, headline.table))
    sources = list_sources(tables)
    declared = [TABLES[name] for name in sorted(set(tables) & set(TABLES))] + [headline.table]
    dictionary = pd.DataFrame(list_dictionary(declared))
    files["data-dictionary.csv"] = _build_csv(dictionary)
    document = {
        "profile": "data-package",
        "name": info.name,
        "title": info.title,
        "description": info.description,
        "version": info.version or "0",
        "licenses": list_licences(sources) or [{"name": "other", "title": NOT_STATED}],
        "sources": sources,
        "resources": resources,
    }
    files["datapackage.json"] = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
    files["README.md"] = _build_readme(info, declared, sources, files).encode("utf-8")
    return dict(sorted(files.items()))


def _add_table(files: dict[str, bytes], table: Table, frame: pd.DataFrame, *, is_csv: bool) -> list[dict[str, object]]:
    added = []
    if is_csv:
        texts = [column.name for column in table.columns if column.kind != "bytes" and column.name in frame.columns]
        path = f"csv/{table.name}.csv"
        files[path] = _build_csv(frame[texts])
        about: dict[str, object] = {
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "dialect": {"delimiter": ",", "lineTerminator": "\n", "header": True},
        }
        added.append(_describe(files, table, path, table.name, has_geometry=False, rows=len(frame), about=about))
    target = io.BytesIO()
    frame.to_parquet(target, index=False, compression="zstd", compression_level=LEVEL)
    path = f"parquet/{table.name}.parquet"
    files[path] = target.getvalue()
    about = {"profile": "data-resource", "format": "parquet", "mediatype": "application/vnd.apache.parquet"}
    added.append(
        _describe(files, table, path, f"{table.name}.parquet", has_geometry=True, rows=len(frame), about=about)
    )
    return added


def _add_geo_file(files: dict[str, bytes], name: str, content: bytes, table: Table) -> dict[str, object]:
    path = f"geo/{name}"
    files[path] = content
    about: dict[str, object] = {
        "profile": "data-resource",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }
    found = _describe(files, table, path, f"geo.{name}", has_geometry=True, rows=None, about=about)
    schema = found["schema"]
    if isinstance(schema, dict):
        schema["fields"] = [*schema["fields"], GEOMETRY_FIELD]
    return found


def _describe(
    files: dict[str, bytes],
    table: Table,
    path: str,
    name: str,
    *,
    has_geometry: bool,
    rows: int | None,
    about: dict[str, object],
) -> dict[str, object]:
    content = files[path]
    found: dict[str, object] = {
        "name": re.sub(r"[^a-z0-9._-]", "-", name.lower()),
        "path": path,
        "title": table.title,
        **about,
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": build_schema(table, has_geometry=has_geometry),
    }
    return found if rows is None else {**found, "rows": rows}


def _build_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def _build_readme(
    info: PackageInfo, declared: list[Table], sources: list[dict[str, object]], files: Mapping[str, bytes]
) -> str:
    lines = [
        f"# {_escape(info.title)}",
        "",
        _escape(info.description),
        "",
        "- `datapackage.json` describes every file: columns, types, units, hashes, sources (Frictionless).",
        "- `data-dictionary.csv` explains every column.",
        "- `csv/` holds tidy tables for programs: UTF-8, comma, empty for null, names as filed. For spreadsheets take",
        "  the workbook, in which no name can be taken for a formula.",
        "- `parquet/` holds the same tables with their types, and those too long for CSV.",
        "- `geo/` holds the neighbourhoods with outlines and headline figures, as GeoParquet.",
        "",
        "## Tables",
        "",
        "| table | one row for each | CSV |",
        "|---|---|---|",
    ]
    for table in declared:
        has_csv = "yes" if f"csv/{table.name}.csv" in files else "no, Parquet only"
        lines.append(f"| `{table.name}`: {_escape(table.title)} | {', '.join(table.key)} | {has_csv} |")
    if info.caveats:
        lines += ["", "## What to bear in mind", "", *(f"- {_escape(text)}" for text in info.caveats)]
    lines += [
        "",
        "## Sources and licences",
        "",
        "Whoever uses this package must keep to the licences of its sources and name them.",
        "",
        "| file | used for | attribution | licence | vintage |",
        "|---|---|---|---|---|",
    ]
    for source in sources:
        roles = source["roles"]
        words = [source["title"], ", ".join(roles if isinstance(roles, list) else [])]
        words += [source[name] for name in ("attribution", "licence", "vintage")]
        lines.append(f"| {' | '.join(_escape(str(word)) for word in words)} |")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    """Return text that stays text in Markdown."""
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", plain)


def zip_package(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return the package as one zip archive; the same files give the same bytes.

    Parameters
    ----------
    files
        Path to content.
    folder
        Name of the folder inside the archive.

    Returns
    -------
    bytes
        The archive. Parquet is stored as it is, for it is compressed already.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{path}", ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED if path.endswith(".parquet") else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=9)
    return target.getvalue()
