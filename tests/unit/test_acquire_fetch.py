"""Sources into the archive: one entry for the same content, a ledger without secrets, pages put together."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pipeline.acquire.derive import make_hospitals, make_jobs, make_ward_deprivation
from pipeline.acquire.fetch import Fetcher
from pipeline.acquire.ledger import append_entry, read_ledger
from pipeline.acquire.sources import Source, parse_reference, read_sources
from pipeline.acquire.validity import read_validity
from pipeline.base.errors import ConfigError, FetchError, InputError, PipelineError, UsageError
from pipeline.base.hashing import hash_file
from pipeline.cli.fetch import run_fetch
from tests.support.hostile_server import (
    HostileServer,
    Patience,
    build_zip,
    get_query,
    redirect,
    reset,
    run_server,
    serve,
    serve_if_changed,
)

KEY = "M4RKED/K+Y-7f3a"
GTFS = build_zip(
    stops_txt="stop_id\n",
    routes_txt="route_id\n",
    trips_txt="trip_id\n",
    stop_times_txt="trip_id\n",
    calendar_txt="service_id,start_date,end_date\na,20260105,20260301\nb,20260201,20260412\n",
    calendar_dates_txt="service_id,date,exception_type\na,20260501,1\na,20260601,2\n",
)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with run_server() as running:
        yield running


def move(server: HostileServer, sources: Mapping[str, Source]) -> dict[str, Source]:
    """The register with every host replaced by the test's server; bounds of the size are left out."""

    def there(address: str) -> str:
        return re.sub(r"^https://[^/]+", server.address, address)

    return {
        name: replace(s, address=there(s.address), checksum=there(s.checksum), min_bytes=0)
        for name, s in sources.items()
    }


def build(server: HostileServer, archive: Path, *, environment: Mapping[str, str] | None = None) -> Fetcher:
    return Fetcher(move(server, read_sources()), archive, Patience().build(), environment or {})


def list_files(archive: Path) -> list[str]:
    return sorted(p.relative_to(archive).as_posix() for p in archive.rglob("*") if p.is_file())


def test_a_timetable_is_archived_under_its_hash_with_its_validity(server: HostileServer, tmp_path: Path) -> None:
    server.on("/timetable/download/gtfs-file/wales/", serve_if_changed(GTFS, '"v1"'))
    fetched = build(server, tmp_path).fetch("raw:bods_gtfs?region=wales")
    sha256 = hashlib.sha256(GTFS).hexdigest()
    assert list_files(tmp_path) == [f"bods_gtfs/{sha256}/bods-wales.gtfs.zip", "ledger.jsonl"]
    assert fetched.file.stat().st_mode & 0o222 == 0
    (entry,) = read_ledger(tmp_path)
    assert entry["valid_from"] == "2026-01-05"
    assert entry["valid_to"] == "2026-05-01"
    assert (entry["sha256"], entry["bytes"], entry["etag"]) == (sha256, len(GTFS), '"v1"')
    assert entry["licence"] == "OGL v3"
    assert fetched.is_new


def test_what_has_not_changed_is_not_downloaded_again(server: HostileServer, tmp_path: Path) -> None:
    server.on("/timetable/download/gtfs-file/all/", serve_if_changed(GTFS, '"v1"'))
    first = build(server, tmp_path).fetch("raw:bods_gtfs")
    second = build(server, tmp_path).fetch("raw:bods_gtfs?region=all")
    assert (second.file, second.is_new) == (first.file, False)
    assert server.headers_asked("If-None-Match") == [None, '"v1"']
    assert len(read_ledger(tmp_path)) == 2


def test_the_same_content_twice_is_one_entry_of_the_archive(server: HostileServer, tmp_path: Path) -> None:
    server.on("/timetable/download/gtfs-file/all/", serve(GTFS))
    server.on("/timetable/download/gtfs-file/wales/", serve(GTFS))
    first = build(server, tmp_path).fetch("raw:bods_gtfs")
    again = build(server, tmp_path).fetch("raw:bods_gtfs")
    other = build(server, tmp_path).fetch("raw:bods_gtfs?region=wales")
    assert first.file == again.file == other.file
    assert not again.is_new
    assert len([name for name in list_files(tmp_path) if name.endswith(".zip")]) == 1


