from __future__ import annotations

import pytest

from pipeline.streets.profile import DEFAULT, WalkingProfile, blocks_walking, is_walkable


@pytest.mark.parametrize(
    "highway",
    [
        "trunk",
        "primary_link",
        "secondary",
        "tertiary",
        "unclassified",
        "residential",
        "living_street",
        "service",
        "road",
        "pedestrian",
        "footway",
        "path",
        "steps",
        "track",
        "bridleway",
        "cycleway",
        "corridor",
        "elevator",
        "crossing",
        "platform",
    ],
)
def test_walkable_highways(highway: str) -> None:
    assert is_walkable({"highway": highway})
    assert is_walkable({"highway": highway, "oneway": "yes"})
    assert not is_walkable({"highway": highway, "foot": "no"})
    assert not is_walkable({"highway": highway, "foot": "private"})
    assert not is_walkable({"highway": highway, "access": "private"})
    assert is_walkable({"highway": highway, "access": "private", "foot": "permissive"})
    assert not is_walkable({"highway": highway, "access": "yes", "foot": "no"})


@pytest.mark.parametrize("highway", ["motorway", "motorway_link", "raceway", "bus_guideway", "busway", "escape", "via"])
def test_ways_that_need_permission(highway: str) -> None:
    assert not is_walkable({"highway": highway})
    assert not is_walkable({"highway": highway, "access": "yes"})
    assert is_walkable({"highway": highway, "foot": "designated"})


@pytest.mark.parametrize("highway", ["construction", "proposed", "planned", "abandoned", "razed", "no", "rest_area"])
def test_ways_that_do_not_exist(highway: str) -> None:
    assert not is_walkable({"highway": highway, "foot": "yes"})


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, False),
        ({"building": "yes", "foot": "yes"}, False),
        ({"public_transport": "platform"}, True),
        ({"railway": "platform", "area": "yes"}, True),
        ({"railway": "platform", "access": "no"}, False),
        ({"railway": "rail"}, False),
        ({"highway": "pedestrian", "area": "yes"}, True),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        ({"highway": "trunk", "motorroad": "yes", "foot": "yes"}, True),
        ({"highway": "service", "service": "private"}, False),
        ({"highway": "service", "service": "driveway"}, True),
        ({"highway": "service", "access": "customers"}, True),
        ({"highway": "service", "access": "destination"}, True),
        ({"highway": "service", "access": "delivery"}, False),
        ({"highway": "track", "access": "agricultural;forestry"}, False),
        ({"highway": "track", "access": "private;permissive"}, True),
        ({"highway": "primary", "foot": "use_sidepath"}, True),
        ({"highway": "primary", "sidewalk": "separate"}, True),
        ({"highway": "path", "abandoned": "yes", "foot": "yes"}, False),
        ({"highway": "path", "access": "unheard-of"}, True),
        ({"highway": "path", "vehicle": "no"}, True),
        ({"highway": "corridor", "indoor": "yes"}, True),
    ],
)
def test_special_ways(tags: dict[str, str], expected: bool) -> None:
    assert is_walkable(tags) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, False),
        ({"highway": "crossing", "foot": "no"}, False),
        ({"barrier": "no", "access": "no"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, False),
        ({"barrier": "gate", "locked": "yes"}, True),
        ({"barrier": "gate", "locked": "yes", "foot": "designated"}, False),
        ({"barrier": "stile"}, False),
        ({"barrier": "kissing_gate", "foot": "no"}, True),
        ({"barrier": "bollard", "access": "no"}, False),
        ({"barrier": "bollard", "foot": "no"}, True),
        ({"barrier": "cycle_barrier"}, False),
        ({"barrier": "lift_gate", "motor_vehicle": "private"}, False),
        ({"barrier": "wall"}, True),
        ({"barrier": "fence", "foot": "yes"}, False),
    ],
)
def test_barriers(tags: dict[str, str], expected: bool) -> None:
    assert blocks_walking(tags) is expected


def test_a_profile_can_be_changed() -> None:
    without_cycleways = WalkingProfile(walkable_highways=DEFAULT.walkable_highways - {"cycleway"})
    assert is_walkable({"highway": "cycleway"})
    assert not is_walkable({"highway": "cycleway"}, without_cycleways)
    assert is_walkable({"highway": "cycleway", "foot": "yes"}, without_cycleways)
    assert set(DEFAULT.way_keys) < set(DEFAULT.tag_keys)
