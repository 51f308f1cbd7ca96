"""One file from a server that does everything wrong: what is kept is whole and right, or nothing is kept."""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.acquire.download import Limits
from pipeline.base.errors import FetchError
from tests.support.hostile_server import (
    QUICK,
    HostileServer,
    Patience,
    ask,
    build_zip,
    drip,
    hang,
    partial_in,
    pour,
    redirect,
    reset,
    run_server,
    serve,
    serve_if_changed,
    serve_ranges,
)

ZIP = build_zip(stops_txt="a" * 30_000, trips_txt="b" * 30_000)
OTHER = build_zip(stops_txt="c" * 30_000, trips_txt="d" * 40_000)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with run_server() as running:
        yield running


@pytest.fixture
def patience() -> Patience:
    return Patience()


def test_a_whole_file_is_kept_with_its_tags(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(ZIP, ETag='"v1"', Last_Modified="Mon, 01 Jun 2026 10:00:00 GMT"))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP
    assert (answer.etag, answer.last_modified) == ('"v1"', "Mon, 01 Jun 2026 10:00:00 GMT")
    assert server.headers_asked("Accept-Encoding") == ["identity"]
    assert patience.waits == []


def test_a_truncated_file_is_resumed_where_it_stopped(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve_ranges(ZIP, '"v1"', cut_at=20_000), serve_ranges(ZIP, '"v1"'))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP
    assert server.headers_asked("Range") == [None, "bytes=20000-"]
    assert server.headers_asked("If-Range") == [None, '"v1"']


def test_another_process_resumes_what_a_stopped_one_left(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve_ranges(ZIP, '"v1"', cut_at=20_000))
    with pytest.raises(FetchError):
        patience.build(replace(QUICK, attempts=1)).download(ask(address), partial_in(tmp_path))
    server.on("/a.zip", serve_ranges(ZIP, '"v1"'))
    answer = Patience().build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP
    assert server.headers_asked("Range")[-1] == "bytes=20000-"


def test_a_truncated_file_without_a_version_begins_anew(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(ZIP[:20_000], length=len(ZIP)), serve(ZIP))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP
    assert server.headers_asked("Range") == [None, None]


def test_a_file_that_is_always_truncated_is_given_up_with_longer_and_longer_waits(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(ZIP[:500], length=len(ZIP)))
    with pytest.raises(FetchError, match="Gave up after 4 attempts: the connection ended before the file was whole"):
        patience.build().download(ask(address), partial_in(tmp_path))
    assert patience.waits == [2.0, 4.0, 8.0]


def test_waits_are_spread_by_chance(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(b"", 503))
    downloader = patience.build()
    downloader.chance = random.Random(1).random
    with pytest.raises(FetchError):
        downloader.download(ask(address), partial_in(tmp_path))
    assert all(low <= wait <= 1.5 * low for low, wait in zip([2, 4, 8], patience.waits, strict=True))
    assert patience.waits != [2.0, 4.0, 8.0]


@pytest.mark.parametrize("length", [len(ZIP) + 100, len(ZIP) - 100])
def test_a_wrong_content_length_never_gives_a_file(
    server: HostileServer, patience: Patience, tmp_path: Path, length: int
) -> None:
    address = server.on("/a.zip", serve(ZIP, length=length))
    with pytest.raises(FetchError, match="Gave up"):
        patience.build().download(ask(address), partial_in(tmp_path))


