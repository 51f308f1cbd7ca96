"""Questions about all pairs of ``connectivity matrix``: answered at once if small, in blocks of starts if large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.hashing import hash_file
from pipeline.base.io import staged_folder
from pipeline.base.progress import measure
from pipeline.routing.blocks import cut_query, list_blocks
from pipeline.routing.questions import compute_nearest_ranks, compute_opportunities, compute_reliability
from pipeline.routing.raptor import RangeQuery, compute_nearest_by_pairs, compute_percentiles, get_shape
from pipeline.routing.window import DepartureWindow
from pipeline.stages.shards import Content, Job, Means, Parts, ShardStore, Work, run_shards
from pipeline.transit.packed import read_packed, write_packed
from pipeline.transit.walks import SparseWalks

BLOCKS_FROM = 20_000_000_000
"""Starts x departures x connections from which a question is answered in blocks, which are kept as they are done.

So much takes some twenty seconds; writing the network for other processes pays from there on.
"""
WHOLE_IF_RETURN = ("ranks", "opportunities", "nearest")
"""For journeys from the destinations these gather over all starts, and are not cut."""


class Asker:
    """Asks questions about all pairs.

    Parameters
    ----------
    means
        With what large questions are answered.
    folder
        Where blocks of large questions are kept until `remove`; None to keep nothing and answer at once.
    """

    def __init__(self, means: Means | None = None, folder: Path | None = None) -> None:
        self.means, self.folder = means or Means(workers=1), folder

    def ask(self, query: RangeQuery, what: str, **parameters: Any) -> Parts:
        """Answer a question.

        Parameters
        ----------
        query
            The question.
        what
            ``percentiles``, ``reliability``, ``ranks``, ``opportunities`` or ``nearest``.
        **parameters
            Of the function that computes it; arrays may be among them.

        Returns
        -------
        dict
            Arrays by name, a row for each start (each home, where `what` is about homes).
        """
        if self.folder is None or not self._is_large(query, what):
            n_starts, _ = get_shape(query)
            with measure(f"{what} of all pairs", total=n_starts) as meter:
                return compute(replace(query, on_done=meter.advance), what, parameters)
        return self._ask_in_blocks(query, what, parameters, self.folder)

    def remove(self) -> None:
        """Delete the blocks, once what was made of them is written."""
        if self.folder is not None:
            ShardStore(self.folder).remove()

    def _is_large(self, query: RangeQuery, what: str) -> bool:
        if query.is_return and what in WHOLE_IF_RETURN:
            return False
        if self.means.address is not None or (self.means.workers or 1) > 1:
            return True
        ends = np.searchsorted(query.network.con_dep_s, [query.window.start_s, query.window.latest_s + 1])
        return get_shape(query)[0] * query.window.n_minutes * int(ends[1] - ends[0]) >= BLOCKS_FROM

    def _ask_in_blocks(self, query: RangeQuery, what: str, parameters: Content, folder: Path) -> Parts:
        n_starts, n_ends = get_shape(query)
        arrays = {name: value for name, value in parameters.items() if isinstance(value, np.ndarray)}
        files = _write_job(query, arrays, folder / "job")
        content = {
            "window": [query.window.start_s, query.window.n_minutes, query.window.cap_s],
            "max_changes": query.max_changes,
            "is_return": query.is_return,
            "what": what,
            "arrays": sorted(arrays),
            "parameters": {name: value for name, value in parameters.items() if name not in arrays},
        }
        n_values = n_ends * (1 + len(parameters.get("percentiles", ())) + 2 * parameters.get("k", 0))
        shards: list[Content] = [
            {"starts": list(block)}
            for block in list_blocks(n_starts, n_minutes=query.window.n_minutes, n_values=n_values)
        ]
        answers = run_shards(
            Job("matrix", content, folder / "job", files),
            shards,
            ShardStore(folder),
            means=self.means,
            here=_answer_from(query, what, parameters),
            description=f"{what} of all pairs",
        )
        return _join(answers, [shard["starts"] for shard in shards], n_starts)


def compute(query: RangeQuery, what: str, parameters: Content) -> Parts:
    """Answer a question at once.

    Parameters
    ----------
    query, what, parameters
        As of `Asker.ask`.

    Returns
    -------
    dict
        Arrays by name.

    Raises
    ------
    ValueError
        If `what` is unknown.
    """
    if what == "percentiles":
        return {"percentile_s": compute_percentiles(query, **parameters)}
    if what == "reliability":
        return dict(vars(compute_reliability(query)))
    if what == "ranks":
        return dict(vars(compute_nearest_ranks(query, **parameters)))
    if what == "opportunities":
        return {"weight": compute_opportunities(query, **parameters)}
    if what == "nearest":
        return dict(vars(compute_nearest_by_pairs(query)))
    raise ValueError(f"there is no question {what!r}")


def open_work(content: Content, folder: Path, *, n_threads: int) -> Work:
    """Make ready to answer blocks.

    Parameters
    ----------
    content, folder
        Of the job; the folder may be a copy.
    n_threads
        Threads of the kernels.

    Returns
    -------
    callable
        Answers a block.
    """

    def read(name: str) -> Any:
        # copy on write: shared by the processes, and writeable, the one kind for which the kernels are compiled
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)).view(np.ndarray)

    query = RangeQuery(
        read_packed(folder / "network"),
        DepartureWindow(*content["window"]),
        destinations=read("destinations"),
        walk_s=read("walk_s") if (folder / "walk_s.npy").exists() else None,
        max_changes=content["max_changes"],
        is_return=content["is_return"],
        n_threads=n_threads,
    )
    parameters = content["parameters"] | {name: read(name) for name in content["arrays"]}
    return _answer_from(query, content["what"], parameters)


def _answer_from(query: RangeQuery, what: str, parameters: Content) -> Work:
    return lambda shard: compute(cut_query(query, *shard["starts"]), what, parameters)


def _write_job(query: RangeQuery, arrays: dict[str, Any], folder: Path) -> dict[str, str]:
    """Write what other processes read, and return the hashes of the files."""
    with staged_folder(folder) as temporary:
        write_packed(query.network, temporary / "network")
        n_destinations = get_shape(query)[0 if query.is_return else 1]
        every = np.arange(n_destinations, dtype=np.int32) if query.destinations is None else query.destinations
        np.save(temporary / "destinations.npy", every, allow_pickle=False)
        if query.walk_s is not None:
            walk_s = query.walk_s.to_table() if isinstance(query.walk_s, SparseWalks) else query.walk_s
            np.save(temporary / "walk_s.npy", walk_s, allow_pickle=False)
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in sorted(folder.rglob("*.npy"))}


def _join(answers: Iterator[Parts], spans: list[list[int]], n_starts: int) -> Parts:
    """Put blocks under one another, without holding all of them twice."""
    whole: Parts = {}
    for (first, end), parts in zip(spans, answers, strict=True):
        for name, block in parts.items():
            if name not in whole:
                whole[name] = np.empty((n_starts, *block.shape[1:]), block.dtype)
            whole[name][first:end] = block
    return whole
