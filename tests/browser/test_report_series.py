"""The site of a published series in a real browser: ranked table and map follow selectors, address and keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


def test_the_overview_answers_who_lost_most_and_how_sure_that_is(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "index.html")
    first = opened.page.locator(".finding").first.inner_text()
    assert "lost most" in first
    assert "doubtful" in first
    assert "under every choice of baseline and end" in first
    opened.check_quiet()


@pytest.mark.parametrize("page", ["service.html", "authorities.html", "method.html", "quality.html", "downloads.html"])
def test_other_pages_record_no_error(chromium: Browser, series_site: Path, page: str) -> None:
    opened = open_page(chromium, series_site / page)
    opened.check_quiet()
    assert "owned" not in opened.page.title()


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
