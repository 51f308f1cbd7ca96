"""An index on fixed anchors, which can be followed from snapshot to snapshot and from area to area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def compute_absolute_index(values: NDArray[np.float64], *, best: float, worst: float) -> NDArray[np.float64]:
    """Place values between two anchors: 100 at the best and beyond, 0 at the worst and beyond.

    Parameters
    ----------
    values
        In the unit of the anchors; infinite is allowed, NaN stays NaN.
    best, worst
        Anchors, for instance 15 and 90 minutes; ``best`` may be the higher or the lower.

    Returns
    -------
    numpy.ndarray
        Index, 0 to 100, higher is better connected.

    Raises
    ------
    ValueError
        The anchors are equal or not finite.
    """
    if best == worst or not np.isfinite([best, worst]).all():
        raise ValueError(f"anchors must be two different finite values, not {best} and {worst}")
    low, high = min(best, worst), max(best, worst)
    share = (np.clip(values, low, high) - worst) / (best - worst)
    return np.asarray(100.0 * share, dtype=np.float64)
