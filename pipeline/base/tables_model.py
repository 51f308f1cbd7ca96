"""What a published table's declaration is made of, and the columns and lists of values that many tables share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "float", "int", "bool", "bytes"]
MODES: tuple[str, ...] = ("bus", "coach", "rail", "tram", "metro", "ferry", "other", "all")
DAY_TYPES: tuple[str, ...] = ("weekday", "saturday", "sunday")
BANDS: tuple[str, ...] = ("06_10", "10_15", "15_18", "18_22", "22_06", "all_day")
COVERAGE = ("comparable", "partial", "missing")
REASONS: tuple[str, ...] = ("no_street", "no_route", "over_limit")
DIRECTIONS = ("outward", "return", "arrive_by")
LINK_KINDS = ("stop", "small_area", "destination", "small_area_by_car", "destination_by_car")
GROUPS = ("left_behind", "other_deprived", "other")


@dataclass(frozen=True)
class Column:
    """A column of a published table; a ``?`` behind the kind in the declaration means that it may be null."""

    name: str
    kind: Kind
    is_nullable: bool
    description: str
    allowed: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Table:
    """A published table: one row for each combination of its key."""

    name: str
    title: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def declare_column(
    name: str,
    kind: str,
    description: str,
    *,
    allowed: tuple[str, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Column:
    """Declare a column; bounds that follow from its unit need not be stated.

    Parameters
    ----------
    name
        Its name, with the unit.
    kind
        ``text``, ``float``, ``int``, ``bool`` or ``bytes``, with ``?`` behind it if it may be null.
    description
        What it means, for the data dictionary.
    allowed
        The values that it may have; any if not given.
    minimum, maximum
        Bounds; a share in per cent lies in 0-100 and a time or rate is not negative, unless it is a change.

    Returns
    -------
    Column
        The declaration.
    """
    plain: Kind = kind.rstrip("?")  # type: ignore[assignment]
    if name.endswith("_pct") and minimum is None and "change" not in name:
        minimum, maximum = 0.0, 100.0
    elif plain in {"float", "int"} and name.endswith(("_s", "_per_day", "_per_hour")) and "change" not in name:
        minimum = 0.0
    return Column(name, plain, kind.endswith("?"), description, allowed, minimum, maximum)


SNAPSHOT: Column = declare_column("snapshot", "text", "Snapshot of the timetables, by its name in the area file.")
CODE: Column = declare_column(
    "neighbourhood_code", "text", "Code of the neighbourhood, in the vintage that the area file states."
)
REASON = declare_column(
    "reason",
    "text?",
    "Why the value (the median, where there are several) is null: no_street (not joined to the streets), no_route (no "
    "journey at all), over_limit (journeys exist, but not within the limit often enough). Other columns that are null "
    "beside a median are so because too few minutes, or too few people, have a journey within the limit.",
    allowed=REASONS,
)
RUNS_HASH = "First 12 digits of the hash of inputs and settings behind the row; out_run__inputs lists them."
