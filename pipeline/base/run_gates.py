"""Limits of the gates on a whole run, and the words in which they are reported."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MEANINGS: Final[dict[str, str]] = {
    "schema": "tables that do not fit their declaration: columns, types, bounds, unique keys, known places and dates",
    "nulls_without_reason": "rows whose travel time is null without a reason",
    "stops_per_trip_low": "mean number of stop times of a trip; fewer are stumps",
    "stops_per_trip_high": "mean number of stop times of a trip; more are runs glued together",
    "impossible_trips": "trips that go backward in time or faster than their kind can, in % of trips",
    "times_outside_day": "stop times before the service day begins or long after it has ended, %",
    "rows": "change of the rows of a table, %",
    "places_linked": "points joined to the streets: share lost, percentage points",
    "nulls": "travel times that are null, by category and reason: share risen, percentage points",
    "operators": "operators that are gone from the timetables of a date, %",
    "runs": "runs of a week that are gone from the timetables of a date, %",
    "index_moved": "neighbourhoods whose absolute index moved by more than stated, %",
    "index_spread": "distance between the distributions of the absolute index (Kolmogorov and Smirnov), 0 to 1",
    "time_moved": "neighbourhoods whose median travel time moved by more than stated, %",
    "time_spread": "distance between the distributions of travel times (Kolmogorov and Smirnov), 0 to 1",
}
"""Gates and what their value is."""

COMPARED: Final = (
    "rows",
    "places_linked",
    "nulls",
    "operators",
    "runs",
    "index_moved",
    "index_spread",
    "time_moved",
    "time_spread",
)
"""Gates that compare a run with the last accepted one."""


class RunGates(BaseModel):
    """Limits on a whole run against the last accepted one; beyond them it is held until somebody accepts it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_rows_changed_pct: float = Field(
        10, ge=0, description="rows of a table and snapshot whose inputs changed: largest change, %"
    )
    max_timetable_rows_changed_pct: float = Field(
        50, ge=0, description="the same for tables that list what timetables hold (stops, services, operators), %"
    )
    max_unexplained_pct: float = Field(
        1,
        ge=0,
        le=100,
        description="largest change of rows, and of neighbourhoods that moved, where no input changed, %",
    )
    max_linked_lost_pct: float = Field(
        5, ge=0, le=100, description="share of points joined to the streets: largest fall, percentage points"
    )
    max_nulls_risen_pct: float = Field(
        10,
        ge=0,
        le=100,
        description="share of null travel times by category and reason: largest rise, percentage points",
    )
    moved_index_points: float = Field(
        10, gt=0, le=100, description="a neighbourhood moved if its index did by more, points"
    )
    moved_time_min: float = Field(15, gt=0, description="a neighbourhood moved if its travel time did by more, minutes")
    max_moved_pct: float = Field(25, ge=0, le=100, description="share of neighbourhoods that may have moved, %")
    max_spread: float = Field(
        0.3, ge=0, le=1, description="largest distance between the distributions of index or travel time, 0 to 1"
    )
    min_stops_per_trip: float = Field(2, ge=0, description="least mean number of stop times of a trip")
    max_stops_per_trip: float = Field(150, gt=0, description="largest mean number of stop times of a trip")
    max_impossible_pct: float = Field(
        20, ge=0, le=100, description="trips that go backward in time or faster than possible: largest share, %"
    )
    latest_time_h: float = Field(
        36, gt=24, le=96, description="a stop time later than this lies outside its day, hours"
    )
    max_outside_day_pct: float = Field(5, ge=0, le=100, description="largest share of stop times outside their day, %")
