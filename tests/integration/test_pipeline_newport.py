"""Newport, where its inputs are at hand: the whole pipeline on a real town."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from pipeline.base.clock import parse_time_s
from tests.support.pipeline import ProjectFolder, time_call
from tests.support.row_counts import count_tables, describe_difference, read_golden

SNAPSHOTS = ["2023-06-13", "2024-03-05"]
MORNING = {"window": "weekday_am", "direction": "outward", "mode_set": "all"}


@pytest.fixture(scope="module")
def newport(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    if not (shared_data / "newport").is_dir():
        pytest.skip("the inputs of Newport are not in the folder of real inputs")
    project = ProjectFolder.create(tmp_path_factory.mktemp("newport") / "project")
    seconds = time_call(lambda: project.make_all(f"DATA={shared_data}", area="newport"))
    assert seconds < 180
    return project


def _read_text(report: Path) -> str:
    pages = [page.read_text(encoding="utf-8") for page in sorted(report.glob("*.html"))]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", " ".join(pages))))


def test_newport_has_the_rows_that_were_reviewed(newport: ProjectFolder) -> None:
    found = count_tables(newport.outputs("newport") / "tables")
    difference = describe_difference("newport", read_golden("newport"), found)
    assert difference == "", difference


def test_the_site_of_newport_stays_below_15_mb(newport: ProjectFolder) -> None:
    sizes = {path: path.stat().st_size for path in (newport.outputs("newport") / "report").rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 14_700_000, sorted(sizes, key=lambda path: -sizes[path])[:10]


def test_newport_is_reported_for_its_neighbourhoods(newport: ProjectFolder) -> None:
    times = newport.read_table("out_small_area__travel_time", "newport")
    assert times["small_area_code"].nunique() == 511
    assert times["neighbourhood_code"].nunique() == 95
    assert sorted(times["snapshot"].unique()) == SNAPSHOTS
    geography = newport.read_table("out_neighbourhood__geography", "newport")
    assert len(geography) == 95
    assert 140_000 < geography["population"].sum() < 155_000
    assert geography["geometry_wkb"].notna().all()
    assert (geography["area_group"] == "other_deprived").any()
    notices = newport.read_table("out_run__notices", "newport")
    vintages = notices[notices["code"] == "vintages_differ"]
    assert vintages["count"].tolist() == [511]
    assert "2021" in vintages["detail"].iloc[0]
    assert "2011" in vintages["detail"].iloc[0]


def test_newport_has_medians_to_hospital_and_station_for_each_snapshot(newport: ProjectFolder) -> None:
    times = newport.read_table("out_neighbourhood__travel_time", "newport")
    for key, value in MORNING.items():
        times = times[times[key] == value]
    for category in ("hospitals", "stations"):
        for snapshot in SNAPSHOTS:
            rows = times[(times["category"] == category) & (times["snapshot"] == snapshot)]
            assert len(rows) == 95
            median = rows["travel_time_p50_s"].fillna(float("inf")).median()
            assert 10 * 60 < median < 90 * 60, (category, snapshot, median)
    summary = newport.read_table("out_group__summary", "newport")
    everybody = summary[summary["area_group"] == "all"]
    for measure in ("hospital_time", "station_time"):
        rows = everybody[everybody["measure"] == measure]
        assert sorted(rows["snapshot"]) == SNAPSHOTS
        assert rows["median"].notna().all()
        for median in rows["median"]:
            assert f"{median / 60:.0f} minutes" in _read_text(newport.outputs("newport") / "report"), measure


def test_newport_is_not_compared_in_total_service(newport: ProjectFolder) -> None:
    services = newport.read_table("out_service__change", "newport")
    changes = newport.read_table("out_neighbourhood__service_change", "newport")
    comparable = services[services["coverage_class"] == "comparable"]
    names = comparable["operator_name_before"].astype(object).fillna(comparable["operator_name_after"])
    assert set(names) == {"Newport Bus"}
    assert len(comparable) < len(services) / 2
    bus = changes[changes["mode"] == "bus"]
    assert set(bus.loc[bus["day_type"] != "weekday", "coverage_class"]) == {"missing"}
    assert bus.loc[bus["coverage_class"] == "missing", "change_runs_per_day"].isna().all()
    others = bus[(bus["day_type"] == "weekday") & (bus["coverage_class"] != "comparable")]
    assert others["neighbourhood_code"].nunique() > 95 / 2
    text = _read_text(newport.outputs("newport") / "report")
    assert "The two bus timetables are not comparable in total service" in text
    assert "No jobs data exists for Newport" in text
    assert not newport.outputs("newport").joinpath("tables/out_neighbourhood__jobs.parquet").exists()
    indicators = newport.read_table("out_neighbourhood__indicator", "newport")
    assert (
        not (indicators["indicator"] == "jobs_time").any()
        or indicators.loc[indicators["indicator"] == "jobs_time", "value"].isna().all()
    )


def test_newport_nulls_have_reasons(newport: ProjectFolder) -> None:
    times = newport.read_table("out_small_area__travel_time", "newport")
    pd.testing.assert_series_equal(times["travel_time_p50_s"].isna(), times["reason"].notna(), check_names=False)


class RawFeed:
    """A GTFS zip read line by line with nothing but the csv module."""

    def __init__(self, path: Path) -> None:
        self.archive = zipfile.ZipFile(path)

    def read(self, member: str, **where: str) -> list[dict[str, str]]:
        if member not in self.archive.namelist():
            return []
        with self.archive.open(member) as handle:
            rows = csv.DictReader(io.TextIOWrapper(handle, encoding="utf-8-sig"))
            return [row for row in rows if all(row[key] == value for key, value in where.items())]

    def runs_on(self, service_id: str, day: date) -> bool:
        weekday = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[day.weekday()]
        text = day.strftime("%Y%m%d")
        for row in self.read("calendar_dates.txt", service_id=service_id, date=text):
            return row["exception_type"] == "1"
        rows = self.read("calendar.txt", service_id=service_id)
        return any(row[weekday] == "1" and row["start_date"] <= text <= row["end_date"] for row in rows)


def _check_ride(feed: RawFeed, leg: dict[str, object], day: date) -> None:
    """The trip runs that day, stops here then and there then, in that order; its route has that number."""
    trip_id, start, end = (str(leg[key]).split(":", 1)[1] for key in ("trip_id", "from_id", "to_id"))
    (trip,) = feed.read("trips.txt", trip_id=trip_id)
    assert feed.runs_on(trip["service_id"], day)
    (route,) = feed.read("routes.txt", route_id=trip["route_id"])
    assert leg["route"] in {route["route_short_name"], route["route_long_name"]}
    calls = sorted(feed.read("stop_times.txt", trip_id=trip_id), key=lambda call: int(call["stop_sequence"]))
    begins = [n for n, c in enumerate(calls) if c["stop_id"] == start and _read_s(c, "departure") == leg["start_s"]]
    ends = [n for n, c in enumerate(calls) if c["stop_id"] == end and _read_s(c, "arrival") == leg["end_s"]]
    assert begins, leg
    assert ends, leg
    assert begins[0] < ends[-1]
    assert calls[begins[0]].get("pickup_type", "0") in {"", "0"}
    assert calls[ends[-1]].get("drop_off_type", "0") in {"", "0"}


def _read_s(call: dict[str, str], end: str) -> int:
    return parse_time_s(call[f"{end}_time"])


@pytest.mark.parametrize(
    ("code", "category"),
    [("W01001667", "major_hospitals"), ("W01001666", "hospitals"), ("W01001657", "stations")],
)
def test_explained_journeys_can_be_followed_in_the_feed_by_hand(
    newport: ProjectFolder, shared_data: Path, code: str, category: str
) -> None:
    options = ("newport", code, category, "--data", str(shared_data), "--against", SNAPSHOTS[0])
    choices = ("--fastest", "--typical")
    legs_file = newport.path / f"{code}.geojson"
    done = newport.call("explain", *options, *choices, "--format", "geojson", "--out", str(legs_file))
    assert done.returncode == 0, done.stderr
    legs = [feature["properties"] for feature in json.loads(legs_file.read_text(encoding="utf-8"))["features"]]
    feeds = {
        (snapshot, key): RawFeed(shared_data / "newport" / f"{key}-{snapshot}.gtfs.zip")
        for snapshot, key in [(SNAPSHOTS[0], "bus"), (SNAPSHOTS[1], "bus"), (SNAPSHOTS[1], "rail")]
    }
    n_rides = 0
    for snapshot in SNAPSHOTS:
        for choice in ("fastest", "typical"):
            mine = [leg for leg in legs if (leg["snapshot"], leg["choice"]) == (snapshot, choice)]
            assert [leg["start_s"] for leg in mine[1:]] == [leg["end_s"] for leg in mine[:-1]]
            for leg in mine:
                if leg["kind"] != "ride":
                    continue
                n_rides += 1
                key = str(leg["trip_id"]).split(":")[0]
                _check_ride(feeds[snapshot, key], leg, date.fromisoformat(snapshot))
    assert n_rides >= 4

    compared = newport.call("explain", *options, *choices, "--format", "table")
    assert compared.returncode == 0, compared.stderr
    table = pd.read_csv(io.StringIO(compared.stdout))
    for choice, rows in table.groupby("choice"):
        for snapshot, column in zip(SNAPSHOTS, ("before_s", "after_s"), strict=True):
            mine = [leg for leg in legs if (leg["snapshot"], leg["choice"]) == (snapshot, choice)]
            assert rows[column].sum() == mine[-1]["end_s"] - mine[0]["start_s"]
    for row in table[table["verdict"] == "withdrawn"].itertuples():
        number = row.before.split()[1].split("-")[0]
        routes = {r["route_id"] for r in feeds[SNAPSHOTS[1], "bus"].read("routes.txt") if _is_number(r, number)}
        trips = [trip for trip in feeds[SNAPSHOTS[1], "bus"].read("trips.txt") if trip["route_id"] in routes]
        day = date.fromisoformat(SNAPSHOTS[1])
        assert not any(feeds[SNAPSHOTS[1], "bus"].runs_on(trip["service_id"], day) for trip in trips)
    picture = newport.path / f"{code}.svg"
    assert newport.call("explain", *options, "--format", "svg", "--out", str(picture)).returncode == 0
    assert "</svg>" in picture.read_text(encoding="utf-8")


def _is_number(route: dict[str, str], number: str) -> bool:
    return route["route_short_name"].split("-")[0].upper() == number.upper()
