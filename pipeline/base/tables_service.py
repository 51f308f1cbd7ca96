"""Declarations of the tables of service levels and of their change."""

from __future__ import annotations

from pipeline.base.tables_model import (
    BANDS,
    CODE,
    COVERAGE,
    DAY_TYPES,
    MODES,
    RUNS_HASH,
    SNAPSHOT,
    Table,
)
from pipeline.base.tables_model import declare_column as _c

DECLARED: tuple[Table, ...] = (
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
)
