"""Axe finds no violation of WCAG 2.2 at level A or AA on any kind of page, wide, narrow and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser import find_violations, open_page

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

SITE_PAGES = (
    "index.html",
    "league.html",
    "changes.html",
    "service.html",
    "compare.html",
    "robustness.html",
    "measures.html",
    "method.html",
    "quality.html",
    "downloads.html",
    "neighbourhoods/W0001.html",
)
SERIES_PAGES = (
    "index.html",
    "wards.html",
    "service.html",
    "authorities.html",
    "compare.html",
    "method.html",
    "quality.html",
    "downloads.html",
    "neighbourhoods/E016.html",
)
LOOKS = ((1280, "screen"), (390, "screen"), (794, "print"))


def look(chromium: Browser, path: Path) -> list[str]:
    found = []
    for width, media in LOOKS:
        opened = open_page(chromium, path, width=width, media=media)
        if opened.page.locator("#map").count():
            opened.wait_for_state("mapKind", "drawn")
        found += [
            f"{width} px, {media}: {violation}" for violation in find_violations(opened, is_printed=media == "print")
        ]
        is_wide = opened.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert media == "print" or not is_wide, f"{path.name} scrolls sideways at {width} px"
        opened.page.context.close()
    return found


@pytest.mark.parametrize("page", SITE_PAGES)
def test_a_site_on_timetables_has_no_violation(chromium: Browser, site: Path, page: str) -> None:
    assert look(chromium, site / page) == []


@pytest.mark.parametrize("page", SERIES_PAGES)
def test_a_site_on_a_series_has_no_violation(chromium: Browser, series_site: Path, page: str) -> None:
    assert look(chromium, series_site / page) == []


def test_every_page_is_looked_at(site: Path, series_site: Path) -> None:
    for folder, pages in ((site, SITE_PAGES), (series_site, SERIES_PAGES)):
        assert {path.name for path in folder.glob("*.html")} == {page for page in pages if "/" not in page}


def test_axe_would_find_a_violation(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "method.html")
    opened.page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
    opened.page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {violation.split(" ")[0] for violation in find_violations(opened)} == {"color-contrast", "html-has-lang"}
