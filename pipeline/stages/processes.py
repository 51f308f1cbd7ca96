"""Shards in processes of this machine, which share the memory-mapped network."""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from pipeline.base.errors import PipelineError
from pipeline.base.progress import be_silent
from pipeline.stages.shards import Content, Job, Keep, encode_parts, open_work

MOST_TRIES = 3


@dataclass
class _Worker:
    """A process and the shard it works on."""

    process: BaseProcess
    connection: Connection
    number: int | None = None


def run_in_processes(job: Job, shards: Mapping[int, Content], keep: Keep, *, n_workers: int) -> None:
    """Answer shards in several processes; one that dies is replaced and its shard done again.

    Parameters
    ----------
    job
        What the shards have in common.
    shards
        Number to content.
    keep
        Takes the number and the answer of a shard, in this process.
    n_workers
        Processes; the kernels use one thread in each.

    Raises
    ------
    PipelineError
        What went wrong in a process; or if three processes were lost over the same shard.
    """
    waiting = list(shards)[::-1]
    tries = dict.fromkeys(shards, 0)
    workers = [_start(job) for _ in range(n_workers)]
    try:
        for worker in workers:
            _give(worker, waiting, shards, tries)
        while any(worker.number is not None for worker in workers):
            busy = {w.connection: w for w in workers if w.number is not None}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                number = worker.number
                assert number is not None  # noqa: S101 (only busy workers are waited for)
                answer = _receive(worker)
                if isinstance(answer, bytes):
                    keep(number, answer)
                    _give(worker, waiting, shards, tries)
                elif answer is not None:
                    raise answer
                else:
                    waiting.append(number)
                    worker.process.join()
                    _check_tries(tries[number], worker.process.exitcode)
                    worker.connection.close()
                    workers[workers.index(worker)] = replacement = _start(job)
                    _give(replacement, waiting, shards, tries)
    finally:
        for worker in workers:
            worker.process.terminate()
            worker.connection.close()
        for worker in workers:
            worker.process.join()


def _start(job: Job) -> _Worker:
    # a fresh interpreter: a copy of this one would share the locks of its threads
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, job), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, mine)


def _give(worker: _Worker, waiting: list[int], shards: Mapping[int, Content], tries: dict[int, int]) -> None:
    worker.number = waiting.pop() if waiting else None
    if worker.number is None:
        return
    tries[worker.number] += 1
    try:
        worker.connection.send(shards[worker.number])
    except OSError:
        return  # it has died: waiting for its answer finds that out


def _receive(worker: _Worker) -> bytes | Exception | None:
    """Take an answer: bytes, or what went wrong; None if the process has died."""
    try:
        answer: bytes | Exception = worker.connection.recv()
    except (EOFError, OSError):
        return None
    return answer


def _check_tries(n_tries: int, exit_code: int | None) -> None:
    if n_tries >= MOST_TRIES:
        raise PipelineError(
            f"{n_tries} processes were lost over the same piece of work (the last ended with {exit_code}).",
            cure="There is probably too little memory: use --workers 1, or a cluster. What was finished is kept.",
        )


def _serve(connection: Connection, job: Job) -> None:
    """Answer shards until the other side has gone; Ctrl-C is for the parent, which then ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_silent()
    work = None
    while True:
        try:
            shard: Content = connection.recv()
        except (EOFError, OSError):
            return
        answer: bytes | Exception
        try:
            work = work or open_work(job.stage, job.content, job.folder, n_threads=1)
            answer = encode_parts(work(shard))
        except PipelineError as error:
            answer = error
        except Exception:  # noqa: BLE001 (whatever it is, the parent raises it)
            answer = RuntimeError(f"a process failed:\n{traceback.format_exc()}")
        try:
            connection.send(answer)
        except OSError:
            return
