"""The site in a real browser, from disk, without a network: the map draws, the tables fill, no error is recorded.

Debian's Chromium is driven through its command line; where there is none the tests are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from typing import TYPE_CHECKING

import pytest

from pipeline.report import build_report
from pipeline.report.downloads import describe_licence
from tests.support.report_tables import build_context, build_tables

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--hide-scrollbars",
    "--virtual-time-budget=10000",
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "site"
    build_report(build_tables(has_jobs=True), build_context(), folder)
    return folder


def run_chromium(tmp_path: Path, *arguments: str) -> str:
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def read_dom(tmp_path: Path, page: Path, fragment: str = "") -> str:
    return run_chromium(tmp_path, "--dump-dom", f"{page.as_uri()}{fragment}")


def get_attributes(dom: str) -> dict[str, str]:
    found = re.search(r"<html([^>]*)>", dom)
    assert found is not None
    return dict(re.findall(r'([a-z-]+)="([^"]*)"', found.group(1)))


def get_table(dom: str, anchor: str) -> str:
    found = re.search(rf'<table id="{anchor}".*?</table>', dom, flags=re.DOTALL)
    assert found is not None
    return found.group(0)


def test_map_draws_and_its_table_is_full(site: Path, tmp_path: Path) -> None:
    dom = read_dom(tmp_path, site / "index.html")
    state = get_attributes(dom)
    assert state["data-errors"] == ""
    assert state["data-map-painted"] == "12"
    assert state.get("data-map-kind") != "plain"
    assert "maplibregl-canvas" in dom
    assert get_table(dom, "map-table").count("<tr") == 13
    assert "Fifths of all wards" in dom
    assert "<title>Overview" in dom


def test_a_deep_link_restores_the_view(site: Path, tmp_path: Path) -> None:
    fragment = "#measure=time%3Ahospitals&snapshot=2024&window=sunday&group=other_deprived&mode=bus&place=W0010"
    dom = read_dom(tmp_path, site / "index.html", fragment)
    assert get_attributes(dom)["data-errors"] == ""
    table = get_table(dom, "map-table")
    assert table.count("<tr") == 4
    assert 'class="chosen"' in table
    assert "no street within 500 metres" in table
    assert "8&nbsp;October&nbsp;2024 · Sunday · Outward · Bus only · Other deprived wards" in dom


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
def test_every_kind_of_measure(site: Path, tmp_path: Path, fragment: str, shown: str) -> None:
    dom = read_dom(tmp_path, site / "index.html", fragment)
    assert get_attributes(dom)["data-errors"] == ""
    assert shown in dom


def test_league_table_follows_its_selectors(site: Path, tmp_path: Path) -> None:
    dom = read_dom(tmp_path, site / "league.html", "#window=sunday&group=left_behind&sort=4&order=down")
    state = get_attributes(dom)
    assert state["data-errors"] == ""
    assert state["data-league-rows"] == "3"
    table = get_table(dom, "league")
    assert 'aria-sort="descending"' in table
    minutes = [int(value) for value in re.findall(r"<td[^>]*>(\d+)(?:&nbsp;|\u00a0)min</td>", table)][::2]
    assert minutes == sorted(minutes, reverse=True)


@pytest.mark.parametrize(
    "page", ["service.html", "method.html", "quality.html", "downloads.html", "neighbourhoods/W0001.html"]
)
def test_other_pages_record_no_error(site: Path, tmp_path: Path, page: str) -> None:
    dom = read_dom(tmp_path, site / page)
    assert get_attributes(dom)["data-errors"] == ""
    assert "owned" not in (re.search(r"<title>(.*?)</title>", dom) or [""])[0]


def test_downloads_are_there_with_size_and_licence(site: Path, tmp_path: Path) -> None:
    dom = read_dom(tmp_path, site / "downloads.html")
    assert get_attributes(dom)["data-errors"] == ""
    for anchor in ("downloads-whole", "downloads-charts", "downloads"):
        table = get_table(dom, anchor)
        links = re.findall(r'<a href="([^"]+)" download="">', table)
        sizes = re.findall(r'<td class="number">([\d.,]+)\N{NO-BREAK SPACE}?(?:&nbsp;| )?(kB|MB)</td>', table)
        assert len(links) == table.count("<tr") - 1 == len(sizes)
        for link, (number, unit) in zip(links, sizes, strict=True):
            true_size = (site / link).stat().st_size
            shown = float(number.replace(",", "")) * (1e6 if unit == "MB" else 1e3)
            assert abs(true_size - shown) <= max(0.06e6 if unit == "MB" else 1e3, 1e3)
        assert table.count(f"<td>{describe_licence(build_tables())}</td>") == len(links)


def test_a_chart_file_can_be_looked_at_alone(site: Path, tmp_path: Path) -> None:
    target = tmp_path / "chart.png"
    page = site / "downloads" / "charts" / "times.svg"
    run_chromium(tmp_path, f"--screenshot={target}", "--window-size=900,800", page.as_uri())
    assert count_colours(target.read_bytes()) > 100


def test_locator_shows_one_place(site: Path, tmp_path: Path) -> None:
    dom = read_dom(tmp_path, site / "neighbourhoods" / "W0003.html")
    assert dom.count('class="here"') == 1
    assert dom.count('class="there"') == 11


def test_the_picture_is_not_blank(site: Path, tmp_path: Path) -> None:
    target = tmp_path / "shot.png"
    run_chromium(tmp_path, f"--screenshot={target}", "--window-size=1280,2400", (site / "index.html").as_uri())
    content = target.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert count_colours(content) > 200


def test_the_page_prints(site: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    run_chromium(tmp_path, f"--print-to-pdf={target}", (site / "neighbourhoods" / "W0001.html").as_uri())
    assert target.read_bytes().startswith(b"%PDF")


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


def test_an_error_would_be_recorded(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "broken")
    (tmp_path / "broken" / "data" / "values.js").write_text("window.REPORT_VALUES = {;", encoding="utf-8")
    (tmp_path / "broken" / "static" / "shared.js").unlink()
    errors = get_attributes(read_dom(tmp_path, tmp_path / "broken" / "index.html"))["data-errors"]
    assert "Script error" in errors
    assert "could not load" in errors


def test_selectors_change_map_table_and_address(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "driven"
    shutil.copytree(site, copy)
    driver = """
    window.addEventListener("load", function () {
      var select = document.getElementById("window");
      select.value = "sunday";
      select.dispatchEvent(new Event("change"));
      document.querySelector("#map-table thead button").click();
      document.querySelector("#map-table .locate").click();
      document.documentElement.dataset.address = location.hash;
    });
    """
    (copy / "static" / "driver.js").write_text(driver, encoding="utf-8")
    page = (copy / "index.html").read_text(encoding="utf-8")
    page = page.replace("</body>", '<script src="static/driver.js"></script></body>')
    (copy / "index.html").write_text(page, encoding="utf-8")
    dom = read_dom(tmp_path, copy / "index.html")
    state = get_attributes(dom)
    assert state["data-errors"] == ""
    assert "window=sunday" in state["data-address"]
    assert "place=W00" in state["data-address"]
    table = get_table(dom, "map-table")
    assert 'aria-sort="ascending"' in table
    assert table.index("&lt;/script&gt;") < table.index("Ferry Island") < table.index("Saltmarsh")
    assert "no journey" in table
