"""ATCO-CIF: dates by days, codes and exceptions; midnight; places in several units; what is doubtful is noted."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.model import SCHEMAS, Timetable
from pipeline.timetables.naptan import STOPS as GAZETTEER_COLUMNS
from pipeline.timetables.naptan import Gazetteer
from pipeline.timetables.read_atco_cif import read_atco_cif
from tests.support.cif import A_AND_B, journey, location, write_cif

AB = [("A", "0800"), ("B", "0830")]
MONDAY = date(2010, 10, 4)


def _read(path: Path, notices: Notices | None = None, **options: object) -> Timetable:
    return read_atco_cif(path, feed="x", notices=notices or Notices(), **options)  # type: ignore[arg-type]


def _dates(timetable: Timetable) -> list[date]:
    return timetable.service_dates["date"].sort().to_list()


def _calls(timetable: Timetable) -> list[tuple[str, int, int]]:
    table = timetable.stop_times.join(timetable.stops, on="stop_index", maintain_order="left")
    return table.select(pl.col("stop_id").str.slice(2), "arrival_s", "departure_s").rows()


# --- journeys ---------------------------------------------------------------------------------------------------------


def test_a_journey_becomes_a_trip_with_operator_route_direction_and_calls(tmp_path: Path) -> None:
    path = write_cif(
        tmp_path,
        *location("M", "Middle", 350500, 250200),
        *A_AND_B,
        f"QPN{'OPA':<4}{'Alder Buses':<24}{'Alder Bus Company Ltd':<48}",
        f"QDN{'OPA':<4}{'12':<4}O{'Alpha - Beta':<68}",
        *journey([("A", "0800"), ("M", "08100812"), ("B", "0830")], direction="I"),
    )
    timetable = _read(path)
    assert _calls(timetable) == [("A", 28_800, 28_800), ("M", 29_400, 29_520), ("B", 30_600, 30_600)]
    route = timetable.routes.row(0, named=True)
    assert (route["route_short_name"], route["route_long_name"], route["operator_name"], route["mode"]) == (
        "12",
        "Alpha - Beta",
        "Alder Buses",
        "bus",
    )
    trip = timetable.trips.row(0, named=True)
    assert (trip["direction_id"], trip["headsign"]) == (1, "Beta")
    assert timetable.timezone == "Europe/London"
    assert {name: getattr(timetable, name).schema for name in SCHEMAS} == {
        name: pl.Schema(schema) for name, schema in SCHEMAS.items()
    }


def test_a_coach_is_known_by_its_vehicle_type(tmp_path: Path) -> None:
    path = write_cif(
        tmp_path, *A_AND_B, f"QVN{'C1':<8}{'Luxury coach':<24}", *journey(AB, vehicle="C1"), *journey(AB, route="13")
    )
    assert _read(path).routes.select("route_short_name", "mode").rows() == [("12", "coach"), ("13", "bus")]


def test_a_low_floor_note_makes_a_trip_accessible(tmp_path: Path) -> None:
    note = "ZNFA   Journey is run by a low floor bus"
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, after_header=[note]), *journey(AB, key="000002"))
    assert _read(path).trips["wheelchair_accessible"].to_list() == [1, 0]


@pytest.mark.parametrize(
    ("times", "expected_min"),
    [
        (["2350", "23582359", "0010"], [1430, 1438, 1439, 1450]),
        (["2350", "23580002", "0010"], [1430, 1438, 1442, 1450]),
        (["2350", "24002400", "0001"], [1430, 1440, 1440, 1441]),
        (["2350", "24052405", "2410"], [1430, 1445, 1445, 1450]),
        (["2400", "00050005", "0010"], [1440, 1445, 1445, 1450]),
        (["2350", "00000000", "0010"], [1430, 1440, 1440, 1450]),
    ],
)
def test_times_go_on_past_midnight_however_they_are_written(
    tmp_path: Path, times: list[str], expected_min: list[int]
) -> None:
    stops = ["A", "M", "B"]
    path = write_cif(tmp_path, *A_AND_B, *location("M"), *journey(list(zip(stops, times, strict=True))))
    (_, _, leave), (_, reach, on), (_, arrive, _) = _calls(_read(path))
    assert [leave // 60, reach // 60, on // 60, arrive // 60] == expected_min


def test_a_journey_that_runs_backward_or_has_no_end_is_left_out_and_noted_by_row(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(
        tmp_path,
        "QI" + "stray",
        *A_AND_B,
        *journey(AB),
        *journey([("A", "0800"), ("M", "0900"), ("B", "0830")], key="back"),
        *journey(AB, key="cut")[:-1],
        *journey([("A", "0800"), ("B", "0860")], key="odd"),
        *journey(AB, key="days", days="11111x0"),
    )
    assert _read(path, notices).trips.height == 1
    frame = notices.to_frame()
    assert frame.loc[frame["severity"] == "warning", ["code", "row"]].to_numpy().tolist() == [
        ["cif_call_without_journey", 2],
        ["cif_journey_incomplete", 14],
        ["cif_journey_unreadable", 19],
        ["cif_time_backward", 13],
        ["cif_time_unreadable", 18],
    ]


def test_calls_for_picking_up_or_setting_down_only(tmp_path: Path) -> None:
    lines = journey([("A", "0800"), *[(stop, "0810") for stop in "CDEFG"], ("B", "0830")])
    codes = dict(zip("CDEF", "PSNT", strict=True))
    lines = [line.replace("B   T1", f"{codes[line[2]]}   T1") if line[2] in codes else line for line in lines]
    place = next(at for at, line in enumerate(lines) if line.startswith("QIG"))
    lines.insert(place + 1, "QN     Pick up only.")
    notices = Notices()
    timetable = _read(write_cif(tmp_path, *A_AND_B, *lines), notices)
    rules = timetable.stop_times.join(timetable.stops, on="stop_index", maintain_order="left")
    assert rules.select(pl.col("stop_id").str.slice(2), "is_pickup", "is_dropoff").rows() == [
        ("A", True, True),
        ("C", True, False),
        ("D", False, True),
        ("F", True, True),
        ("G", True, False),
        ("B", True, True),
    ]
    assert {"cif_call_passed", "cif_activity_unknown"} <= set(notices.counts())


def test_a_repetition_is_a_journey_of_its_own(tmp_path: Path) -> None:
    notices = Notices()
    repeats = [f"QR{'A':<12}0900000002{'':<14}", f"QR{'Q':<12}0930000003{'':<14}"]
    timetable = _read(write_cif(tmp_path, *A_AND_B, *journey(AB), *repeats), notices)
    assert [leave for stop, _, leave in _calls(timetable) if stop == "A"] == [8 * 3600, 9 * 3600]
    assert timetable.service_dates["service_index"].n_unique() == 1
    assert notices.counts()["cif_repetition_unreadable"] == 1


def test_later_records_delete_or_revise_earlier_ones(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(
        tmp_path,
        *A_AND_B,
        *journey(AB, key="gone"),
        *journey(AB, key="moved"),
        *journey(AB, key="kept"),
        *journey([], key="gone", transaction="D"),
        *journey([("A", "0900"), ("B", "0930")], key="moved", transaction="R"),
        *journey([], key="other", transaction="D"),
    )
    timetable = _read(path, notices)
    assert sorted(leave // 3600 for stop, _, leave in _calls(timetable) if stop == "A") == [8, 9]
    assert notices.counts()["cif_transaction_applied"] == 2
    assert notices.counts()["cif_transaction_unmatched"] == 1


# --- dates ------------------------------------------------------------------------------------------------------------


def test_days_of_the_week_hold_between_first_and_last_date(tmp_path: Path) -> None:
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, first="20101005", last="20101012", days="1000011"))
    assert _dates(_read(path)) == [date(2010, 10, 9), date(2010, 10, 10), date(2010, 10, 11)]


def test_exceptions_that_remove_win_over_those_that_add(tmp_path: Path) -> None:
    notices = Notices()
    exceptions = ["QE20101005201010060", "QE20101006201010061", "QE20101009201010091", "QE2010101220101012x"]
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, last="20101008", after_header=exceptions))
    assert _dates(_read(path, notices)) == [date(2010, 10, day) for day in (4, 7, 8, 9)]
    assert notices.counts()["cif_exception_contradiction"] == 1
    assert notices.counts()["cif_exception_unreadable"] == 1


def test_a_period_added_means_the_days_of_the_week_that_the_journey_has(tmp_path: Path) -> None:
    later = ["QE20101018201010311"]  # two weeks, of which only Saturdays are the journey's
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, last="20101010", days="0000010", after_header=later))
    assert _dates(_read(path)) == [date(2010, 10, 9), date(2010, 10, 23), date(2010, 10, 30)]


def test_a_service_may_run_on_exceptions_only(tmp_path: Path) -> None:
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, days="0000000", after_header=["QE20101004201010061"]))
    assert _dates(_read(path)) == [date(2010, 10, day) for day in (4, 5, 6)]


@pytest.mark.parametrize(
    ("days", "bank", "expected"),
    [
        # Monday 27 and Tuesday 28 December 2010 were the bank holidays for Christmas and Boxing Day.
        ("1111100", " ", [20, 21, 22, 23, 24, 27, 28, 29, 30, 31]),
        ("1111100", "X", [20, 21, 22, 23, 24, 29, 30, 31]),
        ("0000000", "A", [25, 26, 27, 28]),
        ("0010000", "A", [22, 25, 26, 27, 28, 29]),
        ("1111111", "B", [25, 26, 27, 28]),
        ("1000000", "B", [27]),
        ("0000000", "B", [25, 26, 27, 28]),
    ],
)
def test_bank_holiday_codes(tmp_path: Path, days: str, bank: str, expected: list[int]) -> None:
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, first="20101220", last="20101231", days=days, bank=bank))
    assert [day.day for day in _dates(_read(path))] == expected


def test_bank_holidays_are_those_of_the_nation_or_of_the_file(tmp_path: Path) -> None:
    # The Monday after 2 January is one in Scotland only: 3 January 2011 stands for New Year's Day in England too,
    # so Tuesday 4 January tells them apart.
    lines = journey(AB, first="20110103", last="20110105", bank="X")
    path = write_cif(tmp_path, *A_AND_B, *lines)
    assert _dates(_read(path)) == [date(2011, 1, 4), date(2011, 1, 5)]
    assert _dates(_read(path, nation="scotland")) == [date(2011, 1, 5)]
    path = write_cif(tmp_path, *A_AND_B, "QH20110105", *lines)
    assert _dates(_read(path)) == [date(2011, 1, 3), date(2011, 1, 4)]


@pytest.mark.parametrize(
    ("term", "expected"), [("S", [31]), ("H", [30]), (" ", [30, 31]), ("1", [31]), ("0", [30, 31])]
)
def test_only_days_when_all_schools_are_closed_count_as_holidays(
    tmp_path: Path, term: str, expected: list[int]
) -> None:
    # 31 August stands here for the first day after the summer: the assumed holidays end on it, so shift by a day.
    first, last = date(2010, 8, 31), date(2010, 9, 1)
    lines = journey(AB, first=f"{first:%Y%m%d}", last=f"{last:%Y%m%d}", term=term)
    notices = Notices()
    dates = [(day - timedelta(days=1)).day for day in _dates(_read(write_cif(tmp_path, *A_AND_B, *lines), notices))]
    assert dates == expected
    assert ("cif_term_assumed" in notices.counts()) == (term in "SH1")
    assert ("cif_term_code_digit" in notices.counts()) == (term in "01")


@pytest.mark.parametrize("last", ["99999999", "00000000", "        ", "21991231"])
def test_an_open_end_is_a_year_after_the_date_of_file_or_snapshot_and_never_depends_on_today(
    tmp_path: Path, last: str
) -> None:
    notices = Notices()
    path = write_cif(tmp_path, *A_AND_B, *journey(AB, last=last, days="1111111"), made_on="20101001")
    assert max(_dates(_read(path, notices))) == date(2011, 10, 1)
    assert notices.counts()["cif_end_open"] == 1
    assert max(_dates(_read(path, as_of=date(2010, 10, 12)))) == date(2011, 10, 12)


def test_on_the_day_that_two_timetables_share_only_the_later_runs(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(
        tmp_path,
        *A_AND_B,
        *journey(AB, last="20101006"),
        *journey([("A", "0900"), ("B", "0930")], first="20101006", last="20101007"),
        # The other direction has no later timetable on that day, so it keeps the day.
        *journey([("B", "1000"), ("A", "1030")], last="20101006", direction="I"),
    )
    timetable = _read(path, notices)
    hours = {
        day: sorted(
            timetable.stop_times.filter(
                pl.col("trip_index").is_in(get_trips_on(timetable, MONDAY + timedelta(day))["trip_index"].implode())
                & (pl.col("position") == 0)
            )["departure_s"]
            // 3600
        )
        for day in (1, 2, 3)
    }
    assert hours == {1: [8, 10], 2: [9, 10], 3: [9]}
    assert notices.counts()["cif_handover_day"] == 1


# --- places -----------------------------------------------------------------------------------------------------------

BODMIN, STORNOWAY, DOVER = (207_000, 67_000), (142_300, 933_000), (631_900, 141_400)


@pytest.mark.parametrize(
    ("factor", "width"), [(1, "{}"), (1, "{:08d}"), (10, "{}"), (0.1, "{}"), (0.01, "{}"), (0.1, "{:08d}")]
)
@pytest.mark.parametrize("place", [BODMIN, STORNOWAY, DOVER])
def test_grid_references_in_metres_decimetres_tens_or_hundreds_come_to_one_place(
    tmp_path: Path, factor: float, width: str, place: tuple[int, int]
) -> None:
    east, north = (width.format(round(value * factor)) for value in place)
    path = write_cif(tmp_path, *location("A", "", *place), *journey([("A", "0800"), ("A", "0830")]), name="metres.cif")
    truth = _read(path).stops.row(0, named=True)
    path = write_cif(tmp_path, *location("A", "", east, north), *journey([("A", "0800"), ("A", "0830")]))
    notices = Notices()
    found = _read(path, notices).stops.row(0, named=True)
    assert (found["lon"], found["lat"]) == pytest.approx((truth["lon"], truth["lat"]), abs=1e-9)
    assert notices.counts().get("cif_grid_scaled", 0) == (1 if factor != 1 else 0)


def test_a_reference_that_does_not_fit_the_unit_of_its_file_is_not_used(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(
        tmp_path,
        *A_AND_B,
        *location("C", "", 3500000, 2500000),
        *journey([("A", "0800"), ("C", "0810"), ("B", "0820")]),
    )
    stops = _read(path, notices).stops
    assert stops["is_located"].to_list() == [True, True, False]
    assert notices.counts()["cif_grid_unreadable"] == 1
    assert notices.counts()["stop_not_located"] == 1


def _gazetteer(**places: tuple[float, float]) -> Gazetteer:
    rows = [(code, None, f"NaPTAN {code}", lon, lat, True) for code, (lon, lat) in places.items()]
    return Gazetteer(pl.DataFrame(rows, schema=GAZETTEER_COLUMNS, orient="row"))


def test_naptan_places_stops_that_the_file_does_not(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(tmp_path, *location("A", "Alpha", 350000, 250000), *journey(AB))
    stops = _read(path, notices, gazetteer=_gazetteer(A=(-2.732, 52.147), B=(-2.7, 52.1))).stops
    assert stops["stop_name"].to_list() == ["Alpha", "NaPTAN B"]
    assert stops["lon"][1] == -2.7
    assert stops["lon"][0] != -2.732
    assert notices.counts()["cif_stop_not_in_file"] == 1


def test_a_file_whose_places_all_contradict_naptan_is_not_believed(tmp_path: Path) -> None:
    # Leading digits of the grid dropped: 50000, 50000 reads as tens of metres, far away.
    notices = Notices()
    path = write_cif(tmp_path, *location("A", "", 50000, 50000), *location("B", "", 51000, 50500), *journey(AB))
    stops = _read(path, notices, gazetteer=_gazetteer(A=(-2.732, 52.147), B=(-2.717, 52.151))).stops
    assert stops["lon"].to_list() == [-2.732, -2.717]
    assert notices.counts()["cif_grid_disagrees"] == 2


def test_the_irish_grid_in_northern_ireland(tmp_path: Path) -> None:
    path = write_cif(tmp_path, *location("A", "Belfast", 333800, 374100), *journey([("A", "0800"), ("A", "0830")]))
    stop = _read(path, nation="northern_ireland").stops.row(0, named=True)
    assert (stop["lon"], stop["lat"]) == pytest.approx((-5.93, 54.6), abs=0.01)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_zip_of_zips_a_folder_and_the_files_give_the_same_timetable(tmp_path: Path) -> None:
    one = write_cif(tmp_path / "folder", *A_AND_B, *journey(AB), name="one.cif")
    two = write_cif(tmp_path / "folder" / "deep", *A_AND_B, *journey(AB, route="13"), name="two.CIF")
    (tmp_path / "folder" / "readme.txt").write_text("about these files")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(two, "two.CIF")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a/inner.zip", inner.getvalue())
        archive.write(one, "b/one.cif")
    notices = Notices()
    folder, zipped = _read(tmp_path / "folder", notices), _read(tmp_path / "all.zip", notices)
    assert folder.trips.height == 2
    for name in SCHEMAS:
        assert getattr(folder, name).equals(getattr(zipped, name)), name
    assert notices.counts() == {}


def test_the_order_of_records_does_not_matter(tmp_path: Path) -> None:
    parts = [journey(AB, key=f"{n:06d}", first=f"2010100{4 + n}") for n in range(3)] + [journey(AB, key="000001")]
    one = _read(write_cif(tmp_path, *A_AND_B, *[line for part in parts for line in part], name="one.cif"))
    two = _read(write_cif(tmp_path, *[line for part in parts[::-1] for line in part], *A_AND_B, name="two.cif"))
    for name in SCHEMAS:
        assert getattr(one, name).equals(getattr(two, name)), name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no ATCO-CIF file"),
        (b"<html>not found</html>", "no ATCO-CIF file"),
        (b"ATCO-CIF0500", "does not say when"),
        (b"ATCO-CIF0500" + b" " * 48 + b"20101001120000\r\n", "no usable trip"),
        (
            b"ATCO-CIF0500" + b" " * 48 + b"20101001120000\r\nQS\r\nQO\r\n\r\nQT\r\nQE\r\nQB\r\nQL\r\nQH\r\nQR",
            "no usable trip",
        ),
        (b"ATCO-CIF0500" + b" " * 48 + b"20101001120000\n\xff\xfe\x00QS\x01\x00", "no usable trip"),
    ],
)
def test_broken_files_are_errors_that_say_what_is_wrong(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.cif"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        _read(path)


def test_unknown_and_unused_records_are_counted(tmp_path: Path) -> None:
    notices = Notices()
    path = write_cif(tmp_path, *A_AND_B, "QCN1", "QCN2", "ZXsomething", "XXwhat", *journey(AB))
    _read(path, notices)
    frame = notices.to_frame()
    assert frame[["code", "value", "count", "row"]].to_numpy().tolist() == [
        ["cif_record_skipped", "QC", 2, 6],
        ["cif_record_skipped", "ZX", 1, 8],
        ["cif_record_unknown", "XX", 1, 9],
    ]
