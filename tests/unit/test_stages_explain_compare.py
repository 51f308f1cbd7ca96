"""Which ride of one journey stands beside which of the other, and what is said about it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.routing.explain import Leg
from pipeline.stages.explain_compare import Part, Ride, align_rides
from pipeline.stages.explain_comparison import describe_part

LEG = Leg("ride", 0, 600, 0, 1, 0)


def _ride(key: str, ends: str = "ab") -> Ride:
    return Ride(LEG, None, None, key, f"bus {key}", "O", ends[0], ends[1])


def _align(before: str, after: str) -> list[tuple[int | None, int | None]]:
    return align_rides([_ride(key) for key in before], [_ride(key) for key in after])


def test_rides_of_the_same_number_stand_side_by_side():
    assert _align("12", "12") == [(0, 0), (1, 1)]
    assert _align("12", "2") == [(0, None), (1, 0)]
    assert _align("2", "12") == [(None, 0), (0, 1)]
    assert _align("132", "142") == [(0, 0), (1, 1), (2, 2)]  # 3 was replaced by 4
    assert _align("1", "45") == [(0, 0), (None, 1)]
    assert _align("", "") == []


def test_of_two_rides_of_one_number_the_same_stops_decide():
    before = [_ride("1", "cd")]
    after = [_ride("1", "ab"), _ride("1", "cd")]
    assert align_rides(before, after) == [(None, 0), (0, 1)]


rides = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from(["ab", "ac", "bc"])), max_size=4)


def _count_most(before: list[Ride], after: list[Ride]) -> int:
    """The most rides of the same number in order, by trying every choice of both."""
    best = 0
    for one, other in product(product((0, 1), repeat=len(before)), product((0, 1), repeat=len(after))):
        keys = [ride.key for ride, is_kept in zip(before, one, strict=True) if is_kept]
        if keys == [ride.key for ride, is_kept in zip(after, other, strict=True) if is_kept]:
            best = max(best, len(keys))
    return best


@given(rides, rides)
def test_most_rides_are_paired_and_every_ride_stands_once_in_order(first, second):
    before, after = [_ride(*ride) for ride in first], [_ride(*ride) for ride in second]
    pairs = align_rides(before, after)
    assert [one for one, _ in pairs if one is not None] == list(range(len(before)))
    assert [other for _, other in pairs if other is not None] == list(range(len(after)))
    matched = [p for p in pairs if None not in p and before[p[0]].key == after[p[1]].key]
    assert len(matched) == _count_most(before, after)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (
            Part("ride", LEG, Leg("ride", 0, 780, 0, 1, 0), "bus 1", "bus 1-77", "slower", is_same_route=True),
            "bus 1 (now bus 1-77): 3 min 00 s slower (10 min 00 s, then 13 min 00 s)",
        ),
        (
            Part("ride", LEG, Leg("ride", 0, 300, 0, 1, 0), "bus 1", "bus 2", "withdrawn", "bus 1 has no trip"),
            "bus 1 replaced by bus 2: 5 min 00 s shorter (10 min 00 s, then 5 min 00 s); bus 1 has no trip",
        ),
        (
            Part("wait", None, Leg("wait", 0, 120, 0, 0), "bus 1", "bus 1", "longer", is_same_route=True),
            "wait for bus 1: 2 min 00 s longer (0 min 00 s, then 2 min 00 s)",
        ),
        (Part("change", None, Leg("change", 0, 120, 0, 0), "", "bus 2", "added"), "change to bus 2: new (2 min 00 s)"),
        (
            Part("walk to the destination", LEG, None, "", "", "dropped"),
            "walk to the destination: no longer (10 min 00 s)",
        ),
    ],
)
def test_a_part_in_words(part, text):
    assert describe_part(part) == text
