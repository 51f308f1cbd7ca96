"""Read tables of any usual format as text, with the row where each record stood."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from pipeline.base.area import TableSource
from pipeline.base.csv_files import SURPLUS, iter_csv, iter_file
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice

ROW = "__row"
DOUBTS = "doubts"
FILE_DOUBTFUL = declare_notice(
    "places_file_doubtful",
    "warning",
    "The file was read, but something in it is not as its format demands, such as a ring that is not closed.",
    "Export the file again, or repair it in a geographic information system.",
)
SPATIAL = {
    ".geojson": b"{",
    ".json": b"{",
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb",
    ".shp": b"\x00\x00\x27\x0a",
}
"""How files of each kind begin. GDAL goes by content, not by name, and some of its formats point to other files or to
addresses on the network: a file that begins otherwise never reaches it."""
MAX_ROWS = 20_000_000
"""Most rows of a Parquet table: a few kilobytes may claim billions."""


def read_table(source: TableSource, path: Path) -> pd.DataFrame | gpd.GeoDataFrame:
    """Read CSV, Parquet, GeoJSON or GeoPackage.

    Parameters
    ----------
    source
        Encoding and separator (CSV only).
    path
        The file.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        CSV columns are text (blank is null), so that codes such as ``0100`` stay what they are. The column
        ``__row`` is the line of the file (CSV, header counted) or the number of the record.

    Raises
    ------
    InputError
        If the file is missing, empty, of an unknown format or cannot be read.
    """
    if not path.is_file():
        raise InputError("This file does not exist.", file=path, cure="Check the path in the area file and DATA=.")
    suffix = path.suffix.lower()
    try:
        if suffix in SPATIAL:
            _check_start(path, SPATIAL[suffix])
            frame = _read_shapes(path)
        elif suffix in {".parquet", ".geoparquet"}:
            about = pq.read_metadata(path)
            if about.num_rows > MAX_ROWS:
                raise InputError(
                    f"This file has {about.num_rows:,} rows.", file=path, cure="Leave out what is not needed."
                )
            is_spatial = b"geo" in (about.schema.to_arrow_schema().metadata or {})
            frame = gpd.read_parquet(path) if is_spatial else pd.read_parquet(path)
        elif suffix in {".csv", ".txt", ".tsv"}:
            return _read_csv(source, path)
        else:
            raise InputError(
                f"Files of the kind '{suffix}' cannot be read here.",
                file=path,
                cure="Use CSV, Parquet, GeoJSON or GeoPackage.",
            )
    except (ValueError, OSError, RuntimeError, KeyError, shapely.errors.ShapelyError, pa.ArrowException) as error:
        raise InputError(
            f"This file cannot be read: {_first_line(error)}", file=path, cure="Export it again."
        ) from None
    if frame.empty:
        raise InputError("This file has no rows.", file=path, cure="Export it again, with its data.")
    frame[ROW] = range(1, len(frame) + 1)
    return frame


def _read_shapes(path: Path) -> gpd.GeoDataFrame:
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        frame = gpd.read_file(path)
    texts = {str(doubt.message) for doubt in doubts}
    frame.attrs[DOUBTS] = sorted(text for text in texts if "invalid value" not in text)  # NaN is reported row by row
    return frame


def note_doubts(frame: pd.DataFrame, path: Path, notices: Notices) -> None:
    """Note what the reader of a file of shapes found doubtful.

    Parameters
    ----------
    frame
        From :func:`read_table`.
    path
        The file.
    notices
        The collector.
    """
    for text in frame.attrs.get(DOUBTS, []):
        notices.add(FILE_DOUBTFUL, file=path, detail=text)


def _check_start(path: Path, start: bytes) -> None:
    with path.open("rb") as handle:
        found = handle.read(512).removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t")
    if not found.startswith(start):
        what = "is empty" if not found else "is a web page or XML" if found.startswith(b"<") else "is of another kind"
        raise InputError(
            f"This file {what}, not what its name says.",
            file=path,
            cure="Open it in a text editor to see what it is, then export or fetch it again.",
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _read_csv(source: TableSource, path: Path) -> pd.DataFrame:
    encoding = "utf-8-sig" if source.encoding.lower() in {"utf-8", "utf8", "utf-8-sig"} else source.encoding
    parts = list(iter_csv(iter_file(path), where=path.name, encoding=encoding, separator=source.separator))
    table = pl.concat(parts)
    surplus = table.filter(pl.col(SURPLUS).is_not_null())
    if not surplus.is_empty():
        first = surplus.row(0, named=True)
        raise InputError(
            "This row has more fields than the header.",
            file=path,
            row=first["row"],
            field=str(first[SURPLUS])[:50],
            cure="Put fields that contain the separator between quotation marks.",
        )
    names = [column for column in table.columns if column not in {"row", SURPLUS}]
    table = table.filter(pl.any_horizontal(pl.exclude("row", SURPLUS).is_not_null()))  # a name may look like a pattern
    if table.is_empty():
        raise InputError("This file has no rows below its header.", file=path, cure="Export it again, with its data.")
    columns = {name: pd.Series(table[name].to_list(), dtype=object) for name in names}
    return pd.DataFrame({**columns, ROW: table["row"].to_list()})


def get_column(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Return a column, or say which columns exist.

    Parameters
    ----------
    frame
        A table read by :func:`read_table`.
    column
        Its name; case is tolerated where that is unambiguous.
    path
        The file, for the message.

    Returns
    -------
    pandas.Series
        The column.

    Raises
    ------
    InputError
        If there is none.
    """
    if column in frame.columns:
        return frame[column]
    same = [c for c in frame.columns if str(c).lower() == column.lower()]
    if len(same) == 1:
        return frame[same[0]]
    known = [str(c) for c in frame.columns if c not in {ROW, "geometry"}]
    cure = f"Columns of this file: {', '.join(known)}."
    other = next((sign for sign in (";", "\t", "|") if len(known) == 1 and sign in known[0]), None)
    if other:
        cure = f"The columns seem to be separated by {other!r}, not by commas: save the file anew, or say separator:."
    raise InputError(f"The column '{column}' is missing.", file=path, row=1, field=column, cure=cure)


def to_text(values: pd.Series) -> pd.Series:
    """Return codes as trimmed text; whole numbers that were read as numbers lose their ``.0``.

    Parameters
    ----------
    values
        Any column.

    Returns
    -------
    pandas.Series
        Text, null where blank.
    """

    def convert(value: object) -> str | None:
        if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
            return None
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value).strip() or None

    return pd.Series([convert(v) for v in values], index=values.index, dtype=object)
