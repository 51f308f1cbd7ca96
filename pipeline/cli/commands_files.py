"""Commands on anybody's files, without an area."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import ClusterOption, JsonOption, NaptanOption, NationOption, WorkersOption


def matrix(
    osm: Annotated[Path, typer.Option("--osm", help="OpenStreetMap file (.osm.pbf, .osm)")],
    origins: Annotated[Path, typer.Option("--origins", help="table: id, lon, lat (or easting, northing)")],
    destinations: Annotated[Path, typer.Option("--destinations", help="table: id, lon, lat (or easting, northing)")],
    out: Annotated[Path, typer.Option("--out", help="result, .csv or .parquet")],
    gtfs: Annotated[
        list[Path] | None,
        typer.Option(
            "--gtfs", metavar="FILE", help="GTFS, or TransXChange or ATCO-CIF with --naptan; may be given several times"
        ),
    ] = None,
    date: Annotated[str | None, typer.Option("--date", help="service day, YYYY-MM-DD")] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="public_transport (with walking), or car, which needs no timetable")
    ] = "public_transport",
    time: Annotated[str | None, typer.Option("--time", help="departure, HH:MM")] = None,
    arrive_by: Annotated[
        str | None, typer.Option("--arrive-by", help="instead of --time: deadline, HH:MM; a window holds deadlines")
    ] = None,
    window: Annotated[
        int | None, typer.Option("--window", min=1, help="departure minutes; absent: one departure")
    ] = None,
    percentiles: Annotated[str, typer.Option("--percentiles", help="with a window")] = "25,50,75",
    nearest: Annotated[bool, typer.Option("--nearest", help="only the nearest destination, minute by minute")] = False,
    k: Annotated[
        int | None, typer.Option("--k", min=1, help="the N nearest, minute by minute; a row for each rank")
    ] = None,
    reliability: Annotated[
        bool, typer.Option("--reliability", help="with a window: share of minutes, longest gap, wait if missed")
    ] = False,
    cumulative: Annotated[
        str | None, typer.Option("--cumulative", help="weight within these minutes instead, such as 15,30,45,60")
    ] = None,
    weight: Annotated[
        str | None, typer.Option("--weight", help="column of the destinations; absent: each counts 1")
    ] = None,
    decay: Annotated[
        str, typer.Option("--decay", help="step, linear, exponential, logistic or gaussian, around the limits")
    ] = "step",
    decay_parameter: Annotated[
        float | None, typer.Option("--decay-parameter", help="minutes; width, or standard deviation; absent: 10")
    ] = None,
    diminishing: Annotated[
        float, typer.Option("--diminishing", help="the k-th nearest counts k^-ALPHA as much; 0: all alike")
    ] = 0.0,
    direction: Annotated[str, typer.Option("--direction", help="to the destinations, or from them")] = "to",
    walk_kmh: Annotated[float, typer.Option("--walk-kmh", min=0.1, max=15)] = 4.8,
    max_walk_m: Annotated[float, typer.Option("--max-walk-m", min=0, max=20_000, help="to or from a stop")] = 2000,
    max_transfer_m: Annotated[float, typer.Option("--max-transfer-m", min=0, max=5_000, help="between stops")] = 600,
    interchange_s: Annotated[int, typer.Option("--interchange-s", min=0, max=7200)] = 120,
    max_changes: Annotated[int | None, typer.Option("--max-changes", min=0, max=20, help="absent: no limit")] = None,
    max_time_min: Annotated[int, typer.Option("--max-time-min", min=1, max=1440, help="longest journey")] = 120,
    id_column: Annotated[
        list[str] | None,
        typer.Option("--id-column", metavar="NAME", help="instead of id, such as msoa21cd; one for each name in use"),
    ] = None,
    coordinates: Annotated[
        list[str] | None,
        typer.Option("--coordinates", metavar="X,Y", help="instead of lon,lat; one for each pair in use"),
    ] = None,
    crs: Annotated[str, typer.Option("--crs", help="coordinate system of easting, northing")] = "EPSG:27700",
    modes: Annotated[str | None, typer.Option("--modes", help="such as bus,rail; walk: on foot; absent: all")] = None,
    without_modes: Annotated[str | None, typer.Option("--without-modes", help="such as rail,coach")] = None,
    wheelchair: Annotated[
        bool, typer.Option("--wheelchair", help="only trips and stops that the feed flags as accessible")
    ] = False,
    naptan: Annotated[Path | None, typer.Option("--naptan", help="NaPTAN's stops, for --gtfs of other formats")] = None,
    notices: Annotated[Path | None, typer.Option("--notices", help="list doubtful rows in this .csv")] = None,
    cluster: ClusterOption = None,
    workers: WorkersOption = None,
    links: Annotated[
        Path | None, typer.Option("--links", help="list in this .csv how far every point and stop is from the streets")
    ] = None,
) -> None:
    """Compute travel times between anybody's points, on anybody's timetable and streets."""
    from pipeline.cli.matrix import run_matrix

    run_matrix(
        {
            "gtfs": gtfs or [],
            "naptan": naptan,
            "osm": osm,
            "origins": origins,
            "destinations": destinations,
            "window_min": window,
            "is_nearest": nearest,
            "n_nearest": k,
            "has_reliability": reliability,
            "weight": weight,
            "decay_parameter_min": decay_parameter,
            "diminishing": diminishing,
            "is_wheelchair": wheelchair,
            "walk_kmh": walk_kmh,
            "max_walk_m": max_walk_m,
            "max_transfer_m": max_transfer_m,
            "interchange_s": interchange_s,
            "max_changes": max_changes,
            "max_time_min": max_time_min,
            "crs": crs,
            "links": links,
            "id_columns": tuple(id_column or ()),
        },
        coordinates=tuple(coordinates or ()),
        mode=mode,
        date=date,
        time=time,
        arrive_by=arrive_by,
        cumulative=cumulative,
        decay=decay,
        percentiles=percentiles,
        direction=direction,
        modes=modes,
        without_modes=without_modes,
        out=out,
        notices_file=notices,
        cluster=cluster,
        workers=workers,
    )


def convert(
    inputs: Annotated[list[Path], typer.Argument(help="TransXChange, ATCO-CIF or GTFS: files, zips or folders")],
    out: Annotated[Path, typer.Option("--out", help="the GTFS archive, .zip")],
    naptan: NaptanOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="date of the timetables, YYYY-MM-DD")] = None,
    nation: NationOption = "england",
    notices: Annotated[Path | None, typer.Option("--notices", help="list doubtful records in this .csv")] = None,
) -> None:
    """Convert timetables of any format to one GTFS archive."""
    from pipeline.cli.convert import convert_inputs

    convert_inputs(inputs, naptan=naptan, as_of=as_of, nation=nation, out=out, notices_file=notices)


def validate(
    inputs: Annotated[list[str], typer.Argument(help="timetables of any format, OpenStreetMap or CSV files")],
    out: Annotated[str | None, typer.Option("--out", help="also write the notices to this .csv")] = None,
    naptan: NaptanOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="date of the timetables, YYYY-MM-DD")] = None,
    nation: NationOption = "england",
    gtfs_guru: Annotated[
        Path | None, typer.Option("--gtfs-guru", help="write gtfs-guru's report on the GTFS inputs to this .json")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read any input and list its notices by code, file and row."""
    from pipeline.cli.validate import attach_gtfs_guru, validate_inputs

    if gtfs_guru is not None:
        attach_gtfs_guru(inputs, gtfs_guru)
    validate_inputs(inputs, out, naptan=naptan, as_of=as_of, nation=nation, is_json=as_json)
