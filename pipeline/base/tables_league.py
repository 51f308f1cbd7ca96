"""Declaration of the league table of change; :mod:`pipeline.base.tables` takes it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.base.tables import Table


def build_league_tables() -> tuple[Table, ...]:
    """Return the declaration.

    Returns
    -------
    tuple of Table
        The league table of change.
    """
    from pipeline.base.tables import CODE, COVERAGE, GROUPS, Table, _c  # noqa: PLC0415 (takes in this one)

    return (
        Table(
            "out_neighbourhood__change_league",
            "Neighbourhoods ranked by how their score and index changed, only where both snapshots cover the place; "
            "empty where scores exist for one date only (out_neighbourhood__series_change then ranks change as ranges)",
            ("snapshot_from", "snapshot_to", "measure", "neighbourhood_code"),
            (
                _c("snapshot_from", "text", "Earlier snapshot: the one before, or the first."),
                _c("snapshot_to", "text", "Later snapshot."),
                _c(
                    "measure",
                    "text",
                    "score: ranked score, higher is worse connected, and moves when others do; absolute_index: higher "
                    "is better connected, and does not.",
                    allowed=("score", "absolute_index"),
                ),
                CODE,
                _c("neighbourhood_name", "text", "Name."),
                _c("area_group", "text", "Comparison group.", allowed=GROUPS),
                _c("value_from", "float?", "Score or index before.", minimum=0),
                _c("value_to", "float?", "Score or index after.", minimum=0),
                _c("change_points", "float?", "After minus before; null where coverage is missing."),
                _c(
                    "change_alike_points",
                    "float?",
                    "The change over the indicators that have data in both snapshots, by which places are ranked; "
                    "change_points less what missing_data is said to do in out_neighbourhood__score_change.",
                ),
                _c(
                    "rank",
                    "float?",
                    "1 = became worse connected most; ties share the mean rank; null unless coverage is comparable.",
                    minimum=1,
                ),
                _c("n_tied", "int?", "Other places with the same change, with which it shares its rank.", minimum=0),
                _c("rank_low", "float?", "5th percentile of the rank under other weights and parameters.", minimum=1),
                _c("rank_high", "float?", "95th percentile of it; null without draws.", minimum=1),
                _c("n_ranked", "int", "Neighbourhoods ranked in this pair and measure.", minimum=0),
                _c("n_not_ranked", "int", "Neighbourhoods that are not, for the reasons beside them.", minimum=0),
                _c(
                    "main_indicator",
                    "text?",
                    "Indicator with the largest part in the direction of the change; null without any change.",
                ),
                _c("main_indicator_points", "float?", "Its part, points."),
                _c(
                    "coverage_class",
                    "text",
                    "comparable: ranked; partial: timetables or indicators are covered in part, or journeys changed "
                    "while an operator is not covered in both snapshots; missing: no score or no coverage.",
                    allowed=COVERAGE,
                ),
                _c("coverage_reason", "text", "Why it is not ranked; empty if it is."),
            ),
        ),
    )
