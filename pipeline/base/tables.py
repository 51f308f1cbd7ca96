"""Declarations of every published table: names, types, units, meaning.

The pandera schemas that check the tables and the data dictionary are both made from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pipeline.base.errors import PipelineError
from pipeline.base.tables_coverage import build_coverage_tables
from pipeline.base.tables_gates import build_gate_tables
from pipeline.base.tables_league import build_league_tables
from pipeline.base.tables_profile import build_profile_tables
from pipeline.base.tables_scores import build_score_tables
from pipeline.base.tables_sensitivity import build_sensitivity_tables
from pipeline.base.tables_series import build_series_tables

if TYPE_CHECKING:
    import pandera.pandas as pa

Kind = Literal["text", "float", "int", "bool", "bytes"]
MODES: tuple[str, ...] = ("bus", "coach", "rail", "tram", "metro", "ferry", "other", "all")
DAY_TYPES: tuple[str, ...] = ("weekday", "saturday", "sunday")
BANDS: tuple[str, ...] = ("06_10", "10_15", "15_18", "18_22", "22_06", "all_day")
COVERAGE = ("comparable", "partial", "missing")
REASONS: tuple[str, ...] = ("no_street", "no_route", "over_limit")
DIRECTIONS = ("outward", "return", "arrive_by")
LINK_KINDS = ("stop", "small_area", "destination", "small_area_by_car", "destination_by_car")
GROUPS = ("left_behind", "other_deprived", "other")


@dataclass(frozen=True)
class Column:
    """A column of a published table; a ``?`` behind the kind in the declaration means that it may be null."""

    name: str
    kind: Kind
    is_nullable: bool
    description: str
    allowed: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Table:
    """A published table: one row for each combination of its key."""

    name: str
    title: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def _c(
    name: str,
    kind: str,
    description: str,
    *,
    allowed: tuple[str, ...] | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Column:
    plain: Kind = kind.rstrip("?")  # type: ignore[assignment]
    if name.endswith("_pct") and minimum is None and "change" not in name:
        minimum, maximum = 0.0, 100.0
    elif plain in {"float", "int"} and name.endswith(("_s", "_per_day", "_per_hour")) and "change" not in name:
        minimum = 0.0
    return Column(name, plain, kind.endswith("?"), description, allowed, minimum, maximum)


SNAPSHOT: Column = _c("snapshot", "text", "Snapshot of the timetables, by its name in the area file.")
CODE: Column = _c("neighbourhood_code", "text", "Code of the neighbourhood, in the vintage that the area file states.")
REASON = _c(
    "reason",
    "text?",
    "Why the value (the median, where there are several) is null: no_street (not joined to the streets), no_route (no "
    "journey at all), over_limit (journeys exist, but not within the limit often enough). Other columns that are null "
    "beside a median are so because too few minutes, or too few people, have a journey within the limit.",
    allowed=REASONS,
)
RUNS_HASH = "First 12 digits of the hash of inputs and settings behind the row; out_run__inputs lists them."

_TRAVEL_TIME = (
    _c("category", "text", "Category of destinations."),
    _c("window", "text", "Departure window, by its name in the settings."),
    _c(
        "direction",
        "text",
        "outward: from home; return: from the destination home; arrive_by: to the destination by each minute of the "
        "window, the time counted from the latest departure to that deadline.",
        allowed=DIRECTIONS,
    ),
    _c("mode_set", "text", "Which modes may be used, by its name in the settings; walking is always possible."),
    _c("travel_time_mean_s", "float?", "Mean travel time over the departure minutes with a journey, seconds."),
    *(
        _c(
            f"travel_time_p{p}_s",
            "float?",
            f"Travel time that {p} % of departure minutes do not exceed, seconds; minutes without a journey count as "
            "infinite.",
        )
        for p in (5, 25, 50, 75, 95)
    ),
    _c("reachable_pct", "float?", "Share of departure minutes with a journey within the limit, %."),
    _c(
        "first_departure_s",
        "float?",
        "First departure (or deadline) with a journey, seconds of the service day.",
    ),
    _c("last_departure_s", "float?", "Last minute with a journey, seconds of the service day."),
    _c("longest_gap_s", "float?", "Longest time between two useful departures (or deadlines), seconds."),
    _c(
        "wait_if_missed_s",
        "float?",
        "If one misses a useful departure: mean wait until the next, seconds; null where fewer than two are known.",
    ),
    _c("walk_time_s", "float?", "Walking all the way to the nearest, seconds; null beyond the limit."),
    _c("nearest_destination_id", "text?", "Destination that is nearest in most minutes."),
    _c("nearest_destination_name", "text?", "Its name."),
    _c("nearest_share_pct", "float?", "Share of the minutes with a journey in which it is nearest, %."),
    _c("destinations_nearest", "text", "All destinations that are ever nearest: JSON list of id, name, share_pct."),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "out_neighbourhood__travel_time",
            "Travel time from each neighbourhood to the nearest destination of each category",
            ("snapshot", "neighbourhood_code", "category", "window", "direction", "mode_set"),
            (
                SNAPSHOT,
                CODE,
                *_TRAVEL_TIME,
                _c("people_without_pct", "float?", "Share of people in small areas without a median travel time, %."),
                *(
                    _c(f"people_without_{what}_pct", "float?", f"Share of people in small areas without {text}, %.")
                    for what, text in (
                        ("any", "any journey in the window"),
                        *((f"p{p}", f"a travel time at p{p}") for p in (5, 25, 75, 95)),
                        ("walk", "a walking time within the limit"),
                    )
                ),
                _c("n_small_areas", "int", "Number of small areas behind the row.", minimum=0),
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_small_area__travel_time",
            "Travel time from each small area to the nearest destination of each category",
            ("snapshot", "small_area_code", "category", "window", "direction", "mode_set"),
            (
                SNAPSHOT,
                _c("small_area_code", "text", "Code of the small area."),
                _c("neighbourhood_code", "text?", "Neighbourhood that it belongs to."),
                *_TRAVEL_TIME,
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__jobs",
            "Weight (such as jobs) reachable within set times",
            ("snapshot", "neighbourhood_code", "category", "window", "mode_set", "limit_min"),
            (
                SNAPSHOT,
                CODE,
                _c("category", "text", "Category whose weights are counted."),
                _c("window", "text", "Departure window."),
                _c("mode_set", "text", "Which modes may be used."),
                _c("limit_min", "int", "Limit, minutes door to door.", minimum=1),
                _c(
                    "jobs_p50", "float?", "Median over the departure minutes of the weight within the limit.", minimum=0
                ),
                _c("jobs_p25", "float?", "The same at p25: a bad minute, less in a quarter of them.", minimum=0),
                _c("jobs_p75", "float?", "The same at p75: a good minute, more in a quarter of them.", minimum=0),
                _c("people_without_pct", "float?", "Share of people in small areas without a value, %."),
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__opportunity",
            "Destinations within reach, counted by decay and with diminishing returns as the settings name them",
            ("snapshot", "neighbourhood_code", "category", "window", "mode_set", "counting", "limit_min"),
            (
                SNAPSHOT,
                CODE,
                _c("category", "text", "Category of destinations."),
                _c("window", "text", "Departure window."),
                _c("mode_set", "text", "Which modes may be used."),
                _c("counting", "text", "How destinations are counted, by its name in the settings (opportunities:)."),
                _c("limit_min", "int", "Limit, minutes door to door.", minimum=1),
                _c("opportunities_p25", "float?", "At a bad minute: less in a quarter of them.", minimum=0),
                _c("opportunities_p50", "float?", "Median over the departure minutes.", minimum=0),
                _c("opportunities_p75", "float?", "At a good minute: more in a quarter of them.", minimum=0),
                _c("people_without_pct", "float?", "Share of people in small areas without a value, %."),
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__nearest_rank",
            "Travel time to each of the k nearest destinations, for the categories that the settings name (nearest_k:)",
            ("snapshot", "neighbourhood_code", "category", "window", "mode_set", "rank"),
            (
                SNAPSHOT,
                CODE,
                _c("category", "text", "Category of destinations."),
                _c("window", "text", "Departure window; journeys from home."),
                _c("mode_set", "text", "Which modes may be used."),
                _c("rank", "int", "1: the nearest at each minute, 2: the second nearest, ...", minimum=1),
                _c("travel_time_p25_s", "float?", "Travel time that 25 % of departure minutes do not exceed, seconds."),
                _c("travel_time_p50_s", "float?", "Travel time that 50 % of departure minutes do not exceed, seconds."),
                _c("travel_time_p75_s", "float?", "Travel time that 75 % of departure minutes do not exceed, seconds."),
                _c("people_without_pct", "float?", "Share of people in small areas without a median, %."),
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__car_time",
            "Car time to the nearest destination beside the time by public transport, where car: is set",
            ("snapshot", "neighbourhood_code", "category", "window", "mode_set"),
            (
                SNAPSHOT,
                CODE,
                _c("category", "text", "Category of destinations."),
                _c("window", "text", "Departure window of the times by public transport; car times have none."),
                _c("mode_set", "text", "Modes of the times by public transport."),
                _c("car_time_min", "float?", "Driving to the nearest, minutes; mean over people.", minimum=0),
                _c("people_without_car_time_pct", "float?", "Share of people in small areas without a car time, %."),
                _c(
                    "public_transport_time_min",
                    "float?",
                    "Median by public transport or on foot to the nearest (which may be another destination), minutes; "
                    "mean over people in small areas that have both times.",
                    minimum=0,
                ),
                _c(
                    "public_transport_to_car_ratio",
                    "float?",
                    "That mean divided by the mean car time of the same small areas.",
                    minimum=0,
                ),
                _c("people_without_ratio_pct", "float?", "Share of people in small areas without both times, %."),
                _c("n_small_areas", "int", "Number of small areas behind the row.", minimum=0),
                _c("nearest_destination_id", "text?", "Destination that is nearest by car for most people."),
                _c("nearest_destination_name", "text?", "Its name."),
                _c("nearest_share_pct", "float?", "Share of the people with a car time for whom it is, %."),
                _c(
                    "reason",
                    "text?",
                    "Why the car time is null: no_street (no road near enough), no_route (no way by car), over_limit.",
                    allowed=REASONS,
                ),
                _c(
                    "ratio_reason",
                    "text?",
                    "Why the ratio is null: that of the time by public transport, else that of the car time.",
                    allowed=REASONS,
                ),
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__visit",
            "Out and back on one day: leave home, stay for a while, be home again",
            ("snapshot", "neighbourhood_code", "visit", "begins", "mode_set"),
            (
                SNAPSHOT,
                CODE,
                _c("visit", "text", "Visit, by its name in the settings."),
                _c("begins", "text", "When the stay begins, or the hours within which it lies."),
                _c("mode_set", "text", "Which modes may be used; walking is always possible."),
                _c("category", "text", "Category of destinations."),
                _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES),
                _c("stay_min", "int", "Length of the stay, minutes.", minimum=1),
                _c(
                    "usable_pct",
                    "float?",
                    "Share of the minutes at which the stay could begin for which one can get there from home and be "
                    "home the same day, %; mean over people.",
                ),
                _c(
                    "time_away_p50_s",
                    "float?",
                    "Time from leaving home to being there again, the stay and all waiting included: median over the "
                    "minutes at which the stay could begin, those for which it cannot count as infinite; seconds.",
                ),
                _c("time_away_least_s", "float?", "The same at the best minute, seconds."),
                _c("people_without_pct", "float?", "Share of people in small areas without a median, %."),
                _c("people_without_any_pct", "float?", "Share of people in small areas without any such visit, %."),
                _c("n_small_areas", "int", "Number of small areas behind the row.", minimum=0),
                _c("nearest_destination_id", "text?", "Destination that takes least time away most often."),
                _c("nearest_destination_name", "text?", "Its name."),
                _c("nearest_share_pct", "float?", "Share of the possible visits for which it does, %."),
                _c("destinations_nearest", "text", "All that ever do: JSON list of id, name, share_pct."),
                REASON,
                _c("network_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__service_level",
            "Vehicle runs that call within each neighbourhood's zone; zones overlap, so never add them up",
            ("snapshot", "neighbourhood_code", "mode", "day_type", "band"),
            (
                SNAPSHOT,
                CODE,
                _c("mode", "text", "Mode of transport; all: any of them.", allowed=MODES),
                _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES),
                _c("band", "text", "Hours of the day, from and to; 22_06 is the night.", allowed=BANDS),
                _c("runs_per_day", "float?", "Runs in the zone, each counted once, mean over the days of that kind."),
                _c("runs_per_hour", "float?", "The same by hour of the band."),
                _c("first_run_s", "float?", "First run of the day, seconds of the service day (all_day rows)."),
                _c("last_run_s", "float?", "Last run of the day, seconds of the service day (all_day rows)."),
                _c("hours_served", "float?", "Clock hours of the day with at least one run, mean (all_day rows)."),
                _c("days_served_pct", "float?", "Share of days of that kind with at least one run, %."),
                _c("stops_in_zone", "int", "Stops of that mode within the zone.", minimum=0),
                _c("stops_reachable_direct", "int", "Stops outside reached without a change.", minimum=0),
                _c(
                    "services_in_zone",
                    "int",
                    "Public numbers, by operator, that call there.",
                    minimum=0,
                ),
                _c("coverage_class", "text", "Whether the timetable covers the place.", allowed=COVERAGE),
                _c("timetable_hash", "text", RUNS_HASH),
            ),
        ),
        Table(
            "out_neighbourhood__service_change",
            "Change of service level between snapshots, where both cover the place",
            ("neighbourhood_code", "snapshot_from", "snapshot_to", "comparison", "mode", "day_type", "band"),
            (
                CODE,
                _c("snapshot_from", "text", "Earlier snapshot."),
                _c("snapshot_to", "text", "Later snapshot."),
                _c("comparison", "text", "Kind of comparison.", allowed=("consecutive", "since_first")),
                _c("mode", "text", "Mode of transport.", allowed=MODES),
                _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES),
                _c("band", "text", "Hours of the day.", allowed=BANDS),
                _c(
                    "runs_per_day_before",
                    "float?",
                    "Runs before; where coverage is partial, of comparable operators only.",
                ),
                _c(
                    "runs_per_day_after",
                    "float?",
                    "Runs after; where coverage is partial, of comparable operators only.",
                ),
                _c("change_runs_per_day", "float?", "After minus before; null where coverage is missing."),
                _c("change_pct", "float?", "The same in % of before; null where before is 0 or coverage is missing."),
                _c("coverage_class", "text", "Whether both snapshots cover the place.", allowed=COVERAGE),
                _c("coverage_reason", "text", "Why the class is not comparable; empty if it is."),
            ),
        ),
        Table(
            "out_service__change",
            "Services matched between snapshots by place and pattern, and what became of them",
            (
                "snapshot_from",
                "snapshot_to",
                "operator_name_before",
                "operator_name_after",
                "route_before",
                "route_after",
                "mode",
                "service_number",
            ),
            (
                _c("snapshot_from", "text", "Earlier snapshot."),
                _c("snapshot_to", "text", "Later snapshot."),
                _c("service_number", "int", "Number of the row within the pair of snapshots.", minimum=0),
                _c("operator_name_before", "text?", "Operator before."),
                _c("operator_name_after", "text?", "Operator after."),
                _c("route_before", "text?", "Public number before."),
                _c("route_after", "text?", "Public number after."),
                _c("mode", "text", "Mode of transport.", allowed=MODES),
                _c(
                    "status",
                    "text",
                    "What became of it.",
                    allowed=(
                        "kept",
                        "renamed",
                        "retimed",
                        "cut_back",
                        "increased",
                        "shortened",
                        "extended",
                        "withdrawn",
                        "new",
                        "missing",
                        "returned",
                        "merged",
                        "split",
                    ),
                ),
                *(
                    _c(f"{day}_runs_{when}", "float?", f"Runs on a {day} {when}, trips of both directions.", minimum=0)
                    for day in DAY_TYPES
                    for when in ("before", "after")
                ),
                *(
                    _c(
                        f"{day}_{end}_run_{when}_s",
                        "float?",
                        f"{end.capitalize()} start of a run on a {day} {when}, seconds of the service day.",
                    )
                    for day in DAY_TYPES
                    for end in ("first", "last")
                    for when in ("before", "after")
                ),
                *(
                    _c(
                        f"weekday_calls_{when}_per_day",
                        "float?",
                        f"Calls on a weekday {when} at the median stop of those it has in both; unlike runs it does "
                        "not depend on whether there and back is filed as one run or two.",
                        minimum=0,
                    )
                    for when in ("before", "after")
                ),
                *(
                    _c(f"days_{when}", "text?", f"Kinds of day with service {when}; null if one cannot be judged.")
                    for when in ("before", "after")
                ),
                *(
                    _c(
                        f"service_keys_{when}",
                        "text?",
                        f"Operator, comparable number and mode {when}, as operator/number/mode; several, joined by "
                        "commas, where services were merged or split.",
                    )
                    for when in ("before", "after")
                ),
                _c("last_run_before_s", "float?", "Last departure before, seconds of the service day."),
                _c("last_run_after_s", "float?", "Last departure after, seconds of the service day."),
                _c("stops_before", "int?", "Stops served before.", minimum=0),
                _c("stops_after", "int?", "Stops served after.", minimum=0),
                _c("stops_shared_pct", "float?", "Share of the smaller set of stops that both have, %."),
                _c("changes", "text", "Every change seen, separated by commas."),
                _c("evidence", "text", "What was seen, as a sentence."),
                _c("coverage_class", "text", "Whether both snapshots cover it.", allowed=COVERAGE),
            ),
        ),
        Table(
            "out_operator__presence",
            "Which operators each snapshot's timetables hold",
            ("snapshot", "operator_key"),
            (
                SNAPSHOT,
                _c("operator_key", "text", "Operator, matched between snapshots by its normalised name."),
                _c("operator_name", "text", "Name as filed."),
                _c("feed", "text", "Timetable files in which it stands, separated by commas."),
                _c("n_trips", "int", "Trips filed.", minimum=0),
                _c("n_services", "int", "Public numbers filed.", minimum=0),
                _c("first_date", "text?", "First date with a trip."),
                _c("last_date", "text?", "Last date with a trip."),
                _c("is_present", "bool", "Whether it is there."),
                _c(
                    "presence_class",
                    "text",
                    "missing: there before and after, or lost with its whole feed.",
                    allowed=("present", "absent", "missing", "not_yet"),
                ),
            ),
        ),
        Table(
            "out_neighbourhood__geography",
            "Where the neighbourhoods are",
            ("neighbourhood_code",),
            (
                CODE,
                _c("neighbourhood_name", "text", "Name."),
                _c("area_group", "text", "Comparison group.", allowed=GROUPS),
                _c("authority_code", "text?", "Authority."),
                _c(
                    "deprivation_rank",
                    "float?",
                    "Rank within the area of the deprivation that the area file names; 1 = most deprived; ties share "
                    "their mean rank. For comparisons only.",
                    minimum=1,
                ),
                _c("rurality", "text?", "Rural or urban class in which most of its people live. For comparisons only."),
                _c("population", "float?", "People.", minimum=0),
                _c("lon", "float?", "Longitude of the population-weighted centre, degrees."),
                _c("lat", "float?", "Latitude of it, degrees."),
                _c("geometry_wkb", "bytes?", "Polygon (or the circle that stands for it) in lon/lat, as WKB."),
            ),
        ),
        Table(
            "out_destination__location",
            "Destinations and whether they are joined to the streets",
            ("category", "destination_id"),
            (
                _c("category", "text", "Category."),
                _c("destination_id", "text", "Identifier as filed."),
                _c("name", "text", "Name."),
                _c("lon", "float?", "Longitude, degrees."),
                _c("lat", "float?", "Latitude, degrees."),
                _c("weight", "float", "Weight, such as jobs; 1 where none is given.", minimum=0),
                _c("is_linked", "bool", "Whether it is joined to the streets of the area."),
            ),
        ),
        Table(
            "out_stop__location",
            "Stops served, with the trips that call on the weekday examined",
            ("snapshot", "stop_id"),
            (
                SNAPSHOT,
                _c("stop_id", "text", "Stop, as feed:identifier."),
                _c("stop_name", "text?", "Name."),
                _c("lon", "float?", "Longitude, degrees."),
                _c("lat", "float?", "Latitude, degrees."),
                _c("mode", "text", "Mode with most trips there.", allowed=MODES),
                _c("runs_weekday", "float", "Trips that call on the weekday.", minimum=0),
                _c("is_linked", "bool", "Whether it is joined to the streets."),
            ),
        ),
        Table(
            "out_point__link",
            "Every point that joins the streets, how far it is from them, and why one does not join them",
            ("snapshot", "kind", "category", "point_id"),
            (
                SNAPSHOT,
                _c("kind", "text", "What it is; by_car: where it joins the roads.", allowed=LINK_KINDS),
                _c("category", "text?", "Category of a destination; empty for stops and small areas."),
                _c("point_id", "text", "Stop, as feed:identifier; code of a small area; identifier of a destination."),
                _c("name", "text?", "Name of a stop."),
                _c("is_linked", "bool", "Whether it is joined to the streets."),
                _c(
                    "link_m",
                    "float?",
                    "Straight line to the street that it joins, metres; part of every walk.",
                    minimum=0,
                ),
                _c("nearest_street_m", "float?", "Metres to the nearest street of any kind, however far.", minimum=0),
                _c(
                    "reason",
                    "text?",
                    "Why it is not joined: no_location (no usable coordinates), too_far (no street within the limit), "
                    "isolated_piece (the only street near is an isolated piece).",
                    allowed=("no_location", "too_far", "isolated_piece"),
                ),
            ),
        ),
        Table(
            "out_run__notices",
            "Notices about doubtful data",
            ("stage", "snapshot", "code", "file", "row", "field", "value", "detail"),
            (
                _c("stage", "text", "Stage that noted it."),
                _c("snapshot", "text?", "Snapshot concerned."),
                _c("code", "text", "Kind of notice."),
                _c("severity", "text", "How bad it is.", allowed=("info", "warning", "error")),
                _c("file", "text", "File."),
                _c("row", "int?", "Line of the file, its header counted.", minimum=0),
                _c("field", "text", "Column."),
                _c("value", "text", "What stood there."),
                _c("count", "int", "How many cases the row stands for.", minimum=0),
                _c("detail", "text", "Particulars."),
                _c("meaning", "text", "What the notice means."),
                _c("cure", "text", "What can be done."),
            ),
        ),
        Table(
            "out_run__service_window",
            "The 28 days over which each snapshot's service is counted, and why these",
            ("snapshot",),
            (
                SNAPSHOT,
                _c("snapshot_date", "text", "The snapshot's date, as YYYY-MM-DD."),
                _c("default_date", "text?", "Date that the default rule would choose from the timetable; null: none."),
                _c("begins_date", "text", "Monday on which the 28 days begin."),
                _c("first_date", "text", "First of them on which all feeds can be relied on."),
                _c("last_date", "text", "Last of them on which all feeds can be relied on."),
                _c("valid_from_date", "text", "First day on which all feeds can be relied on."),
                _c("valid_to_date", "text", "Last day on which all feeds can be relied on."),
                _c("n_weekdays", "int", "Weekdays over which means are taken.", minimum=0, maximum=20),
                _c("n_saturdays", "int", "Saturdays over which means are taken.", minimum=0, maximum=4),
                _c("n_sundays", "int", "Sundays over which means are taken.", minimum=0, maximum=4),
                _c("n_holidays", "int", "Public holidays among the 28 days; not in the means.", minimum=0),
                _c("n_out_of_term", "int?", "Weekdays out of term; in the means. Null: nothing is known of terms."),
                _c(
                    "terms_basis",
                    "text",
                    "On what school terms rest: the area file, or usual ones of the nation, an approximation.",
                    allowed=("none", "configured", "approximation"),
                ),
                _c("explanation", "text", "What was chosen and why."),
            ),
        ),
        Table(
            "out_run__inputs",
            "Inputs behind the hashes that the other tables carry",
            ("stage", "snapshot", "role", "path"),
            (
                _c("stage", "text", "Stage that read it."),
                _c("snapshot", "text?", "Snapshot concerned."),
                _c("result_hash", "text", "Hash of that stage's result."),
                _c("role", "text", "What it is used for; 'stage' for another stage's result."),
                _c("path", "text", "Path as configured, or the other stage."),
                _c("sha256", "text", "SHA-256 of the file, or the other stage's result hash."),
                _c("bytes", "int?", "Size, bytes.", minimum=0),
                _c("licence", "text", "Licence as stated where it was taken from."),
                _c("attribution", "text", "Whom to name."),
                _c("vintage", "text", "Date or census it belongs to."),
            ),
        ),
    )
}
TABLES |= {table.name: table for table in (*build_coverage_tables(), *build_series_tables())}

TABLES |= {table.name: table for table in (*build_score_tables(), *build_sensitivity_tables(), *build_league_tables())}
TABLES |= {table.name: table for table in (*build_gate_tables(), *build_profile_tables())}

DEFECT = "This is a defect of the program, not of your data; please report it with this message."
_DTYPES: dict[str, Any] = {"text": "str", "float": "float64", "bool": "bool", "bytes": "object"}


def check_table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Bring a table into its declared order and types, and check it.

    Parameters
    ----------
    frame
        The table; columns beyond the declaration are an error.
    name
        Its declared name.

    Returns
    -------
    pandas.DataFrame
        Declared columns in order, sorted by the key.

    Raises
    ------
    PipelineError
        If it does not fit its declaration: a defect of the program, since inputs were checked before.
    """
    import pandera.errors  # noqa: PLC0415 (slow to import; only stages that publish need it)

    table = TABLES[name]
    names = [column.name for column in table.columns]
    if set(frame.columns) != set(names):
        missing, extra = sorted(set(names) - set(frame.columns)), sorted(set(frame.columns) - set(names))
        raise PipelineError(
            f"Table {name} does not fit its declaration: missing {missing}, unknown {extra}.", cure=DEFECT
        )
    typed = pd.DataFrame({c.name: _convert(frame[c.name], c) for c in table.columns})
    typed = typed.sort_values(list(table.key), kind="stable", ignore_index=True)
    try:
        build_schema(name).validate(typed, lazy=False)
    except pandera.errors.SchemaError as error:
        raise PipelineError(
            f"Table {name} does not fit its declaration: {str(error).splitlines()[0][:300]}",
            cure=DEFECT,
        ) from None
    return typed


