"""Declarations of the tables that the scores stage makes; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from pipeline.base.tables_model import CODE, COVERAGE, GROUPS, SNAPSHOT, Table
from pipeline.base.tables_model import declare_column as _c

DRAWS = "under other weights, parameters and coverage"
COMPARED = {
    "all": "of all neighbourhoods",
    "group": "of its comparison group",
    "authority": "of its authority",
    "rurality": "of its rural or urban class",
    "peers": "of its peers, nearest in deprivation within the class",
}


def build_score_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Indicators, scores, their uncertainty and comparisons.
    """
    return (
        Table(
            "out_neighbourhood__indicator",
            "Indicators behind the scores",
            ("snapshot", "neighbourhood_code", "indicator"),
            (
                SNAPSHOT,
                CODE,
                _c("indicator", "text", "Indicator, by its name in the scoring file."),
                _c("value", "float?", "Value in the indicator's unit."),
                _c("rank", "float?", "1 = worst connected; ties share their mean rank.", minimum=1),
                _c("n_ranked", "int", "Neighbourhoods ranked.", minimum=0),
                _c("relative", "float?", "R = (N - rank + 1) / N.", minimum=0, maximum=1),
                _c(
                    "score",
                    "float?",
                    "0 to 100 (worst), as transformed by the scoring file, mostly X = -23 ln(1 - R (1 - e^(-100/23))).",
                    minimum=0,
                    maximum=100.0001,
                ),
                _c(
                    "absolute_index",
                    "float?",
                    "0 to 100 between the indicator's anchors; higher is better.",
                    minimum=0,
                    maximum=100,
                ),
                _c("is_missing", "bool", "No data, so not ranked."),
                _c("reason", "text?", "Why the value is null."),
            ),
        ),
        Table(
            "out_neighbourhood__score",
            "Connectivity scores",
            ("snapshot", "neighbourhood_code"),
            (
                SNAPSHOT,
                CODE,
                _c("neighbourhood_name", "text", "Name."),
                _c("area_group", "text", "Comparison group.", allowed=GROUPS),
                _c("score", "float?", "Weighted mean of the indicators' scores; higher is worse connected.", minimum=0),
                _c("rank", "float?", "1 = worst connected.", minimum=1),
                _c("n_tied", "int?", "Other places with the same score, with which it shares its rank.", minimum=0),
                _c("decile", "int?", "1 = worst connected tenth.", minimum=1, maximum=10),
                _c(
                    "absolute_index",
                    "float?",
                    "Weighted mean of absolute indices; higher is better connected.",
                    minimum=0,
                    maximum=100,
                ),
                _c("rank_low", "float?", f"5th percentile of the rank {DRAWS}.", minimum=1),
                _c("rank_high", "float?", f"95th percentile of the rank {DRAWS}.", minimum=1),
                _c("decile_low", "int?", "Decile of rank_low.", minimum=1, maximum=10),
                _c("decile_high", "int?", "Decile of rank_high.", minimum=1, maximum=10),
                _c("decile_share_pct", "float?", f"Share of the draws {DRAWS} in which it lies in its decile, %."),
                _c("is_decile_stable", "bool?", "Whether rank_low and rank_high lie in the same decile."),
                _c("n_indicators", "int", "Indicators used.", minimum=0),
                _c("n_missing", "int", "Indicators without data.", minimum=0),
                _c("weights_hash", "text", "Hash of the indicators and weights used."),
                _c("coverage_class", "text", "Whether the timetable covers the place.", allowed=COVERAGE),
            ),
        ),
        Table(
            "out_group__summary",
            "Comparison groups",
            ("snapshot", "area_group", "measure"),
            (
                SNAPSHOT,
                _c("area_group", "text", "Comparison group; all: every neighbourhood.", allowed=(*GROUPS, "all")),
                _c("measure", "text", "What is measured."),
                _c("unit", "text", "Its unit."),
                _c("n_neighbourhoods", "int", "Neighbourhoods in the group.", minimum=0),
                _c("n_with_value", "int", "Those with a value.", minimum=0),
                _c("population", "float?", "People in the group.", minimum=0),
                _c(
                    "p25",
                    "float?",
                    "Lower quartile over neighbourhoods, by nearest rank.",
                ),
                _c("median", "float?", "Median over neighbourhoods; for times null counts as infinite."),
                _c("p75", "float?", "Upper quartile over neighbourhoods, likewise."),
                _c("mean_weighted", "float?", "Mean weighted by population, over those with a value."),
                _c(
                    "worse_than_all_median_pct",
                    "float?",
                    "Share of the group's people in places that are worse than the median of all neighbourhoods, %.",
                ),
                _c(
                    "worse_than_all_mean_pct",
                    "float?",
                    "Share of the group's people in places that are worse than the mean of all people, %.",
                ),
            ),
        ),
        Table(
            "out_indicator__influence",
            "How much ranks move when one indicator is left out",
            ("snapshot", "indicator"),
            (
                SNAPSHOT,
                _c("indicator", "text", "Indicator left out, by its name in the scoring file."),
                _c("weight", "float", "Its weight; all add up to 1.", minimum=0, maximum=1),
                _c("n_ranked", "int", "Neighbourhoods ranked with and without it.", minimum=0),
                _c(
                    "rank_correlation",
                    "float?",
                    "Spearman's correlation of the ranks with and without; null for a score of one indicator.",
                    minimum=-1.0001,
                    maximum=1.0001,
                ),
                _c("rank_change_p50", "float?", "Median number of places by which ranks move.", minimum=0),
                _c("rank_change_p95", "float?", "95th percentile of it.", minimum=0),
                _c("decile_changed_pct", "float?", "Share of the neighbourhoods that change decile, %.", minimum=0),
            ),
        ),
        Table(
            "out_neighbourhood__score_change",
            "The change of scores since the snapshot before and since the first, shared out among the indicators",
            ("snapshot_from", "snapshot_to", "neighbourhood_code", "indicator"),
            (
                _c("snapshot_from", "text", "Earlier snapshot."),
                _c("snapshot_to", "text", "Later snapshot."),
                CODE,
                _c(
                    "indicator",
                    "text",
                    "Indicator, by its name in the scoring file; missing_data: what comes of indicators that have data "
                    "in one of the snapshots only.",
                ),
                _c("value_from", "float?", "Value before, in the indicator's unit."),
                _c("value_to", "float?", "Value after."),
                _c("change_value", "float?", "After minus before; null where either is null."),
                _c(
                    "change_score_points",
                    "float?",
                    "Its part in the change of the ranked score; the parts add up to it. Ranks move when others do.",
                ),
                _c(
                    "change_index_points",
                    "float?",
                    "Its part in the change of the absolute index; the parts add up to it.",
                ),
                _c(
                    "coverage_class",
                    "text",
                    "The worse of both snapshots; missing: one has no data, so that the data changed.",
                    allowed=COVERAGE,
                ),
            ),
        ),
        Table(
            "out_neighbourhood__peer",
            "Neighbourhoods alike in deprivation and rurality",
            ("neighbourhood_code", "peer_number"),
            (
                CODE,
                _c("peer_number", "int", "1 = nearest in deprivation rank.", minimum=1),
                _c("peer_code", "text", "Code of the peer, in the same rural or urban class."),
                _c("deprivation_rank_difference", "float", "The peer's deprivation rank minus its own."),
            ),
        ),
        Table(
            "out_neighbourhood__comparison",
            "Every measure of every neighbourhood beside fair comparisons",
            ("snapshot", "neighbourhood_code", "measure"),
            (
                SNAPSHOT,
                CODE,
                _c("measure", "text", "Indicator, score or absolute_index."),
                _c("unit", "text", "Its unit."),
                _c("value", "float?", "Value; null where there is none (out_neighbourhood__indicator says why)."),
                *(
                    column
                    for name, words in COMPARED.items()
                    for column in (
                        _c(f"n_{name}", "int", f"How many {words} had data.", minimum=0),
                        _c(f"median_{name}", "float?", f"Median {words}; null where infinite or none."),
                        _c(f"better_than_{name}_pct", "float?", f"Share {words} than which it is better, %."),
                    )
                ),
            ),
        ),
        Table(
            "out_area__inequality",
            "How unequally each measure is spread over people",
            ("snapshot", "measure", "statistic"),
            (
                SNAPSHOT,
                _c("measure", "text", "Indicator, by its name in the scoring file."),
                _c(
                    "statistic",
                    "text",
                    "gini: 0 when all are alike; palma: what the tenth of people with most has over what the four "
                    "tenths with least have; concentration: negative where the measure is concentrated among the most "
                    "deprived; fgt0, fgt1, fgt2: Foster, Greer and Thorbecke's measures of people beyond the limit, "
                    "of which fgt0 is their share.",
                    allowed=("gini", "palma", "concentration", "fgt0", "fgt1", "fgt2"),
                ),
                _c(
                    "value",
                    "float?",
                    "Value; null where there is none (no deprivation rank, people with no journey).",
                ),
                _c("limit", "float?", "Limit beyond which people are too far, in the unit."),
                _c("unit", "text", "Unit of the limit; empty without."),
                _c("population", "float", "People of the area.", minimum=0),
                _c("people_without_pct", "float", "Share of them whose value does not enter, %."),
            ),
        ),
    )
