"""Progress and logs on standard error."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TextIO, TypeVar

T = TypeVar("T")
QUIET_S = 2.0
"""Shorter work says nothing."""
FIRST_LINE_S, NEXT_LINE_S = 10.0, 30.0
"""Where standard error is no terminal: when the first line comes, and how far apart the others are."""
_TICK_S = 0.5
_lock = threading.Lock()
_active: list[Meter] = []
_silent = threading.Event()


def set_up_logging(*, verbose: bool = False) -> None:
    """Send the project's logs to standard error.

    Parameters
    ----------
    verbose
        Show debug messages as well.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger("pipeline")
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False


class Meter:
    """How far some work is.

    Parameters
    ----------
    description
        What is being done.
    total
        Number of items; None where it is not known.
    done
        Items that need not be done, since they are there already.
    """

    def __init__(self, description: str, total: int | None = None, done: int = 0) -> None:
        self.description, self.total, self.done, self.skipped = description, total, done, done
        self.started = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, n: int = 1) -> None:
        """Note that some items more are done; any thread may call it."""
        with self._lock:
            self.done += n

    def describe(self, *, now: float | None = None) -> str:
        """Say how much is done, at what rate, and how long the rest will take.

        Parameters
        ----------
        now
            Seconds of the monotonic clock; the present if absent.

        Returns
        -------
        str
            Without a line feed.
        """
        elapsed_s = (time.monotonic() if now is None else now) - self.started
        n_new = self.done - self.skipped
        rate = n_new / elapsed_s if elapsed_s > 0 else 0.0
        parts = []
        if self.total is not None:
            share = f" ({100 * self.done // self.total} %)" if self.total else ""
            parts.append(f"{self.done:,} of {self.total:,}{share}")
        elif self.done:
            parts.append(f"{self.done:,}")
        if n_new:
            parts.append(f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.2g} a second")
        parts.append(f"{describe_seconds(elapsed_s)} so far")
        if self.total is not None and n_new and self.done < self.total:
            parts.append(f"about {describe_seconds((self.total - self.done) / rate)} left")
        return f"{self.description}: {', '.join(parts)}"


def describe_seconds(seconds: float) -> str:
    """Write a length of time as people say it.

    Parameters
    ----------
    seconds
        Not negative.

    Returns
    -------
    str
        Such as ``40 s``, ``3 min 20 s`` or ``2 h 5 min``.
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@contextmanager
def measure(description: str, *, total: int | None = None, done: int = 0) -> Iterator[Meter]:
    """Show the progress of the work of a block, where it lasts over two seconds.

    At a terminal one line is written over and over and erased in the end; elsewhere a line comes now and then. A block
    within another one is told of on the same line.

    Parameters
    ----------
    description
        What is being done.
    total
        Number of items; None where it is not known.
    done
        Items that need not be done, since they are there already.

    Yields
    ------
    Meter
        To be told of items that are done.
    """
    meter = Meter(description, total, done)
    with _lock:
        is_outermost = not _active
        _active.append(meter)
    stop = threading.Event()
    reporter = threading.Thread(target=_report, args=(meter, stop, sys.stderr), daemon=True)
    try:
        if is_outermost and not _silent.is_set():
            reporter.start()
        yield meter
    finally:
        stop.set()
        if reporter.ident is not None:
            reporter.join()
        with _lock:
            _active.remove(meter)


def _report(meter: Meter, stop: threading.Event, stream: TextIO) -> None:
    is_terminal = stream.isatty()
    is_shown = False
    wait_s = QUIET_S if is_terminal else FIRST_LINE_S
    while not stop.wait(wait_s):
        text = _describe_active(meter)
        if is_terminal:
            width = shutil.get_terminal_size().columns - 1
            stream.write(f"\r\x1b[K{text[:width]}")
        else:
            stream.write(f"{text}\n")
        stream.flush()
        is_shown, wait_s = True, _TICK_S if is_terminal else NEXT_LINE_S
    if is_shown and is_terminal:
        stream.write("\r\x1b[K")
        stream.flush()


def _describe_active(meter: Meter) -> str:
    """Describe the outermost work and what lasts within it."""
    now = time.monotonic()
    with _lock:
        inner = [other for other in _active if other is not meter and now - other.started > QUIET_S]
    return " | ".join(each.describe(now=now) for each in (meter, *inner))


def be_silent() -> None:
    """Show no progress any more: for processes whose work another one tells of."""
    _silent.set()


def track(items: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
    """Pass items on and show progress where the work lasts over two seconds.

    Parameters
    ----------
    items
        What to iterate over.
    description
        What is being done.
    total
        Number of items, where ``len()`` does not know.

    Yields
    ------
    T
        The items.
    """
    size = total if total is not None else (len(items) if isinstance(items, Sized) else None)
    with measure(description, total=size) as meter:
        for item in items:
            yield item
            meter.advance()
