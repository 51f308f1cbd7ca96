"""Declarations of the tables behind the profiles; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.base.tables import Table


def build_profile_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Useful departures of every window, and the legs of a typical journey.
    """
    from pipeline.base.tables import (  # noqa: PLC0415 (takes in this one)
        CODE,
        DIRECTIONS,
        RUNS_HASH,
        SNAPSHOT,
        Table,
        _c,
    )

    category = _c("category", "text", "Category of destinations.")
    window = _c("window", "text", "Departure window, by its name in the settings.")
    small_area = _c(
        "small_area_code",
        "text",
        "The small area that stands for the neighbourhood: of those joined to the streets the most populous.",
    )
    return (
        Table(
            "out_neighbourhood__useful_departure",
            "Every minute of every window in short: the journeys worth leaving for, from the small area that stands "
            "for the neighbourhood, with the first set of modes of the settings",
            ("snapshot", "neighbourhood_code", "category", "window", "direction", "mode_set"),
            (
                SNAPSHOT,
                CODE,
                category,
                window,
                _c("direction", "text", "As in out_neighbourhood__travel_time.", allowed=DIRECTIONS),
                _c("mode_set", "text", "Which modes may be used."),
                small_area,
                _c("people_pct", "float", "Share of the neighbourhood's people who live in it, %."),
                _c(
                    "people_unlinked_pct",
                    "float",
                    "Share of the neighbourhood's people who live in small areas that are not joined to the streets, "
                    "%; 100: neither is this one.",
                ),
                _c("window_start_s", "int", "First minute of the window, seconds of the service day."),
                _c("window_minutes", "int", "Minutes of the window.", minimum=1),
                _c("cap_s", "int", "Longest journey that counts, seconds."),
                _c("minutes_with_journey", "int", "Minutes with a journey within it.", minimum=0),
                _c("walk_time_s", "float?", "Walking all the way to the nearest, seconds; null beyond the limit."),
                _c(
                    "journeys",
                    "text",
                    "JSON list of departure and arrival, seconds of the service day, in order of time: minutes at "
                    "which leaving a minute later means arriving later, walking all the way left out. The travel time "
                    "at a minute is the lesser of walk_time_s and the arrival of the first journey that leaves at or "
                    "after it, less the minute (arrive_by: the minute less the departure of the last journey that "
                    "arrives by it); none beyond cap_s.",
                ),
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__journey_leg",
            "A typical journey to the nearest destination, leg by leg, in the first outward window with the first set "
            "of modes: that of the first minute that takes as long as the median of the minutes with a journey",
            ("snapshot", "neighbourhood_code", "category", "leg"),
            (
                SNAPSHOT,
                CODE,
                category,
                window,
                small_area,
                _c("leg", "int", "Number of the leg.", minimum=1),
                _c("kind", "text", "What one does.", allowed=("walk", "wait", "ride", "change")),
                _c("start_s", "int", "Begin of the leg, seconds of the service day.", minimum=0),
                _c("end_s", "int", "End of the leg, seconds of the service day.", minimum=0),
                _c("from_name", "text?", "Stop where it begins; null at home."),
                _c("to_name", "text?", "Stop or destination where it ends."),
                _c("mode", "text?", "Mode of a ride."),
                _c("route", "text?", "Public number of a ride."),
                _c("operator_name", "text?", "Operator of a ride."),
                _c("headsign", "text?", "What the vehicle shows."),
                _c(
                    "line_lonlat",
                    "text",
                    "JSON list of longitude and latitude: the stops that a ride passes, the ends of a walk (which "
                    "follows streets), a point for a wait; empty where a stop has no position.",
                ),
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
    )
