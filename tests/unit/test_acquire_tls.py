"""The pinned connection still checks the certificate of the host that was asked for."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.acquire.addresses import Policy
from pipeline.base.errors import FetchError
from tests.support.hostile_server import QUICK, Patience, ask, build_zip, partial_in

HOST = "data.example.org"
ZIP = build_zip(a_txt="a")


@contextmanager
def run_tls_server(folder: Path, name: str) -> Iterator[tuple[int, Path, list[str | None]]]:
    """A server with a certificate of its own for ``name``; notes the host that clients ask for."""
    key, certificate, asked = folder / "key.pem", folder / "cert.pem", list[str | None]()
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    options = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command, *options, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed here")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(ZIP)))
            self.end_headers()
            self.wfile.write(ZIP)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    class Server(HTTPServer):
        def handle_error(self, *args: object) -> None:
            """A client that refuses the certificate hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda sock, host, _: asked.append(host)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port, certificate, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_pinned_address_is_asked_under_the_hosts_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_tls_server(tmp_path, HOST) as (port, certificate, asked):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        downloader = Patience().build()
        downloader.policy = Policy(frozenset({HOST}), is_loopback_allowed=True, resolve=lambda h, p: ["127.0.0.1"])
        answer = downloader.download(ask(f"https://{HOST}:{port}/a.zip"), partial_in(tmp_path))
        assert answer.path is not None
        assert answer.path.read_bytes() == ZIP
        assert asked == [HOST, f"{HOST}:{port}"]


def test_a_certificate_of_another_host_is_refused_without_another_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with run_tls_server(tmp_path, "elsewhere.example.org") as (port, certificate, asked):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        patience = Patience()
        downloader = patience.build(replace(QUICK, attempts=3))
        downloader.policy = Policy(frozenset({HOST}), is_loopback_allowed=True, resolve=lambda h, p: ["127.0.0.1"])
        with pytest.raises(FetchError, match="certificate could not be checked"):
            downloader.download(ask(f"https://{HOST}:{port}/a.zip"), partial_in(tmp_path))
        assert asked == [HOST]
        assert patience.waits == []
