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
