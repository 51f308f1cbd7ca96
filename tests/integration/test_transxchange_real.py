"""Operators' TransXChange files: departures worked out by hand from the XML, and every file read without a crash.

Each expectation below was read off the file with a text editor: which journeys have a profile that fits the date, and
when they leave their first stop. The reasoning stands beside it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.model import Timetable
from pipeline.timetables.naptan import Gazetteer, read_naptan
from pipeline.timetables.read_transxchange import is_transxchange, read_transxchange


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "transxchange"


@pytest.fixture(scope="module")
def gazetteer(folder: Path) -> Gazetteer:
    return read_naptan(folder / "naptan-stops.csv", notices=Notices())


def _read(path: Path, gazetteer: Gazetteer, nation: str = "england") -> Timetable:
    return read_transxchange(path, feed="t", notices=Notices(), gazetteer=gazetteer, as_of=None, nation=nation)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def _departures(timetable: Timetable, day: date, line: str | None = None) -> list[str]:
    """Times at which the trips of a day leave their first stop, in order."""
    trips = get_trips_on(timetable, day).join(timetable.routes, on="route_index")
    if line is not None:
        trips = trips.filter(pl.col("route_short_name") == line)
    calls = timetable.stop_times.filter(pl.col("position") == 0).join(trips.select("trip_index"), on="trip_index")
    return [_clock(value) for value in sorted(calls["departure_s"].to_list())]


def _calls(timetable: Timetable, day: date, departure: str) -> list[tuple[str, str, str]]:
    """Stop, arrival and departure of the only trip of a day that leaves at a time."""
    trips = get_trips_on(timetable, day)
    calls = timetable.stop_times.filter(pl.col("trip_index").is_in(trips["trip_index"].implode()))
    calls = calls.join(timetable.stops, on="stop_index").sort("trip_index", "position")
    first = calls.group_by("trip_index", maintain_order=True).first()
    wanted = [row[0] for row in first.select("trip_index", "departure_s").rows() if _clock(row[1]) == departure]
    assert len(wanted) == 1
    rows = calls.filter(pl.col("trip_index") == wanted[0]).select("stop_id", "arrival_s", "departure_s").rows()
    return [(stop.removeprefix("t:"), _clock(arrival), _clock(left)) for stop, arrival, left in rows]


def test_line_c45_with_schools_and_colleges(folder: Path, gazetteer: Gazetteer) -> None:
    # Three journeys: T0-1 at 07:33 Monday to Friday except holidays of Sch; T0-2 at 16:15 on Mondays and T0-3 at
    # 16:42 on Tuesday to Friday except holidays of Coll, which is named but has no dates, so never rests. None runs
    # on AllBankHolidays. Period 27 January to 31 December 2020.
    timetable = _read(folder / "NW_06_2266_C45_1.xml", gazetteer)
    assert _departures(timetable, date(2020, 3, 3)) == ["07:33", "16:42"]  # a Tuesday in term
    assert _departures(timetable, date(2020, 3, 2)) == ["07:33", "16:15"]  # a Monday in term
    assert _departures(timetable, date(2020, 4, 7)) == ["16:42"]  # a Tuesday of the Easter holidays, 6 to 17 April
    assert _departures(timetable, date(2020, 3, 7)) == []  # a Saturday
    assert _departures(timetable, date(2020, 5, 8)) == []  # the early May holiday, moved to a Friday in 2020
    assert _departures(timetable, date(2020, 5, 4)) == ["07:33", "16:15"]  # the Monday on which it usually falls
    assert _departures(timetable, date(2020, 12, 28)) == []  # Monday in place of Boxing Day, a Saturday
    assert _departures(timetable, date(2020, 1, 24)) == []  # the Friday before the period


def test_line_348_of_an_archive(folder: Path, gazetteer: Gazetteer) -> None:
    # Four journeys Monday to Friday but not on Good Friday, Easter Monday, May Day, the spring and the late summer
    # holiday: 10:15 and 14:15 by a pattern of 3 + 1 + 1 + 1 + 3 minutes, 11:15 and 13:15 by one that ends with 4.
    timetable = _read(folder / "transxchange.zip", gazetteer)
    assert _departures(timetable, date(2020, 6, 2), "348") == ["10:15", "11:15", "13:15", "14:15"]  # a Tuesday
    assert _departures(timetable, date(2020, 6, 6), "348") == []  # a Saturday
    for day in (date(2020, 4, 10), date(2020, 4, 13), date(2020, 5, 8), date(2020, 5, 25), date(2020, 8, 31)):
        assert _departures(timetable, day, "348") == []
    only = timetable.trips.filter(pl.col("trip_id").str.contains("22-348-_-y08-3-[13]-T0"))["trip_index"].to_list()
    ends = timetable.stop_times.filter(pl.col("trip_index").is_in(only)).sort("trip_index", "position")
    times = [_clock(value) for value in ends["arrival_s"].to_list()]
    assert times[:6] == ["10:15", "10:18", "10:19", "10:20", "10:21", "10:24"]
    assert times[6:] == ["13:15", "13:18", "13:19", "13:20", "13:21", "13:25"]


def test_coach_uk021_filed_month_by_month(folder: Path, gazetteer: Gazetteer) -> None:
    # 36 journeys, each confined to some weeks by days of non-operation before and after. In July 2024 the four with
    # non-operation from 1 August: VJ30 05:00, VJ22 09:30, VJ18 12:40, VJ8 17:00. In August VJ31, VJ23, VJ16, VJ17, and
    # in September VJ32, VJ24, VJ1, VJ10 leave at the same times. Clocks of autumn: in December VJ20 06:00, VJ28
    # 10:30, VJ7 13:40, VJ14 18:00. No profile mentions bank holidays: all run, even at Christmas.
    timetable = _read(folder / "coach_operator.xml", gazetteer)
    summer = ["05:00", "09:30", "12:40", "17:00"]
    assert _departures(timetable, date(2024, 7, 16)) == summer  # a Tuesday
    assert _departures(timetable, date(2024, 9, 14)) == summer  # a Saturday
    assert _departures(timetable, date(2024, 8, 26)) == summer  # the late summer bank holiday
    assert _departures(timetable, date(2024, 12, 25)) == ["06:00", "10:30", "13:40", "18:00"]
    # Monday 30 and Tuesday 31 December have journeys of their own (VJ2, VJ15, VJ21, VJ36), at the same times.
    assert _departures(timetable, date(2024, 12, 31)) == ["06:00", "10:30", "13:40", "18:00"]
    # VJ18: 1 h 25 to the second stop, a wait of 5 minutes stated where the next link begins, 1 h 40, again 5 minutes,
    # 2 h 15, 20 and 15 minutes.
    assert [(arrival, left) for _, arrival, left in _calls(timetable, date(2024, 7, 16), "12:40")] == [
        ("12:40", "12:40"),
        ("14:05", "14:10"),
        ("15:50", "15:55"),
        ("18:10", "18:10"),
        ("18:30", "18:30"),
        ("18:45", "18:45"),
    ]
    assert timetable.routes.select("route_short_name", "mode", "operator_id").rows() == [("UK021", "coach", "FLIX")]


# fmt: off
WEEKDAY_T2 = [
    "06:10", "06:15", "06:15", "06:50", "07:05", "07:15", "07:30", "07:35", "08:00", "09:00", "09:05",
    "10:00", "11:05", "11:50", "13:15", "13:50", "14:05", "15:15", "15:30", "16:15", "17:20", "17:35",
    "18:00", "19:00", "19:35", "19:35", "19:35", "20:20", "21:00", "21:35", "22:25",
]
# fmt: on
SUNDAY_T2 = ["06:00", "07:25", "08:45", "09:05", "13:05", "13:45", "16:45", "18:00"]


def test_trawscymru_t2_with_holiday_mondays(folder: Path, gazetteer: Gazetteer) -> None:
    # 31 journeys Monday to Friday, the same without the 06:50 on Saturdays, 8 on Sundays, none of them on
    # HolidayMondays, on which 8 others run (HolidaysOnly) at the Sunday times.
    timetable = _read(folder / "Bangor-Aberystwyth_TCAT002.xml", gazetteer, "wales")
    assert _departures(timetable, date(2021, 6, 8)) == WEEKDAY_T2  # a Tuesday
    saturday = [time for time in WEEKDAY_T2 if time != "06:50"]
    assert _departures(timetable, date(2021, 6, 12)) == saturday
    assert _departures(timetable, date(2021, 6, 13)) == SUNDAY_T2
    assert _departures(timetable, date(2021, 8, 30)) == SUNDAY_T2  # the late summer holiday, a Monday
    assert _departures(timetable, date(2021, 5, 3)) == SUNDAY_T2  # May Day
    assert _departures(timetable, date(2022, 4, 15)) == WEEKDAY_T2  # Good Friday is no holiday Monday
    assert _departures(timetable, date(2021, 12, 25)) == saturday  # nor is Christmas Day, a Saturday in 2021
    assert _departures(timetable, date(2021, 4, 9)) == []  # the Friday before the period begins


def test_line_85_on_days_without_school(folder: Path, gazetteer: Gazetteer) -> None:
    # 07:55 and 14:50, Monday to Friday on the working days of an organisation that lists the school holidays; not on
    # bank holidays, nor on 3 June 2022; the eves of Christmas and New Year are stated as days of operation.
    timetable = _read(folder / "english_holidays.xml", gazetteer)
    both = ["07:55", "14:50"]
    assert _departures(timetable, date(2021, 10, 26)) == both  # Tuesday of the autumn half term, 25 to 29 October
    assert _departures(timetable, date(2021, 10, 19)) == []  # a Tuesday in term
    assert _departures(timetable, date(2021, 10, 30)) == []  # a Saturday
    assert _departures(timetable, date(2021, 12, 24)) == both  # Christmas Eve, a Friday
    assert _departures(timetable, date(2021, 12, 27)) == []  # in place of Christmas Day, within 20 to 31 December
    assert _departures(timetable, date(2021, 12, 29)) == both
    assert _departures(timetable, date(2022, 6, 1)) == both  # Wednesday of the week from 30 May to 3 June
    assert _departures(timetable, date(2022, 6, 2)) == []  # the spring holiday, moved to a Thursday in 2022
    assert _departures(timetable, date(2022, 6, 3)) == []  # named as a special day


SATURDAY_6 = [f"{hour:02}:{minute}" for hour in range(8, 19) for minute in ("15", "45")]
SUNDAY_6 = [f"{hour:02}:25" for hour in range(9, 19)]


def test_lines_6_and_x6_with_schools(folder: Path, gazetteer: Gazetteer) -> None:
    # X6, Monday to Friday: 07:10 and 17:10 twice each, once on working days of the schools and once on all others;
    # 07:35, 08:10, 08:40, 16:10, 16:40 and 17:40 always. Line 6 has 22 journeys on Saturdays, every half hour from
    # 08:15 to 18:45, which also run on Good Friday; and 10 on Sundays, 09:25 to 18:25, which also run on Easter
    # Monday, May Day, the spring and the late summer holiday. None of them runs on Christmas Day.
    timetable = _read(folder / "test_operating_profiles_vehicle_journeys.xml", gazetteer)
    x6 = ["07:10", "07:35", "08:10", "08:40", "16:10", "16:40", "17:10", "17:40"]
    assert _departures(timetable, date(2023, 3, 7), "X6") == x6  # a Tuesday, schools work
    assert _departures(timetable, date(2023, 4, 4), "X6") == x6  # a Tuesday, schools rest
    # Line 6 at 08:36 (VJ7) runs on school days only, at 08:20 (VJ15) on the others only.
    for day, here, gone in ((date(2023, 3, 7), "08:36", "08:20"), (date(2023, 4, 4), "08:20", "08:36")):
        found = _departures(timetable, day, "6")
        assert here in found
        assert gone not in found
    assert _departures(timetable, date(2023, 3, 4)) == SATURDAY_6
    assert _departures(timetable, date(2023, 4, 7)) == SATURDAY_6  # Good Friday
    assert _departures(timetable, date(2023, 4, 9)) == SUNDAY_6
    for day in (date(2023, 4, 10), date(2023, 5, 1), date(2023, 5, 29), date(2023, 8, 28)):
        assert _departures(timetable, day) == SUNDAY_6
    assert _departures(timetable, date(2023, 12, 25)) == []
    # The coronation, Monday 8 May 2023, is mentioned nowhere: an ordinary Monday.
    assert _departures(timetable, date(2023, 5, 8), "X6") == x6


def test_line_11_with_run_times_of_its_own(folder: Path, gazetteer: Gazetteer) -> None:
    # The pattern says 0 seconds for all 59 links; the one journey says minutes. Those of the first 31 links sum to 25;
    # then its own wait of 5 minutes at 260007437; the other 28 sum to 25 again. Monday to Wednesday from 7 January
    # 2024, and on Good Friday; not on Easter Monday.
    timetable = _read(folder / "vj_timing_link_w_success.xml", gazetteer)
    calls = _calls(timetable, date(2024, 1, 9), "11:05")
    assert len(calls) == 60
    assert calls[0] == ("260006542", "11:05", "11:05")
    assert calls[31] == ("260007437", "11:30", "11:35")
    assert calls[59] == ("260006542", "12:00", "12:00")
    assert _departures(timetable, date(2024, 1, 11)) == []  # a Thursday
    assert _departures(timetable, date(2024, 1, 13)) == []  # a Saturday
    assert _departures(timetable, date(2024, 3, 29)) == ["11:05"]  # Good Friday
    assert _departures(timetable, date(2024, 4, 1)) == []  # Easter Monday


def test_line_811_with_special_days(folder: Path, gazetteer: Gazetteer) -> None:
    # VJ_3 07:25 takes the service's profile: school days Monday to Friday, every day from 22 July to 30 August 2024,
    # not on 29 September 2023 and 1 July 2024, not on Christmas and Boxing Day. VJ_7 15:45 Monday to Thursday,
    # VJ_8 14:45 Fridays, VJ_9 12:05 on the last day of term.
    timetable = _read(folder / "test_op_dates_exceptions.xml", gazetteer)
    assert _departures(timetable, date(2023, 10, 3)) == ["07:25", "15:45"]  # a Tuesday in term
    assert _departures(timetable, date(2023, 10, 6)) == ["07:25", "14:45"]  # a Friday in term
    assert _departures(timetable, date(2023, 12, 20)) == ["07:25", "12:05"]  # the Wednesday on which term ends
    assert _departures(timetable, date(2023, 10, 7)) == []  # a Saturday
    assert _departures(timetable, date(2023, 9, 29)) == []  # a special day, a Friday
    assert _departures(timetable, date(2024, 7, 23)) == ["07:25"]  # in the summer range VJ_7 to VJ_9 rest
    # Good Friday 2024: VJ_8 names it as a day of operation and, as a special day, of non-operation: that decides.
    assert _departures(timetable, date(2024, 3, 29)) == ["07:25"]
    # Tuesday 13 February 2024: VJ_8 runs too, by a public holiday of its own.
    assert _departures(timetable, date(2024, 2, 13)) == ["07:25", "14:45", "15:45"]
    # Christmas Day 2023: only VJ_9 names it as a day of operation.
    assert _departures(timetable, date(2023, 12, 25)) == ["12:05"]


def test_line_wf1_departs_on_the_day_after(folder: Path, gazetteer: Gazetteer) -> None:
    # Both journeys are shifted by a day: on the service day Tuesday 3 January they leave on Wednesday at 08:14 and
    # 16:40. Monday 2 January is no day of the profile, Saturday 7 January neither.
    timetable = _read(folder / "test_vehicle_journeys_with_departure_day_shift.xml", gazetteer)
    assert _departures(timetable, date(2023, 1, 3)) == ["32:14", "40:40"]
    assert _departures(timetable, date(2023, 1, 2)) == []
    assert _departures(timetable, date(2023, 1, 7)) == []


def test_the_standard_part_of_a_flexible_file(folder: Path, gazetteer: Gazetteer) -> None:
    # Two services are flexible; the third, line 123, has one journey on school days. Both kinds are in one file.
    timetable = _read(folder / "test_flexible_and_standard_service.xml", gazetteer)
    assert timetable.routes["route_short_name"].to_list() == ["123"]
    assert len(_departures(timetable, date(2023, 4, 25))) == 1  # a Tuesday within the first working days
    assert _departures(timetable, date(2023, 5, 8)) == []  # the coronation, named in the profile
    assert _departures(timetable, date(2023, 4, 29)) == []  # a Saturday


def test_lines_of_wales_whose_schools_have_no_dates(folder: Path, gazetteer: Gazetteer) -> None:
    # Line 63: VJ3 07:17 runs on working days of SCH, VJ5 07:17 on its holidays; SCH has no dates, so it works always
    # and VJ5 never runs. VJ16 15:25 runs on working days of MMS, 1 November to 17 December 2021 among them.
    timetable = _read(folder / "PhilAnslow63-Cwmbran-Chepstow8_TXC_2021914-0745_PAAO063.xml", gazetteer, "wales")
    weekday = ["06:55", "07:17", "08:25", "10:10", "11:20", "13:10", "15:25", "16:40", "17:47"]
    assert _departures(timetable, date(2021, 11, 9)) == weekday
    assert _departures(timetable, date(2021, 10, 26)) == [time for time in weekday if time != "15:25"]
    saturday = ["06:55", "07:17", "08:25", "10:10", "11:20", "13:10", "15:30", "16:40", "17:47"]
    assert _departures(timetable, date(2021, 11, 13)) == saturday
    # Easter Monday 2022: all but VJ3 rest on holiday Mondays.
    assert _departures(timetable, date(2022, 4, 18)) == ["07:17"]


@pytest.mark.parametrize("nation", ["england", "scotland"])
def test_every_file_is_read_with_notices_and_without_a_crash(folder: Path, gazetteer: Gazetteer, nation: str) -> None:
    files = sorted(file for file in folder.iterdir() if file.suffix in (".xml", ".zip"))
    assert len(files) == 19
    for file in files:
        assert is_transxchange(file), file.name
        notices = Notices()
        timetable = read_transxchange(
            file, feed="t", notices=notices, gazetteer=gazetteer, as_of=None, nation=nation, n_processes=1
        )
        assert timetable.trips.height > 0, file.name
        late = timetable.stop_times.with_columns(
            (pl.col("arrival_s") - pl.col("departure_s").shift(1).over("trip_index")).alias("gap_s")
        )
        assert late.filter((pl.col("gap_s") < 0) | (pl.col("departure_s") < pl.col("arrival_s"))).is_empty(), file.name
        assert not any(code.endswith("unreadable") for code in notices.counts()), file.name
    assert not is_transxchange(folder / "naptan-stops.csv")


def test_the_whole_folder_is_read_as_one_feed(folder: Path, gazetteer: Gazetteer) -> None:
    notices = Notices()
    timetable = read_transxchange(folder, feed="t", notices=notices, gazetteer=gazetteer, as_of=date(2021, 9, 14))
    assert timetable.feeds["t"]["n_documents"] == 26
    # Two archives hold the same document of line 1A: one service, one revision, the same dates.
    assert notices.counts()["txc_revision_equal"] >= 1
    assert "txc_document_unreadable" not in notices.counts()
