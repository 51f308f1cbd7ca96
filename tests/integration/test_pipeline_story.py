"""The embedded sample: the pipeline tells the story of docs/sample.md and story.yaml, and no other."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
import yaml

from pipeline.base.clock import parse_time_s
from pipeline.stages.matrix import MatrixQuestion, compute_matrix
from pipeline.timetables.model import Timetable
from tests.support.pipeline import ROOT, ProjectFolder

SAMPLE = ROOT / "data" / "sample"
STORY: dict[str, Any] = yaml.safe_load((SAMPLE / "story.yaml").read_text(encoding="utf-8"))
YEARS = ("2010", "2016", "2019", "2024")
PAIRS = [(str(pair["from"]), str(pair["to"])) for pair in STORY["pairs"]]
NOTICES = {
    "timetable_duplicate_trips": "duplicate_trips",
    "gtfs_times_interpolated": "blank_stop_times",
    "gtfs_frequency_inexact": "inexact_frequency_rows",
    "cif_grid_scaled": "grid_references_scaled",
}
OUTWARD_ALL = {"direction": "outward", "mode_set": "all"}


def _read_wards() -> dict[str, str]:
    with (SAMPLE / "wards.csv").open(encoding="utf-8", newline="") as handle:
        return {row["wd21cd"]: row["wd21nm"] for row in csv.DictReader(handle)}


WARDS = _read_wards()


def _select(frame: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


@pytest.fixture(scope="module")
def services(sample: ProjectFolder) -> pd.DataFrame:
    return sample.read_table("out_service__change", "sample")


@pytest.fixture(scope="module")
def changes(sample: ProjectFolder) -> pd.DataFrame:
    frame = sample.read_table("out_neighbourhood__service_change", "sample")
    return frame.assign(ward=frame["neighbourhood_code"].map(WARDS))


@pytest.fixture(scope="module")
def levels(sample: ProjectFolder) -> pd.DataFrame:
    frame = sample.read_table("out_neighbourhood__service_level", "sample")
    return frame.assign(ward=frame["neighbourhood_code"].map(WARDS))


# --- services, matched ------------------------------------------------------------------------------------------------

Told = tuple[str, str | None, str | None, str]


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_service_is_told_as_it_was_and_no_other(services: pd.DataFrame, pair: tuple[str, str]) -> None:
    story = next(p for p in STORY["pairs"] if (str(p["from"]), str(p["to"])) == pair)
    expected: dict[Told, tuple[str, list[float | None]]] = {}
    for item in story["services"]:
        before, after = item["before"], item["after"]
        key = (item["operator"], before and before["route"], after and after["route"], item["mode"])
        runs = [
            side and side["runs_per_day_28_days"][day]
            for day in ("weekday", "saturday", "sunday")
            for side in (before, after)
        ]
        expected[key] = (item["status"], runs)
    found: dict[Told, tuple[str, list[float | None]]] = {}
    for row in _select(services, snapshot_from=pair[0], snapshot_to=pair[1]).to_dict("records"):
        plain = {str(k): None if pd.isna(v) else v for k, v in row.items()}
        key = (
            plain["operator_name_before"] or plain["operator_name_after"],
            plain["route_before"],
            plain["route_after"],
            plain["mode"],
        )
        assert key not in found, key
        runs = [
            plain[f"{day}_runs_{side}"] for day in ("weekday", "saturday", "sunday") for side in ("before", "after")
        ]
        found[key] = (plain["status"], runs)
    assert set(found) == set(expected)
    for key, (status, runs) in expected.items():
        assert found[key][0] == status, key
        assert found[key][1] == pytest.approx(runs, abs=1e-6), key


def test_the_year_without_a_feed_leaves_no_trace_between_the_years_around_it(services: pd.DataFrame) -> None:
    """2010 to 2024: Coastliner's services are as they were; what happened to the others is what happened in steps."""
    rows = _select(services, snapshot_from="2010", snapshot_to="2024")
    routes = rows[["route_before", "route_after"]].astype(object).fillna("")
    status = dict(zip(routes.itertuples(index=False, name=None), rows["status"], strict=True))
    expected = {(r, r): "kept" for r in ("3", "5", "10", "50", "F1", "M1", "MCL", "N1", "S1", "X51", "X9")}
    expected |= {(r, r): "cut_back" for r in ("1", "2", "4", "6")}
    expected |= {("7", "57"): "renamed", ("8", ""): "withdrawn", ("9", "9"): "retimed", ("", "X1"): "new"}
    assert status == expected


