"""From TransXChange documents to the timetable model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.base.errors import InputError, UsageError
from pipeline.base.hashing import hash_file
from pipeline.base.notices import Notices
from pipeline.base.xml_files import find_root_attributes
from pipeline.timetables.assemble import assemble_timetable
from pipeline.timetables.bank_holidays import check_nation
from pipeline.timetables.model import Timetable
from pipeline.timetables.naptan import Gazetteer
from pipeline.timetables.read_gtfs import FEED_NAME
from pipeline.timetables.txc_codes import DOCUMENT_UNREADABLE, JOURNEY_WITHOUT_DATES
from pipeline.timetables.txc_document import Snapshot, read_document
from pipeline.timetables.txc_elements import parse_changed
from pipeline.timetables.txc_files import SNIFF_BYTES, DocumentPlace, is_transxchange, iter_document, list_documents
from pipeline.timetables.txc_places import resolve_stops
from pipeline.timetables.txc_records import DocumentTables, Ordinals, PackedCalls, StopPlace, merge_first
from pipeline.timetables.txc_revisions import find_superseded, subtract_ranges

TIMEZONE = "Europe/London"
MIN_POOL_DOCUMENTS = 4
MIN_POOL_BYTES = 8 * 1024**2
"""Below either, starting processes takes longer than it saves."""
MAX_STOP_TIMES = 150_000_000
__all__ = ["is_transxchange", "read_transxchange"]


def _find_changed(places: Sequence[DocumentPlace]) -> date | None:
    """Return the latest date of change that the documents state at their beginning."""
    latest = None
    for place in places:
        try:
            start = next(iter_document(place), b"")[:SNIFF_BYTES]
        except InputError:
            continue  # reading it will say so
        found = find_root_attributes(start)
        day = parse_changed(found.get("ModificationDateTime"), found.get("CreationDateTime"))
        latest = day if latest is None or (day is not None and day > latest) else latest
    return latest


def _iter_tables(places: Sequence[DocumentPlace], snapshot: Snapshot, n_processes: int) -> Iterator[DocumentTables]:
    """Yield the tables of every document in order, read by several processes where that pays."""
    work = partial(read_document, snapshot=snapshot)
    is_small = len(places) < MIN_POOL_DOCUMENTS or sum(place.n_bytes for place in places) < MIN_POOL_BYTES
    if n_processes <= 1 or is_small:
        yield from map(work, places)
        return
    chunk = max(1, min(16, len(places) // (4 * n_processes)))
    n_done = 0
    try:
        with ProcessPoolExecutor(max_workers=n_processes, mp_context=get_context("spawn")) as pool:
            for tables in pool.map(work, places, chunksize=chunk):
                yield tables
                n_done += 1
    except BrokenProcessPool:  # killed, or a script without a guarded main: this process reads the rest
        yield from map(work, places[n_done:])


def _collect(
    places: Sequence[DocumentPlace], snapshot: Snapshot, notices: Notices, n_processes: int
) -> list[DocumentTables]:
    """Read all documents; one of several that cannot be read is noted, a single one raises."""
    found = []
    for tables in _iter_tables(places, snapshot, n_processes):
        if tables.failure is not None and (len(places) == 1 or snapshot.is_strict):
            tables.raise_failure()
        notices.extend(tables.notices)
        if tables.failure is not None:
            what, _, row, field, _ = tables.failure
            notices.add(DOCUMENT_UNREADABLE, file=tables.label, row=row, field=field or "", detail=what)
            continue
        found.append(tables)
    return found


def _name_calendar(ordinals: Ordinals) -> str:
    """Return an identifier that says which dates these are, the same for the same dates."""
    digest = hashlib.blake2b(ordinals.astype("<i4").tobytes(), digest_size=8).hexdigest()
    return f"{date.fromordinal(int(ordinals[0])):%Y%m%d}-{ordinals.size}-{digest}"


def _resolve_calendars(
    documents: Sequence[DocumentTables], notices: Notices
) -> tuple[list[list[str]], dict[str, Ordinals]]:
    """Return the service of each journey of each document (empty where none is left), and the dates of services."""
    superseded = find_superseded(documents, notices)
    services: dict[str, Ordinals] = {}
    named: list[list[str]] = []
    for at, tables in enumerate(documents):
        known: dict[tuple[int, int], str] = {}
        rows = tables.journeys
        for calendar, span in zip(rows.calendar, rows.span, strict=True):
            if (calendar, span) in known:
                continue
            ordinals = subtract_ranges(tables.calendars[calendar], superseded.get((at, span), ()))
            name = _name_calendar(ordinals) if ordinals.size else ""
            known[calendar, span] = name
            if name:
                services[name] = ordinals
        named.append([known[pair] for pair in zip(rows.calendar, rows.span, strict=True)])
        lost = named[-1].count("")
        if lost:
            notices.add(JOURNEY_WITHOUT_DATES, file=tables.label, count=lost, detail="superseded on all its dates")
    return named, services


def _build_trips(documents: Sequence[DocumentTables], services: list[list[str]]) -> pl.DataFrame:
    """Return one row for each journey that runs, with ``pattern`` (of all documents) and ``departure_s`` besides."""
    parts, n_patterns = [], 0
    for tables, named in zip(documents, services, strict=True):
        rows = tables.journeys
        parts.append(
            pl.DataFrame(
                {
                    "trip_id": [f"{route.service}:{code}" for route, code in zip(rows.route, rows.code, strict=True)],
                    "route_id": [":".join(route) for route in rows.route],
                    "service_id": named,
                    "headsign": rows.headsign,
                    "direction_id": rows.direction,
                    "wheelchair_accessible": rows.wheelchair,
                    "pattern": rows.pattern,
                    "departure_s": rows.departure_s,
                },
                schema={
                    "trip_id": pl.String,
                    "route_id": pl.String,
                    "service_id": pl.String,
                    "headsign": pl.String,
                    "direction_id": pl.Int8,
                    "wheelchair_accessible": pl.Int8,
                    "pattern": pl.Int32,
                    "departure_s": pl.Int32,
                },
            ).with_columns((pl.col("pattern") + n_patterns).alias("pattern"))
        )
        n_patterns += tables.calls.length.size
    trips = pl.concat(parts).filter(pl.col("service_id") != "")
    turn = pl.int_range(pl.len()).over("trip_id")
    return trips.with_columns(
        pl.when(turn == 0).then("trip_id").otherwise(pl.format("{}#{}", "trip_id", turn + 1)).alias("trip_id")
    )


def _pack(documents: Sequence[DocumentTables], names: dict[str, str], order: dict[str, int]) -> PackedCalls:
    """Return the calls of all documents one after the other, their stops numbered as in the table of stops."""
    stops = []
    for tables in documents:
        own = np.array([order[names[stop]] for stop in tables.stops], dtype=np.int32)
        stops.append(own[tables.calls.stop] if own.size else np.zeros(0, dtype=np.int32))
    packed = [tables.calls for tables in documents]
    return PackedCalls(
        np.concatenate([part.length for part in packed]),
        np.concatenate(stops),
        np.concatenate([part.arrival_s for part in packed]),
        np.concatenate([part.departure_s for part in packed]),
        np.concatenate([part.can_board for part in packed]),
        np.concatenate([part.can_alight for part in packed]),
    )


def _build_stop_times(trips: pl.DataFrame, calls: PackedCalls, stops: pl.Series) -> pl.DataFrame:
    """Give every trip the calls of its pattern, later by its departure."""
    pattern = trips["pattern"].to_numpy()
    length = calls.length[pattern]
    total = int(length.sum())
    if total > MAX_STOP_TIMES:
        raise InputError(
            f"the timetable has {total:,} stop times, more than {MAX_STOP_TIMES:,}",
            field="VehicleJourneys",
            cure="Give the documents in several parts.",
        )
    start = np.cumsum(calls.length) - calls.length
    trip = np.repeat(np.arange(trips.height, dtype=np.int32), length)
    position = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(length) - length, length)
    at = np.repeat(start[pattern], length) + position
    departure = np.repeat(trips["departure_s"].to_numpy(), length)
    return pl.DataFrame(
        {
            "trip_id": trips["trip_id"].gather(pl.Series(trip)),
            "position": position.astype(np.int32),
            "stop_id": stops.gather(pl.Series(calls.stop[at])),
            "arrival_s": departure + calls.arrival_s[at],
            "departure_s": departure + calls.departure_s[at],
            "is_pickup": calls.can_board[at],
            "is_dropoff": calls.can_alight[at],
        }
    ).with_columns(pl.lit(value=False).alias("is_interpolated"))


def _build_routes(documents: Sequence[DocumentTables]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return agencies and routes, each once; of several descriptions the first counts."""
    operators: dict[str, str] = {}
    routes: dict[str, tuple[str, str, str, str, int]] = {}
    for tables in documents:
        merge_first(operators, sorted(tables.operators.items()))
        for key, (long_name, route_type) in tables.routes.items():
            short_name = key.line.partition("|")[0].strip()
            routes.setdefault(":".join(key), (":".join(key), key.operator, short_name, long_name, route_type))
    agencies = pl.DataFrame(
        sorted(operators.items()), schema={"operator_id": pl.String, "operator_name": pl.String}, orient="row"
    )
    table = pl.DataFrame(
        [routes[name] for name in sorted(routes)],
        schema={
            "route_id": pl.String,
            "operator_id": pl.String,
            "route_short_name": pl.String,
            "route_long_name": pl.String,
            "route_type": pl.Int32,
        },
        orient="row",
    )
    return agencies, table


