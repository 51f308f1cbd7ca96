"""``connectivity serve``: show a report to this machine's browser only, read-only, with a content security policy."""

from __future__ import annotations

import mimetypes
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfileobj
from urllib.parse import unquote, urlsplit

import typer

from pipeline.base.errors import InputError, UsageError
from pipeline.base.load import Project

LOOPBACK = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "worker-src blob:; child-src blob:; connect-src 'self' data: blob:; font-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ReportServer(ThreadingHTTPServer):
    """Serves the files of one folder to this machine.

    Parameters
    ----------
    folder
        Folder of the report.
    port
        Port; 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        super().__init__((LOOPBACK, port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for files of the folder; everything else is refused."""

    server: ReportServer
    server_version, sys_version = "report", ""

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def _answer(self, *, has_body: bool) -> None:
        # another site's page may point its own name at this machine: only our own names are answered
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        path = self._find_file()
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        with path.open("rb") as handle:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            if has_body:
                copyfileobj(handle, self.wfile)

    def _find_file(self) -> Path | None:
        """Find the file asked for; none outside the folder, none behind a link out of it, no listing."""
        try:
            asked = unquote(urlsplit(self.path).path, errors="strict")
            if "\0" in asked:
                return None
            path = (self.server.folder / asked.lstrip("/")).resolve()
            path = path / "index.html" if path.is_dir() else path
            path = path.resolve()
        except (ValueError, OSError):
            return None
        return path if path.is_relative_to(self.server.folder) and path.is_file() else None

    def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Say nothing of single requests."""


def build_server(project: Project, port: int) -> ReportServer:
    """Prepare to serve the report of an area.

    Parameters
    ----------
    project
        The area with its settings.
    port
        Port; 0 for any that is free.

    Returns
    -------
    ReportServer
        Listening on the loopback address.

    Raises
    ------
    InputError
        If there is no report.
    UsageError
        If the port is taken or not allowed.
    """
    folder = project.outputs / "report"
    if not (folder / "index.html").is_file():
        raise InputError("There is no report yet.", file=folder, cure="Run make all for this area first.")
    try:
        return ReportServer(folder, port)
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"Port {port} cannot be used: {error}.", field="--port", cure="Give another, such as --port 8080."
        ) from error


def serve_report(project: Project, port: int) -> None:
    """Serve the report of an area until Ctrl-C.

    Parameters
    ----------
    project
        The area with its settings.
    port
        Port; 0 for any that is free.
    """
    with build_server(project, port) as server:
        typer.echo(f"http://{LOOPBACK}:{server.server_port}/  (this machine only; Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("ended")
