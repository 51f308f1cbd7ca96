"""Whatever a server sends, and whatever the archive holds: one message with a cure, and nothing doubtful is kept."""

from __future__ import annotations

import csv
import errno
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline.acquire.archive import find_damaged
from pipeline.acquire.derive import derive
from pipeline.acquire.fetch import Fetcher
from pipeline.acquire.kinds import find_kind_by_name
from pipeline.acquire.ledger import append_entry, read_ledger
from pipeline.acquire.redact import carries_key, strip_secrets
from pipeline.acquire.sources import parse_reference
from pipeline.base.errors import DiskError, FetchError, InputError, UsageError
from tests.support.hostile_server import (
    HostileServer,
    Patience,
    ask,
    partial_in,
    redirect,
    run_server,
    serve,
)
from tests.unit.test_acquire_fetch import GTFS, KEY, LAYER, LOOKUP, build, list_files

TABLES = dict.fromkeys(("stops.txt", "routes.txt", "trips.txt", "stop_times.txt"), "x\n")
CALENDAR = "service_id,start_date,end_date\na,20260105,20260301\n"
CENTROIDS = LAYER.format("LSOA_Dec_2011_PWC_in_England_and_Wales_2022")
BODS, NOMIS = "/api/v1/dataset/", "/api/v01/dataset/NM_189_1.data.csv"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with run_server() as running:
        yield running


def pack(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def set_bytes(content: bytes, *places: tuple[bytes, int, int]) -> bytes:
    """Set one byte of every record of a zip that begins with a signature."""
    changed = bytearray(content)
    for signature, offset, value in places:
        at = changed.find(signature)
        while at >= 0:
            changed[at + offset] = value
            at = changed.find(signature, at + 4)
    return bytes(changed)


def damage_data(content: bytes) -> bytes:
    changed = bytearray(content)
    start = changed.rfind(b"PK\x03\x04") + 30 + len("calendar.txt")
    changed[start : start + 20] = b"\xff" * 20
    return bytes(changed)


FEED = pack({**TABLES, "calendar.txt": CALENDAR * 50})
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (damage_data(FEED), "damaged or cannot be read"),
        (FEED.replace(CENTRAL, b"PK\x01\x00", 1), "not a readable zip archive"),
        (set_bytes(FEED, (LOCAL, 6, 1), (CENTRAL, 8, 1)), "encrypted"),
        (set_bytes(FEED, (LOCAL, 8, 99), (CENTRAL, 10, 99)), "compression method is not supported"),
        (pack({**TABLES, "calendar.txt": "a" * 100_000_000}), "unpacks to 100,000,000 bytes, which cannot be true"),
        (pack({**TABLES, "calendar.txt": "service_id\n" + "a,b" * 400_000}), "a line without end"),
        (pack({**TABLES, "calendar.txt": f'service_id\n"{"a" * 200_000}"\n'}), "field larger than field limit"),
        (pack({**TABLES, "../../calendar.txt": CALENDAR}), "points outside the archive"),
        (pack({name: text for name, text in TABLES.items() if name != "stop_times.txt"}), "stop_times.txt is not in"),
    ],
)
def test_a_timetable_that_cannot_be_read_is_refused_in_words_and_leaves_nothing(
    server: HostileServer, tmp_path: Path, body: bytes, what: str
) -> None:
    server.on("/bus.zip", serve(body))
    with pytest.raises(FetchError, match=what) as caught:
        build(server, tmp_path).fetch(f"raw:gtfs_url?address={server.address}/bus.zip")
    assert caught.value.file == f"{server.address}/bus.zip"
    assert caught.value.cure
    assert list_files(tmp_path) == []


