"""Every table that the scores stage publishes from indicators, made in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from pipeline.base.notices import Notices
from pipeline.scoring.groups import compute_group_summary
from pipeline.scoring.indicators import PUBLISHED, compute_indicators
from pipeline.scoring.inequality import compute_inequality
from pipeline.scoring.influence import compute_influence, compute_score_change
from pipeline.scoring.league import compute_change_league
from pipeline.scoring.peers import compute_comparisons, match_peers
from pipeline.scoring.scores import compute_scores
from pipeline.scoring.sensitivity import compute_sensitivity
from pipeline.scoring.spec import ScoringSpec

OPTIONAL = {"authority_code": pl.String, "deprivation_rank": pl.Float64, "rurality": pl.String}


def build_score_tables(
    spec: ScoringSpec,
    tables: Mapping[str, pl.DataFrame],
    neighbourhoods: pl.DataFrame,
    *,
    snapshots: Sequence[str],
    reruns: Mapping[str, Mapping[str, pl.DataFrame]] | None = None,
    notices: Notices | None = None,
) -> dict[str, pl.DataFrame]:
    """Compute indicators, scores, their uncertainty and every comparison.

    Parameters
    ----------
    spec
        The scoring file.
    tables
        Published tables by name.
    neighbourhoods
        neighbourhood_code, neighbourhood_name, area_group, population, and where known authority_code,
        deprivation_rank (1 = most deprived) and rurality.
    snapshots
        All snapshots in the order of time.
    reruns
        Name of a rerun with other parameters to its tables; a table that a rerun lacks is the stated one.
    notices
        Collector.

    Returns
    -------
    dict
        Name to published table.
    """
    absent = [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in OPTIONAL.items() if name not in neighbourhoods.columns
    ]
    places = neighbourhoods.with_columns(absent)
    codes = [str(code) for code in places["neighbourhood_code"].to_list()]

    def indicators_of(known: Mapping[str, pl.DataFrame], collector: Notices | None) -> pl.DataFrame:
        return compute_indicators(spec, known, neighbourhood_codes=codes, snapshots=snapshots, notices=collector)

    indicators = indicators_of(tables, notices)
    varied = {name: indicators_of({**tables, **other}, None) for name, other in sorted((reruns or {}).items())}
    scores = compute_scores(spec, indicators, places, reruns=varied)
    peers = match_peers(places)
    change = compute_score_change(spec, indicators, places, snapshots=list(snapshots))
    made = {
        "out_neighbourhood__indicator": indicators.select(PUBLISHED),
        "out_neighbourhood__score": scores,
        "out_group__summary": compute_group_summary(spec, indicators, scores, places),
        "out_indicator__influence": compute_influence(spec, indicators, places),
        "out_neighbourhood__score_change": change,
        "out_neighbourhood__change_league": compute_change_league(
            spec, indicators, places, change, snapshots=list(snapshots), tables=tables, reruns=varied
        ),
        "out_neighbourhood__peer": peers,
        "out_neighbourhood__comparison": compute_comparisons(spec, indicators, scores, places, peers),
        "out_area__inequality": compute_inequality(spec, indicators, places),
    }
    if reruns:
        anew = {name: frozenset(other) for name, other in reruns.items()}
        made["out_neighbourhood__sensitivity"] = compute_sensitivity(spec, indicators, varied, places, tables=anew)
    return made
