"""Declarations of the tables of travel times and of what lies within reach."""

from __future__ import annotations

from pipeline.base.tables_model import (
    CODE,
    DAY_TYPES,
    DIRECTIONS,
    REASON,
    REASONS,
    RUNS_HASH,
    SNAPSHOT,
    Table,
)
from pipeline.base.tables_model import declare_column as _c

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

DECLARED: tuple[Table, ...] = (
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
            _c("jobs_p50", "float?", "Median over the departure minutes of the weight within the limit.", minimum=0),
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
)
