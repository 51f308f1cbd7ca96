"""A fingerprint of the typical week of a timetable, which tells whether anything changed that matters to a result.

The other fingerprint (:mod:`pipeline.timetables.fingerprint`) tells whether two readings hold the same trips on the
same dates. Publishers move the dates on with every edition, so that question is the wrong one for a schedule.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.timetables.identity import SEEDS, Hashes, build_route_keys, hash_texts, hash_trips, mix
from pipeline.timetables.model import Timetable
from pipeline.timetables.term_dates import DayKinds

VERSION: Final = "1"
N_DAYS: Final = 28
DECIMALS: Final = 5
"""Places of degrees that count: about a metre."""


@dataclass(frozen=True)
class TypicalDays:
    """The days that stand for a timetable.

    Attributes
    ----------
    date
        The weekday that stands for it.
    days
        Those counted.
    first, last
        Its first and last day of service.
    """

    date: dt.date
    days: tuple[dt.date, ...]
    first: dt.date
    last: dt.date


def list_service_days(timetable: Timetable) -> list[dt.date]:
    """List the dates on which any trip runs, in their order.

    Parameters
    ----------
    timetable
        The timetable.

    Returns
    -------
    list of date
        Each once.
    """
    used = timetable.trips["service_index"].unique()
    dates = timetable.service_dates.filter(pl.col("service_index").is_in(used.implode()))["date"]
    return [day for day in dates.unique().sort().to_list() if day is not None]


def find_typical_days(
    service_days: list[dt.date], *, kinds: DayKinds, from_date: dt.date | None = None
) -> TypicalDays | None:
    """Find the days that stand for a timetable.

    The date is the first Tuesday in term that is no public holiday, at or after ``from_date`` where that day lies
    within the validity, else from its first day on; without one the first Tuesday, the first weekday. Counted are the
    days of the 28 that begin on the Monday of its week, as far as the validity reaches, without public holidays and
    weekdays out of term (kept where a day of the week would have none left).

    Parameters
    ----------
    service_days
        Dates of service, sorted.
    kinds
        What is known of holidays and terms.
    from_date
        Such as the day on which the timetable was fetched.

    Returns
    -------
    TypicalDays or None
        None if there is no weekday with service.
    """
    if not service_days:
        return None
    first, last = service_days[0], service_days[-1]
    start = from_date if from_date is not None and first <= from_date <= last else first
    weekdays = [day for day in service_days if day >= start and day.weekday() < 5]
    weekdays = weekdays or [day for day in service_days if day.weekday() < 5]
    tuesdays = [day for day in weekdays if day.weekday() == 1]
    chosen = next(iter([*(day for day in tuesdays if not kinds.is_disturbed(day)), *tuesdays, *weekdays]), None)
    if chosen is None:
        return None
    monday = chosen - dt.timedelta(days=chosen.weekday())
    window = [day for n in range(N_DAYS) if first <= (day := monday + dt.timedelta(days=n)) <= last]
    calm = [day for day in window if not kinds.is_disturbed(day)]
    left = {day.weekday() for day in calm}
    return TypicalDays(chosen, tuple(d for d in window if d in set(calm) or d.weekday() not in left), first, last)


def compute_week_fingerprint(timetable: Timetable, days: tuple[dt.date, ...], *, is_wheelchair: bool = False) -> str:
    """Compute the fingerprint of a timetable's typical week.

    Two timetables have the same one if and only if, over their own days counted, they hold the same trips on the same
    share of Mondays, Tuesdays, ..., Sundays, the same transfer rules between the stops of these trips, and the same
    time zone. A trip is its operator, public number and name, mode, whether it repeats inexactly, and its calls: stop
    by name, position (to 0.00001 degree) and station, times, pick-up and drop-off rules; with ``is_wheelchair`` also
    what is filed of wheelchairs. Identifiers, headsigns, shapes, orders of rows, columns and files, stops without
    trips, how a calendar is written and what it says of other days do not count; nor does a trip listed as two, one
    for each part of its days.

    Parameters
    ----------
    timetable
        The timetable, of any format.
    days
        From :func:`find_typical_days`.
    is_wheelchair
        Whether wheelchairs matter to the area's results.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    stops = _hash_stops(timetable, is_wheelchair=is_wheelchair)
    calls = hash_trips(timetable, stops)
    about = _hash_routes(timetable)[timetable.trips["route_index"].to_numpy()]
    flags = timetable.trips.select(pl.col("is_frequency_inexact").fill_null(value=False).cast(pl.UInt64))[:, 0]
    if is_wheelchair:
        access = timetable.trips["wheelchair_accessible"].fill_null(0).cast(pl.UInt64)
        flags = flags + 2 * (access + 1)
    about = mix(about ^ flags.to_numpy().astype(np.uint64))
    shares, has_run = _count_shares(timetable, days)
    keys = [mix(mix(calls[:, column]) ^ about) for column in range(len(SEEDS))]
    week = (
        pl.DataFrame({"a": keys[0], "b": keys[1]})
        .hstack(shares)
        .filter(pl.Series(has_run))
        .group_by("a", "b")
        .agg(pl.col(shares.columns).sum())
        .sort("a", "b")
    )
    digest = hashlib.sha256(f"{VERSION} {timetable.timezone} ".encode())
    for name in week.columns:
        digest.update(week[name].to_numpy().astype(">u8").tobytes())
    digest.update(b"transfers" + _hash_transfers(timetable, stops, has_run).astype(">u8").tobytes())
    return digest.hexdigest()


