"""Make runs what is out of date, says so beforehand, survives being killed, and gives the same bytes each time."""

from __future__ import annotations

import csv
import io
import random
import resource
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipeline.stages.published_change import MARK
from tests.support.pipeline import (
    TINY,
    ProjectFolder,
    hash_everything,
    hash_files,
    hash_results,
)

SNAPSHOTS = ("2016", "2024")
FOR_ALL = ("fetch", "streets", "places", "service", "scores", "report", "publish")
UNITS = {*FOR_ALL, *(f"{stage}/{s}" for stage in ("timetables", "network", "times") for s in SNAPSHOTS)}
AFTER_TIMES = {"service", "scores", "report", "publish"}
NEEDS = {
    "network": {"timetables", "streets", "places"},
    "times": {"network", "places"},
    "service": {"timetables", "places"},
    "scores": {"times", "service"},
    "report": {"scores"},
    "publish": {"report", "scores"},
}
ADDED = """
  - id: "2019"
    date: 2019-10-08
    feeds:
      - {key: bus_council, path: timetables/2019/bus_council.zip}
      - {key: rail, path: timetables/2019/rail.zip}
      - {key: ferry, path: timetables/2019/ferry.zip}
  - id: "2024"
"""


def _get_times(project: ProjectFolder) -> dict[str, int]:
    outputs = project.outputs()
    return {
        path.parent.relative_to(outputs).as_posix(): path.stat().st_mtime_ns for path in outputs.rglob("manifest.json")
    }


# --- a run from nothing -----------------------------------------------------------------------------------------------


def test_first_run_makes_every_unit_after_what_it_needs(tiny: ProjectFolder) -> None:
    ran = (tiny.path / "first-run.txt").read_text(encoding="utf-8").split()
    assert sorted(ran) == sorted(UNITS)
    for position, unit in enumerate(ran):
        stage, _, snapshot = unit.partition("/")
        before = {name for name in ran[:position] if not snapshot or name.partition("/")[2] in {"", snapshot}}
        wanted = {u for u in UNITS if u.partition("/")[0] in NEEDS.get(stage, set())}
        wanted = {u for u in wanted if not snapshot or u.partition("/")[2] in {"", snapshot}}
        assert wanted <= before, unit


