"""``connectivity config init``: what it makes of folders of inputs, and what it refuses to decide."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import polars as pl
import pytest
import yaml

from pipeline.base.area import Area, TableSource
from pipeline.base.errors import InputError, UsageError
from pipeline.base.load import load_project
from pipeline.cli import main as cli
from pipeline.cli.init_area import draft_area
from pipeline.cli.init_ask import Asker
from pipeline.cli.init_columns import (
    describe_vintage,
    find_code,
    find_coordinates,
    find_name,
    find_nation,
    find_population,
    find_words,
)
from pipeline.cli.init_command import build_area_text, run_init
from pipeline.cli.init_crs import find_utm
from pipeline.cli.init_files import FoundTable, find_kind, list_files, read_found_table
from pipeline.cli.init_inputs import Draft, Wanted
from pipeline.cli.init_timetables import FoundSnapshot, FoundTimetable, choose_day, name_snapshots
from pipeline.cli.init_write import write_commented
from tests.support.found_timetables import hold

SAMPLE = Path("data/sample")
NOBODY = Asker(is_interactive=False)


def draft(**wanted: Any) -> Draft:
    return draft_area(Wanted(**wanted), NOBODY)


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """The sample's inputs of one year, under names that say nothing."""
    made = tmp_path / "inputs"
    made.mkdir()
    source = root / SAMPLE
    names = {
        "saltmarsh.osm.pbf": "a.osm.pbf",
        "small_areas.csv": "b.csv",
        "lookup_small_area_ward.csv": "c.csv",
        "wards.csv": "d.csv",
        "hospitals.csv": "e.csv",
        "naptan.csv": "f.csv",
        "timetables/2016/bus_coastliner.zip": "g.bin",
        "timetables/2016/bus_council.zip": "h.dat",
        "timetables/2016/rail.zip": "i",
    }
    for old, new in names.items():
        shutil.copy(source / old, made / new)
    return made


def make_table(**columns: list[Any]) -> FoundTable:
    return FoundTable(Path("t.csv"), pd.DataFrame(columns))


# --- what files are --------------------------------------------------------------------------------------------------


def test_files_are_recognised_by_content_not_by_name(folder):
    kinds = {path.name: find_kind(path) for path in folder.iterdir()}
    assert kinds == {
        "a.osm.pbf": "streets",
        "b.csv": "table",
        "c.csv": "table",
        "d.csv": "table",
        "e.csv": "table",
        "f.csv": "naptan",
        "g.bin": "timetable",
        "h.dat": "timetable",
        "i": "timetable",
    }


