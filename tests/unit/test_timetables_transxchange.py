"""TransXChange: journeys, times, revisions, places, and what is noted of doubtful documents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.base.errors import InputError, UsageError
from pipeline.base.notices import Notices
from pipeline.timetables.model import Timetable
from pipeline.timetables.naptan import read_naptan
from pipeline.timetables.read_transxchange import is_transxchange, read_transxchange
from tests.support.transxchange import (
    Call,
    Service,
    Stop,
    Trip,
    build_organisation,
    build_profile,
    build_transxchange,
    write_transxchange,
)

A, B, C = "010000001", "010000002", "010000003"
NINE = 9 * 3600
TUESDAY = date(2019, 6, 4)


def _calls(start: int = NINE, activities: Sequence[str] = ("", "", "")) -> list[Call]:
    """At A, five minutes later at B for one minute, and at C four minutes after that."""
    return [
        Call(A, start, start, activities[0]),
        Call(B, start + 300, start + 360, activities[1]),
        Call(C, start + 600, start + 600, activities[2]),
    ]


def _read(
    path: Path, *contents: str | bytes, as_of: date | None = date(2019, 6, 1), **options: object
) -> tuple[Timetable, Notices]:
    notices = Notices()
    if len(contents) == 1:
        file = path / "x.xml"
        content = contents[0]
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    else:
        file = write_transxchange(path / "x.zip", {f"{at}.xml": text for at, text in enumerate(contents)})
    settings = {"gazetteer": None, "as_of": as_of, "n_processes": 1} | options
    return read_transxchange(file, feed="f", notices=notices, **settings), notices  # type: ignore[arg-type]


def _times(timetable: Timetable, trip: str) -> list[tuple[str, int, int]]:
    """Stop, arrival and departure of a trip."""
    index = timetable.trips.filter(pl.col("trip_id") == f"f:{trip}")["trip_index"][0]
    calls = timetable.stop_times.filter(pl.col("trip_index") == index).join(timetable.stops, on="stop_index")
    rows = calls.sort("position").select("stop_id", "arrival_s", "departure_s").rows()
    return [(stop.removeprefix("f:"), arrival, departure) for stop, arrival, departure in rows]


def _dates(timetable: Timetable, trip: str) -> list[date]:
    index = timetable.trips.filter(pl.col("trip_id") == f"f:{trip}")["service_index"][0]
    return timetable.service_dates.filter(pl.col("service_index") == index)["date"].to_list()


def _replace(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_plain_journey_arrives_departs_and_is_named(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls(), headsign="Pier")], stops=[Stop(A, "Quay", -3.0, 51.5)])
    timetable, notices = _read(tmp_path, text)
    assert _times(timetable, "S1:1") == [(A, 32400, 32400), (B, 32700, 32760), (C, 33000, 33000)]
    assert timetable.routes.select("route_id", "operator_id", "operator_name", "route_short_name", "mode").rows() == [
        ("f:COAS:S1:1", "COAS", "Coast Buses", "1", "bus")
    ]
    assert timetable.trips.select("headsign", "direction_id").rows() == [("Pier", 0)]
    assert timetable.stops.select("stop_name", "lon", "lat", "is_located").row(0) == ("Quay", -3.0, 51.5, True)
    assert timetable.timezone == "Europe/London"
    assert notices.counts() == {"stop_not_located": 2}
    days = _dates(timetable, "S1:1")
    assert len(days) == 261
    assert all(day.weekday() < 5 for day in days)


def test_waits_at_both_sides_of_a_stop_add_up_and_one_before_the_start_shifts_nothing(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls())])
    wait = "<From><WaitTime>PT2M</WaitTime><StopPointRef>{}</StopPointRef></From>"
    for stop in (A, B):
        text = _replace(text, f"<From><StopPointRef>{stop}</StopPointRef></From>", wait.format(stop))
    timetable, _ = _read(tmp_path, text)
    assert _times(timetable, "S1:1") == [(A, 32400, 32400), (B, 32700, 32880), (C, 33120, 33120)]


def test_a_vehicle_journeys_own_links_override_run_times_waits_and_activities(tmp_path: Path) -> None:
    links = (
        "<VehicleJourneyTimingLink><JourneyPatternTimingLinkRef>JPS1-0</JourneyPatternTimingLinkRef>"
        "<RunTime>PT10M</RunTime></VehicleJourneyTimingLink>"
        "<VehicleJourneyTimingLink><JourneyPatternTimingLinkRef>JPS1-1</JourneyPatternTimingLinkRef>"
        "<From><WaitTime>PT30S</WaitTime></From><To><Activity>setDown</Activity></To></VehicleJourneyTimingLink>"
    )
    plain = links.partition("</VehicleJourneyTimingLink>")[0] + "</VehicleJourneyTimingLink>"
    trips = [Trip("own", _calls(), extra=links), Trip("plain", _calls(), extra=plain), Trip("none", _calls())]
    timetable, notices = _read(tmp_path, build_transxchange(trips))
    # The incoming link's wait of 60 s stays, the outgoing one's 30 s come to it.
    assert _times(timetable, "S1:own") == [(A, 32400, 32400), (B, 33000, 33090), (C, 33330, 33330)]
    assert _times(timetable, "S1:plain") == [(A, 32400, 32400), (B, 33000, 33060), (C, 33300, 33300)]
    assert _times(timetable, "S1:none")[1] == (B, 32700, 32760)
    last = timetable.stop_times.group_by("trip_index").last().join(timetable.trips, on="trip_index")
    assert dict(last.select("trip_id", "is_pickup").rows()) == {
        "f:S1:own": False,
        "f:S1:plain": True,
        "f:S1:none": True,
    }
    assert notices.counts() == {"stop_not_located": 3}


def test_a_journey_that_refers_to_another_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    links = (
        "<VehicleJourneyTimingLink><JourneyPatternTimingLinkRef>JPS1-0</JourneyPatternTimingLinkRef>"
        "<RunTime>PT10M</RunTime></VehicleJourneyTimingLink>"
    )
    first = Trip("1", _calls(), profile=build_profile(["Saturday"]), extra=links)
    second = (
        "<VehicleJourney><VehicleJourneyCode>2</VehicleJourneyCode><ServiceRef>S1</ServiceRef><LineRef>L1</LineRef>"
        "<VehicleJourneyRef>1</VehicleJourneyRef><DepartureTime>23:55:00</DepartureTime></VehicleJourney>"
    )
    third = second.replace(">2<", ">3<").replace("<VehicleJourneyRef>1", "<VehicleJourneyRef>2")
    timetable, notices = _read(tmp_path, build_transxchange([first], extra=second + third))
    assert _times(timetable, "S1:2") == [(A, 86100, 86100), (B, 86700, 86760), (C, 87000, 87000)]
    assert _times(timetable, "S1:3") == _times(timetable, "S1:2")
    assert {day.weekday() for day in _dates(timetable, "S1:2")} == {5}
    assert notices.counts() == {"stop_not_located": 3}


@pytest.mark.parametrize("target", ["2", "nowhere"])
def test_a_reference_to_nothing_or_in_a_circle_leaves_the_journey_out(tmp_path: Path, target: str) -> None:
    bad = (
        "<VehicleJourney><VehicleJourneyCode>2</VehicleJourneyCode><ServiceRef>S1</ServiceRef>"
        f"<VehicleJourneyRef>{target}</VehicleJourneyRef><DepartureTime>10:00:00</DepartureTime></VehicleJourney>"
    )
    timetable, notices = _read(tmp_path, build_transxchange([Trip("1", _calls())], extra=bad))
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1"]
    assert notices.counts()["txc_unknown_reference"] == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<JourneyPatternRef>JP-JPS1<", "<JourneyPatternRef>JP-9<"),
        ("<ServiceRef>S1<", "<ServiceRef>S9<"),
        ("<JourneyPatternSectionRefs>JPS1<", "<JourneyPatternSectionRefs>JPS9<"),
    ],
)
def test_unknown_references_leave_nothing_and_are_noted_with_their_line(tmp_path: Path, old: str, new: str) -> None:
    notices = Notices()
    file = tmp_path / "x.xml"
    file.write_text(_replace(build_transxchange([Trip("1", _calls())]), old, new))
    with pytest.raises(InputError, match="no usable trip"):
        read_transxchange(file, feed="f", notices=notices, gazetteer=None, as_of=None)
    row = notices.to_frame().query("code == 'txc_unknown_reference'").iloc[0]
    assert (row["file"], row["row"], row["value"]) == ("x.xml", 6, "1")


def test_a_shift_of_the_departure_day_goes_beyond_midnight_or_to_the_day_before(tmp_path: Path) -> None:
    shift = "<DepartureDayShift>{}</DepartureDayShift>"
    trips = [Trip("later", _calls(), before=shift.format("+1")), Trip("earlier", _calls(), before=shift.format("-1"))]
    timetable, _ = _read(tmp_path, build_transxchange(trips))
    assert _times(timetable, "S1:later")[0] == (A, 32400 + 86400, 32400 + 86400)
    assert {day.weekday() for day in _dates(timetable, "S1:later")} == {0, 1, 2, 3, 4}
    assert _times(timetable, "S1:earlier")[0] == (A, 32400, 32400)
    assert {day.weekday() for day in _dates(timetable, "S1:earlier")} == {6, 0, 1, 2, 3}


def test_a_frequency_becomes_departures_up_to_its_end(tmp_path: Path) -> None:
    frequency = (
        "<Frequency><EndTime>{}</EndTime><Interval><ScheduledFrequency>{}</ScheduledFrequency></Interval></Frequency>"
    )
    minutes = "<Frequency><EndTime>11:00:00</EndTime>" + "".join(
        f"<MinutesPastTheHour>{at}</MinutesPastTheHour>" for at in (10, 50)
    )
    trips = [
        Trip("often", _calls(), extra=frequency.format("10:00:00", "PT20M")),
        Trip("night", _calls(23 * 3600), extra=frequency.format("01:00:00", "PT1H")),
        Trip("zero", _calls(), extra=frequency.format("10:00:00", "PT0S")),
        Trip("endless", _calls(), extra="<Frequency><Interval/></Frequency>"),
        Trip("past", _calls(), extra=minutes + "</Frequency>"),
    ]
    timetable, notices = _read(tmp_path, build_transxchange(trips))

    def starts(code: str) -> list[int]:
        codes = timetable.trips.filter(pl.col("trip_id").str.starts_with(f"f:S1:{code}"))["trip_id"].to_list()
        return sorted(_times(timetable, trip.removeprefix("f:"))[0][2] for trip in codes)

    assert starts("often") == [32400, 33600, 34800, 36000]
    assert starts("night") == [82800, 86400, 90000]
    assert starts("zero") == starts("endless") == [32400]
    assert starts("past") == [32400, 33000, 35400, 36600, 39000]
    assert notices.counts()["txc_frequency_unusable"] == 2
    assert notices.counts()["txc_frequency_expanded"] == 3


def test_a_stop_that_is_passed_is_no_call(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls(activities=("pickUp", "pass", "setDown")))])
    timetable, notices = _read(tmp_path, text)
    assert _times(timetable, "S1:1") == [(A, 32400, 32400), (C, 33000, 33000)]
    assert timetable.stop_times.select("is_pickup", "is_dropoff").rows() == [(True, False), (False, True)]
    assert notices.counts()["txc_call_passed"] == 1


def test_the_incoming_link_says_who_gets_off_and_the_outgoing_who_gets_on(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls(activities=("pickUpAndSetDown",) * 3))])
    stop = "<Activity>pickUpAndSetDown</Activity><StopPointRef>" + B
    incoming, outgoing = text.index(f"<To><WaitTime>PT60S</WaitTime>{stop}"), text.index(f"<From>{stop}")
    assert incoming < outgoing
    text = text[:outgoing] + text[outgoing:].replace("pickUpAndSetDown", "pickUp", 1)
    timetable, _ = _read(tmp_path, text)
    assert timetable.stop_times.select("is_pickup", "is_dropoff").row(1) == (True, True)
    text = text[:incoming] + text[incoming:].replace("pickUpAndSetDown", "pickUp", 1)
    timetable, _ = _read(tmp_path, text)
    assert timetable.stop_times.select("is_pickup", "is_dropoff").row(1) == (True, False)


def test_links_that_do_not_meet_are_noted_and_both_stops_called_at(tmp_path: Path) -> None:
    text = _replace(build_transxchange([Trip("1", _calls())]), f"<From><StopPointRef>{B}<", "<From><StopPointRef>X<")
    timetable, notices = _read(tmp_path, text)
    assert _times(timetable, "S1:1") == [(A, 32400, 32400), (B, 32700, 32700), ("X", 32700, 32760), (C, 33000, 33000)]
    assert notices.counts()["txc_links_broken"] == 1


@pytest.mark.parametrize("run", ["-PT5M", "five minutes", ""])
def test_times_that_go_backward_or_are_missing_leave_the_journey_out(tmp_path: Path, run: str) -> None:
    trips = [Trip("good", _calls()), Trip("bad", [Call(C, NINE, NINE), Call(A, NINE + 77, NINE + 77)])]
    text = _replace(build_transxchange(trips), "<RunTime>PT77S</RunTime>", f"<RunTime>{run}</RunTime>" if run else "")
    timetable, notices = _read(tmp_path, text)
    assert timetable.trips["trip_id"].to_list() == ["f:S1:good"]
    assert notices.counts()["txc_time_backward"] == 1


@pytest.mark.parametrize("time", ["quarter past", "25:61:00", "99:00:00", ""])
def test_a_departure_that_cannot_be_read_leaves_the_journey_out(tmp_path: Path, time: str) -> None:
    text = build_transxchange([Trip("good", _calls()), Trip("bad", _calls(36000))])
    text = _replace(text, "<DepartureTime>10:00:00<", f"<DepartureTime>{time}<")
    timetable, notices = _read(tmp_path, text)
    assert timetable.trips["trip_id"].to_list() == ["f:S1:good"]
    assert notices.counts()["txc_value_unreadable"] == 1


def test_two_revisions_on_the_same_dates_the_higher_counts_and_outside_it_the_lower(tmp_path: Path) -> None:
    old = build_transxchange([Trip("old", _calls())], services=[Service(profile=build_profile())], revision=2)
    new = Service(profile=build_profile(), first=date(2019, 6, 1), last=date(2019, 6, 30))
    documents = old, build_transxchange([Trip("new", _calls())], services=[new], revision=10)
    timetable, notices = _read(tmp_path, *documents)
    june = [day for day in _dates(timetable, "S1:old") if day.month == 6]
    assert june == []
    assert len(_dates(timetable, "S1:old")) == 261 - 20
    assert _dates(timetable, "S1:new")[0] == date(2019, 6, 3)
    assert notices.counts()["txc_revision_superseded"] == 1
    again, _ = _read(tmp_path, *reversed(documents))
    assert again.service_dates.equals(timetable.service_dates)


def test_a_journey_superseded_on_all_its_dates_is_left_out(tmp_path: Path) -> None:
    service = Service(profile=build_profile())
    documents = [build_transxchange([Trip(f"r{n}", _calls())], services=[service], revision=n) for n in (1, 2)]
    timetable, notices = _read(tmp_path, *documents)
    assert timetable.trips["trip_id"].to_list() == ["f:S1:r2"]
    assert notices.counts()["txc_journey_without_dates"] == 1


def test_revisions_are_compared_within_a_line_only(tmp_path: Path) -> None:
    service = Service(lines={"L2": "2"}, profile=build_profile())
    documents = [
        build_transxchange([Trip("a", _calls())], revision=1),
        build_transxchange([Trip("b", _calls(), line="L2")], services=[service], revision=2),
    ]
    timetable, notices = _read(tmp_path, *documents)
    assert timetable.trips.height == 2
    assert "txc_revision_superseded" not in notices.counts()


def test_documents_of_one_revision_complement_one_another(tmp_path: Path) -> None:
    documents = [
        build_transxchange([Trip("1", _calls(), profile=build_profile([day]))]) for day in ("Saturday", "Sunday")
    ]
    timetable, notices = _read(tmp_path, *documents)
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1", "f:S1:1#2"]
    assert notices.counts()["txc_revision_equal"] == 1


def test_consecutive_periods_follow_one_another(tmp_path: Path) -> None:
    spring = Service(profile=build_profile(), last=date(2019, 5, 31))
    summer = Service(profile=build_profile(), first=date(2019, 6, 1))
    documents = [
        build_transxchange([Trip("1", _calls(start))], services=[service])
        for service, start in ((spring, NINE), (summer, NINE + 600))
    ]
    timetable, notices = _read(tmp_path, *documents)
    assert _dates(timetable, "S1:1")[-1] == date(2019, 5, 31)
    assert _dates(timetable, "S1:1#2")[0] == date(2019, 6, 3)
    assert "txc_revision_equal" not in notices.counts()


def test_a_period_without_end_ends_a_year_after_the_snapshot_never_after_today(tmp_path: Path) -> None:
    service = Service(profile=build_profile(["MondayToSunday"]), last=None)
    text = build_transxchange([Trip("1", _calls())], services=[service], changed="2020-02-01T10:00:00")
    timetable, notices = _read(tmp_path, text, as_of=date(2019, 3, 1))
    assert _dates(timetable, "S1:1")[-1] == date(2020, 2, 29)
    assert notices.counts()["txc_period_open"] == 1
    timetable, notices = _read(tmp_path, text, as_of=None)
    assert _dates(timetable, "S1:1")[-1] == date(2021, 1, 31)
    assert notices.counts()["txc_snapshot_date_assumed"] == 1
    far = build_transxchange(
        [Trip("1", _calls())], services=[Service(profile=build_profile(), last=date(2099, 12, 31))]
    )
    timetable, notices = _read(tmp_path, far, as_of=date(2019, 3, 1))
    assert _dates(timetable, "S1:1")[-1] == date(2020, 2, 28)
    assert notices.counts()["txc_period_clipped"] == 1


@pytest.mark.parametrize(
    ("first", "last"),
    [("2019-13-01", None), ("2019-05-01", "2019-04-01"), ("2019-01-01", "soon"), ("9999-01-01", None)],
)
def test_a_period_that_cannot_be_used_leaves_the_service_out(tmp_path: Path, first: str, last: str | None) -> None:
    bad = Service("S2", {"L2": "2"}, first, last, build_profile())
    good = Service(profile=build_profile())
    trips = [Trip("1", _calls()), Trip("2", _calls(), service="S2", line="L2")]
    timetable, notices = _read(tmp_path, build_transxchange(trips, services=[good, bad]))
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1"]
    assert notices.counts()["txc_period_unusable"] == 1
    assert notices.counts()["txc_journey_without_dates"] == 1


def test_dates_beyond_all_timetables_are_cut_off(tmp_path: Path) -> None:
    service = Service(profile=build_profile(["MondayToSunday"]), first="0001-01-01", last="9999-12-31")
    text = build_transxchange([Trip("1", _calls())], services=[service], changed="9999-12-31T00:00:00")
    timetable, notices = _read(tmp_path, text, as_of=None)
    assert (_dates(timetable, "S1:1")[0], _dates(timetable, "S1:1")[-1]) == (date(1970, 1, 1), date(1971, 1, 1))
    assert notices.counts()["txc_period_clipped"] == 2


def test_a_service_without_days_is_noted(tmp_path: Path) -> None:
    never = build_profile(holidays_only=True)
    trips = [
        Trip("unstated", _calls()),
        Trip("empty", _calls(), profile=build_profile([])),
        Trip("never", _calls(), profile=never),
    ]
    timetable, notices = _read(tmp_path, build_transxchange(trips, services=[Service()]))
    assert {day.weekday() for day in _dates(timetable, "S1:unstated")} == {0, 1, 2, 3, 4}
    assert {day.weekday() for day in _dates(timetable, "S1:empty")} == set(range(7))
    assert timetable.trips.height == 2
    counts = notices.counts()
    assert counts["txc_days_unstated"] == counts["txc_days_of_week_empty"] == counts["txc_journey_without_dates"] == 1


def test_elements_that_a_journeys_profile_lacks_come_from_its_service(tmp_path: Path) -> None:
    service = Service(profile=build_profile(bank_off=["MayDay"]))
    trip = Trip("1", _calls(), profile=build_profile(["Monday"]))
    timetable, notices = _read(tmp_path, build_transxchange([trip], services=[service]))
    assert date(2019, 5, 6) not in _dates(timetable, "S1:1")
    assert {day.weekday() for day in _dates(timetable, "S1:1")} == {0}
    assert notices.counts()["txc_profile_inherited"] == 1


def test_holidays_are_those_of_the_nation(tmp_path: Path) -> None:
    trip = Trip("1", _calls(), profile=build_profile(holidays_only=True, bank_on=["AllBankHolidays"]))
    text = build_transxchange([trip])
    scottish, _ = _read(tmp_path, text, nation="Scotland")
    welsh, _ = _read(tmp_path, text, nation="wales")
    assert date(2019, 1, 2) in _dates(scottish, "S1:1")
    assert date(2019, 1, 2) not in _dates(welsh, "S1:1")
    with pytest.raises(UsageError, match="no nation"):
        _read(tmp_path, text, nation="Narnia")


def test_organisations_decide_days_and_those_without_dates_are_noted(tmp_path: Path) -> None:
    term = [(date(2019, 1, 7), date(2019, 2, 15))]
    organisations = build_organisation("SCH", working=term) + build_organisation("SUB", parent="SCH")
    organisations += build_organisation("VOID")
    trips = [
        Trip("term", _calls(), profile=build_profile(working_on=["SUB"])),
        Trip("holiday", _calls(), profile=build_profile(holidays_on=["SCH"])),
        Trip("void", _calls(), profile=build_profile(working_on=["VOID"])),
        Trip("never", _calls(), profile=build_profile(holidays_on=["VOID"])),
    ]
    timetable, notices = _read(tmp_path, build_transxchange(trips, organisations=organisations))
    assert len(_dates(timetable, "S1:term")) == 30
    assert len(_dates(timetable, "S1:holiday")) == 231
    assert len(_dates(timetable, "S1:void")) == 261
    assert timetable.trips.height == 3
    assert notices.counts()["txc_organisation_unknown"] == 2
    assert notices.counts()["txc_organisation_complement"] == 1


def test_unknown_names_of_days_are_noted_and_ignored(tmp_path: Path) -> None:
    profile = build_profile(["Monday", "Blursday"], bank_off=["PancakeDay", "MayDay"])
    timetable, notices = _read(tmp_path, build_transxchange([Trip("1", _calls(), profile=profile)]))
    assert len(_dates(timetable, "S1:1")) == 51
    assert notices.counts()["txc_day_name_unknown"] == 2


def test_other_public_holidays_have_a_date_of_their_own(tmp_path: Path) -> None:
    profile = build_profile(["Monday"], bank_on=["MayDay"])
    other = "<OtherPublicHoliday><Description>Fair</Description><Date>2019-06-05</Date></OtherPublicHoliday>"
    bad = other.replace("2019-06-05", "in June")
    text = _replace(build_transxchange([Trip("1", _calls(), profile=profile)]), "<MayDay/>", other + bad)
    timetable, notices = _read(tmp_path, text)
    assert date(2019, 6, 5) in _dates(timetable, "S1:1")
    assert notices.counts()["txc_value_unreadable"] == 1


def test_flexible_services_are_kept_apart_and_their_standard_part_is_read(tmp_path: Path) -> None:
    both = Service("S1", profile=build_profile(), extra="<FlexibleService/>")
    flexible = (
        "<FlexibleVehicleJourney><VehicleJourneyCode>F</VehicleJourneyCode><ServiceRef>S1</ServiceRef>"
        "</FlexibleVehicleJourney>"
    )
    timetable, notices = _read(tmp_path, build_transxchange([Trip("1", _calls())], services=[both], extra=flexible))
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1"]
    assert notices.counts()["txc_flexible_service"] == 2


def test_what_is_not_for_the_public_is_left_out(tmp_path: Path) -> None:
    closed = Service("S2", {"L2": "2"}, profile=build_profile(), extra="<PublicUse>false</PublicUse>")
    trips = [Trip("1", _calls()), Trip("2", _calls(), service="S2", line="L2")]
    services = [Service(profile=build_profile()), closed]
    timetable, notices = _read(tmp_path, build_transxchange(trips, services=services))
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1"]
    assert notices.counts()["txc_not_public"] == 1


def test_repeated_identifiers_are_noted_and_no_journey_is_lost(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls()), Trip("1", _calls(36000))])
    section = text[text.index("<JourneyPatternSection ") : text.index("</JourneyPatternSections>")]
    text = _replace(text, section, section + section.replace("PT300S", "PT999S"))
    timetable, notices = _read(tmp_path, text)
    assert timetable.trips["trip_id"].to_list() == ["f:S1:1", "f:S1:1#2"]
    assert _times(timetable, "S1:1")[1] == (B, 32700, 32760)
    assert notices.counts()["txc_id_repeated"] == 2


def test_the_operator_is_the_journeys_before_the_services(tmp_path: Path) -> None:
    operators = {"O1": ("COAS", "Coast Buses"), "O2": ("HILL", "Hill Buses")}
    trips = [Trip("1", _calls()), Trip("2", _calls(), operator="O2"), Trip("3", _calls(), operator="O3")]
    timetable, notices = _read(tmp_path, build_transxchange(trips, operators=operators))
    assert timetable.routes["operator_id"].to_list() == ["COAS", "HILL", "O3"]
    assert timetable.agencies["operator_name"].to_list() == ["Coast Buses", "Hill Buses", "O3"]
    assert notices.counts()["txc_unknown_operator"] == 1


@pytest.mark.parametrize(
    ("mode", "route_type", "name"),
    [
        ("coach", 200, "coach"),
        ("rail", 2, "rail"),
        ("tram", 0, "tram"),
        ("underground", 1, "metro"),
        ("", 3, "bus"),
        ("ferry", 4, "ferry"),
        ("air", 1100, "other"),
        ("hovercraft", 3, "bus"),
    ],
)
def test_modes(tmp_path: Path, mode: str, route_type: int, name: str) -> None:
    service = Service(profile=build_profile(), mode=mode)
    timetable, notices = _read(tmp_path, build_transxchange([Trip("1", _calls())], services=[service]))
    assert timetable.routes.select("route_type", "mode").row(0) == (route_type, name)
    assert notices.counts().get("txc_mode_unknown", 0) == (mode == "hovercraft")


def test_a_brand_after_the_public_number_is_cut_off(tmp_path: Path) -> None:
    service = Service(profile=build_profile(), lines={"L1": "6|Citi"})
    timetable, _ = _read(tmp_path, build_transxchange([Trip("1", _calls())], services=[service]))
    assert timetable.routes["route_short_name"].to_list() == ["6"]


def test_stops_are_found_in_naptan_however_spelt_and_where_it_has_no_place_the_documents_own_counts(
    tmp_path: Path,
) -> None:
    naptan = tmp_path / "naptan.csv"
    naptan.write_text(f"ATCOCode,CommonName,Longitude,Latitude\n0{A}X,Official,-3.1,51.6\n{B},Blank,,\n")
    gazetteer = read_naptan(naptan, notices=Notices())
    calls = [Call(f"{A}x", NINE, NINE), Call(B, NINE + 60, NINE + 60), Call(C, NINE + 120, NINE + 120)]
    stops = [Stop(f"{A}x", "Local", 1.0, 52.0), Stop(B, "Own", -3.2, 51.7), Stop(C, "Dublin", -6.26, 53.35)]
    timetable, notices = _read(tmp_path, build_transxchange([Trip("1", calls)], stops=stops), gazetteer=gazetteer)
    assert timetable.stops.select("stop_id", "stop_name", "lon", "lat").rows() == [
        (f"f:0{A}X", "Official", -3.1, 51.6),
        (f"f:{B}", "Blank", -3.2, 51.7),
        (f"f:{C}", "Dublin", -6.26, 53.35),
    ]
    assert notices.counts() == {"txc_stop_not_in_naptan": 1, "txc_stop_outside_britain": 1}


def test_places_on_the_grid_are_converted_and_zero_is_never_a_place(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls())], stops=[Stop(A, "Tower", 1.0, 2.0), Stop(B, "Zero", 0.0, 0.0)])
    grid = "<Translation><Easting>651410</Easting><Northing>313177</Northing></Translation>"
    text = _replace(text, "<Longitude>1.0</Longitude><Latitude>2.0</Latitude>", grid)
    timetable, notices = _read(tmp_path, text)
    lon, lat = timetable.stops.select("lon", "lat").row(0)
    assert (lon, lat) == pytest.approx((1.7161, 52.6580), abs=1e-4)
    assert timetable.stops["is_located"].to_list() == [True, False, False]
    assert notices.counts() == {"stop_not_located": 2}


def test_wheelchairs(tmp_path: Path) -> None:
    vehicle = "<Operational><VehicleType><WheelchairAccessible>{}</WheelchairAccessible></VehicleType></Operational>"
    described = "<Operational><VehicleType><Description>Wheelchair Accessible</Description></VehicleType></Operational>"
    trips = [
        Trip("1", _calls(), before=vehicle.format("true")),
        Trip("2", _calls(), before=vehicle.format("false")),
        Trip("3", _calls(), before=described),
        Trip("4", _calls()),
    ]
    timetable, _ = _read(tmp_path, build_transxchange(trips))
    assert timetable.trips["wheelchair_accessible"].to_list() == [1, 2, 1, 0]


def test_one_broken_document_of_several_is_noted_and_a_single_one_is_an_error(tmp_path: Path) -> None:
    good = build_transxchange([Trip("1", _calls())])
    broken = "<TransXChange><Services>"
    timetable, notices = _read(tmp_path, good, broken, "<html></html>", "")
    assert timetable.trips.height == 1
    assert notices.counts()["txc_document_unreadable"] == 3
    assert timetable.feeds["f"]["n_documents"] == 1
    with pytest.raises(InputError, match="breaks off"):
        _read(tmp_path, broken)
    with pytest.raises(InputError, match="none of the 2 documents"):
        _read(tmp_path, broken, broken)


def test_strict_makes_a_warning_an_error(tmp_path: Path) -> None:
    file = tmp_path / "x.xml"
    file.write_text(build_transxchange([Trip("1", _calls())], services=[Service()]))
    with pytest.raises(InputError, match="txc_days_unstated"):
        read_transxchange(file, feed="f", notices=Notices(strict=True), gazetteer=None, as_of=TUESDAY)


def test_archives_folders_and_archives_inside_archives_hold_the_same(tmp_path: Path) -> None:
    texts = {f"{n}.xml": build_transxchange([Trip(f"v{n}", _calls())]) for n in range(3)}
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep/2.xml", texts["2.xml"])
    mixed = {"a/0.xml": texts["0.xml"], "a/1.xml": texts["1.xml"], "b.zip": inner.getvalue(), "readme.txt": "x"}
    write_transxchange(tmp_path / "x.zip", mixed)
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "sub" / name).write_text(text)
    found = []
    for path in (tmp_path / "x.zip", folder):
        assert is_transxchange(path)
        notices = Notices()
        found.append(read_transxchange(path, feed="f", notices=notices, gazetteer=None, as_of=TUESDAY))
        assert notices.counts().get("txc_member_ignored", 0) == (path.suffix == ".zip")
    assert found[0].stop_times.equals(found[1].stop_times)
    assert found[0].trips.equals(found[1].trips)


def test_archives_that_are_not_to_be_trusted_or_hold_nothing_are_refused(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls())])
    cases = {
        "outside": ({"../x.xml": text}, "points outside"),
        "empty": ({}, "no XML document"),
        "other": ({"stops.txt": "x"}, "no XML document"),
    }
    for name, (members, message) in cases.items():
        file = write_transxchange(tmp_path / f"{name}.zip", members)
        with pytest.raises(InputError, match=message) as caught:
            read_transxchange(file, feed="f", notices=Notices(), gazetteer=None, as_of=None)
        assert caught.value.cure
        assert not is_transxchange(file)


def test_an_inner_archive_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    members = {"x.xml": build_transxchange([Trip("1", _calls())]), "broken.zip": b"PK\x03\x04nothing"}
    notices = Notices()
    file = write_transxchange(tmp_path / "x.zip", members)
    timetable = read_transxchange(file, feed="f", notices=notices, gazetteer=None, as_of=TUESDAY)
    assert timetable.trips.height == 1
    assert notices.counts()["txc_document_unreadable"] == 1


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    file = write_transxchange(tmp_path / "x.zip", {"x.xml": build_transxchange([Trip("1", _calls())])})
    data = bytearray(file.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    file.write_bytes(bytes(data))
    with pytest.raises(InputError, match="encrypted"):
        read_transxchange(file, feed="f", notices=Notices(), gazetteer=None, as_of=None)


def test_a_member_compressed_beyond_belief_is_refused(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls())]).encode() + b" " * (80 * 1024**2)
    file = write_transxchange(tmp_path / "x.zip", {"x.xml": text})
    with pytest.raises(InputError, match="beyond belief"):
        read_transxchange(file, feed="f", notices=Notices(), gazetteer=None, as_of=None)


def test_a_pattern_that_repeats_a_section_without_bounds_is_refused(tmp_path: Path) -> None:
    text = build_transxchange([Trip("1", _calls()), Trip("2", _calls(), headsign="x")])
    reference = "<JourneyPatternSectionRefs>JPS1</JourneyPatternSectionRefs>"
    timetable, notices = _read(tmp_path, _replace(text, reference, reference * 2000))
    assert timetable.trips["trip_id"].to_list() == ["f:S1:2"]
    assert notices.counts()["txc_pattern_too_long"] == 1


def test_one_or_two_processes_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.timetables.read_transxchange.MIN_POOL_BYTES", 0)
    texts: dict[str, str | bytes] = {
        f"{n}.xml": build_transxchange([Trip(f"v{n}", _calls(NINE + 60 * n))], services=[Service()]) for n in range(4)
    }
    texts["broken.xml"] = "<TransXChange>"
    file = write_transxchange(tmp_path / "x.zip", texts)
    found = []
    for n_processes in (1, 2):
        notices = Notices()
        timetable = read_transxchange(
            file, feed="f", notices=notices, gazetteer=None, as_of=TUESDAY, n_processes=n_processes
        )
        found.append((timetable, notices.to_frame()))
    (one, noted_one), (two, noted_two) = found
    for name in ("stops", "routes", "trips", "stop_times", "service_dates", "agencies"):
        assert getattr(one, name).equals(getattr(two, name)), name
    assert one.feeds == two.feeds
    assert noted_one.equals(noted_two)
    assert "txc_document_unreadable" in set(noted_one["code"])


def test_what_is_no_transxchange_is_told_apart_cheaply(tmp_path: Path) -> None:
    names = {"page.xml": "<!DOCTYPE html><html/>", "table.csv": "a,b\n", "other.xml": "<NaPTAN/>", "empty.xml": ""}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
        assert not is_transxchange(tmp_path / name)
    assert not is_transxchange(tmp_path / "nothing.xml")
    (tmp_path / "good.xml").write_text(build_transxchange([Trip("1", _calls())]))
    assert is_transxchange(tmp_path / "good.xml")
