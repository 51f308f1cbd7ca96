"""Old things go; nothing that anything still refers to does."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from pipeline.base.errors import GateError
from pipeline.base.load import Project, load_project
from pipeline.base.run_lock import LOCK_FILE
from pipeline.cli.clean_old import clean_old
from pipeline.stages.clean_old import find_old

YEAR_S = 365 * 86_400


def archive(content: str, source: str = "bods_gtfs") -> Path:
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    path = Path("data/raw") / source / sha256 / "feed.zip"
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    return path.parent


def write(path: str, content: object) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The sample in a folder of its own, with three published versions, ``b`` the latest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / ".cache" / "numba"))
    write("config/areas/sample.yaml", (root / "config/areas/sample.yaml").read_text(encoding="utf-8"))
    for version in ("a", "b", "c"):
        write(f"outputs/sample/publish/{version}/report/index.html", "x" * 1000)
    write("outputs/sample/publish/history.json", [{"version": v, "tables": v} for v in ("a", "b", "c")])
    Path("outputs/sample/publish/latest").symlink_to("b")
    return load_project("config/areas/sample.yaml", data=str(root / "data/sample"))


def list_old(project: Project, *, keep: int = 1) -> dict[str, str]:
    return {old.path.as_posix(): old.why for old in find_old(project, keep=keep)}


def test_the_latest_version_stays_even_if_it_is_not_the_newest(project: Project) -> None:
    assert list_old(project) == {"outputs/sample/publish/a": "an old published version"}
    assert list_old(project, keep=3) == {}


def test_a_dry_run_says_what_would_go_and_how_much_that_frees_and_deletes_nothing(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    clean_old(project, keep=1, is_dry=True)
    said = capsys.readouterr().out
    assert "outputs/sample/publish/a" in said
    assert "1 would go, 0.0 MB would be freed." in said
    assert Path("outputs/sample/publish/a").is_dir()
    clean_old(project, keep=1, is_dry=False)
    assert "1 deleted" in capsys.readouterr().out
    assert not Path("outputs/sample/publish/a").exists()
    assert Path("outputs/sample/publish/latest/report/index.html").is_file()
    history = json.loads(Path("outputs/sample/publish/history.json").read_text(encoding="utf-8"))
    assert [entry["version"] for entry in history] == ["b", "c"]
    clean_old(project, keep=1, is_dry=False)
    assert capsys.readouterr().out == "Nothing can go.\n"


@pytest.mark.parametrize(
    "record",
    [
        "outputs/sample/timetables/2024/manifest.json",
        "outputs/sample/sources.lock.json",
        "outputs/another_area/fetch/manifest.json",
        "outputs/sample/publish/c/tables/out_run__inputs.csv",
        "config/areas/registered/sample.yaml",
        "data/england-live/vintages.json",
    ],
)
def test_an_archived_input_stays_while_any_record_names_its_hash(project: Project, record: str) -> None:
    used, unused = archive("used"), archive("unused")
    write(record, f"input: {used.name}\n")
    assert list_old(project, keep=3) == {unused.as_posix(): "an archived input that nothing refers to"}


def test_an_input_that_only_an_old_version_refers_to_goes_with_it(project: Project) -> None:
    used = archive("used")
    write("outputs/sample/publish/a/tables/out_run__inputs.csv", used.name)
    assert list_old(project, keep=3) == {}
    assert set(list_old(project, keep=1)) == {used.as_posix(), "outputs/sample/publish/a"}


def test_files_from_which_a_folder_in_use_was_made_stay_and_its_links_are_counted_once(project: Project) -> None:
    part, whole = archive("part"), archive("whole", "bods_txc")
    os.link(part / "feed.zip", whole / "part.zip")
    assert set(list_old(project, keep=3)) == {part.as_posix(), whole.as_posix()}
    write("outputs/sample/sources.lock.json", {"sha256": whole.name})
    assert list_old(project, keep=3) == {}


def test_the_last_answer_of_a_source_stays(project: Project) -> None:
    first, last = archive("first"), archive("last")
    lines = [json.dumps({"reference": "raw:bods_gtfs", "sha256": path.name}) for path in (first, last)]
    write("data/raw/ledger.jsonl", "\n".join(lines) + "\n")
    assert set(list_old(project, keep=3)) == {first.as_posix()}


def test_leftovers_old_downloads_shards_of_complete_stages_and_old_kernels_go(project: Project) -> None:
    write("outputs/sample/.tmp.part-1234/x", "x")
    write("outputs/sample/times/2024/shards/a.shard", "x")
    write("outputs/sample/times/2024/manifest.json", "{}")
    write("outputs/sample/times/2016/shards/a.shard", "its stage was stopped: it goes on from here")
    old = [write("data/raw/.partial/x.bytes", "x"), write(".cache/numba/x.nbi", "x")]
    young = [write("data/raw/.partial/y.bytes", "x"), write(".cache/numba/y.nbi", "x")]
    for path in old:
        os.utime(path, (time.time() - YEAR_S, time.time() - YEAR_S))
    assert set(list_old(project, keep=3)) == {
        "outputs/sample/.tmp.part-1234",
        "outputs/sample/times/2024/shards",
        old[0].as_posix(),
        str(old[1].resolve()),
    }
    assert all(path.exists() for path in young)


def test_nothing_goes_while_a_run_is_at_work(project: Project) -> None:
    with (project.outputs / LOCK_FILE).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        with pytest.raises(GateError, match="Another run holds this area"):
            clean_old(project, keep=1, is_dry=False)
    assert Path("outputs/sample/publish/a").is_dir()
