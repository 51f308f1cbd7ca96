"""A web server on this machine that does whatever a test tells it to, right or wrong, and notes what it was asked."""

from __future__ import annotations

import io
import socket
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pipeline.acquire.addresses import Policy
from pipeline.acquire.download import Ask, Downloader, Limits
from pipeline.acquire.partial import Partial

Behaviour = Callable[[BaseHTTPRequestHandler], None]
QUICK = Limits(connect_s=2, read_s=0.4, total_s=30, attempts=4, min_interval_s=0)


@dataclass
class HostileServer:
    """Behaviours by path; a path with several behaviours shows them one after the other, the last one for ever."""

    address: str
    behaviours: dict[str, list[Behaviour]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def on(self, path: str, *behaviours: Behaviour) -> str:
        """Say what happens at a path, and return its address."""
        self.behaviours[path] = list(behaviours)
        return self.address + path

    def headers_asked(self, name: str) -> list[str | None]:
        """A header of every request so far."""
        return [headers.get(name) for _, headers in self.asked]

    def take(self, path: str) -> Behaviour:
        steps = self.behaviours[urlsplit(path).path]
        return steps.pop(0) if len(steps) > 1 else steps[0]


@contextmanager
def run_server() -> Iterator[HostileServer]:
    """Run the server on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hostile.asked.append((self.path, dict(self.headers)))
            self.close_connection = True
            hostile.take(self.path)(self)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """A client that hangs up is what many tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    hostile = HostileServer(f"http://127.0.0.1:{server.server_port}")
    server.hostile = hostile  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hostile
    finally:
        hostile.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def serve(body: bytes, status: int = 200, *, length: int | None = None, **headers: str) -> Behaviour:
    """The whole body; ``length`` is declared in its place; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Content-Length": str(len(body) if length is None else length), **named}
    return lambda handler: _send(handler, status, named, body)


def serve_ranges(body: bytes, etag: str, *, cut_at: int | None = None, is_obedient: bool = True) -> Behaviour:
    """A body that can be resumed; cut short at ``cut_at``; a disobedient server ignores ``If-Range``."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        is_same = handler.headers.get("If-Range") == etag or not is_obedient
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and is_same else 0
        headers = {"ETag": etag, "Content-Length": str(len(body) - start)}
        if wanted and is_same:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        _send(handler, 206 if wanted and is_same else 200, headers, body[start:cut_at])

    return behave


def serve_if_changed(body: bytes, etag: str) -> Behaviour:
    """304 to who has this version already."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            _send(handler, 304, {"ETag": etag})
        else:
            _send(handler, 200, {"ETag": etag, "Content-Length": str(len(body))}, body)

    return behave


def redirect(to: str, status: int = 302) -> Behaviour:
    """Send the client elsewhere."""
    return lambda handler: _send(handler, status, {"Location": to, "Content-Length": "0"})


def hang(hostile: HostileServer) -> Behaviour:
    """Answer nothing at all until the test is over."""
    return lambda _: hostile.is_over.wait(20) and None


def drip(hostile: HostileServer, body: bytes, *, is_header: bool) -> Behaviour:
    """One byte of the header, or of a body of unknown length, at a time: never silent for long, never done."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        first = b"HTTP/1.1 200 OK\r\n" + (b"X-Slow: " if is_header else b"Connection: close\r\n\r\n" + body)
        with suppress(OSError):
            handler.wfile.write(first)
            while not hostile.is_over.wait(0.05):
                handler.wfile.write(b"x")

    return behave


def reset(body: bytes = b"", length: int = 0) -> Behaviour:
    """Reset the connection after some bytes."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        if body:
            _send(handler, 200, {"Content-Length": str(length), "ETag": '"a"'}, body)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return behave


def pour(hostile: HostileServer, block: bytes, sent: list[int], **headers: str) -> Behaviour:
    """A body without end, in chunks; ``sent`` counts its bytes."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with suppress(OSError):
            _send(handler, 200, {"Transfer-Encoding": "chunked", **named})
            while not hostile.is_over.is_set():
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
                sent.append(len(block))

    return behave


def get_query(path: str) -> dict[str, str]:
    """The parameters of a request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def build_zip(**files: str) -> bytes:
    """A zip with files named by keyword, ``stops_txt`` for ``stops.txt``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as folder:
        for name, text in files.items():
            folder.writestr(zipfile.ZipInfo(name.replace("_txt", ".txt")), text)
    return buffer.getvalue()


@dataclass
class Patience:
    """A downloader whose waits are noted, not waited, and whose clock moves with them."""

    waits: list[float] = field(default_factory=list)
    passed_s: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passed_s += seconds

    def build(self, limits: Limits = QUICK, *, hosts: frozenset[str] = frozenset({"127.0.0.1"})) -> Downloader:
        return Downloader(
            Policy(hosts, is_loopback_allowed=True),
            limits,
            sleep=self.sleep,
            clock=lambda: self.passed_s,
            chance=lambda: 0.0,
        )


def ask(address: str, kind: str = "zip", *, max_bytes: int = 1_000_000, min_bytes: int = 0, **known: str) -> Ask:
    """What a test downloads."""
    return Ask(address, kind, min_bytes, max_bytes, **known)  # type: ignore[arg-type]


def partial_in(folder: Path) -> Partial:
    """Where its bytes gather."""
    return Partial(folder / "work" / "test.bytes")
