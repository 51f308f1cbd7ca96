"""Bytes of sound files changed at random: each reader reads them or refuses them with a message, and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.base.area import Boundaries, PointSource
from pipeline.base.errors import ConfigError, InputError, PipelineError
from pipeline.base.notices import Notices
from pipeline.base.yaml_files import read_yaml
from pipeline.places.boundaries import read_boundaries
from pipeline.places.read_points import read_points
from pipeline.streets.read_osm import read_streets
from pipeline.timetables.naptan import read_naptan
from pipeline.timetables.read_any import read_timetable
from tests.hostile.config_cases import TINY
from tests.hostile.gtfs_cases import NORMAL
from tests.hostile.other_cases import CIF_BYTES, OSM, POINTS, SQUARE, TXC, build_geojson
from tests.support.gtfs import build_gtfs
from tests.support.osm import OsmNode, OsmWay, write_osm

Edit = tuple[float, int, bytes]
EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 12),
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [b'"', b"\n", b",", b"<", b"&", b"\x00", b"\xff", b"]]>", b"<!--", b"-", b"9" * 30, b"{", b"*"]
            ),
        ),
    ),
    min_size=1,
    max_size=5,
)


def damage(data: bytes, edits: list[Edit]) -> bytes:
    """Put other bytes in place of some."""
    changed = bytearray(data)
    for share, length, fill in edits:
        at = int(share * (len(changed) + 1))
        changed[at : at + length] = fill
    return bytes(changed)


def _make_gtfs() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return build_gtfs(Path(folder), **NORMAL).read_bytes()


def _make_pbf() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        nodes = [OsmNode(n, -3.0, 51.5 + n / 1000, {"barrier": "gate"} if n == 3 else {}) for n in range(1, 9)]
        return write_osm(Path(folder) / "a.osm.pbf", nodes, [OsmWay(1, list(range(1, 9)))]).read_bytes()


def _read_timetable(path: Path) -> object:
    return read_timetable({"x": path}, notices=Notices(), n_processes=1)


def _read_points(path: Path) -> object:
    return read_points(PointSource(path=path.name, code="id"), path, area_crs="EPSG:27700", notices=Notices())


def _read_boundaries(path: Path) -> object:
    return read_boundaries(Boundaries(path=path.name, code="id"), path, area_crs="EPSG:27700", notices=Notices())


NAPTAN = b"ATCOCode,CommonName,Longitude,Latitude,Easting,Northing\n0100A,One,-3.0,51.5,,\n0100B,Two,,,330000,190000\n"
READERS: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "gtfs": ("a.zip", _make_gtfs(), _read_timetable),
    "transxchange": ("a.xml", TXC.encode(), _read_timetable),
    "atco_cif": ("a.cif", CIF_BYTES, _read_timetable),
    "naptan": ("Stops.csv", NAPTAN, lambda path: read_naptan(path, notices=Notices())),
    "points": ("a.csv", POINTS.encode(), _read_points),
    "boundaries": ("a.geojson", build_geojson(SQUARE, SQUARE).encode(), _read_boundaries),
    "osm_xml": ("a.osm", OSM.encode(), lambda path: read_streets(path, Notices())),
    "osm_pbf": ("a.osm.pbf", _make_pbf(), lambda path: read_streets(path, Notices())),
    "yaml": ("a.yaml", TINY.encode(), read_yaml),
}


@pytest.mark.parametrize("name", READERS)
def test_whatever_the_bytes_a_reader_reads_or_refuses(name: str) -> None:
    file, whole, read = READERS[name]
    counts = {"read": 0, "refused": 0, "all": 0}
    expected = ConfigError if name == "yaml" else InputError

    @given(EDITS)
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    def attempt(edits: list[Edit]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            path.write_bytes(damage(whole, edits))
            try:
                read(path)
            except PipelineError as error:
                counts["refused"] += isinstance(error, expected) and bool(error.what and error.cure)
            else:
                counts["read"] += 1
            counts["all"] += 1
            assert [p.name for p in Path(folder).iterdir()] == [file], "a reader writes nothing"

    attempt()
    assert counts["read"] + counts["refused"] == counts["all"] >= 60
    assert counts["refused"] >= 3, "the damage is too mild to show anything"


@pytest.mark.parametrize("name", READERS)
def test_the_sound_file_is_read(name: str, tmp_path: Path) -> None:
    file, whole, read = READERS[name]
    (tmp_path / file).write_bytes(whole)
    assert read(tmp_path / file) is not None


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_file_cut_short_is_read_or_refused(name: str, share: float, tmp_path: Path) -> None:
    file, whole, read = READERS[name]
    (tmp_path / file).write_bytes(whole[: int(len(whole) * share)])
    message = ""
    try:
        assert read(tmp_path / file) is not None
    except PipelineError as error:
        message = str(error)
    assert not message or ("cure:" in message and "where:" in message)