@pytest.mark.parametrize("tag", ['"a\x85b"', "\x85", '"\xe9"', " \x1f"])
def test_a_tag_that_cannot_be_sent_back_is_none(server: HostileServer, tmp_path: Path, tag: str) -> None:
    """Else the next request could not be made, and the source would fail for ever."""
    server.on("/bus.zip", serve(GTFS, ETag=tag, Last_Modified=tag))
    fetcher = build(server, tmp_path)
    for _ in range(2):
        fetcher.fetch(f"raw:gtfs_url?address={server.address}/bus.zip")
    assert [(entry["etag"], entry["last_modified"]) for entry in read_ledger(tmp_path)] == [(None, None)] * 2


def test_what_a_text_takes_for_the_end_of_a_line_does_not_break_the_ledger(tmp_path: Path) -> None:
    for text in ("a\x85b", "c\u2028d"):
        append_entry(tmp_path, {"reference": text})
    assert [entry["reference"] for entry in read_ledger(tmp_path)] == ["a\x85b", "c\u2028d"]


@pytest.mark.parametrize(
    "text", ["\xb2", "9" * 400, "Tue, 99 Foo 2026 99:99:99 GMT", "Tue, 01 Jan 99999 00:00:00 GMT", "-5"]
)
def test_a_time_to_wait_that_is_nonsense_is_not_waited_for(server: HostileServer, tmp_path: Path, text: str) -> None:
    address, patience = server.on("/f.zip", serve(b"", 429, Retry_After=text)), Patience()
    with pytest.raises(FetchError, match="answered 429"):
        patience.build().download(ask(address), partial_in(tmp_path))
    assert max(patience.waits) < 100


@pytest.mark.parametrize("text", ["\xb2", "-5", "abc"])
def test_a_length_that_is_nonsense_counts_as_none(server: HostileServer, tmp_path: Path, text: str) -> None:
    address = server.on("/f.zip", serve(GTFS, Content_Length=text))
    assert Patience().build().download(ask(address), partial_in(tmp_path)).n_bytes == len(GTFS)


@pytest.mark.parametrize("location", ["http://[::bad", "http://127.0.0.1:99999/", "http://127.0.0.1:1/\xe9 x"])
def test_a_redirect_to_nonsense_is_refused(server: HostileServer, tmp_path: Path, location: str) -> None:
    address = server.on("/f.zip", redirect(location))
    with pytest.raises(FetchError) as caught:
        Patience().build().download(ask(address), partial_in(tmp_path))
    assert caught.value.cure


def test_a_web_page_is_no_data_with_a_byte_order_mark_or_under_any_name_either(
    server: HostileServer, tmp_path: Path
) -> None:
    server.on("/f.xml", serve(b"\xef\xbb\xbf<!DOCTYPE html><html>no</html>"))
    server.on("/f", serve(b"<!-- a --><html>no</html>"))
    for path in ("/f.xml", "/f"):
        with pytest.raises(FetchError, match="sent a web page"):
            build(server, tmp_path).fetch(f"raw:url?address={server.address}{path}")


def test_a_file_from_any_address_must_be_what_its_ending_says(server: HostileServer, tmp_path: Path) -> None:
    server.on("/f.zip", serve(b"a,b\n1,2\n"))
    with pytest.raises(FetchError, match="not a file of the kind 'zip'"):
        build(server, tmp_path).fetch(f"raw:url?address={server.address}/f.zip")
    kinds = ("zip", "csv", "geojson", "gpkg", "any", "any", "any")
    names = ("a.ZIP", "a.csv", "a.geojson", "a.gpkg", "csv", "a.cif", "a.md5")
    assert tuple(find_kind_by_name(name) for name in names) == kinds


