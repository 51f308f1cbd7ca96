"""Put neighbourhoods into comparison groups by the rules of the area file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.base.area import GroupRule
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices, declare_notice
from pipeline.places.read_table import ROW, get_column, read_table, to_text

EMPTY_GROUP = declare_notice(
    "group_rule_without_members",
    "warning",
    "A rule for a comparison group fits no neighbourhood of the area.",
    "Check its file, column and values; its codes may be of another vintage than the neighbourhoods'.",
)
UNRANKED = declare_notice(
    "group_rule_without_value",
    "warning",
    "A neighbourhood has no value in the column of a rule for a comparison group, so the rule cannot put it there.",
    "Check the column and the codes' vintage.",
)


def find_groups(
    rules: Sequence[GroupRule],
    codes: Sequence[str],
    small_areas: pd.DataFrame,
    resolve: Callable[[str], Path],
    *,
    notices: Notices,
) -> list[str]:
    """Give every neighbourhood its comparison group; the first rule that fits wins.

    Parameters
    ----------
    rules
        Rules in the order of the area file.
    codes
        Codes of the neighbourhoods.
    small_areas
        code, neighbourhood_code and population, for rules about small areas.
    resolve
        Turns a configured path into a full one.
    notices
        Takes rules without members and neighbourhoods without a value.

    Returns
    -------
    list of str
        One group for each code; ``other`` where no rule fits.

    Raises
    ------
    InputError
        If a file lacks a column, or holds text where a number is needed.
    """
    groups = dict.fromkeys(codes, "other")
    for rule in reversed(rules):
        members = _find_members(rule, codes, small_areas, resolve(rule.path), notices)
        if not members:
            notices.add(EMPTY_GROUP, file=resolve(rule.path), field=rule.column or rule.code, value=rule.group)
        groups |= dict.fromkeys(members, rule.group)
    return [groups[code] for code in codes]


def _find_members(
    rule: GroupRule, codes: Sequence[str], small_areas: pd.DataFrame, path: Path, notices: Notices
) -> set[str]:
    table = read_table(rule, path)
    keys = to_text(get_column(table, rule.code, path))
    if rule.column is None:
        return set(keys) & set(codes)
    column = get_column(table, rule.column, path)
    if rule.one_of is not None:
        allowed = [str(value).lower() for value in rule.one_of]
        return set(keys[to_text(column).str.lower().isin(allowed)]) & set(codes)
    numbers = pd.Series(to_numbers(column, table[ROW], path, rule.column), index=keys)
    if rule.level == "small_area":
        values = compute_weighted_means(small_areas, numbers[~numbers.index.duplicated()]).reindex(list(codes))
    else:
        values = numbers[~numbers.index.duplicated()].reindex(list(codes))
    for code in values.index[values.isna()]:
        notices.add(UNRANKED, file=path, field=rule.column, value=str(code))
    known = values.dropna()
    if rule.at_most is not None:
        known = known[known <= rule.at_most]
    if rule.lowest_pct is not None:
        known = known[known.rank(method="min") <= values.notna().sum() * rule.lowest_pct / 100 + 1e-9]
    return {str(code) for code in known.index}


def to_numbers(values: pd.Series, rows: pd.Series, path: Path, field: str) -> np.ndarray:
    """Read a column as numbers.

    Parameters
    ----------
    values, rows
        Text, and the line of the file of each.
    path, field
        File and column, for messages.

    Returns
    -------
    numpy.ndarray
        float64; NaN where blank.

    Raises
    ------
    InputError
        If something else than a number stands there.
    """
    numbers = pd.to_numeric(values, errors="coerce")
    bad = numbers.isna() & values.notna()
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"'{values.iloc[first]}' is not a number.",
            file=path,
            row=int(rows.iloc[first]),
            field=field,
            cure="Correct it, or leave it blank (in a rule for a group use 'one_of' for words).",
        )
    return numbers.to_numpy(dtype=float)


def compute_weighted_means(small_areas: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Average a value of small areas over each neighbourhood, weighted by population.

    Parameters
    ----------
    small_areas
        code, neighbourhood_code, population (null counts as nobody).
    values
        Value by code of small area; those without are left out.

    Returns
    -------
    pandas.Series
        Mean by neighbourhood_code; those whose small areas have neither value nor people are left out.
    """
    found = small_areas["code"].map(values)
    weight = small_areas["population"].where(found.notna(), 0.0).fillna(0.0)
    by = small_areas["neighbourhood_code"]
    total = weight.groupby(by).sum()
    return ((found.fillna(0.0) * weight).groupby(by).sum() / total[total > 0]).dropna()
