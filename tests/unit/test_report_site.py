"""The site as files: complete, offline, escaped, reproducible."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from pipeline.report import build_report
from pipeline.report import data as d
from pipeline.report.charts import Line, Panel, Point, compute_positions, draw_panels
from pipeline.report.profiles import read_nearest
from tests.support.report_extras import add_extras
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    "index.html",
    "league.html",
    "service.html",
    "compare.html",
    "changes.html",
    "robustness.html",
    "measures.html",
    "method.html",
    "quality.html",
    "downloads.html",
)


class PageReader(HTMLParser):
    """Collects what a page loads and links to, its ids, scripts within it and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "src" or (tag == "link" and name == "href"):
                self.loads.append(value or "")
            elif tag == "a" and name == "href":
                self.links.append(value or "")
            elif name == "id":
                self.ids.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "site"
    build_report(add_extras(build_tables(has_jobs=True)), build_context(), folder)
    return folder


def read_page(path: Path) -> PageReader:
    reader = PageReader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def test_all_pages_are_there(site: Path) -> None:
    for name in PAGES:
        assert (site / name).is_file()
    assert len(list((site / "neighbourhoods").glob("*.html"))) == 12
    total = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    assert total < 5_000_000


def test_nothing_is_loaded_from_elsewhere_and_no_link_is_broken(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        page = read_page(path)
        assert not page.handlers
        assert len(page.ids) == len(set(page.ids)), path.name
        for target in page.loads + page.links:
            if target == "data:,":
                continue
            assert not re.match(r"[a-z]+:|//", target), target
            file, _, anchor = target.partition("#")
            found = (path.parent / file).resolve() if file else path
            assert found.is_file(), target
            if anchor and "=" not in anchor and found.suffix == ".html":
                assert anchor in read_page(found).ids, target


def test_hostile_names_are_text(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        assert "<script>document" not in source
        assert "<img src=x" not in source
        assert "<b>Buses" not in source
    league = "".join(read_page(site / "league.html").text)
    assert "document.title='owned'" in league


def test_nulls_never_show_as_nan(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        texts = read_page(path).text
        assert not re.search(r"\b(nan|NaN|<NA>|NaT)\b", " ".join(texts)), path.name
        assert "None" not in {text.strip() for text in texts}, path.name


def test_every_table_has_caption_and_scope(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        source = path.read_text(encoding="utf-8")
        assert source.count("<table") == source.count("<caption")
        assert "<th>" not in source
        assert source.count("<h1") == 1


def test_same_input_same_bytes(site: Path, tmp_path: Path) -> None:
    build_report(add_extras(build_tables(has_jobs=True)), build_context(), tmp_path / "again")
    first = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    again = {p.relative_to(tmp_path / "again"): p.read_bytes() for p in (tmp_path / "again").rglob("*") if p.is_file()}
    assert first == again


def test_row_order_does_not_matter_to_pages(site: Path, tmp_path: Path) -> None:
    tables = {
        name: frame if name == d.NOTICES else frame.sample(frac=1.0, random_state=3)
        for name, frame in add_extras(build_tables(has_jobs=True)).items()
    }
    build_report(tables, build_context(), tmp_path / "shuffled")
    for path in sorted(site.rglob("*.html")):
        if path.name == "downloads.html":
            continue
        assert path.read_bytes() == (tmp_path / "shuffled" / path.relative_to(site)).read_bytes(), path.name


def test_a_failed_build_leaves_the_earlier_site(site: Path) -> None:
    tables = build_tables()
    tables[d.TRAVEL_TIME]["destinations_nearest"] = "not json"
    with pytest.raises(ValueError, match="Expecting value"):
        build_report(tables, build_context(), site)
    assert (site / "index.html").is_file()


def test_only_geography_is_needed(tmp_path: Path) -> None:
    geography = build_tables()[d.GEOGRAPHY]
    build_report({d.GEOGRAPHY: geography}, build_context(), tmp_path / "bare")
    text = " ".join(read_page(tmp_path / "bare" / "index.html").text)
    assert "No hospitals data exists for this area." in text
    assert "No service levels were published for this area." in text


def test_absent_jobs_are_said_to_be_absent(tmp_path: Path) -> None:
    build_report(build_tables(), build_context(), tmp_path / "site")
    for name in ("index.html", "method.html", "neighbourhoods/W0001.html"):
        assert "No jobs data exists for this area." in (tmp_path / "site" / name).read_text(encoding="utf-8")


def test_large_tables_are_zipped(tmp_path: Path) -> None:
    build_report(build_tables(), build_context(max_csv_bytes=1_000), tmp_path / "site")
    assert (tmp_path / "site" / "downloads" / f"{d.TRAVEL_TIME}.csv.zip").is_file()
    assert not (tmp_path / "site" / "downloads" / f"{d.TRAVEL_TIME}.csv").exists()


def test_every_file_offered_is_listed_and_every_one_listed_is_there(site: Path) -> None:
    page = read_page(site / "downloads.html")
    listed = {link for link in page.links if link.startswith("downloads/")}
    there = {path.relative_to(site).as_posix() for path in (site / "downloads").rglob("*") if path.is_file()}
    assert listed == there
    names = {"area.xlsx", "area-data.zip", "neighbourhoods.gpkg", "charts/service.svg", "charts/times.png"}
    assert {f"downloads/{name}" for name in names} <= there
    charts = {link for link in read_page(site / "service.html").links if link.startswith("downloads/charts/")}
    assert len(charts) == 6
    assert charts <= there


def test_missing_data_breaks_the_line() -> None:
    context = build_context()
    days = [snapshot.date for snapshot in context.snapshots]
    points = (Point(days[0], 10.0), Point(days[1], None, "missing"), Point(days[2], 8.0))
    panel = Panel("Weekday", "runs a day", (Line("All", "#123456", "o", points),))
    labels = [(snapshot.date, snapshot.label) for snapshot in context.snapshots]
    svg = draw_panels([panel], labels)
    assert "no comparable data" in svg
    assert svg == draw_panels([panel], labels)
    assert "<dc:date>" not in svg


def test_snapshots_of_one_day_stand_apart() -> None:
    day = build_context().latest.date
    assert compute_positions([day, day]) == [0.0, 1.0]
    assert compute_positions([day]) == [float(day.toordinal())]


def test_nearest_destinations_are_read_from_json() -> None:
    assert read_nearest("") == []
    assert read_nearest('[{"id":"a","name":null,"share_pct":50.0}]') == [("a", 50.0)]


def test_a_string_column_with_missing_values(tmp_path: Path) -> None:
    tables = build_tables()
    tables[d.TRAVEL_TIME]["reason"] = tables[d.TRAVEL_TIME]["reason"].astype("string")
    tables[d.GEOGRAPHY].loc[0, "authority_code"] = pd.NA
    build_report(tables, build_context(), tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()
