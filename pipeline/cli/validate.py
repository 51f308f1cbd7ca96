"""``connectivity validate``: read any input and list its notices."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import typer

from pipeline.base.area import Boundaries, PointSource, TableSource
from pipeline.base.area_timetables import Duplicates
from pipeline.base.cells import make_printable
from pipeline.base.csv_files import read_header
from pipeline.base.errors import InputError, UsageError
from pipeline.base.io import write_csv, write_text
from pipeline.base.notices import Notices
from pipeline.cli.convert import describe_timetable
from pipeline.cli.matrix import describe_notices, parse_day
from pipeline.places.boundaries import read_boundaries
from pipeline.places.read_points import read_points
from pipeline.places.read_table import ROW, SPATIAL, read_table
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.naptan import read_naptan
from pipeline.timetables.near_duplicates import settle_duplicates
from pipeline.timetables.plausibility import check_plausibility
from pipeline.timetables.read_any import FeedSource, find_format, read_timetable

STREETS = (".pbf", ".osm", ".gz", ".bz2")
CODES = ("id", "code")
N_EXAMPLES = 10


def validate_inputs(
    inputs: list[str],
    out: str | None,
    *,
    naptan: Path | None = None,
    as_of: str | None = None,
    nation: str = "england",
    is_json: bool = False,
) -> None:
    """Read each input by its kind and list what was doubtful.

    Parameters
    ----------
    inputs
        Timetables of any format, OpenStreetMap files, CSV files of points.
    out
        Where to list all notices, if wanted.
    naptan, as_of, nation
        For timetables, see :func:`pipeline.cli.convert.convert_inputs`.
    is_json
        Print JSON: what each input is, and every notice with its count and examples.

    Raises
    ------
    InputError
        For the first input that cannot be used.
    """
    notices = Notices()
    day = parse_day(as_of, "--as-of") if as_of is not None else None
    read: list[dict[str, str]] = []
    for text in inputs:
        path = Path(text)
        if not path.exists():
            raise InputError("This input does not exist.", file=path, cure="Check the path.")
        source = FeedSource(path, naptan=naptan, nation=nation)
        try:
            found = _read(path, notices) or _read_timetable(source, notices, day)
        except InputError:  # its notices may say why
            describe_notices(notices, Path(out) if out else None)
            raise
        read.append({"path": text, "found": found})
        if not is_json:
            typer.echo(make_printable(f"{path}: {found}"))
    if is_json:
        if out is not None:
            write_csv(notices.to_frame(), Path(out))
        typer.echo(json.dumps({"inputs": read, **_list_notices(notices)}, indent=1, ensure_ascii=False))
        return
    describe_notices(notices, Path(out) if out else None)
    counts = notices.counts()
    typer.echo(f"{sum(counts.values()):,} notices of {len(counts)} kinds" if counts else "no notices")


def _list_notices(notices: Notices) -> dict[str, object]:
    """Return every notice by code, with its count and the examples that are kept."""
    frame = notices.to_frame().astype(object)
    frame = frame.where(frame.notna(), None)
    counts = notices.counts()
    found = []
    for code, count in counts.items():
        rows = frame[frame["code"] == code]
        about = {name: rows[name].iloc[0] for name in ("severity", "meaning", "cure") if name in rows}
        columns = [name for name in ("file", "row", "field", "value", "detail") if name in rows]
        examples = rows[columns].head(N_EXAMPLES).to_dict("records")
        found.append({"code": code, "count": count, **about, "examples": examples})
    return {"n_notices": sum(counts.values()), "notices": found}


def attach_gtfs_guru(inputs: list[str], out: Path) -> None:
    """Let gtfs-guru, an independent validator, look at the GTFS inputs and write what it finds.

    Parameters
    ----------
    inputs
        As given; only those that are GTFS are looked at.
    out
        JSON file: for each input the validator's report.

    Raises
    ------
    UsageError
        If gtfs-guru is not installed, or none of the inputs is GTFS.
    """
    try:
        import gtfs_guru  # noqa: PLC0415 (not one of the dependencies)
    except ImportError as error:
        raise UsageError(
            "gtfs-guru is not installed.", field="--gtfs-guru", cure="Run: make setup-dev, or leave the option out."
        ) from error
    found = {}
    for text in inputs:
        path = Path(text)
        is_other = path.suffix in (*STREETS, ".csv", ".geojson", ".gpkg", ".parquet")
        if path.exists() and not is_other and find_format(path) == "gtfs":
            found[text] = json.loads(gtfs_guru.validate(str(path)).to_json())
    if not found:
        raise UsageError("None of the inputs is GTFS.", field="--gtfs-guru", cure="Leave the option out.")
    write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n", out)
    typer.echo(f"{out}: what gtfs-guru says of {len(found)} inputs")


def _read(path: Path, notices: Notices) -> str:
    if path.suffix in STREETS:
        streets = read_streets(path, notices)
        return f"{streets.edges.height:,} streets, {streets.components.height:,} separate networks"
    if path.suffix.lower() == ".csv":
        header = read_header(path)
        if any(c.strip().lower() == "atcocode" for c in header):
            stops = read_naptan(path, notices=notices).stops
            return f"NaPTAN: {stops.height:,} stops, {stops['lon'].null_count():,} without a place"
        code = next((c for c in header if c.strip().lower() in CODES), header[0] if header else "id")
        is_projected = any(c.strip().lower() == "easting" for c in header)
        crs = "EPSG:27700" if is_projected else "EPSG:4326"
        points = read_points(
            PointSource(path=path.name, code=code.strip(), crs=crs), path, area_crs=crs, notices=notices
        )
        return f"{len(points):,} points, by their column '{code}'"
    if path.suffix.lower() in {*SPATIAL, ".parquet", ".geoparquet"}:
        return _read_places(path, notices)
    return ""


def _read_places(path: Path, notices: Notices) -> str:
    """Read points or polygons by the first column that looks like a code."""
    frame = read_table(TableSource(path=path.name), path)
    columns = [str(column) for column in frame.columns if column not in {ROW, "geometry"}]
    code = next((c for c in columns if c.lower() in CODES), columns[0] if columns else "id")
    if isinstance(frame, gpd.GeoDataFrame) and frame.geom_type.isin(["Polygon", "MultiPolygon"]).any():
        source = Boundaries(path=path.name, code=code)
        found = read_boundaries(source, path, area_crs=str(frame.crs or "EPSG:4326"), notices=notices)
        return f"{len(found):,} boundaries, by their column '{code}'"
    points = read_points(PointSource(path=path.name, code=code), path, area_crs="EPSG:4326", notices=notices)
    return f"{len(points):,} points, by their column '{code}'"


def _read_timetable(source: FeedSource, notices: Notices, day: date | None) -> str:
    timetable = read_timetable({"timetable": source}, notices=notices, as_of=day)
    kept, _ = settle_duplicates(timetable, Duplicates(), notices)
    check_plausibility(kept, notices)
    return f"timetable: {describe_timetable(kept, 'timetable')}"
