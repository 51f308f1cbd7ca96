"""The data package: what datapackage.json says of every file is true, and every input is named with its licence."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from pipeline.base.tables import TABLES, check_table
from pipeline.report import data as d
from pipeline.report.data import ReportData
from pipeline.report.dictionary import build_schema, find_unit
from pipeline.report.geo_files import build_geo_files
from pipeline.report.headline import Headline, build_headline
from pipeline.report.package import (
    PackageInfo,
    build_package,
    describe_licences,
    list_licences,
    list_sources,
    zip_package,
)
from tests.support.report_tables import FORMULA_NAME, build_context, build_tables

INFO = PackageInfo("morwen", "Morwen Bay", "Figures.", "0.1.0", ("Wards are of 2011.",))


def build_inputs() -> pd.DataFrame:
    rows = [
        ("places", "names", "wards.csv", "CC0 1.0", "Invented | <b>", 10),
        ("places", "group", "wards.csv", "", "", 10),
        ("streets", "streets", "town.osm.pbf", "ODbL 1.0", "OpenStreetMap contributors", 20),
        ("timetables", "timetable bus", "bus.zip", "", "", 30),
        ("scores", "scoring", "weights.yaml", "", "", 5),
        ("scores", "stage", "times/2024", "", "", None),
    ]
    frame = pd.DataFrame(rows, columns=["stage", "role", "path", "licence", "attribution", "bytes"])
    frame["bytes"] = frame["bytes"].astype("Int64")
    return frame.assign(snapshot=None, result_hash="0" * 12, sha256="ab" * 32, vintage="2021")


def build_declared() -> dict[str, pd.DataFrame]:
    """Tables that fit their declarations, as those of a real run do."""
    geography = check_table(build_tables()[d.GEOGRAPHY], d.GEOGRAPHY)
    return {d.GEOGRAPHY: geography, d.INPUTS: check_table(build_inputs(), d.INPUTS)}


@pytest.fixture(scope="module")
def headline() -> Headline:
    return build_headline(ReportData(build_tables(), build_context()))


@pytest.fixture(scope="module")
def files(headline: Headline) -> dict[str, bytes]:
    tables = build_declared()
    outlines = build_geo_files(headline, tables[d.GEOGRAPHY], "EPSG:27700")
    return build_package(tables, INFO, headline, {name: outlines[name] for name in outlines if "parquet" in name})


def read_document(files: dict[str, bytes]) -> dict[str, list[dict[str, object]]]:
    document: dict[str, list[dict[str, object]]] = json.loads(files["datapackage.json"])
    return document


def test_every_file_is_described_with_its_size_and_hash(files: dict[str, bytes]) -> None:
    resources = {str(item["path"]): item for item in read_document(files)["resources"]}
    assert set(resources) == set(files) - {"datapackage.json", "README.md", "data-dictionary.csv"}
    for path, item in resources.items():
        assert item["bytes"] == len(files[path])
        assert item["hash"] == f"sha256:{hashlib.sha256(files[path]).hexdigest()}"
    names = [item["name"] for item in resources.values()]
    assert len(set(names)) == len(names)
    assert {"csv/neighbourhoods.csv", "geo/neighbourhoods_27700.parquet", "geo/neighbourhoods_4326.parquet"} <= set(
        files
    )


def test_the_fields_are_the_columns_of_the_file(files: dict[str, bytes]) -> None:
    for item in read_document(files)["resources"]:
        fields = [field["name"] for field in item["schema"]["fields"]]  # type: ignore[index]
        content = io.BytesIO(files[str(item["path"])])
        if item["format"] == "csv":
            frame = pd.read_csv(content, dtype=str, keep_default_na=False)
            assert len(frame) == item["rows"]
        else:
            frame = pd.read_parquet(content)
        assert list(frame.columns) == fields


def test_csv_and_parquet_hold_the_same_and_names_stand_as_filed(files: dict[str, bytes]) -> None:
    typed = pd.read_parquet(io.BytesIO(files[f"parquet/{d.GEOGRAPHY}.parquet"])).drop(columns="geometry_wkb")
    text = pd.read_csv(io.BytesIO(files[f"csv/{d.GEOGRAPHY}.csv"]))
    pd.testing.assert_frame_equal(text, typed, check_dtype=False)
    assert FORMULA_NAME in set(text["neighbourhood_name"])


def test_inputs_are_named_once_each_with_licence_or_the_lack_of_one(files: dict[str, bytes]) -> None:
    sources = read_document(files)["sources"]
    assert [source["title"] for source in sources] == ["bus.zip", "town.osm.pbf", "wards.csv"]
    assert sources[2]["roles"] == ["group", "names"]
    assert sources[2]["licence"] == "CC0 1.0"
    assert sources[0]["licence"] == "not stated in the area file"
    found = list_sources({d.INPUTS: build_inputs()})
    assert list_licences(found) == [
        {"name": "CC0-1.0", "title": "CC0 1.0"},
        {"name": "ODbL-1.0", "title": "ODbL 1.0"},
    ]
    assert describe_licences(found) == "CC0 1.0; ODbL 1.0; 1 input states none"
    readme = files["README.md"].decode()
    assert r"| wards.csv | group, names | Invented \| \<b\> | CC0 1.0 | 2021 |" in readme
    assert "- Wards are of 2011." in readme


def test_a_licence_that_is_only_believed_keeps_its_words() -> None:
    texts = ("OGL believed", "OGL v3", "perhaps CC0", "Open Government Licence v3.0")
    found = list_licences([{"title": text, "licence": text} for text in texts])
    assert found == [
        {"name": "OGL-believed", "title": "OGL believed"},
        {"name": "OGL-UK-3.0", "title": "OGL v3"},
        {"name": "OGL-UK-3.0", "title": "Open Government Licence v3.0"},
        {"name": "perhaps-CC0", "title": "perhaps CC0"},
    ]


def test_the_dictionary_explains_every_column(files: dict[str, bytes]) -> None:
    dictionary = pd.read_csv(io.BytesIO(files["data-dictionary.csv"]))
    assert dictionary["description"].str.len().min() > 3
    mine = dictionary[dictionary["table"] == d.GEOGRAPHY].set_index("column")
    assert list(mine.index) == [column.name for column in TABLES[d.GEOGRAPHY].columns]
    assert mine.loc["population", "unit"] == "people"


def test_long_tables_are_parquet_only(headline: Headline) -> None:
    found = build_package(build_declared(), INFO, headline, {}, max_csv_rows=8)
    assert f"csv/{d.GEOGRAPHY}.csv" not in found
    assert f"parquet/{d.GEOGRAPHY}.parquet" in found
    assert "no, Parquet only" in found["README.md"].decode()


def test_every_declared_table_has_a_schema_with_units_of_seconds_and_per_cent() -> None:
    for table in TABLES.values():
        schema = build_schema(table, has_geometry=True)
        fields = {str(field["name"]): field for field in schema["fields"]}  # type: ignore[attr-defined]
        assert len(fields) == len(table.columns)
        for name, field in fields.items():
            if name.endswith("_s"):
                assert field["unit"] == "seconds", (table.name, name)
            if name.endswith("_pct"):
                assert field["unit"] == "%", (table.name, name)
        for key in schema.get("primaryKey", []):  # type: ignore[attr-defined]
            assert key in fields


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("runs_per_day", "runs a day"),
        ("walk_time_s", "seconds"),
        ("stay_min", "minutes"),
        ("lost_person_min", "person-minutes"),
        ("people_cut_off", "people"),
        ("people_without_pct", "%"),
        ("area_group", None),
        ("snapshot", None),
    ],
)
def test_units_stand_in_names(name: str, unit: str | None) -> None:
    assert find_unit(name) == unit


def test_geographic_files_agree_in_both_systems(headline: Headline, tmp_path: Path) -> None:
    geography = build_declared()[d.GEOGRAPHY]
    found = build_geo_files(headline, geography, "EPSG:27700")
    assert list(found) == ["neighbourhoods.gpkg", "neighbourhoods_4326.parquet", "neighbourhoods_27700.parquet"]
    lonlat = gpd.read_parquet(io.BytesIO(found["neighbourhoods_4326.parquet"]))
    projected = gpd.read_parquet(io.BytesIO(found["neighbourhoods_27700.parquet"]))
    assert (lonlat.crs.to_epsg(), projected.crs.to_epsg()) == (4326, 27700)
    assert projected.to_crs(4326).geometry.geom_equals_exact(lonlat.geometry, 1e-6).all()
    exact = gpd.GeoSeries.from_wkb(geography["geometry_wkb"], crs=4326)
    assert lonlat.geometry.geom_equals_exact(exact, 1e-7).all()
    package = tmp_path / "neighbourhoods.gpkg"
    package.write_bytes(found[package.name])
    layers = gpd.list_layers(package)
    assert list(layers["name"]) == ["neighbourhoods_4326", "neighbourhoods_27700"]
    read = gpd.read_file(package, layer="neighbourhoods_27700")
    assert list(read["score"]) == list(headline.frame["score"])
    assert list(read["neighbourhood_name"]) == list(headline.frame["neighbourhood_name"])
    assert build_geo_files(headline, geography, "EPSG:27700") == found


def test_the_archive_has_reproducible_bytes(files: dict[str, bytes]) -> None:
    content = zip_package(files, "morwen-data")
    assert content == zip_package(dict(reversed(files.items())), "morwen-data")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {name.split("/", 1)[0] for name in archive.namelist()} == {"morwen-data"}
        assert archive.read("morwen-data/README.md") == files["README.md"]
