"""Destinations that close, open or move; how far the nearest is in a straight line."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from pipeline.base.scenario import ScenarioError
from pipeline.places.distance import compute_straight_lines
from pipeline.places.edit import close_destination, move_destination, open_destination
from pipeline.places.model import Places

CRS = "EPSG:32631"


def _make_places() -> Places:
    """Two neighbourhoods on the equator: A with small areas of 100 and 300 people, B with one without a position."""
    small = pd.DataFrame(
        {
            "small_area_code": ["a1", "a2", "b1", "x"],
            "neighbourhood_code": ["A", "A", "B", None],
            "lon": [3.0, 3.01, np.nan, 3.0],
            "lat": [0.0, 0.0, np.nan, 0.0],
            "population": [100.0, 300.0, 10.0, 5.0],
            "is_located": [True, True, False, True],
        }
    )
    destinations = pd.DataFrame(
        {
            "destination_id": ["H1", "H2", "S1"],
            "category": ["hospitals", "hospitals", "stations"],
            "name": ["One", "Two", "Station"],
            "lon": [3.0, 3.02, np.nan],
            "lat": [0.0, 0.0, np.nan],
            "weight": [1.0, 1.0, 1.0],
            "is_located": [True, True, False],
            "file": ["h.csv", "h.csv", "s.csv"],
            "file_row": [2, 3, 2],
        }
    )
    neighbourhoods = pd.DataFrame({"neighbourhood_code": ["A", "B"], "neighbourhood_name": ["A", "B"]})
    return Places(small, neighbourhoods, destinations, gpd.GeoDataFrame(geometry=[], crs="EPSG:4326"))


def _list_ids(places: Places) -> list[str]:
    return places.destinations["destination_id"].tolist()


def test_a_destination_closes_but_not_the_last_of_its_category() -> None:
    assert _list_ids(close_destination(_make_places(), "hospitals", "H1")) == ["H2", "S1"]
    with pytest.raises(ScenarioError, match="last destination"):
        close_destination(_make_places(), "stations", "S1")
    with pytest.raises(ScenarioError, match=r"no destination H9.*H1 \(One\), H2 \(Two\)"):
        close_destination(_make_places(), "hospitals", "H9")


def test_a_destination_opens_in_its_place_in_the_order() -> None:
    new = {"name": "New", "lon": 3.1, "lat": 0.1, "weight": 2.0, "file": "scenario.yaml"}
    places = open_destination(_make_places(), "hospitals", "H15", **new)  # type: ignore[arg-type]
    assert _list_ids(places) == ["H1", "H15", "H2", "S1"]
    assert places.destinations.dtypes.equals(_make_places().destinations.dtypes)
    row = places.destinations.set_index("destination_id").loc["H15"]
    assert (row["lon"], row["lat"], row["weight"], row["is_located"]) == (3.1, 0.1, 2.0, True)
    with pytest.raises(ScenarioError, match="already"):
        open_destination(_make_places(), "hospitals", "H1", **new)  # type: ignore[arg-type]
    with pytest.raises(ScenarioError, match="there are hospitals, stations"):
        open_destination(_make_places(), "schools", "X", **new)  # type: ignore[arg-type]


def test_a_destination_that_moves_has_a_position_and_the_places_before_keep_theirs() -> None:
    before = _make_places()
    moved = move_destination(before, "stations", "S1", lon=3.5, lat=0.5).destinations.set_index("destination_id")
    assert moved.loc["S1", ["lon", "lat", "is_located"]].tolist() == [3.5, 0.5, True]
    assert not before.destinations["is_located"].iloc[2]


def test_a_straight_line_is_a_mean_by_people_to_the_nearest_of_each() -> None:
    table = compute_straight_lines(_make_places(), CRS).set_index(["neighbourhood_code", "category"])
    degree_m = 111_319.49 * 0.9996  # of longitude on the equator, by the scale of the zone's middle meridian
    assert table.loc[("A", "hospitals"), "straight_line_m"] == pytest.approx(0.75 * 0.01 * degree_m, rel=1e-5)
    assert table.loc[("A", "hospitals"), "people_without_pct"] == 0.0
    assert np.isnan(table.loc[("B", "hospitals"), "straight_line_m"])
    assert table.loc[("B", "hospitals"), "reason"] == "not_located"
    assert ("A", "stations") not in table.index  # no station has a position