def test_a_damaged_archive_is_fetched_whole_again(server: HostileServer, tmp_path: Path) -> None:
    server.on("/timetable/download/gtfs-file/all/", serve_if_changed(GTFS, '"v1"'))
    first = build(server, tmp_path).fetch("raw:bods_gtfs")
    first.file.chmod(0o644)
    first.file.write_bytes(b"PK rot")
    second = build(server, tmp_path).fetch("raw:bods_gtfs")
    assert second.file.read_bytes() == GTFS
    assert server.headers_asked("If-None-Match") == [None, None]


def test_a_zip_that_is_no_timetable_is_refused_and_not_archived(server: HostileServer, tmp_path: Path) -> None:
    server.on("/timetable/download/gtfs-file/all/", serve(build_zip(stops_txt="stop_id\n")))
    with pytest.raises(FetchError, match=r"routes\.txt, trips\.txt, stop_times\.txt is not in it"):
        build(server, tmp_path).fetch("raw:bods_gtfs")
    assert read_ledger(tmp_path) == []


PBF = b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x7c" + b"\x10" * 500


@pytest.mark.parametrize("is_right", [True, False])
def test_the_publishers_checksum_is_compared(server: HostileServer, tmp_path: Path, is_right: bool) -> None:
    stated = hashlib.md5(PBF if is_right else b"other").hexdigest()
    server.on("/europe/andorra-latest.osm.pbf", redirect("/europe/andorra-260101.osm.pbf"))
    server.on("/europe/andorra-260101.osm.pbf", serve(PBF))
    server.on("/europe/andorra-latest.osm.pbf.md5", serve(f"{stated}  andorra-latest.osm.pbf\n".encode()))
    fetcher = build(server, tmp_path)
    if is_right:
        assert fetcher.fetch("geofabrik?extract=europe/andorra").file.name == "europe-andorra.osm.pbf"
    else:
        with pytest.raises(FetchError, match="the publisher states"):
            fetcher.fetch("geofabrik?extract=europe/andorra")
        assert list_files(tmp_path) == []


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("raw:nothing", "no source 'nothing'"),
        ("raw:bods_gtfs?county=kent", "no parameter 'county'"),
        ("raw:bods_gtfs?region=kent", "no region 'kent'"),
        ("raw:geofabrik?extract=../../etc/passwd", "cannot stand for extract"),
        ("raw:geofabrik?extract=/etc", "cannot stand for extract"),
        ("raw:geofabrik?extract=a%3Fb", "cannot stand for extract"),
        ("raw:url", "needs an address"),
        ("raw:url?address=https://127.0.0.1/a%3Ftoken=abc", "carries a key"),
        ("raw:url?address=https://me:pw@127.0.0.1/a", "carries a key"),
    ],
)
def test_wrong_references_say_what_is_wrong(server: HostileServer, tmp_path: Path, reference: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        build(server, tmp_path).fetch(reference)
    assert server.asked == []


def answer_bods(handler: BaseHTTPRequestHandler) -> None:
    query = get_query(handler.path)
    server = f"http://127.0.0.1:{handler.server.server_port}"  # type: ignore[attr-defined]
    datasets = [{"id": n, "url": f"{server}/timetable/dataset/{n}/download/"} for n in range(30)]
    offset, limit = int(query["offset"]), int(query["limit"])
    page = {"count": len(datasets), "next": f"{server}/?api_key={KEY}", "results": datasets[offset : offset + limit]}
    serve(json.dumps(page).encode())(handler)


def test_datasets_of_an_operator_become_one_folder(server: HostileServer, tmp_path: Path) -> None:
    server.on("/api/v1/dataset/", answer_bods)
    for n in range(30):
        body = build_zip(**{f"{n}_xml": "<TransXChange/>"}) if n % 2 else b"<?xml version='1.0'?><TransXChange>%d" % n
        server.on(f"/timetable/dataset/{n}/download/", serve(body + b" " * 100))
    fetcher = build(server, tmp_path, environment={"BODS_API_KEY": KEY})
    fetched = fetcher.fetch("raw:bods_txc?noc=ABCD")
    assert sorted(p.name for p in fetched.file.iterdir()) == sorted(
        f"{n}.{'zip' if n % 2 else 'xml'}" for n in range(30)
    )
    assert hash_file(fetched.file) == fetched.sha256
    lists = [get_query(path) for path, _ in server.asked if path.startswith("/api/")]
    assert [q["offset"] for q in lists] == ["0", "25"]
    assert all(q["noc"] == "ABCD" and q["status"] == "published" and q["api_key"] == KEY for q in lists)
    assert not any("api_key" in path for path, _ in server.asked if path.startswith("/timetable/"))
    assert not fetcher.fetch("raw:bods_txc?noc=ABCD").is_new


def test_a_missing_key_says_where_to_get_one(server: HostileServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="BODS_API_KEY") as caught:
        build(server, tmp_path).fetch("raw:bods_txc?noc=ABCD")
    assert "docs/sources/README.md" in str(caught.value.cure)
    assert server.asked == []


def arcgis(n_features: int, *, stated: int | None = None) -> Any:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        query = get_query(handler.path)
        if query.get("returnCountOnly"):
            serve(json.dumps({"count": n_features if stated is None else stated}).encode())(handler)
            return
        offset, limit = int(query["resultOffset"]), min(int(query["resultRecordCount"]), 400)
        numbers = range(offset, min(n_features, offset + limit))
        codes = [{"LSOA11CD": f"E{n:05}", "WD17CD": f"W{n // 5}"} for n in numbers]
        is_cut = {"exceededTransferLimit": True} if numbers.stop < n_features else {}
        point = {"type": "Point", "coordinates": [0.5, 51.0]}
        features = [
            {"attributes": c} if query["f"] == "json" else {"type": "Feature", "properties": c, "geometry": point}
            for c in codes
        ]
        serve(json.dumps({"features": features, **is_cut}).encode())(handler)

    return behave


LAYER = "/ESMARspQHYMw9BZ9/arcgis/rest/services/{}/FeatureServer/0/query"
LOOKUP = LAYER.format("LSOA11_WD17_EW_LU_c65dfe9ca2fa4b0fa578b65a4d5c9856")


def test_pages_of_a_layer_become_one_table(server: HostileServer, tmp_path: Path) -> None:
    server.on(LOOKUP, arcgis(950))
    fetched = build(server, tmp_path).fetch("raw:ons_lsoa11_ward17")
    with fetched.file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["LSOA11CD"] for row in rows] == [f"E{n:05}" for n in range(950)]
    asked = [get_query(path) for path, _ in server.asked][1:]
    assert [q["resultOffset"] for q in asked] == ["0", "400", "800"]
    assert {(q["where"], q["orderByFields"]) for q in asked} == {("LSOA11CD LIKE 'E%'", "LSOA11CD")}


