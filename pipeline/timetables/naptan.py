"""NaPTAN, Britain's register of stops: where the stops are that TransXChange and ATCO-CIF only name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import polars as pl
from pyproj import Transformer

from pipeline.base.errors import InputError
from pipeline.base.notices import NoticeCode, Notices, declare_notice
from pipeline.base.zip_files import list_members, open_archive
from pipeline.timetables.codes import FILE_ENCODING, add_rows
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import read_table
from pipeline.timetables.gtfs_times import parse_numbers
from pipeline.timetables.stops import NEAR_ZERO_DEG

NAPTAN_NOT_UTF8 = declare_notice(
    "naptan_not_utf8",
    "info",
    "The NaPTAN file is not UTF-8; it was read as Windows-1252, so that accents may be wrong.",
    "Save the file as UTF-8.",
)
NAPTAN_WITHOUT_CODE = declare_notice(
    "naptan_without_code",
    "warning",
    "A NaPTAN row has no ATCO code; it was skipped.",
    "Fill in ATCOCode.",
)
NAPTAN_CODE_REPEATED = declare_notice(
    "naptan_code_repeated",
    "info",
    "Several NaPTAN rows have the same ATCO code; the first that is active and has a location counts.",
    "Nothing need be done unless the rows lie far apart.",
)
NAPTAN_FROM_GRID = declare_notice(
    "naptan_from_grid",
    "info",
    "The NaPTAN row has no usable longitude and latitude; they were computed from its easting and northing.",
    "Nothing need be done; the position is good to a few metres.",
)
NAPTAN_NOT_LOCATED = declare_notice(
    "naptan_not_located",
    "info",
    "The NaPTAN row has neither longitude and latitude nor easting and northing that could be used.",
    "Use a newer NaPTAN file if trips call at the stop.",
)
COLUMNS = ("commonname", "longitude", "latitude", "easting", "northing", "gridtype", "status")
SYNONYMS = {"atcocode": ("atcocode", "atco_code", "stoppointref"), "naptancode": ("naptancode", "naptan_code")}
GRIDS = {"ukos": "EPSG:27700", "os": "EPSG:27700", "irishos": "EPSG:29903", "itm": "EPSG:2157"}
"""Coordinate system of each GridType; a blank one is the British grid."""
MAX_GRID_M = 1_400_000
STOPS = {
    "atco_code": pl.String,
    "naptan_code": pl.String,
    "stop_name": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "is_active": pl.Boolean,
}


@dataclass(frozen=True)
class GazetteerStop:
    """One stop: its official ATCO code, name, and degrees (WGS 84; None where it has no place)."""

    atco_code: str
    stop_name: str
    lon: float | None
    lat: float | None


def simplify_code(code: str) -> str:
    """Return a stop code without what differs from file to file: case, and spaces, dashes and points in it.

    Parameters
    ----------
    code
        ATCO or NaPTAN code as written somewhere.

    Returns
    -------
    str
        For comparison only.
    """
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _index(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return key -> row, without the keys that stand for several rows."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for key, row in pairs:
        if key and found.setdefault(key, row) != row:
            twice.add(key)
    return {key: row for key, row in found.items() if key not in twice}


@dataclass(frozen=True)
class Gazetteer:
    """Stops by code, however spelt.

    Attributes
    ----------
    stops
        ``atco_code``, ``naptan_code``, ``stop_name``, ``lon``, ``lat`` (degrees, null where not located) and
        ``is_active``; each ATCO code once.
    """

    stops: pl.DataFrame
    _keys: tuple[dict[str, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        atco = [(simplify_code(code), row) for row, code in enumerate(self.stops["atco_code"].to_list())]
        naptan = [
            (simplify_code(code), row)
            for row, code in enumerate(self.stops["naptan_code"].to_list())
            if code is not None
        ]
        bare = [(code.lstrip("0"), row) for code, row in atco]
        object.__setattr__(self, "_keys", (_index(atco), _index(bare), _index(naptan)))

    def find(self, code: str) -> GazetteerStop | None:
        """Find a stop by its ATCO code or, failing that, its NaPTAN code.

        Case, spaces and leading zeros do not matter; a spelling that fits several stops fits none.

        Parameters
        ----------
        code
            As written in a timetable.

        Returns
        -------
        GazetteerStop or None
            None if no stop has that code.
        """
        key = simplify_code(code)
        by_atco, by_bare_atco, by_naptan = self._keys
        row = by_atco.get(key)
        if row is None:
            row = by_bare_atco.get(key.lstrip("0"))
        if row is None:
            row = by_naptan.get(key)
        if row is None:
            return None
        values = self.stops.row(row, named=True)
        return GazetteerStop(values["atco_code"], values["stop_name"], values["lon"], values["lat"])


def convert_grid(easting: pl.Series, northing: pl.Series, *, crs: str = "EPSG:27700") -> tuple[pl.Series, pl.Series]:
    """Convert grid coordinates to longitude and latitude.

    Parameters
    ----------
    easting, northing
        Metres; null or outside the grid gives null.
    crs
        Coordinate system; the British National Grid by default.

    Returns
    -------
    tuple of polars.Series
        Longitudes and latitudes (WGS 84), good to about 5 m without the grid shift file.
    """
    table = pl.DataFrame({"x": easting.cast(pl.Float64), "y": northing.cast(pl.Float64)}).with_row_index("at")
    inside = pl.col("x").is_between(1, MAX_GRID_M) & pl.col("y").is_between(1, MAX_GRID_M)
    good = table.filter(inside.fill_null(value=False))
    if good.is_empty():
        nothing = pl.Series([None] * len(easting), dtype=pl.Float64)
        return nothing, nothing
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(
        good["x"].to_numpy(), good["y"].to_numpy()
    )
    placed = good.select("at").with_columns(pl.Series("lon", lon).round(9), pl.Series("lat", lat).round(9))
    table = table.join(placed, on="at", how="left", maintain_order="left")
    return table["lon"], table["lat"]


class _Renamed(Notices):
    """Passes notices on, the one about encodings under NaPTAN's own name."""

    def __init__(self, inner: Notices) -> None:
        super().__init__(strict=inner.strict)
        self._inner = inner

    def add(
        self,
        code: NoticeCode,
        *,
        file: str | Path = "",
        row: int | None = None,
        field: str = "",
        value: object = "",
        count: int = 1,
        detail: str = "",
    ) -> None:
        """Note one place; see :meth:`pipeline.base.notices.Notices.add`."""
        code = NAPTAN_NOT_UTF8 if code == FILE_ENCODING else code
        self._inner.add(code, file=file, row=row, field=field, value=value, count=count, detail=detail)


