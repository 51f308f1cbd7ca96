"""How unequally a measure is spread over people."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.scoring.spec import Indicator, ScoringSpec

F64 = NDArray[np.float64]
ALPHAS: Final = (0, 1, 2)
SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "measure": pl.String(),
    "statistic": pl.String(),
    "value": pl.Float64(),
    "limit": pl.Float64(),
    "unit": pl.String(),
    "population": pl.Float64(),
    "people_without_pct": pl.Float64(),
}


def _sort(values: F64, population: F64, by: F64 | None = None) -> tuple[F64, F64]:
    """Keep people with a finite value, sorted by the value or by another order."""
    order_by = values if by is None else by
    is_known = np.isfinite(values) & np.isfinite(order_by) & (population > 0)
    order = np.argsort(order_by[is_known], kind="stable")
    return values[is_known][order], population[is_known][order]


def compute_gini(values: F64, population: F64) -> float | None:
    """Compute the Gini coefficient of a measure over people.

    Twice the area between the Lorenz curve and the diagonal, everybody in a neighbourhood having its value.

    Parameters
    ----------
    values
        Not negative and finite; NaN and infinite values are left out.
    population
        People.

    Returns
    -------
    float or None
        0 (all alike) to 1; None without people or when all values are 0.
    """
    value, people = _sort(values, population)
    total = float(np.sum(value * people))
    if total <= 0.0:
        return None
    share = people / people.sum()
    lorenz = np.cumsum(value * people) / total
    return float(1.0 - np.sum(share * (lorenz + np.r_[0.0, lorenz[:-1]])))


def compute_palma(values: F64, population: F64) -> float | None:
    """Compute the Palma ratio: what the tenth of people with most has, over what the four tenths with least have.

    Cobham and Sumner (2013). A neighbourhood that straddles a boundary is divided in proportion to its people.

    Parameters
    ----------
    values
        Not negative; NaN and infinite values are left out.
    population
        People.

    Returns
    -------
    float or None
        None without people or where the least four tenths have nothing.
    """
    value, people = _sort(values, population)
    if not len(value):
        return None
    share = np.r_[0.0, np.cumsum(people) / people.sum()]
    mass = np.r_[0.0, np.cumsum(value * people)]
    least = float(np.interp(0.4, share, mass))
    most = float(mass[-1] - np.interp(0.9, share, mass))
    return most / least if least > 0 else None


def compute_concentration(values: F64, population: F64, standing: F64) -> float | None:
    """Compute the concentration index of a measure against deprivation.

    Kakwani, Wagstaff and van Doorslaer (1997): twice the covariance of the value and the fractional rank of people by
    deprivation, over the mean. People of equal standing share their mean rank.

    Parameters
    ----------
    values
        NaN and infinite values are left out.
    population
        People.
    standing
        Deprivation rank, 1 = most deprived; NaN where unknown.

    Returns
    -------
    float or None
        Negative where the measure is concentrated among the most deprived; None without people or with a mean of 0.
    """
    is_known = np.isfinite(values) & np.isfinite(standing) & (population > 0)
    if not is_known.any():
        return None
    value, people = values[is_known], population[is_known]
    _, inverse = np.unique(standing[is_known], return_inverse=True)
    in_class = np.bincount(inverse, weights=people)
    middle = (np.cumsum(in_class) - in_class / 2.0) / people.sum()
    rank, share = middle[inverse], people / people.sum()
    mean = float(np.sum(share * value))
    if mean == 0.0:
        return None
    covariance = float(np.sum(share * (value - mean) * (rank - np.sum(share * rank))))
    return 2.0 * covariance / mean


def compute_fgt(values: F64, population: F64, *, limit: float, alpha: int) -> float | None:
    """Compute the measure of Foster, Greer and Thorbecke (1984) of people beyond a limit.

    The mean over people of ((value - limit) / limit)^alpha for those beyond, 0 for others: alpha 0 is the share of
    people beyond, 1 adds how far, 2 weighs the farthest most. Where somebody has no journey at all, 1 and 2 are
    infinite and so not given.

    Parameters
    ----------
    values
        Infinite values (no journey) are beyond any limit; NaN (no data) is left out.
    population
        People.
    limit
        In the unit of the values, for instance 3600 s; greater than 0.
    alpha
        0, 1 or 2.

    Returns
    -------
    float or None
        None without people with data, or where infinite.
    """
    is_known = ~np.isnan(values) & (population > 0)
    total = float(population[is_known].sum())
    if total <= 0.0:
        return None
    value, people = values[is_known], population[is_known]
    is_beyond = value > limit
    if alpha == 0:
        return float(people[is_beyond].sum() / total)
    if np.isinf(value[is_beyond]).any():
        return None
    return float(np.sum(people[is_beyond] * ((value[is_beyond] - limit) / limit) ** alpha) / total)


def compute_inequality(spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame) -> pl.DataFrame:
    """Compute how unequally each indicator is spread over people, snapshot by snapshot.

    Parameters
    ----------
    spec
        The scoring file; an indicator with a ``limit`` gets the measures of people beyond it.
    indicators
        As :func:`pipeline.scoring.indicators.compute_indicators` gives them.
    neighbourhoods
        neighbourhood_code, population, and deprivation_rank (1 = most deprived; null where unknown) if there is one.

    Returns
    -------
    polars.DataFrame
        ``out_area__inequality``; people_without_pct is the share of people whose value does not enter (no data, or
        for gini, palma and concentration no journey).
    """
    has_rank = "deprivation_rank" in neighbourhoods.columns
    standing = pl.col("deprivation_rank").cast(pl.Float64) if has_rank else pl.lit(None, dtype=pl.Float64)
    people = neighbourhoods.select(
        "neighbourhood_code", pl.col("population").cast(pl.Float64).fill_null(0.0), standing.alias("standing")
    ).sort("neighbourhood_code")
    rows: list[dict[str, object]] = []
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        own = indicators.filter(pl.col("snapshot") == snapshot)
        for indicator in spec.indicators:
            state = own.filter(pl.col("indicator") == indicator.name)
            joined = people.join(state, on="neighbourhood_code", how="left", maintain_order="left")
            rows += _measure(str(snapshot), indicator, joined)
    return pl.DataFrame(rows, schema=SCHEMA)


def _measure(snapshot: str, indicator: Indicator, joined: pl.DataFrame) -> list[dict[str, object]]:
    population = joined["population"].to_numpy()
    total = float(population.sum())
    is_missing = joined["is_missing"].fill_null(value=True).to_numpy()
    value = joined["value"].cast(pl.Float64).to_numpy()
    values = np.where(is_missing, np.nan, np.where(np.isnan(value), np.inf, value))
    if total <= 0.0 or not np.isfinite(values).any():
        return []
    standing = joined["standing"].to_numpy().astype(np.float64)
    finite = 100.0 * float(population[~np.isfinite(values)].sum()) / total
    missing = 100.0 * float(population[np.isnan(values)].sum()) / total
    found: list[tuple[str, float | None, float | None, str, float]] = [
        ("gini", compute_gini(values, population), None, "", finite),
        ("palma", compute_palma(values, population), None, "", finite),
        ("concentration", compute_concentration(values, population, standing), None, "", finite),
    ]
    if indicator.limit is not None:
        found += [
            (
                f"fgt{alpha}",
                compute_fgt(values, population, limit=indicator.limit, alpha=alpha),
                indicator.limit,
                indicator.unit,
                missing,
            )
            for alpha in ALPHAS
        ]
    return [
        {
            "snapshot": snapshot,
            "measure": indicator.name,
            "statistic": name,
            "value": number,
            "limit": limit,
            "unit": unit,
            "population": total,
            "people_without_pct": without,
        }
        for name, number, limit, unit, without in found
    ]
