"""Which stops are one place, whatever their identifiers, and what follows for zones and services."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from pipeline.change.matching import match_stops
from pipeline.change.zones import add_moved_stops, build_zones, compute_stops_in_zones
from pipeline.timetables.stop_places import compute_stop_places, normalise_stop_name

Stop = tuple[str, str | None, str, float | None, float]
M = 1 / 111_195.0
"""Degrees of latitude in a metre."""


def build(*stops: Stop) -> pl.DataFrame:
    """Build stops from identifier, public code, name, and metres east (None: not located) and north of a point."""
    schema = {"stop_id": pl.String, "public_code": pl.String, "stop_name": pl.String, "x": pl.Float64, "y": pl.Float64}
    table = pl.DataFrame(list(stops), schema=schema, orient="row")
    return table.select(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("stop_index"),
        "stop_id",
        "public_code",
        "stop_name",
        (pl.col("x") * M / math.cos(math.radians(51.5)) - 3).alias("lon"),
        pl.when(pl.col("x").is_not_null()).then(pl.col("y") * M + 51.5).alias("lat"),
        pl.col("x").is_not_null().alias("is_located"),
    )


def group(*stops: Stop) -> list[int]:
    return compute_stop_places(build(*stops)).tolist()


@pytest.mark.parametrize(
    ("one", "other", "is_one_place"),
    [
        (("5310AWA1", None, "Kiosk", 0, 0), ("5310awa1", None, "Pub", 0, 90), True),
        (("bus:0100BRP9", None, "Kiosk", 0, 0), ("tnds:100 BRP9", None, "Pub", 0, 90), True),
        (("5310AWA1", None, "Kiosk", 0, 0), ("5310AWA1", None, "Kiosk", 0, 110), False),
        (("A", "nwpadjm", "Kiosk", 0, 0), ("B", "NWP-ADJM", "Pub", 0, 90), True),
        (("A", None, "High Street", 0, 0), ("B", None, "HIGH ST.", 0, 29), True),
        (("A", None, "High Street", 0, 0), ("B", None, "High Street", 0, 31), False),
        (("A", None, "High Street", 0, 0), ("B", None, "Low Street", 0, 5), False),
        (("A", None, "", 0, 0), ("B", None, "", 0, 5), False),
        (("A", None, "Kiosk", None, 0), ("A", None, "Pub", 0, 5), True),
        (("A", None, "Kiosk", None, 0), ("B", None, "Kiosk", None, 0), False),
        (("A", "", "Kiosk", 0, 0), ("B", "", "Pub", 0, 5), False),
    ],
)
def test_codes_reach_100_m_and_names_30_m(one: Stop, other: Stop, *, is_one_place: bool) -> None:
    assert (len(set(group(one, other))) == 1) == is_one_place


def test_what_is_one_place_with_a_third_is_one_place() -> None:
    assert group(
        ("A", None, "X", 0, 0), ("B", None, "Far", 500, 0), ("C", None, "x", 25, 0), ("D", None, "X", 50, 0)
    ) == [
        0,
        1,
        0,
        0,
    ]


def test_names_are_compared_without_accents_punctuation_and_long_words() -> None:
    assert normalise_stop_name("St. Mary's  Hospital") == normalise_stop_name("Saint Marys Hosp")
    assert normalise_stop_name("Café & Bar") == "cafe and bar"


def test_new_identifiers_for_all_stops_change_nothing() -> None:
    rng = np.random.default_rng(3)
    old: list[Stop] = [(f"A{n}", None, f"Stop {n % 7}", *rng.uniform(0, 400, 2).tolist()) for n in range(60)]
    new: list[Stop] = [(f"B{n}", *stop[1:]) for n, stop in enumerate(old)]
    assert group(*old) == group(*new)
    places = group(*old, *new)
    assert places[:60] == places[60:]


def test_a_stop_moved_across_the_street_is_paired_with_itself() -> None:
    before = build(("A", None, "Kiosk", 0, 0), ("B", "nwp1", "Pub", 1000, 0), ("C", None, "Green", 2000, 0))
    after = build(("a", None, "Kiosk", 0, 45), ("Z", "NWP1", "Inn", 1000, 60), ("Y", None, "Green", 2000, 28))
    assert match_stops(before, after).rows() == [(0, 0), (1, 1), (2, 2)]


def test_a_stop_that_moved_over_the_edge_of_a_zone_stays_in_it() -> None:
    zones = build_zones(
        gpd.GeoDataFrame({"neighbourhood_code": ["A"], "lon": [-3.0], "lat": [51.5]}, geometry=[None], crs=4326),
        crs="EPSG:27700",
    )
    inside = build(("S", None, "Kiosk", 0, 590), ("T", None, "Pub", 0, 700))
    outside = build(("S", None, "Kiosk", 0, 620), ("T", None, "Pub", 0, 700))
    rows = [compute_stops_in_zones(zones, side) for side in (inside, outside)]
    assert [side.height for side in rows] == [1, 0]
    both = add_moved_stops(rows, [inside, outside])
    assert [side.rows() for side in both] == [[(0, "A", 0)], [(0, "A", 0)]]
    assert add_moved_stops(rows[1:], [outside])[0].is_empty()
    assert shapely.is_valid(zones.geometry[0])
