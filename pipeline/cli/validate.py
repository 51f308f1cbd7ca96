"""``connectivity validate``: read any input and list its notices."""

from __future__ import annotations

import csv
from pathlib import Path

import typer

from pipeline.base.area import PointSource
from pipeline.base.area_timetables import Duplicates
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.cli.matrix import describe_notices
from pipeline.places.read_points import read_points
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.near_duplicates import settle_duplicates
from pipeline.timetables.plausibility import check_plausibility
from pipeline.timetables.read_gtfs import read_timetable

STREETS = (".pbf", ".osm", ".gz", ".bz2")
CODES = ("id", "code")


def validate_inputs(inputs: list[str], out: str | None) -> None:
    """Read each input by its kind and list what was doubtful.

    Parameters
    ----------
    inputs
        GTFS zips or folders, OpenStreetMap files, CSV files of points.
    out
        Where to list all notices, if wanted.

    Raises
    ------
    InputError
        For the first input that cannot be used.
    """
    notices = Notices()
    for text in inputs:
        path = Path(text)
        if not path.exists():
            raise InputError("This input does not exist.", file=path, cure="Check the path.")
        typer.echo(f"{path}: {_read(path, notices)}")
    describe_notices(notices, Path(out) if out else None)
    counts = notices.counts()
    typer.echo(f"{sum(counts.values()):,} notices of {len(counts)} kinds" if counts else "no notices")


def _read(path: Path, notices: Notices) -> str:
    if path.is_dir() or path.suffix == ".zip":
        timetable = read_timetable({"gtfs": path}, notices=notices)
        timetable, _ = settle_duplicates(timetable, Duplicates(), notices)
        check_plausibility(timetable, notices)
        return f"timetable of {timetable.trips.height:,} trips and {timetable.stops.height:,} stops"
    if path.suffix in STREETS:
        streets = read_streets(path, notices)
        return f"{streets.edges.height:,} streets, {streets.components.height:,} separate networks"
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            header = next(csv.reader(handle), [])
        code = next((c for c in header if c.strip().lower() in CODES), header[0] if header else "id")
        is_projected = any(c.strip().lower() == "easting" for c in header)
        crs = "EPSG:27700" if is_projected else "EPSG:4326"
        points = read_points(
            PointSource(path=path.name, code=code.strip(), crs=crs), path, area_crs=crs, notices=notices
        )
        return f"{len(points):,} points, by their column '{code}'"
    raise InputError(
        "Inputs of this kind cannot be read.", file=path, cure="Give GTFS (zip or folder), .osm.pbf, .osm or .csv."
    )
