"""The real ATCO-CIF files: read whole, and the departures of two services compared with what was read off by eye."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_atco_cif import read_atco_cif

# 2010: Saturday 28 August, Monday 30 August (the summer bank holiday), Tuesday 31 August, Sunday 5 September.
SATURDAY, BANK_HOLIDAY, TUESDAY, HANDOVER = (
    date(2010, 8, 28),
    date(2010, 8, 30),
    date(2010, 8, 31),
    date(2010, 9, 5),
)


def _read(shared_data: Path, name: str) -> tuple[Timetable, Notices]:
    notices = Notices()
    return read_atco_cif(shared_data / "atco_cif" / name, feed="x", notices=notices), notices


def _get_departures(timetable: Timetable, day: date, *, direction: int | None = None) -> list[str]:
    """Return ``HHMM`` of the first departure of every trip of a day."""
    trips = get_trips_on(timetable, day)
    if direction is not None:
        trips = trips.filter(pl.col("direction_id") == direction)
    first = timetable.stop_times.filter(
        pl.col("trip_index").is_in(trips["trip_index"].implode()) & (pl.col("position") == 0)
    )
    return [f"{s // 3600:02d}{s % 3600 // 60:02d}" for s in sorted(first["departure_s"].to_list())]


@pytest.mark.parametrize(("name", "n_journeys"), [("GMA_111_.CIF", 983), ("GMJ__42_.CIF", 1719), ("GM___3A_.CIF", 12)])
def test_every_file_is_read_and_every_journey_is_a_trip_or_a_notice(
    shared_data: Path, name: str, n_journeys: int
) -> None:
    timetable, notices = _read(shared_data, name)
    left_out = notices.counts().get("cif_journey_incomplete", 0) + notices.counts().get("cif_journey_without_dates", 0)
    assert timetable.trips.height + left_out == n_journeys
    lines = (shared_data / "atco_cif" / name).read_text(encoding="ascii").splitlines()
    assert timetable.stop_times.height == sum(line[:2] in {"QO", "QI", "QT"} for line in lines)
    # No file places its stops, but all of them name them.
    assert not timetable.stops["is_located"].any()
    assert (timetable.stops["stop_name"] != timetable.stops["stop_id"].str.slice(2)).all()


def test_departures_of_the_3a_on_a_weekday_a_saturday_and_a_bank_holiday(shared_data: Path) -> None:
    """Twelve journeys: seven flagged 1111100 and X, five flagged 0000010 and X, from 2 January 2010 without an end.

    So a Tuesday has the seven, a Saturday the five, and a Monday that is a bank holiday none (X), nor a Sunday.
    """
    timetable, _ = _read(shared_data, "GM___3A_.CIF")
    assert _get_departures(timetable, TUESDAY) == ["0717", "0740", "0845", "1045", "1245", "1445", "1645"]
    assert _get_departures(timetable, SATURDAY) == ["0845", "1045", "1245", "1445", "1645"]
    assert _get_departures(timetable, BANK_HOLIDAY) == []
    assert _get_departures(timetable, HANDOVER) == []
    # The first journey begins at Lower Adlington at 0717 and ends at Chorley Bus Station at 0733.
    first = timetable.stop_times.join(timetable.stops, on="stop_index").filter(
        (pl.col("departure_s") == 7 * 3600 + 17 * 60) & (pl.col("position") == 0)
    )
    calls = timetable.stop_times.join(timetable.stops, on="stop_index", maintain_order="left").filter(
        pl.col("trip_index") == first["trip_index"][0]
    )
    assert calls.select("stop_name", pl.col("arrival_s") // 60).rows() == [
        ("LOWER ADLINGTON, White Bear", 437),
        ("ADLINGTON (Lancs), Ridgeway Arms", 445),
        ("CHORLEY, Rail Station", 452),
        ("CHORLEY, Bus Station", 453),
    ]


def test_departures_of_the_111_inbound_on_a_weekday_a_saturday_and_a_bank_holiday(shared_data: Path) -> None:
    """Four timetables of 26 July to 5 September: 1111100 X, 0000010 X, 0000001 X, and 0000000 A for bank holidays.

    Of the weekday's 95 departures the first and last hours are written out, of the Saturday's 80 likewise; the bank
    holiday's 36 are complete. On Sunday 5 September both this and the following timetable claim to run: only the
    following one does (36 of its 37 Sunday headers have calls).
    """
    timetable, notices = _read(shared_data, "GMA_111_.CIF")
    weekday = _get_departures(timetable, TUESDAY, direction=1)
    assert len(weekday) == 95
    assert weekday[:8] == ["0550", "0606", "0616", "0626", "0636", "0644", "0652", "0700"]
    assert weekday[-7:] == ["2010", "2025", "2055", "2125", "2155", "2225", "2255"]
    saturday = _get_departures(timetable, SATURDAY, direction=1)
    assert len(saturday) == 80
    assert saturday[:6] == ["0555", "0625", "0655", "0710", "0725", "0740"]
    assert saturday[-6:] == ["2026", "2055", "2125", "2155", "2225", "2255"]
    every_20 = [f"{h:02d}{m:02d}" for h in range(10, 14) for m in (8, 28, 48)]
    assert _get_departures(timetable, BANK_HOLIDAY, direction=1) == [
        *("0748", "0848", "0938"),
        *every_20,
        *("1408", "1429", "1448", "1508", "1528", "1548", "1608", "1628", "1648", "1708", "1728"),
        *("1755", "1825", "1855", "1925", "1955", "2025", "2055", "2125", "2155", "2225"),
    ]
    assert len(_get_departures(timetable, HANDOVER, direction=1)) == 36
    assert notices.counts()["cif_handover_day"] == 72
    assert notices.counts()["cif_journey_incomplete"] == 2


def test_the_last_bus_of_the_111_arrives_after_midnight(shared_data: Path) -> None:
    """The outbound journeys of weekdays that pass 2400 go on to count 2401 and so on: nothing falls back to zero."""
    timetable, _ = _read(shared_data, "GMA_111_.CIF")
    assert timetable.stop_times["arrival_s"].max() == 24 * 3600 + 20 * 60
    falls = timetable.stop_times.filter(pl.col("arrival_s") < pl.col("departure_s").shift(1).over("trip_index"))
    assert falls.is_empty()
