"""stop_times.txt: calls as integers, invalid trips left out, blank times filled in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.base.notices import NoticeCode, Notices
from pipeline.timetables.codes import (
    PICKUP_ON_REQUEST,
    PICKUP_UNREADABLE,
    ROW_REPEATED,
    TIMES_INTERPOLATED,
    TRIP_BACKWARD,
    TRIP_ENDS_BLANK,
    TRIP_SEQUENCE_REPEATED,
    TRIP_SEQUENCE_UNREADABLE,
    TRIP_TIME_UNREADABLE,
    TRIP_TOO_SHORT,
    UNKNOWN_REFERENCE,
    add_rows,
)
from pipeline.timetables.gtfs_files import GtfsContainer
from pipeline.timetables.gtfs_tables import iter_table
from pipeline.timetables.gtfs_times import parse_integers, parse_numbers, parse_times
from pipeline.timetables.interpolate import interpolate_times

FILE = "stop_times.txt"
REQUIRED = ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence")
OPTIONAL = ("pickup_type", "drop_off_type", "shape_dist_traveled")
CALL = ("trip_code", "sequence", "stop_code", "arrival_s", "departure_s", "is_pickup", "is_dropoff", "shape_dist")


@dataclass(frozen=True)
class Calls:
    """Calls of all valid trips.

    Attributes
    ----------
    calls
        ``trip_code``, ``stop_code``, ``arrival_s``, ``departure_s``, ``is_pickup``, ``is_dropoff``,
        ``is_interpolated``; sorted by trip and sequence, at least two to a trip.
    first_departure
        ``trip_code`` and ``first_departure_s``: departure of the trip's first call as filed.
    """

    calls: pl.DataFrame
    first_departure: pl.DataFrame


class _Chunks:
    """Turns chunks of text into integers and remembers which trips are invalid."""

    def __init__(self, trips: pl.DataFrame, stops: pl.DataFrame, notices: Notices) -> None:
        self._trips = trips.select("trip_id", "trip_code", "is_kept")
        self._stops = stops.select("stop_id", "stop_code")
        self._notices = notices
        self.invalid: list[pl.Series] = []
        self.n_on_request = {"pickup_type": 0, "drop_off_type": 0}

    def _refuse(self, chunk: pl.DataFrame, bad: pl.Expr, code: NoticeCode, field: str, value: str) -> None:
        rows = chunk.filter(bad)
        if not rows.is_empty():
            add_rows(self._notices, code, rows, file=FILE, field=field, value=value)
            self.invalid.append(rows["trip_code"].unique())

    def convert(self, chunk: pl.DataFrame) -> pl.DataFrame:
        """Return the chunk as integers; calls of unknown trips and of trips not kept are gone."""
        chunk = chunk.join(self._trips, on="trip_id", how="left", maintain_order="left")
        unknown = chunk.filter(pl.col("trip_code").is_null())
        add_rows(self._notices, UNKNOWN_REFERENCE, unknown, file=FILE, field="trip_id")
        chunk = chunk.filter(pl.col("is_kept").fill_null(value=False))
        chunk = chunk.join(self._stops, on="stop_id", how="left", maintain_order="left")
        lost = chunk.filter(pl.col("stop_code").is_null())
        add_rows(self._notices, UNKNOWN_REFERENCE, lost, file=FILE, field="stop_id")
        chunk = chunk.with_columns(
            parse_times(chunk["arrival_time"]).alias("arrival_s"),
            parse_times(chunk["departure_time"]).alias("departure_s"),
            parse_integers("stop_sequence").alias("sequence"),
            parse_numbers("shape_dist_traveled").alias("shape_dist"),
            pl.col("stop_code").fill_null(-1),
        )
        for field, column in (("arrival_time", "arrival_s"), ("departure_time", "departure_s")):
            self._refuse(chunk, pl.col(column) == -1, TRIP_TIME_UNREADABLE, field, field)
        sequence = pl.col("sequence")
        self._refuse(
            chunk, sequence.is_null() | (sequence < 0), TRIP_SEQUENCE_UNREADABLE, "stop_sequence", "stop_sequence"
        )
        return self._add_rules(chunk).select("row", *CALL)

    def _add_rules(self, chunk: pl.DataFrame) -> pl.DataFrame:
        for field, column in (("pickup_type", "is_pickup"), ("drop_off_type", "is_dropoff")):
            chunk = chunk.with_columns(parse_integers(field, pl.Int8).alias(column))
            known = pl.col(column).is_between(0, 3).fill_null(value=False)
            odd = chunk.filter(pl.col(field).is_not_null() & ~known)
            add_rows(self._notices, PICKUP_UNREADABLE, odd, file=FILE, field=field)
            self.n_on_request[field] += int((chunk[column] == 2).sum())
            chunk = chunk.with_columns((pl.col(column).fill_null(0) != 1).alias(column))
        return chunk


def _drop_trips(
    calls: pl.DataFrame, rows: pl.DataFrame, trip_ids: pl.DataFrame, notices: Notices, code: NoticeCode, field: str
) -> pl.DataFrame:
    """Note the first offending row of each trip and drop those trips."""
    if rows.is_empty():
        return calls
    first = rows.group_by("trip_code").agg(pl.col("row").min()).join(trip_ids, on="trip_code").sort("row")
    add_rows(
        notices,
        code,
        first.with_columns(pl.format("trip {}", "trip_id").alias("detail")),
        file=FILE,
        field=field,
        value="trip_id",
        detail="detail",
    )
    return calls.filter(~pl.col("trip_code").is_in(first["trip_code"].implode()))


def _check_sequences(calls: pl.DataFrame, trip_ids: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    same = (pl.col("trip_code") == pl.col("trip_code").shift()) & (pl.col("sequence") == pl.col("sequence").shift())
    if not calls.select(same.any()).item():
        return calls
    alike = pl.all_horizontal(pl.col(column).eq_missing(pl.col(column).shift()) for column in CALL)
    marked = calls.with_columns(alike.fill_null(value=False).alias("_again"))
    add_rows(notices, ROW_REPEATED, marked.filter("_again"), file=FILE, field="stop_sequence", value="sequence")
    calls = marked.filter(~pl.col("_again")).drop("_again")
    return _drop_trips(calls, calls.filter(same), trip_ids, notices, TRIP_SEQUENCE_REPEATED, "stop_sequence")


def _check_times(calls: pl.DataFrame, trip_ids: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    """Copy a single given time, and drop trips with blank ends or times that go backward."""
    calls = calls.with_columns(
        pl.coalesce("arrival_s", "departure_s").alias("arrival_s"),
        pl.coalesce("departure_s", "arrival_s").alias("departure_s"),
    )
    other = pl.col("trip_code") != pl.col("trip_code").shift()
    is_first = other.fill_null(value=True)
    is_last = (pl.col("trip_code") != pl.col("trip_code").shift(-1)).fill_null(value=True)
    blank = calls.filter((is_first | is_last) & pl.col("arrival_s").is_null())
    calls = _drop_trips(calls, blank, trip_ids, notices, TRIP_ENDS_BLANK, "arrival_time")
    timed = calls.select("row", "trip_code", "arrival_s", "departure_s").filter(pl.col("arrival_s").is_not_null())
    follows = pl.col("trip_code") == pl.col("trip_code").shift()
    back = (pl.col("departure_s") < pl.col("arrival_s")) | (
        follows & (pl.col("arrival_s") < pl.col("departure_s").shift())
    )
    return _drop_trips(calls, timed.filter(back), trip_ids, notices, TRIP_BACKWARD, "arrival_time")


def _fill_times(calls: pl.DataFrame, stops: pl.DataFrame, notices: Notices) -> pl.DataFrame:
    n_blank = int(calls["arrival_s"].null_count())
    if not n_blank:
        return calls.with_columns(pl.lit(value=False).alias("is_interpolated"))
    code = calls["stop_code"].to_numpy()
    lon = np.append(stops["lon"].fill_null(float("nan")).to_numpy(), np.nan)  # code -1 is an unknown stop
    lat = np.append(stops["lat"].fill_null(float("nan")).to_numpy(), np.nan)
    filled = interpolate_times(
        calls["trip_code"].to_numpy().astype(np.int64),
        calls["arrival_s"].fill_null(-1).to_numpy().astype(np.int64),
        calls["departure_s"].fill_null(-1).to_numpy().astype(np.int64),
        calls["shape_dist"].fill_null(float("nan")).to_numpy(),
        lon[code],
        lat[code],
    )
    notices.add(
        TIMES_INTERPOLATED,
        file=FILE,
        field="arrival_time",
        count=n_blank,
        detail=f"of {calls.height} calls: {filled.n_by_shape} by shape_dist_traveled, "
        f"{filled.n_by_line} by straight lines between stops, {filled.n_evenly} evenly",
    )
    return calls.with_columns(
        pl.Series("arrival_s", filled.arrival_s.astype(np.int32)),
        pl.Series("departure_s", filled.departure_s.astype(np.int32)),
        pl.Series("is_interpolated", filled.is_interpolated),
    )


def read_calls(container: GtfsContainer, trips: pl.DataFrame, stops: pl.DataFrame, notices: Notices) -> Calls:
    """Read stop_times.txt.

    A doubtful row costs its own trip only. Checks in this order: unreadable times or sequence numbers, repeated
    sequence numbers, blank ends, times going backward; then blank times are interpolated, calls at unknown stops
    removed, and trips with fewer than two calls left out.

    Parameters
    ----------
    container
        The open feed.
    trips
        ``trip_id``, ``trip_code``, ``is_kept``, ``row`` of trips.txt.
    stops
        ``stop_id``, ``stop_code`` (0..n-1 in the order of rows), ``lon``, ``lat``.
    notices
        Collector.

    Returns
    -------
    Calls
        Sorted by trip and sequence, whatever the order in the file.

    Raises
    ------
    InputError
        If the file is missing or broken.
    """
    chunks = _Chunks(trips, stops, notices)
    tables = iter_table(container, FILE, required=REQUIRED, optional=OPTIONAL, notices=notices)
    calls = pl.concat([chunks.convert(table) for table in tables])
    for field, count in chunks.n_on_request.items():
        if count:
            notices.add(PICKUP_ON_REQUEST, file=FILE, field=field, count=count)
    seen = calls["trip_code"].unique()
    if chunks.invalid:
        calls = calls.filter(~pl.col("trip_code").is_in(pl.concat(chunks.invalid).unique().implode()))
    calls = calls.sort("trip_code", "sequence", "row")
    trip_ids = trips.select("trip_code", "trip_id")
    calls = _check_sequences(calls, trip_ids, notices)
    calls = _check_times(calls, trip_ids, notices)
    calls = _fill_times(calls.drop("sequence", "row"), stops, notices).drop("shape_dist")
    first = calls.group_by("trip_code", maintain_order=True).agg(
        pl.col("departure_s").first().alias("first_departure_s")
    )
    calls = calls.filter(pl.col("stop_code") >= 0)
    enough = calls.group_by("trip_code").len().filter(pl.col("len") >= 2)["trip_code"]
    calls = calls.filter(pl.col("trip_code").is_in(enough.implode()))
    bare = ~pl.col("trip_code").is_in(seen.implode())
    short = pl.col("trip_code").is_in(first["trip_code"].implode()) & ~pl.col("trip_code").is_in(enough.implode())
    lost = trips.filter(pl.col("is_kept") & (bare | short))
    add_rows(notices, TRIP_TOO_SHORT, lost, file="trips.txt", field="trip_id")
    return Calls(calls, first)
