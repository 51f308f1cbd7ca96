"""The site in a real browser, from disk, without a network: map and tables follow selectors, address and keyboard."""

from __future__ import annotations

import re
import shutil
import zlib
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from pipeline.report import build_report
from pipeline.report.downloads import describe_licence
from tests.support.browser import Opened, find_violations, open_page
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def overview(chromium: Browser, site: Path) -> Iterator[Opened]:
    opened = open_page(chromium, site / "index.html")
    opened.wait_for_state("mapKind", "drawn")
    yield opened
    opened.page.context.close()


def test_map_draws_and_its_table_is_full(overview: Opened) -> None:
    overview.check_quiet()
    assert overview.get_state("mapPainted") == "12"
    assert overview.page.locator("#map canvas").count() == 1
    assert len(overview.get_table("map-table")) == 12
    assert "Fifths of all wards" in overview.page.locator("#legend").inner_text()
    assert overview.page.title().startswith("Overview")
    assert count_colours(overview.page.locator("#map").screenshot()) > 50


def test_selectors_change_map_table_legend_and_address(overview: Opened) -> None:
    page = overview.page
    before = page.locator("#map").screenshot(), overview.get_table("map-table"), page.locator("#legend").inner_text()
    page.select_option("#window", "sunday")
    page.select_option("#group", "left_behind")
    page.wait_for_timeout(500)
    after = page.locator("#map").screenshot(), overview.get_table("map-table"), page.locator("#legend").inner_text()
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, True]
    assert {row[1] for row in after[1]} == {"Left behind wards"}
    assert "window=sunday" in page.url
    assert "group=left_behind" in page.url
    overview.check_quiet()


def test_the_map_can_be_used_by_keyboard_alone(overview: Opened) -> None:
    page = overview.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("#window").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#window").input_value() == "weekday_evening"
    assert "window=weekday_evening" in page.url
    page.locator("#map-table thead button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#map-table thead th").first.get_attribute("aria-sort") == "ascending"
    assert page.evaluate("document.activeElement.dataset.column") == "0"
    page.locator("#map-table .locate").first.press("Space")
    page.wait_for_url(re.compile(r"place=W00\d\d"))
    assert page.locator("#map-table tr.chosen").count() == 1
    overview.check_quiet()


def test_a_deep_link_restores_the_view(chromium: Browser, site: Path) -> None:
    fragment = "#measure=time%3Ahospitals&snapshot=2024&window=sunday&group=other_deprived&mode=bus&place=W0010"
    opened = open_page(chromium, site / "index.html", fragment)
    opened.wait_for_state("mapRows", "3")
    page = opened.page
    assert page.locator("#map-table tr.chosen").count() == 1
    assert "no street within 500 metres" in page.locator("#map-table").inner_text()
    title = page.locator("#map-title").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert title.endswith("8 October 2024 · Sunday · Outward · Bus only · Other deprived wards")
    opened.check_quiet()


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("#measure=runs:weekday_all_day&snapshot=2019", "timetables missing"),
        ("#snapshot=2019", "Caveat: One operator's file is missing. The data of Coastal Buses is missing at this date"),
        ("#measure=jobs:jobs:60", "Jobs within 60 minutes"),
        ("#measure=score", "Rank (interval)"),
        ("#measure=nonsense&snapshot=%E0%A4%A&window=never", "Travel time to a hospital"),
    ],
)
def test_every_kind_of_measure(chromium: Browser, site: Path, fragment: str, shown: str) -> None:
    opened = open_page(chromium, site / "index.html", fragment)
    opened.wait_for_state("mapKind", "drawn")
    assert shown in opened.page.locator("section.mapping").inner_text()
    opened.check_quiet()


def test_league_table_follows_its_selectors(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "league.html", "#window=sunday&group=left_behind&sort=4&order=down")
    opened.wait_for_state("leagueRows", "3")
    assert opened.page.locator("#league th[aria-sort=descending]").count() == 1
    minutes = [int(row[4].split()[0]) for row in opened.get_table("league") if row[4].endswith("min")]
    assert minutes == sorted(minutes, reverse=True)
    opened.check_quiet()


def test_the_league_of_change_ranks_what_is_covered_and_gives_reasons_for_the_rest(
    chromium: Browser, site: Path
) -> None:
    opened = open_page(chromium, site / "changes.html")
    opened.wait_for_state("changeRows", "10+2")
    first = opened.get_table("changes")[0]
    assert first[:4] == ["Quayside", "Left behind wards", "1 (1 to 3)", "\N{MINUS SIGN}6.0"]
    assert first[-1] == "Time to a hospital, weekday morning: \N{MINUS SIGN}3.0"
    assert {row[2] for row in opened.get_table("unranked")} == {"<b>Coastal Buses</b> has no data in October 2019."}
    opened.page.select_option("#group", "other_deprived")
    opened.page.select_option("#pair", "2019|2024")
    opened.wait_for_state("changeRows", "2+1")
    address = opened.page.url
    again = open_page(chromium, site / "changes.html", address[address.index("#") :])
    again.wait_for_state("changeRows", "2+1")
    assert again.page.locator("#pair").input_value() == "2019|2024"
    opened.check_quiet()
    again.check_quiet()


