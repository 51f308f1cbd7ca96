"""The matrix command on files that cannot be used, and on files with doubtful rows."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from tests.support.osm import OsmNode, OsmWay, write_osm
from tests.support.pipeline import ROOT, ProjectFolder, check_error

SAMPLE = ROOT / "data" / "sample"
RAIL = SAMPLE / "timetables" / "2010" / "rail.zip"
BUS = SAMPLE / "timetables" / "2010" / "bus_council.zip"
POINTS = """id,lon,lat
a,0.830250,53.209435
b,0.773684,53.249610
c,0.846000,53.203000
d,0.895000,53.222000
"""


@dataclass
class Question:
    """Arguments of the command; files lie in a folder of their own."""

    folder: Path
    gtfs: list[Path] = field(default_factory=lambda: [RAIL, BUS])
    osm: Path = SAMPLE / "saltmarsh.osm.pbf"
    options: dict[str, str] = field(default_factory=lambda: {"--date": "2010-10-12", "--time": "08:00"})

    def __post_init__(self) -> None:
        self.write("origins.csv", POINTS)
        self.write("destinations.csv", POINTS)
        self.out = self.folder / "out.csv"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def list_arguments(self) -> list[str]:
        options = {
            "--osm": str(self.osm),
            "--origins": str(self.folder / "origins.csv"),
            "--destinations": str(self.folder / "destinations.csv"),
            "--out": str(self.out),
            **self.options,
        }
        feeds = [part for path in self.gtfs for part in ("--gtfs", str(path))]
        return ["matrix", *feeds, *(part for pair in options.items() for part in pair)]

    def call(self) -> subprocess.CompletedProcess[str]:
        return ProjectFolder(self.folder).call(*self.list_arguments())

    def run(self) -> subprocess.CompletedProcess[str]:
        return ProjectFolder(self.folder).run(*self.list_arguments())


def _points(text: str | bytes) -> Callable[[Question], None]:
    return lambda question: question.write("origins.csv", text) and None


def _option(name: str, value: str) -> Callable[[Question], None]:
    return lambda question: question.options.update({name: value})


def _feed(content: bytes) -> Callable[[Question], None]:
    return lambda question: question.gtfs.append(question.write("feed.zip", content))


def _missing_feed(question: Question) -> None:
    question.gtfs.append(question.folder / "none.zip")


def _missing_streets(question: Question) -> None:
    question.osm = question.folder / "none.osm.pbf"


def _missing_points(question: Question) -> None:
    (question.folder / "destinations.csv").unlink()


def _other_region(question: Question) -> None:
    nodes = [OsmNode(n + 1, 10.0 + n / 1000, 50.0) for n in range(150)]
    question.osm = write_osm(question.folder / "elsewhere.osm.pbf", nodes, [OsmWay(1, [n + 1 for n in range(150)])])


def _exchange(question: Question) -> None:
    rows = [line.split(",") for line in POINTS.splitlines()]
    question.write("origins.csv", "\n".join([",".join(rows[0]), *(f"{i},{lat},{lon}" for i, lon, lat in rows[1:])]))


@dataclass(frozen=True)
class Case:
    """One way to ask what cannot be answered."""

    name: str
    change: Callable[[Question], object]
    where: str | None = "origins.csv"
    words: tuple[str, ...] = ()
    row: int | None = None
    field: str | None = None
    code: int = 4


DEGREES_AS_METRES = "id,easting,northing\na,0.83,53.2\nb,0.77,53.2\n"
METRES_AS_DEGREES = "id,lon,lat\na,591320,370530\nb,590980,370920\n"
CASES = [
    Case("feed_missing", _missing_feed, "none.zip", ("does not exist",)),
    Case("streets_missing", _missing_streets, "none.osm.pbf", ("does not exist",)),
    Case("points_missing", _missing_points, "destinations.csv", ("does not exist",)),
    Case("zip_cut_off", _feed(RAIL.read_bytes()[:3000]), "feed.zip", ("zip",)),
    Case("html_for_zip", _feed(b"<!DOCTYPE html><html><h1>Forbidden</h1></html>"), "feed.zip", ("web page",)),
    Case("zip_empty", _feed(b""), "feed.zip", ("empty",)),
    Case("no_service", _option("--date", "2012-10-09"), None, ("2012-10-09", "2010-09-06", "2010-12-12")),
    Case("other_region", _other_region, "origins.csv", ("another region", "elsewhere.osm.pbf")),
    Case("exchanged", _exchange),
    Case("metres_as_degrees", _points(METRES_AS_DEGREES), words=("cannot be in WGS 84",)),
    Case("degrees_as_metres", _points(DEGREES_AS_METRES), words=("longitude and latitude",), field="crs"),
    Case("same_id_twice", _points(POINTS + "a,0.80,53.20\n"), words=("two places",), row=6, field="id"),
    Case("no_id", _points("name,lon,lat\na,0.83,53.2\n"), words=("id", "lon, lat", "--id-column"), row=1),
    Case("no_coordinates", _points("id,x1,x2\na,0.83,53.2\n"), words=("no columns lon, lat", "--coordinates"), row=1),
    Case("no_number", _points(POINTS.replace("0.846000", "0°50'")), words=("is not a number",), row=4, field="lon"),
    Case("wrong_separator", _points(POINTS.replace(",", ";"))),
    Case("no_content", _points("")),
    Case("header_only", _points("id,lon,lat\n"), words=("no rows",)),
    Case("not_utf8", _points(POINTS.replace("\na,", "\nHaf\xe9n,").encode("latin-1")), words=("utf-8",)),
    Case("unknown_crs", _points(METRES_AS_DEGREES.replace("lon,lat", "easting,northing")), None, code=3),
    Case("no_date", _option("--date", "12/10/2010"), "--date", ("no date",), code=2),
    Case("no_time", _option("--time", "8 o'clock"), "--time", code=2),
    Case("no_direction", _option("--direction", "there"), "--direction", ("to or from",), code=2),
    Case("no_percentiles", _option("--percentiles", "50,101"), "--percentiles", code=2),
    Case("no_mode", _option("--modes", "bus,zeppelin"), "--modes", ("zeppelin", "ferry"), code=2),
]
SEEN_FROM_OUTSIDE = {"zip_cut_off", "no_service"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_cannot_be_answered(tmp_path: Path, case: Case) -> None:
    question = Question(tmp_path)
    case.change(question)
    if case.name == "unknown_crs":
        question.options["--crs"] = "EPSG:2770000"
    question.out.write_text("an earlier result\n", encoding="utf-8")
    done = question.run() if case.name in SEEN_FROM_OUTSIDE else question.call()
    check_error(done, case.code, where=case.where, row=case.row, field=case.field, words=case.words)
    assert question.out.read_text(encoding="utf-8") == "an earlier result\n"
    assert list(tmp_path.glob("*.part-*")) == []


def test_another_kind_of_result_is_refused_at_once(tmp_path: Path) -> None:
    question = Question(tmp_path)
    question.out = tmp_path / "out.xlsx"
    check_error(question.call(), 2, where=None, words=(".csv", ".parquet"))


def _read(question: Question) -> pd.DataFrame:
    done = question.call()
    assert done.returncode == 0, done.stderr
    return pd.read_csv(question.out).set_index(["from_id", "to_id"])


def test_doubtful_points_change_nothing_for_others(tmp_path: Path) -> None:
    question = Question(tmp_path)
    before = _read(question)
    assert len(before) == 16
    assert before["travel_time_s"].notna().all()
    more = "blank,,\nsea,1.3,53.2\nzero,0,0\na,0.830250,53.209435\nhalf,0.84,\n"
    question.write("origins.csv", POINTS + more)
    question.write("destinations.csv", POINTS + "lost,,53.2\nship,1.31,53.2\n")
    question.options["--notices"] = str(tmp_path / "notices.csv")
    after = _read(question)
    assert len(after) == 8 * 6
    pd.testing.assert_frame_equal(after.loc[before.index], before, check_dtype=False)
    others = after.drop(before.index)
    assert others["travel_time_s"].isna().all()
    assert set(others["reason"]) == {"no_street"}
    notices = pd.read_csv(tmp_path / "notices.csv")
    found = set(notices[["code", "file", "row"]].dropna().itertuples(index=False, name=None))
    expected = {
        ("place_not_located", "origins.csv", 6),
        ("point_far_from_streets", "origins.csv", 7),
        ("place_not_located", "origins.csv", 8),
        ("place_duplicate_row", "origins.csv", 9),
        ("place_not_located", "origins.csv", 10),
        ("place_not_located", "destinations.csv", 6),
        ("point_far_from_streets", "destinations.csv", 7),
    }
    assert expected <= found, expected - found


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_results_are_the_same_bytes_each_time(tmp_path: Path, kind: str) -> None:
    question = Question(tmp_path)
    question.options |= {"--window": "30", "--percentiles": "5,50,95"}
    question.out = tmp_path / f"out.{kind}"
    assert question.call().returncode == 0
    first = question.out.read_bytes()
    assert question.call().returncode == 0
    assert question.out.read_bytes() == first


def test_the_matrix_agrees_with_itself(tmp_path: Path) -> None:
    """Nearest is the least of the pairs; both directions exist; eastings give what degrees give, to a second."""
    question = Question(tmp_path)
    question.write("destinations.csv", "".join(POINTS.splitlines(keepends=True)[:3]))
    pairs = _read(question)["travel_time_s"]
    question.options["--direction"] = "from"
    back = _read(question)["travel_time_s"]
    assert set(back.index) == {(there, here) for here, there in pairs.index}
    question.options.pop("--direction")
    arguments = [*question.list_arguments(), "--nearest"]
    assert ProjectFolder(tmp_path).call(*arguments).returncode == 0
    nearest = pd.read_csv(question.out).set_index("from_id")["travel_time_s"]
    pd.testing.assert_series_equal(nearest, pairs.groupby("from_id").min(), check_dtype=False)
