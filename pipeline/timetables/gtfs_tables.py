"""The files of a GTFS feed as tables of text, chunk by chunk, each row with its number in the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.codes import FILE_ENCODING, ROW_REPEATED, ROW_TOO_LONG, ROW_WITHOUT_ID, add_rows
from pipeline.timetables.gtfs_files import GtfsContainer

BLOCK_BYTES = 48 * 1024**2
SURPLUS = "__surplus"
MAX_LINES_IN_FIELD = 50
"""A field with more lines than this is taken for a quotation mark that was never closed."""


def _iter_blocks_of_rows(container: GtfsContainer, name: str) -> Iterator[bytes]:
    """Yield blocks that end at the end of a row; a row may contain line ends between quotation marks."""
    rest, ends_with_cr = b"", None
    for block in container.iter_blocks(name, BLOCK_BYTES):
        if ends_with_cr is None:  # line ends of the classic Macintosh
            ends_with_cr = b"\n" not in block and b"\r" in block
        rest += block.replace(b"\r", b"\n") if ends_with_cr else block
        cut = rest.rfind(b"\n") + 1
        if cut and rest.count(b'"', 0, cut) % 2 == 0:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _decode(block: bytes, name: str, state: dict[str, bool], notices: Notices) -> bytes:
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        if not state.get("encoding"):
            state["encoding"] = True
            notices.add(FILE_ENCODING, file=name)
        return block.decode("cp1252", errors="replace").encode("utf-8")
    return block


def _read_header(line: bytes, name: str, container: GtfsContainer) -> list[str]:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is UTF-16", file=f"{container.path.name}:{name}", cure="Save the file as UTF-8.")
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    names = [cell.strip().strip('"').strip().lower() for cell in next(csv.reader([text.replace("\r", " ")]), [])]
    repeated = sorted({column for column in names if column and names.count(column) > 1})
    if repeated:
        raise InputError(
            f"{name} has the column {repeated[0]} twice",
            file=f"{container.path.name}:{name}",
            row=1,
            field=repeated[0],
            cure="Remove one of the two columns.",
        )
    return [column or f"__blank{index}" for index, column in enumerate(names)]


def _parse_slowly(block: bytes, header: list[str], where: str, first_row: int) -> pl.DataFrame:
    """Parse with the tolerant reader of the standard library: stray quotation marks, spaces before them, long rows."""
    columns: list[list[str | None]] = [[] for _ in range(len(header) + 1)]
    reader = csv.reader(io.StringIO(block.decode("utf-8"), newline=""), skipinitialspace=True)
    row = first_row
    problem: csv.Error | None = None
    try:
        for record in reader:
            if any(cell.count("\n") > MAX_LINES_IN_FIELD for cell in record):
                problem = csv.Error("a quotation mark is never closed")
                break
            for index, column in enumerate(columns[:-1]):
                column.append(record[index] if index < len(record) else None)
            columns[-1].append("".join(record[len(header) :]) or None)
            row += 1
    except csv.Error as error:
        problem = error
    if problem:
        raise InputError(
            f"{where} cannot be read as comma-separated values: {problem}",
            file=where,
            row=row,
            cure="Put fields with commas or quotation marks between quotation marks, and double those inside.",
        ) from problem
    return pl.DataFrame(
        dict(zip([*header, SURPLUS], columns, strict=True)), schema=dict.fromkeys([*header, SURPLUS], pl.String)
    )


def _parse(block: bytes, header: list[str], where: str, first_row: int) -> pl.DataFrame:
    if b', "' in block or block.count(b'"') % 2:
        return _parse_slowly(block, header, where, first_row)
    plain = {f"c{index}": column for index, column in enumerate([*header, SURPLUS])}
    try:
        return pl.read_csv(",".join(plain).encode() + b"\n" + block, infer_schema=False).rename(plain)
    except pl.exceptions.PolarsError:
        return _parse_slowly(block, header, where, first_row)


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
    header: list[str] = []
    state: dict[str, bool] = {}
    next_row = 2
    for block in _iter_blocks_of_rows(container, name):
        data = block
        if not header:
            while data.startswith((b"\n", b"\r\n")):
                data = data[data.index(b"\n") + 1 :]
                next_row += 1
            line, _, data = data.partition(b"\n")
            header = _read_header(line, name, container)
            _require(container, name, header, required)
        table = _parse(_decode(data, name, state, notices), header, where, next_row)
        table = table.with_row_index("row", offset=next_row)
        next_row += table.height
        yield _tidy(table, name, [*required, *optional], notices)
    if not header:
        raise InputError(f"{name} is empty", file=where, cure="Fetch the timetable again.")


def _tidy(table: pl.DataFrame, name: str, columns: list[str], notices: Notices) -> pl.DataFrame:
    add_rows(
        notices,
        ROW_TOO_LONG,
        table.filter(pl.col(SURPLUS).is_not_null() & (pl.col(SURPLUS) != "")),
        file=name,
        field="",
        value=SURPLUS,
    )
    here = [column for column in columns if column in table.columns]
    stripped = [pl.col(column).str.strip_chars(" \t\r\xa0\n") for column in here]
    table = table.select(pl.col("row").cast(pl.UInt32), *stripped)
    table = table.with_columns(pl.when(pl.col(column) != "").then(pl.col(column)).alias(column) for column in here)
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
