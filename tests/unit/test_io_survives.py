"""What a killed writer leaves behind hinders nobody, and what takes another's place does so at once."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from pipeline.acquire.archive import archive_file, share_archive, share_archive_alone
from pipeline.base import io
from pipeline.base.disk import find_disk_error
from pipeline.base.errors import DiskError, InputError
from pipeline.base.io import exchange, remove_leftovers, staged_folder
from pipeline.base.manifest import StageRun, record_stage
from pipeline.base.notices import Notices


def test_a_link_that_a_killed_switch_left_is_removed_and_what_it_points_to_stays(tmp_path: Path) -> None:
    """A link to a folder looks like a folder, and cannot be deleted like one."""
    (tmp_path / "version").mkdir()
    (tmp_path / "version" / "page").touch()
    (tmp_path / "latest.part-version").symlink_to("version")
    (tmp_path / "latest.part-gone").symlink_to("gone")
    assert remove_leftovers(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["version"]
    assert (tmp_path / "version" / "page").exists()


def test_folders_change_places_at_once(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(name, encoding="utf-8")
    if not exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this system or its disk cannot exchange two names")
    assert (tmp_path / "one" / "name").read_text(encoding="utf-8") == "other"
    assert (tmp_path / "other" / "name").read_text(encoding="utf-8") == "one"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "none")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another_also_where_names_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool
) -> None:
    if not can_exchange:
        monkeypatch.setattr(io, "exchange", lambda *_: False)
    for content in ("first", "second"):
        with staged_folder(tmp_path / "report") as folder:
            (folder / "page").write_text(content, encoding="utf-8")
    assert (tmp_path / "report" / "page").read_text(encoding="utf-8") == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_temporary_files_in_the_archive_go_unless_somebody_writes_there(tmp_path: Path) -> None:
    left = tmp_path / "bods_gtfs" / ("0" * 64) / "feed.zip.part-12345678"
    left.parent.mkdir(parents=True)
    left.touch()
    file = tmp_path / "file"
    file.touch()
    with share_archive_alone(tmp_path) as alone, share_archive_alone(tmp_path) as second:
        assert alone
        assert not second
    with share_archive(tmp_path):
        assert not left.parent.exists()
        archived = archive_file(file, "1" * 64, source="area", archive=tmp_path)
        (archived.parent / "y.part-12345678").touch()
        with share_archive(tmp_path):
            assert (archived.parent / "y.part-12345678").exists()
    with share_archive(tmp_path):
        assert [path.name for path in archived.parent.iterdir()] == ["file"]


def build_run(folder: Path) -> StageRun:
    return StageRun("places", None, folder / "places", Notices(), marks={folder / "places.seen.json": "new"})


@pytest.mark.parametrize("writes", [False, True])
def test_a_stage_that_fails_is_out_of_date_only_if_it_had_begun_to_write(tmp_path: Path, writes: bool) -> None:
    run = build_run(tmp_path)
    run.folder.mkdir()
    (run.folder / "table").write_text("old", encoding="utf-8")
    mark = tmp_path / "places.seen.json"
    mark.write_text("old", encoding="utf-8")
    with pytest.raises(InputError), record_stage(run):  # noqa: PT012 (what happens before it fails is the point)
        assert not mark.exists()
        if writes:
            (run.folder / "table").write_text("of another", encoding="utf-8")
        raise InputError("A row is wrong.")
    assert mark.exists() != writes


def test_marks_are_written_after_the_manifest(tmp_path: Path) -> None:
    run = build_run(tmp_path)
    run.folder.mkdir()
    with record_stage(run):
        pass
    assert (tmp_path / "places.seen.json").read_text(encoding="utf-8") == "new"
    assert json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))["stage"] == "places"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "outputs/x"),
        OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
        RuntimeError("database or disk is full"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError(errno.EFBIG, "File too large"),
        OSError(errno.EROFS, "Read-only file system"),
    ],
)
def test_a_full_disk_is_recognised_behind_the_errors_of_any_library(tmp_path: Path, error: Exception) -> None:
    wrapped = ValueError("could not save")
    wrapped.__cause__ = error
    for one in (error, wrapped):
        found = find_disk_error(one, tmp_path, what="connectivity run times 2024")
        assert isinstance(found, DiskError)
        message = str(found)
        assert "'connectivity run times 2024' was stopped" in message
        assert "where:" in message
        assert "cure:" in message
    assert find_disk_error(ValueError("anything else"), tmp_path, what="x") is None
    assert find_disk_error(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), tmp_path, what="x") is None
