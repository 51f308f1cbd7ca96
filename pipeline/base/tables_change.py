"""Declarations of the tables of attribution and of scenarios."""

from __future__ import annotations

from pipeline.base.tables_model import BANDS, CODE, DAY_TYPES, MODES, REASONS, SNAPSHOT, Column, Table
from pipeline.base.tables_model import declare_column as _c

_PAIR = (
    _c("snapshot_from", "text", "Earlier snapshot."),
    _c("snapshot_to", "text", "Later snapshot, of which the travel times are."),
)
_CASE = (
    _c("category", "text", "Category of destinations."),
    _c("window", "text", "Departure window, by its name in the settings; outward, with all modes."),
)

_SCENARIO = _c("scenario", "text", "Name of the scenario.")
_SIDES = (("before", "as it is"), ("after", "under the scenario"))


def _measures(kind: str, who: str) -> tuple[Column, ...]:
    """Declare what is added up over people; negative where journeys are shorter now."""
    return (
        _c(
            "lost_person_min",
            kind,
            f"Minutes by which a journey takes longer, mean over the departures of the window, added up over {who}; a "
            "departure without a journey counts as the longest journey that is looked for.",
        ),
        _c(
            "people_cut_off",
            kind,
            "People in small areas that have no median travel time and would have one.",
        ),
        _c(
            "people_beyond_hour",
            kind,
            "People in small areas whose median travel time is over an hour and would not be.",
        ),
        _c("people_slower", kind, "People whose mean journey takes at least one minute longer."),
    )


DECLARED = (
    Table(
        "out_service__attribution",
        "What the loss of each service did to travel times: the service is put back as it ran, alone",
        ("snapshot_from", "snapshot_to", "service_number", "category", "window"),
        (
            *_PAIR,
            _c("service_number", "int", "Number of the row in out_service__change.", minimum=0),
            *_CASE,
            _c("operator_name", "text", "Operator before."),
            _c("route", "text", "Public number before, and after where it changed."),
            _c("mode", "text", "Mode of transport.", allowed=MODES),
            _c("status", "text", "What became of it, as in out_service__change."),
            _c("coverage_class", "text", "Whether the two snapshots can be compared for this service."),
            _c(
                "is_counted",
                "bool",
                "False: its loss may be missing data, so nothing is attributed to it and its measures are null.",
            ),
            _c(
                "rank",
                "int?",
                "Within category and window: 1 for most person-minutes lost; null if not counted.",
                minimum=1,
            ),
            *_measures("float?", "all people"),
            _c(
                "neighbourhoods_affected",
                "int?",
                "Neighbourhoods where a person loses a minute or more on average, or somebody is cut off.",
                minimum=0,
            ),
            _c("evidence", "text", "Why the status was chosen, as in out_service__change."),
        ),
    ),
    Table(
        "out_neighbourhood__attribution",
        "Change of travel times of each neighbourhood, decomposed into the services responsible",
        ("snapshot_from", "snapshot_to", "neighbourhood_code", "category", "window", "part", "service_number"),
        (
            *_PAIR,
            CODE,
            *_CASE,
            _c(
                "part",
                "text",
                "service: one service, put back alone (only where that changes anything); lost_together: all counted "
                "services put back together; missing_data: what those that are not counted add; rest: what was added, "
                "retimed or extended in the meantime; whole: the difference of the two snapshots, which is the sum of "
                "lost_together, missing_data and rest.",
                allowed=("service", "lost_together", "missing_data", "rest", "whole"),
            ),
            _c("service_number", "int?", "Number of the row in out_service__change, where part is service.", minimum=0),
            *_measures("float", "the people of the neighbourhood"),
            _c("loss_min", "float?", "Person-minutes lost a person; null where nobody is counted."),
        ),
    ),
    Table(
        "out_scenario__travel_time",
        "Travel times of a snapshot as they are and as they would be under a scenario",
        ("scenario", "snapshot", "neighbourhood_code", "category", "window", "direction", "mode_set"),
        (
            _SCENARIO,
            SNAPSHOT,
            CODE,
            _c("category", "text", "Category of destinations."),
            _c("window", "text", "Departure window, by its name in the settings."),
            _c("direction", "text", "outward or return.", allowed=("outward", "return")),
            _c("mode_set", "text", "Which modes may be used."),
            *(
                column
                for when, text in _SIDES
                for column in (
                    _c(f"travel_time_p50_{when}_s", "float?", f"Median travel time {text}, seconds."),
                    _c(
                        f"reachable_{when}_pct",
                        "float?",
                        f"Share of departure minutes with a journey within the limit {text}, %.",
                        minimum=0,
                        maximum=100,
                    ),
                    _c(f"reason_{when}", "text?", f"Why there is no median {text}.", allowed=REASONS),
                )
            ),
            _c("change_p50_s", "float?", "Change of the median, seconds; null if either is null."),
            _c("change_reachable_pct", "float?", "Change of the share, percentage points."),
        ),
    ),
    Table(
        "out_scenario__service_level",
        "Service levels of a snapshot as they are and as they would be under a scenario",
        ("scenario", "snapshot", "neighbourhood_code", "mode", "day_type", "band"),
        (
            _SCENARIO,
            SNAPSHOT,
            CODE,
            _c("mode", "text", "Mode of transport, or all.", allowed=MODES),
            _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES),
            _c("band", "text", "Hours of the day.", allowed=BANDS),
            *(
                column
                for when, text in _SIDES
                for column in (
                    _c(f"runs_per_day_{when}", "float", f"Vehicle runs per day {text}.", minimum=0),
                    _c(f"first_run_{when}_s", "float?", f"First run {text}, seconds of the service day."),
                    _c(f"last_run_{when}_s", "float?", f"Last run {text}, seconds of the service day."),
                )
            ),
            _c("change_runs_per_day", "float", "Change of runs per day."),
        ),
    ),
)