def _build_dates(services: dict[str, Ordinals]) -> pl.DataFrame:
    epoch = date(1970, 1, 1).toordinal()
    names = sorted(services)
    return pl.DataFrame(
        {
            "service_id": pl.Series(names, dtype=pl.String).gather(
                pl.Series(np.repeat(np.arange(len(names), dtype=np.int32), [services[name].size for name in names]))
            ),
            "date": pl.Series(
                np.concatenate([services[name] for name in names]) - epoch if names else [], dtype=pl.Int32
            ).cast(pl.Date),
        }
    )


def _build_tables(
    documents: Sequence[DocumentTables], gazetteer: Gazetteer | None, notices: Notices
) -> dict[str, pl.DataFrame]:
    services, dates = _resolve_calendars(documents, notices)
    trips = _build_trips(documents, services)
    filed: dict[str, tuple[str, StopPlace]] = {}
    for tables in documents:
        for code, place in tables.stops.items():
            if code not in filed or (filed[code][1][1:5] == (None,) * 4 and place[1:5] != (None,) * 4):
                filed[code] = (tables.label, place)
    names, stops = resolve_stops(filed, gazetteer, notices)
    order = {stop: at for at, stop in enumerate(stops["stop_id"].to_list())}
    agencies, routes = _build_routes(documents)
    return {
        "agencies": agencies,
        "routes": routes,
        "stops": stops,
        "service_dates": _build_dates(dates),
        "stop_times": _build_stop_times(trips, _pack(documents, names, order), stops["stop_id"]),
        "trips": trips.drop("pattern", "departure_s"),
    }


