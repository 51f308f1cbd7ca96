"""Comma-separated values from strangers: text in, text out, block by block, each row with its number in the file.

Nothing is guessed: ``0100``, ``NA`` and ``1e5`` stay what they are, blank is null. A row counts as a spreadsheet counts
it, so that a field with line ends in it makes no difference; blank lines count.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.zip_files import read_blocks

BLOCK_BYTES = 48 * 1024**2
MAX_FILE_BYTES = 8 * 1024**3
MAX_ROW_BYTES = 3 * BLOCK_BYTES
"""Most bytes without the end of a row; more is a quotation mark that is never closed, or no table at all."""
MAX_COLUMNS = 10_000
MAX_LINES_IN_FIELD = 50
"""A field with more lines than this is taken for a quotation mark that was never closed."""
ROW = "row"
SURPLUS = "__surplus"
BLANKS = " \t\r\xa0\n"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def iter_file(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file on disk block by block.

    Parameters
    ----------
    path
        The file.

    Yields
    ------
    bytes
        Non-empty blocks.

    Raises
    ------
    InputError
        If it cannot be opened or is too large.
    """
    try:
        with path.open("rb") as handle:
            yield from read_blocks(handle, BLOCK_BYTES, MAX_FILE_BYTES)
    except OSError as error:
        raise InputError(f"{path.name} cannot be opened: {error}", file=path, cure="Check its permissions.") from error
    except OverflowError:
        raise InputError(
            f"{path.name} is larger than {MAX_FILE_BYTES:,} bytes", file=path, cure="Split the file."
        ) from None


def _recode(blocks: Iterable[bytes], encoding: str, where: str) -> Iterator[bytes]:
    """Turn text of a declared encoding into UTF-8, or say where it is not what it is declared to be."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise InputError(f"The encoding '{encoding}' is unknown.", file=where, cure="Use utf-8 or latin-1.") from None
    at = 0
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8")
            at += len(block)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        place = f" (near byte {at + error.start:,})" if isinstance(error, UnicodeDecodeError) else ""
        raise InputError(
            f"This file is not {encoding} text{place}.",
            file=where,
            cure="Save it as UTF-8, or say its encoding in the area file, for example encoding: latin-1.",
        ) from None


def _iter_blocks_of_rows(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Yield blocks that end at the end of a row; a row may contain line ends between quotation marks."""
    rest, ends_with_cr, n_rows = b"", None, 0
    for block in blocks:
        if ends_with_cr is None:  # line ends of the classic Macintosh
            ends_with_cr = b"\n" not in block and b"\r" in block
        rest += block.replace(b"\r", b"\n") if ends_with_cr else block
        cut = rest.rfind(b"\n") + 1
        if cut and rest.count(b'"', 0, cut) % 2 == 0:
            yield rest[:cut]
            n_rows += rest.count(b"\n", 0, cut)
            rest = rest[cut:]
        elif len(rest) > MAX_ROW_BYTES:
            raise InputError(
                f"{where} cannot be read as a table: {len(rest):,} bytes pass without the end of a row",
                file=where,
                row=n_rows + 1,
                cure="A quotation mark there is probably never closed; or this is no table of text at all.",
            )
    if rest:
        yield rest


def _find_nul(block: bytes, where: str, first_row: int) -> None:
    at = block.find(b"\x00")
    if at >= 0:
        raise InputError(
            f"{where} holds a byte of zero, which text never does",
            file=where,
            row=first_row + block.count(b"\n", 0, at),
            cure="The file is damaged, or UTF-16: save it as UTF-8, or fetch it again.",
        )


def _read_header(line: bytes, where: str, separator: str, *, is_lower: bool) -> list[str]:
    text = line.decode("utf-8", errors="replace").replace("\r", " ")
    try:
        cells = next(csv.reader([text], delimiter=separator), [])
    except csv.Error as error:
        raise InputError(
            f"{where} has no header that can be read: {error}", file=where, row=1, cure="Check its first line."
        ) from None
    names = [cell.strip().strip('"').strip() for cell in cells]
    names = [name.lower() for name in names] if is_lower else names
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{where} has {len(names):,} columns", file=where, row=1, cure="Leave out what is not needed.")
    repeated = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if repeated:
        raise InputError(
            f"{where.rpartition(':')[2]} has the column {repeated[0]} twice",
            file=where,
            row=1,
            field=repeated[0],
            cure="Remove one of the two columns.",
        )
    return [name or f"__blank{index}" for index, name in enumerate(names)]


