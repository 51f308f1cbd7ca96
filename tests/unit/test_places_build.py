"""Small areas, neighbourhoods, groups and destinations are joined as the area file says."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from pipeline.base.area import Area
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.build import build_places


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.csv").write_text(
        "sa,lon,lat,people\nS1,-2.99,51.58,100\nS2,-2.98,51.58,300\nS3,-2.90,51.60,50\n", "utf-8"
    )
    (tmp_path / "lookup.csv").write_text("sa,ward\nS1,W1\nS2,W1\nS3,W2\n", "utf-8")
    (tmp_path / "wards.csv").write_text("ward,name,decile\nW1,Old Town,1\nW2,Hill,7\n", "utf-8")
    (tmp_path / "left_behind.csv").write_text("ward\nW1\nW9\n", "utf-8")
    (tmp_path / "hospitals.csv").write_text("id,name,lon,lat\nH1,General,-2.97,51.59\n", "utf-8")
    boxes = [shapely.box(-3.0, 51.5, -2.95, 51.7), shapely.box(-2.95, 51.5, -2.85, 51.7)]
    gpd.GeoDataFrame({"ward": ["W1", "W2"]}, geometry=boxes, crs="EPSG:4326").to_file(tmp_path / "wards.geojson")
    return tmp_path


def build(folder, notices=None, **changes):
    content = {
        "name": "test",
        "title": "Test",
        "crs": "EPSG:27700",
        "timezone": "Europe/London",
        "streets": {"path": "x.osm.pbf"},
        "small_areas": {
            "path": "small.csv",
            "code": "sa",
            "population_column": "people",
            "lookup": {"path": "lookup.csv", "small_area": "sa", "neighbourhood": "ward"},
        },
        "neighbourhoods": {
            "names": {"path": "wards.csv", "code": "ward", "name": "name"},
            "groups": [
                {"group": "left_behind", "path": "left_behind.csv", "code": "ward"},
                {"group": "other_deprived", "path": "wards.csv", "code": "ward", "column": "decile", "at_most": 7},
            ],
        },
        "destinations": [
            {"category": "hospitals", "label": "hospital", "path": "hospitals.csv", "code": "id", "name": "name"}
        ],
        "snapshots": [{"id": "one", "date": "2024-10-08", "feeds": [{"key": "bus", "path": "bus.zip"}]}],
    }
    area = Area.model_validate({**content, **changes})
    return build_places(area, lambda path: folder / path, notices=notices or Notices())


def test_lookup_names_groups_and_weighted_centres(folder):
    places = build(folder)
    wards = places.neighbourhoods.set_index("neighbourhood_code")
    assert wards["neighbourhood_name"].to_dict() == {"W1": "Old Town", "W2": "Hill"}
    assert wards["area_group"].to_dict() == {"W1": "left_behind", "W2": "other_deprived"}
    assert wards["population"].to_dict() == {"W1": 400.0, "W2": 50.0}
    assert wards.loc["W1", "lon"] == pytest.approx(-2.9825, abs=1e-5)
    assert places.small_areas["neighbourhood_code"].tolist() == ["W1", "W1", "W2"]


def test_point_in_polygon_notes_two_vintages_and_shares_population_out(folder):
    (folder / "people.csv").write_text("ward,n\nW1,400\nW2,70\n", "utf-8")
    notices = Notices()
    places = build(
        folder,
        notices,
        small_areas={
            "path": "small.csv",
            "code": "sa",
            "vintage": "2021",
            "population": {"path": "people.csv", "code": "ward", "column": "n", "level": "neighbourhood"},
        },
        neighbourhoods={"boundaries": {"path": "wards.geojson", "code": "ward", "vintage": "2011"}},
    )
    assert places.small_areas["neighbourhood_code"].tolist() == ["W1", "W1", "W2"]
    assert places.small_areas["population"].tolist() == [200.0, 200.0, 70.0]
    assert notices.counts() == {"population_spread_evenly": 3, "vintages_differ": 3}
    assert "2021" in notices.to_frame()["detail"].str.cat()


def test_small_areas_without_lookup_are_neighbourhoods_of_their_own(folder):
    places = build(
        folder, small_areas={"path": "small.csv", "code": "sa", "population_column": "people"}, neighbourhoods={}
    )
    assert places.neighbourhoods["neighbourhood_code"].tolist() == ["S1", "S2", "S3"]


def test_a_small_area_that_belongs_nowhere_is_noted(folder):
    (folder / "lookup.csv").write_text("sa,ward\nS1,W1\nS3,W2\n", "utf-8")
    notices = Notices()
    places = build(folder, notices)
    assert places.small_areas["neighbourhood_code"].isna().tolist() == [False, True, False]
    assert notices.to_frame().query("code == 'small_area_without_neighbourhood'")["row"].tolist() == [3]


def test_codes_of_another_vintage_are_an_error(folder):
    (folder / "lookup.csv").write_text("sa,ward\nX1,W1\n", "utf-8")
    with pytest.raises(InputError, match="No small area belongs to any neighbourhood"):
        build(folder)


def test_two_entries_for_one_code_are_an_error(folder):
    (folder / "lookup.csv").write_text("sa,ward\nS1,W1\nS2,W1\nS3,W2\nS1,W2\n", "utf-8")
    with pytest.raises(InputError, match="'S1' has two different entries") as error:
        build(folder)
    assert error.value.row == 5


def test_negative_population_is_an_error(folder):
    (folder / "small.csv").write_text(
        "sa,lon,lat,people\nS1,-2.99,51.58,-5\nS2,-2.98,51.58,3\nS3,-2.9,51.6,1\n", "utf-8"
    )
    with pytest.raises(InputError, match="not a number of people") as error:
        build(folder)
    assert (error.value.row, error.value.field) == (2, "people")


def test_destinations_of_one_name_within_100_m_are_one(folder):
    (folder / "hospitals.csv").write_text(
        "id,name,lon,lat\nH1,St. Mary's,-2.97,51.59\nH2,ST MARY S,-2.9705,51.5901\nH3,St Mary's,-2.90,51.59\n"
        "H4,Other,-2.97,51.59\n",
        "utf-8",
    )
    notices = Notices()
    assert build(folder, notices).destinations["destination_id"].tolist() == ["H1", "H3", "H4"]
    assert notices.counts() == {"destination_same_name_nearby": 1}


def test_weights_and_size_classes(folder):
    (folder / "jobs.csv").write_text("id,lon,lat,jobs\nJ1,-2.97,51.59,99\nJ2,-2.96,51.59,500\nJ3,-2.9,51.6,\n", "utf-8")
    notices = Notices()
    source = {"category": "jobs", "label": "jobs", "path": "jobs.csv", "code": "id", "weight": "jobs"}
    places = build(folder, notices, destinations=[{**source, "min_weight": 100, "max_weight": 4999}])
    assert places.destinations[["destination_id", "weight"]].to_numpy().tolist() == [["J2", 500.0]]
    assert notices.to_frame().query("code == 'destination_without_weight'")["row"].tolist() == [4]


def test_a_category_without_any_place_is_an_error(folder):
    (folder / "hospitals.csv").write_text("id,name,lon,lat\nH1,General,,\n", "utf-8")
    with pytest.raises(InputError, match="'hospitals' has no destination"):
        build(folder)
