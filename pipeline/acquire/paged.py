"""Sources that come in pages: ArcGIS feature services, Nomis, and the datasets of the Bus Open Data Service."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pipeline.acquire.archive import link_folder, move_into_archive
from pipeline.acquire.download import Ask
from pipeline.acquire.fetch import Fetched, Fetcher
from pipeline.acquire.redact import carries_key, redact
from pipeline.acquire.shapes import get_count, get_part, get_records, has_more, read_table, refuse_shape
from pipeline.acquire.sources import Reference
from pipeline.base.errors import FetchError
from pipeline.base.hashing import hash_file

ARCGIS_PAGE = 1000
NOMIS_PAGE = 25_000
BODS_PAGE = 25
MAX_PAGES = 2000


def _read_page(fetcher: Fetcher, reference: Reference, address: str, kind: str) -> Path:
    ask = fetcher.ask_for(reference, address, kind=kind)
    partial = fetcher.open_partial(reference, address)
    try:
        answer = fetcher.downloader.download(ask, partial)
    except FetchError:
        partial.clear()  # a page is small, and a service may have written the key into it
        raise
    if answer.path is None:
        raise FetchError(
            "The server gave no page.", file=ask.shown, cure="Try again later; if it stays so, tell the publisher."
        )
    return answer.path


def _read_json(fetcher: Fetcher, reference: Reference, address: str) -> dict[str, Any]:
    path = _read_page(fetcher, reference, address, "json")
    content = json.loads(path.read_bytes())
    path.unlink()
    if not isinstance(content, dict):
        raise FetchError(
            "The server sent no object.",
            file=fetcher.ask_for(reference, address).shown,
            cure="Try again later; if it stays so, tell the publisher.",
        )
    if "error" in content:
        error = content["error"]
        text = str(error.get("message") if isinstance(error, dict) else error)
        ask = fetcher.ask_for(reference, address)
        raise FetchError(
            f"The service refuses: {redact(text, ask.keys)[:200]}.",
            file=ask.shown,
            cure="The publisher may have renamed the layer or its columns; look at it and correct config/sources.csv.",
        )
    return content


def _refuse_count(reference: Reference, found: int, stated: int) -> FetchError:
    return FetchError(
        f"'{reference.text}' gave {found:,} records, and its service states {stated:,}.",
        cure="It may have changed meanwhile: fetch again.",
    )


def fetch_arcgis(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Fetch all features of an ArcGIS layer, page by page in the order of one column.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        Its address is that of the layer; parameters ``where``, ``fields`` and ``order``.

    Returns
    -------
    Fetched
        One GeoJSON file in longitude and latitude, or one CSV of attributes; the same features give the same bytes.

    Raises
    ------
    FetchError
        If the service refuses, or gives another number of features than it states.
    """
    address = reference.fill(reference.source.address)
    asked = {"where": reference.values["where"] or "1=1", "f": "json"}
    query = urlencode({**asked, "returnCountOnly": "true"})
    stated = get_count(reference, _read_json(fetcher, reference, f"{address}/query?{query}"))
    is_table = reference.source.expected_type == "csv"
    pages = _iterate_features(fetcher, reference, address, has_geometry=not is_table)
    with fetcher.open_partial(reference, "all").gathering() as path:
        with path.open("w", encoding="utf-8", newline="") as handle:
            write = _write_csv if is_table else _write_geojson
            n_features = write(handle, reference, pages)
        if n_features != stated:
            raise _refuse_count(reference, n_features, stated)
        return _keep_whole(fetcher, reference, path, address)


def _keep_whole(fetcher: Fetcher, reference: Reference, path: Path, address: str) -> Fetched:
    n_bytes = path.stat().st_size
    if not reference.source.min_bytes <= n_bytes <= reference.source.max_bytes:
        path.unlink()
        raise FetchError(
            f"'{reference.text}' has {n_bytes:,} bytes; {reference.source.min_bytes:,} to "
            f"{reference.source.max_bytes:,} are expected.",
            cure="Look at the source; correct the bounds in config/sources.csv if they are outdated.",
        )
    return fetcher.keep(reference, path, address=address)


def _iterate_features(
    fetcher: Fetcher, reference: Reference, address: str, *, has_geometry: bool
) -> Iterator[dict[str, Any]]:
    offset = 0
    for _ in range(MAX_PAGES):
        query = urlencode({
            "where": reference.values["where"] or "1=1",
            "outFields": reference.values["fields"] or "*",
            "orderByFields": reference.values["order"],
            "outSR": "4326",
            "returnGeometry": str(has_geometry).lower(),
            "resultOffset": offset,
            "resultRecordCount": ARCGIS_PAGE,
            "f": "geojson" if has_geometry else "json",
        })  # fmt: skip
        page = _read_json(fetcher, reference, f"{address}/query?{query}")
        features = get_records(reference, page, "features")
        yield from features
        offset += len(features)
        if not features or (len(features) < ARCGIS_PAGE and not has_more(page)):
            return
    raise FetchError(f"'{reference.text}' has more than {MAX_PAGES} pages.", cure="Narrow it with 'where'.")


