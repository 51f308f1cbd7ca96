"""Small published series for tests."""

import numpy as np
import pandas as pd

from pipeline.base.area import SeriesColumn, SeriesYears
from pipeline.base.notices import Notices
from pipeline.change.series import PlaceSeries, build_membership, build_place_series, compute_means
from pipeline.change.series_change import compute_combinations, compute_series_change

COLUMN = SeriesColumn(column="runs", day_type="weekday", band="all_day")
BASELINES = [
    SeriesYears(name="one", label="2010", years=[2010]),
    SeriesYears(name="three", label="2009-11", years=[2009, 2010, 2011]),
    SeriesYears(name="peak", label="highest", years=[2009, 2010, 2011], take="highest"),
]
ENDS = [SeriesYears(name="end", label="2014", years=[2014])]


def build_series(
    rows: dict[str, dict[int, float]], *, without: str = "", notices: Notices | None = None
) -> PlaceSeries:
    """Lay out runs given by code and year; one place may be left without any row."""
    frame = pd.DataFrame(
        [(code, year, value) for code, by_year in rows.items() if code != without for year, value in by_year.items()],
        columns=["code", "year", "runs"],
    )
    frame["row"] = range(1, len(frame) + 1)
    return build_place_series(frame, sorted(rows), [COLUMN], file="series.csv", notices=notices or Notices())


def describe_change(series: PlaceSeries, people=None, member_of=None, breaks=None):
    """Compute the change of places over the baselines and the end above; each small area is a place if not told."""
    n = len(series.codes)
    people = np.ones(n) if people is None else np.asarray(people, dtype=float)
    member_of = list(range(n)) if member_of is None else member_of
    codes = [f"P{i}" for i in range(max(member_of) + 1)]
    membership = build_membership(member_of, len(codes))
    means = compute_means(series, membership, people, codes)
    both = compute_combinations(series, membership, people, baselines=BASELINES, ends=ENDS)
    return compute_series_change(means, both, ["all"] * len(codes), breaks=breaks)
