"""Every kind of notice this room gives, and how rows of a table become notices."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.base.notices import MAX_EXAMPLES, NoticeCode, Notices, declare_notice

FILE_NESTED = declare_notice(
    "gtfs_files_nested",
    "warning",
    "The timetable's files lie in a folder inside the archive instead of at its top.",
    "Nothing need be done; ask the publisher to put the files at the top.",
)
FILE_ENCODING = declare_notice(
    "gtfs_not_utf8",
    "warning",
    "The file is not UTF-8 as GTFS demands; it was read as Windows-1252, so that accents may be wrong.",
    "Save the file as UTF-8.",
)
ROW_TOO_LONG = declare_notice(
    "gtfs_row_too_long",
    "warning",
    "The row has more fields than the header; the surplus was ignored.",
    "Put fields that contain a comma between quotation marks.",
)
ROW_REPEATED = declare_notice(
    "gtfs_row_repeated",
    "warning",
    "The row repeats an earlier row of the same identifier word for word; it counts once.",
    "Remove the repetition.",
)
ROW_WITHOUT_ID = declare_notice(
    "gtfs_row_without_id",
    "warning",
    "A field that identifies the row is blank; the row was skipped.",
    "Fill the field in.",
)
CALENDAR_ROW_UNREADABLE = declare_notice(
    "gtfs_calendar_row_unreadable",
    "warning",
    "A day flag, date or exception type of this row cannot be read; the row was skipped.",
    "Dates are YYYYMMDD, day flags 0 or 1, exception types 1 or 2.",
)
CALENDAR_CONTRADICTION = declare_notice(
    "gtfs_calendar_contradiction",
    "warning",
    "calendar_dates.txt both adds and removes a service on the same date; it was taken not to run.",
    "Remove one of the two rows.",
)
CALENDAR_CLIPPED = declare_notice(
    "gtfs_calendar_clipped",
    "info",
    "The service claims to run before 1970 or after 2100; dates beyond were left out.",
    "Nothing need be done unless such dates are to be analysed.",
)
SERVICE_WITHOUT_DATES = declare_notice(
    "gtfs_service_without_dates",
    "info",
    "The service runs on no date at all; its trips were left out.",
    "Check the service's calendar rows if it is meant to run.",
)
UNKNOWN_REFERENCE = declare_notice(
    "gtfs_unknown_reference",
    "warning",
    "The row refers to an identifier that its own file does not contain; the row was skipped.",
    "Add the missing row to that file, or remove this one.",
)
UNKNOWN_OPERATOR = declare_notice(
    "gtfs_unknown_operator",
    "warning",
    "The route names no operator, or one that agency.txt does not contain.",
    "Add the operator to agency.txt, or correct agency_id.",
)
UNKNOWN_PARENT = declare_notice(
    "gtfs_unknown_parent_station",
    "warning",
    "The stop's parent station is not in stops.txt; the stop was kept without it.",
    "Add the station, or clear parent_station.",
)
TIMEZONES_DIFFER = declare_notice(
    "gtfs_timezones_differ",
    "warning",
    "Operators of one feed give different time zones; all times were read in the one most of them give.",
    "Split the feed by time zone.",
)
ROUTE_TYPE_UNKNOWN = declare_notice(
    "gtfs_route_type_unknown",
    "warning",
    "route_type is blank or not one that GTFS defines; the route counts as mode 'other'.",
    "Correct route_type (3 is bus, 2 rail, 200 coach).",
)
STOP_NOT_LOCATED = declare_notice(
    "stop_not_located",
    "warning",
    "The stop has no usable coordinates (blank, 0,0 or out of range): nobody can walk to or from it.",
    "Correct stop_lat and stop_lon.",
)
STOP_TAKES_PARENT_LOCATION = declare_notice(
    "gtfs_stop_takes_parent_location",
    "info",
    "The stop has no coordinates of its own and was put at its parent station.",
    "Fill in stop_lat and stop_lon.",
)
STOP_UNUSED = declare_notice(
    "gtfs_stop_unused",
    "info",
    "No trip calls at these stops; they were left out.",
    "Nothing need be done.",
)
CALL_AT_STATION = declare_notice(
    "gtfs_call_at_station",
    "info",
    "A trip calls at a station, entrance or other place that is not a platform; it was taken as a stop.",
    "Refer to the platform in stop_times.txt.",
)
TRIP_TIME_UNREADABLE = declare_notice(
    "gtfs_time_unreadable",
    "warning",
    "The time cannot be read; the whole trip was left out.",
    "Write times as HH:MM:SS; hours may exceed 24.",
)
TRIP_SEQUENCE_UNREADABLE = declare_notice(
    "gtfs_stop_sequence_unreadable",
    "warning",
    "stop_sequence is not a whole number from 0 up; the whole trip was left out.",
    "Number the calls of each trip.",
)
TRIP_SEQUENCE_REPEATED = declare_notice(
    "gtfs_stop_sequence_repeated",
    "warning",
    "Two calls of one trip have the same stop_sequence, so that their order is unknown; the trip was left out.",
    "Number the calls of each trip without repetition.",
)
TRIP_ENDS_BLANK = declare_notice(
    "gtfs_trip_ends_blank",
    "warning",
    "The first or last call of the trip has no time; the trip was left out.",
    "Give times at least for the first and last call.",
)
TRIP_BACKWARD = declare_notice(
    "gtfs_trip_backward",
    "warning",
    "The trip's times go backward at this call; the trip was left out.",
    "Correct the times; after midnight hours go on from 24:00:00.",
)
TRIP_TOO_SHORT = declare_notice(
    "gtfs_trip_too_short",
    "warning",
    "Fewer than two usable calls are left of the trip; it was left out.",
    "Add the missing calls, or remove the trip.",
)
TIMES_INTERPOLATED = declare_notice(
    "gtfs_times_interpolated",
    "info",
    "Calls without a time were given one by interpolation between their timed neighbours.",
    "Nothing need be done; times between timing points are estimates.",
)
PICKUP_UNREADABLE = declare_notice(
    "gtfs_pickup_unreadable",
    "warning",
    "pickup_type or drop_off_type is not 0, 1, 2 or 3; it was taken as regular service.",
    "Correct the field.",
)
PICKUP_ON_REQUEST = declare_notice(
    "gtfs_pickup_on_request",
    "info",
    "Boarding or alighting must be arranged by telephone; it was taken as available.",
    "Bear in mind that such calls need booking.",
)
FREQUENCY_ROW_UNREADABLE = declare_notice(
    "gtfs_frequency_row_unreadable",
    "warning",
    "Start, end or headway of this row cannot be used; the row was skipped.",
    "start_time must lie before end_time, and headway_secs be a whole number above 0.",
)
FREQUENCY_OVERLAP = declare_notice(
    "gtfs_frequency_overlap",
    "warning",
    "Two frequency rows make the trip depart twice at the same second; it departs once.",
    "Let the periods of one trip follow one another.",
)
FREQUENCY_INEXACT = declare_notice(
    "gtfs_frequency_inexact",
    "info",
    "The trip runs at a headway without fixed times; departures were set at start_time and every headway after it.",
    "Bear in mind that actual departures may lie between.",
)
TRANSFER_NOT_USED = declare_notice(
    "gtfs_transfer_not_used",
    "info",
    "Transfer rules for particular routes or trips, and staying in the vehicle (types 4 and 5), are not used.",
    "Nothing need be done.",
)
TRANSFER_UNREADABLE = declare_notice(
    "gtfs_transfer_unreadable",
    "warning",
    "The transfer's type or minimum time cannot be read; the row was skipped.",
    "transfer_type is 0 to 5; type 2 needs min_transfer_time in seconds.",
)
TRANSFER_CONTRADICTION = declare_notice(
    "gtfs_transfer_contradiction",
    "warning",
    "Several rows rule the same transfer; the strictest holds (forbidden, then the longest minimum time).",
    "Keep one row for each pair of stops.",
)
DUPLICATE_TRIPS = declare_notice(
    "timetable_duplicate_trips",
    "info",
    "The same journey was listed more than once (stops, times, route and operator equal) and counts once.",
    "Nothing need be done.",
)


class FeedNotices(Notices):
    """Passes notices on with the feed's name before the name of each file (``bus.zip:stops.txt``).

    Parameters
    ----------
    inner
        The collector that keeps them.
    archive
        File name of the feed.
    """

    def __init__(self, inner: Notices, archive: str) -> None:
        super().__init__(strict=inner.strict)
        self._inner = inner
        self._archive = archive

    def add(
        self,
        code: NoticeCode,
        *,
        file: str | Path = "",
        row: int | None = None,
        field: str = "",
        value: object = "",
        count: int = 1,
        detail: str = "",
    ) -> None:
        """Note one place; see :meth:`pipeline.base.notices.Notices.add`."""
        name = f"{self._archive}:{file}" if file else self._archive
        self._inner.add(code, file=name, row=row, field=field, value=value, count=count, detail=detail)


def add_rows(
    notices: Notices,
    code: NoticeCode,
    rows: pl.DataFrame,
    *,
    file: str,
    field: str = "",
    value: str = "",
    detail: str = "",
) -> None:
    """Note every row of a table: examples one by one up to the cap, the rest as a count.

    Parameters
    ----------
    notices
        The collector.
    code
        The kind of notice.
    rows
        Table with a column ``row`` (line of the file), in any order.
    file
        Name of the file.
    field
        Field concerned.
    value
        Name of the column whose value is shown (``field`` where not given).
    detail
        Name of a column with the text of the detail.
    """
    if rows.is_empty():
        return
    value = value or field
    wanted = ["row", *[name for name in (value, detail) if name in rows.columns]]
    shown = rows.select(*dict.fromkeys(wanted)).sort("row").head(MAX_EXAMPLES)
    for record in shown.iter_rows(named=True):
        notices.add(
            code,
            file=file,
            row=record["row"],
            field=field,
            value=record.get(value) or "",
            detail=record.get(detail) or "",
        )
    if rows.height > shown.height:
        notices.add(code, file=file, field=field, count=rows.height - shown.height)


FEED_IDLE = declare_notice(
    "feed_without_service_on_date",
    "warning",
    "One of the timetables has no trip at all on the date, while others have.",
    "Right if nothing ran; if the timetable merely does not cover the date, choose another date or another timetable.",
)
