"""The way from plain tables of any format to the timetable model."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipeline.base.errors import InputError
from pipeline.timetables.assemble import assemble_timetable


def _tables() -> dict[str, pl.DataFrame]:
    calls = [
        ("b", 1, "S2", 600, 600),
        ("b", 5, "S1", 900, 900),
        ("a", 2, "S1", 100, 110),
        ("a", 3, "S2", 200, 200),
        ("lonely", 0, "S3", 50, 50),
    ]
    rows = [
        {
            "trip_id": trip,
            "position": at,
            "stop_id": stop,
            "arrival_s": arrival,
            "departure_s": departure,
            "is_pickup": True,
            "is_dropoff": True,
            "is_interpolated": False,
        }
        for trip, at, stop, arrival, departure in calls
    ]
    return {
        "agencies": pl.DataFrame({"operator_id": ["O"], "operator_name": ["Operator"]}),
        "routes": pl.DataFrame(
            {
                "route_id": ["R"],
                "operator_id": ["O"],
                "route_short_name": ["1"],
                "route_long_name": [""],
                "route_type": [3],
            }
        ),
        "stops": pl.DataFrame(
            {"stop_id": ["S3", "S2", "S1"], "stop_name": ["c", "b", "a"], "lon": [0.0, None, 1.0], "lat": [0.0, 5, 1]}
        ),
        "service_dates": pl.DataFrame({"service_id": ["W", "W"], "date": [date(2019, 1, 2), date(2019, 1, 1)]}),
        "trips": pl.DataFrame(
            {
                "trip_id": ["b", "a", "lonely", "never"],
                "route_id": ["R"] * 4,
                "service_id": ["W", "W", "W", "none"],
                "headsign": ["x"] * 4,
                "direction_id": [0, 1, 0, 0],
                "wheelchair_accessible": [0] * 4,
            }
        ),
        "stop_times": pl.DataFrame(rows),
    }


def test_trips_are_numbered_by_identifier_and_calls_by_place_in_their_trip() -> None:
    timetable = assemble_timetable(_tables(), feed="f", meta={"file": "x"}, timezone="Europe/London")
    assert timetable.trips["trip_id"].to_list() == ["f:a", "f:b"]
    assert timetable.stops["stop_id"].to_list() == ["f:S1", "f:S2"]
    assert timetable.stops["is_located"].to_list() == [True, False]
    assert timetable.stop_times.select("trip_index", "position", "stop_index", "arrival_s").rows() == [
        (0, 0, 0, 100),
        (0, 1, 1, 200),
        (1, 0, 1, 600),
        (1, 1, 0, 900),
    ]
    assert timetable.routes["mode"].to_list() == ["bus"]
    assert timetable.feeds["f"]["first_date"] == "2019-01-01"


def test_the_order_of_rows_does_not_matter() -> None:
    turned = {name: table.reverse() for name, table in _tables().items()}
    one = assemble_timetable(_tables(), feed="f", meta={}, timezone="Europe/London")
    two = assemble_timetable(turned, feed="f", meta={}, timezone="Europe/London")
    assert all(getattr(one, name).equals(getattr(two, name)) for name in ("stops", "trips", "stop_times", "routes"))


def test_no_usable_trip_is_an_error() -> None:
    tables = _tables()
    tables["service_dates"] = tables["service_dates"].clear()
    with pytest.raises(InputError, match="no usable trip"):
        assemble_timetable(tables, feed="f", meta={"file": "x.xml"}, timezone="Europe/London")