def test_spreadsheets_pictures_and_empty_files_are_no_inputs(tmp_path):
    pd.DataFrame({"id": [1]}).to_csv(tmp_path / "good.csv", index=False)
    (tmp_path / "table.xlsx").write_bytes(b"PK\x03\x04..[Content_Types].xml")
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0rest")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
    (tmp_path / "empty.csv").touch()
    (tmp_path / ".hidden.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    found = {kind: [path.name for path in paths] for kind, paths in list_files(tmp_path).items() if paths}
    assert found == {"excel": ["old.xls", "table.xlsx"], "unknown": ["good.csv", "noise.bin"]}
    with pytest.raises(InputError, match=r"spreadsheet[\s\S]*CSV"):
        read_found_table(tmp_path / "table.xlsx")


@pytest.mark.parametrize(
    ("text", "encoding", "separator", "columns"),
    [
        ("id;name\n1;a\n", "utf-8", ";", ["id", "name"]),
        ("id\tname\n1\ta\n", "utf-8", "\t", ["id", "name"]),
        ("id|name\n1|Môn\n", "latin-1", "|", ["id", "name"]),
        ("id,name\n1,Ynys Môn\n", "utf-8", ",", ["id", "name"]),
    ],
)
def test_separator_and_encoding_are_found(tmp_path, text, encoding, separator, columns):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    found = read_found_table(path)
    assert (found.separator, found.columns) == (separator, columns)
    assert found.encoding == ("latin-1" if encoding == "latin-1" else "utf-8-sig")


def test_a_separator_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "t.csv").write_bytes("id¬name¬kind\n1¬a, b¬c\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"separated by ¬[\s\S]*commas"):
        read_found_table(tmp_path / "t.csv")


def test_an_area_file_may_say_that_columns_are_separated_by_tabs():
    assert TableSource(path="a.csv", separator="\t").separator == "\t"


def test_a_folder_that_is_a_gtfs_feed_is_one_timetable(tmp_path, root):
    shutil.unpack_archive(root / SAMPLE / "timetables/2024/rail.zip", tmp_path / "feeds/rail", "zip")
    assert list_files(tmp_path)["timetable"] == [tmp_path / "feeds/rail"]


# --- what columns are ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "code", "name"),
    [
        ({"lsoa11cd": ["E01"], "lsoa11nm": ["A"], "objectid": ["1"]}, "lsoa11cd", "lsoa11nm"),
        ({"LSOA21CD": ["E01"], "LSOA21NM": ["A"]}, "LSOA21CD", "LSOA21NM"),
        ({"oa21cd": ["E00"], "x": ["1"]}, "oa21cd", None),
        ({"geo_code": ["E00"], "label": ["A"]}, "geo_code", "label"),
        ({"stationName": ["A"], "crsCode": ["AAA"]}, "crsCode", "stationName"),
        ({"Code": ["7A"], "Name": ["A"], "FullName": ["A Hospital"]}, "Code", "FullName"),
        ({"name": ["A"], "lon": ["1"]}, "name", "name"),
        ({"lat": ["1"], "lon": ["1"]}, None, None),
    ],
)
def test_codes_and_names_are_found_by_their_headers(columns, code, name):
    table = make_table(**columns)
    assert find_code(table) == code
    assert find_name(table, code if code != name else None) == name


def test_a_code_that_repeats_is_no_code():
    assert find_code(make_table(ward17_code=["E05", "E05"], lsoa11_code=["a", "b"])) == "lsoa11_code"
    assert find_code(make_table(id=["1", "1"])) is None


@pytest.mark.parametrize(
    ("columns", "pair"),
    [
        (["lon", "lat"], ("lon", "lat")),
        (["stationName", "lat", "long"], ("long", "lat")),
        (["easting", "northing", "latitude", "longitude"], ("longitude", "latitude")),
        (["X", "Y"], ("X", "Y")),
        (["Easting", "Northing"], ("Easting", "Northing")),
        (["a", "b"], None),
    ],
)
def test_coordinates_are_found_by_their_headers_degrees_first(columns, pair):
    assert find_coordinates(make_table(**{c: ["1"] for c in columns})) == pair


def test_of_several_populations_the_latest_is_taken():
    assert find_population(make_table(pop2011=["1"], pop2016=["2"])) == "pop2016"
    assert find_population(make_table(population=["1"], pop2016=["2"])) == "population"
    assert find_population(make_table(population=["many"])) is None


@pytest.mark.parametrize(
    ("column", "vintage"),
    [
        ("oa21cd", "census output areas 2021"),
        ("lsoa11_code", "LSOAs 2011"),
        ("ward17_code", "wards 2017"),
        ("LSOA11", "LSOAs 2011"),
        ("wd21cd", "wards 2021"),
        ("id", ""),
        ("lsoacd", ""),
    ],
)
def test_the_vintage_of_codes_is_read_from_their_header(column, vintage):
    assert describe_vintage(column) == vintage


@pytest.mark.parametrize(
    ("column", "one", "several"),
    [
        ("lsoa11_code", "LSOA", "LSOAs"),
        ("wd21cd", "ward", "wards"),
        ("oa21cd", "output area", "output areas"),
        ("ltla21_code", "local authority", "local authorities"),
    ],
)
def test_the_report_names_places_after_the_header_of_their_codes(column, one, several):
    assert find_words(column) == {"neighbourhood": one, "neighbourhoods": several}
    assert find_words("id") is None


