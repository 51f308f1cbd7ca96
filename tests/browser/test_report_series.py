"""The site of a published series in a real browser: ranked table and map follow selectors, address and keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from tests.support.browser import open_page

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_table_and_map_follow_the_selectors_and_the_address(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "wards.html")
    opened.wait_for_state("mapKind", "drawn")
    page = opened.page
    assert opened.get_state("wardRows") == "6"
    before, legend = opened.get_table("wards"), page.locator("#legend").inner_text()
    page.locator("#data").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#data").input_value() == "sound"
    assert len(opened.get_table("wards")) < len(before)
    assert page.locator("#legend").inner_text() != legend
    again = open_page(chromium, series_site / "wards.html", page.url[page.url.index("#") :])
    assert again.get_table("wards") == opened.get_table("wards")
    opened.check_quiet()
    again.check_quiet()


def test_the_map_shows_any_group_in_national_fifths_whose_limits_it_states(
    chromium: Browser, series_site: Path
) -> None:
    opened = open_page(chromium, series_site / "wards.html")
    opened.wait_for_state("mapKind", "drawn")
    page = opened.page
    assert sum(int(n) for n in opened.get_state("mapCounts").split(",")) == 6
    assert "Fifth that lost most: below" in page.locator("#legend").inner_text()
    page.locator("#group").select_option("all")
    counts = [int(n) for n in opened.get_state("mapCounts").split(",")]
    assert sum(counts) == 18
    told = opened.get_table("fifths")[-1]
    assert [int(str(text).split(" ")[0]) for text in told[1:]] == counts
    assert "all wards" in page.locator("#map-title").inner_text()
    page.locator("#classes").select_option("step")
    assert "Lost 60 to 80%" in page.locator("#legend").inner_text()
    again = open_page(chromium, series_site / "wards.html", page.url[page.url.index("#") :])
    assert again.get_state("mapCounts") == opened.get_state("mapCounts")
    assert again.page.locator("#legend").inner_text() == page.locator("#legend").inner_text()
    opened.check_quiet()
    again.check_quiet()


def test_the_overview_answers_who_lost_most_and_how_sure_that_is(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "index.html")
    first = opened.page.locator(".finding").first.inner_text()
    assert "lost most" in first
    assert "doubtful" in first
    assert "choices of baseline and end" in first
    assert "how sure that is" in first
    opened.check_quiet()


@pytest.mark.parametrize("page", ["service.html", "authorities.html", "method.html", "quality.html", "downloads.html"])
def test_other_pages_record_no_error(chromium: Browser, series_site: Path, page: str) -> None:
    opened = open_page(chromium, series_site / page)
    opened.check_quiet()
    assert "owned" not in opened.page.title()


def test_every_printed_page_of_a_long_table_has_its_header(
    chromium: Browser, series_site: Path, tmp_path: Path
) -> None:
    opened = open_page(chromium, series_site / "wards.html")
    opened.wait_for_state("mapKind", "drawn")
    opened.page.evaluate(
        "() => { const body = document.querySelector('#wards tbody'); const rows = [...body.rows];"
        " for (let i = 0; i < 20; i += 1) { rows.forEach(row => body.appendChild(row.cloneNode(true))); } }"
    )
    opened.page.emulate_media(media="print")
    file = tmp_path / "wards.pdf"
    opened.page.pdf(path=str(file), prefer_css_page_size=True)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(file).pages]
    with_rows = [text for text in pages if len(re.findall(r"\d of 2 ", text)) > 10]
    assert len(with_rows) > 1
    assert all("Rank by runs lost" in text for text in with_rows)


def test_the_printed_map_is_whole(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "wards.html")
    opened.wait_for_state("mapKind", "drawn")
    opened.page.emulate_media(media="print")
    frame, canvas = (opened.page.locator(name).bounding_box() for name in ("#map", "#map canvas"))
    assert frame is not None
    assert canvas is not None
    assert canvas["width"] <= frame["width"] + 1
    assert canvas["height"] <= frame["height"] + 1
    fit = opened.page.locator("#map canvas").evaluate("canvas => getComputedStyle(canvas).objectFit")
    assert fit == "contain"


def test_a_caption_stays_within_a_narrow_screen(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "index.html", width=390)
    for box in opened.page.locator("caption span").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    ):
        assert box <= 390


def test_a_place_is_marked_on_a_map_that_all_places_share(chromium: Browser, series_site: Path) -> None:
    pages = sorted((series_site / "neighbourhoods").glob("*.html"))
    opened = open_page(chromium, pages[0])
    drawing = opened.page.locator(".locator svg")
    assert drawing.count() == 1
    assert drawing.get_attribute("aria-label").startswith("Where ")
    assert drawing.locator("image").get_attribute("href") == "../static/locator.svg"
    assert drawing.locator(".d-home, .d-place").count() >= 1
    background = opened.page.evaluate(
        """() => new Promise(done => {
            const picture = new Image();
            picture.onload = () => done(picture.naturalWidth);
            picture.onerror = () => done(0);
            picture.src = document.querySelector('.locator image').getAttribute('href');
        })"""
    )
    assert background > 0
    years = opened.page.locator("#years tbody th").all_inner_texts()
    assert years == sorted(years)
    opened.check_quiet()
