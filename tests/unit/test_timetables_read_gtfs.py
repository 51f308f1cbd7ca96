"""Reading whole feeds: what is kept, what is refused, and what is noted."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest

from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.timetables.calendars import get_trips_on
from pipeline.timetables.model import Timetable
from pipeline.timetables.read_any import read_timetable
from pipeline.timetables.read_gtfs import read_gtfs
from tests.support.gtfs import AGENCY, CALENDAR, ROUTES, STOP_TIMES, STOPS, TRIPS, build_gtfs, make_calls, to_csv


def read(path: Path, feed: str = "bus") -> tuple[Timetable, Notices]:
    notices = Notices()
    return read_gtfs(path, feed=feed, notices=notices), notices


def times(timetable: Timetable, trip_id: str = "bus:T1") -> list[tuple[str, int, int]]:
    index = timetable.trips.filter(timetable.trips["trip_id"] == trip_id)["trip_index"].item()
    calls = timetable.stop_times.filter(timetable.stop_times["trip_index"] == index)
    names = timetable.stops["stop_id"].to_list()
    assert calls["position"].to_list() == list(range(calls.height))
    return [
        (names[stop].removeprefix("bus:"), arrival, departure)
        for stop, arrival, departure in calls.select("stop_index", "arrival_s", "departure_s").iter_rows()
    ]


def examples(notices: Notices, code: str) -> list[tuple[str, int | None]]:
    frame = notices.to_frame()
    frame = frame[frame["code"] == code]
    return [
        (file.partition(":")[2], None if row is None else int(row))
        for file, row in zip(frame["file"], frame["row"], strict=True)
    ]


def test_a_plain_feed(tmp_path: Path) -> None:
    timetable, notices = read(build_gtfs(tmp_path))
    assert times(timetable) == [("S1", 28800, 28800), ("S2", 29400, 29400), ("S3", 30000, 30000)]
    assert notices.counts() == {"gtfs_stop_unused": 2}
    assert timetable.stops["stop_id"].to_list() == ["bus:S1", "bus:S2", "bus:S3"]
    assert timetable.routes.row(0, named=True)["operator_name"] == "Coast Buses"
    assert timetable.timezone == "Europe/London"
    assert timetable.feeds["bus"]["first_date"] == "2024-01-01"
    assert timetable.feeds["bus"]["last_date"] == "2024-03-29"


def test_folder_and_zip_and_nested_agree(tmp_path: Path) -> None:
    plain, _ = read(build_gtfs(tmp_path))
    folder, _ = read(build_gtfs(tmp_path, name="folder"))
    path = build_gtfs(tmp_path, name="nested.zip", prefix="inner/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "about")
        archive.writestr("__MACOSX/inner/stops.txt", "junk")
    nested, notices = read(path)
    assert notices.to_frame()["file"].tolist() == ["nested.zip", "nested.zip:stops.txt"]
    for name in plain.counts():
        assert getattr(plain, name).equals(getattr(folder, name))
        assert getattr(plain, name).equals(getattr(nested, name))
    assert notices.counts()["gtfs_files_nested"] == 1


def test_written_and_read_again(tmp_path: Path) -> None:
    timetable, _ = read(build_gtfs(tmp_path))
    timetable.write(tmp_path / "out")
    again = Timetable.read(tmp_path / "out")
    for name in timetable.counts():
        assert getattr(timetable, name).equals(getattr(again, name))
    assert (again.feeds, again.timezone) == (timetable.feeds, timetable.timezone)
    (tmp_path / "out" / "core_timetable__trips.parquet").unlink()
    with pytest.raises(InputError, match="no timetable can be read"):
        Timetable.read(tmp_path / "out")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_untidy_text(tmp_path: Path, end: str) -> None:
    agency = "\ufeffagency_id, agency_name,agency_url ,agency_timezone\n OP1 , Coast Buses,,Europe/London"
    stops = (
        'stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n0100,"Quay, ""Old"" Bay",51.5,-3,"",""\n\n'
        'NA,"",51.6,-3.0,"",""\n1e5,Caf\u00e9,51.7,-3.0,0,'
    )
    calls = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        'T1,8:05:00, 8:05:00,0100,5\nT1,"","",NA,9\nT1,25:10:00,25:10:00,1e5,20\n'
    )
    path = build_gtfs(
        tmp_path, agency=agency.replace("\n", end), stops=stops.replace("\n", end), stop_times=calls.replace("\n", end)
    )
    timetable, notices = read(path)
    assert timetable.stops["stop_id"].to_list() == ["bus:0100", "bus:1e5", "bus:NA"]
    assert timetable.stops["stop_name"].to_list() == ['Quay, "Old" Bay', "Caf\u00e9", ""]
    assert times(timetable) == [("0100", 29100, 29100), ("NA", 59850, 59850), ("1e5", 90600, 90600)]
    assert notices.counts() == {"gtfs_times_interpolated": 1}


def test_latin_1_is_noted(tmp_path: Path) -> None:
    stops = to_csv([{**row, "stop_name": "Caf\u00e9"} for row in STOPS]).encode("latin-1")
    timetable, notices = read(build_gtfs(tmp_path, stops=stops))
    assert timetable.stops["stop_name"][0] == "Caf\u00e9"
    assert notices.counts()["gtfs_not_utf8"] == 1


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    stops = to_csv([*STOPS[:1], {**STOPS[1], "stop_name": "two\nlines"}, {**STOPS[2], "stop_lat": ""}])
    timetable, notices = read(build_gtfs(tmp_path, stops="\n" + stops))
    assert examples(notices, "stop_not_located") == [("stops.txt", 5)]
    assert timetable.stops["is_located"].to_list() == [True, True, False]


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        ("", "-3"),
        ("0", "0"),
        ("0.0", "-0.0"),
        ("91", "-3"),
        ("51", "-181"),
        ("nan", "-3"),
        ("51,5", "-3"),
        ("inf", "1"),
    ],
)
def test_a_doubtful_place_costs_itself_only(tmp_path: Path, lat: str, lon: str) -> None:
    good, _ = read(build_gtfs(tmp_path, name="good.zip"))
    path = build_gtfs(tmp_path, stops=[STOPS[0], {**STOPS[1], "stop_lat": lat, "stop_lon": lon}, *STOPS[2:]])
    timetable, notices = read(path)
    assert timetable.stops["is_located"].to_list() == [True, False, True]
    assert timetable.stops["lon"].null_count() == 1
    assert examples(notices, "stop_not_located") == [("stops.txt", 3)]
    assert timetable.stop_times.equals(good.stop_times)


def test_parents_lend_coordinates_and_access(tmp_path: Path) -> None:
    stops = [
        {
            "stop_id": "A",
            "stop_name": "Station",
            "stop_lat": 51.5,
            "stop_lon": -3,
            "location_type": 1,
            "parent_station": "",
            "wheelchair_boarding": 1,
        },
        {
            "stop_id": "A1",
            "stop_name": "Platform",
            "stop_lat": "",
            "stop_lon": "",
            "location_type": 0,
            "parent_station": "A",
        },
        {
            "stop_id": "A1x",
            "stop_name": "Area",
            "stop_lat": "",
            "stop_lon": "",
            "location_type": 4,
            "parent_station": "A1",
        },
        {"stop_id": "B", "stop_name": "Lost child", "stop_lat": 51.6, "stop_lon": -3, "parent_station": "nowhere"},
    ]
    calls = make_calls("T1", [("A1x", "08:00:00"), ("B", "08:10:00"), ("A1", "08:20:00"), ("A", "08:30:00")])
    timetable, notices = read(build_gtfs(tmp_path, stops=stops, stop_times=calls))
    assert timetable.stops["lat"].to_list() == [51.5, 51.5, 51.5, 51.6]
    assert timetable.stops["wheelchair_boarding"].to_list() == [1, 1, 1, 0]
    assert timetable.stops["parent_stop_id"].to_list() == [None, "bus:A", "bus:A1", None]
    counts = notices.counts()
    assert (counts["gtfs_stop_takes_parent_location"], counts["gtfs_call_at_station"]) == (2, 2)
    assert examples(notices, "gtfs_unknown_parent_station") == [("stops.txt", 5)]


def test_rows_in_any_order_and_loops(tmp_path: Path) -> None:
    calls = make_calls("T1", [("S1", "08:00:00"), ("S2", "08:10:00"), ("S1", "08:20:00"), ("S1", "08:20:00")])
    timetable, _ = read(build_gtfs(tmp_path, stop_times=calls[::-1]))
    assert [stop for stop, _, _ in times(timetable)] == ["S1", "S2", "S1", "S1"]


def test_pickup_and_drop_off(tmp_path: Path) -> None:
    calls = make_calls("T1", [(f"S{n}", f"08:{n}0:00") for n in range(1, 6)])
    rules = [("1", "0"), ("2", ""), ("3", "1.0"), ("7", "0"), ("", "1")]
    calls = [{**row, "pickup_type": p, "drop_off_type": d} for row, (p, d) in zip(calls, rules, strict=True)]
    timetable, notices = read(build_gtfs(tmp_path, stop_times=calls))
    assert timetable.stop_times["is_pickup"].to_list() == [False, True, True, True, True]
    assert timetable.stop_times["is_dropoff"].to_list() == [True, True, False, True, False]
    assert notices.counts() == {"gtfs_pickup_on_request": 1, "gtfs_pickup_unreadable": 1}


GOOD = make_calls("T2", [("S1", "09:00:00"), ("S2", "09:10:00")])
TWO_TRIPS = [*TRIPS, {**TRIPS[0], "trip_id": "T2"}]


@pytest.mark.parametrize(
    ("change", "code", "row"),
    [
        ({0: {"arrival_time": "", "departure_time": ""}}, "gtfs_trip_ends_blank", 2),
        ({2: {"arrival_time": "", "departure_time": ""}}, "gtfs_trip_ends_blank", 4),
        ({1: {"arrival_time": "07:59:59", "departure_time": "08:10:00"}}, "gtfs_trip_backward", 3),
        ({1: {"arrival_time": "08:10:00", "departure_time": "08:09:00"}}, "gtfs_trip_backward", 3),
        ({1: {"arrival_time": "8.10"}}, "gtfs_time_unreadable", 3),
        ({1: {"arrival_time": "08:61:00"}}, "gtfs_time_unreadable", 3),
        ({1: {"departure_time": "-1:00:00"}}, "gtfs_time_unreadable", 3),
        ({1: {"stop_sequence": "x"}}, "gtfs_stop_sequence_unreadable", 3),
        ({1: {"stop_sequence": ""}}, "gtfs_stop_sequence_unreadable", 3),
        ({1: {"stop_sequence": "-4"}}, "gtfs_stop_sequence_unreadable", 3),
        ({2: {"stop_sequence": 2}}, "gtfs_stop_sequence_repeated", 4),
    ],
)
def test_a_bad_row_costs_its_trip_only(
    tmp_path: Path, change: dict[int, dict[str, object]], code: str, row: int
) -> None:
    calls = [{**call, **change.get(at, {})} for at, call in enumerate(STOP_TIMES)]
    timetable, notices = read(build_gtfs(tmp_path, trips=TWO_TRIPS, stop_times=[*calls, *GOOD]))
    alone, _ = read(build_gtfs(tmp_path, name="alone.zip", trips=TWO_TRIPS[1:], stop_times=GOOD))
    assert timetable.trips["trip_id"].to_list() == ["bus:T2"]
    assert timetable.stop_times.equals(alone.stop_times)
    assert ("stop_times.txt", row) in examples(notices, code)
    assert "gtfs_trip_too_short" not in notices.counts()


def test_one_time_given_counts_for_both(tmp_path: Path) -> None:
    calls = [{**STOP_TIMES[0], "arrival_time": ""}, STOP_TIMES[1], {**STOP_TIMES[2], "departure_time": ""}]
    assert times(read(build_gtfs(tmp_path, stop_times=calls))[0])[0] == ("S1", 28800, 28800)


def test_unknown_references(tmp_path: Path) -> None:
    trips = [
        *TRIPS,
        {**TRIPS[0], "trip_id": "T2", "route_id": "R9"},
        {**TRIPS[0], "trip_id": "T3", "service_id": "nothing"},
        {**TRIPS[0], "trip_id": "T4"},
        {**TRIPS[0], "trip_id": "T5"},
    ]
    calls = [
        *make_calls("T1", [("S1", "08:00:00"), ("XX", "08:10:00"), ("S3", "08:20:00")]),
        *make_calls("T2", [("S1", "08:00:00"), ("S2", "08:10:00")]),
        *make_calls("T4", [("S1", "08:00:00"), ("XX", "08:10:00")]),
        *make_calls("T9", [("S1", "08:00:00")]),
    ]
    timetable, notices = read(build_gtfs(tmp_path, trips=trips, stop_times=calls))
    assert times(timetable) == [("S1", 28800, 28800), ("S3", 30000, 30000)]
    assert timetable.trips.height == 1
    assert examples(notices, "gtfs_unknown_reference") == [
        ("stop_times.txt", 3),
        ("stop_times.txt", 8),
        ("stop_times.txt", 9),
        ("trips.txt", 3),
        ("trips.txt", 4),
    ]
    assert examples(notices, "gtfs_trip_too_short") == [("trips.txt", 5), ("trips.txt", 6)]


def test_an_unknown_stop_still_lends_its_time(tmp_path: Path) -> None:
    # XX is taken to lie midway between S2 and S3, so that S2 is two thirds of the way from S1 to XX.
    calls = make_calls("T1", [("S1", "08:00:00"), ("S2", ""), ("XX", "08:10:00"), ("S3", "09:00:00")])
    assert times(read(build_gtfs(tmp_path, stop_times=calls))[0])[1] == ("S2", 29200, 29200)


@pytest.mark.parametrize(
    ("files", "file", "row", "field"),
    [
        ({"stops": [*STOPS, {**STOPS[0], "stop_lat": 52}]}, "stops.txt", 7, "stop_id"),
        ({"trips": [*TRIPS, {**TRIPS[0], "trip_headsign": "Quay"}]}, "trips.txt", 3, "trip_id"),
        ({"routes": [*ROUTES, {**ROUTES[0], "route_type": 2}]}, "routes.txt", 3, "route_id"),
        ({"agency": [*AGENCY, {**AGENCY[0], "agency_name": "Other"}]}, "agency.txt", 3, "agency_id"),
        ({"calendar": [*CALENDAR, {**CALENDAR[0], "sunday": 1}]}, "calendar.txt", 3, "service_id"),
        ({"stops": "stop_id,stop_name,stop_lat\nS1,x,51\n"}, "stops.txt", 1, "stop_lon"),
        ({"stops": "stop_id,stop_lat,stop_lon,stop_lat\nS1,51,3,51\n"}, "stops.txt", 1, "stop_lat"),
        ({"agency": [{**AGENCY[0], "agency_timezone": "Mars/Base"}]}, "agency.txt", 2, "agency_timezone"),
        ({"agency": [{**AGENCY[0], "agency_timezone": ""}]}, "agency.txt", 2, "agency_timezone"),
        ({"stop_times": ""}, "stop_times.txt", None, None),
        ({"trips": "route_id,service_id,trip_id\n"}, "trips.txt", None, None),
        ({"routes": None}, "routes.txt", None, None),
        ({"agency": None}, "agency.txt", None, None),
        ({"stop_times": None}, "stop_times.txt", None, None),
    ],
)
def test_structural_problems_are_errors(
    tmp_path: Path, files: dict[str, object], file: str, row: int | None, field: str | None
) -> None:
    path = build_gtfs(tmp_path, **files)  # type: ignore[arg-type]
    with pytest.raises(InputError) as caught:
        read(path)
    assert (str(caught.value.file).endswith(file), caught.value.row, caught.value.field) == (True, row, field)
    assert caught.value.cure
    assert caught.value.exit_code == 4


def test_rows_repeated_word_for_word_count_once(tmp_path: Path) -> None:
    path = build_gtfs(
        tmp_path,
        stops=[*STOPS, STOPS[0]],
        trips=[*TRIPS, *TRIPS],
        routes=[*ROUTES, *ROUTES],
        agency=[*AGENCY, *AGENCY],
        calendar=[*CALENDAR, *CALENDAR],
        stop_times=[*STOP_TIMES, STOP_TIMES[1]],
    )
    timetable, notices = read(path)
    assert notices.counts()["gtfs_row_repeated"] == 6
    assert len(times(timetable)) == 3


def test_no_usable_trip_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no usable trip"):
        read(build_gtfs(tmp_path, stop_times=STOP_TIMES[:1]))


def test_operators(tmp_path: Path) -> None:
    single = [{key: value for key, value in AGENCY[0].items() if key != "agency_id"}]
    no_agency = [{key: value for key, value in ROUTES[0].items() if key != "agency_id"}]
    timetable, notices = read(build_gtfs(tmp_path, agency=single, routes=no_agency))
    assert timetable.routes.row(0, named=True)["operator_name"] == "Coast Buses"
    assert "gtfs_unknown_operator" not in notices.counts()
    two = [*AGENCY, {**AGENCY[0], "agency_id": "OP2", "agency_name": "Hill", "agency_timezone": "Europe/Paris"}]
    timetable, notices = read(build_gtfs(tmp_path, name="two.zip", agency=two, routes=no_agency))
    assert timetable.routes.row(0, named=True)["operator_name"] == ""
    assert examples(notices, "gtfs_unknown_operator") == [("routes.txt", 2)]
    assert notices.counts()["gtfs_timezones_differ"] == 1
    assert timetable.timezone == "Europe/London"


def test_unknown_route_type_is_other(tmp_path: Path) -> None:
    timetable, notices = read(build_gtfs(tmp_path, routes=[{**ROUTES[0], "route_type": "99"}]))
    assert timetable.routes.row(0, named=True)["mode"] == "other"
    assert timetable.routes.row(0, named=True)["route_type"] == 99
    assert examples(notices, "gtfs_route_type_unknown") == [("routes.txt", 2)]


def test_surplus_fields_are_noted(tmp_path: Path) -> None:
    stops = to_csv(STOPS).splitlines()
    stops[2] += ",surplus"
    stops[3] += ",,,"
    timetable, notices = read(build_gtfs(tmp_path, stops="\n".join(stops)))
    assert examples(notices, "gtfs_row_too_long") == [("stops.txt", 3)]
    assert timetable.stops.height == 3


def test_stray_quotation_marks(tmp_path: Path) -> None:
    text = to_csv(STOPS).replace("Stop 1", '5" Gun').replace("Stop 2,", ' "Quay, east",')
    timetable, _ = read(build_gtfs(tmp_path, stops=text))
    assert timetable.stops["stop_name"].to_list()[:2] == ['5" Gun', "Quay, east"]
    rows = "".join(f"S{n},x,51.{n},-3\n" for n in range(10, 90))
    with pytest.raises(InputError, match="never closed"):
        read(build_gtfs(tmp_path, name="open.zip", stops='stop_id,stop_name,stop_lat,stop_lon\nS1,"x,51,-3\n' + rows))


def test_several_feeds_are_independent_of_their_order(tmp_path: Path) -> None:
    bus = build_gtfs(tmp_path, name="bus.zip")
    rail = build_gtfs(tmp_path, name="rail.zip", routes=[{**ROUTES[0], "route_type": 2}], stop_times=STOP_TIMES[1:])
    both = read_timetable({"rail": rail, "bus": bus}, notices=Notices())
    other = read_timetable({"bus": bus, "rail": rail}, notices=Notices())
    for name in both.counts():
        assert getattr(both, name).equals(getattr(other, name))
    assert both.trips["trip_id"].to_list() == ["bus:T1", "rail:T1"]
    assert both.stops["stop_id"].to_list() == ["bus:S1", "bus:S2", "bus:S3", "rail:S2", "rail:S3"]
    assert both.stops["stop_index"].to_list() == [0, 1, 2, 3, 4]
    assert both.stop_times["stop_index"].to_list() == [0, 1, 2, 3, 4]
    assert both.routes["mode"].to_list() == ["bus", "rail"]
    assert list(both.feeds) == ["bus", "rail"]
    assert get_trips_on(both, date(2024, 1, 2)).height == 2


def test_feeds_of_two_time_zones_are_refused(tmp_path: Path) -> None:
    one = build_gtfs(tmp_path, name="one.zip")
    two = build_gtfs(tmp_path, name="two.zip", agency=[{**AGENCY[0], "agency_timezone": "Europe/Paris"}])
    with pytest.raises(InputError, match="different time zones"):
        read_timetable({"a": one, "b": two}, notices=Notices())


def test_feed_info_gives_the_date_of_extraction(tmp_path: Path) -> None:
    info = "feed_publisher_name,feed_publisher_url,feed_lang,feed_version\nX,,en,20230612_115702\n"
    timetable, _ = read(build_gtfs(tmp_path, feed_info=info))
    assert timetable.feeds["bus"]["extraction_date"] == "2023-06-12"


def test_strict_mode_raises(tmp_path: Path) -> None:
    calls = [STOP_TIMES[0], {**STOP_TIMES[1], "arrival_time": "07:00:00"}, STOP_TIMES[2]]
    path = build_gtfs(tmp_path, stop_times=calls)
    with pytest.raises(InputError, match="gtfs_trip_backward"):
        read_gtfs(path, feed="bus", notices=Notices(strict=True))


@pytest.mark.parametrize("size", [20, 64, 200])
def test_blocks_of_any_size_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    calls = [{**row, "stop_headsign": 'Quay,\n"North"'} for row in STOP_TIMES]
    calls += make_calls("T9", [("S1", "08:00:00")])
    path = build_gtfs(tmp_path, stop_times=calls, stops=[{**row, "stop_name": "Caf\u00e9"} for row in STOPS])
    whole, all_notices = read(path)
    monkeypatch.setattr("pipeline.timetables.gtfs_tables.BLOCK_BYTES", size)
    blocks, notices = read(path)
    for name in whole.counts():
        assert getattr(whole, name).equals(getattr(blocks, name))
    assert examples(notices, "gtfs_unknown_reference") == [("stop_times.txt", 5)]
    assert notices.to_frame().equals(all_notices.to_frame())


def test_feed_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no name for a feed"):
        read(build_gtfs(tmp_path), feed="a:b")


def test_broken_containers(tmp_path: Path) -> None:
    good = build_gtfs(tmp_path).read_bytes()
    cases = {
        "missing.zip": (None, "there is no timetable"),
        "empty.zip": (b"", "is empty"),
        "page.zip": (b"<!DOCTYPE html><html>404</html>", "web page"),
        "cut.zip": (good[: len(good) // 2], "cut short"),
        "text.zip": (b"stop_id,stop_name\n", "not a readable zip"),
        "damaged.zip": (good[:60] + bytes(40) + good[100:], "cannot be read"),
    }
    for name, (data, message) in cases.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=message) as caught:
            read(tmp_path / name)
        assert caught.value.cure


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_archives_not_to_be_trusted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside the archive"):
        read(write_zip(tmp_path / "a.zip", {"../stops.txt": b"x"}))
    with pytest.raises(InputError, match="outside the archive"):
        read(write_zip(tmp_path / "b.zip", {"/stops.txt": b"x"}))
    with pytest.raises(InputError, match="no GTFS files"):
        read(write_zip(tmp_path / "c.zip", {"feed/inner.zip": b"x"}))
    with pytest.raises(InputError, match="no GTFS files"):
        read(write_zip(tmp_path / "n.zip", {"README.txt": b"x"}))
    with pytest.raises(InputError, match=r"no stops.txt"):
        read(build_gtfs(tmp_path, name="s.zip", stops=None))
    with pytest.raises(InputError, match="several timetables"):
        read(write_zip(tmp_path / "d.zip", {"a/stops.txt": b"x", "b/stops.txt": b"x"}))
    with pytest.raises(InputError, match="larger than"):
        read_gtfs(build_gtfs(tmp_path), feed="bus", notices=Notices(), max_member_bytes=50)
    bomb = write_zip(tmp_path / "e.zip", {"stops.txt": b"", "agency.txt": b"0" * (70 * 1024**2)})
    with pytest.raises(InputError, match="compressed beyond belief"):
        read(bomb)
    encrypted = bytearray(build_gtfs(tmp_path, name="f.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = encrypted.find(mark)
        while at >= 0:
            encrypted[at + offset] |= 1
            at = encrypted.find(mark, at + 4)
    (tmp_path / "f.zip").write_bytes(bytes(encrypted))
    with pytest.raises(InputError, match="encrypted"):
        read(tmp_path / "f.zip")
