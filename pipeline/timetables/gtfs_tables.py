"""The files of a GTFS feed as tables of text, chunk by chunk, each row with its number in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import polars as pl

from pipeline.base.csv_files import BLOCK_BYTES, SURPLUS, iter_csv
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import FILE_ENCODING, ROW_REPEATED, ROW_TOO_LONG, ROW_WITHOUT_ID, add_rows
from pipeline.timetables.gtfs_files import GtfsContainer


def _require(container: GtfsContainer, name: str, header: Sequence[str], required: Sequence[str]) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise InputError(
            f"{name} lacks the column {missing[0]}",
            file=f"{container.path.name}:{name}",
            row=1,
            field=missing[0],
            cure=f"The columns found are: {', '.join(header)[:300]}. Add the missing one.",
        )


def iter_table(
    container: GtfsContainer,
    name: str,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    notices: Notices,
) -> Iterator[pl.DataFrame]:
    """Yield a file as chunks of text columns.

    Parameters
    ----------
    container
        The open feed.
    name
        Plain name, such as ``stop_times.txt``.
    required
        Columns that the file must have.
    optional
        Columns that are filled with nulls where the file lacks them.
    notices
        Collector.

    Yields
    ------
    polars.DataFrame
        ``row`` (u32, the header being row 1) and the columns asked for as text: spaces around values are
        removed, blanks are null. At least one chunk, possibly empty.

    Raises
    ------
    InputError
        If the file is missing, empty, lacks a required column or cannot be parsed.
    """
    where = f"{container.path.name}:{name}"
    if not container.has(name):
        raise InputError(f"{container.path.name} has no {name}", file=where, cure=f"A GTFS feed needs {name}.")
    noted: list[str] = []

    def note_encoding() -> None:
        if not noted:
            noted.append(name)
            notices.add(FILE_ENCODING, file=name)

    with closing(container.iter_blocks(name, BLOCK_BYTES)) as blocks:
        for index, table in enumerate(iter_csv(blocks, where=where, note_encoding=note_encoding, is_lower=True)):
            if not index:
                header = [column for column in table.columns if column not in {"row", SURPLUS}]
                _require(container, name, header, required)
            yield _choose(table, name, [*required, *optional], notices)


def _choose(table: pl.DataFrame, name: str, columns: list[str], notices: Notices) -> pl.DataFrame:
    """Keep the columns asked for and the rows in which one of them is filled."""
    surplus = table.filter(pl.col(SURPLUS).is_not_null())
    add_rows(notices, ROW_TOO_LONG, surplus, file=name, field="", value=SURPLUS)
    here = [column for column in columns if column in table.columns]
    absent = [pl.lit(None, dtype=pl.String).alias(column) for column in columns if column not in here]
    table = table.with_columns(absent).select("row", *columns)
    return table.filter(pl.any_horizontal(pl.col(here).is_not_null())) if here else table.clear()


def read_table(
    container: GtfsContainer,
    name: str,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    notices: Notices,
) -> pl.DataFrame:
    """Read a whole file as text columns; see :func:`iter_table`.

    Parameters
    ----------
    container, name, required, optional, notices
        As for :func:`iter_table`.

    Returns
    -------
    polars.DataFrame
        All rows in the order of the file.
    """
    return pl.concat(iter_table(container, name, required=required, optional=optional, notices=notices))


def check_unique(
    table: pl.DataFrame, key: str, container: GtfsContainer, name: str, notices: Notices, *, is_key_needed: bool = True
) -> pl.DataFrame:
    """Drop rows that repeat another word for word, and refuse one identifier for two things.

    Parameters
    ----------
    table
        Table with ``row`` and the columns that matter.
    key
        The identifying column.
    container, name
        Where it comes from.
    notices
        Collector.
    is_key_needed
        Skip rows without the identifier, with a notice.

    Returns
    -------
    polars.DataFrame
        One row for each identifier, in the order of the file.

    Raises
    ------
    InputError
        If two rows of one identifier differ.
    """
    if is_key_needed:
        add_rows(notices, ROW_WITHOUT_ID, table.filter(pl.col(key).is_null()), file=name, field=key)
        table = table.filter(pl.col(key).is_not_null())
    unique = table.unique(
        subset=[column for column in table.columns if column != "row"], keep="first", maintain_order=True
    )
    if unique.height < table.height:
        again = table.join(unique.select("row"), on="row", how="anti")
        add_rows(notices, ROW_REPEATED, again, file=name, field=key)
    clash = unique.filter(pl.col(key).is_duplicated())
    if not clash.is_empty():
        first = clash.sort("row").row(0, named=True)
        both = clash.filter(pl.col(key).eq_missing(pl.lit(first[key])))["row"].to_list()
        raise InputError(
            f"{name} gives the same {key} '{first[key] or ''}' to two different rows ({both[0]} and {both[1]})",
            file=f"{container.path.name}:{name}",
            row=both[1],
            field=key,
            cure="Give each row an identifier of its own, or remove the wrong row.",
        )
    return unique
