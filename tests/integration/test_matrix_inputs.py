"""Inputs of `connectivity matrix` that were once misread: each case is a defect that was found and mended."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.cli import main as cli
from pipeline.stages.matrix import MatrixQuestion, compute_matrix

LONLAT = "id,lon,lat\nA,0.840255,53.202183\nB,0.862061,53.212367\n"
GRID = [("A", 590400, 370520), ("B", 591320, 370530)]


@pytest.fixture
def ask(root: Path, tmp_path: Path):
    def compute(text: str | None = LONLAT, *, path: Path | None = None, **changes):
        points = path or tmp_path / "points.csv"
        if text is not None:
            points.write_text(text, "utf-8")
        question = {
            "gtfs": [root / "data/sample/timetables/2024/bus_council.zip"],
            "osm": root / "data/sample/saltmarsh.osm.pbf",
            "origins": points,
            "destinations": points,
            "day": date(2024, 10, 8),
            "time_s": 8 * 3600,
            "notices": Notices(),
            **changes,
        }
        return compute_matrix(MatrixQuestion(**question)), question["notices"]

    return compute


def test_a_column_whose_name_holds_lon_does_not_make_eastings_degrees(ask):
    rows = "".join(f"{i},{e},{n},x\n" for i, e, n in GRID)
    frame, _ = ask("id,easting,northing,colony\n" + rows)
    assert frame["reason"].null_count() == 4


def test_eastings_are_read_from_parquet_too(ask, tmp_path):
    path = tmp_path / "points.parquet"
    pd.DataFrame(GRID, columns=["id", "easting", "northing"]).to_parquet(path)
    frame, _ = ask(None, path=path)
    assert frame["reason"].null_count() == 4


def test_national_grid_in_columns_called_lon_and_lat_is_named(ask):
    with pytest.raises(InputError, match="look like metres of a projected system"):
        ask("id,lon,lat\n" + "".join(f"{i},{e},{n}\n" for i, e, n in GRID))


def test_exchanged_longitude_and_latitude_are_suggested(ask):
    with pytest.raises(InputError, match="None of the 2 points") as error:
        ask("id,lat,lon\nA,0.840255,53.202183\nB,0.862061,53.212367\n")
    assert "look exchanged" in str(error.value.cure)
    assert error.value.row == 2


def test_a_feed_without_service_beside_one_with_service_is_noted(ask, root, tmp_path):
    source = root / "data/sample/timetables/2024/rail.zip"
    weekend = tmp_path / "rail.zip"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(weekend, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "calendar.txt":
                table = pd.read_csv(io.BytesIO(content), dtype=str)
                table.loc[:, ["monday", "tuesday", "wednesday", "thursday", "friday"]] = "0"
                table.loc[:, ["saturday", "sunday"]] = "1"
                content = table.to_csv(index=False).encode()
            if name != "calendar_dates.txt":
                new.writestr(name, content)
    _, notices = ask(gtfs=[root / "data/sample/timetables/2024/bus_council.zip", weekend])
    row = notices.to_frame().query("code == 'feed_without_service_on_date'").iloc[0]
    assert row["file"] == "rail.zip"
    assert "nothing on 2024-10-08 (Tuesday)" in row["detail"]


def move_stops(source: Path, target: Path, *, n_stops: int | None) -> Path:
    """Write a copy of a feed with its first stops (all if None) two degrees farther south."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "stops.txt":
                table = pd.read_csv(io.BytesIO(content), dtype=str)
                lat = table["stop_lat"].astype(float)
                lat.iloc[:n_stops] -= 2
                content = table.assign(stop_lat=lat.astype(str)).to_csv(index=False).encode()
            new.writestr(name, content)
    return target


def test_a_timetable_of_another_region_is_refused(ask, root, tmp_path):
    source = root / "data/sample/timetables/2024/ferry.zip"
    with pytest.raises(InputError, match=r"None of the \d+ stops of the timetable lies near"):
        ask(gtfs=[move_stops(source, tmp_path / "ferry.zip", n_stops=None)])


def test_a_stop_off_the_streets_is_noted(ask, root, tmp_path):
    source = root / "data/sample/timetables/2024/ferry.zip"
    _, notices = ask(gtfs=[move_stops(source, tmp_path / "ferry.zip", n_stops=1)])
    assert notices.counts()["stop_far_from_streets"] == 1


def test_trips_without_any_calendar_are_refused(ask, root, tmp_path):
    source = root / "data/sample/timetables/2024/bus_council.zip"
    broken = tmp_path / "bus.zip"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            if name != "calendar.txt":
                new.writestr(name, old.read(name))
    with pytest.raises(InputError, match="belong to services that no calendar has"):
        ask(gtfs=[broken])


def test_modes_without_a_trip_are_noted(ask):
    _, notices = ask(modes=("rail",))
    assert notices.counts()["no_trips_of_modes"] == 1


def test_a_far_point_is_noted_once_when_origins_are_the_destinations(ask):
    frame, notices = ask(LONLAT + "SEA,1.2,53.4\n")
    assert notices.counts()["point_far_from_streets"] == 1
    assert frame.filter(frame["from_id"] == "SEA")["reason"].unique().to_list() == ["no_street"]


