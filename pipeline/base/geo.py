"""Distances on the sphere, and local plane coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_009.0
"""Mean radius of the Earth as OSMnx uses it, so that exported lengths agree with its own."""


def compute_haversine_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Return great-circle distances.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Degrees, arrays of one shape (or numbers).

    Returns
    -------
    numpy.ndarray
        Metres, in the broadcast shape of the inputs.
    """
    phi1, phi2 = np.radians(np.asarray(lat1, dtype=np.float64)), np.radians(np.asarray(lat2, dtype=np.float64))
    d_phi = phi2 - phi1
    d_lambda = np.radians(np.asarray(lon2, dtype=np.float64) - np.asarray(lon1, dtype=np.float64))
    h = np.sin(d_phi / 2) ** 2 + np.cos(phi1) * np.cos(phi2) * np.sin(d_lambda / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))), dtype=np.float64)


def project_local_m(
    lon: ArrayLike, lat: ArrayLike, *, lon0: ArrayLike, lat0: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project to plane metres around a point (equirectangular on the same sphere).

    Parameters
    ----------
    lon, lat
        Degrees.
    lon0, lat0
        The point that becomes (0, 0); distances are right near it.

    Returns
    -------
    tuple of numpy.ndarray
        Eastings and northings in metres.
    """
    lat0_r = np.radians(np.asarray(lat0, dtype=np.float64))
    x = np.radians(np.asarray(lon, dtype=np.float64) - np.asarray(lon0, dtype=np.float64)) * np.cos(lat0_r)
    y = np.radians(np.asarray(lat, dtype=np.float64)) - lat0_r
    return np.asarray(x * EARTH_RADIUS_M), np.asarray(y * EARTH_RADIUS_M)
