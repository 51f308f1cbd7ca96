"""Comparison groups: left behind, other deprived, the rest, and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.scoring.indicators import to_badness
from pipeline.scoring.spec import ScoringSpec

NO_STREET: Final = "no_street"
GROUPS: Final = ("left_behind", "other_deprived", "other", "all")

SCHEMA: Final[dict[str, pl.DataType]] = {
    "snapshot": pl.String(),
    "area_group": pl.String(),
    "measure": pl.String(),
    "unit": pl.String(),
    "n_neighbourhoods": pl.Int32(),
    "n_with_value": pl.Int32(),
    "population": pl.Float64(),
    "p25": pl.Float64(),
    "median": pl.Float64(),
    "p75": pl.Float64(),
    "mean_weighted": pl.Float64(),
    "worse_than_all_median_pct": pl.Float64(),
    "worse_than_all_mean_pct": pl.Float64(),
}


@dataclass(frozen=True)
class _Measure:
    name: str
    unit: str
    worse: str


def compute_median(values: NDArray[np.float64]) -> float | None:
    """Compute the median, infinite values included.

    Parameters
    ----------
    values
        NaN (no data) is left out; infinite (unreachable) counts.

    Returns
    -------
    float or None
        The middle value or the mean of the two middle ones; None without values or when it is infinite.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return None
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    return float(middle) if np.isfinite(middle) else None


def compute_quantile(values: NDArray[np.float64], share: float) -> float | None:
    """Compute a quantile by nearest rank, infinite values included.

    Parameters
    ----------
    values
        NaN (no data) is left out; infinite (unreachable) counts.
    share
        Such as 0.25.

    Returns
    -------
    float or None
        A value that occurs; None without values or when it is infinite.
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return None
    found = known[max(0, int(np.ceil(share * len(known) - 1e-9)) - 1)]
    return float(found) if np.isfinite(found) else None


def compute_group_summary(
    spec: ScoringSpec,
    indicators: pl.DataFrame,
    scores: pl.DataFrame,
    neighbourhoods: pl.DataFrame,
) -> pl.DataFrame:
    """Summarise every indicator, the score and the absolute index by comparison group.

    Medians and quartiles are over neighbourhoods, a null travel time counting as infinite whatever its reason; p25 is
    the better end where lower is better. Means are weighted by population, over neighbourhoods with a value.
    ``worse_than_all_median_pct`` and ``worse_than_all_mean_pct`` are the shares of a group's people (those with data,
    unreachable included) in neighbourhoods that are worse than the median of all neighbourhoods and than the mean of
    all people; the two differ where the measure is skewed. Null where what they are set against is.

    Parameters
    ----------
    spec
        The scoring file.
    indicators, scores
        As computed for it.
    neighbourhoods
        neighbourhood_code, area_group, population.

    Returns
    -------
    polars.DataFrame
        ``out_group__summary``.
    """
    people = neighbourhoods.select("neighbourhood_code", "area_group", pl.col("population").cast(pl.Float64))
    people = people.sort("neighbourhood_code")
    measures = [_Measure(i.name, i.unit, i.worse) for i in spec.indicators]
    rows: list[dict[str, object]] = []
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        own = indicators.filter(pl.col("snapshot") == snapshot)
        for measure in measures:
            state = own.filter(pl.col("indicator") == measure.name).select(
                "neighbourhood_code", "value", "is_missing", (pl.col("reason") == NO_STREET).alias("is_far")
            )
            rows += _summarise(str(snapshot), measure, state, people)
        own = scores.filter(pl.col("snapshot") == snapshot)
        for name, worse in (("score", "high"), ("absolute_index", "low")):
            state = own.select(
                "neighbourhood_code",
                pl.col(name).alias("value"),
                pl.col(name).is_null().alias("is_missing"),
                pl.lit(value=False).alias("is_far"),
            )
            rows += _summarise(str(snapshot), _Measure(name, "points", worse), state, people)
    return pl.DataFrame(rows, schema=SCHEMA)


def _summarise(snapshot: str, measure: _Measure, state: pl.DataFrame, people: pl.DataFrame) -> list[dict[str, object]]:
    joined = people.join(state, on="neighbourhood_code", how="left", maintain_order="left").with_columns(
        pl.col("is_missing").fill_null(value=True)
    )
    badness = to_badness(joined, worse=measure.worse)
    sign = 1.0 if measure.worse == "high" else -1.0
    population = joined["population"].fill_null(0.0).to_numpy()
    group = joined["area_group"].to_numpy()
    # a place off the streets has no rank, but in a median its missing time counts as infinite like any other
    in_median = np.where(joined["is_far"].fill_null(value=False).to_numpy(), np.inf, badness)
    middle = compute_median(in_median)
    mean = _mean(badness, population)
    rows: list[dict[str, object]] = []
    for name in GROUPS:
        members = np.ones(len(group), dtype=bool) if name == "all" else group == name
        if not members.any():
            continue
        values = sign * in_median[members]
        rows.append(
            {
                "snapshot": snapshot,
                "area_group": name,
                "measure": measure.name,
                "unit": measure.unit,
                "n_neighbourhoods": int(members.sum()),
                "n_with_value": int(np.isfinite(badness[members]).sum()),
                "population": float(population[members].sum()),
                "p25": compute_quantile(values, 0.25),
                "median": compute_median(values),
                "p75": compute_quantile(values, 0.75),
                "mean_weighted": _mean(sign * badness[members], population[members]),
                "worse_than_all_median_pct": _share_worse(badness[members], population[members], middle),
                "worse_than_all_mean_pct": _share_worse(badness[members], population[members], mean),
            }
        )
    return rows


def _mean(values: NDArray[np.float64], population: NDArray[np.float64]) -> float | None:
    is_known = np.isfinite(values)
    total = float(population[is_known].sum())
    return float((values[is_known] * population[is_known]).sum() / total) if total > 0 else None


def _share_worse(badness: NDArray[np.float64], population: NDArray[np.float64], middle: float | None) -> float | None:
    is_known = ~np.isnan(badness)
    total = float(population[is_known].sum())
    if middle is None or total <= 0:
        return None
    return float(100.0 * population[is_known & (badness > middle)].sum() / total)
