"""What the files of a folder are, found out by their content: streets, timetables, stops, places, tables."""

from __future__ import annotations

import bz2
import csv
import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import pandas as pd

from pipeline.base.area import TableSource
from pipeline.base.errors import InputError, UsageError
from pipeline.places.read_table import ROW, read_table
from pipeline.timetables.read_any import GTFS_FILES, find_format

Kind = Literal["streets", "timetable", "naptan", "places", "table", "excel", "unknown"]
HEAD_BYTES = 64 * 1024
SEPARATORS = (",", ";", "\t", "|")
UNREADABLE_SEPARATORS = ("¬", "§")
IGNORED_SUFFIXES = frozenset({".yaml", ".yml", ".py", ".md", ".pdf", ".png", ".svg", ".html"})
IGNORED_FOLDERS = frozenset({"outputs", "__pycache__", "node_modules"})
SUFFIX_OF: Final[dict[str, tuple[str, ...]]] = {
    "Parquet": (".parquet", ".geoparquet"),
    "GeoPackage": (".gpkg",),
    "GeoJSON": (".geojson", ".json"),
    "text": (".csv", ".txt", ".tsv"),
}
"""The names under which each kind of table is read."""


@dataclass(frozen=True)
class FoundTable:
    """A table, or a layer of places, with how it must be read.

    Attributes
    ----------
    path
        The file.
    frame
        Its rows, with ``__row``; a GeoDataFrame where it has shapes.
    encoding, separator
        For text; the usual ones for other kinds.
    """

    path: Path
    frame: pd.DataFrame
    encoding: str = "utf-8-sig"
    separator: str = ","

    @property
    def columns(self) -> list[str]:
        """Its columns without shapes and row numbers."""
        return [str(c) for c in self.frame.columns if c not in {ROW, "geometry"}]

    @property
    def is_spatial(self) -> bool:
        """Whether it has shapes."""
        return isinstance(self.frame, gpd.GeoDataFrame)

    @property
    def is_polygons(self) -> bool:
        """Whether its shapes are areas."""
        return isinstance(self.frame, gpd.GeoDataFrame) and bool(
            self.frame.geom_type.isin(["Polygon", "MultiPolygon"]).any()
        )


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be opened: {error.strerror}", file=path, cure="Check its permissions."
        ) from error
    try:
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                return packed.read(HEAD_BYTES)
        if head.startswith(b"BZh"):
            with bz2.open(path) as packed:
                return packed.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return head
    return head


def _find_table_kind(head: bytes) -> str | None:
    """Return the kind of table that a file begins like; None for what is no text either."""
    if head.startswith(b"PAR1"):
        return "Parquet"
    if head.startswith(b"SQLite format 3\x00"):
        return "GeoPackage"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t")
    if start.startswith(b"{"):
        return "GeoJSON"
    return "text" if start and b"\x00" not in head and not start.startswith(b"<") else None


def find_kind(path: Path) -> Kind:
    """Find out what a file or folder is, whatever it is called.

    Parameters
    ----------
    path
        Something that exists.

    Returns
    -------
    str
        ``places`` for tables with shapes (GeoJSON, GeoPackage, Parquet), ``table`` for text; ``excel`` and ``unknown``
        cannot be used.

    Raises
    ------
    InputError
        If it cannot be opened.
    """
    if path.is_dir():
        return "timetable"
    head = _read_head(path)
    if b"OSMHeader" in head[:64] or b"<osm" in head[:2000]:
        return "streets"
    if head.startswith(b"PK"):
        return "excel" if b"[Content_Types].xml" in head else "timetable"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "excel"
    kind = _find_table_kind(head)
    if kind in {"Parquet", "GeoPackage", "GeoJSON"}:
        return "places"
    try:
        find_format(path)
    except InputError:
        header = head.split(b"\n", 1)[0].lower()
        if kind == "text" and b"atcocode" in header:
            return "naptan"
        has_columns = any(sign.encode() in header for sign in SEPARATORS)
        return "table" if kind == "text" and has_columns else "unknown"
    return "timetable"


def list_files(folder: Path) -> dict[Kind, list[Path]]:
    """List what a folder holds by kind; a folder that is one timetable counts as one.

    Parameters
    ----------
    folder
        Looked through with all that is below it; hidden files and files of programs are left out.

    Returns
    -------
    dict
        Kind to paths, sorted.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", field="--data", cure="Give the folder that holds the inputs.")
    found: dict[Kind, list[Path]] = {}
    taken: set[Path] = set()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(p.startswith(".") for p in parts) or IGNORED_FOLDERS & set(parts) or taken & set(path.parents):
            continue
        if path.is_dir():
            if any((path / name).is_file() for name in GTFS_FILES):
                taken.add(path)
                found.setdefault("timetable", []).append(path)
        elif path.is_file() and path.suffix.lower() not in IGNORED_SUFFIXES and path.stat().st_size:
            found.setdefault(find_kind(path), []).append(path)
    found["timetable"] = _join_loose(found.get("timetable", []), folder)
    return found


def _join_loose(paths: list[Path], folder: Path) -> list[Path]:
    """Let a folder stand for the TransXChange or ATCO-CIF files that lie loose in it."""
    loose: dict[Path, list[Path]] = {}
    for path in paths:
        if path.is_file() and path.suffix.lower() != ".zip" and path.parent != folder:
            loose.setdefault(path.parent, []).append(path)
    joined = {parent for parent, members in loose.items() if len(members) > 1}
    return sorted({path.parent if path.parent in joined and path in loose[path.parent] else path for path in paths})


def read_found_table(path: Path) -> FoundTable:
    """Read a table of any usual kind, with the encoding and separator that its text seems to have.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    FoundTable
        Its rows and how it was read.

    Raises
    ------
    InputError
        If it cannot be read, or its name does not say what it is.
    """
    head = _read_head(path)
    if path.suffix.lower() in {".xlsx", ".xls", ".ods"} or head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise InputError(
            f"{path.name} is a spreadsheet, which is not read.", file=path, cure="Save the sheet as CSV, and name that."
        )
    kind = _find_table_kind(head)
    if kind is None:
        raise InputError(
            f"{path.name} is no table.", file=path, cure="Give CSV, GeoJSON, GeoPackage or Parquet; see what it is."
        )
    if path.suffix.lower() not in SUFFIX_OF[kind]:
        raise InputError(
            f"{path.name} holds {kind}, which its name does not say.",
            file=path,
            cure=f"Rename it so that it ends in {SUFFIX_OF[kind][0]}.",
        )
    if kind != "text":
        return FoundTable(path, read_table(TableSource(path=path.name), path))
    encoding = _find_encoding(path)
    first = head.decode(encoding, errors="replace").splitlines()[0]
    counts = {sign: len(next(csv.reader([first], delimiter=sign))) for sign in SEPARATORS}
    separator = max(SEPARATORS, key=lambda sign: counts[sign])
    odd = next((sign for sign in UNREADABLE_SEPARATORS if first.count(sign) >= counts[separator]), None)
    if odd is not None:
        raise InputError(
            f"The columns of {path.name} are separated by {odd}, which is not read.",
            file=path,
            row=1,
            cure="Save it with commas, semicolons, tabs or |.",
        )
    source = TableSource(path=path.name, encoding=encoding, separator=separator)
    return FoundTable(path, read_table(source, path), encoding, separator)


def _find_encoding(path: Path) -> str:
    """Return UTF-8 if the whole file is that, else the Western European one."""
    try:
        with path.open(encoding="utf-8-sig") as handle:
            while handle.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"
