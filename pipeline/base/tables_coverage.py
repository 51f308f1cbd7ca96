"""Declarations of the tables about what timetables hold; :mod:`pipeline.base.tables` takes them in."""

from __future__ import annotations

from pipeline.base.tables_model import BANDS, CODE, COVERAGE, DAY_TYPES, GROUPS, MODES, SNAPSHOT, Table
from pipeline.base.tables_model import declare_column as _c


def build_coverage_tables() -> tuple[Table, ...]:
    """Return the declarations.

    Returns
    -------
    tuple of Table
        Feeds, operators in pairs of snapshots, gates, system totals, daytime means.
    """
    operator = _c("operator_key", "text", "Operator, matched between snapshots by its normalised name.")
    day_type = _c("day_type", "text", "Kind of day.", allowed=DAY_TYPES)
    mode = _c("mode", "text", "Mode of transport; all: any of them.", allowed=MODES)
    return (
        Table(
            "out_group__service_change",
            "Change of service in comparison groups, as a range over baselines, with and without doubtful places",
            ("snapshot_to", "area_group", "mode", "day_type", "band", "places"),
            (
                _c("snapshot_to", "text", "Snapshot that is set against earlier ones."),
                _c("area_group", "text", "Comparison group; all: every neighbourhood.", allowed=(*GROUPS, "all")),
                mode,
                day_type,
                _c("band", "text", "Hours of the day.", allowed=BANDS),
                _c(
                    "places",
                    "text",
                    "all: every place with figures at both ends; comparable: those that the timetables cover at both.",
                    allowed=("all", "comparable"),
                ),
                _c(
                    "runs_per_day_after",
                    "float",
                    "Runs a day in a neighbourhood's zone, mean of the group's people, on the fewest places compared.",
                ),
                _c("change_low_pct", "float", "Lowest change over all baselines, % of the baseline."),
                _c("change_high_pct", "float", "Highest change over all baselines, %."),
                _c("baseline_low", "text", "Baseline of the lowest change: a snapshot, or a mean of three."),
                _c("baseline_high", "text", "Baseline of the highest change."),
                _c(
                    "n_baselines",
                    "int",
                    "Baselines compared: the first snapshot, the one before, the peak, the mean of the first three; "
                    "those that are the same count once.",
                    minimum=1,
                ),
                _c("n_neighbourhoods", "int", "Places compared, at least.", minimum=1),
                _c("people_left_out_pct", "float", "Share of the group's people in places left out, at most, %."),
            ),
        ),
        Table(
            "out_feed__validity",
            "How far each timetable file reaches and which kinds of day it can tell",
            ("snapshot", "feed"),
            (
                SNAPSHOT,
                _c("feed", "text", "Timetable file, by its key in the area file."),
                _c("first_date", "text", "First date with a service."),
                _c("last_date", "text", "Last date with a service."),
                _c("window_first_date", "text", "First of the 28 days that are counted."),
                _c("window_last_date", "text", "Last of them."),
                _c("n_days_valid", "int", "Days of the 28 that lie between its first and last date.", minimum=0),
                _c("n_operators", "int", "Operators with a trip in the 28 days.", minimum=0),
                _c("n_services", "int", "Public numbers with a trip in the 28 days.", minimum=0),
                _c("n_trips", "int", "Trips that run in the 28 days.", minimum=0),
                _c("clipped_to", "text", "Day of the week to whose trips it was cut down; empty if it is whole."),
                _c("day_types_judged", "text", "Kinds of day that it can tell, separated by commas."),
            ),
        ),
        Table(
            "out_operator__coverage",
            "Which operators can be compared between two snapshots",
            ("snapshot_from", "snapshot_to", "operator_key", "day_type"),
            (
                _c("snapshot_from", "text", "Earlier snapshot."),
                _c("snapshot_to", "text", "Later snapshot."),
                operator,
                _c("operator_name", "text", "Name as filed."),
                day_type,
                _c("coverage_class", "text", "Whether both snapshots hold it.", allowed=COVERAGE),
                _c("coverage_reason", "text", "Why the class is not comparable; empty if it is."),
            ),
        ),
        Table(
            "out_snapshot__gate",
            "What each snapshot lost against the one before, and who accepted it",
            ("snapshot",),
            (
                SNAPSHOT,
                _c("snapshot_before", "text", "Snapshot before."),
                _c("n_operators_before", "int", "Operators before.", minimum=0),
                _c("n_operators_lost", "int", "Those of them that are gone.", minimum=0),
                _c("operators_lost", "text", "Their names, separated by commas."),
                _c("operators_lost_pct", "float", "Share of operators that are gone, %."),
                _c("runs_per_week_before", "float", "Runs of a week before, from trips.", minimum=0),
                _c("runs_per_week_after", "float", "Runs of a week now, over the same kinds of day.", minimum=0),
                _c("trips_lost_pct", "float", "Share of the runs of a week that are gone, %; 0 if there are more."),
                _c("is_held", "bool", "Whether a limit of the settings (gates) is passed."),
                _c("is_accepted", "bool", "Whether the area file accepts the snapshot."),
                _c("accepted_reason", "text", "Why it was accepted."),
                _c("accepted_by", "text", "By whom."),
                _c("accepted_date", "text", "When."),
            ),
        ),
        Table(
            "out_system__total",
            "Runs of the whole timetable by operator, each trip counted once; these, unlike figures of zones, add up",
            ("snapshot", "operator_key", "mode", "day_type", "band"),
            (
                SNAPSHOT,
                operator,
                mode,
                day_type,
                _c("band", "text", "Hours of the first departure; 22_06 is the night.", allowed=BANDS),
                _c("runs_per_day", "float", "Runs a day, mean over the days of that kind."),
            ),
        ),
        Table(
            "out_service__school",
            "Services that run for schools only",
            ("snapshot", "operator_key", "number"),
            (
                SNAPSHOT,
                operator,
                _c("number", "text", "Public number, in the form in which snapshots are compared."),
                _c("operator_name", "text", "Operator as filed."),
                _c("route_name", "text", "Public number as filed."),
                _c(
                    "rule",
                    "text",
                    "filed: its route type or name says so; term_only: its dates do.",
                    allowed=("filed", "term_only"),
                ),
                _c("n_trips", "int", "Trips filed.", minimum=0),
                _c("n_dates", "int", "Dates on which it runs.", minimum=0),
            ),
        ),
        Table(
            "out_neighbourhood__school_runs",
            "Runs of school-only services in each neighbourhood's zone; its service level includes them",
            ("snapshot", "neighbourhood_code", "day_type", "band"),
            (
                SNAPSHOT,
                CODE,
                day_type,
                _c("band", "text", "Hours of the day, from and to; 22_06 is the night.", allowed=BANDS),
                _c("school_runs_per_day", "float", "Runs a day, mean over the days of that kind."),
            ),
        ),
        Table(
            "out_neighbourhood__service_daytime",
            "Daytime mean of the week: runs an hour between 06:00 and 22:00",
            ("snapshot", "neighbourhood_code", "mode"),
            (
                SNAPSHOT,
                CODE,
                mode,
                _c(
                    "daytime_runs_per_hour",
                    "float?",
                    "[5 (4 AM + 5 midday + 3 PM + 4 evening) + the same of Saturday + the same of Sunday] / (7 x 16), "
                    "each in runs an hour; null where a kind of day has no figure or is not covered.",
                ),
                _c("coverage_class", "text", "The worst of the three kinds of day.", allowed=COVERAGE),
            ),
        ),
    )
