"""Input that cannot be used: the right exit code, one message with place and cure, and earlier results untouched."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.osm import OsmNode, OsmWay, write_osm
from tests.support.pipeline import TINY, ProjectFolder, check_error, hash_everything, rewrite_member

SAMPLE = "data/sample"
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def built(tiny: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A built project that no test of this module may change: each breaks a copy of the inputs."""
    return tiny.copy(tmp_path_factory.mktemp("hostile") / "project")


def _write(name: str, content: str | bytes) -> Change:
    def change(data: Path) -> None:
        (data / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def _replace(name: str, old: str, new: str) -> Change:
    def change(data: Path) -> None:
        text = (data / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old)
        (data / name).write_text(text.replace(old, new), encoding="utf-8")

    return change


def _append(name: str, row: str) -> Change:
    def change(data: Path) -> None:
        with (data / name).open("a", encoding="utf-8") as handle:
            handle.write(row + "\n")

    return change


def _delete(name: str) -> Change:
    return lambda data: (data / name).unlink()


def _truncate(name: str, share: float) -> Change:
    def change(data: Path) -> None:
        content = (data / name).read_bytes()
        (data / name).write_bytes(content[: int(len(content) * share)])

    return change


def _rewrite(name: str, member: str, edit: Callable[[str], str | None]) -> Change:
    return lambda data: rewrite_member(data / name, member, edit)


def _semicolons(data: Path) -> None:
    path = data / "small_areas.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")


def _exchange_lon_lat(data: Path) -> None:
    rows = [line.split(",") for line in (data / "hospitals.csv").read_text(encoding="utf-8").splitlines()]
    body = [[r[0], r[1], r[3], r[2], *r[4:]] for r in rows[1:]]
    (data / "hospitals.csv").write_text("\n".join(",".join(r) for r in [rows[0], *body]) + "\n", encoding="utf-8")


def _not_utf8(data: Path) -> None:
    path = data / "small_areas.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("Harbour A", "Harbour \xc2").encode("latin-1"))


def _rewrite_without_directory(data: Path) -> None:
    with zipfile.ZipFile(data / "timetables/2016/rail.zip", "w") as archive:
        archive.writestr("readme.md", "not a timetable")


SEEN_FROM_OUTSIDE = {"missing_points", "zip_cut_off", "small_area_twice", "no_service_on_date", "unknown_key"}
"""Cases that run as a command of their own; the others call the same function within this process, to be quick."""


@dataclass(frozen=True)
class Case:
    """One way to break an input."""

    name: str
    change: Change
    stage: str
    words: tuple[str, ...]
    where: str
    row: int | None = None
    field: str | None = None
    snapshot: str | None = None