def _convert(values: pd.Series, column: Column) -> pd.Series:
    if column.kind == "int":
        return values.astype("Int64" if column.is_nullable else "int64")
    if column.kind == "text":
        return values.astype("str") if values.notna().any() else pd.Series([None] * len(values), dtype="str")
    converted: pd.Series = values.astype(_DTYPES[column.kind])
    return converted


@cache
def build_schema(name: str) -> pa.DataFrameSchema:
    """Return the pandera schema of a published table.

    Parameters
    ----------
    name
        Its declared name.

    Returns
    -------
    pandera.DataFrameSchema
        Strict schema with types, nullability, allowed values, bounds and the unique key.
    """
    import pandera.pandas as pa  # noqa: PLC0415

    table = TABLES[name]
    columns = {}
    for c in table.columns:
        checks = [pa.Check.isin(c.allowed)] if c.allowed else []
        checks += [pa.Check.ge(c.minimum)] if c.minimum is not None else []
        checks += [pa.Check.le(c.maximum)] if c.maximum is not None else []
        dtype = ("Int64" if c.is_nullable else "int64") if c.kind == "int" else _DTYPES[c.kind]
        columns[c.name] = pa.Column(None if c.kind in {"text", "bytes"} else dtype, checks, nullable=c.is_nullable)
    return pa.DataFrameSchema(columns, strict=True, unique=list(table.key) if name != "out_run__notices" else None)


from pipeline.base.tables_change import DECLARED  # noqa: E402 (its declarations are made with what stands above)

TABLES.update({table.name: table for table in DECLARED})
