"""The documentation site builds strictly, its links and anchors lead somewhere, and it asks no other host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import sync_playwright

from tests.support.documents import list_anchors, list_links, read_page
from tests.support.pipeline import ROOT

SOURCES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OUTSIDE = re.compile(r"^(?:[a-z]+:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site") / "docs"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return folder


def test_the_site_holds_a_page_for_every_source_and_for_the_changelog(site: Path) -> None:
    for source in (ROOT / "docs").rglob("*.md"):
        page = source.relative_to(ROOT / "docs").with_suffix(".html")
        built = site / (page.with_name("index.html") if page.name == "README.html" else page)
        assert built.is_file(), source
    for name in ("changelog.html", "contributing.html"):
        assert (site / name).is_file()
    assert not list(site.rglob("*.py"))


def test_every_link_and_anchor_of_the_site_leads_somewhere(site: Path) -> None:
    pages = {path.resolve(): read_page(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    dead, n_links = [], 0
    for path, page in pages.items():
        for link in (*page.links, *page.loads):
            if OUTSIDE.match(link) or link.startswith(("mailto:", "data:")) or path.name == "404.html":
                continue
            n_links += 1
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name.partition("?")[0]).resolve() if name else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].anchors if target in pages else set()
            if not target.is_file() or (anchor and anchor != "__skip" and anchor not in known):
                dead.append(f"{path.relative_to(site.resolve())}: {link}")
    assert n_links > 1000
    assert dead == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_of_a_source_leads_to_a_file_and_an_anchor(source: Path) -> None:
    for link in list_links(source.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (source.parent / name).resolve() if name else source
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in list_anchors(target.read_text(encoding="utf-8")), link


def test_pages_styles_and_data_load_nothing_from_another_host(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert [load for load in read_page(path).loads if OUTSIDE.match(load)] == [], path
        assert "mermaid" not in path.read_text(encoding="utf-8"), "the theme would load it from another host"
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@import" not in text, path
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", text), path


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_opens_the_site_from_disk_and_searches_it_without_a_request(site: Path) -> None:
    asked: list[str] = []
    problems: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        for name in ("methodology.html", "reference/configuration.html", "index.html"):
            page.goto((site / name).as_uri())
        page.fill("input.md-search__input", "interchange")
        page.wait_for_selector(".md-search-result__item", timeout=20_000)
        found = page.locator(".md-search-result__item").first.inner_text()
        browser.close()
    assert "interchange" in found.lower()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