def test_pages_of_a_layer_of_points_become_one_geojson(server: HostileServer, tmp_path: Path) -> None:
    server.on(LAYER.format("LSOA_Dec_2011_PWC_in_England_and_Wales_2022"), arcgis(950))
    fetched = build(server, tmp_path).fetch("raw:ons_lsoa11_centroids")
    content = json.loads(fetched.file.read_bytes())
    assert len(content["features"]) == 950
    assert not build(server, tmp_path).fetch("raw:ons_lsoa11_centroids").is_new


def test_a_layer_with_fewer_features_than_stated_is_refused(server: HostileServer, tmp_path: Path) -> None:
    server.on(LOOKUP, arcgis(950, stated=951))
    with pytest.raises(FetchError, match="gave 950 records, and its service states 951"):
        build(server, tmp_path).fetch("raw:ons_lsoa11_ward17")
    assert list_files(tmp_path) == []


def test_an_error_sent_with_status_200_is_an_error(server: HostileServer, tmp_path: Path) -> None:
    server.on(LOOKUP, serve(b'{"error": {"code": 400, "message": "Invalid field: LSOA11CD"}}'))
    with pytest.raises(FetchError, match="Invalid field: LSOA11CD"):
        build(server, tmp_path).fetch("raw:ons_lsoa11_ward17")


def nomis(n_rows: int, *, stated: int) -> Any:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        query = get_query(handler.path)
        offset, limit = int(query["recordoffset"]), int(query["recordlimit"])
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["GEOGRAPHY_CODE", "OBS_VALUE", "RECORD_COUNT"])
        writer.writerows((f"E{n:05}", n % 900, stated) for n in range(offset, min(n_rows, offset + limit)))
        serve(text.getvalue().encode())(handler)

    return behave


def test_pages_of_nomis_become_one_table_and_are_counted(server: HostileServer, tmp_path: Path) -> None:
    server.on("/api/v01/dataset/NM_189_1.data.csv", nomis(25_003, stated=25_003))
    fetched = build(server, tmp_path).fetch("raw:nomis_bres_lsoa11")
    lines = fetched.file.read_text().splitlines()
    assert len(lines) == 25_004
    assert lines[0].count("GEOGRAPHY_CODE") == 1
    server.on("/api/v01/dataset/NM_189_1.data.csv", nomis(25_003, stated=30_000))
    with pytest.raises(FetchError, match="states 30,000"):
        build(server, tmp_path).fetch("raw:nomis_bres_lsoa11")


