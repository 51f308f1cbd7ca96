"""From ATCO-CIF files, Britain's format of bus timetables before TransXChange, to a timetable."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.hashing import hash_file
from pipeline.base.notices import Notices
from pipeline.timetables.assemble import assemble_timetable
from pipeline.timetables.bank_holidays import check_nation, get_bank_holidays
from pipeline.timetables.cif_calendars import DayRules, build_patterns, build_service_dates, read_bank_holidays
from pipeline.timetables.cif_files import CifLines, read_lines
from pipeline.timetables.cif_records import cut, note_other_records, read_journeys
from pipeline.timetables.cif_stops import build_stops, read_locations
from pipeline.timetables.codes import FeedNotices
from pipeline.timetables.model import Timetable
from pipeline.timetables.naptan import Gazetteer
from pipeline.timetables.read_gtfs import FEED_NAME

TIMEZONE = "Europe/London"
YEARS_AROUND = 12
"""Bank holidays are those of so many years before and after the timetable's date."""
BUS, COACH, RAIL, TRAM, METRO, FERRY = 3, 200, 2, 0, 1, 4
VEHICLES: tuple[tuple[str, int], ...] = (
    ("COACH", COACH),
    ("TRAM", TRAM),
    ("LRT", TRAM),
    ("LIGHT RAIL", TRAM),
    ("SUPERTRAM", TRAM),
    ("METRO", METRO),
    ("UNDERGROUND", METRO),
    ("TUBE", METRO),
    ("FERRY", FERRY),
    ("BOAT", FERRY),
    ("TRAIN", RAIL),
    ("RAIL", RAIL),
)
"""Words in the name of a vehicle type and the GTFS route type they stand for; without any of them it is a bus."""
INBOUND, OUTBOUND = ("I", "A"), ("O", "C")
"""Directions of journeys: inbound and anticlockwise, outbound and clockwise."""


def read_atco_cif(
    path: Path,
    *,
    feed: str,
    notices: Notices,
    as_of: date | None = None,
    nation: str = "england",
    gazetteer: Gazetteer | None = None,
) -> Timetable:
    """Read ATCO-CIF 5.

    Source: the ATCO-CIF specification, version 5.10 (November 2000), and the rules of docs/sources/atco-cif.md for
    what it leaves open.

    Parameters
    ----------
    path
        A file, a zip archive (also of zip archives) or a folder of them.
    feed
        Short name of the feed within its snapshot.
    notices
        Collector: a doubtful record costs that record or journey only.
    as_of
        Date of the timetable, from which ends that are left open are counted; by default when the file was made.
    nation
        Whose bank holidays and school holidays hold: ``england``, ``wales``, ``scotland`` or ``northern_ireland``.
    gazetteer
        NaPTAN, for stops to which the file gives no coordinates.

    Returns
    -------
    Timetable
        Independent of the order in which files lie in the archive.

    Raises
    ------
    InputError
        If there is no ATCO-CIF file, or no usable journey in it, or its date is unknown and `as_of` not given.
    """
    if not FEED_NAME.fullmatch(feed):
        raise InputError(f"'{feed}' is no name for a feed", field="feed", cure="Use letters, digits, '-' and '_'.")
    nation = check_nation(nation)
    named = FeedNotices(notices, path.name) if path.is_dir() else notices
    lines = read_lines(path, named)
    reference = as_of or lines.made_on
    if reference is None:
        raise InputError(
            f"the header of {path.name} does not say when it was made",
            file=path,
            row=1,
            cure="Give the timetable's date (--as-of, or the snapshot's date).",
        )
    note_other_records(lines, named)
    journeys = read_journeys(lines, named)
    _check_any(journeys.headers, path)
    own = read_bank_holidays(lines, named)
    span = (date(reference.year - YEARS_AROUND, 1, 1), date(reference.year + YEARS_AROUND, 12, 31))
    rules = DayRules(reference, own or frozenset(get_bank_holidays(nation, *span)), nation)
    headers, patterns = build_patterns(journeys, rules, lines.names, named)
    _check_any(headers, path)
    headers, dates = build_service_dates(headers, patterns, rules, lines.names, named)
    calls = journeys.calls.filter(pl.col("journey").is_in(headers["journey"].implode()))
    locations = read_locations(lines, nation=nation, notices=named)
    stops = build_stops(calls["stop_id"], locations, gazetteer, file="" if path.is_dir() else path.name, notices=named)
    trips, routes = _build_trips(headers, calls, stops, lines)
    meta: dict[str, object] = {
        "file": path.name,
        "sha256": hash_file(path),
        "format": "atco_cif",
        "as_of": str(reference),
        "extraction_date": str(lines.made_on) if lines.made_on else None,
    }
    return assemble_timetable(
        {
            "agencies": _read_operators(lines, headers["operator"].unique()),
            "routes": routes,
            "stops": stops,
            "service_dates": dates,
            "trips": trips,
            "stop_times": _build_calls(calls, trips),
        },
        feed=feed,
        meta=meta,
        timezone=TIMEZONE,
    )


def _check_any(headers: pl.DataFrame, path: Path) -> None:
    if headers.is_empty():
        raise InputError(
            f"{path.name} holds no usable trip",
            file=path,
            cure="Its notices say why each journey was left out (connectivity validate lists them).",
        )


