"""Declarations of the tables about other parameters; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.base.tables import Table


def build_sensitivity_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Which variants entered the rank intervals, and what each does.
    """
    from pipeline.base.tables import CODE, SNAPSHOT, Table, _c  # noqa: PLC0415 (takes in this one)

    variant = _c("variant", "text", "Variant, by its name in the settings.")
    return (
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