def test_missing_services_are_missing_data_with_evidence(services: pd.DataFrame) -> None:
    gone = services[services["status"].isin(["missing", "returned"])]
    assert set(gone["route_before"].fillna(gone["route_after"])) == {"50", "X51"}
    assert set(gone["coverage_class"]) == {"missing"}
    assert gone["evidence"].str.contains("2019").all()
    others = services[~services["status"].isin(["missing", "returned"])]
    assert set(others["coverage_class"]) == {"comparable"}
    assert (services["evidence"].str.len() > 10).all()


def test_presence_of_operators(sample: ProjectFolder) -> None:
    presence = sample.read_table("out_operator__presence", "sample")
    coastliner = presence[presence["operator_name"] == "Coastliner"].set_index("snapshot")
    assert coastliner["presence_class"].to_dict() == {y: "missing" if y == "2019" else "present" for y in YEARS}
    others = presence[presence["operator_name"] != "Coastliner"]
    assert len(others) == 4 * len(YEARS)
    assert set(others["presence_class"]) == {"present"}


# --- service in the wards ---------------------------------------------------------------------------------------------

# wards with a zone in which a service calls that lost evenings, Sundays or (8) all its runs in 2016
SUNDAY_LOST = {
    "Market",
    "Limekiln",
    "Ropewalk",
    "Fernhithe",
    "Staithe",
    "Samphire",
    "Brackwater",
    "Fennick",
    "Dunmarle",
}
TOUCHED_IN_2016 = {"evening": SUNDAY_LOST | {"Parkside", "Cawsby", "High Carr"}, "sunday": SUNDAY_LOST}


