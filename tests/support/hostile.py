# ruff: noqa: PLC0415, T201
"""Runs commands of the project in a process each, watched: time, memory, writes, connections, programs started.

A server imports the readers once and forks for every case, so that a case costs a fraction of a second and its peak
memory is its own. Started by :class:`GuardedRunner`; ``python -m tests.support.hostile`` is the server.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS = 60
MAX_MB = 1000
ADDRESS_SPACE_BYTES = 12 * 1024**3
"""A stop for what runs away (polars reserves a few GB that it never uses); the bound that is asserted is MAX_MB."""
WRITERS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
FORBIDDEN = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}
NUMBA = ("numba", "numpy", "copyreg", "builtins")
"""Modules of what numba unpickles from its own cache, which is why that lies in a private folder."""


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    code
        Exit code; None if it was killed for its time.
    trespasses
        Writes outside the output folder, connections, programs started, pickles loaded.
    fingerprint
        Hash of what was read; empty where nothing was.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    peak_mb: float
    trespasses: tuple[str, ...]
    fingerprint: str


class GuardedRunner:
    """Runs commands one after the other in processes forked from one server."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.hostile"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, arguments: list[str], *, fingerprint: str = "") -> Outcome:
        """Run ``connectivity`` in a folder; it may write to its subfolder ``out`` only."""
        (folder / "out").mkdir(exist_ok=True)
        before = _list_files(folder)
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        request = {"folder": str(folder), "arguments": arguments, "fingerprint": fingerprint}
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        line = self._server.stdout.readline()
        assert line, "the server of guarded runs has ended"
        answer: dict[str, Any] = json.loads(line)
        strange = sorted(_list_files(folder) ^ before)
        read = {name: (folder / f"out/.{name}").read_text("utf-8", "replace") for name in ("out", "err", "marks")}
        trespasses = [*filter(None, read["marks"].splitlines()), *(f"changed {name}" for name in strange)]
        return Outcome(
            answer["code"],
            read["out"],
            read["err"],
            answer["seconds"],
            answer["peak_mb"],
            tuple(text for text in trespasses if not text.startswith("fingerprint ")),
            next((text[12:] for text in trespasses if text.startswith("fingerprint ")), ""),
        )

    def close(self) -> None:
        """End the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(timeout=20)
        self._server.stdout.close()


def _list_files(folder: Path) -> set[tuple[str, int, int]]:
    """Everything in and beside the folder except its output: name, size, time of change."""
    found = set()
    for path in folder.parent.rglob("*") if folder.parent.name.startswith("case") else folder.rglob("*"):
        if path.is_relative_to(folder / "out"):
            continue
        about = path.lstat()
        found.add((str(path), about.st_size if path.is_file() else 0, about.st_mtime_ns if path.is_file() else 0))
    return found


def _watch(folder: Path, marks: Any) -> None:
    """Note what the process must not do."""
    allowed = (str(folder / "out"), "/dev/null", os.environ.get("NUMBA_CACHE_DIR", "/dev/null"))

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            is_write = any(letter in str(mode or "") for letter in "wax+") or flags & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
            )
            if is_write and isinstance(path, str | bytes | os.PathLike):
                full = os.path.realpath(os.fsdecode(path))
                if not full.startswith(allowed):
                    os.write(marks, f"wrote {full!r}\n".encode())
        elif event in WRITERS:
            for path in arguments[:2]:
                if isinstance(path, str | bytes | os.PathLike):
                    full = os.path.realpath(os.fsdecode(path))
                    if not full.startswith(allowed):
                        os.write(marks, f"{event} {full!r}\n".encode())
        elif event in FORBIDDEN or (event == "pickle.find_class" and not str(arguments[0]).startswith(NUMBA)):
            os.write(marks, f"{event} {str(arguments)[:200]}\n".encode())

    sys.addaudithook(note)


def _run_child(request: dict[str, Any]) -> None:
    """Run one command in this process and leave it."""
    folder = Path(request["folder"])
    os.chdir(folder)
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    for name, target in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / f"out/.{name}", flags), target)
    marks = os.open(folder / "out/.marks", flags)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdin.close()
    _watch(folder, marks)
    code = 99
    try:
        from pipeline.cli.main import main

        sys.argv = ["connectivity", *request["arguments"]]
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        if code == 0 and request["fingerprint"]:
            found = compute_print(request["fingerprint"], Path(request["arguments"][1]))
            os.write(marks, f"fingerprint {found}\n".encode())
    except BaseException:  # noqa: BLE001 (whatever it is, the test must see it)
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def compute_print(kind: str, path: Path) -> str:
    """Hash what is read of an input: ``timetable``, ``points`` or ``streets``."""
    from pipeline.base.area import PointSource
    from pipeline.base.hashing import hash_value
    from pipeline.base.notices import Notices
    from pipeline.places.read_points import read_points
    from pipeline.streets.read_osm import read_streets
    from pipeline.timetables.duplicates import remove_duplicate_trips
    from pipeline.timetables.fingerprint import compute_fingerprint
    from pipeline.timetables.read_any import read_timetable

    notices = Notices()
    if kind in {"timetable", "cif"}:
        read = read_timetable({"x": path}, notices=notices, n_processes=1)
        table = remove_duplicate_trips(read, notices=notices)
        return compute_fingerprint(table)
    if kind in {"streets", "pbf"}:
        streets = read_streets(path, notices)
        return hash_value([streets.nodes.rows(), streets.edges.select(pl_plain(streets.edges)).rows()])
    if kind == "geo":
        return hash_value(kind)
    points = read_points(PointSource(path=path.name, code="id"), path, area_crs="EPSG:27700", notices=notices)
    return hash_value(points[["code", "lon", "lat", "is_located"]].astype(str).to_numpy().tolist())


def pl_plain(table: Any) -> list[str]:
    """Columns that are no lists."""
    return [name for name, kind in table.schema.items() if not kind.is_nested() and str(kind) != "Binary"]


def _wait(pid: int, started: float) -> dict[str, Any]:
    """Wait for a child, kill it when its time is over, and measure it."""
    descriptor = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    is_over = not poller.poll(MAX_SECONDS * 1000)
    if is_over:
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    os.close(descriptor)
    code = None if is_over else os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": time.monotonic() - started, "peak_mb": usage.ru_maxrss / 1024}


def serve() -> None:
    """Answer requests on standard input until it ends."""
    import geopandas  # noqa: F401
    import osmium  # noqa: F401

    import pipeline.cli.validate
    import pipeline.stages.targets  # noqa: F401

    for line in sys.stdin:
        request = json.loads(line)
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _run_child(request)
        print(json.dumps(_wait(pid, started)), flush=True)


if __name__ == "__main__":
    serve()
