"""Every kind of notice that reading TransXChange gives."""

from __future__ import annotations

from pipeline.base.notices import declare_notice

DOCUMENT_UNREADABLE = declare_notice(
    "txc_document_unreadable",
    "error",
    "One document of several cannot be read; it was left out.",
    "Fetch it again, or remove it if it is no timetable.",
)
MEMBER_IGNORED = declare_notice(
    "txc_member_ignored",
    "info",
    "The archive or folder holds files that are no XML; they were ignored.",
    "None needed.",
)
REFERENCE_UNKNOWN = declare_notice(
    "txc_unknown_reference",
    "warning",
    "A reference names something that the document does not contain; the journey was left out.",
    "Add what is missing, or correct the reference.",
)
LINE_UNKNOWN = declare_notice(
    "txc_unknown_line",
    "info",
    "The journey names no line, or one its service does not have; it was given to the service's first line.",
    "Correct LineRef.",
)
OPERATOR_UNKNOWN = declare_notice(
    "txc_unknown_operator",
    "warning",
    "The journey names no operator, or one that the document does not describe; the reference stands for its name.",
    "Add the operator to Operators.",
)
ID_REPEATED = declare_notice(
    "txc_id_repeated",
    "warning",
    "Two elements of one kind have the same identifier; the first counts (of vehicle journeys both).",
    "Give each an identifier of its own.",
)
VALUE_UNREADABLE = declare_notice(
    "txc_value_unreadable",
    "warning",
    "A date, time, duration or number cannot be read; what depends on it was left out.",
    "Dates are YYYY-MM-DD, times HH:MM:SS, durations such as PT5M.",
)
TIME_BACKWARD = declare_notice(
    "txc_time_backward",
    "warning",
    "A run time or wait is negative or unreadable, so that times would go backward; the journey was left out.",
    "Correct RunTime and WaitTime.",
)
LINKS_BROKEN = declare_notice(
    "txc_links_broken",
    "warning",
    "A timing link begins at another stop than the one before ends at; both stops are called at, one after the other.",
    "Correct the journey pattern.",
)
JOURNEY_TOO_SHORT = declare_notice(
    "txc_journey_too_short",
    "warning",
    "Fewer than two calls are left of the journey once stops that are passed are taken away; it was left out.",
    "Correct the journey pattern.",
)
PATTERN_TOO_LONG = declare_notice(
    "txc_pattern_too_long",
    "warning",
    "The journey pattern has more timing links than any timetable; its journeys were left out.",
    "Correct the pattern's references to sections.",
)
CALL_PASSED = declare_notice(
    "txc_call_passed",
    "info",
    "The vehicle passes this stop without calling; it is no call of the journeys of this pattern.",
    "None needed.",
)
ACTIVITY_UNKNOWN = declare_notice(
    "txc_activity_unknown",
    "warning",
    "Activity is not pickUp, setDown, pickUpAndSetDown or pass; it was taken as pickUpAndSetDown.",
    "Correct Activity.",
)
DAYS_UNSTATED = declare_notice(
    "txc_days_unstated",
    "warning",
    "No operating profile says on which days the journey runs; it was taken to run Monday to Friday.",
    "Add an OperatingProfile to the service or the journey.",
)
DAYS_EMPTY = declare_notice(
    "txc_days_of_week_empty",
    "info",
    "DaysOfWeek names no day; it was taken as every day, as the schema defines.",
    "Name the days.",
)
DAY_NAME_UNKNOWN = declare_notice(
    "txc_day_name_unknown",
    "warning",
    "The schema has no day or bank holiday of this name; it was ignored.",
    "Use a name of the schema, or OtherPublicHoliday with a date.",
)
PROFILE_INHERITED = declare_notice(
    "txc_profile_inherited",
    "info",
    "The journey's own operating profile lacks elements that its pattern's or service's has; those were taken over.",
    "State them again in the journey's profile if they are not meant to hold.",
)
ORGANISATION_UNKNOWN = declare_notice(
    "txc_organisation_unknown",
    "warning",
    "The serviced organisation is not described, or has no dates; it was taken to work every day and have no holidays.",
    "Add the organisation's working days and holidays.",
)
ORGANISATION_COMPLEMENT = declare_notice(
    "txc_organisation_complement",
    "info",
    "The organisation has only holidays where working days are asked for, or the reverse; all other days were taken.",
    "Give both.",
)
PERIOD_OPEN = declare_notice(
    "txc_period_open",
    "info",
    "The service's operating period has no end; dates were given up to a year after the snapshot's date.",
    "None needed; later dates need a newer snapshot.",
)
PERIOD_CLIPPED = declare_notice(
    "txc_period_clipped",
    "info",
    "The service's operating period starts before 1970 or ends more than a year after the snapshot's date; "
    "dates beyond were left out.",
    "None needed; later dates need a newer snapshot.",
)
SNAPSHOT_DATE_ASSUMED = declare_notice(
    "txc_snapshot_date_assumed",
    "info",
    "No date of the snapshot was given; the document's own latest date of change or start was taken instead.",
    "Give the date of the snapshot (as_of).",
)
PERIOD_UNUSABLE = declare_notice(
    "txc_period_unusable",
    "warning",
    "The service has no start date, starts after 2100 or ends before it starts; its journeys were left out.",
    "Correct OperatingPeriod.",
)
JOURNEY_WITHOUT_DATES = declare_notice(
    "txc_journey_without_dates",
    "info",
    "The journey runs on no date at all; it was left out.",
    "Check its days, holidays and the operating period if it is meant to run.",
)
FREQUENCY_UNUSABLE = declare_notice(
    "txc_frequency_unusable",
    "warning",
    "A frequency has no end or an interval that is zero, negative or unreadable; only its first departure was taken.",
    "Give EndTime and an interval above zero.",
)
FREQUENCY_EXPANDED = declare_notice(
    "txc_frequency_expanded",
    "info",
    "The journey is filed as a frequency; a departure was set at each interval up to and including its end.",
    "Bear in mind that actual departures may lie between.",
)
FLEXIBLE_APART = declare_notice(
    "txc_flexible_service",
    "info",
    "The service runs on demand; it has no fixed trips and was kept apart.",
    "None needed.",
)
REVISION_SUPERSEDED = declare_notice(
    "txc_revision_superseded",
    "info",
    "A higher revision of the same service and line is valid on dates of this document; on those it does not count.",
    "None needed.",
)
REVISION_EQUAL = declare_notice(
    "txc_revision_equal",
    "info",
    "Several documents of one revision hold journeys of the same service and line on the same dates; all count.",
    "None needed if they complement one another; else remove one.",
)
NOT_PUBLIC = declare_notice(
    "txc_not_public",
    "info",
    "The service is marked as not for public use (PublicUse false); its journeys were left out.",
    "None needed.",
)
MODE_UNKNOWN = declare_notice(
    "txc_mode_unknown",
    "warning",
    "The schema has no such mode of transport; the service counts as bus.",
    "Correct Mode.",
)
STOP_UNKNOWN = declare_notice(
    "txc_stop_not_in_naptan",
    "warning",
    "The stop is not in the NaPTAN file; the location in the timetable was used where it has one.",
    "Give a NaPTAN file of the time of the timetable.",
)
STOP_ABROAD = declare_notice(
    "txc_stop_outside_britain",
    "info",
    "The stop lies outside Britain and Northern Ireland.",
    "None needed.",
)
