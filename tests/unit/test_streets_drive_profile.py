"""Where cars may drive, in which direction, and what class of road it is."""

from __future__ import annotations

import pytest

from pipeline.streets.drive_profile import BACKWARD, BOTH, FORWARD, DriveRule, blocks_driving, find_rule


@pytest.mark.parametrize(
    ("tags", "road_class"),
    [
        ({"highway": "motorway", "oneway": "no"}, "motorway"),
        ({"highway": "motorway_link"}, "motorway"),
        ({"highway": "trunk"}, "a_road"),
        ({"highway": "primary_link"}, "a_road"),
        ({"highway": "primary", "ref": "B4591"}, "b_road"),
        ({"highway": "secondary"}, "b_road"),
        ({"highway": "secondary", "ref": "a48"}, "a_road"),
        ({"highway": "tertiary", "ref": "B1"}, "minor"),
        ({"highway": "tertiary_link"}, "minor"),
        ({"highway": "unclassified"}, "local"),
        ({"highway": "residential"}, "local"),
        ({"highway": "living_street"}, "local"),
        ({"highway": "service", "service": "driveway"}, "private"),
        ({"highway": "track"}, "private"),
    ],
)
def test_classes_of_road(tags, road_class):
    assert find_rule(tags) == DriveRule(road_class, BOTH)


@pytest.mark.parametrize(
    "highway", ["footway", "cycleway", "path", "pedestrian", "steps", "bus_guideway", "busway", ""]
)
def test_no_car_drives_there(highway):
    assert find_rule({"highway": highway, "motor_vehicle": "yes"}) is None


@pytest.mark.parametrize(
    ("tags", "is_open"),
    [
        ({}, True),
        ({"access": "no"}, False),
        ({"access": "private"}, False),
        ({"access": "no", "motor_vehicle": "yes"}, True),
        ({"access": "yes", "motor_vehicle": "no"}, False),
        ({"motor_vehicle": "no", "motorcar": "yes"}, True),
        ({"vehicle": "private"}, False),
        ({"vehicle": "no", "motor_vehicle": "destination"}, True),
        ({"access": "permissive"}, True),
        ({"access": "unknown"}, True),
        ({"motor_vehicle": "agricultural;forestry"}, False),
        ({"motor_vehicle": "agricultural;destination"}, True),
        ({"access": "no", "psv": "yes"}, False),
        ({"service": "emergency_access"}, False),
        ({"service": "emergency_access", "motor_vehicle": "yes"}, True),
        ({"disused": "yes"}, False),
    ],
)
def test_who_may_drive(tags, is_open):
    assert (find_rule({"highway": "service", **tags}) is not None) == is_open


@pytest.mark.parametrize(
    ("tags", "direction"),
    [
        ({}, BOTH),
        ({"oneway": "yes"}, FORWARD),
        ({"oneway": "1"}, FORWARD),
        ({"oneway": "-1"}, BACKWARD),
        ({"oneway": "no"}, BOTH),
        ({"oneway": "reversible"}, BOTH),
        ({"junction": "roundabout"}, FORWARD),
        ({"junction": "circular"}, FORWARD),
        ({"junction": "roundabout", "oneway": "no"}, BOTH),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, BOTH),
        ({"highway": "motorway"}, FORWARD),
        ({"highway": "motorway", "oneway": "no"}, BOTH),
        ({"highway": "motorway_link"}, BOTH),
    ],
)
def test_directions(tags, direction):
    rule = find_rule({"highway": "primary", **tags})
    assert rule is not None
    assert rule.direction == direction


@pytest.mark.parametrize(
    ("tags", "is_blocked"),
    [
        ({}, False),
        ({"access": "no"}, False),
        ({"barrier": "no"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "locked": "yes"}, True),
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "gate", "access": "private", "motor_vehicle": "yes"}, False),
        ({"barrier": "lift_gate"}, False),
        ({"barrier": "toll_booth"}, False),
        ({"barrier": "bollard"}, True),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"barrier": "block"}, True),
        ({"barrier": "cycle_barrier"}, True),
        ({"barrier": "something_new"}, True),
    ],
)
def test_barriers(tags, is_blocked):
    assert blocks_driving(tags) == is_blocked
