"""Walking all the way between starts and ends: a table of all pairs, or rows of those within reach.

A country has a billion pairs, of which one in a thousand is within reach on foot; only those are kept, and a table of
all ends is made for as many starts as are worked on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.transit.packed import build_row_starts

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class SparseWalks:
    """Walks within reach, in compressed sparse rows.

    Attributes
    ----------
    indptr
        int64[n_origins + 1]; the row of origin ``i`` is ``indptr[i]:indptr[i + 1]``.
    destination
        int32[m]; ascending within a row.
    seconds
        int32[m]; walking all the way.
    n_destinations
        How many there are.
    """

    indptr: I64
    destination: I32
    seconds: I32
    n_destinations: int

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of origins and of destinations."""
        return len(self.indptr) - 1, self.n_destinations

    def cut(self, first: int, end: int) -> SparseWalks:
        """Keep the origins from `first` to `end` (excluded)."""
        low, high = int(self.indptr[first]), int(self.indptr[end])
        indptr = self.indptr[first : end + 1] - low
        return SparseWalks(indptr, self.destination[low:high], self.seconds[low:high], self.n_destinations)

    def transpose(self) -> SparseWalks:
        """Return the same walks from the destinations to the origins."""
        order = np.argsort(self.destination, kind="stable")
        origin = np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))
        indptr = build_row_starts(self.destination, self.n_destinations).astype(np.int64)
        return SparseWalks(indptr, origin[order], self.seconds[order], self.shape[0])

    def to_table(self) -> I32:
        """Return int32[n_origins, n_destinations]; -1 for no way."""
        table = np.full(self.shape, -1, np.int32)
        table[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.destination] = self.seconds
        return table


def cut_walks(walks: I32 | SparseWalks | None, first: int, end: int, *, is_return: bool) -> I32 | SparseWalks | None:
    """Keep some of the origins, or of the destinations if journeys go from them.

    Parameters
    ----------
    walks
        By origin and destination; None leaves walking out.
    first, end
        The first that stays and the one after the last.
    is_return
        Cut the destinations.

    Returns
    -------
    int32[n, k], SparseWalks or None
        Those that stay.
    """
    if isinstance(walks, SparseWalks):
        return walks.transpose().cut(first, end).transpose() if is_return else walks.cut(first, end)
    if walks is None:
        return None
    return walks[:, first:end] if is_return else walks[first:end]


def build_walk_reader(
    walks: I32 | SparseWalks | None, shape: tuple[int, int], *, is_return: bool
) -> Callable[[int, int], I32]:
    """Build what gives the walks of some starts.

    Parameters
    ----------
    walks
        By origin and destination; None for no walk at all.
    shape
        Numbers of starts and of ends.
    is_return
        The destinations are the starts.

    Returns
    -------
    callable
        Takes the first start and the one after the last; gives int32[starts, n_ends], -1 for no way.
    """
    if walks is None:
        return lambda first, end: np.full((end - first, shape[1]), -1, np.int32)
    if isinstance(walks, SparseWalks):
        rows = walks.transpose() if is_return else walks
        return lambda first, end: rows.cut(first, end).to_table()
    table = np.ascontiguousarray(walks.T if is_return else walks, dtype=np.int32)
    return lambda first, end: table[first:end]
