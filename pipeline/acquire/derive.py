"""Tables that no publisher offers in one piece: made of two fetched sources, kept in the archive beside them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.acquire.fetch import Fetched, Fetcher
from pipeline.acquire.sources import Reference
from pipeline.base.errors import FetchError
from pipeline.base.io import write_text
from pipeline.base.zip_files import READ_ERRORS

Table = tuple[list[str], list[tuple[Any, ...]], int]
SITE_CODE, SITE_NAME, SITE_POSTCODE, SITE_CLOSED = 0, 1, 9, 11
_HOSPITAL = re.compile(r"\b(HOSPITAL|INFIRMARY)\b")


def derive(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Fetch what a table is made of, and make it.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        Its ``reader`` names the function below; its column ``made_of`` lists the sources.

    Returns
    -------
    Fetched
        A CSV; the same sources give the same bytes. The ledger's line counts what was left out.

    Raises
    ------
    FetchError
        If nothing fits together, or a file is not built as expected.
    """
    parts = [fetcher.fetch(text) for text in reference.source.made_of]
    try:
        header, rows, n_left_out = MAKERS[reference.source.reader](*(part.file for part in parts))
    except (*READ_ERRORS, KeyError, IndexError, TypeError, StopIteration, csv.Error) as error:
        if isinstance(error, OSError):
            raise  # this machine's disk
        raise FetchError(
            f"'{reference.text}' cannot be made of {' and '.join(reference.source.made_of)}: {type(error).__name__}: "
            f"{error}.",
            file=", ".join(part.file.as_posix() for part in parts),
            cure="A publisher may have changed the columns of its file: look at both files.",
        ) from error
    if not rows:
        raise FetchError(
            f"'{reference.text}': no row of one source fits the other.",
            cure="Look at both; their columns may have changed.",
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(sorted(rows))
    partial = fetcher.open_partial(reference, "all")
    with partial.gathering() as path:
        write_text(text.getvalue(), path)
        inputs = " + ".join(f"{part.reference} ({part.sha256[:12]})" for part in parts)
        return fetcher.keep(reference, path, address=f"made of {inputs}; {n_left_out} left out")


def make_jobs(bres: Path, centroids: Path) -> Table:
    """Put jobs of small areas on the areas' population-weighted centroids.

    Parameters
    ----------
    bres
        Nomis CSV with ``GEOGRAPHY_CODE`` and ``OBS_VALUE``.
    centroids
        GeoJSON points with a code column ``lsoa11cd`` or ``LSOA21CD``.

    Returns
    -------
    tuple
        Columns ``code lon lat jobs``, rows, and the number of areas without a centroid or without a figure.
    """
    points: dict[str, tuple[float, float]] = {}
    for feature in json.loads(centroids.read_bytes())["features"]:
        code = next(v for k, v in feature["properties"].items() if k.lower() in {"lsoa11cd", "lsoa21cd"})
        points[code] = tuple(feature["geometry"]["coordinates"][:2])
    rows: list[tuple[Any, ...]] = []
    n_areas = 0
    with bres.open(encoding="utf-8-sig", newline="") as handle:
        for record in csv.DictReader(handle):
            n_areas += 1
            code, jobs = record["GEOGRAPHY_CODE"], record["OBS_VALUE"].strip()
            if code in points and jobs:
                rows.append((code, *points[code], jobs))
    return ["code", "lon", "lat", "jobs"], rows, n_areas - len(rows)


def make_hospitals(sites: Path, postcodes: Path) -> Table:
    """Put the open NHS trust sites that are called hospital or infirmary on their postcodes.

    Parameters
    ----------
    sites
        CSV of the Organisation Data Service, without a header: code, name, ..., postcode (10th), ..., closed (12th).
    postcodes
        Zip of Code-Point Open: CSV without headers, postcode, quality, easting, northing, ...

    Returns
    -------
    tuple
        Columns ``code name postcode easting northing``, rows, and the number of hospitals without a known postcode.
    """
    with sites.open(encoding="utf-8-sig", newline="") as handle:
        hospitals = [
            (record[SITE_CODE], record[SITE_NAME], record[SITE_POSTCODE].replace(" ", "").upper())
            for record in csv.reader(handle)
            if len(record) > SITE_CLOSED and not record[SITE_CLOSED] and _HOSPITAL.search(record[SITE_NAME].upper())
        ]
    wanted = {postcode for _, _, postcode in hospitals}
    places = {postcode: place for postcode, *place in _iterate_postcodes(postcodes) if postcode in wanted}
    rows = [(code, name, postcode, *places[postcode]) for code, name, postcode in hospitals if postcode in places]
    return ["code", "name", "postcode", "easting", "northing"], rows, len(hospitals) - len(rows)


def _iterate_postcodes(path: Path) -> Iterator[tuple[str, int, int]]:
    """Give the postcodes that have a place: quality 90 means that none is known."""
    with zipfile.ZipFile(path) as folder:
        for name in sorted(n for n in folder.namelist() if n.lower().endswith(".csv") and "/csv/" in f"/{n.lower()}"):
            with folder.open(name) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                for record in csv.reader(text):
                    if record[1] != "90":
                        yield record[0].replace(" ", "").upper(), int(record[2]), int(record[3])


def make_ward_deprivation(indices: Path, lookup: Path) -> Table:
    """Average the Index of Multiple Deprivation over the small areas of each ward, weighted by population.

    Parameters
    ----------
    indices
        File 7 of the English Indices of Deprivation 2019.
    lookup
        CSV with ``LSOA11CD`` and ``WD17CD``.

    Returns
    -------
    tuple
        Columns ``code imd_score population imd_rank_pct`` (share of wards that are more deprived, %), rows, and the
        number of small areas without a ward.
    """
    with lookup.open(encoding="utf-8-sig", newline="") as handle:
        wards = {record["LSOA11CD"]: record["WD17CD"] for record in csv.DictReader(handle)}
    sums: dict[str, tuple[float, int]] = {}
    n_left_out = 0
    with indices.open(encoding="utf-8-sig", newline="") as handle:
        for record in csv.DictReader(handle):
            ward = wards.get(record["LSOA code (2011)"])
            if ward is None:
                n_left_out += 1
                continue
            people = int(record["Total population: mid 2015 (excluding prisoners)"].replace(",", ""))
            score = float(record["Index of Multiple Deprivation (IMD) Score"])
            total, n_people = sums.get(ward, (0.0, 0))
            sums[ward] = (total + score * people, n_people + people)
    means = {ward: total / n_people for ward, (total, n_people) in sums.items() if n_people}
    order = sorted(means.values(), reverse=True)
    first = {score: index for index, score in reversed(list(enumerate(order)))}
    rows: list[tuple[Any, ...]] = [
        (ward, f"{score:.4f}", sums[ward][1], f"{100 * first[score] / len(order):.4f}") for ward, score in means.items()
    ]
    return ["code", "imd_score", "population", "imd_rank_pct"], rows, n_left_out


MAKERS: dict[str, Callable[..., Table]] = {
    "make_jobs": make_jobs,
    "make_hospitals": make_hospitals,
    "make_ward_deprivation": make_ward_deprivation,
}
