"""A profile in a real browser: accessible in light and in print, nothing wider than its page, printed as PDF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.report import build_report
from pipeline.report.profile_file import build_profile_file
from pipeline.stages.chromium import find_chromium, print_pdf
from tests.support.profile_worlds import build_profile_tables
from tests.support.report_tables import build_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = find_chromium()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profile")
    build_report(build_profile_tables(), build_context(), folder / "site")
    html = build_profile_file(build_profile_tables(), build_context(), "W0001").html
    (folder / "alone.html").write_text(html, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def open_page(browser: Browser, path: Path, *, width: int, media: str) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.emulate_media(media=media)  # type: ignore[arg-type]
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("name", ["site/neighbourhoods/W0001.html", "alone.html"])
@pytest.mark.parametrize("media", ["screen", "print"])
def test_axe_finds_nothing(folder: Path, browser: Browser, name: str, media: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(browser, folder / name, width=1280, media=media)
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert found.violations_count == 0, found.generate_report()
    page.close()


@pytest.mark.parametrize("name", ["site/neighbourhoods/W0012.html", "alone.html"])
def test_nothing_is_wider_than_a_phone(folder: Path, browser: Browser, name: str) -> None:
    page = open_page(browser, folder / name, width=390, media="screen")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.title") != "owned"
    page.close()


def test_pictures_have_words_and_are_not_cut(folder: Path, browser: Browser) -> None:
    page = open_page(browser, folder / "alone.html", width=1280, media="screen")
    shown = page.evaluate(
        """[...document.querySelectorAll('svg.drawing')].map(svg => {
            const box = svg.viewBox.baseVal;
            const wide = [...svg.querySelectorAll('text')].filter(text => {
                const own = text.getBBox();
                return own.x < -1 || own.x + own.width > box.width + 14;
            }).map(text => text.textContent);
            return {label: svg.getAttribute('aria-label'), wide};
        })"""
    )
    assert len(shown) >= 8
    assert all(picture["label"] for picture in shown)
    assert [picture["wide"] for picture in shown if picture["wide"]] == []
    page.close()


def test_a_pdf_names_the_place_on_every_sheet_and_is_the_same_twice(folder: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    html = (folder / "alone.html").read_text(encoding="utf-8")
    for name in ("one.pdf", "two.pdf"):
        print_pdf(html, folder / name)
    assert (folder / "one.pdf").read_bytes() == (folder / "two.pdf").read_bytes()
    reader = pypdf.PdfReader(folder / "one.pdf")
    for number, page in enumerate(reader.pages, start=1):
        text = " ".join(page.extract_text().split())
        assert "Quayside (W0001)" in text
        assert "Timetables of" in text
        assert f"{number} of {len(reader.pages)}" in text
        assert abs(float(page.mediabox.width) - 595) < 2


def test_a_printed_profile_is_short_begins_with_a_summary_and_says_what_it_leaves_out(folder: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    html = (folder / "alone.html").read_text(encoding="utf-8")
    full = build_profile_file(build_profile_tables(), build_context(), "W0001", is_full=True).html
    print_pdf(html, folder / "short.pdf")
    print_pdf(full, folder / "full.pdf")
    short = pypdf.PdfReader(folder / "short.pdf")
    pages = [" ".join(page.extract_text().split()) for page in short.pages]
    assert len(pages) <= 9
    assert len(pypdf.PdfReader(folder / "full.pdf").pages) > len(pages)
    assert "In short" in pages[0]
    assert "Key numbers" in pages[0]
    assert "Travel times To the nearest destination" not in pages[0]
    assert any("Left out of print" in text for text in pages)
    assert not any("Peers: nearest in deprivation within the same rural or urban class Ward" in text for text in pages)
    root = short.trailer["/Root"]
    assert str(root["/Lang"]) == "en-GB"
    assert bool(root["/MarkInfo"]["/Marked"])
    assert short.metadata.title.startswith("Quayside – Morwen Bay")
    assert not any(page.get("/Annots") for page in short.pages)


def test_a_link_to_something_folded_unfolds_it_and_a_click_does_too(folder: Path, browser: Browser) -> None:
    page = open_page(browser, folder / "site/neighbourhoods/W0001.html", width=1280, media="screen")
    assert not page.locator("#peers").is_visible()
    page.locator("details", has=page.locator("#peers")).locator("summary").click()
    assert page.locator("#peers").is_visible()
    page.goto("about:blank")
    page.goto((folder / "site/neighbourhoods/W0001.html").as_uri() + "#indicators")
    page.locator("#indicators").wait_for(state="visible")
    page.close()


def test_numbers_stand_right_and_words_left(folder: Path, browser: Browser) -> None:
    page = open_page(browser, folder / "alone.html", width=1280, media="screen")
    read = "element => getComputedStyle(element).textAlign"
    row = page.locator("#key-numbers tbody tr").first.locator("td")
    assert [cell.evaluate(read) for cell in row.all()[:3]] == ["right", "left", "right"]
    assert page.locator("#times tbody td").first.evaluate(read) == "right"
    page.close()