def _write_geojson(handle: Any, reference: Reference, features: Iterator[dict[str, Any]]) -> int:
    n_features = 0
    handle.write('{"type":"FeatureCollection","features":[')
    for feature in features:
        properties = get_part(reference, feature, "properties")
        geometry = None if feature.get("geometry") is None else get_part(reference, feature, "geometry")
        kept = {"type": "Feature", "properties": properties, "geometry": geometry}
        handle.write(",\n" if n_features else "\n")
        handle.write(json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
        n_features += 1
    handle.write("\n]}\n")
    return n_features


def _write_csv(handle: Any, reference: Reference, features: Iterator[dict[str, Any]]) -> int:
    writer = None
    n_features = 0
    for feature in features:
        attributes = get_part(reference, feature, "attributes")
        if writer is None:
            writer = csv.DictWriter(handle, sorted(attributes), lineterminator="\n")
            writer.writeheader()
        if not attributes or set(attributes) != set(writer.fieldnames):
            raise refuse_shape(reference, "its records have different columns")
        writer.writerow(attributes)
        n_features += 1
    return n_features


def fetch_nomis(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Fetch a Nomis query as one CSV, in pages of 25,000 records.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        Its address has the query.

    Returns
    -------
    Fetched
        The CSV with one header.

    Raises
    ------
    FetchError
        If a page has other columns, or the records are not as many as stated.
    """
    address = reference.fill(reference.source.address)
    with fetcher.open_partial(reference, "all").gathering() as path:
        with path.open("w", encoding="utf-8", newline="") as handle:
            n_rows, stated = _write_pages(csv.writer(handle, lineterminator="\n"), fetcher, reference, address)
        if stated is not None and n_rows != stated:
            raise _refuse_count(reference, n_rows, stated)
        return _keep_whole(fetcher, reference, path, address)


def _write_pages(writer: Any, fetcher: Fetcher, reference: Reference, address: str) -> tuple[int, int | None]:
    header: list[str] = []
    n_rows, stated = 0, None
    for _ in range(MAX_PAGES):
        query = urlencode({"recordoffset": n_rows, "recordlimit": NOMIS_PAGE})
        page = _read_page(fetcher, reference, f"{address}&{query}", "csv")
        try:
            columns, rows = read_table(reference, page)
        finally:
            page.unlink()
        if not header:
            header = columns
            writer.writerow(header)
        if columns != header:
            raise FetchError(f"'{reference.text}': a page has other columns.", cure="Fetch again.")
        if rows and "RECORD_COUNT" in header:
            stated = _read_count(reference, rows[0][header.index("RECORD_COUNT")])
        writer.writerows(rows)
        n_rows += len(rows)
        if len(rows) < NOMIS_PAGE:
            break
    if not n_rows:
        raise refuse_shape(reference, f"it has no record; it begins with '{','.join(header)[:80]}'")
    return n_rows, stated


def _read_count(reference: Reference, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise refuse_shape(reference, f"RECORD_COUNT is '{text[:40]}'") from None


def fetch_datasets(fetcher: Fetcher, reference: Reference) -> Fetched:
    """Fetch the TransXChange datasets that the Bus Open Data Service lists for an operator or an area.

    Parameters
    ----------
    fetcher
        Registers, archive and downloader.
    reference
        With ``noc``, ``adminArea``, ``status`` and others of the service's filters.

    Returns
    -------
    Fetched
        A folder with one file for each dataset.

    Raises
    ------
    FetchError
        If nothing is listed, or the list is not as long as it states.
    """
    address = reference.fill(reference.source.address)
    filters = {name: value for name, value in sorted(reference.values.items()) if value}
    listed: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        query = urlencode({**filters, "limit": BODS_PAGE, "offset": len(listed)})
        page = _read_json(fetcher, reference, f"{address}?{query}")
        results = get_records(reference, page, "results")
        listed += results
        stated = get_count(reference, page)
        if not results or len(listed) >= stated:
            break
    if len(listed) != stated:
        raise _refuse_count(reference, len(listed), stated)
    if not listed:
        raise FetchError(
            f"'{reference.text}': no dataset is listed.", cure="Check the operator's code (noc) and the area's."
        )
    files = {}
    addresses = _list_addresses(reference, listed)
    for number in sorted(addresses):
        name, file = _fetch_dataset(fetcher, reference, number, addresses[number])
        files[name] = file
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        digest.update(name.encode())
        digest.update(bytes.fromhex(hash_file(file)))
    sha256 = digest.hexdigest()
    folder = link_folder(files, sha256, source=reference.source.name, name=reference.file_name, archive=fetcher.archive)
    return fetcher.note(reference, folder, sha256, address=f"{address}?{urlencode(filters)}")


def _list_addresses(reference: Reference, listed: list[dict[str, Any]]) -> dict[int, str]:
    """List the address of each dataset, by its number."""
    found: dict[int, str] = {}
    for dataset in listed:
        number, address = dataset.get("id"), dataset.get("url")
        if not isinstance(number, int) or not isinstance(address, str) or number in found:
            raise refuse_shape(reference, "a dataset has no number or address of its own")
        found[number] = address
    return found


def _fetch_dataset(fetcher: Fetcher, reference: Reference, number: int, address: str) -> tuple[str, Path]:
    source, keys = reference.source, fetcher.ask_for(reference, address).keys
    ask = Ask(address, "txc", 100, source.max_bytes, keys)
    if carries_key(address, keys):
        raise refuse_shape(reference, "it writes the key into the address of a dataset")
    answer = fetcher.downloader.download(ask, fetcher.open_partial(reference, address))
    if answer.path is None:
        raise FetchError(
            "The server gave no dataset.", file=ask.shown, cure="Try again later; if it stays so, tell the publisher."
        )
    with answer.path.open("rb") as handle:
        extension = "zip" if handle.read(2) == b"PK" else "xml"
    name = f"{number}.{extension}"
    file, _ = move_into_archive(
        answer.path, hash_file(answer.path), source=source.name, name=name, archive=fetcher.archive
    )
    return name, file
