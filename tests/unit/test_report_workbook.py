"""The accessible workbook: one table a sheet, numbers stay numbers, no name becomes a formula, a link or a note."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.cells import NUMBER
from pipeline.report import data as d
from pipeline.report.data import ReportData
from pipeline.report.headline import build_headline
from pipeline.report.workbook import (
    Sheet,
    SheetColumn,
    Workbook,
    clean_cell,
    clean_text,
    name_sheets,
    round_value,
    write_workbook,
)
from pipeline.report.workbook_sheets import build_workbook
from tests.support.report_tables import FORMULA_NAME, build_context, build_tables

HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "{=1}",
    "http://example.invalid/",
    "external:C:/x.xlsx",
    "internal:'Cover'!A1",
    "[a](http://example.invalid) [b](http://example.invalid)",
    "$$nothing$$",
    "   ",
    "\N{SNOWMAN}",
    "\x07\u2028",
    "x" * 40_000,
)


def read_rows(path: Path, sheet: str) -> list[list[object]]:
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [[cell for cell in row if cell is not None] for row in rows]


def find_table(path: Path, sheet: str, first: str) -> list[list[object]]:
    rows = read_rows(path, sheet)
    at = next(number for number, row in enumerate(rows) if len(row) > 1 and str(row[0]).startswith(first))
    return rows[at:]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "area.xlsx"
    write_workbook(build_workbook(ReportData(build_tables(), build_context()), None, ["Somebody (OGL v3)"]), path)
    return path


def test_cover_contents_and_notes_come_first_and_every_sheet_holds_one_table(book: Path) -> None:
    found = openpyxl.load_workbook(book)
    assert found.sheetnames[:4] == ["Cover", "Contents", "Notes", "Places"]
    assert {"Scores", "Service", "Time to hospitals", "Lost services"} <= set(found.sheetnames)
    assert all(len(found[name].tables) == 1 for name in found.sheetnames[1:])
    assert all(not found[name].merged_cells.ranges for name in found.sheetnames)
    cover = " ".join(str(row[0]) for row in read_rows(book, "Cover"))
    assert "Source: Somebody (OGL v3)" in cover
    assert "Caveat: Wards are of 2011; populations of 2016." in cover
    assert "is invented" in cover


def test_contents_link_to_every_sheet(book: Path) -> None:
    found = openpyxl.load_workbook(book)
    links = {cell.hyperlink.location for row in found["Contents"] for cell in row if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in found.sheetnames[3:]}


def test_figures_are_those_of_the_published_tables_in_stated_units(book: Path) -> None:
    table = find_table(book, "Time to hospitals", "Ward")
    assert table[0][3] == "Weekday morning, 07:00 to 10:00\n(minutes)\n[note 7]"
    times = build_tables()[d.TRAVEL_TIME]
    chosen = times[
        (times["snapshot"] == "2024")
        & (times["category"] == "hospitals")
        & (times["window"] == "weekday_am")
        & (times["direction"] == "outward")
        & (times["mode_set"] == "all")
    ].set_index("neighbourhood_code")
    for row in table[1:]:
        expected = chosen.loc[str(row[1])]
        if isinstance(row[3], str):
            assert row[3] == f"[{expected['reason'].replace('_', ' ')}]"
        else:
            assert row[3] == round(expected["travel_time_p50_s"] / 60, 1)
    assert any(isinstance(row[3], float) for row in table[1:])


def test_names_like_formulas_are_text_behind_an_apostrophe(book: Path) -> None:
    names = [row[0] for row in find_table(book, "Places", "Ward")]
    assert f"'{FORMULA_NAME}" in names
    with zipfile.ZipFile(book) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        relations = [archive.read(name).decode() for name in archive.namelist() if "sheets/_rels" in name]
    assert not any(re.search(r"<f[ >]", text) for text in sheets)
    assert not any("External" in text for text in relations)


def test_no_hostile_name_stops_the_workbook_or_is_more_than_text(tmp_path: Path) -> None:
    rows = tuple((text, text, float(number)) for number, text in enumerate(HOSTILE))
    sheet = Sheet("A", HOSTILE[11], HOSTILE[12], (SheetColumn("N"), SheetColumn("M"), SheetColumn("V", "km")), rows)
    write_workbook(Workbook("=t", (HOSTILE[12],), (HOSTILE[11],), {}, (sheet,), "@source"), tmp_path / "a.xlsx")
    found = openpyxl.load_workbook(tmp_path / "a.xlsx")["A"]
    cells = [cell for row in found for cell in row if cell.value is not None]
    assert all(cell.data_type in {"s", "n"} and cell.hyperlink is None for cell in cells)
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    formulas = [text for text in texts if str(text).lstrip().startswith(("=", "+", "-", "@"))]
    assert all(NUMBER.fullmatch(text) for text in formulas)  # a plain number is no formula
    assert [cell.value for cell in cells if cell.data_type == "n"] == list(range(len(HOSTILE)))


@given(st.text())
def test_cleaned_text_never_begins_like_a_formula_and_holds_no_mark_of_gptables(text: str) -> None:
    clean = clean_text(text)
    assert not clean.lstrip().startswith(("=", "+", "-", "@"))
    assert "](" not in clean
    assert "$$" not in clean
    assert clean.isprintable()


def test_numbers_stay_numbers_and_nulls_become_a_shorthand() -> None:
    assert [clean_cell(value) for value in (-3, 2.5, True, None, float("nan"), "")] == [-3, 2.5, "yes"] + ["[x]"] * 3
    assert [round_value(v, 1) for v in (2.04, -0.5, None)] == [2, -0.5, None]


def test_sheet_names_are_what_excel_takes() -> None:
    names = name_sheets(["Time to A/E: [x]", "x" * 40, "X" * 40, ""])
    assert names == ["Time to A E   x", "x" * 28, "X" * 26 + " 2", "Table"]


def test_a_sheet_without_rows_is_left_out(book: Path) -> None:
    assert "Time to jobs" not in openpyxl.load_workbook(book).sheetnames


def test_the_same_tables_give_the_same_bytes(book: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    write_workbook(build_workbook(ReportData(build_tables(), build_context()), None, ["Somebody (OGL v3)"]), again)
    assert again.read_bytes() == book.read_bytes()


def test_a_day_that_the_timetables_do_not_cover_has_no_figure(tmp_path: Path) -> None:
    tables = build_tables()
    levels = tables[d.SERVICE_LEVEL]
    levels.loc[levels["day_type"] == "sunday", ["runs_per_day", "coverage_class"]] = [5.0, "missing"]
    report = ReportData(tables, build_context())
    path = tmp_path / "area.xlsx"
    write_workbook(build_workbook(report, None, []), path)
    table = find_table(path, "Service", "Ward")
    at = [str(heading).partition("\n")[0] for heading in table[0]].index("Runs on a Sunday")
    assert {row[at] for row in table[1:]} == {"[missing data]"}
    assert any("[missing data]: the timetables do not cover that day" in str(row) for row in read_rows(path, "Service"))
    headline = build_headline(report)
    assert headline.frame["runs_sunday_per_day"].isna().all()
    assert headline.frame["runs_weekday_per_day"].notna().any()


def test_first_and_last_runs_are_times_of_day(book: Path) -> None:
    table = find_table(book, "Service", "Ward")
    at = [str(heading).partition("\n")[0] for heading in table[0]].index("First run on a weekday")
    assert table[0][at] == "First run on a weekday\n(time of day)"
    values = [str(row[at]) for row in table[1:]]
    assert all(re.match(r"\d\d:\d\d|\[", value) for value in values)
    assert any(re.match(r"\d\d:\d\d", value) for value in values)


def test_times_of_groups_are_in_minutes_and_stand_in_order_of_importance(tmp_path: Path) -> None:
    summary = pd.DataFrame(
        [
            {
                "snapshot": "2024",
                "area_group": group,
                "measure": measure,
                "unit": unit,
                **dict.fromkeys(("n_neighbourhoods", "n_with_value", "population"), 4),
                **dict.fromkeys(("p25", "median", "p75", "mean_weighted"), 1_800.0),
            }
            for group in ("all", "left_behind")
            for measure, unit in (("hospital_am", "s"), ("score", "points"))
        ]
    )
    path = tmp_path / "area.xlsx"
    write_workbook(build_workbook(ReportData(build_tables(), build_context()), summary, []), path)
    rows = find_table(path, "Groups", "Group")[1:]
    assert [row[0] for row in rows] == ["Left behind wards", "Left behind wards", "All wards", "All wards"]
    assert rows[0][1:3] == ["Score (higher is worse)", "points"]
    assert rows[1][2] == "minutes"
    assert rows[1][6:] == [30, 30, 30, 30]


def test_no_column_is_wider_than_a_line_of_reading(tmp_path: Path) -> None:
    columns = (SheetColumn("Place"), SheetColumn("A heading that is much longer than any figure below", "runs a day"))
    sheet = Sheet("S", "T", "", (*columns, SheetColumn("Why", "", "why")), (("Quayside", 1.5, "because of it " * 90),))
    path = tmp_path / "wide.xlsx"
    write_workbook(Workbook("T", ("i",), ("a",), {"why": "A long note. " * 40}, (sheet,), "source"), path)
    found = openpyxl.load_workbook(path)
    widths = {(name, key): dim.width for name in found.sheetnames for key, dim in found[name].column_dimensions.items()}
    assert max(width for (name, _), width in widths.items() if name != "Cover") < 62
    assert widths["S", "B"] < 26
    assert all(cell.alignment.wrap_text for cell in found["S"][found["S"].max_row])


def test_a_column_without_any_value_is_left_out(tmp_path: Path) -> None:
    tables = build_tables()
    tables[d.GEOGRAPHY]["authority_code"] = None
    path = tmp_path / "area.xlsx"
    write_workbook(build_workbook(ReportData(tables, build_context()), None, []), path)
    assert find_table(path, "Places", "Ward")[0] == ["Ward", "Code", "Group", "People"]