@pytest.mark.parametrize(
    "page",
    ["service.html", "method.html", "quality.html", "robustness.html", "measures.html", "neighbourhoods/W0001.html"],
)
def test_other_pages_record_no_error(chromium: Browser, site: Path, page: str) -> None:
    opened = open_page(chromium, site / page)
    opened.check_quiet()
    assert "owned" not in opened.page.title()


def test_downloads_are_there_with_size_and_licence(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "downloads.html")
    for anchor in ("downloads-whole", "downloads-charts", "downloads"):
        rows = opened.get_table(anchor)
        links = opened.page.locator(f"#{anchor} a[download]").evaluate_all(
            "all => all.map(a => a.getAttribute('href'))"
        )
        sizes = re.findall(r"([\d.,]+) ([kM]B)", " ".join(" ".join(row[1:]) for row in rows))
        assert len(links) == len(sizes) >= len(rows) > 0
        for link, (number, unit) in zip(links, sizes, strict=True):
            shown = float(number.replace(",", "")) * {"MB": 1e6, "kB": 1e3}[unit]
            true_size = (site / link).stat().st_size
            assert abs(true_size - shown) <= max(0.06e6 if unit == "MB" else 1e3, 1e3)
    assert f"Licences of the inputs: {describe_licence(build_tables())}." in opened.page.locator("main").inner_text()
    opened.check_quiet()


def test_a_chart_file_can_be_looked_at_alone(chromium: Browser, site: Path) -> None:
    page = chromium.new_page(viewport={"width": 900, "height": 800})
    page.goto((site / "downloads" / "charts" / "times.svg").as_uri())
    assert count_colours(page.screenshot()) > 100
    page.close()


def test_locator_shows_one_place(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "neighbourhoods" / "W0003.html")
    assert opened.page.locator("#locator .here").count() == 1
    assert opened.page.locator("#locator .there").count() == 11


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("index.html", "Worst connected to a hospital on a Sunday"),
        ("compare.html", "Side by side"),
        ("changes.html", "Indicator that moved most"),
        ("neighbourhoods/W0001.html", "Quayside"),
    ],
)
def test_pages_print_their_facts_and_not_their_controls(
    chromium: Browser, site: Path, tmp_path: Path, path: str, words: str
) -> None:
    opened = open_page(chromium, site / path, media="print")
    for selector in ("header.site nav", ".selectors", "#swap"):
        assert all(not one.is_visible() for one in opened.page.locator(selector).all())
    opened.page.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "page.pdf").pages)
    assert words in text
    opened.check_quiet()


def test_an_error_would_be_noticed(chromium: Browser, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "broken")
    (tmp_path / "broken" / "data" / "values.js").write_text("window.REPORT_VALUES = {;", encoding="utf-8")
    (tmp_path / "broken" / "static" / "shared.js").unlink()
    opened = open_page(chromium, tmp_path / "broken" / "index.html")
    errors = opened.get_state("errors") or ""
    assert "rror" in errors
    assert "could not load" in errors
    assert opened.console
    with pytest.raises(AssertionError):
        opened.check_quiet()


def count_colours(png: bytes) -> int:
    """Return the number of different four-byte groups in the raw rows of a PNG: few if the page is blank."""
    chunks, position = [], 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4])
        if png[position + 4 : position + 8] == b"IDAT":
            chunks.append(png[position + 8 : position + 8 + length])
        position += 12 + length
    raw = zlib.decompress(b"".join(chunks))
    return len({raw[start : start + 4] for start in range(0, len(raw) - 4, 4)})


def test_evidence_unfolds_by_keyboard(chromium: Browser, tmp_path: Path) -> None:
    tables = build_tables()
    tables["out_service__change"]["evidence"] = f"Same number; {'weekday runs 134 to 102; ' * 3}all else alike."
    build_report(tables, build_context(), tmp_path / "site")
    opened = open_page(chromium, tmp_path / "site" / "service.html")
    first = opened.page.locator("td details").first
    assert not first.locator("li").first.is_visible()
    first.locator("summary").focus()
    opened.page.keyboard.press("Enter")
    assert first.locator("li").all_inner_texts()[1] == "Weekday runs 134 to 102"
    assert first.locator("li").first.is_visible()
    opened.check_quiet()
    assert find_violations(opened) == []