def _read_text(path: Path, notices: Notices) -> tuple[pl.DataFrame, str]:
    """Return the columns wanted as text, and the name of the file they came from."""
    renamed = _Renamed(notices)
    optional = [*COLUMNS, *SYNONYMS["atcocode"], *SYNONYMS["naptancode"]]
    if not path.is_file():
        raise InputError(f"there is no NaPTAN file {path.name}", file=path, cure="Check the path.")
    with path.open("rb") as handle:
        start = handle.read(512)
    if not start.startswith(b"PK"):
        if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            raise InputError(
                f"{path.name} is a web page or XML, not a NaPTAN table",
                file=path,
                cure="Fetch NaPTAN as CSV; its address ends in dataFormat=csv.",
            )
        container = GtfsContainer(path.parent, {path.name: path.name}, None)
        return read_table(container, path.name, required=[], optional=optional, notices=renamed), path.name
    with open_archive(path) as archive:
        names = [info.filename for info in list_members(archive, path)]
        tables = sorted(name for name in names if PurePosixPath(name).suffix.lower() == ".csv")
        stops = [name for name in tables if PurePosixPath(name).stem.lower() == "stops"] or tables
        if len(stops) != 1:
            raise InputError(
                f"{path.name} holds no table of stops" if not stops else f"{path.name} holds several tables",
                file=path,
                field="Stops.csv",
                cure="A NaPTAN archive holds Stops.csv; unpack it and give that file.",
            )
        container = GtfsContainer(path, {stops[0]: stops[0]}, archive)
        return read_table(container, stops[0], required=[], optional=optional, notices=renamed), stops[0]


