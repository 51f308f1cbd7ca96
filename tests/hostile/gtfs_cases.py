"""GTFS archives with one defect each."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.case import Case, Noted, Rejected, Same
from tests.support.gtfs import DEFAULTS, build_gtfs, to_bytes

NORMAL = {name: to_bytes(content).decode() for name, content in DEFAULTS.items()}
NORMAL["trips"] += "R1,WE,T2\n"
NORMAL["calendar"] += "WE,0,0,0,0,0,1,1,20240101,20240331\n"
NORMAL["stop_times"] += "T2,09:00:00,09:00:00,S1,1\nT2,09:10:00,09:10:00,S2,2\nT2,09:20:00,09:20:00,S3,3\n"
"""A trip on weekdays, on which the defects are, and one at weekends."""


def swap(table: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """Return a table in which a text that stands there once is another."""
    assert NORMAL[table].count(old) >= 1, (table, old, NORMAL[table])
    return {table: NORMAL[table].replace(old, new, 1)}


def _case(name: str, files: dict[str, str | bytes | None], expected: Rejected | Noted | Same) -> Case:
    def build(folder: Path) -> None:
        build_gtfs(folder, **{**NORMAL, **files})  # type: ignore[arg-type]

    named = next((f"{table}.txt" for table in files), "") if isinstance(expected, Rejected) else ""
    return Case(f"gtfs-{name}", build, expected, "feed.zip", "timetable", named)


def _raw(table: str, data: bytes) -> dict[str, str | bytes | None]:
    return {table: data}


TIMES = NORMAL["stop_times"]
LATIN = NORMAL["stops"].replace("Stop 1", "Caf\xe9").encode("latin-1")
CASES = [
    # files
    _case("no-stops", {"stops": None}, Rejected("stops.txt")),
    _case("no-trips", {"trips": None}, Rejected("trips.txt")),
    _case("no-routes", {"routes": None}, Rejected("routes.txt")),
    _case("no-stop-times", {"stop_times": None}, Rejected("stop_times.txt")),
    _case("no-calendar-at-all", {"calendar": None}, Rejected("calendar")),
    _case("empty-stops", {"stops": ""}, Rejected("empty")),
    _case("empty-stop-times", {"stop_times": "\n\n"}, Rejected("empty")),
    _case("header-only-trips", {"trips": "route_id,service_id,trip_id\n"}, Rejected("")),
    _case("html-in-stops", {"stops": "<html><body>404</body></html>\n"}, Rejected("lacks the column", 1)),
    _case("utf16-stops", _raw("stops", NORMAL["stops"].encode("utf-16")), Rejected("UTF-16")),
    _case("utf16-without-mark", _raw("stops", NORMAL["stops"].encode("utf-16-le")), Rejected("byte of zero", 1)),
    _case("nul-in-row", swap("stops", "Stop 2", "Sto\x00p"), Rejected("byte of zero", 3)),
    _case("random-bytes-in-trips", _raw("trips", bytes(range(1, 256)) * 4), Rejected("")),
    _case("windows-1252", _raw("stops", LATIN), Noted("gtfs_not_utf8")),
    # shape of tables
    _case("byte-order-mark", _raw("stops", b"\xef\xbb\xbf" + NORMAL["stops"].encode()), Same()),
    _case("crlf", {"stops": NORMAL["stops"].replace("\n", "\r\n")}, Same()),
    _case("cr-only", {"stops": NORMAL["stops"].replace("\n", "\r")}, Same()),
    _case("no-last-line-end", {"stop_times": TIMES.rstrip("\n")}, Same()),
    _case("blank-lines", {"stops": NORMAL["stops"].replace("\n", "\n\n")}, Same()),
    _case("leading-blank-line", {"stops": "\n" + NORMAL["stops"]}, Same()),
    _case("spaces-around", {"stops": NORMAL["stops"].replace(",", " , ")}, Same()),
    _case("capital-header", {"stops": NORMAL["stops"].replace("stop_id", "STOP_ID")}, Same()),
    _case("quoted-header", {"stops": NORMAL["stops"].replace("stop_id", '"stop_id"')}, Same()),
    _case("quoted-cells", swap("stops", "S1,Stop 1", '"S1","Stop 1"'), Same()),
    _case("line-end-in-quotes", swap("stops", "Stop 4", '"Sto\np 4"'), Same()),
    _case("unknown-column", {"stops": NORMAL["stops"].replace("\n", ",x\n")}, Same()),
    _case("trailing-comma", {"stops": NORMAL["stops"].replace("\n", ",\n")}, Same()),
    _case("unclosed-quote", swap("stops", "Stop 1", '"Stop 1'), Rejected("never closed", 2)),
    _case("row-too-long", swap("stops", "51.520,-3.000", "51.520,-3.000,extra"), Noted("gtfs_row_too_long", 3)),
    _case(
        "row-too-short",
        swap("stop_times", "T1,08:10:00,08:10:00,S2,2", "T1,08:10:00"),
        Noted("gtfs_unknown_reference", 3),
    ),
    _case("column-twice", swap("stops", "stop_name", "stop_id"), Rejected("twice", 1, "stop_id")),
    _case(
        "column-missing", swap("stop_times", "stop_sequence", "order"), Rejected("lacks the column stop_sequence", 1)
    ),
    _case("semicolons", {"stops": NORMAL["stops"].replace(",", ";")}, Rejected("lacks the column", 1)),
    _case("ten-thousand-columns", {"stops": ",".join(f"c{n}" for n in range(200_000)) + "\n"}, Rejected("columns", 1)),
    _case("field-of-a-megabyte", swap("stops", "Stop 4", "x" * 1_000_000), Same()),
    _case("quoted-field-of-a-megabyte", swap("stops", "Stop 1", ' "' + "x" * 1_000_000 + '"'), Rejected("", 2)),
    # identifiers
    _case("stop-twice", swap("stops", "S2,Stop 2", "S1,Stop 2"), Rejected("S1", 3, "stop_id")),
    _case("trip-twice", {"trips": NORMAL["trips"] + "R1,OTHER,T1\n"}, Rejected("T1", 4, "trip_id")),
    _case("route-twice", {"routes": NORMAL["routes"] + "R1,OP1,2,,3\n"}, Rejected("R1", 3, "route_id")),
    _case("row-repeated", {"trips": NORMAL["trips"] + "R1,WK,T1\n"}, Noted("gtfs_row_repeated", 4)),
    _case("stop-without-id", swap("stops", "S4,Stop 4", ",Stop 4"), Noted("gtfs_row_without_id", 5)),
    _case("trip-of-unknown-route", {"trips": NORMAL["trips"] + "R9,WK,T9\n"}, Noted("gtfs_unknown_reference", 4)),
    _case("trip-of-unknown-service", {"trips": NORMAL["trips"] + "R1,XX,T9\n"}, Noted("gtfs_unknown_reference", 4)),
    _case("call-at-unknown-stop", swap("stop_times", "S2", "S9"), Noted("gtfs_unknown_reference", 3)),
    _case(
        "call-of-unknown-trip",
        {"stop_times": TIMES + "T9,08:00:00,08:00:00,S1,1\n"},
        Noted("gtfs_unknown_reference", 8),
    ),
    _case("route-of-unknown-agency", swap("routes", "R1,OP1", "R1,OP9"), Noted("gtfs_unknown_operator", 2)),
    _case(
        "id-like-number", {name: text.replace("S1", "0100") for name, text in NORMAL.items()}, Noted("gtfs_stop_unused")
    ),
    _case("id-na", {name: text.replace("S1", "NA") for name, text in NORMAL.items()}, Noted("gtfs_stop_unused")),
    _case("id-1e5", {name: text.replace("S1", "1e5") for name, text in NORMAL.items()}, Noted("gtfs_stop_unused")),
    _case("formula-as-name", swap("stops", "Stop 1", '"=HYPERLINK(""http://x"")"'), Noted("gtfs_stop_unused")),
    # times
    _case("time-in-words", swap("stop_times", "08:10:00,08:10:00", "ten,ten"), Noted("gtfs_time_unreadable", 3)),
    _case(
        "time-61-minutes",
        swap("stop_times", "08:10:00,08:10:00", "08:61:00,08:61:00"),
        Noted("gtfs_time_unreadable", 3),
    ),
    _case(
        "time-negative", swap("stop_times", "08:10:00,08:10:00", "-1:10:00,-1:10:00"), Noted("gtfs_time_unreadable", 3)
    ),
    _case(
        "time-enormous",
        swap("stop_times", "08:10:00,08:10:00", "9999999999:00:00,9999999999:00:00"),
        Noted("gtfs_time_unreadable", 3),
    ),
    _case("time-backward", swap("stop_times", "08:10:00,08:10:00", "07:10:00,07:10:00"), Noted("gtfs_trip_backward")),
    _case("time-blank", swap("stop_times", "08:10:00,08:10:00", ","), Noted("gtfs_times_interpolated")),
    _case("first-time-blank", swap("stop_times", "08:00:00,08:00:00", ","), Noted("gtfs_trip_ends_blank")),
    _case(
        "one-call",
        {"stop_times": "".join(line for at, line in enumerate(TIMES.splitlines(keepends=True)) if at not in {2, 3})},
        Noted("gtfs_trip_too_short"),
    ),
    _case("sequence-no-number", swap("stop_times", "S2,2", "S2,two"), Noted("gtfs_stop_sequence_unreadable", 3)),
    _case("sequence-negative", swap("stop_times", "S2,2", "S2,-2"), Noted("gtfs_stop_sequence_unreadable", 3)),
    _case(
        "sequence-enormous",
        swap("stop_times", "S2,2", "S2,99999999999999999999"),
        Noted("gtfs_stop_sequence_unreadable", 3),
    ),
    _case("sequence-twice", swap("stop_times", "S2,2", "S2,1"), Noted("gtfs_stop_sequence_repeated")),
    _case(
        "rows-shuffled",
        {"stop_times": "\n".join([TIMES.splitlines()[0], *reversed(TIMES.splitlines()[1:])]) + "\n"},
        Same(),
    ),
    # calendars
    _case("date-of-no-calendar", swap("calendar", "20240331", "20240231"), Noted("gtfs_calendar_row_unreadable", 2)),
    _case(
        "day-flag-7",
        {"calendar": NORMAL["calendar"] + "W2,7,1,1,1,1,0,0,20240101,20240331\n"},
        Noted("gtfs_calendar_row_unreadable", 4),
    ),
    _case("year-9999", swap("calendar", "20240331", "99991231"), Noted("gtfs_calendar_clipped", 2)),
    _case("ends-before-it-begins", swap("calendar", "20240331", "20231231"), Noted("gtfs_service_without_dates")),
    _case(
        "exception-type-5",
        {"calendar_dates": "service_id,date,exception_type\nWK,20240102,5\n"},
        Noted("gtfs_calendar_row_unreadable", 2),
    ),
    _case(
        "added-and-removed",
        {"calendar_dates": "service_id,date,exception_type\nWK,20240102,1\nWK,20240102,2\n"},
        Noted("gtfs_calendar_contradiction"),
    ),
    # places and rest
    _case("stop-at-zero", swap("stops", "51.520,-3.000", "0,0"), Noted("stop_not_located", 3)),
    _case("stop-without-place", swap("stops", "51.520,-3.000", ","), Noted("stop_not_located", 3)),
    _case("stop-at-nan", swap("stops", "51.520,-3.000", "nan,nan"), Noted("stop_not_located", 3)),
    _case("stop-beyond-the-pole", swap("stops", "51.520,-3.000", "95.0,-3.0"), Noted("stop_not_located", 3)),
    _case("stop-at-infinity", swap("stops", "51.520,-3.000", "inf,1e999"), Noted("stop_not_located", 3)),
    _case("comma-for-point", swap("stops", "51.520,-3.000", '"51,520","-3,0"'), Noted("stop_not_located", 3)),
    _case("route-type-unknown", swap("routes", ",3\n", ",99999\n"), Noted("gtfs_route_type_unknown", 2)),
    _case("timezone-unknown", swap("agency", "Europe/London", "Europe/Nowhere"), Rejected("Nowhere")),
    _case("timezone-path", swap("agency", "Europe/London", "../../etc/passwd"), Rejected("passwd")),
    _case(
        "headway-zero",
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nT1,08:00:00,09:00:00,0\n"},
        Noted("gtfs_frequency_row_unreadable", 2),
    ),
    _case(
        "headway-one-second-for-a-year",
        {"frequencies": "trip_id,start_time,end_time,headway_secs\nT1,00:00:00,8760:00:00,1\n"},
        Noted("gtfs_frequency_row_unreadable", 2),
    ),
    _case(
        "transfer-to-nowhere",
        {"transfers": "from_stop_id,to_stop_id,transfer_type\nS1,S9,2\n"},
        Noted("gtfs_unknown_reference", 2),
    ),
    _case(
        "transfer-of-minus-one",
        {"transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS1,S2,2,-1\n"},
        Noted("gtfs_transfer_unreadable", 2),
    ),
    _case(
        "terminal-escape-in-id",
        {"stop_times": TIMES + "\x1b[2J\x1b]0;x\x07,08:00:00,08:00:00,S1,1\n"},
        Noted("gtfs_unknown_reference", 8),
    ),
]
