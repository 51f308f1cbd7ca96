"""Download one file politely: asked conditionally, resumed, retried with patience, capped, checked.

What is kept is what was asked for, whole, or nothing.
"""

from __future__ import annotations

import datetime as dt
import errno
import random
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from pipeline.acquire.addresses import Policy
from pipeline.acquire.headers import find_encoding, find_length, find_retry_after, find_tag, follow_location
from pipeline.acquire.kinds import HEAD_BYTES, check_head, is_whole
from pipeline.acquire.partial import Partial, find_validator
from pipeline.acquire.redact import carries_key, redact, silence_library_logs, strip_secrets
from pipeline.acquire.transport import Guard, open_response, read_blocks
from pipeline.base.disk import get_free_bytes
from pipeline.base.errors import DiskError, FetchError

MAX_REDIRECTS = 5
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Limits:
    """Patience: seconds for a connection, for the next bytes and for all attempts together; attempts; waits."""

    connect_s: float = 15.0
    read_s: float = 90.0
    total_s: float = 6 * 3600.0
    attempts: int = 6
    first_wait_s: float = 2.0
    max_wait_s: float = 120.0
    max_retry_after_s: float = 1800.0
    min_interval_s: float = 1.0


@dataclass(frozen=True)
class Ask:
    """What to download.

    Attributes
    ----------
    address
        May carry a key.
    kind
        Expected type, see :mod:`pipeline.acquire.kinds`.
    min_bytes, max_bytes
        Bounds of the size.
    keys
        Secrets in the address.
    key_variable
        Environment variable of the key, for the message where the server refuses it; empty where there is none.
    etag, last_modified
        Of the version at hand, to be told whether it still is the newest.
    """

    address: str
    kind: str
    min_bytes: int
    max_bytes: int
    keys: tuple[str, ...] = ()
    key_variable: str = ""
    etag: str | None = None
    last_modified: str | None = None

    @property
    def shown(self) -> str:
        """The address without secrets."""
        return strip_secrets(self.address, keys=self.keys)


@dataclass(frozen=True)
class Answer:
    """What came of it; ``path`` is None where the version at hand is still the newest."""

    path: Path | None
    n_bytes: int = 0
    etag: str | None = None
    last_modified: str | None = None
    final_address: str = ""