def _locate(table: pl.DataFrame, file: str, notices: Notices) -> pl.DataFrame:
    """Fill lon and lat from degrees, else from the grid, else leave them null."""
    table = table.with_columns(parse_numbers(name) for name in ("longitude", "latitude", "easting", "northing"))
    lon, lat = pl.col("longitude"), pl.col("latitude")
    good = (
        (lon.abs() <= 180) & (lat.abs() <= 90) & ~((lon.abs() < NEAR_ZERO_DEG) & (lat.abs() < NEAR_ZERO_DEG))
    ).fill_null(value=False)
    table = table.with_columns(pl.when(good).then(lon).alias("lon"), pl.when(good).then(lat).alias("lat"))
    grid = pl.col("gridtype").str.to_lowercase().fill_null("ukos").replace_strict(GRIDS, default="EPSG:27700")
    parts = []
    for (crs,), part in table.with_columns(grid.alias("crs")).group_by("crs", maintain_order=True):
        x, y = convert_grid(part["easting"], part["northing"], crs=str(crs))
        parts.append(part.with_columns(x.alias("grid_lon"), y.alias("grid_lat")))
    table = pl.concat(parts).sort("row") if parts else table.with_columns(grid_lon=lon, grid_lat=lat)
    from_grid = pl.col("lon").is_null() & pl.col("grid_lon").is_not_null()
    add_rows(notices, NAPTAN_FROM_GRID, table.filter(from_grid), file=file, field="Longitude", value="atcocode")
    table = table.with_columns(pl.col("lon").fill_null(pl.col("grid_lon")), pl.col("lat").fill_null(pl.col("grid_lat")))
    lost = table.filter(pl.col("lon").is_null())
    add_rows(notices, NAPTAN_NOT_LOCATED, lost, file=file, field="Longitude", value="atcocode")
    return table


def read_naptan(path: Path, *, notices: Notices) -> Gazetteer:
    """Read a NaPTAN table of stops.

    Parameters
    ----------
    path
        CSV with ``ATCOCode`` and, in any order and case, ``NaptanCode``, ``CommonName``, ``Longitude``,
        ``Latitude``, ``Easting``, ``Northing``, ``GridType`` and ``Status``; or the zip archive that holds it as
        Stops.csv. Other columns are ignored.
    notices
        Collector.

    Returns
    -------
    Gazetteer
        Each ATCO code once; blank, impossible or 0,0 coordinates are taken from easting and northing, else null.

    Raises
    ------
    InputError
        If the file is missing, is no table, or has no column of ATCO codes.
    """
    table, file = _read_text(path, notices)
    for name, spellings in SYNONYMS.items():
        table = table.with_columns(pl.coalesce(list(spellings)).alias(name))
    if table["atcocode"].null_count() == table.height:
        raise InputError(
            f"{path.name} names no stop by its ATCO code",
            file=path,
            row=1,
            field="ATCOCode",
            cure="Give NaPTAN's table of stops as CSV; its first column is ATCOCode.",
        )
    add_rows(notices, NAPTAN_WITHOUT_CODE, table.filter(pl.col("atcocode").is_null()), file=file, field="ATCOCode")
    table = _locate(table.filter(pl.col("atcocode").is_not_null()), file, notices)
    inactive = (
        pl.col("status").str.to_lowercase().is_in(["inactive", "del", "deleted", "pending"]).fill_null(value=False)
    )
    table = table.with_columns((~inactive).alias("is_active"), pl.col("lon").is_null().alias("is_lost"))
    order = table.sort("is_active", "is_lost", "row", descending=[True, False, False])
    kept = order.unique("atcocode", keep="first", maintain_order=True)
    again = table.join(kept.select("row"), on="row", how="anti")
    add_rows(notices, NAPTAN_CODE_REPEATED, again, file=file, field="ATCOCode", value="atcocode")
    stops = kept.sort("atcocode").select(
        pl.col("atcocode").alias("atco_code"),
        pl.col("naptancode").alias("naptan_code"),
        pl.col("commonname").fill_null("").alias("stop_name"),
        "lon",
        "lat",
        "is_active",
    )
    return Gazetteer(stops)