def test_a_server_that_answers_nothing_is_asked_again(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", hang(server), serve(ZIP))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP
    assert patience.waits == [2.0]


@pytest.mark.parametrize("is_header", [True, False])
def test_a_server_that_drips_is_cut_off_when_the_time_is_up(
    server: HostileServer, patience: Patience, tmp_path: Path, is_header: bool
) -> None:
    address = server.on("/a.csv", drip(server, b"code,lon,lat\n", is_header=is_header))
    limits = Limits(connect_s=2, read_s=5, total_s=0.6, attempts=2, min_interval_s=0)
    with pytest.raises(FetchError, match="longer than the time allowed"):
        patience.build(limits).download(ask(address, "csv"), partial_in(tmp_path))
    assert len(server.asked) == 1


def test_waiting_never_goes_beyond_the_time_allowed(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(b"", 503, Retry_After="25"))
    with pytest.raises(FetchError, match="time allowed"):
        patience.build().download(ask(address), partial_in(tmp_path))
    assert sum(patience.waits) <= QUICK.total_s


def test_a_redirect_within_the_source_list_is_followed(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    server.on("/dated.zip", serve(ZIP, ETag='"v1"'))
    address = server.on("/latest.zip", redirect("/dated.zip"))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.final_address.endswith("/dated.zip")


def test_a_redirect_to_another_host_is_refused_before_it_is_asked(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    with run_server() as other:
        elsewhere = other.on("/a.zip", serve(ZIP)).replace("127.0.0.1", "localhost")
        address = server.on("/a.zip", redirect(elsewhere))
        with pytest.raises(FetchError, match="redirects to 'localhost', which is not in the source list"):
            patience.build().download(ask(address), partial_in(tmp_path))
        assert other.asked == []
    assert patience.waits == []


def test_a_redirect_that_would_hand_the_key_on_is_refused(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", redirect(f"{server.address.replace('127.0.0.1', 'localhost')}/b.zip?api_key=k3y"))
    wanted = replace(ask(f"{address}?api_key=k3y"), keys=("k3y",))
    with pytest.raises(FetchError, match="would hand the key on to 'localhost'"):
        patience.build(hosts=frozenset({"127.0.0.1", "localhost"})).download(wanted, partial_in(tmp_path))


def test_redirects_in_a_circle_end(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", redirect("/a.zip"))
    with pytest.raises(FetchError, match="more than 5 times"):
        patience.build().download(ask(address), partial_in(tmp_path))


@pytest.mark.parametrize("is_obedient", [True, False])
def test_a_file_that_changes_in_mid_download_is_never_a_mixture(
    server: HostileServer, patience: Patience, tmp_path: Path, is_obedient: bool
) -> None:
    address = server.on(
        "/a.zip",
        serve_ranges(ZIP, '"v1"', cut_at=20_000),
        serve_ranges(OTHER, '"v2"', is_obedient=is_obedient),
    )
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == OTHER
    assert answer.etag == '"v2"'


def test_a_range_beyond_the_end_begins_anew(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on(
        "/a.zip", serve_ranges(ZIP, '"v1"', cut_at=20_000), serve(b"", 416), serve_ranges(OTHER, '"v2"')
    )
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == OTHER


def test_a_body_without_end_is_cut_at_the_cap(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    sent: list[int] = []
    address = server.on("/a.csv", pour(server, b"code,lon,lat\n" * 1000, sent))
    partial = partial_in(tmp_path)
    with pytest.raises(FetchError, match="larger than allowed: more than"):
        patience.build().download(ask(address, "csv", max_bytes=200_000), partial)
    assert not partial.path.exists()
    assert len(server.asked) == 1


def test_a_size_declared_above_the_cap_is_refused_unread(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(ZIP[:10], length=10**12))
    with pytest.raises(FetchError, match="declared 1,000,000,000,000 bytes, at most 1,000,000"):
        patience.build().download(ask(address), partial_in(tmp_path))


def test_a_gzip_bomb_is_counted_as_it_unfolds(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    bomb = gzip.compress(b"a,b\n" * 25_000_000)
    assert len(bomb) < 200_000
    address = server.on("/a.csv", serve(bomb, Content_Encoding="gzip"))
    partial = partial_in(tmp_path)
    with pytest.raises(FetchError, match="larger than allowed"):
        patience.build().download(ask(address, "csv"), partial)
    assert not partial.path.exists()


def test_a_body_packed_for_the_way_is_unpacked(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    text = b"code,lon,lat\n" * 10_000
    address = server.on("/a.csv", serve(gzip.compress(text), Content_Encoding="gzip"))
    answer = patience.build().download(ask(address, "csv"), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == text


def test_a_packed_body_that_ends_early_is_asked_again(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    text = b"code,lon,lat\n" * 10_000
    packed = gzip.compress(text)
    address = server.on("/a.csv", serve(packed[:-20], Content_Encoding="gzip"), serve(packed, Content_Encoding="gzip"))
    answer = patience.build().download(ask(address, "csv"), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == text


def test_429_is_answered_by_waiting_as_long_as_asked(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(b"", 429, Retry_After="7"), serve(ZIP))
    patience.build().download(ask(address), partial_in(tmp_path))
    assert patience.waits == [7.0]


def test_503_with_a_date_is_answered_by_waiting_until_then(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(b"", 503, Retry_After="Mon, 01 Jun 2026 10:00:11 GMT"), serve(ZIP))
    downloader = patience.build()
    downloader.now = lambda: dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC)
    downloader.download(ask(address), partial_in(tmp_path))
    assert patience.waits == [11.0]


def test_a_server_that_asks_for_hours_is_not_waited_for(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(b"", 429, Retry_After="86400"))
    with pytest.raises(FetchError, match="asks to wait 86,400 s"):
        patience.build().download(ask(address), partial_in(tmp_path))
    assert patience.waits == []


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Sorry</p>", b"\n <html>Log in</html>", b"<!-- x --><HTML>"])
@pytest.mark.parametrize("kind", ["zip", "pbf", "csv", "json", "xml"])
def test_a_web_page_is_no_data(
    server: HostileServer, patience: Patience, tmp_path: Path, kind: str, page: bytes
) -> None:
    address = server.on("/a", serve(page, Content_Type="application/zip"))
    partial = partial_in(tmp_path)
    with pytest.raises(FetchError, match="sent a web page"):
        patience.build().download(ask(address, kind), partial)
    assert not partial.path.exists()
    assert len(server.asked) == 1


def test_a_web_page_that_arrives_in_two_pieces_is_no_data_either(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    page = b"<!doctype html>" + b" " * 9000
    address = server.on("/a", serve_ranges(page, '"v1"', cut_at=50), serve_ranges(page, '"v1"'))
    with pytest.raises(FetchError, match="sent a web page"):
        patience.build().download(ask(address, "csv"), partial_in(tmp_path))
    assert server.headers_asked("Range") == [None, "bytes=50-"]


def test_a_file_of_another_kind_is_refused(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.osm.pbf", serve(ZIP))
    with pytest.raises(FetchError, match="not a file of the kind 'pbf'"):
        patience.build().download(ask(address, "pbf"), partial_in(tmp_path))


def test_a_file_that_is_too_small_is_refused(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(ZIP))
    with pytest.raises(FetchError, match="at least 500,000 are expected"):
        patience.build().download(ask(address, min_bytes=500_000), partial_in(tmp_path))


@pytest.mark.parametrize("body", [b"", ZIP[:9000]])
def test_a_reset_connection_is_tried_again(
    server: HostileServer, patience: Patience, tmp_path: Path, body: bytes
) -> None:
    address = server.on("/a.zip", reset(body, len(ZIP)), serve(ZIP, ETag='"a"'))
    answer = patience.build().download(ask(address), partial_in(tmp_path))
    assert answer.path is not None
    assert answer.path.read_bytes() == ZIP


@pytest.mark.parametrize(("status", "cure"), [(401, "key"), (403, "key"), (404, "moved"), (400, "address")])
def test_an_answer_that_will_not_change_is_not_asked_for_again(
    server: HostileServer, patience: Patience, tmp_path: Path, status: int, cure: str
) -> None:
    address = server.on("/a.zip", serve(b"no", status))
    with pytest.raises(FetchError, match=f"answered {status}") as caught:
        patience.build().download(ask(address), partial_in(tmp_path))
    assert cure in str(caught.value.cure)
    assert len(server.asked) == 1


def test_the_version_at_hand_is_not_sent_again(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve_if_changed(ZIP, '"v1"'))
    answer = patience.build().download(ask(address, etag='"v1"'), partial_in(tmp_path))
    assert answer.path is None
    assert answer.etag == '"v1"'


def test_one_host_is_not_asked_faster_than_allowed(server: HostileServer, patience: Patience, tmp_path: Path) -> None:
    address = server.on("/a.zip", serve(ZIP))
    downloader = patience.build(replace(QUICK, min_interval_s=1.5))
    for _ in range(3):
        downloader.download(ask(address), partial_in(tmp_path))
    assert patience.waits == [1.5, 1.5]


def test_two_processes_do_not_write_the_same_download(
    server: HostileServer, patience: Patience, tmp_path: Path
) -> None:
    address = server.on("/a.zip", serve(ZIP))
    partial = partial_in(tmp_path)
    with partial.held(), pytest.raises(FetchError, match="Another process"):
        patience.build().download(ask(address), partial)
    patience.build().download(ask(address), partial)
    assert [path.name for path in partial.path.parent.iterdir()] == ["test.bytes"]


def test_a_full_disk_is_no_fault_of_the_network(
    server: HostileServer, patience: Patience, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server.on("/a.zip", serve(ZIP))

    def no_space(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    downloader = patience.build()
    monkeypatch.setattr(downloader, "_store", no_space)
    with pytest.raises(OSError, match="No space left"):
        downloader.download(ask(address), partial_in(tmp_path))
    assert len(server.asked) == 1