def test_first_run_leaves_whole_results(tiny: ProjectFolder) -> None:
    outputs = tiny.outputs()
    names = {path.stem for path in (outputs / "tables").glob("*.parquet")}
    assert names == {path.stem for path in (outputs / "tables").glob("*.csv")}
    assert {"out_neighbourhood__travel_time", "out_neighbourhood__score", "out_run__notices"} <= names
    assert "Saltmarsh in small" in (outputs / "report" / "index.html").read_text(encoding="utf-8")
    assert tiny.find_leftovers() == []
    latest = outputs / "publish" / "latest"
    assert latest.is_symlink()
    assert hash_files(latest / "tables") == hash_files(outputs / "tables")
    page = (outputs / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count(MARK) == 1
    linked = page.replace(MARK, '<li><a href="change.html">What changed</a></li>')
    assert (latest / "report" / "index.html").read_text(encoding="utf-8") == linked
    for unit in UNITS:
        manifest = tiny.read_manifest(unit)
        assert manifest["seconds"] >= 0
        assert manifest["code"]
        assert len(manifest["result_hash"]) == 12


def test_nothing_speaks_of_the_folder_in_which_it_was_made(tiny: ProjectFolder) -> None:
    place = str(tiny.path).encode()
    guilty = [
        path.relative_to(tiny.path).as_posix()
        for path in (tiny.path / "outputs").rglob("*")
        if path.is_file() and place in path.read_bytes()
    ]
    assert guilty == []


# --- nothing to do, and what there is to do ---------------------------------------------------------------------------


def test_second_run_does_nothing_and_is_quick(tiny_copy: ProjectFolder) -> None:
    before = _get_times(tiny_copy)
    seconds = []
    for _ in range(2):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert tiny_copy.make_all() == []
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
    assert min(seconds) < 3  # of a processor, so that other tests at work beside this one do not count
    assert _get_times(tiny_copy) == before
    assert tiny_copy.plan() == {}
    assert tiny_copy.dry_run() == []


def _check_plan_is_what_runs(project: ProjectFolder, expected: dict[str, str], *arguments: str) -> None:
    options = [part for a in arguments for part in ("--" + a.split("=")[0].lower(), a.split("=")[1])]
    planned = project.plan(*options)
    assert planned == expected
    listed = project.dry_run(*arguments)
    assert sorted(listed) == sorted(planned)
    before = _get_times(project)
    ran = project.make_all(*arguments)
    assert sorted(ran) == sorted(planned)
    after = _get_times(project)
    assert {unit for unit in after if after[unit] != before.get(unit)} == set(planned)
    assert project.plan(*options) == {}


COLOUR = "#123abc"
ONLY_THE_REPORT = {"report": "its settings changed", "publish": "it needs report, which is new"}


def test_a_report_colour_makes_the_report_only(tiny_copy: ProjectFolder) -> None:
    tables = hash_files(tiny_copy.outputs() / "tables", skip=())
    (tiny_copy.path / "mine.yaml").write_text(f'report: {{accent_colour: "{COLOUR}"}}\n', encoding="utf-8")
    _check_plan_is_what_runs(tiny_copy, ONLY_THE_REPORT, "CONFIG=mine.yaml")
    assert hash_files(tiny_copy.outputs() / "tables", skip=()) == tables
    report = tiny_copy.outputs() / "report"
    shown = [path.name for path in report.rglob("*") if path.is_file() and COLOUR.encode() in path.read_bytes()]
    assert set(shown) - {"manifest.json"}


def test_a_report_colour_of_the_area_makes_the_report_only(tiny_copy: ProjectFolder) -> None:
    tiny_copy.edit(TINY, "settings:\n", f'settings:\n  report: {{accent_colour: "{COLOUR}"}}\n')
    assert tiny_copy.plan() == ONLY_THE_REPORT
    assert tiny_copy.dry_run() == ["report", "publish"]


def test_another_snapshot_makes_its_own_units_and_what_compares(tiny_copy: ProjectFolder) -> None:
    old = tiny_copy.read_table("out_small_area__travel_time")
    tiny_copy.edit(TINY, '\n  - id: "2024"\n', ADDED)
    expected = {
        "fetch": "its settings changed",
        "timetables/2019": "has not been run",
        "network/2019": "has not been run",
        "times/2019": "has not been run",
        "service": "its settings changed",
        "scores": "it needs times/2019, which is new",
        "report": "its settings changed",
        "publish": "it needs report, which is new",
    }
    planned = tiny_copy.plan()
    assert set(planned) == set(expected)
    assert {unit: planned[unit] for unit in ("timetables/2019", "service", "report")} == {
        unit: expected[unit] for unit in ("timetables/2019", "service", "report")
    }
    _check_plan_is_what_runs(tiny_copy, planned)
    new = tiny_copy.read_table("out_small_area__travel_time")
    assert set(new["snapshot"]) == {"2016", "2019", "2024"}
    pd.testing.assert_frame_equal(new[new["snapshot"] != "2019"].reset_index(drop=True), old)


def test_a_newer_input_is_named_as_the_reason(tiny_copy: ProjectFolder) -> None:
    (tiny_copy.path / "data/sample/timetables/2024/ferry.zip").touch()
    planned = tiny_copy.plan()
    assert set(planned) == {"fetch", "timetables/2024", "network/2024", "times/2024", *AFTER_TIMES}
    assert planned["timetables/2024"] == "its input ferry.zip is newer"
    assert planned["network/2024"] == "it needs timetables/2024, which is new"
    assert sorted(tiny_copy.dry_run()) == sorted(planned)
    (tiny_copy.path / "data/sample/hospitals.csv").touch()
    planned = tiny_copy.plan()
    assert set(planned) == UNITS - {"streets", "timetables/2016"}
    assert planned["places"] == "its input hospitals.csv is newer"
    assert sorted(tiny_copy.dry_run()) == sorted(planned)


@pytest.mark.parametrize(
    ("old", "new", "first", "expected"),
    [
        ("crs: EPSG:27700\ntimezone", "crs: EPSG:3857\ntimezone", "places", UNITS - {"fetch", "streets"}),
        ('end: "07:30"', 'end: "07:20"', "times/2016", None),
        ("settings:\n", "settings:\n  service: {zone_radius_m: 400}\n", "service", AFTER_TIMES),
        ("settings:\n", "settings:\n  walking: {speed_kmh: 3.6}\n", "network/2016", None),
    ],
)
def test_a_setting_makes_only_the_stages_that_use_it(
    tiny_copy: ProjectFolder, old: str, new: str, first: str, expected: set[str] | None
) -> None:
    tiny_copy.edit(TINY, old, new)
    planned = tiny_copy.plan()
    assert planned[first] == "its settings changed"
    assert sorted(tiny_copy.dry_run()) == sorted(planned)
    assert not set(planned) & {"fetch", "streets", "timetables/2016", "timetables/2024"} or expected is not None
    if expected is not None:
        wanted = expected - {"timetables/2016", "timetables/2024"}
        assert set(planned) == wanted


def test_changed_code_and_a_lost_manifest_are_noticed(tiny_copy: ProjectFolder) -> None:
    slices = tiny_copy.outputs() / ".slices"
    (slices / "report.code.json").write_text("{}\n", encoding="utf-8")
    assert tiny_copy.plan() == {"report": "its code changed", "publish": "it needs report, which is new"}
    (tiny_copy.outputs() / "times" / "2016" / "manifest.json").unlink()
    planned = tiny_copy.plan()
    assert planned["times/2016"] == "has not been run"
    assert set(planned) == {"times/2016", "scores", "report", "publish"}
    assert sorted(tiny_copy.dry_run()) == sorted(planned)


def test_one_stage_and_one_snapshot_can_be_asked_for(tiny_copy: ProjectFolder) -> None:
    for unit in ("timetables/2016", "timetables/2024"):
        (tiny_copy.outputs() / unit / "manifest.json").unlink()
    done = tiny_copy.make("timetables", "SNAPSHOT=2016")
    assert done.returncode == 0, done.stderr
    assert (tiny_copy.outputs() / "timetables/2016/manifest.json").is_file()
    assert not (tiny_copy.outputs() / "timetables/2024/manifest.json").exists()


# --- killed, repeated, reordered --------------------------------------------------------------------------------------


def test_killed_at_any_moment_the_next_run_gives_the_same_bytes(tiny: ProjectFolder, tmp_path: Path) -> None:
    """Also the proof that two runs from nothing, in different folders, write the same bytes."""
    project = ProjectFolder.create(tmp_path / "project")
    moments = random.Random(20241008)
    n_killed = sum(project.kill_after(moments.uniform(1.5, 4.5)) for _ in range(4))
    assert n_killed >= 2
    project.make_all()
    assert project.plan() == {}
    assert project.find_leftovers() == []
    assert hash_results(project) == hash_results(tiny)
    for unit in sorted(UNITS):
        one, other = project.read_manifest(unit), tiny.read_manifest(unit)
        for key in ("result_hash", "row_counts", "notices", "inputs", "upstream"):
            assert one[key] == other[key], (unit, key)


def test_a_failed_stage_leaves_earlier_results_whole(tiny_copy: ProjectFolder) -> None:
    before = hash_everything(tiny_copy)
    path = tiny_copy.path / "data/sample/small_areas.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("591320", "here"), encoding="utf-8")
    done = tiny_copy.make("all", "-k")
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "'here' is not a number." in done.stderr
    assert "row 2, field easting" in done.stderr
    assert "Traceback" not in done.stderr
    after = hash_everything(tiny_copy)
    assert {
        name for name in before if after.get(name) != before[name] and not name.startswith("outputs/tiny/fetch")
    } == set()


def test_a_missing_input_is_reported_once_by_make(tiny_copy: ProjectFolder) -> None:
    before = hash_everything(tiny_copy)
    (tiny_copy.path / "data/sample/wards.csv").unlink()
    done = tiny_copy.make("all", "JOBS=1")
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "where: data/sample/wards.csv" in done.stderr
    assert "cure:" in done.stderr
    assert "Traceback" not in done.stderr
    assert hash_everything(tiny_copy) == before


def _shuffle(text: str, order: random.Random) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    body = rows[1:]
    order.shuffle(body)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([rows[0], *body])
    return out.getvalue()


def test_order_of_rows_does_not_matter(tiny: ProjectFolder, tmp_path: Path) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    order = random.Random(2016)
    data = project.path / "data" / "sample"
    for path in data.glob("*.csv"):
        path.write_text(_shuffle(path.read_text(encoding="utf-8"), order), encoding="utf-8")
    used = [feed["path"] for s in yaml.safe_load((project.path / TINY).read_text())["snapshots"] for feed in s["feeds"]]
    for name in used:
        with zipfile.ZipFile(data / name) as archive:
            tables = {member: archive.read(member).decode() for member in archive.namelist()}
        with zipfile.ZipFile(data / name, "w") as archive:
            for member, text in tables.items():
                archive.writestr(member, _shuffle(text, order))
    project.make_all()
    names = sorted(path.stem for path in (tiny.outputs() / "tables").glob("*.parquet"))
    for name in [n for n in names if n not in {"out_run__inputs", "out_run__notices"}]:
        one, other = project.read_table(name), tiny.read_table(name)
        hashes = [column for column in one.columns if column.endswith("_hash")]
        pd.testing.assert_frame_equal(one.drop(columns=hashes), other.drop(columns=hashes), obj=name)
    keys = ["stage", "snapshot", "code"]
    one, other = (p.read_table("out_run__notices").groupby(keys, dropna=False)["count"].sum() for p in (project, tiny))
    pd.testing.assert_series_equal(one, other)
