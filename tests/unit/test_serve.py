"""The report on this machine's browser: nothing but its own files, to nobody but this machine."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.base.errors import InputError, UsageError
from pipeline.cli.serve import ReportServer, build_server
from pipeline.cli.validate import attach_gtfs_guru
from tests.support.gtfs import build_gtfs


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReportServer]:
    folder = tmp_path / "report"
    (folder / "data").mkdir(parents=True)
    (folder / "index.html").write_text("<p>report</p>", encoding="utf-8")
    (folder / "data" / "values.js").write_text("var x = 1;", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    with ReportServer(folder, 0) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server: ReportServer, path: str, *, method: str = "GET", host: str | None = None) -> tuple[int, bytes, dict]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def test_files_of_the_report_are_served_with_a_policy(server: ReportServer) -> None:
    status, body, headers = ask(server, "/")
    assert (status, body) == (200, b"<p>report</p>")
    assert headers["Content-Type"] == "text/html"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "/data/values.js?x=1")[0] == 200
    assert ask(server, "/", method="HEAD")[:2] == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/data/../../secret.txt",
        "//etc/passwd",
        "/out.txt",
        "/data/",
        "/%00",
        "/%ff",
        "/nothing.html",
    ],
)
def test_nothing_else_is_served(server: ReportServer, path: str) -> None:
    status, body, _ = ask(server, path)
    assert status == 404
    assert b"secret" not in body
    assert b"values.js" not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(server: ReportServer, method: str) -> None:
    assert ask(server, "/index.html", method=method)[0] == 501


def test_only_this_machine_s_names_are_answered(server: ReportServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert ask(server, "/", host="evil.example")[0] == 421
    assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200


def test_no_report_and_a_taken_port_say_what_to_do(server: ReportServer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no report yet"):
        build_server(SimpleNamespace(outputs=tmp_path / "nowhere"), 0)
    with pytest.raises(UsageError, match="cannot be used"):
        build_server(SimpleNamespace(outputs=tmp_path), server.server_port)


def test_gtfs_guru_s_report_can_be_attached(tmp_path: Path) -> None:
    feed = build_gtfs(tmp_path)
    attach_gtfs_guru([str(feed)], tmp_path / "guru.json")
    assert list(json.loads((tmp_path / "guru.json").read_text(encoding="utf-8"))) == [str(feed)]
    with pytest.raises(UsageError, match="None of the inputs"):
        attach_gtfs_guru([str(tmp_path / "streets.osm.pbf")], tmp_path / "guru.json")
