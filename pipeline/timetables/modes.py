"""From GTFS route types, basic and extended, to the modes of the pipeline."""

from __future__ import annotations

import polars as pl

MODES = ("bus", "coach", "rail", "tram", "metro", "ferry", "other")

RANGES: tuple[tuple[int, int, str], ...] = (
    (0, 0, "tram"),
    (1, 1, "metro"),
    (2, 2, "rail"),
    (3, 3, "bus"),
    (4, 4, "ferry"),
    (5, 5, "tram"),  # cable tram
    (6, 7, "other"),  # aerial lift, funicular
    (11, 11, "bus"),  # trolleybus
    (12, 12, "rail"),  # monorail
    (100, 117, "rail"),
    (200, 209, "coach"),
    (300, 300, "rail"),  # suburban railway
    (400, 404, "metro"),
    (405, 405, "rail"),  # monorail
    (500, 500, "metro"),
    (600, 600, "metro"),  # underground
    (700, 716, "bus"),
    (800, 800, "bus"),  # trolleybus
    (900, 906, "tram"),
    (1000, 1021, "ferry"),
    (1100, 1114, "other"),  # air
    (1200, 1200, "ferry"),
    (1300, 1307, "other"),  # aerial lift
    (1400, 1402, "other"),  # funicular
    (1500, 1507, "other"),  # taxi
    (1600, 1604, "other"),  # self-drive
    (1700, 1702, "other"),
)
"""First and last route type, and the mode; types outside every range are unknown."""


def find_mode(route_type: int) -> str | None:
    """Return the mode of a route type, or None if GTFS defines no such type.

    Parameters
    ----------
    route_type
        Basic (0-12) or extended (100-1702) type.

    Returns
    -------
    str or None
        One of :data:`MODES`.
    """
    for first, last, mode in RANGES:
        if first <= route_type <= last:
            return mode
    return None


def build_mode_table(route_types: pl.Series) -> pl.DataFrame:
    """Return the mode of each distinct type.

    Parameters
    ----------
    route_types
        i32; null where unreadable.

    Returns
    -------
    polars.DataFrame
        ``route_type`` and ``mode`` (null where unknown).
    """
    types = sorted(set(route_types.drop_nulls().to_list()))
    return pl.DataFrame(
        {"route_type": types, "mode": [find_mode(value) for value in types]},
        schema={"route_type": pl.Int32, "mode": pl.String},
    )
