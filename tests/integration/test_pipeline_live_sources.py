"""An area that names live sources: fetched once, locked, then run without the network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.base.errors import ConfigError, InputError, UsageError
from pipeline.base.live import LOCK, NOT_FETCHED, find_cure, read_lock
from pipeline.base.load import Project, load_project
from pipeline.cli.check import check_area
from pipeline.cli.fetch import describe_sources, run_fetch
from pipeline.cli.main import main
from pipeline.stages.live import fetch_area, list_live_inputs
from pipeline.stages.plan import build_plan, write_rules
from pipeline.stages.targets import get_config_slice
from tests.support.pipeline import ProjectFolder

STREETS = "raw:folder?path=incoming/saltmarsh.osm.pbf"


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The sample with its streets behind a live source, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "incoming").mkdir()
    shutil.copy(root / "data/sample/saltmarsh.osm.pbf", tmp_path / "incoming")
    text = (root / "config/areas/sample.yaml").read_text(encoding="utf-8")
    text = text.replace("path: saltmarsh.osm.pbf", f"path: {STREETS}").replace("data: data/sample", "")
    (tmp_path / "area.yaml").write_text(text, encoding="utf-8")
    return load_project("area.yaml", data=str(root / "data/sample"))


def test_a_source_that_was_not_fetched_says_so_and_make_can_still_be_asked(project: Project) -> None:
    assert list_live_inputs(project) == [STREETS]
    assert "1 of 1 live sources have not been fetched" in check_area(project, is_data_needed=True)
    rules = write_rules(project, command="connectivity", options="").read_text(encoding="utf-8")
    assert NOT_FETCHED in rules
    assert "make fetch" in find_cure(str(project.resolve(STREETS)))
    assert {step.name: step.reason for step in build_plan(project)}["streets"] == "has not been run"


def test_fetching_an_area_locks_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run_fetch(None, area="area.yaml", parameters=[], data=str(project.data))
    assert "1 live sources, 1 of them new." in capsys.readouterr().out
    entry = read_lock(project.outputs)[STREETS]
    assert project.resolve(STREETS) == Path(entry["file"])
    assert project.resolve(STREETS).is_file()
    assert "good, and all inputs exist" in check_area(project, is_data_needed=True)
    before = (project.outputs / LOCK).read_bytes()
    stamp = (project.outputs / LOCK).stat().st_mtime_ns
    run_fetch(None, area="area.yaml", parameters=[], data=str(project.data))
    assert (project.outputs / LOCK).read_bytes() == before
    assert (project.outputs / LOCK).stat().st_mtime_ns == stamp
    assert "1 live sources, 0 of them new." in capsys.readouterr().out


def test_a_run_reads_the_archived_file_though_the_source_has_moved_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_area(project)
    Path("incoming/saltmarsh.osm.pbf").unlink()
    monkeypatch.setattr("sys.argv", ["c", "run", "streets", "--area", "area.yaml", "--data", str(project.data)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    manifest = json.loads((project.outputs / "streets/manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"][0]["sha256"] == read_lock(project.outputs)[STREETS]["sha256"]
    assert manifest["config"]["live"] == {STREETS: manifest["inputs"][0]["sha256"]}


def test_other_content_makes_its_stage_out_of_date_even_if_its_file_is_older(project: Project) -> None:
    incoming = Path("incoming/saltmarsh.osm.pbf")
    old = incoming.read_bytes()
    slices, files = [], []
    for content in (old, old + b"more", old):
        incoming.write_bytes(content)
        fetch_area(project)
        slices.append(get_config_slice(project, "streets", None))
        files.append(project.resolve(STREETS))
    assert slices[0] == slices[2] != slices[1]
    assert files[0] == files[2] != files[1]
    assert files[2].stat().st_mtime_ns < files[1].stat().st_mtime_ns
    assert "live" not in get_config_slice(project, "places", None)


def test_the_stage_fetches_only_what_is_missing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["c", "run", "fetch", "--area", "area.yaml", "--data", str(project.data)])
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        Path("incoming/saltmarsh.osm.pbf").unlink(missing_ok=True)
    assert len(Path("data/raw/ledger.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert not list(Path("data/raw/sample").glob("*/saltmarsh.osm.pbf"))


def test_a_lock_is_never_written_in_part(project: Project) -> None:
    Path("incoming/saltmarsh.osm.pbf").unlink()
    with pytest.raises(InputError):
        fetch_area(project)
    assert not (project.outputs / LOCK).exists()


def test_a_damaged_lock_says_what_to_do(project: Project) -> None:
    project.outputs.mkdir(parents=True)
    (project.outputs / LOCK).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        project.resolve(STREETS)


def test_an_unknown_source_in_an_area_is_found_before_anything_is_fetched(project: Project) -> None:
    Path("area.yaml").write_text(
        Path("area.yaml").read_text(encoding="utf-8").replace("raw:folder", "raw:fodler"), encoding="utf-8"
    )
    wrong = load_project("area.yaml", data=str(project.data))
    with pytest.raises(UsageError, match="no source 'fodler'"):
        check_area(wrong, is_data_needed=False)


def test_england_from_live_sources_is_a_good_area_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    england = load_project("england-live", data=str(tmp_path), outputs=tmp_path / "outputs")
    text = check_area(england, is_data_needed=False)
    assert "2 inputs are not there yet" in text
    assert "left-behind-wards-2019.csv" in text
    assert "rail.gtfs.zip" in text
    assert "11 of 11 live sources have not been fetched" in text
    with pytest.raises(InputError, match="2 inputs do not exist"):
        check_area(england, is_data_needed=True)
    listed = describe_sources()
    assert all(text.removeprefix("raw:").partition("?")[0] in listed for text in list_live_inputs(england))


def test_fetch_needs_a_source_or_an_area() -> None:
    with pytest.raises(UsageError, match="either a source or --area"):
        run_fetch(None, area=None, parameters=[])
    with pytest.raises(ConfigError):
        run_fetch(None, area="nowhere", parameters=[])


def test_make_asks_for_fetch_first_and_then_goes_on(tmp_path: Path, root: Path) -> None:
    folder = ProjectFolder.create(tmp_path / "project")
    (folder.path / "incoming").mkdir()
    (folder.path / "data/sample/saltmarsh.osm.pbf").rename(folder.path / "incoming/saltmarsh.osm.pbf")
    folder.edit("config/areas/sample.yaml", "path: saltmarsh.osm.pbf", f"path: {STREETS}")
    early = folder.make("streets", area="sample")
    assert early.returncode == 2
    assert "run make fetch AREA=... first" in early.stderr
    fetched = folder.make("fetch", area="sample")
    assert fetched.returncode == 0, fetched.stderr
    assert folder.make("streets", area="sample").returncode == 0
    plan = folder.plan(area="sample")
    assert "streets" not in plan
    assert "fetch" not in plan
    (folder.path / "incoming/saltmarsh.osm.pbf").write_bytes(b"other")
    assert folder.run("fetch", "--area", "sample").returncode == 0
    plan = folder.plan(area="sample")
    assert plan["streets"] == plan["fetch"] == "its settings changed"
    assert plan["places"] == "has not been run"
