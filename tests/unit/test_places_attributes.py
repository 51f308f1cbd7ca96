"""Deprivation ranks and rural classes of neighbourhoods, from tables about them or about their small areas."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pipeline.base.area import Deprivation, Rurality
from pipeline.base.errors import InputError
from pipeline.base.notices import Notices
from pipeline.places.attributes import find_deprivation_ranks, find_rurality

SMALL = pd.DataFrame(
    {
        "code": ["a", "b", "c", "d", "e"],
        "neighbourhood_code": ["W1", "W1", "W2", "W3", None],
        "population": [90.0, 10.0, 50.0, None, 70.0],
    }
)
CODES = ["W1", "W2", "W3"]


def rank(tmp_path, text, notices=None, **more):
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    about = {"code": "code", "column": "v", "level": "small_area", "higher_is": "less_deprived"} | more
    source = Deprivation(path="d.csv", **about)
    return find_deprivation_ranks(source, CODES, SMALL, lambda p: tmp_path / p, notices=notices or Notices())


def classify(tmp_path, text, notices=None, small=SMALL, level="small_area"):
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    source = Rurality(path="r.csv", code="code", column="v", level=level)
    return find_rurality(source, CODES, small, lambda p: tmp_path / p, notices=notices or Notices())


def test_small_areas_are_averaged_by_people_then_ranked_with_the_most_deprived_first(tmp_path):
    """W1: (90 x 100 + 10 x 1000) / 100 = 190; W2: 150; W3 has nobody, so no mean."""
    notices = Notices()
    found = rank(tmp_path, "code,v\na,100\nb,1000\nc,150\nd,5\n", notices)
    assert found[:2] == [2.0, 1.0]
    assert math.isnan(found[2])
    assert notices.counts() == {"neighbourhood_without_deprivation": 1}


def test_a_score_of_which_more_is_worse_is_ranked_the_other_way(tmp_path):
    found = rank(tmp_path, "code,v\na,100\nb,1000\nc,150\n", higher_is="more_deprived")
    assert found[:2] == [1.0, 2.0]


def test_equal_tenths_of_neighbourhoods_share_their_mean_rank(tmp_path):
    assert rank(tmp_path, "code,v\nW1,3\nW2,1\nW3,3\n", level="neighbourhood") == [2.5, 1.0, 2.5]


def test_means_that_differ_by_rounding_only_tie(tmp_path):
    """0.9 x 0.1 + 0.1 x 0.1 is not exactly 0.1 in binary numbers."""
    assert rank(tmp_path, "code,v\na,0.1\nb,0.1\nc,0.1\n")[:2] == [1.5, 1.5]


def test_a_word_in_place_of_a_rank_is_refused_with_its_line(tmp_path):
    with pytest.raises(InputError, match="'low' is not a number") as caught:
        rank(tmp_path, "code,v\na,1\nb,low\n")
    assert (caught.value.row, caught.value.field) == (3, "v")


def test_an_area_without_these_tables_knows_neither(tmp_path):
    assert all(math.isnan(r) for r in find_deprivation_ranks(None, CODES, SMALL, lambda p: p, notices=Notices()))
    assert find_rurality(None, CODES, SMALL, lambda p: p, notices=Notices()) == [None, None, None]


def test_the_class_is_that_in_which_most_people_live_not_most_small_areas(tmp_path):
    notices = Notices()
    small = SMALL.assign(neighbourhood_code=["W1", "W1", "W1", "W2", None], population=[90.0, 10.0, 50.0, None, 70.0])
    found = classify(tmp_path, "code,v\na,Urban\nb,Rural\nc,Rural\nd,Rural\n", notices, small)
    assert found == ["Urban", "Rural", None]
    assert notices.counts() == {"neighbourhood_without_rurality": 1}


def test_of_classes_with_equally_many_people_the_one_of_more_small_areas_counts(tmp_path):
    small = SMALL.assign(neighbourhood_code=["W1"] * 5, population=[60.0, 30.0, 30.0, 10.0, 10.0])
    assert classify(tmp_path, "code,v\na,A\nb,B\nc,B\nd,A\ne,B\n", small=small)[0] == "B"


def test_of_classes_alike_in_people_and_small_areas_the_first_by_name_counts(tmp_path):
    small = SMALL.assign(neighbourhood_code=["W1"] * 5, population=[30.0, 30.0, None, None, None])
    assert classify(tmp_path, "code,v\na,Z\nb,B\n", small=small)[0] == "B"


def test_classes_of_neighbourhoods_are_taken_as_they_are(tmp_path):
    assert classify(tmp_path, "code,v\nW1,Urban\nW3,Rural\n", level="neighbourhood") == ["Urban", None, "Rural"]
