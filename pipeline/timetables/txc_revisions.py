"""Several documents of one service: on each date the highest revision that is valid counts.

A document is valid from the first to the last day of its service's operating period. Documents of one service and
line (and registered operator) are compared date by date: those with a lower revision number lose the dates on which
one with a higher number is valid. Documents of the same revision number complement one another (publishers split a
service by day of the week), and consecutive periods follow one another. What two documents hold word for word alike
is counted once later, where duplicates are sought.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from pipeline.base.notices import Notices
from pipeline.timetables.txc_codes import REVISION_EQUAL, REVISION_SUPERSEDED
from pipeline.timetables.txc_records import DocumentTables, Ordinals, Span

Range = tuple[date, date]
Key = tuple[str, str, str]


def find_superseded(documents: Sequence[DocumentTables], notices: Notices) -> dict[tuple[int, int], list[Range]]:
    """Find the dates on which services of documents do not count.

    Parameters
    ----------
    documents
        All documents of the snapshot.
    notices
        Collector.

    Returns
    -------
    dict
        Document and span (by position) to ranges of dates, both ends included, only where there are any.
    """
    groups: dict[Key, list[tuple[int, int, Span]]] = {}
    for at, tables in enumerate(documents):
        for number, span in enumerate(tables.spans):
            groups.setdefault((span.operator, span.service, span.line), []).append((at, number, span))
    found: dict[tuple[int, int], list[Range]] = {}
    for (_, service, line), members in sorted(groups.items()):
        if len(members) < 2:
            continue
        for at, number, span in members:
            label, name = documents[at].label, f"{service} line {line}"
            higher = [
                (other.first, other.last)
                for _, _, other in members
                if other.revision > span.revision and other.first <= span.last and span.first <= other.last
            ]
            if higher:
                found[at, number] = higher
                detail = f"revision {span.revision}, valid {span.first} to {span.last}"
                notices.add(REVISION_SUPERSEDED, file=label, field="RevisionNumber", value=name, detail=detail)
            if any(
                other_at < at
                and other.revision == span.revision
                and other.first <= span.last
                and span.first <= other.last
                for other_at, _, other in members
            ):
                notices.add(REVISION_EQUAL, file=label, field="RevisionNumber", value=name)
    return found


def subtract_ranges(ordinals: Ordinals, ranges: Sequence[Range]) -> Ordinals:
    """Take ranges of dates away from a set of dates.

    Parameters
    ----------
    ordinals
        Proleptic ordinals.
    ranges
        First and last date, both included.

    Returns
    -------
    numpy.ndarray
        i32, those that are left.
    """
    keep = np.ones(ordinals.size, dtype=np.bool_)
    for first, last in ranges:
        keep &= (ordinals < first.toordinal()) | (ordinals > last.toordinal())
    return ordinals[keep]