def test_jobs_are_made_of_two_sources_and_what_is_left_out_is_counted(server: HostileServer, tmp_path: Path) -> None:
    server.on(LAYER.format("LSOA_Dec_2011_PWC_in_England_and_Wales_2022"), arcgis(950))
    server.on("/api/v01/dataset/NM_189_1.data.csv", nomis(960, stated=960))
    fetched = build(server, tmp_path).fetch("raw:jobs_lsoa11")
    assert fetched.file.read_text().splitlines()[:3] == ["code,lon,lat,jobs", "E00000,0.5,51.0,0", "E00001,0.5,51.0,1"]
    assert "10 left out" in str(fetched.entry["address"])


def test_jobs_without_a_figure_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("GEOGRAPHY_CODE,OBS_VALUE\nE1,5\nE2,\n")
    point = {"type": "Point", "coordinates": [1, 2]}
    features = [{"properties": {"LSOA11CD": c}, "geometry": point} for c in ("E1", "E2")]
    (tmp_path / "c.geojson").write_text(json.dumps({"features": features}))
    assert make_jobs(tmp_path / "b.csv", tmp_path / "c.geojson")[1:] == ([("E1", 1, 2, "5")], 1)


def test_hospitals_are_open_sites_of_that_name_on_a_known_postcode(tmp_path: Path) -> None:
    def site(code: str, name: str, postcode: str, closed: str = "") -> list[str]:
        return [code, name, "", "", "", "", "", "", "", postcode, "20000101", closed, *[""] * 15]

    sites = [
        site("R1A01", "ST MARY'S HOSPITAL", "AB1 2CD"),
        site("R1A02", "OLD INFIRMARY", "AB12CD", "20100101"),
        site("R1A03", "HOSPITALITY SERVICES", "AB1 2CD"),
        site("R1A04", "Royal Infirmary", "AB99 9ZZ"),
        site("R1A05", "Far Hospital", "ZE1 0AA"),
    ]
    with (tmp_path / "ets.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows(sites)
    table = "AB1 2CD,10,530000,180000,E,,,,,\nAB999ZZ,90,0,0,E,,,,,\n"
    (tmp_path / "cpo.zip").write_bytes(build_zip(**{"Data/CSV/ab.csv": table, "Doc/headers.csv": "PC,PQ,EA,NO\n"}))
    _, rows, n_left_out = make_hospitals(tmp_path / "ets.csv", tmp_path / "cpo.zip")
    assert rows == [("R1A01", "ST MARY'S HOSPITAL", "AB12CD", 530000, 180000)]
    assert n_left_out == 2


def test_deprivation_of_wards_is_a_mean_over_people(tmp_path: Path) -> None:
    head = (
        "LSOA code (2011),Index of Multiple Deprivation (IMD) Score,Total population: mid 2015 (excluding prisoners)\n"
    )
    (tmp_path / "iod.csv").write_text(head + 'L1,10,"1,000"\nL2,40,3000\nL3,20,500\nL4,5,100\n')
    (tmp_path / "lookup.csv").write_text("LSOA11CD,WD17CD\nL1,A\nL2,A\nL3,B\n")
    _, rows, n_left_out = make_ward_deprivation(tmp_path / "iod.csv", tmp_path / "lookup.csv")
    assert rows == [("A", "32.5000", 4000, "0.0000"), ("B", "20.0000", 500, "50.0000")]
    assert n_left_out == 1


def test_any_address_with_its_own_key(server: HostileServer, tmp_path: Path) -> None:
    address = server.on("/feeds/rail.zip", serve(GTFS))
    fetcher = build(server, tmp_path, environment={"RAIL_KEY": KEY})
    reference = f"raw:gtfs_url?address={address}&key_parameter=token&key_variable=RAIL_KEY"
    assert fetcher.fetch(reference).file.name == "rail.zip"
    assert get_query(server.asked[0][0])["token"] == KEY
    with pytest.raises(ConfigError, match="RAIL_KEY"):
        build(server, tmp_path).fetch(reference)


def test_a_folder_of_this_machine(server: HostileServer, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").write_text("x\n1\n")
    fetched = build(server, tmp_path / "raw").fetch(f"raw:folder?path={tmp_path / 'mine'}")
    assert (fetched.file / "a.csv").read_text() == "x\n1\n"
    with pytest.raises(InputError, match="does not exist"):
        build(server, tmp_path / "raw").fetch(f"raw:folder?path={tmp_path / 'none'}")


def test_no_secret_is_written_or_shown_anywhere(
    server: HostileServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever goes wrong: a marked key, and then a search of everything."""
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    for n in range(30):
        server.on(f"/timetable/dataset/{n}/download/", serve(b"<TransXChange>" + b" " * 100))
    echo = redirect(f"{server.address.replace('127.0.0.1', 'localhost')}/?api_key=M4RKED%2FK%2BY-7f3a")
    refusal = serve(json.dumps({"error": f"bad key {KEY}"}).encode())
    outcomes: list[str] = []
    for behaviour in (answer_bods, serve(b"", 403), serve(b"", 503), reset(), echo, refusal, serve(b"<html>", 200)):
        server.on("/api/v1/dataset/", behaviour)
        fetcher = build(server, Path("data/raw"), environment={"BODS_API_KEY": KEY})
        try:
            run_fetch("bods_txc", area=None, parameters=["noc=ABCD"], fetcher=fetcher)
        except PipelineError as error:
            outcomes.append(f"{error!r} {error} {error.__cause__}")
    assert len(outcomes) == 6
    assert all(KEY in get_query(path).get("api_key", KEY) for path, _ in server.asked)
    out, err = capsys.readouterr()
    written = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    names = [str(path) for path in tmp_path.rglob("*")]
    everything = [out, err, caplog.text, *outcomes, *written, *names]
    assert "bods_txc" in out
    assert len(written) > 2
    for text in everything:
        assert "M4RKED" not in text


def test_a_ledger_line_cut_by_a_power_cut_is_left_alone(tmp_path: Path) -> None:
    append_entry(tmp_path, {"reference": "a", "n": 1})
    with (tmp_path / "ledger.jsonl").open("a") as handle:
        handle.write('{"reference": "b", "n')
    append_entry(tmp_path, {"reference": "c", "n": 3})
    assert [entry["reference"] for entry in read_ledger(tmp_path)] == ["a", "c"]
    (tmp_path / "ledger.jsonl").write_text("nonsense\n")
    with pytest.raises(InputError, match="damaged"):
        read_ledger(tmp_path)


def test_feed_info_narrows_the_validity(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(
        build_zip(
            stops_txt="",
            routes_txt="",
            trips_txt="",
            stop_times_txt="",
            calendar_txt="service_id, start_date ,end_date\na,20200101,20301231\n",
            feed_info_txt="feed_start_date,feed_end_date\n20260105,20260412\n",
        )
    )
    assert read_validity(path, shown="a") == ("2026-01-05", "2026-04-12")


def test_every_row_of_the_register_is_complete() -> None:
    for source in read_sources().values():
        reference = parse_reference(source.name, read_sources())
        for field in ("publisher", "licence", "expected_type", "reader", "changes", "note"):
            assert getattr(source, field), (source.name, field)
        if source.publisher != "anybody":  # of which the area file says it
            assert source.attribution, source.name
            assert source.vintage, source.name
        assert source.is_key_needed <= bool(source.key_variable and source.key_parameter)
        assert source.docs.startswith("docs/sources/README.md#")
        if source.kind not in {"url", "folder", "derived"}:
            assert reference.fill(source.address).startswith("https://")
            assert source.hosts
        assert all(part.startswith("raw:") for part in source.made_of)


def test_every_row_of_the_register_is_explained(root: Path) -> None:
    text = (root / "docs" / "sources" / "README.md").read_text(encoding="utf-8")
    heads = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines()}
    for source in read_sources().values():
        assert source.docs.partition("#")[2] in heads
        assert f"`{source.name}`" in text


def test_a_wrong_row_of_the_register_is_named(tmp_path: Path) -> None:
    rows = Path("config/sources.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "sources.csv"
    path.write_text("\n".join([rows[0], rows[1].replace("https://data", "http://data")]), encoding="utf-8")
    with pytest.raises(ConfigError, match="Only https is used") as caught:
        read_sources(path)
    assert (caught.value.row, caught.value.field) == (2, "address")
    path.write_text("\n".join([rows[0], rows[1], rows[1]]), encoding="utf-8")
    with pytest.raises(ConfigError, match="stands twice"):
        read_sources(path)
