"""What a service's pages must look like: anything else is refused in words, whatever a server sends."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.acquire.sources import Reference
from pipeline.base.errors import FetchError


def refuse_shape(reference: Reference, what: str) -> FetchError:
    """Return the error for an answer that is not built as its service documents it.

    Parameters
    ----------
    reference
        What was asked for.
    what
        What is wrong, as part of a sentence.

    Returns
    -------
    FetchError
        To be raised.
    """
    return FetchError(
        f"'{reference.text}': the answer of the service is not built as it should be: {what}.",
        field=reference.source.name,
        cure="Try again later; if it stays so, the service has changed: look at it, and tell its publisher.",
    )


def get_count(reference: Reference, page: Mapping[str, Any]) -> int:
    """Return how many records a service states.

    Parameters
    ----------
    reference
        What was asked for.
    page
        Its answer.

    Returns
    -------
    int
        Of ``count``.

    Raises
    ------
    FetchError
        If it is no whole number.
    """
    count = page.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise refuse_shape(reference, "it does not state how many records there are")
    return count


def get_records(reference: Reference, page: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the records of a page.

    Parameters
    ----------
    reference
        What was asked for.
    page
        Its answer.
    name
        Where they stand.

    Returns
    -------
    list of dict
        As sent.

    Raises
    ------
    FetchError
        If there is no list of objects.
    """
    records = page.get(name)
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise refuse_shape(reference, f"it has no list of '{name}'")
    return records


def get_part(reference: Reference, record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object within a record, such as the attributes of a feature.

    Parameters
    ----------
    reference
        What was asked for.
    record
        From :func:`get_records`.
    name
        Where it stands.

    Returns
    -------
    dict
        As sent.

    Raises
    ------
    FetchError
        If it is not there.
    """
    part = record.get(name)
    if not isinstance(part, dict):
        raise refuse_shape(reference, f"a record has no '{name}'")
    return part


def has_more(page: Mapping[str, Any]) -> bool:
    """Tell whether a page of features says that it was cut.

    Parameters
    ----------
    page
        An answer.

    Returns
    -------
    bool
        ``exceededTransferLimit``, wherever it stands.
    """
    properties = page.get("properties")
    inner = properties.get("exceededTransferLimit") if isinstance(properties, dict) else False
    return bool(page.get("exceededTransferLimit") or inner)


def read_table(reference: Reference, path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a page that is a CSV.

    Parameters
    ----------
    reference
        What was asked for.
    path
        The page.

    Returns
    -------
    tuple
        Its header and its rows, all of one length.

    Raises
    ------
    FetchError
        If it is not text in UTF-8, or a row has another length than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = [row for row in csv.reader(text) if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise refuse_shape(reference, f"it is no CSV in UTF-8 ({error})") from None
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise refuse_shape(reference, "its rows have other lengths than its header")
    return rows[0], rows[1:]
