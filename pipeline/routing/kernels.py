"""How kernels are compiled and shared out among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])

INF = 2**30
"""Never; a sum of two fits in int32, so that no comparison can overflow."""


def kernel(function: Function) -> Function:
    """Compile without the interpreter lock and keep the machine code on disk (never with fastmath).

    Parameters
    ----------
    function
        A function of arrays and numbers.

    Returns
    -------
    function
        The compiled one.
    """
    return cast("Function", numba.njit(cache=True, nogil=True)(function))


def run_blocks(work: Callable[[int, int], None], n_items: int, *, n_threads: int = 1, block: int = 64) -> None:
    """Call ``work(first, end)`` for blocks of items, several at a time.

    Parameters
    ----------
    work
        Writes the results of its own items only, so that they do not depend on the number of threads.
    n_items
        Number of items.
    n_threads
        Threads; the kernels release the interpreter lock.
    block
        Items a call.

    Raises
    ------
    ValueError
        If there is less than one thread.
    """
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, not {n_threads}")
    spans = [(first, min(first + block, n_items)) for first in range(0, n_items, block)]
    if n_threads == 1 or len(spans) <= 1:
        for first, end in spans:
            work(first, end)
        return
    with ThreadPoolExecutor(max_workers=n_threads) as pool:
        for done in [pool.submit(work, first, end) for first, end in spans]:
            done.result()
