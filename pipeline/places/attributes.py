"""What neighbourhoods are like: their rank of deprivation and their rural or urban class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.base.area import Deprivation, PlaceAttribute, Rurality
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.groups import compute_weighted_means, to_numbers
from pipeline.places.read_table import ROW, get_column, read_table, to_text

Resolve = Callable[[str], Path]

NO_DEPRIVATION = declare_notice(
    "neighbourhood_without_deprivation",
    "warning",
    "A neighbourhood has no value in the table of deprivation: it has no peers and is in no figure by deprivation.",
    "Check the column and the codes' vintage; a country of its own has an index of its own.",
)
NO_RURALITY = declare_notice(
    "neighbourhood_without_rurality",
    "warning",
    "A neighbourhood has no rural or urban class: it is not compared with places of the same class.",
    "Check the column and the codes' vintage.",
)


def find_deprivation_ranks(
    source: Deprivation | None, codes: Sequence[str], small_areas: pd.DataFrame, resolve: Resolve, *, notices: Notices
) -> list[float]:
    """Rank neighbourhoods by deprivation within the area.

    Values of small areas are averaged over each neighbourhood, weighted by population, and the means are ranked.

    Parameters
    ----------
    source
        File and column; None if the area has none.
    codes
        Codes of the neighbourhoods.
    small_areas
        code, neighbourhood_code, population (null counts as nobody).
    resolve
        Turns a configured path into a full one.
    notices
        Takes neighbourhoods without a value.

    Returns
    -------
    list of float
        One for each code: 1 = most deprived, ties share their mean rank, NaN where unknown.

    Raises
    ------
    InputError
        If a column is missing or holds something else than numbers.
    """
    if source is None:
        return [float("nan")] * len(codes)
    path = resolve(source.path)
    table, keys = _read(source, path)
    numbers = pd.Series(to_numbers(get_column(table, source.column, path), table[ROW], path, source.column), index=keys)
    numbers = numbers[~numbers.index.duplicated()]
    values = compute_weighted_means(small_areas, numbers) if source.level == "small_area" else numbers
    values = values.reindex(list(codes))
    for code in values.index[values.isna()]:
        notices.add(NO_DEPRIVATION, file=path, field=source.column, value=str(code))
    # means of equal values may differ by rounding, and must tie all the same
    ranks = values.round(9).rank(method="average", ascending=source.higher_is == "less_deprived")
    return [float(rank) for rank in ranks]


def find_rurality(
    source: Rurality | None, codes: Sequence[str], small_areas: pd.DataFrame, resolve: Resolve, *, notices: Notices
) -> list[str | None]:
    """Find the rural or urban class of neighbourhoods.

    Parameters
    ----------
    source, codes, small_areas, resolve, notices
        As for :func:`find_deprivation_ranks`.

    Returns
    -------
    list of (str or None)
        One for each code: its class, or that in which most people of its small areas live (of equally many the one of
        more small areas, then the first by name); None where unknown.

    Raises
    ------
    InputError
        If a column is missing.
    """
    if source is None:
        return [None] * len(codes)
    path = resolve(source.path)
    table, keys = _read(source, path)
    classes = pd.Series(to_text(get_column(table, source.column, path)).to_numpy(), index=keys)
    classes = classes[~classes.index.duplicated()].dropna()
    if source.level == "small_area":
        classes = _find_commonest(small_areas, classes)
    found = [classes.get(code) for code in codes]
    for code, name in zip(codes, found, strict=True):
        if name is None:
            notices.add(NO_RURALITY, file=path, field=source.column, value=str(code))
    return [None if name is None else str(name) for name in found]


def _read(source: PlaceAttribute, path: Path) -> tuple[pd.DataFrame, pd.Series]:
    table = read_table(source, path)
    return table, to_text(get_column(table, source.code, path))


def _find_commonest(small_areas: pd.DataFrame, classes: pd.Series) -> pd.Series:
    frame = pd.DataFrame(
        {
            "neighbourhood_code": small_areas["neighbourhood_code"],
            "class": small_areas["code"].map(classes),
            "people": small_areas["population"].fillna(0.0).astype(np.float64),
        }
    ).dropna(subset=["neighbourhood_code", "class"])
    sums = frame.groupby(["neighbourhood_code", "class"], as_index=False).agg(
        people=("people", "sum"), n=("people", "size")
    )
    sums = sums.sort_values(["neighbourhood_code", "people", "n", "class"], ascending=[True, False, False, True])
    return sums.drop_duplicates("neighbourhood_code").set_index("neighbourhood_code")["class"]
