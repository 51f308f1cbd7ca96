"""Work in pieces: each is computed anywhere, kept as soon as it is done, and never computed twice.

A shard is described by plain content and answered by tables and arrays. Its answer always passes through the same
bytes, whether it was computed here, in another process or on another machine, now or before an interruption, so that
what is put together from shards cannot depend on that.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import os
import platform
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.base.errors import StoppedError
from pipeline.base.hashing import hash_value
from pipeline.base.io import TEMPORARY_MARK
from pipeline.base.manifest import SHARDS
from pipeline.base.progress import measure
from pipeline.stages.code import find_code

Content = dict[str, Any]
Parts = dict[str, Any]
"""Tables (pandas) and arrays by name."""
Work = Callable[[Content], Parts]
Keep = Callable[[int, bytes], None]

MAGIC = b"connectivity shard 1\n"
ENDING = ".shard"
PROCESSES_FROM_S = 20.0
"""Processes are started for at least so much work: each costs two or three seconds before it is of use."""
TRIED = 4
"""Shards done in this process before the length of the rest is judged; the first one, which also reads, is left out."""
PACKAGES = ("distributed", "numba", "numpy", "pandas", "pyarrow")


@dataclass(frozen=True)
class Means:
    """With what work is done; results do not depend on it.

    Attributes
    ----------
    workers
        Processes; 1 for none but this one; None to choose by the length of the work.
    most
        Most processes that are chosen.
    address
        A Dask scheduler, in place of processes.
    """

    workers: int | None = None
    most: int = 1
    address: str | None = None


@dataclass(frozen=True)
class Job:
    """What all shards of some work have in common.

    Attributes
    ----------
    stage
        ``times`` or ``matrix``: the module ``pipeline.stages.<stage>_shards`` has a function ``open_work(content,
        folder, *, n_threads)`` that returns what answers a shard.
    content
        Plain content, as JSON can hold it.
    folder
        Where the files lie.
    files
        Path below the folder to SHA-256, of everything that the work reads.
    """

    stage: str
    content: Content
    folder: Path
    files: dict[str, str]

    @cached_property
    def bundle(self) -> str:
        """Hash of the files."""
        return hash_value(self.files)

    @cached_property
    def hash(self) -> str:
        """Hash of everything that an answer can depend on, but for the shard itself."""
        return hash_value([self.stage, self.content, self.files, describe_versions(self.stage)])

    def get_key(self, shard: Content) -> str:
        """Return the name under which the answer to a shard is kept."""
        return hash_value([self.hash, shard])[:32]


def describe_versions(stage: str) -> dict[str, str]:
    """Say which code and which libraries answer the shards of a stage here.

    Parameters
    ----------
    stage
        ``times`` or ``matrix``.

    Returns
    -------
    dict
        Name to version.
    """
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    python = ".".join(platform.python_version_tuple()[:2])
    return {"this project": hash_value(find_code(stage))[:12], "Python": python, **versions}


def open_work(stage: str, content: Content, folder: Path, *, n_threads: int) -> Work:
    """Make ready to answer shards.

    Parameters
    ----------
    stage, content, folder
        Of the job; the folder may be a copy.
    n_threads
        Threads of the kernels.

    Returns
    -------
    callable
        Takes the content of a shard, returns tables and arrays.
    """
    work: Work = import_module(f"pipeline.stages.{stage}_shards").open_work(content, folder, n_threads=n_threads)
    return work


def encode_parts(parts: Parts) -> bytes:
    """Write tables and arrays into bytes; the same content gives the same bytes.

    Parameters
    ----------
    parts
        Name to table or array.

    Returns
    -------
    bytes
        With a hash of their own, so that damage is noticed. Nothing in them is ever executed.
    """
    heads, bodies = [], []
    for name, part in parts.items():
        if isinstance(part, pd.DataFrame):
            table = pa.Table.from_pandas(part, preserve_index=False)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            body = sink.getvalue().to_pybytes()
        else:
            stream = io.BytesIO()
            np.save(stream, part, allow_pickle=False)
            body = stream.getvalue()
        heads.append([name, "table" if isinstance(part, pd.DataFrame) else "array", len(body)])
        bodies.append(body)
    head = json.dumps(heads).encode() + b"\n"
    digest = hashlib.sha256(head)
    for body in bodies:
        digest.update(body)
    return b"".join([MAGIC, digest.hexdigest().encode(), b"\n", head, *bodies])


def decode_parts(data: bytes) -> Parts:
    """Read what `encode_parts` wrote.

    Parameters
    ----------
    data
        The bytes.

    Returns
    -------
    dict
        Name to table or array.

    Raises
    ------
    ValueError
        If they are damaged or of another kind.
    """
    if not is_whole(data):
        raise ValueError("a shard is damaged")
    start = data.index(b"\n", len(MAGIC)) + 1
    at = data.index(b"\n", start) + 1
    parts: Parts = {}
    for name, kind, length in json.loads(data[start:at]):
        body = pa.py_buffer(data).slice(at, length)
        if kind == "table":
            with pa.ipc.open_stream(body) as reader:
                parts[name] = reader.read_pandas()
        else:
            parts[name] = np.load(io.BytesIO(body.to_pybytes()), allow_pickle=False)
        at += length
    return parts


def is_whole(data: bytes) -> bool:
    """Tell whether bytes are those of a shard and undamaged.

    Parameters
    ----------
    data
        The bytes.

    Returns
    -------
    bool
        False for a file that was cut short, too.
    """
    start = len(MAGIC) + 64
    if not data.startswith(MAGIC) or data[start : start + 1] != b"\n":
        return False
    return hashlib.sha256(memoryview(data)[start + 1 :]).hexdigest().encode() == data[len(MAGIC) : start]


class ShardStore:
    """Answers on disk, one file each, whole or absent.

    They are renamed into place but not forced onto the disk one by one: a killed process loses nothing, a power cut may
    cost some shards, and a damaged one is noticed by its hash and computed anew.

    Parameters
    ----------
    folder
        Where they lie; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> bytes | None:
        """Return the answer of that key, None if it is not there or damaged."""
        try:
            data = (self.folder / f"{key}{ENDING}").read_bytes()
        except FileNotFoundError:
            return None
        return data if is_whole(data) else None

    def get(self, key: str) -> bytes:
        """Return the answer of that key; raises LookupError."""
        data = self.find(key)
        if data is None:
            raise LookupError(f"the shard {key} has gone from {self.folder}")
        return data

    def write(self, key: str, data: bytes) -> None:
        """Keep an answer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{key}{ENDING}"
        temporary = path.with_name(f"{path.name}{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all answers, once what was made of them is written."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


def run_shards(
    job: Job, shards: Sequence[Content], store: ShardStore, *, means: Means, here: Work, description: str
) -> Iterator[Parts]:
    """Answer all shards that are not kept yet, with the means there are, and hand out all answers in order.

    Parameters
    ----------
    job
        What the shards have in common.
    shards
        Their contents.
    store
        Where answers are kept as soon as they are there.
    means
        Processes or a cluster.
    here
        Answers a shard in this process.
    description
        For the display of progress.

    Yields
    ------
    dict
        The tables and arrays of each shard, in the order of `shards`.

    Raises
    ------
    StoppedError
        If it is interrupted; the message says what is kept.
    """
    keys = [job.get_key(shard) for shard in shards]
    todo = [number for number, key in enumerate(keys) if store.find(key) is None]
    n_kept = len(shards) - len(todo)

    with measure(description, total=len(shards), done=n_kept) as meter:

        def keep(number: int, data: bytes) -> None:
            store.write(keys[number], data)
            meter.advance()

        try:
            if todo and means.address is not None:
                _run_on_cluster(job, shards, todo, keep, means.address)
            else:
                _run_locally(job, shards, todo, keep, means, here)
        except KeyboardInterrupt:
            raise StoppedError(
                f"{meter.done} of {len(shards)} shards of {description} are kept in {store.folder}.",
                cure="Run the same command to go on from there.",
            ) from None
    for key in keys:
        yield decode_parts(store.get(key))


def _run_on_cluster(job: Job, shards: Sequence[Content], todo: list[int], keep: Keep, address: str) -> None:
    from pipeline.stages.cluster import run_on_cluster  # noqa: PLC0415 (Dask takes a second to import)

    run_on_cluster(job, {number: shards[number] for number in todo}, keep, address=address)


def _run_locally(job: Job, shards: Sequence[Content], todo: list[int], keep: Keep, means: Means, here: Work) -> None:
    """Work here with threads; once the rest is seen to be long, or if processes were asked for, start them."""
    from pipeline.stages.processes import run_in_processes  # noqa: PLC0415 (most work needs no other process)

    n_workers = means.workers or means.most
    times_s: list[float] = []
    for position, number in enumerate(todo):
        n_left = len(todo) - position
        is_asked = means.workers is not None and position == 0
        if min(n_workers, n_left) > 1 and (is_asked or (means.workers is None and _is_long(times_s, n_left))):
            rest = {n: shards[n] for n in todo[position:]}
            run_in_processes(job, rest, keep, n_workers=min(n_workers, n_left))
            return
        started = time.monotonic()
        keep(number, encode_parts(here(shards[number])))
        times_s.append(time.monotonic() - started)


def _is_long(times_s: list[float], n_left: int) -> bool:
    """Judge, after some shards, whether the rest is worth starting processes; what the first one took is left out."""
    if len(times_s) < TRIED:
        return sum(times_s) >= PROCESSES_FROM_S
    return n_left * sum(times_s[1:]) / (len(times_s) - 1) >= PROCESSES_FROM_S


def choose_most(n_parallel: int = 1) -> int:
    """Choose how many processes are worth while at most.

    Parameters
    ----------
    n_parallel
        How many stages make may run at a time beside one another.

    Returns
    -------
    int
        The processors that this process may use, shared among those stages; at most 8, as each needs its own memory.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    n_processors = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(8, n_processors // max(n_parallel, 1)))


def get_shard_folder(folder: Path) -> Path:
    """Return where the shards of a stage are kept.

    Parameters
    ----------
    folder
        Folder of the stage.

    Returns
    -------
    Path
        A folder within, which manifests leave out.
    """
    return folder / SHARDS
