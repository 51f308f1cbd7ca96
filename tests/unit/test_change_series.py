"""A published series: what is missing stays missing, changes are ranges, doubtful places say why."""

import numpy as np
import pandas as pd
import pytest

from pipeline.base.area import SeriesDoubt
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.change.series import (
    build_membership,
    build_place_series,
    classify_coverage,
    compute_means,
    list_series,
    mark_doubts,
)
from pipeline.change.series_change import (
    compute_combinations,
    find_breaks,
    find_interruptions,
    find_largest_losses,
    rank_losses,
)
from tests.support.series_worlds import BASELINES, COLUMN, ENDS, build_series, describe_change

STEADY = dict.fromkeys(range(2009, 2015), 100.0)


def test_a_year_without_a_row_is_missing_and_not_zero():
    series = build_series({"A": {2009: 10.0, 2012: 4.0}})
    assert series.years == (2009, 2010, 2011, 2012)
    listed = list_series(series)
    assert listed["runs_per_day"].isna().tolist() == [False, True, True, False]
    assert listed["coverage_class"].tolist() == ["comparable", "missing", "missing", "comparable"]


def test_negative_runs_are_left_out_with_a_notice():
    notices = Notices()
    series = build_series({"A": {2009: -0.5, 2010: 3.0}}, notices=notices)
    assert np.isnan(series.runs[0, 0, 0])
    assert notices.counts() == {"series_negative_runs": 1}


def test_two_rows_for_one_year_are_refused_with_their_line():
    frame = pd.DataFrame({"code": ["A", "A"], "year": [2009, 2009], "runs": [1.0, 2.0], "row": [2, 3]})
    with pytest.raises(InputError, match="two rows for 2009") as caught:
        build_place_series(frame, ["A"], [COLUMN], file="series.csv", notices=Notices())
    assert caught.value.row == 3


def test_a_place_is_the_mean_over_its_small_areas_by_people_and_never_their_sum():
    series = build_series({"A": STEADY, "B": dict.fromkeys(range(2009, 2015), 40.0)})
    means = compute_means(series, build_membership([0, 0], 1), np.array([3.0, 1.0]), ["P"])
    assert means.runs[0, :, 0] == pytest.approx([85.0] * 6)


def test_a_place_has_no_figure_where_more_than_half_of_its_people_have_none():
    series = build_series({"A": {2009: 10.0, 2010: 10.0}, "B": {2009: 20.0}, "C": {2009: 30.0, 2010: 30.0}})
    membership = build_membership([0, 0, 0], 1)
    half = compute_means(series, membership, np.array([1.0, 2.0, 1.0]), ["P"])
    assert half.runs[0, 1, 0] == pytest.approx(20.0)
    assert half.without[0, 1, 0] == pytest.approx(0.5)
    most = compute_means(series, membership, np.array([1.0, 3.0, 1.0]), ["P"])
    assert np.isnan(most.runs[0, 1, 0])


def test_declared_missing_years_are_left_out_and_doubtful_ones_marked_in_their_region_only():
    series = build_series({"A": STEADY, "B": STEADY})
    doubts = [
        SeriesDoubt(years=[2010], reason="x", region="town", is_missing=True),
        SeriesDoubt(years=[2011], reason="y", day_types=["weekday"]),
        SeriesDoubt(years=[2012], reason="z", day_types=["sunday"]),
    ]
    marked = mark_doubts(series, doubts, ["town", "country"])
    assert np.isnan(marked.runs[:, 1, 0]).tolist() == [True, False]
    assert marked.is_doubtful[:, :, 0].any(axis=0).tolist() == [False, False, True, False, False, False]
    assert classify_coverage(marked)[1, :, 0].tolist() == ["comparable"] * 2 + ["partial"] + ["comparable"] * 3


def test_a_change_is_the_least_and_the_greatest_over_baselines():
    row = describe_change(build_series({"A": {2009: 90.0, 2010: 100.0, 2011: 140.0, 2014: 70.0}})).iloc[0]
    assert (row["before_low_runs_per_day"], row["before_high_runs_per_day"]) == (100.0, 140.0)
    assert (row["change_low_pct"], row["change_high_pct"]) == (-50.0, -30.0)
    assert row["change_direction"] == "fell"
    assert row["n_combinations"] == 3


def test_a_change_whose_sign_depends_on_the_baseline_is_mixed():
    row = describe_change(build_series({"A": {2009: 90.0, 2010: 100.0, 2011: 140.0, 2014: 120.0}})).iloc[0]
    assert row["change_direction"] == "mixed"


def test_a_change_compares_the_same_small_areas_at_both_ends():
    """B, with many runs, leaves the series: without B nothing has changed."""
    series = build_series({"A": STEADY, "B": dict.fromkeys((2009, 2010, 2011), 900.0)})
    row = describe_change(series, people=[2.0, 1.0], member_of=[0, 0]).iloc[0]
    assert (row["change_low_pct"], row["change_high_pct"]) == (0.0, 0.0)
    assert row["people_without_pct"] == pytest.approx(100 / 3, abs=1e-4)
    assert row["coverage_class"] == "partial"
    assert "33% of people" in row["coverage_reason"]


