"""A published series of runs a day: doubtful years, means over places, missing years left missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.base.area import SeriesColumn, SeriesDoubt
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice

MAX_WITHOUT: Final = 0.5
MAX_WITHOUT_COMPARABLE: Final = 0.05
DECIMALS: Final = 4
"""Published figures are rounded to this: the sources have two."""
_TOLERANCE: Final = 1e-9
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOREIGN_ROW = declare_notice(
    "series_row_outside_area",
    "info",
    "A row of the published series belongs to a small area that is none of this area's; it is left out.",
    "Nothing need be done where the series covers more than the area.",
)
NEGATIVE_RUNS = declare_notice(
    "series_negative_runs",
    "warning",
    "The published series states fewer than no runs; the figure is left out as missing.",
    "Ask the publisher; it cannot be told what the figure should be.",
)
NEVER_LISTED = declare_notice(
    "series_small_area_without_row",
    "warning",
    "A small area has no row in the published series in any year.",
    "Check the vintage of the codes.",
)


@dataclass(frozen=True)
class PlaceSeries:
    """Runs a day by place, year and measure.

    Attributes
    ----------
    codes
        Codes of the n places.
    years
        Every year from the first to the last, those without any figure included.
    measures
        Kind of day and hours of the day of each of the m measures.
    runs
        float64[n, years, m]; NaN where there is no figure.
    without
        float64[n, years, m]; share of people in small areas without a figure, 0 to 1.
    is_doubtful
        bool[n, years, m]; declared not to be trusted.
    """

    codes: tuple[str, ...]
    years: tuple[int, ...]
    measures: tuple[tuple[str, str], ...]
    runs: Floats
    without: Floats
    is_doubtful: Bools

    def find_years(self, years: Sequence[int]) -> list[int]:
        """Return the positions of years; raises InputError for one outside the series."""
        beyond = sorted(set(years) - set(self.years))
        if beyond:
            raise InputError(
                f"The series has no figure of {beyond[0]}, which a baseline or end of it uses: it goes from "
                f"{self.years[0]} to {self.years[-1]}.",
                field="series",
                cure="Choose other years for baselines and ends in the area file.",
            )
        return [self.years.index(year) for year in years]


def build_place_series(
    frame: pd.DataFrame,
    codes: Sequence[str],
    columns: Sequence[SeriesColumn],
    *,
    file: str,
    notices: Notices,
) -> PlaceSeries:
    """Lay a published series out by small area, year and measure.

    Parameters
    ----------
    frame
        code (text), year (whole number), row (its line in the file), and the columns that are named, in runs a day.
    codes
        Small areas of the area.
    columns
        Which column is which kind of day and hours of the day.
    file
        Name of the file, for messages.
    notices
        Takes rows of other areas, negative figures, and small areas without any row.

    Returns
    -------
    PlaceSeries
        What has no row has no figure: it is never taken for zero.

    Raises
    ------
    InputError
        If a small area has two rows for one year, or no row is of this area.
    """
    position = pd.Series(range(len(codes)), index=list(codes))
    at = frame["code"].map(position)
    if at.isna().any():
        first = frame[at.isna()].iloc[0]
        notices.add(FOREIGN_ROW, file=file, row=int(first["row"]), value=first["code"], count=int(at.isna().sum()))
    known = frame[at.notna()].assign(at=at[at.notna()].astype(int))
    if known.empty:
        raise InputError(
            "No row of the series belongs to a small area of this area.",
            file=file,
            cure="Check the column of the code, and the vintage of the codes.",
        )
    twice = known.duplicated(["at", "year"])
    if twice.any():
        first = known[twice].iloc[0]
        raise InputError(
            f"'{first['code']}' has two rows for {int(first['year'])}.",
            file=file,
            row=int(first["row"]),
            cure="Keep one of them.",
        )
    years = tuple(range(int(known["year"].min()), int(known["year"].max()) + 1))
    shape = (len(codes), len(years), len(columns))
    runs = np.full(shape, np.nan)
    rows = known["at"].to_numpy(), (known["year"] - years[0]).to_numpy(dtype=int)
    for number, column in enumerate(columns):
        values = known[column.column].to_numpy(dtype=float)
        is_negative = values < 0
        if is_negative.any():
            first = known[is_negative].iloc[0]
            notices.add(
                NEGATIVE_RUNS,
                file=file,
                row=int(first["row"]),
                field=column.column,
                value=first[column.column],
                count=int(is_negative.sum()),
            )
        runs[(*rows, number)] = np.where(is_negative, np.nan, values)
    for index in np.flatnonzero(np.isnan(runs).all(axis=(1, 2))):
        notices.add(NEVER_LISTED, file=file, value=codes[int(index)])
    measures = tuple((column.day_type, column.band) for column in columns)
    without = np.isnan(runs).astype(float)
    return PlaceSeries(tuple(codes), years, measures, runs, without, np.zeros(shape, dtype=bool))


def mark_doubts(series: PlaceSeries, doubts: Sequence[SeriesDoubt], regions: Sequence[str]) -> PlaceSeries:
    """Leave out the figures that are declared missing, and mark those declared doubtful.

    Parameters
    ----------
    series
        Small areas.
    doubts
        What the configuration says about years.
    regions
        Region of each small area, in their order.

    Returns
    -------
    PlaceSeries
        A changed copy.
    """
    runs, doubtful = series.runs.copy(), series.is_doubtful.copy()
    place = np.asarray(regions, dtype=object)
    for doubt in doubts:
        here = place == doubt.region if doubt.region else np.ones(len(place), dtype=bool)
        when = np.isin(np.asarray(series.years), doubt.years)
        what = np.array([not doubt.day_types or day_type in doubt.day_types for day_type, _ in series.measures])
        box = np.ix_(here, when, what)
        if doubt.is_missing:
            runs[box] = np.nan
        else:
            doubtful[box] = True
    return replace(series, runs=runs, without=np.isnan(runs).astype(float), is_doubtful=doubtful)


def build_membership(member_of: Sequence[int], n_places: int) -> csr_array:
    """Return the matrix that adds small areas up to places.

    Parameters
    ----------
    member_of
        Place of each small area; negative for none.
    n_places
        How many places there are.

    Returns
    -------
    scipy.sparse.csr_array
        0 or 1, of the shape places x small areas.
    """
    member = np.asarray(member_of, dtype=np.int64)
    at = np.flatnonzero(member >= 0)
    return csr_array((np.ones(len(at)), (member[at], at)), shape=(n_places, len(member)))


def add_up(membership: csr_array, values: NDArray[np.generic]) -> Floats:
    """Add the values of small areas up to places, along the first axis."""
    flat = np.asarray(membership @ values.reshape(values.shape[0], -1), dtype=float)
    return flat.reshape(membership.shape[0], *values.shape[1:])


def compute_means(series: PlaceSeries, membership: csr_array, people: Floats, codes: Sequence[str]) -> PlaceSeries:
    """Average small areas over places, weighted by people; never a sum, since zones overlap.

    Parameters
    ----------
    series
        Small areas.
    membership
        Which small area belongs to which place.
    people
        float64[n]; weights, NaN counts as nobody.
    codes
        Codes of the places.

    Returns
    -------
    PlaceSeries
        Means over small areas with a figure; none where more than half of the people live in small areas without.
        A mean is doubtful if any figure in it is.
    """
    weight = np.nan_to_num(people)[:, None, None]
    has = ~np.isnan(series.runs)
    known = add_up(membership, weight * has)
    total = add_up(membership, np.broadcast_to(weight, has.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = add_up(membership, weight * np.nan_to_num(series.runs)) / known
        without = np.where(total > 0, 1.0 - known / total, 1.0)
    without = np.clip(without, 0.0, 1.0)
    without[without < _TOLERANCE] = 0.0
    mean[(without > MAX_WITHOUT + _TOLERANCE) | (known <= 0)] = np.nan
    doubtful = add_up(membership, series.is_doubtful & has) > 0
    return PlaceSeries(tuple(codes), series.years, series.measures, mean, without, doubtful)


def classify_coverage(series: PlaceSeries) -> NDArray[np.str_]:
    """Class every figure: ``missing`` (none), ``partial`` (doubtful, or over 5 % of people without), ``comparable``."""
    is_partial = series.is_doubtful | (series.without > MAX_WITHOUT_COMPARABLE + _TOLERANCE)
    return np.where(np.isnan(series.runs), "missing", np.where(is_partial, "partial", "comparable"))


def list_series(series: PlaceSeries) -> pd.DataFrame:
    """List a series, one row for each place, year and measure.

    Parameters
    ----------
    series
        Any places.

    Returns
    -------
    pandas.DataFrame
        code, year, day_type, band, runs_per_day (null: no figure), people_without_pct, is_doubtful, coverage_class.
    """
    n, n_years, n_measures = series.runs.shape
    day_types, bands = zip(*series.measures, strict=True)
    repeat = n_years * n_measures
    return pd.DataFrame(
        {
            "code": pd.Categorical(np.repeat(np.asarray(series.codes, dtype=object), repeat)),
            "year": np.tile(np.repeat(np.asarray(series.years, dtype=np.int64), n_measures), n),
            "day_type": pd.Categorical(np.tile(np.asarray(day_types, dtype=object), n * n_years)),
            "band": pd.Categorical(np.tile(np.asarray(bands, dtype=object), n * n_years)),
            "runs_per_day": series.runs.ravel().round(DECIMALS),
            "people_without_pct": (100.0 * series.without.ravel()).round(DECIMALS),
            "is_doubtful": series.is_doubtful.ravel(),
            "coverage_class": pd.Categorical(classify_coverage(series).ravel()),
        }
    )
