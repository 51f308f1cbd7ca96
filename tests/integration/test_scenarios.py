"""Scenarios on the sample: nothing changes nothing, removing and restoring is nothing, the rest is what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline.base.tables import check_table
from tests.support.pipeline import ProjectFolder, hash_files

STORY_SERVICE = "6"  # the one that matters most, see test_attribution
OUTWARD = {"direction": "outward", "mode_set": "all"}


def _run(project: ProjectFolder, folder: Path, operations: list[dict[str, Any]], *, snapshot: str = "2016") -> Path:
    file = folder / "scenario.yaml"
    content = {"name": "trial", "title": "Trial", "snapshot": snapshot, "operations": operations}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = project.call("scenario", "sample", str(file), "--out", str(folder / "result"))
    assert done.returncode == 0, done.stderr
    return folder / "result"


def _fail(project: ProjectFolder, folder: Path, text: str) -> str:
    file = folder / "scenario.yaml"
    file.write_text("name: trial\ntitle: Trial\nsnapshot: '2016'\noperations:\n" + text, encoding="utf-8")
    done = project.call("scenario", "sample", str(file), "--out", str(folder / "result"))
    assert done.returncode == 3, done.stdout
    assert not (folder / "result").exists()
    return done.stderr


def _read(folder: Path, name: str, **wanted: object) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "tables" / f"{name}.parquet")
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame


def _runs(folder: Path, route: str, snapshot: tuple[str, str] = ("2010", "2016")) -> dict[str, float]:
    rows = _read(folder, "out_service__change", snapshot_from=snapshot[0], snapshot_to=snapshot[1])
    row = rows[rows["route_after"] == route].iloc[0]
    return {day: row[f"{day}_runs_after"] for day in ("weekday", "saturday", "sunday")}


NOTHING: list[dict[str, Any]] = []
THERE_AND_BACK = [
    {"do": "remove", "service": {"route": STORY_SERVICE}},
    {"do": "restore", "service": {"route": STORY_SERVICE}, "as_in": "2016"},
]


@pytest.mark.parametrize("operations", [NOTHING, THERE_AND_BACK], ids=["nothing", "removed_and_restored"])
def test_what_changes_nothing_changes_no_byte(sample: ProjectFolder, tmp_path, operations):
    result = _run(sample, tmp_path, operations)
    record = json.loads((result / "scenario.json").read_text(encoding="utf-8"))
    assert record["base"] == record["result"]
    base = {}
    for stage in ("times/2016", "service"):
        for path in (sample.outputs("sample") / stage).glob("out_*.parquet"):
            base[path.stem] = check_table(pd.read_parquet(path), path.stem)
    assert sorted(record["tables_as_in_base"]) == sorted(base)
    for name, frame in base.items():
        expected = tmp_path / f"{name}.parquet"
        frame.to_parquet(expected)
        pd.testing.assert_frame_equal(_read(result, name), pd.read_parquet(expected))
    change = _read(result, "out_scenario__travel_time")
    assert not change["change_p50_s"].fillna(0).any()
    assert not _read(result, "out_scenario__service_level")["change_runs_per_day"].any()


def test_twice_the_same_scenario_gives_the_same_bytes(sample: ProjectFolder, tmp_path):
    hashes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        result = _run(sample, tmp_path / name, [{"do": "remove", "service": {"route": "1"}}])
        hashes.append(hash_files(result))
    assert hashes[0] == hashes[1]
    assert "result/tables/out_scenario__travel_time.csv" in hashes[0]


def test_restoring_what_was_cut_gives_the_times_of_then(sample: ProjectFolder, tmp_path):
    """Between 2010 and 2016 nothing was added, so 2016 with all that was lost is 2010."""
    lost = ["1", "2", "4", "6", "8"]
    result = _run(sample, tmp_path, [{"do": "restore", "service": {"route": r}, "as_in": "2010"} for r in lost])
    keys = ["small_area_code", "category", "window", "direction", "mode_set"]
    values = ["travel_time_mean_s", "travel_time_p50_s", "reachable_pct"]
    published = sample.read_table("out_small_area__travel_time", "sample")
    then = published[published["snapshot"] == "2010"].set_index(keys)[values].sort_index()
    found = _read(result, "out_small_area__travel_time").set_index(keys)[values].sort_index()
    pd.testing.assert_frame_equal(found, then)
    assert _runs(result, "1") == {"weekday": 134.0, "saturday": 134.0, "sunday": 58.0}
    assert set(_read(result, "out_service__change", snapshot_from="2010", snapshot_to="2016")["status"]) == {"kept"}


def test_the_effect_of_a_restored_service_is_what_attribution_says(sample: ProjectFolder, tmp_path):
    result = _run(sample, tmp_path, [{"do": "restore", "service": {"route": "6"}, "as_in": "2010"}])
    attributed = sample.read_table("out_neighbourhood__attribution", "sample")
    services = sample.read_table("out_service__attribution", "sample")
    pair = {"snapshot_from": "2010", "snapshot_to": "2016", "category": "hospitals", "window": "weekday_evening"}
    for column, value in pair.items():
        attributed, services = (f[f[column] == value] for f in (attributed, services))
    number = services.loc[services["route"] == "6", "service_number"].iloc[0]
    touched = attributed[(attributed["service_number"] == number) & (attributed["loss_min"] >= 1)]
    change = _read(result, "out_scenario__travel_time", category="hospitals", window="weekday_evening", **OUTWARD)
    faster = change[(change["change_p50_s"] < -60) | (change["change_reachable_pct"] > 0)]
    assert set(faster["neighbourhood_code"]) <= set(touched["neighbourhood_code"])
    assert len(faster) > 0


def test_headway_days_and_times_of_a_service(sample: ProjectFolder, tmp_path):
    one, span = {"route": "4", "operator": "Saltmarsh Buses"}, {"first": "07:00", "last": "09:00"}
    result = _run(
        sample,
        tmp_path,
        [
            {"do": "frequency", "service": one, "every_min": 20, **span, "days": ["weekday"]},
            {"do": "days", "service": {"route": "7"}, "days": ["weekday", "sunday"]},
            {"do": "retime", "service": {"route": "9"}, "shift_min": 12},
        ],
    )
    assert _runs(result, "4") == {"weekday": 14.0, "saturday": 52.0, "sunday": 0.0}  # 07:00 to 09:00, both ways
    assert _runs(result, "7") == {"weekday": 26.0, "saturday": 0.0, "sunday": 26.0}
    rows = _read(result, "out_service__change", snapshot_from="2010", snapshot_to="2016")
    assert rows.loc[rows["route_after"] == "9", "status"].tolist() == ["retimed"]
    row = rows[rows["route_after"] == "4"].iloc[0]
    assert (row["weekday_first_run_after_s"], row["weekday_last_run_after_s"]) == (7 * 3600, 9 * 3600)


def test_a_new_service_and_a_new_stop(sample: ProjectFolder, tmp_path):
    result = _run(
        sample,
        tmp_path,
        [
            {
                "do": "add",
                "service": {"route": "99", "operator": "Newcomer"},
                "stops": ["bus_council:X99000101", "X99000113A"],
                "times": [["07:00", "07:09"], ["08:00", "08:09"]],
                "days": ["sunday"],
            },
            {
                "do": "add_stop",
                "id": "NEW1",
                "name": "Halfway",
                "lon": 0.85,
                "lat": 53.207,
                "served_by": [{"service": {"route": "99"}, "after": "bus_council:X99000101", "extra_s": 60}],
            },
        ],
    )
    assert _runs(result, "99") == {"weekday": 0.0, "saturday": 0.0, "sunday": 2.0}
    rows = _read(result, "out_service__change", snapshot_from="2010", snapshot_to="2016")
    assert rows.loc[rows["route_after"] == "99", "stops_after"].tolist() == [3]


def test_a_hospital_that_moves_is_reached_where_it_is_now(sample: ProjectFolder, tmp_path):
    there = {"lon": 0.8080, "lat": 53.2112}
    moved = _run(sample, tmp_path, [{"do": "move_destination", "category": "hospitals", "id": "XH001", **there}])
    (tmp_path / "two").mkdir()
    swapped = _run(
        sample,
        tmp_path / "two",
        [
            {"do": "close_destination", "category": "hospitals", "id": "XH001"},
            {"do": "open_destination", "category": "hospitals", "id": "XH001", "name": "Elsewhere", **there},
        ],
    )
    keys = ["neighbourhood_code", "category", "window", "direction", "mode_set"]
    times = [
        _read(one, "out_neighbourhood__travel_time").set_index(keys)["travel_time_p50_s"] for one in (moved, swapped)
    ]
    pd.testing.assert_series_equal(*times)
    change = _read(moved, "out_scenario__travel_time")
    changed = change[change["change_p50_s"].fillna(0) != 0]
    assert set(changed["category"]) == {"hospitals"}
    assert (changed["change_p50_s"] > 0).any()
    assert (changed["change_p50_s"] < 0).any()


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        ("- {do: remove, service: {route: '11'}}\n", 5, ["there is no service 11", "1 (Saltmarsh Buses)"]),
        ("- {do: remove, service: {route: X51, operator: Saltmarsh Buses}}\n", 5, ["X51 (Coastliner)"]),
        ("- {do: retime, service: {route: '1'}, shift_min: 5}\n- {do: restore, service: {route: '1'}, as_in: '1999'}\n",
         6, ["there is no snapshot 1999; there are 2010, 2016, 2019, 2024"]),
        ("- {do: close_destination, category: hospitals, id: XH9}\n", 5, ["XH001 (Wrackham General Hospital)"]),
        ("- {do: remove, servce: {route: '1'}}\n", 5, ["missing", "operations.0.remove.service"]),
        ("- {do: explode}\n", 5, ["explode"]),
        ("- {do: add, service: {route: Z, operator: Z}, stops: [a, b], times: [['07:00']]}\n",
         5, ["each of the 2 stops"]),
        ("- {do: add, service: {route: Z, operator: Z}, stops: [X9900013A, X99000133A], times: [['07:00', '07:10']]}\n",
         5, ["there is no stop X9900013A; near ones: X99000"]),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_where_and_what_there_is_instead(sample: ProjectFolder, tmp_path, text, row, words):
    message = _fail(sample, tmp_path, text)
    assert f"row {row}" in message, message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("name", ["sample_evening_buses", "sample_hospital_moves"])
def test_the_examples_run(sample: ProjectFolder, tmp_path, name):
    done = sample.call("scenario", "sample", name, "--out", str(tmp_path / "result"))
    assert done.returncode == 0, done.stderr
    change = _read(tmp_path / "result", "out_scenario__travel_time")
    assert (change["change_p50_s"].fillna(0) != 0).any()
    record = json.loads((tmp_path / "result" / "scenario.json").read_text(encoding="utf-8"))
    assert record["base"]["times/2024"] != record["result"]["times/2024"]
    assert not (tmp_path / "result" / "work").exists()
