"""TransXChange, ATCO-CIF, tables of points, boundaries and OpenStreetMap files with one defect each."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from tests.hostile.case import Case, Noted, Rejected, Same
from tests.hostile.gtfs_cases import NORMAL
from tests.support.cif import A_AND_B, header, journey
from tests.support.gtfs import build_gtfs
from tests.support.osm import OsmNode, OsmWay, write_osm
from tests.support.transxchange import Call, Stop, Trip, build_transxchange, write_transxchange

Outcome = Rejected | Noted | Same


def _file(name: str, file: str, data: str | bytes, expected: Outcome, kind: str, named: str = "") -> Case:
    def build(folder: Path) -> None:
        (folder / file).write_bytes(data.encode() if isinstance(data, str) else data)

    return Case(name, build, expected, file, kind, named)


# TransXChange ---------------------------------------------------------------------------------------------------------
TXC = build_transxchange(
    [Trip("V1", [Call("A", 28800, 28800), Call("B", 29400, 29400), Call("C", 30000, 30000)])],
    stops=[Stop("A", "Alpha", -3.0, 51.5), Stop("B", "Beta", -3.0, 51.51), Stop("C", "Gamma", -3.0, 51.52)],
)
ENTITIES = (
    '<!DOCTYPE TransXChange [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 20}">' for n in range(9))
    + "]>\n"
)


def _txc(name: str, old: str, new: str, expected: Outcome) -> Case:
    assert old in TXC, (name, TXC)
    return _file(f"txc-{name}", "a.xml", TXC.replace(old, new, 1), expected, "timetable")


HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
DEEP = TXC.replace("<VehicleJourneys>", "<VehicleJourneys>" + "<a>" * 1000 + "</a>" * 1000)
TXC_CASES = [
    _txc("dtd", HEAD, HEAD + "<!DOCTYPE TransXChange>\n", Rejected("document type", 2)),
    _txc("entity-bomb", HEAD, HEAD + ENTITIES, Rejected("document type", 2)),
    _txc(
        "external-entity",
        HEAD,
        HEAD + '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n',
        Rejected("document type", 2),
    ),
    _txc("external-dtd", HEAD, HEAD + '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">\n', Rejected("document type", 2)),
    _file(
        "txc-late-dtd",
        "a.xml",
        TXC.replace(HEAD, HEAD + "<!--" + "x" * 9000 + "-->\n<!DOCTYPE x>\n"),
        Rejected(""),
        "timetable",
    ),
    _txc("unknown-entity", "Alpha", "&alpha;", Rejected("well-formed")),
    _txc(
        "xinclude",
        "<StopPoints>",
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><StopPoints>',
        Same(),
    ),
    _txc(
        "schema-location",
        ' SchemaVersion="2.4"',
        ' SchemaVersion="2.4" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://127.0.0.1:9/ http://127.0.0.1:9/x.xsd"',
        Same(),
    ),
    _file("txc-cut", "a.xml", TXC[: len(TXC) * 2 // 3], Rejected("breaks off"), "timetable"),
    _file("txc-two-roots", "a.xml", TXC + TXC.removeprefix(HEAD), Rejected("well-formed"), "timetable"),
    _file("txc-deep", "a.xml", DEEP, Rejected("deep"), "timetable"),
    _file(
        "txc-many-attributes",
        "a.xml",
        TXC.replace("<StopPoints>", "<StopPoints " + " ".join(f'a{n}="1"' for n in range(50_000)) + ">"),
        Same(),
        "timetable",
    ),
    _file("txc-name-of-20-megabytes", "a.xml", TXC.replace("Alpha", "x" * 20_000_000), Rejected(""), "timetable"),
    _file("txc-comment-in-front", "a.xml", TXC.replace(HEAD, HEAD + "<!-- by hand -->\n"), Same(), "timetable"),
    _file(
        "txc-utf16", "a.xml", TXC.replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16"), Same(), "timetable"
    ),
    _file("txc-byte-order-mark", "a.xml", b"\xef\xbb\xbf" + TXC.encode(), Same(), "timetable"),
    _file(
        "txc-wrong-encoding",
        "a.xml",
        TXC.replace("Alpha", "Caf\xe9").encode("latin-1"),
        Rejected("well-formed"),
        "timetable",
    ),
    _file("txc-unknown-encoding", "a.xml", TXC.replace('"utf-8"', '"klingon"'), Rejected(""), "timetable"),
    _file("txc-nul", "a.xml", TXC.replace("Alpha", "Al\x00pha"), Rejected(""), "timetable"),
    _file("txc-other-xml", "a.xml", HEAD + "<gpx><trk/></gpx>", Rejected("another kind"), "timetable"),
    _file("txc-html", "a.xml", "<!doctype html><html></html>", Rejected("web page"), "timetable"),
    _file("txc-empty", "a.xml", "", Rejected("empty"), "timetable"),
    _txc("time-in-words", "<DepartureTime>08:00:00", "<DepartureTime>eight", Rejected("")),
    _txc("time-25", "<DepartureTime>08:00:00", "<DepartureTime>25:61:00", Rejected("")),
    _txc("run-time-negative", "<RunTime>PT600S", "<RunTime>-PT600S", Rejected("")),
    _txc("run-time-enormous", "<RunTime>PT600S", "<RunTime>P9999999999Y", Rejected("")),
    _txc("run-time-of-5000-digits", "<RunTime>PT600S", "<RunTime>PT" + "9" * 5000 + "S", Rejected("")),
    _txc("run-time-of-three-thousand-years", "<RunTime>PT600S", "<RunTime>P999999999D", Rejected("")),
    _txc("run-time-of-a-week", "<RunTime>PT600S", "<RunTime>P7D", Rejected("")),
    _txc("date-of-no-calendar", "<EndDate>2019-12-31", "<EndDate>2019-02-31", Noted("txc_value_unreadable", code=4)),
    _txc("unknown-pattern", "<JourneyPatternRef>JP-", "<JourneyPatternRef>XX-", Rejected("")),
    _txc("unknown-line", "<LineRef>L1", "<LineRef>L9", Noted("txc_unknown_line")),
    _txc("unknown-operator", "<RegisteredOperatorRef>O1", "<RegisteredOperatorRef>O9", Noted("txc_unknown_operator")),
    _txc("unknown-mode", "<Mode>bus", "<Mode>zeppelin", Noted("txc_mode_unknown")),
    _txc("unknown-day", "<MondayToFriday/>", "<Blursday/>", Noted("txc_day_name_unknown", code=4)),
    _txc("revision-enormous", 'RevisionNumber="1"', 'RevisionNumber="' + "9" * 5000 + '"', Same()),
    _txc("place-nan", "<Longitude>-3.0", "<Longitude>nan", Noted("stop_not_located")),
    _txc("place-in-australia", "<Longitude>-3.0", "<Longitude>151.0", Noted("txc_stop_outside_britain")),
    Case(
        "txc-one-of-two-broken",
        lambda folder: write_transxchange(folder / "a.zip", {"a.xml": TXC, "b.xml": TXC[:900]}),
        Noted("txc_document_unreadable"),
        "a.zip",
        "timetable",
    ),
    Case(
        "txc-readme-beside",
        lambda folder: write_transxchange(folder / "a.zip", {"a.xml": TXC, "readme.txt": "x"}),
        Noted("txc_member_ignored"),
        "a.zip",
        "timetable",
    ),
]

# ATCO-CIF -------------------------------------------------------------------------------------------------------------
CIF = [header(), f"QPN{'OPA':<4}{'Alder Buses':<24}", *A_AND_B, *journey([("A", "0900"), ("B", "0930")])]


def _cif(name: str, lines: Sequence[str] | bytes, expected: Outcome) -> Case:
    data = lines if isinstance(lines, bytes) else ("\r\n".join(lines) + "\r\n").encode()
    return _file(f"cif-{name}", "a.cif", data, expected, "cif")


def _edit(old: str, new: str) -> list[str]:
    text = "\n".join(CIF)
    assert old in text, (old, text)
    return text.replace(old, new, 1).split("\n")


CIF_BYTES = ("\r\n".join(CIF) + "\r\n").encode()
CIF_CASES = [
    _cif("line-feeds", CIF_BYTES.replace(b"\r\n", b"\n"), Same()),
    _cif("carriage-returns", CIF_BYTES.replace(b"\r\n", b"\r"), Same()),
    _cif("blank-lines", CIF_BYTES.replace(b"\r\n", b"\r\n\r\n"), Same()),
    _cif("byte-order-mark", b"\xef\xbb\xbf" + CIF_BYTES, Same()),
    _cif("separator-byte", CIF_BYTES.replace(b"Alder Buses", b"Alder\x01Buses"), Same()),
    _cif("header-only", [header()], Rejected("")),
    _cif("cut", CIF_BYTES[:-45], Rejected("")),
    _cif("windows-1252", CIF_BYTES.replace(b"Alpha", b"Caf\xe9s"), Noted("cif_not_utf8")),
    _cif("version-9", _edit("ATCO-CIF0500", "ATCO-CIF0900"), Noted("cif_version_unknown", 1)),
    _cif("unknown-record", [*CIF, "XX nonsense"], Noted("cif_record_unknown")),
    _cif(
        "call-without-journey", [*CIF[:2], f"QI{'A':<12}09000900B   T1F0", *CIF[2:]], Noted("cif_call_without_journey")
    ),
    _cif("time-in-words", _edit("0930", "half"), Rejected("")),
    _cif(
        "time-backward",
        [*CIF, *journey([("A", "0900"), ("M", "08300830"), ("B", "0930")], key="000009")],
        Noted("cif_time_backward"),
    ),
    _cif("one-call", [*CIF, *journey([("A", "0900")], key="000009")], Noted("cif_journey_incomplete")),
    _cif(
        "date-of-no-calendar",
        [*CIF, *journey([("A", "0900"), ("B", "0930")], key="000009", first="20100231")],
        Noted("cif_journey_without_dates", 10),
    ),
    _cif("last-date-in-words", _edit("20101031", "nexttime"), Rejected("")),
    _cif(
        "unknown-day-code",
        [*CIF, *journey([("A", "0900"), ("B", "0930")], key="000009", bank="Q")],
        Noted("cif_day_code_unknown"),
    ),
    _cif("grid-in-words", _edit("350000", "nowher"), Noted("cif_grid_unreadable")),
    _cif(
        "stop-not-in-file",
        [*CIF, *journey([("A", "0900"), ("Z", "0930")], key="000009")],
        Noted("stop_not_located"),
    ),
    _cif(
        "delete-what-is-not-there",
        [*CIF, *journey([], key="000777", transaction="D")],
        Noted("cif_transaction_unmatched"),
    ),
    _cif("line-of-a-megabyte", [*CIF, "ZZ" + "x" * 1_000_000], Same()),
]

# tables of points -----------------------------------------------------------------------------------------------------
POINTS = "id,name,lon,lat\nA,One,-3.00,51.50\nB,Two,-3.01,51.51\nC,Three,-3.02,51.52\n"


def _csv(name: str, data: str | bytes, expected: Outcome) -> Case:
    return _file(f"csv-{name}", "points.csv", data, expected, "points")


CSV_CASES = [
    _csv("byte-order-mark", b"\xef\xbb\xbf" + POINTS.encode(), Same()),
    _csv("crlf", POINTS.replace("\n", "\r\n"), Same()),
    _csv("cr-only", POINTS.replace("\n", "\r"), Same()),
    _csv("blank-lines", POINTS.replace("\n", "\n\n"), Same()),
    _csv("spaces", POINTS.replace(",", " , "), Same()),
    _csv("quotes", POINTS.replace("One", '"O, ne"'), Same()),
    _csv("line-end-in-quotes", POINTS.replace("One", '"O\nne"'), Same()),
    _csv("extra-column", POINTS.replace("\n", ",x\n"), Same()),
    _csv("capital-names", POINTS.replace("lon,lat", "LON,LAT"), Same()),
    _csv("empty", "", Rejected("empty")),
    _csv("blank", "\n\n\n", Rejected("empty")),
    _csv("header-only", "id,lon,lat\n", Rejected("no rows")),
    _csv("html", "<!DOCTYPE html>\n<html>403</html>\n", Rejected("No columns of coordinates", 1)),
    _csv("utf16", POINTS.encode("utf-16"), Rejected("UTF-16")),
    _csv("latin-1", POINTS.replace("One", "\xe9t\xe9").encode("latin-1"), Rejected("not utf-8")),
    _csv("nul", POINTS.replace("Two", "T\x00o"), Rejected("byte of zero", 3)),
    _csv(
        "nul-after-quoted-line-end", POINTS.replace("One", '"O\nne"').replace("Two", "T\x00o"), Rejected("byte of zero")
    ),
    _csv("unclosed-quote", POINTS.replace("Two", '"Two'), Rejected("never closed", 3)),
    _csv("row-too-long", POINTS.replace("51.51", "51.51,9"), Rejected("more fields", 3)),
    _csv("every-row-too-long", "id,lon,lat\nA,-3.0,51.5,x\nB,-3.1,51.6,x\n", Rejected("more fields", 2)),
    _csv("row-too-short", POINTS.replace("-3.01,51.51", "-3.01"), Noted("place_not_located", 3)),
    _csv(
        "row-too-short-after-blank-line",
        POINTS.replace("B,", "\nB,").replace("-3.01,51.51", "-3.01"),
        Noted("place_not_located", 4),
    ),
    _csv("column-twice", POINTS.replace("name", "lon"), Rejected("twice", 1, "lon")),
    _csv("semicolons", POINTS.replace(",", ";"), Rejected("No columns of coordinates", 1)),
    _csv("word-for-number", POINTS.replace("51.51", "north"), Rejected("not a number", 3, "lat")),
    _csv("comma-for-point", POINTS.replace("-3.01,51.51", '"-3,01","51,51"'), Rejected("not a number", 3)),
    _csv("nan", POINTS.replace("51.51", "NaN"), Noted("place_not_located", 3)),
    _csv("infinity", POINTS.replace("51.51", "inf"), Noted("place_not_located", 3)),
    _csv("beyond-all-numbers", POINTS.replace("51.51", "1e999"), Noted("place_not_located", 3)),
    _csv("zero-zero", POINTS.replace("-3.01,51.51", "0,0"), Noted("place_not_located", 3)),
    _csv("all-blank", "id,lon,lat\nA,,\nB,,\n", Noted("place_not_located", 2)),
    _csv("all-blank-easting", "id,easting,northing\nA,,\n", Noted("place_not_located", 2)),
    _csv("swapped-grid", "id,easting,northing\nA,1100000,300000\nB,1110000,300000\n", Rejected("look exchanged", 2)),
    _csv("degrees-called-easting", "id,easting,northing\nA,-3.0,51.5\n", Rejected("cannot be in")),
    _csv("metres-called-lon", "id,lon,lat\nA,330000,190000\n", Rejected("cannot be in")),
    _csv(
        "one-outside-the-grid",
        "id,easting,northing\nA,330000,190000\nB,331000,190000\nC,330000,99999999\n",
        Noted("place_outside_crs_area", 4),
    ),
    _csv("one-beyond-degrees", POINTS.replace("51.51", "151.51"), Noted("place_outside_crs_area", 3)),
    _csv("code-blank", POINTS.replace("B,Two", ",Two"), Noted("place_blank_code", 3)),
    _csv("code-at-two-places", POINTS.replace("B,Two", "A,Two"), Rejected("stands at two places", 3)),
    _csv("code-twice-at-one-place", POINTS + "C,Three,-3.02,51.52\n", Noted("place_duplicate_row", 5)),
    _csv("field-of-a-megabyte", POINTS.replace("Two", "x" * 1_000_000), Same()),
    _csv("escape-in-code", POINTS.replace("B,", "\x1b[2J\u202eB,").replace("51.51", ""), Noted("place_not_located", 3)),
    _csv("many-columns", ",".join(f"c{n}" for n in range(100_000)) + "\n", Rejected("columns", 1)),
]

# boundaries -----------------------------------------------------------------------------------------------------------
SQUARE = [[-3.0, 51.5], [-3.0, 51.6], [-2.9, 51.6], [-2.9, 51.5], [-3.0, 51.5]]


def build_geojson(*rings: list[list[float]] | None, crs: str = "", kind: str = "Polygon") -> str:
    """Features with one ring each (or none), as a collection."""
    features = [
        {"type": "Feature", "properties": {"id": f"N{n}"}, "geometry": ring and {"type": kind, "coordinates": [ring]}}
        for n, ring in enumerate(rings)
    ]
    more = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    return json.dumps({"type": "FeatureCollection", **more, "features": features})


def _geo(name: str, data: str | bytes, expected: Outcome, file: str = "zones.geojson") -> Case:
    return _file(f"geo-{name}", file, data, expected, "geo")


BOW = [[-3.0, 51.5], [-2.9, 51.6], [-2.9, 51.5], [-3.0, 51.6], [-3.0, 51.5]]
VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:9/x</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
GEO_CASES = [
    _geo("bow-tie", build_geojson(SQUARE, BOW), Noted("boundary_repaired", 2)),
    _geo("null-geometry", build_geojson(SQUARE, None), Noted("boundary_without_area", 2)),
    _geo("empty-polygon", build_geojson(SQUARE, []), Noted("boundary_without_area", 2)),
    _geo(
        "line-of-no-area",
        build_geojson(SQUARE, [SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]),
        Noted("boundary_without_area", 2),
    ),
    _geo("nan", build_geojson(SQUARE, SQUARE).replace("-2.9", "NaN", 1), Noted("boundary_without_area", 1)),
    _geo("huge-coordinate", build_geojson(SQUARE, SQUARE).replace("-2.9", "1e300", 1), Rejected("cannot be degrees")),
    _geo(
        "metres-as-degrees",
        build_geojson([[3.3e5, 1.9e5], [3.3e5, 2e5], [3.4e5, 2e5], [3.3e5, 1.9e5]]),
        Rejected("cannot be degrees"),
    ),
    _geo("ring-not-closed", build_geojson(SQUARE, SQUARE[:-1]), Rejected("closed")),
    _geo("swapped", build_geojson([[y, x + 150] for x, y in SQUARE]), Rejected("lie outside")),
    _geo("empty-collection", build_geojson(), Rejected("no")),
    _geo("cut", build_geojson(SQUARE)[:150], Rejected("cannot be read")),
    _geo("vrt-that-points-to-the-network", VRT, Rejected("web page or XML")),
    _geo("text", "just text", Rejected("of another kind")),
    _geo("empty", "", Rejected("empty")),
    _geo("deep", '{"type":"FeatureCollection","features":' + "[" * 100_000 + "]" * 100_000 + "}", Rejected("")),
    _geo("gpkg-of-zeros", b"\0" * 5000, Rejected("of another kind"), "zones.gpkg"),
    _geo("gpkg-truncated", b"SQLite format 3\0" + b"\0" * 100, Rejected("cannot be read"), "zones.gpkg"),
    _geo("parquet-of-text", "PAR1 no PAR1", Rejected("cannot be read"), "zones.parquet"),
]

# OpenStreetMap --------------------------------------------------------------------------------------------------------
NODES = (
    '<node id="1" lat="51.5" lon="-3.0" version="1"/><node id="2" lat="51.501" lon="-3.0" version="1"/>'
    '<node id="3" lat="51.502" lon="-3.0" version="1"/>'
)
WAY = '<way id="7" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>'
OSM = f'<?xml version="1.0"?>\n<osm version="0.6">{NODES}{WAY}</osm>'


def _osm(name: str, data: str | bytes, expected: Outcome, file: str = "map.osm") -> Case:
    return _file(f"osm-{name}", file, data, expected, "streets")


def _osm_swap(name: str, old: str, new: str, expected: Outcome) -> Case:
    assert old in OSM, old
    return _osm(name, OSM.replace(old, new), expected)


def _write_pbf(folder: Path) -> bytes:
    return write_osm(
        folder / "map.osm.pbf",
        [OsmNode(n, -3.0, 51.5 + n / 1000) for n in range(1, 400)],
        [OsmWay(1, list(range(1, 400)))],
    ).read_bytes()


def _damage_pbf(cut: slice, fill: bytes = b"") -> object:
    def build(folder: Path) -> None:
        data = bytearray(_write_pbf(folder))
        data[cut] = fill
        (folder / "map.osm.pbf").write_bytes(bytes(data))

    return build


def _pbf(name: str, cut: slice, fill: bytes, expected: Outcome) -> Case:
    return Case(f"pbf-{name}", _damage_pbf(cut, fill), expected, "map.osm.pbf", "pbf")  # type: ignore[arg-type]


OSM_CASES = [
    _osm("gz", gzip.compress(OSM.encode(), mtime=0), Same(), "map.osm.gz"),
    _osm("bz2", bz2.compress(OSM.encode()), Same(), "map.osm.bz2"),
    _osm("utf16", OSM.encode("utf-16"), Same()),
    _osm("ways-first", OSM.replace(NODES + WAY, WAY + NODES), Same()),
    _osm("dtd", OSM.replace("\n", "\n<!DOCTYPE osm>\n"), Rejected("document type", 2)),
    _osm("entity-bomb", OSM.replace("\n", "\n" + ENTITIES), Rejected("document type", 2)),
    _osm(
        "external-entity",
        OSM.replace("\n", '\n<!DOCTYPE osm [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n'),
        Rejected("document type", 2),
    ),
    _osm("late-dtd", OSM.replace("\n", "\n<!--" + "x" * 90_000 + "-->" + ENTITIES), Rejected("entities")),
    _osm("empty", "", Rejected("empty")),
    _osm("html", "<!DOCTYPE html><html></html>", Rejected("web page")),
    _osm("html-as-pbf", "<html>403</html>", Rejected("web page"), "map.osm.pbf"),
    _osm("random-as-pbf", bytes((n * 197 + 31) % 256 for n in range(5000)), Rejected("cannot be read"), "map.osm.pbf"),
    _osm(
        "pbf-with-a-header-of-2-gigabytes", b"\x7f\xff\xff\xff" + b"x" * 100, Rejected("cannot be read"), "map.osm.pbf"
    ),
    _osm("cut", OSM[:200], Rejected("cannot be read")),
    _osm("gz-cut", gzip.compress(OSM.encode(), mtime=0)[:-15], Rejected("unpacked"), "map.osm.gz"),
    _osm(
        "gz-bomb",
        gzip.compress(b'<osm version="0.6">' + b" " * 300_000_000, 9, mtime=0),
        Rejected("unpacks to more than"),
        "map.osm.gz",
    ),
    _osm(
        "bz2-bomb",
        bz2.compress(b'<osm version="0.6">' + b" " * 100_000_000),
        Rejected("unpacks to more than"),
        "map.osm.bz2",
    ),
    _osm("deep", '<osm version="0.6">' + "<a>" * 100_000, Rejected("nested too deep")),
    _osm("version-5", OSM.replace("0.6", "0.5"), Rejected("version")),
    _osm("other-xml", "<gpx/>", Rejected("cannot be read")),
    _osm(
        "change-file",
        f'<osmChange version="0.6"><create>{NODES}{WAY}</create></osmChange>',
        Rejected("history"),
        "map.osc.gz",
    ),
    _osm("no-ways", OSM.replace(WAY, ""), Rejected("no walkable way")),
    _osm("no-nodes", OSM.replace(NODES, ""), Rejected("no walkable way")),
    _osm_swap("nothing-walkable", "residential", "motorway", Rejected("no walkable way")),
    _osm_swap("id-at-the-limit", 'id="2"', 'id="9223372036854775807"', Rejected("illegal id")),
    _osm_swap("id-beyond-64-bits", 'id="2"', 'id="99999999999999999999"', Rejected("illegal id")),
    _osm_swap("id-in-words", 'id="2"', 'id="two"', Rejected("cannot be read")),
    _osm_swap("negative-id", 'id="3"', 'id="-3"', Noted("streets_way_incomplete")),
    _osm_swap("node-missing", 'ref="3"', 'ref="9"', Noted("streets_way_incomplete")),
    _osm_swap("latitude-nan", 'lat="51.502"', 'lat="nan"', Rejected("cannot be read")),
    _osm_swap("latitude-91", 'lat="51.502"', 'lat="91"', Noted("streets_way_incomplete")),
    _osm_swap("no-latitude", 'lat="51.502" ', "", Noted("streets_way_incomplete")),
    _osm_swap("node-at-zero", 'lat="51.502" lon="-3.0"', 'lat="0" lon="0"', Noted("streets_segment_too_long")),
    _osm_swap("way-of-one-place", '<nd ref="2"/><nd ref="3"/>', '<nd ref="1"/>', Rejected("no walkable way")),
    _osm_swap("way-of-one-node", '<nd ref="2"/><nd ref="3"/>', "", Rejected("no walkable way")),
    _osm_swap("node-repeated-in-way", '<nd ref="2"/>', '<nd ref="2"/><nd ref="2"/>', Same()),
    _osm_swap("hundred-thousand-nodes-in-a-way", '<nd ref="3"/>', '<nd ref="3"/>' * 100_000, Same()),
    _osm_swap("hundred-thousand-tags", "</way>", '<tag k="a" v="b"/>' * 100_000 + "</way>", Same()),
    _osm_swap("way-twice", WAY, WAY + WAY, Noted("streets_way_repeated")),
    _osm_swap("tag-of-a-megabyte", "residential", "x" * 1_000_000, Rejected("too long")),
    _pbf("cut", slice(-60, None), b"", Rejected("cannot be read")),
    _pbf("one-byte-more", slice(0, 0), b"\x00", Rejected("cannot be read")),
    _pbf("zlib-damaged", slice(-200, -150), b"\xff" * 50, Rejected("cannot be read")),
    _pbf("header-only", slice(150, None), b"", Rejected("")),
]

BASELINES = [
    Case("baseline-cif", lambda folder: (folder / "a.cif").write_bytes(CIF_BYTES), Same(), "a.cif", "cif"),
    Case("baseline-points", lambda folder: (folder / "points.csv").write_text(POINTS), Same(), "points.csv", "points"),
    Case("baseline-streets", lambda folder: (folder / "map.osm").write_text(OSM), Same(), "map.osm", "streets"),
    Case("baseline-txc", lambda folder: (folder / "a.xml").write_text(TXC), Same(), "a.xml", "timetable"),
    Case("baseline-gtfs", lambda folder: build_gtfs(folder, **NORMAL), Same(), "feed.zip", "timetable"),
]


def get_baseline(case: Case) -> Case:
    """Find the input without a defect that a case is compared with."""
    if case.kind == "streets":
        return BASELINES[2]
    return next(base for base in BASELINES if (base.kind, base.file) == (case.kind, case.file))


CASES = [*TXC_CASES, *CIF_CASES, *CSV_CASES, *GEO_CASES, *OSM_CASES]
