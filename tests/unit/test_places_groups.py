"""Rules that put neighbourhoods into comparison groups by a value of their small areas."""

import pandas as pd
import pytest

from pipeline.base.area import GroupRule
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.groups import find_groups

SMALL = pd.DataFrame(
    {
        "code": ["a", "b", "c", "d", "e"],
        "neighbourhood_code": ["W1", "W1", "W2", "W3", "W4"],
        "population": [9.0, 1.0, 5.0, 5.0, 5.0],
    }
)
CODES = ["W1", "W2", "W3", "W4"]


def find(tmp_path, text, *rules, notices=None):
    (tmp_path / "rank.csv").write_text(text, encoding="utf-8")
    (tmp_path / "list.csv").write_text("ward\nW2\n", encoding="utf-8")
    return find_groups(rules, CODES, SMALL, lambda path: tmp_path / path, notices=notices or Notices())


RANKS = "lsoa,rank\na,1\nb,1000\nc,50\nd,60\ne,400\n"
LISTED = GroupRule(group="left_behind", path="list.csv", code="ward")


def rule(**more):
    return GroupRule(group="other_deprived", path="rank.csv", code="lsoa", column="rank", level="small_area", **more)


def test_the_lowest_share_is_by_the_mean_over_small_areas_weighted_by_people(tmp_path):
    """Means: W1 (9 x 1 + 1000) / 10 = 100.9, W2 50, W3 60, W4 400."""
    assert find(tmp_path, RANKS, rule(lowest_pct=50)) == ["other", "other_deprived", "other_deprived", "other"]
    assert find(tmp_path, RANKS, rule(lowest_pct=49)) == ["other", "other_deprived", "other", "other"]


def test_the_first_rule_that_fits_wins_and_the_share_is_of_all(tmp_path):
    assert find(tmp_path, RANKS, LISTED, rule(lowest_pct=50)) == ["other", "left_behind", "other_deprived", "other"]


def test_a_neighbourhood_without_a_value_is_not_ranked_and_noted(tmp_path):
    notices = Notices()
    found = find(tmp_path, RANKS.replace("c,50\n", ""), rule(at_most=101), notices=notices)
    assert found == ["other_deprived", "other", "other_deprived", "other"]
    assert notices.counts() == {"group_rule_without_value": 1}


def test_a_word_in_a_column_of_numbers_is_refused_with_its_line(tmp_path):
    with pytest.raises(InputError, match="'first' is not a number") as caught:
        find(tmp_path, RANKS.replace("c,50", "c,first"), rule(lowest_pct=10))
    assert (caught.value.row, caught.value.field) == (4, "rank")