def test_the_nation_is_that_of_most_codes():
    assert find_nation(["W01000001", "W01000002", "E01000001"]) == "wales"
    assert find_nation(["X01000001", "7A1"]) is None


@pytest.mark.parametrize(
    ("lon", "lat", "crs"), [(-51.2, -30, "EPSG:32722"), (13.4, 52.5, "EPSG:32633"), (180, 1, "EPSG:32660")]
)
def test_utm_zones(lon, lat, crs):
    assert find_utm(lon, lat) == crs


# --- timetables ------------------------------------------------------------------------------------------------------


def test_the_day_is_the_second_tuesday_of_october_where_all_have_service():
    found = FoundSnapshot([hold("a", date(2024, 9, 1), date(2024, 12, 1))])
    assert choose_day(found, nation=None) == (date(2024, 10, 8), "the Tuesday of the second week of October")


def test_the_day_is_else_the_first_tuesday_in_term():
    found = FoundSnapshot([hold("a", date(2024, 3, 25), date(2024, 6, 1))])
    assert choose_day(found, nation="england")[0] == date(2024, 4, 23)
    assert choose_day(found, nation=None)[0] == date(2024, 3, 26)


def test_a_tuesday_with_few_runs_does_not_stand_for_a_timetable():
    whole = hold("a", date(2024, 1, 1), date(2024, 3, 31), n=100)
    thin = whole.runs.with_columns(pl.when(pl.col("date") < date(2024, 1, 20)).then(10).otherwise(100).alias("n_trips"))
    found = FoundSnapshot([FoundTimetable(**{**whole.__dict__, "runs": thin})])
    assert choose_day(found, nation=None)[0] == date(2024, 1, 23)


def test_timetables_without_a_common_weekday_are_refused_with_the_option_that_decides():
    found = FoundSnapshot(
        [hold("a", date(2024, 1, 1), date(2024, 1, 31)), hold("b", date(2025, 1, 1), date(2025, 1, 31))]
    )
    with pytest.raises(InputError, match=r"no weekday in common[\s\S]*--timetable NAME=FILE"):
        choose_day(found, nation=None)


def test_snapshots_get_names_in_order_and_feeds_keys_without_dates():
    later = FoundSnapshot([hold("bus-2024-03-05.gtfs.zip", date(2024, 1, 1), date(2024, 2, 1))], day=date(2024, 1, 2))
    first = FoundSnapshot([hold("bus-2023-06-13.gtfs.zip", date(2023, 1, 1), date(2023, 2, 1))], day=date(2023, 1, 3))
    snapshots = [later, first]
    name_snapshots(snapshots)
    assert [(s.id, s.keys) for s in snapshots] == [("2023-01-03", ["bus"]), ("2024-01-02", ["bus"])]


# --- whole areas -----------------------------------------------------------------------------------------------------


def test_a_folder_of_inputs_under_meaningless_names_becomes_an_area(folder):
    found = draft(data=folder, name="town", is_sure=True)
    area = Area.model_validate(found.content)
    assert area.crs == "EPSG:27700"
    assert area.timezone == "Europe/London"
    small = area.small_areas
    assert (small.path, small.code, small.population_column, small.x) == ("b.csv", "sa21cd", "population", "easting")
    assert small.lookup is not None
    assert (small.lookup.path, small.lookup.small_area, small.lookup.neighbourhood) == ("c.csv", "sa21cd", "wd21cd")
    assert area.neighbourhoods.names is not None
    assert area.neighbourhoods.names.path == "d.csv"
    assert [rule.group for rule in area.neighbourhoods.groups] == ["left_behind", "other_deprived"]
    assert area.categories == ["hospitals"]
    (snapshot,) = area.snapshots
    assert (str(snapshot.date), [feed.format for feed in snapshot.feeds]) == (
        "2016-10-11",
        ["transxchange", "auto", "auto"],
    )
    assert snapshot.feeds[0].naptan is not None
    assert snapshot.feeds[0].naptan.path == "f.csv"


