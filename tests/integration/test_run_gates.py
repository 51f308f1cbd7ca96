"""A run that differs too much from the last accepted one is held, and everything published stays as it was."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

from tests.support.pipeline import TINY, ProjectFolder, hash_files

RUN = ("run", "scores", "--area", TINY)
TIMES = "times/2024/out_neighbourhood__travel_time.parquet"
ACCEPTED = "config/test/tiny.accepted_runs.csv"


def publish_again(project: ProjectFolder) -> None:
    for stage in ("scores", "report", "publish"):
        done = project.call("run", stage, "--area", TINY)
        assert done.returncode == 0, done.stderr


def hash_published(project: ProjectFolder) -> dict[str, str]:
    outputs = project.outputs()
    found = hash_files(outputs / "tables", outputs / "report", outputs / "publish", outputs / "scores", skip=())
    return found | {"latest": str((outputs / "publish" / "latest").readlink())}


def slow_down(project: ProjectFolder, file: str = TIMES, seconds: float = 2400.0) -> None:
    """Let all journeys of a snapshot take longer, though no input changed."""
    path = project.outputs() / file
    frame = pd.read_parquet(path)
    frame["travel_time_p50_s"] += seconds
    frame.to_parquet(path)


@pytest.fixture
def project(tiny_copy: ProjectFolder) -> ProjectFolder:
    return tiny_copy


def test_the_first_run_says_that_there_is_nothing_to_compare_with(tiny: ProjectFolder) -> None:
    compared = json.loads((tiny.outputs() / "gates" / "compared.json").read_text())
    assert compared["against"] is None
    assert compared["run"] == tiny.read_manifest("scores")["facts"]["run"]
    page = (tiny.outputs() / "publish" / "latest" / "report" / "change.html").read_text(encoding="utf-8")
    assert "No earlier run was accepted here" in page
    gates = tiny.read_table("out_run__gate")
    assert not gates["is_held"].any()
    assert {"schema", "rows", "time_spread", "stops_per_trip_low"} <= set(gates["gate"])
    assert gates.loc[gates["gate"] == "stops_per_trip_low", "value"].between(2, 60).all()
    quality = (tiny.outputs() / "report" / "quality.html").read_text(encoding="utf-8")
    assert "Gates before publishing" in quality


def test_the_same_run_again_writes_the_same_bytes(project: ProjectFolder) -> None:
    """Manifests carry the time that a stage took, and what is remembered of a stage carries their hashes."""

    def hash_outputs() -> dict[str, str]:
        found = hash_files(project.path / "outputs", skip=("manifest.json",))
        return {name: value for name, value in found.items() if not name.endswith(".seen.json")}

    before = hash_outputs()
    publish_again(project)
    assert hash_outputs() == before


def test_a_held_run_leaves_everything_in_place_says_why_and_passes_once_accepted(project: ProjectFolder) -> None:
    before = hash_published(project)
    slow_down(project)
    done = project.call(*RUN)
    assert done.returncode == 6
    assert "Traceback" not in done.stderr
    assert "is held for" in done.stderr
    assert "time_moved: the median travel time to hospitals of 2024 moved by more than 15 minutes" in done.stderr
    assert "time_moved: the median travel time to stations of 2024" in done.stderr
    assert f"connectivity accept-run {TINY} --reason" in done.stderr
    assert hash_published(project) == before
    assert project.find_leftovers() == []
    held = json.loads((project.outputs() / "gates" / "held.json").read_text())
    assert {each["gate"] for each in held["reasons"]} >= {"time_moved", "index_moved"}
    assert held["against"] == project.read_manifest("scores")["facts"]["run"]

    status = project.call("status", "--area", TINY)
    assert f"The run {held['run']} is held" in status.stdout
    assert "accept-run" in status.stdout

    wrong = project.call("accept-run", TINY, "--reason", "why", "--by", "A. N.", "--run", "0" * 12)
    assert wrong.returncode == 2
    assert not (project.path / ACCEPTED).exists()
    accepted = project.call("accept-run", TINY, "--reason", "Roads are dug up, until May", "--by", "A. N. Other")
    assert accepted.returncode == 0, accepted.stderr
    rows = list(csv.DictReader((project.path / ACCEPTED).read_text(encoding="utf-8").splitlines()))
    assert {row["run"] for row in rows} == {held["run"]}
    assert len(rows) == len(held["reasons"])

    publish_again(project)
    assert not (project.outputs() / "gates" / "held.json").exists()
    assert "is held" not in project.call("status", "--area", TINY).stdout
    assert project.read_manifest("scores")["facts"]["run"] == held["run"]
    gates = project.read_table("out_run__gate")
    exceptions = gates[gates["is_accepted"]]
    assert set(exceptions["reason"]) == {"Roads are dug up, until May"}
    assert sorted(zip(exceptions["gate"], exceptions["subject"], strict=True)) == sorted(
        (row["gate"], row["subject"]) for row in rows
    )
    quality = (project.outputs() / "report" / "quality.html").read_text(encoding="utf-8")
    assert "Roads are dug up, until May" in quality
    page = (project.outputs() / "publish" / "latest" / "report" / "change.html").read_text(encoding="utf-8")
    assert "Against the last accepted run" in page
    assert "held, then accepted" in page

    again = [project.outputs() / name for name in ("tables", "report", "gates")]
    after = hash_files(*again)
    publish_again(project)
    assert hash_files(*again) == after


def test_an_accepted_run_does_not_let_another_one_pass(project: ProjectFolder) -> None:
    slow_down(project)
    assert project.call(*RUN).returncode == 6
    assert project.call("accept-run", TINY, "--reason", "why", "--by", "who").returncode == 0
    slow_down(project, seconds=60.0)
    before = hash_published(project)
    assert project.call(*RUN).returncode == 6
    assert hash_published(project) == before


def test_a_held_run_is_forgotten_when_the_next_one_is_good(project: ProjectFolder) -> None:
    before = hash_published(project)
    path = project.outputs() / TIMES
    original = path.read_bytes()
    slow_down(project)
    assert project.call(*RUN).returncode == 6
    path.write_bytes(original)
    publish_again(project)
    assert not (project.outputs() / "gates" / "held.json").exists()
    after = hash_published(project)
    assert {name for name in before if before[name] != after[name]} == {
        "scores/manifest.json",
        "report/manifest.json",
        "publish/manifest.json",
    } & set(before)


def test_a_changed_setting_explains_what_it_changes(project: ProjectFolder) -> None:
    slow_down(project)
    project.edit(TINY, "settings:\n", "settings:\n  walking: {speed_kmh: 3.6}\n")
    done = project.call(*RUN)
    assert done.returncode == 0, done.stderr
    judged = json.loads((project.outputs() / "gates" / "compared.json").read_text())["judged"]
    assert not any(each["is_held"] for each in judged)
    assert "settings or area file changed" in {each["explanation"] for each in judged}


def test_a_table_that_does_not_fit_its_declaration_is_held_and_cannot_be_accepted(project: ProjectFolder) -> None:
    before = hash_published(project)
    for name in ("out_small_area__travel_time", "out_neighbourhood__jobs"):
        path = project.outputs() / f"times/2024/{name}.parquet"
        frame = pd.read_parquet(path)
        pd.concat([frame, frame.iloc[:1].assign(neighbourhood_code="NOWHERE"), frame.iloc[:1]]).to_parquet(path)
    done = project.call(*RUN)
    assert done.returncode == 6
    for name in ("out_small_area__travel_time", "out_neighbourhood__jobs"):
        assert f"{name} does not fit its declaration" in done.stderr
    assert hash_published(project) == before
    refused = project.call("accept-run", TINY, "--reason", "why", "--by", "who")
    assert refused.returncode == 2
    assert "cannot be accepted" in refused.stderr


def test_a_row_of_a_place_that_the_area_does_not_have_is_held(project: ProjectFolder) -> None:
    path = project.outputs() / "times/2024/out_neighbourhood__jobs.parquet"
    frame = pd.read_parquet(path)
    pd.concat([frame, frame.iloc[:1].assign(neighbourhood_code="NOWHERE")]).to_parquet(path)
    done = project.call(*RUN)
    assert done.returncode == 6
    assert "out_neighbourhood__jobs has 1 rows with an unknown neighbourhood_code: NOWHERE" in done.stderr


def test_a_null_without_a_reason_is_held(project: ProjectFolder) -> None:
    path = project.outputs() / TIMES
    frame = pd.read_parquet(path)
    frame.loc[frame["neighbourhood_code"] == frame["neighbourhood_code"].iloc[0], "travel_time_p50_s"] = None
    frame.to_parquet(path)
    done = project.call(*RUN)
    assert done.returncode == 6
    assert "travel times of 2024 are null without a reason" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("run,gate", "run,door", "other columns"),
        (",why,", ",,", "not whole"),
        ("time_moved", "time_mooved", "is no gate"),
        (",15,", ",15 min,", "not a number"),
    ],
)
def test_a_wrong_list_of_accepted_runs_is_named_with_its_row(
    project: ProjectFolder, old: str, new: str, words: str
) -> None:
    text = "run,gate,subject,value,limit,reason,by,date\nabc,time_moved,jobs 2024,90,15,why,who,2024-11-01\n"
    (project.path / ACCEPTED).write_text(text.replace(old, new), encoding="utf-8")
    done = project.call(*RUN)
    assert done.returncode == 3
    assert words in done.stderr
    assert "tiny.accepted_runs.csv, row" in done.stderr


def test_there_is_nothing_to_accept_where_nothing_is_held(project: ProjectFolder) -> None:
    done = project.call("accept-run", TINY, "--reason", "why", "--by", "who")
    assert done.returncode == 2
    assert "No run of 'tiny' is held." in done.stderr


def test_a_damaged_record_is_an_error_with_a_cure(project: ProjectFolder) -> None:
    (project.outputs() / "gates" / "accepted.json").write_text("{", encoding="utf-8")
    done = project.call(*RUN)
    assert done.returncode == 4
    assert "gates/accepted.json" in done.stderr
    assert "Delete it" in done.stderr


def test_what_is_wrong_with_a_timetable_by_itself_is_accepted_once_for_all_runs_that_have_it(
    project: ProjectFolder,
) -> None:
    """Else every run would be held anew for a night bus that somebody has looked at, whatever else is new in it."""
    project.edit(TINY, "settings:\n", "settings:\n  gates: {run: {max_stops_per_trip: 3}}\n")
    assert project.call(*RUN).returncode == 6
    assert project.call("accept-run", TINY, "--reason", "long routes", "--by", "who").returncode == 0
    publish_again(project)
    first = project.read_manifest("scores")["facts"]["run"]
    slow_down(project, seconds=60.0)  # another run, with the same timetables
    publish_again(project)
    assert project.read_manifest("scores")["facts"]["run"] != first
    gates = project.read_table("out_run__gate").set_index("gate").loc["stops_per_trip_high"]
    assert set(pd.DataFrame(gates)["reason"]) == {"long routes"}
    path = project.path / ACCEPTED
    text = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    path.write_text(text.replace(f",{rows[0]['value']},", ",999,"), encoding="utf-8")
    slow_down(project, seconds=60.0)
    assert project.call(*RUN).returncode == 6  # another value is another finding