def _read_operators(lines: CifLines, used: pl.Series) -> pl.DataFrame:
    """Return operators with their names (QP): the trading name, else the legal name, else the code."""
    records = lines.table.filter((pl.col("kind") == "QP") & (pl.col("line").str.slice(2, 1) != "D"))
    names = records.select(cut(3, 4, "operator_id"), cut(7, 24, "short"), cut(31, 48, "legal"))
    names = names.unique("operator_id", keep="last", maintain_order=True)

    def filled(name: str) -> pl.Expr:
        return pl.when(pl.col(name) != "").then(pl.col(name))

    table = pl.DataFrame({"operator_id": used}).join(names, on="operator_id", how="left").sort("operator_id")
    return table.select(
        "operator_id", pl.coalesce(filled("short"), filled("legal"), "operator_id").alias("operator_name")
    )


def _find_route_types(headers: pl.DataFrame, lines: CifLines) -> dict[str, int]:
    """Return the route type of each code of a vehicle type, from its description (QV) and the code itself."""
    records = lines.table.filter((pl.col("kind") == "QV") & (pl.col("line").str.slice(2, 1) != "D"))
    described = dict(records.select(cut(3, 8, "code"), cut(11, 24, "text")).iter_rows())
    types = {}
    for code in headers["vehicle"].unique().sort().to_list():
        text = f"{code} {described.get(code, '')}".upper()
        types[code] = next((kind for word, kind in VEHICLES if word in text), BUS)
    return types


def _read_route_names(lines: CifLines) -> pl.DataFrame:
    """Return the description of each operator's route (QD, outbound before inbound), or of a route alone (ZS)."""
    records = lines.table.filter((pl.col("kind") == "QD") & (pl.col("line").str.slice(2, 1) != "D"))
    described = records.select(cut(3, 4, "operator"), cut(7, 4, "route"), cut(11, 1, "way"), cut(12, 68, "text"))
    described = described.filter(pl.col("text") != "").sort(pl.col("way").is_in(INBOUND), maintain_order=True)
    return described.unique(["operator", "route"], keep="first", maintain_order=True).select(
        "operator", "route", "text"
    )


def _build_trips(
    headers: pl.DataFrame, calls: pl.DataFrame, stops: pl.DataFrame, lines: CifLines
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name journeys and routes by what they are, so that the order of files and records does not matter."""
    ends = calls.group_by("journey").agg(
        pl.col("departure_min").first().alias("start_min"),
        pl.col("stop_id").last(),
        pl.col("stop_id").first().alias("from"),
    )
    ends = ends.join(stops.select("stop_id", pl.col("stop_name").alias("headsign")), on="stop_id", how="left")
    types = _find_route_types(headers, lines)
    headers = headers.join(ends, on="journey", maintain_order="left").with_columns(
        pl.col("vehicle").replace_strict(types, return_dtype=pl.Int32).alias("route_type"),
        pl.when(pl.col("direction").is_in(INBOUND))
        .then(pl.lit(1))
        .when(pl.col("direction").is_in(OUTBOUND))
        .then(pl.lit(0))
        .cast(pl.Int8)
        .alias("direction_id"),
    )
    several = pl.col("route_type").n_unique().over("operator", "route") > 1
    headers = headers.with_columns(
        pl.format("{}_{}", "operator", "route").alias("route_id"),
        pl.format("{}_{}_{}", "operator", "route", "route_type").alias("route_id_typed"),
    ).with_columns(pl.when(several).then("route_id_typed").otherwise("route_id").alias("route_id"))
    name = ["operator", "route", "direction", "journey_id", "first_text", "days", "bank", "start_min"]
    headers = headers.with_columns(
        pl.concat_str([pl.col(part).cast(pl.String) for part in name], separator="_").alias("base")
    ).sort("base", "service_id", "from", "stop_id", "file", "row")
    again = pl.int_range(1, pl.len() + 1).over("base")
    trips = headers.with_columns(
        pl.when(again == 1).then("base").otherwise(pl.format("{}_{}", "base", again)).alias("trip_id"),
        pl.col("is_low_floor").cast(pl.Int8).alias("wheelchair_accessible"),
    )
    routes = trips.select("route_id", pl.col("operator").alias("operator_id"), "route", "route_type").unique()
    routes = routes.join(
        _read_route_names(lines), left_on=["operator_id", "route"], right_on=["operator", "route"], how="left"
    ).join(_read_service_names(lines), on="route", how="left")
    routes = routes.select(
        "route_id",
        "operator_id",
        pl.col("route").alias("route_short_name"),
        pl.coalesce("text", "service_name", pl.lit("")).alias("route_long_name"),
        "route_type",
    )
    return trips, routes


def _read_service_names(lines: CifLines) -> pl.DataFrame:
    """Return the names of services (ZS), where all of one route number agree."""
    records = lines.table.filter(pl.col("kind") == "ZS").select(cut(10, 4, "route"), cut(14, 50, "service_name"))
    names = records.filter(pl.col("service_name") != "").group_by("route").agg(pl.col("service_name").unique())
    single = names.filter(pl.col("service_name").list.len() == 1)
    return single.with_columns(pl.col("service_name").list.first())


def _build_calls(calls: pl.DataFrame, trips: pl.DataFrame) -> pl.DataFrame:
    return calls.join(trips.select("journey", "trip_id"), on="journey").select(
        "trip_id",
        "position",
        "stop_id",
        (pl.col("arrival_min") * 60).alias("arrival_s"),
        (pl.col("departure_min") * 60).alias("departure_s"),
        "is_pickup",
        "is_dropoff",
        pl.lit(value=False).alias("is_interpolated"),
    )
