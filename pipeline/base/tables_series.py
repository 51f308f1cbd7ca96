"""Declarations of the tables that an area with a published series has; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from pipeline.base.tables_model import BANDS, CODE, COVERAGE, DAY_TYPES, GROUPS, Column, Table
from pipeline.base.tables_model import declare_column as _c

DIRECTIONS = ("fell", "rose", "mixed", "unchanged", "unknown")
RANGE = "over all combinations of a baseline and an end"


def build_series_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Series and change for groups, authorities and neighbourhoods; change for small areas.
    """
    measure, series, change = _list_measure(), _list_series(), _list_change()
    region = _c("region", "text", "Part of the area, by its name in the area file; elsewhere: the rest; all: both.")
    group = _c("area_group", "text", "Comparison group; all: every neighbourhood.", allowed=(*GROUPS, "all"))
    authority = (
        _c("authority_code", "text", "Authority, in the vintage that the area file states."),
        _c("authority_name", "text", "Its name."),
    )
    small_area = _c("small_area_code", "text", "Code of the small area.")
    year = _c("year", "int", "Year; also those for which there is no figure.")
    return (
        Table(
            "out_group__service_series",
            "Runs a day in comparison groups by year, from a published series: means over small areas, by people",
            ("region", "area_group", "year", "day_type", "band"),
            (
                region,
                group,
                year,
                *measure,
                *series,
                _c("doubt_reason", "text", "Why figures of that year are doubtful or left out; empty if they are not."),
                _c("population", "float", "People in the group.", minimum=0),
                _c("n_neighbourhoods", "int", "Neighbourhoods in the group.", minimum=0),
            ),
        ),
        Table(
            "out_group__series_change",
            "Change of runs a day in comparison groups since the baseline, as ranges; with and without doubtful places",
            ("region", "area_group", "day_type", "band"),
            (
                region,
                group,
                *measure,
                *change,
                *(
                    _c(f"change_sure_{end}_pct", "float?", f"The same over neighbourhoods that are comparable: {end}.")
                    for end in ("low", "high")
                ),
                _c("people_doubtful_pct", "float", "Share of people in neighbourhoods that are not comparable, %."),
                _c("n_neighbourhoods", "int", "Neighbourhoods in the group.", minimum=0),
                _c("n_fell", "int", f"Neighbourhoods that lost runs {RANGE}.", minimum=0),
                _c("n_rose", "int", f"Neighbourhoods that gained runs {RANGE}.", minimum=0),
                _c("population", "float", "People in the group.", minimum=0),
            ),
        ),
        Table(
            "out_neighbourhood__service_series",
            "Runs a day in neighbourhoods by year, from a published series: means over small areas, never sums",
            ("neighbourhood_code", "year", "day_type", "band"),
            (CODE, year, *measure, *series),
        ),
        Table(
            "out_neighbourhood__series_change",
            "Change of runs a day in neighbourhoods since the baseline, as ranges, ranked within their groups",
            ("neighbourhood_code", "day_type", "band"),
            (
                CODE,
                _c("neighbourhood_name", "text", "Name."),
                _c("area_group", "text", "Comparison group.", allowed=GROUPS),
                _c("region", "text", "Part of the area; elsewhere: in none of those named."),
                _c("authority_code", "text?", "Authority."),
                *measure,
                *change,
                *(
                    _c(
                        f"{rank}_{end}",
                        "float?",
                        f"Rank within the group by {what} lost (1 = most; ties share the mean rank): {end} {RANGE}.",
                        minimum=1,
                    )
                    for rank, what in (("loss_rank", "runs a day"), ("loss_share_rank", "share of runs"))
                    for end in ("low", "high")
                ),
                _c("n_ranked", "int", "Neighbourhoods of the group that are ranked.", minimum=0),
                _c("ten_most_pct", "float?", "Share of combinations in which it is among the ten that lost most, %."),
                _c("ten_most_share_pct", "float?", "The same for the ten that lost the largest share, %."),
            ),
        ),
        Table(
            "out_authority__service_series",
            "Runs a day in authorities by year, from a published series: means over small areas, never sums",
            ("authority_code", "year", "day_type", "band"),
            (*authority, year, *measure, *series),
        ),
        Table(
            "out_authority__series_change",
            "Change of runs a day in authorities since the baseline, as ranges",
            ("authority_code", "day_type", "band"),
            (*authority, *measure, *change),
        ),
        Table(
            "out_small_area__series_change",
            "Change of runs a day in small areas since the baseline, as ranges",
            ("small_area_code", "day_type", "band"),
            (small_area, _c("neighbourhood_code", "text?", "Neighbourhood that it belongs to."), *measure, *change),
        ),
        Table(
            "out_neighbourhood__distance",
            "Straight-line distance to the nearest destination of each category; it says nothing of journeys",
            ("neighbourhood_code", "category"),
            (
                CODE,
                _c("category", "text", "Category of destinations."),
                _c(
                    "straight_line_m",
                    "float?",
                    "Straight line from the points of its small areas to the nearest destination, mean weighted by "
                    "people, metres. No travel time exists: roads, rivers and timetables do not enter.",
                    minimum=0,
                ),
                _c("people_without_pct", "float", "Share of people in small areas without a position, %."),
                _c("reason", "text?", "Why the distance is null: not_located."),
            ),
        ),
    )


