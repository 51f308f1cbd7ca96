"""The dry rehearsal of docs/operations.md: timetables arrive week by week, and refresh runs by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.hostile_server import run_server, serve
from tests.support.pipeline import ProjectFolder, build_once, hash_files, time_call
from tests.support.refresh_world import (
    AREA,
    NAME,
    Tables,
    WeeklyWorld,
    add_weekly_area,
    export_again,
    stamp,
    without_routes,
)


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """The area with its first snapshot, published; tests must leave it as it is."""

    def build(project: ProjectFolder) -> None:
        add_weekly_area(project)
        project.make_all(area=AREA)

    return build_once("weekly-project", tmp_path_factory, build)


def is_quick(world: WeeklyWorld) -> bool:
    """Refresh once more and tell whether it took less than ten seconds and wrote nothing at all."""
    folders = [world.project.path / name for name in ("outputs", "data/raw", "config")]
    (world.project.outputs(NAME) / ".lock").touch()
    before = stamp(*folders)
    seconds = time_call(world.refresh)
    is_left = (world.project.path / "data/incoming").exists()
    return stamp(*folders) == before and seconds < 10 and not is_left


@pytest.mark.timeout(1800)
def test_three_weeks_unattended_and_what_follows(weekly: ProjectFolder, tmp_path: Path) -> None:
    with run_server() as server:
        world = WeeklyWorld.open(weekly.copy(tmp_path / "project"), server)
        project, first = world.project, world.latest

        # the first week brings the same timetable in another export: other bytes, identifiers and dates
        world.pass_week()
        world.publish(export_again(world.feed, 1))
        done = world.refresh()
        assert (done.code, done.summary) == (0, "refresh weekly: nothing new (checked 3 sources)")
        assert is_quick(world)
        assert world.registered == []

        # the second week brings a real cut
        world.feed = without_routes(world.feed, lambda row: row["route_short_name"] == "10")
        world.pass_week()
        world.publish(export_again(world.feed, 2))
        done = world.refresh()
        assert done.code == 0, done.err
        assert done.summary.startswith("refresh weekly: published 2024-W46 (1 service withdrawn, ")
        assert done.summary.endswith("; report outputs/weekly/publish/latest/report/index.html")
        second = world.latest
        assert second != first
        page = (second / "report/change.html").read_text(encoding="utf-8")
        assert "New timetables: 12\xa0November\xa02024" in page
        (one,) = world.registered
        assert (one["state"], one["date"]) == ("accepted", "2024-11-12")
        archived = project.path / "data/raw" / one["feeds"][0]["path"].removeprefix("archived:")
        assert archived.is_file()
        assert is_quick(world)

        # in the third week the data of an operator is missing
        full = world.feed
        world.feed = without_routes(world.feed, lambda row: row["agency_id"] == "MCTR")
        world.pass_week()
        world.publish(export_again(world.feed, 3))
        outputs = project.outputs(NAME)
        folders = [outputs / name for name in ("publish", "report", "tables", "service", "scores")]
        before = hash_files(*folders, skip=())
        done = world.refresh()
        assert done.code == 6
        assert done.summary.startswith(
            "refresh weekly: held: 2024-W46b: against '2024-W46' it lost 1 of 4 operators (Marsh"
        )
        command = 'connectivity accept config/test/weekly.yaml 2024-W46b --reason "WHY" --by "WHO"'
        assert command in str(done.error)
        assert hash_files(*folders, skip=()) == before
        assert world.latest == second
        assert [row["state"] for row in world.registered] == ["accepted", "held"]

        # what is held stands in nobody's way, and is told again each time, at once
        assert project.plan(area=AREA) == {}
        again = world.refresh(is_json=True)
        assert again.code == 6
        assert json.loads(again.summary)["outcome"] == "held"
        assert is_quick(world)

        accepted_elsewhere = project.copy(tmp_path / "accepted")

        # in the fourth week the operator is back, and a route of its own is gone for good
        world.feed = without_routes(full, lambda row: row["route_short_name"] == "N1")
        world.pass_week()
        world.pass_week()
        world.publish(export_again(world.feed, 4))
        done = world.refresh()
        assert done.code == 0, done.err
        assert done.summary.startswith("refresh weekly: published 2024-W47 (1 service withdrawn, ")
        assert [row["state"] for row in world.registered] == ["accepted", "superseded", "accepted"]
        assert world.registered[1]["note"].endswith("; superseded by 2024-W47")
        assert is_quick(world)

        check_accepting(WeeklyWorld(accepted_elsewhere, server, world.feed, world.now))


def check_accepting(world: WeeklyWorld) -> None:
    """The same third week, but somebody accepts it: the next refresh publishes it with the reason."""
    empty = world.call("accept", AREA, "2024-W46b", "--reason", " ", "--by", "A. Person")
    assert empty.returncode == 2
    assert "--reason" in empty.stderr
    call = ("accept", AREA, "2024-W46b", "--reason", "it closed down", "--by", "A. Person")
    done = world.call(*call)
    assert done.returncode == 0, done.stderr
    assert "Accepted: 2024-W46b of weekly." in done.stdout
    refused = world.call(*call)
    assert refused.returncode == 2
    assert "cannot be accepted: it is accepted" in refused.stderr
    world.server.on("/bus.zip", serve(b"down", 404))
    network = world.refresh()
    assert network.code == 5
    assert network.summary.startswith("refresh weekly: failed with exit code 5: ")
    done_make = world.project.make("all", area=AREA)
    assert done_make.returncode == 0, done_make.stderr
    gate = world.project.read_table("out_snapshot__gate", NAME).set_index("snapshot")
    assert gate.loc["2024-W46b", ["is_held", "is_accepted", "accepted_reason", "accepted_by"]].tolist() == [
        True,
        True,
        "it closed down",
        "A. Person",
    ]
    assert (world.latest / "report/index.html").is_file()


# --- a snapshot that is good in itself, and whose run the gates on whole runs hold ------------------------------------

NO_NIGHT = "  gates: {run: {latest_time_h: 29, max_outside_day_pct: 0}}\n"
LATER_H = 12


def run_one_trip_at_night(tables: Tables) -> Tables:
    """Let one trip begin and end twelve hours later: no operator and no run is lost, but a run lies outside its day."""
    last = max(tables["stop_times"], key=lambda row: _hours(row["departure_time"]))["trip_id"]

    def move(row: dict[str, str]) -> dict[str, str]:
        if row["trip_id"] != last:
            return row
        times = [c for c in ("arrival_time", "departure_time") if row[c]]  # between timing points they are blank
        return row | {c: f"{_hours(row[c]) + LATER_H:02d}{row[c][-6:]}" for c in times}

    assert max(_hours(row["departure_time"]) for row in tables["stop_times"]) < 29
    return {**tables, "stop_times": [move(row) for row in tables["stop_times"]]}


def _hours(text: str) -> int:
    return int(text.split(":", maxsplit=1)[0] or 0)


@pytest.mark.timeout(1800)
def test_a_run_held_with_a_new_snapshot_is_accepted_with_it_in_one_round(weekly: ProjectFolder, tmp_path: Path) -> None:
    with run_server() as server:
        world = WeeklyWorld.open(weekly.copy(tmp_path / "project"), server)
        project = world.project
        path = project.path / AREA
        path.write_text(path.read_text(encoding="utf-8").replace("settings:\n", f"settings:\n{NO_NIGHT}"), "utf-8")
        project.make_all(area=AREA)
        first = world.latest
        world.feed = run_one_trip_at_night(world.feed)
        world.pass_week()
        world.publish(export_again(world.feed, 5))
        before = hash_files(*(project.outputs(NAME) / name for name in ("tables", "report")))
        done = world.refresh()
        assert done.code == 6, done.err
        (one,) = world.registered
        held = one["held_run"]
        assert one["state"] == "held"
        assert {(each["gate"], each["subject"]) for each in held["reasons"]} == {("times_outside_day", one["id"])}
        assert done.summary.startswith(f"refresh weekly: held: {one['id']}: its run {held['run']}: times_outside_day: ")
        assert f'connectivity accept {AREA} {one["id"]} --reason "WHY" --by "WHO"' in str(done.error)
        assert hash_files(*(project.outputs(NAME) / name for name in ("tables", "report"))) == before
        assert world.latest == first
        assert is_quick(world)

        taken = world.call("accept", AREA, one["id"], "--reason", "a night bus", "--by", "A. Person")
        assert taken.returncode == 0, taken.stderr
        done = world.refresh()
        assert done.code == 0, done.err
        assert done.summary.startswith(f"refresh weekly: published {one['id']} (")
        assert world.latest != first
        gates = project.read_table("out_run__gate", NAME)
        exceptions = gates[gates["is_accepted"]]
        assert exceptions[["gate", "subject", "reason", "accepted_by"]].to_numpy().tolist() == [
            ["times_outside_day", one["id"], "a night bus", "A. Person"]
        ]
        assert project.read_manifest("scores", NAME)["facts"]["run"] == held["run"]
        assert is_quick(world)


@pytest.mark.timeout(1800)
def test_a_snapshot_that_its_own_gate_and_its_run_hold_is_told_and_accepted_in_one_round(
    weekly: ProjectFolder, tmp_path: Path
) -> None:
    with run_server() as server:
        world = WeeklyWorld.open(weekly.copy(tmp_path / "project"), server)
        project = world.project
        path = project.path / AREA
        path.write_text(path.read_text(encoding="utf-8").replace("settings:\n", f"settings:\n{NO_NIGHT}"), "utf-8")
        project.make_all(area=AREA)
        first = world.latest
        world.feed = run_one_trip_at_night(without_routes(world.feed, lambda row: row["agency_id"] == "MCTR"))
        world.pass_week()
        world.publish(export_again(world.feed, 6))
        folders = [project.outputs(NAME) / name for name in ("publish", "report", "tables", "service", "scores")]
        before = hash_files(*folders, skip=())
        done = world.refresh()
        assert done.code == 6, done.err
        (one,) = world.registered
        assert one["losses"].startswith("against '2024' it lost 1 of 4 operators (Marsh Community Transport)")
        held = one["held_run"]
        assert {(each["gate"], each["subject"]) for each in held["reasons"]} == {("times_outside_day", one["id"])}
        assert one["note"].startswith(f"{one['losses']}; its run {held['run']}: times_outside_day: ")
        assert hash_files(*folders, skip=()) == before  # nothing of the run that was only tried
        assert world.latest == first
        assert project.plan(area=AREA) == {}
        status = project.call("status", "--area", AREA).stdout
        assert f"The registered timetable {one['id']} is held" in status
        assert "connectivity accept " in status
        assert "accept-run" not in status
        assert is_quick(world)

        taken = world.call("accept", AREA, one["id"], "--reason", "it closed down", "--by", "A. Person")
        assert taken.returncode == 0, taken.stderr
        done = world.refresh()
        assert done.code == 0, done.err
        assert done.summary.startswith(f"refresh weekly: published {one['id']} (")
        snapshots, runs = (project.read_table(name, NAME) for name in ("out_snapshot__gate", "out_run__gate"))
        assert snapshots[["is_held", "is_accepted", "accepted_reason"]].to_numpy().tolist() == [
            [True, True, "it closed down"]
        ]
        assert runs[runs["is_accepted"]][["gate", "subject", "reason"]].to_numpy().tolist() == [
            ["times_outside_day", one["id"], "it closed down"]
        ]
        assert project.read_manifest("scores", NAME)["facts"]["run"] == held["run"]
        assert is_quick(world)
