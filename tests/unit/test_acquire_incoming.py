"""The anteroom of the archive: what is fetched there, what is kept, what a stopped fetch leaves."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipeline.acquire.fetch import WORK, Fetcher
from pipeline.acquire.incoming import MAX_PARTIAL_AGE_S, Incoming, find_newest
from pipeline.acquire.ledger import read_ledger
from pipeline.acquire.sources import read_sources
from pipeline.base.errors import ConfigError, FetchError, InputError
from tests.support.hostile_server import HostileServer, Patience, run_server, serve, serve_if_changed, serve_ranges
from tests.support.refresh_world import stamp


def build_incoming(folder: Path) -> Incoming:
    fetcher = Fetcher(read_sources(), folder / "raw", Patience().build())
    return Incoming(fetcher, folder / "incoming" / "here")


def refer(server: HostileServer) -> str:
    return f"raw:url?address={server.address}/bus.bin"


def test_only_what_is_kept_reaches_archive_and_ledger(tmp_path: Path) -> None:
    with run_server() as server:
        server.on("/bus.bin", serve_if_changed(b"timetable", '"1"'))
        text = refer(server)
        incoming = build_incoming(tmp_path)
        fetched = incoming.fetch([text])[text]
        assert fetched.file.is_relative_to(incoming.folder)
        assert not (tmp_path / "raw").exists()
        kept = incoming.keep(fetched)
        assert kept.file == tmp_path / "raw/url" / fetched.sha256 / "bus.bin"
        assert kept.file.read_bytes() == b"timetable"
        assert [row["sha256"] for row in read_ledger(tmp_path / "raw")] == [fetched.sha256]
        incoming.clear()
        assert not (tmp_path / "incoming").exists()

        before = stamp(tmp_path / "raw")
        again = incoming.fetch([text])[text]
        assert server.headers_asked("If-None-Match") == [None, '"1"']
        assert (again.file, again.sha256) == (kept.file, kept.sha256)
        assert incoming.keep(again).file == kept.file
        incoming.clear()
        assert stamp(tmp_path / "raw") == before

        server.on("/bus.bin", serve_if_changed(b"another export", '"2"'))
        other = incoming.fetch([text])[text]
        assert other.file.read_bytes() == b"another export"
        incoming.clear()
        assert stamp(tmp_path / "raw") == before


def test_a_file_that_was_moved_before_a_crash_is_noted_in_the_ledger_by_the_next_run(tmp_path: Path) -> None:
    with run_server() as server:
        server.on("/bus.bin", serve(b"timetable"))
        text = refer(server)
        incoming = build_incoming(tmp_path)
        kept = incoming.keep(incoming.fetch([text])[text])
        (tmp_path / "raw/ledger.jsonl").unlink()
        again = incoming.fetch([text])[text]
        assert again.file == kept.file
        incoming.keep(again)
        assert len(read_ledger(tmp_path / "raw")) == 1


def test_a_stopped_download_is_resumed_and_nothing_else_piles_up(tmp_path: Path) -> None:
    body = b"0123456789" * 100
    with run_server() as server:
        server.on("/bus.bin", serve_ranges(body, '"1"', cut_at=400))
        text = refer(server)
        incoming = build_incoming(tmp_path)
        (incoming.folder / "url/old").mkdir(parents=True)
        with pytest.raises(FetchError):
            incoming.fetch([text])
        assert [path.name for path in incoming.folder.iterdir()] == [WORK]
        assert any(path.suffix == ".bytes" for path in (incoming.folder / WORK).iterdir())
        n_asked = len(server.asked)
        server.on("/bus.bin", serve_ranges(body, '"1"'))
        fetched = incoming.fetch([text])[text]
        assert fetched.file.read_bytes() == body
        assert str(server.headers_asked("Range")[n_asked]).startswith("bytes=")
        old = incoming.folder / WORK / "left.bytes"
        old.touch()
        os.utime(old, (0, time.time() - MAX_PARTIAL_AGE_S - 60))
        incoming.fetch([text])
        assert not old.exists()


def test_a_folder_that_receives_files_gives_the_last_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        find_newest(tmp_path / "none")
    with pytest.raises(InputError, match="No file has arrived"):
        find_newest(tmp_path)
    for name in ("2024-10-01.zip", "2024-10-08.zip", "2024-10-15.zip.part", ".2024-10-22.zip"):
        (tmp_path / name).touch()
    assert find_newest(tmp_path).name == "2024-10-08.zip"


def test_a_missing_key_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with run_server() as server:
        server.on("/bus.bin", serve(b"large"))
        text = refer(server)
        with pytest.raises(ConfigError, match="the environment has no OTHER_KEY"):
            build_incoming(tmp_path).fetch([text, f"{text}&key_parameter=token&key_variable=OTHER_KEY"])
        assert server.asked == []
        assert not (tmp_path / "incoming").exists()
