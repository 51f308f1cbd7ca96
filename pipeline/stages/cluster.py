"""Shards on a Dask cluster, whose workers share no disk with this machine.

The files that the work reads are sent to each worker once, named by their hash; a shard that lands on a worker without
them comes back at once and is sent again after the files. What goes over the wire beside Dask's own messages: the
files, plain content, and answers as bytes that are never executed.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from distributed import Client, get_worker, wait
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from distributed.security import Security

from pipeline.base.errors import ClusterError, InputError, PipelineError
from pipeline.base.hashing import hash_file, hash_value
from pipeline.base.progress import be_silent
from pipeline.stages.shards import Content, Job, Keep, Work, describe_versions, encode_parts, open_work

CONNECT_S = 8.0
WORKERS_S = 30.0
"""So long a scheduler without workers is waited for."""
CHECK_S = 5.0
CHUNK_BYTES = 8_000_000
AHEAD = 2
"""Shards at the scheduler for each thread of the workers."""
KEPT_BUNDLES, KEPT_WORKS = 8, 2
MOST_TRIES = 3
_PREFIX = "connectivity-"
_START = "docs/cluster.md says how to start a scheduler and workers"

_open_client: Any = Client  # Dask declares no types
_security: Any = Security
_wait: Any = wait
_lock = threading.Lock()
_works: dict[str, Work] = {}


# --- on the workers ---------------------------------------------------------------------------------------------------
def answer_shard(job: Content, shard: Content) -> tuple[str, Any]:
    """Answer a shard on a worker.

    Parameters
    ----------
    job
        ``stage``, ``content``, ``bundle`` (hash of the files) and ``versions``.
    shard
        Its content.

    Returns
    -------
    kind, value
        ``answer`` and bytes; ``absent`` and the worker's address if the files are not there yet; ``versions`` and what
        runs there if it is not the same as at the client.
    """
    worker: Any = get_worker()
    be_silent()
    versions = describe_versions(job["stage"])
    if versions != job["versions"]:
        return "versions", versions
    folder = _get_bundle_folder(worker, job["bundle"])
    if not folder.is_dir():
        return "absent", worker.address
    return "answer", encode_parts(_get_work(job, folder)(shard))


def _get_work(job: Content, folder: Path) -> Work:
    name = hash_value([job["stage"], job["content"], str(folder)])
    with _lock:
        if name not in _works:
            while len(_works) >= KEPT_WORKS:
                _works.pop(next(iter(_works)))
            _works[name] = open_work(job["stage"], job["content"], folder, n_threads=1)
        return _works[name]


def _get_bundle_folder(worker: Any, bundle: str) -> Path:
    return Path(worker.local_directory) / f"{_PREFIX}{bundle}"


def receive_chunk(place: str, name: str, offset: int, data: bytes, dask_worker: Any = None) -> None:
    """Write a part of a file into a worker's own folder.

    Parameters
    ----------
    place, name
        Folder of this transfer, and path within it.
    offset, data
        Where the bytes belong, and the bytes.
    dask_worker
        The worker; Dask fills it in.
    """
    path = Path(dask_worker.local_directory) / place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if offset else "wb") as handle:
        handle.seek(offset)
        handle.write(data)


def finish_bundle(place: str, bundle: str, files: dict[str, str], dask_worker: Any = None) -> None:
    """Check the files that have arrived and give them their name; drop bundles that were not used for long.

    Parameters
    ----------
    place
        Folder of this transfer.
    bundle, files
        Hash of the whole; path to SHA-256.
    dask_worker
        The worker; Dask fills it in.

    Raises
    ------
    ValueError
        If a file arrived damaged.
    """
    arrived, folder = Path(dask_worker.local_directory) / place, _get_bundle_folder(dask_worker, bundle)
    try:
        for name, sha256 in files.items():
            if hash_file(arrived / name) != sha256:
                raise ValueError(f"{name} is not as it was recorded: on its way, or in the outputs of an earlier stage")
        if not folder.is_dir():
            arrived.rename(folder)
    finally:
        shutil.rmtree(arrived, ignore_errors=True)
    others = sorted(folder.parent.glob(f"{_PREFIX}*"), key=lambda path: path.stat().st_mtime)
    for old in [path for path in others if path != folder][: max(0, len(others) - KEPT_BUNDLES)]:
        shutil.rmtree(old)  # files that are mapped stay readable until they are let go


# --- at the client ----------------------------------------------------------------------------------------------------
def run_on_cluster(job: Job, shards: Mapping[int, Content], keep: Keep, *, address: str) -> None:
    """Answer shards on a cluster; those of a worker that is lost are done again by another.

    Parameters
    ----------
    job
        What the shards have in common.
    shards
        Number to content.
    keep
        Takes the number and the answer of a shard, in this process.
    address
        The scheduler, such as ``tcp://host:8786``.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached or is lost, has no workers, or its workers run another version.
    PipelineError
        What went wrong in a shard.
    """
    with _connect(address) as client:
        try:
            _await_workers(client, address)
            _check_versions(client, job)
            _Dispatch(client, job, shards, keep, address).run()
        except (CommClosedError, CancelledError, OSError) as error:
            raise ClusterError(
                f"The connection to the scheduler was lost: {error}",
                field=address,
                cure="Start it again and run the same command: finished shards are kept.",
            ) from error


@contextlib.contextmanager
def _connect(address: str) -> Iterator[Any]:
    if address.startswith("tls:") and _security().get_connection_args("client")["ssl_context"] is None:
        raise ClusterError(
            "There are no certificates for an encrypted connection.",
            field=address,
            cure="Name them in Dask's configuration (distributed.comm.tls); see docs/cluster.md.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions: they are checked below, and clearly
            client = _open_client(address, timeout=CONNECT_S, set_as_default=False, name="connectivity")
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"The scheduler cannot be reached: {error}",
            field=address,
            cure=f"Check the address (such as tcp://host:8786) and the firewall; {_START}.",
        ) from None
    try:
        with client.as_current():
            yield client
    finally:
        client.close(timeout=CHECK_S)


def _await_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise ClusterError("The scheduler has no workers.", field=address, cure=f"Start some; {_START}.") from None


def _check_versions(client: Any, job: Job) -> None:
    found = client.run(describe_versions, job.stage, on_error="return")
    for worker, versions in found.items():
        if isinstance(versions, ImportError):
            raise ClusterError(
                f"A worker cannot import this project: {versions}.",
                field=worker,
                cure=f"Start it in the folder of the same checkout; {_START}.",
            )
        if isinstance(versions, dict):
            _compare_versions(versions, job.stage, worker)


def _compare_versions(theirs: dict[str, str], stage: str, worker: str | None) -> None:
    mine = describe_versions(stage)
    different = [
        f"{name}: {theirs.get(name)} there, {mine[name]} here" for name in mine if theirs.get(name) != mine[name]
    ]
    if different:
        raise ClusterError(
            f"A worker runs other versions than this machine ({'; '.join(different)}).",
            field=worker,
            cure="Use the same checkout and the same locked environment on all machines, and start the workers again.",
        )


class _Dispatch:
    """Hands shards to the cluster, a few ahead, and sends files where they are missing."""

    def __init__(self, client: Any, job: Job, shards: Mapping[int, Content], keep: Keep, address: str) -> None:
        self.client, self.job, self.shards, self.keep, self.address = client, job, shards, keep, address
        self.waiting = list(shards)[::-1]
        self.pending: dict[Any, int] = {}
        self.message = {
            "stage": job.stage,
            "content": job.content,
            "bundle": job.bundle,
            "versions": describe_versions(job.stage),
        }
        self.run_id = uuid.uuid4().hex[:12]
        self.n_sent = 0
        self.tries: Counter[str] = Counter()
        self.alone_since: float | None = None

    def run(self) -> None:
        """Work until every shard is answered."""
        threads = self.client.nthreads()
        self._ship(list(threads))
        checked = time.monotonic()
        try:
            while self.waiting or self.pending:
                if time.monotonic() - checked > CHECK_S:
                    threads, checked = self._check_workers(), time.monotonic()
                self._top_up(AHEAD * max(1, sum(threads.values())))
                with contextlib.suppress(TimeoutError):
                    done, _ = _wait(list(self.pending), timeout=CHECK_S, return_when="FIRST_COMPLETED")
                    for future in done:
                        self._take(future)
        finally:
            if self.pending and self.client.status == "running":
                self.client.cancel(list(self.pending), force=True)

    def _top_up(self, n_ahead: int) -> None:
        while self.waiting and len(self.pending) < n_ahead:
            number = self.waiting.pop()
            self.n_sent += 1
            future = self.client.submit(
                answer_shard,
                self.message,
                self.shards[number],
                key=f"connectivity-{self.run_id}-{self.n_sent}",
                pure=False,
            )
            self.pending[future] = number

    def _take(self, future: Any) -> None:
        number = self.pending.pop(future)
        if future.status == "error":
            self._raise(future.exception())
        kind, value = future.result()
        if kind == "answer":
            self.keep(number, value)
            return
        if kind == "versions":
            _compare_versions(value, self.job.stage, None)
        self.waiting.append(number)
        if kind == "absent":
            self._ship([value])

    def _raise(self, error: BaseException) -> None:
        if isinstance(error, PipelineError):
            raise error
        if isinstance(error, KilledWorker):
            raise ClusterError(
                "Several workers were lost over the same piece of work.",
                field=self.address,
                cure="There is probably too little memory on them. What was finished is kept; run the same command.",
            )
        raise RuntimeError("a shard failed on a worker") from error

    def _check_workers(self) -> dict[str, int]:
        threads: dict[str, int] = self.client.nthreads()
        if threads:
            self.alone_since = None
        elif self.alone_since is None:
            self.alone_since = time.monotonic()
        elif time.monotonic() - self.alone_since > WORKERS_S:
            raise ClusterError(
                "The scheduler has lost all its workers.",
                field=self.address,
                cure="Start some and run the same command: finished shards are kept.",
            )
        return threads

    def _ship(self, workers: list[str]) -> None:
        """Send the files to some workers at once; one that is lost meanwhile is left out."""
        self.tries.update(workers)
        place = f"{_PREFIX}arriving-{uuid.uuid4().hex[:12]}"
        for name in self.job.files:
            for offset, data in _read_chunks(self.job.folder / name):
                workers = self._send(workers, receive_chunk, place, name, offset, data)
        self._send(workers, finish_bundle, place, self.job.bundle, self.job.files)

    def _send(self, workers: list[str], function: Any, *content: Any) -> list[str]:
        """Call a function on workers; return those that are still there."""
        if not workers:
            return []
        answers = self.client.run(function, *content, workers=workers, on_error="return")
        for worker, error in answers.items():
            if isinstance(error, ValueError):
                raise InputError(
                    str(error), field="cluster", cure="Run `make verify`, and the stage that it names again."
                )
            if isinstance(error, BaseException) and (
                not isinstance(error, OSError) or self.tries[worker] >= MOST_TRIES
            ):
                raise ClusterError(
                    f"The network cannot be sent to a worker: {error}",
                    field=worker,
                    cure="Look at its disk (--local-directory) and its log.",
                )
        return [worker for worker, answer in answers.items() if answer is None]


def _read_chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Read a file part by part; an empty one has one empty part."""
    with path.open("rb") as handle:
        data = handle.read(CHUNK_BYTES)
        yield 0, data
        offset = len(data)
        while data := handle.read(CHUNK_BYTES):
            yield offset, data
            offset += len(data)
