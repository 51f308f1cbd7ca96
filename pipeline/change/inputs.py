"""What the functions of this room are given: timetable frames, names made comparable, day types and bands."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import polars as pl

DAY_TYPES: Final = ("weekday", "saturday", "sunday")
DAY_NAMES: Final = {"weekday": "weekday", "saturday": "Saturday", "sunday": "Sunday"}
BANDS: Final = ("06_10", "10_15", "15_18", "18_22", "22_06")
BAND_HOURS: Final = {"06_10": 4, "10_15": 5, "15_18": 3, "18_22": 4, "22_06": 8, "all_day": 24}
MODES: Final = ("bus", "coach", "rail", "tram", "metro", "ferry", "other")
ALL_MODES: Final = "all"
ALL_DAY: Final = "all_day"

_SUFFIX = re.compile(r"[-_]\d{3,}$")
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_COMPANY_WORDS = frozenset({"ltd", "limited", "plc", "llp", "co", "company", "the"})


@dataclass(frozen=True)
class ServiceFrames:
    """One snapshot's timetable, as far as service levels and matching need it.

    Attributes
    ----------
    snapshot
        Name of the snapshot.
    stops
        ``core_timetable__stops``: stop_index, stop_id, public_code, stop_name, lon, lat, parent_stop_id, is_located.
    routes
        ``core_timetable__routes``: route_index, route_id, feed, operator_name, route_short_name, route_long_name, mode.
    service_dates
        ``core_timetable__service_dates``: service_index, date.
    trips
        ``core_timetable__trips``: trip_index, feed, route_index, service_index.
    stop_times
        ``core_timetable__stop_times`` sorted by trip_index and position: trip_index, position, stop_index,
        arrival_s, departure_s, is_pickup, is_dropoff.
    """

    snapshot: str
    stops: pl.DataFrame
    routes: pl.DataFrame
    service_dates: pl.DataFrame
    trips: pl.DataFrame
    stop_times: pl.DataFrame


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def compute_route_number(short_name: str | None, long_name: str | None = None, *, route_id: str = "") -> str:
    """Give the public number of a route in the form in which two snapshots can be compared.

    Case, accents, spaces and leading zeros go, and so does a suffix that some publishers add to keep routes of one
    number apart: a hyphen and three or more digits, or a hyphen and the route's own identifier (``1-63700`` is
    ``1``). A route without a number goes by its long name.

    Parameters
    ----------
    short_name
        Public number as filed.
    long_name
        Name as filed, used when there is no number.
    route_id
        The publisher's identifier, without the feed.

    Returns
    -------
    str
        For instance ``"16a"``, ``"x24"`` or ``"name:newportcardiff"``; empty when nothing is filed.
    """
    number = _fold(short_name or "").strip()
    if route_id:
        number = number.removesuffix(f"-{_fold(route_id)}")
    number = _NOT_WORD.sub("", _SUFFIX.sub("", number))
    if number:
        return re.sub(r"^0+(?=[0-9a-z])", "", number)
    name = _NOT_WORD.sub("", _fold(long_name or ""))
    return f"name:{name}" if name else ""


def compute_operator_key(name: str | None) -> str:
    """Give an operator's name in the form in which two snapshots can be compared.

    Parameters
    ----------
    name
        Operator's name as filed.

    Returns
    -------
    str
        Lower-case words without accents, punctuation and legal forms, joined by hyphens (``"newport-bus"``);
        ``"unknown"`` when nothing remains.
    """
    words = [word for word in _NOT_WORD.split(_fold((name or "").replace("&", " and "))) if word]
    kept = [word for word in words if word not in _COMPANY_WORDS] or words
    return "-".join(kept) or "unknown"


def build_service_routes(frames: ServiceFrames) -> pl.DataFrame:
    """Add the comparable operator and number to a snapshot's routes.

    Parameters
    ----------
    frames
        The snapshot.

    Returns
    -------
    polars.DataFrame
        route_index, feed, operator_key, operator_name, number, route_name (as filed), mode.
    """
    routes = frames.routes
    ids = [str(value).partition(":")[2] for value in routes["route_id"].to_list()]
    short = [str(value) if value is not None else "" for value in routes["route_short_name"].to_list()]
    long = [str(value) if value is not None else "" for value in routes["route_long_name"].to_list()]
    operators = [str(value) if value is not None else "" for value in routes["operator_name"].to_list()]
    return pl.DataFrame(
        {
            "route_index": routes["route_index"],
            "feed": routes["feed"],
            "operator_key": [compute_operator_key(name) for name in operators],
            "operator_name": operators,
            "number": [compute_route_number(a, b, route_id=c) for a, b, c in zip(short, long, ids, strict=True)],
            "route_name": [a or b for a, b in zip(short, long, strict=True)],
            "mode": routes["mode"],
        },
        schema_overrides={
            "operator_key": pl.String,
            "operator_name": pl.String,
            "number": pl.String,
            "route_name": pl.String,
        },
    )


def band_of(time_s: pl.Expr) -> pl.Expr:
    """Give the band of a service-day time in seconds.

    Everything before 06:00 and from 22:00 on, times past 24:00 included, is in ``22_06``: a run belongs to the
    service day under which it is filed.
    """
    hour = time_s // 3600
    return (
        pl.when((hour >= 6) & (hour < 10))
        .then(pl.lit("06_10"))
        .when((hour >= 10) & (hour < 15))
        .then(pl.lit("10_15"))
        .when((hour >= 15) & (hour < 18))
        .then(pl.lit("15_18"))
        .when((hour >= 18) & (hour < 22))
        .then(pl.lit("18_22"))
        .otherwise(pl.lit("22_06"))
    )