def run_cli(monkeypatch, capsys, root, points, *more):
    words = ["matrix", "--gtfs", root / "data/sample/timetables/2024/ferry.zip"]
    words += ["--osm", root / "data/sample/saltmarsh.osm.pbf", "--origins", points, "--destinations", points]
    words += ["--time", "08:00", *more]
    monkeypatch.setattr("sys.argv", ["connectivity", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize("date_text", ["20241008", "2024-W41-2", "8.10.2024"])
def test_other_ways_to_write_a_date_are_refused(monkeypatch, capsys, root, tmp_path, date_text):
    points = tmp_path / "points.csv"
    points.write_text(LONLAT, "utf-8")
    code, text = run_cli(monkeypatch, capsys, root, points, "--date", date_text, "--out", tmp_path / "o.csv")
    assert code == UsageError.exit_code
    assert "2024-03-05" in text


def test_a_folder_in_place_of_points_and_an_output_over_an_input_are_refused(monkeypatch, capsys, root, tmp_path):
    points = tmp_path / "points.csv"
    points.write_text(LONLAT, "utf-8")
    code, text = run_cli(monkeypatch, capsys, root, tmp_path, "--date", "2024-10-08", "--out", tmp_path / "o.csv")
    assert (code, "is a folder" in text) == (4, True)
    code, text = run_cli(monkeypatch, capsys, root, points, "--date", "2024-10-08", "--out", points)
    assert (code, "overwrite an input" in text) == (2, True)
    assert points.read_text("utf-8") == LONLAT


def test_an_unwritable_list_of_notices_stops_before_the_result_is_replaced(monkeypatch, capsys, root, tmp_path):
    points, out = tmp_path / "points.csv", tmp_path / "o.csv"
    points.write_text(LONLAT, "utf-8")
    out.write_text("earlier", "utf-8")
    blocked = points / "notices.csv"
    more = ("--date", "2024-10-08", "--out", out, "--notices", blocked)
    code, text = run_cli(monkeypatch, capsys, root, points, *more)
    assert (code, "cure:" in text) == (4, True)
    assert out.read_text("utf-8") == "earlier"


@pytest.mark.parametrize("value", ["inf", "1e9", "-1"])
def test_walking_limits_out_of_range_are_refused(monkeypatch, capsys, root, tmp_path, value):
    points = tmp_path / "points.csv"
    points.write_text(LONLAT, "utf-8")
    more = ("--date", "2024-10-08", "--out", tmp_path / "o.csv", "--max-walk-m", value)
    assert run_cli(monkeypatch, capsys, root, points, *more)[0] == 2


# --- columns of other names ------------------------------------------------------------------------------------------


def test_points_without_an_id_are_refused_with_the_columns_found_and_the_option(ask):
    text = "MSOA21CD,name,lon,lat\nA,x,0.840255,53.202183\nB,x,0.862061,53.212367\n"
    with pytest.raises(InputError, match="Columns found: MSOA21CD, name, lon, lat") as refused:
        ask(text)
    assert "--id-column MSOA21CD" in str(refused.value.cure)
    frame, _ = ask(text, id_columns=("code", "msoa21cd"))
    assert frame["from_id"].unique().sort().to_list() == ["A", "B"]


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        ("id,Longitude,Latitude", ()),
        ("id,long,lat", ()),
        ("id,x,y", ()),
        ("id,here_e,here_n", (("here_e", "here_n"),)),
        ("id,here_e,here_n", (("lon", "lat"), ("HERE_E", "here_n"))),
    ],
)
def test_degrees_are_read_from_the_usual_columns_and_from_those_that_are_named(ask, header, pair):
    frame, _ = ask(LONLAT.replace("id,lon,lat", header), coordinate_columns=pair)
    assert frame["reason"].null_count() == 4


@pytest.mark.parametrize(("header", "pair"), [("id,x,y", ()), ("id,Eastings,Northings", ()), ("id,a,b", (("a", "b"),))])
def test_metres_are_told_from_degrees_by_the_values_where_names_do_not_tell(ask, header, pair):
    frame, _ = ask(f"{header}\n" + "".join(f"{i},{e},{n}\n" for i, e, n in GRID), coordinate_columns=pair)
    assert frame["reason"].null_count() == 4


def test_points_without_coordinates_are_refused_with_the_columns_found_and_the_option(ask):
    with pytest.raises(InputError, match="Columns found: id, centre_lon, centre_lat") as refused:
        ask(LONLAT.replace("lon,lat", "centre_lon,centre_lat"))
    assert "--coordinates X,Y" in str(refused.value.cure)


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("--max-changes", {"max_changes": -1}),
        ("--window", {"window_min": 0}),
        ("--k", {"n_nearest": 0}),
        ("--max-time-min", {"max_time_min": 0}),
        ("--interchange-s", {"interchange_s": -1}),
        ("--max-walk-m", {"max_walk_m": float("nan")}),
        ("--max-transfer-m", {"max_transfer_m": -0.1}),
        ("--walk-kmh", {"walk_kmh": 0.0}),
    ],
)
def test_numbers_below_the_least_that_means_something_are_refused_from_python_too(ask, option, changes):
    with pytest.raises(UsageError) as refused:
        ask(**changes)
    assert refused.value.field == option
