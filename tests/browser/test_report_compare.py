"""Comparing two neighbourhoods: facts side by side, what they add up to in a sentence, state in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.report.data import ReportData
from pipeline.report.facts import Facts
from tests.support.browser import Opened, open_page
from tests.support.report_tables import HOSTILE_NAME, build_context, build_tables

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

MINUS = "\N{MINUS SIGN}"


def find_row(opened: Opened, label: str) -> list[str]:
    return next(row for row in opened.get_table("compare") if row[0] == label)


def test_facts_stand_side_by_side_with_difference_and_group_medians(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html", "#a=W0001&b=W0003&snapshot=2024")
    opened.page.wait_for_selector("#compare tbody tr")
    row = find_row(opened, "To a hospital: Weekday morning, 07:00 to 10:00")
    report = ReportData(build_tables(has_jobs=True), build_context())
    medians = Facts(report).find_times("hospitals", "2024", "weekday_am")
    assert medians is not None
    minutes = [int(text.split()[0].replace(MINUS, "-")) for text in row[1:]]
    assert minutes[2] == minutes[1] - minutes[0]
    expected = [medians[key].median_s for key in ("left_behind", "other", "all")]
    assert minutes[3:] == [int((value or 0) / 60 + 0.5) for value in expected]
    header = [" ".join(text.split()) for text in opened.page.locator("#compare thead th").all_inner_texts()]
    assert header[:3] == ["Fact", "Quayside", "Saltmarsh"]
    assert header[4:] == ["Median, left behind wards", "Median, other wards", "Median, all wards"]
    opened.check_quiet()


def test_a_sentence_says_the_result_and_whether_ranks_can_be_told_apart(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html", "#a=W0001&b=W0003")
    said = opened.page.locator("#verdict").inner_text()
    ranks = next(row for row in opened.get_table("compare") if row[0].startswith("Rank"))
    assert f"Quayside {ranks[1]}" in said.replace("ranks ", "").replace("and ", "")
    bounds = [[int(n) for n in text.split("(")[1].split(")")[0].split(" to ")] for text in ranks[1:3]]
    is_apart = bounds[0][1] < bounds[1][0] or bounds[1][1] < bounds[0][0]
    assert ("do not overlap" in said) == is_apart
    assert "Travel time: of 8 figures" in said


def test_missing_data_is_not_compared(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html", "#a=W0001&b=W0002&snapshot=2019")
    text = opened.page.locator("#compare").inner_text()
    assert "timetables missing" in text
    assert "Caveat: One operator's file is missing." in opened.page.locator("#snapshot-caveat").inner_text()
    opened.check_quiet()


def test_the_same_place_twice_is_said_to_be_the_same(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html", "#a=W0001&b=W0001")
    assert "choose another ward" in opened.page.locator("#verdict").inner_text()
    opened.check_quiet()


def test_places_are_chosen_by_keyboard_and_the_address_can_be_sent(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html")
    page = opened.page
    page.locator("#a").focus()
    before = page.locator("#a").input_value()
    page.keyboard.press("ArrowDown")
    if page.locator("#a").input_value() == before:
        page.keyboard.press("ArrowUp")
    chosen = page.locator("#a").input_value()
    assert chosen != before
    assert f"a={chosen}" in page.url
    page.locator("#swap").focus()
    page.keyboard.press("Enter")
    assert page.locator("#b").input_value() == chosen
    again = open_page(chromium, site / "compare.html", page.url[page.url.index("#") :])
    assert again.get_table("compare") == opened.get_table("compare")
    assert again.page.locator("#verdict").inner_text() == page.locator("#verdict").inner_text()
    opened.check_quiet()


def test_hostile_names_are_text(chromium: Browser, site: Path) -> None:
    opened = open_page(chromium, site / "compare.html", "#a=W0012&b=W0011")
    header = opened.page.locator("#compare thead").text_content() or ""
    assert HOSTILE_NAME in header
    assert '=HYPERLINK("http://example.invalid","x")' in header
    assert "owned" not in opened.page.title()
    opened.check_quiet()


def test_every_place_of_a_series_can_be_compared_by_authority(chromium: Browser, series_site: Path) -> None:
    opened = open_page(chromium, series_site / "compare.html", "#a=E002&b=E017")
    opened.page.wait_for_selector("#compare tbody tr")
    row = find_row(opened, "Weekday, whole day")
    assert row[1:4] == [f"{MINUS}4% to {MINUS}3%", f"{MINUS}41% to {MINUS}40%", row[3]]
    assert row[3].endswith("points")
    opened.page.select_option("#b-authority", label=HOSTILE_NAME)
    assert opened.page.locator("#b option").count() == 6
    assert "b=E010" in opened.page.url
    assert "owned" not in opened.page.title()
    opened.check_quiet()
