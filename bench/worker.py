"""How one side of a row is run: in a process of its own that loads, then runs once each time it is asked.

Standard library only, so that every environment can use it.
"""

from __future__ import annotations

import json
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import killpg
from typing import Any


def serve(work: Callable[[], object]) -> None:
    """Run the work each time a line comes in on standard input; print its seconds as one JSON object a line.

    Parameters
    ----------
    work
        What is timed.
    """
    _say(ready=True)
    for _ in sys.stdin:
        clock, used = time.perf_counter(), _get_cpu_s()
        work()
        wall_s, cpu_s = time.perf_counter() - clock, _get_cpu_s() - used
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _say(wall_s=wall_s, cpu_s=cpu_s, peak_mb=peak_mb)


def _get_cpu_s() -> float:
    """User and system seconds of this process, its threads and its ended children."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _say(**content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


class Worker:
    """A process, in a group of its own, that runs when asked.

    Parameters
    ----------
    command
        What to start; it calls `serve`.
    deadline
        Reading of `time.monotonic` at which to give up.
    """

    def __init__(self, command: Sequence[str], deadline: float) -> None:
        self._deadline = deadline
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.startswith("{"):
                self._lines.put(line)
        self._lines.put(None)

    def wait(self) -> dict[str, Any]:
        """Wait for what the process says next.

        Returns
        -------
        dict
            What it said.

        Raises
        ------
        TimeoutError
            At the deadline.
        RuntimeError
            If it ended.
        """
        try:
            line = self._lines.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError("time is up") from None
        if line is None:
            raise RuntimeError(f"ended with exit code {self._process.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def run(self) -> dict[str, Any]:
        """Have it run once.

        Returns
        -------
        dict
            ``wall_s``, ``cpu_s`` and ``peak_mb``.
        """
        if self._process.stdin is None:
            raise RuntimeError("the process has no input")
        try:
            self._process.stdin.write("run\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it has ended, or been closed
            raise RuntimeError(f"ended with exit code {self._process.wait()}") from None
        return self.wait()

    def close(self) -> None:
        """End the process and whatever it started."""
        with suppress(ProcessLookupError):
            killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                with suppress(BrokenPipeError):
                    stream.close()
