"""Every kind of notice that reading ATCO-CIF gives."""

from __future__ import annotations

from pipeline.base.notices import declare_notice

RECORD_SKIPPED = declare_notice(
    "cif_record_skipped",
    "info",
    "Records of this type say nothing about which journey calls where and when; they were not used.",
    "Nothing need be done.",
)
RECORD_UNKNOWN = declare_notice(
    "cif_record_unknown",
    "warning",
    "The specification defines no record of this type; it was skipped.",
    "Check that the file is ATCO-CIF and was not cut or edited.",
)
FILE_SKIPPED = declare_notice(
    "cif_file_skipped",
    "warning",
    "The file does not begin with ATCO-CIF; it was not read.",
    "Take it out of the archive or folder, or give it on its own if it is a timetable of another format.",
)
VERSION_UNKNOWN = declare_notice(
    "cif_version_unknown",
    "warning",
    "The header states another version than 5; it was read as version 5.",
    "Compare some journeys with another source.",
)
NOT_ASCII = declare_notice(
    "cif_not_utf8",
    "info",
    "The file is not UTF-8; its texts were read as Windows-1252.",
    "Nothing need be done.",
)
JOURNEY_UNREADABLE = declare_notice(
    "cif_journey_unreadable",
    "warning",
    "A journey header's dates, days of the week or operator cannot be read; the journey was left out.",
    "Dates are YYYYMMDD, days seven digits 0 or 1.",
)
JOURNEY_INCOMPLETE = declare_notice(
    "cif_journey_incomplete",
    "warning",
    "The journey does not run from one origin (QO) to one terminus (QT); it was left out.",
    "The file may have been cut short.",
)
CALL_WITHOUT_JOURNEY = declare_notice(
    "cif_call_without_journey",
    "warning",
    "A call, note or exception stands before any journey header; it was skipped.",
    "The file may have been put together from parts.",
)
TIME_UNREADABLE = declare_notice(
    "cif_time_unreadable",
    "warning",
    "A time of the journey is not four digits HHMM; the journey was left out.",
    "Correct the time.",
)
TIME_BACKWARD = declare_notice(
    "cif_time_backward",
    "warning",
    "A time lies up to twelve hours before the one above it, which is not midnight passing; the journey was left out.",
    "Correct the times, or the order of the calls.",
)
ACTIVITY_UNKNOWN = declare_notice(
    "cif_activity_unknown",
    "warning",
    "The activity is none of B (both), P (pick up), S (set down) and N (neither); it was taken as both.",
    "Correct the activity.",
)
CALL_PASSED = declare_notice(
    "cif_call_passed",
    "info",
    "Nobody may get on or off at this call (activity N); it was left out of the journey.",
    "Nothing need be done.",
)
EXCEPTION_UNREADABLE = declare_notice(
    "cif_exception_unreadable",
    "warning",
    "The dates or the operation code of an exception (QE) cannot be read; it was skipped.",
    "Dates are YYYYMMDD, the code 0 (does not run) or 1 (runs).",
)
EXCEPTION_CONTRADICTION = declare_notice(
    "cif_exception_contradiction",
    "warning",
    "Exceptions of one journey both add and remove the same date; it was taken not to run.",
    "Remove one of the two.",
)
HOLIDAY_UNREADABLE = declare_notice(
    "cif_holiday_unreadable",
    "warning",
    "A bank holiday record (QH) holds no date; it was skipped.",
    "Dates are YYYYMMDD.",
)
TERM_ASSUMED = declare_notice(
    "cif_term_assumed",
    "info",
    "The journey runs in school terms only, or in school holidays only, and the format holds no term dates: every day "
    "counts as term except those on which practically all schools of the nation are closed.",
    "Bear in mind that local half-terms and Easter holidays are counted as term.",
)
TERM_CODE_DIGIT = declare_notice(
    "cif_term_code_digit",
    "info",
    "The school term indicator is a digit, which the specification does not define: 0 was read as blank, 1 as S "
    "(school terms only).",
    "Bear this in mind where such journeys matter.",
)
CODE_UNKNOWN = declare_notice(
    "cif_day_code_unknown",
    "warning",
    "The school term or bank holiday indicator is not one the specification defines; it was read as blank.",
    "School terms: S, H or blank; bank holidays: A, B, X or blank.",
)
END_OPEN = declare_notice(
    "cif_end_open",
    "info",
    "The journey has no last date (or one more than ten years ahead); it was taken to run until a year after the "
    "timetable's date.",
    "Nothing need be done.",
)
SERVICE_WITHOUT_DATES = declare_notice(
    "cif_journey_without_dates",
    "info",
    "The journey runs on no date at all; it was left out.",
    "Check its days and dates if it is meant to run.",
)
HANDOVER = declare_notice(
    "cif_handover_day",
    "info",
    "The last date of one timetable of a route is the first date of the next; on that day only the next one runs.",
    "Nothing need be done.",
)
TRANSACTION_APPLIED = declare_notice(
    "cif_transaction_applied",
    "info",
    "The record deletes or revises a journey given earlier; that journey was taken out.",
    "Nothing need be done.",
)
TRANSACTION_UNMATCHED = declare_notice(
    "cif_transaction_unmatched",
    "warning",
    "The record deletes or revises a journey, but no single earlier journey fits it; nothing was taken out.",
    "Give a full set of files rather than changes to one.",
)
REPETITION_UNREADABLE = declare_notice(
    "cif_repetition_unreadable",
    "warning",
    "A repetition (QR) names a place that the journey does not call at, or no time; it was skipped.",
    "Correct the record.",
)
STOP_UNPLACED = declare_notice(
    "cif_stop_not_in_file",
    "info",
    "The file gives no coordinates for the stop; those of NaPTAN were taken where it has them.",
    "Nothing need be done.",
)
SCALE_FOUND = declare_notice(
    "cif_grid_scaled",
    "info",
    "The grid references of these locations are not in metres; the unit was found from their size.",
    "Look at some stops on a map.",
)
GRID_UNREADABLE = declare_notice(
    "cif_grid_unreadable",
    "warning",
    "The grid reference of a location is no number, or lies off the grid in the file's own unit; it was not used.",
    "Correct the grid reference.",
)
GRID_DISAGREES = declare_notice(
    "cif_grid_disagrees",
    "warning",
    "Most stops lie more than 5 km from where NaPTAN puts them, so that the file's grid references (leading digits "
    "dropped, or another grid) were not used at all.",
    "Check the unit and the grid of the file's locations.",
)