def _hash_input(path: Path, places: Sequence[DocumentPlace]) -> str:
    """Return the hash of a file, or of the hashes of a folder's files in the order of their names."""
    if path.is_file():
        return hash_file(path)
    digest = hashlib.sha256()
    for file in sorted({place.path for place in places}):
        digest.update(f"{file.relative_to(path).as_posix()}\0{hash_file(file)}\n".encode())
    return digest.hexdigest()


def read_transxchange(
    path: Path,
    *,
    feed: str,
    notices: Notices,
    gazetteer: Gazetteer | None,
    as_of: date | None,
    nation: str = "england",
    n_processes: int = 2,
) -> Timetable:
    """Read TransXChange 2.1 or 2.4 into the timetable model.

    How each element is understood is written in docs/sources/transxchange.md; it follows the TransXChange schema and
    its guide (Department for Transport, versions 2.1 and 2.4).

    Parameters
    ----------
    path
        An .xml file, a folder, a zip archive, or an archive of archives (one level).
    feed
        Name of the feed within its snapshot; it stands before every identifier.
    notices
        Collector.
    gazetteer
        NaPTAN; without it only stops that the documents locate themselves have a place.
    as_of
        Date of the snapshot, which ends periods without an end a year later; None takes the latest date of change
        of the documents, with a notice.
    nation
        Whose bank holidays count: ``england``, ``wales``, ``scotland`` or ``northern_ireland``.
    n_processes
        Processes that read documents; the result does not depend on it.

    Returns
    -------
    Timetable
        Seconds since noon minus 12 h, Europe/London.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read (one of several documents is left out with a notice instead), or
        it holds no usable trip.
    UsageError
        If the feed's name or the nation is not allowed.
    """
    if not FEED_NAME.fullmatch(feed):
        raise UsageError(f"'{feed}' cannot be the name of a feed", field="feed", cure="Use letters, digits, - and _.")
    places = list_documents(path, notices)
    changed = as_of if as_of is not None else _find_changed(places)
    snapshot = Snapshot(check_nation(nation), changed or date.min, as_of is None, notices.strict)
    documents = _collect(places, snapshot, notices, n_processes)
    if not documents:
        raise InputError(
            f"none of the {len(places)} documents of {path.name} can be read as TransXChange",
            file=path,
            cure="The notices say why for each.",
        )
    tables = _build_tables(documents, gazetteer, notices)
    meta: dict[str, object] = {"file": path.name, "sha256": _hash_input(path, places), "n_documents": len(documents)}
    if as_of is not None:
        meta["as_of"] = as_of.isoformat()
    del documents
    return assemble_timetable(tables, feed=feed, meta=meta, timezone=TIMEZONE)