class _Again(Exception):  # noqa: N818 (no error: the next attempt may succeed)
    """The attempt failed; another may succeed."""

    def __init__(self, why: str, *, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait_s = wait_s


@dataclass
class Downloader:
    """Downloads files; time and chance are handed in so that tests need not wait.

    Attributes
    ----------
    policy
        What may be asked.
    limits
        Patience.
    sleep, clock, now, chance
        ``time.sleep``, a monotonic clock, the time of day, and a number from 0 to 1.
    """

    policy: Policy
    limits: Limits = field(default_factory=Limits)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    chance: Callable[[], float] = random.random
    _asked_at: dict[str, float] = field(default_factory=dict)

    def download(self, ask: Ask, partial: Partial) -> Answer:
        """Download a file into a partial file.

        Parameters
        ----------
        ask
            What to download.
        partial
            Where its bytes gather; bytes of an earlier attempt are resumed where the server can prove that they
            belong to the same version.

        Returns
        -------
        Answer
            The whole, checked file, or that the version at hand is the newest.

        Raises
        ------
        FetchError
            With the address without secrets and the cure.
        """
        silence_library_logs()
        deadline = self.clock() + self.limits.total_s
        why = ""
        with partial.held():
            for attempt in range(self.limits.attempts):
                try:
                    return self._attempt(ask, partial, deadline)
                except _Again as again:
                    why = redact(again.why, ask.keys)
                    if attempt + 1 < self.limits.attempts:
                        self._wait(attempt, again, deadline, ask)
        raise FetchError(
            f"Gave up after {self.limits.attempts} attempts: {why}.",
            file=ask.shown,
            cure="Try again later; what has arrived so far is resumed where the server allows it.",
        )

    def _wait(self, attempt: int, again: _Again, deadline: float, ask: Ask) -> None:
        """Wait as long as the server asks, or else twice as long as last time, by chance up to half as long again."""
        limits = self.limits
        wait_s = min(limits.first_wait_s * 2**attempt, limits.max_wait_s) * (1 + self.chance() / 2)
        if again.wait_s is not None:
            if again.wait_s > limits.max_retry_after_s:
                raise FetchError(
                    f"The server asks to wait {again.wait_s:,.0f} s ({again.why}).",
                    file=ask.shown,
                    cure="Try again after that time.",
                )
            wait_s = max(again.wait_s, wait_s if again.wait_s else 0.0)
        if self.clock() + wait_s > deadline:
            raise FetchError(
                f"The time allowed ({limits.total_s:,.0f} s) is used up: {redact(again.why, ask.keys)}.",
                file=ask.shown,
                cure="Try again later; what has arrived so far is resumed where the server allows it.",
            )
        self.sleep(wait_s)

    def _attempt(self, ask: Ask, partial: Partial, deadline: float) -> Answer:
        guard = Guard(deadline - self.clock())
        try:
            return self._follow(ask, partial, guard)
        except requests.exceptions.SSLError:
            raise FetchError(
                "The server's certificate could not be checked.",
                file=ask.shown,
                cure="Check the clock of this machine, and REQUESTS_CA_BUNDLE where a company's proxy is between.",
            ) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if isinstance(error, OSError) and (error.filename is not None or error.errno in _DISK):
                raise  # this machine's disk, not the network
            if guard.has_expired:
                raise FetchError(
                    f"The server took longer than the time allowed ({self.limits.total_s:,.0f} s).",
                    file=ask.shown,
                    cure="Try again later; what has arrived so far is resumed where the server allows it.",
                ) from None
            raise _Again(_describe(error)) from None
        finally:
            guard.close()

    def _follow(self, ask: Ask, partial: Partial, guard: Guard) -> Answer:
        """Ask, and go where redirects lead, by hand: each address is checked and pinned anew."""
        address = ask.address
        for hop in range(MAX_REDIRECTS + 1):
            host, port = self._check(ask, address, is_redirect=hop > 0)
            if hop and host != urlsplit(ask.address).hostname and carries_key(address, ask.keys):
                raise FetchError(
                    f"The server would hand the key on to '{host}'.",
                    file=ask.shown,
                    cure="Tell the publisher; the key was not sent there.",
                )
            ip = self.policy.pin(host, port)
            self._take_turn(host)
            offset, headers = _build_headers(ask, partial)
            with open_response(
                address,
                ip=ip,
                headers=headers,
                guard=guard,
                connect_s=self.limits.connect_s,
                read_s=self.limits.read_s,
            ) as response:
                _check_time(guard)
                if response.status_code in _REDIRECTS and "Location" in response.headers:
                    address = follow_location(address, response.headers["Location"], shown=ask.shown)
                    continue
                return self._receive(ask, partial, response, offset, guard)
        raise FetchError(
            f"The server redirects more than {MAX_REDIRECTS} times.", file=ask.shown, cure="Check the address."
        )

    def _check(self, ask: Ask, address: str, *, is_redirect: bool) -> tuple[str, int]:
        """Ask the policy; what it refuses is told with the source's own address and without its key."""
        try:
            return self.policy.check(address, is_redirect=is_redirect)
        except FetchError as error:
            what = redact(error.what, [*ask.keys, *(key.lower() for key in ask.keys)])
            field = None if error.field is None else redact(error.field, ask.keys)
            raise FetchError(what, file=ask.shown, field=field, cure=error.cure) from None

    def _take_turn(self, host: str) -> None:
        """Wait until this host may be asked again."""
        wait_s = self._asked_at.get(host, -1e9) + self.limits.min_interval_s - self.clock()
        if wait_s > 0:
            self.sleep(wait_s)
        self._asked_at[host] = self.clock()

    def _receive(self, ask: Ask, partial: Partial, response: requests.Response, offset: int, guard: Guard) -> Answer:
        if response.status_code == HTTPStatus.NOT_MODIFIED and not offset and (ask.etag or ask.last_modified):
            return Answer(None, etag=ask.etag, last_modified=ask.last_modified)
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            partial.clear()
            raise _Again("the file changed while it was being fetched", wait_s=0)
        self._check_status(ask, response)
        start = _find_start(partial, response, offset)
        declared = find_length(response.headers)
        if declared is not None and start + declared > ask.max_bytes:
            partial.clear()
            raise _refuse_size(ask, start + declared, is_declared=True)
        if declared is not None and (free := get_free_bytes(partial.path.parent)) < declared:
            raise DiskError(
                f"The file has {declared:,} bytes to come, and the disk has {free:,} free.",
                file=partial.path.parent,
                cure="Make room ('make clean-old' deletes what of old runs is not needed), and fetch again.",
            )
        self._store(ask, partial, response, start)
        _check_time(guard)
        return _finish(ask, partial, response)

    def _check_status(self, ask: Ask, response: requests.Response) -> None:
        status = response.status_code
        if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            return
        if status in _AGAIN:
            raise _Again(f"the server answered {status}", wait_s=find_retry_after(response.headers, self.now()))
        key = f"Check the key in {ask.key_variable}" if ask.keys else f"Give a key in {ask.key_variable}"
        refused = (
            f"{key}; docs/sources/README.md says how to get one."
            if ask.key_variable
            else "This source is asked without a key: open the address in a browser to see why the publisher refuses."
        )
        moved = "The publisher may have moved the file: correct the address in config/sources.csv."
        cures = {401: refused, 403: refused, 404: moved, 410: moved}
        raise FetchError(
            f"The server answered {status}.",
            file=ask.shown,
            cure=cures.get(status, "Check the address."),
        )

    def _store(self, ask: Ask, partial: Partial, response: requests.Response, start: int) -> None:
        n_bytes, head = start, b""
        with partial.path.open("ab") as handle:
            for block in _decode(response, ask.max_bytes):
                n_bytes += len(block)
                if n_bytes > ask.max_bytes:
                    break
                if start == 0 and len(head) < HEAD_BYTES:
                    head += block
                    if len(head) >= HEAD_BYTES:
                        _check_head(head, ask, partial)
                handle.write(block)
        if n_bytes > ask.max_bytes:
            partial.clear()
            raise _refuse_size(ask, n_bytes, is_declared=False)
        if not n_bytes:
            raise _Again("the server sent an empty body")  # so does one whose header was cut short


def _check_time(guard: Guard) -> None:
    """Refuse what a cut connection left: a header or a body without a length looks whole then."""
    if guard.has_expired:
        raise TimeoutError


def _check_head(head: bytes, ask: Ask, partial: Partial) -> None:
    try:
        check_head(head, ask.kind, shown=ask.shown)
    except FetchError:
        partial.clear()
        raise


def _build_headers(ask: Ask, partial: Partial) -> tuple[int, dict[str, str]]:
    offset, validator = partial.read_state()
    if offset and validator:
        return offset, {"Range": f"bytes={offset}-", "If-Range": validator}
    headers = {"If-None-Match": ask.etag or "", "If-Modified-Since": ask.last_modified or ""}
    return 0, {name: value for name, value in headers.items() if value}


def _find_start(partial: Partial, response: requests.Response, offset: int) -> int:
    """Return from where the answer's bytes count; a rest of another version, or no rest, begins anew."""
    validator = find_validator(response.headers)
    if response.status_code == HTTPStatus.PARTIAL_CONTENT:
        _, known = partial.read_state()
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        is_same = known is not None and known in {find_tag(response.headers, n) for n in ("ETag", "Last-Modified")}
        if not offset or not begins or not is_same:
            partial.clear()
            raise _Again("the file changed while it was being fetched", wait_s=0)
        return offset
    partial.begin(None if find_encoding(response.headers) else validator)
    return 0


def _decode(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    """Undo a compression for the way, which was not asked for, and give no block beyond the cap."""
    encoding = find_encoding(response.headers)
    if not encoding:
        yield from read_blocks(response)
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise FetchError(
            f"The server sends the file packed as '{encoding}', which was not asked for.",
            cure="Tell the publisher; packings other than gzip cannot be read.",
        )
    inflate = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, found by the header
    for block in read_blocks(response):
        rest = block
        while rest:
            try:
                yield inflate.decompress(rest, min(max_bytes + 1, 1 << 20))
            except zlib.error:
                raise _Again("the packed body is damaged") from None
            rest = inflate.unconsumed_tail
    if not inflate.eof:
        raise _Again("the packed body ended early")


def _finish(ask: Ask, partial: Partial, response: requests.Response) -> Answer:
    n_bytes = partial.path.stat().st_size
    if n_bytes < ask.min_bytes:
        partial.clear()
        raise FetchError(
            f"The file has only {n_bytes:,} bytes; at least {ask.min_bytes:,} are expected.",
            file=ask.shown,
            cure="The publisher may have sent a cut file: look at it, or lower min_bytes in config/sources.csv.",
        )
    with partial.path.open("rb") as handle:  # again: a resumed file began in an earlier attempt
        _check_head(handle.read(HEAD_BYTES), ask, partial)
    if not is_whole(partial.path, ask.kind):
        partial.clear()
        raise _Again(f"the {ask.kind} file is not whole or cannot be read")
    partial.notes.unlink(missing_ok=True)
    return Answer(
        partial.path,
        n_bytes,
        find_tag(response.headers, "ETag"),
        find_tag(response.headers, "Last-Modified"),
        strip_secrets(response.url, keys=ask.keys).partition("?")[0],
    )


def _refuse_size(ask: Ask, n_bytes: int, *, is_declared: bool) -> FetchError:
    return FetchError(
        f"The file is larger than allowed: {'declared' if is_declared else 'more than'} {n_bytes:,} bytes, "
        f"at most {ask.max_bytes:,}.",
        file=ask.shown,
        cure="If it has grown for good, raise max_bytes in config/sources.csv.",
    )


def _describe(error: BaseException) -> str:
    """Put a failure of the network into words of our own: the library's carry the whole address."""
    names = {type(e).__name__ for e in (error, *error.args) if isinstance(e, BaseException)}
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}:
        return "the server sent nothing for too long"
    if names & {"ConnectTimeout", "ConnectTimeoutError"}:
        return "connecting took too long"
    if names & {"IncompleteRead", "ProtocolError", "ChunkedEncodingError", "InvalidChunkLength"}:
        return "the connection ended before the file was whole"
    return f"the network failed ({type(error).__name__})"
