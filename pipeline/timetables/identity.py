"""What a trip is, apart from its identifiers: hashes of content, the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.timetables.model import Timetable

Hashes = NDArray[np.uint64]
SEEDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
"""Two independent hashes of 64 bits each, so that a chance collision is out of the question."""


def mix(values: Hashes) -> Hashes:
    """Scramble 64-bit numbers (the finaliser of splitmix64; Steele, Lea and Flood 2014).

    Parameters
    ----------
    values
        u64.

    Returns
    -------
    numpy.ndarray
        u64 of the same shape; different for different values.
    """
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)), dtype=np.uint64)


def hash_texts(texts: pl.Series) -> Hashes:
    """Hash text (BLAKE2b, 64 bits), each distinct one once.

    Parameters
    ----------
    texts
        Text without nulls.

    Returns
    -------
    numpy.ndarray
        u64.
    """
    known = texts.unique().to_list()
    digests = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") for text in known]
    table = pl.DataFrame({"text": known, "hash": digests}, schema={"text": pl.String, "hash": pl.UInt64})
    found = texts.to_frame("text").join(table, on="text", how="left", maintain_order="left")
    return found["hash"].to_numpy().astype(np.uint64)


def build_route_keys(timetable: Timetable) -> pl.Series:
    """Return what a route is called, in a form that does not depend on spelling or identifiers.

    Capitals and spaces do not count. A suffix that merely repeats the route's identifier (``1-63700`` for route
    63700) is not part of the number. A route without a number goes by its long name. The mode is part of the key,
    so that a coach never stands for a bus.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    polars.Series
        Text, one for each route.
    """
    bare = pl.col("route_id").str.splitn(":", 2).struct.field("field_1")
    short = pl.col("route_short_name")
    number = (
        pl.when(short.str.len_chars() > bare.str.len_chars() + 1)
        .then(short.str.strip_suffix(pl.format("-{}", bare)))
        .otherwise(short)
    )
    number = number.str.replace_all(r"\s+", "").str.to_uppercase()
    long_name = pl.col("route_long_name").str.replace_all(r"\s+", " ").str.strip_chars().str.to_uppercase()
    operator = pl.col("operator_name").str.replace_all(r"\s+", " ").str.strip_chars().str.to_uppercase()
    name = pl.when(number != "").then(number).otherwise(pl.lit("=") + long_name)
    return timetable.routes.select(pl.concat_str([operator, name, pl.col("mode")], separator="\x1f"))[:, 0].alias("key")


def hash_date_sets(timetable: Timetable) -> NDArray[np.uint64]:
    """Hash the set of dates of each service.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    numpy.ndarray
        u64[n_services, 2].
    """
    service = timetable.service_dates["service_index"].to_numpy()
    day = timetable.service_dates["date"].to_physical().to_numpy().astype(np.int64).astype(np.uint64)
    out = np.zeros((int(service.max()) + 1 if service.size else 0, 2), dtype=np.uint64)
    for column, seed in enumerate(SEEDS):
        np.add.at(out[:, column], service, mix(day ^ np.uint64(seed)))
    return out


def hash_trips(timetable: Timetable, stop_keys: Hashes) -> NDArray[np.uint64]:
    """Hash the calls of each trip: which stops in which order, when, and who may board or alight.

    Parameters
    ----------
    timetable
        The timetable.
    stop_keys
        u64 for each stop; equal for stops that count as one.

    Returns
    -------
    numpy.ndarray
        u64[n_trips, 2].
    """
    times = timetable.stop_times
    stop = stop_keys[times["stop_index"].to_numpy()]
    clock = (times["arrival_s"].to_numpy().astype(np.int64) << 32) | times["departure_s"].to_numpy().astype(np.int64)
    rules = times["is_pickup"].to_numpy().astype(np.int64) | (times["is_dropoff"].to_numpy().astype(np.int64) << 1)
    rest = (times["position"].to_numpy().astype(np.int64) << 2) | rules

    def hash_rows(seed: np.uint64) -> Hashes:
        return mix(mix(mix(stop ^ seed) ^ clock.astype(np.uint64)) ^ rest.astype(np.uint64))

    return _add_up(timetable, hash_rows)


def _add_up(timetable: Timetable, hash_rows: Callable[[np.uint64], Hashes]) -> NDArray[np.uint64]:
    """Add up the hashes of the calls of each trip, for each seed: u64[n_trips, 2]."""
    out = np.zeros((timetable.trips.height, 2), dtype=np.uint64)
    trip = timetable.stop_times["trip_index"].to_numpy()
    starts = np.flatnonzero(np.append(np.ones(1, dtype=np.bool_), trip[1:] != trip[:-1])) if len(trip) else trip
    if len(starts):
        for column, seed in enumerate(SEEDS):
            out[trip[starts], column] = np.add.reduceat(hash_rows(np.uint64(seed)), starts)
    return out


def hash_sequences(timetable: Timetable, stop_keys: Hashes) -> NDArray[np.uint64]:
    """Hash the places of each trip in their order, whatever its times and rules.

    Parameters
    ----------
    timetable
        The timetable.
    stop_keys
        u64 for each stop; equal for stops that count as one.

    Returns
    -------
    numpy.ndarray
        u64[n_trips, 2].
    """
    times = timetable.stop_times
    stop = stop_keys[times["stop_index"].to_numpy()]
    position = times["position"].to_numpy().astype(np.uint64)
    return _add_up(timetable, lambda seed: mix(mix(stop ^ seed) ^ position))