def to_json(**content: object) -> bytes:
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        to_json(count="x"),
        to_json(count=None),
        b'{"count": 1e999}',
        to_json(count=1, features=None, results=None),
        to_json(count=1, features="abc", results="abc"),
        to_json(count=1, features=[{}], results=[{}]),
        to_json(count=1, features=["a"], results=["a"]),
        to_json(count=1, features=[{"attributes": [1], "properties": [1]}], results=[{"id": "x", "url": "y"}]),
        to_json(count=1, properties=None, features=[], results=[{"id": 1, "url": None}]),
        to_json(count=1, features=[{"attributes": {}, "properties": {}, "geometry": 3}], results=[{"id": 1}]),
        to_json(count=2, features=[{"attributes": {"a": 1}}, {"attributes": {"b": 1}}], results=[{"id": 1}] * 2),
    ],
)
@pytest.mark.parametrize("name", ["ons_lsoa11_ward17", "ons_lsoa11_centroids", "bods_txc?noc=A"])
def test_pages_of_another_shape_are_refused_in_words(
    server: HostileServer, tmp_path: Path, name: str, body: bytes
) -> None:
    for path in (LOOKUP, CENTROIDS, BODS):
        server.on(path, serve(body))
    fetcher = build(server, tmp_path, environment={"BODS_API_KEY": KEY})
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(f"raw:{name}")
    assert caught.value.cure
    assert list_files(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        b"GEOGRAPHY_CODE,RECORD_COUNT\nE,x\n",
        b"GEOGRAPHY_CODE,OBS_VALUE,RECORD_COUNT\nE\n",
        b'GEOGRAPHY_CODE,"' + b"x" * 200_000 + b'"\n',
        b"GEOGRAPHY_CODE,\xff\xfe\nE,1\n",
        b"The service is not available",
    ],
)
def test_a_table_of_another_shape_is_refused_in_words(server: HostileServer, tmp_path: Path, body: bytes) -> None:
    server.on(NOMIS, serve(body))
    with pytest.raises(FetchError, match="not built as it should be"):
        build(server, tmp_path).fetch("raw:nomis_bres_lsoa11")
    assert list_files(tmp_path) == []


def test_a_list_that_writes_the_key_into_an_address_is_refused(server: HostileServer, tmp_path: Path) -> None:
    url = f"{server.address}/t?token=M4RKED%2fK%2bY-7f3a"
    server.on(BODS, serve(to_json(count=1, results=[{"id": 1, "url": url}])))
    with pytest.raises(FetchError, match="writes the key") as caught:
        build(server, tmp_path, environment={"BODS_API_KEY": KEY}).fetch("raw:bods_txc?noc=A")
    assert "M4RKED" not in str(caught.value)


