"""Numbers of the tables of a page, in its order and without gaps, and the names of links to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.report.findings import Finding, FindingBlock
    from pipeline.report.tables import Table


def number_tables(tables: Iterable[Table]) -> list[Table]:
    """Return the tables of a page with their numbers before their captions, 1 for the first."""
    return [replace(table, caption=f"Table {n}. {table.caption}") for n, table in enumerate(tables, start=1)]


def label_links(blocks: Sequence[FindingBlock], tables: Sequence[Table]) -> list[FindingBlock]:
    """Name every link to a table of the same page by the number that the table has there.

    Parameters
    ----------
    blocks
        Findings; those that link to other pages stay as they are.
    tables
        The tables of the page as they stand there, before or after they were given numbers.

    Raises
    ------
    KeyError
        If a finding rests on a table that the page does not have.
    """
    labels = {f"#{table.anchor}": f"Table {n}" for n, table in enumerate(tables, start=1)}

    def name(finding: Finding) -> Finding:
        return replace(finding, link_label=labels[finding.link]) if finding.link.startswith("#") else finding

    return [replace(block, findings=tuple(name(one) for one in block.findings)) for block in blocks]
