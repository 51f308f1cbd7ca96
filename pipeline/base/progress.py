"""Progress and logs on standard error."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")
QUIET_S = 2.0


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


def track(items: Iterable[T], *, description: str, total: int | None = None) -> Iterator[T]:
    """Pass items on, with a progress bar where the work lasts over two seconds at a terminal.

    Parameters
    ----------
    items
        What to iterate over.
    description
        Text beside the bar.
    total
        Number of items, where ``len()`` does not know.

    Yields
    ------
    T
        The items.
    """
    size = total if total is not None else (len(items) if isinstance(items, Sized) else None)
    if not sys.stderr.isatty():
        yield from items
        return
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=False) as bar:
        task = bar.add_task(description, total=size, visible=False)
        for item in items:
            yield item
            bar.update(task, advance=1, visible=time.monotonic() - started > QUIET_S)