def _pivot(levels: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    return _select(levels, **wanted).pivot_table(index="ward", columns="snapshot", values="runs_per_day")


def test_evenings_and_sundays_were_withdrawn_in_2016_where_they_were(levels: pd.DataFrame) -> None:
    cases = {
        "evening": _pivot(levels, mode="bus", day_type="weekday", band="18_22"),
        "sunday": _pivot(levels, mode="bus", day_type="sunday", band="all_day"),
    }
    for name, runs in cases.items():
        less = set(runs.index[runs["2016"] < runs["2010"]])
        assert less == TOUCHED_IN_2016[name], name
        same = runs[~runs.index.isin(less)]
        assert (same["2016"] == same["2010"]).all(), name
    sunday = cases["sunday"]
    assert sunday.loc["Samphire"].tolist() == [58.0, 0.0, 0.0, 0.0]  # route 1 alone
    assert sunday.loc["Brackwater"].tolist() == [12.0, 0.0, 0.0, 0.0]  # route 4 alone
    assert sunday.loc["Dunmarle"].tolist() == [8.0, 0.0, 0.0, 0.0]  # route 6 alone
    assert sunday.loc["Fernhithe"].tolist() == [44.0, 10.0, 0.0, 10.0]  # 2, 6 and 50; 50; missing data; 50
    assert sunday.loc["Teasel End"].tolist() == [10.0, 10.0, 0.0, 10.0]  # 50, missing in 2019
    assert (sunday.loc["Gannet Holm"] == 0).all()
    evening = cases["evening"]
    assert evening.loc["Samphire"].tolist() == [32.0, 12.0, 12.0, 12.0]
    weekday = _pivot(levels, mode="bus", day_type="weekday", band="all_day")
    assert weekday.loc["Samphire"].tolist() == [134.0, 102.0, 102.0, 102.0]
    assert weekday.loc["Cawsby"].tolist() == pytest.approx([42.4, 30.4, 0.4, 30.4])  # 8, 50, M1; 50, M1; M1; 50, M1
    ferry = _pivot(levels, mode="ferry", day_type="weekday", band="all_day")
    assert set(ferry.index[ferry["2010"] > 0]) == {"Gannet Holm", "Harbour"}
    assert (ferry.loc["Gannet Holm"] == 24).all()
    rail = _pivot(levels, mode="rail", day_type="weekday", band="all_day")
    assert set(rail.index[rail["2010"] > 0]) == {"Northgate", "Sedgeby"}


def test_last_buses_went_earlier(levels: pd.DataFrame) -> None:
    last = _select(levels, mode="bus", day_type="weekday", band="all_day", ward="Samphire").set_index("snapshot")
    assert last.loc["2010", "last_run_s"] > parse_time_s("22:30")
    assert (last.loc[["2016", "2019", "2024"], "last_run_s"] < parse_time_s("19:30")).all()
    lost = last["hours_served"]["2010"] - last["hours_served"]["2016"]
    assert 3 <= lost <= 4


def test_missing_data_is_never_a_decline(changes: pd.DataFrame) -> None:
    missing = changes[changes["coverage_class"] == "missing"]
    assert len(missing) > 0
    assert missing[["change_runs_per_day", "change_pct"]].isna().all(axis=None)
    assert (missing["coverage_reason"].str.contains("Coastliner")).all()
    touched = changes[changes["coverage_class"] != "comparable"]
    assert ((touched["snapshot_from"] == "2019") | (touched["snapshot_to"] == "2019")).all()
    day = _select(changes, comparison="consecutive", band="all_day")
    to_2019 = _select(day, snapshot_to="2019")
    declined = to_2019[to_2019["change_runs_per_day"] < 0]
    assert set(declined["ward"]) == {"Limekiln"}  # 6 ends at the bus station from 2019; nothing else was taken away
    assert set(declined["mode"]) == {"bus", "all"}
    assert set(declined["change_runs_per_day"]) == {-24.0}
    from_2019 = _select(day, snapshot_from="2019")
    assert not (from_2019["change_runs_per_day"] < 0).any()
    grown = from_2019[from_2019["change_runs_per_day"] > 0]
    assert set(grown["change_runs_per_day"]) == {50.0}  # X1, new on weekdays and Saturdays
    assert set(grown["day_type"]) == {"weekday", "saturday"}
    assert set(grown["ward"]) == {"Teasel End", "Fernhithe", "Market", "Limekiln"}


def test_wards_with_only_the_missing_operator_have_no_value(changes: pd.DataFrame) -> None:
    for first, second in (("2016", "2019"), ("2019", "2024")):
        rows = _select(changes, snapshot_from=first, snapshot_to=second, band="all_day", day_type="weekday")
        coach = rows[(rows["mode"] == "coach") & (rows["coverage_class"] == "missing")]
        assert set(coach["ward"]) == {"Market", "Northgate", "Sedgeby"}
        cawsby = _select(rows, mode="bus", ward="Cawsby")
        assert cawsby["coverage_class"].tolist() == ["missing"]
        assert cawsby["change_runs_per_day"].isna().all()


# --- notices ----------------------------------------------------------------------------------------------------------


def test_notices_are_those_of_the_story_and_no_others(sample: ProjectFolder) -> None:
    notices = sample.read_table("out_run__notices", "sample")
    for year in YEARS:
        rows = notices[notices["snapshot"] == year]
        counts = rows[rows["stage"] == "timetables"].groupby("code")["count"].sum().to_dict()
        told = STORY["snapshots"][int(year)]["expected_notices"]
        assert counts == {code: told[name] for code, name in NOTICES.items() if told[name]}, year
    rest = notices[notices["stage"] != "timetables"]
    # the first snapshot has none before it, so that nothing is known of change there
    expected = {("streets", "streets_barrier_cut"): 1, ("scores", "indicator_without_data"): 1}
    assert rest.groupby(["stage", "code"])["count"].sum().to_dict() == expected


def test_duplicates_count_once(sample: ProjectFolder) -> None:
    for year in YEARS:
        timetable = Timetable.read(sample.outputs("sample") / "timetables" / year / "timetable")
        route = timetable.routes.filter(pl.col("route_short_name") == "10")
        trips = timetable.trips.join(route.select("route_index"), on="route_index")
        days = timetable.service_dates.filter(pl.col("date") == STORY["snapshots"][int(year)]["reference_date"])
        assert trips.join(days, on="service_index").height == 24
        assert trips["n_duplicates"].sum() == (0 if year == "2019" else 24)


# --- what can be checked by hand --------------------------------------------------------------------------------------


def _list_calls(sample: ProjectFolder, year: str, route: str) -> list[list[tuple[str, int, bool]]]:
    """Trips of a route on the snapshot's Tuesday: name, arrival and whether it was interpolated, call by call."""
    timetable = Timetable.read(sample.outputs("sample") / "timetables" / year / "timetable")
    day = STORY["snapshots"][int(year)]["reference_date"]
    trips = (
        timetable.trips.join(timetable.routes.filter(pl.col("route_short_name") == route), on="route_index")
        .join(timetable.service_dates.filter(pl.col("date") == day), on="service_index")
        .select("trip_index")
    )
    calls = (
        timetable.stop_times.join(trips, on="trip_index")
        .join(timetable.stops.select("stop_index", "stop_name"), on="stop_index")
        .sort("trip_index", "position")
        .group_by("trip_index", maintain_order=True)
        .agg("stop_name", "arrival_s", "is_interpolated")
    )
    return [list(zip(*row[1:], strict=True)) for row in calls.iter_rows()]


def _find_trip(trips: Iterable[list[tuple[str, int, bool]]], start: str, time: str) -> list[tuple[str, int, bool]]:
    found = [trip for trip in trips if trip[0][:2] == (start, parse_time_s(time))]
    assert len(found) == 1, (start, time, len(found))
    return found[0]


def test_blank_times_by_distance(sample: ProjectFolder) -> None:
    trip = _find_trip(_list_calls(sample, "2024", "50"), "Teasel End", "06:40")
    interpolated = {name: arrival for name, arrival, is_interpolated in trip if is_interpolated}
    expected = {
        "Shore Road": "06:44", "Fernhithe Green": "06:54", "Coast Road Chapel": "07:13", "Cawsby Haven": "07:17",
    }  # fmt: skip
    assert interpolated == {name: parse_time_s(time) for name, time in expected.items()}
    for year in ("2010", "2016"):  # ATCO-CIF and TransXChange, which file these times
        filed = _find_trip(_list_calls(sample, year, "50"), "Teasel End", "06:40")
        assert [(name, arrival) for name, arrival, _ in filed] == [(name, arrival) for name, arrival, _ in trip]
        assert not any(is_interpolated for *_, is_interpolated in filed)
    for trip in _list_calls(sample, "2024", "57"):
        times = [arrival for _, arrival, _ in trip]
        assert sum(is_interpolated for *_, is_interpolated in trip) == 5
        assert times == sorted(times)


def test_exact_frequencies(sample: ProjectFolder) -> None:
    trips = _list_calls(sample, "2010", "3")
    starts = sorted(trip[0][1] for trip in trips)
    assert starts == list(range(parse_time_s("07:00"), parse_time_s("18:40") + 1, 20 * 60))
    calls = {name: arrival for name, arrival, _ in _find_trip(trips, "Wrackham Bus Station A", "07:20")[1:-1]}
    assert calls["Quay"] == parse_time_s("07:27")
    assert calls["General Hospital"] == parse_time_s("07:36")


def test_the_truncated_route(sample: ProjectFolder) -> None:
    for year, end, time in (
        ("2010", "General Hospital", "07:16"),
        ("2016", "General Hospital", "07:16"),
        ("2019", "Wrackham Bus Station B", "07:08"),
        ("2024", "Wrackham Bus Station B", "07:08"),
    ):
        trip = _find_trip(_list_calls(sample, year, "6"), "Dunmarle Green", "06:50")
        assert trip[-1][:2] == (end, parse_time_s(time)), year


TUESDAYS: dict[str, dt.date] = {str(year): told["reference_date"] for year, told in STORY["snapshots"].items()}
Points = dict[str, tuple[float, float]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions")


@pytest.fixture(scope="module")
def small_areas(folder: Path) -> Path:
    path = folder / "small_areas.csv"
    text = (SAMPLE / "small_areas.csv").read_text(encoding="utf-8")
    path.write_text(text.replace("sa21cd,", "id,", 1), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def stops(folder: Path, sample: ProjectFolder) -> Path:
    """Some stops as points, called by their names."""
    wanted = ("Wrackham Bus Station B", "Fernhithe Green", "Dunmarle Green", "General Hospital", "Teasel End")
    frame = Timetable.read(sample.outputs("sample") / "timetables" / "2010" / "timetable").stops
    rows = (
        frame.filter(pl.col("stop_name").is_in(wanted))
        .sort("stop_id")
        .unique("stop_name", keep="first", maintain_order=True)
    )
    path = folder / "stops.csv"
    rows.select(pl.col("stop_name").alias("id"), "lon", "lat").write_csv(path)
    return path


def _ask(
    origins: Path,
    destinations: Path,
    *,
    year: str,
    time: str,
    day: dt.date | None = None,
    window_min: int | None = None,
    without: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Ask the matrix on one year's timetables; travel times and reasons by origin and destination."""
    feeds = sorted((SAMPLE / "timetables" / year).glob("*.zip"))
    question = MatrixQuestion(
        gtfs=[path for path in feeds if path.stem not in without],
        osm=SAMPLE / "saltmarsh.osm.pbf",
        origins=origins,
        destinations=destinations,
        day=day or TUESDAYS[year],
        time_s=parse_time_s(time),
        window_min=window_min,
        percentiles=(5,),
        naptan=SAMPLE / "naptan.csv",
    )
    return compute_matrix(question).to_pandas().set_index(["from_id", "to_id"])


HOSPITALS = SAMPLE / "hospitals.csv"


def test_the_matrix_command_from_the_island_to_the_hospital(
    sample: ProjectFolder, small_areas: Path, folder: Path
) -> None:
    """Ferry at 07:00, at the pier at 07:15, route 3 from the Quay at 07:27, there at 07:36: 51 minutes from 06:45."""
    out = folder / "matrix.csv"
    feeds = [part for path in sorted((SAMPLE / "timetables/2010").glob("*.zip")) for part in ("--gtfs", str(path))]
    options = ["--osm", str(SAMPLE / "saltmarsh.osm.pbf"), "--origins", str(small_areas)]
    options += ["--destinations", str(HOSPITALS), "--date", "2010-10-12", "--time", "06:45", "--out", str(out)]
    done = sample.run("matrix", *feeds, *options)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    times = pd.read_csv(out).set_index(["from_id", "to_id"])["travel_time_s"]
    assert len(times) == 40 * 3
    assert 51 * 60 <= times["X01000037", "XH001"] <= 51 * 60 + 59


def test_the_island_is_reached_only_by_the_ferry(small_areas: Path) -> None:
    island = ["X01000037", "X01000038"]
    with_ferry = _ask(small_areas, HOSPITALS, year="2010", time="06:45").loc[island]
    assert with_ferry["travel_time_s"].xs("XH001", level="to_id").notna().all()
    without = _ask(small_areas, HOSPITALS, year="2010", time="06:45", without=("ferry",)).loc[island]
    assert without["travel_time_s"].isna().all()
    assert set(without["reason"]) == {"no_route"}


def test_nobody_on_the_island_walks_to_a_hospital(sample: ProjectFolder) -> None:
    times = sample.read_table("out_small_area__travel_time", "sample")
    island = _select(times[times["small_area_code"].isin(["X01000037", "X01000038"])], category="hospitals")
    assert island["walk_time_s"].isna().all()
    ferry = _select(island, window="weekday_am", **OUTWARD_ALL)
    assert ferry["travel_time_p50_s"].notna().all()
    bus = _select(island, mode_set="bus")
    assert bus["travel_time_p50_s"].isna().all()
    assert set(bus["reason"]) == {"no_route"}


@pytest.mark.parametrize("year", YEARS)
def test_an_evening_in_fernhithe_and_in_samphire(small_areas: Path, year: str) -> None:
    fernhithe = _ask(small_areas, HOSPITALS, year=year, time="20:05")["travel_time_s"]["X01000017", "XH001"]
    samphire = _ask(small_areas, HOSPITALS, year=year, time="20:00")["travel_time_s"]
    if year == "2010":
        assert fernhithe == pytest.approx(34 * 60, abs=30)
        assert samphire["X01000022", "XH001"] < 15 * 60
    else:
        assert fernhithe == pytest.approx(62.5 * 60, abs=30)  # on foot, over the one bridge
        for code in ("X01000022", "X01000023"):
            assert 27 * 60 <= samphire[code, "XH001"] <= 33 * 60  # on foot


def test_port_merrow_is_reached_only_by_train_and_coach(small_areas: Path) -> None:
    def count(*without: str) -> int:
        frame = _ask(small_areas, HOSPITALS, year="2010", time="07:00", window_min=180, without=without)
        return int(frame["travel_time_p5_s"].xs("XH003", level="to_id").notna().sum())

    assert count("rail", "bus_coastliner") == 0
    assert count("rail") > 0
    assert count("bus_coastliner") > 0


def test_the_night_bus_belongs_to_the_day_before(stops: Path) -> None:
    """N1 leaves Bay B at 00:15 of the next day and is at Fernhithe Green at 00:26; there is none on Sunday nights."""
    tuesday = TUESDAYS["2010"]
    pair = ("Wrackham Bus Station B", "Fernhithe Green")
    ridden, walked = (
        _ask(stops, stops, year="2010", time="00:14", day=day)["travel_time_s"][pair]
        for day in (tuesday, tuesday - dt.timedelta(days=1))
    )
    assert 12 * 60 <= ridden < 13 * 60
    assert walked > 30 * 60


def test_from_dunmarle_to_the_hospital_with_a_change_from_2019(stops: Path) -> None:
    """The 06:50 arrives at 07:16; from 2019 it ends at Bay B at 07:08, 180 s to Bay A, route 1 at 07:15, 07:24."""
    pair = ("Dunmarle Green", "General Hospital")
    for year, arrival in (("2010", "07:16"), ("2016", "07:16"), ("2019", "07:24")):
        found = _ask(stops, stops, year=year, time="06:49")["travel_time_s"][pair] + parse_time_s("06:49")
        assert 0 <= found - parse_time_s(arrival) < 60, year


def test_the_express_takes_nobody_within_town(sample: ProjectFolder) -> None:
    """X9 sets nobody down in town outbound, and takes nobody up there inbound."""
    timetable = Timetable.read(sample.outputs("sample") / "timetables" / "2010" / "timetable")
    trips = timetable.trips.join(timetable.routes.filter(pl.col("route_short_name") == "X9"), on="route_index")
    calls = timetable.stop_times.join(trips.select("trip_index"), on="trip_index").join(
        timetable.stops, on="stop_index"
    )
    assert trips.height == 8
    green = calls.filter(pl.col("stop_name") == "Fernhithe Green")
    for row in calls.filter(pl.col("position") == 0).iter_rows(named=True):
        call = green.filter(pl.col("trip_index") == row["trip_index"])
        is_outbound = row["stop_name"].startswith("Wrackham")
        assert call["is_dropoff"].to_list() == [not is_outbound]
        assert call["is_pickup"].to_list() == [is_outbound]


def test_one_bridge_makes_a_detour(folder: Path) -> None:
    """0.55 km as the crow flies, across the river, is about 5 km on foot, however one goes there at night."""
    points = folder / "banks.csv"
    points.write_text("id,easting,northing\nsouth,591100,369400\nnorth,591100,369950\n", encoding="utf-8")
    walked = _ask(points, points, year="2010", time="03:30")["travel_time_s"]
    assert walked["south", "north"] == walked["north", "south"]
    km = walked["south", "north"] / 3600 * 4.8
    assert 4.75 <= km <= 5.5


def test_no_route_and_over_limit_are_told_apart(small_areas: Path) -> None:
    """At 08:00 the next ferry is at hand and trains run all day: to Sedgeby takes 144 minutes, over the limit."""
    frame = _ask(small_areas, HOSPITALS, year="2010", time="08:00").loc[["X01000037", "X01000038"]]
    far = frame[frame["travel_time_s"].isna()]
    assert sorted(set(far.index.get_level_values("to_id"))) == ["XH002", "XH003"]
    assert set(far["reason"]) == {"over_limit"}


# --- what a reader is told --------------------------------------------------------------------------------------------


def test_every_null_has_a_reason_and_every_reason_a_null(sample: ProjectFolder) -> None:
    for grain in ("small_area", "neighbourhood"):
        times = sample.read_table(f"out_{grain}__travel_time", "sample")
        assert (times["travel_time_p50_s"].isna() == times["reason"].notna()).all()
        assert set(times["reason"].dropna()) <= {"no_street", "no_route", "over_limit"}


def test_the_report_speaks_of_the_missing_feed(sample: ProjectFolder) -> None:
    report = sample.outputs("sample") / "report"
    text = (report / "index.html").read_text(encoding="utf-8") + (report / "service.html").read_text(encoding="utf-8")
    assert "Saltmarsh" in text
    assert "missing data" in text or "is missing from this snapshot" in text
    values = json.loads(
        (report / "data" / "values.js").read_text(encoding="utf-8").partition("=")[2].strip().rstrip(";")
    )
    assert values