def test_the_sample_becomes_four_snapshots_of_its_own_dates(root):
    found = draft(data=root / SAMPLE, is_sure=True)
    area = Area.model_validate(found.content)
    assert [str(s.date) for s in area.snapshots] == ["2010-10-12", "2016-10-11", "2019-10-08", "2024-10-08"]
    assert [len(s.feeds) for s in area.snapshots] == [4, 4, 3, 4]
    assert set(area.categories) == {"hospitals", "jobs", "stations"}
    assert {a.snapshot for a in area.accepted} == {"2016-10-11", "2019-10-08"}
    assert area.neighbourhoods.boundaries is not None
    assert area.neighbourhoods.boundaries.level == "small_area"


def test_losses_are_accepted_only_when_somebody_says_so(root):
    found = draft(data=root / SAMPLE)
    assert "accepted" not in found.content
    assert found.held == ["2016-10-11", "2019-10-08"]
    assert sum("the run will be held (exit code 6)" in hint for hint in found.hints) == 2
    assert '# accepted:\n#   - {snapshot: "2016-10-11", reason: WHY' in build_area_text(found)


def test_a_reason_given_is_the_reason_written(root):
    found = draft(data=root / SAMPLE, accept="The operator closed.")
    area = Area.model_validate(found.content)
    assert [a.reason for a in area.accepted] == ["The operator closed."] * 2
    assert found.held == []


def test_yes_accepts_and_says_that_nobody_looked_into_it(root):
    area = Area.model_validate(draft(data=root / SAMPLE, is_sure=True).content)
    assert all("Nobody has looked into it" in a.reason for a in area.accepted)
    assert {a.by for a in area.accepted} == {"connectivity config init --yes"}


def test_the_file_reads_back_as_what_was_decided_and_says_why(root, tmp_path):
    found = draft(data=root / SAMPLE, is_sure=True)
    text = build_area_text(found)
    assert yaml.safe_load(text) == json.loads(json.dumps(found.content, default=str), object_hook=_read_dates)
    assert "# Coordinate system in metres. Found: EPSG:27700: British National Grid" in text
    assert "# 2024-10-08: Tuesday 2024-10-08, the Tuesday of the second week of October" in text
    assert max(len(line) for line in text.splitlines() if line.lstrip().startswith("#")) <= 120


def _read_dates(content: dict[str, Any]) -> dict[str, Any]:
    return {k: date.fromisoformat(v) if k == "date" else v for k, v in content.items()}


def test_the_other_ways_to_name_inputs_lead_to_the_same_area(root):
    sample = root / SAMPLE
    feeds = [f"now={sample / 'timetables/2024' / name}" for name in ("bus_council.zip", "rail.zip")]
    found = draft(
        name="town",
        osm=sample / "saltmarsh.osm.pbf",
        timetables=tuple(feeds),
        small_areas=sample / "small_areas.csv",
        destinations=(f"clinics={sample / 'hospitals.csv'}", f"jobs_5000={sample / 'jobs_centres.csv'}"),
        lookup=sample / "lookup_small_area_ward.csv",
        boundaries=sample / "small_area_boundaries.geojson",
    )
    area = Area.model_validate(found.content)
    assert [(s.id, len(s.feeds)) for s in area.snapshots] == [("now", 2)]
    assert [(d.category, d.weight) for d in area.destinations] == [("clinics", None), ("jobs_5000", "jobs")]


def test_coordinates_in_another_grid_are_recognised_by_where_they_fall(folder):
    table = pd.read_csv(folder / "b.csv")
    points = gpd.GeoSeries(gpd.points_from_xy(table["easting"], table["northing"]), crs=27700).to_crs(32631)
    table.assign(easting=points.x.round(1), northing=points.y.round(1)).to_csv(folder / "b.csv", index=False)
    found = draft(data=folder, name="town")
    assert found.content["small_areas"]["crs"] == "EPSG:32631"
    assert "lie on the streets" in found.decisions["small_areas"]