def test_a_baseline_before_the_series_is_refused_with_its_year():
    with pytest.raises(InputError, match="no figure of 2009"):
        describe_change(build_series({"A": {2010: 1.0, 2011: 1.0, 2014: 1.0}}))


def test_a_place_without_an_end_has_no_change():
    row = describe_change(build_series({"A": {2009: 9.0, 2010: 9.0, 2011: 9.0}, "B": STEADY})).iloc[0]
    assert np.isnan(row["change_low_pct"])
    assert (row["coverage_class"], row["change_direction"]) == ("missing", "unknown")


def test_a_fall_that_is_made_good_is_an_interruption_also_over_two_years():
    series = build_series({"A": {2006: 100.0, 2007: 20.0, 2008: 22.0, 2009: 95.0, 2010: 90.0}})
    assert find_interruptions(series, ["all"])[0, :, 0].tolist() == [False, True, True, False, False]


def test_a_fall_that_stays_is_no_interruption():
    series = build_series({"A": {2006: 100.0, 2007: 100.0, 2008: 30.0, 2009: 28.0, 2010: 20.0}})
    assert not find_interruptions(series, ["all"]).any()


def test_a_gap_that_others_do_not_have_is_an_interruption_and_one_that_all_have_is_not():
    years = (2009, 2010, 2012)
    series = build_series({"A": {2009: 5.0, 2012: 5.0}, **{c: dict.fromkeys(years, 5.0) for c in "BCD"}})
    found = find_interruptions(series, ["all"] * 4)
    assert found[0, :, 0].tolist() == [False, True, False, False]
    assert not found[1:].any()


def test_an_interruption_matters_only_in_a_year_that_enters_a_mean():
    before = describe_change(build_series({"A": {**STEADY, 2006: 100.0, 2007: 10.0, 2008: 100.0}})).iloc[0]
    assert before["is_interrupted"]
    assert before["coverage_class"] == "comparable"
    inside = describe_change(build_series({"A": {**STEADY, 2008: 100.0, 2010: 10.0}})).iloc[0]
    assert inside["coverage_class"] == "partial"
    assert inside["coverage_reason"] == "figures are absent or dip in 2010"


def test_the_largest_loss_passes_over_doubtful_missing_and_interrupted_years():
    rows = {2008: 100.0, 2009: 90.0, 2010: 5.0, 2011: 88.0, 2013: 60.0, 2014: 59.0}
    series = mark_doubts(build_series({"A": rows}), [SeriesDoubt(years=[2010], reason="x")], ["all"])
    start, end, loss = find_largest_losses(series, np.zeros_like(series.is_doubtful))
    assert (start[0, 0], end[0, 0], loss[0, 0]) == (2011, 2013, -28.0)


def test_a_place_that_never_lost_has_no_largest_loss():
    row = describe_change(build_series({"A": STEADY})).iloc[0]
    assert pd.isna(row["largest_loss_from_year"])
    assert np.isnan(row["largest_loss_change_runs_per_day"])


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([100, 100, 100, 30, 28, 31], (2011, 2012)),
        ([30, 30, 30, 100, 110, 100], (2011, 2012)),
        ([100, 100, 100, 30, 90, 90], None),
        ([100, 20, 100, 100, 100, 100], None),
        ([100, 90, 80, 60, 45, 40], None),
        ([100, 100, 260, 100, 100, 100], None),
    ],
    ids=["falls and stays", "rises and stays", "is made good", "is back before", "falls slowly", "comes down a peak"],
)
def test_a_break_is_a_step_by_more_than_half_that_stays(runs, expected):
    series = build_series({"A": {2009 + i: float(v) for i, v in enumerate(runs)}})
    found = find_breaks(series, after_year=2009, max_step_pct=50)
    assert found.get((0, 0)) == expected


def test_a_break_makes_every_place_of_the_authority_doubtful_and_says_so():
    row = describe_change(build_series({"A": STEADY}), breaks=[["runs in the whole of X fall"]]).iloc[0]
    assert row["has_break"]
    assert (row["coverage_class"], row["coverage_reason"]) == ("partial", "runs in the whole of X fall")


def test_ranks_are_ranges_within_the_group_and_ties_share_the_mean_rank():
    rows = {"A": {2009: 50.0, 2010: 100.0, 2011: 50.0, 2014: 20.0}}
    rows |= {"B": {2009: 90.0, 2010: 90.0, 2011: 90.0, 2014: 20.0}, "C": {**STEADY, 2014: 50.0}}
    rows |= {"D": {**STEADY, 2014: 50.0}}
    series = build_series(rows)
    both = compute_combinations(series, build_membership([0, 1, 2, 3], 4), np.ones(4), baselines=BASELINES, ends=ENDS)
    ranks = rank_losses(both, ["x", "x", "y", "y"])
    assert ranks["loss_rank_low"].tolist() == [1.0, 1.0, 1.5, 1.5]
    assert ranks["loss_rank_high"].tolist() == [2.0, 2.0, 1.5, 1.5]
    assert ranks["n_ranked"].tolist() == [2, 2, 2, 2]
    assert ranks["ten_most_pct"].tolist() == [100.0] * 4
