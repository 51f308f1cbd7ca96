"""Declarations of tables about other parameters and of measures; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from pipeline.base.tables_model import CODE, SNAPSHOT, Table
from pipeline.base.tables_model import declare_column as _c


def build_sensitivity_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Access levels, transport performance, floating catchments;
        which variants entered the rank intervals, and what each does.
    """
    bands = ("0", "1a", "1b", "2", "3", "4", "5", "6a", "6b")
    variant = _c("variant", "text", "Variant, by its name in the settings.")
    return (
        Table(
            "out_neighbourhood__ptal",
            "Public transport access level: how near and how frequent services are on a weekday from 08:15 to 09:15",
            ("snapshot", "neighbourhood_code"),
            (
                SNAPSHOT,
                CODE,
                _c(
                    "access_index",
                    "float?",
                    "Sum of equivalent doorstep frequencies, the best route of a mode in full and others half; mean "
                    "over small areas by people.",
                    minimum=0,
                ),
                _c("ptal", "text?", "Band of the access index.", allowed=bands),
                _c("people_without_pct", "float", "Share of people in small areas off the streets, %."),
                _c("reason", "text?", "Why the index is null."),
            ),
        ),
        Table(
            "out_neighbourhood__transport_performance",
            "People reached within 30 minutes by public transport or on foot, against people within 7.5 km",
            ("snapshot", "neighbourhood_code"),
            (
                SNAPSHOT,
                CODE,
                _c(
                    "people_reached",
                    "float?",
                    "People reached in half of the departures of weekday_am; mean over small areas by people.",
                    minimum=0,
                ),
                _c("people_nearby", "float?", "People within 7.5 km in a straight line; the same mean.", minimum=0),
                _c(
                    "transport_performance_pct",
                    "float?",
                    "Mean over small areas, by people, of people reached over people nearby, %; may exceed 100.",
                    minimum=0,
                ),
                _c("people_without_pct", "float?", "Share of people in small areas without a performance, %."),
                _c("reason", "text?", "Why the performance is null: no_street, or no_people nearby."),
            ),
        ),
        Table(
            "out_neighbourhood__floating_catchment",
            "Supply within reach, shared with everybody within reach of it (two-step floating catchment)",
            ("snapshot", "neighbourhood_code", "category"),
            (
                SNAPSHOT,
                CODE,
                _c("category", "text", "Category of destinations."),
                _c("catchment_min", "int", "Longest median journey within a catchment, minutes."),
                _c(
                    "supply_per_1000_people",
                    "float?",
                    "Weight of destinations for every 1,000 people who share it; mean over small areas by people.",
                    minimum=0,
                ),
                _c("people_without_pct", "float?", "Share of people in small areas without a value, %."),
                _c("reason", "text?", "Why it is null: no_street, or no_people known within reach of a destination."),
            ),
        ),
        Table(
            "out_run__sensitivity",
            "Variants of the settings whose travel times entered the rank intervals",
            ("variant", "parameter"),
            (
                variant,
                _c("parameter", "text", "Setting in which it differs."),
                _c("stated", "text", "Its value in the settings."),
                _c("varied", "text", "Its value in the variant."),
            ),
        ),
        Table(
            "out_neighbourhood__sensitivity",
            "Indicators of travel time and scores under other parameters",
            ("variant", "snapshot", "neighbourhood_code", "measure"),
            (
                variant,
                SNAPSHOT,
                CODE,
                _c("measure", "text", "Indicator, by its name in the scoring file, or score."),
                _c("value_stated", "float?", "Value under the stated settings, in the indicator's unit; null: none."),
                _c("value_varied", "float?", "Value under the variant."),
                _c("rank_stated", "float?", "Rank under the stated settings; 1 = worst.", minimum=1),
                _c("rank_varied", "float?", "Rank under the variant, among places under the variant.", minimum=1),
            ),
        ),
    )