def _list_measure() -> tuple[Column, ...]:
    return (
        _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES),
        _c("band", "text", "Hours of the day, from and to; 22_06 is the night.", allowed=BANDS),
    )


def _list_series() -> tuple[Column, ...]:
    return (
        _c("runs_per_day", "float?", "Runs a day, mean over small areas weighted by people; null: no figure."),
        _c("people_without_pct", "float", "Share of people in small areas without a figure that year, %."),
        _c("is_doubtful", "bool", "Whether the area file declares that year doubtful."),
        _c(
            "coverage_class",
            "text",
            "missing: no figure; partial: a doubtful year, or over 5 % of people without; else comparable.",
            allowed=COVERAGE,
        ),
    )


def _list_change() -> tuple[Column, ...]:
    ends = (("low", "least"), ("high", "greatest"))
    quantities = (
        ("before_{}_runs_per_day", "Runs a day before"),
        ("after_{}_runs_per_day", "Runs a day after"),
        ("change_{}_runs_per_day", "Change in runs a day"),
        ("change_{}_pct", "Change in % of before"),
    )
    return (
        *(
            _c(name.format(end), "float?", f"{what}: {word} {RANGE}.")
            for name, what in quantities
            for end, word in ends
        ),
        _c(
            "change_direction",
            "text",
            "fell or rose: under every combination; mixed: it depends on the combination; unknown: no figure.",
            allowed=DIRECTIONS,
        ),
        _c("n_combinations", "int", "Combinations of a baseline and an end.", minimum=1),
        _c(
            "people_without_pct",
            "float",
            "Share of people in small areas that lack a figure in a year that is used, and so are left out, %.",
        ),
        _c("largest_loss_from_year", "int?", "Year before the largest loss between two years that can be trusted."),
        _c("largest_loss_to_year", "int?", "Year after it; null if nothing was ever lost."),
        _c("largest_loss_change_runs_per_day", "float?", "Change in runs a day between them."),
        _c("is_interrupted", "bool", "Whether the series breaks off, or falls by more than half and is back."),
        _c("interrupted_years", "text", "Years in which it does, separated by commas."),
        _c("has_break", "bool", "Whether runs of its whole authority fall or rise at once, and stay so."),
        _c("coverage_class", "text", "How far the change can be trusted.", allowed=COVERAGE),
        _c("coverage_reason", "text", "Why the class is not comparable; empty if it is."),
    )
