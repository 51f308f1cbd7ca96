"""What other parameters do to every neighbourhood's indicators and score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from pipeline.scoring.ranked import compute_rank, round_for_ranking
from pipeline.scoring.scores import build_score_matrix
from pipeline.scoring.spec import ScoringSpec

SCHEMA: Final[dict[str, pl.DataType]] = {
    "variant": pl.String(),
    "snapshot": pl.String(),
    "neighbourhood_code": pl.String(),
    "measure": pl.String(),
    "value_stated": pl.Float64(),
    "value_varied": pl.Float64(),
    "rank_stated": pl.Float64(),
    "rank_varied": pl.Float64(),
}
KEYS: Final = ("snapshot", "neighbourhood_code", "measure")


def compute_sensitivity(
    spec: ScoringSpec,
    stated: pl.DataFrame,
    reruns: Mapping[str, pl.DataFrame],
    neighbourhoods: pl.DataFrame,
    *,
    tables: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    """Set indicators and scores under other parameters beside the stated ones.

    Parameters
    ----------
    spec
        The scoring file.
    stated
        Indicators as :func:`pipeline.scoring.indicators.compute_indicators` gives them.
    reruns
        Name of the variant to its indicators.
    neighbourhoods
        neighbourhood_code, neighbourhood_name, area_group.
    tables
        Name of the variant to the tables that it computed anew; other indicators are left out.

    Returns
    -------
    polars.DataFrame
        ``out_neighbourhood__sensitivity``.
    """
    parts = [pl.DataFrame(schema=SCHEMA)]
    base = _list_measures(spec, stated, neighbourhoods)
    for name in sorted(reruns):
        touched = [i.name for i in spec.indicators if i.table in tables[name]]
        varied = _list_measures(spec, reruns[name], neighbourhoods)
        both = base.join(varied, on=KEYS, how="inner", suffix="_varied", maintain_order="left")
        both = both.filter(pl.col("measure").is_in([*touched, "score"])).select(
            pl.lit(name).alias("variant"),
            *KEYS,
            pl.col("value").alias("value_stated"),
            "value_varied",
            pl.col("rank").alias("rank_stated"),
            "rank_varied",
        )
        parts.append(both.select(pl.col(column).cast(dtype) for column, dtype in SCHEMA.items()))
    return pl.concat(parts).sort("variant", *KEYS)


def _list_measures(spec: ScoringSpec, indicators: pl.DataFrame, neighbourhoods: pl.DataFrame) -> pl.DataFrame:
    own = indicators.select(
        "snapshot", "neighbourhood_code", pl.col("indicator").alias("measure"), pl.col("value"), pl.col("rank")
    )
    parts = [own]
    for snapshot in indicators["snapshot"].unique().sort().to_list():
        matrix = build_score_matrix(spec, indicators, neighbourhoods, str(snapshot))
        rank = compute_rank(round_for_ranking(matrix.score))
        parts.append(
            matrix.names.select(
                pl.lit(str(snapshot)).alias("snapshot"),
                "neighbourhood_code",
                pl.lit("score").alias("measure"),
                pl.Series("value", matrix.score, nan_to_null=True),
                pl.Series("rank", rank, nan_to_null=True),
            )
        )
    return pl.concat(parts)
