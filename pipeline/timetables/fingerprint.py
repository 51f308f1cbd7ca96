"""A fingerprint of what a timetable says, whatever its identifiers and the order of its rows."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.timetables.identity import SEEDS, build_route_keys, hash_date_sets, hash_texts, hash_trips, mix
from pipeline.timetables.model import Timetable

VERSION = "1"


def _hash_stops(timetable: Timetable) -> NDArray[np.uint64]:
    """Hash name and coordinates (to 0.1 m) of each stop."""
    place = (
        pl.col("lon").round(6).cast(pl.String).fill_null("")
        + ","
        + pl.col("lat").round(6).cast(pl.String).fill_null("")
    )
    return hash_texts(timetable.stops.select(pl.concat_str(["stop_name", place], separator="\x1f"))[:, 0])


def compute_fingerprint(timetable: Timetable) -> str:
    """Compute the fingerprint of a timetable.

    Two timetables have the same one if and only if they hold the same trips (each with operator, public number and
    mode; stops by name and place; times, pick-up and drop-off rules; dates), the same transfer rules and the same
    time zone. Identifiers, headsigns, the order of rows and whether dates come from calendars or exceptions do not
    matter.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    stops = _hash_stops(timetable)
    calls = hash_trips(timetable, stops)
    routes = hash_texts(build_route_keys(timetable))[timetable.trips["route_index"].to_numpy()]
    dates = hash_date_sets(timetable)[timetable.trips["service_index"].to_numpy()]
    transfers = timetable.transfers
    pair = [stops[transfers[column].to_numpy()] for column in ("from_stop_index", "to_stop_index")]
    rule = hash_texts(transfers.select(pl.format("{}{}", "kind", pl.col("min_transfer_s").fill_null(-1)))[:, 0])
    digest = hashlib.sha256(f"{VERSION} {timetable.timezone}".encode())
    for column, seed in enumerate(SEEDS):
        trips = mix(mix(mix(calls[:, column]) ^ routes) ^ dates[:, column])
        digest.update(np.sort(trips).astype(">u8").tobytes())
        rules = mix(mix(mix(pair[0] ^ np.uint64(seed)) ^ pair[1]) ^ rule)
        digest.update(b"transfers" + np.sort(rules).astype(">u8").tobytes())
    return digest.hexdigest()
