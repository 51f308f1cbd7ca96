"""Every ward of a series is put into national fifths whose limits are stated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.report.series_data import PLACE_CHANGE, SeriesReport
from pipeline.report.series_national import National, build_classes, compute_fifths
from tests.support.series_report import MEASURES, build_series_info, build_series_tables, build_series_words


@pytest.fixture
def national() -> National:
    return National(SeriesReport(build_series_tables(), build_series_words(), build_series_info()))


def test_four_limits_divide_ten_wards_into_pairs() -> None:
    middle = np.array([-50.0, -45.04, -40, -35, -30, -25, -20, -15, -10, 5])
    limits = compute_fifths(middle, np.full(10, fill_value=True))
    assert limits == (-45.0, -35.0, -25.0, -15.0)
    assert build_classes(middle, limits) == "0012" + "23" + "3444"


def test_doubtful_and_missing_wards_set_no_limit_but_doubtful_ones_fall_into_a_class() -> None:
    middle = np.array([-90.0, -4, -3, -2, -1, 0, np.nan])
    is_sound = np.array([False, True, True, True, True, True, True])
    limits = compute_fifths(middle, is_sound)
    assert limits == (-4.0, -3.0, -2.0, -1.0)
    assert build_classes(middle, limits) == "012344-"


def test_too_few_wards_have_no_fifths() -> None:
    middle = np.array([-4.0, -3, -2, np.nan])
    assert compute_fifths(middle, np.full(4, fill_value=True)) == ()
    assert build_classes(middle, ()) == "----"


def test_every_ward_is_counted_once_in_its_group(national: National) -> None:
    frame = national.report.tables[PLACE_CHANGE]
    for measure in MEASURES:
        mine = frame[(frame["day_type"] == measure.day_type) & (frame["band"] == measure.band)]
        limits = national.get_limits(measure)
        for group in ("left_behind", "other_deprived", "other", "all"):
            members = mine if group == "all" else mine[mine["area_group"] == group]
            middles = ((members["change_low_pct"] + members["change_high_pct"]) / 2).tolist()
            slow = [0] * 6
            for value in middles:
                slow[5 if pd.isna(value) else sum(value >= limit for limit in limits)] += 1
            assert national.count(measure, "fifth", group, only_sound=False) == slow
            sound = national.count(measure, "fifth", group, only_sound=True)
            assert sum(sound) == int((members["coverage_class"] == "comparable").sum())


def test_the_map_has_a_class_for_every_ward_and_the_table_tells_the_counts(national: National) -> None:
    report = national.report
    others = sorted(set(report.tables[PLACE_CHANGE]["neighbourhood_code"]) - set(report.ranked))
    payload = national.build_payload(others)
    assert isinstance(payload["measures"], dict)
    for measure in MEASURES:
        part = payload["measures"][measure.key]
        drawn = part["ranked"]["fifth"] + part["others"]["fifth"]
        assert len(drawn) == len(report.ranked) + len(others)
        assert [drawn.count(key) for key in "01234-"] == part["counts"]["all"]["all"]["fifth"]
    table = national.build_table(report.head)
    assert table is not None
    shown = [int(cell.text.split(" ")[0]) for cell in table.rows[-1][1:]]
    assert shown == national.count(report.head, "fifth", "all", only_sound=False)
    assert [column.label for column in table.columns][1].startswith("Fifth that lost most: below ")