def _clean(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()


def _hash_stops(timetable: Timetable, *, is_wheelchair: bool) -> Hashes:
    """Hash name and position of each stop, with those of its station."""
    place = [pl.col(c).round(DECIMALS).add(0.0).cast(pl.String).fill_null("") for c in ("lon", "lat")]
    access = [pl.col("wheelchair_boarding").fill_null(0).cast(pl.String)] if is_wheelchair else []
    own = hash_texts(
        timetable.stops.select(pl.concat_str([_clean("stop_name"), *place, *access], separator="\x1f"))[:, 0]
    )
    stations = pl.DataFrame({"parent_stop_id": timetable.stops["stop_id"], "station": own})
    joined = timetable.stops.select("parent_stop_id").join(
        stations, on="parent_stop_id", how="left", maintain_order="left"
    )
    station = joined["station"].fill_null(0).to_numpy().astype(np.uint64)
    return mix(mix(own) ^ station)


def _hash_routes(timetable: Timetable) -> Hashes:
    name = timetable.routes.select(_clean("route_long_name").str.to_uppercase())[:, 0]
    keys = pl.DataFrame({"key": build_route_keys(timetable), "name": name})
    return hash_texts(keys.select(pl.concat_str(["key", "name"], separator="\x1f"))[:, 0])


def _count_shares(timetable: Timetable, days: tuple[dt.date, ...]) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """Return for each trip the share of Mondays, ..., Sundays on which it runs, in whole parts; and if it ever does.

    A share is a whole number of parts of 5,040, the least common multiple of one to ten, so that no rounding is
    involved for up to ten days of one kind (28 days hold four).
    """
    n_of = np.array([sum(day.weekday() == n for day in days) for n in range(7)])
    parts = np.where(n_of > 0, 5040 // np.maximum(n_of, 1), 0)
    counted = timetable.service_dates.filter(pl.col("date").is_in(list(days)))
    n_services = timetable.service_dates["service_index"].n_unique()
    table = np.zeros((n_services, 7), dtype=np.int64)
    weekday = counted["date"].dt.weekday().to_numpy().astype(np.int64) - 1
    np.add.at(table, (counted["service_index"].to_numpy(), weekday), parts[weekday])
    each = table[timetable.trips["service_index"].to_numpy()]
    shares = pl.DataFrame({f"d{n}": each[:, n] for n in range(7)})
    return shares, each.any(axis=1)


def _hash_transfers(timetable: Timetable, stops: Hashes, has_run: NDArray[np.bool_]) -> Hashes:
    """Hash the transfer rules between stops at which the trips counted call."""
    called = np.zeros(timetable.stops.height, dtype=np.bool_)
    times = timetable.stop_times
    called[times["stop_index"].to_numpy()[has_run[times["trip_index"].to_numpy()]]] = True
    ends = [timetable.transfers[column].to_numpy() for column in ("from_stop_index", "to_stop_index")]
    rule = hash_texts(
        timetable.transfers.select(pl.format("{}{}", "kind", pl.col("min_transfer_s").fill_null(-1)))[:, 0]
    )
    found = mix(mix(mix(stops[ends[0]] ^ np.uint64(SEEDS[0])) ^ stops[ends[1]]) ^ rule)
    return np.sort(found[called[ends[0]] & called[ends[1]]])