def test_exchanged_headers_of_coordinates_are_put_right(folder):
    table = pd.read_csv(folder / "e.csv").rename(columns={"lon": "lat", "lat": "lon"})
    table.to_csv(folder / "e.csv", index=False)
    (entry,) = draft(data=folder, name="town").content["destinations"]
    assert (entry["x"], entry["y"]) == ("lat", "lon")


def test_places_whose_names_repeat_are_told_apart_by_name_and_place(folder):
    table = pd.read_csv(folder / "e.csv").drop(columns=["id", "has_ae"])
    table.assign(name="Cottage Hospital").to_csv(folder / "e.csv", index=False)
    (entry,) = draft(data=folder, name="town").content["destinations"]
    assert (entry["code"], entry["code_with"], entry["name"]) == ("name", ["lon", "lat"], "name")


def test_a_geopackage_in_the_national_grid_decides_the_area(folder):
    table = pd.read_csv(folder / "b.csv")
    points = gpd.points_from_xy(table["easting"], table["northing"])
    frame = gpd.GeoDataFrame(table.drop(columns=["easting", "northing"]), geometry=points, crs=27700)
    (folder / "b.csv").unlink()
    frame.to_file(folder / "points.gpkg")
    found = draft(data=folder, name="town")
    assert found.content["small_areas"]["path"] == "points.gpkg"
    assert "crs" not in found.content["small_areas"]
    assert found.decisions["crs"] == "EPSG:27700: points.gpkg is in it"


def test_places_that_nothing_names_go_by_words_and_the_hint_says_how_to_name_them(folder):
    table = pd.read_csv(folder / "e.csv").drop(columns=["name", "has_ae"])
    (folder / "e.csv").unlink()
    table.to_csv(folder / "poi.csv", index=False)
    found = draft(data=folder, name="town")
    (entry,) = found.content["destinations"]
    assert (entry["category"], entry["label"], entry["plural"]) == ("poi", "point of interest", "points of interest")
    (hint,) = [hint for hint in found.hints if hint.startswith("poi.csv")]
    assert "called 'point of interest' after the file" in hint
    assert "--destinations NAME=poi.csv" in hint


# --- refusals --------------------------------------------------------------------------------------------------------


def test_two_street_extracts_are_not_chosen_between(folder):
    shutil.copy(folder / "a.osm.pbf", folder / "z.osm.pbf")
    with pytest.raises(UsageError, match=r"cannot be decided which of 2[\s\S]*Say which with --osm"):
        draft(data=folder, name="town")
    assert draft(data=folder, name="town", osm=folder / "a.osm.pbf").content["streets"]["path"] == "a.osm.pbf"


@pytest.mark.parametrize(
    ("gone", "option"),
    [("a.osm.pbf", "--osm"), ("b.csv", "--small-areas"), ("e.csv", "--destinations"), ("ghi", "--timetable")],
)
def test_what_is_missing_is_named_with_its_option(folder, gone, option):
    for path in folder.iterdir():
        if path.name == gone or (gone == "ghi" and path.name[0] in gone):
            path.unlink()
    with pytest.raises(UsageError) as refused:
        draft(data=folder, name="town")
    assert option in (refused.value.field or "") + (refused.value.cure or "")


