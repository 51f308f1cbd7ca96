"""Decay functions: how much a destination counts by the time it takes to get there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from pipeline.routing.kernels import F64

Decay = Literal["step", "linear", "exponential", "logistic", "gaussian"]
DECAYS: tuple[str, ...] = get_args(Decay)
WITH_PARAMETER = ("linear", "logistic", "gaussian")
DEFAULT_PARAMETER_S = 600.0


def build_decay(name: Decay, limits_s: Sequence[int], *, cap_s: int, parameter_s: float = DEFAULT_PARAMETER_S) -> F64:
    """Tabulate a decay function for some limits at every whole second.

    Parameters
    ----------
    name
        With t the travel time and L the limit: ``step`` is 1 up to L and 0 beyond; ``linear`` falls from 1 at L - p/2
        to 0 at L + p/2; ``exponential`` is 2^(-t / L); ``logistic`` is 1 / (1 + exp(pi (t - L) / (p sqrt 3)));
        ``gaussian`` is the share of a normal distribution of mean L and standard deviation p that exceeds t. All but
        ``step`` are one half at L.
    limits_s
        Limits L.
    cap_s
        Longest journey that counts; the table ends there.
    parameter_s
        The parameter p: width of ``linear``, standard deviation of ``logistic`` and ``gaussian``.

    Returns
    -------
    float64[n_limits, cap_s + 1]
        Between 0 and 1, never rising.

    Raises
    ------
    ValueError
        If the function is unknown, a limit is not positive, or the parameter is not where it is needed.
    """
    if name not in DECAYS:
        raise ValueError(f"{name!r} is no decay function; there are {', '.join(DECAYS)}")
    if any(limit <= 0 for limit in limits_s):
        raise ValueError(f"limits must be positive: {list(limits_s)}")
    if name in WITH_PARAMETER and not (math.isfinite(parameter_s) and parameter_s > 0):
        raise ValueError(f"the parameter of {name} must be positive, not {parameter_s:g} s")
    limit = np.asarray(limits_s, dtype=np.float64)[:, None]
    late = np.arange(cap_s + 1, dtype=np.float64)[None, :] - limit
    if name == "step":
        return np.where(late <= 0, 1.0, 0.0)
    if name == "linear":
        return np.clip(0.5 - late / parameter_s, 0.0, 1.0)
    if name == "exponential":
        return np.exp2(-(late + limit) / limit)
    if name == "logistic":
        steepness = np.clip(math.pi / math.sqrt(3) * late / parameter_s, -700.0, 700.0)
        return 1.0 / (1.0 + np.exp(steepness))
    values = [0.5 * math.erfc(x) for x in (late / (parameter_s * math.sqrt(2))).ravel().tolist()]
    return np.array(values).reshape(late.shape)
