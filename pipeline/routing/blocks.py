"""A question about all pairs cut into questions about some of its starts, so that they can be answered apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.routing.raptor import RangeQuery, get_shape
from pipeline.transit.walks import cut_walks


def cut_query(query: RangeQuery, first: int, end: int) -> RangeQuery:
    """Keep some of the starts of a question.

    Range RAPTOR works start by start, so that the answers to the parts, one after the other, are the answer to the
    whole.

    Parameters
    ----------
    query
        The question.
    first, end
        Starts to keep: the first one, and the one after the last. Starts are the origins, or the destinations if the
        journey is a return.

    Returns
    -------
    RangeQuery
        Results speak of starts by their position from `first` on.

    Raises
    ------
    ValueError
        If the span does not lie within the starts.
    """
    n_starts, _ = get_shape(query)
    if not 0 <= first <= end <= n_starts:
        raise ValueError(f"starts {first} to {end} do not lie within the {n_starts} there are")
    if query.is_return:
        every = np.arange(n_starts, dtype=np.int32) if query.destinations is None else query.destinations
        walk_s = cut_walks(query.walk_s, first, end, is_return=True)
        return replace(query, destinations=every[first:end], walk_s=walk_s)
    network = query.network
    low, high = int(network.access_indptr[first]), int(network.access_indptr[end])
    part = replace(
        network,
        access_indptr=network.access_indptr[first : end + 1] - network.access_indptr[first],
        access_stop=network.access_stop[low:high],
        access_s=network.access_s[low:high],
    )
    return replace(query, network=part, walk_s=cut_walks(query.walk_s, first, end, is_return=False))


def list_blocks(n_starts: int, *, n_minutes: int, n_values: int = 1) -> list[tuple[int, int]]:
    """Cut starts into blocks, of a size that does not depend on who works on them.

    Parameters
    ----------
    n_starts
        Number of starts.
    n_minutes
        Departures of each.
    n_values
        Values that the result holds for each start.

    Returns
    -------
    list of tuple
        First start, and the one after the last.
    """
    size = min(BLOCK_DEPARTURES // max(n_minutes, 1), BLOCK_VALUES // max(n_values, 1), MOST_STARTS)
    size = max(size, 1)
    return [(first, min(first + size, n_starts)) for first in range(0, n_starts, size)]


BLOCK_DEPARTURES = 20_000
"""Starts x minutes of a block: some seconds of work on a city."""
BLOCK_VALUES = 8_000_000
"""Values of a block's result: 32 MB of whole numbers."""
MOST_STARTS = 512