def _parse_slowly(block: bytes, header: list[str], where: str, first_row: int, separator: str) -> pl.DataFrame:
    """Parse with the tolerant reader of the standard library: stray quotation marks, spaces before them, long rows."""
    columns: list[list[str | None]] = [[] for _ in range(len(header) + 1)]
    reader = csv.reader(io.StringIO(block.decode("utf-8"), newline=""), skipinitialspace=True, delimiter=separator)
    row = first_row
    problem: csv.Error | None = None
    is_open = False
    try:
        for record in reader:
            if any(cell.count("\n") > MAX_LINES_IN_FIELD for cell in record):
                problem = csv.Error("a quotation mark is never closed")
                break
            for index, column in enumerate(columns[:-1]):
                column.append(record[index] if index < len(record) else None)
            columns[-1].append("".join(record[len(header) :]) or None)
            row += 1
            is_open = any("\n" in cell for cell in record)
        if is_open and block.count(b'"') % 2:  # the last field swallowed the rest of the file
            problem, row = csv.Error("a quotation mark is never closed"), row - 1
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


def _parse(block: bytes, header: list[str], where: str, first_row: int, separator: str) -> pl.DataFrame:
    if f'{separator} "'.encode() in block or block.count(b'"') % 2:
        return _parse_slowly(block, header, where, first_row, separator)
    plain = {f"c{index}": column for index, column in enumerate([*header, SURPLUS])}
    try:
        names = separator.join(plain).encode() + b"\n"
        return pl.read_csv(names + block, infer_schema=False, separator=separator).rename(plain)
    except pl.exceptions.PolarsError:
        return _parse_slowly(block, header, where, first_row, separator)


def _decode(block: bytes, note: Callable[[], None]) -> bytes:
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        note()
        return block.decode("cp1252", errors="replace").encode("utf-8")
    return block


def iter_csv(
    blocks: Iterable[bytes],
    *,
    where: str,
    note_encoding: Callable[[], None] | None = None,
    encoding: str = "utf-8",
    separator: str = ",",
    is_lower: bool = False,
) -> Iterator[pl.DataFrame]:
    """Yield a table as chunks of text columns.

    Parameters
    ----------
    blocks
        Bytes of the file.
    where
        Its name in messages.
    note_encoding
        Called (for each block) when text is not UTF-8 and is taken for Windows-1252. Where absent, `encoding` holds and
        other bytes are an error.
    encoding
        Of the file, where `note_encoding` is absent.
    separator
        One ASCII character.
    is_lower
        Turn the names of columns into lower case.

    Yields
    ------
    polars.DataFrame
        ``row`` (u32, the header being row 1), every column of the header as text without spaces around it (blank: null;
        a short row is filled with nulls), and :data:`SURPLUS`, what a row has beyond the header. At least one chunk,
        possibly without rows.

    Raises
    ------
    InputError
        If there is no header, a column stands twice, or the file is not text, not a table or damaged; with the row.
    """
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
        raise InputError(
            f"{separator!r} cannot separate columns.",
            file=where,
            field="separator",
            cure="Give one character, such as a comma, a semicolon or a tab.",
        )
    header: list[str] = []
    next_row = 2
    coded = blocks if note_encoding else _recode(blocks, encoding, where)
    for block in _iter_blocks_of_rows(coded, where):
        data = block
        if not header and data.startswith(UTF_16):
            raise InputError(f"{where.rpartition(':')[2]} is UTF-16", file=where, cure="Save the file as UTF-8.")
        _find_nul(data, where, next_row - (0 if header else 1))
        if not header:
            data = data.removeprefix(b"\xef\xbb\xbf")
            while data.startswith((b"\n", b"\r\n")):
                data = data[data.index(b"\n") + 1 :]
                next_row += 1
            line, _, data = data.partition(b"\n")
            if not line.strip():
                continue
            header = _read_header(line, where, separator, is_lower=is_lower)
        table = _parse(_decode(data, note_encoding or _no_note), header, where, next_row, separator)
        table = table.with_row_index(ROW, offset=next_row)
        next_row += table.height
        tidied = (_tidy(table.columns.index(column), column) for column in [*header, SURPLUS])
        yield table.select(pl.col(ROW).cast(pl.UInt32), *tidied)
    if not header:
        raise InputError(f"{where.rpartition(':')[2]} is empty", file=where, cure="Fetch the file again.")


def _no_note() -> None:
    """Do nothing: the text has been decoded before."""


def _tidy(position: int, column: str) -> pl.Expr:
    """Strip a column that is found by its position: a name such as ``*`` or ``^a$`` would be read as a pattern."""
    stripped = pl.nth(position).str.strip_chars(BLANKS)
    return pl.when(stripped != "").then(stripped).alias(column)


def read_header(path: Path) -> list[str]:
    """Read the names of the columns of a file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of str
        As they stand there; columns without a name as ``__blank0`` and so on.

    Raises
    ------
    InputError
        As :func:`iter_csv`.
    """
    with path.open("rb") as handle:
        line = handle.read(1024**2).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    first = next(
        iter_csv([line.replace(b"\r\n", b"\n").partition(b"\n")[0] + b"\n"], where=path.name, note_encoding=_no_note)
    )
    return [name for name in first.columns if name not in {ROW, SURPLUS}]
