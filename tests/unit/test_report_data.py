"""Names from feeds are hostile; tables may be incomplete; medians count missing values as infinite."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pipeline.base.cells import neutralise_cell
from pipeline.base.errors import InputError
from pipeline.report import data as d
from pipeline.report.data import (
    ReportData,
    build_csv,
    build_page_name,
    build_script,
    compute_median,
)
from pipeline.report.maps import build_values_payload, compute_breaks
from tests.support.report_tables import HOSTILE_NAME, build_context, build_tables


def test_script_data_cannot_leave_its_string() -> None:
    script = build_script("X", {"name": HOSTILE_NAME, "other": "<!-- \u2029 &amp;"})
    assert not set("<>&\u2028\u2029") & set(script)
    value = json.loads(script.removeprefix('window["X"]=').removesuffix(";\n"))
    assert value["name"] == HOSTILE_NAME


def test_script_data_refuses_nan() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        build_script("X", float("nan"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "  =", "\n="])
def test_formulas_are_neutralised(start: str) -> None:
    assert neutralise_cell(f"{start}A1") == f"'{start}A1"
    assert neutralise_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("value", ["Quayside", "", "7-9 High Street", "-5.0", "+1e3", -5.0, None])
def test_other_cells_stay(value: object) -> None:
    assert neutralise_cell(value) is value


def test_csv_keeps_numbers_and_leaves_geometry_out() -> None:
    frame = pd.DataFrame({"name": ["=A1", "b"], "change_pct": [-5.0, None], "geometry_wkb": [b"\x01", b"\x02"]})
    text = build_csv(frame).decode("utf-8-sig")
    assert text == "name,change_pct\r\n'=A1,-5.0\r\nb,\r\n"


def test_page_names_are_safe_and_unique() -> None:
    taken: set[str] = set()
    codes = ["E05000001", "e05000001", "../../etc/passwd", "a/b", "a_b", "", "é"]
    for code in codes:
        name = build_page_name(code, taken)
        assert name.lower() not in taken
        assert name.replace("-", "").replace("_", "").isascii()
        assert "/" not in name
        assert "." not in name
        taken.add(name.lower())
    assert "e05000001" in taken


def test_median_counts_none_as_infinite() -> None:
    assert compute_median([]) is None
    assert compute_median([1.0, None, 3.0]) == 3.0
    assert compute_median([1.0, None]) is None
    assert compute_median([1.0, 2.0, 4.0, None]) == 3.0
    assert compute_median([None, None, 1.0]) is None


def test_breaks_are_fifths_and_leave_no_gap() -> None:
    assert compute_breaks([], 1) == []
    assert compute_breaks([7.0], 1) == [7.0]
    assert compute_breaks([float(value) for value in range(1, 101)], 1) == [21.0, 41.0, 60.0, 80.0, 100.0]
    assert compute_breaks([5.0] * 50 + [9.0], 1) == [5.0, 9.0]


def test_payload_is_plain_json_without_nan() -> None:
    report = ReportData(build_tables(), build_context())
    payload = build_values_payload(report)
    text = json.dumps(payload, allow_nan=False)
    assert "time:hospitals|2024|weekday_am|outward|all" in text
    series = payload["series"]
    assert isinstance(series, dict)
    sunday = series["time:hospitals|2024|sunday|outward|all"]
    assert sunday["v"][9] is None
    assert payload["reasons"][sunday["c"][9]] == "no journey at all"  # type: ignore[index]


def test_missing_data_has_no_value_on_the_map() -> None:
    report = ReportData(build_tables(), build_context())
    series = build_values_payload(report)["series"]
    assert isinstance(series, dict)
    assert series["runs:weekday_all_day|2019"]["v"][0] is None
    assert series["runs:weekday_all_day|2010"]["v"][0] > 0


def test_a_missing_column_is_named() -> None:
    tables = build_tables()
    tables[d.SCORE] = tables[d.SCORE].drop(columns="rank")
    with pytest.raises(InputError, match="rank"):
        ReportData(tables, build_context())


def test_no_neighbourhood_is_an_error() -> None:
    with pytest.raises(InputError, match="no neighbourhood"):
        ReportData({}, build_context())


def test_one_group_only_shows_all() -> None:
    tables = build_tables()
    tables[d.GEOGRAPHY] = tables[d.GEOGRAPHY].assign(area_group="other")
    report = ReportData(tables, build_context())
    assert [group.key for group in report.groups] == ["all"]
