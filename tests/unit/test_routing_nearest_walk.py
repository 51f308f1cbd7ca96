"""Walking all the way to the nearest destination."""

from __future__ import annotations

import numpy as np

from pipeline.routing.profile_scan import build_nearest_walk


def test_of_destinations_as_near_the_lowest_is_named_and_no_way_is_no_walk():
    walk = build_nearest_walk(np.array([[-1, 300, 300], [0, 5, -1], [-1, -1, -1]], np.int32))
    assert walk.seconds.tolist() == [300, 0, -1]
    assert walk.destination.tolist() == [1, 0, -2]


def test_without_destinations_nobody_walks_anywhere():
    walk = build_nearest_walk(np.empty((2, 0), np.int32))
    assert walk.seconds.tolist() == [-1, -1]
    assert walk.destination.tolist() == [-2, -2]
