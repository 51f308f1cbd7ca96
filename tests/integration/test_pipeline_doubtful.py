"""Doubtful rows: a notice with file and row, no result of their own, and nobody else's result changes by a second."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.support.pipeline import ProjectFolder, rewrite_member

SAMPLE = "data/sample"
BLANK, SEA, ZERO, FAR = "X01000001", "X01000022", "X01000012", "X01000030"
"""Small areas without a coordinate, in the sea, at 0,0 and with a digit too many."""
LINES = {  # the row of each as a spreadsheet shows it, its coordinate, and what takes its place
    BLANK: (2, "591320,370530", ","),
    SEA: (23, "592790,372910", "620000,372910"),
    ZERO: (13, "590210,372110", "0,0"),
    FAR: (31, "591660,376300", "591660,37630000"),
}
NEW_STOPS = "X99ZERO,Nowhere,0,0,0,,\nX99BLANK,Somewhere,,,0,,\n"
NEW_CALLS = """Z-1,09:00:00,09:00:00,X99ZERO,1,,,1,
Z-1,09:05:00,09:05:00,X99BLANK,2,,,1,
Z-1,09:10:00,09:10:00,X99000110A,3,,,1,
Z-2,nine,nine,X99000110A,1,,,1,
Z-2,09:20:00,09:20:00,X99000113A,2,,,1,
Z-3,09:30:00,09:30:00,X99NONE,1,,,1,
Z-3,09:40:00,09:40:00,X99000113A,2,,,1,
"""


def _append(path: Path, member: str, text: str) -> None:
    rewrite_member(path, member, lambda before: before + text)


@pytest.fixture(scope="module")
def doubtful(tiny: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The tiny area run again after many of its rows have become doubtful."""
    project = tiny.copy(tmp_path_factory.mktemp("doubtful") / "project")
    for _, old, new in LINES.values():
        project.edit(f"{SAMPLE}/small_areas.csv", f",{old},", f",{new},")
    with (project.path / SAMPLE / "hospitals.csv").open("a", encoding="utf-8") as handle:
        handle.write("XH008,Ghost Hospital,,,true,true\nXH009,Ship Hospital,1.3,53.2,true,true\n")
    zipped = project.path / SAMPLE / "timetables/2016/bus_council.zip"
    _append(zipped, "stops.txt", NEW_STOPS)
    _append(zipped, "routes.txt", "CN-Z,SMBS,Z,Nowhere - Market Place,3\n")
    _append(zipped, "trips.txt", "".join(f"CN-Z,MS,Z-{n},Nowhere,0,\n" for n in (1, 2, 3)))
    _append(zipped, "stop_times.txt", NEW_CALLS)
    gates = "settings:\n  gates: {min_linked_pct: 80, reason: doubtful on purpose}\n"
    project.edit("config/test/tiny.yaml", "settings:\n", gates)
    ran = project.make_all()
    assert {"places", "timetables/2016", "network/2016", "network/2024", "scores", "report"} <= set(ran)
    assert "timetables/2024" not in ran
    return project


def test_each_doubt_is_noted_with_file_and_row(doubtful: ProjectFolder) -> None:
    notices = doubtful.read_table("out_run__notices")
    found = {(n["code"], n["file"], n["row"]) for n in notices.astype(object).to_dict("records")}
    zipped = "bus_council.zip:"
    timetable = doubtful.path / SAMPLE / "timetables/2016/bus_council.zip"
    with zipfile.ZipFile(timetable) as archive:
        n_rows = len(archive.read("stops.txt").decode().splitlines())
    expected = {
        ("place_not_located", "small_areas.csv", LINES[BLANK][0]),
        ("place_not_located", "small_areas.csv", LINES[ZERO][0]),
        ("place_outside_crs_area", "small_areas.csv", LINES[FAR][0]),
        ("place_far_from_streets", "small_areas.csv", LINES[SEA][0]),
        ("place_not_located", "hospitals.csv", 5),
        ("destination_far_from_streets", "hospitals.csv", 6),
        ("stop_not_located", zipped + "stops.txt", n_rows - 1),
        ("stop_not_located", zipped + "stops.txt", n_rows),
    }
    assert expected <= found, expected - found
    codes = set(notices["code"])
    assert {"gtfs_time_unreadable", "gtfs_unknown_reference"} <= codes
    for code in ("gtfs_time_unreadable", "gtfs_unknown_reference"):
        rows = notices[notices["code"] == code]
        assert (rows["file"] == zipped + "stop_times.txt").all(), code
        assert rows["row"].notna().all(), code
    ship = notices[notices["code"] == "destination_far_from_streets"]
    assert set(ship["value"]) == {"XH009"}


def test_doubtful_places_have_no_result_and_a_reason(doubtful: ProjectFolder) -> None:
    times = doubtful.read_table("out_small_area__travel_time")
    own = times[times["small_area_code"].isin(LINES)]
    assert set(own["small_area_code"]) == set(LINES)
    assert set(own["reason"]) == {"no_street"}
    columns = [c for c in own.columns if c.startswith("travel_time_") or c == "walk_time_s"]
    assert own[columns].isna().all(axis=None)
    assert not times["nearest_destination_id"].isin(["XH008", "XH009"]).any()


def test_nobody_elses_result_changes(doubtful: ProjectFolder, tiny: ProjectFolder) -> None:
    frames = []
    for project in (tiny, doubtful):
        times = project.read_table("out_small_area__travel_time").drop(columns="network_hash")
        frames.append(times[~times["small_area_code"].isin(LINES)].reset_index(drop=True))
    pd.testing.assert_frame_equal(*frames)
    wards = set(tiny.read_table("out_small_area__travel_time").query("small_area_code in @LINES")["neighbourhood_code"])
    assert len(wards) == len(LINES)
    for name in ("out_neighbourhood__travel_time", "out_neighbourhood__jobs"):
        frames = []
        for project in (tiny, doubtful):
            table = project.read_table(name).drop(columns="network_hash")
            frames.append(table[~table["neighbourhood_code"].isin(wards)].reset_index(drop=True))
        pd.testing.assert_frame_equal(*frames, obj=name)


def test_the_share_of_people_without_a_value_is_told(doubtful: ProjectFolder) -> None:
    times = doubtful.read_table("out_neighbourhood__travel_time")
    samphire = times[times["neighbourhood_code"] == "X05000009"].query("mode_set == 'all' and category == 'hospitals'")
    assert samphire["people_without_pct"].to_numpy() == pytest.approx(100 * 1875 / (1875 + 1760))
    assert samphire["travel_time_p50_s"].isna().all()  # more than half of the people have none
    parkside = times[times["neighbourhood_code"] == "X05000005"].query("mode_set == 'all' and category == 'hospitals'")
    assert parkside["people_without_pct"].to_numpy() == pytest.approx(100 * 1510 / (1510 + 1445))
    harbour = times[times["neighbourhood_code"] == "X05000001"].query("mode_set == 'all' and category == 'hospitals'")
    assert harbour["people_without_pct"].to_numpy() == pytest.approx(100 * 1620 / (1620 + 1540 + 1710))
    assert harbour["travel_time_p50_s"].notna().all()


def test_the_report_lists_the_doubts(doubtful: ProjectFolder) -> None:
    text = (doubtful.outputs() / "report" / "quality.html").read_text(encoding="utf-8")
    for word in ("small_areas.csv", "hospitals.csv", "no usable coordinate", "too far from any walkable street"):
        assert word in text, word
