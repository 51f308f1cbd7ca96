"""A real Dask scheduler with worker processes of its own on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.pipeline import ROOT

START_S = 90.0


def wait_until(is_so: Callable[[], bool], what: str, *, timeout_s: float = START_S) -> None:
    """Look again and again until something is so; fail if it takes too long."""
    end = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.005)


class LocalCluster:
    """A scheduler and workers, each a process with one thread; workers have no nanny, so that killed means dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--scheduler-file", str(self.file), "--port", "0")
        wait_until(lambda: self.file.exists() and bool(self.file.read_text(encoding="utf-8").strip()), "the scheduler")
        self.address: str = json.loads(self.file.read_text(encoding="utf-8"))["address"]

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        number = len(self.workers)
        with (self.folder / f"{kind}{number}.log").open("wb") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    f"distributed.cli.dask_{kind}",
                    "--host",
                    "127.0.0.1",
                    "--no-dashboard",
                    *arguments,
                ],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def add_worker(self) -> subprocess.Popen[bytes]:
        """Start one worker more."""
        worker = self._start(
            "worker",
            self.address,
            "--no-nanny",
            "--nthreads",
            "1",
            "--local-directory",
            str(self.folder / f"worker{len(self.workers)}"),
        )
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End all processes."""
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@contextmanager
def start_cluster(folder: Path, *, n_workers: int = 2) -> Iterator[LocalCluster]:
    """Start a scheduler and workers, and end them with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = LocalCluster(folder)
    try:
        for _ in range(n_workers):
            cluster.add_worker()
        yield cluster
    finally:
        cluster.stop()
