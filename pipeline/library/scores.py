"""Indicators and scores of a table of places."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import polars as pl

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.base.yaml_files import read_yaml
from pipeline.library.inputs import collect, get_file
from pipeline.scoring.indicators import PUBLISHED
from pipeline.scoring.indicators import compute_indicators as rank_indicators
from pipeline.scoring.scores import compute_scores as average_indicators
from pipeline.scoring.spec import ScoringSpec, build_spec

WIDE = "table"
NAME_COLUMNS = ("neighbourhood_name", "area_group")
Scoring = ScoringSpec | Mapping[str, Any] | str | os.PathLike[str]


def compute_scores(
    table: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    scoring: Scoring,
    id_column: str = "neighbourhood_code",
    notices: Notices | None = None,
) -> pd.DataFrame:
    """Compute the score of every place; the same as the stage ``scores``.

    Parameters
    ----------
    table
        Either one table with a row for each place and a column for each indicator (named as the indicator; places
        without a value may say why in ``<indicator>_reason``), or published tables by their names, from which
        indicators are read as the scoring file says.
    scoring
        A scoring file, its content, or :class:`pipeline.scoring.spec.ScoringSpec`. For one wide table, the ``table``,
        ``column`` and ``filters`` of its indicators are not heeded.
    id_column
        Column of the wide table with the identifiers; a column ``snapshot`` beside it tells several dates apart.
    notices
        Takes what is doubtful; if absent, it goes to the log of this package.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__score``: score (100 is the worst), rank (1 is the worst), decile, absolute index, and the
        range of the rank under other weights.

    Raises
    ------
    InputError
        If a column is missing or a place stands twice.
    ConfigError
        If the scoring file is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> indicator = {
    ...     "label": "Time",
    ...     "definition": "Median time to a hospital.",
    ...     "table": "-",
    ...     "column": "-",
    ...     "unit": "s",
    ...     "worse": "high",
    ...     "domain": "time",
    ...     "nulls": "unreachable",
    ... }
    >>> scoring = {
    ...     "name": "simple",
    ...     "domains": {"time": {"label": "Travel time", "weight": 1}},
    ...     "indicators": [{"name": "hospital_time", **indicator}],
    ... }
    >>> places = pd.DataFrame({"id": ["near", "far"], "hospital_time": [600, 3600]})
    >>> scores = compute_scores(places, scoring=scoring, id_column="id")
    >>> scores[["neighbourhood_code", "score", "rank"]].round(1).to_numpy().tolist()
    [['far', 100.0, 1.0], ['near', 15.6, 2.0]]
    """
    spec = read_scoring(scoring)
    with collect(notices) as collector:
        spec, tables, places, snapshots = _arrange(table, spec, id_column)
        indicators = _rank(spec, tables, places, snapshots, collector)
        return average_indicators(spec, indicators, places).to_pandas()


def compute_indicators(
    table: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    scoring: Scoring,
    id_column: str = "neighbourhood_code",
    notices: Notices | None = None,
) -> pd.DataFrame:
    """Compute the indicators behind the scores, ranked; parameters as :func:`compute_scores`.

    Parameters
    ----------
    table, scoring, id_column, notices
        As for :func:`compute_scores`.

    Returns
    -------
    pandas.DataFrame
        ``out_neighbourhood__indicator``: one row for each place and indicator.
    """
    spec = read_scoring(scoring)
    with collect(notices) as collector:
        spec, tables, places, snapshots = _arrange(table, spec, id_column)
        return _rank(spec, tables, places, snapshots, collector).select(PUBLISHED).to_pandas()


def read_scoring(scoring: Scoring) -> ScoringSpec:
    """Read a scoring file, or check the content of one.

    Parameters
    ----------
    scoring
        A path, what stands in such a file, or a specification that is returned as it is.

    Returns
    -------
    ScoringSpec
        Indicators, domains and weights.

    Raises
    ------
    ConfigError
        If it is wrong; the key is named.
    """
    if isinstance(scoring, ScoringSpec):
        return scoring
    if isinstance(scoring, Mapping):
        return build_spec(scoring)
    path = get_file(scoring)
    return build_spec(read_yaml(path), file=str(path))


def _rank(
    spec: ScoringSpec,
    tables: Mapping[str, pl.DataFrame],
    places: pl.DataFrame,
    snapshots: Sequence[str],
    notices: Notices,
) -> pl.DataFrame:
    codes = places["neighbourhood_code"].to_list()
    return rank_indicators(spec, tables, neighbourhood_codes=codes, snapshots=snapshots, notices=notices)


def _arrange(
    table: pd.DataFrame | Mapping[str, pd.DataFrame], spec: ScoringSpec, id_column: str
) -> tuple[ScoringSpec, dict[str, pl.DataFrame], pl.DataFrame, list[str]]:
    """Return the specification that fits the tables, the tables, all places and all snapshots."""
    if isinstance(table, pd.DataFrame):
        spec, tables = _split_wide(table, spec, id_column)
    else:
        tables = {name: pl.from_pandas(frame) for name, frame in table.items()}
    read = [tables[i.table] for i in spec.indicators if i.table in tables]
    if not read:
        raise InputError(
            "None of the tables is read by an indicator of the scoring file.",
            file="table",
            cure=f"Give {', '.join(sorted({i.table for i in spec.indicators}))}.",
        )
    known = {"snapshot", "snapshot_to", "year"}
    snapshots = {str(s) for frame in read for column in known & set(frame.columns) for s in frame[column].unique()}
    return spec, tables, _list_places(tables), sorted(snapshots) or [""]


def _list_places(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """List all places that any table names, with names and groups where a table gives them."""
    empty = pl.DataFrame(schema=dict.fromkeys(("neighbourhood_code", *NAME_COLUMNS), pl.String))
    parts = [
        frame.select(pl.col(name).cast(pl.String) for name in empty.columns if name in frame.columns).unique()
        for frame in tables.values()
        if "neighbourhood_code" in frame.columns
    ]
    places = pl.concat([empty, *parts], how="diagonal").group_by("neighbourhood_code")
    named = places.agg(pl.col(name).drop_nulls().sort().first() for name in NAME_COLUMNS)
    return named.with_columns(pl.col("neighbourhood_name").fill_null(pl.col("neighbourhood_code"))).sort(
        "neighbourhood_code"
    )


def _split_wide(table: pd.DataFrame, spec: ScoringSpec, id_column: str) -> tuple[ScoringSpec, dict[str, pl.DataFrame]]:
    """Make a table of each indicator's column, with its reasons, and a specification that reads them."""
    wanted = [id_column, *(indicator.name for indicator in spec.indicators)]
    lacking = [name for name in wanted if name not in table.columns]
    if lacking:
        raise InputError(
            f"There is no column '{lacking[0]}'.",
            file="table",
            field=lacking[0],
            cure=f"Add it, or take it out of the scoring file (columns: {', '.join(map(str, table.columns))}).",
        )
    whole = table.assign(neighbourhood_code=table[id_column].astype(str))
    whole["snapshot"] = table["snapshot"].astype(str) if "snapshot" in table.columns else ""
    is_repeated = whole.duplicated(["neighbourhood_code", "snapshot"])
    if is_repeated.any():
        row = int(is_repeated.to_numpy().argmax())
        raise InputError(
            f"'{whole['neighbourhood_code'].iloc[row]}' stands twice.",
            file="table",
            row=row + 1,
            field=id_column,
            cure="Keep one row for each place (and snapshot, if there is such a column).",
        )
    keys = ["snapshot", "neighbourhood_code", *(name for name in NAME_COLUMNS if name in whole.columns)]
    tables, indicators = {}, []
    for indicator in spec.indicators:
        reason = f"{indicator.name}_reason"
        part = whole[[*keys, indicator.name]].assign(reason=whole.get(reason))
        tables[f"{WIDE} {indicator.name}"] = pl.from_pandas(part.astype({"reason": "str"} if reason in whole else {}))
        changed = {"table": f"{WIDE} {indicator.name}", "column": indicator.name, "filters": {}}
        indicators.append(indicator.model_copy(update=changed))
    return spec.model_copy(update={"indicators": tuple(indicators)}), tables
