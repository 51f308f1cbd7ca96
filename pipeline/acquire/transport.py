"""One request over a connection to a pinned address, cut off when its time is up."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

import pipeline

BLOCK_BYTES = 1 << 16
USER_AGENT = f"connectivity-pipeline/{pipeline.__version__}"


class Guard:
    """Shuts a connection down when its time is up, whatever the server is doing: header, body or silence."""

    def __init__(self, seconds: float) -> None:
        self.has_expired = False
        self._copies: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(seconds, 0.0), self._expire)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        """Watch a connection; a copy of its handle is kept, because TLS takes the first one over.

        Parameters
        ----------
        connection
            Freshly connected.
        """
        copy = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._copies.append(copy)
            if self.has_expired:
                self._shut()

    def _expire(self) -> None:
        with self._lock:
            self.has_expired = True
            self._shut()

    def _shut(self) -> None:
        for copy in self._copies:
            with suppress(OSError):  # the server may have closed it already, which is what is wanted
                copy.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop watching."""
        self._timer.cancel()
        with self._lock:
            for copy in self._copies:
                copy.close()
            self._copies.clear()


def _build_pools(ip: str, guard: Guard) -> dict[str, Any]:
    """Give pools whose connections go to one IP address; host name, certificate check and SNI stay the host's."""

    class Pinned:
        def _new_conn(self: Any) -> socket.socket:
            try:
                made = create_connection((ip, self.port), self.timeout, socket_options=self.socket_options)
            except TimeoutError:
                raise ConnectTimeoutError(self, "connecting took too long") from None
            except OSError as error:
                raise NewConnectionError(self, f"no connection: {error.strerror or type(error).__name__}") from None
            guard.watch(made)
            return made

    class PinnedHttp(Pinned, HTTPConnection):
        pass

    class PinnedHttps(Pinned, HTTPSConnection):
        pass

    class HttpPool(urllib3.HTTPConnectionPool):
        ConnectionCls = PinnedHttp

    class HttpsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = PinnedHttps

    return {"http": HttpPool, "https": HttpsPool}


class _PinnedAdapter(HTTPAdapter):
    def __init__(self, ip: str, guard: Guard) -> None:
        self._pools = _build_pools(ip, guard)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools


class _Session(requests.Session):
    """Does not look where a redirect leads: the library fails on an address that is none, and follows are ours."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 (the library's signature)
        return None


@contextmanager
def open_response(
    address: str, *, ip: str, headers: Mapping[str, str], guard: Guard, connect_s: float, read_s: float
) -> Iterator[requests.Response]:
    """Send one GET request and give its answer, the body unread; redirects are not followed.

    Nothing is taken from the environment but the file of certificates: no proxies, no ``.netrc``.

    Parameters
    ----------
    address
        Checked before; it may carry a key.
    ip
        The IP address to connect to.
    headers
        Beside the project's own.
    guard
        Cuts the connection off when its time is up.
    connect_s, read_s
        Longest wait in seconds for the connection, and for the next bytes.

    Yields
    ------
    requests.Response
        To be read with :func:`read_blocks`.
    """
    with _Session() as session:
        session.trust_env = False
        session.headers.clear()
        session.headers.update({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
        adapter = _PinnedAdapter(ip, guard)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        with session.get(
            address,
            headers=dict(headers),
            stream=True,
            allow_redirects=False,
            timeout=(connect_s, read_s),
            verify=certificates,
        ) as response:
            yield response


def read_blocks(response: requests.Response) -> Iterator[bytes]:
    """Read a body as the bytes arrive, encoded as the server sent them.

    Parameters
    ----------
    response
        From :func:`open_response`.

    Yields
    ------
    bytes
        What one read of the connection gave, at most 64 KiB.
    """
    while block := response.raw.read1(BLOCK_BYTES, decode_content=False):
        yield block