def test_a_folder_that_is_none_and_a_file_elsewhere_are_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        draft(data=tmp_path / "nowhere")
    with pytest.raises(UsageError, match="nothing to begin with"):
        draft()
    (tmp_path / "else.csv").write_text("id,lon,lat\n1,0.8,53.2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="does not lie below"):
        draft(data=folder, small_areas=tmp_path / "else.csv")
    with pytest.raises(InputError, match="does not exist"):
        draft(data=folder, osm=folder / "gone.pbf")


def test_coordinates_that_fall_nowhere_near_are_left_out_or_refused(folder):
    table = pd.read_csv(folder / "b.csv")
    table.assign(easting=5, northing=9_999_999).to_csv(folder / "b.csv", index=False)
    found = Draft()
    with pytest.raises(UsageError, match="--small-areas"):
        draft_area(Wanted(data=folder, name="town"), NOBODY, found)
    (hint,) = [hint for hint in found.hints if hint.startswith("b.csv")]
    assert "cannot be told in which coordinate system easting, northing are" in hint


def test_systems_and_time_zones_that_are_none_are_refused(folder):
    with pytest.raises(UsageError, match="must be in metres"):
        draft(data=folder, name="town", crs="EPSG:4326")
    with pytest.raises(UsageError, match="no time zone 'Europe/Lundon'"):
        draft(data=folder, name="town", timezone="Europe/Lundon")
    assert draft(data=folder, name="town", crs="EPSG:32631").content["crs"] == "EPSG:32631"


def test_a_name_with_a_slash_is_refused(folder):
    with pytest.raises(UsageError, match="no name for an area"):
        draft(data=folder, name="../town")


# --- the command -----------------------------------------------------------------------------------------------------


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["connectivity", "config", "init", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out, shown.err


def test_the_command_writes_a_file_that_loads_tells_the_plan_and_the_next_command(
    monkeypatch, capsys, folder, tmp_path
):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(monkeypatch, capsys, "--data", "inputs", "--name", "town", "--title", "Our Town")
    assert code == 0
    project = load_project("town")
    assert (project.area.title, project.area.data) == ("Our Town", "inputs")
    assert "next:    make all AREA=town" in out
    assert "outputs/town/report/index.html" in out
    assert max(map(len, out.splitlines())) <= 100
    assert re.search(r"snapshot +2016-10-11: Tuesday", out)


def test_a_file_that_exists_is_left_as_it_is_unless_somebody_is_sure(monkeypatch, capsys, folder, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "town.yaml"
    path.write_text("mine", encoding="utf-8")
    words = ("--data", "inputs", "--name", "town", "--out", "town.yaml")
    code, _, err = call(monkeypatch, capsys, *words)
    assert (code, path.read_text("utf-8")) == (2, "mine")
    assert "say --yes" in err
    assert call(monkeypatch, capsys, *words, "--yes")[0] == 0
    assert path.read_text("utf-8") != "mine"


def test_json_tells_programs_what_was_decided(monkeypatch, capsys, folder, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(monkeypatch, capsys, "--data", "inputs", "--name", "town", "--json")
    content = json.loads(out)
    assert code == 0
    assert set(content) == {"area_file", "name", "decisions", "snapshots", "destinations", "hints", "next"}
    assert content["snapshots"]["2016-10-11"]["date"] == "2016-10-11"


def test_questions_are_answered_by_a_person_and_enter_takes_the_default(monkeypatch, folder, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "a.osm.pbf", folder / "z.osm.pbf")
    answers = iter(["2", "", "", "y", "y", "y", "y", "y"])
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    asked: list[str] = []

    def prompt(text: str, default: Any = None, **_: Any) -> Any:
        asked.append(text)
        return 2 if text == "Which one" else default

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("typer.confirm", lambda text, default=True, **_: asked.append(text) or True)
    made = run_init(Wanted(data=folder), out=tmp_path / "mine.yaml", is_sure=False)
    assert made["name"] == "inputs"
    assert load_project(made["area_file"]).area.streets.path == "z.osm.pbf"
    assert "Which one" in asked
    assert any("destinations 'hospitals'" in text for text in asked)
    assert any(text.startswith("Write ") for text in asked)


def test_comments_stand_above_their_keys_in_lists_too():
    content = {"a": {"b": [{"c": 1, "d": "x: y"}]}, "e": None, "f": []}
    text = write_commented(content, {("a", "b", "c"): ["note"], ("e",): ["end"]}, head=["top"], tail=["tail"])
    assert text == "# top\na:\n  b:\n    # note\n    - c: 1\n      d: 'x: y'\n# end\ne: null\nf: []\n# tail\n"
    assert yaml.safe_load(text) == content


# --- real inputs -----------------------------------------------------------------------------------------------------


def test_newport_is_recognised_as_a_welsh_town(shared_data):
    found = draft(data=shared_data / "newport", is_sure=True)
    area = Area.model_validate(found.content)
    assert (area.crs, area.calendar.nation) == ("EPSG:27700", "wales")
    assert (area.small_areas.code, area.small_areas.vintage) == ("OA21CD", "census output areas 2021")
    assert area.neighbourhoods.boundaries is not None
    assert area.neighbourhoods.boundaries.code == "LSOA11CD"
    assert [[feed.key for feed in s.feeds] for s in area.snapshots] == [["bus"], ["bus", "rail"]]
    assert str(area.snapshots[1].date) == "2024-03-05", "the first Tuesday after the feed was extracted"
    assert found.decisions["snapshots"].startswith("2, one after the other: the dates of their timetables")
    assert area.settings["gates"]["min_linked_pct"] <= 72
    assert any("26 of 95 neighbourhoods lie off the streets" in hint for hint in found.hints)
    assert [d.category for d in area.destinations] == ["hospitals"]
    assert area.words.groups["other_deprived"] == "other deprived LSOAs"
    assert any("(IsBig, IsMHLDOnly)" in hint for hint in found.hints)


def test_places_off_the_streets_are_those_of_the_snapshot_that_joins_fewest(shared_data):
    """In Porto Alegre 3 hexagons are off with the stops of the full feed, 7 with those of the thinned one."""
    folder = shared_data / "porto_alegre"
    feeds = {"full": "poa_old_gtfs.zip", "thinned": "poa_eptc.zip"}
    found = draft(data=folder, timetables=tuple(f"{name}={folder / file}" for name, file in feeds.items()))
    assert any("7 of 1,227 neighbourhoods lie off the streets" in hint for hint in found.hints)
    assert found.content["settings"]["gates"]["min_linked_pct"] == 99


def test_a_file_of_the_whole_country_is_not_accepted_for_a_town(shared_data):
    """33,000 small areas beside a town's streets: no gate is lowered, and the hint says what to do."""
    found = draft(
        name="town",
        osm=shared_data / "newport/newport-2023-06-13.osm.pbf",
        timetables=(str(shared_data / "newport/rail-2024-03-05.gtfs.zip"),),
        small_areas=shared_data / "england/lsoa11-population-weighted-centroids.csv",
        destinations=(f"stations={shared_data / 'england/rail-stations.csv'}",),
    )
    assert "gates" not in found.content.get("settings", {})
    assert any("cut down to the area" in hint for hint in found.hints)
    assert found.content["calendar"] == {"nation": "wales"}


def test_porto_alegre_is_in_a_utm_zone_of_the_south(shared_data):
    found = draft(data=shared_data / "porto_alegre")
    area = Area.model_validate(found.content)
    assert (area.crs, area.timezone) == ("EPSG:32722", "America/Sao_Paulo")
    assert (area.small_areas.path, area.small_areas.population_column) == ("poa_hexgrid.csv", "population")
    assert {"jobs", "schools", "hospitals"} <= set(area.categories)
    assert area.calendar.nation is None
    assert 98 <= area.settings["gates"]["min_linked_pct"] <= 99.4  # 7 hexagons have no street
    assert [[feed.path for feed in s.feeds] for s in area.snapshots] == [["poa_old_gtfs.zip", "poa_trensurb.zip"]]
    (left,) = [hint for hint in found.hints if hint.startswith("poa_eptc.zip is left out")]
    assert "nothing in them says which is later" in left
    assert f"--timetable before={shared_data / 'porto_alegre/poa_old_gtfs.zip'}" in left
    assert ("poa_points_of_interest", "point of interest") in {(d.category, d.label) for d in area.destinations}


def test_greater_manchester_has_no_streets_and_is_told_so(shared_data):
    with pytest.raises(UsageError, match=r"street extract[\s\S]*--osm"):
        draft(data=shared_data / "greater_manchester")