RAIL = "timetables/2016/rail.zip"
BUS = "timetables/2016/bus_council.zip"
HTML = "<!DOCTYPE html><html><body><h1>403 Forbidden</h1></body></html>"
CASES = [
    # files as a whole
    Case("missing_points", _delete("small_areas.csv"), "places", ("does not exist",), "small_areas.csv"),
    Case(
        "missing_lookup",
        _delete("lookup_small_area_ward.csv"),
        "places",
        ("does not exist",),
        "lookup_small_area_ward.csv",
    ),
    Case("missing_streets", _delete("saltmarsh.osm.pbf"), "streets", ("does not exist",), "saltmarsh.osm.pbf"),
    Case("missing_timetable", _delete(RAIL), "timetables", ("does not exist",), "rail.zip", snapshot="2016"),
    Case("empty_points", _write("small_areas.csv", ""), "places", (), "small_areas.csv"),
    Case("header_only", _write("hospitals.csv", "id,name,lon,lat\n"), "places", ("no rows",), "hospitals.csv"),
    Case("empty_streets", _write("saltmarsh.osm.pbf", ""), "streets", (), "saltmarsh.osm.pbf"),
    Case("streets_no_pbf", _write("saltmarsh.osm.pbf", HTML), "streets", (), "saltmarsh.osm.pbf"),
    Case("streets_cut_off", _truncate("saltmarsh.osm.pbf", 0.6), "streets", (), "saltmarsh.osm.pbf"),
    Case("zip_cut_off", _truncate(RAIL, 0.6), "timetables", ("zip",), "rail.zip", snapshot="2016"),
    Case("zip_empty", _write(RAIL, ""), "timetables", ("empty",), "rail.zip", snapshot="2016"),
    Case("html_for_zip", _write(RAIL, HTML), "timetables", ("web page",), "rail.zip", snapshot="2016"),
    Case("no_gtfs_in_zip", _rewrite_without_directory, "timetables", (), "rail.zip", snapshot="2016"),
    Case(
        "table_missing",
        _rewrite(RAIL, "stop_times.txt", lambda _: None),
        "timetables",
        ("stop_times.txt",),
        "rail.zip",
        snapshot="2016",
    ),
    # tables
    Case("wrong_separator", _semicolons, "places", ("sa21cd",), "small_areas.csv", 1, "sa21cd"),
    Case("not_utf8", _not_utf8, "places", ("utf-8", "latin-1"), "small_areas.csv"),
    Case("unbalanced_quote", _replace("small_areas.csv", "Harbour A", '"Harbour A'), "places", (), "small_areas.csv"),
    Case(
        "column_missing",
        _replace("small_areas.csv", "population", "people"),
        "places",
        ("population", "people"),
        "small_areas.csv",
        1,
        "population",
    ),
    Case(
        "no_number",
        _replace("small_areas.csv", "591320", "59132O"),
        "places",
        ("'59132O' is not a number",),
        "small_areas.csv",
        2,
        "easting",
    ),
    Case(
        "negative_population",
        _replace("small_areas.csv", ",1655", ",-1655"),
        "places",
        ("'-1655'",),
        "small_areas.csv",
        7,
        "population",
    ),
    Case(
        "population_in_words",
        _replace("small_areas.csv", ",1655", ",many"),
        "places",
        ("'many'",),
        "small_areas.csv",
        7,
        "population",
    ),
    Case(
        "two_wards",
        _append("lookup_small_area_ward.csv", "X01000001,X05000002"),
        "places",
        ("X01000001", "two"),
        "lookup_small_area_ward.csv",
        42,
        "sa21cd",
    ),
    Case(
        "other_vintage",
        _write("lookup_small_area_ward.csv", "sa21cd,wd21cd\nE01000001,E05000001\n"),
        "places",
        ("No small area belongs",),
        "small_areas.csv",
    ),
    # places
    Case(
        "small_area_twice",
        _append("small_areas.csv", "X01000003,Harbour C,590000,370000,10"),
        "places",
        ("X01000003", "two places", "rows 4 and 42"),
        "small_areas.csv",
        42,
        "sa21cd",
    ),
    Case(
        "destination_twice",
        _append("hospitals.csv", "XH001,Elsewhere,0.80,53.20,true,true"),
        "places",
        ("XH001", "two places"),
        "hospitals.csv",
        5,
        "id",
    ),
    Case(
        "stop_twice",
        _rewrite(RAIL, "stops.txt", lambda t: t + t.splitlines()[1].replace("53.", "53.1", 1) + "\n"),
        "timetables",
        (),
        "rail.zip:stops.txt",
        snapshot="2016",
    ),
    Case("lon_lat_exchanged", _exchange_lon_lat, "places", ("look exchanged",), "hospitals.csv", 2, "crs"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_unusable_input_stops_with_one_message(built: ProjectFolder, tmp_path: Path, case: Case) -> None:
    data = tmp_path / "data"
    shutil.copytree(built.path / SAMPLE, data)
    case.change(data)
    before = hash_everything(built)
    snapshot = ("--snapshot", case.snapshot) if case.snapshot else ()
    call = built.run if case.name in SEEN_FROM_OUTSIDE else built.call
    done = call("run", case.stage, "--area", TINY, "--data", str(data), *snapshot)
    check_error(done, 4, where=case.where, row=case.row, field=case.field, words=case.words)
    assert hash_everything(built) == before


@dataclass(frozen=True)
class Setting:
    """One way to break the configuration."""

    name: str
    old: str
    new: str
    words: tuple[str, ...]
    field: str | None = None
    command: tuple[str, ...] = ("plan",)
    code: int = 3
    is_located: bool = True


SETTINGS = [
    Setting(
        "unknown_key",
        "settings:\n",
        "settings:\n  walking: {speed_khm: 4}\n",
        ("unknown", "Did you mean 'speed_kmh'?"),
        "settings.walking.speed_khm",
    ),
    Setting("unknown_key_of_area", "title:", "titel: x\ntitle:", ("unknown", "Did you mean 'title'?"), "titel"),
    Setting(
        "unknown_key_of_feed",
        "{key: rail, path: timetables/2016/rail.zip}",
        "{key: rail, path: timetables/2016/rail.zip, licens: x}",
        ("unknown", "Did you mean 'licence'?"),
        "snapshots.0.feeds.1.licens",
    ),
    Setting("key_twice", "title:", "name: tiny\ntitle:", ("'name' stands twice",)),
    Setting("weekend", "date: 2016-10-11", "date: 2016-10-15", ("is no weekday",), "snapshots.0"),
    Setting("no_date", "date: 2016-10-11", "date: 2016-13-11", ("month",)),
    Setting(
        "saturday_is_none",
        "date: 2016-10-11",
        "date: 2016-10-11\n    saturday: 2016-10-16",
        ("is no Saturday",),
        "snapshots.0",
    ),
    Setting(
        "unknown_group", "group: left_behind", "group: left_behnd", ("left_behind",), "neighbourhoods.groups.0.group"
    ),
    Setting(
        "out_of_range",
        "settings:\n",
        "settings:\n  walking: {speed_kmh: -4}\n",
        ("greater than 0",),
        "settings.walking.speed_kmh",
    ),
    Setting(
        "window_backwards",
        'end: "07:30"',
        'end: "06:30"',
        ("ends before it begins",),
        "settings.windows.weekday_am.outward",
    ),
    Setting("same_snapshot_twice", 'id: "2024"', 'id: "2016"', ("same id",), is_located=False),
    Setting("key_missing", "timezone: Europe/London\n", "", ("missing",), "timezone", is_located=False),
    Setting("no_yaml", "words:\n", "words: [\n", ("not valid YAML",)),
    Setting(
        "unknown_crs",
        "crs: EPSG:27700\n  population",
        "crs: EPSG:2770000\n  population",
        ("unknown", "EPSG"),
        "crs",
        ("run", "places"),
        is_located=False,
    ),
    Setting(
        "no_scoring_file",
        "settings:\n",
        "settings:\n  scoring: config/scoring/none.yaml\n",
        ("does not exist",),
        None,
        ("run", "scores"),
        is_located=False,
    ),
    Setting(
        "crs_declared_wrongly",
        "crs: EPSG:27700\n  population",
        "crs: EPSG:4326\n  population",
        ("cannot be in WGS 84", "British National Grid"),
        "crs",
        ("run", "places"),
        code=4,
        is_located=False,
    ),
    Setting(
        "no_service_on_date",
        "date: 2016-10-11",
        "date: 2017-10-10",
        ("2016-09-05", "2016-12-11"),
        None,
        ("run", "timetables", "--snapshot", "2016"),
        code=4,
        is_located=False,
    ),
    Setting(
        "no_destination_fits",
        "name: name, weight: jobs",
        "name: name, weight: jobs, min_weight: 1000000",
        (),
        None,
        ("run", "places"),
        code=4,
        is_located=False,
    ),
]


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case.name)
def test_an_unusable_setting_stops_with_one_message(built: ProjectFolder, tmp_path: Path, case: Setting) -> None:
    text = (built.path / TINY).read_text(encoding="utf-8")
    assert text.count(case.old) == 1
    area = tmp_path / "tiny.yaml"
    area.write_text(text.replace(case.old, case.new), encoding="utf-8")
    changed = text[: text.index(case.old)].count("\n") + 1
    before = hash_everything(built)
    call = built.run if case.name in SEEN_FROM_OUTSIDE else built.call
    done = call(*case.command, "--area", str(area))
    check_error(done, case.code, field=case.field, words=case.words)
    if case.is_located:
        assert f"where: {area}, row " in done.stderr
        row = int(done.stderr.split(", row ")[1].split(",")[0].split("\n")[0])
        assert changed - 2 <= row <= changed + 2
    assert hash_everything(built) == before


def test_other_unusable_settings(built: ProjectFolder, tmp_path: Path) -> None:
    before = hash_everything(built)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("report:\n  palette: viridis\n  accent_color: '#000000'\n", encoding="utf-8")
    check_error(
        built.call("plan", "--area", TINY, "--config", str(wrong)),
        3,
        where="wrong.yaml",
        row=3,
        field="report.accent_color",
        words=("accent_colour",),
    )
    wrong.write_bytes("report: {palette: vir\xeddis}\n".encode("latin-1"))
    check_error(built.call("plan", "--area", TINY, "--config", str(wrong)), 3, where="wrong.yaml", words=("UTF-8",))
    wrong.write_text("- a\n- b\n", encoding="utf-8")
    check_error(built.call("plan", "--area", TINY, "--config", str(wrong)), 3, where="wrong.yaml")
    check_error(built.call("plan", "--area", TINY, "--config", "none.yaml"), 3, where="none.yaml")
    check_error(built.call("plan", "--area", "atlantis"), 3, words=("newport", "porto_alegre", "sample"))
    check_error(built.call("plan", "--area", "config/areas/none.yaml"), 3, where="none.yaml")
    check_error(built.call("plan", "--area", TINY, "--data", "no/such/folder"), 4, where="no/such/folder")
    check_error(built.call("plan", "--area", "newport"), 3, field="data", words=("DATA=",))
    check_error(built.call("run", "time", "--area", TINY), 2, words=("no stage 'time'", "times"), where=None)
    check_error(built.call("run", "times", "--area", TINY), 2, words=("one snapshot", "2016, 2024"), where=None)
    check_error(built.call("run", "times", "--area", TINY, "--snapshot", "2017"), 2, words=("2016, 2024",), where=None)
    check_error(built.call("run", "scores", "--area", TINY, "--snapshot", "2016"), 2, where=None)
    assert hash_everything(built) == before


def test_a_stage_before_its_time_says_what_to_do(tmp_path: Path) -> None:
    project = ProjectFolder.create(tmp_path / "project")
    done = project.call("run", "scores", "--area", TINY)
    check_error(done, 4, where="manifest.json", words=("has not been run", "make all"))


def test_strict_turns_a_doubt_into_an_error(built: ProjectFolder, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(built.path / SAMPLE, data)
    _replace("small_areas.csv", "591320,370530", ",")(data)
    (tmp_path / "strict.yaml").write_text("strict: true\n", encoding="utf-8")
    before = hash_everything(built)
    options = ("--area", TINY, "--data", str(data), "--config", str(tmp_path / "strict.yaml"))
    check_error(built.call("run", "places", *options), 4, where="small_areas.csv", row=2, words=("place_not_located",))
    assert hash_everything(built) == before


def test_streets_of_another_region_hold_the_run_and_keep_the_results(tiny_copy: ProjectFolder) -> None:
    nodes = [OsmNode(1 + r * 12 + c, 10.0 + c / 1000, 50.0 + r / 1000) for r in range(12) for c in range(12)]
    ways = [OsmWay(1 + r, [1 + r * 12 + c for c in range(12)]) for r in range(12)]
    ways += [OsmWay(101 + c, [1 + r * 12 + c for r in range(12)]) for c in range(12)]
    streets = tiny_copy.path / "data/sample/saltmarsh.osm.pbf"
    streets.unlink()
    write_osm(streets, nodes, ways)
    before = hash_everything(tiny_copy)
    done = tiny_copy.make("all", "JOBS=1")
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "None of the 40 small areas can be joined to the streets" in done.stderr
    assert "where: saltmarsh.osm.pbf, field streets" in done.stderr
    assert "another region" in done.stderr
    assert "Traceback" not in done.stderr
    after = hash_everything(tiny_copy)
    changed = {name for name in before if after.get(name) != before[name]}
    assert all(name.startswith(("outputs/tiny/fetch/", "outputs/tiny/streets/")) for name in changed), changed
