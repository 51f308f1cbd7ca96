"""Take the picture of the sample's report that README.md shows: the map and its table, without a network.

``make demo && .venv/bin/python docs/images/make_report_picture.py``; needs the tools of ``make setup-dev``.
"""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "outputs" / "sample" / "report" / "index.html"
VIEW = "#measure=time:hospitals&snapshot=2024&window=weekday_am"
OUT = ROOT / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1180, 800


def main() -> None:
    """Open the report, scroll to the map, and write the picture with a palette of 128 colours."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None or not REPORT.is_file():
        sys.exit("error: Chromium or the sample's report is missing.\n  cure:  Install chromium; make demo")
    flags = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=flags)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(REPORT.as_uri() + VIEW)
        page.wait_for_timeout(4000)
        page.evaluate("document.querySelector('#map').closest('section').scrollIntoView()")
        page.wait_for_timeout(1500)
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        browser.close()
    shot.quantize(128, dither=Image.Dither.NONE).save(OUT, optimize=True)
    sys.stdout.write(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