def test_a_derived_table_names_the_files_whose_columns_have_changed(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetcher = build(server, tmp_path / "raw")
    reference = parse_reference("raw:imd_ward17", fetcher.sources)
    files = iter(["a.csv", "b.csv"])
    (tmp_path / "a.csv").write_text("other,columns\n1,2\n")
    (tmp_path / "b.csv").write_text("LSOA11CD,WD17CD\nE1,W1\n")

    def fetch(text: str) -> object:
        return type("Part", (), {"file": tmp_path / next(files), "reference": text, "sha256": "0" * 64})()

    monkeypatch.setattr(fetcher, "fetch", fetch)
    with pytest.raises(FetchError, match="KeyError: 'LSOA code") as caught:
        derive(fetcher, reference)
    assert "a.csv" in str(caught.value.file)


@pytest.mark.parametrize(
    ("name", "environment", "cure"),
    [
        ("bods_txc?noc=A", {"BODS_API_KEY": KEY}, "Check the key in BODS_API_KEY"),
        ("nomis_bres_lsoa11", {}, "Give a key in NOMIS_UID"),
        ("ons_lsoa11_ward17", {}, "asked without a key"),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_its_variable(
    server: HostileServer, tmp_path: Path, status: int, name: str, environment: dict[str, str], cure: str
) -> None:
    for path in (BODS, NOMIS, LOOKUP):
        server.on(path, serve(b"no", status))
    with pytest.raises(FetchError, match=f"answered {status}") as caught:
        build(server, tmp_path, environment=environment).fetch(f"raw:{name}")
    assert cure in str(caught.value.cure)
    assert "M4RKED" not in str(caught.value)


def test_a_key_without_the_name_of_its_parameter_is_a_usage_error(server: HostileServer, tmp_path: Path) -> None:
    fetcher = build(server, tmp_path, environment={"MY_KEY": KEY})
    with pytest.raises(UsageError, match="in which parameter"):
        fetcher.fetch(f"raw:url?address={server.address}/f.zip&key_variable=MY_KEY")
    with pytest.raises(UsageError, match="no address"):
        fetcher.fetch("raw:gtfs_url?address=http://[::bad")
    assert server.asked == []


def test_a_key_is_found_however_it_is_quoted() -> None:
    for text in ("M4RKED/K+Y-7f3a", "M4RKED%2FK%2BY-7f3a", "M4RKED%2fK%2bY-7f3a", "M4RKED%252FK%252BY-7f3a"):
        assert carries_key(f"https://other.org/?a={text}", [KEY]), text
    assert not carries_key("https://other.org/?a=b", [KEY, ""])
    assert strip_secrets("https://a.org/?app_key=x&b=1") == "https://a.org/?b=1"


def test_a_redirect_whose_host_holds_the_key_does_not_show_it(server: HostileServer, tmp_path: Path) -> None:
    address = server.on("/f.zip", redirect(f"https://{KEY[:6]}.evil.org/"))
    with pytest.raises(FetchError, match="not in the source list") as caught:
        Patience().build().download(ask(f"{address}?k={KEY[:6]}", keys=(KEY[:6],)), partial_in(tmp_path))  # type: ignore[arg-type]
    assert "m4rked" not in str(caught.value).lower()
    assert caught.value.file == address


def test_a_file_that_is_larger_than_the_disk_has_room_is_refused_unread(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.acquire.download.get_free_bytes", lambda _: 100)
    address = server.on("/f.zip", serve(GTFS))
    with pytest.raises(DiskError, match=f"{len(GTFS):,} bytes to come, and the disk has 100 free"):
        Patience().build().download(ask(address), partial_in(tmp_path))


def test_a_disk_that_fills_in_mid_download_leaves_what_is_resumed(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    address = server.on("/bus.zip", serve(GTFS))
    fetcher: Fetcher = build(server, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.acquire.fetch.hash_file", fail)
        with pytest.raises(OSError, match="No space left"):
            fetcher.fetch(f"raw:gtfs_url?address={address}")
    assert read_ledger(tmp_path) == []
    assert fetcher.fetch(f"raw:gtfs_url?address={address}").is_new


def test_a_file_that_is_still_being_written_is_not_archived(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bus.zip"
    file.write_bytes(b"PK first half")

    def hash_and_grow(path: Path) -> str:
        from pipeline.base.hashing import hash_file  # noqa: PLC0415

        found = hash_file(path)
        if path == file:
            file.write_bytes(b"PK first half, and the second")
        return found

    monkeypatch.setattr("pipeline.acquire.fetch.hash_file", hash_and_grow)
    fetcher = build(server, tmp_path / "raw")
    with pytest.raises(InputError, match="changed while it was copied"):
        fetcher.fetch(f"raw:folder?path={file}")
    assert list_files(tmp_path / "raw") == []


def test_a_changed_byte_of_the_archive_is_found_and_its_files_are_read_only(
    server: HostileServer, tmp_path: Path
) -> None:
    server.on("/bus.zip", serve(GTFS))
    fetcher = build(server, tmp_path / "raw")
    fetched = fetcher.fetch(f"raw:gtfs_url?address={server.address}/bus.zip")
    folder = tmp_path / "given"
    folder.mkdir()
    with (folder / "a.csv").open("w", newline="") as handle:
        csv.writer(handle).writerow(["a", "b"])
    taken = fetcher.fetch(f"raw:folder?path={folder}")
    assert find_damaged(tmp_path / "raw") == []
    for file in (fetched.file, taken.file / "a.csv"):
        assert file.stat().st_mode & 0o222 == 0
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1] + b"!")
    lines = find_damaged(tmp_path / "raw")
    assert [line.split()[0] for line in lines] == sorted([str(fetched.file), str(taken.file)])
    assert all("fetch again" in line for line in lines)
