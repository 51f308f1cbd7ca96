"""Debian's Chromium through playwright: one browser a module, pages without a network, what they must not do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
LOCAL = ("file:", "data:", "blob:")
TIMEOUT_MS = 60_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, for all tests of a module; tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page of a site on disk, with what it wrote to the console and what it asked for."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def get_state(self, name: str) -> str | None:
        """Return what the page's scripts wrote on its root, by name of the data attribute."""
        return self.page.evaluate("name => document.documentElement.dataset[name] ?? null", name)

    def wait_for_state(self, name: str, value: str) -> None:
        """Wait until the page's scripts have written this on its root."""
        self.page.wait_for_function(
            "([name, value]) => document.documentElement.dataset[name] === value", arg=[name, value]
        )

    def get_table(self, anchor: str) -> list[list[str]]:
        """Return the texts of the rows of a table's bodies."""
        rows = self.page.locator(f"#{anchor} tbody tr").all()
        return [[" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()] for row in rows]

    def check_quiet(self) -> None:
        """Nothing went wrong and nobody else was asked for anything."""
        assert self.console == []
        assert self.get_state("errors") == ""
        assert [url for url in self.requests if not url.startswith(LOCAL)] == []


def open_page(chromium: Browser, path: Path, fragment: str = "", *, width: int = 1280, media: str = "screen") -> Opened:
    """Open a page from disk in a context of its own with the network off."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    context.set_offline(True)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.console.append(message.text) if message.type == "error" else None)
    opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.emulate_media(media=media)  # type: ignore[arg-type]
    opened.page.goto(f"{path.as_uri()}{fragment}")
    return opened


def find_violations(opened: Opened, *, is_printed: bool = False) -> list[str]:
    """Return what axe finds against WCAG 2.2 at level A and AA: rule, count and the first element.

    On paper nothing is pointed at, so that the size of targets is not asked for there.
    """
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    options = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
    options["rules"] = {"target-size": {"enabled": not is_printed}}
    found = sync_playwright.Axe().run(opened.page, options=options).response["violations"]
    return [f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:200]}" for one in found]
