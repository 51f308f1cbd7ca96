"""Which ways of OpenStreetMap a car may drive along, in which direction, and what class of road each is.

The rules are explained in `docs/driving-profile.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pipeline.streets.profile import ALLOWED, DENIED

RoadClass = Literal["motorway", "a_road", "b_road", "minor", "local", "private"]
ROAD_CLASSES: tuple[str, ...] = get_args(RoadClass)
"""Position in this tuple is the number of a class."""

BOTH, FORWARD, BACKWARD = 0, 1, -1
"""Direction of a way: as it is drawn, against that, or both."""

_HIGHWAY_CLASS: dict[str, RoadClass] = {
    "motorway": "motorway",
    "trunk": "a_road",
    "primary": "a_road",
    "secondary": "b_road",
    "tertiary": "minor",
    "unclassified": "local",
    "residential": "local",
    "living_street": "local",
    "road": "local",
    "service": "private",
    "track": "private",
}
_CLASS_BY_REF: dict[str, RoadClass] = {"A": "a_road", "B": "b_road"}
_NUMBERED = frozenset({"trunk", "primary", "secondary"})
_LINK = "_link"
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
_ONEWAY_KEYS = ("oneway:motorcar", "oneway:motor_vehicle", "oneway")
_DENIED = DENIED | {"use_sidepath"}
_CLOSED_SERVICES = frozenset({"emergency_access"})
_LIFECYCLE_KEYS = ("abandoned", "disused", "demolished", "razed")
_FORWARD = frozenset({"yes", "true", "1"})
_BACKWARD = frozenset({"-1", "reverse"})
_ROUNDABOUTS = frozenset({"roundabout", "circular"})
_OPEN_BARRIERS = frozenset(
    {
        "no",
        "border_control",
        "cattle_grid",
        "coupure",
        "entrance",
        "gate",
        "hampshire_gate",
        "height_restrictor",
        "kerb",
        "lift_gate",
        "sally_port",
        "sliding_gate",
        "swing_gate",
        "toll_booth",
        "width_restrictor",
    }
)


@dataclass(frozen=True)
class DriveRule:
    """How a way may be driven: class of road, and direction (`BOTH`, `FORWARD` or `BACKWARD` as it is drawn)."""

    road_class: RoadClass
    direction: int


def _get_permission(tags: Mapping[str, str]) -> bool | None:
    """Read who may drive: the key that is most particular to cars decides; None where nothing is said."""
    for key in _ACCESS_KEYS:
        value = tags.get(key)
        if value is None:
            continue
        values = {part.strip() for part in value.split(";")}
        if values & ALLOWED:
            return True
        if values & _DENIED:
            return False
    return None


def find_rule(tags: Mapping[str, str]) -> DriveRule | None:
    """Find how a way may be driven.

    Parameters
    ----------
    tags
        The way's tags.

    Returns
    -------
    DriveRule or None
        None where no car may drive.
    """
    highway = tags.get("highway", "")
    kind = highway.removesuffix(_LINK)
    road_class = _HIGHWAY_CLASS.get(kind)
    if road_class is None or any(tags.get(key) == "yes" for key in _LIFECYCLE_KEYS):
        return None
    permission = _get_permission(tags)
    if permission is False or (permission is None and tags.get("service") in _CLOSED_SERVICES):
        return None
    if kind in _NUMBERED:
        road_class = _CLASS_BY_REF.get(tags.get("ref", "").strip()[:1].upper(), road_class)
    return DriveRule(road_class, _find_direction(tags, highway))


def _find_direction(tags: Mapping[str, str], highway: str) -> int:
    value = next((tags[key] for key in _ONEWAY_KEYS if key in tags), None)
    if value in _FORWARD:
        return FORWARD
    if value in _BACKWARD:
        return BACKWARD
    is_implied = highway == "motorway" or tags.get("junction") in _ROUNDABOUTS
    return FORWARD if value is None and is_implied else BOTH


def blocks_driving(node_tags: Mapping[str, str]) -> bool:
    """Say whether the barrier at a node stops cars.

    Parameters
    ----------
    node_tags
        The node's tags.

    Returns
    -------
    bool
        False for a node without ``barrier``. What is said about cars decides; then ``locked=yes``; then the kind:
        gates, toll booths and the like let cars pass, all others (bollards, blocks, stiles, ...) stop them.
    """
    barrier = node_tags.get("barrier")
    if barrier is None or barrier == "no":
        return False
    permission = _get_permission(node_tags)
    if permission is not None:
        return not permission
    return node_tags.get("locked") == "yes" or barrier not in _OPEN_BARRIERS
