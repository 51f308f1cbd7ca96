"""Why a neighbourhood's index differs between two published versions: shared out among its indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report import data as d
from pipeline.report.headline import choose
from pipeline.report.robustness import INFLUENCE
from pipeline.report.text import as_float, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

OTHER = "missing_data"
LEAST_POINTS = 0.05


def explain_by_versions(
    before: Mapping[str, pd.DataFrame], start: str, after: Mapping[str, pd.DataFrame], end: str
) -> dict[str, list[tuple[str, float]]]:
    """Share the difference of the index between two versions out among the indicators.

    Parameters
    ----------
    before, after
        Published tables of two versions.
    start, end
        The snapshot (or year) of each whose index is compared.

    Returns
    -------
    dict
        Code to indicators and points, the largest part first: weight times absolute index after, less the same before.
        What does not add up to the move, since an indicator has data in one version only, is ``missing_data``.
    """
    old, new = _index_parts(before, start), _index_parts(after, end)
    totals = [_index_totals(tables, snapshot) for tables, snapshot in ((before, start), (after, end))]
    found: dict[str, list[tuple[str, float]]] = {}
    for code in sorted(set(totals[0]) & set(totals[1])):
        mine, theirs = old.get(code, {}), new.get(code, {})
        shared = sorted(set(mine) & set(theirs))
        parts = {name: theirs[name] - mine[name] for name in shared}
        rest = totals[1][code] - totals[0][code] - sum(parts.values())
        if abs(rest) >= LEAST_POINTS:
            parts[OTHER] = rest
        if any(parts.values()):
            found[code] = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
    return found


def _index_parts(tables: Mapping[str, pd.DataFrame], snapshot: str) -> dict[str, dict[str, float]]:
    """Return weight times absolute index by code and indicator; empty where either table was not published."""
    influence, indicators = tables.get(INFLUENCE), tables.get(d.INDICATOR)
    if influence is None or indicators is None:
        return {}
    weighted = choose(influence, snapshot=snapshot)
    weights = {
        as_text(name): as_float(w) or 0.0 for name, w in zip(weighted["indicator"], weighted["weight"], strict=True)
    }
    mine = choose(indicators, snapshot=snapshot)
    found: dict[str, dict[str, float]] = {}
    columns = (mine["neighbourhood_code"], mine["indicator"], mine["absolute_index"])
    for code, name, raw in zip(*columns, strict=True):
        index = as_float(raw)
        if index is not None and as_text(name) in weights:
            found.setdefault(as_text(code), {})[as_text(name)] = weights[as_text(name)] * index
    return found


def _index_totals(tables: Mapping[str, pd.DataFrame], snapshot: str) -> dict[str, float]:
    frame = choose(tables[d.SCORE], snapshot=snapshot)
    pairs = zip(frame["neighbourhood_code"], frame["absolute_index"], strict=True)
    return {as_text(code): value for code, raw in pairs if (value := as_float(raw)) is not None}
