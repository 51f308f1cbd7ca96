"""Straight-line distances from neighbourhoods to the nearest destination, where no travel time exists."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.spatial import cKDTree

from pipeline.places.model import Places
from pipeline.places.read_points import get_crs

NOT_LOCATED: Final = "not_located"


def compute_straight_lines(places: Places, crs: str) -> pd.DataFrame:
    """Compute how far the nearest destination of each category is from people's small areas, in a straight line.

    Parameters
    ----------
    places
        The area's places.
    crs
        Projected system in metres in which the distance is measured.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__distance``: the mean over a neighbourhood's small areas, weighted by people (all alike
        where nobody is counted); null with more than half of the people in small areas without a position.
    """
    small = places.small_areas[places.small_areas["neighbourhood_code"].notna()]
    known = places.destinations[places.destinations["is_located"]]
    is_located = small["is_located"].to_numpy(dtype=bool)
    position = project_points(small, crs)
    codes = places.neighbourhoods["neighbourhood_code"]
    parts = [
        pd.DataFrame(columns=["neighbourhood_code", "category", "straight_line_m", "people_without_pct", "reason"])
    ]
    for category, members in known.groupby("category", sort=True):
        metres = np.full(len(small), np.nan)
        metres[is_located] = cKDTree(project_points(members, crs)).query(position[is_located])[0]
        parts.append(_average(small, metres, codes).assign(category=category))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def project_points(points: pd.DataFrame, crs: str) -> NDArray[np.float64]:
    """Project points.

    Parameters
    ----------
    points
        ``lon`` and ``lat``, NaN where not known.
    crs
        Projected system in metres.

    Returns
    -------
    float64[n, 2]
        Metres east and north; not finite where not known.
    """
    transform = Transformer.from_crs("EPSG:4326", get_crs(crs), always_xy=True).transform
    return np.column_stack(transform(points["lon"].to_numpy(), points["lat"].to_numpy()))


def _average(small: pd.DataFrame, metres: NDArray[np.float64], codes: pd.Series) -> pd.DataFrame:
    by = small["neighbourhood_code"].to_numpy()
    people = small["population"].fillna(0.0).to_numpy(dtype=np.float64)
    nobody = pd.Series(people).groupby(by).transform("sum").to_numpy() <= 0
    weight = np.where(nobody, 1.0, people)
    is_known = ~np.isnan(metres)
    frame = pd.DataFrame(
        {"sum": np.where(is_known, metres * weight, 0.0), "known": np.where(is_known, weight, 0.0), "all": weight}
    )
    sums = frame.groupby(by).sum().reindex(codes)
    total = sums["all"].to_numpy()
    share = np.divide(sums["known"].to_numpy(), total, out=np.zeros(len(sums)), where=total > 0)
    mean = (sums["sum"] / sums["known"]).where(share >= 0.5).to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "neighbourhood_code": codes.to_numpy(),
            "straight_line_m": mean,
            "people_without_pct": 100.0 * (1.0 - share),
            "reason": [NOT_LOCATED if np.isnan(each) else None for each in mean],
        }
    )
