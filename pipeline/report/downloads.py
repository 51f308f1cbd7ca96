"""Everything that a report offers to take away, with size and licence: workbook, data package, maps, charts, tables."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.tables import TABLES
from pipeline.report import data as d
from pipeline.report.files import format_size, zip_file
from pipeline.report.geo_files import build_geo_files
from pipeline.report.package import PackageInfo, build_package, describe_licences, list_sources, zip_package
from pipeline.report.text import as_text, format_integer
from pipeline.report.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pipeline.report.context import ReportContext
    from pipeline.report.headline import Headline
    from pipeline.report.workbook import Workbook

GEO_TITLES = {
    "gpkg": "Headline figures with outlines, for geographic systems (GeoPackage)",
    "parquet": "Headline figures with outlines (GeoParquet)",
}
MAX_TWICE = 1_000_000
MAX_GEO_BYTES = 150_000
"""Larger GeoParquet files are in the data package only."""


@dataclass(frozen=True)
class Download:
    """One file offered for download; ``kind`` tells files of one title apart ("SVG")."""

    path: str
    title: str
    rows: str
    size: str
    kind: str = ""


@dataclass(frozen=True)
class DownloadGroup:
    """Files of one kind: anchor, caption and the files."""

    anchor: str
    caption: str
    files: tuple[Download, ...]

    @property
    def has_kinds(self) -> bool:
        """Whether several files share a title."""
        return any(file.kind for file in self.files)

    def list_titles(self) -> list[tuple[str, list[Download]]]:
        """Return the files by title, in the order of the titles."""
        found: dict[str, list[Download]] = {}
        for file in self.files:
            found.setdefault(file.title, []).append(file)
        return list(found.items())


@dataclass(frozen=True)
class Offer:
    """A file to be written, and what the page says of it; ``rows`` is empty where it does not apply."""

    path: str
    content: bytes
    title: str
    rows: str = ""
    kind: str = ""

    def describe(self) -> Download:
        """Return how the page lists it."""
        return Download(self.path, self.title, self.rows, format_size(len(self.content)), self.kind)


def describe_sources(tables: Mapping[str, pd.DataFrame], context: ReportContext) -> list[str]:
    """Return whom to name, with the licence, each once: what the context says, then what the inputs say.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Attributions of the area.

    Returns
    -------
    list of str
        Sentences.
    """
    pairs = [(item.text, item.licence) for item in context.attributions]
    frame = tables.get(d.INPUTS)
    if frame is not None:
        rows = sorted((as_text(a), as_text(b)) for a, b in zip(frame["attribution"], frame["licence"], strict=True))
        pairs += [pair for pair in rows if pair[0]]
    return [f"{text} ({licence})" if licence else text for text, licence in dict.fromkeys(pairs)]


def build_offers(
    tables: Mapping[str, pd.DataFrame], context: ReportContext, headline: Headline, workbook: Workbook
) -> list[Offer]:
    """Return the workbook, the data package and the geographic files of a report.

    Parameters
    ----------
    tables
        Published tables by name.
    context
        Names, wording and the projected system.
    headline
        One row a neighbourhood.
    workbook
        The content of the workbook.

    Returns
    -------
    list of Offer
        In the order of the page; the same tables give the same bytes.
    """
    geo_files = build_geo_files(headline, tables[d.GEOGRAPHY], context.crs)
    info = PackageInfo(
        name=context.key,
        title=f"{context.subject} {context.noun_plural}, {context.area_title}",
        description="Tables, charts and maps can be made anew from these files; figures are estimates from published "
        "timetables, not observations.",
        version=context.version,
        caveats=(*context.caveats, *context.service_caveats),
    )
    outlines = {name: content for name, content in geo_files.items() if name.endswith(".parquet")}
    package = zip_package(build_package(tables, info, headline, outlines), f"{context.key}-data")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workbook.xlsx"
        write_workbook(workbook, path)
        book = path.read_bytes()
    n_sheets = sum(1 for sheet in workbook.sheets if sheet.rows)
    rows = format_integer(len(headline.frame))
    return [
        Offer(
            f"downloads/{context.key}.xlsx",
            book,
            f"Workbook of headline figures: cover, contents, notes and {n_sheets} tables (Excel, accessible)",
        ),
        Offer(
            f"downloads/{context.key}-data.zip",
            package,
            "Data package: every table as Parquet and most as CSV, each column described, with sources and licences",
        ),
        *(
            _offer_geo_file(name, content, rows)
            for name, content in geo_files.items()
            if name not in outlines or len(content) <= MAX_TWICE
        ),
    ]


def _offer_geo_file(name: str, content: bytes, rows: str) -> Offer:
    title = f"{GEO_TITLES[name.rsplit('.', 1)[1]]}: {name}"
    if len(content) > MAX_GEO_BYTES:
        name, content = f"{name}.zip", zip_file(name, content)
    return Offer(f"downloads/{name}", content, title, rows)


def build_groups(
    offers: Sequence[Offer], charts: Sequence[Offer], tables: Sequence[Download]
) -> tuple[DownloadGroup, ...]:
    """Return what the downloads page lists, by kind; kinds without a file are left out.

    Parameters
    ----------
    offers, charts
        Written files.
    tables
        Tables for spreadsheets.

    Returns
    -------
    tuple of DownloadGroup
        Three at most.
    """
    groups = (
        DownloadGroup("downloads-whole", "To hand over", tuple(offer.describe() for offer in offers)),
        DownloadGroup("downloads-charts", "Charts to paste, with their data", tuple(c.describe() for c in charts)),
        DownloadGroup("downloads", "Tables for spreadsheets", tuple(tables)),
    )
    return tuple(group for group in groups if group.files)


def describe_table(path: str, name: str, n_rows: int, n_bytes: int) -> Download:
    """Return how the page lists a published table: what its rows are, in words, before its name."""
    declared = TABLES.get(name)
    title = f"{re.split('[;:] ', declared.title)[0]} ({name})" if declared else name
    return Download(path, title, format_integer(n_rows), format_size(n_bytes))


def describe_licence(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the licences of the inputs in a line, for the page.

    Parameters
    ----------
    tables
        Published tables by name.

    Returns
    -------
    str
        Such as ``CC0 1.0``.
    """
    return describe_licences(list_sources(tables))


def offer_charts(files: Mapping[str, bytes], headline: str) -> list[Offer]:
    """Return the files of a chart as they are offered.

    Parameters
    ----------
    files
        File name to content.
    headline
        What the chart says.

    Returns
    -------
    list of Offer
        Below ``downloads/charts``.
    """
    kinds = {"svg": "SVG picture", "png": "PNG picture", "csv": "CSV data"}
    return [
        Offer(f"downloads/charts/{name}", content, headline, kind=kinds[name.rsplit(".", 1)[1]])
        for name, content in files.items()
    ]
