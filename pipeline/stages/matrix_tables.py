"""The tables of ``connectivity matrix``: every pair, the nearest, the k nearest, the weight within reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from pipeline.routing.decay import DEFAULT_PARAMETER_S, build_decay
from pipeline.routing.profile_scan import (
    NearestTimes,
    build_nearest_walk,
    build_seeds,
    compute_nearest,
    compute_nearest_return,
)
from pipeline.routing.questions import RankedTimes, Reliability, summarise_reliability
from pipeline.routing.raptor import RangeQuery
from pipeline.routing.window import DepartureWindow, compute_shares, compute_statistics
from pipeline.stages.matrix_question import MatrixQuestion
from pipeline.stages.matrix_shards import Asker
from pipeline.transit.linking import LinkedArea
from pipeline.transit.packed import PackedNetwork

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
Flags = NDArray[np.bool_]
N_THREADS = 2
UNLIMITED_S = 400_000_000


@dataclass(frozen=True)
class Problem:
    """A question made ready for routing.

    Attributes
    ----------
    question
        What was asked.
    network, window
        The network and the departures; mirrored if the question is about deadlines.
    is_back
        Whether the search runs from the destinations to the origins: for journeys from the destinations, or for those
        to them in mirrored time.
    linked, walk_s
        Streets, and walking all the way [origin, destination].
    origin_ids, destination_ids
        Their names.
    exists
        bool[origin, destination]; whether there is any way, where that is known beforehand (by car).
    asker
        Answers questions about all pairs.
    """

    question: MatrixQuestion
    network: PackedNetwork
    window: DepartureWindow
    is_back: bool
    linked: LinkedArea
    walk_s: I32
    origin_ids: list[str]
    destination_ids: list[str]
    exists: Flags | None = None
    asker: Asker = field(default_factory=Asker)

    @property
    def query(self) -> RangeQuery:
        """The question for the algorithm that looks at every pair."""
        return RangeQuery(
            self.network,
            self.window,
            destinations=np.arange(len(self.destination_ids), dtype=np.int32),
            walk_s=self.walk_s,
            max_changes=self.question.max_changes,
            is_return=self.is_back,
            n_threads=N_THREADS,
        )

    @property
    def percentiles(self) -> tuple[float, ...]:
        """The median, then those asked for if there is a window."""
        return (50.0, *self.question.percentiles) if self.question.window_min else (50.0,)

    def name_ends(self, homes: Sequence[str | None], others: Sequence[str | None]) -> dict[str, pl.Series]:
        """Return ``from_id`` and ``to_id``: the origins are where journeys end if they come from the destinations."""
        first, second = (others, homes) if self.question.is_return else (homes, others)
        return {
            "from_id": pl.Series("from_id", first, dtype=pl.String),
            "to_id": pl.Series("to_id", second, dtype=pl.String),
        }


def _find_paths(linked: LinkedArea) -> Flags:
    """Tell which pairs are joined by a path of any length."""
    graph = linked.graph
    shape = (graph.n_vertices, graph.n_vertices)
    _, label = connected_components(
        csr_array((np.ones(len(graph.indices), np.int8), graph.indices, graph.indptr), shape)
    )
    origin, destination = linked.origins.vertex, linked.destinations.vertex
    joined: NDArray[np.bool_] = label[np.maximum(origin, 0)][:, None] == label[np.maximum(destination, 0)][None, :]
    joined &= (origin >= 0)[:, None] & (destination >= 0)[None, :]
    return joined


def _find_routes(problem: Problem, is_null: Flags) -> Flags:
    """Tell which pairs without a value have a journey of any length within the day, whatever the changes."""
    if problem.exists is not None:
        return problem.exists
    exists = _find_paths(problem.linked)
    if not (is_null & ~exists).any():
        return exists
    window = DepartureWindow(problem.window.start_s, 1, UNLIMITED_S)
    query = replace(problem.query, window=window, walk_s=None, max_changes=None)
    times: I32 = problem.asker.ask(query, "percentiles", percentiles=(50,))["percentile_s"][:, :, 0]
    return exists | ((times.T if problem.is_back else times) >= 0)


def solve_pairs(problem: Problem) -> pl.DataFrame:
    """Compute the table of all pairs.

    Parameters
    ----------
    problem
        The question.

    Returns
    -------
    polars.DataFrame
        One row a pair, in the order of the files.
    """
    linked, question = problem.linked, problem.question
    values = problem.asker.ask(problem.query, "percentiles", percentiles=problem.percentiles)["percentile_s"]
    is_null = values[:, :, 0] < 0
    by_origin = is_null.T if problem.is_back else is_null
    exists = _find_routes(problem, by_origin)
    is_linked = (linked.origins.vertex >= 0)[:, None] & (linked.destinations.vertex >= 0)[None, :]
    code = np.where(~by_origin, 0, np.where(~is_linked, 1, np.where(exists, 3, 2)))
    is_turned = problem.is_back != question.is_return
    from_ids, to_ids = problem.origin_ids, problem.destination_ids
    if question.is_return:
        code, from_ids, to_ids = code.T, to_ids, from_ids
    columns = _name_pairs(from_ids, to_ids)
    for n, name in _name_percentiles(problem.percentiles):
        table = values[:, :, n].T if is_turned else values[:, :, n]
        columns[name] = _null(table.ravel())
    if question.has_reliability:
        reliability = Reliability(**problem.asker.ask(problem.query, "reliability"))
        columns |= _name_reliability(reliability, is_turned=is_turned, is_linked=code.ravel() != 1)
    return pl.DataFrame(columns).with_columns(_name_reasons(code.ravel()))


def _name_reliability(reliability: Reliability, *, is_turned: bool, is_linked: Flags) -> dict[str, pl.Series]:
    """Name the columns; the share is null where a point has no street."""
    columns = {}
    for name, values in vars(reliability).items():
        flat = (values.T if is_turned else values).ravel()
        flat = np.where(is_linked, flat, np.nan) if name == "reachable_pct" else flat
        columns[name] = pl.Series(name, flat).fill_nan(None)
    return columns


def _name_pairs(from_ids: Sequence[str], to_ids: Sequence[str]) -> dict[str, pl.Series]:
    n, m = len(from_ids), len(to_ids)
    first = pl.Series("from_id", from_ids, dtype=pl.String)
    second = pl.Series("to_id", to_ids, dtype=pl.String)
    return {
        "from_id": first.gather(np.repeat(np.arange(n, dtype=np.uint32), m)),
        "to_id": second.gather(np.tile(np.arange(m, dtype=np.uint32), n)),
    }


def _name_percentiles(percentiles: Sequence[float]) -> list[tuple[int, str]]:
    return [(0, "travel_time_s"), *((n, f"travel_time_p{p:g}_s") for n, p in enumerate(percentiles) if n > 0)]


def _null(values: I32) -> pl.Series:
    series = pl.Series(values, dtype=pl.Int32)
    return series.set(series < 0, None)


def _name_reasons(code: NDArray[np.integer]) -> pl.Series:
    names = pl.Series([None, "no_street", "no_route", "over_limit"], dtype=pl.String)
    return names.gather(code.astype(np.uint32)).alias("reason")


def solve_nearest(problem: Problem) -> pl.DataFrame:
    """Compute the table of the nearest destination of every origin.

    Parameters
    ----------
    problem
        The question.

    Returns
    -------
    polars.DataFrame
        One row an origin.
    """
    question, linked, window, ids = problem.question, problem.linked, problem.window, problem.destination_ids
    if question.max_changes is None:
        search = compute_nearest_return if problem.is_back else compute_nearest
        seeds = build_seeds(problem.network, np.arange(len(ids), dtype=np.int32))
        times = search(problem.network, seeds, window, walk=build_nearest_walk(problem.walk_s), n_threads=N_THREADS)
    else:
        times = NearestTimes(**problem.asker.ask(problem.query, "nearest"))
    statistics = compute_statistics(times.travel_time_s, window, percentiles=problem.percentiles)
    nearest, share = _name_nearest(times.destination, ids)
    is_null = statistics.percentile_s[:, 0] < 0
    exists = _find_routes(problem, is_null[:, None] & np.ones((1, len(ids)), bool))
    is_linked = (linked.origins.vertex >= 0) & (linked.destinations.vertex >= 0).any()
    code = np.where(~is_null, 0, np.where(~is_linked, 1, np.where(exists.any(axis=1), 3, 2)))
    frame = pl.DataFrame(problem.name_ends(problem.origin_ids, nearest)).with_columns(
        _null(statistics.percentile_s[:, n]).alias(name) for n, name in _name_percentiles(problem.percentiles)
    )
    if question.window_min:
        frame = frame.with_columns(
            pl.Series("travel_time_mean_s", statistics.mean_s).fill_nan(None),
            pl.Series("reachable_pct", statistics.reachable_pct),
            _null(statistics.longest_gap_s).alias("longest_gap_s"),
            share,
        )
    if question.has_reliability:
        wait_s = summarise_reliability(times.travel_time_s).wait_if_missed_s
        frame = frame.with_columns(pl.Series("wait_if_missed_s", wait_s).fill_nan(None))
    return frame.with_columns(_name_reasons(code))


def _name_nearest(destination: I32, ids: Sequence[str]) -> tuple[list[str | None], pl.Series]:
    """Name the destination that is nearest in most minutes, and the share of those minutes."""
    shares = compute_shares(destination, len(ids))
    winner, total = shares.argmax(axis=1), shares.sum(axis=1)
    nearest = [ids[w] if n else None for w, n in zip(winner.tolist(), total.tolist(), strict=True)]
    share = np.divide(100.0 * shares.max(axis=1), total, out=np.zeros(len(total)), where=total > 0)
    return nearest, pl.Series("nearest_share_pct", np.where(total > 0, share, np.nan)).fill_nan(None)


def solve_ranks(problem: Problem, k: int) -> pl.DataFrame:
    """Compute the table of the k nearest destinations of every origin.

    Parameters
    ----------
    problem
        The question.
    k
        How many.

    Returns
    -------
    polars.DataFrame
        One row an origin and rank: the distribution, over the minutes, of the time to the destination that has that
        rank then; it is named by the destination that has it in most minutes.
    """
    question, linked, ids = problem.question, problem.linked, problem.destination_ids
    ranked = RankedTimes(**problem.asker.ask(problem.query, "ranks", k=k))
    n = len(problem.origin_ids)
    times = ranked.travel_time_s.reshape(n * k, -1)
    statistics = compute_statistics(times, problem.window, percentiles=problem.percentiles)
    nearest, share = _name_nearest(ranked.destination.reshape(n * k, -1), ids)
    is_null = (statistics.percentile_s[:, 0] < 0).reshape(n, k)
    exists = _find_routes(problem, np.repeat(is_null.any(axis=1, keepdims=True), len(ids), axis=1))
    rank = np.arange(1, k + 1)
    n_linked = (linked.origins.vertex >= 0).reshape(n, 1) * int((linked.destinations.vertex >= 0).sum())
    has_route = exists.sum(axis=1).reshape(n, 1) >= rank
    code = np.where(~is_null, 0, np.where(n_linked < rank, 1, np.where(has_route, 3, 2))).ravel()
    homes = [home for home in problem.origin_ids for _ in range(k)]
    frame = pl.DataFrame(problem.name_ends(homes, nearest)).with_columns(
        pl.Series("rank", np.tile(rank, n), dtype=pl.Int32),
        *(_null(statistics.percentile_s[:, i]).alias(name) for i, name in _name_percentiles(problem.percentiles)),
    )
    if question.window_min:
        frame = frame.with_columns(
            pl.Series("travel_time_mean_s", statistics.mean_s).fill_nan(None),
            pl.Series("reachable_pct", statistics.reachable_pct),
            _null(statistics.longest_gap_s).alias("longest_gap_s"),
            share,
        )
    if question.has_reliability:
        wait_s = summarise_reliability(times).wait_if_missed_s
        frame = frame.with_columns(pl.Series("wait_if_missed_s", wait_s).fill_nan(None))
    return frame.with_columns(_name_reasons(code))


def solve_opportunities(problem: Problem, weight: F64) -> pl.DataFrame:
    """Compute the table of the weight within reach of every origin.

    Parameters
    ----------
    problem
        The question.
    weight
        float64[n_destinations]; NaN for a destination that is left out.

    Returns
    -------
    polars.DataFrame
        One row an origin and limit; null, with its reason, only where the origin has no street.
    """
    question = problem.question
    limits = sorted(set(question.limits_min))
    minutes = question.decay_parameter_min
    factor = build_decay(
        question.decay,
        [60 * limit for limit in limits],
        cap_s=problem.window.cap_s,
        parameter_s=DEFAULT_PARAMETER_S if minutes is None else 60 * minutes,
    )
    found = problem.asker.ask(
        problem.query,
        "opportunities",
        weight=np.nan_to_num(weight),
        factor=factor,
        percentiles=problem.percentiles,
        diminishing=question.diminishing,
    )
    values = found["weight"]
    is_linked = np.repeat(problem.linked.origins.vertex >= 0, len(limits))
    end = "to_id" if question.is_return else "from_id"
    homes = [home for home in problem.origin_ids for _ in limits]
    columns = {
        end: pl.Series(end, homes, dtype=pl.String),
        "limit_min": pl.Series("limit_min", limits * len(problem.origin_ids), dtype=pl.Int32),
    }
    for n, p in enumerate(problem.percentiles):
        name = "opportunities" if n == 0 else f"opportunities_p{p:g}"
        flat = np.where(is_linked, values[:, :, n].ravel(), np.nan)
        columns[name] = pl.Series(name, flat).fill_nan(None)
    return pl.DataFrame(columns).with_columns(_name_reasons(np.where(is_linked, 0, 1)))
